package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/find"
	"postgang/engine/recipient"
	"postgang/engine/scoped"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// consoleOptions are the flags of bench console.
type consoleOptions struct {
	shipments int
	rounds    int
	work      string
	database  string
	keep      string
}

func newBenchConsole(o *cli.Options) *cobra.Command {
	var b consoleOptions
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Measure what the console and \"postgang shipment find\" ask of a large archive",
		Long: `Makes an archive of --shipments made-up shipments of three years, some 40 accounts, 25 systems and 400
konteringskoder, and measures what people ask of it, each as they see it, with its rows read:
  list      the newest 50 by filters that many and few shipments pass, and further pages
  id        an identifier, whole, its beginning, or a part of it
  name      by a name, an address or a number, of many and of few people
  overview  all counts of the front page together
In a temporary SQLite archive, which is removed, or in --database, which must be empty and is left as it is.
--keep FILE keeps the SQLite archive, and uses it when it is there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.shipments < 1000 || b.shipments > benchMostLetters || b.rounds < 1 {
				return cli.Usage("want --shipments from 1000 to %d and at least one of --rounds", benchMostLetters)
			}
			r, err := consoleBench(cmd.Context(), o, b)
			if err != nil {
				return fmt.Errorf("bench console: %w", err)
			}
			return o.Print(r, r.table)
		},
	}
	cmd.Flags().IntVar(&b.shipments, "shipments", 300_000, "number of shipments")
	cmd.Flags().IntVar(&b.rounds, "rounds", 200, "how often each thing is asked")
	cmd.Flags().StringVar(&b.work, "work", "", "folder for the temporary archive (default: the system's); 3 million shipments need 15 GB")
	cmd.Flags().StringVar(&b.database, "database", "", "an empty database of PostgreSQL to use instead, postgres://…")
	cmd.Flags().StringVar(&b.keep, "keep", "", "keep the SQLite archive in this file")
	return cmd
}

// consoleResult is the outcome, as programs read it.
type consoleResult struct {
	Shipments   int           `json:"shipments"`
	Database    string        `json:"database"`
	Bytes       int64         `json:"bytes,omitempty"` // of the SQLite file
	MadeSeconds float64       `json:"made_seconds,omitempty"`
	Rounds      int           `json:"rounds"`
	Asked       []consoleTime `json:"asked"`
}

// consoleTime is how long it takes to answer one kind of question.
type consoleTime struct {
	What   string  `json:"what"`
	Median float64 `json:"median_ms"`
	P95    float64 `json:"p95_ms"`
	Most   float64 `json:"slowest_ms"`
	Rows   float64 `json:"rows"` // of an answer, on average
}

func (r *consoleResult) table(w io.Writer) {
	fmt.Fprintf(w, "%d shipments in %s", r.Shipments, r.Database)
	if r.Bytes > 0 {
		fmt.Fprintf(w, " (%.1f GB)", float64(r.Bytes)/1e9)
	}
	if r.MadeSeconds > 0 {
		fmt.Fprintf(w, ", made in %.0f s", r.MadeSeconds)
	}
	fmt.Fprintf(w, ". Each was asked %d times; milliseconds.\n\n", r.Rounds)
	cli.Table(w, "WHAT MEDIAN P95 SLOWEST ROWS", func(row func(...any)) {
		for _, a := range r.Asked {
			row(a.What, fmt.Sprintf("%.1f", a.Median), fmt.Sprintf("%.1f", a.P95), fmt.Sprintf("%.1f", a.Most), fmt.Sprintf("%.1f", a.Rows))
		}
	})
}

func consoleBench(ctx context.Context, o *cli.Options, b consoleOptions) (_ *consoleResult, err error) {
	r := &consoleResult{Shipments: b.shipments, Database: "PostgreSQL", Rounds: b.rounds}
	dsn, file := b.database, b.keep
	if dsn == "" {
		r.Database = "SQLite"
		if file == "" {
			dir, err2 := os.MkdirTemp(b.work, "postgang-bench-*")
			if err2 != nil {
				return nil, fmt.Errorf("make folder for the archive (choose another with --work): %w", err2)
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			file = filepath.Join(dir, "arkiv.db")
		}
		dsn = "sqlite:" + file
	}
	a, err := archive.Open(ctx, archive.Config{DSN: dsn})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	w := newConsoleWorld(b.shipments)
	have, err := store.View(ctx, a, func(rd store.Reader) (n int, err error) {
		counts, err := rd.CountShipments(ctx)
		for _, c := range counts {
			n += c.Count
		}
		return n, err
	})
	if err != nil {
		return nil, err
	}
	switch {
	case have == 0:
		start := time.Now()
		if err := w.fill(ctx, o, a); err != nil {
			return nil, err
		}
		r.MadeSeconds = time.Since(start).Seconds()
	case have != b.shipments || b.database != "":
		return nil, fmt.Errorf("the database has %d shipments already", have)
	}
	if file != "" {
		if info, err := os.Stat(file); err == nil {
			r.Bytes = info.Size()
		}
	}
	for _, q := range w.questions() {
		t, err := q.measure(ctx, a, b.rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.what, err)
		}
		r.Asked = append(r.Asked, t)
	}
	return r, nil
}

// question is one kind of question.
type question struct {
	what string
	ask  func(ctx context.Context, r store.Reader, n int) (rows int, err error) // n is the turn
}

func (q question) measure(ctx context.Context, a store.Archive, rounds int) (consoleTime, error) {
	var took []float64
	rows := 0
	for n := range rounds {
		start := time.Now()
		err := a.View(ctx, func(r store.Reader) error {
			got, err := q.ask(ctx, r, n)
			rows += got
			return err
		})
		if err != nil {
			return consoleTime{}, err
		}
		took = append(took, float64(time.Since(start).Microseconds())/1000)
	}
	slices.Sort(took)
	return consoleTime{What: q.what, Median: median(took), P95: took[len(took)*95/100], Most: took[len(took)-1], Rows: float64(rows) / float64(rounds)}, nil
}

const consolePage = 50

// questions are what people ask. Each turn asks for something else of its kind.
func (w *consoleWorld) questions() []question {
	list := func(what string, filter func(r *rand.Rand) find.Filter) question {
		return question{what, func(ctx context.Context, r store.Reader, n int) (int, error) {
			f := filter(w.turn(n))
			f.Newest, f.Limit = true, consolePage
			got, err := scoped.New(r, access.Scope{All: true}).Shipments(ctx, f)
			return len(got), err
		}}
	}
	bound := func(what string, accounts int, filter func(r *rand.Rand) find.Filter) question {
		return question{what, func(ctx context.Context, r store.Reader, n int) (int, error) {
			draw := w.turn(n)
			f := filter(draw)
			f.Newest, f.Limit = true, consolePage
			s := access.Scope{}
			for range accounts {
				s.Accounts = append(s.Accounts, w.account(draw.IntN(1<<30)))
			}
			slices.Sort(s.Accounts)
			s.Accounts = slices.Compact(s.Accounts)
			got, err := scoped.New(r, s).Shipments(ctx, f)
			return len(got), err
		}}
	}
	id := func(what string, text func(r *rand.Rand) string) question {
		return question{what, func(ctx context.Context, r store.Reader, n int) (int, error) {
			got, err := scoped.New(r, access.Scope{All: true}).Identify(ctx, text(w.turn(n)), consolePage)
			return len(got), err
		}}
	}
	name := func(what string, query func(r *rand.Rand) recipient.Query) question {
		return question{what, func(ctx context.Context, r store.Reader, n int) (int, error) {
			q, err := recipient.Look(query(w.turn(n)), benchHash)
			if err != nil {
				return 0, err
			}
			got, err := r.ShipmentsOfPerson(ctx, q, find.Filter{Limit: consolePage})
			return len(got), err
		}}
	}
	one := func(r *rand.Rand) consoleShipment { return w.shipment(r.IntN(w.many)) }
	return []question{
		list("list: all", func(*rand.Rand) find.Filter { return find.Filter{} }),
		list("list: a page deep down", func(r *rand.Rand) find.Filter { return find.Filter{After: one(r).id} }),
		list("list: account", func(r *rand.Rand) find.Filter { return find.Filter{Account: one(r).account} }),
		list("list: status", func(r *rand.Rand) find.Filter {
			return find.Filter{Statuses: []shipment.Status{w.status(r.IntN(w.many))}}
		}),
		list("list: konteringskode", func(r *rand.Rand) find.Filter { return find.Filter{Konteringskode: one(r).code} }),
		list("list: system and month", func(r *rand.Rand) find.Filter {
			s := one(r)
			return find.Filter{Systems: []string{s.system}, Received: find.Period{From: s.received.AddDate(0, 0, -15), To: s.received.AddDate(0, 0, 15)}}
		}),
		list("list: set aside", func(*rand.Rand) find.Filter { return find.Filter{Held: true} }),
		list("list: posted in a day", func(r *rand.Rand) find.Filter {
			s := one(r)
			return find.Filter{Posted: find.Period{From: s.received, To: s.received.AddDate(0, 0, 1)}}
		}),
		list("list: account, status, code", func(r *rand.Rand) find.Filter {
			s := one(r)
			return find.Filter{Account: s.account, Statuses: []shipment.Status{s.status}, Konteringskode: s.code}
		}),
		list("list: account and another's code", func(r *rand.Rand) find.Filter {
			return find.Filter{Account: one(r).account, Konteringskode: one(r).code, Reasons: []shipment.Reason{shipment.ReasonReserved}}
		}),
		bound("list: all of five accounts", 5, func(*rand.Rand) find.Filter { return find.Filter{} }),
		bound("list: refused ones of five accounts", 5, func(*rand.Rand) find.Filter {
			return find.Filter{Statuses: []shipment.Status{shipment.StatusAvvist, shipment.StatusFeiletUnderMotta}}
		}),
		id("id: whole", func(r *rand.Rand) string { return one(r).id }),
		id("id: its first eight", func(r *rand.Rand) string { return one(r).id[:8] }),
		id("id: six in the middle", func(r *rand.Rand) string { return one(r).id[26:32] }),
		id("id: hand-in", func(r *rand.Rand) string { return one(r).handIn }),
		id("id: part of a reference", func(r *rand.Rand) string { return one(r).reference[2:] }),
		id("id: nothing", func(r *rand.Rand) string { return fmt.Sprintf("finnes ikke %d", r.IntN(1000)) }),
		name("name: first and last", func(r *rand.Rand) recipient.Query { return recipient.Query{Name: shipment.Private(one(r).name)} }),
		name("name: part of a last one", func(r *rand.Rand) recipient.Query {
			for {
				words := strings.Fields(one(r).name)
				if last := []rune(words[len(words)-1]); len(last) > 5 {
					return recipient.Query{Name: shipment.Private(last[:5])}
				}
			}
		}),
		name("name: address", func(r *rand.Rand) recipient.Query {
			s := one(r)
			return recipient.Query{Address: shipment.Private(s.line + " " + s.postcode)}
		}),
		name("name: last one and address", func(r *rand.Rand) recipient.Query {
			s := one(r)
			words := strings.Fields(s.name)
			return recipient.Query{Name: shipment.Private(words[len(words)-1]), Address: shipment.Private(strings.Fields(s.line)[0])}
		}),
		name("name: number", func(r *rand.Rand) recipient.Query { return recipient.Query{Number: shipment.Private(one(r).number)} }),
		{"overview: by status, set aside", func(ctx context.Context, r store.Reader, _ int) (int, error) {
			v := scoped.New(r, access.Scope{All: true})
			counts, err := v.CountShipments(ctx)
			held, err2 := v.CountHeld(ctx)
			return len(counts) + len(held), errors.Join(err, err2)
		}},
		{"overview: nothing happens to", func(ctx context.Context, r store.Reader, _ int) (int, error) {
			got, err := scoped.New(r, access.Scope{All: true}).Unhandled(ctx, consoleNow.Add(-48*time.Hour))
			return len(got), err
		}},
		{"overview: overdue", func(ctx context.Context, r store.Reader, _ int) (int, error) {
			got, err := scoped.New(r, access.Scope{All: true}).Overdue(ctx, consoleNow)
			return len(got), err
		}},
	}
}
