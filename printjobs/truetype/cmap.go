package truetype

import "encoding/binary"

// Encoding says what the codes of a subtable of cmap are, by the platform and the encoding under which it stands.
type Encoding struct{ Platform, Encoding int }

// The encodings that fonts in PDF are read by (ISO 32000-1, 9.6.6.4).
var (
	Unicode  = Encoding{3, 1} // of the Basic Multilingual Plane
	Symbol   = Encoding{3, 0} // codes of one byte, often with a high byte F0
	MacRoman = Encoding{1, 0} // codes of one byte
)

// Cmap maps character codes to glyphs: one subtable of a font's cmap. The zero value maps none.
type Cmap struct {
	format int
	data   []byte // of format 4: long enough for all segments
}

// The formats that are read. Others map nothing.
const (
	formatBytes    = 0 // a glyph for each of 256 codes
	formatSegments = 4 // runs of codes
	formatTrimmed  = 6 // one run of codes
)

// Cmap is the font's map for an encoding; it maps nothing when there is none. Of two, the last counts.
func (f *Font) Cmap(e Encoding) (m Cmap) {
	eachSubtable(f.tables["cmap"], func(of Encoding, data []byte) {
		if of == e && len(data) > 0 {
			m = newCmap(data)
		}
	})
	return m
}

// eachSubtable visits the subtables of cmap with their bytes and all that follow; data is nil for one that lies outside. It
// reports whether the list of them is whole.
func eachSubtable(cmap []byte, visit func(e Encoding, data []byte)) bool {
	if len(cmap) < 4 {
		return false
	}
	for i := range u16(cmap, 2) {
		at := 4 + 8*i
		if at+8 > len(cmap) {
			return false
		}
		var data []byte
		if start := uint64(binary.BigEndian.Uint32(cmap[at+4:])); start <= uint64(len(cmap)) {
			data = cmap[start:]
		}
		visit(Encoding{u16(cmap, at), u16(cmap, at+2)}, data)
	}
	return true
}

func newCmap(data []byte) Cmap {
	if len(data) < 2 {
		return Cmap{}
	}
	m := Cmap{u16(data, 0), data}
	switch m.format {
	case formatBytes:
	case formatSegments:
		if len(data) < 16 || len(data) < 16+8*m.segments() {
			return Cmap{}
		}
	case formatTrimmed:
		if len(data) < 10 {
			return Cmap{}
		}
	default:
		return Cmap{}
	}
	return m
}

// Glyph is the glyph of a character code. ok is false when the map does not have the code. The glyph may be 0 (.notdef), or
// one that the font lacks.
func (m Cmap) Glyph(code int) (glyph int, ok bool) {
	if m.data == nil || code < 0 {
		return 0, false
	}
	switch m.format {
	case formatBytes:
		if code < 256 && 6+code < len(m.data) {
			return int(m.data[6+code]), true
		}
	case formatTrimmed:
		i := code - u16(m.data, 6)
		if i >= 0 && i < u16(m.data, 8) {
			glyph, _ := m.at(10 + 2*i)
			return glyph, true
		}
	case formatSegments:
		if code >= lastCode {
			return 0, false
		}
		// In a sound font they do not overlap. In another, the last that has a glyph counts.
		for i := m.segments() - 1; i >= 0; i-- {
			if s := m.segment(i); s.start <= code && code <= s.end {
				if glyph, _ := m.glyphIn(s, code); glyph != 0 {
					return glyph, true
				}
			}
		}
	}
	return 0, false
}

// lastCode ends a list of segments and is no character.
const lastCode = 0xFFFF

// at reads a number that may lie outside.
func (m Cmap) at(place int) (v int, ok bool) {
	if place+2 > len(m.data) {
		return 0, false
	}
	return u16(m.data, place), true
}

// segments is how many segments a map of format 4 has.
func (m Cmap) segments() int { return u16(m.data, 6) / 2 }

// segment is a run of codes of a map of format 4.
type segment struct {
	start, end  int
	delta       int
	rangeOffset int // from rangeAt to the glyph of start; 0: the glyphs are the codes, plus delta
	rangeAt     int
}

func (m Cmap) segment(i int) segment {
	n := m.segments()
	rangeAt := 16 + 6*n + 2*i
	return segment{
		end: u16(m.data, 14+2*i), start: u16(m.data, 16+2*n+2*i), delta: u16(m.data, 16+4*n+2*i),
		rangeOffset: u16(m.data, rangeAt), rangeAt: rangeAt,
	}
}

// glyphIn is the glyph of a code that lies in a segment; whole is false when its entry lies outside the map.
func (m Cmap) glyphIn(s segment, code int) (glyph int, whole bool) {
	if s.rangeOffset == 0 {
		return (code + s.delta) & 0xFFFF, true
	}
	glyph, whole = m.at(s.rangeAt + s.rangeOffset + 2*(code-s.start))
	if glyph == 0 {
		return 0, whole
	}
	return (glyph + s.delta) & 0xFFFF, whole
}

// ByteCodes gives the glyphs of the 256 codes of a symbolic font without encoding in PDF (ISO 32000-1, 9.6.6.4): by [Symbol],
// whose codes may have a high byte, or by [MacRoman]. ok is false when programs may not agree on them: when there is neither,
// when the two differ or are damaged, when there is a third, or for a format that is not read here; and for a glyph that the
// font lacks.
func (s *Source) ByteCodes() (glyphs [256]int, ok bool) {
	sound := true
	whole := eachSubtable(s.tables["cmap"], func(e Encoding, data []byte) {
		if !sound || e != Symbol && e != MacRoman {
			sound = false // other programs might prefer it
			return
		}
		these, read := byteCodes(newCmap(data), e == Symbol)
		if !read || ok && these != glyphs {
			sound = false
			return
		}
		glyphs, ok = these, true
	})
	if !whole || !sound {
		return glyphs, false
	}
	for _, g := range glyphs {
		if g >= s.glyphs {
			return glyphs, false
		}
	}
	return glyphs, ok
}

// byteCodes reads a map strictly. In a symbolic one, codes may stand at F000 and above, and must all have the same high byte.
func byteCodes(m Cmap, symbol bool) (glyphs [256]int, ok bool) {
	if m.data == nil {
		return glyphs, false
	}
	switch m.format {
	case formatBytes:
		if len(m.data) < 262 {
			return glyphs, false
		}
		for i := range glyphs {
			glyphs[i] = int(m.data[6+i])
		}
	case formatTrimmed:
		first, count := u16(m.data, 6), u16(m.data, 8)
		if len(m.data) < 10+2*count || first+count > 256 {
			return glyphs, false
		}
		for i := range count {
			glyphs[first+i] = u16(m.data, 10+2*i)
		}
	case formatSegments:
		high := -1
		for i := range m.segments() {
			s := m.segment(i)
			if s.start == lastCode {
				continue
			}
			if high < 0 {
				high = s.start >> 8
			}
			if s.start > s.end || s.start>>8 != high || s.end>>8 != high || high != 0 && !(symbol && high == 0xF0) {
				return glyphs, false
			}
			for c := s.start; c <= s.end; c++ {
				glyph, whole := m.glyphIn(s, c)
				if !whole {
					return glyphs, false
				}
				if glyph != 0 || s.rangeOffset == 0 {
					glyphs[c&0xFF] = glyph
				}
			}
		}
	}
	return glyphs, true
}
