package prepare

import (
	"math"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// work estimates what it takes to draw the pages of a document. A few kilobytes
// can ask for more than any printer does in a night: forms that draw forms ten
// times, ten deep, tiles of a thousandth of a point, an image of a billion
// pixels without data. One such letter would hold up the whole print file.
//
// The unit is an operator that adds a line to a path; the weights are roughly
// what poppler, MuPDF and Ghostscript take of time. What a form costs is found
// once for each size at which it is drawn, so that counting is fast however much
// there is to draw.
type work struct {
	s     *source
	forms map[workKey]float64
	types map[uintptr]*[256]types.Object // glyphs of Type 3 fonts, by character code
	known *inkScanner                    // for the identity of dictionaries
	sheet float64                        // area of the page at hand in its user space
	// budget is the number of content bytes that may still be read.
	budget int64
}

type workKey struct {
	object    int
	resources uintptr
	scale     int // power of 2 by which areas are enlarged
}

const (
	// maxPageWork bounds the work on a page. The heaviest of the public pages,
	// maps and drawings, come to a tenth of it; at the bound poppler takes a
	// minute or so.
	maxPageWork = 5e7
	// maxLetterWork bounds the work on all pages of a letter.
	maxLetterWork = 1e9

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

func newWork(s *source, known *inkScanner) *work {
	return &work{s: s, forms: map[workKey]float64{}, types: map[uintptr]*[256]types.Object{}, known: known, budget: maxInkBytes}
}

// page is the work on a page and on what is drawn over it.
func (w *work) page(p rawPage, content []byte, drawn []appearance) float64 {
	w.sheet = math.Max(p.box.width()*p.box.height(), 1)
	sum := w.content(content, p.resources, 1, w.sheet, 0)
	for _, a := range drawn {
		sum += w.object(a.form, a.fallback, a.matrix.scale(), 0)
	}
	return sum
}

// scale is by how much a matrix enlarges areas.
func (m matrix) scale() float64 { return math.Abs(m[0]*m[3] - m[1]*m[2]) }

// share is how much of the page an area covers, 1 at most.
func (w *work) share(area float64) float64 { return within(area/w.sheet, 1) }

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
	font   types.Dict
	fill   types.Object // tiling pattern, nil for none
	stroke types.Object
}

// outline is the area of a path: of its subpaths, each by itself.
type outline struct {
	area, cross    float64
	start, at      point
	lo, hi         point
	begun, enclose bool
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
func (o *outline) draw(op []byte, t *tokens) {
	var v [4]float64
	switch string(op) {
	case "m":
		if t.numbersOf(v[:2]) {
			o.move(point{v[0], v[1]})
		}
	case "l":
		if t.numbersOf(v[:2]) {
			o.line(point{v[0], v[1]})
		}
	case "c", "v", "y":
		if t.numbersOf(v[:4]) {
			o.line(point{v[0], v[1]})
			o.line(point{v[2], v[3]})
		}
		if t.numbersOf(v[:2]) {
			o.line(point{v[0], v[1]})
		}
	case "re":
		if t.numbersOf(v[:4]) {
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
func (w *work) content(data []byte, resources types.Dict, scale, clip float64, depth int) (sum float64) {
	if w.budget -= int64(len(data)) + 64; w.budget < 0 || depth > workNested {
		return 0
	}
	s, t := w.s, &tokens{data: data}
	section := sectionStack{layers: s.layers}
	g := workState{scale: scale, clip: clip}
	var saved []workState
	var path outline
	clipNext := false
	var v [6]float64
	entry := func(category string) (o types.Object) {
		if name, ok := t.lastName(); ok {
			o = s.dict(resources[category])[name]
		}
		return o
	}
	fill := func() {
		path.end()
		sum += workFill * w.share(math.Min(path.area*g.scale, g.clip))
		if g.fill != nil {
			sum += w.tiles(g.fill, resources, math.Min(path.box()*g.scale, g.clip), depth)
		}
	}
	stroke := func() {
		if g.stroke != nil {
			sum += w.tiles(g.stroke, resources, math.Min(path.box()*g.scale, g.clip), depth)
		}
	}
	done := func() {
		if clipNext {
			g.clip = within(path.box()*g.scale, g.clip)
		}
		path, clipNext = outline{}, false
	}
	for op := t.next(); op != nil && sum <= maxLetterWork; op = t.next() {
		sum++
		switch string(op) {
		case "q":
			if len(saved) < 1<<16 {
				saved = append(saved, g)
			}
		case "Q":
			if k := len(saved); k > 0 {
				g, saved = saved[k-1], saved[:k-1]
			}
		case "cm":
			if t.numbersOf(v[:6]) {
				g.scale *= matrix(v).scale()
			}
		case "m", "l", "re":
			path.draw(op, t)
		case "c", "v", "y":
			sum += 3
			path.draw(op, t)
		case "W", "W*":
			clipNext = true
		case "n":
			done()
		case "f", "F", "f*":
			fill()
			done()
		case "S", "s":
			stroke()
			done()
		case "B", "B*", "b", "b*":
			fill()
			stroke()
			done()
		case "scn":
			g.fill = entry("Pattern")
		case "SCN":
			g.stroke = entry("Pattern")
		case "g", "rg", "k", "cs", "sc":
			g.fill = nil
		case "G", "RG", "K", "CS", "SC":
			g.stroke = nil
		case "sh":
			if section.hidden == 0 {
				sum += w.shading(s.dict(resources["Shading"])[t.lastNameOr("")], g.clip)
			}
		case "gs":
			sum += w.state(entry("ExtGState"), resources, &g, depth)
		case "Tf":
			if k := len(t.args); k > 1 && t.args[k-2].kind == kindName {
				g.font = s.dict(s.dict(resources["Font"])[t.nameOf(t.args[k-2])])
			}
		case "Tj", "TJ", "'", "\"":
			if section.hidden == 0 && len(t.args) > 0 {
				sum += w.text(t, g, resources, depth)
			}
		case "Do":
			if o := entry("XObject"); o != nil && section.hidden == 0 {
				sum += w.object(o, resources, g.scale, depth)
			}
		case "BI":
			sum += w.inline(t)
		case "BDC", "BMC", "EMC":
			section.mark(s, t, op, resources)
		}
	}
	return sum
}

func (t *tokens) lastNameOr(other string) string {
	if name, ok := t.lastName(); ok {
		return name
	}
	return other
}

// object is the work on an image or form, drawn with areas enlarged by scale.
func (w *work) object(o types.Object, resources types.Dict, scale float64, depth int) float64 {
	sd, ok := w.s.stream(o)
	if !ok || w.s.layers.hides(sd.Dict["OC"]) {
		return 0
	}
	if w.s.name(sd.Dict["Subtype"]) == "Image" {
		sum := w.pixels(sd.Dict)
		for _, mask := range []string{"SMask", "Mask"} {
			if m, ok := w.s.stream(sd.Dict[mask]); ok {
				sum += w.pixels(m.Dict)
			}
		}
		return sum
	}
	return w.form(o, sd, resources, scale, depth)
}

func (w *work) pixels(image types.Dict) float64 {
	width, _ := w.s.number(image["Width"])
	height, _ := w.s.number(image["Height"])
	return within(width*height*workPixel, maxLetterWork)
}

// form is the work on a form, tile or glyph.
func (w *work) form(o types.Object, sd types.StreamDict, resources types.Dict, scale float64, depth int) float64 {
	sum := float64(workForm)
	if m, ok := w.s.matrix(sd.Dict["Matrix"]); ok {
		scale *= m.scale()
	}
	clip := w.sheet
	if box, ok := w.s.rect(sd.Dict["BBox"]); ok {
		clip = within(box.width()*box.height()*scale, w.sheet)
	}
	if w.s.name(w.s.dict(sd.Dict["Group"])["S"]) == "Transparency" {
		sum += workClip + workGroup*w.share(clip)
	}
	// Areas are told to a power of 2, between the tiniest and the whole page.
	log := math.Log2(scale)
	if !(log >= -mostPower) { // also of what is no number
		log = -mostPower
	}
	power := int(math.Round(math.Min(log, mostPower)))
	if own := w.s.dict(sd.Dict["Resources"]); own != nil {
		resources = own
	}
	ref, isRef := o.(types.IndirectRef)
	key := workKey{ref.ObjectNumber.Value(), w.known.identity(resources), power}
	if isRef {
		if known, ok := w.forms[key]; ok {
			return sum + known
		}
		w.forms[key] = 0 // a form that draws itself is not drawn again
	}
	data, _, ok := w.s.decodeContent(sd)
	if !ok {
		return sum
	}
	inner := w.content(data, resources, math.Ldexp(1, power), clip, depth+1)
	if isRef {
		w.forms[key] = inner
	}
	return sum + inner
}

// state is the work on a graphics state: its soft mask is drawn.
func (w *work) state(o types.Object, resources types.Dict, g *workState, depth int) (sum float64) {
	d := w.s.dict(o)
	if f := w.s.array(d["Font"]); len(f) > 0 {
		g.font = w.s.dict(f[0])
	}
	if form, ok := w.s.stream(w.s.dict(d["SMask"])["G"]); ok {
		area := w.sheet
		if box, ok := w.s.rect(form.Dict["BBox"]); ok {
			area = box.width() * box.height() * g.scale
		}
		sum += workClip + workMask*w.share(area) + w.form(w.s.dict(d["SMask"])["G"], form, resources, g.scale, depth)
	}
	return sum
}

// shading is the work on filling with a shading: of meshes it grows with their
// data.
func (w *work) shading(o types.Object, area float64) float64 {
	sum := workClip + workShade*w.share(area)
	if sd, ok := w.s.stream(o); ok {
		sum += float64(len(sd.Raw))
	}
	return sum
}

// tiles is the work on filling an area with a pattern.
func (w *work) tiles(o types.Object, resources types.Dict, area float64, depth int) float64 {
	d := w.s.dict(o)
	if kind, _ := w.s.integer(d["PatternType"]); kind == 2 {
		return w.shading(d["Shading"], area)
	}
	sd, ok := w.s.stream(o)
	if !ok {
		return 0
	}
	m, ok := w.s.matrix(d["Matrix"])
	if !ok {
		m = identity
	}
	scale := m.scale()
	x, _ := w.s.number(d["XStep"])
	y, _ := w.s.number(d["YStep"])
	n := within(math.Ceil(within(area, w.sheet)/math.Max(math.Abs(x*y)*scale, 1e-12)), maxLetterWork)
	own := types.StreamDict{Dict: types.Dict{"Resources": sd.Dict["Resources"], "BBox": sd.Dict["BBox"]}, Raw: sd.Raw, FilterPipeline: sd.FilterPipeline}
	tile := float64(workTile)
	if box, ok := w.s.rect(d["BBox"]); ok {
		tile += workFill * w.share(box.width()*box.height()*scale)
	}
	// A tile is drawn once and then copied, by most.
	return w.form(o, own, resources, scale, depth) + n*tile
}

// text is the work on showing text: of a Type 3 font that on its glyphs.
func (w *work) text(t *tokens, g workState, resources types.Dict, depth int) (sum float64) {
	last := t.args[len(t.args)-1]
	sum = float64(last.end-last.start) * workGlyph
	if w.s.name(g.font["Subtype"]) != "Type3" {
		return sum
	}
	if own := w.s.dict(g.font["Resources"]); own != nil {
		resources = own
	}
	glyphs := w.glyphs(g.font)
	var costs [256]float64
	var looked [256]bool
	for _, code := range t.strings(last) {
		if !looked[code] {
			looked[code] = true
			if sd, ok := w.s.stream(glyphs[code]); ok {
				// How large the text is matters little: what fills whole pages is
				// no letter, and pages of it are drawn by other means.
				costs[code] = w.form(glyphs[code], sd, resources, 0, depth)
			}
		}
		sum += costs[code]
	}
	return sum
}

// glyphs are the glyphs of a Type 3 font by character code.
func (w *work) glyphs(font types.Dict) *[256]types.Object {
	id := w.known.identity(font)
	if known, ok := w.types[id]; ok {
		return known
	}
	table := &[256]types.Object{}
	procs := w.s.dict(font["CharProcs"])
	code := 0
	for _, o := range w.s.array(w.s.dict(font["Encoding"])["Differences"]) {
		if n, ok := w.s.integer(o); ok {
			code = n
			continue
		}
		if code >= 0 && code < 256 {
			table[code] = procs[w.s.name(o)]
		}
		code++
	}
	w.types[id] = table
	return table
}

// inline is the work on an inline image.
func (w *work) inline(t *tokens) float64 {
	area := 1.
	for i := 0; i+1 < len(t.image); i += 2 {
		if t.image[i].kind != kindName || t.image[i+1].kind != kindNumber {
			continue
		}
		switch t.nameOf(t.image[i]) {
		case "W", "Width", "H", "Height":
			area *= t.image[i+1].number
		}
	}
	return within(area*workPixel, maxLetterWork)
}
