package printfile

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"postgang/fixtures/judges"
)

// qpdfCheck has qpdf read the whole file and find nothing wrong.
func qpdfCheck(t testing.TB, file []byte) {
	t.Helper()
	qpdf := judges.Path(t, "qpdf")
	path := filepath.Join(t.TempDir(), "check.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(qpdf, "--check", path).CombinedOutput(); err != nil {
		t.Fatalf("qpdf --check: %v\n%s", err, out)
	}
}

func deflate(b []byte) []byte {
	var buf bytes.Buffer
	z := zlib.NewWriter(&buf)
	z.Write(b)
	z.Close()
	return buf.Bytes()
}

// logo adds an image that letters share.
func logo(b *Builder) Ref {
	pix := make([]byte, 64*64*3)
	for i := range pix {
		pix[i] = byte(i * 7)
	}
	icc := b.Add(Dict{"Note": String("stands for a colour profile")})
	r := b.Add(Stream{Dict: Dict{
		"Type": Name("XObject"), "Subtype": Name("Image"), "Width": Int(64), "Height": Int(64),
		"ColorSpace": Name("DeviceRGB"), "BitsPerComponent": Int(8), "Filter": Name("FlateDecode"),
		"PGTest": Array{icc, Real(0.5)},
	}, Data: deflate(pix)})
	b.Share(r)
	return r
}

// letter makes a letter of n pages with text, a shape and the shared logo.
func letter(t testing.TB, id, n int) *Prepared {
	t.Helper()
	b := NewBuilder()
	image := logo(b)
	font := b.Add(Dict{"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("Helvetica")})
	for i := range n {
		content := fmt.Sprintf("BT /F1 24 Tf 72 700 Td (Letter %d page %d) Tj ET\nq 100 0 0 100 72 500 cm /Im0 Do Q\n1 0 0 rg %d 300 50 50 re f\n", id, i+1, 72+(id*31+i*17)%300)
		form := b.Add(Stream{Dict: Dict{
			"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": Array{Int(0), Int(0), Real(595.276), Real(841.89)},
			"Filter":    Name("FlateDecode"),
			"Resources": Dict{"Font": Dict{"F1": font}, "XObject": Dict{"Im0": image}},
		}, Data: deflate([]byte(content))})
		b.AddPage(form, 595.276, 841.89)
	}
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// file writes a prepared letter and opens it again.
func file(t testing.TB, p *Prepared) ([]byte, *Prepared) {
	t.Helper()
	var buf bytes.Buffer
	n, err := p.WriteTo(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(buf.Len()) {
		t.Fatalf("WriteTo says %d bytes and wrote %d", n, buf.Len())
	}
	q, err := OpenPrepared(bytes.NewReader(buf.Bytes()), n)
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), q
}

// link writes every page of the letters on a side of its own.
func link(t testing.TB, opt Options, letters ...*Prepared) ([]byte, Result) {
	t.Helper()
	var buf bytes.Buffer
	l := NewLinker(&buf, opt)
	for _, p := range letters {
		for i := range p.NumPages() {
			w, h := p.PageSize(i)
			if err := l.AddSide(Side{Width: w, Height: h, Placements: []Placement{{Source: p, Page: i, Matrix: Identity}}}); err != nil {
				t.Fatal(err)
			}
		}
		l.Release(p)
	}
	res, err := l.Close()
	if err != nil {
		t.Fatal(err)
	}
	if res.Bytes != int64(buf.Len()) {
		t.Fatalf("Result says %d bytes, written were %d", res.Bytes, buf.Len())
	}
	sum, err := Inspect(bytes.NewReader(buf.Bytes()), res.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if sum.SHA256 != res.SHA256 || sum.Objects != res.Objects || len(sum.Sides) != res.Sides || sum.Bytes != res.Bytes {
		t.Fatalf("Inspect finds %d sides, %d objects, %d bytes, %s; Result says %+v", len(sum.Sides), sum.Objects, sum.Bytes, sum.SHA256, res)
	}
	return buf.Bytes(), res
}

func TestPreparedRoundTrip(t *testing.T) {
	t.Parallel()
	p := letter(t, 1, 3)
	first, q := file(t, p)
	qpdfCheck(t, first)
	if q.NumPages() != 3 || q.NumObjects() != p.NumObjects() {
		t.Fatalf("opened: %d pages, %d objects; want 3, %d", q.NumPages(), q.NumObjects(), p.NumObjects())
	}
	if w, h := q.PageSize(2); w != 595.276 || h != 841.89 {
		t.Fatalf("page size %g × %g", w, h)
	}
	second, _ := file(t, q)
	if !bytes.Equal(first, second) {
		t.Fatal("a letter that is opened and written again has other bytes")
	}
}

func TestLinkSharesAndIsDeterministic(t *testing.T) {
	t.Parallel()
	var memory, files []*Prepared
	for i := range 40 {
		p := letter(t, i, 1+i%3)
		_, q := file(t, p)
		memory, files = append(memory, p), append(files, q)
	}
	a, res := link(t, Options{}, memory...)
	b, res2 := link(t, Options{}, files...)
	if !bytes.Equal(a, b) || res != res2 {
		t.Fatal("letters in memory and in files give different print files")
	}
	if n := bytes.Count(a, []byte("/Subtype/Image")); n != 1 {
		t.Fatalf("the shared logo is in the print file %d times", n)
	}
	qpdfCheck(t, a)
	x, _ := link(t, Options{XRefStream: true, Title: "Jobb 17 – prøve"}, files...)
	qpdfCheck(t, x)
}
