package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"postgang/cmd/config"
)

// firstStartSuffix ends the name of the file beside a configuration that says that its archive is still to be made: "postgang
// init" writes it, and the first command that works with the archive removes it. Without it a missing archive is a lost one.
const firstStartSuffix = ".first-start"

// firstStartName is the same file beside the folder of documents. A package's installation leaves it there, since the program may not
// write where the configuration of a package lies.
const firstStartName = "first-start"

// firstStartFiles are where the file of a first start may lie.
func firstStartFiles(cfg *config.Config) []string {
	files := []string{cfg.Path + firstStartSuffix}
	if cfg.Documents != "" { // not in a bucket
		files = append(files, filepath.Join(filepath.Dir(cfg.Documents), firstStartName))
	}
	return files
}

// MarkFirstStart says that the archive of a configuration is still to be made.
func MarkFirstStart(config string) error {
	return os.WriteFile(config+firstStartSuffix, []byte("The archive of this configuration is still to be made. The first command that works with it does so, and removes this file.\n"), 0o600)
}

// IsFirstStart reports whether the archive of a configuration is still to be made.
func IsFirstStart(cfg *config.Config) bool {
	for _, name := range firstStartFiles(cfg) {
		if _, err := os.Stat(name); err == nil {
			return true
		}
	}
	return false
}

// firstStartOver is called when archive and documents are there.
func firstStartOver(cfg *config.Config) error {
	for _, name := range firstStartFiles(cfg) {
		// Asked first: to remove what is not there is refused too, where nothing may be written.
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the archive is there, and the file that let it be made cannot be removed; remove it: %w", err)
		}
	}
	return nil
}
