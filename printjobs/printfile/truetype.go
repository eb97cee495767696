package printfile

import (
	"encoding/binary"
	"errors"
	"slices"
)

// trueType is a parsed TrueType font program, as embedded in PDF (FontFile2).
// Tables are looked at only as far as taking glyphs out needs them (OpenType
// specification, chapters on the tables named).
type trueType struct {
	tables  map[string][]byte
	glyphs  int // numGlyphs of maxp
	long    bool
	metrics int // numberOfHMetrics of hhea
}

var errTrueType = errors.New("no TrueType font that glyphs can be taken of")

// be16 reads a number of a table that is long enough.
func be16(b []byte, at int) int { return int(binary.BigEndian.Uint16(b[at:])) }

func parseTrueType(b []byte) (*trueType, error) {
	if len(b) < 12 || !slices.Contains([]uint32{0x00010000, 0x74727565}, binary.BigEndian.Uint32(b)) {
		return nil, errTrueType
	}
	f := &trueType{tables: make(map[string][]byte)}
	n := be16(b, 4)
	if len(b) < 12+16*n {
		return nil, errTrueType
	}
	for i := range n {
		rec := b[12+16*i:][:16]
		off, size := uint64(binary.BigEndian.Uint32(rec[8:])), uint64(binary.BigEndian.Uint32(rec[12:]))
		if off+size > uint64(len(b)) || f.tables[string(rec[:4])] != nil {
			return nil, errTrueType
		}
		f.tables[string(rec[:4])] = b[off : off+size : off+size]
	}
	head, hhea, maxp := f.tables["head"], f.tables["hhea"], f.tables["maxp"]
	if len(head) != 54 || len(hhea) != 36 || len(maxp) != 32 {
		return nil, errTrueType
	}
	f.glyphs, f.metrics, f.long = be16(maxp, 4), be16(hhea, 34), be16(head, 50) != 0
	width := 2
	if f.long {
		width = 4
	}
	if f.glyphs == 0 || f.metrics == 0 || f.metrics > f.glyphs || len(f.tables["loca"]) < (f.glyphs+1)*width ||
		len(f.tables["hmtx"]) < 2*f.glyphs+2*f.metrics {
		return nil, errTrueType
	}
	// In order, so that all glyphs together are not larger than their table.
	for g, last := 0, uint64(0); g <= f.glyphs; g++ {
		at := f.place(g)
		if at < last || at > uint64(len(f.tables["glyf"])) || at > last && at-last < 10 && g > 0 {
			return nil, errTrueType
		}
		last = at
	}
	return f, nil
}

// place is where glyph g begins in glyf, and the one before it ends.
func (f *trueType) place(g int) uint64 {
	if f.long {
		return uint64(binary.BigEndian.Uint32(f.tables["loca"][4*g:]))
	}
	return 2 * uint64(be16(f.tables["loca"], 2*g))
}

// glyph is the program of glyph g; empty for one that draws nothing.
func (f *trueType) glyph(g int) []byte {
	return f.tables["glyf"][f.place(g):f.place(g+1)]
}

// metric is the entry of glyph g in hmtx: advance and left side bearing.
func (f *trueType) metric(g int) [4]byte {
	hmtx := f.tables["hmtx"]
	if g < f.metrics {
		return [4]byte(hmtx[4*g:])
	}
	bearing := hmtx[4*f.metrics+2*(g-f.metrics):]
	last := hmtx[4*(f.metrics-1):]
	return [4]byte{last[0], last[1], bearing[0], bearing[1]}
}

// components gives where the numbers of other glyphs stand in a glyph that is
// made of them; none for a simple glyph.
func components(glyph []byte) ([]int, error) {
	if len(glyph) < 10 || int16(binary.BigEndian.Uint16(glyph)) >= 0 {
		return nil, nil
	}
	const (
		words, scale, more, xyScale, twoByTwo = 0x0001, 0x0008, 0x0020, 0x0040, 0x0080
	)
	var places []int
	for at := 10; ; {
		if at+4 > len(glyph) {
			return nil, errTrueType
		}
		flags := be16(glyph, at)
		places = append(places, at+2)
		at += 6
		if flags&words != 0 {
			at += 2
		}
		switch {
		case flags&scale != 0:
			at += 2
		case flags&xyScale != 0:
			at += 4
		case flags&twoByTwo != 0:
			at += 8
		}
		if at > len(glyph) {
			return nil, errTrueType
		}
		if flags&more == 0 {
			return places, nil
		}
	}
}

// symbolCodes gives the glyphs of the 256 codes of a symbolic font without
// encoding (ISO 32000-1, 9.6.6.4): by the subtable (3,0), whose codes may have a
// high byte, or by (1,0). ok is false when there is neither, when the two differ,
// since programs do not agree on which goes first, or for a format that is
// not read here.
func (f *trueType) symbolCodes() (glyphs [256]int, ok bool) {
	cmap := f.tables["cmap"]
	if len(cmap) < 4 || len(cmap) < 4+8*be16(cmap, 2) {
		return glyphs, false
	}
	for i := range be16(cmap, 2) {
		rec := cmap[4+8*i:]
		platform, encoding := be16(rec, 0), be16(rec, 2)
		symbol := platform == 3 && encoding == 0
		if !symbol && (platform != 1 || encoding != 0) {
			return glyphs, false // other programs might prefer it
		}
		off := uint64(binary.BigEndian.Uint32(rec[4:]))
		if off > uint64(len(cmap)) {
			return glyphs, false
		}
		var these [256]int
		if !subtable(cmap[off:], symbol, &these) || ok && these != glyphs {
			return glyphs, false
		}
		glyphs, ok = these, true
	}
	for _, g := range glyphs {
		if g >= f.glyphs {
			return glyphs, false
		}
	}
	return glyphs, ok
}

// subtable reads the glyphs of 256 codes of a cmap subtable. In a symbolic one
// they may stand at 0xF000 and above, and must all have the same high byte.
func subtable(b []byte, symbol bool, glyphs *[256]int) bool {
	if len(b) < 6 {
		return false
	}
	switch be16(b, 0) {
	case 0:
		if len(b) < 262 {
			return false
		}
		for i := range glyphs {
			glyphs[i] = int(b[6+i])
		}
		return true
	case 6:
		if len(b) < 10 {
			return false
		}
		first, count := be16(b, 6), be16(b, 8)
		if len(b) < 10+2*count || first+count > 256 {
			return false
		}
		for i := range count {
			glyphs[first+i] = be16(b, 10+2*i)
		}
		return true
	case 4:
		if len(b) < 16 {
			return false
		}
		n := be16(b, 6) / 2
		if len(b) < 16+8*n {
			return false
		}
		high := -1
		for i := range n {
			end, start := be16(b, 14+2*i), be16(b, 16+2*n+2*i)
			delta, rangeAt := be16(b, 16+4*n+2*i), 16+6*n+2*i
			offset := be16(b, rangeAt)
			if start == 0xFFFF {
				continue
			}
			if start > end || start>>8 != end>>8 {
				return false
			}
			if high < 0 {
				high = start >> 8
			}
			if start>>8 != high || high != 0 && !(symbol && high == 0xF0) {
				return false
			}
			for c := start; c <= end; c++ {
				g := c
				if offset != 0 {
					at := rangeAt + offset + 2*(c-start)
					if at+2 > len(b) {
						return false
					}
					if g = be16(b, at); g == 0 {
						continue
					}
				}
				glyphs[c&0xFF] = (g + delta) & 0xFFFF
			}
		}
		return true
	}
	return false
}

// appendTrueType writes a font program of these tables, in the order of their
// names, with right checksums.
func appendTrueType(b []byte, tables map[string][]byte) []byte {
	names := make([]string, 0, len(tables))
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	start := len(b)
	selector := 0
	for 1<<(selector+1) <= len(names) {
		selector++
	}
	search := 1 << selector
	b = binary.BigEndian.AppendUint32(b, 0x00010000)
	for _, v := range []int{len(names), search * 16, selector, (len(names) - search) * 16} {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	off := 12 + 16*len(names)
	for _, name := range names {
		t := tables[name]
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, checksum(t))
		b = binary.BigEndian.AppendUint32(b, uint32(off))
		b = binary.BigEndian.AppendUint32(b, uint32(len(t)))
		off += (len(t) + 3) &^ 3
	}
	head := 0
	for _, name := range names {
		if name == "head" {
			head = len(b)
		}
		b = append(b, tables[name]...)
		for (len(b)-start)%4 != 0 {
			b = append(b, 0)
		}
	}
	binary.BigEndian.PutUint32(b[head+8:], 0xB1B0AFBA-checksum(b[start:]))
	return b
}

// checksum is the sum of a table as numbers of 32 bits.
func checksum(b []byte) (sum uint32) {
	for ; len(b) >= 4; b = b[4:] {
		sum += binary.BigEndian.Uint32(b)
	}
	if len(b) > 0 {
		var last [4]byte
		copy(last[:], b)
		sum += binary.BigEndian.Uint32(last[:])
	}
	return sum
}
