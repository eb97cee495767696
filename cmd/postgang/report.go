package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/calendar"
	"postgang/engine/finance"
)

func newReport(o *options) *cobra.Command {
	var p period
	var out, folder string
	var accounts []string
	var bring bool
	cmd := &cobra.Command{
		Use:   "report [--month YYYY-MM | --from DAY --to DAY]",
		Short: "Write the kost/nytte workbook of a period",
		Long: `Writes an Excel workbook of a period: --month 2026-11, or --from 2026-11-01 --to 2026-11-30, both days
included. Without them it is the month before this one.
Volume is counted by the day a shipment was received, cost by the day it is booked: that of the
posting, unless its month was closed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if bring && a.Config.ReportSFTP == nil && a.Config.ReportMail == nil {
					return cli.Usage("--deliver: the configuration has neither [report] mail_to nor [report.sftp]")
				}
				if err := checkAccounts(a.Config, accounts...); err != nil {
					return err
				}
				q := finance.ReportQuery{Accounts: accounts, Inputs: a.Config.Benefit}
				q.From, q.To = calendar.LastMonth(a.Now())
				if p.given() {
					var err error
					if q.From, q.To, err = p.days(); err != nil {
						return err
					}
				}
				path := out
				if path == "" {
					path = fmt.Sprintf("kostnytte-%s.xlsx", strings.ReplaceAll(civil.PeriodWords(q.From, q.To), " to ", "-"))
				}
				finish := o.Working("writing the workbook")
				r, err := a.WriteReport(cmd.Context(), q, path)
				finish()
				if err != nil {
					return err
				}
				defer r.Close()
				if folder != "" {
					if err := a.WriteTables(cmd.Context(), r, accounts, folder); err != nil {
						return err
					}
				}
				if bring {
					if err := bringReport(cmd.Context(), a, r, path); err != nil {
						return err
					}
				}
				if len(accounts) == 0 && (bring || a.Config.ReportSFTP == nil && a.Config.ReportMail == nil) {
					if err := a.Engine.ReportMade(cmd.Context(), q.From, q.To); err != nil {
						return err
					}
				}
				return o.Print(reportJSON(path, r), func(w io.Writer) {
					c := r.Counters
					fmt.Fprintf(w, "Wrote %s (%s).\n", path, civil.PeriodWords(r.From, r.To))
					fmt.Fprintf(w, "Received %d: refused %d, read %d, delivered digitally %d, digital only %d, waiting %d, closed %d, offered %d, printed %d.\n",
						c.Received, c.Refused, c.Read, c.Delivered, c.DigitalOnly, c.Waiting, c.Closed, c.Offered, c.Printed)
					fmt.Fprintf(w, "Letters booked: %d. Net kr %s, VAT kr %s, gross kr %s. Deviations: %d.\n",
						r.Money.Letters, r.Money.Net, r.Money.VAT, r.Money.Gross, r.Deviations.Len())
					if len(r.MissingInputs) > 0 {
						fmt.Fprintf(w, "The kost/nytte model lacks inputs: %v. Fill them in in the workbook, or under [kost_nytte] in the configuration.\n", r.MissingInputs)
					}
				})
			})
		},
	}
	p.flags(cmd, "report")
	cmd.Flags().StringVarP(&out, "output", "o", "", "path of the workbook (default kostnytte-MONTH.xlsx, or -FROM-TO)")
	cmd.Flags().StringVar(&folder, "csv", "", "folder for the same figures as CSV and JSON, and for the file for the accounting system")
	cmd.Flags().BoolVar(&bring, "deliver", false, "bring the workbook where [report] has the monthly one brought: by e-mail and SFTP")
	cmd.Flags().StringSliceVar(&accounts, "account", nil, "only these accounts")
	return cmd
}

func reportJSON(path string, r figures.Report) map[string]any {
	codes := []map[string]any{}
	for _, c := range r.PerKonteringskode {
		codes = append(codes, map[string]any{
			"konteringskode": c.Code, "missing": c.Missing, "received": c.Counters.Received, "printed": c.Counters.Printed,
			"letters": c.Money.Letters, "net_ore": c.Money.Net, "vat_ore": c.Money.VAT, "gross_ore": c.Money.Gross,
		})
	}
	v := map[string]any{
		"workbook": path, "from": r.From, "to": r.To.AddDays(-1), "counters": r.Counters, "money": r.Money,
		"per_konteringskode": codes, "deviations": r.Deviations.Len(), "missing_inputs": r.MissingInputs,
	}
	if r.Benefit != nil { // else it is not known
		v["saving_ore"] = r.Benefit.Saving()
	}
	return v
}
