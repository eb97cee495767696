package archive

import (
	"errors"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/database"
	"postgang/engine/store"
)

// TestScrub: both databases are scrubbed, in part and whole; an archive of before is written anew once; and one that is read all the time
// says so.
func TestScrub(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		ctx := t.Context()
		setting := func() (v string) {
			t.Helper()
			v, err := store.View(ctx, a, func(r store.Reader) (string, error) { return r.Setting(ctx, settingFreePages) })
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
			return v
		}
		if setting() != "" {
			t.Error("a new archive is said to be unclean")
		}
		err := a.InTx(ctx, func(tx store.Tx) error {
			return errors.Join(tx.InsertShipment(ctx, archivetest.Shipment(1), nil), tx.SetSetting(ctx, settingFreePages, "unclean"))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, full := range []bool{false, true, false} {
			if err := a.Scrub(ctx, full); err != nil || setting() != "clean" {
				t.Errorf("full %v: %v, %s", full, err, setting())
			}
		}
		if a.SQLite() == nil {
			return
		}
		err = a.View(ctx, func(r store.Reader) error {
			if _, err := r.Shipment(ctx, archivetest.ID(1)); err != nil {
				return err
			}
			if err := a.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, "x", "y") }); err != nil {
				return err
			}
			begun := time.Now()
			if err := a.Scrub(ctx, false); !errors.Is(err, database.ErrBusy) {
				t.Errorf("while somebody reads: %v after %v", err, time.Since(begun))
			}
			// Litestream reads all the time, and empties the journal by itself.
			if _, err := a.SQLite().ExecContext(ctx, "CREATE TABLE _litestream_lock (id INTEGER)"); err != nil {
				return err
			}
			if err := a.Scrub(ctx, false); err != nil {
				t.Errorf("while Litestream reads: %v", err)
			}
			var patience string
			if err := a.SQLite().QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&patience); err != nil || patience != database.BusyTimeout {
				t.Errorf("statements wait %s ms from then on: %v", patience, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
