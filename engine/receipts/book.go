package receipts

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/change"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// progress is what is kept of a file of which rows are left to be applied.
type progress struct {
	Format   receipt.Format // by which it is read: the vendor's may be another by now
	Digest   string         // of its rows
	Net      money.Ore      // what all its rows say
	Out      Imported       // what became of the rows that are applied
	Replaced money.Ore      // what corrections and reversals say, less what they changed by
	// Job has receipts, and rows of it may be left; empty: there is none.
	Job         string
	First, Last time.Time // when the letters were posted whose costs changed, the first and the last; zero: none
	After       after
	By          string // whose work it is, as access.Actor keeps it
}

// after is what is recorded when a file is applied.
type after struct {
	Read bool // somebody has read it in, which the log of changes keeps
	// Job is a job of manual print whose letters the file confirms, which its history keeps by Note; empty: none.
	Job  string
	Note shipment.Note
}

// record records in tx what came of a file.
func (e *Receipts) record(ctx context.Context, tx store.Tx, vendor string, a after, im Imported) error {
	if a.Read {
		count := map[string]int{"rows": im.Rows, "applied": im.Applied, "corrects": im.Corrects, "doubles": im.Doubles, "conflicts": im.Conflict, "unknown": im.Unknown, "problems": len(im.Problems)}
		facts := change.Facts{"vendor": vendor, "net": strconv.FormatInt(int64(im.Booked), 10)}
		for name, n := range count {
			facts[name] = strconv.Itoa(n)
		}
		if err := tx.AddChange(ctx, change.Of(change.ReceiptFile, im.SHA256, nil, facts, change.Read)); err != nil {
			return err
		}
	}
	if a.Job == "" || len(im.Problems) > 0 {
		return nil // of a file that was stopped, nothing is confirmed
	}
	j, err := tx.Job(ctx, a.Job)
	if err != nil {
		return err
	}
	return step.NoteJob(ctx, tx, j, a.Note)
}

// ImportReceipts applies one receipt file. The same bytes again change nothing, but for applying the rest of one that is half applied.
// A file with any problem is kept and stopped whole, with an alarm; it is looked at anew when it comes again, since the vendor profile
// may have been mended. Somebody has read it in, which the log of changes keeps.
func (e *Receipts) ImportReceipts(ctx context.Context, vendor, name string, data []byte) (Imported, error) {
	return e.importReceipts(ctx, vendor, name, data, after{Read: true})
}

// importReceipts is ImportReceipts; a is recorded with what came of the file.
func (e *Receipts) importReceipts(ctx context.Context, vendor, name string, data []byte, a after) (Imported, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return Imported{}, fmt.Errorf("vendor %q is not configured", vendor)
	}
	sum := sha256.Sum256(data)
	b := &booking{e: e, v: v, p: progress{Format: v.Receipts, After: a, By: access.By(ctx).String(), Out: Imported{File: name, SHA256: hex.EncodeToString(sum[:])}}}
	b.file = store.ReceiptFile{Vendor: vendor, SHA256: b.p.Out.SHA256, Name: name}
	if known, err := b.find(ctx); err != nil || known {
		return b.p.Out, err
	}
	if b.file.Blob.IsZero() {
		var err error
		if b.file.Blob, err = e.Blobs.Put(ctx, bytes.NewReader(data)); err != nil {
			return b.p.Out, fmt.Errorf("archive receipt file %s: %w", identity.Scrub(name), err)
		}
		b.file.Fetched = e.Now()
	}
	e.Passed("receipts: archived")
	return b.book(ctx)
}

// bookHalf applies the rest of a vendor's files that are half applied.
func (e *Receipts) bookHalf(ctx context.Context, vendor string) ([]Imported, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return nil, fmt.Errorf("vendor %q is not configured", vendor)
	}
	half, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.ReceiptFile, error) { return r.HalfReceiptFiles(ctx) })
	if err != nil {
		return nil, err
	}
	var out []Imported
	var errs []error
	for _, f := range half {
		if f.Vendor != vendor {
			continue
		}
		b := &booking{e: e, v: v, file: f}
		if known, err := b.find(ctx); err != nil || known {
			errs = append(errs, err) // somebody else has
			continue
		}
		im, err := b.book(ctx)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, im)
	}
	return out, errors.Join(errs...)
}

// booking is a receipt file that is being booked.
type booking struct {
	e     *Receipts
	v     party.Vendor
	file  store.ReceiptFile
	p     progress
	begun bool // the archive has rows of it
	stood bool // the archive has it as one that was stopped
}

// name is the file's, as messages have it.
func (b *booking) name() string { return identity.Scrub(b.file.Name) }

// find looks for what the archive has of the file. known: it is booked.
func (b *booking) find(ctx context.Context) (known bool, err error) {
	f, err := store.View(ctx, b.e.Archive, func(r store.Reader) (store.ReceiptFile, error) {
		return r.ReceiptFile(ctx, b.file.Vendor, b.file.SHA256)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look up receipt file %s: %w", b.name(), err)
	case f.Applying != "":
		b.file, b.begun, b.p = f, true, progress{}
		if err := json.Unmarshal([]byte(f.Applying), &b.p); err != nil {
			return false, fmt.Errorf("receipt file %s is half applied, and how far it has come cannot be read: %w", b.name(), err)
		}
		if b.p.Format.Time != "" {
			b.p.Format.Location = calendar.Oslo
		}
		return false, nil
	case len(f.Problems) == 0:
		b.p.Out = Imported{File: b.p.Out.File, SHA256: f.SHA256, Again: true, Rows: f.Rows}
		return true, nil
	}
	b.file, b.stood = f, true
	return false, nil
}

// text is how far the file has come, as the archive keeps it.
func (p progress) text() (string, error) {
	p.Format.Location = nil // it is Europe/Oslo, or none
	data, err := json.Marshal(p)
	return string(data), err
}

// book reads the file, and applies what is left of it, some rows in each transaction, so that others may write between. A file of few
// rows is applied by one.
func (b *booking) book(ctx context.Context) (Imported, error) {
	e := b.e
	if by, err := access.ParseActor(b.p.By); err == nil && b.p.By != "" {
		ctx = access.As(ctx, by)
	}
	rows, problems, err := b.read(ctx)
	if err != nil {
		return b.p.Out, fmt.Errorf("read receipt file %s: %w", b.name(), err)
	}
	defer rows.Close()
	if len(problems) > 0 {
		b.p.Out.Problems = problems
		return b.stop(ctx)
	}
	if b.stood { // an earlier version left it so when it had applied it
		if first, err := b.hasReceipts(ctx); err != nil || first {
			b.p.Out.Again = first
			return b.p.Out, err
		}
	}
	if rows.Len() > b.atFirst() {
		held, release, err := e.alone(ctx, "booking-"+b.v.Key)
		if err != nil {
			return b.p.Out, fmt.Errorf("apply receipt file %s: %w", b.name(), err)
		}
		defer release()
		ctx = held
		digest := b.p.Digest
		if known, err := b.find(ctx); err != nil || known { // another process may have come further
			return b.p.Out, err
		}
		if b.p.Digest != digest {
			return b.p.Out, fmt.Errorf("receipt file %s: %w", b.name(), errOtherRows)
		}
	}
	err = b.apply(ctx, rows)
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrStale) {
		// Another process applied the same file just now.
		if known, lookErr := b.find(ctx); lookErr == nil && known {
			return b.p.Out, nil
		}
	}
	if err != nil {
		return b.p.Out, step.Lost(ctx, fmt.Errorf("apply receipt file %s: %w", b.name(), err))
	}
	out := b.p.Out
	if out.Rows == 0 {
		e.Log.Warn("receipt file without rows: the vendor posted nothing, or wrote the file otherwise than the profile says", "vendor", b.v.Key, "file", b.name())
	}
	e.Log.Info("receipts applied", "vendor", b.v.Key, "file", b.name(), "rows", out.Rows, "applied", out.Applied,
		"doubles", out.Doubles, "conflicts", out.Conflict, "unknown", out.Unknown, "deviations", out.Deviate)
	return out, nil
}

// errOtherRows says that a file half applied reads otherwise than when it was begun. The bytes are the same, and so is the format.
var errOtherRows = errors.New("it is half applied, and this version of Postgang reads other rows out of it: apply its rest with the version that began it")

// patience is how often alone looks again.
const patience = 50 * time.Millisecond

// alone takes a named lock as soon as it is free.
func (e *Receipts) alone(ctx context.Context, name string) (held context.Context, release func(), err error) {
	for {
		held, release, err = e.Archive.Lock(ctx, name)
		if !errors.Is(err, store.ErrLocked) {
			return held, release, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(patience):
		}
	}
}

// stop records that a file with problems was stopped.
func (b *booking) stop(ctx context.Context) (Imported, error) {
	e, out := b.e, &b.p.Out
	if b.stood {
		out.Again = true
		return *out, nil
	}
	e.Log.Error("receipt file stopped", "vendor", b.v.Key, "file", b.name(), "problems", len(out.Problems))
	b.file.Problems = out.Problems
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		if err := tx.InsertReceiptFile(ctx, b.file); err != nil {
			return err
		}
		err := tx.RaiseAlarm(ctx, stoppedKey(b.v.Key, out.SHA256), alarm.Args{
			"case": "stopped", "file": b.name(), "vendor": b.v.Key, "problems": strconv.Itoa(len(out.Problems)), "first": fmt.Sprint(out.Problems[0]),
		})
		if err != nil {
			return err
		}
		return e.record(ctx, tx, b.v.Key, b.p.After, *out)
	})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return *out, fmt.Errorf("record receipt file %s: %w", b.name(), err)
	}
	return *out, nil
}

// hasReceipts reports whether receipts of the file are kept.
func (b *booking) hasReceipts(ctx context.Context) (bool, error) {
	n, err := store.View(ctx, b.e.Archive, func(r store.Reader) (int, error) {
		first, last := b.e.receiptIDs(b.file)
		n, _, err := r.ReceiptSum(ctx, first, last)
		return n, err
	})
	return n > 0, err
}

// apply applies the rows that are left.
func (b *booking) apply(ctx context.Context, rows *sorted) error {
	e := b.e
	left := rows.Len() - b.file.Done
	if left == 0 && !b.begun { // it has none
		return e.Archive.InTx(ctx, func(tx store.Tx) error {
			p := b.p
			if err := b.begin(ctx, tx, ""); err != nil {
				return err
			}
			return b.end(ctx, tx, &p)
		})
	}
	var most atomic.Int64
	most.Store(int64(b.atFirst()))
	for some, err := range rows.from(b.file.Done, &most, func(before, rows []receipt.Row) *ahead { return e.lookAhead(ctx, before, rows) }) {
		if err != nil {
			return err
		}
		took, err := b.applySome(ctx, some, rows.Len())
		if err != nil {
			return err
		}
		if e.ReceiptsAtOnce == 0 {
			most.Store(int64(nextMost(len(some.rows), took)))
		}
	}
	if b.file.Applying == "" {
		return nil
	}
	return b.finish(ctx)
}

// othersWait is for how long a transaction should keep others from writing, at the most: as long as a person does not notice, several
// times over. Fewer and larger transactions write less, since each writes again what the one before wrote beside.
const othersWait = 150 * time.Millisecond

// How many rows the first transaction of a file applies, and how many any does at least and at most.
const (
	firstRows = 1000
	leastRows = 400
	mostRows  = 5000
)

// nextMost is how many rows the next transaction applies, by how long one took for some.
func nextMost(rows int, took time.Duration) int {
	return min(max(rows*int(othersWait)/int(max(took, time.Millisecond)), leastRows), mostRows)
}

// atFirst is how many rows the first transaction applies, at the most.
func (b *booking) atFirst() int { return cmp.Or(b.e.ReceiptsAtOnce, firstRows) }

// applySome applies the next rows by a transaction, and tells how long others could not write. A file of which these are all is finished
// with it.
func (b *booking) applySome(ctx context.Context, some chunk, all int) (took time.Duration, err error) {
	e := b.e
	var began time.Time
	p, f := b.p, b.file
	whole := len(some.rows) == all
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		began = time.Now()
		p, f = b.p, b.file
		switch {
		case !b.begun:
			state := ""
			if !whole {
				state = "{}" // until the end of this transaction
			}
			if err := b.begin(ctx, tx, state); err != nil {
				return err
			}
		default: // nobody else has moved it on
			now, err := tx.ReceiptFile(ctx, f.Vendor, f.SHA256)
			if err == nil && (now.Done != f.Done || now.Applying == "") {
				err = store.ErrStale
			}
			if err != nil {
				return err
			}
		}
		if err := e.applyRows(ctx, tx, b.v, f, some, &p); err != nil {
			return err
		}
		if whole {
			if err := b.addsUp(&p, all); err != nil {
				return err
			}
			return b.end(ctx, tx, &p)
		}
		f.Done = some.at + len(some.rows)
		f.Rows, f.Problems = all, nil
		var err error
		if f.Applying, err = p.text(); err != nil {
			return err
		}
		return tx.AdvanceReceiptFile(ctx, f, some.at)
	})
	var unmarked *unmarkedError
	if errors.As(err, &unmarked) {
		if err := e.jobs.MarkOffered(ctx, unmarked.job, shipment.Note{Code: "receipts-came"}); err != nil {
			return 0, err
		}
		return b.applySome(ctx, some, all)
	}
	if some.ahead != nil && (errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrExists)) {
		some.ahead = nil // somebody has changed one of the letters since
		return b.applySome(ctx, some, all)
	}
	if err != nil {
		return 0, err
	}
	b.p, b.file, b.begun = p, f, true
	e.Passed("receipts: rows applied")
	return time.Since(began), nil
}

// begin records in tx that a file is being applied, or is applied by this transaction.
func (b *booking) begin(ctx context.Context, tx store.Tx, applying string) error {
	f := b.file
	f.Rows, f.Problems, f.Applying = b.p.Out.Rows, nil, applying
	if applying == "" {
		f.Done = f.Rows
	}
	if err := tx.ResolveAlarm(ctx, stoppedKey(f.Vendor, f.SHA256)); err != nil {
		return err
	}
	if b.stood {
		return tx.AdvanceReceiptFile(ctx, f, 0)
	}
	return tx.InsertReceiptFile(ctx, f)
}

// finish records that all rows are applied, once it is sure that they are.
func (b *booking) finish(ctx context.Context) error {
	type sum struct {
		rows int
		net  money.Ore
	}
	kept, err := store.View(ctx, b.e.Archive, func(r store.Reader) (s sum, err error) {
		first, last := b.e.receiptIDs(b.file)
		s.rows, s.net, err = r.ReceiptSum(ctx, first, last)
		return s, err
	})
	if err != nil {
		return err
	}
	p := b.p
	if err := b.addsUp(&p, b.file.Rows); err != nil {
		return err
	}
	// Of returns nothing is kept as a receipt, whether new or told before; what is corrected, or decided about meanwhile, is booked beside
	// what the rows say.
	if out := p.Out; out.Returned == 0 && out.Corrects == 0 && out.Doubles == 0 && out.Conflict == 0 && (kept.rows != out.Rows || kept.net != out.Booked) {
		return fmt.Errorf("the archive has %d receipts of it and kr %s booked, which should be %d and kr %s: keep a copy of the archive, and report it", kept.rows, kept.net, out.Rows, out.Booked)
	}
	return b.e.Archive.InTx(ctx, func(tx store.Tx) error {
		p := b.p
		f := b.file
		f.Applying = ""
		if err := tx.AdvanceReceiptFile(ctx, f, f.Rows); err != nil {
			return err
		}
		if err := tx.ResolveAlarm(ctx, stoppedKey(f.Vendor, f.SHA256)); err != nil {
			return err
		}
		return b.end(ctx, tx, &p)
	})
}

// addsUp holds what became of the rows against what was read: each is applied or set aside, and so is each øre.
func (b *booking) addsUp(p *progress, rows int) error {
	out := p.Out
	if n := out.Applied + out.Corrects + out.Doubles + out.Conflict + out.Unknown + out.Returned; n != rows {
		return fmt.Errorf("%d of %d rows were applied or set aside: report it", n, rows)
	}
	if net := out.Booked + out.Unbooked + p.Replaced; net != p.Net {
		return fmt.Errorf("kr %s of kr %s were booked or set aside: report it", net, p.Net)
	}
	return nil
}

// end does in tx what is done when all rows are applied.
func (b *booking) end(ctx context.Context, tx store.Tx, p *progress) error {
	if !p.First.IsZero() {
		if err := b.e.invoices.LookAtInvoices(ctx, tx, b.v, p.First, p.Last); err != nil {
			return err
		}
	}
	return b.e.record(ctx, tx, b.v.Key, p.After, p.Out)
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

// receiptIDs bound the ids of a file's receipts: they come after the first, and the last is the highest.
func (e *Receipts) receiptIDs(f store.ReceiptFile) (after, last string) {
	first, last := e.receiptID(f.Vendor, f.SHA256, 0), e.receiptID(f.Vendor, f.SHA256, math.MaxInt32)
	return first[:len(first)-1], last
}

// orderOfRows is job by job, whose letters stand near each other in the database; rows of one job as they stand.
func orderOfRows(a, b row) int { return cmp.Compare(a.Job, b.Job) }
