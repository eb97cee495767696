package step

import (
	"context"
	"fmt"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// MoveJob records a job's new state by the one table, and why in its history; the zero why says nothing. The archive must be given the
// rest of j as it stands.
func (e *Step) MoveJob(ctx context.Context, tx store.Tx, j store.PrintJob, to store.JobState, why shipment.Note) error {
	if !j.State.MayMove(to) {
		return fmt.Errorf("job %s may not move from %s to %s", j.ID, j.State, to)
	}
	from := j.State
	j.State, j.Updated, j.Failures, j.LastError = to, tx.Now(), 0, ""
	if to == store.JobOffering || to == store.JobOffered && from != store.JobOffering {
		j.OfferedAt = tx.Now()
	}
	if err := tx.UpdateJob(ctx, j); err != nil {
		return err
	}
	e.Log.Info("job moved", "job", j.ID, "vendor", j.Vendor, "from", string(from), "to", string(to), "letters", j.Letters)
	return tx.AddJobEvent(ctx, store.JobEvent{Job: j.ID, At: tx.Now(), From: from, To: to, Reason: why.String()})
}

// NoteJob adds to the history of a job that stays in its state.
func NoteJob(ctx context.Context, tx store.Tx, j store.PrintJob, why shipment.Note) error {
	return tx.AddJobEvent(ctx, store.JobEvent{Job: j.ID, At: tx.Now(), From: j.State, To: j.State, Reason: why.String()})
}

// JobAndFiles reads a job and its files as they are at one moment.
func (e *Step) JobAndFiles(ctx context.Context, id string) (j store.PrintJob, files []store.JobFile, err error) {
	err = e.Archive.View(ctx, func(r store.Reader) error {
		if j, err = r.Job(ctx, id); err != nil {
			return err
		}
		files, err = r.JobFiles(ctx, id)
		return err
	})
	return j, files, err
}
