package forecast

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/calendar"
)

func day(t testing.TB, iso string) calendar.Day {
	t.Helper()
	at, err := time.Parse("2006-01-02", iso)
	if err != nil {
		t.Fatal(err)
	}
	return calendar.Day{Year: at.Year(), Month: at.Month(), Day: at.Day()}
}

// at is the hour in which the clock shows so many hours of a day.
func at(d calendar.Day, hours int) time.Time { return clock(d, time.Duration(hours)*time.Hour) }

func arrival(account string, d calendar.Day, hours, letters int) Arrival {
	return Arrival{account, at(d, hours), letters}
}

// each makes arrivals of the virkedager from one day to another, without it.
func each(from, to calendar.Day, of func(d calendar.Day) []Arrival) (out []Arrival) {
	for d := from; d.Before(to); d = d.Add(1) {
		if (calendar.Calendar{}).IsVirkedag(d) {
			out = append(out, of(d)...)
		}
	}
	return out
}

// on makes arrivals on a day of the week.
func on(w time.Weekday, from, to calendar.Day, account string, hours, letters int) []Arrival {
	return each(from, to, func(d calendar.Day) []Arrival {
		if d.Weekday() != w {
			return nil
		}
		return []Arrival{arrival(account, d, hours, letters)}
	})
}

func TestOrdinary(t *testing.T) {
	t.Parallel()
	for iso, want := range map[string]bool{
		"2026-11-30": true,
		"2026-11-29": false, // Sunday
		"2026-04-02": false, // skjærtorsdag
		"2026-04-01": false, // the days before it
		"2026-03-30": false,
		"2026-03-27": true,  // the Friday before
		"2026-04-06": false, // 2. påskedag
		"2026-04-07": true,
		"2026-05-14": false, // Ascension, a Thursday …
		"2026-05-15": false, // … and the Friday after it
		"2026-05-13": true,
		"2026-05-18": true,  // 17 May is a Sunday
		"2022-05-17": false, // a Tuesday …
		"2022-05-16": false, // … and the Monday before it
		"2026-12-23": true,
		"2026-12-24": false,
		"2026-12-29": false,
		"2027-01-01": false,
		"2027-01-04": true,
		"2025-01-02": false, // the day after New Year
		"2025-01-03": true,
	} {
		if got := Ordinary(day(t, iso)); got != want {
			t.Errorf("%s is ordinary: %v", iso, got)
		}
	}
}

func TestWeekly(t *testing.T) {
	t.Parallel()
	d := day(t, "2026-11-30") // a Monday
	long := d.Add(-300)
	mondays := func(change func(i int, a *Arrival)) []Arrival { // the newest first
		list := on(time.Monday, long, d, "skole", 9, 200)
		slices.Reverse(list)
		for i := range list {
			if change != nil {
				change(i, &list[i])
			}
		}
		return list
	}
	for name, tc := range map[string]struct {
		history []Arrival
		want    *Usual // nil: nothing
	}{
		"a habit":           {mondays(nil), &Usual{Letters: 200, Enough: 20, By: at(d, 10), Late: at(d, 11)}},
		"nothing":           {nil, nil},
		"eight weeks":       {mondays(nil)[:8], &Usual{Letters: 200, Enough: 20, By: at(d, 10), Late: at(d, 11)}},
		"too young":         {mondays(nil)[:7], nil},
		"once without":      {mondays(func(i int, a *Arrival) { a.Letters *= min(i, 1) }), &Usual{Letters: 200, Enough: 20, By: at(d, 10), Late: at(d, 11)}},
		"twice without":     {mondays(func(i int, a *Arrival) { a.Letters *= min(i/2, 1) }), nil},
		"every second week": {mondays(func(i int, a *Arrival) { a.Letters *= i % 2 }), nil},
		"few letters":       {mondays(func(_ int, a *Arrival) { a.Letters = 19 }), nil},
		"a peak":            {mondays(func(i int, a *Arrival) { a.Letters += 90_000 * max(0, 1-i) }), &Usual{Letters: 200, Enough: 20, By: at(d, 10), Late: at(d, 11)}},
		"a peak alone":      {[]Arrival{arrival("skole", d.Add(-7), 9, 90_000)}, nil},
		"it has grown less": {mondays(func(i int, a *Arrival) { a.Letters = 20 + 100*i }), &Usual{Letters: 320, Enough: 32, By: at(d, 10), Late: at(d, 11)}},
		"once late":         {mondays(func(i int, a *Arrival) { a.Hour = a.Hour.Add(3 * time.Hour * time.Duration(max(0, 1-i))) }), &Usual{Letters: 200, Enough: 20, By: at(d, 13), Late: at(d, 16)}},
		"in the evening":    {mondays(func(_ int, a *Arrival) { a.Hour = at(calendar.DayOf(a.Hour), 22) }), nil}, // nobody can say until midnight that it has not come
		"other days":        {on(time.Tuesday, long, d, "skole", 9, 200), nil},
		"later arrivals":    {append(mondays(nil), arrival("skole", d, 1, 200), arrival("skole", d.Add(7), 1, 200)), &Usual{Letters: 200, Enough: 20, By: at(d, 10), Late: at(d, 11)}},
	} {
		got := On(d, tc.history)
		if tc.want == nil {
			if len(got) > 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		tc.want.Account, tc.want.Kind = "skole", Weekly
		if len(got) != 1 || got[0] != *tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, *tc.want)
		}
	}
}

// TestHolidays: on days that are not like others nothing is usual, and they are not what others are held against.
func TestHolidays(t *testing.T) {
	t.Parallel()
	daily := func(to calendar.Day, without func(d calendar.Day) bool) []Arrival {
		return each(to.Add(-120), to, func(d calendar.Day) []Arrival {
			if without(d) {
				return nil
			}
			return []Arrival{arrival("skole", d, 8, 100)}
		})
	}
	never := func(calendar.Day) bool { return false }
	for _, iso := range []string{"2026-05-17", "2026-05-14", "2026-05-15", "2026-04-01", "2026-12-28", "2026-11-28"} {
		if got := On(day(t, iso), daily(day(t, iso), never)); got != nil {
			t.Errorf("%s: %+v", iso, got)
		}
	}
	// Of the Thursdays before 2026-06-04, one is Ascension; and without it the habit is as good as before.
	d := day(t, "2026-06-04")
	if got := On(d, daily(d, func(d calendar.Day) bool { return d == day(t, "2026-05-28") })); len(got) != 1 || got[0].Letters != 100 {
		t.Errorf("after a holiday: %+v", got)
	}
	// Nothing in the days from Christmas to New Year.
	d = day(t, "2027-01-11")
	if got := On(d, daily(d, func(d calendar.Day) bool { return !Ordinary(d) })); len(got) != 1 {
		t.Errorf("after Christmas: %+v", got)
	}
}

// TestClockChanges: what comes at one time by the clock is expected at that time by the clock, and what comes at one time in UTC is not
// missed for the hour that the clock is changed by.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, iso := range []string{"2026-03-30", "2026-10-26"} { // the Mondays after summer time began, and ended
		d := day(t, iso)
		byClock := on(time.Monday, d.Add(-91), d, "skole", 9, 100)
		if got := On(d, byClock); iso == "2026-10-26" && (len(got) != 1 || !got[0].By.Equal(at(d, 10))) || iso == "2026-03-30" && got != nil {
			t.Errorf("%s: %+v", iso, got) // 30 March lies before Easter
		}
	}
	d := day(t, "2026-11-02")
	utc := on(time.Monday, d.Add(-91), d, "skole", 9, 100)
	for i := range utc {
		utc[i].Hour = time.Date(utc[i].Hour.Year(), utc[i].Hour.Month(), utc[i].Hour.Day(), 7, 0, 0, 0, time.UTC) // at 9 in summer, at 8 in winter
	}
	spring := day(t, "2026-04-13")
	winter := on(time.Monday, spring.Add(-98), spring, "skole", 9, 100) // at 8 in UTC
	got := On(spring, winter)
	if len(got) != 1 || Of(got, nil, at(spring, 10)) != nil {
		t.Errorf("at 10 it may still come at 8 in UTC: %+v", got)
	}
	if got := On(d, utc); len(got) != 1 || !got[0].By.Equal(at(d, 10)) {
		t.Errorf("of two times by the clock the later: %+v", got)
	}
	// What came at midnight belongs to the day that began.
	midnight := on(time.Monday, d.Add(-91), d, "skole", 0, 100)
	if got := On(d, midnight); len(got) != 1 || !got[0].By.Equal(at(d, 1)) {
		t.Errorf("at midnight: %+v", got)
	}
}

func TestMonthly(t *testing.T) {
	t.Parallel()
	// batches come on a day of the months from one to another, moved to the virkedag before.
	batches := func(from string, n, dom, letters int) (out []Arrival) {
		for i := range n {
			first := monthsOn(day(t, from), i)
			d := first.Add(min(dom, daysIn(first)) - 1)
			for !(calendar.Calendar{}).IsVirkedag(d) {
				d = d.Add(-1)
			}
			out = append(out, arrival("skatt", d, 12, letters))
		}
		return out
	}
	daily := func(from, to string, letters int) []Arrival {
		return each(day(t, from), day(t, to), func(d calendar.Day) []Arrival { return []Arrival{arrival("skatt", d, 9, letters)} })
	}
	missed := func(list []Arrival, iso string, hours int) []Missing {
		d := day(t, iso)
		return Of(On(d, list), slices.DeleteFunc(slices.Clone(list), func(a Arrival) bool { return calendar.DayOf(a.Hour) != d }), at(d, hours))
	}
	seven := batches("2026-04-01", 7, 20, 3000) // April to October: the last on Tuesday 20 October
	for name, tc := range map[string]struct {
		list []Arrival
		on   string
		at   int
		want int // letters; 0: nothing is missed
	}{
		"the day after":             {seven, "2026-11-23", 10, 3000},
		"too early in the day":      {seven, "2026-11-23", 9, 0},
		"its day":                   {seven, "2026-11-20", 23, 0},
		"a weekend":                 {seven, "2026-11-22", 12, 0},
		"two days later":            {seven, "2026-11-25", 12, 3000},
		"it is no habit any more":   {seven, "2026-11-26", 12, 0},
		"it came":                   {batches("2026-04-01", 8, 20, 3000), "2026-11-23", 12, 0},
		"it came early":             {append(slices.Clone(seven), arrival("skatt", day(t, "2026-11-16"), 9, 3000)), "2026-11-23", 12, 0},
		"it came in parts":          {append(slices.Clone(seven), arrival("skatt", day(t, "2026-11-19"), 9, 600), arrival("skatt", day(t, "2026-11-20"), 9, 600)), "2026-11-23", 12, 0},
		"it comes now":              {append(slices.Clone(seven), arrival("skatt", day(t, "2026-11-23"), 9, 1500)), "2026-11-23", 12, 0},
		"a little came":             {append(slices.Clone(seven), arrival("skatt", day(t, "2026-11-19"), 9, 5)), "2026-11-23", 12, 3000},
		"young":                     {batches("2026-06-01", 5, 20, 3000), "2026-11-23", 12, 0},
		"one month without":         {append(batches("2026-04-01", 3, 20, 3000), batches("2026-08-01", 3, 20, 3000)...), "2026-11-23", 12, 3000},
		"two months without":        {append(batches("2026-04-01", 2, 20, 3000), batches("2026-08-01", 3, 20, 3000)...), "2026-11-23", 12, 0},
		"with letters each day":     {append(daily("2026-03-01", "2026-11-24", 25), seven...), "2026-11-23", 12, 3025},
		"and large ones":            {append(daily("2026-03-01", "2026-11-24", 1000), seven...), "2026-11-23", 12, 0},
		"two in a month":            {append(batches("2026-04-01", 7, 5, 2000), seven...), "2026-11-23", 12, 0},
		"an extra one":              {append(slices.Clone(seven), arrival("skatt", day(t, "2026-09-01"), 9, 9000)), "2026-11-23", 12, 3000},
		"on any day":                {append(batches("2026-04-01", 3, 4, 3000), batches("2026-07-01", 4, 24, 3000)...), "2026-11-30", 12, 0},
		"the end of the month":      {batches("2026-03-01", 7, 31, 500), "2026-11-02", 12, 500},
		"and before it":             {batches("2026-03-01", 7, 31, 500), "2026-10-30", 23, 0},
		"as last year":              {batches("2025-10-01", 13, 20, 3000), "2026-11-23", 12, 3000},
		"not in this month, either": {append(batches("2025-05-01", 2, 20, 3000), batches("2025-08-01", 11, 20, 3000)...), "2026-07-21", 12, 0},
		"in this month, though":     {batches("2025-05-01", 14, 20, 3000), "2026-07-21", 12, 3000},
	} {
		got := missed(tc.list, tc.on, tc.at)
		switch {
		case tc.want == 0 && len(got) > 0:
			t.Errorf("%s: %+v", name, got)
		case tc.want > 0 && (len(got) != 1 || got[0].Letters != tc.want || got[0].Kind != Monthly):
			t.Errorf("%s: %+v, want %d letters", name, got, tc.want)
		}
	}
	u := On(day(t, "2026-11-23"), seven)
	if len(u) != 1 || u[0].First != day(t, "2026-11-18") || u[0].Last != day(t, "2026-11-20") || u[0].Enough != 1000 || !u[0].By.Equal(day(t, "2026-11-21").Start()) {
		t.Errorf("%+v", u)
	}
}

// TestOneOfAnAccount: who has both habits is told of once.
func TestOneOfAnAccount(t *testing.T) {
	t.Parallel()
	d := day(t, "2026-11-30")
	both := []Usual{
		{Account: "a", Kind: Weekly, Enough: 5, Late: at(d, 10)}, {Account: "a", Kind: Monthly, Enough: 50, Late: at(d, 10)},
		{Account: "b", Kind: Weekly, Enough: 5, Late: at(d, 12)}, {Account: "b", Kind: Monthly, Enough: 50, Late: at(d, 10)},
	}
	got := Of(both, nil, at(d, 11))
	if len(got) != 2 || got[0].Kind != Weekly || got[1].Kind != Monthly {
		t.Errorf("%+v", got)
	}
	got = Of(both, []Arrival{arrival("a", d, 3, 20), arrival("b", d.Add(-1), 3, 900)}, at(d, 12))
	if len(got) != 2 || got[0].Kind != Monthly || got[0].Came != 20 || got[1].Kind != Weekly || got[1].Came != 0 {
		t.Errorf("%+v", got)
	}
}

// anyDay draws an ordinary day.
func anyDay(t *rapid.T) calendar.Day {
	d := calendar.Day{Year: 2025, Month: time.January, Day: 6}.Add(rapid.IntRange(0, 1200).Draw(t, "day"))
	for !Ordinary(d) {
		d = d.Add(1)
	}
	return d
}

// anyHistory draws what some accounts handed in before a day.
func anyHistory(t *rapid.T, d calendar.Day) []Arrival {
	seed := rapid.Uint64().Draw(t, "seed")
	r := rand.New(rand.NewPCG(seed, 1))
	var out []Arrival
	for _, account := range []string{"a", "b", "c"} {
		from := rapid.IntRange(1, HistoryDays).Draw(t, "first day "+account)
		level, share, hours := rapid.IntRange(0, 300).Draw(t, "letters"), rapid.IntRange(0, 100).Draw(t, "of a hundred days"), rapid.IntRange(0, 22).Draw(t, "hour")
		out = append(out, each(d.Add(-from), d, func(on calendar.Day) []Arrival {
			if r.IntN(100) >= share {
				return nil
			}
			return []Arrival{arrival(account, on, hours+r.IntN(2), 1+r.IntN(level+1))}
		})...)
	}
	return out
}

// TestHabitsHold: laws that hold of whatever came.
func TestHabitsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDay(t)
		history := anyHistory(t, d)
		usual := On(d, history)

		shuffled := slices.Clone(history)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := On(d, shuffled); !slices.Equal(got, usual) {
			t.Fatalf("in another order: %+v, not %+v", got, usual)
		}
		// An account has its habits whatever others do.
		own := slices.DeleteFunc(slices.Clone(history), func(a Arrival) bool { return a.Account != "b" })
		if got, want := On(d, own), slices.DeleteFunc(slices.Clone(usual), func(u Usual) bool { return u.Account != "b" }); !slices.Equal(got, want) {
			t.Fatalf("alone: %+v, not %+v", got, want)
		}
		now := at(d, rapid.IntRange(0, 23).Draw(t, "now"))
		today := []Arrival{arrival("a", d, 0, rapid.IntRange(0, 400).Draw(t, "today"))}
		missing := Of(usual, today, now)
		for _, u := range usual {
			if u.Enough < 1 || u.Enough > u.Letters || u.Letters < smallest || !u.By.Before(u.Late) {
				t.Fatalf("%+v", u)
			}
		}
		for i, m := range missing {
			if i > 0 && missing[i-1].Account >= m.Account {
				t.Fatalf("twice: %+v", missing)
			}
			if now.Before(m.Late) || m.Came >= m.Enough || calendar.DayOf(m.Late) != d && m.Kind == Weekly {
				t.Fatalf("at %v: %+v", now, m)
			}
		}
		// More letters today never make anything missing, and as many as usual end it.
		more := append(slices.Clone(today), arrival("b", d, 1, rapid.IntRange(0, 400).Draw(t, "more")))
		for _, m := range Of(usual, more, now) {
			if !slices.ContainsFunc(missing, func(o Missing) bool { return o.Account == m.Account }) {
				t.Fatalf("%+v is missing since more came", m)
			}
		}
		all := slices.Clone(today)
		for _, u := range usual {
			all = append(all, Arrival{u.Account, d.Start().UTC(), u.Letters})
		}
		if got := Of(usual, all, now); len(got) > 0 {
			t.Fatalf("all came: %+v", got)
		}
		if got := Of(On(d, history), nil, d.Start()); slices.ContainsFunc(got, func(m Missing) bool { return m.Kind == Weekly }) {
			t.Fatalf("at midnight: %+v", got)
		}
	})
}

// TestHabitsAreFound: what comes on the same day of each week, at about the same time, is missed when it does not come, from a time on
// that it never came after, and not before.
func TestHabitsAreFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDay(t)
		least := rapid.IntRange(smallest, 5000).Draw(t, "letters")
		hours := rapid.IntRange(0, 18).Draw(t, "hour")
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 2))
		latest := 0
		history := each(d.Add(-sampleDays), d, func(on calendar.Day) []Arrival {
			if on.Weekday() != d.Weekday() {
				return nil
			}
			h := hours + r.IntN(2)
			if Ordinary(on) {
				latest = max(latest, h+1)
			}
			return []Arrival{arrival("a", on, h, least+r.IntN(least))}
		})
		usual := slices.DeleteFunc(On(d, history), func(u Usual) bool { return u.Kind != Weekly })
		if len(usual) != 1 || usual[0].Letters < least || usual[0].Letters >= 2*least {
			t.Fatalf("%d letters a week: %+v", least, usual)
		}
		if usual[0].By.After(at(d, latest)) || usual[0].Late.Before(usual[0].By.Add(leastMargin)) {
			t.Fatalf("it came at %d at the latest: %+v", latest, usual[0])
		}
		if len(Of(usual, nil, usual[0].Late)) != 1 || len(Of(usual, nil, usual[0].Late.Add(-time.Millisecond))) != 0 {
			t.Fatalf("missed at another time than %v", usual[0].Late)
		}
	})
}

// TestPeopleAreNotMissed: who hands in a few letters a day, or on some days alone, is never missed.
func TestPeopleAreNotMissed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDay(t)
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 3))
		few := each(d.Add(-HistoryDays), d, func(on calendar.Day) []Arrival {
			return []Arrival{arrival("a", on, r.IntN(24), r.IntN(smallest))}
		})
		if got := On(d, few); len(got) > 0 {
			t.Fatalf("few letters: %+v", got)
		}
		young := each(d.Add(-7*sampled+1), d, func(on calendar.Day) []Arrival { return []Arrival{arrival("a", on, 9, 500)} })
		if got := On(d, young); len(got) > 0 {
			t.Fatalf("seven weeks: %+v", got)
		}
	})
}

// reads counts how often arrivals of more than a day are read.
type reads struct {
	list []Arrival
	far  int
}

func (r *reads) Arrivals(_ context.Context, from, to time.Time) ([]Arrival, error) {
	if to.Sub(from) > 26*time.Hour {
		r.far++
	}
	var out []Arrival
	for _, a := range r.list {
		if !a.Hour.Before(from) && a.Hour.Before(to) {
			out = append(out, a)
		}
	}
	return out, nil
}

func (r *reads) Behind(context.Context, time.Time) ([]Behind, error) { return nil, nil }

// TestWatcher: the past is read once a day.
func TestWatcher(t *testing.T) {
	t.Parallel()
	d := day(t, "2026-11-27") // a Friday
	r := &reads{list: each(d.Add(-100), d, func(on calendar.Day) []Arrival { return []Arrival{arrival("a", on, 9, 100)} })}
	var w Watcher
	look := func(now time.Time, want int) {
		t.Helper()
		got, err := w.Missing(t.Context(), r, now)
		if err != nil || len(got) != want {
			t.Errorf("at %v: %+v (%v)", now, got, err)
		}
	}
	look(at(d, 10), 0)
	look(at(d, 11), 1)
	r.list = append(r.list, arrival("a", d, 11, 9))
	look(at(d, 12), 1)
	r.list = append(r.list, arrival("a", d, 12, 1))
	look(at(d, 13), 0)
	if r.far != 1 {
		t.Errorf("the past was read %d times", r.far)
	}
	look(at(d.Add(1), 13), 0) // Saturday
	look(at(d.Add(3), 15), 0) // it came later on Friday than ever
	look(at(d.Add(3), 16), 1)
	if r.far != 2 {
		t.Errorf("the past was read %d times", r.far)
	}
}

// TestWatcherTakesWhatAnotherFound: of that day and of the same rules.
func TestWatcherTakesWhatAnotherFound(t *testing.T) {
	t.Parallel()
	d := day(t, "2026-11-27")
	r := &reads{list: each(d.Add(-100), d, func(on calendar.Day) []Arrival { return []Arrival{arrival("a", on, 9, 100)} })}
	var w, other Watcher
	if text, err := w.Kept(d); text != "" || err != nil || w.Knows(d) {
		t.Errorf("knows %q before it looked (%v)", text, err)
	}
	want, err := w.Missing(t.Context(), r, at(d, 11))
	if err != nil || len(want) != 1 {
		t.Fatalf("%+v (%v)", want, err)
	}
	text, err := w.Kept(d)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "no JSON": "{", "other rules": strings.Replace(text, `"Rules":1`, `"Rules":0`, 1),
	} {
		if other.Take(d, bad) || other.Knows(d) {
			t.Errorf("%s was taken", name)
		}
	}
	if other.Take(d.Add(3), text) {
		t.Error("what is usual on another day was taken")
	}
	if !other.Take(d, text) || !other.Knows(d) || other.Knows(d.Add(1)) {
		t.Fatal("not taken")
	}
	got, err := other.Missing(t.Context(), &reads{}, at(d, 11)) // without a past
	if err != nil || len(got) != 1 || !got[0].Late.Equal(want[0].Late) || got[0].Letters != want[0].Letters || got[0].Kind != want[0].Kind {
		t.Errorf("%+v in place of %+v (%v)", got, want, err)
	}
}
