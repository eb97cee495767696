package archive

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"postgang/engine/archive/archivetest"
	"postgang/engine/store"
)

// TestWritersTogether: of many who write at the same time each gets what it would have got alone, whatever happens to the others: one
// fails, one panics, one is gone, one writes what another has written.
func TestWritersTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		var calls atomic.Int64
		a := openAt(t, Config{DSN: dsn, Enqueue: func(context.Context, any, []store.Task) error {
			calls.Add(1)
			return nil
		}})
		defer a.Close()
		const many = 120
		boom := errors.New("boom")
		gone, leave := context.WithCancel(t.Context())
		leave()
		var wg sync.WaitGroup
		for i := range many {
			wg.Go(func() {
				ctx := t.Context()
				if i%20 == 3 {
					ctx = gone
				}
				panicked := false
				err := func() (err error) {
					defer func() { panicked = recover() != nil }()
					return a.InGroup(ctx, func(tx store.Tx) error {
						s := archivetest.Shipment(i)
						if i%20 == 7 { // what the one before has
							s = archivetest.Shipment(i - 1)
						}
						if err := tx.InsertShipment(ctx, s, nil); err != nil {
							return err
						}
						if i%20 == 5 {
							panic(boom)
						}
						if i%20 == 11 {
							return boom
						}
						return tx.Enqueue(ctx, store.Task{Kind: store.TaskPrepare, Subject: s.ID})
					})
				}()
				switch i % 20 {
				case 3:
					if !errors.Is(err, context.Canceled) {
						t.Errorf("%d, who was gone: %v", i, err)
					}
				case 5:
					if !panicked {
						t.Errorf("%d panicked, and nobody was told: %v", i, err)
					}
				case 11:
					if !errors.Is(err, boom) {
						t.Errorf("%d, who failed: %v", i, err)
					}
				case 6, 7: // one of the two
					if err != nil && !errors.Is(err, store.ErrExists) {
						t.Errorf("%d: %v", i, err)
					}
				default:
					if err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			})
		}
		wg.Wait()
		var there []string
		err := a.View(t.Context(), func(r store.Reader) error {
			for i := range many {
				_, err := r.Shipment(t.Context(), archivetest.ID(i))
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				there = append(there, fmt.Sprint(i))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const kept = many - 4*many/20 // of each twenty: three fail, and two are the same
		if len(there) != kept {
			t.Errorf("%d are there, want %d: %v", len(there), kept, there)
		}

		// Without trouble they share: all who come while the first is at work.
		calls.Store(0)
		var begun sync.WaitGroup
		begun.Add(many)
		for i := range many {
			wg.Go(func() {
				begun.Done()
				err := a.InGroup(t.Context(), func(tx store.Tx) error {
					begun.Wait()
					return tx.Enqueue(t.Context(), store.Task{Kind: store.TaskPrepare, Subject: archivetest.ID(i)})
				})
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := calls.Load(); n > many/4 {
			t.Errorf("%d writers took %d transactions", many, n)
		}
	})
}
