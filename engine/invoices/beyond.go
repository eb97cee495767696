package invoices

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/store"
)

// ControlSheetCost gives the control sheets of a job and what they cost by its vendor's price list, net, on the day of its offer
// or else today; priced is false when the list has no price for them.
func (e *Invoices) ControlSheetCost(j store.PrintJob, files []store.JobFile) (sheets int, net money.Ore, priced bool) {
	for _, f := range files { // other files than print files have none
		sheets += f.File.Header + f.File.Trailer
	}
	v := e.Vendors[j.Vendor]
	if v.Prices == nil || !v.Prices.Has(price.ElementControlSheet) {
		return sheets, 0, false
	}
	at := j.OfferedAt
	if at.IsZero() {
		at = e.Now()
	}
	return sheets, v.Prices.ControlSheets("", sheets, civil.Of(at, calendar.Oslo)), true
}

// beyondLetters gives what a vendor may invoice for [from, to) beside the letters by its price list, net, by kind of invoice line,
// with the accounts and konteringskoder that caused it: control sheets of the jobs offered in it, by the letters of each job, and
// minimums of the days on which letters were posted in it, by the letters of each account's day. Kinds that the list has no prices
// for are left out.
func (e *Invoices) beyondLetters(ctx context.Context, r store.Reader, v party.Vendor, from, to time.Time) (map[string][]invoice.Cause, error) {
	out := map[string][]invoice.Cause{}
	if v.Prices == nil {
		return out, nil
	}
	if v.Prices.Has(price.ElementControlSheet) {
		causes, err := e.controlSheetCauses(ctx, r, v, from, to)
		if err != nil {
			return nil, err
		}
		out[ledger.KindControlSheet] = causes
	}
	if v.Prices.Has(price.ElementMinimum) {
		causes, err := minimumCauses(ctx, r, v, from, to)
		if err != nil {
			return nil, err
		}
		out[ledger.KindMinimum] = causes
	}
	return out, nil
}

func (e *Invoices) controlSheetCauses(ctx context.Context, r store.Reader, v party.Vendor, from, to time.Time) ([]invoice.Cause, error) {
	jobs, err := r.Jobs(ctx, store.JobFilter{Vendor: v.Key, OfferedSince: from})
	if err != nil {
		return nil, err
	}
	var out []invoice.Cause
	for _, j := range jobs {
		if !j.OfferedAt.Before(to) || !j.State.Live() {
			continue
		}
		files, err := r.JobFiles(ctx, j.ID)
		if err != nil {
			return nil, err
		}
		_, net, _ := e.ControlSheetCost(j, files)
		if net == 0 {
			continue
		}
		owners, err := r.JobOwners(ctx, j.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, caused(net, owners)...)
	}
	return out, nil
}

func minimumCauses(ctx context.Context, r store.Reader, v party.Vendor, from, to time.Time) ([]invoice.Cause, error) {
	type accountDay struct {
		account string
		day     civil.Date
	}
	letters, owners := map[accountDay][]price.DayLetters{}, map[accountDay][]store.LetterOwner{}
	err := r.EachPostedSum(ctx, v.Key, from, to, func(p store.PostedSum) error {
		k := accountDay{p.Account, civil.Of(p.At, calendar.Oslo)}
		letters[k] = price.AddDayLetters(letters[k], p.Envelope, p.Letters, p.Production)
		owners[k] = append(owners[k], store.LetterOwner{Account: p.Account, Konteringskode: p.Konteringskode, Letters: p.Letters})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []invoice.Cause
	for _, k := range slices.SortedFunc(maps.Keys(letters), func(a, b accountDay) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.day, b.day))
	}) {
		if net := v.Prices.Minimum(k.account, k.day, letters[k]); net != 0 {
			out = append(out, caused(net, owners[k])...)
		}
	}
	return out, nil
}

// caused shares an amount out to those whose letters caused it, by their number.
func caused(net money.Ore, owners []store.LetterOwner) []invoice.Cause {
	sums := map[store.LetterOwner]int64{}
	for _, o := range owners {
		sums[store.LetterOwner{Account: o.Account, Konteringskode: o.Konteringskode}] += int64(o.Letters)
	}
	keys := slices.SortedFunc(maps.Keys(sums), func(a, b store.LetterOwner) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Konteringskode, b.Konteringskode))
	})
	weights := make([]int64, len(keys))
	for i, k := range keys {
		weights[i] = sums[k]
	}
	var out []invoice.Cause
	for i, part := range money.Allocate(net, weights) {
		out = append(out, invoice.Cause{Account: keys[i].Account, Konteringskode: keys[i].Konteringskode, Net: part})
	}
	return out
}
