package prepare

import (
	"bytes"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

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
	// budget is the number of content bytes that may still be read. Forms
	// that call each other many times over would else take for ever.
	budget int64
}

type inkKey struct {
	object       int
	resources    uintptr // of what draws it, where it has none of its own
	fill, stroke pen
	gone         [2]bool
	render       int
}

// maxInkBytes bounds the content read for the facts of one document.
const maxInkBytes = 2 << 30

func newInkScanner(s *source) *inkScanner {
	return &inkScanner{s: s, memo: map[inkKey]ink{}, fonts: map[int]bool{}, images: map[int]pen{},
		pinned: map[uintptr]types.Dict{}, type3: map[type3Key]ink{}, budget: maxInkBytes}
}

// scan reads one content stream. It stops early only when there is nothing
// more to learn.
func (k *inkScanner) scan(data []byte, resources types.Dict, g graphics, depth int) (found ink) {
	if depth > 30 {
		return anything
	}
	k.budget -= int64(len(data)) + 64
	if k.budget < 0 {
		return anything
	}
	t := &tokens{data: data}
	var stack []graphics
	section := sectionStack{layers: k.s.layers}
	path := false
	paint := func(p pen, gone bool) {
		if !p.white && !gone && section.hidden == 0 {
			found.marks, found.solid = true, true
			found.chroma = max(found.chroma, p.chroma)
		}
	}
	for op := t.next(); op != nil; op = t.next() {
		switch string(op) {
		case "q":
			if len(stack) < 1<<16 {
				stack = append(stack, g)
			}
		case "Q":
			if n := len(stack); n > 0 {
				g, stack = stack[n-1], stack[:n-1]
			}
		case "m", "re", "l", "c", "v", "y":
			path = true
		case "n":
			path = false
		case "f", "F", "f*":
			if path {
				paint(g.fill, g.fillGone)
			}
			path = false
		case "S", "s":
			if path {
				paint(g.stroke, g.strokeGone)
			}
			path = false
		case "B", "B*", "b", "b*":
			if path {
				paint(g.fill, g.fillGone)
				paint(g.stroke, g.strokeGone)
			}
			path = false
		case "g":
			g.fillSpace, g.fill = deviceGray, k.colour(t, deviceGray, resources, depth)
		case "G":
			g.strokeSpace, g.stroke = deviceGray, k.colour(t, deviceGray, resources, depth)
		case "rg":
			g.fillSpace, g.fill = deviceRGB, k.colour(t, deviceRGB, resources, depth)
		case "RG":
			g.strokeSpace, g.stroke = deviceRGB, k.colour(t, deviceRGB, resources, depth)
		case "k":
			g.fillSpace, g.fill = deviceCMYK, k.colour(t, deviceCMYK, resources, depth)
		case "K":
			g.strokeSpace, g.stroke = deviceCMYK, k.colour(t, deviceCMYK, resources, depth)
		case "cs":
			if name, ok := t.lastName(); ok {
				g.fillSpace = k.s.colourSpace(types.Name(name), resources, 0)
				g.fill = g.fillSpace.initial()
			}
		case "CS":
			if name, ok := t.lastName(); ok {
				g.strokeSpace = k.s.colourSpace(types.Name(name), resources, 0)
				g.stroke = g.strokeSpace.initial()
			}
		case "sc", "scn":
			g.fill = k.colour(t, g.fillSpace, resources, depth)
		case "SC", "SCN":
			g.stroke = k.colour(t, g.strokeSpace, resources, depth)
		case "sh":
			if name, ok := t.lastName(); ok {
				paint(k.s.shadingPen(k.s.dict(resources["Shading"])[name], resources), g.fillGone)
			}
		case "gs":
			if name, ok := t.lastName(); ok {
				k.extend(&g, k.s.dict(k.s.dict(resources["ExtGState"])[name]))
			}
		case "Tr":
			if n := len(t.args); n > 0 {
				g.render = int(t.args[n-1].number)
			}
		case "Tf":
			if len(t.args) > 1 && t.args[len(t.args)-2].kind == kindName {
				g.font = k.s.dict(resources["Font"])[t.nameOf(t.args[len(t.args)-2])]
			}
		case "Tj", "TJ", "'", "\"":
			if section.hidden == 0 && !t.onlySpaces() {
				found = found.or(k.text(g, resources, depth))
			}
		case "Do":
			if name, ok := t.lastName(); ok && section.hidden == 0 {
				found = found.or(k.object(k.s.dict(resources["XObject"])[name], resources, g, depth))
			}
		case "BI":
			if section.hidden == 0 {
				if p, gone := k.inline(t, resources, g); !p.white && !gone {
					found = found.or(ink{marks: true, chroma: p.chroma})
				}
			}
		case "BDC", "BMC", "EMC":
			section.mark(k.s, t, op, resources)
		}
		if found.solid && found.chroma == fullChroma && found.unembedded {
			return found
		}
	}
	return found
}

// colour reads the operands of a colour operator in the given space.
func (k *inkScanner) colour(t *tokens, sp *space, resources types.Dict, depth int) pen {
	if sp.kind == spacePattern {
		if name, ok := t.lastName(); ok {
			return k.pattern(k.s.dict(resources["Pattern"])[name], t, sp, resources, depth)
		}
		return coloured
	}
	if sp.kind == spaceUnknown {
		return coloured
	}
	values := make([]float64, 0, 8)
	for _, a := range t.args {
		if a.kind == kindNumber {
			values = append(values, a.number)
		}
	}
	if len(values) > sp.n {
		values = values[len(values)-sp.n:]
	}
	return k.s.judge(sp, values, 0)
}

func (k *inkScanner) pattern(o types.Object, t *tokens, sp *space, resources types.Dict, depth int) pen {
	d := k.s.dict(o)
	if d == nil {
		return white
	}
	if kind, _ := k.s.integer(d["PatternType"]); kind == 2 {
		return k.s.shadingPen(d["Shading"], resources)
	}
	sd, ok := k.s.stream(o)
	if !ok {
		return white
	}
	g := freshGraphics
	if kind, _ := k.s.integer(d["PaintType"]); kind == 2 && sp.base != nil {
		p := k.colour(t, sp.base, resources, depth)
		g.fill, g.stroke = p, p
	}
	found := k.form(o, sd, resources, g, depth)
	return pen{chroma: found.chroma, white: !found.marks}
}

// extend applies an ExtGState dictionary.
func (k *inkScanner) extend(g *graphics, d types.Dict) {
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
	fill := g.render == 0 || g.render == 2 || g.render == 4 || g.render == 6
	stroke := g.render == 1 || g.render == 2 || g.render == 5 || g.render == 6
	d := k.s.dict(g.font)
	if k.s.name(d["Subtype"]) == "Type3" {
		return k.glyphs(d, g, resources, depth)
	}
	for _, u := range []struct {
		uses, gone bool
		pen        pen
	}{{fill, g.fillGone, g.fill}, {stroke, g.strokeGone, g.stroke}} {
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

// inline judges an inline image.
func (k *inkScanner) inline(t *tokens, resources types.Dict, g graphics) (p pen, gone bool) {
	d := types.Dict{}
	for i := 0; i+1 < len(t.image); i += 2 {
		if t.image[i].kind != kindName {
			continue
		}
		v := t.image[i+1]
		raw := t.data[v.start:v.end]
		switch name := t.nameOf(t.image[i]); name {
		case "ImageMask", "IM":
			if bytes.Equal(raw, []byte("true")) {
				return g.fill, g.fillGone
			}
		case "ColorSpace", "CS":
			if v.kind == kindName {
				d["ColorSpace"] = types.Name(t.nameOf(v))
			}
		case "BitsPerComponent", "BPC":
			d["BitsPerComponent"] = types.Integer(int(v.number))
		case "Width", "W":
			d["Width"] = types.Integer(int(v.number))
		case "Filter", "F":
			d["Filter"] = types.Name("inline") // data not decoded
		}
	}
	sd := types.StreamDict{Dict: d, Raw: t.imageData}
	if d["Filter"] != nil {
		sd.FilterPipeline = []types.PDFFilter{{Name: "inline"}}
	}
	return k.s.imagePen(sd, resources), g.fillGone
}

func (t *tokens) lastName() (string, bool) {
	if n := len(t.args); n > 0 && t.args[n-1].kind == kindName {
		return t.nameOf(t.args[n-1]), true
	}
	return "", false
}

// onlySpaces reports that the strings of a text-showing operator hold nothing
// but spaces in the usual one-byte encodings, so that no glyph is drawn.
func (t *tokens) onlySpaces() bool {
	for _, a := range t.args {
		switch a.kind {
		case kindString:
			if len(bytes.Trim(t.data[a.start:a.end], "() ")) > 0 {
				return false
			}
		case kindHex:
			if len(bytes.Trim(t.data[a.start:a.end], "<> ")) > 0 {
				return false
			}
		case kindArray:
			if !onlySpacesArray(t.data[a.start+1 : max(a.start+1, a.end-1)]) {
				return false
			}
		}
	}
	return true
}

func onlySpacesArray(data []byte) bool {
	t := &tokens{data: data}
	for t.skipSpace(); t.pos < len(data); t.skipSpace() {
		o, ok := t.operand(0)
		if !ok || o.kind == kindNumber {
			continue
		}
		if o.kind != kindString && o.kind != kindHex || len(bytes.Trim(data[o.start:o.end], "()<> ")) > 0 {
			return false
		}
	}
	return true
}
