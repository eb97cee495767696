package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

type statusView struct {
	Counts []countView `json:"shipments"`
	Jobs   []jobView   `json:"jobs_under_way"`
	Alarms []alarmView `json:"alarms"`
	Slots  []slotView  `json:"schedules"`
	Asked  []askedView `json:"second_person_wanted"`
	// Ahead is what the next night would take if nobody reads a letter until then.
	Ahead aheadView `json:"forecast"`
	// Missing are the accounts whose usual work has not come.
	Missing []missingView `json:"not_come"`
}

type countView struct {
	Account string          `json:"account"`
	Status  shipment.Status `json:"status"`
	Held    bool            `json:"set_aside"`
	Hold    string          `json:"set_aside_for,omitempty"` // reason code
	Count   int             `json:"count"`
}

type alarmView struct {
	Key    string     `json:"key"`
	Text   string     `json:"text"`
	Raised cli.Moment `json:"raised"`
	Last   cli.Moment `json:"last"`
	Count  int        `json:"count"`
	Over   cli.Moment `json:"over,omitempty"`
	// Severity is critical, major or minor.
	Severity  string     `json:"severity"`
	Acked     cli.Moment `json:"acknowledged,omitempty"`
	AckReason string     `json:"acknowledged_reason,omitempty"`
	AckBy     string     `json:"acknowledged_by,omitempty"`
}

// askedView is what one person has asked for, and waits for a second one.
type askedView struct {
	Subject string     `json:"subject"`
	By      string     `json:"by"`
	At      cli.Moment `json:"at"`
	Until   cli.Moment `json:"until"`
	Reason  string     `json:"reason"`
}

type slotView struct {
	Schedule string          `json:"schedule"`
	Spec     string          `json:"cron"`
	Last     cli.Moment      `json:"last,omitempty"`
	State    store.SlotState `json:"state,omitempty"`
	Summary  string          `json:"summary,omitempty"`
	Next     cli.Moment      `json:"next"`
}

func newStatus(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Where everything stands: shipments, jobs under way, schedules, what comes, alarms",
		Long: `Looks for what is overdue first. Tells what the next night would take if nobody reads a letter until then, and
which accounts have not handed in what they usually do by now (docs/alarms.md). Exit code 3: an alarm is open that nobody has
acknowledged.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				if err := a.Engine.Watch(ctx); err != nil {
					return err
				}
				tell(ctx, a)
				v, err := status(ctx, a)
				if err != nil {
					return err
				}
				if err := o.Print(v, func(w io.Writer) { showStatus(w, v) }); err != nil {
					return err
				}
				return openAlarms(v.Alarms)
			})
		},
	}
}

func showStatus(w io.Writer, v statusView) {
	if len(v.Counts) == 0 {
		fmt.Fprintln(w, "No shipments yet.")
	} else {
		cli.Table(w, "ACCOUNT STATUS COUNT SET_ASIDE", func(row func(...any)) {
			for _, c := range v.Counts {
				row(c.Account, c.Status, c.Count, c.Hold)
			}
		})
	}
	if len(v.Jobs) > 0 {
		fmt.Fprintln(w, "\nJobs under way:")
		cli.Table(w, "JOB STATE LETTERS OFFERED CLASS PROBLEM", func(row func(...any)) {
			for _, j := range v.Jobs {
				row(j.ID, j.State, j.Letters, j.Offered, j.Class, j.LastError)
			}
		})
	}
	fmt.Fprintln(w, "\nSchedules (Europe/Oslo):")
	cli.Table(w, "NAME NEXT LAST STATE SUMMARY", func(row func(...any)) {
		for _, s := range v.Slots {
			row(s.Schedule, s.Next, s.Last, s.State, s.Summary)
		}
	})
	v.Ahead.show(w)
	if len(v.Missing) > 0 {
		fmt.Fprintln(w, "\nUsual work that has not come (ask its sender):")
		cli.Table(w, "ACCOUNT USUALLY BY CAME_TODAY", func(row func(...any)) {
			for _, m := range v.Missing {
				row(m.Account, m.usually(), m.until(), m.Came)
			}
		})
	}
	if len(v.Asked) > 0 {
		fmt.Fprintln(w, "\nAnother person must do the same for:")
		for _, q := range v.Asked {
			fmt.Fprintf(w, "  %s: %s asks for %s: %s (until %s)\n", q.At, q.By, q.Subject, q.Reason, q.Until)
		}
	}
	if len(v.Alarms) == 0 {
		fmt.Fprintln(w, "\nNo open alarms.")
		return
	}
	fmt.Fprintln(w, "\nOPEN ALARMS:")
	shown := map[string]int{}
	for _, al := range v.Alarms {
		kind := alarm.KindOf(al.Key)
		if shown[kind]++; shown[kind] <= shownOfAKind {
			fmt.Fprintf(w, "  %s (%d×): %s%s\n", al.Raised, al.Count, al.Text, al.known())
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(shown)) {
		if more := shown[kind] - shownOfAKind; more > 0 {
			fmt.Fprintf(w, "  %d more: %s (postgang alarms list)\n", more, words.AlarmsOf(kind, words.English))
		}
	}
}

// shownOfAKind is how many alarms of one kind status shows; "alarms list" shows all.
const shownOfAKind = 5

// known says that a person knows of an alarm.
func (v alarmView) known() string {
	if v.Acked.IsZero() {
		return ""
	}
	return fmt.Sprintf(" [acknowledged %s%s: %s]", v.Acked, byWhom(v.AckBy), v.AckReason)
}

// openAlarms is the end of a command that shows alarms: exit code 3 while one is open that nobody has acknowledged.
func openAlarms(list []alarmView) error {
	n := 0
	for _, a := range list {
		if a.Over.IsZero() && a.Acked.IsZero() {
			n++
		}
	}
	if n > 0 {
		return cli.Partial("%d alarms are open", n)
	}
	return nil
}

// status is where everything stands.
func status(ctx context.Context, a *app.App) (statusView, error) {
	v := statusView{Counts: []countView{}, Jobs: []jobView{}, Alarms: []alarmView{}, Slots: []slotView{}, Asked: []askedView{}}
	err := a.Archive.View(ctx, func(r store.Reader) error {
		counts, err := r.CountShipments(ctx)
		if err != nil {
			return err
		}
		for _, c := range counts {
			v.Counts = append(v.Counts, countView{c.Account, c.Status, c.Hold != "", c.Hold, c.Count})
		}
		jobs, err := r.Jobs(ctx, store.JobFilter{States: []store.JobState{
			store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobUncertain, store.JobOffering, store.JobOffered, store.JobAccepted, store.JobRejected}})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			v.Jobs = append(v.Jobs, viewJob(j))
		}
		alarms, err := r.Alarms(ctx, true)
		if err != nil {
			return err
		}
		names, err := r.ActorNames(ctx)
		if err != nil {
			return err
		}
		alarm.Sort(alarms)
		for _, al := range alarms {
			v.Alarms = append(v.Alarms, viewAlarm(al, names))
		}
		asked, err := r.Asked(ctx, true)
		if err != nil {
			return err
		}
		for _, q := range asked {
			if until := q.At.Add(access.AskedTime); a.Now().Before(until) {
				v.Asked = append(v.Asked, askedView{q.Subject, shownActor(q.By.String(), names), cli.When(q.At), cli.When(until), q.Reason})
			}
		}
		for _, s := range a.Config.Schedules {
			slots, err := r.Slots(ctx, s.Name, 1)
			if err != nil {
				return err
			}
			sv := slotView{Schedule: s.Name, Spec: s.Spec, Next: cli.When(s.Next(a.Now()))}
			if len(slots) > 0 {
				sv.Last, sv.State, sv.Summary = cli.When(slots[0].At), slots[0].State, words.Why(slots[0].Summary, words.English)
			}
			v.Slots = append(v.Slots, sv)
		}
		return nil
	})
	if err != nil {
		return v, err
	}
	if v.Ahead, err = aheadOf(ctx, a); err != nil {
		return v, err
	}
	v.Missing, err = missingOf(ctx, a)
	return v, err
}
