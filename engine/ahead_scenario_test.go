package engine_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/engine"
	"postgang/engine/collect"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

func (s *stage) ahead(t *testing.T, night time.Time, want ...collect.AheadOf) collect.Ahead {
	t.Helper()
	got, err := s.engine.Ahead(s.ctx, night)
	must(t, err)
	if len(got.Accounts) != len(want) {
		t.Fatalf("ahead: %+v, want %+v", got, want)
	}
	for i, w := range want {
		a := got.Accounts[i]
		if a.Account != w.Account || a.Vendor != w.Vendor || a.Letters != w.Letters || a.Figured != w.Figured || a.Sheets != w.Sheets || a.Postage != w.Postage || a.Unpriced != w.Unpriced || len(a.Behind) != len(w.Behind) || len(a.Aside) != len(w.Aside) {
			t.Errorf("ahead: %+v, want %+v", a, w)
		}
		for _, held := range [][2]map[string]int{{a.Behind, w.Behind}, {a.Aside, w.Aside}} {
			for code, n := range held[1] {
				if held[0][code] != n {
					t.Errorf("%d stay for %s, want %d", held[0][code], code, n)
				}
			}
		}
	}
	return got
}

// TestAhead: what becomes due until the night is counted before, as the night then collects it; what is read, set aside or due later stays.
func TestAhead(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = letterPrices(t) })
	s.ahead(t, s.clock.now())
	_, held := s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To"))
	must(t, s.engine.Hold(s.ctx, held, shipment.Refusal{Code: "oppsett"}))
	unread, read := s.accepted(t, "ccc", newLetter("Tre").digital()), s.accepted(t, "dddd", newLetter("Fire").digital())
	s.event(t, unread, shipment.DigitalNotified)
	s.event(t, read, shipment.DigitalNotified)
	deadline := s.shipment(t, unread).DueAt
	if !deadline.After(s.clock.now()) {
		t.Fatalf("due at %v", deadline)
	}
	one := collect.AheadOf{Account: konto, Vendor: "trykk", Letters: 1, Figured: 1, Sheets: 2, Postage: 800, Behind: map[string]int{"oppsett": 1}}
	s.ahead(t, deadline.Add(-time.Millisecond), one)
	three := one
	three.Letters, three.Figured, three.Sheets, three.Postage = 3, 3, 6, 2400
	s.ahead(t, deadline, three)
	s.read(t, read)
	two := one
	two.Letters, two.Figured, two.Sheets, two.Postage = 2, 2, 4, 1600
	s.ahead(t, deadline, two)

	s.clock.set(deadline)
	plan, err := s.engine.PlanNight(s.ctx)
	must(t, err)
	if plan.Letters != 2 || plan.Totals[0].Postage != 1600 || plan.Jobs[0].Sheets != 4 {
		t.Errorf("a night then: %+v", plan)
	}
	if out := s.collect(t); out.Letters != 2 {
		t.Errorf("collected %d", out.Letters)
	}
	one.Letters, one.Figured, one.Sheets, one.Postage = 0, 0, 0, 0
	s.ahead(t, deadline, one)
}

// TestAheadByHand: what cannot be printed by hand stays behind, and so does what is too old; without prices postage is not known.
func TestAheadByHand(t *testing.T) {
	t.Parallel()
	s := setup(t, here)
	s.accepted(t, "a", newLetter("Fire").with("krevNiva4Innlogging", true))
	s.accepted(t, "b", newLetter("En"))
	want := collect.AheadOf{Account: konto, Vendor: "her", Letters: 1, Figured: 1, Sheets: 2, Unpriced: 1, Aside: map[string]int{shipment.HoldLevel4: 1}}
	s.ahead(t, s.clock.now(), want)
	s.ahead(t, s.clock.now().Add(1000*24*time.Hour), collect.AheadOf{Account: konto, Vendor: "her", Aside: map[string]int{shipment.HoldWindow: 2}})
}

// TestAheadOfMany: of many letters, sheets and postage are estimated from some of them.
func TestAheadOfMany(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) {
		c.Vendors[0].Prices = letterPrices(t)
		small := c.Accounts[0]
		small.Key = "barnehage"
		c.Accounts = append(c.Accounts, small)
	})
	like := s.shipment(t, s.accepted(t, "a", newLetter("En")))
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error {
		for i := range 1999 {
			one := like
			one.ID, one.Account = uuid.NewString(), konto
			if one.HandIn = one.ID; i >= 1974 {
				one.Account = "barnehage"
			}
			if err := tx.InsertShipment(s.ctx, one, nil); err != nil {
				return err
			}
		}
		return nil
	}))
	got, err := s.engine.Ahead(s.ctx, s.clock.now())
	must(t, err)
	if !got.Estimated || len(got.Accounts) != 2 {
		t.Fatalf("ahead: %+v", got)
	}
	small, large := got.Accounts[0], got.Accounts[1]
	if small.Account != "barnehage" || small.Letters != 25 || small.Figured != 0 || small.Sheets != 0 || small.Postage != 0 {
		t.Errorf("too few of them were looked at: %+v", small)
	}
	if large.Letters != 1975 || large.Figured < 950 || large.Figured > 1000 || large.Sheets != 3950 || large.Postage != 1975*800 {
		t.Errorf("many: %+v", large)
	}
}

func TestNextNight(t *testing.T) {
	t.Parallel()
	if at, planned := nights.NextNight(nil, tuesday); planned || !at.Equal(time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("none is planned: %v %v", at, planned)
	}
	night, err := nights.NewSchedule(nights.ScheduleNight, "0 21 * * *", true)
	must(t, err)
	if at, planned := nights.NextNight([]nights.Schedule{night}, tuesday); !planned || !at.Equal(time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)) {
		t.Errorf("at 21: %v %v", at, planned)
	}
}
