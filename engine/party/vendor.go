package party

import (
	"cmp"
	"time"

	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/price"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// Vendor is a print vendor: its profile as data.
type Vendor struct {
	Key     string
	Name    string
	Profile printjobs.Profile
	Checks  prepare.Checks // prechecks of the PDFs of its letters
	// Manual: nobody's SFTP server. Its jobs wait in a queue and are printed and posted here, see PrintManual; Target is not
	// used.
	Manual bool
	// ManualWithin is how many days a job may wait to be printed, and then to be confirmed, before an alarm. 0:
	// DefaultManualWithin.
	ManualWithin int
	Target       exchange.Target
	Receipts     receipt.Format
	Invoices     invoice.Format
	VAT          ledger.VAT
	VATMissing   bool // nobody has said what it is, so that it counts as none
	Tolerances   receipt.Tolerances
	Prices       *price.List   // nil: no expected cost
	OfferFrom    time.Duration // offers are made from this time of day, Europe/Oslo …
	OfferTo      time.Duration // … until this one (exclusive); equal: always
	// The most letters offered in any hour and in any 24 hours; 0: no limit. A job that alone has more is offered when
	// nothing else was in that time.
	LettersPerHour, LettersPerDay int
	// PrintWindow is how many days a letter may be due, or a job planned, before it is set aside instead of offered:
	// what was kept back by a fault for so long must not go out by the thousand when the fault is gone (SvarUt,
	// printWindowAgeInDays; docs/sources.md, Vendors and receipts). 0: DefaultPrintWindow.
	PrintWindow int
	// How long it may take before an alarm, see AnswerDue and ReceiptDue.
	AnswerWithin  time.Duration // from the offer to the answer; 0: DefaultAnswerWithin
	ReceiptWithin int           // virkedager from the acceptance to the receipts; 0: DefaultReceiptWithin
}

// Manual print (manuell utskrift) is a vendor of its own without a vendor: its composed jobs wait in a queue, people here
// print and post them, and their confirmation is booked as the receipt (SvarUt changelog 2015-11-19, 2017-03-06).
//
//	COMPOSED   waits in the queue; nobody has had its files                     PrintManual → COMMITTED
//	COMMITTED  past the last gate, its files are being written out              PrintManual → OFFERED
//	OFFERED    the files were given to the person who prints                    ConfirmManual → ACCEPTED, CLOSED
//
// It has no UNCERTAIN: until OFFERED is recorded PrintManual has not said that the files are there.

// DefaultManualWithin is Vendor.ManualWithin when it says nothing else, in days (SvarUt changelog 2017-03-06).
const DefaultManualWithin = 7

// Bars reports whether a letter is never printed by the vendor: those who print here see pages, and of a letter that demands a log-in of
// level 4 nobody does.
func (v Vendor) Bars(s shipment.Shipment) bool { return v.Manual && s.Submission.RequireLevel4 }

// WhyBarred is what a letter is set aside for that the vendor Bars.
func (v Vendor) WhyBarred() shipment.Refusal {
	return shipment.Refusal{Code: shipment.HoldLevel4, Args: shipment.Args{"vendor": v.Key}}
}

// ManualLimit is how long a job may wait in the queue of manual print before an alarm.
func (v Vendor) ManualLimit() time.Duration {
	return time.Duration(cmp.Or(v.ManualWithin, DefaultManualWithin)) * DayLong
}

// OfferWindow is when the window for offers that begins on a day opens and shuts.
func (v Vendor) OfferWindow(day calendar.Day) (open, shut time.Time) {
	// By the clock on the wall: hours counted from midnight are an hour off on the days when clocks change.
	at := func(days int, clock time.Duration) time.Time {
		return calendar.FromWall(time.Date(day.Year, day.Month, day.Day+days, 0, 0, int(clock/time.Second), 0, time.UTC))
	}
	over := 0
	if v.OfferFrom > v.OfferTo {
		over = 1
	}
	return at(0, v.OfferFrom), at(over, v.OfferTo)
}

// DefaultPrintWindow is Vendor.PrintWindow when it says nothing else, in days (docs/sources.md, Vendors and receipts).
const DefaultPrintWindow = 30

// DayLong is a day without a change of the clock.
const DayLong = 24 * time.Hour

// PrintLimit is how long a letter may be due, and a job wait, before it is set aside.
func (v Vendor) PrintLimit() time.Duration {
	return time.Duration(cmp.Or(v.PrintWindow, DefaultPrintWindow)) * DayLong
}

// What a vendor is given when it says nothing else.
const (
	DefaultAnswerWithin  = 24 * time.Hour
	DefaultReceiptWithin = 4 // virkedager; SvarUt looks for missing receipts from the fourth on (docs/sources.md, Vendors and receipts)
)

// AnswerDue is when the answer to an offer made at a time is overdue, in UTC: when AnswerWithin of the vendor (0:
// DefaultAnswerWithin) is used up. It is counted on the clock, and only within the window for offers when one is set.
func (v Vendor) AnswerDue(offered time.Time) time.Time {
	left := cmp.Or(v.AnswerWithin, DefaultAnswerWithin)
	if v.OfferFrom == v.OfferTo {
		return offered.Add(left).UTC()
	}
	at := offered
	// From the day before: a window over midnight may have begun then.
	for day := calendar.DayOf(offered).Add(-1); ; day = day.Add(1) {
		open, shut := v.OfferWindow(day)
		if open.After(at) {
			at = open
		}
		rest := shut.Sub(at)
		if rest >= left {
			return at.Add(left).UTC()
		}
		if rest > 0 {
			left, at = left-rest, shut
		}
	}
}

// ReceiptDue is when receipts for a job that was accepted at a time are overdue, in UTC: at the end of the last of
// ReceiptWithin virkedager of the vendor (0: DefaultReceiptWithin) after the day of acceptance. 24 and 31 December are
// none.
func (v Vendor) ReceiptDue(accepted time.Time) time.Time {
	n := cmp.Or(v.ReceiptWithin, DefaultReceiptWithin)
	return calendar.Calendar{}.AddVirkedager(calendar.DayOf(accepted), n).Add(1).Start().UTC()
}
