// Package sqlrow runs statements of one transaction and reads their rows: times as milliseconds, texts that may be NULL, JSON. Both
// databases take what it gives them alike.
package sqlrow

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"postgang/engine/access"
	"postgang/engine/archive/database"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Rows is one transaction.
type Rows struct {
	q      database.Querier
	fault  func(error) error
	failed error // the first failed statement: the transaction is over, on SQLite as on PostgreSQL
	over   bool  // its function has returned
	later  later
	beside *beside // statements that run now; nil: none
}

// New is the Rows of a transaction; fault makes errors of the database those of store.
func New(q database.Querier, fault func(error) error) *Rows { return &Rows{q: q, fault: fault} }

// End ends the transaction, when no statement runs any more. It is an error when one had failed.
func (r *Rows) End(ctx context.Context) error {
	_ = r.Wait(ctx) // it is in failed
	r.over = true
	return r.failed
}

// Changed is how many rows a statement changed.
func Changed(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Usable is an error once a statement has failed, or the transaction has ended.
func (r *Rows) Usable() error {
	if r.over {
		return errors.New("the transaction has ended")
	}
	if r.failed != nil {
		return fmt.Errorf("the transaction is over since a statement failed: %w", r.failed)
	}
	return nil
}

// Fail notes that a statement failed, after which PostgreSQL takes no other in this transaction.
func (r *Rows) Fail(err error) error {
	err = r.fault(err)
	if r.failed == nil {
		r.failed = err
	}
	return err
}

// Exec runs a statement and says how many rows it changed.
func (r *Rows) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := r.Usable(); err != nil {
		return 0, err
	}
	if err := plain(args); err != nil {
		return 0, err
	}
	return r.Raw(ctx, query, args...)
}

// Raw runs a statement with arguments as the database's driver takes them.
func (r *Rows) Raw(ctx context.Context, query string, args ...any) (int64, error) {
	if err := r.Usable(); err != nil {
		return 0, err
	}
	if err := r.settleFirst(ctx); err != nil {
		return 0, err
	}
	n, err := Changed(r.q.ExecContext(ctx, query, args...))
	if err != nil {
		return 0, r.Fail(err)
	}
	return n, nil
}

// Scan is the Scan of a row.
type Scan func(dest ...any) error

// Each calls fn for every row.
func (r *Rows) Each(ctx context.Context, fn func(scan Scan) error, query string, args ...any) error {
	if err := r.Usable(); err != nil {
		return err
	}
	if err := plain(args); err != nil {
		return err
	}
	if err := r.settleFirst(ctx); err != nil {
		return err
	}
	rows, err := r.q.QueryContext(ctx, query, args...)
	if err != nil {
		return r.Fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return r.Fail(err)
	}
	return nil
}

// List reads all rows.
func List[T any](ctx context.Context, r *Rows, fn func(scan Scan) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := r.Each(ctx, func(scan Scan) error {
		v, err := fn(scan)
		out = append(out, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// One reads the first row; store.ErrNotFound when there is none.
func One[T any](ctx context.Context, r *Rows, fn func(scan Scan) (T, error), query string, args ...any) (T, error) {
	var zero T
	all, err := List(ctx, r, fn, query, args...)
	switch {
	case err != nil:
		return zero, err
	case len(all) == 0:
		return zero, store.ErrNotFound
	}
	return all[0], nil
}

// Scalar scans a row of one column.
func Scalar[T any](scan Scan) (v T, err error) {
	err = scan(&v)
	return v, err
}

// plain makes arguments what both drivers take alike: text, whole numbers, booleans and NULL. It takes the text of a
// named string type itself, never what its String method says, and refuses text that one database would take and the
// other not.
func plain(args []any) error {
	for i, a := range args {
		switch v := a.(type) {
		case time.Time:
			args[i] = ms(v)
			continue
		case int64, bool, nil:
			continue
		case string:
			if !storable(v) {
				return unstorable(i)
			}
			continue
		}
		v := reflect.ValueOf(a)
		if !v.IsValid() {
			continue
		}
		switch v.Kind() {
		case reflect.String:
			s := v.String()
			if !storable(s) {
				return unstorable(i)
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

// storable reports whether both databases take a text.
func storable(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

func unstorable(i int) error {
	return fmt.Errorf("value %d of the row is not valid text (UTF-8 without NUL)", i+1)
}

// ms is a time as it is stored; NULL for the zero time.
func ms(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// Optional is a text as it is stored where empty means NULL.
func Optional[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// Actor is who does what is done with a context, as it is stored.
func Actor(ctx context.Context) any { return Optional(access.By(ctx).String()) }

// Clean makes free text (an error, a summary, a file name) storable rather than losing the row for its sake.
func Clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// When scans a stored time.
func When(t *time.Time) sql.Scanner { return when{t} }

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

// Text scans a text that may be NULL, which reads as empty.
func Text[T ~string](s *T) sql.Scanner { return text[T]{s} }

type text[T ~string] struct{ s *T }

// Scan reads text.
func (t text[T]) Scan(src any) error {
	var n sql.NullString
	if err := n.Scan(src); err != nil {
		return err
	}
	*t.s = T(n.String)
	return nil
}

// Number scans a whole number that may be NULL, which reads as zero.
func Number(n *int64) sql.Scanner { return number{n} }

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

// Blob scans the two columns of a reference to a blob.
func Blob(b *shipment.BlobRef) (sha, bytes sql.Scanner) {
	return Text(&b.SHA256), Number(&b.Bytes)
}

// JSON scans a column of JSON into a pointer; NULL leaves the value as it is.
func JSON(v any) sql.Scanner { return jsonOf{v} }

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

// Encode is a value as JSON text.
func Encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T as JSON failed", v) // the cause may quote the value
	}
	return string(b), nil
}

// Args collects the arguments of a query that is put together.
type Args []any

// Add adds an argument and returns its placeholder.
func (a *Args) Add(v any) string {
	*a = append(*a, v)
	if n := len(*a); n <= len(placeholders) {
		return placeholders[n-1]
	}
	return "$" + strconv.Itoa(len(*a))
}

// placeholders are $1, $2 … of statements that write many rows: to write each anew costs as much as to send it.
var placeholders = func() []string {
	out := make([]string, insertedAtOnce+100)
	for i := range out {
		out[i] = "$" + strconv.Itoa(i+1)
	}
	return out
}()

// In is the list of an IN; never empty.
func In[T ~string](a *Args, vs []T) string {
	vs = FewLengths(vs)
	marks := make([]string, len(vs))
	for i, v := range vs {
		marks[i] = a.Add(string(v))
	}
	return "(" + strings.Join(marks, ", ") + ")"
}

// Limit is a LIMIT clause, or nothing.
func (a *Args) Limit(n int) string {
	if n <= 0 {
		return ""
	}
	return " LIMIT " + a.Add(n)
}

// insertedAtOnce is how many values one statement inserts: each statement keeps what it may have to take back, page by page.
const insertedAtOnce = 2400

// InsertRows inserts many rows with few statements.
func (r *Rows) InsertRows(ctx context.Context, into string, rows [][]any) error {
	for some := range insertions(into, rows) {
		if _, err := r.Exec(ctx, some.query, some.args...); err != nil {
			return err
		}
	}
	return nil
}

// insertions are the statements that insert rows.
func insertions(into string, rows [][]any) iter.Seq[statement] {
	return func(yield func(statement) bool) {
		for len(rows) > 0 {
			n := fewLengths(min(len(rows), max(1, insertedAtOnce/len(rows[0]))))
			a := make([]any, 0, n*len(rows[0]))
			for _, row := range rows[:n] {
				a = append(a, row...)
			}
			if !yield(statement{query: "INSERT INTO " + into + " VALUES " + values(n, len(rows[0])), args: a}) {
				return
			}
			rows = rows[n:]
		}
	}
}

// values are the placeholders of rows of some values each.
func values(rows, of int) string {
	size := [2]int{rows, of}
	if text, ok := valueTexts.Load(size); ok {
		return text.(string)
	}
	var b strings.Builder
	n := 0
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j := range of {
			if j > 0 {
				b.WriteString(", ")
			}
			n++
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteByte(')')
	}
	text := b.String()
	valueTexts.Store(size, text)
	return text
}

// valueTexts keeps what values makes: of few lengths, and of few tables.
var valueTexts sync.Map

// Update stores columns of a row with a version, unless it was changed since it was read.
func (r *Rows) Update(ctx context.Context, table, id string, version int64, columns string, values []any) error {
	var a Args
	var set []string
	for i, c := range strings.Split(columns, ",") {
		set = append(set, strings.TrimSpace(c)+" = "+a.Add(values[i]))
	}
	n, err := r.Exec(ctx, `UPDATE `+table+` SET `+strings.Join(set, ", ")+`, version = version + 1
		WHERE id = `+a.Add(id)+` AND version = `+a.Add(version), a...)
	if err != nil {
		return err
	}
	if n == 1 {
		return nil
	}
	if _, err := One(ctx, r, Scalar[int], `SELECT 1 FROM `+table+` WHERE id = $1`, id); err != nil {
		return err
	}
	return store.ErrStale
}
