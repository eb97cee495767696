package collect

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"postgang/billing/codes"
	"postgang/billing/money"
	"postgang/engine/accept"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
)

// Guard caps what the letters of one day in Oslo may be expected to cost, in øre net of VAT; 0: no cap. What is above is set
// aside, the letters that were due first go first, until a person approves it: a wrong list of recipients is found before it
// is posted, not on the invoice. A letter whose cost is not known is set aside too. Letters that were approved, and reprints,
// do not count.
type Guard struct {
	Day      money.Ore            // all letters
	Account  money.Ore            // the letters of each account …
	Accounts map[string]money.Ore // … and of one, instead
	Code     money.Ore            // the letters of each konteringskode of all accounts …
	Codes    map[string]money.Ore // … and of one, instead
}

// On reports whether anything is capped.
func (g Guard) On() bool {
	return g.Day > 0 || g.Account > 0 || g.Code > 0 || len(g.Accounts) > 0 || len(g.Codes) > 0
}

// with is the guard with the caps that were set of accounts since the configuration file was read.
func (g Guard) with(accounts []string, terms *step.Terms) Guard {
	g.Accounts = maps.Clone(g.Accounts)
	for _, key := range accounts {
		if a, ok := terms.Account(key); ok && a.Cap != nil {
			if g.Accounts == nil {
				g.Accounts = map[string]money.Ore{}
			}
			if g.Accounts[key] = *a.Cap; *a.Cap == 0 && g.Account == 0 {
				delete(g.Accounts, key) // nothing is left to look at
			}
		}
	}
	return g
}

// spent is what a day's letters are expected to cost so far.
type spent struct {
	day             money.Ore
	accounts, codes map[string]money.Ore
}

func (s *spent) add(account, code string, net money.Ore) {
	s.day += net
	s.accounts[account] += net
	s.codes[code] += net
}

// over tells which cap a letter would break, as the arguments of a sentence; nil: none. Amounts are in øre.
func (g Guard) over(s spent, account, code string, net money.Ore) shipment.Args {
	of := func(own map[string]money.Ore, key string, all money.Ore) money.Ore {
		if c, ok := own[key]; ok {
			return c
		}
		return all
	}
	shown := cmp.Or(shipment.ShownCode(code), codes.Missing)
	for _, c := range []struct {
		limit, before money.Ore
		args          shipment.Args
	}{
		{g.Day, s.day, shipment.Args{"case": "day"}},
		{of(g.Accounts, account, g.Account), s.accounts[account], shipment.Args{"case": "account", "account": account}},
		{of(g.Codes, code, g.Code), s.codes[code], shipment.Args{"case": "code", "konteringskode": shown}},
	} {
		if c.limit > 0 && c.before+net > c.limit {
			for name, amount := range map[string]money.Ore{"net": net, "sum": c.before + net, "limit": c.limit} {
				c.args[name] = strconv.FormatInt(int64(amount), 10)
			}
			return c.args
		}
	}
	return nil
}

// keptBack is a letter that the guard keeps back.
type keptBack struct {
	printjobs.PlannedLetter
	why shipment.Args // of the sentence that says why
}

// guarded takes out of what is planned, and gives to over, what the caps do not allow. sum grows by the letters that go.
func (e *Collector) guarded(v party.Vendor, planned *night, terms *step.Terms, sum *spent, over func(keptBack)) {
	guard := e.guard.with(e.AccountKeys, terms)
	if !guard.On() {
		return
	}
	first := func(a, b dueLetter) int { return cmp.Compare(a.at, b.at) }
	planned.Keep(first, func(l printjobs.PlannedLetter, due dueLetter) bool {
		if due.approved {
			return true
		}
		cost, err := e.accept.QuotePlanned(l, v)
		var why shipment.Args
		if err != nil && !e.guard.On() && guard.Accounts[l.Account] == 0 {
			return true // only other accounts have a cap, which somebody has set
		}
		if err != nil {
			why = shipment.Args{"case": "unpriced"}
		} else if why = guard.over(*sum, l.Account, l.Konteringskode, cost.Net()); why == nil {
			sum.add(l.Account, l.Konteringskode, cost.Net())
			return true
		}
		over(keptBack{l, why})
		return false
	})
}

// spentToday is what the letters of today's jobs were expected to cost.
func (e *Collector) spentToday(ctx context.Context, terms *step.Terms) (*spent, error) {
	sum := &spent{accounts: map[string]money.Ore{}, codes: map[string]money.Ore{}}
	if !e.guard.with(e.AccountKeys, terms).On() {
		return sum, nil
	}
	rows, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.PlannedCost, error) {
		return r.PlannedCosts(ctx, calendar.DayOf(e.Now()).Start())
	})
	for _, c := range rows {
		sum.add(c.Account, c.Konteringskode, c.Net)
	}
	return sum, err
}

// GuardBatch is how many letters are approved in one transaction.
const GuardBatch = 500

// keepBack sets aside what the caps do not allow of what is planned, set by set, and counts it. One alarm stands for all of them, see
// Watch.
func (e *Collector) keepBack(ctx context.Context, v party.Vendor, planned *night, terms *step.Terms, sum *spent) (all int, err error) {
	var aside []step.Aside
	over := 0
	set := func() {
		if err == nil && len(aside) > 0 {
			var n int
			n, err = e.HoldAll(ctx, aside)
			all, aside = all+n, aside[:0]
		}
	}
	e.guarded(v, planned, terms, sum, func(l keptBack) {
		over++
		if aside = append(aside, step.Aside{Shipment: l.Shipment, Why: shipment.Refusal{Code: shipment.HoldCost, Args: l.why}}); len(aside) == e.SetSize || err != nil {
			set()
		}
	})
	set()
	if err == nil && over > 0 {
		e.Log.Warn("letters kept back by the cost guard", "letters", all)
		e.Passed("collect: kept back")
	}
	return all, err
}

// KeptBack lists the letters that the guard keeps back, oldest due first, with what each would cost today. A letter whose cost
// is not known has none.
func (e *Collector) KeptBack(ctx context.Context) ([]accept.Quoted, error) {
	list, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.Shipments(ctx, store.ShipmentFilter{Hold: shipment.HoldCost})
	})
	if err != nil {
		return nil, err
	}
	terms, err := e.Terms(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b shipment.Shipment) int { return a.DueAt.Compare(b.DueAt) })
	out := make([]accept.Quoted, len(list))
	for i, s := range list {
		if out[i], err = e.accept.QuoteOn(s, terms); err != nil && out[i].Shipment == "" {
			out[i] = accept.Quoted{Shipment: s.ID, Account: s.Account, Konteringskode: s.Submission.Konteringskode}
		}
	}
	return out, nil
}
