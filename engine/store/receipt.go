package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/billing/receipt"
	"postgang/engine/shipment"
)

// ReceiptReader reads receipts and deviations.
type ReceiptReader interface {
	ReceiptFile(ctx context.Context, vendor, sha256 string) (ReceiptFile, error)
	ReceiptFiles(ctx context.Context, vendor string) ([]ReceiptFile, error)
	// HalfReceiptFiles are the files of all vendors of which rows are left to be applied.
	HalfReceiptFiles(ctx context.Context) ([]ReceiptFile, error)
	// ReceiptSum counts the receipts whose ids come after one and not after another, and sums what they booked, net.
	ReceiptSum(ctx context.Context, after, until string) (rows int, net money.Ore, err error)
	// AppliedReceipt is the receipt in force for a shipment in a job; ErrNotFound.
	AppliedReceipt(ctx context.Context, job, shipment string) (Receipt, error)
	// ReceiptLetters are the letters of shipments, in all jobs that they are or were in, with the receipts in force. At most some
	// hundred shipments at once.
	ReceiptLetters(ctx context.Context, shipments []string) ([]ReceiptLetter, error)
	// Receipt reads a receipt row by its id; ErrNotFound.
	Receipt(ctx context.Context, id string) (ReceiptRecord, error)
	// Receipts lists receipt rows in the order fetched, then by id; unless the filter says otherwise.
	Receipts(ctx context.Context, f ReceiptFilter) ([]ReceiptRecord, error)
	// OpenConflicts counts, by vendor, the receipts in conflict that nobody has decided about.
	OpenConflicts(ctx context.Context) (map[string]int, error)
	// Deviations lists deviations with their state, by time and key.
	Deviations(ctx context.Context, f DeviationFilter) ([]Deviation, error)
	// OpenDeviations counts, by vendor, the deviations recorded in [from, to) that nobody has decided about.
	OpenDeviations(ctx context.Context, from, to time.Time) (map[string]int, error)
}

// ReceiptWriter changes receipts and deviations.
type ReceiptWriter interface {
	InsertReceiptFile(ctx context.Context, f ReceiptFile) error // ErrExists when (vendor, sha256) is there
	// AdvanceReceiptFile stores Rows, Problems, Done and Applying of a file that was stopped, or is half applied. ErrStale when it is
	// neither, or more or less of it is done than from.
	AdvanceReceiptFile(ctx context.Context, f ReceiptFile, from int) error
	// InsertReceipts stores receipt rows. ErrExists when an applied receipt is there for the same (job, shipment).
	InsertReceipts(ctx context.Context, rs ...Receipt) error
	// DecideReceipt records a decision, now. With Taken the two change their states. ErrExists when it is decided; ErrStale
	// when the two are not CONFLICT and APPLIED any more.
	DecideReceipt(ctx context.Context, d ReceiptDecision) error
	InsertDeviations(ctx context.Context, ds []Deviation) error // one that is there already (same Key) is left alone
	// DecideDeviation records a person's decision, now. ErrNotFound.
	DecideDeviation(ctx context.Context, key string, state DeviationState, reason string) error
}

// DeviationFilter chooses deviations.
type DeviationFilter struct {
	Keys     []string  // only these; empty: all
	From, To time.Time // recorded in [From, To); zero To: all
	After    Deviation // only those that come after it, by At and Key; zero: from the first
	Limit    int
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
	Problems []reading.Problem // not empty: the file was stopped, nothing of it was applied
	Done     int               // rows that are applied
	// Applying is not empty while rows are left to be applied: how far it has come, as engine/receipts keeps it.
	Applying string
}

// Receipt (kvittering) is what the vendor reports of one posted letter.
type Receipt struct {
	ID     string // UUID
	Vendor string
	File   string // SHA-256 of the receipt file
	State  ReceiptState
	Row    receipt.Row
}

// ReceiptFilter chooses receipt rows.
type ReceiptFilter struct {
	Vendor string
	States []ReceiptState
	Open   bool // only those in conflict that nobody has decided about
	// Job and Shipment: only those of a letter in a job; both or none. A receipt of an unknown letter is of none.
	Job, Shipment string
	File          string // only those of the file with this SHA-256
	// After and Until bound the ids, the first exclusive: the rows come in the order of their ids then. Both or none.
	After, Until string
	Limit        int
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
	Reason  string // a person's, or a shipment.Note as it is kept; no personal data
	By      string // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// Deviation (avvik) is a difference between what was sent and what was reported.
type Deviation struct {
	Key     string // unique: the same deviation found twice is one
	At      time.Time
	Vendor  string
	File    string // receipt file, or empty
	Finding receipt.Deviation
	Account string
	// What people decided last; State is DeviationOpen when nobody has.
	State     DeviationState
	DecidedAt time.Time
	Reason    string // a person's, or a shipment.Note as it is kept
	By        string // who decided it, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// ID is the short name of a deviation, ten hexadecimal digits of its key's hash: what people name it by.
func (d Deviation) ID() string {
	h := sha256.Sum256([]byte(d.Key))
	return hex.EncodeToString(h[:5])
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

// ReceiptLetter is a letter of a job that receipts are held against.
type ReceiptLetter struct {
	JobLetter
	Of      PostedShipment
	Applied *Receipt // the receipt in force; nil: none
}
