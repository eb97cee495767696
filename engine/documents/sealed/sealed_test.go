package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"postgang/engine/documents"
	"postgang/engine/documents/documentstest"
	"postgang/engine/documents/s3"
	"postgang/engine/documents/sealed"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/s3server"
)

func newKEK(t testing.TB, texts ...string) sealed.KEK {
	t.Helper()
	if len(texts) == 0 {
		text, err := sealed.NewKEK(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		texts = []string{text}
	}
	kek, err := sealed.ReadKEK(strings.NewReader(strings.Join(texts, "")))
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

func folder(t testing.TB, path string) *documents.Folder {
	t.Helper()
	f, err := documents.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func open(t testing.TB, in documents.Objects, kek sealed.KEK, now func() time.Time) *sealed.Store {
	t.Helper()
	s, err := sealed.Open(t.Context(), in, kek, t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// file is the one sealed file that has the name of a document: found by listing what a store says.
func file(t testing.TB, s *sealed.Store, in, sha string) string {
	t.Helper()
	var found string
	err := filepath.WalkDir(filepath.Join(in, "sealed"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && s.ShaOf(filepath.Base(filepath.Dir(path))+e.Name()) == sha {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("the file of %s is not found: %v", sha, err)
	}
	return found
}

// TestSealedFolder: sealed documents in a folder do what every store of them must.
func TestSealedFolder(t *testing.T) {
	t.Parallel()
	kek := newKEK(t)
	documentstest.Exercise(t, func(t *testing.T) documentstest.Place {
		path := t.TempDir()
		first := open(t, folder(t, path), kek, nil)
		return documentstest.Place{
			Open: func(t testing.TB) documents.Store { return open(t, folder(t, path), kek, nil) },
			File: func(ref shipment.BlobRef) string { return file(t, first, path, ref.SHA256) },
		}
	})
}

// TestSealedBucket: sealed documents in a bucket do too.
func TestSealedBucket(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	kek := newKEK(t)
	var n atomic.Int32
	documentstest.Exercise(t, func(t *testing.T) documentstest.Place {
		prefix := strings.Repeat("p", int(n.Add(1)))
		bucket := func(t testing.TB) *s3.Bucket {
			b, err := s3.Open(s3.Config{Endpoint: server.Endpoint, Region: s3server.Region, Bucket: s3server.Bucket, Prefix: prefix + "/", AccessKey: s3server.AccessKey, SecretKey: s3server.SecretKey})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			return b
		}
		first := open(t, bucket(t), kek, nil)
		return documentstest.Place{
			Open: func(t testing.TB) documents.Store { return open(t, bucket(t), kek, nil) },
			File: func(ref shipment.BlobRef) string {
				return file(t, first, filepath.Join(server.Folder, prefix), ref.SHA256)
			},
		}
	})
}

// all reads every file below a folder.
func all(t testing.TB, path string) []byte {
	t.Helper()
	var out []byte
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		out = append(append(append(out, name...), '\n'), b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNothingInTheOpen: neither content nor hash of a document stands in the folder.
func TestNothingInTheOpen(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	s := open(t, folder(t, path), newKEK(t), nil)
	ref := documentstest.Put(t, s, []byte("Vedtak om skoleplass"))
	if there := all(t, path); bytes.Contains(there, []byte("skoleplass")) || bytes.Contains(bytes.ReplaceAll(there, []byte("/"), nil), []byte(ref.SHA256)) {
		t.Error("content or hash stands in the folder")
	}
}

// TestKeys: a wrong, missing or damaged key is told, and no document is taken for lost.
func TestKeys(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	kek := newKEK(t)
	s := open(t, folder(t, path), kek, nil)
	ref := documentstest.Put(t, s, []byte("brev"))
	if _, err := sealed.Open(t.Context(), folder(t, path), newKEK(t), "", nil); err == nil || !strings.Contains(err.Error(), "another key-encryption key") {
		t.Errorf("another key: %v", err)
	}
	months, err := filepath.Glob(filepath.Join(path, "keys", "2*"))
	if err != nil || len(months) != 1 {
		t.Fatalf("keys %v, %v", months, err)
	}
	key, err := os.ReadFile(months[0])
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func() error{
		"is not there": func() error { return os.Remove(months[0]) },
		"is damaged": func() error {
			return os.WriteFile(months[0], append(bytes.Clone(key[:len(key)-1]), key[len(key)-1]^1), 0o600)
		},
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		_, err := open(t, folder(t, path), kek, nil).Open(t.Context(), ref)
		var of *sealed.KeyError
		if !errors.As(err, &of) || errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := os.WriteFile(months[0], key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, "keys", "names")); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Open(t.Context(), folder(t, path), kek, "", nil); err == nil || !strings.Contains(err.Error(), "folder keys") {
		t.Errorf("the key of names is lost: %v", err)
	}
	for _, text := range []string{"", "# nothing\n", "AGE-SECRET-KEY-1HEMMELIG\n", "hemmelig"} {
		if _, err := sealed.ReadKEK(strings.NewReader(text)); err == nil || strings.Contains(strings.ToUpper(err.Error()), "HEMMELIG") {
			t.Errorf("key file %q: %v", text, err)
		}
	}
}

// TestRotation: keys are encrypted to a new key-encryption key, and the old one is not needed any more.
func TestRotation(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	first, err := age.GenerateX25519Identity() // as age-keygen makes it by default
	if err != nil {
		t.Fatal(err)
	}
	oldText := first.String() + "\n"
	newText, err := sealed.NewKEK(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ref := documentstest.Put(t, open(t, folder(t, path), newKEK(t, oldText), nil), []byte("brev"))
	both := open(t, folder(t, path), newKEK(t, newText, oldText), nil)
	documentstest.Get(t, both, ref)
	for _, want := range []int{2, 0} {
		if n, err := both.Rewrap(t.Context()); n != want || err != nil {
			t.Errorf("%d keys were encrypted anew, %v; want %d", n, err, want)
		}
	}
	documentstest.Get(t, open(t, folder(t, path), newKEK(t, newText), nil), ref)
	if _, err := sealed.Open(t.Context(), folder(t, path), newKEK(t, oldText), "", nil); err == nil {
		t.Error("the old key opens still")
	}
}

// TestSeal: documents from before are read as they are, and sealed piece by piece; one that is damaged is left and told.
func TestSeal(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	plain := documents.NewPlain(folder(t, path), "")
	var refs []shipment.BlobRef
	for _, text := range []string{"en", "to", "tre"} {
		refs = append(refs, documentstest.Put(t, plain, []byte(text)))
	}
	s := open(t, folder(t, path), newKEK(t), nil)
	for i, text := range []string{"en", "to", "tre"} {
		if got := documentstest.Get(t, s, refs[i]); string(got) != text {
			t.Errorf("read %q", got)
		}
	}
	if n, err := s.Seal(t.Context(), nil); n != 3 || err != nil {
		t.Errorf("sealed %d, %v", n, err)
	}
	for i, text := range []string{"en", "to", "tre"} {
		if got := documentstest.Get(t, s, refs[i]); string(got) != text {
			t.Errorf("read %q", got)
		}
		if _, err := plain.Open(t.Context(), refs[i]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it stands there in the open: %v", err)
		}
	}
	if n, err := s.Seal(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
	bad := documentstest.Put(t, plain, []byte("fire"))
	at := filepath.Join(path, "sha256", bad.SHA256[:2], bad.SHA256[2:])
	if err := os.WriteFile(at, []byte("feil"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(t.Context(), nil); !errors.Is(err, documents.ErrDamaged) {
		t.Errorf("a damaged one: %v", err)
	}
	if b, err := os.ReadFile(at); err != nil || string(b) != "feil" {
		t.Errorf("a damaged one is not left as it is: %q, %v", b, err)
	}
}

// TestForget: a month's key is destroyed when its letters are erased and not before; then no copy of its documents can be read, and what is
// kept longer can.
func TestForget(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	kek := newKEK(t)
	now := time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC)
	s := open(t, folder(t, path), kek, func() time.Time { return now })
	letter, receipt, again := documentstest.Put(t, s, []byte("brev")), documentstest.Put(t, s, []byte("kvittering")), documentstest.Put(t, s, []byte("felles"))
	backup := filepath.Join(t.TempDir(), "kopi")
	if err := os.CopyFS(backup, os.DirFS(path)); err != nil {
		t.Fatal(err)
	}
	letters, books := map[string]bool{letter.SHA256: true}, map[string]bool{receipt.SHA256: true}
	judge := func(_ context.Context, shas []string) (map[string]bool, map[string]bool, error) {
		if slices.Contains(shas, again.SHA256) {
			t.Error("a document that was put again in October is asked for")
		}
		return letters, books, nil
	}
	forget := func(month string) (sealed.Forgotten, error) { return s.Forget(t.Context(), month, judge) }

	now = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	documentstest.Put(t, s, []byte("felles"))
	if _, err := forget("2026-09"); !errors.Is(err, sealed.ErrNotOver) {
		t.Errorf("a day after the month: %v", err)
	}
	now = time.Date(2026, 10, 20, 12, 0, 0, 0, time.UTC)
	if _, err := forget("2026-10"); !errors.Is(err, sealed.ErrNotOver) {
		t.Errorf("this month: %v", err)
	}
	if _, err := forget("2026-08"); err == nil || !strings.Contains(err.Error(), "2026-09, 2026-10") {
		t.Errorf("a month without a key: %v", err)
	}
	if _, err := forget("2026-09"); !errors.Is(err, sealed.ErrKept) {
		t.Errorf("a letter is kept: %v", err)
	}
	clear(letters)
	if _, err := forget("2026-09"); !errors.Is(err, sealed.ErrUnnamed) {
		t.Errorf("a document lies there that nothing names: %v", err)
	}
	months, err := s.Months(t.Context())
	if err != nil || !slices.Equal(months, []sealed.Month{{Month: "2026-09", Documents: 2}, {Month: "2026-10", Documents: 1}}) {
		t.Errorf("months %v, %v", months, err)
	}
	if err := s.Delete(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	if f, err := forget("2026-09"); err != nil || f.Keys != 1 || f.Anew != 1 || len(f.Copies) != 1 {
		t.Errorf("forgotten: %+v, %v", f, err)
	}
	later := open(t, folder(t, path), kek, nil)
	documentstest.Get(t, later, receipt)
	documentstest.Get(t, later, again)

	// The backup, with the keys of today.
	if err := os.RemoveAll(filepath.Join(backup, "keys")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(backup, "keys"), os.DirFS(filepath.Join(path, "keys"))); err != nil {
		t.Fatal(err)
	}
	var key *sealed.KeyError
	if _, err := open(t, folder(t, backup), kek, nil).Open(t.Context(), letter); !errors.As(err, &key) {
		t.Errorf("an erased letter is read from a backup: %v", err)
	}
}
