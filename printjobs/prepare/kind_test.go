package prepare

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/scan"
)

// documentOf is a PDF of one page with entries in its catalog and page; more
// objects follow from number 5.
func documentOf(root, page, content string, more ...string) []byte {
	return rawPDF(append([]string{"<</Type/Catalog/Pages 2 0 R" + root + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/Contents 4 0 R" + a4 + page + ">>", stream("", content)}, more...)...)
}

const (
	xfaContent = `<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template xmlns="http://www.xfa.org/schema/xfa-template/3.3/"><subform><field name="a"/></subform></template></xdp:xdp>`
	xfaEmpty   = `<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template xmlns="http://www.xfa.org/schema/xfa-template/3.3/"/></xdp:xdp>`
	xfaConfig  = `<config xmlns="http://www.xfa.org/schema/xci/2.6/"><acrobat><acrobat7><dynamicRender>%s</dynamicRender></acrobat7></acrobat></config>`
	shell      = "BT /F 12 Tf 50 700 Td (Please wait...) Tj ET"
	attached   = "<</Type/Filespec/F(hemmelig-navn.xml)/EF<</F %d 0 R>>>>"
)

// TestKindOfPDF: what is no document of pages is refused, and files in it are
// counted, under no name.
func TestKindOfPDF(t *testing.T) {
	t.Parallel()
	const font = "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
	widget := "/Annots[<</Subtype/Widget/FT/Tx/T(a)/F 4/Rect[10 10 90 90]/AP<</N 6 0 R>>>>]"
	look := stream("/Subtype/Form/BBox[0 0 80 80]/Resources<<>>", "0 0 80 80 re f")
	file := stream("/Type/EmbeddedFile", "innhold")
	icon := "<</Subtype/FileAttachment/F 4/Rect[10 10 30 30]/AP<</N 6 0 R>>/FS %s>>"
	for _, c := range []struct {
		name string
		pdf  []byte
		want []string // "error code", "warning code"
		says string
	}{
		{"dynamic form that says so", documentOf("/NeedsRendering true/AcroForm<</Fields[]/XFA 5 0 R>>", font, shell, stream("", xfaEmpty)), []string{"error dynamic-form"}, "dynamic-form"},
		{"dynamic form with an empty page", documentOf("/NeedsRendering true/AcroForm<</Fields[]/XFA 5 0 R>>", "", "", stream("", xfaContent)), []string{"error dynamic-form"}, "dynamic-form"},
		{"dynamic by its configuration", documentOf("/AcroForm<</Fields[]/XFA[(config)5 0 R(template)6 0 R]>>", font, shell, stream("", fmt.Sprintf(xfaConfig, "required")), stream("", xfaContent)), []string{"error dynamic-form"}, ""},
		{"older, with nothing drawn", documentOf("/AcroForm<</Fields[]/XFA 5 0 R>>", font, shell, stream("", xfaContent)), []string{"error dynamic-form"}, ""},
		{"static by its configuration", documentOf("/AcroForm<</Fields[]/XFA[(config)5 0 R(template)6 0 R]>>", "", "0 0 9 9 re f", stream("", fmt.Sprintf(xfaConfig, "forbidden")), stream("", xfaContent)), nil, ""},
		{"static, with its fields drawn", documentOf("/AcroForm<</Fields[]/XFA 5 0 R>>", widget, "", stream("", xfaContent), look), nil, ""},
		{"form of nothing", documentOf("/AcroForm<</Fields[]/XFA 5 0 R>>", "", "0 0 9 9 re f", stream("", xfaEmpty)), nil, ""},
		{"needs rendering without a form", documentOf("/NeedsRendering true", "", "0 0 9 9 re f"), nil, ""},

		{"portfolio", documentOf("/Collection<</Type/Collection/View/D>>/Names<</EmbeddedFiles<</Names[(a)"+fmt.Sprintf(attached, 5)+"]>>>>", "", "0 0 9 9 re f", file), []string{"error portfolio"}, "portfolio"},
		{"attachment", documentOf("/Names<</EmbeddedFiles<</Names[(a)"+fmt.Sprintf(attached, 5)+"]>>>>", "", "0 0 9 9 re f", file), []string{"warning attachments"}, "attachmentsmap[]"},
		{"attachments in a tree", documentOf("/Names<</EmbeddedFiles<</Kids[<</Names[(a)"+fmt.Sprintf(attached, 5)+"]>><</Names[(b)"+fmt.Sprintf(attached, 6)+"]>>]>>>>", "", "0 0 9 9 re f", file, file), []string{"warning attachments"}, "case:several n:2"},
		{"invoice, listed twice", documentOf("/AF["+fmt.Sprintf(attached, 5)+"]/Names<</EmbeddedFiles<</Names[(a)"+fmt.Sprintf(attached, 5)+"]>>>>", "", "0 0 9 9 re f", file), []string{"warning attachments"}, "attachmentsmap[]"},
		{"of the page", documentOf("", "/AF["+fmt.Sprintf(attached, 5)+"]", "0 0 9 9 re f", file), []string{"warning attachments"}, "attachmentsmap[]"},
		{"behind an icon", documentOf("", "/Annots["+fmt.Sprintf(icon, fmt.Sprintf(attached, 5))+"]", "0 0 9 9 re f", file, look), []string{"warning attachments"}, "attachmentsmap[]"},
		{"elsewhere", documentOf("/Names<</EmbeddedFiles<</Names[(a)<</Type/Filespec/F(annet.pdf)>>]>>>>", "", "0 0 9 9 re f"), nil, ""},
		{"names in a circle", documentOf("/Names<</EmbeddedFiles 5 0 R>>", "", "0 0 9 9 re f", "<</Kids[5 0 R 5 0 R]>>"), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			findings, _, _ := checked(t, c.pdf, Checks{FontNotEmbedded: finding.LevelOff})
			var got []string
			for _, f := range findings {
				got = append(got, string(f.Severity)+" "+f.Code)
				if !strings.Contains(f.Code+fmt.Sprint(f.Args), c.says) || strings.Contains(fmt.Sprint(f), "hemmelig") || f.Page != 0 {
					t.Errorf("%+v, want it to say %q", f, c.says)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	portfolio := documentOf("/Collection<<>>/Names<</EmbeddedFiles<</Names[(a)"+fmt.Sprintf(attached, 5)+"]>>>>", "", "0 0 9 9 re f", file)
	for level, want := range map[finding.Level]string{"": "portfolio", finding.LevelError: "portfolio", finding.LevelWarning: "portfolio", finding.LevelOff: "attachments"} {
		findings, _, err := checked(t, portfolio, Checks{Portfolio: level})
		if len(findings) != 1 || findings[0].Code != want || (err != nil) != (level.Or(finding.LevelError) == finding.LevelError) {
			t.Errorf("portfolio at level %q: %+v (%v)", level, findings, err)
		}
	}
}

// TestBlankLetter: a letter of nothing but white is told of, one with a single
// thing on any page is not.
func TestBlankLetter(t *testing.T) {
	t.Parallel()
	empty, white, ink := onePage(a4, ""), onePage(a4, "1 g 0 0 500 500 re f"), onePage(a4, "0 0 3 3 re f")
	picture := func(pixels string) []byte {
		return onePage(a4+"/Resources<</XObject<</I 5 0 R>>>>", "500 0 0 700 50 50 cm /I Do",
			stream("/Type/XObject/Subtype/Image/Width 4/Height 4/ColorSpace/DeviceGray/BitsPerComponent 8", pixels))
	}
	scan, speck := picture(strings.Repeat("\xff\xfe", 8)), picture(strings.Repeat("\xff", 15)+"\x80")
	inline := onePage(a4, "q 500 0 0 700 50 50 cm BI /W 1/H 1/CS/G/BPC 8 ID \x00 EI Q")
	spaces := onePage(a4+"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>", "BT /F 12 Tf 50 700 Td (   ) Tj ET")
	hidden := onePage(a4+"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>", "BT /F 12 Tf 3 Tr 50 700 Td (usynlig) Tj ET")
	for _, c := range []struct {
		name  string
		docs  [][]byte
		blank bool
	}{
		{"empty", [][]byte{empty}, true},
		{"white", [][]byte{white, empty}, true},
		{"a white scan", [][]byte{scan}, true},
		{"only spaces", [][]byte{spaces}, true},
		{"invisible text", [][]byte{hidden}, true},
		{"one dot", [][]byte{empty, white, ink}, false},
		{"a scan with a speck", [][]byte{scan, speck}, false},
		{"an inline picture", [][]byte{inline}, false},
	} {
		for _, level := range []finding.Level{"", finding.LevelOff, finding.LevelWarning, finding.LevelError} {
			req := Request{Output: filepath.Join(t.TempDir(), "o.pdf"), Checks: Checks{BlankLetter: level, FontNotEmbedded: finding.LevelOff}}
			for _, d := range c.docs {
				req.Documents = append(req.Documents, Document{Path: write(t, "a.pdf", d)})
			}
			facts, err := Letter(t.Context(), req)
			want := ""
			if c.blank && level != finding.LevelOff {
				want = fmt.Sprintf("%s blank-letter", level.Or(finding.LevelWarning))
			}
			got, findings := "", facts.Warnings
			var r *Refusal
			if errors.As(err, &r) {
				findings = r.Findings
			} else if err != nil {
				t.Fatal(err)
			}
			for _, f := range findings {
				got += string(f.Severity) + " " + f.Code
			}
			if got != want {
				t.Errorf("%s, level %q: got %q, want %q", c.name, level, got, want)
			}
		}
	}
}

// TestGathered: what several pages have is told once, with its pages and the
// span of what was measured.
func TestGathered(t *testing.T) {
	t.Parallel()
	pages := func(n int, entries func(i int) string) []byte {
		kids := ""
		objects := []string{catalog, "", "<</Length 14>>\nstream\n0 0 40 400 re f\nendstream", helvetica, stream("", "BT /F 9 Tf 99 99 Td (Hei) Tj ET 300 20 40 40 re f")}
		objects[2] = stream("", "0 400 40 40 re f")
		for i := range n {
			objects = append(objects, "<</Type/Page/Parent 2 0 R/Resources<</Font<</F 4 0 R>>>>"+entries(i)+">>")
			kids += fmt.Sprintf("%d 0 R ", 6+i)
		}
		objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids, n)
		return rawPDF(objects...)
	}
	text := "/Contents 5 0 R" + a4
	for _, c := range []struct {
		name   string
		pdf    []byte
		checks Checks
		want   []string // code and arguments
		pages  []int
	}{
		{"all pages", pages(200, func(int) string { return text }), Checks{}, []string{"font-not-embeddedmap[]"}, upTo(200)},
		{"one page", pages(3, func(i int) string {
			if i == 1 {
				return text
			}
			return "/Contents 3 0 R" + a4
		}), Checks{}, []string{"font-not-embeddedmap[]"}, nil},
		{"some pages", pages(9, func(i int) string {
			if i == 1 || i > 5 {
				return "/Contents 3 0 R" + a4
			}
			return text
		}), Checks{}, []string{"font-not-embeddedmap[]"}, []int{1, 3, 4, 5, 6}},
		{"scans of different sizes", pages(3, func(i int) string {
			return fmt.Sprintf("/Contents 3 0 R/MediaBox[0 0 %d 1000]", 700+10*i)
		}), Checks{}, []string{"page-sizemap[case:scaled-several height:353 percent:83–84 width:247–254]"}, []int{1, 2, 3}},
		{"in a zone at different places", pages(2, func(i int) string {
			return fmt.Sprintf("/Contents 3 0 R/MediaBox[0 %d 595.276 %g]", i*20, 841.89+float64(i*20))
		}), Checks{Zones: []scan.Zone{scan.InserterZone(finding.LevelError)}}, []string{"reserved-zonemap[x0:0 x1:14.1 y0:141.8 y1:162.9 zone:konvolutteringssonen]"}, []int{1, 2}},
		{"too large", pages(2, func(int) string { return "/Contents 3 0 R/MediaBox[0 0 2384 3370]" }), Checks{},
			[]string{"page-sizemap[case:too-large-several height:1189 percent:25 width:841]"}, []int{1, 2}},
		{"too small", pages(1, func(int) string { return "/Contents 3 0 R/MediaBox[0 0 50 50]" }), Checks{},
			[]string{"page-sizemap[case:too-small height:18 percent:1191 width:18]"}, nil},
		{"no limit of size", pages(1, func(int) string { return "/Contents 3 0 R/MediaBox[0 0 50 50]" }), Checks{MaxScalePercent: 10000, BlankLetter: finding.LevelOff},
			[]string{"page-sizemap[case:scaled height:18 percent:1191 width:18]"}, nil},
		{"an A1 drawing", pages(1, func(int) string { return "/Contents 3 0 R/MediaBox[0 0 1684 2384]" }), Checks{},
			[]string{"page-sizemap[case:scaled height:841 percent:35 width:594]"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			findings, _, _ := checked(t, c.pdf, c.checks)
			if len(findings) != len(c.want) {
				t.Fatalf("findings %+v", findings)
			}
			for i, f := range findings {
				if got := f.Code + fmt.Sprint(f.Args); !strings.HasPrefix(got, c.want[i]) {
					t.Errorf("got %q, want %q", got, c.want[i])
				}
				if !slices.Equal(f.Pages, c.pages) || c.name == "one page" && f.Page != 2 || len(f.Pages) > 0 && f.Page != f.Pages[0] {
					t.Errorf("page %d, pages %v, want %v", f.Page, f.Pages, c.pages)
				}
			}
		})
	}
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i+1)
	}
	return list
}
