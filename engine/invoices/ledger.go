package invoices

import (
	"time"

	"postgang/billing"
	"postgang/engine/shipment"
)

// MonthOf is the first day of the month of a time, in Norway.
func MonthOf(t time.Time) billing.Civil { return billing.CivilOf(t, shipment.Oslo)[:8] + "01" }
