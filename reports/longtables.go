package reports

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/receipt"
)

// All tables have their title in row 1, notes in row 2, sums of the visible rows in row 3, their header
// in row 5 and their data from row 6.
const (
	sumRow    = 3
	headerRow = 5
	firstRow  = 6
)

// tableRange knows on which sheets and rows a long table stands, before it is written.
type tableRange struct {
	name string
	rows int
	each int // most rows per sheet
}

func newTableRange(name string, rows, each int) tableRange { return tableRange{name, rows, each} }

func (t tableRange) sheets() int { return max(1, (t.rows+t.each-1)/t.each) }

// part gives the name and the data rows [from, to) of sheet i.
func (t tableRange) part(i int) (name string, from, to int) {
	name = t.name
	if i > 0 {
		name = fmt.Sprintf("%s %d", t.name, i+1)
	}
	return name, i * t.each, min(t.rows, (i+1)*t.each)
}

// ref gives the reference of a column on sheet i, at least one row long.
func (t tableRange) ref(i, col int) string {
	name, from, to := t.part(i)
	letter, err := excelize.ColumnNumberToName(col)
	if err != nil {
		panic("reports: no such column")
	}
	return fmt.Sprintf("%s!$%s$%d:$%s$%d", quoteSheet(name), letter, firstRow, letter, max(firstRow, firstRow+to-from-1))
}

// sum gives a formula that sums column col over all sheets of the table, where each criterion (a
// column and an expression) holds.
func (t tableRange) sum(col int, criteria ...criterion) string {
	return t.over(func(i int) string {
		if len(criteria) == 0 {
			return "SUM(" + t.ref(i, col) + ")"
		}
		return "SUMIFS(" + t.ref(i, col) + t.where(i, criteria) + ")"
	})
}

// count gives a formula that counts the rows where each criterion holds.
func (t tableRange) count(criteria ...criterion) string {
	return t.over(func(i int) string { return "COUNTIFS(" + t.where(i, criteria)[1:] + ")" })
}

type criterion struct {
	col  int
	expr string
}

func (t tableRange) where(i int, criteria []criterion) string {
	var b strings.Builder
	for _, c := range criteria {
		b.WriteString("," + t.ref(i, c.col) + "," + c.expr)
	}
	return b.String()
}

func (t tableRange) over(one func(int) string) string {
	parts := make([]string, t.sheets())
	for i := range parts {
		parts[i] = one(i)
	}
	return strings.Join(parts, "+")
}

// rounded wraps a formula for kroner so that sums of fractions in floating point stay whole øre.
func rounded(formula string) string { return "ROUND(" + formula + ",2)" }

// long is a table that may have many rows.
type long struct {
	title, note string
	cols        []column
	sums        []int // columns (from 1) summed over the visible rows
	frozenCols  int
	pagesWide   int
	empty       string // what stands in the table when it has no rows
	rows        tableRows
}

// tableRows are the rows of a table as cells, read from the first as often as they are needed.
type tableRows struct {
	n   int
	all iter.Seq2[[]cell, error]
}

// few are rows that are in memory.
func few[T any](list []T, row func(i int, v T) []cell) tableRows {
	return tableRows{len(list), func(yield func([]cell, error) bool) {
		for i, v := range list {
			if !yield(row(i, v), nil) {
				return
			}
		}
	}}
}

// sequence is what a report has many of.
type sequence[T any] interface {
	Len() int
	All() iter.Seq2[T, error]
}

// many are rows that may not all fit in memory.
func many[T any](of sequence[T], row func(v T) []cell) tableRows {
	return tableRows{of.Len(), func(yield func([]cell, error) bool) {
		for v, err := range of.All() {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(row(v), nil) {
				return
			}
		}
	}}
}

// observed is a sequence of which every element is seen when it is read.
type observed[T any] struct {
	sequence[T]
	see func(T)
}

// All reads the elements.
func (o observed[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range o.sequence.All() {
			if err == nil {
				o.see(v)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// scanned is what must be known of the rows of a sheet before the first is written.
type scanned struct {
	widths []float64
	sums   map[int]any // by column
}

// scan reads a table once, and gives what each of its sheets needs.
func (b *book) scan(name string, t long) ([]scanned, error) {
	r := newTableRange(name, t.rows.n, b.opt.MaxRows)
	out := make([]scanned, 0, r.sheets())
	m := newMeasure(t)
	end := func() {
		widths := m.widths()
		for _, col := range t.sums {
			widths[col-1] = max(widths[col-1], float64(width(t.cols[col-1].kind, m.sums[col]))*1.15+3.4) // bold
		}
		out, m = append(out, scanned{widths, m.sums}), newMeasure(t)
	}
	for cells, err := range t.rows.all {
		if err != nil {
			return nil, err
		}
		if m.rows == r.each {
			end()
		}
		m.add(cells)
	}
	end()
	return out, nil
}

// table writes a table of few rows.
func (b *book) table(name string, t long) error {
	parts, err := b.scan(name, t)
	if err != nil {
		return err
	}
	if len(parts) > 1 {
		return fmt.Errorf("%d rows of %s do not fit on one sheet", t.rows.n, name)
	}
	s, err := b.beginTable(name, t, parts[0], t.rows.n)
	if err != nil {
		return err
	}
	for cells, err := range t.rows.all {
		if err != nil {
			return err
		}
		for c := range cells {
			cells[c].style = b.style.of(t.cols[c].kind)
		}
		s.put(rowHeight(t.cols, parts[0].widths, cells), cells...)
	}
	if t.rows.n == 0 {
		s.put(0, cell{b.style.note, t.empty, ""})
	}
	return s.flush()
}

// longTable writes a table that was scanned, on as many sheets as its rows need: the rows when the file is written. It has no
// formulas.
func (b *book) longTable(name string, t long, parts []scanned) error {
	r := newTableRange(name, t.rows.n, b.opt.MaxRows)
	for i, p := range parts {
		name, from, to := r.part(i)
		s, err := b.beginTable(name, t, p, to-from)
		if err != nil {
			return err
		}
		if t.rows.n == 0 {
			s.put(0, cell{b.style.note, t.empty, ""})
		} else {
			b.late[sheetPart(s.sw.SheetID)] = func(w io.Writer) error { return b.writeRows(w, t, p.widths, from, to) }
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

// writeRows writes the rows [from, to) of a table.
func (b *book) writeRows(w io.Writer, t long, widths []float64, from, to int) error {
	out, at := newRowWriter(w, len(t.cols), headerRow), 0
	styles, native := make([]int, len(t.cols)), make([]any, len(t.cols))
	for i, c := range t.cols {
		styles[i] = b.style.of(c.kind)
	}
	for cells, err := range t.rows.all {
		if err != nil {
			return err
		}
		if at++; at <= from {
			continue
		}
		for i, c := range cells {
			native[i] = b.native(c.value)
		}
		out.put(rowHeight(t.cols, widths, cells), styles, native)
		if out.err != nil || at == to {
			break
		}
	}
	if out.err == nil && at != to {
		return fmt.Errorf("%s has lost rows: %d of %d are there", t.title, at, to)
	}
	return out.err
}

// beginTable writes a sheet as far as the header of a table of n rows.
func (b *book) beginTable(name string, t long, p scanned, n int) (*sheet, error) {
	l := layout{widths: p.widths, frozenRows: headerRow, frozenCols: t.frozenCols, headerRow: headerRow, pagesWide: t.pagesWide, grid: true}
	if t.pagesWide > 1 {
		l.repeatCols = "$A:$A"
	}
	s, err := b.sheet(name, l)
	if err != nil {
		return nil, err
	}
	s.put(28, cell{b.style.title, t.title, ""})
	note := cell{b.style.subtitle, t.note, ""}
	if t.pagesWide > 1 {
		s.put(20, cell{}, note) // column A is repeated on the second page, where the note would be cut off
	} else {
		s.put(20, note)
	}
	if len(t.sums) > 0 {
		cells := make([]cell, len(t.cols))
		for i := range cells {
			cells[i] = cell{style: b.style.sumText}
		}
		cells[0].value = "Sum av synlige rader"
		for _, col := range t.sums {
			ref := cellName(col, firstRow) + ":" + cellName(col, max(firstRow, firstRow+n-1))
			formula := "SUBTOTAL(109," + ref + ")"
			if t.cols[col-1].kind == kindMoney {
				formula = rounded(formula)
			}
			cells[col-1] = cell{b.style.sumOf(t.cols[col-1].kind), p.sums[col], formula}
		}
		s.put(16, cells...)
	}
	s.row = headerRow - 1
	s.header(t.cols, p.widths)
	if err := b.file.AutoFilter(name, "A5:"+cellName(len(t.cols), max(headerRow, headerRow+n)), nil); err != nil {
		return nil, fmt.Errorf("set filter of %s: %w", name, err)
	}
	return s, nil
}

// Columns of Kostnader that formulas refer to.
const (
	costDay = iota + 1
	costShipment
	costJob
	costNumber
	costCode
	costKind
	costNet
	costVAT
	costGross
	costLetters
	costBW
	costColour
	costSheets
	costSource
)

func (b *book) costTable(rows sequence[figures.CostRow]) long {
	return long{
		title: "Kostnader",
		note:  "Én rad per kostnadslinje bokført i perioden. Det er dagen brevet ble postlagt, eller dagen kvitteringen kom når måneden var lukket. Rettelser er egne linjer.",
		cols: []column{
			{"Bokført dag", kindDay, 13}, {"Forsendelse", kindText, 12}, {"Jobb", kindText, 8}, {"Kode nr.", kindInt, 7}, {"Konteringskode", kindText, 16},
			{"Art", kindText, 12}, {"Netto kr", kindMoney, 12}, {"Mva. kr", kindMoney, 11}, {"Brutto kr", kindMoney, 12}, {"Brev", kindInt, 7},
			{"Sider s/hv", kindInt, 7}, {"Sider farge", kindInt, 7}, {"Ark", kindInt, 7}, {"Kilde", kindText, 12},
		},
		sums: []int{costNet, costVAT, costGross, costLetters, costBW, costColour, costSheets}, frozenCols: 2, empty: "Ingen kostnader i perioden.",
		rows: many(rows, func(c figures.CostRow) []cell {
			number := b.report.CodeNumber(c.Konteringskode)
			cells := values(c.Posted, c.Shipment, c.Job, number, b.codeText(number), kindName(c.Kind), c.Net, c.VAT, c.Gross, c.Letters,
				c.Volume.PagesBW, c.Volume.PagesColour, c.Volume.Sheets, c.Source)
			if c.Letters == 0 {
				clearCells(cells[costLetters-1 : costSheets]) // counted at the letter's first line
			}
			return cells
		}),
	}
}

func (b *book) costLines() error {
	return b.longTable(sheetCosts, b.costTable(b.report.Costs), b.seen.costs)
}

// Columns of Rådata that formulas refer to.
const (
	rawShipment = iota + 1
	rawAccount
	rawSystem
	rawNumber
	rawCode
	rawStatus
	rawOutcome
	rawChannel
	rawReason
	rawInPeriod
	rawReceived
	rawNotified
	rawRead
	rawPosted
	rawBW
	rawColour
	rawSheets
	rawWeight
	rawEnvelope
	rawZone
	rawJob
	rawProduction
	rawPostage
	rawOther
	rawNet
	rawVAT
	rawGross
)

func (b *book) rawTable(rows sequence[figures.ShipmentRow]) long {
	return long{
		title: "Rådata",
		note:  "Én rad per forsendelse som er mottatt eller har kostnad i perioden. Uten navn, adresse, tittel og fødselsnummer.",
		cols: []column{
			{"Forsendelse", kindText, 22}, {"Konto", kindText, 10}, {"Avgivende system", kindText, 12}, {"Kode nr.", kindInt, 7}, {"Konteringskode", kindText, 16},
			{"Status", kindText, 12}, {"Utfall", kindText, 14}, {"Kanal", kindText, 8}, {"Årsak", kindText, 8}, {"Mottatt i perioden", kindText, 10},
			{"Mottatt", kindTime, 16}, {"Varslet", kindTime, 16}, {"Lest", kindTime, 16}, {"Postlagt", kindTime, 16},
			{"Sider s/hv", kindInt, 7}, {"Sider farge", kindInt, 7}, {"Ark", kindInt, 7}, {"Vekt g", kindInt, 8}, {"Konvolutt", kindText, 10}, {"Sone", kindText, 9},
			{"Jobb", kindText, 8}, {"Produksjon kr", kindMoney, 12}, {"Porto kr", kindMoney, 12}, {"Andre kr", kindMoney, 11}, {"Netto kr", kindMoney, 12},
			{"Mva. kr", kindMoney, 11}, {"Brutto kr", kindMoney, 12},
		},
		sums: []int{rawBW, rawColour, rawSheets, rawProduction, rawPostage, rawOther, rawNet, rawVAT, rawGross}, frozenCols: 1, pagesWide: 2,
		empty: "Ingen forsendelser i perioden.",
		rows: many(rows, func(s figures.ShipmentRow) []cell {
			number := b.report.CodeNumber(s.Konteringskode)
			cells := values(s.ID, s.AccountName, s.AvgivendeSystem, number, b.codeText(number), s.Status, string(s.Outcome), s.Channel, reasonText(s.Reason),
				yesNo(s.InPeriod), s.Received, s.Notified, s.Read, s.Posted, s.PagesBW, s.PagesColour, s.Sheets, s.WeightGram, s.Envelope, s.Zone, s.Job,
				s.Money.Production, s.Money.Postage, s.Money.Other, s.Money.Net, s.Money.VAT, s.Money.Gross)
			// What never became paper has no pages and no cost, rather than columns of zeros.
			if s.Sheets == 0 {
				clearCells(cells[rawBW-1 : rawWeight])
			}
			if s.Money == (figures.Money{}) {
				clearCells(cells[rawProduction-1 : rawGross])
			}
			return cells
		}),
	}
}

func (b *book) rawData() error {
	return b.longTable(sheetRaw, b.rawTable(b.report.Shipments), b.seen.raw)
}

func (b *book) deviationTable(rows sequence[figures.DeviationRecord]) long {
	return long{
		title: "Avvik",
		note:  "Forskjeller mellom det vi sendte, det utskriftsleverandøren kvitterte for, prislisten og fakturaene. Beløp er netto, det avviket gjelder." + b.onlyNote(" Avvik uten konto (ukjente brev, fakturaer) står bare i rapporten for alle avsendere."),
		cols: []column{
			{"Dag", kindDay, 13}, {"Type", kindText, 12}, {"Forklaring", kindWrap, 24}, {"Forsendelse", kindText, 12}, {"Jobb", kindText, 8}, {"Konto", kindWrap, 8},
			{"Konteringskode", kindText, 16}, {"Forventet", kindWrap, 14}, {"Kvittert", kindWrap, 14}, {"Beløp kr", kindMoney, 11}, {"Status", kindText, 9}, {"Alder dager", kindInt, 7},
		},
		sums: []int{10}, frozenCols: 2, empty: "Ingen avvik.",
		rows: many(rows, func(d figures.DeviationRecord) []cell {
			state, code := d.State, d.Konteringskode
			if state == "" {
				state = "åpen"
			}
			if code == "" && d.Shipment != "" && d.Kind != receipt.DeviationUnknown { // of what is no letter of ours no code can be missing
				code = codes.Missing
			}
			return values(d.Day, string(d.Kind), d.Kind.Norwegian(), d.Shipment, d.Job, d.Account, code, d.Expected, d.Got, d.Amount, state, b.age(d.Day))
		}),
	}
}

// onlyNote is a text that stands only in a report of some accounts.
func (b *book) onlyNote(text string) string {
	if len(b.report.Only) == 0 {
		return ""
	}
	return text
}

// age is how many days ago something was found when the report was made.
func (b *book) age(day civil.Date) int {
	return int(civil.Of(b.report.Generated, b.report.Location).UTC().Sub(day.UTC()) / (24 * time.Hour))
}

func (b *book) deviations() error {
	return b.longTable(sheetDeviations, b.deviationTable(b.report.Deviations), b.seen.deviationRows)
}

// seen is what is known of the long tables before the first sheet is written, from reading them once.
type seen struct {
	costs, raw, deviationRows []scanned
	// Sums of what the rows say, of every line and of those of some kind.
	lines, known, unknown, noCode lineSum
	production, postage, other    lineSum
	rawNet, deviations            money.Ore
	received                      int
}

// lineSum is a number of cost lines and their sums.
type lineSum struct {
	n               int
	net, vat, gross money.Ore
}

func (l *lineSum) add(c figures.CostRow) {
	l.n++
	l.net, l.vat, l.gross = l.net+c.Net, l.vat+c.VAT, l.gross+c.Gross
}

// look reads the long tables.
func (b *book) look() (err error) {
	k := &b.seen
	b.seen.costs, err = b.scan(sheetCosts, b.costTable(observed[figures.CostRow]{b.report.Costs, func(c figures.CostRow) {
		k.lines.add(c)
		switch c.Kind {
		case ledger.KindProduction:
			k.production.add(c)
		case ledger.KindPostage:
			k.postage.add(c)
		default:
			k.other.add(c)
		}
		if c.Known {
			k.known.add(c)
		} else if c.Shipment != "" {
			k.unknown.add(c)
		}
		if strings.TrimSpace(c.Konteringskode) == "" {
			k.noCode.add(c)
		}
	}}))
	if err != nil {
		return err
	}
	b.seen.raw, err = b.scan(sheetRaw, b.rawTable(observed[figures.ShipmentRow]{b.report.Shipments, func(s figures.ShipmentRow) {
		k.rawNet += s.Money.Net
		if s.InPeriod {
			k.received++
		}
	}}))
	if err != nil {
		return err
	}
	b.seen.deviationRows, err = b.scan(sheetDeviations, b.deviationTable(observed[figures.DeviationRecord]{b.report.Deviations, func(d figures.DeviationRecord) {
		k.deviations += d.Amount
	}}))
	return err
}

func clearCells(cells []cell) {
	for i := range cells {
		cells[i].value = nil
	}
}

func values(vs ...any) []cell {
	out := make([]cell, len(vs))
	for i, v := range vs {
		out[i].value = v
	}
	return out
}

func (b *book) codeText(number int) string { return b.report.PerKonteringskode[number-1].Code }

func yesNo(yes bool) string {
	if yes {
		return "Ja"
	}
	return "Nei"
}

func kindName(kind string) string {
	switch kind {
	case ledger.KindProduction:
		return kindProductionName
	case ledger.KindPostage:
		return kindPostageName
	case ledger.KindControlSheet:
		return "Kontrollark"
	case ledger.KindMinimum:
		return "Minstepris"
	case ledger.KindTransport:
		return "Formidling"
	case ledger.KindOther:
		return "Annet"
	case ledger.KindRounding:
		return "Avrunding"
	}
	return kind
}

// Names of the kinds in the column Art; formulas look them up.
const (
	kindProductionName = "Produksjon"
	kindPostageName    = "Porto"
)
