package finance

import (
	"cmp"
	"slices"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/engine/accept"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
)

// advisor adds up what letters would have cost had they been made otherwise.
type advisor struct {
	e       *Finance
	terms   *step.Terms
	rows    map[adviceKey]*figures.AdviceRow
	handIns map[handIn]map[printedAs]int // letters
}

func newAdvisor(e *Finance, terms *step.Terms) *advisor {
	return &advisor{e, terms, map[adviceKey]*figures.AdviceRow{}, map[handIn]map[printedAs]int{}}
}

type adviceKey struct {
	kind          figures.AdviceKind
	account, code string
	all           bool
}

// handIn are the letters that could have been handed in to the post together.
type handIn struct {
	account, zone string
	day           civil.Date
}

type printedAs struct {
	envelope string
	gram     int
}

// letter looks at a posted letter: every change is laid on sheets and priced as it would be, by the profile and price list of
// today. Letters without a price list, or that cannot be laid so, have no advice.
func (a *advisor) letter(s store.ReportShipment) {
	v := a.terms.VendorAt(s.Account, s.PostedAt)
	if s.Facts == nil || s.PostedAt.IsZero() || v.Prices == nil || s.Job == "" {
		return
	}
	// The submission is not read for reports: what was printed tells how it was asked for.
	c := printjobs.Candidate{
		Shipment: s.ID, Account: s.Account, Konteringskode: s.Submission.Konteringskode, Postcode: "0000", Zone: s.Zone, Facts: *s.Facts,
		Duplex: s.Letter.Pages > s.Letter.Sheets, Colour: s.Letter.PagesColour > 0,
	}
	day := civil.Of(s.PostedAt, calendar.Oslo)
	coverInColour := 0 // of a letter in colour; printed in black, its cover is black too
	cost := func(c printjobs.Candidate) (price.Quote, printjobs.PlannedLetter, bool) {
		jobs, aside, err := printjobs.Plan([]printjobs.Candidate{c}, v.Profile)
		if err != nil || len(aside) > 0 {
			return price.Quote{}, printjobs.PlannedLetter{}, false
		}
		l := jobs[0].Letters[0]
		row := accept.PlannedRow(l)
		if l.Figures.Colour {
			row.PagesColour, row.PagesBW = row.PagesColour+coverInColour, row.PagesBW-coverInColour
		}
		q, err := v.Prices.Quote(a.e.accept.PricedLetter(s.Account, s.Zone, row, v), day)
		return q, l, err == nil
	}
	_, letter, ok := cost(c)
	if !ok {
		return
	}
	// Planning counts the pages of the documents, since a cover's colour is known when it is made.
	if letter.Figures.Colour {
		coverInColour = min(1, max(0, s.Letter.PagesColour-letter.PagesColour))
	}
	was, _, _ := cost(c)
	h := handIn{s.Account, s.Zone, day}
	if a.handIns[h] == nil {
		a.handIns[h] = map[printedAs]int{}
	}
	row := accept.PlannedRow(letter)
	a.handIns[h][printedAs{row.Envelope, row.WeightGram}]++
	saved := func(kind figures.AdviceKind, other printjobs.Candidate, counts func(price.Quote, printjobs.PlannedLetter) bool) {
		q, l, ok := cost(other)
		if !ok || q.Net() >= was.Net() || counts != nil && !counts(q, l) {
			return
		}
		a.add(adviceKey{kind, s.Account, shipment.ShownCode(s.Submission.Konteringskode), false}, 1, letter.Sheets-l.Sheets, was.Net()-q.Net())
	}
	if !c.Duplex && len(c.Facts.Pages) > 1 {
		other := c
		other.Duplex = true
		saved(figures.AdviceDuplex, other, nil)
	}
	if len(c.Facts.BlankPages()) > 0 {
		if other, ok := without(c, func(i int) bool { return c.Facts.Pages[i].Blank }); ok {
			saved(figures.AdviceBlank, other, nil)
		}
	}
	if c.Colour {
		other := c
		other.Colour = false
		saved(figures.AdviceColour, other, nil)
		if other, ok := withoutGrey(c); ok {
			saved(figures.AdviceGrey, other, nil)
		}
	}
	// A sheet less: the last pages, until there is one less. It counts where the envelope, the handling or the postage changes.
	for n := 1; n <= 2 && n < len(c.Facts.Pages); n++ {
		other, ok := without(c, func(i int) bool { return i >= len(c.Facts.Pages)-n })
		if !ok {
			break
		}
		_, l, ok := cost(other)
		if !ok || l.Sheets >= letter.Sheets {
			continue
		}
		saved(figures.AdviceSheet, other, func(q price.Quote, l printjobs.PlannedLetter) bool {
			return l.Envelope != letter.Envelope || l.Manual != letter.Manual || q.Postage != was.Postage
		})
		break
	}
}

func (a *advisor) add(k adviceKey, letters, sheets int, net money.Ore) {
	r := a.rows[k]
	if r == nil {
		r = &figures.AdviceRow{Kind: k.kind, Account: k.account, Konteringskode: k.code, AllCodes: k.all}
		a.rows[k] = r
	}
	r.Letters += letters
	r.Sheets += sheets
	r.Net += net
}

// postage holds each hand-in against the schemes for many letters that the price list has, and takes the cheapest.
func (a *advisor) postage() {
	for h, counts := range a.handIns {
		var letters []price.PostageLetters
		for as, n := range counts {
			letters = append(letters, price.PostageLetters{Envelope: as.envelope, WeightGram: as.gram, Letters: n})
		}
		p, err := a.terms.VendorAt(h.account, h.day.In(calendar.Oslo)).Prices.PlanPostage(h.account, h.zone, h.day, letters)
		switch {
		case err != nil: // no price for a letter by itself: none was expected of it either
		case p.HasMixed && p.Mixed < min(p.Single, p.Identical):
			a.add(adviceKey{figures.AdviceMixed, h.account, "", true}, p.Letters, 0, p.Single-p.Mixed)
		case p.Bulk > 0 && p.Identical < p.Single:
			a.add(adviceKey{figures.AdviceIdentical, h.account, "", true}, p.Bulk, 0, p.Single-p.Identical)
		}
	}
}

// withoutGrey is a letter whose pages that are nearly grey are printed in black; false when there are none.
func withoutGrey(c printjobs.Candidate) (printjobs.Candidate, bool) {
	f, changed := c.Facts, false
	f.Pages = slices.Clone(f.Pages)
	c.Colour = false
	for i := range f.Pages {
		p := &f.Pages[i]
		changed = changed || p.NearGrey
		p.Colour = p.Colour && !p.NearGrey
		c.Colour = c.Colour || p.Colour
	}
	c.Facts = f
	return c, changed
}

// without is a letter without some of its pages, by their place from 0; false when none is left of it, or no document may lose
// pages because a giro is in it.
func without(c printjobs.Candidate, drop func(i int) bool) (printjobs.Candidate, bool) {
	f := c.Facts
	f.Pages, f.DocumentPages = nil, slices.Clone(c.Facts.DocumentPages)
	page := map[int]int{}
	for i, p := range c.Facts.Pages {
		if drop(i) {
			if p.Giro {
				return c, false
			}
			f.DocumentPages[p.Document]--
			continue
		}
		page[p.Document]++
		p.Page = page[p.Document]
		f.Pages = append(f.Pages, p)
	}
	if len(f.Pages) == 0 {
		return c, false
	}
	// Documents that have no pages left are not there.
	place := map[int]int{}
	var kept []int
	for d, n := range f.DocumentPages {
		if n > 0 {
			place[d] = len(kept)
			kept = append(kept, n)
		}
	}
	for i := range f.Pages {
		f.Pages[i].Document = place[f.Pages[i].Document]
	}
	f.DocumentPages = kept
	c.Facts = f
	return c, true
}

// list gives the advice, the dearest first.
func (a *advisor) list() []figures.AdviceRow {
	a.postage()
	var out []figures.AdviceRow
	for _, r := range a.rows {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(x, y figures.AdviceRow) int {
		return cmp.Or(cmp.Compare(y.Net, x.Net), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Account, y.Account), cmp.Compare(x.Konteringskode, y.Konteringskode))
	})
	return out
}
