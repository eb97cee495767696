package accept

import (
	"context"
	"fmt"

	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/printjobs"
	"postgang/printjobs/impose"
)

const giroReject = impose.GiroReject

// Letter is a shipment as composing for a vendor takes it, with the forside that was decided when it was prepared.
func (e *Acceptor) Letter(ctx context.Context, s shipment.Shipment, v party.Vendor, terms *step.Terms) (printjobs.Letter, error) {
	planned, err := e.Place(s, v.Profile)
	if err != nil {
		return printjobs.Letter{}, err
	}
	account, ok := terms.Letter(s)
	if !ok {
		return printjobs.Letter{}, fmt.Errorf("shipment %s: account %q is not configured any more", s.ID, s.Account)
	}
	maker, err := e.Maker(ctx, account, v.Key)
	return printjobs.Letter{PlannedLetter: planned, Cover: e.coverLetter(s), Maker: maker, Country: s.Submission.Recipient.ISOCountry(), Open: func(ctx context.Context) (printjobs.Source, error) {
		return e.OpenPrepared(ctx, s.Prepared)
	}}, err
}

// Place lays one letter on sheets, as it was when its job was planned.
func (e *Acceptor) Place(s shipment.Shipment, p printjobs.Profile) (printjobs.PlannedLetter, error) {
	if s.Facts == nil {
		return printjobs.PlannedLetter{}, fmt.Errorf("shipment %s is not prepared", s.ID)
	}
	jobs, aside, err := printjobs.Plan([]printjobs.Candidate{e.Candidate(s)}, p)
	switch {
	case err != nil:
		return printjobs.PlannedLetter{}, err
	case len(aside) > 0:
		return printjobs.PlannedLetter{}, fmt.Errorf("shipment %s cannot be laid on sheets any more: %s: %w", s.ID, aside[0].Code, printjobs.ErrStalePlan)
	}
	return jobs[0].Letters[0], nil
}
