package archive

import (
	"os"
	"path/filepath"
	"testing"

	"postgang/engine"
	"postgang/engine/archive/archivetest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("ARCHIVE_TEST_CHILD"); role != "" {
		os.Exit(child(role))
	}
	os.Exit(archivetest.Main(m))
}

func openAt(t testing.TB, c Config) *Archive {
	t.Helper()
	a, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// engines are the databases that every test runs on.
var engines = []struct {
	name string
	dsn  func(t testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "arkiv æ?.db") }},
	{"PostgreSQL", archivetest.Postgres},
}

func TestConformance(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			archivetest.Exercise(t, func(t testing.TB) engine.Archive { return openAt(t, Config{DSN: e.dsn(t)}) })
		})
	}
}

func child(role string) int { return 2 }
