package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// firstStartSuffix ends the name of the file beside a configuration that says that its archive is still to be made: "postgang
// init" writes it, and the first command that works with the archive removes it. Without it a missing archive is a lost one.
const firstStartSuffix = ".first-start"

// MarkFirstStart says that the archive of a configuration is still to be made.
func MarkFirstStart(config string) error {
	return os.WriteFile(config+firstStartSuffix, []byte("The archive of this configuration is still to be made. The first command that works with it does so, and removes this file.\n"), 0o600)
}

// IsFirstStart reports whether the archive of a configuration is still to be made.
func IsFirstStart(config string) bool {
	_, err := os.Stat(config + firstStartSuffix)
	return err == nil
}

// firstStartOver is called when archive and documents are there.
func firstStartOver(config string) error {
	if err := os.Remove(config + firstStartSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the archive is there, and the file that let it be made cannot be removed; remove it: %w", err)
	}
	return nil
}
