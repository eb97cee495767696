package prepare

import (
	"reflect"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// A glyph of a Type 3 font is a content stream. Programs that print to PDF make
// fonts of hundreds of them and show them a word at a time, so each is decoded
// and read once, not once a word.

// type3Key is a Type 3 font as text is shown in it.
type type3Key struct {
	font, resources uintptr
	fill, stroke    pen
	gone            [2]bool
}

// identity tells one dictionary from another, for as long as the scanner lives.
// What is given in place has no object number to know it by.
func (k *inkScanner) identity(d types.Dict) uintptr {
	id := reflect.ValueOf(d).Pointer()
	if id != 0 {
		k.pinned[id] = d // so that its place is nobody else's
	}
	return id
}

// glyphs is the ink of showing text in a Type 3 font: that of all its glyphs.
func (k *inkScanner) glyphs(font types.Dict, g graphics, resources types.Dict, depth int) (found ink) {
	own := k.s.dict(font["Resources"])
	if own == nil {
		own = resources
	}
	key := type3Key{k.identity(font), k.identity(own), g.fill, g.stroke, [2]bool{g.fillGone, g.strokeGone}}
	if found, ok := k.type3[key]; ok {
		return found
	}
	k.type3[key] = ink{} // a glyph that shows its own font adds nothing
	g.font = nil
	g.render = 0
	for _, o := range k.s.dict(font["CharProcs"]) {
		if sd, ok := k.s.stream(o); ok {
			found = found.or(k.form(o, sd, own, g, depth))
		}
	}
	k.type3[key] = found
	return found
}

// type3Glyph is a glyph of one Type 3 font, as far as zones ask.
type type3Glyph struct {
	proc types.Object
	// box is around its ink in text space at size 1, whatever its colour, and
	// ink is false when it has none. Known when measured, for lines that are no
	// wider than width where the glyph does not say how wide they are.
	box           rect
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

func (z *zoneScanner) readType3(f *face, d types.Dict) {
	s := z.s
	var ok bool
	if f.matrix, ok = s.matrix(d["FontMatrix"]); !ok {
		f.matrix = matrix{0.001, 0, 0, 0.001, 0, 0}
	}
	f.procs, f.resources = map[int]*type3Glyph{}, s.dict(d["Resources"])
	for code, proc := range s.glyphProcs(d) {
		if proc != nil {
			f.procs[code] = &type3Glyph{proc: proc}
		}
	}
	first, _ := s.integer(d["FirstChar"])
	for j, o := range s.array(d["Widths"]) {
		if w, ok := s.number(o); ok && first+j >= 0 && first+j < 256 {
			f.widths[first+j] = w * f.matrix[0]
		}
	}
}

// glyphContent returns what draws a glyph, decoded once for all fonts that have it.
func (z *zoneScanner) glyphContent(proc types.Object) (data []byte, ok bool) {
	ref, isRef := proc.(types.IndirectRef)
	if isRef {
		if data, known := z.glyphs[ref.ObjectNumber.Value()]; known {
			return data, data != nil
		}
	}
	sd, ok := z.s.stream(proc)
	if ok {
		data, ok = z.s.decode(sd, z.s.limits.MaxContentBytes)
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
func (z *zoneDevice) type3(f *face, code int, m matrix, r *reading, g marking) {
	t := f.procs[code]
	if t == nil {
		return
	}
	resources := r.resources
	if f.resources != nil {
		resources = f.resources
	}
	if g.ctm = f.matrix.mul(m); !g.ctm.finite() {
		return
	}
	g.face, g.render = nil, 0
	box, any := z.glyphInk(f, t, resources, g, r.depth)
	if !any || !z.near(swollen(m.bounds(box), hairline)) {
		return
	}
	if data, ok := z.glyphContent(t.proc); ok {
		z.drawGlyph(data, resources, g, r.depth)
	}
}

func swollen(r rect, by float64) rect { return rect{r.x0 - by, r.y0 - by, r.x1 + by, r.y1 + by} }

// glyphInk returns the box around what a glyph can draw, in text space at size 1.
func (z *zoneDevice) glyphInk(f *face, t *type3Glyph, resources types.Dict, g marking, depth int) (rect, bool) {
	if t.measured && g.width <= t.width {
		return t.box, t.ink
	}
	t.box, t.ink, t.measured, t.width = rect{}, false, true, g.width // so one that shows itself adds nothing
	data, ok := z.glyphContent(t.proc)
	const far = 1e7
	all := rect{-far, -far, far, far}
	g.graphics, g.clip = freshGraphics, all
	g.ctm = f.matrix.mul(matrix{glyphScale, 0, 0, glyphScale, 0, 0})
	if !ok || !g.ctm.finite() {
		return t.box, t.ink
	}
	areas, reach, hits, rough := z.areas, z.reach, z.hits, z.rough
	z.areas, z.reach, z.hits, z.rough = []rect{all}, all, make([]hit, 1), true
	z.drawGlyph(data, resources, g, depth)
	found := z.hits[0]
	z.areas, z.reach, z.hits, z.rough = areas, reach, hits, rough
	box := swollen(found.rect, hairline)
	t.box, t.ink = rect{box.x0 / glyphScale, box.y0 / glyphScale, box.x1 / glyphScale, box.y1 / glyphScale}, found.any
	return t.box, t.ink
}

// drawGlyph measures the content of a glyph. An image that draws it is judged by
// where its ink lies, not by how fine it is.
func (z *zoneDevice) drawGlyph(data []byte, resources types.Dict, g marking, depth int) {
	least := z.minDPI
	z.minDPI = 0
	z.scan(data, resources, g, z.textPlace, depth+1)
	z.minDPI = least
}
