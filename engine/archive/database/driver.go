// Package database is what SQLite and PostgreSQL do differently for the archive: opening, transactions, locks, and what their errors mean.
package database

import (
	"context"
	"database/sql"
	"errors"
	"io"
)

// Why an archive cannot be used.
var (
	// ErrMissing: there is no database, or one without an archive.
	ErrMissing = errors.New("there is no archive")
	// ErrDamaged: what the database holds cannot be relied on.
	ErrDamaged = errors.New("the database is damaged. Stop what uses it, keep a copy, and restore a backup: docs/backup.md")
	// ErrDiskFull: nothing can be written where the database lies.
	ErrDiskFull = errors.New("the disk is full where the database is kept")
	// ErrBusy: somebody has read the database for so long that its journal cannot be emptied.
	ErrBusy = errors.New("somebody reads the database, and its journal cannot be emptied now")
)

// Driver is what the two databases do differently.
type Driver interface {
	// Begin starts a write transaction. With beside it may run at the same time as others that are begun so, where the database can do
	// that: what such a one has read may be changed by another before it commits, so it relies on versions of rows and on constraints
	// alone. Without, it is alone: nobody else writes until it has ended.
	Begin(ctx context.Context, beside bool) (WriteTx, error)
	// ReadOptions are those of a snapshot.
	ReadOptions() *sql.TxOptions
	// fault maps an error of the database to one of the engine's, without any value of a row in its text.
	Fault(err error) error
	Lock(ctx context.Context, name string) (held context.Context, release func(), err error)
	Dialect() Dialect
	// holds reports whether an archive is there.
	Holds(ctx context.Context) (bool, error)
	// check looks through the whole database for damage.
	Check(ctx context.Context) ([]string, error)
	// CheckWhole is Check of all there is, indexes and references too, on a snapshot that keeps nobody from writing.
	CheckWhole(ctx context.Context) ([]string, error)
	// Copy writes one moment of the database in the database's own form, while others work; scratch is a folder for what it needs.
	Copy(ctx context.Context, scratch string, w io.Writer) error
	// Scrub has what was deleted or changed be gone from the files of the database as far as the database can do it, ErrBusy when
	// somebody reads what was before. full goes through everything, and keeps others waiting meanwhile.
	Scrub(ctx context.Context, full bool) error
	// Loosen has many deletions go quickly, whose traces in indexes are gone after the next Scrub.
	Loosen(ctx context.Context) error
	// writer is the pool of connections that write.
	Writer() *sql.DB
	Close() error
}

// WriteTx is a write transaction of either database.
type WriteTx interface {
	Querier
	Raw() any // what Config.Enqueue gets
	Commit(ctx context.Context) error
	Rollback(ctx context.Context) error // also when ctx is done
}

// Querier is what *sql.Tx and *sql.Conn have in common.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Dialect names a database; migrations whose names end in the other's name are left out.
type Dialect string

// The dialects of SQL.
const (
	DialectSQLite   Dialect = "sqlite"
	DialectPostgres Dialect = "postgres"
)

// VersionTable is the migrations' own; an archive has it from its first moment.
const VersionTable = "archive_version"
