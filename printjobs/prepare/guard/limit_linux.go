package guard

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// dataSlack is what a Go process maps besides its heap, in bytes: runtime
	// structures, stacks, the binary's own data.
	dataSlack = 256 << 20
	// openSlack is the number of files that a worker has open besides those that
	// it is handed: streams, what the Go runtime holds.
	openSlack = 64
	// OutputSlack is how far above the limit in code the kernel's limit on the
	// written file lies, in bytes, so that the one with the better answer is
	// met first.
	OutputSlack = 1 << 20
)

// Limit makes the kernel refuse this process more than memory bytes of private
// data, with some slack above the garbage collector's own limit, files longer
// than output bytes, more open files than files and what a Go program holds
// besides, and core dumps, which would hold what is being read.
func Limit(memory, output int64, files int) error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_DATA:   uint64(memory) + dataSlack,
		unix.RLIMIT_FSIZE:  uint64(output) + OutputSlack,
		unix.RLIMIT_NOFILE: uint64(files) + openSlack,
	} {
		var now unix.Rlimit
		if err := unix.Getrlimit(resource, &now); err != nil {
			return err
		}
		most = min(most, now.Max)
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	return nil
}

// CPUTime returns the processor time that all threads of a process have used.
// ok is false when the kernel does not tell.
func CPUTime(pid int) (used time.Duration, ok bool) {
	// The clock of another process, as clock_getcpuclockid(3) makes it:
	// CPUCLOCK_SCHED is 2, and the process's id stands above it, inverted.
	const scheduler = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|scheduler, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}
