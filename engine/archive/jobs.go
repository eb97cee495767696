package archive

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"postgang/billing/money"
	"postgang/engine/archive/sets"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/documents"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

const jobColumns = `j.id, j.vendor, j.parent, j.reprint, j.state, j.live AND j.state = 'WITHDRAWN', j.class, j.created_at, j.updated_at, j.offered_at, j.letters,
	j.totals, j.ticket, j.ticket_sha, j.failures, j.last_error, j.version`

func scanJob(scan sqlrow.Scan) (store.PrintJob, error) {
	var j store.PrintJob
	err := scan(&j.ID, &j.Vendor, sqlrow.Text(&j.Parent), &j.Reprint, &j.State, &j.Holding, sqlrow.JSON(&j.Class), sqlrow.When(&j.Created), sqlrow.When(&j.Updated),
		sqlrow.When(&j.OfferedAt), &j.Letters, sqlrow.JSON(&j.Totals), &j.Ticket, &j.TicketSHA, &j.Failures, &j.LastError, &j.Version)
	return j, err
}

// Job reads a print job.
func (r *reader) Job(ctx context.Context, id string) (store.PrintJob, error) {
	j, err := sqlrow.One(ctx, r.Rows, scanJob, `SELECT `+jobColumns+` FROM print_job j WHERE j.id = $1`, id)
	if err != nil {
		return j, fmt.Errorf("job %s: %w", id, err)
	}
	return j, nil
}

// Jobs lists print jobs by id.
func (r *reader) Jobs(ctx context.Context, f store.JobFilter) ([]store.PrintJob, error) {
	query, a := jobsQuery(f)
	out, err := sqlrow.List(ctx, r.Rows, scanJob, query, a...)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return out, nil
}

func jobsQuery(f store.JobFilter) (string, sqlrow.Args) {
	var a sqlrow.Args
	where := []string{"TRUE"}
	if f.Vendor != "" {
		where = append(where, "j.vendor = "+a.Add(f.Vendor))
	}
	if f.Parent != "" {
		where = append(where, "j.parent = "+a.Add(f.Parent))
	}
	if len(f.States) > 0 {
		where = append(where, "j.state IN "+sqlrow.In(&a, f.States))
	}
	if !f.OfferedSince.IsZero() {
		where = append(where, "j.offered_at >= "+a.Add(f.OfferedSince.UnixMilli()))
	}
	if f.Reprints {
		where = append(where, "j.reprint")
	}
	if f.Holding {
		where = append(where, "j.live AND j.state = 'WITHDRAWN'")
	}
	if f.Before != "" {
		where = append(where, "j.id < "+a.Add(f.Before))
	}
	if f.After != "" {
		where = append(where, "j.id > "+a.Add(f.After))
	}
	order := " ORDER BY j.id"
	if f.Newest {
		order += " DESC"
	}
	return `SELECT ` + jobColumns + ` FROM print_job j WHERE ` + strings.Join(where, " AND ") + order + a.Limit(f.Limit), a
}

const letterColumns = `l.job, l.shipment, l.letter, l.konteringskode, l.reason, l.file, l.first_side, l.last_side,
	l.sheets, l.pages, l.pages_bw, l.pages_colour, l.giro_sheets, l.envelope, l.weight_gram, l.only_sheets, l.expected_production, l.expected_postage`

func scanLetter(scan sqlrow.Scan) (store.JobLetter, error) {
	var l store.JobLetter
	var cost expected
	err := scan(&l.Job, &l.Shipment, &l.Letter, &l.Konteringskode, &l.Reason, &l.File, &l.FirstSide, &l.LastSide,
		&l.Sheets, &l.Pages, &l.PagesBW, &l.PagesColour, &l.GiroSheets, &l.Envelope, &l.WeightGram, sqlrow.JSON(&l.Only), &cost.production, &cost.postage)
	l.Expected = cost.get()
	return l, err
}

// expected is the two columns of what a letter was expected to cost.
type expected struct{ production, postage sql.NullInt64 }

func (c expected) get() *store.ExpectedCost {
	if !c.production.Valid {
		return nil
	}
	return &store.ExpectedCost{Production: money.Ore(c.production.Int64), Postage: money.Ore(c.postage.Int64)}
}

// JobLetters lists a job's letters by letter number.
func (r *reader) JobLetters(ctx context.Context, job string) ([]store.JobLetter, error) {
	out, err := sqlrow.List(ctx, r.Rows, scanLetter,
		`SELECT `+letterColumns+` FROM job_letter l WHERE l.job = $1 ORDER BY l.letter`, job)
	if err != nil {
		return nil, fmt.Errorf("letters of job %s: %w", job, err)
	}
	return out, nil
}

// JobOwners counts a job's letters by account and konteringskode.
func (r *reader) JobOwners(ctx context.Context, job string) ([]store.LetterOwner, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (o store.LetterOwner, err error) {
		err = scan(&o.Account, &o.Konteringskode, &o.Letters)
		return o, err
	}, `SELECT s.account, l.konteringskode, count(*) FROM job_letter l JOIN shipment s ON s.id = l.shipment WHERE l.job = $1
		GROUP BY s.account, l.konteringskode ORDER BY s.account, l.konteringskode`, job)
	if err != nil {
		return nil, fmt.Errorf("owners of job %s: %w", job, err)
	}
	return out, nil
}

// JobFiles lists a job's files.
func (r *reader) JobFiles(ctx context.Context, job string) ([]store.JobFile, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (f store.JobFile, err error) {
		sha, bytes := sqlrow.Blob(&f.Blob)
		err = scan(&f.Job, sqlrow.JSON(&f.File), sha, bytes, &f.Erased)
		return f, err
	}, `SELECT job, file, blob_sha, blob_bytes, erased_at IS NOT NULL FROM job_file WHERE job = $1 ORDER BY place`, job)
	if err != nil {
		return nil, fmt.Errorf("files of job %s: %w", job, err)
	}
	return out, nil
}

// JobHistory lists a job's events in the order recorded.
func (r *reader) JobHistory(ctx context.Context, job string) ([]store.JobEvent, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (e store.JobEvent, err error) {
		err = scan(&e.Job, sqlrow.When(&e.At), &e.From, &e.To, &e.Reason, sqlrow.Text(&e.By))
		return e, err
	}, `SELECT job, happened_at, from_state, to_state, reason, actor FROM job_event WHERE job = $1 ORDER BY seq`, job)
	if err != nil {
		return nil, fmt.Errorf("history of job %s: %w", job, err)
	}
	return out, nil
}

// PlannedCosts sums what letters were expected to cost.
func (r *reader) PlannedCosts(ctx context.Context, since time.Time) ([]store.PlannedCost, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (c store.PlannedCost, err error) {
		err = scan(&c.Account, &c.Konteringskode, &c.Letters, &c.Net)
		return c, err
	}, `SELECT s.account, l.konteringskode, count(*), CAST(coalesce(sum(l.expected_production + l.expected_postage), 0) AS BIGINT)
		FROM print_job j JOIN job_letter l ON l.job = j.id JOIN shipment s ON s.id = l.shipment
		WHERE j.created_at >= $1 AND l.live AND NOT l.reprint AND s.cost_approved_at IS NULL
		GROUP BY s.account, l.konteringskode ORDER BY s.account, l.konteringskode`, since.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("expected cost of jobs: %w", err)
	}
	return out, nil
}

// JobsOf lists a shipment's jobs, newest first.
func (r *reader) JobsOf(ctx context.Context, shipment string) ([]store.PrintJob, error) {
	out, err := sqlrow.List(ctx, r.Rows, scanJob, `SELECT `+jobColumns+` FROM print_job j
		JOIN job_letter l ON l.job = j.id WHERE l.shipment = $1 ORDER BY j.id DESC`, shipment)
	if err != nil {
		return nil, fmt.Errorf("jobs of shipment %s: %w", shipment, err)
	}
	return out, nil
}

// JobLetterOf reads a shipment's place in a job.
func (r *reader) JobLetterOf(ctx context.Context, job, shipment string) (store.JobLetter, error) {
	l, err := sqlrow.One(ctx, r.Rows, scanLetter,
		`SELECT `+letterColumns+` FROM job_letter l WHERE l.job = $1 AND l.shipment = $2`, job, shipment)
	if err != nil {
		return l, fmt.Errorf("letter of shipment %s in job %s: %w", shipment, job, err)
	}
	return l, nil
}

// Ungated lists the letters of a job that must not be printed any more.
func (r *reader) Ungated(ctx context.Context, job string) ([]shipment.Shipment, error) {
	out, err := sqlrow.List(ctx, r.Rows, scanShipment, `SELECT `+shipmentColumns+` FROM job_letter l
		JOIN shipment s ON s.id = l.shipment
		WHERE l.job = $1 AND (s.closed_at IS NOT NULL OR s.hold <> ''
			OR l.reprint AND (s.status IN ('MANUELT_HANDTERT', 'SLETTET') OR s.prepared_sha IS NULL)
			OR NOT l.reprint AND (s.read_at IS NOT NULL OR s.status NOT IN `+sets.OnTheWay+`))
		ORDER BY l.letter`, job)
	if err != nil {
		return nil, fmt.Errorf("last gate of job %s: %w", job, err)
	}
	return out, nil
}

// unreceipted is the rest of a WHERE: letters l without an applied receipt.
const unreceipted = `NOT EXISTS (
	SELECT 1 FROM receipt c WHERE c.job = l.job AND c.shipment = l.shipment AND c.state = 'APPLIED')`

// Unreceipted counts a job's letters without an applied receipt.
func (r *reader) Unreceipted(ctx context.Context, job string) (int, error) {
	// Each count by its index. Letters that have none cost PostgreSQL the square of their number, as long as it has not noticed how many
	// receipts have come.
	n, err := sqlrow.One(ctx, r.Rows, sqlrow.Scalar[int], `SELECT (SELECT count(*) FROM job_letter WHERE job = $1) - (SELECT count(*) FROM receipt WHERE job = $1 AND state = 'APPLIED')`, job)
	if err != nil {
		return 0, fmt.Errorf("count receipts of job %s: %w", job, err)
	}
	return n, nil
}

// Awaited counts a job's letters that a receipt is awaited for.
func (r *reader) Awaited(ctx context.Context, job string) (int, error) {
	n, err := sqlrow.One(ctx, r.Rows, sqlrow.Scalar[int], `SELECT count(*) FROM job_letter l JOIN shipment s ON s.id = l.shipment
		WHERE l.job = $1 AND s.status <> 'MANUELT_HANDTERT' AND `+unreceipted, job)
	if err != nil {
		return 0, fmt.Errorf("count awaited receipts of job %s: %w", job, err)
	}
	return n, nil
}

// NextJobID takes the next job id.
func (t *tx) NextJobID(ctx context.Context) (string, error) {
	installation, err := t.Setting(ctx, settingInstallation)
	if err != nil {
		return "", fmt.Errorf("next job id: %w", err)
	}
	n, err := sqlrow.One(ctx, t.Rows, sqlrow.Scalar[int64],
		`UPDATE counter SET value = value + 1 WHERE name = 'job' RETURNING value`)
	if err != nil {
		return "", fmt.Errorf("next job id: %w", err)
	}
	if n > documents.LastJobNumber {
		return "", fmt.Errorf("next job id: installation %s has used all %d job ids", installation, documents.LastJobNumber)
	}
	return fmt.Sprintf("%s%06d", installation, n), nil
}

// InsertJob stores a new job and its letters.
func (t *tx) InsertJob(ctx context.Context, j store.PrintJob, letters []store.JobLetter) error {
	if err := t.insertJob(ctx, j, letters); err != nil {
		return fmt.Errorf("insert job %s: %w", j.ID, err)
	}
	return nil
}

func (t *tx) insertJob(ctx context.Context, j store.PrintJob, letters []store.JobLetter) error {
	if j.Letters != len(letters) && j.State != store.JobPlanning {
		return fmt.Errorf("the job says %d letters and has %d", j.Letters, len(letters))
	}
	class, err := sqlrow.Encode(j.Class)
	if err != nil {
		return err
	}
	totals, err := sqlrow.Encode(j.Totals)
	if err != nil {
		return err
	}
	live := j.State.Live()
	err = t.InsertRows(ctx, `print_job (id, vendor, parent, reprint, state, live, class, created_at, updated_at, offered_at, letters,
		totals, ticket, ticket_sha, failures, last_error, version)`, [][]any{{
		j.ID, j.Vendor, sqlrow.Optional(j.Parent), j.Reprint, j.State, live, class, j.Created, j.Updated, j.OfferedAt, j.Letters,
		totals, j.Ticket, j.TicketSHA, j.Failures, sqlrow.Clean(j.LastError), j.Version}})
	if err != nil {
		return err
	}
	return sets.InsertLetters(ctx, t.Rows, j, letters)
}

// UpdateJob stores a changed job.
func (t *tx) UpdateJob(ctx context.Context, j store.PrintJob) error {
	totals, err := sqlrow.Encode(j.Totals)
	if err == nil {
		// A job that is no longer live takes its letters with it: the foreign key of job_letter cascades.
		err = t.Update(ctx, "print_job", j.ID, j.Version,
			`state, live, updated_at, offered_at, totals, ticket, ticket_sha, failures, last_error`,
			[]any{j.State, j.State.Live() || j.Holding, j.Updated, j.OfferedAt, totals, j.Ticket, j.TicketSHA, j.Failures, sqlrow.Clean(j.LastError)})
	}
	if err == nil && j.State == store.JobPlanned {
		_, err = t.Exec(ctx, `UPDATE print_job SET letters = (SELECT count(*) FROM job_letter l WHERE l.job = print_job.id) WHERE id = $1`, j.ID)
	}
	if err != nil {
		return fmt.Errorf("update job %s: %w", j.ID, err)
	}
	return nil
}

// SetJobFiles replaces a job's files and the composed fields of its letters.
func (t *tx) SetJobFiles(ctx context.Context, job string, files []store.JobFile, letters []store.JobLetter) error {
	if err := t.setJobFiles(ctx, job, files, letters); err != nil {
		return fmt.Errorf("set files of job %s: %w", job, err)
	}
	return nil
}

func (t *tx) setJobFiles(ctx context.Context, job string, files []store.JobFile, letters []store.JobLetter) error {
	if _, err := t.Job(ctx, job); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, `DELETE FROM job_file WHERE job = $1`, job); err != nil {
		return err
	}
	var rows [][]any
	for i, f := range files {
		if f.Job != job {
			return fmt.Errorf("file %d belongs to another job", i+1)
		}
		file, err := sqlrow.Encode(f.File)
		if err != nil {
			return err
		}
		rows = append(rows, []any{job, i, f.File.Name, file, f.Blob.SHA256, f.Blob.Bytes})
	}
	if err := t.InsertRows(ctx, `job_file (job, place, name, file, blob_sha, blob_bytes)`, rows); err != nil {
		return err
	}
	return t.SetJobLetters(ctx, job, letters)
}

// AddJobEvent adds to a job's history.
func (t *tx) AddJobEvent(ctx context.Context, e store.JobEvent) error {
	at := e.At
	if at.IsZero() {
		at = t.now
	}
	_, err := t.Exec(ctx, `INSERT INTO job_event (job, happened_at, from_state, to_state, reason, actor) VALUES ($1, $2, $3, $4, $5, $6)`,
		e.Job, at, e.From, e.To, sqlrow.Clean(e.Reason), sqlrow.Actor(ctx))
	if err != nil {
		return fmt.Errorf("add event to job %s: %w", e.Job, err)
	}
	return nil
}
