package together

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errBad, errMany := errors.New("bad"), errors.New("not together with bad")
		var reads atomic.Int32
		l := NewLookup(func(_ context.Context, keys []int) ([]string, error) {
			reads.Add(1)
			time.Sleep(time.Millisecond)
			out := make([]string, len(keys))
			for i, k := range keys {
				switch {
				case k < 0 && len(keys) > 1:
					return nil, errMany
				case k == -1:
					return nil, errBad
				case k == -2:
					panic(errBad)
				}
				out[i] = strconv.Itoa(k)
			}
			return out, nil
		})
		ask := func(from, until int) {
			var wg sync.WaitGroup
			for i := from; i < until; i++ {
				wg.Go(func() {
					defer func() {
						if why := recover(); (why != nil) != (i == -2) {
							t.Errorf("key %d: panic %v", i, why)
						}
					}()
					switch got, err := l.Get(t.Context(), i); {
					case i == -1:
						if !errors.Is(err, errBad) {
							t.Errorf("key %d: %v", i, err)
						}
					case err != nil || got != strconv.Itoa(i):
						t.Errorf("key %d: %q, %v", i, got, err)
					}
				})
			}
			wg.Wait()
		}
		ask(0, most)
		if n := reads.Load(); n > 3 { // the first one alone, and the others
			t.Errorf("%d reads of %d keys at once", n, most)
		}
		ask(-2, 10)
		time.Sleep(gather) // as in TestAtTheSameTime
	})
}

// TestLookupOutlivesTheFirst: who stops asking spoils nobody else's answer.
func TestLookupOutlivesTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLookup(func(ctx context.Context, keys []int) ([]int, error) {
			time.Sleep(time.Millisecond)
			return keys, ctx.Err()
		})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				ctx := t.Context()
				if i%2 == 0 {
					ctx = gone
				}
				if got, err := l.Get(ctx, i); i%2 == 1 && (err != nil || got != i) {
					t.Errorf("key %d: %d, %v", i, got, err)
				}
			})
		}
		wg.Wait()
		time.Sleep(3 * gather) // what those who are gone asked is read all the same
	})
}

// TestLookupIsNotKeptForEver: who waits with others for an answer that does not come leaves when its own time is over.
func TestLookupIsNotKeptForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLookup(func(ctx context.Context, _ []int) ([]int, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := l.Get(ctx, i); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("key %d: %v", i, err)
				}
			})
		}
		began := time.Now()
		wg.Wait()
		if took := time.Since(began); took != time.Minute {
			t.Errorf("they were kept for %v", took)
		}
		time.Sleep(2*patience + gather) // the readings end
	})
}
