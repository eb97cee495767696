package database

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// TestKeptStatements: a connection that keeps its statements answers as one that does not, whatever was asked before.
func TestKeptStatements(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := openKeeping("file:" + filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	do := func(query string, args ...any) error { _, err := conn.ExecContext(ctx, query, args...); return err }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(do(`CREATE TABLE a (n INTEGER NOT NULL PRIMARY KEY, t TEXT); INSERT INTO a VALUES (100, 'x')`))
	for n := range 3 {
		must(do(`INSERT INTO a (n, t) VALUES ($1, $2)`, n, fmt.Sprint(n)))
	}
	if err := do(`INSERT INTO a (n, t) VALUES ($1, $2)`, 1, "again"); err == nil {
		t.Fatal("a key was taken twice")
	}
	must(do(`INSERT INTO a (n, t) VALUES ($1, $2)`, 3, "3"))

	// The same query while its rows are being read, and rows that are left in the middle.
	const list = `SELECT n FROM a WHERE n < $1 ORDER BY n`
	each := func(ctx context.Context, most int, see func(n int) (more bool)) error {
		rows, err := conn.QueryContext(ctx, list, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				return err
			}
			if !see(n) {
				break
			}
		}
		return rows.Err()
	}
	for range 2 {
		var pairs []string
		must(each(ctx, 3, func(n int) bool {
			last := 0
			must(each(ctx, 2, func(n int) bool { last = n; return true }))
			pairs = append(pairs, fmt.Sprint(n, last))
			return true
		}))
		if got := fmt.Sprint(pairs); got != "[0 1 1 1 2 1]" {
			t.Error(got)
		}
		must(each(ctx, 100, func(int) bool { return false }))
	}

	// A context that is done, and a change of the schema.
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := each(done, 100, func(int) bool { return true }); err == nil {
		t.Error("a query of nobody was answered")
	}
	must(do(`ALTER TABLE a ADD COLUMN more TEXT NOT NULL DEFAULT 'm'`))
	var all int
	must(conn.QueryRowContext(ctx, `SELECT count(*) FROM a WHERE n < $1`, 50).Scan(&all))
	must(do(`DELETE FROM a WHERE n = $1`, 3))
	must(conn.QueryRowContext(ctx, `SELECT count(*) FROM a WHERE n < $1`, 50).Scan(&all))
	if all != 3 {
		t.Errorf("%d rows", all)
	}

	// More statements than are kept, and the first one again; placeholders that come twice or out of order.
	for n := range keptStatements + 20 {
		var got int
		must(conn.QueryRowContext(ctx, fmt.Sprintf(`SELECT %d + $1`, n), 1).Scan(&got))
		if got != n+1 {
			t.Fatal(n, got)
		}
	}
	must(conn.Raw(func(c any) error {
		if k := c.(*keeper); len(k.kept) != keptStatements || k.used.Len() != keptStatements {
			t.Errorf("%d statements are kept, %d in order", len(k.kept), k.used.Len())
		}
		return nil
	}))
	var text string
	must(conn.QueryRowContext(ctx, `SELECT $2 || $1 || $2`, "a", "b").Scan(&text))
	if text != "bab" {
		t.Error(text)
	}
	must(conn.Close())

	// A transaction that is rolled back leaves its statements usable.
	for range 2 {
		tx, err := db.BeginTx(ctx, nil)
		must(err)
		_, err = tx.ExecContext(ctx, `UPDATE a SET t = $1`, "changed")
		must(err)
		must(tx.Rollback())
	}
	must(db.QueryRowContext(ctx, `SELECT count(*) FROM a WHERE t = $1`, "changed").Scan(&all))
	if all != 0 {
		t.Error("what was rolled back is there")
	}
	must(db.Close())
	if err := db.PingContext(ctx); err == nil {
		t.Error("closed and still there")
	}
}
