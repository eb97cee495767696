// Package sums keeps what figures are asked for as sums by month, in the transactions that write what they count: years of it would take
// seconds to count each time. A sum is a row for each month, account, konteringskode and so on that anything was counted for; it is only
// added to.
package sums

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postgang/billing/invoice"
	"postgang/billing/money"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/calendar"
	"postgang/engine/store"
)

// Keeper reads sums in a transaction, and keeps them when it writes.
type Keeper struct {
	rows    *sqlrow.Rows
	waiting map[cell]*sum // booked in this transaction and not stored
}

// NewKeeper makes the keeper of a transaction.
func NewKeeper(r *sqlrow.Rows) Keeper { return Keeper{r, map[cell]*sum{}} }

// cell is what lines of the ledger have in common that are one sum.
type cell struct {
	booked, posted  string // months as 2026-11; posted is empty of what was never posted
	vendor, account string
	kind, code      string
	shared          bool // of an invoice
}

type sum struct {
	net, vat money.Ore
	letters  int
}

// monthOf is the month of a time in Norway; empty of none.
func monthOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Oslo).Format("2006-01")
}

// CountBooked counts lines that are added to the ledger. They are stored with the last of the transaction, or when a sum is read.
func (k Keeper) CountBooked(lines []store.LedgerLine) {
	for _, l := range lines {
		c := cell{monthOf(l.BookedAt), monthOf(l.PostedAt), l.Vendor, l.Account, l.Line.Kind, l.Line.Konteringskode, l.Source == store.LedgerAllocation}
		s := k.waiting[c]
		if s == nil {
			s = &sum{}
			k.waiting[c] = s
		}
		s.net, s.vat, s.letters = s.net+l.Line.Net, s.vat+l.Line.VAT, s.letters+l.Letters
	}
}

const ledgerColumns = `booked, posted, vendor, account, kind, konteringskode, shared, net, vat, letters`

// KeepSums stores what was counted in this transaction.
func (k Keeper) KeepSums(ctx context.Context) error {
	if len(k.waiting) == 0 {
		return nil
	}
	if k.rows.Usable() != nil {
		return nil // what has failed is told as such
	}
	const atOnce = 60
	var rows [][]any
	write := func() error {
		var a sqlrow.Args
		values := make([]string, len(rows))
		for i, row := range rows {
			marks := make([]string, len(row))
			for j, v := range row {
				marks[j] = a.Add(v)
			}
			values[i] = "(" + strings.Join(marks, ", ") + ")"
		}
		_, err := k.rows.Exec(ctx, `INSERT INTO ledger_month (`+ledgerColumns+`) VALUES `+strings.Join(values, ", ")+`
			ON CONFLICT (booked, konteringskode, account, kind, vendor, posted, shared) DO UPDATE
			SET net = ledger_month.net + excluded.net, vat = ledger_month.vat + excluded.vat, letters = ledger_month.letters + excluded.letters`, a...)
		rows = rows[:0]
		return err
	}
	for c, s := range k.waiting {
		rows = append(rows, []any{c.booked, c.posted, c.vendor, c.account, c.kind, c.code, c.shared, s.net, s.vat, s.letters})
		if len(rows) == atOnce {
			if err := write(); err != nil {
				return fmt.Errorf("keep the sums of the ledger: %w", err)
			}
		}
	}
	if len(rows) > 0 {
		if err := write(); err != nil {
			return fmt.Errorf("keep the sums of the ledger: %w", err)
		}
	}
	clear(k.waiting)
	return nil
}

// begins is when the month begins that a time is in.
func begins(t time.Time) time.Time {
	t = t.In(calendar.Oslo)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, calendar.Oslo)
}

// whole cuts [from, to) into whole months [first, last) and what is before and after them. Without a whole month first is not before last,
// and before is all.
func whole(from, to time.Time) (first, last time.Time) {
	if first = begins(from); first.Before(from) {
		first = begins(first.AddDate(0, 1, 0))
	}
	return first, begins(to)
}

// far is where time ends for sums: whoever asks for all asks beyond it, or before the year 1.
var far = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// part is one of the queries that a time is summed by.
type part struct {
	kept     bool // from the sums, else line by line
	from, to time.Time
}

// parts are what [from, to) is summed by.
func parts(from, to time.Time) []part {
	if from.Year() < 1 || to.After(far) {
		return []part{{false, from, to}}
	}
	first, last := whole(from, to)
	if !first.Before(last) {
		return []part{{false, from, to}}
	}
	out := []part{{true, first, last}}
	if from.Before(first) {
		out = append(out, part{false, from, first})
	}
	if last.Before(to) {
		out = append(out, part{false, last, to})
	}
	return out
}

// LedgerSum counts and sums what is booked in a time.
func (k Keeper) LedgerSum(ctx context.Context, from, to time.Time) (letters int, net money.Ore, err error) {
	err = k.each(ctx, from, to, nil, `CAST(coalesce(SUM(letters), 0) AS BIGINT), CAST(coalesce(SUM(net), 0) AS BIGINT)`, "", func(scan sqlrow.Scan) error {
		var n int
		var ore money.Ore
		err := scan(&n, &ore)
		letters, net = letters+n, net+ore
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("sum the ledger: %w", err)
	}
	return letters, net, nil
}

// SpentByCode sums the ledger's net by konteringskode.
func (k Keeper) SpentByCode(ctx context.Context, from, to time.Time, accounts []string) (map[string]money.Ore, error) {
	out := map[string]money.Ore{}
	err := k.each(ctx, from, to, accounts, `konteringskode, CAST(SUM(net) AS BIGINT)`, " GROUP BY konteringskode", func(scan sqlrow.Scan) error {
		var code string
		var net money.Ore
		err := scan(&code, &net)
		out[code] += net
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sum the ledger by konteringskode: %w", err)
	}
	return out, nil
}

// each asks the sums for the whole months of a time, and the ledger for the rest: that by the index ledger_by_booked alone.
func (k Keeper) each(ctx context.Context, from, to time.Time, accounts []string, what, group string, fn func(scan sqlrow.Scan) error) error {
	if err := k.KeepSums(ctx); err != nil {
		return err
	}
	for _, p := range parts(from, to) {
		table, column, a := "ledger", "booked_at", sqlrow.Args{p.from.UnixMilli(), p.to.UnixMilli()}
		if p.kept {
			table, column, a = "ledger_month", "booked", sqlrow.Args{monthOf(p.from), monthOf(p.to)}
		}
		where := ` FROM ` + table + ` WHERE ` + column + ` >= $1 AND ` + column + ` < $2`
		if len(accounts) > 0 {
			where += " AND account IN " + sqlrow.In(&a, accounts)
		}
		if err := k.rows.Each(ctx, fn, `SELECT `+what+where+group, a...); err != nil {
			return err
		}
	}
	return nil
}

// carried says that a line l of the ledger is of those that c carries.
const carried = `l.posted_at >= c.from_at AND l.posted_at < c.until_at AND l.recorded_at > c.after_at AND l.recorded_at <= c.decided_at`

// carriedHere is carried, with the lines looked up.
var carriedHere = Posted("l", "c.from_at", "c.until_at") + ` AND ` + carried

// Posted says that a line of the ledger was posted in [from, to). It is asked in two parts, each with the index that has it: nearly all
// lines are booked at the time of posting.
func Posted(line, from, to string) string {
	within := func(column string) string {
		return line + `.` + column + ` >= ` + from + ` AND ` + line + `.` + column + ` < ` + to + ` AND ` + line + `.posted_at`
	}
	return `(` + within("booked_at") + ` = ` + line + `.booked_at OR ` + within("posted_at") + ` <> ` + line + `.booked_at)`
}

// CarriedBeyond sums what was carried to invoices for a later time.
func (k Keeper) CarriedBeyond(ctx context.Context, vendor string, at time.Time) ([]invoice.Booked, error) {
	out, err := sqlrow.List(ctx, k.rows, scanBooked, `SELECT coalesce(l.account, ''), l.konteringskode, l.kind, CAST(SUM(l.net) AS BIGINT), CAST(SUM(l.vat) AS BIGINT), CAST(SUM(l.letters) AS BIGINT)
		FROM invoice_carry c JOIN ledger l ON l.vendor = c.vendor AND `+carriedHere+`
		WHERE c.vendor = $1 AND l.posted_at < $2 AND c.into_at >= $3 AND l.source IN ('KVITTERING', 'REVERSERING')
		GROUP BY coalesce(l.account, ''), l.konteringskode, l.kind ORDER BY 1, 2, 3`, vendor, at.UnixMilli(), at.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("sum what is carried to later invoices of vendor %s: %w", vendor, err)
	}
	return out, nil
}

func scanBooked(scan sqlrow.Scan) (b invoice.Booked, err error) {
	err = scan(&b.Account, &b.Konteringskode, &b.Kind, &b.Net, &b.VAT, &b.Letters)
	return b, err
}

const bookedColumns = `account, konteringskode, kind, CAST(SUM(net) AS BIGINT), CAST(SUM(vat) AS BIGINT), CAST(SUM(letters) AS BIGINT)`

// BookedFor sums what is booked from receipts for letters posted in a period.
func (k Keeper) BookedFor(ctx context.Context, vendor string, from, to time.Time) ([]invoice.Booked, error) {
	out, err := k.bookedFor(ctx, vendor, from, to)
	if err != nil {
		return nil, fmt.Errorf("sum what is booked for vendor %s: %w", vendor, err)
	}
	return out, nil
}

// postedQuery sums what is booked from receipts for letters posted in whole months. Of one month the index ledger_month_by_posted has it in order.
func postedQuery(vendor string, from, to time.Time) (string, sqlrow.Args) {
	months, a := `posted = $2`, sqlrow.Args{vendor, monthOf(from)}
	if begins(from).AddDate(0, 1, 0).Before(to) {
		months, a = `posted >= $2 AND posted < $3`, append(a, monthOf(to))
	}
	return `SELECT ` + bookedColumns + ` FROM ledger_month WHERE vendor = $1 AND ` + months + ` AND shared = FALSE GROUP BY account, konteringskode, kind ORDER BY 1, 2, 3`, a
}

// postedKept reports whether the sums tell what is booked for letters posted in a period: in whole months, with nothing carried into it or
// out of it.
func (k Keeper) postedKept(ctx context.Context, vendor string, from, to time.Time) (bool, error) {
	if p := parts(from, to); len(p) != 1 || !p[0].kept {
		return false, nil
	}
	carried, err := sqlrow.One(ctx, k.rows, sqlrow.Scalar[bool], `SELECT EXISTS (SELECT 1 FROM invoice_carry
		WHERE vendor = $1 AND (from_at < $2 AND until_at > $3 OR into_at >= $4 AND into_at < $5))`, vendor, to.UnixMilli(), from.UnixMilli(), from.UnixMilli(), to.UnixMilli())
	return !carried, err
}

// PostedNet sums the net of what BookedFor gives.
func (k Keeper) PostedNet(ctx context.Context, vendor string, from, to time.Time) (net money.Ore, err error) {
	if err := k.KeepSums(ctx); err != nil {
		return 0, err
	}
	kept, err := k.postedKept(ctx, vendor, from, to)
	if err == nil && kept {
		net, err = sqlrow.One(ctx, k.rows, sqlrow.Scalar[money.Ore], `SELECT CAST(coalesce(SUM(net), 0) AS BIGINT) FROM ledger_month
			WHERE vendor = $1 AND posted >= $2 AND posted < $3 AND shared = FALSE`, vendor, monthOf(from), monthOf(to))
	}
	if err != nil {
		return 0, fmt.Errorf("sum what is booked for vendor %s: %w", vendor, err)
	}
	if kept {
		return net, nil
	}
	booked, err := k.BookedFor(ctx, vendor, from, to)
	for _, b := range booked {
		net += b.Net
	}
	return net, err
}

func (k Keeper) bookedFor(ctx context.Context, vendor string, from, to time.Time) ([]invoice.Booked, error) {
	if err := k.KeepSums(ctx); err != nil {
		return nil, err
	}
	kept, err := k.postedKept(ctx, vendor, from, to)
	if err != nil {
		return nil, err
	}
	if kept {
		query, args := postedQuery(vendor, from, to)
		return sqlrow.List(ctx, k.rows, scanBooked, query, args...)
	}
	return sqlrow.List(ctx, k.rows, scanBooked, `SELECT `+bookedColumns+` FROM (
			SELECT coalesce(l.account, '') AS account, l.konteringskode, l.kind, l.net, l.vat, l.letters FROM ledger l
			WHERE l.vendor = $1 AND `+Posted("l", "$2", "$3")+` AND l.source IN ('KVITTERING', 'REVERSERING')
				AND NOT EXISTS (SELECT 1 FROM invoice_carry c WHERE c.vendor = l.vendor AND `+carried+`)
			UNION ALL
			SELECT coalesce(l.account, ''), l.konteringskode, l.kind, l.net, l.vat, l.letters FROM invoice_carry c JOIN ledger l ON l.vendor = c.vendor AND `+carriedHere+`
			WHERE c.vendor = $1 AND c.into_at >= $2 AND c.into_at < $3 AND l.source IN ('KVITTERING', 'REVERSERING')
		) AS booked GROUP BY account, konteringskode, kind ORDER BY 1, 2, 3`, vendor, from.UnixMilli(), to.UnixMilli())
}

// SumsDiffer holds the sums of the ledger against its lines, and gives the months in which they differ, as 2026-11.
func (k Keeper) SumsDiffer(ctx context.Context) ([]string, error) {
	out, err := k.differ(ctx)
	if err != nil {
		return nil, fmt.Errorf("hold the sums of the ledger against its lines: %w", err)
	}
	return out, nil
}

func (k Keeper) differ(ctx context.Context) (months []string, err error) {
	if err := k.KeepSums(ctx); err != nil {
		return nil, err
	}
	type key struct{ account, code string }
	type booked struct{ net, letters int64 }
	sums := func(table, where string, args ...any) (map[key]booked, error) {
		out := map[key]booked{}
		err := k.rows.Each(ctx, func(scan sqlrow.Scan) error {
			var of key
			var b booked
			err := scan(&of.account, &of.code, &b.net, &b.letters)
			out[of] = b
			return err
		}, `SELECT coalesce(account, ''), konteringskode, CAST(SUM(net) AS BIGINT), CAST(SUM(letters) AS BIGINT) FROM `+table+` WHERE `+where+` GROUP BY coalesce(account, ''), konteringskode`, args...)
		return out, err
	}
	kept, err := sqlrow.List(ctx, k.rows, sqlrow.Scalar[string], `SELECT DISTINCT booked FROM ledger_month`)
	if err != nil {
		return nil, err
	}
	wrong := map[string]bool{}
	for _, m := range kept {
		wrong[m] = true // until the ledger's lines of it are found
	}
	var first, last time.Time
	err = k.rows.Each(ctx, func(scan sqlrow.Scan) error { return scan(sqlrow.When(&first), sqlrow.When(&last)) }, `SELECT MIN(booked_at), MAX(booked_at) FROM ledger`)
	if err != nil {
		return nil, err
	}
	for at := begins(first); !first.IsZero() && !at.After(last); at = begins(at.AddDate(0, 1, 0)) {
		lines, err := sums("ledger", "booked_at >= $1 AND booked_at < $2", at.UnixMilli(), begins(at.AddDate(0, 1, 0)).UnixMilli())
		if err != nil {
			return nil, err
		}
		kept, err := sums("ledger_month", "booked = $1", monthOf(at))
		if err != nil {
			return nil, err
		}
		if maps.Equal(lines, kept) {
			delete(wrong, monthOf(at))
		} else {
			wrong[monthOf(at)] = true
		}
	}
	return slices.Sorted(maps.Keys(wrong)), nil
}

// AwaitingReceipts lists when letters were handed over that no receipt has come for, once for each job that owes one.
func (k Keeper) AwaitingReceipts(ctx context.Context) ([]time.Time, error) {
	out, err := sqlrow.List(ctx, k.rows, func(scan sqlrow.Scan) (t time.Time, err error) { return t, scan(sqlrow.When(&t)) },
		`SELECT s.sent_at FROM shipment s JOIN job_letter l ON l.shipment = s.id JOIN print_job j ON j.id = l.job
			WHERE s.status = 'SENDT_PRINT' AND s.posted_at IS NULL AND j.live AND (NOT j.reprint OR j.offered_at IS NOT NULL)`)
	if err != nil {
		return nil, fmt.Errorf("list letters without a receipt: %w", err)
	}
	return out, nil
}
