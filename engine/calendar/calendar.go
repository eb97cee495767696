// Package calendar knows Norwegian time: the days of Europe/Oslo, holidays and working days (virkedager). It is pure.
package calendar

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata"

	"github.com/rickar/cal/v2/no"

	"postgang/billing/civil"
)

// Oslo is the zone of every decision about days and hours. Storage is UTC.
var Oslo = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("calendar: the time zone data that is linked in cannot be read: " + err.Error())
	}
	return loc
}()

// Day is a day of the civil calendar in Norway.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf is the day on which t falls in Norway.
func DayOf(t time.Time) Day {
	y, m, d := t.In(Oslo).Date()
	return Day{y, m, d}
}

// Start is the day's midnight, the instant at which it begins in Norway. Clocks change there at 02 and 03 o'clock, so
// every day has a midnight.
func (d Day) Start() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Oslo) }

// Add is the day n days later, or earlier when n is negative.
func (d Day) Add(n int) Day {
	y, m, day := time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC).Date()
	return Day{y, m, day}
}

// Weekday is its day of the week.
func (d Day) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Before reports whether d is earlier than o.
func (d Day) Before(o Day) bool {
	if d.Year != o.Year {
		return d.Year < o.Year
	}
	if d.Month != o.Month {
		return d.Month < o.Month
	}
	return d.Day < o.Day
}

// String is the ISO form, 2026-01-31.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// Calendar is a calendar of virkedager: Monday to Friday, without Norwegian public holidays. Saturday is a virkedag in
// some statutes, but SvarUt counts neither Saturday nor Sunday (docs/sources.md, Calendar).
type Calendar struct {
	Count24Dec bool // 24 December, no holiday by law, counts
	Count31Dec bool // 31 December likewise
}

// IsVirkedag reports whether d is a virkedag.
func (c Calendar) IsVirkedag(d Day) bool {
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		return false
	}
	if d.Month == time.December && (d.Day == 24 && !c.Count24Dec || d.Day == 31 && !c.Count31Dec) {
		return false
	}
	return !IsHoliday(d)
}

// AddVirkedager is the nth virkedag after d; d itself never counts. n below 1 gives d.
func (c Calendar) AddVirkedager(d Day, n int) Day {
	for n > 0 {
		d = d.Add(1)
		if c.IsVirkedag(d) {
			n--
		}
	}
	return d
}

// VirkedagerSince counts the virkedager after the day `from` up to and with the day `to`: the age of something that
// happened on `from`, seen on `to`. It is 0 when to is not later.
func (c Calendar) VirkedagerSince(from, to Day) int {
	n := 0
	for d := from; d.Before(to); {
		d = d.Add(1)
		if c.IsVirkedag(d) {
			n++
		}
	}
	return n
}

// holidays keeps the public holidays of each year that was asked for.
var holidays sync.Map // int → map[Day]bool

// IsHoliday reports whether d is a Norwegian public holiday: 1 January, skjærtorsdag, langfredag, påskedag, 2.
// påskedag, 1 May, 17 May, Kristi himmelfartsdag, pinsedag, 2. pinsedag, 25 and 26 December (helligdagsfredloven § 2
// and lov om 1 og 17 mai). Other Sundays are not listed.
func IsHoliday(d Day) bool {
	year, ok := holidays.Load(d.Year)
	if !ok {
		days := map[Day]bool{}
		for _, h := range no.Holidays {
			// cal leaves out the two holidays that are Sundays; they lie a day before their Mondays.
			actual, _ := h.Calc(d.Year)
			y, m, day := actual.Date()
			days[Day{y, m, day}] = true
			if h == no.AndrePaaskedag || h == no.AndrePinsedag {
				days[Day{y, m, day}.Add(-1)] = true
			}
		}
		year, _ = holidays.LoadOrStore(d.Year, days)
	}
	return year.(map[Day]bool)[d]
}

// ToWall reads Oslo's wall clock as if it were UTC.
func ToWall(t time.Time) time.Time {
	l := t.In(Oslo)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), time.UTC)
}

// FromWall places a wall-clock reading on the time line.
func FromWall(w time.Time) time.Time {
	t := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), Oslo)
	if ToWall(t).Equal(w) {
		// time.Date may choose either reading of a repeated hour; the first one is wanted.
		if early := t.Add(-time.Hour); ToWall(early).Equal(w) {
			return early.UTC()
		}
		return t.UTC()
	}
	// In the gap: the first instant after it.
	_, before := t.Add(-3 * time.Hour).Zone()
	edge := w.Add(-time.Duration(before) * time.Second)
	for _, off := edge.In(Oslo).Zone(); off == before; _, off = edge.In(Oslo).Zone() {
		edge = edge.Add(time.Minute)
	}
	for prev := edge.Add(-time.Minute); ; prev = edge.Add(-time.Minute) {
		if _, off := prev.In(Oslo).Zone(); off == before {
			return edge.UTC()
		}
		edge = prev
	}
}

// ClockOf is a time as the clock shows it in Norway, to the minute: "2026-11-29 15:04".
func ClockOf(t time.Time) string { return t.In(Oslo).Format("2006-01-02 15:04") }

// LastMonth is the calendar month before the one that t lies in, by Oslo's calendar.
func LastMonth(t time.Time) (from, to civil.Date) {
	l := t.In(Oslo)
	first := time.Date(l.Year(), l.Month(), 1, 12, 0, 0, 0, Oslo)
	return civil.Of(first.AddDate(0, -1, 0), Oslo), civil.Of(first, Oslo)
}
