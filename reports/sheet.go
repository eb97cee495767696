package reports

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"postgang/billing/civil"
	"postgang/billing/money"
)

// sheet writes one worksheet from top to bottom. The first error is kept, later calls do nothing.
type sheet struct {
	book *book
	name string
	sw   *excelize.StreamWriter
	row  int // last row written
	err  error
}

// layout is what must be known of a sheet before its first row is written.
type layout struct {
	widths     []float64 // of columns A, B, …
	frozenRows int       // rows that stay when scrolling, and that repeat on every printed page
	frozenCols int
	headerRow  int    // the row repeated on printed pages; 0 for none
	pagesWide  int    // printed pages side by side; 1 unless set
	repeatCols string // columns repeated on pages side by side, such as "$A:$A"
	grid       bool   // show grid lines on screen
	scale      uint   // per cent when printed, for a sheet with page breaks of its own; else fitted to pagesWide
}

const paperA4 = 9

func (b *book) sheet(name string, l layout) (*sheet, error) {
	if l.pagesWide == 0 {
		l.pagesWide = 1
	}
	if err := b.prepareSheet(name, l); err != nil {
		return nil, fmt.Errorf("prepare sheet %s: %w", name, err)
	}
	sw, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, fmt.Errorf("begin sheet %s: %w", name, err)
	}
	for i, w := range l.widths {
		if err := sw.SetColWidth(i+1, i+1, w); err != nil {
			return nil, fmt.Errorf("set column widths of %s: %w", name, err)
		}
	}
	if l.frozenRows > 0 || l.frozenCols > 0 {
		pane := "bottomLeft"
		switch {
		case l.frozenCols > 0 && l.frozenRows > 0:
			pane = "bottomRight"
		case l.frozenCols > 0:
			pane = "topRight"
		}
		panes := &excelize.Panes{Freeze: true, XSplit: l.frozenCols, YSplit: l.frozenRows, TopLeftCell: cellName(l.frozenCols+1, l.frozenRows+1), ActivePane: pane}
		if err := sw.SetPanes(panes); err != nil {
			return nil, fmt.Errorf("freeze header of %s: %w", name, err)
		}
	}
	return &sheet{book: b, name: name, sw: sw}, nil
}

// prepareSheet sets what excelize writes in front of the rows.
func (b *book) prepareSheet(name string, l layout) error {
	f := b.file
	if name != sheetSummary { // the first sheet is there already
		if _, err := f.NewSheet(name); err != nil {
			return err
		}
	}
	size, landscape, high, order, yes := paperA4, "landscape", 0, "overThenDown", true
	side, top, foot := 0.45, 0.75, 0.3
	head := headerText(b.opt.Organisation)
	var err error
	run := func(e error) {
		if err == nil {
			err = e
		}
	}
	page := &excelize.PageLayoutOptions{Size: &size, Orientation: &landscape, PageOrder: &order}
	if l.scale > 0 {
		page.AdjustTo = &l.scale // Excel heeds page breaks only without fitting
	} else {
		page.FitToWidth, page.FitToHeight = &l.pagesWide, &high
		run(f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}))
	}
	run(f.SetPageLayout(name, page))
	run(f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &top, Bottom: &top, Header: &foot, Footer: &foot}))
	run(f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{
		OddHeader: `&L&"Arial,Regular"&9 ` + head + `&R&"Arial,Regular"&9 ` + headerText("Periode "+periodText(b.report.From, b.report.To)),
		OddFooter: `&L&"Arial,Regular"&9 ` + headerText("Rapport "+b.report.ReportID) + `&C&"Arial,Regular"&9 &A&R&"Arial,Regular"&9 Side &P av &N`,
	}))
	run(f.SetSheetView(name, 0, &excelize.ViewOptions{ShowGridLines: &l.grid}))
	if l.headerRow > 0 {
		titles := fmt.Sprintf("%s!$%d:$%d", quoteSheet(name), l.headerRow, l.headerRow)
		if l.repeatCols != "" {
			titles = quoteSheet(name) + "!" + l.repeatCols + "," + titles
		}
		run(f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: name}))
	}
	return err
}

// headerText makes a text safe in printed headers, where & begins a code, and short enough for them.
func headerText(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		s = string([]rune(s)[:59]) + "…"
	}
	return strings.ReplaceAll(s, "&", "&&")
}

// cellName gives a reference such as B7. Columns and rows come from this package and are always valid.
func cellName(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		panic(fmt.Sprintf("reports: no cell at column %d, row %d", col, row))
	}
	return name
}

func absName(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row, true)
	if err != nil {
		panic(fmt.Sprintf("reports: no cell at column %d, row %d", col, row))
	}
	return name
}

func quoteSheet(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }

// cell is one cell: a style, a value as its Go type, and a formula that gives the same value.
type cell struct {
	style   int
	value   any // string, int, int64, float64, money.Ore, civil.Date, time.Time or nil
	formula string
}

// put writes a row of the given height in points (0 for the default) below the last.
func (s *sheet) put(height float64, cells ...cell) {
	s.row++
	if s.err != nil {
		return
	}
	values := make([]any, len(cells))
	for i, c := range cells {
		if c.style == 0 && c.value == nil && c.formula == "" {
			continue // excelize leaves out what is nil
		}
		values[i] = excelize.Cell{StyleID: c.style, Formula: c.formula, Value: s.book.native(c.value)}
	}
	var opts []excelize.RowOpts
	if height > 0 {
		opts = append(opts, excelize.RowOpts{Height: height})
	}
	if err := s.sw.SetRow(cellName(1, s.row), values, opts...); err != nil {
		s.err = fmt.Errorf("write row %d of %s: %w", s.row, s.name, err)
	}
}

// native gives the value as the type that excelize writes as intended: text stays text whatever it
// begins with, money becomes kroner, times become local wall time, since a cell has no time zone.
func (b *book) native(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case money.Ore:
		return v.Kroner()
	case money.Decimal:
		return v.Float()
	case civil.Date:
		if v.Validate() != nil {
			return nil
		}
		return v.UTC()
	case time.Time:
		if v.IsZero() {
			return nil
		}
		l := v.In(b.report.Location)
		return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
	case string:
		return safeText(v)
	}
	return v
}

// maxCellText is the longest text that a cell can hold.
const maxCellText = excelize.TotalCellChars

// safeText drops control characters, which XML cannot hold, and what is beyond a cell's length.
func safeText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxCellText && utf8.RuneCountInString(s) > maxCellText {
		s = string([]rune(s)[:maxCellText])
	}
	return s
}

func (s *sheet) blank() { s.row++ }

func (s *sheet) merge(from, to string) {
	if s.err == nil {
		s.err = s.sw.MergeCell(from, to)
	}
}

// note writes a wrapped note across the first columns, as high as its text needs.
func (s *sheet) note(style int, cols int, width float64, text string) {
	lines := math.Ceil(float64(utf8.RuneCountInString(text)) * 0.92 / width)
	s.put(max(1, lines)*12.5+2, cell{style: style, value: text})
	s.merge(cellName(1, s.row), cellName(cols, s.row))
}

// breakBefore begins a new printed page at the row.
func (s *sheet) breakBefore(row int) {
	if s.err == nil {
		s.err = s.sw.InsertPageBreak(cellName(1, row))
	}
}

func (s *sheet) flush() error {
	if s.err != nil {
		return s.err
	}
	if err := s.sw.Flush(); err != nil {
		return fmt.Errorf("write sheet %s: %w", s.name, err)
	}
	return nil
}

// kind says how the values of a table column are shown.
type kind int

const (
	kindText kind = iota
	kindWrap
	kindInt
	kindMoney
	kindPercent
	kindNumber // with up to four decimals
	kindDay
	kindTime
)

func (k kind) right() bool {
	return k == kindInt || k == kindMoney || k == kindPercent || k == kindNumber
}

func (st *styles) of(k kind) int {
	return [...]int{kindText: st.text, kindWrap: st.textWrap, kindInt: st.integer, kindMoney: st.money, kindPercent: st.percent, kindNumber: st.number, kindDay: st.day, kindTime: st.clock}[k]
}

func (st *styles) sumOf(k kind) int {
	switch k {
	case kindInt:
		return st.sumInt
	case kindMoney:
		return st.sumMoney
	case kindPercent:
		return st.sumPercent
	default:
		return st.sumText
	}
}

// column is one column of a table.
type column struct {
	title string
	kind  kind
	least float64 // least width in characters
}

// width gives how many characters a value takes when shown.
func width(k kind, v any) int {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return utf8.RuneCountInString(v)
	case money.Ore:
		return digits(int64(v)/100) + 3 // comma and two decimals
	case civil.Date:
		return 10
	case time.Time:
		if v.IsZero() {
			return 0
		}
		return 16
	case int:
		return digits(int64(v))
	case int64:
		return digits(v)
	case float64:
		if k == kindPercent {
			return 7
		}
		return 14
	}
	return 10
}

// digits gives the length of a number with a sign and a space between groups of three.
func digits(v int64) int {
	n := 1
	if v < 0 {
		n++
	}
	places := 1
	for v /= 10; v != 0; v /= 10 {
		places++
	}
	return n + places - 1 + (places-1)/3
}

// widest is the widest a column of wrapped text becomes; longer text goes on below.
const widest = 30

// measure finds column widths that show the title, word by word, and every value, and sums columns.
type measure struct {
	cols []column
	most []int // characters
	sums map[int]any
	rows int
}

func newMeasure(t long) *measure {
	m := &measure{cols: t.cols, most: make([]int, len(t.cols)), sums: map[int]any{}}
	for i, c := range t.cols {
		for _, word := range strings.Fields(strings.ReplaceAll(c.title, "-", "- ")) {
			m.most[i] = max(m.most[i], utf8.RuneCountInString(word)+1) // bold is wider
		}
	}
	for _, col := range t.sums {
		if t.cols[col-1].kind == kindMoney {
			m.sums[col] = money.Ore(0)
		} else {
			m.sums[col] = int64(0)
		}
	}
	return m
}

func (m *measure) add(cells []cell) {
	m.rows++
	for i, c := range cells {
		m.most[i] = max(m.most[i], width(m.cols[i].kind, c.value))
	}
	for col, sum := range m.sums {
		switch v := cells[col-1].value.(type) {
		case money.Ore:
			m.sums[col] = sum.(money.Ore) + v
		case int:
			m.sums[col] = sum.(int64) + int64(v)
		}
	}
}

func (m *measure) widths() []float64 {
	out := make([]float64, len(m.cols))
	for i, n := range m.most {
		w := float64(n)*1.08 + 3.4 // capitals, indent and padding
		if m.cols[i].kind == kindWrap {
			w = min(w, widest)
		}
		out[i] = min(max(w, m.cols[i].least), 120)
	}
	return out
}

// wrappedLines gives how many lines a text takes in a cell of the width, when its letters are wide times
// as wide as digits.
func wrappedLines(text string, cellWidth, wide float64) int {
	used, n := 0.0, 1
	for _, word := range strings.Fields(text) {
		l := float64(utf8.RuneCountInString(word))*wide + 1
		if used > 0 && used+l > cellWidth-2 {
			used, n = 0, n+1
		}
		used += l
		for used > cellWidth-1 && cellWidth > 2 { // a word longer than the line is broken
			used, n = used-(cellWidth-1), n+1
		}
	}
	return n
}

// rowHeight gives the height in points that a row needs for its wrapped texts; 0 when one line will do.
// Programs do not agree on heights that a file leaves open: LibreOffice lets texts run into each other.
func rowHeight(cols []column, widths []float64, cells []cell) float64 {
	lines := 1
	for i, c := range cells {
		if text, ok := c.value.(string); ok && cols[i].kind == kindWrap {
			lines = max(lines, wrappedLines(text, widths[i], 1.0))
		}
	}
	if lines == 1 {
		return 0
	}
	return float64(lines)*12.5 + 2
}

// headerHeight gives the height in points that the longest wrapped title needs.
func headerHeight(cols []column, widths []float64) float64 {
	lines := 1
	for i, c := range cols {
		lines = max(lines, wrappedLines(c.title, widths[i], 1.12))
	}
	return float64(lines)*13 + 6
}

func (s *sheet) header(cols []column, widths []float64) {
	cells := make([]cell, len(cols))
	for i, c := range cols {
		style := s.book.style.header
		if c.kind.right() {
			style = s.book.style.headerRight
		}
		cells[i] = cell{style: style, value: c.title}
	}
	s.put(headerHeight(cols, widths), cells...)
}
