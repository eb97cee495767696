package engine_test

import (
	"strings"
	"testing"

	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
)

// returns has the vendor tell which letters came back, in words of its own.
func returns(c *engine.Config) {
	kinds(c)
	f := &c.Vendors[0].Receipts
	f.Kinds["RETUR"] = receipt.RowReturn
	f.Reasons = map[string]receipt.ReturnReason{"UKJ": receipt.ReturnUnknown, "FLYTT": receipt.ReturnMoved}
}

// TestReturnedMail: why a letter came back stands in its history, once; status and costs stay.
func TestReturnedMail(t *testing.T) {
	t.Parallel()
	s := setup(t, returns)
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
	s.night(t)
	job := s.onlyJob(t).ID
	write := func(name string, rows ...receipt.Row) receipts.Imported {
		t.Helper()
		data, err := receipt.Encode(rows, s.config.Vendors[0].Receipts)
		must(t, err)
		s.put(t, "kvittering", name, data)
		return s.fetch(t).Receipts[0]
	}
	back := receiptRow(job, ids[0], s.clock.now())
	back.Kind, back.Reason, back.Production, back.Postage = receipt.RowReturn, receipt.ReturnUnknown, 0, 0
	stranger := back
	stranger.Shipment = "00000000-0000-4000-8000-000000000000"
	if im := write("k1.csv", receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())); im.Applied != 2 {
		t.Fatalf("receipts: %+v", im)
	}
	if im := write("k2.csv", back, stranger); im.Returned != 1 || im.Unknown != 1 || im.Applied+im.Conflict+im.Corrects != 0 {
		t.Errorf("returns: %+v", im)
	}
	if im := write("k3.csv", stranger, back); im.Returned != 0 || im.Doubles != 1 {
		t.Errorf("again: %+v", im)
	}
	if h := s.history(t, ids[0]); strings.Count(h, shipment.EventReturned) != 1 || !strings.Contains(h, "ukjent, jobb "+job) {
		t.Errorf("history:\n%s", h)
	}
	if h := s.history(t, ids[1]); strings.Contains(h, shipment.EventReturned) {
		t.Errorf("history of the other letter:\n%s", h)
	}
	s.wantStatus(t, ids[0], shipment.StatusPrintet)
	s.wantMoney(t, 3500)
	s.wantJobs(t, "CLOSED")
	moved := back
	moved.Reason = receipt.ReturnMoved
	if im := write("k4.csv", moved); im.Returned != 1 {
		t.Errorf("sent again, and back for another reason: %+v", im)
	}
}

// TestReturnsOfAStoppedFile: a file with returns that was stopped once, and can be read since its profile was mended, is taken
// once, also when it comes again.
func TestReturnsOfAStoppedFile(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t).ID
	var c engine.Config
	c.Vendors = append(c.Vendors, s.config.Vendors[0])
	returns(&c)
	back := receiptRow(job, id, s.clock.now())
	back.Kind, back.Reason, back.Production, back.Postage = receipt.RowReturn, receipt.ReturnMoved, 0, 0
	stranger := back
	stranger.Shipment = "00000000-0000-4000-8000-000000000000"
	data, err := receipt.Encode([]receipt.Row{back, stranger}, c.Vendors[0].Receipts)
	must(t, err)
	take := func() receipts.Imported {
		t.Helper()
		im, err := s.engine.ImportReceipts(s.ctx, "trykk", "k.csv", data)
		must(t, err)
		return im
	}
	if im := take(); len(im.Problems) == 0 {
		t.Fatalf("taken by a profile that does not know returns: %+v", im)
	}
	s.config.Vendors = c.Vendors
	s.restart(t)
	if im := take(); im.Returned != 1 || im.Unknown != 1 {
		t.Errorf("by the mended profile: %+v", im)
	}
	if im := take(); !im.Again || im.Returned != 0 {
		t.Errorf("again: %+v", im)
	}
	if h := s.history(t, id); strings.Count(h, shipment.EventReturned) != 1 {
		t.Errorf("history:\n%s", h)
	}
}
