package invoices

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/receipt"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// lookAtPeriod holds the invoices of a period against the ledger as it is now: deviations, and the alarm about those booked.
func (e *Invoices) lookAtPeriod(ctx context.Context, tx store.Tx, v party.Vendor, from, to civil.Date) (InvoicePeriod, error) {
	p, _, _, err := e.invoicePeriod(ctx, tx, v.Key, from, to)
	if err != nil {
		return p, err
	}
	if err := deviateInvoices(ctx, tx, v, p); err != nil {
		return p, err
	}
	return p, watchInvoices(ctx, tx, p)
}

// deviateInvoices records what the invoices of a period say that the receipts do not, and settles what agrees by now.
func deviateInvoices(ctx context.Context, tx store.Tx, v party.Vendor, p InvoicePeriod) error {
	from, to := p.From, p.To
	numbers := make([]string, len(p.Invoices))
	for i, inv := range p.Invoices {
		numbers[i] = inv.Invoice.Number
	}
	at := fmt.Sprintf("%s/faktura/%s/%s/", v.Key, from, to)
	// It belongs to the period that the invoice is for, in whose report it is looked for, however late the invoice comes.
	found := to.In(calendar.Oslo).Add(-time.Millisecond).UTC()
	if now := tx.Now(); now.Before(found) {
		found = now
	}
	open := map[string]store.Deviation{}
	for _, r := range p.Rows {
		d, told := r.Off()
		if !told || max(d, -d) <= v.Tolerances.InvoiceOre {
			continue
		}
		what := r.Kind
		switch {
		case r.ByCode:
			what += " " + cmp.Or(r.Konteringskode, codes.Missing)
		case r.Others:
			what += " uten egen konteringskode"
		}
		expected := fmt.Sprintf("kr %s kvittert, %s", r.Booked, what)
		if r.Expected != nil {
			expected = fmt.Sprintf("kr %s etter prislisten, %s", *r.Expected, what)
		}
		// Another difference is another deviation: what was decided about the first says nothing about it.
		key := fmt.Sprintf("%s%s/%s/%d", at, r.Kind, r.Konteringskode, d)
		open[key] = store.Deviation{Key: key, At: found, Vendor: v.Key, Finding: receipt.Deviation{
			Kind: receipt.DeviationInvoice, Expected: expected,
			Got: fmt.Sprintf("kr %s på faktura %s", r.Invoiced, strings.Join(numbers, " + ")), Amount: d,
		}}
	}
	all, err := tx.Deviations(ctx, store.DeviationFilter{From: from.In(calendar.Oslo)})
	if err != nil {
		return err
	}
	for _, d := range all {
		if !strings.HasPrefix(d.Key, at) {
			continue
		}
		_, still := open[d.Key]
		switch {
		case !still && (d.State == store.DeviationOpen || d.State == store.DeviationDisputed):
			err = tx.DecideDeviation(ctx, d.Key, store.DeviationSettled, shipment.Note{Code: gone}.String())
		case still && d.State == store.DeviationSettled && isGone(d.Reason): // by us, and it is there again
			err = tx.DecideDeviation(ctx, d.Key, store.DeviationOpen, shipment.Note{Code: "difference-back"}.String())
		}
		if err != nil {
			return err
		}
	}
	list := make([]store.Deviation, 0, len(open))
	for _, d := range open {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b store.Deviation) int { return cmp.Compare(a.Key, b.Key) })
	return tx.InsertDeviations(ctx, list)
}

// LookAtInvoices holds the invoices of a vendor anew against the receipts, those whose period has time from first to last.
func (e *Invoices) LookAtInvoices(ctx context.Context, tx store.Tx, v party.Vendor, first, last time.Time) error {
	all, err := tx.Invoices(ctx, first, last.Add(time.Millisecond))
	if err != nil {
		return err
	}
	seen := map[civil.Date]bool{} // periods do not overlap
	for _, rec := range all {
		inv := rec.Invoice
		if rec.Vendor != v.Key || seen[inv.From] {
			continue
		}
		seen[inv.From] = true
		if _, err := e.lookAtPeriod(ctx, tx, v, inv.From, inv.To); err != nil {
			return err
		}
	}
	return nil
}

// watchInvoices raises an alarm when all invoices of a period are booked, and the ledger is not what they say any more.
func watchInvoices(ctx context.Context, tx store.Tx, p InvoicePeriod) error {
	key := fmt.Sprintf("invoice:%s:%s", p.Vendor, p.From)
	booked := !slices.ContainsFunc(p.Invoices, func(i Invoiced) bool { return i.BookedAt.IsZero() })
	if !booked || p.LeftNet == 0 && p.LeftVAT == 0 {
		return tx.ResolveAlarm(ctx, key)
	}
	return tx.RaiseAlarm(ctx, key, alarm.Args{
		"vendor": p.Vendor, "first": string(p.From), "last": string(p.To.AddDays(-1)), "number": p.Invoices[0].Invoice.Number,
		"net": strconv.FormatInt(int64(-p.LeftNet), 10), "vat": strconv.FormatInt(int64(-p.LeftVAT), 10),
	})
}

// gone is why a deviation of an invoice is settled when the difference is there no more, and goneText what earlier versions kept.
const (
	gone     = "difference-gone"
	goneText = "faktura og kvitteringer har ikke lenger denne forskjellen"
)

// isGone reports whether a decision was made here, since the difference was there no more.
func isGone(reason string) bool {
	why, _ := shipment.ReadNote(reason)
	return why.Code == gone || reason == goneText
}
