package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"postgang/engine"
	"postgang/engine/alarm"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/prepare"
)

// countingPreparer counts the letters that are prepared.
type countingPreparer struct {
	step.Preparer
	letters *atomic.Int64
}

func (c countingPreparer) Letter(ctx context.Context, req prepare.Request) (prepare.Facts, error) {
	c.letters.Add(1)
	return c.Preparer.Letter(ctx, req)
}

func counted(n *atomic.Int64) change {
	return func(c *engine.Config) { c.Preparer = countingPreparer{c.Preparer, n} }
}

// TestPreparedOnce: what was made from the same by the same rules is not made again; whatever the result follows from
// makes another.
func TestPreparedOnce(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	s := setup(t, counted(&n))
	same := file("brev.pdf", pdf(1, 2))
	first := s.accepted(t, "a", newLetter("En"), same)
	second := s.accepted(t, "b", newLetter("To"), same)
	if n.Load() != 1 {
		t.Errorf("the same file for two recipients was prepared %d times", n.Load())
	}
	a, b := s.shipment(t, first), s.shipment(t, second)
	if a.PreparedKey == "" || a.PreparedKey != b.PreparedKey || a.Prepared != b.Prepared || b.Facts == nil || b.Facts.SHA256 != a.Prepared.SHA256 {
		t.Errorf("first %v %v, second %v %v", a.PreparedKey, a.Prepared, b.PreparedKey, b.Prepared)
	}
	s.accepted(t, "c", newLetter("Tre"), file("brev.pdf", pdf(2, 2)))
	if n.Load() != 2 {
		t.Errorf("another file: prepared %d times", n.Load())
	}
	giro := newLetter("Fire").with("dokumenter", []any{map[string]any{"filnavn": "brev.pdf", "mimeType": "application/pdf", "giroarkSider": []int{2}}})
	id := s.accepted(t, "d", giro, same)
	if g := s.shipment(t, id); n.Load() != 3 || g.PreparedKey == a.PreparedKey || len(g.Facts.GiroPages()) != 1 {
		t.Errorf("other giro pages: prepared %d times, giro pages %v", n.Load(), g.Facts.GiroPages())
	}
	// One that is lost is made again.
	must(t, s.blobs.Delete(s.ctx, a.Prepared))
	s.accepted(t, "e", newLetter("Fem"), same)
	if n.Load() != 4 {
		t.Errorf("a lost file: prepared %d times", n.Load())
	}
	s.night(t)
	s.tick(t)
	if got := len(s.atVendor(t)); got != 5 {
		t.Errorf("%d letters at the vendor", got)
	}
}

// TestStaleIsNotPrinted: when the vendor's checks have changed since a letter was prepared, it is prepared anew before
// it is printed, whether it waits, is planned or its job is; one that they refuse is set aside.
func TestStaleIsNotPrinted(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"waiting", "planned"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			s := setup(t, counted(&n))
			short := s.accepted(t, "a", newLetter("En"), file("brev.pdf", pdf(1, 1)))
			long := s.accepted(t, "b", newLetter("To"), file("brev.pdf", pdf(2, 9)))
			old := s.shipment(t, short)
			if state == "planned" {
				s.collect(t)
			}
			s.config.Vendors[0].Checks = prepare.Checks{MaxPages: 5, TooManyPages: prepare.LevelError}
			s.restart(t)
			s.reconcile(t)
			s.night(t)
			s.night(t)
			s.tick(t)
			s.wantAtVendor(t, short)
			now := s.shipment(t, short)
			if want := s.config.Vendors[0].Checks.Recipe(); now.Facts.Recipe != want || now.PreparedKey == old.PreparedKey || old.Facts.Recipe == want {
				t.Errorf("recipe %s, before %s, today's %s", now.Facts.Recipe, old.Facts.Recipe, want)
			}
			if h := s.history(t, short); !strings.Contains(h, shipment.EventRenewed) {
				t.Errorf("history:\n%s", h)
			}
			if sh := s.shipment(t, long); sh.Hold != prepare.CodeTooManyPages {
				t.Errorf("the long letter is held for %q", sh.Hold)
			}
			s.wantAlarms(t, "held:"+konto+":"+prepare.CodeTooManyPages)
			if n.Load() != 4 {
				t.Errorf("prepared %d times", n.Load())
			}
		})
	}
}

// TestStaleCannotBeRenewed: a fault of ours keeps the letter, and it alone, back with an alarm.
func TestStaleCannotBeRenewed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	stuck := s.accepted(t, "a", newLetter("En"), file("brev.pdf", pdf(1, 1)))
	other := s.accepted(t, "b", newLetter("To"), file("brev.pdf", pdf(2, 1)))
	s.config.Vendors[0].Checks = prepare.Checks{MinDPI: 100}
	healthy := s.config.Preparer
	var broken atomic.Int64
	s.config.Preparer = failingOnce{healthy, &broken}
	s.restart(t)
	s.night(t)
	s.tick(t)
	if got := len(s.atVendor(t)); got != 1 {
		t.Errorf("%d letters at the vendor", got)
	}
	s.wantAlarms(t, "prepare:worker:again")
	s.night(t)
	s.tick(t)
	s.wantAtVendor(t, stuck, other)
	s.wantAlarms(t)
}

// failingOnce fails at its first letter.
type failingOnce struct {
	step.Preparer
	n *atomic.Int64
}

func (f failingOnce) Letter(ctx context.Context, req prepare.Request) (prepare.Facts, error) {
	if f.n.Add(1) == 1 {
		return prepare.Facts{}, fmt.Errorf("no room for it")
	}
	return f.Preparer.Letter(ctx, req)
}

// broken fails for one fault, or another.
type broken struct {
	step.Preparer
	fault *atomic.Pointer[error]
}

func (b broken) Letter(ctx context.Context, req prepare.Request) (prepare.Facts, error) {
	if err := b.fault.Load(); err != nil {
		return prepare.Facts{}, *err
	}
	return b.Preparer.Letter(ctx, req)
}

// TestManyCannotBePrepared: what meets all letters is one alarm, which says of how many it is, and is over with the last of them.
func TestManyCannotBePrepared(t *testing.T) {
	t.Parallel()
	var fault atomic.Pointer[error]
	s := setup(t, func(c *engine.Config) { c.Preparer = broken{c.Preparer, &fault} })
	fail := func(err error) { fault.Store(&err) }
	says := func(key, letters string) {
		t.Helper()
		if got := s.openAlarms(t)[key].Args["letters"]; got != letters {
			t.Errorf("%s is of %q letters, want %s", key, got, letters)
		}
	}
	fail(fmt.Errorf("write letter: %w", syscall.ENOSPC))
	var ids []string
	for i := range 5 {
		ids = append(ids, s.handIn(t, konto, fmt.Sprintf("k%d", i), newLetter("Brev"), file("brev.pdf", pdf(i, 1))))
	}
	if errs := s.tryWork(t); len(errs) != len(ids) {
		t.Errorf("%d letters fail: %v", len(errs), errs)
	}
	s.wantAlarms(t, "prepare:space")
	says("prepare:space", "4") // counted at the first, the second and the fourth
	s.watch(t)
	says("prepare:space", "5")
	// A restart has them counted at the next failure, and a letter that is tried again counts once.
	s.restart(t)
	if errs := s.tryWork(t); len(errs) != len(ids) {
		t.Errorf("%d letters fail: %v", len(errs), errs)
	}
	says("prepare:space", "5")
	// One that nobody wants any more does not wait.
	if _, err := s.engine.Stop(s.ctx, ids[0], "sendt to ganger"); err != nil {
		t.Fatal(err)
	}
	s.watch(t)
	says("prepare:space", "4")
	// Another fault has another alarm, and what a PDF is refused for has none.
	fail(errors.New("the worker died"))
	s.tryWork(t)
	s.watch(t)
	s.wantAlarms(t, "prepare:worker")
	says("prepare:worker", "4")
	fault.Store(nil)
	refused := s.handIn(t, konto, "feil", newLetter("Brev"), file("brev.pdf", []byte("%PDF-1.4 nothing more")))
	s.work(t)
	s.wantStatus(t, refused, shipment.StatusAvvist)
	for _, id := range ids[1:] {
		s.wantStatus(t, id, shipment.StatusAkseptert)
	}
	s.wantAlarms(t) // before anybody watches
	// It may come again at once.
	fail(errors.New("the worker died"))
	s.handIn(t, konto, "ny", newLetter("Brev"), file("brev.pdf", pdf(9, 1)))
	s.tryWork(t)
	says("prepare:worker", "1")
	fault.Store(nil)
	s.work(t)
	s.wantAlarms(t)
}

// TestAlarmsOfSingleLettersEnd: those that earlier versions raised for each letter that could not be prepared.
func TestAlarmsOfSingleLettersEnd(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error {
		return tx.RaiseAlarm(s.ctx, "prepare:"+id, alarm.Args{"case": "new", "shipment": id, "why": "no memory"})
	}))
	s.watch(t)
	s.wantAlarms(t)
}

// TestAccountIsGone: a letter whose account was taken out of the configuration before it was prepared waits, and somebody is told.
func TestAccountIsGone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.handIn(t, konto, "a", newLetter("En"), file("brev.pdf", pdf(1, 1)))
	accounts := s.config.Accounts
	other := accounts[0]
	other.Key = "annen"
	s.config.Accounts = []party.Account{other}
	s.restart(t)
	if errs := s.tryWork(t); len(errs) != 1 || !strings.Contains(errs[0].Error(), "not configured any more") {
		t.Errorf("it fails: %v", errs)
	}
	s.wantAlarms(t, "prepare:other")
	s.config.Accounts = accounts
	s.restart(t)
	s.work(t)
	s.wantStatus(t, id, shipment.StatusAkseptert)
	s.wantAlarms(t)
}
