package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/codes"
	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/accept"
	"postgang/engine/collect"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

func newGuard(o *options) *cobra.Command {
	return cli.Group("guard", "Letters that a cap on cost keeps back: look at them, approve them",
		newGuardList(o), newGuardApprove(o))
}

// costView is an expected cost, net of VAT.
type costView struct {
	ProductionOre money.Ore `json:"production_ore"`
	PostageOre    money.Ore `json:"postage_ore"`
	NetOre        money.Ore `json:"net_ore"`
}

func (c costView) String() string {
	return fmt.Sprintf("kr %s net (production %s, postage %s)", c.NetOre, c.ProductionOre, c.PostageOre)
}

func viewCost(production, postage money.Ore) *costView {
	return &costView{production, postage, production + postage}
}

// quoteView is what a letter would be on paper, and cost today.
type quoteView struct {
	Shipment       string       `json:"shipment,omitempty"`
	Account        string       `json:"account,omitempty"`
	Konteringskode string       `json:"konteringskode"`
	Vendor         string       `json:"vendor,omitempty"`
	Sheets         int          `json:"sheets,omitempty"`
	Envelope       string       `json:"envelope,omitempty"`
	Gram           int          `json:"weight_gram,omitempty"`
	Cost           *costView    `json:"cost,omitempty"` // none: a price is missing
	Charges        []chargeView `json:"charges,omitempty"`
	Problem        string       `json:"problem,omitempty"`
}

type chargeView struct {
	Name      string    `json:"name"` // Norwegian, as in the price list
	Count     int       `json:"count"`
	Unit      string    `json:"unit_kr"`
	AmountOre money.Ore `json:"amount_ore"`
}

// viewQuote shows a quote, and why it has no cost when it has none.
func viewQuote(q accept.Quoted, err error) *quoteView {
	v := &quoteView{
		Shipment: q.Shipment, Account: q.Account, Konteringskode: shipment.ShownCode(q.Konteringskode), Vendor: q.Vendor,
		Sheets: q.Sheets, Envelope: q.Envelope, Gram: q.WeightGram,
	}
	if err != nil {
		v.Problem = err.Error()
	}
	if len(q.Quote.Charges) > 0 {
		v.Cost = viewCost(q.Quote.Production, q.Quote.Postage)
	}
	for _, c := range q.Quote.Charges {
		v.Charges = append(v.Charges, chargeView{c.Price.Name(), c.Count, c.Price.Unit().String(), c.Amount})
	}
	return v
}

// costSum adds up what is known, and counts what is not.
type costSum struct {
	net     money.Ore
	letters int
	unknown int
}

func (c *costSum) add(q accept.Quoted) {
	c.letters++
	if len(q.Quote.Charges) == 0 {
		c.unknown++
		return
	}
	c.net += q.Quote.Net()
}

// words is a sum for people. What is not known is never shown as nothing.
func (c costSum) words() string { return sumWords(c.net, c.unknown, c.letters) }

// sumWords words the cost of letters of which some have none that is known.
func sumWords(net money.Ore, unknown, letters int) string {
	switch {
	case unknown == 0:
		return fmt.Sprintf("kr %s net", net)
	case unknown >= letters:
		return "unknown cost: a price is missing"
	}
	return fmt.Sprintf("kr %s net and %d of unknown cost", net, unknown)
}

// knownOre is an amount in a cell: "unknown" where every letter of it lacks a price.
func knownOre(amount money.Ore, unknown, letters int) string {
	if letters > 0 && unknown >= letters {
		return "unknown"
	}
	if unknown > 0 {
		return fmt.Sprintf("%s + %d unknown", amount, unknown)
	}
	return amount.String()
}

// words are the charges on one line.
func (q quoteView) words() string {
	parts := make([]string, len(q.Charges))
	for i, c := range q.Charges {
		parts[i] = fmt.Sprintf("%s %d × %s = %s", c.Name, c.Count, c.Unit, c.AmountOre)
	}
	return strings.Join(parts, "; ")
}

func newGuardList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The letters that a cap on cost keeps back, with what each would cost today",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				kept, err := a.Engine.KeptBack(cmd.Context())
				if err != nil {
					return err
				}
				views, sum := make([]*quoteView, len(kept)), costSum{}
				for i, q := range kept {
					views[i] = viewQuote(q, nil)
					sum.add(q)
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "Nothing is kept back.")
						return
					}
					cli.Table(w, "SHIPMENT ACCOUNT KONTERINGSKODE SHEETS ENVELOPE GRAM NET", func(row func(...any)) {
						for _, v := range views {
							net := "unknown"
							if v.Cost != nil {
								net = v.Cost.NetOre.String()
							}
							row(v.Shipment, v.Account, cmp.Or(v.Konteringskode, codes.Missing), v.Sheets, v.Envelope, v.Gram, net)
						}
					})
					fmt.Fprintf(w, "%d letters, %s. Why: postgang shipment show. To let them go: postgang guard approve\n", len(views), sum.words())
				})
			})
		},
	}
}

func newGuardApprove(o *options) *cobra.Command {
	var accounts, list []string
	var reason string
	var all, yes bool
	cmd := &cobra.Command{
		Use:   "approve [SHIPMENT…]",
		Short: "Let letters that a cap on cost keeps back go to paper with the next night",
		Long: `Lets letters that a cap on cost keeps back go to paper with the next night: those named, those
of --account or --code (both: those that are of both), or --all. They count toward no cap. All that
is kept back, when it is more than one letter, takes two persons: the first is noted, and it is
done when another person does the same within 7 days. --reason is kept in their history and
shown to everybody who looks: write no personal data in it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen := len(accounts)+len(list) > 0
			switch {
			case strings.TrimSpace(reason) == "":
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			case len(args) > 0 && (chosen || all) || chosen && all:
				return cli.Usage("name shipments, or give --account and --code, or --all: one of the three")
			case len(args) == 0 && !chosen && !all:
				return cli.Usage("name shipments, or give --account, --code or --all; see \"postgang guard list\"")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := checkAccounts(a.Config, accounts...); err != nil {
					return err
				}
				kept, err := a.Engine.KeptBack(cmd.Context())
				if err != nil {
					return err
				}
				named, wanted := map[string]bool{}, map[string]map[string]bool{}
				for _, id := range args {
					named[id] = true
				}
				for what, list := range map[string][]string{"account": accounts, "code": list} {
					wanted[what] = map[string]bool{}
					for _, l := range list {
						wanted[what][l] = true
					}
				}
				var ids []string
				var sum costSum
				for _, q := range kept {
					fits := (len(accounts) == 0 || wanted["account"][q.Account]) &&
						(len(list) == 0 || wanted["code"][cmp.Or(shipment.ShownCode(q.Konteringskode), codes.Missing)])
					if len(args) > 0 {
						fits = named[q.Shipment]
						delete(named, q.Shipment)
					}
					if fits {
						ids = append(ids, q.Shipment)
						sum.add(q)
					}
				}
				for id := range named {
					return fmt.Errorf("no letter %s is kept back; see \"postgang guard list\": %w", id, store.ErrNotFound)
				}
				if len(ids) == 0 {
					return errors.New("no letter of these is kept back; see \"postgang guard list\"")
				}
				if !yes {
					ok, err := o.confirm(fmt.Sprintf("Let %d letters, %s, go to paper?", len(ids), sum.words()), "nothing is done yet: add --yes")
					if err != nil || !ok {
						return err
					}
				}
				n, err := a.Engine.ApproveCost(cmd.Context(), ids, reason)
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"approved": n, "net_ore": sum.net, "letters_without_price": sum.unknown}, func(w io.Writer) {
					fmt.Fprintf(w, "%d letters, %s, are approved, and go with the next night.\n", n, sum.words())
				})
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&accounts, "account", nil, "those of these accounts")
	f.StringSliceVar(&list, "code", nil, "those of these konteringskoder")
	f.BoolVar(&all, "all", false, "all that are kept back")
	f.StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	f.BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}

// planView is a night that did not happen.
type planView struct {
	Letters  int               `json:"letters"`
	NetOre   money.Ore         `json:"net_ore"`
	Unpriced int               `json:"letters_without_price"`
	Jobs     []planJobView     `json:"jobs"`
	Totals   []planTotalView   `json:"totals"`
	KeptBack []planTotalView   `json:"kept_back"`
	Minimums []planMinimumView `json:"minimums,omitempty"`
	SetAside map[string]int    `json:"set_aside"`
	Unheard  map[string]int    `json:"unheard,omitempty"` // in the letters if a channel says that they are unread
	Renewed  int               `json:"renewed"`
}

type planJobView struct {
	Vendor   string    `json:"vendor"`
	Class    string    `json:"class"`
	Letters  int       `json:"letters"`
	Sheets   int       `json:"sheets"`
	Pages    int       `json:"pages"`
	Colour   int       `json:"pages_colour"`
	NetOre   money.Ore `json:"net_ore"`
	Unpriced int       `json:"letters_without_price"`
}

type planTotalView struct {
	Account        string `json:"account"`
	Konteringskode string `json:"konteringskode"`
	Letters        int    `json:"letters"`
	costView
	Unpriced int `json:"letters_without_price"`
}

type planMinimumView struct {
	Account string    `json:"account"`
	NetOre  money.Ore `json:"net_ore"`
}

func viewPlan(p collect.NightPlan) planView {
	v := planView{Letters: p.Letters, NetOre: p.Net, Jobs: []planJobView{}, SetAside: p.SetAside, Unheard: p.Unheard, Renewed: p.Renewed}
	for _, j := range p.Jobs {
		v.Unpriced += j.Unpriced
		v.Jobs = append(v.Jobs, planJobView{
			j.Vendor, className(store.PrintJob{Class: j.Class}), j.Letters, j.Sheets, j.Pages, j.PagesColour, j.Net, j.Unpriced,
		})
	}
	for _, m := range p.Minimums {
		v.Minimums = append(v.Minimums, planMinimumView{m.Account, m.Net})
	}
	totals := func(list []collect.PlanTotal) []planTotalView {
		out := []planTotalView{}
		for _, t := range list {
			out = append(out, planTotalView{t.Account, shipment.ShownCode(t.Konteringskode), t.Letters, *viewCost(t.Production, t.Postage), t.Unpriced})
		}
		return out
	}
	v.Totals, v.KeptBack = totals(p.Totals), totals(p.KeptBack)
	return v
}

func showPlan(w io.Writer, v planView) {
	fmt.Fprintf(w, "A night now would collect %d letters into %d jobs", v.Letters, len(v.Jobs))
	if v.Letters > 0 {
		fmt.Fprintf(w, ", for %s by the price lists", sumWords(v.NetOre, v.Unpriced, v.Letters))
	}
	fmt.Fprintln(w, ".")
	fmt.Fprintln(w, "Nothing was done. Hand-ins that wait in the drop folder are not in it.")
	if v.Unpriced > 0 {
		fmt.Fprintf(w, "The cost of %d letters is not known, since a price is missing: see postgang shipment show.\n", v.Unpriced)
	}
	if v.Renewed > 0 {
		fmt.Fprintf(w, "%d letters would first be made print-ready anew, by today's rules; they are planned as they are.\n", v.Renewed)
	}
	for _, channel := range slices.Sorted(maps.Keys(v.Unheard)) {
		fmt.Fprintf(w, "%d of them go only if %s says then that they are unread.\n", v.Unheard[channel], channel)
	}
	if len(v.Jobs) > 0 {
		fmt.Fprintln(w, "\nJobs:")
		cli.Table(w, "VENDOR LETTERS SHEETS PAGES COLOUR NET CLASS", func(row func(...any)) {
			for _, j := range v.Jobs {
				row(j.Vendor, j.Letters, j.Sheets, j.Pages, j.Colour, knownOre(j.NetOre, j.Unpriced, j.Letters), j.Class)
			}
		})
	}
	for _, t := range []struct {
		title string
		rows  []planTotalView
	}{{"By account and konteringskode", v.Totals}, {"KEPT BACK by the cost guard, until approved", v.KeptBack}} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", t.title)
		cli.Table(w, "ACCOUNT KONTERINGSKODE LETTERS PRODUCTION POSTAGE NET", func(row func(...any)) {
			for _, r := range t.rows {
				known := func(amount money.Ore) string { return knownOre(amount, r.Unpriced, r.Letters) }
				row(r.Account, cmp.Or(r.Konteringskode, codes.Missing), r.Letters, known(r.ProductionOre), known(r.PostageOre), known(r.NetOre))
			}
		})
		if slices.ContainsFunc(t.rows, func(r planTotalView) bool { return r.Unpriced > 0 }) {
			fmt.Fprintln(w, "A price is missing where the cost is unknown; the cost guard keeps such letters back.")
		}
	}
	for _, m := range v.Minimums {
		fmt.Fprintf(w, "\nBeside the letters, account %s pays kr %s to its minimum for the day, unless more is posted.\n", m.Account, m.NetOre)
	}
	for _, code := range slices.Sorted(maps.Keys(v.SetAside)) {
		fmt.Fprintf(w, "\nWould be set aside: %d letters, %s\n", v.SetAside[code], code)
	}
}
