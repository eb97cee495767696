package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs"
)

// lettersAtOnce is how many letters are read together.
const lettersAtOnce = 500

// PlanAnew plans the letters of a job that is withdrawn and holds them still (Withdraw), as far as they may still be printed: into a job under a new
// id, or more when the profile has changed since. They pass from one to the other a set at a time, so that nobody else can collect them in between.
// Those that the vendor no longer takes are set aside. When it is cut short, or a night begins meanwhile, the letters are due, and the night
// plans them. A job that holds nothing is left alone.
func (e *Collector) PlanAnew(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil || !j.Holding {
		return err
	}
	err = e.planAnew(ctx, j)
	if errors.Is(err, errTakenBack) || errors.Is(err, store.ErrExists) {
		e.Log.Info("letters of a withdrawn job are planned by the night", "job", id)
		err = nil
	}
	if err != nil {
		return fmt.Errorf("plan the letters of %s anew: %w", id, err)
	}
	return e.Free(ctx, id)
}

func (e *Collector) planAnew(ctx context.Context, j store.PrintJob) error {
	rows, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(ctx, j.ID) })
	if err != nil {
		return err
	}
	var candidates []printjobs.Candidate
	why := make(map[string]shipment.Reason, len(rows))
	for some := range slices.Chunk(rows, lettersAtOnce) {
		ids := make([]string, len(some))
		for i, row := range some {
			ids[i], why[row.Shipment] = row.Shipment, row.Reason
		}
		read, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) { return r.ShipmentsOf(ctx, ids) })
		if err != nil {
			return err
		}
		for _, s := range read {
			if s.Facts != nil && s.Hold == "" { // the others are left out below too, but would be planned with these
				candidates = append(candidates, e.accept.Candidate(s))
			}
		}
	}
	jobs, aside, err := printjobs.Plan(candidates, e.Vendors[j.Vendor].Profile)
	if err != nil {
		return err
	}
	if _, err := e.HoldAll(ctx, Asides(aside)); err != nil {
		return err
	}
	for _, p := range jobs {
		reasons := make([]shipment.Reason, len(p.Letters))
		for i, l := range p.Letters {
			reasons[i] = why[l.Shipment]
		}
		if _, _, err := e.insertJob(ctx, JobSpec{Vendor: j.Vendor, Parent: j.ID, Class: p.Class, Letters: p.Letters, Reasons: reasons}); err != nil {
			return err
		}
	}
	return nil
}
