package prepare

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
)

// coded is a stream of compressed data.
func coded(dict string, data []byte) string { return stream("/Filter/FlateDecode"+dict, string(data)) }

// squares is content of many operators, long enough to be cut.
func squares(colour string) []byte {
	var b bytes.Buffer
	for i := range 40 {
		fmt.Fprintf(&b, "%s rg %d %d %d 30 re f\n", colour, 17*i%500, 800-19*i, 10+i)
	}
	return b.Bytes()
}

func photo(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 3) //nolint:gosec // any byte
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestWhole: what a page draws is refused, with its page and in words of its
// own, when it is cut off or missing; and passes when nothing is lost, also
// where it is not as the format asks.
func TestWhole(t *testing.T) {
	t.Parallel()
	whole := zipped(squares("1 0 0"))
	half := whole[:len(whole)/2]
	flipped := append(bytes.Clone(whole[:len(whole)/2]), bytes.Repeat([]byte{0x77}, len(whole)/2)...)
	// Data that are stored as they are, so that one byte is one letter.
	var plain bytes.Buffer
	pw, _ := zlib.NewWriterLevel(&plain, zlib.NoCompression)
	pw.Write(squares("1 0 0")) // a buffer never fails
	pw.Close()
	word := bytes.Replace(plain.Bytes(), []byte("17 781"), []byte("97 781"), 1)
	noSum, badSum := whole[:len(whole)-4], append(bytes.Clone(whole[:len(whole)-4]), 1, 2, 3, 4)
	zeroSum := append(bytes.Clone(noSum), 0, 0, 0, 0)
	var flushed bytes.Buffer
	zw := zlib.NewWriter(&flushed)
	zw.Write(squares("1 0 0")) // a buffer never fails
	zw.Flush()                 // a buffer never fails

	page := func(resources, content string, more ...string) []byte {
		return onePage(a4+"/Resources<<"+resources+">>", content, more...)
	}
	contents := func(data []byte) []byte {
		return rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Contents[4 0 R 5 0 R]"+a4+">>",
			coded("", data), coded("", zipped([]byte("0 0 1 1 re f"))))
	}
	form := func(dict string, data []byte) string {
		return coded("/Type/XObject/Subtype/Form/BBox[0 0 600 850]"+dict, data)
	}
	rows := make([]byte, 300)
	for i := range rows {
		rows[i] = byte(i * i * i >> 2) //nolint:gosec // any byte
	}
	picture := func(filter string, data []byte) string {
		return stream("/Type/XObject/Subtype/Image/Width 10/Height 30/BitsPerComponent 8/ColorSpace/DeviceGray"+filter, string(data))
	}
	const flate = "/Filter/FlateDecode"
	image := func(filter string, data []byte) []byte {
		return page("/XObject<</X 5 0 R>>", "200 0 0 200 0 0 cm /X Do", picture(filter, data))
	}
	fontFile := func(program string) []byte {
		return page("/Font<</F 5 0 R>>", "BT /F 20 Tf 50 500 Td (abc) Tj ET",
			"<</Type/Font/Subtype/TrueType/BaseFont/Prov/FontDescriptor 6 0 R/FirstChar 97/LastChar 99/Widths[500 500 500]>>",
			"<</Type/FontDescriptor/FontName/Prov/Flags 32/FontFile2 7 0 R>>", program)
	}
	type3 := func(glyph string) []byte {
		return page("/Font<</F 5 0 R>>", "BT /F 20 Tf 50 500 Td (a) Tj ET",
			"<</Type/Font/Subtype/Type3/FontBBox[0 0 999 999]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 97/LastChar 97/Widths[999]"+
				"/Encoding<</Differences[97/a]>>/CharProcs<</a 6 0 R>>/Resources<<>>>>", glyph)
	}
	note := func(appearance string) []byte {
		return onePage(a4+"/Annots[5 0 R]", "", "<</Type/Annot/Subtype/Stamp/Name/Draft/F 4/Rect[100 100 300 200]/AP<</N 6 0 R>>>>", appearance)
	}
	inline := func(filter string, data []byte) []byte {
		return page("", "200 0 0 200 0 0 cm BI /W 10/H 30/BPC 8/CS/G"+filter+" ID "+string(data)+"\nEI 0 0 1 rg 0 0 9 9 re f")
	}
	jpg := photo(32, 64)

	content, part, pic, font, stamp := "content", "part", "image", "font", "note"
	for _, c := range []struct {
		name string
		data []byte
		lost string // the case of the finding; "" if nothing is lost
	}{
		{"whole", contents(whole), ""},
		{"half", contents(half), content},
		{"damaged on the way", contents(flipped), content},
		{"all but the checksum", contents(noSum), ""},
		{"a word changed", contents(word), content},
		{"checksum of 0", contents(zeroSum), ""},
		{"wrong checksum as all of that program", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Contents 4 0 R"+a4+">>", coded("", badSum)), ""},
		{"wrong checksum of a font", fontFile(coded("/Length1 1560", badSum)), ""},
		{"something behind it", contents(append(bytes.Clone(whole), "\r\n\x00"...)), ""},
		{"flushed, not ended", contents(flushed.Bytes()), ""},
		{"half a string", page("", "BT (abc"), content},
		{"a hole", page("", "0 0 9 9 re f"+strings.Repeat("\x00", 600)+" 9 9 9 9 re f"), content},
		{"a hole in a picture", page("", "BI /W 20/H 2/BPC 8/CS/G ID "+strings.Repeat("\x00", 40)+" EI 0 0 1 rg"), ""},
		{"half an array", page("", "BT [(abc) 12"), content},
		{"half an inline image", page("", "BI /W 9/H 9/BPC 8/CS/G ID abcdefg"), content},
		{"half an inline image's dictionary", page("", "BI /W 9/H"), content},
		{"inline image", inline("", rows), ""},
		{"inline image with EI among its data", inline("", append([]byte("12 EI 0 0 1 rg abcdefgh"), rows[23:]...)), ""},
		{"inline image that lacks rows", inline("", rows[:200]), pic},
		{"inline image, compressed", inline("/F/Fl", zipped(rows)), ""},
		{"inline image, compressed and in letters", inline("/F[/AHx/Fl]", fmt.Appendf(nil, "%x>", zipped(rows))), ""},
		{"half an inline image, compressed", inline("/F/Fl", zipped(rows)[:100]), pic},
		{"half an inline photo", page("", "BI /W 32/H 64/BPC 8/CS/RGB/F/DCT ID "+string(jpg[:len(jpg)/2])+"\nEI 0 0 1 rg 0 0 9 9 re f"), pic},
		{"inline photo", page("", "BI /W 32/H 64/BPC 8/CS/RGB/F/DCT ID "+string(jpg)+"\nEI 0 0 1 rg 0 0 9 9 re f"), ""},
		{"inline mask", page("", "BI /W 9/H 2/IM true ID abcd\nEI 0 0 1 rg 0 0 9 9 re f"), ""},
		{"inline image without a space before EI", page("", "BI /W 2/H 2/BPC 8/CS/G ID abcdEI 1 0 0 rg"), ""},
		{"digits without an end", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Contents 4 0 R"+a4+">>",
			stream("/Filter[/ASCIIHexDecode/FlateDecode]", fmt.Sprintf("%x", whole))), ""},
		{"half of two filters", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Contents 4 0 R"+a4+">>",
			stream("/Filter[/ASCIIHexDecode/FlateDecode]", fmt.Sprintf("%x", half))), content},

		{"form", page("/XObject<</X 5 0 R>>", "/X Do", form("", whole)), ""},
		{"half a form", page("/XObject<</X 5 0 R>>", "/X Do", form("", half)), part},
		{"half a form that is not drawn", page("/XObject<</X 5 0 R/Y 6 0 R>>", "/X Do", form("", whole), form("", half)), ""},
		{"half a form in a form", page("/XObject<</X 5 0 R>>", "/X Do", form("/Resources<</XObject<</Y 6 0 R>>>>", zipped([]byte("/Y Do"))), form("", half)), part},
		{"missing form", page("/XObject<</X 99 0 R>>", "/X Do"), part},
		{"missing form that is not drawn", page("/XObject<</X 99 0 R>>", ""), ""},
		{"half a pattern", page("/Pattern<</P 5 0 R>>", "/Pattern cs /P scn 0 0 500 500 re f",
			coded("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 600 850]/XStep 600/YStep 850/Resources<<>>", half)), part},
		{"missing shading", page("/Shading<</S 99 0 R>>", "/S sh"), part},
		{"half a soft mask", page("/ExtGState<</G<</SMask<</S/Luminosity/G 5 0 R>>>>>>", "/G gs 0 0 500 500 re f", form("/Group<</S/Transparency>>", half)), part},
		{"half a function", page("/Shading<</S<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 1 1]/Function 5 0 R>>>>", "/S sh",
			coded("/FunctionType 0/Domain[0 1]/Range[0 1]/Size[1000]/BitsPerSample 8", half)), part},

		{"image", image(flate, zipped(rows)), ""},
		{"image, all rows but no end", image(flate, zipped(rows)[:len(zipped(rows))-5]), ""},
		{"half an image", image(flate, zipped(rows)[:100]), pic},
		{"image not compressed", image("", rows), ""},
		{"half an image not compressed", image("", rows[:150]), pic},
		{"missing image", page("/XObject<</X 99 0 R>>", "/X Do"), part},
		{"missing mask", image("/SMask 99 0 R", rows), pic},
		{"half a mask", page("/XObject<</X 5 0 R>>", "/X Do", picture("/SMask 6 0 R", rows), picture("", rows[:99])), pic},
		{"JPEG", image("/Filter/DCTDecode", jpg), ""},
		{"JPEG without its end", image("/Filter/DCTDecode", jpg[:len(jpg)-2]), ""},
		{"half a JPEG", image("/Filter/DCTDecode", jpg[:len(jpg)/2]), pic},
		{"JPEG in Flate", image("/Filter[/FlateDecode/DCTDecode]", zipped(jpg)), ""},
		{"half a JPEG in Flate", image("/Filter[/FlateDecode/DCTDecode]", zipped(jpg[:len(jpg)/2])), pic},

		{"font program", fontFile(coded("/Length1 2000", zipped(make([]byte, 2000)))), ""},
		{"half a font program", fontFile(coded("/Length1 1560", half)), font},
		{"font program not compressed", fontFile(stream("/Length1 300", strings.Repeat("x", 300))), ""},
		{"half a font program not compressed", fontFile(stream("/Length1 600", strings.Repeat("x", 300))), font},
		{"missing font program", fontFile("null")[:0], ""},
		{"missing font", page("/Font<</F 99 0 R>>", "BT /F 20 Tf 50 500 Td (abc) Tj ET"), font},
		{"missing font that sets nothing", page("/Font<</F 99 0 R>>", "BT /F 20 Tf 50 500 Td ( ) Tj ET"), ""},
		{"missing font of what is not seen", page("/Font<</F 99 0 R>>", "BT /F 20 Tf 3 Tr (abc) Tj ET"), ""},
		{"glyph", type3(coded("", zipped([]byte("999 0 d0 0 0 500 500 re f")))), ""},
		{"half a glyph", type3(coded("", zipped(append([]byte("999 0 d0 "), squares("")...))[:60])), font},
		{"missing glyph", type3("null")[:0], ""},

		{"stamp", note(form("", whole)), ""},
		{"half a stamp", note(form("", half)), stamp},
		{"stamp whose appearance is missing", onePage(a4+"/Annots[5 0 R]", "", "<</Type/Annot/Subtype/Stamp/F 4/Rect[100 100 300 200]/AP<</N 99 0 R>>>>"), stamp},
	} {
		if len(c.data) == 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := prepareBytes(t, c.data)
			if c.lost == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := codes(err); !slices.Equal(got, []string{"damaged-object:0:1"}) {
				t.Fatalf("%v (%v)", got, err)
			}
			var refusal *Refusal
			if errors.As(err, &refusal) && refusal.Findings[0].Args["case"] != c.lost {
				t.Errorf("says %q", refusal.Findings[0].Args)
			}
		})
	}
}

// TestMissingContents: a page that names content which the file does not have
// is refused; one that names none is an empty page, and so is one whose list
// holds what is no content.
func TestMissingContents(t *testing.T) {
	t.Parallel()
	made := func(contents string, more ...string) []byte {
		return rawPDF(append([]string{catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R" + contents + a4 + ">>"}, more...)...)
	}
	some := stream("", "0 0 9 9 re f")
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"missing", made("/Contents 99 0 R"), []string{"blanked-page:0:1"}},
		{"one of two missing", made("/Contents[4 0 R 99 0 R]", some), []string{"blanked-page:0:1"}},
		{"a dictionary", made("/Contents 4 0 R", "<</Length 3>>"), []string{"blanked-page:0:1"}},
		{"none", made(""), nil},
		{"null", made("/Contents null"), nil},
		{"null in its place", made("/Contents 4 0 R", "null"), nil},
		{"a number among them", made("/Contents[4 0 R 7 null]", some), nil},
		{"deleted by an update", update(made("/Contents 4 0 R", some), 5, nil), nil},
	} {
		_, _, err := prepareBytes(t, c.data)
		if got := codes(err); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v (%v), want %v", c.name, got, err, c.want)
		}
	}
	// An update that frees an object deletes it; it is not dug up again.
	data := made("/Contents 4 0 R", some)
	start := regexp.MustCompile(`startxref\s+(\d+)`).FindSubmatch(data)[1]
	data = fmt.Appendf(data, "xref\n0 1\n0000000004 65535 f \n4 1\n0000000000 00001 f \ntrailer<</Size 5/Root 1 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n", start, len(data))
	_, _, err := prepareBytes(t, data)
	if got := codes(err); !slices.Equal(got, []string{"blanked-page:0:1"}) {
		t.Errorf("deleted: %v (%v)", got, err)
	}
}

// TestMissingInTree: what the page tree names and the file does not have is
// never passed over.
func TestMissingInTree(t *testing.T) {
	t.Parallel()
	some := "<</Type/Page/Parent 2 0 R" + a4 + "/Contents 4 0 R>>"
	content := stream("", "0 0 9 9 re f")
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"a page", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 99 0 R]/Count 2>>", some, content), []string{"blanked-page:0:2"}},
		{"a list of pages", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>", some, content, "<</Type/Pages/Parent 2 0 R/Kids 99 0 R/Count 1>>"), []string{"blanked-page:0:2"}},
		{"all pages", rawPDF(catalog, "<</Type/Pages/Kids 99 0 R/Count 2>>"), []string{"blanked-page:0:1"}},
		{"the size", onePage("/MediaBox 99 0 R", ""), []string{"damaged-object:0:1"}},
		{"the turn", onePage(a4+"/Rotate 99 0 R", ""), []string{"damaged-object:0:1"}},
		{"resources", onePage(a4+"/Resources 99 0 R", ""), []string{"damaged-object:0:1"}},
		{"layers", rawPDF("<</Type/Catalog/Pages 2 0 R/OCProperties 99 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", some, content), []string{"damaged-object:0:0"}},
		{"object 0, which is null", onePage(a4+"/CropBox 0 0 R", ""), nil},
		{"a way back, and all pages", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 2 0 R]/Count 1>>", some, content), nil},
		{"a way back, and a page too few", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2>>", some, content), []string{"unreadable:0:0"}},
	} {
		_, _, err := prepareBytes(t, c.data)
		if got := codes(err); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v (%v), want %v", c.name, got, err, c.want)
		}
	}
	// What is missing among annotations was mostly deleted: a warning tells.
	facts, _ := mustPrepare(t, onePage(a4+"/Annots[99 0 R]", "0 0 9 9 re f"))
	if !slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeNoAppearance && f.Page == 1 }) {
		t.Errorf("warnings %+v", facts.Warnings)
	}
}

// TestPageCount: a sound file that says to have more pages than it has is
// printed with a warning; a damaged one may have lost them.
func TestPageCount(t *testing.T) {
	t.Parallel()
	data := rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 2>>", "<</Type/Page/Parent 2 0 R"+a4+">>")
	facts, _ := mustPrepare(t, data)
	if !slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodePageCount }) {
		t.Errorf("warnings %+v", facts.Warnings)
	}
	_, _, err := prepareBytes(t, bytes.Replace(data, []byte("\nxref"), []byte("\nxxxx"), 1))
	if got := codes(err); !slices.Equal(got, []string{"blanked-page:0:2"}) {
		t.Errorf("damaged: %v (%v)", got, err)
	}
}

// TestFreeNames: what the document names itself is kept whatever it is called,
// also like an entry of the format that no page needs.
func TestFreeNames(t *testing.T) {
	if testing.Short() {
		t.Skip("prepares a letter for each name of the format")
	}
	t.Parallel()
	for name := range read.Dropped {
		names := []string{name, "Type", "Subtype", "Resources"}
		var procs strings.Builder
		for _, n := range names {
			fmt.Fprintf(&procs, "/%s 6 0 R", n)
		}
		_, out := mustPrepare(t, onePage(a4+"/Resources<</Font<</"+name+" 5 0 R>>>>",
			"1 0 0 rg BT /"+name+" 100 Tf 0 741.89 Td (abcd) Tj ET",
			"<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 97/LastChar 100"+
				"/Widths[1000 1000 1000 1000]/Encoding<</Differences[97/"+strings.Join(names, "/")+"]>>/CharProcs<<"+procs.String()+">>/Resources<<>>>>",
			stream("", "1000 0 0 0 1000 1000 d1 0 0 1000 1000 re f")))
		for i := range names {
			if got := at(t, out, 1, 10+35*float64(i), 10); got != red {
				t.Errorf("glyph %s: %v", names[i], got)
			}
		}
	}
}

// TestFontByPlace: a font that says to be a page is a font by where it stands.
func TestFontByPlace(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	for _, font := range []string{"5 0 R", "<</Type/Page/Subtype/Type1/BaseFont/Times-Italic>>"} {
		_, out := mustPrepare(t, onePage(a4+"/Resources<</Font<</F "+font+">>>>", "BT /F 36 Tf 50 700 Td (Hei verden) Tj ET",
			"<</Type/Page/Subtype/Type1/BaseFont/Times-Italic>>"))
		text, err := exec.Command("pdftotext", out, "-").Output()
		if err != nil || !strings.Contains(string(text), "Hei verden") {
			t.Errorf("%s: text %q (%v)", font, text, err)
		}
	}
}

// TestButtons: buttons without appearances are drawn on or off if that can be
// known, else the letter is refused; those with appearances and no state show
// what the value of their group says.
func TestButtons(t *testing.T) {
	t.Parallel()
	made := func(group string, kids ...string) []byte {
		objects := []string{"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "", ""}
		var refs strings.Builder
		for i, kid := range kids {
			fmt.Fprintf(&refs, "%d 0 R ", len(objects)+1)
			objects = append(objects, fmt.Sprintf("<</Type/Annot/Subtype/Widget/Parent 4 0 R/F 4/Rect[%d 700 %d 720]/MK<</CA(n)>>%s>>", 100*i+100, 100*i+120, kid))
		}
		objects[2] = "<</Type/Page/Parent 2 0 R" + a4 + "/Annots[" + refs.String() + "]>>"
		objects[3] = "<</T(r)/FT/Btn" + group + "/Kids[" + refs.String() + "]>>"
		square := func(colour string) string {
			return stream("/Type/XObject/Subtype/Form/BBox[0 0 20 20]/Resources<<>>", colour+" rg 0 0 20 20 re f")
		}
		return rawPDF(append(objects, square("1 0 0"), square("0 0 1"))...)
	}
	blue, black := [3]byte{0, 0, 255}, [3]byte{}
	radio := "/Ff 49152"
	states := func(on string) string { return "/AP<</N<</" + on + " 7 0 R/Off 8 0 R>>>>" }
	for _, c := range []struct {
		name string
		data []byte
		want [][3]byte // of each button; nil: refused
	}{
		{"radio, chosen, no states", made(radio+"/V/b", "", ""), nil},
		{"radio, none chosen", made(radio, "", ""), [][3]byte{paper, paper}},
		{"radio, off", made(radio+"/V/Off", "", ""), [][3]byte{paper, paper}},
		{"radio, with states", made(radio+"/V/b", "/AS/Off", "/AS/b"), [][3]byte{paper, black}},
		{"one radio button, chosen", made(radio+"/V/b", ""), [][3]byte{black}},
		{"check box, on", made("/V/Yes", ""), [][3]byte{black}},
		{"two check boxes, on", made("/V/Yes", "", ""), nil},
		{"appearances, no states", made(radio+"/V/b", states("a"), states("b")), [][3]byte{blue, red}},
		{"appearances and states", made(radio+"/V/b", states("a")+"/AS/a", states("b")+"/AS/Off"), [][3]byte{red, blue}},
		{"appearances, no value", made(radio, states("a"), states("b")), [][3]byte{blue, blue}},
	} {
		_, out, err := prepareBytes(t, c.data)
		if c.want == nil {
			if got := codes(err); !slices.Equal(got, []string{"no-appearance:0:1"}) {
				t.Errorf("%s: %v (%v)", c.name, got, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, want := range c.want {
			if got := at(t, out, 1, float64(100*i+110)/72*25.4, (841.89-710)/72*25.4); got != want {
				t.Errorf("%s: button %d: %v, want %v", c.name, i, got, want)
			}
		}
	}
}

// TestNamesWithoutResources: a name that the resources lack is looked for
// around them; text in a font that nobody has is set in another, with the
// usual warning; anything else that is drawn and not there is refused.
func TestNamesWithoutResources(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	words := func(out string) string {
		text, err := exec.Command("pdftotext", out, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(text)), " ")
	}
	for _, page := range []string{a4, a4 + "/Resources<<>>", a4 + "/Resources<</Font<<>>>>", a4 + "/Resources 5 0 R", a4 + "/Resources<</Font 5 0 R>>"} {
		facts, out := mustPrepare(t, onePage(page, "BT /F 36 Tf 50 700 Td (Hei verden) Tj ET", "<<>>"))
		if got := words(out); got != "Hei verden" {
			t.Errorf("%s: %q", page, got)
		}
		if !slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeFontNotEmbedded }) {
			t.Errorf("%s: warnings %+v", page, facts.Warnings)
		}
	}
	_, out := mustPrepare(t, onePage(a4+"/Resources<</XObject<</X 5 0 R/Y 6 0 R>>>>", "/X Do",
		stream("/Type/XObject/Subtype/Form/BBox[0 0 600 850]/Resources<<>>", "/Y Do"),
		stream("/Type/XObject/Subtype/Form/BBox[0 0 600 850]/Resources<<>>", "1 0 0 rg 0 741.89 100 100 re f")))
	if got := at(t, out, 1, 10, 10); got != red {
		t.Errorf("a form of the page in a form: %v", got)
	}
	_, _, err := prepareBytes(t, onePage(a4+"/Resources<<>>", "/X Do"))
	if got := codes(err); !slices.Equal(got, []string{"damaged-object:0:1"}) {
		t.Errorf("a form of nobody: %v (%v)", got, err)
	}
}

// zipped is data as FlateDecode has it.
func zipped(data []byte) []byte {
	var b bytes.Buffer
	zw := zlib.NewWriter(&b)
	zw.Write(data) // a buffer never fails
	zw.Close()
	return b.Bytes()
}
