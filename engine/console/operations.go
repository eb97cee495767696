package console

import (
	"net/http"
	"slices"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/console/scoped"
)

// runsPage is what ran by the clock, and will.
type runsPage struct {
	Plans []planRow
	Runs  []planRow // the last of all schedules, newest first
}

const (
	shownRuns = 40
	byHand    = "night-by-hand" // the ledger of the nights that a command ran
)

func runs(v *visit) error {
	p := runsPage{}
	now := v.Now()
	err := v.view(func(r *scoped.Reader) (err error) {
		if p.Plans, err = v.plans(r, now); err != nil {
			return err
		}
		names := []string{byHand}
		for _, s := range v.Schedules {
			names = append(names, s.Name)
		}
		for _, name := range names {
			slots, err := r.Slots(v.ctx, name, shownRuns)
			if err != nil {
				return err
			}
			for _, s := range slots {
				row := planRow{Name: scheduleName(name)}
				row.fill(s, now)
				p.Runs = append(p.Runs, row)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(p.Runs, func(a, b planRow) int { return b.Planned.Compare(a.Planned) })
	p.Runs = p.Runs[:min(len(p.Runs), shownRuns)]
	return v.show(http.StatusOK, "kjoringer", "Kjøringer", p)
}

// alarmsPage is what needs a person.
type alarmsPage struct {
	Open  []alarmRow
	Known []alarmRow // open, and somebody has said that they know
	Over  []alarmRow // of the last week
}

// recentAlarms is how long an alarm that is over is shown.
const recentAlarms = 7 * 24 * time.Hour

func alarms(v *visit) error {
	var all []alarm.Alarm
	err := v.view(func(r *scoped.Reader) (err error) {
		all, err = r.Alarms(v.ctx, false)
		return err
	})
	if err != nil {
		return err
	}
	p := alarmsPage{}
	for _, row := range alarmRows(all) {
		switch {
		case row.Over.IsZero() && row.Acked.IsZero():
			p.Open = append(p.Open, row)
		case row.Over.IsZero():
			p.Known = append(p.Known, row)
		case v.Now().Sub(row.Over) <= recentAlarms:
			p.Over = append(p.Over, row)
		}
	}
	return v.show(http.StatusOK, "varsler", "Varsler", p)
}
