package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"postgang/engine/archive/sets"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/channel"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

const caseColumns = `c.shipment, c.channel, c.reference, c.state, c.answer, c.asked_at, c.next_at, c.tries`

// rawJSON scans a column of JSON as it is; NULL and the empty text are nothing.
type rawJSON struct{ v *json.RawMessage }

// Scan reads text.
func (j rawJSON) Scan(src any) error {
	var s string
	if err := sqlrow.Text(&s).Scan(src); err != nil {
		return err
	}
	*j.v = nil
	if s != "" {
		*j.v = json.RawMessage(s)
	}
	return nil
}

// caseDest is where the columns of a case go; of an outer join they may all be NULL.
func caseDest(c *channel.Case, tries *int64) []any {
	return []any{sqlrow.Text(&c.Shipment), sqlrow.Text(&c.Channel), sqlrow.Text(&c.Reference), sqlrow.Text(&c.State), rawJSON{&c.Answer}, sqlrow.When(&c.AskedAt), sqlrow.When(&c.NextAt), sqlrow.Number(tries)}
}

func scanCase(scan sqlrow.Scan) (c channel.Case, err error) {
	var tries int64
	err = scan(caseDest(&c, &tries)...)
	c.Tries = int(tries)
	return c, err
}

// scanChannelLetter scans a shipment and then its case.
func scanChannelLetter(scan sqlrow.Scan) (l channel.Letter, err error) {
	var tries int64
	l.Shipment, err = scanShipment(func(dest ...any) error { return scan(append(dest, caseDest(&l.Case, &tries)...)...) })
	l.Case.Tries = int(tries)
	return l, err
}

// ChannelCases lists what channels were asked about a shipment.
func (r *reader) ChannelCases(ctx context.Context, id string) ([]channel.Case, error) {
	out, err := sqlrow.List(ctx, r.Rows, scanCase, `SELECT `+caseColumns+` FROM channel_case c WHERE c.shipment = $1 ORDER BY c.channel`, id)
	if err != nil {
		return nil, fmt.Errorf("channels of shipment %s: %w", id, err)
	}
	return out, nil
}

// ChannelCasesOf lists what channels were asked about shipments.
func (r *reader) ChannelCasesOf(ctx context.Context, ids []string) ([]channel.Case, error) {
	var out []channel.Case
	for some := range slices.Chunk(ids, store.Page) {
		a := sqlrow.Args{}
		cases, err := sqlrow.List(ctx, r.Rows, scanCase, `SELECT `+caseColumns+` FROM channel_case c WHERE c.shipment IN `+sqlrow.In(&a, some)+` ORDER BY c.shipment, c.channel`, a...)
		if err != nil {
			return nil, fmt.Errorf("channels of %d shipments: %w", len(some), err)
		}
		out = append(out, cases...)
	}
	return out, nil
}

// ChannelCaseOf finds a case by its channel's reference.
func (r *reader) ChannelCaseOf(ctx context.Context, channel, reference string) (channel.Case, error) {
	c, err := sqlrow.One(ctx, r.Rows, scanCase, `SELECT `+caseColumns+` FROM channel_case c WHERE c.channel = $1 AND c.reference = $2 AND c.reference <> ''`, channel, reference)
	if err != nil {
		return c, fmt.Errorf("reference of channel %s: %w", channel, err)
	}
	return c, nil
}

// WaitingCases lists cases that are to be asked about by themselves.
func (r *reader) WaitingCases(ctx context.Context, channel string, now time.Time, limit int) ([]channel.Letter, error) {
	a := sqlrow.Args{channel, now.UnixMilli()}
	out, err := sqlrow.List(ctx, r.Rows, scanChannelLetter, `SELECT `+shipmentColumns+`, `+caseColumns+`
		FROM channel_case c JOIN shipment s ON s.id = c.shipment
		WHERE c.channel = $1 AND c.next_at IS NOT NULL AND c.next_at <= $2 ORDER BY c.next_at, c.shipment`+a.Limit(limit), a...)
	if err != nil {
		return nil, fmt.Errorf("waiting letters of channel %s: %w", channel, err)
	}
	return out, nil
}

// NextCase is when a channel is to be asked by itself next.
func (r *reader) NextCase(ctx context.Context, channel string) (at time.Time, err error) {
	_, err = sqlrow.One(ctx, r.Rows, func(scan sqlrow.Scan) (struct{}, error) { return struct{}{}, scan(sqlrow.When(&at)) },
		`SELECT min(next_at) FROM channel_case WHERE channel = $1 AND next_at IS NOT NULL`, channel)
	if err != nil {
		return time.Time{}, fmt.Errorf("next letter of channel %s: %w", channel, err)
	}
	return at, nil
}

// Undecided lists shipments that may still go either way.
func (r *reader) Undecided(ctx context.Context, channel string, accounts []string, after string, limit int) ([]channel.Letter, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	query, a := undecidedQuery(channel, accounts, after, limit)
	all, err := sqlrow.List(ctx, r.Rows, scanChannelLetter, query, a...)
	if err != nil {
		return nil, fmt.Errorf("undecided letters of channel %s: %w", channel, err)
	}
	return all, nil
}

// undecidedQuery goes by the index of each status, whose rows are few beside those that are done.
func undecidedQuery(channel string, accounts []string, after string, limit int) (string, sqlrow.Args) {
	a := sqlrow.Args{channel, after}
	return `SELECT ` + shipmentColumns + `, ` + caseColumns + `
		FROM shipment s LEFT JOIN channel_case c ON c.shipment = s.id AND c.channel = $1
		WHERE s.status IN ` + sets.OnTheWay + ` AND s.status IN ` + sets.Open + ` AND s.id > $2 AND s.read_at IS NULL AND s.closed_at IS NULL
			AND s.account || '' IN ` + sqlrow.In(&a, accounts) + ` AND (s.due_reason IS NULL OR s.due_reason <> '` + string(shipment.ReasonPrintOnly) + `')
			AND NOT EXISTS (SELECT 1 FROM job_letter l WHERE l.shipment = s.id AND l.live)
		ORDER BY s.id` + a.Limit(limit), a
}

// CountChannelCases counts by channel and state.
func (r *reader) CountChannelCases(ctx context.Context) ([]channel.Count, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (c channel.Count, err error) {
		err = scan(&c.Channel, &c.State, &c.Count)
		return c, err
	}, `SELECT channel, state, count(*) FROM channel_case GROUP BY channel, state ORDER BY channel, state`)
	if err != nil {
		return nil, fmt.Errorf("count letters of channels: %w", err)
	}
	return out, nil
}

// SetChannelCases stores cases.
func (t *tx) SetChannelCases(ctx context.Context, cases ...channel.Case) error {
	for _, c := range cases {
		if len(c.Answer) > 0 && !json.Valid(c.Answer) {
			return fmt.Errorf("letter of channel %s: what is to be kept of its answer is no JSON", c.Channel)
		}
		_, err := t.Exec(ctx, `INSERT INTO channel_case (shipment, channel, reference, state, answer, asked_at, next_at, tries)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (shipment, channel) DO UPDATE SET reference = excluded.reference, state = excluded.state, answer = excluded.answer,
				asked_at = excluded.asked_at, next_at = excluded.next_at, tries = excluded.tries`,
			c.Shipment, c.Channel, c.Reference, c.State, string(c.Answer), c.AskedAt, c.NextAt, c.Tries)
		if err != nil {
			return fmt.Errorf("record letter %s of channel %s: %w", c.Shipment, c.Channel, err)
		}
	}
	return nil
}
