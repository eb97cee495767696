package prepare

import "github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

// ink is what a content stream puts on the paper.
//
// It is found by reading the drawing operators, following forms, patterns and
// Type 3 glyphs, without rendering. Where that is not exact it errs towards
// ink and towards colour:
//   - what is clipped away, covered or off the page still counts;
//   - a Type 3 font counts with all its glyphs, used or not;
//   - images: see imagePen; shadings: see shadingPen;
//   - a tint transform written in PostScript counts as colour;
//   - ICC profiles are taken by their number of components.
type ink struct {
	marks      bool  // anything but white
	solid      bool  // some of it is no picture, whose pixels may be white
	chroma     uint8 // of what is furthest from grey
	unembedded bool  // text in a font that the file does not hold
}

// anything is the ink of what is not read.
var anything = ink{marks: true, solid: true, chroma: fullChroma}

func (a ink) or(b ink) ink {
	return ink{a.marks || b.marks, a.solid || b.solid, max(a.chroma, b.chroma), a.unembedded || b.unembedded}
}

// graphics is the part of the graphics state that ink depends on.
type graphics struct {
	fill, stroke           pen
	fillSpace, strokeSpace *space
	fillGone, strokeGone   bool // alpha is 0
	render                 int  // text rendering mode
	font                   types.Object
}

var freshGraphics = graphics{fillSpace: deviceGray, strokeSpace: deviceGray}

// inkScanner finds the ink of the pages of one document.
type inkScanner struct {
	s      *source
	memo   map[inkKey]ink
	fonts  map[int]bool // object number → embedded
	images map[int]pen
	// pinned holds the dictionaries whose identities stand in memo and type3.
	pinned map[uintptr]types.Dict
	type3  map[type3Key]ink
	left   allowance
}

type inkKey struct {
	object       int
	resources    uintptr // of what draws it, where it has none of its own
	fill, stroke pen
	gone         [2]bool
	render       int
}

func newInkScanner(s *source) *inkScanner {
	return &inkScanner{s: s, memo: map[inkKey]ink{}, fonts: map[int]bool{}, images: map[int]pen{},
		pinned: map[uintptr]types.Dict{}, type3: map[type3Key]ink{}, left: allowance{maxContentRead, 30}}
}

// scan reads one content stream. It stops early only when there is nothing
// more to learn.
func (k *inkScanner) scan(data []byte, resources types.Dict, g graphics, depth int) ink {
	r, ok := k.left.read(k.s, data, resources, depth)
	if !ok {
		return anything
	}
	d := &inkDevice{inkScanner: k}
	interpret(r, g, d)
	return d.found
}

// inkDevice finds the ink of one content stream.
type inkDevice struct {
	deaf[graphics]
	*inkScanner
	found ink
	path  bool // there is one
}

func (d *inkDevice) more() bool {
	return !d.found.solid || d.found.chroma != fullChroma || !d.found.unembedded
}

func (d *inkDevice) add(found ink) { d.found = d.found.or(found) }

func (d *inkDevice) mark(r *reading, p pen, gone bool) {
	if !p.white && !gone && r.hidden == 0 {
		d.add(ink{marks: true, solid: true, chroma: p.chroma})
	}
}

func (d *inkDevice) segment(_ *reading, op []byte) { d.path = d.path || op[0] != 'h' }

func (d *inkDevice) paint(r *reading, g *graphics, p painting) {
	if d.path && p.fill {
		d.mark(r, g.fill, g.fillGone)
	}
	if d.path && p.stroke {
		d.mark(r, g.stroke, g.strokeGone)
	}
	d.path = false
}

func (d *inkDevice) colour(r *reading, g *graphics, op []byte) { d.setColour(r, g, op) }

func (d *inkDevice) extend(r *reading, g *graphics, name string) {
	d.setState(g, d.s.dict(r.entry("ExtGState", name)))
}

func (d *inkDevice) font(r *reading, g *graphics, name string, _ float64) {
	g.font = r.entry("Font", name)
}

func (d *inkDevice) render(g *graphics, mode int) { g.render = mode }

func (d *inkDevice) show(r *reading, g *graphics, _ []byte) {
	if r.hidden == 0 && !r.onlySpaces() {
		d.add(d.text(*g, r.resources, r.depth))
	}
}

func (d *inkDevice) shade(r *reading, g *graphics, name string) {
	d.mark(r, d.s.shadingPen(r.entry("Shading", name), r.resources), g.fillGone)
}

func (d *inkDevice) draw(r *reading, g *graphics, name string) {
	d.add(d.object(r.entry("XObject", name), r.resources, *g, r.depth))
}

func (d *inkDevice) inline(r *reading, g *graphics) {
	if r.hidden > 0 {
		return
	}
	if p, gone := d.inlinePen(r, g); !p.white && !gone {
		d.add(ink{marks: true, chroma: p.chroma})
	}
}

// setColour takes an operator that sets a colour or its space.
func (k *inkScanner) setColour(r *reading, g *graphics, op []byte) {
	space, colour := &g.fillSpace, &g.fill
	if op[0] < 'a' {
		space, colour = &g.strokeSpace, &g.stroke
	}
	switch string(op) {
	case "g", "G":
		*space = deviceGray
	case "rg", "RG":
		*space = deviceRGB
	case "k", "K":
		*space = deviceCMYK
	case "cs", "CS":
		if name, ok := r.lastName(); ok {
			*space = k.s.colourSpace(types.Name(name), r.resources, 0)
			*colour = (*space).initial()
		}
		return
	}
	*colour = k.penOf(r, *space)
}

// penOf reads the operands of a colour operator in the given space.
func (k *inkScanner) penOf(r *reading, sp *space) pen {
	if sp.kind == spacePattern {
		if name, ok := r.lastName(); ok {
			return k.pattern(r, name, sp)
		}
		return coloured
	}
	if sp.kind == spaceUnknown {
		return coloured
	}
	values := make([]float64, 0, 8)
	for _, a := range r.args {
		if a.kind == kindNumber {
			values = append(values, a.number)
		}
	}
	if len(values) > sp.n {
		values = values[len(values)-sp.n:]
	}
	return k.s.judge(sp, values, 0)
}

func (k *inkScanner) pattern(r *reading, name string, sp *space) pen {
	o := r.entry("Pattern", name)
	d := k.s.dict(o)
	if d == nil {
		return white
	}
	if kind, _ := k.s.integer(d["PatternType"]); kind == 2 {
		return k.s.shadingPen(d["Shading"], r.resources)
	}
	sd, ok := k.s.stream(o)
	if !ok {
		return white
	}
	g := freshGraphics
	if kind, _ := k.s.integer(d["PaintType"]); kind == 2 && sp.base != nil {
		p := k.penOf(r, sp.base)
		g.fill, g.stroke = p, p
	}
	found := k.form(o, sd, r.resources, g, r.depth)
	return pen{chroma: found.chroma, white: !found.marks}
}

// setState applies an ExtGState dictionary.
func (k *inkScanner) setState(g *graphics, d types.Dict) {
	if v, ok := k.s.number(d["ca"]); ok {
		g.fillGone = v == 0
	}
	if v, ok := k.s.number(d["CA"]); ok {
		g.strokeGone = v == 0
	}
	if f := k.s.array(d["Font"]); len(f) > 0 {
		g.font = f[0]
	}
}

// text is the ink of showing text in the current font.
func (k *inkScanner) text(g graphics, resources types.Dict, depth int) (found ink) {
	d := k.s.dict(g.font)
	if k.s.name(d["Subtype"]) == "Type3" {
		return k.glyphs(d, g, resources, depth)
	}
	for _, u := range []struct {
		uses, gone bool
		pen        pen
	}{{fillsText(g.render), g.fillGone, g.fill}, {strokesText(g.render), g.strokeGone, g.stroke}} {
		if u.uses && !u.gone && !u.pen.white {
			found.marks, found.solid = true, true
			found.chroma = max(found.chroma, u.pen.chroma)
		}
	}
	if found.marks {
		found.unembedded = d == nil || !k.embedded(g.font)
	}
	return found
}

// embedded reports whether a font's program is in the file.
func (k *inkScanner) embedded(o types.Object) bool {
	ref, isRef := o.(types.IndirectRef)
	if isRef {
		if known, ok := k.fonts[ref.ObjectNumber.Value()]; ok {
			return known
		}
	}
	is := k.s.hasProgram(k.s.dict(o))
	if isRef {
		k.fonts[ref.ObjectNumber.Value()] = is
	}
	return is
}

func (s *source) hasProgram(font types.Dict) bool {
	if s.name(font["Subtype"]) == "Type0" {
		kids := s.array(font["DescendantFonts"])
		if len(kids) == 0 {
			return false
		}
		font = s.dict(kids[0])
	}
	descriptor := s.dict(font["FontDescriptor"])
	for _, key := range []string{"FontFile", "FontFile2", "FontFile3"} {
		if _, ok := s.stream(descriptor[key]); ok {
			return true
		}
	}
	return false
}

// object is the ink of an XObject.
func (k *inkScanner) object(o types.Object, resources types.Dict, g graphics, depth int) ink {
	sd, ok := k.s.stream(o)
	if !ok || k.s.layers.hides(sd.Dict["OC"]) {
		return ink{}
	}
	if k.s.name(sd.Dict["Subtype"]) != "Image" {
		return k.form(o, sd, resources, g, depth)
	}
	if g.fillGone {
		return ink{}
	}
	p, known := pen{}, false
	ref, isRef := o.(types.IndirectRef)
	if k.isTrue(sd.Dict["ImageMask"]) {
		p = g.fill
	} else {
		if isRef {
			p, known = k.images[ref.ObjectNumber.Value()]
		}
		if !known {
			p = k.s.imagePen(sd, resources)
			if isRef {
				k.images[ref.ObjectNumber.Value()] = p
			}
		}
	}
	if p.white {
		return ink{}
	}
	return ink{marks: true, chroma: p.chroma}
}

func (k *inkScanner) isTrue(o types.Object) bool {
	b, _ := k.s.resolve(o).(types.Boolean)
	return bool(b)
}

// form is the ink of a form, tiling pattern or glyph procedure.
func (k *inkScanner) form(o types.Object, sd types.StreamDict, resources types.Dict, g graphics, depth int) ink {
	key := inkKey{fill: g.fill, stroke: g.stroke, gone: [2]bool{g.fillGone, g.strokeGone}, render: g.render}
	own := k.s.dict(sd.Dict["Resources"])
	if own == nil {
		own = resources
		key.resources = k.identity(resources)
	}
	if ref, ok := o.(types.IndirectRef); ok {
		key.object = ref.ObjectNumber.Value()
		if found, ok := k.memo[key]; ok {
			return found
		}
		k.memo[key] = ink{} // a form that draws itself adds nothing
	}
	data, ok := k.s.decode(sd, k.s.limits.MaxContentBytes)
	if !ok {
		return anything
	}
	found := k.scan(data, own, g, depth+1)
	if key.object != 0 {
		k.memo[key] = found
	}
	return found
}

// inlinePen judges the inline image at hand. Its colour space is looked at when
// it is named, its data when they are not encoded.
func (k *inkScanner) inlinePen(r *reading, g *graphics) (p pen, gone bool) {
	sd := r.inlineImage()
	if k.isTrue(sd.Dict["ImageMask"]) {
		return g.fill, g.fillGone
	}
	d := types.Dict{"BitsPerComponent": sd.Dict["BitsPerComponent"], "Width": sd.Dict["Width"]}
	if name, ok := sd.Dict["ColorSpace"].(types.Name); ok {
		d["ColorSpace"] = name
	}
	image := types.StreamDict{Dict: d, Raw: sd.Raw}
	if _, encoded := sd.Dict["Filter"]; encoded {
		image.FilterPipeline = []types.PDFFilter{{Name: "inline"}} // not decoded
	}
	return k.s.imagePen(image, r.resources), g.fillGone
}
