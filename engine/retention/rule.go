// Package retention says when the content of a letter is erased, and what is kept of it: pure rules, and the ports by which the
// archive is asked. engine/erase does it.
//
// SvarUt deletes «filer og metadata som ikke er nødvendig for statistikk og fakturering» (SLETTET), and keeps what recipients may read for
// three months (docs/sources.md, Statuses). Personal data is kept no longer than it is needed (GDPR, article 5 (1) e); what bokføringsloven
// asks for is kept: it is amounts, counts, dates and codes, and names nobody.
package retention

import (
	"time"

	"postgang/engine/shipment"
)

// Day is how long a day counts for times of keeping, whatever the clocks do.
const Day = 24 * time.Hour

// Rule is how long an account's letters are kept.
type Rule struct {
	// AfterEnd is how long the content is kept after a letter's way has ended: printed, read, delivered to a digital mailbox or refused.
	AfterEnd time.Duration
	// AtMost is how long it is kept after the hand-in, also of a letter that nobody has read and that was not printed. No letter is
	// erased while it may still become paper: what stands in the way then is told (see [Judge]).
	AtMost time.Duration
}

// DefaultRule is ten days after the end, and three months at the latest.
func DefaultRule() Rule { return Rule{AfterEnd: 10 * Day, AtMost: 90 * Day} }

// LongestDays bounds both times, in days: beyond it nothing would be a time of keeping.
const LongestDays = 365

// TooLong is how long after its time content waits before a person is told.
const TooLong = 30 * Day

// Cause says why content is kept beyond its time.
type Cause string

// The causes. Letters of the first three are not at the end of their way, and a person ends it (release, stop, or the vendor's receipt).
const (
	CauseUndecided Cause = "ikke-avgjort"       // handed in, and neither accepted nor refused
	CauseHeld      Cause = "satt-til-side"      // set aside
	CauseUnsent    Cause = "ikke-sendt"         // accepted, and neither read nor on its way to paper
	CauseUnposted  Cause = "mangler-kvittering" // with the vendor, who has not said that it is posted, or posted once more
	CauseInJob     Cause = "i-utskriftsjobb"    // in a print job that is not handed over yet
	CauseDispute   Cause = "omtvistet"          // what the vendor reported of it is disputed, or in conflict
)

// Causes are all causes.
func Causes() []Cause {
	return []Cause{CauseUndecided, CauseHeld, CauseUnsent, CauseUnposted, CauseInJob, CauseDispute}
}

// Letter is what the rule looks at.
type Letter struct {
	ID, Account string
	Status      shipment.Status
	Hold        string
	Received    time.Time
	Ended       time.Time // when the status was reached, as it was recorded
	// InJob: a live job that is not handed over has it, or it cannot be told whether it is: its files are needed.
	InJob bool
	// Unreceipted: a live job that is handed over has it, and there is no receipt of it in force.
	Unreceipted bool
	Disputed    bool // a deviation of it is disputed, or its receipts contradict each other
}

// Verdict is what the rule says of a letter.
type Verdict struct {
	Erase bool      // now
	At    time.Time // when its time is, or was
	Cause Cause     // why it waits though its time has come; empty: it does not
	// Late: it has waited so long that a person must look.
	Late bool
}

// soon reports whether content is kept for AfterEnd only. Of the others the recipient may still be about to read: they are kept for AtMost.
func soon(s shipment.Status) bool {
	switch s {
	case shipment.StatusPrintet, shipment.StatusLest, shipment.StatusLevertSDP, shipment.StatusAvvist, shipment.StatusFeiletUnderMotta:
		return true
	default:
		return false
	}
}

// Time is when the content of a letter is to be erased, unless something stands in the way.
func Time(l Letter, r Rule) time.Time {
	last := l.Received.Add(r.AtMost)
	if !l.Status.Terminal() || !soon(l.Status) {
		return last
	}
	if at := l.Ended.Add(r.AfterEnd); at.Before(last) {
		return at
	}
	return last
}

// Judge says what becomes of a letter's content now.
//
// A letter whose way has not ended is never erased by time: paper could still be made of it. One that has ended waits for the job that
// has its pages; and for a receipt or the end of a dispute, but for these no longer than AtMost: nothing of that is settled by looking at
// its pages, and what was sent is proven by the hash that is kept.
func Judge(l Letter, r Rule, now time.Time) Verdict {
	v := Verdict{At: Time(l, r)}
	if l.Status == shipment.StatusSlettet || now.Before(v.At) {
		return v
	}
	switch last := l.Received.Add(r.AtMost); {
	case !l.Status.Terminal():
		v.Cause, v.Late = unended(l), true
		return v
	case l.InJob:
		v.Cause = CauseInJob
	case l.Disputed && now.Before(last):
		v.Cause = CauseDispute
	case l.Unreceipted && now.Before(last):
		v.Cause = CauseUnposted
	}
	v.Erase = v.Cause == ""
	v.Late = !v.Erase && !now.Before(v.At.Add(TooLong))
	return v
}

// unended is why a letter's way has not ended.
func unended(l Letter) Cause {
	switch {
	case l.Status == shipment.StatusMottatt:
		return CauseUndecided
	case l.Status == shipment.StatusSendtPrint:
		return CauseUnposted
	case l.Hold != "":
		return CauseHeld
	case l.InJob:
		return CauseInJob
	}
	return CauseUnsent
}

// OnRequest says why content cannot be erased although somebody who may wants it erased now; empty: it can. Its time, a dispute and a
// receipt that is awaited do not stand in the way.
func OnRequest(l Letter) Cause {
	switch {
	case l.Status == shipment.StatusSlettet:
		return ""
	case !l.Status.Terminal():
		return unended(l)
	case l.InJob:
		return CauseInJob
	}
	return ""
}

// NotYetError says that content cannot be erased, since the letter may still become paper.
type NotYetError struct {
	Shipment string
	Status   shipment.Status
	Cause    Cause
}

func (e *NotYetError) Error() string {
	return "the content of shipment " + e.Shipment + " (" + string(e.Status) + ") cannot be erased yet: " + e.Cause.English()
}

// English says a cause.
func (c Cause) English() string {
	switch c {
	case CauseUndecided:
		return "it is neither accepted nor refused"
	case CauseHeld:
		return "it is set aside"
	case CauseUnsent:
		return "it is neither read nor printed"
	case CauseUnposted:
		return "the vendor's receipt is missing"
	case CauseInJob:
		return "it is in a print job that is not handed over"
	case CauseDispute:
		return "its receipt is disputed"
	}
	return string(c)
}
