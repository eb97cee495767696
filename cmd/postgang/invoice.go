package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/invoice"
	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/invoices"
	"postgang/engine/store"
	"postgang/engine/words"
)

func newInvoice(o *options) *cobra.Command {
	return cli.Group("invoice", "Invoices of the print vendor: take them, hold them against the receipts, book them",
		newInvoiceTake(o), newInvoiceAdd(o), newInvoiceList(o), newInvoiceShow(o), newInvoiceBook(o), newInvoiceRemove(o), newInvoiceCarry(o))
}

type invoiceView struct {
	ID       string    `json:"id"`
	Vendor   string    `json:"vendor"`
	Number   string    `json:"number"`
	Issued   string    `json:"issued"`
	From     string    `json:"from"`
	To       string    `json:"to"` // the last day, included
	NetOre   money.Ore `json:"net_ore"`
	VATOre   money.Ore `json:"vat_ore"`
	GrossOre money.Ore `json:"gross_ore"`
	Lines    int       `json:"lines"`
	// What the vendor repeats as our reference, and what its file says that does not agree and does not matter to what is to be paid.
	Reference string     `json:"reference,omitempty"`
	Notes     []string   `json:"notes"`
	Booked    cli.Moment `json:"booked,omitempty"`
}

func viewInvoice(i invoices.Invoiced) invoiceView {
	inv := i.Invoice
	return invoiceView{i.ID, i.Vendor, inv.Number, string(inv.Issued), string(inv.From), string(inv.To.AddDays(-1)), inv.Net, inv.VAT, inv.Gross, len(inv.Lines), inv.Reference, append([]string{}, inv.Notes...), cli.When(i.BookedAt)}
}

type invoicePeriodView struct {
	Vendor   string           `json:"vendor"`
	From     string           `json:"from"`
	To       string           `json:"to"`
	Invoices []invoiceView    `json:"invoices"`
	Rows     []invoiceRowView `json:"rows"`
	LeftNet  money.Ore        `json:"left_net_ore"`
	LeftVAT  money.Ore        `json:"left_vat_ore"`
	Doubts   []invoiceDoubt   `json:"doubts"` // why a person should look before what is not booked is
}

type invoiceDoubt struct {
	Number string `json:"number"`
	Text   string `json:"text"`
}

type invoiceRowView struct {
	Kind           string     `json:"kind"`
	Konteringskode *string    `json:"konteringskode,omitempty"` // none: of all, or of what names none
	Others         bool       `json:"others,omitempty"`         // other rows are of single codes of the kind
	NotInvoiced    bool       `json:"not_invoiced,omitempty"`
	InvoicedOre    money.Ore  `json:"invoiced_ore"`
	ReceiptsOre    money.Ore  `json:"receipts_ore"`
	DifferenceOre  money.Ore  `json:"difference_ore"`
	AllocatedOre   money.Ore  `json:"allocated_ore"`
	LeftOre        money.Ore  `json:"left_ore"`
	ExpectedOre    *money.Ore `json:"expected_ore,omitempty"` // by the price list, of what belongs to no letter
}

// period words the days of the letters.
func (v invoicePeriodView) period() string {
	return civil.PeriodWords(civil.Date(v.From), civil.Date(v.To).AddDays(1))
}

func viewPeriod(p invoices.InvoicePeriod) invoicePeriodView {
	v := invoicePeriodView{Vendor: p.Vendor, From: string(p.From), To: string(p.To.AddDays(-1)), LeftNet: p.LeftNet, LeftVAT: p.LeftVAT, Doubts: []invoiceDoubt{}}
	for _, d := range p.Doubts {
		v.Doubts = append(v.Doubts, invoiceDoubt{d.Number, d.In(words.English)})
	}
	for _, i := range p.Invoices {
		v.Invoices = append(v.Invoices, viewInvoice(i))
	}
	for _, r := range p.Rows {
		row := invoiceRowView{Kind: r.Kind, Others: r.Others, NotInvoiced: r.NotInvoiced, InvoicedOre: r.Invoiced, ReceiptsOre: r.Booked, DifferenceOre: r.Difference(), AllocatedOre: r.Allocated, LeftOre: r.Left(), ExpectedOre: r.Expected}
		if r.ByCode {
			code := r.Konteringskode
			row.Konteringskode = &code
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func showPeriod(w io.Writer, v invoicePeriodView) {
	fmt.Fprintf(w, "Vendor %s, letters posted %s (kr net):\n", v.Vendor, v.period())
	cli.Table(w, "INVOICE ISSUED NET VAT GROSS BOOKED", func(row func(...any)) {
		for _, i := range v.Invoices {
			row(i.Number, i.Issued, i.NetOre, i.VATOre, i.GrossOre, cmp.Or(i.Booked.String(), "no"))
		}
	})
	for _, i := range v.Invoices {
		if i.Reference != "" {
			fmt.Fprintf(w, "Invoice %s has our reference %q.\n", i.Number, i.Reference)
		}
		for _, n := range i.Notes {
			fmt.Fprintf(w, "Invoice %s: %s.\n", i.Number, n)
		}
	}
	cli.Table(w, "KIND KONTERINGSKODE INVOICED RECEIPTS DIFFERENCE SHARED_OUT LEFT PRICE_LIST", func(row func(...any)) {
		for _, r := range v.Rows {
			code := "all"
			switch {
			case r.Konteringskode != nil:
				code = cmp.Or(*r.Konteringskode, codes.Missing)
			case r.Others:
				code = "without a code"
			}
			if r.NotInvoiced {
				row(r.Kind, code, "not invoiced", r.ReceiptsOre, "", "", "", "")
				continue
			}
			expected := ""
			if r.ExpectedOre != nil {
				expected = r.ExpectedOre.String()
			}
			row(r.Kind, code, r.InvoicedOre, r.ReceiptsOre, r.DifferenceOre, r.AllocatedOre, r.LeftOre, expected)
		}
	})
	for _, d := range v.Doubts {
		fmt.Fprintf(w, "LOOK: invoice %s: %s.\n", d.Number, d.Text)
	}
	if v.LeftNet != 0 || v.LeftVAT != 0 {
		fmt.Fprintf(w, "kr %s net and kr %s VAT are invoiced and not booked: postgang invoice book\n", v.LeftNet, v.LeftVAT)
	} else {
		fmt.Fprintln(w, "The ledger is the invoices to the øre.")
	}
}

// taken shows an invoice that has just come. A person must look at one that is doubtful.
func (o *options) taken(cmd *cobra.Command, a *app.App, rec store.InvoiceRecord) error {
	v, err := o.showInvoice(cmd, a, rec)
	if err != nil {
		return err
	}
	for _, d := range v.Doubts {
		if d.Number == rec.Invoice.Number {
			return cli.Partial("invoice %s is taken, and doubtful: %s", d.Number, d.Text)
		}
	}
	return nil
}

func (o *options) showInvoice(cmd *cobra.Command, a *app.App, rec store.InvoiceRecord) (invoicePeriodView, error) {
	p, err := a.Engine.InvoicePeriodOf(cmd.Context(), rec)
	if err != nil {
		return invoicePeriodView{}, err
	}
	v := viewPeriod(p)
	return v, o.Print(v, func(w io.Writer) { showPeriod(w, v) })
}

// vendorOf is the vendor that was named, or the only one.
func vendorOf(a *app.App, name string) (string, error) {
	if name != "" {
		return name, checkVendors(a.Config, name)
	}
	if len(a.Config.Vendors) == 1 {
		return a.Config.Vendors[0].Key, nil
	}
	return "", cli.Usage("--vendor is missing; there are: %s", strings.Join(vendorKeys(a.Config), ", "))
}

func newInvoiceTake(o *options) *cobra.Command {
	var vendor string
	var given period
	cmd := &cobra.Command{
		Use:   "take FILE",
		Short: "Take an invoice file (EHF or CSV) and hold it against the receipts; books nothing",
		Long: `Takes an invoice: EHF Billing 3 (invoice or credit note), or CSV with the columns
` + strings.Join(invoice.Columns(), ";") + `.
It is held against the receipts of the letters posted in its period, and what differs is a deviation.
An EHF invoice that does not say its period needs --month, or --from and --to; they go before what it says.
Nothing is booked; see "postgang invoice book". The same file again changes nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				key, err := vendorOf(a, vendor)
				if err != nil {
					return err
				}
				var days civil.Period
				if given.given() {
					if days.From, days.To, err = given.days(); err != nil {
						return err
					}
				}
				data, err := readLimited(args[0])
				if err != nil {
					return err
				}
				rec, err := a.Engine.TakeInvoice(cmd.Context(), key, data, days)
				if err != nil {
					return err
				}
				return o.taken(cmd, a, rec)
			})
		},
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "whose invoice it is; may be left out when there is one vendor")
	given.flags(cmd, "period that the invoice is for")
	return cmd
}

func newInvoiceAdd(o *options) *cobra.Command {
	var vendor, number, issued string
	var given period
	var lines []string
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Type an invoice in",
		Long: `Types an invoice in that came on paper. --line KIND:NET:VAT%[:KONTERINGSKODE], as often as there are lines:
--line PRODUKSJON:402,30:25:0100 --line PORTO:2700,00:25 --line MINSTEPRIS:50,00:25
The period that it is for is --month, or --from and --to, both days included.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []invoice.Line
			for i, l := range lines {
				parts := strings.Split(l, ":")
				if len(parts) < 3 || len(parts) > 4 {
					return cli.Usage("--line %d must be KIND:NET:VAT%%[:KONTERINGSKODE], such as PORTO:2700,00:25", i+1)
				}
				net, err := money.ParseOre(parts[1])
				if err != nil {
					return cli.Usage("--line %d: %w", i+1, err)
				}
				vat, err := money.ParseDecimal(parts[2])
				if err != nil {
					return cli.Usage("--line %d: %w", i+1, err)
				}
				line := invoice.Line{ID: fmt.Sprint(i + 1), Kind: parts[0], Quantity: money.DecimalFromInt(1), Net: net, VATPercent: vat}
				if len(parts) == 4 {
					line.Konteringskode = parts[3]
				}
				list = append(list, line)
			}
			day, err := civil.Parse(issued)
			if err != nil {
				return cli.Usage("--issued must be a day such as 2026-11-30: %w", err)
			}
			if !given.given() {
				return cli.Usage("the period is missing: --month, or --from and --to")
			}
			first, after, err := given.days()
			if err != nil {
				return err
			}
			inv, err := invoice.New(number, day, first, after, list)
			if err != nil {
				return cli.Usage("%w", err)
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				key, err := vendorOf(a, vendor)
				if err != nil {
					return err
				}
				rec, err := a.Engine.AddInvoice(cmd.Context(), key, inv)
				if err != nil {
					return err
				}
				return o.taken(cmd, a, rec)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&vendor, "vendor", "", "whose invoice it is; may be left out when there is one vendor")
	f.StringVar(&number, "number", "", "the invoice's number (required)")
	f.StringVar(&issued, "issued", "", "day of the invoice (required)")
	given.flags(cmd, "period that it is for")
	f.StringArrayVar(&lines, "line", nil, "KIND:NET:VAT%[:KONTERINGSKODE]")
	return cmd
}

func newInvoiceList(o *options) *cobra.Command {
	var removed bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "All invoices, with what is not booked of them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if removed {
					return o.listRemoved(cmd, a)
				}
				periods, err := a.Engine.InvoicePeriods(cmd.Context(), "", "")
				if err != nil {
					return err
				}
				views := []invoicePeriodView{}
				for _, p := range periods {
					views = append(views, viewPeriod(p))
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "No invoices.")
						return
					}
					cli.Table(w, "VENDOR PERIOD INVOICE NET VAT BOOKED LEFT_OF_PERIOD", func(row func(...any)) {
						for _, p := range views {
							for _, i := range p.Invoices {
								row(i.Vendor, p.period(), i.Number, i.NetOre, i.VATOre, cmp.Or(i.Booked.String(), "no"), p.LeftNet)
							}
						}
					})
				})
			})
		},
	}
	cmd.Flags().BoolVar(&removed, "removed", false, "those that were taken back, with the reason")
	return cmd
}

func newInvoiceShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show NUMBER|VENDOR/NUMBER|ID",
		Short: "An invoice held against the receipts, with the others for the same period",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				rec, err := a.Engine.FindInvoice(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				_, err = o.showInvoice(cmd, a, rec)
				return err
			})
		},
	}
}

func newInvoiceBook(o *options) *cobra.Command {
	var reason string
	var yes, anyway bool
	cmd := &cobra.Command{
		Use:   "book NUMBER|VENDOR/NUMBER|ID",
		Short: "Book what an invoice has more, or less, than the receipts, shared out over the konteringskoder",
		Long: `Books the difference between an invoice and the receipts, shared out by largest remainder over accounts
and konteringskoder, so that the ledger is the invoice to the øre. It goes to the month of the period, or
to this month when that is closed. When receipts have come since, book it anew: its shares are reversed
first. One that has the amounts of another for the period, is far above the receipts, is dated far ahead, or
is for a time before the first letters and costs, is booked only with --anyway. --reason is kept and shown: write no personal data in it.`,
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
				if !yes {
					p, err := a.Engine.InvoicePeriodOf(cmd.Context(), rec)
					if err != nil {
						return err
					}
					showPeriod(cmd.ErrOrStderr(), viewPeriod(p))
					ok, err := o.confirm(fmt.Sprintf("Book invoice %s?", rec.Invoice.Number), "nothing is done yet: add --yes")
					if err != nil || !ok {
						return err
					}
				}
				p, err := a.Engine.BookInvoice(cmd.Context(), invoices.InvoiceBooking{ID: rec.ID, Reason: reason, Anyway: anyway})
				if err != nil {
					return err
				}
				v := viewPeriod(p)
				return o.Print(v, func(w io.Writer) { showPeriod(w, v) })
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	cmd.Flags().BoolVar(&anyway, "anyway", false, "also one that is doubtful: you have looked, and it is right")
	return cmd
}
