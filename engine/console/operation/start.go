package operation

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"

	"postgang/billing/money"
	"postgang/engine/collect"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/store"
)

// dryRunPage is what a night would do now.
type dryRunPage struct {
	Letters, Jobs int
	Net           money.Ore
	Unpriced      int
	Rows          []dryJobRow
	Totals, Kept  []dryTotalRow
	Minimums      []page.Fact
	Aside         []page.Fact // letters that would be set aside
	Unheard       []page.Fact
	Renewed       int
	MayStart      bool
}

type dryJobRow struct {
	Vendor, Class                 string
	Letters, Sheets, Pages, Color int
	Net                           money.Ore
	Unpriced                      int
}

type dryTotalRow struct {
	Account, Code            string
	Letters                  int
	Production, Postage, Net money.Ore
	Unpriced                 int
}

// dryRun tells what a night would collect now, and what that would cost.
func dryRun(v *request) error {
	n, err := v.Engine.PlanNight(v.Ctx)
	if err != nil {
		return err
	}
	p := dryRunPage{Letters: n.Letters, Jobs: len(n.Jobs), Net: n.Net, Renewed: n.Renewed, MayStart: v.Runs != nil}
	for _, j := range n.Jobs {
		p.Unpriced += j.Unpriced
		p.Rows = append(p.Rows, dryJobRow{v.VendorName(j.Vendor), page.ClassOf(store.PrintJob{Class: j.Class}), j.Letters, j.Sheets, j.Pages, j.PagesColour, j.Net, j.Unpriced})
	}
	totals := func(list []collect.PlanTotal) (out []dryTotalRow) {
		for _, t := range list {
			out = append(out, dryTotalRow{v.AccountName(t.Account), cmp.Or(t.Konteringskode, "uten kode"), t.Letters, t.Production, t.Postage, t.Production + t.Postage, t.Unpriced})
		}
		return out
	}
	p.Totals, p.Kept = totals(n.Totals), totals(n.KeptBack)
	for _, m := range n.Minimums {
		p.Minimums = append(p.Minimums, page.Fact{Name: v.AccountName(m.Account), Value: "kr\u00a0" + m.Net.String()})
	}
	for _, code := range slices.Sorted(maps.Keys(n.SetAside)) {
		p.Aside = append(p.Aside, page.Fact{Name: page.HoldOf(code), Value: page.Counted(n.SetAside[code], "brev", "brev")})
	}
	for _, channel := range slices.Sorted(maps.Keys(n.Unheard)) {
		p.Unheard = append(p.Unheard, page.Fact{Name: channel, Value: page.Counted(n.Unheard[channel], "brev", "brev")})
	}
	return v.Show(http.StatusOK, "prove", "Prøvekjøring", p)
}

// notFromHere is what a page says where nothing can be begun.
const notFromHere = "Kjøringer kan ikke startes fra denne konsollen."

func (v *request) nightPage() visit.Question {
	q := visit.Question{
		Title: "Start en nattkjøring nå", Action: "/kjoringer/natt", Button: "Start kjøringen", Back: "/kjoringer",
		Text:    "Kjøringen tar imot det som er levert inn, samler brevene som er klare for utskrift, og overleverer dem til trykkeriet. Et brev blir overlevert én gang, også om kjøringen blir startet flere ganger.",
		Warning: "Brev som er overlevert, kan ikke hentes tilbake. Se prøvekjøringen først hvis du er i tvil om hva som blir med.",
	}
	if v.Runs == nil {
		q.Cannot = notFromHere
	}
	return q
}

func askNight(v *request) error { return v.Ask(v.nightPage()) }

func startNight(v *request) error {
	q := v.nightPage()
	if q.Cannot != "" {
		return v.Ask(q)
	}
	return v.begun(q, v.Runs.StartNight(v.Ctx))
}

func (v *request) fetchPage() visit.Question {
	q := visit.Question{
		Title: "Hent kvitteringer nå", Action: "/kjoringer/kvitteringer", Button: "Hent nå", Back: "/kjoringer",
		Text: "Vi henter svar og kvitteringer fra alle trykkeriene, og bokfører dem.",
	}
	if v.Runs == nil {
		q.Cannot = notFromHere
	}
	return q
}

func askFetch(v *request) error { return v.Ask(v.fetchPage()) }

func startFetch(v *request) error {
	q := v.fetchPage()
	if q.Cannot != "" {
		return v.Ask(q)
	}
	return v.begun(q, v.Runs.StartFetch(v.Ctx))
}

// begun leads to the runs, where what has begun is shown.
func (v *request) begun(q visit.Question, err error) error {
	if errors.Is(err, store.ErrLocked) {
		q.Cannot = "En slik kjøring er allerede i gang. Den står under Kjøringer."
		return v.Ask(q)
	}
	if err != nil {
		return err
	}
	return v.Redirect(q.Back)
}
