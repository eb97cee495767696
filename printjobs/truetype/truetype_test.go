package truetype

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-fonts/liberation/liberationmonoregular"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"pgregory.net/rapid"
)

func source(t testing.TB, program []byte) *Source {
	t.Helper()
	f, err := Open(program)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Source()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAgreesWithAnotherReader: what is read of whole fonts is what golang.org/x/image reads of them.
func TestAgreesWithAnotherReader(t *testing.T) {
	t.Parallel()
	for name, program := range map[string][]byte{
		"sans": liberationsansregular.TTF, "bold": liberationsansbold.TTF, "serif": liberationserifregular.TTF, "mono": liberationmonoregular.TTF,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := source(t, program)
			other, err := sfnt.Parse(program)
			if err != nil {
				t.Fatal(err)
			}
			var buf sfnt.Buffer
			em := fixed.Int26_6(other.UnitsPerEm()) // at this size, measures come out in font units
			if s.Glyphs() != other.NumGlyphs() || s.UnitsPerEm() != int(em) {
				t.Errorf("%d glyphs of %d units, want %d of %d", s.Glyphs(), s.UnitsPerEm(), other.NumGlyphs(), em)
			}
			codes := s.Cmap(Unicode)
			for r := rune(0); r < lastCode; r++ {
				got, ok := codes.Glyph(int(r))
				want, err := other.GlyphIndex(&buf, r)
				if err != nil || got != int(want) || ok != (want != 0) {
					t.Fatalf("U+%04X is glyph %d (%v), want %d (%v)", r, got, ok, want, err)
				}
			}
			for g := range s.Glyphs() {
				want, err := other.GlyphAdvance(&buf, sfnt.GlyphIndex(g), em, font.HintingNone)
				if got := s.Metric(g).Advance(); err != nil || got != int(want) {
					t.Fatalf("glyph %d advances %d, want %d (%v)", g, got, want, err)
				}
			}
			m, err := other.Metrics(&buf, em, font.HintingNone)
			if err != nil {
				t.Fatal(err)
			}
			capital, ok := s.CapitalHeight()
			if s.Ascent() != int(m.Ascent) || s.Descent() != -int(m.Descent) || capital != int(m.CapHeight) || !ok {
				t.Errorf("ascent %d, descent %d, capital %d; want %v", s.Ascent(), s.Descent(), capital, m)
			}
			b, err := other.Bounds(&buf, em, font.HintingNone)
			if want := (Box{int(b.Min.X), -int(b.Max.Y), int(b.Max.X), -int(b.Min.Y)}); err != nil || s.Bounds() != want {
				t.Errorf("bounds %v, want %v (%v)", s.Bounds(), want, err)
			}
			// The other reader goes along the outlines. It takes the origin for drawn in glyphs that draw nothing there, some few.
			odd := 0
			for g := range s.Glyphs() {
				got, inked, ok := s.GlyphBounds(g)
				drawn, _, err := other.GlyphBounds(&buf, sfnt.GlyphIndex(g), em, font.HintingNone)
				if err != nil || !ok || inked != (len(s.Outline(g)) > 0) {
					t.Fatalf("glyph %d: ok %v, inked %v (%v)", g, ok, inked, err)
				}
				if want := (Box{int(drawn.Min.X), -int(drawn.Max.Y), int(drawn.Max.X), -int(drawn.Min.Y)}); inked && got != want {
					odd++
				}
			}
			if odd > s.Glyphs()/100 {
				t.Errorf("%d glyphs of %d have other bounds", odd, s.Glyphs())
			}
		})
	}
}

// made is a font that a test made up.
type made struct {
	outlines    [][]byte
	metrics     []Metric
	longMetrics int
	cmaps       map[Encoding]map[int]int
}

// drawMade makes up a font: glyphs that draw nothing, simple ones, and some made of those before them.
func drawMade(t *rapid.T) made {
	m := made{cmaps: map[Encoding]map[int]int{}}
	n := rapid.IntRange(1, 40).Draw(t, "glyphs")
	bits := rapid.Custom(func(t *rapid.T) []byte { return rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "outline") })
	nesting := make([]int, n)
	for g := range n {
		var outline []byte
		kind := rapid.IntRange(0, 3).Draw(t, "kind")
		below := slices.DeleteFunc(indexes(g), func(i int) bool { return nesting[i] >= maxNesting })
		switch {
		case kind == 0:
		case kind == 1 && g > 0 && len(below) > 0:
			outline = make([]byte, outlineHeader)
			binary.BigEndian.PutUint16(outline, 0xFFFF)
			parts := rapid.SliceOfN(rapid.SampledFrom(below), 1, 4).Draw(t, "parts")
			for i, part := range parts {
				// Words or bytes for the place, and one of the scalings.
				flags := rapid.SampledFrom([]uint16{0, 1, 8, 9, 0x40, 0x41, 0x80, 0x81}).Draw(t, "flags")
				if i+1 < len(parts) {
					flags |= 0x20
				}
				size := map[uint16]int{0: 0, 8: 2, 0x40: 4, 0x80: 8}[flags&0xC8] + 2 + 2*int(flags&1)
				outline = binary.BigEndian.AppendUint16(outline, flags)
				outline = binary.BigEndian.AppendUint16(outline, uint16(part))
				outline = append(outline, make([]byte, size)...)
				nesting[g] = max(nesting[g], nesting[part]+1)
			}
		default:
			outline = append([]byte{0, 1}, make([]byte, 8)...)
			outline = append(outline, bits.Draw(t, "bits")...)
		}
		if len(outline) > 0 {
			for i := range 4 {
				binary.BigEndian.PutUint16(outline[2+2*i:], uint16(rapid.Int16().Draw(t, "bound")))
			}
		}
		if len(outline)%2 != 0 {
			outline = append(outline, 0) // short loca counts in halves
		}
		m.outlines = append(m.outlines, outline)
	}
	m.longMetrics = rapid.IntRange(1, n).Draw(t, "long metrics")
	for g := range n {
		v := Metric{rapid.Byte().Draw(t, "advance"), 0, 0, rapid.Byte().Draw(t, "bearing")}
		if g >= m.longMetrics {
			v[0], v[1] = m.metrics[m.longMetrics-1][0], m.metrics[m.longMetrics-1][1]
		}
		m.metrics = append(m.metrics, v)
	}
	glyph := rapid.IntRange(1, max(1, n-1))
	for _, e := range []Encoding{Unicode, Symbol, MacRoman} {
		if n > 1 && rapid.Bool().Draw(t, "has map") {
			most := 255
			if e == Unicode {
				most = lastCode - 1
			}
			m.cmaps[e] = rapid.MapOfN(rapid.IntRange(0, most), glyph, 0, 30).Draw(t, "codes")
		}
	}
	return m
}

func indexes(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// program writes the font, with short or long offsets.
func (m made) program(long bool, order *rand.Rand) []byte {
	head, hhea, maxp := make([]byte, headLength), make([]byte, hheaLength), make([]byte, maxpLength)
	binary.BigEndian.PutUint16(head[18:], 1000)
	binary.BigEndian.PutUint16(hhea[34:], uint16(m.longMetrics))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(m.outlines)))
	var glyf, loca, hmtx []byte
	place := func() {
		if long {
			loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		} else {
			loca = binary.BigEndian.AppendUint16(loca, uint16(len(glyf)/2))
		}
	}
	for g, outline := range m.outlines {
		place()
		glyf = append(glyf, outline...)
		if g < m.longMetrics {
			hmtx = append(hmtx, m.metrics[g][:]...)
		} else {
			hmtx = append(hmtx, m.metrics[g][2:]...)
		}
	}
	place()
	if long {
		head[51] = 1
	}
	return Write(map[string][]byte{"head": head, "hhea": hhea, "maxp": maxp, "glyf": glyf, "loca": loca, "hmtx": hmtx,
		"cmap": m.cmap(order), "prep": {1, 2, 3}})
}

// cmap writes the maps, each in one of the formats that can hold it.
func (m made) cmap(order *rand.Rand) []byte {
	b := []byte{0, 0, 0, byte(len(m.cmaps))}
	var tables []byte
	for _, e := range []Encoding{Unicode, Symbol, MacRoman} {
		codes, ok := m.cmaps[e]
		if !ok {
			continue
		}
		for _, v := range []int{e.Platform, e.Encoding, 0, 4 + 8*len(m.cmaps) + len(tables)} {
			b = binary.BigEndian.AppendUint16(b, uint16(v))
		}
		tables = append(tables, encodeCmap(codes, order)...)
	}
	return append(b, tables...)
}

func encodeCmap(codes map[int]int, order *rand.Rand) []byte {
	var b []byte
	put := func(values ...int) {
		for _, v := range values {
			b = binary.BigEndian.AppendUint16(b, uint16(v))
		}
	}
	sorted := slices.Sorted(maps.Keys(codes))
	if last := append([]int{0}, sorted...)[len(sorted)]; last < 256 {
		switch order.IntN(3) {
		case 0: // each code
			put(formatBytes, 262, 0)
			for c := range 256 {
				b = append(b, byte(codes[c]))
			}
			return b
		case 1: // from the first to the last
			if len(sorted) > 0 {
				put(formatTrimmed, 0, 0, sorted[0], last-sorted[0]+1)
				for c := sorted[0]; c <= last; c++ {
					put(codes[c])
				}
				return b
			}
		}
	}
	// A segment for each code: half of them by delta, half by the list of glyphs.
	n := len(sorted) + 1
	put(formatSegments, 0, 0, 2*n, 0, 0, 0)
	var ends, deltas, offsets, glyphs []int
	for i, c := range append(sorted, lastCode) {
		ends = append(ends, c)
		if c == lastCode || order.IntN(2) == 0 {
			deltas, offsets = append(deltas, codes[c]-c), append(offsets, 0)
			continue
		}
		deltas, offsets = append(deltas, -7), append(offsets, 2*(n-i)+2*len(glyphs))
		glyphs = append(glyphs, codes[c]+7)
	}
	for _, list := range [][]int{ends, {0}, ends, deltas, offsets, glyphs} {
		put(list...)
	}
	return b
}

// TestReadsWhatIsWritten: each part of a made-up font is read back.
func TestReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMade(t)
		program := m.program(rapid.Bool().Draw(t, "long"), rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0)))
		checkSums(t, program)
		f, err := Open(program)
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Source()
		if err != nil {
			t.Fatal(err)
		}
		if s.Glyphs() != len(m.outlines) || s.UnitsPerEm() != 1000 {
			t.Fatalf("%d glyphs of %d units", s.Glyphs(), s.UnitsPerEm())
		}
		for g, outline := range m.outlines {
			if !bytes.Equal(s.Outline(g), outline) || s.Metric(g) != m.metrics[g] {
				t.Fatalf("glyph %d is another", g)
			}
			bounds, inked, ok := s.GlyphBounds(g)
			if !ok || inked != (len(outline) > 0) || inked && bounds != box(outline[2:]) {
				t.Fatalf("glyph %d: bounds %v, inked %v, ok %v", g, bounds, inked, ok)
			}
		}
		if _, _, ok := s.GlyphBounds(len(m.outlines)); ok {
			t.Fatal("a glyph behind the last")
		}
		for _, e := range []Encoding{Unicode, Symbol, MacRoman, {0, 3}} {
			read := s.Cmap(e)
			for _, c := range append(slices.Sorted(maps.Keys(m.cmaps[e])), -1, 0, 'A', 255, 256, lastCode) {
				if g, _ := read.Glyph(c); g != m.cmaps[e][c] {
					t.Fatalf("%v: code %#x is glyph %d, want %d", e, c, g, m.cmaps[e][c])
				}
			}
		}
		codes, ok := s.ByteCodes()
		symbol, mac := m.cmaps[Symbol], m.cmaps[MacRoman]
		if want := m.cmaps[Unicode] == nil && (symbol != nil || mac != nil) && (symbol == nil || mac == nil || maps.Equal(symbol, mac)); ok != want {
			t.Fatalf("codes of one byte: %v, want %v", ok, want)
		}
		if ok {
			both := maps.Clone(mac)
			if both == nil {
				both = symbol
			}
			for c, g := range codes {
				if g != both[c] {
					t.Fatalf("code %d is glyph %d, want %d", c, g, both[c])
				}
			}
		}
	})
}

// checkSums: each table has its checksum, begins where one may, and lies in the program; the program has the sum of all.
func checkSums(t interface{ Fatalf(string, ...any) }, program []byte) {
	if Checksum(program) != wholeSum {
		t.Fatalf("the sum of the program is %#x", Checksum(program))
	}
	for i := range u16(program, 4) {
		entry := program[directoryStart+directoryEntry*i:]
		at, size := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		table := bytes.Clone(program[at : at+size])
		if string(entry[:4]) == "head" {
			clear(table[8:12])
		}
		if at%4 != 0 || Checksum(table) != binary.BigEndian.Uint32(entry[4:]) {
			t.Fatalf("table %s at %d has another checksum", entry[:4], at)
		}
	}
}

// same tells whether glyph a of one font draws what glyph b of another does: the same outline, but for numbers of components
// that are the same in turn, and the same metric. Behind an outline there may be bytes that fill it up.
func same(s *Source, a int, of *Source, b int) bool {
	was, is := s.Outline(a), bytes.Clone(of.Outline(b))
	if s.Metric(a) != of.Metric(b) || len(is) < len(was) || len(is) > len(was)+3 {
		return false
	}
	alike := true
	err := eachComponent(was, func(at int) error {
		alike = alike && same(s, u16(was, at), of, u16(is, at))
		copy(is[at:at+2], was[at:])
		return nil
	})
	return err == nil && alike && bytes.Equal(is[:len(was)], was)
}

// TestSubsetKeepsGlyphs: glyph i of a subset is glyph keep[i] of the font, whole with what it is made of.
func TestSubsetKeepsGlyphs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMade(t)
		s, err := sourceOf(m.program(rapid.Bool().Draw(t, "long"), rand.New(rand.NewPCG(1, 2))))
		if err != nil {
			t.Fatal(err)
		}
		keep := append([]uint16{0}, rapid.SliceOfNDistinct(rapid.Uint16Range(0, uint16(s.Glyphs()-1)), 0, 10, rapid.ID).Draw(t, "keep")...)
		cut, err := Subset(s, keep)
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, cut)
		got, err := sourceOf(cut)
		if err != nil {
			t.Fatal(err)
		}
		if got.Glyphs() < len(keep) || got.Glyphs() > s.Glyphs()+2 {
			t.Fatalf("%d glyphs for %d", got.Glyphs(), len(keep))
		}
		for i, g := range keep {
			if !same(s, int(g), got, i) {
				t.Fatalf("glyph %d is not %d of the font", i, g)
			}
		}
		if again, _ := Subset(s, keep); !bytes.Equal(again, cut) {
			t.Fatal("not deterministic")
		}
	})
}

func sourceOf(program []byte) (*Source, error) {
	f, err := Open(program)
	if err != nil {
		return nil, err
	}
	return f.Source()
}

// TestUnionHoldsGlyphsOnce: what subsets of a font brought is in their union, each glyph once, and the numbers given for it
// hold on when more comes.
func TestUnionHoldsGlyphsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMade(t)
		m.outlines[0] = nil // .notdef, which no glyph is made of here
		s, err := sourceOf(m.program(true, rand.New(rand.NewPCG(1, 2))))
		if err != nil {
			t.Fatal(err)
		}
		u := NewUnion(s)
		most := u.Bytes()
		type given struct {
			from   *Source
			glyphs []int
			to     []int
		}
		var all []given
		for range rapid.IntRange(1, 4).Draw(t, "subsets") {
			keep := append([]uint16{0}, rapid.SliceOfNDistinct(rapid.Uint16Range(0, uint16(s.Glyphs()-1)), 0, 10, rapid.ID).Draw(t, "keep")...)
			cut, err := Subset(s, keep)
			if err != nil {
				t.Fatal(err)
			}
			from, err := sourceOf(cut)
			if err != nil {
				t.Fatal(err)
			}
			a, okA := s.Face()
			if b, okB := from.Face(); a != b || !okA || !okB {
				t.Fatal("a subset is of another face")
			}
			most += from.UnionBytes()
			glyphs := indexes(from.Glyphs())
			to, err := u.Add(from, glyphs)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, given{from, glyphs, to})
		}
		program := u.Program()
		checkSums(t, program)
		if u.Bytes() > most || len(program) > u.Bytes()+1<<10 {
			t.Fatalf("a program of %d bytes, told %d, at most %d", len(program), u.Bytes(), most)
		}
		got, err := sourceOf(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range all {
			for i, g := range of.glyphs {
				if !same(of.from, g, got, of.to[i]) {
					t.Fatalf("glyph %d became another", g)
				}
			}
		}
		seen := map[string]bool{}
		for g := range got.Glyphs() {
			m := got.Metric(g)
			key := string(got.Outline(g)) + string(m[:])
			if seen[key] {
				t.Fatalf("glyph %d is there twice", g)
			}
			seen[key] = true
		}
	})
}

// TestNestingIsBounded: glyphs made of themselves, and too deep ones, are not taken out.
func TestNestingIsBounded(t *testing.T) {
	t.Parallel()
	of := func(part int) []byte {
		return append([]byte{0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, byte(part), 0, 0)
	}
	for _, c := range []struct {
		name  string
		parts []int // glyph i is made of glyph parts[i]; -1: it is simple
		want  error
	}{
		{"eight levels", []int{-1, -1, 1, 2, 3, 4, 5, 6, 7, 8}, nil},
		{"nine levels", []int{-1, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9}, ErrNoFont},
		{"itself", []int{-1, 1}, ErrNoFont},
		{"each other", []int{-1, 2, 1}, ErrNoFont},
		{"none of the font", []int{-1, 7}, ErrNoFont},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := made{longMetrics: 1}
			for _, part := range c.parts {
				outline := make([]byte, 12)
				if part >= 0 {
					outline = of(part)
				}
				m.outlines, m.metrics = append(m.outlines, outline), append(m.metrics, Metric{})
			}
			s := source(t, m.program(true, rand.New(rand.NewPCG(1, 2))))
			last := len(c.parts) - 1
			if _, err := Subset(s, []uint16{0, uint16(last)}); !errors.Is(err, c.want) {
				t.Errorf("subset: %v", err)
			}
			if _, err := NewUnion(s).Add(s, []int{last}); !errors.Is(err, c.want) {
				t.Errorf("union: %v", err)
			}
		})
	}
}

// TestDamagedFonts: each cut of a font, and each field of its directory and tables set to the largest value, is read to an end,
// and what is proven whole can be taken out.
func TestDamagedFonts(t *testing.T) {
	t.Parallel()
	whole, err := Subset(source(t, liberationsansregular.TTF), []uint16{0, 36, 37, 105})
	if err != nil {
		t.Fatal(err)
	}
	if try(whole) != nil {
		t.Fatal("the whole font is not taken")
	}
	sound := 0
	for end := range len(whole) {
		if try(whole[:end]) == nil {
			sound++
		}
	}
	if sound > 3 { // what fills up the last table
		t.Errorf("%d cut fonts are taken for whole", sound)
	}
	for at := 0; at+2 <= len(whole); at += 2 {
		for _, v := range []uint16{0, 0x7FFF, 0x8000, 0xFFFF} {
			b := bytes.Clone(whole)
			binary.BigEndian.PutUint16(b[at:], v)
			_ = try(b) // must not panic
		}
	}
}

// try reads all of a font, and takes all out of it.
func try(program []byte) error {
	f, err := Open(program)
	if err != nil {
		return err
	}
	for g := -1; g < 300; g++ {
		f.GlyphBounds(g)
	}
	for _, e := range []Encoding{Unicode, Symbol, MacRoman} {
		m := f.Cmap(e)
		for _, c := range []int{0, 'A', 0xF041, lastCode} {
			m.Glyph(c)
		}
	}
	s, err := f.Source()
	if err != nil {
		return err
	}
	s.ByteCodes()
	s.CapitalHeight()
	if _, ok := s.Face(); ok {
		if _, err := NewUnion(s).Add(s, indexes(s.Glyphs())); err != nil {
			return err
		}
	}
	keep := make([]uint16, s.Glyphs())
	for g := range keep {
		keep[g] = uint16(g)
	}
	cut, err := Subset(s, keep)
	if err != nil {
		return err
	}
	if _, err := sourceOf(cut); err != nil {
		return fmt.Errorf("the subset: %w", err)
	}
	return nil
}

// FuzzFont: no program makes reading or taking out panic or hang, and what is taken out is a font again, with the same glyphs.
func FuzzFont(f *testing.F) {
	s := source(f, liberationsansregular.TTF)
	for _, keep := range [][]uint16{{0}, {0, 36}, {0, 36, 105, 3}} {
		cut, err := Subset(s, keep)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(cut)
	}
	small := made{outlines: [][]byte{make([]byte, 12), nil, make([]byte, 14)}, metrics: make([]Metric, 3), longMetrics: 2,
		cmaps: map[Encoding]map[int]int{Symbol: {65: 1, 66: 2}}}
	for i := range 4 {
		f.Add(small.program(i%2 == 0, rand.New(rand.NewPCG(uint64(i), 0))))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		font, err := Open(program)
		if err != nil {
			return
		}
		for _, e := range []Encoding{Unicode, Symbol, MacRoman} {
			m := font.Cmap(e)
			for c := range 256 {
				m.Glyph(c)
				m.Glyph(0xF000 + c)
			}
		}
		for g := range 1000 {
			font.GlyphBounds(g)
		}
		s, err := font.Source()
		if err != nil {
			return
		}
		glyphs := indexes(min(s.Glyphs(), 1000))
		if codes, ok := s.ByteCodes(); ok {
			glyphs = codes[:]
		}
		if _, ok := s.Face(); ok {
			u := NewUnion(s)
			if numbers, err := u.Add(s, glyphs); err == nil {
				checkTaken(t, s, u.Program(), glyphs, numbers)
			}
		}
		keep := make([]uint16, len(glyphs))
		for i, g := range glyphs {
			keep[i] = uint16(g)
		}
		if cut, err := Subset(s, keep); err == nil {
			checkTaken(t, s, cut, glyphs, indexes(len(glyphs)))
		} else if !errors.Is(err, ErrNoFont) {
			t.Fatal(err)
		}
	})
}

func checkTaken(t *testing.T, s *Source, program []byte, glyphs, numbers []int) {
	t.Helper()
	checkSums(t, program)
	back, err := sourceOf(program)
	if err != nil {
		t.Fatalf("not read back: %v", err)
	}
	for i, g := range glyphs {
		was, is := s.Outline(g), back.Outline(numbers[i])
		if s.Metric(g) != back.Metric(numbers[i]) {
			t.Fatalf("glyph %d has another metric", g)
		}
		if composite, _ := isComposite(was); !composite && !bytes.HasPrefix(is, was) {
			t.Fatalf("glyph %d is another", g)
		}
	}
}

// BenchmarkOpen reads a font as preparing does, and finds the glyphs of all codes of one byte.
func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(liberationsansregular.TTF)
		if err != nil {
			b.Fatal(err)
		}
		m := f.Cmap(Unicode)
		for c := range 256 {
			m.Glyph(c)
		}
	}
}

// BenchmarkSubset cuts a font down to 200 glyphs.
func BenchmarkSubset(b *testing.B) {
	f, err := Open(liberationsansregular.TTF)
	if err != nil {
		b.Fatal(err)
	}
	s, err := f.Source()
	if err != nil {
		b.Fatal(err)
	}
	var keep []uint16
	for g := range 200 {
		keep = append(keep, uint16(g))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Subset(s, keep); err != nil {
			b.Fatal(err)
		}
	}
}
