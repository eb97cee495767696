// Package store holds the ports of the engine and the rows that go through them: the archive, the documents, the fence, and the types
// of jobs, receipts, ledger, slots and alarms. engine/archive implements them; the rooms of the engine use them.
package store

import (
	"context"
	"errors"
	"io"
	"time"

	"postgang/engine/access"
	"postgang/engine/channel"
	"postgang/engine/find"
	"postgang/engine/forecast"
	"postgang/engine/login"
	"postgang/engine/node"
	"postgang/engine/party"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/tally"
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
	// InGroup is InTx in a transaction that others who come at the same time may share: for what is done for each of many letters. fn
	// may be run more than once, and only the last run counts. Other processes may do the same at the same time: what fn reads of a row
	// that it does not change may be changed by another's InGroup before it commits, though never by an InTx.
	InGroup(ctx context.Context, fn func(tx Tx) error) error
	// View runs fn on one consistent snapshot, read only.
	View(ctx context.Context, fn func(r Reader) error) error
	// Lock takes a named lock across processes, which the death of the process releases. It does not wait: ErrLocked. What
	// is done under the lock is done with held, which ends with ctx, with the release, and as soon as the lock is lost
	// (ErrLockLost, its cause): then another process may have it.
	Lock(ctx context.Context, name string) (held context.Context, release func(), err error)
	Close() error
}

// Reader reads the archive.
type Reader interface {
	ShipmentReader
	JobReader
	FoundReader
	ReceiptReader
	InvoiceReader
	LedgerReader
	SlotReader
	access.Reader
	find.Reader
	channel.Reader
	login.Reader
	party.VersionReader
	retention.Reader
	forecast.Reader
	tally.Reader
	node.Reader
}

// Tx is a write transaction. It reads its own writes.
type Tx interface {
	Reader
	// Now is one reading of the clock for the whole transaction, UTC, in whole milliseconds.
	Now() time.Time
	ShipmentWriter
	JobWriter
	FoundWriter
	ReceiptWriter
	InvoiceWriter
	LedgerWriter
	SlotWriter
	access.Writer
	find.Writer
	channel.Writer
	login.Writer
	party.VersionWriter
	retention.Writer
	node.Writer

	// Enqueue inserts a background task in this transaction. The same task twice, while one waits, is one.
	Enqueue(ctx context.Context, tasks ...Task) error
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

// Page is how many rows are read at a time.
const Page = 5000
