package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing"
	"postgang/engine"
)

func newMonth(o *options) *cobra.Command {
	return group("month", "Close months in the ledger",
		newMonthList(o), newMonthClose(o))
}

type monthView struct {
	Month  string `json:"month"`
	Closed moment `json:"closed"`
	Reason string `json:"reason"`
}

func newMonthList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The months that are closed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app) error {
				views := []monthView{}
				err := a.archive.View(cmd.Context(), func(r engine.Reader) error {
					months, err := r.ClosedMonths(cmd.Context())
					for _, m := range months {
						views = append(views, monthView{m.Month.Month(), when(m.ClosedAt), m.Reason})
					}
					return err
				})
				if err != nil {
					return err
				}
				return o.print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "No month is closed.")
						return
					}
					table(w, "MONTH CLOSED REASON", func(row func(...any)) {
						for _, v := range views {
							row(v.Month, v.Closed, v.Reason)
						}
					})
				})
			})
		},
	}
}

func newMonthClose(o *options) *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use:   "close YYYY-MM",
		Short: "Close a month: its figures do not change any more",
		Long: `Closes a month that is over. Receipts that come late, corrections and invoices are booked in the month
in which they come, and say so. Months are closed in order, and cannot be opened again. --reason is
kept and shown: write no personal data in it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			month := billing.Civil(args[0] + "-01")
			if _, err := time.Parse("2006-01", args[0]); err != nil {
				return usage("%q is no month such as 2026-10", args[0])
			}
			if strings.TrimSpace(reason) == "" {
				return usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app) error {
				if !yes {
					ok, err := o.confirm(fmt.Sprintf("Close %s for good?", args[0]), "nothing is done yet: add --yes")
					if err != nil || !ok {
						return err
					}
				}
				m, err := a.engine.CloseMonth(cmd.Context(), month, reason)
				if err != nil {
					return err
				}
				return o.print(monthView{m.Month.Month(), when(m.ClosedAt), m.Reason}, func(w io.Writer) {
					fmt.Fprintf(w, "%s is closed. What comes late is booked in the month in which it comes.\n", m.Month.Month())
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}
