package invoices

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/store"
)

// settingBooked keeps when an invoice was booked last; what it leaves to be shared out may be nothing.
func settingBooked(invoice string) string { return "invoice-booked/" + invoice }

func bookedSince(ctx context.Context, r store.Reader, invoice string) (time.Time, error) {
	s, err := r.Setting(ctx, settingBooked(invoice))
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, s)
}

// InvoiceBooking orders an invoice to be booked.
type InvoiceBooking struct {
	ID     string
	Reason string // kept and shown; no personal data
	Anyway bool   // though it is doubtful
}

// BookInvoice books what an invoice has more, or less, than the receipts, shared out over accounts and konteringskoder, so that
// the ledger is the invoices of the period to the øre: this one, with the others of its vendor for the same period that are
// booked. One that is booked already is booked anew when receipts have come since: its shares are reversed first.
//
// One that is doubtful, by its days and by what is booked already, is booked only when the person has seen it and says so.
func (e *Invoices) BookInvoice(ctx context.Context, b InvoiceBooking) (InvoicePeriod, error) {
	id, reason := b.ID, b.Reason
	if why := identity.BadReason(reason); why != "" {
		return InvoicePeriod{}, errors.New(why)
	}
	var out InvoicePeriod
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		rec, err := tx.Invoice(ctx, id)
		if err != nil {
			return err
		}
		inv := rec.Invoice
		v, ok := e.Vendors[rec.Vendor]
		if !ok {
			return fmt.Errorf("vendor %q is not configured any more", rec.Vendor)
		}
		if end := inv.To.In(calendar.Oslo); tx.Now().Before(end) {
			return fmt.Errorf("the period of invoice %s is not over", inv.Number)
		}
		p, basis, shares, err := e.invoicePeriod(ctx, tx, rec.Vendor, inv.From, inv.To)
		if err != nil {
			return err
		}
		together := []invoice.Invoice{inv}
		var again bool
		for _, o := range p.Invoices {
			switch {
			case o.ID == id:
				again = !o.BookedAt.IsZero()
			case !o.BookedAt.IsZero():
				together = append(together, o.Invoice)
			}
		}
		if again && len(together) == len(p.Invoices) && p.LeftNet == 0 && p.LeftVAT == 0 {
			return fmt.Errorf("invoice %s is booked, and adds up", inv.Number)
		}
		all := invoice.Together(together)
		if kind := takesBack(inv, all, basis); !again && kind != "" {
			return fmt.Errorf("invoice %s takes back more than is invoiced of %s: book the invoice that it credits first", inv.Number, kind)
		}
		doubts, err := e.doubts(ctx, tx, inv, together[1:], basis)
		if err != nil {
			return err
		}
		if len(doubts) > 0 && !again && !b.Anyway {
			return fmt.Errorf("invoice %s is doubtful: %s. If it is right all the same, book it with --anyway; if it came twice, take it back with postgang invoice remove", inv.Number, strings.Join(doubts, "; "))
		}
		closed, err := tx.ClosedMonths(ctx)
		if err != nil {
			return err
		}
		turn, standing, err := e.takeBackShares(ctx, tx, closed, id, shares)
		if err != nil {
			return err
		}
		at, note := BookAt(closed, inv.To.In(calendar.Oslo).Add(-time.Millisecond).UTC(), tx.Now(), "for perioden til")
		if note != "" {
			note = "; " + note
		}
		entry := uuid.NewSHA1(e.Namespace, fmt.Appendf(nil, "invoice/%s/%d", id, turn)).String()
		var lines []store.LedgerLine
		for i, s := range invoice.Allocate(all, basis, standing) {
			lines = append(lines, store.LedgerLine{
				Entry: entry, Place: i, BookedAt: at, Vendor: rec.Vendor, Account: s.Account, Line: s.Line, Source: store.LedgerAllocation, Document: id,
				Note: "faktura " + inv.Number + ", " + reason + note,
			})
		}
		if err := tx.Book(ctx, lines); err != nil {
			return err
		}
		if err := tx.SetSetting(ctx, settingBooked(id), tx.Now().Format(time.RFC3339Nano)); err != nil {
			return err
		}
		out, err = e.lookAtPeriod(ctx, tx, v, inv.From, inv.To)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("book invoice: %w", err)
	}
	e.Log.Info("invoice booked", "invoice", id)
	e.Passed("invoice: booked")
	return out, nil
}

// takesBack names a kind of cost of which an invoice takes back more than all of them together have, though receipts have some.
func takesBack(inv, together invoice.Invoice, basis invoice.Basis) (kind string) {
	if inv.Net >= 0 {
		return ""
	}
	invoiced, booked := map[string]money.Ore{}, map[string]money.Ore{}
	for _, l := range together.Lines {
		invoiced[l.Kind] += l.Net
	}
	for _, b := range basis.Booked {
		booked[b.Kind] += b.Net
	}
	for _, l := range together.Lines {
		if invoiced[l.Kind] < 0 && booked[l.Kind] > 0 {
			return l.Kind
		}
	}
	return ""
}

// takeBackShares reverses what stands in the ledger of an invoice, and gives what stands of the others for its period, and which
// time it is that the invoice is booked.
func (e *Invoices) takeBackShares(ctx context.Context, tx store.Tx, closed []store.ClosedMonth, id string, shares []store.LedgerLine) (turn int, standing []invoice.Share, err error) {
	reversed, entries := map[string]bool{}, map[string]bool{}
	for _, l := range shares {
		reversed[l.Reverses] = true
	}
	turn = 1
	for _, l := range shares {
		if l.Document != id {
			standing = append(standing, invoice.Share{Account: l.Account, Line: l.Line})
			continue
		}
		if l.Source != store.LedgerAllocation || entries[l.Entry] {
			continue
		}
		entries[l.Entry] = true
		turn++
		if reversed[l.Entry] {
			continue
		}
		if err := e.Reverse(ctx, tx, closed, l.Entry, id, "fordeles på nytt"); err != nil {
			return 0, nil, err
		}
	}
	return turn, standing, nil
}

// CarryReceipts has receipts that came after an invoice was booked, for letters of its period, be held against the invoices for
// another period, that has the day: the vendor invoices them there. Until then they are costs that nobody has invoiced, and no
// other konteringskode is credited for them. It tells what is carried, net.
func (e *Invoices) CarryReceipts(ctx context.Context, id string, into civil.Date, reason string) (money.Ore, InvoicePeriod, error) {
	var out InvoicePeriod
	var net money.Ore
	if why := identity.BadReason(reason); why != "" {
		return 0, out, errors.New(why)
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		rec, err := tx.Invoice(ctx, id)
		if err != nil {
			return err
		}
		v, ok := e.Vendors[rec.Vendor]
		if !ok {
			return fmt.Errorf("vendor %q is not configured any more", rec.Vendor)
		}
		p, _, _, err := e.invoicePeriod(ctx, tx, rec.Vendor, rec.Invoice.From, rec.Invoice.To)
		if err != nil {
			return err
		}
		var booked time.Time
		for _, i := range p.Invoices {
			if i.BookedAt.IsZero() {
				return fmt.Errorf("invoice %s for the same period is not booked", i.Invoice.Number)
			}
			if i.BookedAt.After(booked) {
				booked = i.BookedAt
			}
		}
		switch {
		case p.LeftNet == 0 && p.LeftVAT == 0:
			return errors.New("no receipts have come since the invoices were booked")
		case into.Validate() != nil || into < p.To:
			return fmt.Errorf("what is invoiced later is carried into a month after %s", p.To.AddDays(-1).Norwegian())
		}
		if err := e.openFor(ctx, tx, v, into); err != nil {
			return err
		}
		net = -p.LeftNet
		if err := tx.CarryReceipts(ctx, store.ReceiptCarry{Vendor: v.Key, From: p.From, To: p.To, After: booked, Into: into, Reason: reason}); err != nil {
			return err
		}
		if out, err = e.lookAtPeriod(ctx, tx, v, p.From, p.To); err != nil {
			return err
		}
		if out.LeftNet != 0 || out.LeftVAT != 0 {
			return fmt.Errorf("kr %s of it did not come after the invoices were booked, and cannot be carried: postgang invoice book shares it out", out.LeftNet)
		}
		return e.LookAtInvoices(ctx, tx, v, into.In(calendar.Oslo), into.In(calendar.Oslo))
	})
	if err != nil {
		return 0, out, fmt.Errorf("carry receipts: %w", err)
	}
	e.Log.Info("receipts carried to a later invoice", "invoice", id)
	e.Passed("invoice: carried")
	return net, out, nil
}

// openFor refuses a day whose invoices are booked.
func (e *Invoices) openFor(ctx context.Context, r store.Reader, v party.Vendor, day civil.Date) error {
	all, err := r.Invoices(ctx, day.In(calendar.Oslo), day.AddDays(1).In(calendar.Oslo))
	if err != nil {
		return err
	}
	for _, rec := range all {
		if rec.Vendor != v.Key {
			continue
		}
		booked, err := bookedSince(ctx, r, rec.ID)
		if err != nil {
			return err
		}
		if !booked.IsZero() {
			return fmt.Errorf("invoice %s for %s is booked already: carry it into a later month", rec.Invoice.Number, civil.PeriodWords(rec.Invoice.From, rec.Invoice.To))
		}
	}
	return nil
}

// DecideDeviations records a person's decision about deviations, all of them or none. One that is in the state already is left
// alone; it tells how many changed. The reason is kept and shown: no personal data.
func (e *Invoices) DecideDeviations(ctx context.Context, keys []string, state store.DeviationState, reason string) (int, error) {
	if why := identity.BadReason(reason); why != "" {
		return 0, errors.New(why)
	}
	if state.Norwegian() == "" {
		return 0, fmt.Errorf("%q is no state of a deviation", state)
	}
	n := 0
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		n = 0
		all, err := tx.Deviations(ctx, store.DeviationFilter{})
		if err != nil {
			return err
		}
		known := map[string]store.Deviation{}
		for _, d := range all {
			known[d.Key] = d
		}
		for _, key := range keys {
			d, ok := known[key]
			if !ok {
				return fmt.Errorf("no such deviation; see postgang deviations list: %w", store.ErrNotFound)
			}
			if d.State == state {
				continue
			}
			if err := tx.DecideDeviation(ctx, key, state, reason); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("decide about deviations: %w", err)
	}
	e.Log.Info("deviations decided", "deviations", n, "state", state)
	e.Passed("deviations: decided")
	return n, nil
}

// Reverse takes an entry back: in the period that it stands in, or now when that is closed. An entry without lines has nothing
// to be taken back.
func (e *Invoices) Reverse(ctx context.Context, tx store.Tx, closed []store.ClosedMonth, entry, document, why string) error {
	lines, err := tx.Ledger(ctx, store.LedgerFilter{Entry: entry})
	if err != nil || len(lines) == 0 {
		return err
	}
	id := uuid.NewSHA1(e.Namespace, []byte("reversal/"+entry)).String()
	for i, l := range lines {
		at, note := BookAt(closed, l.BookedAt, tx.Now(), "bokført")
		if note != "" {
			note = "; " + note
		}
		l.Entry, l.Reverses, l.BookedAt, l.Note = id, entry, at, why+note
		l.Source, l.Document, l.Letters = store.LedgerReversal, document, -l.Letters
		l.Line.Net, l.Line.VAT, l.Line.Gross = -l.Line.Net, -l.Line.VAT, -l.Line.Gross
		lines[i] = l
	}
	return tx.Book(ctx, lines)
}
