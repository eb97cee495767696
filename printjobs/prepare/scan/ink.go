// Package scan measures what is on a page without rendering it: whether it has ink and colour, where its ink lies, how fine its images
// are, and what it takes to draw it.
package scan

import (
	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/syntax"
)

// Ink is what a content stream puts on the paper.
//
// It is found by reading the drawing operators, following forms, patterns and
// Type 3 glyphs, without rendering. Where that is not exact it errs towards
// ink and towards colour:
//   - what is clipped away, covered or off the page still counts;
//   - a Type 3 font counts with all its glyphs, used or not;
//   - images: see ImagePen; shadings: see ShadingPen;
//   - a tint transform written in PostScript counts as colour;
//   - ICC profiles are taken by their number of components.
type Ink struct {
	Marks      bool  // anything but white
	Solid      bool  // some of it is no picture, whose pixels may be white
	Chroma     uint8 // of what is furthest from grey
	Unembedded bool  // text in a font that the file does not hold
}

// anything is the ink of what is not read.
var anything = Ink{Marks: true, Solid: true, Chroma: content.FullChroma}

// Or is the ink of both.
func (a Ink) Or(b Ink) Ink {
	return Ink{a.Marks || b.Marks, a.Solid || b.Solid, max(a.Chroma, b.Chroma), a.Unembedded || b.Unembedded}
}

// graphics is the part of the graphics state that ink depends on.
type graphics struct {
	fill, stroke           content.Pen
	fillSpace, strokeSpace *content.Space
	fillGone, strokeGone   bool // alpha is 0
	render                 int  // text rendering mode
	font                   syntax.Object
}

// FreshGraphics is the state in which a page begins.
var FreshGraphics = graphics{fillSpace: content.DeviceGray, strokeSpace: content.DeviceGray}

// InkScanner finds the ink of the pages of one document.
type InkScanner struct {
	s      *read.Document
	memo   map[inkKey]Ink
	fonts  map[int]bool // object number → embedded
	images map[int]content.Pen
	// pinned holds the dictionaries whose identities stand in memo and type3.
	pinned map[uintptr]syntax.Dict
	type3  map[type3Key]Ink
	Left   content.Allowance
}

type inkKey struct {
	object       int
	resources    uintptr // of what draws it, where it has none of its own
	fill, stroke content.Pen
	gone         [2]bool
	render       int
}

// NewInkScanner returns a scanner for the pages of one document.
func NewInkScanner(s *read.Document) *InkScanner {
	return &InkScanner{s: s, memo: map[inkKey]Ink{}, fonts: map[int]bool{}, images: map[int]content.Pen{},
		pinned: map[uintptr]syntax.Dict{}, type3: map[type3Key]Ink{}, Left: content.NewAllowance(content.MaxContentRead, 30)}
}

// Scan reads one content stream. It stops early only when there is nothing
// more to learn.
func (k *InkScanner) Scan(data []byte, resources syntax.Dict, g graphics, depth int) Ink {
	r, ok := k.Left.Begin(k.s, data, resources, depth)
	if !ok {
		return anything
	}
	d := &inkDevice{InkScanner: k}
	content.Interpret(r, g, d)
	return d.found
}

// inkDevice finds the ink of one content stream.
type inkDevice struct {
	content.Deaf[graphics]
	*InkScanner
	found Ink
	path  bool // there is one
}

func (d *inkDevice) More() bool {
	return !d.found.Solid || d.found.Chroma != content.FullChroma || !d.found.Unembedded
}

func (d *inkDevice) add(found Ink) { d.found = d.found.Or(found) }

func (d *inkDevice) mark(r *content.Reading, p content.Pen, gone bool) {
	if !p.White && !gone && r.Hidden == 0 {
		d.add(Ink{Marks: true, Solid: true, Chroma: p.Chroma})
	}
}

func (d *inkDevice) Segment(_ *content.Reading, op []byte) { d.path = d.path || op[0] != 'h' }

func (d *inkDevice) Paint(r *content.Reading, g *graphics, p content.Painting) {
	if d.path && p.Fill {
		d.mark(r, g.fill, g.fillGone)
	}
	if d.path && p.Stroke {
		d.mark(r, g.stroke, g.strokeGone)
	}
	d.path = false
}

func (d *inkDevice) Colour(r *content.Reading, g *graphics, op []byte) { d.setColour(r, g, op) }

func (d *inkDevice) Extend(r *content.Reading, g *graphics, name string) {
	d.setState(g, d.s.Dict(r.Entry("ExtGState", name)))
}

func (d *inkDevice) Font(r *content.Reading, g *graphics, name string, _ float64) {
	g.font = r.Entry("Font", name)
}

func (d *inkDevice) Render(g *graphics, mode int) { g.render = mode }

func (d *inkDevice) Show(r *content.Reading, g *graphics, _ []byte) {
	if r.Hidden == 0 && !r.OnlySpaces() {
		d.add(d.text(*g, r.Resources, r.Depth))
	}
}

func (d *inkDevice) Shade(r *content.Reading, g *graphics, name string) {
	d.mark(r, content.ShadingPen(d.s, r.Entry("Shading", name), r.Resources), g.fillGone)
}

func (d *inkDevice) Draw(r *content.Reading, g *graphics, name string) {
	d.add(d.Object(r.Entry("XObject", name), r.Resources, *g, r.Depth))
}

func (d *inkDevice) Inline(r *content.Reading, g *graphics) {
	if r.Hidden > 0 {
		return
	}
	if p, gone := d.inlinePen(r, g); !p.White && !gone {
		d.add(Ink{Marks: true, Chroma: p.Chroma})
	}
}

// setColour takes an operator that sets a colour or its space.
func (k *InkScanner) setColour(r *content.Reading, g *graphics, op []byte) {
	space, colour := &g.fillSpace, &g.fill
	if op[0] < 'a' {
		space, colour = &g.strokeSpace, &g.stroke
	}
	switch string(op) {
	case "g", "G":
		*space = content.DeviceGray
	case "rg", "RG":
		*space = content.DeviceRGB
	case "k", "K":
		*space = content.DeviceCMYK
	case "cs", "CS":
		if name, ok := r.LastName(); ok {
			*space = content.ColourSpace(k.s, syntax.Name(name), r.Resources, 0)
			*colour = (*space).Initial()
		}
		return
	}
	*colour = k.penOf(r, *space)
}

// penOf reads the operands of a colour operator in the given space.
func (k *InkScanner) penOf(r *content.Reading, sp *content.Space) content.Pen {
	if sp.Kind == content.SpacePattern {
		if name, ok := r.LastName(); ok {
			return k.pattern(r, name, sp)
		}
		return content.Coloured
	}
	if sp.Kind == content.SpaceUnknown {
		return content.Coloured
	}
	values := make([]float64, 0, 8)
	for _, a := range r.Args {
		if a.Kind == syntax.KindNumber {
			values = append(values, a.Number)
		}
	}
	if len(values) > sp.N {
		values = values[len(values)-sp.N:]
	}
	return content.Judge(k.s, sp, values, 0)
}

func (k *InkScanner) pattern(r *content.Reading, name string, sp *content.Space) content.Pen {
	o := r.Entry("Pattern", name)
	d := k.s.Dict(o)
	if d == nil {
		return content.White
	}
	if kind, _ := k.s.Integer(d["PatternType"]); kind == 2 {
		return content.ShadingPen(k.s, d["Shading"], r.Resources)
	}
	sd, ok := k.s.Stream(o)
	if !ok {
		return content.White
	}
	g := FreshGraphics
	if kind, _ := k.s.Integer(d["PaintType"]); kind == 2 && sp.Base != nil {
		p := k.penOf(r, sp.Base)
		g.fill, g.stroke = p, p
	}
	found := k.form(o, sd, r.Resources, g, r.Depth)
	return content.Pen{Chroma: found.Chroma, White: !found.Marks}
}

// setState applies an ExtGState dictionary.
func (k *InkScanner) setState(g *graphics, d syntax.Dict) {
	if v, ok := k.s.Number(d["ca"]); ok {
		g.fillGone = v == 0
	}
	if v, ok := k.s.Number(d["CA"]); ok {
		g.strokeGone = v == 0
	}
	if f := k.s.Array(d["Font"]); len(f) > 0 {
		g.font = f[0]
	}
}

// text is the ink of showing text in the current font.
func (k *InkScanner) text(g graphics, resources syntax.Dict, depth int) (found Ink) {
	d := k.s.Dict(g.font)
	if k.s.Name(d["Subtype"]) == "Type3" {
		return k.glyphs(d, g, resources, depth)
	}
	for _, u := range []struct {
		uses, gone bool
		pen        content.Pen
	}{{fillsText(g.render), g.fillGone, g.fill}, {strokesText(g.render), g.strokeGone, g.stroke}} {
		if u.uses && !u.gone && !u.pen.White {
			found.Marks, found.Solid = true, true
			found.Chroma = max(found.Chroma, u.pen.Chroma)
		}
	}
	if found.Marks {
		found.Unembedded = d == nil || !k.embedded(g.font)
	}
	return found
}

// embedded reports whether a font's program is in the file.
func (k *InkScanner) embedded(o syntax.Object) bool {
	ref, isRef := o.(syntax.IndirectRef)
	if isRef {
		if known, ok := k.fonts[ref.ObjectNumber.Value()]; ok {
			return known
		}
	}
	is := hasProgram(k.s, k.s.Dict(o))
	if isRef {
		k.fonts[ref.ObjectNumber.Value()] = is
	}
	return is
}

func hasProgram(s *read.Document, font syntax.Dict) bool {
	if s.Name(font["Subtype"]) == "Type0" {
		kids := s.Array(font["DescendantFonts"])
		if len(kids) == 0 {
			return false
		}
		font = s.Dict(kids[0])
	}
	descriptor := s.Dict(font["FontDescriptor"])
	for _, key := range []string{"FontFile", "FontFile2", "FontFile3"} {
		if _, ok := s.Stream(descriptor[key]); ok {
			return true
		}
	}
	return false
}

// Object is the ink of an XObject.
func (k *InkScanner) Object(o syntax.Object, resources syntax.Dict, g graphics, depth int) Ink {
	sd, ok := k.s.Stream(o)
	if !ok || k.s.Layers.Hides(sd.Dict["OC"]) {
		return Ink{}
	}
	if k.s.Name(sd.Dict["Subtype"]) != "Image" {
		return k.form(o, sd, resources, g, depth)
	}
	if g.fillGone {
		return Ink{}
	}
	p, known := content.Pen{}, false
	ref, isRef := o.(syntax.IndirectRef)
	if k.isTrue(sd.Dict["ImageMask"]) {
		p = g.fill
	} else {
		if isRef {
			p, known = k.images[ref.ObjectNumber.Value()]
		}
		if !known {
			p = content.ImagePen(k.s, sd, resources)
			if isRef {
				k.images[ref.ObjectNumber.Value()] = p
			}
		}
	}
	if p.White {
		return Ink{}
	}
	return Ink{Marks: true, Chroma: p.Chroma}
}

func (k *InkScanner) isTrue(o syntax.Object) bool {
	b, _ := k.s.Resolve(o).(syntax.Boolean)
	return bool(b)
}

// form is the ink of a form, tiling pattern or glyph procedure.
func (k *InkScanner) form(o syntax.Object, sd syntax.StreamDict, resources syntax.Dict, g graphics, depth int) Ink {
	key := inkKey{fill: g.fill, stroke: g.stroke, gone: [2]bool{g.fillGone, g.strokeGone}, render: g.render}
	own := k.s.Dict(sd.Dict["Resources"])
	if own == nil {
		own = resources
		key.resources = k.identity(resources)
	}
	if ref, ok := o.(syntax.IndirectRef); ok {
		key.object = ref.ObjectNumber.Value()
		if found, ok := k.memo[key]; ok {
			return found
		}
		k.memo[key] = Ink{} // a form that draws itself adds nothing
	}
	data, ok := k.s.Decode(sd, k.s.Limits.MaxContentBytes)
	if !ok {
		return anything
	}
	found := k.Scan(data, own, g, depth+1)
	if key.object != 0 {
		k.memo[key] = found
	}
	return found
}

// inlinePen judges the inline image at hand. Its colour space is looked at when
// it is named, its data when they are not encoded.
func (k *InkScanner) inlinePen(r *content.Reading, g *graphics) (p content.Pen, gone bool) {
	sd := r.InlineImage()
	if k.isTrue(sd.Dict["ImageMask"]) {
		return g.fill, g.fillGone
	}
	d := syntax.Dict{"BitsPerComponent": sd.Dict["BitsPerComponent"], "Width": sd.Dict["Width"]}
	if name, ok := sd.Dict["ColorSpace"].(syntax.Name); ok {
		d["ColorSpace"] = name
	}
	image := syntax.StreamDict{Dict: d, Raw: sd.Raw}
	if _, encoded := sd.Dict["Filter"]; encoded {
		image.FilterPipeline = []syntax.PDFFilter{{Name: "inline"}} // not decoded
	}
	return content.ImagePen(k.s, image, r.Resources), g.fillGone
}

// fillsText and strokesText tell of a way in which glyphs are drawn.
func fillsText(mode int) bool { return mode == 0 || mode == 2 || mode == 4 || mode == 6 }

func strokesText(mode int) bool { return mode == 1 || mode == 2 || mode == 5 || mode == 6 }
