package reports

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"postgang/billing"
)

// Names of the input cells, by the symbols of billing.CostBenefitInputs. Formulas and people use them.
var inputNames = map[string]string{
	"K": "Aarsverk_kr", "H": "Aarsverk_timer", "N": "Forsendelser_per_aar", "d": "Andel_digital", "t0": "Tid_uten", "t1": "Tid_med",
	"p0": "Papir_uten", "p1": "Produksjon_med", "s0": "Porto_uten", "s1": "Porto_med", "cdig": "Pris_digital",
}

// Where things stand on the sheet Kost-nytte.
const (
	benefitInputRow = 7 // first input
	benefitValueCol = 3
	benefitMeasured = 6 // measured values of the period
)

// benefitRow gives the row of the input with the symbol.
func benefitRow(symbol string) int {
	for i, in := range (billing.CostBenefitInputs{}).All() {
		if in.Symbol == symbol {
			return benefitInputRow + i
		}
	}
	panic("reports: no input " + symbol)
}

// benefitTotalCell refers to a figure of the yearly total: column 3 without, 4 with, 5 saved.
func benefitTotalCell(col int) string {
	return quoteSheet(sheetBenefit) + "!" + absName(col, benefitYearRow()+2)
}

func benefitTableRow() int {
	return benefitInputRow + len((billing.CostBenefitInputs{}).All()) + 4
}

func benefitYearRow() int { return benefitTableRow() + 7 }

func (b *book) benefit() error {
	st, r := b.style, b.report
	inputs, actual := r.Inputs.All(), r.Actual.All()
	noteWidth := 30.0
	for i := range inputs {
		noteWidth = max(noteWidth, float64(width(kindText, inputs[i].Input.Note))*0.95+3)
	}
	noteWidth = min(noteWidth, 50)
	s, err := b.sheet(sheetBenefit, layout{widths: []float64{12, 48, 17, 17, 17, 17, 23, noteWidth}})
	if err != nil {
		return err
	}
	last := benefitInputRow + len(inputs) - 1
	sources := fmt.Sprintf("$E$%d:$E$%d", benefitInputRow, last)
	marked := 0
	for _, in := range inputs {
		if in.Input.Set && in.Input.Source == billing.SourceIllustrative {
			marked++
		}
	}

	s.put(30, cell{st.title, "Kost/nytte", ""})
	s.put(14, cell{st.subtitle, "Hva det koster å sende brev uten og med SvarUt. Endre de gule cellene; alt under regnes om. Beløp er uten mva.", ""})
	s.put(18, cell{st.warn, illustrativeText(marked), fmt.Sprintf(`IF(COUNTIF(%s,"illustrativ")=0,"","Merk: "&COUNTIF(%s,"illustrativ")&" av forutsetningene er illustrative eksempeltall. Bytt dem ut med egne tall før resultatet brukes.")`, sources, sources)})
	s.put(18, cell{st.warn, missingText(len(r.MissingInputs)), fmt.Sprintf(`IF(COUNT($C$%d:$C$%d)=%d,"",(%d-COUNT($C$%d:$C$%d))&" forutsetninger mangler. Fyll dem inn for å se resultatet.")`,
		benefitInputRow, last, len(inputs), len(inputs), benefitInputRow, last)})
	s.put(24, cell{st.heading, "Forutsetninger", ""})
	s.put(32, cell{st.header, "Symbol", ""}, cell{st.header, "Forutsetning", ""}, cell{st.headerRight, "Verdi", ""}, cell{st.header, "Enhet", ""},
		cell{st.header, "Kilde", ""}, cell{st.headerRight, "Målt i perioden", ""}, cell{st.header, "Celle", ""}, cell{st.header, "Merknad", ""})
	for i, in := range inputs {
		style := st.inputNumber
		switch in.Symbol {
		case "N", "K":
			style = st.inputInt
		case "d":
			style = st.inputShare
		}
		unit := in.Unit
		if in.Symbol == "d" {
			unit = "andel"
		}
		value, source := cell{style: style}, string(in.Input.Source)
		if in.Input.Set {
			value.value = inputValue(in)
		} else {
			source = "mangler"
		}
		measured := cell{style: st.of(kindMoney)}
		if in.Symbol == "d" {
			measured.style = st.percent
		}
		if actual[i].Input.Set {
			measured.value = inputValue(actual[i])
		}
		lines := max(len([]rune(in.Label))/50, int(float64(len([]rune(in.Input.Note)))*0.95/noteWidth)) + 1
		s.put(float64(lines)*13+3, cell{st.text, symbolText(in.Symbol), ""}, cell{st.textWrap, in.Label, ""}, value, cell{st.text, unit, ""}, cell{st.inputText, source, ""},
			measured, cell{st.text, inputNames[in.Symbol], ""}, cell{st.textWrap, in.Input.Note, ""})
	}
	b.benefitTables(s)
	if err := b.benefitExtras(sources, last); err != nil {
		return err
	}
	return s.flush()
}

func inputValue(in billing.CostBenefitInput) float64 {
	if in.Symbol == "d" {
		return in.Input.Value.Float() / 100
	}
	return in.Input.Value.Float()
}

func symbolText(symbol string) string {
	return strings.NewReplacer("t0", "t₀", "t1", "t₁", "p0", "p₀", "p1", "p₁", "s0", "s₀", "s1", "s₁", "cdig", "c (digital)").Replace(symbol)
}

func illustrativeText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Merk: %d av forutsetningene er illustrative eksempeltall. Bytt dem ut med egne tall før resultatet brukes.", n)
}

func missingText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d forutsetninger mangler. Fyll dem inn for å se resultatet.", n)
}

// benefitTables writes Table A and B with formulas over the named cells. The formulas round as
// billing.CostBenefitInputs.Compute does.
func (b *book) benefitTables(s *sheet) {
	st, n := b.style, inputNames
	inputs := len(n)
	filled := fmt.Sprintf("COUNT($C$%d:$C$%d)=%d", benefitInputRow, benefitInputRow+inputs-1, inputs)
	when := func(formula string) string { return "IF(" + filled + "," + formula + `,"")` }
	// measured takes the period's own value where there is one.
	measured := func(symbol string) string {
		ref := absName(benefitMeasured, benefitRow(symbol))
		return "IF(ISNUMBER(" + ref + ")," + ref + "," + n[symbol] + ")"
	}
	hasMeasured := fmt.Sprintf("COUNT($F$%d:$F$%d)>0", benefitInputRow, benefitInputRow+inputs-1)
	wage := func(t string) string { return n["K"] + "/" + n["H"] + "*" + n[t] + "/60" }
	cb, cbm := b.report.CostBenefit, b.report.CostBenefitActual
	value := func(cb *billing.CostBenefit, get func(*billing.CostBenefit) billing.Ore) any {
		if cb == nil {
			return ""
		}
		return get(cb)
	}
	type row struct {
		label, without, with, withMeasured string
		get                                func(*billing.CostBenefit) billing.CostBenefitRow
		sum                                bool
	}
	write := func(rows []row) {
		for _, r := range rows {
			at, text, money := s.row+1, st.text, st.money
			if r.sum {
				text, money = st.sumText, st.sumMoney
			}
			saving := func(with string) string {
				return "ROUND(" + cellName(3, at) + "-" + with + ",2)"
			}
			s.put(16, cell{text, "", ""}, cell{text, r.label, ""},
				cell{money, value(cb, func(c *billing.CostBenefit) billing.Ore { return r.get(c).Without }), when(r.without)},
				cell{money, value(cb, func(c *billing.CostBenefit) billing.Ore { return r.get(c).With }), when(r.with)},
				cell{money, value(cb, func(c *billing.CostBenefit) billing.Ore { return r.get(c).Saving }), when(saving(cellName(4, at)))},
				cell{money, value(cbm, func(c *billing.CostBenefit) billing.Ore { return r.get(c).With }), "IF(AND(" + filled + "," + hasMeasured + ")," + r.withMeasured + `,"")`},
				cell{money, value(cbm, func(c *billing.CostBenefit) billing.Ore { return r.get(c).Saving }), "IF(AND(" + filled + "," + hasMeasured + ")," + saving(cellName(6, at)) + `,"")`},
			)
		}
	}
	head := func(title string) {
		s.put(32, cell{st.header, "", ""}, cell{st.header, title, ""}, cell{st.headerRight, "Uten SvarUt", ""}, cell{st.headerRight, "Med SvarUt", ""},
			cell{st.headerRight, "Besparelse", ""}, cell{st.headerRight, "Med SvarUt, målt i perioden", ""}, cell{st.headerRight, "Besparelse, målt i perioden", ""})
	}
	total0 := wage("t0") + "+" + n["p0"] + "+" + n["s0"]
	total1 := wage("t1") + "+" + n["p1"] + "+" + n["s1"]
	total1m := wage("t1") + "+" + measured("p1") + "+" + measured("s1")

	s.row = benefitTableRow() - 3
	s.put(24, cell{st.heading, "Kostnader per forsendelse sendt som brevpost (kr)", ""})
	head("Tabell A")
	write([]row{
		{"Lønn  L = K / H × t / 60", rounded(wage("t0")), rounded(wage("t1")), rounded(wage("t1")), func(c *billing.CostBenefit) billing.CostBenefitRow { return c.Wage }, false},
		{"Produksjonskostnader  p", rounded(n["p0"]), rounded(n["p1"]), rounded(measured("p1")), func(c *billing.CostBenefit) billing.CostBenefitRow { return c.Production }, false},
		{"Porto  s", rounded(n["s0"]), rounded(n["s1"]), rounded(measured("s1")), func(c *billing.CostBenefit) billing.CostBenefitRow { return c.Postage }, false},
		{"Totalt per forsendelse  T = L + p + s", rounded(total0), rounded(total1), rounded(total1m), func(c *billing.CostBenefit) billing.CostBenefitRow { return c.Total }, true},
	})
	s.row = benefitYearRow() - 3
	s.put(24, cell{st.heading, "Totalt per år (kr)", ""})
	head("Tabell B")
	paper := func(d, t string) string { return rounded(n["N"] + "*(1-" + d + ")*(" + t + ")") }
	digital := func(d, c string) string { return rounded(n["N"] + "*" + d + "*" + c) }
	write([]row{
		{"Brev på papir  N × T uten, N × (1 − d) × T med", rounded(n["N"] + "*(" + total0 + ")"), paper(n["d"], total1), paper(measured("d"), total1m),
			func(c *billing.CostBenefit) billing.CostBenefitRow {
				return billing.CostBenefitRow{Without: c.Year.Without, With: c.YearPaper, Saving: c.Year.Without - c.YearPaper}
			}, false},
		{"Digitale forsendelser  N × d × c", "0", digital(n["d"], n["cdig"]), digital(measured("d"), measured("cdig")),
			func(c *billing.CostBenefit) billing.CostBenefitRow {
				return billing.CostBenefitRow{With: c.YearDigital, Saving: -c.YearDigital}
			}, false},
	})
	at := s.row + 1
	up := func(col int) string { return rounded(cellName(col, at-2) + "+" + cellName(col, at-1)) }
	write([]row{{"Totalt per år", up(3), up(4), up(6), func(c *billing.CostBenefit) billing.CostBenefitRow { return c.Year }, true}})
	b.sensitivity(s, filled, at, wage)
	s.blank(1)
	for _, text := range []string{
		"Modellen er den i SvarUt-regnearket (kursmateriell 2014, lysbilde 14), utvidet med transaksjonspris for digitale forsendelser. Årstallene regnes av uavrundet kostnad per brev.",
		"Målt i perioden: andel digitale av digitale og papir, produksjon og porto per postlagt brev, og digital pris etter prislisten. Der ingenting er målt, brukes forutsetningen.",
	} {
		s.put(14, cell{st.note, text, ""})
	}
}

// sensitivity shows how much of the yearly saving hangs on the inputs that are most uncertain. year is the row of the total.
func (b *book) sensitivity(s *sheet, filled string, year int, wage func(t string) string) {
	st, n := b.style, inputNames
	var savings []billing.Ore
	if b.report.CostBenefit != nil {
		savings, _ = b.report.Inputs.Sensitivity() // what overflows with a variation is shown by its formula alone
	}
	s.blank(1)
	s.put(24, cell{st.heading, "Følsomhet: besparelse per år når en forutsetning er en annen (kr)", ""})
	s.put(18, cell{st.header, "", ""}, cell{st.header, "Endring", ""}, cell{st.headerRight, "Besparelse", ""}, cell{st.headerRight, "Forskjell", ""})
	for i, v := range billing.Variations() {
		row := s.row + 1
		d := fmt.Sprintf("MAX(0,MIN(1,%s+%s))", n["d"], decimal(v.DigitalPoints))
		count := fmt.Sprintf("%s*%s", n["N"], decimal(100+v.VolumePercent))
		postage := func(symbol string) string { return fmt.Sprintf("%s*%s", n[symbol], decimal(100+v.PostPercent)) }
		without := rounded(fmt.Sprintf("%s*(%s+%s+%s)", count, wage("t0"), n["p0"], postage("s0")))
		paper := rounded(fmt.Sprintf("%s*(1-%s)*(%s+%s+%s)", count, d, wage("t1"), n["p1"], postage("s1")))
		digital := rounded(fmt.Sprintf("%s*%s*%s", count, d, n["cdig"]))
		saving, change := cell{st.money, "", fmt.Sprintf(`IF(%s,ROUND(%s-%s-%s,2),"")`, filled, without, paper, digital)},
			cell{st.money, "", fmt.Sprintf(`IF(%s,ROUND(%s-%s,2),"")`, filled, cellName(3, row), absName(5, year))}
		if i < len(savings) {
			saving.value, change.value = savings[i], savings[i]-b.report.CostBenefit.Year.Saving
		}
		s.put(16, cell{st.text, "", ""}, cell{st.text, v.Label, ""}, saving, change)
	}
}

// decimal writes hundredths as a number in a formula.
func decimal(hundredths int) string { return fmt.Sprintf("%g", float64(hundredths)/100) }

// benefitExtras names the inputs, offers the sources in a list, and marks what is illustrative.
func (b *book) benefitExtras(sources string, last int) error {
	f := b.file
	for _, in := range b.report.Inputs.All() {
		ref := quoteSheet(sheetBenefit) + "!" + absName(benefitValueCol, benefitRow(in.Symbol))
		if err := f.SetDefinedName(&excelize.DefinedName{Name: inputNames[in.Symbol], RefersTo: ref, Comment: in.Label}); err != nil {
			return fmt.Errorf("name input %s: %w", in.Symbol, err)
		}
	}
	plain := strings.ReplaceAll(sources, "$", "")
	list := excelize.NewDataValidation(true)
	list.Sqref = plain
	if err := list.SetDropList([]string{string(billing.SourceGiven), string(billing.SourceIllustrative), string(billing.SourceActual), "mangler"}); err != nil {
		return fmt.Errorf("offer sources: %w", err)
	}
	if err := f.AddDataValidation(sheetBenefit, list); err != nil {
		return fmt.Errorf("offer sources: %w", err)
	}
	share := excelize.NewDataValidation(true)
	share.Sqref = cellName(benefitValueCol, benefitRow("d"))
	if err := share.SetRange(0, 1, excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween); err != nil {
		return fmt.Errorf("limit the digital share: %w", err)
	}
	share.SetError(excelize.DataValidationErrorStyleStop, "Andel digitale", "Skriv en andel mellom 0 % og 100 %.")
	if err := f.AddDataValidation(sheetBenefit, share); err != nil {
		return fmt.Errorf("limit the digital share: %w", err)
	}
	for _, mark := range []string{string(billing.SourceIllustrative), "mangler"} {
		opts := []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "==", Value: `"` + mark + `"`, Format: &b.style.illustrative}}
		if err := f.SetConditionalFormat(sheetBenefit, plain, opts); err != nil {
			return fmt.Errorf("mark illustrative inputs: %w", err)
		}
	}
	return nil
}
