package operation

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/collect"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/forecast"
	"postgang/engine/nights"
)

// aheadBox is what the next night is expected to collect.
type aheadBox struct {
	Night   time.Time
	Planned bool // a schedule says so; else it is midnight
	aheadSum
	Rows   []aheadRow
	Behind []behindRow // set aside
	Aside  []behindRow // would be set aside
}

// aheadSum is a number of letters with what is known of them.
type aheadSum struct {
	Letters  int
	Sheets   int // 0: not known
	Postage  money.Ore
	Unpriced int  // letters whose postage is not known
	About    bool // sheets and postage are estimated
}

// Priced reports whether the postage of any letter is known.
func (s aheadSum) Priced() bool { return s.Sheets > 0 && s.Unpriced < s.Letters }

// aheadRow is an account's part.
type aheadRow struct {
	Account page.Link
	Vendor  string
	aheadSum
}

// behindRow is what is due then and does not go, for one reason.
type behindRow struct {
	Why string
	cell
}

// shownAhead is how many accounts stand in a row of their own; the others are one.
const shownAhead = 8

// aheadKept is for how long the forecast is kept: it is dearer than other counts, and changes little.
const aheadKept = 30 * time.Second

// countAhead counts for everybody, for the cache.
func (v *request) countAhead(ctx context.Context) (collect.Ahead, error) {
	night, _ := nights.NextNight(v.Schedules, v.Now())
	return v.Engine.Ahead(ctx, night)
}

// aheadOf is what of the next night is within the person's scope.
func (v *request) aheadOf(all collect.Ahead) aheadBox {
	_, planned := nights.NextNight(v.Schedules, v.Now())
	box := aheadBox{Night: all.Night, Planned: planned}
	behind, aside := map[string]int{}, map[string]int{}
	known := true
	for _, a := range all.Accounts {
		if !v.Scope.Has(a.Account) {
			continue
		}
		for code, n := range a.Behind {
			behind[code] += n
		}
		for code, n := range a.Aside {
			aside[code] += n
		}
		if a.Letters == 0 {
			continue
		}
		row := aheadRow{
			Account: page.Link{Text: v.AccountName(a.Account), Path: visit.Letters("konto", a.Account, "status", visit.StatusUnderWay)}, Vendor: v.VendorName(a.Vendor),
			aheadSum: aheadSum{a.Letters, a.Sheets, a.Postage, a.Unpriced, a.Figured > 0 && a.Figured < a.Letters},
		}
		known = known && a.Figured > 0
		box.Rows = append(box.Rows, row)
		box.add(row.aheadSum)
	}
	if !known {
		box.Sheets, box.Postage, box.Unpriced = 0, 0, 0
	}
	slices.SortStableFunc(box.Rows, func(a, b aheadRow) int { return cmp.Compare(b.Letters, a.Letters) })
	if len(box.Rows) > shownAhead+1 {
		rest := aheadRow{Account: page.Link{Text: page.Counted(len(box.Rows)-shownAhead, "annen konto", "andre kontoer")}}
		for _, row := range box.Rows[shownAhead:] {
			rest.add(row.aheadSum)
		}
		box.Rows = append(box.Rows[:shownAhead], rest)
	}
	for _, code := range slices.Sorted(maps.Keys(behind)) {
		if n := behind[code]; n > 0 {
			box.Behind = append(box.Behind, behindRow{page.HoldOf(code), cell{n, visit.Letters("satt_til_side", code)}})
		}
	}
	for _, code := range slices.Sorted(maps.Keys(aside)) {
		if n := aside[code]; n > 0 {
			box.Aside = append(box.Aside, behindRow{page.HoldOf(code), cell{N: n}})
		}
	}
	return box
}

func (s *aheadSum) add(o aheadSum) {
	s.Letters, s.Sheets, s.Postage, s.Unpriced, s.About = s.Letters+o.Letters, s.Sheets+o.Sheets, s.Postage+o.Postage, s.Unpriced+o.Unpriced, s.About || o.About
}

// missingRow is an account whose usual work has not come.
type missingRow struct {
	Account     page.Link
	Usual, When string
	Came        cell // today
}

var weekdays = map[time.Weekday]string{
	time.Monday: "mandager", time.Tuesday: "tirsdager", time.Wednesday: "onsdager", time.Thursday: "torsdager", time.Friday: "fredager", time.Saturday: "lørdager", time.Sunday: "søndager",
}

// missingWork is whose usual work has not come, within the person's scope.
func (v *request) missingWork(all []forecast.Missing) (out []missingRow) {
	today := calendar.DayOf(v.Now())
	for _, m := range all {
		if !v.Scope.Has(m.Account) {
			continue
		}
		row := missingRow{
			Account: page.Link{Text: v.AccountName(m.Account), Path: visit.Letters("konto", m.Account)},
			Came:    cell{m.Came, visit.Letters("konto", m.Account, "fra", today.String())},
		}
		if m.Kind == forecast.Monthly {
			row.Usual = fmt.Sprintf("rundt %s brev hver måned", page.Number(m.About()))
			row.When = page.Day(m.Last.Start())
		} else {
			row.Usual = fmt.Sprintf("rundt %s brev på %s", page.Number(m.About()), weekdays[today.Weekday()])
			row.When = m.By.In(calendar.Oslo).Format("kl.\u00a015.04")
		}
		out = append(out, row)
	}
	return out
}
