package engine

import (
	"context"
	"fmt"

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
			return tx.DecideReceipt(ctx, d, nil)
		}
		row := c.Conflict.Row
		v, ok := e.vendors[c.Conflict.Vendor]
		if !ok {
			return fmt.Errorf("vendor %q is not configured any more, so that its VAT is not known", c.Conflict.Vendor)
		}
		letter, err := tx.JobLetterOf(ctx, row.Job, row.Shipment)
		if err != nil {
			return err
		}
		s, err := tx.Shipment(ctx, row.Shipment)
		if err != nil {
			return err
		}
		booked := row
		booked.Konteringskode = letter.Konteringskode
		if err := tx.DecideReceipt(ctx, d, billing.CostLines(booked, v.VAT)); err != nil {
			return err
		}
		if s.PostedAt.Equal(c.InForce.Row.PostedAt.Truncate(millisecond)) && !row.PostedAt.Equal(s.PostedAt) {
			s.PostedAt = row.PostedAt.UTC().Truncate(millisecond)
			if err := tx.UpdateShipment(ctx, s); err != nil {
				return err
			}
		}
		var deviations []Deviation
		for _, f := range billing.Reconcile(sentOf(letter), row, v.Tolerances) {
			deviations = append(deviations, deviationOf(v.Key, c.Conflict.File, s.Account, tx.Now(), f))
		}
		return tx.InsertDeviations(ctx, deviations)
	})
	if err != nil {
		return c, err
	}
	e.step("receipts: resolved")
	e.log.Info("receipt resolved", "receipt", r.Receipt, "taken", r.Take)
	return c, nil
}
