// Package truetype reads TrueType font programs as PDF embeds them (FontFile2), and writes programs of glyphs taken out of them:
// the subset of one font, and the union of many subsets of the same face.
//
// Programs come from strangers. Nothing in them is believed before it is checked, no input makes this package panic, recurse
// deeply or hold more memory than a small multiple of the program's length. There are two degrees of trust:
//
//   - [Open] takes what a viewer would take: tables that are cut off or missing are worked around, and a glyph that cannot be
//     found is told as such. It serves to measure ([Font.Bounds]) and to map character codes ([Font.Cmap]).
//   - [Font.Source] proves that the tables agree with each other; only then glyphs can be taken out ([Subset], [Union]).
//
// Tables are looked at only as far as that needs them. Their layout is that of the OpenType specification, chapters on the
// tables named; lengths and positions are in font units, of which the em has [Font.UnitsPerEm], with the y axis up.
package truetype

import (
	"encoding/binary"
	"errors"
)

// ErrNoFont says that a program is no TrueType font, or is damaged beyond what is worked around.
var ErrNoFont = errors.New("no TrueType font, or a damaged one")

const (
	// directoryStart is the length of the header before the table directory, directoryEntry that of an entry in it.
	directoryStart, directoryEntry = 12, 16
	// headLength, hheaLength and maxpLength are the lengths of these tables in bytes, in the version that fonts with outlines of
	// TrueType have.
	headLength, hheaLength, maxpLength = 54, 36, 32
	// outlineHeader is the length of what begins each outline: the number of contours and the glyph's bounds.
	outlineHeader = 10
	// leastUnitsPerEm is the fewest units an em may have.
	leastUnitsPerEm = 16
)

// Font is a font program that was opened. It refers to the program's bytes, which must not change while it is used. Its
// methods may be called at the same time.
type Font struct {
	tables           map[string][]byte
	version          uint32
	sound            bool // no table is cut off or there twice
	head, loca, glyf []byte
	longLoca         bool // loca has offsets of 32 bits, not halves of 16
}

// Open reads the table directory of a font program. The error is [ErrNoFont].
func Open(program []byte) (*Font, error) {
	if len(program) < directoryStart {
		return nil, ErrNoFont
	}
	f := &Font{tables: make(map[string][]byte), version: binary.BigEndian.Uint32(program), sound: true}
	for i := range u16(program, 4) {
		at := directoryStart + directoryEntry*i
		if at+directoryEntry > len(program) {
			f.sound = false
			break
		}
		entry := program[at:]
		start, size := uint64(binary.BigEndian.Uint32(entry[8:])), uint64(binary.BigEndian.Uint32(entry[12:]))
		end := start + size
		if start > uint64(len(program)) {
			f.sound = false
			continue
		}
		if end > uint64(len(program)) {
			f.sound = false
			end = uint64(len(program))
		}
		tag := string(entry[:4])
		if f.tables[tag] != nil {
			f.sound = false
		}
		f.tables[tag] = program[start:end:end]
	}
	f.head, f.loca, f.glyf = f.tables["head"], f.tables["loca"], f.tables["glyf"]
	if len(f.head) < headLength || len(f.loca) < 4 {
		return nil, ErrNoFont
	}
	f.longLoca = u16(f.head, 50) != 0
	return f, nil
}

// Table is the table of this tag ("OS/2"), or nil. It must not be changed.
func (f *Font) Table(tag string) []byte { return f.tables[tag] }

// UnitsPerEm is how many font units the em has. Damaged fonts may say 0.
func (f *Font) UnitsPerEm() int { return u16(f.head, 18) }

// Box is a rectangle in font units. In a damaged font, Min may lie beyond Max.
type Box struct{ XMin, YMin, XMax, YMax int }

// box reads four numbers of 16 bits.
func box(b []byte) Box { return Box{i16(b, 0), i16(b, 2), i16(b, 4), i16(b, 6)} }

// Bounds is the box around all glyphs, as the font says.
func (f *Font) Bounds() Box { return box(f.head[36:]) }

// GlyphBounds is the box around a glyph, as the font says. inked is false for a glyph that draws nothing, ok is false when the
// font does not have the glyph.
func (f *Font) GlyphBounds(glyph int) (bounds Box, inked, ok bool) {
	if glyph < 0 || f.glyf == nil || f.UnitsPerEm() < leastUnitsPerEm || !f.located(glyph+1) {
		return Box{}, false, false
	}
	from, to := f.location(glyph), f.location(glyph+1)
	if to <= from {
		return Box{}, false, true
	}
	if from+outlineHeader > uint64(len(f.glyf)) {
		return Box{}, false, false
	}
	return box(f.glyf[from+2:]), true, true
}

// located tells whether loca has entry i.
func (f *Font) located(i int) bool {
	if f.longLoca {
		return 4*i+4 <= len(f.loca)
	}
	return 2*i+2 <= len(f.loca)
}

// location is entry i of loca: where glyph i begins in glyf, and the one before it ends.
func (f *Font) location(i int) uint64 {
	if f.longLoca {
		return uint64(binary.BigEndian.Uint32(f.loca[4*i:]))
	}
	return 2 * uint64(u16(f.loca, 2*i))
}

// u16 is the number of 16 bits at a place of a table that is long enough.
func u16(b []byte, at int) int { return int(binary.BigEndian.Uint16(b[at:])) }

// i16 is u16 with a sign.
func i16(b []byte, at int) int { return int(int16(binary.BigEndian.Uint16(b[at:]))) }
