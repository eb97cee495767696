package engine

import (
	"context"
	"slices"
	"time"

	"postgang/billing"
)

// What a vendor's price list says of costs that belong to no letter: control sheets, and the least that an account pays for a day.

// PostedSum is what receipts say of letters of an account and envelope class that were posted at the same time.
type PostedSum struct {
	Account, Envelope string
	At                time.Time
	Letters           int         // reprints too
	Production        billing.Ore // net
}

// ControlSheetCost gives the control sheets of a job and what they cost by its vendor's price list, net, on the day of its offer
// or else today; priced is false when the list has no price for them.
func (e *Engine) ControlSheetCost(j PrintJob, files []JobFile) (sheets int, net billing.Ore, priced bool) {
	for _, f := range files { // other files than print files have none
		sheets += f.File.Header + f.File.Trailer
	}
	v := e.vendors[j.Vendor]
	if v.Prices == nil || !v.Prices.Has(billing.ElementControlSheet) {
		return sheets, 0, false
	}
	at := j.OfferedAt
	if at.IsZero() {
		at = e.now()
	}
	return sheets, v.Prices.ControlSheets("", sheets, billing.CivilOf(at, Oslo)), true
}

// beyondLetters gives what a vendor may invoice for [from, to) beside the letters by its price list, net, by kind of invoice line:
// control sheets of the jobs offered in it, and minimums of the days on which letters were posted in it. Kinds that the list has
// no prices for are left out.
func (e *Engine) beyondLetters(ctx context.Context, r Reader, v Vendor, from, to time.Time) (map[string]billing.Ore, error) {
	out := map[string]billing.Ore{}
	if v.Prices == nil {
		return out, nil
	}
	if v.Prices.Has(billing.ElementControlSheet) {
		out[billing.KindControlSheet] = 0
		jobs, err := r.Jobs(ctx, JobFilter{Vendor: v.Key, OfferedSince: from})
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			if !j.OfferedAt.Before(to) || !j.State.Live() {
				continue
			}
			files, err := r.JobFiles(ctx, j.ID)
			if err != nil {
				return nil, err
			}
			_, net, _ := e.ControlSheetCost(j, files)
			out[billing.KindControlSheet] += net
		}
	}
	if v.Prices.Has(billing.ElementMinimum) {
		type accountDay struct {
			account string
			day     billing.Civil
		}
		days := map[accountDay][]billing.DayLetters{}
		err := r.EachPostedSum(ctx, v.Key, from, to, func(p PostedSum) error {
			k := accountDay{p.Account, billing.CivilOf(p.At, Oslo)}
			days[k] = addDayLetters(days[k], p.Envelope, p.Letters, p.Production)
			return nil
		})
		if err != nil {
			return nil, err
		}
		out[billing.KindMinimum] = 0
		for k, letters := range days {
			out[billing.KindMinimum] += v.Prices.Minimum(k.account, k.day, letters)
		}
	}
	return out, nil
}

// addDayLetters adds letters to those of their envelope class.
func addDayLetters(list []billing.DayLetters, envelope string, letters int, production billing.Ore) []billing.DayLetters {
	i := slices.IndexFunc(list, func(d billing.DayLetters) bool { return d.Envelope == envelope })
	if i < 0 {
		i, list = len(list), append(list, billing.DayLetters{Envelope: envelope})
	}
	list[i].Letters += letters
	list[i].Production += production
	return list
}
