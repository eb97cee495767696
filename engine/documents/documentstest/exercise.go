// Package documentstest is what every store of documents must do.
package documentstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"postgang/engine/documents"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Place is an empty place with documents, and how tests reach behind it.
type Place struct {
	// Open opens it once more, as another process would.
	Open func(t testing.TB) documents.Store
	// File is the file in which a document lies.
	File func(ref shipment.BlobRef) string
	// Trusts says that a document is opened without its bytes being looked at.
	Trusts bool
}

// Put stores bytes.
func Put(t testing.TB, d store.Blobs, data []byte) shipment.BlobRef {
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

// Get reads a document.
func Get(t testing.TB, d store.Blobs, ref shipment.BlobRef) []byte {
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

// age makes a document as old as it is said to be.
func (p Place) age(t testing.TB, ref shipment.BlobRef, by time.Duration) {
	t.Helper()
	at := time.Now().Add(-by)
	if err := os.Chtimes(p.File(ref), at, at); err != nil {
		t.Fatal(err)
	}
}

func old(t testing.TB, d documents.Store, before time.Time, most int) (all []string) {
	t.Helper()
	err := d.EachOld(t.Context(), before, most, func(refs []shipment.BlobRef) error {
		if len(refs) == 0 || len(refs) > most {
			t.Errorf("%d at once", len(refs))
		}
		for _, r := range refs {
			all = append(all, r.SHA256)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func noise(n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(n)})
	b := make([]byte, n)
	_, _ = r.Read(b) // never fails
	return b
}

// Exercise has a store do all of it; start makes an empty place.
func Exercise(t *testing.T, start func(t *testing.T) Place) {
	for name, fn := range map[string]func(*testing.T, Place){
		"documents": exerciseDocuments, "references": exerciseReferences, "faults": exerciseFaults, "damage": exerciseDamage, "many": exerciseMany,
		"old": exerciseOld, "put against removal": exerciseRace, "fence": exerciseFence, "files": exerciseFiles,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, start(t))
		})
	}
}

func exerciseDocuments(t *testing.T, p Place) {
	d := p.Open(t)
	sizes := []int{0, 3, 1 << 16, 1<<20 + 1}
	if !testing.Short() {
		sizes = append(sizes, documents.InMemory, documents.InMemory+5<<20)
	}
	for _, size := range sizes {
		data := noise(size)
		ref := Put(t, d, data)
		Put(t, d, data) // once more is no error
		if got := Get(t, d, ref); !bytes.Equal(got, data) {
			t.Errorf("%d bytes: read %d others", size, len(got))
		}
		if got := Get(t, p.Open(t), ref); !bytes.Equal(got, data) {
			t.Errorf("%d bytes: another process reads %d others", size, len(got))
		}
		found, err := d.Find(t.Context(), ref.SHA256)
		if found != ref || err != nil {
			t.Errorf("found %v, %v; want %v", found, err, ref)
		}
		b, err := d.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // deleting twice is no error
			if err := d.Delete(t.Context(), ref); err != nil {
				t.Error(err)
			}
		}
		if _, err := d.Open(t.Context(), ref); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("open a deleted one: %v, want ErrNotFound", err)
		}
		if _, err := d.Find(t.Context(), ref.SHA256); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("find a deleted one: %v, want ErrNotFound", err)
		}
		if got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size())); err != nil || !bytes.Equal(got, data) {
			t.Errorf("an open document cannot be read after it was deleted: %v", err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		Put(t, d, data)
		if got := Get(t, d, ref); !bytes.Equal(got, data) {
			t.Errorf("%d bytes: put again after deletion, read %d others", size, len(got))
		}
	}
}

func exerciseReferences(t *testing.T, p Place) {
	d := p.Open(t)
	for _, sha := range []string{"", "../../secret", strings.Repeat("A", 64), strings.Repeat("a", 63), strings.Repeat("/", 64), strings.Repeat("../", 21) + "a"} {
		ref := shipment.BlobRef{SHA256: sha, Bytes: 1}
		if _, err := d.Open(t.Context(), ref); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("open %q: %v, want ErrNotFound", sha, err)
		}
		if err := d.Delete(t.Context(), ref); err == nil {
			t.Errorf("delete %q: no error", sha)
		}
		if _, err := d.RemoveOld(t.Context(), []shipment.BlobRef{ref}, time.Now()); err == nil {
			t.Errorf("remove %q: no error", sha)
		}
	}
	ref := Put(t, d, []byte("hei"))
	for _, by := range []int64{1, -1, -4} {
		other := ref
		other.Bytes += by
		if _, err := d.Open(t.Context(), other); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("open with another size: %v, want ErrNotFound", err)
		}
	}
}

func exerciseFaults(t *testing.T, p Place) {
	d := p.Open(t)
	boom := errors.New("boom")
	if _, err := d.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("error %v, want the reader's", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Put(ctx, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	if all := old(t, d, time.Now().Add(time.Hour), 10); len(all) != 0 {
		t.Errorf("left behind: %v", all)
	}
}

func exerciseDamage(t *testing.T, p Place) {
	d := p.Open(t)
	for name, damage := range map[string]func(b []byte) []byte{
		"shorter": func(b []byte) []byte { return b[:len(b)-1] },
		"longer":  func(b []byte) []byte { return append(b, 'x') },
		"empty":   func([]byte) []byte { return nil },
		"a bit":   func(b []byte) []byte { b[len(b)-2] ^= 1; return b },
	} {
		if p.Trusts && name == "a bit" {
			continue
		}
		data := []byte("hele brevet " + name)
		ref := Put(t, d, data)
		b, err := os.ReadFile(p.File(ref))
		if err == nil {
			err = os.WriteFile(p.File(ref), damage(b), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Open(t).Open(t.Context(), ref); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
}

func exerciseMany(t *testing.T, p Place) {
	first := p.Open(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			d := p.Open(t) // which cleans up while others write
			for j := range 5 {
				data := []byte{byte(j)}
				if i%2 == 0 {
					data = append(data, byte(i))
				}
				ref, err := d.Put(t.Context(), bytes.NewReader(data))
				if err != nil {
					t.Error(err)
					return
				}
				b, err := first.Open(t.Context(), ref)
				if err != nil {
					t.Error(err)
					return
				}
				b.Close()
			}
		})
	}
	group.Wait()
	if all := old(t, first, time.Now().Add(time.Hour), 7); len(slices.Compact(all)) != 25 {
		t.Errorf("%d documents, want 25", len(all))
	}
}

func exerciseOld(t *testing.T, p Place) {
	d := p.Open(t)
	aged, young, again := Put(t, d, []byte("gammel")), Put(t, d, []byte("ny")), Put(t, d, []byte("igjen"))
	p.age(t, aged, 48*time.Hour)
	p.age(t, again, 48*time.Hour)
	Put(t, p.Open(t), []byte("igjen"))
	before := time.Now().Add(-24 * time.Hour)
	for most := 1; most <= 3; most++ {
		if got := old(t, d, before, most); !slices.Equal(got, []string{aged.SHA256}) {
			t.Errorf("old: %v", got)
		}
	}
	removed, err := d.RemoveOld(t.Context(), []shipment.BlobRef{aged, young, again, {SHA256: strings.Repeat("ab", 32)}}, before)
	if err != nil || !slices.Equal(removed, []shipment.BlobRef{aged}) {
		t.Errorf("removed %v, %v", removed, err)
	}
	if _, err := d.Open(t.Context(), aged); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old one: %v", err)
	}
	if removed, err := d.RemoveOld(t.Context(), []shipment.BlobRef{aged}, before); err != nil || len(removed) != 0 {
		t.Errorf("once more: %v, %v", removed, err)
	}
	Get(t, d, young)
	Get(t, d, again)
}

// exerciseRace: whatever comes first, a document that was just put is there.
func exerciseRace(t *testing.T, p Place) {
	d, other := p.Open(t), p.Open(t)
	data := []byte("begge")
	for range 20 {
		ref := Put(t, d, data)
		p.age(t, ref, 48*time.Hour)
		done := make(chan error, 1)
		go func() {
			_, err := other.RemoveOld(t.Context(), []shipment.BlobRef{ref}, time.Now().Add(-24*time.Hour))
			done <- err
		}()
		Put(t, d, data)
		if string(Get(t, d, ref)) != "begge" {
			t.Fatal("gone")
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		Get(t, d, ref)
	}
}

func exerciseFence(t *testing.T, p Place) {
	d := p.Open(t)
	highest := func(installation string) int {
		t.Helper()
		n, err := p.Open(t).HighestJob(t.Context(), installation)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := highest("TEST"); n != 0 {
		t.Errorf("a new store says %d", n)
	}
	for _, step := range []struct{ raise, want int }{{7, 7}, {3, 7}, {7, 7}, {8, 8}} {
		if err := d.RaiseHighestJob(t.Context(), "TEST", step.raise); err != nil {
			t.Fatal(err)
		}
		if n := highest("TEST"); n != step.want {
			t.Errorf("raised to %d: %d, want %d", step.raise, n, step.want)
		}
	}
	if n := highest("OTHR"); n != 0 {
		t.Errorf("another installation has %d", n)
	}
	if err := d.RaiseHighestJob(t.Context(), "TEST", documents.LastJobNumber+1); err == nil {
		t.Error("a number that no job has was taken")
	}
	if _, err := d.HighestJob(t.Context(), "../x"); err == nil {
		t.Error("a path was taken for an installation")
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			at := p.Open(t)
			for j := range 5 {
				n := 10 + (i*7+j*13)%40
				if err := at.RaiseHighestJob(t.Context(), "TEST", n); err != nil {
					t.Error(err)
				}
				if have, err := at.HighestJob(t.Context(), "TEST"); err != nil || have < n {
					t.Errorf("raised to %d: %d, %v", n, have, err)
				}
			}
		})
	}
	group.Wait()
	if n := highest("TEST"); n != 49 {
		t.Errorf("raised by many: %d, want 49", n)
	}
	if err := d.WriteFile(t.Context(), "fence/TEST", []byte("x\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.HighestJob(t.Context(), "TEST"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged: %v", err)
	}
	if err := d.RaiseHighestJob(t.Context(), "TEST", 60); err == nil {
		t.Error("a damaged one was raised")
	}
}

func exerciseFiles(t *testing.T, p Place) {
	d := p.Open(t)
	ctx := t.Context()
	if _, err := d.ReadFile(ctx, "prove/en"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if names, err := d.ListFiles(ctx, "prove"); err != nil || len(names) != 0 {
		t.Errorf("listed %v, %v", names, err)
	}
	if err := d.RemoveFile(ctx, "prove/en"); err != nil {
		t.Errorf("remove one that is not there: %v", err)
	}
	if err := d.CreateFile(ctx, "prove/en", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := p.Open(t).CreateFile(ctx, "prove/en", []byte("2")); !errors.Is(err, store.ErrExists) {
		t.Errorf("made twice: %v", err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 6 {
		group.Go(func() {
			err := p.Open(t).CreateFile(ctx, "prove/to", fmt.Appendf(nil, "%d", i))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !errors.Is(err, store.ErrExists) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if made != 1 {
		t.Errorf("%d made the same file", made)
	}
	if err := d.WriteFile(ctx, "prove/en", []byte("3")); err != nil {
		t.Fatal(err)
	}
	if b, err := p.Open(t).ReadFile(ctx, "prove/en"); err != nil || string(b) != "3" {
		t.Errorf("read %q, %v", b, err)
	}
	names, err := d.ListFiles(ctx, "prove")
	if slices.Sort(names); err != nil || !slices.Equal(names, []string{"en", "to"}) {
		t.Errorf("listed %v, %v", names, err)
	}
	if err := d.RemoveFile(ctx, "prove/en"); err != nil {
		t.Error(err)
	}
	if _, err := d.ReadFile(ctx, "prove/en"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
}
