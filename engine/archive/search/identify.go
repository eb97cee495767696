package search

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"postgang/engine/access"
	"postgang/engine/archive/database"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/find"
)

// shortest is the length of a text that is looked for at the beginning and in the middle of identifiers, in characters.
const shortest = find.ShortestWord

// longest is the length of an identifier that is looked for, in characters. None is longer, but keys of hand-ins that nobody types.
const longest = 200

// identify is one look for an identifier.
type identify struct {
	ctx      context.Context
	r        *sqlrow.Rows
	d        database.Dialect
	scope    access.Scope
	accounts []string // within the scope
	text     string
	most     int
	hits     []find.Hit
	seen     map[string]bool // kind and id
}

// Identify lists what a text, or what it is a part of, identifies within a scope.
func (r Finder) Identify(ctx context.Context, scope access.Scope, text string, most int) ([]find.Hit, error) {
	hits, err := r.identify(ctx, scope, text, most)
	if err != nil {
		return nil, fmt.Errorf("look for an identifier: %w", err) // what was typed may be anything
	}
	return hits, nil
}

func (r Finder) identify(ctx context.Context, scope access.Scope, text string, most int) ([]find.Hit, error) {
	text = strings.TrimSpace(text)
	if text == "" || scope.Empty() || utf8.RuneCountInString(text) > longest || strings.ContainsRune(text, 0) || !utf8.ValidString(text) || most <= 0 {
		return nil, nil
	}
	i := &identify{ctx: ctx, r: r.rows, d: r.dialect, scope: scope, accounts: scope.Accounts, text: text, most: most, seen: map[string]bool{}}
	if scope.All {
		i.accounts = nil
		var err error
		i.accounts, err = sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (account string, err error) { err = scan(&account); return account, err },
			`SELECT DISTINCT account FROM shipment_counts`)
		if err != nil || len(i.accounts) == 0 {
			return nil, err
		}
	}
	looks := []func() error{i.exact, i.prefix, i.part}
	if utf8.RuneCountInString(text) < shortest {
		looks = looks[:1]
	}
	for _, look := range looks {
		if err := look(); err != nil {
			return nil, err
		}
		if len(i.hits) >= most {
			return i.hits[:most], nil
		}
		if slices.ContainsFunc(i.hits, func(h find.Hit) bool { return h.Field == find.ID && h.Match == find.Exact }) {
			break // a whole id is part of nothing else
		}
	}
	return i.hits, nil
}

// shipments adds shipments of the accounts that a condition finds, in the order of an index that begins with the account, or by one alone.
func (i *identify) shipments(field find.Field, m find.Match, condition string, args ...any) error {
	a := sqlrow.Args(args)
	query := `SELECT s.id, s.account FROM shipment s WHERE ` + condition + ` AND s.account IN ` + sqlrow.In(&a, i.accounts) + a.Limit(i.most)
	return i.add(find.Shipment, field, m, query, a)
}

// newest adds the newest shipments of the accounts with a reference, which many may have.
func (i *identify) newest(field find.Field, m find.Match, condition string, args ...any) error {
	a := sqlrow.Args(args)
	query := `SELECT s.id, s.account FROM shipment s WHERE ` + condition + ` AND s.account || '' IN ` + sqlrow.In(&a, i.accounts) + ` ORDER BY s.received_at DESC` + a.Limit(i.most)
	return i.add(find.Shipment, field, m, query, a)
}

// ranged adds shipments of the accounts by a range that an index without the account has.
func (i *identify) ranged(field find.Field, m find.Match, condition string, args ...any) error {
	a := sqlrow.Args(args)
	query := `SELECT s.id, s.account FROM shipment s WHERE ` + condition + ` AND s.account || '' IN ` + sqlrow.In(&a, i.accounts) + a.Limit(i.most)
	return i.add(find.Shipment, field, m, query, a)
}

// add adds what a query of ids and accounts finds.
func (i *identify) add(kind find.Kind, field find.Field, m find.Match, query string, args []any) error {
	return i.r.Each(i.ctx, func(scan sqlrow.Scan) error {
		h := find.Hit{Kind: kind, Field: field, Match: m}
		if err := scan(&h.ID, &h.Account); err != nil {
			return err
		}
		i.take(h)
		return nil
	}, query, args...)
}

// take adds what was not found by another field before.
func (i *identify) take(h find.Hit) {
	if key := string(h.Kind) + " " + h.ID; !i.seen[key] {
		i.seen[key] = true
		i.hits = append(i.hits, h)
	}
}

// jobs adds jobs by a condition; one is within a scope when one of its letters is.
func (i *identify) jobs(m find.Match, condition string, args ...any) error {
	a := sqlrow.Args(args)
	query := `SELECT j.id, '' FROM print_job j WHERE ` + condition
	if !i.scope.All {
		query += ` AND EXISTS (SELECT 1 FROM job_letter l JOIN shipment s ON s.id = l.shipment WHERE l.job = j.id AND s.account || '' IN ` + sqlrow.In(&a, i.accounts) + `)`
	}
	return i.add(find.Job, find.ID, m, query+` ORDER BY j.id DESC`+a.Limit(i.most), a)
}

// receipts adds receipts by a condition; one is within a scope when its letter is.
func (i *identify) receipts(field find.Field, m find.Match, condition string, args ...any) error {
	a := sqlrow.Args(args)
	query := `SELECT c.id, coalesce(s.account, '') FROM receipt c LEFT JOIN shipment s ON s.id = c.shipment WHERE ` + condition
	if !i.scope.All {
		query += ` AND s.account || '' IN ` + sqlrow.In(&a, i.accounts)
	}
	return i.add(find.Receipt, field, m, query+` ORDER BY c.id`+a.Limit(i.most), a)
}

// invoices adds invoices by a condition. They are of no account, and for those alone who may see all.
func (i *identify) invoices(field find.Field, m find.Match, condition string, args ...any) error {
	if !i.scope.All {
		return nil
	}
	a := sqlrow.Args(args)
	return i.add(find.Invoice, field, m, `SELECT id, '' FROM invoice WHERE `+condition+` ORDER BY taken_at DESC, id`+a.Limit(i.most), a)
}

// first runs looks until one fails.
func first(looks ...func() error) error {
	for _, look := range looks {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

func (i *identify) exact() error {
	lower, upper := strings.ToLower(i.text), strings.ToUpper(i.text)
	return first(
		func() error { return i.ranged(find.ID, find.Exact, `s.id = $1`, lower) },
		func() error { return i.shipments(find.HandIn, find.Exact, `s.hand_in = $1`, i.text) },
		func() error {
			account, key, ok := strings.Cut(i.text, "/")
			if !ok {
				return nil
			}
			return i.shipments(find.HandIn, find.Exact, `s.account = $1 AND s.hand_in = $2`, account, key)
		},
		func() error {
			return i.newest(find.Reference, find.Exact, `s.external_reference = $1`, i.text)
		},
		func() error { return i.jobs(find.Exact, `j.id = $1`, upper) },
		func() error { return i.receipts(find.ID, find.Exact, `c.id = $1`, lower) },
		func() error { return i.receipts(find.Number, find.Exact, `c.print_id = $1`, i.text) },
		func() error { return i.invoices(find.Number, find.Exact, `number = $1`, i.text) },
		func() error { return i.invoices(find.ID, find.Exact, `id = $1`, lower) },
	)
}

// behind is the least text behind all that begin with one, in the order of bytes.
func behind(prefix string) string { return prefix + string(utf8.MaxRune) }

func (i *identify) prefix() error {
	lower, upper := strings.ToLower(i.text), strings.ToUpper(i.text)
	hex := strings.Trim(lower, "0123456789abcdef-") == ""
	return first(
		func() error {
			if !hex {
				return nil
			}
			return i.ranged(find.ID, find.Prefix, `s.id >= $1 AND s.id < $2`, lower, behind(lower))
		},
		func() error {
			return i.shipments(find.HandIn, find.Prefix, `s.hand_in >= $1 AND s.hand_in < $2`, i.text, behind(i.text))
		},
		func() error {
			return i.ranged(find.Reference, find.Prefix, `s.external_reference >= $1 AND s.external_reference < $2`, i.text, behind(i.text))
		},
		func() error { return i.jobs(find.Prefix, `j.id >= $1 AND j.id < $2`, upper, behind(upper)) },
		func() error {
			if !hex {
				return nil
			}
			return i.receipts(find.ID, find.Prefix, `c.id >= $1 AND c.id < $2`, lower, behind(lower))
		},
		func() error {
			return i.invoices(find.Number, find.Prefix, `number >= $1 AND number < $2`, i.text, behind(i.text))
		},
	)
}

// part looks for what has the text in it. The letters A to Z are alike in both cases, here and in the index; others are as they were written.
func (i *identify) part() error {
	text := asciiLower(i.text)
	return first(
		func() error { return i.shipmentPart(text) },
		func() error { return i.jobs(find.Part, within(i.d, `j.id`, `$1`), strings.ToUpper(i.text)) },
		func() error { return i.invoices(find.Number, find.Part, within(i.d, `lower(number)`, `$1`), text) },
	)
}

// shipmentPart looks by the trigrams of a text, the newest first.
func (i *identify) shipmentPart(text string) error {
	var a sqlrow.Args
	var query string
	const words = `lower(s.id || ' ' || s.hand_in || ' ' || coalesce(s.external_reference, ''))` // as FTS5 got it
	columns := `SELECT s.id, s.account, s.hand_in, coalesce(s.external_reference, '') FROM `
	if i.d == database.DialectSQLite {
		query = columns + `shipment_words CROSS JOIN shipment_number n CROSS JOIN shipment s WHERE shipment_words MATCH ` + a.Add(matching(1, text)) + `
			AND n.number = shipment_words.rowid AND s.id = n.shipment AND ` + within(i.d, words, a.Add(text)) + ` AND s.account || '' IN ` + sqlrow.In(&a, i.accounts) + `
			ORDER BY shipment_words.rowid DESC`
	} else {
		query = columns + `shipment_found w JOIN shipment s ON s.id = w.shipment WHERE trigrams(w.words) @> trigrams(` + a.Add(text) + `) AND ` + within(i.d, `w.words`, a.Add(text)) + ` AND s.account || '' IN ` + sqlrow.In(&a, i.accounts) + `
			ORDER BY s.received_at DESC`
	}
	return i.r.Each(i.ctx, func(scan sqlrow.Scan) error {
		h := find.Hit{Kind: find.Shipment, Match: find.Part}
		var handIn, reference string
		if err := scan(&h.ID, &h.Account, &handIn, &reference); err != nil {
			return err
		}
		switch {
		case strings.Contains(h.ID, text):
			h.Field = find.ID
		case strings.Contains(asciiLower(handIn), text):
			h.Field = find.HandIn
		case strings.Contains(asciiLower(reference), text):
			h.Field = find.Reference
		default:
			return nil // across two of them
		}
		i.take(h)
		return nil
	}, query+a.Limit(2*i.most), a...)
}

// matching is what FTS5 is asked for the trigrams of texts, each step-th of them and the last. Those of a word mostly come together, so
// that each more costs time and leaves out little.
func matching(step int, texts ...string) string {
	var terms []string
	for _, t := range texts {
		r := []rune(t)
		for n := 0; n+shortest <= len(r) && len(terms) < mostTerms; n += step {
			terms = append(terms, `"`+strings.ReplaceAll(string(r[n:n+shortest]), `"`, `""`)+`"`)
			if last := len(r) - shortest; n < last && n+step > last {
				n = last - step
			}
		}
	}
	return strings.Join(terms, " AND ")
}

// mostTerms is how many trigrams are looked for at most: what they leave is held against the text itself.
const mostTerms = 40

// asciiLower is lower() of both databases.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
