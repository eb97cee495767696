package collect

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/engine/accept"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
)

// NightPlan is what a night would collect if it ran now.
type NightPlan struct {
	Jobs     []PlannedJob
	Totals   []PlanTotal   // by account, then konteringskode
	KeptBack []PlanTotal   // what the guard would keep back, likewise
	Minimums []PlanMinimum // by account
	Letters  int
	Net      money.Ore
	SetAside map[string]int // letters that no job can take, by reason code
	Unheard  map[string]int // letters, planned as they are, that go only when a channel says that they are unread; by channel
	Renewed  int            // letters whose print-ready file would be made anew, and that may change by it; planned as they are
}

// PlannedJob is a print job to be.
type PlannedJob struct {
	Vendor                              string
	Class                               exchange.Class
	Letters, Sheets, Pages, PagesColour int
	Net                                 money.Ore
	Unpriced                            int // letters whose cost is not known
}

// PlanMinimum is what an account pays for a day beyond its letters, because they are few, when no others are posted that day;
// net. It is not in the sums, and no cap counts it.
type PlanMinimum struct {
	Account string
	Net     money.Ore
}

// PlanTotal is what letters of an account and konteringskode would cost, in øre net of VAT.
type PlanTotal struct {
	Account        string
	Konteringskode string
	Letters        int
	Production     money.Ore
	Postage        money.Ore
	Unpriced       int // letters among them whose cost is not known, and is not in the sums
}

// PlanNight tells what a night would collect if it ran now, and what that would cost when it is posted today. It changes
// nothing: hand-ins that wait in the drop folder are not taken, and are not in it.
func (e *Collector) PlanNight(ctx context.Context) (NightPlan, error) {
	out := NightPlan{SetAside: map[string]int{}, Unheard: map[string]int{}}
	terms, err := e.Terms(ctx)
	if err != nil {
		return out, err
	}
	sum, err := e.spentToday(ctx, terms)
	if err != nil {
		return out, err
	}
	type key struct{ account, code string }
	totals, back := map[key]*PlanTotal{}, map[key]*PlanTotal{}
	add := func(to map[key]*PlanTotal, l printjobs.PlannedLetter, v party.Vendor) (price.Quote, bool) {
		k := key{l.Account, l.Konteringskode}
		t := to[k]
		if t == nil {
			t = &PlanTotal{Account: k.account, Konteringskode: k.code}
			to[k] = t
		}
		t.Letters++
		cost, err := e.accept.QuotePlanned(l, v)
		if err != nil {
			t.Unpriced++
			return cost, false
		}
		t.Production += cost.Production
		t.Postage += cost.Postage
		return cost, true
	}
	days := map[string][]price.DayLetters{} // by account
	for _, vendor := range e.VendorKeys {
		v := e.Vendors[vendor]
		planned, err := e.dueLetters(ctx, v, terms, func(page []shipment.Shipment) ([]shipment.Shipment, error) {
			page = slices.DeleteFunc(page, func(s shipment.Shipment) bool {
				if e.Now().Sub(s.DueAt) > v.PrintLimit() {
					out.SetAside[shipment.HoldWindow]++
					return true
				}
				if v.Bars(s) {
					out.SetAside[shipment.HoldLevel4]++
					return true
				}
				if e.accept.Stale(s, v) {
					out.Renewed++
				}
				return false
			})
			unheard, err := e.channels.Unheard(ctx, page)
			for _, channel := range unheard {
				out.Unheard[channel]++
			}
			return page, err
		}, func(none []printjobs.SetAside) error {
			for _, a := range none {
				out.SetAside[a.Code]++
			}
			return nil
		})
		if err != nil {
			return out, fmt.Errorf("plan for vendor %s: %w", vendor, err)
		}
		e.guarded(v, planned, terms, sum, func(l keptBack) { add(back, l.PlannedLetter, v) })
		for p := range planned.Jobs() {
			j := PlannedJob{Vendor: v.Key, Class: p.Class, Letters: len(p.Letters)}
			for _, l := range p.Letters {
				row := accept.PlannedRow(l)
				cost, priced := add(totals, l, v)
				if !priced {
					j.Unpriced++
				}
				days[l.Account] = price.AddDayLetters(days[l.Account], row.Envelope, 1, cost.Production)
				j.Sheets, j.Pages, j.PagesColour, j.Net = j.Sheets+row.Sheets, j.Pages+row.Pages, j.PagesColour+row.PagesColour, j.Net+cost.Net()
			}
			out.Jobs, out.Letters, out.Net = append(out.Jobs, j), out.Letters+j.Letters, out.Net+j.Net
		}
	}
	sorted := func(m map[key]*PlanTotal) []PlanTotal {
		var list []PlanTotal
		for _, t := range m {
			list = append(list, *t)
		}
		slices.SortFunc(list, func(a, b PlanTotal) int {
			return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Konteringskode, b.Konteringskode))
		})
		return list
	}
	for _, account := range slices.Sorted(maps.Keys(days)) {
		if v := terms.Vendor(account); v.Prices != nil {
			if net := v.Prices.Minimum(account, civil.Of(e.Now(), calendar.Oslo), days[account]); net > 0 {
				out.Minimums = append(out.Minimums, PlanMinimum{account, net})
			}
		}
	}
	out.Totals, out.KeptBack = sorted(totals), sorted(back)
	return out, nil
}
