package scan

import (
	"math"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

// Work estimates what it takes to draw the pages of a document. A few kilobytes
// can ask for more than any printer does in a night: forms that draw forms ten
// times, ten deep, tiles of a thousandth of a point, an image of a billion
// pixels without data. One such letter would hold up the whole print file.
//
// The unit is an operator that adds a line to a path; the weights are roughly
// what poppler, MuPDF and Ghostscript take of time. What a form costs is found
// once for each size at which it is drawn, so that counting is fast however much
// there is to draw.
type Work struct {
	s     *read.Document
	forms map[workKey]float64
	types map[uintptr]*[256]syntax.Object // glyphs of Type 3 fonts, by character code
	known *InkScanner                     // for the identity of dictionaries
	sheet float64                         // area of the page at hand in its user space
	left  content.Allowance
}

type workKey struct {
	object    int
	resources uintptr
	scale     int // power of 2 by which areas are enlarged
}

const (
	// MaxPageWork bounds the work on a page. The heaviest of the public pages,
	// maps and drawings, come to a tenth of it; at the bound poppler takes a
	// minute or so.
	MaxPageWork = 5e7
	// MaxLetterWork bounds the work on all pages of a letter.
	MaxLetterWork = 1e9

	workForm  = 20       // to begin and end a form
	workPixel = 1. / 200 // a pixel of an image
	workGlyph = 1. / 4   // a byte of text
	workTile  = 5        // a tile of a pattern, drawn before
	workClip  = 100      // a shading, soft mask or transparency group, however small

	// Of the whole page:
	workFill  = 8000
	workShade = 20000
	workMask  = 20000
	workGroup = 2000

	mostPower  = 60 // of 2: how much areas are enlarged or made smaller
	workNested = 40 // levels of forms; no renderer follows more
)

// NewWork returns an estimate for one document. known is only asked for the
// identity of dictionaries.
func NewWork(s *read.Document, known *InkScanner) *Work {
	return &Work{s: s, forms: map[workKey]float64{}, types: map[uintptr]*[256]syntax.Object{}, known: known, left: content.NewAllowance(content.MaxContentRead, workNested)}
}

// Page is the work on a page and on what is drawn over it.
func (w *Work) Page(p read.Page, data []byte, drawn []content.Appearance) float64 {
	w.sheet = math.Max(p.Box.Width()*p.Box.Height(), 1)
	sum := w.content(data, p.Resources, 1, w.sheet, 0)
	for _, a := range drawn {
		sum += w.object(a.Form, a.Fallback, a.Matrix.Scale(), 0)
	}
	return sum
}

// share is how much of the page an area covers, 1 at most.
func (w *Work) share(area float64) float64 { return within(area/w.sheet, 1) }

// within is v, and most when it is more or no number.
func within(v, most float64) float64 {
	if !(v <= most) {
		return most
	}
	return math.Max(v, 0)
}

// workState is what of the graphics state the work depends on.
type workState struct {
	scale  float64 // of areas, to the page's user space
	clip   float64 // area of the box around what is not clipped away
	font   syntax.Dict
	fill   syntax.Object // tiling pattern, nil for none
	stroke syntax.Object
}

// outline is the area of a path: of its subpaths, each by itself.
type outline struct {
	area, cross float64
	start, at   point
	lo, hi      point
	begun       bool
}

func (o *outline) move(p point) {
	o.end()
	o.start, o.at = p, p
	o.reach(p)
}

func (o *outline) line(p point) {
	o.cross += o.at.x*p.y - p.x*o.at.y
	o.at = p
	o.reach(p)
}

func (o *outline) reach(p point) {
	if !o.begun {
		o.lo, o.hi, o.begun = p, p, true
	}
	o.lo = point{math.Min(o.lo.x, p.x), math.Min(o.lo.y, p.y)}
	o.hi = point{math.Max(o.hi.x, p.x), math.Max(o.hi.y, p.y)}
}

// draw takes an operator of a path, with its operands in t. A curve is the lines between its points.
func (o *outline) draw(op []byte, t *content.Reading) {
	var v [4]float64
	switch string(op) {
	case "m":
		if t.NumbersOf(v[:2]) {
			o.move(point{v[0], v[1]})
		}
	case "l":
		if t.NumbersOf(v[:2]) {
			o.line(point{v[0], v[1]})
		}
	case "c", "v", "y":
		if t.NumbersOf(v[:4]) {
			o.line(point{v[0], v[1]})
			o.line(point{v[2], v[3]})
		}
		if t.NumbersOf(v[:2]) {
			o.line(point{v[0], v[1]})
		}
	case "re":
		if t.NumbersOf(v[:4]) {
			o.move(point{v[0], v[1]})
			o.line(point{v[0] + v[2], v[1]})
			o.line(point{v[0] + v[2], v[1] + v[3]})
			o.line(point{v[0], v[1] + v[3]})
			o.end()
		}
	}
}

// end closes a subpath.
func (o *outline) end() {
	o.line(o.start)
	o.area += math.Abs(o.cross) / 2
	o.cross = 0
}

// box is the area around the path.
func (o *outline) box() float64 { return (o.hi.x - o.lo.x) * (o.hi.y - o.lo.y) }

// content is the work on drawing operators.
func (w *Work) content(data []byte, resources syntax.Dict, scale, clip float64, depth int) float64 {
	r, ok := w.left.Begin(w.s, data, resources, depth)
	if !ok {
		return 0
	}
	d := &workDevice{Work: w}
	content.Interpret(r, workState{scale: scale, clip: clip}, d)
	return d.sum
}

// workDevice adds up the work on one content stream.
type workDevice struct {
	content.Deaf[workState]
	*Work
	sum  float64
	path outline
}

// more counts the operators, too.
func (d *workDevice) More() bool {
	if d.sum > MaxLetterWork {
		return false
	}
	d.sum++
	return true
}

func (d *workDevice) Set(r *content.Reading, g *workState, op []byte) {
	var m sheet.Matrix
	if string(op) == "cm" && r.NumbersOf(m[:]) {
		g.scale *= m.Scale()
	}
}

func (d *workDevice) Segment(r *content.Reading, op []byte) {
	switch op[0] {
	case 'c', 'v', 'y':
		d.sum += 3
	}
	d.path.draw(op, r)
}

func (d *workDevice) Paint(r *content.Reading, g *workState, p content.Painting) {
	if p.Fill {
		d.path.end()
		d.sum += workFill * d.share(math.Min(d.path.area*g.scale, g.clip))
		if g.fill != nil {
			d.sum += d.tiles(g.fill, r.Resources, math.Min(d.path.box()*g.scale, g.clip), r.Depth)
		}
	}
	if p.Stroke && g.stroke != nil {
		d.sum += d.tiles(g.stroke, r.Resources, math.Min(d.path.box()*g.scale, g.clip), r.Depth)
	}
	if r.Clips {
		g.clip = within(d.path.box()*g.scale, g.clip)
	}
	d.path = outline{}
}

func (d *workDevice) Colour(r *content.Reading, g *workState, op []byte) {
	pattern := &g.fill
	if op[0] < 'a' {
		pattern = &g.stroke
	}
	*pattern = nil
	if name, ok := r.LastName(); ok && len(op) == 3 {
		*pattern = r.Entry("Pattern", name)
	}
}

// extend counts the soft mask of a state, which is drawn.
func (d *workDevice) Extend(r *content.Reading, g *workState, name string) {
	state := d.s.Dict(r.Entry("ExtGState", name))
	if f := d.s.Array(state["Font"]); len(f) > 0 {
		g.font = d.s.Dict(f[0])
	}
	mask := d.s.Dict(state["SMask"])["G"]
	if form, ok := d.s.Stream(mask); ok {
		area := d.sheet
		if box, ok := d.s.Rect(form.Dict["BBox"]); ok {
			area = box.Width() * box.Height() * g.scale
		}
		d.sum += workClip + workMask*d.share(area) + d.form(mask, form, r.Resources, g.scale, r.Depth)
	}
}

func (d *workDevice) Font(r *content.Reading, g *workState, name string, _ float64) {
	g.font = d.s.Dict(r.Entry("Font", name))
}

func (d *workDevice) Show(r *content.Reading, g *workState, _ []byte) {
	if r.Hidden == 0 && len(r.Args) > 0 {
		d.sum += d.text(r, g.font)
	}
}

func (d *workDevice) Shade(r *content.Reading, g *workState, name string) {
	d.sum += d.shading(r.Entry("Shading", name), g.clip)
}

func (d *workDevice) Draw(r *content.Reading, g *workState, name string) {
	d.sum += d.object(r.Entry("XObject", name), r.Resources, g.scale, r.Depth)
}

func (d *workDevice) Inline(r *content.Reading, _ *workState) {
	d.sum += d.pixels(r.InlineImage().Dict)
}

// object is the work on an image or form, drawn with areas enlarged by scale.
func (w *Work) object(o syntax.Object, resources syntax.Dict, scale float64, depth int) float64 {
	sd, ok := w.s.Stream(o)
	if !ok || w.s.Layers.Hides(sd.Dict["OC"]) {
		return 0
	}
	if w.s.Name(sd.Dict["Subtype"]) == "Image" {
		sum := w.pixels(sd.Dict)
		for _, mask := range []string{"SMask", "Mask"} {
			if m, ok := w.s.Stream(sd.Dict[mask]); ok {
				sum += w.pixels(m.Dict)
			}
		}
		return sum
	}
	return w.form(o, sd, resources, scale, depth)
}

func (w *Work) pixels(image syntax.Dict) float64 {
	width, _ := w.s.Number(image["Width"])
	height, _ := w.s.Number(image["Height"])
	return within(width*height*workPixel, MaxLetterWork)
}

// form is the work on a form, tile or glyph.
func (w *Work) form(o syntax.Object, sd syntax.StreamDict, resources syntax.Dict, scale float64, depth int) float64 {
	sum := float64(workForm)
	if m, ok := w.s.Matrix(sd.Dict["Matrix"]); ok {
		scale *= m.Scale()
	}
	clip := w.sheet
	if box, ok := w.s.Rect(sd.Dict["BBox"]); ok {
		clip = within(box.Width()*box.Height()*scale, w.sheet)
	}
	if w.s.Name(w.s.Dict(sd.Dict["Group"])["S"]) == "Transparency" {
		sum += workClip + workGroup*w.share(clip)
	}
	// Areas are told to a power of 2, between the tiniest and the whole page.
	log := math.Log2(scale)
	if !(log >= -mostPower) { // also of what is no number
		log = -mostPower
	}
	power := int(math.Round(math.Min(log, mostPower)))
	if own := w.s.Dict(sd.Dict["Resources"]); own != nil {
		resources = own
	}
	ref, isRef := o.(syntax.IndirectRef)
	key := workKey{ref.ObjectNumber.Value(), w.known.identity(resources), power}
	if isRef {
		if known, ok := w.forms[key]; ok {
			return sum + known
		}
		w.forms[key] = 0 // a form that draws itself is not drawn again
	}
	data, _, ok := w.s.DecodeContent(sd)
	if !ok {
		return sum
	}
	inner := w.content(data, resources, math.Ldexp(1, power), clip, depth+1)
	if isRef {
		w.forms[key] = inner
	}
	return sum + inner
}

// shading is the work on filling with a shading: of meshes it grows with their
// data.
func (w *Work) shading(o syntax.Object, area float64) float64 {
	sum := workClip + workShade*w.share(area)
	if sd, ok := w.s.Stream(o); ok {
		sum += float64(len(sd.Raw))
	}
	return sum
}

// tiles is the work on filling an area with a pattern.
func (w *Work) tiles(o syntax.Object, resources syntax.Dict, area float64, depth int) float64 {
	d := w.s.Dict(o)
	if kind, _ := w.s.Integer(d["PatternType"]); kind == 2 {
		return w.shading(d["Shading"], area)
	}
	sd, ok := w.s.Stream(o)
	if !ok {
		return 0
	}
	m, ok := w.s.Matrix(d["Matrix"])
	if !ok {
		m = sheet.Identity
	}
	scale := m.Scale()
	x, _ := w.s.Number(d["XStep"])
	y, _ := w.s.Number(d["YStep"])
	n := within(math.Ceil(within(area, w.sheet)/math.Max(math.Abs(x*y)*scale, 1e-12)), MaxLetterWork)
	own := syntax.StreamDict{Dict: syntax.Dict{"Resources": sd.Dict["Resources"], "BBox": sd.Dict["BBox"]}, Raw: sd.Raw, FilterPipeline: sd.FilterPipeline}
	tile := float64(workTile)
	if box, ok := w.s.Rect(d["BBox"]); ok {
		tile += workFill * w.share(box.Width()*box.Height()*scale)
	}
	// A tile is drawn once and then copied, by most.
	return w.form(o, own, resources, scale, depth) + n*tile
}

// text is the work on showing text: of a Type 3 font that on its glyphs.
func (w *Work) text(r *content.Reading, font syntax.Dict) (sum float64) {
	last := r.Args[len(r.Args)-1]
	sum = float64(last.End-last.Start) * workGlyph
	if w.s.Name(font["Subtype"]) != "Type3" {
		return sum
	}
	resources := r.Resources
	if own := w.s.Dict(font["Resources"]); own != nil {
		resources = own
	}
	glyphs := w.glyphs(font)
	var costs [256]float64
	var looked [256]bool
	for _, code := range r.Strings(last) {
		if !looked[code] {
			looked[code] = true
			if sd, ok := w.s.Stream(glyphs[code]); ok {
				// How large the text is matters little: what fills whole pages is
				// no letter, and pages of it are drawn by other means.
				costs[code] = w.form(glyphs[code], sd, resources, 0, r.Depth)
			}
		}
		sum += costs[code]
	}
	return sum
}

// glyphs are the glyphs of a Type 3 font by character code.
func (w *Work) glyphs(font syntax.Dict) *[256]syntax.Object {
	id := w.known.identity(font)
	if known, ok := w.types[id]; ok {
		return known
	}
	table := content.GlyphProcs(w.s, font)
	w.types[id] = table
	return table
}
