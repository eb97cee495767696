package restored

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"postgang/engine/store"
)

// JobNumber is the number in a job id.
func JobNumber(id string) int {
	n, _ := strconv.Atoi(id[max(len(id)-6, 0):]) // job ids have six digits
	return n
}

// RaiseFence records outside of the archive that a job is about to be handed over, before it is.
func (e *Check) RaiseFence(ctx context.Context, job string) error {
	if e.Fence == nil {
		return nil
	}
	return e.Fence.RaiseHighestJob(ctx, e.JobTag, JobNumber(job))
}

// CheckFence stops all offers when more was handed over than this archive has given out ids for.
func (e *Check) CheckFence(ctx context.Context) error {
	if e.Fence == nil {
		return nil
	}
	// The fence first: an id is given out before it is raised.
	highest, err := e.Fence.HighestJob(ctx, e.JobTag)
	if err != nil {
		return err
	}
	number, err := store.View(ctx, e.Archive, func(r store.Reader) (int, error) { return r.JobNumber(ctx) })
	if err != nil || highest <= number {
		return err
	}
	var errs []error
	for _, key := range e.VendorKeys {
		errs = append(errs, e.StopOffers(ctx, OfferStop{Vendor: key, Highest: highest, Number: number}))
	}
	return errors.Join(errs...)
}

// keepFence raises the fence to what the archive has handed over: after an update, or when the documents are older.
func (e *Check) keepFence(ctx context.Context) error {
	if e.Fence == nil {
		return nil
	}
	marks, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.JobMark, error) { return r.JobMarks(ctx) })
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(marks) { // by id, so the highest first
		switch m.State {
		case store.JobOffering, store.JobOffered, store.JobAccepted, store.JobClosed, store.JobRejected:
			return e.RaiseFence(ctx, m.ID)
		default: // nobody outside is sure to know it
		}
	}
	return nil
}
