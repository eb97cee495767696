package archive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postgang/engine/archive/sets"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/forecast"
)

// arrivalsQuery leaves adding up and order to us: PostgreSQL has several rows of an hour, and sorts those of a year on disk.
const arrivalsQuery = `SELECT account, hour * 3600000, letters FROM arrival WHERE hour >= $1 AND hour < $2`

// Arrivals counts what was handed in by account and hour.
func (r *reader) Arrivals(ctx context.Context, from, to time.Time) ([]forecast.Arrival, error) {
	const hour = int64(time.Hour / time.Millisecond)
	rows, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (a forecast.Arrival, err error) {
		err = scan(&a.Account, sqlrow.When(&a.Hour), &a.Letters)
		return a, err
	}, arrivalsQuery, (from.UnixMilli()+hour-1)/hour, to.UnixMilli()/hour)
	if err != nil {
		return nil, fmt.Errorf("count hand-ins by hour: %w", err)
	}
	slices.SortFunc(rows, func(a, b forecast.Arrival) int {
		return cmp.Or(a.Hour.Compare(b.Hour), strings.Compare(a.Account, b.Account))
	})
	out := rows[:0]
	for _, a := range rows {
		if n := len(out); n > 0 && out[n-1].Hour.Equal(a.Hour) && out[n-1].Account == a.Account {
			out[n-1].Letters += a.Letters
			continue
		}
		out = append(out, a)
	}
	return out, nil
}

// behindQuery goes by the index of what is set aside, and by none of statuses or accounts.
const behindQuery = `SELECT s.account || '', s.hold, count(*) FROM shipment s
	WHERE s.hold <> '' AND s.status || '' IN ` + sets.OnTheWay + ` AND s.due_at IS NOT NULL AND s.due_at + 0 <= $1 AND s.read_at IS NULL AND s.closed_at IS NULL
		AND s.prepared_sha IS NOT NULL AND ` + sets.InNoJob + `
	GROUP BY s.account || '', s.hold ORDER BY 1, 2`

// Behind counts what is due and set aside.
func (r *reader) Behind(ctx context.Context, at time.Time) ([]forecast.Behind, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (b forecast.Behind, err error) {
		err = scan(&b.Account, &b.Hold, &b.Letters)
		return b, err
	}, behindQuery, at.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("count what is due and set aside: %w", err)
	}
	return out, nil
}
