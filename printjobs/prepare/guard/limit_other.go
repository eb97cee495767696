//go:build !linux

package guard

import "time"

// OutputSlack is how far above the limit in code the kernel's limit on the
// written file lies, in bytes.
const OutputSlack = 0

// Limit has nothing to add to the garbage collector's limit here.
func Limit(memory, output int64, files int) error { return nil }

// CPUTime is not known here: the limit on wall time is the only one.
func CPUTime(int) (time.Duration, bool) { return 0, false }
