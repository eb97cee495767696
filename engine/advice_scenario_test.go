package engine_test

import (
	"testing"
	"time"

	"postgang/billing"
	"postgang/engine"
)

// TestAdvice: what letters would have cost less is the price of the letter as it would have been.
func TestAdvice(t *testing.T) {
	t.Parallel()
	prices := letterPrices(t).Prices() // a page 20 øre, a sheet 10, postage 800 up to 100 g
	prices = append(prices, billing.Price{Element: billing.ElementPostage, Zone: billing.ZoneNorway, MaxGram: 20, Price: 700, ValidFrom: "2026-01-01"})
	list, err := billing.NewPriceList(prices)
	must(t, err)
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = &list })
	print := func(duplex bool) letter {
		return newLetter("A").with("utskriftskonfigurasjon", map[string]any{"tosidig": duplex})
	}
	ids := []string{
		s.accepted(t, "fire", print(false), file("brev.pdf", pdf(1, 4))), // 5 sheets; on both sides 3
		s.accepted(t, "to", print(true), file("brev.pdf", pdf(2, 3))),    // cover and 2 sheets, 22 g: one less is 17 g
		s.accepted(t, "en", print(true), file("brev.pdf", pdf(3, 1))),    // nothing to be saved
	}
	s.night(t)
	at := s.clock.now()
	var rows []billing.ReceiptRow
	for _, j := range s.jobs(t) {
		for _, l := range s.letters(t, j.ID) {
			rows = append(rows, receiptRow(j.ID, l.Shipment, at))
		}
	}
	s.receipts(t, "k1.csv", rows...)
	s.fetch(t)
	if st := s.shipment(t, ids[0]).Status; st != engine.StatusPrintet {
		t.Fatalf("the letter is %s", st)
	}
	got := map[billing.AdviceKind]billing.AdviceRow{}
	r := s.report(t, at.Format("2006-01"))
	for _, a := range r.Advice {
		got[a.Kind] = a
	}
	// Simplex, 4 pages: 5 sheets of 4 pages and the cover, 32 g; duplex 3 sheets, 22 g. Both above 20 g: two sheets less.
	if d := got[billing.AdviceDuplex]; d.Letters != 1 || d.Sheets != 2 || d.Net != 20 {
		t.Errorf("both sides: %+v", d)
	}
	// Duplex, 3 pages: without the last, 2 sheets, 17 g: a page 20, a sheet 10 and postage 100 less.
	if d := got[billing.AdviceSheet]; d.Letters != 1 || d.Sheets != 1 || d.Net != 130 {
		t.Errorf("one sheet less: %+v", d)
	}
	if len(got) != 2 {
		t.Errorf("advice: %+v", r.Advice)
	}
}

// TestWaste: what was printed in vain is counted by its cause.
func TestWaste(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 3, kinds)
	at := s.clock.now()
	s.receiptsOfKinds(t, "k1.csv", receiptRow(job, ids[0], at), receiptRow(job, ids[1], at), receiptRow(job, ids[2], at))
	s.read(t, ids[1])
	first := 0
	for _, l := range s.letters(t, job) {
		if l.Shipment == ids[0] {
			first = l.Letter
		}
	}
	re := s.reprint(t, engine.ReprintOrder{Job: job, Letters: []engine.Range{{From: first, To: first}}, Reason: "revet"})
	s.work(t)
	s.clock.add(time.Hour)
	s.receiptsOfKinds(t, "k2.csv", receiptRow(re.Jobs[0], ids[0], s.clock.now()))
	r := s.report(t, at.Format("2006-01"))
	each := receiptRow(job, ids[0], at).Net()
	for _, w := range r.Waste {
		letters, net := 0, billing.Ore(0)
		switch w.Kind {
		case billing.WasteReprint:
			letters, net = 1, each
		case billing.WasteReadAfter:
			letters, net = 1, r.Money.Per()
		}
		if w.Letters != letters || w.Net != net {
			t.Errorf("%s: %d letters of kr %s, want %d of kr %s", w.Kind, w.Letters, w.Net, letters, net)
		}
	}
	if r.Money.Letters != 3 || r.Money.Net != 4*each {
		t.Errorf("the reprint counts as a letter, or costs nothing: %+v", r.Money)
	}
}

// TestDigitalCost: what digital messages cost by the price list takes the place of the assumption in the model.
func TestDigitalCost(t *testing.T) {
	t.Parallel()
	list, err := billing.NewPriceList(append(letterPrices(t).Prices(),
		billing.Price{Element: billing.ElementDigital, MaxKB: 1000, Kroner: 7_700, ValidFrom: "2026-01-01"},
		billing.Price{Element: billing.ElementTransport, Kroner: 1_600, ValidFrom: "2026-01-01"}))
	must(t, err)
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = &list })
	read := s.accepted(t, "lest", newLetter("A").digital())
	s.accepted(t, "venter", newLetter("B").digital())
	s.event(t, read, engine.DigitalNotified)
	s.read(t, read)
	r := s.report(t, s.clock.now().Format("2006-01"))
	if c := r.Actual.DigitalUnitCost; !c.Set || c.Value != 9_300 || c.Source != billing.SourceActual {
		t.Errorf("a digital message costs %+v", c)
	}
	if r.CostBenefitActual == nil || r.CostBenefitActual.YearDigital == 0 {
		t.Errorf("the model does not have it: %+v", r.CostBenefitActual)
	}
}
