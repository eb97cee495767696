package engine_test

import (
	"testing"

	"postgang/billing/civil"
	"postgang/billing/price"
	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// kinds has the vendor tell corrections and reversals from receipts.
func kinds(c *engine.Config) {
	c.Vendors[0].Receipts = kindsFormat()
}

func kindsFormat() receipt.Format {
	f := receipt.DefaultFormat()
	f.Kinds = map[string]receipt.RowKind{"POST": receipt.RowProduced, "RETT": receipt.RowCorrection, "KRED": receipt.RowReversal}
	return f
}

func (s *stage) receiptsOfKinds(t *testing.T, name string, rows ...receipt.Row) receipts.Imported {
	t.Helper()
	data, err := receipt.Encode(rows, kindsFormat())
	must(t, err)
	s.put(t, exchange.DefaultReceipts, name, data)
	return s.fetch(t).Receipts[0]
}

// TestCorrections: the vendor corrects a receipt, corrects it once more and takes it back; each is in force from then on, and
// what was said before changes nothing when it comes again.
func TestCorrections(t *testing.T) {
	t.Parallel()
	s := setup(t, kinds)
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
	s.night(t)
	job := s.onlyJob(t).ID
	s.answer(t, s.acceptance(t, job))
	s.fetch(t)
	first, other := receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())
	if im := s.receiptsOfKinds(t, "k1.csv", first, other); im.Applied != 2 || im.Booked != 3500 {
		t.Fatalf("receipts: %+v", im)
	}
	s.wantJobs(t, "CLOSED")

	second := first
	second.Kind, second.Postage = receipt.RowCorrection, 1200
	if im := s.receiptsOfKinds(t, "k2.csv", second); im.Corrects != 1 || im.Applied != 0 || im.Conflict != 0 || im.Booked != -300 {
		t.Errorf("correction: %+v", im)
	}
	s.wantMoney(t, 3200)
	third := second
	third.Production = 275
	s.receiptsOfKinds(t, "k3.csv", third)
	s.wantMoney(t, 3225)
	// All of it once more, in other files: the last word stands.
	for i, old := range []receipt.Row{first, second, third} {
		if im := s.receiptsOfKinds(t, string(rune('p'+i))+".csv", other, old); im.Doubles != 2 || im.Corrects+im.Applied+im.Conflict != 0 {
			t.Errorf("%d again: %+v", i, im)
		}
	}
	s.wantMoney(t, 3225)

	back := first
	back.Kind = receipt.RowReversal
	if im := s.receiptsOfKinds(t, "k4.csv", back); im.Corrects != 1 || im.Booked != -1475 {
		t.Errorf("reversal: %+v", im)
	}
	s.wantMoney(t, 1750)
	s.wantStatus(t, ids[0], shipment.StatusPrintet) // it was posted all the same
	if n := len(view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
		return r.Receipts(s.ctx, store.ReceiptFilter{Job: job, Shipment: ids[0]})
	})); n != 7 {
		t.Errorf("%d receipts of the letter are kept, want 7", n)
	}
	s.wantAlarms(t)
	s.watch(t)
	s.wantAlarms(t) // no conflict that a person must decide
}

// TestReversalOfNothing is kept and told; the letter is still waited for.
func TestReversalOfNothing(t *testing.T) {
	t.Parallel()
	s := setup(t, kinds)
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t).ID
	row := receiptRow(job, id, s.clock.now())
	row.Kind = receipt.RowReversal
	if im := s.receiptsOfKinds(t, "k1.csv", row); im.Unknown != 1 || im.Corrects != 0 || im.Booked != 0 {
		t.Errorf("reversal: %+v", im)
	}
	s.wantStatus(t, id, shipment.StatusSendtPrint)
	s.wantJobs(t, "OFFERED")
	if d := s.deviations(t); d != "UKJENT" {
		t.Errorf("deviations: %s", d)
	}
	// A correction that comes before what it corrects is the receipt; what it corrects is for a person then.
	row.Kind = receipt.RowCorrection
	if im := s.receiptsOfKinds(t, "k2.csv", row); im.Applied != 1 {
		t.Errorf("correction: %+v", im)
	}
	row.Kind = ""
	if im := s.receiptsOfKinds(t, "k3.csv", row); im.Doubles != 1 {
		t.Errorf("original that says the same: %+v", im)
	}
	row.Postage = 1
	if im := s.receiptsOfKinds(t, "k4.csv", row); im.Conflict != 1 {
		t.Errorf("original: %+v", im)
	}
	s.wantMoney(t, 1750)
}

// TestCorrectionIsAllOrNothing: a process that dies while it books leaves the ledger as it was.
func TestCorrectionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := setup(t, kinds)
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t).ID
	row := receiptRow(job, id, s.clock.now())
	s.receiptsOfKinds(t, "k1.csv", row)
	row.Kind, row.Postage = receipt.RowCorrection, 100
	for _, step := range []string{"receipts: archived", "receipts: applied"} {
		s.dieAt(step, 1)
		if !s.survive(t, func() { s.receiptsOfKinds(t, "k2.csv", row) }) {
			t.Fatal("the process did not die")
		}
		s.restart(t)
		if step == "receipts: archived" {
			s.wantMoney(t, 1750)
		}
	}
	s.fetch(t)
	s.wantMoney(t, 350)
}

// TestCorrectionIsReconciled: a correction is held against what was sent and against the price list, as a receipt is.
func TestCorrectionIsReconciled(t *testing.T) {
	t.Parallel()
	from := civil.Date("2026-01-01")
	list, err := price.NewList([]price.Price{
		{Element: price.ElementStart, Envelope: price.EnvelopeC5, Handling: price.HandlingAuto, Price: 200, ValidFrom: from},
		{Element: price.ElementExtraSheet, Handling: price.HandlingAuto, Price: 50, ValidFrom: from},
		{Element: price.ElementPage, Colour: price.ColourBW, ValidFrom: from},
		{Element: price.ElementPostage, Zone: "NORGE", MaxGram: 50, Price: 1500, ValidFrom: from},
	})
	must(t, err)
	s := setup(t, kinds, func(c *engine.Config) { c.Vendors[0].Prices = &list })
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	row := receiptRow(s.onlyJob(t).ID, id, s.clock.now())
	s.receiptsOfKinds(t, "k1.csv", row)
	if d := s.deviations(t); d != "" {
		t.Fatalf("deviations of the right price: %s", d)
	}
	row.Kind, row.Postage, row.PagesBW = receipt.RowCorrection, 1600, 3
	s.receiptsOfKinds(t, "k2.csv", row)
	if d := s.deviations(t); d != "PORTO SIDER" {
		t.Errorf("deviations: %s", d)
	}
}
