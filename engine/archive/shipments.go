package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postgang/engine/archive/search"
	"postgang/engine/archive/sets"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/find"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

const shipmentColumns = `s.id, s.account, s.hand_in, s.status, s.submission, s.fingerprint, s.content, s.zone,
	s.received_at, s.notified_at, s.read_at, s.due_at, s.due_reason, s.sent_at, s.posted_at, s.closed_at,
	s.prepared_sha, s.prepared_bytes, s.facts, s.prepared_key, s.hold, s.refusals, s.cost_approved_at, s.dialect, s.integration, s.settings, s.version`

func scanShipment(scan sqlrow.Scan) (shipment.Shipment, error) {
	var s shipment.Shipment
	sha, bytes := sqlrow.Blob(&s.Prepared)
	err := scan(&s.ID, &s.Account, &s.HandIn, &s.Status, sqlrow.JSON(&s.Submission), &s.Fingerprint, sqlrow.Text(&s.Content), &s.Zone,
		sqlrow.When(&s.ReceivedAt), sqlrow.When(&s.NotifiedAt), sqlrow.When(&s.ReadAt), sqlrow.When(&s.DueAt), sqlrow.Text(&s.DueReason), sqlrow.When(&s.SentAt),
		sqlrow.When(&s.PostedAt), sqlrow.When(&s.ClosedAt),
		sha, bytes, sqlrow.JSON(&s.Facts), sqlrow.Text(&s.PreparedKey), &s.Hold, sqlrow.JSON(&s.Refusals),
		sqlrow.When(&s.CostApprovedAt), sqlrow.Text(&s.Dialect), sqlrow.Text(&s.Integration), sqlrow.JSON(&s.Settings), &s.Version)
	return s, err
}

// Shipment reads a shipment.
func (r *reader) Shipment(ctx context.Context, id string) (shipment.Shipment, error) {
	s, err := sqlrow.One(ctx, r.Rows, scanShipment, `SELECT `+shipmentColumns+` FROM shipment s WHERE s.id = $1`, id)
	if err != nil {
		return s, fmt.Errorf("shipment %s: %w", id, err)
	}
	return s, nil
}

// shipmentsAtOnce is how many shipments one statement names.
const shipmentsAtOnce = 500

// Results gives what is decided of shipments, by id.
func (r *reader) Results(ctx context.Context, ids []string) (map[string]shipment.Result, error) {
	out := make(map[string]shipment.Result, len(ids))
	for some := range slices.Chunk(ids, shipmentsAtOnce) {
		var a sqlrow.Args
		err := r.Each(ctx, func(scan sqlrow.Scan) error {
			var s shipment.Result
			err := scan(&s.ID, &s.Status, sqlrow.JSON(&s.Refusals))
			s.Done = s.Status != shipment.StatusMottatt
			out[s.ID] = s
			return err
		}, `SELECT id, status, refusals FROM shipment WHERE id IN `+sqlrow.In(&a, some), a...)
		if err != nil {
			return nil, fmt.Errorf("results of shipments: %w", err)
		}
	}
	return out, nil
}

// ShipmentByHandIn reads a shipment by its sender's key.
func (r *reader) ShipmentByHandIn(ctx context.Context, account, handIn string) (shipment.Shipment, error) {
	s, err := sqlrow.One(ctx, r.Rows, scanShipment,
		`SELECT `+shipmentColumns+` FROM shipment s WHERE s.account = $1 AND s.hand_in = $2`, account, handIn)
	if err != nil {
		return s, fmt.Errorf("shipment of account %s: %w", account, err) // the key may be a folder's name
	}
	return s, nil
}

// Shipments lists shipments by id, or the newest first.
func (r *reader) Shipments(ctx context.Context, f store.ShipmentFilter) (out []shipment.Shipment, err error) {
	if f.Newest {
		var ids []string
		if ids, err = r.Newest(ctx, f); err == nil {
			out, err = r.shipmentsOf(ctx, ids)
		}
	} else {
		var a sqlrow.Args
		where := append([]string{"s.id > " + a.Add(f.After)}, search.Where(f, a.Add)...)
		if sets.AllOpen(f.Statuses) {
			where = append(where, "s.status IN "+sets.Open)
		}
		out, err = sqlrow.List(ctx, r.Rows, scanShipment, `SELECT `+shipmentColumns+` FROM shipment s
			WHERE `+strings.Join(where, " AND ")+` ORDER BY s.id`+a.Limit(f.Limit), a...)
	}
	if err != nil {
		return nil, fmt.Errorf("list shipments: %w", err)
	}
	return out, nil
}

// ShipmentsOfPerson lists shipments by whom they are for.
func (r *reader) ShipmentsOfPerson(ctx context.Context, p find.PersonQuery, f find.Filter) (out []shipment.Shipment, err error) {
	ids, err := r.Persons(ctx, p, f)
	if err == nil {
		out, err = r.shipmentsOf(ctx, ids)
	}
	if err != nil {
		return nil, fmt.Errorf("find shipments by recipient: %w", err)
	}
	return out, nil
}

// ShipmentsOf reads shipments.
func (r *reader) ShipmentsOf(ctx context.Context, ids []string) ([]shipment.Shipment, error) {
	out, err := r.shipmentsOf(ctx, ids)
	if err == nil && slices.ContainsFunc(out, func(s shipment.Shipment) bool { return s.ID == "" }) {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read %d shipments: %w", len(ids), err)
	}
	return out, nil
}

// shipmentsOf reads shipments in the order of their ids given.
func (r *reader) shipmentsOf(ctx context.Context, ids []string) ([]shipment.Shipment, error) {
	found := make(map[string]shipment.Shipment, len(ids))
	for some := range slices.Chunk(ids, shipmentsAtOnce) {
		var a sqlrow.Args
		all, err := sqlrow.List(ctx, r.Rows, scanShipment, `SELECT `+shipmentColumns+` FROM shipment s WHERE s.id IN `+sqlrow.In(&a, some), a...)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			found[s.ID] = s
		}
	}
	out := make([]shipment.Shipment, len(ids))
	for i, id := range ids {
		out[i] = found[id]
	}
	return out, nil
}

// CountShipments counts shipments by account, status and hold.
func (r *reader) CountShipments(ctx context.Context) ([]store.StatusCount, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (c store.StatusCount, err error) {
		err = scan(&c.Account, &c.Status, &c.Hold, &c.Count)
		return c, err
	}, `SELECT account, status, hold, letters FROM shipment_counts WHERE letters > 0 ORDER BY account, status, hold`)
	if err != nil {
		return nil, fmt.Errorf("count shipments: %w", err)
	}
	return out, nil
}

// CountNotable counts shipments by kind of event.
func (r *reader) CountNotable(ctx context.Context, from, to time.Time, accounts []string) (map[string]int, error) {
	a := sqlrow.Args{from.UnixMilli(), to.UnixMilli()}
	where := ""
	if len(accounts) > 0 {
		where = " AND s.account IN " + sqlrow.In(&a, accounts)
	}
	out := map[string]int{}
	err := r.Each(ctx, func(scan sqlrow.Scan) error {
		var kind string
		var n int
		err := scan(&kind, &n)
		out[kind] = n
		return err
	}, `SELECT e.kind, count(DISTINCT e.shipment) FROM event e JOIN shipment s ON s.id = e.shipment
		WHERE e.kind IN ('TRUKKET', 'RETUR', 'LEST_ETTER_PRINT') AND e.happened_at >= $1 AND e.happened_at < $2`+where+` GROUP BY e.kind`, a...)
	if err != nil {
		return nil, fmt.Errorf("count events: %w", err)
	}
	return out, nil
}

// Unhandled counts letters to which nothing has happened after a time.
func (r *reader) Unhandled(ctx context.Context, since time.Time) ([]store.StatusCount, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (c store.StatusCount, err error) {
		err = scan(&c.Account, &c.Status, &c.Count)
		return c, err
	}, `SELECT s.account, s.status, count(*) FROM shipment s
		WHERE s.status IN ('MOTTATT', 'AKSEPTERT', 'KLAR_FOR_MOTTAK', 'SENDT_SDP')
			AND s.due_at IS NULL AND s.read_at IS NULL AND s.closed_at IS NULL AND s.hold = '' AND s.received_at <= $1
			AND NOT EXISTS (SELECT 1 FROM event e WHERE e.shipment = s.id AND e.recorded_at > $1)
		GROUP BY s.account, s.status ORDER BY s.account, s.status`, since.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("count unhandled shipments: %w", err)
	}
	return out, nil
}

// HandedIn gives the letters of an account that came under these keys.
func (r *reader) HandedIn(ctx context.Context, account string, keys []string) (out []shipment.Shipment, err error) {
	for some := range slices.Chunk(keys, shipmentsAtOnce) {
		a := sqlrow.Args{account}
		all, err := sqlrow.List(ctx, r.Rows, scanShipment,
			`SELECT `+shipmentColumns+` FROM shipment s WHERE s.account = $1 AND s.hand_in IN `+sqlrow.In(&a, some), a...)
		if err != nil {
			return nil, fmt.Errorf("shipments of account %s: %w", account, err) // a key may be a folder's name
		}
		out = append(out, all...)
	}
	return out, nil
}

// Twin finds a shipment of the same account, reference and content.
func (r *reader) Twin(ctx context.Context, s shipment.Shipment, after time.Time) (string, error) {
	id, err := sqlrow.One(ctx, r.Rows, sqlrow.Scalar[string], `SELECT id FROM (
			SELECT s.id, s.account, s.content, s.received_at FROM shipment s
			WHERE s.external_reference = $1 AND s.received_at > $2 ORDER BY s.received_at DESC LIMIT 100) newest
		WHERE account = $3 AND content = $4 ORDER BY received_at DESC, id DESC LIMIT 1`, s.Submission.ExternalReference, after.UnixMilli(), s.Account, s.Content)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", fmt.Errorf("look for the same shipment: %w", err)
	}
	return id, nil
}

// Documents lists shipments' documents in the order of the letter.
func (r *reader) Documents(ctx context.Context, shipments ...string) (out []shipment.Document, err error) {
	for some := range slices.Chunk(slices.Sorted(slices.Values(shipments)), shipmentsAtOnce) {
		var a sqlrow.Args
		all, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (d shipment.Document, err error) {
			sha, bytes := sqlrow.Blob(&d.Blob)
			err = scan(&d.Shipment, &d.Position, &d.FileName, &d.MimeType, sha, bytes, sqlrow.JSON(&d.Giro), &d.Excluded)
			return d, err
		}, `SELECT shipment, place, file_name, mime_type, blob_sha, blob_bytes, giro, excluded
			FROM document WHERE shipment IN `+sqlrow.In(&a, some)+` ORDER BY shipment, place`, a...)
		if err != nil {
			return nil, fmt.Errorf("documents of shipments: %w", err)
		}
		out = append(out, all...)
	}
	return out, nil
}

// History lists a shipment's events in the order recorded.
func (r *reader) History(ctx context.Context, ids ...string) ([]shipment.Event, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var a sqlrow.Args
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (e shipment.Event, err error) {
		err = scan(&e.Shipment, sqlrow.When(&e.At), sqlrow.When(&e.Recorded), &e.Kind, &e.From, &e.To, &e.Reason, sqlrow.Text(&e.Key), sqlrow.Text(&e.By))
		return e, err
	}, `SELECT shipment, happened_at, recorded_at, kind, from_status, to_status, reason, key, actor
		FROM event WHERE shipment IN `+sqlrow.In(&a, ids)+` ORDER BY seq`, a...)
	if err != nil {
		return nil, fmt.Errorf("history of %d shipments, the first %s: %w", len(ids), ids[0], err)
	}
	return out, nil
}

// PreparedAs finds prepared files by what they were made from and how. Many letters may have the same, of which one is read.
func (r *reader) PreparedAs(ctx context.Context, keys ...string) (map[string]shipment.Shipment, error) {
	out := make(map[string]shipment.Shipment, len(keys))
	for some := range slices.Chunk(keys, shipmentsAtOnce) {
		var a sqlrow.Args
		some = sqlrow.FewLengths(some)
		rows := make([]string, len(some))
		for i, key := range some {
			rows[i] = `(CAST(` + a.Add(key) + ` AS TEXT))`
		}
		err := r.Each(ctx, func(scan sqlrow.Scan) error {
			var s shipment.Shipment
			sha, bytes := sqlrow.Blob(&s.Prepared)
			err := scan(&s.PreparedKey, sha, bytes, sqlrow.JSON(&s.Facts))
			out[s.PreparedKey] = s
			return err
		}, `WITH asked (key) AS (VALUES `+strings.Join(rows, ", ")+`),
			one AS MATERIALIZED (SELECT (SELECT s.id FROM shipment s
				WHERE s.prepared_key = a.key AND s.prepared_sha IS NOT NULL AND s.facts IS NOT NULL LIMIT 1) AS id FROM asked a)
			SELECT s.prepared_key, s.prepared_sha, s.prepared_bytes, s.facts FROM one CROSS JOIN shipment s WHERE s.id = one.id`, a...)
		if err != nil {
			return nil, fmt.Errorf("prepared files: %w", err)
		}
	}
	return out, nil
}

// CountAlike counts shipments with a fingerprint that were recorded before another.
func (r *reader) CountAlike(ctx context.Context, shipment, fingerprint string, since time.Time) (accepted, undecided int, err error) {
	_, err = sqlrow.One(ctx, r.Rows, func(scan sqlrow.Scan) (struct{}, error) { return struct{}{}, scan(&accepted, &undecided) }, `SELECT coalesce(sum(CASE WHEN s.status <> 'MOTTATT' THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN s.status = 'MOTTATT' THEN 1 ELSE 0 END), 0)
		FROM shipment s
		WHERE s.fingerprint = $2 AND s.received_at >= $3 AND s.id <> $1 AND s.status NOT IN ('AVVIST', 'FEILET_UNDER_MOTTAK')
			AND EXISTS (SELECT 1 FROM event e WHERE e.shipment = s.id AND e.kind = 'MOTTATT'
				AND e.seq < (SELECT min(own.seq) FROM event own WHERE own.shipment = $1 AND own.kind = 'MOTTATT'))`,
		shipment, fingerprint, since.UnixMilli())
	if err != nil {
		return 0, 0, fmt.Errorf("count alike shipments: %w", err)
	}
	return accepted, undecided, nil
}

// Due lists what may be collected.
func (r *reader) Due(ctx context.Context, now time.Time, accounts []string, after string, limit int) ([]shipment.Shipment, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	query, a := dueQuery(now, accounts, after, limit)
	out, err := sqlrow.List(ctx, r.Rows, scanShipment, query, a...)
	if err != nil {
		return nil, fmt.Errorf("list due shipments: %w", err)
	}
	return out, nil
}

// waiting is what may be collected but for its time: what may go, and is in no live job.
const waiting = sets.MayGo + `
			AND NOT EXISTS (SELECT 1 FROM job_letter l WHERE l.shipment = s.id AND l.live)`

// DueAhead lists what is due later than it should be.
func (r *reader) DueAhead(ctx context.Context, than time.Time, after string, limit int) ([]shipment.Shipment, error) {
	out, err := sqlrow.List(ctx, r.Rows, scanShipment, `SELECT `+shipmentColumns+` FROM shipment s
		WHERE `+waiting+` AND s.due_at > $1 AND s.due_reason <> 'ULEST' AND s.id > $2 ORDER BY s.id LIMIT $3`, than.UnixMilli(), after, limit)
	if err != nil {
		return nil, fmt.Errorf("list shipments that are due later: %w", err)
	}
	return out, nil
}

// overdueQuery goes by what waits, and not by the index of accounts.
const overdueQuery = `SELECT s.account || '', count(*), min(s.due_at) FROM shipment s
	WHERE ` + sets.MayGo + ` AND s.due_at <= $1 AND ` + sets.InNoJob + ` GROUP BY s.account || '' ORDER BY 1`

// Overdue counts what is due and not collected.
func (r *reader) Overdue(ctx context.Context, at time.Time) ([]store.OverdueCount, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (c store.OverdueCount, err error) {
		err = scan(&c.Account, &c.Count, sqlrow.When(&c.Oldest))
		return c, err
	}, overdueQuery, at.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("count overdue shipments: %w", err)
	}
	return out, nil
}

// ReceivedAfter counts shipments received after a time.
func (r *reader) ReceivedAfter(ctx context.Context, t time.Time) (n int, last time.Time, err error) {
	_, err = sqlrow.One(ctx, r.Rows, func(scan sqlrow.Scan) (struct{}, error) { return struct{}{}, scan(&n, sqlrow.When(&last)) },
		`SELECT count(*), max(received_at) FROM shipment WHERE received_at > $1`, t.UnixMilli())
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count shipments received later: %w", err)
	}
	return n, last, nil
}

func dueQuery(now time.Time, accounts []string, after string, limit int) (string, sqlrow.Args) {
	a := sqlrow.Args{now.UnixMilli(), after}
	// The first conditions are word for word those of the index shipment_waiting.
	return `SELECT ` + shipmentColumns + ` FROM shipment s
		WHERE s.status || '' IN ` + sets.OnTheWay + ` AND s.due_at IS NOT NULL AND s.read_at IS NULL AND s.closed_at IS NULL
			AND s.hold = '' AND s.prepared_sha IS NOT NULL
			AND s.due_at <= $1 AND s.id > $2 AND s.account || '' IN ` + sqlrow.In(&a, accounts) + `
			AND NOT EXISTS (SELECT 1 FROM job_letter l WHERE l.shipment = s.id AND l.live)
		ORDER BY s.id` + a.Limit(limit), a
}
