package truetype

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// maxGlyphs is the most glyphs that a font program can have.
const maxGlyphs = 1<<16 - 1

// Subset cuts a font down to the given glyphs and those that they are made of. Glyph i of the result is keep[i]; components
// that nobody asked for follow. keep[0] should be 0, the glyph .notdef. The result is the same bytes for the same input, and
// holds the tables that a font in a PDF must or may have where glyphs are shown by number (ISO 32000-1, 9.9): names, kerning and
// layout features are left out. The error wraps [ErrNoFont].
func Subset(s *Source, keep []uint16) ([]byte, error) {
	order := slices.Clone(keep)
	place := make(map[uint16]uint16, len(keep))
	for i, g := range order {
		place[g] = uint16(i)
	}
	p := program{base: s.base()}
	depths := make(map[int]int)
	for i := 0; i < len(order); i++ { // order grows while components are found
		g := int(order[i])
		if g >= s.glyphs || len(order) > maxGlyphs {
			return nil, fmt.Errorf("glyph %d: %w", g, ErrNoFont)
		}
		if _, err := s.depth(g, 0, depths); err != nil {
			return nil, fmt.Errorf("glyph %d: %w", g, err)
		}
		outline := slices.Clone(s.Outline(g))
		err := eachComponent(outline, func(at int) error {
			part := binary.BigEndian.Uint16(outline[at:])
			if _, known := place[part]; !known {
				place[part] = uint16(len(order))
				order = append(order, part)
			}
			binary.BigEndian.PutUint16(outline[at:], place[part])
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("glyph %d: %w", g, err)
		}
		p.add(outline, s.Metric(g))
	}
	return p.encode(), nil
}

// depth is how many levels of components a glyph has. The error is [ErrNoFont] for more than maxNesting, as a glyph has that
// is made of itself. known are the depths found so far.
func (s *Source) depth(g, above int, known map[int]int) (int, error) {
	if g >= s.glyphs || above > maxNesting {
		return 0, ErrNoFont
	}
	if d, ok := known[g]; ok {
		return d, nil
	}
	deepest := 0
	outline := s.Outline(g)
	err := eachComponent(outline, func(at int) error {
		d, err := s.depth(u16(outline, at), above+1, known)
		deepest = max(deepest, d+1)
		return err
	})
	if err == nil && above+deepest > maxNesting {
		err = ErrNoFont
	}
	if err != nil {
		return 0, err
	}
	known[g] = deepest
	return deepest, nil
}

// base are the tables that a program of some of the glyphs takes over. They refer to the source's bytes.
func (s *Source) base() map[string][]byte {
	tables := map[string][]byte{"head": s.head, "hhea": s.hhea, "maxp": s.maxp}
	for _, name := range hintTables {
		if t := s.tables[name]; len(t) > 0 {
			tables[name] = t
		}
	}
	return tables
}

// program is a font program that is put together.
type program struct {
	base     map[string][]byte // head, hhea and maxp, and the hint programs
	outlines [][]byte
	metrics  []Metric
}

// add adds a glyph, which takes the next number. The outline is kept.
func (p *program) add(outline []byte, m Metric) {
	p.outlines = append(p.outlines, outline)
	p.metrics = append(p.metrics, m)
}

// encode writes the program.
func (p *program) encode() []byte {
	var glyf, loca, hmtx []byte
	for i, outline := range p.outlines {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, outline...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = append(hmtx, p.metrics[i][:]...)
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	if len(glyf) == 0 {
		glyf = make([]byte, 4) // a font of spaces: a table should not be empty
	}
	tables := maps.Clone(p.base)
	for _, tag := range []string{"head", "hhea", "maxp"} {
		tables[tag] = bytes.Clone(tables[tag])
	}
	tables["glyf"], tables["loca"], tables["hmtx"] = glyf, loca, hmtx
	binary.BigEndian.PutUint16(tables["maxp"][4:], uint16(len(p.outlines)))
	binary.BigEndian.PutUint16(tables["hhea"][34:], uint16(len(p.outlines)))
	binary.BigEndian.PutUint16(tables["head"][50:], 1) // loca has offsets of 32 bits
	return Write(tables)
}

// Write gives a font program of these tables, in the order of their tags, with right checksums. head must be among them and
// whole.
func Write(tables map[string][]byte) []byte {
	tables = maps.Clone(tables)
	tables["head"] = bytes.Clone(tables["head"])
	clear(tables["head"][8:12]) // the sum over the whole program, set at the end
	tags := slices.Sorted(maps.Keys(tables))
	selector := 0
	for 1<<(selector+1) <= len(tags) {
		selector++
	}
	search := 1 << selector
	size := directoryStart + directoryEntry*len(tags)
	for _, t := range tables {
		size += len(t) + 3
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, size), 0x00010000)
	for _, v := range []int{len(tags), search * 16, selector, (len(tags) - search) * 16} {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	head, at := 0, directoryStart+directoryEntry*len(tags)
	for _, tag := range tags {
		t := tables[tag]
		if tag == "head" {
			head = at
		}
		b = append(b, tag...)
		b = binary.BigEndian.AppendUint32(b, Checksum(t))
		b = binary.BigEndian.AppendUint32(b, uint32(at))
		b = binary.BigEndian.AppendUint32(b, uint32(len(t)))
		at += (len(t) + 3) &^ 3
	}
	for _, tag := range tags {
		b = append(b, tables[tag]...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	binary.BigEndian.PutUint32(b[head+8:], wholeSum-Checksum(b))
	return b
}

// wholeSum is the checksum of every whole font program.
const wholeSum = 0xB1B0AFBA

// Checksum is the sum of a table, or of a whole program, as numbers of 32 bits, filled up with zeros.
func Checksum(b []byte) (sum uint32) {
	for ; len(b) >= 4; b = b[4:] {
		sum += binary.BigEndian.Uint32(b)
	}
	var last [4]byte
	copy(last[:], b)
	return sum + binary.BigEndian.Uint32(last[:])
}
