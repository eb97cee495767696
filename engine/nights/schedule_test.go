package nights

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/calendar"
)

// A schedule's rule for holidays, on a nightly and on a monthly run. 17 May 2027 is a Monday; Easter 2027 is 25 to 29
// March, Thursday to Monday.
func TestOnHoliday(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Oslo)
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
			got = append(got, next.In(calendar.Oslo).Format("2006-01-02 15:04"))
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
			if !next.After(from) || calendar.IsHoliday(calendar.DayOf(next)) {
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

func osloTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Oslo)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestScheduleOnTheNightsWhenClocksChange(t *testing.T) {
	t.Parallel()
	at := func(rfc string) time.Time {
		v, err := time.Parse(time.RFC3339, rfc)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		spec, after string
		want        []string
	}{
		// Spring 2027-03-28: 02:00 becomes 03:00. 02:30 does not exist; the run comes when the gap is over.
		{"30 2 * * *", "2027-03-27T12:00:00+01:00", []string{"2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"}},
		{"0 2 * * *", "2027-03-27T12:00:00+01:00", []string{"2027-03-28T03:00:00+02:00", "2027-03-29T02:00:00+02:00"}},
		{"0 3 * * *", "2027-03-27T12:00:00+01:00", []string{"2027-03-28T03:00:00+02:00", "2027-03-29T03:00:00+02:00"}},
		// Autumn 2026-10-25: 03:00 becomes 02:00. 02:30 exists twice; the first is the run.
		{"30 2 * * *", "2026-10-24T12:00:00+02:00", []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"30 2 * * *", "2026-10-25T02:30:00+02:00", []string{"2026-10-26T02:30:00+01:00"}},
		{"30 2 * * *", "2026-10-25T02:15:00+01:00", []string{"2026-10-26T02:30:00+01:00"}},
		{"15 3 * * *", "2026-10-25T02:50:00+01:00", []string{"2026-10-25T03:15:00+01:00"}},
		{"0 21 * * 1-5", "2026-11-20T21:00:00+01:00", []string{"2026-11-23T21:00:00+01:00"}},
	} {
		s, err := NewSchedule("test", c.spec, true)
		if err != nil {
			t.Fatal(err)
		}
		from := at(c.after)
		for _, w := range c.want {
			got := s.Next(from)
			if !got.Equal(at(w)) {
				t.Errorf("%s after %s: got %s, want %s", c.spec, from, got.In(calendar.Oslo), w)
			}
			from = got
		}
	}
}

func TestScheduleRunsOncePerWallClockTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		hour, minute := rapid.IntRange(0, 23).Draw(rt, "hour"), rapid.IntRange(0, 59).Draw(rt, "minute")
		s, err := NewSchedule("test", time.Date(0, 1, 1, hour, minute, 0, 0, time.UTC).Format("4 15")+" * * *", true)
		if err != nil {
			rt.Fatal(err)
		}
		start := time.Date(rapid.IntRange(2000, 2090).Draw(rt, "year"), time.Month(rapid.SampledFrom([]int{3, 10}).Draw(rt, "month")), 20, 12, 0, 0, 0, calendar.Oslo)
		days := map[string]int{}
		n := 0
		for at := s.Next(start); !at.After(start.AddDate(0, 0, 14)); at = s.Next(at) { // (start, end], as Missed counts
			days[at.In(calendar.Oslo).Format("2006-01-02")]++
			n++
		}
		if n != 14 || len(days) != 14 {
			rt.Fatalf("%02d:%02d: %d runs on %d days, want 14 on 14: %v", hour, minute, n, len(days), days)
		}
	})
}

func TestScheduleRefuses(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"", "0 0 30 2 *", "@every 5m", "61 * * * *", "* * * *", "CRON_TZ=Nowhere 0 1 * * *"} {
		if _, err := NewSchedule("test", spec, true); err == nil {
			t.Errorf("%q was accepted", spec)
		}
	}
}

func TestMissedKeepsTheNewest(t *testing.T) {
	t.Parallel()
	s, err := NewSchedule("test", "0 21 * * *", true)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Missed(osloTime(t, "2026-11-01 21:00"), osloTime(t, "2026-11-05 21:00"), 2)
	if len(got) != 2 || !got[0].Equal(osloTime(t, "2026-11-04 21:00")) || !got[1].Equal(osloTime(t, "2026-11-05 21:00")) {
		t.Fatalf("got %v", got)
	}
}
