package receipts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/engine/alarm"
	"postgang/engine/identity"
	"postgang/engine/restored"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// Imported tells what became of one receipt file.
type Imported struct {
	File     string // name
	SHA256   string
	Again    bool // the same bytes were imported before; nothing was changed
	Rows     int
	Applied  int
	Corrects int               // corrections and reversals of applied receipts, which are in force now
	Doubles  int               // say what a receipt of the letter has said already
	Conflict int               // say something else than an applied receipt
	Unknown  int               // of letters that are not ours
	Returned int               // letters that came back, told for the first time
	Deviate  int               // deviations found
	Booked   money.Ore         // net, of the applied rows; of a correction what it changes
	Unbooked money.Ore         // net, of the rows that were not applied
	Problems []reading.Problem // not empty: the whole file was stopped
	// Waits are jobs that the file names and the archive does not know: nothing of it is booked until Recover.
	Waits []string
}

// FetchReceipts collects a vendor's receipt files: archived by hash before parsing, parsed whole, applied, moved aside at the vendor
// only after the last commit, and only if what lies there is still what was booked. A file that cannot be taken gets an alarm and stops
// no other. Files that came otherwise and are half applied are applied to their end.
func (e *Receipts) FetchReceipts(ctx context.Context, vendor string) ([]Imported, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return nil, fmt.Errorf("vendor %q is not configured", vendor)
	}
	if v.Manual {
		return nil, fmt.Errorf("vendor %q is manual print, there is nothing to fetch: postgang manual confirm books its receipts", vendor)
	}
	ctx, release, err := e.Archive.Lock(ctx, "receipts-"+vendor)
	if err != nil {
		return nil, fmt.Errorf("receipts of vendor %s: %w", vendor, err)
	}
	defer release()
	side, err := e.Reach(ctx, v)
	if err != nil {
		return nil, fmt.Errorf("reach vendor %s: %w", vendor, err)
	}
	defer side.Close()
	files, problems, err := side.ReceiptFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("list receipts of vendor %s: %w", vendor, err)
	}
	alarms, err := e.VendorProblems(ctx, "receipts", vendor, problems)
	if err != nil {
		return nil, err
	}
	k, err := e.restored.KnownJobs(ctx, v)
	if err != nil {
		return nil, err
	}
	var out []Imported
	var errs []error
	var booked []exchange.RemoteFile
	for _, f := range files {
		im, err := e.fetchReceiptFile(ctx, side, k, f.Name)
		if err != nil && restored.CutOff(ctx, err) {
			return out, errors.Join(append(errs, err)...) // the same would come of all the others
		}
		if err != nil {
			errs = append(errs, err)
			key := "receipts:" + vendor + ":" + identity.Scrub(f.Name)
			alarms[key] = true
			args := alarm.Args{"case": "failed", "file": identity.Scrub(f.Name), "vendor": vendor, "why": err.Error()}
			if err := e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.RaiseAlarm(ctx, key, args) }); err != nil {
				return out, errors.Join(append(errs, err)...)
			}
			continue
		}
		out = append(out, im)
		if len(im.Waits) > 0 {
			continue // left for Recover; offers are stopped, with an alarm
		}
		if len(im.Problems) > 0 {
			alarms[stoppedKey(vendor, im.SHA256)] = true
			continue // left where it is, for the vendor and us to look at
		}
		booked = append(booked, f)
	}
	if err := e.moveBooked(ctx, side, booked); err != nil {
		errs = append(errs, err)
	}
	rest, err := e.bookHalf(ctx, vendor)
	out, errs = append(out, rest...), append(errs, err)
	errs = append(errs, e.ResolveGone(ctx, "receipts:"+vendor+":", alarms))
	return out, errors.Join(errs...)
}

func (e *Receipts) fetchReceiptFile(ctx context.Context, side step.VendorSide, k restored.Known, name string) (Imported, error) {
	data, err := side.Fetch(ctx, name)
	if err != nil {
		return Imported{}, fmt.Errorf("fetch receipt file %s: %w", identity.Scrub(name), err)
	}
	e.Passed("receipts: fetched")
	vendor := k.Vendor.Key
	if odd := e.restored.StrangeReceipts(k, data); len(odd) > 0 {
		return Imported{File: name, Waits: odd}, e.restored.StopOffers(ctx, restored.OfferStop{Vendor: vendor, Jobs: odd})
	}
	im, err := e.importReceipts(ctx, vendor, name, data, after{})
	if err == nil {
		e.Passed("receipts: applied")
	}
	return im, err
}

// moveBooked moves files aside that still are what was listed before they were fetched. Another one, that the vendor was
// writing or has replaced meanwhile, is fetched again next time.
func (e *Receipts) moveBooked(ctx context.Context, side step.VendorSide, booked []exchange.RemoteFile) error {
	if len(booked) == 0 {
		return nil
	}
	now, _, err := side.ReceiptFiles(ctx)
	if err != nil {
		return fmt.Errorf("list receipts again: %w", err)
	}
	var errs []error
	for _, f := range booked {
		same := func(o exchange.RemoteFile) bool {
			return o.Name == f.Name && o.Bytes == f.Bytes && o.ModTime.Equal(f.ModTime)
		}
		if !slices.ContainsFunc(now, same) {
			e.Log.Warn("receipt file has changed while it was booked, it is taken again next time", "file", identity.Scrub(f.Name))
			continue
		}
		if err := side.MoveDone(ctx, f.Name); err != nil {
			errs = append(errs, fmt.Errorf("move receipt file %s aside: %w", identity.Scrub(f.Name), err))
			continue
		}
		e.Passed("receipts: moved aside")
	}
	return errors.Join(errs...)
}

// stoppedKey is the key of the alarm about a file that was stopped.
func stoppedKey(vendor, sha256 string) string { return "receipts:" + vendor + ":" + sha256 }
