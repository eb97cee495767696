package printfile

import (
	"bytes"
	"testing"
)

// fontKit is a kit with a large stream, as fonts are.
func fontKit(t testing.TB) (*Kit, Ref) {
	t.Helper()
	b := NewBuilder()
	file := b.Add(Stream{Data: bytes.Repeat([]byte("glyph data "), 40_000)})
	font := b.Add(Dict{"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("Helvetica"), "PGTest": file})
	b.Add(Dict{"Unused": Bool(true)})
	b.Share(font)
	k, err := b.Kit()
	if err != nil {
		t.Fatal(err)
	}
	return k, font
}

// cover makes a letter of one page with a font of the kit.
func cover(t testing.TB, k *Kit, font Ref, text string) *Prepared {
	t.Helper()
	b := NewBuilder()
	f, err := b.Import(k, font)
	if err != nil {
		t.Fatal(err)
	}
	form := b.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": Array{Int(0), Int(0), Int(595), Int(842)},
		"Resources": Dict{"Font": Dict{"F1": f}}}, Data: []byte("BT /F1 18 Tf 72 700 Td (" + text + ") Tj ET")})
	b.AddPage(form, 595, 842)
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
