package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/receipts"
	"postgang/engine/store"
)

func newManual(o *options) *cobra.Command {
	cmd := cli.Group("manual", "Print and post letters here: the queue, its files, and confirming what is posted",
		newManualList(o), newManualPrint(o), newManualConfirm(o))
	cmd.Long = `Vendors of kind = "manuell" have no print vendor: their jobs wait here until somebody prints
them. Take the files of a job with "manual print", post the letters, then "manual confirm".`
	return cmd
}

// manualView is a job in the queue.
type manualView struct {
	Job     string         `json:"job"`
	Vendor  string         `json:"vendor"`
	State   store.JobState `json:"state"`
	Next    string         `json:"next"` // "print" or "confirm"
	Letters int            `json:"letters"`
	Sheets  int            `json:"sheets"`
	Awaited int            `json:"letters_to_confirm"`
	Class   string         `json:"class"`
	Since   cli.Moment     `json:"since"`
	Overdue bool           `json:"overdue,omitempty"`
	// Who got the files, the last time, and when.
	TakenBy string     `json:"taken_by,omitempty"`
	Taken   cli.Moment `json:"taken,omitempty"`
}

func newManualList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list [VENDOR…]",
		Short: "The jobs that wait to be printed here, or to be confirmed as posted",
		RunE: func(cmd *cobra.Command, vendors []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := checkVendors(a.Config, vendors...); err != nil {
					return err
				}
				queue, err := a.Engine.ManualQueue(cmd.Context(), vendors...)
				if err != nil {
					return err
				}
				names, err := namesIn(cmd.Context(), a)
				if err != nil {
					return err
				}
				views := []manualView{}
				for _, m := range queue {
					v := manualView{
						Job: m.ID, Vendor: m.Vendor, State: m.State, Next: "print", Letters: m.Letters, Sheets: m.Totals.Sheets, Awaited: m.Awaited,
						Class: className(m.PrintJob), Since: cli.When(m.Created), Overdue: m.Overdue,
					}
					if m.Printed() {
						v.Next, v.Since = "confirm", cli.When(m.OfferedAt)
						v.Taken, v.TakenBy = cli.When(m.Given.At), takenBy(m, names)
					}
					views = append(views, v)
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "Nothing waits to be printed here or to be confirmed.")
						return
					}
					cli.Table(w, "JOB VENDOR NEXT LETTERS SHEETS TO_CONFIRM SINCE LATE TAKEN TAKEN_BY CLASS", func(row func(...any)) {
						for _, v := range views {
							late := ""
							if v.Overdue {
								late = "late"
							}
							row(v.Job, v.Vendor, v.Next, v.Letters, v.Sheets, v.Awaited, v.Since, orDash(late), orDash(v.Taken.String()), orDash(v.TakenBy), v.Class)
						}
					})
				})
			})
		},
	}
}

// takenBy is who got a job's files the last time.
func takenBy(m jobs.ManualJob, names map[string]string) string {
	if m.Given.By == "" {
		return m.GivenTo() // as earlier versions kept it
	}
	return shownActor(m.Given.By, names)
}

// printoutView is what was given out to be printed.
type printoutView struct {
	Job     string         `json:"job"`
	State   store.JobState `json:"state"`
	Files   []string       `json:"files,omitempty"`
	LeftOut int            `json:"letters_left_out,omitempty"`
	New     []string       `json:"new_jobs,omitempty"`
	Since   []int          `json:"letters_read_or_closed_since,omitempty"`
}

func newManualPrint(o *options) *cobra.Command {
	var p jobs.ManualPrint
	cmd := &cobra.Command{
		Use:   "print JOB DIR",
		Short: "Take the files of a job, to print and post its letters",
		Long: `Writes the print files of a job to a folder, and records that they were given out: the letters are
SENDT_PRINT, and cannot be taken back. They hold personal data: that you take them, with the
printing as the purpose, is written to the innsynslogg first, and you remove them when the letters
are posted. Letters that were read digitally or closed since the job was composed are left out; the
others then go into a new job, and nothing is written. If the command was interrupted, run it again.

A job that was given out before is refused, so that no letter is posted twice. --again gives it out
once more: say so only when nothing of it was posted.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.Job, p.Dir, p.By = args[0], args[1], access.By(cmd.Context()).Who()
			return o.with(cmd.Context(), false, func(a *app.App) error {
				out, err := a.Engine.PrintManual(cmd.Context(), p)
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no job %s; see \"postgang manual list\": %w", p.Job, err)
				}
				if err != nil {
					return err
				}
				v := printoutView{Job: out.Job.ID, State: out.Job.State, Files: out.Files, LeftOut: out.LeftOut, New: out.New, Since: out.Since}
				if v.LeftOut > 0 {
					v.State = store.JobWithdrawn
				}
				return o.Print(v, func(w io.Writer) { showPrintout(w, v) })
			})
		},
	}
	cmd.Flags().BoolVar(&p.Again, "again", false, "give out a job once more of which nothing was posted")
	return cmd
}

func showPrintout(w io.Writer, v printoutView) {
	switch {
	case len(v.New) > 0:
		fmt.Fprintf(w, "Nothing is written: %d letters of %s were read or closed meanwhile. The others are in %s: \"postgang serve\"\nor the next night composes it, then print that.\n", v.LeftOut, v.Job, strings.Join(v.New, ", "))
		return
	case v.LeftOut > 0:
		fmt.Fprintf(w, "Nothing is written: %d letters of %s were read or closed meanwhile, and no other is left.\n", v.LeftOut, v.Job)
		return
	}
	for _, f := range v.Files {
		fmt.Fprintln(w, "written:", f)
	}
	if len(v.Since) > 0 {
		fmt.Fprintf(w, "Letters %s were read or closed since the job was committed: take them out, if they are not to be posted,\nclose them (postgang shipment stop), and confirm the others by --letters.\n", strings.Trim(fmt.Sprint(v.Since), "[]"))
	}
	fmt.Fprintf(w, "Print and post them, then: postgang manual confirm %s\n", v.Job)
}

func newManualConfirm(o *options) *cobra.Command {
	c := receipts.ManualConfirmation{}
	var letters, posted string
	cmd := &cobra.Command{
		Use:   "confirm JOB",
		Short: "Say that the letters of a job are posted, which books their receipts",
		Long: `Books the receipts of letters that were printed and posted here, all of the job's or --letters: pages,
sheets and weight as they were sent, and the cost by the vendor's price list, if it has one. Their
status becomes PRINTET. What is confirmed already stays as it is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Job, c.By = args[0], access.By(cmd.Context()).Who()
			if cmd.Flags().Changed("letters") {
				n, err := parseNumbers(letters)
				if err != nil {
					return cli.Usage("--letters: %w", err)
				}
				c.Letters = n
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				var err error
				if c.Posted, err = postedAt(posted, a.Now()); err != nil {
					return cli.Usage("--posted: %w", err)
				}
				im, err := a.Engine.ConfirmManual(cmd.Context(), c)
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no job %s; see \"postgang manual list\": %w", c.Job, err)
				}
				if err != nil {
					return err
				}
				if shown := o.Print(im, func(w io.Writer) {
					if im.Rows == 0 {
						fmt.Fprintf(w, "All of these letters of %s are confirmed already.\n", c.Job)
						return
					}
					fmt.Fprintf(w, "%d letters of %s are booked as posted, kr %s net.\n", im.Applied, c.Job, im.Booked)
				}); shown != nil {
					return shown
				}
				return exchanged(nights.Exchanged{Receipts: []receipts.Imported{im}})
			})
		},
	}
	cmd.Flags().StringVar(&letters, "letters", "", "only these letter numbers of the job, e.g. 1-10,12")
	cmd.Flags().StringVar(&posted, "posted", "", "when they were posted, as 2006-01-02T15:04, Europe/Oslo (default now)")
	return cmd
}

// postedAt reads when letters were posted; nothing: now.
func postedAt(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", s, calendar.Oslo)
	if err != nil {
		return t, fmt.Errorf("%q is no time such as 2026-11-26T14:30", s)
	}
	return t, nil
}
