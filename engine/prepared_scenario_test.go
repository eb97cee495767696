package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"postgang/engine"
	"postgang/engine/shipment"
	"postgang/engine/step"
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
	alarms := fmt.Sprint(s.alarms(t))
	if !strings.Contains(alarms, "prepare:"+stuck) && !strings.Contains(alarms, "prepare:"+other) {
		t.Errorf("alarms %s", alarms)
	}
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
