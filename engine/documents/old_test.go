package documents

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// age makes a stored blob as old as it is said to be.
func age(t testing.TB, path string, ref shipment.BlobRef, by time.Duration) {
	t.Helper()
	at := time.Now().Add(-by)
	if err := os.Chtimes(filepath.Join(path, string(ByContent), ref.SHA256[:2], ref.SHA256[2:]), at, at); err != nil {
		t.Fatal(err)
	}
}

func removeOld(t testing.TB, d *Plain, ref shipment.BlobRef, before time.Time) (bool, error) {
	removed, err := d.RemoveOld(t.Context(), []shipment.BlobRef{ref}, before)
	return len(removed) == 1, err
}

func oldOnes(t testing.TB, d *Plain, before time.Time, most int) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := d.EachOld(t.Context(), before, most, func(refs []shipment.BlobRef) error {
		if len(refs) > most || len(refs) == 0 {
			t.Errorf("%d at once", len(refs))
		}
		for _, r := range refs {
			out[r.SHA256] = true
			if len(get(t, d, r)) != int(r.Bytes) {
				t.Errorf("%d bytes are said", r.Bytes)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRemoveOld: only what was put last before a time is listed and removed; putting it again makes it young.
func TestRemoveOld(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := openBlobs(t, path)
	old, young, again := put(t, d, []byte("gammel")), put(t, d, []byte("ny")), put(t, d, []byte("igjen"))
	for _, ref := range []shipment.BlobRef{old, again} {
		age(t, path, ref, 48*time.Hour)
	}
	put(t, d, []byte("igjen"))
	before := time.Now().Add(-24 * time.Hour)
	for most := 1; most <= 3; most++ {
		if got := oldOnes(t, d, before, most); len(got) != 1 || !got[old.SHA256] {
			t.Errorf("old: %v", got)
		}
	}
	for ref, want := range map[shipment.BlobRef]bool{old: true, young: false, again: false, {SHA256: young.SHA256[:63] + "x", Bytes: 1}: false} {
		got, err := removeOld(t, d, ref, before)
		if got != want || err != nil && CheckRef(ref) == nil {
			t.Errorf("%v: removed %v, %v", ref, got, err)
		}
	}
	if _, err := d.Open(t.Context(), old); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old one: %v", err)
	}
	if got, err := removeOld(t, d, old, before); got || err != nil {
		t.Errorf("once more: %v, %v", got, err)
	}
	get(t, d, young)
	get(t, d, again)
}

// TestKilledWhileRemoving: what a killed process has moved aside is read from there, and is put back to be judged again.
func TestKilledWhileRemoving(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := openBlobs(t, path)
	ref := put(t, d, []byte("midt i"))
	age(t, path, ref, 48*time.Hour)
	if err := os.Rename(filepath.Join(path, string(ByContent), ref.SHA256[:2], ref.SHA256[2:]), filepath.Join(path, binFolder, ref.SHA256)); err != nil {
		t.Fatal(err)
	}
	next := openBlobs(t, path) // the next process
	if string(get(t, next, ref)) != "midt i" {
		t.Error("it is not read")
	}
	if got := oldOnes(t, next, time.Now().Add(-24*time.Hour), 10); !got[ref.SHA256] {
		t.Errorf("old: %v", got)
	}
	if _, err := os.Stat(filepath.Join(path, string(ByContent), ref.SHA256[:2], ref.SHA256[2:])); err != nil {
		t.Errorf("it is not put back: %v", err)
	}
}

// TestPutAgainstRemoveOld: whatever comes first, a blob that was just put is there.
func TestPutAgainstRemoveOld(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := openBlobs(t, path)
	data := []byte("begge")
	for range 100 {
		ref := put(t, d, data)
		age(t, path, ref, 48*time.Hour)
		done := make(chan error, 1)
		go func() {
			_, err := removeOld(t, d, ref, time.Now().Add(-24*time.Hour))
			done <- err
		}()
		put(t, d, data)
		if string(get(t, d, ref)) != "begge" {
			t.Fatal("gone")
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		get(t, d, ref)
	}
}
