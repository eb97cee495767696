package truetype

import (
	"crypto/sha256"
	"encoding/binary"
)

// Source is a font that glyphs can be taken out of: all its tables are whole and agree with each other.
type Source struct {
	*Font
	hhea, maxp, hmtx []byte
	glyphs           int
	longMetrics      int // glyphs with an advance of their own; those after them share the last one's
}

// maxNesting is how deep glyphs may be made of glyphs that are made of glyphs. Fonts that draw have one or two levels.
const maxNesting = 8

// hintTables are the programs that fit outlines to the grid of pixels. Glyphs call them, so they go with all glyphs.
var hintTables = [...]string{"fpgm", "prep", "cvt "}

// Source proves that glyphs can be taken out of the font. The error is [ErrNoFont]. In particular the outlines lie in glyf one
// after the other, so that all together are not larger than the program.
func (f *Font) Source() (*Source, error) {
	const version1, versionApple = 0x00010000, 0x74727565 // "true"
	s := &Source{Font: f, hhea: f.tables["hhea"], maxp: f.tables["maxp"], hmtx: f.tables["hmtx"]}
	if !f.sound || f.version != version1 && f.version != versionApple ||
		len(f.head) != headLength || len(s.hhea) != hheaLength || len(s.maxp) != maxpLength {
		return nil, ErrNoFont
	}
	s.glyphs, s.longMetrics = u16(s.maxp, 4), u16(s.hhea, 34)
	if s.glyphs == 0 || s.longMetrics == 0 || s.longMetrics > s.glyphs || !f.located(s.glyphs) ||
		len(s.hmtx) < 2*s.glyphs+2*s.longMetrics {
		return nil, ErrNoFont
	}
	for g, last := 0, uint64(0); g <= s.glyphs; g++ {
		at := f.location(g)
		if at < last || at > uint64(len(f.glyf)) || at > last && at-last < outlineHeader && g > 0 {
			return nil, ErrNoFont
		}
		last = at
	}
	return s, nil
}

// Glyphs is the number of glyphs, at least 1.
func (s *Source) Glyphs() int { return s.glyphs }

// Outline is the program of a glyph, empty for one that draws nothing. It must not be changed. It panics for a glyph that the
// font does not have, as do the methods below.
func (s *Source) Outline(glyph int) []byte {
	return s.glyf[s.location(glyph):s.location(glyph+1)]
}

// Metric is the entry of a glyph in hmtx: the advance width, and the left side bearing after it.
type Metric [4]byte

// Metric is how far a glyph reaches along the line.
func (s *Source) Metric(glyph int) Metric {
	if glyph < s.longMetrics {
		return Metric(s.hmtx[4*glyph:])
	}
	bearing := s.hmtx[4*s.longMetrics+2*(glyph-s.longMetrics):]
	last := s.hmtx[4*(s.longMetrics-1):]
	return Metric{last[0], last[1], bearing[0], bearing[1]}
}

// Advance is the distance in font units to the glyph that follows.
func (m Metric) Advance() int { return u16(m[:], 0) }

// Ascent is how far lines of text reach above the baseline, in font units.
func (s *Source) Ascent() int { return i16(s.hhea, 4) }

// Descent is how far lines of text reach below the baseline, in font units: negative.
func (s *Source) Descent() int { return i16(s.hhea, 6) }

// CapitalHeight is the height of a capital letter in font units, and whether the font says it.
func (s *Source) CapitalHeight() (int, bool) {
	const since, length = 2, 96 // the version of OS/2 that has it
	os2 := s.tables["OS/2"]
	if len(os2) < length || u16(os2, 0) < since {
		return 0, false
	}
	return i16(os2, 88), true
}

// Face tells faces apart: sources of the same Face may be put into one [Union]. Flags and units of the font, the hint programs
// and the glyph .notdef are the same to the byte. ok is false when .notdef is made of other glyphs: such a font is not united.
func (s *Source) Face() (face [sha256.Size]byte, ok bool) {
	missing := s.Outline(0)
	if composite, err := isComposite(missing); composite || err != nil {
		return face, false
	}
	metric := s.Metric(0)
	// The rest of head describes, and does not draw.
	parts := [][]byte{s.head[16:20], missing, metric[:]}
	for _, name := range hintTables {
		parts = append(parts, s.tables[name])
	}
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write(part)
	}
	h.Sum(face[:0])
	return face, true
}

func isComposite(outline []byte) (composite bool, err error) {
	err = eachComponent(outline, func(int) error { composite = true; return nil })
	return composite, err
}

// eachComponent visits the places in an outline where the numbers of other glyphs stand that it is made of; a simple outline
// has none. It ends with the first error of visit, or with [ErrNoFont] when the outline is damaged.
func eachComponent(outline []byte, visit func(at int) error) error {
	// Flags of a component (chapter on glyf).
	const (
		wordArguments, scale, more, scaleXY, matrix2x2 = 0x0001, 0x0008, 0x0020, 0x0040, 0x0080
	)
	if len(outline) < outlineHeader || i16(outline, 0) >= 0 {
		return nil
	}
	for at := outlineHeader; ; {
		if at+4 > len(outline) {
			return ErrNoFont
		}
		flags, number := u16(outline, at), at+2
		at += 6
		if flags&wordArguments != 0 {
			at += 2
		}
		switch {
		case flags&scale != 0:
			at += 2
		case flags&scaleXY != 0:
			at += 4
		case flags&matrix2x2 != 0:
			at += 8
		}
		if at > len(outline) {
			return ErrNoFont
		}
		if err := visit(number); err != nil {
			return err
		}
		if flags&more == 0 {
			return nil
		}
	}
}
