package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// heapRoom is how much a process that does background work may allocate, at least, before the garbage collector comes: what is in use
// between two letters is a few megabytes, and collecting each time as much again is allocated took a tenth of the time of a hand-in.
const heapRoom = 64 << 20

// usualPercent is Go's own: as much again as is in use.
const usualPercent = 100

// giveHeapRoom has the garbage collector come seldom while little is in use. What takes much memory is collected as ever, so the most that
// a process takes grows by no more than heapRoom. Who sets GOGC decides himself.
var giveHeapRoom = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		afterCollecting()
	}
})

// afterCollecting sets the goal of the next collection, and has itself be called after that.
func afterCollecting() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(roomPercent(live[0].Value.Uint64()))
	again := new([16]byte)
	runtime.SetFinalizer(again, func(*[16]byte) { afterCollecting() })
}

// roomPercent is how much may be allocated until the next collection, in percent of what is in use.
func roomPercent(live uint64) int {
	const least = 4 << 20 // Go does as if so much were in use at least, and nothing is before the first collection
	return max(usualPercent, int(heapRoom*100/max(live, least)))
}
