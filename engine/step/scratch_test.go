package step

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCleanScratch removes folders of ours that no process holds, and nothing else, whatever it is called.
func TestCleanScratch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := &Step{WorkDir: dir}
	var held []string
	for _, kind := range []string{"compose", "prepare", "plan"} {
		d, remove, err := e.Scratch(kind, "DEMA000001")
		if err != nil {
			t.Fatal(err)
		}
		defer remove()
		held = append(held, d, d+scratchLock)
	}
	// What a killed process leaves: its lock is gone with it.
	dead := filepath.Join(dir, "postgang-compose-DEMA000002-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dead, "inner"), 0o700))
	must(os.WriteFile(filepath.Join(dead, "inner", "f"), []byte("x"), 0o600))
	must(os.WriteFile(dead+scratchLock, nil, 0o600))
	// Killed between making the lock and the folder.
	early := filepath.Join(dir, "postgang-plan-DEMA000003-ABCDEFGHIJKLMNOPQRSTUVWXYZ"+scratchLock)
	must(os.WriteFile(early, nil, 0o600))
	var foreign []string
	for _, name := range []string{"dokumenter", "postgang.db", "postgang-compose-x", "compose-DEMA000001-1234", "postgang-compose-DEMA000009-ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
		must(os.MkdirAll(filepath.Join(dir, name), 0o700))
		foreign = append(foreign, filepath.Join(dir, name))
	}
	outside := t.TempDir()
	must(os.WriteFile(filepath.Join(outside, "keep"), nil, 0o600))
	link := filepath.Join(dir, "postgang-compose-DEMA000004-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	must(os.Symlink(outside, link))
	must(os.Symlink(filepath.Join(outside, "keep"), link+scratchLock))
	foreign = append(foreign, link, link+scratchLock, filepath.Join(outside, "keep"))

	must(e.CleanScratch())
	for _, name := range []string{dead, dead + scratchLock, early} {
		if _, err := os.Lstat(name); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", filepath.Base(name), err)
		}
	}
	for _, name := range append(held, foreign...) {
		if _, err := os.Lstat(name); err != nil {
			t.Errorf("%s is gone: %v", filepath.Base(name), err)
		}
	}
}

// TestScratchIsRemoved with its lock when the step is over.
func TestScratchIsRemoved(t *testing.T) {
	t.Parallel()
	e := &Step{WorkDir: t.TempDir()}
	_, remove, err := e.Scratch("plan", "x-1")
	if err != nil {
		t.Fatal(err)
	}
	remove()
	left, err := os.ReadDir(e.WorkDir)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
