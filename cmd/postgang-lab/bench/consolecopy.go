package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sourcegraph/conc/pool"

	"postgang/engine/archive"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
)

// copier multiplies the letters of one week, with all that belongs to them, to many weeks before it: by sets, without the indexes,
// triggers and foreign keys of the tables, which are there again afterwards. Keys, hashes, recipients and references are new, and times
// are earlier by whole weeks.
type copier struct {
	*base
	phase    func(what string)
	weeks    int    // that are made
	prefix   string // of job ids
	lean     bool   // without rarelyRead
	postgres bool
}

// copiedTables are what is multiplied, in the order of their references. Some letters were taken before those of the week: hence the thousand.
var copiedTables = []copied{
	{"shipment", "s.id = l.id", map[string]string{
		"id": "c.id", "hand_in": "'{day}-' || {pad:l.t-1,6}", "fingerprint": "substr(c.sha, 9, 16)", "content": "c.sha", "external_reference": "c.reference",
		"prepared_sha": "CASE WHEN x.prepared_sha IS NOT NULL THEN c.sha END", "prepared_key": "CASE WHEN x.prepared_key IS NOT NULL THEN substr(c.sha, 5) || 'abcd' END",
		"submission": "replace(replace(x.submission, l.fragment, c.fragment), l.reference, c.reference)",
	}},
	{"document", "s.shipment = l.id", map[string]string{"shipment": "c.id", "blob_sha": "substr(c.sha, 3) || 'dd'"}},
	{"event", "s.shipment = l.id", map[string]string{
		"seq": "", "shipment": "c.id", "reason": "CASE WHEN c.job IS NULL THEN x.reason ELSE replace(x.reason, l.job, c.job) END", "key": "replace(x.key, l.id, c.id)",
	}},
	{"shipment_person", "s.shipment = l.id", map[string]string{
		"seq": "x.seq - {k} * {week} - 1000", "shipment": "c.id", "words": "c.words", "number": "c.number",
	}},
	{"print_job", "s.id = j.id", map[string]string{"id": "c.id", "ticket": "replace(x.ticket, j.id, c.id)"}},
	{"job_file", "s.job = j.id", map[string]string{
		"job": "c.id", "name": "replace(x.name, j.id, c.id)", "file": "replace(x.file, j.id, c.id)", "blob_sha": "substr(c.sha, 3) || '0' || CAST(x.place AS TEXT)",
	}},
	{"job_event", "s.job = j.id", map[string]string{"seq": "", "job": "c.id"}},
	{"job_letter", "s.shipment = l.id", map[string]string{"job": "c.job", "shipment": "c.id", "file": "replace(x.file, l.job, c.job)"}},
	{"receipt_file", "s.sha256 = f.id", map[string]string{"sha256": "c.id", "blob_sha": "c.id", "name": "replace(x.name, '.csv', '-{k}.csv')"}},
	{"receipt", "s.shipment = l.id", map[string]string{
		"id": "c.receipt", "file": "c.file", "job": "c.job", "shipment": "c.id", "print_id": "x.print_id || '-{k}'",
		"line": "replace(replace(replace(replace(x.line, l.job, c.job), l.id, c.id), x.print_id, x.print_id || '-{k}'), {time:x.posted_at}, {time:x.posted_at - {shift}})",
	}},
	{"ledger", "s.shipment = l.id", map[string]string{"entry": "c.receipt", "document": "c.file", "job": "c.job", "shipment": "c.id"}},
}

// rarelyRead are tables that a night and "postgang status" do not read, of which a lean archive has no copies.
var rarelyRead = []string{"event", "job_event", "ledger"}

// tables are those that are multiplied.
func (c *copier) tables() []copied {
	if !c.lean {
		return copiedTables
	}
	return slices.DeleteFunc(slices.Clone(copiedTables), func(t copied) bool { return slices.Contains(rarelyRead, t.name) })
}

// copied is a table whose rows are multiplied.
type copied struct {
	name  string
	of    string            // which rows: those of a letter l, a job j or a file f
	other map[string]string // expressions of columns that are not as they were, or moved in time; empty: the database gives the value
}

// from is the table of letters, jobs or files that a row belongs to, and that of their copies.
func (c copied) from() (of, copies, alias string) {
	switch {
	case strings.HasSuffix(c.of, "l.id"):
		return "bench_letter", "bench_letter_copy", "l"
	case strings.HasSuffix(c.of, "j.id"):
		return "bench_job", "bench_job_copy", "j"
	default:
		return "bench_file", "bench_file_copy", "f"
	}
}

// sql writes what the two databases write differently, and the numbers of copy k.
func (c *copier) sql(text string, k int) string {
	day := consoleNow.AddDate(0, 0, -14-7*k).Format("20060102")
	text = strings.NewReplacer(
		"{k}", strconv.Itoa(k), "{week}", strconv.Itoa(c.w.week), "{shift}", strconv.Itoa(k*7*24*3600*1000), "{day}", day, "{year}", day[:4],
		"{before}", strconv.Itoa(c.weeks-1-k), "{jobs}", strconv.Itoa(c.settled), "{persons}", strconv.Itoa(c.w.persons()), "{prefix}", c.prefix,
	).Replace(text)
	for {
		start := strings.IndexByte(text, '{')
		if start < 0 {
			return text
		}
		end := start + strings.IndexByte(text[start:], '}')
		name, argument, _ := strings.Cut(text[start+1:end], ":")
		text = text[:start] + c.function(name, argument) + text[end+1:]
	}
}

// function is what the databases call differently.
func (c *copier) function(name, argument string) string {
	switch name {
	case "uuid":
		if c.postgres {
			return "CAST(gen_random_uuid() AS TEXT)"
		}
		return "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
	case "hash":
		if c.postgres {
			return "replace(CAST(gen_random_uuid() AS TEXT) || CAST(gen_random_uuid() AS TEXT), '-', '')"
		}
		return "lower(hex(randomblob(32)))"
	case "pad":
		value, width, _ := strings.Cut(argument, ",")
		if c.postgres {
			return "lpad(CAST(" + value + " AS TEXT), " + width + ", '0')"
		}
		return "substr('000000' || (" + value + "), -" + width + ")"
	case "time":
		if c.postgres {
			return `to_char(to_timestamp((` + argument + `) / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
		}
		return "strftime('%Y-%m-%dT%H:%M:%SZ', (" + argument + ") / 1000, 'unixepoch')"
	}
	panic("there is no function " + name)
}

// query gives the first column of the rows of a query.
func (c *copier) query(ctx context.Context, query string) ([]string, error) {
	if c.postgres {
		rows, err := c.a.Postgres().Query(ctx, query)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		return texts(rows)
	}
	rows, err := c.a.SQLite().QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return texts(rows)
}

// texts are the rows of one column, of either database.
func texts(rows interface {
	Next() bool
	Scan(into ...any) error
	Err() error
}) (out []string, err error) {
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// columns of a table.
func (c *copier) columns(ctx context.Context, table string) ([]string, error) {
	if c.postgres {
		return c.query(ctx, `SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '`+table+`' ORDER BY ordinal_position`)
	}
	return c.query(ctx, `SELECT name FROM pragma_table_info('`+table+`')`)
}

// shed takes the indexes away, and on SQLite the triggers, and gives the statements that make them again.
func (c *copier) shed(ctx context.Context) (again []string, err error) {
	names := make([]string, len(c.tables()))
	for i, t := range c.tables() {
		names[i] = "'" + t.name + "'"
	}
	in := "(" + strings.Join(names, ", ") + ")"
	var drop []string
	if c.postgres {
		of := ` FROM pg_indexes i WHERE schemaname = current_schema() AND tablename IN ` + in + ` AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = quote_ident(i.indexname)::regclass) ORDER BY indexname`
		if again, err = c.query(ctx, `SELECT indexdef`+of); err == nil {
			drop, err = c.query(ctx, `SELECT 'DROP INDEX ' || quote_ident(indexname)`+of)
		}
	} else {
		of := ` FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN ` + in + ` ORDER BY type, name`
		if again, err = c.query(ctx, `SELECT sql`+of); err == nil {
			drop, err = c.query(ctx, `SELECT 'DROP ' || type || ' ' || name`+of)
		}
	}
	for _, statement := range drop {
		if err == nil {
			_, err = c.a.Exec(ctx, statement)
		}
	}
	return again, err
}

// multiply makes the weeks before.
func (c *copier) multiply(ctx context.Context, step func(done, total int)) error {
	c.postgres, c.prefix, c.weeks = c.a.Postgres() != nil, c.jobs[0].letters[0].job[:4], c.w.weeks
	if c.weeks < 2 {
		return nil
	}
	if err := c.templates(ctx); err != nil {
		return fmt.Errorf("what is multiplied: %w", err)
	}
	again, err := c.shed(ctx)
	if err != nil {
		return fmt.Errorf("take the indexes away: %w", err)
	}
	statements, err := c.statements(ctx)
	if err != nil {
		return err
	}
	// Many at once: indexes of keys that are drawn at random are written whole with each transaction.
	const atOnce = 20
	for from := c.weeks - 1; from > 0; from -= atOnce { // the oldest first
		err := c.a.RawTx(ctx, func(_ any, exec archive.Exec) error {
			if c.postgres {
				if _, err := exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
					return fmt.Errorf("the user of the database must be a superuser: %w", err)
				}
			}
			for k := from; k > max(from-atOnce, 0); k-- {
				if err := c.copy(ctx, exec, statements, k); err != nil {
					return err
				}
				if step != nil {
					step(c.weeks-k, c.weeks)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	c.phase("weeks multiplied")
	return c.mend(ctx, again)
}

// templates are the rows of the week that is multiplied, in tables of their own.
func (c *copier) templates(ctx context.Context) error {
	var made []string
	for _, t := range []string{
		"bench_letter (t BIGINT NOT NULL PRIMARY KEY, id TEXT, job TEXT, receipt TEXT, file TEXT, reference TEXT, fragment TEXT)",
		"bench_job (t BIGINT NOT NULL PRIMARY KEY, id TEXT)", "bench_file (t BIGINT NOT NULL PRIMARY KEY, id TEXT)",
		"bench_person (t BIGINT NOT NULL PRIMARY KEY, fragment TEXT, words TEXT, number TEXT)",
		"bench_letter_copy (t BIGINT NOT NULL PRIMARY KEY, id TEXT, sha TEXT, receipt TEXT, job TEXT, file TEXT, reference TEXT, fragment TEXT, words TEXT, number TEXT)",
		"bench_job_copy (t BIGINT NOT NULL PRIMARY KEY, old TEXT, id TEXT, sha TEXT)", "bench_file_copy (t BIGINT NOT NULL PRIMARY KEY, old TEXT, id TEXT)",
	} {
		if !c.postgres {
			t = strings.Replace(t, "BIGINT NOT NULL PRIMARY KEY", "INTEGER PRIMARY KEY", 1) // the number of the row
		}
		made = append(made, "CREATE TABLE "+t)
	}
	for _, statement := range made {
		if _, err := c.a.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if err := c.a.RawTx(ctx, func(_ any, exec archive.Exec) error { return c.numbers(ctx, exec) }); err != nil {
		return err
	}
	for _, t := range c.tables() {
		of, _, alias := t.from()
		statement := fmt.Sprintf(`CREATE TABLE bench_of_%[1]s AS SELECT %[2]s.t AS bench_t, s.* FROM %[1]s s JOIN %[3]s %[2]s ON %[4]s ORDER BY %[2]s.t`, t.name, alias, of, t.of)
		if t.name == "event" || t.name == "job_event" {
			statement += ", s.seq"
		}
		if _, err := c.a.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if c.postgres {
		return nil
	}
	// What comes behind the copies in the order of time is put there in the end.
	_, err := c.a.Exec(ctx, `CREATE TABLE bench_number AS SELECT number, shipment FROM shipment_number`)
	return err
}

// numbers gives letters, jobs and files of the week their numbers, and makes up the people that copies are to.
func (c *copier) numbers(ctx context.Context, exec archive.Exec) error {
	var letters, jobs, files, persons [][]any
	seen := map[string]bool{}
	optional := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	for i, l := range c.letters[:c.w.week] {
		part, err := fragment(l.s.Submission.Recipient)
		if err != nil {
			return err
		}
		letters = append(letters, []any{int64(i + 1), l.s.ID, optional(l.job), optional(l.receipt), optional(l.file), l.s.Submission.ExternalReference, part})
		if l.file != "" && !seen[l.file] {
			seen[l.file] = true
			files = append(files, []any{int64(len(files) + 1), l.file})
		}
	}
	for i, j := range c.jobs[:c.settled] {
		jobs = append(jobs, []any{int64(i + 1), j.letters[0].job})
	}
	for n := range c.w.persons() {
		to := c.w.person(n)
		part, err := fragment(to)
		if err != nil {
			return err
		}
		row := recipient.Row(shipment.Shipment{Submission: shipment.Submission{Recipient: to}}, c.hash)
		persons = append(persons, []any{int64(n), part, row.Words.Reveal(), row.Number})
	}
	for _, t := range []struct {
		into string
		rows [][]any
	}{
		{"bench_letter (t, id, job, receipt, file, reference, fragment)", letters}, {"bench_job (t, id)", jobs}, {"bench_file (t, id)", files},
		{"bench_person (t, fragment, words, number)", persons},
	} {
		for some := range slices.Chunk(t.rows, 100) {
			if err := insertMany(ctx, exec, t.into, some); err != nil {
				return err
			}
		}
	}
	return nil
}

// statements are what makes a copy, as sql takes it.
func (c *copier) statements(ctx context.Context) ([]string, error) {
	out := []string{
		`DELETE FROM bench_letter_copy`, `DELETE FROM bench_job_copy`, `DELETE FROM bench_file_copy`,
		`INSERT INTO bench_job_copy (t, old, id, sha) SELECT t, id, '{prefix}' || {pad:{before} * {jobs} + t,6}, {hash} FROM bench_job`,
		`INSERT INTO bench_file_copy (t, old, id) SELECT t, id, {hash} FROM bench_file`,
		`INSERT INTO bench_letter_copy (t, id, sha, receipt, job, file, reference, fragment, words, number)
			SELECT l.t, {uuid}, {hash}, CASE WHEN l.receipt IS NOT NULL THEN {uuid} END, j.id, f.id,
				'{year}/' || {pad:(l.t * 37 + {k} * 6151) % 90000,5} || '-' || CAST((l.t + {k}) % 9 AS TEXT), p.fragment, p.words, p.number
			FROM bench_letter l JOIN bench_person p ON p.t = (l.t * 7919 + {k} * 104729) % {persons}
				LEFT JOIN bench_job_copy j ON j.old = l.job LEFT JOIN bench_file_copy f ON f.old = l.file`,
	}
	for _, t := range c.tables() {
		columns, err := c.columns(ctx, t.name)
		if err != nil {
			return nil, err
		}
		of, copies, alias := t.from()
		var into, values []string
		for _, name := range columns {
			value, other := t.other[name]
			switch {
			case other && value == "":
				continue
			case other:
			case strings.HasSuffix(name, "_at"):
				value = "x." + name + " - {shift}"
			default:
				value = "x." + name
			}
			into, values = append(into, name), append(values, value)
		}
		insert := fmt.Sprintf(`INSERT INTO %[1]s (%[2]s) SELECT %[3]s FROM bench_of_%[1]s x CROSS JOIN %[4]s %[6]s CROSS JOIN %[5]s c WHERE %[6]s.t = x.bench_t AND c.t = x.bench_t`,
			t.name, strings.Join(into, ", "), strings.Join(values, ", "), of, copies, alias)
		if c.postgres { // SQLite goes through a CROSS JOIN in its order, and would sort the rows all the same
			insert += " ORDER BY x.bench_t"
		}
		out = append(out, insert)
	}
	if !c.postgres {
		out = append(out,
			`INSERT INTO shipment_number (number, shipment) SELECT {before} * {week} + t, id FROM bench_letter_copy`,
			`INSERT INTO shipment_words (rowid, words) SELECT {before} * {week} + c.t, lower(c.id || ' {day}-' || {pad:c.t-1,6} || ' ' || c.reference) FROM bench_letter_copy c`,
			`INSERT INTO shipment_person_words (rowid, words) SELECT x.seq - {k} * {week} - 1000, c.words FROM bench_of_shipment_person x JOIN bench_letter_copy c ON c.t = x.bench_t ORDER BY x.seq`,
		)
	}
	return out, nil
}

// copy makes the week that is k weeks before the one that is multiplied.
func (c *copier) copy(ctx context.Context, exec archive.Exec, statements []string, k int) error {
	if !c.postgres && k == c.weeks-1 { // the first: the indexes of words begin with the oldest
		for _, statement := range []string{
			`DELETE FROM shipment_number`, `INSERT INTO shipment_words (shipment_words) VALUES ('delete-all')`, `INSERT INTO shipment_person_words (shipment_person_words) VALUES ('delete-all')`,
		} {
			if _, err := exec(ctx, statement); err != nil {
				return err
			}
		}
	}
	for _, statement := range statements {
		if _, err := exec(ctx, c.sql(statement, k)); err != nil {
			return fmt.Errorf("week %d, %.60s: %w", k, statement, err)
		}
	}
	return nil
}

// mend makes what was shed again, and counts anew.
func (c *copier) mend(ctx context.Context, again []string) error {
	before := []string{`DELETE FROM arrival`, `INSERT INTO arrival (hour, account, letters) SELECT received_at / 3600000, account, count(*) FROM shipment GROUP BY 1, 2`}
	if c.postgres {
		before = append(before,
			`DELETE FROM shipment_found`,
			`INSERT INTO shipment_found (shipment, words) SELECT id, lower(id || ' ' || hand_in || ' ' || coalesce(external_reference, '')) FROM shipment ORDER BY received_at, id`,
			`DELETE FROM shipment_count`,
			`INSERT INTO shipment_count (account, status, hold, letters) SELECT account, status, hold, count(*) FROM shipment GROUP BY account, status, hold`,
		)
	} else {
		shift := (c.weeks - 1) * c.w.week
		before = append(before,
			fmt.Sprintf(`INSERT INTO shipment_number (number, shipment) SELECT number + %d, shipment FROM bench_number ORDER BY number`, shift),
			fmt.Sprintf(`INSERT INTO shipment_words (rowid, words) SELECT n.number + %d, lower(s.id || ' ' || s.hand_in || ' ' || coalesce(s.external_reference, '')) FROM bench_number n JOIN shipment s ON s.id = n.shipment ORDER BY n.number`, shift),
			`INSERT INTO shipment_person_words (rowid, words) SELECT p.seq, p.words FROM bench_number n JOIN shipment_person p ON p.shipment = n.shipment ORDER BY p.seq`,
			`DELETE FROM shipment_counts`,
			`INSERT INTO shipment_counts (account, status, hold, letters) SELECT account, status, hold, count(*) FROM shipment GROUP BY account, status, hold`,
		)
	}
	month := func(column string) string { // in Norway; in summer it is two hours ahead
		return strings.ReplaceAll(`CASE WHEN strftime('%m', X / 1000 + 7200, 'unixepoch') BETWEEN '04' AND '10'
			THEN strftime('%Y-%m', X / 1000 + 7200, 'unixepoch') ELSE strftime('%Y-%m', X / 1000 + 3600, 'unixepoch') END`, "X", column)
	}
	if c.postgres {
		month = func(column string) string {
			return `to_char(to_timestamp(` + column + ` / 1000.0) AT TIME ZONE 'Europe/Oslo', 'YYYY-MM')`
		}
	}
	before = append(before, `DELETE FROM ledger_month`, `INSERT INTO ledger_month (booked, posted, vendor, account, kind, konteringskode, shared, net, vat, letters)
		SELECT `+month("booked_at")+`, CASE WHEN posted_at IS NULL THEN '' ELSE `+month("posted_at")+` END, vendor, coalesce(account, ''), kind, konteringskode,
			source = 'FORDELING', CAST(SUM(net) AS BIGINT), CAST(SUM(vat) AS BIGINT), CAST(SUM(letters) AS BIGINT) FROM ledger GROUP BY 1, 2, 3, 4, 5, 6, 7`)
	for _, statement := range before {
		if _, err := c.a.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	c.phase("counted, and letters found by words")
	workers := 1 // SQLite has one writer
	if c.postgres {
		workers = 2
	}
	made := pool.New().WithMaxGoroutines(workers).WithErrors()
	for _, statement := range again {
		made.Go(func() error {
			_, err := c.a.Exec(ctx, statement)
			return err
		})
	}
	if err := made.Wait(); err != nil {
		return err
	}
	c.phase("indexes made")
	var errs []error
	for _, table := range []string{"bench_letter", "bench_job", "bench_file", "bench_person", "bench_letter_copy", "bench_job_copy", "bench_file_copy", "bench_number"} {
		if c.postgres && table == "bench_number" {
			continue
		}
		_, err := c.a.Exec(ctx, "DROP TABLE "+table)
		errs = append(errs, err)
	}
	for _, t := range c.tables() {
		_, err := c.a.Exec(ctx, "DROP TABLE bench_of_"+t.name)
		errs = append(errs, err)
	}
	if c.postgres { // as autovacuum does; SQLite is never asked to
		_, err := c.a.Exec(ctx, "VACUUM ANALYZE")
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func insertMany(ctx context.Context, exec archive.Exec, into string, rows [][]any) error {
	var b strings.Builder
	var args []any
	b.WriteString("INSERT INTO " + into + " VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range row {
			b.WriteString([]string{"($", ", $"}[min(j, 1)])
			b.WriteString(strconv.Itoa(len(args) + j + 1))
		}
		b.WriteByte(')')
		args = append(args, row...)
	}
	_, err := exec(ctx, b.String(), args...)
	return err
}
