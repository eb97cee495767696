package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/nights"
	"postgang/printjobs/exchange"
)

func newReceipts(o *options) *cobra.Command {
	return cli.Group("receipts", "The vendor's answers and receipts",
		newReceiptsList(o), newReceiptsShow(o), newReceiptsResolve(o), newReceiptsFetch(o), newReceiptsImport(o))
}

func newReceiptsFetch(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "fetch [VENDOR…]",
		Short: "Fetch answers and receipts from the vendors and book them",
		RunE: func(cmd *cobra.Command, vendors []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := checkVendors(a.Config, vendors...); err != nil {
					return err
				}
				finish := o.Working("asking the vendors")
				x, err := a.Engine.FetchByHand(cmd.Context(), func() {}, vendors...)
				finish()
				look(cmd.Context(), a)
				if shown := o.showExchanged(x); shown != nil || err != nil {
					if err != nil {
						return err
					}
					return shown
				}
				return exchanged(x)
			})
		},
	}
}

func newReceiptsImport(o *options) *cobra.Command {
	var vendor string
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Book receipt files that came another way",
		Long: `Books receipt files as if they had been fetched. A file is taken whole or not at all;
the same file again changes nothing.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				vendor, err := vendorOf(a, vendor)
				if err != nil {
					return err
				}
				var x nights.Exchanged
				for _, f := range files {
					data, err := readWithin(f, exchange.DefaultReceiptLimit)
					if err != nil {
						return err
					}
					im, err := a.Engine.ImportReceipts(cmd.Context(), vendor, filepath.Base(f), data)
					if err != nil {
						return err
					}
					x.Receipts = append(x.Receipts, im)
				}
				if err := o.showExchanged(x); err != nil {
					return err
				}
				return exchanged(x)
			})
		},
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "whose receipts these are")
	return cmd
}

func (o *options) showExchanged(x nights.Exchanged) error {
	return o.Print(x, func(w io.Writer) {
		fmt.Fprintf(w, "Jobs accepted: %d, rejected: %d, answers that cannot be used: %d.\n", x.Answers.Accepted, x.Answers.Rejected, x.Answers.Bad)
		if len(x.Receipts) == 0 {
			fmt.Fprintln(w, "No receipt files.")
			return
		}
		cli.Table(w, "FILE ROWS BOOKED DOUBLE CONFLICT UNKNOWN DEVIATIONS NET_KR", func(row func(...any)) {
			for _, r := range x.Receipts {
				name := r.File
				if r.Again {
					name += " (known)"
				}
				row(name, r.Rows, r.Applied, r.Doubles, r.Conflict, r.Unknown, r.Deviate, r.Booked)
			}
		})
		for _, r := range x.Receipts {
			if r.Rows == 0 && len(r.Problems) == 0 {
				fmt.Fprintf(w, "%s: no rows: the vendor posted nothing, or wrote the file otherwise than the profile says.\n", r.File)
			}
			if r.Corrects > 0 {
				fmt.Fprintf(w, "%s: %d corrections and reversals are in force instead of what was booked.\n", r.File, r.Corrects)
			}
			if r.Returned > 0 {
				fmt.Fprintf(w, "%s: %d letters came back (postgang shipment show).\n", r.File, r.Returned)
			}
			if len(r.Waits) > 0 {
				fmt.Fprintf(w, "%s: left as it is, since it names jobs that this archive does not know (%s). Run postgang recover.\n", r.File, strings.Join(r.Waits, " "))
			}
			for _, p := range r.Problems {
				fmt.Fprintf(w, "%s: %s\n", r.File, p)
			}
		}
	})
}

// exchanged makes what a person must look at an exit code: files that were not booked, answers that cannot be used, jobs that the
// vendor refused, and receipts that nobody can book by themselves. Deviations have a bound of their own before they are alarmed.
func exchanged(x nights.Exchanged) error {
	var files, conflict, unknown int
	for _, f := range x.Receipts {
		if len(f.Problems)+len(f.Waits) > 0 {
			files++
		}
		conflict, unknown = conflict+f.Conflict, unknown+f.Unknown
	}
	var look []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{files, "receipt files were stopped, and nothing of them is booked"}, {x.Answers.Bad, "answers cannot be used"},
		{x.Answers.Rejected, "jobs were rejected (postgang job list --state REJECTED)"},
		{conflict, "receipts are in conflict (postgang receipts list --open)"},
		{unknown, "receipts are for letters that we do not know (postgang receipts list --state UNKNOWN)"},
	} {
		if p.n > 0 {
			look = append(look, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(look) > 0 {
		return cli.Partial("a person must look: %s", strings.Join(look, "; "))
	}
	return nil
}
