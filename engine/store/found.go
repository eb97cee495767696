package store

import (
	"context"
	"time"
)

// FoundReader reads what a vendor has that the archive had not.
type FoundReader interface {
	// FoundJobs lists what was settled about jobs that a vendor has under ids of ours, by id.
	FoundJobs(ctx context.Context, vendor string) ([]FoundJob, error)
	// FoundLetters lists letters that a vendor has by its own word and that stand in no job of ours under that id: those that are like
	// one in the fields that it has.
	FoundLetters(ctx context.Context, like FoundLetter) ([]FoundLetter, error)
	// SeenReceipts lists the receipt files of a vendor that were looked through.
	SeenReceipts(ctx context.Context, vendor string) ([]SeenReceipt, error)
}

// FoundWriter changes what a vendor has that the archive had not.
type FoundWriter interface {
	SetFoundJob(ctx context.Context, f FoundJob) error                      // in place of what was settled before
	AddFoundLetters(ctx context.Context, letters ...FoundLetter) error      // those that are there stay
	AddSeenReceipt(ctx context.Context, vendor string, s SeenReceipt) error // one that is there stays
}

// FoundJob is a job that a vendor has under an id of ours, and that is not the archive's own: what was settled about it.
type FoundJob struct {
	ID, Vendor string
	Verdict    Verdict
	TicketSHA  string // may be unknown: empty
	Letters    int    // that are known to be in it
	At         time.Time
	Reason     string // a shipment.Note as it is kept, or a text of an earlier version
	By         string // who, as access.Actor keeps it; empty: Postgang by itself. Set by the archive
}

// FoundLetter is a letter that a vendor has under an id of ours, by its own word.
type FoundLetter struct {
	Shipment string // maybe of no shipment in the archive
	Job      string
	Vendor   string
}

// SeenReceipt is a receipt file at a vendor, as its listing shows it.
type SeenReceipt struct {
	Name     string
	Bytes    int64
	Modified time.Time
}

// An archive that was put back from a backup has forgotten what was handed over since, and its job ids begin again where
// others have been. It would print letters twice. Two things outside of it know better:
//
//	the fence              the highest number handed over, beside the documents, raised before each ready file
//	the vendor's side      answers, ready files, files and receipts under ids of ours
//
// Whichever shows more than the archive knows stops all offers to the vendor until Recover has read its side. The stop is
// kept in the archive; a copy that is put back later finds out by itself again.

// Verdict is what became of a job that a vendor has under an id of ours.
type Verdict string
