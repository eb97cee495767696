package database

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"postgang/engine/documents"
)

// ErrNoTool says that a program of PostgreSQL is not installed on this machine.
var ErrNoTool = errors.New("is not installed here. Install PostgreSQL's client programs (Debian: postgresql-client)")

// ErrNotEmpty says that there is something where a copy was to be put back.
var ErrNotEmpty = errors.New("a backup is put back into an empty place only")

// Forms of a copy of the database.
const (
	CopySQLite = "sqlite"  // a database file
	CopyDump   = "pg_dump" // pg_dump's custom format
)

// CopyForm is the form of the copies of a database.
func CopyForm(dsn string) string {
	if strings.HasPrefix(dsn, "sqlite:") {
		return CopySQLite
	}
	return CopyDump
}

// CanCopy reports whether copies of a database can be made, and put back, on this machine.
func CanCopy(dsn string) bool {
	return CopyForm(dsn) == CopySQLite || hasTool("pg_dump") && hasTool("pg_restore")
}

// Vacant is ErrNotEmpty when a database cannot be put back where dsn says, since there is one.
func Vacant(ctx context.Context, dsn string) error {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return noSQLite(path)
	}
	return noPostgres(ctx, dsn)
}

// RestoreCopy puts back what Copy has written, whole or not at all, where nothing is. write gives it; its error keeps it from being put back.
func RestoreCopy(ctx context.Context, dsn string, write func(w io.Writer) error) error {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return restoreSQLite(path, write)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(write(w)) }()
	err := restorePostgres(ctx, dsn, r)
	r.CloseWithError(io.ErrClosedPipe) // whoever writes ends too
	return err
}

// copyName is the name of the file that Copy of SQLite makes in its scratch folder.
const copyName = "copy.db"

// Copy writes one moment of the database, while others read and write: first into the folder scratch, without what was deleted.
func (s *SQLite) Copy(ctx context.Context, scratch string, w io.Writer) (err error) {
	path := filepath.Join(scratch, copyName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	// A connection of its own: the one that writes is not kept from others. What reads keeps nobody from writing.
	q := url.Values{"_pragma": {"busy_timeout(" + BusyTimeout + ")"}}
	db, err := openKeeping((&url.URL{Scheme: "file", Path: s.path, RawQuery: q.Encode()}).String())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO $1", path)
	if err = errors.Join(err, db.Close()); err != nil {
		return s.Fault(err)
	}
	_, err = io.Copy(w, f)
	return err
}

// restoreSQLite puts a copy of a database where none is, whole or not at all.
func restoreSQLite(path string, write func(w io.Writer) error) (err error) {
	if err := noSQLite(path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	part := path + ".restoring"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Link(part, path) // replaces nothing
	}
	return errors.Join(err, os.Remove(part), documents.SyncDir(filepath.Dir(path)))
}

// noSQLite is ErrNotEmpty when there is a database at path, or what belongs to one.
func noSQLite(path string) error {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if _, err := os.Lstat(path + end); err == nil {
			return fmt.Errorf("%w: there is %s. Move it away, or name another place in [archive] database", ErrNotEmpty, path+end)
		}
	}
	return nil
}

// CheckWhole has SQLite look through the whole file, indexes and references too, on a snapshot that keeps nobody from writing.
func (s *SQLite) CheckWhole(ctx context.Context) (out []string, err error) {
	q := url.Values{"_pragma": {"busy_timeout(" + BusyTimeout + ")", "query_only(1)"}}
	db, err := openKeeping((&url.URL{Scheme: "file", Path: s.path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(10)")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if text != "ok" {
			out = append(out, text)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	lost, err := db.QueryContext(ctx, `SELECT "table", count(*) FROM pragma_foreign_key_check GROUP BY "table" ORDER BY "table"`)
	if err != nil {
		return nil, err
	}
	defer lost.Close()
	for lost.Next() {
		var table string
		var n int
		if err := lost.Scan(&table, &n); err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf("%d rows of table %s refer to rows that are not there", n, table))
	}
	return out, lost.Err()
}

// CheckWhole is the server's own matter (data checksums, pg_amcheck).
func (s *Postgres) CheckWhole(context.Context) ([]string, error) { return nil, nil }

// Copy writes one moment of the database as pg_dump's custom format. ErrNoTool: pg_dump is not there.
func (s *Postgres) Copy(ctx context.Context, _ string, w io.Writer) error {
	return runTool(ctx, "pg_dump", s.Pool.Config().ConnString(), nil, w, "--format=custom", "--no-owner", "--no-privileges", "--no-password")
}

// restorePostgres puts a copy that Copy has made into an empty database, whole or not at all.
func restorePostgres(ctx context.Context, dsn string, r io.Reader) error {
	if err := noPostgres(ctx, dsn); err != nil {
		return err
	}
	err := runTool(ctx, "pg_restore", dsn, r, nil, "--format=custom", "--no-owner", "--no-privileges", "--no-password", "--single-transaction", "--exit-on-error")
	if err != nil {
		return err
	}
	driver, db, err := OpenPostgres(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "ANALYZE") // the planner's samples are no part of a copy
	if err != nil {
		err = driver.Fault(err)
	}
	return errors.Join(err, driver.Close())
}

// noPostgres is ErrNotEmpty when there are tables in a database.
func noPostgres(ctx context.Context, dsn string) (err error) {
	driver, db, err := OpenPostgres(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	var tables int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`).Scan(&tables)
	if err != nil {
		return driver.Fault(err)
	}
	if tables > 0 {
		return fmt.Errorf("%w: the database has tables already. Make a new one (createdb), or name another in [archive] database", ErrNotEmpty)
	}
	return nil
}

// hasTool reports whether a program of PostgreSQL is there.
func hasTool(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// runTool runs a program of PostgreSQL on a database. No password stands in its arguments, which everybody on the machine can read.
func runTool(ctx context.Context, name, dsn string, in io.Reader, out io.Writer, args ...string) error {
	at, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("%s %w", name, ErrNoTool)
	}
	target, env, err := toolTarget(dsn)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, at, append(args, "--dbname="+target)...)
	cmd.Env, cmd.Stdin, cmd.Stdout = append(os.Environ(), env...), in, out
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, toolSaid(said.String()))
	}
	return nil
}

// toolSaid is what a program said of its fault, without what may hold values of rows: it tells them in lines of details and contexts.
func toolSaid(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "DETAIL") || strings.HasPrefix(line, "CONTEXT") || strings.HasPrefix(line, "Command was") || strings.HasPrefix(line, "STATEMENT") {
			continue
		}
		if out = append(out, line); len(out) == 3 {
			break
		}
	}
	return strings.Join(out, "; ")
}

// libpqSettings are the settings in a URL that PostgreSQL's own programs know; others are parameters of the session or of our driver.
var libpqSettings = []string{
	"host", "hostaddr", "port", "user", "dbname", "passfile", "connect_timeout", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslsni", "ssl_min_protocol_version",
	"channel_binding", "target_session_attrs", "gssencmode", "krbsrvname", "options", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "application_name",
}

// toolTarget is a database's URL as PostgreSQL's programs take it, without its password, which goes by the environment.
func toolTarget(dsn string) (target string, env []string, err error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", nil, errors.New("the database URL cannot be read; it has the form postgres://user@host:port/database")
	}
	q := u.Query()
	password, has := u.User.Password()
	if has {
		u.User = url.User(u.User.Username())
	}
	if p := q.Get("password"); p != "" {
		password, has = p, true
	}
	for name := range q {
		if !slices.Contains(libpqSettings, name) {
			q.Del(name)
		}
	}
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // libpq takes a plus as it stands
	if has {
		env = append(env, "PGPASSWORD="+password)
	}
	return u.String(), env, nil
}
