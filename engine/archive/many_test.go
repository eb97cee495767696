package archive

import (
	"path/filepath"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/letters"
	"postgang/engine/store"
)

// BenchmarkStatus is what "postgang status" and "postgang shipment list" ask an archive of 200,000 shipments.
func BenchmarkStatus(b *testing.B) {
	const many = 200_000
	a := openAt(b, Config{DSN: "sqlite:" + filepath.Join(b.TempDir(), "a.db")})
	defer a.Close()
	ctx := b.Context()
	if err := a.InTx(ctx, func(tx store.Tx) error { return tx.InsertShipment(ctx, archivetest.Shipment(1), nil) }); err != nil {
		b.Fatal(err)
	}
	_, err := a.store.Writer().ExecContext(ctx, `INSERT INTO shipment (id, account, hand_in, received_at, version, `+letters.Columns+`)
		WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1)
		SELECT printf('%08x-0000-4000-8000-%012x', n * 2654435761 % 4294967296, n), account, 'k' || n, received_at + n * 1000, version,
			CASE WHEN n % 20 = 0 THEN 'AVVIST' WHEN n % 20 < 12 THEN 'PRINTET' WHEN n % 20 < 18 THEN 'LEST' ELSE 'VARSLET' END,
			submission, konteringskode, sending_system, digital_only, fingerprint, zone,
			notified_at, read_at, due_at, due_reason, sent_at, posted_at, closed_at,
			prepared_sha, prepared_bytes, facts, prepared_key, hold, refusals, cost_approved_at
		FROM s, (SELECT * FROM shipment)`, many)
	if err != nil {
		b.Fatal(err)
	}
	now := archivetest.T0
	last := archivetest.ID(1)
	for name, ask := range map[string]func(r store.Reader) error{
		"count":     func(r store.Reader) error { _, err := r.CountShipments(ctx); return err },
		"unhandled": func(r store.Reader) error { _, err := r.Unhandled(ctx, now); return err },
		"overdue":   func(r store.Reader) error { _, err := r.Overdue(ctx, now.Add(-1000*time.Hour)); return err },
		"ahead":     func(r store.Reader) error { _, _, err := r.ReceivedAfter(ctx, now.Add(9999*time.Hour)); return err },
		"newest": func(r store.Reader) error {
			_, err := r.Shipments(ctx, store.ShipmentFilter{Newest: true, Limit: 100})
			return err
		},
		"page": func(r store.Reader) error {
			_, err := r.Shipments(ctx, store.ShipmentFilter{Newest: true, Limit: 100, After: last})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := a.View(ctx, ask); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
