package bench

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpuSeconds is the user and system time of this process, all threads, and of its children that have ended.
func cpuSeconds() float64 {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum.Seconds()
}

// peakRSS is the most memory that this process ever had, in MB of 2^20 bytes. The figure of getrusage would not do: it
// begins with what the parent had when it started us.
func peakRSS() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				kb, _ := strconv.ParseFloat(f[0], 64) // not a number: 0, which is «not known»
				return kb / 1024
			}
		}
	}
	return 0
}

// settle waits until what was written is on disk.
func settle() { syscall.Sync() }
