package store

import (
	"context"
	"time"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/engine/shipment"
)

// InvoiceReader reads invoices and what they are held against.
type InvoiceReader interface {
	// Invoice reads an invoice by its id; ErrNotFound.
	Invoice(ctx context.Context, id string) (InvoiceRecord, error)
	// Invoices lists those for a period that has time in [from, to); a zero to: all. By period, vendor and number.
	Invoices(ctx context.Context, from, to time.Time) ([]InvoiceRecord, error)
	// RemovedInvoices lists invoices that were taken back, in the order that they were.
	RemovedInvoices(ctx context.Context) ([]RemovedInvoice, error)
	// BookedFor sums what is booked from receipts of a vendor for letters posted in [from, to), in whatever month it is booked;
	// by account, konteringskode and kind. What is carried from one period to another (CarryReceipts) is counted there.
	BookedFor(ctx context.Context, vendor string, from, to time.Time) ([]invoice.Booked, error)
	// CarriedBeyond sums what is booked from receipts of a vendor for letters posted before a time, and carried to invoices for a time
	// that begins then or later; by account, konteringskode and kind.
	CarriedBeyond(ctx context.Context, vendor string, at time.Time) ([]invoice.Booked, error)
	// EachPostedSum calls fn with what is booked from a vendor's receipts for letters posted in [from, to): letters and production by
	// account, konteringskode, envelope class and time of posting. fn must not use the reader.
	EachPostedSum(ctx context.Context, vendor string, from, to time.Time, fn func(PostedSum) error) error
}

// InvoiceWriter changes invoices and what they are held against.
type InvoiceWriter interface {
	// InsertInvoice stores an invoice. ErrExists when one of the vendor has the number, or the id is taken.
	InsertInvoice(ctx context.Context, r InvoiceRecord) error
	// RemoveInvoice takes an invoice back that is not booked, now. ErrNotFound.
	RemoveInvoice(ctx context.Context, id, reason string) error
	// CarryReceipts has what was recorded after a time, up to now, for letters posted in a period be held against the invoices of
	// another, later one.
	CarryReceipts(ctx context.Context, c ReceiptCarry) error
}

// InvoiceRecord is an invoice in the archive.
type InvoiceRecord struct {
	ID      string // UUID
	Vendor  string
	Invoice invoice.Invoice
	Blob    shipment.BlobRef // the file; zero when it was typed in
	TakenAt time.Time
	By      string // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// RemovedInvoice is an invoice that was taken back before it was booked.
type RemovedInvoice struct {
	InvoiceRecord
	RemovedAt time.Time
	Reason    string
	RemovedBy string // as By
}

// ReceiptCarry moves receipts that came late to the invoices of a later period.
type ReceiptCarry struct {
	Vendor   string
	From, To civil.Date // when the letters were posted, half-open
	After    time.Time  // what was recorded later than this
	Into     civil.Date // a day of the period that they are invoiced with
	Reason   string     // no personal data
}
