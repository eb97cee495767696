package prepare

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/sheet"
)

// spot is a colour that must be found at a place of the page, in mm from its
// upper left corner.
type spot struct {
	x, y float64
	want [3]byte
}

// TestMadeMarkup: markup without an appearance is drawn from its geometry and
// colours. Places are in units of 10 mm from the lower left corner of A4.
func TestMadeMarkup(t *testing.T) {
	t.Parallel()
	const unit = 10 * sheet.PtPerMM
	// mm puts numbers in units of 10 mm into pt.
	pt := func(v ...float64) string {
		var b strings.Builder
		for _, n := range v {
			fmt.Fprintf(&b, "%.3f ", n*unit)
		}
		return b.String()
	}
	at10 := func(x, y float64, c [3]byte) spot { return spot{x * 10, 297 - y*10, c} }
	green, blue, half := [3]byte{0, 255, 0}, [3]byte{0, 0, 255}, [3]byte{255, 128, 128}
	here := "/F 4/Rect[" + pt(2, 2, 8, 6) + "]"
	thick := fmt.Sprintf("/BS<</W %.2f>>", 0.4*unit)
	for _, c := range []struct {
		name, annot, content string
		spots                []spot
	}{
		{"square", "/Subtype/Square/C[1 0 0]/IC[0 1 0]" + here + thick, "", []spot{
			at10(2.2, 4, red), at10(7.8, 4, red), at10(5, 5.8, red), at10(5, 4, green), at10(1.8, 4, paper)}},
		{"square without border", "/Subtype/Square/C[1 0 0]/IC[0 1 0]/Border[0 0 0]" + here, "", []spot{at10(2.2, 4, green)}},
		{"square, inset", "/Subtype/Square/IC[0 1 0]/RD[" + pt(1, 1, 1, 1) + "]" + here, "", []spot{at10(2.5, 4, paper), at10(5, 4, green)}},
		{"square in grey and black", "/Subtype/Square/C[0 0 0 1]/IC[1]" + here + thick, "0 0 1 rg 0 0 600 842 re f", []spot{at10(2.2, 4, [3]byte{35, 31, 32}), at10(5, 4, paper)}},
		{"transparent", "/Subtype/Square/C[]" + here, "", []spot{at10(2, 4, paper), at10(5, 4, paper)}},
		{"half seen", "/Subtype/Square/IC[1 0 0]/CA .5" + here, "", []spot{at10(5, 4, half)}},
		{"circle", "/Subtype/Circle/C[1 0 0]/IC[0 1 0]" + here + thick, "", []spot{at10(2.2, 4, red), at10(5, 4, green), at10(2.2, 2.2, paper)}},
		{"line", "/Subtype/Line/C[1 0 0]/L[" + pt(2, 4, 8, 4) + "]" + here + thick, "", []spot{at10(2.1, 4, red), at10(7.9, 4, red), at10(5, 4.5, paper)}},
		{"line with arrows", "/Subtype/Line/C[1 0 0]/IC[0 1 0]/L[" + pt(2, 4, 8, 4) + "]/LE[/Circle/ClosedArrow]" + here + thick, "", []spot{at10(2, 4, green), at10(7, 4.2, green), at10(4.4, 4, red)}},
		{"line, dashed", "/Subtype/Line/C[1 0 0]/L[" + pt(2, 4, 8, 4) + "]" + here + fmt.Sprintf("/BS<</W %.2f/S/D/D[%s]>>", 0.4*unit, pt(1, 1)), "", []spot{at10(2.5, 4, red), at10(3.5, 4, paper), at10(4.5, 4, red)}},
		{"line with leaders", "/Subtype/Line/C[1 0 0]/L[" + pt(2, 5, 8, 5) + "]/LL " + pt(2) + here + thick, "", []spot{at10(5, 3, red), at10(2, 4, red), at10(8, 4, red), at10(5, 5, paper)}},
		{"polygon", "/Subtype/Polygon/C[1 0 0]/IC[0 1 0]/Vertices[" + pt(2, 2, 8, 2, 5, 6) + "]" + here + thick, "", []spot{at10(5, 3, green), at10(5, 2, red), at10(2.3, 5, paper)}},
		{"polyline", "/Subtype/PolyLine/C[1 0 0]/IC[0 1 0]/Vertices[" + pt(2, 2, 8, 2, 8, 6) + "]" + here + thick, "", []spot{at10(5, 2, red), at10(8, 4, red), at10(7, 3, paper)}},
		{"ink", "/Subtype/Ink/C[1 0 0]/InkList[[" + pt(2, 2, 8, 2) + "][" + pt(2, 6, 8, 6) + "]]" + here + thick, "", []spot{at10(5, 2, red), at10(5, 6, red), at10(8, 4, paper)}},
		{"highlight", "/Subtype/Highlight/C[1 0 0]/QuadPoints[" + pt(2, 6, 8, 6, 2, 4, 8, 4) + "]" + here, "0 0 1 rg " + pt(2, 2, 1, 4) + " re f", []spot{at10(5, 5, red), at10(5, 3, paper), at10(2.5, 5, [3]byte{0, 0, 0}), at10(2.5, 3, blue)}},
		{"highlight without quads", "/Subtype/Highlight/C[1 0 0]" + here, "", []spot{at10(5, 4, red)}},
		{"underline", "/Subtype/Underline/C[1 0 0]/QuadPoints[" + pt(2, 6, 8, 6, 2, 2, 8, 2) + "]" + here, "", []spot{at10(5, 2.4, red), at10(5, 4, paper)}},
		{"strikeout", "/Subtype/StrikeOut/C[1 0 0]/QuadPoints[" + pt(2, 6, 8, 6, 2, 2, 8, 2) + "]" + here, "", []spot{at10(5, 4, red), at10(5, 3, paper)}},
		{"squiggly", "/Subtype/Squiggly/C[1 0 0]/QuadPoints[" + pt(2, 6, 8, 6, 2, 2, 8, 2) + "]" + here, "", []spot{at10(5, 4, paper)}},
		{"free text", "/Subtype/FreeText/C[0 1 0]/DA(1 0 0 rg /Helv 12 Tf)/Contents(.)" + here + thick, "", []spot{at10(2.2, 4, red), at10(5, 3, green)}},
		{"stamp", "/Subtype/Stamp/C[1 0 0]/Name/Approved" + here, "", []spot{at10(2.04, 2.04, red), at10(1.9, 4, paper)}},
		{"not printed", "/Subtype/Square/IC[1 0 0]/Rect[" + pt(2, 2, 8, 6) + "]", "", []spot{at10(5, 4, paper)}},
		{"hidden", "/Subtype/Square/IC[1 0 0]/F 6/Rect[" + pt(2, 2, 8, 6) + "]", "", []spot{at10(5, 4, paper)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			facts, out := mustPrepare(t, onePage(a4+"/Annots[<</Type/Annot"+c.annot+">>]", c.content))
			for _, s := range c.spots {
				got := at(t, out, 1, s.x, s.y)
				for i := range got {
					if d := int(got[i]) - int(s.want[i]); d < -3 || d > 3 {
						t.Errorf("%v at %.1f, %.1f mm, want %v", got, s.x, s.y, s.want)
						break
					}
				}
			}
			shows := !strings.Contains(c.name, "not") && c.name != "hidden" && c.name != "transparent"
			if facts.Pages[0].Blank == (shows || c.content != "") {
				t.Errorf("facts %+v", facts.Pages[0])
			}
			if others := slices.DeleteFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeBlankLetter }); len(others) != 0 {
				t.Errorf("warnings %+v", others)
			}
		})
	}
}

// TestMadeFields: fields without an appearance show their value, in a font that
// is embedded.
func TestMadeFields(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	judges.Need(t, "pdffonts")
	const rect = "/Rect[100 600 300 700]"
	for _, c := range []struct {
		name, field string
		want        string // words, in lines
		spots       []spot
	}{
		{"text", "/FT/Tx/V(Bl\\345b\\346r)/DA(/Helv 12 Tf 0 g)", "Blåbær", nil},
		{"UTF-16", "/FT/Tx/V<FEFF010D00E1>/DA(/Helv 12 Tf 0 g)", "čá", nil},
		{"UTF-8", "/FT/Tx/V<EFBBBFC3A5>/DA(/Helv 0 Tf 0 g)", "å", nil},
		{"inherited", "/Parent<</FT/Tx/V(arvet)/DA(/TiRo 12 Tf)>>", "arvet", nil},
		{"from the form", "/FT/Tx/V(skjema)", "skjema", nil},
		{"one line", "/FT/Tx/V(en\\nto)", "en to", nil},
		{"multi-line", "/FT/Tx/Ff 4096/V(en\\rto tre)/DA(/Cour 12 Tf)", "en\nto tre", nil},
		{"wrapped", "/FT/Tx/Ff 4096/V(abcdefghij abcdefghij abcdefghij)/DA(/Helv 30 Tf)", "abcdefghij\nabcdefghij\nabcdefghij", nil},
		{"as large as fits", "/FT/Tx/Ff 4096/V(en\\nto\\ntre\\nfire\\nfem\\nseks\\nsju\\n\\345tte\\nni)/DA(/Helv 0 Tf)", "en\nto\ntre\nfire\nfem\nseks\nsju\nåtte\nni", nil},
		{"comb", "/FT/Tx/Ff 16777216/MaxLen 4/V(1234)/DA(/Helv 12 Tf)", "1 2 3 4", nil},
		{"password", "/FT/Tx/Ff 8192/V(hemmelig)/DA(/Helv 12 Tf)", "********", nil},
		{"empty", "/FT/Tx/V()", "", []spot{{70, 65, paper}}},
		{"only a mark", "/FT/Tx/V<FEFF>", "", []spot{{70, 65, paper}}},
		{"frame", "/FT/Tx/MK<</BC[1 0 0]/BG[0 0 1]>>/BS<</W 20>>", "", []spot{{36, 65, red}, {70, 65, [3]byte{0, 0, 255}}}},
		{"colour", "/FT/Tx/V(I)/Q 1/DA(1 0 0 rg /HeBo 300 Tf)", "I", []spot{{70.5, 67, red}}},
		{"combo", "/FT/Ch/Ff 131072/Opt[[(a)(Alfa)][(b)(Beta)]]/V(b)/DA(/Helv 12 Tf)", "Beta", nil},
		{"list", "/FT/Ch/Opt[(Alfa)(Beta)(Gamma)]/V(Beta)/DA(/Helv 12 Tf)", "Alfa\nBeta\nGamma", nil},
		{"list from the second", "/FT/Ch/TI 1/Opt[(Alfa)(Beta)(Gamma)]/V[(Beta)(Gamma)]/DA(/Helv 12 Tf)", "Beta\nGamma", nil},
		{"push button", "/FT/Btn/Ff 65536/MK<</CA(Send)/BG[1 0 0]>>/DA(/Helv 12 Tf)", "Send", []spot{{40, 52, red}}},
		{"check box off", "/FT/Btn/AS/Off/V/Off", "", []spot{{70.5, 67, paper}}},
		{"check box on", "/FT/Btn/AS/Ja/MK<</CA(n)>>/DA(1 0 0 rg /ZaDb 0 Tf)", "", []spot{{70.5, 67, red}, {50, 67, paper}}},
		{"radio on", "/FT/Btn/Ff 32768/V/Ja/DA(1 0 0 rg /ZaDb 0 Tf)", "", []spot{{70.5, 67, red}, {50, 67, paper}}},
		{"signature", "/FT/Sig/V<</Type/Sig>>", "", []spot{{70, 65, paper}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := rawPDF("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/DA(/Helv 12 Tf 0 g)>>>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
				"<</Type/Page/Parent 2 0 R/Annots[4 0 R]"+a4+">>", "<</Type/Annot/Subtype/Widget/F 4"+rect+c.field+">>")
			facts, out := mustPrepare(t, data)
			text, err := exec.Command("pdftotext", "-layout", out, "-").Output()
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for line := range strings.Lines(strings.ReplaceAll(string(text), "\f", "")) {
				if words := strings.Join(strings.Fields(line), " "); words != "" {
					lines = append(lines, words)
				}
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("shows %q, want %q", got, c.want)
			}
			for _, s := range c.spots {
				if got := at(t, out, 1, s.x, s.y); got != s.want {
					t.Errorf("%v at %g, %g mm, want %v", got, s.x, s.y, s.want)
				}
			}
			if others := slices.DeleteFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeBlankLetter }); len(others) != 0 {
				t.Errorf("warnings %+v", others)
			}
			fonts, err := exec.Command("pdffonts", out).Output()
			if err != nil || strings.Contains(string(fonts), " no  ") || strings.Contains(string(fonts), "Liberation") != (c.want != "") {
				t.Errorf("fonts (%v):\n%s", err, fonts)
			}
		})
	}
}

// TestMadeTurned: a field that is turned against its page is drawn turned.
func TestMadeTurned(t *testing.T) {
	t.Parallel()
	// A frame along the lower edge of the field as it is read.
	for turned, want := range map[int]spot{0: {50, 297 - 51, red}, 90: {89, 297 - 60, red}, 180: {50, 297 - 79, red}, 270: {41, 297 - 60, red}} {
		field := fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Tx/F 4/Rect[%f %f %f %f]/MK<</R %d/BC[1 0 0]>>/BS<</W %f/S/U>>>>",
			40*sheet.PtPerMM, 50*sheet.PtPerMM, 90*sheet.PtPerMM, 80*sheet.PtPerMM, turned, 3*sheet.PtPerMM)
		_, out := mustPrepare(t, onePage(a4+"/Annots["+field+"]", ""))
		if got := at(t, out, 1, want.x, want.y); got != want.want {
			t.Errorf("turned by %d: %v at %g, %g mm", turned, got, want.x, want.y)
		}
		if got := at(t, out, 1, 65, 297-65); got != paper {
			t.Errorf("turned by %d: %v in the middle", turned, got)
		}
	}
}

// TestStaleField: a value that a program filled in without drawing it, or
// beside another that is drawn, is shown where the document leaves appearances
// to the viewer; else what is drawn counts.
func TestStaleField(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	for _, c := range []struct{ need, field, appearance, want string }{
		{"true", "/FT/Tx/V(ferskt)", "/Tx BMC EMC", "ferskt"},
		{"true", "/FT/Tx/V(ferskt)", "BT /F 12 Tf 5 5 Td (gammelt) Tj ET", "ferskt"},
		{"true", "/FT/Tx/V(f\\351rskt 1)", "BT /F 12 Tf 5 5 Td [(f\\351r) -20 (skt)] TJ <2031> Tj ET", "férskt 1"},
		{"true", "/FT/Tx/V()", "BT /F 12 Tf 5 5 Td (ledetekst) Tj ET", "ledetekst"},
		{"true", "/FT/Ch/Ff 131072/V(a)/Opt[[(a)(Alfa)]]", "BT /F 12 Tf 5 5 Td (Alfa) Tj ET", "Alfa"},
		{"false", "/FT/Tx/V(ferskt)", "BT /F 12 Tf 5 5 Td (gammelt) Tj ET", "gammelt"},
	} {
		data := rawPDF("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/NeedAppearances "+c.need+"/DA(/Helv 12 Tf 0 g)>>>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
			"<</Type/Page/Parent 2 0 R/Annots[4 0 R]"+a4+">>", "<</Type/Annot/Subtype/Widget"+c.field+"/F 4/Rect[100 600 300 700]/AP<</N 5 0 R>>>>",
			stream("/Subtype/Form/BBox[0 0 200 100]/Resources<</Font<</F 6 0 R>>>>", c.appearance), "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
		_, out := mustPrepare(t, data)
		if text, err := exec.Command("pdftotext", out, "-").Output(); err != nil || strings.TrimSpace(string(text)) != c.want {
			t.Errorf("%+v: shows %q (%v)", c, text, err)
		}
	}
}
