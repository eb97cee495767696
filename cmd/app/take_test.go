package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/intake"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// handful is the least configuration by which letters are taken.
const handful = `[intake]
settle = "0s"
[vendors.her]
name = "Her"
kind = "manuell"
[accounts.kommune]
name = "Eksempel kommune"
vendor = "her"
[accounts.kommune.sender]
name = "Eksempel kommune"
line1 = "Postboks 1"
postcode = "0150"
city = "Oslo"
`

// handIn hands in letters of these keys, whose document is taken for a PDF until it is prepared.
func handIn(t *testing.T, inbox string, keys ...string) {
	t.Helper()
	if err := intake.MakeFolders(inbox, "kommune"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"brev.pdf": "%PDF-1.7\n%%EOF\n", "forsendelse.json": `{ "tittel": "Vedtak",
  "mottaker": { "navn": "Testperson Én", "adresselinje1": "Prøvegata 1", "postnummer": "5003", "poststed": "Bergen" },
  "dokumenter": [ { "filnavn": "brev.pdf", "mimeType": "application/pdf" } ] }`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range keys {
		if _, err := intake.Put(inbox, "kommune", key, dir); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPreparingKnowsTheHopeless: hand-ins that could not be prepared are not waited for.
func TestPreparingKnowsTheHopeless(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := config.Parse(filepath.Join(dir, config.DefaultName), []byte(handful))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.preparing(t.Context()) {
		t.Error("nothing is handed in")
	}
	handIn(t, cfg.Inbox, "a", "b", "c")
	if _, err := a.TakeOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ids []string
	err = a.Archive.InTx(t.Context(), func(tx store.Tx) error {
		list, err := tx.Shipments(t.Context(), store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusMottatt}})
		for _, s := range list {
			ids = append(ids, s.ID)
			if len(ids) < len(list) {
				err = errors.Join(err, tx.SetUnprepared(t.Context(), alarm.Unprepared{Cause: alarm.CauseOther, Shipment: s.ID, Why: "no room for it"}))
			}
		}
		return err
	})
	if err != nil || len(ids) < 2 {
		t.Fatal(len(ids), err)
	}
	if !a.preparing(t.Context()) {
		t.Error("one of them can be prepared")
	}
	err = a.Archive.InTx(t.Context(), func(tx store.Tx) error {
		return tx.SetUnprepared(t.Context(), alarm.Unprepared{Cause: alarm.CauseOther, Shipment: ids[len(ids)-1], Why: "no room for it"})
	})
	if err != nil || a.preparing(t.Context()) {
		t.Errorf("none of them can, %v", err)
	}
}
