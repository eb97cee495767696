package search

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"postgang/engine/archive/database"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/find"
)

// Finder finds in a transaction of the archive.
type Finder struct {
	rows    *sqlrow.Rows
	dialect database.Dialect
}

// Keeper keeps in one what is found by.
type Keeper struct {
	rows    *sqlrow.Rows
	dialect database.Dialect
	waiting *[]find.Person
}

// NewFinder makes the finder of a transaction.
func NewFinder(r *sqlrow.Rows, d database.Dialect) Finder { return Finder{r, d} }

// NewKeeper makes the keeper of one.
func NewKeeper(r *sqlrow.Rows, d database.Dialect) Keeper { return Keeper{r, d, new([]find.Person)} }

// within is the condition that a text stands in another.
func within(d database.Dialect, text, part string) string {
	if d == database.DialectPostgres {
		return "strpos(" + text + ", " + part + ") > 0"
	}
	return "instr(" + text + ", " + part + ") > 0"
}

// Persons lists the ids of shipments by whom they are for, the one that came last first.
func (r Finder) Persons(ctx context.Context, p find.PersonQuery, f find.Filter) ([]string, error) {
	var long []string
	for _, w := range p.Words {
		if utf8.RuneCountInString(w.Reveal()) >= shortest {
			long = append(long, w.Reveal())
		}
	}
	if !p.Enough() || nothing(f) {
		return nil, nil
	}
	var a sqlrow.Args
	from, order := "shipment_person p CROSS JOIN shipment s", "p.seq"
	conditions := []string{"s.id = p.shipment"}
	switch {
	case p.Number != "":
		conditions = append(conditions, "p.number = "+a.Add(p.Number))
	case r.dialect == database.DialectSQLite:
		from, order = "shipment_person_words CROSS JOIN shipment_person p CROSS JOIN shipment s", "shipment_person_words.rowid"
		conditions = append(conditions, "shipment_person_words MATCH "+a.Add(matching(shortest, long...)), "p.seq = shipment_person_words.rowid")
	default:
		for _, w := range long {
			conditions = append(conditions, "trigrams(p.words) @> trigrams("+a.Add(w)+")")
		}
	}
	for _, w := range p.Words {
		conditions = append(conditions, within(r.dialect, "p.words", a.Add(w.Reveal())))
	}
	if list := accounts(f); len(list) > 0 {
		conditions = append(conditions, "p.account"+equal(list, a.Add)) // before the shipment is read
	}
	conditions = append(conditions, where(f, a.Add, "s.received_at", func(string) bool { return false })...)
	if f.After != "" {
		conditions = append(conditions, order+" < (SELECT seq FROM shipment_person WHERE shipment = "+a.Add(f.After)+")")
	}
	return sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (id string, err error) { err = scan(&id); return id, err },
		"SELECT s.id FROM "+from+" WHERE "+strings.Join(conditions, " AND ")+" ORDER BY "+order+" DESC"+a.Limit(f.Limit), a...)
}

// firstSeq is the number of the first row: letters that came before it have lower ones.
const firstSeq = 1 << 40

// PutPersons keeps whom letters are for, instead of what was kept before. Letters that come may be kept by several transactions at the
// same time. Where many letters share a transaction, they are kept together.
func (w Keeper) PutPersons(ctx context.Context, ps ...find.Person) error {
	*w.waiting = append(*w.waiting, ps...)
	return w.rows.Later(ctx, sqlrow.AfterShipments, w.putWaiting)
}

func (w Keeper) putWaiting(ctx context.Context) error {
	ps := *w.waiting
	*w.waiting = nil
	for _, before := range []bool{false, true} {
		next := `SELECT coalesce(max(seq), ` + strconv.Itoa(firstSeq) + `) + 1 FROM shipment_person`
		step := 1
		switch {
		case before:
			next, step = `SELECT coalesce(min(seq), `+strconv.Itoa(firstSeq)+`) - 1 FROM shipment_person`, -1
		}
		var rows [][]any
		for _, p := range ps {
			if p.Before == before {
				rows = append(rows, []any{0, p.Shipment, p.Account, sqlrow.Clean(p.Words.Reveal()), sqlrow.Optional(p.Number)})
			}
		}
		if len(rows) == 0 {
			continue
		}
		var args sqlrow.Args
		if w.dialect == database.DialectPostgres && !before {
			next = `SELECT nextval('shipment_person_newest') FROM generate_series(1, ` + args.Add(len(rows)) + `)`
		}
		seqs, err := sqlrow.List(ctx, w.rows, sqlrow.Scalar[int], next, args...)
		if err != nil {
			return fmt.Errorf("keep whom letters are for: %w", err)
		}
		for i := range rows {
			if i >= len(seqs) {
				seqs = append(seqs, seqs[i-1]+step)
			}
			rows[i][0] = seqs[i]
		}
		for _, some := range sqlrow.Chunks(rows, 100) {
			var a sqlrow.Args
			values := make([]string, len(some))
			for i, row := range some {
				marks := make([]string, len(row))
				for j, v := range row {
					marks[j] = a.Add(v)
				}
				values[i] = "(" + strings.Join(marks, ", ") + ")"
			}
			_, err := w.rows.Exec(ctx, `INSERT INTO shipment_person (seq, shipment, account, words, number) VALUES `+strings.Join(values, ", ")+`
				ON CONFLICT (shipment) DO UPDATE SET words = excluded.words, number = excluded.number`, a...)
			if err != nil {
				return fmt.Errorf("keep whom letters are for: %w", err)
			}
		}
	}
	return nil
}

// DeletePersons forgets whom shipments are for.
func (w Keeper) DeletePersons(ctx context.Context, shipments ...string) error {
	for some := range slices.Chunk(shipments, 500) {
		var a sqlrow.Args
		if _, err := w.rows.Exec(ctx, `DELETE FROM shipment_person WHERE shipment IN `+sqlrow.In(&a, some), a...); err != nil {
			return fmt.Errorf("forget whom letters are for: %w", err)
		}
	}
	return nil
}
