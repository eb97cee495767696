package reports

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"postgang/billing/figures"
	"postgang/billing/money"
)

// Names of the input cells, by the symbols of figures.CostBenefitInputs. Formulas and people use them.
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
	for i, in := range (figures.CostBenefitInputs{}).All() {
		if in.Symbol == symbol {
			return benefitInputRow + i
		}
	}
	panic("reports: no input " + symbol)
}

// todayName names the cell of figures.CostBenefitInputs.PostageToday, which the model does without.
const todayName = "Porto_uten_i_perioden"

// benefitTotalCell refers to a figure of the total: column 3 without, 4 with, 5 saved by the model in a year; 6, 7 and 8 the same in
// the period.
func benefitTotalCell(col int) string {
	return quoteSheet(sheetBenefit) + "!" + absName(col, benefitYearRow()+2)
}

// benefitTodayRow is the row of the postage at the period's prices, below the inputs of the model.
func benefitTodayRow() int { return benefitInputRow + len(inputNames) }

func benefitTableRow() int { return benefitTodayRow() + 5 }

// inputsFilled is a condition: every input is there, and possible. sheet is the sheet with its exclamation mark, or empty.
func inputsFilled(sheet string) string {
	all := fmt.Sprintf("%s$C$%d:$C$%d", sheet, benefitInputRow, benefitTodayRow()-1)
	return fmt.Sprintf("AND(COUNT(%[1]s)=%[2]d,MIN(%[1]s)>=0,%[3]s>0,%[4]s<=1)", all, len(inputNames), inputNames["H"], inputNames["d"])
}

// The unit costs of figures.UnitCosts as formulas: cells of Table A, and the digital price.
func unitWithout() string { return absName(6, benefitTableRow()+3) }
func unitWage() string    { return absName(7, benefitTableRow()) }
func unitDigital(sheet string) string {
	return rounded(measuredOr(sheet, "cdig", inputNames["cdig"]))
}

// measuredOr takes the period's own value of an input where there is one.
func measuredOr(sheet, symbol, or string) string {
	ref := sheet + absName(benefitMeasured, benefitRow(symbol))
	return "IF(ISNUMBER(" + ref + ")," + ref + "," + or + ")"
}

func benefitYearRow() int { return benefitTableRow() + 7 }

func (b *book) benefit() error {
	st, r := b.style, b.report
	inputs, actual := r.Inputs.All(), r.Actual.All()
	noteWidth := 30.0
	for i := range inputs {
		noteWidth = max(noteWidth, float64(width(kindText, yearNote(inputs[i].Input)))*0.95+3)
	}
	noteWidth = min(noteWidth, 50)
	s, err := b.sheet(sheetBenefit, layout{widths: []float64{12, 48, 17, 17, 17, 17, 23, noteWidth}})
	if err != nil {
		return err
	}
	last := benefitInputRow + len(inputs) - 1
	sources := fmt.Sprintf("$E$%d:$E$%d", benefitInputRow, last+1)
	marked := 0
	for _, in := range append(r.Inputs.All(), r.Inputs.Today()) {
		if in.Input.Set && in.Input.Source == figures.SourceIllustrative {
			marked++
		}
	}

	s.put(30, cell{st.title, "Kost/nytte", ""})
	s.put(14, cell{st.subtitle, "Hva det koster å sende brev uten og med SvarUt. Endre de gule cellene; alt under regnes om. Beløp er uten mva.", ""})
	s.put(18, cell{st.warn, illustrativeText(marked), fmt.Sprintf(`IF(COUNTIF(%s,"illustrativ")=0,"","Merk: "&COUNTIF(%s,"illustrativ")&" av forutsetningene er "&IF(COUNTIF(%s,"illustrativ")=1,"et illustrativt eksempeltall. Bytt det","illustrative eksempeltall. Bytt dem")&" ut med egne tall før resultatet brukes.")`, sources, sources, sources)})
	lacking := fmt.Sprintf("%d-COUNT($C$%d:$C$%d)", len(inputs), benefitInputRow, last)
	s.put(18, cell{st.warn, missingText(len(r.MissingInputs)), fmt.Sprintf(`IF(%s,"",IF(%s=0,"%s",IF(%s=1,"%s",(%s)&"%s")))`,
		inputsFilled(""), lacking, impossibleText, lacking, missingText(1), lacking, strings.TrimPrefix(missingText(2), "2"))})
	s.put(24, cell{st.heading, "Forutsetninger", ""})
	s.put(32, cell{st.header, "Symbol", ""}, cell{st.header, "Forutsetning", ""}, cell{st.headerRight, "Verdi", ""}, cell{st.header, "Enhet", ""},
		cell{st.header, "Kilde", ""}, cell{st.headerRight, "Målt i perioden", ""}, cell{st.header, "Celle", ""}, cell{st.header, "Merknad", ""})
	for i, in := range append(inputs, r.Inputs.Today()) {
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
		} else if source = "mangler"; i == len(inputs) {
			source = "" // may be missing
		}
		measured := cell{style: st.of(kindMoney)}
		if in.Symbol == "d" {
			measured.style = st.percent
		}
		name, note := inputNames[in.Symbol], yearNote(in.Input)
		switch {
		case i == len(inputs):
			name, measured.style = todayName, st.text
			if note == "" {
				note = "tom: samme porto som målt i perioden"
			}
		case in.Symbol == "s0": // the period measures no postage without SvarUt
		case actual[i].Input.Set:
			measured.value = inputValue(actual[i])
		}
		lines := max(len([]rune(in.Label))/50, int(float64(len([]rune(note)))*0.95/noteWidth)) + 1
		s.put(float64(lines)*13+3, cell{st.text, symbolText(in.Symbol), ""}, cell{st.textWrap, in.Label, ""}, value, cell{st.text, unit, ""}, cell{st.inputText, source, ""},
			measured, cell{st.text, name, ""}, cell{st.textWrap, note, ""})
	}
	b.benefitTables(s)
	if err := b.benefitExtras(sources); err != nil {
		return err
	}
	return s.flush()
}

func inputValue(in figures.CostBenefitInput) float64 {
	if in.Symbol == "d" {
		return in.Input.Value.Float() / 100
	}
	return in.Input.Value.Float()
}

// yearNote says whose prices an input is in, and where it is from.
func yearNote(in figures.Input) string {
	if in.Year == 0 {
		return in.Note
	}
	return strings.TrimSuffix(fmt.Sprintf("prisår %d; %s", in.Year, in.Note), "; ")
}

func symbolText(symbol string) string {
	return strings.NewReplacer("s0_idag", "s₀ (perioden)", "t0", "t₀", "t1", "t₁", "p0", "p₀", "p1", "p₁", "s0", "s₀", "s1", "s₁", "cdig", "c (digital)").Replace(symbol)
}

func illustrativeText(n int) string {
	if n == 0 {
		return ""
	}
	if n == 1 {
		return "Merk: 1 av forutsetningene er et illustrativt eksempeltall. Bytt det ut med egne tall før resultatet brukes."
	}
	return fmt.Sprintf("Merk: %d av forutsetningene er illustrative eksempeltall. Bytt dem ut med egne tall før resultatet brukes.", n)
}

// impossibleText says that an input cannot be; they are checked before a report is made, and may be changed in the workbook.
const impossibleText = "En forutsetning er umulig: tall kan ikke være negative, timer må være over 0, og en andel er fra 0 % til 100 %."

func missingText(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 forutsetning mangler. Fyll den inn for å se resultatet."
	}
	return fmt.Sprintf("%d forutsetninger mangler. Fyll dem inn for å se resultatet.", n)
}

// benefitTables writes Table A and B with formulas over the named cells: the model, which knows its inputs alone, and beside it what
// the period measured. The formulas round as figures.CostBenefitInputs.Compute and figures.UnitCosts do.
func (b *book) benefitTables(s *sheet) {
	st, n := b.style, inputNames
	filled := inputsFilled("")
	measured := func(symbol string) string { return measuredOr("", symbol, n[symbol]) }
	wage := func(t string) string { return n["K"] + "/" + n["H"] + "*" + n[t] + "/60" }
	cb, cbm := b.report.CostBenefit, b.report.CostBenefitActual
	if cbm == nil {
		cbm = cb // nothing was measured
	}
	of := func(cb *figures.CostBenefit, get func(*figures.CostBenefit) figures.CostBenefitRow) *figures.CostBenefitRow {
		if cb == nil {
			return nil
		}
		r := get(cb)
		return &r
	}
	head := func(title string) {
		s.put(32, cell{st.header, "", ""}, cell{st.header, title, ""}, cell{st.headerRight, "Uten SvarUt, modellen", ""}, cell{st.headerRight, "Med SvarUt, modellen", ""},
			cell{st.headerRight, "Besparelse, modellen", ""}, cell{st.headerRight, "Uten SvarUt, perioden", ""}, cell{st.headerRight, "Med SvarUt, perioden", ""}, cell{st.headerRight, "Besparelse, perioden", ""})
	}
	s0 := measuredOr("", "s1", n["s0"])
	today := absName(benefitValueCol, benefitTodayRow())
	s0 = "IF(ISNUMBER(" + today + ")," + today + "," + s0 + ")"
	total0, total1 := wage("t0")+"+"+n["p0"]+"+"+n["s0"], wage("t1")+"+"+n["p1"]+"+"+n["s1"]
	total0m, total1m := wage("t0")+"+"+n["p0"]+"+"+s0, wage("t1")+"+"+measured("p1")+"+"+measured("s1")

	s.row = benefitTableRow() - 3
	s.put(24, cell{st.heading, "Kostnader per forsendelse sendt som brevpost (kr)", ""})
	head("Tabell A")
	line := func(label string, get func(*figures.CostBenefit) figures.CostBenefitRow, sum bool, formulas ...string) benefitLine {
		r := benefitLine{label: label, model: of(cb, get), measure: of(cbm, get), sum: sum}
		for i, f := range formulas {
			r.formulas[i] = rounded(f)
		}
		return r
	}
	b.benefitLines(s, []benefitLine{
		line("Lønn  L = K / H × t / 60", func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Wage }, false, wage("t0"), wage("t1"), wage("t0"), wage("t1")),
		line("Produksjonskostnader  p", func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Production }, false, n["p0"], n["p1"], n["p0"], measured("p1")),
		line("Porto  s", func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Postage }, false, n["s0"], n["s1"], s0, measured("s1")),
		line("Totalt per forsendelse  T = L + p + s", func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Total }, true, total0, total1, total0m, total1m),
	})
	s.row = benefitYearRow() - 3
	s.put(24, cell{st.heading, "Totalt (kr): modellen for et år, og perioden slik den ble", ""})
	head("Tabell B")
	letters, digital, net := b.codesSum(codeLetters), b.codesSum(codeDigital), b.codesSum(codeNet)
	var paper, online, whole, pace *figures.CostBenefitRow
	if r := b.report.Benefit; r != nil {
		c := b.report.Inputs.With(b.report.Actual).DigitalUnitCost.Value.Ore() * money.Ore(r.Digital)
		paper = &figures.CostBenefitRow{Without: r.Without, With: r.With - c, Saving: r.Without - r.With + c}
		online = &figures.CostBenefitRow{With: c, Saving: -c}
		whole = &figures.CostBenefitRow{Without: r.Without, With: r.With, Saving: r.Saving()}
		pace = &figures.CostBenefitRow{Without: perYear(r.Without, b.days()), With: perYear(r.With, b.days())}
		pace.Saving = pace.Without - pace.With
	}
	year := func(get func(*figures.CostBenefit) figures.CostBenefitRow) *figures.CostBenefitRow {
		return of(cb, get)
	}
	b.benefitLines(s, []benefitLine{
		{"Brev på papir  N × T uten, N × (1 − d) × T med", [4]string{rounded(n["N"] + "*(" + total0 + ")"), rounded(n["N"] + "*(1-" + n["d"] + ")*(" + total1 + ")"),
			rounded("(" + letters + "+" + digital + ")*" + unitWithout()), rounded(letters + "*" + unitWage() + "+" + net)},
			year(func(c *figures.CostBenefit) figures.CostBenefitRow {
				return figures.CostBenefitRow{Without: c.Year.Without, With: c.YearPaper, Saving: c.Year.Without - c.YearPaper}
			}), paper, false},
		{"Digitale forsendelser  N × d × c", [4]string{"0", rounded(n["N"] + "*" + n["d"] + "*" + n["cdig"]), "0", rounded(digital + "*" + unitDigital(""))},
			year(func(c *figures.CostBenefit) figures.CostBenefitRow {
				return figures.CostBenefitRow{With: c.YearDigital, Saving: -c.YearDigital}
			}), online, false},
	})
	at := s.row + 1
	up := func(col int) string { return rounded(cellName(col, at-2) + "+" + cellName(col, at-1)) }
	ayear := func(col int) string { return rounded(fmt.Sprintf("%s*365/%d", cellName(col, at), b.days())) }
	b.benefitLines(s, []benefitLine{
		{"Totalt: modellen per år, perioden", [4]string{up(3), up(4), up(6), up(7)}, year(func(c *figures.CostBenefit) figures.CostBenefitRow { return c.Year }), whole, true},
		{"Periodens takt i et helt år (365 dager)", [4]string{"", "", ayear(6), ayear(7)}, nil, pace, false},
	})
	b.sensitivity(s, filled, at, wage)
	s.blank()
	for _, text := range []string{
		"Modellen er hentet fra SvarUt-regnearket (kursmateriell 2014, lysbilde 14), utvidet med transaksjonspris for digitale forsendelser. Beløpene for et helt år regnes av uavrundet kostnad per brev. Den bygger bare på forutsetningene; prisårene står i merknadene.",
		"Perioden: forsendelsene som virkelig ble sendt, med produksjon og andre kostnader, porto og digital pris slik de er målt. Lønn, og det som ellers ikke er målt, er hentet fra forutsetningene.",
		"For perioden er porto uten SvarUt tallet i den gule cellen, når den er fylt ut, og ellers den målte portoen: dagens porto sammenlignes aldri med porto fra et annet prisår.",
	} {
		s.put(14, cell{st.note, text, ""})
	}
}

// benefitLine is a line of Table A or B.
type benefitLine struct {
	label          string
	formulas       [4]string // without and with SvarUt: by the model, and in the period
	model, measure *figures.CostBenefitRow
	sum            bool
}

// benefitLines writes lines of a table, and what is saved beside each pair of amounts.
func (b *book) benefitLines(s *sheet, lines []benefitLine) {
	st, filled := b.style, inputsFilled("")
	when := func(formula string) string { return "IF(" + filled + "," + formula + `,"")` }
	for _, l := range lines {
		at, text, money := s.row+1, st.text, st.money
		if l.sum {
			text, money = st.sumText, st.sumMoney
		}
		cells := []cell{{text, "", ""}, {text, l.label, ""}}
		for i, known := range []*figures.CostBenefitRow{l.model, l.measure} {
			without, with := l.formulas[2*i], l.formulas[2*i+1]
			if without == "" {
				cells = append(cells, cell{style: money}, cell{style: money}, cell{style: money})
				continue
			}
			c := [3]cell{{money, "", when(without)}, {money, "", when(with)}, {money, "", when(rounded(cellName(3+3*i, at) + "-" + cellName(4+3*i, at)))}}
			if known != nil {
				c[0].value, c[1].value, c[2].value = known.Without, known.With, known.Saving
			}
			cells = append(cells, c[:]...)
		}
		s.put(16, cells...)
	}
}

// perYear is an amount of the period at the same pace in 365 days, halves away from zero.
func perYear(o money.Ore, days int) money.Ore {
	year := figures.Money{Net: o * 365, Letters: days}
	return year.Per()
}

// sensitivity shows how much of the yearly saving hangs on the inputs that are most uncertain. year is the row of the total.
func (b *book) sensitivity(s *sheet, filled string, year int, wage func(t string) string) {
	st, n := b.style, inputNames
	var savings []money.Ore
	if b.report.CostBenefit != nil {
		savings, _ = b.report.Inputs.Sensitivity() // what overflows with a variation is shown by its formula alone
	}
	s.blank()
	s.breakBefore(s.row + 1)
	s.put(24, cell{st.heading, "Følsomhet: besparelse per år når en forutsetning er en annen (kr)", ""})
	s.put(18, cell{st.header, "", ""}, cell{st.header, "Endring", ""}, cell{st.headerRight, "Besparelse", ""}, cell{st.headerRight, "Forskjell", ""})
	for i, v := range figures.Variations() {
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
func (b *book) benefitExtras(sources string) error {
	f := b.file
	for _, in := range b.report.Inputs.All() {
		ref := quoteSheet(sheetBenefit) + "!" + absName(benefitValueCol, benefitRow(in.Symbol))
		if err := f.SetDefinedName(&excelize.DefinedName{Name: inputNames[in.Symbol], RefersTo: ref, Comment: in.Label}); err != nil {
			return fmt.Errorf("name input %s: %w", in.Symbol, err)
		}
	}
	ref := quoteSheet(sheetBenefit) + "!" + absName(benefitValueCol, benefitTodayRow())
	if err := f.SetDefinedName(&excelize.DefinedName{Name: todayName, RefersTo: ref, Comment: b.report.Inputs.Today().Label}); err != nil {
		return fmt.Errorf("name the postage of the period: %w", err)
	}
	plain := strings.ReplaceAll(sources, "$", "")
	list := excelize.NewDataValidation(true)
	list.Sqref = plain
	if err := list.SetDropList([]string{string(figures.SourceGiven), string(figures.SourceIllustrative), string(figures.SourceActual), "mangler"}); err != nil {
		return fmt.Errorf("offer sources: %w", err)
	}
	if err := f.AddDataValidation(sheetBenefit, list); err != nil {
		return fmt.Errorf("offer sources: %w", err)
	}
	for _, in := range append(b.report.Inputs.All(), b.report.Inputs.Today()) {
		row, least, most, rule := benefitTodayRow(), 0.0, 1e12, "Skriv et tall som ikke er negativt."
		if name := inputNames[in.Symbol]; name != "" {
			row = benefitRow(in.Symbol)
		}
		switch in.Symbol {
		case "d":
			most, rule = 1, "Skriv en andel mellom 0 % og 100 %."
		case "H":
			least, rule = 0.0001, "Skriv et antall timer over 0."
		}
		limit := excelize.NewDataValidation(true)
		limit.Sqref = cellName(benefitValueCol, row)
		if err := limit.SetRange(least, most, excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween); err != nil {
			return fmt.Errorf("limit input %s: %w", in.Symbol, err)
		}
		limit.SetError(excelize.DataValidationErrorStyleStop, "Forutsetning", rule)
		if err := f.AddDataValidation(sheetBenefit, limit); err != nil {
			return fmt.Errorf("limit input %s: %w", in.Symbol, err)
		}
	}
	for _, mark := range []string{string(figures.SourceIllustrative), "mangler"} {
		opts := []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "==", Value: `"` + mark + `"`, Format: &b.style.illustrative}}
		if err := f.SetConditionalFormat(sheetBenefit, plain, opts); err != nil {
			return fmt.Errorf("mark illustrative inputs: %w", err)
		}
	}
	return nil
}
