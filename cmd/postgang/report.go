package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing"
	"postgang/cmd/cli"
	"postgang/engine"
	"postgang/reports"
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
			return o.with(cmd.Context(), false, func(a *app) error {
				if bring && a.cfg.ReportSFTP == nil && a.cfg.ReportMail == nil {
					return cli.Usage("--deliver: the configuration has neither [report] mail_to nor [report.sftp]")
				}
				if err := checkAccounts(a.cfg, accounts...); err != nil {
					return err
				}
				q := engine.ReportQuery{Accounts: accounts, Inputs: a.cfg.Benefit}
				q.From, q.To = engine.LastMonth(a.now())
				if p.given() {
					var err error
					if q.From, q.To, err = p.days(); err != nil {
						return err
					}
				}
				path := out
				if path == "" {
					path = fmt.Sprintf("kostnytte-%s.xlsx", strings.ReplaceAll(billing.PeriodWords(q.From, q.To), " to ", "-"))
				}
				finish := o.Working("writing the workbook")
				r, err := a.writeReport(cmd.Context(), q, path)
				finish()
				if err != nil {
					return err
				}
				defer r.Close()
				if folder != "" {
					if err := a.writeTables(cmd.Context(), r, accounts, folder); err != nil {
						return err
					}
				}
				if bring {
					if err := a.bringReport(cmd.Context(), r, path); err != nil {
						return err
					}
				}
				if len(accounts) == 0 && (bring || a.cfg.ReportSFTP == nil && a.cfg.ReportMail == nil) {
					if err := a.engine.ReportMade(cmd.Context(), q.From, q.To); err != nil {
						return err
					}
				}
				return o.Print(reportJSON(path, r), func(w io.Writer) {
					c := r.Counters
					fmt.Fprintf(w, "Wrote %s (%s).\n", path, billing.PeriodWords(r.From, r.To))
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

func reportJSON(path string, r billing.Report) map[string]any {
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

// writeReport builds a report and writes its workbook: whole, or not at all. The caller closes the report.
func (a *app) writeReport(ctx context.Context, q engine.ReportQuery, path string) (billing.Report, error) {
	r, err := a.engine.Report(ctx, q)
	if err != nil {
		return r, err
	}
	err = writeWhole(path, func(w io.Writer) error {
		return reports.Write(w, r, reports.Options{Organisation: a.cfg.Organisation, Template: a.cfg.ReportBook, TempDir: a.cfg.Work})
	})
	if err != nil {
		return r, errors.Join(err, r.Close())
	}
	return r, nil
}

// writeWhole writes a file in place of the one that is there, or leaves that alone.
func writeWhole(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".kostnytte-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	err = write(tmp)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}

// writeTables writes the tables of a report as CSV and JSON, and the sums of the ledger as the accounting system wants them.
func (a *app) writeTables(ctx context.Context, r billing.Report, accounts []string, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, t := range reports.Tables() {
		path := filepath.Join(folder, string(t))
		err := writeWhole(path+".csv", func(w io.Writer) error { return reports.WriteCSV(w, r, t) })
		if err == nil {
			err = writeWhole(path+".json", func(w io.Writer) error { return reports.WriteJSON(w, r, t) })
		}
		if err != nil {
			return err
		}
	}
	rows, err := a.engine.ExportLedger(ctx, engine.ExportQuery{From: r.From, To: r.To, Accounts: accounts, DefaultCode: a.cfg.DefaultCode})
	if err != nil {
		return err
	}
	err = writeWhole(filepath.Join(folder, "regnskap.csv"), func(w io.Writer) error {
		return billing.WriteExport(w, rows, r.From, r.To, a.cfg.LedgerColumns, a.cfg.LedgerEncoding)
	})
	if err != nil || len(accounts) > 0 {
		return err // a part of a voucher is none
	}
	return a.writeVouchers(ctx, r.From, r.To, folder)
}

// writeVouchers writes the vouchers of each month of a period. One without lines is not there.
func (a *app) writeVouchers(ctx context.Context, from, to billing.Civil, folder string) error {
	claimed := map[string]bool{}
	for _, p := range a.cfg.Vouchers {
		for _, account := range p.Accounts {
			claimed[account] = true
		}
	}
	for month := from; month < to; {
		end := min(to, billing.NextMonth(month))
		for _, p := range a.cfg.Vouchers {
			rows, err := a.engine.ExportLedger(ctx, engine.ExportQuery{From: month, To: end, DefaultCode: p.DefaultCode})
			if err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(r billing.ExportRow) bool {
				return !slices.Contains(p.Accounts, r.Account) && !(p.Rest && !claimed[r.Account])
			})
			v, err := billing.BuildVoucher(rows, p.VoucherProfile, end.AddDays(-1))
			if err != nil {
				return fmt.Errorf("[vouchers.%s]: %w", p.Name, err)
			}
			path := filepath.Join(folder, fmt.Sprintf("bilag-%s-%s%s", p.Name, month.Month(), p.VoucherFileExt()))
			if len(v.Lines) == 0 {
				if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
				continue
			}
			if err := writeWhole(path, func(w io.Writer) error { return billing.WriteVoucher(w, v, p.VoucherProfile) }); err != nil {
				return err
			}
		}
		month = end
	}
	return nil
}
