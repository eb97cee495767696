package figures

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/billing/spool"
)

// The average cost of a letter is what a spreadsheet's ROUND(net/letters,2) gives, also when more letters are taken back than came.
func TestAverageRoundsAsSpreadsheetsDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		net     money.Ore
		letters int
		want    money.Ore
	}{{-12102, -1, 12102}, {12102, -1, -12102}, {-12101, 2, -6051}, {12101, 2, 6051}, {12101, -2, -6051}, {-12101, -2, 6051}, {1, 3, 0}, {5, 3, 2}, {-5, -3, 2}, {7, 0, 0}} {
		if got := (Money{Net: c.net, Letters: c.letters}).Per(); got != c.want {
			t.Errorf("%d øre over %d letters: %d, want %d", c.net, c.letters, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := Money{Net: money.Ore(rapid.Int64Range(-1e12, 1e12).Draw(t, "net")), Letters: rapid.IntRange(-1000, 1000).Filter(func(n int) bool { return n != 0 }).Draw(t, "letters")}
		want, _ := roundOre(big.NewRat(int64(m.Net), 100*int64(m.Letters)))
		if got := m.Per(); got != want {
			t.Fatalf("%+v: %d, want %d", m, got, want)
		}
	})
}

func osloOf(t testing.TB) *time.Location {
	loc, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func at(s string) time.Time {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return v.UTC()
}

func cost(shipment, code string, day civil.Date, kind string, net money.Ore) CostRecord {
	vat := net.Percent(25)
	c := CostRecord{Shipment: shipment, Job: "J1", Konteringskode: code, Posted: day, Kind: kind, Net: net, VAT: vat, Gross: net + vat, Source: "fil:1"}
	if kind == ledger.KindProduction {
		c.Letters = 1
	}
	return c
}

func TestBuildReport(t *testing.T) {
	t.Parallel()
	in := ReportInput{From: "2026-01-01", To: "2026-03-01", Generated: at("2026-03-02T06:00:00Z"), ReportID: "R1", Location: osloOf(t),
		Accounts: map[string]string{"a": "Skatt"}, Inputs: SeedInputs(),
		Shipments: []ShipmentRecord{
			{ID: "printed", Account: "a", Konteringskode: "0100", Status: "PRINTET", Received: at("2026-01-05T10:00:00Z"), PagesBW: 3, Sheets: 2, WeightGram: 17},
			{ID: "read", Account: "a", Konteringskode: "0100", Status: "LEST", Received: at("2026-01-31T22:59:59Z")},
			{ID: "february in Oslo", Account: "b", Konteringskode: "100", Status: "SENDT_PRINT", Received: at("2026-01-31T23:00:00Z")},
			{ID: "no code", Account: "a", Status: "AVVIST", Received: at("2026-02-10T10:00:00Z")},
			{ID: "received before", Account: "a", Konteringskode: "-9", Status: "PRINTET", Received: at("2025-12-31T22:59:59Z"), PagesColour: 1, Sheets: 1, WeightGram: 12},
			{ID: "after", Account: "a", Konteringskode: "later", Status: "VARSLET", Received: at("2026-02-28T23:00:00Z")},
			{ID: "strange", Account: "a", Konteringskode: "0100", Status: "NOE_NYTT", Received: at("2026-02-10T10:00:00Z")},
			{ID: "deleted", Account: "a", Konteringskode: "0100", Status: "SLETTET", Received: at("2026-02-10T10:00:00Z"), Read: at("2026-02-10T11:00:00Z")},
		},
		Costs: []CostRecord{
			cost("printed", "0100", "2026-01-07", ledger.KindProduction, 570), cost("printed", "0100", "2026-01-07", ledger.KindPostage, 750),
			cost("received before", "-9", "2026-01-01", ledger.KindProduction, 600), cost("received before", "", "2026-01-01", ledger.KindPostage, 800),
			cost("printed", "0100", "2026-03-01", ledger.KindProduction, 99999), // the day after the period
			cost("", "", "2026-02-28", "MINSTEPRIS", 301),
			cost("printed", "0100", "2026-02-03", ledger.KindPostage, -50), // a correction
		},
	}
	r, err := BuildReport(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Counters{Received: 6, Refused: 1, Read: 2, Offered: 1, Printed: 1, Other: 1}); r.Counters != want {
		t.Errorf("counters %+v", r.Counters)
	}
	if m := r.Money; m.Net != 570+750+600+800+301-50 || m.Production != 1170 || m.Postage != 1500 || m.Other != 301 || m.Letters != 2 || m.Gross != m.Net+m.VAT {
		t.Errorf("money %+v", m)
	}
	var perCode []string
	for _, row := range r.PerKonteringskode {
		perCode = append(perCode, fmt.Sprintf("%d %s %d %d", row.Number, row.Code, row.Counters.Received, row.Money.Net))
	}
	if got := strings.Join(perCode, "; "); got != "1 -9 0 600; 2 0100 4 1270; 3 100 1 0; 4 (mangler) 1 1101" {
		t.Errorf("codes %s", got)
	}
	if len(r.PerMonth) != 2 || r.PerMonth[0].Counters.Received != 2 || r.PerMonth[1].Counters.Received != 4 || r.PerMonth[1].Money.Net != 251 {
		t.Errorf("months %+v", r.PerMonth)
	}
	if s := list(t, r.Shipments); len(s) != 7 || s[0].ID != "received before" || s[0].InPeriod || s[0].Money.Net != 1400 || r.CodeNumber(s[0].Konteringskode) != 1 {
		t.Errorf("shipments %+v", s)
	}
	for code, want := range map[string]int{"": 4, " 0100 ": 2, "100": 3, codes.Missing: 0, "x": 0} {
		if got := r.CodeNumber(code); got != want {
			t.Errorf("%q has number %d, want %d", code, got, want)
		}
	}
	if r.Volume != (Volume{3, 1, 3, 29}) {
		t.Errorf("volume %+v", r.Volume)
	}
	// 2 digital of 4 with a known end; production 11,70 over 2 letters.
	if a := r.Actual; a.DigitalPercent.Value != money.DecimalFromInt(50) || a.PaperWith.Value != 73_550 || a.PostageWithout.Value != money.DecimalFromOre(750) || a.PostageWith.Value != money.DecimalFromOre(750) || a.YearCost.Set {
		t.Errorf("measured %+v", a)
	}
	if r.CostBenefit == nil || r.CostBenefitActual == nil || r.CostBenefitActual.Total.With != 1486 || r.CostBenefitActual.Postage.Saving != 0 {
		t.Errorf("kost/nytte %+v %+v", r.CostBenefit, r.CostBenefitActual)
	}
	in.Inputs = CostBenefitInputs{}
	if r, err = BuildReport(in); err != nil || r.CostBenefit != nil || len(r.MissingInputs) != 11 {
		t.Errorf("without inputs: %v, %v", r.MissingInputs, err)
	}
}

// What was saved hangs on what went out in the period: it is the same by konteringskode and by account, nothing of it is left out,
// and without letters only what was booked is left.
func TestBenefitOfThePeriod(t *testing.T) {
	t.Parallel()
	in := ReportInput{From: "2026-01-01", To: "2026-02-01", Generated: at("2026-02-02T06:00:00Z"), Location: osloOf(t), Accounts: map[string]string{"a": "Skatt", "b": "Helse"}, Inputs: SeedInputs(),
		Shipments: []ShipmentRecord{
			{ID: "1", Account: "a", Konteringskode: "0100", Status: "PRINTET", Received: at("2026-01-05T10:00:00Z")},
			{ID: "2", Account: "b", Status: "LEST", Received: at("2026-01-05T10:00:00Z")}, {ID: "3", Account: "b", Status: "LEVERT_SDP", Received: at("2026-01-05T10:00:00Z")},
		},
		Costs: []CostRecord{cost("1", "0100", "2026-01-07", ledger.KindProduction, 570), cost("1", "0100", "2026-01-07", ledger.KindPostage, 2181), cost("", "0200", "2026-01-31", ledger.KindMinimum, 400)},
	}
	r, err := BuildReport(in)
	if err != nil {
		t.Fatal(err)
	}
	// T₀ with the postage of the period in the place of 2014's: 17,647 + 2,00 + 21,81.
	const each = 4146
	want := BenefitRow{Paper: 1, Digital: 2, Net: 3151, Without: 3 * each, With: 3151}
	if got := *r.Benefit; got.Saving() != 3*each-3151 || got.Without != want.Without || got.With != want.With || got.Net != want.Net {
		t.Errorf("saved %+v, want %+v", got, want)
	}
	if a := r.CostBenefitActual; a.Total.Without != each || a.Total.With != 3151 || a.Postage.Saving != 0 {
		t.Errorf("a letter: %+v", a.Total)
	}
	if len(r.Benefits) != 6 { // 0100, 0200 with an amount alone, the missing code; two accounts, and none
		t.Errorf("%+v", r.Benefits)
	}
	in.Inputs.PostageToday = Input{Value: money.DecimalFromOre(28_00), Set: true, Source: SourceGiven, Year: 2026}
	if r, err = BuildReport(in); err != nil || r.CostBenefitActual.Postage.Without != 2800 || r.CostBenefit.Postage.Without != 1300 || r.Benefit.Without != 3*4765 {
		t.Errorf("with the postage of today: %+v, %v", r.CostBenefitActual, err)
	}
	in.Shipments, in.Costs = nil, []CostRecord{cost("", "0100", "2026-01-07", ledger.KindPostage, -9870)}
	if r, err = BuildReport(in); err != nil || r.Benefit.Saving() != 9870 || r.Benefit.Paper+r.Benefit.Digital != 0 {
		t.Errorf("a month without letters: %+v, %v", r.Benefit, err)
	}
	in.Inputs = CostBenefitInputs{}
	if r, err = BuildReport(in); err != nil || r.Benefit != nil || len(r.Benefits) != 2 {
		t.Errorf("without inputs: %+v, %v", r.Benefits, err)
	}
}

func TestBuildReportRefuses(t *testing.T) {
	t.Parallel()
	good := func() ReportInput {
		return ReportInput{From: "2026-01-01", To: "2026-02-01", Generated: at("2026-02-01T00:00:00Z"), Location: time.UTC,
			Shipments: []ShipmentRecord{{ID: "S", Received: at("2026-01-05T10:00:00Z")}}, Costs: []CostRecord{cost("S", "", "2026-01-05", ledger.KindPostage, 1)}}
	}
	if _, err := BuildReport(good()); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*ReportInput){
		"no location":       func(in *ReportInput) { in.Location = nil },
		"period is empty":   func(in *ReportInput) { in.To = in.From },
		"YYYY-MM-DD":        func(in *ReportInput) { in.From = "1. januar" },
		"no time of making": func(in *ReportInput) { in.Generated = time.Time{} },
		"stands twice":      func(in *ReportInput) { in.Shipments = append(in.Shipments, in.Shipments[0]) },
		"no id":             func(in *ReportInput) { in.Shipments[0].ID = "" },
		"time of reception": func(in *ReportInput) { in.Shipments[0].Received = time.Time{} },
		"negative":          func(in *ReportInput) { in.Shipments[0].Sheets = -1 },
		"gross is not":      func(in *ReportInput) { in.Costs[0].Gross++ },
		"no kind":           func(in *ReportInput) { in.Costs[0].Kind = "" },
		"posted day":        func(in *ReportInput) { in.Costs[0].Posted = "2026-1-5" },
		"64 bits": func(in *ReportInput) {
			in.Costs = []CostRecord{{Posted: "2026-01-05", Kind: "X", Net: math.MaxInt64, Gross: math.MaxInt64}, {Posted: "2026-01-05", Kind: "X", Net: 1, Gross: 1}}
		},
		"input p0": func(in *ReportInput) { in.Inputs = SeedInputs(); in.Inputs.PaperWithout.Value = -1 },
	} {
		in := good()
		change(&in)
		if _, err := BuildReport(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// list reads all rows.
func list[T any](t interface {
	Helper()
	Fatal(args ...any)
}, rows *spool.Rows[T]) []T {
	t.Helper()
	out, err := rows.List()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func genInput(loc *time.Location) *rapid.Generator[ReportInput] {
	statuses := []string{"MOTTATT", "AVVIST", "LEST", "VARSLET", "PRINTET", "SENDT_PRINT", "MANUELT_HANDTERT", "IKKE_LEVERT", "LEVERT_SDP", "SLETTET", "UKJENT"}
	codes := rapid.SampledFrom([]string{"", "0100", "100", "-5", "1E2", "Ås", "ås"})
	return rapid.Custom(func(t *rapid.T) ReportInput {
		in := ReportInput{From: "2026-01-15", To: "2026-04-01", Generated: at("2026-04-02T00:00:00Z"), Location: loc, Inputs: SeedInputs()}
		start := at("2026-01-10T00:00:00Z")
		for i := range rapid.IntRange(0, 20).Draw(t, "shipments") {
			s := ShipmentRecord{ID: fmt.Sprint("S", i), Account: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "account"), Konteringskode: codes.Draw(t, "code"),
				Status: rapid.SampledFrom(statuses).Draw(t, "status"), Received: start.Add(time.Duration(rapid.IntRange(0, 90*24).Draw(t, "hour")) * time.Hour),
				PagesBW: rapid.IntRange(0, 9).Draw(t, "pages"), Sheets: 3, WeightGram: 20}
			in.Shipments = append(in.Shipments, s)
		}
		for range rapid.IntRange(0, 30).Draw(t, "costs") {
			in.Costs = append(in.Costs, cost(fmt.Sprint("S", rapid.IntRange(0, 25).Draw(t, "of")), codes.Draw(t, "cost code"),
				civil.Date("2026-01-10").AddDays(rapid.IntRange(0, 90).Draw(t, "day")), rapid.SampledFrom([]string{ledger.KindProduction, ledger.KindPostage, "ANNET"}).Draw(t, "kind"),
				money.Ore(rapid.Int64Range(-1e5, 1e6).Draw(t, "net"))))
		}
		for range rapid.IntRange(0, 5).Draw(t, "deviations") {
			in.Deviations = append(in.Deviations, DeviationRecord{Deviation: receipt.Deviation{Kind: receipt.DeviationWeight, Shipment: fmt.Sprint("S", rapid.IntRange(0, 3).Draw(t, "dev of"))}, Day: "2026-01-20"})
		}
		return in
	})
}

// The order of records says nothing, and every table sums to what the ledger has in the period.
func TestReportProperties(t *testing.T) {
	t.Parallel()
	loc := osloOf(t)
	rapid.Check(t, func(t *rapid.T) {
		in := genInput(loc).Draw(t, "input")
		r, err := BuildReport(in)
		if err != nil {
			t.Fatal(err)
		}
		var net, gross, perCode, perMonth, perCost money.Ore
		for _, c := range in.Costs {
			if c.Posted.Within(in.From, in.To) {
				net, gross = net+c.Net, gross+c.Gross
			}
		}
		received := 0
		for _, s := range in.Shipments {
			if civil.Of(s.Received, loc).Within(in.From, in.To) {
				received++
			}
		}
		counted := 0
		for _, row := range r.PerKonteringskode {
			perCode += row.Money.Net
			counted += row.Counters.Sum()
		}
		for _, row := range r.PerMonth {
			perMonth += row.Money.Net
		}
		for _, c := range list(t, r.Costs) {
			perCost += c.Net
			if row := r.PerKonteringskode[r.CodeNumber(c.Konteringskode)-1]; row.Code != c.Konteringskode && !row.Missing {
				t.Fatalf("a line of %q is numbered as %q", c.Konteringskode, row.Code)
			}
		}
		if r.Money.Net != net || r.Money.Gross != gross || perCode != net || perMonth != net || perCost != net || counted != received || r.Counters.Received != received {
			t.Fatalf("ledger %d, report %d, codes %d, months %d, lines %d; received %d, report %d, codes %d", net, r.Money.Net, perCode, perMonth, perCost, received, r.Counters.Received, counted)
		}

		in.Shipments = rapid.Permutation(in.Shipments).Draw(t, "shipments")
		in.Costs = rapid.Permutation(in.Costs).Draw(t, "costs")
		in.Deviations = rapid.Permutation(in.Deviations).Draw(t, "deviations")
		again, err := BuildReport(in)
		if err != nil {
			t.Fatal(err)
		}
		rows := func(r Report) [3]any { return [3]any{list(t, r.Shipments), list(t, r.Costs), list(t, r.Deviations)} }
		if diff := cmp.Diff(rows(r), rows(again)); diff != "" {
			t.Fatal(diff)
		}
		r.Shipments, r.Costs, r.Deviations, again.Shipments, again.Costs, again.Deviations = nil, nil, nil, nil, nil, nil
		if diff := cmp.Diff(r, again, cmp.Comparer(func(a, b *time.Location) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Two adjoining periods hold every line exactly once.
func TestPeriodsAdjoin(t *testing.T) {
	t.Parallel()
	loc := osloOf(t)
	rapid.Check(t, func(t *rapid.T) {
		in := genInput(loc).Draw(t, "input")
		whole, err := BuildReport(in)
		if err != nil {
			t.Fatal(err)
		}
		first, second := in, in
		first.To = in.From.AddDays(rapid.IntRange(1, 70).Draw(t, "split"))
		second.From = first.To
		a, err1 := BuildReport(first)
		b, err2 := BuildReport(second)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if a.Money.Net+b.Money.Net != whole.Money.Net || a.Counters.Received+b.Counters.Received != whole.Counters.Received || a.Costs.Len()+b.Costs.Len() != whole.Costs.Len() {
			t.Fatalf("%+v and %+v against %+v", a.Money, b.Money, whole.Money)
		}
	})
}
