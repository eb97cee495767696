package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"postgang/engine/store"
)

const (
	// postgresConns is the least size of the pool, for the archive and the queue together.
	postgresConns = 16
	// idleTransaction (ms) ends a write transaction whose program has stopped in the middle of it, since nobody else
	// can write meanwhile. No transaction of ours thinks for so long.
	idleTransaction = "60000"
	// idleWrite is the same for those that write: they keep everybody else from writing.
	idleWrite = "10000"
	// idleLock (ms) ends the session of a lock whose holder is there no more though its machine answers: one that is frozen, or stopped by a
	// signal. It is longer than it takes a holder to notice that it is cut off (lockPing and closeTime), so that it stops before another begins.
	idleLock = "10000"
	// idleSessions is the first PostgreSQL that ends sessions that say nothing.
	idleSessions = 14
	// closeTime is how long giving a lock back may take.
	closeTime = 5 * time.Second
)

// Postgres is an archive in PostgreSQL.
type Postgres struct {
	Pool  *pgxpool.Pool
	db    *sql.DB
	locks *pgx.ConnConfig // how a lock connects
}

// OpenPostgres opens the database, and the pool that reads.
func OpenPostgres(ctx context.Context, dsn string) (Driver, *sql.DB, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, nil, errors.New("postgres: the database URL cannot be read; it has the form postgres://user@host:port/database")
	}
	config.MaxConns = max(config.MaxConns, postgresConns)
	params := config.ConnConfig.RuntimeParams
	if _, set := params["idle_in_transaction_session_timeout"]; !set {
		params["idle_in_transaction_session_timeout"] = idleTransaction
	}
	// What people ask is answered in milliseconds: to compile a statement that is thought to be dear takes longer than that.
	if _, set := params["jit"]; !set {
		params["jit"] = "off"
	}
	// A machine that is cut off says nothing. The server ends its sessions, and gives its locks to others, after some ten seconds.
	for name, value := range map[string]string{"tcp_keepalives_idle": "4", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3", "tcp_user_timeout": "10000"} {
		if _, set := params[name]; !set {
			params[name] = value
		}
	}
	if params["application_name"] == "" {
		params["application_name"] = "postgang"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, nil, fmt.Errorf("postgres: %w", err)
	}
	locks := config.ConnConfig.Copy()
	err = pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		// As "15.14 (Debian 15.14-0+deb12u1)" and "18beta1".
		var major int
		_, err := fmt.Sscanf(c.Conn().PgConn().ParameterStatus("server_version"), "%d", &major)
		if _, set := locks.RuntimeParams["idle_session_timeout"]; err == nil && major >= idleSessions && !set {
			locks.RuntimeParams["idle_session_timeout"] = idleLock
		}
		return keepsSession(ctx, pool, c.Conn())
	})
	if err != nil {
		pool.Close()
		return nil, nil, fmt.Errorf("postgres: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	return &Postgres{Pool: pool, db: db, locks: locks}, db, nil
}

// keepsSession fails when a pooler hands the sessions of a connection to others between transactions, as PgBouncer does unless it pools by
// session. Locks are held by sessions: a job could be handed over twice.
func keepsSession(ctx context.Context, pool *pgxpool.Pool, c *pgx.Conn) error {
	session := func(q interface {
		QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	}) (pid uint32, err error) {
		err = q.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid)
		return pid, err
	}
	first, err := session(c)
	if err != nil || first == c.PgConn().PID() {
		return err // the server itself has told its number: there is no pooler in between
	}
	// Others take sessions that are free. One of them is this connection's, if it is not kept.
	for range poolerProbes {
		other, err := pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer other.Release()
		tx, err := other.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }() // it has only read
		taken, err := session(tx)
		if err != nil {
			return err
		}
		if taken == first {
			return errPooled
		}
	}
	again, err := session(c)
	if err == nil && again != first {
		err = errPooled
	}
	return err
}

// poolerProbes is how many transactions are begun at the same time to find out.
const poolerProbes = 4

// errPooled says that connections do not keep their sessions.
var errPooled = errors.New("a connection does not keep its session, so that no lock can be trusted; " +
	"let the pooler in between pool by session (PgBouncer: pool_mode = session), or connect to PostgreSQL itself")

// postgresTx is a pgx transaction, which the queue needs, on a connection of database/sql, which the queries need.
type postgresTx struct {
	*sql.Conn
	tx pgx.Tx
}

// writerKey is the advisory lock of those who write: exclusive of the one who must be alone, shared of those who may be beside others.
// The server serves them in the order in which they came, so neither kind waits for ever.
var writerKey = advisoryKey("writer")

// Begin starts a write transaction, when those are over that may not run beside it.
func (s *Postgres) Begin(ctx context.Context, beside bool) (WriteTx, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	t := &postgresTx{Conn: conn}
	err = conn.Raw(func(c any) error {
		t.tx, err = c.(*stdlib.Conn).Conn().Begin(ctx)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	lock := "SELECT pg_advisory_xact_lock($1), set_config('idle_in_transaction_session_timeout', $2, true)"
	if beside {
		lock = "SELECT pg_advisory_xact_lock_shared($1), set_config('idle_in_transaction_session_timeout', $2, true)"
	}
	if _, err := conn.ExecContext(ctx, lock, writerKey, idleWrite); err != nil {
		return nil, errors.Join(err, t.Rollback(ctx))
	}
	return t, nil
}

func (t *postgresTx) Raw() any { return t.tx }

func (t *postgresTx) Commit(ctx context.Context) error {
	err := t.Conn.Raw(func(any) error { return t.tx.Commit(ctx) })
	if err != nil {
		return errors.Join(err, t.Rollback(ctx))
	}
	return t.Close()
}

func (t *postgresTx) Rollback(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	err := t.Conn.Raw(func(any) error { return t.tx.Rollback(ctx) })
	if errors.Is(err, pgx.ErrTxClosed) {
		err = nil
	}
	return errors.Join(err, t.Close())
}

// ReadOptions are those of a snapshot.
func (s *Postgres) ReadOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

// Dialect is the one of this database.
func (s *Postgres) Dialect() Dialect { return DialectPostgres }

// Writer is the pool of connections that write.
func (s *Postgres) Writer() *sql.DB { return s.db }

// Holds reports whether the database has our tables.
func (s *Postgres) Holds(ctx context.Context) (there bool, err error) {
	err = s.Pool.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", VersionTable).Scan(&there)
	return there, err
}

// Check is the server's own matter.
func (s *Postgres) Check(context.Context) ([]string, error) { return nil, nil }

// personal are the tables in which content of letters stands.
var personal = []string{"shipment", "document", "shipment_person", "channel_case", "event"}

// Scrub vacuums the tables in which content of letters stood: what was deleted or changed can be read no more, its room is used anew, and
// the samples of values that the planner keeps are drawn anew. Bytes of before may stand in unused room of a page until then, and
// in the server's own journal (WAL) until that is recycled. With full the tables are written anew, without that room, and cannot be used
// meanwhile.
func (s *Postgres) Scrub(ctx context.Context, full bool) error {
	for _, table := range personal {
		how := "VACUUM (ANALYZE) "
		if full {
			how = "VACUUM (FULL, ANALYZE) "
		}
		if _, err := s.Pool.Exec(ctx, how+table); err != nil {
			return err
		}
	}
	return nil
}

// Loosen has nothing to do: vacuuming takes what is deleted out of indexes.
func (s *Postgres) Loosen(context.Context) error { return nil }

// Close ends all connections.
func (s *Postgres) Close() error {
	err := s.db.Close()
	s.Pool.Close()
	return err
}

// SQLSTATE codes (PostgreSQL manual, appendix A).
const (
	pgForeignKey    = "23503"
	pgUnique        = "23505"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgDiskFull      = "53100"
	pgCorrupted     = "XX001"
	pgIndexCorrupt  = "XX002"
)

// Fault maps an error of the database to one of the engine's, without any value of a row in its text.
func (s *Postgres) Fault(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	// The server's error carries whole rows in its details; only its message and the constraint's name pass.
	clean := fmt.Errorf("postgres: %s (SQLSTATE %s)", e.Message, e.Code)
	switch e.Code {
	case pgUnique:
		return fmt.Errorf("%w: %w", store.ErrExists, clean)
	case pgForeignKey:
		return fmt.Errorf("refers to a row that is %w: %w", store.ErrNotFound, clean)
	case pgSerialization, pgDeadlock:
		return fmt.Errorf("%w: %w", store.ErrStale, clean)
	case pgDiskFull:
		return fmt.Errorf("%w: %w", ErrDiskFull, clean)
	case pgCorrupted, pgIndexCorrupt:
		return fmt.Errorf("%w: %w", ErrDamaged, clean)
	}
	return clean
}

// advisoryKey is the number of a named lock. It is 63 bits of a hash, so that it meets neither another name's nor that
// of another program in the same database.
func advisoryKey(name string) int64 {
	sum := sha256.Sum256([]byte("postgang lock " + name))
	return int64(binary.BigEndian.Uint64(sum[:]) >> 1)
}

// Lock takes a named lock across processes, see store.Archive.
func (s *Postgres) Lock(ctx context.Context, name string) (context.Context, func(), error) {
	conn, err := pgx.ConnectConfig(ctx, s.locks.Copy())
	if err != nil {
		return nil, nil, fmt.Errorf("postgres: %w", err)
	}
	giveBack := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		// Unlocking before closing: the server notices a closed connection only a moment later.
		_, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock_all()") // closing unlocks too
		conn.Close(ctx)
	}
	var taken bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", advisoryKey("name "+name)).Scan(&taken); err != nil {
		giveBack()
		return nil, nil, s.Fault(err)
	}
	if !taken {
		giveBack()
		return nil, nil, store.ErrLocked
	}
	held, lose := context.WithCancelCause(ctx)
	watch, quit := context.WithCancel(context.WithoutCancel(ctx))
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if watchConn(watch, conn) != nil && watch.Err() == nil {
			lose(store.ErrLockLost)
		}
	}()
	return held, sync.OnceFunc(func() {
		quit()
		<-watched
		lose(context.Canceled)
		giveBack()
	}), nil
}

// lockPing is how long a lock's connection may be silent before it is asked whether it lives: a server that is cut off
// says nothing, and ends the sessions of those who say nothing (idleLock).
const lockPing = 3 * time.Second

// watchConn waits until a connection is gone, and gives the error, or until ctx is done. An idle connection that the
// server closes is noticed at once.
func watchConn(ctx context.Context, conn *pgx.Conn) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, lockPing)
		_, err := conn.WaitForNotification(quiet)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && quiet.Err() == nil:
			return err
		}
		ping, cancel := context.WithTimeout(ctx, closeTime)
		err = conn.Ping(ping)
		cancel()
		if err != nil {
			return err
		}
	}
}
