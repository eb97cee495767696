package together

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAloneIsServedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(func([]int) {})
		for i := range 3 {
			began := time.Now()
			g.Do(i)
			if waited := time.Since(began); waited != 0 {
				t.Errorf("item %d waited %v", i, waited)
			}
		}
	})
}

func TestAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const items, takes = 500, 10 * time.Millisecond
		var served [items]atomic.Int32
		var groups int
		g := New(func(list []int) {
			groups++
			if len(list) > most {
				t.Errorf("a group of %d", len(list))
			}
			for _, i := range list {
				served[i].Add(1)
			}
			time.Sleep(takes)
		})
		var wg sync.WaitGroup
		for i := range items {
			wg.Go(func() {
				g.Do(i)
				if n := served[i].Load(); n != 1 {
					t.Errorf("item %d was served %d times when Do returned", i, n)
				}
			})
		}
		wg.Wait()
		time.Sleep(gather) // the goroutine that served looks once more
		if want := items/most + 2; groups > want {
			t.Errorf("%d groups, want at most %d", groups, want)
		}
	})
}
