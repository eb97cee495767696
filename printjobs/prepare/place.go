package prepare

import "math"

// A4 portrait in pt (210 × 297 mm), the size of every prepared page.
const (
	a4Width  = 595.276
	a4Height = 841.890
)

const (
	ptPerMM = 72 / 25.4
	// unscaledToleranceMM: a page whose sides are this close to A4 keeps its
	// size, unless the checks say otherwise. Writers round A4 to 595 × 842 pt or to whole mm.
	unscaledToleranceMM = 0.5
	// minSideMM and maxSideMM bound pages that are worth printing: below lies
	// nothing readable, above it no user space reaches without tricks
	// (14,400 units of ISO 32000-1 annex C, times a UserUnit of 4).
	minSideMM = 5
	maxSideMM = 20320
)

// matrix is a PDF transformation matrix [a b c d e f]; points are rows.
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// mul returns the transformation m followed by n.
func (m matrix) mul(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

func (m matrix) finite() bool {
	for _, v := range m {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// rect is a normalised rectangle: x0 <= x1, y0 <= y1.
type rect struct{ x0, y0, x1, y1 float64 }

func newRect(a, b, c, d float64) rect {
	return rect{math.Min(a, c), math.Min(b, d), math.Max(a, c), math.Max(b, d)}
}

func (r rect) width() float64  { return r.x1 - r.x0 }
func (r rect) height() float64 { return r.y1 - r.y0 }

// intersect returns the common part; ok is false when there is none.
func (r rect) intersect(s rect) (rect, bool) {
	t := rect{math.Max(r.x0, s.x0), math.Max(r.y0, s.y0), math.Min(r.x1, s.x1), math.Min(r.y1, s.y1)}
	return t, t.x1 > t.x0 && t.y1 > t.y0
}

// bounds returns the smallest upright rectangle around m applied to r.
func (m matrix) bounds(r rect) rect {
	x, y := m.apply(r.x0, r.y0)
	b := rect{x, y, x, y}
	for _, c := range [][2]float64{{r.x1, r.y0}, {r.x0, r.y1}, {r.x1, r.y1}} {
		x, y := m.apply(c[0], c[1])
		b = rect{math.Min(b.x0, x), math.Min(b.y0, y), math.Max(b.x1, x), math.Max(b.y1, y)}
	}
	return b
}

// placement is how a page comes to lie on A4.
type placement struct {
	matrix            matrix
	widthMM, heightMM float64 // as it came, after /Rotate and UserUnit
	scale             float64 // 1 when the size was kept
	a4                bool    // it is A4, within the tolerance
	// lostRight and lostBelow are by how many mm it is too large for a sheet
	// on which it was not scaled.
	lostRight, lostBelow float64
}

// place fits the visible box of a page, in user space, on A4 portrait.
//
// The page is turned by rotate (degrees clockwise, as /Rotate) so that it
// stands as a viewer shows it. A page that is then wider than high is turned
// a further 90° counter-clockwise, so that its top lies along the left edge of
// the sheet: the reader turns the sheet clockwise, and under duplex the top
// lies at the binding. It is scaled uniformly to fit and centred; within
// toleranceMM of A4 it keeps its size. ok is false when the box has no
// printable size.
func place(box rect, rotate int, userUnit, toleranceMM float64) (p placement, ok bool) {
	if !(userUnit > 0) || math.IsInf(userUnit, 0) {
		userUnit = 1
	}
	w, h := box.width()*userUnit, box.height()*userUnit
	if rotate%180 != 0 {
		w, h = h, w
	}
	p.widthMM, p.heightMM = w/ptPerMM, h/ptPerMM
	short, long := math.Min(p.widthMM, p.heightMM), math.Max(p.widthMM, p.heightMM)
	// Written so that NaN fails too.
	if !(short >= minSideMM && long <= maxSideMM) {
		return p, false
	}
	if w > h {
		rotate += 270
		w, h = h, w
	}
	scale := math.Min(a4Width/w, a4Height/h)
	p.scale = scale
	tolerance := toleranceMM * ptPerMM
	if math.Abs(w-a4Width) <= tolerance && math.Abs(h-a4Height) <= tolerance {
		scale, p.scale, p.a4 = 1, 1, true
	}
	// Centre of the box to the origin, then unit and scale, then turn, then
	// to the centre of A4.
	cx, cy := (box.x0+box.x1)/2, (box.y0+box.y1)/2
	k := userUnit * scale
	m := matrix{1, 0, 0, 1, -cx, -cy}.mul(matrix{k, 0, 0, k, 0, 0})
	m = m.mul(turn(rotate)).mul(matrix{1, 0, 0, 1, a4Width / 2, a4Height / 2})
	p.matrix = m
	return p, m.finite()
}

// crop lays the visible box of a page on A4 portrait at its own size, turned as
// place does, its upper left corner in that of the sheet: what is too large is
// lost to the right and below, as DPI prints it (docs/sources.md, Paper and
// PDFs). a4 is false when a side differs from A4 by more than mostMM.
func crop(box rect, rotate int, userUnit, mostMM float64) (p placement, ok bool) {
	if p, ok = place(box, rotate, userUnit, mostMM); !ok || !p.a4 {
		return p, ok
	}
	on := p.matrix.bounds(box)
	p.matrix = p.matrix.mul(matrix{1, 0, 0, 1, -on.x0, a4Height - on.y1})
	p.lostRight = math.Max(0, (on.width()-a4Width)/ptPerMM)
	p.lostBelow = math.Max(0, (on.height()-a4Height)/ptPerMM)
	return p, p.matrix.finite()
}

// turn returns the rotation by a multiple of 90° clockwise about the origin.
func turn(degrees int) matrix {
	switch ((degrees % 360) + 360) % 360 {
	case 90:
		return matrix{0, -1, 1, 0, 0, 0}
	case 180:
		return matrix{-1, 0, 0, -1, 0, 0}
	case 270:
		return matrix{0, 1, -1, 0, 0, 0}
	}
	return identity
}
