package mark

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/makiuchi-d/gozxing"
	gozxingmatrix "github.com/makiuchi-d/gozxing/datamatrix"

	"postgang/fixtures/judges"
	"postgang/printjobs/datamatrix"
	"postgang/printjobs/impose"
	"postgang/printjobs/printfile"
	"postgang/printjobs/typeset"
)

func run(tb testing.TB, name string, args ...string) {
	tb.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", name, err, out)
	}
}

const (
	renderDPI = 150
	a4Width   = 595.276
	a4Height  = 841.890
)

// pageSymbol is where test pages say which page they are.
var pageSymbol = impose.DataMatrix{XMM: 100, YMM: 120, ModuleMM: 1}

// testPages is a letter whose page i says "SIDE i" in a DataMatrix. All pages have hatching where marks lie, as a letter may
// that does not keep to its margins.
func testPages(t *testing.T, n int, hatched impose.Area) *printfile.Prepared {
	t.Helper()
	b := printfile.NewBuilder()
	resources := b.Add(printfile.Dict{})
	for i := range n {
		symbol, err := datamatrix.Encode("SIDE "+strconv.Itoa(i), impose.SheetModules)
		if err != nil {
			t.Fatal(err)
		}
		content := appendMatrix(nil, &symbol, pageSymbol, impose.Identity)
		content = append(content, "q 1 w\n"...)
		for y := hatched.Y0; y < hatched.Y1; y++ {
			content = fmt.Appendf(content, "%.2f %.2f m %.2f %.2f l S\n", hatched.X0*pointsPerMM, a4Height-y*pointsPerMM, hatched.X1*pointsPerMM, a4Height-y*pointsPerMM)
		}
		content = append(content, "Q\n"...)
		b.AddPage(b.Add(typeset.Form(content, a4Width, a4Height, resources)), a4Width, a4Height)
	}
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rendered is a side of the press sheet as a printer sees it.
type rendered struct {
	*image.Gray
	heightPt float64
}

// render links sides and draws them with poppler.
func render(t *testing.T, sides []printfile.Side) []rendered {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "press.pdf")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := printfile.NewLinker(f, printfile.Options{})
	for _, s := range sides {
		if err := l.AddSide(s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, "qpdf", "--check", file)
	run(t, "pdftoppm", "-r", strconv.Itoa(renderDPI), "-gray", file, filepath.Join(dir, "side"))
	files, err := filepath.Glob(filepath.Join(dir, "side-*.pgm"))
	if err != nil || len(files) != len(sides) {
		t.Fatalf("%d sides rendered of %d, error %v", len(files), len(sides), err)
	}
	out := make([]rendered, len(files))
	for i, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var w, h, most int
		r := bytes.NewReader(data)
		if _, err := fmt.Fscanf(r, "P5\n%d %d\n%d\n", &w, &h, &most); err != nil || r.Len() != w*h || most != 255 {
			t.Fatalf("%s is no grey map of 8 bits: %d × %d of %d, error %v", name, w, h, most, err)
		}
		img := image.NewGray(image.Rect(0, 0, w, h))
		copy(img.Pix, data[len(data)-w*h:])
		out[i] = rendered{img, sides[i].Height}
	}
	return out
}

// pixels is where an area of a finished sheet lies, when its page is placed by m.
func (r rendered) pixels(a impose.Area, m impose.Matrix) image.Rectangle {
	x0, y0 := m.Apply(a.X0*pointsPerMM, a4Height-a.Y0*pointsPerMM)
	x1, y1 := m.Apply(a.X1*pointsPerMM, a4Height-a.Y1*pointsPerMM)
	px := func(pt float64) int { return int(math.Round(pt * renderDPI / 72)) }
	return image.Rect(px(x0), px(r.heightPt-y0), px(x1), px(r.heightPt-y1)).Intersect(r.Bounds())
}

// decode reads the DataMatrix in an area.
func (r rendered) decode(a impose.Area, m impose.Matrix) (string, error) {
	return r.read(r.pixels(a, m))
}

// mirrored is what lies behind an area of a finished sheet, seen from the back.
func mirrored(a impose.Area) impose.Area {
	return impose.Area{X0: impose.FinishedWidthMM - a.X1, Y0: a.Y0, X1: impose.FinishedWidthMM - a.X0, Y1: a.Y1}
}

func (r rendered) read(area image.Rectangle) (string, error) {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(r.SubImage(area))
	if err != nil {
		return "", err
	}
	result, err := gozxingmatrix.NewDataMatrixReader().DecodeWithoutHints(bitmap)
	if err != nil {
		return "", err
	}
	return result.GetText(), nil
}

// ink is the share of an area that is darker than half.
func (r rendered) ink(area image.Rectangle) float64 {
	dark := 0
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if r.GrayAt(x, y).Y < 128 {
				dark++
			}
		}
	}
	return float64(dark) / float64(area.Dx()*area.Dy())
}

// readOMR reads a code as an inserter does, from the middle of each position, and checks that all else in its zone is white.
func (r rendered) readOMR(t *testing.T, o *impose.OMR, m impose.Matrix) uint32 {
	t.Helper()
	var code uint32
	rest := image.NewGray(r.Bounds())
	copy(rest.Pix, r.Pix)
	for i := range o.Positions {
		line := o.Line(i)
		middle := line
		middle.X0, middle.X1 = line.X0+o.LengthMM/5, line.X1-o.LengthMM/5
		middle.Y0, middle.Y1 = (line.Y0+line.Y1)/2-0.1, (line.Y0+line.Y1)/2+0.1
		if share := r.ink(r.pixels(middle, m)); share > 0.9 {
			code |= 1 << i
		} else if share > 0.1 {
			t.Errorf("position %d is neither printed nor not: %.0f %% ink", i+1, 100*share)
		}
		around := r.pixels(line, m).Inset(-1)
		for y := around.Min.Y; y < around.Max.Y; y++ {
			for x := around.Min.X; x < around.Max.X; x++ {
				rest.Pix[rest.PixOffset(x, y)] = 255
			}
		}
	}
	zone := o.Zone()
	if share := (rendered{rest, r.heightPt}).ink(r.pixels(zone, m)); share > 0 {
		t.Errorf("there is ink in the clear zone of the code: %.2f %%", 100*share)
	}
	return code
}

// TestMarksReadBack prints jobs on all kinds of press sheets, renders them, and reads every mark and every page where the plan
// puts them: codes and DataMatrix of each sheet, pages and nothing else on backs, crop marks, and empty cells. The sheets
// cut and laid on each other count up.
func TestMarksReadBack(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	judges.Need(t, "qpdf")
	one := impose.DefaultPress()
	a3 := impose.DefaultPress()
	a3.WidthMM, a3.HeightMM, a3.Columns, a3.Order = 420, 297, 2, impose.CutAndStack
	four := impose.DefaultPress()
	four.WidthMM, four.HeightMM, four.Columns, four.Rows, four.Order = 450, 640, 2, 2, impose.CutAndStack
	four.GutterXMM, four.GutterYMM, four.BleedMM = 8, 10, 2
	four.Crop = impose.CropMarks{LengthMM: 5, OffsetMM: 3, WidthMM: 0.25}
	roll := impose.DefaultPress()
	roll.WidthMM, roll.HeightMM, roll.Columns, roll.Order = 660, 305, 3, impose.Sequential
	roll.Centred, roll.MarginXMM, roll.MarginYMM = false, 11, 3
	type test struct {
		name   string
		press  impose.Press
		omr    impose.OMR
		sheets int
	}
	tests := []test{
		{"A4", one, impose.QuadientDS95i(), 3},
		{"roll", roll, impose.PitneyBowesDI425(), 5},
		{"SRA2", four, impose.PitneyBowesD1600(), 7},
	}
	short := four
	short.Flip = impose.FlipShortEdge
	tests = append(tests, test{"SRA2 short edge", short, impose.PitneyBowesD1600(), 5})
	for _, flip := range []impose.Flip{impose.FlipLongEdge, impose.FlipShortEdge} {
		for _, turn := range []int{0, 90, 180, 270} {
			p := a3
			p.Flip, p.Turn = flip, turn
			if turn%180 != 0 {
				p.WidthMM, p.HeightMM = 620, 230
				p.Centred, p.MarginXMM, p.MarginYMM = false, 5, 12
			}
			tests = append(tests, test{fmt.Sprintf("A3 %s turned %d", flip, turn), p, impose.PitneyBowesD1600(), 3})
		}
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			marks := impose.Marks{DataMatrix: impose.DataMatrix{XMM: 192, YMM: 275, ModuleMM: 0.6}, OMR: c.omr}
			for _, err := range []error{c.press.Validate(), marks.Validate()} {
				if err != nil {
					t.Fatal(err)
				}
			}
			readBack(t, c.press, &marks, c.sheets)
		})
	}
}

// TestMarksOverDark: marks are read over whatever a letter has where they stand,
// and not when they are to lie on it as it is.
func TestMarksOverDark(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	judges.Need(t, "qpdf")
	lines, grid, picture := "", "q 1 w\n", "q 595 0 0 842 0 0 cm BI /W 64/H 64/CS/G/BPC 8 ID "
	for i := range 200 {
		grid += fmt.Sprintf("%d 0 m %d 842 l S 0 %d m 595 %d l S\n", 5*i, 5*i, 5*i, 5*i)
		lines += fmt.Sprintf("q 1 0 0 1 0 %d cm 0 0 595 3 re f Q\n", 5*i)
	}
	for i := range 64 * 64 {
		picture += string(rune((i * 37) % 120)) // dark noise
	}
	for name, content := range map[string]string{
		"black": "0 0 595 842 re f", "grid": grid + "Q", "lines": lines, "picture": picture + " EI Q",
		"white ink": "0 0 595 842 re f 1 g 1 G", "left in a state": "q q 5 w .5 0 0 .5 9 9 cm 0 0 900 900 re f",
	} {
		for _, through := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %v", name, through), func(t *testing.T) {
				t.Parallel()
				b := printfile.NewBuilder()
				b.AddPage(b.Add(typeset.Form([]byte(content), a4Width, a4Height, b.Add(printfile.Dict{}))), a4Width, a4Height)
				letter, err := b.Prepared()
				if err != nil {
					t.Fatal(err)
				}
				marks := impose.Marks{DataMatrix: impose.DataMatrix{XMM: 30, YMM: 230, ModuleMM: 0.6, Through: through}, OMR: impose.PitneyBowesD1600()}
				marks.OMR.Through = through
				s := impose.SheetMark{Job: "DEMA000008", Letter: 7, Sheet: 1, Of: 2, Run: 21}
				side := printfile.Side{Width: a4Width, Height: a4Height, Placements: []printfile.Placement{{Source: letter, Matrix: impose.Identity}}}
				if side.Content, err = Draw(nil, &marks, s, impose.Identity); err != nil {
					t.Fatal(err)
				}
				plan, err := marks.Plan(s)
				if err != nil {
					t.Fatal(err)
				}
				front := render(t, []printfile.Side{side})[0]
				read, _ := front.decode(marks.DataMatrix.Zone(), impose.Identity)
				if through {
					if read == plan.Text {
						t.Error("the symbol is read where the letter shows through, so this proves nothing")
					}
					return
				}
				if read != plan.Text {
					t.Errorf("the DataMatrix says %q, want %q", read, plan.Text)
				}
				if code := front.readOMR(t, &marks.OMR, impose.Identity); code != plan.Code {
					t.Errorf("the code is %b, want %b", code, plan.Code)
				}
			})
		}
	}
}

// readBack prints so many finished sheets, of letters of three sheets, and reads them.
func readBack(t *testing.T, p impose.Press, marks *impose.Marks, sheets int) {
	hatched := marks.DataMatrix.Zone()
	hatched.X0, hatched.Y0 = hatched.X0-3, hatched.Y0-3
	letter := testPages(t, 2*sheets, hatched)
	mark := func(i int) impose.SheetMark {
		n := i / 3
		return impose.SheetMark{Job: "DEMA000008", Letter: 70 + n, Sheet: i%3 + 1, Of: min(3, sheets-3*n), Run: 1000 + i}
	}
	width, height := p.Size()
	arranged := p.Arrange(sheets)
	var sides []printfile.Side
	for s := range arranged.Sheets() {
		front := printfile.Side{Width: width, Height: height, Content: Crop(nil, p.CropMarks(false), p.Crop.WidthMM)}
		back := printfile.Side{Width: width, Height: height, Content: Crop(nil, p.CropMarks(true), p.Crop.WidthMM)}
		for cell := range p.Up() {
			i := arranged.At(s, cell)
			if i < 0 {
				continue
			}
			front.Placements = append(front.Placements, printfile.Placement{Source: letter, Page: 2 * i, Matrix: p.Front(cell)})
			back.Placements = append(back.Placements, printfile.Placement{Source: letter, Page: 2*i + 1, Matrix: p.Back(cell)})
			var err error
			if front.Content, err = Draw(front.Content, marks, mark(i), p.Front(cell)); err != nil {
				t.Fatal(err)
			}
		}
		sides = append(sides, front, back)
	}
	images := render(t, sides)
	ran := make([]int, p.Up()*arranged.Sheets())
	for s := range arranged.Sheets() {
		front, back := images[2*s], images[2*s+1]
		for i, lines := range [][]impose.Line{p.CropMarks(false), p.CropMarks(true)} {
			for _, l := range lines {
				checkCropMark(t, images[2*s+i], l)
			}
		}
		for cell := range p.Up() {
			at := fmt.Sprintf("press sheet %d, cell %d", s+1, cell)
			i := arranged.At(s, cell)
			if i < 0 {
				whole := impose.Area{X0: 0, Y0: 0, X1: impose.FinishedWidthMM, Y1: impose.FinishedHeightMM}
				if a, b := front.ink(front.pixels(whole, p.Front(cell))), back.ink(back.pixels(whole, p.Back(cell))); a+b > 0 {
					t.Errorf("%s is not empty: %.3f %% and %.3f %% ink", at, 100*a, 100*b)
				}
				continue
			}
			plan, err := marks.Plan(mark(i))
			if err != nil {
				t.Fatal(err)
			}
			text, err := front.decode(marks.DataMatrix.Zone(), p.Front(cell))
			if err != nil || text != plan.Text {
				t.Errorf("%s: the DataMatrix says %q, error %v, want %q", at, text, err, plan.Text)
			}
			if read, err := impose.ParseSheetMark(text); err != nil || read != mark(i) {
				t.Errorf("%s: the mark says %+v, error %v, want %+v", at, read, err, mark(i))
			} else if at := cell*arranged.Sheets() + s; p.Order == impose.CutAndStack {
				ran[at] = read.Run
			} else {
				ran[s*p.Up()+cell] = read.Run
			}
			if code := front.readOMR(t, &marks.OMR, p.Front(cell)); code != plan.Code {
				t.Errorf("%s: the code is %b, want %b", at, code, plan.Code)
			}
			if share := back.ink(back.pixels(marks.OMR.Zone(), p.Back(cell))); share > 0 {
				t.Errorf("%s: there is ink on the back of the code: %.2f %%", at, 100*share)
			}
			// The back is read where it lies behind its front, and where the plan puts it.
			symbol := front.pixels(pageSymbol.Zone(), p.Front(cell))
			behind := front.pixels(mirrored(pageSymbol.Zone()), p.Front(cell))
			if (p.Flip == impose.FlipLongEdge) == (p.HeightMM >= p.WidthMM) {
				behind.Min.X, behind.Max.X = back.Rect.Dx()-behind.Max.X, back.Rect.Dx()-behind.Min.X
			} else {
				behind.Min.Y, behind.Max.Y = back.Rect.Dy()-behind.Max.Y, back.Rect.Dy()-behind.Min.Y
			}
			for _, page := range []struct {
				side rendered
				area image.Rectangle
				n    int
			}{{front, symbol, 2 * i}, {back, behind, 2*i + 1}, {back, back.pixels(pageSymbol.Zone(), p.Back(cell)), 2*i + 1}} {
				if text, err := page.side.read(page.area); err != nil || text != "SIDE "+strconv.Itoa(page.n) {
					t.Errorf("%s: page %d says %q, error %v", at, page.n, text, err)
				}
			}
		}
	}
	for i := range sheets {
		if ran[i] != 1000+i {
			t.Errorf("sheet %d of the cut pile has the running number %d, want %d", i, ran[i], 1000+i)
		}
	}
}

// checkCropMark looks for ink in the middle of a crop mark, and for none right beside it.
func checkCropMark(t *testing.T, r rendered, l impose.Line) {
	t.Helper()
	x, y := int((l.X0+l.X1)/2*renderDPI/72), int((r.heightPt-(l.Y0+l.Y1)/2)*renderDPI/72)
	darkest := func(x, y int) uint8 {
		least := uint8(255)
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				if (image.Point{X: x + dx, Y: y + dy}).In(r.Bounds()) {
					least = min(least, r.GrayAt(x+dx, y+dy).Y)
				}
			}
		}
		return least
	}
	beside := image.Pt(x+5, y)
	if l.Y0 == l.Y1 {
		beside = image.Pt(x, y+5)
	}
	if mark, none := darkest(x, y), darkest(beside.X, beside.Y); mark > 128 || none < 255 {
		t.Errorf("crop mark %v: grey %d on it and %d beside it", l, mark, none)
	}
}

// TestControlSheetsReadBack: a control sheet says in its DataMatrix what it says in print, with a bar that shows in a pile.
func TestControlSheetsReadBack(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	judges.Need(t, "pdftotext")
	judges.Need(t, "qpdf")
	header := impose.ControlSheet{
		Kind: impose.Header, Job: "DEMA000008", Vendor: "Fjordtrykk Łódź 漢字 AS", File: 2, FirstLetter: 201,
		Envelope: "PARCEL", Zone: "EUROPA", Duplex: true, Giro: true,
		Trays: []impose.Tray{{Stock: impose.Plain, Tray: "1", Paper: "hvit 80 g/m²"}, {Stock: impose.Giro, Tray: "2"}},
	}
	trailer := header
	trailer.Kind, trailer.LastLetter, trailer.Letters, trailer.Sheets, trailer.Pages = impose.Trailer, 400, 200, 733, 1301
	trailer.Parent, trailer.Account, trailer.Colour = "DEMA000003", "bergvik", true
	for _, c := range []struct {
		sheet impose.ControlSheet
		says  []string
		bar   float64 // mm
	}{
		{header, []string{
			"KONTROLLARK – skal ikke i konvolutt", "Start på utskriftsfil 2", "DEMA000008", "Fjordtrykk Łódź ?? AS", "fra nr. 201", "flere",
			"se kontrollarket etter siste brev", "pakke", "Europa", "tosidig", "nei, svart-hvitt", "Papir til brev", "skuff 1, hvit 80 g/m²", "skuff 2",
		}, headerBarTopMM},
		{trailer, []string{
			"Slutt på utskriftsfil 2", "nr. 201 til 400, 200 brev", "733 (uten kontrollark)", "1301 med trykk", "Ny utskrift av brev i DEMA000003", "bergvik",
		}, trailerBarMM},
	} {
		p, err := Control(c.sheet)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "control.pdf")
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		text, err := exec.Command("pdftotext", "-layout", file, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.says {
			if !bytes.Contains(text, []byte(s)) {
				t.Errorf("%s does not say %q:\n%s", c.sheet.Kind, s, text)
			}
		}
		image := render(t, []printfile.Side{{Width: a4Width, Height: a4Height, Placements: []printfile.Placement{{Source: p, Matrix: printfile.Identity}}}})[0]
		got, err := image.decode(impose.Area{X0: 160, Y0: 48, X1: 190, Y1: 76}, impose.Identity)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := impose.ParseControlMark(got); err != nil || m != c.sheet.Mark() {
			t.Errorf("the DataMatrix says %+v, error %v, want %+v", m, err, c.sheet.Mark())
		}
		bar := impose.Area{X0: 208, Y0: c.bar + 1, X1: 210, Y1: c.bar + barLengthMM - 1}
		if share := image.ink(image.pixels(bar, impose.Identity)); share < 1 {
			t.Errorf("%s: the bar at the edge is %.0f %% black", c.sheet.Kind, 100*share)
		}
		inserter := impose.Area{X0: 0, Y0: 95, X1: 18, Y1: 175}
		if share := image.ink(image.pixels(inserter, impose.Identity)); share > 0 {
			t.Errorf("%s has ink in the inserter's zone", c.sheet.Kind)
		}
	}
}
