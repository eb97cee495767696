package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/nights"
	"postgang/engine/store"
	"postgang/engine/words"
)

// resolveView is the resolution of an uncertain job, done or only planned.
type resolveView struct {
	Job     string   `json:"job"`
	Vendor  string   `json:"vendor"`
	Letters int      `json:"letters"`
	Why     string   `json:"uncertain_because"`
	Offered bool     `json:"offered"` // as the vendor says
	Reprint bool     `json:"reprint,omitempty"`
	LeftOut int      `json:"letters_left_out,omitempty"`
	Done    bool     `json:"resolved"`
	New     []string `json:"new_jobs,omitempty"`
}

func newJobResolve(o *options) *cobra.Command {
	var r nights.Resolution
	var not, yes bool
	cmd := &cobra.Command{
		Use:   "resolve JOB --offered | --not-offered",
		Short: "Settle a job that is UNCERTAIN, after you have asked the vendor",
		Long: `Settles a job that is UNCERTAIN. Ask the vendor first: by the job's id and its ticket ("postgang
job show"). An answer or a receipt of the vendor settles it by itself.

  --offered      the vendor has the job: it goes on as OFFERED, and its answer and receipts are
                 waited for. Nothing is sent. The vendor's side is looked at, and if it has another
                 job under the id, by its ticket or manifest, this is refused.
  --not-offered  the vendor confirms that it has not got the job and will not print it. The
                 vendor's side is looked at once more, and if a ready file, an answer or a receipt
                 is there this is refused. What is left of the job's files is taken back, the job
                 is WITHDRAWN, and its letters are planned anew under a new id, without those
                 that were read, closed or set aside meanwhile. A reprint is only ended: order
                 anew what is still wanted. It takes two persons: the first is noted, and it
                 is done when another person does the same within 7 days.

The vendor must never remove answers or ready files for this: they tell what was handed over,
and without them letters would be printed twice. What lies there settles the job by itself, or
"postgang recover" does.

What will happen is shown first. It is done with --yes, or when you say so on a terminal. --reason
is kept in the job's history and shown to everybody who looks: write no personal data in it.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeJobs(store.JobUncertain),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.Offered == not {
				return cli.Usage("say what the vendor says: --offered or --not-offered")
			}
			if strings.TrimSpace(r.Reason) == "" {
				return cli.Usage("--reason is missing: say in a few words what the vendor has told, without personal data")
			}
			r.Job = args[0]
			return o.with(cmd.Context(), false, func(a *app.App) error { return o.resolve(cmd, a, r, yes) })
		},
	}
	cmd.Flags().BoolVar(&r.Offered, "offered", false, "the vendor has the job")
	cmd.Flags().BoolVar(&not, "not-offered", false, "the vendor has not got the job and will not print it")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "what the vendor has told; kept and shown, so without personal data (required)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}

func (o *options) resolve(cmd *cobra.Command, a *app.App, r nights.Resolution, yes bool) error {
	view := func(p nights.Resolved, done bool) resolveView {
		return resolveView{
			Job: p.Job.ID, Vendor: p.Job.Vendor, Letters: p.Job.Letters, Why: words.Why(p.Why, words.English), Offered: r.Offered, Reprint: p.Job.Reprint,
			LeftOut: p.LeftOut, Done: done, New: p.New,
		}
	}
	planned, err := a.Engine.PlanResolve(cmd.Context(), r)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("no job %s; see \"postgang job list\": %w", r.Job, err)
	}
	if err != nil {
		return err
	}
	v := view(planned, false)
	if !o.JSON {
		showResolve(o.Out, v)
	}
	if !yes {
		if o.JSON {
			if err := o.Print(v, nil); err != nil {
				return err
			}
		}
		ok, err := o.confirm("Do this?", "nothing is done yet: add --yes")
		if err != nil {
			return err
		}
		if !ok {
			fmt.Fprintln(o.Out, "Nothing is done.")
			return nil
		}
	}
	done, err := a.Engine.ResolveJob(cmd.Context(), r)
	if err != nil {
		return err
	}
	v = view(done, true)
	return o.Print(v, func(w io.Writer) {
		switch {
		case v.Offered:
			fmt.Fprintf(w, "Job %s is OFFERED.\n", v.Job)
		case len(v.New) > 0:
			fmt.Fprintf(w, "Job %s is WITHDRAWN; its letters are in %s. \"postgang serve\" or the next night hands them over.\n", v.Job, strings.Join(v.New, ", "))
		default:
			fmt.Fprintf(w, "Job %s is WITHDRAWN.\n", v.Job)
		}
	})
}

func showResolve(w io.Writer, v resolveView) {
	fmt.Fprintf(w, "Job %s (%d letters) to vendor %s is UNCERTAIN: %s.\n", v.Job, v.Letters, v.Vendor, v.Why)
	switch {
	case v.Offered:
		fmt.Fprintln(w, "The vendor has it: it becomes OFFERED, and its answer and receipts are waited for. Nothing is sent.")
	case v.Reprint:
		fmt.Fprintln(w, "The vendor has not got it: what is left of its files is taken back, and the reprint is ended.")
	default:
		fmt.Fprintf(w, "The vendor has not got it: what is left of its files is taken back, and %d of its letters go under a new job id;\n%d were read, closed or set aside meanwhile and are left out.\n", v.Letters-v.LeftOut, v.LeftOut)
	}
}

// confirm asks on a terminal, and gives a usage error that says what to do instead when there is none.
func (o *options) confirm(question, instead string) (bool, error) {
	if o.JSON || !term.IsTerminal(int(os.Stdin.Fd())) {
		return false, cli.Usage("%s", instead)
	}
	fmt.Fprintf(o.Err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "j", "ja":
		return true, nil
	}
	return false, nil
}
