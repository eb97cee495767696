package accept

import (
	"context"
	"slices"
	"time"

	"postgang/engine/access"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/printjobs"
)

// parse reads the forsendelse.json of a hand-in. SvarUt's dialects have no field for the language of the forside, so in them it is one
// that is not known.
func parse(h shipment.HandIn) (shipment.Submission, []shipment.Refusal) {
	sub, found := shipment.ParseSubmission(h.JSON)
	if d := access.Dialect(h.Dialect); d == "" || d == access.Folder || d == access.ByHand {
		return sub, found
	}
	unknown := shipment.Refusal{Code: "felt-ukjent", Field: "spraak", Warning: true}
	if sub.Language != "" {
		sub.Language = ""
		found = append(found, unknown)
	}
	for i, r := range found {
		if r.Code == "felt-type" && r.Field == unknown.Field {
			found[i] = unknown
		}
	}
	return sub, found
}

// validate judges a hand-in by the rules of its account, and by what its forside can show: what the fonts lack is found before
// anything is stored, whichever way the hand-in came.
func (e *Acceptor) validate(ctx context.Context, sub shipment.Submission, account party.Account, at time.Time) ([]shipment.Refusal, error) {
	found := sub.Validate(account.Rules, e.Postcodes, at)
	if e.Vendors[account.Vendor].Bars(shipment.Shipment{Submission: sub}) {
		for i, f := range found {
			if f.Code == "niva4-papir" {
				found[i] = shipment.Refusal{Code: "niva4-papir", Field: f.Field, Args: shipment.Args{"case": "manual"}, Warning: true}
			}
		}
	}
	if sub.DigitalOnly {
		return found, nil // it has no forside
	}
	maker, err := e.Maker(ctx, account, account.Vendor)
	if err != nil {
		return nil, err
	}
	errs, warnings := maker.Characters(e.coverLetter(shipment.Shipment{Submission: sub}))
	for _, err := range errs {
		f := printjobs.CoverFault(err)
		if !saidAlready(found, "felt-tegn", f.Field) {
			found = append(found, shipment.Refusal{Code: f.Code, Field: f.Field, Args: shipment.Args(f.Args)})
		}
	}
	for _, w := range warnings {
		if !saidAlready(found, "felt-tegn", w.Field) {
			found = append(found, shipment.Refusal{Code: w.Code, Field: w.Field, Args: shipment.Args(w.Args), Warning: true})
		}
	}
	return found, nil
}

// saidAlready reports whether a code was found of a field.
func saidAlready(found []shipment.Refusal, code, field string) bool {
	return slices.ContainsFunc(found, func(r shipment.Refusal) bool { return r.Code == code && r.Field == field })
}
