package search_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/archivetest/findtest"
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
		{find.Filter{Scope: scope, Due: day, Received: day}, "due_at", true, "shipment_by_due"},
		{find.Filter{Scope: scope, Posted: day, Received: day}, "posted_at", true, "shipment_by_posted"},
		{find.Filter{Scope: scope, Hold: "x", Received: day}, "hold", true, "shipment_by_hold"},
		{find.Filter{Scope: scope, Job: "x", Konteringskode: "1"}, "job", true, "sqlite_autoindex_job_letter"},
	} {
		for _, after := range []string{"", archivetest.ID(1)} {
			c.f.Newest, c.f.Limit, c.f.After = true, 50, after
			query, args := search.NewestQuery(c.f, 1, c.by, c.sorted)
			for i, v := range args {
				if at, ok := v.(time.Time); ok {
					args[i] = at.UnixMilli()
				}
			}
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
