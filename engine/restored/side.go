package restored

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"

	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// FoundElsewhere reports whether a vendor has a letter by its own word, though it is handed in only now.
func FoundElsewhere(ctx context.Context, r store.Reader, shipment string) (string, error) {
	found, err := r.FoundLetters(ctx, store.FoundLetter{Shipment: shipment})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].Job, nil
}

// The verdicts of Recover. They stand in the archive.
const (
	FoundRecorded  store.Verdict = "RECORDED"  // handed over: recorded as a job of ours, as far as its letters are in the archive
	FoundCollision store.Verdict = "COLLISION" // another job of ours has the id
	FoundRefused   store.Verdict = "REFUSED"   // the vendor refused it
	FoundLeftover  store.Verdict = "LEFTOVER"  // files without a ready file: never handed over
	FoundUnread    store.Verdict = "UNREAD"    // handed over, and which letters are in it cannot be read
)

// sideCheckFor is how long a look at a vendor's side counts. It is for a process that serves for months; each run looks
// anew.
const sideCheckFor = 10 * time.Minute

// CheckSideNow is CheckSide unless this process has looked a moment ago.
func (e *Check) CheckSideNow(ctx context.Context, side step.VendorSide, v party.Vendor) error {
	if e.sideSeen(v.Key) {
		return nil
	}
	if err := e.CheckSide(ctx, side, v); err != nil {
		return fmt.Errorf("look for jobs that the archive does not know: %w", err)
	}
	e.sideChecked.Store(v.Key, time.Now())
	return nil
}

// Forget has the side of a vendor looked at anew.
func (e *Check) Forget(vendor string) { e.sideChecked.Delete(vendor) }

// ForgetAll has the sides of all vendors looked at anew.
func (e *Check) ForgetAll() { e.sideChecked.Clear() }

func (e *Check) sideSeen(vendor string) bool {
	last, ok := e.sideChecked.Load(vendor)
	return ok && time.Since(last.(time.Time)) < sideCheckFor // the real clock: a test's may stand still
}

// sideCheckWithin is how long a run waits for a vendor's side before it goes on without.
const sideCheckWithin = time.Minute

// CheckVendors looks at the side of all vendors before a run takes job ids. One that cannot be reached now is looked at
// before the first offer to it.
func (e *Check) CheckVendors(ctx context.Context) error {
	if err := errors.Join(e.CheckFence(ctx), e.keepFence(ctx)); err != nil {
		return err
	}
	p := pool.New().WithErrors().WithMaxGoroutines(step.VendorsAtOnce)
	for _, key := range e.VendorKeys {
		v := e.Vendors[key]
		if v.Manual || e.sideSeen(key) {
			continue
		}
		p.Go(func() error {
			soon, cancel := context.WithTimeout(ctx, sideCheckWithin)
			defer cancel()
			side, err := e.Reach(soon, v)
			if err == nil {
				err = errors.Join(e.CheckSideNow(soon, side, v), side.Close())
			}
			if err != nil && ctx.Err() == nil {
				e.Log.Warn("vendor's side is not looked at before the run", "vendor", v.Key, "error", err)
				return nil
			}
			return err
		})
	}
	return p.Wait()
}

// Known is what the archive knows of job ids of ours at a vendor.
type Known struct {
	Vendor party.Vendor
	Marks  map[string]store.JobMark
	found  map[string]store.FoundJob
	Shared func(other string) bool // another vendor of the configuration has the same folders
}

// KnownJobs gathers what the archive knows of jobs when a vendor's side is looked at.
func (e *Check) KnownJobs(ctx context.Context, v party.Vendor) (Known, error) {
	k := Known{Vendor: v, Marks: map[string]store.JobMark{}, found: map[string]store.FoundJob{}, Shared: func(other string) bool {
		o, ok := e.Vendors[other]
		return ok && o.Target.Address == v.Target.Address && o.Target.User == v.Target.User && o.Target.Folders == v.Target.Folders
	}}
	err := e.Archive.View(ctx, func(r store.Reader) error {
		marks, err := r.JobMarks(ctx)
		if err != nil {
			return err
		}
		for _, m := range marks {
			k.Marks[m.ID] = m
		}
		found, err := r.FoundJobs(ctx, v.Key)
		for _, f := range found {
			k.found[f.ID] = f
		}
		return err
	})
	return k, err
}

// Settled reports whether Recover has settled a job.
func (k Known) Settled(job string) bool { _, ok := k.found[job]; return ok }

// SettledElse reports whether Recover has settled a job, and not as one of the archive's own.
func (k Known) SettledElse(job string) bool {
	f, ok := k.found[job]
	m, ours := k.Marks[job]
	if ours && m.State != store.JobWithdrawn {
		return false // an answer to our own may come yet
	}
	return ok && (f.Verdict != FoundRecorded || !ours)
}

// OddAnswer reports whether an answer tells more than the archive knows: to a job that it has never made, or to another
// ticket than its own.
func (k Known) OddAnswer(a exchange.Answer, installation string) bool {
	m, ok := k.Marks[a.Job]
	switch {
	case !strings.HasPrefix(a.Job, installation):
		return false
	case !ok:
		return true
	case m.Vendor != k.Vendor.Key:
		return !k.Shared(m.Vendor)
	}
	return a.TicketSHA256 != "" && a.TicketSHA256 != m.TicketSHA && !k.Settled(a.Job)
}

// OddReceipt reports whether a receipt for a job tells more than the archive knows: that job was never handed over by it.
func (k Known) OddReceipt(job string) bool {
	m, ok := k.Marks[job]
	switch {
	case k.Settled(job):
		return false
	case !ok:
		return true
	}
	return m.State.Uncomposed() || m.State == store.JobComposed || m.State == store.JobUploaded
}

// CheckSide looks whether a vendor's side knows more than the archive, and stops offers to it if so: two listings, and
// what is new among the receipts.
func (e *Check) CheckSide(ctx context.Context, side step.VendorSide, v party.Vendor) error {
	// The vendor's side first: what is there has its row in the archive.
	seen, err := side.Sightings(ctx, e.JobTag)
	if err != nil {
		return err
	}
	k, err := e.KnownJobs(ctx, v)
	if err != nil {
		return err
	}
	odd, err := e.oddSightings(ctx, side, k, seen)
	if err != nil {
		return err
	}
	more, err := e.oddReceipts(ctx, side, k)
	if err != nil {
		return err
	}
	if odd = append(odd, more...); len(odd) == 0 {
		return nil
	}
	return e.StopOffers(ctx, OfferStop{Vendor: v.Key, Jobs: odd})
}

// oddSightings are the jobs at a vendor that the archive does not know, or knows otherwise.
func (e *Check) oddSightings(ctx context.Context, side step.VendorSide, k Known, seen []exchange.Sighting) ([]string, error) {
	var odd []string
	for _, s := range seen {
		m, ok := k.Marks[s.Job]
		switch {
		case k.Settled(s.Job):
		case !ok:
			odd = append(odd, s.Job)
		case !s.HandedOver(): // our files on their way
		case m.Vendor != k.Vendor.Key:
			if !k.Shared(m.Vendor) {
				odd = append(odd, s.Job)
			}
		case m.State.Uncomposed(): // it was never composed here
			odd = append(odd, s.Job)
		case m.State == store.JobComposed || m.State == store.JobUploaded || m.State == store.JobCommitted || m.State == store.JobUncertain:
			there, err := e.HandOver(ctx, side, s.Job)
			if err != nil {
				return nil, err
			}
			if there.Ticket != "" && there.Ticket != m.TicketSHA {
				odd = append(odd, s.Job)
			}
		}
	}
	return odd, nil
}

// HandOver is what a vendor's side shows of the hand-over of one job.
type HandOver struct {
	Answer *exchange.Answer
	ready  *exchange.Ready
	Bad    []string // what cannot be understood
	Ticket string   // SHA-256 of the ticket that was handed over; empty: not known
}

// HandOver looks at the vendor's side for signs that a job was handed over.
func (e *Check) HandOver(ctx context.Context, side step.VendorSide, job string) (HandOver, error) {
	var h HandOver
	ready, err := side.ReadyFile(ctx, job)
	var unread *exchange.ParseError
	switch {
	case err == nil:
		h.ready, h.Ticket = &ready, ready.TicketSHA256
	case errors.Is(err, fs.ErrNotExist):
	case errors.As(err, &unread), errors.Is(err, exchange.ErrTooLarge), errors.Is(err, exchange.ErrUnstable), errors.Is(err, exchange.ErrConflict), errors.Is(err, exchange.ErrName):
		h.Bad = append(h.Bad, "its ready file cannot be understood")
	default:
		return h, err
	}
	answers, bad, err := side.AnswersOf(ctx, job)
	if err != nil {
		return h, err
	}
	for _, p := range bad {
		h.Bad = append(h.Bad, p.String())
	}
	for _, a := range answers {
		h.Answer = &a
		if a.TicketSHA256 != "" {
			h.Ticket = a.TicketSHA256
		}
	}
	return h, nil
}

// movedAside matches the end that a receipt file gets when another has its name.
var movedAside = regexp.MustCompile(`_[0-9a-f]{12}$`)

// Unbooked are the receipt files at a vendor that the archive has not booked, by their names and sizes.
func (e *Check) Unbooked(ctx context.Context, side step.VendorSide, vendor string) (fresh, done []exchange.RemoteFile, err error) {
	type file struct {
		name  string
		bytes int64
	}
	booked := map[file]bool{}
	files, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.ReceiptFile, error) { return r.ReceiptFiles(ctx, vendor) })
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		if len(f.Problems) == 0 {
			booked[file{f.Name, f.Blob.Bytes}] = true
		}
	}
	if fresh, _, err = side.ReceiptFiles(ctx); err != nil {
		return nil, nil, err
	}
	if done, err = side.DoneFiles(ctx); err != nil {
		return nil, nil, err
	}
	isBooked := func(f exchange.RemoteFile) bool {
		ext := path.Ext(f.Name)
		stem := movedAside.ReplaceAllString(strings.TrimSuffix(f.Name, ext), "")
		return booked[file{f.Name, f.Bytes}] || booked[file{stem + ext, f.Bytes}]
	}
	return slices.DeleteFunc(fresh, isBooked), slices.DeleteFunc(done, isBooked), nil
}

// oddReceipts are the jobs in a vendor's receipts, those moved aside too, that the archive has never handed over. A file
// that the archive has not booked is read through once.
func (e *Check) oddReceipts(ctx context.Context, side step.VendorSide, k Known) ([]string, error) {
	vendor := k.Vendor.Key
	fresh, done, err := e.Unbooked(ctx, side, vendor)
	if err != nil {
		return nil, err
	}
	list, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.SeenReceipt, error) { return r.SeenReceipts(ctx, vendor) })
	if err != nil {
		return nil, err
	}
	seen := map[store.SeenReceipt]bool{}
	for _, s := range list {
		seen[s] = true
	}
	var odd []string
	for i, f := range append(fresh, done...) {
		mark := store.SeenReceipt{Name: f.Name, Bytes: f.Bytes, Modified: f.ModTime.UTC().Truncate(time.Millisecond)}
		if seen[mark] {
			continue
		}
		jobs, err := side.JobsInReceipt(ctx, f.Name, i >= len(fresh), e.JobTag)
		if err != nil && CutOff(ctx, err) {
			return nil, err
		}
		if err != nil { // one file that cannot be read keeps no letter; fetching tells of it
			e.Log.Warn("receipt file is not looked through", "vendor", vendor, "file", identity.Scrub(f.Name), "error", err)
			continue
		}
		jobs = slices.DeleteFunc(jobs, func(job string) bool { return !k.OddReceipt(job) })
		if odd = append(odd, jobs...); len(jobs) > 0 {
			continue
		}
		err = e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.AddSeenReceipt(ctx, vendor, mark) })
		if err != nil {
			return nil, err
		}
	}
	return odd, nil
}

// CutOff reports whether an error is of the connection to a vendor, or of a caller that has had enough: everything else there
// fails alike.
func CutOff(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, exchange.ErrConnection)
}

// StrangeReceipts are the jobs that a fetched receipt file names and the archive has never handed over. Booked now, its
// rows would be of nobody for good; it is left until Recover.
func (e *Check) StrangeReceipts(k Known, data []byte) []string {
	return slices.DeleteFunc(exchange.JobsNamed(data, e.JobTag), func(job string) bool { return !k.OddReceipt(job) })
}
