package archive

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/database"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/archive/proof"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestCopy: what was committed is in a copy that is made while others write, and what was not is not; it is put back where nothing is, whole
// or not at all, and nowhere else.
func TestCopy(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		ctx := t.Context()
		insert := func(tx store.Tx, n int) error { return tx.InsertShipment(ctx, archivetest.Shipment(n), nil) }
		if err := a.InTx(ctx, func(tx store.Tx) error { return insert(tx, 1) }); err != nil {
			t.Fatal(err)
		}
		var copied bytes.Buffer
		// In the middle of somebody's transaction.
		err := a.InTx(ctx, func(tx store.Tx) error { return errors.Join(insert(tx, 2), a.Copy(ctx, t.TempDir(), &copied)) })
		if err != nil {
			t.Fatal(err)
		}
		empty := "sqlite:" + filepath.Join(t.TempDir(), "under", "new.db")
		if database.CopyForm(dsn) == database.CopyDump {
			empty = postgrestest.Postgres(t)
		}
		broken := errors.New("broken off")
		err = database.RestoreCopy(ctx, empty, func(w io.Writer) error {
			if _, err := w.Write(copied.Bytes()[:copied.Len()/2]); err != nil {
				return err
			}
			return broken
		})
		if err == nil {
			t.Fatal("half a copy is put back")
		}
		if err := database.Vacant(ctx, empty); err != nil {
			t.Fatalf("half a copy is there: %v", err)
		}
		whole := func(w io.Writer) error {
			_, err := w.Write(copied.Bytes())
			return err
		}
		if err := database.RestoreCopy(ctx, empty, whole); err != nil {
			t.Fatal(err)
		}
		for _, there := range []string{empty, dsn} {
			if err := database.RestoreCopy(ctx, there, whole); !errors.Is(err, database.ErrNotEmpty) {
				t.Errorf("put back over an archive: %v", err)
			}
		}
		b := openAt(t, Config{DSN: empty, MustExist: true})
		defer b.Close()
		for n, want := range map[int]error{1: nil, 2: store.ErrNotFound} {
			_, err := store.View(ctx, b, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, archivetest.ID(n)) })
			if !errors.Is(err, want) {
				t.Errorf("shipment %d: %v", n, err)
			}
		}
		if found, err := b.CheckWhole(ctx); err != nil || len(found) > 0 {
			t.Errorf("%v %v", found, err)
		}
		err = b.Prove(ctx, func(p proof.Prover) error {
			n, err := p.Counts(ctx)
			if n["shipments"] != 1 {
				t.Errorf("%v", n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestNamedDocuments: all documents that rows name are listed, in pages that miss none, whoever else names them.
func TestNamedDocuments(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		ctx := t.Context()
		want := map[string]bool{}
		err := a.InTx(ctx, func(tx store.Tx) error {
			for n := range 9 {
				s := archivetest.Shipment(n + 1)
				var docs []shipment.Document
				for place := range n % 3 {
					sha := strings.Repeat(string(rune('a'+n%4))+string(rune('0'+place)), 32) // some share it
					want[sha] = true
					docs = append(docs, shipment.Document{Shipment: s.ID, Position: place, FileName: "a.pdf", MimeType: "application/pdf", Blob: shipment.BlobRef{SHA256: sha, Bytes: 7}})
				}
				if !s.Prepared.IsZero() {
					want[s.Prepared.SHA256] = true
				}
				if err := tx.InsertShipment(ctx, s, docs); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{1, 2, 3, 100} {
			got := map[string]bool{}
			for after := ""; ; {
				var named []proof.Named
				err := a.Prove(ctx, func(p proof.Prover) (err error) {
					named, err = p.Documents(ctx, after, most)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range named {
					got[n.SHA256] = true
					after = n.SHA256
				}
				if len(named) < most {
					break
				}
			}
			if len(got) != len(want) || len(want) < 4 {
				t.Errorf("pages of %d: %d documents, want %d", most, len(got), len(want))
			}
		}
	})
}
