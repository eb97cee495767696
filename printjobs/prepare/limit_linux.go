package prepare

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// dataSlack is what a Go process maps besides its heap, in bytes: runtime
	// structures, stacks, the binary's own data.
	dataSlack = 256 << 20
	// outputSlack is how far above the limit in code the kernel's limit on the
	// written file lies, in bytes, so that the one with the better answer is
	// met first.
	outputSlack = 1 << 20
	// openSlack is the number of files that a worker has open besides the
	// documents of a letter: streams, what the Go runtime holds, the output.
	openSlack = 64
)

// limitProcess makes the kernel refuse the process more than s.Memory bytes of
// private data, with some slack above the garbage collector's own limit, files
// longer than s.Output bytes, more open files than a letter's, and core dumps,
// which would hold the letter.
func limitProcess(s setup) error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_DATA:   uint64(s.Memory) + dataSlack,
		unix.RLIMIT_FSIZE:  uint64(s.Output) + outputSlack,
		unix.RLIMIT_NOFILE: maxDocuments + openSlack,
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

// cpuTime returns the processor time that all threads of a process have used.
// ok is false when the kernel does not tell.
func cpuTime(pid int) (used time.Duration, ok bool) {
	// The clock of another process, as clock_getcpuclockid(3) makes it:
	// CPUCLOCK_SCHED is 2, and the process's id stands above it, inverted.
	const scheduler = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|scheduler, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}
