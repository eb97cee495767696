package receipts

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/billing/receipt"
	"postgang/engine/alarm"
	"postgang/engine/change"
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

// FetchReceipts collects a vendor's receipt files: archived by hash before parsing, parsed whole, applied in one
// transaction each, moved aside at the vendor only after the commit, and only if what lies there is still what was
// booked. A file that cannot be taken gets an alarm and stops no other.
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
	im, err := e.importReceipts(ctx, vendor, name, data, func(store.Tx, Imported) error { return nil })
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

// ImportReceipts applies one receipt file. The same bytes again change nothing. A file with any problem is kept and
// stopped whole, with an alarm; it is looked at anew when it comes again, since the vendor profile may have been mended. Somebody has
// read it in, which the log of changes keeps.
func (e *Receipts) ImportReceipts(ctx context.Context, vendor, name string, data []byte) (Imported, error) {
	return e.importReceipts(ctx, vendor, name, data, func(tx store.Tx, im Imported) error {
		count := map[string]int{"rows": im.Rows, "applied": im.Applied, "corrects": im.Corrects, "doubles": im.Doubles, "conflicts": im.Conflict, "unknown": im.Unknown, "problems": len(im.Problems)}
		after := change.Facts{"vendor": vendor, "net": strconv.FormatInt(int64(im.Booked), 10)}
		for name, n := range count {
			after[name] = strconv.Itoa(n)
		}
		return tx.AddChange(ctx, change.Of(change.ReceiptFile, im.SHA256, nil, after, change.Read))
	})
}

// importReceipts is ImportReceipts; also is done in the transaction that stores what came of the file.
func (e *Receipts) importReceipts(ctx context.Context, vendor, name string, data []byte, also func(tx store.Tx, im Imported) error) (Imported, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return Imported{}, fmt.Errorf("vendor %q is not configured", vendor)
	}
	sum := sha256.Sum256(data)
	out := Imported{File: name, SHA256: hex.EncodeToString(sum[:])}
	known, err := store.View(ctx, e.Archive, func(r store.Reader) (store.ReceiptFile, error) { return r.ReceiptFile(ctx, vendor, out.SHA256) })
	stopped := err == nil && len(known.Problems) > 0
	if err == nil && !stopped {
		out.Again, out.Rows = true, known.Rows
		return out, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return out, fmt.Errorf("look up receipt file %s: %w", identity.Scrub(name), err)
	}
	ref, err := e.Blobs.Put(ctx, bytes.NewReader(data))
	if err != nil {
		return out, fmt.Errorf("archive receipt file %s: %w", identity.Scrub(name), err)
	}
	e.Passed("receipts: archived")
	rows, problems := receipt.Parse(data, v.Receipts)
	for i := range rows {
		rows[i].PostedAt = rows[i].PostedAt.UTC().Truncate(time.Millisecond) // what the archive keeps, so that doubles are known
	}
	// Job by job, whose letters stand near each other in the database; rows of one letter as they stand.
	slices.SortStableFunc(rows, func(a, b receipt.Row) int { return cmp.Compare(a.Job, b.Job) })
	out.Rows, out.Problems = len(rows), problems
	file := store.ReceiptFile{Vendor: vendor, SHA256: out.SHA256, Name: name, Blob: ref, Fetched: e.Now(), Rows: len(rows), Problems: problems}
	if stopped {
		file.Fetched = known.Fetched
	}
	if len(problems) > 0 && stopped {
		out.Again = true
		return out, nil
	}
	if len(problems) > 0 {
		e.Log.Error("receipt file stopped", "vendor", vendor, "file", identity.Scrub(name), "problems", len(problems))
		err := e.Archive.InTx(ctx, func(tx store.Tx) error {
			file.Rows = 0
			if err := tx.InsertReceiptFile(ctx, file); err != nil {
				return err
			}
			err := tx.RaiseAlarm(ctx, stoppedKey(vendor, out.SHA256), alarm.Args{
				"case": "stopped", "file": identity.Scrub(name), "vendor": vendor, "problems": strconv.Itoa(len(problems)), "first": fmt.Sprint(problems[0]),
			})
			if err != nil {
				return err
			}
			return also(tx, out)
		})
		if err != nil && !errors.Is(err, store.ErrExists) {
			return out, fmt.Errorf("record receipt file %s: %w", identity.Scrub(name), err)
		}
		return out, nil
	}
	fresh := out
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		out = fresh
		if !stopped {
			if err := tx.InsertReceiptFile(ctx, file); err != nil {
				return err
			}
		}
		if err := tx.ResolveAlarm(ctx, stoppedKey(vendor, out.SHA256)); err != nil {
			return err
		}
		if err := e.applyReceipts(ctx, tx, v, file, rows, &out); err != nil {
			return err
		}
		return also(tx, out)
	})
	if errors.Is(err, store.ErrExists) {
		// Another process applied the same file just now, or it was applied after it had been stopped once.
		there, lookErr := e.applied(ctx, vendor, out.SHA256, rows, stopped)
		if lookErr == nil && there {
			fresh.Again = true
			return fresh, nil
		}
		err = errors.Join(err, lookErr)
	}
	if err != nil {
		return out, fmt.Errorf("apply receipt file %s: %w", identity.Scrub(name), err)
	}
	if out.Rows == 0 {
		e.Log.Warn("receipt file without rows: the vendor posted nothing, or wrote the file otherwise than the profile says", "vendor", vendor, "file", identity.Scrub(name))
	}
	e.Log.Info("receipts applied", "vendor", vendor, "file", identity.Scrub(name), "rows", out.Rows, "applied", out.Applied,
		"doubles", out.Doubles, "conflicts", out.Conflict, "unknown", out.Unknown, "deviations", out.Deviate)
	return out, nil
}

// applied looks whether a receipt file was applied: by its first row that is kept (returns are not, but for those of unknown
// letters), since one that was stopped before is there anyhow.
func (e *Receipts) applied(ctx context.Context, vendor, sha string, rows []receipt.Row, stopped bool) (bool, error) {
	err := e.Archive.View(ctx, func(r store.Reader) error {
		if len(rows) == 0 && !stopped {
			_, err := r.ReceiptFile(ctx, vendor, sha)
			return err
		}
		for i, row := range rows {
			_, err := r.Receipt(ctx, e.receiptID(vendor, sha, i))
			if row.Kind != receipt.RowReturn || !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		// Nothing but returns: noted with the file, which another process may have stopped instead.
		f, err := r.ReceiptFile(ctx, vendor, sha)
		if err == nil && len(f.Problems) > 0 {
			err = store.ErrNotFound
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// receiptID is the identity of a row of a file, by its place among the rows: a file may have several rows in one line. Those of a
// file are alike but for their end, and grow: a database adds a million of them faster side by side than strewn about. It is a
// UUID of version 8, of which the maker decides what is in it (RFC 9562).
func (e *Receipts) receiptID(vendor, sha string, row int) string {
	id := uuid.NewSHA1(e.Namespace, []byte(vendor+"/"+sha))
	id[6] = 0x80 | id[6]&0x0f
	binary.BigEndian.PutUint32(id[12:], uint32(row)) //nolint:gosec // a file of four thousand million rows is not read
	return id.String()
}
