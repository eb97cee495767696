package archive

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/database"
	"postgang/engine/find"
	"postgang/engine/shipment"
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

// TestLoosen: what was erased quickly is out of SQLite's index of names after the next scrub, also when the process ended in between; and
// then what is erased is taken out at once again.
func TestLoosen(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "a.db")
	a := openAt(t, Config{DSN: dsn})
	defer func() { a.Close() }()
	put := func(n int, words string) {
		t.Helper()
		err := a.InTx(ctx, func(tx store.Tx) error {
			s := archivetest.Shipment(n)
			return errors.Join(tx.InsertShipment(ctx, s, nil), tx.PutPersons(ctx, find.Person{Shipment: s.ID, Account: s.Account, Words: shipment.Private(words)}))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	forget := func(n int) {
		t.Helper()
		if err := a.InTx(ctx, func(tx store.Tx) error { return tx.DeletePersons(ctx, archivetest.ID(n)) }); err != nil {
			t.Fatal(err)
		}
	}
	blocks := func(term string) (n int) {
		t.Helper()
		if err := a.SQLite().QueryRowContext(ctx, `SELECT count(*) FROM shipment_person_words_data WHERE instr(block, CAST($1 AS BLOB)) > 0`, term).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 300 {
		put(i, fmt.Sprintf("kari nordmann %d storgata", i))
	}
	put(1000, "þqx hemmelig")
	put(1001, "Жwz hemmelig")
	put(1002, "€vk hemmelig")
	if blocks("þqx") == 0 {
		t.Fatal("the look finds nothing that is there")
	}
	if err := a.Loosen(ctx); err != nil {
		t.Fatal(err)
	}
	forget(1000)
	if blocks("þqx") == 0 {
		t.Error("it was taken out at once")
	}
	for i := range 100 {
		forget(i)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = openAt(t, Config{DSN: dsn})
	forget(1001)
	if err := a.Scrub(ctx, false); err != nil {
		t.Fatal(err)
	}
	if p, o := blocks("þqx"), blocks("Жwz"); p+o > 0 {
		t.Errorf("after the scrub it is in %d and %d blocks", p, o)
	}
	forget(1002)
	if blocks("€vk") > 0 {
		t.Error("after the scrub it is not taken out at once")
	}
	if _, err := a.SQLite().ExecContext(ctx, `INSERT INTO shipment_person_words (shipment_person_words) VALUES ('integrity-check')`); err != nil {
		t.Errorf("the index: %v", err)
	}
	found, err := store.View(ctx, a, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.ShipmentsOfPerson(ctx, find.PersonQuery{Words: []shipment.Private{"nordmann"}}, find.Filter{Limit: 1000})
	})
	if err != nil || len(found) != 200 {
		t.Errorf("%d are found, %v", len(found), err)
	}
}
