package archive

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"postgang/billing/money"
	"postgang/engine/archive/database"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/store"
)

const receiptFileColumns = `vendor, sha256, name, blob_sha, blob_bytes, fetched_at, row_count, problems, done, applying`

func scanReceiptFile(scan sqlrow.Scan) (store.ReceiptFile, error) {
	var f store.ReceiptFile
	sha, bytes := sqlrow.Blob(&f.Blob)
	err := scan(&f.Vendor, &f.SHA256, &f.Name, sha, bytes, sqlrow.When(&f.Fetched), &f.Rows, sqlrow.JSON(&f.Problems), &f.Done, sqlrow.Text(&f.Applying))
	return f, err
}

// ReceiptFile reads a receipt file.
func (r *reader) ReceiptFile(ctx context.Context, vendor, sha256 string) (store.ReceiptFile, error) {
	f, err := sqlrow.One(ctx, r.Rows, scanReceiptFile,
		`SELECT `+receiptFileColumns+` FROM receipt_file WHERE vendor = $1 AND sha256 = $2`, vendor, sha256)
	if err != nil {
		return f, fmt.Errorf("receipt file %s of vendor %s: %w", sha256, vendor, err)
	}
	return f, nil
}

// ReceiptFiles lists a vendor's receipt files in the order fetched; of all vendors when vendor is empty.
func (r *reader) ReceiptFiles(ctx context.Context, vendor string) ([]store.ReceiptFile, error) {
	out, err := sqlrow.List(ctx, r.Rows, scanReceiptFile, `SELECT `+receiptFileColumns+` FROM receipt_file
		WHERE CAST($1 AS TEXT) = '' OR vendor = $1 ORDER BY fetched_at, vendor, sha256`, vendor)
	if err != nil {
		return nil, fmt.Errorf("receipt files of vendor %s: %w", vendor, err)
	}
	return out, nil
}

// HalfReceiptFiles lists the files that are half applied.
func (r *reader) HalfReceiptFiles(ctx context.Context) ([]store.ReceiptFile, error) {
	out, err := sqlrow.List(ctx, r.Rows, scanReceiptFile, `SELECT `+receiptFileColumns+` FROM receipt_file WHERE applying IS NOT NULL ORDER BY vendor, sha256`)
	if err != nil {
		return nil, fmt.Errorf("receipt files that are half applied: %w", err)
	}
	return out, nil
}

// ReceiptSum counts receipts and sums what they booked.
func (r *reader) ReceiptSum(ctx context.Context, after, until string) (rows int, net money.Ore, err error) {
	if rows, err = sqlrow.One(ctx, r.Rows, sqlrow.Scalar[int], `SELECT count(*) FROM receipt WHERE id > $1 AND id <= $2`, after, until); err == nil {
		net, err = sqlrow.One(ctx, r.Rows, sqlrow.Scalar[money.Ore], `SELECT CAST(coalesce(SUM(net), 0) AS BIGINT) FROM ledger WHERE entry > $1 AND entry <= $2 AND source = 'KVITTERING'`, after, until)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("sum receipts: %w", err)
	}
	return rows, net, nil
}

// AppliedReceipt reads the receipt in force for a letter.
func (r *reader) AppliedReceipt(ctx context.Context, job, shipment string) (store.Receipt, error) {
	c, err := sqlrow.One(ctx, r.Rows, func(scan sqlrow.Scan) (c store.Receipt, err error) {
		err = scan(&c.ID, &c.Vendor, &c.File, &c.State, sqlrow.JSON(&c.Row))
		return c, err
	}, `SELECT id, vendor, file, state, line FROM receipt
		WHERE job = $1 AND shipment = $2 AND state = 'APPLIED'`, job, shipment)
	if err != nil {
		return c, fmt.Errorf("receipt of shipment %s in job %s: %w", shipment, job, err)
	}
	return c, nil
}

const receiptRecord = `SELECT c.id, c.vendor, c.file, c.state, c.line, f.name, f.fetched_at, d.against, d.taken, d.decided_at, d.reason, d.actor
	FROM receipt c JOIN receipt_file f ON f.vendor = c.vendor AND f.sha256 = c.file LEFT JOIN receipt_decision d ON d.receipt = c.id `

func scanReceiptRecord(scan sqlrow.Scan) (c store.ReceiptRecord, err error) {
	var d store.ReceiptDecision
	var taken sql.NullBool
	err = scan(&c.ID, &c.Vendor, &c.File, &c.State, sqlrow.JSON(&c.Row), &c.FileName, sqlrow.When(&c.Fetched), sqlrow.Text(&d.Against), &taken, sqlrow.When(&d.At), sqlrow.Text(&d.Reason), sqlrow.Text(&d.By))
	if taken.Valid {
		d.Receipt, d.Taken = c.ID, taken.Bool
		c.Decision = &d
	}
	return c, err
}

// openConflict is the condition of a receipt in conflict that nobody has decided about: neither as such, nor when another
// was taken instead of it.
const openConflict = `c.state = 'CONFLICT' AND NOT EXISTS (SELECT 1 FROM receipt_decision o WHERE o.receipt = c.id OR o.against = c.id AND o.taken)`

// Receipt reads a receipt row.
func (r *reader) Receipt(ctx context.Context, id string) (store.ReceiptRecord, error) {
	c, err := sqlrow.One(ctx, r.Rows, scanReceiptRecord, receiptRecord+`WHERE c.id = $1`, id)
	if err != nil {
		return c, fmt.Errorf("receipt %s: %w", id, err)
	}
	return c, nil
}

// Receipts lists receipt rows.
func (r *reader) Receipts(ctx context.Context, f store.ReceiptFilter) ([]store.ReceiptRecord, error) {
	query, a := receiptsQuery(f)
	out, err := sqlrow.List(ctx, r.Rows, scanReceiptRecord, query, a...)
	if err != nil {
		return nil, fmt.Errorf("list receipts: %w", err)
	}
	return out, nil
}

func receiptsQuery(f store.ReceiptFilter) (string, sqlrow.Args) {
	var a sqlrow.Args
	where := []string{"TRUE"}
	if f.Vendor != "" {
		where = append(where, "c.vendor = "+a.Add(f.Vendor))
	}
	if len(f.States) > 0 {
		where = append(where, "c.state IN "+sqlrow.In(&a, f.States))
	}
	if f.Shipment != "" {
		// In two parts, each with the index that has it: there are millions of receipts in force, and few others.
		letter := "c.job = " + a.Add(f.Job) + " AND c.shipment = " + a.Add(f.Shipment)
		where = append(where, "(c.state = 'APPLIED' AND "+letter+" OR c.state <> 'APPLIED' AND "+letter+")")
	}
	if f.Open {
		where = append(where, openConflict)
	}
	if f.File != "" {
		where = append(where, "c.file = "+a.Add(f.File))
	}
	order := "f.fetched_at, c.id"
	if f.Until != "" {
		where = append(where, "c.id > "+a.Add(f.After), "c.id <= "+a.Add(f.Until))
		order = "c.id" // as the index has them, however many there are
	}
	return receiptRecord + `WHERE ` + strings.Join(where, " AND ") + ` ORDER BY ` + order + a.Limit(f.Limit), a
}

// OpenConflicts counts what a person must decide.
func (r *reader) OpenConflicts(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := r.Each(ctx, func(scan sqlrow.Scan) error {
		var vendor string
		var n int
		err := scan(&vendor, &n)
		out[vendor] = n
		return err
	}, `SELECT c.vendor, COUNT(*) FROM receipt c WHERE `+openConflict+` GROUP BY c.vendor`)
	if err != nil {
		return nil, fmt.Errorf("count receipts in conflict: %w", err)
	}
	return out, nil
}

// DecideReceipt records a decision.
func (t *tx) DecideReceipt(ctx context.Context, d store.ReceiptDecision) error {
	if err := t.decideReceipt(ctx, d); err != nil {
		return fmt.Errorf("decide about receipt %s: %w", d.Receipt, err)
	}
	return nil
}

func (t *tx) decideReceipt(ctx context.Context, d store.ReceiptDecision) error {
	_, err := t.Exec(ctx, `INSERT INTO receipt_decision (receipt, against, taken, decided_at, reason, actor) VALUES ($1, $2, $3, $4, $5, $6)`,
		d.Receipt, d.Against, d.Taken, t.now, sqlrow.Clean(d.Reason), sqlrow.Actor(ctx))
	if err != nil {
		return err
	}
	// The one in force first: a letter has one.
	states := []store.ReceiptState{store.ReceiptApplied, store.ReceiptConflict}
	for i, id := range []string{d.Against, d.Receipt} {
		to := states[i]
		if d.Taken {
			to = states[1-i]
		}
		n, err := t.Exec(ctx, `UPDATE receipt SET state = $3 WHERE id = $1 AND state = $2`, id, states[i], to)
		if err == nil && n == 0 {
			err = store.ErrStale
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// OpenDeviations counts deviations that nobody has decided about.
func (r *reader) OpenDeviations(ctx context.Context, from, to time.Time) (map[string]int, error) {
	out := map[string]int{}
	err := r.Each(ctx, func(scan sqlrow.Scan) error {
		var vendor string
		var n int
		err := scan(&vendor, &n)
		out[vendor] = n
		return err
	}, `SELECT v.vendor, count(*) FROM deviation v
		WHERE v.found_at >= $1 AND v.found_at < $2
			AND COALESCE((SELECT d.state FROM deviation_decision d WHERE d.deviation = v.key ORDER BY d.turn DESC LIMIT 1), 'OPEN') = 'OPEN'
		GROUP BY v.vendor`, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("count deviations: %w", err)
	}
	return out, nil
}

// Deviations lists deviations by the time recorded.
func (r *reader) Deviations(ctx context.Context, f store.DeviationFilter) ([]store.Deviation, error) {
	var a sqlrow.Args
	where := []string{"TRUE"}
	if !f.From.IsZero() {
		where = append(where, "v.found_at >= "+a.Add(f.From))
	}
	if !f.To.IsZero() {
		where = append(where, "v.found_at < "+a.Add(f.To))
	}
	if len(f.Keys) > 0 {
		where = append(where, "v.key IN "+sqlrow.In(&a, f.Keys))
	}
	if f.After.Key != "" {
		at := a.Add(f.After.At)
		where = append(where, "v.found_at >= "+at, "(v.found_at > "+at+" OR v.key > "+a.Add(f.After.Key)+")")
	}
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (d store.Deviation, err error) {
		err = scan(&d.Key, sqlrow.When(&d.At), &d.Vendor, sqlrow.Text(&d.File), sqlrow.JSON(&d.Finding), &d.Account, sqlrow.Text(&d.State), sqlrow.When(&d.DecidedAt), sqlrow.Text(&d.Reason), sqlrow.Text(&d.By))
		d.State = cmp.Or(d.State, store.DeviationOpen)
		return d, err
	}, `SELECT v.key, v.found_at, v.vendor, v.file, v.finding, v.account, d.state, d.decided_at, d.reason, d.actor
		FROM deviation v LEFT JOIN deviation_decision d ON d.deviation = v.key
			AND d.turn = (SELECT MAX(turn) FROM deviation_decision o WHERE o.deviation = v.key)
		WHERE `+strings.Join(where, " AND ")+` ORDER BY v.found_at, v.key`+a.Limit(f.Limit), a...)
	if err != nil {
		return nil, fmt.Errorf("list deviations: %w", err)
	}
	return out, nil
}

// DecideDeviation records a decision.
func (t *tx) DecideDeviation(ctx context.Context, key string, state store.DeviationState, reason string) error {
	_, err := t.Exec(ctx, `INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason, actor)
		VALUES ($1, (SELECT coalesce(MAX(turn), 0) + 1 FROM deviation_decision WHERE deviation = $5), $2, $3, $4, $6)`, key, state, t.now, sqlrow.Clean(reason), key, sqlrow.Actor(ctx))
	if err != nil {
		return fmt.Errorf("decide about deviation %s: %w", key, err)
	}
	return nil
}

// InsertReceiptFile stores that a receipt file came.
func (t *tx) InsertReceiptFile(ctx context.Context, f store.ReceiptFile) error {
	problems, err := sqlrow.Encode(f.Problems)
	if err == nil {
		fetched := f.Fetched
		if fetched.IsZero() {
			fetched = t.now
		}
		err = t.InsertRows(ctx, `receipt_file (`+receiptFileColumns+`)`, [][]any{{
			f.Vendor, f.SHA256, sqlrow.Clean(f.Name), f.Blob.SHA256, f.Blob.Bytes, fetched, f.Rows, problems, f.Done, sqlrow.Optional(f.Applying)}})
	}
	if err != nil {
		return fmt.Errorf("insert receipt file %s: %w", f.SHA256, err)
	}
	return nil
}

// AdvanceReceiptFile stores how far a file has come.
func (t *tx) AdvanceReceiptFile(ctx context.Context, f store.ReceiptFile, from int) error {
	problems, err := sqlrow.Encode(f.Problems)
	if err == nil {
		var n int64
		n, err = t.Exec(ctx, `UPDATE receipt_file SET row_count = $1, problems = $2, done = $3, applying = $4
			WHERE vendor = $5 AND sha256 = $6 AND done = $7 AND (applying IS NOT NULL OR problems LIKE '[{%')`,
			f.Rows, problems, f.Done, sqlrow.Optional(f.Applying), f.Vendor, f.SHA256, from)
		if err == nil && n == 0 {
			err = store.ErrStale
		}
	}
	if err != nil {
		return fmt.Errorf("advance receipt file %s: %w", f.SHA256, err)
	}
	return nil
}

// InsertReceipts stores receipts.
func (t *tx) InsertReceipts(ctx context.Context, rs ...store.Receipt) error {
	rows := make([][]any, len(rs))
	for i, r := range rs {
		r.Row.PostedAt = r.Row.PostedAt.UTC() // JSON keeps the zone, and a row is compared with one just parsed
		line, err := sqlrow.Encode(r.Row)
		if err != nil {
			return fmt.Errorf("insert receipt %s: %w", r.ID, err)
		}
		var job, shipment any
		if r.State != store.ReceiptUnknown {
			job, shipment = r.Row.Job, r.Row.Shipment
		}
		rows[i] = []any{r.ID, r.Vendor, r.File, r.State, job, shipment, r.Row.PostedAt, line, printID(r.Row.PrintID)}
	}
	return t.InsertBeside(ctx, "insert receipts", `receipt (id, vendor, file, state, job, shipment, posted_at, line, print_id)`, rows)
}

// longestNumber is as long as a vendor's number of a receipt may be, in characters, to be found by it.
const longestNumber = 100

// printID is the vendor's number of a receipt as receipts are found by it; NULL: by none. It is what the vendor wrote, of any length.
func printID(number string) any {
	if utf8.RuneCountInString(number) > longestNumber {
		return nil
	}
	return sqlrow.Optional(sqlrow.Clean(number))
}

// lettersOfReceipts are the letters of shipments, of which $IDS are the ids, each with the shipment and the receipt in force. PostgreSQL is made to look up
// each by itself: by what it knows of the tables, which may be that they were empty a minute ago, it would rather read all of them every time.
var lettersOfReceipts = map[database.Dialect]string{
	database.DialectSQLite: `job_letter l JOIN shipment s ON s.id = l.shipment
			LEFT JOIN receipt c ON c.job = l.job AND c.shipment = l.shipment AND c.state = 'APPLIED'
		WHERE l.shipment IN ($IDS)`,
	database.DialectPostgres: `(SELECT DISTINCT unnest(CAST(ARRAY[$IDS] AS TEXT[])) AS id OFFSET 0) asked
			CROSS JOIN LATERAL (SELECT * FROM shipment WHERE id = asked.id LIMIT 1) s
			CROSS JOIN LATERAL (SELECT * FROM job_letter WHERE shipment = asked.id OFFSET 0) l
			LEFT JOIN LATERAL (SELECT * FROM receipt r WHERE r.job = l.job AND r.shipment = l.shipment AND r.state = 'APPLIED' LIMIT 1) c ON TRUE`,
}

// ReceiptLetters reads the letters of shipments.
func (r *reader) ReceiptLetters(ctx context.Context, shipments []string) ([]store.ReceiptLetter, error) {
	if len(shipments) == 0 {
		return nil, nil
	}
	var a sqlrow.Args
	ids := sqlrow.In(&a, shipments)
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (store.ReceiptLetter, error) {
		var l store.ReceiptLetter
		var c store.Receipt
		s := &l.Of
		var err error
		l.JobLetter, err = scanLetter(func(dest ...any) error {
			return scan(append(dest, &s.ID, &s.Account, &s.Zone, &s.Status, sqlrow.When(&s.PostedAt), &s.Version,
				sqlrow.Text(&c.ID), sqlrow.Text(&c.Vendor), sqlrow.Text(&c.File), sqlrow.Text(&c.State), sqlrow.JSON(&c.Row))...)
		})
		if c.ID != "" {
			l.Applied = &c
		}
		return l, err
	}, `SELECT `+letterColumns+`, s.id, s.account, s.zone, s.status, s.posted_at, s.version, c.id, c.vendor, c.file, c.state, c.line
		FROM `+strings.Replace(lettersOfReceipts[r.dialect], "$IDS", strings.Trim(ids, "()"), 1), a...)
	if err != nil {
		return nil, fmt.Errorf("letters of receipts: %w", err)
	}
	return out, nil
}

// InsertDeviations stores deviations that are not there yet.
func (t *tx) InsertDeviations(ctx context.Context, ds []store.Deviation) error {
	for _, d := range ds {
		at := d.At
		if at.IsZero() {
			at = t.now
		}
		finding, err := sqlrow.Encode(d.Finding)
		if err == nil {
			_, err = t.Exec(ctx, `INSERT INTO deviation (key, found_at, vendor, file, finding, account)
				VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING`,
				d.Key, at, d.Vendor, sqlrow.Optional(d.File), finding, d.Account)
		}
		if err != nil {
			return fmt.Errorf("insert deviation %s: %w", d.Key, err)
		}
	}
	return nil
}

// EachReportShipment reads shipments received or posted in a period, or with lines in the ledger in it, one by one. It reads no
// personal data. Asked in three parts, of which each uses an index and none needs the rows sorted or remembered.
func (r *reader) EachReportShipment(ctx context.Context, from, to time.Time, accounts []string, fn func(store.ReportShipment) error) error {
	const received, posted = `(s.received_at >= $1 AND s.received_at < $2)`, `(s.posted_at >= $1 AND s.posted_at < $2)`
	const neither = `NOT (o.received_at >= $1 AND o.received_at < $2) AND (o.posted_at IS NULL OR o.posted_at < $1 OR o.posted_at >= $2)`
	for _, where := range []string{
		received,
		posted + ` AND NOT ` + received,
		// The list that IN remembers is of the few letters that are in neither of the parts above.
		`s.id IN (SELECT b.shipment FROM ledger b JOIN shipment o ON o.id = b.shipment WHERE b.booked_at >= $1 AND b.booked_at < $2 AND ` + neither + `)`,
	} {
		a := sqlrow.Args{from.UnixMilli(), to.UnixMilli()}
		if len(accounts) > 0 {
			where += " AND s.account IN " + sqlrow.In(&a, accounts)
		}
		err := r.Each(ctx, func(scan sqlrow.Scan) error {
			s, err := scanReportShipment(scan)
			if err != nil {
				return err
			}
			return fn(s)
		}, `SELECT s.id, s.account, s.hand_in,
				coalesce((SELECT z.from_status FROM erasure z WHERE z.shipment = s.id AND s.status = 'SLETTET'), s.status), s.konteringskode, s.sending_system, s.digital_only, s.fingerprint,
				s.zone, s.received_at, s.notified_at, s.read_at, s.due_at, s.due_reason, s.sent_at, s.posted_at, s.closed_at,
				s.prepared_sha, s.prepared_bytes, s.facts, s.prepared_key, s.hold, s.refusals, s.cost_approved_at, s.version, `+letterColumns+`
			FROM shipment s LEFT JOIN job_letter l ON l.shipment = s.id AND l.live AND NOT l.reprint
			WHERE `+where, a...)
		if err != nil {
			return fmt.Errorf("report shipments: %w", err)
		}
	}
	return nil
}

func scanReportShipment(scan sqlrow.Scan) (s store.ReportShipment, err error) {
	sha, bytes := sqlrow.Blob(&s.Prepared)
	l, n := &s.Letter, [9]int64{}
	var cost expected
	err = scan(&s.ID, &s.Account, &s.HandIn, &s.Status, &s.Submission.Konteringskode, &s.Submission.SendingSystem,
		&s.Submission.DigitalOnly, &s.Fingerprint, &s.Zone,
		sqlrow.When(&s.ReceivedAt), sqlrow.When(&s.NotifiedAt), sqlrow.When(&s.ReadAt), sqlrow.When(&s.DueAt), sqlrow.Text(&s.DueReason), sqlrow.When(&s.SentAt),
		sqlrow.When(&s.PostedAt), sqlrow.When(&s.ClosedAt), sha, bytes, sqlrow.JSON(&s.Facts), sqlrow.Text(&s.PreparedKey), &s.Hold, sqlrow.JSON(&s.Refusals),
		sqlrow.When(&s.CostApprovedAt), &s.Version,
		sqlrow.Text(&l.Job), sqlrow.Text(&l.Shipment), sqlrow.Number(&n[0]), sqlrow.Text(&l.Konteringskode), sqlrow.Text(&l.Reason), sqlrow.Text(&l.File),
		sqlrow.Number(&n[1]), sqlrow.Number(&n[2]), sqlrow.Number(&n[3]), sqlrow.Number(&n[4]), sqlrow.Number(&n[5]), sqlrow.Number(&n[6]), sqlrow.Number(&n[7]),
		sqlrow.Text(&l.Envelope), sqlrow.Number(&n[8]), sqlrow.JSON(&l.Only), &cost.production, &cost.postage)
	l.Expected = cost.get()
	l.Letter, l.FirstSide, l.LastSide, l.Sheets, l.Pages = int(n[0]), int(n[1]), int(n[2]), int(n[3]), int(n[4])
	l.PagesBW, l.PagesColour, l.GiroSheets, l.WeightGram = int(n[5]), int(n[6]), int(n[7]), int(n[8])
	s.Job = l.Job
	return s, err
}

// CodesOf reads the konteringskoder of shipments.
func (r *reader) CodesOf(ctx context.Context, shipments []string) (map[string]string, error) {
	out := map[string]string{}
	if len(shipments) == 0 {
		return out, nil
	}
	var a sqlrow.Args
	err := r.Each(ctx, func(scan sqlrow.Scan) error {
		var id, code string
		err := scan(&id, &code)
		out[id] = code
		return err
	}, `SELECT id, konteringskode FROM shipment WHERE id IN `+sqlrow.In(&a, shipments), a...)
	if err != nil {
		return nil, fmt.Errorf("konteringskoder of shipments: %w", err)
	}
	return out, nil
}
