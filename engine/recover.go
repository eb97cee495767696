package engine

import (
	"bytes"
	"cmp"
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

	"postgang/billing"
	"postgang/printjobs/exchange"
)

// RecoverOptions say how to recover after a backup was put back.
type RecoverOptions struct {
	Vendor string
	// Manifests are manifests that the vendor has sent by another way, for jobs whose letters cannot be read.
	Manifests []ManifestFile
	// Confirm goes on although the letters of some jobs cannot be read: those that may be in them are set aside.
	Confirm bool
	Reason  string // with Confirm: who has looked and what was found; kept and shown, no personal data
	DryRun  bool   // tell what was found and would be done, and change nothing
}

// ManifestFile is a manifest under the name that it was sent under.
type ManifestFile struct {
	Name string
	Data []byte
}

// RecoveredJob is a job that the vendor has under an id of ours and that the archive did not know, or knew otherwise.
type RecoveredJob struct {
	ID       string
	Verdict  Verdict
	Accepted bool     // by an answer, or since there are receipts
	Letters  int      // that are known to be in it
	Beyond   []string // shipment ids of those that the archive has not; they are set aside when they are handed in again
	Unread   []string // what of it cannot be read, and why
	Waits    bool     // a person must confirm before offers go on
}

// Recovered tells what Recover found and did, or would do.
type Recovered struct {
	Vendor    string
	Stop      *OfferStop // nothing was offered to the vendor, and why; nil: offers were not stopped
	From, To  int        // the newest number of a job before and after: new ids begin behind it
	Jobs      []RecoveredJob
	Recorded  int        // letters recorded as handed over
	Found     []string   // jobs of the archive that are handed over, as was found now
	Withdrawn []string   // jobs of the archive that were taken back, since their ids or letters are at the vendor already
	SetAside  []string   // shipments that the vendor may have: a person decides
	Receipts  []Imported // receipt files read from where the vendor keeps those that were booked
	Waits     []string   // why offers stay stopped; empty: they go on
}

// farJump is how many job numbers are passed over without asking: a strange file could use all of them up.
const farJump = 100_000

// Recover brings the archive up to what a vendor's side shows, after a backup was put back, and lets offers to it go on:
//
//   - new job ids begin behind all that were seen
//   - a job that the vendor has taken is recorded, with the letters that its manifest or its receipts name: they are
//     SENDT_PRINT, and receipts that were booked before are booked again
//   - jobs of this archive that have the same ids or letters are withdrawn; what nobody has is due again
//   - a letter that the vendor may have, and for which that is not proven, is set aside
//   - of letters that the archive has not, the ids are remembered: handed in again, they are set aside
//
// What cannot be read keeps offers stopped until it is confirmed. Each of its steps is one transaction, and it may be begun
// again after a crash at any point.
func (e *Engine) Recover(ctx context.Context, o RecoverOptions) (Recovered, error) {
	v, ok := e.vendors[o.Vendor]
	if !ok {
		return Recovered{}, fmt.Errorf("vendor %q is not configured", o.Vendor)
	}
	if o.Confirm {
		if why := badReason(o.Reason); why != "" {
			return Recovered{}, fmt.Errorf("recover: %s", why)
		}
	}
	out, err := e.recover(ctx, v, o)
	if err != nil {
		return out, fmt.Errorf("recover vendor %s: %w", v.Key, err)
	}
	if o.DryRun {
		return out, nil
	}
	e.sideChecked.Delete(v.Key)
	if len(out.Waits) == 0 {
		if _, err := e.Reconcile(ctx); err != nil {
			return out, err
		}
		if err := e.hasten(ctx); err != nil {
			return out, err
		}
	}
	return out, e.Watch(ctx)
}

func (e *Engine) recover(ctx context.Context, v Vendor, o RecoverOptions) (Recovered, error) {
	held, unlock, err := e.lockVendor(ctx, v.Key)
	if err != nil {
		return Recovered{}, fmt.Errorf("%w; try again in a moment", err)
	}
	defer unlock()
	r := &recovery{e: e, v: v, o: o, out: Recovered{Vendor: v.Key}}
	if err := r.begin(held); err != nil {
		return r.out, lost(held, err)
	}
	if !v.Manual {
		if r.side, err = e.reach(held, v); err != nil {
			return r.out, fmt.Errorf("reach vendor %s: %w", v.Key, err)
		}
		defer r.side.Close()
		if err := r.look(held); err != nil {
			return r.out, lost(held, err)
		}
	}
	if err := r.decide(held); err != nil || o.DryRun {
		return r.out, lost(held, err)
	}
	return r.out, lost(held, r.do(held))
}

// recovery is one run of Recover.
type recovery struct {
	e    *Engine
	v    Vendor
	o    RecoverOptions
	side VendorSide
	k    known
	out  Recovered

	highest int // of the fence
	jobs    []*vendorJob
	files   []receiptAtVendor
	named   map[string]string // letters that the vendor has: shipment → job
	ours    []PrintJob        // jobs of the archive that are to be withdrawn
}

// receiptAtVendor is a receipt file with rows of jobs that were found.
type receiptAtVendor struct {
	name string
	done bool // it lies among those that were moved aside
}

// vendorJob is a job that a vendor has under an id of ours, as far as it can be read.
type vendorJob struct {
	handOver
	sight    exchange.Sighting
	id       string
	doc      *exchange.Ticket
	manifest []exchange.ManifestRow
	receipts []billing.ReceiptRow
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
	case x.answer != nil && x.answer.Accepted && n >= x.answer.Letters:
		return "" // receipts name all of them
	case x.answer != nil && x.answer.Accepted:
		return fmt.Sprintf("the vendor has accepted %d letters, and %d are named by receipts; its manifest is neither at the vendor nor among our documents", x.answer.Letters, n)
	case n > 0:
		return fmt.Sprintf("receipts name %d of its letters; whether there are more is not known", n)
	}
	return "its manifest is neither at the vendor nor among our documents"
}

// begin reads what the archive and the fence say.
func (r *recovery) begin(ctx context.Context) error {
	if err := r.e.checkFence(ctx); err != nil {
		return err
	}
	if r.e.fence != nil {
		var err error
		if r.highest, err = r.e.fence.HighestJob(ctx, r.e.tag); err != nil {
			return err
		}
	}
	return r.e.archive.View(ctx, func(rd Reader) error {
		stop, stopped, err := stopOf(ctx, rd, r.v.Key)
		if stopped {
			r.out.Stop = &stop
		}
		if err != nil {
			return err
		}
		r.out.From, err = rd.JobNumber(ctx)
		return err
	})
}

// look reads the vendor's side: first the answers that settle jobs of the archive by themselves.
func (r *recovery) look(ctx context.Context) error {
	if !r.o.DryRun {
		if _, err := r.e.FetchAnswers(ctx, r.v.Key); err != nil {
			return err
		}
	}
	seen, err := r.side.Sightings(ctx, r.e.tag)
	if err != nil {
		return err
	}
	if r.k, err = r.e.knownJobs(ctx, r.v); err != nil {
		return err
	}
	if !r.o.DryRun {
		if err := r.composePlanned(ctx, seen); err != nil {
			return err
		}
	}
	jobs := map[string]*vendorJob{}
	for _, s := range seen {
		if m, ok := r.k.marks[s.Job]; !r.k.settled(s.Job) && (!ok || s.HandedOver() && r.differs(m)) {
			jobs[s.Job] = &vendorJob{id: s.Job, sight: s}
		}
	}
	if err := r.readReceipts(ctx, jobs); err != nil {
		return err
	}
	if r.out.Stop != nil {
		for _, id := range r.out.Stop.Jobs { // what is gone since was there
			if _, ok := r.k.marks[id]; !ok && jobs[id] == nil && !r.k.settled(id) {
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
func (r *recovery) differs(m JobMark) bool {
	if m.Vendor != r.v.Key {
		return !r.k.shared(m.Vendor)
	}
	switch m.State {
	case JobPlanned, JobComposed, JobUploaded, JobCommitted, JobUncertain:
		return true
	}
	return r.out.Stop != nil && slices.Contains(r.out.Stop.Jobs, m.ID)
}

// composePlanned composes jobs that the vendor has and the archive has only planned: the same letters give the same
// ticket, which says whether it is the same job.
func (r *recovery) composePlanned(ctx context.Context, seen []exchange.Sighting) error {
	n := 0
	for _, s := range seen {
		if m, ok := r.k.marks[s.Job]; !ok || !s.HandedOver() || m.State != JobPlanned || m.Vendor != r.v.Key {
			continue
		}
		if err := r.e.ComposeJob(ctx, s.Job); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.e.log.Warn("job that the vendor has cannot be composed here", "job", s.Job, "error", err)
		}
		n++
	}
	if n == 0 {
		return nil
	}
	var err error
	r.k, err = r.e.knownJobs(ctx, r.v)
	return err
}

// readReceipts reads the rows of jobs that the archive does not know, from receipts that wait and from those that were
// moved aside. A file that cannot be read is named with every job in it.
func (r *recovery) readReceipts(ctx context.Context, jobs map[string]*vendorJob) error {
	fresh, done, err := r.e.unbooked(ctx, r.side, r.v.Key)
	if err != nil {
		return err
	}
	for i, f := range append(fresh, done...) {
		at := receiptAtVendor{f.Name, i >= len(fresh)}
		ids, err := r.side.JobsInReceipt(ctx, f.Name, at.done, r.e.tag)
		if err != nil {
			return err
		}
		ours := len(ids) > 0
		ids = slices.DeleteFunc(ids, func(id string) bool { return jobs[id] == nil && !r.k.oddReceipt(id) })
		if at.done && ours {
			r.files = append(r.files, at) // booked before, and not in this archive: for whichever job of ours
		}
		if len(ids) == 0 {
			continue
		}
		fetch := r.side.Fetch
		if at.done {
			fetch = r.side.FetchDone
		}
		data, err := fetch(ctx, f.Name)
		if err != nil {
			return err
		}
		rows, problems := billing.ParseReceipts(data, r.v.Receipts)
		for _, id := range ids {
			if jobs[id] == nil {
				jobs[id] = &vendorJob{id: id}
			}
			if len(problems) > 0 {
				jobs[id].bad = append(jobs[id].bad, fmt.Sprintf("receipt file %s, which names it, has %d problems, first: %s", f.Name, len(problems), problems[0]))
			}
		}
		if len(problems) > 0 {
			continue
		}
		for _, row := range rows {
			if x := jobs[row.Job]; x != nil {
				x.receipts = append(x.receipts, row)
			}
		}
	}
	return nil
}

// read finds out what was handed over under a job's id: from the vendor's inbox, from its answer, from our documents, which
// may be newer than the database, and from what a person brings.
func (r *recovery) read(ctx context.Context, x *vendorJob) error {
	bad := x.bad
	var err error
	if x.handOver, err = r.e.handOver(ctx, r.side, x.id); err != nil {
		return err
	}
	x.bad = append(bad, x.bad...)
	if x.ticket != "" {
		name, err := exchange.FileName(x.id, 0, exchange.KindTicket, x.ticket)
		if err != nil {
			return err
		}
		b, err := r.document(ctx, name, x.ticket, 0)
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
	} else if x.answer != nil {
		for _, f := range x.answer.Files {
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
	} else if ctx.Err() != nil || errors.Is(err, exchange.ErrConnection) {
		return nil, err
	} else if !errors.Is(err, fs.ErrNotExist) {
		r.e.log.Warn("document at the vendor cannot be read", "name", name, "error", err)
	}
	ref := BlobRef{SHA256: sha, Bytes: size}
	if finder, ok := r.e.blobs.(Finder); ok {
		if ref, err = finder.Find(ctx, sha); errors.Is(err, ErrNotFound) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	f, err := r.e.openPrepared(ctx, ref) // which proves the hash
	if errors.Is(err, errPreparedLost) {
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

// decide settles what each job is, and which jobs and letters of the archive that concerns. It changes nothing.
func (r *recovery) decide(ctx context.Context) error {
	r.named = map[string]string{}
	r.out.To = max(r.out.From, r.highest)
	for _, x := range r.jobs {
		r.out.To = max(r.out.To, jobNumber(x.id))
		m, ours := r.k.marks[x.id]
		same, err := r.same(ctx, x, m)
		if err != nil {
			return err
		}
		if ours && same {
			if m.State == JobComposed || m.State == JobUploaded || m.State == JobCommitted || m.State == JobUncertain {
				r.out.Found = append(r.out.Found, x.id)
			}
			continue
		}
		if ours && x.ticket == "" && len(x.receipts) == 0 && m.State != JobPlanned {
			continue // an answer that cannot be read, to a job that waits for one: it has an alarm of its own
		}
		j := RecoveredJob{ID: x.id, Accepted: x.accepted(), Letters: len(x.letters())}
		missing := x.missing()
		switch {
		case !x.sight.HandedOver() && len(x.receipts) == 0 && len(x.bad) == 0 && len(x.sight.Files) > 0:
			j.Verdict = FoundLeftover
		case !x.accepted() && x.sight.Refused && x.answer != nil:
			j.Verdict, missing = FoundRefused, ""
		case ours && (x.ticket != "" || len(x.receipts) > 0):
			j.Verdict = FoundCollision
			x.sent = m.State != JobWithdrawn && !slices.Contains(beforeHandOver, m.State)
		case missing != "":
			j.Verdict = FoundUnread
		default:
			j.Verdict = FoundRecorded
		}
		if j.Verdict != FoundLeftover && j.Verdict != FoundRefused {
			if missing != "" {
				x.bad = append([]string{missing}, x.bad...)
				j.Waits = true
			}
			for _, s := range x.letters() {
				r.named[s] = x.id
			}
		}
		j.Unread = x.bad
		r.out.Jobs = append(r.out.Jobs, j)
	}
	for i := range r.out.Jobs {
		id := r.out.Jobs[i].ID
		r.jobs[slices.IndexFunc(r.jobs, func(x *vendorJob) bool { return x.id == id })].shown = &r.out.Jobs[i]
	}
	return r.concerned(ctx)
}

// beforeHandOver are the states of a job that is not handed over, or of which that is not known.
var beforeHandOver = []JobState{JobPlanned, JobComposed, JobUploaded, JobCommitted, JobUncertain}

// same reports whether what the vendor has is the very job of the archive under that id: of the same ticket, or, where only
// receipts tell of it, with no other letters.
func (r *recovery) same(ctx context.Context, x *vendorJob, m JobMark) (bool, error) {
	if m.Vendor != r.v.Key || x.ticket != "" || len(x.receipts) == 0 || m.State == JobPlanned {
		return m.Vendor == r.v.Key && x.ticket != "" && x.ticket == m.TicketSHA, nil
	}
	rows, err := view(ctx, r.e.archive, func(rd Reader) ([]JobLetter, error) { return rd.JobLetters(ctx, x.id) })
	if err != nil {
		return false, err
	}
	in := map[string]bool{}
	for _, row := range rows {
		in[row.Shipment] = true
	}
	return !slices.ContainsFunc(x.letters(), func(id string) bool { return !in[id] }), nil
}

// concerned finds the jobs and letters of the archive that the vendor's jobs concern, and what must be confirmed.
func (r *recovery) concerned(ctx context.Context) error {
	var waits []string
	for _, j := range r.out.Jobs {
		if j.Waits {
			waits = append(waits, fmt.Sprintf("job %s: %s", j.ID, j.Unread[0]))
		}
	}
	if gone := r.gone(); gone != "" {
		waits = append(waits, fmt.Sprintf("job %s was handed over, or about to be, and nothing at the vendor tells of it", gone))
	}
	if r.v.Manual && r.out.Stop != nil {
		waits = append(waits, "what was printed here since the backup is known to nobody but those who printed it")
	}
	if r.out.To-r.out.From > farJump {
		waits = append(waits, fmt.Sprintf("new job ids would begin at %d, behind %d: is the highest id at the vendor ours?", r.out.To+1, r.out.From))
	}
	if !r.o.Confirm {
		r.out.Waits = waits
	}
	return r.e.archive.View(ctx, func(rd Reader) error {
		jobs, err := rd.Jobs(ctx, JobFilter{States: beforeHandOver})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if slices.Contains(r.out.Found, j.ID) {
				continue
			}
			hit := r.collides(j.ID)
			if !hit && !j.Reprint {
				rows, err := rd.JobLetters(ctx, j.ID)
				if err != nil {
					return err
				}
				hit = slices.ContainsFunc(rows, func(l JobLetter) bool { return r.named[l.Shipment] != "" })
			}
			if hit {
				r.ours = append(r.ours, j)
				r.out.Withdrawn = append(r.out.Withdrawn, j.ID)
			}
		}
		for i := range r.jobs {
			x := r.jobs[i]
			if x.shown == nil || x.shown.Verdict == FoundLeftover {
				continue
			}
			for _, id := range x.letters() {
				if _, err := rd.Shipment(ctx, id); errors.Is(err, ErrNotFound) {
					x.shown.Beyond = append(x.shown.Beyond, id)
				} else if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// gone is the newest job that was handed over by the fence, when nothing tells of it, and it can be of no other vendor.
func (r *recovery) gone() string {
	if r.out.Stop == nil || r.out.Stop.Highest == 0 || len(r.e.vorder) > 1 {
		return ""
	}
	id := fmt.Sprintf("%s%06d", r.e.tag, r.out.Stop.Highest)
	_, ours := r.k.marks[id]
	if ours || r.k.settled(id) || slices.ContainsFunc(r.jobs, func(x *vendorJob) bool { return x.id == id }) {
		return ""
	}
	return id
}

// unread reports whether letters of the archive may be in a job that cannot be read.
func (r *recovery) unread() bool {
	return r.v.Manual && r.out.Stop != nil || r.gone() != "" ||
		slices.ContainsFunc(r.jobs, func(x *vendorJob) bool { return x.shown != nil && x.shown.Waits && !x.sent })
}

// collides reports whether the vendor has another job under the id of one of ours.
func (r *recovery) collides(id string) bool {
	return slices.ContainsFunc(r.out.Jobs, func(j RecoveredJob) bool { return j.ID == id && j.Verdict == FoundCollision })
}

// do brings the archive up to what was found.
func (r *recovery) do(ctx context.Context) error {
	e := r.e
	odd := make([]string, 0, len(r.out.Jobs))
	for _, j := range r.out.Jobs {
		odd = append(odd, j.ID)
	}
	if len(odd) > 0 {
		// Should this come to nothing half-way, nothing is offered.
		if err := e.stopOffers(ctx, OfferStop{Vendor: r.v.Key, Jobs: odd}); err != nil {
			return err
		}
	}
	e.step("recover: begun")
	far := r.out.To-r.out.From > farJump
	if !far || r.o.Confirm {
		if err := e.archive.InTx(ctx, func(tx Tx) error { return tx.RaiseJobNumber(ctx, r.out.To) }); err != nil {
			return err
		}
		e.step("recover: numbers raised")
	}
	for _, id := range r.out.Found {
		if err := e.markOffered(ctx, id, "hand-over found at the vendor"); err != nil {
			return err
		}
	}
	for _, j := range r.ours {
		if err := r.withdraw(ctx, j); err != nil {
			return err
		}
	}
	for _, x := range r.jobs {
		if x.shown == nil || x.shown.Waits && !r.o.Confirm {
			// Its letters that are known are kept back all the same.
			if x.shown != nil {
				if err := r.setAside(ctx, x.letters(), "kan være i jobb "+x.id+" hos trykkeriet"); err != nil {
					return err
				}
			}
			continue
		}
		if err := r.settle(ctx, x); err != nil {
			return fmt.Errorf("job %s: %w", x.id, err)
		}
		e.step("recover: job settled")
	}
	return r.end(ctx)
}

// end books the receipts that were booked before, and lets offers go on.
func (r *recovery) end(ctx context.Context) error {
	e := r.e
	var err error
	if r.k, err = e.knownJobs(ctx, r.v); err != nil {
		return err
	}
	for _, f := range r.files {
		data, err := r.side.FetchDone(ctx, f.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if len(e.strangeReceipts(r.k, data)) > 0 {
			continue // of a job that waits
		}
		im, err := e.ImportReceipts(ctx, r.v.Key, f.name, data)
		if err != nil {
			return err
		}
		r.out.Receipts = append(r.out.Receipts, im)
		e.step("recover: receipts booked")
	}
	if len(r.out.Waits) > 0 {
		return nil
	}
	if r.o.Confirm && r.unread() {
		if err := r.setAsideAll(ctx); err != nil {
			return err
		}
	}
	err = e.archive.InTx(ctx, func(tx Tx) error {
		if _, stopped, err := stopOf(ctx, tx, r.v.Key); err != nil || !stopped {
			return err
		}
		if err := tx.SetSetting(ctx, stopSetting+r.v.Key, ""); err != nil {
			return err
		}
		return tx.ResolveAlarm(ctx, restoredAlarm(r.v.Key))
	})
	if err == nil {
		e.step("recover: offers go on")
		e.log.Info("offers go on after recovery", "vendor", r.v.Key, "jobs", len(r.out.Jobs), "letters", r.out.Recorded, "set_aside", len(r.out.SetAside))
	}
	return err
}

// withdraw takes a job of the archive back whose id or letters the vendor has already. What lies at the vendor under an
// id that is not ours alone is left alone.
func (r *recovery) withdraw(ctx context.Context, j PrintJob) error {
	e := r.e
	now, files, err := e.jobAndFiles(ctx, j.ID)
	if err != nil {
		return err
	}
	collides := r.collides(j.ID)
	switch {
	case now.State == JobPlanned, collides && now.Vendor == r.v.Key, e.vendors[now.Vendor].Manual:
	default:
		if now.Vendor != r.v.Key {
			held, unlock, err := e.lockVendor(ctx, now.Vendor)
			if err != nil {
				return err
			}
			defer unlock()
			ctx = held
		}
		if err := e.takeBack(ctx, now, files); err != nil {
			return err
		}
	}
	e.step("recover: files withdrawn")
	return e.archive.InTx(ctx, func(tx Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil {
			return err
		}
		const reason = "recover: the vendor has its id or its letters already"
		if now.State == JobCommitted {
			if err := e.moveJob(ctx, tx, now, JobUncertain, reason); err != nil {
				return err
			}
			if now, err = tx.Job(ctx, j.ID); err != nil {
				return err
			}
		}
		if !now.State.MayMove(JobWithdrawn) {
			return nil // settled meanwhile
		}
		if err := tx.ResolveAlarm(ctx, uncertainAlarm(j.ID)); err != nil {
			return err
		}
		if now.Reprint {
			return e.endReprint(ctx, tx, j.ID, reason)
		}
		if _, err := e.dropUngated(ctx, tx, j.ID); err != nil {
			return err
		}
		return e.moveJob(ctx, tx, now, JobWithdrawn, reason)
	})
}

// settle records what became of one job.
func (r *recovery) settle(ctx context.Context, x *vendorJob) error {
	reason := "found at the vendor by recover"
	if r.o.Confirm && x.shown.Waits {
		reason += "; confirmed: " + r.o.Reason
	}
	found := FoundJob{ID: x.id, Vendor: r.v.Key, Verdict: x.shown.Verdict, TicketSHA: x.ticket, Letters: len(x.letters()), Reason: reason}
	switch x.shown.Verdict {
	case FoundLeftover:
		// Never handed over: nothing of it may be printed, and nothing is.
		if err := r.side.Withdraw(ctx, x.id, nil); err != nil {
			return err
		}
	case FoundRefused:
		if err := r.setAside(ctx, x.letters(), "trykkeriet avviste jobb "+x.id); err != nil {
			return err
		}
	case FoundCollision:
		if err := r.setAside(ctx, x.letters(), "trykkeriet har brevet i jobb "+x.id); err != nil {
			return err
		}
	default:
		if len(x.letters()) > 0 {
			return r.record(ctx, x, found)
		}
	}
	return r.e.archive.InTx(ctx, func(tx Tx) error {
		if x.shown.Verdict == FoundCollision {
			for _, id := range x.letters() {
				if err := tx.AddFoundLetters(ctx, FoundLetter{Shipment: id, Job: x.id, Vendor: r.v.Key}); err != nil {
					return err
				}
			}
		}
		return tx.SetFoundJob(ctx, found)
	})
}

// record makes a job of the archive of one that the vendor has, with the letters that the archive has.
func (r *recovery) record(ctx context.Context, x *vendorJob, found FoundJob) error {
	e := r.e
	// One that was never decided here was, before it was printed.
	for _, id := range x.letters() {
		s, err := view(ctx, e.archive, func(rd Reader) (Shipment, error) { return rd.Shipment(ctx, id) })
		if err == nil && s.Status == StatusMottatt {
			err = e.PrepareShipment(ctx, id)
			if err != nil && ctx.Err() == nil {
				e.log.Warn("letter that the vendor has cannot be prepared", "shipment", id, "error", err)
				err = nil
			}
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	var aside []string
	n := 0
	err := e.archive.InTx(ctx, func(tx Tx) error {
		aside, n = nil, 0
		if _, err := tx.Job(ctx, x.id); !errors.Is(err, ErrNotFound) {
			return err // it was, by a run that came to its end just then
		}
		p, err := r.placed(ctx, tx, x)
		if err != nil {
			return err
		}
		for _, id := range p.beyond {
			if err := tx.AddFoundLetters(ctx, FoundLetter{Shipment: id, Job: x.id, Vendor: r.v.Key}); err != nil {
				return err
			}
		}
		aside = p.aside
		if n = len(p.rows); n > 0 {
			if err := r.insert(ctx, tx, x, p); err != nil {
				return err
			}
		}
		return tx.SetFoundJob(ctx, found)
	})
	if err != nil {
		return err
	}
	r.out.Recorded += n
	return r.setAside(ctx, aside, "trykkeriet har brevet i jobb "+x.id)
}

// placement is how the letters of a vendor's job stand in the archive.
type placement struct {
	rows    []JobLetter
	ships   map[string]Shipment
	parent  string   // the job that it reprints; empty: it is none
	beyond  []string // letters that the archive has not, or that cannot be in the job
	aside   []string // of these, letters that the archive has
	account string   // of all, when they are of one
}

// placed sorts a job's letters. Those that another job has handed over already make it a reprint of that one, when it has
// all of them.
func (r *recovery) placed(ctx context.Context, tx Tx, x *vendorJob) (placement, error) {
	p := placement{ships: map[string]Shipment{}}
	rows := map[string]exchange.ManifestRow{}
	for _, m := range x.manifest {
		rows[m.Shipment] = m
	}
	var free, again []JobLetter
	parents := map[string]bool{}
	for i, id := range x.letters() {
		s, err := tx.Shipment(ctx, id)
		if errors.Is(err, ErrNotFound) {
			p.beyond = append(p.beyond, id)
			continue
		}
		if err != nil {
			return p, err
		}
		if !recordable(s) {
			p.beyond, p.aside = append(p.beyond, id), append(p.aside, id)
			continue
		}
		row, err := r.row(s, rows[id], i+1)
		if err != nil {
			return p, err
		}
		row.Job = x.id
		p.ships[id] = s
		live, err := liveJob(ctx, tx, id)
		switch {
		case err != nil:
			return p, err
		case live == "":
			free = append(free, row)
		default:
			again = append(again, row)
			parents[live] = true
		}
		if p.account == "" {
			p.account = s.Account
		} else if p.account != s.Account {
			p.account = "-"
		}
	}
	switch {
	case len(free) == 0 && len(parents) == 1:
		p.rows = again
		for parent := range parents {
			p.parent = parent
		}
	default:
		p.rows = free
		for _, row := range again { // printed once more, of several jobs: they are where they were
			p.beyond = append(p.beyond, row.Shipment)
		}
	}
	if p.account == "-" {
		p.account = ""
	}
	return p, nil
}

// recordable reports whether a shipment can be a letter of a job that is handed over.
func recordable(s Shipment) bool {
	if s.Prepared.IsZero() || s.Submission.DigitalOnly {
		return false
	}
	switch s.Status {
	case StatusSendtPrint, StatusPrintet, StatusLest, StatusManueltHandtert:
		return true
	}
	return Printable(s.Status)
}

// liveJob is the job that holds a letter and is no reprint; empty: none.
func liveJob(ctx context.Context, r Reader, shipment string) (string, error) {
	jobs, err := r.JobsOf(ctx, shipment)
	for _, j := range jobs {
		if j.State.Live() && !j.Reprint {
			return j.ID, err
		}
	}
	return "", err
}

// row is a letter's place in a job: by the manifest, or, where there is none, as it would be laid on sheets now.
func (r *recovery) row(s Shipment, m exchange.ManifestRow, number int) (JobLetter, error) {
	if m.Shipment != "" {
		return JobLetter{
			Shipment: s.ID, Letter: m.Letter, Konteringskode: m.Konteringskode, Reason: s.DueReason, File: m.File, FirstSide: m.FirstSide,
			LastSide: m.LastSide, Sheets: m.Sheets, Pages: m.Pages, PagesBW: m.PagesBW, PagesColour: m.PagesColour, GiroSheets: m.GiroSheets,
			Envelope: m.Envelope, WeightGram: m.WeightGram,
		}, nil
	}
	l, err := r.e.place(s, r.v.Profile)
	if err != nil {
		return JobLetter{}, err
	}
	row := plannedRow(l)
	row.Letter, row.Reason = number, s.DueReason
	return row, nil
}

// insert records a job that the vendor has.
func (r *recovery) insert(ctx context.Context, tx Tx, x *vendorJob, p placement) error {
	j := PrintJob{
		ID: x.id, Vendor: r.v.Key, Parent: p.parent, Reprint: p.parent != "", State: JobOffered, Letters: len(p.rows), Updated: tx.Now(),
		TicketSHA: cmp.Or(x.ticket, unknownTicket), Totals: totalsOf(p.rows),
	}
	if x.accepted() {
		j.State = JobAccepted
	}
	var err error
	if j.Ticket, err = exchange.FileName(x.id, 0, exchange.KindTicket, j.TicketSHA); err != nil {
		return err
	}
	if x.doc != nil {
		j.Class, j.Totals, j.Created = x.doc.Class, x.doc.Totals, x.doc.Created.UTC()
	} else {
		first := p.rows[0]
		j.Class = exchange.Class{Account: p.account, Envelope: first.Envelope, Zone: p.ships[first.Shipment].Zone}
	}
	if x.answer != nil {
		j.OfferedAt = x.answer.Time.UTC().Truncate(millisecond)
	}
	if j.OfferedAt.IsZero() {
		j.OfferedAt = tx.Now()
	}
	if j.Created.IsZero() {
		j.Created = j.OfferedAt
	}
	if err := tx.InsertJob(ctx, j, p.rows); err != nil {
		return err
	}
	if err := tx.AddJobEvent(ctx, JobEvent{Job: j.ID, At: tx.Now(), From: j.State, To: j.State, Reason: FoundAtVendor}); err != nil {
		return err
	}
	for _, row := range p.rows {
		if s := p.ships[row.Shipment]; s.Hold != "" {
			if err := release(ctx, tx, s, "trykkeriet har brevet i jobb "+x.id); err != nil {
				return err
			}
		}
	}
	return tx.SendLetters(ctx, x.id, tx.Now())
}

// totalsOf sums what is known of letters.
func totalsOf(rows []JobLetter) exchange.Totals {
	t := exchange.Totals{Letters: len(rows)}
	for _, l := range rows {
		t.Sheets += l.Sheets
		t.Pages += l.Pages
		t.PagesBW += l.PagesBW
		t.PagesColour += l.PagesColour
		t.GiroSheets += l.GiroSheets
		t.WeightGram += int64(l.WeightGram)
	}
	return t
}

// FoundAtVendor is the reason in the history of a job that Recover has recorded.
const FoundAtVendor = "found at the vendor by recover"

// unknownTicket stands for the SHA-256 of a ticket that nothing at the vendor tells any more.
var unknownTicket = strings.Repeat("0", 64)

// asideAtOnce is how many letters are set aside in one transaction.
const asideAtOnce = 200

// setAside sets letters aside that are not handed over by this archive, until a person decides. It raises no alarm: Watch
// has one about all of them.
func (r *recovery) setAside(ctx context.Context, shipments []string, text string) error {
	for part := range slices.Chunk(shipments, asideAtOnce) {
		var done []string
		err := r.e.archive.InTx(ctx, func(tx Tx) error {
			done = nil
			for _, id := range part {
				s, err := tx.Shipment(ctx, id)
				if errors.Is(err, ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				if s.Hold == HoldRestored {
					done = append(done, id)
					continue
				}
				if s.Hold != "" || !s.ReadAt.IsZero() || !s.ClosedAt.IsZero() || !Printable(s.Status) && s.Status != StatusMottatt {
					continue
				}
				if err := setAside(ctx, tx, s, HoldRestored, text); err != nil {
					return err
				}
				done = append(done, id)
			}
			return nil
		})
		if err != nil {
			return err
		}
		r.out.SetAside = append(r.out.SetAside, done...)
	}
	return nil
}

// setAsideAll sets every letter aside that goes to this vendor and is not handed over: any may be in a job that cannot be
// read.
func (r *recovery) setAsideAll(ctx context.Context) error {
	for _, key := range r.e.order {
		if r.e.accounts[key].Vendor != r.v.Key {
			continue
		}
		for after := ""; ; {
			page, err := view(ctx, r.e.archive, func(rd Reader) ([]Shipment, error) {
				return rd.Shipments(ctx, ShipmentFilter{Account: key, Statuses: []Status{StatusMottatt, StatusAkseptert, StatusVarslet, StatusKlarForMottak, StatusSendtSDP}, After: after, Limit: collectPage})
			})
			if err != nil {
				return err
			}
			var ids []string
			for _, s := range page {
				after = s.ID
				if !s.Submission.DigitalOnly {
					ids = append(ids, s.ID)
				}
			}
			if err := r.setAside(ctx, ids, "kan være i en jobb hos trykkeriet som ikke kan leses"); err != nil {
				return err
			}
			if len(page) < collectPage {
				break
			}
		}
	}
	return nil
}

// ReleaseRestored lets letters be collected that Recover has set aside, by the word of a person who has made sure that
// the vendor has not got them; all of them when none is named.
func (e *Engine) ReleaseRestored(ctx context.Context, reason string, shipments ...string) (int, error) {
	if why := badReason(reason); why != "" {
		return 0, fmt.Errorf("release: %s", why)
	}
	if len(shipments) == 0 {
		held, err := view(ctx, e.archive, func(r Reader) ([]Shipment, error) {
			return r.Shipments(ctx, ShipmentFilter{Hold: HoldRestored})
		})
		if err != nil {
			return 0, err
		}
		for _, s := range held {
			shipments = append(shipments, s.ID)
		}
	}
	n := 0
	for part := range slices.Chunk(shipments, asideAtOnce) {
		done := 0
		err := e.archive.InTx(ctx, func(tx Tx) error {
			done = 0
			for _, id := range part {
				s, err := tx.Shipment(ctx, id)
				if err != nil {
					return err
				}
				if s.Hold != HoldRestored {
					return fmt.Errorf("shipment %s is not set aside by recover", id)
				}
				if err := release(ctx, tx, s, reason); err != nil {
					return err
				}
				done++
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += done
	}
	return n, e.Watch(ctx)
}

// foundElsewhere reports whether a vendor has a letter by its own word, though it is handed in only now.
func foundElsewhere(ctx context.Context, r Reader, shipment string) (string, error) {
	found, err := r.FoundLetters(ctx, FoundLetterFilter{Shipment: shipment})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].Job, nil
}
