package engine

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// A schedule's rule for holidays, on a nightly and on a monthly run. 17 May 2027 is a Monday; Easter 2027 is 25 to 29
// March, Thursday to Monday.
func TestOnHoliday(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, shipment.Oslo)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name, spec, from string
		rule             OnHoliday
		want             []string
	}{
		{"run", "0 21 * * 1-5", "2027-05-14 21:00", HolidayRun, []string{"2027-05-17 21:00", "2027-05-18 21:00"}},
		{"unset", "0 21 * * 1-5", "2027-05-14 21:00", "", []string{"2027-05-17 21:00", "2027-05-18 21:00"}},
		{"skip", "0 21 * * 1-5", "2027-05-14 21:00", HolidaySkip, []string{"2027-05-18 21:00", "2027-05-19 21:00"}},
		{"a moved night is the next one", "0 21 * * 1-5", "2027-05-14 21:00", HolidayNext, []string{"2027-05-18 21:00", "2027-05-19 21:00"}},
		{"moved over Easter", "0 8 25 * *", "2027-03-01 00:00", HolidayNext, []string{"2027-03-30 08:00", "2027-04-25 08:00"}},
		{"moved before Easter", "0 8 28 * *", "2027-03-01 00:00", HolidayPrevious, []string{"2027-03-24 08:00", "2027-04-28 08:00"}},
		{"begun between the day and where it went", "0 8 25 * *", "2027-03-27 12:00", HolidayNext, []string{"2027-03-30 08:00"}},
		{"begun after where it went", "0 8 28 * *", "2027-03-24 08:00", HolidayPrevious, []string{"2027-04-28 08:00"}},
		{"new year", "0 7 1 1 *", "2026-12-01 00:00", HolidayNext, []string{"2027-01-04 07:00", "2028-01-03 07:00"}},
		{"31 December is a working day here", "0 7 1 1 *", "2026-12-01 00:00", HolidayPrevious, []string{"2026-12-31 07:00", "2027-12-31 07:00"}},
		{"a Sunday that is no holiday", "0 21 * * 0", "2026-11-28 00:00", HolidaySkip, []string{"2026-11-29 21:00"}},
	} {
		s, err := NewSchedule("x", c.spec, true)
		if err == nil {
			s, err = s.On(c.rule)
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		next := at(c.from)
		for range c.want {
			next = s.Next(next)
			got = append(got, next.In(shipment.Oslo).Format("2006-01-02 15:04"))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	never, err := NewSchedule("x", "0 8 25 12 *", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := never.On(HolidaySkip); err == nil {
		t.Error("a schedule that only comes on a holiday is never skipped to anything")
	}
	if _, err := never.On("tomorrow"); err == nil {
		t.Error("there is no such rule")
	}
}

// Whatever the rule, times go forward, none but those of HolidayRun is on a holiday, and asking from any moment in between
// gives the same ones.
func TestHolidayOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := rapid.SampledFrom([]string{"0 21 * * 1-5", "30 2 * * *", "0 7 1 * *", "0 8 24-28 * *", "15 6,18 * * *"}).Draw(t, "spec")
		rule := rapid.SampledFrom([]OnHoliday{HolidaySkip, HolidayNext, HolidayPrevious}).Draw(t, "rule")
		s, err := NewSchedule("x", spec, true)
		if err == nil {
			s, err = s.On(rule)
		}
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 3*365*24*60).Draw(t, "minute")) * time.Minute)
		for range 4 {
			next := s.Next(from)
			if !next.After(from) || shipment.IsHoliday(shipment.DayOf(next)) {
				t.Fatalf("after %v comes %v", from, next)
			}
			between := from.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(from))-1).Draw(t, "between")))
			if again := s.Next(between); !again.Equal(next) {
				t.Fatalf("after %v comes %v, after %v %v", from, next, between, again)
			}
			from = next
		}
	})
}

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
