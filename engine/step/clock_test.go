package step

import (
	"testing"
	"time"
)

// TestClockSeen: a clock that goes back is noticed, told for three days, and then begins anew.
func TestClockSeen(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time {
		return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC).Add(time.Duration(h) * time.Hour)
	}
	var c ClockSeen
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
