package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/words"
)

// check is one line of doctor's report.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Warn bool   `json:"warning,omitempty"`
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
}

func newDoctor(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, folders, disk, clock, keys and vendors, and say what to fix",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, loaded := app.Examine(cmd.Context(), o.Config, func(ctx context.Context, cfg *config.Config) (*app.App, error) {
				return open(ctx, cfg, o.Logger(), wiring{})
			})
			bad := 0
			checks := make([]check, len(found))
			for i, f := range found {
				name, text, fix := words.Checked(f.Code, f.Args, words.English)
				checks[i] = check{Name: name, OK: f.Grade != app.Bad, Warn: f.Grade == app.Doubtful, Text: text, Fix: fix}
				if f.Grade == app.Bad {
					bad++
				}
			}
			err := o.Print(checks, func(w io.Writer) {
				for _, ch := range checks {
					mark := "ok  "
					switch {
					case !ch.OK:
						mark = "FAIL"
					case ch.Warn:
						mark = "warn"
					}
					fmt.Fprintf(w, "%s  %-22s %s\n", mark, ch.Name, ch.Text)
					if ch.Fix != "" {
						fmt.Fprintf(w, "      → %s\n", ch.Fix)
					}
				}
			})
			if err != nil {
				return err
			}
			if !loaded { // nothing else was tried, as with every other command
				return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%d of %d checks failed", bad, len(checks))}
			}
			if bad > 0 {
				return &cli.Error{Code: cli.ExitFailed, Err: fmt.Errorf("%d of %d checks failed", bad, len(checks))}
			}
			return nil
		},
	}
}
