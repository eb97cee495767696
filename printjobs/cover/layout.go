package cover

import (
	"errors"
	"fmt"
)

// A4 upright, the only sheet that the printers' machines take.
const (
	pageWidthMM  = 210.0
	pageHeightMM = 297.0
)

// pointsPerMM converts mm to pt (1/72 inch).
const pointsPerMM = 72 / 25.4

// bodyMinYMM is the highest place of body text on a sheet that shows in a window (Grafisk Digital's templates: 7 cm).
const bodyMinYMM = 70

// addressClearMM is the white space that the postal machines want around the address (Grafisk Digital, 21grams).
const addressClearMM = 10

// minModuleMM is the smallest module of the DataMatrix that a camera over a running sheet reads reliably.
const minModuleMM = 0.5

// Layout is the geometry of the cover. Every vendor's envelopes and machines differ, so it is configuration; [DefaultLayout]
// is a C5 envelope. Positions are in mm from the sheet's top left corner, x to the right and y down; font sizes are in pt.
type Layout struct {
	// The window of the envelope as it lies over a sheet that is pushed to the envelope's top left corner.
	WindowXMM, WindowYMM, WindowWMM, WindowHMM float64
	// SafeXMM and so on are the part of the sheet that shows in the window wherever the folded sheet slides to.
	SafeXMM, SafeYMM, SafeWMM, SafeHMM float64

	AddressXMM float64 // left edge of the recipient and the return address, inside the safe area
	// RecipientPt is the size that the recipient is set in, RecipientMinPt the smallest that it may shrink to. The printers
	// take 10 to 12 pt.
	RecipientPt, RecipientMinPt float64
	// ReturnPt is the size of the one-line return address, ReturnMinPt the smallest that it may shrink to; never above the
	// recipient's.
	ReturnPt, ReturnMinPt float64
	LineSpacing           float64 // distance of lines in an address block, as a multiple of the size; Arial's single spacing is 1.15
	MinCondense           float64 // percent of the natural width down to which a too long address line may be condensed

	EdgeMM                     float64 // what the printer cannot print on, on all four sides
	MarginLeftMM, MarginTopMM  float64 // where the sender's block begins; text further down starts at the same left margin
	MarginRightMM, MarginBotMM float64 // white space on the right and at the bottom
	TextWidthMM                float64 // measure of the title and the fixed text
	BodyYMM                    float64 // top of the title
	MetaXMM                    float64 // left edge of the date and the shipment id, right of the window

	SenderNamePt, SenderPt, MetaPt, TitlePt, TextPt float64
	LogoMaxWMM, LogoMaxHMM                          float64 // the logo is scaled to fit, never stretched

	// The DataMatrix's top right corner: the symbol grows to the left and down with its content, to MatrixMaxMM at most.
	MatrixRightMM, MatrixYMM, MatrixMaxMM float64
	ModuleMM                              float64 // side of one module

	// The zone where the inserter's own marks are printed (DP-PRINT: x 0–15 mm, y 95–175 mm; DIGDIR-UTS: an 18 mm margin).
	InserterXMM, InserterYMM, InserterWMM, InserterHMM float64
}

// DefaultLayout is the cover for an A4 sheet folded once in a C5 envelope with a window 15 mm from the left and 44 mm from
// the top, 105 × 35 mm. The folded sheet plays 19 × 13.5 mm in it, which leaves x 15–101 mm, y 44–65.5 mm always visible
// (docs/sources.md, Address window).
func DefaultLayout() Layout {
	return Layout{
		WindowXMM: 15, WindowYMM: 44, WindowWMM: 105, WindowHMM: 35,
		SafeXMM: 15, SafeYMM: 44, SafeWMM: 86, SafeHMM: 21.5,

		AddressXMM:  20,
		RecipientPt: 11, RecipientMinPt: 10,
		ReturnPt: 7, ReturnMinPt: 5.5,
		LineSpacing: 1.15,
		MinCondense: 80,

		EdgeMM:       5,
		MarginLeftMM: 20, MarginTopMM: 12, MarginRightMM: 20, MarginBotMM: 20,
		TextWidthMM: 150,
		BodyYMM:     100,
		MetaXMM:     132,

		SenderNamePt: 13, SenderPt: 9, MetaPt: 9, TitlePt: 14, TextPt: 10.5,
		LogoMaxWMM: 40, LogoMaxHMM: 16,

		MatrixRightMM: 190, MatrixYMM: 12, MatrixMaxMM: 17,
		ModuleMM: 0.6,

		InserterXMM: 0, InserterYMM: 95, InserterWMM: 18, InserterHMM: 80,
	}
}

// rect is a half-open area in mm.
type rect struct{ x0, y0, x1, y1 float64 }

func (r rect) overlaps(o rect) bool { return r.x0 < o.x1 && o.x0 < r.x1 && r.y0 < o.y1 && o.y0 < r.y1 }
func (r rect) holds(o rect) bool {
	return r.x0 <= o.x0 && r.y0 <= o.y0 && r.x1 >= o.x1 && r.y1 >= o.y1
}
func (r rect) grow(by float64) rect { return rect{r.x0 - by, r.y0 - by, r.x1 + by, r.y1 + by} }
func (r rect) String() string {
	return fmt.Sprintf("x %g–%g mm, y %g–%g mm", r.x0, r.x1, r.y0, r.y1)
}

func (l *Layout) window() rect {
	return rect{l.WindowXMM, l.WindowYMM, l.WindowXMM + l.WindowWMM, l.WindowYMM + l.WindowHMM}
}

func (l *Layout) safe() rect {
	return rect{l.SafeXMM, l.SafeYMM, l.SafeXMM + l.SafeWMM, l.SafeYMM + l.SafeHMM}
}

func (l *Layout) inserter() rect {
	return rect{l.InserterXMM, l.InserterYMM, l.InserterXMM + l.InserterWMM, l.InserterYMM + l.InserterHMM}
}

// reach is all that can ever show in the window. What the sheet plays to one side is missing from the safe area there, and
// shows on the other side when the sheet lies at the other end.
func (l *Layout) reach() rect {
	w, s := l.window(), l.safe()
	return rect{w.x0 - (w.x1 - s.x1), w.y0 - (w.y1 - s.y1), w.x1 + (s.x0 - w.x0), w.y1 + (s.y0 - w.y0)}
}

// matrix is the area kept free for the DataMatrix, with its quiet zone of two modules.
func (l *Layout) matrix() rect {
	return rect{l.MatrixRightMM - l.MatrixMaxMM, l.MatrixYMM, l.MatrixRightMM, l.MatrixYMM + l.MatrixMaxMM}.grow(2 * l.ModuleMM)
}

// sender, body and meta are where the sender's block, the title and text, and the date and shipment id may stand.
func (l *Layout) sender() rect {
	return rect{l.MarginLeftMM, l.MarginTopMM, l.matrix().x0, l.reach().y0}
}

func (l *Layout) body() rect {
	return rect{l.MarginLeftMM, l.BodyYMM, l.MarginLeftMM + l.TextWidthMM, pageHeightMM - l.MarginBotMM}
}

func (l *Layout) meta() rect {
	return rect{l.MetaXMM, l.WindowYMM, pageWidthMM - l.MarginRightMM, l.WindowYMM + 25}
}

// CheckMark tells whether a mark that needs an area of the sheet for itself, from (x0, y0) to (x1, y1) in mm from its top left
// corner, may be printed on a cover. The error names all that it would touch: parts of the cover, and the window in which it could
// show.
func (l Layout) CheckMark(x0, y0, x1, y1 float64) error {
	mark := rect{x0, y0, x1, y1}
	var errs []error
	for _, part := range []struct {
		name string
		area rect
	}{
		{"what the window can show", l.reach()}, {"the sender's block", l.sender()}, {"the title and text", l.body()},
		{"the date and shipment id", l.meta()}, {"the DataMatrix of the cover", l.matrix()},
	} {
		if mark.overlaps(part.area) {
			errs = append(errs, fmt.Errorf("a mark at %v lies over %s (%v)", mark, part.name, part.area))
		}
	}
	return errors.Join(errs...)
}

// Validate names every contradiction in the layout at once.
func (l Layout) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	printable := rect{l.EdgeMM, l.EdgeMM, pageWidthMM - l.EdgeMM, pageHeightMM - l.EdgeMM}
	check(l.EdgeMM >= 0 && l.EdgeMM < 50, "the unprintable edge of %g mm is not between 0 and 50 mm", l.EdgeMM)
	check(l.SafeWMM > 0 && l.SafeHMM > 0, "the safe area is empty")
	check(l.window().holds(l.safe()), "the safe area (%v) is not inside the window (%v)", l.safe(), l.window())
	check(printable.holds(l.safe()), "the safe area (%v) is outside what can be printed (%v)", l.safe(), printable)
	check(l.AddressXMM >= l.SafeXMM && l.AddressXMM < l.safe().x1, "the address at x %g mm is outside the safe area (%v)", l.AddressXMM, l.safe())
	check(l.RecipientMinPt >= 10 && l.RecipientPt >= l.RecipientMinPt && l.RecipientPt <= 12,
		"the recipient's size of %g pt (smallest %g pt) is not within the printers' 10 to 12 pt", l.RecipientPt, l.RecipientMinPt)
	check(l.ReturnMinPt > 0 && l.ReturnPt >= l.ReturnMinPt && l.ReturnPt <= l.RecipientMinPt,
		"the return address's size of %g pt (smallest %g pt) is not between 0 and the recipient's %g pt", l.ReturnPt, l.ReturnMinPt, l.RecipientMinPt)
	check(l.LineSpacing >= 1 && l.LineSpacing <= 1.5*1.15, "the line spacing of %g is not between 1 and 1.7", l.LineSpacing)
	check(l.MinCondense >= 50 && l.MinCondense <= 100, "the least width of condensed lines, %g %%, is not between 50 and 100", l.MinCondense)

	sender, body, meta := l.sender(), l.body(), l.meta()
	check(sender.x0 < sender.x1 && sender.y1-sender.y0 >= 10,
		"no room for the sender's block between the top margin of %g mm and the window, which can show from y %g mm", l.MarginTopMM, l.reach().y0)
	check(body.y1-body.y0 >= 60, "no room for the title and text between y %g mm and the bottom margin of %g mm", l.BodyYMM, l.MarginBotMM)
	check(l.TextWidthMM >= 60 && body.x1 <= pageWidthMM-l.MarginRightMM, "the text of %g mm from x %g mm is narrower than 60 mm or leaves less than the right margin of %g mm",
		l.TextWidthMM, l.MarginLeftMM, l.MarginRightMM)
	check(body.y0 >= bodyMinYMM, "the title at y %g mm is above y %d mm, the highest that a printer takes", l.BodyYMM, bodyMinYMM)
	check(!body.overlaps(l.reach().grow(addressClearMM)), "the title at y %g mm comes nearer than %d mm to what the window can show (%v)", l.BodyYMM, addressClearMM, l.reach())
	check(meta.x1-meta.x0 >= 45 && !meta.overlaps(l.reach().grow(addressClearMM)), "the date and shipment id at x %g mm need 45 mm of width, and %d mm from what the window can show (%v)",
		l.MetaXMM, addressClearMM, l.reach())
	check(!meta.overlaps(l.matrix()), "the date and shipment id (%v) lie over the DataMatrix (%v)", meta, l.matrix())

	check(l.ModuleMM >= minModuleMM, "a DataMatrix module of %g mm is less than the %g mm that cameras read", l.ModuleMM, minModuleMM)
	check(l.MatrixMaxMM >= 10*l.ModuleMM, "a DataMatrix of %g mm is too small for modules of %g mm", l.MatrixMaxMM, l.ModuleMM)
	check(!l.matrix().overlaps(l.reach()), "the DataMatrix (%v) can show in the window (%v)", l.matrix(), l.reach())
	check(!l.matrix().overlaps(body), "the DataMatrix (%v) lies over the title and text (%v)", l.matrix(), body)
	for _, part := range []struct {
		name string
		area rect
	}{
		{"the sender's block", sender}, {"the title and text", body}, {"the date and shipment id", meta}, {"the DataMatrix", l.matrix()},
		{"the address", l.safe()},
	} {
		check(printable.holds(part.area), "%s (%v) is outside what can be printed (%v)", part.name, part.area, printable)
		check(!part.area.overlaps(l.inserter()), "%s (%v) lies in the inserter's zone (%v)", part.name, part.area, l.inserter())
	}
	for _, size := range []float64{l.SenderNamePt, l.SenderPt, l.MetaPt, l.TitlePt, l.TextPt} {
		check(size >= 5 && size <= 30, "a font size of %g pt is not between 5 and 30", size)
	}
	check(l.LogoMaxWMM > 0 && l.LogoMaxHMM > 0 && l.MarginTopMM+l.LogoMaxHMM <= l.reach().y0,
		"a logo of %g × %g mm at y %g mm can show in the window, from y %g mm", l.LogoMaxWMM, l.LogoMaxHMM, l.MarginTopMM, l.reach().y0)
	return errors.Join(errs...)
}
