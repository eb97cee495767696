// Package boundedtest measures for tests how much memory a reader takes.
package boundedtest

import (
	"runtime"
	"runtime/debug"
	"time"
)

// HighWater is how much more memory than before was in use at once while a function ran, as far as looking often tells.
func HighWater(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // what is in use, not what is left to be collected
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	return max(<-peak, before) - before
}
