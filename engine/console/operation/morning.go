package operation

import (
	"net/http"
	"time"

	"postgang/engine/console/page"
	"postgang/engine/morning"
)

// morningPage is the report of the morning, as it is now.
type morningPage struct {
	From, To time.Time
	Sections []morning.Section
}

func morningOf(v *request) error {
	now := v.Now()
	since, err := v.Engine.MorningSince(v.Ctx, now)
	if err != nil {
		return err
	}
	r, err := v.Engine.Morning(v.Ctx, since, now)
	if err != nil {
		return err
	}
	names := morning.Names{Account: v.AccountName, Vendor: v.VendorName, Run: scheduleName, Held: page.HoldOf}
	return v.Show(http.StatusOK, "morgenrapport", "Morgenrapport", morningPage{since, now, r.Sections(names)})
}
