package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/identity"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// Answered tells what the vendor's answers did.
type Answered struct {
	Accepted, Rejected int
	Bad                int // answers that could not be read or match no job of ours; see the alarms
}

// FetchAnswers reads a vendor's answers and applies those that are news.
func (e *Jobs) FetchAnswers(ctx context.Context, vendor string) (Answered, error) {
	var out Answered
	v, ok := e.Vendors[vendor]
	if !ok {
		return out, fmt.Errorf("vendor %q is not configured", vendor)
	}
	if v.Manual {
		return out, fmt.Errorf("vendor %q is manual print, there is nothing to fetch: postgang manual confirm books its receipts", vendor)
	}
	side, err := e.Reach(ctx, v)
	if err != nil {
		return out, fmt.Errorf("reach vendor %s: %w", vendor, err)
	}
	defer side.Close()
	// Answers that were applied are old news; what else lies there is read.
	old := map[string]store.JobState{}
	jobs, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{Vendor: vendor, States: []store.JobState{store.JobAccepted, store.JobClosed, store.JobRejected}})
	})
	if err != nil {
		return out, err
	}
	for _, j := range jobs {
		old[j.ID] = j.State
	}
	k, err := e.restored.KnownJobs(ctx, v)
	if err != nil {
		return out, err
	}
	answers, bad, err := side.Answers(ctx, func(job string, accepted bool) bool {
		if k.SettledElse(job) {
			return true
		}
		state, done := old[job]
		return done && accepted == (state != store.JobRejected)
	})
	if err != nil {
		return out, fmt.Errorf("read answers of vendor %s: %w", vendor, err)
	}
	out.Bad = len(bad)
	still, err := e.VendorProblems(ctx, "answer", vendor, bad)
	if err != nil {
		return out, err
	}
	var errs []error
	var odd []string
	for _, a := range answers {
		if k.SettledElse(a.Job) {
			continue
		}
		if k.OddAnswer(a, e.JobTag) {
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
		errs = append(errs, e.restored.StopOffers(ctx, restored.OfferStop{Vendor: vendor, Jobs: odd}))
	}
	errs = append(errs, e.ResolveGone(ctx, "answer:"+vendor+":", still))
	return out, errors.Join(errs...)
}

// applyAnswer applies one answer. applied: it was news; ok: it is an answer to what we offered.
func (e *Jobs) applyAnswer(ctx context.Context, vendor string, a exchange.Answer) (applied, ok bool, err error) {
	return e.applyAnswerTo(ctx, vendor, a, false)
}

// applyAnswerTo is applyAnswer; taken: the letters of a large job that is refused are taken back already.
func (e *Jobs) applyAnswerTo(ctx context.Context, vendor string, a exchange.Answer, taken bool) (applied, ok bool, err error) {
	unmarked := false // its letters are too many to be marked as sent here
	refused := false  // and these to be taken back
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		applied, ok, unmarked, refused = false, true, false, false
		odd := func(fault string, more alarm.Args) error {
			ok = false
			key, args := "answer:"+vendor+":"+a.Job, alarm.Args{"case": "odd", "vendor": vendor, "job": a.Job, "fault": fault}
			maps.Copy(args, more)
			open, err := tx.Alarms(ctx, true)
			if err != nil || slices.ContainsFunc(open, func(a alarm.Alarm) bool { return a.Key == key && a.Args.Says(args) }) {
				return err // said already
			}
			e.Log.Error("answer does not fit", "vendor", vendor, "job", a.Job, "problem", args)
			return tx.RaiseAlarm(ctx, key, args)
		}
		j, err := tx.Job(ctx, a.Job)
		if errors.Is(err, store.ErrNotFound) {
			return odd("unknown-job", nil)
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
			return odd("other-vendor", nil)
		case j.TicketSHA != a.TicketSHA256:
			return odd("other-ticket", nil)
		}
		// A job that was found there after a backup was put back may have letters that the archive has not.
		beyond, err := tx.FoundLetters(ctx, store.FoundLetter{Job: j.ID, Vendor: vendor})
		if err != nil {
			return err
		}
		switch {
		case a.Accepted && a.Letters != j.Letters+len(beyond):
			return odd("letters", alarm.Args{"accepted": strconv.Itoa(a.Letters), "offered": strconv.Itoa(j.Letters + len(beyond))})
		case j.State == to, j.State == store.JobClosed && a.Accepted:
			return nil // known
		case j.State == store.JobCommitted, j.State == store.JobUncertain, j.State == store.JobOffering:
			// The vendor answers, so it was handed over; the process died before recording it, or all of it.
			if unmarked = e.Large(j); unmarked {
				return nil
			}
			if err := e.Offered(ctx, tx, j.ID, shipment.Note{Code: "vendor-answered"}); err != nil {
				return err
			}
			if j, err = tx.Job(ctx, a.Job); err != nil {
				return err
			}
		}
		if !j.State.MayMove(to) {
			return odd("state", alarm.Args{"state": string(j.State)})
		}
		if refused = to == store.JobRejected && e.Large(j) && !taken; refused {
			return nil
		}
		applied = true
		said := shipment.Note{Code: "accepted"}
		if !a.Accepted {
			said = shipment.Note{Code: "rejected", Args: shipment.Args{"words": identity.KeptWords(a.Reasons)}}
		}
		if err := e.MoveJob(ctx, tx, j, to, said); err != nil {
			return err
		}
		if to == store.JobAccepted {
			return nil
		}
		return e.rejected(ctx, tx, j, len(a.Reasons))
	})
	if err == nil && unmarked {
		if err := e.MarkOffered(ctx, a.Job, shipment.Note{Code: "vendor-answered"}); err != nil {
			return false, false, err
		}
		return e.applyAnswer(ctx, vendor, a)
	}
	if err == nil && refused {
		if err := e.takeBackRefused(ctx, a); err != nil {
			return false, false, err
		}
		return e.applyAnswerTo(ctx, vendor, a, true)
	}
	return applied, ok, err
}

// takeBackRefused takes back the letters of a large job that its vendor refuses, a set at a time, before the job is REJECTED. Cut short, the answer
// is applied anew when it is fetched the next time. Nobody can collect these letters meanwhile: they are set aside, and in a live job.
func (e *Jobs) takeBackRefused(ctx context.Context, a exchange.Answer) error {
	rows, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(ctx, a.Job) })
	if err != nil {
		return err
	}
	for some := range slices.Chunk(rows, e.SetSize) {
		err := e.Archive.InTx(ctx, func(tx store.Tx) error {
			j, err := tx.Job(ctx, a.Job)
			if err != nil || !j.State.MayMove(store.JobRejected) {
				return err // what comes next tells so
			}
			if printed, err := parentPrints(ctx, tx, j); err != nil || printed {
				return err
			}
			if err := takeBackLetters(ctx, tx, j, some); err != nil {
				return err
			}
			return tx.RaiseAlarm(ctx, "rejected:"+j.ID, rejectedArgs(j, len(a.Reasons)))
		})
		if err != nil {
			return err
		}
		e.Passed("answers: letters taken back")
	}
	return nil
}

// parentPrints reports whether a job is a reprint whose letters were printed in its parent, or will be.
func parentPrints(ctx context.Context, r store.Reader, j store.PrintJob) (bool, error) {
	if !j.Reprint {
		return false, nil
	}
	parent, err := r.Job(ctx, j.Parent)
	return parent.State.Live(), err
}

// rejected takes back in tx the letters of a job that the vendor refused, unless it is a large one, whose letters are taken back. They are set aside: a
// person must mend the cause, or the same files would be refused night after night. The vendor's own words are in the job's history alone: they may
// name people.
func (e *Jobs) rejected(ctx context.Context, tx store.Tx, j store.PrintJob, reasons int) error {
	args := rejectedArgs(j, reasons)
	printed, err := parentPrints(ctx, tx, j)
	if err != nil {
		return err
	}
	if printed {
		args["case"], args["parent"] = "reprint", j.Parent
		return tx.RaiseAlarm(ctx, "rejected:"+j.ID, args)
	}
	if !e.Large(j) {
		rows, err := tx.JobLetters(ctx, j.ID)
		if err != nil {
			return err
		}
		if err := takeBackLetters(ctx, tx, j, rows); err != nil {
			return err
		}
	}
	return tx.RaiseAlarm(ctx, "rejected:"+j.ID, args)
}

// takeBackLetters takes back in tx letters of a job that the vendor refused, and sets them aside.
func takeBackLetters(ctx context.Context, tx store.Tx, j store.PrintJob, rows []store.JobLetter) error {
	reprinted, err := openReprints(ctx, tx, j.ID)
	if err != nil {
		return err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.Shipment
	}
	letters, err := tx.ShipmentsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, s := range letters {
		if s.Status != shipment.StatusSendtPrint {
			continue // read or closed meanwhile
		}
		if id := reprinted[s.ID]; id != "" {
			r, err := tx.Job(ctx, id)
			if err != nil {
				return err
			}
			if r.State == store.JobOffering || r.State == store.JobOffered || r.State == store.JobAccepted {
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
		why := shipment.Note{Code: "job-refused", Args: shipment.Args{"job": j.ID}}
		events := []shipment.Event{{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventStatus, From: from, To: s.Status, Reason: why.String()}}
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
		if err := tx.AddEvents(ctx, events...); err != nil {
			return err
		}
	}
	return nil
}

// rejectedArgs are what the alarm of a rejected job says, and of a reprint too.
func rejectedArgs(j store.PrintJob, reasons int) alarm.Args {
	return alarm.Args{"vendor": j.Vendor, "job": j.ID, "letters": strconv.Itoa(j.Letters), "reasons": strconv.Itoa(reasons)}
}

// ReleaseJob lets the letters of a rejected job be collected again, into new jobs under new ids. Of a reprint that was
// rejected or withdrawn it ends the alarm: its letters were never taken back. The reason is kept in the histories of the job and of
// its letters: no personal data. Many letters are released a set at a time; the alarm ends with the last set, and doing it again goes on
// where it was cut short. It gives how many letters were released.
func (e *Jobs) ReleaseJob(ctx context.Context, id, reason string) (int, error) {
	if why := identity.BadReason(reason); why != "" {
		return 0, errors.New(why)
	}
	released := shipment.Note{Code: shipment.HoldRejected, Args: shipment.Args{"reason": reason}}.String()
	rows, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(ctx, id) })
	if err != nil {
		return 0, err
	}
	n := 0
	for {
		set := rows[:min(len(rows), e.SetSize)]
		rows = rows[len(set):]
		var now int
		err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
			j, err := tx.Job(ctx, id)
			if err != nil {
				return err
			}
			if j.State != store.JobRejected && !(j.Reprint && j.State == store.JobWithdrawn) {
				return fmt.Errorf("job %s is %s, not REJECTED", id, j.State)
			}
			if now, err = releaseLetters(ctx, tx, id, set, released); err != nil || len(rows) > 0 {
				return err
			}
			if j.Reprint {
				if err := tx.ResolveAlarm(ctx, reprintAlarm(id)); err != nil {
					return err
				}
			}
			if n+now > 0 || j.Reprint {
				why := shipment.Note{Code: "released-job", Args: shipment.Args{"letters": strconv.Itoa(n + now), "reason": reason}}
				if err := step.NoteJob(ctx, tx, j, why); err != nil {
					return err
				}
			}
			return tx.ResolveAlarm(ctx, "rejected:"+id)
		})
		if err != nil {
			return n, err
		}
		n += now
		if len(rows) == 0 {
			return n, nil
		}
		e.Passed("release: letters released")
	}
}

// releaseLetters lets letters of a rejected job be collected again in tx, and says how many there were to be.
func releaseLetters(ctx context.Context, tx store.Tx, job string, rows []store.JobLetter, why string) (n int, err error) {
	for _, row := range rows {
		s, err := tx.Shipment(ctx, row.Shipment)
		if err != nil {
			return n, err
		}
		if s.Hold != shipment.HoldRejected {
			continue
		}
		jobs, err := tx.JobsOf(ctx, s.ID)
		if err != nil {
			return n, err
		}
		if jobs[0].ID != job {
			continue // held for a later job, which was refused too
		}
		s.Hold = ""
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return n, err
		}
		if err := tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventReleased, From: s.Status, To: s.Status, Reason: why}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
