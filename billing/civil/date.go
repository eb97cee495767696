// Package civil is days without a time of day, in the location of the caller, and half-open periods of them.
package civil

import (
	"errors"
	"fmt"
	"time"
)

// Date is a calendar day written YYYY-MM-DD. Being text in that form, days compare with < as dates
// do. The empty value means no day.
type Date string

// Layout is how package time writes a day.
const Layout = "2006-01-02"

// firstDay is where the calendar of spreadsheets begins; anything before is a mistyped year.
const firstDay Date = "1900-01-01"

// Parse reads a day in the form YYYY-MM-DD and refuses days that do not exist.
func Parse(s string) (Date, error) {
	c := Date(s)
	if err := c.Validate(); err != nil {
		return "", err
	}
	return c, nil
}

// ParseDay reads a day as people write it: 2026-01-31, or 31.01.2026 with or without zeros.
func ParseDay(s string) (Date, error) {
	if d, err := time.Parse("2.1.2006", s); err == nil {
		return Parse(d.Format(Layout))
	}
	return Parse(s)
}

// Of gives the calendar day of t in loc, or the empty value for a zero time.
func Of(t time.Time, loc *time.Location) Date {
	if t.IsZero() {
		return ""
	}
	return Date(t.In(loc).Format(Layout))
}

// Validate reports an error unless c is an existing day from 1900 on in the form YYYY-MM-DD.
func (c Date) Validate() error {
	if len(c) != len(Layout) {
		return errors.New("day must be written YYYY-MM-DD")
	}
	if _, err := time.Parse(Layout, string(c)); err != nil {
		return errors.New("day must be an existing date written YYYY-MM-DD")
	}
	if c < firstDay {
		return fmt.Errorf("day is before %s", firstDay)
	}
	return nil
}

// UTC gives midnight UTC of the day, for calculation and for spreadsheet date cells; the zero time
// when c is not a valid day.
func (c Date) UTC() time.Time {
	t, err := time.Parse(Layout, string(c))
	if err != nil {
		return time.Time{}
	}
	return t
}

// In gives the first instant of the day in loc.
func (c Date) In(loc *time.Location) time.Time {
	t := c.UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, loc)
}

// AddDays gives the day n days later (earlier when n is negative).
func (c Date) AddDays(n int) Date { return Date(c.UTC().AddDate(0, 0, n).Format(Layout)) }

// Month gives the year and month, YYYY-MM.
func (c Date) Month() string {
	if len(c) < 7 {
		return ""
	}
	return string(c[:7])
}

// Norwegian writes the day as dd.mm.yyyy, or nothing when there is no day.
func (c Date) Norwegian() string {
	if c.Validate() != nil {
		return ""
	}
	return string(c[8:10] + "." + c[5:7] + "." + c[:4])
}

// Within reports whether the day lies in the half-open period from ≤ c < to.
func (c Date) Within(from, to Date) bool { return from <= c && c < to }

// NextMonth is the first day of the month after that of a day.
func NextMonth(day Date) Date {
	t := day.UTC()
	return Of(time.Date(t.Year(), t.Month()+1, 1, 12, 0, 0, 0, time.UTC), time.UTC)
}
