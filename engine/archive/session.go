package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"postgang/engine/archive/database"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// reader reads in one transaction, and holds what tx writes with.
type reader struct {
	q      database.Querier
	fault  func(error) error
	failed error // the first failed statement: the transaction is over, on SQLite as on PostgreSQL
	over   bool  // fn has returned
}

// tx is a write transaction.
type tx struct {
	reader
	now     time.Time
	raw     any
	enqueue func(ctx context.Context, rawTx any, tasks []store.Task) error
}

var (
	_ store.Reader = (*reader)(nil)
	_ store.Tx     = (*tx)(nil)
)

// Now is the clock of the transaction.
func (t *tx) Now() time.Time { return t.now }

// Enqueue inserts background tasks in this transaction.
func (t *tx) Enqueue(ctx context.Context, tasks ...store.Task) error {
	if len(tasks) == 0 {
		return nil
	}
	if err := t.usable(); err != nil {
		return err
	}
	if t.enqueue == nil {
		return errors.New("enqueue: this archive was opened without a queue")
	}
	if err := t.enqueue(ctx, t.raw, tasks); err != nil {
		t.failed = t.fault(err)
		return fmt.Errorf("enqueue: %w", t.failed)
	}
	return nil
}

func (r *reader) usable() error {
	if r.over {
		return errors.New("the transaction has ended")
	}
	if r.failed != nil {
		return fmt.Errorf("the transaction is over since a statement failed: %w", r.failed)
	}
	return nil
}

// fail notes that a statement failed, after which PostgreSQL takes no other in this transaction.
func (r *reader) fail(err error) error {
	err = r.fault(err)
	if r.failed == nil {
		r.failed = err
	}
	return err
}

// exec runs a statement and says how many rows it changed.
func (r *reader) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := r.usable(); err != nil {
		return 0, err
	}
	if err := plain(args); err != nil {
		return 0, err
	}
	n, err := changed(r.q.ExecContext(ctx, query, args...))
	if err != nil {
		return 0, r.fail(err)
	}
	return n, nil
}

// scan is the Scan of a row.
type scan func(dest ...any) error

// each calls fn for every row.
func (r *reader) each(ctx context.Context, fn func(scan scan) error, query string, args ...any) error {
	if err := r.usable(); err != nil {
		return err
	}
	if err := plain(args); err != nil {
		return err
	}
	rows, err := r.q.QueryContext(ctx, query, args...)
	if err != nil {
		return r.fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return r.fail(err)
	}
	return nil
}

// list reads all rows.
func list[T any](ctx context.Context, r *reader, fn func(scan scan) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := r.each(ctx, func(scan scan) error {
		v, err := fn(scan)
		out = append(out, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// one reads the first row; ErrNotFound when there is none.
func one[T any](ctx context.Context, r *reader, fn func(scan scan) (T, error), query string, args ...any) (T, error) {
	var zero T
	all, err := list(ctx, r, fn, query, args...)
	switch {
	case err != nil:
		return zero, err
	case len(all) == 0:
		return zero, store.ErrNotFound
	}
	return all[0], nil
}

// scalar scans a row of one column.
func scalar[T any](scan scan) (v T, err error) {
	err = scan(&v)
	return v, err
}

// plain makes arguments what both drivers take alike: text, whole numbers, booleans and NULL. It takes the text of a
// named string type itself, never what its String method says, and refuses text that one database would take and the
// other not.
func plain(args []any) error {
	for i, a := range args {
		if t, ok := a.(time.Time); ok {
			args[i] = ms(t)
			continue
		}
		v := reflect.ValueOf(a)
		if !v.IsValid() {
			continue
		}
		switch v.Kind() {
		case reflect.String:
			s := v.String()
			if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
				return fmt.Errorf("value %d of the row is not valid text (UTF-8 without NUL)", i+1)
			}
			args[i] = s
		case reflect.Int, reflect.Int64, reflect.Int32:
			args[i] = v.Int()
		case reflect.Bool:
			args[i] = v.Bool()
		default:
			return fmt.Errorf("value %d of the row has type %T, which no column takes", i+1, a)
		}
	}
	return nil
}

// ms is a time as it is stored; NULL for the zero time.
func ms(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// optional is a text as it is stored where empty means NULL.
func optional[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// clean makes free text (an error, a summary, a file name) storable rather than losing the row for its sake.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// when scans a stored time.
type when struct{ t *time.Time }

// Scan reads Unix milliseconds.
func (w when) Scan(src any) error {
	var n sql.NullInt64
	if err := n.Scan(src); err != nil {
		return err
	}
	*w.t = time.Time{}
	if n.Valid {
		*w.t = time.UnixMilli(n.Int64).UTC()
	}
	return nil
}

// text scans a text that may be NULL, which reads as empty.
type text[T ~string] struct{ s *T }

func textOf[T ~string](s *T) text[T] { return text[T]{s} }

// Scan reads text.
func (t text[T]) Scan(src any) error {
	var n sql.NullString
	if err := n.Scan(src); err != nil {
		return err
	}
	*t.s = T(n.String)
	return nil
}

// number scans a whole number that may be NULL, which reads as zero.
type number struct{ n *int64 }

// Scan reads a number.
func (d number) Scan(src any) error {
	var n sql.NullInt64
	if err := n.Scan(src); err != nil {
		return err
	}
	*d.n = n.Int64
	return nil
}

// blobOf scans the two columns of a reference to a blob.
func blobOf(b *shipment.BlobRef) (sha text[string], bytes number) {
	return textOf(&b.SHA256), number{&b.Bytes}
}

// jsonOf scans a column of JSON.
type jsonOf struct{ v any }

// Scan reads JSON; NULL leaves the value as it is.
func (j jsonOf) Scan(src any) error {
	var n sql.NullString
	if err := n.Scan(src); err != nil {
		return err
	}
	if !n.Valid {
		return nil
	}
	if err := json.Unmarshal([]byte(n.String), j.v); err != nil {
		// encoding/json quotes what it stumbles on, which may be a person's name.
		return fmt.Errorf("column holds JSON that is not a %s", reflect.TypeOf(j.v).Elem())
	}
	return nil
}

// encode is a value as JSON text.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T as JSON failed", v) // the cause may quote the value
	}
	return string(b), nil
}

// args collects the arguments of a query that is put together.
type args []any

// add adds an argument and returns its placeholder.
func (a *args) add(v any) string {
	*a = append(*a, v)
	return "$" + strconv.Itoa(len(*a))
}

// in is the list of an IN; never empty.
func in[T ~string](a *args, vs []T) string {
	marks := make([]string, len(vs))
	for i, v := range vs {
		marks[i] = a.add(string(v))
	}
	return "(" + strings.Join(marks, ", ") + ")"
}

// limit is a LIMIT clause, or nothing.
func (a *args) limit(n int) string {
	if n <= 0 {
		return ""
	}
	return " LIMIT " + a.add(n)
}

// insertRows inserts many rows with few statements.
func (t *tx) insertRows(ctx context.Context, into string, rows [][]any) error {
	const atOnce = 600
	for len(rows) > 0 {
		n := min(len(rows), max(1, atOnce/len(rows[0])))
		var a args
		var b strings.Builder
		b.WriteString("INSERT INTO " + into + " VALUES ")
		for i, row := range rows[:n] {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('(')
			for j, v := range row {
				if j > 0 {
					b.WriteString(", ")
				}
				b.WriteString(a.add(v))
			}
			b.WriteByte(')')
		}
		if _, err := t.exec(ctx, b.String(), a...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
