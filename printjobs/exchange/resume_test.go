package exchange_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// TestResume: a part is gone on with as far as its bytes are ours, whatever its size says.
func TestResume(t *testing.T) {
	t.Parallel()
	const size, least = 3 << 20, 1 << 18
	for name, c := range map[string]struct {
		part func(b []byte) []byte
		from int // where the writing begins; size: nothing is written
	}{
		"half of it":           {func(b []byte) []byte { return b[:size/2] }, size / 2},
		"all of it":            {func(b []byte) []byte { return b }, size},
		"longer than the file": {func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, 1000)...) }, size},
		"hole in the second half": {func(b []byte) []byte {
			return append(append(bytes.Clone(b[:size/2]), make([]byte, 99_999)...), b[size/2+99_999:]...)
		}, size / 2},
		"one byte wrong, the first": {func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) }, 0},
		"one byte wrong, the last":  {func(b []byte) []byte { return append(bytes.Clone(b[:size-1]), b[size-1]^1) }, size - 1},
		"another file of the size":  {func(b []byte) []byte { return bytes.Repeat([]byte{7}, len(b)) }, 0},
		"too short to be worth it":  {func(b []byte) []byte { return b[:least-1] }, 0},
		"ours is too short":         {func(b []byte) []byte { return append(bytes.Clone(b[:least-1]), make([]byte, least)...) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, v *side) {
				for i, concurrent := range []bool{true, false} {
					target := v.target
					target.ConcurrentWrites, target.Limits.Resume = concurrent, least
					s := dial(t, target)
					j := newJob(t, fmt.Sprintf("MODE%06d", i), size)
					f, b := j.files[0], j.bytes[j.files[0].Name]
					if len(b) != size {
						t.Fatalf("the file has %d bytes", len(b))
					}
					v.write(t, "inn/"+f.Name+".part", c.part(b))
					must(t, s.Put(ctx, f, bytes.NewReader(b)))
					if !bytes.Equal(v.read(t, "inn/"+f.Name), b) {
						t.Error("did not arrive as sent")
					}
				}
			})
			// What is written, as the server sees it.
			first, written := size, 0
			var mu sync.Mutex
			v := simulator(t, func(e vendorsim.Event) error {
				if mu.Lock(); e.Op == "write" && e.Done && strings.HasSuffix(e.Path, ".pdf.part") {
					first, written = min(first, int(e.Offset)), written+e.Len
				}
				mu.Unlock()
				return nil
			})
			target := v.target
			target.Limits.Resume = least
			j := newJob(t, "MODE000003", size)
			f, b := j.files[0], j.bytes[j.files[0].Name]
			v.write(t, "inn/"+f.Name+".part", c.part(b))
			must(t, dial(t, target).Put(ctx, f, bytes.NewReader(b)))
			if first != c.from || written != size-c.from {
				t.Errorf("written from %d on, %d bytes; want %d, %d", first, written, c.from, size-c.from)
			}
		})
	}
}

// TestResumeAfterCut: the connection is cut in the middle of a file; the next one sends the rest, counted as bytes on the line.
func TestResumeAfterCut(t *testing.T) {
	t.Parallel()
	const size = 6 << 20
	onBoth(t, func(t *testing.T, v *side) {
		p, target := through(t, v.target)
		target.Limits.Resume = 1 << 18
		allow := func(n int64) {
			p.mu.Lock()
			p.budget = n
			p.mu.Unlock()
		}
		j := newJob(t, "MODE000001", size)
		f, b := j.files[0], j.bytes[j.files[0].Name]
		s := dial(t, target)
		allow(size * 3 / 4)
		wantError(t, s.Put(ctx, f, bytes.NewReader(b)), exchange.ErrConnection)
		if _, err := os.Stat(v.path("inn/" + f.Name)); err == nil {
			t.Fatal("half a file has its final name")
		}
		allow(size * 3 / 4) // the whole file would not pass
		must(t, dial(t, target).Put(ctx, f, bytes.NewReader(b)))
		if !bytes.Equal(v.read(t, "inn/"+f.Name), b) {
			t.Error("did not arrive as sent")
		}
	})
}

// TestResumeAfterFault: an upload that was cut in the middle is not begun again.
func TestResumeAfterFault(t *testing.T) {
	t.Parallel()
	const size = 3 << 20
	var mu sync.Mutex
	full, again := true, 0
	v := simulator(t, func(e vendorsim.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if e.Op != "write" || !strings.HasSuffix(e.Path, ".pdf.part") {
			return nil
		}
		if full && e.Offset > size/2 {
			return errors.New("no space")
		}
		if !full && e.Done {
			again += e.Len
		}
		return nil
	})
	target := v.target
	target.Limits.Resume = 1 << 18
	j := newJob(t, "MODE000001", size)
	f, b := j.files[0], j.bytes[j.files[0].Name]
	if err := dial(t, target).Put(ctx, f, bytes.NewReader(b)); err == nil {
		t.Fatal("a full disk is no error")
	}
	mu.Lock()
	full = false
	mu.Unlock()
	must(t, dial(t, target).Put(ctx, f, bytes.NewReader(b)))
	if !bytes.Equal(v.read(t, "inn/"+f.Name), b) {
		t.Error("did not arrive as sent")
	}
	if again == 0 || again > size*2/3 {
		t.Errorf("%d of %d bytes were sent again", again, size)
	}
	// What is there but is not what the source says is caught as before.
	other := bytes.Clone(b)
	other[0] ^= 1
	must(t, dial(t, target).Withdraw(ctx, "MODE000001", nil))
	v.write(t, "inn/"+f.Name+".part", other)
	wantError(t, dial(t, target).Put(ctx, f, bytes.NewReader(other)), exchange.ErrSource)
}
