package printfile

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"postgang/fixtures/judges"
)

// render draws all pages of a file with a tool, as PPM pictures.
func render(t *testing.T, program string, file []byte, pages int) [][]byte {
	t.Helper()
	path := judges.Path(t, program)
	dir := t.TempDir()
	in := filepath.Join(dir, "in.pdf")
	if err := os.WriteFile(in, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var args []string
	switch program {
	case "mutool":
		args = []string{"draw", "-q", "-r", "72", "-o", filepath.Join(dir, "p-%03d.ppm"), in}
	case "gs":
		args = []string{"-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-r72", "-sDEVICE=ppmraw", "-o", filepath.Join(dir, "p-%03d.ppm"), in}
	default:
		args = []string{"-r", "72", in, filepath.Join(dir, "p")}
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "p-*.ppm"))
	if err != nil || len(names) != pages {
		t.Fatalf("%s drew %d pages, want %d (%v)", program, len(names), pages, err)
	}
	pics := make([][]byte, len(names))
	for i, name := range names { // sorted by Glob
		if pics[i], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return pics
}

// The linked page looks exactly as the prepared letter's page does.
func TestRenderedAlike(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"mutool", "pdftoppm"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			judges.Path(t, program)
			var letters []*Prepared
			var want [][]byte
			for i := range 3 {
				raw, p := file(t, letter(t, i, i+1))
				letters = append(letters, p)
				want = append(want, render(t, program, raw, i+1)...)
			}
			for i, a := range want {
				for _, b := range want[:i] {
					if bytes.Equal(a, b) {
						t.Fatal("two pages of the test look the same, so it proves nothing")
					}
				}
			}
			for _, opt := range []Options{{}, {XRefStream: true}} {
				out, _ := link(t, opt, letters...)
				for i, pic := range render(t, program, out, len(want)) {
					if !bytes.Equal(pic, want[i]) {
						t.Errorf("side %d looks different from its page (%+v)", i+1, opt)
					}
				}
			}
		})
	}
}

// Two pages on one landscape side, a blank back, and marks with a font of a kit.
func imposed(t testing.TB, opt Options) ([]byte, Result) {
	t.Helper()
	p := letter(t, 7, 2)
	kit, font := fontKit(t)
	var buf bytes.Buffer
	l := NewLinker(&buf, opt)
	for _, s := range []Side{
		{Width: 1190.552, Height: 841.89,
			Placements: []Placement{{p, 0, Identity, nil}, {p, 1, [6]float64{0, 1, -1, 0, 841.89 + 595.276, 0}, nil}},
			Content:    []byte("0 0 1 rg 5 5 20 20 re f\nBT /F1 9 Tf 40 10 Td (mark 17) Tj ET"),
			Resources:  Dict{"Font": Dict{"F1": font}}, Kit: kit},
		{Width: 1190.552, Height: 841.89},
		{Width: 595.276, Height: 841.89, Content: []byte("BT /F1 40 Tf 100 400 Td (control sheet) Tj ET"),
			Resources: Dict{"Font": Dict{"F1": font}}, Kit: kit},
	} {
		if err := l.AddSide(s); err != nil {
			t.Fatal(err)
		}
	}
	res, err := l.Close()
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), res
}

func TestImposedSides(t *testing.T) {
	t.Parallel()
	out, res := imposed(t, Options{Title: "Jobb 42"})
	sum, err := Inspect(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	want := []SideSummary{
		{Width: 1190.552, Height: 841.89, Placements: 2, Own: sha256.Sum256([]byte("0 0 1 rg 5 5 20 20 re f\nBT /F1 9 Tf 40 10 Td (mark 17) Tj ET"))},
		{Width: 1190.552, Height: 841.89, Blank: true},
		{Width: 595.276, Height: 841.89, Own: sha256.Sum256([]byte("BT /F1 40 Tf 100 400 Td (control sheet) Tj ET"))},
	}
	if fmt.Sprint(sum.Sides) != fmt.Sprint(want) {
		t.Fatalf("Inspect finds %+v, want %+v", sum.Sides, want)
	}
	// The font of the kit is used again on the last side; so is the logo on
	// the second page.
	if res.SharedHits < 2 || bytes.Count(out, []byte("glyph data glyph data")) == 0 {
		t.Fatalf("%d shared hits", res.SharedHits)
	}
	if n := bytes.Count(out, []byte("/PGTest")); n != 2 {
		t.Fatalf("logo and font are written %d times together, want 2", n)
	}
	qpdfCheck(t, out)
	ghostscript(t, out)
	pics := render(t, "pdftoppm", out, 3)
	// P6, size and depth stand on a line each.
	pixels := bytes.SplitN(pics[1], []byte("\n"), 4)[3]
	if blank := bytes.Trim(pixels, "\xff"); len(pixels) < 1190*841*3 || len(blank) > 0 {
		t.Error("the blank back is not blank")
	}
	text := pdftotext(t, out)
	for i, want := range [][]string{{"Letter 7 page 1", "mark 17"}, nil, {"control sheet"}} {
		for _, w := range want {
			if !strings.Contains(text[i], w) {
				t.Errorf("side %d: no %q in %q", i+1, w, text[i])
			}
		}
	}
}

// A page never paints on its neighbour: the box of its form holds it in, and so
// does the clip where that box is larger than the page.
func TestNeighboursAreNotPainted(t *testing.T) {
	t.Parallel()
	// A page of 100 × 100 pt that paints 40 pt beyond each edge.
	page := func(box float64) *Prepared {
		b := NewBuilder()
		b.AddPage(b.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"),
			"BBox": Array{Real(-box), Real(-box), Real(100 + box), Real(100 + box)}, "Resources": Dict{}},
			Data: []byte("0 0 0 rg -40 -40 180 180 re f")}), 100, 100)
		p, err := b.Prepared()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	turned := [6]float64{0, 1, -1, 0, 200, 100} // a quarter turn: the page at x 100…200, y 100…200
	upright := [6]float64{1, 0, 0, 1, 100, 100}
	scaled := [6]float64{0.5, 0, 0, 0.5, 125, 125}
	clip := &[4]float64{0, 0, 100, 100}
	for _, c := range []struct {
		name string
		p    Placement
		want [4]int // what is black, in pixels from the lower left corner
	}{
		{"the form's box", Placement{page(0), 0, upright, nil}, [4]int{100, 100, 200, 200}},
		{"a larger box", Placement{page(20), 0, upright, nil}, [4]int{80, 80, 220, 220}},
		{"clip", Placement{page(20), 0, upright, clip}, [4]int{100, 100, 200, 200}},
		{"clip, turned", Placement{page(20), 0, turned, clip}, [4]int{100, 100, 200, 200}},
		{"clip, scaled", Placement{page(20), 0, scaled, clip}, [4]int{125, 125, 175, 175}},
		{"clip with bleed", Placement{page(20), 0, upright, &[4]float64{-10, -10, 110, 110}}, [4]int{90, 90, 210, 210}},
		{"clip alone", Placement{page(20), 0, Identity, &[4]float64{10, 20, 30, 40}}, [4]int{10, 20, 30, 40}},
	} {
		var buf bytes.Buffer
		l := NewLinker(&buf, Options{})
		// What is drawn after it must not be clipped.
		if err := l.AddSide(Side{Width: 300, Height: 300, Placements: []Placement{c.p, {page(0), 0, [6]float64{0.1, 0, 0, 0.1, 280, 280}, nil}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if sum, err := Inspect(bytes.NewReader(buf.Bytes()), int64(buf.Len())); err != nil || sum.Sides[0].Placements != 2 {
			t.Fatalf("%s: %v, %+v", c.name, err, sum.Sides)
		}
		for _, program := range []string{"mutool", "pdftoppm", "gs"} {
			pixels := bytes.SplitN(render(t, program, buf.Bytes(), 1)[0], []byte("\n"), 4)[3]
			pixels = pixels[len(pixels)-300*300*3:]
			for y := range 300 {
				for x := range 300 {
					up := 299 - y
					want := x >= c.want[0] && x < c.want[2] && up >= c.want[1] && up < c.want[3] || x >= 280 && x < 290 && up >= 280 && up < 290
					if black := pixels[3*(300*y+x)] < 128; black != want {
						t.Fatalf("%s, %s: pixel (%d, %d) is black: %v", c.name, program, x, up, black)
					}
				}
			}
		}
	}
}

// ghostscript interprets the file, as a printer would, without a word.
func ghostscript(t testing.TB, file []byte) {
	t.Helper()
	path := judges.Path(t, "gs")
	in := filepath.Join(t.TempDir(), "in.pdf")
	if err := os.WriteFile(in, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-dPDFSTOPONERROR", "-sDEVICE=nullpage", in).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("gs: %v\n%s", err, out)
	}
}

// pdftotext gives the text of each page.
func pdftotext(t testing.TB, file []byte) []string {
	t.Helper()
	path := judges.Path(t, "pdftotext")
	in := filepath.Join(t.TempDir(), "in.pdf")
	if err := os.WriteFile(in, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, in, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext: %v", err)
	}
	pages := strings.Split(string(out), "\f")
	return pages[:len(pages)-1]
}

// Every letter's pages come in order, whatever the depth of the page tree.
func TestPageTree(t *testing.T) {
	t.Parallel()
	kit, font := fontKit(t)
	for _, n := range []int{1, treeFanOut, treeFanOut + 1, treeFanOut * treeFanOut, treeFanOut*treeFanOut + 1} {
		var buf bytes.Buffer
		l := NewLinker(&buf, Options{})
		for i := range n {
			p := cover(t, kit, font, "no "+strconv.Itoa(i)+" end")
			if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, 0, Identity, nil}}}); err != nil {
				t.Fatal(err)
			}
			l.Release(p)
		}
		if _, err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Inspect(bytes.NewReader(buf.Bytes()), int64(buf.Len())); err != nil {
			t.Fatalf("%d sides: %v", n, err)
		}
		qpdfCheck(t, buf.Bytes())
		for i, text := range pdftotext(t, buf.Bytes()) {
			if want := "no " + strconv.Itoa(i) + " end"; strings.TrimSpace(text) != want {
				t.Fatalf("%d sides: side %d says %q, want %q", n, i+1, text, want)
			}
		}
	}
}
