package prepare

import "syscall"

// dataSlack is what a Go process maps besides its heap, in bytes: runtime
// structures, stacks, the binary's own data.
const dataSlack = 256 << 20

// limitProcess makes the kernel refuse the process more than memory bytes of
// private data, with some slack above the garbage collector's own limit, and
// forbids core dumps.
func limitProcess(memory int64) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return err
	}
	most := uint64(memory) + dataSlack
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: most, Max: most})
}
