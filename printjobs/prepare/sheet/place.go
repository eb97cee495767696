// Package sheet is the geometry of preparing: matrices, rectangles, and how a page of any size comes to lie upright on A4.
package sheet

import "math"

// A4 portrait in pt (210 × 297 mm), the size of every prepared page.
const (
	A4Width  = 595.276
	A4Height = 841.890
)

// The same in mm.
const (
	A4WidthMM  = 210
	A4HeightMM = 297
)

// Measures of pages.
const (
	PtPerMM = 72 / 25.4
	// UnscaledToleranceMM is how close to A4 the sides of a page are that keeps its
	// size, unless the checks say otherwise. Writers round A4 to 595 × 842 pt or to whole mm.
	UnscaledToleranceMM = 0.5
	// minSideMM and maxSideMM bound pages that are worth printing: below lies
	// nothing readable, above it no user space reaches without tricks
	// (14,400 units of ISO 32000-1 annex C, times a UserUnit of 4).
	minSideMM = 5
	maxSideMM = 20320
)

// Matrix is a PDF transformation matrix [a b c d e f]; points are rows.
type Matrix [6]float64

// Identity changes nothing.
var Identity = Matrix{1, 0, 0, 1, 0, 0}

// Mul returns the transformation m followed by n.
func (m Matrix) Mul(n Matrix) Matrix {
	return Matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// Apply returns where a point comes to lie.
func (m Matrix) Apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

// Finite reports that all numbers of a matrix are.
func (m Matrix) Finite() bool {
	for _, v := range m {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Rect is a normalised rectangle: x0 <= x1, y0 <= y1.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// NewRect is the rectangle between two opposite corners, (a, b) and (c, d).
func NewRect(a, b, c, d float64) Rect {
	return Rect{math.Min(a, c), math.Min(b, d), math.Max(a, c), math.Max(b, d)}
}

// Width is how wide the rectangle is.
func (r Rect) Width() float64 { return r.X1 - r.X0 }

// Height is how high the rectangle is.
func (r Rect) Height() float64 { return r.Y1 - r.Y0 }

// Intersect returns the common part; ok is false when there is none.
func (r Rect) Intersect(s Rect) (Rect, bool) {
	t := Rect{math.Max(r.X0, s.X0), math.Max(r.Y0, s.Y0), math.Min(r.X1, s.X1), math.Min(r.Y1, s.Y1)}
	return t, t.X1 > t.X0 && t.Y1 > t.Y0
}

// Bounds returns the smallest upright rectangle around m applied to r.
func (m Matrix) Bounds(r Rect) Rect {
	x, y := m.Apply(r.X0, r.Y0)
	b := Rect{x, y, x, y}
	for _, c := range [][2]float64{{r.X1, r.Y0}, {r.X0, r.Y1}, {r.X1, r.Y1}} {
		x, y := m.Apply(c[0], c[1])
		b = Rect{math.Min(b.X0, x), math.Min(b.Y0, y), math.Max(b.X1, x), math.Max(b.Y1, y)}
	}
	return b
}

// Placement is how a page comes to lie on A4.
type Placement struct {
	Matrix            Matrix
	WidthMM, HeightMM float64 // as it came, after /Rotate and UserUnit
	Scale             float64 // 1 when the size was kept
	A4                bool    // it is A4, within the tolerance
	// LostRight and LostBelow are by how many mm it is too large for a sheet
	// on which it was not scaled.
	LostRight, LostBelow float64
}

// Place fits the visible box of a page, in user space, on A4 portrait.
//
// The page is turned by rotate (degrees clockwise, as /Rotate) so that it
// stands as a viewer shows it. A page that is then wider than high is turned
// a further 90° counter-clockwise, so that its top lies along the left edge of
// the sheet: the reader turns the sheet clockwise, and under duplex the top
// lies at the binding. It is scaled uniformly to fit and centred; within
// toleranceMM of A4 it keeps its size. ok is false when the box has no
// printable size.
func Place(box Rect, rotate int, userUnit, toleranceMM float64) (p Placement, ok bool) {
	if !(userUnit > 0) || math.IsInf(userUnit, 0) {
		userUnit = 1
	}
	w, h := box.Width()*userUnit, box.Height()*userUnit
	if rotate%180 != 0 {
		w, h = h, w
	}
	p.WidthMM, p.HeightMM = w/PtPerMM, h/PtPerMM
	short, long := math.Min(p.WidthMM, p.HeightMM), math.Max(p.WidthMM, p.HeightMM)
	// Written so that NaN fails too.
	if !(short >= minSideMM && long <= maxSideMM) {
		return p, false
	}
	if w > h {
		rotate += 270
		w, h = h, w
	}
	scale := math.Min(A4Width/w, A4Height/h)
	p.Scale = scale
	tolerance := toleranceMM * PtPerMM
	if math.Abs(w-A4Width) <= tolerance && math.Abs(h-A4Height) <= tolerance {
		scale, p.Scale, p.A4 = 1, 1, true
	}
	// Centre of the box to the origin, then unit and scale, then turn, then
	// to the centre of A4.
	cx, cy := (box.X0+box.X1)/2, (box.Y0+box.Y1)/2
	k := userUnit * scale
	m := Matrix{1, 0, 0, 1, -cx, -cy}.Mul(Matrix{k, 0, 0, k, 0, 0})
	m = m.Mul(Turn(rotate)).Mul(Matrix{1, 0, 0, 1, A4Width / 2, A4Height / 2})
	p.Matrix = m
	return p, m.Finite()
}

// Crop lays the visible box of a page on A4 portrait at its own size, turned as
// place does, its upper left corner in that of the sheet: what is too large is
// lost to the right and below, as DPI prints it (docs/sources.md, Paper and
// PDFs). A4 is false when a side differs from A4 by more than mostMM.
func Crop(box Rect, rotate int, userUnit, mostMM float64) (p Placement, ok bool) {
	if p, ok = Place(box, rotate, userUnit, mostMM); !ok || !p.A4 {
		return p, ok
	}
	on := p.Matrix.Bounds(box)
	p.Matrix = p.Matrix.Mul(Matrix{1, 0, 0, 1, -on.X0, A4Height - on.Y1})
	p.LostRight = math.Max(0, (on.Width()-A4Width)/PtPerMM)
	p.LostBelow = math.Max(0, (on.Height()-A4Height)/PtPerMM)
	return p, p.Matrix.Finite()
}

// Turn returns the rotation by a multiple of 90° clockwise about the origin.
func Turn(degrees int) Matrix {
	switch ((degrees % 360) + 360) % 360 {
	case 90:
		return Matrix{0, -1, 1, 0, 0, 0}
	case 180:
		return Matrix{-1, 0, 0, -1, 0, 0}
	case 270:
		return Matrix{0, 1, -1, 0, 0, 0}
	}
	return Identity
}

// Scale is by how much a matrix enlarges areas.
func (m Matrix) Scale() float64 { return math.Abs(m[0]*m[3] - m[1]*m[2]) }
