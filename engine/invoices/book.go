package invoices

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/change"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
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

// NoHalfFile refuses while a receipt file of a vendor is half applied, or of any vendor when there is none: what is booked is not all
// that it says.
func NoHalfFile(ctx context.Context, r store.Reader, vendor string) error {
	half, err := r.HalfReceiptFiles(ctx)
	if err != nil {
		return err
	}
	for _, f := range half {
		if vendor == "" || f.Vendor == vendor {
			return &words.Refused{Note: shipment.Note{Code: "receipts-half", Args: shipment.Args{"vendor": f.Vendor, "done": strconv.Itoa(f.Done), "rows": strconv.Itoa(f.Rows)}}}
		}
	}
	return nil
}

// InvoiceBooking orders an invoice to be booked.
type InvoiceBooking struct {
	ID     string
	Reason string // kept and shown; no personal data
	Anyway bool   // though it is doubtful
}

// DoubtfulError says why a person should look at an invoice, and say so, before it is booked.
type DoubtfulError struct {
	Number string
	Doubts []InvoiceDoubt
}

func (e *DoubtfulError) Error() string {
	texts := make([]string, len(e.Doubts))
	for i, d := range e.Doubts {
		texts[i] = d.In(words.English)
	}
	return fmt.Sprintf("invoice %s is doubtful: %s. If it is right all the same, book it with --anyway; if it came twice, take it back with postgang invoice remove", e.Number, strings.Join(texts, "; "))
}

// BookInvoice books what an invoice has more, or less, than the receipts, shared out over accounts and konteringskoder, so that
// the ledger is the invoices of the period to the øre: this one, with the others of its vendor for the same period that are
// booked. One that is booked already is booked anew when receipts have come since: its shares are reversed first.
//
// One that is doubtful, by its days and by what is booked already, is booked only when the person has seen it and says so: else
// *DoubtfulError.
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
			return &words.Refused{Note: shipment.Note{Code: "vendor-gone", Args: shipment.Args{"vendor": rec.Vendor}}}
		}
		if end := inv.To.In(calendar.Oslo); tx.Now().Before(end) {
			return &words.Refused{Note: shipment.Note{Code: "invoice-not-over", Args: shipment.Args{"number": inv.Number}}}
		}
		if err := NoHalfFile(ctx, tx, rec.Vendor); err != nil {
			return err
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
			return &words.Refused{Note: shipment.Note{Code: "invoice-adds-up", Args: shipment.Args{"number": inv.Number}}}
		}
		all := invoice.Together(together)
		if kind := takesBack(inv, all, basis); !again && kind != "" {
			return &words.Refused{Note: shipment.Note{Code: "invoice-takes-back", Args: shipment.Args{"number": inv.Number, "kind": kind}}}
		}
		doubts, err := e.doubts(ctx, tx, inv, together[1:], basis)
		if err != nil {
			return err
		}
		if len(doubts) > 0 && !again && !b.Anyway {
			return &DoubtfulError{inv.Number, doubts}
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
		before, after := factsOf(rec, invoiceTaken), factsOf(rec, invoiceBooked)
		if again {
			before["state"] = invoiceBooked
		}
		before["shared"], after["shared"] = sharedNet(shares, id), sumNet(lines)
		if err := tx.AddChange(ctx, change.Of(change.Invoice, id, before, after, reason)); err != nil {
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

// sharedNet is what stands in the ledger as the shares of an invoice, net, in øre.
func sharedNet(shares []store.LedgerLine, id string) string {
	return sumNet(slices.DeleteFunc(slices.Clone(shares), func(l store.LedgerLine) bool { return l.Document != id }))
}

func sumNet(lines []store.LedgerLine) string {
	var net money.Ore
	for _, l := range lines {
		net += l.Line.Net
	}
	return strconv.FormatInt(int64(net), 10)
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
			return &words.Refused{Note: shipment.Note{Code: "vendor-gone", Args: shipment.Args{"vendor": rec.Vendor}}}
		}
		p, _, _, err := e.invoicePeriod(ctx, tx, rec.Vendor, rec.Invoice.From, rec.Invoice.To)
		if err != nil {
			return err
		}
		var booked time.Time
		for _, i := range p.Invoices {
			if i.BookedAt.IsZero() {
				return &words.Refused{Note: shipment.Note{Code: "carry-unbooked", Args: shipment.Args{"number": i.Invoice.Number}}}
			}
			if i.BookedAt.After(booked) {
				booked = i.BookedAt
			}
		}
		switch {
		case p.LeftNet == 0 && p.LeftVAT == 0:
			return &words.Refused{Note: shipment.Note{Code: "carry-nothing"}}
		case into.Validate() != nil || into < p.To:
			return &words.Refused{Note: shipment.Note{Code: "carry-early", Args: shipment.Args{"day": p.To.AddDays(-1).Norwegian()}}}
		}
		if err := e.openFor(ctx, tx, v, into); err != nil {
			return err
		}
		net = -p.LeftNet
		if err := tx.CarryReceipts(ctx, store.ReceiptCarry{Vendor: v.Key, From: p.From, To: p.To, After: booked, Into: into, Reason: reason}); err != nil {
			return err
		}
		before, after := factsOf(rec, invoiceBooked), factsOf(rec, invoiceBooked)
		after["carried"], after["carried_into"] = strconv.FormatInt(int64(net), 10), into.Month()
		if err := tx.AddChange(ctx, change.Of(change.Invoice, id, before, after, reason)); err != nil {
			return err
		}
		if out, err = e.lookAtPeriod(ctx, tx, v, p.From, p.To); err != nil {
			return err
		}
		if out.LeftNet != 0 || out.LeftVAT != 0 {
			return &words.Refused{Note: shipment.Note{Code: "carry-left", Args: shipment.Args{"net": fmt.Sprint(int64(out.LeftNet))}}}
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
			return &words.Refused{Note: shipment.Note{Code: "carry-booked", Args: shipment.Args{
				"number": rec.Invoice.Number, "first": string(rec.Invoice.From), "last": string(rec.Invoice.To.AddDays(-1)),
			}}}
		}
	}
	return nil
}

// ErrDecided says that somebody else has decided about a deviation since the person looked at it.
var ErrDecided = errors.New("another decision was made meanwhile")

// DecideDeviations records a person's decision about deviations, all of them or none. One that is in the state already is left
// alone; it tells how many changed. The reason is kept and shown: no personal data.
func (e *Invoices) DecideDeviations(ctx context.Context, keys []string, state store.DeviationState, reason string) (int, error) {
	return e.DecideDeviationsSeen(ctx, keys, nil, state, reason)
}

// DecideDeviationsSeen is DecideDeviations of somebody who has seen the states that the deviations are in, by key: ErrDecided, and
// nothing is done, when one of them is in another now.
func (e *Invoices) DecideDeviationsSeen(ctx context.Context, keys []string, seen map[string]store.DeviationState, state store.DeviationState, reason string) (int, error) {
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
		before, after := map[string]change.Facts{}, map[string]change.Facts{} // by vendor
		known := map[string]store.Deviation{}
		for _, d := range all {
			known[d.Key] = d
		}
		for _, key := range keys {
			d, ok := known[key]
			if !ok {
				return fmt.Errorf("no such deviation; see postgang deviations list: %w", store.ErrNotFound)
			}
			if was, ok := seen[key]; ok && was != d.State {
				return ErrDecided
			}
			if d.State == state {
				continue
			}
			if err := tx.DecideDeviation(ctx, key, state, reason); err != nil {
				return err
			}
			if before[d.Vendor] == nil {
				before[d.Vendor], after[d.Vendor] = change.Facts{}, change.Facts{}
			}
			before[d.Vendor][d.ID()], after[d.Vendor][d.ID()] = string(d.State), string(state)
			n++
		}
		for _, vendor := range slices.Sorted(maps.Keys(before)) {
			if err := tx.AddChange(ctx, change.Of(change.Deviations, vendor, before[vendor], after[vendor], reason)); err != nil {
				return err
			}
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
