package shipment

import (
	"errors"
	"fmt"
	"time"

	"postgang/engine/identity"
	"postgang/engine/postcode"
)

// The kinds of events in a shipment's history. A digital event that changed no status is recorded under its own name
// ([DigitalKind]) instead, so that it is never lost.
const (
	EventReceived    = "MOTTATT"          // handed in
	EventStatus      = "STATUS"           // the status changed; Reason says why
	EventReadAfter   = "LEST_ETTER_PRINT" // read when the letter was on its way to paper already
	EventCollected   = "SAMLET"           // taken into a print job; Reason is the job
	EventReprint     = "OMTRYKK"          // ordered once more by a person; Reason names the reprint and the job it is of
	EventWithdrawn   = "TRUKKET"          // left out of a print job at the last gate, or the job was taken back
	EventHeld        = "SATT_TIL_SIDE"    // set aside; Reason begins with the code, see WhyHeld
	EventReleased    = "FRIGITT"          // free to be collected again; Reason is what it was set aside for, or a Note with that as its code
	EventRenewed     = "KLARGJORT_IGJEN"  // the print-ready file was made anew, since the profile or this program has changed
	EventPosted      = "POSTLAGT"         // the vendor's receipt came
	EventDelivered   = "LASTET_NED"       // a document of it was delivered whole on the recipients' page; Key says which
	EventReaddressed = "ADRESSE_RETTET"   // a person gave it another postal address; Reason says why
	EventSentAgain   = "SENDT_IGJEN"      // a person had it sent once more; Reason names the new shipment
	EventReplaces    = "ERSTATTER"        // it is another one sent once more; Reason names that
	EventReturned    = "RETUR"            // it came back by post; Reason names the cause (receipt.ReturnReason) and the job
)

// ErrDigitalEvent says that a digital event cannot be understood at all; it names no personal data.
var ErrDigitalEvent = errors.New("digital event is not valid")

// ErrEventBeforeReceipt says that a digital event is of a time before its shipment was handed in: it is about another one, or
// its time is wrong. It is an [ErrDigitalEvent].
var ErrEventBeforeReceipt = fmt.Errorf("%w: before the shipment was received", ErrDigitalEvent)

// eventTolerance is how much earlier than the receipt an event may be: a hand-in may have lain in the drop folder for a
// while, and clocks and time zones differ. It then counts as at the receipt, so that no deadline begins before.
const eventTolerance = 24 * time.Hour

// Valid reports whether k is a kind of digital event.
func (k DigitalKind) Valid() bool {
	switch k {
	case DigitalNotified, DigitalRead, DigitalReserved, DigitalNotNotifiable, DigitalSDPSent, DigitalSDPDelivered,
		DigitalSDPFailed, DigitalClosed:
		return true
	}
	return false
}

// ApplyDigital applies a digital event to a shipment, purely: it returns the shipment as it is afterwards and what to
// add to its history, always at least one event that carries e.Key. That the same key comes twice is the archive's to
// see (its events are unique by key); that the same thing is reported twice under different keys does no harm.
//
// Events come late, repeated and in any order. Facts (notified, read) keep their earliest time whatever the order; the
// status moves only as the status table permits; an event that fits no more is recorded without effect. A letter that
// is due once becomes due earlier, never later, unless it is read, delivered or closed. Event times are kept in whole
// milliseconds.
//
// An event of before the receipt counts as at the receipt, up to [eventTolerance].
//
// The error wraps [ErrDigitalEvent]: unknown kind, no time, long before the receipt, or the event of another shipment.
func ApplyDigital(s Shipment, e DigitalEvent, r Rules) (Shipment, []Event, error) {
	switch {
	case !e.Kind.Valid():
		return s, nil, fmt.Errorf("%w: unknown kind", ErrDigitalEvent)
	case e.At.IsZero():
		return s, nil, fmt.Errorf("%w: no time", ErrDigitalEvent)
	case e.Shipment != "" && e.Shipment != s.ID,
		e.Shipment == "" && (e.Account != s.Account || e.HandIn != s.HandIn):
		return s, nil, fmt.Errorf("%w: belongs to another shipment", ErrDigitalEvent)
	}
	at := e.At.UTC().Truncate(time.Millisecond)
	if at.Before(s.ReceivedAt.Add(-eventTolerance)) {
		return s, nil, ErrEventBeforeReceipt
	}
	history := Event{Shipment: s.ID, At: at, Kind: string(e.Kind), From: s.Status, Reason: e.Reason, Key: e.Key}
	if at.Before(s.ReceivedAt) {
		at = s.ReceivedAt
	}

	switch e.Kind {
	case DigitalNotified:
		s.NotifiedAt = earliest(s.NotifiedAt, at)
		s = s.Move(StatusVarslet)
		if s.Status == StatusVarslet {
			s = s.dueWhenUnread(r)
		}

	case DigitalRead:
		s.ReadAt = earliest(s.ReadAt, at)
		switch s.Status {
		case StatusSendtPrint, StatusPrintet:
			// Past the hand-over: the letter is paper already (docs/sources.md, Statuses). The fact stands beside the status.
			history.Kind = EventReadAfter
		case StatusMottatt:
			s = s.NotDue() // acceptance will find ReadAt
		default:
			if s.Status.MayBecome(StatusLest) {
				s = s.Move(StatusLest).NotDue()
			}
		}

	case DigitalReserved:
		s = s.undeliverable(at, ReasonReserved)
	case DigitalNotNotifiable:
		s = s.undeliverable(at, ReasonNotNotifiable)
	case DigitalSDPFailed:
		s = s.undeliverable(at, ReasonSDPFailed)

	case DigitalSDPSent:
		s = s.Move(StatusSendtSDP)
	case DigitalSDPDelivered:
		if s.Status.MayBecome(StatusLevertSDP) {
			s = s.Move(StatusLevertSDP).NotDue()
		}

	case DigitalClosed:
		if s.Status.MayBecome(StatusManueltHandtert) {
			s = s.Move(StatusManueltHandtert).NotDue()
			s.ClosedAt = earliest(s.ClosedAt, at)
		}
	}

	history.To = s.Status
	if history.From != history.To {
		history.Kind, history.Reason = EventStatus, string(e.Kind)
		if e.Reason != "" {
			history.Reason += ": " + e.Reason
		}
	}
	return s, []Event{history}, nil
}

// InitialDue decides at acceptance whether the letter goes to paper at once: without a digital id (S4:21), or handed in
// for print only (V3-SPEC /print). Only digital never does. Digital events that came before the acceptance count: a
// letter notified early gets its deadline, one read early is not due.
func InitialDue(s Shipment, r Rules, now time.Time) Shipment {
	if s.Submission.DigitalOnly || !s.ReadAt.IsZero() {
		return s.NotDue()
	}
	now = now.UTC().Truncate(time.Millisecond)
	switch {
	case s.Submission.PrintOnly:
		return s.due(now, ReasonPrintOnly)
	case s.Submission.Recipient.DigitalID == "":
		return s.due(now, ReasonNoDigitalID)
	case !s.NotifiedAt.IsZero():
		return s.dueWhenUnread(r)
	}
	return s
}

// ExpireDigitalOnly closes an only digital shipment whose deadline has passed unread: SENDT_DIGITALT, never printed. It
// reports false, and changes nothing, for every other shipment. The deadline is computed from NotifiedAt, since such a
// shipment never has a DueAt.
func ExpireDigitalOnly(s Shipment, r Rules, now time.Time) (Shipment, Event, bool) {
	if !s.Submission.DigitalOnly || s.NotifiedAt.IsZero() || !s.ReadAt.IsZero() || !s.Status.MayBecome(StatusSendtDigitalt) {
		return s, Event{}, false
	}
	deadline := Deadline(s.NotifiedAt, r)
	if now.Before(deadline) {
		return s, Event{}, false
	}
	from := s.Status
	s = s.Move(StatusSendtDigitalt).NotDue()
	return s, Event{Shipment: s.ID, At: deadline, Kind: EventStatus, From: from, To: s.Status, Reason: string(ReasonUnread)}, true
}

// Move changes the status if the table permits it; otherwise it stays.
func (s Shipment) Move(to Status) Shipment {
	if s.Status.MayBecome(to) {
		s.Status = to
	}
	return s
}

// dueWhenUnread sets the deadline of a notified letter. Only digital never goes to paper, and letters to organisations
// only if the account wants it (option since 2017-10-15, SvarUt changelog).
func (s Shipment) dueWhenUnread(r Rules) Shipment {
	if s.isOrganisation() && !r.ForwardOrganisations {
		return s
	}
	return s.due(Deadline(s.NotifiedAt, r), ReasonUnread)
}

// undeliverable is what becomes of a letter that no digital channel takes: paper at once, or IKKE_LEVERT if it must not
// be paper (SvarUt changelog 2016-03-22). That an account does not forward organisations concerns unread letters only.
func (s Shipment) undeliverable(at time.Time, why Reason) Shipment {
	if s.Submission.DigitalOnly {
		if s.ReadAt.IsZero() {
			return s.Move(StatusIkkeLevert)
		}
		return s
	}
	return s.due(at, why)
}

// due makes the letter due at a time, unless it is due earlier already or paper is out of the question.
func (s Shipment) due(at time.Time, why Reason) Shipment {
	if s.Submission.DigitalOnly || !s.ReadAt.IsZero() || !s.ClosedAt.IsZero() {
		return s
	}
	if s.Status != StatusMottatt && !s.Status.Printable() {
		return s
	}
	if s.DueAt.IsZero() || at.Before(s.DueAt) {
		s.DueAt, s.DueReason = at.UTC(), why
	}
	return s
}

// NotDue is the shipment without a time at which it goes to paper.
func (s Shipment) NotDue() Shipment {
	s.DueAt, s.DueReason = time.Time{}, ""
	return s
}

// isOrganisation reports whether the recipient is an organisation: nine digits.
func (s Shipment) isOrganisation() bool {
	return postcode.Digits(identity.StripSpaces(s.Submission.Recipient.DigitalID.Reveal()), 9)
}

// earliest is the earlier of a fact's time, if it has one, and another.
func earliest(have, at time.Time) time.Time {
	if have.IsZero() || at.Before(have) {
		return at
	}
	return have
}
