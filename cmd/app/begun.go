package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// begunRuns is what people have begun in the console, and goes on when their request is answered.
type begunRuns struct {
	*App
	ctx  context.Context // done when the program closes
	stop context.CancelFunc
	wg   sync.WaitGroup
	mu   sync.Mutex // guards over
	over bool
}

func newBegunRuns(a *App) *begunRuns {
	b := &begunRuns{App: a}
	b.ctx, b.stop = context.WithCancel(context.Background())
	return b
}

// close ends what is under way: each run is taken up by the next.
func (b *begunRuns) close() {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.stop()
	b.wg.Wait()
}

// StartNight begins a night in the name of whom the context says, and returns when it has begun. store.ErrLocked: one is under way.
func (b *begunRuns) StartNight(ctx context.Context) error {
	return b.begin(ctx, "night", func(ctx context.Context, begun func()) error {
		return b.Engine.NightByHand(ctx, func(ctx context.Context) (shipment.Note, error) {
			begun()
			n, err := b.Night(ctx, NightOptions{Patience: nights.DefaultPatience})
			if errors.Is(err, nights.ErrUnsettled) && len(n.Unsettled) == 0 {
				err = nil // what is UNCERTAIN has an alarm of its own, and the night did its work
			}
			return n.Note(), err
		})
	})
}

// StartFetch begins to fetch answers and receipts from all vendors, and returns when it has begun. store.ErrLocked: it is under way.
func (b *begunRuns) StartFetch(ctx context.Context) error {
	return b.begin(ctx, "receipts", func(ctx context.Context, begun func()) error {
		_, err := b.Engine.FetchByHand(ctx, begun)
		return err
	})
}

// watchTime bounds looking for what is overdue after a run.
const watchTime = time.Minute

func (b *begunRuns) begin(ctx context.Context, what string, run func(ctx context.Context, begun func()) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return context.Canceled
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(b.ctx, cancel) //nolint:contextcheck // the run ends with the program, and not with the request that began it
	began := make(chan error, 2)
	b.wg.Go(func() {
		defer cancel()
		defer unhook()
		err := run(ctx, func() { began <- nil })
		began <- err
		if err != nil && !errors.Is(err, store.ErrLocked) {
			b.Log.Error("a run that a person began", "run", what, "error", err)
		}
		watching, done := context.WithTimeout(context.WithoutCancel(ctx), watchTime)
		defer done()
		if err := b.Engine.Watch(watching); err != nil {
			b.Log.Error("watch", "error", err)
		}
	})
	return <-began
}
