package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/alarm"
	"postgang/engine/identity"
	"postgang/engine/notify"
	"postgang/engine/store"
	"postgang/engine/words"
)

// alarmsView is the alarms, and how those are doing who are told.
type alarmsView struct {
	Alarms []alarmView `json:"alarms"`
	Sinks  []sinkView  `json:"sinks"`
}

type sinkView struct {
	Sink     string     `json:"sink"`
	Waiting  int        `json:"messages_waiting"`
	Sent     cli.Moment `json:"last_sent,omitempty"`
	Failures int        `json:"failures,omitempty"` // in a row
	Next     cli.Moment `json:"next_try,omitempty"`
	Error    string     `json:"error,omitempty"`
}

// recentAlarms is how long an alarm that is over is shown.
const recentAlarms = 7 * 24 * time.Hour

func newAlarms(o *options) *cobra.Command {
	return cli.Group("alarms", "What needs a person, and who is told of it",
		newAlarmsList(o), newAlarmsAck(o), newAlarmsTest(o))
}

func viewAlarm(a alarm.Alarm, names map[string]string) alarmView {
	return alarmView{Key: a.Key, Text: words.Alarm(a.Key, a.Args, words.English), Raised: cli.When(a.Raised), Last: cli.When(a.Last), Count: a.Count, Over: cli.When(a.Resolved),
		Severity: alarm.SeverityOf(a.Key).String(), Acked: cli.When(a.AckedAt), AckReason: a.AckReason, AckBy: shownActor(a.AckBy, names)}
}

func newAlarmsList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Open alarms, those that ended within a week, and how each sink is doing",
		Long:  `The gravest first. Exit code 3: an alarm is open that nobody has acknowledged.`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				if err := a.Engine.Watch(ctx); err != nil {
					return err
				}
				v := alarmsView{Alarms: []alarmView{}, Sinks: []sinkView{}}
				err := a.Archive.View(ctx, func(r store.Reader) error {
					all, err := r.Alarms(ctx, false)
					if err != nil {
						return err
					}
					names, err := r.ActorNames(ctx)
					if err != nil {
						return err
					}
					alarm.Sort(all)
					for _, al := range all {
						if !al.Resolved.IsZero() && a.Now().Sub(al.Resolved) > recentAlarms {
							continue
						}
						v.Alarms = append(v.Alarms, viewAlarm(al, names))
					}
					sinks, err := a.Alarms.Standings(ctx, r)
					for _, s := range sinks {
						v.Sinks = append(v.Sinks, sinkView{s.Sink, s.Pending, cli.When(s.State.Sent), s.State.Failures, cli.When(s.State.Next), s.State.Error})
					}
					return err
				})
				if err != nil {
					return err
				}
				if err := o.Print(v, func(w io.Writer) { showAlarms(w, v) }); err != nil {
					return err
				}
				return openAlarms(v.Alarms)
			})
		},
	}
}

func showAlarms(w io.Writer, v alarmsView) {
	if len(v.Alarms) == 0 {
		fmt.Fprintln(w, "No alarms.")
	}
	for _, al := range v.Alarms {
		state := "OPEN"
		if !al.Over.IsZero() {
			state = "over " + al.Over.String()
		}
		fmt.Fprintf(w, "%s  %s  %s  %s (%d×)\n    %s%s\n", al.Raised, state, al.Severity, al.Key, al.Count, al.Text, al.known())
	}
	if len(v.Sinks) == 0 {
		fmt.Fprintln(w, "\nNobody is told: no sink is set under [alarms].")
		return
	}
	fmt.Fprintln(w)
	cli.Table(w, "SINK WAITING LAST_SENT FAILURES NEXT_TRY PROBLEM", func(row func(...any)) {
		for _, s := range v.Sinks {
			row(s.Sink, s.Waiting, s.Sent, s.Failures, s.Next, s.Error)
		}
	})
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func newAlarmsAck(o *options) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "ack KEY…",
		Short: "Acknowledge open alarms: they are not told again until they end and come anew",
		Long: `Records that somebody knows of these alarms and what is done about them. They stay open
until their cause is gone, and count no more in the exit codes of "status" and "alarms
list". A key that ends in * stands for all that begin so, such as 'held:*'.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, keys []string) error {
			ctx := cmd.Context()
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("say why with --reason, for those who come after you; no personal data")
			}
			if why := identity.BadReason(reason); why != "" {
				return cli.Usage("%s", why)
			}
			return o.with(ctx, false, func(a *app.App) error {
				acked := []string{}
				err := a.Archive.InTx(ctx, func(tx store.Tx) error {
					acked = acked[:0]
					open, err := tx.Alarms(ctx, true)
					if err != nil {
						return err
					}
					for _, key := range keys {
						before := len(acked)
						prefix, many := strings.CutSuffix(key, "*")
						for _, al := range open {
							if al.Key != key && !(many && strings.HasPrefix(al.Key, prefix)) {
								continue
							}
							if err := tx.AckAlarm(ctx, al.Key, reason); err != nil {
								return err
							}
							acked = append(acked, al.Key)
						}
						if len(acked) == before {
							return fmt.Errorf("no open alarm %s; see postgang alarms list: %w", key, store.ErrNotFound)
						}
					}
					return nil
				})
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"acknowledged": acked}, func(w io.Writer) {
					for _, key := range acked {
						fmt.Fprintf(w, "%s: acknowledged\n", key)
					}
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "what is known or done about it; no personal data")
	return cmd
}

func newAlarmsTest(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "test [SINK…]",
		Short: "Send a test message through each sink now",
		RunE: func(cmd *cobra.Command, names []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				for _, n := range names {
					if !slices.ContainsFunc(a.Alarms.Sinks(), func(s notify.Sink) bool { return s.Name == n }) {
						return cli.Usage("there is no sink %q under [alarms]", n)
					}
				}
				if len(a.Alarms.Sinks()) == 0 {
					return cli.Usage("no sink is set under [alarms]")
				}
				failed, tried := 0, 0
				for _, s := range a.Alarms.Sinks() {
					if len(names) > 0 && !slices.Contains(names, s.Name) {
						continue
					}
					tried++
					if err := a.Alarms.Test(cmd.Context(), s); err != nil {
						failed++
						fmt.Fprintf(o.Out, "%s: FAILED: %v\n", s.Name, err)
						continue
					}
					fmt.Fprintf(o.Out, "%s: sent\n", s.Name)
				}
				if failed > 0 {
					return fmt.Errorf("%d of %d sinks failed", failed, tried)
				}
				return nil
			})
		},
	}
}

// tellTime bounds how long a command waits for those who are told of alarms.
const tellTime = 20 * time.Second

// tell tells of alarms after a command's work. What fails is tried again by serve or the next command, and is no failure
// of the work.
func tell(ctx context.Context, a *app.App) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTime)
	defer cancel()
	if err := a.Alarms.Notify(ctx); err != nil {
		a.Log.Error("alarms could not be told", "error", err)
	}
}

// tellAlways tells of alarms as long as the daemon runs, beside its other work.
func (d *daemon) tellAlways(ctx context.Context) {
	sinks := append([]notify.Sink{{Name: "log", Sender: notify.Log{Logger: d.Log}}}, d.Config.Alarms...)
	n := notify.New(d.Archive, sinks, d.Now, d.Log)
	tick := time.NewTicker(d.Config.AlarmsEvery)
	defer tick.Stop()
	for {
		if err := n.Notify(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrLockLost) {
			d.Log.Error("alarms could not be told", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
