package sums

import (
	"context"
	"fmt"
	"time"

	"postgang/engine/archive/sqlrow"
	"postgang/engine/shipment"
	"postgang/engine/tally"
)

// stands is a shipment's status; of one that is deleted that which it had, where that is known.
const stands = `CASE WHEN s.status = 'SLETTET' THEN coalesce((SELECT z.from_status FROM erasure z WHERE z.shipment = s.id), s.status) ELSE s.status END`

// received are the shipments s of a time and of accounts.
func received(from, to time.Time, accounts []string) (string, sqlrow.Args) {
	a := sqlrow.Args{from.UnixMilli(), to.UnixMilli()}
	where := `s.received_at >= $1 AND s.received_at < $2`
	if len(accounts) > 0 {
		where += ` AND s.account || '' IN ` + sqlrow.In(&a, accounts) // by the time, not by the account
	}
	return where, a
}

// CountLetters counts the shipments of a time. Those that are deleted are looked at by themselves: of each something else is asked, and
// the others, which are nearly all, are grouped by what stands in their rows.
func (k Keeper) CountLetters(ctx context.Context, from, to time.Time, accounts []string) ([]tally.Letters, error) {
	const columns = `s.account, s.konteringskode, `
	where, a := received(from, to, accounts)
	var out []tally.Letters
	for _, query := range []string{
		`SELECT ` + columns + `s.status, s.sent_at IS NOT NULL, coalesce(s.due_reason, ''), FALSE, FALSE, count(*)
			FROM shipment s WHERE ` + where + ` AND s.status || '' <> 'SLETTET' GROUP BY s.account, s.konteringskode, s.status, s.due_reason, s.sent_at IS NOT NULL`,
		`SELECT ` + columns + stands + `, s.sent_at IS NOT NULL, coalesce(s.due_reason, ''), s.posted_at IS NOT NULL, s.read_at IS NOT NULL, count(*)
			FROM shipment s WHERE ` + where + ` AND s.status = 'SLETTET' GROUP BY 1, 2, 3, 4, 5, 6, 7`,
	} {
		err := k.rows.Each(ctx, func(scan sqlrow.Scan) error {
			var l tally.Letters
			err := scan(&l.Account, &l.Konteringskode, &l.Status, &l.Paper, &l.Reason, &l.Posted, &l.Read, &l.N)
			l.Paper = l.Paper || l.Status == shipment.StatusSendtPrint || l.Status == shipment.StatusPrintet
			if !l.Paper {
				l.Reason = ""
			}
			out = append(out, l)
			return err
		}, query, a...)
		if err != nil {
			return nil, fmt.Errorf("count shipments: %w", err)
		}
	}
	return out, nil
}

// SumMoney sums what is booked in months.
func (k Keeper) SumMoney(ctx context.Context, from, to time.Time, accounts []string) ([]tally.Money, error) {
	if err := k.KeepSums(ctx); err != nil {
		return nil, err
	}
	a := sqlrow.Args{monthOf(from), monthOf(to)}
	where := ""
	if len(accounts) > 0 {
		where = ` AND account IN ` + sqlrow.In(&a, accounts)
	}
	out, err := sqlrow.List(ctx, k.rows, func(scan sqlrow.Scan) (m tally.Money, err error) {
		err = scan(&m.Month, &m.Account, &m.Konteringskode, &m.Kind, &m.Net, &m.VAT, &m.Letters)
		return m, err
	}, `SELECT booked, account, konteringskode, kind, CAST(SUM(net) AS BIGINT), CAST(SUM(vat) AS BIGINT), CAST(SUM(letters) AS BIGINT) FROM ledger_month
		WHERE booked >= $1 AND booked < $2`+where+` GROUP BY booked, account, konteringskode, kind`, a...)
	if err != nil {
		return nil, fmt.Errorf("sum what is booked: %w", err)
	}
	return out, nil
}

// EachDelivered reads what was delivered digitally.
func (k Keeper) EachDelivered(ctx context.Context, from, to time.Time, accounts []string, fn func(tally.Delivered) error) error {
	where, a := received(from, to, accounts)
	err := k.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var d tally.Delivered
		if err := scan(&d.Account, &d.Status, sqlrow.When(&d.ReceivedAt), sqlrow.When(&d.ReadAt), &d.Bytes); err != nil {
			return err
		}
		return fn(d)
	}, `SELECT s.account, `+stands+`, s.received_at, s.read_at, s.prepared_bytes FROM shipment s
		WHERE `+where+` AND s.posted_at IS NULL AND s.prepared_sha IS NOT NULL AND `+stands+` IN ('LEST', 'LEVERT_SDP')`, a...)
	if err != nil {
		return fmt.Errorf("read what was delivered digitally: %w", err)
	}
	return nil
}
