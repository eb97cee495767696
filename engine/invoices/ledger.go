package invoices

import (
	"fmt"
	"time"

	"postgang/billing/civil"
	"postgang/engine/calendar"
	"postgang/engine/store"
)

// MonthOf is the first day of the month of a time, in Norway.
func MonthOf(t time.Time) civil.Date { return civil.Of(t, calendar.Oslo)[:8] + "01" }

// BookAt decides in which period an amount is booked that belongs to a time: there, or now when its month is closed. The note
// says so, after what it is that belongs there.
func BookAt(closed []store.ClosedMonth, t, now time.Time, what string) (at time.Time, note string) {
	for _, m := range closed {
		if from, to := m.Span(); !t.Before(from) && t.Before(to) {
			return now, fmt.Sprintf("%s %s, som er i en lukket måned", what, civil.Of(t, calendar.Oslo).Norwegian())
		}
	}
	return t, ""
}
