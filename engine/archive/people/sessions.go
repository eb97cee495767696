package people

import (
	"context"
	"fmt"
	"time"

	"postgang/engine/archive/sqlrow"
	"postgang/engine/login"
)

const sessionColumns = `token, issuer, sid, subject, person, organisations, level, began_at, last_at, ended_at`

// Session finds a log-in by its token's hash.
func (r Reader) Session(ctx context.Context, token string) (login.Session, error) {
	s, err := sqlrow.One(ctx, r.rows, func(scan sqlrow.Scan) (s login.Session, err error) {
		err = scan(&s.Token, &s.Issuer, &s.SID, &s.Subject, &s.Person, sqlrow.JSON(&s.Organisations), &s.Level, sqlrow.When(&s.Began), sqlrow.When(&s.Last), sqlrow.When(&s.Ended))
		return s, err
	}, `SELECT `+sessionColumns+` FROM login_session WHERE token = $1`, token)
	if err != nil {
		return s, fmt.Errorf("session: %w", err)
	}
	return s, nil
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
