package reports

import (
	"fmt"

	"postgang/billing/codes"
	"postgang/billing/figures"
)

// Columns of Per konteringskode.
const (
	codeNumber = iota + 1
	codeCode
	codeReceived
	codeRefused
	codeDigital
	codePaper
	codeRest
	codeLetters
	codeBW
	codeColour
	codeSheets
	codeProduction
	codePostage
	codeOther
	codeNet
	codeVAT
	codeGross
	codeAverage
	codeShare
)

var codeColumns = []column{
	{"Nr.", kindInt, 6}, {"Konteringskode", kindText, 18}, {"Mottatt", kindInt, 9}, {"Avvist", kindInt, 8}, {"Digitalt", kindInt, 9}, {"Papir", kindInt, 8},
	{"Øvrige", kindInt, 8}, {"Brev", kindInt, 8}, {"Sider s/hv", kindInt, 8}, {"Sider farge", kindInt, 8}, {"Ark", kindInt, 8},
	{"Produksjon kr", kindMoney, 13}, {"Porto kr", kindMoney, 13}, {"Andre kr", kindMoney, 11}, {"Netto kr", kindMoney, 13}, {"Mva. kr", kindMoney, 12},
	{"Brutto kr", kindMoney, 13}, {"Netto per brev kr", kindMoney, 10}, {"Andel av netto", kindPercent, 9},
}

// codesSumRow is the row of the sums below the codes.
func (b *book) codesSumRow() int { return firstRow + max(1, len(b.report.PerKonteringskode)) }

// codesSum refers to the sum of a column of Per konteringskode.
func (b *book) codesSum(col int) string {
	return quoteSheet(sheetCodes) + "!" + absName(col, b.codesSumRow())
}

// outcomeCount counts shipments of the period in Rådata by outcome, and by code when one is given.
func (b *book) outcomeCount(number string, outcomes ...figures.Outcome) string {
	criteria := []criterion{{rawInPeriod, `"Ja"`}}
	if number != "" {
		criteria = append(criteria, criterion{rawNumber, number})
	}
	if len(outcomes) == 0 {
		return b.raw.count(criteria...)
	}
	formula := ""
	for i, o := range outcomes {
		if i > 0 {
			formula += "+"
		}
		formula += b.raw.count(append(criteria[:len(criteria):len(criteria)], criterion{rawOutcome, `"` + string(o) + `"`})...)
	}
	return formula
}

func (b *book) codes() error {
	rows := b.report.PerKonteringskode
	if len(rows) > DefaultMaxRows {
		return fmt.Errorf("%d konteringskoder do not fit on one sheet", len(rows))
	}
	m := newMeasure(long{cols: codeColumns})
	for i, row := range rows {
		m.add(b.codeCells(row, firstRow+i))
	}
	widths := m.widths()
	total := b.codeCells(figures.CodeRow{Counters: b.report.Counters, Volume: b.report.Volume, Money: b.report.Money}, 0)
	for i, c := range total {
		widths[i] = max(widths[i], float64(width(codeColumns[i].kind, c.value))*1.15+3.4)
	}
	s, err := b.sheet(sheetCodes, layout{widths: widths, frozenRows: headerRow, frozenCols: 2, headerRow: headerRow, grid: true})
	if err != nil {
		return err
	}
	s.put(28, cell{b.style.title, "Per konteringskode", ""})
	s.put(14, cell{b.style.subtitle, "Mottatt til Øvrige: forsendelser mottatt i perioden. Brev til Netto per brev: det som er postlagt i perioden. Uten konteringskode står som " + codes.Missing + ".", ""})
	s.put(14, cell{b.style.subtitle, "Digitalt: lest eller levert i digital postkasse. Papir: sendt til utskrift eller postlagt. Øvrige: venter, kun digitale, manuelt håndtert.", ""})
	s.row = headerRow - 1
	s.header(codeColumns, widths)
	for i := range rows {
		cells := b.codeCells(rows[i], firstRow+i)
		for c := range cells {
			cells[c].style = b.style.of(codeColumns[c].kind)
		}
		s.put(0, cells...)
	}
	if len(rows) == 0 {
		s.put(0, cell{b.style.note, "Ingen forsendelser eller kostnader i perioden.", ""})
	}
	b.codeTotals(s, total, len(rows))
	if err := b.file.AutoFilter(sheetCodes, "A5:"+cellName(len(codeColumns), max(headerRow, headerRow+len(rows))), nil); err != nil {
		return fmt.Errorf("set filter of %s: %w", sheetCodes, err)
	}
	return s.flush()
}

func (b *book) codeCells(row figures.CodeRow, at int) []cell {
	number := fmt.Sprintf("$A%d", at)
	here := func(col int) string { return cellName(col, max(at, 1)) }
	of := criterion{costNumber, number}
	money := func(col int, more ...criterion) string {
		return rounded(b.costs.sum(col, append([]criterion{of}, more...)...))
	}
	c, v, m := row.Counters, row.Volume, row.Money
	share := 0.0
	if b.report.Money.Net != 0 {
		share = float64(m.Net) / float64(b.report.Money.Net)
	}
	return []cell{
		{value: row.Number},
		{value: row.Code},
		{value: c.Received, formula: b.outcomeCount(number)},
		{value: c.Refused, formula: b.outcomeCount(number, figures.OutcomeRefused)},
		{value: c.Digital(), formula: b.outcomeCount(number, figures.OutcomeRead, figures.OutcomeDelivered)},
		{value: c.Paper(), formula: b.outcomeCount(number, figures.OutcomeOffered, figures.OutcomePrinted)},
		{value: c.Received - c.Refused - c.Digital() - c.Paper(), formula: here(codeReceived) + "-" + here(codeRefused) + "-" + here(codeDigital) + "-" + here(codePaper)},
		{value: m.Letters, formula: b.costs.sum(costLetters, of)},
		{value: v.PagesBW, formula: b.costs.sum(costBW, of)},
		{value: v.PagesColour, formula: b.costs.sum(costColour, of)},
		{value: v.Sheets, formula: b.costs.sum(costSheets, of)},
		{value: m.Production, formula: money(costNet, criterion{costKind, `"` + kindProductionName + `"`})},
		{value: m.Postage, formula: money(costNet, criterion{costKind, `"` + kindPostageName + `"`})},
		{value: m.Other, formula: rounded(here(codeNet) + "-" + here(codeProduction) + "-" + here(codePostage))},
		{value: m.Net, formula: money(costNet)},
		{value: m.VAT, formula: money(costVAT)},
		{value: m.Gross, formula: money(costGross)},
		{value: m.Per(), formula: b.average(here(codeNet), here(codeLetters))},
		{value: share, formula: "IF(" + absName(codeNet, b.codesSumRow()) + "=0,0," + here(codeNet) + "/" + absName(codeNet, b.codesSumRow()) + ")"},
	}
}

func (b *book) average(net, letters string) string {
	return "IF(" + letters + "=0,0,ROUND(" + net + "/" + letters + ",2))"
}

// codeTotals writes the sum row; its number and code cells say Sum.
func (b *book) codeTotals(s *sheet, total []cell, rows int) {
	at := b.codesSumRow()
	for i := range total {
		col := i + 1
		c := &total[i]
		c.style = b.style.sumOf(codeColumns[i].kind)
		sum := "SUM(" + cellName(col, firstRow) + ":" + cellName(col, max(firstRow, firstRow+rows-1)) + ")"
		switch {
		case col == codeNumber:
			*c = cell{style: b.style.sumText, value: "Sum"}
		case col == codeCode:
			*c = cell{style: b.style.sumText, value: ""}
		case col == codeAverage:
			c.formula = b.average(cellName(codeNet, at), cellName(codeLetters, at))
		case col == codeShare:
			c.formula = "IF(" + cellName(codeNet, at) + "=0,0,1)"
			if b.report.Money.Net == 0 {
				c.value = 0.0
			}
		case codeColumns[i].kind == kindMoney:
			c.formula = rounded(sum)
		default:
			c.formula = sum
		}
	}
	s.put(16, total...)
}
