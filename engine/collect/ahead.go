package collect

import (
	"cmp"
	"context"
	"slices"
	"time"

	"postgang/billing/money"
	"postgang/engine/accept"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
)

// Ahead is what a night would collect when nobody reads a letter until then. The caps of the cost guard, and channels that do not answer,
// may keep back more of it.
type Ahead struct {
	Night    time.Time
	Accounts []AheadOf // those with letters that are due or stay behind, by account
	// Estimated: there are so many letters that sheets and postage are counted of some, taken by chance.
	Estimated bool
}

// AheadOf is an account's part of it.
type AheadOf struct {
	Account string
	Vendor  string // that would print
	Letters int
	// Figured are the letters that sheets and postage are counted of; fewer than Letters when they are estimated, 0: they are not known.
	Figured  int
	Sheets   int
	Postage  money.Ore // net
	Unpriced int       // letters whose postage is not known, and is not in it
	// Behind are letters that would be due and stay behind, since they are set aside; Aside those that the night would set aside. By
	// reason code.
	Behind, Aside map[string]int
}

const (
	// aheadFigured is how many letters sheets and postage are counted of. Ids are hashes, so that the first ones are taken by chance; of a
	// thousand, the mean is some per cent exact.
	aheadFigured = 1000
	// aheadEnough is how many of an account's letters stand for all of them.
	aheadEnough = 50
)

// Ahead tells what a night at a time would collect when nothing is read, released or set aside until then. It changes nothing.
func (e *Collector) Ahead(ctx context.Context, night time.Time) (Ahead, error) {
	out := Ahead{Night: night}
	var terms *step.Terms
	of := map[string]*AheadOf{}
	account := func(key string) *AheadOf {
		if of[key] == nil {
			of[key] = &AheadOf{Account: key, Vendor: terms.VendorAt(key, night).Key, Behind: map[string]int{}, Aside: map[string]int{}}
		}
		return of[key]
	}
	var some []shipment.Shipment
	err := e.Archive.View(ctx, func(r store.Reader) (err error) {
		if terms, err = e.TermsIn(ctx, r, e.Now()); err != nil {
			return err
		}
		due, err := r.Overdue(ctx, night)
		if err != nil {
			return err
		}
		for _, c := range due {
			if slices.Contains(e.AccountKeys, c.Account) {
				account(c.Account).Letters = c.Count
			}
		}
		behind, err := r.Behind(ctx, night)
		if err != nil {
			return err
		}
		for _, b := range behind {
			if slices.Contains(e.AccountKeys, b.Account) {
				account(b.Account).Behind[b.Hold] += b.Letters
			}
		}
		some, err = r.Due(ctx, night, e.AccountKeys, "", aheadFigured)
		return err
	})
	if err != nil {
		return out, err
	}
	looked := map[string]int{}
	for _, s := range some {
		looked[s.Account]++
		if code := e.lay(s, terms, account(s.Account), night); code != "" {
			account(s.Account).Aside[code]++
		}
	}
	for _, key := range e.AccountKeys {
		a := of[key]
		if a == nil {
			continue
		}
		all, n := a.Letters, looked[key]
		if n < all {
			out.Estimated = true
		}
		for code, m := range a.Aside {
			a.Aside[code] = scaled(m, all, n)
			a.Letters -= a.Aside[code]
		}
		switch {
		case n < all && a.Figured < aheadEnough:
			a.Figured, a.Sheets, a.Postage, a.Unpriced = 0, 0, 0, 0
		case n < all:
			a.Sheets, a.Unpriced = scaled(a.Sheets, all, n), scaled(a.Unpriced, all, n)
			a.Postage = money.Ore(scaled(int(a.Postage), all, n))
		}
		if a.Letters > 0 || len(a.Behind)+len(a.Aside) > 0 {
			out.Accounts = append(out.Accounts, *a)
		}
	}
	slices.SortFunc(out.Accounts, func(a, b AheadOf) int { return cmp.Compare(a.Account, b.Account) })
	return out, nil
}

// lay adds the sheets and postage of a letter, or gives the reason code for which a night would set it aside.
func (e *Collector) lay(s shipment.Shipment, terms *step.Terms, a *AheadOf, night time.Time) (aside string) {
	v := terms.VendorAt(s.Account, night)
	if night.Sub(s.DueAt) > v.PrintLimit() {
		return shipment.HoldWindow
	}
	if v.Bars(s) {
		return shipment.HoldLevel4
	}
	if s.Facts == nil {
		return ""
	}
	jobs, none, err := printjobs.Plan([]printjobs.Candidate{e.accept.Candidate(s)}, v.Profile)
	switch {
	case err != nil:
		return "" // the profile is wrong, as every night says
	case len(none) > 0:
		return none[0].Code
	}
	row := accept.PlannedRow(jobs[0].Letters[0])
	a.Figured++
	a.Sheets += row.Sheets
	if q, err := e.accept.QuoteRow(s, row, v); err == nil {
		a.Postage += q.Postage
	} else {
		a.Unpriced++
	}
	return ""
}

// scaled is a part of what was looked at as a part of all.
func scaled(part, all, looked int) int {
	if looked == 0 || looked >= all {
		return part
	}
	return (part*all + looked/2) / looked
}
