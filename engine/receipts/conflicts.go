package receipts

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/change"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// ReceiptResolution is a person's decision about a receipt that says something else than the one in force.
type ReceiptResolution struct {
	Receipt string // id of the one in conflict
	Take    bool   // it comes into force; else the other one stays
	Reason  string // kept and shown; no personal data
}

// ReceiptChoice is what there is to decide.
type ReceiptChoice struct {
	Conflict store.ReceiptRecord
	InForce  store.ReceiptRecord
}

// Choice gives a receipt in conflict and the one in force. The error says why there is nothing to decide.
func (e *Receipts) Choice(ctx context.Context, id string) (ReceiptChoice, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (ReceiptChoice, error) { return choice(ctx, r, id) })
}

func choice(ctx context.Context, r store.Reader, id string) (ReceiptChoice, error) {
	var c ReceiptChoice
	var err error
	if c.Conflict, err = r.Receipt(ctx, id); err != nil {
		return c, err
	}
	if d := c.Conflict.Decision; d != nil {
		return c, fmt.Errorf("receipt %s was decided about on %s: %s", id, calendar.DayOf(d.At), words.Why(d.Reason, words.English))
	}
	if c.Conflict.State != store.ReceiptConflict {
		return c, fmt.Errorf("receipt %s is %s: there is nothing to decide", id, c.Conflict.State)
	}
	inForce, err := r.AppliedReceipt(ctx, c.Conflict.Row.Job, c.Conflict.Row.Shipment)
	if err != nil {
		return c, err
	}
	c.InForce, err = r.Receipt(ctx, inForce.ID)
	return c, err
}

// ResolveReceipt decides about a receipt in conflict, in one transaction. When it is taken, its amounts are booked instead of
// those of the one in force, under our konteringskode, and it is held against what was sent. Both stay in the archive.
func (e *Receipts) ResolveReceipt(ctx context.Context, r ReceiptResolution) (ReceiptChoice, error) {
	if why := identity.BadReason(r.Reason); why != "" {
		return ReceiptChoice{}, fmt.Errorf("receipt %s cannot be resolved so: %s", r.Receipt, why)
	}
	var c ReceiptChoice
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		var err error
		if c, err = choice(ctx, tx, r.Receipt); err != nil {
			return err
		}
		d := store.ReceiptDecision{Receipt: c.Conflict.ID, Against: c.InForce.ID, Taken: r.Take, Reason: r.Reason}
		decided := []receipt.DeviationKind{receipt.DeviationConflict}
		if err := settleReceipt(ctx, tx, c.Conflict, decided, shipment.Note{Code: "decided", Args: shipment.Args{"reason": r.Reason}}); err != nil {
			return err
		}
		before := factsOf(c, c.InForce.Receipt)
		after := before
		if r.Take {
			after = factsOf(c, c.Conflict.Receipt)
		}
		if err := tx.AddChange(ctx, change.Of(change.Receipt, c.Conflict.ID, before, after, r.Reason)); err != nil {
			return err
		}
		if !r.Take {
			return tx.DecideReceipt(ctx, d)
		}
		v, ok := e.Vendors[c.Conflict.Vendor]
		if !ok {
			return fmt.Errorf("vendor %q is not configured any more, so that its VAT is not known", c.Conflict.Vendor)
		}
		deviations, span, err := e.takeReceipt(ctx, tx, v, d)
		if err != nil {
			return err
		}
		if err := tx.InsertDeviations(ctx, deviations); err != nil {
			return err
		}
		return e.invoices.LookAtInvoices(ctx, tx, v, span[0], span[1])
	})
	if err != nil {
		return c, err
	}
	e.Passed("receipts: resolved")
	e.Log.Info("receipt resolved", "receipt", r.Receipt, "taken", r.Take)
	return c, nil
}

// factsOf is a decision between two receipts as the log of changes keeps it: the letter, and which of them is in force.
func factsOf(c ReceiptChoice, inForce store.Receipt) change.Facts {
	return change.Facts{
		"vendor": c.Conflict.Vendor, "job": c.Conflict.Row.Job, "shipment": c.Conflict.Row.Shipment, "in_force": inForce.ID, "net": strconv.FormatInt(int64(bookedNet(inForce.Row)), 10),
	}
}

// takeReceipt brings the receipt in conflict of a decision into force in tx, in place of another: its amounts are booked under our
// konteringskode, those of the other reversed, what was odd about the other is settled, and what is odd about it is given. A reversal
// only reverses. span are the first and the last time of posting whose costs change.
func (e *Receipts) takeReceipt(ctx context.Context, tx store.Tx, v party.Vendor, d store.ReceiptDecision) (deviations []store.Deviation, span [2]time.Time, err error) {
	taken, err := tx.Receipt(ctx, d.Receipt)
	if err != nil {
		return nil, span, err
	}
	inForce, err := tx.Receipt(ctx, d.Against)
	if err != nil {
		return nil, span, err
	}
	row := taken.Row
	given, err := givenOver(ctx, tx, row.Job)
	if err != nil {
		return nil, span, err
	}
	at, odd := postedAt(row, given, taken.Fetched)
	before, _ := postedAt(inForce.Row, given, inForce.Fetched)
	if span = [2]time.Time{before, at}; at.Before(before) {
		span = [2]time.Time{at, before}
	}
	d.Taken = true
	if err := tx.DecideReceipt(ctx, d); err != nil {
		return nil, span, err
	}
	closed, err := tx.ClosedMonths(ctx)
	if err != nil {
		return nil, span, err
	}
	why, settled := "rettet", shipment.Note{Code: "receipt-corrected"}
	if row.Kind == receipt.RowReversal {
		why, settled = "trukket tilbake av trykkeriet", shipment.Note{Code: "receipt-withdrawn"}
	}
	if err := e.invoices.Reverse(ctx, tx, closed, d.Against, taken.File, why); err != nil {
		return nil, span, err
	}
	if err := settleReceipt(ctx, tx, inForce, receipt.DeviationKinds(), settled); err != nil {
		return nil, span, err
	}
	if row.Kind == receipt.RowReversal {
		return nil, span, nil
	}
	deviations, err = e.bookTaken(ctx, tx, v, closed, taken, at, before)
	if err != nil {
		return nil, span, err
	}
	for _, f := range odd {
		s, err := tx.Shipment(ctx, row.Shipment)
		if err != nil {
			return nil, span, err
		}
		deviations = append(deviations, deviationOf(v.Key, taken.File, s.Account, tx.Now(), f))
	}
	return deviations, span, nil
}

// bookTaken books a receipt that takes the place of another, and holds it against what was sent. at and before are when the letter
// counts as posted by it, and by the other.
func (e *Receipts) bookTaken(ctx context.Context, tx store.Tx, v party.Vendor, closed []store.ClosedMonth, taken store.ReceiptRecord, at, before time.Time) ([]store.Deviation, error) {
	row := taken.Row
	letter, err := tx.JobLetterOf(ctx, row.Job, row.Shipment)
	if err != nil {
		return nil, err
	}
	s, err := tx.Shipment(ctx, row.Shipment)
	if err != nil {
		return nil, err
	}
	j, err := tx.Job(ctx, row.Job)
	if err != nil {
		return nil, err
	}
	booked := row
	booked.Konteringskode, booked.PostedAt = letter.Konteringskode, at
	if err := tx.Book(ctx, receiptLines(closed, tx.Now(), taken.Receipt, booked, s.Account, j.Reprint, v.VAT)); err != nil {
		return nil, err
	}
	if s.PostedAt.Equal(before) && !at.Equal(before) {
		s.PostedAt = at
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return nil, err
		}
	}
	row.PostedAt = at
	found, err := e.reconcile(ctx, tx, v, s.Account, s.Zone, letter, row)
	if err != nil {
		return nil, err
	}
	var deviations []store.Deviation
	for _, f := range found {
		deviations = append(deviations, deviationOf(v.Key, taken.File, s.Account, tx.Now(), f))
	}
	return deviations, nil
}

// corrects brings a correction or reversal of the vendor's into force in tx.
func (e *Receipts) corrects(ctx context.Context, tx store.Tx, v party.Vendor, r store.Receipt, inForce store.Receipt) ([]store.Deviation, [2]time.Time, error) {
	r.State = store.ReceiptConflict
	if err := tx.InsertReceipts(ctx, r); err != nil {
		return nil, [2]time.Time{}, err
	}
	why := shipment.Note{Code: "vendor-corrected"}
	if r.Row.Kind == receipt.RowReversal {
		why = shipment.Note{Code: "vendor-took-back"}
	}
	return e.takeReceipt(ctx, tx, v, store.ReceiptDecision{Receipt: r.ID, Against: inForce.ID, Reason: why.String()})
}

// saidBefore reports whether a receipt of the letter, in force or not, says the same as a row.
func saidBefore(ctx context.Context, r store.Reader, row receipt.Row) (bool, error) {
	all, err := r.Receipts(ctx, store.ReceiptFilter{Job: row.Job, Shipment: row.Shipment})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(all, func(c store.ReceiptRecord) bool { return c.State != store.ReceiptUnknown && c.Row.SameFacts(row) }), nil
}
