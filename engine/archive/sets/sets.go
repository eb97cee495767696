// Package sets writes and counts for many letters at once: what a night does with thousands of them.
package sets

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postgang/engine/archive/sqlrow"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// OnTheWay are the statuses from which a letter may go to paper.
const OnTheWay = `('AKSEPTERT', 'VARSLET', 'KLAR_FOR_MOTTAK', 'SENDT_SDP')`

// Open are the statuses of letters with which something of ours is to be done: word for word the condition of the index shipment_open.
const Open = `('MOTTATT', 'AKSEPTERT', 'VARSLET', 'KLAR_FOR_MOTTAK', 'SENDT_SDP')`

// open are those of Open.
var open = []shipment.Status{shipment.StatusMottatt, shipment.StatusAkseptert, shipment.StatusVarslet, shipment.StatusKlarForMottak, shipment.StatusSendtSDP}

// AllOpen reports whether there are statuses, each of Open.
func AllOpen(some []shipment.Status) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(s shipment.Status) bool { return !slices.Contains(open, s) })
}

// InNoJob leaves out shipments s that a job has on its way to its vendor. Those of a job that the vendor has are on their way themselves.
// What is counted for people asks it so: to look each letter up among all that ever were in a job costs more than all the rest.
// The order of the tables is SQLite's too: jobs first.
const InNoJob = `s.id NOT IN (SELECT l.shipment FROM print_job j CROSS JOIN job_letter l
			WHERE j.state IN ('PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERING', 'UNCERTAIN', 'REJECTED', 'WITHDRAWN')
				AND j.live AND l.job = j.id AND l.live)`

// MayGo is what may go to paper at some time, of shipments s: word for word the conditions of the index shipment_waiting.
const MayGo = `s.status || '' IN ` + OnTheWay + ` AND s.due_at IS NOT NULL AND s.read_at IS NULL AND s.closed_at IS NULL
			AND s.hold = '' AND s.prepared_sha IS NOT NULL`

// atOnce is how many ids stand in one statement.
const atOnce = 500

// Counter counts in one transaction.
type Counter struct{ rows *sqlrow.Rows }

// NewCounter is the Counter of a transaction.
func NewCounter(r *sqlrow.Rows) Counter { return Counter{r} }

// Setter writes in one transaction.
type Setter struct {
	rows *sqlrow.Rows
	now  time.Time
}

// NewSetter is the Setter of a transaction; now is its clock.
func NewSetter(r *sqlrow.Rows, now time.Time) Setter { return Setter{r, now} }

// CountDropped counts the letters of jobs that are in no live job.
func (c Counter) CountDropped(ctx context.Context, jobs []string) (aside, others int, err error) {
	if len(jobs) == 0 {
		return 0, 0, nil
	}
	var a sqlrow.Args
	_, err = sqlrow.One(ctx, c.rows, func(scan sqlrow.Scan) (struct{}, error) { return struct{}{}, scan(&aside, &others) },
		`SELECT count(DISTINCT CASE WHEN s.hold <> '' THEN s.id END), count(DISTINCT CASE WHEN s.hold = '' THEN s.id END)
		FROM job_letter l JOIN shipment s ON s.id = l.shipment WHERE l.job IN `+sqlrow.In(&a, jobs)+`
			AND NOT EXISTS (SELECT 1 FROM job_letter o WHERE o.shipment = l.shipment AND o.live AND NOT o.reprint)`, a...)
	if err != nil {
		return 0, 0, fmt.Errorf("count letters that dropped out of jobs: %w", err)
	}
	return aside, others, nil
}

// InsertLetters stores letters of a job.
func InsertLetters(ctx context.Context, r *sqlrow.Rows, j store.PrintJob, letters []store.JobLetter) error {
	live := j.State.Live()
	rows := make([][]any, 0, len(letters))
	for _, l := range letters {
		if l.Job != j.ID {
			return fmt.Errorf("letter %d belongs to another job", l.Letter)
		}
		only, err := sqlrow.Encode(l.Only)
		if err != nil {
			return err
		}
		var production, postage any
		if l.Expected != nil {
			production, postage = int64(l.Expected.Production), int64(l.Expected.Postage)
		}
		rows = append(rows, []any{l.Job, live, j.Reprint, only, l.Shipment, l.Letter, l.Konteringskode, l.Reason, l.File, l.FirstSide,
			l.LastSide, l.Sheets, l.Pages, l.PagesBW, l.PagesColour, l.GiroSheets, l.Envelope, l.WeightGram, production, postage})
	}
	return r.InsertRows(ctx, `job_letter (job, live, reprint, only_sheets, shipment, letter, konteringskode, reason, file, first_side,
		last_side, sheets, pages, pages_bw, pages_colour, giro_sheets, envelope, weight_gram,
		expected_production, expected_postage)`, rows)
}

// AddJobLetters adds letters to a job that is being planned.
func (t Setter) AddJobLetters(ctx context.Context, job string, letters []store.JobLetter) ([]store.JobLetter, error) {
	added, err := t.addLetters(ctx, job, letters)
	if err != nil {
		return nil, fmt.Errorf("add letters to job %s: %w", job, err)
	}
	return added, nil
}

func (t Setter) addLetters(ctx context.Context, job string, letters []store.JobLetter) ([]store.JobLetter, error) {
	j, err := sqlrow.One(ctx, t.rows, func(scan sqlrow.Scan) (j store.PrintJob, err error) {
		err = scan(&j.ID, &j.State, &j.Reprint, sqlrow.Text(&j.Parent))
		return j, err
	}, `SELECT id, state, reprint, parent FROM print_job WHERE id = $1`, job)
	if err != nil {
		return nil, err
	}
	if j.State != store.JobPlanning {
		return nil, fmt.Errorf("it is %s: %w", j.State, store.ErrStale)
	}
	last, err := sqlrow.One(ctx, t.rows, sqlrow.Scalar[int], `SELECT coalesce(max(letter), 0) FROM job_letter WHERE job = $1`, job)
	if err != nil || len(letters) == 0 {
		return nil, err
	}
	if last != letters[0].Letter-1 {
		return nil, fmt.Errorf("its last letter is %d, and letter %d is to come: %w", last, letters[0].Letter, store.ErrStale)
	}
	fit := make(map[string]bool, len(letters))
	for some := range slices.Chunk(letters, atOnce) {
		ids := make([]string, len(some))
		for i, l := range some {
			ids[i] = l.Shipment
		}
		var a sqlrow.Args
		err := t.rows.Each(ctx, func(scan sqlrow.Scan) error {
			var id string
			err := scan(&id)
			fit[id] = true
			return err
		}, `SELECT s.id FROM shipment s WHERE s.id IN `+sqlrow.In(&a, ids)+` AND `+MayGo, a...)
		if err != nil {
			return nil, err
		}
	}
	added := make([]store.JobLetter, 0, len(letters))
	for _, l := range letters {
		if fit[l.Shipment] {
			l.Letter = letters[0].Letter + len(added)
			added = append(added, l)
		}
	}
	if len(added) == 0 {
		return nil, nil
	}
	if err := t.takeOver(ctx, j.Parent, added); err != nil {
		return nil, err
	}
	if err := InsertLetters(ctx, t.rows, j, added); err != nil {
		return nil, err
	}
	first := added[0].Letter
	last = added[len(added)-1].Letter
	_, err = t.rows.Exec(ctx, `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason, actor)
		SELECT s.id, CAST($4 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS TEXT), s.status, s.status, l.reason || ' ' || l.job, CAST($6 AS TEXT)
		FROM job_letter l JOIN shipment s ON s.id = l.shipment
		WHERE l.job = $1 AND l.letter BETWEEN CAST($2 AS BIGINT) AND CAST($3 AS BIGINT) ORDER BY l.letter`,
		job, first, last, t.now, shipment.EventCollected, sqlrow.Actor(ctx))
	return added, err
}

// takeOver frees letters of a job that is withdrawn and holds them still.
func (t Setter) takeOver(ctx context.Context, job string, letters []store.JobLetter) error {
	if job == "" {
		return nil
	}
	holding, err := t.holding(ctx, job)
	if err != nil || !holding {
		return err
	}
	for some := range slices.Chunk(letters, inStatement) {
		a := sqlrow.Args{job}
		rows := make([]string, len(some))
		for i, l := range some {
			rows[i] = "(CAST($1 AS TEXT), CAST(" + a.Add(l.Shipment) + " AS TEXT))" // see setLetters
		}
		_, err := t.rows.Exec(ctx, `WITH v (job, shipment) AS (VALUES `+strings.Join(rows, ", ")+`)
			UPDATE job_letter SET live = NULL FROM v WHERE job_letter.job = v.job AND job_letter.shipment = v.shipment AND job_letter.live`, a...)
		if err != nil {
			return err
		}
	}
	return nil
}

// holding reports whether a job is withdrawn and holds letters still.
func (t Setter) holding(ctx context.Context, job string) (bool, error) {
	return sqlrow.One(ctx, t.rows, sqlrow.Scalar[bool], `SELECT live AND state = 'WITHDRAWN' FROM print_job WHERE id = $1`, job)
}

// DropJobLetters takes letters out of a job that is being planned.
func (t Setter) DropJobLetters(ctx context.Context, job string, most int) (int, error) {
	n, err := t.rows.Exec(ctx, `DELETE FROM job_letter WHERE job = $1 AND letter > (SELECT max(l.letter) FROM job_letter l WHERE l.job = $1) - CAST($2 AS BIGINT)
		AND EXISTS (SELECT 1 FROM print_job j WHERE j.id = $1 AND j.state = 'PLANNING')`, job, most)
	if err != nil {
		return 0, fmt.Errorf("take letters out of job %s: %w", job, err)
	}
	return int(n), nil
}

// inStatement is how many letters stand in one statement with values of each.
const inStatement = 50

// SetJobLetters stores the composed fields of letters of a job.
func (t Setter) SetJobLetters(ctx context.Context, job string, letters []store.JobLetter) error {
	for some := range slices.Chunk(letters, inStatement) {
		if err := t.setLetters(ctx, job, some); err != nil {
			return fmt.Errorf("set letters of job %s: %w", job, err)
		}
	}
	return nil
}

func (t Setter) setLetters(ctx context.Context, job string, letters []store.JobLetter) error {
	a := sqlrow.Args{job}
	var rows []string
	for _, l := range letters {
		if l.Job != job {
			return fmt.Errorf("letter %d belongs to another job", l.Letter)
		}
		row := []string{"CAST($1 AS TEXT)", "CAST(" + a.Add(l.Shipment) + " AS TEXT)", "CAST(" + a.Add(l.File) + " AS TEXT)",
			"CAST(" + a.Add(l.Envelope) + " AS TEXT)"}
		for _, v := range []int{l.FirstSide, l.LastSide, l.Sheets, l.Pages, l.PagesBW, l.PagesColour, l.GiroSheets, l.WeightGram} {
			row = append(row, "CAST("+a.Add(v)+" AS BIGINT)")
		}
		rows = append(rows, "("+strings.Join(row, ", ")+")")
	}
	// The job stands in every row, so that both databases look each letter up by its whole key: of job = $1 they think
	// that it finds few letters, and would read all of them for every statement.
	n, err := t.rows.Exec(ctx, `WITH v (job, shipment, file, envelope, first_side, last_side, sheets, pages, pages_bw, pages_colour,
			giro_sheets, weight_gram) AS (VALUES `+strings.Join(rows, ", ")+`)
		UPDATE job_letter SET file = v.file, envelope = v.envelope, first_side = v.first_side, last_side = v.last_side,
			sheets = v.sheets, pages = v.pages, pages_bw = v.pages_bw, pages_colour = v.pages_colour,
			giro_sheets = v.giro_sheets, weight_gram = v.weight_gram
		FROM v WHERE job_letter.job = v.job AND job_letter.shipment = v.shipment`, a...)
	if err != nil {
		return err
	}
	if n != int64(len(letters)) {
		return fmt.Errorf("%d of %d letters are not in the job: %w", int64(len(letters))-n, len(letters), store.ErrNotFound)
	}
	return nil
}

// notSent is the rest of a WHERE: the letters of job $1 that SendLetters marks.
const notSent = `status NOT IN ('SENDT_PRINT', 'PRINTET', 'LEST', 'MANUELT_HANDTERT', 'SLETTET')`

// SendLetters marks letters of a job SENDT_PRINT. The job's id is the reason of their events.
func (t Setter) SendLetters(ctx context.Context, job string, at time.Time, after, most int) (next int, err error) {
	if next, err = t.sendLetters(ctx, job, at, after, most); err != nil {
		return 0, fmt.Errorf("mark letters of job %s as sent: %w", job, err)
	}
	return next, nil
}

func (t Setter) sendLetters(ctx context.Context, job string, at time.Time, after, most int) (next int, err error) {
	if _, err := sqlrow.One(ctx, t.rows, sqlrow.Scalar[string], `SELECT id FROM print_job WHERE id = $1`, job); err != nil {
		return 0, err
	}
	next, last, err := t.setOf(ctx, job, after, most)
	if err != nil {
		return 0, err
	}
	_, err = t.rows.Exec(ctx, `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason, actor)
		SELECT s.id, CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT), s.status, 'SENDT_PRINT', l.job, CAST($7 AS TEXT)
		FROM job_letter l JOIN shipment s ON s.id = l.shipment
		WHERE l.job = $1 AND l.letter > CAST($2 AS BIGINT) AND l.letter <= CAST($3 AS BIGINT) AND s.`+notSent+` ORDER BY l.letter`,
		job, after, last, at, t.now, shipment.EventStatus, sqlrow.Actor(ctx))
	if err != nil {
		return 0, err
	}
	_, err = t.rows.Exec(ctx, `UPDATE shipment SET status = 'SENDT_PRINT', sent_at = CAST($4 AS BIGINT), version = version + 1
		WHERE id IN (SELECT shipment FROM job_letter WHERE job = $1 AND letter > CAST($2 AS BIGINT) AND letter <= CAST($3 AS BIGINT)) AND `+notSent,
		job, after, last, at)
	return next, err
}

// FreeLetters frees letters of a job that is withdrawn and holds them still.
func (t Setter) FreeLetters(ctx context.Context, job string, after, most int) (next int, err error) {
	if next, err = t.freeLetters(ctx, job, after, most); err != nil {
		return 0, fmt.Errorf("free letters of job %s: %w", job, err)
	}
	return next, nil
}

func (t Setter) freeLetters(ctx context.Context, job string, after, most int) (next int, err error) {
	holding, err := t.holding(ctx, job)
	if err != nil || !holding {
		return 0, err
	}
	next, last, err := t.setOf(ctx, job, after, most)
	if err != nil {
		return 0, err
	}
	// Without a value it is not held against the job's own, and it is in no live job.
	_, err = t.rows.Exec(ctx, `UPDATE job_letter SET live = NULL WHERE job = $1 AND letter > CAST($2 AS BIGINT) AND letter <= CAST($3 AS BIGINT) AND live`, job, after, last)
	if err == nil && next == 0 {
		_, err = t.rows.Exec(ctx, `UPDATE print_job SET live = FALSE, version = version + 1 WHERE id = $1`, job)
	}
	return next, err
}

// setOf gives the last letter number of a set of letters of a job, and the number behind which the next set begins; 0: there is none.
func (t Setter) setOf(ctx context.Context, job string, after, most int) (next, last int, err error) {
	numbers, err := sqlrow.List(ctx, t.rows, sqlrow.Scalar[int],
		`SELECT letter FROM job_letter WHERE job = $1 AND letter > CAST($2 AS BIGINT) ORDER BY letter LIMIT $3`, job, after, most+1)
	switch {
	case err != nil || len(numbers) == 0:
		return 0, after, err
	case len(numbers) > most:
		return numbers[most-1], numbers[most-1], nil
	}
	return 0, numbers[len(numbers)-1], nil
}

// SetAside sets shipments aside.
func (t Setter) SetAside(ctx context.Context, code string, why map[string]string) (map[string]int, error) {
	accounts := map[string]int{}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(why)), atOnce) {
		a := sqlrow.Args{code}
		where := ` WHERE id IN ` + sqlrow.In(&a, some) + ` AND hold = '' AND read_at IS NULL AND closed_at IS NULL AND status IN ` + OnTheWay
		if code == shipment.HoldCost {
			where += ` AND cost_approved_at IS NULL`
		}
		var events [][]any
		err := t.rows.Each(ctx, func(scan sqlrow.Scan) error {
			var id, account, status string
			err := scan(&id, &account, &status)
			events = append(events, []any{id, t.now, t.now, shipment.EventHeld, status, status, sqlrow.Clean(why[id]), sqlrow.Actor(ctx)})
			accounts[account]++
			return err
		}, `UPDATE shipment SET hold = $1, version = version + 1`+where+` RETURNING id, account, status`, a...)
		if err == nil {
			slices.SortFunc(events, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
			err = t.rows.InsertRows(ctx, `event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason, actor)`, events)
		}
		if err != nil {
			return nil, fmt.Errorf("set shipments aside: %w", err)
		}
	}
	return accounts, nil
}
