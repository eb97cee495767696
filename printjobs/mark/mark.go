// Package mark draws what the engine prints beside letters: the marks that the
// vendor's machines read on every sheet, crop marks, and control sheets. What
// stands where is decided in package impose; this package turns it into PDF.
//
// Marks lie over the letter, on a ground of their own white unless a profile says
// otherwise. They are content of a side of its own ([printfile.Side]): black and white
// shapes that need no resources, written without allocating, because every sheet
// of a night has them.
package mark

import (
	"fmt"
	"strconv"

	"postgang/printjobs/datamatrix"
	"postgang/printjobs/impose"
	"postgang/printjobs/typeset"
)

// pointsPerMM converts mm to pt (1/72 inch).
const pointsPerMM = 72 / 25.4

// Draw appends content that draws the marks of a sheet, whose page is placed by
// the matrix (of [impose.Press.Front], or [impose.Identity]). The content is
// balanced in q and Q and needs no resources. Errors are those of
// [impose.SheetMark.Validate]; buf then comes back as it was.
func Draw(buf []byte, m *impose.Marks, s impose.SheetMark, at impose.Matrix) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return buf, fmt.Errorf("mark of a sheet: %w", err)
	}
	if m.OMR.On() {
		buf = appendOMR(buf, &m.OMR, m.OMR.Code(s), at)
	}
	if m.DataMatrix.On() {
		var text [64]byte
		content, err := s.AppendText(text[:0])
		if err != nil {
			return buf, err
		}
		symbol, err := datamatrix.Encode(content, impose.SheetModules)
		if err != nil {
			return buf, fmt.Errorf("mark of a sheet: %w", err)
		}
		buf = appendMatrix(buf, &symbol, m.DataMatrix, at)
	}
	return buf, nil
}

// appendMatrix draws a symbol in coordinates of modules, so that every number but
// those of the matrix is short.
func appendMatrix(buf []byte, s *datamatrix.Symbol, d impose.DataMatrix, at impose.Matrix) []byte {
	m := d.ModuleMM * pointsPerMM
	buf = append(buf, "q "...)
	buf = appendCM(buf, topLeft(m, d.XMM, d.YMM).Then(at))
	if !d.Through {
		const q = impose.QuietModules
		side := s.Modules() + 2*q
		buf = append(buf, "1 g "...)
		for _, v := range [4]int{-q, -q, side, side} {
			buf = append(strconv.AppendInt(buf, int64(v), 10), ' ')
		}
		buf = append(buf, "re f 0 g\n"...)
	}
	buf = s.Append(buf)
	return append(buf, "f Q\n"...)
}

// topLeft maps units, y down, from a place in mm from the top left corner of a
// finished sheet, to pt of its page.
func topLeft(unitPt, xMM, yMM float64) impose.Matrix {
	return impose.Matrix{unitPt, 0, 0, -unitPt, xMM * pointsPerMM, (impose.FinishedHeightMM - yMM) * pointsPerMM}
}

// appendOMR draws the lines of a code in coordinates of mm.
func appendOMR(buf []byte, o *impose.OMR, code uint32, at impose.Matrix) []byte {
	if code == 0 && o.Through {
		return buf
	}
	buf = append(buf, "q "...)
	buf = appendCM(buf, topLeft(pointsPerMM, 0, 0).Then(at))
	if !o.Through {
		buf = append(buf, "1 g "...)
		buf = append(appendArea(buf, o.Zone().OnSheet()), "f 0 g\n"...)
	}
	if code == 0 {
		return append(buf, " Q\n"...)
	}
	for i := range o.Positions {
		if code>>i&1 != 0 {
			buf = appendArea(buf, o.Line(i))
		}
	}
	return append(buf, "f Q\n"...)
}

func appendArea(buf []byte, a impose.Area) []byte {
	for _, v := range [4]float64{a.X0, a.Y0, a.X1 - a.X0, a.Y1 - a.Y0} {
		buf = append(appendNumber(buf, v), ' ')
	}
	return append(buf, "re\n"...)
}

// Crop appends content that draws crop marks. It is the same for every press
// sheet, so it need be made only once for fronts and once for backs.
func Crop(buf []byte, lines []impose.Line, widthMM float64) []byte {
	if len(lines) == 0 {
		return buf
	}
	buf = append(buf, "q "...)
	buf = append(appendNumber(buf, widthMM*pointsPerMM), " w\n"...)
	for _, l := range lines {
		buf = append(appendNumber(buf, l.X0), ' ')
		buf = append(appendNumber(buf, l.Y0), " m "...)
		buf = append(appendNumber(buf, l.X1), ' ')
		buf = append(appendNumber(buf, l.Y1), " l\n"...)
	}
	return append(buf, "S Q\n"...)
}

// appendCM writes a matrix with its operator.
func appendCM(buf []byte, m impose.Matrix) []byte {
	for _, v := range m {
		buf = append(appendNumber(buf, v), ' ')
	}
	return append(buf, "cm\n"...)
}

// appendNumber writes a number with four decimals: a module of a DataMatrix, the
// smallest thing drawn, is then off by less than a thousandth of a point over the
// whole symbol.
func appendNumber(buf []byte, v float64) []byte { return typeset.AppendNumber(buf, v, 4) }
