package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/ssh"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/intake"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/chaosftp"
	"postgang/fixtures/judges"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
)

// How TestChaos is told what to do.
const (
	envChaosFor  = "POSTGANG_CHAOS_FOR"  // how long, e.g. "2h"; unset: as many nights as CI has time for
	envChaosSeed = "POSTGANG_CHAOS_SEED" // of the random nights; unset: 1
	envChaosOut  = "POSTGANG_CHAOS_OUT"  // file that the figures are written to after each stage, as JSON
	envChaosLog  = "POSTGANG_CHAOS_LOG"  // set: what each run said goes to standard error
)

// chaosKinds are the stages: each archive with each server.
var chaosKinds = []struct {
	database, server string
	swept            bool // in CI too, where each archive and each server is crashed step by step once
}{
	{"sqlite", "simulator", true}, {"sqlite", "openssh", false}, {"postgres", "simulator", false}, {"postgres", "openssh", true},
}

const (
	randomShort = 3  // random nights a kind in CI
	stageNights = 12 // random nights until a new stage is set up, since archives grow
	// In CI, what is swept is crashed at every 36th step and every 72nd request, each kind at others, at a request before
	// its effect or after it. Runs of hours crash all kinds at all of them (make chaos).
	stepStride, requestStride, restoreStride = 36, 72, 108
)

// operationLimit is how long an operation of SFTP may take: a stalled one is waited for as long. A run of hours shares its machine with
// other work, and must not take its slowness for a fault.
func operationLimit() string {
	if os.Getenv(envChaosFor) != "" {
		return "10s"
	}
	return "2s"
}

// TestChaos kills nights and receipts at every recorded step and every SFTP request, then at random, while the server and
// the vendor do what they should not, and holds archive and vendor against each other after each night: no letter lost,
// none offered twice. POSTGANG_CHAOS_FOR makes it go on for hours (make chaos).
func TestChaos(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	t.Parallel()
	fig := &chaosFigures{Began: time.Now().UTC(), Faults: map[string]int{}, Kinds: map[string]int{}, Codes: map[string]int{}, out: os.Getenv(envChaosOut)}
	seed, _ := strconv.ParseUint(os.Getenv(envChaosSeed), 10, 64)
	if seed == 0 {
		seed = 1
	}
	var until time.Time
	if s := os.Getenv(envChaosFor); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatalf("%s: %v", envChaosFor, err)
		}
		until = time.Now().Add(d)
	}
	t.Cleanup(func() {
		fig.write()
		b, _ := json.MarshalIndent(fig, "", "  ")
		t.Logf("%s", b)
		if fig.Nights == 0 || fig.Kills() == 0 || fig.LettersPrinted == 0 {
			t.Error("nothing was tried")
		}
		if until.IsZero() && fig.Nights < 40 {
			t.Errorf("only %d nights", fig.Nights)
		}
	})
	for i, k := range chaosKinds {
		name := k.database + " " + k.server
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !until.IsZero() || k.swept {
				systematicChaos(t, fig, i, until.IsZero())
			}
			nights := 0
			for stage := uint64(0); ; stage++ {
				if until.IsZero() && nights >= randomShort || !until.IsZero() && time.Now().After(until) {
					return
				}
				t.Run(fmt.Sprint("stage ", stage), func(t *testing.T) {
					c := newChaos(t, fig, k.database, k.server, rand.New(rand.NewPCG(seed, uint64(i)<<32|stage)))
					for range stageNights {
						if until.IsZero() && nights >= randomShort || !until.IsZero() && time.Now().After(until) {
							break
						}
						nights++
						if c.randomNight(); c.t.Failed() {
							return // what follows in this archive follows from that
						}
					}
					c.finish()
				})
				fig.write()
			}
		})
	}
}

// systematicChaos crashes a night and a fetch at every recorded step and at every SFTP request, before it and after it, one
// crash a night. short: at some of them.
func systematicChaos(t *testing.T, fig *chaosFigures, kind int, short bool) {
	k := chaosKinds[kind]
	night, fetch := []string{"night", "--patience", "20s"}, []string{"receipts", "fetch"}
	sweep := func(name string, stride, offset int, attempt func(n int) chaosAttempt) {
		t.Run(name, func(t *testing.T) {
			first := 1 + (kind+offset)%stride
			if !short {
				first, stride = 1, 1
			}
			c := newChaos(t, fig, k.database, k.server, rand.New(rand.NewPCG(7, uint64(kind))))
			for _, command := range [][]string{night, fetch} {
				for n := first; c.crashed(attempt(n), command...); n += stride {
				}
			}
			c.finish()
		})
	}
	t.Run("old copy put back at every step", func(t *testing.T) {
		first, stride := 1+kind%restoreStride, restoreStride
		if !short {
			first, stride = 1, 1
		}
		c := newChaos(t, fig, k.database, k.server, rand.New(rand.NewPCG(8, uint64(kind))))
		for n := first; c.restoredNight(n); n += stride {
		}
		c.finish()
	})
	sweep("every step", stepStride, 0, func(n int) chaosAttempt { return chaosAttempt{step: n} })
	for i, f := range []chaosftp.Fault{chaosftp.CutBefore, chaosftp.CutAfter} {
		sweep("every request, "+f.String(), requestStride, i*len(chaosKinds), func(n int) chaosAttempt {
			return chaosAttempt{fault: chaosftp.Plan{Fault: f, At: n}, kill: true}
		})
	}
}

// chaosFigures are what a run did, and what it found.
type chaosFigures struct {
	mu  sync.Mutex
	out string

	Began             time.Time      `json:"began"`
	Seconds           int            `json:"seconds"`
	Kinds             map[string]int `json:"nights_by_kind"`
	Nights            int            `json:"nights"`
	Runs              int            `json:"runs"` // processes that were started under a fault
	KilledAtStep      int            `json:"killed_at_step"`
	KilledAtRequest   int            `json:"killed_at_request"`
	KilledAtMoment    int            `json:"killed_at_moment"`
	Faults            map[string]int `json:"faults"` // requests that went wrong
	Requests          int64          `json:"sftp_requests"`
	VendorFailed      int            `json:"vendor_interrupted"`
	FilesTaken        int            `json:"files_removed_by_vendor"`
	TwoEngines        int            `json:"two_engines_at_once"`
	SecondRefused     int            `json:"second_engine_refused"`
	ClockJumps        int            `json:"clock_jumps"`
	DatabaseCuts      int            `json:"database_connections_cut"`
	Frozen            int            `json:"machines_frozen,omitempty"`
	CutOff            int            `json:"machines_cut_off,omitempty"`
	Events            int            `json:"read_or_stopped"`
	Reprints          int            `json:"reprints_ordered"`
	Replays           int            `json:"receipt_files_replayed"`
	Backups           int            `json:"backups_by_command"`
	Restores          int            `json:"old_copies_put_back"`
	Recoveries        int            `json:"recoveries"`
	Confirmed         int            `json:"recoveries_confirmed_by_a_person"`
	Decided           int            `json:"letters_set_aside_and_decided"`
	LettersHandedIn   int            `json:"letters_handed_in"`
	LettersPrinted    int            `json:"letters_printed"` // by the vendor, reprints too
	LettersNotPrinted int            `json:"letters_read_or_stopped_in_time"`
	ScansAgain        int            `json:"stages_scanned_again_finer"`
	MatricesRead      int            `json:"letters_found_by_datamatrix"`
	JobsAccepted      int            `json:"jobs_accepted"`
	JobsUncertain     int            `json:"jobs_uncertain"`
	JobsRejected      int            `json:"jobs_rejected"`
	JobsWithdrawn     int            `json:"jobs_withdrawn"`
	Codes             map[string]int `json:"exit_codes"`
	Lost              int            `json:"lost"`
	Doubled           int            `json:"doubled"`
	Violations        []string       `json:"violations"`

	TakenOver map[string]float64 `json:"seconds_until_taken_over,omitempty"` // by what, and what happened to the machine that was at it
}

// Kills is how often a process was killed.
func (f *chaosFigures) Kills() int { return f.KilledAtStep + f.KilledAtRequest + f.KilledAtMoment }

func (f *chaosFigures) add(change func(*chaosFigures)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *chaosFigures) write() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Seconds = int(time.Since(f.Began).Seconds())
	if f.out == "" {
		return
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		_ = os.WriteFile(f.out, b, 0o644) // a figure that is not written costs no night
	}
}

// chaos is a stage: an installation, a vendor, and a server between them that goes wrong.
type chaos struct {
	t        *testing.T
	dir      string
	root     string
	kind     string
	database string
	dsn      string
	rng      *rand.Rand
	fig      *chaosFigures
	server   *chaosftp.Server
	night    int
	tried    []string // of this night, for a violation's text

	vendorWork sync.Mutex

	mu       sync.Mutex
	offset   time.Duration // of the clock of engine and vendor
	furthest time.Duration
	handed   map[string]bool
	ordered  map[string]int
	repeated []string
	handIns  int
	events   int
	counted  map[string]bool // jobs whose figures are counted

	notified  map[string]bool // keys of hand-ins that are to be read digitally, and are not
	backups   []chaosBackup
	copies    int             // made so far
	restored  bool            // an old copy was put back and nothing was recovered yet
	outOfTime map[string]bool // letters that were at the vendor when an old copy was put back
}

const chaosAccount = "prove"

func newChaos(t *testing.T, fig *chaosFigures, database, server string, rng *rand.Rand) *chaos {
	t.Helper()
	dir := t.TempDir()
	c := &chaos{
		t: t, dir: dir, root: filepath.Join(dir, "trykkeri"), kind: database + " " + server, database: database, rng: rng, fig: fig,
		handed: map[string]bool{}, ordered: map[string]int{}, counted: map[string]bool{},
		notified: map[string]bool{}, outOfTime: map[string]bool{},
	}
	client, err := exchange.LoadOrCreateKey(filepath.Join(dir, "nokkel"))
	if err != nil {
		t.Fatal(err)
	}
	host, err := exchange.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := vendorsim.MakeFolders(c.root); err != nil {
		t.Fatal(err)
	}
	var behind chaosftp.Backend
	if server == "openssh" {
		program := judges.Path(t, "sftp-server")
		behind = chaosftp.OpenSSH(program, c.root)
	} else {
		sim, err := vendorsim.Serve(context.Background(), c.root, vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sim.Close() })
		behind = chaosftp.Through(sim.Addr(), vendorsim.DefaultUser, client.Signer)
	}
	c.server, err = chaosftp.Serve(behind, chaosftp.Options{HostKey: host.Signer, ClientKey: client.Signer.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.server.Close()
		fig.add(func(f *chaosFigures) { f.Requests += c.server.Requests() })
	})
	dsn := "sqlite:postgang.db"
	if database == "postgres" {
		dsn = postgrestest.Postgres(t)
	}
	text := fmt.Sprintf(`
[archive]
database = %q
[intake]
settle = "0s"
[prepare]
workers = 1
[vendors.v]
address = %q
user = "postgang"
host_key = %q
key_file = "nokkel"
[vendors.v.print]
max_letters_per_job = 3
[accounts.%s.sender]
name = "Prøve kommune"
postcode = "5003"
city = "Bergen"
[accounts.%s.rules]
allow_synthetic = true
duplicate_limit = 0
`, dsn, c.server.Addr(), strings.TrimSpace(host.Authorized), chaosAccount, chaosAccount)
	if err := os.WriteFile(filepath.Join(dir, config.DefaultName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := app.MarkFirstStart(filepath.Join(dir, config.DefaultName)); err != nil {
		t.Fatal(err)
	}
	c.dsn = dsn
	c.setClock(0)
	return c
}

func (c *chaos) path(parts ...string) string {
	return filepath.Join(append([]string{c.dir}, parts...)...)
}

// now is the clock of engine and vendor.
func (c *chaos) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

// setClock moves it, also under a running engine.
func (c *chaos) setClock(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.furthest = offset, max(c.furthest, offset)
	name := c.path("klokke")
	if err := errors.Join(os.WriteFile(name+".ny", []byte(offset.String()), 0o600), os.Rename(name+".ny", name)); err != nil {
		c.t.Fatal(err)
	}
}

// violate records what must not be. The run goes on: there may be more to find.
func (c *chaos) violate(format string, a ...any) {
	text := fmt.Sprintf(format, a...)
	c.t.Errorf("night %d: %s\n  after: %s", c.night, text, strings.Join(c.tried, "; "))
	c.fig.add(func(f *chaosFigures) {
		if strings.HasPrefix(text, "LOST") {
			f.Lost++
		}
		if strings.HasPrefix(text, "DOUBLED") {
			f.Doubled++
		}
		f.Violations = append(f.Violations, fmt.Sprintf("%s night %d (%s): %s", c.t.Name(), c.night, strings.Join(c.tried, "; "), text))
	})
	c.fig.write()
}

// handIn puts a letter of one page into the drop folder. Notified ones are due because they were not read.
func (c *chaos) handIn() {
	c.handIns++
	key := handInKey(c.handIns)
	c.notified[key] = c.rng.IntN(3) == 0
	c.writeHandIn(c.handIns)
	c.handed[chaosAccount+"/"+key] = true
	c.fig.add(func(f *chaosFigures) { f.LettersHandedIn++ })
	if c.notified[key] {
		c.event("RESERVERT", key, 0) // due at once
	}
}

func handInKey(n int) string { return fmt.Sprintf("brev-%05d", n) }

// writeHandIn writes a hand-in into the drop folder, the same whenever it is written.
func (c *chaos) writeHandIn(n int) {
	key := handInKey(n)
	recipient := map[string]string{"navn": "Testperson Én", "adresselinje1": fmt.Sprintf("Prøvegata %d", n), "postnummer": "5003", "poststed": "Bergen"}
	if c.notified[key] {
		recipient["digitalId"] = syntheticID
	}
	meta, err := json.Marshal(map[string]any{
		"tittel": "Prøvebrev " + key, "mottaker": recipient, "konteringskode": "4100",
		"dokumenter": []map[string]string{{"filnavn": "brev.pdf", "mimeType": "application/pdf"}},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCreationDate(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	pdf.AddPage()
	pdf.SetFont("Helvetica", "", 12)
	pdf.Text(30, 120, "Letter "+key)
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		c.t.Fatal(err)
	}
	dir := c.t.TempDir()
	err = errors.Join(os.WriteFile(filepath.Join(dir, "forsendelse.json"), meta, 0o600), os.WriteFile(filepath.Join(dir, "brev.pdf"), b.Bytes(), 0o600),
		intake.MakeFolders(c.path("data", "post"), chaosAccount))
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := intake.Put(c.path("data", "post"), chaosAccount, key, dir); err != nil && !errors.Is(err, intake.ErrWaiting) {
		c.t.Fatal(err)
	}
	os.RemoveAll(dir) // a run of hours has thousands
}

// syntheticID is a fødselsnummer that nobody has: 80 is added to its month.
const syntheticID = "02817030281"

// event reports a digital event of a hand-in.
func (c *chaos) event(kind, key string, ago time.Duration) {
	c.mu.Lock()
	c.events++
	n := c.events
	c.mu.Unlock()
	line, err := json.Marshal(map[string]string{
		"hendelse": kind, "konto": chaosAccount, "levering": key, "tidspunkt": c.now().Add(ago).Format(time.RFC3339), "nokkel": fmt.Sprint("h-", n),
	})
	if err != nil {
		c.t.Error(err)
	}
	if err := intake.PutEvents(c.path("data", "post"), fmt.Sprintf("h%06d.jsonl", n), append(line, '\n')); err != nil {
		c.t.Error(err)
	}
}

// chaosAttempt is one run of the program, and what happens to it.
type chaosAttempt struct {
	step   int           // killed at this recorded step; 0: not
	fault  chaosftp.Plan // what goes wrong at the server
	kill   bool          // killed when the fault happens
	moment time.Duration // killed so long after its start; 0: not
}

func (a chaosAttempt) String() string {
	var parts []string
	if a.step > 0 {
		parts = append(parts, fmt.Sprintf("killed at step %d", a.step))
	}
	if a.fault.Fault != chaosftp.None {
		s := fmt.Sprintf("%v at request %d", a.fault.Fault, a.fault.At)
		if a.fault.Span > 1 {
			s += fmt.Sprintf(" and %d more", a.fault.Span-1)
		}
		if a.kill {
			s += ", killed there"
		}
		parts = append(parts, s)
	}
	if a.moment > 0 {
		parts = append(parts, fmt.Sprintf("killed after %v", a.moment))
	}
	return strings.Join(parts, ", ")
}

// hookTime bounds the wait for what happens at the vendor during a run.
const hookTime = 5 * time.Second

// run starts the program under an attempt's fault, and tells how it ended; killed: -1.
func (c *chaos) run(a chaosAttempt, args ...string) (code int, stdout string) {
	c.tried = append(c.tried, strings.Join(args, " ")+" "+a.String())
	exe, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), envBeProgram+"=1", fmt.Sprintf("%s=%d", envKillAfter, a.step), envClock+"="+c.path("klokke"), envHurry+"="+operationLimit())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, errOut lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	kill := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	started := make(chan struct{})
	hooked := make(chan struct{})
	if hook := a.fault.Hook; a.kill || hook != nil {
		a.fault.Hook = func() {
			defer close(hooked)
			<-started
			if a.kill {
				kill()
			}
			if hook != nil {
				hook()
			}
		}
	}
	c.server.Arm(a.fault)
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	close(started)
	if a.moment > 0 {
		timer := time.AfterFunc(a.moment, kill)
		defer timer.Stop()
	}
	_ = cmd.Wait()
	seen, happened := c.server.Disarm()
	if happened > 0 && a.fault.Hook != nil {
		select {
		case <-hooked: // what the hook does ends before the run counts as over
		case <-time.After(hookTime): // it waits for an answer that does not come any more
		}
	}
	code = cmd.ProcessState.ExitCode()
	c.fig.add(func(f *chaosFigures) {
		f.Runs++
		f.Codes[strconv.Itoa(code)]++
		if happened > 0 && !a.kill {
			f.Faults[a.fault.Fault.String()] += happened
		}
		switch {
		case code != -1:
		case a.step > 0:
			f.KilledAtStep++
		case a.kill:
			f.KilledAtRequest++
		default:
			f.KilledAtMoment++
		}
	})
	c.tried[len(c.tried)-1] += fmt.Sprintf(" (%d requests) → %d", seen, code)
	said := errOut.String()
	if code == cli.ExitUsage || strings.Contains(said, "panic:") || strings.Contains(said, "goroutine ") {
		c.violate("exit code %d of %v:\n%s", code, args, said)
	}
	if os.Getenv(envChaosLog) != "" {
		fmt.Fprintf(os.Stderr, "== %s\n%s%s\n", c.tried[len(c.tried)-1], out.String(), said)
	}
	return code, out.String() + said
}

// lockedBuffer may be written to by what a killed process leaves.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// vendor is the print vendor by the clock of the stage. interrupted: its work ends after some steps.
func (c *chaos) vendor(steps int) *vendorsim.Vendor {
	opt := vendorsim.Options{Now: c.now}
	if steps > 0 {
		opt.Interrupt = func(string, string) error {
			if steps--; steps < 0 {
				return errInterrupted
			}
			return nil
		}
	}
	return vendorsim.New(c.root, opt)
}

var errInterrupted = errors.New("the vendor's work was interrupted")

// tick has the vendor work.
func (c *chaos) tick(steps int) {
	c.vendorWork.Lock() // one vendor works in the folder at a time, also from a hook
	defer c.vendorWork.Unlock()
	done, err := c.vendor(steps).Tick(context.Background())
	if errors.Is(err, errInterrupted) {
		c.fig.add(func(f *chaosFigures) { f.VendorFailed++ })
	} else if err != nil {
		c.violate("the vendor: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range done {
		if d.Repeated {
			c.repeated = append(c.repeated, d.Job)
		}
	}
}

// crashed hands in a few letters, lets one crash happen to a command, and settles the night. It reports whether the crash
// happened at all: beyond the last step nothing does.
func (c *chaos) crashed(a chaosAttempt, args ...string) bool {
	c.begin()
	for range 2 {
		c.handIn()
	}
	if args[0] == "receipts" {
		if code, out := c.run(chaosAttempt{}, "night", "--patience", "1m"); code != cli.ExitOK {
			c.violate("a night without a fault: exit code %d\n%s", code, out)
		}
		c.tick(0)
	}
	code, out := c.run(a, args...)
	if code != -1 && code != cli.ExitOK {
		c.violate("exit code %d\n%s", code, out)
	}
	c.check(false)
	c.settle()
	return code == -1 && !c.t.Failed()
}

func (c *chaos) begin() {
	c.night++
	c.tried = nil
	c.fig.add(func(f *chaosFigures) {
		f.Nights++
		f.Kinds[c.kind]++
	})
}

// mostBackups is how many copies a stage keeps.
const mostBackups = 6

// randomNight is a night of a few letters in which a few things go wrong.
func (c *chaos) randomNight() {
	c.begin()
	first := c.handIns + 1
	for range 2 + c.rng.IntN(3) {
		c.handIn()
	}
	// Somebody reads or stops a letter, at any moment.
	disturb := func() {
		if c.rng.IntN(4) == 0 {
			key := fmt.Sprintf("brev-%05d", first+c.rng.IntN(c.handIns-first+1))
			kind := []string{"LEST", "LUKKET"}[c.rng.IntN(2)]
			c.event(kind, key, -time.Minute)
			c.tried = append(c.tried, kind+" "+key)
			c.fig.add(func(f *chaosFigures) { f.Events++ })
		}
	}
	for range 2 + c.rng.IntN(5) {
		disturb()
		for range c.rng.IntN(2) { // so that there is something to do
			c.handIn()
		}
		args := []string{"night", "--patience", "3s"}
		if c.rng.IntN(4) == 0 {
			args = []string{"receipts", "fetch"}
		}
		if c.rng.IntN(12) == 0 {
			c.twoEngines()
		} else {
			c.run(c.randomAttempt(), args...)
		}
		c.between()
		c.check(false)
		switch {
		case c.rng.IntN(5) == 0 && len(c.backups) < mostBackups:
			c.backup()
		case c.rng.IntN(6) == 0 && len(c.backups) > 0:
			c.restore()
			c.check(false)
		case c.restored && c.rng.IntN(3) == 0:
			c.recover()
			c.check(false)
		}
	}
	c.settle()
	if c.rng.IntN(5) == 0 {
		c.replay()
	}
}

// randomAttempt draws what happens to a run.
func (c *chaos) randomAttempt() chaosAttempt {
	at := 1 + c.rng.IntN(250)
	switch k := c.rng.IntN(12); k {
	case 0, 1, 2:
		return chaosAttempt{step: 1 + c.rng.IntN(90)}
	case 3, 4:
		f := []chaosftp.Fault{chaosftp.CutBefore, chaosftp.CutAfter}[c.rng.IntN(2)]
		return chaosAttempt{fault: chaosftp.Plan{Fault: f, At: at}, kill: true}
	case 5:
		return chaosAttempt{moment: time.Duration(20+c.rng.IntN(900)) * time.Millisecond}
	case 6: // something happens at the vendor in the middle of it
		hook := c.hook()
		return chaosAttempt{fault: chaosftp.Plan{Fault: chaosftp.CutBefore, At: at, Hook: hook}}
	default:
		f := []chaosftp.Fault{
			chaosftp.CutBefore, chaosftp.CutAfter, chaosftp.Partial, chaosftp.NoSpace, chaosftp.Denied, chaosftp.DoneButError,
			chaosftp.StaleListing, chaosftp.Stall,
		}[c.rng.IntN(8)]
		span := 1
		if c.rng.IntN(2) == 0 && f != chaosftp.Stall {
			span = 1 + c.rng.IntN(12)
		}
		p := chaosftp.Plan{Fault: f, At: at, Span: span}
		if c.rng.IntN(3) == 0 {
			p.Hook = c.hook()
		}
		return chaosAttempt{fault: p, kill: c.rng.IntN(4) == 0}
	}
}

// hook is what happens at the vendor while a request is under way.
func (c *chaos) hook() func() {
	k, steps, draw := c.rng.IntN(5), 1+c.rng.IntN(12), c.rng.Uint64()
	jump := c.jump()
	return func() {
		switch k {
		case 0:
			c.tick(steps)
		case 1, 2:
			c.takeFile(draw)
		case 3:
			c.setClock(jump)
			c.fig.add(func(f *chaosFigures) { f.ClockJumps++ })
		case 4:
			c.cutDatabase()
		}
	}
}

// cutDatabase ends all connections to PostgreSQL of the moment, those that hold locks too.
func (c *chaos) cutDatabase() {
	if c.database != "postgres" {
		return
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.dsn)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer conn.Close(ctx)
	done, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		c.t.Error(err)
	}
	c.fig.add(func(f *chaosFigures) { f.DatabaseCuts += int(done.RowsAffected()) })
}

// jump draws where the clock jumps to.
func (c *chaos) jump() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset + []time.Duration{time.Hour, 26 * time.Hour, -time.Hour, -26 * time.Hour, -time.Minute}[c.rng.IntN(5)]
}

// takeFile has the vendor remove files that it must not touch: one, or all of a job; mostly of a job without a ready file,
// sometimes of one that was handed over.
func (c *chaos) takeFile(draw uint64) {
	names, err := filepath.Glob(filepath.Join(c.root, exchange.DefaultInbox, "*_*"))
	if err != nil {
		c.t.Error(err)
	}
	ofJob := func(name string) string {
		job, _, _ := strings.Cut(filepath.Base(name), "_")
		return job
	}
	c.vendorWork.Lock()
	defer c.vendorWork.Unlock()
	// What it has decided about is the vendor's own: we cannot know that it loses what it has accepted.
	names = slices.DeleteFunc(names, func(n string) bool {
		_, err := os.Stat(filepath.Join(c.root, ".vendor", "ledger", ofJob(n)+".json"))
		return err == nil
	})
	if draw%8 != 0 {
		names = slices.DeleteFunc(names, func(n string) bool {
			_, err := os.Stat(filepath.Join(filepath.Dir(n), exchange.ReadyName(ofJob(n))))
			return err == nil
		})
	}
	if len(names) == 0 {
		return
	}
	victim := names[draw>>8%uint64(len(names))]
	for _, n := range names {
		if (n == victim || draw>>4%2 == 0 && ofJob(n) == ofJob(victim)) && os.Remove(n) == nil {
			c.fig.add(func(f *chaosFigures) { f.FilesTaken++ })
		}
	}
}

// between is what happens between two runs.
func (c *chaos) between() {
	switch c.rng.IntN(10) {
	case 0, 1, 2:
		c.tick(0)
		c.tried = append(c.tried, "vendor works")
	case 3:
		c.tick(1 + c.rng.IntN(10))
		c.tried = append(c.tried, "vendor works and is interrupted")
	case 4:
		c.takeFile(c.rng.Uint64())
		c.tried = append(c.tried, "vendor removes a file")
	case 5:
		c.setClock(c.jump())
		c.fig.add(func(f *chaosFigures) { f.ClockJumps++ })
		c.tried = append(c.tried, "clock jumps")
	case 6:
		c.reprint()
	}
}

// twoEngines starts two nights at once.
func (c *chaos) twoEngines() {
	var wg sync.WaitGroup
	codes := make([]int, 2)
	said := make([]string, 2)
	exe, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	for i := range codes {
		wg.Go(func() {
			cmd := exec.Command(exe, "night", "--patience", "10s")
			cmd.Dir = c.dir
			cmd.Env = append(os.Environ(), envBeProgram+"=1", envClock+"="+c.path("klokke"), envHurry+"="+operationLimit())
			out, _ := cmd.CombinedOutput()
			codes[i], said[i] = cmd.ProcessState.ExitCode(), string(out)
		})
	}
	wg.Wait()
	c.tried = append(c.tried, fmt.Sprintf("two nights at once → %v", codes))
	c.fig.add(func(f *chaosFigures) {
		f.TwoEngines++
		for _, code := range codes {
			f.Codes[strconv.Itoa(code)]++
			if code == cli.ExitLocked {
				f.SecondRefused++
			}
		}
	})
	for i, code := range codes {
		if code != cli.ExitOK && code != cli.ExitPartial && code != cli.ExitLocked {
			c.violate("two nights at once: exit code %d\n%s", code, said[i])
		}
	}
}

// reprint orders a letter of a closed job once more.
func (c *chaos) reprint() {
	v, _ := c.look()
	var closed []string
	for id, j := range v.jobs {
		if j.state == store.JobClosed && !j.reprint {
			closed = append(closed, id)
		}
	}
	if len(closed) == 0 {
		return
	}
	slices.Sort(closed)
	id := closed[c.rng.IntN(len(closed))]
	c.ordered[v.jobs[id].letters[1]]++ // before: the command may be killed after its effect
	a := chaosAttempt{}
	if c.rng.IntN(3) == 0 {
		a.step = 1 + c.rng.IntN(4)
	}
	if code, _ := c.run(a, "job", "reprint", id, "--letters", "1", "--reason", "revet", "--yes"); code == cli.ExitOK {
		c.fig.add(func(f *chaosFigures) { f.Reprints++ })
	}
}

// settle takes every fault away and has the night finished, by the operator's commands where a person is needed.
func (c *chaos) settle() {
	c.mu.Lock()
	furthest := c.furthest
	c.mu.Unlock()
	c.setClock(furthest + time.Minute)
	var v chaosView
	var out string
	if c.restored {
		c.recover()
	}
	for range 10 {
		_, out = c.run(chaosAttempt{}, "night", "--patience", "1m")
		c.tick(0)
		if code, said := c.run(chaosAttempt{}, "receipts", "fetch"); code != cli.ExitOK && code != cli.ExitPartial {
			c.violate("receipts fetch: exit code %d\n%s", code, said)
		}
		v, _ = c.look()
		busy := c.decide(v)
		busy = c.again(v) || busy
		if v.alarms["restored:v"] { // found only now
			c.recover()
			busy = true
		}
		for _, id := range slices.Sorted(maps.Keys(v.jobs)) {
			switch j := v.jobs[id]; {
			case j.state == store.JobUncertain:
				// The vendor has answered all that it has: it has not got this one.
				for by, want := range []int{cli.ExitPartial, cli.ExitOK} { // it takes two persons
					args := []string{"job", "resolve", id, "--not-offered", "--reason", "ikke mottatt", "--yes", "--by", []string{"kari", "ola"}[by]}
					if code, said := c.run(chaosAttempt{}, args...); code != want {
						c.violate("resolve by person %d: exit code %d\n%s", by+1, code, said)
					}
				}
				busy = true
			case j.state == store.JobRejected && v.alarms["rejected:"+id]:
				if code, said := c.run(chaosAttempt{}, "job", "release", id, "--reason", "rettet hos trykkeriet"); code != cli.ExitOK {
					c.violate("release: exit code %d\n%s", code, said)
				}
				busy = true
			case j.state != store.JobClosed && j.state != store.JobWithdrawn && j.state != store.JobRejected:
				busy = true
			}
		}
		if !busy && len(v.violations(true)) == 0 {
			break
		}
	}
	if !c.check(true) {
		c.t.Logf("the last night said:\n%s", out)
	}
}

// look takes a picture of archive and vendor.
func (c *chaos) look() (chaosView, string) {
	ctx := context.Background()
	c.mu.Lock()
	v := chaosView{
		handedIn: maps.Clone(c.handed), ordered: maps.Clone(c.ordered), repeated: slices.Clone(c.repeated),
		jobs: map[string]chaosJob{}, vendor: map[string]chaosPrinted{}, alarms: map[string]bool{}, found: map[string]store.Verdict{},
		restored: c.restored, outOfTime: maps.Clone(c.outOfTime), beyond: map[string]map[string]bool{},
	}
	c.mu.Unlock()
	cfg, err := config.Load(c.path(config.DefaultName))
	if err != nil {
		c.t.Fatal(err)
	}
	a, err := open(ctx, cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), wiring{Options: app.Options{Now: c.now}})
	if err != nil {
		c.t.Fatal(err)
	}
	defer a.Close()
	var book strings.Builder // every cost line, to compare
	err = a.Archive.View(ctx, func(r store.Reader) error {
		all, err := r.Shipments(ctx, store.ShipmentFilter{})
		if err != nil {
			return err
		}
		receipts := map[string]int{}
		jobs, err := r.Jobs(ctx, store.JobFilter{})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			job := chaosJob{state: j.State, reprint: j.Reprint, letters: map[int]string{}, files: map[string]string{}}
			rows, err := r.JobLetters(ctx, j.ID)
			if err != nil {
				return err
			}
			for _, row := range rows {
				job.letters[row.Letter] = row.Shipment
				rec, err := r.AppliedReceipt(ctx, j.ID, row.Shipment)
				switch {
				case err == nil:
					receipts[row.Shipment]++
					fmt.Fprintf(&book, "%s %s %s %+v\n", j.ID, row.Shipment, rec.ID, rec.Row)
				case !errors.Is(err, store.ErrNotFound):
					return err
				}
			}
			files, err := r.JobFiles(ctx, j.ID)
			if err != nil {
				return err
			}
			for _, f := range files {
				job.files[f.File.Name] = f.File.SHA256
			}
			v.jobs[j.ID] = job
		}
		found, err := r.FoundJobs(ctx, "v")
		if err != nil {
			return err
		}
		for _, f := range found {
			v.found[f.ID] = f.Verdict
		}
		beyond, err := r.FoundLetters(ctx, store.FoundLetter{})
		if err != nil {
			return err
		}
		for _, l := range beyond {
			if v.beyond[l.Job] == nil {
				v.beyond[l.Job] = map[string]bool{}
			}
			v.beyond[l.Job][l.Shipment] = true
		}
		for _, s := range all {
			v.shipments = append(v.shipments, chaosShipment{
				id: s.ID, handIn: s.Account + "/" + s.HandIn, status: s.Status, hold: s.Hold, due: !s.DueAt.IsZero(), receipts: receipts[s.ID],
			})
		}
		costs, err := r.Ledger(ctx, store.LedgerFilter{})
		if err != nil {
			return err
		}
		for _, l := range costs {
			fmt.Fprintf(&book, "%+v\n", l)
		}
		alarms, err := r.Alarms(ctx, true)
		for _, al := range alarms {
			v.alarms[al.Key] = true
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.lookAtVendor(&v)
	return v, book.String()
}

// lookAtVendor reads what the vendor has accepted from its folder alone.
func (c *chaos) lookAtVendor(v *chaosView) {
	records, err := filepath.Glob(filepath.Join(c.root, ".vendor", "ledger", "*.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, record := range records {
		var rec struct {
			Stage  string `json:"stage"`
			Answer struct {
				Accepted bool `json:"accepted"`
			} `json:"answer"`
		}
		b, err := os.ReadFile(record)
		if err = errors.Join(err, json.Unmarshal(b, &rec)); err != nil {
			c.t.Fatal(err)
		}
		if !rec.Answer.Accepted {
			continue
		}
		id := strings.TrimSuffix(filepath.Base(record), ".json")
		p := chaosPrinted{letters: map[int]string{}, files: map[string]string{}}
		if rec.Stage == "decided" { // its files are being put in place
			p.partly = true
			v.vendor[id] = p
			continue
		}
		folder := c.vendor(0).PrintedFolder(id)
		files, err := os.ReadDir(folder)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(folder, f.Name()))
			if err != nil {
				c.t.Fatal(err)
			}
			sum := sha256.Sum256(b)
			p.files[f.Name()] = hex.EncodeToString(sum[:])
			if !strings.HasSuffix(f.Name(), ".csv") {
				continue
			}
			rows, err := exchange.ParseManifest(b)
			if err != nil {
				c.t.Fatal(err)
			}
			for _, r := range rows {
				p.letters[r.Letter] = r.Shipment
			}
		}
		v.vendor[id] = p
	}
}

// check holds archive and vendor against each other.
func (c *chaos) check(settled bool) bool {
	v, _ := c.look()
	found := v.violations(settled)
	for _, text := range found {
		c.violate("%s", text)
	}
	c.count(v)
	return len(found) == 0
}

// count adds each job's end to the figures once.
func (c *chaos) count(v chaosView) {
	c.fig.add(func(f *chaosFigures) {
		once := func(key string, n *int, by int) {
			if !c.counted[key] {
				c.counted[key] = true
				*n += by
			}
		}
		for id, j := range v.jobs {
			switch j.state {
			case store.JobUncertain:
				once("uncertain "+id, &f.JobsUncertain, 1)
			case store.JobRejected:
				once("rejected "+id, &f.JobsRejected, 1)
			case store.JobWithdrawn:
				once("withdrawn "+id, &f.JobsWithdrawn, 1)
			default: // the others lead to an answer of the vendor, which is counted there
			}
		}
		for id, p := range v.vendor {
			once("accepted "+id, &f.JobsAccepted, 1)
			once("printed "+id, &f.LettersPrinted, len(p.letters))
		}
		for _, s := range v.shipments {
			if s.status == shipment.StatusLest || s.status == shipment.StatusManueltHandtert && s.receipts == 0 {
				once("not printed "+s.id, &f.LettersNotPrinted, 1)
			}
		}
	})
}

// replay puts every receipt file back and has it fetched again: nothing may change.
func (c *chaos) replay() {
	before, book := c.look()
	done := filepath.Join(c.root, filepath.FromSlash(exchange.DefaultReceiptsDone))
	files, err := os.ReadDir(done)
	if err != nil {
		c.t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(done, f.Name()))
		if err != nil || f.IsDir() || strings.HasPrefix(f.Name(), "igjen-") {
			continue
		}
		name := filepath.Join(c.root, exchange.DefaultReceipts, fmt.Sprintf("igjen-%03d-%s", c.night, f.Name()))
		if err := os.WriteFile(name, b, 0o644); err != nil {
			c.t.Fatal(err)
		}
		n++
	}
	a := chaosAttempt{}
	if c.rng.IntN(2) == 0 {
		a.step = 1 + c.rng.IntN(20)
	}
	c.run(a, "receipts", "fetch")
	if code, out := c.run(chaosAttempt{}, "receipts", "fetch"); code != cli.ExitOK {
		c.violate("receipts again: exit code %d\n%s", code, out)
	}
	after, again := c.look()
	if book != again {
		c.violate("receipts that were read again have changed the ledger")
	}
	if len(before.alarms) != len(after.alarms) {
		c.violate("receipts that were read again have changed the alarms: %v, before %v", after.alarms, before.alarms)
	}
	c.fig.add(func(f *chaosFigures) { f.Replays += n })
}

// finish replays all receipts and reads the letters of the vendor's print files by their DataMatrix alone. A symbol that
// cannot be read is looked at again, finer: what counts is whether it is there.
func (c *chaos) finish() {
	c.replay()
	v, _ := c.look()
	judges.Need(c.t, "pdftoppm")
	want := map[string]int{}
	for _, p := range v.vendor {
		for _, s := range p.letters {
			want[s]++
		}
	}
	var found map[string]int
	for i, dpi := range []int{200, 300, 400} {
		if found = c.scan(v, dpi); maps.Equal(found, want) {
			c.fig.add(func(f *chaosFigures) { f.MatricesRead += len(found) })
			return
		}
		if i == 0 {
			c.fig.add(func(f *chaosFigures) { f.ScansAgain++ })
		}
	}
	for _, s := range slices.Sorted(maps.Keys(want)) {
		if found[s] != want[s] {
			c.t.Logf("shipment %s: %d by DataMatrix, %d by the manifests; in jobs %v", s, found[s], want[s], v.printedIn(s))
		}
	}
	if out := os.Getenv(envChaosOut); out != "" {
		kept := fmt.Sprintf("%s.vendor-%d", out, time.Now().UnixNano())
		c.t.Logf("the vendor's folder is kept in %s", kept)
		if err := os.CopyFS(kept, os.DirFS(c.root)); err != nil {
			c.t.Error(err)
		}
	}
	c.violate("by their DataMatrix other letters are at the vendor than by the manifests: %d and %d", len(found), len(want))
}

// printedIn lists the jobs in which the vendor has a shipment.
func (v chaosView) printedIn(shipment string) []string {
	var jobs []string
	for _, id := range slices.Sorted(maps.Keys(v.vendor)) {
		for _, s := range v.vendor[id].letters {
			if s == shipment {
				jobs = append(jobs, id)
			}
		}
	}
	return jobs
}

// scan reads the DataMatrix of every cover at the vendor: how often each shipment is there.
func (c *chaos) scan(v chaosView, dpi int) map[string]int {
	l := cover.DefaultLayout()
	dots := func(mm float64) string { return strconv.Itoa(int(mm / 25.4 * float64(dpi))) }
	quiet := 2 * l.ModuleMM
	size := dots(l.MatrixMaxMM + 2*quiet)
	found := map[string]int{}
	for id := range v.vendor {
		files, err := filepath.Glob(filepath.Join(c.vendor(0).PrintedFolder(id), "*.pdf"))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, f := range files {
			corners, err := judges.Draw(f, "-r", strconv.Itoa(dpi), "-x", dots(l.MatrixRightMM-l.MatrixMaxMM-quiet), "-y", dots(l.MatrixYMM-quiet), "-W", size, "-H", size)
			if err != nil {
				c.violate("%v", err)
			}
			for _, corner := range corners {
				if s := judges.ReadMatrix(corner); s != "" {
					found[s]++
				}
			}
		}
	}
	return found
}
