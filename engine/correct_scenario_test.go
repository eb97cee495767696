package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/receipt"
	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
)

// TestAddressIsCorrected: a letter that is not printed gets another address by a person, held to a hand-in's rules; one in a print job
// or printed does not.
func TestAddressIsCorrected(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	kari := access.As(s.ctx, access.Actor{Kind: access.CommandLine, ID: "kari"})
	good := shipment.PostalAddress{Name: "Kari En", Line1: "Nygata 2", Postcode: "5003", City: "BERGEN"}

	var bad *accept.AddressError
	empty := shipment.PostalAddress{Name: "Kari En"}
	if err := s.engine.CorrectAddress(kari, id, empty, "flyttet"); !errors.As(err, &bad) || len(bad.Refusals) == 0 {
		t.Errorf("an address without place: %v", err)
	}
	foreign := good
	foreign.Name, foreign.Line1 = "王 小明", "Nygata 2 王"
	if err := s.engine.CorrectAddress(kari, id, foreign, "flyttet"); !errors.As(err, &bad) || shipment.RefusalCodes(bad.Refusals) != "forside-tegn forside-tegn" ||
		bad.Refusals[0].Field != "mottaker.navn" || bad.Refusals[len(bad.Refusals)-1].Field != "mottaker.adresselinje1" {
		t.Errorf("an address that the forside cannot show: %v", err)
	}
	wide := good
	wide.Line1, wide.Line2, wide.Line3 = shipment.Private(strings.Repeat("W", 70)), shipment.Private(strings.Repeat("W", 70)), shipment.Private(strings.Repeat("W", 70))
	if err := s.engine.CorrectAddress(kari, id, wide, "flyttet"); !errors.As(err, &bad) || len(bad.Refusals) == 0 {
		t.Errorf("an address wider than the window: %v", err)
	}
	if err := s.engine.CorrectAddress(kari, id, good, " "); err == nil {
		t.Error("corrected without a reason")
	}
	if got := s.shipment(t, id).Submission.Recipient; got.Line1 != "Storgata 1" {
		t.Errorf("a refused address was taken: %+v", got.Line1.Reveal())
	}
	must(t, s.engine.CorrectAddress(kari, id, good, "ny adresse fra mottaker"))
	after := s.shipment(t, id)
	if r := after.Submission.Recipient; r.Line1 != "Nygata 2" || r.Postcode != "5003" {
		t.Errorf("the address is %s, %s", r.Line1.Reveal(), r.Postcode)
	}
	h := s.history(t, id)
	if !strings.Contains(h, shipment.EventReaddressed) || !strings.Contains(h, "ny adresse fra mottaker") || strings.Contains(h, "Nygata") {
		t.Errorf("history:\n%s", h)
	}

	s.collect(t)
	if err := s.engine.CorrectAddress(kari, id, good, "igjen"); !errors.Is(err, accept.ErrOnItsWay) {
		t.Errorf("in a print job: %v", err)
	}
	s.night(t)
	s.wantAtVendor(t, id)
	if err := s.engine.CorrectAddress(kari, id, good, "igjen"); !errors.Is(err, accept.ErrNotForPaper) {
		t.Errorf("printed: %v", err)
	}
	// The same hand-in as before is still the same.
	if again := s.handIn(t, konto, "a", newLetter("En")); again != id {
		t.Errorf("the hand-in is another one now: %s", again)
	}
	s.nothingPrivate(t)
}

// TestSentAgain: a letter that came back is sent once more to another address, once, and both histories say so.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 1)
	id := ids[0]
	on := civil.Of(s.clock.now(), calendar.Oslo)
	if err := s.engine.NoteReturned(s.ctx, id, receipt.ReturnMoved, on[:8]+"01"); err == nil {
		t.Error("noted as returned on a day before it was handed over")
	}
	if _, err := s.engine.SendAgain(s.ctx, id, nil, "flyttet"); !errors.Is(err, accept.ErrNotOver) {
		t.Errorf("sent again while it is with the vendor: %v", err)
	}
	s.receipts(t, "k1.csv", receiptRow(job, id, s.clock.now()))
	s.fetch(t)
	must(t, s.engine.NoteReturned(s.ctx, id, receipt.ReturnMoved, on))
	if err := s.engine.NoteReturned(s.ctx, id, receipt.ReturnMoved, on); !errors.Is(err, receipts.ErrReturned) {
		t.Errorf("noted twice: %v", err)
	}
	if err := s.engine.NoteReturned(s.ctx, id, receipt.ReturnMoved, civil.Of(s.clock.now().Add(48*time.Hour), calendar.Oslo)); err == nil {
		t.Error("noted as returned on a day to come")
	}

	to := shipment.PostalAddress{Name: "Kari En", Line1: "Nygata 2", Postcode: "5003", City: "BERGEN"}
	got, err := s.engine.SendAgain(s.ctx, id, &to, "flyttet til Bergen")
	must(t, err)
	again, err := s.engine.SendAgain(s.ctx, id, &to, "flyttet til Bergen")
	must(t, err)
	if again.ID != got.ID || !again.Already || got.Already || got.ID == id {
		t.Errorf("sent again as %+v, and then %+v", got, again)
	}
	s.work(t)
	next := s.shipment(t, got.ID)
	if next.Status != shipment.StatusAkseptert || next.Submission.Recipient.Line1 != "Nygata 2" || next.Submission.Konteringskode != s.shipment(t, id).Submission.Konteringskode || next.Dialect != string(access.ByHand) {
		t.Errorf("the new shipment is %s by %q: %v", next.Status, next.Dialect, next.Refusals)
	}
	s.night(t)
	s.wantAtVendor(t, id, got.ID)
	if h := s.history(t, id); strings.Count(h, shipment.EventSentAgain) != 1 || !strings.Contains(h, got.ID) {
		t.Errorf("history of the old one:\n%s", h)
	}
	if h := s.history(t, got.ID); strings.Count(h, shipment.EventReplaces) != 1 || !strings.Contains(h, id) {
		t.Errorf("history of the new one:\n%s", h)
	}
	s.wantStatus(t, id, shipment.StatusPrintet)
	s.nothingPrivate(t)
}

// TestPreparedAnew: a letter's print-ready file is made anew by a person, while it is in no print job; one that was not prepared is now.
func TestPreparedAnew(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	kari := access.As(s.ctx, access.Actor{Kind: access.CommandLine, ID: "kari"})
	if err := s.engine.PrepareAnew(kari, id, " "); err == nil {
		t.Error("prepared anew without a reason")
	}
	before := s.shipment(t, id)
	must(t, s.engine.PrepareAnew(kari, id, "logoen er rettet"))
	if after := s.shipment(t, id); after.Status != shipment.StatusAkseptert || after.Prepared.SHA256 != before.Prepared.SHA256 {
		t.Errorf("prepared anew it is %s, and another file than before", after.Status)
	}
	if h := s.history(t, id); !strings.Contains(h, shipment.EventRenewed) || !strings.Contains(h, "logoen er rettet") {
		t.Errorf("history:\n%s", h)
	}
	waits := s.handIn(t, konto, "b", newLetter("To"))
	must(t, s.engine.PrepareAnew(kari, waits, "haster"))
	if got := s.shipment(t, waits).Status; got != shipment.StatusAkseptert {
		t.Errorf("what waited to be prepared is %s", got)
	}
	s.collect(t)
	if err := s.engine.PrepareAnew(kari, id, "igjen"); !errors.Is(err, accept.ErrOnItsWay) {
		t.Errorf("in a print job: %v", err)
	}
	s.night(t)
	s.wantAtVendor(t, id, waits)
	if err := s.engine.PrepareAnew(kari, id, "igjen"); !errors.Is(err, accept.ErrNotForPaper) {
		t.Errorf("printed: %v", err)
	}
}
