package accept

import (
	"context"
	"fmt"

	"postgang/billing/civil"
	"postgang/billing/price"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
)

// Candidate is a shipment as jobs are planned from it.
func (e *Acceptor) Candidate(s shipment.Shipment) printjobs.Candidate {
	return printjobs.Candidate{
		Shipment: s.ID, Account: s.Account, Konteringskode: s.Submission.Konteringskode,
		Postcode: s.Submission.Recipient.Postcode, Zone: s.Zone, Facts: *s.Facts,
		Duplex: s.Submission.Print.Duplex, Colour: s.Submission.Print.Colour,
	}
}

// QuoteRow gives what a letter costs by the price list of its vendor, when it is posted today; or ErrNoPrice.
func (e *Acceptor) QuoteRow(s shipment.Shipment, row store.JobLetter, v party.Vendor) (price.Quote, error) {
	if v.Prices == nil {
		return price.Quote{}, fmt.Errorf("vendor %s has no price list: %w", v.Key, step.ErrNoPrice)
	}
	q, err := v.Prices.Quote(e.PricedLetter(s.Account, s.Zone, row, v), civil.Of(e.Now(), calendar.Oslo))
	if err != nil {
		return q, fmt.Errorf("%w: %w", err, step.ErrNoPrice)
	}
	return q, nil
}

// QuotePlanned is QuoteRow for a letter that is planned, and in no job yet.
func (e *Acceptor) QuotePlanned(l printjobs.PlannedLetter, v party.Vendor) (price.Quote, error) {
	return e.QuoteRow(shipment.Shipment{Account: l.Account, Zone: l.Zone}, PlannedRow(l), v)
}

// PlannedRow is a planned letter as its job has it, before it is placed in one.
func PlannedRow(l printjobs.PlannedLetter) store.JobLetter {
	return store.JobLetter{
		Shipment: l.Shipment, Konteringskode: l.Konteringskode, Sheets: l.Sheets, Pages: l.Pages, PagesBW: l.Pages - l.PagesColour,
		PagesColour: l.PagesColour, GiroSheets: l.GiroSheets, Envelope: string(l.Envelope), WeightGram: int((l.WeightMilligram + 999) / 1000),
	}
}

// Quoted is what a prepared letter would be on paper, and cost when it is posted today.
type Quoted struct {
	Shipment       string
	Account        string
	Konteringskode string
	Vendor         string
	Sheets         int
	Pages          int
	Envelope       string
	WeightGram     int
	Quote          price.Quote
}

// Quote gives what a prepared shipment would cost on paper today. ErrNoPrice when its vendor has no price list, or a price is
// missing; what it would be on paper is given all the same.
func (e *Acceptor) Quote(ctx context.Context, s shipment.Shipment) (Quoted, error) {
	terms, err := e.Terms(ctx)
	if err != nil {
		return Quoted{}, err
	}
	return e.QuoteOn(s, terms)
}

// QuoteOn is Quote by settings that the caller has read.
func (e *Acceptor) QuoteOn(s shipment.Shipment, terms *step.Terms) (Quoted, error) {
	v := terms.Vendor(s.Account)
	if v.Key == "" {
		return Quoted{}, fmt.Errorf("account %s is not configured", s.Account)
	}
	planned, err := e.Place(s, v.Profile)
	if err != nil {
		return Quoted{}, err
	}
	row := PlannedRow(planned)
	q := Quoted{
		Shipment: s.ID, Account: s.Account, Konteringskode: row.Konteringskode, Vendor: v.Key,
		Sheets: row.Sheets, Pages: row.Pages, Envelope: row.Envelope, WeightGram: row.WeightGram,
	}
	q.Quote, err = e.QuoteRow(s, row, v)
	return q, err
}

// PricedLetter is what the price list asks of a letter.
func (e *Acceptor) PricedLetter(account, zone string, l store.JobLetter, v party.Vendor) price.Letter {
	return price.Letter{
		Account: account, PagesBW: l.PagesBW, PagesColour: l.PagesColour, Sheets: l.Sheets, GiroSheets: l.GiroSheets, Envelope: l.Envelope,
		Manual: v.Manual || l.Sheets > v.Profile.Impose.AutoMaxSheets, Zone: zone, WeightGram: l.WeightGram,
	}
}
