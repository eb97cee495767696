// Package bench is the command that measures the way from PDFs to print files.
package bench

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/conc/pool"
	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare"
	"postgang/printjobs/printfile"
)

// New is the command "bench".
func New(o *cli.Options) *cobra.Command {
	return cli.Group("bench", "Measure what this machine can do",
		newBenchPrintFile(o), newBenchPart(o), newBenchIntake(o), newBenchIntakePart(o), newBenchConsole(o), newBenchNight(o), newBenchNightPart(o), newBenchNightVendor(o))
}

// benchOptions are the flags of bench print-file.
type benchOptions struct {
	from        string
	letters     int
	work        string
	workers     int
	rounds      int
	prepareOnce bool
	peers       bool
	peerLetters int
}

const (
	benchRounds = 3
	// benchPeerLetters bounds what other tools are given: some need minutes for some thousand letters.
	benchPeerLetters = 500
	// benchPeerTime is when a peer is given up.
	benchPeerTime = 3 * time.Minute
	// benchFolderSize is how many letters share a folder of temporary files.
	benchFolderSize = 1000
	// benchMostLetters is as many as a shipment id of the measurement has digits for.
	benchMostLetters = 10_000_000
)

func newBenchPrintFile(o *cli.Options) *cobra.Command {
	var b benchOptions
	cmd := &cobra.Command{
		Use:   "print-file --from FOLDER --letters N",
		Short: "Measure the way from PDFs to print files",
		Long: `Takes the PDFs of a folder, repeated to N letters of one PDF each, and measures
  prepare   every letter in guarded worker processes, side by side, as at intake, without
            the flush to disk of the archive's copy (with --prepare-once each PDF only
            once; its prepared file is then copied)
  cat       reading the prepared files one after the other and writing them to one file
  link      the same with the linker: one print file, without covers
  compose   the night's work: read the plan, impose with covers, link, write to disk,
            read back and prove; in the jobs that a vendor with usual limits would get
It needs no configuration, contacts nobody and keeps nothing: senders and addresses are
made up, and the temporary files (some three times the size of N letters) are removed.

cat, link and compose run in processes of their own, --rounds times in turn; the figures
are medians, and ratios are taken within a round. Since the letters repeat, what they
share (fonts, images) is linked once and the print files become small; "link_distinct"
is linking with so short a memory that nearly every letter brings its fonts again, as N
different PDFs would.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.letters < 1 || b.letters > benchMostLetters {
				return cli.Usage("--letters: want 1 to %d", benchMostLetters)
			}
			if b.rounds < 1 || b.workers < 1 || b.peerLetters < 1 {
				return cli.Usage("--rounds, --workers and --peer-letters: want at least 1")
			}
			r, err := printFile(cmd.Context(), o, b)
			if err != nil {
				return fmt.Errorf("bench print-file: %w", err)
			}
			return o.Print(r, r.table)
		},
	}
	cmd.Flags().StringVar(&b.from, "from", "", "folder of PDFs")
	cmd.Flags().IntVar(&b.letters, "letters", 5000, "number of letters")
	cmd.Flags().StringVar(&b.work, "work", "", "folder for temporary files (default the system's)")
	cmd.Flags().IntVar(&b.workers, "workers", runtime.NumCPU(), "preparing processes")
	cmd.Flags().IntVar(&b.rounds, "rounds", benchRounds, "how often cat, link and compose are measured")
	cmd.Flags().BoolVar(&b.prepareOnce, "prepare-once", false, "prepare each PDF once instead of each letter")
	cmd.Flags().BoolVar(&b.peers, "peers", false, "measure pdfcpu, qpdf, mutool and pdfunite beside, where installed")
	cmd.Flags().IntVar(&b.peerLetters, "peer-letters", benchPeerLetters, "letters that other tools are given at most")
	_ = cmd.MarkFlagRequired("from") // the flag is there
	return cmd
}

// benchResult is the outcome, as programs read it. Seconds are wall time unless they say cpu (user and system, all
// threads; 0 where the system does not tell).
type benchResult struct {
	Letters     int  `json:"letters"`
	PDFs        int  `json:"pdfs"`         // different ones
	RefusedPDFs int  `json:"refused_pdfs"` // cannot be printed, left out
	Pages       int  `json:"pages"`        // of the letters, covers not counted
	Cores       int  `json:"cores"`
	Workers     int  `json:"workers"` // preparing processes
	Rounds      int  `json:"rounds"`
	PrepareOnce bool `json:"prepare_once"`

	BytesIn        int64 `json:"bytes_in"`       // of the letters as they came
	BytesPrepared  int64 `json:"bytes_prepared"` // of the letters prepared
	BytesOut       int64 `json:"bytes_out"`      // of the print files composed
	BytesLinked    int64 `json:"bytes_linked"`
	BytesDistinct  int64 `json:"bytes_linked_distinct"`
	Jobs           int   `json:"jobs"`
	PrintFiles     int   `json:"print_files"`
	Sheets         int   `json:"sheets"`
	Sides          int   `json:"sides"`
	PreparedFiles  int   `json:"prepared_files"` // in PrepareSeconds: letters, or PDFs with --prepare-once
	LargestJob     int   `json:"largest_job_letters"`
	ComposeThreads int   `json:"compose_threads"` // letters are composed one after the other

	CatSeconds      float64 `json:"cat_seconds"`
	PrepareSeconds  float64 `json:"prepare_seconds"`
	LinkSeconds     float64 `json:"link_seconds"`
	DistinctSeconds float64 `json:"link_distinct_seconds"`
	ComposeSeconds  float64 `json:"compose_seconds"`

	CatCPU      float64 `json:"cat_cpu_seconds"`
	PrepareCPU  float64 `json:"prepare_cpu_seconds"`
	LinkCPU     float64 `json:"link_cpu_seconds"`
	DistinctCPU float64 `json:"link_distinct_cpu_seconds"`
	ComposeCPU  float64 `json:"compose_cpu_seconds"`

	LinkToCat     float64 `json:"link_to_cat"`          // wall
	DistinctToCat float64 `json:"link_distinct_to_cat"` // wall

	// PeakRSS of composing in a process of its own, in MB of 2^20 bytes; 0 where the system does not tell.
	PeakRSS     float64 `json:"peak_rss_mb"`
	LinkPeakRSS float64 `json:"link_peak_rss_mb"`

	Peers []benchPeer `json:"peers,omitempty"`
}

// benchPeer is what another tool did with the letters as they came.
type benchPeer struct {
	Tool       string  `json:"tool"`
	Letters    int     `json:"letters"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	BytesOut   int64   `json:"bytes_out"`
	Failed     string  `json:"failed,omitempty"` // why there is no figure
}

// benchLetter is a line of the plan: a letter in the order in which it is printed.
type benchLetter struct {
	Path   string
	Job    int
	Class  exchange.Class
	Letter printjobs.Candidate
	To     cover.Address
	Title  string
}

// benchSenders are who the letters are from. Nobody's.
var benchSenders = []cover.Sender{
	{Name: "Eksempel kommune, Skattekontoret", Line1: "Postboks 1", Postcode: "0001", City: "OSLO",
		Text: "Har du spørsmål, ta kontakt med oss. Oppgi forsendelses-ID."},
	{Name: "Eksempel kommune, Skolekontoret", Line1: "Eksempelveien 2", Postcode: "0001", City: "OSLO"},
}

func benchAccount(i int) string { return "avsender-" + strconv.Itoa(i%len(benchSenders)+1) }

// benchAddress makes up who letter i goes to.
func benchAddress(i int) cover.Address {
	return cover.Address{
		Name:  fmt.Sprintf("Mottaker nummer %d", i+1),
		Line1: fmt.Sprintf("Eksempelveien %d", i%200+1),
		// Spread, so that the order of print is not the order on disk.
		Postcode: fmt.Sprintf("%04d", i*7919%10_000), City: "EKSEMPELSTAD",
	}
}

// benchProfile is a vendor with usual limits that takes the letters of all senders in one job, and reads a mark on every
// sheet.
func benchProfile() printjobs.Profile {
	p := printjobs.DefaultProfile()
	p.PoolAccounts = true
	p.Marks.DataMatrix = impose.DataMatrix{XMM: 5, YMM: 80, ModuleMM: 0.5}
	return p
}

// benchCreated stands in tickets and on covers.
var benchCreated = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// bench is one measurement.
type bench struct {
	*cli.Options
	benchOptions
	dir  string // of its temporary files
	pdfs []benchPDF
	out  benchResult
}

// benchPDF is one of the PDFs that are repeated.
type benchPDF struct {
	path  string
	bytes int64
	facts prepare.Facts
}

func printFile(ctx context.Context, o *cli.Options, b benchOptions) (_ *benchResult, err error) {
	m := &bench{Options: o, benchOptions: b}
	m.out = benchResult{Letters: b.letters, Cores: runtime.NumCPU(), Workers: b.workers, Rounds: b.rounds, PrepareOnce: b.prepareOnce, ComposeThreads: 1}
	if err := m.find(); err != nil {
		return nil, err
	}
	if m.dir, err = os.MkdirTemp(b.work, "postgang-bench-*"); err != nil {
		return nil, fmt.Errorf("make folder for temporary files (choose another with --work): %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(m.dir)) }()
	for _, step := range []func(context.Context) error{m.prepare, m.plan, m.measure, m.comparePeers} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &m.out, nil
}

// find lists the PDFs, by name so that the same folder gives the same letters.
func (m *bench) find() error {
	entries, err := os.ReadDir(m.from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.EqualFold(filepath.Ext(e.Name()), ".pdf") {
			continue
		}
		path := filepath.Join(m.from, e.Name())
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("look at the PDFs: %w", err)
		}
		if info.Mode().IsRegular() {
			m.pdfs = append(m.pdfs, benchPDF{path: path, bytes: info.Size()})
		}
	}
	if len(m.pdfs) == 0 {
		return fmt.Errorf("%s holds no file named *.pdf", m.from)
	}
	return nil
}

// prepared is where the prepared file of letter i lies.
func (m *bench) prepared(i int) string {
	return filepath.Join(m.dir, "prepared", strconv.Itoa(i/benchFolderSize), strconv.Itoa(i)+".pdf")
}

// original is where PDF i lies prepared, outside the measurement.
func (m *bench) original(i int) string {
	return filepath.Join(m.dir, "originals", strconv.Itoa(i)+".pdf")
}

// prepare prepares each PDF once, which shows whether it can be printed, and then every letter.
func (m *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(m.dir, "originals"), 0o700); err != nil {
		return err
	}
	for i := 0; i < m.letters; i += benchFolderSize {
		if err := os.MkdirAll(filepath.Dir(m.prepared(i)), 0o700); err != nil {
			return err
		}
	}
	refusals := make([]*prepare.Refusal, len(m.pdfs))
	seconds, cpu, err := m.prepareAll(ctx, len(m.pdfs), "looking at the PDFs", func(i int) (string, string) {
		return m.pdfs[i].path, m.original(i)
	}, func(i int, facts prepare.Facts, why *prepare.Refusal) {
		m.pdfs[i].facts, refusals[i] = facts, why
	})
	if err != nil {
		return err
	}
	// A PDF is named by its place: its name may name a person.
	var kept []benchPDF
	for i, why := range refusals {
		if why != nil {
			fmt.Fprintf(m.Err, "PDF %d of %d, by name, is left out: %v\n", i+1, len(m.pdfs), why)
			continue
		}
		if err := os.Rename(m.original(i), m.original(len(kept))); err != nil {
			return err
		}
		kept = append(kept, m.pdfs[i])
	}
	m.out.RefusedPDFs = len(m.pdfs) - len(kept)
	if len(kept) == 0 {
		return fmt.Errorf("none of the %d PDFs can be printed", len(m.pdfs))
	}
	m.pdfs = kept
	m.out.PDFs = len(kept)

	if m.prepareOnce {
		m.out.PrepareSeconds, m.out.PrepareCPU, m.out.PreparedFiles = seconds, cpu, len(kept)
		return m.copies(ctx)
	}
	m.out.PreparedFiles = m.letters
	m.out.PrepareSeconds, m.out.PrepareCPU, err = m.prepareAll(ctx, m.letters, "preparing", func(i int) (string, string) {
		return m.pdfs[i%len(m.pdfs)].path, m.prepared(i)
	}, nil)
	return err
}

// prepareAll prepares n files in guarded workers. done, unless nil, is told of each; without it a refusal is an error.
func (m *bench) prepareAll(ctx context.Context, n int, what string, file func(i int) (from, to string), done func(int, prepare.Facts, *prepare.Refusal)) (seconds, cpu float64, err error) {
	workers, err := prepare.NewPool(prepare.PoolOptions{Workers: m.workers})
	if err != nil {
		return 0, 0, err
	}
	step, finish := m.Progress(what)
	defer finish()
	cpuBefore, start := cpuSeconds(), time.Now()
	var ready atomic.Int64
	p := pool.New().WithMaxGoroutines(m.workers).WithContext(ctx).WithCancelOnError().WithFirstError()
	for i := range n {
		p.Go(func(ctx context.Context) error {
			from, to := file(i)
			facts, err := workers.Letter(ctx, prepare.Request{Documents: []prepare.Document{{Path: from}}, Output: to, Volatile: true})
			var why *prepare.Refusal
			if errors.As(err, &why) && done != nil {
				err = nil
			}
			if err != nil {
				return fmt.Errorf("letter %d: %w", i+1, err)
			}
			if done != nil {
				done(i, facts, why)
			}
			if k := ready.Add(1); step != nil && (k%16 == 0 || k == int64(n)) {
				step(int(k), n)
			}
			return nil
		})
	}
	err = p.Wait()
	seconds = time.Since(start).Seconds()
	err = errors.Join(err, workers.Close()) // their CPU time is known when they have ended
	return seconds, cpuSeconds() - cpuBefore, err
}

// copies gives each letter a prepared file of its own.
func (m *bench) copies(ctx context.Context) error {
	for i := range m.letters {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := os.ReadFile(m.original(i % len(m.pdfs)))
		if err != nil {
			return err
		}
		if err := os.WriteFile(m.prepared(i), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (m *bench) planPath() string { return filepath.Join(m.dir, "plan.jsonl") }

// plan plans the letters into jobs and writes the plan down, a line a letter.
func (m *bench) plan(context.Context) error {
	candidates := make([]printjobs.Candidate, m.letters)
	for i := range candidates {
		pdf := m.pdfs[i%len(m.pdfs)]
		candidates[i] = printjobs.Candidate{
			Shipment: fmt.Sprintf("maaling-%08d", i), Account: benchAccount(i), Konteringskode: strconv.Itoa(1000 + i%12),
			Postcode: benchAddress(i).Postcode, Zone: exchange.ZoneNorway, Facts: pdf.facts, Duplex: true,
		}
		m.out.Pages += len(pdf.facts.Pages)
		m.out.BytesIn += pdf.bytes
		m.out.BytesPrepared += pdf.facts.Bytes
	}
	jobs, aside, err := printjobs.Plan(candidates, benchProfile())
	if err != nil {
		return err
	}
	if len(aside) > 0 {
		return fmt.Errorf("%d letters cannot be laid on sheets, the first because: %s. Take those PDFs out of the folder", len(aside), aside[0].Code)
	}
	f, err := os.OpenFile(m.planPath(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for n, j := range jobs {
		m.out.LargestJob = max(m.out.LargestJob, len(j.Letters))
		for _, l := range j.Letters {
			i, err := strconv.Atoi(strings.TrimPrefix(l.Shipment, "maaling-"))
			if err != nil {
				return err
			}
			if err := enc.Encode(benchLetter{Path: m.prepared(i), Job: n + 1, Class: j.Class, Letter: l.Candidate, To: benchAddress(i), Title: "Vedtak i en sak som er et eksempel"}); err != nil {
				return fmt.Errorf("write plan: %w", err)
			}
		}
	}
	m.out.Jobs = len(jobs)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return f.Close()
}

// Parts of the measurement that run in a process of their own.
const (
	partCat      = "cat"
	partLink     = "link"
	partDistinct = "link-distinct"
	partCompose  = "compose"
)

// measure runs the parts in turn, so that what else the machine does falls on all of them.
func (m *bench) measure(ctx context.Context) error {
	settle() // what preparing has written is not to be written out while something else is measured
	parts := []string{partCat, partLink, partDistinct, partCompose}
	all := make(map[string][]benchPart)
	step, finish := m.Progress("measuring")
	defer finish()
	done, total := 0, m.rounds*len(parts)*m.letters
	for range m.rounds {
		for _, kind := range parts {
			r, err := m.part(ctx, kind, func(n int) {
				if step != nil {
					step(done+n, total)
				}
			})
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			done += m.letters
			all[kind] = append(all[kind], r)
		}
	}
	wall := func(r benchPart) float64 { return r.Seconds }
	cpu := func(r benchPart) float64 { return r.CPUSeconds }
	of := func(kind string, f func(benchPart) float64) []float64 {
		list := make([]float64, m.rounds)
		for i, r := range all[kind] {
			list[i] = f(r)
		}
		return list
	}
	o := &m.out
	o.CatSeconds, o.CatCPU = median(of(partCat, wall)), median(of(partCat, cpu))
	o.LinkSeconds, o.LinkCPU = median(of(partLink, wall)), median(of(partLink, cpu))
	o.DistinctSeconds, o.DistinctCPU = median(of(partDistinct, wall)), median(of(partDistinct, cpu))
	o.ComposeSeconds, o.ComposeCPU = median(of(partCompose, wall)), median(of(partCompose, cpu))
	toCat := func(kind string) float64 {
		list := of(kind, wall)
		for i, c := range of(partCat, wall) {
			list[i] /= c
		}
		return median(list)
	}
	o.LinkToCat, o.DistinctToCat = toCat(partLink), toCat(partDistinct)
	peak := func(r benchPart) float64 { return r.PeakRSS }
	o.PeakRSS, o.LinkPeakRSS = slices.Max(of(partCompose, peak)), slices.Max(of(partLink, peak))
	o.BytesLinked, o.BytesDistinct = all[partLink][0].Bytes, all[partDistinct][0].Bytes
	c := all[partCompose][0]
	o.BytesOut, o.PrintFiles, o.Sheets, o.Sides = c.Bytes, c.Files, c.Sheets, c.Sides
	return nil
}

// median of at least one value; of an even number, the mean of the two in the middle.
func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// benchPart is what a part tells on its standard output, a JSON line each time; the last has Seconds.
type benchPart struct {
	Done       int     `json:"done,omitempty"` // letters
	Seconds    float64 `json:"seconds,omitempty"`
	CPUSeconds float64 `json:"cpu_seconds,omitempty"`
	PeakRSS    float64 `json:"peak_rss_mb,omitempty"`
	Bytes      int64   `json:"bytes,omitempty"`
	Files      int     `json:"files,omitempty"`
	Sheets     int     `json:"sheets,omitempty"`
	Sides      int     `json:"sides,omitempty"`
}

// part runs one part in a process of its own and removes what it wrote.
func (m *bench) part(ctx context.Context, kind string, step func(done int)) (benchPart, error) {
	exe, err := os.Executable()
	if err != nil {
		return benchPart{}, err
	}
	out := filepath.Join(m.dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return benchPart{}, err
	}
	cmd := exec.CommandContext(ctx, exe, "bench", "part", kind, "--plan", m.planPath(), "--out", out)
	cmd.Stderr = m.Err
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return benchPart{}, err
	}
	if err := cmd.Start(); err != nil {
		return benchPart{}, err
	}
	var last benchPart
	dec := json.NewDecoder(stdout)
	var said error
	for {
		var r benchPart
		if said = dec.Decode(&r); said != nil {
			break
		}
		last = r
		step(r.Done)
	}
	if err := errors.Join(cmd.Wait(), ctx.Err()); err != nil {
		return benchPart{}, err
	}
	if !errors.Is(said, io.EOF) || last.Seconds <= 0 || last.Done != m.letters {
		return benchPart{}, fmt.Errorf("the measuring process told of %d of %d letters only", last.Done, m.letters)
	}
	return last, os.RemoveAll(out)
}

// newBenchPart is what part runs; people have no use for it.
func newBenchPart(o *cli.Options) *cobra.Command {
	var plan, out string
	cmd := &cobra.Command{
		Use: "part KIND", Hidden: true, Args: cobra.ExactArgs(1),
		Short: "One part of a measurement, run by print-file in a process of its own",
		RunE: func(cmd *cobra.Command, args []string) error {
			run, ok := map[string]func(context.Context, iter.Seq2[benchLetter, error], string, func(int)) (benchPart, error){
				partCat: benchCat, partCompose: benchCompose,
				partLink: func(ctx context.Context, l iter.Seq2[benchLetter, error], dir string, step func(int)) (benchPart, error) {
					return benchLink(ctx, l, dir, printfile.Options{TempDir: dir}, step)
				},
				partDistinct: func(ctx context.Context, l iter.Seq2[benchLetter, error], dir string, step func(int)) (benchPart, error) {
					return benchLink(ctx, l, dir, printfile.Options{TempDir: dir, MaxShared: benchDistinct}, step)
				},
			}[args[0]]
			if !ok {
				return cli.Usage("%q is no part of a measurement", args[0])
			}
			enc := json.NewEncoder(o.Out)
			done := 0
			cpu, start := cpuSeconds(), time.Now()
			r, err := run(cmd.Context(), readPlan(plan), out, func(n int) {
				done = n
				if n%500 == 0 {
					_ = enc.Encode(benchPart{Done: n}) // a parent that does not read has gone
				}
			})
			if err != nil {
				return err
			}
			r.Done, r.Seconds, r.CPUSeconds, r.PeakRSS = done, time.Since(start).Seconds(), cpuSeconds()-cpu, peakRSS()
			return enc.Encode(r)
		},
	}
	cmd.Flags().StringVar(&plan, "plan", "", "the plan, a JSON line a letter")
	cmd.Flags().StringVar(&out, "out", "", "folder to write into")
	return cmd
}

// benchDistinct is how many shared objects the linker remembers when letters are to be linked as if all were different:
// about those of one letter.
const benchDistinct = 64

// readPlan reads a plan letter by letter.
func readPlan(path string) iter.Seq2[benchLetter, error] {
	return func(yield func(benchLetter, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(benchLetter{}, err)
			return
		}
		defer f.Close()
		dec := json.NewDecoder(bufio.NewReader(f))
		for {
			var l benchLetter
			err := dec.Decode(&l)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// benchCat does what cat does: it reads file after file into a buffer and writes it out.
func benchCat(ctx context.Context, letters iter.Seq2[benchLetter, error], dir string, step func(int)) (benchPart, error) {
	// cat's own buffer. The kernel's shortcut from file to file is not taken: it may move no bytes at all.
	buf := make([]byte, 128<<10)
	out, err := os.OpenFile(filepath.Join(dir, "cat"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return benchPart{}, err
	}
	defer out.Close()
	var r benchPart
	n := 0
	for l, err := range letters {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return benchPart{}, err
		}
		in, err := os.Open(l.Path)
		if err != nil {
			return benchPart{}, err
		}
		k, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, buf)
		in.Close()
		if err != nil {
			return benchPart{}, err
		}
		r.Bytes += k
		n++
		step(n)
	}
	return r, out.Close()
}

// benchLink links all letters into one print file, each page on a side as it is.
func benchLink(ctx context.Context, letters iter.Seq2[benchLetter, error], dir string, opt printfile.Options, step func(int)) (benchPart, error) {
	out, err := os.OpenFile(filepath.Join(dir, "link.pdf"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return benchPart{}, err
	}
	defer out.Close()
	linker := printfile.NewLinker(out, opt)
	n := 0
	for l, err := range letters {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return benchPart{}, err
		}
		if err := linkOne(linker, l.Path); err != nil {
			return benchPart{}, err
		}
		n++
		step(n)
	}
	res, err := linker.Close()
	if err != nil {
		return benchPart{}, err
	}
	return benchPart{Bytes: res.Bytes, Sides: res.Sides, Files: 1}, out.Close()
}

func linkOne(linker *printfile.Linker, path string) error {
	f, err := openSource(path)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := printfile.OpenPrepared(f, f.Size())
	if err != nil {
		return err
	}
	for i := range p.NumPages() {
		w, h := p.PageSize(i)
		side := printfile.Side{Width: w, Height: h, Placements: []printfile.Placement{{Source: p, Page: i, Matrix: printfile.Identity}}}
		if err := linker.AddSide(side); err != nil {
			return err
		}
	}
	linker.Release(p)
	return nil
}

// benchSource is an open prepared file.
type benchSource struct {
	*os.File
	size int64
}

func (s benchSource) Size() int64 { return s.size }

func openSource(path string) (benchSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return benchSource{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return benchSource{}, errors.Join(err, f.Close())
	}
	return benchSource{f, info.Size()}, nil
}

// benchCompose composes the jobs one after the other, each letter read from the plan when its turn comes.
func benchCompose(ctx context.Context, letters iter.Seq2[benchLetter, error], dir string, step func(int)) (benchPart, error) {
	p := benchProfile()
	makers := make(map[string]*cover.Maker)
	for i, s := range benchSenders {
		m, err := cover.New(p.Layout, s)
		if err != nil {
			return benchPart{}, err
		}
		makers[benchAccount(i)] = m
	}
	next, stop := iter.Pull2(letters)
	defer stop()
	var r benchPart
	n := 0
	l, err, more := next()
	for more && err == nil {
		job := printjobs.Job{
			ID: fmt.Sprintf("MAAL%06d", l.Job), Vendor: "eksempel", Created: benchCreated, Class: l.Class, Makers: makers,
			Letters: func(yield func(printjobs.Letter, error) bool) {
				for this := l.Job; more && err == nil && l.Job == this; l, err, more = next() {
					path := l.Path
					if !yield(printjobs.Letter{
						PlannedLetter: printjobs.PlannedLetter{Candidate: l.Letter}, // its figures are worked out anew
						Cover:         cover.Letter{ShipmentID: l.Letter.Shipment, Recipient: l.To, Title: l.Title, Date: benchCreated},
						Open:          func(context.Context) (printjobs.Source, error) { return openSource(path) },
					}, nil) {
						return
					}
				}
			},
		}
		composed, failed := printjobs.Compose(ctx, filepath.Join(dir, job.ID), job, p, func(done int) { step(n + done) })
		if failed != nil {
			return benchPart{}, failed
		}
		t := composed.Ticket.Totals
		n += t.Letters
		r.Bytes += t.Bytes
		r.Sheets += t.Sheets
		r.Sides += t.Sides
		r.Files += len(composed.Ticket.PrintFiles())
	}
	return r, err
}

// comparePeers measures other tools that put PDFs together.
func (m *bench) comparePeers(ctx context.Context) error {
	if !m.peers {
		return nil
	}
	n := min(m.letters, m.peerLetters)
	dir, out := filepath.Join(m.dir, "raw"), filepath.Join(m.dir, "peer.pdf")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	// A file for each letter: a tool may notice that it was given the same one twice.
	paths := make([]string, n)
	for i := range paths {
		data, err := os.ReadFile(m.pdfs[i%len(m.pdfs)].path)
		if err != nil {
			return err
		}
		paths[i] = filepath.Join(dir, strconv.Itoa(i)+".pdf")
		if err := os.WriteFile(paths[i], data, 0o600); err != nil {
			return err
		}
	}
	// pdfcpu of its own makes folders of settings, and bookmarks that print files do not need.
	pdfcpu := []string{"merge", "--conf", "disable", "--bookmarks=false"}
	for _, peer := range []struct {
		tool string
		args []string
	}{
		{"pdfcpu --opt=false", slices.Concat(pdfcpu, []string{"--opt=false", out}, paths)},
		{"pdfcpu", slices.Concat(pdfcpu, []string{out}, paths)},
		{"qpdf", slices.Concat([]string{"--empty", "--pages"}, paths, []string{"--", out})},
		{"mutool", slices.Concat([]string{"merge", "-o", out}, paths)},
		{"pdfunite", slices.Concat(paths, []string{out})},
	} {
		r := benchPeer{Tool: peer.tool, Letters: n}
		limited, cancel := context.WithTimeout(ctx, benchPeerTime)
		program, _, _ := strings.Cut(peer.tool, " ")
		cmd := exec.CommandContext(limited, program, peer.args...) // what it prints may quote a letter: nobody reads it
		start := time.Now()
		err := cmd.Run()
		r.Seconds = time.Since(start).Seconds()
		late := limited.Err() != nil
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if cmd.ProcessState != nil {
			r.CPUSeconds = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		}
		info, gone := os.Stat(out)
		switch {
		case errors.Is(err, exec.ErrNotFound):
			r.Failed = "not installed"
		case late:
			r.Failed = fmt.Sprintf("not done in %v", benchPeerTime)
		case gone != nil:
			r.Failed = "wrote nothing"
		default: // warnings about a PDF are not our matter
			r.BytesOut = info.Size()
		}
		m.out.Peers = append(m.out.Peers, r)
		if err := os.Remove(out); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// table shows the result to people.
func (r *benchResult) table(w io.Writer) {
	const mb = 1 << 20
	size := func(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/mb) }
	fmt.Fprintf(w, "%d letters of %d PDFs, %d pages, %s MB; %d cores; median of %d rounds.\n", r.Letters, r.PDFs, r.Pages, size(r.BytesIn), r.Cores, r.Rounds)
	if r.RefusedPDFs > 0 {
		fmt.Fprintf(w, "%d PDFs cannot be printed and were left out.\n", r.RefusedPDFs)
	}
	fmt.Fprintln(w)
	prepared := fmt.Sprintf("prepare×%d", r.Workers)
	cli.Table(w, "STEP LETTERS WALL_S CPU_S LETTERS/S PAGES/S MB_OUT ×CAT", func(row func(...any)) {
		line := func(step string, letters int, wall, cpu float64, bytes int64, ratio string) {
			pages := float64(r.Pages) * float64(letters) / float64(r.Letters)
			row(step, letters, fmt.Sprintf("%.3f", wall), fmt.Sprintf("%.3f", cpu), fmt.Sprintf("%.0f", float64(letters)/wall),
				fmt.Sprintf("%.0f", pages/wall), size(bytes), ratio)
		}
		line("cat", r.Letters, r.CatSeconds, r.CatCPU, r.BytesPrepared, "1")
		line("link", r.Letters, r.LinkSeconds, r.LinkCPU, r.BytesLinked, fmt.Sprintf("%.2f", r.LinkToCat))
		line("link_distinct", r.Letters, r.DistinctSeconds, r.DistinctCPU, r.BytesDistinct, fmt.Sprintf("%.2f", r.DistinctToCat))
		line("compose", r.Letters, r.ComposeSeconds, r.ComposeCPU, r.BytesOut, "")
		line(prepared, r.PreparedFiles, r.PrepareSeconds, r.PrepareCPU, r.BytesPrepared/int64(r.Letters)*int64(r.PreparedFiles), "")
		for _, p := range r.Peers {
			if p.Failed != "" {
				row(p.Tool, p.Letters, p.Failed, "", "", "", "", "")
				continue
			}
			line(p.Tool, p.Letters, p.Seconds, p.CPUSeconds, p.BytesOut, "")
		}
	})
	fmt.Fprintln(w)
	if r.PrepareOnce {
		fmt.Fprintln(w, "Each PDF was prepared once, not each letter (--prepare-once).")
	}
	fmt.Fprintf(w, "Composed: %d jobs, the largest of %d letters; %d print files, %d sheets, %d sides.\n", r.Jobs, r.LargestJob, r.PrintFiles, r.Sheets, r.Sides)
	if r.PeakRSS > 0 {
		fmt.Fprintf(w, "Peak memory, in a process of its own: composing %.1f MB, linking %.1f MB.\n", r.PeakRSS, r.LinkPeakRSS)
	}
	whole := (r.PrepareSeconds/float64(r.PreparedFiles) + r.ComposeSeconds/float64(r.Letters)) * 1e3
	fmt.Fprintf(w, "From PDF to print file, prepare×%d and compose: %.2f ms a letter", r.Workers, whole)
	for _, p := range r.Peers {
		if p.Failed == "" {
			fmt.Fprintf(w, "; %s %.2f (×%.2f)", p.Tool, p.Seconds/float64(p.Letters)*1e3, p.Seconds/float64(p.Letters)*1e3/whole)
		}
	}
	fmt.Fprintln(w, ".")
	if r.ComposeCPU > 0 {
		fmt.Fprintf(w, "Composing takes %.0f µs of CPU time a letter: %.0f pages a second and core.\n", r.ComposeCPU/float64(r.Letters)*1e6, float64(r.Pages)/r.ComposeCPU)
	}
}
