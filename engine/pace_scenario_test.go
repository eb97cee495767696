package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// TestRateLimit: the second job waits until the first is an hour past, and is no failure meanwhile.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) {
		c.Vendors[0].LettersPerHour = 2
		c.Vendors[0].Profile.MaxLettersPerJob = 2
	})
	for _, key := range []string{"a", "b", "c"} {
		s.accepted(t, key, newLetter(key))
	}
	s.collect(t)
	errs := s.tryWork(t)
	var later *step.LaterError
	if len(errs) != 1 || !errors.As(errs[0], &later) {
		t.Fatalf("above the limit: %v", errs)
	}
	if later.After <= 0 || later.After > time.Hour {
		t.Errorf("waits %v", later.After)
	}
	offered := func() (n int) {
		for _, j := range s.jobs(t) {
			if j.State == store.JobOffered {
				n++
			} else if j.Failures != 0 || j.State != store.JobComposed {
				t.Errorf("job %s waits, and is %s with %d failures", j.ID, j.State, j.Failures)
			}
		}
		return n
	}
	if n := offered(); n != 1 {
		t.Errorf("%d jobs are offered", n)
	}
	night, err := s.engine.RunNight(s.ctx, nights.NightOptions{Patience: time.Second})
	if err != nil || len(night.Waiting) != 1 || len(night.Unsettled) != 0 {
		t.Errorf("the night says: waiting %v, unsettled %v, %v", night.Waiting, night.Unsettled, err)
	}
	s.clock.add(later.After)
	s.work(t)
	if n := offered(); n != 2 {
		t.Errorf("%d jobs are offered an hour later", n)
	}
}

// TestPrintWindow: what could not be handed over for a month does not go out when the vendor is back, but waits for a
// person.
func TestPrintWindow(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) { c.Vendors[0].PrintWindow = 10 })
	old := s.accepted(t, "gammel", newLetter("En"))
	read := s.accepted(t, "lest", newLetter("To"))
	s.collect(t)
	must(t, s.vendor().server.Close())
	if errs := s.tryWork(t); len(errs) == 0 {
		t.Fatal("the vendor is away, and nobody noticed")
	}
	s.wantJobs(t, "COMPOSED")
	s.clock.add(11 * 24 * time.Hour)
	must(t, s.engine.Event(s.ctx, shipment.DigitalEvent{Shipment: read, Kind: shipment.DigitalRead, At: s.clock.now(), Key: "k"}))
	back := s.newVendor(t, "trykk")
	back.PrintWindow = 10
	s.config.Vendors[0] = back
	s.restart(t)
	fresh := s.accepted(t, "ny", newLetter("Tre"))
	_, err := s.engine.Reconcile(s.ctx)
	must(t, err)
	s.work(t)
	s.wantJobs(t, "WITHDRAWN")
	s.collect(t)
	s.work(t)
	s.wantAtVendor(t, fresh)
	held := s.shipment(t, old)
	if held.Hold != shipment.HoldWindow {
		t.Errorf("the old letter is set aside as %q", held.Hold)
	}
	if h := s.history(t, old); !strings.Contains(h, "utskriftsvindu: er klar for utskrift siden 20") {
		t.Errorf("the old letter's history: %s", h)
	}
	if st := s.shipment(t, read); st.Status != shipment.StatusLest || st.Hold != "" {
		t.Errorf("the letter that was read is %s, set aside as %q", st.Status, st.Hold)
	}
	s.wantAlarms(t, "held:"+konto+":"+shipment.HoldWindow)
	must(t, s.engine.Release(s.ctx, old, "rettet"))
	s.collect(t)
	s.work(t)
	s.wantAtVendor(t, fresh, old)
	s.wantAlarms(t)
}
