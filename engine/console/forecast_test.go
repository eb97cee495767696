package console

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/prepare"
)

// TestForecast: the overview tells what the next night takes, what stays behind, and what usually comes and has not, each within one's
// accounts.
func TestForecast(t *testing.T) { onBoth(t, testForecast) }

// awaited puts letters into the archive that become due with the night, and others of the Mondays before, so that this Monday's are missed.
func (w *world) awaited() {
	put := func(account string, at time.Time, letters int, change func(s *shipment.Shipment)) {
		w.t.Helper()
		err := w.archive.InTx(w.t.Context(), func(tx store.Tx) error {
			var errs []error
			for range letters {
				s := archivetest.Shipment(1)
				s.ID, s.Account, s.ReceivedAt = uuid.NewString(), account, at
				s.HandIn = s.ID
				change(&s)
				errs = append(errs, tx.InsertShipment(w.t.Context(), s, nil))
			}
			return errors.Join(errs...)
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	refused := func(s *shipment.Shipment) {
		s.Status, s.DueAt, s.DueReason, s.Prepared, s.PreparedKey, s.Facts = shipment.StatusAvvist, time.Time{}, "", shipment.BlobRef{}, "", nil
	}
	monday := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	for week := 1; week <= 8; week++ {
		put(own, monday.AddDate(0, 0, -7*week), 21, refused)
		put(foreign, monday.AddDate(0, 0, -7*week), 34, refused)
	}
	put(own, monday, 1, refused)
	tonight := func(s *shipment.Shipment) {
		s.DueAt = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC) // at 21, as the night
		s.Facts.Pages = []prepare.PageFacts{{Page: 1}, {Page: 2}}
	}
	put(own, archivetest.T0.AddDate(0, 0, -2), 3, tonight)
	put(foreign, archivetest.T0.AddDate(0, 0, -2), 5, tonight)
	put(own, archivetest.T0.AddDate(0, 0, -2), 7, func(s *shipment.Shipment) { tonight(s); s.DueAt = s.DueAt.Add(time.Millisecond) })
	put(own, archivetest.T0.AddDate(0, 0, -2), 2, func(s *shipment.Shipment) { tonight(s); s.Hold = shipment.HoldRejected })
}

func testForecast(t *testing.T, w *world) {
	w.awaited()
	see := func(who *http.Cookie) string {
		t.Helper()
		rec := w.ask("GET", "/", who, "")
		if rec.Code != http.StatusOK {
			t.Fatalf("the overview answers %d", rec.Code)
		}
		return strings.Join(strings.Fields(rec.Body.String()), " ")
	}
	reader := see(w.as("leser", access.Grant{Role: access.RoleReader, Account: own}))
	all := see(w.as("operator", access.Grant{Role: access.RoleOperator}))
	for _, want := range []string{
		"Prognose for neste nattkjøring", "23.11.2026", "kl. 21.00", "<strong>3 brev</strong> går på papir hvis ingen leser dem før da, på 9 ark.",
		`<a href="/forsendelser?satt_til_side=trykkeri-avvist">2</a>`,
		"Pleier å komme, men har ikke kommet", "rundt 21 brev på mandager", "kl. 09.00", `<a href="/forsendelser?fra=2026-11-23&amp;konto=skole">1</a>`,
	} {
		if !strings.Contains(reader, want) {
			t.Errorf("the reader does not see %s", want)
		}
	}
	for _, no := range []string{"Helsekontoret", "34 brev", "<strong>8 brev"} {
		if strings.Contains(reader, no) {
			t.Errorf("the reader sees %s", no)
		}
	}
	for _, want := range []string{"<strong>8 brev</strong> går på papir hvis ingen leser dem før da, på 24 ark.", "rundt 21 brev på mandager", "rundt 34 brev på mandager", "Helsekontoret"} {
		if !strings.Contains(all, want) {
			t.Errorf("the operator does not see %s", want)
		}
	}
}
