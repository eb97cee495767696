package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

func openBlobs(t testing.TB, path string) *Plain {
	t.Helper()
	d, err := OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func put(t testing.TB, d *Plain, data []byte) shipment.BlobRef {
	t.Helper()
	ref, err := d.Put(t.Context(), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if want := (shipment.BlobRef{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data))}); ref != want {
		t.Fatalf("reference %v, want %v", ref, want)
	}
	return ref
}

func get(t testing.TB, d *Plain, ref shipment.BlobRef) []byte {
	t.Helper()
	b, err := d.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	data, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// files lists everything below a folder.
func files(t testing.TB, path string) (all []string) {
	t.Helper()
	err := filepath.Walk(path, func(p string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			rel, _ := filepath.Rel(path, p)
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "dokumenter")
	d := openBlobs(t, path)
	for _, data := range [][]byte{nil, []byte("hei"), bytes.Repeat([]byte("stor "), 1<<18)} {
		ref := put(t, d, data)
		if again := put(t, d, data); again != ref {
			t.Errorf("stored twice: %v and %v", ref, again)
		}
		if got := get(t, d, ref); !bytes.Equal(got, data) {
			t.Errorf("read %d bytes, want %d", len(got), len(data))
		}
		if _, err := os.Stat(filepath.Join(path, "sha256", ref.SHA256[:2], ref.SHA256[2:])); err != nil {
			t.Error(err)
		}
	}
	if all := files(t, path); len(all) != 3 {
		t.Errorf("files %v, want three and no temporary one", all)
	}

	ref := put(t, d, []byte("hei"))
	b, err := d.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for range 2 { // deleting twice is no error
		if err := d.Delete(t.Context(), ref); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Open(t.Context(), ref); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open a deleted one: %v, want ErrNotFound", err)
	}
	var buf [3]byte
	if _, err := b.ReadAt(buf[:], 0); err != nil || string(buf[:]) != "hei" {
		t.Errorf("an open blob cannot be read after it was deleted: %v", err)
	}
}

func TestBlobReferencesThatAreNone(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := openBlobs(t, filepath.Join(path, "d"))
	secret := filepath.Join(path, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sha := range []string{"", "../../secret", strings.Repeat("A", 64), strings.Repeat("a", 63), strings.Repeat("/", 64), strings.Repeat("../", 21) + "a"} {
		ref := shipment.BlobRef{SHA256: sha, Bytes: 1}
		if _, err := d.Open(t.Context(), ref); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("open %q: %v, want ErrNotFound", sha, err)
		}
		if err := d.Delete(t.Context(), ref); err == nil {
			t.Errorf("delete %q: no error", sha)
		}
	}
	ref := put(t, d, []byte("hei"))
	ref.Bytes++
	if _, err := d.Open(t.Context(), ref); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open with another size: %v, want ErrNotFound", err)
	}
}

func TestPutThatFails(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := openBlobs(t, path)
	boom := errors.New("boom")
	if _, err := d.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("error %v, want the reader's", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Put(ctx, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	if all := files(t, path); len(all) != 0 {
		t.Errorf("left behind: %v", all)
	}
}

// TestPutHealsAShortBlob: a file of the right name and the wrong size is not trusted.
func TestPutHealsAShortBlob(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := openBlobs(t, path)
	ref := put(t, d, []byte("hele brevet"))
	if err := os.Truncate(filepath.Join(path, "sha256", ref.SHA256[:2], ref.SHA256[2:]), 4); err != nil {
		t.Fatal(err)
	}
	put(t, d, []byte("hele brevet"))
	if got := get(t, d, ref); string(got) != "hele brevet" {
		t.Errorf("read %q", got)
	}
}

func TestPutByManyAtOnce(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	first := openBlobs(t, path)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			d, err := OpenDir(path) // removes leftovers while others write
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			for j := range 10 {
				data := []byte{byte(j)}
				if i%2 == 0 {
					data = append(data, byte(i))
				}
				ref, err := d.Put(t.Context(), bytes.NewReader(data))
				if err != nil {
					t.Error(err)
					return
				}
				if got := get(t, first, ref); !bytes.Equal(got, data) {
					t.Errorf("read %v, want %v", got, data)
				}
			}
		})
	}
	wg.Wait()
	if all := files(t, path); len(all) != 50 {
		t.Errorf("%d files, want 50", len(all))
	}
}
