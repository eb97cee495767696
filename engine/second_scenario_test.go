package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/engine"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestTwoPersons: what cannot be undone is done by the second person who asks for it within a week, and both are kept.
func TestTwoPersons(t *testing.T) {
	t.Parallel()
	s := setup(t, kinds, func(c *engine.Config) { c.TwoPersons = true })
	s.accepted(t, "a", newLetter("Prøve"))
	person := func(name string) access.Actor { return access.Actor{Kind: access.CommandLine, ID: name} }
	month := civil.Of(s.clock.now(), calendar.Oslo)[:8] + "01"
	s.clock.add(40 * 24 * time.Hour)
	asked := func(by access.Actor, want error) {
		t.Helper()
		if _, err := s.engine.CloseMonth(access.As(s.ctx, by), month, "avstemt"); !errors.Is(err, want) {
			t.Errorf("%s closes the month: %v, want %v", by, err, want)
		}
	}
	asked(access.Actor{}, access.ErrNobody)
	asked(person("kari"), access.ErrSecondPerson)
	asked(person("kari"), access.ErrSecondPerson)
	asked(access.Actor{Kind: access.CommandLine, ID: "root", For: "kari"}, access.ErrSecondPerson)
	s.clock.add(access.AskedTime)
	asked(person("ola"), access.ErrSecondPerson) // too late: he is the first now
	asked(person("kari"), nil)

	months := view(t, s, func(r store.Reader) ([]store.ClosedMonth, error) { return r.ClosedMonths(s.ctx) })
	done := view(t, s, func(r store.Reader) ([]access.Asked, error) { return r.Asked(s.ctx, false) })
	if len(months) != 1 || months[0].By != "kommando/kari" {
		t.Errorf("closed months: %+v", months)
	}
	if len(done) != 1 || done[0].By != person("ola") || done[0].Second != person("kari") || done[0].DoneAt.IsZero() {
		t.Errorf("asked for: %+v", done)
	}
}

// TestWholeCapTakesTwo: one letter of a cap is let go by one person, and all of it by two.
func TestWholeCapTakesTwo(t *testing.T) {
	t.Parallel()
	s := setup(t, kinds, func(c *engine.Config) { c.TwoPersons = true })
	ids := []string{s.accepted(t, "a", newLetter("Prøve")), s.accepted(t, "bb", newLetter("Prøve")), s.accepted(t, "ccc", newLetter("Prøve"))}
	for _, id := range ids {
		must(t, s.engine.Hold(s.ctx, id, shipment.Refusal{Code: shipment.HoldCost}))
	}
	kari, ola := access.As(s.ctx, access.Actor{Kind: access.CommandLine, ID: "kari"}), access.As(s.ctx, access.Actor{Kind: access.CommandLine, ID: "ola"})
	if n, err := s.engine.ApproveCost(kari, ids[:1], "riktig"); n != 1 || err != nil {
		t.Errorf("one letter: %d, %v", n, err)
	}
	if n, err := s.engine.ApproveCost(kari, ids, "riktig"); n != 0 || !errors.Is(err, access.ErrSecondPerson) {
		t.Errorf("the rest by one: %d, %v", n, err)
	}
	if n, err := s.engine.ApproveCost(ola, ids[1:], "riktig"); n != 2 || err != nil {
		t.Errorf("the rest by another: %d, %v", n, err)
	}
	if h := s.history(t, ids[1]); !strings.Contains(h, "riktig") {
		t.Errorf("the history does not say why:\n%s", h)
	}
	events := view(t, s, func(r store.Reader) ([]shipment.Event, error) { return r.History(s.ctx, ids[1]) })
	if by := events[len(events)-1].By; by != "kommando/ola" {
		t.Errorf("released by %q, want kommando/ola", by)
	}
}
