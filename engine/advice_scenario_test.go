package engine_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"
	"time"

	"postgang/billing/figures"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
)

// TestAdvice: what letters would have cost less is the price of the letter as it would have been.
func TestAdvice(t *testing.T) {
	t.Parallel()
	prices := letterPrices(t).Prices() // a page 20 øre, a sheet 10, postage 800 up to 100 g
	prices = append(prices, price.Price{Element: price.ElementPostage, Zone: price.ZoneNorway, MaxGram: 20, Price: 700, ValidFrom: "2026-01-01"})
	list, err := price.NewList(prices)
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
	s.posted(t)
	at := s.clock.now()
	if st := s.shipment(t, ids[0]).Status; st != shipment.StatusPrintet {
		t.Fatalf("the letter is %s", st)
	}
	got := map[figures.AdviceKind]figures.AdviceRow{}
	r := s.report(t, at.Format("2006-01"))
	for _, a := range r.Advice {
		got[a.Kind] = a
	}
	// Simplex, 4 pages: 5 sheets of 4 pages and the cover, 32 g; duplex 3 sheets, 22 g. Both above 20 g: two sheets less.
	if d := got[figures.AdviceDuplex]; d.Letters != 1 || d.Sheets != 2 || d.Net != 20 {
		t.Errorf("both sides: %+v", d)
	}
	// Duplex, 3 pages: without the last, 2 sheets, 17 g: a page 20, a sheet 10 and postage 100 less.
	if d := got[figures.AdviceSheet]; d.Letters != 1 || d.Sheets != 1 || d.Net != 130 {
		t.Errorf("one sheet less: %+v", d)
	}
	if len(got) != 2 {
		t.Errorf("advice: %+v", r.Advice)
	}
}

// posted hands the waiting letters over and has receipts of all of them come.
func (s *stage) posted(t *testing.T) {
	t.Helper()
	s.night(t)
	var rows []receipt.Row
	for _, j := range s.jobs(t) {
		for _, l := range s.letters(t, j.ID) {
			rows = append(rows, receiptRow(j.ID, l.Shipment, s.clock.now()))
		}
	}
	s.receipts(t, "k1.csv", rows...)
	s.fetch(t)
}

// TestAdviceOnColour: a page whose colour is hardly seen is told from one that needs it.
func TestAdviceOnColour(t *testing.T) {
	t.Parallel()
	list, err := price.NewList(append(letterPrices(t).Prices(),
		price.Price{Element: price.ElementPage, Colour: price.ColourFull, Price: 150, ValidFrom: "2026-01-01"}))
	must(t, err)
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = &list })
	colour := newLetter("A").with("utskriftskonfigurasjon", map[string]any{"tosidig": true, "utskriftMedFarger": true})
	s.accepted(t, "skifer", colour, file("brev.pdf", pdfIn(".40 .42 .46 rg", 1, 2)))
	s.accepted(t, "rod", colour, file("brev.pdf", pdfIn("1 0 0 rg", 2, 1)))
	s.posted(t)
	got := map[figures.AdviceKind]figures.AdviceRow{}
	for _, a := range s.report(t, s.clock.now().Format("2006-01")).Advice {
		got[a.Kind] = a
	}
	if c := got[figures.AdviceColour]; c.Letters != 2 || c.Net != 3*130 {
		t.Errorf("in black: %+v", c)
	}
	if g := got[figures.AdviceGrey]; g.Letters != 1 || g.Net != 2*130 {
		t.Errorf("nearly grey: %+v", g)
	}
}

// TestAdviceOnPostage: letters of a sender and a day are held against the prices for many at once, and the cheapest is told.
func TestAdviceOnPostage(t *testing.T) {
	t.Parallel()
	bulk := func(scheme string, cost money.Ore) price.Price {
		p := price.Price{Element: price.ElementPostage, Zone: price.ZoneNorway, Scheme: scheme, MaxGram: 100, MinLetters: 3, Price: cost, ValidFrom: "2026-01-01"}
		if scheme == price.SchemeIdentical {
			p.Envelope, p.WindowGram = price.EnvelopeC5, 30
		}
		return p
	}
	for name, c := range map[string]struct {
		prices  []price.Price
		letters int
		kind    figures.AdviceKind // empty: none
		net     money.Ore
	}{
		"identical":               {[]price.Price{bulk(price.SchemeIdentical, 600), bulk(price.SchemeMixed, 700)}, 4, figures.AdviceIdentical, 4 * 200},
		"mixed":                   {[]price.Price{bulk(price.SchemeIdentical, 700), bulk(price.SchemeMixed, 650)}, 4, figures.AdviceMixed, 4 * 150},
		"below the least, saving": {[]price.Price{bulk(price.SchemeMixed, 500)}, 2, figures.AdviceMixed, 2*800 - 3*500},
		"below the least":         {[]price.Price{bulk(price.SchemeMixed, 600)}, 2, "", 0},
		"no such prices":          {nil, 4, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := price.NewList(append(letterPrices(t).Prices(), c.prices...))
			must(t, err)
			s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = &list })
			for i := range c.letters {
				s.accepted(t, fmt.Sprint("brev-", i), newLetter("A"), file("brev.pdf", pdf(i, 1)))
			}
			s.posted(t)
			var got []figures.AdviceRow
			for _, a := range s.report(t, s.clock.now().Format("2006-01")).Advice {
				if a.Kind == figures.AdviceIdentical || a.Kind == figures.AdviceMixed {
					got = append(got, a)
				}
			}
			switch {
			case c.kind == "" && len(got) > 0:
				t.Errorf("advice: %+v", got)
			case c.kind != "" && (len(got) != 1 || got[0].Kind != c.kind || got[0].Net != c.net || got[0].Letters != c.letters || !got[0].AllCodes):
				t.Errorf("advice: %+v, want %s and %d øre", got, c.kind, c.net)
			}
		})
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
	re := s.reprint(t, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: first, To: first}}, Reason: "revet"})
	s.work(t)
	s.clock.add(time.Hour)
	s.receiptsOfKinds(t, "k2.csv", receiptRow(re.Jobs[0], ids[0], s.clock.now()))
	r := s.report(t, at.Format("2006-01"))
	each := receiptRow(job, ids[0], at).Net()
	for _, w := range r.Waste {
		letters, net := 0, money.Ore(0)
		switch w.Kind {
		case figures.WasteReprint:
			letters, net = 1, each
		case figures.WasteReadAfter:
			letters, net = 1, r.Money.Per()
		default: // nothing of the other kinds has happened
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
	list, err := price.NewList(append(letterPrices(t).Prices(),
		price.Price{Element: price.ElementDigital, MaxKB: 1000, Kroner: 7_700, ValidFrom: "2026-01-01"},
		price.Price{Element: price.ElementTransport, Kroner: 1_600, ValidFrom: "2026-01-01"}))
	must(t, err)
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices = &list })
	read := s.accepted(t, "lest", newLetter("A").digital())
	s.accepted(t, "venter", newLetter("B").digital())
	s.event(t, read, shipment.DigitalNotified)
	s.read(t, read)
	r := s.report(t, s.clock.now().Format("2006-01"))
	if c := r.Actual.DigitalUnitCost; !c.Set || c.Value != 9_300 || c.Source != figures.SourceActual {
		t.Errorf("a digital message costs %+v", c)
	}
	if r.CostBenefitActual == nil || r.CostBenefitActual.YearDigital == 0 {
		t.Errorf("the model does not have it: %+v", r.CostBenefitActual)
	}
}

// TestAdviceOnColourWithCover: a cover in colour is black in a letter that is printed in black, and is saved with it.
func TestAdviceOnColourWithCover(t *testing.T) {
	t.Parallel()
	var logo bytes.Buffer
	picture := image.NewRGBA(image.Rect(0, 0, 8, 8))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(color.RGBA{200, 0, 0, 255}), image.Point{}, draw.Src)
	must(t, png.Encode(&logo, picture))
	list, err := price.NewList(append(letterPrices(t).Prices(),
		price.Price{Element: price.ElementPage, Colour: price.ColourFull, Price: 150, ValidFrom: "2026-01-01"}))
	must(t, err)
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices, c.Accounts[0].Sender.Logo = &list, logo.Bytes() })
	colour := newLetter("A").with("utskriftskonfigurasjon", map[string]any{"tosidig": true, "utskriftMedFarger": true})
	s.accepted(t, "rod", colour, file("brev.pdf", pdfIn("1 0 0 rg", 2, 1)))
	s.posted(t)
	if l := s.letters(t, s.onlyJob(t).ID)[0]; l.PagesColour != 2 {
		t.Fatalf("%d pages in colour, with the cover", l.PagesColour)
	}
	r := s.report(t, s.clock.now().Format("2006-01"))
	if len(r.Advice) != 1 || r.Advice[0].Kind != figures.AdviceColour || r.Advice[0].Net != 2*130 {
		t.Errorf("advice: %+v", r.Advice)
	}
}
