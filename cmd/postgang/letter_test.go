package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOldPreviewsAreRemoved(t *testing.T) {
	t.Parallel()
	folder, now := t.TempDir(), time.Now()
	old, fresh, other := filepath.Join(folder, ".postgang-preview-1"), filepath.Join(folder, ".postgang-preview-2"), filepath.Join(folder, "brev")
	for _, dir := range []string{old, fresh, other} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{old, other} {
		if err := os.WriteFile(filepath.Join(dir, "brev.pdf"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, now, now.Add(-2*leftPreview)); err != nil {
			t.Fatal(err)
		}
	}
	removeOldPreviews(folder, now)
	for dir, want := range map[string]bool{old: false, fresh: true, other: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: %v", filepath.Base(dir), err)
		}
	}
}
