package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
)

// consoleOptions are the flags of bench console.
type consoleOptions struct {
	shipments int
	rounds    int
	work      string
	database  string
	keep      string
	only      string
	parts     []string
	letters   int
	nights    int
	time      time.Duration
	beside    bool // retention beside nights
	lean      bool
}

// consoleParts are what is measured.
var consoleParts = []string{"pages", "asked", "visit", "sides", "night", "retention", "due"}

func newBenchConsole(o *cli.Options) *cobra.Command {
	var b consoleOptions
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Measure the console on a large archive, and what people at work cost a night",
		Long: `Makes an archive of --shipments made-up letters of three years, with their events, print jobs, receipts and ledger, 40
accounts, 25 systems, 400 konteringskoder and 50 people who work in the console, and measures
  pages     every kind of page, as the console answers somebody: wall time, CPU time, and bytes
  asked     what pages and "postgang shipment find" ask of the archive, each by itself
  visit     all bytes of a first visit to the front page
  sides     the pages of a letter as pictures
  night     what 50 people at work cost a night of --letters letters, in CPU time and wall time: --nights nights with them
            and without, in turn
  due       --letters letters that are due found, planned and priced, and what "postgang status" asks
  retention what erasing takes that is due, for at most --time; with --beside-nights while nights of --letters letters run
CPU time is that of the program and, on this machine, of the PostgreSQL server. On a machine that does other work too it
is what counts.

In a temporary SQLite archive, which is removed, or in --database, an empty database of PostgreSQL (its user a superuser)
that is left as it is. --keep FOLDER keeps the archive, and uses it when it is there: with --database, that of the same
database.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.shipments < 1000 || b.shipments > benchMostLetters || b.rounds < 1 || b.letters < 1 || b.nights < 1 {
				return cli.Usage("want --shipments from 1000 to %d and at least one of --rounds, --letters and --nights", benchMostLetters)
			}
			for _, part := range b.parts {
				if !slices.Contains(consoleParts, part) {
					return cli.Usage("--parts: want some of %s", strings.Join(consoleParts, ", "))
				}
			}
			r, err := consoleBench(cmd.Context(), o, b)
			if err != nil {
				return fmt.Errorf("bench console: %w", err)
			}
			return o.Print(r, r.table)
		},
	}
	cmd.Flags().IntVar(&b.shipments, "shipments", 300_000, "number of letters")
	cmd.Flags().IntVar(&b.rounds, "rounds", 100, "how often each thing is asked")
	cmd.Flags().StringVar(&b.work, "work", "", "folder for the temporary archive (default: the system's); 3 million letters need 25 GB")
	cmd.Flags().StringVar(&b.database, "database", "", "an empty database of PostgreSQL to use instead, postgres://…")
	cmd.Flags().StringVar(&b.keep, "keep", "", "keep the archive in this folder")
	cmd.Flags().StringVar(&b.only, "only", "", "only what has this text in its name")
	cmd.Flags().StringSliceVar(&b.parts, "parts", []string{"pages", "asked", "visit", "sides"}, "what is measured, of "+strings.Join(consoleParts, ", "))
	cmd.Flags().IntVar(&b.letters, "letters", 2000, "letters of a night")
	cmd.Flags().DurationVar(&b.time, "time", 10*time.Minute, "how long retention erases at most")
	cmd.Flags().BoolVar(&b.lean, "lean", false, "leave events and the ledger out of what is multiplied, for parts that do not read them: due")
	cmd.Flags().BoolVar(&b.beside, "beside-nights", false, "retention erases beside nights of --letters letters")
	cmd.Flags().IntVar(&b.nights, "nights", 3, "nights with people, and as many without")
	return cmd
}

// consoleResult is the outcome, as programs read it.
type consoleResult struct {
	Shipments   int               `json:"shipments"`
	Database    string            `json:"database"`
	Bytes       int64             `json:"bytes"`
	MadeSeconds float64           `json:"made_seconds"`
	MadeCPU     float64           `json:"made_cpu_seconds"`
	Rounds      int               `json:"rounds"`
	Took        []consoleTime     `json:"took,omitempty"`
	FirstVisit  int               `json:"first_visit_bytes,omitempty"`
	Night       *consoleNight     `json:"night,omitempty"`
	Retention   *consoleRetention `json:"retention,omitempty"`
	Due         *consoleDue       `json:"due,omitempty"`
}

// consoleTime is how long it takes to answer one kind of question.
type consoleTime struct {
	What      string  `json:"what"`
	Median    float64 `json:"median_ms"`
	P95       float64 `json:"p95_ms"`
	Most      float64 `json:"slowest_ms"`
	CPUMedian float64 `json:"cpu_median_ms"`
	CPUP95    float64 `json:"cpu_p95_ms"`
	CPUMost   float64 `json:"cpu_slowest_ms"`
	KB        float64 `json:"kb"`             // of an answer, as it is sent; on average
	Rows      float64 `json:"rows,omitempty"` // likewise
}

func (r *consoleResult) table(w io.Writer) {
	fmt.Fprintf(w, "%d letters in %s (%.1f GB), made in %.0f s (%.0f s CPU). Each was asked %d times; milliseconds.\n\n",
		r.Shipments, r.Database, float64(r.Bytes)/1e9, r.MadeSeconds, r.MadeCPU, r.Rounds)
	if len(r.Took) > 0 {
		cli.Table(w, "WHAT MEDIAN P95 SLOWEST CPU_MEDIAN CPU_P95 CPU_SLOWEST KB ROWS", func(row func(...any)) {
			ms := func(v float64) string { return fmt.Sprintf("%.1f", v) }
			for _, t := range r.Took {
				row(t.What, ms(t.Median), ms(t.P95), ms(t.Most), ms(t.CPUMedian), ms(t.CPUP95), ms(t.CPUMost), ms(t.KB), ms(t.Rows))
			}
		})
	}
	if r.FirstVisit > 0 {
		fmt.Fprintf(w, "\nA first visit to the front page takes %.0f kB.\n", float64(r.FirstVisit)/1000)
	}
	if r.Due != nil {
		r.Due.table(w)
	}
	if r.Retention != nil {
		r.Retention.table(w)
	}
	if r.Night != nil {
		r.Night.table(w)
	}
}

func consoleBench(ctx context.Context, o *cli.Options, b consoleOptions) (_ *consoleResult, err error) {
	dir := b.keep
	if dir == "" {
		if dir, err = os.MkdirTemp(b.work, "postgang-bench-*"); err != nil {
			return nil, fmt.Errorf("make folder for the archive (choose another with --work): %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p, made, err := openConsole(ctx, o, dir, b.database, b.shipments, b.lean)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	r := &consoleResult{Shipments: b.shipments, Database: "SQLite", MadeSeconds: made.Seconds, MadeCPU: made.CPU, Rounds: b.rounds}
	if b.database != "" {
		r.Database = "PostgreSQL"
	}
	if r.Bytes, err = p.bytesOf(ctx); err != nil {
		return nil, err
	}
	cpu, err := p.processor(ctx)
	if err != nil {
		return nil, err
	}
	var all []question
	for _, part := range b.parts {
		switch part {
		case "pages":
			all = append(all, p.pages()...)
		case "asked":
			all = append(all, p.questions()...)
		case "sides":
			all = append(all, p.sides()...)
		case "visit":
			if r.FirstVisit, err = p.firstVisit(ctx); err != nil {
				return nil, err
			}
		}
	}
	for _, q := range all {
		if !strings.Contains(q.what, b.only) {
			continue
		}
		t, err := q.measure(ctx, b.rounds, cpu)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.what, err)
		}
		r.Took = append(r.Took, t)
		if o.Verbose {
			fmt.Fprintf(o.Err, "%s: %.1f %.1f %.1f ms, CPU %.1f %.1f ms\n", t.What, t.Median, t.P95, t.Most, t.CPUMedian, t.CPUP95)
		}
	}
	if slices.Contains(b.parts, "due") {
		if r.Due, err = p.findDue(ctx, b.letters, b.rounds, cpu); err != nil {
			return nil, fmt.Errorf("due: %w", err)
		}
	}
	if slices.Contains(b.parts, "retention") {
		letters := 0
		if b.beside {
			letters = b.letters
		}
		if r.Retention, err = p.retention(ctx, b.time, letters, cpu); err != nil {
			return nil, fmt.Errorf("retention: %w", err)
		}
	}
	if slices.Contains(b.parts, "night") {
		if r.Night, err = p.night(ctx, b.letters, b.nights, cpu); err != nil {
			return nil, fmt.Errorf("night: %w", err)
		}
	}
	return r, nil
}

// question is one kind of question.
type question struct {
	what string
	// ask asks it for the n-th time. rows is 0 for a page.
	ask func(ctx context.Context, n int) (bytes, rows int, err error)
	// before, when set, gets something ready that does not count.
	before func(ctx context.Context, n int) error
}

func (q question) measure(ctx context.Context, rounds int, cpu func() float64) (t consoleTime, err error) {
	var took, used []float64
	bytes, rows := 0, 0
	for n := range rounds {
		if q.before != nil {
			if err := q.before(ctx, n); err != nil {
				return t, err
			}
		}
		start, spent := time.Now(), cpu()
		b, r, err := q.ask(ctx, n)
		if err != nil {
			return t, err
		}
		took, used = append(took, float64(time.Since(start).Microseconds())/1000), append(used, 1000*(cpu()-spent))
		bytes, rows = bytes+b, rows+r
	}
	slices.Sort(took)
	slices.Sort(used)
	at := func(v []float64) float64 { return v[min(len(v)*95/100, len(v)-1)] }
	return consoleTime{
		What: q.what, Median: median(took), P95: at(took), Most: took[rounds-1], CPUMedian: median(used), CPUP95: at(used), CPUMost: used[rounds-1],
		KB: float64(bytes) / float64(rounds) / 1000, Rows: float64(rows) / float64(rounds),
	}, nil
}
