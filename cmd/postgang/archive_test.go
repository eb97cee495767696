package main

import (
	"os"
	"path/filepath"
	"testing"

	"postgang/cmd/config"
	"postgang/fixtures/judges"
)

// TestNotAsRoot: root does not work on another user's archive unless told to, and on its own at any time.
func TestNotAsRoot(t *testing.T) {
	t.Parallel()
	judges.NeedRoot(t)
	const nobody = 65534
	for _, theirs := range []string{"", "a.db", "d", "w"} {
		dir := t.TempDir()
		cfg := &config.Config{Database: "sqlite:" + filepath.Join(dir, "a.db"), Documents: filepath.Join(dir, "d"), Work: filepath.Join(dir, "w")}
		for _, name := range []string{"a.db", "d", "w"} {
			if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if theirs != "" {
			if err := os.Chown(filepath.Join(dir, theirs), nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
		if err := notAsRoot(cfg, false); (err != nil) != (theirs != "") {
			t.Errorf("%q is another's: %v", theirs, err)
		}
		if err := notAsRoot(cfg, true); err != nil {
			t.Errorf("%q, allowed: %v", theirs, err)
		}
	}
}
