package prepare

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/scan"
	"postgang/printjobs/prepare/sheet"
)

// wholeSheet is a zone that finds all ink of a page.
var wholeSheet = scan.Zone{Name: "arket", WidthMM: 210, HeightMM: 297, Level: finding.LevelWarning}

// checked prepares a document under checks; findings are those of the refusal
// and the warnings together.
func checked(tb testing.TB, data []byte, c Checks) (findings []finding.Finding, out string, err error) {
	tb.Helper()
	out = filepath.Join(tb.TempDir(), "out.pdf")
	facts, err := Letter(tb.Context(), Request{Documents: []Document{{Path: write(tb, "in.pdf", data)}}, Output: out, Checks: c})
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return append(r.Findings, r.Warnings...), out, err
	case err != nil:
		tb.Fatal(err)
	}
	return facts.Warnings, out, nil
}

// inZone returns the box of the ink in the zone named of the first page, nil for none.
func inZone(findings []finding.Finding, zone string) *finding.Box {
	for _, f := range findings {
		if f.Code == finding.CodeReservedZone && f.Page == 1 && f.Args["zone"] == zone {
			return f.MM
		}
	}
	return nil
}

// rendered is the box around what poppler draws on the first page, at 0.1 mm a pixel;
// nil when that is nothing.
func rendered(tb testing.TB, pdf string) *finding.Box {
	tb.Helper()
	judges.Need(tb, "pdftoppm")
	p, err := render(tb.Context(), tb.TempDir(), pdf, 1, "-r", "254")
	if err != nil {
		tb.Fatal(err)
	}
	b := finding.Box{X0: math.Inf(1), Y0: math.Inf(1), X1: math.Inf(-1), Y1: math.Inf(-1)}
	for y := range p.h {
		row := p.pix[3*y*p.w : 3*(y+1)*p.w]
		for x := range p.w {
			if row[3*x] < 250 || row[3*x+1] < 250 || row[3*x+2] < 250 {
				b = finding.Box{X0: math.Min(b.X0, float64(x)/10), Y0: math.Min(b.Y0, float64(y)/10), X1: math.Max(b.X1, float64(x+1)/10), Y1: math.Max(b.Y1, float64(y+1)/10)}
			}
		}
	}
	if b.X1 < b.X0 {
		return nil
	}
	return &b
}

// TestInkBoxes: where ink is said to lie is where poppler draws it. exact
// cases agree to 0.1 mm, and the rounding of a pixel; the others hold what is
// drawn and exceed it by no more than the case allows.
func TestInkBoxes(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	const black = "0 g 0 G "
	image := stream("/Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8", "\x00\x40\x80\x00")
	for _, c := range []struct {
		name string
		pdf  []byte
		most float64 // mm by which the box may exceed what is drawn
	}{
		{"rectangle", onePage(a4, black+"100 200 50 30 re f"), 0},
		{"triangle", onePage(a4, black+"100 200 m 300 250 l 150 400 l f"), 0},
		{"thick line", onePage(a4, black+"10 w 100 200 m 300 200 l S"), 0},
		{"slanted line", onePage(a4, black+"10 w 100 200 m 300 500 l S"), 0},
		{"projecting ends", onePage(a4, black+"10 w 2 J 100 200 m 300 200 l S"), 0},
		{"sharp miter", onePage(a4, black+"10 w 100 200 m 200 400 l 300 200 l S"), 0},
		{"mitered frame", onePage(a4, black+"10 w 100 200 300 200 re S"), 0},
		{"uneven scale", onePage(a4, black+"q 4 0 0 1 0 0 cm 10 w 50 100 m 50 300 l 90 300 l S Q"), 0},
		{"hairline", onePage(a4, black+"0 w 100 200 m 300 200 l S"), 0.1},
		{"flat fill", onePage(a4, black+"100 200 50 0.1 re f"), 0.1},
		{"circle", onePage(a4, black+"300 400 m 300 455.2 255.2 500 200 500 c 144.8 500 100 455.2 100 400 c 100 344.8 144.8 300 200 300 c 255.2 300 300 344.8 300 400 c f"), 0},
		{"v and y", onePage(a4, black+"100 200 m 300 400 300 200 v 200 100 100 200 y f"), 0},
		{"clipped", onePage(a4, black+"150 150 100 100 re W n 100 200 500 500 re f"), 0},
		{"clip ends", onePage(a4, black+"q 150 150 100 100 re W n 0 0 9 9 re f Q 300 300 9 9 re f"), 0},
		{"white counts not", onePage(a4, black+"100 200 50 30 re f 1 g 0 0 500 800 re f 0 g 100 200 50 30 re f"), 0},
		{"transparent counts not", onePage(a4+"/Resources<</ExtGState<</G<</ca 0>>>>>>", black+"100 200 50 30 re f /G gs 0 0 500 800 re f"), 0},
		{"image", onePage(a4+"/Resources<</XObject<</I 5 0 R>>>>", "q 100 20 -20 80 200 300 cm /I Do Q", image), 0},
		{"inline image", onePage(a4, "q 100 0 0 80 200 300 cm BI /W 1/H 1/CS/G/BPC 8 ID \x00 EI Q"), 0},
		{"scan with a margin", onePage(a4+"/Resources<</XObject<</I 5 0 R>>>>", "595.276 0 0 841.89 0 0 cm /I Do",
			stream("/Type/XObject/Subtype/Image/Width 40/Height 20/ColorSpace/DeviceGray/BitsPerComponent 8", strings.Repeat("\xff", 100)+strings.Repeat(strings.Repeat("\xfe", 10)+strings.Repeat("\x10", 20)+strings.Repeat("\xff", 10), 10)+strings.Repeat("\xff", 300))), 0},
		{"stencil, turned", onePage(a4+"/Resources<</XObject<</I 5 0 R>>>>", "0 400 -300 0 400 100 cm /I Do",
			stream("/Type/XObject/Subtype/Image/Width 8/Height 4/ImageMask true/BitsPerComponent 1", "\xff\xc3\xe7\xff")), 0},
		{"form", onePage(a4+"/Resources<</XObject<</F 5 0 R>>>>", "q 1 0 0 1 30 40 cm /F Do Q",
			stream("/Subtype/Form/BBox[0 0 100 50]/Matrix[0 2 -1 0 200 300]/Resources<<>>", "10 10 900 900 re f")), 0},
		{"form in a form", onePage(a4+"/Resources<</XObject<</F 5 0 R>>>>", "/F Do",
			stream("/Subtype/Form/BBox[0 0 500 500]/Resources<</XObject<</G 6 0 R>>>>", "q .5 0 0 .5 50 60 cm /G Do Q"),
			stream("/Subtype/Form/BBox[0 0 300 300]/Resources<<>>", "100 100 77 55 re f")), 0},
		{"annotation", onePage(a4+"/Annots[<</Subtype/Stamp/F 4/Rect[100 700 200 800]/AP<</N 5 0 R>>>>]", "",
			stream("/Subtype/Form/BBox[10 10 20 40]/Matrix[0 1 -1 0 0 0]/Resources<<>>", "12 12 5 20 re f")), 0},
		{"turned page", onePage("/MediaBox[0 0 841.89 595.276]/Rotate 90", black+"100 200 50 30 re f"), 0},
		{"upside down", onePage(a4+"/Rotate 180", black+"100 200 50 30 re f"), 0},
		{"landscape", onePage("/MediaBox[0 0 841.89 595.276]", black+"100 200 50 30 re f"), 0},
		{"cropped", onePage("/MediaBox[0 0 700 1000]/CropBox[50 60 645.276 901.89]", black+"0 0 100 100 re f"), 0},
		{"scaled up", onePage("/MediaBox[0 0 419.53 595.28]", black+"100 200 50 30 re f"), 0},
		{"user unit", onePage("/MediaBox[0 0 297.638 420.945]/UserUnit 2", black+"50 100 25 15 re f"), 0},
		{"pattern", onePage(a4+"/Resources<</Pattern<</P 5 0 R>>>>", "/Pattern cs /P scn 100 200 50 30 re f",
			stream("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 4 4]/XStep 4/YStep 4/Resources<<>>", "0 0 4 4 re f")), 0},
		{"glyphs of Type 3", onePage(a4+"/Resources<</Font<</F 5 0 R>>>>", "BT /F 20 Tf 2 Ts 5 Tc 100 200 Td [(a) -500 (aa)] TJ ET",
			"<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 97/LastChar 97/Widths[1000]/Encoding<</Differences[97/sq]>>/CharProcs<</sq 6 0 R>>/Resources<<>>>>",
			stream("", "1000 0 0 0 800 700 d1 100 0 700 700 re f")), 0},
		{"standard font", onePage(a4+"/Resources<</Font<</F 5 0 R>>>>", "BT /F 20 Tf 100 200 Td (Hei) Tj 0 -30 Td (verden  ) Tj ET", helvetica), 2.5},
		{"turned text", onePage(a4+"/Resources<</Font<</F 5 0 R>>>>", "BT /F 20 Tf .8 .6 -.6 .8 200 300 Tm (Hei) Tj ET", helvetica), 3},
		{"invisible text", onePage(a4+"/Resources<</Font<</F 5 0 R>>>>", "100 200 50 30 re f BT /F 20 Tf 3 Tr 10 20 Td (Hei) Tj ET", helvetica), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			findings, out, err := checked(t, c.pdf, Checks{Zones: []scan.Zone{wholeSheet}})
			if err != nil {
				t.Fatal(err)
			}
			got, want := inZone(findings, "arket"), rendered(t, out)
			if got == nil || want == nil {
				t.Fatalf("ink %v, poppler draws %v", got, want)
			}
			// A pixel of 0.1 mm counts wholly when touched, and ours is
			// rounded to 0.1 mm.
			const pixel = 0.1501
			less, more := outside(*want, *got), outside(*got, *want)
			if less > pixel || more > c.most+pixel {
				t.Errorf("ink %v, poppler draws %v: %.2f mm less, %.2f mm more", got, want, less, more)
			}
		})
	}
}

// TestJPEGInk: a scanned page in JPEG, grey and in colour, has ink where it is
// dark. 840 × 1188 pixels are 0.25 mm each.
func TestJPEGInk(t *testing.T) {
	t.Parallel()
	area := image.Rect(80, 400, 240, 440) // 20 to 60 mm, 100 to 110 mm
	grey := image.NewGray(image.Rect(0, 0, 840, 1188))
	draw.Draw(grey, grey.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(grey, area, image.Black, image.Point{}, draw.Src)
	rgb := image.NewRGBA(grey.Bounds())
	draw.Draw(rgb, rgb.Bounds(), grey, image.Point{}, draw.Src)
	for space, img := range map[string]image.Image{"DeviceGray": grey, "DeviceRGB": rgb} {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		data := onePage(a4+"/Resources<</XObject<</I 5 0 R>>>>", "595.276 0 0 841.89 0 0 cm /I Do",
			stream("/Type/XObject/Subtype/Image/Width 840/Height 1188/BitsPerComponent 8/Filter/DCTDecode/ColorSpace/"+space, b.String()))
		findings, _, err := checked(t, data, Checks{Zones: []scan.Zone{wholeSheet, scan.InserterZone(finding.LevelError)}})
		if err != nil {
			t.Fatalf("%s: %v", space, err)
		}
		// JPEG may ring within its blocks of 8 or 16 pixels, which the area keeps to.
		got, want := inZone(findings, "arket"), finding.Box{X0: 20, Y0: 100, X1: 60, Y1: 110}
		if got == nil || outside(*got, want) > 0.1001 || outside(want, *got) > 0.1001 {
			t.Errorf("%s: ink %v, want %v", space, got, want)
		}
	}
}

// outside is by how much a reaches out of b, in mm.
func outside(a, b finding.Box) float64 {
	return math.Max(math.Max(b.X0-a.X0, b.Y0-a.Y0), math.Max(a.X1-b.X1, a.Y1-b.Y1))
}

// TestInserterZone: ink beside, around and behind a zone is none in it.
func TestInserterZone(t *testing.T) {
	t.Parallel()
	// x 0 to 42.52 pt, y 345.8 to 572.6 pt from the bottom.
	zone := Checks{Zones: []scan.Zone{scan.InserterZone(finding.LevelError)}}
	for _, c := range []struct {
		name, content string
		want          *finding.Box
	}{
		{"beside", "43 300 100 300 re f", nil},
		{"touching", "42.52 300 100 300 re f", nil},
		{"above", "0 573 500 100 re f", nil},
		{"frame around", "2 w 10 20 570 800 re S", &finding.Box{X0: 3.2, Y0: 95, X1: 3.9, Y1: 175}},
		{"frame at the paper's edge, around", "2 w -5 20 570 800 re S", nil},
		{"hole", "0 0 595 842 re 0 300 50 300 re f*", nil},
		{"hole by winding", "0 0 m 595 0 l 595 842 l 0 842 l h 0 300 m 0 600 l 50 600 l 50 300 l h f", nil},
		{"slanted past the corner", "2 w 0 660 m 120 540 l S", nil},
		{"slanted through", "2 w 0 560 m 80 480 l S", &finding.Box{X0: 0, Y0: 99.1, X1: 15, Y1: 114.8}},
		{"fold mark", "1 w 0 561.3 m 20 561.3 l S", &finding.Box{X0: 0, Y0: 98.8, X1: 7.1, Y1: 99.2}},
		{"two", "5 400 2 2 re f 30 500 2 2 re f", &finding.Box{X0: 1.8, Y0: 119.9, X1: 11.3, Y1: 155.9}},
		{"white", "1 g 0 0 500 800 re f", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			findings, _, err := checked(t, onePage(a4, c.content), zone)
			got := inZone(findings, "konvolutteringssonen")
			if (got == nil) != (c.want == nil) || (err == nil) != (c.want == nil) {
				t.Fatalf("ink %v, want %v (%v)", got, c.want, err)
			}
			if got != nil && (outside(*got, *c.want) > 0.1001 || outside(*c.want, *got) > 0.1001) {
				t.Errorf("ink %v, want %v", got, c.want)
			}
		})
	}
}

// TestRandomInk: random shapes under random matrices and rotations are found
// where poppler draws them.
func TestRandomInk(t *testing.T) {
	if testing.Short() {
		t.Skip("renders a page in each of its rounds")
	}
	t.Parallel()
	judges.Need(t, "pdftoppm")
	rounds := 0
	rapid.Check(t, func(r *rapid.T) {
		if rounds++; rounds > 12 {
			return // each renders a page
		}
		n := func(lo, hi float64) float64 { return math.Round(rapid.Float64Range(lo, hi).Draw(r, "n")*10) / 10 }
		var b strings.Builder
		fmt.Fprintf(&b, "0 g %g w %d J %g %g %g %g %g %g cm ", n(1, 12), 2*rapid.IntRange(0, 1).Draw(r, "ends"), n(.3, 1.4), n(-.4, .4), n(-.4, .4), n(.3, 1.4), n(0, 100), n(0, 100))
		fmt.Fprintf(&b, "%g %g m ", n(50, 400), n(50, 600))
		for range rapid.IntRange(1, 5).Draw(r, "lines") {
			fmt.Fprintf(&b, "%g %g l ", n(50, 400), n(50, 600))
		}
		b.WriteString(rapid.SampledFrom([]string{"S", "s", "f", "f*", "b"}).Draw(r, "paint"))
		data := onePage(fmt.Sprintf("/MediaBox[0 0 595.276 841.89]/Rotate %d", 90*rapid.IntRange(0, 3).Draw(r, "turns")), b.String())
		findings, out, err := checked(t, data, Checks{Zones: []scan.Zone{wholeSheet}})
		if err != nil {
			r.Fatal(err)
		}
		got, want := inZone(findings, "arket"), rendered(t, out)
		if (got == nil) != (want == nil) {
			r.Fatalf("%s: ink %v, poppler draws %v", b.String(), got, want)
		}
		if got == nil {
			return
		}
		most := 0.2001
		if got.X0 < 0.1 || got.Y0 < 0.1 || got.X1 > 209.9 || got.Y1 > 296.9 {
			// Where the sheet cuts a flat line off, the pixel of its edge moves the place by many.
			most = 1
		}
		if less, more := outside(*want, *got), outside(*got, *want); less > most || more > most {
			r.Fatalf("%s: ink %v, poppler draws %v", b.String(), got, want)
		}
	})
}

// TestCorpusInk: on letters, the box of what poppler draws lies within the box
// of the ink found. Substituted fonts may differ by how wide they are.
func TestCorpusInk(t *testing.T) {
	t.Parallel()
	files := corpusFiles(t)
	judges.Need(t, "pdftoppm")
	var excess []float64
	looked := 0
	for i, f := range files {
		if dir := filepath.Base(filepath.Dir(f)); dir == "pdfjs" && i%25 != 0 || dir != "pdfjs" && i%3 != 0 {
			continue
		}
		out := filepath.Join(t.TempDir(), "out.pdf")
		facts, err := Letter(t.Context(), Request{Documents: []Document{{Path: f}}, Output: out, Checks: Checks{Zones: []scan.Zone{wholeSheet}}})
		if err != nil {
			continue // TestCorpus judges that
		}
		got, want := inZone(facts.Warnings, "arket"), rendered(t, out)
		os.Remove(out)
		if want == nil {
			continue
		}
		looked++
		if got == nil {
			t.Errorf("%s: no ink, poppler draws %v", filepath.Base(f), want)
			continue
		}
		// Poppler smooths a coarse image by a pixel of it: 0.3 mm at 96 dpi.
		if less := outside(*want, *got); less > 0.35 {
			t.Errorf("%s: ink %v, poppler draws %v: %.2f mm less", filepath.Base(f), got, want, less)
		}
		excess = append(excess, outside(*got, *want))
	}
	sort.Float64s(excess)
	if looked < 20 {
		t.Fatalf("only %d files looked at", looked)
	}
	t.Logf("%d pages; the box exceeds what is drawn by at most %.2f mm in half of them, %.2f in nine of ten, %.2f in all",
		looked, excess[len(excess)/2], excess[len(excess)*9/10], excess[len(excess)-1])
}

// TestLevels: each check under each level: nothing, a warning or a refusal,
// with its severity, page and text.
func TestLevels(t *testing.T) {
	t.Parallel()
	rectangle := "100 200 50 30 re f"
	coarse := stream("/Type/XObject/Subtype/Image/Width 10/Height 30/ColorSpace/DeviceGray/BitsPerComponent 1", strings.Repeat("\x00\x00", 30))
	withImage := func(content string) []byte { return onePage(a4+"/Resources<</XObject<</I 5 0 R>>>>", content, coarse) }
	nested := onePage(a4+"/Resources<</XObject<</F 5 0 R>>>>", "/F Do",
		stream("/Subtype/Form/BBox[0 0 500 500]/Resources<</XObject<</G 6 0 R>>>>", "/G Do"),
		stream("/Subtype/Form/BBox[0 0 500 500]/Resources<</Font<</H 7 0 R>>>>", "BT /H 12 Tf 50 50 Td (Hei) Tj ET"), helvetica)
	three := rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 3 0 R 3 0 R]/Count 3"+a4+">>", "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>", stream("", rectangle))
	version := func(v string) []byte {
		return []byte(strings.Replace(string(onePage(a4, rectangle)), "%PDF-1.7", "%PDF-"+v, 1))
	}
	inCatalog := []byte(strings.Replace(string(rawPDF("<</Type/Catalog/Pages 2 0 R/Version/2.0>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R"+a4+">>")), "%PDF-1.7", "%PDF-1.4", 1))
	for _, c := range []struct {
		name string
		pdf  []byte
		set  func(c *Checks, l finding.Level)
		def  finding.Level // what the empty level comes to
		code string
		page int
		says string
	}{
		{"page size", onePage("/MediaBox[0 0 419.53 595.28]", rectangle), func(c *Checks, l finding.Level) { c.PageSize = l }, finding.LevelWarning, finding.CodePageSize, 1, "height:210 .*width:148"},
		{"tolerance", onePage("/MediaBox[0 0 590 835]", rectangle), func(c *Checks, l finding.Level) { c.PageSize, c.PageToleranceMM = l, 2 }, finding.LevelWarning, finding.CodePageSize, 1, "height:295"},
		{"font in a nested form", nested, func(c *Checks, l finding.Level) { c.FontNotEmbedded = l }, finding.LevelWarning, finding.CodeFontNotEmbedded, 1, `^map\[\]$`},
		{"too many pages", three, func(c *Checks, l finding.Level) { c.MaxPages, c.TooManyPages = 2, l }, finding.LevelError, finding.CodeTooManyPages, 0, "max:2 n:3"},
		{"version", version("2.0"), func(c *Checks, l finding.Level) { c.PDFVersion = l }, finding.LevelOff, finding.CodePDFVersion, 0, "max:1.7 version:2.0"},
		{"version of the catalog", inCatalog, func(c *Checks, l finding.Level) { c.PDFVersion = l }, finding.LevelOff, finding.CodePDFVersion, 0, "2.0"},
		{"older version only", version("1.5"), func(c *Checks, l finding.Level) { c.PDFVersion, c.MaxPDFVersion = l, "1.4" }, finding.LevelOff, finding.CodePDFVersion, 0, "max:1.4 version:1.5"},
		{"no such version", version("1.9"), func(c *Checks, l finding.Level) { c.PDFVersion, c.MaxPDFVersion = l, "2.0" }, finding.LevelOff, finding.CodePDFVersion, 0, "1.9"},
		// 10 pixels on one inch, 30 on two: 10 a inch across, 15 up.
		{"resolution", withImage("q 72 0 0 144 100 200 cm /I Do Q"), func(c *Checks, l finding.Level) { c.ImageResolution = l }, finding.LevelOff, finding.CodeImageResolution, 1, "dpi:10 "},
		{"resolution, turned", withImage("q 0 144 -36 0 100 200 cm /I Do Q"), func(c *Checks, l finding.Level) { c.ImageResolution = l }, finding.LevelOff, finding.CodeImageResolution, 1, "dpi:5 "},
		{"resolution inline", onePage(a4, "q 72 0 0 72 9 9 cm BI /W 8/H 8/CS/G/BPC 1 ID 12345678 EI Q"), func(c *Checks, l finding.Level) { c.ImageResolution = l }, finding.LevelOff, finding.CodeImageResolution, 1, "dpi:8 "},
		{"zone", onePage(a4, "0 400 30 30 re f"), func(c *Checks, l finding.Level) { c.Zones = []scan.Zone{scan.InserterZone(l)} }, finding.LevelOff, finding.CodeReservedZone, 1, "x0:0 x1:10.6 y0:"},
		{"edge", onePage(a4, "300 830 9 11.89 re f"), func(c *Checks, l finding.Level) { c.Zones = scan.UnprintableEdge(4, l) }, finding.LevelOff, finding.CodeReservedZone, 1, "øvre kant"},
	} {
		for _, level := range []finding.Level{"", finding.LevelOff, finding.LevelWarning, finding.LevelError} {
			t.Run(c.name+" "+string(level), func(t *testing.T) {
				t.Parallel()
				var checks Checks
				// Off for what else the documents have.
				checks.FontNotEmbedded, checks.BlankLetter = finding.LevelOff, finding.LevelOff
				c.set(&checks, level)
				findings, out, err := checked(t, c.pdf, checks)
				want := level.Or(c.def)
				if (err != nil) != (want == finding.LevelError) {
					t.Fatalf("refused: %v", err)
				}
				if _, missing := os.Stat(out); (missing != nil) != (want == finding.LevelError) {
					t.Errorf("output: %v", missing)
				}
				if want == finding.LevelOff {
					if len(findings) != 0 {
						t.Errorf("findings %+v", findings)
					}
					return
				}
				if len(findings) != 1 {
					t.Fatalf("findings %+v", findings)
				}
				f := findings[0]
				if f.Code != c.code || f.Page != c.page || f.Severity != want || !regexp.MustCompile(c.says).MatchString(fmt.Sprint(f.Args)) {
					t.Errorf("finding %+v, want %s of page %d, severity %s, saying %q", f, c.code, c.page, want, c.says)
				}
				if measured := f.Code == finding.CodeReservedZone || f.Code == finding.CodeImageResolution; measured != (f.MM != nil) {
					t.Errorf("millimetres %v", f.MM)
				}
			})
		}
	}
}

// TestChecksPass: what is right is not told of under the strictest checks.
func TestChecksPass(t *testing.T) {
	t.Parallel()
	fine := stream("/Type/XObject/Subtype/Image/Width 100/Height 100/ColorSpace/DeviceGray/BitsPerComponent 1", strings.Repeat("\x00", 1300))
	rule := stream("/Type/XObject/Subtype/Image/Width 2/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8", "\x00\x00")
	data := onePage("/MediaBox[0 0 595 842]/Resources<</XObject<</I 5 0 R/R 6 0 R>>>>",
		"q 72 0 0 72 200 200 cm /I Do Q q 300 0 0 1 100 100 cm /R Do Q 100 300 50 50 re f", fine, rule)
	findings, _, err := checked(t, data, Checks{
		Encryption: finding.LevelError, PageSize: finding.LevelError, TooManyPages: finding.LevelError, MaxPages: 1, PDFVersion: finding.LevelError, FontNotEmbedded: finding.LevelError,
		ImageResolution: finding.LevelError, Zones: append(scan.UnprintableEdge(5, finding.LevelError), scan.InserterZone(finding.LevelError)),
	})
	if err != nil || len(findings) != 0 {
		t.Errorf("findings %+v (%v)", findings, err)
	}
}

// TestAllChecksAtOnce: errors and warnings of all pages come together.
func TestAllChecksAtOnce(t *testing.T) {
	t.Parallel()
	data := rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2/MediaBox[0 0 419.53 595.28]>>",
		"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</H 5 0 R>>>>>>", stream("", "0 0 419 595 re f BT /H 12 Tf 50 50 Td (Hei) Tj ET"), helvetica)
	out := filepath.Join(t.TempDir(), "out.pdf")
	_, err := Letter(t.Context(), Request{Documents: []Document{{Path: write(t, "in.pdf", data)}}, Output: out,
		Checks: Checks{MaxPages: 1, PageSize: finding.LevelError, PDFVersion: finding.LevelWarning, MaxPDFVersion: "1.6", Zones: []scan.Zone{scan.InserterZone(finding.LevelError)}}})
	var r *Refusal
	if !errors.As(err, &r) {
		t.Fatal(err)
	}
	list := func(fs []finding.Finding) (s []string) {
		for _, f := range fs {
			s = append(s, fmt.Sprintf("%s %s %d", f.Severity, f.Code, f.Pages))
		}
		return s
	}
	if got, want := fmt.Sprint(list(r.Findings)), "[error reserved-zone [1 2] error page-size [1 2] error too-many-pages []]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(list(r.Warnings)), "[warning pdf-version [] warning font-not-embedded [1 2]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(r.Pages) != 2 {
		t.Errorf("%d pages", len(r.Pages))
	}
}

// TestEncryptedButOpen: a PDF that is encrypted without a password prints
// unless the vendor says otherwise.
func TestEncryptedButOpen(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	in, out := write(t, "plain.pdf", onePage(a4, "0 0 9 9 re f")), filepath.Join(t.TempDir(), "encrypted.pdf")
	if msg, err := exec.Command("qpdf", "--encrypt", "", "owner", "256", "--", in, out).CombinedOutput(); err != nil {
		t.Fatalf("%s", msg)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for level, want := range map[finding.Level]string{"": "[]", finding.LevelOff: "[]", finding.LevelWarning: "[encrypted]", finding.LevelError: "[encrypted]"} {
		findings, _, err := checked(t, data, Checks{Encryption: level})
		var got []string
		for _, f := range findings {
			got = append(got, f.Code)
		}
		if fmt.Sprint(got) != want || (err != nil) != (level == finding.LevelError) {
			t.Errorf("level %q: %v (%v)", level, got, err)
		}
	}
}

// TestTolerance: within it a page keeps its size, in the prepared file too.
func TestTolerance(t *testing.T) {
	t.Parallel()
	data := onePage("/MediaBox[0 0 590 838]", "0 0 9 9 re f") // 1.9 and 1.4 mm less than A4
	for tolerance, kept := range map[float64]bool{0: false, 1: false, 2: true} {
		out := filepath.Join(t.TempDir(), "out.pdf")
		facts, err := Letter(t.Context(), Request{Documents: []Document{{Path: write(t, "in.pdf", data)}}, Output: out, Checks: Checks{PageToleranceMM: tolerance}})
		if err != nil {
			t.Fatal(err)
		}
		if (facts.Pages[0].Scaled == 1) != kept || (len(facts.Warnings) == 0) != kept {
			t.Errorf("tolerance %g mm: scaled by %g, warnings %v", tolerance, facts.Pages[0].Scaled, facts.Warnings)
		}
		if (facts.Recipe == Recipe) != (tolerance == 0) {
			t.Errorf("tolerance %g mm: recipe %s", tolerance, facts.Recipe)
		}
	}
}

// TestShortPage: a page as wide as A4 but not as high needs no scaling, but is
// not A4 either.
func TestShortPage(t *testing.T) {
	t.Parallel()
	data := onePage("/MediaBox[0 0 595.276 700]", "0 0 9 9 re f")
	for level, want := range map[finding.Level]int{"": 0, finding.LevelWarning: 0, finding.LevelError: 1} {
		if findings, _, _ := checked(t, data, Checks{PageSize: level}); len(findings) != want {
			t.Errorf("level %q: %+v", level, findings)
		}
	}
}

// TestPageAction: a page that is too large is made to fit, cropped to the
// right and below at its own size within the vendor's tolerance, or refused.
func TestPageAction(t *testing.T) {
	t.Parallel()
	// 220 × 300 mm: a red square in the upper left corner, a blue one in the
	// lower right, of 20 mm.
	square := 20 * sheet.PtPerMM
	w, h := 220*sheet.PtPerMM, 300*sheet.PtPerMM
	upright := onePage(fmt.Sprintf("/MediaBox[0 0 %f %f]", w, h), fmt.Sprintf("1 0 0 rg 0 %f %f %[2]f re f 0 0 1 rg %f 0 %[2]f %[2]f re f", h-square, square, w-square))
	turned := onePage(fmt.Sprintf("/MediaBox[0 0 %f %f]/Rotate 90", h, w), fmt.Sprintf("1 0 0 rg 0 0 %f %[1]f re f 0 0 1 rg %f %f %[1]f %[1]f re f", square, h-square, w-square))
	blue := [3]byte{0, 0, 255}
	for _, c := range []struct {
		name   string
		checks Checks
		code   string  // of the refusal
		text   string  // in the warning
		edge   float64 // where blue begins, mm from the left
		below  float64 // and from the top
	}{
		{"scale", Checks{}, "", "case:scaled height:300 percent:95", 191, 272.8},
		{"crop", Checks{PageAction: CropPage}, "", "below:3 case:cropped", 200, 280},
		{"crop untold", Checks{PageAction: CropPage, PageSize: finding.LevelOff}, "", "", 200, 280},
		{"crop less", Checks{PageAction: CropPage, CropMM: 9}, finding.CodePageSize, "", 0, 0},
		{"refuse", Checks{PageAction: RefusePage}, finding.CodePageSize, "", 0, 0},
	} {
		for name, data := range map[string][]byte{"upright": upright, "turned": turned} {
			facts, out, err := func() (Facts, string, error) {
				out := filepath.Join(t.TempDir(), "out.pdf")
				facts, err := Letter(t.Context(), Request{Documents: []Document{{Path: write(t, "in.pdf", data)}}, Output: out, Checks: c.checks})
				return facts, out, err
			}()
			if c.code != "" {
				if got := codes(err); len(got) != 1 || got[0] != c.code+":0:1" {
					t.Errorf("%s, %s: %v", c.name, name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, name, err)
				continue
			}
			warned := ""
			for _, f := range facts.Warnings {
				warned += fmt.Sprint(f.Args)
			}
			if (c.text == "") != (warned == "") || !strings.Contains(warned, c.text) {
				t.Errorf("%s, %s: told %q", c.name, name, warned)
			}
			if (facts.Recipe == Recipe) != (c.name == "scale") {
				t.Errorf("%s: recipe %s", c.name, facts.Recipe)
			}
			for _, p := range []struct {
				x, y float64
				want [3]byte
			}{{2, 8, red}, {c.edge + 2, c.below + 2, blue}, {c.edge - 2, c.below + 2, paper}, {c.edge + 2, c.below - 2, paper}} {
				if got := at(t, out, 1, p.x, p.y); got != p.want {
					t.Errorf("%s, %s: %v at %g, %g mm, want %v", c.name, name, got, p.x, p.y, p.want)
				}
			}
		}
	}
}

// TestSheets: too many sheets are told by level.
func TestSheets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		checks Checks
		n      int
		want   finding.Level
	}{
		{Checks{}, 1000, ""}, {Checks{MaxSheets: 6}, 6, ""}, {Checks{MaxSheets: 6}, 7, finding.LevelError},
		{Checks{MaxSheets: 6, TooManySheets: finding.LevelWarning}, 7, finding.LevelWarning}, {Checks{MaxSheets: 6, TooManySheets: finding.LevelOff}, 7, ""},
	} {
		f, found := c.checks.Sheets(c.n)
		if found != (c.want != "") || f.Severity != c.want || found && fmt.Sprint(f.Args) != "map[max:6 n:7]" {
			t.Errorf("%+v, %d sheets: %+v", c.checks, c.n, f)
		}
	}
}

// TestValidate tells every wrong setting.
func TestValidate(t *testing.T) {
	t.Parallel()
	if err := (Checks{}).Validate(); err != nil {
		t.Error(err)
	}
	err := Checks{
		Encryption: "maybe", PageToleranceMM: math.NaN(), MaxPages: -1, MaxSheets: -2, CropMM: 31, PageAction: "fold", Repaired: "y", Portfolio: "p", Attachments: "q", BlankLetter: "r", MinScalePercent: 101, MaxScalePercent: 99, MaxPDFVersion: "3.0", MinDPI: -1,
		Zones: []scan.Zone{{XMM: 1, WidthMM: 2, HeightMM: 2}, {Name: "a", WidthMM: 211, HeightMM: 9}, {Name: "b", WidthMM: 9, HeightMM: 9, Level: "x"}},
	}.Validate()
	for _, want := range []string{`"maybe"`, "NaN mm", "-1 is negative", "-2 is negative", "31 mm", `action "fold"`, `repaired: "y"`, `portfolio: "p"`, `attachments: "q"`, `blank letter: "r"`, "at least 101 %", "at most 99 %", `"3.0"`, "-1 pixels", "zone 1 has no name", `zone "a" does not lie`, `zone "b": level`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
	for _, c := range []Checks{
		{PageAction: CropPage, PageSize: finding.LevelError}, {PageAction: RefusePage, PageSize: finding.LevelOff}, {TooManySheets: finding.LevelError}, {TooManyPages: finding.LevelWarning},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v contradicts itself", c)
		}
	}
	if _, err := Letter(t.Context(), Request{Documents: []Document{{Path: "x"}}, Output: "y", Checks: Checks{PageSize: "x"}}); err == nil || !strings.Contains(err.Error(), "page size") {
		t.Errorf("Letter takes wrong checks: %v", err)
	}
}

// TestPoolChecks: the pool's workers are given the checks.
func TestPoolChecks(t *testing.T) {
	t.Parallel()
	p, err := NewPool(PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	in, out := write(t, "in.pdf", onePage(a4, "0 400 30 30 re f")), filepath.Join(t.TempDir(), "out.pdf")
	for _, level := range []finding.Level{finding.LevelWarning, finding.LevelError} {
		facts, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: in}}, Output: out, Checks: Checks{Zones: []scan.Zone{scan.InserterZone(level)}}})
		findings := facts.Warnings
		var r *Refusal
		if errors.As(err, &r) {
			findings = r.Findings
		}
		if len(findings) != 1 || findings[0].Severity != level || findings[0].MM == nil || *findings[0].MM != (finding.Box{X0: 0, Y0: 145.3, X1: 10.6, Y1: 155.9}) {
			t.Errorf("%s: %+v (%v)", level, findings, err)
		}
	}
}
