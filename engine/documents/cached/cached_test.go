package cached_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postgang/engine/documents"
	"postgang/engine/documents/cached"
	"postgang/engine/documents/documentstest"
	"postgang/engine/documents/sealed"
	"postgang/engine/shipment"
)

// far is a folder that counts what is read from it, and gives no files away.
type far struct {
	documents.Objects
	reads atomic.Int32
}

func (f *far) Far() bool { return true }

func (f *far) Get(ctx context.Context, area documents.Area, name string, fn func(r io.Reader, size int64) error) error {
	f.reads.Add(1)
	return f.Objects.Get(ctx, area, name, fn)
}

func farFolder(t testing.TB, path string) *far {
	t.Helper()
	d, err := documents.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return &far{Objects: d}
}

func open(t testing.TB, of documents.Objects, dir string, limit int64) *cached.Cache {
	t.Helper()
	c, err := cached.Open(of, dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCached: documents with a cache before them do what every store of them must. Processes share the cache.
func TestCached(t *testing.T) {
	t.Parallel()
	documentstest.Exercise(t, func(t *testing.T) documentstest.Place {
		path, dir := t.TempDir(), t.TempDir()
		return documentstest.Place{
			// One process reads its copy, whatever lies there by now; a new one finds the same copies. That damage is found is another test's.
			Open: func(t testing.TB) documents.Store {
				if filepath.Base(t.Name()) == "damage" {
					dir = t.TempDir()
				}
				return documents.NewPlain(open(t, farFolder(t, path), dir, 64<<20), t.TempDir())
			},
			File: func(ref shipment.BlobRef) string {
				return filepath.Join(path, "sha256", ref.SHA256[:2], ref.SHA256[2:])
			},
		}
	})
}

func copies(t testing.TB, dir string) (n int, bytes int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		n, bytes = n+1, bytes+info.Size()
	}
	return n, bytes
}

// TestCopies: what was put or read is read from the copy, within the limit, the least lately used given up first.
func TestCopies(t *testing.T) {
	t.Parallel()
	path, dir := t.TempDir(), t.TempDir()
	of := farFolder(t, path)
	const limit = 100_000
	d := documents.NewPlain(open(t, of, dir, limit), "")
	var refs []shipment.BlobRef
	for i := range 20 {
		refs = append(refs, documentstest.Put(t, d, fmt.Appendf(nil, "%10000d", i)))
		documentstest.Get(t, d, refs[0])
		if n, bytes := copies(t, dir); bytes > limit || n == 0 {
			t.Fatalf("%d copies of %d bytes, limit %d", n, bytes, limit)
		}
	}
	if n := of.reads.Load(); n != 0 {
		t.Errorf("what was put and used all the time was fetched %d times", n)
	}
	documentstest.Get(t, d, refs[1])
	documentstest.Get(t, d, refs[1])
	if n := of.reads.Load(); n != 1 {
		t.Errorf("one whose copy was given up was fetched %d times", n)
	}
	large := documentstest.Put(t, d, make([]byte, limit/4))
	documentstest.Get(t, d, large)
	if n := of.reads.Load(); n != 2 {
		t.Errorf("one too large to keep a copy of: fetched %d times in all", n)
	}
	if err := d.Delete(t.Context(), refs[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), refs[1]); err == nil {
		t.Error("a deleted one is read from its copy")
	}
}

// TestWrongCopy: a copy that is wrong, as after a power cut, is fetched anew; one of yesterday is not used.
func TestWrongCopy(t *testing.T) {
	t.Parallel()
	path, dir := t.TempDir(), t.TempDir()
	of := farFolder(t, path)
	d := documents.NewPlain(open(t, of, dir, 1<<20), "")
	ref := documentstest.Put(t, d, []byte("brevet"))
	at := filepath.Join(dir, "sha256-"+ref.SHA256)
	for i, wrong := range []string{"brevex", "", "brevet og mer"} {
		if err := os.WriteFile(at, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := documentstest.Get(t, d, ref); string(got) != "brevet" || of.reads.Load() != int32(i+1) {
			t.Errorf("read %q, fetched %d times", got, of.reads.Load())
		}
	}
	before := of.reads.Load()
	old := time.Now().Add(-cached.MaxAge - time.Minute)
	if err := os.Chtimes(at, old, old); err != nil {
		t.Fatal(err)
	}
	open(t, of, dir, 1<<20)
	if n, _ := copies(t, dir); n != 0 {
		t.Errorf("%d copies of yesterday are kept", n)
	}
	documentstest.Get(t, d, ref)
	if of.reads.Load() != before+1 {
		t.Error("one whose copy was removed by another process was not fetched")
	}
}

// TestSealedAnew: a copy of before a document was sealed anew, and whose key is destroyed, is fetched anew.
func TestSealedAnew(t *testing.T) {
	t.Parallel()
	path, dir := t.TempDir(), t.TempDir()
	text, err := sealed.NewKEK(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	kek, err := sealed.ReadKEK(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	at := func(o documents.Objects) *sealed.Store {
		s, err := sealed.Open(t.Context(), o, kek, "", func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	of := farFolder(t, path)
	here := open(t, of, dir, 1<<20)
	ref := documentstest.Put(t, at(here), []byte("kvittering"))
	now = now.AddDate(0, 2, 0)
	f, err := at(farFolder(t, path)).Forget(t.Context(), "2026-09", func(_ context.Context, shas []string) (map[string]bool, map[string]bool, error) {
		return nil, map[string]bool{ref.SHA256: true}, nil
	})
	if err != nil || f.Anew != 1 {
		t.Fatalf("forgotten %+v, %v", f, err)
	}
	if got := documentstest.Get(t, at(here), ref); string(got) != "kvittering" {
		t.Errorf("read %q", got)
	}
}
