package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/sourcegraph/conc/pool"

	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
)

const giroReject = impose.GiroReject

// Collected tells what one night's collecting did.
type Collected struct {
	Letters  int                     // put into print jobs
	Jobs     []string                // the jobs' ids
	SetAside int                     // letters that no job can take, held with their reason
	Digital  int                     // only digital, deadline passed unread: SENDT_DIGITALT
	Reasons  map[shipment.Reason]int // why the letters go to paper
}

// add counts another round of collecting. A letter that was collected twice, because its first job was withdrawn, counts
// in both rounds.
func (c *Collected) add(o Collected) {
	c.Letters += o.Letters
	c.Jobs = append(c.Jobs, o.Jobs...)
	c.SetAside += o.SetAside
	c.Digital += o.Digital
	for r, n := range o.Reasons {
		c.Reasons[r] += n
	}
}

// Collect picks what is due, plans it into print jobs and has them composed in the background. Every job is one
// transaction; when it is cut short, what is planned stays planned and the rest is still due.
func (e *Engine) Collect(ctx context.Context) (Collected, error) {
	out := Collected{Reasons: map[shipment.Reason]int{}}
	n, err := e.expireDigital(ctx)
	if err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	out.Digital = n
	if err := e.dueNow(ctx); err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	sum, err := e.spentToday(ctx)
	if err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	if err := e.checkVendors(ctx); err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	stopped, err := e.stopped(ctx)
	if err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	for _, key := range e.vorder {
		if stopped[key] {
			continue // its letters stay due: jobs planned now would take ids that others may have had
		}
		if err := e.collectVendor(ctx, e.vendors[key], sum, &out); err != nil {
			return out, fmt.Errorf("collect for vendor %s: %w", key, err)
		}
	}
	e.log.Info("collected", "letters", out.Letters, "jobs", len(out.Jobs), "set_aside", out.SetAside, "digital_only_expired", out.Digital)
	return out, nil
}

// expireDigital closes shipments that are only digital and were not read in time: SENDT_DIGITALT, never print.
func (e *Engine) expireDigital(ctx context.Context) (int, error) {
	n, after := 0, ""
	for {
		page, err := store.View(ctx, e.archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusAkseptert, shipment.StatusVarslet}, DigitalOnly: true, After: after, Limit: store.CollectPage})
		})
		if err != nil || len(page) == 0 {
			return n, err
		}
		after = page[len(page)-1].ID
		for _, s := range page {
			account, known := e.accounts[s.Account]
			changed, ev, ok := shipment.ExpireDigitalOnly(s, account.Rules, e.now())
			if !ok || !known { // of an account that is not configured any more the deadline is not known
				continue
			}
			err := e.archive.InTx(ctx, func(tx store.Tx) error {
				if err := tx.UpdateShipment(ctx, changed); err != nil {
					return err
				}
				return tx.AddEvents(ctx, ev)
			})
			if errors.Is(err, store.ErrStale) {
				continue // read just now; it is looked at again next time
			}
			if err != nil {
				return n, err
			}
			n++
		}
	}
}

// dueLetters reads what is due for a vendor. look sees every page of it, and leaves out what is not to be planned.
func (e *Engine) dueLetters(ctx context.Context, v store.Vendor, look func([]shipment.Shipment) ([]shipment.Shipment, error)) ([]printjobs.Candidate, map[string]shipment.Shipment, error) {
	var accounts []string
	for _, key := range e.order {
		if e.accounts[key].Vendor == v.Key {
			accounts = append(accounts, key)
		}
	}
	if len(accounts) == 0 {
		return nil, nil, nil
	}
	due := map[string]shipment.Shipment{}
	var candidates []printjobs.Candidate
	for after := ""; ; {
		page, err := store.View(ctx, e.archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Due(ctx, e.now(), accounts, after, store.CollectPage)
		})
		if err != nil {
			return nil, nil, err
		}
		read := len(page)
		if read > 0 {
			after = page[read-1].ID
		}
		fit, err := look(page)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range fit {
			candidates = append(candidates, e.candidate(s))
			s.Facts = nil // the candidate has them
			due[s.ID] = s
		}
		if read < store.CollectPage {
			return candidates, due, nil
		}
	}
}

func (e *Engine) collectVendor(ctx context.Context, v store.Vendor, sum *spent, out *Collected) error {
	candidates, due, err := e.dueLetters(ctx, v, func(page []shipment.Shipment) ([]shipment.Shipment, error) {
		page, old, err := e.setAsideOld(ctx, v, page)
		if err != nil {
			return nil, err
		}
		out.SetAside += old
		return e.renewStale(ctx, page)
	})
	if err != nil {
		return err
	}
	jobs, aside, over, err := e.guarded(v, candidates, due, sum)
	if err != nil {
		return err
	}
	if err := e.keepBack(ctx, over); err != nil {
		return err
	}
	out.SetAside += len(over)
	for _, a := range aside {
		if err := e.Hold(ctx, a.Shipment, a.Code, a.Text); err != nil {
			return err
		}
		out.SetAside++
	}
	for _, p := range jobs {
		reasons := make([]shipment.Reason, len(p.Letters))
		for i, l := range p.Letters {
			reasons[i] = due[l.Shipment].DueReason
		}
		id, err := e.insertJob(ctx, newJob{vendor: v.Key, class: p.Class, letters: p.Letters, reasons: reasons})
		if errors.Is(err, store.ErrExists) {
			continue // another run put one of these letters into a job; the rest is still due next time
		}
		if err != nil {
			return err
		}
		out.Jobs = append(out.Jobs, id)
		out.Letters += len(p.Letters)
		for _, r := range reasons {
			out.Reasons[r]++
		}
		e.step("collect: job planned")
	}
	return nil
}

// renewStale makes anew the print-ready files that were made by other rules than those of today, side by side, and
// leaves out the letters that have none under these. One that cannot be made for a reason of ours keeps no other back: it
// is alarmed and stays due.
func (e *Engine) renewStale(ctx context.Context, page []shipment.Shipment) ([]shipment.Shipment, error) {
	left := make([]bool, len(page))
	work := pool.New().WithMaxGoroutines(runtime.NumCPU()).WithErrors().WithContext(ctx)
	for i := range page {
		if !e.stale(page[i]) {
			continue
		}
		work.Go(func(ctx context.Context) error {
			renewed, ok, err := e.renew(ctx, page[i])
			if err != nil {
				left[i] = true
				return e.alarmNotRenewed(ctx, page[i].ID, err)
			}
			page[i], left[i] = renewed, !ok
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	fit := page[:0]
	for i, s := range page {
		if !left[i] {
			fit = append(fit, s)
		}
	}
	return fit, ctx.Err()
}

// insertJob records a planned job with its letters and has it composed.
func (e *Engine) insertJob(ctx context.Context, n newJob) (string, error) {
	var id string
	err := e.archive.InTx(ctx, func(tx store.Tx) error {
		var err error
		id, err = e.addJob(ctx, tx, n)
		return err
	})
	return id, err
}

func (e *Engine) addJob(ctx context.Context, tx store.Tx, n newJob) (string, error) {
	id, err := tx.NextJobID(ctx)
	if err != nil {
		return "", err
	}
	now := tx.Now()
	rows, statuses := make([]store.JobLetter, len(n.letters)), make([]shipment.Status, len(n.letters))
	for i, l := range n.letters {
		s, err := tx.Shipment(ctx, l.Shipment)
		if err != nil {
			return "", err
		}
		rows[i] = plannedRow(l)
		rows[i].Job, rows[i].Letter, rows[i].Reason, rows[i].Only = id, i+1, n.reasons[i], n.only[l.Shipment]
		statuses[i] = s.Status
		if only := rows[i].Only; len(only) > 0 {
			rows[i].Sheets = len(only)
		} else if q, err := e.quote(s, rows[i], e.vendors[n.vendor]); err == nil {
			rows[i].Expected = &store.ExpectedCost{Production: q.Production, Postage: q.Postage}
		}
	}
	j := store.PrintJob{
		ID: id, Vendor: n.vendor, Parent: n.parent, Reprint: n.reprint, State: store.JobPlanned, Class: n.class, Created: now, Updated: now,
		Letters: len(n.letters),
	}
	if err := tx.InsertJob(ctx, j, rows); err != nil {
		return "", err
	}
	reason := "planned"
	if n.reprint {
		reason = "reprint of " + n.parent + ": " + n.why
	}
	if err := tx.AddJobEvent(ctx, store.JobEvent{Job: id, At: now, From: store.JobPlanned, To: store.JobPlanned, Reason: reason}); err != nil {
		return "", err
	}
	for i, l := range n.letters {
		ev := shipment.Event{Shipment: l.Shipment, At: now, Kind: shipment.EventCollected, From: statuses[i], To: statuses[i], Reason: string(n.reasons[i]) + " " + id}
		if n.reprint {
			ev.Kind, ev.Reason = shipment.EventReprint, id+" av "+n.parent
		}
		if err := tx.AddEvents(ctx, ev); err != nil {
			return "", err
		}
	}
	return id, tx.Enqueue(ctx, store.Task{Kind: store.TaskCompose, Subject: id})
}

// Hold sets a shipment aside with a reason and raises the alarm. It is not collected until released.
func (e *Engine) Hold(ctx context.Context, shipment, code, text string) error {
	e.log.Warn("shipment set aside", "shipment", shipment, "reason", code)
	return e.archive.InTx(ctx, func(tx store.Tx) error {
		return e.hold(ctx, tx, shipment, code, text)
	})
}

func (e *Engine) hold(ctx context.Context, tx store.Tx, shipment, code, text string) error {
	s, err := tx.Shipment(ctx, shipment)
	if err != nil {
		return err
	}
	if s.Hold == code {
		return nil
	}
	if err := setAside(ctx, tx, s, code, text); err != nil {
		return err
	}
	return tx.RaiseAlarm(ctx, "held:"+shipment, "shipment "+shipment+" is set aside: "+code+". See postgang shipment show; mend the cause, then postgang shipment release")
}

// setAside records that a shipment is not collected until it is released.
func setAside(ctx context.Context, tx store.Tx, s shipment.Shipment, code, text string) error {
	s.Hold = code
	if err := tx.UpdateShipment(ctx, s); err != nil {
		return err
	}
	return tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventHeld, From: s.Status, To: s.Status, Reason: code + ": " + text})
}

// ErrKeptBack says that a letter is kept back by the cost guard, which only ApproveCost lifts, with a reason.
var ErrKeptBack = errors.New("kept back by the cost guard")

// Release lets a shipment that was set aside be collected again. One that the cost guard keeps back is refused with
// ErrKeptBack: a cap that any release lifts would be none.
func (e *Engine) Release(ctx context.Context, id string) error {
	return e.archive.InTx(ctx, func(tx store.Tx) error {
		s, err := tx.Shipment(ctx, id)
		if err != nil {
			return err
		}
		if s.Hold == "" {
			return fmt.Errorf("shipment %s is not set aside", id)
		}
		if s.Hold == shipment.HoldCost {
			return fmt.Errorf("shipment %s is %w; to let it go: postgang guard approve %s --reason TEXT", id, ErrKeptBack, id)
		}
		if s.Hold == shipment.HoldRestored {
			return fmt.Errorf("shipment %s may be with the vendor already. Ask the vendor; when it is not, let it go by postgang recover release %s --reason TEXT", id, id)
		}
		return release(ctx, tx, s, "")
	})
}

// release ends that a shipment is set aside, whatever it was set aside for, so that it is not set aside for it again.
func release(ctx context.Context, tx store.Tx, s shipment.Shipment, reason string) error {
	code := s.Hold
	s.Hold = ""
	switch code {
	case shipment.HoldWindow:
		s.DueAt = tx.Now()
	case shipment.HoldCost:
		s.CostApprovedAt = tx.Now()
	}
	if err := tx.UpdateShipment(ctx, s); err != nil {
		return err
	}
	if reason != "" {
		reason = ": " + reason
	}
	if err := tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventReleased, From: s.Status, To: s.Status, Reason: code + reason}); err != nil {
		return err
	}
	return tx.ResolveAlarm(ctx, "held:"+s.ID)
}

// Stop closes a shipment by hand: MANUELT_HANDTERT. One that is with the vendor already is recorded as closed, which
// silences the missing-receipt alarm; the operator must phone the vendor (domain.md 1.4).
//
// It cannot be undone, so the reason is required; it is kept in the history: no personal data.
func (e *Engine) Stop(ctx context.Context, id, reason string) (shipment.Shipment, error) {
	if why := shipment.BadReason(reason); why != "" {
		return shipment.Shipment{}, errors.New(why)
	}
	s, err := store.View(ctx, e.archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, id) })
	if err != nil {
		return s, err
	}
	at := e.now()
	err = e.Event(ctx, shipment.DigitalEvent{Shipment: id, Kind: shipment.DigitalClosed, At: at, Reason: reason, Key: fmt.Sprintf("stop %s %d", id, at.UnixMilli())})
	if err != nil {
		return s, err
	}
	return store.View(ctx, e.archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, id) })
}

// ComposeJob writes a planned job's print files, manifest and ticket. Letters whose cover cannot be made are set
// aside, and the others planned anew under a new id. A job composed already is left alone.
func (e *Engine) ComposeJob(ctx context.Context, id string) error {
	j, err := store.View(ctx, e.archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	if j.State != store.JobPlanned {
		return nil
	}
	v, ok := e.vendors[j.Vendor]
	if !ok {
		return fmt.Errorf("compose %s: vendor %q is not configured any more", id, j.Vendor)
	}
	dir, remove, err := e.scratch("compose", id)
	if err != nil {
		return err
	}
	defer remove()

	letters, rows, err := e.jobLetters(ctx, j)
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	composed, err := printjobs.Compose(ctx, dir, printjobs.Job{
		ID: id, Vendor: j.Vendor, Parent: j.Parent, Reprint: j.Reprint, Created: j.Created, Class: j.Class, Letters: letters, Makers: e.makers,
	}, v.Profile, nil)
	var bad *printjobs.LetterErrors
	if errors.Is(err, errPreparedLost) {
		bad, err = e.lostLetters(ctx, rows)
	}
	if bad != nil || errors.As(err, &bad) {
		return e.splitOff(ctx, j, bad)
	}
	if errors.Is(err, printjobs.ErrStalePlan) {
		// The profile was changed since planning: the letters no longer belong together. They are free again and
		// collected anew.
		return e.archive.InTx(ctx, func(tx store.Tx) error {
			j, err := tx.Job(ctx, id)
			if err != nil || j.State != store.JobPlanned {
				return err
			}
			const reason = "the vendor's profile has changed since planning"
			if j.Reprint {
				return e.endReprint(ctx, tx, id, reason)
			}
			return e.moveJob(ctx, tx, j, store.JobWithdrawn, reason)
		})
	}
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	e.step("compose: files written")

	var files []store.JobFile
	for _, f := range composed.Files {
		ref, err := e.storeFile(ctx, f.Path)
		if err != nil {
			return fmt.Errorf("compose %s: store %s: %w", id, f.Name, err)
		}
		if ref.SHA256 != f.SHA256 || ref.Bytes != f.Bytes {
			return fmt.Errorf("compose %s: %s changed on its way into the blob store", id, f.Name)
		}
		files = append(files, store.JobFile{Job: id, File: f.File, Blob: ref})
	}
	e.step("compose: files stored")
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
	err = e.archive.InTx(ctx, func(tx store.Tx) error {
		j, err := tx.Job(ctx, id)
		if err != nil || j.State != store.JobPlanned {
			return err
		}
		j.Totals, j.Ticket, j.TicketSHA = composed.Ticket.Totals, ticket.Name, ticket.SHA256
		if err := tx.SetJobFiles(ctx, id, files, rows); err != nil {
			return err
		}
		if err := e.moveJob(ctx, tx, j, store.JobComposed, ""); err != nil {
			return err
		}
		return tx.Enqueue(ctx, store.Task{Kind: store.TaskOffer, Subject: id})
	})
	if err != nil {
		return fmt.Errorf("compose %s: %w", id, err)
	}
	e.step("compose: recorded")
	return nil
}

// moveJob records a job's new state by the one table. The archive must be given the rest of j as it stands.
func (e *Engine) moveJob(ctx context.Context, tx store.Tx, j store.PrintJob, to store.JobState, reason string) error {
	if !j.State.MayMove(to) {
		return fmt.Errorf("job %s may not move from %s to %s", j.ID, j.State, to)
	}
	from := j.State
	j.State, j.Updated, j.Failures, j.LastError = to, tx.Now(), 0, ""
	if to == store.JobOffered {
		j.OfferedAt = tx.Now()
	}
	if err := tx.UpdateJob(ctx, j); err != nil {
		return err
	}
	e.log.Info("job moved", "job", j.ID, "vendor", j.Vendor, "from", string(from), "to", string(to), "letters", j.Letters)
	return tx.AddJobEvent(ctx, store.JobEvent{Job: j.ID, At: tx.Now(), From: from, To: to, Reason: reason})
}

// jobLetters reads back the plan of a job, in its order. The letters are loaded one by one as they are composed.
func (e *Engine) jobLetters(ctx context.Context, j store.PrintJob) (iter.Seq2[printjobs.Letter, error], []store.JobLetter, error) {
	rows, err := store.View(ctx, e.archive, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(ctx, j.ID) })
	if err != nil {
		return nil, nil, err
	}
	profile := e.vendors[j.Vendor].Profile
	letters := func(yield func(printjobs.Letter, error) bool) {
		for _, row := range rows {
			s, err := store.View(ctx, e.archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, row.Shipment) })
			var l printjobs.Letter
			if err == nil && !j.Reprint && e.stale(s) { // what is printed once more is what was printed
				err = fmt.Errorf("shipment %s was prepared by other rules than those of today: %w", s.ID, printjobs.ErrStalePlan)
			}
			if err == nil {
				l, err = e.letter(s, profile)
				l.Only = row.Only
			}
			if !yield(l, err) {
				return
			}
		}
	}
	return letters, rows, nil
}

// letter is a shipment as composing takes it.
func (e *Engine) letter(s shipment.Shipment, p printjobs.Profile) (printjobs.Letter, error) {
	planned, err := e.place(s, p)
	return printjobs.Letter{PlannedLetter: planned, Cover: e.coverLetter(s), Open: func(ctx context.Context) (printjobs.Source, error) {
		return e.openPrepared(ctx, s.Prepared)
	}}, err
}

// place lays one letter on sheets, as it was when its job was planned.
func (e *Engine) place(s shipment.Shipment, p printjobs.Profile) (printjobs.PlannedLetter, error) {
	if s.Facts == nil {
		return printjobs.PlannedLetter{}, fmt.Errorf("shipment %s is not prepared", s.ID)
	}
	jobs, aside, err := printjobs.Plan([]printjobs.Candidate{e.candidate(s)}, p)
	switch {
	case err != nil:
		return printjobs.PlannedLetter{}, err
	case len(aside) > 0:
		return printjobs.PlannedLetter{}, fmt.Errorf("shipment %s cannot be laid on sheets any more: %s: %w", s.ID, aside[0].Code, printjobs.ErrStalePlan)
	}
	return jobs[0].Letters[0], nil
}

// errPreparedLost: a prepared file is not what was stored.
var errPreparedLost = errors.New("the prepared letter is gone or damaged")

// openPrepared opens a prepared file and proves that it still is what was stored: a damaged one may well be a sound PDF
// that shows something else.
func (e *Engine) openPrepared(ctx context.Context, ref shipment.BlobRef) (printjobs.Source, error) {
	b, err := e.blobs.Open(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errPreparedLost, err)
	}
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(b, 0, b.Size())); err != nil {
		return nil, errors.Join(fmt.Errorf("read document %s: %w", ref.SHA256, err), b.Close())
	}
	if hex.EncodeToString(h.Sum(nil)) != ref.SHA256 {
		return nil, errors.Join(fmt.Errorf("%w: document %s has another SHA-256", errPreparedLost, ref.SHA256), b.Close())
	}
	return b, nil
}

// lostLetters finds all letters of a job whose prepared file is gone or damaged. When no letter of several can be read,
// it is an error: the store is away, most likely, and nothing is wrong with the letters.
func (e *Engine) lostLetters(ctx context.Context, rows []store.JobLetter) (*printjobs.LetterErrors, error) {
	var lost []*printjobs.LetterError
	for _, row := range rows {
		s, err := store.View(ctx, e.archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, row.Shipment) })
		if err != nil {
			return nil, err
		}
		b, err := e.openPrepared(ctx, s.Prepared)
		switch {
		case err == nil:
			if err := b.Close(); err != nil {
				return nil, err
			}
		case errors.Is(err, errPreparedLost):
			lost = append(lost, &printjobs.LetterError{
				Shipment: s.ID, Code: printjobs.CodePrepared, Err: err,
				Text: "Det klargjorte brevet er borte eller skadet i arkivet. Hent filen tilbake fra sikkerhetskopi, eller lever brevet på nytt.",
			})
		default:
			return nil, err
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
func (e *Engine) splitOff(ctx context.Context, j store.PrintJob, bad *printjobs.LetterErrors) error {
	drop := map[string]bool{}
	for _, l := range bad.Letters {
		drop[l.Shipment] = true
	}
	return e.archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil || now.State != store.JobPlanned {
			return err // somebody else could compose it, and has carried it on
		}
		if now.Reprint {
			return e.endReprint(ctx, tx, j.ID, "letters that cannot be composed: "+droppedLetters(slices.Sorted(maps.Keys(drop))))
		}
		for _, l := range bad.Letters {
			if err := e.hold(ctx, tx, l.Shipment, l.Code, l.Text); err != nil {
				return err
			}
		}
		return e.replan(ctx, tx, j.ID, drop, "letters set aside while composing")
	})
}

// replan withdraws a job in tx and plans its letters, without the dropped ones, anew: into a job under a new id, or more
// when the profile has changed since. Those that the vendor no longer takes are set aside.
func (e *Engine) replan(ctx context.Context, tx store.Tx, id string, drop map[string]bool, reason string) error {
	j, err := tx.Job(ctx, id)
	if err != nil {
		return err
	}
	rows, err := tx.JobLetters(ctx, id)
	if err != nil {
		return err
	}
	if err := e.moveJob(ctx, tx, j, store.JobWithdrawn, reason); err != nil {
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
		candidates = append(candidates, e.candidate(s))
		why[row.Shipment] = row.Reason
	}
	jobs, aside, err := printjobs.Plan(candidates, e.vendors[j.Vendor].Profile)
	if err != nil {
		return err
	}
	for _, a := range aside {
		if err := e.hold(ctx, tx, a.Shipment, a.Code, a.Text); err != nil {
			return err
		}
	}
	for _, p := range jobs {
		reasons := make([]shipment.Reason, len(p.Letters))
		for i, l := range p.Letters {
			reasons[i] = why[l.Shipment]
		}
		if _, err := e.addJob(ctx, tx, newJob{vendor: j.Vendor, parent: j.ID, class: p.Class, letters: p.Letters, reasons: reasons}); err != nil {
			return err
		}
	}
	return nil
}

// Unsettled lists the jobs that are on their way to the vendor, or stuck on it.
func (e *Engine) Unsettled(ctx context.Context) ([]store.PrintJob, error) {
	return store.View(ctx, e.archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted}})
	})
}

// Reconcile has everything done that the archive says is unfinished. Losing the whole queue loses nothing.
func (e *Engine) Reconcile(ctx context.Context) (tasks int, err error) {
	var list []store.Task
	err = e.archive.View(ctx, func(r store.Reader) error {
		ships, err := r.Shipments(ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusMottatt}})
		if err != nil {
			return err
		}
		for _, s := range ships {
			list = append(list, store.Task{Kind: store.TaskPrepare, Subject: s.ID})
		}
		jobs, err := r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted}})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			kind := store.TaskOffer
			if j.State == store.JobPlanned {
				kind = store.TaskCompose
			}
			list = append(list, store.Task{Kind: kind, Subject: j.ID})
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("reconcile: %w", err)
	}
	for part := range slices.Chunk(list, 500) {
		if err := e.archive.InTx(ctx, func(tx store.Tx) error { return tx.Enqueue(ctx, part...) }); err != nil {
			return 0, fmt.Errorf("reconcile: %w", err)
		}
	}
	return len(list), nil
}

// ExportJob writes a job's files to a folder, for a person to look at.
func (e *Engine) ExportJob(ctx context.Context, id, dir string) ([]string, error) {
	files, err := store.View(ctx, e.archive, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(ctx, id) })
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		path := filepath.Join(dir, f.File.Name)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if err := e.copyBlob(ctx, f.Blob, path); err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}
