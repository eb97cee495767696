// Package letters writes shipments and their histories. Where many letters share a transaction, what is written for each waits, and is
// written for all of them with one statement a table: a statement costs a database as much as what it does for a letter.
package letters

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"postgang/engine/archive/sqlrow"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Storer stores letters in a transaction of the archive.
type Storer struct {
	rows *sqlrow.Rows
	now  time.Time
	wait *waiting
}

// NewStorer makes the Storer of a transaction; now is its clock.
func NewStorer(r *sqlrow.Rows, now time.Time) Storer {
	return Storer{r, now, &waiting{touched: map[string]bool{}}}
}

// waiting are rows that are written later, and what they are about.
type waiting struct {
	shipments, documents, events [][]any
	updates                      []update
	touched                      map[string]bool // ids, fingerprints and references of shipments, each with its kind in front
}

// update is a shipment that is to be changed.
type update struct {
	id      string
	version int64
	fields  []any
}

// touch notes what a waiting row is about.
func (t Storer) touch(s shipment.Shipment) {
	if !t.rows.Gathers() {
		return
	}
	t.wait.touched["id "+s.ID] = true
	t.wait.touched["fingerprint "+s.Fingerprint] = true
	t.wait.touched["reference "+s.Submission.ExternalReference] = true
}

// Reading runs a reading of shipments that have this id or fingerprint or reference, where given. It waits for nothing that is about
// others.
func (t Storer) Reading(id, fingerprint, reference string, fn func() error) error {
	touched := t.wait.touched
	if id != "" && touched["id "+id] || fingerprint != "" && touched["fingerprint "+fingerprint] || reference != "" && touched["reference "+reference] {
		return fn()
	}
	return t.rows.Apart(fn)
}

// InsertShipment stores a new shipment.
func (t Storer) InsertShipment(ctx context.Context, s shipment.Shipment, docs []shipment.Document) error {
	err := t.insertShipment(ctx, s, docs)
	if err != nil {
		return fmt.Errorf("insert shipment %s: %w", s.ID, err)
	}
	return nil
}

func (t Storer) insertShipment(ctx context.Context, s shipment.Shipment, docs []shipment.Document) error {
	fields, err := shipmentFields(s)
	if err != nil {
		return err
	}
	row := append([]any{s.ID, s.Account, s.HandIn, s.ReceivedAt, sqlrow.Optional(s.Content), sqlrow.Optional(s.Dialect), sqlrow.Optional(s.Integration), sqlrow.Optional(reference(s.Submission)), s.Version}, fields...)
	t.touch(s)
	t.wait.shipments = append(t.wait.shipments, row)
	if err := t.rows.Later(ctx, sqlrow.Shipments, t.insertShipments); err != nil {
		return err
	}
	var rows [][]any
	for _, d := range docs {
		if d.Shipment != s.ID {
			return fmt.Errorf("document %d belongs to another shipment", d.Position)
		}
		giro, err := sqlrow.Encode(d.Giro)
		if err != nil {
			return err
		}
		rows = append(rows, []any{d.Shipment, d.Position, sqlrow.Clean(d.FileName.Reveal()), d.MimeType,
			d.Blob.SHA256, d.Blob.Bytes, giro, d.Excluded})
	}
	t.wait.documents = append(t.wait.documents, rows...)
	return t.rows.Later(ctx, sqlrow.AfterShipments+1, t.insertDocuments)
}

func (t Storer) insertShipments(ctx context.Context) error {
	rows := t.wait.shipments
	t.wait.shipments = nil
	return t.rows.InsertRows(ctx, `shipment (id, account, hand_in, received_at, content, dialect, integration, external_reference, version, `+Columns+`)`, rows)
}

func (t Storer) insertDocuments(ctx context.Context) error {
	rows := t.wait.documents
	t.wait.documents = nil
	return t.rows.InsertRows(ctx, `document (shipment, place, file_name, mime_type, blob_sha, blob_bytes, giro, excluded)`, rows)
}

// longestReference is as long as a sender's reference may be, in characters. A refused hand-in may have anything there, and an index of
// PostgreSQL takes no more than some 2,700 bytes.
const longestReference = 100

// reference is the sender's own reference as shipments are found by it; empty: by none.
func reference(s shipment.Submission) string {
	if utf8.RuneCountInString(s.ExternalReference) > longestReference {
		return ""
	}
	return sqlrow.Clean(s.ExternalReference)
}

// Columns are the columns that an update stores too, in the order of shipmentFields.
const Columns = `status, submission, konteringskode, sending_system, digital_only, fingerprint, zone,
	notified_at, read_at, due_at, due_reason, sent_at, posted_at, closed_at,
	prepared_sha, prepared_bytes, facts, prepared_key, hold, refusals, cost_approved_at, settings`

func shipmentFields(s shipment.Shipment) ([]any, error) {
	submission, err := sqlrow.Encode(s.Submission)
	if err != nil {
		return nil, err
	}
	refusals, err := sqlrow.Encode(s.Refusals)
	if err != nil {
		return nil, err
	}
	var facts, sha, bytes, settings any
	if s.Facts != nil {
		if facts, err = sqlrow.Encode(s.Facts); err != nil {
			return nil, err
		}
	}
	if len(s.Settings) > 0 {
		if settings, err = sqlrow.Encode(s.Settings); err != nil {
			return nil, err
		}
	}
	if !s.Prepared.IsZero() {
		sha, bytes = s.Prepared.SHA256, s.Prepared.Bytes
	}
	return []any{s.Status, submission, sqlrow.Clean(s.Submission.Konteringskode), sqlrow.Clean(s.Submission.SendingSystem),
		s.Submission.DigitalOnly, s.Fingerprint, s.Zone,
		s.NotifiedAt, s.ReadAt, s.DueAt, sqlrow.Optional(s.DueReason), s.SentAt, s.PostedAt, s.ClosedAt,
		sha, bytes, facts, sqlrow.Optional(s.PreparedKey), s.Hold, refusals, s.CostApprovedAt, settings}, nil
}

// UpdateShipment stores a changed shipment.
func (t Storer) UpdateShipment(ctx context.Context, s shipment.Shipment) error {
	fields, err := shipmentFields(s)
	if err == nil && t.wait.touched["id "+s.ID] {
		err = t.rows.Settle(ctx) // one statement changes a row once
	}
	if err == nil {
		t.touch(s)
		t.wait.updates = append(t.wait.updates, update{s.ID, s.Version, fields})
		err = t.rows.Later(ctx, sqlrow.Shipments+1, t.updateShipments)
	}
	if err != nil {
		return fmt.Errorf("update shipment %s: %w", s.ID, err)
	}
	return nil
}

// updateShipments stores changed shipments.
func (t Storer) updateShipments(ctx context.Context) error {
	list := t.wait.updates
	t.wait.updates = nil
	if len(list) == 1 {
		return t.rows.Update(ctx, "shipment", list[0].id, list[0].version, Columns, list[0].fields)
	}
	for _, some := range sqlrow.Chunks(list, updatedAtOnce) {
		var a sqlrow.Args
		var values strings.Builder
		for i, u := range some {
			if i > 0 {
				values.WriteString(", ")
			}
			values.WriteString("(CAST(" + a.Add(u.id) + " AS TEXT), CAST(" + a.Add(u.version) + " AS BIGINT)")
			for j, v := range u.fields {
				values.WriteString(", CAST(" + a.Add(v) + " AS " + columnTypes[j] + ")")
			}
			values.WriteByte(')')
		}
		n, err := t.rows.Exec(ctx, `WITH now (id, version, `+Columns+`) AS (VALUES `+values.String()+`)
			UPDATE shipment SET `+setColumns+`, version = shipment.version + 1 FROM now
			WHERE shipment.id = now.id AND shipment.version = now.version`, a...)
		if err != nil {
			return err
		}
		if n < int64(len(some)) {
			return store.ErrStale // or not there, which each learns by itself
		}
	}
	return nil
}

// updatedAtOnce is how many shipments one statement changes.
const updatedAtOnce = 32

// columnTypes are the types of Columns, and setColumns sets each to what it is now.
var columnTypes, setColumns = func() (types []string, set string) {
	var sets []string
	for _, c := range strings.Split(Columns, ",") {
		c = strings.TrimSpace(c)
		kind := "TEXT"
		switch {
		case c == "digital_only":
			kind = "BOOLEAN"
		case strings.HasSuffix(c, "_at"), c == "prepared_bytes":
			kind = "BIGINT"
		}
		types, sets = append(types, kind), append(sets, c+" = now."+c)
	}
	return types, strings.Join(sets, ", ")
}()

// PostShipments stores that shipments were posted.
func (t Storer) PostShipments(ctx context.Context, list []store.PostedShipment) error {
	for some := range slices.Chunk(list, postedAtOnce) {
		var a sqlrow.Args
		var values strings.Builder
		for i, s := range some {
			if i > 0 {
				values.WriteString(", ")
			}
			values.WriteString("(CAST(" + a.Add(s.ID) + " AS TEXT), CAST(" + a.Add(s.Version) + " AS BIGINT), CAST(" + a.Add(s.Status) + " AS TEXT), CAST(" + a.Add(s.PostedAt) + " AS BIGINT))")
		}
		err := t.rows.ExecBeside(ctx, fmt.Sprintf("post %d shipments", len(some)), `WITH now (id, version, status, posted_at) AS (VALUES `+values.String()+`)
			UPDATE shipment SET status = now.status, posted_at = now.posted_at, version = shipment.version + 1 FROM now
			WHERE shipment.id = now.id AND shipment.version = now.version`, a, int64(len(some)), func(ctx context.Context) error { return t.staleOrGone(ctx, some) })
		if err != nil {
			return err
		}
	}
	return nil
}

// staleOrGone tells why not all of some shipments could be stored.
func (t Storer) staleOrGone(ctx context.Context, some []store.PostedShipment) error {
	for _, s := range some {
		if _, err := sqlrow.One(ctx, t.rows, sqlrow.Scalar[int], `SELECT 1 FROM shipment WHERE id = $1`, s.ID); err != nil {
			return err
		}
	}
	return store.ErrStale
}

// postedAtOnce is how many shipments one statement posts. Of several hundred SQLite reads all shipments for each statement instead of looking
// them up.
const postedAtOnce = 100

// AddEvents adds to shipments' histories.
func (t Storer) AddEvents(ctx context.Context, es ...shipment.Event) error {
	rows := make([][]any, len(es))
	for i, e := range es {
		recorded := e.Recorded
		if recorded.IsZero() {
			recorded = t.now
		}
		rows[i] = []any{e.Shipment, e.At, recorded, e.Kind, e.From, e.To, sqlrow.Clean(e.Reason), sqlrow.Optional(e.Key), sqlrow.Actor(ctx)}
	}
	t.wait.events = append(t.wait.events, rows...)
	return t.rows.Later(ctx, sqlrow.AfterShipments+2, t.insertEvents)
}

func (t Storer) insertEvents(ctx context.Context) error {
	rows := t.wait.events
	t.wait.events = nil
	return t.rows.InsertBeside(ctx, "add events", `event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason, key, actor)`, rows)
}
