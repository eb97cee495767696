package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/store"
)

func newJobWithdraw(o *options) *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use:   "withdraw JOB",
		Short: "Take a job back that is not handed over",
		Long: `Takes a job back that is PLANNED, COMPOSED or UPLOADED: what the vendor has of it is removed, and its
letters are due again, for the vendor that their account has then. A reprint is only ended. --reason
is kept in the job's history and shown to everybody who looks: write no personal data in it.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeJobs(store.JobPlanned, store.JobComposed, store.JobUploaded),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if !yes {
					ok, err := o.confirm(fmt.Sprintf("Take job %s back?", args[0]), "nothing is done yet: add --yes")
					if err != nil || !ok {
						return err
					}
				}
				j, err := a.Engine.WithdrawJob(cmd.Context(), args[0], reason)
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no job %s; see \"postgang job list\": %w", args[0], err)
				}
				if err != nil {
					return err
				}
				return o.Print(viewJob(j), func(w io.Writer) {
					if j.Reprint {
						fmt.Fprintf(w, "Reprint %s is WITHDRAWN: nothing of it is printed.\n", j.ID)
						return
					}
					fmt.Fprintf(w, "Job %s is WITHDRAWN: its %d letters are due again, and go with the next night.\n", j.ID, j.Letters)
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}
