package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sourcegraph/conc/pool"

	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/exchange"
)

// OfferJob carries a composed job to the vendor, exactly once (docs/architecture.md, A print job's states). Each
// pass looks at the vendor's side first, and every state below may be entered again after a crash at any instruction:
//
//	COMPOSED   files go up under temporary names, are verified and renamed        → UPLOADED
//	UPLOADED   the last gate: letters read or closed meanwhile withdraw the job   → COMMITTED or WITHDRAWN
//	COMMITTED  the ready file is put in place; it is the hand-over                → OFFERED, a large job OFFERING
//	           found there after a crash, or an answer                            → the same
//	           found neither it nor our files                                     → UNCERTAIN, and an alarm
//	OFFERING   its letters are marked as sent, a set at a time                    → OFFERED
func (e *Jobs) OfferJob(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil {
		return fmt.Errorf("offer %s: %w", id, err)
	}
	switch j.State {
	case store.JobComposed, store.JobUploaded, store.JobCommitted:
	case store.JobOffering: // the vendor has it, and is not asked any more
		return e.FinishOffer(ctx, id)
	default:
		return nil
	}
	v, ok := e.Vendors[j.Vendor]
	if !ok {
		return fmt.Errorf("offer %s: vendor %q is not configured any more", id, j.Vendor)
	}
	if v.Manual {
		return nil // it waits for a person: PrintManual
	}
	if err := e.restored.MayOffer(ctx, v.Key); err != nil {
		return fmt.Errorf("offer %s: %w", id, err)
	}
	if wait := e.untilWindow(v); wait > 0 {
		return &step.LaterError{After: wait, Reason: "outside the vendor's window for offers"}
	}
	ctx, unlock, err := e.LockVendor(ctx, v.Key)
	if err != nil {
		return err
	}
	defer unlock()
	// Under the lock: nobody else offers to this vendor meanwhile.
	if wait, err := e.untilRate(ctx, v, j); err != nil || wait > 0 {
		if err == nil {
			err = &step.LaterError{After: wait, Reason: "the vendor's limit of letters an hour or a day is reached"}
		}
		return fmt.Errorf("offer %s: %w", id, err)
	}
	side, err := e.Reach(ctx, v)
	if err != nil {
		return fmt.Errorf("offer %s: reach vendor %s: %w", id, v.Key, err)
	}
	defer side.Close()
	if err := e.restored.CheckSideNow(ctx, side, v); err != nil {
		return fmt.Errorf("offer %s: %w", id, step.Lost(ctx, err))
	}
	for {
		if err := e.restored.MayOffer(ctx, v.Key); err != nil {
			return fmt.Errorf("offer %s: %w", id, err)
		}
		next, err := e.offerStep(ctx, side, id)
		if err != nil {
			return fmt.Errorf("offer %s: %w", id, step.Lost(ctx, err))
		}
		if !next {
			return nil
		}
	}
}

// untilWindow is how long until offers to a vendor may be made; 0: now.
func (e *Jobs) untilWindow(v party.Vendor) time.Duration {
	if v.OfferFrom == v.OfferTo {
		return 0
	}
	now := e.Now().In(calendar.Oslo)
	clock := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute + time.Duration(now.Second())*time.Second
	inside := v.OfferFrom <= clock && clock < v.OfferTo
	if v.OfferFrom > v.OfferTo { // over midnight
		inside = clock >= v.OfferFrom || clock < v.OfferTo
	}
	if inside {
		return 0
	}
	open, _ := v.OfferWindow(calendar.DayOf(now))
	if !open.After(now) {
		open, _ = v.OfferWindow(calendar.DayOf(now).Add(1))
	}
	return open.Sub(now)
}

// offerStep takes the job one state on. False: nothing more to do.
func (e *Jobs) offerStep(ctx context.Context, side step.VendorSide, id string) (bool, error) {
	j, files, err := e.JobAndFiles(ctx, id)
	if err != nil {
		return false, err
	}
	switch j.State {
	case store.JobComposed, store.JobUploaded, store.JobCommitted:
	default:
		return false, nil
	}
	files = sent(files)
	there, err := side.State(ctx, id)
	if err != nil {
		return false, err
	}
	if there.Offered() {
		return false, e.foundOffered(ctx, side, j, files, there)
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
		if isOrder(files) && there.Files[files[0].File.Name] == 0 {
			// It was there. Nobody takes a file away before its rename, but for the vendor when it had that name already.
			return false, e.uncertain(ctx, j, doubt{code: "no-order"})
		}
		// Put finds what is there and sends only what is missing or not ours.
		if err := e.upload(ctx, side, files); err != nil {
			return false, err
		}
		return e.lastGate(ctx, side, j, files)
	default: // COMMITTED, and no ready file
	}
	for _, f := range files {
		if there.Files[f.File.Name] != f.File.Bytes {
			return false, e.uncertain(ctx, j, doubt{code: "no-trace"})
		}
	}
	if err := e.restored.RaiseFence(ctx, id); err != nil {
		return false, err
	}
	e.Passed("offer: before ready file")
	err = side.PutReady(ctx, readyOf(j, files))
	if errors.Is(err, exchange.ErrIncomplete) && !errors.Is(err, fs.ErrPermission) {
		// Something of the names and sizes of our files is there, but it is not what was sent. No retry mends that.
		return false, e.uncertain(ctx, j, doubt{code: "other-files", why: err})
	}
	if err != nil {
		return false, err
	}
	e.Passed("offer: ready file placed")
	return false, e.MarkOffered(ctx, id, shipment.Note{Code: "ready-placed"})
}

// sent are the files of a job that the vendor is given: its print order alone, where it has one.
func sent(files []store.JobFile) []store.JobFile {
	for i, f := range files {
		if f.File.Kind == exchange.KindOrder {
			return files[i : i+1]
		}
	}
	return files
}

// isOrder reports whether what is sent of a job is its print order.
func isOrder(sent []store.JobFile) bool {
	return len(sent) == 1 && sent[0].File.Kind == exchange.KindOrder
}

// readyOf is the hand-over of a job.
func readyOf(j store.PrintJob, sent []store.JobFile) exchange.Ready {
	r := exchange.Ready{Job: j.ID, Ticket: j.Ticket, TicketSHA256: j.TicketSHA}
	if isOrder(sent) {
		r.Order = sent[0].File
	}
	return r
}

// uploads is how many files of a job go up at once over one connection: as fast as eight, and kinder to the vendor.
const uploads = 4

// upload puts the files at the vendor, the ticket after all others. Put is idempotent.
func (e *Jobs) upload(ctx context.Context, side step.VendorSide, files []store.JobFile) error {
	if len(files) == 0 {
		return errors.New("the job has no files")
	}
	send := func(ctx context.Context, f store.JobFile) error {
		b, err := e.Blobs.Open(ctx, f.Blob)
		if err != nil {
			return fmt.Errorf("open %s: %w", f.File.Name, err)
		}
		defer b.Close()
		if err := side.Put(ctx, f.File, b); err != nil {
			return fmt.Errorf("send %s: %w", f.File.Name, err)
		}
		e.Passed("offer: file sent")
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
func (e *Jobs) advance(ctx context.Context, id string, from, to store.JobState) error {
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		j, err := tx.Job(ctx, id)
		if err != nil || j.State != from {
			return err
		}
		return e.MoveJob(ctx, tx, j, to, shipment.Note{})
	})
	e.Passed("offer: " + string(to))
	return err
}

// lastGate re-reads every letter in one transaction. If all may still be printed the job is COMMITTED: from here its
// letters are on their way to paper. If not, our files are taken back and the rest is planned anew.
func (e *Jobs) lastGate(ctx context.Context, side step.VendorSide, j store.PrintJob, files []store.JobFile) (bool, error) {
	var dropped []shipment.Shipment
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil || now.State != store.JobUploaded {
			return err
		}
		if err := restored.NotStopped(ctx, tx, now.Vendor); err != nil {
			return err
		}
		if dropped, err = tx.Ungated(ctx, j.ID); err != nil || len(dropped) > 0 {
			return err
		}
		return e.MoveJob(ctx, tx, now, store.JobCommitted, shipment.Note{})
	})
	if err != nil {
		return false, err
	}
	if len(dropped) == 0 {
		e.Passed("offer: COMMITTED")
		return true, nil
	}
	if err := side.Withdraw(ctx, j.ID, fileNames(files)); err != nil {
		return false, err
	}
	e.Passed("offer: files withdrawn")
	ended := false
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if ended = err == nil && now.State == store.JobUploaded; !ended {
			return err
		}
		return e.dropOut(ctx, tx, now) // read anew: more may have been read meanwhile
	})
	if err != nil || !ended {
		return false, err
	}
	e.Passed("offer: WITHDRAWN")
	return false, e.FinishEnding(ctx, j.ID)
}

// dropOut withdraws in tx a job that has letters which must not be printed any more, and plans the others anew. The caller has FinishEnding follow.
func (e *Jobs) dropOut(ctx context.Context, tx store.Tx, j store.PrintJob) error {
	drop, err := e.DropUngated(ctx, tx, j.ID)
	if err != nil {
		return err
	}
	if j.Reprint {
		return e.EndReprint(ctx, tx, j.ID, endingByLetters("gate", slices.Sorted(maps.Keys(drop))))
	}
	return e.Replan(ctx, tx, j.ID, drop, shipment.Note{Code: "gate", Args: shipment.Args{"letters": strconv.Itoa(len(drop))}})
}

// DropUngated records in tx that the letters of a job that must not be printed any more drop out of it, and gives them.
func (e *Jobs) DropUngated(ctx context.Context, tx store.Tx, job string) (map[string]bool, error) {
	dropped, err := tx.Ungated(ctx, job)
	if err != nil {
		return nil, err
	}
	drop := map[string]bool{}
	for _, s := range dropped {
		drop[s.ID] = true
		why := shipment.Note{Code: "left-out", Args: shipment.Args{"job": job}}
		ev := shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventWithdrawn, From: s.Status, To: s.Status, Reason: why.String()}
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
func (e *Jobs) foundOffered(ctx context.Context, side step.VendorSide, j store.PrintJob, files []store.JobFile, there exchange.RemoteState) error {
	other := doubt{code: "other-ticket"}
	switch {
	case there.Answer != nil && there.Answer.TicketSHA256 != j.TicketSHA:
		return e.otherTicket(ctx, j, other)
	case there.Answer == nil && there.BadAnswer != nil:
		return e.uncertain(ctx, j, doubt{code: "unreadable-answer"})
	case there.Answer == nil:
		// Placing the same ready file again changes nothing; another one's is left alone and told.
		err := side.PutReady(ctx, readyOf(j, files))
		if errors.Is(err, exchange.ErrConflict) {
			return e.otherTicket(ctx, j, other)
		}
		if isOrder(files) && errors.Is(err, exchange.ErrIncomplete) {
			return e.uncertain(ctx, j, doubt{code: "order-gone", why: err})
		}
		if err != nil && !errors.Is(err, exchange.ErrAnswered) {
			return err
		}
	}
	return e.MarkOffered(ctx, j.ID, shipment.Note{Code: "hand-over-found"})
}

// otherTicket stops a job whose id the vendor knows under another ticket, and all offers to that vendor: the id was given
// out twice, so the archive is older than what was handed over.
func (e *Jobs) otherTicket(ctx context.Context, j store.PrintJob, why doubt) error {
	return errors.Join(e.restored.StopOffers(ctx, restored.OfferStop{Vendor: j.Vendor, Jobs: []string{j.ID}}), e.uncertain(ctx, j, why))
}

// MarkOffered records the hand-over and marks the letters SENDT_PRINT: of a small job in one transaction, of a large one by FinishOffer.
func (e *Jobs) MarkOffered(ctx context.Context, id string, why shipment.Note) error {
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		return e.Offered(ctx, tx, id, why)
	})
	if err != nil {
		return err
	}
	e.Passed("offer: hand-over recorded")
	if err := e.FinishOffer(ctx, id); err != nil {
		return err
	}
	e.Passed("offer: OFFERED")
	return nil
}

// FinishOffer marks the letters of a job that is OFFERING as sent, a set at a time; with the last set the job is OFFERED. It begins at the
// first letter: those that are marked already stay as they are, so that whoever does it again, or at the same time, does no harm. Other
// jobs are left alone.
func (e *Jobs) FinishOffer(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil {
		return fmt.Errorf("offer %s: %w", id, err)
	}
	for after := 0; j.State == store.JobOffering; {
		next := 0
		err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
			if j, err = tx.Job(ctx, id); err != nil || j.State != store.JobOffering {
				return err // somebody else has brought it to its end
			}
			if next, err = tx.SendLetters(ctx, id, j.OfferedAt, after, e.SetSize); err != nil || next > 0 {
				return err
			}
			return e.MoveJob(ctx, tx, j, store.JobOffered, shipment.Note{})
		})
		if err != nil {
			return fmt.Errorf("offer %s: %w", id, err)
		}
		if next == 0 {
			return nil
		}
		after = next
		e.Passed("offer: letters marked")
	}
	return nil
}

// Large reports whether the letters of a job are too many to be marked as sent in the transaction of something else: see FinishOffer.
func (e *Jobs) Large(j store.PrintJob) bool { return j.Letters > e.SetSize }

// Offered moves a job to OFFERED in tx, whatever it passed before, and its letters to SENDT_PRINT. A large one is OFFERING then: the
// caller has FinishOffer do the rest, and when it does not come to that, the task does that it gets here.
func (e *Jobs) Offered(ctx context.Context, tx store.Tx, id string, why shipment.Note) error {
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
			if to = store.JobOffered; e.Large(j) {
				to = store.JobOffering
			}
		default:
			return nil
		}
		if err := e.MoveJob(ctx, tx, j, to, why); err != nil {
			return err
		}
		switch to {
		case store.JobOffering:
			return errors.Join(tx.ResolveAlarm(ctx, UncertainAlarm(id)), tx.Enqueue(ctx, store.Task{Kind: store.TaskOffer, Subject: id}))
		case store.JobOffered:
			if err := tx.ResolveAlarm(ctx, UncertainAlarm(id)); err != nil {
				return err
			}
			_, err := tx.SendLetters(ctx, id, tx.Now(), 0, e.SetSize)
			return err
		default: // further
		}
	}
}

// doubt is why it cannot be told whether a vendor has a job.
type doubt struct {
	code string
	why  error // what the vendor's side said; nil: nothing
}

// note is what the history of the job keeps of it. Its arguments are those of the alarm too.
func (d doubt) note() shipment.Note {
	args := shipment.Args{"doubt": d.code}
	if d.why != nil {
		args["why"] = d.why.Error()
	}
	return shipment.Note{Code: "doubt", Args: args}
}

// uncertain stops a job that may or may not be with the vendor. It is never sent again by itself: an acknowledgement,
// a receipt or the operator resolves it.
func (e *Jobs) uncertain(ctx context.Context, j store.PrintJob, why doubt) error {
	e.Log.Error("job is uncertain", "job", j.ID, "vendor", j.Vendor, "reason", words.Why(why.note().String(), words.English))
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil || now.State == store.JobUncertain {
			return err
		}
		if err := e.MoveJob(ctx, tx, now, store.JobUncertain, why.note()); err != nil {
			return err
		}
		args := alarm.Args{"job": j.ID, "letters": strconv.Itoa(j.Letters), "vendor": j.Vendor}
		maps.Copy(args, why.note().Args)
		return tx.RaiseAlarm(ctx, UncertainAlarm(j.ID), args)
	})
}

// UncertainAlarm is the key of the alarm that it cannot be told whether the vendor has a job.
func UncertainAlarm(id string) string { return "uncertain:" + id }
