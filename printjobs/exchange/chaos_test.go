package exchange_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// Random steps of an offer with random faults between them, by sessions that
// come and go. Whatever happens, a hand-over is whole, is never taken back, and
// puts each letter on paper once.
func TestRandomFaults(t *testing.T) {
	t.Parallel()
	const rounds = 25
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			randomOffer(t, rand.New(rand.NewPCG(seed, 1)))
		})
	}
}

func randomOffer(t *testing.T, r *rand.Rand) {
	var trouble atomic.Int32 // requests that will go wrong
	var lateOnly atomic.Bool // the effect happens, the answer is an error
	refused := errors.New("no")
	v := simulator(t, func(e vendorsim.Event) error {
		changes := e.Op == "create" || e.Op == "write" || e.Op == "rename" || e.Op == "posix-rename" || e.Op == "remove"
		if changes && e.Done == lateOnly.Load() && trouble.Load() > 0 {
			trouble.Add(-1)
			return refused
		}
		return nil
	})
	p, target := through(t, v.target)
	target.Timeouts = exchange.Timeouts{Dial: 20 * time.Second, Operation: 20 * time.Second, Keepalive: 10 * time.Second}
	target.ConcurrentWrites = r.IntN(2) == 0
	j := newJob(t, "CHAO000001", 8+r.IntN(9), 100_000+r.IntN(400_000))
	var s *exchange.Session
	session := func() *exchange.Session {
		if s != nil && r.IntN(4) > 0 {
			return s
		}
		var err error
		if s, err = exchange.Dial(ctx, target); errors.Is(err, exchange.ErrConnection) {
			p.cut() // the cut fell into the dialling; it comes once
			s, err = exchange.Dial(ctx, target)
		}
		if err != nil {
			t.Fatal(err)
		}
		fresh := s
		t.Cleanup(func() { fresh.Close() })
		return s
	}
	handedOver := false
	look := func() {
		if _, err := os.Stat(v.path("inn/" + exchange.ReadyName(j.id))); err == nil {
			handedOver = true
			for name, b := range j.bytes {
				if got, err := os.ReadFile(v.path("inn/" + name)); err != nil || !bytes.Equal(got, b) {
					t.Errorf("handed over, but %s is not there as sent (%v)", name, err)
				}
			}
		} else if handedOver && len(v.names(t, "svar")) == 0 {
			t.Error("the hand-over was taken back")
		}
	}
	var told []string
	step := func(name string, err error) {
		told = append(told, fmt.Sprintf("%s: %v", name, err))
		if errors.Is(err, exchange.ErrConnection) {
			p.cut()
			s = nil
		}
		look()
	}
	printed := 0
	tick := func() {
		d, err := v.vendor().Tick(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range d {
			if x.Accepted {
				printed++
			} else {
				t.Errorf("the vendor refused: %v", x.Reasons)
			}
		}
		look()
	}
	for range 25 {
		switch k := r.IntN(10); k {
		case 0, 1, 2, 3:
			f := j.files[r.IntN(len(j.files))]
			step("put", session().Put(ctx, f, bytes.NewReader(j.bytes[f.Name])))
		case 4:
			step("put all", j.put(session()))
		case 5:
			err := session().PutReady(ctx, j.ready)
			step("ready", err)
			if err == nil && !handedOver {
				t.Error("a hand-over was told that did not happen")
			}
		case 6:
			before := handedOver
			err := session().Withdraw(ctx, j.id, nil)
			step("withdraw", err)
			if err == nil && before {
				t.Error("a job was withdrawn after its hand-over")
			}
			if left := v.names(t, "inn"); err == nil && len(left) != 0 {
				t.Errorf("withdrawn, but the inbox holds %v", left)
			}
		case 7:
			p.cutAfter(int64(r.IntN(300_000)))
		case 8:
			lateOnly.Store(r.IntN(2) == 0)
			trouble.Store(int32(1 + r.IntN(2)))
		case 9:
			tick()
		}
	}
	// The network and the server are well again: it must come to its end.
	p.cut()
	trouble.Store(0)
	if err := j.offer(dial(t, target)); err != nil {
		t.Errorf("in the end: %v", err)
	}
	look()
	tick()
	if printed != 1 {
		t.Errorf("printed %d times", printed)
	}
	seen := map[string]int{}
	for _, n := range v.names(t, "kvittering") {
		for _, l := range strings.Split(strings.TrimSpace(string(v.read(t, "kvittering/"+n))), "\r\n")[1:] {
			seen[strings.Split(l, ";")[2]]++
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was posted %d times", id, n)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d letters posted, want 4", len(seen))
	}
	if t.Failed() {
		t.Log(strings.Join(told, "\n"))
	}
}
