package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"postgang/engine/documents"
	"postgang/engine/store"
)

const (
	// BusyTimeout (ms) is how long a statement waits for another process that writes.
	BusyTimeout = "10000"
	// sqliteReaders is the number of connections for snapshots.
	sqliteReaders = 4
)

// SQLite is an archive in one file.
type SQLite struct {
	path  string
	Write *sql.DB // one connection; the queue uses it too
	mover *mover
}

// OpenSQLite opens the database, and the pool that reads.
func OpenSQLite(ctx context.Context, path string, mustExist bool) (Driver, *sql.DB, error) {
	if path == "" {
		return nil, nil, errors.New("sqlite: the path of the file is missing")
	}
	path, err := placeOf(path, mustExist)
	if err != nil {
		return nil, nil, fmt.Errorf("sqlite: %w", err)
	}
	dsn := func(lock string, pragmas ...string) string {
		q := url.Values{"_txlock": {lock}}
		for _, p := range append([]string{
			"busy_timeout(" + BusyTimeout + ")",
			"foreign_keys(1)",
			"journal_mode(WAL)",
			// FULL, not NORMAL: with NORMAL a power cut may lose the last commits, and "handed to the vendor" is one.
			"synchronous(FULL)",
		}, pragmas...) {
			q.Add("_pragma", p)
		}
		return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
	}
	s := &SQLite{path: path}
	// What is deleted or changed is overwritten with zeros, in the page as well as in pages that become free: no name of an erased letter
	// is left in the file.
	const overwrite = "secure_delete(1)"
	// 64 MiB of pages, so that a large receipt file does not write the same page out and read it back over and over.
	const checkpoints = "wal_autocheckpoint(" + ownPages + ")"
	// What a statement must be able to take back is kept in memory: it is little, and writing each page of it to a file took a fifth of the
	// time that booking takes.
	if s.Write, err = openKeeping(dsn("immediate", "cache_size(-65536)", inMemory, checkpoints, overwrite)); err != nil {
		return nil, nil, fmt.Errorf("sqlite: %w", err)
	}
	s.Write.SetMaxOpenConns(1)
	if err := begin(ctx, s.Write); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("sqlite: open %s: %w", path, s.Fault(err)), s.Write.Close())
	}
	// The folder's entry of a new file must survive a power cut as well as its contents.
	if err := documents.SyncDir(filepath.Dir(path)); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.Write.Close())
	}
	read, err := openKeeping(dsn("deferred", "query_only(1)"))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.Write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	move, err := openKeeping(dsn("deferred"))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("sqlite: %w", err), read.Close(), s.Write.Close())
	}
	move.SetMaxOpenConns(1)
	s.mover = newMover(ctx, move)
	return s, read, nil
}

// sqliteMagic begins every SQLite file that is not empty.
const sqliteMagic = "SQLite format 3\x00"

// placeOf is where the file of a database lies, without links, so that all who name it take the same locks. A new file is made,
// that only its owner can read whatever the umask: the files beside it get its mode.
func placeOf(path string, mustExist bool) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	at, err := filepath.EvalSymlinks(path)
	switch {
	case err == nil:
		return at, looksSound(at, mustExist)
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	case mustExist:
		return "", fmt.Errorf("%w at %s", ErrMissing, path)
	}
	if to, err := os.Readlink(path); err == nil {
		return "", fmt.Errorf("%s is a link to %s, which is not there", path, to)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	at = filepath.Join(folder, filepath.Base(path))
	f, err := os.OpenFile(at, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return at, nil // another process was quicker
	}
	if err != nil {
		return "", err
	}
	return at, errors.Join(f.Chmod(0o600), f.Close())
}

// looksSound refuses a file that is no database, or empty: that is what is left when a copy or a disk failed. A file that is
// being made is empty for a moment.
func looksSound(path string, mustExist bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(sqliteMagic))
	switch n, err := io.ReadFull(f, head); {
	case errors.Is(err, io.EOF) && !mustExist:
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %s is empty", ErrDamaged, path)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case string(head[:n]) != sqliteMagic:
		return fmt.Errorf("%w: %s is no SQLite database", ErrDamaged, path)
	}
	return nil
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

// sqliteTx is a transaction that writes.
type sqliteTx struct {
	*sql.Tx
	mover   *mover
	changed int64 // rows
}

func (t *sqliteTx) Raw() any { return t.Tx }

func (t *sqliteTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	res, err := t.Tx.ExecContext(ctx, query, args...)
	if err == nil {
		n, _ := res.RowsAffected() // it never fails here
		t.changed += n
	}
	return res, err
}

func (t *sqliteTx) Commit(_ context.Context) error {
	err := t.Tx.Commit()
	t.mover.wrote(t.changed)
	return err
}

func (t *sqliteTx) Rollback(_ context.Context) error { return t.Tx.Rollback() }

// Begin starts a write transaction, when no other writes.
func (s *SQLite) Begin(ctx context.Context, _ bool) (WriteTx, error) {
	t, err := s.Write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &sqliteTx{Tx: t, mover: s.mover}, nil
}

// ReadOptions are those of a snapshot.
func (s *SQLite) ReadOptions() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

// Dialect is the one of this database.
func (s *SQLite) Dialect() Dialect { return DialectSQLite }

// Writer is the pool of connections that write.
func (s *SQLite) Writer() *sql.DB { return s.Write }

// Close ends all connections.
func (s *SQLite) Close() error { return errors.Join(s.mover.close(), s.Write.Close()) }

// Extended result codes of SQLite (https://www.sqlite.org/rescode.html).
const (
	sqliteBusySnapshot = 517
	sqliteForeignKey   = 787
	sqlitePrimaryKey   = 1555
	sqliteUnique       = 2067
	sqliteSHMSize      = 4874
)

// Fault maps an error of the database to one of the engine's, without any value of a row in its text.
func (s *SQLite) Fault(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	// SQLite's messages name tables, columns and constraints, never values.
	switch e.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		return fmt.Errorf("%w: %w", store.ErrExists, err)
	case sqliteForeignKey:
		return fmt.Errorf("refers to a row that is %w: %w", store.ErrNotFound, err)
	case sqliteBusySnapshot:
		return fmt.Errorf("%w: %w", store.ErrStale, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case sqlite3.SQLITE_IOERR:
		// SQLite does not say of these why. The file of shared memory cannot grow on a full disk.
		if e.Code() == sqliteSHMSize || noRoom(filepath.Dir(s.path)) {
			return fmt.Errorf("%w: %w", ErrDiskFull, err)
		}
		return fmt.Errorf("the disk of the database fails: %w", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("the database cannot be written: its file, its folder or its disk is read-only for this user: %w", err)
	}
	return err
}

// noRoom reports whether nothing can be written on the disk of a folder.
func noRoom(folder string) bool {
	var st syscall.Statfs_t
	return syscall.Statfs(folder, &st) == nil && (int64(st.Bavail)*st.Bsize < 1<<20 || st.Files > 0 && st.Ffree == 0)
}

// Holds reports whether the database has our tables.
func (s *SQLite) Holds(ctx context.Context) (there bool, err error) {
	err = s.Write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)", VersionTable).Scan(&there)
	return there, err
}

// Check has SQLite look through the whole file.
func (s *SQLite) Check(ctx context.Context) ([]string, error) {
	rows, err := s.Write.QueryContext(ctx, "PRAGMA quick_check(10)")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if text != "ok" {
			out = append(out, text)
		}
	}
	return out, rows.Err()
}

// checkpointTries is how often Scrub waits for readers of before, checkpointPatience (ms) for how long with nobody writing, and
// checkpointPause between these.
const (
	checkpointTries    = 50
	checkpointPatience = "50"
	checkpointPause    = 100 * time.Millisecond
)

// Where SQLite keeps what is not for good: what a statement may have to take back, and what a VACUUM copies, which is everything.
const (
	inMemory = "temp_store(MEMORY)"
	inFile   = "temp_store(FILE)"
)

// Large has fn do what goes through whole tables, for which SQLite needs more room than memory has.
func (s *SQLite) Large(ctx context.Context, fn func() error) (err error) {
	if _, err := s.Write.ExecContext(ctx, "PRAGMA "+inFile); err != nil { // the pool has one connection
		return err
	}
	defer func() {
		_, back := s.Write.ExecContext(context.WithoutCancel(ctx), "PRAGMA "+inMemory)
		err = errors.Join(err, back)
	}()
	return fn()
}

// words is the index of whom letters are for. It takes what is deleted out at once (secure-delete), which costs ten milliseconds a letter where
// millions are.
const words = "shipment_person_words"

// Loosen has the index of names only mark what is deleted, until the next Scrub.
func (s *SQLite) Loosen(ctx context.Context) error { return s.takeOut(ctx, false) }

func (s *SQLite) takeOut(ctx context.Context, atOnce bool) error {
	_, err := s.Write.ExecContext(ctx, "INSERT INTO "+words+" ("+words+", rank) VALUES ('secure-delete', $1)", atOnce)
	return err
}

// mergePages is how many pages of an index are written in one step of merging it, some tens of milliseconds.
const mergePages = 1000

// tighten takes out of the index of names what was only marked since Loosen: it is merged into one, step by step, so that others can write in
// between. Killed in the middle, it is done by the next Scrub.
func (s *SQLite) tighten(ctx context.Context) error {
	var atOnce int
	err := s.Write.QueryRowContext(ctx, "SELECT v FROM "+words+"_config WHERE k = 'secure-delete'").Scan(&atOnce)
	if err != nil || atOnce != 0 {
		return err
	}
	for step := -mergePages; ; step = mergePages { // the first begins to merge all of it
		changed, err := s.merge(ctx, step)
		if err != nil {
			return err
		}
		if changed < 2 { // the manual's sign that nothing is left to merge
			return s.takeOut(ctx, true)
		}
	}
}

func (s *SQLite) merge(ctx context.Context, step int) (changed int, err error) {
	conn, err := s.Write.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var before, after int
	if err := conn.QueryRowContext(ctx, "SELECT total_changes()").Scan(&before); err != nil {
		return 0, err
	}
	if _, err := conn.ExecContext(ctx, "INSERT INTO "+words+" ("+words+", rank) VALUES ('merge', $1)", step); err != nil {
		return 0, err
	}
	err = conn.QueryRowContext(ctx, "SELECT total_changes()").Scan(&after)
	return after - before, err
}

// Scrub empties the journal, in which pages of before stand. With full it rewrites the whole file before, so that nothing is left in it
// that was deleted while it was not overwritten yet.
func (s *SQLite) Scrub(ctx context.Context, full bool) error {
	if err := s.tighten(ctx); err != nil {
		return err
	}
	if full {
		err := s.Large(ctx, func() error {
			_, err := s.Write.ExecContext(ctx, "VACUUM")
			return err
		})
		if err != nil {
			return err
		}
	}
	tries := checkpointTries
	replicated, err := s.replicated(ctx)
	if err != nil {
		return err
	}
	if replicated {
		tries = replicatedTries
	}
	for try := 1; ; try++ {
		if done, err := s.emptyJournal(ctx); done || err != nil {
			return err
		}
		switch {
		case try < tries:
		case replicated:
			return nil
		default:
			return ErrBusy
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(checkpointPause):
		}
	}
}

// replicatedTries is how often Scrub tries where a replicator reads.
const replicatedTries = 3

// replicated reports whether Litestream copies the database. It reads all the time, so that nobody but itself empties the journal, which it
// does by its own clock (docs/backup.md).
func (s *SQLite) replicated(ctx context.Context) (is bool, err error) {
	err = s.Write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_litestream_lock')").Scan(&is)
	return is, err
}

// emptyJournal moves the journal into the database and empties it; false: somebody reads what was before. It waits with the right to
// write in hand, so it must not wait for as long as other statements do.
func (s *SQLite) emptyJournal(ctx context.Context) (done bool, err error) {
	conn, err := s.Write.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		_, back := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA busy_timeout = "+BusyTimeout)
		err = errors.Join(err, back, conn.Close())
	}()
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = "+checkpointPatience); err != nil {
		return false, err
	}
	var busy, pages, moved int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	return err == nil && busy == 0, err
}

// Lock takes a named lock across processes, see store.Archive.
func (s *SQLite) Lock(ctx context.Context, name string) (context.Context, func(), error) {
	// The file is never removed: another process may be about to lock it.
	f, err := os.OpenFile(s.path+"."+url.PathEscape(name)+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil, store.ErrLocked
		}
		return nil, nil, err
	}
	held, cancel := context.WithCancel(ctx) // a lock on a file is never lost
	return held, func() {
		cancel()
		// Closing would do, if a process that is being started had not a copy of the file until it becomes another program.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		f.Close()
	}, nil
}
