package engine_test

import (
	"maps"
	"testing"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/engine/finance"
	"postgang/engine/shipment"
)

// sameStatistics holds the statistics of months against the report of them, which looks at each letter and line.
func (s *stage) sameStatistics(t *testing.T, from, to civil.Date, accounts ...string) {
	t.Helper()
	q := finance.ReportQuery{From: from, To: to, Accounts: accounts, Inputs: figures.SeedInputs()}
	r, err := s.engine.Report(s.ctx, q)
	must(t, err)
	got, err := s.engine.Statistics(s.ctx, q)
	must(t, err)
	if got.Sum.Counters != r.Counters || got.Sum.Money != r.Money {
		t.Errorf("%s to %s: %+v, and the report has %+v, %+v", from, to, got.Sum, r.Counters, r.Money)
	}
	// What has nothing counted or booked is a row or none.
	same := func(what string, got []finance.Figures, want map[string]finance.Figures) {
		t.Helper()
		have := map[string]finance.Figures{}
		for _, f := range got {
			have[f.Name] = f
		}
		for _, list := range []map[string]finance.Figures{have, want} {
			maps.DeleteFunc(list, func(_ string, f finance.Figures) bool {
				return f.Counters == figures.Counters{} && f.Money == figures.Money{}
			})
		}
		if !maps.Equal(have, want) {
			t.Errorf("%s to %s by %s: %+v, and the report has %+v", from, to, what, have, want)
		}
	}
	months, accountsWant, codes := map[string]finance.Figures{}, map[string]finance.Figures{}, map[string]finance.Figures{}
	for _, m := range r.PerMonth {
		months[m.Month] = finance.Figures{Name: m.Month, Counters: m.Counters, Money: m.Money}
	}
	for _, c := range r.PerKonteringskode {
		codes[c.Code] = finance.Figures{Name: c.Code, Counters: c.Counters, Money: c.Money}
	}
	for _, row := range r.PerSender {
		f := accountsWant[row.Account]
		f.Name = row.Account
		f.Counters, f.Money = plusCounters(f.Counters, row.Counters), plusMoney(f.Money, row.Money)
		accountsWant[row.Account] = f
	}
	same("month", got.Months, months)
	same("account", got.Accounts, accountsWant)
	same("konteringskode", got.Codes, codes)
	if len(got.Months) != len(r.PerMonth) {
		t.Errorf("%d months, and the report has %d", len(got.Months), len(r.PerMonth))
	}
	if (got.Benefit == nil) != (r.Benefit == nil) || got.Benefit != nil && *got.Benefit != *r.Benefit {
		t.Errorf("%s to %s: the benefit is %+v, and the report has %+v", from, to, got.Benefit, r.Benefit)
	}
	reasons := map[shipment.Reason]int{}
	for _, row := range rows(r.Shipments) {
		if row.InPeriod && row.Channel == figures.ChannelPaper && row.Reason != "" && row.Status != string(shipment.StatusAvvist) {
			reasons[shipment.Reason(row.Reason)]++
		}
	}
	if !maps.Equal(got.Reasons, reasons) {
		t.Errorf("%s to %s: reasons %v, and the report has %v", from, to, got.Reasons, reasons)
	}
	must(t, r.Close())
}

func plusCounters(a, b figures.Counters) figures.Counters {
	return figures.Counters{
		Received: a.Received + b.Received, Refused: a.Refused + b.Refused, Read: a.Read + b.Read, Delivered: a.Delivered + b.Delivered, DigitalOnly: a.DigitalOnly + b.DigitalOnly,
		Waiting: a.Waiting + b.Waiting, Closed: a.Closed + b.Closed, Offered: a.Offered + b.Offered, Printed: a.Printed + b.Printed, Other: a.Other + b.Other,
	}
}

func plusMoney(a, b figures.Money) figures.Money {
	return figures.Money{
		Production: a.Production + b.Production, Postage: a.Postage + b.Postage, Other: a.Other + b.Other, Net: a.Net + b.Net, VAT: a.VAT + b.VAT, Gross: a.Gross + b.Gross,
		Letters: a.Letters + b.Letters,
	}
}
