package people

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"postgang/engine/access"
	"postgang/engine/archive/sqlrow"
)

// unreadable is the kind of an actor that is not as we write one: the row was changed, which its hash tells.
const unreadable access.ActorKind = "?"

// actorOf scans an actor.
type actorOf struct{ a *access.Actor }

// Scan reads what Actor.String wrote.
func (o actorOf) Scan(src any) error {
	var text string
	if err := sqlrow.Text(&text).Scan(src); err != nil {
		return err
	}
	a, err := access.ParseActor(text)
	if err != nil {
		a = access.Actor{Kind: unreadable, ID: text}
	}
	*o.a = a
	return nil
}

// wordsOf scans what was looked up.
type wordsOf struct{ list *[]access.What }

// Scan reads what access.Words wrote.
func (o wordsOf) Scan(src any) error {
	var text string
	err := sqlrow.Text(&text).Scan(src)
	*o.list = access.ParseWords(text)
	return err
}

// logQuery selects rows of a log, whose time is in a column of its own.
func logQuery(columns, table, at string, f access.LogFilter) (string, sqlrow.Args) {
	var a sqlrow.Args
	where := []string{"TRUE"}
	order, beyond := "DESC", "<"
	if f.Oldest {
		order, beyond = "ASC", ">"
	}
	if f.After != 0 {
		where = append(where, "seq "+beyond+" "+a.Add(f.After))
	}
	if strings.HasSuffix(f.Subject, "/") {
		where = append(where, "substr(subject, 1, "+a.Add(utf8.RuneCountInString(f.Subject))+") = "+a.Add(f.Subject))
		f.Subject = ""
	}
	for _, c := range []struct{ column, value string }{{"actor", f.Actor}, {"subject", f.Subject}, {"shipment", f.Shipment}} {
		if c.value != "" {
			where = append(where, c.column+" = "+a.Add(c.value))
		}
	}
	switch s := f.Scope; {
	case s == nil || s.All:
	case s.Empty():
		where = append(where, "FALSE")
	default:
		where = append(where, "account IN "+sqlrow.In(&a, s.Accounts))
	}
	if !f.From.IsZero() {
		where = append(where, at+" >= "+a.Add(f.From))
	}
	if !f.To.IsZero() {
		where = append(where, at+" < "+a.Add(f.To))
	}
	return `SELECT ` + columns + ` FROM ` + table + ` WHERE ` + strings.Join(where, " AND ") + ` ORDER BY seq ` + order + a.Limit(f.Limit), a
}

const changeColumns = `seq, changed_at, actor, subject, before_state, after_state, reason, hash`

// Changes lists rows of the log of changes.
func (r Reader) Changes(ctx context.Context, f access.LogFilter) ([]access.Change, error) {
	f.Shipment, f.Scope = "", nil
	query, args := logQuery(changeColumns, "access_change", "changed_at", f)
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (c access.Change, err error) {
		err = scan(&c.Seq, sqlrow.When(&c.At), actorOf{&c.Actor}, &c.Subject, &c.Before, &c.After, &c.Reason, &c.Hash)
		return c, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the log of changes: %w", err)
	}
	return out, nil
}

// AddChange adds to the log of changes what somebody does now.
func (t Writer) AddChange(ctx context.Context, c access.Change) error {
	c.At, c.Actor = t.now, access.By(ctx)
	c.Subject, c.Before, c.After, c.Reason = sqlrow.Clean(c.Subject), sqlrow.Clean(c.Before), sqlrow.Clean(c.After), sqlrow.Clean(c.Reason)
	if err := t.addChange(ctx, c); err != nil {
		return fmt.Errorf("add to the log of changes: %w", err)
	}
	return nil
}

// addChange adds to the log of changes.
func (t Writer) addChange(ctx context.Context, c access.Change) error {
	former, err := last(Reader{t.rows}.Changes(ctx, access.LogFilter{Limit: 1}))
	if err != nil {
		return err
	}
	c = c.Chained(former)
	return t.rows.InsertRows(ctx, `access_change (`+changeColumns+`)`,
		[][]any{{c.Seq, c.At, c.Actor.String(), c.Subject, c.Before, c.After, c.Reason, c.Hash}})
}

// last is the newest row of a log; the zero value when it has none.
func last[T any](list []T, err error) (row T, _ error) {
	if len(list) > 0 {
		row = list[0]
	}
	return row, err
}

const lookupColumns = `seq, looked_at, actor, shipment, account, what, purpose, hash`

// Lookups lists rows of the innsynslogg.
func (r Reader) Lookups(ctx context.Context, f access.LogFilter) ([]access.Lookup, error) {
	f.Subject = ""
	query, args := logQuery(lookupColumns, "lookup", "looked_at", f)
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (l access.Lookup, err error) {
		err = scan(&l.Seq, sqlrow.When(&l.At), actorOf{&l.Actor}, &l.Shipment, &l.Account, wordsOf{&l.What}, &l.Purpose, &l.Hash)
		return l, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the innsynslogg: %w", err)
	}
	return out, nil
}

// AddLookup adds to the innsynslogg.
func (t Writer) AddLookup(ctx context.Context, l access.Lookup) (access.Lookup, error) {
	former, err := last(Reader{t.rows}.Lookups(ctx, access.LogFilter{Limit: 1}))
	if err != nil {
		return l, err
	}
	l.At, l.What = t.now, access.ParseWords(access.Words(l.What))
	l = l.Chained(former)
	err = t.rows.InsertRows(ctx, `lookup (`+lookupColumns+`)`,
		[][]any{{l.Seq, l.At, l.Actor.String(), l.Shipment, l.Account, access.Words(l.What), l.Purpose, l.Hash}})
	if err != nil {
		return l, fmt.Errorf("add to the innsynslogg: %w", err)
	}
	return l, nil
}
