package prepare

import (
	"os"

	"golang.org/x/sys/unix"
)

// memoryFile makes a file that is in memory alone, and goes when it is closed.
func memoryFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("letter", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "letter"), nil
}
