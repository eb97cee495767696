package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"

	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare"
)

// PreviewJob is the job id that stands on a preview of a letter that is in no job yet.
const PreviewJob = "PREV000000"

// LetterPreview is a letter as it will be printed.
type LetterPreview struct {
	Shipment string
	Path     string         // of the PDF: the sides of the letter as in a print file
	Job      string         // the live job that the letter is in; empty: none, its marks show [PreviewJob] and letter 1
	State    store.JobState // of that job
	Letter   int            // its number in the job, or 1
	Sheets   int
	Sides    int // pages of the PDF
	// Changed: the vendor's profile has changed since the job was composed. The preview shows the letter under the
	// profile of now, the job's own print file (postgang job export) as it was sent.
	Changed bool
	// Given up to make the cover; no personal data.
	Warnings []printjobs.LetterWarning
}

// PreviewLetter writes into dir the letter as it will be printed, by the code that composes print files: forside, empty
// backs and marks included. A letter in a live job gets that job's id and its number there. Nothing is changed.
func (e *Jobs) PreviewLetter(ctx context.Context, id, dir string) (LetterPreview, error) {
	out := LetterPreview{Shipment: id, Letter: 1}
	var s shipment.Shipment
	var job store.PrintJob
	var row store.JobLetter
	var before struct{ Letters, Sheets int } // in the job
	err := e.Archive.View(ctx, func(r store.Reader) error {
		var err error
		if s, err = r.Shipment(ctx, id); err != nil {
			return err
		}
		jobs, err := r.JobsOf(ctx, id)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if j.State.Live() && !j.Reprint {
				job = j
				rows, err := r.JobLetters(ctx, j.ID)
				for _, l := range rows {
					if l.Shipment == id {
						row = l
						break
					}
					before.Letters, before.Sheets = before.Letters+1, before.Sheets+l.Sheets
				}
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	switch {
	case s.Status == shipment.StatusSlettet:
		return out, fmt.Errorf("shipment %s is deleted, and its content with it: there is nothing to show", id)
	case s.Facts == nil || s.Prepared.IsZero():
		return out, fmt.Errorf("shipment %s was never prepared for print (status %s): see \"postgang shipment show %s\" for why", id, s.Status, id)
	}
	vendor := e.Accounts[s.Account].Vendor
	if job.ID != "" {
		vendor = job.Vendor
		out.Job, out.State, out.Letter = job.ID, job.State, row.Letter
	}
	v, ok := e.Vendors[vendor]
	if !ok {
		return out, fmt.Errorf("shipment %s: its account %q or its vendor %q is not configured any more", id, s.Account, vendor)
	}
	// The letter alone, as its finished sheets are after cutting.
	v.Profile.Press, v.Profile.Control = impose.DefaultPress(), false
	plan, aside, err := printjobs.Plan([]printjobs.Candidate{e.accept.Candidate(s)}, v.Profile)
	if err != nil {
		return out, err
	}
	if len(aside) > 0 {
		return out, fmt.Errorf("shipment %s cannot be printed by vendor %s: %s", id, v.Key, told(aside[0].Code, aside[0].Args))
	}
	letter, err := e.accept.Letter(s, v.Profile)
	if err != nil {
		return out, err
	}
	spec := printjobs.Job{
		ID: PreviewJob, Vendor: v.Key, Created: e.Now(), Class: plan[0].Class, Letters: printjobs.Letters(letter), Makers: e.Makers,
	}
	if job.ID != "" {
		spec.ID, spec.Parent, spec.Created, spec.Before = job.ID, job.Parent, job.Created, before
	}
	composed, err := printjobs.Compose(ctx, dir, spec, v.Profile, nil)
	var bad *printjobs.LetterErrors
	if errors.As(err, &bad) {
		return out, fmt.Errorf("shipment %s cannot be printed: %s", id, told(bad.Letters[0].Code, bad.Letters[0].Args))
	}
	if err != nil {
		return out, fmt.Errorf("preview: %w", err)
	}
	var m exchange.ManifestRow
	for m = range composed.Manifest() { // one letter, one row
	}
	out.Path, out.Sheets, out.Sides, out.Warnings = composed.Files[0].Path, m.Sheets, composed.Files[0].Sides, composed.Warnings
	out.Changed = row.File != "" && (plan[0].Class != job.Class || m.Sheets != row.Sheets || m.Pages != row.Pages || m.PagesColour != row.PagesColour)
	return out, nil
}

// told words why a letter cannot be printed, for an error.
func told(code string, args printjobs.Args) string {
	return words.Refusal(shipment.Refusal{Code: code, Args: shipment.Args(args)}, words.English)
}

// WriteJobPlan writes as text what a job's print files hold: the letters, and sheet by sheet what is drawn on it, with its
// marks. It is told by the code that composes them, under the vendor's profile of now; nothing is changed. No personal data.
func (e *Jobs) WriteJobPlan(ctx context.Context, id string, w io.Writer) error {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil {
		return err
	}
	v, ok := e.Vendors[j.Vendor]
	if !ok {
		return fmt.Errorf("plan of %s: vendor %q is not configured any more", id, j.Vendor)
	}
	dir, remove, err := e.Scratch("plan", id)
	if err != nil {
		return err
	}
	defer remove()
	letters, _, err := e.jobLetters(ctx, j)
	if err != nil {
		return fmt.Errorf("plan of %s: %w", id, err)
	}
	plan := printjobs.Planned{Class: j.Class}
	for l, err := range letters {
		if err != nil {
			return fmt.Errorf("plan of %s: %w", id, err)
		}
		l.Facts = prepare.Facts{} // not shown, and large
		if n := len(l.Only); n > 0 {
			l.Sheets = n
		}
		plan.Letters = append(plan.Letters, l.PlannedLetter)
	}
	if _, err := io.WriteString(w, plan.String()); err != nil {
		return err
	}
	_, err = printjobs.Compose(ctx, dir, printjobs.Job{
		ID: id, Vendor: j.Vendor, Parent: j.Parent, Reprint: j.Reprint, Created: j.Created, Class: j.Class, Letters: letters, Makers: e.Makers, Plan: w,
	}, v.Profile, nil)
	if errors.Is(err, printjobs.ErrStalePlan) {
		return fmt.Errorf("the vendor's profile has changed since %s was planned: see \"postgang job export %s\" for what was sent: %w", id, id, err)
	}
	return err
}
