package queue

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postgang/engine/archive"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/channel"
	"postgang/engine/step"
	"postgang/engine/store"
)

const (
	childDSN = "QUEUE_TEST_DSN" // set: this process is a child that works until it is killed
	patience = 60 * time.Second
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		if err := child(dsn); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(postgrestest.Main(m))
}

// engines are the databases that every test runs on.
var engines = []struct {
	name string
	dsn  func(t testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") }},
	{"PostgreSQL", postgrestest.Postgres},
}

func onBoth(t *testing.T, fn func(t *testing.T, dsn string)) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			fn(t, e.dsn(t))
		})
	}
}

var quick = Config{
	Workers:  map[store.TaskKind]int{store.TaskPrepare: 4, store.TaskCompose: 2, store.TaskOffer: 2},
	Logger:   slog.New(slog.DiscardHandler),
	Retry:    func(int) time.Duration { return 10 * time.Millisecond },
	SoftStop: 10 * time.Second,
}

// bundle is an archive with its queue.
type bundle struct {
	t testing.TB
	a *archive.Archive
	q *Queue
}

func open(t testing.TB, dsn string, c Config) *bundle {
	t.Helper()
	a, err := archive.Open(t.Context(), archive.Config{DSN: dsn, Enqueue: Enqueue})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	q, err := Open(t.Context(), a, c)
	if err != nil {
		t.Fatal(err)
	}
	return &bundle{t, a, q}
}

func (b *bundle) start(w Worker) {
	b.t.Helper()
	if err := b.q.Start(b.t.Context(), w); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(b.stop)
}

func (b *bundle) stop() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.q.Stop(ctx); err != nil {
		b.t.Error(err)
	}
}

func (b *bundle) enqueue(tasks ...store.Task) {
	b.t.Helper()
	if err := b.a.InTx(b.t.Context(), func(tx store.Tx) error { return tx.Enqueue(b.t.Context(), tasks...) }); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) idle() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	if err := b.q.Idle(ctx); err != nil {
		b.t.Fatal(err)
	}
}

// tally counts the runs of each task.
type tally struct {
	mu   sync.Mutex
	runs map[store.Task]int
}

func (c *tally) work(_ context.Context, t store.Task) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs == nil {
		c.runs = map[store.Task]int{}
	}
	c.runs[t]++
	return nil
}

func (c *tally) want(t testing.TB, want map[store.Task]int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if fmt.Sprint(c.runs) != fmt.Sprint(want) {
		t.Errorf("tasks done: %v, want %v", c.runs, want)
	}
}

func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

var (
	prepare1 = store.Task{Kind: store.TaskPrepare, Subject: "s1"}
	prepare2 = store.Task{Kind: store.TaskPrepare, Subject: "s2"}
	compose1 = store.Task{Kind: store.TaskCompose, Subject: "s1"}
	offer1   = store.Task{Kind: store.TaskOffer, Subject: "j1"}
)

// TestKindsStand pins the names that stand in the tables of installations: renaming one strands what waits there.
func TestKindsStand(t *testing.T) {
	t.Parallel()
	if got, want := fmt.Sprint(kinds), "[prepare_letter compose_job offer_job ask_channel]"; got != want {
		t.Errorf("kinds %s, want %s", got, want)
	}
	b, err := json.Marshal(taskArgs{kind: store.TaskOffer, Subject: "x"})
	if err != nil || string(b) != `{"subject":"x"}` {
		t.Errorf("arguments %s (%v)", b, err)
	}
}

func TestOnceWhileItWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		b := open(t, dsn, quick)
		b.enqueue(prepare1, prepare1, compose1)
		b.enqueue(prepare1, prepare2)
		boom := errors.New("boom")
		err := b.a.InTx(t.Context(), func(tx store.Tx) error {
			if err := tx.Enqueue(t.Context(), offer1); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		var c tally
		b.start(c.work)
		b.idle()
		c.want(t, map[store.Task]int{prepare1: 1, prepare2: 1, compose1: 1}) // and no offer: it was rolled back
		b.enqueue(prepare1)                                                  // done is not waiting
		b.idle()
		c.want(t, map[store.Task]int{prepare1: 2, prepare2: 1, compose1: 1})
	})
}

func TestRefusesStrangeTasks(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		b := open(t, dsn, quick)
		for _, task := range []store.Task{{Kind: "dance", Subject: "x"}, {Kind: store.TaskOffer}} {
			if err := b.a.InTx(t.Context(), func(tx store.Tx) error { return tx.Enqueue(t.Context(), task) }); err == nil {
				t.Errorf("%v was enqueued", task)
			}
		}
		if _, err := Open(t.Context(), b.a, Config{Workers: map[store.TaskKind]int{"dance": 1}}); err == nil {
			t.Error("workers of an unknown kind were taken")
		}
		if err := Enqueue(t.Context(), "no transaction", []store.Task{offer1}); err == nil {
			t.Error("a string was taken for a transaction")
		}
	})
}

// TestEnqueuedWhileItRuns: what a running task may have missed is done after it, and never beside it, also when several
// processes work.
func TestEnqueuedWhileItRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		begun, goOn := make(chan bool, 10), make(chan bool)
		var at atomic.Int32
		var runs atomic.Int32
		work := func(ctx context.Context, task store.Task) error {
			if at.Add(1) > 1 {
				t.Error("one task ran twice at a time")
			}
			defer at.Add(-1)
			if runs.Add(1) == 1 {
				begun <- true
				<-goOn
			}
			return nil
		}
		config := quick
		config.Retry = func(int) time.Duration {
			t.Error("that the same task runs already was taken for a failure")
			return time.Millisecond
		}
		b, other := open(t, dsn, config), open(t, dsn, config)
		b.start(work)
		other.start(work)
		b.enqueue(offer1)
		receive(t, begun, "the task to begin")
		b.enqueue(offer1)
		b.enqueue(offer1) // the second one waits already
		// Both queues have had the time to take it: until the second one has been tried and put back.
		deadline := time.Now().Add(patience)
		for {
			var n int64
			n, err := b.a.Exec(t.Context(), `UPDATE river_job SET priority = 2 WHERE state <> 'running' AND attempted_at IS NOT NULL`)
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 || time.Now().After(deadline) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := runs.Load(); n != 1 {
			t.Errorf("%d runs while the first one still ran", n)
		}
		close(goOn)
		b.idle()
		if n := runs.Load(); n != 2 {
			t.Errorf("%d runs, want 2", n)
		}
	})
}

func TestFailuresAreRetried(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		var mu sync.Mutex
		var attempts []int
		c := quick
		c.Retry = func(n int) time.Duration {
			mu.Lock()
			defer mu.Unlock()
			attempts = append(attempts, n)
			return time.Millisecond
		}
		var log bytes.Buffer
		c.Logger = slog.New(slog.NewTextHandler(&lockedWriter{w: &log}, nil))
		b := open(t, dsn, c)
		var n atomic.Int32
		b.start(func(context.Context, store.Task) error {
			switch n.Add(1) {
			case 1:
				return errors.New("no answer")
			case 2:
				return &step.LaterError{After: time.Millisecond, Reason: "closed"}
			case 3:
				panic("Åse Ødegård")
			case 4:
				var m map[string]int
				m["x"] = 1 //nolint:staticcheck // a panic of the runtime is what is wanted
			}
			return nil
		})
		b.enqueue(offer1)
		b.idle()
		if n.Load() != 5 {
			t.Errorf("%d runs, want 5", n.Load())
		}
		mu.Lock()
		defer mu.Unlock()
		if len(attempts) == 0 || attempts[len(attempts)-1] != 3 {
			t.Errorf("back-off was asked for attempts %v, want up to the third: to be asked to come later is no failure", attempts)
		}
		b.stop()
		if s := log.String(); strings.Contains(s, "Ødegård") || !strings.Contains(s, "task panicked") || !strings.Contains(s, "nil map") {
			t.Errorf("log of a panic:\n%s", s)
		}
	})
}

// lockedWriter is a log's writer that the test reads too.
type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// TestHasten: what waits for another try, after a failure or because it asked for it, is tried now.
func TestHasten(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		c := quick
		c.Retry = func(int) time.Duration { return time.Hour }
		b := open(t, dsn, c)
		ran := make(chan int32, 8)
		var n atomic.Int32
		b.start(func(context.Context, store.Task) error {
			k := n.Add(1)
			ran <- k
			switch k {
			case 1:
				return errors.New("no answer")
			case 2:
				return &step.LaterError{After: time.Hour, Reason: "closed"}
			}
			return nil
		})
		b.enqueue(offer1)
		for want := int32(1); want <= 3; want++ {
			// The row is put back to wait a little after the worker has returned: hasten until it is there.
			for got := false; !got; {
				select {
				case k := <-ran:
					if k != want {
						t.Fatalf("run %d, want %d", k, want)
					}
					got = true
				case <-time.After(50 * time.Millisecond):
					if want == 1 {
						continue
					}
					if err := b.q.Hasten(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		b.idle()
	})
}

// TestNewLettersAreNotKeptWaiting: a channel's task that waits for its time is due when there is something new; others keep their time.
func TestNewLettersAreNotKeptWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		c := quick
		c.Workers = map[store.TaskKind]int{channel.Task: 1, store.TaskOffer: 1}
		b := open(t, dsn, c)
		ran := make(chan store.Task, 64)
		b.start(func(_ context.Context, task store.Task) error {
			ran <- task
			return &step.LaterError{After: time.Hour, Reason: "later"}
		})
		ask := store.Task{Kind: channel.Task, Subject: "altinn"}
		b.enqueue(offer1, ask)
		receive(t, ran, "the first task")
		receive(t, ran, "the second task")
		for again := false; !again; { // until its row is put back to wait
			b.enqueue(offer1, ask)
			select {
			case task := <-ran:
				if task != ask {
					t.Fatalf("%v is done again", task)
				}
				again = true
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// TestNewerReplacesRetry: a task that failed while a newer one of its kind came in does not become two.
func TestNewerReplacesRetry(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		begun, goOn := make(chan bool, 1), make(chan bool)
		var runs atomic.Int32
		b := open(t, dsn, quick)
		b.start(func(context.Context, store.Task) error {
			if runs.Add(1) == 1 {
				begun <- true
				<-goOn
				return errors.New("no answer")
			}
			return nil
		})
		b.enqueue(offer1)
		receive(t, begun, "the task to begin")
		b.enqueue(offer1)
		close(goOn)
		b.idle()
		if n := runs.Load(); n != 2 {
			t.Errorf("%d runs, want 2: the failed one and the newer one", n)
		}
	})
}

func TestStopLetsTasksFinish(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		begun := make(chan bool, 1)
		goOn := make(chan bool)
		b := open(t, dsn, quick)
		var done atomic.Bool
		b.start(func(ctx context.Context, _ store.Task) error {
			begun <- true
			<-goOn
			done.Store(ctx.Err() == nil)
			return nil
		})
		b.enqueue(offer1)
		receive(t, begun, "the task to begin")
		stopped := make(chan bool)
		go func() { b.stop(); close(stopped) }()
		close(goOn)
		receive(t, stopped, "the queue to stop")
		if !done.Load() {
			t.Error("the task did not finish")
		}
		b.idle() // its result was written
	})
}

// TestStopCutsShort: what does not finish in time is put back, at once and with no attempt counted.
func TestStopCutsShort(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		c := quick
		c.SoftStop = 50 * time.Millisecond
		var failures atomic.Int32
		c.Retry = func(int) time.Duration { failures.Add(1); return time.Hour }
		b := open(t, dsn, c)
		begun := make(chan bool, 1)
		b.start(func(ctx context.Context, _ store.Task) error {
			begun <- true
			<-ctx.Done()
			return errors.New("connection closed") // as a library says it that does not know of contexts
		})
		b.enqueue(offer1)
		receive(t, begun, "the task to begin")
		b.stop()
		b.enqueue(offer1) // it waits: stays one
		var again tally
		b.start(again.work)
		b.idle()
		again.want(t, map[store.Task]int{offer1: 1})
	})
}

// child works until it is killed: its one task never ends.
func child(dsn string) error {
	ctx := context.Background()
	a, err := archive.Open(ctx, archive.Config{DSN: dsn, Enqueue: Enqueue})
	if err != nil {
		return err
	}
	c := quick
	c.Workers = map[store.TaskKind]int{store.TaskPrepare: 1, store.TaskOffer: 1}
	q, err := Open(ctx, a, c)
	if err != nil {
		return err
	}
	err = q.Start(ctx, func(ctx context.Context, t store.Task) error {
		fmt.Println("begun", t.Subject)
		select {}
	})
	if err != nil {
		return err
	}
	if err := a.InTx(ctx, func(tx store.Tx) error { return tx.Enqueue(ctx, offer1, prepare1) }); err != nil {
		return err
	}
	select {}
}

// startChild runs this test binary as a process that has begun its two tasks.
func startChild(t testing.TB, dsn string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDSN+"="+dsn)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	for range 2 {
		if l := receive(t, lines, "the child's tasks to begin"); !strings.HasPrefix(l, "begun ") {
			t.Fatalf("child: %s", l)
		}
	}
	return cmd
}

// TestKilledInMidTask: the next process does at once what a killed one had begun, though its rows still say that they
// run, and although the engine enqueues it again.
func TestKilledInMidTask(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		cmd := startChild(t, dsn)
		config := quick
		config.deadPoll = time.Hour // it is for the start to find them
		b := open(t, dsn, config)

		// While it lives, its work is left to it.
		var c tally
		b.start(c.work)
		b.enqueue(compose1)
		deadline := time.Now().Add(patience)
		for done := false; !done && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			c.mu.Lock()
			done = c.runs[compose1] == 1
			c.mu.Unlock()
		}
		c.want(t, map[store.Task]int{compose1: 1})
		b.stop()

		cmd.Process.Kill()
		cmd.Wait()
		b.enqueue(offer1, prepare1) // as the engine does at its start
		begun := time.Now()
		b.start(c.work)
		b.idle()
		c.want(t, map[store.Task]int{compose1: 1, offer1: 1, prepare1: 1})
		t.Logf("resumed after %v", time.Since(begun).Round(time.Millisecond))
	})
}

// TestTakesOverFromTheDead: a process that lives on does the work of one that dies beside it, without being restarted.
func TestTakesOverFromTheDead(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		cmd := startChild(t, dsn)
		config := quick
		config.deadPoll = 50 * time.Millisecond
		b := open(t, dsn, config)
		var c tally
		b.start(c.work)
		cmd.Process.Kill()
		cmd.Wait()
		b.idle()
		c.want(t, map[store.Task]int{offer1: 1, prepare1: 1})
	})
}

// TestLosingTheTables: the queue's tables may be emptied while it works, or dropped while it does not; what the engine
// enqueues afterwards is done.
func TestLosingTheTables(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		b := open(t, dsn, quick)
		b.enqueue(offer1, prepare1)
		if _, err := b.a.Exec(t.Context(), `DELETE FROM river_job`); err != nil {
			t.Fatal(err)
		}
		var c tally
		b.start(c.work)
		b.enqueue(offer1)
		b.idle()
		c.want(t, map[store.Task]int{offer1: 1})
		b.stop()
		for _, s := range dropRiver(b.a) {
			if _, err := b.a.Exec(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		b = open(t, dsn, quick)
		b.enqueue(prepare1)
		b.start(c.work)
		b.idle()
		c.want(t, map[store.Task]int{offer1: 1, prepare1: 1})
	})
}

// dropRiver are statements that drop all of River's tables and what belongs to them.
func dropRiver(a *archive.Archive) []string {
	tables := []string{"river_client_queue", "river_client", "river_job", "river_leader", "river_migration", "river_queue", "river_notification"}
	var out []string
	for _, name := range tables {
		out = append(out, "DROP TABLE IF EXISTS "+name)
	}
	if a.Postgres() != nil {
		for i := range out {
			out[i] += " CASCADE"
		}
		out = append(out, "DROP FUNCTION IF EXISTS river_job_state_in_bitmask CASCADE", "DROP TYPE IF EXISTS river_job_state CASCADE",
			"DROP FUNCTION IF EXISTS river_job_notify CASCADE")
	}
	return out
}

// TestManyTasks: two processes share the work, and nothing is done twice or left.
func TestManyTasks(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		const n = 300
		var c tally
		b, other := open(t, dsn, quick), open(t, dsn, quick)
		b.start(c.work)
		other.start(c.work)
		want := map[store.Task]int{}
		var tasks []store.Task
		for i := range n {
			task := store.Task{Kind: store.TaskPrepare, Subject: fmt.Sprintf("s%03d", i)}
			tasks = append(tasks, task)
			want[task] = 1
		}
		begun := time.Now()
		b.enqueue(tasks...)
		b.idle()
		c.want(t, want)
		t.Logf("%d tasks in %v", n, time.Since(begun).Round(time.Millisecond))
	})
}

func TestRiverLogsWarningsMarked(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := riverLog(slog.New(slog.NewTextHandler(&out, nil))).With("a", 1).WithGroup("g")
	log.Info("hiccup")
	log.Warn("trouble", "b", 2)
	if got := out.String(); strings.Contains(got, "hiccup") || !strings.Contains(got, "component=river") || !strings.Contains(got, "trouble") {
		t.Errorf("log: %s", got)
	}
}

func TestDefaultRetry(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]time.Duration{0: 5 * time.Second, 1: 5 * time.Second, 2: 10 * time.Second, 5: 80 * time.Second, 11: time.Hour, 30_000: time.Hour} {
		if got := DefaultRetry(attempt); got != want {
			t.Errorf("attempt %d: %v, want %v", attempt, got, want)
		}
	}
}

func TestStartTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		b := open(t, dsn, quick)
		var c tally
		b.start(c.work)
		if err := b.q.Start(t.Context(), c.work); err == nil {
			t.Error("started twice")
		}
		b.stop()
		b.stop() // no harm
		none := open(t, dsn, Config{Logger: quick.Logger})
		if err := none.q.Start(t.Context(), c.work); err == nil {
			t.Error("started with no workers")
		}
	})
}
