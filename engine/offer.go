package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sourcegraph/conc/pool"

	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// offerRetry is how long a job waits when another process is offering to the same vendor.
const offerRetry = 5 * time.Second

// offerRetryHere is the same when this process is offering to it.
const offerRetryHere = time.Second

// OfferJob carries a composed job to the vendor, exactly once (design.md 5). Each pass looks at the vendor's side
// first, and every state below may be entered again after a crash at any instruction:
//
//	COMPOSED   files go up under temporary names, are verified and renamed        → UPLOADED
//	UPLOADED   the last gate: letters read or closed meanwhile withdraw the job   → COMMITTED or WITHDRAWN
//	COMMITTED  the ready file is put in place; it is the hand-over                → OFFERED
//	           found there after a crash, or an answer                            → OFFERED
//	           found neither it nor our files                                     → UNCERTAIN, and an alarm
func (e *Engine) OfferJob(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil {
		return fmt.Errorf("offer %s: %w", id, err)
	}
	switch j.State {
	case store.JobComposed, store.JobUploaded, store.JobCommitted:
	default:
		return nil
	}
	v, ok := e.vendors[j.Vendor]
	if !ok {
		return fmt.Errorf("offer %s: vendor %q is not configured any more", id, j.Vendor)
	}
	if v.Manual {
		return nil // it waits for a person: PrintManual
	}
	if err := e.mayOffer(ctx, v.Key); err != nil {
		return fmt.Errorf("offer %s: %w", id, err)
	}
	if wait := e.untilWindow(v); wait > 0 {
		return &LaterError{After: wait, Reason: "outside the vendor's window for offers"}
	}
	ctx, unlock, err := e.lockVendor(ctx, v.Key)
	if err != nil {
		return err
	}
	defer unlock()
	// Under the lock: nobody else offers to this vendor meanwhile.
	if wait, err := e.untilRate(ctx, v, j); err != nil || wait > 0 {
		if err == nil {
			err = &LaterError{After: wait, Reason: "the vendor's limit of letters an hour or a day is reached"}
		}
		return fmt.Errorf("offer %s: %w", id, err)
	}
	side, err := e.reach(ctx, v)
	if err != nil {
		return fmt.Errorf("offer %s: reach vendor %s: %w", id, v.Key, err)
	}
	defer side.Close()
	if err := e.checkSideNow(ctx, side, v); err != nil {
		return fmt.Errorf("offer %s: %w", id, lost(ctx, err))
	}
	for {
		if err := e.mayOffer(ctx, v.Key); err != nil {
			return fmt.Errorf("offer %s: %w", id, err)
		}
		next, err := e.offerStep(ctx, side, id)
		if err != nil {
			return fmt.Errorf("offer %s: %w", id, lost(ctx, err))
		}
		if !next {
			return nil
		}
	}
}

// lockVendor makes offers to one vendor one at a time, within this process and across processes. held ends when the lock
// is lost.
func (e *Engine) lockVendor(ctx context.Context, vendor string) (held context.Context, unlock func(), err error) {
	m, _ := e.vendorLocks.LoadOrStore(vendor, &sync.Mutex{})
	mu := m.(*sync.Mutex)
	if !mu.TryLock() {
		// Waiting would keep this worker from the other vendors' jobs, behind one vendor that is slow or gone.
		return nil, nil, &LaterError{After: offerRetryHere, Reason: "another offer to this vendor is under way"}
	}
	held, release, err := e.archive.Lock(ctx, "vendor-"+vendor)
	if err != nil {
		mu.Unlock()
		if errors.Is(err, store.ErrLocked) {
			return nil, nil, &LaterError{After: offerRetry, Reason: "another process is offering to this vendor"}
		}
		return nil, nil, err
	}
	return held, func() { release(); mu.Unlock() }, nil
}

// lost adds to an error that the lock was lost under which it happened: everything done under it fails then.
func lost(held context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(held), store.ErrLockLost) && !errors.Is(err, store.ErrLockLost) {
		return fmt.Errorf("%w: %w", store.ErrLockLost, err)
	}
	return err
}

// untilWindow is how long until offers to a vendor may be made; 0: now.
func (e *Engine) untilWindow(v store.Vendor) time.Duration {
	if v.OfferFrom == v.OfferTo {
		return 0
	}
	now := e.now().In(shipment.Oslo)
	clock := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute + time.Duration(now.Second())*time.Second
	inside := v.OfferFrom <= clock && clock < v.OfferTo
	if v.OfferFrom > v.OfferTo { // over midnight
		inside = clock >= v.OfferFrom || clock < v.OfferTo
	}
	if inside {
		return 0
	}
	open, _ := v.OfferWindow(shipment.DayOf(now))
	if !open.After(now) {
		open, _ = v.OfferWindow(shipment.DayOf(now).Add(1))
	}
	return open.Sub(now)
}

// offerStep takes the job one state on. False: nothing more to do.
func (e *Engine) offerStep(ctx context.Context, side VendorSide, id string) (bool, error) {
	j, files, err := e.jobAndFiles(ctx, id)
	if err != nil {
		return false, err
	}
	switch j.State {
	case store.JobComposed, store.JobUploaded, store.JobCommitted:
	default:
		return false, nil
	}
	there, err := side.State(ctx, id)
	if err != nil {
		return false, err
	}
	if there.Offered() {
		return false, e.foundOffered(ctx, side, j, there)
	}
	if e.tooOld(j) {
		return false, e.expire(ctx, side, j, files)
	}
	switch j.State {
	case store.JobComposed:
		if err := e.upload(ctx, side, files); err != nil {
			return false, err
		}
		return true, e.advance(ctx, id, store.JobComposed, store.JobUploaded)
	case store.JobUploaded:
		// Put finds what is there and sends only what is missing or not ours.
		if err := e.upload(ctx, side, files); err != nil {
			return false, err
		}
		return e.lastGate(ctx, side, j, files)
	}
	// COMMITTED, and no ready file.
	for _, f := range files {
		if there.Files[f.File.Name] != f.File.Bytes {
			return false, e.uncertain(ctx, j, "committed, but neither its files nor a ready file nor an answer are at the vendor")
		}
	}
	if err := e.raiseFence(ctx, id); err != nil {
		return false, err
	}
	e.step("offer: before ready file")
	err = side.PutReady(ctx, exchange.Ready{Job: id, Ticket: j.Ticket, TicketSHA256: j.TicketSHA})
	if errors.Is(err, exchange.ErrIncomplete) && !errors.Is(err, fs.ErrPermission) {
		// Something of the names and sizes of our files is there, but it is not what was sent. No retry mends that.
		return false, e.uncertain(ctx, j, "committed, but the files at the vendor are not ours: "+err.Error())
	}
	if err != nil {
		return false, err
	}
	e.step("offer: ready file placed")
	return false, e.markOffered(ctx, id, "ready file placed")
}

// uploads is how many files of a job go up at once over one connection: as fast as eight, and kinder to the vendor.
const uploads = 4

// upload puts the files at the vendor, the ticket after all others. Put is idempotent.
func (e *Engine) upload(ctx context.Context, side VendorSide, files []store.JobFile) error {
	if len(files) == 0 {
		return errors.New("the job has no files")
	}
	send := func(ctx context.Context, f store.JobFile) error {
		b, err := e.blobs.Open(ctx, f.Blob)
		if err != nil {
			return fmt.Errorf("open %s: %w", f.File.Name, err)
		}
		defer b.Close()
		if err := side.Put(ctx, f.File, b); err != nil {
			return fmt.Errorf("send %s: %w", f.File.Name, err)
		}
		e.step("offer: file sent")
		return nil
	}
	p := pool.New().WithContext(ctx).WithCancelOnError().WithFirstError().WithMaxGoroutines(uploads)
	last := len(files) - 1
	for _, f := range files[:last] {
		p.Go(func(ctx context.Context) error { return send(ctx, f) })
	}
	if err := p.Wait(); err != nil {
		return err
	}
	return send(ctx, files[last])
}

// advance moves a job whose outside effect is done.
func (e *Engine) advance(ctx context.Context, id string, from, to store.JobState) error {
	err := e.archive.InTx(ctx, func(tx store.Tx) error {
		j, err := tx.Job(ctx, id)
		if err != nil || j.State != from {
			return err
		}
		return e.moveJob(ctx, tx, j, to, "")
	})
	e.step("offer: " + string(to))
	return err
}

// lastGate re-reads every letter in one transaction. If all may still be printed the job is COMMITTED: from here its
// letters are on their way to paper. If not, our files are taken back and the rest is planned anew.
func (e *Engine) lastGate(ctx context.Context, side VendorSide, j store.PrintJob, files []store.JobFile) (bool, error) {
	var dropped []shipment.Shipment
	err := e.archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil || now.State != store.JobUploaded {
			return err
		}
		if err := notStopped(ctx, tx, now.Vendor); err != nil {
			return err
		}
		if dropped, err = tx.Ungated(ctx, j.ID); err != nil || len(dropped) > 0 {
			return err
		}
		return e.moveJob(ctx, tx, now, store.JobCommitted, "")
	})
	if err != nil {
		return false, err
	}
	if len(dropped) == 0 {
		e.step("offer: COMMITTED")
		return true, nil
	}
	if err := side.Withdraw(ctx, j.ID, fileNames(files)); err != nil {
		return false, err
	}
	e.step("offer: files withdrawn")
	err = e.archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil || now.State != store.JobUploaded {
			return err
		}
		return e.dropOut(ctx, tx, now) // read anew: more may have been read meanwhile
	})
	if err == nil {
		e.step("offer: WITHDRAWN")
	}
	return false, err
}

// dropOut withdraws in tx a job that has letters which must not be printed any more, and plans the others anew.
func (e *Engine) dropOut(ctx context.Context, tx store.Tx, j store.PrintJob) error {
	drop, err := e.dropUngated(ctx, tx, j.ID)
	if err != nil {
		return err
	}
	if j.Reprint {
		return e.endReprint(ctx, tx, j.ID, "letters closed, deleted or set aside before the last gate: "+droppedLetters(slices.Sorted(maps.Keys(drop))))
	}
	return e.replan(ctx, tx, j.ID, drop, fmt.Sprintf("%d letters dropped out at the last gate", len(drop)))
}

// dropUngated records in tx that the letters of a job that must not be printed any more drop out of it, and gives them.
func (e *Engine) dropUngated(ctx context.Context, tx store.Tx, job string) (map[string]bool, error) {
	dropped, err := tx.Ungated(ctx, job)
	if err != nil {
		return nil, err
	}
	drop := map[string]bool{}
	for _, s := range dropped {
		drop[s.ID] = true
		ev := shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventWithdrawn, From: s.Status, To: s.Status, Reason: "trukket fra utskriftsjobb " + job}
		if err := tx.AddEvents(ctx, ev); err != nil {
			return nil, err
		}
		if s.ReadAt.IsZero() || !s.Status.MayBecome(shipment.StatusLest) {
			continue
		}
		s, ev = readInTime(s) // past the gate of a job that came to nothing
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return nil, err
		}
		if err := tx.AddEvents(ctx, ev); err != nil {
			return nil, err
		}
	}
	return drop, nil
}

// readInTime is what becomes of a letter that was read while it seemed to be on its way to paper, and was never printed: it
// has been read in time after all.
func readInTime(s shipment.Shipment) (shipment.Shipment, shipment.Event) {
	ev := shipment.Event{Shipment: s.ID, At: s.ReadAt, Kind: shipment.EventStatus, From: s.Status, To: shipment.StatusLest, Reason: string(shipment.DigitalRead)}
	return s.Move(shipment.StatusLest).NotDue(), ev
}

// foundOffered handles a ready file or an answer that is at the vendor although we never recorded the hand-over: the
// process died just then, or the archive was restored from a backup. It is ours only if it carries our ticket.
func (e *Engine) foundOffered(ctx context.Context, side VendorSide, j store.PrintJob, there exchange.RemoteState) error {
	const other = "a hand-over for this job id is at the vendor, but for another ticket"
	switch {
	case there.Answer != nil && there.Answer.TicketSHA256 != j.TicketSHA:
		return e.otherTicket(ctx, j, other)
	case there.Answer == nil && there.BadAnswer != nil:
		return e.uncertain(ctx, j, "the vendor has answered, but the answer cannot be read")
	case there.Answer == nil:
		// Placing the same ready file again changes nothing; another one's is left alone and told.
		err := side.PutReady(ctx, exchange.Ready{Job: j.ID, Ticket: j.Ticket, TicketSHA256: j.TicketSHA})
		if errors.Is(err, exchange.ErrConflict) {
			return e.otherTicket(ctx, j, other)
		}
		if err != nil && !errors.Is(err, exchange.ErrAnswered) {
			return err
		}
	}
	return e.markOffered(ctx, j.ID, "hand-over found at the vendor")
}

// otherTicket stops a job whose id the vendor knows under another ticket, and all offers to that vendor: the id was given
// out twice, so the archive is older than what was handed over.
func (e *Engine) otherTicket(ctx context.Context, j store.PrintJob, reason string) error {
	return errors.Join(e.stopOffers(ctx, OfferStop{Vendor: j.Vendor, Jobs: []string{j.ID}}), e.uncertain(ctx, j, reason))
}

// markOffered records the hand-over and marks the letters SENDT_PRINT, in one transaction.
func (e *Engine) markOffered(ctx context.Context, id, reason string) error {
	err := e.archive.InTx(ctx, func(tx store.Tx) error {
		return e.offered(ctx, tx, id, reason)
	})
	if err == nil {
		e.step("offer: OFFERED")
	}
	return err
}

// offered moves a job to OFFERED in tx, whatever it passed before, and its letters to SENDT_PRINT.
func (e *Engine) offered(ctx context.Context, tx store.Tx, id, reason string) error {
	for {
		j, err := tx.Job(ctx, id)
		if err != nil {
			return err
		}
		var to store.JobState
		switch j.State {
		case store.JobComposed:
			to = store.JobUploaded
		case store.JobUploaded:
			to = store.JobCommitted
		case store.JobCommitted, store.JobUncertain:
			to = store.JobOffered
		default:
			return nil
		}
		if err := e.moveJob(ctx, tx, j, to, reason); err != nil {
			return err
		}
		if to == store.JobOffered {
			if err := tx.ResolveAlarm(ctx, uncertainAlarm(id)); err != nil {
				return err
			}
			return tx.SendLetters(ctx, id, tx.Now())
		}
	}
}

// uncertain stops a job that may or may not be with the vendor. It is never sent again by itself: an acknowledgement,
// a receipt or the operator resolves it.
func (e *Engine) uncertain(ctx context.Context, j store.PrintJob, reason string) error {
	e.log.Error("job is uncertain", "job", j.ID, "vendor", j.Vendor, "reason", reason)
	return e.archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil || now.State == store.JobUncertain {
			return err
		}
		if err := e.moveJob(ctx, tx, now, store.JobUncertain, reason); err != nil {
			return err
		}
		return tx.RaiseAlarm(ctx, uncertainAlarm(j.ID), fmt.Sprintf("job %s (%d letters) to vendor %s is uncertain: %s. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve %s", j.ID, j.Letters, j.Vendor, reason, j.ID))
	})
}

func uncertainAlarm(id string) string { return "uncertain:" + id }

// Answered tells what the vendor's answers did.
type Answered struct {
	Accepted, Rejected int
	Bad                int // answers that could not be read or match no job of ours; see the alarms
}

// FetchAnswers reads a vendor's answers and applies those that are news.
func (e *Engine) FetchAnswers(ctx context.Context, vendor string) (Answered, error) {
	var out Answered
	v, ok := e.vendors[vendor]
	if !ok {
		return out, fmt.Errorf("vendor %q is not configured", vendor)
	}
	if v.Manual {
		return out, fmt.Errorf("vendor %q is manual print, there is nothing to fetch: postgang manual confirm books its receipts", vendor)
	}
	side, err := e.reach(ctx, v)
	if err != nil {
		return out, fmt.Errorf("reach vendor %s: %w", vendor, err)
	}
	defer side.Close()
	// Answers that were applied are old news; what else lies there is read.
	old := map[string]store.JobState{}
	jobs, err := store.View(ctx, e.archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{Vendor: vendor, States: []store.JobState{store.JobAccepted, store.JobClosed, store.JobRejected}})
	})
	if err != nil {
		return out, err
	}
	for _, j := range jobs {
		old[j.ID] = j.State
	}
	k, err := e.knownJobs(ctx, v)
	if err != nil {
		return out, err
	}
	answers, bad, err := side.Answers(ctx, func(job string, accepted bool) bool {
		if k.settledElse(job) {
			return true
		}
		state, done := old[job]
		return done && accepted == (state != store.JobRejected)
	})
	if err != nil {
		return out, fmt.Errorf("read answers of vendor %s: %w", vendor, err)
	}
	out.Bad = len(bad)
	still, err := e.vendorProblems(ctx, "answer", vendor, bad)
	if err != nil {
		return out, err
	}
	var errs []error
	var odd []string
	for _, a := range answers {
		if k.settledElse(a.Job) {
			continue
		}
		if k.oddAnswer(a, e.tag) {
			// Told by one alarm, about all of them.
			odd = append(odd, a.Job)
			out.Bad++
			continue
		}
		applied, ok, err := e.applyAnswer(ctx, vendor, a)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("answer to job %s: %w", a.Job, err))
			still["answer:"+vendor+":"+a.Job] = true
		case !ok:
			out.Bad++
			still["answer:"+vendor+":"+a.Job] = true
		case applied && a.Accepted:
			out.Accepted++
		case applied:
			out.Rejected++
		}
	}
	if len(odd) > 0 {
		errs = append(errs, e.stopOffers(ctx, OfferStop{Vendor: vendor, Jobs: odd}))
	}
	errs = append(errs, e.resolveGone(ctx, "answer:"+vendor+":", still))
	return out, errors.Join(errs...)
}

// vendorProblems raises an alarm for each thing that is wrong at a vendor's side, and gives the alarms' keys.
func (e *Engine) vendorProblems(ctx context.Context, kind, vendor string, problems []exchange.Problem) (map[string]bool, error) {
	keys := map[string]bool{}
	known := map[string]string{} // what is said already is not said at every fetch
	if len(problems) > 0 {
		open, err := store.View(ctx, e.archive, func(r store.Reader) ([]store.Alarm, error) { return r.Alarms(ctx, true) })
		if err != nil {
			return keys, err
		}
		for _, a := range open {
			known[a.Key] = a.Text
		}
	}
	for _, p := range problems {
		key, text := kind+":"+vendor+":"+p.Where, fmt.Sprintf("vendor %s: %s", vendor, p)
		keys[key] = true
		if known[key] == shipment.MaskNationalIDs(text) { // as it is stored
			continue
		}
		e.log.Error("problem at the vendor's side", "vendor", vendor, "kind", kind, "problem", p.String())
		err := e.archive.InTx(ctx, func(tx store.Tx) error { return tx.RaiseAlarm(ctx, key, text) })
		if err != nil {
			return keys, err
		}
	}
	return keys, nil
}

// resolveGone resolves the open alarms under a prefix that a look at the whole of the vendor's side has not found again.
func (e *Engine) resolveGone(ctx context.Context, prefix string, still map[string]bool) error {
	open, err := store.View(ctx, e.archive, func(r store.Reader) ([]store.Alarm, error) { return r.Alarms(ctx, true) })
	if err != nil {
		return err
	}
	for _, a := range open {
		if !strings.HasPrefix(a.Key, prefix) || still[a.Key] {
			continue
		}
		if err := e.archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, a.Key) }); err != nil {
			return err
		}
	}
	return nil
}

// applyAnswer applies one answer. applied: it was news; ok: it is an answer to what we offered.
func (e *Engine) applyAnswer(ctx context.Context, vendor string, a exchange.Answer) (applied, ok bool, err error) {
	err = e.archive.InTx(ctx, func(tx store.Tx) error {
		applied, ok = false, true
		odd := func(what string) error {
			ok = false
			key, text := "answer:"+vendor+":"+a.Job, fmt.Sprintf("answer of vendor %s to job %s: %s", vendor, a.Job, what)
			open, err := tx.Alarms(ctx, true)
			if err != nil || slices.ContainsFunc(open, func(a store.Alarm) bool { return a.Key == key && a.Text == text }) {
				return err // said already
			}
			e.log.Error("answer does not fit", "vendor", vendor, "job", a.Job, "problem", what)
			return tx.RaiseAlarm(ctx, key, text)
		}
		j, err := tx.Job(ctx, a.Job)
		if errors.Is(err, store.ErrNotFound) {
			return odd("no such job of ours")
		}
		if err != nil {
			return err
		}
		to := store.JobAccepted
		if !a.Accepted {
			to = store.JobRejected
		}
		switch {
		case j.Vendor != vendor:
			return odd("the job was offered to another vendor")
		case j.TicketSHA != a.TicketSHA256:
			return odd("it answers another ticket than ours")
		}
		// A job that was found there after a backup was put back may have letters that the archive has not.
		beyond, err := tx.FoundLetters(ctx, store.FoundLetterFilter{Job: j.ID, Vendor: vendor})
		if err != nil {
			return err
		}
		switch {
		case a.Accepted && a.Letters != j.Letters+len(beyond):
			return odd(fmt.Sprintf("it accepts %d letters, we offered %d", a.Letters, j.Letters+len(beyond)))
		case j.State == to, j.State == store.JobClosed && a.Accepted:
			return nil // known
		case j.State == store.JobCommitted, j.State == store.JobUncertain:
			// The vendor answers, so it was handed over; the process died before recording it.
			if err := e.offered(ctx, tx, j.ID, "the vendor has answered"); err != nil {
				return err
			}
			if j, err = tx.Job(ctx, a.Job); err != nil {
				return err
			}
		}
		if !j.State.MayMove(to) {
			return odd(fmt.Sprintf("the job is %s", j.State))
		}
		applied = true
		said := "answer of the vendor"
		if !a.Accepted {
			said += ": " + shipment.KeptWords(a.Reasons)
		}
		if err := e.moveJob(ctx, tx, j, to, said); err != nil {
			return err
		}
		if to == store.JobAccepted {
			return nil
		}
		return e.rejected(ctx, tx, j, len(a.Reasons))
	})
	return applied, ok, err
}

// rejected takes back the letters of a job that the vendor refused. They are set aside: a person must mend the cause,
// or the same files would be refused night after night. The vendor's own words are in the job's history alone: they may name people.
func (e *Engine) rejected(ctx context.Context, tx store.Tx, j store.PrintJob, reasons int) error {
	if j.Reprint {
		parent, err := tx.Job(ctx, j.Parent)
		if err != nil {
			return err
		}
		if parent.State.Live() { // its letters were printed there, or will be
			return tx.RaiseAlarm(ctx, "rejected:"+j.ID, fmt.Sprintf("vendor %s rejected reprint %s of %s with its %d letters, for %d reasons: postgang job show %s. Mend the cause and order it anew (postgang job reprint %s); postgang job release %s ends this alarm",
				j.Vendor, j.ID, j.Parent, j.Letters, reasons, j.ID, j.Parent, j.ID))
		}
	}
	rows, err := tx.JobLetters(ctx, j.ID)
	if err != nil {
		return err
	}
	reprinted, err := openReprints(ctx, tx, j.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		s, err := tx.Shipment(ctx, row.Shipment)
		if err != nil {
			return err
		}
		if s.Status != shipment.StatusSendtPrint {
			continue // read or closed meanwhile
		}
		if id := reprinted[row.Shipment]; id != "" {
			r, err := tx.Job(ctx, id)
			if err != nil {
				return err
			}
			if r.State == store.JobOffered || r.State == store.JobAccepted {
				continue // the vendor prints it from there
			}
		}
		from := s.Status
		s.Status = shipment.StatusAkseptert
		if !s.NotifiedAt.IsZero() {
			s.Status = shipment.StatusVarslet
		}
		if !from.MayBecome(s.Status) {
			return fmt.Errorf("status %s may not become %s", from, s.Status)
		}
		events := []shipment.Event{{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventStatus, From: from, To: s.Status, Reason: "trykkeriet avviste utskriftsjobb " + j.ID}}
		s.SentAt = time.Time{}
		if s.ReadAt.IsZero() {
			s.Hold = shipment.HoldRejected
		} else {
			var ev shipment.Event
			s, ev = readInTime(s)
			events = append(events, ev)
		}
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return err
		}
		for _, ev := range events {
			if err := tx.AddEvents(ctx, ev); err != nil {
				return err
			}
		}
	}
	return tx.RaiseAlarm(ctx, "rejected:"+j.ID, fmt.Sprintf("vendor %s rejected job %s with its %d letters, for %d reasons: postgang job show %s. Mend the cause, then postgang job release %s", j.Vendor, j.ID, j.Letters, reasons, j.ID, j.ID))
}

// ReleaseJob lets the letters of a rejected job be collected again, into new jobs under new ids. Of a reprint that was
// rejected or withdrawn it ends the alarm: its letters were never taken back.
func (e *Engine) ReleaseJob(ctx context.Context, id string) (int, error) {
	n := 0
	err := e.archive.InTx(ctx, func(tx store.Tx) error {
		n = 0
		j, err := tx.Job(ctx, id)
		if err != nil {
			return err
		}
		if j.Reprint {
			if err := tx.ResolveAlarm(ctx, reprintAlarm(id)); err != nil {
				return err
			}
		}
		if j.State != store.JobRejected && !(j.Reprint && j.State == store.JobWithdrawn) {
			return fmt.Errorf("job %s is %s, not REJECTED", id, j.State)
		}
		rows, err := tx.JobLetters(ctx, id)
		if err != nil {
			return err
		}
		for _, row := range rows {
			s, err := tx.Shipment(ctx, row.Shipment)
			if err != nil {
				return err
			}
			if s.Hold != shipment.HoldRejected {
				continue
			}
			jobs, err := tx.JobsOf(ctx, s.ID)
			if err != nil {
				return err
			}
			if jobs[0].ID != id {
				continue // held for a later job, which was refused too
			}
			s.Hold = ""
			if err := tx.UpdateShipment(ctx, s); err != nil {
				return err
			}
			if err := tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventReleased, From: s.Status, To: s.Status, Reason: shipment.HoldRejected}); err != nil {
				return err
			}
			n++
		}
		return tx.ResolveAlarm(ctx, "rejected:"+id)
	})
	return n, err
}
