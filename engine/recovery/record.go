package recovery

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"postgang/engine/accept"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// record makes a job of the archive of one that the vendor has, with the letters that the archive has.
func (r *recovery) record(ctx context.Context, x *vendorJob, found store.FoundJob) error {
	e := r.e
	// One that was never decided here was, before it was printed.
	for _, id := range x.letters() {
		s, err := store.View(ctx, e.Archive, func(rd store.Reader) (shipment.Shipment, error) { return rd.Shipment(ctx, id) })
		if err == nil && s.Status == shipment.StatusMottatt {
			err = e.accept.PrepareShipment(ctx, id)
			if err != nil && ctx.Err() == nil {
				e.Log.Warn("letter that the vendor has cannot be prepared", "shipment", id, "error", err)
				err = nil
			}
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	var aside []string
	n := 0
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		aside, n = nil, 0
		if _, err := tx.Job(ctx, x.id); !errors.Is(err, store.ErrNotFound) {
			return err // it was, by a run that came to its end just then
		}
		p, err := r.placed(ctx, tx, x)
		if err != nil {
			return err
		}
		for _, id := range p.beyond {
			if err := tx.AddFoundLetters(ctx, store.FoundLetter{Shipment: id, Job: x.id, Vendor: r.v.Key}); err != nil {
				return err
			}
		}
		aside = p.aside
		if n = len(p.rows); n > 0 {
			if err := r.insert(ctx, tx, x, p); err != nil {
				return err
			}
		}
		return tx.SetFoundJob(ctx, found)
	})
	if err != nil {
		return err
	}
	r.out.Recorded += n
	return r.setAside(ctx, aside, "has", x.id)
}

// placement is how the letters of a vendor's job stand in the archive.
type placement struct {
	rows    []store.JobLetter
	ships   map[string]shipment.Shipment
	parent  string   // the job that it reprints; empty: it is none
	beyond  []string // letters that the archive has not, or that cannot be in the job
	aside   []string // of these, letters that the archive has
	account string   // of all, when they are of one
}

// placed sorts a job's letters. Those that another job has handed over already make it a reprint of that one, when it has
// all of them.
func (r *recovery) placed(ctx context.Context, tx store.Tx, x *vendorJob) (placement, error) {
	p := placement{ships: map[string]shipment.Shipment{}}
	rows := map[string]exchange.ManifestRow{}
	for _, m := range x.manifest {
		rows[m.Shipment] = m
	}
	var free, again []store.JobLetter
	parents := map[string]bool{}
	for i, id := range x.letters() {
		s, err := tx.Shipment(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			p.beyond = append(p.beyond, id)
			continue
		}
		if err != nil {
			return p, err
		}
		if !recordable(s) {
			p.beyond, p.aside = append(p.beyond, id), append(p.aside, id)
			continue
		}
		row, err := r.row(s, rows[id], i+1)
		if err != nil {
			return p, err
		}
		row.Job = x.id
		p.ships[id] = s
		live, err := liveJob(ctx, tx, id)
		switch {
		case err != nil:
			return p, err
		case live == "":
			free = append(free, row)
		default:
			again = append(again, row)
			parents[live] = true
		}
		if p.account == "" {
			p.account = s.Account
		} else if p.account != s.Account {
			p.account = "-"
		}
	}
	switch {
	case len(free) == 0 && len(parents) == 1:
		p.rows = again
		for parent := range parents {
			p.parent = parent
		}
	default:
		p.rows = free
		for _, row := range again { // printed once more, of several jobs: they are where they were
			p.beyond = append(p.beyond, row.Shipment)
		}
	}
	if p.account == "-" {
		p.account = ""
	}
	return p, nil
}

// recordable reports whether a shipment can be a letter of a job that is handed over.
func recordable(s shipment.Shipment) bool {
	if s.Prepared.IsZero() || s.Submission.DigitalOnly {
		return false
	}
	switch s.Status {
	case shipment.StatusSendtPrint, shipment.StatusPrintet, shipment.StatusLest, shipment.StatusManueltHandtert:
		return true
	default:
		return s.Status.Printable()
	}
}

// liveJob is the job that holds a letter and is no reprint; empty: none.
func liveJob(ctx context.Context, r store.Reader, shipment string) (string, error) {
	jobs, err := r.JobsOf(ctx, shipment)
	for _, j := range jobs {
		if j.State.Live() && !j.Reprint {
			return j.ID, err
		}
	}
	return "", err
}

// row is a letter's place in a job: by the manifest, or, where there is none, as it would be laid on sheets now.
func (r *recovery) row(s shipment.Shipment, m exchange.ManifestRow, number int) (store.JobLetter, error) {
	if m.Shipment != "" {
		return store.JobLetter{
			Shipment: s.ID, Letter: m.Letter, Konteringskode: m.Konteringskode, Reason: s.DueReason, File: m.File, FirstSide: m.FirstSide,
			LastSide: m.LastSide, Sheets: m.Sheets, Pages: m.Pages, PagesBW: m.PagesBW, PagesColour: m.PagesColour, GiroSheets: m.GiroSheets,
			Envelope: m.Envelope, WeightGram: m.WeightGram,
		}, nil
	}
	l, err := r.e.accept.Place(s, r.v.Profile)
	if err != nil {
		return store.JobLetter{}, err
	}
	row := accept.PlannedRow(l)
	row.Letter, row.Reason = number, s.DueReason
	return row, nil
}

// insert records a job that the vendor has.
func (r *recovery) insert(ctx context.Context, tx store.Tx, x *vendorJob, p placement) error {
	j := store.PrintJob{
		ID: x.id, Vendor: r.v.Key, Parent: p.parent, Reprint: p.parent != "", State: store.JobOffered, Letters: len(p.rows), Updated: tx.Now(),
		TicketSHA: cmp.Or(x.Ticket, unknownTicket), Totals: totalsOf(p.rows),
	}
	if x.accepted() {
		j.State = store.JobAccepted
	}
	var err error
	if j.Ticket, err = exchange.FileName(x.id, 0, exchange.KindTicket, j.TicketSHA); err != nil {
		return err
	}
	if x.doc != nil {
		j.Class, j.Totals, j.Created = x.doc.Class, x.doc.Totals, x.doc.Created.UTC()
	} else {
		first := p.rows[0]
		j.Class = exchange.Class{Account: p.account, Envelope: first.Envelope, Zone: p.ships[first.Shipment].Zone}
	}
	if x.Answer != nil {
		j.OfferedAt = x.Answer.Time.UTC().Truncate(time.Millisecond)
	}
	if j.OfferedAt.IsZero() {
		j.OfferedAt = tx.Now()
	}
	if j.Created.IsZero() {
		j.Created = j.OfferedAt
	}
	if err := tx.InsertJob(ctx, j, p.rows); err != nil {
		return err
	}
	if err := step.NoteJob(ctx, tx, j, shipment.Note{Code: "found"}); err != nil {
		return err
	}
	for _, row := range p.rows {
		if s := p.ships[row.Shipment]; s.Hold != "" {
			if err := step.Release(ctx, tx, s, shipment.Args{"job": x.id}); err != nil {
				return err
			}
		}
	}
	_, err = tx.SendLetters(ctx, x.id, tx.Now(), 0, len(p.rows))
	return err
}

// totalsOf sums what is known of letters.
func totalsOf(rows []store.JobLetter) exchange.Totals {
	t := exchange.Totals{Letters: len(rows)}
	for _, l := range rows {
		t.Sheets += l.Sheets
		t.Pages += l.Pages
		t.PagesBW += l.PagesBW
		t.PagesColour += l.PagesColour
		t.GiroSheets += l.GiroSheets
		t.WeightGram += int64(l.WeightGram)
	}
	return t
}

// unknownTicket stands for the SHA-256 of a ticket that nothing at the vendor tells any more.
var unknownTicket = strings.Repeat("0", 64)
