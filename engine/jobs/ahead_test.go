package jobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postgang/printjobs"
	"postgang/printjobs/prepare"
)

type source struct {
	printjobs.Source
	n    int
	open *atomic.Int32
}

func (s source) Close() error {
	s.open.Add(-1)
	return nil
}

// far are letters whose opening takes a second each.
type far struct {
	open, most atomic.Int32
	mu         sync.Mutex
	opened     []int
}

func (w *far) letters(n int, size int64, bad int) iter.Seq2[printjobs.Letter, error] {
	return func(yield func(printjobs.Letter, error) bool) {
		for i := range n {
			var l printjobs.Letter
			l.Shipment, l.Facts = fmt.Sprint(i), prepare.Facts{Bytes: size}
			l.Open = func(ctx context.Context) (printjobs.Source, error) {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				now := w.open.Add(1)
				w.mu.Lock()
				defer w.mu.Unlock()
				w.opened = append(w.opened, i)
				w.most.Store(max(w.most.Load(), now))
				return source{n: i, open: &w.open}, nil
			}
			var err error
			if i == bad {
				err = errors.New("bad")
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

// TestAhead: letters come in order, each once, fetched some ahead of the one that is wanted, within bounds; none stays open.
func TestAhead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		n, bad, end int // letters; the one with an error, the one after which nobody asks, or -1
		size        int64
		most        int32
		takes       time.Duration
	}{
		{"small", 320, -1, -1, 1 << 10, lettersAhead + 1, 12 * time.Second},
		{"large", 30, -1, -1, bytesAhead / 4, 5, 9 * time.Second},
		{"larger than may be", 5, -1, -1, 2 * bytesAhead, 2, 6 * time.Second},
		{"a fault", 100, 70, -1, 1 << 10, lettersAhead + 1, 5 * time.Second},
		{"given up", 100, -1, 50, 1 << 10, lettersAhead + 1, 4 * time.Second},
		{"none", 0, -1, -1, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w far
				began := time.Now()
				letters, stop := ahead(t.Context(), w.letters(c.n, c.size, c.bad))
				next := 0
				for l, err := range letters {
					if err != nil {
						if next != c.bad {
							t.Errorf("letter %d: %v", next, err)
						}
						break
					}
					src, err := l.Open(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if got := src.(source).n; got != next || l.Shipment != fmt.Sprint(next) {
						t.Fatalf("letter %s has the file of %d, want %d", l.Shipment, got, next)
					}
					src.Close()
					if _, err := l.Open(t.Context()); err == nil && c.size < bytesAhead {
						t.Error("opened twice")
					}
					if next++; next == c.end {
						break
					}
				}
				stop()
				if c.bad < 0 && c.end < 0 && next != c.n {
					t.Errorf("%d letters, want %d", next, c.n)
				}
				if n := w.open.Load(); n != 0 {
					t.Errorf("%d are open", n)
				}
				if n := w.most.Load(); n > c.most {
					t.Errorf("%d were open at once, want %d at most", n, c.most)
				}
				if took := time.Since(began); took > c.takes {
					t.Errorf("took %v, want %v at most", took, c.takes)
				}
			})
		})
	}
}

// TestOpenedLater: letters of a block are opened after all were asked for; those that were fetched serve, the others are opened then.
func TestOpenedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w far
		letters, stop := ahead(t.Context(), w.letters(100, 1<<10, -1))
		var all []printjobs.Letter
		for l, err := range letters {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, l)
		}
		for i, l := range all {
			src, err := l.Open(t.Context())
			if err != nil || src.(source).n != i {
				t.Fatalf("letter %d: %v", i, err)
			}
			src.Close()
		}
		stop()
		if len(w.opened) != 100 || w.open.Load() != 0 {
			t.Errorf("%d were opened, %d are open", len(w.opened), w.open.Load())
		}
	})
}
