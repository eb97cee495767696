package intake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPut: what Put hands in is whole for Scan at once, and what waits under a key is left as it is.
func TestPut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	from := t.TempDir()
	for name, data := range good() {
		s.write(filepath.Join(from, name), data)
	}
	if err := os.Mkdir(filepath.Join(from, "kladd"), 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(account, key string) (bool, error) { return Put(s.root, account, key, from) }
	if already, err := put("skole", "k"); already || err != nil {
		t.Fatalf("already %v, %v", already, err)
	}
	if !s.exists("inn", "skole", "k", "klar") || s.exists("inn", "skole", "k", "kladd") {
		t.Error("want the marker, and no folder")
	}
	if already, err := put("skole", "k"); !already || err != nil {
		t.Errorf("the same again: already %v, %v", already, err)
	}
	s.write(filepath.Join(from, "mer.pdf"), "more")
	if already, err := put("skole", "k"); already || !errors.Is(err, ErrWaiting) || s.exists("inn", "skole", "k", "mer.pdf") {
		t.Errorf("another under the same key: already %v, %v", already, err)
	}
	s.wantReport(s.scan(), 1, 0, 0, 0)

	if _, err := put("ukjent", "k"); err == nil {
		t.Error("an account without a folder takes nothing")
	}
	for _, key := range []string{"", "..", "../skatt/k", ".k", "k.part"} {
		if _, err := put("skole", key); err == nil {
			t.Errorf("%q is no key", key)
		}
	}
	secret := filepath.Join(from, "Brev til Kari.pdf")
	s.write(secret, "x")
	if err := errors.Join(os.Remove(secret), os.Symlink("/dev/null", secret)); err != nil {
		t.Fatal(err)
	}
	if _, err := Put(s.root, "skole", "n", filepath.Join(from, "Brev til Kari.pdf")); err == nil || strings.Contains(err.Error(), "Kari") {
		t.Errorf("no folder: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(s.root, "inn", "skole"))
	if err != nil || len(left) > 0 {
		t.Errorf("%d entries are left (%v)", len(left), err)
	}
}

// TestPutEvents: a file of events is there whole, and nothing beside it.
func TestPutEvents(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if err := PutEvents(s.root, "a.jsonl", []byte(read("1")+"\n"+read("2")+"\n")); err != nil {
		t.Fatal(err)
	}
	if rep := s.applyEvents(); rep.Files != 1 || rep.Applied != 2 || rep.Waiting != 0 {
		t.Errorf("%+v", rep)
	}
}
