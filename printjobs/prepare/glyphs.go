package prepare

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/font"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
	"golang.org/x/text/encoding/charmap"

	"postgang/printjobs/truetype"
)

func sortFloats(v []float64) { slices.Sort(v) }

func sortCrossings(v []crossing) {
	slices.SortFunc(v, func(a, b crossing) int {
		switch {
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		}
		return 0
	})
}

// face is a font as far as the boxes of its glyphs need it. Lengths are in ems.
type face struct {
	twoBytes, vertical bool
	widths             [256]float64    // of a simple font
	cidWidths          map[int]float64 // of a composite one
	width              float64         // of what is not in them
	low, high          float64         // of any glyph
	load               func()          // reads the outlines; nil: done, or none
	outlines           *truetype.Font  // nil: none, or not read yet
	glyph              [256]int        // of a simple font in outlines, -1: not known
	cids               []byte          // CIDToGIDMap; nil: identity

	// Type 3:
	procs     map[int]*type3Glyph // by character code
	matrix    matrix
	resources types.Dict
}

// defaultFace stands in for a font that is missing.
func defaultFace() *face { return &face{width: 0.6, low: -0.25, high: 1} }

func (z *zoneScanner) faceOf(o types.Object) *face {
	d := z.s.dict(o)
	id := z.k.identity(d)
	if f, ok := z.faces[id]; ok && d != nil {
		return f
	}
	f := z.readFace(d)
	z.faces[id] = f
	return f
}

func (z *zoneScanner) readFace(d types.Dict) *face {
	f := defaultFace()
	s := z.s
	switch s.name(d["Subtype"]) {
	case "":
		for i := range f.widths {
			f.widths[i] = f.width
			f.glyph[i] = -1
		}
		return f
	case "Type0":
		z.readComposite(f, d)
		return f
	case "Type3":
		z.readType3(f, d)
		return f
	}
	descriptor := s.dict(d["FontDescriptor"])
	z.readDescriptor(f, descriptor)
	if v, ok := s.number(descriptor["MissingWidth"]); ok {
		f.width = v / 1000
	}
	base := s.name(d["BaseFont"])
	core := font.IsCoreFont(base)
	if core && descriptor == nil {
		if box, err := font.BoundingBox(base); err == nil && box != nil {
			f.low, f.high = box.LL.Y/1000, box.UR.Y/1000
		}
	}
	first, _ := s.integer(d["FirstChar"])
	widths := s.array(d["Widths"])
	for i := range f.widths {
		f.widths[i] = f.width
		f.glyph[i] = -1
		if widths == nil && core {
			if w, err := font.CharWidth(base, rune(i)); err == nil {
				f.widths[i] = float64(w) / 1000
			}
		}
		if j := i - first; j >= 0 && j < len(widths) {
			if w, ok := s.number(widths[j]); ok {
				f.widths[i] = w / 1000
			}
		}
	}
	f.load = func() {
		if f.outlines = z.outlinesOf(descriptor); f.outlines != nil {
			z.mapCodes(f, d, descriptor)
		}
	}
	return f
}

// readDescriptor takes the height of a font's box.
func (z *zoneScanner) readDescriptor(f *face, descriptor types.Dict) {
	if box, ok := z.s.rect(descriptor["FontBBox"]); ok && box.height() > 0 && box.height() < 20000 {
		f.low, f.high = box.y0/1000, box.y1/1000
	} else {
		up, _ := z.s.number(descriptor["Ascent"])
		down, _ := z.s.number(descriptor["Descent"])
		if down > 0 {
			down = -down
		}
		if up > 0 && up < 20000 {
			f.low, f.high = math.Min(down, 0)/1000, up/1000
		}
	}
}

// outlinesOf reads an embedded TrueType font; nil when there is none.
func (z *zoneScanner) outlinesOf(descriptor types.Dict) *truetype.Font {
	if sd, ok := z.s.stream(descriptor["FontFile2"]); ok {
		if data, ok := z.s.decode(sd, z.s.limits.MaxContentBytes); ok {
			if f, err := truetype.Open(data); err == nil {
				return f
			}
		}
	}
	return nil
}

func (z *zoneScanner) readComposite(f *face, d types.Dict) {
	s := z.s
	f.twoBytes = true
	encoding := s.name(d["Encoding"])
	f.vertical = len(encoding) > 2 && encoding[len(encoding)-2:] == "-V"
	kids := s.array(d["DescendantFonts"])
	if len(kids) == 0 {
		return
	}
	kid := s.dict(kids[0])
	descriptor := s.dict(kid["FontDescriptor"])
	z.readDescriptor(f, descriptor)
	f.width = 1
	if v, ok := s.number(kid["DW"]); ok {
		f.width = v / 1000
	}
	if encoding != "Identity-H" && encoding != "Identity-V" {
		return // which glyph a code shows is not followed
	}
	f.load = func() {
		if sd, ok := s.stream(kid["CIDToGIDMap"]); ok {
			if f.cids, ok = s.decode(sd, 1<<20); !ok {
				return
			}
		}
		f.outlines = z.outlinesOf(descriptor)
	}
	f.cidWidths = map[int]float64{}
	w := s.array(kid["W"])
	for i := 0; i+1 < len(w); {
		first, _ := s.integer(w[i])
		if list := s.array(w[i+1]); list != nil {
			for j, o := range list {
				if v, ok := s.number(o); ok {
					f.cidWidths[first+j] = v / 1000
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			break
		}
		last, _ := s.integer(w[i+1])
		v, _ := s.number(w[i+2])
		for c := max(first, 0); c <= min(last, 0xffff); c++ {
			f.cidWidths[c] = v / 1000
		}
		i += 3
	}
}

// mapCodes finds the glyphs of a simple TrueType font (ISO 32000-1 9.6.6.4).
// A code that a Differences array names otherwise stays unknown.
func (z *zoneScanner) mapCodes(f *face, d, descriptor types.Dict) {
	s := z.s
	flags, _ := s.integer(descriptor["Flags"])
	encoding := s.name(d["Encoding"])
	custom := map[int]bool{}
	if e := s.dict(d["Encoding"]); e != nil {
		encoding = s.name(e["BaseEncoding"])
		code := 0
		for _, o := range s.array(e["Differences"]) {
			if n, ok := s.integer(o); ok {
				code = n
				continue
			}
			custom[code] = true
			code++
		}
	}
	symbolic := flags&4 != 0 || d["Encoding"] == nil
	unicode, symbol, mac := f.outlines.Cmap(truetype.Unicode), f.outlines.Cmap(truetype.Symbol), f.outlines.Cmap(truetype.MacRoman)
	for code := range f.glyph {
		if custom[code] {
			continue
		}
		gid, ok := 0, false
		if !symbolic {
			r := charmap.Windows1252.DecodeByte(byte(code))
			if encoding == "MacRomanEncoding" {
				r = charmap.Macintosh.DecodeByte(byte(code))
			}
			gid, ok = unicode.Glyph(int(r))
		}
		for _, try := range []struct {
			cmap truetype.Cmap
			code int
		}{{symbol, code}, {symbol, 0xf000 + code}, {mac, code}} {
			if !ok {
				gid, ok = try.cmap.Glyph(try.code)
			}
		}
		if ok {
			f.glyph[code] = gid
		}
	}
}

// setText takes an operator of the text state.
func (d *zoneDevice) setText(r *reading, g *marking, op []byte) {
	var v [2]float64
	switch string(op) {
	case "BT":
		d.text, d.line = identity, identity
	case "Tc":
		r.numberOf(&g.chars, 1)
	case "Tw":
		r.numberOf(&g.words, 1)
	case "Tz":
		r.numberOf(&g.hscale, 0.01)
	case "TL":
		r.numberOf(&g.leading, 1)
	case "Ts":
		r.numberOf(&g.rise, 1)
	case "Td":
		if r.numbersOf(v[:]) {
			d.nextLine(v[0], v[1])
		}
	case "TD":
		if r.numbersOf(v[:]) {
			g.leading = -v[1]
			d.nextLine(v[0], v[1])
		}
	case "Tm":
		var m matrix
		if r.numbersOf(m[:]) && m.finite() {
			d.text, d.line = m, m
		}
	case "T*":
		d.nextLine(0, -g.leading)
	}
}

// numberOf sets a number to the last numeric operand, if there is one, times
// scale.
func (t *tokens) numberOf(to *float64, scale float64) {
	var v [1]float64
	if t.numbersOf(v[:]) {
		*to = v[0] * scale
	}
}

// nextLine begins a line of text so far from the beginning of the last one.
func (p *textPlace) nextLine(x, y float64) {
	p.line = matrix{1, 0, 0, 1, x, y}.mul(p.line)
	p.text = p.line
}

// show shows the last operand, a string or an array of strings and shifts.
func (d *zoneDevice) show(r *reading, g *marking, op []byte) {
	n := len(r.args)
	switch op[0] {
	case '"':
		if n > 2 {
			g.words, g.chars = r.args[n-3].number, r.args[n-2].number
		}
		fallthrough
	case '\'':
		d.nextLine(0, -g.leading)
	}
	if n == 0 {
		return
	}
	a := r.args[n-1]
	if a.kind != kindArray {
		d.showString(r.text(a), r, g)
		return
	}
	in := r.inside(a)
	for o, ok := in.element(); ok; o, ok = in.element() {
		if o.kind == kindNumber {
			d.advance(g, -o.number/1000*g.size)
		} else {
			d.showString(in.text(o), r, g)
		}
	}
}

// advance moves by a distance in unscaled text space.
func (d *zoneDevice) advance(g *marking, by float64) {
	if g.face != nil && g.face.vertical {
		d.text = matrix{1, 0, 0, 1, 0, by}.mul(d.text)
		return
	}
	d.text = matrix{1, 0, 0, 1, by * g.hscale, 0}.mul(d.text)
}

// showString measures the glyphs of a string.
func (d *zoneDevice) showString(text []byte, r *reading, g *marking) {
	f := g.face
	if f == nil {
		f = d.faceOf(nil)
		g.face = f
	}
	fills, strokes := fillsText(g.render), strokesText(g.render)
	marks := r.hidden == 0 && (fills && !g.fill.white && !g.fillGone || strokes && !g.stroke.white && !g.strokeGone)
	if f.procs != nil {
		marks = r.hidden == 0 && g.render != 3
	}
	swell := 0.0 // of stroked glyphs, in ems
	if strokes && g.size != 0 {
		swell = math.Abs(g.width / 2 / g.size)
	}
	step := 1
	if f.twoBytes {
		step = 2
	}
	for i := 0; i+step <= len(text); i += step {
		code := int(text[i])
		if f.twoBytes {
			code = code<<8 | int(text[i+1])
		}
		width := f.advanceOf(code)
		if marks {
			m := matrix{g.size * g.hscale, 0, 0, g.size, 0, g.rise}.mul(d.text).mul(g.ctm)
			if f.procs != nil {
				d.type3(f, code, m, r, *g)
			} else if m.finite() {
				if f.vertical {
					m = matrix{1, 0, 0, 1, -width / 2, -0.88}.mul(m)
				}
				// Most glyphs lie far from every zone, and then nothing more
				// needs to be known of them.
				far := swell + 0.5
				if d.near(m.bounds(rect{math.Min(0, width) - far, f.low - far, math.Max(0, width) + far, f.high + far})) {
					if box, any := f.boxOf(code, width); any {
						d.glyphBox(m, rect{box.x0 - swell, box.y0 - swell, box.x1 + swell, box.y1 + swell}, g.clip)
					}
				}
			}
		}
		by := width*g.size + g.chars
		if f.vertical {
			by = -g.size + g.chars
		}
		if code == ' ' && !f.twoBytes {
			by += g.words
		}
		d.advance(g, by)
	}
}

// near reports whether something may reach into a zone.
func (z *zoneScanner) near(r rect) bool {
	for _, a := range z.areas {
		if _, ok := r.intersect(a); ok {
			return true
		}
	}
	return false
}

func (z *zoneScanner) glyphBox(m matrix, box, clip rect) {
	if m[1] == 0 && m[2] == 0 || m[0] == 0 && m[3] == 0 {
		b := m.bounds(box)
		if _, ok := b.intersect(z.reach); ok {
			z.box(b, clip)
		}
		return
	}
	q := [4]point{{box.x0, box.y0}, {box.x1, box.y0}, {box.x1, box.y1}, {box.x0, box.y1}}
	for i, p := range q {
		q[i].x, q[i].y = m.apply(p.x, p.y)
	}
	z.polygon(q[:], clip)
}

func (f *face) advanceOf(code int) float64 {
	if !f.twoBytes {
		return f.widths[code]
	}
	if w, ok := f.cidWidths[code]; ok {
		return w
	}
	return f.width
}

// boxOf returns the box of a glyph in ems; any is false for one without marks.
func (f *face) boxOf(code int, width float64) (box rect, any bool) {
	if f.load != nil {
		f.load()
		f.load = nil
	}
	if f.outlines != nil {
		gid := code
		switch {
		case !f.twoBytes:
			gid = f.glyph[code]
		case f.cids != nil:
			if gid = -1; 2*code+1 < len(f.cids) {
				gid = int(binary.BigEndian.Uint16(f.cids[2*code:]))
			}
		}
		if b, inked, ok := f.outlines.GlyphBounds(gid); ok {
			em := float64(f.outlines.UnitsPerEm())
			return newRect(float64(b.XMin)/em, float64(b.YMin)/em, float64(b.XMax)/em, float64(b.YMax)/em), inked
		}
	}
	if !f.twoBytes && (code == ' ' || code == 0xa0) {
		return rect{}, false
	}
	return rect{math.Min(0, width), f.low, math.Max(0, width), f.high}, true
}
