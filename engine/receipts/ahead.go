package receipts

import (
	"context"
	"slices"

	"postgang/billing/receipt"
	"postgang/engine/store"
)

// ahead is what was read of the letters of rows while the rows before them were written, on a snapshot that did not have those. Another
// connection reads it, on another core, so that the transaction, which keeps others from writing, has less to do.
//
// What is taken from it is proven where it is used: a row without receipt in force posts its letter, which fails when the letter's version is
// another, and stores a receipt in force, of which a letter and job have one. Whatever else a row may do is decided by what the transaction
// reads itself.
type ahead struct {
	letters map[string][]store.ReceiptLetter // by shipment
	over    map[string]bool                  // jobs that were handed over for good: nothing is changed in their letters any more
	changed map[string]bool                  // shipments that rows before may have changed since
}

// lookAhead reads the letters of rows, while rows before them are being written. What cannot be read, the transaction reads, and tells why not.
func (e *Receipts) lookAhead(ctx context.Context, before, rows []receipt.Row) *ahead {
	a := &ahead{letters: make(map[string][]store.ReceiptLetter, len(rows)), over: map[string]bool{}, changed: make(map[string]bool, len(before)+len(rows))}
	for _, row := range before {
		a.changed[row.Shipment] = true
	}
	err := e.Archive.View(ctx, func(r store.Reader) error {
		for some := range slices.Chunk(rows, receiptsAtOnce) {
			ids := make([]string, 0, len(some))
			for _, row := range some {
				ids = append(ids, row.Shipment)
			}
			found, err := r.ReceiptLetters(ctx, ids)
			if err != nil {
				return err
			}
			for _, l := range found {
				if _, asked := a.over[l.Job]; !asked {
					j, err := r.Job(ctx, l.Job)
					if err != nil {
						return err
					}
					a.over[l.Job] = j.State == store.JobOffered || j.State == store.JobAccepted || j.State == store.JobClosed
				}
				if !slices.ContainsFunc(a.letters[l.Shipment], func(o store.ReceiptLetter) bool { return o.Job == l.Job }) { // it has several rows
					a.letters[l.Shipment] = append(a.letters[l.Shipment], l)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return a
}

// has reports whether all is known that a row may do.
func (a *ahead) has(row receipt.Row) bool {
	if row.Kind != "" || a.changed[row.Shipment] || !a.over[row.Job] {
		return false
	}
	return slices.ContainsFunc(a.letters[row.Shipment], func(l store.ReceiptLetter) bool { return l.Job == row.Job && l.Applied == nil })
}

// known takes the letters of rows from what was read before, and gives the rows whose letters must be read now. It notes that all may be
// changed by these rows.
func (a *receiptApplier) known(before *ahead, rows []receipt.Row) []receipt.Row {
	if before == nil {
		return rows
	}
	unknown := map[string]bool{}
	for _, row := range rows {
		if !before.has(row) {
			unknown[row.Shipment] = true
		}
	}
	var rest []receipt.Row
	for _, row := range rows {
		if unknown[row.Shipment] {
			rest = append(rest, row)
			continue
		}
		for _, l := range before.letters[row.Shipment] {
			a.has(l)
		}
	}
	for _, row := range rows {
		before.changed[row.Shipment] = true
	}
	return rest
}
