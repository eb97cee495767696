package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"postgang/billing/civil"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/find"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// finding is the flags of shipment find.
type finding struct {
	filter                find.Filter
	statuses, reasons     []string
	received, due, posted string
	name, address, number bool
	purpose               string
}

func newShipmentFind(o *options) *cobra.Command {
	var f finding
	cmd := &cobra.Command{
		Use:   "find [TEXT]",
		Short: "Find shipments by what people ask, the newest first",
		Long: `Finds shipments, the newest first, a page of --limit at a time; --after ID goes on after the last
one seen.

TEXT is an identifier, or a part of one with at least three characters: of a shipment, its
hand-in, the sender's reference (eksternReferanse), a print job, a receipt or an invoice. What
it is exactly comes first, then what begins with it, then what has it in it.

Without TEXT the flags say which: all that are given must be so. Days are 2026-11-30, a month
2026-11, or 2026-11-01..2026-11-30 with both in it; either end may be left out.

--name, --address and --number find by the recipient: by parts of words, in any order, with å
as a or aa and ø as o or oe. What is looked for is typed when it is asked for, or read from
standard input, a line each in that order. It is no argument, since everybody on the machine
sees the arguments of programs, and shells keep them. --purpose says why: the search is
written to the log of look-ups with your name before it is made, and what was looked for
is not kept.`,
		Example: `  postgang shipment find 3f2a91bc
  postgang shipment find --account skole --status sendt_print --received 2026-11
  postgang shipment find --name --purpose "ringte og spurte etter brevet"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.read(); err != nil {
				return err
			}
			if len(args) == 1 {
				if f.filters() || f.person() {
					return cli.Usage("give an identifier or flags, not both")
				}
				return o.identify(cmd.Context(), args[0], f.filter)
			}
			return o.find(cmd, f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.filter.Account, "account", "", "only this account")
	fs.StringSliceVar(&f.statuses, "status", nil, "only these statuses")
	fs.BoolVar(&f.filter.Held, "held", false, "only those that are set aside")
	fs.StringVar(&f.filter.Hold, "held-for", "", "only those that are set aside with this reason code")
	fs.StringSliceVar(&f.filter.Systems, "system", nil, "only those of these avgivende systemer")
	fs.StringVar(&f.filter.Konteringskode, "code", "", "only those with this konteringskode")
	fs.StringVar(&f.filter.Reference, "reference", "", "only those with this eksternReferanse, all of it; with --account")
	fs.StringSliceVar(&f.reasons, "reason", nil, "only those on their way to paper for these reasons")
	fs.StringVar(&f.filter.Job, "job", "", "only those that are or were in this print job")
	fs.StringVar(&f.received, "received", "", "only those received in these days")
	fs.StringVar(&f.due, "due", "", "only those due for paper in these days")
	fs.StringVar(&f.posted, "posted", "", "only those posted in these days")
	fs.BoolVar(&f.name, "name", false, "by parts of the recipient's name, which is read and no argument")
	fs.BoolVar(&f.address, "address", false, "by parts of the recipient's address, which is read and no argument")
	fs.BoolVar(&f.number, "number", false, "by the recipient's fødselsnummer or organisasjonsnummer, which is read and no argument")
	fs.StringVar(&f.purpose, "purpose", "", "why you look for a recipient; kept in the log of look-ups, so without personal data")
	fs.StringVar(&f.filter.After, "after", "", "go on after this shipment, an older one")
	fs.IntVar(&f.filter.Limit, "limit", 50, "at most so many; 0: all")
	return cmd
}

// person reports whether a recipient is looked for.
func (f *finding) person() bool { return f.name || f.address || f.number }

// filters reports whether any flag but --limit narrows what is listed.
func (f *finding) filters() bool {
	s := f.filter
	return s.Account != "" || len(s.Statuses) > 0 || s.Held || s.Hold != "" || len(s.Systems) > 0 || s.Konteringskode != "" || s.Reference != "" || len(s.Reasons) > 0 ||
		s.Job != "" || !s.Received.IsZero() || !s.Due.IsZero() || !s.Posted.IsZero() || s.After != ""
}

// read reads flags.
func (f *finding) read() error {
	var err error
	if f.filter.Statuses, err = oneOf("status", f.statuses, shipment.Statuses()); err != nil {
		return err
	}
	if f.filter.Reasons, err = oneOf("reason", f.reasons, shipment.Reasons()); err != nil {
		return err
	}
	for _, p := range []struct {
		flag, text string
		to         *find.Period
	}{{"received", f.received, &f.filter.Received}, {"due", f.due, &f.filter.Due}, {"posted", f.posted, &f.filter.Posted}} {
		if *p.to, err = parseDays(p.text); err != nil {
			return cli.Usage("--%s: %w", p.flag, err)
		}
	}
	switch {
	case f.filter.Reference != "" && f.filter.Account == "":
		return cli.Usage("--reference needs --account: a reference is its sender's own")
	case f.person() && strings.TrimSpace(f.purpose) == "":
		return cli.Usage("--purpose is missing: say in a few words why you look for a recipient, without personal data")
	case !f.person() && f.purpose != "":
		return cli.Usage("--purpose is for --name, --address and --number")
	}
	f.filter.Newest = true
	return nil
}

// parseDays reads a day, a month, or a first and a last day.
func parseDays(text string) (find.Period, error) {
	var p find.Period
	if text == "" {
		return p, nil
	}
	first, last, both := strings.Cut(text, "..")
	if !both {
		last = first
	}
	if first == "" && last == "" {
		return p, errors.New("want a day such as 2026-11-30, a month such as 2026-11, or two of them with .. between")
	}
	edge := func(text string, end bool) (time.Time, error) {
		if text == "" {
			return time.Time{}, nil
		}
		from, to, err := monthDays(text)
		if err != nil {
			if from, err = civil.Parse(text); err != nil {
				return time.Time{}, fmt.Errorf("%q is no day such as 2026-11-30 and no month such as 2026-11", text)
			}
			to = from.AddDays(1)
		}
		if end {
			from = to
		}
		return time.ParseInLocation(time.DateOnly, string(from), calendar.Oslo)
	}
	var err1, err2 error
	p.From, err1 = edge(first, false)
	p.To, err2 = edge(last, true)
	if err := errors.Join(err1, err2); err != nil {
		return p, err
	}
	if !p.From.IsZero() && !p.To.IsZero() && !p.From.Before(p.To) {
		return p, errors.New("ends before it begins")
	}
	return p, nil
}

// hitView is what an identifier was found as.
type hitView struct {
	Kind    find.Kind  `json:"kind"`
	ID      string     `json:"id"`
	Account string     `json:"account,omitempty"`
	Field   find.Field `json:"field"`
	Match   find.Match `json:"match"`
}

func (o *options) identify(ctx context.Context, text string, f find.Filter) error {
	limit := f.Limit
	if limit <= 0 {
		limit = mostHits
	}
	return o.with(ctx, false, func(a *app.App) error {
		hits, err := store.View(ctx, a.Archive, func(r store.Reader) ([]find.Hit, error) { return r.Identify(ctx, access.Scope{All: true}, text, limit) })
		if err != nil {
			return err
		}
		views := make([]hitView, len(hits))
		for i, h := range hits {
			views[i] = hitView(h)
		}
		return o.Print(views, func(w io.Writer) {
			if len(views) == 0 {
				fmt.Fprintln(w, "Nothing has this identifier, or has it in it. Names and addresses are looked for with --name and --address.")
				return
			}
			cli.Table(w, "KIND ID ACCOUNT FOUND-BY MATCH", func(row func(...any)) {
				for _, v := range views {
					row(v.Kind, v.ID, v.Account, v.Field, v.Match)
				}
			})
		})
	})
}

// mostHits is how many hits an identifier has at most.
const mostHits = 1000

func (o *options) find(cmd *cobra.Command, f finding) error {
	ctx := cmd.Context()
	q, err := f.ask(cmd.InOrStdin(), o.Err)
	if err != nil {
		return err
	}
	return o.with(ctx, false, func(a *app.App) error {
		var list []shipment.Shipment
		if f.filter.After != "" {
			s, err := store.View(ctx, a.Archive, func(r store.Reader) (shipment.Shipment, error) { return findShipment(ctx, r, f.filter.After) })
			if err != nil {
				return err
			}
			f.filter.After = s.ID
		}
		if f.person() {
			list, err = a.Engine.FindRecipient(ctx, access.Scope{All: true}, f.purpose, q, f.filter)
		} else {
			list, err = store.View(ctx, a.Archive, func(r store.Reader) ([]shipment.Shipment, error) { return r.Shipments(ctx, f.filter) })
		}
		if err == nil && len(list) == 0 {
			err = checkAccounts(a.Config, f.filter.Account)
		}
		if err != nil {
			return err
		}
		if f.person() {
			if all, err := a.Engine.RecipientsFindable(ctx); err != nil {
				return err
			} else if !all {
				fmt.Fprintln(o.Err, "postgang: some letters of before are not found by their recipients yet: \"postgang serve\" sees to it, or \"postgang archive index\" at once")
			}
		}
		views := make([]shipmentView, len(list))
		for i, s := range list {
			views[i] = viewShipment(s)
		}
		return o.Print(views, func(w io.Writer) { listShipments(w, views, f.filter.Limit) })
	})
}

// ask reads whom is looked for, a line each; on a terminal it is asked for.
func (f *finding) ask(in io.Reader, out io.Writer) (q recipient.Query, err error) {
	lines := bufio.NewScanner(in)
	file, typed := in.(*os.File)
	typed = typed && term.IsTerminal(int(file.Fd()))
	for _, p := range []struct {
		asked  bool
		prompt string
		to     *shipment.Private
	}{{f.name, "Name", &q.Name}, {f.address, "Address", &q.Address}, {f.number, "Number", &q.Number}} {
		if !p.asked {
			continue
		}
		if typed {
			fmt.Fprint(out, p.prompt+": ")
		}
		if !lines.Scan() {
			return q, errors.Join(cli.Usage("the %s to look for is missing on standard input", strings.ToLower(p.prompt)), lines.Err())
		}
		*p.to = shipment.Private(strings.TrimSpace(lines.Text()))
	}
	return q, nil
}
