package shipment

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/calendar"
)

func inOslo(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, calendar.Oslo)
	if err != nil {
		at, err = time.ParseInLocation("2006-01-02 15:04", text, calendar.Oslo)
	}
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestDeadlineVectors holds examples worked out by hand, round weekends, holidays and the end of the year
// (docs/sources.md, Deadline).
func TestDeadlineVectors(t *testing.T) {
	t.Parallel()
	for _, v := range [][2]string{
		{"2026-01-05 08:00", "2026-01-07 00:00"},
		{"2026-01-09 14:00", "2026-01-13 06:00"},
		{"2026-01-10 12:00", "2026-01-13 16:00"},
		{"2026-04-01 15:00", "2026-04-08 07:00"}, // before Easter
		{"2025-12-23 16:00", "2025-12-29 08:00"}, // 24 December counts
		{"2026-05-13 10:00", "2026-05-18 02:00"}, // Ascension
		{"2027-05-14 12:00", "2027-05-19 04:00"}, // 17 May is Whit Monday
		{"2026-12-30 23:30", "2027-01-04 15:30"}, // 31 December counts
	} {
		got := Deadline(inOslo(t, v[0]), DefaultRules())
		if want := inOslo(t, v[1]); !got.Equal(want) {
			t.Errorf("notified %s: due %s, want %s", v[0], got.In(calendar.Oslo).Format("2006-01-02 15:04"), v[1])
		}
		if got.Location() != time.UTC {
			t.Errorf("deadline in %v, want UTC", got.Location())
		}
	}
}

func TestDeadlineSettings(t *testing.T) {
	t.Parallel()
	eve, newYear := DefaultRules(), DefaultRules()
	eve.Count24Dec, newYear.Count31Dec = false, false
	days := Rules{DeadlineWorkdays: 2, DeadlineHours: 40, Count24Dec: true, Count31Dec: true}
	for _, tc := range []struct {
		name, notified, want string
		rules                Rules
	}{
		{"24 December does not count", "2025-12-23 16:00", "2025-12-30 08:00", eve},
		{"31 December does not count", "2026-12-30 23:30", "2027-01-05 15:30", newYear},
		{"hours end with Friday", "2026-01-08 08:00", "2026-01-10 00:00", DefaultRules()},
		{"two virkedager from Monday", "2026-01-05 08:00", "2026-01-08 00:00", days},
		{"two virkedager from a minute to midnight", "2026-01-05 23:59", "2026-01-08 00:00", days},
		{"two virkedager from Saturday", "2026-01-10 12:00", "2026-01-14 00:00", days},
		{"two virkedager over Easter", "2026-04-01 15:00", "2026-04-09 00:00", days},
		{"no deadline", "2026-01-10 12:00", "2026-01-10 12:00", Rules{}},
		{"over the spring change", "2026-03-27 20:00", "2026-03-31 12:00", DefaultRules()},
		{"over the autumn change", "2026-10-23 20:00", "2026-10-27 12:00", DefaultRules()},
		{"in the hour that there is twice", "2026-10-25 02:30", "2026-10-27 16:00", DefaultRules()},
	} {
		if got := Deadline(inOslo(t, tc.notified), tc.rules); !got.Equal(inOslo(t, tc.want)) {
			t.Errorf("%s: due %s, want %s", tc.name, got.In(calendar.Oslo).Format("2006-01-02 15:04"), tc.want)
		}
	}
}

// stepwise is an independent deadline: it lets a clock run second by second near the ends and hour by hour between, in
// UTC, and looks at each step whether the Norwegian day counts.
func stepwise(notified time.Time, r Rules) time.Time {
	counts := func(at time.Time) bool {
		local := at.In(calendar.Oslo)
		y, m, d := local.Date()
		if wd := local.Weekday(); wd == time.Saturday || wd == time.Sunday {
			return false
		}
		switch {
		case m == 1 && d == 1, m == 5 && (d == 1 || d == 17), m == 12 && (d == 25 || d == 26):
			return false
		case m == 12 && d == 24:
			return r.Count24Dec
		case m == 12 && d == 31:
			return r.Count31Dec
		}
		e := easter(y)
		days := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(time.Date(e.Year, e.Month, e.Day, 0, 0, 0, 0, time.UTC)).Hours() / 24)
		switch days {
		case -3, -2, 0, 1, 39, 49, 50:
			return false
		}
		return true
	}
	left := time.Duration(r.DeadlineHours) * time.Hour
	at := notified.UTC()
	for left > 0 {
		step := time.Hour
		if off := time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second; off != 0 {
			step = time.Hour - off // to the full hour, so that no step crosses midnight
		}
		if !counts(at) {
			at = at.Add(step)
			continue
		}
		step = min(step, left)
		at, left = at.Add(step), left-step
	}
	return at
}

func TestDeadlineAgreesWithAClock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
		end := time.Date(2100, 12, 20, 0, 0, 0, 0, time.UTC).Unix()
		at := time.Unix(rapid.Int64Range(start, end).Draw(rt, "notified"), 0)
		r := Rules{
			DeadlineHours: rapid.IntRange(0, 200).Draw(rt, "hours"),
			Count24Dec:    rapid.Bool().Draw(rt, "24 December"), Count31Dec: rapid.Bool().Draw(rt, "31 December"),
		}
		if got, want := Deadline(at, r), stepwise(at, r); !got.Equal(want) {
			rt.Fatalf("notified %v, %+v: %v, a clock says %v", at.In(calendar.Oslo), r, got.In(calendar.Oslo), want.In(calendar.Oslo))
		}
	})
}

// TestDeadlineEveryDay goes through every day of the century, and every hour of the days on which clocks change.
func TestDeadlineEveryDay(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	for d := (calendar.Day{Year: 2000, Month: 1, Day: 1}); d.Year <= 2100; d = d.Add(1) {
		at := d.Start().Add(13*time.Hour + 7*time.Minute + 3*time.Second)
		if got, want := Deadline(at, r), stepwise(at, r); !got.Equal(want) {
			t.Fatalf("notified %v: %v, a clock says %v", at, got.In(calendar.Oslo), want.In(calendar.Oslo))
		}
		if d.Add(1).Start().Sub(d.Start()) == 24*time.Hour {
			continue
		}
		for at := d.Start().Add(-48 * time.Hour); at.Before(d.Start().Add(48 * time.Hour)); at = at.Add(time.Hour) {
			if got, want := Deadline(at, r), stepwise(at, r); !got.Equal(want) {
				t.Fatalf("notified %v: %v, a clock says %v", at, got.In(calendar.Oslo), want.In(calendar.Oslo))
			}
		}
	}
}

// TestDeadlineGrows: who is notified later is never due earlier, in either mode.
func TestDeadlineGrows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		at := time.Unix(rapid.Int64Range(946684800, 4133980800).Draw(rt, "notified"), 0)
		later := at.Add(time.Duration(rapid.Int64Range(0, 1_000_000).Draw(rt, "later")) * time.Second)
		r := Rules{DeadlineHours: rapid.IntRange(0, 100).Draw(rt, "hours"), DeadlineWorkdays: rapid.IntRange(0, 5).Draw(rt, "days")}
		a, b := Deadline(at, r), Deadline(later, r)
		if b.Before(a) || a.Before(at) {
			rt.Fatalf("%v → %v, but %v → %v", at, a, later, b)
		}
	})
}

// easter is Easter Sunday by the Gregorian reckoning of Gauss in the form of Meeus, Jones and Butcher: independent of
// the calendar library.
func easter(year int) calendar.Day {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return calendar.Day{Year: year, Month: time.Month(n / 31), Day: n%31 + 1}
}
