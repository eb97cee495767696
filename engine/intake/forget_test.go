package intake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"postgang/engine/retention"
)

// TestForget: what is erased goes at once, with the same handed in again and the answer; what is of no shipment when it is old; and what
// is kept stays.
func TestForget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := MakeFolders(dir, "skole"); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-100 * 24 * time.Hour)
	put := func(name string, at time.Time) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		for ; path != dir; path = filepath.Dir(path) {
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	gone := []string{
		"behandlet/skole/slettet/brev.pdf", "behandlet/skole/slettet.2/brev.pdf", "svar/skole/slettet.json",
		"behandlet/skole/avvist-0123456789abcdef/brev.pdf", "hendelser/behandlet/gammel.jsonl",
	}
	kept := []string{
		"behandlet/skole/brev/brev.pdf", "behandlet/skole/brev.2/brev.pdf", "svar/skole/brev.json", "behandlet/skole/a.2/brev.pdf", "behandlet/skole/ukjent/ny.pdf",
		"hendelser/behandlet/ny.jsonl", "inn/skole/slettet/brev.pdf", "hendelser/avvist/gammel.json",
	}
	for _, name := range gone {
		put(name, old)
	}
	for _, name := range kept[:4] {
		put(name, old)
	}
	put(kept[4], time.Now())
	put(kept[5], time.Now())
	put(kept[6], old)
	put(kept[7], old)
	d := &Dir{Root: dir, Accounts: []Account{{Key: "skole"}}}
	of := func(_ context.Context, account, key string) (retention.Held, error) {
		return map[string]retention.Held{"slettet": retention.Erased, "brev": retention.Content, "a.2": retention.Content}[key], nil
	}
	for i, want := range []int{5, 0} {
		if n, err := d.Forget(t.Context(), of, time.Now().Add(-90*24*time.Hour)); err != nil || n != want {
			t.Errorf("round %d: %d removed (%v), want %d", i, n, err, want)
		}
	}
	for _, name := range gone {
		if _, err := os.Lstat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s is there (%v)", name, err)
		}
	}
	for _, name := range kept {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, key := range []string{"brev", "../../inn/skole/slettet", ""} {
		if err := d.ForgetOne(t.Context(), "skole", key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
	for _, name := range kept[:3] {
		if _, err := os.Lstat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s is there after it was forgotten (%v)", name, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, kept[6])); err != nil {
		t.Error("something outside was removed")
	}
	broken := errors.New("down")
	put("behandlet/skole/x/brev.pdf", old)
	if n, err := d.Forget(t.Context(), func(context.Context, string, string) (retention.Held, error) { return retention.Nothing, broken }, time.Now()); n != 0 || !errors.Is(err, broken) {
		t.Errorf("while nobody can say what is erased: %d removed, %v", n, err)
	}
}
