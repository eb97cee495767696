package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postgang/cmd/app"
	"postgang/cmd/config"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/chaosftp"
	"postgang/fixtures/s3server"
)

const (
	// machineRounds is how often three machines are let loose on an archive in CI, and actionsARound what happens to them each time.
	machineRounds, actionsARound = 1, 14
	// frozenFor is how long a machine stands still: longer than its locks outlive it.
	frozenFor = 20 * time.Second
	// takenOverWithin ends the wait for another machine; the goal is 15 s (docs/several-machines.md).
	takenOverWithin = 2 * time.Minute
	// stalledRequest is a request to the vendor in the middle of a hand-over, counted from the start of a machine.
	stalledRequest = 30
)

// TestChaosMachines lets three machines with clocks of their own serve one archive, with documents in a bucket, and has them killed,
// frozen and cut off from database, bucket and vendor, while letters come, are read, receipted and printed once more. After each round
// archive and vendor are held against each other. With POSTGANG_CHAOS_FOR it goes on for so long, and measures how soon others take over.
func TestChaosMachines(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	t.Parallel()
	fig := newMachineFigures(t)
	seed, _ := strconv.ParseUint(os.Getenv(envChaosSeed), 10, 64)
	var until time.Time
	if s := os.Getenv(envChaosFor); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatalf("%s: %v", envChaosFor, err)
		}
		until = time.Now().Add(d)
		for _, how := range []string{"killed", "frozen", "cut off"} {
			t.Run("taken over from one "+how, func(t *testing.T) { takeOver(t, fig, how) })
			fig.write()
		}
	}
	ran := false
	for stage := uint64(0); stage == 0 || time.Now().Before(until); stage++ {
		t.Run(fmt.Sprint("stage ", stage), func(t *testing.T) {
			ran = true
			s := newMachineStage(t, fig, rand.New(rand.NewPCG(cmp.Or(seed, 1), stage)), 3)
			for round := 0; round == 0 || round < machineRounds && until.IsZero() || round < stageNights && time.Now().Before(until); round++ {
				if s.round(); t.Failed() {
					return
				}
			}
			s.finish()
			s.documentsComplete()
		})
		fig.write()
	}
	if ran && (fig.Kills() == 0 || fig.Frozen == 0 || fig.LettersPrinted == 0) {
		t.Errorf("nothing was tried: %d killed, %d frozen, %d printed", fig.Kills(), fig.Frozen, fig.LettersPrinted)
	}
}

func newMachineFigures(t *testing.T) *chaosFigures {
	fig := &chaosFigures{Began: time.Now().UTC(), Faults: map[string]int{}, Kinds: map[string]int{}, Codes: map[string]int{}, TakenOver: map[string]float64{}}
	if out := os.Getenv(envChaosOut); out != "" {
		fig.out = strings.TrimSuffix(out, ".json") + "-machines.json"
	}
	t.Cleanup(func() {
		fig.write()
		fig.add(func(f *chaosFigures) {
			t.Logf("%d nights with several machines: %d killed, %d frozen, %d cut off, %d database connections ended, faults %v; %d letters handed in, %d printed; lost %d, doubled %d; seconds until others took over: %v",
				f.Nights, f.KilledAtMoment, f.Frozen, f.CutOff, f.DatabaseCuts, f.Faults, f.LettersHandedIn, f.LettersPrinted, f.Lost, f.Doubled, f.TakenOver)
		})
	})
	return fig
}

// machineStage is a stage of several machines, each with its way to the database and to the bucket.
type machineStage struct {
	*chaos
	bucket   *s3server.Server
	machines []*chaosMachine
}

// chaosMachine is a machine: a process of serve, a folder with its configuration, and what it reaches others through.
type chaosMachine struct {
	name, dir string
	program   string // that serves; empty: this test binary
	roles     string // empty: all
	database  *slowWire
	bucket    *badBucket
	log       *syncBuffer
	cmd       *exec.Cmd
	frozen    bool
}

func newMachineStage(t *testing.T, fig *chaosFigures, rng *rand.Rand, machines int) *machineStage {
	t.Helper()
	bucket := s3server.Start(t) // first: without it the test is skipped
	s := &machineStage{chaos: newChaos(t, fig, "postgres", "simulator", rng), bucket: bucket}
	s.kind = "several machines"
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(s.path(config.DefaultName))
	if err != nil {
		t.Fatal(err)
	}
	write(s.path("access"), s3server.AccessKey+"\n")
	write(s.path("secret"), s3server.SecretKey+"\n")
	shared := strings.NewReplacer(
		"settle = \"0s\"", fmt.Sprintf("settle = \"0s\"\nevery = \"1s\"\nfolder = %q", s.path("data", "post")),
		"key_file = \"nokkel\"", fmt.Sprintf("key_file = %q", s.path("nokkel"))).Replace(string(text))
	configured := func(database, endpoint string) string {
		return strings.Replace(shared, fmt.Sprintf("%q", s.dsn), fmt.Sprintf("%q", database), 1) + fmt.Sprintf(`
[schedule]
night = "* * * * *"
receipts = "* * * * *"
[documents.s3]
endpoint = %q
region = %q
bucket = %q
prefix = "brev"
access_key_file = %q
secret_key_file = %q
`, endpoint, s3server.Region, s3server.Bucket, s.path("access"), s.path("secret"))
	}
	write(s.path(config.DefaultName), configured(s.dsn, bucket.Endpoint)) // the operator's, whom nothing disturbs
	if code, out := s.run(chaosAttempt{}, "archive", "create"); code != 0 {
		t.Fatalf("archive create: exit code %d\n%s", code, out)
	}
	at, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	for i := range machines {
		m := &chaosMachine{name: fmt.Sprint("maskin", i+1), log: &syncBuffer{}, database: newSlowWire(t, at.Host)}
		m.bucket = newBadBucket(t, bucket, fig, rand.New(rand.NewPCG(rng.Uint64(), 1)))
		m.dir = s.path(m.name)
		if err := os.Mkdir(m.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		through := *at
		through.Host = m.database.addr
		write(filepath.Join(m.dir, config.DefaultName), configured(through.String(), m.bucket.endpoint))
		m.setClock(t, 0)
		s.machines = append(s.machines, m)
		t.Cleanup(func() {
			m.free()
			m.end(os.Kill)
		})
	}
	return s
}

func (m *chaosMachine) setClock(t *testing.T, offset time.Duration) {
	t.Helper()
	name := filepath.Join(m.dir, "klokke")
	if err := errors.Join(os.WriteFile(name+".ny", []byte(offset.String()), 0o600), os.Rename(name+".ny", name)); err != nil {
		t.Fatal(err)
	}
}

func (m *chaosMachine) start(t *testing.T) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m.cmd = exec.Command(cmp.Or(m.program, exe), "serve", "--node", m.name, "--roles", m.roles)
	m.cmd.Dir, m.cmd.Env = m.dir, append(os.Environ(), envBeProgram+"=1", envClock+"="+filepath.Join(m.dir, "klokke"))
	m.cmd.Stdout, m.cmd.Stderr = m.log, m.log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its guarded processes are frozen and killed with it
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (m *chaosMachine) signal(s syscall.Signal) { _ = syscall.Kill(-m.cmd.Process.Pid, s) } // it may have ended by itself

func (m *chaosMachine) end(how os.Signal) {
	if m.cmd == nil {
		return
	}
	if how == os.Kill {
		m.signal(syscall.SIGKILL)
	} else {
		_ = m.cmd.Process.Signal(how)
	}
	_ = m.cmd.Wait() // by the signal
	m.cmd = nil
}

// free ends all that keeps the machine from its work.
func (m *chaosMachine) free() {
	if m.frozen && m.cmd != nil {
		m.signal(syscall.SIGCONT)
	}
	m.frozen = false
	m.database.stop(false)
	m.bucket.stop(0)
}

// round is a minute or two in which letters come and machines go wrong, and its settling.
func (s *machineStage) round() {
	s.begin()
	first := s.handIns + 1
	skews := []time.Duration{0, 3 * time.Second, -4 * time.Minute, 2 * time.Minute, -7 * time.Second}
	for _, m := range s.machines {
		skew := skews[s.rng.IntN(len(skews))]
		s.mu.Lock()
		skew += s.offset
		s.furthest = max(s.furthest, skew)
		s.mu.Unlock()
		m.setClock(s.t, skew)
		m.bucket.perMille.Store(40)
		m.start(s.t)
	}
	for range 4 {
		s.handIn()
	}
	until := map[*chaosMachine]time.Time{} // when what keeps it from its work ends
	freezes := 0
	for action := 0; action < actionsARound || len(until) > 0; action++ {
		time.Sleep(time.Duration(500+s.rng.IntN(2500)) * time.Millisecond)
		for m, end := range until {
			if time.Now().After(end) {
				m.free()
				delete(until, m)
			}
		}
		if action >= actionsARound {
			continue
		}
		if s.rng.IntN(2) == 0 {
			s.handIn()
		}
		if s.rng.IntN(6) == 0 {
			s.event([]string{"LEST", "LUKKET"}[s.rng.IntN(2)], handInKey(first+s.rng.IntN(s.handIns-first+1)), -time.Minute)
			s.fig.add(func(f *chaosFigures) { f.Events++ })
		}
		m := s.machines[s.rng.IntN(len(s.machines))]
		draw := s.rng.IntN(12)
		if action == actionsARound/3 && freezes == 0 {
			draw = 4 // once in each round
		}
		switch draw {
		case 0, 1, 2, 3:
			m.free()
			delete(until, m)
			s.tried = append(s.tried, m.name+" killed")
			m.end(os.Kill)
			s.fig.add(func(f *chaosFigures) { f.KilledAtMoment++ })
			m.start(s.t)
		case 4:
			if until[m].IsZero() && freezes < 2 {
				freezes++
				s.tried = append(s.tried, m.name+" frozen")
				m.frozen = true
				m.signal(syscall.SIGSTOP)
				until[m] = time.Now().Add(frozenFor)
				s.fig.add(func(f *chaosFigures) { f.Frozen++ })
			}
		case 5:
			if until[m].IsZero() && freezes < 2 {
				freezes++
				s.tried = append(s.tried, m.name+" cut off from the database")
				m.database.stop(true)
				until[m] = time.Now().Add(frozenFor)
				s.fig.add(func(f *chaosFigures) { f.CutOff++ })
			}
		case 6:
			s.tried = append(s.tried, "all database connections ended")
			s.cutDatabase()
		case 7:
			s.tried = append(s.tried, m.name+"'s bucket stands still")
			m.bucket.stop(time.Duration(2+s.rng.IntN(6)) * time.Second)
		case 8:
			f := []chaosftp.Fault{chaosftp.CutBefore, chaosftp.CutAfter, chaosftp.Partial, chaosftp.DoneButError, chaosftp.Stall}[s.rng.IntN(5)]
			s.tried = append(s.tried, "vendor: "+f.String())
			s.disarm()
			s.server.Arm(chaosftp.Plan{Fault: f, At: 1 + s.rng.IntN(60)})
		case 9:
			s.tick(0)
			s.tried = append(s.tried, "vendor works, and receipts are fetched")
			s.run(chaosAttempt{}, "receipts", "fetch") // another may be at it; run looks for panics
		case 10:
			s.tick(1 + s.rng.IntN(10))
			s.tried = append(s.tried, "vendor works and is interrupted")
		case 11:
			s.reprint()
		}
	}
	s.disarm()
	for _, m := range s.machines {
		m.free()
		how := []os.Signal{os.Kill, os.Interrupt}[s.rng.IntN(2)]
		m.end(how)
		if said := m.log.String(); strings.Contains(said, "panic:") || strings.Contains(said, "goroutine ") || strings.Contains(said, "panicked") {
			s.violate("%s panicked:\n%s", m.name, said)
		}
	}
	s.check(false)
	s.settle()
	if s.t.Failed() || os.Getenv(envChaosLog) != "" {
		s.t.Log(s.logs())
	}
}

// disarm takes away what waits to go wrong at the vendor, and counts what did.
func (s *machineStage) disarm() {
	plan := ""
	for _, tried := range slices.Backward(s.tried) {
		if name, ok := strings.CutPrefix(tried, "vendor: "); ok {
			plan = name
			break
		}
	}
	if _, happened := s.server.Disarm(); happened > 0 {
		s.fig.add(func(f *chaosFigures) { f.Faults[plan] += happened })
	}
}

func (s *machineStage) logs() string {
	var b strings.Builder
	for _, m := range s.machines {
		b.WriteString("--- " + m.name + "\n" + m.log.String())
	}
	return b.String()
}

// documentsComplete reads each document that the archive names, past the proxies.
func (s *machineStage) documentsComplete() {
	s.t.Helper()
	ctx := s.t.Context()
	cfg, err := config.Load(s.path(config.DefaultName))
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := open(ctx, cfg, slog.New(slog.DiscardHandler), wiring{Options: app.Options{Now: s.now}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Close()
	var refs []shipment.BlobRef
	err = a.Archive.View(ctx, func(r store.Reader) error {
		all, err := r.Shipments(ctx, store.ShipmentFilter{})
		if err != nil {
			return err
		}
		for _, sh := range all {
			docs, err := r.Documents(ctx, sh.ID)
			if err != nil {
				return err
			}
			for _, d := range docs {
				refs = append(refs, d.Blob)
			}
		}
		jobs, err := r.Jobs(ctx, store.JobFilter{})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			files, err := r.JobFiles(ctx, j.ID)
			if err != nil {
				return err
			}
			for _, f := range files {
				refs = append(refs, f.Blob)
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, ref := range refs {
		b, err := a.Documents.Open(ctx, ref)
		if err != nil {
			s.violate("LOST: document %s: %v", ref.SHA256, err)
			continue
		}
		sum := sha256.New()
		_, err = io.Copy(sum, io.NewSectionReader(b, 0, b.Size()))
		if err := errors.Join(err, b.Close()); err != nil || hex.EncodeToString(sum.Sum(nil)) != ref.SHA256 {
			s.violate("LOST: document %s has other bytes: %v", ref.SHA256, err)
		}
	}
	if len(refs) == 0 {
		s.t.Error("the archive names no document")
	}
}

// takeOver measures how soon a second machine takes over what a first one is at, when that is killed, frozen, or cut off from
// the database: a night, a task and a vendor, since the first waits for an answer of the vendor's in the middle of a hand-over.
func takeOver(t *testing.T, fig *chaosFigures, how string) {
	s := newMachineStage(t, fig, rand.New(rand.NewPCG(5, 1)), 2)
	s.begin()
	first, second := s.machines[0], s.machines[1]
	stalled := make(chan struct{})
	s.server.Arm(chaosftp.Plan{Fault: chaosftp.Stall, At: stalledRequest, Hook: func() { close(stalled) }})
	s.handIn()
	first.start(t)
	wait := func(what string, done func() bool) time.Duration {
		t.Helper()
		begun := time.Now()
		for !done() {
			if time.Since(begun) > takenOverWithin {
				t.Fatalf("not after %v: %s\n%s", takenOverWithin, what, s.logs())
			}
			time.Sleep(20 * time.Millisecond)
		}
		return time.Since(begun)
	}
	wait("the first machine hands over", func() bool {
		select {
		case <-stalled:
			return true
		default:
			return false
		}
	})
	if at := s.jobState(); at != store.JobComposed && at != store.JobUploaded && at != store.JobCommitted {
		t.Fatalf("request %d is none of a hand-over any more: the job is %s", stalledRequest, at)
	}
	second.start(t)
	wait("the second machine serves", func() bool { return strings.Contains(second.log.String(), `"msg":"serving"`) })
	switch how {
	case "killed":
		first.signal(syscall.SIGKILL)
	case "frozen":
		first.signal(syscall.SIGSTOP)
		first.frozen = true
	case "cut off":
		first.database.stop(true)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for what, done := range map[string]func() bool{
		"task":   func() bool { return strings.Contains(second.log.String(), "took over tasks of a process that died") },
		"night":  func() bool { return strings.Contains(second.log.String(), "slot resumed after an interruption") },
		"vendor": func() bool { return s.jobState() == store.JobOffered },
	} {
		wg.Go(func() {
			begun, ended := time.Now(), false
			for ; !ended && time.Since(begun) < takenOverWithin; time.Sleep(20 * time.Millisecond) {
				ended = done()
			}
			mu.Lock()
			defer mu.Unlock()
			if !ended {
				t.Errorf("%s of a machine that is %s: not taken over in %v", what, how, takenOverWithin)
				return
			}
			fig.add(func(f *chaosFigures) { f.TakenOver[what+", "+how] = float64(time.Since(begun).Milliseconds()) / 1000 })
		})
	}
	wg.Wait()
	if t.Failed() {
		t.Log(s.logs())
	}
	first.free()
	time.Sleep(2 * time.Second) // it wakes without its locks
	s.server.Disarm()
	first.end(os.Kill)
	second.end(os.Interrupt)
	s.check(false)
	s.settle()
	s.documentsComplete()
}

// jobState is that of the one job there is.
func (s *machineStage) jobState() (state store.JobState) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return ""
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `SELECT state FROM print_job`).Scan(&state); err != nil {
		return ""
	}
	return state
}

// slowWire is a machine's way to the database. While it is stopped nothing passes, and nobody is told.
type slowWire struct {
	addr    string
	mu      sync.Mutex
	pass    *sync.Cond
	stopped bool
}

func newSlowWire(t *testing.T, to string) *slowWire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &slowWire{addr: l.Addr().String()}
	w.pass = sync.NewCond(&w.mu)
	t.Cleanup(func() {
		l.Close()
		w.stop(false)
	})
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(from, to)
		}
	}()
	return w
}

func (w *slowWire) stop(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = on
	w.pass.Broadcast()
}

// wait returns when the wire is not stopped.
func (w *slowWire) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.stopped {
		w.pass.Wait()
	}
}

func (w *slowWire) carry(from net.Conn, to string) {
	defer from.Close()
	w.wait()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	one := func(dst, src net.Conn) {
		defer dst.Close() // the other way ends too
		b := make([]byte, 32<<10)
		for {
			n, err := src.Read(b)
			w.wait()
			if n > 0 {
				if _, err := dst.Write(b[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { one(server, from) })
	wg.Go(func() { one(from, server) })
	wg.Wait()
}

// badBucket is a machine's way to the bucket.
type badBucket struct {
	endpoint string
	perMille atomic.Int64 // requests of a thousand that go wrong
	until    atomic.Int64 // Unix nanoseconds until which nothing is answered
	fig      *chaosFigures
	mu       sync.Mutex
	rng      *rand.Rand
}

func newBadBucket(t *testing.T, server *s3server.Server, fig *chaosFigures, rng *rand.Rand) *badBucket {
	t.Helper()
	b := &badBucket{fig: fig, rng: rng}
	b.endpoint = server.Proxy(t, b.disturb)
	return b
}

func (b *badBucket) stop(d time.Duration) { b.until.Store(time.Now().Add(d).UnixNano()) }

// disturb has a request go wrong, or passes it on.
func (b *badBucket) disturb(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
	for time.Now().UnixNano() < b.until.Load() && r.Context().Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
	b.mu.Lock()
	wrong, which := b.rng.Int64N(1000) < b.perMille.Load(), b.rng.IntN(6)
	b.mu.Unlock()
	if !wrong {
		pass(w)
		return
	}
	count := func(name string) { b.fig.add(func(f *chaosFigures) { f.Faults["bucket: "+name]++ }) }
	switch {
	case which == 0:
		count("answer lost")
		s3server.Lose(w, pass)
	case which == 1 && r.Method == http.MethodPut:
		count("cut in the middle of a PUT")
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		s3server.Cut(w)
	case which == 1:
		count("half an answer")
		s3server.Half(w, pass)
	case which == 2:
		count("503")
		s3server.Answer(w, http.StatusServiceUnavailable, "SlowDown")
	case which == 3:
		count("500")
		s3server.Answer(w, http.StatusInternalServerError, "InternalError")
	case which == 4:
		count("cut before")
		s3server.Cut(w)
	default:
		count("slow")
		time.Sleep(1500 * time.Millisecond)
		pass(w)
	}
}
