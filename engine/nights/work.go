package nights

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postgang/engine/channel"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// Work does one background task. It is handed to the queue.
func (e *Nights) Work(ctx context.Context, t store.Task) error {
	switch t.Kind {
	case store.TaskPrepare:
		return e.accept.PrepareShipment(ctx, t.Subject)
	case store.TaskCompose:
		return e.noteFailure(ctx, t.Subject, e.jobs.ComposeJob(ctx, t.Subject))
	case store.TaskOffer:
		return e.noteFailure(ctx, t.Subject, e.jobs.OfferJob(ctx, t.Subject))
	case channel.Task:
		return e.digital.AskWaiting(ctx, t.Subject)
	}
	return fmt.Errorf("unknown task %q", t.Kind)
}

// noteFailure records a failed attempt on the job, so that the operator sees it without reading logs.
func (e *Nights) noteFailure(ctx context.Context, job string, failed error) error {
	var later *step.LaterError
	if failed == nil || errors.As(failed, &later) || ctx.Err() != nil {
		return failed
	}
	e.Log.Error("job step failed", "job", job, "error", failed)
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		j, err := tx.Job(ctx, job)
		if err != nil {
			return err
		}
		j.Failures++
		j.LastError = failed.Error()
		j.Updated = tx.Now()
		return tx.UpdateJob(ctx, j)
	})
	return errors.Join(failed, err)
}

// Unsettled lists the jobs that are on their way to the vendor, or stuck on it.
func (e *Nights) Unsettled(ctx context.Context) ([]store.PrintJob, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering}})
	})
}

// tasksAtOnce is how many tasks are inserted in one transaction.
const tasksAtOnce = 500

// Reconcile has everything done that the archive says is unfinished. Losing the whole queue loses nothing. Letters are read page by page.
func (e *Nights) Reconcile(ctx context.Context) (tasks int, err error) {
	enqueue := func(list []store.Task) error {
		for part := range slices.Chunk(list, tasksAtOnce) {
			if err := e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.Enqueue(ctx, part...) }); err != nil {
				return err
			}
			tasks += len(part)
		}
		return nil
	}
	for after := ""; ; {
		page, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusMottatt}, After: after, Limit: store.Page})
		})
		if err != nil {
			return tasks, fmt.Errorf("reconcile: %w", err)
		}
		list := make([]store.Task, len(page))
		for i, s := range page {
			list[i], after = store.Task{Kind: store.TaskPrepare, Subject: s.ID}, s.ID
		}
		if err := enqueue(list); err != nil {
			return tasks, fmt.Errorf("reconcile: %w", err)
		}
		if len(page) < store.Page {
			break
		}
	}
	var list []store.Task
	err = e.Archive.View(ctx, func(r store.Reader) error {
		jobs, err := r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering}})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			kind := store.TaskOffer
			if j.State == store.JobPlanned {
				kind = store.TaskCompose
			}
			list = append(list, store.Task{Kind: kind, Subject: j.ID})
		}
		channels, err := e.digital.ChannelTasks(ctx, r)
		list = append(list, channels...)
		return err
	})
	if err == nil {
		err = enqueue(list)
	}
	if err != nil {
		return tasks, fmt.Errorf("reconcile: %w", err)
	}
	return tasks, nil
}
