// Package machines keeps which processes serve the archive. Its Watcher and Recorder are part of the archive's.
package machines

import (
	"context"
	"fmt"
	"time"

	"postgang/engine/archive/database"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/node"
	"postgang/engine/store"
)

// Watcher reads in a transaction of the archive.
type Watcher struct {
	rows    *sqlrow.Rows
	dialect database.Dialect
}

// Recorder writes in one.
type Recorder struct {
	rows    *sqlrow.Rows
	dialect database.Dialect
}

// NewWatcher makes the reader of a transaction.
func NewWatcher(r *sqlrow.Rows, d database.Dialect) Watcher { return Watcher{r, d} }

// NewRecorder makes the writer of one.
func NewRecorder(r *sqlrow.Rows, d database.Dialect) Recorder { return Recorder{r, d} }

// clockOf is the clock of a database, in milliseconds since 1970.
func clockOf(d database.Dialect) string {
	if d == database.DialectPostgres {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
	}
	return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
}

// DatabaseClock is the clock of the database.
func (r Watcher) DatabaseClock(ctx context.Context) (time.Time, error) {
	at, err := sqlrow.One(ctx, r.rows, func(scan sqlrow.Scan) (at time.Time, err error) { err = scan(sqlrow.When(&at)); return at, err }, `SELECT `+clockOf(r.dialect))
	if err != nil {
		return at, fmt.Errorf("clock of the database: %w", err)
	}
	return at, nil
}

// Nodes lists the processes that serve the archive.
func (r Watcher) Nodes(ctx context.Context) ([]node.Node, error) {
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (n node.Node, err error) {
		var clock, silent int64
		err = scan(&n.Name, sqlrow.JSON(&n.Roles), &n.Version, &n.Schema, &n.Config, &clock, sqlrow.When(&n.Started), sqlrow.When(&n.Beat), &silent, sqlrow.When(&n.Stopped))
		n.Clock, n.Silent = time.Duration(clock)*time.Millisecond, time.Duration(silent)*time.Millisecond
		return n, err
	}, `SELECT name, roles, version, schema_version, config, clock_ms, started_at, beat_at, `+clockOf(r.dialect)+` - beat_at, stopped_at FROM node ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	return out, nil
}

// BeatNode records that a node is alive.
func (t Recorder) BeatNode(ctx context.Context, n node.Node, started bool) error {
	roles, err := sqlrow.Encode(n.Roles)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	now := clockOf(t.dialect)
	since := "node.started_at"
	if started {
		since = now
	}
	_, err = t.rows.Exec(ctx, `INSERT INTO node (name, roles, version, schema_version, config, clock_ms, started_at, beat_at) VALUES ($1, $2, $3, $4, $5, $6, `+now+`, `+now+`)
		ON CONFLICT (name) DO UPDATE SET roles = $2, version = $3, schema_version = $4, config = $5, clock_ms = $6, started_at = `+since+`, beat_at = `+now+`, stopped_at = NULL`,
		n.Name, roles, n.Version, n.Schema, n.Config, n.Clock.Milliseconds())
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	return nil
}

// StopNode records that a node has ended in order.
func (t Recorder) StopNode(ctx context.Context, name string) error {
	return t.oneNode(ctx, name, `UPDATE node SET stopped_at = `+clockOf(t.dialect)+` WHERE name = $1`)
}

// ForgetNode removes a node.
func (t Recorder) ForgetNode(ctx context.Context, name string) error {
	return t.oneNode(ctx, name, `DELETE FROM node WHERE name = $1`)
}

func (t Recorder) oneNode(ctx context.Context, name, statement string) error {
	n, err := t.rows.Exec(ctx, statement, name)
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("node %s: %w", name, err)
	}
	return nil
}
