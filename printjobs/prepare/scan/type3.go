package scan

import (
	"reflect"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

// A glyph of a Type 3 font is a content stream. Programs that print to PDF make
// fonts of hundreds of them and show them a word at a time, so each is decoded
// and read once, not once a word.

// type3Key is a Type 3 font as text is shown in it.
type type3Key struct {
	font, resources uintptr
	fill, stroke    content.Pen
	gone            [2]bool
}

// identity tells one dictionary from another, for as long as the scanner lives.
// What is given in place has no object number to know it by.
func (k *InkScanner) identity(d syntax.Dict) uintptr {
	id := reflect.ValueOf(d).Pointer()
	if id != 0 {
		k.pinned[id] = d // so that its place is nobody else's
	}
	return id
}

// glyphs is the ink of showing text in a Type 3 font: that of all its glyphs.
func (k *InkScanner) glyphs(font syntax.Dict, g graphics, resources syntax.Dict, depth int) (found Ink) {
	own := k.s.Dict(font["Resources"])
	if own == nil {
		own = resources
	}
	key := type3Key{k.identity(font), k.identity(own), g.fill, g.stroke, [2]bool{g.fillGone, g.strokeGone}}
	if found, ok := k.type3[key]; ok {
		return found
	}
	k.type3[key] = Ink{} // a glyph that shows its own font adds nothing
	g.font = nil
	g.render = 0
	for _, o := range k.s.Dict(font["CharProcs"]) {
		if sd, ok := k.s.Stream(o); ok {
			found = found.Or(k.form(o, sd, own, g, depth))
		}
	}
	k.type3[key] = found
	return found
}

// type3Glyph is a glyph of one Type 3 font, as far as zones ask.
type type3Glyph struct {
	proc syntax.Object
	// box is around its ink in text space at size 1, whatever its colour, and
	// ink is false when it has none. Known when measured, for lines that are no
	// wider than width where the glyph does not say how wide they are.
	box           sheet.Rect
	ink, measured bool
	width         float64
}

const (
	// maxGlyphBytes bounds the decoded glyphs that are kept of one document.
	maxGlyphBytes = 32 << 20
	// glyphScale is the size in pt at which a glyph is measured: so large that
	// what is thickened to a hairline is small against it.
	glyphScale = 100
)

func (z *ZoneScanner) readType3(f *face, d syntax.Dict) {
	s := z.s
	var ok bool
	if f.matrix, ok = s.Matrix(d["FontMatrix"]); !ok {
		f.matrix = sheet.Matrix{0.001, 0, 0, 0.001, 0, 0}
	}
	f.procs, f.resources = map[int]*type3Glyph{}, s.Dict(d["Resources"])
	for code, proc := range content.GlyphProcs(s, d) {
		if proc != nil {
			f.procs[code] = &type3Glyph{proc: proc}
		}
	}
	first, _ := s.Integer(d["FirstChar"])
	for j, o := range s.Array(d["Widths"]) {
		if w, ok := s.Number(o); ok && first+j >= 0 && first+j < 256 {
			f.widths[first+j] = w * f.matrix[0]
		}
	}
}

// glyphContent returns what draws a glyph, decoded once for all fonts that have it.
func (z *ZoneScanner) glyphContent(proc syntax.Object) (data []byte, ok bool) {
	ref, isRef := proc.(syntax.IndirectRef)
	if isRef {
		if data, known := z.glyphs[ref.ObjectNumber.Value()]; known {
			return data, data != nil
		}
	}
	sd, ok := z.s.Stream(proc)
	if ok {
		data, ok = z.s.Decode(sd, z.s.Limits.MaxContentBytes)
	}
	switch {
	case !ok:
		data = nil
	case data == nil:
		data = []byte{}
	}
	if isRef && len(data) <= z.glyphRoom {
		z.glyphRoom -= len(data)
		z.glyphs[ref.ObjectNumber.Value()] = data
	}
	return data, ok
}

// type3 measures a glyph that is shown by the matrix m.
func (z *zoneDevice) type3(f *face, code int, m sheet.Matrix, r *content.Reading, g marking) {
	t := f.procs[code]
	if t == nil {
		return
	}
	resources := r.Resources
	if f.resources != nil {
		resources = f.resources
	}
	if g.ctm = f.matrix.Mul(m); !g.ctm.Finite() {
		return
	}
	g.face, g.render = nil, 0
	box, any := z.glyphInk(f, t, resources, g, r.Depth)
	if !any || !z.near(swollen(m.Bounds(box), hairline)) {
		return
	}
	if data, ok := z.glyphContent(t.proc); ok {
		z.drawGlyph(data, resources, g, r.Depth)
	}
}

func swollen(r sheet.Rect, by float64) sheet.Rect {
	return sheet.Rect{X0: r.X0 - by, Y0: r.Y0 - by, X1: r.X1 + by, Y1: r.Y1 + by}
}

// glyphInk returns the box around what a glyph can draw, in text space at size 1.
func (z *zoneDevice) glyphInk(f *face, t *type3Glyph, resources syntax.Dict, g marking, depth int) (sheet.Rect, bool) {
	if t.measured && g.width <= t.width {
		return t.box, t.ink
	}
	t.box, t.ink, t.measured, t.width = sheet.Rect{}, false, true, g.width // so one that shows itself adds nothing
	data, ok := z.glyphContent(t.proc)
	const far = 1e7
	all := sheet.Rect{X0: -far, Y0: -far, X1: far, Y1: far}
	g.graphics, g.clip = FreshGraphics, all
	g.ctm = f.matrix.Mul(sheet.Matrix{glyphScale, 0, 0, glyphScale, 0, 0})
	if !ok || !g.ctm.Finite() {
		return t.box, t.ink
	}
	areas, reach, hits, rough := z.areas, z.reach, z.Hits, z.rough
	z.areas, z.reach, z.Hits, z.rough = []sheet.Rect{all}, all, make([]hit, 1), true
	z.drawGlyph(data, resources, g, depth)
	found := z.Hits[0]
	z.areas, z.reach, z.Hits, z.rough = areas, reach, hits, rough
	box := swollen(found.Rect, hairline)
	t.box, t.ink = sheet.Rect{X0: box.X0 / glyphScale, Y0: box.Y0 / glyphScale, X1: box.X1 / glyphScale, Y1: box.Y1 / glyphScale}, found.Any
	return t.box, t.ink
}

// drawGlyph measures the content of a glyph. An image that draws it is judged by
// where its ink lies, not by how fine it is.
func (z *zoneDevice) drawGlyph(data []byte, resources syntax.Dict, g marking, depth int) {
	least := z.MinDPI
	z.MinDPI = 0
	z.scan(data, resources, g, z.textPlace, depth+1)
	z.MinDPI = least
}
