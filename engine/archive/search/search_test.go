package search_test

import (
	"os"
	"path/filepath"
	"testing"

	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/archive/search"
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
			archivetest.Find(t, t.Context(), a)
		})
	}
}
