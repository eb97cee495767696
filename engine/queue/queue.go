// Package queue has background tasks done by River, in the database of the archive. It is the only importer of River.
//
// The archive holds the truth and the queue only «something to do»: a task is a kind and a subject, its worker looks
// in the archive what is to be done, and losing all of the queue's tables loses nothing, since the engine enqueues at
// its start whatever is unfinished.
//
// What River's uniqueness gives and what it does not. River can only keep a second task out while the first waits or
// runs. A task that runs must not keep a new one out, though: what the new one is about may have changed after the
// running one looked. So a task changes its unique key when it begins to run, to one that also keeps the same task from
// running twice at a time anywhere, and takes its first key back when it is to be tried again. A task of preparing keeps its first key: see
// taskWorker.Work.
//
// A killed process leaves tasks that seem to run; River would rescue them by age only. Here each process that works
// holds a lock that its death releases (store.Archive's Lock), and its tasks carry the lock's name, so others see at
// once that their worker is dead and enqueue them anew.
package queue

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"postgang/engine/archive"
	"postgang/engine/channel"
	"postgang/engine/store"
)

// Worker does one task. nil: it is done. A *step.LaterError: try again after its time, which is no failure. Any
// other error: try again after Config.Retry. It must watch its context, which ends when the queue stops.
type Worker func(ctx context.Context, t store.Task) error

// Config of a queue; zero fields have the defaults below.
type Config struct {
	// Workers says how many tasks of a kind this process does at a time. A kind that is not there is not done here.
	Workers map[store.TaskKind]int
	Logger  *slog.Logger
	// Retry is how long to wait after the n-th failed attempt, counted from 1.
	Retry func(attempt int) time.Duration
	// JobTimeout bounds one attempt.
	JobTimeout time.Duration
	// SoftStop is how long Stop lets running tasks finish before it ends their context.
	SoftStop time.Duration

	deadPoll time.Duration // shorter in tests
}

// Defaults.
const (
	// DefaultJobTimeout is enough for the largest print job; most tasks take a second.
	DefaultJobTimeout = 30 * time.Minute
	// DefaultSoftStop leaves a service manager's usual 30 seconds some time for the rest.
	DefaultSoftStop = 20 * time.Second

	retryFirst = 5 * time.Second
	retryLast  = time.Hour

	// rescueMargin is how much longer than JobTimeout River lets a task seem to run. It is only for a task whose result
	// could not be written; the tasks of dead processes are found by their locks.
	rescueMargin = 10 * time.Minute
	// deadPoll is how often to look for tasks of dead processes.
	deadPoll = 3 * time.Second
	// runningElsewhere is when to look again whether the same task still runs.
	runningElsewhere = time.Second
	// maxAttempts is years of retries: whether to give up is the engine's decision.
	maxAttempts = 30_000
	// fetchCooldown: River does at most workers ÷ cooldown tasks a second; its own default of 100 ms makes that 80 a
	// second for 8 workers.
	fetchCooldown = 15 * time.Millisecond
	// Without a notification, how long a task may wait.
	fetchPoll = 500 * time.Millisecond
	// keepDone is how long River keeps the row of a task that is done, for whoever looks for trouble; the archive's
	// history is what counts, and a night of a million letters is as many rows.
	keepDone = time.Hour
	// tidyTime bounds the statements that tidy up after a task whose context has ended.
	tidyTime = 10 * time.Second
)

// DefaultRetry doubles from 5 seconds up to an hour.
func DefaultRetry(attempt int) time.Duration {
	d := retryFirst
	for ; attempt > 1 && d < retryLast; attempt-- {
		d *= 2
	}
	return min(d, retryLast)
}

// kinds are all kinds of tasks. They stand in River's tables, and each has a River queue of its name.
var kinds = []store.TaskKind{store.TaskPrepare, store.TaskCompose, store.TaskOffer, channel.Task}

// waiting are the states of a task that is not done. River demands all but retryable here, running among them; see the
// package comment.
var waiting = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
	rivertype.JobStateScheduled,
}

// taskArgs is a task as River keeps it.
type taskArgs struct {
	kind    store.TaskKind
	Subject string `json:"subject"`
}

// Kind is River's name of the kind.
func (a taskArgs) Kind() string { return string(a.kind) }

// client is what both of River's clients have in common.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
}

// Queue is the queue of an archive.
type Queue struct {
	archive *archive.Archive
	config  Config
	log     *slog.Logger
	look    client // only reads

	mu      sync.Mutex
	working *working
}

// working is a started queue.
type working struct {
	client  client
	id      string // of this start, in River's attempted_by: slot, dot, random
	slot    string
	lost    func() bool // whether the lock of the slot was lost
	release func()      // of that lock
	quit    context.CancelFunc
	ended   chan struct{}
}

// Open makes the queue's tables in the archive's database and is ready to Start.
func Open(ctx context.Context, a *archive.Archive, c Config) (*Queue, error) {
	for k, n := range c.Workers {
		if !known(k) || n < 0 {
			return nil, fmt.Errorf("open queue: %d workers for tasks of kind %q", n, k)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Retry == nil {
		c.Retry = DefaultRetry
	}
	if c.JobTimeout <= 0 {
		c.JobTimeout = DefaultJobTimeout
	}
	if c.SoftStop <= 0 {
		c.SoftStop = DefaultSoftStop
	}
	if c.deadPoll <= 0 {
		c.deadPoll = deadPoll
	}
	q := &Queue{archive: a, config: c, log: c.Logger}
	if err := Migrate(ctx, a); err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	var err error
	if q.look, err = q.newClient(&river.Config{Logger: riverLog(c.Logger)}); err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	return q, nil
}

func known(k store.TaskKind) bool {
	for _, other := range kinds {
		if k == other {
			return true
		}
	}
	return false
}

func (q *Queue) newClient(c *river.Config) (client, error) {
	if db := q.archive.SQLite(); db != nil {
		return river.NewClient(riversqlite.New(db), c)
	}
	return river.NewClient(riverpgxv5.New(q.archive.Postgres()), c)
}

// Migrate brings the queue's tables up to date, one process at a time.
func Migrate(ctx context.Context, a *archive.Archive) error {
	release, err := a.LockWait(ctx, "queue-migrate")
	if err != nil {
		return err
	}
	defer release()
	quiet := slog.New(slog.DiscardHandler)
	if db := a.SQLite(); db != nil {
		return migrate(ctx, riversqlite.New(db), quiet)
	}
	return migrate(ctx, riverpgxv5.New(a.Postgres()), quiet)
}

func migrate[TTx any](ctx context.Context, d riverdriver.Driver[TTx], log *slog.Logger) error {
	m, err := rivermigrate.New(d, &rivermigrate.Config{Logger: log})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("make the queue's tables: %w", err)
	}
	return nil
}

// The clients that only insert need no connection of their own: they use the transaction given.
var (
	sqliteInserter   = sync.OnceValues(func() (*river.Client[*sql.Tx], error) { return inserter(riversqlite.New(nil)) })
	postgresInserter = sync.OnceValues(func() (inserts, error) {
		c, err := inserter(riverpgxv5.New(nil))
		return insertsWith(c), err
	})
)

func inserter[TTx any](d riverdriver.Driver[TTx]) (*river.Client[TTx], error) {
	return river.NewClient(d, &river.Config{Logger: slog.New(slog.DiscardHandler)})
}

// inserts inserts tasks in a transaction of some type.
type inserts func(ctx context.Context, rawTx any, params []river.InsertManyParams) error

func insertsWith[TTx any](c *river.Client[TTx]) inserts {
	return func(ctx context.Context, rawTx any, params []river.InsertManyParams) error {
		tx, ok := rawTx.(TTx)
		if !ok {
			return fmt.Errorf("a transaction of type %T is of no database of ours", rawTx)
		}
		results, err := c.InsertManyTx(ctx, tx, params)
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.UniqueSkippedAsDuplicate && r.Job.Kind == string(channel.Task) && r.Job.State == rivertype.JobStateScheduled {
				if _, err := c.JobRetryTx(ctx, tx, r.Job.ID); err != nil {
					return fmt.Errorf("hasten a task: %w", err)
				}
			}
		}
		return nil
	}
}

// Enqueue inserts tasks in a transaction; it is archive.Config's Enqueue. A task that waits already is not inserted
// again; one that runs is, since what it is to do may have changed after it looked. One about a channel that waits for its time is due
// now: it waits for that of the letters that it knew of, and there is a new one, or something has happened to one.
func Enqueue(ctx context.Context, rawTx any, tasks []store.Task) error {
	params := make([]river.InsertManyParams, 0, len(tasks))
	given := map[store.Task]bool{}
	for _, t := range tasks {
		if given[t] { // PostgreSQL's upsert does not take a key twice in one statement
			continue
		}
		given[t] = true
		if !known(t.Kind) || t.Subject == "" {
			return fmt.Errorf("no task has kind %q and subject %q", t.Kind, t.Subject)
		}
		params = append(params, river.InsertManyParams{
			Args: taskArgs{kind: t.Kind, Subject: t.Subject},
			InsertOpts: &river.InsertOpts{
				Queue: string(t.Kind), MaxAttempts: maxAttempts,
				UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waiting},
			},
		})
	}
	if len(params) == 0 {
		return nil
	}
	// Several transactions may want the one task of a channel at the same time: all take such rows last, and in one order.
	slices.SortStableFunc(params, func(a, b river.InsertManyParams) int {
		return cmp.Compare(channelSubject(a), channelSubject(b))
	})
	if tx, ok := rawTx.(*sql.Tx); ok {
		c, err := sqliteInserter()
		if err != nil {
			return err
		}
		return insertsWith(c)(ctx, tx, params)
	}
	insert, err := postgresInserter()
	if err != nil {
		return err
	}
	return insert(ctx, rawTx, params)
}

// channelSubject is the subject of a task about a channel, and empty for others.
func channelSubject(p river.InsertManyParams) string {
	if t := p.Args.(taskArgs); t.kind == channel.Task {
		return t.Subject
	}
	return ""
}

// maxSlots bounds the search for a free lock; more machines than that share no database.
const maxSlots = 1000

// Start begins to do tasks, first those of processes that died. It goes on until Stop, also when ctx ends before.
func (q *Queue) Start(ctx context.Context, worker Worker) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.working != nil {
		return errors.New("start queue: it is started already")
	}
	w, err := q.start(ctx, worker)
	if err != nil {
		return fmt.Errorf("start queue: %w", err)
	}
	q.working = w
	return nil
}

func (q *Queue) start(ctx context.Context, worker Worker) (_ *working, err error) {
	w := &working{ended: make(chan struct{})}
	if w.slot, w.lost, w.release, err = q.takeSlot(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.release()
		}
	}()
	w.id = w.slot + "." + rand.Text()
	workers, queues := river.NewWorkers(), map[string]river.QueueConfig{}
	for _, k := range kinds {
		if n := q.config.Workers[k]; n > 0 {
			river.AddWorkerArgs(workers, taskArgs{kind: k}, &taskWorker{queue: q, work: worker})
			queues[string(k)] = river.QueueConfig{MaxWorkers: n}
		}
	}
	if len(queues) == 0 {
		return nil, errors.New("no workers are configured")
	}
	w.client, err = q.newClient(&river.Config{
		ID: w.id, Workers: workers, Queues: queues, Logger: riverLog(q.log), MaxAttempts: maxAttempts,
		JobTimeout: q.config.JobTimeout, RescueStuckJobsAfter: q.config.JobTimeout + rescueMargin,
		SoftStopTimeout: q.config.SoftStop, FetchCooldown: fetchCooldown, FetchPollInterval: fetchPoll,
		CompletedJobRetentionPeriod: keepDone,
	})
	if err != nil {
		return nil, err
	}
	if err := q.takeFromDead(ctx, w); err != nil {
		return nil, err
	}
	run, quit := context.WithCancel(context.WithoutCancel(ctx))
	w.quit = quit
	if err := w.client.Start(context.WithoutCancel(ctx)); err != nil {
		quit()
		return nil, err
	}
	go func() {
		defer close(w.ended)
		tick := time.NewTicker(q.config.deadPoll)
		defer tick.Stop()
		for {
			select {
			case <-run.Done():
				return
			case <-tick.C:
			}
			if w.lost() {
				q.takeSlotAgain(run, w)
			}
			if err := q.takeFromDead(run, w); err != nil && run.Err() == nil {
				q.log.Warn("looking for tasks of dead processes failed", "component", "queue", "error", err)
			}
			if err := q.takeWhatIsDue(run); err != nil && run.Err() == nil {
				q.log.Warn("looking for tasks whose time has come failed", "component", "queue", "error", err)
			}
		}
	}()
	return w, nil
}

func slotLock(slot string) string { return "queue-" + slot }

// takeSlotAgain takes the lock of a working process that has lost it. Until then others take it for dead, and its tasks
// over: a task that is done twice has its effect once.
func (q *Queue) takeSlotAgain(ctx context.Context, w *working) {
	held, release, err := q.archive.Lock(context.WithoutCancel(ctx), slotLock(w.slot))
	if err != nil {
		q.log.Warn("the lock of this process is lost and cannot be taken again yet", "component", "queue", "error", err)
		return
	}
	w.release() // of what is lost
	w.lost, w.release = lockLost(held), release
	q.log.Info("the lock of this process was lost and is taken again", "component", "queue")
}

// takeSlot takes the first free lock of those that working processes hold.
func (q *Queue) takeSlot(ctx context.Context) (slot string, lost func() bool, release func(), err error) {
	for n := 1; n <= maxSlots; n++ {
		slot = fmt.Sprint(n)
		held, release, err := q.archive.Lock(context.WithoutCancel(ctx), slotLock(slot))
		if err == nil {
			return slot, lockLost(held), release, nil
		}
		if !errors.Is(err, store.ErrLocked) {
			return slot, nil, nil, err
		}
	}
	return "", nil, nil, fmt.Errorf("%d processes work already: %w", maxSlots, store.ErrLocked)
}

// lockLost tells, whenever it is asked, whether a lock was lost, by the context that ends with it.
func lockLost(held context.Context) func() bool {
	return func() bool { return errors.Is(context.Cause(held), store.ErrLockLost) }
}

// takeFromDead enqueues anew what seems to run in a process that is dead: one whose lock is free, or is now ours.
func (q *Queue) takeFromDead(ctx context.Context, w *working) error {
	const atOnce = 10_000 // River's most
	running, err := q.look.JobList(ctx, river.NewJobListParams().States(rivertype.JobStateRunning).First(atOnce))
	if err != nil {
		return err
	}
	bySlot := map[string][]*rivertype.JobRow{}
	for _, j := range running.Jobs {
		if len(j.AttemptedBy) == 0 {
			continue
		}
		by := j.AttemptedBy[len(j.AttemptedBy)-1]
		if slot, _, ok := strings.Cut(by, "."); ok && by != w.id {
			bySlot[slot] = append(bySlot[slot], j)
		}
	}
	for slot, jobs := range bySlot {
		if slot != w.slot {
			_, release, err := q.archive.Lock(ctx, slotLock(slot))
			if errors.Is(err, store.ErrLocked) {
				continue // alive
			}
			if err != nil {
				return err
			}
			defer release()
		}
		if err := q.enqueueAnew(ctx, jobs); err != nil {
			return err
		}
		q.log.Warn("took over tasks of a process that died", "component", "queue", "tasks", len(jobs))
	}
	return nil
}

// enqueueAnew puts tasks of a dead process back by the door, so that one that waits already stays one.
func (q *Queue) enqueueAnew(ctx context.Context, jobs []*rivertype.JobRow) error {
	return q.archive.RawTx(ctx, func(rawTx any, exec archive.Exec) error {
		for _, j := range jobs {
			// Unless someone else was quicker, or its result came through at last.
			n, err := exec(ctx, `DELETE FROM river_job WHERE id = $1 AND state = 'running' AND attempt = $2`, j.ID, j.Attempt)
			if err != nil {
				return err
			}
			t, err := taskOf(j)
			if n == 0 || err != nil {
				continue // a row that is no task of ours is gone for good
			}
			if err := Enqueue(ctx, rawTx, []store.Task{t}); err != nil {
				return err
			}
		}
		return nil
	})
}

// takeWhatIsDue lets tasks be done whose time has come. River leaves that to one process, its leader, and takes half a minute to find
// another when that one dies. On SQLite nobody else would be there.
func (q *Queue) takeWhatIsDue(ctx context.Context) error {
	if q.archive.SQLite() != nil {
		return nil
	}
	_, err := q.archive.Exec(ctx, `UPDATE river_job SET state = 'available' WHERE state IN ('retryable', 'scheduled') AND scheduled_at <= now()`)
	return err
}

// Hasten makes tasks that wait for another try, after a failure or because they asked for it, due now.
func (q *Queue) Hasten(ctx context.Context) error {
	return q.archive.RawTx(ctx, func(_ any, exec archive.Exec) error {
		_, err := exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = CURRENT_TIMESTAMP WHERE state IN ('retryable', 'scheduled')`)
		if err != nil {
			return fmt.Errorf("hasten waiting tasks: %w", err)
		}
		return nil
	})
}

// Stop lets running tasks finish, for at most Config.SoftStop, and then ends their context: what was cut short is done
// by the next Start. When ctx ends first, or a task does not heed its context, it returns an error.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.working
	if w == nil {
		return nil
	}
	q.working = nil
	w.quit()
	<-w.ended
	err := w.client.Stop(ctx)
	if err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
		defer cancel()
		err = errors.Join(err, w.client.StopAndCancel(hard))
	}
	w.release()
	if err != nil {
		return fmt.Errorf("stop queue: %w", err)
	}
	return nil
}

// idlePoll is how often Idle looks.
const idlePoll = 20 * time.Millisecond

// Idle waits until no task waits or runs, in any process.
func (q *Queue) Idle(ctx context.Context) error {
	for {
		n, err := q.unfinished(ctx)
		if err != nil {
			return fmt.Errorf("wait for the queue: %w", err)
		}
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the queue: %w", ctx.Err())
		case <-time.After(idlePoll):
		}
	}
}

// Count is how many tasks of a kind are in a state of River's that is not done: available, running, scheduled, retryable or pending.
type Count struct {
	Kind  store.TaskKind
	State string
	Tasks int
}

// Counts counts tasks that are not done, of all processes.
func (q *Queue) Counts(ctx context.Context) ([]Count, error) {
	var out []Count
	err := q.archive.Each(ctx, `SELECT kind, state, count(*) FROM river_job WHERE state IN ('available', 'running', 'scheduled', 'retryable', 'pending') GROUP BY kind, state ORDER BY kind, state`,
		func(scan func(dest ...any) error) error {
			var c Count
			err := scan(&c.Kind, &c.State, &c.Tasks)
			out = append(out, c)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("count tasks: %w", err)
	}
	return out, nil
}

// unfinished is 0 when no task waits or runs.
func (q *Queue) unfinished(ctx context.Context) (int, error) {
	l, err := q.look.JobList(ctx, river.NewJobListParams().States(waiting...).First(1))
	if err != nil {
		return 0, err
	}
	return len(l.Jobs), nil
}

// runningKey is the unique key of a task that runs.
func runningKey(t store.Task) []byte {
	sum := sha256.Sum256([]byte("running\x00" + string(t.Kind) + "\x00" + t.Subject))
	return sum[:]
}
