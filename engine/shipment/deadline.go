package shipment

import (
	"time"

	"postgang/engine/calendar"
)

// Deadline is when a letter whose recipient was notified at a time goes to paper unless it is read before: 40 hours
// counted only on working days (SvarUt changelog 2016-03-14), or whole virkedager when the rules say so. In UTC.
//
// Counted in hours, the clock runs from 00 to 24 on every virkedag in Norway and stands still on all other days. The
// hour in which clocks change is always on a Sunday and so never counted. The deadline is the first instant at which
// the hours are used up: hours that end with a Friday are up at midnight to Saturday, not on Monday.
//
// Counted in virkedager, the day of notification does not count and the deadline is the end (24:00) of the last one.
//
// Rules with neither (both 0 or negative) give the time of notification.
func Deadline(notified time.Time, r Rules) time.Time {
	c := r.Calendar()
	day := calendar.DayOf(notified)
	if r.DeadlineWorkdays > 0 {
		return c.AddVirkedager(day, r.DeadlineWorkdays).Add(1).Start().UTC()
	}
	left := time.Duration(r.DeadlineHours) * time.Hour
	at := notified
	for left > 0 {
		next := day.Add(1).Start()
		if c.IsVirkedag(day) {
			if rest := next.Sub(at); left > rest {
				left -= rest
			} else {
				return at.Add(left).UTC()
			}
		}
		day, at = day.Add(1), next
	}
	return at.UTC()
}
