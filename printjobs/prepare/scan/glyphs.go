package scan

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/font"
	"golang.org/x/text/encoding/charmap"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
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
	matrix    sheet.Matrix
	resources syntax.Dict
}

// defaultFace stands in for a font that is missing.
func defaultFace() *face { return &face{width: 0.6, low: -0.25, high: 1} }

func (z *ZoneScanner) faceOf(o syntax.Object) *face {
	d := z.s.Dict(o)
	id := z.k.identity(d)
	if f, ok := z.faces[id]; ok && d != nil {
		return f
	}
	f := z.readFace(d)
	z.faces[id] = f
	return f
}

func (z *ZoneScanner) readFace(d syntax.Dict) *face {
	f := defaultFace()
	s := z.s
	switch s.Name(d["Subtype"]) {
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
	descriptor := s.Dict(d["FontDescriptor"])
	z.readDescriptor(f, descriptor)
	if v, ok := s.Number(descriptor["MissingWidth"]); ok {
		f.width = v / 1000
	}
	base := s.Name(d["BaseFont"])
	core := font.IsCoreFont(base)
	if core && descriptor == nil {
		if box, err := font.BoundingBox(base); err == nil && box != nil {
			f.low, f.high = box.LL.Y/1000, box.UR.Y/1000
		}
	}
	first, _ := s.Integer(d["FirstChar"])
	widths := s.Array(d["Widths"])
	for i := range f.widths {
		f.widths[i] = f.width
		f.glyph[i] = -1
		if widths == nil && core {
			if w, err := font.CharWidth(base, rune(i)); err == nil {
				f.widths[i] = float64(w) / 1000
			}
		}
		if j := i - first; j >= 0 && j < len(widths) {
			if w, ok := s.Number(widths[j]); ok {
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
func (z *ZoneScanner) readDescriptor(f *face, descriptor syntax.Dict) {
	if box, ok := z.s.Rect(descriptor["FontBBox"]); ok && box.Height() > 0 && box.Height() < 20000 {
		f.low, f.high = box.Y0/1000, box.Y1/1000
	} else {
		up, _ := z.s.Number(descriptor["Ascent"])
		down, _ := z.s.Number(descriptor["Descent"])
		if down > 0 {
			down = -down
		}
		if up > 0 && up < 20000 {
			f.low, f.high = math.Min(down, 0)/1000, up/1000
		}
	}
}

// outlinesOf reads an embedded TrueType font; nil when there is none.
func (z *ZoneScanner) outlinesOf(descriptor syntax.Dict) *truetype.Font {
	if sd, ok := z.s.Stream(descriptor["FontFile2"]); ok {
		if data, ok := z.s.Decode(sd, z.s.Limits.MaxContentBytes); ok {
			if f, err := truetype.Open(data); err == nil {
				return f
			}
		}
	}
	return nil
}

func (z *ZoneScanner) readComposite(f *face, d syntax.Dict) {
	s := z.s
	f.twoBytes = true
	encoding := s.Name(d["Encoding"])
	f.vertical = len(encoding) > 2 && encoding[len(encoding)-2:] == "-V"
	kids := s.Array(d["DescendantFonts"])
	if len(kids) == 0 {
		return
	}
	kid := s.Dict(kids[0])
	descriptor := s.Dict(kid["FontDescriptor"])
	z.readDescriptor(f, descriptor)
	f.width = 1
	if v, ok := s.Number(kid["DW"]); ok {
		f.width = v / 1000
	}
	if encoding != "Identity-H" && encoding != "Identity-V" {
		return // which glyph a code shows is not followed
	}
	f.load = func() {
		if sd, ok := s.Stream(kid["CIDToGIDMap"]); ok {
			if f.cids, ok = s.Decode(sd, 1<<20); !ok {
				return
			}
		}
		f.outlines = z.outlinesOf(descriptor)
	}
	f.cidWidths = map[int]float64{}
	w := s.Array(kid["W"])
	for i := 0; i+1 < len(w); {
		first, _ := s.Integer(w[i])
		if list := s.Array(w[i+1]); list != nil {
			for j, o := range list {
				if v, ok := s.Number(o); ok {
					f.cidWidths[first+j] = v / 1000
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			break
		}
		last, _ := s.Integer(w[i+1])
		v, _ := s.Number(w[i+2])
		for c := max(first, 0); c <= min(last, 0xffff); c++ {
			f.cidWidths[c] = v / 1000
		}
		i += 3
	}
}

// mapCodes finds the glyphs of a simple TrueType font (ISO 32000-1 9.6.6.4).
// A code that a Differences array names otherwise stays unknown.
func (z *ZoneScanner) mapCodes(f *face, d, descriptor syntax.Dict) {
	s := z.s
	flags, _ := s.Integer(descriptor["Flags"])
	encoding := s.Name(d["Encoding"])
	custom := map[int]bool{}
	if e := s.Dict(d["Encoding"]); e != nil {
		encoding = s.Name(e["BaseEncoding"])
		code := 0
		for _, o := range s.Array(e["Differences"]) {
			if n, ok := s.Integer(o); ok {
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
func (d *zoneDevice) setText(r *content.Reading, g *marking, op []byte) {
	var v [2]float64
	switch string(op) {
	case "BT":
		d.text, d.line = sheet.Identity, sheet.Identity
	case "Tc":
		r.NumberOf(&g.chars, 1)
	case "Tw":
		r.NumberOf(&g.words, 1)
	case "Tz":
		r.NumberOf(&g.hscale, 0.01)
	case "TL":
		r.NumberOf(&g.leading, 1)
	case "Ts":
		r.NumberOf(&g.rise, 1)
	case "Td":
		if r.NumbersOf(v[:]) {
			d.nextLine(v[0], v[1])
		}
	case "TD":
		if r.NumbersOf(v[:]) {
			g.leading = -v[1]
			d.nextLine(v[0], v[1])
		}
	case "Tm":
		var m sheet.Matrix
		if r.NumbersOf(m[:]) && m.Finite() {
			d.text, d.line = m, m
		}
	case "T*":
		d.nextLine(0, -g.leading)
	}
}

// nextLine begins a line of text so far from the beginning of the last one.
func (p *textPlace) nextLine(x, y float64) {
	p.line = sheet.Matrix{1, 0, 0, 1, x, y}.Mul(p.line)
	p.text = p.line
}

// show shows the last operand, a string or an array of strings and shifts.
func (d *zoneDevice) Show(r *content.Reading, g *marking, op []byte) {
	n := len(r.Args)
	switch op[0] {
	case '"':
		if n > 2 {
			g.words, g.chars = r.Args[n-3].Number, r.Args[n-2].Number
		}
		fallthrough
	case '\'':
		d.nextLine(0, -g.leading)
	}
	if n == 0 {
		return
	}
	a := r.Args[n-1]
	if a.Kind != syntax.KindArray {
		d.showString(r.Text(a), r, g)
		return
	}
	in := r.Inside(a)
	for o, ok := in.Element(); ok; o, ok = in.Element() {
		if o.Kind == syntax.KindNumber {
			d.advance(g, -o.Number/1000*g.size)
		} else {
			d.showString(in.Text(o), r, g)
		}
	}
}

// advance moves by a distance in unscaled text space.
func (d *zoneDevice) advance(g *marking, by float64) {
	if g.face != nil && g.face.vertical {
		d.text = sheet.Matrix{1, 0, 0, 1, 0, by}.Mul(d.text)
		return
	}
	d.text = sheet.Matrix{1, 0, 0, 1, by * g.hscale, 0}.Mul(d.text)
}

// showString measures the glyphs of a string.
func (d *zoneDevice) showString(text []byte, r *content.Reading, g *marking) {
	f := g.face
	if f == nil {
		f = d.faceOf(nil)
		g.face = f
	}
	fills, strokes := fillsText(g.render), strokesText(g.render)
	marks := r.Hidden == 0 && (fills && !g.fill.White && !g.fillGone || strokes && !g.stroke.White && !g.strokeGone)
	if f.procs != nil {
		marks = r.Hidden == 0 && g.render != 3
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
			m := sheet.Matrix{g.size * g.hscale, 0, 0, g.size, 0, g.rise}.Mul(d.text).Mul(g.ctm)
			if f.procs != nil {
				d.type3(f, code, m, r, *g)
			} else if m.Finite() {
				if f.vertical {
					m = sheet.Matrix{1, 0, 0, 1, -width / 2, -0.88}.Mul(m)
				}
				// Most glyphs lie far from every zone, and then nothing more
				// needs to be known of them.
				far := swell + 0.5
				if d.near(m.Bounds(sheet.Rect{X0: math.Min(0, width) - far, Y0: f.low - far, X1: math.Max(0, width) + far, Y1: f.high + far})) {
					if box, any := f.boxOf(code, width); any {
						d.glyphBox(m, sheet.Rect{X0: box.X0 - swell, Y0: box.Y0 - swell, X1: box.X1 + swell, Y1: box.Y1 + swell}, g.clip)
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
func (z *ZoneScanner) near(r sheet.Rect) bool {
	for _, a := range z.areas {
		if _, ok := r.Intersect(a); ok {
			return true
		}
	}
	return false
}

func (z *ZoneScanner) glyphBox(m sheet.Matrix, box, clip sheet.Rect) {
	if m[1] == 0 && m[2] == 0 || m[0] == 0 && m[3] == 0 {
		b := m.Bounds(box)
		if _, ok := b.Intersect(z.reach); ok {
			z.box(b, clip)
		}
		return
	}
	q := [4]point{{box.X0, box.Y0}, {box.X1, box.Y0}, {box.X1, box.Y1}, {box.X0, box.Y1}}
	for i, p := range q {
		q[i].x, q[i].y = m.Apply(p.x, p.y)
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
func (f *face) boxOf(code int, width float64) (box sheet.Rect, any bool) {
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
			return sheet.NewRect(float64(b.XMin)/em, float64(b.YMin)/em, float64(b.XMax)/em, float64(b.YMax)/em), inked
		}
	}
	if !f.twoBytes && (code == ' ' || code == 0xa0) {
		return sheet.Rect{}, false
	}
	return sheet.Rect{X0: math.Min(0, width), Y0: f.low, X1: math.Max(0, width), Y1: f.high}, true
}
