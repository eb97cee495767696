package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"postgang/engine/identity"
	"postgang/engine/jobs"
	"postgang/engine/party"
	"postgang/engine/receipts"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
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
	Verdict  store.Verdict
	Accepted bool     // by an answer, or since there are receipts
	Letters  int      // that are known to be in it
	Beyond   []string // shipment ids of those that the archive has not; they are set aside when they are handed in again
	Unread   []string // what of it cannot be read, and why
	Waits    bool     // a person must confirm before offers go on
}

// Recovered tells what Recover found and did, or would do.
type Recovered struct {
	Vendor    string
	Stop      *restored.OfferStop // nothing was offered to the vendor, and why; nil: offers were not stopped
	From, To  int                 // the newest number of a job before and after: new ids begin behind it
	Jobs      []RecoveredJob
	Recorded  int                 // letters recorded as handed over
	Found     []string            // jobs of the archive that are handed over, as was found now
	Withdrawn []string            // jobs of the archive that were taken back, since their ids or letters are at the vendor already
	SetAside  []string            // shipments that the vendor may have: a person decides
	Receipts  []receipts.Imported // receipt files read from where the vendor keeps those that were booked
	Waits     []string            // why offers stay stopped; empty: they go on
}

// farJump is how many job numbers are passed over at most between two that were seen: one strange file could use all of
// them up.
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
func (e *Recovery) Recover(ctx context.Context, o RecoverOptions) (Recovered, error) {
	v, ok := e.Vendors[o.Vendor]
	if !ok {
		return Recovered{}, fmt.Errorf("vendor %q is not configured", o.Vendor)
	}
	if o.Confirm {
		if why := identity.BadReason(o.Reason); why != "" {
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
	e.restored.Forget(v.Key)
	if len(out.Waits) == 0 {
		if _, err := e.nights.Reconcile(ctx); err != nil {
			return out, err
		}
		if err := e.Hasten(ctx); err != nil {
			return out, err
		}
	}
	return out, e.nights.Watch(ctx)
}

func (e *Recovery) recover(ctx context.Context, v party.Vendor, o RecoverOptions) (Recovered, error) {
	held, unlock, err := e.LockVendor(ctx, v.Key)
	if err != nil {
		return Recovered{}, fmt.Errorf("%w; try again in a moment", err)
	}
	defer unlock()
	r := &recovery{e: e, v: v, o: o, out: Recovered{Vendor: v.Key}}
	if err := r.begin(held); err != nil {
		return r.out, step.Lost(held, err)
	}
	if !v.Manual {
		if r.side, err = e.Reach(held, v); err != nil {
			return r.out, fmt.Errorf("reach vendor %s: %w", v.Key, err)
		}
		defer r.side.Close()
		if err := r.look(held); err != nil {
			return r.out, step.Lost(held, err)
		}
	}
	if err := r.decide(held); err != nil || o.DryRun {
		return r.out, step.Lost(held, err)
	}
	return r.out, step.Lost(held, r.do(held))
}

// recovery is one run of Recover.
type recovery struct {
	e    *Recovery
	v    party.Vendor
	o    RecoverOptions
	side step.VendorSide
	k    restored.Known
	out  Recovered

	highest int      // of the fence
	far     string   // a job whose number is too far beyond the others to be one of ours
	closed  []string // receipt files of which nobody knows what jobs they name, and why
	jobs    []*vendorJob
	files   []receiptAtVendor
	named   map[string]string // letters that the vendor has: shipment → job
	ours    []store.PrintJob  // jobs of the archive that are to be withdrawn
}

// begin reads what the archive and the fence say.
func (r *recovery) begin(ctx context.Context) error {
	if err := r.e.restored.CheckFence(ctx); err != nil {
		return err
	}
	if r.e.Fence != nil {
		var err error
		if r.highest, err = r.e.Fence.HighestJob(ctx, r.e.JobTag); err != nil {
			return err
		}
	}
	return r.e.Archive.View(ctx, func(rd store.Reader) error {
		stop, stopped, err := restored.StopOf(ctx, rd, r.v.Key)
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

// decide settles what each job is, and which jobs and letters of the archive that concerns. It changes nothing.
func (r *recovery) decide(ctx context.Context) error {
	r.named = map[string]string{}
	r.out.To = max(r.out.From, r.highest)
	for _, x := range r.jobs { // by id
		if n := restored.JobNumber(x.id); n-r.out.To <= farJump {
			r.out.To = max(r.out.To, n)
		} else if r.far == "" {
			r.far = x.id
		}
		m, ours := r.k.Marks[x.id]
		same, err := r.same(ctx, x, m)
		if err != nil {
			return err
		}
		if ours && same {
			if m.State == store.JobComposed || m.State == store.JobUploaded || m.State == store.JobCommitted || m.State == store.JobUncertain {
				r.out.Found = append(r.out.Found, x.id)
			}
			continue
		}
		if ours && x.Ticket == "" && len(x.receipts) == 0 && !m.State.Uncomposed() {
			continue // an answer that cannot be read, to a job that waits for one: it has an alarm of its own
		}
		j := RecoveredJob{ID: x.id, Accepted: x.accepted(), Letters: len(x.letters())}
		missing := x.missing()
		switch {
		case !x.sight.HandedOver() && len(x.receipts) == 0 && len(x.Bad) == 0 && len(x.sight.Files) > 0:
			j.Verdict = restored.FoundLeftover
		case !x.accepted() && x.sight.Refused && x.Answer != nil:
			j.Verdict, missing = restored.FoundRefused, ""
		case ours && (x.Ticket != "" || len(x.receipts) > 0):
			j.Verdict = restored.FoundCollision
			x.sent = m.State != store.JobWithdrawn && !slices.Contains(beforeHandOver, m.State)
		case missing != "":
			j.Verdict = restored.FoundUnread
		default:
			j.Verdict = restored.FoundRecorded
		}
		if j.Verdict != restored.FoundLeftover && j.Verdict != restored.FoundRefused {
			if missing != "" {
				x.Bad = append([]string{missing}, x.Bad...)
				j.Waits = true
			}
			for _, s := range x.letters() {
				r.named[s] = x.id
			}
		}
		j.Unread = x.Bad
		r.out.Jobs = append(r.out.Jobs, j)
	}
	for i := range r.out.Jobs {
		id := r.out.Jobs[i].ID
		r.jobs[slices.IndexFunc(r.jobs, func(x *vendorJob) bool { return x.id == id })].shown = &r.out.Jobs[i]
	}
	return r.concerned(ctx)
}

// beforeHandOver are the states of a job that is not handed over, or of which that is not known.
var beforeHandOver = []store.JobState{store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobUncertain}

// same reports whether what the vendor has is the very job of the archive under that id: of the same ticket, or, where only
// receipts tell of it, with no other letters.
func (r *recovery) same(ctx context.Context, x *vendorJob, m store.JobMark) (bool, error) {
	if m.Vendor != r.v.Key || x.Ticket != "" || len(x.receipts) == 0 || m.State.Uncomposed() {
		return m.Vendor == r.v.Key && x.Ticket != "" && x.Ticket == m.TicketSHA, nil
	}
	rows, err := store.View(ctx, r.e.Archive, func(rd store.Reader) ([]store.JobLetter, error) { return rd.JobLetters(ctx, x.id) })
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
	for _, why := range r.closed {
		waits = append(waits, why+". It may name jobs that nothing else tells of")
	}
	if r.far != "" {
		waits = append(waits, fmt.Sprintf("job %s is far beyond all others of ours: is it a mistake of the vendor? New ids do not begin behind it", r.far))
	}
	if !r.o.Confirm {
		r.out.Waits = waits
	}
	return r.e.Archive.View(ctx, func(rd store.Reader) error {
		jobs, err := rd.Jobs(ctx, store.JobFilter{States: beforeHandOver})
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
				hit = slices.ContainsFunc(rows, func(l store.JobLetter) bool { return r.named[l.Shipment] != "" })
			}
			if hit {
				r.ours = append(r.ours, j)
				r.out.Withdrawn = append(r.out.Withdrawn, j.ID)
			}
		}
		for i := range r.jobs {
			x := r.jobs[i]
			if x.shown == nil || x.shown.Verdict == restored.FoundLeftover {
				continue
			}
			for _, id := range x.letters() {
				if _, err := rd.Shipment(ctx, id); errors.Is(err, store.ErrNotFound) {
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
	if r.out.Stop == nil || r.out.Stop.Highest == 0 || len(r.e.VendorKeys) > 1 {
		return ""
	}
	id := fmt.Sprintf("%s%06d", r.e.JobTag, r.out.Stop.Highest)
	_, ours := r.k.Marks[id]
	if ours || r.k.Settled(id) || slices.ContainsFunc(r.jobs, func(x *vendorJob) bool { return x.id == id }) {
		return ""
	}
	return id
}

// unread reports whether letters of the archive may be in a job that cannot be read.
func (r *recovery) unread() bool {
	return r.v.Manual && r.out.Stop != nil || r.gone() != "" || len(r.closed) > 0 ||
		slices.ContainsFunc(r.jobs, func(x *vendorJob) bool { return x.shown != nil && x.shown.Waits && !x.sent })
}

// collides reports whether the vendor has another job under the id of one of ours.
func (r *recovery) collides(id string) bool {
	return slices.ContainsFunc(r.out.Jobs, func(j RecoveredJob) bool { return j.ID == id && j.Verdict == restored.FoundCollision })
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
		if err := e.restored.StopOffers(ctx, restored.OfferStop{Vendor: r.v.Key, Jobs: odd}); err != nil {
			return err
		}
	}
	if err := e.jobs.FreeAll(ctx); err != nil { // else its letters could not be put into the jobs that the vendor has
		return err
	}
	e.Passed("recover: begun")
	if err := e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.RaiseJobNumber(ctx, r.out.To) }); err != nil {
		return err
	}
	e.Passed("recover: numbers raised")
	for _, id := range r.out.Found {
		if err := e.jobs.MarkOffered(ctx, id, shipment.Note{Code: "hand-over-found"}); err != nil {
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
				if err := r.setAside(ctx, x.letters(), "maybe", x.id); err != nil {
					return err
				}
			}
			continue
		}
		if err := r.settle(ctx, x); err != nil {
			return fmt.Errorf("job %s: %w", x.id, err)
		}
		e.Passed("recover: job settled")
	}
	return r.end(ctx)
}

// end books the receipts that were booked before, and lets offers go on.
func (r *recovery) end(ctx context.Context) error {
	e := r.e
	var err error
	if r.k, err = e.restored.KnownJobs(ctx, r.v); err != nil {
		return err
	}
	var unbooked []error // they keep no letter
	for _, f := range r.files {
		data, err := r.side.FetchDone(ctx, f.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil && restored.CutOff(ctx, err) {
			return err
		}
		if err != nil {
			unbooked = append(unbooked, fmt.Errorf("receipt file %s is not booked again: %w", identity.Scrub(f.name), err))
			continue
		}
		if len(e.restored.StrangeReceipts(r.k, data)) > 0 {
			continue // of a job that waits
		}
		im, err := e.receipts.ImportReceipts(ctx, r.v.Key, f.name, data)
		if err != nil {
			return err
		}
		r.out.Receipts = append(r.out.Receipts, im)
		e.Passed("recover: receipts booked")
	}
	if len(r.out.Waits) > 0 {
		return errors.Join(unbooked...)
	}
	if r.o.Confirm && r.unread() {
		if err := r.setAsideAll(ctx); err != nil {
			return err
		}
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		if _, stopped, err := restored.StopOf(ctx, tx, r.v.Key); err != nil || !stopped {
			return err
		}
		if err := tx.SetSetting(ctx, restored.StopSetting+r.v.Key, ""); err != nil {
			return err
		}
		return tx.ResolveAlarm(ctx, restored.AlarmKey(r.v.Key))
	})
	if err == nil {
		e.Passed("recover: offers go on")
		e.Log.Info("offers go on after recovery", "vendor", r.v.Key, "jobs", len(r.out.Jobs), "letters", r.out.Recorded, "set_aside", len(r.out.SetAside))
	}
	return errors.Join(append(unbooked, err)...)
}

// withdraw takes a job of the archive back whose id or letters the vendor has already. What lies at the vendor under an
// id that is not ours alone is left alone.
func (r *recovery) withdraw(ctx context.Context, j store.PrintJob) error {
	e := r.e
	now, files, err := e.JobAndFiles(ctx, j.ID)
	if err != nil {
		return err
	}
	collides := r.collides(j.ID)
	switch {
	case now.State.Uncomposed(), collides && now.Vendor == r.v.Key, e.Vendors[now.Vendor].Manual:
	default:
		if now.Vendor != r.v.Key {
			held, unlock, err := e.LockVendor(ctx, now.Vendor)
			if err != nil {
				return err
			}
			defer unlock()
			ctx = held
		}
		if err := e.jobs.TakeBack(ctx, now, files); err != nil {
			return err
		}
	}
	e.Passed("recover: files withdrawn")
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil {
			return err
		}
		why := jobs.Ending{Code: "recovered"}
		if now.State == store.JobCommitted {
			if err := e.MoveJob(ctx, tx, now, store.JobUncertain, why.Note()); err != nil {
				return err
			}
			if now, err = tx.Job(ctx, j.ID); err != nil {
				return err
			}
		}
		if !now.State.MayMove(store.JobWithdrawn) {
			return nil // settled meanwhile
		}
		if err := tx.ResolveAlarm(ctx, jobs.UncertainAlarm(j.ID)); err != nil {
			return err
		}
		if now.Reprint {
			return e.jobs.EndReprint(ctx, tx, j.ID, why)
		}
		if _, err := e.jobs.DropUngated(ctx, tx, j.ID); err != nil {
			return err
		}
		return e.MoveJob(ctx, tx, now, store.JobWithdrawn, why.Note())
	})
	if err != nil || !j.Reprint {
		return err
	}
	return e.jobs.FinishEnding(ctx, j.ID)
}

// settle records what became of one job.
func (r *recovery) settle(ctx context.Context, x *vendorJob) error {
	why := shipment.Note{Code: "found"}
	if r.o.Confirm && x.shown.Waits {
		why.Args = shipment.Args{"reason": r.o.Reason}
	}
	found := store.FoundJob{ID: x.id, Vendor: r.v.Key, Verdict: x.shown.Verdict, TicketSHA: x.Ticket, Letters: len(x.letters()), Reason: why.String()}
	switch x.shown.Verdict {
	case restored.FoundLeftover:
		// Never handed over: nothing of it may be printed, and nothing is.
		if err := r.side.Withdraw(ctx, x.id, nil); err != nil {
			return err
		}
	case restored.FoundRefused:
		if err := r.setAside(ctx, x.letters(), "refused", x.id); err != nil {
			return err
		}
	case restored.FoundCollision:
		if err := r.setAside(ctx, x.letters(), "has", x.id); err != nil {
			return err
		}
	default:
		if len(x.letters()) > 0 {
			return r.record(ctx, x, found)
		}
	}
	return r.e.Archive.InTx(ctx, func(tx store.Tx) error {
		if x.shown.Verdict == restored.FoundCollision {
			for _, id := range x.letters() {
				if err := tx.AddFoundLetters(ctx, store.FoundLetter{Shipment: id, Job: x.id, Vendor: r.v.Key}); err != nil {
					return err
				}
			}
		}
		return tx.SetFoundJob(ctx, found)
	})
}

// asideAtOnce is how many letters are set aside in one transaction.
const asideAtOnce = 200

// setAside sets letters aside that are not handed over by this archive, until a person decides. which is the
// sentence that says why; job is the vendor's, where that is known. It raises no alarm: Watch has one about all of them.
func (r *recovery) setAside(ctx context.Context, shipments []string, which, job string) error {
	why := shipment.Refusal{Code: shipment.HoldRestored, Args: shipment.Args{"case": which}}
	if job != "" {
		why.Args["job"] = job
	}
	for part := range slices.Chunk(shipments, asideAtOnce) {
		var done []string
		err := r.e.Archive.InTx(ctx, func(tx store.Tx) error {
			done = nil
			for _, id := range part {
				s, err := tx.Shipment(ctx, id)
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				if s.Hold == shipment.HoldRestored {
					done = append(done, id)
					continue
				}
				if s.Hold != "" || !s.ReadAt.IsZero() || !s.ClosedAt.IsZero() || !s.Status.Printable() && s.Status != shipment.StatusMottatt {
					continue
				}
				if err := step.SetAside(ctx, tx, s, why); err != nil {
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
	terms, err := r.e.Terms(ctx)
	if err != nil {
		return err
	}
	for _, key := range r.e.AccountKeys {
		if terms.Vendor(key).Key != r.v.Key {
			continue
		}
		for after := ""; ; {
			page, err := store.View(ctx, r.e.Archive, func(rd store.Reader) ([]shipment.Shipment, error) {
				return rd.Shipments(ctx, store.ShipmentFilter{Account: key, Statuses: []shipment.Status{shipment.StatusMottatt, shipment.StatusAkseptert, shipment.StatusVarslet, shipment.StatusKlarForMottak, shipment.StatusSendtSDP}, After: after, Limit: store.Page})
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
			if err := r.setAside(ctx, ids, "unreadable", ""); err != nil {
				return err
			}
			if len(page) < store.Page {
				break
			}
		}
	}
	return nil
}

// ReleaseRestored lets letters be collected that Recover has set aside, by the word of a person who has made sure that
// the vendor has not got them; all of them when none is named.
func (e *Recovery) ReleaseRestored(ctx context.Context, reason string, shipments ...string) (int, error) {
	if why := identity.BadReason(reason); why != "" {
		return 0, fmt.Errorf("release: %s", why)
	}
	if len(shipments) == 0 {
		held, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(ctx, store.ShipmentFilter{Hold: shipment.HoldRestored})
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
		err := e.Archive.InTx(ctx, func(tx store.Tx) error {
			done = 0
			for _, id := range part {
				s, err := tx.Shipment(ctx, id)
				if err != nil {
					return err
				}
				if s.Hold != shipment.HoldRestored {
					return fmt.Errorf("shipment %s is not set aside by recover", id)
				}
				if err := step.Release(ctx, tx, s, shipment.Args{"reason": reason}); err != nil {
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
	return n, e.nights.Watch(ctx)
}
