package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/billing/ledger"
	"postgang/engine/finance"
	"postgang/reports"
)

// WriteReport builds a report and writes its workbook: whole, or not at all. The caller closes the report.
func (a *App) WriteReport(ctx context.Context, q finance.ReportQuery, path string) (figures.Report, error) {
	r, err := a.Engine.Report(ctx, q)
	if err != nil {
		return r, err
	}
	err = writeWhole(path, func(w io.Writer) error {
		return reports.Write(w, r, reports.Options{Organisation: a.Config.Organisation, Template: a.Config.ReportBook, TempDir: a.Config.Work})
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

// WriteTables writes the tables of a report as CSV and JSON, and the sums of the ledger as the accounting system wants them.
func (a *App) WriteTables(ctx context.Context, r figures.Report, accounts []string, folder string) error {
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
	rows, err := a.Engine.ExportLedger(ctx, finance.ExportQuery{From: r.From, To: r.To, Accounts: accounts, DefaultCode: a.Config.DefaultCode})
	if err != nil {
		return err
	}
	err = writeWhole(filepath.Join(folder, "regnskap.csv"), func(w io.Writer) error {
		return ledger.WriteExport(w, rows, r.From, r.To, a.Config.LedgerColumns, a.Config.LedgerEncoding)
	})
	if err != nil || len(accounts) > 0 {
		return err // a part of a voucher is none
	}
	return a.writeVouchers(ctx, r.From, r.To, folder)
}

// writeVouchers writes the vouchers of each month of a period. One without lines is not there.
func (a *App) writeVouchers(ctx context.Context, from, to civil.Date, folder string) error {
	claimed := map[string]bool{}
	for _, p := range a.Config.Vouchers {
		for _, account := range p.Accounts {
			claimed[account] = true
		}
	}
	for month := from; month < to; {
		end := min(to, civil.NextMonth(month))
		for _, p := range a.Config.Vouchers {
			rows, err := a.Engine.ExportLedger(ctx, finance.ExportQuery{From: month, To: end, DefaultCode: p.DefaultCode})
			if err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(r ledger.ExportRow) bool {
				return !slices.Contains(p.Accounts, r.Account) && !(p.Rest && !claimed[r.Account])
			})
			v, err := ledger.BuildVoucher(rows, p.VoucherProfile, end.AddDays(-1))
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
			if err := writeWhole(path, func(w io.Writer) error { return ledger.WriteVoucher(w, v, p.VoucherProfile) }); err != nil {
				return err
			}
		}
		month = end
	}
	return nil
}
