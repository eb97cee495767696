package invoices

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"postgang/billing"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/store"
)

// ControlSheetCost gives the control sheets of a job and what they cost by its vendor's price list, net, on the day of its offer
// or else today; priced is false when the list has no price for them.
func (e *Invoices) ControlSheetCost(j store.PrintJob, files []store.JobFile) (sheets int, net billing.Ore, priced bool) {
	for _, f := range files { // other files than print files have none
		sheets += f.File.Header + f.File.Trailer
	}
	v := e.Vendors[j.Vendor]
	if v.Prices == nil || !v.Prices.Has(billing.ElementControlSheet) {
		return sheets, 0, false
	}
	at := j.OfferedAt
	if at.IsZero() {
		at = e.Now()
	}
	return sheets, v.Prices.ControlSheets("", sheets, billing.CivilOf(at, calendar.Oslo)), true
}

// beyondLetters gives what a vendor may invoice for [from, to) beside the letters by its price list, net, by kind of invoice line,
// with the accounts and konteringskoder that caused it: control sheets of the jobs offered in it, by the letters of each job, and
// minimums of the days on which letters were posted in it, by the letters of each account's day. Kinds that the list has no prices
// for are left out.
func (e *Invoices) beyondLetters(ctx context.Context, r store.Reader, v party.Vendor, from, to time.Time) (map[string][]billing.Cause, error) {
	out := map[string][]billing.Cause{}
	if v.Prices == nil {
		return out, nil
	}
	if v.Prices.Has(billing.ElementControlSheet) {
		causes, err := e.controlSheetCauses(ctx, r, v, from, to)
		if err != nil {
			return nil, err
		}
		out[billing.KindControlSheet] = causes
	}
	if v.Prices.Has(billing.ElementMinimum) {
		causes, err := minimumCauses(ctx, r, v, from, to)
		if err != nil {
			return nil, err
		}
		out[billing.KindMinimum] = causes
	}
	return out, nil
}

func (e *Invoices) controlSheetCauses(ctx context.Context, r store.Reader, v party.Vendor, from, to time.Time) ([]billing.Cause, error) {
	jobs, err := r.Jobs(ctx, store.JobFilter{Vendor: v.Key, OfferedSince: from})
	if err != nil {
		return nil, err
	}
	var out []billing.Cause
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

func minimumCauses(ctx context.Context, r store.Reader, v party.Vendor, from, to time.Time) ([]billing.Cause, error) {
	type accountDay struct {
		account string
		day     billing.Civil
	}
	letters, owners := map[accountDay][]billing.DayLetters{}, map[accountDay][]store.LetterOwner{}
	err := r.EachPostedSum(ctx, v.Key, from, to, func(p store.PostedSum) error {
		k := accountDay{p.Account, billing.CivilOf(p.At, calendar.Oslo)}
		letters[k] = billing.AddDayLetters(letters[k], p.Envelope, p.Letters, p.Production)
		owners[k] = append(owners[k], store.LetterOwner{Account: p.Account, Konteringskode: p.Konteringskode, Letters: p.Letters})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []billing.Cause
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
func caused(net billing.Ore, owners []store.LetterOwner) []billing.Cause {
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
	var out []billing.Cause
	for i, part := range billing.Allocate(net, weights) {
		out = append(out, billing.Cause{Account: keys[i].Account, Konteringskode: keys[i].Konteringskode, Net: part})
	}
	return out
}
