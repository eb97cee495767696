// Package forecast says what usually comes on a day, and by when, from what accounts have handed in until then; and whose usual work has
// not come. The rules are pure, and rather say nothing than something wrong: an account whose habit is young or irregular has none.
package forecast

import (
	"cmp"
	"context"
	"slices"
	"time"

	"postgang/engine/calendar"
)

// Arrival counts what an account handed in within one hour. What was refused counts too, since it came.
type Arrival struct {
	Account string
	Hour    time.Time // its beginning, UTC
	Letters int
}

// Behind counts letters that are due and stay where they are, since they are set aside.
type Behind struct {
	Account string
	Hold    string // reason code
	Letters int
}

// Reader reads what forecasts are made of. It is part of store.Reader.
type Reader interface {
	// Arrivals counts what was handed in during the whole hours in [from, to), by time, then account. Letters that are erased count.
	Arrivals(ctx context.Context, from, to time.Time) ([]Arrival, error)
	// Behind counts the letters that would be due at a time (ShipmentReader.Due) and are set aside, by account and reason.
	Behind(ctx context.Context, at time.Time) ([]Behind, error)
}

// Kind is a kind of habit.
type Kind string

// The kinds of habits.
const (
	Weekly  Kind = "uke"   // on this day of the week
	Monthly Kind = "maned" // one large batch, about the same day of the month
)

// Usual is what usually comes of an account.
type Usual struct {
	Account string
	Kind    Kind
	Letters int // on such a day: the median
	Enough  int // so many that come are taken for it
	// By is when it has come at the latest until now, and Late from when on it is missed.
	By, Late time.Time
	// First and Last are, of a monthly habit, the days between which it is expected this time.
	First, Last calendar.Day
}

// About is how many letters usually come, to the first two digits: it is no more exact than that.
func (u Usual) About() int {
	unit := 1
	for u.Letters/unit >= 100 {
		unit *= 10
	}
	return (u.Letters + unit/2) / unit * unit
}

// Missing is usual work that has not come.
type Missing struct {
	Usual
	Came int // today, too few to be it
}

// The limits of the rules.
const (
	// smallest is how many letters a batch has at least, and smallestSpread how many come at least where they come all day: some letters
	// a day are written by people, who are away now and then.
	smallest, smallestSpread = 20, 100
	// A batch comes within some hours, but for a third of it, on so many of the sampled days, and at about the same time of all days.
	within, batches, sameTime = 2, 6, 3 * time.Hour
	// sampled is how many days of the same kind a weekly habit is seen on, and mayLack how many of them may have been without.
	sampled, mayLack = 8, 1
	// sampleDays is how far back these days lie at most.
	sampleDays = 13 * 7
	// leastMargin is how much later than ever a batch may come without being missed, and leastMarginSpread what comes all day: it comes more
	// slowly when many are away.
	leastMargin, leastMarginSpread = time.Hour, 3 * time.Hour
	// months is how many months a monthly habit is seen in, and monthsWith in how many of them at least.
	months, monthsWith = 6, 5
	// towering is how many times an ordinary day of its month a batch is at least.
	towering = 5
	// monthSpread is between how many days of the month it comes, since weekends and holidays move it.
	monthSpread = 4
	// askFrom is the time of the day after the last usual one, from which a monthly batch is missed, and askDays for how many ordinary
	// days it is.
	askFrom, askDays = 10 * time.Hour, 3
)

// HistoryDays is how many days before a day On looks at: a year and what a month may shift, so that what is not sent in July is not missed
// then.
const HistoryDays = 430

// Ordinary reports whether a day is a virkedag like others. Days on which many are away are not: between a holiday and a weekend, before
// Easter, and from Christmas to 2 January.
func Ordinary(d calendar.Day) bool {
	c := calendar.Calendar{}
	if !c.IsVirkedag(d) || !c.IsVirkedag(d.Add(-1)) && !c.IsVirkedag(d.Add(1)) {
		return false
	}
	thursday := d.Add(int(time.Thursday - d.Weekday()))
	beforeEaster := calendar.IsHoliday(thursday) && calendar.IsHoliday(thursday.Add(1))
	christmas := d.Month == time.December && d.Day >= 24 || d.Month == time.January && d.Day <= 2
	return !beforeEaster && !christmas
}

// On gives what usually comes on a day, by account, of what came in the HistoryDays before it; later arrivals are not looked at. On days
// that are not ordinary nothing does.
func On(day calendar.Day, arrivals []Arrival) []Usual {
	if !Ordinary(day) {
		return nil
	}
	of := map[string]history{}
	for _, a := range arrivals {
		on := calendar.DayOf(a.Hour)
		if a.Letters <= 0 || !on.Before(day) {
			continue
		}
		h := of[a.Account]
		if h.days == nil {
			h = history{on, map[calendar.Day][]hour{}}
		}
		if on.Before(h.first) {
			h.first = on
		}
		h.days[on] = append(h.days[on], hour{time.Duration(a.Hour.In(calendar.Oslo).Hour()+1) * time.Hour, a.Letters})
		of[a.Account] = h
	}
	var out []Usual
	for account, h := range of {
		for _, habit := range []func(calendar.Day) (Usual, bool){h.weekly, h.monthly} {
			if u, ok := habit(day); ok {
				u.Account = account
				out = append(out, u)
			}
		}
	}
	slices.SortFunc(out, func(a, b Usual) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), -cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// Of gives whose usual work has not come, one an account, of what usually comes on a day and what has come on it until now.
func Of(usual []Usual, today []Arrival, now time.Time) []Missing {
	day := calendar.DayOf(now)
	came := map[string]int{}
	for _, a := range today {
		if calendar.DayOf(a.Hour) == day {
			came[a.Account] += a.Letters
		}
	}
	var out []Missing
	for _, u := range usual {
		if n := came[u.Account]; n < u.Enough && !now.Before(u.Late) && (len(out) == 0 || out[len(out)-1].Account != u.Account) {
			out = append(out, Missing{u, n})
		}
	}
	return out
}

// history is what came of one account.
type history struct {
	first calendar.Day // on which anything came
	days  map[calendar.Day][]hour
}

// hour counts what came until an hour's end, as the clock shows it.
type hour struct {
	end     time.Duration
	letters int
}

func (h history) on(d calendar.Day) int {
	n := 0
	for _, one := range h.days[d] {
		n += one.letters
	}
	return n
}

// enoughAt is the time of the day at which so many had come.
func (h history) enoughAt(d calendar.Day, enough int) time.Duration {
	all := slices.Clone(h.days[d])
	slices.SortFunc(all, func(a, b hour) int { return cmp.Compare(a.end, b.end) })
	n := 0
	for _, one := range all {
		if n += one.letters; n >= enough {
			return one.end
		}
	}
	return 0
}

// batched reports whether most of what came on a day came within a short time.
func (h history) batched(d calendar.Day) bool {
	most := 0
	for _, first := range h.days[d] {
		n := 0
		for _, one := range h.days[d] {
			if one.end >= first.end && one.end < first.end+within*time.Hour {
				n += one.letters
			}
		}
		most = max(most, n)
	}
	return most > 0 && 3*most >= 2*h.on(d)
}

// weekly is what comes on such a day of the week.
func (h history) weekly(day calendar.Day) (Usual, bool) {
	var on []calendar.Day
	for d := day.Add(-7); len(on) < sampled && !d.Before(h.first) && !d.Before(day.Add(-sampleDays)); d = d.Add(-7) {
		if Ordinary(d) {
			on = append(on, d)
		}
	}
	if len(on) < sampled {
		return Usual{}, false
	}
	counts := make([]int, len(on))
	for i, d := range on {
		counts[i] = h.on(d)
	}
	u := Usual{Kind: Weekly, Letters: median(counts)}
	u.Enough = (u.Letters + 9) / 10
	came, inOne := 0, 0
	for i, d := range on {
		if counts[i] >= u.Enough {
			came++
		}
		if h.batched(d) {
			inOne++
		}
	}
	if u.Letters < smallest || came < sampled-mayLack {
		return Usual{}, false
	}
	var times []time.Duration // on all days: the latest of eight says little of the next one
	for d := on[len(on)-1]; d.Before(day); d = d.Add(1) {
		if Ordinary(d) && h.on(d) >= u.Enough {
			times = append(times, h.enoughAt(d, u.Enough))
		}
	}
	latest, margin := slices.Max(times), leastMargin
	if inOne < batches || latest-slices.Min(times) > sameTime {
		margin = leastMarginSpread
		if u.Letters < smallestSpread {
			return Usual{}, false
		}
	}
	late := latest + max(margin, latest-median(times))
	if late >= 24*time.Hour {
		return Usual{}, false // the day is over before it is missed
	}
	u.By, u.Late = clock(day, latest), clock(day, late)
	return u, true
}

// month is a month with the batch that came in it.
type month struct {
	day, fromEnd int // the day of the month, and how many days before its end
	letters      int
}

// monthly is the batch that should have come some days before.
func (h history) monthly(day calendar.Day) (Usual, bool) {
	// A batch of the last days of a month is missed in the next one.
	for _, first := range []calendar.Day{{Year: day.Year, Month: day.Month, Day: 1}, monthsOn(day, -1)} {
		if u, ok := h.batch(first, day); ok {
			return u, true
		}
	}
	return Usual{}, false
}

// batch is the batch of a month, when it should have come by a day and has not come before.
func (h history) batch(of, day calendar.Day) (Usual, bool) {
	if !h.first.Before(monthsOn(of, -months)) {
		return Usual{}, false
	}
	var seen []month
	for i := 1; i <= months; i++ {
		if m, ok := h.peak(monthsOn(of, -i)); ok {
			seen = append(seen, m)
		}
	}
	if len(seen) < monthsWith {
		return Usual{}, false
	}
	letters := make([]int, len(seen))
	for i, m := range seen {
		letters[i] = m.letters
	}
	u := Usual{Kind: Monthly, Letters: median(letters)}
	u.Enough = (u.Letters + 2) / 3
	seen = slices.DeleteFunc(seen, func(m month) bool { return m.letters < u.Enough })
	var ok bool
	if u.First, u.Last, ok = expected(seen, of); !ok {
		return Usual{}, false
	}
	asked := nextOrdinary(u.Last)
	last := asked
	for range askDays - 1 {
		last = nextOrdinary(last)
	}
	if day.Before(asked) || last.Before(day) || h.cameBetween(u.First.Add(-monthSpread), day, u.Enough) {
		return Usual{}, false
	}
	// Some months are without: what did not come in this month of last year is not missed.
	if begin := monthsOn(of, -12); h.first.Before(begin) {
		from, to, ok := expected(seen, begin)
		if !ok || !h.cameBetween(from.Add(-monthSpread), to.Add(2*monthSpread), u.Enough) {
			return Usual{}, false
		}
	}
	u.By, u.Late = u.Last.Add(1).Start().UTC(), clock(asked, askFrom)
	return u, true
}

// peak is the day on which a month's batch came; false: no day stands out.
func (h history) peak(first calendar.Day) (month, bool) {
	length := daysIn(first)
	best, n := first, 0
	var ordinary []int
	for i := range length {
		d := first.Add(i)
		on := h.on(d)
		if on > n {
			best, n = d, on
		}
		if (calendar.Calendar{}).IsVirkedag(d) {
			ordinary = append(ordinary, on)
		}
	}
	if n < smallest || n < towering*median(ordinary) {
		return month{}, false
	}
	for i := range length {
		if d := first.Add(i); (d.Before(best.Add(-2)) || best.Add(2).Before(d)) && 2*h.on(d) > n {
			return month{}, false // there are two
		}
	}
	return month{best.Day, length - best.Day, n}, true
}

// expected gives the days of a month between which a batch is expected; false: it came too far apart. One that came on quite another day
// may be left out.
func expected(seen []month, first calendar.Day) (from, to calendar.Day, ok bool) {
	length := daysIn(first)
	for _, place := range []func(m month) int{
		func(m month) int { return min(m.day, length) },
		func(m month) int { return length - min(m.fromEnd, length-1) },
	} {
		days := make([]int, len(seen))
		for i, m := range seen {
			days[i] = place(m)
		}
		slices.Sort(days)
		for _, some := range [][]int{days, days[:max(len(days)-1, 0)], days[min(1, len(days)):]} {
			if len(some) >= monthsWith && some[len(some)-1]-some[0] <= monthSpread {
				return first.Add(some[0] - 1), first.Add(some[len(some)-1] - 1), true
			}
		}
	}
	return from, to, false
}

// cameBetween reports whether so many letters more than on other days came on one day, or on all days together, of [from, to).
func (h history) cameBetween(from, to calendar.Day, enough int) bool {
	var ordinary []int
	for d := from.Add(-28); d.Before(from); d = d.Add(1) {
		if (calendar.Calendar{}).IsVirkedag(d) {
			ordinary = append(ordinary, h.on(d))
		}
	}
	usual, sum := median(ordinary), 0
	for d := from; d.Before(to); d = d.Add(1) {
		n := h.on(d)
		if n >= enough {
			return true
		}
		sum += max(n-usual, 0)
	}
	return sum >= enough
}

func nextOrdinary(d calendar.Day) calendar.Day {
	for d = d.Add(1); !Ordinary(d); d = d.Add(1) {
	}
	return d
}

// monthsOn is the first day of the month n months after that of a day.
func monthsOn(d calendar.Day, n int) calendar.Day {
	y, m, _ := time.Date(d.Year, d.Month+time.Month(n), 1, 12, 0, 0, 0, time.UTC).Date()
	return calendar.Day{Year: y, Month: m, Day: 1}
}

func daysIn(first calendar.Day) int { return monthsOn(first, 1).Add(-1).Day }

// clock is when the clock shows a time of a day.
func clock(d calendar.Day, at time.Duration) time.Time {
	return calendar.FromWall(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Add(at))
}

// median is the middle one, of two the lower; 0 of none.
func median[T cmp.Ordered](list []T) (mid T) {
	if len(list) == 0 {
		return mid
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[(len(sorted)-1)/2]
}
