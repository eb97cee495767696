package reports

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// Colours are few and carry no meaning alone: what is illustrative, an input or a failed control is also
// said in words. All text has a contrast of at least 7:1 against its ground.
const (
	colourInk       = "1B2733" // text
	colourMuted     = "4A5763" // notes
	colourHead      = "1F3A5F" // headings and header ground
	colourRule      = "D3DAE1" // thin lines
	colourSum       = "EAF0F6" // ground of sums
	colourInput     = "FFF7D6" // ground of cells to be filled in
	colourInputInk  = "0B3D91" // numbers that a person has entered
	colourWarn      = "7A3E00" // illustrative, by words and colour
	colourWarnFill  = "FDE7CF"
	colourError     = "FFFFFF"
	colourErrorFill = "B00020" // failed control
	colourOK        = "0B5D1E"
)

// Number formats. Excel and LibreOffice show comma and point by the reader's own settings, so that a
// Norwegian reader sees 1 234,50.
const (
	fmtMoney   = "#,##0.00"
	fmtInt     = "#,##0"
	fmtPercent = "0.0 %"
	fmtShare   = "0.00 %"
	fmtDay     = "dd.mm.yyyy"
	fmtTime    = "dd.mm.yyyy hh:mm"
	fmtMonth   = "mm.yyyy"
	fmtNumber  = "#,##0.00##"
	fmtText    = "@"
)

const fontName = "Arial"

// styles are the ids of all cell styles of one workbook.
type styles struct {
	title, subtitle, heading, note, noteWrap, warn  int
	header, headerRight                             int
	text, textWrap, integer, money, percent, number int
	day, clock, month                               int
	sumText, sumInt, sumMoney, sumPercent           int
	kpiLabel, kpiMoney, kpiInt, kpiPercent          int
	inputNumber, inputInt, inputShare, inputText    int
	status, verdict                                 int
	bad, good, illustrative                         int // conditional
}

type styleBuilder struct {
	f   *excelize.File
	err error
}

func (b *styleBuilder) add(s excelize.Style) int {
	id, err := b.f.NewStyle(&s)
	if b.err == nil {
		b.err = err
	}
	return id
}

func (b *styleBuilder) conditional(ink, fill string, bold bool) int {
	s := excelize.Style{Font: &excelize.Font{Color: ink, Bold: bold}}
	if fill != "" {
		s.Fill = solid(fill)
	}
	id, err := b.f.NewConditionalStyle(&s)
	if b.err == nil {
		b.err = err
	}
	return id
}

func solid(colour string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
}

func newStyles(f *excelize.File) (*styles, error) {
	b := &styleBuilder{f: f}
	font := func(size float64, colour string, bold bool) *excelize.Font {
		return &excelize.Font{Family: fontName, Size: size, Color: colour, Bold: bold}
	}
	align := func(horizontal, vertical string, wrap bool) *excelize.Alignment {
		return &excelize.Alignment{Horizontal: horizontal, Vertical: vertical, WrapText: wrap}
	}
	// Text in tables is indented, so that a number does not touch the text in the next column.
	inset := func(horizontal, vertical string, wrap bool) *excelize.Alignment {
		a := align(horizontal, vertical, wrap)
		if horizontal == "left" {
			a.Indent = 1
		}
		return a
	}
	line := func(colour string, style int, sides ...string) []excelize.Border {
		var out []excelize.Border
		for _, side := range sides {
			out = append(out, excelize.Border{Type: side, Color: colour, Style: style})
		}
		return out
	}
	cell := func(format, horizontal string) excelize.Style {
		return excelize.Style{Font: font(10, colourInk, false), CustomNumFmt: &format, Alignment: inset(horizontal, "center", false),
			Border: line(colourRule, 1, "bottom")}
	}
	sum := func(format, horizontal string) excelize.Style {
		s := cell(format, horizontal)
		s.Font, s.Fill = font(10, colourInk, true), solid(colourSum)
		s.Border = append(line(colourHead, 1, "top"), line(colourHead, 1, "bottom")...)
		return s
	}
	kpi := func(format string) excelize.Style {
		return excelize.Style{Font: font(16, colourHead, true), CustomNumFmt: &format, Alignment: inset("left", "center", false),
			Fill: solid(colourSum), Border: line(colourHead, 2, "bottom")}
	}
	input := func(format, horizontal string) excelize.Style {
		s := cell(format, horizontal)
		s.Font, s.Fill = font(10, colourInputInk, true), solid(colourInput)
		s.Border = line(colourHead, 1, "left", "right", "top", "bottom")
		s.Protection = &excelize.Protection{Locked: false}
		return s
	}
	header := func(horizontal string) excelize.Style {
		return excelize.Style{Font: font(10, "FFFFFF", true), Fill: solid(colourHead), Alignment: inset(horizontal, "center", true)}
	}
	wrapped := cell(fmtText, "left")
	wrapped.Alignment = inset("left", "center", true)
	month := cell(fmtMonth, "left")
	status := cell("General", "left") // a formula in a text cell would become text when edited
	status.Font = font(10, colourInk, true)
	st := &styles{
		title:       b.add(excelize.Style{Font: font(18, colourHead, true), Alignment: align("left", "center", false)}),
		subtitle:    b.add(excelize.Style{Font: font(10, colourMuted, false), Alignment: align("left", "center", false)}),
		heading:     b.add(excelize.Style{Font: font(12, colourHead, true), Alignment: align("left", "bottom", false)}),
		note:        b.add(excelize.Style{Font: font(9, colourMuted, false), Alignment: align("left", "top", false)}),
		noteWrap:    b.add(excelize.Style{Font: font(9, colourMuted, false), Alignment: align("left", "top", true)}),
		warn:        b.add(excelize.Style{Font: font(10, colourWarn, true), Alignment: align("left", "center", false)}),
		header:      b.add(header("left")),
		headerRight: b.add(header("right")),
		text:        b.add(cell(fmtText, "left")),
		textWrap:    b.add(wrapped),
		integer:     b.add(cell(fmtInt, "right")),
		money:       b.add(cell(fmtMoney, "right")),
		number:      b.add(cell(fmtNumber, "right")),
		percent:     b.add(cell(fmtPercent, "right")),
		day:         b.add(cell(fmtDay, "left")),
		clock:       b.add(cell(fmtTime, "left")),
		month:       b.add(month),
		sumText:     b.add(sum(fmtText, "left")),
		sumInt:      b.add(sum(fmtInt, "right")),
		sumMoney:    b.add(sum(fmtMoney, "right")),
		sumPercent:  b.add(sum(fmtPercent, "right")),
		kpiLabel:    b.add(excelize.Style{Font: font(9, colourMuted, true), Fill: solid(colourSum), Alignment: inset("left", "center", false)}),
		kpiMoney:    b.add(kpi(fmtMoney)),
		kpiInt:      b.add(kpi(fmtInt)),
		kpiPercent:  b.add(kpi(fmtPercent)),
		inputNumber: b.add(input(fmtNumber, "right")),
		inputInt:    b.add(input(fmtInt, "right")),
		inputShare:  b.add(input(fmtShare, "right")),
		inputText:   b.add(input(fmtText, "left")),
		status:      b.add(status),
		verdict:     b.add(excelize.Style{Font: font(10, colourInk, true), Alignment: align("left", "center", false)}),

		bad:          b.conditional(colourError, colourErrorFill, true),
		good:         b.conditional(colourOK, "", true),
		illustrative: b.conditional(colourWarn, colourWarnFill, true),
	}
	if b.err != nil {
		return nil, fmt.Errorf("make cell styles: %w", b.err)
	}
	return st, nil
}
