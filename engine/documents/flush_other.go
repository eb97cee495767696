//go:build !linux

package documents

import (
	"errors"
	"os"
)

// FlushDisk is an error: other systems cannot flush one file system, or do not wait for it. Each file is to be flushed by itself.
func FlushDisk(*os.File) error { return errors.ErrUnsupported }
