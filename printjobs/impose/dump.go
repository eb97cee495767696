package impose

import (
	"fmt"
	"strings"
)

// String writes the plan as text for people and for comparing plans: a line of
// totals, then a line a sheet with its number, stock, front and back. A page is
// written document.page, an empty side as a dash:
//
//	3 sheets, duplex, 4 pages, C5, 21.970 g
//	1/3 COVER  cover    -
//	2/3 PLAIN  1.1      1.2
//	3/3 GIRO   1.3      -
func (im Imposed) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s, %s", count(len(im.Sheets), "sheet"), plex(im.Duplex), count(im.Pages, "page"), im.Envelope)
	if im.Manual {
		b.WriteString(" by hand")
	}
	fmt.Fprintf(&b, ", %d.%03d g\n", im.WeightMilligram/1000, im.WeightMilligram%1000)
	for _, s := range im.Sheets {
		fmt.Fprintf(&b, "%d/%d %-6s %-8s %s\n", s.N, s.Of, s.Stock, s.Front, s.Back)
	}
	return b.String()
}

// String writes the side as in [Imposed.String]; a page that does not stand in
// its own place is followed by its matrix.
func (s Side) String() string {
	var at string
	if s.Kind != Blank && s.At != Identity {
		at = fmt.Sprintf("@%g", s.At)
	}
	switch s.Kind {
	case Blank:
		return "-"
	case Page:
		return fmt.Sprintf("%d.%d%s", s.Document, s.Page, at)
	default:
		return s.Kind.String() + at
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func plex(duplex bool) string {
	if duplex {
		return "duplex"
	}
	return "simplex"
}

// Finished is a finished sheet of a job on its way to the press.
type Finished struct {
	Letter  int     // number of the letter in its job, the first being 1; 0 for a control sheet
	Control Control // for a control sheet, its kind
	Sheet   Sheet
	Marks   SheetMarks
}

// Text writes the plan of a block for people and for comparing plans: a line on
// the press, then a line a cell with its press sheet, its finished sheet as in
// [Imposed.String], and its marks as in [Marks.Text]:
//
//	2 press sheets of 420 × 297 mm, 2 × 1 up, cut-and-stack, 3 finished sheets
//	1.0   letter 1   1/2 COVER   cover    -        A…00000001. 1101
//	1.1   letter 2   1/1 PLAIN   1.1      -        A…00000003E 1010
//	2.0   letter 1   2/2 PLAIN   1.1      1.2      A…00000002E 1000
//	2.1   -
func (p Press) Text(block []Finished, m *Marks) string {
	var b strings.Builder
	a := p.Arrange(len(block))
	fmt.Fprintf(&b, "%s of %g × %g mm, %d × %d up, %s, %s\n", count(a.Sheets(), "press sheet"),
		p.WidthMM, p.HeightMM, p.Columns, p.Rows, p.Order, count(len(block), "finished sheet"))
	for sheet := range a.Sheets() {
		for cell := range p.Up() {
			place := fmt.Sprintf("%d.%d", sheet+1, cell)
			i := a.At(sheet, cell)
			if i < 0 {
				fmt.Fprintf(&b, "%-5s -\n", place)
				continue
			}
			f := &block[i]
			what, marks := f.Control.String(), "-"
			if f.Control == NoControl {
				what, marks = fmt.Sprintf("letter %d", f.Letter), m.Text(f.Marks)
			}
			s := &f.Sheet
			fmt.Fprintf(&b, "%-5s %-10s %d/%d %-7s %-8s %-8s %s\n", place, what, s.N, s.Of, s.Stock, s.Front, s.Back, marks)
		}
	}
	return b.String()
}
