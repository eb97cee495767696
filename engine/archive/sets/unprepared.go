package sets

import (
	"context"
	"fmt"
	"slices"

	"postgang/engine/alarm"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/identity"
)

// waits is what is still to be prepared, of rows u of unprepared and their shipments s.
const waits = `(NOT u.again AND s.status || '' = 'MOTTATT' OR u.again AND ` + MayGo + `)`

// Unprepared counts, by cause, the letters that cannot be prepared and still wait.
func (c Counter) Unprepared(ctx context.Context) ([]alarm.Unprepared, error) {
	out, err := sqlrow.List(ctx, c.rows, func(scan sqlrow.Scan) (u alarm.Unprepared, err error) {
		err = scan(&u.Cause, &u.Again, &u.Letters, &u.Shipment, &u.Why)
		return u, err
	}, `SELECT n.cause, n.again, n.letters, n.shipment, o.why FROM (
			SELECT u.cause, u.again, count(*) AS letters, min(u.shipment) AS shipment
			FROM unprepared u JOIN shipment s ON s.id = u.shipment WHERE `+waits+` GROUP BY u.cause, u.again
		) n JOIN unprepared o ON o.shipment = n.shipment ORDER BY n.cause, n.again`)
	if err != nil {
		return nil, fmt.Errorf("count letters that cannot be prepared: %w", err)
	}
	return out, nil
}

// UnpreparedAmong tells which of some letters could not be prepared when they were tried last.
func (c Counter) UnpreparedAmong(ctx context.Context, shipments []string) (map[string]bool, error) {
	out := map[string]bool{}
	for some := range slices.Chunk(shipments, atOnce) {
		var a sqlrow.Args
		err := c.rows.Each(ctx, func(scan sqlrow.Scan) error {
			var id string
			err := scan(&id)
			out[id] = true
			return err
		}, `SELECT shipment FROM unprepared WHERE shipment IN `+sqlrow.In(&a, some), a...)
		if err != nil {
			return nil, fmt.Errorf("look for letters that cannot be prepared: %w", err)
		}
	}
	return out, nil
}

// SetUnprepared notes that a letter cannot be prepared.
func (t Setter) SetUnprepared(ctx context.Context, u alarm.Unprepared) error {
	_, err := t.rows.Exec(ctx, `INSERT INTO unprepared (shipment, again, cause, why) VALUES ($1, $2, $3, $4)
		ON CONFLICT (shipment) DO UPDATE SET again = excluded.again, cause = excluded.cause, why = excluded.why
		WHERE unprepared.again <> excluded.again OR unprepared.cause <> excluded.cause OR unprepared.why <> excluded.why`,
		u.Shipment, u.Again, string(u.Cause), sqlrow.Clean(identity.MaskNationalIDs(u.Why)))
	if err != nil {
		return fmt.Errorf("note that shipment %s cannot be prepared: %w", u.Shipment, err)
	}
	return nil
}

// DropUnprepared notes that letters need not be prepared any more, and gives the causes for which none waits then.
func (t Setter) DropUnprepared(ctx context.Context, shipments ...string) ([]alarm.Unprepared, error) {
	var over []alarm.Unprepared
	seen := map[alarm.Unprepared]bool{}
	for some := range slices.Chunk(shipments, atOnce) {
		var a sqlrow.Args
		err := t.rows.Each(ctx, func(scan sqlrow.Scan) error {
			var u alarm.Unprepared
			err := scan(&u.Cause, &u.Again)
			if !seen[u] {
				seen[u], over = true, append(over, u)
			}
			return err
		}, `DELETE FROM unprepared WHERE shipment IN `+sqlrow.In(&a, some)+` RETURNING cause, again`, a...)
		if err != nil {
			return nil, fmt.Errorf("note that letters can be prepared: %w", err)
		}
	}
	left := over[:0]
	for _, u := range over {
		some, err := sqlrow.List(ctx, t.rows, sqlrow.Scalar[string], `SELECT u.shipment FROM unprepared u JOIN shipment s ON s.id = u.shipment
			WHERE u.cause = $1 AND u.again = $2 AND `+waits+` LIMIT 1`, string(u.Cause), u.Again)
		if err != nil {
			return nil, fmt.Errorf("look for letters that cannot be prepared: %w", err)
		}
		if len(some) == 0 {
			left = append(left, u)
		}
	}
	return left, nil
}
