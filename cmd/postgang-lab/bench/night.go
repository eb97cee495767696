package bench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"postgang/billing/civil"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/calendar"
	"postgang/engine/documents/sealed"
	"postgang/engine/finance"
	"postgang/engine/intake"
	"postgang/engine/store"
	"postgang/fixtures/casesystem"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// nightOptions are the flags of bench night.
type nightOptions struct {
	letters   int
	pages     int
	pdfs      int // different ones; 0: each letter has its own
	way       string
	senders   int
	wave      int
	collect   int // letters that are collected, multiplied from those that were handed in; 0: the whole way of those alone
	through   int // letters that go through the night, multiplied likewise; 0: those that were handed in
	database  string
	documents string
	sealed    bool
	work      string
	flushes   bool
	profiles  string // folder for profiles of each stage; empty: none
}

// The ways in that are measured.
const (
	wayFolder = "folder"
	wayHTTP   = "http"
)

func newBenchNight(o *cli.Options) *cobra.Command {
	var b nightOptions
	cmd := &cobra.Command{
		Use:   "night --letters N",
		Short: "Measure a letter's whole way, from hand-in to report",
		Long: `Hands N made-up letters in, and takes them through a night with a vendor simulator over SFTP, through the
archive, the documents and the queue, as the daemon does. Stages, measured one after the other:
  hand-in   taken, stored, prepared and accepted; --way folder or http
  collect   found due, planned and priced
  compose   print files made and proven
  offer     sent, the last gate, handed over
  answers   the vendor's answers fetched
  receipts  fetched and booked
  report    the month's figures and the workbook
CPU time is of the measured process and those that it starts; what hands in, and the vendor, are others. Memory is the
most that the process itself has in a stage. A PostgreSQL on the same machine (--database, which must be empty and is left as it is) has
a column of its own. With --collect M the letters are multiplied to M in the archive, and collecting alone is measured, with how long
somebody else who writes beside waits. With --through M they are multiplied, as many as at first are handed in again among them, and all go
the whole way. With --flushes the flushes to disk are counted by strace, which costs time: run it for that alone.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case b.letters < 1 || b.letters > benchMostLetters || b.pdfs < 0 || b.pages < 1 || b.senders < 1 || b.wave < 1:
				return cli.Usage("want --letters from 1 to %d, and at least one of --pages, --senders and --wave", benchMostLetters)
			case b.collect != 0 && b.collect < b.letters || b.through != 0 && b.through < b.letters || b.collect != 0 && b.through != 0:
				return cli.Usage("--collect or --through: want at least as many as --letters, and one of both")
			case b.way != wayFolder && b.way != wayHTTP:
				return cli.Usage("--way: want %s or %s", wayFolder, wayHTTP)
			}
			r, err := nightBench(cmd.Context(), o, b)
			if err != nil {
				return fmt.Errorf("bench night: %w", err)
			}
			return o.Print(r, r.table)
		},
	}
	cmd.Flags().IntVar(&b.letters, "letters", 5000, "number of letters")
	cmd.Flags().IntVar(&b.pages, "pages", 3, "pages of a letter")
	cmd.Flags().IntVar(&b.pdfs, "pdfs", 0, "number of different PDFs, which are repeated (0: each letter has its own)")
	cmd.Flags().StringVar(&b.way, "way", wayFolder, "way in: "+wayFolder+" or "+wayHTTP)
	cmd.Flags().IntVar(&b.senders, "senders", 50, "senders at the same time, over HTTP")
	cmd.Flags().IntVar(&b.wave, "wave", 20_000, "letters that lie in the drop folder at the same time")
	cmd.Flags().IntVar(&b.collect, "collect", 0, "multiply the letters to so many, and measure collecting alone")
	cmd.Flags().IntVar(&b.through, "through", 0, "multiply the letters to so many, hand --letters more in, and take all of them the whole way")
	cmd.Flags().StringVar(&b.database, "database", "", "an empty database of PostgreSQL in place of a temporary SQLite, postgres://…")
	cmd.Flags().StringVar(&b.documents, "documents", "", "where documents are kept (default: a temporary folder): a folder, or s3://HOST[:PORT]/BUCKET[/PREFIX] with keys in the environment")
	cmd.Flags().BoolVar(&b.sealed, "sealed", false, "encrypt documents")
	cmd.Flags().StringVar(&b.work, "work", "", "folder for temporary files (default: the system's)")
	cmd.Flags().BoolVar(&b.flushes, "flushes", false, "count flushes to disk, by strace")
	cmd.Flags().StringVar(&b.profiles, "profiles", "", "write a CPU profile of each stage (pprof) into this folder, which must be there")
	return cmd
}

// nightResult is the outcome, as programs read it.
type nightResult struct {
	Letters  int          `json:"letters"`
	Collect  int          `json:"collect,omitempty"` // letters that were collected, when they were multiplied
	Through  int          `json:"through,omitempty"` // letters that went through the night, when they were multiplied
	Pages    int          `json:"pages"`             // of a letter
	PDFs     int          `json:"pdfs"`              // different ones
	Way      string       `json:"way"`
	Database string       `json:"database"`
	Cores    int          `json:"cores"`
	Jobs     int          `json:"jobs"`
	Stages   []nightStage `json:"stages"`
}

// nightStage is what one stage took.
type nightStage struct {
	Stage       string  `json:"stage"`
	Letters     int     `json:"letters"`
	Seconds     float64 `json:"seconds"`
	CPUSeconds  float64 `json:"cpu_seconds"`
	DatabaseCPU float64 `json:"database_cpu_seconds,omitempty"` // of a PostgreSQL on this machine
	PeakMB      float64 `json:"peak_mb"`
	Flushes     int     `json:"flushes,omitempty"`
	// How long somebody who writes beside waits, in milliseconds, with --collect: 99 of 100 writes not longer than WaitP99.
	WaitP99  float64 `json:"wait_p99_ms,omitempty"`
	WaitMost float64 `json:"wait_most_ms,omitempty"`
}

func (r *nightResult) table(w io.Writer) {
	fmt.Fprintf(w, "%d letters of %d pages (%d different PDFs) by %s, %s, %d cores; %d print jobs.\n\n", r.Letters, r.Pages, r.PDFs, r.Way, r.Database, r.Cores, r.Jobs)
	cli.Table(w, "STAGE SECONDS LETTERS/S CPU_S DATABASE_CPU_S CPU_MS/LETTER FLUSHES/LETTER PEAK_MB", func(row func(...any)) {
		var sum nightStage
		line := func(s nightStage) {
			n := float64(s.Letters)
			flushes := ""
			if s.Flushes > 0 {
				flushes = fmt.Sprintf("%.2f", float64(s.Flushes)/n)
			}
			row(s.Stage, fmt.Sprintf("%.2f", s.Seconds), fmt.Sprintf("%.0f", n/s.Seconds), fmt.Sprintf("%.2f", s.CPUSeconds), fmt.Sprintf("%.2f", s.DatabaseCPU),
				fmt.Sprintf("%.3f", (s.CPUSeconds+s.DatabaseCPU)/n*1e3), flushes, fmt.Sprintf("%.0f", s.PeakMB))
		}
		for _, s := range r.Stages {
			line(s)
			sum.Seconds, sum.CPUSeconds, sum.DatabaseCPU = sum.Seconds+s.Seconds, sum.CPUSeconds+s.CPUSeconds, sum.DatabaseCPU+s.DatabaseCPU
			sum.Flushes, sum.PeakMB = sum.Flushes+s.Flushes, max(sum.PeakMB, s.PeakMB)
		}
		if r.Through == 0 {
			sum.Stage, sum.Letters = "all", r.Letters
			line(sum)
		}
	})
	if s := r.Stages[len(r.Stages)-1]; r.Collect > 0 {
		fmt.Fprintf(w, "\n%d letters collected in %.1f s (%.3f CPU ms a letter, %.0f MB). Who writes beside waits %.0f ms in 99 of 100 cases, %.0f ms at most.\n",
			r.Collect, s.Seconds, (s.CPUSeconds+s.DatabaseCPU)/float64(r.Collect)*1e3, s.PeakMB, s.WaitP99, s.WaitMost)
	}
}

// nightAccounts are who the letters are from, in turn.
var nightAccounts = []string{"bygg", "helse", "skatt", "skole"}

// nightTemplates is how many letters differ in more than their time.
const nightTemplates = 60

// night is one measurement.
type night struct {
	nightOptions
	o         *cli.Options
	dir       string
	templates [][]byte
	server    int // process of PostgreSQL's server, when it is on this machine
	out       nightResult
}

func nightBench(ctx context.Context, o *cli.Options, b nightOptions) (_ *nightResult, err error) {
	n := &night{nightOptions: b, o: o, out: nightResult{Letters: b.letters, Pages: b.pages, PDFs: b.letters, Way: b.way, Database: "SQLite", Cores: runtime.NumCPU()}}
	if b.pdfs > 0 {
		n.out.PDFs = min(b.pdfs, b.letters)
	}
	if n.dir, err = os.MkdirTemp(b.work, "postgang-bench-*"); err != nil {
		return nil, fmt.Errorf("make folder for temporary files (choose another with --work): %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(n.dir)) }()
	if b.database != "" {
		n.out.Database = "PostgreSQL"
		if n.server, err = postgresServer(ctx, b.database); err != nil {
			return nil, err
		}
	}
	for i := range nightTemplates {
		pdf, err := letters.Sample(b.pages, uint64(i))
		if err != nil {
			return nil, err
		}
		n.templates = append(n.templates, pdf)
	}
	vendor, err := n.startVendor(ctx)
	if err != nil {
		return nil, err
	}
	defer vendor.end()
	if err := n.handIn(ctx, "hand-in", 0); err != nil {
		return nil, err
	}
	if many := max(b.collect, b.through); many > 0 {
		if err := n.multiply(ctx, many); err != nil {
			return nil, fmt.Errorf("multiply the letters: %w", err)
		}
		n.out.Collect = b.collect
	}
	if b.through > 0 {
		if err := n.handIn(ctx, "hand-in among them", b.letters); err != nil {
			return nil, err
		}
		n.out.Through = b.through + b.letters
	}
	if err := n.goThrough(ctx, vendor); err != nil {
		return nil, err
	}
	return &n.out, nil
}

// postgresServer is the process of the server that a database is in, which gets the archive's tables; 0: it is on another machine.
func postgresServer(ctx context.Context, dsn string) (_ int, err error) {
	a, err := archive.Open(ctx, archive.Config{DSN: dsn})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if a.Postgres() == nil {
		return 0, errors.New("--database: want postgres://…")
	}
	var pid int
	if err := a.Postgres().QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return 0, err
	}
	return parentOf(pid), nil
}

// letter is the PDF of letter i: a template that says when it was made, which is another time for each.
func (n *night) letter(i int) []byte {
	i %= n.out.PDFs
	made := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC).Format("20060102150405")
	return creationDate.ReplaceAll(n.templates[i%len(n.templates)], []byte("/CreationDate (D:"+made))
}

var creationDate = regexp.MustCompile(`/CreationDate \(D:[0-9]{14}`)

// stage measures one stage, which adds to what there is of it.
func (n *night) stage(name string, m *measured, do func() (done, error)) error {
	at := slices.IndexFunc(n.out.Stages, func(s nightStage) bool { return s.Stage == name })
	if at < 0 {
		at = len(n.out.Stages)
		n.out.Stages = append(n.out.Stages, nightStage{Stage: name})
	}
	s := &n.out.Stages[at]
	cpu, db, began := treeCPU(m.hello.PID), n.serverCPU(), time.Now()
	d, err := do()
	if err != nil {
		return err
	}
	ended := time.Now()
	s.Seconds += ended.Sub(began).Seconds()
	s.CPUSeconds += treeCPU(m.hello.PID) - cpu
	s.DatabaseCPU += n.serverCPU() - db
	s.PeakMB, s.WaitP99, s.WaitMost = max(s.PeakMB, d.PeakMB), d.WaitP99, d.WaitMost
	if s.Letters = n.letters; n.out.Through > 0 {
		s.Letters = n.out.Through
	}
	n.out.Jobs = max(n.out.Jobs, d.Jobs)
	n.o.Logger().Info("measured", "stage", name, "letters", s.Letters, "seconds", s.Seconds, "cpu_seconds", s.CPUSeconds, "database_cpu_seconds", s.DatabaseCPU, "peak_mb", s.PeakMB)
	flushed, err := m.flushed(began, ended)
	s.Flushes += flushed
	return err
}

func (n *night) serverCPU() float64 {
	if n.server == 0 {
		return 0
	}
	return treeCPU(n.server)
}

// startVendor starts the vendor and writes the configuration for it.
func (n *night) startVendor(ctx context.Context) (*measured, error) {
	key, err := exchange.LoadOrCreateKey(filepath.Join(n.dir, config.ClientKey))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(n.dir, config.ClientKey+".pub"), ssh.MarshalAuthorizedKey(key.Signer.PublicKey()), 0o600); err != nil {
		return nil, err
	}
	v, err := startMeasured(ctx, n.o, "", "night-vendor", n.dir)
	if err != nil {
		return nil, err
	}
	if n.sealed {
		kek, err := sealed.NewKEK(time.Now())
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(n.dir, sealKey), []byte(kek), 0o600); err != nil {
			return nil, err
		}
	}
	return v, os.WriteFile(filepath.Join(n.dir, config.DefaultName), n.configuration(v.hello), 0o600)
}

// sealKey is the file of the key that opens sealed documents.
const sealKey = "kek"

// documentSettings say where documents are kept, as lines of [archive] and tables after it.
func (n *night) documentSettings() (line, tables string) {
	if n.sealed {
		tables = fmt.Sprintf("[documents.sealed]\nkey_file = %q\n", sealKey)
	}
	at, bucket := strings.CutPrefix(n.documents, "s3://")
	if !bucket {
		return fmt.Sprintf("documents = %q\n", cmp.Or(n.documents, "data/dokumenter")), tables
	}
	host, rest, _ := strings.Cut(at, "/")
	name, prefix, _ := strings.Cut(rest, "/")
	scheme := "https"
	if h, _, err := net.SplitHostPort(host); err == nil && (h == "localhost" || h == "127.0.0.1") {
		scheme = "http"
	}
	return "", tables + fmt.Sprintf("[documents.s3]\nendpoint = \"%s://%s\"\nbucket = %q\nprefix = %q\n", scheme, host, name, prefix)
}

func (n *night) configuration(v hello) []byte {
	database := cmp.Or(n.database, "sqlite:data/postgang.db")
	documents, tables := n.documentSettings()
	var b bytes.Buffer
	fmt.Fprintf(&b, `[archive]
database = %q
%s%s[intake]
settle = "0s"
[http]
address = "127.0.0.1:0"
no_tokens = true
calls_per_minute = 0
[vendors.trykkeri]
name = "Trykkeri"
address = %q
user = %q
host_key = %q
key_file = %q
[vendors.trykkeri.print]
pool_accounts = true
[vendors.trykkeri.vat]
production_percent = 25
postage_percent = 25
%s`, database, documents, tables, v.Address, vendorsim.DefaultUser, strings.TrimSpace(v.HostKey), config.ClientKey, vendorsim.IllustrativePrices().Configuration("trykkeri"))
	for _, a := range nightAccounts {
		fmt.Fprintf(&b, `[accounts.%[1]s]
vendor = "trykkeri"
[accounts.%[1]s.sender]
name = "Eksempel kommune, %[1]s"
line1 = "Postboks 1"
postcode = "0155"
city = "OSLO"
[accounts.%[1]s.rules]
duplicate_limit = 0
`, a)
	}
	return b.Bytes()
}

// submission is forsendelse.json of letter i. Its recipient has no number, so that it goes to paper at once.
func (n *night) submission(i int) []byte {
	return fmt.Appendf(nil, `{"tittel":"Vedtak %[1]d","konteringskode":"%[2]d","eksternReferanse":"sak-%[1]d","mottaker":{"navn":"Mottaker nummer %[1]d","adresselinje1":"Eksempelveien %[3]d","postnummer":"0155","poststed":"OSLO"},"dokumenter":[{"filnavn":"brev.pdf","mimeType":"application/pdf"}]}`,
		i, 1000+i%12, i%200+1)
}

// trace is the file in which strace writes down a process's flushes; empty: they are not counted.
func (n *night) trace(part string) string {
	if !n.flushes {
		return ""
	}
	return filepath.Join(n.dir, part+".strace")
}

// handIn hands --letters letters in, from one on.
func (n *night) handIn(ctx context.Context, stage string, first int) error {
	m, err := startMeasured(ctx, n.o, n.trace(stage), "night-part", "--config", filepath.Join(n.dir, config.DefaultName), "--profiles", n.profiles, "hand-in")
	if err != nil {
		return err
	}
	defer m.end()
	step, finish := n.o.Progress("handing in")
	defer finish()
	if n.way == wayHTTP {
		return n.stage(stage, m, func() (done, error) {
			if err := n.send(ctx, m, first, step); err != nil {
				return done{}, err
			}
			return m.do("decided")
		})
	}
	for from := 0; from < n.letters; from += n.wave {
		to := min(from+n.wave, n.letters)
		for i := first + from; i < first+to; i++ {
			folder := filepath.Join(n.dir, "data", "post", "inn", nightAccounts[i%len(nightAccounts)], "brev-"+strconv.Itoa(i))
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return err
			}
			for name, data := range map[string][]byte{"forsendelse.json": n.submission(i), "brev.pdf": n.letter(i), "klar": nil} {
				if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
					return err
				}
			}
		}
		settle() // what was laid there is not to be written out while something else is measured
		if err := n.stage(stage, m, func() (done, error) { return m.do("take") }); err != nil {
			return err
		}
		if step != nil {
			step(to, n.letters)
		}
		for _, done := range []string{"svar", "behandlet"} {
			if err := os.RemoveAll(filepath.Join(n.dir, "data", "post", done)); err != nil {
				return err
			}
		}
		if _, err := m.do("folders"); err != nil {
			return err
		}
	}
	return nil
}

// multiply has the letters that were handed in be many.
func (n *night) multiply(ctx context.Context, many int) error {
	dsn := n.database
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(n.dir, "data", "postgang.db")
	}
	step, finish := n.o.Progress("multiplying")
	defer finish()
	if err := multiplyNight(ctx, dsn, many, step); err != nil {
		return err
	}
	settle()
	return nil
}

// send hands all letters in over HTTP.
func (n *night) send(ctx context.Context, m *measured, first int, step func(done, total int)) error {
	client := casesystem.Client{Base: "http://" + m.hello.Address, ID: m.hello.ID, Password: m.hello.Password, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n.senders}}}
	p := pool.New().WithMaxGoroutines(n.senders).WithContext(ctx).WithCancelOnError().WithFirstError()
	for done := range n.letters {
		i := first + done
		p.Go(func(ctx context.Context) error {
			pdf := n.letter(i)
			file := casesystem.File{Name: "brev.pdf", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(pdf)), nil }}
			if _, err := client.V2(ctx, nightAccounts[i%len(nightAccounts)], strconv.Itoa(i), n.submission(i), file); err != nil {
				return fmt.Errorf("letter %d: %w", i, err)
			}
			if step != nil && done%16 == 0 {
				step(done, n.letters)
			}
			return nil
		})
	}
	return p.Wait()
}

// goThrough has the night done, and all that follows.
func (n *night) goThrough(ctx context.Context, vendor *measured) error {
	m, err := startMeasured(ctx, n.o, n.trace("night"), "night-part", "--config", filepath.Join(n.dir, config.DefaultName), "--profiles", n.profiles, "night")
	if err != nil {
		return err
	}
	defer m.end()
	stages := []string{"collect", "compose", "offer", "answers", "receipts", "report"}
	if n.collect > 0 {
		stages = []string{"collect beside"}
	}
	for _, stage := range stages {
		step, finish := n.o.Progress(stage)
		if step != nil {
			step(0, 1)
		}
		err := n.stage(stage, m, func() (done, error) { return m.do(stage) })
		finish()
		if err != nil {
			return err
		}
		before := map[string]string{"offer": "tick", "answers": "receipts"}[stage] // what the vendor does then
		if before == "" {
			continue
		}
		if _, err := vendor.do(before); err != nil {
			return fmt.Errorf("vendor: %w", err)
		}
	}
	return nil
}

// newBenchNightVendor is the vendor of a night; people have no use for it.
func newBenchNightVendor(o *cli.Options) *cobra.Command {
	return &cobra.Command{
		Use: "night-vendor FOLDER", Hidden: true, Args: cobra.ExactArgs(1),
		Short: "The vendor of a night that is measured, run by night in a process of its own",
		RunE: func(cmd *cobra.Command, args []string) error {
			line, err := os.ReadFile(filepath.Join(args[0], config.ClientKey+".pub"))
			if err != nil {
				return err
			}
			public, _, _, _, err := ssh.ParseAuthorizedKey(line)
			if err != nil {
				return err
			}
			root := filepath.Join(args[0], "trykkeri")
			server, err := vendorsim.Serve(cmd.Context(), root, vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{public}})
			if err != nil {
				return err
			}
			defer server.Close()
			v := vendorsim.New(root, vendorsim.Options{Name: "trykkeri", ReceiptsLater: true})
			return answering(o, hello{Address: server.Addr(), HostKey: server.HostKeyLine()}, "", func(what string, _ *done) error {
				if what == "receipts" {
					_, err := v.WriteReceipts(cmd.Context())
					return err
				}
				done, err := v.Tick(cmd.Context())
				for _, j := range done {
					if !j.Accepted {
						return fmt.Errorf("job %s is refused: %v", j.Job, j.Reasons)
					}
				}
				return err
			})
		},
	}
}

// newBenchNightPart is what is measured; people have no use for it.
func newBenchNightPart(o *cli.Options) *cobra.Command {
	var profiles string
	cmd := &cobra.Command{
		Use: "night-part PART", Hidden: true, Args: cobra.ExactArgs(1),
		Short: "A part of the way that is measured, run by night in a process of its own",
		RunE: func(cmd *cobra.Command, args []string) error {
			return nightPart(cmd.Context(), o, args[0] == "hand-in", profiles)
		},
	}
	cmd.Flags().StringVar(&profiles, "profiles", "", "folder for profiles")
	return cmd
}

func nightPart(ctx context.Context, o *cli.Options, handIn bool, profiles string) (err error) {
	cfg, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, cfg, o.Logger(), app.Options{Create: handIn})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if !handIn {
		p := &nightParts{App: a}
		return answering(o, hello{}, profiles, peaking(func(what string, d *done) error { return p.do(ctx, what, d) }))
	}
	if err := intake.MakeFolders(cfg.Inbox, nightAccounts...); err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	i, password, err := access.New(fmt.Sprintf("maling-%d", os.Getpid()), "", nightAccounts, time.Now())
	if err == nil {
		err = a.Archive.InTx(ctx, func(tx store.Tx) error { return tx.PutIntegration(ctx, i, "bench") })
	}
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", cfg.HTTP.Address)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- a.ServeHTTP(serving, ln) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()
	return answering(o, hello{Address: ln.Addr().String(), ID: i.ID, Password: password}, profiles, peaking(func(what string, _ *done) error {
		switch what {
		case "take":
			r, err := a.TakeAll(ctx, 0, nil)
			if err == nil && (r.Refused > 0 || r.Waiting > 0 || r.Failed > 0) {
				err = fmt.Errorf("%d hand-ins were refused, %d wait, %d failed", r.Refused, r.Waiting, r.Failed)
			}
			return err
		case "folders":
			return intake.MakeFolders(cfg.Inbox, nightAccounts...)
		}
		for undecided(ctx, a) {
			time.Sleep(20 * time.Millisecond)
		}
		return nil
	}))
}

// nightParts does a night stage by stage, which the queue does side by side.
type nightParts struct {
	*app.App
	jobs []string
}

func (p *nightParts) do(ctx context.Context, what string, d *done) error {
	vendor := p.Config.Vendors[0].Key
	switch what {
	case "collect beside":
		beside := startBystander(ctx, p.Archive)
		err := p.do(ctx, "collect", d)
		var err2 error
		d.WaitP99, d.WaitMost, err2 = beside.end()
		return errors.Join(err, err2)
	case "collect":
		c, err := p.Engine.Collect(ctx)
		if p.jobs = c.Jobs; err == nil && c.SetAside > 0 {
			err = fmt.Errorf("%d letters were set aside", c.SetAside)
		}
		d.Jobs = len(p.jobs)
		return err
	case "compose":
		return p.each(ctx, runtime.NumCPU(), p.Engine.ComposeJob)
	case "offer":
		return p.each(ctx, 1, p.Engine.OfferJob) // one to a vendor at a time
	case "answers":
		r, err := p.Engine.FetchAnswers(ctx, vendor)
		if err == nil && r.Accepted != len(p.jobs) {
			err = fmt.Errorf("%d of %d jobs were accepted", r.Accepted, len(p.jobs))
		}
		return err
	case "receipts":
		imported, err := p.Engine.FetchReceipts(ctx, vendor)
		for _, im := range imported {
			if im.Applied != im.Rows {
				err = errors.Join(err, fmt.Errorf("of the %d receipts of %s %d are booked", im.Rows, im.File, im.Applied))
			}
		}
		return err
	case "report":
		month, err := civil.Parse(civil.Of(p.Now(), calendar.Oslo).Month() + "-01")
		if err != nil {
			return err
		}
		r, err := p.WriteReport(ctx, finance.ReportQuery{From: month, To: civil.NextMonth(month)}, filepath.Join(filepath.Dir(p.Config.Path), "rapport.xlsx"))
		return errors.Join(err, r.Close())
	}
	return fmt.Errorf("%s is no stage", what)
}

// each does a step of every job, so many at a time.
func (p *nightParts) each(ctx context.Context, most int, do func(ctx context.Context, job string) error) error {
	workers := pool.New().WithMaxGoroutines(most).WithContext(ctx).WithFirstError()
	for _, j := range p.jobs {
		workers.Go(func(ctx context.Context) error { return do(ctx, j) })
	}
	return workers.Wait()
}
