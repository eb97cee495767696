//go:build amd64 || arm64

package guard

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// allowedCalls is all that a worker may ask of the kernel: reading and writing
// what is open already, memory, threads of its own, clocks and signals. It is
// what Go's runtime and package os use for that, and nothing that takes a path,
// makes a socket or touches another process. The most frequent stand first.
var allowedCalls = append([]uint32{
	unix.SYS_FUTEX, unix.SYS_READ, unix.SYS_WRITE, unix.SYS_NANOSLEEP, unix.SYS_MADVISE,
	unix.SYS_EPOLL_PWAIT, unix.SYS_SCHED_YIELD, unix.SYS_RT_SIGRETURN, unix.SYS_GETPID, unix.SYS_GETTID,
	unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, unix.SYS_CLOCK_NANOSLEEP,
	unix.SYS_RECVMSG, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_LSEEK, unix.SYS_FCNTL, unix.SYS_PREAD64,
	unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_BRK, unix.SYS_MINCORE,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_SIGALTSTACK,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EVENTFD2,
	unix.SYS_GETRANDOM, unix.SYS_SCHED_GETAFFINITY, unix.SYS_MEMBARRIER,
	unix.SYS_SET_ROBUST_LIST, unix.SYS_SET_TID_ADDRESS, unix.SYS_RSEQ,
	unix.SYS_RESTART_SYSCALL, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}, archCalls...)

// Where struct seccomp_data (linux/seccomp.h) holds what a filter looks at.
const (
	dataCall      = 0
	dataArch      = 4
	dataArguments = 16 // 8 bytes each, the low half first on both processors
)

const (
	allow  = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func argument(n uint32) unix.SockFilter { return load(dataArguments + 8*n) }

func answerWith(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

// unless skips the next instruction unless the loaded value compares with k.
func unless(compare uint16, k uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | compare | unix.BPF_K, Jf: 1, K: k}
}

// filter is the program that the kernel runs at every system call of the
// process pid. Whatever it does not know is refused with EPERM.
func filter(pid int) []unix.SockFilter {
	program := []unix.SockFilter{
		load(dataArch), {Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: auditArch}, answerWith(refuse),
		load(dataCall),
	}
	for _, call := range allowedCalls {
		program = append(program, unless(unix.BPF_JEQ, call), answerWith(allow))
	}
	// A call that depends on an argument: the branch ends with an answer.
	on := func(call uint32, branch ...unix.SockFilter) {
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: uint8(len(branch)), K: call})
		program = append(program, branch...)
	}
	// Threads, no processes. clone3's flags lie in memory, where a filter
	// cannot look: C libraries that find it absent use clone.
	on(unix.SYS_CLONE, argument(0), unless(unix.BPF_JSET, unix.CLONE_THREAD), answerWith(allow), answerWith(refuse))
	on(unix.SYS_CLONE3, answerWith(absent))
	// Memory, but none that can be executed.
	on(unix.SYS_MMAP, argument(2), unless(unix.BPF_JSET, unix.PROT_EXEC), answerWith(refuse), answerWith(allow))
	on(unix.SYS_MPROTECT, argument(2), unless(unix.BPF_JSET, unix.PROT_EXEC), answerWith(refuse), answerWith(allow))
	// Signals among its own threads: that is how Go interrupts one.
	on(unix.SYS_TGKILL, argument(0), unless(unix.BPF_JEQ, uint32(pid)), answerWith(allow), answerWith(refuse))
	return append(program, answerWith(refuse))
}

// Confine cuts this process off, all its threads and for good. No privilege is
// needed. An error means that the kernel has not done it, as one that was built
// without seccomp or a container that does not let it be used; nothing is
// changed then but that no set-user-id program would raise privileges.
func Confine() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	program := filter(os.Getpid())
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	switch {
	case errno != 0:
		return fmt.Errorf("seccomp filter: %w", errno)
	case thread != 0:
		return fmt.Errorf("seccomp filter: thread %d has one of its own", thread)
	}
	return nil
}

// Tried tries what a confined worker cannot do.
func Tried() (c Confinement) {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if c.Files = err == unix.EPERM; err == nil {
		unix.Close(fd)
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if c.Network = err == unix.EPERM; err == nil {
		unix.Close(fd)
	}
	// Without a path it starts nothing even where it is allowed.
	_, _, errno := unix.RawSyscall(unix.SYS_EXECVE, 0, 0, 0)
	c.Programs = errno == unix.EPERM
	return c
}
