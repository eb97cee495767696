package scoped

import (
	"context"
	"time"

	"postgang/billing/codes"
	"postgang/engine/access"
	"postgang/engine/store"
)

// ReceiptFile finds a file of receipts; within the scope of everything alone. store.ErrNotFound.
func (r *Reader) ReceiptFile(ctx context.Context, vendor, sha256 string) (store.ReceiptFile, error) {
	if err := r.whole(); err != nil {
		return store.ReceiptFile{}, err
	}
	return r.r.ReceiptFile(ctx, vendor, sha256)
}

// Invoice finds an invoice by its id; within the scope of everything alone. store.ErrNotFound.
func (r *Reader) Invoice(ctx context.Context, id string) (store.InvoiceRecord, error) {
	if err := r.whole(); err != nil {
		return store.InvoiceRecord{}, err
	}
	return r.r.Invoice(ctx, id)
}

// CodeRegister is the register of konteringskoder, which is of no account; within the scope of everything alone.
func (r *Reader) CodeRegister(ctx context.Context) ([]codes.Entry, error) {
	if err := r.whole(); err != nil {
		return nil, err
	}
	return r.r.CodeRegister(ctx)
}

// Codes is the register of konteringskoder as who sends a letter needs it: which codes there are, and no budget. It is of no account, and
// whoever may send for one chooses from it.
func (r *Reader) Codes(ctx context.Context) (codes.Register, error) {
	entries, err := r.r.CodeRegister(ctx)
	for i := range entries {
		entries[i].Budget, entries[i].HasBudget = 0, false
	}
	return codes.NewRegister(entries), err
}

// AskedFor is what somebody has asked for about a subject that takes two persons, and another one may do at a time; nil: nobody has.
// Within the scope of everything alone.
func (r *Reader) AskedFor(ctx context.Context, subject string, at time.Time) (*access.Asked, error) {
	if err := r.whole(); err != nil {
		return nil, err
	}
	list, err := r.r.Asked(ctx, true)
	for _, a := range list {
		if a.Subject == subject && at.Before(a.At.Add(access.AskedTime)) {
			return &a, err
		}
	}
	return nil, err
}
