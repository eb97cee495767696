package scan

import (
	"math"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

// ZoneScanner measures where on the sheet a page has ink, as far as reserved
// zones ask, and how fine its images are. It reads the drawing operators once
// more than InkScanner does, with their geometry; a letter whose vendor has no
// zones never pays for it.
//
// Coordinates are those of the prepared page, so that rotation, CropBox,
// UserUnit and scaling are in them. Exact to 0.1 mm are: fills and strokes of
// lines (miter joins included), images, boxes of forms and annotations,
// rectangular clips, glyphs of embedded TrueType fonts. Else it errs towards
// ink:
//   - what is covered by something white, masked by a soft mask or nearly
//     transparent counts; so does all of a shading and of the area filled with
//     a pattern;
//   - an image counts with its pixels where these can be told (see pixels) and
//     it lies upright, else with its whole area, as inline images do;
//   - a clip that is no upright rectangle counts with the box around it, and
//     text that clips does not clip;
//   - a curve is followed in 32 lines, a dashed line is whole, round and square
//     ends of lines are boxes;
//   - a glyph without a TrueType outline takes its advance in width and, in
//     height, its font's box. Where a font substitutes one that is not embedded,
//     the printer's may be a little wider;
//   - a font with a CMap other than Identity counts with its default width.
//
// Ink that reaches less than zoneSlack into a zone does not count.
type ZoneScanner struct {
	s      *read.Document
	k      *InkScanner // judges colours
	Zones  []Zone
	areas  []sheet.Rect // of the zones, on the sheet in pt from its lower left corner
	reach  sheet.Rect   // around all zones
	MinDPI float64
	faces  map[uintptr]*face
	// glyphs holds the content of glyphs of Type 3 fonts by object number, nil
	// of damaged ones; glyphRoom is how many bytes more may be kept.
	glyphs    map[int][]byte
	glyphRoom int
	rough     bool // the box around an area is enough
	// once, when not nil: whether there is ink at all is enough, so nothing is
	// read on behind the first, and no image in it twice.
	Once map[int]bool
	Left content.Allowance

	lastImage  int // object number of the image last looked at
	lastPixels *bitmap

	// of the page at hand:
	Hits   []hit
	Coarse coarseImage

	edges  []edge
	levels []float64
	cuts   []crossing
}

// hit is the ink found in one zone.
type hit struct {
	Rect sheet.Rect
	Any  bool
}

// coarseImage is the image of lowest resolution on a page.
type coarseImage struct {
	DPI float64
	At  sheet.Rect
}

const (
	zoneSlack = 0.05 * sheet.PtPerMM
	// hairline is the least thickness of ink in pt: what is thinner is drawn
	// as thin as the device can.
	hairline = 0.05 * sheet.PtPerMM
	// MaxZoneBytes bounds the content in bytes read for the zones of one document.
	MaxZoneBytes = 512 << 20
	// stripHeight bounds the height in pt of the strips in which an area is
	// measured.
	stripHeight = 0.1 * sheet.PtPerMM
	// maxStripWork bounds the work on one area; beyond it the box around the
	// area counts.
	maxStripWork = 4 << 20
	curveSteps   = 32
)

// NewZoneScanner returns a scanner for the pages of one document: for ink in
// zones, and for images of fewer than minDPI pixels an inch; 0: none.
func NewZoneScanner(s *read.Document, zones []Zone, minDPI float64) *ZoneScanner {
	z := &ZoneScanner{s: s, k: NewInkScanner(s), Zones: zones, MinDPI: minDPI, faces: map[uintptr]*face{}, glyphs: map[int][]byte{}, glyphRoom: maxGlyphBytes, Left: content.NewAllowance(MaxZoneBytes, 30)}
	for i, zone := range zones {
		r := sheet.Rect{X0: zone.XMM * sheet.PtPerMM, Y0: sheet.A4Height - (zone.YMM+zone.HeightMM)*sheet.PtPerMM, X1: (zone.XMM + zone.WidthMM) * sheet.PtPerMM, Y1: sheet.A4Height - zone.YMM*sheet.PtPerMM}
		z.areas = append(z.areas, r)
		if i == 0 {
			z.reach = r
		}
		z.reach = around(z.reach, r)
	}
	z.Hits = make([]hit, len(zones))
	return z
}

func around(a, b sheet.Rect) sheet.Rect {
	return sheet.Rect{X0: math.Min(a.X0, b.X0), Y0: math.Min(a.Y0, b.Y0), X1: math.Max(a.X1, b.X1), Y1: math.Max(a.Y1, b.Y1)}
}

// Page measures one page and what its annotations draw.
func (z *ZoneScanner) Page(p read.Page, at sheet.Placement, data []byte, drawn []content.Appearance) {
	clear(z.Hits)
	z.Coarse = coarseImage{DPI: math.Inf(1)}
	g := marking{graphics: FreshGraphics, ctm: at.Matrix, width: 1, miter: 10, hscale: 1}
	var ok bool
	if g.clip, ok = at.Matrix.Bounds(p.Box).Intersect(sheet.Rect{X0: 0, Y0: 0, X1: sheet.A4Width, Y1: sheet.A4Height}); !ok {
		return
	}
	z.scan(data, p.Resources, g, textPlace{}, 0)
	for _, a := range drawn {
		own := g
		own.ctm = a.Matrix.Mul(g.ctm)
		z.object(a.Form, a.Fallback, own, textPlace{}, 0)
	}
}

// marking is the graphics state as far as geometry needs it.
type marking struct {
	graphics
	ctm     sheet.Matrix
	clip    sheet.Rect
	width   float64 // of lines, in user space
	miter   float64
	lineCap int
	size    float64 // of the font
	face    *face
	chars   float64 // character spacing
	words   float64 // word spacing
	hscale  float64
	leading float64
	rise    float64
}

// textPlace is where the next glyph and the line that it is on stand. It is no
// part of the graphics state that is saved.
type textPlace struct{ text, line sheet.Matrix }

type point struct{ x, y float64 }

// path is the current path in user space.
type path struct {
	points []point
	starts []int  // index of each subpath's first point
	closed []bool // of each subpath
}

// draw takes an operator of a path, with its operands in t.
func (p *path) draw(op []byte, t *content.Reading) {
	var v [6]float64
	switch string(op) {
	case "m":
		if t.NumbersOf(v[:2]) {
			p.move(v[0], v[1])
		}
	case "l":
		if t.NumbersOf(v[:2]) {
			p.to(v[0], v[1])
		}
	case "c":
		if t.NumbersOf(v[:6]) {
			p.curve(point{v[0], v[1]}, point{v[2], v[3]}, point{v[4], v[5]})
		}
	case "v":
		if t.NumbersOf(v[:4]) {
			p.curve(p.last(), point{v[0], v[1]}, point{v[2], v[3]})
		}
	case "y":
		if t.NumbersOf(v[:4]) {
			p.curve(point{v[0], v[1]}, point{v[2], v[3]}, point{v[2], v[3]})
		}
	case "h":
		p.close()
	case "re":
		if t.NumbersOf(v[:4]) {
			p.move(v[0], v[1])
			p.to(v[0]+v[2], v[1])
			p.to(v[0]+v[2], v[1]+v[3])
			p.to(v[0], v[1]+v[3])
			p.close()
		}
	}
}

func (p *path) reset() { p.points, p.starts, p.closed = p.points[:0], p.starts[:0], p.closed[:0] }

func (p *path) move(x, y float64) {
	p.starts, p.closed = append(p.starts, len(p.points)), append(p.closed, false)
	p.points = append(p.points, point{x, y})
}

func (p *path) to(x, y float64) {
	n := len(p.starts)
	if n == 0 {
		p.move(x, y)
		return
	}
	if p.closed[n-1] { // a line after h begins where the subpath began
		start := p.points[p.starts[n-1]]
		p.move(start.x, start.y)
	}
	p.points = append(p.points, point{x, y})
}

func (p *path) last() point {
	if n := len(p.starts); n > 0 && p.closed[n-1] {
		return p.points[p.starts[n-1]]
	}
	if n := len(p.points); n > 0 {
		return p.points[n-1]
	}
	return point{}
}

func (p *path) curve(b, c, d point) {
	a := p.last()
	if len(p.starts) == 0 {
		a = b
		p.move(b.x, b.y)
	}
	for i := 1; i <= curveSteps; i++ {
		t := float64(i) / curveSteps
		u := 1 - t
		k0, k1, k2, k3 := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		p.to(k0*a.x+k1*b.x+k2*c.x+k3*d.x, k0*a.y+k1*b.y+k2*c.y+k3*d.y)
	}
}

func (p *path) close() {
	if n := len(p.starts); n > 0 {
		p.closed[n-1] = true
	}
}

// subpath returns the points of the i-th subpath.
func (p *path) subpath(i int) []point {
	end := len(p.points)
	if i+1 < len(p.starts) {
		end = p.starts[i+1]
	}
	return p.points[p.starts[i]:end]
}

// bounds is the box around the path on the sheet.
func (p *path) bounds(m sheet.Matrix) (r sheet.Rect, ok bool) {
	for i, q := range p.points {
		x, y := m.Apply(q.x, q.y)
		if i == 0 {
			r = sheet.Rect{X0: x, Y0: y, X1: x, Y1: y}
		}
		r = around(r, sheet.Rect{X0: x, Y0: y, X1: x, Y1: y})
	}
	return r, len(p.points) > 0
}

// scan reads one content stream.
func (z *ZoneScanner) scan(data []byte, resources syntax.Dict, g marking, at textPlace, depth int) {
	r, ok := z.Left.Begin(z.s, data, resources, depth)
	if !ok {
		z.box(g.clip, g.clip) // cannot be known: all of it may be ink
		return
	}
	content.Interpret(r, g, &zoneDevice{ZoneScanner: z, textPlace: at})
}

// zoneDevice measures one content stream.
type zoneDevice struct {
	*ZoneScanner
	textPlace
	path path
}

func (d *zoneDevice) More() bool { return d.Once == nil || !d.Hits[0].Any }

func (d *zoneDevice) Set(r *content.Reading, g *marking, op []byte) {
	var v [1]float64
	switch string(op) {
	case "cm":
		var m sheet.Matrix
		if r.NumbersOf(m[:]) {
			if m = m.Mul(g.ctm); m.Finite() {
				g.ctm = m
			}
		}
	case "w":
		if r.NumbersOf(v[:]) {
			g.width = math.Abs(v[0])
		}
	case "M":
		r.NumberOf(&g.miter, 1)
	case "J":
		if r.NumbersOf(v[:]) {
			g.lineCap = int(v[0])
		}
	default:
		d.setText(r, g, op)
	}
}

func (d *zoneDevice) Segment(r *content.Reading, op []byte) { d.path.draw(op, r) }

func (d *zoneDevice) Paint(r *content.Reading, g *marking, p content.Painting) {
	if p.Fill && r.Hidden == 0 && !g.fill.White && !g.fillGone {
		d.fill(*g, p.EvenOdd)
	}
	if p.Stroke && r.Hidden == 0 && !g.stroke.White && !g.strokeGone {
		d.stroke(*g)
	}
	if r.Clips {
		if b, ok := d.path.bounds(g.ctm); ok {
			if g.clip, ok = g.clip.Intersect(b); !ok {
				g.clip = sheet.Rect{}
			}
		}
	}
	d.path.reset()
}

func (d *zoneDevice) Colour(r *content.Reading, g *marking, op []byte) {
	d.k.setColour(r, &g.graphics, op)
}

func (d *zoneDevice) Extend(r *content.Reading, g *marking, name string) {
	state := d.s.Dict(r.Entry("ExtGState", name))
	d.k.setState(&g.graphics, state)
	if v, ok := d.s.Number(state["LW"]); ok {
		g.width = math.Abs(v)
	}
	if v, ok := d.s.Number(state["ML"]); ok {
		g.miter = v
	}
	if v, ok := d.s.Integer(state["LC"]); ok {
		g.lineCap = v
	}
	if f := d.s.Array(state["Font"]); len(f) > 1 {
		g.face = d.faceOf(f[0])
		g.size, _ = d.s.Number(f[1])
	}
}

func (d *zoneDevice) Font(r *content.Reading, g *marking, name string, size float64) {
	g.font = r.Entry("Font", name)
	g.face, g.size = d.faceOf(g.font), size
}

func (d *zoneDevice) Render(g *marking, mode int) { g.render = mode }

func (d *zoneDevice) Shade(r *content.Reading, g *marking, name string) {
	if !g.fillGone && d.s.Dict(r.Entry("Shading", name)) != nil {
		d.box(g.clip, g.clip)
	}
}

func (d *zoneDevice) Draw(r *content.Reading, g *marking, name string) {
	d.object(r.Entry("XObject", name), r.Resources, *g, d.textPlace, r.Depth)
}

func (d *zoneDevice) Inline(r *content.Reading, g *marking) {
	if r.Hidden > 0 {
		return
	}
	if pen, gone := d.k.inlinePen(r, &g.graphics); pen.White || gone {
		return
	}
	image := r.InlineImage().Dict
	w, _ := d.s.Integer(image["Width"])
	h, _ := d.s.Integer(image["Height"])
	d.image(w, h, *g, nil)
}

// object measures an XObject.
func (z *ZoneScanner) object(o syntax.Object, resources syntax.Dict, g marking, at textPlace, depth int) {
	sd, ok := z.s.Stream(o)
	if !ok || z.s.Layers.Hides(sd.Dict["OC"]) {
		return
	}
	if z.s.Name(sd.Dict["Subtype"]) != "Image" {
		z.form(sd, resources, g, at, depth)
		return
	}
	if g.fillGone {
		return
	}
	if z.isTrue(sd.Dict["ImageMask"]) && g.fill.White {
		return
	}
	if ref, ok := o.(syntax.IndirectRef); ok && z.Once != nil {
		if z.Once[ref.ObjectNumber.Value()] {
			return
		}
		z.Once[ref.ObjectNumber.Value()] = true
	}
	w, _ := z.s.Integer(sd.Dict["Width"])
	h, _ := z.s.Integer(sd.Dict["Height"])
	z.image(w, h, g, func() *bitmap {
		// Only the last one is kept: a scanned page is drawn once, and a logo
		// is decoded quickly.
		ref, isRef := o.(syntax.IndirectRef)
		if isRef && z.lastImage == ref.ObjectNumber.Value() {
			return z.lastPixels
		}
		p := z.pixels(sd, resources, w, h)
		if isRef {
			z.lastImage, z.lastPixels = ref.ObjectNumber.Value(), p
		}
		return p
	})
}

func (z *ZoneScanner) isTrue(o syntax.Object) bool { return z.k.isTrue(o) }

func (z *ZoneScanner) form(sd syntax.StreamDict, resources syntax.Dict, g marking, at textPlace, depth int) {
	if m, ok := z.s.Matrix(sd.Dict["Matrix"]); ok {
		if m = m.Mul(g.ctm); !m.Finite() {
			return
		}
		g.ctm = m
	}
	if box, ok := z.s.Rect(sd.Dict["BBox"]); ok {
		if g.clip, ok = g.clip.Intersect(g.ctm.Bounds(box)); !ok {
			return
		}
	}
	if _, reaches := g.clip.Intersect(z.reach); !reaches && z.MinDPI == 0 {
		return
	}
	if own := z.s.Dict(sd.Dict["Resources"]); own != nil {
		resources = own
	}
	data, ok := z.s.Decode(sd, z.s.Limits.MaxContentBytes)
	if !ok {
		z.box(g.clip, g.clip)
		return
	}
	z.scan(data, resources, g, at, depth+1)
}

// image measures an image of w × h pixels on the unit square. Its pixels are
// looked at only when it reaches into a zone.
func (z *ZoneScanner) image(w, h int, g marking, pixels func() *bitmap) {
	m := g.ctm
	z.imageInk(g, pixels)
	if z.MinDPI == 0 || w <= 2 || h <= 2 {
		return
	}
	seen, ok := m.Bounds(sheet.Rect{X0: 0, Y0: 0, X1: 1, Y1: 1}).Intersect(g.clip)
	across, up := math.Hypot(m[0], m[1]), math.Hypot(m[2], m[3])
	if !ok || across <= 0 || up <= 0 {
		return
	}
	if dpi := 72 * math.Min(float64(w)/across, float64(h)/up); dpi < z.Coarse.DPI {
		z.Coarse = coarseImage{DPI: dpi, At: seen}
	}
}

func (z *ZoneScanner) imageInk(g marking, pixels func() *bitmap) {
	m := g.ctm
	if seen, ok := m.Bounds(sheet.Rect{X0: 0, Y0: 0, X1: 1, Y1: 1}).Intersect(g.clip); pixels != nil && (!ok || !z.near(seen)) {
		return
	}
	if pixels != nil && !z.rough {
		if p := pixels(); p != nil && z.pixelInk(p, m, g.clip) {
			return
		}
	}
	q := [4]point{{m[4], m[5]}, {m[0] + m[4], m[1] + m[5]}, {m[0] + m[2] + m[4], m[1] + m[3] + m[5]}, {m[2] + m[4], m[3] + m[5]}}
	z.polygon(q[:], g.clip)
}

// add notes ink in the i-th zone.
func (z *ZoneScanner) add(i int, ink sheet.Rect) {
	a := z.areas[i]
	in, ok := ink.Intersect(a)
	if !ok {
		return
	}
	if _, ok := in.Intersect(sheet.Rect{X0: a.X0 + zoneSlack, Y0: a.Y0 + zoneSlack, X1: a.X1 - zoneSlack, Y1: a.Y1 - zoneSlack}); !ok {
		return
	}
	if z.Hits[i].Any {
		in = around(in, z.Hits[i].Rect)
	}
	z.Hits[i] = hit{in, true}
}

// box is an upright rectangle of ink on the sheet.
func (z *ZoneScanner) box(r, clip sheet.Rect) {
	r, ok := r.Intersect(clip)
	if !ok {
		return
	}
	for i := range z.areas {
		z.add(i, r)
	}
}

// thickened makes a rectangle at least as thick as a hairline.
func thickened(r sheet.Rect) sheet.Rect {
	if d := (hairline - r.Width()) / 2; d > 0 {
		r.X0, r.X1 = r.X0-d, r.X1+d
	}
	if d := (hairline - r.Height()) / 2; d > 0 {
		r.Y0, r.Y1 = r.Y0-d, r.Y1+d
	}
	return r
}

// polygon is a convex area of ink on the sheet.
func (z *ZoneScanner) polygon(q []point, clip sheet.Rect) {
	b := sheet.Rect{X0: q[0].x, Y0: q[0].y, X1: q[0].x, Y1: q[0].y}
	for _, p := range q[1:] {
		b = around(b, sheet.Rect{X0: p.x, Y0: p.y, X1: p.x, Y1: p.y})
	}
	if b.Width() < hairline || b.Height() < hairline {
		z.box(thickened(b), clip)
		return
	}
	if c, ok := b.Intersect(clip); !ok {
		return
	} else if _, ok = c.Intersect(z.reach); !ok {
		return
	}
	for i, a := range z.areas {
		target, ok := a.Intersect(clip)
		if !ok {
			continue
		}
		if _, ok := b.Intersect(target); !ok {
			continue
		}
		if in, ok := clipPolygon(q, target); ok {
			z.add(i, in)
		}
	}
}

// clipPolygon returns the box around the part of a convex polygon in r.
func clipPolygon(q []point, r sheet.Rect) (sheet.Rect, bool) {
	var a, b [24]point
	in, out := append(a[:0], q...), b[:0]
	for side := range 4 {
		inside := func(p point) float64 {
			switch side {
			case 0:
				return p.x - r.X0
			case 1:
				return r.X1 - p.x
			case 2:
				return p.y - r.Y0
			}
			return r.Y1 - p.y
		}
		out = out[:0]
		for i, p := range in {
			prev := in[(i+len(in)-1)%len(in)]
			dp, dq := inside(prev), inside(p)
			if (dp < 0) != (dq < 0) {
				t := dp / (dp - dq)
				out = append(out, point{prev.x + t*(p.x-prev.x), prev.y + t*(p.y-prev.y)})
			}
			if dq >= 0 {
				out = append(out, p)
			}
		}
		in, out = out, in
		if len(in) == 0 {
			return sheet.Rect{}, false
		}
	}
	box := sheet.Rect{X0: in[0].x, Y0: in[0].y, X1: in[0].x, Y1: in[0].y}
	for _, p := range in[1:] {
		box = around(box, sheet.Rect{X0: p.x, Y0: p.y, X1: p.x, Y1: p.y})
	}
	return box, box.Width() > 0 && box.Height() > 0
}

// stroke measures the current path's lines.
func (z *zoneDevice) stroke(g marking) {
	b, ok := z.path.bounds(g.ctm)
	if !ok {
		return
	}
	half := g.width / 2
	// The farthest that a line's ink lies from the line.
	far := math.Max(half*math.Max(1.5, g.miter), 0)*scaleOf(g.ctm) + hairline
	b = sheet.Rect{X0: b.X0 - far, Y0: b.Y0 - far, X1: b.X1 + far, Y1: b.Y1 + far}
	if _, ok := b.Intersect(z.reach); !ok {
		return
	}
	if scale := scaleOf(g.ctm); half*scale < hairline/2 && scale > 0 {
		half = hairline / 2 / scale
	}
	for i := range z.path.starts {
		pts := z.path.subpath(i)
		n := len(pts)
		closed := z.path.closed[i] && n > 1
		segments := n - 1
		if closed {
			segments = n
		}
		if segments < 1 {
			if g.lineCap == 1 || g.lineCap == 2 { // a dot
				p := pts[0]
				z.transformed(g, point{p.x - half, p.y - half}, point{p.x + half, p.y - half}, point{p.x + half, p.y + half}, point{p.x - half, p.y + half})
			}
			continue
		}
		var before point
		have := false
		if closed {
			before, have = direction(pts[n-1], pts[0])
		}
		for j := range segments {
			p, q := pts[j], pts[(j+1)%n]
			d, ok := direction(p, q)
			if !ok {
				continue
			}
			if have {
				z.join(g, p, before, d, half)
			}
			if g.lineCap != 0 && !closed {
				if j == 0 {
					p = point{p.x - d.x*half, p.y - d.y*half}
				}
				if j == segments-1 {
					q = point{q.x + d.x*half, q.y + d.y*half}
				}
			}
			nx, ny := -d.y*half, d.x*half
			z.transformed(g, point{p.x + nx, p.y + ny}, point{q.x + nx, q.y + ny}, point{q.x - nx, q.y - ny}, point{p.x - nx, p.y - ny})
			before, have = d, true
		}
	}
}

func scaleOf(m sheet.Matrix) float64 {
	return math.Max(math.Hypot(m[0], m[1]), math.Hypot(m[2], m[3]))
}

func direction(p, q point) (point, bool) {
	dx, dy := q.x-p.x, q.y-p.y
	l := math.Hypot(dx, dy)
	if !(l > 0) || math.IsInf(l, 0) {
		return point{}, false
	}
	return point{dx / l, dy / l}, true
}

// join measures the miter where two lines meet.
func (z *ZoneScanner) join(g marking, p, d0, d1 point, half float64) {
	cross := d0.x*d1.y - d0.y*d1.x
	dot := d0.x*d1.x + d0.y*d1.y
	if math.Abs(cross) < 1e-6 || 1+dot <= 0 || math.Sqrt(2/(1+dot)) > g.miter {
		return
	}
	side := half
	if cross > 0 {
		side = -half // the outer side of a left turn is the right
	}
	n0, n1 := point{-d0.y * side, d0.x * side}, point{-d1.y * side, d1.x * side}
	tip := point{p.x + (n0.x+n1.x)/(1+dot), p.y + (n0.y+n1.y)/(1+dot)}
	z.transformed(g, p, point{p.x + n0.x, p.y + n0.y}, tip, point{p.x + n1.x, p.y + n1.y})
}

// transformed is a convex area of ink in user space.
func (z *ZoneScanner) transformed(g marking, q ...point) {
	var on [4]point
	for i, p := range q {
		on[i].x, on[i].y = g.ctm.Apply(p.x, p.y)
	}
	z.polygon(on[:len(q)], g.clip)
}

// edge is a side of an area, from lower to upper; up is its direction.
type edge struct {
	x0, y0, x1, y1 float64
	up             int
}

func (e edge) at(y float64) float64 { return e.x0 + (y-e.y0)/(e.y1-e.y0)*(e.x1-e.x0) }

type crossing struct {
	x    float64
	edge int
}

// fill measures the current path's inside.
func (z *zoneDevice) fill(g marking, evenOdd bool) {
	b, ok := z.path.bounds(g.ctm)
	if !ok {
		return
	}
	if b.Width() < hairline || b.Height() < hairline {
		z.box(thickened(b), g.clip)
		return
	}
	if z.rough {
		z.box(b, g.clip)
		return
	}
	if len(z.path.starts) == 1 && len(z.path.points) == 4 {
		if upright(z.path.points) && (g.ctm[1] == 0 && g.ctm[2] == 0 || g.ctm[0] == 0 && g.ctm[3] == 0) {
			z.box(b, g.clip)
			return
		}
	}
	for i, a := range z.areas {
		target, ok := a.Intersect(g.clip)
		if !ok {
			continue
		}
		if target, ok = target.Intersect(b); !ok {
			continue
		}
		if in, ok := z.inside(g.ctm, target, evenOdd); ok {
			z.add(i, in)
		}
	}
}

func upright(q []point) bool {
	return q[0].y == q[1].y && q[1].x == q[2].x && q[2].y == q[3].y && q[3].x == q[0].x ||
		q[0].x == q[1].x && q[1].y == q[2].y && q[2].x == q[3].x && q[3].y == q[0].y
}

// inside returns the box around the current path's inside within target. It
// looks at strips between the heights at which sides begin and end.
func (z *zoneDevice) inside(m sheet.Matrix, target sheet.Rect, evenOdd bool) (box sheet.Rect, any bool) {
	z.edges, z.levels = z.edges[:0], append(z.levels[:0], target.Y0, target.Y1)
	for i := range z.path.starts {
		pts := z.path.subpath(i)
		for j, p := range pts {
			q := pts[(j+1)%len(pts)]
			e := edge{up: 1}
			e.x0, e.y0 = m.Apply(p.x, p.y)
			e.x1, e.y1 = m.Apply(q.x, q.y)
			if e.y0 > e.y1 {
				e = edge{e.x1, e.y1, e.x0, e.y0, -1}
			}
			if !(e.y1 > e.y0) || e.y1 <= target.Y0 || e.y0 >= target.Y1 || math.Min(e.x0, e.x1) >= target.X1 {
				continue
			}
			z.edges = append(z.edges, e)
			for _, y := range [2]float64{e.y0, e.y1} {
				if y > target.Y0 && y < target.Y1 {
					z.levels = append(z.levels, y)
				}
			}
		}
	}
	if len(z.edges) == 0 {
		return sheet.Rect{}, false
	}
	for y := target.Y0 + stripHeight; y < target.Y1; y += stripHeight {
		z.levels = append(z.levels, y)
	}
	if len(z.edges)*len(z.levels) > maxStripWork {
		return target, true
	}
	sortFloats(z.levels)
	for i := 1; i < len(z.levels); i++ {
		lo, hi := z.levels[i-1], z.levels[i]
		if hi-lo < 1e-9 {
			continue
		}
		mid := (lo + hi) / 2
		z.cuts = z.cuts[:0]
		for j, e := range z.edges {
			if e.y0 <= mid && mid < e.y1 {
				z.cuts = append(z.cuts, crossing{e.at(mid), j})
			}
		}
		sortCrossings(z.cuts)
		winding := 0
		for j, c := range z.cuts {
			left := z.edges[c.edge]
			winding += left.up
			if evenOdd {
				winding &= 1
			}
			if winding == 0 {
				continue
			}
			x0, x1 := math.Min(left.at(lo), left.at(hi)), target.X1
			if j+1 < len(z.cuts) {
				right := z.edges[z.cuts[j+1].edge]
				x1 = math.Max(right.at(lo), right.at(hi))
			}
			if span, ok := (sheet.Rect{X0: x0, Y0: lo, X1: x1, Y1: hi}).Intersect(target); ok {
				if any {
					span = around(span, box)
				}
				box, any = span, true
			}
		}
	}
	return box, any
}
