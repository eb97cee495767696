package archive

import (
	"context"
	"fmt"
	"strings"

	"postgang/billing"
	"postgang/engine"
)

const ledgerColumns = `entry, place, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross,
	letters, source, document, reverses, note`

// Ledger lists lines of the ledger.
func (r *reader) Ledger(ctx context.Context, f engine.LedgerFilter) ([]engine.LedgerLine, error) {
	var a args
	where := []string{"TRUE"}
	if !f.From.IsZero() {
		where = append(where, "booked_at >= "+a.add(f.From))
	}
	if !f.To.IsZero() {
		where = append(where, "booked_at < "+a.add(f.To))
	}
	if len(f.Accounts) > 0 {
		where = append(where, "account IN "+in(&a, f.Accounts))
	}
	for _, c := range []struct{ column, value string }{{"vendor", f.Vendor}, {"entry", f.Entry}, {"document", f.Document}} {
		if c.value != "" {
			where = append(where, c.column+" = "+a.add(c.value))
		}
	}
	out, err := list(ctx, r, func(scan scan) (l engine.LedgerLine, err error) {
		err = scan(&l.Entry, &l.Place, when{&l.BookedAt}, when{&l.Recorded}, when{&l.PostedAt}, &l.Vendor, textOf(&l.Account), textOf(&l.Shipment),
			textOf(&l.Job), &l.Line.Kind, &l.Line.Konteringskode, &l.Line.Net, &l.Line.VAT, &l.Line.Gross, &l.Letters, &l.Source, &l.Document,
			textOf(&l.Reverses), &l.Note)
		return l, err
	}, `SELECT `+ledgerColumns+` FROM ledger WHERE `+strings.Join(where, " AND ")+`
		ORDER BY booked_at, coalesce(job, ''), coalesce(shipment, ''), entry, place`+a.limit(f.Limit), a...)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	return out, nil
}

// Book adds lines to the ledger.
func (t *tx) Book(ctx context.Context, lines []engine.LedgerLine) error {
	rows := make([][]any, len(lines))
	for i, l := range lines {
		rows[i] = []any{l.Entry, l.Place, l.BookedAt, t.now, l.PostedAt, l.Vendor, optional(l.Account), optional(l.Shipment), optional(l.Job),
			l.Line.Kind, l.Line.Konteringskode, l.Line.Net, l.Line.VAT, l.Line.Gross, l.Letters, l.Source, l.Document, optional(l.Reverses), clean(l.Note)}
	}
	if err := t.insertRows(ctx, `ledger (`+ledgerColumns+`)`, rows); err != nil {
		return fmt.Errorf("book: %w", err)
	}
	return nil
}

// ClosedMonths lists the closed months.
func (r *reader) ClosedMonths(ctx context.Context) ([]engine.ClosedMonth, error) {
	out, err := list(ctx, r, func(scan scan) (m engine.ClosedMonth, err error) {
		var month string
		err = scan(&month, when{&m.ClosedAt}, &m.Reason)
		m.Month = billing.Civil(month + "-01")
		return m, err
	}, `SELECT month, closed_at, reason FROM closed_month ORDER BY month`)
	if err != nil {
		return nil, fmt.Errorf("closed months: %w", err)
	}
	return out, nil
}

// CloseMonth closes a month.
func (t *tx) CloseMonth(ctx context.Context, m engine.ClosedMonth) error {
	from, to := m.Span()
	if err := t.insertRows(ctx, `closed_month (month, from_at, until_at, closed_at, reason)`, [][]any{{m.Month.Month(), from.UTC(), to.UTC(), t.now, clean(m.Reason)}}); err != nil {
		return fmt.Errorf("close month %s: %w", m.Month.Month(), err)
	}
	return nil
}
