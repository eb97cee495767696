package collect

import (
	"context"
	"errors"
	"fmt"

	"postgang/engine/accept"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
)

// A job of more letters than a set is recorded set by set, so that others can write between: it is PLANNING until its last set, and
// nothing is done with it before. Found PLANNING later, it was cut short, and is taken back.

// errTakenBack says that a job is not PLANNING any more, while its letters were being recorded.
var errTakenBack = errors.New("the job was taken back while it was planned")

// insertJob records a planned job with its letters and has it composed. Letters that changed since they were planned, so that they may
// not be collected any more, are left out; those that change later drop out at the last gate. It gives why the letters in the job go to
// paper. No id: no letter was left.
func (e *Collector) insertJob(ctx context.Context, n JobSpec) (id string, in []shipment.Reason, err error) {
	for left := n.Letters; len(left) > 0; {
		set := JobSpec{Vendor: n.Vendor, Letters: left[:min(len(left), e.SetSize)], Reasons: n.Reasons[len(n.Letters)-len(left):]}
		left = left[len(set.Letters):]
		var added []store.JobLetter
		err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
			if len(in) == 0 {
				if id, err = tx.NextJobID(ctx); err != nil {
					return err
				}
				if err := tx.InsertJob(ctx, n.job(id, store.JobPlanning, tx), nil); err != nil {
					return err
				}
			}
			if added, err = tx.AddJobLetters(ctx, id, e.rows(id, len(in), set)); err != nil {
				return err
			}
			switch {
			case len(in)+len(added) == 0:
				return errNobody
			case len(left) > 0:
				return nil
			}
			return e.planned(ctx, tx, id, len(in)+len(added))
		})
		switch {
		case errors.Is(err, errNobody):
			id = ""
			continue
		case errors.Is(err, store.ErrExists) && len(in) > 0:
			return "", nil, errors.Join(err, e.takeBack(ctx, id))
		case errors.Is(err, store.ErrStale):
			return "", nil, fmt.Errorf("job %s: %w", id, errTakenBack)
		case err != nil:
			return "", nil, err
		}
		for _, l := range added {
			in = append(in, l.Reason)
		}
		if len(left) > 0 {
			e.Passed("collect: letters recorded")
		}
	}
	return id, in, nil
}

// errNobody says that none of a job's letters so far may be collected any more.
var errNobody = errors.New("no letter is left")

// planned ends the planning of a job of so many letters in tx, and has it composed.
func (e *Collector) planned(ctx context.Context, tx store.Tx, id string, letters int) error {
	j, err := tx.Job(ctx, id)
	if err != nil {
		return err
	}
	j.Letters = letters
	if err := e.MoveJob(ctx, tx, j, store.JobPlanned, shipment.Note{Code: "planned"}); err != nil {
		return err
	}
	if j, err = tx.Job(ctx, id); err != nil {
		return err
	}
	if j.Letters != letters {
		return fmt.Errorf("it has %d letters in place of %d: %w", j.Letters, letters, store.ErrStale)
	}
	return tx.Enqueue(ctx, store.Task{Kind: store.TaskCompose, Subject: id})
}

// takeBackPlanning takes back the jobs whose planning was cut short. Their letters are due again.
func (e *Collector) takeBackPlanning(ctx context.Context) error {
	jobs, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobPlanning}})
	})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := e.takeBack(ctx, j.ID); err != nil {
			return err
		}
	}
	return nil
}

// takeBack ends a job that is PLANNING, once its letters are taken out of it set by set.
func (e *Collector) takeBack(ctx context.Context, id string) error {
	for n := 1; n > 0; {
		err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
			n, err = tx.DropJobLetters(ctx, id, e.SetSize)
			return err
		})
		if err != nil {
			return err
		}
		if n > 0 {
			e.Passed("collect: letters taken back")
		}
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		j, err := tx.Job(ctx, id)
		if err != nil || j.State != store.JobPlanning {
			return err
		}
		return e.MoveJob(ctx, tx, j, store.JobWithdrawn, shipment.Note{Code: "planning-cut"})
	})
	if err == nil {
		e.Passed("collect: planning taken back")
	}
	return err
}

// Withdraw moves a job to WITHDRAWN in tx, so that nothing more is done with it. A large one holds its letters until Free has freed them,
// which the caller sees to; when it does not come to that, the next collecting does.
func (e *Collector) Withdraw(ctx context.Context, tx store.Tx, j store.PrintJob, why shipment.Note) error {
	j.Holding = j.Letters > e.SetSize
	return e.MoveJob(ctx, tx, j, store.JobWithdrawn, why)
}

// Free frees the letters of a job that is withdrawn, a set at a time: they are due again. It begins at the first letter, whoever has begun
// before. Other jobs are left alone.
func (e *Collector) Free(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil || !j.Holding {
		return err
	}
	for after := 0; ; {
		next := 0
		err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
			next, err = tx.FreeLetters(ctx, id, after, e.SetSize)
			return err
		})
		if err != nil || next == 0 {
			return err
		}
		after = next
		e.Passed("withdraw: letters freed")
	}
}

// FreeAll frees the letters of all jobs that were withdrawn and hold letters still.
func (e *Collector) FreeAll(ctx context.Context) error {
	jobs, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{Holding: true})
	})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := e.Free(ctx, j.ID); err != nil {
			return err
		}
	}
	return nil
}

// job is the job's own row.
func (n JobSpec) job(id string, state store.JobState, tx store.Tx) store.PrintJob {
	return store.PrintJob{
		ID: id, Vendor: n.Vendor, Parent: n.Parent, Reprint: n.Reprint, State: state, Class: n.Class, Created: tx.Now(), Updated: tx.Now(),
		Letters: len(n.Letters),
	}
}

// rows are letters of a job, those that come after others.
func (e *Collector) rows(id string, after int, n JobSpec) []store.JobLetter {
	rows := make([]store.JobLetter, len(n.Letters))
	for i, l := range n.Letters {
		rows[i] = accept.PlannedRow(l)
		rows[i].Job, rows[i].Letter, rows[i].Reason, rows[i].Only = id, after+i+1, n.Reasons[i], n.Only[l.Shipment]
		if only := rows[i].Only; len(only) > 0 {
			rows[i].Sheets = len(only)
		} else if q, err := e.accept.QuotePlanned(l, e.Vendors[n.Vendor]); err == nil {
			rows[i].Expected = &store.ExpectedCost{Production: q.Production, Postage: q.Postage}
		}
	}
	return rows
}

// AddJob records a planned job in a transaction that the caller has, and gives its id.
func (e *Collector) AddJob(ctx context.Context, tx store.Tx, n JobSpec) (string, error) {
	id, err := tx.NextJobID(ctx)
	if err != nil {
		return "", err
	}
	now := tx.Now()
	ids := make([]string, len(n.Letters))
	for i, l := range n.Letters {
		ids[i] = l.Shipment
	}
	results, err := tx.Results(ctx, ids)
	if err != nil {
		return "", err
	}
	events := make([]shipment.Event, len(n.Letters))
	for i, l := range n.Letters {
		result, ok := results[l.Shipment]
		if !ok {
			return "", fmt.Errorf("shipment %s: %w", l.Shipment, store.ErrNotFound)
		}
		status := result.Status
		events[i] = shipment.Event{Shipment: l.Shipment, At: now, Kind: shipment.EventCollected, From: status, To: status, Reason: string(n.Reasons[i]) + " " + id}
		if n.Reprint {
			events[i].Kind, events[i].Reason = shipment.EventReprint, shipment.Note{Code: "reprint-of", Args: shipment.Args{"job": id, "parent": n.Parent}}.String()
		}
	}
	j := n.job(id, store.JobPlanned, tx)
	if err := tx.InsertJob(ctx, j, e.rows(id, 0, n)); err != nil {
		return "", err
	}
	why := shipment.Note{Code: "planned"}
	if n.Reprint {
		why = shipment.Note{Code: "reprint", Args: shipment.Args{"parent": n.Parent, "reason": n.Why}}
	}
	if err := step.NoteJob(ctx, tx, j, why); err != nil {
		return "", err
	}
	if err := tx.AddEvents(ctx, events...); err != nil {
		return "", err
	}
	return id, tx.Enqueue(ctx, store.Task{Kind: store.TaskCompose, Subject: id})
}

// JobSpec is a job to be recorded.
type JobSpec struct {
	Vendor, Parent string
	Class          exchange.Class
	Letters        []printjobs.PlannedLetter
	Reasons        []shipment.Reason // by letter
	Reprint        bool
	Only           map[string][]int // of a reprint: the sheets of a letter, when not all; by shipment
	Why            string           // of a reprint: the person's reason
}
