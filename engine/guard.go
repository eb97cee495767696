package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"postgang/billing"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
)

// Guard caps what the letters of one day in Oslo may be expected to cost, in øre net of VAT; 0: no cap. What is above is set
// aside, the letters that were due first go first, until a person approves it: a wrong list of recipients is found before it
// is posted, not on the invoice. A letter whose cost is not known is set aside too. Letters that were approved, and reprints,
// do not count.
type Guard struct {
	Day      billing.Ore            // all letters
	Account  billing.Ore            // the letters of each account …
	Accounts map[string]billing.Ore // … and of one, instead
	Code     billing.Ore            // the letters of each konteringskode of all accounts …
	Codes    map[string]billing.Ore // … and of one, instead
}

// On reports whether anything is capped.
func (g Guard) On() bool {
	return g.Day > 0 || g.Account > 0 || g.Code > 0 || len(g.Accounts) > 0 || len(g.Codes) > 0
}

// spent is what a day's letters are expected to cost so far.
type spent struct {
	day             billing.Ore
	accounts, codes map[string]billing.Ore
}

func (s *spent) add(account, code string, net billing.Ore) {
	s.day += net
	s.accounts[account] += net
	s.codes[code] += net
}

// over words which cap a letter would break, in Norwegian; empty: none.
func (g Guard) over(s spent, account, code string, net billing.Ore) string {
	of := func(own map[string]billing.Ore, key string, all billing.Ore) billing.Ore {
		if c, ok := own[key]; ok {
			return c
		}
		return all
	}
	shown := cmp.Or(shipment.ShownCode(code), billing.MissingCode)
	for _, c := range []struct {
		limit, before billing.Ore
		what          string
	}{
		{g.Day, s.day, "dagen"},
		{of(g.Accounts, account, g.Account), s.accounts[account], "konto " + account},
		{of(g.Codes, code, g.Code), s.codes[code], "konteringskode " + shown},
	} {
		if c.limit > 0 && c.before+net > c.limit {
			return fmt.Sprintf("kr %s ville bli kr %s for %s, taket er kr %s per dag", net, c.before+net, c.what, c.limit)
		}
	}
	return ""
}

// keptBack is a letter that the guard keeps back.
type keptBack struct {
	printjobs.PlannedLetter
	text string // why, in Norwegian
}

// guarded plans the candidates and keeps back what the caps do not allow. sum grows by the letters that go.
func (e *Engine) guarded(v store.Vendor, candidates []printjobs.Candidate, due map[string]shipment.Shipment, sum *spent) (jobs []printjobs.Planned, aside []printjobs.SetAside, over []keptBack, err error) {
	jobs, aside, err = printjobs.Plan(candidates, v.Profile)
	if err != nil || !e.guard.On() {
		return jobs, aside, nil, err
	}
	var letters []printjobs.PlannedLetter
	for _, j := range jobs {
		letters = append(letters, j.Letters...)
	}
	slices.SortFunc(letters, func(a, b printjobs.PlannedLetter) int {
		return cmp.Or(due[a.Shipment].DueAt.Compare(due[b.Shipment].DueAt), cmp.Compare(a.Shipment, b.Shipment))
	})
	back := map[string]bool{}
	for _, l := range letters {
		s := due[l.Shipment]
		if !s.CostApprovedAt.IsZero() {
			continue
		}
		cost, err := e.quote(s, plannedRow(l), v)
		why := ""
		if err != nil {
			why = "ventet kostnad er ikke kjent: en pris mangler"
		} else if why = e.guard.over(*sum, s.Account, l.Konteringskode, cost.Net()); why == "" {
			sum.add(s.Account, l.Konteringskode, cost.Net())
			continue
		}
		back[l.Shipment] = true
		over = append(over, keptBack{l, why})
	}
	if len(over) == 0 {
		return jobs, aside, nil, nil
	}
	left := slices.DeleteFunc(slices.Clone(candidates), func(c printjobs.Candidate) bool { return back[c.Shipment] })
	jobs, aside, err = printjobs.Plan(left, v.Profile)
	return jobs, aside, over, err
}

// spentToday is what the letters of today's jobs were expected to cost.
func (e *Engine) spentToday(ctx context.Context) (*spent, error) {
	sum := &spent{accounts: map[string]billing.Ore{}, codes: map[string]billing.Ore{}}
	if !e.guard.On() {
		return sum, nil
	}
	rows, err := store.View(ctx, e.archive, func(r store.Reader) ([]store.PlannedCost, error) {
		return r.PlannedCosts(ctx, shipment.DayOf(e.now()).Start())
	})
	for _, c := range rows {
		sum.add(c.Account, c.Konteringskode, c.Net)
	}
	return sum, err
}

// guardBatch is how many letters are set aside or approved in one transaction.
const guardBatch = 500

// keepBack sets aside what the guard keeps back. One alarm stands for all of them, see Watch.
func (e *Engine) keepBack(ctx context.Context, letters []keptBack) error {
	for batch := range slices.Chunk(letters, guardBatch) {
		err := e.archive.InTx(ctx, func(tx store.Tx) error {
			for _, l := range batch {
				s, err := tx.Shipment(ctx, l.Shipment)
				if err != nil {
					return err
				}
				if s.Hold != "" || !s.CostApprovedAt.IsZero() || s.Status.Terminal() {
					continue // set aside, approved or read since it was looked at
				}
				if err := setAside(ctx, tx, s, shipment.HoldCost, l.text); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if n := len(letters); n > 0 {
		e.log.Warn("letters kept back by the cost guard", "letters", n)
		e.step("collect: kept back")
	}
	return nil
}

// quote gives what a letter costs by the price list of its vendor, when it is posted today; or ErrNoPrice.
func (e *Engine) quote(s shipment.Shipment, row store.JobLetter, v store.Vendor) (billing.Quote, error) {
	if v.Prices == nil {
		return billing.Quote{}, fmt.Errorf("vendor %s has no price list: %w", v.Key, ErrNoPrice)
	}
	q, err := v.Prices.Quote(e.pricedLetter(s.Account, s.Zone, row, v), billing.CivilOf(e.now(), shipment.Oslo))
	if err != nil {
		return q, fmt.Errorf("%w: %w", err, ErrNoPrice)
	}
	return q, nil
}

// plannedRow is a planned letter as its job has it, before it is placed in one.
func plannedRow(l printjobs.PlannedLetter) store.JobLetter {
	return store.JobLetter{
		Shipment: l.Shipment, Konteringskode: l.Konteringskode, Sheets: l.Sheets, Pages: l.Pages, PagesBW: l.Pages - l.PagesColour,
		PagesColour: l.PagesColour, GiroSheets: l.GiroSheets, Envelope: string(l.Envelope), WeightGram: int((l.WeightMilligram + 999) / 1000),
	}
}

// Quoted is what a prepared letter would be on paper, and cost when it is posted today.
type Quoted struct {
	Shipment       string
	Account        string
	Konteringskode string
	Vendor         string
	Sheets         int
	Pages          int
	Envelope       string
	WeightGram     int
	Quote          billing.Quote
}

// Quote gives what a prepared shipment would cost on paper today. ErrNoPrice when its vendor has no price list, or a price is
// missing; what it would be on paper is given all the same.
func (e *Engine) Quote(s shipment.Shipment) (Quoted, error) {
	v, ok := e.vendors[e.accounts[s.Account].Vendor]
	if !ok {
		return Quoted{}, fmt.Errorf("account %s is not configured", s.Account)
	}
	planned, err := e.place(s, v.Profile)
	if err != nil {
		return Quoted{}, err
	}
	row := plannedRow(planned)
	q := Quoted{
		Shipment: s.ID, Account: s.Account, Konteringskode: row.Konteringskode, Vendor: v.Key,
		Sheets: row.Sheets, Pages: row.Pages, Envelope: row.Envelope, WeightGram: row.WeightGram,
	}
	q.Quote, err = e.quote(s, row, v)
	return q, err
}

// KeptBack lists the letters that the guard keeps back, oldest due first, with what each would cost today. A letter whose cost
// is not known has none.
func (e *Engine) KeptBack(ctx context.Context) ([]Quoted, error) {
	list, err := store.View(ctx, e.archive, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.Shipments(ctx, store.ShipmentFilter{Hold: shipment.HoldCost})
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b shipment.Shipment) int { return a.DueAt.Compare(b.DueAt) })
	out := make([]Quoted, len(list))
	for i, s := range list {
		if out[i], err = e.Quote(s); err != nil && out[i].Shipment == "" {
			out[i] = Quoted{Shipment: s.ID, Account: s.Account, Konteringskode: s.Submission.Konteringskode}
		}
	}
	return out, nil
}

// ApproveCost lets letters that the guard keeps back go to paper, whatever the caps say. Those that are not kept back any more
// are left alone; it tells how many were released. The reason is kept in their history: no personal data.
func (e *Engine) ApproveCost(ctx context.Context, shipments []string, reason string) (int, error) {
	if why := shipment.BadReason(reason); why != "" {
		return 0, errors.New(why)
	}
	n := 0
	for batch := range slices.Chunk(shipments, guardBatch) {
		released := 0
		err := e.archive.InTx(ctx, func(tx store.Tx) error {
			released = 0
			for _, id := range batch {
				s, err := tx.Shipment(ctx, id)
				if err != nil {
					return err
				}
				if s.Hold != shipment.HoldCost {
					continue
				}
				if err := release(ctx, tx, s, reason); err != nil {
					return err
				}
				released++
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += released
		e.step("guard: approved")
	}
	e.log.Info("cost approved", "letters", n)
	return n, e.Watch(ctx)
}

// NightPlan is what a night would collect if it ran now.
type NightPlan struct {
	Jobs     []PlannedJob
	Totals   []PlanTotal   // by account, then konteringskode
	KeptBack []PlanTotal   // what the guard would keep back, likewise
	Minimums []PlanMinimum // by account
	Letters  int
	Net      billing.Ore
	SetAside map[string]int // letters that no job can take, by reason code
	Renewed  int            // letters whose print-ready file would be made anew, and that may change by it; planned as they are
}

// PlannedJob is a print job to be.
type PlannedJob struct {
	Vendor                              string
	Class                               exchange.Class
	Letters, Sheets, Pages, PagesColour int
	Net                                 billing.Ore
	Unpriced                            int // letters whose cost is not known
}

// PlanMinimum is what an account pays for a day beyond its letters, because they are few, when no others are posted that day;
// net. It is not in the sums, and no cap counts it.
type PlanMinimum struct {
	Account string
	Net     billing.Ore
}

// PlanTotal is what letters of an account and konteringskode would cost, in øre net of VAT.
type PlanTotal struct {
	Account        string
	Konteringskode string
	Letters        int
	Production     billing.Ore
	Postage        billing.Ore
	Unpriced       int // letters among them whose cost is not known, and is not in the sums
}

// PlanNight tells what a night would collect if it ran now, and what that would cost when it is posted today. It changes
// nothing: hand-ins that wait in the drop folder are not taken, and are not in it.
func (e *Engine) PlanNight(ctx context.Context) (NightPlan, error) {
	out := NightPlan{SetAside: map[string]int{}}
	sum, err := e.spentToday(ctx)
	if err != nil {
		return out, err
	}
	type key struct{ account, code string }
	totals, back := map[key]*PlanTotal{}, map[key]*PlanTotal{}
	add := func(to map[key]*PlanTotal, s shipment.Shipment, row store.JobLetter, v store.Vendor) (billing.Quote, bool) {
		k := key{s.Account, row.Konteringskode}
		t := to[k]
		if t == nil {
			t = &PlanTotal{Account: k.account, Konteringskode: k.code}
			to[k] = t
		}
		t.Letters++
		cost, err := e.quote(s, row, v)
		if err != nil {
			t.Unpriced++
			return cost, false
		}
		t.Production += cost.Production
		t.Postage += cost.Postage
		return cost, true
	}
	days := map[string][]billing.DayLetters{} // by account
	for _, vendor := range e.vorder {
		v := e.vendors[vendor]
		candidates, due, err := e.dueLetters(ctx, v, func(page []shipment.Shipment) ([]shipment.Shipment, error) {
			return slices.DeleteFunc(page, func(s shipment.Shipment) bool {
				if e.now().Sub(s.DueAt) > v.PrintLimit() {
					out.SetAside[shipment.HoldWindow]++
					return true
				}
				if e.stale(s) {
					out.Renewed++
				}
				return false
			}), nil
		})
		if err != nil {
			return out, fmt.Errorf("plan for vendor %s: %w", vendor, err)
		}
		jobs, aside, over, err := e.guarded(v, candidates, due, sum)
		if err != nil {
			return out, fmt.Errorf("plan for vendor %s: %w", vendor, err)
		}
		for _, a := range aside {
			out.SetAside[a.Code]++
		}
		for _, h := range over {
			add(back, due[h.Shipment], plannedRow(h.PlannedLetter), v)
		}
		for _, p := range jobs {
			j := PlannedJob{Vendor: v.Key, Class: p.Class, Letters: len(p.Letters)}
			for _, l := range p.Letters {
				row := plannedRow(l)
				cost, priced := add(totals, due[l.Shipment], row, v)
				if !priced {
					j.Unpriced++
				}
				account := due[l.Shipment].Account
				days[account] = addDayLetters(days[account], row.Envelope, 1, cost.Production)
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
		if v := e.vendors[e.accounts[account].Vendor]; v.Prices != nil {
			if net := v.Prices.Minimum(account, billing.CivilOf(e.now(), shipment.Oslo), days[account]); net > 0 {
				out.Minimums = append(out.Minimums, PlanMinimum{account, net})
			}
		}
	}
	out.Totals, out.KeptBack = sorted(totals), sorted(back)
	return out, nil
}
