package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"postgang/engine"
)

type statusView struct {
	Counts []countView `json:"shipments"`
	Jobs   []jobView   `json:"jobs_under_way"`
	Alarms []alarmView `json:"alarms"`
	Slots  []slotView  `json:"schedules"`
}

type countView struct {
	Account string        `json:"account"`
	Status  engine.Status `json:"status"`
	Held    bool          `json:"set_aside"`
	Hold    string        `json:"set_aside_for,omitempty"` // reason code
	Count   int           `json:"count"`
}

type alarmView struct {
	Key    string `json:"key"`
	Text   string `json:"text"`
	Raised moment `json:"raised"`
	Last   moment `json:"last"`
	Count  int    `json:"count"`
	Over   moment `json:"over,omitempty"`
}

type slotView struct {
	Schedule string           `json:"schedule"`
	Spec     string           `json:"cron"`
	Last     moment           `json:"last,omitempty"`
	State    engine.SlotState `json:"state,omitempty"`
	Summary  string           `json:"summary,omitempty"`
	Next     moment           `json:"next"`
}

func newStatus(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Where everything stands: shipments, jobs under way, alarms, schedules",
		Long:  `Looks for what is overdue first. Exit code 3: an alarm is open.`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app) error {
				if err := a.engine.Watch(ctx); err != nil {
					return err
				}
				a.tell(ctx)
				v, err := a.status(ctx)
				if err != nil {
					return err
				}
				if err := o.print(v, func(w io.Writer) { showStatus(w, v) }); err != nil {
					return err
				}
				if len(v.Alarms) > 0 {
					return partial("%d alarms are open", len(v.Alarms))
				}
				return nil
			})
		},
	}
}

func showStatus(w io.Writer, v statusView) {
	if len(v.Counts) == 0 {
		fmt.Fprintln(w, "No shipments yet.")
	} else {
		table(w, "ACCOUNT STATUS COUNT SET_ASIDE", func(row func(...any)) {
			for _, c := range v.Counts {
				row(c.Account, c.Status, c.Count, c.Hold)
			}
		})
	}
	if len(v.Jobs) > 0 {
		fmt.Fprintln(w, "\nJobs under way:")
		table(w, "JOB STATE LETTERS OFFERED CLASS PROBLEM", func(row func(...any)) {
			for _, j := range v.Jobs {
				row(j.ID, j.State, j.Letters, j.Offered, j.Class, j.LastError)
			}
		})
	}
	fmt.Fprintln(w, "\nSchedules (Europe/Oslo):")
	table(w, "NAME NEXT LAST STATE SUMMARY", func(row func(...any)) {
		for _, s := range v.Slots {
			row(s.Schedule, s.Next, s.Last, s.State, s.Summary)
		}
	})
	if len(v.Alarms) == 0 {
		fmt.Fprintln(w, "\nNo open alarms.")
		return
	}
	fmt.Fprintln(w, "\nOPEN ALARMS:")
	for _, al := range v.Alarms {
		fmt.Fprintf(w, "  %s (%d×): %s\n", al.Raised, al.Count, al.Text)
	}
}

// status is where everything stands.
func (a *app) status(ctx context.Context) (statusView, error) {
	v := statusView{Counts: []countView{}, Jobs: []jobView{}, Alarms: []alarmView{}, Slots: []slotView{}}
	err := a.archive.View(ctx, func(r engine.Reader) error {
		counts, err := r.CountShipments(ctx)
		if err != nil {
			return err
		}
		for _, c := range counts {
			v.Counts = append(v.Counts, countView{c.Account, c.Status, c.Hold != "", c.Hold, c.Count})
		}
		jobs, err := r.Jobs(ctx, engine.JobFilter{States: []engine.JobState{
			engine.JobPlanned, engine.JobComposed, engine.JobUploaded, engine.JobCommitted, engine.JobUncertain, engine.JobOffered, engine.JobAccepted, engine.JobRejected}})
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
		for _, al := range alarms {
			v.Alarms = append(v.Alarms, viewAlarm(al))
		}
		for _, s := range a.cfg.Schedules {
			slots, err := r.Slots(ctx, s.Name, 1)
			if err != nil {
				return err
			}
			sv := slotView{Schedule: s.Name, Spec: s.Spec, Next: when(s.Next(a.now()))}
			if len(slots) > 0 {
				sv.Last, sv.State, sv.Summary = when(slots[0].At), slots[0].State, slots[0].Summary
			}
			v.Slots = append(v.Slots, sv)
		}
		return nil
	})
	return v, err
}
