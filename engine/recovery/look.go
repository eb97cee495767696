package recovery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"postgang/billing/reading"
	"postgang/billing/receipt"
	"postgang/engine/identity"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// receiptAtVendor is a receipt file with rows of jobs that were found.
type receiptAtVendor struct {
	name string
	done bool // it lies among those that were moved aside
}

// vendorJob is a job that a vendor has under an id of ours, as far as it can be read.
type vendorJob struct {
	restored.HandOver
	sight    exchange.Sighting
	id       string
	doc      *exchange.Ticket
	manifest []exchange.ManifestRow
	receipts []receipt.Row
	shown    *RecoveredJob
	sent     bool // the archive has handed over another job under the id
}

// accepted reports whether the vendor has taken the job to be printed, as far as anything says so.
func (x *vendorJob) accepted() bool { return x.sight.Accepted || len(x.receipts) > 0 }

// letters are the shipments that are known to be in the job, in its order.
func (x *vendorJob) letters() []string {
	var out []string
	seen := map[string]bool{}
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	for _, m := range x.manifest {
		add(m.Shipment)
	}
	for _, row := range x.receipts {
		add(row.Shipment)
	}
	return out
}

// missing says what of the job's letters is not known; empty: all are.
func (x *vendorJob) missing() string {
	switch n := len(x.letters()); {
	case x.manifest != nil:
		return ""
	case x.Answer != nil && x.Answer.Accepted && n >= x.Answer.Letters:
		return "" // receipts name all of them
	case x.Answer != nil && x.Answer.Accepted:
		return fmt.Sprintf("the vendor has accepted %d letters, and %d are named by receipts; its manifest is neither at the vendor nor among our documents", x.Answer.Letters, n)
	case n > 0:
		return fmt.Sprintf("receipts name %d of its letters; whether there are more is not known", n)
	}
	return "its manifest is neither at the vendor nor among our documents"
}

// look reads the vendor's side: first the answers that settle jobs of the archive by themselves.
func (r *recovery) look(ctx context.Context) error {
	if !r.o.DryRun {
		if _, err := r.e.jobs.FetchAnswers(ctx, r.v.Key); err != nil {
			return err
		}
	}
	seen, err := r.side.Sightings(ctx, r.e.JobTag)
	if err != nil {
		return err
	}
	if r.k, err = r.e.restored.KnownJobs(ctx, r.v); err != nil {
		return err
	}
	if !r.o.DryRun {
		if err := r.composePlanned(ctx, seen); err != nil {
			return err
		}
	}
	jobs := map[string]*vendorJob{}
	for _, s := range seen {
		if m, ok := r.k.Marks[s.Job]; !r.k.Settled(s.Job) && (!ok || s.HandedOver() && r.differs(m)) {
			jobs[s.Job] = &vendorJob{id: s.Job, sight: s}
		}
	}
	if err := r.readReceipts(ctx, jobs); err != nil {
		return err
	}
	if r.out.Stop != nil {
		for _, id := range r.out.Stop.Jobs { // what is gone since was there
			if _, ok := r.k.Marks[id]; !ok && jobs[id] == nil && !r.k.Settled(id) {
				jobs[id] = &vendorJob{id: id}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(jobs)) {
		x := jobs[id]
		if err := r.read(ctx, x); err != nil {
			return err
		}
		r.jobs = append(r.jobs, x)
	}
	return nil
}

// differs reports whether a job of the archive may not be what the vendor has under its id.
func (r *recovery) differs(m store.JobMark) bool {
	if m.Vendor != r.v.Key {
		return !r.k.Shared(m.Vendor)
	}
	switch m.State {
	case store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobUncertain:
		return true
	default: // handed over
		return r.out.Stop != nil && slices.Contains(r.out.Stop.Jobs, m.ID)
	}
}

// composePlanned composes jobs that the vendor has and the archive has only planned: the same letters give the same
// ticket, which says whether it is the same job.
func (r *recovery) composePlanned(ctx context.Context, seen []exchange.Sighting) error {
	n := 0
	for _, s := range seen {
		if m, ok := r.k.Marks[s.Job]; !ok || !s.HandedOver() || m.State != store.JobPlanned || m.Vendor != r.v.Key {
			continue
		}
		if err := r.e.jobs.ComposeJob(ctx, s.Job); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.e.Log.Warn("job that the vendor has cannot be composed here", "job", s.Job, "error", err)
		}
		n++
	}
	if n == 0 {
		return nil
	}
	var err error
	r.k, err = r.e.restored.KnownJobs(ctx, r.v)
	return err
}

// readReceipts reads the rows of jobs that the archive does not know, from receipts that wait and from those that were
// moved aside. A file that cannot be read is named with every job in it, or waits for a person when these are not known.
func (r *recovery) readReceipts(ctx context.Context, jobs map[string]*vendorJob) error {
	fresh, done, err := r.e.restored.Unbooked(ctx, r.side, r.v.Key)
	if err != nil {
		return err
	}
	for i, f := range append(fresh, done...) {
		at := receiptAtVendor{f.Name, i >= len(fresh)}
		ids, err := r.side.JobsInReceipt(ctx, f.Name, at.done, r.e.JobTag)
		if err != nil && restored.CutOff(ctx, err) {
			return err
		}
		if err != nil {
			r.closed = append(r.closed, fmt.Sprintf("receipt file %s cannot be read: %v", identity.Scrub(f.Name), err))
			continue
		}
		ours := len(ids) > 0
		ids = slices.DeleteFunc(ids, func(id string) bool { return jobs[id] == nil && !r.k.OddReceipt(id) })
		if len(ids) > 0 {
			if err := r.readRows(ctx, jobs, at, ids); err != nil {
				return err
			}
		}
		if at.done && ours {
			r.files = append(r.files, at) // booked before, and not in this archive: for whichever job of ours
		}
	}
	return nil
}

// readRows reads the rows of jobs out of a receipt file that names them.
func (r *recovery) readRows(ctx context.Context, jobs map[string]*vendorJob, at receiptAtVendor, ids []string) error {
	fetch := r.side.Fetch
	if at.done {
		fetch = r.side.FetchDone
	}
	data, err := fetch(ctx, at.name)
	if err != nil && (restored.CutOff(ctx, err) || errors.Is(err, exchange.ErrUnstable) || errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("receipt file %s: %w", identity.Scrub(at.name), err) // another look tells
	}
	var rows []receipt.Row
	bad := ""
	if err != nil {
		bad = fmt.Sprintf("receipt file %s, which names it, cannot be read: %v", identity.Scrub(at.name), err)
	} else {
		var problems []reading.Problem
		if rows, problems = receipt.Parse(data, r.v.Receipts); len(problems) > 0 {
			rows, bad = nil, fmt.Sprintf("receipt file %s, which names it, has %d problems, first: %s", identity.Scrub(at.name), len(problems), problems[0])
		}
	}
	for _, id := range ids {
		if jobs[id] == nil {
			jobs[id] = &vendorJob{id: id}
		}
		if bad != "" {
			jobs[id].Bad = append(jobs[id].Bad, bad)
		}
	}
	for _, row := range rows {
		if x := jobs[row.Job]; x != nil {
			x.receipts = append(x.receipts, row)
		}
	}
	return nil
}

// read finds out what was handed over under a job's id: from the vendor's inbox, from its answer, from our documents, which
// may be newer than the database, and from what a person brings.
func (r *recovery) read(ctx context.Context, x *vendorJob) error {
	bad := x.Bad
	var err error
	if x.HandOver, err = r.e.restored.HandOver(ctx, r.side, x.id); err != nil {
		return err
	}
	x.Bad = append(bad, x.Bad...)
	if x.Ticket != "" {
		name, err := exchange.FileName(x.id, 0, exchange.KindTicket, x.Ticket)
		if err != nil {
			return err
		}
		b, err := r.document(ctx, name, x.Ticket, 0)
		if err != nil {
			return err
		}
		if t, err := exchange.ParseTicket(b); b != nil && err == nil && t.Job == x.id {
			x.doc = &t
		}
	}
	// What the ticket says is proven by the hand-over; then what the vendor says that it has received.
	type described struct {
		name, sha string
		bytes     int64
	}
	var list []described
	if x.doc != nil {
		if f, ok := x.doc.ManifestFile(); ok {
			list = append(list, described{f.Name, f.SHA256, f.Bytes})
		}
	} else if x.Answer != nil {
		for _, f := range x.Answer.Files {
			if p, ok := exchange.ParseFileName(f.Name); ok && p.Kind == exchange.KindManifest {
				list = append(list, described{f.Name, f.SHA256, f.Bytes})
			}
		}
	}
	for _, d := range list {
		b, err := r.document(ctx, d.name, d.sha, d.bytes)
		if err != nil {
			return err
		}
		x.take(b)
	}
	for _, m := range r.o.Manifests {
		p, ok := exchange.ParseFileName(m.Name)
		if !ok || p.Job != x.id || p.Kind != exchange.KindManifest || x.manifest != nil {
			continue
		}
		sum := sha256.Sum256(m.Data)
		sha := hex.EncodeToString(sum[:])
		if !strings.HasPrefix(sha, p.Hash) || len(list) > 0 && list[0].sha != sha {
			return fmt.Errorf("%s is not the manifest that was handed over: it has another SHA-256", m.Name)
		}
		x.take(m.Data)
		if x.manifest == nil {
			return fmt.Errorf("%s cannot be read as the manifest of %s", m.Name, x.id)
		}
	}
	return nil
}

// take takes a manifest that can be read.
func (x *vendorJob) take(b []byte) {
	if len(b) == 0 {
		return
	}
	if rows, err := exchange.ParseManifest(b); err == nil && len(rows) > 0 {
		x.manifest = rows
	}
}

// document reads a ticket or manifest from the vendor's inbox or from our documents; nil: it is in neither. bytes 0: not
// known.
func (r *recovery) document(ctx context.Context, name, sha string, size int64) ([]byte, error) {
	b, err := r.side.JobDocument(ctx, name)
	if err == nil {
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) == sha {
			return b, nil
		}
	} else if restored.CutOff(ctx, err) {
		return nil, err
	} else if !errors.Is(err, fs.ErrNotExist) {
		r.e.Log.Warn("document at the vendor cannot be read", "name", name, "error", err)
	}
	ref := shipment.BlobRef{SHA256: sha, Bytes: size}
	if byHash, ok := r.e.Blobs.(finder); ok {
		if ref, err = byHash.Find(ctx, sha); errors.Is(err, store.ErrNotFound) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	f, err := r.e.OpenPrepared(ctx, ref) // which proves the hash
	if errors.Is(err, step.ErrPreparedLost) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out bytes.Buffer
	_, err = io.Copy(&out, io.NewSectionReader(f, 0, ref.Bytes))
	return out.Bytes(), err
}

// finder is a store of documents that can find one by its hash alone.
type finder interface {
	// Find returns store.ErrNotFound (wrapped) when there is none.
	Find(ctx context.Context, sha256 string) (shipment.BlobRef, error)
}
