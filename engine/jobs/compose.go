package jobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"postgang/engine/calendar"
	"postgang/engine/collect"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
)

// ComposeJob writes a planned job's print files, manifest and ticket. Letters whose cover cannot be made are set
// aside, and the others planned anew under a new id. A job composed already is left alone.
func (e *Jobs) ComposeJob(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	if j.State != store.JobPlanned {
		return nil
	}
	v, ok := e.Vendors[j.Vendor]
	if !ok {
		return fmt.Errorf("compose %s: vendor %q is not configured any more", id, j.Vendor)
	}
	dir, remove, err := e.Scratch("compose", id)
	if err != nil {
		return err
	}
	defer remove()

	letters, rows, err := e.jobLetters(ctx, j)
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	if far, ok := e.Blobs.(interface{ Far() bool }); ok && far.Far() {
		var stop func()
		letters, stop = ahead(ctx, letters)
		defer stop()
	}
	composed, err := printjobs.Compose(ctx, dir, printjobs.Job{
		ID: id, Vendor: j.Vendor, Parent: j.Parent, Reprint: j.Reprint, Created: j.Created.In(calendar.Oslo), Class: j.Class, Letters: letters,
	}, v.Profile, nil)
	var bad *printjobs.LetterErrors
	if errors.Is(err, step.ErrPreparedLost) {
		bad, err = e.lostLetters(ctx, rows)
	}
	if bad != nil || errors.As(err, &bad) {
		return e.splitOff(ctx, j, bad)
	}
	if errors.Is(err, printjobs.ErrStalePlan) {
		// The profile was changed since planning: the letters no longer belong together. They are free again and
		// collected anew.
		err := e.Archive.InTx(ctx, func(tx store.Tx) error {
			j, err := tx.Job(ctx, id)
			if err != nil || j.State != store.JobPlanned {
				return err
			}
			why := Ending{Code: "profile"}
			if j.Reprint {
				return e.EndReprint(ctx, tx, id, why)
			}
			return e.collect.Withdraw(ctx, tx, j, why.Note())
		})
		if err != nil {
			return err
		}
		return e.collect.Free(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	e.Passed("compose: files written")

	var files []store.JobFile
	for _, f := range composed.Files {
		ref, err := e.StoreFile(ctx, f.Path)
		if err != nil {
			return fmt.Errorf("compose %s: store %s: %w", id, f.Name, err)
		}
		if ref.SHA256 != f.SHA256 || ref.Bytes != f.Bytes {
			return fmt.Errorf("compose %s: %s changed on its way into the blob store", id, f.Name)
		}
		files = append(files, store.JobFile{Job: id, File: f.File, Blob: ref})
	}
	e.Passed("compose: files stored")
	printed := 0
	for m := range composed.Manifest() {
		if printed == len(rows) || m.Shipment != rows[printed].Shipment || m.Letter != rows[printed].Letter {
			return fmt.Errorf("compose %s: manifest and plan disagree on letter %d", id, printed+1)
		}
		r := &rows[printed]
		printed++
		r.File, r.FirstSide, r.LastSide = m.File, m.FirstSide, m.LastSide
		r.Sheets, r.Pages, r.PagesBW, r.PagesColour = m.Sheets, m.Pages, m.PagesBW, m.PagesColour
		r.GiroSheets, r.Envelope, r.WeightGram = m.GiroSheets, m.Envelope, m.WeightGram
	}
	if printed != len(rows) {
		return fmt.Errorf("compose %s: the manifest has %d letters, the plan %d", id, printed, len(rows))
	}
	ticket := composed.Files[len(composed.Files)-1]
	if ticket.Kind != exchange.KindTicket {
		return fmt.Errorf("compose %s: the ticket is not the last file", id)
	}
	whole, last, err := e.recordLetters(ctx, id, rows)
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	err = e.Archive.InGroup(ctx, func(tx store.Tx) error {
		j, err := whole(ctx, tx)
		if err != nil || j.State != store.JobPlanned {
			return err
		}
		j.Totals, j.Ticket, j.TicketSHA = composed.Ticket.Totals, ticket.Name, ticket.SHA256
		if err := tx.SetJobFiles(ctx, id, files, last); err != nil {
			return err
		}
		if err := e.MoveJob(ctx, tx, j, store.JobComposed, shipment.Note{}); err != nil {
			return err
		}
		return tx.Enqueue(ctx, store.Task{Kind: store.TaskOffer, Subject: id})
	})
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	e.Passed("compose: recorded")
	return nil
}

// composedElsewhere is how long a job is left to another process that composes it.
const composedElsewhere = 5 * time.Second

// recordLetters stores what was composed of the letters of a job, a set at a time, but for the last set, which it gives: that goes with
// the files and the state. Until then the job is PLANNED, so that whoever composes it next writes all of it again; whole reads it in a
// transaction, and refuses when somebody else has begun to since: what two of them wrote is not mixed.
func (e *Jobs) recordLetters(ctx context.Context, id string, rows []store.JobLetter) (whole func(context.Context, store.Tx) (store.PrintJob, error), last []store.JobLetter, err error) {
	if len(rows) <= e.SetSize {
		return func(ctx context.Context, tx store.Tx) (store.PrintJob, error) { return tx.Job(ctx, id) }, rows, nil
	}
	var version int64 // of the job, since it is ours to write
	err = e.Archive.InGroup(ctx, func(tx store.Tx) error {
		j, err := tx.Job(ctx, id)
		if err != nil || j.State != store.JobPlanned {
			return err
		}
		if err := tx.UpdateJob(ctx, j); err != nil {
			return err
		}
		j, err = tx.Job(ctx, id)
		version = j.Version
		return err
	})
	whole = func(ctx context.Context, tx store.Tx) (store.PrintJob, error) {
		j, err := tx.Job(ctx, id)
		if err == nil && j.State == store.JobPlanned && j.Version != version {
			err = &step.LaterError{After: composedElsewhere, Reason: "another process composes the job"}
		}
		return j, err
	}
	for planned := true; err == nil && planned && len(rows) > e.SetSize; {
		err = e.Archive.InGroup(ctx, func(tx store.Tx) error {
			j, err := whole(ctx, tx)
			if planned = j.State == store.JobPlanned; err != nil || !planned {
				return err
			}
			return tx.SetJobLetters(ctx, id, rows[:e.SetSize])
		})
		if err == nil && planned {
			rows = rows[e.SetSize:]
			e.Passed("compose: letters recorded")
		}
	}
	return whole, rows, err
}

// lettersAtOnce is how many letters of a job are read together: a transaction for each would cost as much as what is read.
const lettersAtOnce = 100

// readLetters reads some letters of a job, in their order.
func (e *Jobs) readLetters(ctx context.Context, rows []store.JobLetter) ([]shipment.Shipment, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.Shipment
	}
	return store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) { return r.ShipmentsOf(ctx, ids) })
}

// jobLetters reads back the plan of a job, in its order. The letters are loaded some at a time as they are composed.
func (e *Jobs) jobLetters(ctx context.Context, j store.PrintJob) (iter.Seq2[printjobs.Letter, error], []store.JobLetter, error) {
	rows, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(ctx, j.ID) })
	if err != nil {
		return nil, nil, err
	}
	terms, err := e.Terms(ctx)
	if err != nil {
		return nil, nil, err
	}
	v := e.Vendors[j.Vendor]
	letters := func(yield func(printjobs.Letter, error) bool) {
		for some := range slices.Chunk(rows, lettersAtOnce) {
			read, err := e.readLetters(ctx, some)
			if err != nil {
				yield(printjobs.Letter{}, err)
				return
			}
			for i, s := range read {
				var l printjobs.Letter
				var err error
				if !j.Reprint && e.accept.Stale(s, v) { // what is printed once more is what was printed
					err = fmt.Errorf("shipment %s was prepared by other rules than those of today: %w", s.ID, printjobs.ErrStalePlan)
				} else {
					l, err = e.accept.Letter(ctx, s, v, terms)
					l.Only = some[i].Only
				}
				if !yield(l, err) {
					return
				}
			}
		}
	}
	return letters, rows, nil
}

// lostLetters finds all letters of a job whose prepared file is gone or damaged. When no letter of several can be read,
// it is an error: the store is away, most likely, and nothing is wrong with the letters.
func (e *Jobs) lostLetters(ctx context.Context, rows []store.JobLetter) (*printjobs.LetterErrors, error) {
	var lost []*printjobs.LetterError
	for some := range slices.Chunk(rows, lettersAtOnce) {
		read, err := e.readLetters(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, s := range read {
			b, err := e.OpenPrepared(ctx, s.Prepared)
			switch {
			case err == nil:
				if err := b.Close(); err != nil {
					return nil, err
				}
			case errors.Is(err, step.ErrPreparedLost):
				lost = append(lost, &printjobs.LetterError{Shipment: s.ID, Code: printjobs.CodePrepared, Args: printjobs.Args{"case": "lost"}, Err: err})
			default:
				return nil, err
			}
		}
	}
	switch {
	case len(lost) == 0:
		return nil, errors.New("a prepared letter could not be read, but can be now; try again")
	case len(lost) == len(rows) && len(rows) > 1:
		return nil, fmt.Errorf("none of the job's %d prepared letters is in the store of documents: is its disk there? %w", len(rows), lost[0].Err)
	}
	return &printjobs.LetterErrors{Letters: lost}, nil
}

// splitOff withdraws a job that some letters keep from being composed: those are set aside with their reason, the
// others go into a new job.
func (e *Jobs) splitOff(ctx context.Context, j store.PrintJob, bad *printjobs.LetterErrors) error {
	drop := map[string]bool{}
	for _, l := range bad.Letters {
		drop[l.Shipment] = true
	}
	ended := false
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if ended = err == nil && now.State == store.JobPlanned; !ended {
			return err // somebody else could compose it, and has carried it on
		}
		if now.Reprint {
			return e.EndReprint(ctx, tx, j.ID, endingByLetters("uncomposable", slices.Sorted(maps.Keys(drop))))
		}
		aside := make([]step.Aside, len(bad.Letters))
		for i, l := range bad.Letters {
			aside[i] = step.Aside{Shipment: l.Shipment, Why: shipment.Refusal{Code: l.Code, Args: shipment.Args(l.Args)}}
		}
		if _, err := e.HoldAllIn(ctx, tx, aside); err != nil {
			return err
		}
		return e.Replan(ctx, tx, j.ID, drop, shipment.Note{Code: "set-aside"})
	})
	if err != nil || !ended {
		return err
	}
	e.Passed("compose: split off")
	return e.FinishEnding(ctx, j.ID)
}

// FinishEnding does what Replan and EndReprint leave of a large job for other transactions. When it does not come to that, the next collecting frees the letters, and
// plans those that are due.
func (e *Jobs) FinishEnding(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	switch {
	case err != nil || !j.Holding:
		return err
	case j.Reprint:
		return e.collect.Free(ctx, id)
	}
	return e.collect.PlanAnew(ctx, id)
}

// Replan withdraws a job in tx and plans its letters, without the dropped ones, anew: into a job under a new id, or more
// when the profile has changed since. Those that the vendor no longer takes are set aside. Those of a large job the caller has FinishEnding
// plan; the dropped ones must not be fit for printing any more by what is said of them.
func (e *Jobs) Replan(ctx context.Context, tx store.Tx, id string, drop map[string]bool, because shipment.Note) error {
	j, err := tx.Job(ctx, id)
	if err != nil {
		return err
	}
	if e.Large(j) {
		return e.collect.Withdraw(ctx, tx, j, because)
	}
	rows, err := tx.JobLetters(ctx, id)
	if err != nil {
		return err
	}
	if err := e.MoveJob(ctx, tx, j, store.JobWithdrawn, because); err != nil {
		return err
	}
	var candidates []printjobs.Candidate
	why := map[string]shipment.Reason{}
	for _, row := range rows {
		if drop[row.Shipment] {
			continue
		}
		s, err := tx.Shipment(ctx, row.Shipment)
		if err != nil {
			return err
		}
		if s.Facts == nil {
			return fmt.Errorf("shipment %s is not prepared", s.ID)
		}
		candidates = append(candidates, e.accept.Candidate(s))
		why[row.Shipment] = row.Reason
	}
	jobs, aside, err := printjobs.Plan(candidates, e.Vendors[j.Vendor].Profile)
	if err != nil {
		return err
	}
	if _, err := e.HoldAllIn(ctx, tx, collect.Asides(aside)); err != nil {
		return err
	}
	for _, p := range jobs {
		reasons := make([]shipment.Reason, len(p.Letters))
		for i, l := range p.Letters {
			reasons[i] = why[l.Shipment]
		}
		if _, err := e.collect.AddJob(ctx, tx, collect.JobSpec{Vendor: j.Vendor, Parent: j.ID, Class: p.Class, Letters: p.Letters, Reasons: reasons}); err != nil {
			return err
		}
	}
	return nil
}
