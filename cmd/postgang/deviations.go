package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/calendar"
	"postgang/engine/invoices"
	"postgang/engine/store"
	"postgang/engine/words"
)

func newDeviations(o *options) *cobra.Command {
	return cli.Group("deviations", "Differences between what was sent, received and invoiced: decide about them",
		newDeviationsList(o), newDeviationsDecide(o), newDeviationsDispute(o))
}

// deviationView is a deviation; its words are those of the report.
type deviationView struct {
	ID        string                `json:"id"`
	Day       string                `json:"day"`
	Age       int                   `json:"age_days"`
	Vendor    string                `json:"vendor"`
	Account   string                `json:"account,omitempty"`
	Kind      receipt.DeviationKind `json:"kind"`
	Job       string                `json:"job,omitempty"`
	Shipment  string                `json:"shipment,omitempty"`
	Expected  string                `json:"expected"`
	Got       string                `json:"got"`
	AmountOre money.Ore             `json:"amount_ore"`
	State     store.DeviationState  `json:"state"`
	Reason    string                `json:"reason,omitempty"`
	By        string                `json:"decided_by,omitempty"`
	of        store.Deviation
}

// deviations reads all that are chosen, the oldest first.
func deviations(cmd *cobra.Command, a *app.App, vendor string, states []store.DeviationState) ([]deviationView, error) {
	var out []deviationView
	err := a.Archive.View(cmd.Context(), func(r store.Reader) error {
		all, err := r.Deviations(cmd.Context(), store.DeviationFilter{})
		if err != nil {
			return err
		}
		names, err := r.ActorNames(cmd.Context())
		for _, d := range all {
			if vendor != "" && d.Vendor != vendor || len(states) > 0 && !slices.Contains(states, d.State) {
				continue
			}
			day := civil.Of(d.At, calendar.Oslo)
			out = append(out, deviationView{
				d.ID(), string(day), int(civil.Of(a.Now(), calendar.Oslo).UTC().Sub(day.UTC()) / (24 * time.Hour)), d.Vendor, d.Account, d.Finding.Kind,
				d.Finding.Job, d.Finding.Shipment, d.Finding.Expected, d.Finding.Got, d.Finding.Amount, d.State, words.Why(d.Reason, words.Norwegian), shownActor(d.By, names), d,
			})
		}
		return err
	})
	if err == nil && len(out) == 0 {
		err = checkVendors(a.Config, vendor)
	}
	return out, err
}

var deviationStates = []store.DeviationState{store.DeviationOpen, store.DeviationAccepted, store.DeviationDisputed, store.DeviationSettled}

func statesOf(named []string) ([]store.DeviationState, error) {
	return oneOf("state of a deviation", named, deviationStates)
}

func newDeviationsList(o *options) *cobra.Command {
	var vendor string
	var named []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List deviations with their age and state; those that nobody has decided about, unless --state says otherwise",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			states, err := statesOf(named)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				views, err := deviations(cmd, a, vendor, states)
				if err != nil {
					return err
				}
				return o.Print(views, func(w io.Writer) {
					cli.Table(w, "ID AGE STATE VENDOR KIND JOB SHIPMENT EXPECTED GOT AMOUNT", func(row func(...any)) {
						for _, v := range views {
							row(v.ID, v.Age, v.State, v.Vendor, v.Kind, v.Job, v.Shipment, v.Expected, v.Got, v.AmountOre)
						}
					})
					fmt.Fprintf(w, "%d deviations\n", len(views))
				})
			})
		},
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "only this vendor")
	cmd.Flags().StringSliceVar(&named, "state", []string{"open", "disputed"}, "only these states: open, accepted, disputed, settled")
	_ = cmd.RegisterFlagCompletionFunc("state", completeWords(deviationStates))
	return cmd
}

// chosen are the deviations with these ids, each of which must be one.
func chosen(all []deviationView, ids []string) ([]deviationView, error) {
	var out []deviationView
	for _, id := range ids {
		i := slices.IndexFunc(all, func(v deviationView) bool { return v.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("no deviation %s; see \"postgang deviations list\": %w", id, store.ErrNotFound)
		}
		out = append(out, all[i])
	}
	return out, nil
}

func newDeviationsDecide(o *options) *cobra.Command {
	var word, reason string
	cmd := &cobra.Command{
		Use:   "decide ID… --state accepted|settled|disputed|open --reason TEXT",
		Short: "Say what becomes of deviations",
		Long: `Says what becomes of deviations: accepted (they stay as they are), disputed (the vendor is asked),
settled (mended, or paid back) or open again. What was decided before is kept. --reason is kept and
shown: write no personal data in it.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			states, err := statesOf([]string{word})
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				all, err := deviations(cmd, a, "", nil)
				if err != nil {
					return err
				}
				views, err := chosen(all, args)
				if err != nil {
					return err
				}
				n, err := a.Engine.DecideDeviations(cmd.Context(), keysOf(views), states[0], reason)
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"changed": n, "state": states[0]}, func(w io.Writer) { fmt.Fprintf(w, "%d deviations are %s.\n", n, states[0]) })
			})
		},
	}
	cmd.Flags().StringVar(&word, "state", "", "accepted, settled, disputed or open (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	return cmd
}

func keysOf(views []deviationView) []string {
	out := make([]string, len(views))
	for i, v := range views {
		out[i] = v.of.Key
	}
	return out
}

func newDeviationsDispute(o *options) *cobra.Command {
	var vendor, reason, out string
	cmd := &cobra.Command{
		Use:   "dispute [ID…] --vendor V --reason TEXT -o FILE.csv",
		Short: "Write the file that tells the vendor what we do not agree with, and mark it as disputed",
		Long: `Writes a CSV file for the vendor (semicolons, UTF-8) with the named deviations, or with all of the vendor
that are open or disputed, and marks them as disputed. It holds ids and figures, no personal data. A file
that is there is not written over.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case vendor == "":
				return cli.Usage("--vendor is missing")
			case out == "":
				return cli.Usage("-o is missing: the file to write")
			case strings.TrimSpace(reason) == "":
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				states := []store.DeviationState{store.DeviationOpen, store.DeviationDisputed}
				if len(args) > 0 {
					states = nil
				}
				views, err := deviations(cmd, a, vendor, states)
				if err == nil && len(args) > 0 {
					views, err = chosen(views, args)
				}
				if err != nil {
					return err
				}
				for _, v := range views {
					if !slices.Contains([]store.DeviationState{store.DeviationOpen, store.DeviationDisputed}, v.State) {
						return fmt.Errorf("deviation %s is %s and not disputed; to dispute it all the same: postgang deviations decide %s --state open", v.ID, v.State, v.ID)
					}
				}
				if len(views) == 0 {
					return errors.New("nothing of this vendor is open or disputed")
				}
				var b bytes.Buffer
				disputed := make([]store.Deviation, len(views))
				for i, v := range views {
					disputed[i] = v.of
				}
				if err := invoices.WriteDispute(&b, disputed); err != nil {
					return err
				}
				f, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					return err
				}
				_, err = f.Write(b.Bytes())
				if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
					return err
				}
				if _, err := a.Engine.DecideDeviations(cmd.Context(), keysOf(views), store.DeviationDisputed, reason); err != nil {
					return err
				}
				return o.Print(map[string]any{"file": out, "disputed": len(views)}, func(w io.Writer) {
					fmt.Fprintf(w, "Wrote %s with %d deviations, which are DISPUTED now.\n", out, len(views))
				})
			})
		},
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "whose (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the file to write (required)")
	return cmd
}
