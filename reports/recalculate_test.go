package reports

import (
	"fmt"
	"strings"
	"testing"

	"postgang/billing/figures"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/receipt"
)

// controlCount is how many controls Sammendrag has.
const controlCount = 17

// checkFigures compares the recalculated workbook with the report, to the øre.
func checkFigures(t *testing.T, name string, c recalculated, r figures.Report) {
	t.Helper()
	same := func(what string, got, want money.Ore) {
		if got != want {
			t.Errorf("%s: %s is %s in the workbook, %s in the report", name, what, got, want)
		}
	}
	row := firstRow
	for _, code := range r.PerKonteringskode {
		if got := c.at(sheetCodes, codeCode, row); got != safeText(code.Code) {
			t.Errorf("%s: row %d is code %q, want %q", name, row, got, code.Code)
		}
		same(code.Code+" production", c.ore(t, sheetCodes, codeProduction, row), code.Money.Production)
		same(code.Code+" postage", c.ore(t, sheetCodes, codePostage, row), code.Money.Postage)
		same(code.Code+" other", c.ore(t, sheetCodes, codeOther, row), code.Money.Other)
		same(code.Code+" net", c.ore(t, sheetCodes, codeNet, row), code.Money.Net)
		same(code.Code+" vat", c.ore(t, sheetCodes, codeVAT, row), code.Money.VAT)
		same(code.Code+" gross", c.ore(t, sheetCodes, codeGross, row), code.Money.Gross)
		for col, want := range map[int]int{codeReceived: code.Counters.Received, codeRefused: code.Counters.Refused, codeDigital: code.Counters.Digital(),
			codePaper: code.Counters.Paper(), codeLetters: code.Money.Letters, codeBW: code.Volume.PagesBW, codeColour: code.Volume.PagesColour, codeSheets: code.Volume.Sheets} {
			if got := c.at(sheetCodes, col, row); got != fmt.Sprint(want) {
				t.Errorf("%s: %s, column %d is %s, want %d", name, code.Code, col, got, want)
			}
		}
		row++
	}
	for i, code := range r.PerKonteringskode {
		for k, net := range code.Months {
			same(code.Code+" in "+r.PerMonth[k].Month, c.ore(t, sheetCodeMonths, codeMonthsFirst+k, firstRow+i), net)
		}
	}
	row = firstRow + max(1, len(r.PerKonteringskode))
	same("sum of codes, net", c.ore(t, sheetCodes, codeNet, row), r.Money.Net)
	same("sum of codes, gross", c.ore(t, sheetCodes, codeGross, row), r.Money.Gross)
	same("summary, net", c.ore(t, sheetSummary, 1, 7), r.Money.Net)

	controls := 0
	for _, cells := range c[sheetSummary] {
		switch cells[4] {
		case "OK":
			controls++
		case "AVVIK":
			t.Errorf("%s: control %q failed", name, cells[0])
		}
	}
	if controls != controlCount || c.at(sheetSummary, 1, 4) != controlText(controlCount, 0) {
		t.Errorf("%s: %d controls are OK, and the first page says %q", name, controls, c.at(sheetSummary, 1, 4))
	}
	checkBenefit(t, name, c, r.CostBenefit, 3, 4, 5)
	if cb := r.CostBenefitActual; cb != nil {
		same("measured letter without", c.ore(t, sheetBenefit, 6, benefitTableRow()+3), cb.Total.Without)
		same("measured letter", c.ore(t, sheetBenefit, 7, benefitTableRow()+3), cb.Total.With)
	}
	if b := r.Benefit; b != nil {
		same("saving of the period", c.ore(t, sheetBenefit, 8, benefitYearRow()+2), b.Saving())
		if b.Paper != 0 || b.Digital != 0 {
			same("saving on the first page", c.ore(t, sheetSummary, 6, 7), b.Saving())
		} else if got := c.at(sheetSummary, 6, 7); got != "ingen brev" {
			t.Errorf("%s: without letters the saving is %q", name, got)
		}
	}
	for i, row := range r.Benefits {
		if r.Benefit == nil {
			continue
		}
		same("saving of "+row.Name, c.ore(t, sheetBenefits, benefitsSaving, firstRow+i), row.Saving())
		same("a year of "+row.Name, c.ore(t, sheetBenefits, benefitsSaving+1, firstRow+i), row.Year)
	}
}

func checkBenefit(t *testing.T, name string, c recalculated, cb *figures.CostBenefit, without, with, saving int) {
	t.Helper()
	for _, line := range []struct {
		label string
		row   int
		want  func(*figures.CostBenefit) figures.CostBenefitRow
	}{
		{"wage", benefitTableRow(), func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Wage }},
		{"production", benefitTableRow() + 1, func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Production }},
		{"postage", benefitTableRow() + 2, func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Postage }},
		{"letter", benefitTableRow() + 3, func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Total }},
		{"year", benefitYearRow() + 2, func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Year }},
	} {
		if cb == nil {
			if got := c.at(sheetBenefit, without, line.row) + c.at(sheetBenefit, saving, line.row); got != "" {
				t.Errorf("%s: kost/nytte %s is %q without inputs", name, line.label, got)
			}
			continue
		}
		got := figures.CostBenefitRow{Without: c.ore(t, sheetBenefit, without, line.row), With: c.ore(t, sheetBenefit, with, line.row), Saving: c.ore(t, sheetBenefit, saving, line.row)}
		if want := line.want(cb); got != want {
			t.Errorf("%s: kost/nytte %s is %v in the workbook, %v in the model", name, line.label, got, want)
		}
	}
}

// LibreOffice calculates every formula of several workbooks anew: no error cell, every cached value is
// what its formula gives, every figure is the report's to the øre.
func TestLibreOfficeAgrees(t *testing.T) {
	t.Parallel()
	full := build(t, fixture(t, 200))
	empty := build(t, fixture(t, 0))
	noInputs := fixture(t, 60)
	noInputs.Inputs = figures.CostBenefitInputs{}
	blank := build(t, noInputs)
	hostile := build(t, hostileFixture(t))
	large := build(t, largeFixture(t))
	lacking := fixture(t, 20)
	lacking.Inputs.YearCost, lacking.Only = figures.Input{}, []string{"skatt"}
	one := build(t, lacking)
	// A letter taken back in a later month, and nothing else.
	back := fixtureHead(t, 0)
	back.Inputs.PostageToday = figures.Input{Value: money.DecimalFromOre(28_00), Set: true, Source: figures.SourceGiven, Year: 2026}
	back.Costs = []figures.CostRecord{{Konteringskode: "0100", Account: "skatt", Posted: "2026-02-03", Letters: -1, Kind: ledger.KindPostage, Net: -12102, VAT: -3026, Gross: -15128}}
	taken := build(t, back)

	reports := map[string]figures.Report{"full": full, "split": full, "empty": empty, "blank": blank, "hostile": hostile, "large": large, "one": one, "taken": taken}
	books := map[string][]byte{}
	for name, r := range reports {
		opt := Options{Organisation: "Eksempel kommune"}
		if name == "split" {
			opt.MaxRows = 90 // below the rows of Kostnader and Rådata
		}
		books[name] = write(t, r, opt)
	}

	// What a person does with the workbook.
	in := figures.SeedInputs()
	in.DigitalPercent.Value, in.DigitalUnitCost.Value, in.MinutesWith.Value = money.DecimalFromInt(48)+4_000, 7_700, 5_000
	in.PostageWithout.Value, in.LettersPerYear.Value = money.DecimalFromOre(18_00), money.DecimalFromInt(61_317)
	enter := func(set func(sheet, ref string, v any)) {
		for _, i := range in.All() {
			set(sheetBenefit, cellName(benefitValueCol, benefitRow(i.Symbol)), inputValue(i))
		}
	}
	books["changed"] = edit(t, books["full"], enter)
	books["filled"] = edit(t, books["blank"], enter)
	value := func(symbol string, v any) func(func(sheet, ref string, v any)) {
		return func(set func(sheet, ref string, v any)) {
			set(sheetBenefit, cellName(benefitValueCol, benefitRow(symbol)), v)
		}
	}
	books["no hours"], books["below"] = edit(t, books["full"], value("H", 0)), edit(t, books["full"], value("p0", -1))
	books["today"] = edit(t, books["full"], func(set func(sheet, ref string, v any)) {
		set(sheetBenefit, cellName(benefitValueCol, benefitTodayRow()), 25.5)
	})
	books["tampered"] = edit(t, books["full"], func(set func(sheet, ref string, v any)) { set(sheetCosts, cellName(costNet, firstRow+3), 1234.56) })

	// A ledger total that is an øre off, as a fault of the program would give it.
	off := full
	off.Money.Net++
	books["off"] = write(t, off, Options{})

	calc := recalculate(t, books)
	if got := calc["off"].at(sheetSummary, 1, 4); got != controlText(controlCount, 6) {
		t.Errorf("with the ledger an øre off the first page says %q", got)
	}
	if cached, err := openBook(t, books["off"]).GetCellValue(sheetSummary, "A4"); err != nil || cached != controlText(controlCount, 6) {
		t.Errorf("with the ledger an øre off the cached verdict is %q, %v", cached, err)
	}
	for name, r := range reports {
		if n := checkAgainstCache(t, books[name], calc[name]); n < 100 {
			t.Errorf("%s has only %d formulas", name, n)
		}
		checkFigures(t, name, calc[name], r)
	}
	if _, two := calc["split"]["Kostnader 2"]; !two {
		t.Error("long tables were not split over sheets")
	}

	want, err := in.Compute()
	if err != nil {
		t.Fatal(err)
	}
	if want.Year == full.CostBenefit.Year {
		t.Fatal("the changed inputs change nothing")
	}
	checkBenefit(t, "changed", calc["changed"], &want, 3, 4, 5)
	checkBenefit(t, "filled", calc["filled"], &want, 3, 4, 5)
	if got := calc["blank"].at(sheetBenefit, 1, 4); got != "11 forutsetninger mangler. Fyll dem inn for å se resultatet." {
		t.Errorf("missing inputs are announced as %q", got)
	}
	if got := calc["filled"].at(sheetBenefit, 1, 4); got != "" {
		t.Errorf("with all inputs filled in, the sheet still says %q", got)
	}
	if got := calc["one"].at(sheetBenefit, 1, 4); got != "1 forutsetning mangler. Fyll den inn for å se resultatet." {
		t.Errorf("one missing input is announced as %q", got)
	}
	for _, name := range []string{"no hours", "below"} {
		c := calc[name]
		if got := c.at(sheetBenefit, 1, 4); got != impossibleText || c.at(sheetSummary, 6, 7) != "" {
			t.Errorf("%s: %q, saved %q", name, got, c.at(sheetSummary, 6, 7))
		}
		for sheet, rows := range c {
			for _, cells := range rows {
				for _, text := range cells {
					if strings.HasPrefix(text, "#") || strings.HasPrefix(text, "Err:") {
						t.Errorf("%s: %s shows %s", name, sheet, text)
					}
				}
			}
		}
	}
	// The sheets of kost/nytte agree whatever is entered.
	for _, name := range []string{"changed", "filled", "today", "no hours"} {
		if got := calc[name].at(sheetSummary, 1, 4); got != controlText(controlCount, 0) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := calc["today"].ore(t, sheetBenefit, 6, benefitTableRow()+2); got != 2550 {
		t.Errorf("postage of the period without SvarUt is %v", got)
	}
	if got := calc["tampered"].at(sheetSummary, 1, 4); got == controlText(controlCount, 0) || got == "" {
		t.Errorf("a changed cost line is not noticed: %q", got)
	}
}

// largeFixture has amounts as wide as a city's yearly sums.
func largeFixture(t testing.TB) figures.ReportInput {
	in := fixture(t, 25)
	for i := range in.Costs {
		net := in.Costs[i].Net * 1_000_003
		in.Costs[i].Net, in.Costs[i].VAT = net, net.Percent(25)
		in.Costs[i].Gross = net + net.Percent(25)
	}
	return in
}

// hostileTexts are what comes from outside and must stay text.
var hostileTexts = []string{"=1+1", "+1", "-1", "@SUM(A1)", `=HYPERLINK("http://example.invalid","x")`, "=cmd|' /C calc'!A0", "0007", "1E5", "TRUE", "2026-01-05", "'x",
	"<b>&amp;</b>", "tab\tand\x00zero", "_x0041_", "«ÆØÅ»;\"semikolon\""}

func hostileFixture(t testing.TB) figures.ReportInput {
	in := fixture(t, 3*len(hostileTexts))
	for i := range in.Shipments {
		s := &in.Shipments[i]
		s.AvgivendeSystem, s.Konteringskode, s.Reason, s.Job = hostileTexts[i%len(hostileTexts)], hostileTexts[i%len(hostileTexts)], hostileTexts[(i+1)%len(hostileTexts)], hostileTexts[(i+2)%len(hostileTexts)]
	}
	for i := range in.Costs {
		in.Costs[i].Konteringskode, in.Costs[i].Source, in.Costs[i].Kind = hostileTexts[i%len(hostileTexts)], hostileTexts[i%len(hostileTexts)], []string{ledger.KindProduction, "=1+1"}[i%2]
	}
	for i, text := range hostileTexts {
		in.Deviations = append(in.Deviations, figures.DeviationRecord{Day: "2026-01-20", Konteringskode: text, Account: text, State: text,
			Deviation: receipt.Deviation{Kind: receipt.DeviationKonteringskode, Shipment: fmt.Sprint(i), Expected: text, Got: text}})
	}
	in.Accounts, in.ReportID, in.Notes = map[string]string{"skatt": "=1+1"}, `=1"+"1`, []string{"=1+1"}
	return in
}
