package truetype

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// Union is a font program that grows: it takes glyphs of many sources of the same [Source.Face], each glyph once. It keeps
// nothing of the sources' bytes.
type Union struct {
	program program
	known   map[[sha256.Size]byte]int // by metric and outline
	bytes   int
	scratch []byte
}

// glyphFrame is what a glyph takes beside its outline: entries in loca and hmtx, and filling up.
const glyphFrame = 12

// NewUnion begins a union with the missing glyph of a source, number 0, which must have a [Source.Face].
func NewUnion(s *Source) *Union {
	u := &Union{known: make(map[[sha256.Size]byte]int), program: program{base: s.base()}}
	for name, t := range u.program.base {
		u.program.base[name] = bytes.Clone(t)
	}
	for _, name := range hintTables {
		u.bytes += len(u.program.base[name])
	}
	u.take(s.Outline(0), s.Metric(0))
	return u
}

// Glyphs is how many glyphs the union has.
func (u *Union) Glyphs() int { return len(u.program.outlines) }

// Bytes is at most how long the program is, but for tables of fixed length (below 1 KiB).
func (u *Union) Bytes() int { return u.bytes }

// UnionBytes is at most how many bytes a union grows by with all glyphs of the source, or has when it begins with it.
func (s *Source) UnionBytes() int {
	n := len(s.glyf) + glyphFrame*s.glyphs
	for _, name := range hintTables {
		n += len(s.tables[name])
	}
	return n
}

// Add puts glyphs of a source into the union, with those that they are made of, and gives their numbers in it, in the same
// order. The caller sees to it that there is room: a program has at most 65,535 glyphs. The error is [ErrNoFont] when a glyph
// is damaged or is none of the font's; glyphs before it may be in the union then.
func (u *Union) Add(s *Source, glyphs []int) ([]int, error) {
	u.grow(s)
	taken := make([]int, s.glyphs) // their numbers in the union, and 1
	var take func(g, depth int) (int, error)
	take = func(g, depth int) (int, error) {
		if g < 0 || g >= s.glyphs || depth > maxNesting {
			return 0, ErrNoFont
		}
		if n := taken[g]; n > 0 {
			return n - 1, nil
		}
		outline := s.Outline(g)
		composite, err := isComposite(outline)
		if err != nil {
			return 0, err
		}
		if composite {
			outline = bytes.Clone(outline)
			err := eachComponent(outline, func(at int) error {
				n, err := take(u16(outline, at), depth+1)
				binary.BigEndian.PutUint16(outline[at:], uint16(n))
				return err
			})
			if err != nil {
				return 0, err
			}
		}
		n := u.take(outline, s.Metric(g))
		taken[g] = n + 1
		return n, nil
	}
	numbers := make([]int, len(glyphs))
	for i, g := range glyphs {
		n, err := take(g, 0)
		if err != nil {
			return nil, err
		}
		numbers[i] = n
	}
	return numbers, nil
}

// take gives the number of a glyph, which is new or there already.
func (u *Union) take(outline []byte, m Metric) int {
	u.scratch = append(append(u.scratch[:0], m[:]...), outline...)
	key := sha256.Sum256(u.scratch)
	if n, ok := u.known[key]; ok {
		return n
	}
	n := u.Glyphs()
	u.known[key] = n
	u.program.add(bytes.Clone(outline), m)
	u.bytes += len(outline) + glyphFrame
	return n
}

// grow raises the limits that the tables of the union tell to those of a source.
func (u *Union) grow(s *Source) {
	have := u.program.base["maxp"]
	for at := 6; at < maxpLength; at += 2 {
		raise(have[at:], u16(s.maxp, at))
	}
	raise(u.program.base["hhea"][10:], u16(s.hhea, 10)) // advanceWidthMax
	// The box around all glyphs.
	head := u.program.base["head"]
	for i := range 4 {
		at := 36 + 2*i
		a, b := i16(head, at), i16(s.head, at)
		if i < 2 && b < a || i >= 2 && b > a {
			copy(head[at:at+2], s.head[at:at+2])
		}
	}
}

func raise(field []byte, v int) {
	if v > u16(field, 0) {
		binary.BigEndian.PutUint16(field, uint16(v))
	}
}

// Program is the union as a font program. More may be added after it.
func (u *Union) Program() []byte { return u.program.encode() }
