package cli

import (
	"errors"
	"fmt"
	"os"
)

// MayWrite finds out before the work whether the output may be written.
func MayWrite(in, out string, force bool) error {
	to, err := os.Lstat(out)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", out, WithoutName(err))
	}
	if from, err := os.Stat(in); err == nil {
		if target, err := os.Stat(out); err == nil && os.SameFile(from, target) {
			return Usage("%s is the file itself; name another output", out)
		}
	}
	switch {
	case to.IsDir():
		return Usage("%s is a folder; name the file to write in it", out)
	case !force:
		return Usage("%s exists already; name another output, or write over it with --force", out)
	}
	return nil
}

// Place puts a finished file in its place. Without force it replaces nothing, not even what came there meanwhile.
func Place(from, to string, force bool) error {
	if !force {
		err := os.Link(from, to)
		if err == nil {
			return nil
		}
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s came to exist meanwhile; it is left as it is", to)
		}
		// A file system without hard links: the look before the work must do.
	}
	if err := os.Rename(from, to); err != nil {
		var le *os.LinkError
		if errors.As(err, &le) {
			err = le.Err
		}
		return fmt.Errorf("write %s: %w", to, err)
	}
	return nil
}

// WithoutName leaves out the file's name, which stands before the text already.
func WithoutName(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
