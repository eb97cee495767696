// Package found keeps what was found at vendors that this archive may not know of: an older copy that was put back. Its Lookout and Noter are part
// of the archive's.
package found

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postgang/engine/archive/sqlrow"
	"postgang/engine/documents"
	"postgang/engine/store"
)

// Lookout reads in a transaction of the archive.
type Lookout struct{ rows *sqlrow.Rows }

// Noter writes in one.
type Noter struct {
	rows *sqlrow.Rows
	now  time.Time
}

// NewLookout makes the reader of a transaction.
func NewLookout(r *sqlrow.Rows) Lookout { return Lookout{r} }

// NewNoter makes the writer of one; now is its clock.
func NewNoter(r *sqlrow.Rows, now time.Time) Noter { return Noter{r, now} }

// JobMarks lists all jobs, by id.
func (r Lookout) JobMarks(ctx context.Context) ([]store.JobMark, error) {
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (m store.JobMark, err error) {
		err = scan(&m.ID, &m.Vendor, &m.State, &m.TicketSHA)
		return m, err
	}, `SELECT id, vendor, state, ticket_sha FROM print_job ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return out, nil
}

// JobNumber is the number of the newest job id.
func (r Lookout) JobNumber(ctx context.Context) (int, error) {
	n, err := sqlrow.One(ctx, r.rows, sqlrow.Scalar[int], `SELECT value FROM counter WHERE name = 'job'`)
	if err != nil {
		return 0, fmt.Errorf("number of the newest job: %w", err)
	}
	return n, nil
}

// RaiseJobNumber has the next job ids begin behind a number; it never lowers.
func (t Noter) RaiseJobNumber(ctx context.Context, to int) error {
	if to > documents.LastJobNumber {
		return fmt.Errorf("raise job ids to %d: there are only %d", to, documents.LastJobNumber)
	}
	if _, err := t.rows.Exec(ctx, `UPDATE counter SET value = $1 WHERE name = 'job' AND value < $1`, to); err != nil {
		return fmt.Errorf("raise job ids to %d: %w", to, err)
	}
	return nil
}

// FoundJobs lists what was settled about a vendor's jobs, by id.
func (r Lookout) FoundJobs(ctx context.Context, vendor string) ([]store.FoundJob, error) {
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (f store.FoundJob, err error) {
		err = scan(&f.ID, &f.Vendor, &f.Verdict, &f.TicketSHA, &f.Letters, sqlrow.When(&f.At), &f.Reason, sqlrow.Text(&f.By))
		return f, err
	}, `SELECT id, vendor, verdict, ticket_sha, letters, found_at, reason, actor FROM found_job WHERE vendor = $1 ORDER BY id`, vendor)
	if err != nil {
		return nil, fmt.Errorf("jobs found at vendor %s: %w", vendor, err)
	}
	return out, nil
}

// SetFoundJob stores what was settled, in place of what was settled before.
func (t Noter) SetFoundJob(ctx context.Context, f store.FoundJob) error {
	_, err := t.rows.Exec(ctx, `INSERT INTO found_job (id, vendor, verdict, ticket_sha, letters, found_at, reason, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id, vendor) DO UPDATE SET verdict = excluded.verdict, ticket_sha = excluded.ticket_sha, letters = excluded.letters,
			reason = excluded.reason, actor = excluded.actor`, f.ID, f.Vendor, f.Verdict, f.TicketSHA, f.Letters, t.now, sqlrow.Clean(f.Reason), sqlrow.Actor(ctx))
	if err != nil {
		return fmt.Errorf("record job %s found at vendor %s: %w", f.ID, f.Vendor, err)
	}
	return nil
}

// FoundLetters lists letters that a vendor has by its own word, by job and shipment.
func (r Lookout) FoundLetters(ctx context.Context, f store.FoundLetter) ([]store.FoundLetter, error) {
	var a sqlrow.Args
	where := []string{"TRUE"}
	for _, w := range []struct{ column, value string }{{"shipment", f.Shipment}, {"job", f.Job}, {"vendor", f.Vendor}} {
		if w.value != "" {
			where = append(where, w.column+" = "+a.Add(w.value))
		}
	}
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (l store.FoundLetter, err error) {
		err = scan(&l.Shipment, &l.Job, &l.Vendor)
		return l, err
	}, `SELECT shipment, job, vendor FROM found_letter WHERE `+strings.Join(where, " AND ")+` ORDER BY job, shipment, vendor`, a...)
	if err != nil {
		return nil, fmt.Errorf("letters found at vendors: %w", err)
	}
	return out, nil
}

// AddFoundLetters stores letters that a vendor has by its own word; those that are there stay.
func (t Noter) AddFoundLetters(ctx context.Context, letters ...store.FoundLetter) error {
	for _, l := range letters {
		_, err := t.rows.Exec(ctx, `INSERT INTO found_letter (shipment, job, vendor, found_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			l.Shipment, l.Job, l.Vendor, t.now)
		if err != nil {
			return fmt.Errorf("record letter of job %s found at vendor %s: %w", l.Job, l.Vendor, err)
		}
	}
	return nil
}

// SeenReceipts lists the receipt files of a vendor that were looked through.
func (r Lookout) SeenReceipts(ctx context.Context, vendor string) ([]store.SeenReceipt, error) {
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (s store.SeenReceipt, err error) {
		err = scan(&s.Name, &s.Bytes, sqlrow.When(&s.Modified))
		return s, err
	}, `SELECT name, bytes, modified_at FROM seen_receipt WHERE vendor = $1 ORDER BY name`, vendor)
	if err != nil {
		return nil, fmt.Errorf("receipt files of vendor %s: %w", vendor, err)
	}
	return out, nil
}

// AddSeenReceipt stores that a receipt file was looked through.
func (t Noter) AddSeenReceipt(ctx context.Context, vendor string, s store.SeenReceipt) error {
	at := s.Modified
	if at.IsZero() {
		at = time.UnixMilli(1)
	}
	_, err := t.rows.Exec(ctx, `INSERT INTO seen_receipt (vendor, name, bytes, modified_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		vendor, s.Name, s.Bytes, at)
	if err != nil {
		return fmt.Errorf("record a receipt file of vendor %s: %w", vendor, err)
	}
	return nil
}
