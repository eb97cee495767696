package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestShipmentFoldersHidden: of folders under hidden names those that hold a shipment are told of, and no others.
func TestShipmentFoldersHidden(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"brev-1", ".brev-2", "brev-3.tmp", "@eaDir"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if name == "@eaDir" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name, submissionName), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := shipmentFolders([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	inbox := t.TempDir()
	if err := os.MkdirAll(filepath.Join(inbox, "inn", "kommune"), 0o700); err != nil {
		t.Fatal(err)
	}
	var refused, good []string
	for _, s := range found {
		if s.handIn(inbox, "kommune"); s.Problem != "" {
			refused = append(refused, s.folder)
		} else {
			good = append(good, s.folder)
		}
	}
	if !slices.Equal(refused, []string{".brev-2", "brev-3.tmp"}) || !slices.Equal(good, []string{"brev-1"}) {
		t.Errorf("handed in %v, told %v", good, refused)
	}
}
