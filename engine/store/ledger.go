package store

import (
	"context"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/engine/calendar"
)

// LedgerReader reads the ledger, its months and the register of konteringskoder.
type LedgerReader interface {
	// Ledger lists lines in the order of booked time, job, shipment, entry and place.
	Ledger(ctx context.Context, f LedgerFilter) ([]LedgerLine, error)
	// EachLedgerLine calls fn for lines, in any order. fn must not use the reader.
	EachLedgerLine(ctx context.Context, f LedgerFilter, fn func(LedgerLine) error) error
	// LedgerSum counts the letters and sums the net of what is booked in [from, to).
	LedgerSum(ctx context.Context, from, to time.Time) (letters int, net money.Ore, err error)
	// SumsDiffer holds the sums that are kept of the ledger against its lines: the months (2026-11) in which they differ. It reads all.
	SumsDiffer(ctx context.Context) ([]string, error)
	// AwaitingReceipts is when letters were handed over that no receipt has come for, once for each job that owes one; in any order.
	AwaitingReceipts(ctx context.Context) ([]time.Time, error)
	ClosedMonths(ctx context.Context) ([]ClosedMonth, error) // the oldest first
	// FirstActivity is when, from a time on, a shipment was received or an amount is booked for the first time; zero: never.
	FirstActivity(ctx context.Context, from time.Time) (time.Time, error)
	// CodeRegister is the register of konteringskoder, by code; empty: there is none.
	CodeRegister(ctx context.Context) ([]codes.Entry, error)
	// SpentByCode sums the net of what is booked in [from, to) by konteringskode. accounts nil: all.
	SpentByCode(ctx context.Context, from, to time.Time, accounts []string) (map[string]money.Ore, error)
	// CodesOf gives the konteringskoder of shipments, by id; those that are not there are left out. At most some hundred at once.
	CodesOf(ctx context.Context, shipments []string) (map[string]string, error)
	// EachReportShipment calls fn for the shipments received or posted in [from, to), and for those that the ledger has lines of in
	// it; each once, in any order. accounts nil: all. fn must not use the reader.
	EachReportShipment(ctx context.Context, from, to time.Time, accounts []string, fn func(ReportShipment) error) error
}

// LedgerWriter changes the ledger, its months and the register of konteringskoder.
type LedgerWriter interface {
	// Book adds lines to the ledger, recorded now. ErrExists when one of the entry and place is there, or reverses a line that
	// is reversed. A line in a closed month is refused.
	Book(ctx context.Context, lines []LedgerLine) error
	// CloseMonth closes a month, now. ErrExists when it is closed.
	CloseMonth(ctx context.Context, m ClosedMonth) error
	// SetCodeRegister replaces the register of konteringskoder.
	SetCodeRegister(ctx context.Context, entries []codes.Entry) error
}

// What a vendor's price list says of costs that belong to no letter: control sheets, and the least that an account pays for a day.

// PostedSum is what receipts say of letters of an account, konteringskode and envelope class that were posted at the same time.
type PostedSum struct {
	Account, Konteringskode string
	Envelope                string
	At                      time.Time
	Letters                 int       // reprints too
	Production              money.Ore // net
}

// LedgerSource says why a line stands in the ledger.
type LedgerSource string

// The sources of ledger lines.
const (
	LedgerReceipt    LedgerSource = "KVITTERING"  // what the vendor's receipt says of a letter
	LedgerReversal   LedgerSource = "REVERSERING" // takes back a line that proved wrong
	LedgerAllocation LedgerSource = "FORDELING"   // an amount of an invoice that belongs to no letter, shared out
)

// LedgerLine is one amount in the ledger (hovedbok). Lines are only added; what was wrong is reversed by lines of its own.
type LedgerLine struct {
	Entry    string // UUID of what was booked at once (bilag): a receipt's id, or one that is derived from it
	Place    int    // of the line in its entry, from 0
	BookedAt time.Time
	Recorded time.Time // when the line was added; set by the archive
	PostedAt time.Time // of the letter; zero when there is none
	Vendor   string
	Account  string // of the letter, or empty
	Shipment string // or empty
	Job      string // or empty
	Line     ledger.Line
	// Letters is how many letters the line counts: 1 for the first line of a letter, -1 for its reversal, else 0. A reprint
	// counts none.
	Letters  int
	Source   LedgerSource
	Document string // SHA-256 of the receipt file, or id of the invoice
	Reverses string // entry whose line of the same place it takes back, or empty
	Note     string // Norwegian; no personal data
	By       string // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// LedgerFilter chooses ledger lines; zero fields choose all.
type LedgerFilter struct {
	From, To time.Time // booked in [From, To); zero To: all
	Accounts []string
	Vendor   string
	Entry    string
	Document string
	Limit    int
}

// ClosedMonth is a month that finance has closed.
type ClosedMonth struct {
	Month    civil.Date // its first day
	ClosedAt time.Time  // set by the archive
	Reason   string     // no personal data
	By       string     // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// Span is the month in time, half-open.
func (m ClosedMonth) Span() (from, to time.Time) {
	t := m.Month.UTC()
	return m.Month.In(calendar.Oslo), civil.Of(t.AddDate(0, 1, 0), time.UTC).In(calendar.Oslo)
}
