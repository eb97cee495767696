package prepare

import (
	"math"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// zoneScanner measures where on the sheet a page has ink, as far as reserved
// zones ask, and how fine its images are. It reads the drawing operators once
// more than inkScanner does, with their geometry; a letter whose vendor has no
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
type zoneScanner struct {
	s      *source
	k      *inkScanner // judges colours
	zones  []Zone
	areas  []rect // of the zones, on the sheet in pt from its lower left corner
	reach  rect   // around all zones
	minDPI float64
	faces  map[uintptr]*face
	// glyphs holds the content of glyphs of Type 3 fonts by object number, nil
	// of damaged ones; glyphRoom is how many bytes more may be kept.
	glyphs    map[int][]byte
	glyphRoom int
	rough     bool // the box around an area is enough
	// once, when not nil: whether there is ink at all is enough, so nothing is
	// read on behind the first, and no image in it twice.
	once map[int]bool
	left allowance

	lastImage  int // object number of the image last looked at
	lastPixels *bitmap

	// of the page at hand:
	hits   []hit
	coarse coarseImage

	edges  []edge
	levels []float64
	cuts   []crossing
}

// hit is the ink found in one zone.
type hit struct {
	rect rect
	any  bool
}

// coarseImage is the image of lowest resolution on a page.
type coarseImage struct {
	dpi float64
	at  rect
}

const (
	zoneSlack = 0.05 * ptPerMM
	// hairline is the least thickness of ink in pt: what is thinner is drawn
	// as thin as the device can.
	hairline = 0.05 * ptPerMM
	// maxZoneBytes bounds the content in bytes read for the zones of one document.
	maxZoneBytes = 512 << 20
	// stripHeight bounds the height in pt of the strips in which an area is
	// measured.
	stripHeight = 0.1 * ptPerMM
	// maxStripWork bounds the work on one area; beyond it the box around the
	// area counts.
	maxStripWork = 4 << 20
	curveSteps   = 32
)

func newZoneScanner(s *source, zones []Zone, minDPI float64) *zoneScanner {
	z := &zoneScanner{s: s, k: newInkScanner(s), zones: zones, minDPI: minDPI, faces: map[uintptr]*face{}, glyphs: map[int][]byte{}, glyphRoom: maxGlyphBytes, left: allowance{maxZoneBytes, 30}}
	for i, zone := range zones {
		r := rect{zone.XMM * ptPerMM, a4Height - (zone.YMM+zone.HeightMM)*ptPerMM, (zone.XMM + zone.WidthMM) * ptPerMM, a4Height - zone.YMM*ptPerMM}
		z.areas = append(z.areas, r)
		if i == 0 {
			z.reach = r
		}
		z.reach = around(z.reach, r)
	}
	z.hits = make([]hit, len(zones))
	return z
}

func around(a, b rect) rect {
	return rect{math.Min(a.x0, b.x0), math.Min(a.y0, b.y0), math.Max(a.x1, b.x1), math.Max(a.y1, b.y1)}
}

// page measures one page and what its annotations draw.
func (z *zoneScanner) page(p rawPage, at placement, content []byte, drawn []appearance) {
	clear(z.hits)
	z.coarse = coarseImage{dpi: math.Inf(1)}
	g := marking{graphics: freshGraphics, ctm: at.matrix, width: 1, miter: 10, hscale: 1}
	var ok bool
	if g.clip, ok = at.matrix.bounds(p.box).intersect(rect{0, 0, a4Width, a4Height}); !ok {
		return
	}
	z.scan(content, p.resources, g, textPlace{}, 0)
	for _, a := range drawn {
		own := g
		own.ctm = a.matrix.mul(g.ctm)
		z.object(a.form, a.fallback, own, textPlace{}, 0)
	}
}

// marking is the graphics state as far as geometry needs it.
type marking struct {
	graphics
	ctm     matrix
	clip    rect
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
type textPlace struct{ text, line matrix }

type point struct{ x, y float64 }

// path is the current path in user space.
type path struct {
	points []point
	starts []int  // index of each subpath's first point
	closed []bool // of each subpath
}

// draw takes an operator of a path, with its operands in t.
func (p *path) draw(op []byte, t *reading) {
	var v [6]float64
	switch string(op) {
	case "m":
		if t.numbersOf(v[:2]) {
			p.move(v[0], v[1])
		}
	case "l":
		if t.numbersOf(v[:2]) {
			p.to(v[0], v[1])
		}
	case "c":
		if t.numbersOf(v[:6]) {
			p.curve(point{v[0], v[1]}, point{v[2], v[3]}, point{v[4], v[5]})
		}
	case "v":
		if t.numbersOf(v[:4]) {
			p.curve(p.last(), point{v[0], v[1]}, point{v[2], v[3]})
		}
	case "y":
		if t.numbersOf(v[:4]) {
			p.curve(point{v[0], v[1]}, point{v[2], v[3]}, point{v[2], v[3]})
		}
	case "h":
		p.close()
	case "re":
		if t.numbersOf(v[:4]) {
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
func (p *path) bounds(m matrix) (r rect, ok bool) {
	for i, q := range p.points {
		x, y := m.apply(q.x, q.y)
		if i == 0 {
			r = rect{x, y, x, y}
		}
		r = around(r, rect{x, y, x, y})
	}
	return r, len(p.points) > 0
}

// scan reads one content stream.
func (z *zoneScanner) scan(data []byte, resources types.Dict, g marking, at textPlace, depth int) {
	r, ok := z.left.read(z.s, data, resources, depth)
	if !ok {
		z.box(g.clip, g.clip) // cannot be known: all of it may be ink
		return
	}
	interpret(r, g, &zoneDevice{zoneScanner: z, textPlace: at})
}

// zoneDevice measures one content stream.
type zoneDevice struct {
	*zoneScanner
	textPlace
	path path
}

func (d *zoneDevice) more() bool { return d.once == nil || !d.hits[0].any }

func (d *zoneDevice) set(r *reading, g *marking, op []byte) {
	var v [1]float64
	switch string(op) {
	case "cm":
		var m matrix
		if r.numbersOf(m[:]) {
			if m = m.mul(g.ctm); m.finite() {
				g.ctm = m
			}
		}
	case "w":
		if r.numbersOf(v[:]) {
			g.width = math.Abs(v[0])
		}
	case "M":
		r.numberOf(&g.miter, 1)
	case "J":
		if r.numbersOf(v[:]) {
			g.lineCap = int(v[0])
		}
	default:
		d.setText(r, g, op)
	}
}

func (d *zoneDevice) segment(r *reading, op []byte) { d.path.draw(op, r) }

func (d *zoneDevice) paint(r *reading, g *marking, p painting) {
	if p.fill && r.hidden == 0 && !g.fill.white && !g.fillGone {
		d.fill(*g, p.evenOdd)
	}
	if p.stroke && r.hidden == 0 && !g.stroke.white && !g.strokeGone {
		d.stroke(*g)
	}
	if r.clips {
		if b, ok := d.path.bounds(g.ctm); ok {
			if g.clip, ok = g.clip.intersect(b); !ok {
				g.clip = rect{}
			}
		}
	}
	d.path.reset()
}

func (d *zoneDevice) colour(r *reading, g *marking, op []byte) { d.k.setColour(r, &g.graphics, op) }

func (d *zoneDevice) extend(r *reading, g *marking, name string) {
	state := d.s.dict(r.entry("ExtGState", name))
	d.k.setState(&g.graphics, state)
	if v, ok := d.s.number(state["LW"]); ok {
		g.width = math.Abs(v)
	}
	if v, ok := d.s.number(state["ML"]); ok {
		g.miter = v
	}
	if v, ok := d.s.integer(state["LC"]); ok {
		g.lineCap = v
	}
	if f := d.s.array(state["Font"]); len(f) > 1 {
		g.face = d.faceOf(f[0])
		g.size, _ = d.s.number(f[1])
	}
}

func (d *zoneDevice) font(r *reading, g *marking, name string, size float64) {
	g.font = r.entry("Font", name)
	g.face, g.size = d.faceOf(g.font), size
}

func (d *zoneDevice) render(g *marking, mode int) { g.render = mode }

func (d *zoneDevice) shade(r *reading, g *marking, name string) {
	if !g.fillGone && d.s.dict(r.entry("Shading", name)) != nil {
		d.box(g.clip, g.clip)
	}
}

func (d *zoneDevice) draw(r *reading, g *marking, name string) {
	d.object(r.entry("XObject", name), r.resources, *g, d.textPlace, r.depth)
}

func (d *zoneDevice) inline(r *reading, g *marking) {
	if r.hidden > 0 {
		return
	}
	if pen, gone := d.k.inlinePen(r, &g.graphics); pen.white || gone {
		return
	}
	image := r.inlineImage().Dict
	w, _ := d.s.integer(image["Width"])
	h, _ := d.s.integer(image["Height"])
	d.image(w, h, *g, nil)
}

// object measures an XObject.
func (z *zoneScanner) object(o types.Object, resources types.Dict, g marking, at textPlace, depth int) {
	sd, ok := z.s.stream(o)
	if !ok || z.s.layers.hides(sd.Dict["OC"]) {
		return
	}
	if z.s.name(sd.Dict["Subtype"]) != "Image" {
		z.form(sd, resources, g, at, depth)
		return
	}
	if g.fillGone {
		return
	}
	if z.isTrue(sd.Dict["ImageMask"]) && g.fill.white {
		return
	}
	if ref, ok := o.(types.IndirectRef); ok && z.once != nil {
		if z.once[ref.ObjectNumber.Value()] {
			return
		}
		z.once[ref.ObjectNumber.Value()] = true
	}
	w, _ := z.s.integer(sd.Dict["Width"])
	h, _ := z.s.integer(sd.Dict["Height"])
	z.image(w, h, g, func() *bitmap {
		// Only the last one is kept: a scanned page is drawn once, and a logo
		// is decoded quickly.
		ref, isRef := o.(types.IndirectRef)
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

func (z *zoneScanner) isTrue(o types.Object) bool { return z.k.isTrue(o) }

func (z *zoneScanner) form(sd types.StreamDict, resources types.Dict, g marking, at textPlace, depth int) {
	if m, ok := z.s.matrix(sd.Dict["Matrix"]); ok {
		if m = m.mul(g.ctm); !m.finite() {
			return
		}
		g.ctm = m
	}
	if box, ok := z.s.rect(sd.Dict["BBox"]); ok {
		if g.clip, ok = g.clip.intersect(g.ctm.bounds(box)); !ok {
			return
		}
	}
	if _, reaches := g.clip.intersect(z.reach); !reaches && z.minDPI == 0 {
		return
	}
	if own := z.s.dict(sd.Dict["Resources"]); own != nil {
		resources = own
	}
	data, ok := z.s.decode(sd, z.s.limits.MaxContentBytes)
	if !ok {
		z.box(g.clip, g.clip)
		return
	}
	z.scan(data, resources, g, at, depth+1)
}

// image measures an image of w × h pixels on the unit square. Its pixels are
// looked at only when it reaches into a zone.
func (z *zoneScanner) image(w, h int, g marking, pixels func() *bitmap) {
	m := g.ctm
	z.imageInk(g, pixels)
	if z.minDPI == 0 || w <= 2 || h <= 2 {
		return
	}
	seen, ok := m.bounds(rect{0, 0, 1, 1}).intersect(g.clip)
	across, up := math.Hypot(m[0], m[1]), math.Hypot(m[2], m[3])
	if !ok || across <= 0 || up <= 0 {
		return
	}
	if dpi := 72 * math.Min(float64(w)/across, float64(h)/up); dpi < z.coarse.dpi {
		z.coarse = coarseImage{dpi: dpi, at: seen}
	}
}

func (z *zoneScanner) imageInk(g marking, pixels func() *bitmap) {
	m := g.ctm
	if seen, ok := m.bounds(rect{0, 0, 1, 1}).intersect(g.clip); pixels != nil && (!ok || !z.near(seen)) {
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
func (z *zoneScanner) add(i int, ink rect) {
	a := z.areas[i]
	in, ok := ink.intersect(a)
	if !ok {
		return
	}
	if _, ok := in.intersect(rect{a.x0 + zoneSlack, a.y0 + zoneSlack, a.x1 - zoneSlack, a.y1 - zoneSlack}); !ok {
		return
	}
	if z.hits[i].any {
		in = around(in, z.hits[i].rect)
	}
	z.hits[i] = hit{in, true}
}

// box is an upright rectangle of ink on the sheet.
func (z *zoneScanner) box(r, clip rect) {
	r, ok := r.intersect(clip)
	if !ok {
		return
	}
	for i := range z.areas {
		z.add(i, r)
	}
}

// thickened makes a rectangle at least as thick as a hairline.
func thickened(r rect) rect {
	if d := (hairline - r.width()) / 2; d > 0 {
		r.x0, r.x1 = r.x0-d, r.x1+d
	}
	if d := (hairline - r.height()) / 2; d > 0 {
		r.y0, r.y1 = r.y0-d, r.y1+d
	}
	return r
}

// polygon is a convex area of ink on the sheet.
func (z *zoneScanner) polygon(q []point, clip rect) {
	b := rect{q[0].x, q[0].y, q[0].x, q[0].y}
	for _, p := range q[1:] {
		b = around(b, rect{p.x, p.y, p.x, p.y})
	}
	if b.width() < hairline || b.height() < hairline {
		z.box(thickened(b), clip)
		return
	}
	if c, ok := b.intersect(clip); !ok {
		return
	} else if _, ok = c.intersect(z.reach); !ok {
		return
	}
	for i, a := range z.areas {
		target, ok := a.intersect(clip)
		if !ok {
			continue
		}
		if _, ok := b.intersect(target); !ok {
			continue
		}
		if in, ok := clipPolygon(q, target); ok {
			z.add(i, in)
		}
	}
}

// clipPolygon returns the box around the part of a convex polygon in r.
func clipPolygon(q []point, r rect) (rect, bool) {
	var a, b [24]point
	in, out := append(a[:0], q...), b[:0]
	for side := range 4 {
		inside := func(p point) float64 {
			switch side {
			case 0:
				return p.x - r.x0
			case 1:
				return r.x1 - p.x
			case 2:
				return p.y - r.y0
			}
			return r.y1 - p.y
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
			return rect{}, false
		}
	}
	box := rect{in[0].x, in[0].y, in[0].x, in[0].y}
	for _, p := range in[1:] {
		box = around(box, rect{p.x, p.y, p.x, p.y})
	}
	return box, box.width() > 0 && box.height() > 0
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
	b = rect{b.x0 - far, b.y0 - far, b.x1 + far, b.y1 + far}
	if _, ok := b.intersect(z.reach); !ok {
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

func scaleOf(m matrix) float64 {
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
func (z *zoneScanner) join(g marking, p, d0, d1 point, half float64) {
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
func (z *zoneScanner) transformed(g marking, q ...point) {
	var on [4]point
	for i, p := range q {
		on[i].x, on[i].y = g.ctm.apply(p.x, p.y)
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
	if b.width() < hairline || b.height() < hairline {
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
		target, ok := a.intersect(g.clip)
		if !ok {
			continue
		}
		if target, ok = target.intersect(b); !ok {
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
func (z *zoneDevice) inside(m matrix, target rect, evenOdd bool) (box rect, any bool) {
	z.edges, z.levels = z.edges[:0], append(z.levels[:0], target.y0, target.y1)
	for i := range z.path.starts {
		pts := z.path.subpath(i)
		for j, p := range pts {
			q := pts[(j+1)%len(pts)]
			e := edge{up: 1}
			e.x0, e.y0 = m.apply(p.x, p.y)
			e.x1, e.y1 = m.apply(q.x, q.y)
			if e.y0 > e.y1 {
				e = edge{e.x1, e.y1, e.x0, e.y0, -1}
			}
			if !(e.y1 > e.y0) || e.y1 <= target.y0 || e.y0 >= target.y1 || math.Min(e.x0, e.x1) >= target.x1 {
				continue
			}
			z.edges = append(z.edges, e)
			for _, y := range [2]float64{e.y0, e.y1} {
				if y > target.y0 && y < target.y1 {
					z.levels = append(z.levels, y)
				}
			}
		}
	}
	if len(z.edges) == 0 {
		return rect{}, false
	}
	for y := target.y0 + stripHeight; y < target.y1; y += stripHeight {
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
			x0, x1 := math.Min(left.at(lo), left.at(hi)), target.x1
			if j+1 < len(z.cuts) {
				right := z.edges[z.cuts[j+1].edge]
				x1 = math.Max(right.at(lo), right.at(hi))
			}
			if span, ok := (rect{x0, lo, x1, hi}).intersect(target); ok {
				if any {
					span = around(span, box)
				}
				box, any = span, true
			}
		}
	}
	return box, any
}
