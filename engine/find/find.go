// Package find is what people find shipments by: what a list is narrowed to, and within which accounts. It is data, and does nothing.
package find

import (
	"time"

	"postgang/engine/access"
	"postgang/engine/shipment"
)

// Filter selects shipments; zero fields select all.
type Filter struct {
	// Scope is what the one who asks may see: the rest is left out as if it were not there. nil: the engine asks for itself, and sees
	// all. What people ask goes through a scoped.Reader, which fills it, so that no handler can forget it. A scope without an account
	// selects nothing.
	Scope          *access.Scope
	Account        string
	Statuses       []shipment.Status
	Held           bool     // only those set aside
	Hold           string   // only those set aside with this reason code
	DigitalOnly    bool     // only kunDigitalLevering
	Reference      string   // only those with this eksternReferanse; with Account
	Systems        []string // avgivende system
	Konteringskode string
	Reasons        []shipment.Reason // why they are on their way to paper
	Job            string            // only those that are or were in this print job
	Received       Period
	Due            Period
	Posted         Period
	After          string // id of the last one seen, for paging
	Newest         bool   // order is by time of receipt, the newest first, then by id from behind; else by id
	Limit          int    // 0: no limit
}

// Period is the time from From, up to and without To. An end that is zero is open. The zero Period leaves nothing out, any other leaves
// out what has not happened.
type Period struct{ From, To time.Time }

// IsZero reports whether nothing is left out.
func (p Period) IsZero() bool { return p.From.IsZero() && p.To.IsZero() }
