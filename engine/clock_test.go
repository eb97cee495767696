package engine

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/shipment"
)

// TestClockSeen: a clock that goes back is noticed, told for three days, and then begins anew.
func TestClockSeen(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time {
		return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC).Add(time.Duration(h) * time.Hour)
	}
	var c clockSeen
	for _, step := range []struct {
		now     time.Time
		latest  time.Time
		noticed time.Time
	}{
		{at(0), at(0), time.Time{}},
		{at(1), at(1), time.Time{}},
		{at(1).Add(-5 * time.Minute), at(1), time.Time{}}, // put right by minutes
		{at(100), at(100), time.Time{}},                   // nobody knows whether this is ahead
		{at(2), at(100), at(2)},
		{at(30), at(100), at(2)},
		{at(1), at(100), at(1)}, // back once more
		{at(73), at(100), at(1)},
		{at(74), at(74), time.Time{}},
		{at(80), at(80), time.Time{}},
	} {
		c = c.at(step.now)
		if !c.Latest.Equal(step.latest) || !c.Noticed.Equal(step.noticed) {
			t.Errorf("at %v: %+v", step.now, c)
		}
	}
}

// TestOverdueSince: a letter is overdue when two whole virkedager have passed since the day on which it was due, and not before.
func TestOverdueSince(t *testing.T) {
	t.Parallel()
	for now, want := range map[string]string{
		"2026-11-26 00:00": "2026-11-23 23:59", // Thursday: Monday's
		"2026-11-25 23:59": "2026-11-22 23:59", // Wednesday: Sunday's
		"2026-12-01 10:00": "2026-11-26 23:59", // Tuesday: Thursday's; Friday has had Monday alone
		"2026-04-07 12:00": "2026-03-30 23:59", // after Easter: Monday's of the week before
	} {
		if got := overdueSince(oslo(t, now)); got.In(shipment.Oslo).Format("2006-01-02 15:04") != want {
			t.Errorf("%s: %v, want %s", now, got.In(shipment.Oslo), want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, shipment.Oslo).Add(time.Duration(rapid.IntRange(0, 3*365*24).Draw(rt, "h")) * time.Hour)
		since := overdueSince(now)
		if again := overdueSince(now.Add(time.Hour)); again.Before(since) {
			rt.Fatalf("at %v: %v, an hour later %v", now, since, again)
		}
		if passed := (shipment.Calendar{}).AddVirkedager(shipment.DayOf(since), overdueAfter).Add(1).Start(); passed.After(now) {
			rt.Fatalf("at %v: due %v is not overdue before %v", now, since, passed)
		}
		if next := (shipment.Calendar{}).AddVirkedager(shipment.DayOf(since).Add(1), overdueAfter).Add(1).Start(); !next.After(now) {
			rt.Fatalf("at %v: what was due a day after %v is overdue too", now, since)
		}
	})
}
