package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"postgang/engine/store"
)

// consoleDue is what a night begins with in a large archive, and what people ask for first.
type consoleDue struct {
	Letters int         `json:"letters"` // that were due, found, planned and priced
	Jobs    int         `json:"jobs"`
	Wall    float64     `json:"seconds"`
	CPU     float64     `json:"cpu_seconds"`
	Status  consoleTime `json:"status"` // what "postgang status" asks, the watch's look included
}

func (d *consoleDue) table(w io.Writer) {
	fmt.Fprintf(w, "\n%d letters that were due found, planned and priced, in %d jobs: %.1f s, %.1f s CPU.\n", d.Letters, d.Jobs, d.Wall, d.CPU)
	fmt.Fprintf(w, "What status asks: %.0f ms (p95 %.0f), CPU %.0f ms (p95 %.0f).\n", d.Status.Median, d.Status.P95, d.Status.CPUMedian, d.Status.CPUP95)
}

// findDue has letters due among all others, and has them found and planned.
func (p *consolePlace) findDue(ctx context.Context, letters, rounds int, cpu func() float64) (*consoleDue, error) {
	models, err := p.prepared(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.due(ctx, models, letters); err != nil {
		return nil, err
	}
	d := &consoleDue{}
	asked := question{what: "status", ask: func(ctx context.Context, _ int) (_, _ int, err error) { return 0, 0, p.status(ctx) }}
	if d.Status, err = asked.measure(ctx, rounds, cpu); err != nil {
		return nil, err
	}
	start, spent := time.Now(), cpu()
	c, err := p.app.Engine.Collect(ctx)
	if err != nil {
		return nil, err
	}
	d.Wall, d.CPU = time.Since(start).Seconds(), cpu()-spent
	if d.Letters, d.Jobs = c.Letters, len(c.Jobs); d.Letters < letters {
		return nil, fmt.Errorf("%d of %d letters were planned", d.Letters, letters)
	}
	return d, nil
}

// status asks what "postgang status" does.
func (p *consolePlace) status(ctx context.Context) error {
	if err := p.app.Engine.Watch(ctx); err != nil {
		return err
	}
	err := p.app.Archive.View(ctx, func(r store.Reader) error {
		_, counted := r.CountShipments(ctx)
		_, listed := r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded,
			store.JobCommitted, store.JobUncertain, store.JobOffering, store.JobOffered, store.JobAccepted, store.JobRejected}})
		_, alarmed := r.Alarms(ctx, true)
		return errors.Join(counted, listed, alarmed)
	})
	_, ahead := p.app.Engine.Ahead(ctx, p.clock.Now().Add(12*time.Hour))
	_, missing := p.app.Engine.MissingWork(ctx)
	return errors.Join(err, ahead, missing)
}
