package finance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/price"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/tally"
)

// Figures are what came and how it went, by the month received, and what is booked in it.
type Figures struct {
	Name     string // of an account, "" being none; a konteringskode; a month (2026-11)
	Counters figures.Counters
	Money    figures.Money
}

// Statistics are the figures of whole months that a report has too, without what it has of each letter: they are counted together.
type Statistics struct {
	Sum                     Figures
	Months, Accounts, Codes []Figures               // by name; the missing konteringskode last
	Reasons                 map[shipment.Reason]int // letters that were sent to paper
	Benefit                 *figures.BenefitRow     // nil while inputs are missing
}

// Statistics counts months, given by their first day, from one to before another.
func (e *Finance) Statistics(ctx context.Context, q ReportQuery) (Statistics, error) {
	s := Statistics{Reasons: map[shipment.Reason]int{}}
	if q.From >= q.To || q.From.UTC().Day() != 1 || q.To.UTC().Day() != 1 {
		return s, fmt.Errorf("the period from %s to %s is not whole months", q.From, q.To)
	}
	for _, a := range q.Accounts {
		if _, ok := e.Accounts[a]; !ok {
			return s, fmt.Errorf("account %q is not configured", a)
		}
	}
	in := figures.ReportInput{From: q.From, To: q.To, Inputs: q.Inputs}
	months, accounts, byCode := map[string]*Figures{}, map[string]*Figures{}, map[string]*Figures{}
	at := func(list map[string]*Figures, name string) *Figures {
		f := list[name]
		if f == nil {
			f = &Figures{Name: name}
			list[name] = f
		}
		return f
	}
	places := func(month, account, code string) []*Figures {
		return []*Figures{&s.Sum, at(months, month), at(accounts, cmp.Or(e.Accounts[account].Name, account)), at(byCode, cmp.Or(strings.TrimSpace(code), codes.Missing))}
	}
	err := e.Archive.View(ctx, func(r store.Reader) error {
		for day := q.From; day < q.To; day = civil.NextMonth(day) {
			at(months, day.Month())
			letters, err := r.CountLetters(ctx, day.In(calendar.Oslo), civil.NextMonth(day).In(calendar.Oslo), q.Accounts)
			if err != nil {
				return err
			}
			for _, l := range letters {
				outcome := outcomeOf(l)
				for _, f := range places(day.Month(), l.Account, shipment.ShownCode(l.Konteringskode)) {
					f.Counters.Count(outcome, l.N)
				}
				if l.Paper && l.Reason != "" && l.Status != shipment.StatusAvvist {
					s.Reasons[l.Reason] += l.N
				}
			}
		}
		booked, err := r.SumMoney(ctx, q.From.In(calendar.Oslo), q.To.In(calendar.Oslo), q.Accounts)
		if err != nil {
			return err
		}
		for _, b := range booked {
			for _, f := range places(b.Month, b.Account, b.Konteringskode) {
				if err := f.Money.Add(b.Kind, b.Net, b.VAT); err != nil {
					return fmt.Errorf("sum what is booked: %w", err)
				}
				f.Money.Letters += b.Letters
			}
		}
		return e.addDelivered(ctx, r, q, &in)
	})
	if err != nil {
		return s, fmt.Errorf("gather statistics: %w", err)
	}
	s.Months, s.Accounts, s.Codes = inOrder(months), inOrder(accounts), inOrder(byCode)
	if s.Benefit, err = figures.BenefitOf(in, s.Sum.Counters, s.Sum.Money); err != nil {
		return s, fmt.Errorf("gather statistics: %w", err)
	}
	return s, nil
}

func inOrder(list map[string]*Figures) (out []Figures) {
	for _, f := range list {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Figures) int {
		if (a.Name == codes.Missing) != (b.Name == codes.Missing) {
			return map[bool]int{true: 1, false: -1}[a.Name == codes.Missing]
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// outcomeOf is where letters stand.
func outcomeOf(l tally.Letters) figures.Outcome {
	rec := figures.ShipmentRecord{Status: string(l.Status)}
	if l.Posted {
		rec.Posted = time.Unix(1, 0)
	}
	if l.Read {
		rec.Read = time.Unix(1, 0)
	}
	return rec.Outcome()
}

// addDelivered adds what digital messages cost, which the benefit is counted with. They are priced one by one, when there is something
// to price them by.
func (e *Finance) addDelivered(ctx context.Context, r store.Reader, q ReportQuery, in *figures.ReportInput) error {
	priced := slices.ContainsFunc(e.VendorKeys, func(key string) bool {
		p := e.Vendors[key].Prices
		return p != nil && (p.Has(price.ElementDigital) || p.Has(price.ElementTransport))
	})
	if !priced || len(q.Inputs.Missing()) > 0 {
		return nil
	}
	terms, err := e.TermsIn(ctx, r, e.Now())
	if err != nil {
		return err
	}
	return r.EachDelivered(ctx, q.From.In(calendar.Oslo), q.To.In(calendar.Oslo), q.Accounts, func(d tally.Delivered) error {
		s := store.ReportShipment{}
		s.Account, s.Status, s.ReceivedAt, s.ReadAt, s.Prepared = d.Account, d.Status, d.ReceivedAt, d.ReadAt, shipment.BlobRef{SHA256: "there", Bytes: d.Bytes}
		if kroner, ok := digitalCost(s, terms); ok {
			in.Digital += kroner
			in.DigitalPriced++
		}
		return nil
	})
}
