package printjobs

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postgang/fixtures/judges"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/printfile"
)

// a3 is two A4 sheets beside each other on A3, cut and stacked.
func a3() impose.Press {
	p := impose.DefaultPress()
	p.WidthMM, p.HeightMM, p.Columns = 420, 297, 2
	p.Order, p.Flip = impose.CutAndStack, impose.FlipShortEdge
	return p
}

// sra3 has room for crop marks, and lies turned.
func sra3() impose.Press {
	p := a3()
	p.WidthMM, p.HeightMM, p.Columns, p.Rows = 320, 450, 1, 2
	p.Turn, p.GutterYMM, p.BleedMM = 90, 6, 3
	p.Crop = impose.CropMarks{LengthMM: 5, OffsetMM: 3, WidthMM: 0.25}
	return p
}

func testMarks() impose.Marks {
	return impose.Marks{DataMatrix: impose.DataMatrix{XMM: 5, YMM: 120, ModuleMM: 0.5}}
}

// cut cuts the printed pages of a print file as a guillotine does, block by
// block, lays the stacks on each other, and gives what each finished sheet
// shows, front and then back. It knows the press, but no plan.
func cut(t *testing.T, path string, p impose.Press, duplex bool, blocks []int) (sides []string) {
	t.Helper()
	per := 1
	if duplex {
		per = 2
	}
	page := 0
	for _, n := range blocks { // finished sheets
		height := (n + p.Up() - 1) / p.Up() // of the pile
		piles := make([][][]string, p.Up())
		for range height {
			for side := range per {
				page++
				for cell := range p.Up() {
					area := p.Trim(cell, side == 1)
					_, h := p.Size()
					arg := func(v float64) string { return strconv.Itoa(int(v)) }
					text := strings.Join(strings.Fields(string(run(t, "pdftotext", "-r", "72", "-f", strconv.Itoa(page), "-l", strconv.Itoa(page),
						"-x", arg(area.X0), "-y", arg(h-area.Y1), "-W", arg(area.X1-area.X0), "-H", arg(area.Y1-area.Y0), path, "-"))), " ")
					if side == 0 {
						piles[cell] = append(piles[cell], nil)
					}
					top := len(piles[cell]) - 1
					piles[cell][top] = append(piles[cell][top], text)
				}
			}
		}
		var sheets [][]string
		if p.Order == impose.CutAndStack {
			for _, pile := range piles {
				sheets = append(sheets, pile...)
			}
		} else {
			for i := range height {
				for _, pile := range piles {
					sheets = append(sheets, pile[i])
				}
			}
		}
		for i, s := range sheets {
			if i >= n {
				if strings.Join(s, "") != "" {
					t.Errorf("below the last sheet of a pile: %q", s)
				}
				continue
			}
			sides = append(sides, s...)
		}
	}
	return sides
}

// short reduces the text of a side to what identifies it.
func short(text string, planned Planned) string {
	switch {
	case strings.Contains(text, "KONTROLLARK"):
		if strings.Contains(text, "Slutt") {
			return "trailer"
		}
		return "header"
	case strings.HasPrefix(text, "MARK-"), text == "":
		return text
	}
	for _, l := range planned.Letters {
		if strings.Contains(text, l.Shipment) {
			return "cover " + l.Shipment
		}
	}
	return text
}

// TestComposeOnPressSheets: what comes out of cutting and stacking is every
// side of every letter in order, between control sheets, whatever the press; and
// manifest, ticket and marks say the same.
func TestComposeOnPressSheets(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	judges.Need(t, "pdftoppm")
	sequential := a3()
	sequential.Order = impose.Sequential
	four := a3()
	four.WidthMM, four.HeightMM, four.Rows, four.Flip = 450, 640, 2, impose.FlipLongEdge
	for name, c := range map[string]struct {
		press   impose.Press
		duplex  bool
		stack   int
		control bool
	}{
		"A3":                 {a3(), true, 250, true},
		"A3 in small piles":  {a3(), true, 3, false},
		"A3 on one side":     {a3(), false, 250, true},
		"A3 side by side":    {sequential, true, 2, true},
		"SRA3 turned":        {sra3(), true, 4, true},
		"four on SRA2":       {four, true, 2, false},
		"one, with controls": {impose.DefaultPress(), true, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := testProfile(t)
			p.Press, p.Control, p.Marks = c.press, c.control, testMarks()
			p.Press.StackSheets = c.stack
			p.MaxSheetsPerFile = 17
			var candidates []Candidate
			for i, pages := range [][]int{{3}, {2, 1}, {5}, {1, 1, 1}, {4}, {2}, {3, 3}, {6}} {
				candidates = append(candidates, candidate(fmt.Sprintf("n%d", i), func(l *Candidate) { l.Duplex, l.Facts = c.duplex, factsOf(nil, pages...) }))
			}
			if !c.duplex {
				p.Impose.C5MaxSheets = 9
			}
			planned, s := planOne(t, p, 0, candidates...)
			dir := t.TempDir()
			out, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if s.open != 0 || s.most > 2*p.Press.Up()+1 {
				t.Errorf("%d sources still open, at most %d at once", s.open, s.most)
			}
			checkComposed(t, dir, planned, out, p)
			files := out.Ticket.PrintFiles()
			if len(files) < 2 {
				t.Fatalf("%d print files: the test wants several", len(files))
			}
			run := 0
			for i, f := range files {
				var want []string
				var blocks []int // finished sheets, as documented: letters are not divided between blocks
				put := func(sheets int, sides ...string) {
					full := p.Press.Up() * c.stack
					if p.Press.Up() == 1 {
						full = 1
					}
					if n := len(blocks); n > 0 && blocks[n-1] < full && blocks[n-1]+sheets <= full {
						blocks[n-1] += sheets
					} else {
						blocks = append(blocks, sheets)
					}
					want = append(want, sides...)
				}
				control := func(kind string) {
					if !c.control {
						return
					}
					if c.duplex {
						put(1, kind, "")
					} else {
						put(1, kind)
					}
				}
				control("header")
				var marks []impose.SheetMark
				for n := f.FirstLetter; n <= f.LastLetter; n++ {
					l := planned.Letters[n-1]
					sides := wantSides(l.Candidate, c.duplex)
					sides[0] += " " + l.Shipment
					put(l.Sheets, sides...)
					if m := manifestOf(out)[n-1]; want[m.FirstSide-1] != sides[0] || m.FirstSheet != run+1 {
						t.Errorf("letter %d begins at side %d, sheet %d: there is %q, want sheet %d", n, m.FirstSide, m.FirstSheet, want[m.FirstSide-1], run+1)
					}
					for sheet := range l.Sheets {
						run++
						marks = append(marks, impose.SheetMark{Job: testJob, Letter: n, Sheet: sheet + 1, Of: l.Sheets, Run: run})
					}
				}
				control("trailer")
				path := out.Files[i].Path
				var have []string
				for _, text := range cut(t, path, p.Press, c.duplex, blocks) {
					have = append(have, short(text, planned))
				}
				if d := cmp.Diff(want, have); d != "" {
					t.Errorf("%s after cutting and stacking (-want +got):\n%s", f.Name, d)
				}
				checkMarks(t, path, p, c.duplex, marks)
			}
			again, err := Compose(t.Context(), t.TempDir(), jobOf(t, testJob, planned, s, p), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(out.Ticket, again.Ticket); d != "" {
				t.Errorf("composed again it is another job:\n%s", d)
			}
		})
	}
}

// checkMarks reads the DataMatrix of every sheet in a print file, and compares
// them with what they must say.
func checkMarks(t *testing.T, path string, p Profile, duplex bool, want []impose.SheetMark) {
	t.Helper()
	const dpi = 200
	pages := raster(t, path, dpi)
	_, height := p.Press.Size()
	zone := p.Marks.DataMatrix.Zone()
	found := map[int]impose.SheetMark{}
	for n, page := range pages {
		if duplex && n%2 == 1 {
			continue
		}
		for cell := range p.Press.Up() {
			// The zone's corners as they lie on the press sheet.
			at := p.Press.Front(cell)
			const ptPerMM = 72 / 25.4
			x0, y0 := at.Apply(zone.X0*ptPerMM, sideHeight-zone.Y0*ptPerMM)
			x1, y1 := at.Apply(zone.X1*ptPerMM, sideHeight-zone.Y1*ptPerMM)
			dot := func(v float64) int { return int(v / 72 * dpi) }
			r := image.Rect(dot(x0), dot(height-y0), dot(x1), dot(height-y1)).Canon()
			part := image.NewGray(image.Rect(0, 0, r.Dx(), r.Dy()))
			draw.Draw(part, part.Rect, page, r.Min, draw.Src)
			if allWhite(part) {
				continue // a control sheet or an empty cell
			}
			m, err := impose.ParseSheetMark(readMatrix(t, part))
			if err != nil {
				t.Fatal(err)
			}
			if _, twice := found[m.Run]; twice {
				t.Errorf("sheet %d is marked twice", m.Run)
			}
			found[m.Run] = m
		}
	}
	for _, w := range want {
		if found[w.Run] != w {
			t.Errorf("sheet %d is marked %+v, want %+v", w.Run, found[w.Run], w)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d sheets are marked, want %d", len(found), len(want))
	}
}

func allWhite(g *image.Gray) bool {
	for _, v := range g.Pix {
		if v < 128 {
			return false
		}
	}
	return true
}

// Giro forms come from a tray of their own: their jobs are printed one a press
// sheet, whatever the press.
func TestComposeGiroIsOneUp(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	p.Press = a3()
	planned, s := planOne(t, p, 0, duplex("g1", map[int]string{3: "g"}, 4))
	dir := t.TempDir()
	out, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if out.Ticket.Press != nil || manifestOf(out)[0].Stock != "COVER:1 PLAIN:2 GIRO:3 PLAIN:4" {
		t.Errorf("press %+v, paper %s", out.Ticket.Press, manifestOf(out)[0].Stock)
	}
	checkComposed(t, dir, planned, out, p)
}

// Some sheets of a letter, for a damaged piece that is put together by hand.
func TestComposeSomeSheets(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	judges.Need(t, "pdftoppm")
	p := testProfile(t)
	p.Marks = testMarks()
	planned, s := planOne(t, p, 0, duplex("p1", nil, 7), duplex("p2", nil, 9))
	job := jobOf(t, testJob, planned, s, p)
	job.Parent, job.Reprint = "TEST000009", true
	letters := job.Letters
	job.Letters = func(yield func(Letter, error) bool) {
		n := 0
		for l, err := range letters {
			if n++; n == 1 {
				l.Only = []int{2, 3, 5}
			} else {
				l.Only = []int{6}
			}
			if !yield(l, err) {
				return
			}
		}
	}
	out, err := Compose(t.Context(), t.TempDir(), job, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b := manifestOf(out)[0], manifestOf(out)[1]
	if a.Part != "2-3,5" || a.Sheets != 3 || a.Pages != 5 || a.WeightGram != 15 || a.Stock != "PLAIN:1-3" || b.Part != "6" || b.Sheets != 1 || b.Pages != 1 || b.FirstSheet != 4 {
		t.Errorf("manifest says\n%+v\n%+v", a, b)
	}
	if !out.Ticket.Reprint || out.Ticket.Parent != job.Parent {
		t.Errorf("ticket says %+v", out.Ticket)
	}
	if problems := exchange.CheckJob(out.Ticket, out.Manifest()); len(problems) > 0 {
		t.Error(problems)
	}
	want := []string{marker("p1", 1, 1), marker("p1", 1, 2), marker("p1", 1, 3), marker("p1", 1, 4), marker("p1", 1, 7), "", marker("p2", 1, 9), ""}
	var have []string
	for _, text := range texts(t, out.Files[0].Path) {
		have = append(have, strings.Join(strings.Fields(text), " "))
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("sides (-want +got):\n%s", d)
	}
	checkMarks(t, out.Files[0].Path, p, true, []impose.SheetMark{
		{Job: testJob, Letter: 1, Sheet: 2, Of: 5, Run: 1}, {Job: testJob, Letter: 1, Sheet: 3, Of: 5, Run: 2},
		{Job: testJob, Letter: 1, Sheet: 5, Of: 5, Run: 3}, {Job: testJob, Letter: 2, Sheet: 6, Of: 6, Run: 4},
	})
	for _, wrong := range [][]int{{0}, {6}, {2, 2}, {3, 2}} {
		job.Letters = func(yield func(Letter, error) bool) {
			for l, err := range letters {
				l.Only = wrong
				yield(l, err)
				return
			}
		}
		if _, err := Compose(t.Context(), t.TempDir(), job, p, nil); err == nil || !strings.Contains(err.Error(), "rising order") {
			t.Errorf("sheets %v: %v", wrong, err)
		}
	}
}

// A damaged letter among others on shared press sheets is told with all other
// damaged ones, and nothing is left behind.
func TestComposeOnPressSheetsFindsDamage(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	p.Press = a3()
	planned, s := planOne(t, p, 500, duplex("d1", nil, 3), duplex("d2", nil, 3), duplex("d3", nil, 3), duplex("d4", nil, 3))
	for _, id := range []string{"d2", "d4"} {
		b := s.files[id]
		b[len(b)/3] ^= 0x20
	}
	dir := t.TempDir()
	_, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
	if err == nil || strings.Count(err.Error(), CodePrepared) != 2 || !strings.Contains(err.Error(), "d2") || !strings.Contains(err.Error(), "d4") {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 || s.open != 0 {
		t.Errorf("left behind: %v, %d open", left, s.open)
	}
	// Also when another letter ends it before they are drawn.
	job := jobOf(t, testJob, planned, s, p)
	letters := job.Letters
	job.Letters = func(yield func(Letter, error) bool) {
		for l, err := range letters {
			if l.Shipment == "d3" {
				l.Cover.Recipient.Postcode = ""
			}
			if !yield(l, err) {
				return
			}
		}
	}
	var faults *LetterErrors
	if _, err := Compose(t.Context(), dir, job, p, nil); !errors.As(err, &faults) || len(faults.Letters) != 3 || s.open != 0 {
		t.Errorf("got %v, %d open", err, s.open)
	}
}

// With document parts, the file tells where each letter is, and what it is.
func TestComposeDocumentParts(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	p := testProfile(t)
	p.DocumentParts, p.Control = true, true
	planned, s := planOne(t, p, 0, duplex("k1", nil, 3), duplex("k2", nil, 5), duplex("k3", nil, 2))
	dir := t.TempDir()
	out, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkComposed(t, dir, planned, out, p)
	path := out.Files[0].Path
	run(t, "qpdf", "--check", path)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var have []string
	_, err = printfile.InspectParts(f, out.Files[0].Bytes, func(printfile.SideSummary) {}, func(part printfile.PartSummary) {
		m, err := printfile.PartMetadataOf(part.Metadata)
		if err != nil {
			t.Error(err)
		}
		have = append(have, fmt.Sprintf("%s %s %d-%d", m.Kind, m.ID, part.FirstSide, part.LastSide))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Control  1-2"}
	for _, r := range manifestOf(out) {
		want = append(want, fmt.Sprintf("Letter %s %d-%d", r.Shipment, r.FirstSide, r.LastSide))
	}
	want = append(want, fmt.Sprintf("Control  %d-%d", out.Files[0].Sides-1, out.Files[0].Sides))
	if d := cmp.Diff(want, have); d != "" || !out.Ticket.DocumentParts {
		t.Errorf("parts (-want +got), ticket says %v:\n%s", out.Ticket.DocumentParts, d)
	}
}

func TestProfileRefusesWhatCannotBePrinted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Profile)
		want   string
	}{
		"two kinds of paper on a press sheet": {func(p *Profile) { p.Press = a3(); p.Instructions.Trays = map[string]string{exchange.StockCover: "2"} }, "same tray"},
		"parts with neighbours":               {func(p *Profile) { p.Press = a3(); p.DocumentParts = true }, "one finished sheet a press sheet"},
		"parts in an old PDF":                 {func(p *Profile) { p.PDFVersion = "1.5"; p.DocumentParts = true }, "PDF 1.6"},
		"press too small":                     {func(p *Profile) { p.Press = a3(); p.Press.WidthMM = 400 }, "do not fit"},
		"mark off the sheet":                  {func(p *Profile) { p.Marks = testMarks(); p.Marks.DataMatrix.XMM = 208 }, "marks"},
	} {
		p := testProfile(t)
		c.change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A print file is closed before it has more objects than viewers take.
func TestFilesStayBelowTheObjectsThatViewersTake(t *testing.T) {
	t.Parallel()
	linker := printfile.NewLinker(io.Discard, printfile.Options{})
	defer linker.Close()
	w := &imposedLetter{letter: Letter{}, im: impose.Imposed{Sheets: make([]impose.Sheet, 2)}}
	w.letter.Facts.Bytes = 4000 // so at most 100 objects
	for objects, want := range map[int64]bool{0: true, maxFileObjects - 112: true, maxFileObjects - 111: false} {
		c := &composer{press: impose.DefaultPress(), file: &printFile{objects: objects, staged: &stagedFile{}, linker: linker, makers: map[*cover.Maker]bool{}}}
		if got := c.fits(w); got != want {
			t.Errorf("a file of %d objects takes one more letter: %v", objects, got)
		}
	}
}
