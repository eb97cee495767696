package engine_test

import (
	"fmt"
	"testing"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// heldArgs are what the alarm says of letters that are set aside for their print window; nil: there is none.
func (s *stage) heldArgs(t *testing.T) alarm.Args {
	t.Helper()
	for _, a := range view(t, s, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(s.ctx, true) }) {
		if a.Key == step.AlarmHeld+konto+":"+shipment.HoldWindow {
			return a.Args
		}
	}
	return nil
}

// wantHeld wants that one alarm says how many letters are set aside for their print window.
func (s *stage) wantHeld(t *testing.T, n int) {
	t.Helper()
	if got := s.heldArgs(t); n == 0 && got != nil || n > 0 && (got["letters"] != fmt.Sprint(n) || got["account"] != konto || got["code"] != shipment.HoldWindow) {
		t.Errorf("the alarm says %v, want %d letters", got, n)
	}
	if n > 0 {
		s.wantAlarms(t, step.AlarmHeld+konto+":"+shipment.HoldWindow)
	}
}

// TestHeldBySets: letters are set aside set by set with one alarm, which says how many wait as they are released, read, stopped and set
// aside anew, and is over with the last. The process dies between sets, and the next night sets the rest aside.
func TestHeldBySets(t *testing.T) {
	t.Parallel()
	s := setup(t, bySets)
	var ids []string
	for i := range 7 {
		ids = append(ids, s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i))))
	}
	s.clock.add(40 * 24 * time.Hour)
	s.dieAt("hold: letters set aside", 2)
	if !s.survive(t, func() { s.night(t) }) {
		t.Fatal("the process did not die")
	}
	s.wantHeld(t, 4)
	s.restart(t)
	if c := s.collect(t); c.SetAside != 3 || c.Letters != 0 {
		t.Errorf("%d letters set aside, %d collected", c.SetAside, c.Letters)
	}
	s.wantHeld(t, 7)
	for _, id := range ids {
		if h := s.shipment(t, id).Hold; h != shipment.HoldWindow {
			t.Errorf("%s is set aside for %q", id, h)
		}
	}
	must(t, s.engine.Release(s.ctx, ids[0], "rettet"))
	s.wantHeld(t, 6)
	s.read(t, ids[1])
	s.wantHeld(t, 5)
	if _, err := s.engine.Stop(s.ctx, ids[2], "sendt for hånd"); err != nil {
		t.Fatal(err)
	}
	s.wantHeld(t, 4)
	must(t, s.engine.Watch(s.ctx)) // says the same
	s.wantHeld(t, 4)
	if n, err := s.engine.ReleaseAll(s.ctx, konto, shipment.HoldWindow, "rettet"); err != nil || n != 4 {
		t.Errorf("%d released, %v", n, err)
	}
	s.wantHeld(t, 0)
	if n, err := s.engine.ReleaseAll(s.ctx, "", shipment.HoldWindow, "rettet"); err != nil || n != 0 {
		t.Errorf("%d released once more, %v", n, err)
	}
	for _, code := range []string{shipment.HoldCost, shipment.HoldRestored, shipment.HoldRejected} {
		if _, err := s.engine.ReleaseAll(s.ctx, "", code, "rettet"); err == nil {
			t.Errorf("what is set aside for %s is released without a word", code)
		}
	}
	if _, err := s.engine.ReleaseAll(s.ctx, "", shipment.HoldWindow, ""); err == nil {
		t.Error("released without a reason")
	}
	if c := s.night(t); c.Letters != 5 || c.SetAside != 0 {
		t.Errorf("%d letters collected, %d set aside", c.Letters, c.SetAside)
	}
}

// TestOldHeldAlarmsEnd: what an earlier version raised of a single letter ends, and the alarm of its account takes its place.
func TestOldHeldAlarmsEnd(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error {
		sh, err := tx.Shipment(s.ctx, id)
		if err != nil {
			return err
		}
		if err := step.SetAside(s.ctx, tx, sh, shipment.Refusal{Code: shipment.HoldWindow}); err != nil {
			return err
		}
		return tx.RaiseAlarm(s.ctx, "held:"+id, alarm.Args{"shipment": id, "code": shipment.HoldWindow})
	}))
	must(t, s.engine.Watch(s.ctx))
	s.wantHeld(t, 1)
}
