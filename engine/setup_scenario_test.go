package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sourcegraph/conc/panics"
	"golang.org/x/crypto/ssh"

	"postgang/billing/ledger"
	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/alarm"
	"postgang/engine/archive"
	"postgang/engine/collect"
	"postgang/engine/documents"
	"postgang/engine/identity"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// stage is an engine with everything real around it: an archive in SQLite, documents in a folder, and print vendors
// behind SFTP. Background tasks wait in a list until work is called, so that a test says what happens between.
type stage struct {
	ctx     context.Context
	dir     string
	clock   *stageClock
	archive *archive.Archive
	blobs   *documents.Plain
	engine  *engine.Engine
	config  engine.Config
	tasks   *taskList
	step    *stepHook
	log     *bytes.Buffer
	vendors map[string]*stageVendor
}

// stageVendor is a print vendor: its SFTP server, its folder and its work.
type stageVendor struct {
	root   string
	server *vendorsim.Server
	sim    *vendorsim.Vendor
	config party.Vendor
}

// stageClock stands still until it is set.
type stageClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *stageClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *stageClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

func (c *stageClock) add(d time.Duration) { c.set(c.now().Add(d)) }

// taskList is what waits to be done.
type taskList struct {
	mu   sync.Mutex
	list []store.Task
}

func (l *taskList) enqueue(_ context.Context, _ any, tasks []store.Task) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range tasks {
		if !slices.Contains(l.list, t) {
			l.list = append(l.list, t)
		}
	}
	return nil
}

func (l *taskList) take() []store.Task {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.list
	l.list = nil
	return out
}

// stepHook lets a test do something at a recorded step.
type stepHook struct {
	mu sync.Mutex
	fn func(name string)
}

func (h *stepHook) set(fn func(name string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fn = fn
}

func (h *stepHook) at(name string) {
	h.mu.Lock()
	fn := h.fn
	h.mu.Unlock()
	if fn != nil {
		fn(name)
	}
}

// died is how a test ends a step in its middle: everything that the process held in memory is gone.
type died struct{ step string }

// dieAt makes the process "die" the n-th time that it comes to a step.
func (s *stage) dieAt(step string, n int) {
	var count atomic.Int64 // files go up side by side
	s.step.set(func(name string) {
		if name == step && count.Add(1) == int64(n) {
			panic(died{step})
		}
	})
}

// survive runs fn, reports whether it died, and starts the engine anew if so.
func (s *stage) survive(t *testing.T, fn func()) (dead bool) {
	t.Helper()
	defer func() {
		s.step.set(nil)
		r := recover()
		if caught, ok := r.(*panics.Recovered); ok {
			r = caught.Value
		}
		switch r := r.(type) {
		case nil:
		case died:
			dead = true
			s.restart(t)
		default:
			panic(r)
		}
	}()
	fn()
	return false
}

// inProcess prepares letters without a process of their own.
type inProcess struct{}

func (inProcess) Letter(ctx context.Context, req prepare.Request) (prepare.Facts, error) {
	return prepare.Letter(ctx, req)
}

// change adjusts the configuration of a stage before its engine is made.
type change func(c *engine.Config)

// tuesday is an ordinary working day, 10 o'clock in Norway.
var tuesday = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

const konto = "skatt"

func setup(t *testing.T, changes ...change) *stage {
	t.Helper()
	s := &stage{
		ctx: t.Context(), dir: t.TempDir(), clock: &stageClock{t: tuesday}, tasks: &taskList{}, step: &stepHook{},
		log: &bytes.Buffer{}, vendors: map[string]*stageVendor{},
	}
	var err error
	s.archive, err = archive.Open(s.ctx, archive.Config{
		DSN: "sqlite:" + filepath.Join(s.dir, "postgang.db"), Now: s.clock.now, Enqueue: s.tasks.enqueue, Installation: "TEST",
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.archive.Close()) })
	t.Cleanup(func() { s.alarmsAreWorded(t) })
	s.blobs, err = documents.OpenDir(filepath.Join(s.dir, "documents"))
	must(t, err)
	t.Cleanup(func() { must(t, s.blobs.Close()) })
	rules := shipment.DefaultRules()
	rules.AllowSynthetic = true
	s.config = engine.Config{
		Config: step.Config{
			Archive: s.archive, Blobs: s.blobs, Fence: s.blobs, Preparer: inProcess{}, WorkDir: filepath.Join(s.dir, "work"), Now: s.clock.now,
			Log: slog.New(slog.NewTextHandler(&lockedBuffer{b: s.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Accounts: []party.Account{{
				Key: konto, Name: "Skatteoppkreveren", Vendor: "trykk", Rules: rules,
				Sender: cover.Sender{Name: "Skatteoppkreveren", Line1: "Postboks 1", Postcode: "0150", City: "OSLO"},
			}},
			Step: s.step.at,
			Dial: func(ctx context.Context, v party.Vendor) (step.VendorSide, error) {
				return exchange.Dial(ctx, v.Target)
			},
		},
	}
	s.config.Vendors = []party.Vendor{s.newVendor(t, "trykk")}
	for _, c := range changes {
		c(&s.config)
	}
	s.restart(t)
	return s
}

// restart makes a new engine over the same archive, as a new process would.
func (s *stage) restart(t *testing.T) {
	t.Helper()
	var err error
	s.engine, err = engine.New(s.ctx, s.config)
	must(t, err)
}

// lockedBuffer takes log lines from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// newVendor starts a vendor and gives its configuration.
func (s *stage) newVendor(t *testing.T, key string) party.Vendor {
	t.Helper()
	client, err := exchange.GenerateKey()
	must(t, err)
	v := &stageVendor{root: filepath.Join(s.dir, "vendor-"+key)}
	v.server, err = vendorsim.Serve(s.ctx, v.root, vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}})
	must(t, err)
	t.Cleanup(func() { v.server.Close() })
	v.sim = vendorsim.New(v.root, vendorsim.Options{Name: key, Now: s.clock.now, ReceiptsLater: true})
	v.config = party.Vendor{
		Key: key, Name: key, Profile: printjobs.DefaultProfile(), Receipts: receipt.DefaultFormat(),
		VAT: ledger.VAT{ProductionPercent: 25, PostagePercent: 25}, Tolerances: receipt.DefaultTolerances(),
		Target: exchange.Target{
			Address: v.server.Addr(), User: vendorsim.DefaultUser, HostKey: v.server.HostKeyLine(), Signer: client.Signer, ConcurrentWrites: true,
		},
	}
	s.vendors[key] = v
	return v.config
}

func (s *stage) vendor() *stageVendor { return s.vendors["trykk"] }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// letter is a hand-in in the making.
type letter map[string]any

// newLetter is a letter to a person without digital id, which goes to paper at once.
func newLetter(name string) letter {
	return letter{
		"tittel": "Vedtak om eiendomsskatt", "konteringskode": "1234-56",
		"mottaker":   map[string]any{"navn": "Kari " + name, "adresselinje1": "Storgata 1", "postnummer": "0155", "poststed": "OSLO"},
		"dokumenter": []any{map[string]any{"filnavn": "brev.pdf", "mimeType": "application/pdf"}},
	}
}

// with sets a field.
func (l letter) with(field string, value any) letter {
	l[field] = value
	return l
}

// to sets a field of the recipient.
func (l letter) to(field string, value any) letter {
	l["mottaker"].(map[string]any)[field] = value
	return l
}

// person is a synthetic fødselsnummer; organisation is Brønnøysundregistrene's.
var person = sync.OnceValue(func() string {
	for n := range 100_000 {
		if id := fmt.Sprintf("018190%05d", n); validID(id) {
			return id
		}
	}
	panic("no synthetic number")
})

func validID(id string) bool {
	_, err := identity.ParseDigitalID(id, identity.NationalID1964, true)
	return err == nil
}

const organisation = "974760673"

// digital makes it a letter that is read digitally or goes to paper when its deadline passes.
func (l letter) digital() letter { return l.to("digitalId", person()) }

// submit hands a letter in and has it decided.
func (s *stage) submit(t *testing.T, key string, l letter, files ...shipment.HandInFile) string {
	t.Helper()
	id := s.handIn(t, konto, key, l, files...)
	s.work(t)
	return id
}

func (s *stage) handIn(t *testing.T, account, key string, l letter, files ...shipment.HandInFile) string {
	t.Helper()
	data, err := json.Marshal(l)
	must(t, err)
	return s.handInJSON(t, account, key, data, files...)
}

func (s *stage) handInJSON(t *testing.T, account, key string, data []byte, files ...shipment.HandInFile) string {
	t.Helper()
	if files == nil {
		files = []shipment.HandInFile{file("brev.pdf", pdf(len(key), 1))}
	}
	r, err := s.engine.Receive(s.ctx, shipment.HandIn{Account: account, Key: key, JSON: data, Files: files, At: s.clock.now()})
	must(t, err)
	return r.ID
}

// accepted is submit for a letter that must be accepted.
func (s *stage) accepted(t *testing.T, key string, l letter, files ...shipment.HandInFile) string {
	t.Helper()
	id := s.submit(t, key, l, files...)
	if sh := s.shipment(t, id); sh.Status != shipment.StatusAkseptert {
		t.Fatalf("hand-in %s is %s: %v", key, sh.Status, sh.Refusals)
	}
	return id
}

func file(name string, data []byte) shipment.HandInFile {
	return shipment.HandInFile{Name: shipment.Private(name), Bytes: int64(len(data)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

// pdf is a small PDF of some pages with a mark on each.
func pdf(mark, pages int) []byte { return pdfIn("0 g", mark, pages) }

// pdfIn is a letter whose ink a colour operator sets.
func pdfIn(ink string, mark, pages int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), fmt.Sprintf(format, args...))
	}
	b.WriteString("%PDF-1.4\n")
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", 3+2*i)
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [%s] /Count %d >>", kids, pages)
	for i := range pages {
		content := fmt.Sprintf("%s 100 %d 200 50 re f", ink, 100+10*mark+i)
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents %d 0 R >>", 4+2*i)
		object("<< /Length %d >>\nstream\n%s\nendstream", len(content), content)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

// mostTasks ends a test whose background work never ends.
const mostTasks = 1000

// work does background tasks until none is left. A task that fails or wants to be done later waits for the next call.
func (s *stage) work(t *testing.T) {
	t.Helper()
	for _, err := range s.tryWork(t) {
		t.Errorf("background work: %v", err)
	}
}

// tryWork is work that may fail; it gives the errors.
func (s *stage) tryWork(t *testing.T) []error {
	t.Helper()
	var errs []error
	var again []store.Task
	for n := 0; ; {
		tasks := s.tasks.take()
		if len(tasks) == 0 {
			break
		}
		// The queue shows a task once its transaction is committed. There is one writer: when its turn is ours, those before are.
		must(t, s.archive.InTx(s.ctx, func(store.Tx) error { return nil }))
		for _, task := range tasks {
			if n++; n > mostTasks {
				t.Fatal("background work never ends")
			}
			if err := s.engine.Work(s.ctx, task); err != nil {
				errs = append(errs, err)
				again = append(again, task)
			}
		}
	}
	must(t, s.tasks.enqueue(s.ctx, nil, again))
	return errs
}

// night collects, composes and offers.
func (s *stage) night(t *testing.T) collect.Collected {
	t.Helper()
	c := s.collect(t)
	s.work(t)
	return c
}

func (s *stage) collect(t *testing.T) collect.Collected {
	t.Helper()
	c, err := s.engine.Collect(s.ctx)
	must(t, err)
	return c
}

// fetch reads answers and receipts.
func (s *stage) fetch(t *testing.T) nights.Exchanged {
	t.Helper()
	x, err := s.engine.Fetch(s.ctx)
	must(t, err)
	return x
}

// tick has the vendor take up and answer what is handed over.
func (s *stage) tick(t *testing.T) []vendorsim.Done {
	t.Helper()
	done, err := s.vendor().sim.Tick(s.ctx)
	must(t, err)
	for _, d := range done {
		if d.Repeated {
			t.Errorf("job %s was handed over twice", d.Job)
		}
	}
	return done
}

// writeReceipts has the vendor write its receipts, and gives the files' names.
func (s *stage) writeReceipts(t *testing.T) []string {
	t.Helper()
	names, err := s.vendor().sim.WriteReceipts(s.ctx)
	must(t, err)
	if len(names) == 0 {
		t.Fatal("the vendor wrote no receipts")
	}
	return names
}

// view reads the archive.
func view[T any](t *testing.T, s *stage, fn func(r store.Reader) (T, error)) T {
	t.Helper()
	var out T
	must(t, s.archive.View(context.WithoutCancel(s.ctx), func(r store.Reader) error {
		var err error
		out, err = fn(r)
		return err
	}))
	return out
}

func (s *stage) shipment(t *testing.T, id string) shipment.Shipment {
	t.Helper()
	return view(t, s, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(s.ctx, id) })
}

func (s *stage) job(t *testing.T, id string) store.PrintJob {
	t.Helper()
	return view(t, s, func(r store.Reader) (store.PrintJob, error) { return r.Job(s.ctx, id) })
}

func (s *stage) jobs(t *testing.T) []store.PrintJob {
	t.Helper()
	return view(t, s, func(r store.Reader) ([]store.PrintJob, error) { return r.Jobs(s.ctx, store.JobFilter{}) })
}

// onlyJob is the one job there is.
func (s *stage) onlyJob(t *testing.T) store.PrintJob {
	t.Helper()
	jobs := s.jobs(t)
	if len(jobs) != 1 {
		t.Fatalf("%d jobs, want one", len(jobs))
	}
	return jobs[0]
}

// jobStates gives "state state …" of all jobs, by id.
func (s *stage) jobStates(t *testing.T) string {
	t.Helper()
	var out []string
	for _, j := range s.jobs(t) {
		out = append(out, string(j.State))
	}
	return strings.Join(out, " ")
}

func (s *stage) wantJobs(t *testing.T, want string) {
	t.Helper()
	if got := s.jobStates(t); got != want {
		t.Errorf("jobs are %q, want %q", got, want)
		for _, j := range s.jobs(t) {
			if j.LastError != "" {
				t.Logf("job %s: %s", j.ID, j.LastError)
			}
		}
	}
}

func (s *stage) wantStatus(t *testing.T, id string, want shipment.Status) {
	t.Helper()
	if got := s.shipment(t, id).Status; got != want {
		t.Errorf("shipment is %s, want %s; history:\n%s", got, want, s.history(t, id))
	}
}

// history is a shipment's history, a line an event, without ids of jobs.
func (s *stage) history(t *testing.T, id string) string {
	t.Helper()
	var b strings.Builder
	for _, e := range view(t, s, func(r store.Reader) ([]shipment.Event, error) { return r.History(s.ctx, id) }) {
		fmt.Fprintf(&b, "%s %s→%s %s\n", e.Kind, e.From, e.To, words.EventReason(e, words.Norwegian))
	}
	return b.String()
}

// alarms are the keys of open alarms.
func (s *stage) alarms(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, a := range view(t, s, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(s.ctx, true) }) {
		out = append(out, a.Key)
	}
	slices.Sort(out)
	return out
}

// wantAlarms holds the open alarms against what must be open; each is the start of a key.
func (s *stage) wantAlarms(t *testing.T, want ...string) {
	t.Helper()
	got := s.alarms(t)
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = slices.ContainsFunc(got, func(k string) bool { return strings.HasPrefix(k, want[i]) })
	}
	if !ok {
		t.Errorf("open alarms are %q, want %q", got, want)
	}
}

// read reports that the recipient has read a letter.
func (s *stage) read(t *testing.T, id string) { s.event(t, id, shipment.DigitalRead) }

func (s *stage) event(t *testing.T, id string, kind shipment.DigitalKind) {
	t.Helper()
	must(t, s.engine.Event(s.ctx, shipment.DigitalEvent{
		Shipment: id, Kind: kind, At: s.clock.now(), Key: fmt.Sprintf("%s %s %d", kind, id, s.clock.now().UnixMilli()),
	}))
}

// atVendor counts how often each shipment lies at a vendor, handed over or printed, by the manifests there.
func (s *stage) atVendor(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, v := range s.vendors {
		var manifests []string
		for _, pattern := range []string{"inn/*_manifest_*.csv", ".vendor/printed/*/*_manifest_*.csv"} {
			found, err := filepath.Glob(filepath.Join(v.root, pattern))
			must(t, err)
			manifests = append(manifests, found...)
		}
		for _, m := range manifests {
			data, err := os.ReadFile(m)
			must(t, err)
			rows, err := exchange.ParseManifest(data)
			must(t, err)
			for _, r := range rows {
				out[r.Shipment]++
			}
		}
	}
	return out
}

// wantAtVendor: these letters are at the vendor exactly once, and no other is.
func (s *stage) wantAtVendor(t *testing.T, ids ...string) {
	t.Helper()
	got := s.atVendor(t)
	for _, id := range ids {
		if got[id] != 1 {
			t.Errorf("letter %s is %d times at the vendor, want once", id, got[id])
		}
		delete(got, id)
	}
	for id, n := range got {
		t.Errorf("letter %s is %d times at the vendor, want not at all", id, n)
	}
}

// inbox lists the files in the vendor's inbox, of one job when it is named.
func (s *stage) inbox(t *testing.T, job string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.vendor().root, exchange.DefaultInbox))
	must(t, err)
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), job) {
			out = append(out, e.Name())
		}
	}
	return out
}

// put places a file at the vendor, as the vendor does.
func (s *stage) put(t *testing.T, folder, name string, data []byte) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(s.vendor().root, folder, name), data, 0o600))
}

func (s *stage) exists(t *testing.T, folder, name string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(s.vendor().root, folder, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// answer places an answer to a job at the vendor.
func (s *stage) answer(t *testing.T, a exchange.Answer) {
	t.Helper()
	a.Time = s.clock.now()
	if !a.Accepted && a.Reasons == nil {
		a.Reasons = []string{"feil papir"}
	}
	data, err := a.Marshal()
	must(t, err)
	s.put(t, exchange.DefaultAnswers, exchange.AnswerName(a.Job, a.Accepted), data)
}

// acceptance is the answer of a vendor that has taken the whole job.
func (s *stage) acceptance(t *testing.T, job string) exchange.Answer {
	t.Helper()
	j := s.job(t, job)
	files := view(t, s, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(s.ctx, job) })
	a := exchange.Answer{Job: job, Accepted: true, Letters: j.Letters, Sides: j.Totals.Sides, TicketSHA256: j.TicketSHA}
	for _, f := range files {
		if f.File.Kind != exchange.KindTicket {
			a.Files = append(a.Files, exchange.AnswerFile{Name: f.File.Name, SHA256: f.File.SHA256, Bytes: f.File.Bytes})
		}
	}
	return a
}

// receiptRow is the receipt of a letter as a vendor would write it.
func receiptRow(job, shipment string, posted time.Time) receipt.Row {
	return receipt.Row{
		Job: job, Shipment: shipment, PrintID: "p-" + shipment[:8], PostedAt: posted, PagesBW: 2, EnvelopesAuto: 1, ExtraSheetsAuto: 1,
		WeightGram: 17, Production: 250, Postage: 1500, Konteringskode: "1234-56",
	}
}

// receipts places a receipt file at the vendor.
func (s *stage) receipts(t *testing.T, name string, rows ...receipt.Row) {
	t.Helper()
	data, err := receipt.Encode(rows, receipt.DefaultFormat())
	must(t, err)
	s.put(t, exchange.DefaultReceipts, name, data)
}
