package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
)

type removedInvoiceView struct {
	ID       string     `json:"id"`
	Vendor   string     `json:"vendor"`
	Number   string     `json:"number"`
	GrossOre money.Ore  `json:"gross_ore"`
	Taken    cli.Moment `json:"taken"`
	Removed  cli.Moment `json:"removed"`
	Reason   string     `json:"reason"`
}

func (o *options) listRemoved(cmd *cobra.Command, a *app.App) error {
	all, err := a.Engine.RemovedInvoices(cmd.Context())
	if err != nil {
		return err
	}
	views := []removedInvoiceView{}
	for _, r := range all {
		views = append(views, removedInvoiceView{r.ID, r.Vendor, r.Invoice.Number, r.Invoice.Gross, cli.When(r.TakenAt), cli.When(r.RemovedAt), r.Reason})
	}
	return o.Print(views, func(w io.Writer) {
		if len(views) == 0 {
			fmt.Fprintln(w, "No invoice was taken back.")
			return
		}
		cli.Table(w, "VENDOR INVOICE GROSS TAKEN REMOVED REASON", func(row func(...any)) {
			for _, v := range views {
				row(v.Vendor, v.Number, v.GrossOre, v.Taken, v.Removed, v.Reason)
			}
		})
	})
}

func newInvoiceRemove(o *options) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "remove NUMBER|VENDOR/NUMBER|ID",
		Short: "Take an invoice back that is not booked",
		Long: `Takes an invoice back that is not booked, such as one that was typed wrong or came twice. Its number is free
again. "postgang invoice list --removed" shows it, with the reason: write no personal data in it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				rec, err := a.Engine.FindInvoice(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if err := a.Engine.RemoveInvoice(cmd.Context(), rec.ID, reason); err != nil {
					return err
				}
				v := struct {
					ID     string `json:"id"`
					Number string `json:"number"`
				}{rec.ID, rec.Invoice.Number}
				return o.Print(v, func(w io.Writer) { fmt.Fprintf(w, "Invoice %s is taken back.\n", v.Number) })
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	return cmd
}

func newInvoiceCarry(o *options) *cobra.Command {
	var reason, into string
	cmd := &cobra.Command{
		Use:   "carry NUMBER|VENDOR/NUMBER|ID --into MONTH",
		Short: "Have receipts that came after an invoice was booked be held against a later one",
		Long: `Receipts that come for a period whose invoices are booked are on none of them: the vendor invoices these
letters later. Their cost is booked all the same. This has them be held against the invoice for the month that is
given, instead of crediting everybody else so that the sum fits the old invoice, as "postgang invoice book" does when
the letters were on it. --reason is kept: write no personal data in it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			if into == "" {
				return cli.Usage("--into is missing: the month whose invoice they are expected on, such as 2026-12")
			}
			_, after, err := monthDays(into)
			if err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				rec, err := a.Engine.FindInvoice(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				net, p, err := a.Engine.CarryReceipts(cmd.Context(), rec.ID, after.AddDays(-1), reason)
				if err != nil {
					return err
				}
				v := struct {
					CarriedOre money.Ore         `json:"carried_ore"`
					Into       string            `json:"into"`
					Period     invoicePeriodView `json:"period"`
				}{net, into, viewPeriod(p)}
				return o.Print(v, func(w io.Writer) {
					fmt.Fprintf(w, "Receipts of kr %s net are expected on the invoice for %s.\n", v.CarriedOre, into)
					showPeriod(w, v.Period)
				})
			})
		},
	}
	cmd.Flags().StringVar(&into, "into", "", "the month whose invoice they are expected on, such as 2026-12 (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept, so without personal data (required)")
	return cmd
}
