package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// reprintView is a reprint, ordered or only planned.
type reprintView struct {
	Parent  string              `json:"parent"`
	Ordered bool                `json:"ordered"`
	Jobs    []string            `json:"jobs,omitempty"`
	Sheets  int                 `json:"sheets"`
	Letters []reprintLetterView `json:"letters"`
}

type reprintLetterView struct {
	Letter   int    `json:"letter"` // in the parent
	Shipment string `json:"shipment"`
	Sheets   int    `json:"sheets"`
	Only     []int  `json:"only_sheets,omitempty"`
}

func viewReprint(r jobs.Reprint) reprintView {
	v := reprintView{Parent: r.Parent.ID, Ordered: len(r.Jobs) > 0, Jobs: r.Jobs, Sheets: r.Sheets}
	for _, l := range r.Letters {
		v.Letters = append(v.Letters, reprintLetterView(l))
	}
	return v
}

func newJobReprint(o *options) *cobra.Command {
	var order jobs.ReprintOrder
	var letters, sheets string
	var yes bool
	cmd := &cobra.Command{
		Use:   "reprint JOB --letters 17,20-25 | --shipment ID | --sheets 120-180",
		Short: "Order letters, or some sheets of them, of a printed job once more",
		Long: `Orders letters of a job that the vendor has (OFFERED, ACCEPTED, CLOSED) once more, as a child
job with its own id and marks. Its costs are booked like all others, and shown as «omtrykk».

  --letters   by their numbers in the job, as in the manifest and in "postgang job show"
  --shipment  by shipment id or ACCOUNT/KEY; may be given several times
  --sheets    finished sheets, counted from 1 through the job in order of print (forste_ark in
              the manifest); of a letter that is named in part only these sheets are printed

What is planned is shown first. It is ordered with --yes, or when you say so on a terminal;
"postgang serve" or the next night hands it over. --reason is kept in the history of both jobs
and shown to everybody who looks: write no personal data in it. A letter that was closed by
hand or deleted is refused, one that was read digitally since unless you say --read-too.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeJobs(store.JobOffered, store.JobAccepted, store.JobClosed),
		RunE: func(cmd *cobra.Command, args []string) error {
			order.Job = args[0]
			for _, f := range []struct {
				flag, text string
				to         *[]shipment.Range
			}{{"letters", letters, &order.Letters}, {"sheets", sheets, &order.Sheets}} {
				if !cmd.Flags().Changed(f.flag) {
					continue
				}
				n, err := parseNumbers(f.text)
				if err != nil {
					return cli.Usage("--%s: %w", f.flag, err)
				}
				*f.to = n
			}
			if strings.TrimSpace(order.Reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error { return o.reprint(cmd, a, order, yes) })
		},
	}
	cmd.Flags().StringVar(&letters, "letters", "", "letter numbers of the job, e.g. 17,20-25")
	cmd.Flags().StringSliceVar(&order.Shipments, "shipment", nil, "shipment id or ACCOUNT/KEY")
	cmd.Flags().StringVar(&sheets, "sheets", "", "finished sheets of the job, e.g. 120-180")
	cmd.Flags().StringVar(&order.Reason, "reason", "", "why; kept and shown, so without personal data (required)")
	cmd.Flags().BoolVar(&order.ReadToo, "read-too", false, "also letters that were read digitally since")
	cmd.Flags().BoolVar(&order.Again, "again", false, "also letters that are in an open reprint already")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "order it without asking")
	return cmd
}

func (o *options) reprint(cmd *cobra.Command, a *app.App, order jobs.ReprintOrder, yes bool) error {
	ctx := cmd.Context()
	err := a.Archive.View(ctx, func(r store.Reader) error {
		if _, err := r.Job(ctx, order.Job); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no job %s; see \"postgang job list\": %w", order.Job, err)
		}
		for i, name := range order.Shipments {
			s, err := findShipment(ctx, r, name)
			if err != nil {
				return err
			}
			order.Shipments[i] = s.ID
		}
		return nil
	})
	if err != nil {
		return err
	}
	planned, err := a.Engine.PlanReprint(ctx, order)
	if err != nil {
		return err
	}
	if !yes {
		if err := o.Print(viewReprint(planned), func(w io.Writer) { showReprint(w, viewReprint(planned)) }); err != nil {
			return err
		}
		ok, err := o.confirm("Order this?", "nothing is ordered yet: add --yes")
		if err != nil {
			return err
		}
		if !ok {
			fmt.Fprintln(o.Out, "Nothing is ordered.")
			return nil
		}
	}
	ordered, err := a.Engine.OrderReprint(ctx, order)
	if err != nil {
		return err
	}
	v := viewReprint(ordered)
	return o.Print(v, func(w io.Writer) {
		if yes {
			showReprint(w, v)
		}
		fmt.Fprintf(w, "Ordered as %s. \"postgang serve\" or the next night hands it over.\n", strings.Join(v.Jobs, ", "))
	})
}

func showReprint(w io.Writer, v reprintView) {
	fmt.Fprintf(w, "Reprint of %s: %d letters, %d sheets\n", v.Parent, len(v.Letters), v.Sheets)
	cli.Table(w, "LETTER SHIPMENT SHEETS", func(row func(...any)) {
		for _, l := range v.Letters {
			row(l.Letter, l.Shipment, sheetsOf(l.Sheets, l.Only))
		}
	})
}
