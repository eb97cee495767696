package demo

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/finance"
	"postgang/engine/invoices"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/reports"
)

// beyondLetters is what the vendor invoices besides its letters, as it would count it: the control sheets of its files, and what
// each account's days lack to the minimum.
func (d *demo) beyondLetters(ctx context.Context, vendor string) (map[string]money.Ore, error) {
	out := map[string]money.Ore{}
	type accountDay struct{ account, day string }
	days := map[accountDay]money.Ore{}
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		jobs, err := r.Jobs(ctx, store.JobFilter{Vendor: vendor})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if !j.State.Live() { // never handed over, or planned anew
				continue
			}
			files, err := r.JobFiles(ctx, j.ID)
			if err != nil {
				return err
			}
			for _, f := range files {
				out[ledger.KindControlSheet] += money.Ore(demoControlSheet * (f.File.Header + f.File.Trailer))
			}
		}
		lines, err := r.Ledger(ctx, store.LedgerFilter{Vendor: vendor})
		for _, l := range lines {
			if l.Line.Kind == ledger.KindProduction {
				days[accountDay{l.Account, l.PostedAt.In(calendar.Oslo).Format(time.DateOnly)}] += l.Line.Net
			}
		}
		return err
	})
	for _, net := range days {
		out[ledger.KindMinimum] += max(0, demoDayMinimum-net)
	}
	return out, err
}

// invoice has the vendor invoice the month, an øre too much, with control sheets and minimums, and books it to the øre.
func (d *demo) invoice(ctx context.Context) error {
	const vendor = "simulator"
	from, to := d.period()
	d.clock.Set(to.In(calendar.Oslo).AddDate(0, 0, 2))
	d.say("9. The invoice of %s, for %s", vendor, civil.PeriodWords(from, to))
	var booked []invoice.Booked
	err := d.app.Archive.View(ctx, func(r store.Reader) (err error) {
		booked, err = r.BookedFor(ctx, vendor, from.In(calendar.Oslo), to.In(calendar.Oslo))
		return err
	})
	if err != nil {
		return err
	}
	kinds, err := d.beyondLetters(ctx, vendor)
	if err != nil {
		return err
	}
	for _, b := range booked {
		kinds[b.Kind] += b.Net
	}
	kinds[ledger.KindProduction]++
	var b strings.Builder
	fmt.Fprintln(&b, strings.Join(invoice.Columns(), ";"))
	for i, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&b, "SIM-%s;%s;%s;%s;%d;%s;;1;%s;25\n", from.Month(), to, from, to.AddDays(-1), i+1, kind, kinds[kind].Plain(","))
	}
	if err := os.WriteFile(filepath.Join(d.dir, "faktura.csv"), []byte(b.String()), 0o600); err != nil {
		return err
	}
	rec, err := d.app.Engine.TakeInvoice(ctx, vendor, []byte(b.String()), civil.Period{})
	if err != nil {
		return err
	}
	p, err := d.app.Engine.InvoicePeriodOf(ctx, rec)
	if err != nil {
		return err
	}
	for _, r := range p.Rows {
		if r.Expected != nil {
			d.checkOre("øre of "+r.Kind+" by the price list = øre invoiced", *r.Expected, r.Invoiced)
			continue
		}
		d.say("   %-12s invoiced kr %12s, receipts kr %12s, difference kr %9s", r.Kind, r.Invoiced, r.Booked, r.Difference())
	}
	if p, err = d.app.Engine.BookInvoice(ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "demonstrasjon"}); err != nil {
		return err
	}
	d.checkOre("øre invoiced = øre in receipts + shared out", rec.Invoice.Net, rec.Invoice.Net-p.LeftNet)
	d.checkOre("VAT invoiced = VAT in receipts + shared out", rec.Invoice.VAT, rec.Invoice.VAT-p.LeftVAT)
	// It takes two persons: the first one's asking is noted.
	for _, by := range []struct {
		name string
		want error
	}{{"kari", access.ErrSecondPerson}, {"ola", nil}} {
		as := access.As(ctx, access.Actor{Kind: access.CommandLine, ID: by.name})
		if _, err := d.app.Engine.CloseMonth(as, from, "demonstrasjon"); !errors.Is(err, by.want) {
			return fmt.Errorf("close %s by %s: %w", from.Month(), by.name, err)
		}
	}
	d.booked = true
	if err := d.report(ctx); err != nil {
		return err
	}
	if err := d.tables(ctx); err != nil {
		return err
	}
	d.say("   %s is closed by a second person, and the workbook written anew with the invoice in it", from.Month())
	return nil
}

// tables writes the figures as CSV, and holds the file for the accounting system against the ledger.
func (d *demo) tables(ctx context.Context) error {
	from, to := d.period()
	r, err := d.app.Engine.Report(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit})
	if err != nil {
		return err
	}
	defer r.Close()
	folder := strings.TrimSuffix(d.workbook(), ".xlsx")
	if err := d.app.WriteTables(ctx, r, nil, folder); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(folder, "regnskap.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil {
		return err
	}
	var sum money.Ore
	for _, row := range rows[1:] {
		net, err := money.ParseOre(row[slices.Index(rows[0], "netto")])
		if err != nil {
			return err
		}
		sum += net
	}
	d.checkOre("øre in the file for the accounting system = øre in the report", sum, r.Money.Net)
	return d.voucher(folder, from, r.Money)
}

// voucher holds the voucher of the month against the report: it balances, and what it owes is the gross.
func (d *demo) voucher(folder string, month civil.Date, m figures.Money) error {
	data, err := os.ReadFile(filepath.Join(folder, "bilag-demo-"+month.Month()+".csv"))
	if err != nil {
		return err
	}
	var sum, owed money.Ore
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\r\n") {
		f := strings.Split(line, ";")
		amount, err := money.ParseOre(strings.Replace(f[27], ".", ",", 1))
		if err != nil {
			return fmt.Errorf("voucher: %w", err)
		}
		if sum += amount; f[6] == "2400" {
			owed -= amount
		}
	}
	d.checkOre("øre of the voucher, debit and credit together = 0", sum, 0)
	d.checkOre("øre owed by the voucher = øre in the report, with VAT", owed, m.Gross)
	return nil
}

// receipts lets the vendor print and post the next day, and books what it reports.
func (d *demo) receipts(ctx context.Context) error {
	next := d.expected.Night.AddDate(0, 0, 1)
	d.clock.Set(time.Date(next.Year(), next.Month(), next.Day(), 13, 30, 0, 0, calendar.Oslo))
	d.say("4. The next day the vendors post and send receipts")
	for _, v := range d.vendors {
		if _, err := v.WriteReceipts(ctx); err != nil {
			return err
		}
	}
	x, err := d.app.Engine.Fetch(ctx)
	if err != nil {
		return err
	}
	var rows, booked, double, unknown, deviations int
	var net money.Ore
	for _, f := range x.Receipts {
		rows, booked, double, unknown, deviations = rows+f.Rows, booked+f.Applied, double+f.Doubles, unknown+f.Unknown, deviations+f.Deviate
		net += f.Booked
		if len(f.Problems) > 0 || f.Conflict > 0 {
			d.fail("receipt file %s: %d problems, %d conflicts", f.File, len(f.Problems), f.Conflict)
		}
	}
	d.say("   %d receipt files with %d rows: %d booked (kr %s net), %d doubled, %d of unknown letters; %d deviations", len(x.Receipts), rows, booked, net, double, unknown, deviations)
	again, err := d.app.Engine.Fetch(ctx)
	if err != nil {
		return err
	}
	d.check("receipts booked by fetching again", len(again.Receipts), 0)
	d.clock.Set(d.expected.Night.AddDate(0, 0, 4))
	return d.readAfterAll(ctx)
}

func (d *demo) workbook() string {
	from, _ := d.period()
	return filepath.Join(d.dir, fmt.Sprintf("kostnytte-%s.xlsx", from.Month()))
}

// period is the month of the night.
func (d *demo) period() (from, to civil.Date) {
	return calendar.LastMonth(d.expected.Night.AddDate(0, 1, 0))
}

// codes imports finance's register of konteringskoder: all that the senders use but one, which is mistyped then.
func (d *demo) codes(ctx context.Context) error {
	from, to := d.period()
	r, err := d.app.Engine.Report(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit})
	if err != nil {
		return err
	}
	defer r.Close()
	var b strings.Builder
	fmt.Fprintln(&b, "kode;navn;ansvar;budsjett")
	for i, c := range r.PerKonteringskode {
		if c.Missing || c.Code == shipment.InvalidCode {
			continue
		}
		code := c.Code
		if code == "0150" {
			code = "150"
		}
		fmt.Fprintf(&b, "%s;Enhet %d;%d;%d\n", code, i+1, 100+10*i, 2000*(i+1))
	}
	path := filepath.Join(d.dir, "kontoplan.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return err
	}
	rows, err := reports.ReadRegister([]byte(b.String()))
	if err != nil {
		return err
	}
	entries, problems := codes.ParseRegister(rows)
	if len(problems) > 0 {
		return fmt.Errorf("%s: %v", path, problems)
	}
	_, err = d.app.Engine.ImportCodes(ctx, entries, "demonstrasjon")
	return err
}

func (d *demo) report(ctx context.Context) error {
	from, to := d.period()
	r, err := d.app.WriteReport(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit,
		Notes: []string{"Demonstrasjon: personer og priser er oppdiktet, unntatt porto (Postens frimerkepriser 04.01.2021)."}}, d.workbook())
	if err != nil {
		return err
	}
	defer r.Close()
	if d.booked {
		return nil
	}
	d.say("5. The workbook: %d konteringskoder, kr %s net, %d deviations", len(r.PerKonteringskode), r.Money.Net, r.Deviations.Len())
	d.say("   %-22s %8s %8s %14s", "konteringskode", "received", "printed", "kr net")
	for _, c := range r.PerKonteringskode {
		d.say("   %-22s %8d %8d %14s", c.Code, c.Counters.Received, c.Counters.Printed, c.Money.Net)
	}
	return nil
}
