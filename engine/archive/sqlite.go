package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"postgang/engine"
)

const (
	// busyTimeout (ms) is how long a statement waits for another process that writes.
	busyTimeout = "10000"
	// sqliteReaders is the number of connections for snapshots.
	sqliteReaders = 4
)

// sqliteStore is an archive in one file.
type sqliteStore struct {
	path  string
	write *sql.DB // one connection; the queue uses it too
}

func openSQLite(ctx context.Context, path string) (store, *sql.DB, error) {
	if path == "" {
		return nil, nil, errors.New("sqlite: the path of the file is missing")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, fmt.Errorf("sqlite: %w", err)
	}
	dsn := func(lock string, pragmas ...string) string {
		q := url.Values{"_txlock": {lock}}
		for _, p := range append([]string{
			"busy_timeout(" + busyTimeout + ")",
			"foreign_keys(1)",
			"journal_mode(WAL)",
			// FULL, not NORMAL: with NORMAL a power cut may lose the last commits, and "handed to the vendor" is one.
			"synchronous(FULL)",
		}, pragmas...) {
			q.Add("_pragma", p)
		}
		return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
	}
	s := &sqliteStore{path: path}
	// 64 MiB of pages, so that a large receipt file does not write the same page out and read it back over and over.
	if s.write, err = sql.Open("sqlite", dsn("immediate", "cache_size(-65536)")); err != nil {
		return nil, nil, fmt.Errorf("sqlite: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	if err := begin(ctx, s.write); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("sqlite: open %s: %w", path, err), s.write.Close())
	}
	// The folder's entry of a new file must survive a power cut as well as its contents.
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.write.Close())
	}
	read, err := sql.Open("sqlite", dsn("deferred", "query_only(1)"))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	return s, read, nil
}

// begin makes the first connection. To make the journal of a new file one of WAL does not wait while another process does the
// same, whatever busy_timeout says.
func begin(ctx context.Context, db *sql.DB) error {
	const patience, pause = 10 * time.Second, 20 * time.Millisecond
	for end := time.Now().Add(patience); ; {
		err := db.PingContext(ctx)
		var e *sqlite.Error
		if err == nil || !errors.As(err, &e) || e.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// sqliteTx prepares a statement that comes a second time, and keeps it until the transaction ends: the driver keeps none, and a
// large receipt file runs the same few for every row.
type sqliteTx struct {
	*sql.Tx
	seen map[string]*sqliteQuery
}

type sqliteQuery struct {
	text string
	stmt *sql.Stmt // nil: came once
}

// keptStatements is how many statements are looked out for: those of one transaction's own kinds, not lists of any length.
const keptStatements = 100

// prepared is a query as SQLite gets it, with the statement that is kept for it.
func (t sqliteTx) prepared(ctx context.Context, query string) (q sqliteQuery, err error) {
	known := t.seen[query]
	if known == nil {
		known = &sqliteQuery{text: inOrder(query)}
		if len(t.seen) < keptStatements {
			t.seen[query] = known
		}
		return *known, nil
	}
	if known.stmt == nil {
		known.stmt, err = t.PrepareContext(ctx, known.text)
	}
	return *known, err
}

var placeholder = regexp.MustCompile(`\$[0-9]+`)

// inOrder writes a query's placeholders $1, $2 … as ?, when each comes once and in order: SQLite looks a numbered one up in a list
// of all, so that a statement with hundreds costs more than what it does.
func inOrder(query string) string {
	n := 0
	ordered := true
	text := placeholder.ReplaceAllStringFunc(query, func(p string) string {
		n++
		ordered = ordered && p == "$"+strconv.Itoa(n)
		return "?"
	})
	if !ordered {
		return query
	}
	return text
}

// ExecContext runs a statement.
func (t sqliteTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	q, err := t.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if q.stmt == nil {
		return t.Tx.ExecContext(ctx, q.text, args...)
	}
	return q.stmt.ExecContext(ctx, args...)
}

// QueryContext runs a query, whose rows are read and closed before the same query runs again.
func (t sqliteTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	q, err := t.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if q.stmt == nil {
		return t.Tx.QueryContext(ctx, q.text, args...)
	}
	return q.stmt.QueryContext(ctx, args...)
}

func (t sqliteTx) raw() any                       { return t.Tx }
func (t sqliteTx) commit(_ context.Context) error { return t.Commit() }
func (t sqliteTx) rollback() error                { return t.Rollback() }

func (s *sqliteStore) begin(ctx context.Context) (writeTx, error) {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return sqliteTx{t, map[string]*sqliteQuery{}}, nil
}

func (s *sqliteStore) readOptions() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }
func (s *sqliteStore) dialect() dialect            { return dialectSQLite }
func (s *sqliteStore) writer() *sql.DB             { return s.write }
func (s *sqliteStore) close() error                { return s.write.Close() }

// Extended result codes of SQLite (https://www.sqlite.org/rescode.html).
const (
	sqliteBusySnapshot = 517
	sqliteForeignKey   = 787
	sqlitePrimaryKey   = 1555
	sqliteUnique       = 2067
)

func (s *sqliteStore) fault(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	// SQLite's messages name tables, columns and constraints, never values.
	switch e.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		return fmt.Errorf("%w: %w", engine.ErrExists, err)
	case sqliteForeignKey:
		return fmt.Errorf("refers to a row that is %w: %w", engine.ErrNotFound, err)
	case sqliteBusySnapshot:
		return fmt.Errorf("%w: %w", engine.ErrStale, err)
	}
	return err
}

func (s *sqliteStore) lock(ctx context.Context, name string) (context.Context, func(), error) {
	// The file is never removed: another process may be about to lock it.
	f, err := os.OpenFile(s.path+"."+url.PathEscape(name)+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil, engine.ErrLocked
		}
		return nil, nil, err
	}
	held, cancel := context.WithCancel(ctx)          // a lock on a file is never lost
	return held, func() { cancel(); f.Close() }, nil // closing releases
}
