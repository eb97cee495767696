package calendar

import (
	"testing"
	"time"
)

// easter is Easter Sunday by the Gregorian reckoning of Gauss in the form of Meeus, Jones and Butcher: independent of
// the calendar library.
func easter(year int) Day {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return Day{year, time.Month(n / 31), n%31 + 1}
}

func TestEasterOfKnownYears(t *testing.T) {
	t.Parallel()
	for _, want := range []Day{
		{2025, 4, 20}, {2026, 4, 5}, {2027, 3, 28}, {2028, 4, 16}, {2029, 4, 1}, {2030, 4, 21}, {2032, 3, 28}, {2076, 4, 19},
	} {
		if got := easter(want.Year); got != want {
			t.Errorf("easter of %d: %v, want %v", want.Year, got, want)
		}
	}
}

func TestHolidays(t *testing.T) {
	t.Parallel()
	for year := 2000; year <= 2100; year++ {
		want := map[Day]bool{
			{year, 1, 1}: true, {year, 5, 1}: true, {year, 5, 17}: true, {year, 12, 25}: true, {year, 12, 26}: true,
		}
		for _, offset := range []int{-3, -2, 0, 1, 39, 49, 50} {
			want[easter(year).Add(offset)] = true
		}
		for d := (Day{year, 1, 1}); d.Year == year; d = d.Add(1) {
			if IsHoliday(d) != want[d] {
				t.Errorf("%v: holiday %v, want %v", d, IsHoliday(d), want[d])
			}
			all := Calendar{Count24Dec: true, Count31Dec: true}
			weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
			if got := all.IsVirkedag(d); got != (!weekend && !want[d]) {
				t.Errorf("%v %v: virkedag %v", d.Weekday(), d, got)
			}
		}
	}
}

func TestVirkedag(t *testing.T) {
	t.Parallel()
	all := Calendar{Count24Dec: true, Count31Dec: true}
	for _, tc := range []struct {
		day  Day
		cal  Calendar
		want bool
	}{
		{Day{2026, 1, 5}, all, true},
		{Day{2026, 1, 10}, all, false}, // Saturday
		{Day{2026, 3, 29}, all, false}, // Palm Sunday
		{Day{2026, 4, 4}, all, false},  // påskeaften, a Saturday
		{Day{2026, 4, 2}, all, false},  // skjærtorsdag
		{Day{2027, 5, 17}, all, false}, // 17 May and Whit Monday at once
		{Day{2025, 12, 24}, all, true},
		{Day{2025, 12, 24}, Calendar{Count31Dec: true}, false},
		{Day{2025, 12, 31}, Calendar{Count31Dec: true}, true},
		{Day{2025, 12, 31}, Calendar{Count24Dec: true}, false},
		{Day{2026, 5, 15}, all, true}, // the day after Ascension
	} {
		if got := tc.cal.IsVirkedag(tc.day); got != tc.want {
			t.Errorf("%v with %+v: %v", tc.day, tc.cal, got)
		}
	}
}

func TestVirkedagerCounted(t *testing.T) {
	t.Parallel()
	c := Calendar{Count24Dec: true, Count31Dec: true}
	easterWeek := Day{2026, 4, 1}
	if got, want := c.AddVirkedager(easterWeek, 2), (Day{2026, 4, 8}); got != want {
		t.Errorf("two virkedager after %v: %v, want %v", easterWeek, got, want)
	}
	for n := 0; n < 300; n++ {
		to := c.AddVirkedager(easterWeek, n)
		if got := c.VirkedagerSince(easterWeek, to); got != n {
			t.Fatalf("%d virkedager on, %v: counted back %d", n, to, got)
		}
	}
	if got := c.VirkedagerSince(Day{2026, 4, 8}, easterWeek); got != 0 {
		t.Errorf("backwards: %d", got)
	}
}

func TestDayOfIsOslos(t *testing.T) {
	t.Parallel()
	for utc, want := range map[string]Day{
		"2026-01-31T22:59:59Z": {2026, 1, 31},
		"2026-01-31T23:00:00Z": {2026, 2, 1}, // winter: +01
		"2026-07-31T21:59:59Z": {2026, 7, 31},
		"2026-07-31T22:00:00Z": {2026, 8, 1}, // summer: +02
	} {
		at, err := time.Parse(time.RFC3339, utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := DayOf(at); got != want {
			t.Errorf("%s is %v in Norway, want %v", utc, got, want)
		}
	}
	if got := (Day{2026, 3, 29}).Add(1).Start().Sub(Day{2026, 3, 29}.Start()); got != 23*time.Hour {
		t.Errorf("the day of the spring change has %v", got)
	}
}
