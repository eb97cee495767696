package prepare

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/printfile"
)

// TestMain lets the test binary be the worker of the pools under test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerArg {
		if err := serve(os.Stdin, os.Stdout, misbehaving); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// rawPDF writes a PDF of the given objects, number 1 being the catalog. An
// empty text is left out of the file but kept in the table.
func rawPDF(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, at)
	return b.Bytes()
}

func stream(dict, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(data), data)
}

const (
	catalog   = "<</Type/Catalog/Pages 2 0 R>>"
	helvetica = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
	a4        = "/MediaBox[0 0 595.276 841.89]"
)

// onePage is a PDF of one page with the given page entries and content; more
// objects follow from number 5.
func onePage(page, content string, more ...string) []byte {
	return rawPDF(append([]string{catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/Contents 4 0 R" + page + ">>", stream("", content)}, more...)...)
}

func write(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// prepareBytes prepares one document and returns the facts and the output.
func prepareBytes(tb testing.TB, data []byte, giro ...int) (Facts, string, error) {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "out.pdf")
	facts, err := Letter(context.Background(), Request{Documents: []Document{{Path: write(tb, "in.pdf", data), GiroPages: giro}}, Output: out})
	return facts, out, err
}

func mustPrepare(tb testing.TB, data []byte, giro ...int) (Facts, string) {
	tb.Helper()
	facts, out, err := prepareBytes(tb, data, giro...)
	if err != nil {
		tb.Fatalf("refused: %v", err)
	}
	return facts, out
}

// codes returns the codes of a refusal as "code:document:page".
func codes(err error) (list []string) {
	var r *Refusal
	if errors.As(err, &r) {
		for _, f := range r.Findings {
			list = append(list, fmt.Sprintf("%s:%d:%d", f.Code, f.Document, f.Page))
		}
	}
	return list
}

// at is the colour at a place of the rendered page, in mm from its top left.
func at(tb testing.TB, pdf string, page int, xMM, yMM float64) [3]byte {
	tb.Helper()
	judges.Need(tb, "pdftoppm")
	p, err := render(tb.Context(), tb.TempDir(), pdf, page, "-r", "50")
	if err != nil {
		tb.Fatal(err)
	}
	i := 3 * (int(yMM/25.4*50)*p.w + int(xMM/25.4*50))
	return [3]byte(p.pix[i : i+3])
}

var (
	red   = [3]byte{255, 0, 0}
	paper = [3]byte{255, 255, 255}
)

// TestTurnsUpright: a red square drawn so that a viewer shows it in the top
// left corner is there on the prepared page, for all rotations, an inherited
// and moved box, UserUnit, and landscape pages, whose top goes to the left.
func TestTurnsUpright(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, page, content string
		x, y                float64 // where the square must be, in mm
		scaled              bool
	}{
		{"upright", a4, "1 0 0 rg 0 741.89 100 100 re f", 10, 10, false},
		{"rotate 90", "/MediaBox[0 0 841.89 595.276]/Rotate 90", "1 0 0 rg 0 0 100 100 re f", 10, 10, false},
		{"rotate 180", a4 + "/Rotate 180", "1 0 0 rg 495.276 0 100 100 re f", 10, 10, false},
		{"rotate 270", "/MediaBox[0 0 841.89 595.276]/Rotate 270", "1 0 0 rg 741.89 495.276 100 100 re f", 10, 10, false},
		{"rotate -180", a4 + "/Rotate -180", "1 0 0 rg 495.276 0 100 100 re f", 10, 10, false},
		{"rotate -270", "/MediaBox[0 0 841.89 595.276]/Rotate -270", "1 0 0 rg 0 0 100 100 re f", 10, 10, false},
		{"rotate 450", "/MediaBox[0 0 841.89 595.276]/Rotate 450", "1 0 0 rg 0 0 100 100 re f", 10, 10, false},
		{"rotate -90", "/MediaBox[0 0 841.89 595.276]/Rotate -90", "1 0 0 rg 741.89 495.276 100 100 re f", 10, 10, false},
		{"moved box", "/MediaBox[100 -200 695.276 641.89]", "1 0 0 rg 100 541.89 100 100 re f", 10, 10, false},
		{"crop", "/MediaBox[0 0 1000 1000]/CropBox[100 100 695.276 941.89]", "1 0 0 rg 100 841.89 100 100 re f", 10, 10, false},
		{"crop beyond media", a4 + "/CropBox[-100 -100 900 900]", "1 0 0 rg 0 741.89 100 100 re f", 10, 10, false},
		{"user unit", "/MediaBox[0 0 297.638 420.945]/UserUnit 2", "1 0 0 rg 0 370.945 50 50 re f", 10, 10, false},
		{"landscape", "/MediaBox[0 0 841.89 595.276]", "1 0 0 rg 0 495.276 100 100 re f", 10, 287, false},
		{"a5", "/MediaBox[0 0 419.53 595.276]", "1 0 0 rg 0 495.276 100 100 re f", 10, 10, true},
		{"a3", "/MediaBox[0 0 841.89 1190.55]", "1 0 0 rg 0 990.55 200 200 re f", 10, 10, true},
		{"box back to front", "/MediaBox[595.276 841.89 0 0]", "1 0 0 rg 0 741.89 100 100 re f", 10, 10, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			facts, out := mustPrepare(t, onePage(c.page, c.content))
			if got := at(t, out, 1, c.x, c.y); got != red {
				t.Errorf("colour there is %v, not red", got)
			}
			if got := at(t, out, 1, 105, 148); got != paper {
				t.Errorf("colour in the middle is %v, not white", got)
			}
			p := facts.Pages[0]
			if (p.Scaled != 1) != c.scaled || (len(facts.Warnings) > 0) != c.scaled {
				t.Errorf("scaled by %v, warnings %v", p.Scaled, facts.Warnings)
			}
			if !p.Colour || p.Blank {
				t.Errorf("facts %+v", p)
			}
		})
	}
}

// TestPlacementProperties: whatever the box, the page lands inside A4, as
// large as fits, undistorted and not mirrored.
func TestPlacementProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.Float64Range(20, 5000)
		x, y := rapid.Float64Range(-5000, 5000).Draw(t, "x"), rapid.Float64Range(-5000, 5000).Draw(t, "y")
		b := sheet.Rect{X0: x, Y0: y, X1: x + side.Draw(t, "w"), Y1: y + side.Draw(t, "h")}
		p, ok := sheet.Place(b, 90*rapid.IntRange(-5, 5).Draw(t, "turns"), rapid.Float64Range(1, 4).Draw(t, "unit"), sheet.UnscaledToleranceMM)
		if !ok {
			t.Fatalf("no placement for %v", b)
		}
		on := p.Matrix.Bounds(b)
		slack := 1e-6
		if p.Scale == 1 {
			slack = sheet.UnscaledToleranceMM * sheet.PtPerMM
		}
		if on.X0 < -slack || on.Y0 < -slack || on.X1 > sheet.A4Width+slack || on.Y1 > sheet.A4Height+slack {
			t.Fatalf("%v lands on %v", b, on)
		}
		if math.Min(sheet.A4Width-on.Width(), sheet.A4Height-on.Height()) > slack+1e-6 {
			t.Fatalf("%v leaves room all around: %v", b, on)
		}
		m := p.Matrix
		if m[0]*m[3]-m[1]*m[2] <= 0 {
			t.Fatalf("mirrored: %v", m)
		}
		if math.Abs(math.Hypot(m[0], m[1])-math.Hypot(m[2], m[3])) > 1e-9 {
			t.Fatalf("distorted: %v", m)
		}
	})
}

// TestRefusals: every defect has its code and place, and leaves no file.
func TestRefusals(t *testing.T) {
	t.Parallel()
	good := onePage(a4, "0 0 10 10 re f")
	twoKids := func(second string) []byte {
		return rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>",
			"<</Type/Page/Parent 2 0 R/Contents 4 0 R"+a4+">>", stream("", "0 0 10 10 re f"), second)
	}
	for _, c := range []struct {
		name string
		data []byte
		giro []int
		want []string
	}{
		{"empty file", nil, nil, []string{"unreadable:0:0"}},
		{"no pdf", []byte("Kjære mottaker"), nil, []string{"unreadable:0:0"}},
		{"cut off", good[:100], nil, []string{"truncated:0:0"}},
		{"no pages", rawPDF(catalog, "<</Type/Pages/Kids[]/Count 0>>"), nil, []string{"no-pages:0:0"}},
		{"null page", twoKids("null"), nil, []string{"blanked-page:0:2"}},
		{"empty page object", twoKids("<<>>"), nil, []string{"blanked-page:0:2"}},
		{"page is a number", twoKids("7"), nil, []string{"blanked-page:0:2"}},
		{"content is a number", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Contents 4 0 R"+a4+">>", "5"), nil, []string{"blanked-page:0:1"}},
		{"tree in a circle", rawPDF(catalog, "<</Type/Pages/Kids[2 0 R]/Count 1>>"), nil, []string{"unreadable:0:0"}},
		{"no width", onePage("/MediaBox[0 0 1 841.89]", ""), nil, []string{"page-size:0:1"}},
		{"giro beyond", good, []int{1, 2, -1}, []string{"giro-out-of-range:0:2", "giro-out-of-range:0:-1"}},
		{"field in letters that we cannot set", onePage(a4+"/Annots[<</Type/Annot/Subtype/Widget/FT/Tx/V<FEFF6F225B57>/Rect[10 10 90 90]/F 4>>]", ""), nil, []string{"no-appearance:0:1"}},
		{"line with a caption", onePage(a4+"/Annots[<</Type/Annot/Subtype/Line/L[10 10 90 90]/Cap true/Contents(tekst)/Rect[10 10 90 90]/F 4>>]", ""), nil, []string{"no-appearance:0:1"}},
		{"polygon without corners", onePage(a4+"/Annots[<</Type/Annot/Subtype/Polygon/Rect[10 10 90 90]/F 4>>]", ""), nil, []string{"no-appearance:0:1"}},
		{"external data", onePage(a4+"/Resources<</XObject<</X 5 0 R>>>>", "/X Do", stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/F(secret.txt)", "0 0 1 1 re f")), nil, []string{"damaged-object:0:1"}},
		{"undecodable content", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Contents 4 0 R"+a4+">>", stream("/Filter/FlateDecode", "not zlib at all")), nil, []string{"damaged-object:0:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, out, err := prepareBytes(t, c.data, c.giro...)
			if got := codes(err); !slices.Equal(got, c.want) {
				t.Errorf("got %v (%v), want %v", got, err, c.want)
			}
			left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*"))
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestAllReasonsAtOnce: findings of several documents come together.
func TestAllReasonsAtOnce(t *testing.T) {
	t.Parallel()
	good := write(t, "a.pdf", onePage(a4, ""))
	bad := write(t, "b.pdf", []byte("x"))
	none := write(t, "c.pdf", rawPDF(catalog, "<</Type/Pages/Kids[]/Count 0>>"))
	_, err := Letter(t.Context(), Request{Output: filepath.Join(t.TempDir(), "o.pdf"),
		Documents: []Document{{Path: good, GiroPages: []int{9}}, {Path: bad}, {Path: none}}})
	want := []string{"giro-out-of-range:0:9", "unreadable:1:0", "no-pages:2:0"}
	if got := codes(err); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	var r *Refusal
	errors.As(err, &r)
	for _, f := range r.Findings {
		if f.Text != "" {
			t.Errorf("%s has a sentence", f.Code)
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"a.pdf", "b.pdf", filepath.Dir(good)} {
		if strings.Contains(string(data), secret) || strings.Contains(r.Error(), secret) {
			t.Errorf("refusal names a file: %s", data)
		}
	}
}

// TestOursIsNoRefusal: what is wrong with the machine is no fault of the input,
// and the error names no file.
func TestOursIsNoRefusal(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "Ola Nordmann.pdf")
	_, err := Letter(t.Context(), Request{Documents: []Document{{Path: missing}}, Output: filepath.Join(t.TempDir(), "o.pdf")})
	if err == nil || codes(err) != nil || strings.Contains(err.Error(), "Nordmann") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	good := write(t, "a.pdf", onePage(a4, ""))
	if _, err := Letter(t.Context(), Request{Documents: []Document{{Path: good}}, Output: filepath.Join(t.TempDir(), "no", "o.pdf")}); err == nil || codes(err) != nil {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Letter(ctx, Request{Documents: []Document{{Path: good}}, Output: filepath.Join(t.TempDir(), "o.pdf")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// TestLimits: bytes, pages and decoded content are bounded.
func TestLimits(t *testing.T) {
	t.Parallel()
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	zw.Write(bytes.Repeat([]byte(" "), 1<<20))
	zw.Close()
	bomb := rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Contents 4 0 R"+a4+">>", stream("/Filter/FlateDecode", z.String()))
	three := rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 3 0 R 3 0 R]/Count 3>>", "<</Type/Page"+a4+">>")
	for _, c := range []struct {
		name   string
		data   []byte
		limits read.Limits
		want   string
	}{
		{"bytes", three, read.Limits{MaxBytes: 100}, "too-large:0:0"},
		{"pages", three, read.Limits{MaxPages: 2}, "too-many-pages:0:0"},
		{"content", bomb, read.Limits{MaxContentBytes: 1000}, "damaged-object:0:1"},
		{"output", three, read.Limits{MaxOutputBytes: 200}, "too-large:0:0"},
	} {
		_, err := Letter(t.Context(), Request{Documents: []Document{{Path: write(t, "in.pdf", c.data)}}, Limits: c.limits, Output: filepath.Join(t.TempDir(), "o.pdf")})
		if got := codes(err); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %v (%v), want %s", c.name, got, err, c.want)
		}
	}
}

// TestInk: colour and blankness are told by what is painted.
func TestInk(t *testing.T) {
	t.Parallel()
	const square = " 0 0 50 50 re f"
	image := func(cs, bits, data string) string {
		return stream("/Type/XObject/Subtype/Image/Width 2/Height 1/ColorSpace"+cs+"/BitsPerComponent "+bits, data)
	}
	form := func(dict, content string) string {
		return stream("/Type/XObject/Subtype/Form/BBox[0 0 99 99]"+dict, content)
	}
	x := a4 + "/Resources<</XObject<</X 5 0 R>>/Pattern<</P 5 0 R>>/Shading<</S 5 0 R>>/Font<</F 5 0 R>>/ExtGState<</G<</ca 0>>>>" +
		"/ColorSpace<</Sep[/Separation/Rod/DeviceCMYK 6 0 R]/Black[/Separation/Black/DeviceCMYK 6 0 R]/Ind[/Indexed/DeviceRGB 1<7f7f7fff0000>]/Lab[/Lab<</WhitePoint[1 1 1]>>]/UP[/Pattern/DeviceRGB]>>>>"
	tint := "<</FunctionType 2/Domain[0 1]/C0[0 0 0 0]/C1[0 1 1 0]/N 1>>"
	for _, c := range []struct {
		name, content  string
		x              string
		colour, blank  bool
		warnUnembedded bool
	}{
		{"nothing", "", "", false, true, false},
		{"black by default", square, "", false, false, false},
		{"white", "1 g" + square, "", false, true, false},
		{"white rgb", "1 1 1 rg" + square, "", false, true, false},
		{"grey rgb", ".5 .5 .5 rg" + square, "", false, false, false},
		{"nearly grey rgb", ".5 .503 .5 rg" + square, "", false, false, false},
		{"red", "1 0 0 rg" + square, "", true, false, false},
		{"red stroke set, fill painted", "1 0 0 RG" + square, "", false, false, false},
		{"red stroke", "1 0 0 RG 0 0 m 9 9 l S", "", true, false, false},
		{"red restored", "q 1 0 0 rg Q" + square, "", false, false, false},
		{"red clip only", "1 0 0 rg 0 0 50 50 re W n", "", false, true, false},
		{"k only", "0 0 0 .7 k" + square, "", false, false, false},
		{"rich black", ".75 .68 .67 .9 k" + square, "", false, false, false},
		{"cyan", "1 0 0 0 k" + square, "", true, false, false},
		{"separation colour", "/Sep cs 1 scn" + square, "", true, false, false},
		{"separation, no tint", "/Sep cs 0 scn" + square, "", false, true, false},
		{"separation black", "/Black cs 1 scn" + square, "", false, false, false},
		{"indexed grey", "/Ind cs 0 sc" + square, "", false, false, false},
		{"indexed red", "/Ind cs 1 sc" + square, "", true, false, false},
		{"lab grey", "/Lab cs 50 0 0 sc" + square, "", false, false, false},
		{"lab colour", "/Lab cs 50 40 0 sc" + square, "", true, false, false},
		{"invisible", "/G gs 1 0 0 rg" + square, "", false, true, false},
		{"grey image", "/X Do", image("/DeviceGray", "8", "ab"), false, false, false},
		{"rgb image of greys", "/X Do", image("/DeviceRGB", "8", "aaabbb"), false, false, false},
		{"rgb image", "/X Do", image("/DeviceRGB", "8", "aaaabc"), false, false, false},
		{"rgb image with colour", "/X Do", image("/DeviceRGB", "8", "aaaaza"), true, false, false},
		{"indexed image, red unused", "/X Do", image("[/Indexed/DeviceRGB 1<7f7f7fff0000>]", "1", "\x00"), false, false, false},
		{"indexed image", "/X Do", image("[/Indexed/DeviceRGB 1<7f7f7fff0000>]", "1", "\x40"), true, false, false},
		{"image unused", "", image("/DeviceRGB", "8", "aaaaza"), false, true, false},
		{"mask takes fill", "1 0 0 rg /X Do", stream("/Type/XObject/Subtype/Image/ImageMask true/Width 2/Height 1/BitsPerComponent 1", "\x00"), true, false, false},
		{"inline image", "BI /W 1/H 1/BPC 8/CS/RGB ID abc EI", "", false, false, false},
		{"inline image with colour", "BI /W 1/H 1/BPC 8/CS/RGB ID aza EI", "", true, false, false},
		{"form inherits colour", "1 0 0 rg /X Do", form("/Resources<<>>", "0 0 9 9 re f"), true, false, false},
		{"form of its own colour", "/X Do", form("/Resources<<>>", "1 0 0 rg 0 0 9 9 re f"), true, false, false},
		{"form's colour does not leak", "/X Do" + square, form("/Resources<<>>", "1 0 0 rg"), false, false, false},
		{"form that draws itself", "/X Do" + square, form("/Resources<</XObject<</X 5 0 R>>>>", "/X Do"), false, false, false},
		{"pattern", "/Pattern cs /P scn" + square, stream("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<<>>", "0 1 0 rg 0 0 5 5 re f"), true, false, false},
		{"uncoloured pattern", "/UP cs 1 0 0 /P scn" + square, stream("/PatternType 1/PaintType 2/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<<>>", "0 0 5 5 re f"), true, false, false},
		{"grey shading", "/S sh", "<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 9 9]/Function<</FunctionType 2/Domain[0 1]/C0[0 0 0]/C1[1 1 1]/N 1>>>>", false, false, false},
		{"shading", "/S sh", "<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 9 9]/Function<</FunctionType 2/Domain[0 1]/C0[0 0 0]/C1[1 0 1]/N 1>>>>", true, false, false},
		{"text", "BT /F 12 Tf (a) Tj ET", helvetica, false, false, true},
		{"coloured text", "BT 0 0 1 rg /F 12 Tf [(a)] TJ ET", helvetica, true, false, true},
		{"spaces", "BT 0 0 1 rg /F 12 Tf [( ) -100 (  )] TJ ET", helvetica, false, true, false},
		{"invisible text", "BT 3 Tr 0 0 1 rg /F 12 Tf (a) Tj ET", helvetica, false, true, false},
		{"outlined text", "BT 1 Tr 0 0 1 RG /F 12 Tf (a) Tj ET", helvetica, true, false, true},
		{"type 3 text", "BT /F 12 Tf (a) Tj ET", "<</Type/Font/Subtype/Type3/FontMatrix[1 0 0 1 0 0]/FontBBox[0 0 9 9]/FirstChar 97/LastChar 97/Widths[9]/Encoding<</Differences[97/a]>>/CharProcs<</a 7 0 R>>>>", true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			five := c.x
			if five == "" {
				five = "null"
			}
			facts, _ := mustPrepare(t, onePage(x, c.content, five, tint, stream("", "9 0 d0 1 0 0 rg 0 0 9 9 re f")))
			p := facts.Pages[0]
			if p.Colour != c.colour || p.Blank != c.blank {
				t.Errorf("colour %v, blank %v", p.Colour, p.Blank)
			}
			warned := slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeFontNotEmbedded })
			if warned != c.warnUnembedded {
				t.Errorf("warnings %v", facts.Warnings)
			}
		})
	}
}

// A page that would look the same in black is told from one that would not.
func TestNearGrey(t *testing.T) {
	t.Parallel()
	const square = " 0 0 50 50 re f"
	image := func(cs, data string) string {
		return stream("/Type/XObject/Subtype/Image/Width 2/Height 1/ColorSpace"+cs+"/BitsPerComponent 8", data)
	}
	for _, c := range []struct {
		name, content, x string
		colour, near     bool
	}{
		{"grey", ".5 g" + square, "", false, false},
		{"slate", ".40 .44 .49 rg" + square, "", true, true},
		{"a tenth is the most", ".5 .5 .598 rg" + square, "", true, true},
		{"more than a tenth", ".5 .5 .61 rg" + square, "", true, false},
		{"slate, and a red dot", ".40 .44 .49 rg" + square + " 1 0 0 rg" + square, "", true, false},
		{"red is not painted", ".40 .44 .49 rg" + square + " 1 0 0 rg", "", true, true},
		{"warm grey, cmyk", "0 .05 .08 .5 k" + square, "", true, true},
		{"cyan", "1 0 0 0 k" + square, "", true, false},
		{"picture of a scanner's greys", "/X Do", image("/DeviceRGB", "aejaaa"), true, true},
		{"picture at the limit", "/X Do", image("/DeviceRGB", "aejazz"), true, true},
		{"picture with much colour", "/X Do", image("/DeviceRGB", "aej\x10zz"), true, false},
		{"palette", "/X Do", image("[/Indexed/DeviceRGB 1<7f8490ff0000>]", "\x00\x00"), true, true},
		{"palette with red", "/X Do", image("[/Indexed/DeviceRGB 1<7f8490ff0000>]", "\x00\x01"), true, false},
		{"shading", "/S sh", "<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 9 9]/Function<</FunctionType 2/Domain[0 1]/C0[0 0 0]/C1[.9 .95 .9]/N 1>>>>", true, true},
		{"not known", "/S sh", "<</ShadingType 4/ColorSpace/DeviceRGB>>", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			five := c.x
			if five == "" {
				five = "null"
			}
			facts, _ := mustPrepare(t, onePage(a4+"/Resources<</XObject<</X 5 0 R>>/Shading<</S 5 0 R>>>>", c.content, five))
			if p := facts.Pages[0]; p.Colour != c.colour || p.NearGrey != c.near {
				t.Errorf("colour %v, near grey %v", p.Colour, p.NearGrey)
			}
		})
	}
}

// layered is a page with two layers, of which the second is off, as marked
// content, as a form and as an annotation.
func layered(config string) []byte {
	return rawPDF("<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[5 0 R 6 0 R]/D<<"+config+">>>>>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Contents 4 0 R"+a4+"/Resources<</Properties<</On 5 0 R/Off 6 0 R/Md 8 0 R>>/XObject<</X 7 0 R>>/Font<</F 9 0 R>>>>"+
			"/Annots[<</Type/Annot/Subtype/Stamp/F 4/OC 6 0 R/Rect[300 0 400 100]/AP<</N 10 0 R>>>>]>>",
		stream("", "BT /F 20 Tf 50 400 Td /OC /Off BDC (skjult) Tj EMC (synlig) Tj ET\n"+
			"/OC /On BDC 1 0 0 rg 0 741.89 100 100 re f EMC "+ // top left
			"/OC /Off BDC 0 0 1 rg 495.276 741.89 100 100 re f EMC "+ // top right; the colour stays
			"/OC /Md BDC 495.276 600 100 100 re f EMC "+
			"0 0 100 100 re f "+ // bottom left, blue
			"/X Do"),
		"<</Type/OCG/Name(A)/Usage<</Print<</PrintState/OFF>>>>>>", "<</Type/OCG/Name(B)>>",
		stream("/Type/XObject/Subtype/Form/BBox[0 0 600 850]/OC 6 0 R/Resources<<>>", "0 1 0 rg 495.276 0 100 100 re f"), // bottom right
		"<</Type/OCMD/OCGs[5 0 R 6 0 R]/P/AllOn>>", helvetica,
		stream("/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<<>>", "0 1 0 rg 0 0 100 100 re f"))
}

// TestLayers: hidden layers are gone for good, visible ones stay, and the
// graphics state goes on as if the hidden content had been drawn.
func TestLayers(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	blue := [3]byte{0, 0, 255}
	_, out := mustPrepare(t, layered("/OFF[6 0 R]"))
	for _, c := range []struct {
		name string
		x, y float64
		want [3]byte
	}{
		{"visible", 10, 10, red}, {"hidden", 200, 10, paper}, {"hidden by membership", 200, 60, paper},
		{"after hidden", 10, 287, blue}, {"hidden form", 200, 287, paper}, {"hidden annotation", 120, 287, paper},
	} {
		if got := at(t, out, 1, c.x, c.y); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{"/OCG", "/OCMD", "/OCProperties", "/OC "} {
		if bytes.Contains(data, []byte(rest)) {
			t.Errorf("%s is still in the prepared file", rest)
		}
	}
	// Off by base state, on again by list; off for printing only.
	_, out = mustPrepare(t, layered("/BaseState/OFF/ON[5 0 R]"))
	if a, b := at(t, out, 1, 10, 10), at(t, out, 1, 200, 10); a != red || b != paper {
		t.Errorf("base state: %v %v", a, b)
	}
	_, out = mustPrepare(t, layered("/AS[<</Event/Print/Category[/Print]/OCGs[5 0 R]>>]"))
	if a, b := at(t, out, 1, 10, 10), at(t, out, 1, 200, 10); a != paper || b == paper {
		t.Errorf("print state: %v %v", a, b)
	}
}

// TestAnnotations: what prints is drawn where the rectangle says, in its
// state; what does not print is gone.
func TestAnnotations(t *testing.T) {
	t.Parallel()
	square := func(colour string) string {
		// A box that is neither at the origin nor of the rectangle's size,
		// and turned by the form's own matrix.
		return stream("/Subtype/Form/BBox[10 10 20 40]/Matrix[0 1 -1 0 0 0]/Resources<<>>", colour+" rg 0 0 99 99 re f")
	}
	page := func(annots string) []byte {
		return onePage(a4+"/Annots["+annots+"]", "q 2 0 0 2 0 0 cm", square("1 0 0"), square("0 0 1"))
	}
	const here = "/Rect[0 741.89 100 841.89]" // top left
	blue := [3]byte{0, 0, 255}
	for _, c := range []struct {
		name, annot string
		want        [3]byte
	}{
		{"printing", "<</Subtype/Stamp/F 4" + here + "/AP<</N 5 0 R>>>>", red},
		{"not printing", "<</Subtype/Stamp" + here + "/AP<</N 5 0 R>>>>", paper},
		{"hidden", "<</Subtype/Stamp/F 6" + here + "/AP<</N 5 0 R>>>>", paper},
		{"no view but printing", "<</Subtype/Stamp/F 36" + here + "/AP<</N 5 0 R>>>>", red},
		{"popup", "<</Subtype/Popup/F 4" + here + "/AP<</N 5 0 R>>>>", paper},
		{"state on", "<</Subtype/Widget/FT/Btn/F 4" + here + "/AS/Ja/AP<</N<</Ja 6 0 R/Off 5 0 R>>>>>>", blue},
		{"state off", "<</Subtype/Widget/FT/Btn/F 4" + here + "/AS/Off/AP<</N<</Ja 6 0 R>>>>>>", paper},
		{"state by value", "<</Subtype/Widget/FT/Btn/F 4" + here + "/V/Ja/AP<</N<</Ja 6 0 R/Off 5 0 R>>>>>>", blue},
		{"empty field", "<</Subtype/Widget/FT/Tx/F 4" + here + ">>", paper},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, out := mustPrepare(t, page(c.annot))
			for _, p := range [][2]float64{{2, 2}, {33, 2}, {2, 33}, {33, 33}} {
				if got := at(t, out, 1, p[0], p[1]); got != c.want {
					t.Errorf("at %v: %v, want %v", p, got, c.want)
				}
			}
			if got := at(t, out, 1, 40, 40); got != paper {
				t.Errorf("outside: %v", got)
			}
		})
	}
}

// TestNoRotate: an annotation that does not turn with the page stands upright
// from the upper left corner of its rectangle.
func TestNoRotate(t *testing.T) {
	t.Parallel()
	// On a page turned by 90° the rectangle's upper left corner in user space
	// is at its upper right as seen; the annotation hangs from there.
	data := onePage("/MediaBox[0 0 841.89 595.276]/Rotate 90/Annots[<</Subtype/Text/F 20/Rect[400 200 460 260]/AP<</N 5 0 R>>>>]", "",
		stream("/BBox[0 0 60 60]/Resources<<>>", "1 0 0 rg 0 30 60 30 re f 0 0 1 rg 0 0 60 30 re f"))
	_, out := mustPrepare(t, data)
	// Seen: x = y of user space, y from the top = x of user space.
	x, y := 260/sheet.PtPerMM, 400/sheet.PtPerMM
	blue := [3]byte{0, 0, 255}
	if a, b, c := at(t, out, 1, x+5, y+5), at(t, out, 1, x+5, y+16), at(t, out, 1, x-5, y+5); a != red || b != blue || c != paper {
		t.Errorf("colours %v %v %v", a, b, c)
	}
}

// TestSeveralDocuments: the facts tell which page is whose.
func TestSeveralDocuments(t *testing.T) {
	t.Parallel()
	one := write(t, "a.pdf", onePage(a4, "1 0 0 rg 0 0 9 9 re f"))
	two := write(t, "b.pdf", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
		"<</Type/Page/Parent 2 0 R"+a4+">>", "<</Type/Page/Parent 2 0 R/Contents 5 0 R"+a4+">>", stream("", "0 0 9 9 re f")))
	out := filepath.Join(t.TempDir(), "o.pdf")
	facts, err := Letter(t.Context(), Request{Documents: []Document{{Path: one}, {Path: two, GiroPages: []int{2}}}, Output: out})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(facts.DocumentPages, []int{1, 2}) || !slices.Equal(facts.ColourPages(), []int{1}) ||
		!slices.Equal(facts.BlankPages(), []int{2}) || !slices.Equal(facts.GiroPages(), []int{3}) {
		t.Errorf("facts %+v", facts)
	}
	if p := facts.Pages[2]; p.Document != 1 || p.Page != 2 {
		t.Errorf("last page %+v", p)
	}
	if n, err := read.PageCount(out); n != 3 || err != nil {
		t.Errorf("%d pages (%v)", n, err)
	}
	data, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	var back Facts
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(facts, back) {
		t.Errorf("facts change on their way through JSON: %+v", back)
	}
}

// TestWrongLength: a stream whose Length is too small or too large is read to
// its end, as viewers do, not cut without a word.
func TestWrongLength(t *testing.T) {
	t.Parallel()
	content := "0 0 10 10 re f 1 0 0 rg 0 741.89 100 100 re f"
	for _, length := range []int{5, len(content) + 40} {
		data := bytes.Replace(onePage(a4, content), []byte(fmt.Sprintf("/Length %d>>", len(content))), []byte(fmt.Sprintf("/Length %2d>>", length)), 1)
		_, out := mustPrepare(t, data)
		if got := at(t, out, 1, 10, 10); got != red {
			t.Errorf("length %d: %v", length, got)
		}
	}
}

// TestRepair: a file whose cross-reference table or header is gone is read by
// looking for its objects, the last of each number.
func TestRepair(t *testing.T) {
	t.Parallel()
	good := onePage(a4, "0 0 1 rg 0 741.89 100 100 re f")
	cut := func(at string) []byte { return bytes.Clone(good[:bytes.Index(good, []byte(at))]) }
	update := "\n4 0 obj\n" + stream("", "1 0 0 rg 0 741.89 100 100 re f") + "\nendobj\n"
	blue := [3]byte{0, 0, 255}
	for _, c := range []struct {
		name string
		data []byte
		want [3]byte
	}{
		{"table cut off", cut("xref"), blue},
		{"later object counts", append(cut("xref"), update...), red},
		{"no header", bytes.Replace(good, []byte("%PDF-1.7"), []byte("PDF"), 1), blue},
		{"table of nonsense", append(cut("xref"), "xref\n0 9\ntrailer <</Root 1 0 R>>\nstartxref\n3\n%%EOF"...), blue},
	} {
		_, out, err := prepareBytes(t, c.data)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := at(t, out, 1, 10, 10); got != c.want {
			t.Errorf("%s: colour %v, want %v", c.name, got, c.want)
		}
	}
}

// TestNothingElseSurvives: scripts, files, structure and metadata are gone;
// the text stays.
func TestNothingElseSurvives(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	judges.Need(t, "qpdf")
	data := rawPDF("<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert)>>/Names<</EmbeddedFiles<</Names[(f)<</EF<</F 8 0 R>>>>]>>>>/Metadata 8 0 R/StructTreeRoot<<>>/Outlines<<>>>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F 5 0 R>>>>"+a4+">>",
		"<</Type/Page/Parent 2 0 R/Contents[4 0 R 6 0 R 7 0 R]/StructParents 3/PieceInfo<</Hemmelig 8 0 R>>/AA<</O<</JS(evil)>>>>/Annots[<</Subtype/Link/F 4/Rect[0 0 9 9]/A<</S/URI/URI(http://evil)>>>>]>>",
		stream("", "BT /F 12 Tf 50 700 Td (Hei "), helvetica, stream("", "p\xe5 deg) Tj"), stream("/Filter/ASCIIHexDecode", "4554>"), stream("", "Hemmelig"))
	// Two content streams that are cut inside a string would be joined by a
	// newline; cut them between tokens instead.
	data = bytes.Replace(data, []byte("(Hei "), []byte("(Hei)"), 1)
	data = bytes.Replace(data, []byte("p\xe5 deg) Tj"), []byte("Tj (deg)Tj"), 1)
	_, out := mustPrepare(t, data)
	if msg, err := exec.Command("qpdf", "--check", out).CombinedOutput(); err != nil {
		t.Errorf("qpdf: %s", msg)
	}
	text, err := exec.Command("pdftotext", out, "-").Output()
	if err != nil || !strings.Contains(strings.ReplaceAll(string(text), " ", ""), "Heideg") {
		t.Errorf("text %q (%v)", text, err)
	}
	plain := filepath.Join(t.TempDir(), "plain.pdf")
	if msg, err := exec.Command("qpdf", "--qdf", out, plain).CombinedOutput(); err != nil {
		t.Fatalf("qpdf: %s", msg)
	}
	left, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"JavaScript", "app.alert", "evil", "Hemmelig", "StructParents", "EmbeddedFiles", "Metadata", "Outlines", "/Annots"} {
		if bytes.Contains(left, []byte(gone)) {
			t.Errorf("%s survived", gone)
		}
	}
}

// TestReadsWhatQpdfWrites: object streams, linearised files and encryption by
// an empty user password are read; a password or a ban on printing is refused.
func TestReadsWhatQpdfWrites(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	in := write(t, "in.pdf", onePage(a4, "1 0 0 rg 0 741.89 100 100 re f"))
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"object streams", []string{"--object-streams=generate"}, nil},
		{"linearised", []string{"--linearize"}, nil},
		{"empty user password", []string{"--encrypt", "", "eier", "256", "--"}, nil},
		{"empty user password, AES-128", []string{"--encrypt", "", "eier", "128", "--use-aes=y", "--"}, nil},
		{"empty user password, RC4", []string{"--allow-weak-crypto", "--encrypt", "", "eier", "128", "--use-aes=n", "--"}, nil},
		{"printing forbidden", []string{"--encrypt", "", "eier", "256", "--print=none", "--"}, []string{"printing-forbidden:0:0"}},
		{"user password", []string{"--encrypt", "bruker", "eier", "256", "--"}, []string{"encrypted:0:0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			made := filepath.Join(t.TempDir(), "made.pdf")
			if msg, err := exec.Command("qpdf", append(slices.Clone(c.args), in, made)...).CombinedOutput(); err != nil {
				t.Fatalf("qpdf: %s", msg)
			}
			out := filepath.Join(t.TempDir(), "out.pdf")
			_, err := Letter(t.Context(), Request{Documents: []Document{{Path: made}}, Output: out})
			if got := codes(err); !slices.Equal(got, c.want) {
				t.Fatalf("got %v (%v), want %v", got, err, c.want)
			}
			if c.want == nil {
				if got := at(t, out, 1, 10, 10); got != red {
					t.Errorf("colour %v", got)
				}
			}
		})
	}
}

// TestDeterministic: the same letter gives the same bytes, and the facts say
// what the file is.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	data := layered("/OFF[6 0 R]")
	a, out := mustPrepare(t, data, 1)
	for range 5 {
		b, _ := mustPrepare(t, data, 1)
		if a.SHA256 != b.SHA256 || a.Bytes != b.Bytes {
			t.Fatal("differs from run to run")
		}
	}
	info, err := os.Stat(out)
	if err != nil || info.Size() != a.Bytes || !a.Pages[0].Giro || a.Recipe != Recipe || !slices.Equal(a.DocumentPages, []int{1}) {
		t.Errorf("facts %+v, file %v (%v)", a, info, err)
	}
	if n, err := read.PageCount(out); n != 1 || err != nil {
		t.Errorf("pdfcpu counts %d pages (%v)", n, err)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := printfile.OpenPrepared(f, a.Bytes)
	if err != nil {
		t.Fatalf("the linker cannot open it: %v", err)
	}
	if w, h := p.PageSize(0); p.NumPages() != 1 || w != sheet.A4Width || h != sheet.A4Height {
		t.Errorf("%d pages of %v × %v", p.NumPages(), w, h)
	}
}
