//go:build !linux

package guard

import (
	"errors"
	"net"
	"os"
)

// HandsFiles is false: here the worker opens the files of a letter by their paths.
const HandsFiles = false

// FilesPerPacket is how many files are handed over at once.
const FilesPerPacket = 200

var errNoHandover = errors.New("files are handed over on Linux only")

// NewHandover fails here.
func NewHandover() (*net.UnixConn, *os.File, error) { return nil, nil, errNoHandover }

// HandOver fails here.
func HandOver(*net.UnixConn, []*os.File) error { return errNoHandover }

// TakeOver fails here.
func TakeOver(int) ([]*os.File, error) { return nil, errNoHandover }
