package documents

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postgang/engine/store"
)

func TestFence(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := openBlobs(t, path)
	if err := d.RaiseHighestJob(t.Context(), "TEST", 8); err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{"", "x\n", "-1\n", "1000000\n", "8\n9\n"} {
		if err := os.WriteFile(filepath.Join(path, "fence", "TEST"), []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.HighestJob(t.Context(), "TEST"); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("damaged as %q: %v", damage, err)
		}
		if err := d.RaiseHighestJob(t.Context(), "TEST", 9); err == nil {
			t.Errorf("damaged as %q: raised on a guess", damage)
		}
	}
}

// TestFenceConcurrent: several writers, each with the folder open for itself, never lower it.
func TestFenceConcurrent(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	var wg sync.WaitGroup
	for w := range 4 {
		d := openBlobs(t, path)
		rng := rand.New(rand.NewPCG(1, uint64(w)))
		wg.Go(func() {
			for range 50 {
				n := 1 + rng.IntN(200)
				if err := d.RaiseHighestJob(t.Context(), "TEST", n); err != nil {
					t.Error(err)
					return
				}
				if got, err := d.HighestJob(t.Context(), "TEST"); err != nil || got < n {
					t.Errorf("raised to %d, and it is %d (%v)", n, got, err)
				}
			}
		})
	}
	wg.Wait()
	if left, err := filepath.Glob(filepath.Join(path, "fence", "*.part")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	d := openBlobs(t, t.TempDir())
	ref, err := d.Put(t.Context(), strings.NewReader("manifest"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Find(t.Context(), ref.SHA256); err != nil || got != ref {
		t.Errorf("found %+v, %v", got, err)
	}
	if _, err := d.Find(t.Context(), strings.Repeat("0", 64)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("found what is not there: %v", err)
	}
}
