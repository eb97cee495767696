package engine

import (
	"time"

	"postgang/billing"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// Account (konto, avsender) is a sending unit with its cover, rules and vendor.
type Account struct {
	Key    string // lower case, digits and hyphens; names its drop folder
	Name   string // as shown in reports
	Sender cover.Sender
	Rules  Rules
	Vendor string // vendor key
}

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
	Receipts     billing.Format
	Invoices     billing.InvoiceFormat
	VAT          billing.VAT
	VATMissing   bool // nobody has said what it is, so that it counts as none
	Tolerances   billing.Tolerances
	Prices       *billing.PriceList // nil: no expected cost
	OfferFrom    time.Duration      // offers are made from this time of day, Europe/Oslo …
	OfferTo      time.Duration      // … until this one (exclusive); equal: always
	// The most letters offered in any hour and in any 24 hours; 0: no limit. A job that alone has more is offered when
	// nothing else was in that time.
	LettersPerHour, LettersPerDay int
	// PrintWindow is how many days a letter may be due, or a job planned, before it is set aside instead of offered:
	// what was kept back by a fault for so long must not go out by the thousand when the fault is gone (SvarUt,
	// printWindowAgeInDays, peers.md 1.4). 0: DefaultPrintWindow.
	PrintWindow int
	// How long it may take before an alarm, see AnswerDue and ReceiptDue.
	AnswerWithin  time.Duration // from the offer to the answer; 0: DefaultAnswerWithin
	ReceiptWithin int           // virkedager from the acceptance to the receipts; 0: DefaultReceiptWithin
}

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
