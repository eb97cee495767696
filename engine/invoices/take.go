package invoices

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/billing/reading"
	"postgang/engine/calendar"
	"postgang/engine/change"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// InvoiceError says what is wrong with an invoice file.
type InvoiceError struct{ Problems []reading.Problem }

func (e *InvoiceError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return "the invoice cannot be read: " + strings.Join(texts, "; ")
}

// TakeInvoice stores an invoice file (EHF Billing 3, or CSV) of a vendor and holds it against the receipts; what differs by more
// than the vendor's tolerance is a deviation. Nothing is booked. The same file again changes nothing. A period that is given goes
// before the file's. *InvoiceError when the file is no invoice.
func (e *Invoices) TakeInvoice(ctx context.Context, vendor string, data []byte, given civil.Period) (store.InvoiceRecord, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return store.InvoiceRecord{}, fmt.Errorf("vendor %q is not configured", vendor)
	}
	inv, problems := invoice.Parse(data, v.Invoices, given)
	if len(problems) > 0 {
		return store.InvoiceRecord{}, &InvoiceError{problems}
	}
	ref, err := e.Blobs.Put(ctx, bytes.NewReader(data))
	if err != nil {
		return store.InvoiceRecord{}, fmt.Errorf("store invoice: %w", err)
	}
	e.Passed("invoice: stored")
	return e.addInvoice(ctx, v, inv, ref, change.Read)
}

// AddInvoice stores an invoice that was typed in, like TakeInvoice.
func (e *Invoices) AddInvoice(ctx context.Context, vendor string, inv invoice.Invoice) (store.InvoiceRecord, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return store.InvoiceRecord{}, fmt.Errorf("vendor %q is not configured", vendor)
	}
	if err := cmp.Or(inv.Check(), v.Invoices.CheckKinds(inv.Lines)); err != nil {
		return store.InvoiceRecord{}, err
	}
	return e.addInvoice(ctx, v, inv, shipment.BlobRef{}, change.Typed)
}

func (e *Invoices) addInvoice(ctx context.Context, v party.Vendor, inv invoice.Invoice, ref shipment.BlobRef, how string) (store.InvoiceRecord, error) {
	for i, l := range inv.Lines {
		if shipment.ShownCode(l.Konteringskode) != l.Konteringskode { // it would be shown in reports
			return store.InvoiceRecord{}, &words.Refused{Note: shipment.Note{Code: "invoice-line-code", Args: shipment.Args{"line": fmt.Sprint(i + 1)}}}
		}
	}
	rec := store.InvoiceRecord{ID: uuid.NewSHA1(e.Namespace, []byte("invoice/"+v.Key+"/"+inv.Number)).String(), Vendor: v.Key, Invoice: inv, Blob: ref}
	taken := true
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		there, err := tx.Invoice(ctx, rec.ID)
		if err == nil {
			sameFile := !ref.IsZero() && ref.SHA256 == there.Blob.SHA256 && inv.From == there.Invoice.From && inv.To == there.Invoice.To
			if !sameFile && !reflect.DeepEqual(there.Invoice, inv) {
				return &words.Refused{Note: shipment.Note{Code: "invoice-there", Args: shipment.Args{"number": inv.Number, "vendor": v.Key}}, Err: store.ErrExists}
			}
			rec, taken = there, false
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		all, err := tx.Invoices(ctx, inv.From.In(calendar.Oslo), inv.To.In(calendar.Oslo))
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.Vendor == v.Key && (o.Invoice.From != inv.From || o.Invoice.To != inv.To) {
				return &words.Refused{Note: shipment.Note{Code: "invoice-overlaps", Args: shipment.Args{
					"number": o.Invoice.Number, "vendor": v.Key, "first": string(o.Invoice.From), "last": string(o.Invoice.To.AddDays(-1)),
					"given_first": string(inv.From), "given_last": string(inv.To.AddDays(-1)),
				}}}
			}
		}
		rec.TakenAt = tx.Now()
		if err := tx.InsertInvoice(ctx, rec); err != nil {
			return err
		}
		if err := tx.AddChange(ctx, change.Of(change.Invoice, rec.ID, nil, factsOf(rec, invoiceTaken), how)); err != nil {
			return err
		}
		_, err = e.lookAtPeriod(ctx, tx, v, inv.From, inv.To)
		return err
	})
	if err == nil && taken {
		e.Log.Info("invoice taken", "vendor", v.Key, "invoice", rec.ID)
		e.Passed("invoice: taken")
	}
	return rec, err
}

// The states of an invoice in the log of changes. They stand in the archive: never rename one.
const (
	invoiceTaken   = "taken"
	invoiceBooked  = "booked"
	invoiceRemoved = "removed"
)

// factsOf is an invoice as the log of changes keeps it.
func factsOf(rec store.InvoiceRecord, state string) change.Facts {
	inv := rec.Invoice
	return change.Facts{"number": inv.Number, "vendor": rec.Vendor, "from": string(inv.From), "to": string(inv.To), "net": strconv.FormatInt(int64(inv.Net), 10), "state": state}
}

// RemoveInvoice takes an invoice back that is not booked, such as one that was typed wrong; its number is free again. It is kept
// with the reason, which is shown: no personal data.
func (e *Invoices) RemoveInvoice(ctx context.Context, id, reason string) error {
	if why := identity.BadReason(reason); why != "" {
		return errors.New(why)
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		rec, err := tx.Invoice(ctx, id)
		if err != nil {
			return err
		}
		booked, err := bookedSince(ctx, tx, id)
		if err != nil {
			return err
		}
		if !booked.IsZero() {
			return &words.Refused{Note: shipment.Note{Code: "invoice-is-booked", Args: shipment.Args{"number": rec.Invoice.Number}}}
		}
		if err := tx.RemoveInvoice(ctx, id, reason); err != nil {
			return err
		}
		if err := tx.AddChange(ctx, change.Of(change.Invoice, id, factsOf(rec, invoiceTaken), factsOf(rec, invoiceRemoved), reason)); err != nil {
			return err
		}
		v, ok := e.Vendors[rec.Vendor]
		if !ok {
			v.Key = rec.Vendor
		}
		_, err = e.lookAtPeriod(ctx, tx, v, rec.Invoice.From, rec.Invoice.To)
		if errors.Is(err, store.ErrNotFound) { // it was the only one
			return deviateInvoices(ctx, tx, v, InvoicePeriod{Vendor: v.Key, From: rec.Invoice.From, To: rec.Invoice.To})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove invoice: %w", err)
	}
	e.Log.Info("invoice removed", "invoice", id)
	e.Passed("invoice: removed")
	return nil
}

// RemovedInvoices lists invoices that were taken back.
func (e *Invoices) RemovedInvoices(ctx context.Context) ([]store.RemovedInvoice, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]store.RemovedInvoice, error) { return r.RemovedInvoices(ctx) })
}

// FindInvoice finds an invoice by its id, or by its number when only one vendor has an invoice of that number. ErrNotFound.
func (e *Invoices) FindInvoice(ctx context.Context, name string) (store.InvoiceRecord, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (store.InvoiceRecord, error) {
		all, err := r.Invoices(ctx, time.Time{}, time.Time{})
		if err != nil {
			return store.InvoiceRecord{}, err
		}
		var found []store.InvoiceRecord
		for _, rec := range all {
			if rec.ID == name || rec.Invoice.Number == name || rec.Vendor+"/"+rec.Invoice.Number == name {
				found = append(found, rec)
			}
		}
		switch len(found) {
		case 0:
			return store.InvoiceRecord{}, fmt.Errorf("no such invoice; see postgang invoice list: %w", store.ErrNotFound)
		case 1:
			return found[0], nil
		}
		return store.InvoiceRecord{}, errors.New("several vendors have an invoice of that number: give VENDOR/NUMBER")
	})
}
