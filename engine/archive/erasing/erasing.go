// Package erasing keeps what is known of erasing letters: which are to be judged, what rows name which blobs, and the deletion log. Its
// Teller and Eraser are part of the archive's.
package erasing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postgang/engine/archive/sqlrow"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Teller reads in a transaction of the archive.
type Teller struct{ rows *sqlrow.Rows }

// Eraser writes in one.
type Eraser struct {
	rows *sqlrow.Rows
	now  time.Time
}

// NewTeller makes the reader of a transaction.
func NewTeller(r *sqlrow.Rows) Teller { return Teller{r} }

// NewEraser makes the writer of a transaction; now is its clock.
func NewEraser(r *sqlrow.Rows, now time.Time) Eraser { return Eraser{r, now} }

// letter is what the rule looks at. A deviation's key is VENDOR/FILE/JOB/SHIPMENT/KIND, of kinds in capitals, so that those of a letter
// lie between "…/" and "…/~". A letter is in few jobs, and many jobs are ACCEPTED: without statistics SQLite would go by the index of states.
const letter = `SELECT s.id, s.account, s.status, s.hold, s.received_at,
	coalesce((SELECT max(e.recorded_at) FROM event e WHERE e.shipment = s.id AND e.from_status <> e.to_status), s.received_at),
	EXISTS (SELECT 1 FROM job_letter l JOIN print_job j ON j.id = l.job
		WHERE l.shipment = s.id AND j.state || '' IN ('PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERING', 'UNCERTAIN')),
	EXISTS (SELECT 1 FROM job_letter l JOIN print_job j ON j.id = l.job WHERE l.shipment = s.id AND j.state || '' IN ('OFFERED', 'ACCEPTED')
		AND NOT EXISTS (SELECT 1 FROM receipt c WHERE c.job = l.job AND c.shipment = l.shipment AND c.state = 'APPLIED')),
	EXISTS (SELECT 1 FROM job_letter l JOIN receipt c ON c.job = l.job AND c.shipment = l.shipment AND c.state = 'APPLIED'
		JOIN deviation v ON v.key > c.vendor || '/' || c.file || '/' || c.job || '/' || c.shipment || '/'
			AND v.key < c.vendor || '/' || c.file || '/' || c.job || '/' || c.shipment || '/~'
		WHERE l.shipment = s.id AND (SELECT d.state FROM deviation_decision d WHERE d.deviation = v.key ORDER BY d.turn DESC LIMIT 1) = 'DISPUTED')
	OR EXISTS (SELECT 1 FROM receipt c WHERE c.shipment = s.id AND c.state = 'CONFLICT'
		AND NOT EXISTS (SELECT 1 FROM receipt_decision d WHERE d.receipt = c.id))
	FROM shipment s WHERE `

func scanLetter(scan sqlrow.Scan) (l retention.Letter, err error) {
	err = scan(&l.ID, &l.Account, &l.Status, &l.Hold, sqlrow.When(&l.Received), sqlrow.When(&l.Ended), &l.InJob, &l.Unreceipted, &l.Disputed)
	return l, err
}

// Keeping lists letters whose content is there.
func (r Teller) Keeping(ctx context.Context, f retention.Filter) ([]retention.Letter, error) {
	out, err := r.keeping(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}
	return out, nil
}

func (r Teller) keeping(ctx context.Context, f retention.Filter) ([]retention.Letter, error) {
	a := sqlrow.Args{f.Status, f.Before.UnixMilli()}
	where := `s.status = $1 AND s.status <> 'SLETTET' AND s.received_at < $2`
	if f.After != "" {
		at, err := sqlrow.One(ctx, r.rows, sqlrow.Scalar[int64], `SELECT received_at FROM shipment WHERE id = $1`, f.After)
		if err != nil {
			return nil, err
		}
		// The first condition is for the index.
		where += ` AND s.received_at >= ` + a.Add(at) + ` AND (s.received_at, s.id) > (` + a.Add(at) + `, ` + a.Add(f.After) + `)`
	}
	return sqlrow.List(ctx, r.rows, scanLetter, letter+where+` ORDER BY s.received_at, s.id`+a.Limit(f.Limit), a...)
}

// KeepingOne is one letter.
func (r Teller) KeepingOne(ctx context.Context, shipment string) (retention.Letter, error) {
	l, err := sqlrow.One(ctx, r.rows, scanLetter, letter+`s.id = $1`, shipment)
	if err != nil {
		return l, fmt.Errorf("shipment %s: %w", shipment, err)
	}
	return l, nil
}

// KeepingOf are several letters.
func (r Teller) KeepingOf(ctx context.Context, shipments []string) ([]retention.Letter, error) {
	if len(shipments) == 0 {
		return nil, nil
	}
	var a sqlrow.Args
	out, err := sqlrow.List(ctx, r.rows, scanLetter, letter+`s.id IN `+sqlrow.In(&a, shipments)+` ORDER BY s.id`, a...)
	if err != nil {
		return nil, fmt.Errorf("look at %d letters: %w", len(shipments), err)
	}
	return out, nil
}

// naming are the columns that name blobs; content: with what is in letters.
var naming = []struct {
	column, from, where string
	content             bool
}{
	{"blob_sha", "document", "", true},
	{"prepared_sha", "shipment", " AND prepared_sha > '' AND status <> 'SLETTET'", true},
	{"blob_sha", "job_file", " AND erased_at IS NULL", true},
	{"blob_sha", "receipt_file", "", false},
	{"blob_sha", "invoice", "", false},
	{"blob_sha", "invoice_removed", "", false},
}

// Named gives the blobs that a row names.
func (r Teller) Named(ctx context.Context, sha256 []string) (map[string]bool, error) {
	return r.named(ctx, sha256, false)
}

// NamedByLetters gives the blobs that letters and their print jobs name.
func (r Teller) NamedByLetters(ctx context.Context, sha256 []string) (map[string]bool, error) {
	return r.named(ctx, sha256, true)
}

func (r Teller) named(ctx context.Context, sha256 []string, content bool) (map[string]bool, error) {
	named := map[string]bool{}
	if len(sha256) == 0 {
		return named, nil
	}
	var a sqlrow.Args
	var parts []string
	for _, n := range naming {
		if content && !n.content {
			continue
		}
		parts = append(parts, `SELECT `+n.column+` FROM `+n.from+` WHERE `+n.column+` IN `+sqlrow.In(&a, sha256)+n.where)
	}
	err := r.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var sha string
		err := scan(&sha)
		named[sha] = true
		return err
	}, strings.Join(parts, " UNION "), a...)
	if err != nil {
		return nil, fmt.Errorf("look for what names documents: %w", err)
	}
	return named, nil
}

// Erasures lists the deletion log.
func (r Teller) Erasures(ctx context.Context, f retention.LogFilter) ([]retention.Erasure, error) {
	var a sqlrow.Args
	where := []string{"TRUE"}
	if f.Shipment != "" {
		where = append(where, "shipment = "+a.Add(f.Shipment))
	}
	if len(f.Accounts) > 0 {
		where = append(where, "account IN "+sqlrow.In(&a, slices.Clone(f.Accounts)))
	}
	if f.After > 0 {
		where = append(where, "seq < "+a.Add(f.After))
	}
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (e retention.Erasure, err error) {
		err = scan(&e.Seq, sqlrow.When(&e.At), &e.Shipment, &e.Account, &e.From, &e.Why, &e.Reason, &e.Documents, &e.PrintFiles, sqlrow.Text(&e.By))
		return e, err
	}, `SELECT seq, erased_at, shipment, account, from_status, why, reason, documents, print_files, actor FROM erasure
		WHERE `+strings.Join(where, " AND ")+` ORDER BY seq DESC`+a.Limit(f.Limit), a...)
	if err != nil {
		return nil, fmt.Errorf("list the deletion log: %w", err)
	}
	return out, nil
}

// Empty stores letters whose content is erased, and removes what stands beside their rows.
func (w Eraser) Empty(ctx context.Context, letters ...shipment.Shipment) (map[string]retention.Dropped, error) {
	if len(letters) == 0 {
		return nil, nil
	}
	ids := make([]string, len(letters))
	for i, s := range letters {
		ids[i] = s.ID
	}
	dropped := make(map[string]retention.Dropped, len(letters))
	err := w.emptyRows(ctx, letters)
	if err == nil {
		err = w.dropDocuments(ctx, ids, dropped)
	}
	if err == nil {
		err = w.dropPrintFiles(ctx, ids, dropped)
	}
	if err != nil {
		return nil, fmt.Errorf("erase the content of %d letters, of which the first is shipment %s: %w", len(letters), ids[0], err)
	}
	return dropped, nil
}

// emptyRows sets the columns that always change at once, and the others only where they do: a column that is set has its indexes written
// again, whether it is another value or not.
func (w Eraser) emptyRows(ctx context.Context, letters []shipment.Shipment) error {
	var a, kept sqlrow.Args
	var rows, keptRows, unreferenced []string
	for _, s := range letters {
		submission, err := sqlrow.Encode(s.Submission)
		if err != nil {
			return err
		}
		var facts any
		if s.Facts != nil {
			if facts, err = sqlrow.Encode(s.Facts); err != nil {
				return err
			}
		}
		rows = append(rows, "(CAST("+a.Add(s.ID)+" AS TEXT), CAST("+a.Add(s.Version)+" AS BIGINT), CAST("+a.Add(submission)+" AS TEXT), CAST("+a.Add(facts)+" AS TEXT))")
		keptRows = append(keptRows, "(CAST("+kept.Add(s.ID)+" AS TEXT), CAST("+kept.Add(sqlrow.Clean(s.Submission.Konteringskode))+" AS TEXT), CAST("+
			kept.Add(sqlrow.Clean(s.Submission.SendingSystem))+" AS TEXT))")
		if s.Submission.ExternalReference == "" {
			unreferenced = append(unreferenced, s.ID)
		}
	}
	n, err := w.rows.Exec(ctx, `WITH now (id, version, submission, facts) AS (VALUES `+strings.Join(rows, ", ")+`)
		UPDATE shipment SET status = 'SLETTET', submission = now.submission, facts = now.facts, fingerprint = '', prepared_key = NULL, hold = '', version = shipment.version + 1
		FROM now WHERE shipment.id = now.id AND shipment.version = now.version`, a...)
	if err == nil && n < int64(len(letters)) {
		err = store.ErrStale
	}
	if err != nil {
		return err
	}
	if _, err = w.rows.Exec(ctx, `WITH kept (id, code, system) AS (VALUES `+strings.Join(keptRows, ", ")+`)
		UPDATE shipment SET konteringskode = kept.code, sending_system = kept.system FROM kept
		WHERE shipment.id = kept.id AND (shipment.konteringskode <> kept.code OR shipment.sending_system <> kept.system)`, kept...); err != nil {
		return err
	}
	if len(unreferenced) == 0 {
		return nil
	}
	var of sqlrow.Args
	_, err = w.rows.Exec(ctx, `UPDATE shipment SET external_reference = NULL WHERE external_reference IS NOT NULL AND id IN `+sqlrow.In(&of, unreferenced), of...)
	return err
}

func (w Eraser) dropDocuments(ctx context.Context, ids []string, dropped map[string]retention.Dropped) error {
	var a sqlrow.Args
	in := sqlrow.In(&a, ids)
	err := w.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var id string
		err := scan(&id)
		d := dropped[id]
		d.Documents++
		dropped[id] = d
		return err
	}, `DELETE FROM document WHERE shipment IN `+in+` RETURNING shipment`, a...)
	if err == nil {
		_, err = w.rows.Exec(ctx, `DELETE FROM channel_case WHERE shipment IN `+in, a...)
	}
	if err == nil {
		_, err = w.rows.Exec(ctx, `DELETE FROM unprepared WHERE shipment IN `+in, a...)
	}
	return err
}

// dropPrintFiles gives up the print files of all jobs of letters. Those of a job count for the first of its letters.
func (w Eraser) dropPrintFiles(ctx context.Context, ids []string, dropped map[string]retention.Dropped) error {
	a := sqlrow.Args{w.now}
	files := map[string]int{} // by job
	err := w.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var job string
		err := scan(&job)
		files[job]++
		return err
	}, `UPDATE job_file SET erased_at = $1 WHERE erased_at IS NULL AND job IN (SELECT l.job FROM job_letter l WHERE l.shipment IN `+sqlrow.In(&a, ids)+`) RETURNING job`, a...)
	if err != nil || len(files) == 0 {
		return err
	}
	var of sqlrow.Args
	return w.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var job, id string
		err := scan(&job, &id)
		d := dropped[id]
		d.PrintFiles += files[job]
		dropped[id] = d
		return err
	}, `SELECT job, min(shipment) FROM job_letter WHERE job IN `+sqlrow.In(&of, slices.Sorted(maps.Keys(files)))+` AND shipment IN `+sqlrow.In(&of, ids)+` GROUP BY job`, of...)
}

// LogErasures adds to the deletion log.
func (w Eraser) LogErasures(ctx context.Context, list ...retention.Erasure) error {
	if len(list) == 0 {
		return nil
	}
	last, err := sqlrow.One(ctx, w.rows, sqlrow.Scalar[int64], `SELECT coalesce(max(seq), 0) FROM erasure`)
	if err == nil {
		rows := make([][]any, len(list))
		for i, e := range list {
			rows[i] = []any{last + int64(i) + 1, w.now, e.Shipment, e.Account, e.From, e.Why, sqlrow.Clean(e.Reason), e.Documents, e.PrintFiles, sqlrow.Actor(ctx)}
		}
		err = w.rows.InsertRows(ctx, `erasure (seq, erased_at, shipment, account, from_status, why, reason, documents, print_files, actor)`, rows)
	}
	if err != nil {
		return fmt.Errorf("add to the deletion log: %w", err)
	}
	return nil
}
