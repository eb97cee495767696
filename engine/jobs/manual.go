package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/identity"
	"postgang/engine/insight"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
)

// ErrNotManual says that a job or vendor is not one for manual print.
var ErrNotManual = errors.New("not manual print")

// ErrGivenOut says that a job's files are with somebody already.
var ErrGivenOut = errors.New("was given out to be printed")

// printedHere is the code in the history of a job that passed the last gate to be printed here, and printedHereText what earlier
// versions kept.
const (
	printedHere     = "printed-here"
	printedHereText = "printed here"
)

// committedHere reports whether an event is that a job passed the last gate to be printed here.
func committedHere(ev store.JobEvent) bool {
	why, _ := shipment.ReadNote(ev.Reason)
	return ev.To == store.JobCommitted && (why.Code == printedHere || ev.Reason == printedHereText)
}

// manualStates are those of a job in the queue: it is to be printed, or to be confirmed.
var manualStates = []store.JobState{store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering, store.JobOffered, store.JobAccepted}

// ManualJob is a job in the queue of manual print.
type ManualJob struct {
	store.PrintJob
	Awaited int  // letters that are not confirmed as posted
	Overdue bool // waits for longer than the vendor's ManualWithin
	// Given is when its files were given out to whom, the last time; the zero event: never.
	Given store.JobEvent
}

// GivenTo is who got its files the last time, as access.Actor keeps it, or as earlier versions say it; empty: nobody yet.
func (m ManualJob) GivenTo() string {
	if m.Given.By != "" {
		return m.Given.By
	}
	note, _ := shipment.ReadNote(m.Given.Reason)
	return note.Args["by"]
}

// Printed reports whether the job's files were given out to be printed.
func (m ManualJob) Printed() bool {
	return m.State == store.JobOffering || m.State == store.JobOffered || m.State == store.JobAccepted
}

// ManualQueue lists the jobs that wait to be printed here, or to be confirmed as posted, of the given vendors or of all
// that are manual; by id. ErrNotManual: one of them has a print vendor.
func (e *Jobs) ManualQueue(ctx context.Context, vendors ...string) ([]ManualJob, error) {
	for _, key := range vendors {
		if !e.Vendors[key].Manual {
			return nil, fmt.Errorf("vendor %q: %w", key, ErrNotManual)
		}
	}
	return store.View(ctx, e.Archive, func(r store.Reader) ([]ManualJob, error) { return e.ManualQueueIn(ctx, r, vendors) })
}

// ManualQueueIn is ManualQueue with a reader that the caller has.
func (e *Jobs) ManualQueueIn(ctx context.Context, r store.Reader, vendors []string) ([]ManualJob, error) {
	var out []ManualJob
	for _, key := range e.VendorKeys {
		v := e.Vendors[key]
		if !v.Manual || len(vendors) > 0 && !slices.Contains(vendors, key) {
			continue
		}
		jobs, err := r.Jobs(ctx, store.JobFilter{Vendor: key, States: manualStates})
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			m := ManualJob{PrintJob: j}
			if m.Awaited, err = r.Awaited(ctx, j.ID); err != nil {
				return nil, err
			}
			since := j.Created
			if m.Printed() {
				since = j.OfferedAt
			}
			if m.Printed() {
				if m.Given, err = lastGivenOut(ctx, r, j.ID); err != nil {
					return nil, err
				}
			}
			m.Overdue = m.Awaited > 0 && e.Now().Sub(since) >= v.ManualLimit()
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b ManualJob) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// lastGivenOut is when a job's files were given out, the last time.
func lastGivenOut(ctx context.Context, r store.Reader, job string) (last store.JobEvent, err error) {
	history, err := r.JobHistory(ctx, job)
	for _, ev := range history {
		if note, ok := shipment.ReadNote(ev.Reason); ok && (note.Code == "given-out" || note.Code == "given-out-again") {
			last = ev
		}
	}
	return last, err
}

// WaitsForPerson reports whether a job that is not handed over waits for PrintManual, and for nothing else.
func (e *Jobs) WaitsForPerson(j store.PrintJob) bool {
	return e.Vendors[j.Vendor].Manual && !j.State.Uncomposed() && j.State != store.JobOffering
}

// ManualPrint is a person's wish to print a job here.
type ManualPrint struct {
	Job string
	Dir string // where its files are written
	// By is who prints, as the history shows it; empty: the person of the context.
	By string
	// Again gives out a job that was given out before: a person has made sure that nothing of it was posted.
	Again bool
}

// Printout is what PrintManual gave out.
type Printout struct {
	Job   store.PrintJob
	Files []string // paths
	// New are the jobs that replace this one, when letters dropped out at the last gate: then nothing was written.
	New     []string
	LeftOut int // letters that were read, closed or set aside since the job was composed
	// Since are the letters, by their numbers in the job, that were read or closed after it had passed the last gate: they are
	// in the files, and may be taken out by hand.
	Since []int
}

// PrintManual gives a job of manual print out: the last gate is passed as with a vendor, that the actor of the context sees its letters
// is written to the innsynslogg, then its files are written, and it is OFFERED. If letters must not be printed any more the job is withdrawn, the others are planned anew, and nothing is
// written. A crash in between is mended by doing it again: the same files are written to the same names.
func (e *Jobs) PrintManual(ctx context.Context, p ManualPrint) (Printout, error) {
	var out Printout
	if err := ByPerson(ctx, p.By); err != nil {
		return out, fmt.Errorf("print %s: %w", p.Job, err)
	}
	j, err := e.ManualJob(ctx, p.Job)
	if err != nil {
		return out, err
	}
	ctx, unlock, err := e.LockVendor(ctx, j.Vendor)
	if err != nil {
		return out, fmt.Errorf("print %s: %w", p.Job, err)
	}
	defer unlock()
	if err := e.restored.MayOffer(ctx, j.Vendor); err != nil {
		var later *step.LaterError
		if errors.As(err, &later) {
			err = &words.Refused{Note: shipment.Note{Code: "manual-stopped"}, Err: err}
		}
		return out, fmt.Errorf("print %s: %w", p.Job, err)
	}
	if err := e.FinishOffer(ctx, p.Job); err != nil { // it was given out before
		return out, step.Lost(ctx, err)
	}
	if out, err = e.manualGate(ctx, p); err != nil || len(out.New) > 0 || out.LeftOut > 0 {
		return out, step.Lost(ctx, err)
	}
	e.Passed("manual: gate passed")
	if err := e.restored.RaiseFence(ctx, p.Job); err != nil {
		return out, fmt.Errorf("print %s: %w; nothing is recorded as printed, try again", p.Job, err)
	}
	if _, err := insight.New(e.Archive).Print(ctx, access.By(ctx), p.Job); err != nil {
		return out, fmt.Errorf("print %s: the look-up cannot be logged: %w; nothing is recorded as printed, try again", p.Job, step.Lost(ctx, err))
	}
	if out.Files, err = e.ExportJob(ctx, p.Job, p.Dir); err == nil {
		err = flush(out.Files) // recorded next, and then not given out again by itself
	}
	if err != nil {
		return out, fmt.Errorf("print %s: %w; nothing is recorded as printed, try again", p.Job, step.Lost(ctx, err))
	}
	e.Passed("manual: files written")
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, p.Job)
		if err != nil {
			return err
		}
		if now.State == store.JobOffered {
			return step.NoteJob(ctx, tx, now, givenOutAgain(p.By))
		}
		return e.Offered(ctx, tx, p.Job, givenOut(p.By))
	})
	if err != nil {
		return out, step.Lost(ctx, err)
	}
	e.Passed("manual: hand-over recorded")
	if err := e.FinishOffer(ctx, p.Job); err != nil {
		return out, step.Lost(ctx, err)
	}
	e.Passed("manual: OFFERED")
	out.Job, err = store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, p.Job) })
	return out, err
}

// GiveOut is PrintManual for somebody who takes the files at once: they are written to a folder of ours, which ends with give.
func (e *Jobs) GiveOut(ctx context.Context, p ManualPrint, give func(Printout) error) error {
	dir, remove, err := e.Scratch("manual", p.Job)
	if err != nil {
		return err
	}
	defer remove()
	p.Dir = dir
	out, err := e.PrintManual(ctx, p)
	if err != nil {
		return err
	}
	return give(out)
}

// givenOut is what the history keeps when files are given out.
func givenOut(by string) shipment.Note {
	if by == "" {
		return shipment.Note{Code: "given-out"}
	}
	return shipment.Note{Code: "given-out", Args: shipment.Args{"by": by}}
}

func givenOutAgain(by string) shipment.Note {
	if by == "" {
		return shipment.Note{Code: "given-out-again"}
	}
	return shipment.Note{Code: "given-out-again", Args: shipment.Args{"by": by}}
}

// ByPerson says what is wrong with who prints or confirms. It need not be said of a person of the console: the archive keeps who does it.
func ByPerson(ctx context.Context, by string) error {
	if by == "" && access.By(ctx).Kind == access.Human {
		return nil
	}
	return BadPerson(by)
}

// BadPerson says what is wrong with who prints or confirms.
func BadPerson(by string) error {
	if strings.TrimSpace(by) == "" {
		return errors.New("it is not said who does it (--by)")
	}
	if why := identity.BadNote(by); why != "" {
		return errors.New("who does it (--by) " + why)
	}
	return nil
}

// ManualJob reads a job and makes sure that it is for manual print.
func (e *Jobs) ManualJob(ctx context.Context, id string) (store.PrintJob, error) {
	j, err := store.View(ctx, e.Archive, func(r store.Reader) (store.PrintJob, error) { return r.Job(ctx, id) })
	if err == nil && !e.Vendors[j.Vendor].Manual {
		err = fmt.Errorf("job %s goes to vendor %q: %w", id, j.Vendor, ErrNotManual)
	}
	return j, err
}

// manualGate is the last gate of manual print, in one transaction.
func (e *Jobs) manualGate(ctx context.Context, p ManualPrint) (Printout, error) {
	var out Printout
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		out = Printout{}
		j, err := tx.Job(ctx, p.Job)
		if err != nil {
			return err
		}
		out.Job = j
		if err := NotElsewhere(ctx, tx, j); err != nil {
			return err
		}
		switch {
		case j.State == store.JobCommitted || j.State == store.JobOffered && p.Again:
			// The process died while it wrote the files, or a person wants them once more.
			out.Since, err = pastGate(ctx, tx, j.ID)
			return err
		case j.State == store.JobOffered:
			return fmt.Errorf("job %s %w at %s: confirm it (postgang manual confirm %s), or, when nothing of it was posted, give it out --again", j.ID, ErrGivenOut, calendar.ClockOf(j.OfferedAt), j.ID)
		case j.State != store.JobComposed && j.State != store.JobUploaded:
			return &words.Refused{Note: shipment.Note{Code: "manual-state", Args: shipment.Args{"job": j.ID, "state": string(j.State)}}}
		}
		if err := e.bar(ctx, tx, j); err != nil {
			return err
		}
		drop, err := tx.Ungated(ctx, j.ID)
		if err != nil {
			return err
		}
		if len(drop) == 0 {
			for _, to := range []store.JobState{store.JobUploaded, store.JobCommitted} {
				if j.State == to {
					continue
				}
				if err := e.MoveJob(ctx, tx, j, to, shipment.Note{Code: printedHere}); err != nil {
					return err
				}
				if j, err = tx.Job(ctx, j.ID); err != nil {
					return err
				}
			}
			return nil
		}
		out.LeftOut = len(drop)
		return e.dropOut(ctx, tx, j)
	})
	if err != nil || out.LeftOut == 0 {
		return out, err
	}
	if err := e.FinishEnding(ctx, out.Job.ID); err != nil {
		return out, err
	}
	out.New, err = store.View(ctx, e.Archive, func(r store.Reader) ([]string, error) { return Replacements(ctx, r, out.Job.ID) })
	return out, err
}

// ErrLevel4 says that a job has letters that demand a log-in of level 4: nobody here sees their pages.
var ErrLevel4 = errors.New("has letters that demand a log-in of level 4 (krevNiva4Innlogging), which are never printed here")

// bar sets aside at the last gate the letters that are never printed here. They are in a job when it was planned for a print vendor,
// whose kind was changed since.
func (e *Jobs) bar(ctx context.Context, tx store.Tx, j store.PrintJob) error {
	rows, err := tx.JobLetters(ctx, j.ID)
	if err != nil {
		return err
	}
	v := e.Vendors[j.Vendor]
	var aside []step.Aside
	for _, row := range rows {
		s, err := tx.Shipment(ctx, row.Shipment)
		switch {
		case err != nil:
			return err
		case !v.Bars(s):
		case j.Reprint:
			return fmt.Errorf("reprint %s %w; withdraw it (postgang job withdraw %s)", j.ID, ErrLevel4, j.ID)
		default:
			aside = append(aside, step.Aside{Shipment: s.ID, Why: v.WhyBarred()})
		}
	}
	_, err = e.HoldAllIn(ctx, tx, aside)
	return err
}

// pastGate lists the letters of a job that were read or closed, by their numbers in it.
func pastGate(ctx context.Context, r store.Reader, job string) ([]int, error) {
	rows, err := r.JobLetters(ctx, job)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, row := range rows {
		s, err := r.Shipment(ctx, row.Shipment)
		if err != nil {
			return nil, err
		}
		if !s.ReadAt.IsZero() || !s.ClosedAt.IsZero() {
			out = append(out, row.Letter)
		}
	}
	return out, nil
}

// flush has files and the folder that they lie in written to disk.
func flush(paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	for _, path := range append(slices.Clone(paths), filepath.Dir(paths[0])) {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// NotElsewhere refuses a job that may be on its way to a print vendor although its vendor is manual print now: a vendor's
// kind can be changed while it has jobs.
func NotElsewhere(ctx context.Context, r store.Reader, j store.PrintJob) error {
	switch j.State {
	case store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobWithdrawn:
		return nil
	default: // handed over, or on its way
	}
	history, err := r.JobHistory(ctx, j.ID)
	if err != nil || slices.ContainsFunc(history, committedHere) {
		return err
	}
	return &words.Refused{Note: shipment.Note{Code: "manual-elsewhere", Args: shipment.Args{"job": j.ID, "state": string(j.State), "vendor": j.Vendor}}}
}

// Replacements are the jobs that replace one, by id.
func Replacements(ctx context.Context, r store.Reader, id string) ([]string, error) {
	children, err := r.Jobs(ctx, store.JobFilter{Parent: id})
	var ids []string
	for _, c := range children {
		if !c.Reprint {
			ids = append(ids, c.ID)
		}
	}
	return ids, err
}
