package nights

import (
	"context"
	"errors"
	"fmt"

	"postgang/engine/identity"
	"postgang/engine/jobs"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

var (
	// ErrOtherJob says that the vendor has another job under the id.
	ErrOtherJob = errors.New("the vendor has another job under this id")
	// ErrStopped says that nothing is resolved while offers to the vendor are stopped.
	ErrStopped = errors.New("offers to the vendor are stopped")
)

// Resolution is what a person has learnt from the vendor about a job that is UNCERTAIN.
type Resolution struct {
	Job string
	// Offered: the vendor has the job. Else the vendor confirms that it has not got it and will not print it.
	Offered bool
	Reason  string // kept in the job's history and shown; no personal data
}

// Resolved is what a resolution comes to.
type Resolved struct {
	Job     store.PrintJob // as it was before
	Why     string         // why it is UNCERTAIN, as its history keeps it
	LeftOut int            // letters that are not planned anew: read, closed or set aside meanwhile
	New     []string       // jobs that its letters were planned into; none before it is done
}

// PlanResolve says what a resolution would come to, and changes nothing. The error says why it is refused and what to do
// instead.
func (e *Nights) PlanResolve(ctx context.Context, r Resolution) (Resolved, error) {
	return store.View(ctx, e.Archive, func(rd store.Reader) (Resolved, error) { return e.planResolve(ctx, rd, r) })
}

func (e *Nights) planResolve(ctx context.Context, rd store.Reader, r Resolution) (Resolved, error) {
	var out Resolved
	j, err := rd.Job(ctx, r.Job)
	if err != nil {
		return out, err
	}
	out.Job = j
	if why := identity.BadReason(r.Reason); why != "" {
		return out, fmt.Errorf("job %s cannot be resolved so: %s", j.ID, why)
	}
	if why := notUncertain(j); why != "" {
		return out, fmt.Errorf("job %s is %s, not UNCERTAIN: %s", j.ID, j.State, why)
	}
	if _, stopped, err := restored.StopOf(ctx, rd, j.Vendor); err != nil || stopped {
		if err == nil {
			err = step.Said(fmt.Sprintf("job %s cannot be resolved now: %s", j.ID, whileStopped(j.Vendor)), ErrStopped)
		}
		return out, err
	}
	history, err := rd.JobHistory(ctx, j.ID)
	if err != nil {
		return out, err
	}
	for _, ev := range history {
		if ev.To == store.JobUncertain {
			out.Why = ev.Reason
		}
	}
	if r.Offered || j.Reprint {
		return out, nil
	}
	dropped, err := rd.Ungated(ctx, j.ID)
	out.LeftOut = len(dropped)
	return out, err
}

// notUncertain says of a job that is not UNCERTAIN what to do instead of resolving it; empty: it is.
func notUncertain(j store.PrintJob) string {
	switch j.State {
	case store.JobUncertain:
		return ""
	case store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted:
		return "it is handed over by itself, by postgang serve or the next postgang night"
	case store.JobOffering:
		return "it was handed over, and its letters are being marked as sent, by postgang serve or the next postgang night"
	case store.JobOffered:
		return "the vendor's answer or receipts decide (postgang receipts fetch). A vendor that has lost it answers with a refusal, and postgang job release then frees its letters"
	case store.JobAccepted, store.JobClosed:
		if j.Reprint {
			return fmt.Sprintf("the vendor has accepted it. What was not printed is ordered once more: postgang job reprint %s", j.Parent)
		}
		return fmt.Sprintf("the vendor has accepted it. What was not printed is ordered once more: postgang job reprint %s", j.ID)
	case store.JobRejected:
		return fmt.Sprintf("the vendor has refused it. Mend the cause, then postgang job release %s", j.ID)
	case store.JobWithdrawn:
		return "it was taken back and is never printed; postgang shipment show tells where its letters are"
	}
	return "nothing is known about how to go on"
}

// ResolveJob ends the uncertainty about a job, by a person's word.
//
// The vendor has it: its side is looked at, and another job under the id, by its ticket or its files, refuses the
// resolution: the vendor's word is about that one. Else the job is OFFERED, as if its ready file had been found there.
//
// The vendor has not got it: its answers and receipts are fetched and its side is looked at once more; whatever says
// there that the job was handed over after all refuses the resolution. Then what is left of its files is taken back, so
// that nothing of the old id can be printed, and in one transaction the job is WITHDRAWN and its letters are planned
// anew under a new id, as after the last gate. A reprint ends alone. After a crash in between it is still UNCERTAIN, and
// doing it again finds the files gone. It takes two persons.
func (e *Nights) ResolveJob(ctx context.Context, r Resolution) (Resolved, error) {
	out, err := e.PlanResolve(ctx, r)
	if err != nil {
		return out, err
	}
	if r.Offered {
		if err := e.mayBeOffered(ctx, out.Job); err != nil {
			return out, fmt.Errorf("job %s is not recorded as offered: %w", r.Job, err)
		}
	} else {
		if err := e.Second(ctx, "job/"+r.Job, r.Reason); err != nil {
			return out, err
		}
		held, unlock, err := e.LockVendor(ctx, out.Job.Vendor)
		if err != nil {
			return out, fmt.Errorf("job %s is not withdrawn: %w; try again in a moment", r.Job, err)
		}
		defer unlock()
		if err := e.withdrawUncertain(held, out.Job); err != nil {
			return out, fmt.Errorf("job %s is not withdrawn: %w", r.Job, err)
		}
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		var err error
		if out, err = e.planResolve(ctx, tx, r); err != nil {
			return err // an answer or a receipt has come in between
		}
		if r.Offered {
			return e.jobs.Offered(ctx, tx, r.Job, shipment.Note{Code: "resolved-has", Args: shipment.Args{"reason": r.Reason}})
		}
		if err := errors.Join(tx.ResolveAlarm(ctx, jobs.UncertainAlarm(r.Job)), e.DoneBySecond(ctx, tx, "job/"+r.Job)); err != nil {
			return err
		}
		why := shipment.Note{Code: "resolved-has-not", Args: shipment.Args{"reason": r.Reason}}
		if out.Job.Reprint {
			return e.collect.Withdraw(ctx, tx, out.Job, why)
		}
		drop, err := e.jobs.DropUngated(ctx, tx, r.Job)
		if err != nil {
			return err
		}
		return e.jobs.Replan(ctx, tx, r.Job, drop, why)
	})
	if err != nil {
		return out, err
	}
	e.Passed("resolve: recorded")
	if err := e.jobs.FinishEnding(ctx, r.Job); err != nil {
		return out, err
	}
	if !r.Offered {
		if out.New, err = store.View(ctx, e.Archive, func(tx store.Reader) ([]string, error) { return jobs.Replacements(ctx, tx, r.Job) }); err != nil {
			return out, err
		}
	}
	if err := e.jobs.FinishOffer(ctx, r.Job); err != nil {
		return out, err
	}
	e.Log.Info("uncertain job resolved", "job", r.Job, "offered", r.Offered, "new", out.New)
	return out, nil
}

// whileStopped is why nothing is resolved while offers to a vendor are stopped.
func whileStopped(vendor string) string {
	return fmt.Sprintf("the archive is older than what was handed over to vendor %s, and what it says about this id may be about another job. Run postgang recover --vendor %s, which settles it or says what is left to ask; the vendor must remove nothing", vendor, vendor)
}

// mayBeOffered looks whether the vendor's side speaks against its word that it has a job: then the letters that it has
// under the id are others.
func (e *Nights) mayBeOffered(ctx context.Context, j store.PrintJob) error {
	v, ok := e.Vendors[j.Vendor]
	if !ok {
		return fmt.Errorf("vendor %q is not configured any more, so that nobody can look at its side", j.Vendor)
	}
	side, err := e.Reach(ctx, v)
	if err != nil {
		return fmt.Errorf("reach vendor %s: %w", v.Key, err)
	}
	defer side.Close()
	if err := e.restored.CheckSide(ctx, side, v); err != nil {
		return err
	}
	there, err := side.State(ctx, j.ID)
	if err != nil {
		return err
	}
	_, files, err := e.JobAndFiles(ctx, j.ID)
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, f := range files {
		ours[f.File.Name] = true
	}
	for name := range there.Files {
		if p, ok := exchange.ParseFileName(name); ok && p.Kind != exchange.KindPrint && !ours[name] {
			return step.Said(fmt.Sprintf("%s at the vendor is not of this job, though it has its id: the vendor has other letters under it. %s", name, whileStopped(v.Key)), ErrOtherJob)
		}
	}
	return e.Archive.View(ctx, func(r store.Reader) error {
		_, stopped, err := restored.StopOf(ctx, r, v.Key)
		if err == nil && stopped {
			err = step.Said("the vendor has another job under this id, and not these letters: "+whileStopped(v.Key), ErrOtherJob)
		}
		return err
	})
}

// withdrawUncertain takes what is left of an UNCERTAIN job back from the vendor, which must be locked, unless something
// there says that it was handed over.
func (e *Nights) withdrawUncertain(ctx context.Context, j store.PrintJob) error {
	// An answer or a receipt that lies there settles it, and better than a person's word.
	if _, err := e.Fetch(ctx, j.Vendor); err != nil {
		return fmt.Errorf("look for answers and receipts: %w", err)
	}
	now, files, err := e.JobAndFiles(ctx, j.ID)
	if err != nil {
		return err
	}
	if now.State != store.JobUncertain {
		return fmt.Errorf("an answer or a receipt was found just now, and it is %s", now.State)
	}
	if err := e.jobs.TakeBack(ctx, now, files); err != nil {
		return err
	}
	e.Passed("resolve: files withdrawn")
	return nil
}
