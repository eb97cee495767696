package digital

import (
	"context"
	"encoding/json"
	"time"

	"postgang/engine/channel"
	"postgang/engine/identity"
	"postgang/engine/postcode"
	"postgang/engine/shipment"
)

// Channel is a digital channel, or a register that decides whether one can be used. The package digitaltest tries all of them alike.
type Channel interface {
	// Name is what accounts and the archive call it, lower case; it never changes.
	Name() string
	// Reads tells whether the channel is the one that knows who has read the letters that it has a reference of. A letter of such a
	// channel goes to paper only after the channel has answered about it since it was due; see [Channels.Unheard].
	Reads() bool
	// Takes tells whether a letter is a matter of the channel's at a time: whether it is to be asked about it. It looks at the
	// case alone.
	Takes(c Case, now time.Time) bool
	// Look asks how letters stand, as many as are given, and gives a finding for each that was answered, in any order. Those that
	// are left out stay as they are and are asked about again. With an error it gives what was answered until then; the error says
	// what to mend, and holds no private data.
	//
	// Doing it again is harmless, also twice at a time: what it was killed in the middle of is looked at anew.
	Look(ctx context.Context, cases []Case) ([]Finding, error)
	// Check proves that the channel can be reached and lets us in, without asking about anybody. The error says what to mend.
	Check(ctx context.Context) error
}

// Case is a letter as a channel sees it.
type Case struct {
	Shipment, Account string
	Recipient         shipment.Private // digital id without spaces: eleven digits, or an organisation's nine
	Status            shipment.Status
	ReceivedAt        time.Time
	NotifiedAt        time.Time    // zero: not yet
	DueAt             time.Time    // when it goes to paper; zero: not decided
	DigitalOnly       bool         // never goes to paper
	Kept              channel.Case // of before; an empty State: it is asked about for the first time
}

// Person reports whether the recipient is a person, by eleven digits.
func (c Case) Person() bool { return postcode.Digits(c.Recipient.Reveal(), 11) }

// Organisation reports whether the recipient is an organisation, by nine digits.
func (c Case) Organisation() bool { return postcode.Digits(c.Recipient.Reveal(), 9) }

// caseOf is a letter as channels see it.
func caseOf(l channel.Letter) Case {
	s := l.Shipment
	return Case{
		Shipment: s.ID, Account: s.Account, Recipient: shipment.Private(identity.StripSpaces(s.Submission.Recipient.DigitalID.Reveal())),
		Status: s.Status, ReceivedAt: s.ReceivedAt, NotifiedAt: s.NotifiedAt, DueAt: s.DueAt, DigitalOnly: s.Submission.DigitalOnly,
		Kept: l.Case,
	}
}

// Finding is what a channel says of a letter.
type Finding struct {
	Shipment string
	State    string // how it stands, a word of the channel's, upper case
	// Reference is the channel's own id of the letter; empty: it has none. One that is there stays.
	Reference string
	// Answer is what is kept of what it said, without private data; nil: nothing.
	Answer json.RawMessage
	// Events are what follows for the letter; each is applied once, by channel, reference and kind.
	Events []Event
	// Next is when the channel is to be asked about it by itself; zero: before each collection alone.
	Next time.Time
}

// Event is what a channel says has happened to a letter.
type Event struct {
	Kind  shipment.DigitalKind
	At    time.Time
	Cause string // the channel's words that it follows from, for the history; no private data
}
