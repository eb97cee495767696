package sums_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/billing/money"
	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/archive/sums"
	"postgang/engine/calendar"
	"postgang/engine/store"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// TestLedgerSums books at random, with times at the ends of months, summer time and not, and holds what is asked of the sums against the
// lines one by one: in the transaction that books, and after it, with and without receipts that are carried to a later invoice. Sums that
// an upgrade makes of the lines are the same.
func TestLedgerSums(t *testing.T) {
	for name, dsn := range map[string]func(t testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": postgrestest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			clock := archivetest.NewClock()
			a, err := archive.Open(t.Context(), archive.Config{DSN: dsn(t), Now: clock.Now})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			entries := 0
			rapid.Check(t, func(rt *rapid.T) { ledgerSums(rt, a, &entries) })
			again, err := os.ReadFile("../migrations/00048_ledger_month_" + name + ".sql")
			if err != nil {
				t.Fatal(err)
			}
			before := cells(t, a)
			_, text, _ := strings.Cut(string(again), "INSERT INTO ledger_month")
			text, _, _ = strings.Cut(text, ";")
			for _, statement := range []string{`DELETE FROM ledger_month`, "INSERT INTO ledger_month" + text} {
				if _, err := a.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			if after := cells(t, a); !slices.Equal(before, after) || len(before) < 20 {
				t.Errorf("the upgrade makes %d sums, and there were %d", len(after), len(before))
			}
			if _, err := a.Exec(t.Context(), `UPDATE ledger_month SET net = net + 1 WHERE booked = '2026-03' AND kind = 'PORTO'`); err != nil {
				t.Fatal(err)
			}
			wrong, err := store.View(t.Context(), a, func(r store.Reader) ([]string, error) { return r.SumsDiffer(t.Context()) })
			if err != nil || !slices.Equal(wrong, []string{"2026-03"}) {
				t.Errorf("the months %q are said to be wrong: %v", wrong, err)
			}
		})
	}
}

// cells are the sums, in order.
func cells(t *testing.T, a *archive.Archive) (out []string) {
	t.Helper()
	const query = `SELECT booked || '/' || posted || '/' || vendor || '/' || account || '/' || kind || '/' || konteringskode || '/' || CASE WHEN shared THEN 1 ELSE 0 END || '/' || net || '/' || vat || '/' || letters FROM ledger_month`
	add := func(next func() bool, scan func(...any) error) {
		for next() {
			var row string
			if err := scan(&row); err != nil {
				t.Fatal(err)
			}
			out = append(out, row)
		}
	}
	if p := a.Postgres(); p != nil {
		rows, err := p.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		add(rows.Next, rows.Scan)
		err = rows.Err()
		if err != nil {
			t.Fatal(err)
		}
	} else {
		rows, err := a.SQLite().QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		add(rows.Next, rows.Scan)
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

// edges are times at which months of Norwegian time begin, and the hours around them.
func edges() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		m := time.Date(2026, time.Month(rapid.IntRange(1, 13).Draw(t, "month")), 1, 0, 0, 0, 0, calendar.Oslo)
		return m.Add(rapid.SampledFrom([]time.Duration{0, -time.Millisecond, time.Millisecond, -time.Hour, -2 * time.Hour, time.Hour, 12 * 24 * time.Hour}).Draw(t, "off")).UTC()
	})
}

func ledgerSums(rt *rapid.T, a *archive.Archive, entries *int) {
	ctx := rt.Context()
	line := rapid.Custom(func(t *rapid.T) (l store.LedgerLine) {
		*entries++
		l = store.LedgerLine{
			Entry: archivetest.ID(*entries), BookedAt: edges().Draw(t, "booked"), Vendor: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "vendor"),
			Account: rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "account"), Source: rapid.SampledFrom([]store.LedgerSource{store.LedgerReceipt, store.LedgerReversal, store.LedgerAllocation}).Draw(t, "source"),
			Document: "d", Letters: rapid.IntRange(-1, 1).Draw(t, "letters"),
		}
		if l.Source != store.LedgerAllocation && rapid.Bool().Draw(t, "is posted") {
			l.PostedAt = edges().Draw(t, "posted")
		}
		l.Line.Kind, l.Line.Konteringskode = rapid.SampledFrom([]string{"PORTO", "PRODUKSJON"}).Draw(t, "kind"), rapid.SampledFrom([]string{"", "0100", "4711"}).Draw(t, "code")
		l.Line.Net, l.Line.VAT = money.Ore(rapid.IntRange(-500, 500).Draw(t, "net")), money.Ore(rapid.IntRange(-5, 5).Draw(t, "vat"))
		l.Line.Gross = l.Line.Net + l.Line.VAT
		return l
	})
	from, to := edges().Draw(rt, "from"), edges().Draw(rt, "to")
	if rapid.IntRange(0, 3).Draw(rt, "all") == 0 {
		from, to = time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if to.Before(from) {
		from, to = to, from
	}
	accounts := rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}}).Draw(rt, "accounts")
	check := func(r store.Reader) error { return holds(rt, r, from, to, accounts) }
	err := a.InTx(ctx, func(tx store.Tx) error {
		for _, lines := range [][]store.LedgerLine{rapid.SliceOfN(line, 0, 8).Draw(rt, "first"), rapid.SliceOfN(line, 1, 100).Draw(rt, "then")} {
			if err := errors.Join(tx.Book(ctx, lines), check(tx)); err != nil {
				return err
			}
		}
		if rapid.IntRange(0, 5).Draw(rt, "carried") == 0 {
			m := civil.Date(fmt.Sprintf("2026-%02d-01", rapid.IntRange(1, 9).Draw(rt, "carried month")))
			return tx.CarryReceipts(ctx, store.ReceiptCarry{Vendor: "x", From: m, To: civil.NextMonth(m), After: tx.Now().Add(-time.Hour), Into: civil.NextMonth(m).AddDays(3), Reason: "sen"})
		}
		return nil
	})
	if err == nil {
		err = a.View(ctx, check)
	}
	if err != nil {
		rt.Fatal(err)
	}
}

// holds compares what is asked of the sums with the lines.
func holds(rt *rapid.T, r store.Reader, from, to time.Time, accounts []string) error {
	ctx := rt.Context()
	letters, net := 0, money.Ore(0)
	spent := map[string]money.Ore{}
	var all []store.LedgerLine
	err := r.EachLedgerLine(ctx, store.LedgerFilter{}, func(l store.LedgerLine) error {
		all = append(all, l)
		if l.BookedAt.Before(from) || !l.BookedAt.Before(to) {
			return nil
		}
		letters, net = letters+l.Letters, net+l.Line.Net
		if accounts == nil || slices.Contains(accounts, l.Account) {
			spent[l.Line.Konteringskode] += l.Line.Net
		}
		return nil
	})
	if err != nil {
		return err
	}
	n, sum, err := r.LedgerSum(ctx, from, to)
	if err != nil || n != letters || sum != net {
		rt.Fatalf("from %s to %s: %d letters and %v, want %d and %v: %v", from, to, n, sum, letters, net, err)
	}
	got, err := r.SpentByCode(ctx, from, to, accounts)
	if err != nil || !maps.Equal(got, spent) {
		rt.Fatalf("from %s to %s: %v, want %v: %v", from, to, got, spent, err)
	}
	wrong, err := r.SumsDiffer(ctx)
	if err != nil || len(wrong) > 0 {
		rt.Fatalf("sums differ in %v: %v", wrong, err)
	}
	// A day less is asked line by line.
	for _, day := range []bool{false, true} {
		m := civil.Date(fmt.Sprintf("2026-%02d-01", rapid.IntRange(1, 10).Draw(rt, "posted month")))
		first, last := m.In(calendar.Oslo), civil.NextMonth(m).In(calendar.Oslo)
		booked, err := r.BookedFor(ctx, "x", first, last)
		if err != nil {
			return err
		}
		for _, b := range booked {
			net -= b.Net
		}
		posted, err := r.PostedNet(ctx, "x", first, last)
		if net += posted; err != nil || net != sum {
			rt.Fatalf("posted in %s: %v too much: %v", m, net-sum, err)
		}
		if !day {
			continue
		}
		half := first.AddDate(0, 0, 14)
		one, err1 := r.BookedFor(ctx, "x", first, half)
		other, err2 := r.BookedFor(ctx, "x", half, last)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		// What is carried into the month is so by a day of it, which one of the halves has.
		if want := together(one, other); !slices.Equal(booked, want) {
			rt.Fatalf("posted in %s: %v, want %v", m, booked, want)
		}
	}
	return nil
}

func together(lists ...[]invoice.Booked) (out []invoice.Booked) {
	for _, b := range slices.Concat(lists...) {
		i := slices.IndexFunc(out, func(o invoice.Booked) bool {
			return o.Account == b.Account && o.Konteringskode == b.Konteringskode && o.Kind == b.Kind
		})
		if i < 0 {
			out = append(out, b)
			continue
		}
		out[i].Net, out[i].VAT, out[i].Letters = out[i].Net+b.Net, out[i].VAT+b.VAT, out[i].Letters+b.Letters
	}
	slices.SortFunc(out, func(x, y invoice.Booked) int {
		return strings.Compare(x.Account+"\x00"+x.Konteringskode+"\x00"+x.Kind, y.Account+"\x00"+y.Konteringskode+"\x00"+y.Kind)
	})
	return out
}

// TestPostedInOrder: what is booked for letters posted in a month is read from one index, in its order.
func TestPostedInOrder(t *testing.T) {
	a, err := archive.Open(t.Context(), archive.Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, calendar.Oslo)
	for _, months := range []int{1, 2} {
		query, args := sums.PostedQuery("x", at, at.AddDate(0, months, 0))
		rows, err := a.SQLite().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		plan := ""
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan += detail + "\n"
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "COVERING INDEX ledger_month_by_posted") || strings.Contains(plan, "TEMP B-TREE") != (months > 1) {
			t.Errorf("%d months: %s", months, plan)
		}
	}
}
