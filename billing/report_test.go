package billing

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/spool"
)

// The seed's figures (25 %, kr 5,70, kr 13,00, kr 7,50) with illustrative K, H, t₀, p₀ and N.
func TestCostBenefitWorkedCheck(t *testing.T) {
	t.Parallel()
	cb, err := SeedInputs().Compute()
	if err != nil {
		t.Fatal(err)
	}
	want := CostBenefit{
		Wage:       CostBenefitRow{17_65, 0, 17_65},
		Production: CostBenefitRow{2_00, 5_70, -3_70},
		Postage:    CostBenefitRow{13_00, 7_50, 5_50},
		Total:      CostBenefitRow{32_65, 13_20, 19_45},
		Year:       CostBenefitRow{3_264_705_88, 990_000_00, 2_274_705_88},
		YearPaper:  990_000_00,
	}
	if diff := cmp.Diff(want, cb); diff != "" {
		t.Error(diff)
	}
	if got := []Ore{(cb.Year.Without + 50) / 100, cb.Year.With / 100, (cb.Year.Saving + 50) / 100}; got[0] != 3_264_706 || got[1] != 990_000 || got[2] != 2_274_706 {
		t.Errorf("in whole kroner %v", got)
	}
	in := SeedInputs()
	in.DigitalUnitCost.Value = 7_700 // kr 0,77
	if cb, err = in.Compute(); err != nil || cb.YearDigital != 25_000*77 || cb.Year.With != 990_000_00+25_000*77 {
		t.Errorf("with a digital price: %+v, %v", cb, err)
	}
}

// The model against its formulas in floating point, for any inputs.
func TestCostBenefitModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, least, most int64) Input {
			return Input{Value: Decimal(rapid.Int64Range(least, most).Draw(t, name)), Set: true, Source: SourceGiven}
		}
		in := CostBenefitInputs{
			YearCost: draw("K", 0, 2e10), YearHours: draw("H", 1e6, 3e7), LettersPerYear: draw("N", 0, 1e10), DigitalPercent: draw("d", 0, 1e6),
			MinutesWithout: draw("t0", 0, 1e5), MinutesWith: draw("t1", 0, 1e5), PaperWithout: draw("p0", 0, 1e6), PaperWith: draw("p1", 0, 1e6),
			PostageWithout: draw("s0", 0, 1e6), PostageWith: draw("s1", 0, 1e6), DigitalUnitCost: draw("c", 0, 1e5),
		}
		cb, err := in.Compute()
		if err != nil {
			t.Fatal(err)
		}
		f := func(i Input) float64 { return i.Value.Float() }
		letter := func(minutes, paper, postage Input) float64 {
			return f(in.YearCost)/f(in.YearHours)*f(minutes)/60 + f(paper) + f(postage)
		}
		t0, t1 := letter(in.MinutesWithout, in.PaperWithout, in.PostageWithout), letter(in.MinutesWith, in.PaperWith, in.PostageWith)
		n, d := f(in.LettersPerYear), f(in.DigitalPercent)/100
		for what, pair := range map[string][2]float64{
			"T0": {t0, cb.Total.Without.Kroner()}, "T1": {t1, cb.Total.With.Kroner()}, "Uten": {n * t0, cb.Year.Without.Kroner()},
			"Med": {n*(1-d)*t1 + n*d*f(in.DigitalUnitCost), cb.Year.With.Kroner()},
		} {
			if off := math.Abs(pair[0] - pair[1]); off > 0.0101+1e-9*math.Abs(pair[0]) {
				t.Fatalf("%s: %f by the formula, %f computed", what, pair[0], pair[1])
			}
		}
		if cb.Year.Saving != cb.Year.Without-cb.Year.With || cb.Total.Saving != cb.Total.Without-cb.Total.With {
			t.Fatal("a saving is not the difference of the figures beside it")
		}
	})
}

func TestCostBenefitInputFaults(t *testing.T) {
	t.Parallel()
	var none CostBenefitInputs
	if _, err := none.Compute(); !errors.Is(err, ErrInputsMissing) || !strings.Contains(err.Error(), "K, H, N, d, t0, t1, p0, p1, s0, s1, cdig") {
		t.Errorf("no inputs: %v", err)
	}
	for name, change := range map[string]func(*CostBenefitInputs){
		"input H":    func(c *CostBenefitInputs) { c.YearHours.Value = 0 },
		"input d":    func(c *CostBenefitInputs) { c.DigitalPercent.Value = DecimalFromInt(100) + 1 },
		"input p0":   func(c *CostBenefitInputs) { c.PaperWithout.Value = -1 },
		"input K":    func(c *CostBenefitInputs) { c.YearCost.Source = "" },
		"not fit in": func(c *CostBenefitInputs) { c.LettersPerYear.Value = math.MaxInt64; c.YearCost.Value = math.MaxInt64 },
	} {
		in := SeedInputs()
		change(&in)
		if _, err := in.Compute(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"5,70": "5,7", "5.7": "5,7", "600000": "600000", "0,0001": "0,0001", "-1,5": "-1,5", "0": "0"} {
		d, err := ParseDecimal(s)
		if err != nil || d.String() != want {
			t.Errorf("%q = %s, %v, want %s", s, d, err, want)
		}
	}
	for _, s := range []string{"", "-", ",5", "5,", "1 000", "1,2,3", "1.000,00", "0,00001", "1e3", "999999999999999"} {
		if d, err := ParseDecimal(s); err == nil {
			t.Errorf("ParseDecimal(%q) = %s, want an error", s, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := Decimal(rapid.Int64Range(-1e17, 1e17).Draw(t, "d"))
		if back, err := ParseDecimal(d.String()); err != nil || back != d {
			t.Fatalf("%d → %s → %d, %v", int64(d), d, int64(back), err)
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

func cost(shipment, code string, day Civil, kind string, net Ore) CostRecord {
	vat := net.Percent(25)
	c := CostRecord{Shipment: shipment, Job: "J1", Konteringskode: code, Posted: day, Kind: kind, Net: net, VAT: vat, Gross: net + vat, Source: "fil:1"}
	if kind == KindProduction {
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
			cost("printed", "0100", "2026-01-07", KindProduction, 570), cost("printed", "0100", "2026-01-07", KindPostage, 750),
			cost("received before", "-9", "2026-01-01", KindProduction, 600), cost("received before", "", "2026-01-01", KindPostage, 800),
			cost("printed", "0100", "2026-03-01", KindProduction, 99999), // the day after the period
			cost("", "", "2026-02-28", "MINSTEPRIS", 301),
			cost("printed", "0100", "2026-02-03", KindPostage, -50), // a correction
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
	var codes []string
	for _, row := range r.PerKonteringskode {
		codes = append(codes, fmt.Sprintf("%d %s %d %d", row.Number, row.Code, row.Counters.Received, row.Money.Net))
	}
	if got := strings.Join(codes, "; "); got != "1 -9 0 600; 2 0100 4 1270; 3 100 1 0; 4 (mangler) 1 1101" {
		t.Errorf("codes %s", got)
	}
	if len(r.PerMonth) != 2 || r.PerMonth[0].Counters.Received != 2 || r.PerMonth[1].Counters.Received != 4 || r.PerMonth[1].Money.Net != 251 {
		t.Errorf("months %+v", r.PerMonth)
	}
	if s := list(t, r.Shipments); len(s) != 7 || s[0].ID != "received before" || s[0].InPeriod || s[0].Money.Net != 1400 || r.CodeNumber(s[0].Konteringskode) != 1 {
		t.Errorf("shipments %+v", s)
	}
	for code, want := range map[string]int{"": 4, " 0100 ": 2, "100": 3, MissingCode: 0, "x": 0} {
		if got := r.CodeNumber(code); got != want {
			t.Errorf("%q has number %d, want %d", code, got, want)
		}
	}
	if r.Volume != (Volume{3, 1, 3, 29}) {
		t.Errorf("volume %+v", r.Volume)
	}
	// 2 digital of 4 with a known end; production 11,70 over 2 letters.
	if a := r.Actual; a.DigitalPercent.Value != DecimalFromInt(50) || a.PaperWith.Value != 73_550 || a.PostageWithout.Value != DecimalFromOre(750) || a.PostageWith.Value != DecimalFromOre(750) || a.YearCost.Set {
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
		Costs: []CostRecord{cost("1", "0100", "2026-01-07", KindProduction, 570), cost("1", "0100", "2026-01-07", KindPostage, 2181), cost("", "0200", "2026-01-31", KindMinimum, 400)},
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
	in.Inputs.PostageToday = Input{Value: DecimalFromOre(28_00), Set: true, Source: SourceGiven, Year: 2026}
	if r, err = BuildReport(in); err != nil || r.CostBenefitActual.Postage.Without != 2800 || r.CostBenefit.Postage.Without != 1300 || r.Benefit.Without != 3*4765 {
		t.Errorf("with the postage of today: %+v, %v", r.CostBenefitActual, err)
	}
	in.Shipments, in.Costs = nil, []CostRecord{cost("", "0100", "2026-01-07", KindPostage, -9870)}
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
			Shipments: []ShipmentRecord{{ID: "S", Received: at("2026-01-05T10:00:00Z")}}, Costs: []CostRecord{cost("S", "", "2026-01-05", KindPostage, 1)}}
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
				Civil("2026-01-10").AddDays(rapid.IntRange(0, 90).Draw(t, "day")), rapid.SampledFrom([]string{KindProduction, KindPostage, "ANNET"}).Draw(t, "kind"),
				Ore(rapid.Int64Range(-1e5, 1e6).Draw(t, "net"))))
		}
		for range rapid.IntRange(0, 5).Draw(t, "deviations") {
			in.Deviations = append(in.Deviations, DeviationRecord{Deviation: Deviation{Kind: DeviationWeight, Shipment: fmt.Sprint("S", rapid.IntRange(0, 3).Draw(t, "dev of"))}, Day: "2026-01-20"})
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
		var net, gross, perCode, perMonth, perCost Ore
		for _, c := range in.Costs {
			if c.Posted.Within(in.From, in.To) {
				net, gross = net+c.Net, gross+c.Gross
			}
		}
		received := 0
		for _, s := range in.Shipments {
			if CivilOf(s.Received, loc).Within(in.From, in.To) {
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
