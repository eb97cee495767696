package engine

import (
	"context"
	"fmt"
	"slices"

	"postgang/billing"
)

// ReceiptResolution is a person's decision about a receipt that says something else than the one in force.
type ReceiptResolution struct {
	Receipt string // id of the one in conflict
	Take    bool   // it comes into force; else the other one stays
	Reason  string // kept and shown; no personal data
}

// ReceiptChoice is what there is to decide.
type ReceiptChoice struct {
	Conflict ReceiptRecord
	InForce  ReceiptRecord
}

// Choice gives a receipt in conflict and the one in force. The error says why there is nothing to decide.
func (e *Engine) Choice(ctx context.Context, id string) (ReceiptChoice, error) {
	return view(ctx, e.archive, func(r Reader) (ReceiptChoice, error) { return choice(ctx, r, id) })
}

func choice(ctx context.Context, r Reader, id string) (ReceiptChoice, error) {
	var c ReceiptChoice
	var err error
	if c.Conflict, err = r.Receipt(ctx, id); err != nil {
		return c, err
	}
	if d := c.Conflict.Decision; d != nil {
		return c, fmt.Errorf("receipt %s was decided about on %s: %s", id, DayOf(d.At), d.Reason)
	}
	if c.Conflict.State != ReceiptConflict {
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
func (e *Engine) ResolveReceipt(ctx context.Context, r ReceiptResolution) (ReceiptChoice, error) {
	if why := badReason(r.Reason); why != "" {
		return ReceiptChoice{}, fmt.Errorf("receipt %s cannot be resolved so: %s", r.Receipt, why)
	}
	var c ReceiptChoice
	err := e.archive.InTx(ctx, func(tx Tx) error {
		var err error
		if c, err = choice(ctx, tx, r.Receipt); err != nil {
			return err
		}
		d := ReceiptDecision{Receipt: c.Conflict.ID, Against: c.InForce.ID, Taken: r.Take, Reason: r.Reason}
		if !r.Take {
			return tx.DecideReceipt(ctx, d)
		}
		v, ok := e.vendors[c.Conflict.Vendor]
		if !ok {
			return fmt.Errorf("vendor %q is not configured any more, so that its VAT is not known", c.Conflict.Vendor)
		}
		deviations, err := e.takeReceipt(ctx, tx, v, d, c.Conflict.Receipt, c.InForce.Row)
		if err != nil {
			return err
		}
		if err := tx.InsertDeviations(ctx, deviations); err != nil {
			return err
		}
		first, last := c.Conflict.Row.PostedAt, c.InForce.Row.PostedAt
		if last.Before(first) {
			first, last = last, first
		}
		return e.lookAtInvoices(ctx, tx, v, first, last)
	})
	if err != nil {
		return c, err
	}
	e.step("receipts: resolved")
	e.log.Info("receipt resolved", "receipt", r.Receipt, "taken", r.Take)
	return c, nil
}

// takeReceipt brings a receipt in conflict into force in tx, in place of another: its amounts are booked under our
// konteringskode, those of the other reversed, and what is odd about it is given. A reversal only reverses.
func (e *Engine) takeReceipt(ctx context.Context, tx Tx, v Vendor, d ReceiptDecision, taken Receipt, inForce billing.ReceiptRow) ([]Deviation, error) {
	row := taken.Row
	letter, err := tx.JobLetterOf(ctx, row.Job, row.Shipment)
	if err != nil {
		return nil, err
	}
	s, err := tx.Shipment(ctx, row.Shipment)
	if err != nil {
		return nil, err
	}
	booked := row
	booked.Konteringskode = letter.Konteringskode
	d.Taken = true
	if err := tx.DecideReceipt(ctx, d); err != nil {
		return nil, err
	}
	closed, err := tx.ClosedMonths(ctx)
	if err != nil {
		return nil, err
	}
	why := "rettet"
	if row.Kind == billing.RowReversal {
		why = "trukket tilbake av trykkeriet"
	}
	if err := e.reverse(ctx, tx, closed, d.Against, taken.File, why); err != nil {
		return nil, err
	}
	if row.Kind == billing.RowReversal {
		return nil, nil
	}
	j, err := tx.Job(ctx, row.Job)
	if err != nil {
		return nil, err
	}
	if err := tx.Book(ctx, receiptLines(closed, tx.Now(), taken, booked, s.Account, j.Reprint, v.VAT)); err != nil {
		return nil, err
	}
	if s.PostedAt.Equal(inForce.PostedAt.Truncate(millisecond)) && !row.PostedAt.Equal(s.PostedAt) {
		s.PostedAt = row.PostedAt.UTC().Truncate(millisecond)
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return nil, err
		}
	}
	found, err := e.reconcile(ctx, tx, v, s.Account, s.Zone, letter, row)
	if err != nil {
		return nil, err
	}
	var deviations []Deviation
	for _, f := range found {
		deviations = append(deviations, deviationOf(v.Key, taken.File, s.Account, tx.Now(), f))
	}
	return deviations, nil
}

// corrects brings a correction or reversal of the vendor's into force in tx.
func (e *Engine) corrects(ctx context.Context, tx Tx, v Vendor, r Receipt, inForce Receipt) ([]Deviation, error) {
	r.State = ReceiptConflict
	if err := tx.InsertReceipts(ctx, r); err != nil {
		return nil, err
	}
	reason := "the vendor has corrected it"
	if r.Row.Kind == billing.RowReversal {
		reason = "the vendor has taken it back"
	}
	return e.takeReceipt(ctx, tx, v, ReceiptDecision{Receipt: r.ID, Against: inForce.ID, Reason: reason}, r, inForce.Row)
}

// saidBefore reports whether a receipt of the letter, in force or not, says the same as a row.
func saidBefore(ctx context.Context, r Reader, row billing.ReceiptRow) (bool, error) {
	all, err := r.Receipts(ctx, ReceiptFilter{Job: row.Job, Shipment: row.Shipment})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(all, func(c ReceiptRecord) bool { return c.State != ReceiptUnknown && c.Row.SameFacts(row) }), nil
}
