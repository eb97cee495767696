package archive

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestNamedBy: documents of letters are told from what is kept longer; one that both name is of letters.
func TestNamedBy(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		t.Cleanup(func() { a.Close() })
		letter, both := archivetest.Document(1, 0), archivetest.Document(1, 1)
		receipt := archivetest.ReceiptFile()
		err := a.InTx(t.Context(), func(tx store.Tx) error {
			shared := store.ReceiptFile{Vendor: "trykkeri", SHA256: archivetest.Sha(900), Name: "b.csv", Blob: both.Blob, Fetched: archivetest.T0.Add(time.Hour)}
			return errors.Join(tx.InsertShipment(t.Context(), archivetest.Shipment(1), []shipment.Document{letter, both}), tx.InsertReceiptFile(t.Context(), receipt), tx.InsertReceiptFile(t.Context(), shared))
		})
		if err != nil {
			t.Fatal(err)
		}
		letters, books, err := a.NamedBy(t.Context(), []string{letter.Blob.SHA256, both.Blob.SHA256, receipt.Blob.SHA256, archivetest.Sha(4711)})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{letter.Blob.SHA256, both.Blob.SHA256}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(letters)); !slices.Equal(got, want) {
			t.Errorf("letters name %v, want %v", got, want)
		}
		if got := slices.Sorted(maps.Keys(books)); !slices.Equal(got, []string{receipt.Blob.SHA256}) {
			t.Errorf("what is kept longer names %v, want %v", got, receipt.Blob.SHA256)
		}
	})
}
