package prepare

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func newPool(t *testing.T, opt PoolOptions) *Pool {
	t.Helper()
	p, err := NewPool(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestPool: many letters at once through few reused workers, good and bad,
// give what Letter gives.
func TestPool(t *testing.T) {
	t.Parallel()
	p := newPool(t, PoolOptions{Workers: 2})
	good := write(t, "god.pdf", onePage(a4, "1 0 0 rg 0 0 9 9 re f"))
	bad := write(t, "vond.pdf", []byte("x"))
	dir := t.TempDir()
	want, _ := mustPrepare(t, onePage(a4, "1 0 0 rg 0 0 9 9 re f"))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			out := filepath.Join(dir, string(rune('a'+i))+".pdf")
			if i%4 == 3 {
				if _, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: bad}}, Output: out}); !slices.Equal(codes(err), []string{"unreadable:0:0"}) {
					t.Errorf("bad letter: %v", err)
				}
				return
			}
			facts, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: good}}, Output: out})
			if err != nil || facts.SHA256 != want.SHA256 {
				t.Errorf("good letter: %+v %v", facts, err)
			}
		}()
	}
	wg.Wait()
	if s := p.Stats(); s.Letters != 20 || s.Started > 2 || s.Crashes+s.Timeouts != 0 {
		t.Errorf("stats %+v", s)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*"))
	whole, _ := filepath.Glob(filepath.Join(dir, "*.pdf"))
	if len(left) != 0 || len(whole) != 15 {
		t.Errorf("%d files, left behind %v", len(whole), left)
	}
	if _, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: filepath.Join(dir, "Kari Nordmann.pdf")}}, Output: filepath.Join(dir, "o.pdf")}); err == nil || codes(err) != nil || strings.Contains(err.Error(), "Kari") {
		t.Errorf("missing document: %v", err)
	}
}

// TestWorkerKilled: a worker killed while idle costs nothing, and one replaced
// after its number of letters neither.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	p := newPool(t, PoolOptions{Workers: 1, LettersPerWorker: 3})
	req := Request{Documents: []Document{{Path: write(t, "a.pdf", onePage(a4, ""))}}, Output: filepath.Join(t.TempDir(), "o.pdf")}
	for i := range 8 {
		if i == 1 {
			w := <-p.slots
			if err := syscall.Kill(w.PID(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.slots <- w
		}
		if _, err := p.Letter(t.Context(), req); err != nil {
			t.Fatalf("letter %d: %v", i, err)
		}
	}
	if s := p.Stats(); s.Started < 3 || s.Started > 4 {
		t.Errorf("stats %+v", s)
	}
}

// script makes a worker out of a shell script.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBadWorkers: a worker that hangs, dies or talks nonsense costs that
// letter, in time, and nothing stays behind.
func TestBadWorkers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, want string }{
		{"hangs", "exec sleep 600", ErrStuck.Error()},
		{"is killed by somebody", "kill -KILL $$", ErrKilled.Error()},
		{"dies", "exit 2", "prepare-crashed:0:0"},
		{"overflows its stack", "echo 'goroutine stack exceeds' >&2; kill -SEGV $$", "prepare-crashed:0:0"},
		{"talks without end", "exec cat /dev/zero", "prepare-crashed:0:0"},
		{"claims a huge message", `printf '\377\377\377\377'; exec sleep 600`, "prepare-crashed:0:0"},
		{"no JSON", `printf '\000\000\000\003abc'; exec sleep 600`, "prepare-crashed:0:0"},
		{"facts without a file", `head -c 60 >/dev/null; printf '\000\000\000\014{"facts":{}}'; exec sleep 600`, "prepare-crashed:0:0"},
		{"empty answer", `printf '\000\000\000\002{}'; exec sleep 600`, "prepare-crashed:0:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// Long for those that are to crash, so that they do not time out.
			timeout := 20 * time.Second
			if c.want == ErrStuck.Error() {
				timeout = 100 * time.Millisecond
			}
			p := newPool(t, PoolOptions{Workers: 1, Timeout: timeout, Executable: script(t, c.body)})
			dir := t.TempDir()
			_, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: write(t, "a.pdf", onePage(a4, ""))}}, Output: filepath.Join(dir, "o.pdf")})
			got := strings.Join(codes(err), " ")
			switch {
			case errors.Is(err, ErrStuck) && runtime.GOOS == "linux":
				got = ErrStuck.Error()
			case errors.Is(err, ErrKilled):
				got = ErrKilled.Error()
			}
			if got != c.want {
				t.Errorf("got %v (%v), want %s", got, err, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestWorkerCannotStart is our fault, not the letter's.
func TestWorkerCannotStart(t *testing.T) {
	t.Parallel()
	p := newPool(t, PoolOptions{Workers: 1, Executable: filepath.Join(t.TempDir(), "none")})
	for range 2 { // the slot must survive
		_, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: write(t, "a.pdf", onePage(a4, ""))}}, Output: filepath.Join(t.TempDir(), "o.pdf")})
		if err == nil || codes(err) != nil {
			t.Errorf("error %v", err)
		}
	}
}

// TestCancel: a cancelled letter gives its worker's slot back.
func TestCancel(t *testing.T) {
	t.Parallel()
	p := newPool(t, PoolOptions{Workers: 1, Executable: script(t, "exec sleep 600")})
	req := Request{Documents: []Document{{Path: write(t, "a.pdf", onePage(a4, ""))}}, Output: filepath.Join(t.TempDir(), "o.pdf")}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := p.Letter(ctx, req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		cancel()
	}
	p.Close()
	if _, err := p.Letter(t.Context(), req); !errors.Is(err, ErrPoolClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestWorkerHasNoEnvironment: what the engine knows, secrets above all, is not
// handed to the process that reads strangers' files.
func TestWorkerHasNoEnvironment(t *testing.T) {
	t.Setenv("POSTGANG_SECRET", "hemmelig")
	seen := filepath.Join(t.TempDir(), "environment")
	p := newPool(t, PoolOptions{Workers: 1, Executable: script(t, "/usr/bin/env >"+seen+"; exit 1")})
	_, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: write(t, "a.pdf", onePage(a4, ""))}}, Output: filepath.Join(t.TempDir(), "o.pdf")})
	if codes(err) == nil {
		t.Fatalf("error %v", err)
	}
	data, readErr := os.ReadFile(seen)
	if readErr != nil || strings.Contains(string(data), "hemmelig") || strings.Contains(string(data), "HOME=") {
		t.Errorf("environment %q (%v)", data, readErr)
	}
}

// TestProven: what a worker hands over is looked at in the parent, to the last byte.
func TestProven(t *testing.T) {
	t.Parallel()
	f, path := mustPrepare(t, onePage("/MediaBox[0 0 595 842]", "0 0 100 100 re f"))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := proven(f, bytes.NewReader(good)); err != nil {
		t.Fatalf("an honest file: %v", err)
	}
	facts := func(data []byte, pages []PageFacts) Facts {
		sum := sha256.Sum256(data)
		return Facts{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data)), Pages: pages}
	}
	for name, c := range map[string]struct {
		data  []byte
		facts Facts
	}{
		"another file":   {append(bytes.Clone(good), '\n'), f},
		"more behind it": {append(bytes.Clone(good), "%more\n"...), facts(append(bytes.Clone(good), "%more\n"...), f.Pages)},
		"another object": {bytes.Replace(good, []byte("/BBox"), []byte("/BBoy"), 1), facts(bytes.Replace(good, []byte("/BBox"), []byte("/BBoy"), 1), f.Pages)},
		"other pages":    {good, facts(good, append(f.Pages, f.Pages...))},
		"no PDF":         {[]byte("x"), facts([]byte("x"), f.Pages)},
	} {
		if proven(c.facts, bytes.NewReader(c.data)) == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
