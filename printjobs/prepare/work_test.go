package prepare

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWork: a page that asks for more drawing than a printer can do is refused,
// in no time, and a heavy map or drawing is not.
func TestWork(t *testing.T) {
	t.Parallel()
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	const box = "/BBox[0 0 595 842]"
	form := func(resources, content string) string {
		return stream("/Type/XObject/Subtype/Form"+box+"/Resources<<"+resources+">>", content)
	}
	next := func(n int) string { return fmt.Sprintf("/XObject<</F %d 0 R>>", n) }
	ten := strings.Repeat("/F Do ", 10)
	nested := []string{}
	for i := range 9 {
		nested = append(nested, form(next(6+i), ten))
	}
	nested = append(nested, form("", "0 0 1 1 re f"))
	tile := func(bbox, step, content string) string {
		return stream("/PatternType 1/PaintType 1/TilingType 1/BBox["+bbox+"]/XStep "+step+"/YStep "+step+"/Resources<<>>", content)
	}
	const hatch = "/Resources<</Pattern<</P 5 0 R>>>>"
	const image = "/Resources<</XObject<</I 5 0 R>>>>"
	pixels := func(side int) string {
		return stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 1", side, side), "\x00")
	}
	whole := stream("/Type/XObject/Subtype/Image/Width 2000/Height 2000/ColorSpace/DeviceGray/BitsPerComponent 1", many(2000*250, "\xf0"))
	mask := "/Resources<</ExtGState<</G<</SMask<</S/Luminosity/G 5 0 R>>>>>>>>"
	group := stream("/Type/XObject/Subtype/Form"+box+"/Group<</S/Transparency/CS/DeviceGray>>/Resources<<>>", "1 g 0 0 595 842 re f")
	shade := "/Resources<</Shading<</S<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 595 842]/Function<</FunctionType 2/Domain[0 1]/N 1>>>>>>>>"
	type3 := "/Resources<</Font<</F 5 0 R>>>>"
	type3Font := "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 97/LastChar 97/Widths[1]/Encoding<</Differences[97/a]>>/CharProcs<</a 6 0 R>>/Resources<</XObject<</F 7 0 R>>>>>>"
	for _, c := range []struct {
		name    string
		pdf     []byte
		refused bool
	}{
		{"forms ten times, ten deep", onePage(a4+"/Resources<<"+next(5)+">>", ten, nested...), true},
		{"forms in an appearance", onePage(a4+"/Annots[<</Subtype/Stamp/F 4/Rect[0 0 595 842]/AP<</N 5 0 R>>>>]", "", nested...), true},
		{"forms in a glyph", onePage(a4+type3, "BT /F 9 Tf ("+many(100, "a")+") Tj ET", append([]string{type3Font, stream("", "1 0 d0 "+many(1000, "/F Do ")),
			form(next(8), many(100, "/F Do "))}, form("", "0 0 1 1 re f"))...), true},
		{"forms in a tile", onePage(a4+hatch, "/Pattern cs /P scn 0 0 9 9 re f", append([]string{
			stream("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<<"+next(6)+">>", ten)}, nested[1:]...)...), true},
		{"tiny tiles", onePage(a4+hatch, "/Pattern cs /P scn 0 0 595 842 re f", tile("0 0 1 1", ".001", "0 0 1 1 re f")), true},
		{"tiles that overlap", onePage(a4+hatch, "/Pattern cs /P scn 0 0 595 842 re f", tile("0 0 600 900", "1", "0 0 600 900 re f")), true},
		{"tiles without a step", onePage(a4+hatch, "/Pattern cs /P scn 0 0 595 842 re f", tile("0 0 9 9", "0", "0 0 9 9 re f")), true},
		{"an image without data", onePage(a4+image, "595 0 0 842 0 0 cm /I Do", pixels(200_000)), true},
		{"images drawn over each other", onePage(a4+image, "595 0 0 842 0 0 cm "+many(5000, "/I Do "), whole), true},
		{"an inline image without data", onePage(a4, "q 595 0 0 842 0 0 cm BI /W 200000/H 200000/CS/G/BPC 1 ID \x00 EI Q"), true},
		{"soft masks", onePage(a4+mask, many(5000, "/G gs 0 0 9 9 re f "), group), true},
		{"shadings", onePage(a4+shade, many(10_000, "/S sh ")), true},
		{"the whole page, again and again", onePage(a4, many(10_000, "0 0 595 842 re f ")), true},
		{"more than the page, again and again", onePage(a4, many(10_000, "-1000000 -1000000 100000000 100000000 re f ")), true},

		{"a form in itself", onePage(a4+"/Resources<<"+next(5)+">>", ten, form(next(5), ten+"0 0 1 1 re f")), false},
		{"a map of two million lines", onePage(a4, many(700_000, "0 0 m 9 9 l S\n")), false},
		{"symbols on a map", onePage(a4+"/Resources<<"+next(5)+">>", many(50_000, "q 1 0 0 1 9 9 cm /F Do Q "), form("", many(20, "0 0 m 1 1 l S "))), false},
		{"hatched fields", onePage(a4+hatch, "/Pattern cs /P scn "+many(3000, "100 100 40 30 re f "), tile("0 0 4 4", "4", "0 0 m 4 4 l S")), false},
		{"scans over each other", onePage(a4+image, "595 0 0 842 0 0 cm "+many(500, "/I Do "), whole), false},
		{"shadings of icons", onePage(a4+shade, many(5000, "q 9 9 20 20 re W n /S sh Q ")), false},
		{"shadows", onePage(a4+mask, many(500, "q .05 0 0 .05 9 9 cm /G gs 0 0 9 9 re f Q "), group), false},
		{"backgrounds larger than the page", onePage(a4, many(500, "-1000000 -1000000 100000000 100000000 re f ")), false},
		{"patterns turned flat", onePage(a4+hatch, "0 0 0 0 0 0 cm /Pattern cs /P scn 0 0 595 842 re f", tile("0 0 1 1", "1", "0 0 1 1 re f")), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := time.Now()
			_, _, err := prepareBytes(t, c.pdf)
			got := codes(err)
			// An image that lacks its data may be refused for that.
			if c.refused != (len(got) > 0) || c.refused && !strings.Contains(c.name, "without data") && got[0] != "too-complex:0:1" {
				t.Errorf("got %v (%v)", got, err)
			}
			if took := time.Since(before); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestWorkOfLetter: pages that each pass may be too much together.
func TestWorkOfLetter(t *testing.T) {
	t.Parallel()
	content := stream("", strings.Repeat("0 0 595 842 re f ", 6000))
	pages := func(n int) []byte {
		return rawPDF(catalog, fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Repeat("3 0 R ", n), n), "<</Type/Page/Parent 2 0 R/Contents 4 0 R"+a4+">>", content)
	}
	if _, _, err := prepareBytes(t, pages(10)); err != nil {
		t.Errorf("10 pages: %v", err)
	}
	if _, _, err := prepareBytes(t, pages(30)); !slices.Equal(codes(err), []string{"too-complex:0:0"}) {
		t.Errorf("30 pages: %v", err)
	}
}
