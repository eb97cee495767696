package retention

import (
	"context"
	"time"

	"postgang/engine/shipment"
)

// Filter chooses letters whose content is not erased, in one status.
type Filter struct {
	Status shipment.Status
	// Before: only those received before this.
	Before time.Time
	After  string // only those that come after the letter with this id
	Limit  int
}

// Reader reads what is to be erased, and what was. It is part of store.Reader.
type Reader interface {
	// Keeping lists letters whose content is there, by the time of receipt and then by id.
	Keeping(ctx context.Context, f Filter) ([]Letter, error)
	// KeepingOne is one letter as Keeping lists it, also one that is erased; store.ErrNotFound.
	KeepingOne(ctx context.Context, shipment string) (Letter, error)
	// KeepingOf are several letters, by id; those that are not there are left out.
	KeepingOf(ctx context.Context, shipments []string) ([]Letter, error)
	// ShipmentsOf reads letters whole, in the order of their ids; store.ErrNotFound when one is not there.
	ShipmentsOf(ctx context.Context, ids []string) ([]shipment.Shipment, error)
	// Named gives those of these blobs, by SHA-256, that a row names: a document, the print-ready file of a letter that is not erased, a
	// print file that is kept, a receipt file or an invoice. At most some hundred at once.
	Named(ctx context.Context, sha256 []string) (map[string]bool, error)
	// Erasures lists the deletion log, the newest first.
	Erasures(ctx context.Context, f LogFilter) ([]Erasure, error)
}

// Writer erases. It is part of store.Tx.
type Writer interface {
	// Empty stores letters as Emptied gives them, and removes what stands beside their rows: their documents, their cases in digital
	// channels, and that their print files are kept (all jobs that they are or were in). It tells what it removed, by letter. Nothing is
	// stored of a letter but what Emptied changes. store.ErrStale: one was changed since it was read.
	Empty(ctx context.Context, letters ...shipment.Shipment) (map[string]Dropped, error)
	// LogErasures adds to the deletion log, now. Who did it stands in the context.
	LogErasures(ctx context.Context, list ...Erasure) error
}

// Dropped counts what was removed.
type Dropped struct{ Documents, PrintFiles int }

// Erasure is a row of the deletion log.
type Erasure struct {
	Seq      int64
	At       time.Time // set by the archive
	Shipment string
	Account  string
	From     shipment.Status // before SLETTET
	Why      Why
	Reason   string // a person's; no personal data
	Dropped
	By string // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// Why is what had a letter erased.
type Why string

// What may have it erased.
const (
	WhyTime   Why = "LAGRINGSTID" // its time of keeping was over
	WhySender Why = "AVSENDER"    // the sender's system asked for it
	WhyPerson Why = "PERSON"      // a person did it
)

// LogFilter chooses rows of the deletion log; zero fields choose all.
type LogFilter struct {
	Shipment string
	Accounts []string
	After    int64 // the number of the last one seen
	Limit    int
}

// Held is what the archive holds of a hand-in.
type Held int

// What it may hold.
const (
	Nothing Held = iota // no shipment has its key
	Content             // a shipment whose content is there
	Erased              // a shipment that is erased
)
