package printfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-fonts/liberation/liberationsansregular"

	"postgang/printjobs/truetype"
)

// cut is a subset of Liberation Sans with these glyphs, renumbered from 1 as
// office programs do, and with the codes 1… for them.
func cut(t testing.TB, glyphs ...uint16) []byte {
	t.Helper()
	subset, err := truetype.Subset(source(t, liberationsansregular.TTF), append([]uint16{0}, glyphs...))
	if err != nil {
		t.Fatal(err)
	}
	font := source(t, subset)
	cmap := make([]byte, 12, 12+262)
	binary.BigEndian.PutUint16(cmap[2:], 1) // one subtable, (1,0), of format 0
	binary.BigEndian.PutUint16(cmap[4:], 1)
	binary.BigEndian.PutUint32(cmap[8:], 12)
	cmap = append(cmap, 0, 0, 1, 6, 0, 0)
	for i := range 256 {
		if i > len(glyphs) {
			i = 0
		}
		cmap = append(cmap, byte(i))
	}
	tables := map[string][]byte{"cmap": cmap}
	for _, name := range []string{"head", "hhea", "maxp", "hmtx", "loca", "glyf", "fpgm", "prep", "cvt "} {
		tables[name] = font.Table(name)
	}
	return truetype.Write(tables)
}

func source(t testing.TB, program []byte) *truetype.Source {
	t.Helper()
	f, err := truetype.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Source()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// subsetLetter is a letter of one page with a font as LibreOffice writes it.
func subsetLetter(t testing.TB, program []byte) *Prepared {
	t.Helper()
	b := NewBuilder()
	widths := Array{}
	for range 20 {
		widths = append(widths, Int(600))
	}
	file := b.Add(Stream{Dict: Dict{"Length1": Int(len(program)), "Filter": Name("FlateDecode")}, Data: deflate(program)})
	desc := b.Add(Dict{"Type": Name("FontDescriptor"), "FontName": Name("BAAAAA+LiberationSans"), "Flags": Int(4), "FontFile2": file,
		"FontBBox": Array{Int(-500), Int(-300), Int(2000), Int(1000)}, "ItalicAngle": Int(0), "Ascent": Int(905), "Descent": Int(-211), "CapHeight": Int(979), "StemV": Int(80)})
	font := b.Add(Dict{"Type": Name("Font"), "Subtype": Name("TrueType"), "BaseFont": Name("BAAAAA+LiberationSans"),
		"FontDescriptor": desc, "FirstChar": Int(0), "LastChar": Int(19), "Widths": widths})
	b.Share(font)
	b.AddPage(b.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": Array{Int(0), Int(0), Int(300), Int(100)},
		"Resources": Dict{"Font": Dict{"F1": font}}}, Data: []byte("BT /F1 40 Tf 10 40 Td <0102030405> Tj ET")}), 300, 100)
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func linkMerged(t testing.TB, limit int, letters ...*Prepared) ([]byte, Result) {
	t.Helper()
	var buf bytes.Buffer
	l := NewLinker(&buf, Options{MergeFonts: true})
	l.merge.limit = limit
	for _, p := range letters {
		if err := l.AddSide(Side{Width: 300, Height: 100, Placements: []Placement{{p, 0, Identity, nil}}}); err != nil {
			t.Fatal(err)
		}
		l.Release(p)
	}
	before, pending := l.out.off, l.Pending()
	res, err := l.Close()
	if err != nil {
		t.Fatal(err)
	}
	if tail := res.Bytes - before; tail > pending+int64(res.Objects)*20+2000 {
		t.Fatalf("Close wrote %d bytes, Pending said %d", tail, pending)
	}
	if _, err := Inspect(bytes.NewReader(buf.Bytes()), res.Bytes); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), res
}

// Glyphs are in a union once, those that others are made of too, and pages look
// as before, however often a union is begun anew.
func TestMergeFonts(t *testing.T) {
	t.Parallel()
	var letters []*Prepared
	for i := range 8 {
		// From 36 on the letters A…; 100 and above have glyphs made of others.
		n := uint16(i)
		program := cut(t, 36+n, 40+n, 3, 105+n, 70+2*n)
		_, p := file(t, subsetLetter(t, program))
		letters = append(letters, p)
	}
	apart, _ := link(t, Options{}, letters...)
	merged, res := linkMerged(t, allUnionBytes, letters...)
	if res.FontsMerged != 8 || res.FontFaces != 1 || bytes.Count(merged, []byte("/Length1 ")) != 1 || len(merged) > len(apart)/2 {
		t.Fatalf("%+v: %d bytes of %d", res, len(merged), len(apart))
	}
	often, res := linkMerged(t, 1, letters...)
	if res.FontsMerged != 8 || res.FontFaces < 4 {
		t.Fatalf("with a small limit: %+v", res)
	}
	if again, _ := linkMerged(t, allUnionBytes, letters...); !bytes.Equal(again, merged) {
		t.Fatal("not deterministic")
	}
	qpdfCheck(t, merged)
	for _, program := range []string{"mutool", "pdftoppm", "gs"} {
		want := render(t, program, apart, 8)
		for name, b := range map[string][]byte{"merged": merged, "often begun": often} {
			for i, pic := range render(t, program, b, 8) {
				if !bytes.Equal(pic, want[i]) {
					t.Errorf("%s, %s: side %d looks different", program, name, i+1)
				}
				if i > 0 && bytes.Equal(pic, want[i-1]) {
					t.Fatal("two sides look alike: the test proves nothing")
				}
			}
		}
	}
}

// Fonts that cannot be merged are copied, and a damaged one is found.
func TestFontsThatAreNotMerged(t *testing.T) {
	t.Parallel()
	good := cut(t, 36, 37)
	_, res := linkMerged(t, allUnionBytes, subsetLetter(t, good))
	if res.FontsMerged != 1 {
		t.Fatal("the good font is not merged")
	}
	other := bytes.Clone(good)
	copy(other[bytes.Index(other, []byte("glyf")):], "gone")
	for name, program := range map[string][]byte{"no font": []byte("OTTO"), "empty": nil, "cut": good[:len(good)/2], "no glyphs": other} {
		if _, res := linkMerged(t, allUnionBytes, subsetLetter(t, program)); res.FontsMerged != 0 {
			t.Errorf("%s: merged", name)
		}
	}
	raw, p := file(t, subsetLetter(t, good))
	o := p.objs[len(p.objs)-1]
	raw[o.off+o.size/2] ^= 0x55 // in the font's program
	l := NewLinker(io.Discard, Options{MergeFonts: true})
	err := l.AddSide(Side{Width: 300, Height: 100, Placements: []Placement{{p, 0, Identity, nil}}})
	var se *SourceError
	if !errors.As(err, &se) || se.Source != p || !strings.Contains(err.Error(), errHash.Error()) {
		t.Errorf("damaged font: %v", err)
	}
}

// A composite font whose map to glyphs is empty shows the missing glyph for all
// codes, merged too.
func TestEmptyMapToGlyphs(t *testing.T) {
	t.Parallel()
	program := cut(t, 36, 37)
	b := NewBuilder()
	file := b.Add(Stream{Dict: Dict{"Length1": Int(len(program)), "Filter": Name("FlateDecode")}, Data: deflate(program)})
	desc := b.Add(Dict{"Type": Name("FontDescriptor"), "FontName": Name("BAAAAA+LiberationSans"), "Flags": Int(4), "FontFile2": file,
		"FontBBox": Array{Int(-500), Int(-300), Int(2000), Int(1000)}, "ItalicAngle": Int(0), "Ascent": Int(905), "Descent": Int(-211), "CapHeight": Int(979), "StemV": Int(80)})
	cid := b.Add(Dict{"Type": Name("Font"), "Subtype": Name("CIDFontType2"), "BaseFont": Name("BAAAAA+LiberationSans"), "FontDescriptor": desc,
		"CIDSystemInfo": Dict{"Registry": String("Adobe"), "Ordering": String("Identity"), "Supplement": Int(0)},
		"CIDToGIDMap":   b.Add(Stream{Dict: Dict{}})})
	font := b.Add(Dict{"Type": Name("Font"), "Subtype": Name("Type0"), "BaseFont": Name("BAAAAA+LiberationSans"),
		"Encoding": Name("Identity-H"), "DescendantFonts": Array{cid}})
	b.Share(font)
	b.AddPage(b.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": Array{Int(0), Int(0), Int(300), Int(100)},
		"Resources": Dict{"Font": Dict{"F1": font}}}, Data: []byte("BT /F1 40 Tf 10 40 Td <0001> Tj ET")}), 300, 100)
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	if _, res := linkMerged(t, allUnionBytes, p); res.FontsMerged != 1 {
		t.Errorf("%+v", res)
	}
}
