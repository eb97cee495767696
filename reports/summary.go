package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/money"
)

const summaryCols = 7

// control compares a figure of the ledger with the same figure as the workbook's rows give it, once
// computed here and once by formula.
type control struct {
	label   string
	ledger  money.Ore // or a number of shipments or letters
	rows    money.Ore
	formula string
	whole   bool   // a number, not an amount
	base    string // formula of the figure that it is held against, where inputs in the workbook change both; empty: none
}

func (c control) ok() bool { return c.ledger == c.rows }

func (b *book) controls() []control {
	r, m := b.report, b.report.Money
	var codes figures.Money
	codesReceived, lines := 0, b.seen.lines
	for _, row := range r.PerKonteringskode {
		codes.Net, codes.Gross, codes.Letters = codes.Net+row.Money.Net, codes.Gross+row.Money.Gross, codes.Letters+row.Money.Letters
		codesReceived += row.Counters.Received
	}
	number := func(label string, ledger, rows int, formula string) control {
		return control{label, money.Ore(ledger), money.Ore(rows), formula, true, ""}
	}
	var months, senders, codeMonths money.Ore
	for _, row := range r.PerKonteringskode {
		for _, net := range row.Months {
			codeMonths += net
		}
	}
	for _, row := range r.PerMonth {
		months += row.Money.Net
	}
	for _, row := range r.PerSender {
		senders += row.Money.Net
	}
	var invoiced, settled money.Ore
	for _, row := range r.Invoices {
		if row.Booked && !row.NotInvoiced {
			invoiced, settled = invoiced+row.Invoiced, settled+row.Receipts+row.Allocated
		}
	}
	benefits := func(col int, group string) string {
		return rounded(b.few[sheetBenefits].sum(col, criterion{benefitsGroup, `"` + group + `"`}))
	}
	var byCode, byAccount, benefitNet, saved money.Ore
	for _, row := range r.Benefits {
		if row.Group == "Konteringskode" {
			byCode, benefitNet = byCode+row.Saving(), benefitNet+row.Net
		} else {
			byAccount += row.Saving()
		}
	}
	if r.Benefit != nil {
		saved = r.Benefit.Saving()
	}
	read := 0
	for _, w := range r.Waste {
		if w.Kind == figures.SavedRead {
			read = w.Letters
		}
	}
	savedCell := "N(" + benefitTotalCell(8) + ")"
	inv := b.few[sheetInvoices]
	isBooked := []criterion{{invoiceBooked, `"Ja"`}, {invoiceNote, `"<>Ikke fakturert"`}}
	return []control{
		{"Netto: kostnadslinjer", m.Net, lines.net, rounded(b.costs.sum(costNet)), false, ""},
		{"Mva.: kostnadslinjer", m.VAT, lines.vat, rounded(b.costs.sum(costVAT)), false, ""},
		{"Brutto: kostnadslinjer", m.Gross, lines.gross, rounded(b.costs.sum(costGross)), false, ""},
		{"Netto: sum per konteringskode", m.Net, codes.Net, b.codesSum(codeNet), false, ""},
		{"Brutto: sum per konteringskode", m.Gross, codes.Gross, b.codesSum(codeGross), false, ""},
		{"Netto på kjente forsendelser: rådata", b.seen.known.net, b.seen.rawNet, rounded(b.raw.sum(rawNet)), false, ""},
		{"Netto: sum per måned", m.Net, months, rounded(b.few[sheetMonths].sum(monthNet)), false, ""},
		{"Netto: sum av kode per måned", m.Net, codeMonths, rounded(b.few[sheetCodeMonths].sum(codeMonthsFirst + len(r.PerMonth))), false, ""},
		{"Netto: sum per avsender og kanal", m.Net, senders, rounded(b.few[sheetSenders].sum(senderNet)), false, ""},
		{"Bokførte fakturaer: kvittert og fordelt", invoiced, settled, rounded(inv.sum(invoiceReceipts, isBooked...) + "+" + inv.sum(invoiceAllocated, isBooked...)), false, ""},
		{"Besparelse i perioden: sum per konteringskode", saved, byCode, benefits(benefitsSaving, "Konteringskode"), false, savedCell},
		{"Besparelse i perioden: sum per avsender", saved, byAccount, benefits(benefitsSaving, "Avsender"), false, savedCell},
		{"Netto: sum i kost/nytte per konteringskode", m.Net, benefitNet, benefits(benefitsNet, "Konteringskode"), false, ""},
		number("Lest digitalt i tide: Spart og tapt", r.Counters.Read, read, quoteSheet(sheetWaste)+"!"+absName(3, firstRow)),
		number("Brev: sum per konteringskode", m.Letters, codes.Letters, b.codesSum(codeLetters)),
		number("Mottatte forsendelser: rådata", r.Counters.Received, b.seen.received, b.outcomeCount("")),
		number("Mottatte forsendelser: sum per konteringskode", r.Counters.Received, codesReceived, b.codesSum(codeReceived)),
	}
}

func (b *book) summary() error {
	st, r := b.style, b.report
	s, err := b.sheet(sheetSummary, layout{widths: []float64{44, 18, 18, 18, 18, 18, 18}, scale: 78})
	if err != nil {
		return err
	}
	controls := b.controls()
	// The control block stands last, its state first: its rows must be known before.
	costRows, months := 4, len(r.PerMonth)
	outcomes := b.outcomes()
	kpiRow := 6
	costsAt := kpiRow + 4                      // header of Kostnader
	outcomesAt := costsAt + costRows + 3       // header of Forsendelser
	monthsAt := outcomesAt + len(outcomes) + 4 // header of Per måned
	qualityAt := monthsAt + months + 4         // header of Datakvalitet
	controlsAt := qualityAt + 5 + 2            // header of Kontroll
	status := fmt.Sprintf("$E$%d:$E$%d", controlsAt+1, controlsAt+len(controls))

	title := "Kostnader for utskrift og porto"
	if b.opt.Organisation != "" {
		title += " – " + b.opt.Organisation
	}
	s.put(32, cell{st.title, title, ""})
	s.put(15, cell{st.subtitle, fmt.Sprintf("Periode %s. Kostnader og brev etter dagen de er bokført, forsendelser etter dagen de ble mottatt.", periodText(r.From, r.To)) + b.onlyNote(" Gjelder bare: "+strings.Join(r.Only, ", ")+"."), ""})
	s.put(15, cell{st.subtitle, fmt.Sprintf("Rapport %s, laget %s. Beløp i kroner; netto er uten mva.", r.ReportID, r.Generated.In(r.Location).Format("02.01.2006 15:04")), ""})
	wrong := 0
	for _, c := range controls {
		if !c.ok() {
			wrong++
		}
	}
	s.put(18, cell{st.verdict, controlText(len(controls), wrong), fmt.Sprintf(`IF(COUNTIF(%s,"OK")=%d,"%s",(%d-COUNTIF(%s,"OK"))&IF(%d-COUNTIF(%s,"OK")=1,"%s","%s"))`,
		status, len(controls), controlText(len(controls), 0), len(controls), status, len(controls), status,
		strings.TrimPrefix(controlText(len(controls), 1), "1"), strings.TrimPrefix(controlText(len(controls), 2), "2"))})
	statusCell := cellName(1, s.row)

	b.kpis(s, kpiRow)
	b.summaryCosts(s, costsAt)
	b.summaryOutcomes(s, outcomesAt, outcomes)
	if months > 4 {
		s.breakBefore(monthsAt - 1)
	} else {
		s.breakBefore(qualityAt - 1)
	}
	b.summaryMonths(s, monthsAt)
	b.summaryQuality(s, qualityAt)
	if months > 4 {
		s.breakBefore(controlsAt - 1) // the table is not cut
	}
	b.summaryControls(s, controlsAt, controls)
	s.blank()
	b.notes(s)
	if err := b.charts(s); err != nil {
		return err
	}

	ok := func(ref, criteria, value string, format int) error {
		return b.file.SetConditionalFormat(sheetSummary, ref, []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: criteria, Value: value, Format: &format}})
	}
	column := fmt.Sprintf("E%d:E%d", controlsAt+1, controlsAt+len(controls))
	for _, e := range []error{
		ok(column, "==", `"AVVIK"`, st.bad),
		ok(column, "==", `"OK"`, st.good),
		ok(statusCell, "!=", `"`+controlText(len(controls), 0)+`"`, st.bad),
		ok(statusCell, "==", `"`+controlText(len(controls), 0)+`"`, st.good),
	} {
		if e != nil {
			return fmt.Errorf("mark controls: %w", e)
		}
	}
	return s.flush()
}

func controlText(n, wrong int) string {
	if wrong == 0 {
		return fmt.Sprintf("Kontroll: alle %d kontroller stemmer", n)
	}
	if wrong == 1 {
		return "1 KONTROLL STEMMER IKKE – se tabellen Kontroll på dette arket"
	}
	return fmt.Sprintf("%d KONTROLLER STEMMER IKKE – se tabellen Kontroll på dette arket", wrong)
}

// kpis writes the four figures that a reader looks for first.
func (b *book) kpis(s *sheet, at int) {
	st, r := b.style, b.report
	s.row = at - 1
	label := func(text string) cell { return cell{st.kpiLabel, text, ""} }
	s.put(18, label("Netto kostnad, kr"), label("Brev bokført i perioden"), label(""), label("Andel digitalt"), label(""), b.savingLabel(), label(""))
	digital := any("")
	if n := r.Counters.Digital() + r.Counters.Paper(); n > 0 {
		digital = float64(r.Counters.Digital()) / float64(n)
	}
	d, p := b.codesSum(codeDigital), b.codesSum(codePaper)
	saving := any("")
	if r.Benefit != nil {
		saving = r.Benefit.Saving()
		if r.Benefit.Paper == 0 && r.Benefit.Digital == 0 {
			saving = "ingen brev"
		}
	}
	blank := cell{style: st.kpiInt}
	s.put(30, cell{st.kpiMoney, r.Money.Net, b.codesSum(codeNet)}, cell{st.kpiInt, r.Money.Letters, b.codesSum(codeLetters)}, blank,
		cell{st.kpiPercent, digital, "IF(" + d + "+" + p + `=0,"",` + d + "/(" + d + "+" + p + "))"}, blank,
		cell{st.kpiMoney, saving, "IF(" + benefitTotalCell(8) + `="","",IF(AND(` + b.codesSum(codeLetters) + "=0," + d + `=0),"ingen brev",` + benefitTotalCell(8) + "))"}, blank)
	for _, row := range []int{at, at + 1} {
		for _, cols := range [][2]int{{2, 3}, {4, 5}, {6, 7}} {
			s.merge(cellName(cols[0], row), cellName(cols[1], row))
		}
	}
}

// savingLabel says with the saving itself when it rests on illustrative or missing inputs, so that the
// figure is not carried away without its reservation.
func (b *book) savingLabel() cell {
	const plain, example, missing = "Besparelse i perioden, kr", "Besparelse i perioden, kr (illustrative tall)", "Besparelse (forutsetninger mangler)"
	inputs := b.report.Inputs.All()
	column := func(letter string) string {
		return fmt.Sprintf("%s!$%s$%d:$%s$%d", quoteSheet(sheetBenefit), letter, benefitInputRow, letter, benefitInputRow+len(inputs)-1)
	}
	text := plain
	switch {
	case len(b.report.MissingInputs) > 0:
		text = missing
	case slices.ContainsFunc(inputs, func(in figures.CostBenefitInput) bool { return in.Input.Source == figures.SourceIllustrative }):
		text = example
	}
	return cell{b.style.kpiLabel, text, fmt.Sprintf(`IF(COUNT(%s)<%d,"%s",IF(COUNTIF(%s,"illustrativ")>0,"%s","%s"))`,
		column("C"), len(inputs), missing, column("E"), example, plain)}
}

// block writes the heading of a block so that its header stands on the row given.
func (s *sheet) block(at int, title string, heads ...string) {
	st := s.book.style
	s.row = at - 2
	s.put(24, cell{st.heading, title, ""})
	cells := make([]cell, len(heads))
	for i, h := range heads {
		cells[i] = cell{st.headerRight, h, ""}
		if i == 0 || h == "Resultat" {
			cells[i].style = st.header
		}
	}
	s.put(20, cells...)
}

func (b *book) summaryCosts(s *sheet, at int) {
	st, r := b.style, b.report
	s.block(at, "Kostnader", "Art", "Netto", "Mva.", "Brutto", "Andel av netto", "Netto per brev")
	byKind := []lineSum{b.seen.production, b.seen.postage, b.seen.other}
	sumAt := at + 4
	line := func(i int, name string, formula func(col, own int) string) {
		row, m := s.row+1, byKind[i]
		each := figures.Money{Net: m.net, Letters: r.Money.Letters}.Per()
		s.put(16, cell{st.text, name, ""}, cell{st.money, m.net, formula(costNet, 2)}, cell{st.money, m.vat, formula(costVAT, 3)}, cell{st.money, m.gross, formula(costGross, 4)},
			cell{st.percent, ratio(m.net, r.Money.Net), share(cellName(2, row), absName(2, sumAt))},
			cell{st.money, each, b.average(cellName(2, row), b.codesSum(codeLetters))})
	}
	kind := func(name string) func(int, int) string {
		return func(col, _ int) string { return rounded(b.costs.sum(col, criterion{costKind, `"` + name + `"`})) }
	}
	line(0, "Produksjon (utskrift, papir, konvolutt)", kind(kindProductionName))
	line(1, "Porto", kind(kindPostageName))
	line(2, "Andre kostnader", func(col, own int) string {
		return rounded(b.costs.sum(col) + "-" + cellName(own, at+1) + "-" + cellName(own, at+2))
	})
	sum := func(col int) string {
		return rounded(fmt.Sprintf("SUM(%s:%s)", cellName(col, at+1), cellName(col, at+3)))
	}
	m := r.Money
	s.put(16, cell{st.sumText, "Sum", ""}, cell{st.sumMoney, m.Net, sum(2)}, cell{st.sumMoney, m.VAT, sum(3)}, cell{st.sumMoney, m.Gross, sum(4)},
		cell{st.sumPercent, ratio(m.Net, m.Net), share(cellName(2, sumAt), absName(2, sumAt))},
		cell{st.sumMoney, m.Per(), b.average(cellName(2, sumAt), b.codesSum(codeLetters))})
}

func ratio(part, whole money.Ore) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func share(part, whole string) string { return "IF(" + whole + "=0,0," + part + "/" + whole + ")" }

type outcomeLine struct {
	outcome figures.Outcome
	label   string
	n       int
}

func (b *book) outcomes() []outcomeLine {
	c := b.report.Counters
	return []outcomeLine{
		{figures.OutcomeRefused, "Avvist ved mottak", c.Refused},
		{figures.OutcomeRead, "Lest digitalt i tide", c.Read},
		{figures.OutcomeDelivered, "Levert i digital postkasse", c.Delivered},
		{figures.OutcomeDigitalOnly, "Kun digital, ikke lest eller ikke levert", c.DigitalOnly},
		{figures.OutcomeWaiting, "Venter på lesing eller frist", c.Waiting},
		{figures.OutcomeClosed, "Manuelt håndtert", c.Closed},
		{figures.OutcomeOffered, "Sendt til utskrift, ikke kvittert", c.Offered},
		{figures.OutcomePrinted, "Postlagt, uansett dag", c.Printed},
		{figures.OutcomeOther, "Annen status", c.Other},
	}
}

func (b *book) summaryOutcomes(s *sheet, at int, lines []outcomeLine) {
	st := b.style
	s.block(at, "Forsendelser mottatt i perioden", "Utfall", "Antall", "Andel")
	total := b.report.Counters.Received
	sumAt := at + len(lines) + 1
	for _, l := range lines {
		row := s.row + 1
		s.put(16, cell{st.text, l.label, ""}, cell{st.integer, l.n, b.outcomeCount("", l.outcome)},
			cell{st.percent, ratio(money.Ore(l.n), money.Ore(total)), share(cellName(2, row), absName(2, sumAt))})
	}
	s.put(16, cell{st.sumText, "Sum mottatt", ""}, cell{st.sumInt, total, fmt.Sprintf("SUM(%s:%s)", cellName(2, at+1), cellName(2, sumAt-1))},
		cell{st.sumPercent, ratio(money.Ore(total), money.Ore(total)), share(cellName(2, sumAt), absName(2, sumAt))})
}

func (b *book) summaryMonths(s *sheet, at int) {
	st, r := b.style, b.report
	s.block(at, "Per måned", "Måned", "Mottatt", "Brev", "Produksjon", "Porto", "Andre", "Netto")
	for _, m := range r.PerMonth {
		row := s.row + 1
		within := func(col int) []criterion {
			first := cellName(1, row)
			return []criterion{{col, `">="&` + first}, {col, `"<"&EDATE(` + first + ",1)"}}
		}
		cost := within(costDay)
		s.put(16, cell{st.month, civil.Date(m.Month + "-01"), ""},
			cell{st.integer, m.Counters.Received, b.raw.count(append(within(rawReceived), criterion{rawInPeriod, `"Ja"`})...)},
			cell{st.integer, m.Money.Letters, b.costs.sum(costLetters, cost...)},
			cell{st.money, m.Money.Production, rounded(b.costs.sum(costNet, append(cost, criterion{costKind, `"` + kindProductionName + `"`})...))},
			cell{st.money, m.Money.Postage, rounded(b.costs.sum(costNet, append(cost, criterion{costKind, `"` + kindPostageName + `"`})...))},
			cell{st.money, m.Money.Other, rounded(cellName(7, row) + "-" + cellName(4, row) + "-" + cellName(5, row))},
			cell{st.money, m.Money.Net, rounded(b.costs.sum(costNet, cost...))})
	}
	sum := func(col int) string {
		return fmt.Sprintf("SUM(%s:%s)", cellName(col, at+1), cellName(col, at+len(r.PerMonth)))
	}
	m := r.Money
	s.put(16, cell{st.sumText, "Sum", ""}, cell{st.sumInt, r.Counters.Received, sum(2)}, cell{st.sumInt, m.Letters, sum(3)},
		cell{st.sumMoney, m.Production, rounded(sum(4))}, cell{st.sumMoney, m.Postage, rounded(sum(5))}, cell{st.sumMoney, m.Other, rounded(sum(6))},
		cell{st.sumMoney, m.Net, rounded(sum(7))})
}

func (b *book) summaryQuality(s *sheet, at int) {
	st, r := b.style, b.report
	s.block(at, "Datakvalitet", "Forhold", "Antall", "Netto kr")
	noCodeShipments := 0
	for _, row := range r.PerKonteringskode {
		if row.Missing {
			noCodeShipments = row.Counters.Received
		}
	}
	noCode, unknown := b.seen.noCode, b.seen.unknown
	for _, l := range []struct {
		label string
		n     int
		net   any
	}{
		{"Forsendelser uten konteringskode", noCodeShipments, nil},
		{"Kostnadslinjer uten konteringskode", noCode.n, noCode.net},
		{"Kostnadslinjer uten kjent forsendelse", unknown.n, unknown.net},
		{"Avvik (se arket Avvik)", r.Deviations.Len(), b.seen.deviations},
	} {
		s.put(16, cell{st.text, l.label, ""}, cell{st.integer, l.n, ""}, cell{st.money, l.net, ""})
	}
}

func (b *book) summaryControls(s *sheet, at int, controls []control) {
	st := b.style
	s.block(at, "Kontroll", "Kontroll", "Regnskapslinjer", "Arbeidsbok", "Differanse", "Resultat")
	for _, c := range controls {
		row, style, verdict := s.row+1, st.money, "OK"
		value := func(o money.Ore) any { return o }
		if c.whole {
			style, value = st.integer, func(o money.Ore) any { return int64(o) }
		}
		if !c.ok() {
			verdict = "AVVIK"
		}
		s.put(16, cell{st.text, c.label, ""}, cell{style, value(c.ledger), c.base}, cell{style, value(c.rows), c.formula},
			cell{style, value(c.rows - c.ledger), rounded(cellName(3, row) + "-" + cellName(2, row))},
			cell{st.status, verdict, "IF(" + cellName(4, row) + `=0,"OK","AVVIK")`})
	}
}

func (b *book) notes(s *sheet) {
	st := b.style
	s.put(24, cell{st.heading, "Slik er tallene laget", ""})
	lines := []string{
		"Kostnadene er det utskriftsleverandøren har kvittert for, bokført i hele øre. Rettelser er egne linjer, aldri endringer.",
		"Mva. er regnet og avrundet til nærmeste øre per linje. Kostnad uten konteringskode står som " + codes.Missing + " og er med i alle summer.",
		"Kolonnen Regnskapslinjer under Kontroll er faste tall fra kostnadsregnskapet; Arbeidsbok regnes av arkene Kostnader og Rådata.",
	}
	for _, line := range append(lines, b.report.Notes...) {
		s.note(st.noteWrap, summaryCols, 44+18*6, line)
	}
}
