// Package archive keeps shipments, print jobs, receipts and the ledger in SQLite or PostgreSQL. It satisfies
// store.Archive.
//
// Both databases have one schema and one text of SQL; what differs (how to open, to lock, to tell errors apart) stands
// in the package database. Rules that must hold even when the code has a fault are constraints of the schema
// (migrations/).
//
// A write transaction is alone: SQLite has one writer at a time, and on PostgreSQL it begins by taking one advisory lock. So what it has
// read is still so when it commits, which the last gate of a print job and the booking of receipts need; write transactions are short
// (store.Archive.InTx). What is done for each letter at its hand-in (InGroup) shares that lock on PostgreSQL: several processes do it at
// the same time, held together by versions of rows and by constraints, and by itself again when two have met.
package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"postgang/engine/archive/database"
	"postgang/engine/archive/erasing"
	"postgang/engine/archive/found"
	"postgang/engine/archive/letters"
	"postgang/engine/archive/machines"
	"postgang/engine/archive/people"
	"postgang/engine/archive/search"
	"postgang/engine/archive/sets"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/documents"
	"postgang/engine/store"
	"postgang/engine/together"
)

// Config says which archive to open.
type Config struct {
	// DSN is "sqlite:PATH" (the file is made when it is not there; its folder must be) or "postgres://…".
	DSN string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Enqueue inserts background tasks in a transaction: rawTx is a *sql.Tx on SQLite and a pgx.Tx on PostgreSQL.
	// nil: Tx.Enqueue is an error.
	Enqueue func(ctx context.Context, rawTx any, tasks []store.Task) error
	// Installation is the start of all job ids, four of A-Z and 0-9, kept by a new archive; an archive that has one
	// keeps its own. Empty: drawn at random, so that two installations of one vendor do not take the same ids.
	Installation string
	// MustExist: an archive that is not there is ErrMissing. Otherwise a new, empty one is made.
	MustExist bool
	// MigrateBeside: the schema is brought up to date also while others serve the archive; otherwise that is ErrNodesAtWork.
	MigrateBeside bool
	// Observe is told of each write transaction: whether it was "alone" or "beside" others, how long it waited for its turn and how long
	// it took then, and its error. nil: nobody is.
	Observe func(how string, waited, took time.Duration, err error)
}

// Why an archive cannot be used.
var (
	ErrMissing  = database.ErrMissing
	ErrDamaged  = database.ErrDamaged
	ErrDiskFull = database.ErrDiskFull
)

// Archive is an open archive.
type Archive struct {
	store   database.Driver
	read    *sql.DB
	now     func() time.Time
	enqueue func(ctx context.Context, rawTx any, tasks []store.Task) error
	group   *together.Group[*member]
	observe func(how string, waited, took time.Duration, err error)
}

var _ store.Archive = (*Archive)(nil)

// Open opens an archive and brings its schema up to date. It refuses a schema newer than this program knows.
func Open(ctx context.Context, c Config) (*Archive, error) {
	a, err := connect(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	if c.MustExist {
		there, err := a.store.Holds(ctx)
		if err != nil {
			err = fmt.Errorf("look for the archive: %w", a.store.Fault(err))
		} else if !there {
			err = fmt.Errorf("%w in the database", database.ErrMissing)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open archive: %w", err), a.Close())
		}
	}
	if err := a.migrate(ctx, c); err != nil {
		return nil, errors.Join(fmt.Errorf("open archive: %w", err), a.Close())
	}
	return a, nil
}

// connect opens the database of an archive as it is.
func connect(ctx context.Context, c Config) (*Archive, error) {
	a := &Archive{now: c.Now, enqueue: c.Enqueue, observe: c.Observe}
	if a.now == nil {
		a.now = time.Now
	}
	a.group = together.New(a.writeGroup)
	if c.Installation != "" && !documents.ValidInstallation(c.Installation) {
		return nil, errors.New("installation must be four of A-Z and 0-9")
	}
	var err error
	switch {
	case strings.HasPrefix(c.DSN, "sqlite:"):
		a.store, a.read, err = database.OpenSQLite(ctx, strings.TrimPrefix(c.DSN, "sqlite:"), c.MustExist)
	case strings.HasPrefix(c.DSN, "postgres://"), strings.HasPrefix(c.DSN, "postgresql://"):
		a.store, a.read, err = database.OpenPostgres(ctx, c.DSN)
	default:
		// The DSN may hold a password, so it is not repeated.
		err = errors.New(`database must be "sqlite:PATH" or "postgres://…"`)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Close closes the archive. Transactions must have ended.
func (a *Archive) Close() error {
	return errors.Join(a.read.Close(), a.store.Close())
}

// Check looks through the whole database and tells what is damaged; of PostgreSQL the server takes care itself.
func (a *Archive) Check(ctx context.Context) ([]string, error) {
	found, err := a.store.Check(ctx)
	if err != nil {
		return nil, fmt.Errorf("check the database: %w", a.store.Fault(err))
	}
	return found, nil
}

// settingFreePages is "unclean" while the file may hold what was deleted before deleting overwrote it.
const settingFreePages = "free-pages"

// Scrub has what was erased be gone from the files of the database, as far as the database can do it (docs/retention.md). The first time
// in an archive of an earlier version, and with full, everything is rewritten, which keeps others waiting. database.ErrBusy: somebody
// has read what was before all the time; try again.
func (a *Archive) Scrub(ctx context.Context, full bool) error {
	unclean, err := store.View(ctx, a, func(r store.Reader) (bool, error) {
		text, err := r.Setting(ctx, settingFreePages)
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return text == "unclean", err
	})
	if err != nil {
		return err
	}
	if err := a.store.Scrub(ctx, full || unclean); err != nil {
		return fmt.Errorf("scrub the database: %w", a.store.Fault(err))
	}
	if !unclean {
		return nil
	}
	return a.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, settingFreePages, "clean") })
}

// Loosen has many letters erased quickly. What is left of them in indexes is gone after the next Scrub, which must follow.
func (a *Archive) Loosen(ctx context.Context) error {
	if err := a.store.Loosen(ctx); err != nil {
		return fmt.Errorf("loosen the database: %w", a.store.Fault(err))
	}
	return nil
}

// SQLite is the pool with the one write connection, which the queue shares; nil on PostgreSQL.
func (a *Archive) SQLite() *sql.DB {
	if s, ok := a.store.(*database.SQLite); ok {
		return s.Write
	}
	return nil
}

// Postgres is the pool of connections, which the queue shares; nil on SQLite.
func (a *Archive) Postgres() *pgxpool.Pool {
	if s, ok := a.store.(*database.Postgres); ok {
		return s.Pool
	}
	return nil
}

// Lock takes a named lock across processes. On SQLite it is a lock on a file beside the database, on PostgreSQL a
// session's advisory lock on a connection of its own, which can be lost.
func (a *Archive) Lock(ctx context.Context, name string) (held context.Context, release func(), err error) {
	held, release, err = a.store.Lock(ctx, name)
	if err != nil {
		return nil, nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return held, release, nil
}

// lockPoll is how often LockWait looks again.
const lockPoll = 25 * time.Millisecond

// LockWait takes a named lock as soon as it is free.
func (a *Archive) LockWait(ctx context.Context, name string) (func(), error) {
	for {
		_, release, err := a.Lock(ctx, name)
		if !errors.Is(err, store.ErrLocked) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for lock %s: %w", name, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}

// Each runs a statement that only reads, for the queue's own tables, and fn for each of its rows.
func (a *Archive) Each(ctx context.Context, query string, fn func(scan func(dest ...any) error) error) error {
	rows, err := a.read.QueryContext(ctx, query)
	if err != nil {
		return a.store.Fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return a.store.Fault(err)
	}
	return nil
}

// View runs fn on one snapshot.
func (a *Archive) View(ctx context.Context, fn func(r store.Reader) error) error {
	t, err := a.read.BeginTx(ctx, a.store.ReadOptions())
	if err != nil {
		return fmt.Errorf("begin reading: %w", a.store.Fault(err))
	}
	defer func() { _ = t.Rollback() }() // nothing to commit
	return fn(newReader(sqlrow.New(t, a.store.Fault), a.store.Dialect()))
}

// commitTime is how long a commit may take. It does not end with the caller's context: cutting a commit short would
// leave it unknown whether it was made.
const commitTime = 30 * time.Second

// How a write transaction is to others: alone, or beside those that are begun so too.
const (
	alone  = false
	beside = true
)

// InTx runs fn in one write transaction.
func (a *Archive) InTx(ctx context.Context, fn func(tx store.Tx) error) error {
	return a.write(ctx, alone, func(t *tx) error { return fn(t) })
}

// RawTx runs fn in one write transaction with what Config.Enqueue gets, for the queue's own tables. exec says how many
// rows a statement changed.
func (a *Archive) RawTx(ctx context.Context, fn func(rawTx any, exec Exec) error) error {
	return a.write(ctx, alone, func(t *tx) error {
		return fn(t.raw, func(ctx context.Context, query string, args ...any) (int64, error) {
			return t.Raw(ctx, query, args...)
		})
	})
}

// Exec runs a statement and says how many rows it changed.
type Exec func(ctx context.Context, query string, args ...any) (int64, error)

// Exec runs one statement by itself, for the queue's own tables. Its errors are those of store.Archive.
func (a *Archive) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := sqlrow.Changed(a.store.Writer().ExecContext(ctx, query, args...))
	if err != nil {
		err = a.store.Fault(err)
	}
	return n, err
}

// write runs fn in a write transaction, see database.Driver's Begin for beside.
func (a *Archive) write(ctx context.Context, beside bool, fn func(t *tx) error) error {
	asked := time.Now()
	w, err := a.store.Begin(ctx, beside)
	begun := time.Now()
	if err == nil {
		err = a.writeIn(ctx, w, fn)
	} else {
		err = fmt.Errorf("begin writing: %w", a.store.Fault(err))
	}
	if a.observe != nil {
		how := "alone"
		if beside {
			how = "beside"
		}
		a.observe(how, begun.Sub(asked), time.Since(begun), err)
	}
	return err
}

// writeIn runs fn in a transaction that has begun.
func (a *Archive) writeIn(ctx context.Context, w database.WriteTx, fn func(t *tx) error) (err error) {
	session, now := sqlrow.New(w, a.store.Fault), time.UnixMilli(a.now().UnixMilli()).UTC()
	done := false
	defer func() {
		if !done { // fn failed or panicked
			_ = session.Wait(ctx)
			_ = w.Rollback(ctx) // what fn said is what counts; a broken connection rolls back too
		}
	}()
	t := &tx{
		reader:   *newReader(session, a.store.Dialect()),
		Writer:   people.NewWriter(session, now),
		Noter:    found.NewNoter(session, now),
		Recorder: machines.NewRecorder(session, a.store.Dialect()),
		Keeper:   search.NewKeeper(session, a.store.Dialect()),
		Eraser:   erasing.NewEraser(session, now),
		Setter:   sets.NewSetter(session, now),
		Storer:   letters.NewStorer(session, now),
		now:      now,
		raw:      w.Raw(),
		enqueue:  a.enqueue,
	}
	if err = fn(t); err == nil {
		err = errors.Join(t.Settle(ctx), t.CountWays(ctx), t.KeepSums(ctx), t.Wait(ctx), t.enqueueAll(ctx))
	}
	failed := session.End(ctx)
	if err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("a statement failed and its error was passed over: %w", failed)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	done = true
	if err := w.Commit(commit); err != nil {
		return fmt.Errorf("commit: %w", a.store.Fault(err))
	}
	return nil
}
