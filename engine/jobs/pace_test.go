package jobs

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/store"
)

// Jobs offered as rateWait says keep the limit in every period, but for one that alone is above it; and none waits longer
// than a period.
func TestRateWait(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 50).Draw(t, "limit")
		period := time.Duration(rapid.IntRange(1, 24).Draw(t, "hours")) * time.Hour
		now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		var offered []store.PrintJob
		for range rapid.IntRange(1, 30).Draw(t, "jobs") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
			n := rapid.IntRange(1, 60).Draw(t, "letters")
			for tries := 0; ; tries++ {
				wait := rateWait(limit, period, offered, n, now)
				if wait == 0 {
					break
				}
				if wait < 0 || wait > period || tries > 0 {
					t.Fatalf("waits %v after %d waits", wait, tries)
				}
				now = now.Add(wait)
			}
			offered = append(offered, store.PrintJob{Letters: n, OfferedAt: now})
		}
		for i, last := range offered {
			sum, jobs := 0, 0
			for _, j := range offered[:i+1] {
				if j.OfferedAt.After(last.OfferedAt.Add(-period)) {
					sum, jobs = sum+j.Letters, jobs+1
				}
			}
			if sum > limit && jobs > 1 {
				t.Fatalf("%d letters in %d jobs within %v, the limit is %d", sum, jobs, period, limit)
			}
		}
		if rateWait(0, period, offered, 1000, now) != 0 {
			t.Fatal("no limit waits")
		}
	})
}
