package prepare

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// reachOutByCalls tries system calls that package os does not make. Each has
// arguments with which it does no harm where it is allowed; what then counts is
// that the answer is another than EPERM.
func reachOutByCalls() (reached []string) {
	for _, c := range []struct {
		name       string
		call       uintptr
		a, b, d, e uintptr
	}{
		{"socket", unix.SYS_SOCKET, unix.AF_INET, 1 << 20, 0, 0},
		{"socketpair", unix.SYS_SOCKETPAIR, unix.AF_UNIX, 1 << 20, 0, 0},
		{"bind", unix.SYS_BIND, ^uintptr(0), 0, 0, 0},
		{"listen", unix.SYS_LISTEN, ^uintptr(0), 0, 0, 0},
		{"sendto", unix.SYS_SENDTO, ^uintptr(0), 0, 0, 0},
		{"sendmsg", unix.SYS_SENDMSG, ^uintptr(0), 0, 0, 0},
		{"execve", unix.SYS_EXECVE, 0, 0, 0, 0},
		{"execveat", unix.SYS_EXECVEAT, ^uintptr(0), 0, 0, 0},
		{"process", unix.SYS_CLONE, unix.CLONE_SIGHAND, 0, 0, 0}, // an invalid combination
		{"ptrace", unix.SYS_PTRACE, ^uintptr(0), 0, 0, 0},
		{"memory of another", unix.SYS_PROCESS_VM_READV, ^uintptr(0), 0, 0, 0},
		{"io_uring", unix.SYS_IO_URING_SETUP, 0, 0, 0, 0},
		{"kill", unix.SYS_KILL, uintptr(os.Getppid()), 0, 0, 0},
		{"tgkill", unix.SYS_TGKILL, uintptr(os.Getppid()), uintptr(os.Getppid()), 0, 0},
		{"executable memory", unix.SYS_MMAP, 0, 4096, unix.PROT_READ | unix.PROT_EXEC, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS},
		{"limits", unix.SYS_PRLIMIT64, 0, 1 << 10, 0, 0},
		{"unlink", unix.SYS_UNLINKAT, ^uintptr(0), 0, 0, 0},
		{"rename", unix.SYS_RENAMEAT2, ^uintptr(0), 0, ^uintptr(0), 0},
	} {
		fifth := uintptr(0)
		if c.call == unix.SYS_MMAP {
			fifth = ^uintptr(0) // no file
		}
		if _, _, errno := unix.Syscall6(c.call, c.a, c.b, c.d, c.e, fifth, 0); errno != unix.EPERM {
			reached = append(reached, c.name)
		}
	}
	return reached
}

// peakMemory is the most memory that a process ever had, in bytes.
func peakMemory(s *os.ProcessState) int64 { return s.SysUsage().(*syscall.Rusage).Maxrss << 10 }
