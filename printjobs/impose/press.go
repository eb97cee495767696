package impose

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A finished sheet is A4 upright, in mm.
const (
	FinishedWidthMM  = 210.0
	FinishedHeightMM = 297.0
)

// Order says in what order finished sheets lie on press sheets.
type Order string

// The orders.
const (
	// CutAndStack gives each cell a stack of its own: the press sheets of a
	// block are cut as one pile, and the stacks laid on each other, that of cell
	// 0 on top, are in order.
	CutAndStack Order = "cut-and-stack"
	// Sequential fills press sheet after press sheet, cell by cell, for a line
	// that cuts each press sheet and merges the pieces as it goes.
	Sequential Order = "sequential"
)

// Flip says how the press turns a press sheet to print its back, in the words of
// printer drivers. The back is always laid so that it lies behind its front.
type Flip string

// The flips. A long edge is the longer of the press sheet's edges; on a square
// one it is the left and right one.
const (
	FlipLongEdge  Flip = "long-edge"  // turned about a long edge
	FlipShortEdge Flip = "short-edge" // turned about a short edge
)

// CropMarks are the lines by which the cutter is set. The zero value is none.
type CropMarks struct {
	LengthMM float64 // 0: no crop marks
	OffsetMM float64 // from the trim to the near end of a mark; not less than the bleed
	WidthMM  float64 // of the line
}

// Press says how finished sheets lie on what the press prints. Start from
// [DefaultPress]; the zero value is not valid.
//
// A finished sheet lies in a cell. Cells are numbered as one reads the front of
// the press sheet: from the top left, along the row, from 0.
//
// All finished sheets of a press sheet are of one paper: with more than one up,
// giro forms and other pre-printed paper cannot be drawn from a tray of their own.
type Press struct {
	// WidthMM and HeightMM are the press sheet as its PDF page is seen; on a roll
	// the width of the web and the length that is cut off.
	WidthMM, HeightMM float64
	Columns, Rows     int
	// GutterXMM and GutterYMM are the space between the trims of neighbours: 0 is
	// one cut, more is two.
	GutterXMM, GutterYMM float64
	// BleedMM is how far a finished sheet's print may reach beyond its trim, at
	// most half of a gutter and to the edge of the press sheet.
	BleedMM float64
	// Turn is how each finished sheet lies, in degrees counterclockwise: 0, 90,
	// 180 or 270.
	Turn int
	// Centred puts the cells in the middle of the press sheet. Else MarginXMM is
	// the space from the left edge of the front to the first trim, and MarginYMM
	// that from the top edge.
	Centred              bool
	MarginXMM, MarginYMM float64
	Order                Order
	// StackSheets is the most press sheets that are cut as one pile; after them a
	// new block of stacks begins. It bounds what a composer must hold at once. In
	// sequential order it says no more than that: how many press sheets are filled
	// before the cells that remain are left empty.
	StackSheets int
	Flip        Flip
	Crop        CropMarks
}

// DefaultStackSheets is a pile of some 27 mm of 80 g/m² paper, well within what
// a guillotine cuts at once.
const DefaultStackSheets = 250

// Bounds of a Press. They only catch nonsense.
const (
	maxPaperMM     = 5000
	maxCells       = 64
	maxStackSheets = 100_000
)

// DefaultPress prints one finished sheet a press sheet, on A4, as a sheet-fed
// printer does: every matrix is [Identity].
func DefaultPress() Press {
	return Press{
		WidthMM: FinishedWidthMM, HeightMM: FinishedHeightMM, Columns: 1, Rows: 1,
		Centred: true, Order: Sequential, StackSheets: DefaultStackSheets, Flip: FlipLongEdge,
	}
}

// papers are the press sheets that have a name, in mm, as they usually lie for
// A4 upright (ISO 216, ISO 217).
var papers = []struct {
	name          string
	width, height float64
}{
	{"A4", 210, 297},
	{"A3", 420, 297},
	{"SRA3", 450, 320},
	{"SRA2", 450, 640},
}

// PaperSize gives the size in mm of a press sheet by its name (A4, A3, SRA3,
// SRA2) or as "width x height" in mm, which is how a roll is named: "520x305"
// is a web of 520 mm that is cut off every 305 mm.
func PaperSize(name string) (widthMM, heightMM float64, err error) {
	names := make([]string, len(papers))
	for i, p := range papers {
		if strings.EqualFold(name, p.name) {
			return p.width, p.height, nil
		}
		names[i] = p.name
	}
	if w, h, ok := strings.Cut(name, "x"); ok {
		width, errW := strconv.ParseFloat(strings.TrimSpace(w), 64)
		height, errH := strconv.ParseFloat(strings.TrimSpace(h), 64)
		if errW == nil && errH == nil && width > 0 && width <= maxPaperMM && height > 0 && height <= maxPaperMM {
			return width, height, nil
		}
	}
	return 0, 0, fmt.Errorf("paper %q is unknown: use one of %s, or width and height in mm as in 520x305", name, strings.Join(names, ", "))
}

// slackMM is what sizes in mm may miss each other by, for sums of decimal
// fractions.
const slackMM = 1e-6

// gutterMarkMM is the shortest crop mark that is worth printing in a gutter.
const gutterMarkMM = 1

// Validate says everything that is wrong with the press, or returns nil.
func (p Press) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) bool {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
		return ok
	}
	// The comparisons are written so that NaN fails them.
	size := check(p.WidthMM > 0 && p.WidthMM <= maxPaperMM && p.HeightMM > 0 && p.HeightMM <= maxPaperMM,
		"press sheet of %g × %g mm: use sizes above 0 and up to %d mm", p.WidthMM, p.HeightMM, maxPaperMM)
	// Each is bounded before they are multiplied.
	cells := check(p.Columns >= 1 && p.Rows >= 1 && p.Columns <= maxCells && p.Rows <= maxCells && p.Columns*p.Rows <= maxCells,
		"%d columns and %d rows: use at least one of each and at most %d cells", p.Columns, p.Rows, maxCells)
	space := true
	for _, s := range []struct {
		what string
		mm   float64
	}{
		{"gutter between columns", p.GutterXMM}, {"gutter between rows", p.GutterYMM}, {"bleed", p.BleedMM},
		{"left margin", p.MarginXMM}, {"top margin", p.MarginYMM},
		{"length of crop marks", p.Crop.LengthMM}, {"offset of crop marks", p.Crop.OffsetMM}, {"width of crop marks", p.Crop.WidthMM},
	} {
		space = check(s.mm >= 0 && s.mm <= maxPaperMM, "%s of %g mm: use 0 to %d mm", s.what, s.mm, maxPaperMM) && space
	}
	turn := check(p.Turn == 0 || p.Turn == 90 || p.Turn == 180 || p.Turn == 270, "turn of %d degrees: use 0, 90, 180 or 270", p.Turn)
	check(!p.Centred || p.MarginXMM == 0 && p.MarginYMM == 0,
		"margins of %g and %g mm are given, but the cells are centred: leave out the one or the other", p.MarginXMM, p.MarginYMM)
	check(p.Order == CutAndStack || p.Order == Sequential, "order %q is unknown: use %q or %q", p.Order, CutAndStack, Sequential)
	check(p.Flip == FlipLongEdge || p.Flip == FlipShortEdge, "flip %q is unknown: use %q or %q", p.Flip, FlipLongEdge, FlipShortEdge)
	check(p.StackSheets >= 1 && p.StackSheets <= maxStackSheets, "stacks of %d press sheets: use 1 to %d", p.StackSheets, maxStackSheets)
	if !size || !cells || !space || !turn {
		return errors.Join(errs...)
	}
	m := p.margins()
	if check(m.left >= -slackMM && m.right >= -slackMM && m.top >= -slackMM && m.bottom >= -slackMM,
		"%d × %d finished sheets do not fit: they need %g × %g mm from %g mm of the left edge and %g mm of the top edge, the press sheet has %g × %g mm",
		p.Columns, p.Rows, p.blockWidth(), p.blockHeight(), max(m.left, 0), max(m.top, 0), p.WidthMM, p.HeightMM) && p.Crop.LengthMM > 0 {
		need := p.Crop.OffsetMM + p.Crop.LengthMM
		check(p.Crop.OffsetMM >= p.BleedMM, "crop marks begin %g mm from the trim, within the bleed of %g mm", p.Crop.OffsetMM, p.BleedMM)
		check(p.Crop.WidthMM > 0 && p.Crop.WidthMM <= 2, "crop marks of %g mm width: use more than 0 and at most 2 mm", p.Crop.WidthMM)
		least := min(m.left, m.right, m.top, m.bottom)
		check(least >= need-slackMM, "no room for crop marks: they need %g mm on all four sides, the narrowest margin has %g mm", need, max(least, 0))
	}
	return errors.Join(errs...)
}

// Up is how many finished sheets lie on a press sheet.
func (p Press) Up() int { return p.Columns * p.Rows }

// Block is how many finished sheets are arranged at once at the most. A letter of
// more sheets than that is a block of its own; [Press.Arrange] takes any number.
func (p Press) Block() int {
	if p.Up() == 1 {
		return 1
	}
	return p.Up() * p.StackSheets
}

// Size is the press sheet in pt.
func (p Press) Size() (width, height float64) { return pt(p.WidthMM), pt(p.HeightMM) }

// Arrangement says which finished sheet of a block lies where. It is made by
// [Press.Arrange].
type Arrangement struct {
	n, up, sheets int
	stacks        bool
}

// Arrange arranges a block of n finished sheets, numbered from 0, on as few
// press sheets as there can be.
func (p Press) Arrange(n int) Arrangement {
	up := p.Up()
	return Arrangement{n: n, up: up, sheets: (n + up - 1) / up, stacks: p.Order == CutAndStack}
}

// Sheets is how many press sheets the block needs.
func (a Arrangement) Sheets() int { return a.sheets }

// At gives the finished sheet in a cell of a press sheet, both from 0, or -1 for
// an empty cell. Only cells that come after all finished sheets in the restored
// sequence are empty: those at the end of the last stacks, or at the end of the
// last press sheet. So whatever is empty lies at the bottom of the pile.
func (a Arrangement) At(sheet, cell int) int {
	if sheet < 0 || sheet >= a.sheets || cell < 0 || cell >= a.up {
		return -1
	}
	i := sheet*a.up + cell
	if a.stacks {
		i = cell*a.sheets + sheet
	}
	if i >= a.n {
		return -1
	}
	return i
}

// Place gives the press sheet and the cell where finished sheet i of the block
// lies: the inverse of At. i must be one of the block's.
func (a Arrangement) Place(i int) (sheet, cell int) {
	if a.stacks {
		return i % a.sheets, i / a.sheets
	}
	return i / a.up, i % a.up
}

// Rect is an upright area in pt, with (X0, Y0) its lower left corner.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// Line is a straight line in pt.
type Line struct{ X0, Y0, X1, Y1 float64 }

// Front places an A4 upright page in a cell of the front of the press sheet.
func (p Press) Front(cell int) Matrix {
	c := p.cell(cell)
	x, y := pt(c.left), pt(p.HeightMM-c.bottom)
	w, h := pt(FinishedWidthMM), pt(FinishedHeightMM)
	switch p.Turn {
	case 90:
		return Matrix{0, 1, -1, 0, round(x + h), y}
	case 180:
		return Matrix{-1, 0, 0, -1, round(x + w), round(y + h)}
	case 270:
		return Matrix{0, -1, 1, 0, x, round(y + w)}
	}
	return Matrix{1, 0, 0, 1, x, y}
}

// Back places an A4 upright page on the back of the press sheet, behind what
// [Press.Front] places in that cell: when the finished sheet is turned as one
// turns a page, about its own long edge, its back is upright.
func (p Press) Back(cell int) Matrix {
	turned := Matrix{-1, 0, 0, 1, pt(FinishedWidthMM), 0}
	m := turned.Then(p.Front(cell)).Then(p.mirror())
	for i := range m {
		m[i] = round(m[i])
	}
	return m
}

// mirror maps a point of the front to that behind it on the back.
func (p Press) mirror() Matrix {
	if p.sideways() {
		return Matrix{-1, 0, 0, 1, pt(p.WidthMM), 0}
	}
	return Matrix{1, 0, 0, -1, 0, pt(p.HeightMM)}
}

// sideways tells whether left and right change places when the press sheet is
// turned; else top and bottom do.
func (p Press) sideways() bool {
	return (p.Flip == FlipShortEdge) == (p.WidthMM > p.HeightMM)
}

// Trim is what remains of a cell after cutting: the finished sheet.
func (p Press) Trim(cell int, back bool) Rect { return p.rect(p.cell(cell), back) }

// Clip is the area that a finished sheet may print on: its trim and the bleed,
// but never more than half of a gutter, nor beyond the press sheet.
func (p Press) Clip(cell int, back bool) Rect {
	c := p.cell(cell)
	column, row := cell%p.Columns, cell/p.Columns
	c.left -= p.bleed(column > 0, p.GutterXMM, c.left)
	c.right += p.bleed(column < p.Columns-1, p.GutterXMM, p.WidthMM-c.right)
	c.top -= p.bleed(row > 0, p.GutterYMM, c.top)
	c.bottom += p.bleed(row < p.Rows-1, p.GutterYMM, p.HeightMM-c.bottom)
	return p.rect(c, back)
}

// PageClip is [Press.Clip] in the coordinates of the page that [Press.Front] or
// [Press.Back] places in the cell.
func (p Press) PageClip(cell int, back bool) Rect {
	m := p.Front(cell)
	if back {
		m = p.Back(cell)
	}
	c := p.Clip(cell, back)
	x0, y0 := m.unapply(c.X0, c.Y0)
	x1, y1 := m.unapply(c.X1, c.Y1)
	return Rect{round(min(x0, x1)), round(min(y0, y1)), round(max(x0, x1)), round(max(y0, y1))}
}

// unapply maps a point back, for a matrix that turns and moves only.
func (m Matrix) unapply(x, y float64) (float64, float64) {
	x, y = x-m[4], y-m[5]
	return m[0]*x + m[1]*y, m[2]*x + m[3]*y
}

func (p Press) bleed(neighbour bool, gutter, edge float64) float64 {
	if neighbour {
		return min(p.BleedMM, gutter/2)
	}
	return max(0, min(p.BleedMM, edge))
}

// CropMarks gives the crop marks of the front or the back, each line once. They
// stand in the margins, and in gutters that have room for them, and never within
// a trim or its bleed. They are Crop.WidthMM wide.
func (p Press) CropMarks(back bool) []Line {
	if p.Crop.LengthMM == 0 {
		return nil
	}
	var lines []Line
	xs, ys := edges(p.margins().left, p.Columns, across(p.Turn), p.GutterXMM), edges(p.margins().top, p.Rows, across(p.Turn+90), p.GutterYMM)
	for _, span := range p.marks(ys, p.GutterYMM) {
		for _, x := range cuts(xs) {
			lines = append(lines, p.line(x, span[0], x, span[1], back))
		}
	}
	for _, span := range p.marks(xs, p.GutterXMM) {
		for _, y := range cuts(ys) {
			lines = append(lines, p.line(span[0], y, span[1], y, back))
		}
	}
	return lines
}

// across is the extent in mm from left to right of a finished sheet that
// lies turned by so many degrees.
func across(turn int) float64 {
	if turn%180 == 0 {
		return FinishedWidthMM
	}
	return FinishedHeightMM
}

// edges gives the beginning and end of n trims in mm.
func edges(from float64, n int, extent, gutter float64) [][2]float64 {
	e := make([][2]float64, n)
	for i := range e {
		at := from + float64(i)*(extent+gutter)
		e[i] = [2]float64{at, at + extent}
	}
	return e
}

// cuts gives each place where is cut once: without a gutter, neighbours share
// one.
func cuts(edges [][2]float64) []float64 {
	var at []float64
	for _, e := range edges {
		for _, v := range e {
			if len(at) == 0 || v-at[len(at)-1] > slackMM {
				at = append(at, v)
			}
		}
	}
	return at
}

// marks gives beginning and end of the crop marks that lie before, between and
// behind trims.
func (p Press) marks(edges [][2]float64, gutter float64) [][2]float64 {
	first, last := edges[0][0], edges[len(edges)-1][1]
	near, far := p.Crop.OffsetMM, p.Crop.OffsetMM+p.Crop.LengthMM
	spans := [][2]float64{{first - far, first - near}, {last + near, last + far}}
	if gutter-2*near >= gutterMarkMM {
		for i := 1; i < len(edges); i++ {
			spans = append(spans, [2]float64{edges[i-1][1] + near, edges[i][0] - near})
		}
	}
	return spans
}

func (p Press) line(x0, y0, x1, y1 float64, back bool) Line {
	r := p.rect(box{left: x0, right: x1, top: y0, bottom: y1}, back)
	return Line(r)
}

// box is an area in mm from the top left corner of the front of a press sheet.
type box struct{ left, top, right, bottom float64 }

// rect gives an area of the front in pt, on the front or as it lies on the back.
func (p Press) rect(b box, back bool) Rect {
	r := Rect{pt(b.left), pt(p.HeightMM - b.bottom), pt(b.right), pt(p.HeightMM - b.top)}
	if !back {
		return r
	}
	w, h := p.Size()
	if p.sideways() {
		return Rect{round(w - r.X1), r.Y0, round(w - r.X0), r.Y1}
	}
	return Rect{r.X0, round(h - r.Y1), r.X1, round(h - r.Y0)}
}

func (p Press) blockWidth() float64 {
	return float64(p.Columns)*across(p.Turn) + float64(p.Columns-1)*p.GutterXMM
}

func (p Press) blockHeight() float64 {
	return float64(p.Rows)*across(p.Turn+90) + float64(p.Rows-1)*p.GutterYMM
}

// margins is the space in mm between the edges of the press sheet and the trims.
func (p Press) margins() box {
	x, y := p.WidthMM-p.blockWidth(), p.HeightMM-p.blockHeight()
	if p.Centred {
		return box{x / 2, y / 2, x / 2, y / 2}
	}
	return box{p.MarginXMM, p.MarginYMM, x - p.MarginXMM, y - p.MarginYMM}
}

// cell is the trim of a cell.
func (p Press) cell(i int) box {
	w, h := across(p.Turn), across(p.Turn+90)
	m := p.margins()
	left := m.left + float64(i%p.Columns)*(w+p.GutterXMM)
	top := m.top + float64(i/p.Columns)*(h+p.GutterYMM)
	return box{left, top, left + w, top + h}
}

// Then gives the matrix that maps as m does and then as n does.
func (m Matrix) Then(n Matrix) Matrix {
	return Matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// Apply maps a point.
func (m Matrix) Apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

// pt converts mm to pt, to a thousandth: A4 is 595.276 × 841.890 pt.
func pt(mm float64) float64 { return round(mm * 72 / 25.4) }

// round rounds to a thousandth of a point, and -0 to 0.
func round(v float64) float64 { return math.Round(v*1000)/1000 + 0 }
