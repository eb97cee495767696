package accept

import (
	"context"
	"fmt"

	"postgang/engine/shipment"
	"postgang/printjobs"
	"postgang/printjobs/impose"
)

const giroReject = impose.GiroReject

// Letter is a shipment as composing takes it.
func (e *Acceptor) Letter(s shipment.Shipment, p printjobs.Profile) (printjobs.Letter, error) {
	planned, err := e.Place(s, p)
	return printjobs.Letter{PlannedLetter: planned, Cover: e.coverLetter(s), Country: s.Submission.Recipient.ISOCountry(), Open: func(ctx context.Context) (printjobs.Source, error) {
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
