package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/alarm"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

func newNight(o *options) *cobra.Command {
	var patience time.Duration
	var dry bool
	cmd := &cobra.Command{
		Use:   "night",
		Short: "One run now: take hand-ins, collect what is due, compose and offer",
		Long: `Runs one night: takes what lies in the drop folder, collects the letters that are
due, composes print jobs and hands them over to the vendor. What an interrupted run
left is finished first. Run it again at any time; a letter is offered once.
With --dry-run it does nothing, and tells what it would collect and what that would cost.

Exit code 3: a person must look: something is not handed over, a job is UNCERTAIN ("postgang
job list"), letters were set aside, hand-ins or digital events were refused, or something in
the drop folder cannot be taken or lies where nobody takes it, or alarms of before are open that
nobody has acknowledged ("postgang alarms list").`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if patience <= 0 {
				return cli.Usage("--patience must be a time above 0, such as 30m")
			}
			if dry {
				return o.with(cmd.Context(), false, func(a *app.App) error {
					p, err := a.Engine.PlanNight(cmd.Context())
					if err != nil {
						return err
					}
					v := viewPlan(p)
					return o.Print(v, func(w io.Writer) { showPlan(w, v) })
				})
			}
			return o.alarmedUnopened(cmd.Context(), "night", func(a *app.App) error { return o.recordedNight(cmd.Context(), a, patience) })
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "do nothing: tell what would be collected, with its expected cost")
	cmd.Flags().DurationVar(&patience, "patience", nights.DefaultPatience, "how long the run may wait: for hand-ins to be prepared, then for jobs to be handed over")
	return cmd
}

// recordedNight runs a night and has its outcome recorded, so that one that fails raises an alarm where no daemon runs either.
func (o *options) recordedNight(ctx context.Context, a *app.App, patience time.Duration) error {
	var said error
	err := a.Engine.NightByHand(ctx, func(ctx context.Context) (shipment.Note, error) {
		var n app.Night
		n, said = o.night(ctx, a, patience)
		if exit := new(cli.Error); errors.As(said, &exit) && exit.Code == cli.ExitPartial && len(n.Unsettled) == 0 {
			return n.Note(), nil // a person must look at something, and the night did its work
		}
		return n.Note(), said
	})
	if err == nil {
		err = said
	}
	look(ctx, a)
	if err == nil {
		return stillOpen(ctx, a)
	}
	return err
}

// stillOpen says that a person must look, when this night had nothing to say and alarms of before are open: letters that are kept
// back, or a job that the vendor refused, would else be out of the night's sight after the first.
func stillOpen(ctx context.Context, a *app.App) error {
	var open []alarm.Alarm
	err := a.Archive.View(ctx, func(r store.Reader) (err error) {
		open, err = r.Alarms(ctx, true)
		return err
	})
	if err != nil {
		return err
	}
	if n := alarm.Unacknowledged(open); n > 0 {
		return cli.Partial("a person must look: %d alarms are open (postgang alarms list)", n)
	}
	return nil
}

// look looks for what is overdue and tells of alarms, after a command's work and whatever came of it.
func look(ctx context.Context, a *app.App) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTime)
	defer cancel()
	if err := a.Engine.Watch(ctx); err != nil {
		a.Log.Error("watch", "error", err)
	}
	tell(ctx, a)
}

// night runs a night and shows what it did. The error says what a person must look at, too.
func (o *options) night(ctx context.Context, a *app.App, patience time.Duration) (app.Night, error) {
	n, err := a.Night(ctx, app.NightOptions{Patience: patience, Progress: o.Progress})
	if err != nil && !errors.Is(err, nights.ErrUnsettled) {
		return n, err
	}
	shown := o.Print(map[string]any{
		"taken": takenView{n.Taken, viewTroubles(n.Taken.Troubles)}, "unprepared": n.Unprepared, "events": eventsView{n.Events, viewTroubles(n.Events.Troubles)}, "letters_collected": n.Collected.Letters, "jobs_planned": n.Jobs, "reasons": n.Reasons,
		"set_aside": n.SetAside, "unheard": n.Unheard, "digital_only_expired": n.Digital, "jobs_offered": n.Offered, "letters_offered": n.Letters,
		"letters_withdrawn": n.Withdrawn, "uncertain": n.Uncertain, "waiting": n.Waiting, "vendors_stopped": append([]string{}, n.Stopped...), "manual": n.Manual, "unsettled": n.Unsettled,
	}, func(w io.Writer) {
		showTaken(w, n.Taken, n.Events)
		if n.Unprepared > 0 {
			fmt.Fprintf(w, "Letters that cannot be prepared for a reason of ours, and are tried again: %d (postgang alarms list).\n", n.Unprepared)
		}
		fmt.Fprintf(w, "Collected %d letters into %d jobs", n.Collected.Letters, len(n.Jobs))
		for _, r := range n.ReasonsInOrder() {
			fmt.Fprintf(w, "; %s %d", r, n.Reasons[r])
		}
		fmt.Fprintf(w, ".\nHanded over %d letters in %d jobs; %d dropped out at the last gate; %d set aside.\n", n.Letters, len(n.Offered), n.Withdrawn, n.SetAside)
		for _, channel := range slices.Sorted(maps.Keys(n.Unheard)) {
			fmt.Fprintf(w, "Due, and waiting for %s to say whether they were read: %d letters (postgang alarms list).\n", channel, n.Unheard[channel])
		}
		for _, l := range []struct {
			what string
			ids  []string
		}{{"UNCERTAIN, ask the vendor", n.Uncertain}, {"Waiting for the vendor's window or limit", n.Waiting}, {"Nothing is offered, the archive is older than what was handed over (postgang recover)", n.Stopped}, {"To be printed here (postgang manual list)", n.Manual}, {"Not handed over yet", n.Unsettled}} {
			if len(l.ids) > 0 {
				fmt.Fprintf(w, "%s: %v\n", l.what, l.ids)
			}
		}
	})
	if shown != nil {
		return n, shown
	}
	if err != nil {
		return n, cli.Partial("%w", err)
	}
	look := needsPerson(n.Taken, n.Events)
	for _, p := range []struct {
		n    int
		what string
	}{{n.Unprepared, "letters that cannot be prepared"}, {n.SetAside, "letters set aside"}} {
		if p.n > 0 {
			look = strings.TrimPrefix(fmt.Sprintf("%s, %d %s", look, p.n, p.what), ", ")
		}
	}
	if look != "" {
		return n, cli.Partial("a person must look: %s", look)
	}
	return n, nil
}
