package jobs

import (
	"context"
	"errors"
	"fmt"

	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// ErrHandedOver says that the vendor's side tells that a job was handed over, so that it cannot be taken back.
var ErrHandedOver = errors.New("the vendor's side tells that it was handed over")

// WithdrawJob takes a job that is not handed over back, by a person's order: what is at the vendor of it is removed, and
// its letters are due again, for whichever vendor their account has then. A reprint is only ended.
func (e *Jobs) WithdrawJob(ctx context.Context, id, reason string) (store.PrintJob, error) {
	var out store.PrintJob
	if why := identity.BadReason(reason); why != "" {
		return out, fmt.Errorf("withdraw %s: %s", id, why)
	}
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil {
		return out, err
	}
	if why := notWithdrawable(j); why != "" {
		return j, fmt.Errorf("job %s cannot be withdrawn: %s", id, why)
	}
	ctx, unlock, err := e.LockVendor(ctx, j.Vendor)
	if err != nil {
		return j, fmt.Errorf("job %s is not withdrawn: %w; try again in a moment", id, err)
	}
	defer unlock()
	if err := e.withdrawFiles(ctx, id); err != nil {
		return j, fmt.Errorf("job %s is not withdrawn: %w", id, step.Lost(ctx, err))
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, id)
		if err != nil {
			return err
		}
		if why := notWithdrawable(now); why != "" {
			return fmt.Errorf("job %s cannot be withdrawn: %s", id, why)
		}
		// It may have been composed meanwhile, which sends nothing: only who has the vendor's lock sends.
		if !now.Reprint {
			if _, err := e.DropUngated(ctx, tx, id); err != nil {
				return err
			}
		}
		return e.collect.Withdraw(ctx, tx, now, shipment.Note{Code: "withdrawn", Args: shipment.Args{"reason": reason}})
	})
	if err != nil {
		return j, step.Lost(ctx, err)
	}
	e.Passed("withdraw: recorded")
	if err := e.collect.Free(ctx, id); err != nil {
		return j, fmt.Errorf("job %s is withdrawn, and its letters are due again with the next night: %w", id, step.Lost(ctx, err))
	}
	return store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
}

// FreeAll frees the letters of all jobs whose withdrawing was cut short.
func (e *Jobs) FreeAll(ctx context.Context) error { return e.collect.FreeAll(ctx) }

// notWithdrawable says why a job cannot be taken back, and what to do instead; empty: it can.
func notWithdrawable(j store.PrintJob) string {
	switch j.State {
	case store.JobPlanned, store.JobComposed, store.JobUploaded:
		return ""
	case store.JobPlanning:
		return "it is being planned (PLANNING). When no night is at work, the next one takes it back by itself"
	case store.JobUncertain:
		return fmt.Sprintf("it is UNCERTAIN whether the vendor has it. Ask the vendor, then postgang job resolve %s", j.ID)
	case store.JobWithdrawn:
		return "it is WITHDRAWN already"
	default:
		return fmt.Sprintf("it is %s, past the last gate. Have the vendor stop it, or close its letters (postgang shipment stop)", j.State)
	}
}

// withdrawFiles removes what the vendor, which must be locked, has of a job that is not handed over.
func (e *Jobs) withdrawFiles(ctx context.Context, id string) error {
	j, files, err := e.JobAndFiles(ctx, id)
	if err != nil {
		return err
	}
	if e.Vendors[j.Vendor].Manual || j.State.Uncomposed() {
		return nil // nothing has left the house
	}
	if err := e.TakeBack(ctx, j, files); err != nil {
		return err
	}
	e.Passed("withdraw: files removed")
	return nil
}

// TakeBack removes a job's files from its vendor, which must be locked, unless something there says that it was handed over.
func (e *Jobs) TakeBack(ctx context.Context, j store.PrintJob, files []store.JobFile) error {
	v, ok := e.Vendors[j.Vendor]
	if !ok {
		return fmt.Errorf("vendor %q is not configured any more, so that nobody can look at its side", j.Vendor)
	}
	side, err := e.Reach(ctx, v)
	if err != nil {
		return fmt.Errorf("reach vendor %s: %w", v.Key, err)
	}
	defer side.Close()
	there, err := side.State(ctx, j.ID)
	if err != nil {
		return err
	}
	if why := handedOver(there, j); why != "" {
		return step.Said(why, ErrHandedOver)
	}
	// Withdraw looks for a ready file and answers once more itself.
	return side.Withdraw(ctx, j.ID, fileNames(files))
}

// handedOver says why a vendor's side speaks against its word that it has not got a job; empty: nothing does.
func handedOver(there exchange.RemoteState, j store.PrintJob) string {
	switch {
	case there.Answer != nil && there.Answer.TicketSHA256 == j.TicketSHA:
		return "the vendor's answer to it is there, so it was handed over (postgang receipts fetch)"
	case there.Answer != nil:
		return "an answer to this job id, but to another ticket, is at the vendor: it has other letters under the id. The vendor must remove nothing. Run postgang recover, which takes this job back and plans its letters under new ids, but for those that the vendor has"
	case there.BadAnswer != nil:
		return "the vendor has answered it, but the answer cannot be read. Have the vendor write it anew, accepted or rejected, which settles the job; nothing may be removed, since it tells that the job was handed over"
	case there.Ready:
		return "a ready file for it is at the vendor, so it was handed over, or will be taken up. Have the vendor answer it: accepted, and it is printed, or rejected, and postgang job release frees its letters. Nothing may be removed: a job whose traces are gone would be printed again"
	}
	return ""
}

func fileNames(files []store.JobFile) []string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.File.Name
	}
	return names
}
