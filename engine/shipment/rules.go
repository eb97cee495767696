package shipment

import (
	"time"

	"postgang/engine/calendar"
)

// Rules are the settings of an account that decide about its letters.
type Rules struct {
	DeadlineHours        int    // hours on working days until an unread letter is due, 40 (SvarUt changelog 2016-03-14)
	DeadlineWorkdays     int    // if > 0 instead: whole virkedager after the day of notification
	Count24Dec           bool   // 24 December counts as a working day (it is no holiday by law)
	Count31Dec           bool   // 31 December likewise
	ForwardOrganisations bool   // unread letters to organisations go to paper (option since 2017-10-15)
	NationalID           string // check of fødselsnummer: "1964", "2032" or "both"
	AllowSynthetic       bool   // accept synthetic fødselsnummer (month +40, +65, +80)
	MaxBytes             int64  // of all printed documents of a shipment; 350 MB (SvarUt changelog 2016-06-20)
	DuplicateLimit       int    // alike shipments allowed in DuplicateWindow; 25
	DuplicateWindow      time.Duration
	GiroReject           bool // refuse a giro page that would land on a back, instead of padding before it
}

// DefaultRules are SvarUt's.
func DefaultRules() Rules {
	return Rules{
		DeadlineHours: 40, Count24Dec: true, Count31Dec: true, ForwardOrganisations: true,
		NationalID: "both", MaxBytes: 350 << 20, DuplicateLimit: 25, DuplicateWindow: 48 * time.Hour,
	}
}

// Calendar is the calendar of an account's rules.
func (r Rules) Calendar() calendar.Calendar {
	return calendar.Calendar{Count24Dec: r.Count24Dec, Count31Dec: r.Count31Dec}
}
