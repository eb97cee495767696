package people

import (
	"context"
	"fmt"

	"postgang/engine/access"
	"postgang/engine/archive/sqlrow"
)

// Asked lists what was asked for and takes two persons.
func (r Reader) Asked(ctx context.Context, open bool) ([]access.Asked, error) {
	where := "TRUE"
	if open {
		where = "done_at IS NULL"
	}
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (a access.Asked, err error) {
		var by, second string
		if err = scan(&a.Subject, &by, sqlrow.When(&a.At), &a.Reason, sqlrow.Text(&second), sqlrow.When(&a.DoneAt)); err != nil {
			return a, err
		}
		if a.By, err = access.ParseActor(by); err != nil {
			return a, err
		}
		a.Second, err = access.ParseActor(second)
		return a, err
	}, `SELECT subject, actor, asked_at, reason, second, done_at FROM second_person WHERE `+where+` ORDER BY asked_at DESC, subject, turn DESC`)
	if err != nil {
		return nil, fmt.Errorf("list what takes two persons: %w", err)
	}
	return out, nil
}

// AskSecond records that somebody asks for what takes two persons.
func (t Writer) AskSecond(ctx context.Context, subject, reason string) error {
	_, err := t.rows.Exec(ctx, `DELETE FROM second_person WHERE subject = $1 AND done_at IS NULL`, subject)
	if err == nil {
		_, err = t.rows.Exec(ctx, `INSERT INTO second_person (subject, turn, actor, asked_at, reason)
			VALUES ($1, (SELECT coalesce(MAX(turn), 0) + 1 FROM second_person WHERE subject = $5), $2, $3, $4)`, subject, sqlrow.Actor(ctx), t.now, sqlrow.Clean(reason), subject)
	}
	if err != nil {
		return fmt.Errorf("ask for a second person: %w", err)
	}
	return nil
}

// DoneBySecond records that another one has done what was asked for.
func (t Writer) DoneBySecond(ctx context.Context, subject string) error {
	if _, err := t.rows.Exec(ctx, `UPDATE second_person SET second = $2, done_at = $3 WHERE subject = $1 AND done_at IS NULL`, subject, sqlrow.Actor(ctx), t.now); err != nil {
		return fmt.Errorf("record the second person: %w", err)
	}
	return nil
}
