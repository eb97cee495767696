package prepare

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/scan"
	"postgang/printjobs/prepare/sheet"
)

// type3Text is a page of text as browsers print it: many words, each shown by
// an operator of its own, in a Type 3 font of many glyphs that have no resources
// of their own. The glyphs are squares with a long way to them.
func type3Text(fonts, glyphs, words int) (file []byte, glyphBytes int) {
	content := &strings.Builder{}
	content.WriteString("BT 12 TL ")
	for i := range words {
		fmt.Fprintf(content, "/F%d 8 Tf 1 0 0 1 %d %d Tm <%02x%02x> Tj\n", i%fonts, 20+i%50*11, 820-i/50*12, i%glyphs, (i+1)%glyphs)
	}
	content.WriteString("ET")
	names, procs, differences, widths := "", "", "", ""
	for i := range fonts {
		names += fmt.Sprintf("/F%d %d 0 R", i, 5+i)
	}
	var more []string
	proc := "1000 0 0 0 800 700 d1\n" + strings.Repeat("0 0 m 10 10 l 20 5 l h n\n", 400) + "100 0 600 700 re f"
	for i := range glyphs {
		procs += fmt.Sprintf("/g%d %d 0 R", i, 5+fonts+i)
		differences += fmt.Sprintf("/g%d", i)
		widths += " 700"
		glyphBytes += len(proc)
	}
	for range fonts {
		more = append(more, fmt.Sprintf("<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 0/LastChar %d/Widths[%s]/Encoding<</Differences[0 %s]>>/CharProcs<<%s>>>>",
			glyphs-1, widths, differences, procs))
	}
	for range glyphs {
		more = append(more, stream("", proc))
	}
	return onePage(a4+"/Resources<</Font<<"+names+">>>>", content.String(), more...), glyphBytes
}

// TestType3Once: glyphs are read once for a document, however often and in how
// many fonts they are shown, both for the page's ink and for its place.
func TestType3Once(t *testing.T) {
	t.Parallel()
	const fonts, glyphs, words = 4, 100, 2500
	file, size := type3Text(fonts, glyphs, words)
	s, found, err := read.Open(t.Context(), 0, file, read.Limits{}.WithDefaults(), false)
	if err != nil || found != nil {
		t.Fatal(err, found)
	}
	pages, findings := s.Pages()
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	data, _ := s.Decode(pages[0].Contents[0], 1<<30)

	k := scan.NewInkScanner(s)
	if found := k.Scan(data, pages[0].Resources, scan.FreshGraphics, 0); !found.Marks || found.Chroma > 0 {
		t.Errorf("black text is %+v", found)
	}
	once := int64(size + len(data) + 64*(glyphs+1))
	if read := content.MaxContentRead - k.Left.Bytes; read > once {
		t.Errorf("for the ink %d bytes were read, for glyphs of %d", read, size)
	}

	z := scan.NewZoneScanner(s, []scan.Zone{{Name: "hjørnet", XMM: 200, YMM: 287, WidthMM: 10, HeightMM: 10, Level: finding.LevelWarning}}, 0)
	at, _ := sheet.Place(pages[0].Box, 0, 1, sheet.UnscaledToleranceMM)
	z.Page(pages[0], at, data, nil)
	if z.Hits[0].Any {
		t.Errorf("ink in an empty corner: %v", z.Hits[0].Rect)
	}
	// Each font has a matrix of its own, so its glyphs are measured in it.
	if read := int64(scan.MaxZoneBytes - z.Left.Bytes); read > int64(fonts*(size+64*glyphs)+len(data)+64) {
		t.Errorf("for the zone %d bytes were read, for glyphs of %d in %d fonts", read, size, fonts)
	}
}

// TestType3Zones: the box that spares reading a glyph again misses no ink: fonts
// that share glyphs under other matrices, lines as wide as the page says, glyphs
// that draw outside of what they declare, and fonts that stand in place.
func TestType3Zones(t *testing.T) {
	t.Parallel()
	const font = "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[%s 0 0 %s 0 0]/FirstChar 97/LastChar 97/Widths[1]/Encoding<</Differences[97/a]>>/CharProcs<</a %d 0 R>>/Resources<<>>>>"
	square := stream("", "1 0 0 0 1 1 d1 0 0 1 1 re f")
	line := stream("", "1 0 d0 0 0 m 500 0 l S")
	for _, c := range []struct {
		name, fonts, content string
		proc                 string
		ink                  bool
	}{
		{"far", fmt.Sprintf("/F "+font, ".5", ".5", 5), "/F 10 Tf 10 10 Td (a) Tj", square, false},
		{"large", fmt.Sprintf("/F "+font, ".5", ".5", 5), "/F 1100 Tf 10 10 Td (a) Tj", square, true},
		{"other matrix", fmt.Sprintf("/F "+font+"/G "+font, ".01", ".01", 5, "1", "1", 5), "/F 500 Tf 10 10 Td (a) Tj /G 700 Tf (a) Tj", square, true},
		{"wide line after a thin one", fmt.Sprintf("/F "+font, "1", "1", 5), "1 w /F 1 Tf 10 500 Td (a) Tj 200 w (a) Tj", line, true},
		{"white", fmt.Sprintf("/F "+font, ".5", ".5", 5), "1 g /F 1100 Tf 10 10 Td (a) Tj", square, false},
		{"black after white", fmt.Sprintf("/F "+font, ".5", ".5", 5), "1 g /F 1100 Tf 10 10 Td (a) Tj 0 g (a) Tj", square, true},
		{"larger than its box", fmt.Sprintf("/F "+font, "1", "1", 5), "/F 1 Tf 10 10 Td (a) Tj", stream("", "1 0 d0 0 0 700 700 re f"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			zone := scan.Zone{Name: "hjørnet", XMM: 100, YMM: 10, WidthMM: 100, HeightMM: 100, Level: finding.LevelWarning}
			findings, out, err := checked(t, onePage(a4+"/Resources<</Font<<"+c.fonts+">>>>", "BT "+c.content+" ET", c.proc), Checks{Zones: []scan.Zone{zone}})
			if err != nil {
				t.Fatal(err)
			}
			if got := inZone(findings, "hjørnet") != nil; got != c.ink {
				t.Errorf("ink in the zone: %v, want %v", got, c.ink)
			}
			drawn := rendered(t, out)
			if got := drawn != nil && drawn.X1 > zone.XMM+0.2 && drawn.Y0 < zone.YMM+zone.HeightMM-0.2; got != c.ink {
				t.Errorf("poppler draws %v, want ink in the zone: %v", drawn, c.ink)
			}
		})
	}
}

// TestType3Loop: a glyph that shows its own font ends.
func TestType3Loop(t *testing.T) {
	t.Parallel()
	font := "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 97/LastChar 97/Widths[1]/Encoding<</Differences[97/a]>>/CharProcs<</a 6 0 R>>/Resources<</Font<</F 5 0 R>>>>>>"
	file := onePage(a4+"/Resources<</Font<</F 5 0 R>>>>", "BT /F 10 Tf 10 10 Td "+strings.Repeat("(aa) Tj ", 500)+" ET",
		font, stream("", "1 0 d0 BT /F 1 Tf "+strings.Repeat("(aa) Tj ", 500)+" ET 0 0 1 1 re f"))
	before := time.Now()
	if _, _, err := checked(t, file, Checks{Zones: []scan.Zone{wholeSheet}}); err != nil && len(codes(err)) == 0 {
		t.Fatal(err)
	}
	if took := time.Since(before); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// BenchmarkType3 prepares a page of 2,500 words in a Type 3 font of 128 glyphs.
func BenchmarkType3(b *testing.B) {
	file, _ := type3Text(1, 128, 2500)
	for _, c := range []struct {
		name   string
		checks Checks
	}{{"plain", Checks{}}, {"zones", Checks{Zones: []scan.Zone{scan.InserterZone(finding.LevelWarning)}}}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				checked(b, file, c.checks)
			}
		})
	}
}
