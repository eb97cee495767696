package store

import (
	"context"
	"time"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/shipment"
	"postgang/printjobs/exchange"
)

// JobReader reads jobs.
type JobReader interface {
	// Results gives what is decided of shipments, by id; of an id that nobody has nothing.
	Results(ctx context.Context, ids []string) (map[string]shipment.Result, error)
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
	// JobMarks lists what tells jobs apart, of all jobs, by id.
	JobMarks(ctx context.Context) ([]JobMark, error)
	// JobNumber is the number of the newest job id that was given out; 0: none.
	JobNumber(ctx context.Context) (int, error)
}

// JobWriter changes jobs.
type JobWriter interface {
	// NextJobID takes the next job id; it is never handed out again once the transaction is committed.
	NextJobID(ctx context.Context) (string, error)
	// RaiseJobNumber has the next job ids begin behind a number; it never lowers.
	RaiseJobNumber(ctx context.Context, to int) error
	// InsertJob stores a job with its letters. ErrExists when one of the shipments is in a live job that is no reprint;
	// a reprint is refused unless its letters are in its parent, which is none. One that is PLANNING says how many letters are planned,
	// and gets them by AddJobLetters.
	InsertJob(ctx context.Context, j PrintJob, letters []JobLetter) error
	// AddJobLetters adds letters to a job that is PLANNING, and to the history of each that it is collected (EventCollected, the reason
	// and the job). It leaves out those that Due would not give any more, whenever they are due, and gives the others with their
	// numbers, which follow each other from that of the first letter on. ErrStale when the job is not PLANNING, or the first letter is
	// not the next of it; ErrExists as InsertJob. Those that the job's parent is Holding pass from it to the job.
	AddJobLetters(ctx context.Context, job string, letters []JobLetter) ([]JobLetter, error)
	// DropJobLetters takes the last letters out of a job that is PLANNING, at most so many, and says how many it took.
	DropJobLetters(ctx context.Context, job string, most int) (int, error)
	// UpdateJob stores State, Holding, Updated, OfferedAt, Totals, Ticket, TicketSHA, Failures and LastError. ErrStale unless
	// Version is the stored one. A job whose state is no longer live frees its letters, unless it is WITHDRAWN and Holding; the Letters of one that is PLANNED are set to how
	// many it has.
	UpdateJob(ctx context.Context, j PrintJob) error
	// SetJobFiles replaces a job's files and the composed fields of its letters.
	SetJobFiles(ctx context.Context, job string, files []JobFile, letters []JobLetter) error
	// SetJobLetters stores the composed fields of some letters of a job. ErrNotFound when one is not in it.
	SetJobLetters(ctx context.Context, job string, letters []JobLetter) error
	// FreeLetters frees letters of a job that is Holding: those behind a letter number, at most so many. It gives the number behind which
	// to go on; 0: they were the last, and the job is not Holding any more. Other jobs are left alone.
	FreeLetters(ctx context.Context, job string, after, most int) (next int, err error)
	AddJobEvent(ctx context.Context, e JobEvent) error
	// SendLetters marks letters of a job SENDT_PRINT at a time, with an event each: those behind a letter number, at most so many. It
	// gives the number behind which to go on; 0: they were the last. Letters that are SENDT_PRINT or PRINTET already stay as they are;
	// LEST and MANUELT_HANDTERT that came after the last gate stay too.
	SendLetters(ctx context.Context, job string, at time.Time, after, most int) (next int, err error)
}

// JobFilter selects print jobs; zero fields select all. Order is by id.
type JobFilter struct {
	Vendor string
	Parent string // only those that replace or reprint this one
	States []JobState
	// OfferedSince: only those that were offered then or later.
	OfferedSince time.Time
	Reprints     bool // only reprints
	Holding      bool // only those that are Holding
	// Newest lists the last ids first; Before and After, only those before or after this id.
	Newest        bool
	Before, After string
	Limit         int
}

// PlannedCost is what letters of an account and konteringskode were expected to cost when they were planned, net of VAT.
type PlannedCost struct {
	Account        string
	Konteringskode string
	Letters        int
	Net            money.Ore
}

// JobMark is what tells one print job from another.
type JobMark struct {
	ID        string
	Vendor    string
	State     JobState
	TicketSHA string // empty until it is composed
}

// LetterOwner counts letters of an account and konteringskode.
type LetterOwner struct {
	Account, Konteringskode string
	Letters                 int
}

// JobState is where a print job stands on its way to the vendor (docs/architecture.md, A print job's states).
type JobState string

// The states of a print job.
const (
	JobPlanning  JobState = "PLANNING"  // letters are being assigned, a set of them at a time
	JobPlanned   JobState = "PLANNED"   // letters assigned
	JobComposed  JobState = "COMPOSED"  // print files, manifest and ticket written and proven
	JobUploaded  JobState = "UPLOADED"  // all files at the vendor under their final names, no ready file
	JobCommitted JobState = "COMMITTED" // past the last gate: its letters are on their way to paper
	JobOffering  JobState = "OFFERING"  // handed over; its letters are being marked as sent, a set of them at a time
	JobOffered   JobState = "OFFERED"   // the ready file is in place: handed over
	JobAccepted  JobState = "ACCEPTED"  // the vendor accepted
	JobClosed    JobState = "CLOSED"    // a receipt for every letter
	JobRejected  JobState = "REJECTED"  // the vendor refused; its letters are free again
	JobWithdrawn JobState = "WITHDRAWN" // taken back before the hand-over, or never handed over; its letters are free again
	JobUncertain JobState = "UNCERTAIN" // we cannot tell whether the vendor has it; never sent again by itself
)

// jobMoves is the one table of how a print job may move. Nothing moves a job from UNCERTAIN to WITHDRAWN but a person who
// has asked the vendor: ResolveJob.
var jobMoves = map[JobState][]JobState{
	JobPlanning:  {JobPlanned, JobWithdrawn},
	JobPlanned:   {JobComposed, JobWithdrawn},
	JobComposed:  {JobUploaded, JobWithdrawn, JobUncertain},
	JobUploaded:  {JobCommitted, JobWithdrawn, JobUncertain},
	JobCommitted: {JobOffering, JobOffered, JobUncertain},
	JobOffering:  {JobOffered},
	JobUncertain: {JobOffering, JobOffered, JobAccepted, JobRejected, JobWithdrawn},
	JobOffered:   {JobAccepted, JobRejected},
	JobAccepted:  {JobClosed},
}

// JobStates returns all states of a print job, in the order in which one goes through them.
func JobStates() []JobState {
	return []JobState{
		JobPlanning, JobPlanned, JobComposed, JobUploaded, JobCommitted, JobOffering, JobOffered, JobAccepted, JobClosed, JobRejected, JobWithdrawn, JobUncertain,
	}
}

// MayMove reports whether a print job may go from one state to another.
func (s JobState) MayMove(to JobState) bool {
	for _, t := range jobMoves[s] {
		if t == to {
			return true
		}
	}
	return false
}

// Uncomposed reports whether a job in this state has no print files yet.
func (s JobState) Uncomposed() bool { return s == JobPlanning || s == JobPlanned }

// Live reports whether a job in this state holds its letters: a shipment is in at most one live job that is no reprint.
func (s JobState) Live() bool { return s != JobRejected && s != JobWithdrawn }

// PrintJob (utskriftsjobb) is what the vendor gets as one unit.
type PrintJob struct {
	ID        string // four letters of the installation and six digits, never reused, e.g. K7QX000012
	Vendor    string
	Parent    string // the job that this one replaces or reprints, or empty
	Reprint   bool   // letters of Parent once more, by a person's order; it holds no letter, see Live
	State     JobState
	Holding   bool // WITHDRAWN, and its letters are not all free yet: see FreeLetters
	Class     exchange.Class
	Created   time.Time
	Updated   time.Time
	OfferedAt time.Time
	Letters   int             // that it has; while it is PLANNING, that it is to have
	Totals    exchange.Totals // known from COMPOSED on
	Ticket    string          // file name of the ticket, from COMPOSED on
	TicketSHA string
	Failures  int    // consecutive failed attempts of the current step
	LastError string // of the last attempt; no personal data
	Version   int64  // optimistic concurrency
}

// JobLetter is a shipment's place in a print job.
type JobLetter struct {
	Job            string
	Shipment       string
	Letter         int // 1-based
	Konteringskode string
	Reason         shipment.Reason // why it goes to paper, as it stood when collected
	Only           []int           // of a reprint: only these sheets of the letter, from 1 and rising; empty: all
	// Known from COMPOSED on:
	File                 string
	FirstSide, LastSide  int
	Sheets, Pages        int
	PagesBW, PagesColour int
	GiroSheets           int
	Envelope             string
	WeightGram           int
	// Expected is what the letter was expected to cost when its job was planned; nil: no price list, a price was missing, or
	// only some sheets of the letter are printed.
	Expected *ExpectedCost
}

// Sent is what we know of the letter that we sent, for reconciliation.
func (l JobLetter) Sent() receipt.Sent {
	return receipt.Sent{
		Shipment: l.Shipment, Job: l.Job, Konteringskode: l.Konteringskode,
		PagesBW: l.PagesBW, PagesColour: l.PagesColour, Sheets: l.Sheets, WeightGram: l.WeightGram,
	}
}

// ExpectedCost is what a letter should cost by its vendor's price list, net of VAT.
type ExpectedCost struct {
	Production money.Ore
	Postage    money.Ore
}

// Net is the whole, net of VAT.
func (c ExpectedCost) Net() money.Ore { return c.Production + c.Postage }

// JobFile is a file of a print job, kept in the blob store until the job is closed.
type JobFile struct {
	Job  string
	File exchange.File
	Blob shipment.BlobRef
	// Erased: the file was given up when a letter in it was erased (engine/retention). Not stored by SetJobFiles.
	Erased bool
}

// JobEvent is one line of a print job's history.
type JobEvent struct {
	Job      string
	At       time.Time
	From, To JobState
	Reason   string // a shipment.Note as it is kept, or a text of an earlier version
	By       string // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}
