package console

import (
	"net/http"
	"strings"
	"testing"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// letter puts another letter of one's own account into the archive, as change makes it.
func (w *world) letter(n int, change func(s *shipment.Shipment)) (path string) {
	w.t.Helper()
	s := archivetest.Shipment(n)
	change(&s)
	if err := w.archive.InTx(w.t.Context(), func(tx store.Tx) error { return tx.InsertShipment(w.t.Context(), s, nil) }); err != nil {
		w.t.Fatal(err)
	}
	return "/forsendelser/" + s.ID
}

const newAddress = "navn=Ola+Ny&adresse1=Nygata+2&postnummer=5003&poststed=Bergen"

// TestCorrectAddress: the form is empty, what is wrong is told at its field, and histories have the reason and no address.
func TestCorrectAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	path := w.letter(950, func(s *shipment.Shipment) { s.Facts.Pages = nil; s.Facts.DocumentPages = nil })
	if body := w.ask("GET", path+"/adresse", who, "").Body.String(); strings.Contains(body, secretName) || !strings.Contains(body, "Postnummer") {
		t.Error("the form is filled in, or lacks fields")
	}
	w.sends(path+"/adresse", who, "begrunnelse=Flyttet&navn=Ola", 422, "Fyll ut feltet", "Rett dette først", "Postnummer")
	w.sends(path+"/adresse", who, "begrunnelse=Flyttet&navn=Ola+Ny&adresse1=Nygata+2&postnummer=50&poststed=Bergen", 422, "Rett dette først", `href="#postnummer"`)
	w.sends(path+"/adresse", who, "begrunnelse=Flyttet&"+newAddress, http.StatusSeeOther)
	if body := w.ask("GET", path, who, "").Body.String(); !strings.Contains(body, "Flyttet") || !strings.Contains(body, "av deg") || strings.Contains(body, "Nygata") {
		t.Error("the history lacks the reason or the person, or has the address")
	}
	printed := w.letter(951, func(s *shipment.Shipment) { s.Status = shipment.StatusPrintet })
	w.sends(printed+"/adresse", who, "begrunnelse=Flyttet&"+newAddress, 200, "går ikke til utskrift")
}

// TestReturned: a letter that was posted comes back, once, and not before it was sent.
func TestReturned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	job := w.job(store.JobClosed, 960)
	path := "/forsendelser/" + archivetest.ID(960)
	w.shows(path+"/retur", who, "ikke overlevert")
	err := w.archive.InTx(t.Context(), func(tx store.Tx) error {
		s, err := tx.Shipment(t.Context(), archivetest.ID(960))
		if err != nil {
			return err
		}
		s.Status, s.SentAt = shipment.StatusSendtPrint, w.now
		return tx.UpdateShipment(t.Context(), s)
	})
	if err != nil {
		t.Fatal(err)
	}
	day := w.now.Format("2006-01-02")
	for form, want := range map[string]string{"dag=" + day: "Hvorfor det kom", "arsak=tull&dag=" + day: "Velg en", "arsak=flyttet&dag=2099-01-01": "ikke kommet", "arsak=flyttet&dag=2020-01-01": "før det"} {
		w.sends(path+"/retur", who, form, 422, want)
	}
	w.sends(path+"/retur", who, "arsak=flyttet&dag="+day, http.StatusSeeOther)
	w.shows(path, who, "Kom i retur med posten", job)
	w.sends(path+"/retur", who, "arsak=flyttet&dag="+day, 200, "allerede registrert")
}

// TestApproveCost: one letter is approved by one person; all that is kept back takes two.
func TestApproveCost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olav, kari := w.as("olav", access.Grant{Role: access.RoleCaseWorker}), w.as("kari", access.Grant{Role: access.RoleCaseWorker})
	w.shows("/kostnadsvakt", olav, "1 brev", "Skolekontoret", "0412")
	held := w.letter(970, func(s *shipment.Shipment) { s.Hold = shipment.HoldCost })
	w.letter(971, func(s *shipment.Shipment) { s.Hold = shipment.HoldCost })
	w.sends(held+"/godkjenn", olav, "begrunnelse=", 422)
	w.sends(held+"/godkjenn", olav, "begrunnelse=Riktig+liste", http.StatusSeeOther)
	w.shows(held, olav, "Riktig liste", "av deg")
	w.sends(held+"/godkjenn", kari, "begrunnelse=Riktig+liste", 200, "holder ikke brevet igjen")
	path := "/kostnadsvakt/godkjenn?konto=" + own + "&kode=0412"
	w.shows(path, olav, "krever to personer")
	w.sends(path, olav, "begrunnelse=Riktig+liste", http.StatusSeeOther)
	w.shows(path, olav, "Ønsket ditt er notert")
	w.shows(path, kari, "ba om det")
	w.sends(path, kari, "begrunnelse=Riktig+liste", http.StatusSeeOther)
	w.shows("/kostnadsvakt", kari, "Ingen brev holdes igjen")
}

// TestSendAgain: only what has ended, and an address whole or not at all.
func TestSendAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	w.sends(w.letter(980, func(*shipment.Shipment) {})+"/igjen", who, "begrunnelse=Retur", 200, "ikke ferdig")
	path := w.letter(981, func(s *shipment.Shipment) { s.Status = shipment.StatusPrintet })
	w.sends(path+"/igjen", who, "begrunnelse=Retur&navn=Ola", 422, "hele adressen stå tom")
	w.sends(path+"/igjen", who, "", 422, "Begrunnelse")
	rec := w.ask("POST", path+"/igjen", who, "begrunnelse=Retur&"+newAddress)
	if to := rec.Header().Get("Location"); rec.Code != http.StatusSeeOther || to == path || !strings.HasPrefix(to, "/forsendelser/") {
		t.Fatalf("sent again: %d, to %q", rec.Code, to)
	}
	w.shows(path, who, "Retur", "av deg")
}
