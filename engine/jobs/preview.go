package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

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
	Vendor  string // under whose profile it is shown
	// Layout is what stands on each side.
	Layout []PreviewSide
	// Given up to make the cover; no personal data.
	Warnings []printjobs.LetterWarning
}

// PreviewSide is what stands on a side of a preview.
type PreviewSide struct {
	Kind     impose.Kind
	Document int // of a page: the document, the first being 1
	Page     int // of a page: its number in the document, the first being 1
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
			if j.State.Live() && !j.Reprint && j.State != store.JobPlanning {
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
		return out, notShown{fmt.Sprintf("shipment %s is deleted, and its content with it: there is nothing to show", id), ErrUnprepared}
	case s.Facts == nil || s.Prepared.IsZero():
		return out, notShown{fmt.Sprintf("shipment %s was never prepared for print (status %s): see \"postgang shipment show %s\" for why", id, s.Status, id), ErrUnprepared}
	}
	terms, err := e.Terms(ctx)
	if err != nil {
		return out, err
	}
	account, _ := terms.Letter(s)
	vendor := account.Vendor
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
		return out, notShown{fmt.Sprintf("shipment %s cannot be printed by vendor %s: %s", id, v.Key, told(aside[0].Code, aside[0].Args)), ErrUnprintable}
	}
	letter, err := e.accept.Letter(ctx, s, v, terms)
	if err != nil {
		return out, err
	}
	spec := printjobs.Job{
		ID: PreviewJob, Vendor: v.Key, Created: e.Now(), Class: plan[0].Class, Letters: printjobs.Letters(letter),
	}
	if job.ID != "" {
		spec.ID, spec.Parent, spec.Created, spec.Before = job.ID, job.Parent, job.Created, before
	}
	composed, err := printjobs.Compose(ctx, dir, spec, v.Profile, nil)
	var bad *printjobs.LetterErrors
	if errors.As(err, &bad) {
		return out, notShown{fmt.Sprintf("shipment %s cannot be printed: %s", id, told(bad.Letters[0].Code, bad.Letters[0].Args)), ErrUnprintable}
	}
	if err != nil {
		return out, fmt.Errorf("preview: %w", err)
	}
	var m exchange.ManifestRow
	for m = range composed.Manifest() { // one letter, one row
	}
	if out.Layout, err = layout(s, v.Profile); err != nil {
		return out, err
	}
	out.Vendor = v.Key
	out.Path, out.Sheets, out.Sides, out.Warnings = composed.Files[0].Path, m.Sheets, composed.Files[0].Sides, composed.Warnings
	out.Changed = row.File != "" && (plan[0].Class != job.Class || m.Sheets != row.Sheets || m.Pages != row.Pages || m.PagesColour != row.PagesColour)
	return out, nil
}

// notShown says why a letter cannot be shown, in the words of the command line.
type notShown struct {
	text string
	why  error
}

func (e notShown) Error() string { return e.text }

func (e notShown) Unwrap() error { return e.why }

// layout is what stands on the sides of a letter, as they are composed: a letter on one side of the paper has no backs.
func layout(s shipment.Shipment, p printjobs.Profile) ([]PreviewSide, error) {
	of := impose.Letter{Duplex: s.Submission.Print.Duplex}
	for _, pages := range s.Facts.DocumentPages {
		of.Documents = append(of.Documents, impose.Document{Pages: pages})
	}
	for _, f := range s.Facts.Pages {
		if f.Giro && f.Document < len(of.Documents) {
			of.Documents[f.Document].Giro = append(of.Documents[f.Document].Giro, f.Page)
		}
	}
	im, err := impose.Lay(of, p.Impose)
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	var out []PreviewSide
	for _, sheet := range im.Sheets {
		out = append(out, PreviewSide{sheet.Front.Kind, sheet.Front.Document, sheet.Front.Page})
		if im.Duplex {
			out = append(out, PreviewSide{sheet.Back.Kind, sheet.Back.Document, sheet.Back.Page})
		}
	}
	return out, nil
}

// LetterPDF is the letter as it will be printed, in memory, else as PreviewLetter; its Path is empty.
func (e *Jobs) LetterPDF(ctx context.Context, id string, most int64) ([]byte, LetterPreview, error) {
	dir, remove, err := e.Scratch("preview", id)
	if err != nil {
		return nil, LetterPreview{}, err
	}
	defer remove()
	p, err := e.PreviewLetter(ctx, id, dir)
	if err != nil {
		return nil, p, err
	}
	info, err := os.Stat(p.Path)
	if err != nil {
		return nil, p, err
	}
	if info.Size() > most {
		return nil, p, fmt.Errorf("shipment %s: %w", id, ErrLarge)
	}
	pdf, err := os.ReadFile(p.Path)
	p.Path = ""
	return pdf, p, err
}

// Why a letter cannot be shown.
var (
	// ErrLarge says that a letter has more bytes than it may have to be shown.
	ErrLarge = errors.New("the letter is too large to be shown")
	// ErrUnprepared says that there is nothing to show: the letter was never made ready for print, or is deleted.
	ErrUnprepared = errors.New("the letter was never prepared for print")
	// ErrUnprintable says that the vendor, as it is configured, cannot print the letter.
	ErrUnprintable = errors.New("the letter cannot be printed")
)

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
	if j.State == store.JobPlanning {
		return fmt.Errorf("plan of %s: it is still being planned (PLANNING)", id)
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
		ID: id, Vendor: j.Vendor, Parent: j.Parent, Reprint: j.Reprint, Created: j.Created, Class: j.Class, Letters: letters, Plan: w,
	}, v.Profile, nil)
	if errors.Is(err, printjobs.ErrStalePlan) {
		return fmt.Errorf("the vendor's profile has changed since %s was planned: see \"postgang job export %s\" for what was sent: %w", id, id, err)
	}
	return err
}
