package guard

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// HandsFiles tells whether a pool opens the files of a letter and hands them
// to the worker, which then needs none of its own.
const HandsFiles = true

const (
	// handSocket is the worker's end of the socket on which it is handed open
	// files, the first after the three standard streams.
	handSocket = 3
	// FilesPerPacket is less than the kernel passes in one message (SCM_MAX_FD
	// is 253).
	FilesPerPacket = 200
)

// NewHandover makes a pair of connected sockets: the pool's and the worker's.
func NewHandover() (ours *net.UnixConn, theirs *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socket: %w", err)
	}
	theirs = os.NewFile(uintptr(pair[1]), "worker")
	file := os.NewFile(uintptr(pair[0]), "pool")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("socket: %w", err)
	}
	return conn.(*net.UnixConn), theirs, nil
}

// HandOver sends open files to the worker, in their order.
func HandOver(conn *net.UnixConn, files []*os.File) error {
	for len(files) > 0 {
		n := min(len(files), FilesPerPacket)
		fds := make([]int, n)
		for i, f := range files[:n] {
			fds[i] = int(f.Fd())
		}
		if _, _, err := conn.WriteMsgUnix([]byte{byte(n)}, unix.UnixRights(fds...), nil); err != nil {
			return err
		}
		files = files[n:]
	}
	return nil
}

// TakeOver receives n files that the pool has opened, or fewer with an error.
func TakeOver(n int) (files []*os.File, err error) {
	data, control := make([]byte, 1), make([]byte, unix.CmsgSpace(4*FilesPerPacket))
	for len(files) < n {
		read, size, flags, _, err := unix.Recvmsg(handSocket, data, control, unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return files, fmt.Errorf("take over files: %w", err)
		}
		messages, err := unix.ParseSocketControlMessage(control[:size])
		if err != nil {
			return files, fmt.Errorf("take over files: %w", err)
		}
		for _, m := range messages {
			fds, err := unix.ParseUnixRights(&m)
			if err != nil {
				return files, fmt.Errorf("take over files: %w", err)
			}
			for _, fd := range fds {
				files = append(files, os.NewFile(uintptr(fd), "document"))
			}
		}
		if read == 0 || len(messages) == 0 || flags&unix.MSG_CTRUNC != 0 {
			return files, errors.New("take over files: fewer than promised")
		}
	}
	return files, nil
}
