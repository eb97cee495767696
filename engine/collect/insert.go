package collect

import (
	"context"

	"postgang/engine/accept"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
)

// insertJob records a planned job with its letters and has it composed.
func (e *Collector) insertJob(ctx context.Context, n JobSpec) (string, error) {
	var id string
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		var err error
		id, err = e.AddJob(ctx, tx, n)
		return err
	})
	return id, err
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
	statuses, err := tx.Statuses(ctx, ids)
	if err != nil {
		return "", err
	}
	rows, events := make([]store.JobLetter, len(n.Letters)), make([]shipment.Event, len(n.Letters))
	for i, l := range n.Letters {
		rows[i] = accept.PlannedRow(l)
		rows[i].Job, rows[i].Letter, rows[i].Reason, rows[i].Only = id, i+1, n.Reasons[i], n.Only[l.Shipment]
		if only := rows[i].Only; len(only) > 0 {
			rows[i].Sheets = len(only)
		} else if q, err := e.accept.QuotePlanned(l, e.Vendors[n.Vendor]); err == nil {
			rows[i].Expected = &store.ExpectedCost{Production: q.Production, Postage: q.Postage}
		}
		status := statuses[l.Shipment]
		events[i] = shipment.Event{Shipment: l.Shipment, At: now, Kind: shipment.EventCollected, From: status, To: status, Reason: string(n.Reasons[i]) + " " + id}
		if n.Reprint {
			events[i].Kind, events[i].Reason = shipment.EventReprint, shipment.Note{Code: "reprint-of", Args: shipment.Args{"job": id, "parent": n.Parent}}.String()
		}
	}
	j := store.PrintJob{
		ID: id, Vendor: n.Vendor, Parent: n.Parent, Reprint: n.Reprint, State: store.JobPlanned, Class: n.Class, Created: now, Updated: now,
		Letters: len(n.Letters),
	}
	if err := tx.InsertJob(ctx, j, rows); err != nil {
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
