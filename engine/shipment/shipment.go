// Package shipment is the pure core: a shipment (forsendelse), what may be handed in, its statuses, the deadline of 40 hours of
// working days, and what digital events do to it. It does no I/O and knows no clock: times come in.
package shipment

import (
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"time"

	"postgang/printjobs/prepare/finding"
)

// BlobRef names the bytes of a blob by their content.
type BlobRef struct {
	SHA256 string `json:"sha256"` // lower-case hex; empty: no blob
	Bytes  int64  `json:"bytes"`
}

// IsZero reports whether the reference names nothing.
func (r BlobRef) IsZero() bool { return r.SHA256 == "" }

// AnyRefuses reports whether one of them refuses the hand-in and does not only warn.
func AnyRefuses(rs []Refusal) bool {
	for _, r := range rs {
		if !r.Warning {
			return true
		}
	}
	return false
}

// RefusalCodes joins the codes that refuse, for history and logs.
func RefusalCodes(rs []Refusal) string {
	var codes []string
	for _, r := range rs {
		if !r.Warning {
			codes = append(codes, r.Code)
		}
	}
	return strings.Join(codes, " ")
}

// Private is a text that may identify a person: a name, an address line, a title, a fødselsnummer, a document's file
// name. It prints and logs as a fixed mark, so that no careless format verb or log attribute can leak it; Reveal gives
// the text to the few places that must show it (the cover page, the archive).
type Private string

const privateMark = "(private)"

// String hides the text.
func (p Private) String() string { return privateMark }

// GoString hides the text from %#v.
func (p Private) GoString() string { return privateMark }

// LogValue hides the text from slog.
func (p Private) LogValue() slog.Value { return slog.StringValue(privateMark) }

// Reveal returns the text itself.
func (p Private) Reveal() string { return string(p) }

// Status is SvarUt's status of a shipment, its names verbatim (docs/sources.md, Statuses).
type Status string

// The statuses a shipment can have.
const (
	StatusMottatt          Status = "MOTTATT"             // received, id assigned
	StatusAkseptert        Status = "AKSEPTERT"           // validated, print-ready file made
	StatusAvvist           Status = "AVVIST"              // refused, with every reason
	StatusFeiletUnderMotta Status = "FEILET_UNDER_MOTTAK" // intake failed for a reason of ours
	StatusKlarForMottak    Status = "KLAR_FOR_MOTTAK"     // waits for download by SvarInn
	StatusVarslet          Status = "VARSLET"             // the recipient was notified; the deadline runs
	StatusSendtDigitalt    Status = "SENDT_DIGITALT"      // only digital, deadline passed unread; never printed
	StatusSendtSDP         Status = "SENDT_SDP"           // handed to a digital mailbox
	StatusLevertSDP        Status = "LEVERT_SDP"          // confirmed delivered in a digital mailbox
	StatusLest             Status = "LEST"                // read in time
	StatusSendtPrint       Status = "SENDT_PRINT"         // offered to the print vendor
	StatusPrintet          Status = "PRINTET"             // receipt from the vendor
	StatusIkkeLevert       Status = "IKKE_LEVERT"         // only digital, undeliverable
	StatusManueltHandtert  Status = "MANUELT_HANDTERT"    // closed by a person
	StatusSlettet          Status = "SLETTET"             // content and personal data deleted
)

// Reason says why a letter goes to paper; it is recorded when the letter becomes due.
type Reason string

// The reasons for paper.
const (
	ReasonNoDigitalID   Reason = "INGEN_DIGITAL_ID" // no fødselsnummer or organisasjonsnummer: straight to print (S4:21)
	ReasonPrintOnly     Reason = "KUN_PRINT"        // handed in for print only (V3 /print)
	ReasonReserved      Reason = "RESERVERT"        // reserved against digital communication
	ReasonNotNotifiable Reason = "IKKE_VARSLBAR"    // no usable contact information
	ReasonUnread        Reason = "ULEST"            // unread at the deadline
	ReasonSDPFailed     Reason = "SDP_FEILET"       // the digital mailbox did not take it (SvarUt changelog 2016-01-12)
)

// Reasons are all reasons for paper.
func Reasons() []Reason {
	return []Reason{ReasonNoDigitalID, ReasonPrintOnly, ReasonReserved, ReasonNotNotifiable, ReasonUnread, ReasonSDPFailed}
}

// Shipment (forsendelse) is one letter to one recipient, with its metadata and where it stands.
//
// Zero times mean "has not happened". LEST may arrive after print; therefore ReadAt and PostedAt are facts beside the
// status, not derived from it (docs/sources.md, Statuses).
type Shipment struct {
	ID      string // UUID, lower case
	Account string // account key of the configuration
	HandIn  string // the hand-in's own key; unique within the account
	Status  Status

	Submission  Submission // what the sender handed in; personal data
	Fingerprint string     // keyed hash for the duplicate guard, see Submission.Fingerprint
	// Content is the keyed hash of what was handed in: the same key again with another content is another hand-in. Empty: it
	// was handed in before this was kept.
	Content string
	// Dialect is the way it was handed in, see access.Dialect; empty: by the drop folder, or before this was kept. Integration is
	// the id of the integration that handed it in.
	Dialect, Integration string
	Zone                 string // postage zone: NORGE, EUROPA or VERDEN

	ReceivedAt time.Time // handed in
	NotifiedAt time.Time // VARSLET
	ReadAt     time.Time // LEST, also when it came after print
	DueAt      time.Time // when the letter goes to paper unless something happens first; zero: not decided
	DueReason  Reason    // why; set together with DueAt
	SentAt     time.Time // offered to the vendor
	PostedAt   time.Time // postlagt, from the receipt
	ClosedAt   time.Time // closed by a person

	Prepared BlobRef        // the print-ready PDF; zero until AKSEPTERT
	Facts    *finding.Facts // its facts; nil until AKSEPTERT
	// PreparedKey names what Prepared was made from and how; empty when that is not known. Equal keys mean equal files.
	PreparedKey string
	// Settings are the versions of its account's settings that it was prepared with, by party.Setting; what is not there was the
	// configuration's. nil until AKSEPTERT.
	Settings map[string]int
	Hold     string    // not empty: set aside with this reason code; not collected until released
	Refusals []Refusal // AVVIST: all reasons at once
	// CostApprovedAt is when a person approved that the letter goes to paper whatever the caps on cost say.
	CostApprovedAt time.Time

	Version int64 // counts updates; optimistic concurrency
}

// LogValue lets a shipment be logged by its id alone.
func (s Shipment) LogValue() slog.Value { return slog.StringValue(s.ID) }

// Refusal is one reason why a hand-in was refused, or a warning about one that was not. It holds no sentence: engine/words makes it
// from code and arguments, in the reader's language. It holds no personal data.
type Refusal struct {
	Code    string `json:"kode"`             // stable, lower case with hyphens, e.g. "postnummer-form"
	Field   string `json:"felt,omitempty"`   // path in forsendelse.json, e.g. "mottaker.postnummer"
	Args    Args   `json:"arg,omitempty"`    // what the sentence of the code needs
	Text    string `json:"tekst,omitempty"`  // bokmål; only of what was stored before refusals had arguments
	Pages   []int  `json:"sider,omitempty"`  // of the document, 1-based, where several have the same
	Warning bool   `json:"varsel,omitempty"` // true: noted, does not refuse
}

// OfFinding is what preparing found, as a refusal or warning of the hand-in. Field is the path of the document; a finding that
// was kept with a sentence keeps it as the argument "text".
func OfFinding(f finding.Finding, field string, warning bool) Refusal {
	args := Args{}
	maps.Copy(args, f.Args)
	if f.Text != "" {
		args["text"] = f.Text
	}
	if f.Page > 0 && len(f.Pages) < 2 {
		args["page"] = strconv.Itoa(f.Page)
	}
	if len(args) == 0 {
		args = nil
	}
	return Refusal{Code: f.Code, Field: field, Args: args, Pages: f.Pages, Warning: warning}
}

// Args are what the sentence of a refusal needs, by name: numbers, limits, dates (2026-01-31), names of fields and files of ours. Two
// names mean the same for every code: "case" says which of a code's sentences it is, and "page" is the page (1-based) of the
// document that it is about, where it is about one. Never what was handed in: a name, an address, a title.
type Args map[string]string

// Document is one file of a shipment, in the order of the letter.
type Document struct {
	Shipment string
	Position int     // 0-based order in the letter
	FileName Private // as handed in
	MimeType string
	Blob     BlobRef
	Giro     []int // 1-based pages printed on giro stock
	Excluded bool  // not printed (skalEkskluderesFraUtskrift, or not a PDF)
}

// Event is one line of a shipment's history.
type Event struct {
	Shipment string
	At       time.Time // when it happened
	Recorded time.Time // when we recorded it; set by the archive when zero
	Kind     string    // e.g. "STATUS", "LEST_ETTER_PRINT", "SAMLET", "TRUKKET"; the engine's constants
	From, To Status    // equal when the event changed no status
	Reason   string    // a Note as it is kept, a code, or a short text; without personal data
	Key      string    // external identity of a digital event, unique; empty for our own
	By       string    // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// DigitalEvent is what a channel adapter reports about a shipment.
type DigitalEvent struct {
	Shipment string // shipment id, or empty when Account and HandIn name it
	Account  string
	HandIn   string
	Kind     DigitalKind
	At       time.Time
	Key      string // unique identity; the same key twice is one event
	Reason   string // why, when a person did it; no personal data
}

// DigitalKind is the kind of a digital event.
type DigitalKind string

// The kinds of digital events (docs/drop-folder.md).
const (
	DigitalNotified      DigitalKind = "VARSLET"
	DigitalRead          DigitalKind = "LEST"
	DigitalReserved      DigitalKind = "RESERVERT"
	DigitalNotNotifiable DigitalKind = "IKKE_VARSLBAR"
	DigitalSDPSent       DigitalKind = "SDP_SENDT"
	DigitalSDPDelivered  DigitalKind = "SDP_LEVERT"
	DigitalSDPFailed     DigitalKind = "SDP_FEILET"
	DigitalClosed        DigitalKind = "LUKKET" // closed by hand: MANUELT_HANDTERT
)
