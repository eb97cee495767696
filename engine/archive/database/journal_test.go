package database

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The journal is moved into the database without whoever writes, and not before it is long.
func TestJournalIsMoved(t *testing.T) {
	ctx := t.Context()
	d, read, err := OpenSQLite(ctx, filepath.Join(t.TempDir(), "a.db"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := read.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	journal := func() (pages, moved int) {
		t.Helper()
		var busy int
		if err := read.QueryRowContext(ctx, "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &moved); err != nil {
			t.Fatal(err)
		}
		return pages, moved
	}
	write := func(rows, bytes int) {
		t.Helper()
		tx, err := d.Begin(ctx, false)
		if err != nil {
			t.Fatal(err)
		}
		for range rows {
			if _, err := tx.ExecContext(ctx, "INSERT INTO t (v) VALUES ($1)", strings.Repeat("x", bytes)); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Writer().ExecContext(ctx, "CREATE TABLE t (v TEXT)"); err != nil {
		t.Fatal(err)
	}
	write(looksEvery+1, 100)
	time.Sleep(50 * time.Millisecond)
	if pages, moved := journal(); pages == 0 || pages >= waitingPages || moved != 0 {
		t.Fatalf("of a short journal of %d pages %d are moved", pages, moved)
	}
	write(looksEvery+1, 10_000) // 20 MB: more than waits, and less than whoever writes moves
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		pages, moved := journal()
		if pages < waitingPages {
			t.Fatalf("the journal has %d pages", pages)
		}
		if moved == pages {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("of %d pages %d are moved", pages, moved)
		}
	}
}
