package database

import (
	"context"
	"database/sql"
	"sync/atomic"
)

// The journal is moved into the database by a connection of its own, while others write, once so many pages wait in it (16 MiB): pages that one
// transaction after another changes are moved once. Whoever writes moves what is left when the journal has become ownPages long (64 MiB), which
// also lets it begin anew: while one transaction follows the other, nobody else finds the moment.
const (
	waitingPages = 4096
	ownPages     = "16384"
)

// looksEvery is after how many changed rows the journal is looked at.
const looksEvery = 2000

// mover moves the journal into the database. Where it fails, whoever writes meets the same, and tells it.
type mover struct {
	db      *sql.DB
	changed atomic.Int64 // rows, since the journal was looked at
	stirred chan struct{}
	end     context.CancelFunc
	ended   chan struct{}
}

// newMover starts one, which lasts until it is closed; db is a pool of its own, of which a connection is opened when there is something to be moved.
func newMover(ctx context.Context, db *sql.DB) *mover {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	m := &mover{db: db, stirred: make(chan struct{}, 1), end: end, ended: make(chan struct{})}
	go func() {
		defer close(m.ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-m.stirred:
				m.look(ctx)
			}
		}
	}()
	return m
}

// wrote says how many rows a transaction has changed.
func (m *mover) wrote(rows int64) {
	if m.changed.Add(rows) < looksEvery {
		return
	}
	m.changed.Store(0)
	select {
	case m.stirred <- struct{}{}:
	default: // it looks already
	}
}

// look moves the journal, if it is long enough.
func (m *mover) look(ctx context.Context) {
	var busy, pages, moved int
	err := m.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &moved)
	if err == nil && pages-moved >= waitingPages {
		_ = m.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	}
}

// close ends it.
func (m *mover) close() error {
	m.end()
	<-m.ended
	return m.db.Close()
}
