package database

import (
	"container/list"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"modernc.org/sqlite"
)

// keptStatements is how many statements a connection keeps prepared: some more than the archive and the queue have. Those with lists
// of many lengths come and go.
const keptStatements = 250

// keeping opens connections that keep their statements prepared: reading the text of a statement costs SQLite more than most of them
// do, and database/sql prepares each anew, unless every caller keeps it.
type keeping struct{ driver.Connector }

// openKeeping is sql.Open for SQLite with connections that keep their statements.
func openKeeping(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeping{c}), nil
}

// Connect opens a connection.
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := c.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connections have no contexts"), c.Close())
	}
	return &keeper{sqliteConn: whole, kept: map[string]*list.Element{}, used: list.New()}, nil
}

// sqliteConn is what database/sql asks of a connection, and of which it would do without what is missing.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keeper is a connection that keeps its statements. database/sql lets one goroutine at it at a time.
type keeper struct {
	sqliteConn
	kept map[string]*list.Element // by text
	used *list.List               // of *statement, the one used last in front
}

// statement is a prepared statement.
type statement struct {
	driver.Stmt
	text string
	busy bool // its rows are being read
}

// prepared gives a statement that nobody uses; nil: this one is not kept.
func (k *keeper) prepared(ctx context.Context, text string) (*statement, error) {
	if e := k.kept[text]; e != nil {
		s := e.Value.(*statement)
		if s.busy {
			return nil, nil
		}
		k.used.MoveToFront(e)
		s.busy = true
		return s, nil
	}
	switch verb(text) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
	default:
		return nil, nil // what is done once, such as a change of the schema
	}
	stmt, err := k.PrepareContext(ctx, inOrder(text))
	if err != nil {
		return nil, err
	}
	s := &statement{Stmt: stmt, text: text, busy: true}
	k.kept[text] = k.used.PushFront(s)
	for e := k.used.Back(); e != nil && k.used.Len() > keptStatements; {
		before := e.Prev()
		if old := e.Value.(*statement); !old.busy {
			if err := k.drop(old); err != nil {
				return nil, err
			}
		}
		e = before
	}
	return s, nil
}

// verb is the first word of a statement, in capitals, after comments: the queue's statements begin with their names.
func verb(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if !strings.HasPrefix(text, "--") {
			break
		}
		_, text, _ = strings.Cut(text, "\n")
	}
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		text = text[:end]
	}
	return strings.ToUpper(text)
}

// drop ends a statement.
func (k *keeper) drop(s *statement) error {
	k.used.Remove(k.kept[s.text])
	delete(k.kept, s.text)
	return s.Close()
}

// done frees a statement for its next use; after a failure it is prepared anew.
func (k *keeper) done(s *statement, failed error) error {
	s.busy = false
	if failed != nil {
		return errors.Join(failed, k.drop(s))
	}
	return nil
}

// ExecContext does what returns no rows.
func (k *keeper) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := k.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.sqliteConn.ExecContext(ctx, text, args)
	}
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return result, k.done(s, err)
}

// QueryContext asks for rows.
func (k *keeper) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := k.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.sqliteConn.QueryContext(ctx, text, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, k.done(s, err)
	}
	return &keptRows{Rows: rows, end: func(err error) error { return k.done(s, err) }}, nil
}

// Close ends the statements and the connection.
func (k *keeper) Close() error {
	var errs []error
	for e := k.used.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*statement).Close())
	}
	return errors.Join(append(errs, k.sqliteConn.Close())...)
}

// keptRows frees their statement when they are closed.
type keptRows struct {
	driver.Rows
	end func(error) error
}

// Close ends the reading.
func (r *keptRows) Close() error {
	err := r.Rows.Close()
	if r.end == nil {
		return err
	}
	end := r.end
	r.end = nil
	return end(err)
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
