package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

func newJob(o *options) *cobra.Command {
	return cli.Group("job", "Look at print jobs, order a reprint, take one back, settle an uncertain one",
		newJobShow(o), newJobList(o), newJobExport(o), newJobRelease(o), newJobReprint(o), newJobResolve(o), newJobWithdraw(o), newJobPlan(o))
}

type jobView struct {
	ID         string          `json:"id"`
	Vendor     string          `json:"vendor"`
	Parent     string          `json:"parent,omitempty"`
	Reprint    bool            `json:"reprint,omitempty"`
	Reprints   []string        `json:"reprints,omitempty"` // of this job
	State      store.JobState  `json:"state"`
	Class      string          `json:"class"`
	Created    cli.Moment      `json:"created"`
	Offered    cli.Moment      `json:"offered,omitempty"`
	Letters    int             `json:"letters"`
	Sheets     int             `json:"sheets"`
	Pages      int             `json:"pages"`
	Colour     int             `json:"pages_colour"`
	Bytes      int64           `json:"bytes"`
	Ticket     string          `json:"ticket,omitempty"`
	TicketSHA  string          `json:"ticket_sha256,omitempty"`
	Failures   int             `json:"failures,omitempty"`
	LastError  string          `json:"last_error,omitempty"`
	Missing    *int            `json:"letters_without_receipt,omitempty"` // counted where one job is shown
	Expected   *costView       `json:"expected,omitempty"`                // of the letters whose cost was known when the job was planned
	Unpriced   int             `json:"letters_without_price,omitempty"`
	Control    int             `json:"control_sheets,omitempty"`
	ControlOre *money.Ore      `json:"control_sheets_ore,omitempty"` // net, by the price list; not in Expected
	Files      []jobFileView   `json:"files,omitempty"`
	Rows       []jobLetterView `json:"letters_list,omitempty"`
	History    []jobEventView  `json:"history,omitempty"`
}

type jobFileView struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Bytes  int64  `json:"bytes"`
	Sides  int    `json:"sides,omitempty"`
	SHA256 string `json:"sha256"`
}

type jobLetterView struct {
	Letter         int             `json:"letter"`
	Shipment       string          `json:"shipment"`
	Konteringskode string          `json:"konteringskode"`
	Reason         shipment.Reason `json:"reason"`
	File           string          `json:"file,omitempty"`
	FirstSide      int             `json:"first_side,omitempty"`
	LastSide       int             `json:"last_side,omitempty"`
	Sheets         int             `json:"sheets"`
	Pages          int             `json:"pages"`
	Only           []int           `json:"only_sheets,omitempty"` // of a reprint of a part of the letter
	Gram           int             `json:"weight_gram"`
	Expected       *costView       `json:"expected,omitempty"` // when the job was planned
}

type jobEventView struct {
	At     cli.Moment     `json:"at"`
	From   store.JobState `json:"from"`
	To     store.JobState `json:"to"`
	Reason string         `json:"reason,omitempty"`
	By     string         `json:"by,omitempty"`
}

func viewJob(j store.PrintJob) jobView {
	return jobView{
		ID: j.ID, Vendor: j.Vendor, Parent: j.Parent, Reprint: j.Reprint, State: j.State, Class: className(j), Created: cli.When(j.Created), Offered: cli.When(j.OfferedAt),
		Letters: j.Letters, Sheets: j.Totals.Sheets, Pages: j.Totals.Pages, Colour: j.Totals.PagesColour, Bytes: j.Totals.Bytes,
		Ticket: j.Ticket, TicketSHA: j.TicketSHA, Failures: j.Failures, LastError: j.LastError,
	}
}

// className names what a job's letters have in common.
func className(j store.PrintJob) string {
	parts := []string{j.Class.Envelope, j.Class.Zone}
	if j.Class.Colour {
		parts = append(parts, "colour")
	}
	if j.Class.Duplex {
		parts = append(parts, "duplex")
	}
	if j.Class.Giro {
		parts = append(parts, "giro")
	}
	if j.Class.Account != "" {
		parts = append(parts, j.Class.Account)
	}
	if j.Reprint {
		parts = append(parts, "omtrykk")
	}
	return strings.Join(parts, " ")
}

func newJobList(o *options) *cobra.Command {
	var f store.JobFilter
	var states []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List print jobs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.States, err = oneOf("state of a job", states, store.JobStates()); err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				var list []store.PrintJob
				err := a.Archive.View(cmd.Context(), func(r store.Reader) error {
					var err error
					list, err = r.Jobs(cmd.Context(), f)
					return err
				})
				if err == nil && len(list) == 0 {
					err = checkVendors(a.Config, f.Vendor)
				}
				if err != nil {
					return err
				}
				views := make([]jobView, len(list))
				for i, j := range list {
					views[i] = viewJob(j)
				}
				return o.Print(views, func(w io.Writer) {
					cli.Table(w, "JOB STATE LETTERS SHEETS PAGES COLOUR CREATED OFFERED CLASS PROBLEM", func(row func(...any)) {
						for _, v := range views {
							row(v.ID, v.State, v.Letters, v.Sheets, v.Pages, v.Colour, v.Created, v.Offered, v.Class, v.LastError)
						}
					})
				})
			})
		},
	}
	cmd.Flags().StringVar(&f.Vendor, "vendor", "", "only this vendor")
	cmd.Flags().StringSliceVar(&states, "state", nil, "only these states")
	_ = cmd.RegisterFlagCompletionFunc("state", completeWords(store.JobStates()))
	return cmd
}

func newJobShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show JOB",
		Short: "Everything about one print job, with its letters and history",
		Args:  cobra.ExactArgs(1), ValidArgsFunction: o.completeJobs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				var v jobView
				err := a.Archive.View(ctx, func(r store.Reader) error {
					j, err := r.Job(ctx, args[0])
					if errors.Is(err, store.ErrNotFound) {
						return fmt.Errorf("no job %s; see \"postgang job list\": %w", args[0], err)
					}
					if err != nil {
						return err
					}
					v = viewJob(j)
					missing, err := r.Unreceipted(ctx, j.ID)
					if err != nil {
						return err
					}
					v.Missing = &missing
					children, err := r.Jobs(ctx, store.JobFilter{Parent: j.ID})
					if err != nil {
						return err
					}
					for _, c := range children {
						if c.Reprint {
							v.Reprints = append(v.Reprints, c.ID)
						}
					}
					files, err := r.JobFiles(ctx, j.ID)
					if err != nil {
						return err
					}
					var net money.Ore
					var priced bool
					if v.Control, net, priced = a.Engine.ControlSheetCost(j, files); priced {
						v.ControlOre = &net
					}
					for _, f := range files {
						v.Files = append(v.Files, jobFileView{f.File.Name, f.File.Kind, f.File.Bytes, f.File.Sides, f.File.SHA256})
					}
					rows, err := r.JobLetters(ctx, j.ID)
					if err != nil {
						return err
					}
					var production, postage money.Ore
					for _, l := range rows {
						if j.State.Uncomposed() {
							l.File, l.FirstSide, l.LastSide = "", 0, 0 // they may be half written, of files that are not there
						}
						row := jobLetterView{l.Letter, l.Shipment, l.Konteringskode, l.Reason, l.File, l.FirstSide, l.LastSide, l.Sheets, l.Pages, l.Only, l.WeightGram, nil}
						if c := l.Expected; c != nil {
							row.Expected = viewCost(c.Production, c.Postage)
							production, postage = production+c.Production, postage+c.Postage
						} else {
							v.Unpriced++
						}
						v.Rows = append(v.Rows, row)
					}
					if v.Unpriced < len(rows) {
						v.Expected = viewCost(production, postage)
					}
					names, err := r.ActorNames(ctx)
					if err != nil {
						return err
					}
					history, err := r.JobHistory(ctx, j.ID)
					for _, e := range history {
						v.History = append(v.History, jobEventView{cli.When(e.At), e.From, e.To, words.Why(e.Reason, words.English), shownActor(e.By, names)})
					}
					return err
				})
				if err != nil {
					return err
				}
				return o.Print(v, func(w io.Writer) { showJob(w, v) })
			})
		},
	}
}

func showJob(w io.Writer, v jobView) {
	fmt.Fprintf(w, "Job %s for %s: %s (%s)\n", v.ID, v.Vendor, v.State, v.Class)
	fmt.Fprintf(w, "  %d letters, %d sheets, %d pages (%d in colour), %d bytes; %d without receipt\n", v.Letters, v.Sheets, v.Pages, v.Colour, v.Bytes, *v.Missing)
	if v.Expected != nil {
		fmt.Fprintf(w, "  expected cost %s", v.Expected)
		if v.Unpriced > 0 {
			fmt.Fprintf(w, ", and %d letters whose cost was not known", v.Unpriced)
		}
		fmt.Fprintln(w)
	}
	if v.ControlOre != nil {
		fmt.Fprintf(w, "  and kr %s for %d control sheets\n", *v.ControlOre, v.Control)
	}
	switch {
	case v.Reprint:
		fmt.Fprintf(w, "  omtrykk av %s\n", v.Parent)
	case v.Parent != "":
		fmt.Fprintf(w, "  replaces %s\n", v.Parent)
	}
	if len(v.Reprints) > 0 {
		fmt.Fprintf(w, "  reprinted in part as %s\n", strings.Join(v.Reprints, ", "))
	}
	if v.LastError != "" {
		fmt.Fprintf(w, "  failed %d times, last: %s\n", v.Failures, v.LastError)
	}
	fmt.Fprintln(w, "Files:")
	for _, f := range v.Files {
		fmt.Fprintf(w, "  %s  %d bytes\n", f.Name, f.Bytes)
	}
	fmt.Fprintln(w, "Letters:")
	cli.Table(w, "NO SHIPMENT KONTERINGSKODE REASON SHEETS PAGES GRAM NET SIDES FILE", func(row func(...any)) {
		for _, l := range v.Rows {
			net := ""
			if l.Expected != nil {
				net = l.Expected.NetOre.String()
			}
			row(l.Letter, l.Shipment, l.Konteringskode, l.Reason, sheetsOf(l.Sheets, l.Only), l.Pages, l.Gram, net, fmt.Sprintf("%d-%d", l.FirstSide, l.LastSide), l.File)
		}
	})
	fmt.Fprintln(w, "History:")
	for _, e := range v.History {
		fmt.Fprintf(w, "  %s  %s → %s  %s%s\n", e.At, e.From, e.To, e.Reason, byWhom(e.By))
	}
}

// sheetsOf words how many sheets of a letter are printed, and which, when it is not all of them.
func sheetsOf(n int, only []int) string {
	if len(only) == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d (only %s)", n, strings.ReplaceAll(strings.Trim(fmt.Sprint(only), "[]"), " ", ","))
}

func newJobExport(o *options) *cobra.Command {
	var purpose string
	cmd := &cobra.Command{
		Use:   "export JOB DIR",
		Short: "Write a job's print files, manifest and ticket to a folder, to look at",
		Long: `Writes a job's files to a folder of your own. They hold personal data: that you looked at each
of its letters, and the purpose, is written to the innsynslogg first ("postgang log lookups"). A
job with a letter with krevNiva4Innlogging, whose pages are shown to nobody, is refused. To look
at them hands nothing to the vendor.`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: o.completeJobs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if why := access.BadPurpose(purpose); why != "" {
				return cli.Usage("--purpose: %s", why)
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				if _, err := a.Insight.Job(ctx, access.By(ctx), access.Scope{All: true}, args[0], purpose); err != nil {
					return err
				}
				paths, err := a.Engine.ExportJob(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				return o.Print(paths, func(w io.Writer) {
					for _, p := range paths {
						fmt.Fprintln(w, p)
					}
				})
			})
		},
	}
	cmd.Flags().StringVar(&purpose, "purpose", "", "why; kept in the innsynslogg, so without personal data (required)")
	_ = cmd.MarkFlagRequired("purpose") // the flag is there
	return cmd
}

func newJobPlan(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "plan JOB",
		Short: "Show as text what lies on each sheet of a print job",
		Long: `Shows the letters of a job, and sheet by sheet what is drawn on it, with its marks; pages are
document.page of the letter. The job is composed once more for it, into scratch space, which
takes as long as composing takes. To look changes nothing.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeJobs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if o.JSON {
					var text strings.Builder
					if err := a.Engine.WriteJobPlan(cmd.Context(), args[0], &text); err != nil {
						return err
					}
					return o.Print(map[string]any{"job": args[0], "plan": strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")}, nil)
				}
				w := bufio.NewWriter(o.Out)
				return errors.Join(a.Engine.WriteJobPlan(cmd.Context(), args[0], w), w.Flush())
			})
		},
	}
}

func newJobRelease(o *options) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "release JOB --reason TEXT",
		Short: "Let the letters of a rejected job be collected again, under a new job id",
		Long: `Lets the letters of a rejected job be collected again, under a new job id. Of a reprint
that was rejected or withdrawn it ends the alarm; order anew what is still wanted. --reason is kept in
the history and shown to everybody who looks: write no personal data in it.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeJobs(store.JobRejected, store.JobWithdrawn),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := reasoned(reason); err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				n, err := a.Engine.ReleaseJob(cmd.Context(), args[0], reason)
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"job": args[0], "letters": n}, func(w io.Writer) {
					fmt.Fprintf(w, "%d letters of %s are free again\n", n, args[0])
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	return cmd
}
