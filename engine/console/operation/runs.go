package operation

import (
	"net/http"
	"slices"

	"postgang/engine/console/scoped"
	"postgang/engine/nights"
)

// runsPage is what ran by the clock, and will.
type runsPage struct {
	Plans []planRow
	Runs  []planRow // the last of all schedules, newest first
	// MayStart: runs can be begun from here.
	MayStart bool
}

const shownRuns = 40

func runs(v *request) error {
	p := runsPage{MayStart: v.Runs != nil}
	now := v.Now()
	err := v.View(func(r *scoped.Reader) (err error) {
		if p.Plans, err = v.plans(r, now); err != nil {
			return err
		}
		names := []string{nights.ScheduleNightByHand, nights.ScheduleReceiptsByHand}
		for _, s := range v.Schedules {
			names = append(names, s.Name)
		}
		for _, name := range names {
			slots, err := r.Slots(v.Ctx, name, shownRuns)
			if err != nil {
				return err
			}
			for _, s := range slots {
				row := planRow{Name: scheduleName(name)}
				v.fill(&row, s)
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
	return v.Show(http.StatusOK, "kjoringer", "Kjøringer", p)
}
