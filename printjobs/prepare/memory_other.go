//go:build !linux

package prepare

import (
	"errors"
	"os"
)

// memoryFile is an error: files lie on disk here.
func memoryFile() (*os.File, error) { return nil, errors.ErrUnsupported }
