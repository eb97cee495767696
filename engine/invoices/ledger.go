package invoices

import (
	"time"

	"postgang/billing"
	"postgang/engine/calendar"
)

// MonthOf is the first day of the month of a time, in Norway.
func MonthOf(t time.Time) billing.Civil { return billing.CivilOf(t, calendar.Oslo)[:8] + "01" }
