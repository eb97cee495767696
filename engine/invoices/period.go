package invoices

import (
	"context"
	"fmt"
	"slices"
	"time"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// InvoicePeriod is all invoices of a vendor for one period, held against the receipts of the letters posted in it.
type InvoicePeriod struct {
	Vendor   string
	From, To civil.Date
	Invoices []Invoiced // by number
	Rows     []InvoiceRow
	// Left is what the invoices have more than the ledger, of the kinds that they have; 0 when all of them are booked and
	// nothing has come since.
	LeftNet, LeftVAT money.Ore
	// Doubts are why a person should look before the invoices that are not booked are.
	Doubts []InvoiceDoubt
}

// InvoiceDoubt is a reason to look at an invoice before it is booked.
type InvoiceDoubt struct {
	Number string
	Why    shipment.Note
}

// In words the doubt.
func (d InvoiceDoubt) In(lang words.Language) string { return words.Why(d.Why.String(), lang) }

// Invoiced is an invoice and when it was booked last; zero: it is not.
type Invoiced struct {
	store.InvoiceRecord
	BookedAt time.Time
}

// InvoiceRow holds a kind of cost against the receipts.
type InvoiceRow struct {
	invoice.CheckRow
	Allocated money.Ore // net; booked from the invoices
}

// Off is what is invoiced more than was to be expected: by the receipts, or by the price list for what has none. told is false
// where neither tells.
func (r InvoiceRow) Off() (net money.Ore, told bool) {
	switch {
	case r.NotInvoiced:
		return 0, false
	case r.Expected != nil:
		return r.Invoiced - *r.Expected, true
	}
	return r.Difference(), r.Kind == ledger.KindProduction || r.Kind == ledger.KindPostage
}

// Left is what is invoiced and neither booked from receipts nor from the invoices.
func (r InvoiceRow) Left() money.Ore {
	if r.NotInvoiced {
		return 0
	}
	return r.Difference() - r.Allocated
}

// invoicePeriod reads the invoices of a vendor for a period and holds them against the ledger: with what is booked from receipts,
// and the lines that are booked from the invoices.
func (e *Invoices) invoicePeriod(ctx context.Context, r store.Reader, vendor string, from, to civil.Date) (InvoicePeriod, invoice.Basis, []store.LedgerLine, error) {
	p := InvoicePeriod{Vendor: vendor, From: from, To: to}
	var basis invoice.Basis
	all, err := r.Invoices(ctx, from.In(calendar.Oslo), to.In(calendar.Oslo))
	if err != nil {
		return p, basis, nil, err
	}
	var shares []store.LedgerLine
	var invoices []invoice.Invoice
	for _, rec := range all {
		if rec.Vendor != vendor || rec.Invoice.From != from || rec.Invoice.To != to {
			continue
		}
		lines, err := r.Ledger(ctx, store.LedgerFilter{Document: rec.ID})
		if err != nil {
			return p, basis, nil, err
		}
		i := Invoiced{InvoiceRecord: rec}
		if i.BookedAt, err = bookedSince(ctx, r, rec.ID); err != nil {
			return p, basis, nil, err
		}
		p.Invoices, shares, invoices = append(p.Invoices, i), append(shares, lines...), append(invoices, rec.Invoice)
	}
	if len(invoices) == 0 {
		return p, basis, nil, fmt.Errorf("vendor %s has no invoice for %s: %w", vendor, civil.PeriodWords(from, to), store.ErrNotFound)
	}
	if basis.Booked, err = r.BookedFor(ctx, vendor, from.In(calendar.Oslo), to.In(calendar.Oslo)); err != nil {
		return p, basis, nil, err
	}
	together := invoice.Together(invoices)
	p.LeftNet, p.LeftVAT = together.Net, together.VAT
	invoiced := map[string]bool{}
	for _, l := range together.Lines {
		invoiced[l.Kind] = true
	}
	for _, b := range basis.Booked {
		if invoiced[b.Kind] {
			p.LeftNet, p.LeftVAT = p.LeftNet-b.Net, p.LeftVAT-b.VAT
		}
	}
	for _, l := range shares {
		p.LeftNet, p.LeftVAT = p.LeftNet-l.Line.Net, p.LeftVAT-l.Line.VAT
	}
	if basis.Caused, err = e.beyondLetters(ctx, r, e.Vendors[vendor], from.In(calendar.Oslo), to.In(calendar.Oslo)); err != nil {
		return p, basis, nil, err
	}
	p.Rows = invoiceRows(invoice.Check(together, basis), shares)
	for i, inv := range p.Invoices {
		if !inv.BookedAt.IsZero() {
			continue
		}
		others := slices.Delete(slices.Clone(invoices), i, i+1)
		doubts, err := e.doubts(ctx, r, inv.Invoice, others, basis)
		if err != nil {
			return p, basis, nil, err
		}
		p.Doubts = append(p.Doubts, doubts...)
	}
	return p, basis, shares, nil
}

// issuedAhead is how many days ahead an invoice may be dated: some are, by days or weeks; another year is a typing error.
const issuedAhead = 62

// doubts says why a person should look before an invoice is booked beside others: its amounts (invoice.Doubt), and days that
// hardly can be. An invoice for a month before the first with anything in it would be a cost in a month that nobody reports.
func (e *Invoices) doubts(ctx context.Context, r store.Reader, inv invoice.Invoice, others []invoice.Invoice, basis invoice.Basis) ([]InvoiceDoubt, error) {
	var out []InvoiceDoubt
	add := func(why shipment.Note) { out = append(out, InvoiceDoubt{inv.Number, why}) }
	for _, d := range invoice.Doubt(inv, others, basis) {
		add(shipment.Note{Code: d.Code, Args: shipment.Args(d.Args)})
	}
	now := e.Now()
	if inv.Issued > civil.Of(now, calendar.Oslo).AddDays(issuedAhead) {
		add(shipment.Note{Code: "invoice-ahead", Args: shipment.Args{"day": string(inv.Issued)}})
	}
	first, err := r.FirstActivity(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	if first.IsZero() {
		first = now
	}
	if month := MonthOf(first); inv.To <= month {
		add(shipment.Note{Code: "invoice-before", Args: shipment.Args{"first": string(inv.From), "last": string(inv.To.AddDays(-1)), "month": month.Month()}})
	}
	return out, nil
}

// invoiceRows adds what is booked from the invoices. A kind that is booked whole has it row by row; else a code's row has what is
// booked on the code, up to its difference, and the row of the others what remains.
func invoiceRows(rows []invoice.CheckRow, shares []store.LedgerLine) []InvoiceRow {
	type place struct{ kind, code string }
	kinds, codes, differences := map[string]money.Ore{}, map[place]money.Ore{}, map[string]money.Ore{}
	for _, l := range shares {
		kinds[l.Line.Kind] += l.Line.Net
		codes[place{l.Line.Kind, l.Line.Konteringskode}] += l.Line.Net
	}
	others := map[string]int{} // kinds with both sorts of rows: where the row of the others is
	for i, r := range rows {
		if !r.NotInvoiced {
			differences[r.Kind] += r.Difference()
		}
		if r.Others {
			others[r.Kind] = i
		}
	}
	out := make([]InvoiceRow, len(rows))
	for i, r := range rows {
		out[i].CheckRow = r
		other, mixed := others[r.Kind]
		switch here := codes[place{r.Kind, r.Konteringskode}]; {
		case mixed && kinds[r.Kind] == differences[r.Kind]:
			out[i].Allocated = r.Difference()
		case mixed && i != other:
			d := r.Difference()
			out[i].Allocated = min(max(here, min(d, 0)), max(d, 0))
			out[other].Allocated -= out[i].Allocated
		case r.ByCode:
			out[i].Allocated = here
		default:
			out[i].Allocated += kinds[r.Kind]
		}
	}
	return out
}

// InvoicePeriodOf holds an invoice, with the others of its vendor for the same period, against the receipts as they are now.
func (e *Invoices) InvoicePeriodOf(ctx context.Context, rec store.InvoiceRecord) (InvoicePeriod, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (InvoicePeriod, error) {
		p, _, _, err := e.invoicePeriod(ctx, r, rec.Vendor, rec.Invoice.From, rec.Invoice.To)
		return p, err
	})
}

// InvoicePeriods holds all invoices against the receipts whose period has days in [from, to); empty days: all. By period and
// vendor.
func (e *Invoices) InvoicePeriods(ctx context.Context, from, to civil.Date) ([]InvoicePeriod, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]InvoicePeriod, error) { return e.InvoicePeriodsIn(ctx, r, from, to) })
}

// InvoicePeriodsIn is InvoicePeriods with a reader that the caller has.
func (e *Invoices) InvoicePeriodsIn(ctx context.Context, r store.Reader, from, to civil.Date) ([]InvoicePeriod, error) {
	var first, last time.Time
	if to != "" {
		first, last = from.In(calendar.Oslo), to.In(calendar.Oslo)
	}
	all, err := r.Invoices(ctx, first, last)
	if err != nil {
		return nil, err
	}
	var out []InvoicePeriod
	for _, rec := range all {
		same := func(p InvoicePeriod) bool {
			return p.Vendor == rec.Vendor && p.From == rec.Invoice.From && p.To == rec.Invoice.To
		}
		if slices.ContainsFunc(out, same) {
			continue
		}
		p, _, _, err := e.invoicePeriod(ctx, r, rec.Vendor, rec.Invoice.From, rec.Invoice.To)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
