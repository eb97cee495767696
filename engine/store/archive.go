package store

import (
	"context"
	"errors"
	"io"
	"time"

	"postgang/billing"
	"postgang/engine/shipment"
	"postgang/printjobs/prepare"
)

// Errors of the archive that the engine tells apart.
var (
	ErrNotFound = errors.New("not found")
	// ErrExists: a unique key is taken. The transaction is over; run it again to see what is there.
	ErrExists = errors.New("exists already")
	// ErrStale: the row was changed since it was read. Read it again.
	ErrStale = errors.New("changed by someone else")
	// ErrLocked: another process holds the lock.
	ErrLocked = errors.New("locked by another process")
	// ErrLockLost: the connection that held a lock is gone, and another process may hold it by now.
	ErrLockLost = errors.New("the lock is lost: the connection to the database that held it is gone")
)

// Blob is an open blob.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Blobs keeps documents by content. Written, then referenced: a blob that no row names is garbage, a row never names
// a blob that is not there. Put is idempotent and durable when it returns (file and directory flushed to disk).
type Blobs interface {
	Put(ctx context.Context, r io.Reader) (shipment.BlobRef, error)
	// Open returns ErrNotFound (wrapped) when the blob is not there.
	Open(ctx context.Context, ref shipment.BlobRef) (Blob, error)
	Delete(ctx context.Context, ref shipment.BlobRef) error
}

// Finder is a store of documents that can find one by its hash alone.
type Finder interface {
	// Find returns ErrNotFound (wrapped) when there is none.
	Find(ctx context.Context, sha256 string) (shipment.BlobRef, error)
}

// Fence keeps, outside of the archive, the highest number of a job of each installation that was handed over. An archive
// that has not given out so many is an old copy.
type Fence interface {
	// HighestJob is 0 when none was handed over.
	HighestJob(ctx context.Context, installation string) (int, error)
	// RaiseHighestJob is durable when it returns, never lowers, and may be called by several processes at once.
	RaiseHighestJob(ctx context.Context, installation string, number int) error
}

// Archive (forsendelsesarkiv) keeps all rows. Its implementations behave alike; one conformance suite runs on each.
type Archive interface {
	// InTx runs fn in one write transaction: all of it or nothing. fn must not do I/O other than through tx, nor use
	// the archive itself, and should be short: on SQLite it holds the only write connection. An error from fn rolls
	// back and is returned as it is.
	InTx(ctx context.Context, fn func(tx Tx) error) error
	// View runs fn on one consistent snapshot, read only.
	View(ctx context.Context, fn func(r Reader) error) error
	// Lock takes a named lock across processes, which the death of the process releases. It does not wait: ErrLocked. What
	// is done under the lock is done with held, which ends with ctx, with the release, and as soon as the lock is lost
	// (ErrLockLost, its cause): then another process may have it.
	Lock(ctx context.Context, name string) (held context.Context, release func(), err error)
	Close() error
}

// ShipmentFilter selects shipments; zero fields select all.
type ShipmentFilter struct {
	Account     string
	Statuses    []shipment.Status
	Held        bool   // only those set aside
	Hold        string // only those set aside with this reason code
	DigitalOnly bool   // only kunDigitalLevering
	After       string // id of the last one seen, for paging
	Newest      bool   // order is by time of receipt, the newest first; else by id
	Limit       int    // 0: no limit
}

// JobFilter selects print jobs; zero fields select all. Order is by id.
type JobFilter struct {
	Vendor string
	Parent string // only those that replace or reprint this one
	States []JobState
	// OfferedSince: only those that were offered then or later.
	OfferedSince time.Time
	Reprints     bool // only reprints
	Limit        int
}

// DeviationFilter chooses deviations.
type DeviationFilter struct {
	Keys     []string  // only these; empty: all
	From, To time.Time // recorded in [From, To); zero To: all
	After    Deviation // only those that come after it, by At and Key; zero: from the first
	Limit    int
}

// Reader reads the archive.
type Reader interface {
	Shipment(ctx context.Context, id string) (shipment.Shipment, error)
	ShipmentByHandIn(ctx context.Context, account, handIn string) (shipment.Shipment, error)
	Shipments(ctx context.Context, f ShipmentFilter) ([]shipment.Shipment, error)
	// CountShipments counts by account, status and reason of being set aside, in that order.
	CountShipments(ctx context.Context) ([]StatusCount, error)
	// CountHeld counts the shipments that are set aside by their reason code.
	CountHeld(ctx context.Context) (map[string]int, error)
	// Unhandled counts, by account and status, letters to which nothing has happened after a time: received and with the
	// last event of their history recorded not after it, status MOTTATT, AKSEPTERT, KLAR_FOR_MOTTAK or SENDT_SDP, not due
	// at any time, not read, not closed and not held. A notified letter (VARSLET) waits for its reader.
	Unhandled(ctx context.Context, since time.Time) ([]StatusCount, error)
	Documents(ctx context.Context, shipment string) ([]shipment.Document, error)
	// History is in the order recorded.
	History(ctx context.Context, shipment string) ([]shipment.Event, error)
	// PreparedAs finds a prepared file and its facts by Shipment.PreparedKey; ErrNotFound.
	PreparedAs(ctx context.Context, key string) (shipment.BlobRef, *prepare.Facts, error)
	// CountAlike counts the shipments with this fingerprint that were recorded before a shipment (EventReceived) and received
	// since then. Refused ones do not count.
	CountAlike(ctx context.Context, shipment, fingerprint string, since time.Time) (Alike, error)
	// Due lists shipments that may be collected: status AKSEPTERT, VARSLET, KLAR_FOR_MOTTAK or SENDT_SDP, DueAt set and
	// not after now, not read, not closed, not held, prepared, in no live job, of one of these accounts; by id, at most
	// limit after the id `after`.
	Due(ctx context.Context, now time.Time, accounts []string, after string, limit int) ([]shipment.Shipment, error)

	// DueAhead lists shipments as Due does, of all accounts, that are due after a time though not because they were unread
	// (ReasonUnread): they were due at once when they were taken.
	DueAhead(ctx context.Context, after time.Time) ([]shipment.Shipment, error)
	// Overdue counts what Due lists at a time, by account, with the time of the one that was due first.
	Overdue(ctx context.Context, at time.Time) ([]OverdueCount, error)
	// ReceivedAfter counts the shipments received after a time, and gives the last of their times.
	ReceivedAfter(ctx context.Context, t time.Time) (n int, last time.Time, err error)
	// JobMarks lists what tells jobs apart, of all jobs, by id.
	JobMarks(ctx context.Context) ([]JobMark, error)
	// JobNumber is the number of the newest job id that was given out; 0: none.
	JobNumber(ctx context.Context) (int, error)
	// FoundJobs lists what was settled about jobs that a vendor has under ids of ours, by id.
	FoundJobs(ctx context.Context, vendor string) ([]FoundJob, error)
	// FoundLetters lists letters that a vendor has by its own word and that stand in no job of ours under that id.
	FoundLetters(ctx context.Context, f FoundLetterFilter) ([]FoundLetter, error)
	// SeenReceipts lists the receipt files of a vendor that were looked through.
	SeenReceipts(ctx context.Context, vendor string) ([]SeenReceipt, error)

	Job(ctx context.Context, id string) (PrintJob, error)
	Jobs(ctx context.Context, f JobFilter) ([]PrintJob, error)
	JobLetters(ctx context.Context, job string) ([]JobLetter, error) // by letter number
	JobFiles(ctx context.Context, job string) ([]JobFile, error)     // in the order of SetJobFiles
	// JobOwners counts a job's letters by account and konteringskode, in their order.
	JobOwners(ctx context.Context, job string) ([]LetterOwner, error)
	JobHistory(ctx context.Context, job string) ([]JobEvent, error)
	// PlannedCosts sums the expected cost of the letters in live jobs that were created then or later: no reprints, and none
	// whose cost a person approved. By account, then konteringskode.
	PlannedCosts(ctx context.Context, since time.Time) ([]PlannedCost, error)
	// CountNotable counts the shipments with an event of each kind that happened in [from, to): EventWithdrawn, EventReturned and
	// EventReadAfter. accounts nil: all.
	CountNotable(ctx context.Context, from, to time.Time, accounts []string) (map[string]int, error)
	// JobsOf lists every job that a shipment is or was in, newest first.
	JobsOf(ctx context.Context, shipment string) ([]PrintJob, error)
	// JobLetterOf is the shipment's place in a job; ErrNotFound.
	JobLetterOf(ctx context.Context, job, shipment string) (JobLetter, error)
	// Ungated lists the letters of a job that must not be printed any more: read, closed, held, or in a status from
	// which nothing goes to paper. Those of a reprint, which were printed before: closed, held or deleted. Set-based; the
	// last gate.
	Ungated(ctx context.Context, job string) ([]shipment.Shipment, error)
	// Unreceipted counts a job's letters without an applied receipt.
	Unreceipted(ctx context.Context, job string) (int, error)
	// Awaited counts a job's letters that a receipt is awaited for: without an applied one, and not closed by a person
	// (MANUELT_HANDTERT).
	Awaited(ctx context.Context, job string) (int, error)

	ReceiptFile(ctx context.Context, vendor, sha256 string) (ReceiptFile, error)
	ReceiptFiles(ctx context.Context, vendor string) ([]ReceiptFile, error)
	// AppliedReceipt is the receipt in force for a shipment in a job; ErrNotFound.
	AppliedReceipt(ctx context.Context, job, shipment string) (Receipt, error)
	// ReceiptLetters are the letters of shipments, in all jobs that they are or were in, with the receipts in force. At most some
	// hundred shipments at once.
	ReceiptLetters(ctx context.Context, shipments []string) ([]ReceiptLetter, error)
	// Receipt reads a receipt row by its id; ErrNotFound.
	Receipt(ctx context.Context, id string) (ReceiptRecord, error)
	// Receipts lists receipt rows in the order fetched, then by id.
	Receipts(ctx context.Context, f ReceiptFilter) ([]ReceiptRecord, error)
	// OpenConflicts counts, by vendor, the receipts in conflict that nobody has decided about.
	OpenConflicts(ctx context.Context) (map[string]int, error)
	// Deviations lists deviations with their state, by time and key.
	Deviations(ctx context.Context, f DeviationFilter) ([]Deviation, error)
	// FirstActivity is when, from a time on, a shipment was received or an amount is booked for the first time; zero: never.
	FirstActivity(ctx context.Context, from time.Time) (time.Time, error)
	// OpenDeviations counts, by vendor, the deviations recorded in [from, to) that nobody has decided about.
	OpenDeviations(ctx context.Context, from, to time.Time) (map[string]int, error)
	// Invoice reads an invoice by its id; ErrNotFound.
	Invoice(ctx context.Context, id string) (InvoiceRecord, error)
	// Invoices lists those for a period that has time in [from, to); a zero to: all. By period, vendor and number.
	Invoices(ctx context.Context, from, to time.Time) ([]InvoiceRecord, error)
	// RemovedInvoices lists invoices that were taken back, in the order that they were.
	RemovedInvoices(ctx context.Context) ([]RemovedInvoice, error)
	// CodeRegister is the register of konteringskoder, by code; empty: there is none.
	CodeRegister(ctx context.Context) ([]billing.CodeEntry, error)
	// SpentByCode sums the net of what is booked in [from, to) by konteringskode. accounts nil: all.
	SpentByCode(ctx context.Context, from, to time.Time, accounts []string) (map[string]billing.Ore, error)
	// BookedFor sums what is booked from receipts of a vendor for letters posted in [from, to), in whatever month it is booked;
	// by account, konteringskode and kind. What is carried from one period to another (CarryReceipts) is counted there.
	BookedFor(ctx context.Context, vendor string, from, to time.Time) ([]billing.Booked, error)
	// CarriedBeyond sums what is booked from receipts of a vendor for letters posted before a time, and carried to invoices for a time
	// that begins then or later; by account, konteringskode and kind.
	CarriedBeyond(ctx context.Context, vendor string, at time.Time) ([]billing.Booked, error)

	// EachPostedSum calls fn with what is booked from a vendor's receipts for letters posted in [from, to): letters and production by
	// account, konteringskode, envelope class and time of posting. fn must not use the reader.
	EachPostedSum(ctx context.Context, vendor string, from, to time.Time, fn func(PostedSum) error) error
	// EachReportShipment calls fn for the shipments received or posted in [from, to), and for those that the ledger has lines of in
	// it; each once, in any order. accounts nil: all. fn must not use the reader.
	EachReportShipment(ctx context.Context, from, to time.Time, accounts []string, fn func(ReportShipment) error) error
	// CodesOf gives the konteringskoder of shipments, by id; those that are not there are left out. At most some hundred at once.
	CodesOf(ctx context.Context, shipments []string) (map[string]string, error)
	// Ledger lists lines in the order of booked time, job, shipment, entry and place.
	Ledger(ctx context.Context, f LedgerFilter) ([]LedgerLine, error)
	// EachLedgerLine calls fn for lines, in any order. fn must not use the reader.
	EachLedgerLine(ctx context.Context, f LedgerFilter, fn func(LedgerLine) error) error
	ClosedMonths(ctx context.Context) ([]ClosedMonth, error) // the oldest first

	// LastSlot is the newest slot of a schedule in the ledger; ErrNotFound.
	LastSlot(ctx context.Context, schedule string) (Slot, error)
	Slots(ctx context.Context, schedule string, limit int) ([]Slot, error) // newest first
	Alarms(ctx context.Context, open bool) ([]Alarm, error)                // newest first; open: only unresolved ones
	// AlarmDeliveries is what a sink may have to be told: alarms that are open, and those that it was told of and not of
	// their end; oldest first.
	AlarmDeliveries(ctx context.Context, sink string) ([]AlarmDelivery, error)
	// Setting is a value kept by the archive, e.g. "installation"; ErrNotFound.
	Setting(ctx context.Context, key string) (string, error)
}

// Tx is a write transaction. It reads its own writes.
type Tx interface {
	Reader
	// Now is one reading of the clock for the whole transaction, UTC, in whole milliseconds.
	Now() time.Time
	// InsertShipment stores a shipment with its documents. ErrExists when (account, hand-in) or the id is taken.
	InsertShipment(ctx context.Context, s shipment.Shipment, docs []shipment.Document) error
	// UpdateShipment stores every field but ID, Account, HandIn, ReceivedAt and Content. ErrStale unless Version is the stored
	// one; the stored one then grows by one.
	UpdateShipment(ctx context.Context, s shipment.Shipment) error
	// PostShipments stores the Status and PostedAt of shipments. ErrStale unless Version is the stored one; the stored one then grows
	// by one.
	PostShipments(ctx context.Context, list []PostedShipment) error
	// AddEvents appends to shipments' histories. ErrExists when a Key is taken.
	AddEvents(ctx context.Context, es ...shipment.Event) error

	// NextJobID takes the next job id; it is never handed out again once the transaction is committed.
	NextJobID(ctx context.Context) (string, error)
	// RaiseJobNumber has the next job ids begin behind a number; it never lowers.
	RaiseJobNumber(ctx context.Context, to int) error
	SetFoundJob(ctx context.Context, f FoundJob) error                      // in place of what was settled before
	AddFoundLetters(ctx context.Context, letters ...FoundLetter) error      // those that are there stay
	AddSeenReceipt(ctx context.Context, vendor string, s SeenReceipt) error // one that is there stays
	// InsertJob stores a job with its letters. ErrExists when one of the shipments is in a live job that is no reprint;
	// a reprint is refused unless its letters are in its parent, which is none.
	InsertJob(ctx context.Context, j PrintJob, letters []JobLetter) error
	// UpdateJob stores State, Updated, OfferedAt, Totals, Ticket, TicketSHA, Failures and LastError. ErrStale unless
	// Version is the stored one. A job whose state is no longer live frees its letters.
	UpdateJob(ctx context.Context, j PrintJob) error
	// SetJobFiles replaces a job's files and the composed fields of its letters.
	SetJobFiles(ctx context.Context, job string, files []JobFile, letters []JobLetter) error
	AddJobEvent(ctx context.Context, e JobEvent) error
	// SendLetters marks every letter of a job SENDT_PRINT at a time, with an event each; set-based. Letters that are
	// SENDT_PRINT or PRINTET already stay as they are; LEST and MANUELT_HANDTERT that came after the last gate stay too.
	SendLetters(ctx context.Context, job string, at time.Time) error

	InsertReceiptFile(ctx context.Context, f ReceiptFile) error // ErrExists when (vendor, sha256) is there
	// InsertReceipts stores receipt rows. ErrExists when an applied receipt is there for the same (job, shipment).
	InsertReceipts(ctx context.Context, rs ...Receipt) error
	// DecideReceipt records a decision, now. With Taken the two change their states. ErrExists when it is decided; ErrStale
	// when the two are not CONFLICT and APPLIED any more.
	DecideReceipt(ctx context.Context, d ReceiptDecision) error
	// Book adds lines to the ledger, recorded now. ErrExists when one of the entry and place is there, or reverses a line that
	// is reversed. A line in a closed month is refused.
	Book(ctx context.Context, lines []LedgerLine) error
	// CloseMonth closes a month, now. ErrExists when it is closed.
	CloseMonth(ctx context.Context, m ClosedMonth) error
	InsertDeviations(ctx context.Context, ds []Deviation) error // one that is there already (same Key) is left alone
	// DecideDeviation records a person's decision, now. ErrNotFound.
	DecideDeviation(ctx context.Context, key string, state DeviationState, reason string) error
	// SetCodeRegister replaces the register of konteringskoder.
	SetCodeRegister(ctx context.Context, entries []billing.CodeEntry) error
	// InsertInvoice stores an invoice. ErrExists when one of the vendor has the number, or the id is taken.
	InsertInvoice(ctx context.Context, r InvoiceRecord) error
	// RemoveInvoice takes an invoice back that is not booked, now. ErrNotFound.
	RemoveInvoice(ctx context.Context, id, reason string) error
	// CarryReceipts has what was recorded after a time, up to now, for letters posted in a period be held against the invoices of
	// another, later one.
	CarryReceipts(ctx context.Context, c ReceiptCarry) error

	// ClaimSlot records that a slot is being run. False when it is in the ledger already (whatever its outcome).
	ClaimSlot(ctx context.Context, schedule string, slot time.Time, state SlotState) (bool, error)
	// FinishSlot records the outcome of a claimed slot.
	FinishSlot(ctx context.Context, schedule string, slot time.Time, state SlotState, summary string) error

	// RaiseAlarm opens an alarm, or counts one more occurrence of an open one with the same key.
	RaiseAlarm(ctx context.Context, key, text string) error
	ResolveAlarm(ctx context.Context, key string) error // no error when none is open
	// AckAlarm records, now, that a person knows of an open alarm, and why it may stay. ErrNotFound when none is open.
	AckAlarm(ctx context.Context, key, reason string) error
	// AlarmTold records, now, that a sink was told of an alarm, or of its end (over).
	AlarmTold(ctx context.Context, seq int64, sink string, over bool) error
	SetSetting(ctx context.Context, key, value string) error

	// Enqueue inserts a background task in this transaction. The same task twice, while one waits, is one.
	Enqueue(ctx context.Context, tasks ...Task) error
}

// Alike counts shipments that are like another.
type Alike struct {
	Accepted  int // or further
	Undecided int // MOTTATT
}

// StatusCount counts shipments of an account in a status.
type StatusCount struct {
	Account string
	Status  shipment.Status
	Hold    string // reason code of those that are set aside; empty: the others. Unhandled leaves it empty
	Count   int
}

// PlannedCost is what letters of an account and konteringskode were expected to cost when they were planned, net of VAT.
type PlannedCost struct {
	Account        string
	Konteringskode string
	Letters        int
	Net            billing.Ore
}

// JobMark is what tells one print job from another.
type JobMark struct {
	ID        string
	Vendor    string
	State     JobState
	TicketSHA string // empty until it is composed
}

// TaskKind is a kind of background work.
type TaskKind string

// The kinds of tasks. They stand in the queue's tables: never rename one.
const (
	TaskPrepare TaskKind = "prepare_letter" // Subject: shipment id
	TaskCompose TaskKind = "compose_job"    // Subject: job id
	TaskOffer   TaskKind = "offer_job"      // Subject: job id
)

// Task is «something to do»; the truth about whether it is still to be done stands in the archive.
type Task struct {
	Kind    TaskKind
	Subject string
}

// ReceiptState is what became of a receipt row.
type ReceiptState string

// The states of a receipt row.
const (
	ReceiptApplied   ReceiptState = "APPLIED"   // in force, has cost lines
	ReceiptDuplicate ReceiptState = "DUPLICATE" // says what an applied one said already
	ReceiptConflict  ReceiptState = "CONFLICT"  // says something else than an applied one; a person decides
	ReceiptUnknown   ReceiptState = "UNKNOWN"   // no such letter in such a job
)

// ReceiptFile is a file of receipts as it came; its bytes are a blob.
type ReceiptFile struct {
	Vendor   string
	SHA256   string
	Name     string
	Blob     shipment.BlobRef
	Fetched  time.Time
	Rows     int
	Problems []billing.Problem // not empty: the file was stopped, nothing of it was applied
}

// Receipt (kvittering) is what the vendor reports of one posted letter.
type Receipt struct {
	ID     string // UUID
	Vendor string
	File   string // SHA-256 of the receipt file
	State  ReceiptState
	Row    billing.ReceiptRow
}

// ReceiptFilter chooses receipt rows.
type ReceiptFilter struct {
	Vendor string
	States []ReceiptState
	Open   bool // only those in conflict that nobody has decided about
	// Job and Shipment: only those of a letter in a job; both or none. A receipt of an unknown letter is of none.
	Job, Shipment string
	Limit         int
}

// ReceiptRecord is a receipt row with where it came from.
type ReceiptRecord struct {
	Receipt
	FileName string
	Fetched  time.Time
	// Decision is what was decided about it, when it was the one in conflict; nil: nothing.
	Decision *ReceiptDecision
}

// ReceiptDecision is a person's decision between two receipts of a letter.
type ReceiptDecision struct {
	Receipt string // the one in conflict
	Against string // the one that was in force
	Taken   bool   // Receipt came into force instead of Against
	At      time.Time
	Reason  string // no personal data
}

// Deviation (avvik) is a difference between what was sent and what was reported.
type Deviation struct {
	Key     string // unique: the same deviation found twice is one
	At      time.Time
	Vendor  string
	File    string // receipt file, or empty
	Finding billing.Deviation
	Account string
	// What people decided last; State is DeviationOpen when nobody has.
	State     DeviationState
	DecidedAt time.Time
	Reason    string
}

// DeviationState is how far a deviation is settled.
type DeviationState string

// The states of a deviation.
const (
	DeviationOpen     DeviationState = "OPEN"     // åpen: nobody has decided
	DeviationAccepted DeviationState = "ACCEPTED" // godtatt: it stays as it is
	DeviationDisputed DeviationState = "DISPUTED" // omtvistet: the vendor was told
	DeviationSettled  DeviationState = "SETTLED"  // oppgjort: mended, or paid back
)

// Norwegian is the state as reports show it.
func (s DeviationState) Norwegian() string {
	return map[DeviationState]string{DeviationOpen: "åpen", DeviationAccepted: "godtatt", DeviationDisputed: "omtvistet", DeviationSettled: "oppgjort"}[s]
}

// InvoiceRecord is an invoice in the archive.
type InvoiceRecord struct {
	ID      string // UUID
	Vendor  string
	Invoice billing.Invoice
	Blob    shipment.BlobRef // the file; zero when it was typed in
	TakenAt time.Time
}

// RemovedInvoice is an invoice that was taken back before it was booked.
type RemovedInvoice struct {
	InvoiceRecord
	RemovedAt time.Time
	Reason    string
}

// ReceiptCarry moves receipts that came late to the invoices of a later period.
type ReceiptCarry struct {
	Vendor   string
	From, To billing.Civil // when the letters were posted, half-open
	After    time.Time     // what was recorded later than this
	Into     billing.Civil // a day of the period that they are invoiced with
	Reason   string        // no personal data
}

// PostedShipment is what receipts need to know of a shipment, and change.
type PostedShipment struct {
	ID, Account, Zone string
	Status            shipment.Status
	PostedAt          time.Time
	Version           int64
}

// ReceiptLetter is a letter of a job that receipts are held against.
type ReceiptLetter struct {
	JobLetter
	Of      PostedShipment
	Applied *Receipt // the receipt in force; nil: none
}

// ReportShipment is a shipment as reports see it: no personal data.
type ReportShipment struct {
	shipment.Shipment // without Content, and Submission is empty but for konteringskode, avgivendeSystem and kunDigitalLevering
	Job               string
	Letter            JobLetter // zero unless in a live job
}

// SlotState is what became of a scheduled slot.
type SlotState string

// The states of a slot.
const (
	SlotRunning SlotState = "RUNNING"
	SlotDone    SlotState = "DONE"
	SlotFailed  SlotState = "FAILED"
	SlotSkipped SlotState = "SKIPPED" // missed, and the schedule says not to catch up
)

// Slot is one planned run of a schedule. A slot runs once however many machines or restarts.
type Slot struct {
	Schedule string
	At       time.Time // the planned time
	State    SlotState
	Started  time.Time
	Finished time.Time
	Summary  string
}

// AlarmDelivery is what a sink was told of an alarm.
type AlarmDelivery struct {
	Alarm
	Seq        int64     // of the alarm: a key may come again
	ToldRaised time.Time // zero: not yet
	ToldOver   time.Time // that it is resolved; zero: not yet
	ToldBefore time.Time // when the sink was last told of any alarm with this key; zero: never
}

// OverdueCount is how many letters of an account are due and not collected.
type OverdueCount struct {
	Account string
	Count   int
	Oldest  time.Time
}

// Alarm is something that a person must look at.
type Alarm struct {
	Key      string
	Text     string
	Raised   time.Time
	Last     time.Time
	Count    int
	Resolved time.Time // zero: open
	// A person knows of it.
	AckedAt   time.Time // zero: nobody said so
	AckReason string
}

// View2 runs fn on a snapshot and returns both of its values.
func View2[A, B any](ctx context.Context, a Archive, fn func(ctx context.Context, r Reader) (A, B, error)) (A, B, error) {
	var first A
	var second B
	err := a.View(ctx, func(r Reader) (err error) {
		first, second, err = fn(ctx, r)
		return err
	})
	return first, second, err
}

// View runs fn on a snapshot and returns its value.
func View[T any](ctx context.Context, a Archive, fn func(r Reader) (T, error)) (T, error) {
	var out T
	err := a.View(ctx, func(r Reader) error {
		var err error
		out, err = fn(r)
		return err
	})
	return out, err
}

// CollectPage is how many due shipments are read at a time.
const CollectPage = 5000
