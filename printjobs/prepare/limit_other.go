//go:build !linux

package prepare

import "time"

// limitProcess has nothing to add to the garbage collector's limit here.
func limitProcess(setup) error { return nil }

// cpuTime is not known here: the limit on wall time is the only one.
func cpuTime(int) (time.Duration, bool) { return 0, false }
