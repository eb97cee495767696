package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/finance"
)

func newMonth(o *options) *cobra.Command {
	return cli.Group("month", "Close months in the ledger",
		newMonthList(o), newMonthShow(o), newMonthClose(o))
}

// monthView is a month, and what is open in it.
type monthView struct {
	Month             string         `json:"month"`
	State             string         `json:"state"` // open or closed
	Closed            cli.Moment     `json:"closed,omitempty"`
	Reason            string         `json:"reason"`
	By                string         `json:"closed_by,omitempty"`
	NetOre            money.Ore      `json:"net_ore"`
	Letters           int            `json:"letters"`
	OpenPoints        int            `json:"open_points"`
	Unreceipted       int            `json:"letters_without_receipt"`
	StoppedFiles      int            `json:"receipt_files_stopped"`
	HalfFiles         int            `json:"receipt_files_half_applied"`
	Conflicts         int            `json:"receipts_in_conflict"`
	Deviations        int            `json:"deviations_open"`
	DeviationsOre     money.Ore      `json:"deviations_ore"`
	UnbookedInvoices  []monthInvoice `json:"invoices_not_booked"`
	WithoutInvoice    []monthAccrual `json:"not_invoiced"`
	WithoutInvoiceOre money.Ore      `json:"not_invoiced_ore"`
}

type monthInvoice struct {
	Vendor string    `json:"vendor"`
	Number string    `json:"number"`
	NetOre money.Ore `json:"net_ore"`
}

type monthAccrual struct {
	Vendor string    `json:"vendor"`
	NetOre money.Ore `json:"net_ore"`
}

func viewMonth(m finance.MonthStatus, names map[string]string) monthView {
	v := monthView{
		Month: m.Month.Month(), State: "open", NetOre: m.Net, Letters: m.Letters, OpenPoints: m.Points(), Unreceipted: m.Unreceipted,
		StoppedFiles: m.StoppedFiles, HalfFiles: m.HalfFiles, Conflicts: m.Conflicts, Deviations: m.Deviations, DeviationsOre: m.DeviationsNet,
		UnbookedInvoices: []monthInvoice{}, WithoutInvoice: []monthAccrual{},
	}
	if c := m.Closed; c != nil {
		v.State, v.Closed, v.Reason, v.By = "closed", cli.When(c.ClosedAt), c.Reason, shownActor(c.By, names)
	}
	for _, inv := range m.Unbooked {
		v.UnbookedInvoices = append(v.UnbookedInvoices, monthInvoice{inv.Vendor, inv.Invoice.Number, inv.Invoice.Net})
	}
	for _, a := range m.NotInvoiced {
		v.WithoutInvoice = append(v.WithoutInvoice, monthAccrual{a.Vendor, a.Net})
		v.WithoutInvoiceOre += a.Net
	}
	return v
}

// showChecklist tells what is open in a month, and what to do about it.
func (v monthView) showChecklist(w io.Writer) {
	fmt.Fprintf(w, "%s (%s): kr %s net, %d letters.\n", v.Month, v.State, v.NetOre, v.Letters)
	point := func(n int, format string, args ...any) {
		if n > 0 {
			fmt.Fprintf(w, "  [ ] "+format+"\n", args...)
		}
	}
	point(v.Unreceipted, "%d letters handed over by the end of it have no receipt (postgang job list)", v.Unreceipted)
	point(v.StoppedFiles, "%d receipt files were stopped (postgang alarms list)", v.StoppedFiles)
	point(v.HalfFiles, "%d receipt files are half applied (postgang receipts fetch applies the rest)", v.HalfFiles)
	point(v.Conflicts, "%d receipts in conflict wait for a decision (postgang receipts list --open)", v.Conflicts)
	point(v.Deviations, "%d deviations are open or disputed, kr %s (postgang deviations list)", v.Deviations, v.DeviationsOre)
	for _, inv := range v.UnbookedInvoices {
		point(1, "invoice %s of %s is not booked, kr %s net (postgang invoice book)", inv.Number, inv.Vendor, inv.NetOre)
	}
	for _, a := range v.WithoutInvoice {
		point(1, "kr %s net of %s is in receipts and on no invoice yet", a.NetOre, a.Vendor)
	}
	if v.OpenPoints == 0 {
		fmt.Fprintln(w, "  Nothing is open.")
	}
}

func newMonthList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The months in which something is: closed or open, and on how many points something is to be done first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				months, err := a.Engine.Months(cmd.Context())
				if err != nil {
					return err
				}
				names, err := namesIn(cmd.Context(), a)
				if err != nil {
					return err
				}
				views := []monthView{}
				for _, m := range months {
					views = append(views, viewMonth(m, names))
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "There are no letters and no costs yet.")
						return
					}
					cli.Table(w, "MONTH STATE NET_KR LETTERS OPEN_POINTS CLOSED BY REASON", func(row func(...any)) {
						for _, v := range views {
							row(v.Month, v.State, v.NetOre, v.Letters, v.OpenPoints, v.Closed, v.By, v.Reason)
						}
					})
				})
			})
		},
	}
}

func newMonthShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show YYYY-MM",
		Short: "What is booked in a month, and what is open before it can be closed",
		Long: `Shows what is booked in a month, and as a checklist what is open: letters without receipts, receipt files and
receipts that wait for a person, deviations, invoices that are not booked, and receipts that no invoice is for.
The exit code is 3 when something is open.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			month, _, err := monthDays(args[0])
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				m, err := a.Engine.MonthStatus(cmd.Context(), month)
				if err != nil {
					return err
				}
				names, err := namesIn(cmd.Context(), a)
				if err != nil {
					return err
				}
				v := viewMonth(m, names)
				if err := o.Print(v, v.showChecklist); err != nil {
					return err
				}
				if v.OpenPoints > 0 {
					return cli.Partial("%s: something is open on %d points", v.Month, v.OpenPoints)
				}
				return nil
			})
		},
	}
}

func newMonthClose(o *options) *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use:   "close YYYY-MM",
		Short: "Close a month: its figures do not change any more",
		Long: `Closes a month that is over, after it has shown what is open in it (see "postgang month show"). Receipts that
come late, corrections and invoices are booked in the month in which they come, and say so. Months are closed in
order, from the first with letters or costs, and cannot be opened again. It takes two persons: the first is noted, and
the month is closed when another person does the same within 7 days (see [access] in docs/configuration.md). --reason is kept and shown: write no
personal data in it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			month, _, err := monthDays(args[0])
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := a.Engine.MayClose(cmd.Context(), month); err != nil {
					return err
				}
				before, err := a.Engine.MonthStatus(cmd.Context(), month)
				if err != nil {
					return err
				}
				names, err := namesIn(cmd.Context(), a)
				if err != nil {
					return err
				}
				v := viewMonth(before, names)
				if !o.JSON {
					v.showChecklist(o.Err)
				}
				if !yes {
					question := fmt.Sprintf("Close %s for good?", args[0])
					if v.OpenPoints > 0 {
						question = fmt.Sprintf("Something is open on %d points. Close %s for good all the same?", v.OpenPoints, args[0])
					}
					ok, err := o.confirm(question, "nothing is done yet: add --yes")
					if err != nil || !ok {
						return err
					}
				}
				m, err := a.Engine.CloseMonth(cmd.Context(), month, reason)
				if err != nil {
					return err
				}
				before.Closed = &m
				v = viewMonth(before, names)
				return o.Print(v, func(w io.Writer) {
					fmt.Fprintf(w, "%s is closed. What comes late is booked in the month in which it comes.\n", v.Month)
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}
