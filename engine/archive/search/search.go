// Package search finds shipments in the archive's tables by what people ask for. It decides by which index: on an archive of years the
// databases, left to themselves, would read all of it for a filter that few shipments pass, or sort all that many pass.
package search

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"postgang/engine/archive/database"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/find"
	"postgang/engine/shipment"
)

// Where is what a filter demands of shipment s, as conditions that hold together. add adds an argument and gives its placeholder.
func Where(f find.Filter, add func(any) string) []string {
	// Where a reference is given, its index is the best there is.
	return where(f, add, "s.received_at", func(name string) bool { return f.Reference == "" || name == byReference })
}

// The conditions that an index may serve. Those of walked are columns with an index of them and the time of receipt, so that the newest
// of a value are read one after the other; those that fewer shipments share stand first.
const (
	byJob       = "job"
	byReference = "external_reference"
	byHold      = "hold"
	byDue       = "due_at"
	byPosted    = "posted_at"
	byCode      = "konteringskode"
	bySystem    = "sending_system"
	byReason    = "due_reason"
	byStatus    = "status"
	byAccount   = "account"
	byBoth      = "account, konteringskode" // one of each
	byAny       = "*"                       // as the database chooses
)

// where gives the conditions. Those that open does not name are written so that no index serves them; received is the time of receipt.
func where(f find.Filter, add func(any) string, received string, open func(name string) bool) []string {
	out := []string{}
	for _, c := range columns(f) {
		if len(c.values) == 0 {
			continue
		}
		if open(c.name) {
			out = append(out, "s."+c.name+equal(c.values, add))
		} else {
			out = append(out, "s."+c.name+" || ''"+equal(c.values, add))
		}
		if c.name == byCode || c.name == bySystem {
			out = append(out, "length(s."+c.name+") <= 100") // word for word the condition of their indexes
		}
	}
	if nothing(f) {
		out = append(out, "FALSE")
	}
	if f.Held || f.Hold != "" {
		out = append(out, "s.hold <> ''")
	}
	if f.Hold != "" {
		out = append(out, "s.hold = "+add(f.Hold))
	}
	if f.DigitalOnly {
		out = append(out, "s.digital_only")
	}
	if f.Job != "" {
		out = append(out, "EXISTS (SELECT 1 FROM job_letter l WHERE l.shipment = s.id AND l.job = "+add(f.Job)+")")
	}
	out = append(out, between(received, f.Received, add)...)
	for _, p := range []struct {
		name   string
		period find.Period
	}{{byDue, f.Due}, {byPosted, f.Posted}} {
		if p.period.IsZero() {
			continue
		}
		column := "s." + p.name
		happened := " IS NOT NULL"
		if p.name == byDue {
			happened = " > 0" // word for word the condition of its index
		}
		out = append(out, column+happened)
		if !open(p.name) {
			column += " + 0"
		}
		out = append(out, between(column, p.period, add)...)
	}
	return out
}

// column is a column of the shipment that must have one of some values; none: any.
type column struct {
	name   string
	values []string
}

// columns are those that a filter names, in the order of byJob and the rest.
func columns(f find.Filter) []column {
	one := func(v string) []string {
		if v == "" {
			return nil
		}
		return []string{v}
	}
	return []column{
		{byReference, one(f.Reference)}, {byCode, one(f.Konteringskode)}, {bySystem, f.Systems}, {byReason, texts(f.Reasons)}, {byStatus, texts(f.Statuses)},
		{byAccount, accounts(f)},
	}
}

// accounts are those that a filter and its scope leave; none: the filter leaves all, or its scope none of those.
func accounts(f find.Filter) []string {
	switch {
	case f.Scope == nil || f.Scope.All:
		if f.Account == "" {
			return nil
		}
	case f.Account == "":
		return f.Scope.Accounts
	case !f.Scope.Has(f.Account):
		return nil
	}
	return []string{f.Account}
}

// nothing reports whether the scope leaves nothing.
func nothing(f find.Filter) bool { return f.Scope != nil && !f.Scope.All && len(accounts(f)) == 0 }

func texts[T ~string](vs []T) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = string(v)
	}
	return out
}

func equal(values []string, add func(any) string) string {
	if len(values) == 1 {
		return " = " + add(values[0])
	}
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = add(v)
	}
	return " IN (" + strings.Join(marks, ", ") + ")"
}

func between(column string, p find.Period, add func(any) string) (out []string) {
	if !p.From.IsZero() {
		out = append(out, column+" >= "+add(p.From))
	}
	if !p.To.IsZero() {
		out = append(out, column+" < "+add(p.To))
	}
	return out
}

// few is how many shipments are read and sorted rather than walked.
var few = 4000

// Newest lists the ids of shipments, the newest first. f.After is the id of the last one seen.
func (r Finder) Newest(ctx context.Context, f find.Filter) ([]string, error) {
	if nothing(f) {
		return nil, nil
	}
	if r.dialect == database.DialectPostgres {
		// A few konteringskoder and accounts have most of the letters: a plan for any of them would sort what is to be walked.
		if _, err := r.rows.Exec(ctx, `SET LOCAL plan_cache_mode = force_custom_plan`); err != nil {
			return nil, err
		}
	}
	return newestOf(ctx, r.rows, r.dialect, f)
}

func newestOf(ctx context.Context, r *sqlrow.Rows, d database.Dialect, f find.Filter) ([]string, error) {
	var at int64 // when the last one seen was received
	if f.After != "" {
		there := false
		err := r.Each(ctx, func(scan sqlrow.Scan) error { there = true; return scan(&at) }, `SELECT received_at FROM shipment WHERE id = $1`, f.After)
		if err != nil || !there {
			return nil, err
		}
	}
	by, sorted, err := driver(ctx, r, f)
	if err != nil {
		return nil, err
	}
	query, args := newest(d, f, at, by, sorted)
	return sqlrow.List(ctx, r, func(scan sqlrow.Scan) (id string, err error) {
		var received int64
		err = scan(&received, &id)
		return id, err
	}, query, args...)
}

// newest is the query of a list by an index. sorted: all that the index has is read and sorted; else it is walked from the newest on.
func newest(d database.Dialect, f find.Filter, at int64, by string, sorted bool) (string, []any) {
	var a sqlrow.Args
	open := func(name string) bool {
		switch by {
		case byAny:
			return true
		case byBoth: // PostgreSQL's index of them has the status too
			return name == byAccount || name == byCode || name == byStatus && d == database.DialectPostgres
		}
		return name == by
	}
	one := func(f find.Filter) string {
		received := "s.received_at"
		if sorted || by == byBoth {
			received += " + 0" // so that the order is no reason to choose an index, but for the one of byBoth, which has it so
		}
		from, job := "shipment s", []string(nil)
		if by == byJob {
			from, job = "job_letter l CROSS JOIN shipment s", []string{"l.job = " + a.Add(f.Job) + " AND s.id = l.shipment"} // in this order
			f.Job = ""
		}
		conditions := append(job, where(f, a.Add, received, open)...)
		if f.After != "" {
			// The first condition is for the index.
			conditions = append(conditions, received+" <= "+a.Add(at), "("+received+", s.id) < ("+a.Add(at)+", "+a.Add(f.After)+")")
		}
		if len(conditions) == 0 {
			conditions = []string{"TRUE"}
		}
		query := "SELECT s.received_at, s.id FROM " + from + " WHERE " + strings.Join(conditions, " AND ") + " ORDER BY " + received + " DESC, s.id DESC"
		return query + a.Limit(f.Limit)
	}
	parts := []find.Filter{f}
	if !sorted && by != byAny {
		parts = split(f, by)
	}
	if len(parts) == 1 {
		return one(parts[0]), a
	}
	// The newest of each value, and the newest of those: an index has them in order for one value alone.
	queries := make([]string, len(parts))
	for i, p := range parts {
		queries[i] = "SELECT * FROM (" + one(p) + ") p" + strconv.Itoa(i)
	}
	return "SELECT received_at, id FROM (" + strings.Join(queries, " UNION ALL ") + ") p ORDER BY received_at DESC, id DESC" + a.Limit(f.Limit), a
}

// split makes a filter for each value of a column.
func split(f find.Filter, by string) []find.Filter {
	var out []find.Filter
	for _, c := range columns(f) {
		if c.name != by {
			continue
		}
		for _, v := range slices.Compact(slices.Sorted(slices.Values(c.values))) {
			part := f
			switch by {
			case bySystem:
				part.Systems = []string{v}
			case byReason:
				part.Reasons = []shipment.Reason{shipment.Reason(v)}
			case byStatus:
				part.Statuses = []shipment.Status{shipment.Status(v)}
			case byAccount:
				part.Account = v
			}
			out = append(out, part)
		}
	}
	if out == nil {
		out = append(out, f)
	}
	return out
}

// driver chooses the index of a list: one by which few shipments are found, to be sorted, or the one to walk.
func driver(ctx context.Context, r *sqlrow.Rows, f find.Filter) (by string, sorted bool, err error) {
	switch {
	case f.Limit <= 0:
		return byAny, false, nil
	case f.Job != "":
		return byJob, true, nil
	}
	type choice struct {
		name   string
		filter find.Filter // what the index leaves
	}
	var choices []choice
	received := find.Filter{Received: f.Received}
	only := func(name string, change func(*find.Filter)) {
		c := choice{name, received}
		change(&c.filter)
		choices = append(choices, c)
	}
	if f.Held || f.Hold != "" {
		only(byHold, func(c *find.Filter) { c.Held, c.Hold, c.Received = f.Held, f.Hold, find.Period{} })
	}
	if !f.Due.IsZero() {
		only(byDue, func(c *find.Filter) { c.Due, c.Received = f.Due, find.Period{} })
	}
	if !f.Posted.IsZero() {
		only(byPosted, func(c *find.Filter) { c.Posted, c.Received = f.Posted, find.Period{} })
	}
	walk := ""
	for _, c := range columns(f) {
		if len(c.values) == 0 {
			continue
		}
		walk = cmp.Or(walk, c.name)
		only(c.name, func(some *find.Filter) {
			switch c.name {
			case byReference:
				some.Reference = f.Reference
			case byCode:
				some.Konteringskode = f.Konteringskode
			case bySystem:
				some.Systems = f.Systems
			case byReason:
				some.Reasons = f.Reasons
			case byStatus:
				some.Statuses = f.Statuses
			case byAccount:
				some.Account, some.Scope = f.Account, f.Scope
			}
		})
	}
	least := few + 1
	for _, c := range choices {
		var a sqlrow.Args
		conditions := Where(c.filter, a.Add)
		n, err := sqlrow.One(ctx, r, sqlrow.Scalar[int],
			"SELECT count(*) FROM (SELECT 1 FROM shipment s WHERE "+strings.Join(conditions, " AND ")+a.Limit(least)+") few", a...)
		if err != nil {
			return "", false, err
		}
		if n < least {
			by, least = c.name, n
			if n == 0 {
				break // nothing is found
			}
		}
	}
	if walk == byCode && len(accounts(f)) == 1 {
		walk = byBoth
		if by == byCode || by == byAccount {
			by = byBoth
		}
	}
	if by == byBoth || slices.ContainsFunc(columns(f), func(c column) bool { return c.name == by }) {
		return by, false, nil // those that are walked come in order
	}
	if by != "" {
		return by, true, nil
	}
	return walk, false, nil
}
