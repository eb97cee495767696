package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postgang/engine/access"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/login"
	"postgang/engine/store"
)

const sessionColumns = `token, issuer, sid, subject, person, organisations, level, began_at, last_at, ended_at`

func scanSession(scan sqlrow.Scan) (s login.Session, err error) {
	err = scan(&s.Token, &s.Issuer, &s.SID, &s.Subject, &s.Person, sqlrow.JSON(&s.Organisations), &s.Level, sqlrow.When(&s.Began), sqlrow.When(&s.Last), sqlrow.When(&s.Ended))
	return s, err
}

// Session finds a log-in by its token's hash.
func (r Reader) Session(ctx context.Context, token string) (login.Session, error) {
	s, err := sqlrow.One(ctx, r.rows, scanSession, `SELECT `+sessionColumns+` FROM login_session WHERE token = $1`, token)
	if errors.Is(err, store.ErrNotFound) {
		err = errors.Join(login.ErrNone, err)
	}
	if err != nil {
		return s, fmt.Errorf("session: %w", err)
	}
	return s, nil
}

// SessionsOfPeople lists log-ins of persons: recipients of letters log in too.
func (r Reader) SessionsOfPeople(ctx context.Context) ([]login.Session, error) {
	out, err := sqlrow.List(ctx, r.rows, scanSession, `SELECT `+sessionColumns+` FROM login_session s WHERE ended_at IS NULL
		AND EXISTS (SELECT 1 FROM person p WHERE p.subject <> '' AND p.issuer = s.issuer AND p.subject = s.subject AND p.ended_at IS NULL) ORDER BY began_at DESC, token`)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return out, nil
}

// EndSessionsOf ends a person's log-ins, and records that they were ended.
func (t Writer) EndSessionsOf(ctx context.Context, person, reason string) (int, error) {
	p, err := Reader{t.rows}.Person(ctx, person)
	if err != nil {
		return 0, err
	}
	n, err := t.rows.Exec(ctx, `UPDATE login_session SET ended_at = $3 WHERE ended_at IS NULL AND issuer = $1 AND subject = $2 AND subject <> '' AND last_at > $4 AND began_at > $5`,
		p.Issuer, p.Subject, t.now, t.now.Add(-login.IdleTime), t.now.Add(-login.MostTime))
	if err != nil {
		return 0, fmt.Errorf("end sessions of person %s: %w", person, err)
	}
	if n == 0 {
		return 0, nil
	}
	c := access.Change{At: t.now, Actor: access.By(ctx), Subject: access.SubjectOf(p.ID), Reason: reason}
	if c.Before, err = p.State(); err == nil {
		c.After, err = p.StateWithout(int(n))
	}
	if err == nil {
		err = t.addChange(ctx, c)
	}
	return int(n), err
}

// InsertSession stores a log-in.
func (t Writer) InsertSession(ctx context.Context, s login.Session) error {
	organisations, err := sqlrow.Encode(s.Organisations)
	if err != nil {
		return err
	}
	row := []any{s.Token, s.Issuer, sqlrow.Clean(s.SID), sqlrow.Clean(s.Subject), s.Person, organisations, sqlrow.Clean(s.Level), s.Began, s.Last, s.Ended}
	if err := t.rows.InsertRows(ctx, `login_session (`+sessionColumns+`)`, [][]any{row}); err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

// TouchSession records that a log-in was used.
func (t Writer) TouchSession(ctx context.Context, token string) error {
	if _, err := t.rows.Exec(ctx, `UPDATE login_session SET last_at = $2 WHERE token = $1 AND ended_at IS NULL`, token, t.now); err != nil {
		return fmt.Errorf("touch session: %w", err)
	}
	return nil
}

// EndSessions ends log-ins.
func (t Writer) EndSessions(ctx context.Context, token, issuer, sid string) error {
	_, err := t.rows.Exec(ctx, `UPDATE login_session SET ended_at = $4 WHERE ended_at IS NULL AND (token = $1 OR sid <> '' AND sid = $3 AND issuer = $2)`, token, issuer, sid, t.now)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// ForgetSessions removes old log-ins.
func (t Writer) ForgetSessions(ctx context.Context, before time.Time) error {
	if _, err := t.rows.Exec(ctx, `DELETE FROM login_session WHERE began_at < $1`, before.UnixMilli()); err != nil {
		return fmt.Errorf("forget sessions: %w", err)
	}
	return nil
}
