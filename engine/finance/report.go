package finance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// ReportQuery asks for the figures of a period.
type ReportQuery struct {
	From, To civil.Date // half-open, days in Europe/Oslo
	Accounts []string   // nil: all
	Inputs   figures.CostBenefitInputs
	Notes    []string
}

// Report gathers the figures of a period. It holds no personal data. The caller closes it.
func (e *Finance) Report(ctx context.Context, q ReportQuery) (figures.Report, error) {
	from, to := q.From.In(calendar.Oslo), q.To.In(calendar.Oslo)
	if !from.Before(to) {
		return figures.Report{}, fmt.Errorf("the period from %s to %s is empty; the last day is not included", q.From, q.To)
	}
	for _, a := range q.Accounts {
		if _, ok := e.Accounts[a]; !ok {
			return figures.Report{}, fmt.Errorf("account %q is not configured", a)
		}
	}
	in := figures.ReportInput{
		From: q.From, To: q.To, Generated: e.Now(), Location: calendar.Oslo, Accounts: map[string]string{}, Inputs: q.Inputs, Notes: q.Notes,
		ReportID: fmt.Sprintf("%s-%s-%s", q.From, q.To, e.Installation[:8]),
	}
	chosen := map[string]bool{}
	for _, a := range q.Accounts {
		chosen[a] = true
	}
	if in.Only = slices.Sorted(maps.Keys(chosen)); len(in.Only) > 0 {
		in.ReportID += "-" + strings.Join(in.Only, "-")
	}
	for key, a := range e.Accounts {
		in.Accounts[key] = a.Name
	}
	for _, key := range e.VendorKeys {
		if v := e.Vendors[key]; v.Prices != nil {
			for _, p := range v.Prices.Prices() {
				in.Prices = append(in.Prices, figures.VendorPrice{Vendor: cmp.Or(v.Name, key), Account: p.Account, Price: p})
			}
		}
	}
	in.Rows = figures.NewReportRows(e.WorkDir)
	err := e.Archive.View(ctx, func(r store.Reader) error {
		if err := e.reportShipments(ctx, r, from, to, q.Accounts, &in); err != nil {
			return err
		}
		half, err := r.HalfReceiptFiles(ctx)
		if err != nil {
			return err
		}
		for _, f := range half {
			in.Notes = append(in.Notes, fmt.Sprintf("Ikke endelig: kvitteringsfilen %s fra %s er under bokføring, %d av %d rader er med.", f.Name, cmp.Or(e.Vendors[f.Vendor].Name, f.Vendor), f.Done, f.Rows))
		}
		notable, err := r.CountNotable(ctx, from, to, q.Accounts)
		if err != nil {
			return err
		}
		in.Withdrawn, in.Returned, in.ReadAfter = notable[shipment.EventWithdrawn], notable[shipment.EventReturned], notable[shipment.EventReadAfter]
		if err := unreceipted(ctx, r, from, to, chosen, in.Rows.Deviation); err != nil {
			return err
		}
		reprints, err := reprints(ctx, r)
		if err != nil {
			return err
		}
		err = r.EachLedgerLine(ctx, store.LedgerFilter{From: from, To: to, Accounts: q.Accounts}, func(l store.LedgerLine) error {
			return in.Rows.Cost(figures.CostRecord{
				Shipment: l.Shipment, Job: l.Job, Account: l.Account, Konteringskode: l.Line.Konteringskode, Posted: civil.Of(l.BookedAt, calendar.Oslo), Letters: l.Letters,
				Kind: l.Line.Kind, Net: l.Line.Net, VAT: l.Line.VAT, Gross: l.Line.Gross, Source: sourceOf(l, reprints[l.Job]), Reprint: reprints[l.Job],
			})
		})
		if err != nil {
			return err
		}
		if in.Budgets, err = budgets(ctx, r, q.To, q.Accounts); err != nil {
			return err
		}
		if in.Invoices, err = e.invoiceRows(ctx, r, q.From, q.To, q.Accounts); err != nil {
			return err
		}
		if in.Accruals, err = e.accruals(ctx, r, q.To, chosen); err != nil {
			return err
		}
		return reportDeviations(ctx, r, from, to, chosen, in.Rows.Deviation)
	})
	if err != nil {
		return figures.Report{}, errors.Join(fmt.Errorf("gather report: %w", err), in.Rows.Close())
	}
	return figures.BuildReport(in)
}

// reportShipments adds the shipments of a period, what the digital ones cost, and what the letters could have cost less.
func (e *Finance) reportShipments(ctx context.Context, r store.Reader, from, to time.Time, accounts []string, in *figures.ReportInput) error {
	terms, err := e.TermsIn(ctx, r, e.Now())
	if err != nil {
		return err
	}
	advice := newAdvisor(e, terms)
	within := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	err = r.EachReportShipment(ctx, from, to, accounts, func(s store.ReportShipment) error {
		if within(s.PostedAt) {
			advice.letter(s)
		}
		if within(s.ReceivedAt) {
			if kroner, ok := digitalCost(s, terms); ok {
				in.Digital += kroner
				in.DigitalPriced++
			}
		}
		return in.Rows.Shipment(shipmentRecord(s))
	})
	in.Advice = advice.list()
	return err
}

// reportDeviations gives the deviations recorded in [from, to), some hundred at a time, with the konteringskoder of their letters.
// Of some accounts: theirs alone. Those of invoices and of unknown letters are of no account.
func reportDeviations(ctx context.Context, r store.Reader, from, to time.Time, accounts map[string]bool, add func(figures.DeviationRecord) error) error {
	for f := (store.DeviationFilter{From: from, To: to, Limit: store.Page}); ; {
		page, err := r.Deviations(ctx, f)
		if err != nil || len(page) == 0 {
			return err
		}
		f.After = page[len(page)-1]
		page = slices.DeleteFunc(page, func(d store.Deviation) bool { return len(accounts) > 0 && !accounts[d.Account] })
		var ours []string
		for _, d := range page {
			if d.Account != "" {
				ours = append(ours, d.Finding.Shipment)
			}
		}
		codes, err := r.CodesOf(ctx, ours)
		if err != nil {
			return err
		}
		for _, d := range page {
			rec := figures.DeviationRecord{Deviation: d.Finding, Account: d.Account, Day: civil.Of(d.At, calendar.Oslo), State: d.State.Norwegian()}
			if d.Account != "" {
				rec.Konteringskode = shipment.ShownCode(codes[d.Finding.Shipment])
			}
			if err := add(rec); err != nil {
				return err
			}
		}
	}
}

// digitalCost is what a digital message costs by the price list of its account's vendor, on the day that it was read or else
// received; false when it was none, or is not priced. Its size is that of the prepared letter.
func digitalCost(s store.ReportShipment, terms *step.Terms) (money.Decimal, bool) {
	at := s.ReceivedAt
	if !s.ReadAt.IsZero() {
		at = s.ReadAt
	}
	v := terms.VendorAt(s.Account, at)
	if v.Prices == nil || s.Prepared.IsZero() || !s.PostedAt.IsZero() || s.Status != shipment.StatusLest && s.Status != shipment.StatusLevertSDP {
		return 0, false
	}
	kroner, priced, err := v.Prices.Digital(s.Account, s.Prepared.Bytes, civil.Of(at, calendar.Oslo))
	return kroner, priced && err == nil
}

// invoiceRows are the invoices of a period against the receipts. What they are for is not told by account: a report of some
// accounts has none.
func (e *Finance) invoiceRows(ctx context.Context, r store.Reader, from, to civil.Date, accounts []string) ([]figures.InvoiceRow, error) {
	if len(accounts) > 0 {
		return nil, nil
	}
	periods, err := e.invoices.InvoicePeriodsIn(ctx, r, from, to)
	if err != nil {
		return nil, err
	}
	var out []figures.InvoiceRow
	for _, p := range periods {
		numbers, booked := make([]string, len(p.Invoices)), true
		for i, inv := range p.Invoices {
			numbers[i] = inv.Invoice.Number
			booked = booked && !inv.BookedAt.IsZero()
		}
		for _, row := range p.Rows {
			out = append(out, figures.InvoiceRow{
				Vendor: cmp.Or(e.Vendors[p.Vendor].Name, p.Vendor), Numbers: strings.Join(numbers, " + "), From: p.From, To: p.To, Kind: row.Kind,
				Konteringskode: row.Konteringskode, ByCode: row.ByCode, Others: row.Others, NotInvoiced: row.NotInvoiced, Invoiced: row.Invoiced, Receipts: row.Booked,
				Allocated: row.Allocated, Booked: booked, Expected: row.Expected,
			})
		}
	}
	return out, nil
}

// accruedMonths is how far back letters without an invoice are looked for.
const accruedMonths = 24

// accruals sums what receipts say of letters that were posted before a day, in time that no invoice of the vendor is for; month by
// month, or by the part of it that no invoice covers. accounts: none, all.
func (e *Finance) accruals(ctx context.Context, r store.Reader, to civil.Date, accounts map[string]bool) ([]figures.AccrualRow, error) {
	invoices, err := r.Invoices(ctx, time.Time{}, time.Time{})
	if err != nil {
		return nil, err
	}
	t := to.UTC()
	since := civil.Of(time.Date(t.Year(), t.Month()-accruedMonths, 1, 12, 0, 0, 0, time.UTC), time.UTC)
	var out []figures.AccrualRow
	for _, vendor := range e.VendorKeys {
		files, err := r.ReceiptFiles(ctx, vendor)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			continue
		}
		bounds := []civil.Date{to}
		for m := since; m < to; m = civil.NextMonth(m) {
			bounds = append(bounds, m)
		}
		for _, rec := range invoices {
			if rec.Vendor == vendor {
				bounds = append(bounds, rec.Invoice.From, rec.Invoice.To)
			}
		}
		bounds = slices.DeleteFunc(bounds, func(d civil.Date) bool { return d < since || d > to })
		slices.Sort(bounds)
		bounds = slices.Compact(bounds)
		for i := range len(bounds) - 1 {
			rows, err := e.uninvoiced(ctx, r, vendor, bounds[i], bounds[i+1], invoices, accounts)
			if err != nil {
				return nil, err
			}
			out = append(out, rows...)
		}
		later, err := r.CarriedBeyond(ctx, vendor, to.In(calendar.Oslo))
		if err != nil {
			return nil, err
		}
		rows := e.accrued(vendor, since, to, later, nil, accounts)
		for i := range rows {
			rows[i].Carried = true
		}
		out = append(out, rows...)
	}
	return out, nil
}

// uninvoiced sums what receipts say of a vendor's letters that were posted in [from, to), of the kinds that no invoice for that time
// has. No invoice begins or ends within it.
func (e *Finance) uninvoiced(ctx context.Context, r store.Reader, vendor string, from, to civil.Date, invoices []store.InvoiceRecord, accounts map[string]bool) ([]figures.AccrualRow, error) {
	invoiced := map[string]bool{}
	for _, rec := range invoices {
		if rec.Vendor == vendor && rec.Invoice.From <= from && to <= rec.Invoice.To {
			for _, l := range rec.Invoice.Lines {
				invoiced[l.Kind] = true
			}
		}
	}
	if invoiced[ledger.KindProduction] && invoiced[ledger.KindPostage] {
		return nil, nil // receipts are of no other kinds
	}
	booked, err := r.BookedFor(ctx, vendor, from.In(calendar.Oslo), to.In(calendar.Oslo))
	if err != nil {
		return nil, err
	}
	return e.accrued(vendor, from, to, booked, invoiced, accounts), nil
}

// accrued sums what is booked of accounts (none: all) by kind, but those that are invoiced.
func (e *Finance) accrued(vendor string, from, to civil.Date, booked []invoice.Booked, invoiced, accounts map[string]bool) []figures.AccrualRow {
	var out []figures.AccrualRow
	letters := 0 // each counts at its first line, whatever kind that is of
	for _, b := range booked {
		if len(accounts) > 0 && !accounts[b.Account] {
			continue
		}
		if letters += b.Letters; invoiced[b.Kind] {
			continue
		}
		i := slices.IndexFunc(out, func(row figures.AccrualRow) bool { return row.Kind == b.Kind })
		if i < 0 {
			i = len(out)
			out = append(out, figures.AccrualRow{Vendor: cmp.Or(e.Vendors[vendor].Name, vendor), From: from, To: to, Kind: b.Kind})
		}
		out[i].Net, out[i].VAT = out[i].Net+b.Net, out[i].VAT+b.VAT
	}
	for i := range out {
		out[i].Letters = letters
	}
	return slices.DeleteFunc(out, func(row figures.AccrualRow) bool { return row.Net == 0 && row.VAT == 0 })
}

// reprints tells which jobs are reprints.
func reprints(ctx context.Context, r store.Reader) (map[string]bool, error) {
	jobs, err := r.Jobs(ctx, store.JobFilter{Reprints: true})
	out := make(map[string]bool, len(jobs))
	for _, j := range jobs {
		out[j.ID] = true
	}
	return out, err
}

// sourceOf words where a ledger line is from.
func sourceOf(l store.LedgerLine, reprint bool) string {
	s := map[store.LedgerSource]string{store.LedgerReceipt: "kvitteringsfil ", store.LedgerReversal: "reversering ved ", store.LedgerAllocation: "fordeling av faktura "}[l.Source]
	s += l.Document[:min(12, len(l.Document))]
	if reprint {
		s += ", omtrykk"
	}
	if l.Note != "" {
		s += ": " + l.Note
	}
	return s
}

// unreceipted lists the letters handed over in [from, to) that no receipt has come for. They belong to the period in
// which they were handed over: one received on the last day of a month is sent in the next, and would be in no report.
func unreceipted(ctx context.Context, r store.Reader, from, to time.Time, accounts map[string]bool, add func(figures.DeviationRecord) error) error {
	for after := ""; ; {
		page, err := r.Shipments(ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusSendtPrint}, Newest: true, After: after, Limit: store.Page})
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].ID
		for _, s := range page {
			if !s.PostedAt.IsZero() || s.SentAt.Before(from) || !s.SentAt.Before(to) || len(accounts) > 0 && !accounts[s.Account] {
				continue
			}
			jobs, err := r.JobsOf(ctx, s.ID)
			if err != nil {
				return err
			}
			for _, j := range jobs {
				if !j.State.Live() || j.Reprint && j.OfferedAt.IsZero() { // a reprint that the vendor has not got owes no receipt
					continue
				}
				letter, err := r.JobLetterOf(ctx, j.ID, s.ID)
				if err != nil {
					return err
				}
				day := civil.Of(s.SentAt, calendar.Oslo)
				err = add(figures.DeviationRecord{
					Deviation: receipt.Missing(letter.Sent(), day), Account: s.Account, Konteringskode: shipment.ShownCode(s.Submission.Konteringskode), Day: day,
				})
				if err != nil {
					return err
				}
			}
		}
	}
}

func shipmentRecord(s store.ReportShipment) figures.ShipmentRecord {
	return figures.ShipmentRecord{
		ID: s.ID, Account: s.Account, AvgivendeSystem: s.Submission.SendingSystem, Konteringskode: shipment.ShownCode(s.Submission.Konteringskode),
		Status: string(s.Status), Channel: channel(s), Reason: reasonText(s), Received: s.ReceivedAt, Notified: s.NotifiedAt,
		Read: s.ReadAt, Posted: s.PostedAt, PagesBW: s.Letter.PagesBW, PagesColour: s.Letter.PagesColour,
		Sheets: s.Letter.Sheets, WeightGram: s.Letter.WeightGram, Envelope: s.Letter.Envelope, Zone: s.Zone, Job: s.Job,
	}
}

// channel is where a shipment went, as far as it has gone.
func channel(s store.ReportShipment) string {
	switch {
	case s.Status == shipment.StatusSendtPrint, s.Status == shipment.StatusPrintet, !s.SentAt.IsZero():
		return figures.ChannelPaper
	case s.Status == shipment.StatusSendtSDP, s.Status == shipment.StatusLevertSDP:
		return "SDP"
	case !s.NotifiedAt.IsZero():
		return "ALTINN"
	}
	return ""
}

func reasonText(s store.ReportShipment) string {
	if s.Status == shipment.StatusAvvist {
		return shipment.RefusalCodes(s.Refusals)
	}
	return string(s.DueReason)
}
