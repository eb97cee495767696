package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive"
)

func newMigrate(o *options) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the archive's schema up to date for this program",
		Long: `Every command does so by itself where nobody else serves the archive. Where other machines
do, they refuse, and this command does it: read docs/upgrade.md first, which says whether
programs of the version before may run meanwhile. Back up before.

With --check nothing is changed: it lists what would be done, and its exit code is 3 when
there is something.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			cfg, err := config.Load(o.Config)
			if err != nil {
				return err
			}
			have, pending, err := archive.Pending(ctx, cfg.Database)
			if err != nil {
				return err
			}
			if !check {
				o.wiring.MigrateBeside = true
				if err := o.with(ctx, false, func(*app.App) error { return nil }); err != nil {
					return err
				}
			}
			result := map[string]any{"schema": have, "pending": append([]string{}, pending...), "done": !check}
			err = o.Print(result, func(w io.Writer) {
				switch {
				case len(pending) == 0:
					fmt.Fprintf(w, "The schema is up to date (version %d).\n", have)
				case check:
					fmt.Fprintf(w, "The schema has version %d; this program would make:\n  %s\n", have, strings.Join(pending, "\n  "))
				default:
					fmt.Fprintf(w, "The schema is up to date; made:\n  %s\n", strings.Join(pending, "\n  "))
				}
			})
			if err == nil && check && len(pending) > 0 {
				return cli.Partial("%d migrations are to be made", len(pending))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing: list what would be done")
	return cmd
}
