package receipts

import (
	"context"

	"postgang/engine/store"
)

// FileRows lists rows of a file of receipts, job by job and then as they stand in the file, those in some states or, without any, all: after the one of that id, or from
// the first. Rows of letters that came back are none of them: they book nothing.
func (e *Receipts) FileRows(ctx context.Context, vendor, sha256 string, states []store.ReceiptState, after string, limit int) ([]store.ReceiptRecord, error) {
	first, last := e.receiptIDs(store.ReceiptFile{Vendor: vendor, SHA256: sha256})
	if after <= first || after > last {
		after = first
	}
	return store.View(ctx, e.Archive, func(r store.Reader) ([]store.ReceiptRecord, error) {
		return r.Receipts(ctx, store.ReceiptFilter{Vendor: vendor, File: sha256, States: states, After: after, Until: last, Limit: limit})
	})
}
