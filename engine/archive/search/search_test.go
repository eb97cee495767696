package search_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/archivetest/findtest"
	"postgang/engine/archive/database"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/archive/search"
	"postgang/engine/find"
	"postgang/engine/shipment"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// TestWalked: a list that walks an index from its newest end is the one that sorts. (The archive's conformance tests sort: they have few
// shipments.)
func TestWalked(t *testing.T) {
	defer func(n int) { *search.Few = n }(*search.Few)
	*search.Few = 0
	for name, dsn := range map[string]func(t testing.TB) string{
		"SQLite":     func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"PostgreSQL": postgrestest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			a, err := archive.Open(t.Context(), archive.Config{DSN: dsn(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			findtest.Lists(t, a)
		})
	}
}

// TestIndexesAreUsed by lists, so that none reads the whole archive.
func TestIndexesAreUsed(t *testing.T) {
	a, err := archive.Open(t.Context(), archive.Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	scope := &access.Scope{Accounts: []string{"a", "b"}}
	day := find.Period{From: archivetest.T0, To: archivetest.T0.AddDate(0, 0, 1)}
	for _, c := range []struct {
		f      find.Filter
		by     string
		sorted bool
		index  string
	}{
		{find.Filter{}, "", false, "shipment_by_received"},
		{find.Filter{Received: day, Held: true, DigitalOnly: true}, "", false, "shipment_by_received"},
		{find.Filter{Scope: scope, Statuses: []shipment.Status{"LEST"}, Konteringskode: "1"}, "konteringskode", false, "shipment_newest_of_code"},
		{find.Filter{Scope: scope, Systems: []string{"x", "y"}, Due: day}, "sending_system", false, "shipment_newest_of_system"},
		{find.Filter{Scope: scope, Reasons: []shipment.Reason{"ULEST"}}, "due_reason", false, "shipment_newest_of_reason"},
		{find.Filter{Statuses: []shipment.Status{"LEST", "AVVIST"}, Account: "a"}, "status", false, "shipment_newest_of_status"},
		{find.Filter{Scope: scope, Posted: day}, "account", false, "shipment_newest_of_account"},
		{find.Filter{Scope: scope, Reference: "x"}, "external_reference", false, "shipment_by_external_reference"},
		{find.Filter{Scope: scope, Konteringskode: "1"}, "account", true, "shipment_newest_of_account"},
		{find.Filter{Scope: scope, Account: "a", Konteringskode: "1"}, search.ByBoth, false, "shipment_newest_of_account_code (account=? AND konteringskode=?"},
		{find.Filter{Account: "a", Konteringskode: "1", Statuses: []shipment.Status{"LEST"}, Received: day}, search.ByBoth, false, "shipment_newest_of_account_code (account=? AND konteringskode=?"},
		{find.Filter{Scope: scope, Due: day, Received: day}, "due_at", true, "shipment_by_due"},
		{find.Filter{Scope: scope, Posted: day, Received: day}, "posted_at", true, "shipment_by_posted"},
		{find.Filter{Scope: scope, Hold: "x", Received: day}, "hold", true, "shipment_by_hold"},
		{find.Filter{Scope: scope, Job: "x", Konteringskode: "1"}, "job", true, "sqlite_autoindex_job_letter"},
	} {
		for _, after := range []string{"", archivetest.ID(1)} {
			c.f.Newest, c.f.Limit, c.f.After = true, 50, after
			query, args := newestQuery(database.DialectSQLite, c.f, c.by, c.sorted)
			rows, err := a.SQLite().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
			if err != nil {
				t.Fatal(err)
			}
			var plan []string
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, detail)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(plan, "\n")
			if !strings.Contains(text, c.index) || strings.Contains(text, "SCAN s\n") || !c.sorted && strings.Contains(text, "TEMP B-TREE FOR ORDER BY\nSCAN") {
				t.Errorf("by %q after %q is planned without %s:\n%s\n%s", c.by, after, c.index, text, query)
			}
		}
	}
}

// newestQuery is the query of a list, with the arguments as a database gets them.
func newestQuery(d database.Dialect, f find.Filter, by string, sorted bool) (string, []any) {
	query, args := search.NewestQuery(d, f, 1, by, sorted)
	for i, v := range args {
		if at, ok := v.(time.Time); ok {
			args[i] = at.UnixMilli()
		}
	}
	return query, args
}

// TestAccountAndCode: PostgreSQL, which knows how many shipments have what, reads the index of account and konteringskode, and passes
// over other statuses within it.
func TestAccountAndCode(t *testing.T) {
	a, err := archive.Open(t.Context(), archive.Config{DSN: postgrestest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	// One konteringskode has half of all letters, and an account has others too.
	_, err = a.Postgres().Exec(t.Context(), `INSERT INTO shipment
		(id, account, hand_in, status, submission, konteringskode, sending_system, digital_only, fingerprint, zone, received_at, hold, refusals, version)
		SELECT gen_random_uuid()::text, (ARRAY['a', 'b', 'c'])[n % 3 + 1], n::text, (ARRAY['MOTTATT', 'AVVIST', 'FEILET_UNDER_MOTTAK'])[(n % 10) / 8 + 1 + (n % 100) / 99],
			'{}', CASE WHEN n % 2 = 0 THEN '1' ELSE (n % 20)::text END, '', false, 'f', '', 1000000 + n, '', '', 1 FROM generate_series(1, 4000) n`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Postgres().Exec(t.Context(), "ANALYZE shipment"); err != nil {
		t.Fatal(err)
	}
	for _, f := range []find.Filter{
		{Account: "a", Konteringskode: "1"},
		{Account: "a", Konteringskode: "1", Statuses: []shipment.Status{"AVVIST"}},
		{Scope: &access.Scope{Accounts: []string{"a"}}, Konteringskode: "1", Statuses: []shipment.Status{"AVVIST"}, After: archivetest.ID(1)},
	} {
		f.Newest, f.Limit = true, 50
		query, args := newestQuery(database.DialectPostgres, f, search.ByBoth, false)
		rows, err := a.Postgres().Query(t.Context(), "EXPLAIN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		cond := regexp.MustCompile(`shipment_newest_of_account_code\b.*\n\s*Index Cond: .*`).FindString(plan)
		for _, column := range []string{"account", "konteringskode", "status"} {
			if !strings.Contains(cond, "(("+column+")::text = '") && (column != "status" || f.Statuses != nil) {
				t.Errorf("%s is not looked for in the index of account and konteringskode", column)
			}
		}
		if t.Failed() {
			t.Fatalf("%+v:\n%s", f, plan)
		}
	}
}
