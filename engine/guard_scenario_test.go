package engine_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/engine"
	"postgang/engine/collect"
	"postgang/engine/shipment"
	"postgang/engine/step"
)

// letterPrices make every letter of one page in C5 cost 10 kroner, of which 8 are postage.
func letterPrices(t *testing.T) *price.List {
	t.Helper()
	list, err := price.NewList([]price.Price{
		{Element: price.ElementStart, Envelope: price.EnvelopeC5, Handling: price.HandlingAuto, Price: 150, ValidFrom: "2026-01-01"},
		{Element: price.ElementExtraSheet, Handling: price.HandlingAuto, Price: 10, ValidFrom: "2026-01-01"},
		{Element: price.ElementPage, Colour: price.ColourBW, Price: 20, ValidFrom: "2026-01-01"},
		{Element: price.ElementPostage, Zone: price.ZoneNorway, MaxGram: 100, Price: 800, ValidFrom: "2026-01-01"},
	})
	must(t, err)
	return &list
}

// cost is what the letters of these tests cost: a cover and a page on two sheets, or on one.
func (s *stage) cost(t *testing.T, id string) money.Ore {
	t.Helper()
	q, err := s.engine.Quote(s.ctx, s.shipment(t, id))
	must(t, err)
	return q.Quote.Net()
}

// TestGuard: what is above a cap waits for a person, the oldest letter goes first, and one alarm stands for all that waits.
func TestGuard(t *testing.T) {
	t.Parallel()
	prices := letterPrices(t)
	probe := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = prices })
	each := probe.cost(t, probe.accepted(t, "a", newLetter("En")))
	for name, guard := range map[string]collect.Guard{
		"day":         {Day: 2 * each},
		"account":     {Account: 2 * each},
		"own account": {Account: 1, Accounts: map[string]money.Ore{"skatt": 2*each + each/2}},
		"code":        {Code: 2 * each},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices, c.Guard = prices, guard })
			var ids []string
			for _, key := range []string{"c", "b", "a"} {
				ids = append(ids, s.accepted(t, key, newLetter(key)))
				s.clock.add(time.Minute)
			}
			plan, err := s.engine.PlanNight(s.ctx)
			must(t, err)
			if plan.Letters != 2 || plan.Net != 2*each || len(plan.KeptBack) != 1 || plan.KeptBack[0].Letters != 1 || plan.Totals[0].Production+plan.Totals[0].Postage != 2*each {
				t.Errorf("the plan: %+v", plan)
			}
			s.wantJobs(t, "")
			if s.shipment(t, ids[2]).Hold != "" {
				t.Error("a plan has set a letter aside")
			}
			s.night(t)
			s.night(t)
			s.wantAtVendor(t, ids[0], ids[1])
			if h := s.shipment(t, ids[2]).Hold; h != shipment.HoldCost {
				t.Errorf("the youngest letter is set aside for %q", h)
			}
			if h := s.history(t, ids[2]); !strings.Contains(h, "kostnad: kr ") || !strings.Contains(h, " taket er kr ") {
				t.Errorf("the youngest letter's history: %s", h)
			}
			s.watch(t)
			s.wantAlarms(t, "guard:"+shipment.HoldCost)
			kept, err := s.engine.KeptBack(s.ctx)
			must(t, err)
			if len(kept) != 1 || kept[0].Shipment != ids[2] || kept[0].Quote.Net() != each {
				t.Fatalf("kept back: %+v", kept)
			}
			if _, err := s.engine.ApproveCost(s.ctx, ids[2:], " "); err == nil {
				t.Error("approved without a reason")
			}
			n, err := s.engine.ApproveCost(s.ctx, ids, "riktig liste")
			must(t, err)
			if n != 1 {
				t.Errorf("%d letters approved", n)
			}
			s.wantAlarms(t)
			s.night(t)
			s.wantAtVendor(t, ids[0], ids[1], ids[2])
			if h := s.history(t, ids[2]); !strings.Contains(h, "riktig liste") {
				t.Errorf("the history does not say why it was approved:\n%s", h)
			}
			// The caps are a day's.
			s.clock.add(24 * time.Hour)
			next := s.accepted(t, "d", newLetter("d"))
			s.night(t)
			s.wantAtVendor(t, ids[0], ids[1], ids[2], next)
		})
	}
}

// TestGuardWithoutPrice: a letter whose cost is not known is kept back while anything is capped, until it is approved.
// Releasing is no way round the guard.
func TestGuardWithoutPrice(t *testing.T) {
	t.Parallel()
	list, err := price.NewList(slices.DeleteFunc(letterPrices(t).Prices(), func(p price.Price) bool { return p.Element == price.ElementPostage }))
	must(t, err)
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices, c.Guard = &list, collect.Guard{Day: 1_000_000} })
	id := s.accepted(t, "a", newLetter("En"))
	plan, err := s.engine.PlanNight(s.ctx)
	must(t, err)
	if plan.Letters != 0 || len(plan.KeptBack) != 1 || plan.KeptBack[0].Unpriced != 1 {
		t.Errorf("the plan: %+v", plan)
	}
	s.night(t)
	s.wantJobs(t, "")
	s.watch(t)
	s.wantAlarms(t, "guard:"+shipment.HoldCost)
	if err := s.engine.Release(s.ctx, id, "rettet"); !errors.Is(err, step.ErrKeptBack) {
		t.Fatalf("releasing what the guard keeps back: %v", err)
	}
	if n, err := s.engine.ApproveCost(s.ctx, []string{id}, "prisen er avtalt"); err != nil || n != 1 {
		t.Fatalf("approved %d: %v", n, err)
	}
	s.night(t)
	s.watch(t)
	s.wantAtVendor(t, id)
	s.wantAlarms(t)
	job := s.onlyJob(t)
	if l := s.letters(t, job.ID); l[0].Expected != nil {
		t.Errorf("a cost that is not known is kept as %+v", l[0].Expected)
	}
}

// TestGuardCutShort: the process dies at every step of a night that keeps letters back, and the sum of what goes stays
// below the cap.
func TestGuardCutShort(t *testing.T) {
	t.Parallel()
	prices := letterPrices(t)
	probe := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = prices })
	each := probe.cost(t, probe.accepted(t, "a", newLetter("En")))
	for _, step := range []string{"collect: kept back", "collect: job planned", "compose: files stored"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices, c.Guard = prices, collect.Guard{Day: 2 * each} })
			expected := map[string]bool{}
			for _, key := range []string{"a", "b", "c", "d"} {
				id := s.accepted(t, key, newLetter(key))
				s.clock.add(time.Minute)
				expected[id] = len(expected) < 2
			}
			s.dieAt(step, 1)
			if !s.survive(t, func() { s.night(t) }) {
				t.Fatal("the process did not die")
			}
			s.restart(t)
			s.reconcile(t)
			s.work(t)
			s.night(t)
			var went []string
			for _, id := range slices.Sorted(maps.Keys(expected)) {
				if expected[id] {
					went = append(went, id)
				} else if h := s.shipment(t, id).Hold; h != shipment.HoldCost {
					t.Errorf("%s is set aside for %q", id, h)
				}
			}
			s.wantAtVendor(t, went...)
		})
	}
}
