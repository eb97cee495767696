package archive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/archive/sums"
	"postgang/engine/calendar"
	"postgang/engine/store"
)

const ledgerColumns = `entry, place, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross,
	letters, source, document, reverses, note, actor`

// Ledger lists lines of the ledger.
func (r *reader) Ledger(ctx context.Context, f store.LedgerFilter) ([]store.LedgerLine, error) {
	query, a := ledgerQuery(f)
	out, err := sqlrow.List(ctx, r.Rows, scanLedgerLine, query+` ORDER BY booked_at, coalesce(job, ''), coalesce(shipment, ''), entry, place`+a.Limit(f.Limit), a...)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	return out, nil
}

// EachLedgerLine reads lines of the ledger one by one.
func (r *reader) EachLedgerLine(ctx context.Context, f store.LedgerFilter, fn func(store.LedgerLine) error) error {
	query, a := ledgerQuery(f)
	err := r.Each(ctx, func(scan sqlrow.Scan) error {
		l, err := scanLedgerLine(scan)
		if err != nil {
			return err
		}
		return fn(l)
	}, query+a.Limit(f.Limit), a...)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	return nil
}

func scanLedgerLine(scan sqlrow.Scan) (l store.LedgerLine, err error) {
	err = scan(&l.Entry, &l.Place, sqlrow.When(&l.BookedAt), sqlrow.When(&l.Recorded), sqlrow.When(&l.PostedAt), &l.Vendor, sqlrow.Text(&l.Account), sqlrow.Text(&l.Shipment),
		sqlrow.Text(&l.Job), &l.Line.Kind, &l.Line.Konteringskode, &l.Line.Net, &l.Line.VAT, &l.Line.Gross, &l.Letters, &l.Source, &l.Document,
		sqlrow.Text(&l.Reverses), &l.Note, sqlrow.Text(&l.By))
	return l, err
}

func ledgerQuery(f store.LedgerFilter) (string, sqlrow.Args) {
	var a sqlrow.Args
	where := []string{"TRUE"}
	if !f.From.IsZero() {
		where = append(where, "booked_at >= "+a.Add(f.From))
	}
	if !f.To.IsZero() {
		where = append(where, "booked_at < "+a.Add(f.To))
	}
	if len(f.Accounts) > 0 {
		where = append(where, "account IN "+sqlrow.In(&a, f.Accounts))
	}
	for _, c := range []struct{ column, value string }{{"vendor", f.Vendor}, {"entry", f.Entry}, {"document", f.Document}} {
		if c.value != "" {
			where = append(where, c.column+" = "+a.Add(c.value))
		}
	}
	return `SELECT ` + ledgerColumns + ` FROM ledger WHERE ` + strings.Join(where, " AND "), a
}

// Book adds lines to the ledger.
func (t *tx) Book(ctx context.Context, lines []store.LedgerLine) error {
	rows := make([][]any, len(lines))
	for i, l := range lines {
		rows[i] = []any{l.Entry, l.Place, l.BookedAt, t.now, l.PostedAt, l.Vendor, sqlrow.Optional(l.Account), sqlrow.Optional(l.Shipment), sqlrow.Optional(l.Job),
			l.Line.Kind, l.Line.Konteringskode, l.Line.Net, l.Line.VAT, l.Line.Gross, l.Letters, l.Source, l.Document, sqlrow.Optional(l.Reverses), sqlrow.Clean(l.Note), sqlrow.Actor(ctx)}
	}
	if err := t.InsertBeside(ctx, "book", `ledger (`+ledgerColumns+`)`, rows); err != nil {
		return err
	}
	t.CountBooked(lines)
	return nil
}

// ClosedMonths lists the closed months.
func (r *reader) ClosedMonths(ctx context.Context) ([]store.ClosedMonth, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (m store.ClosedMonth, err error) {
		var month string
		err = scan(&month, sqlrow.When(&m.ClosedAt), &m.Reason, sqlrow.Text(&m.By))
		m.Month = civil.Date(month + "-01")
		return m, err
	}, `SELECT month, closed_at, reason, actor FROM closed_month ORDER BY month`)
	if err != nil {
		return nil, fmt.Errorf("closed months: %w", err)
	}
	return out, nil
}

// FirstActivity finds the first shipment or amount from a time on.
func (r *reader) FirstActivity(ctx context.Context, from time.Time) (time.Time, error) {
	var first time.Time
	for _, query := range []string{
		`SELECT MIN(received_at) FROM shipment WHERE received_at >= $1`,
		`SELECT MIN(booked_at) FROM ledger WHERE booked_at >= $1`,
	} {
		at, err := sqlrow.One(ctx, r.Rows, func(scan sqlrow.Scan) (t time.Time, err error) { return t, scan(sqlrow.When(&t)) }, query, from.UnixMilli())
		if err != nil {
			return first, fmt.Errorf("find the first shipment and amount: %w", err)
		}
		if first.IsZero() || !at.IsZero() && at.Before(first) {
			first = at
		}
	}
	return first, nil
}

// CloseMonth closes a month.
func (t *tx) CloseMonth(ctx context.Context, m store.ClosedMonth) error {
	from, to := m.Span()
	if err := t.InsertRows(ctx, `closed_month (month, from_at, until_at, closed_at, reason, actor)`, [][]any{{m.Month.Month(), from.UTC(), to.UTC(), t.now, sqlrow.Clean(m.Reason), sqlrow.Actor(ctx)}}); err != nil {
		return fmt.Errorf("close month %s: %w", m.Month.Month(), err)
	}
	return nil
}

const invoiceColumns = `id, vendor, blob_sha, blob_bytes, taken_at, content, actor`

func scanInvoice(scan sqlrow.Scan) (r store.InvoiceRecord, err error) {
	sha, bytes := sqlrow.Blob(&r.Blob)
	err = scan(&r.ID, &r.Vendor, sha, bytes, sqlrow.When(&r.TakenAt), sqlrow.JSON(&r.Invoice), sqlrow.Text(&r.By))
	return r, err
}

// Invoice reads an invoice.
func (r *reader) Invoice(ctx context.Context, id string) (store.InvoiceRecord, error) {
	v, err := sqlrow.One(ctx, r.Rows, scanInvoice, `SELECT `+invoiceColumns+` FROM invoice WHERE id = $1`, id)
	if err != nil {
		return v, fmt.Errorf("invoice %s: %w", id, err)
	}
	return v, nil
}

// Invoices lists invoices by the period that they are for.
func (r *reader) Invoices(ctx context.Context, from, to time.Time) ([]store.InvoiceRecord, error) {
	var a sqlrow.Args
	where := "TRUE"
	if !to.IsZero() {
		where = "from_at < " + a.Add(to) + " AND until_at > " + a.Add(from)
	}
	out, err := sqlrow.List(ctx, r.Rows, scanInvoice, `SELECT `+invoiceColumns+` FROM invoice WHERE `+where+` ORDER BY from_at, vendor, number`, a...)
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	return out, nil
}

// InsertInvoice stores an invoice.
func (t *tx) InsertInvoice(ctx context.Context, r store.InvoiceRecord) error {
	content, err := sqlrow.Encode(r.Invoice)
	if err == nil {
		var sha, bytes any
		if !r.Blob.IsZero() {
			sha, bytes = r.Blob.SHA256, r.Blob.Bytes
		}
		from, to := r.Invoice.From.In(calendar.Oslo), r.Invoice.To.In(calendar.Oslo)
		err = t.InsertRows(ctx, `invoice (id, vendor, number, from_at, until_at, blob_sha, blob_bytes, taken_at, content, actor)`, [][]any{{
			r.ID, r.Vendor, r.Invoice.Number, from.UTC(), to.UTC(), sha, bytes, t.now, content, sqlrow.Actor(ctx)}})
	}
	if err != nil {
		return fmt.Errorf("insert invoice %s: %w", r.ID, err)
	}
	return nil
}

// RemoveInvoice takes an invoice back.
func (t *tx) RemoveInvoice(ctx context.Context, id, reason string) error {
	n, err := t.Exec(ctx, `INSERT INTO invoice_removed (id, turn, vendor, number, blob_sha, blob_bytes, taken_at, content, actor, removed_at, reason, removed_by)
		SELECT id, 1 + (SELECT count(*) FROM invoice_removed r WHERE r.id = i.id), vendor, number, blob_sha, blob_bytes, taken_at, content, actor, $2, $3, CAST($4 AS TEXT)
		FROM invoice i WHERE id = $1`, id, t.now.UnixMilli(), sqlrow.Clean(reason), sqlrow.Actor(ctx))
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	if err == nil {
		_, err = t.Exec(ctx, `DELETE FROM invoice WHERE id = $1`, id)
	}
	if err != nil {
		return fmt.Errorf("remove invoice %s: %w", id, err)
	}
	return nil
}

// RemovedInvoices lists invoices that were taken back.
func (r *reader) RemovedInvoices(ctx context.Context) ([]store.RemovedInvoice, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (v store.RemovedInvoice, err error) {
		sha, bytes := sqlrow.Blob(&v.Blob)
		err = scan(&v.ID, &v.Vendor, sha, bytes, sqlrow.When(&v.TakenAt), sqlrow.JSON(&v.Invoice), sqlrow.Text(&v.By), sqlrow.When(&v.RemovedAt), &v.Reason, sqlrow.Text(&v.RemovedBy))
		return v, err
	}, `SELECT `+invoiceColumns+`, removed_at, reason, removed_by FROM invoice_removed ORDER BY removed_at, id, turn`)
	if err != nil {
		return nil, fmt.Errorf("list removed invoices: %w", err)
	}
	return out, nil
}

// CarryReceipts has receipts that came late be held against the invoices of a later period.
func (t *tx) CarryReceipts(ctx context.Context, c store.ReceiptCarry) error {
	_, err := t.Exec(ctx, `INSERT INTO invoice_carry (vendor, from_at, until_at, turn, after_at, decided_at, into_at, reason, actor)
		VALUES ($1, $2, $3, 1 + (SELECT count(*) FROM invoice_carry WHERE vendor = $8 AND from_at = $9), $4, $5, $6, $7, $10)`,
		c.Vendor, c.From.In(calendar.Oslo).UnixMilli(), c.To.In(calendar.Oslo).UnixMilli(), c.After.UnixMilli(), t.now.UnixMilli(), c.Into.In(calendar.Oslo).UnixMilli(), sqlrow.Clean(c.Reason),
		c.Vendor, c.From.In(calendar.Oslo).UnixMilli(), sqlrow.Actor(ctx))
	if err != nil {
		return fmt.Errorf("carry receipts of vendor %s: %w", c.Vendor, err)
	}
	return nil
}

// EachPostedSum sums what is booked from receipts by the time of posting.
func (r *reader) EachPostedSum(ctx context.Context, vendor string, from, to time.Time, fn func(store.PostedSum) error) error {
	err := r.Each(ctx, func(scan sqlrow.Scan) error {
		var p store.PostedSum
		if err := scan(&p.Account, &p.Konteringskode, &p.Envelope, sqlrow.When(&p.At), &p.Letters, &p.Production); err != nil {
			return err
		}
		return fn(p)
	}, `SELECT coalesce(b.account, ''), b.konteringskode, l.envelope, b.posted_at, CAST(SUM(CASE b.source WHEN 'KVITTERING' THEN 1 ELSE -1 END) AS BIGINT), CAST(SUM(b.net) AS BIGINT)
		FROM ledger b JOIN job_letter l ON l.job = b.job AND l.shipment = b.shipment
		WHERE b.vendor = $1 AND `+sums.Posted("b", "$2", "$3")+` AND b.source IN ('KVITTERING', 'REVERSERING') AND b.kind = 'PRODUKSJON'
		GROUP BY coalesce(b.account, ''), b.konteringskode, l.envelope, b.posted_at`, vendor, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return fmt.Errorf("sum what was posted with vendor %s: %w", vendor, err)
	}
	return nil
}

// CodeRegister reads the register of konteringskoder, by code.
func (r *reader) CodeRegister(ctx context.Context) ([]codes.Entry, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (c codes.Entry, err error) {
		err = scan(sqlrow.JSON(&c))
		return c, err
	}, `SELECT content FROM code_register ORDER BY code`)
	if err != nil {
		return nil, fmt.Errorf("read the register of konteringskoder: %w", err)
	}
	return out, nil
}

// SetCodeRegister replaces the register of konteringskoder.
func (t *tx) SetCodeRegister(ctx context.Context, entries []codes.Entry) error {
	rows := make([][]any, len(entries))
	for i, c := range entries {
		content, err := sqlrow.Encode(c)
		if err != nil {
			return fmt.Errorf("store the register of konteringskoder: %w", err)
		}
		rows[i] = []any{c.Code, content}
	}
	_, err := t.Exec(ctx, `DELETE FROM code_register`)
	if err == nil {
		err = t.InsertRows(ctx, `code_register (code, content)`, rows)
	}
	if err != nil {
		return fmt.Errorf("store the register of konteringskoder: %w", err)
	}
	return nil
}
