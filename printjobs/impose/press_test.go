package impose

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDefaultPressPlacesPagesAsTheyAre(t *testing.T) {
	t.Parallel()
	p := DefaultPress()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	w, h := p.Size()
	if w != 595.276 || h != 841.890 || p.Front(0) != Identity || p.Back(0) != Identity || p.Up() != 1 || p.Block() != 1 {
		t.Errorf("a press sheet of %g × %g pt, %d up, front %v, back %v", w, h, p.Up(), p.Front(0), p.Back(0))
	}
	if all := (Rect{0, 0, w, h}); p.Clip(0, false) != all || p.Clip(0, true) != all || p.CropMarks(false) != nil {
		t.Errorf("clips %v and %v, crop marks %v", p.Clip(0, false), p.Clip(0, true), p.CropMarks(false))
	}
	for i := range 3 {
		if a := p.Arrange(3); a.Sheets() != 3 || a.At(i, 0) != i {
			t.Errorf("finished sheet %d is number %d of %d", i, a.At(i, 0), a.Sheets())
		}
	}
}

func TestPaperSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		width, height float64
	}{
		{"A4", 210, 297}, {"a3", 420, 297}, {"SRA3", 450, 320}, {"520x305", 520, 305}, {"520 x 304.8", 520, 304.8},
		{"", 0, 0}, {"A5", 0, 0}, {"520x", 0, 0}, {"-1x2", 0, 0}, {"NaNx2", 0, 0}, {"Infx2", 0, 0}, {"1x2x3", 0, 0},
	} {
		w, h, err := PaperSize(c.name)
		if w != c.width || h != c.height || (err == nil) != (c.width > 0) {
			t.Errorf("%q: %g × %g, error %v", c.name, w, h, err)
		}
	}
}

// sra3 is two finished sheets beside each other with everything that a press may have.
func sra3() Press {
	p := DefaultPress()
	p.WidthMM, p.HeightMM, p.Columns = 450, 320, 2
	p.GutterXMM, p.BleedMM, p.Order = 6, 2, CutAndStack
	p.Crop = CropMarks{LengthMM: 4, OffsetMM: 2, WidthMM: 0.1}
	return p
}

func TestPressFaults(t *testing.T) {
	t.Parallel()
	if err := sra3().Validate(); err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for name, c := range map[string]struct {
		change func(*Press)
		want   string
	}{
		"zero value":       {func(p *Press) { *p = Press{} }, "press sheet of 0 × 0 mm"},
		"NaN width":        {func(p *Press) { p.WidthMM = nan }, "press sheet of NaN"},
		"endless":          {func(p *Press) { p.HeightMM = math.Inf(1) }, "press sheet of 450 × +Inf"},
		"no rows":          {func(p *Press) { p.Rows = 0 }, "0 rows"},
		"too many cells":   {func(p *Press) { p.Rows = 33 }, "at most 64 cells"},
		"overflow":         {func(p *Press) { p.Rows, p.Columns = math.MaxInt, 2 }, "at most 64 cells"},
		"negative gutter":  {func(p *Press) { p.GutterXMM = -1 }, "gutter between columns of -1 mm"},
		"NaN gutter":       {func(p *Press) { p.GutterYMM = nan }, "gutter between rows"},
		"NaN bleed":        {func(p *Press) { p.BleedMM = nan }, "bleed of NaN"},
		"NaN margin":       {func(p *Press) { p.MarginXMM = nan }, "left margin"},
		"NaN mark":         {func(p *Press) { p.Crop.OffsetMM = nan }, "offset of crop marks"},
		"turn":             {func(p *Press) { p.Turn = 45 }, "turn of 45 degrees"},
		"negative turn":    {func(p *Press) { p.Turn = -90 }, "turn of -90 degrees"},
		"margin":           {func(p *Press) { p.MarginYMM = 3 }, "the cells are centred"},
		"order":            {func(p *Press) { p.Order = "" }, `order "" is unknown`},
		"flip":             {func(p *Press) { p.Flip = "up" }, `flip "up" is unknown`},
		"stack":            {func(p *Press) { p.StackSheets = 0 }, "stacks of 0 press sheets"},
		"does not fit":     {func(p *Press) { p.Columns = 3 }, "3 × 1 finished sheets do not fit"},
		"turned":           {func(p *Press) { p.Turn = 90 }, "do not fit: they need 600 × 210 mm"},
		"margin too large": {func(p *Press) { p.Centred, p.MarginXMM = false, 30 }, "from 30 mm of the left edge"},
		"marks in bleed":   {func(p *Press) { p.BleedMM = 3 }, "within the bleed of 3 mm"},
		"marks thin":       {func(p *Press) { p.Crop.WidthMM = 0 }, "crop marks of 0 mm width"},
		"no room":          {func(p *Press) { p.Crop.LengthMM = 11 }, "they need 13 mm on all four sides, the narrowest margin has 11.5 mm"},
	} {
		p := sra3()
		c.change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	p := sra3()
	p.Turn, p.Order, p.StackSheets = 1, "", -1
	if err := p.Validate(); strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not every fault is named: %v", err)
	}
}

// drawPress makes a press that is valid, with tenths of a millimetre.
func drawPress(t *rapid.T) Press {
	mm := func(most int, what string) float64 { return float64(rapid.IntRange(0, 10*most).Draw(t, what)) / 10 }
	p := DefaultPress()
	p.Columns, p.Rows = rapid.IntRange(1, 4).Draw(t, "columns"), rapid.IntRange(1, 4).Draw(t, "rows")
	p.GutterXMM, p.GutterYMM, p.BleedMM = mm(20, "gutter x"), mm(20, "gutter y"), mm(5, "bleed")
	p.Turn = rapid.SampledFrom([]int{0, 90, 180, 270}).Draw(t, "turn")
	p.Order = rapid.SampledFrom([]Order{CutAndStack, Sequential}).Draw(t, "order")
	p.Flip = rapid.SampledFrom([]Flip{FlipLongEdge, FlipShortEdge}).Draw(t, "flip")
	p.StackSheets = rapid.IntRange(1, 7).Draw(t, "stack")
	need := 0.0
	if rapid.Bool().Draw(t, "crop marks") {
		p.Crop = CropMarks{LengthMM: 0.1 + mm(5, "length"), OffsetMM: p.BleedMM + mm(2, "offset"), WidthMM: 0.1}
		need = p.Crop.LengthMM + p.Crop.OffsetMM
	}
	left, right, top, bottom := need+mm(30, "left"), need+mm(30, "right"), need+mm(30, "top"), need+mm(30, "bottom")
	p.WidthMM, p.HeightMM = p.blockWidth()+left+right, p.blockHeight()+top+bottom
	if p.Centred = rapid.Bool().Draw(t, "centred"); !p.Centred {
		p.MarginXMM, p.MarginYMM = left, top
	}
	if err := p.Validate(); err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	return p
}

// near is what places in pt may differ by: they are rounded to a thousandth.
const near = 0.0025

func (r Rect) equal(o Rect) bool {
	return math.Abs(r.X0-o.X0) < near && math.Abs(r.Y0-o.Y0) < near && math.Abs(r.X1-o.X1) < near && math.Abs(r.Y1-o.Y1) < near
}

// overlaps tells whether they have more in common than rounding.
func (r Rect) overlaps(o Rect) bool {
	return r.X0+near < o.X1 && o.X0+near < r.X1 && r.Y0+near < o.Y1 && o.Y0+near < r.Y1
}

func (r Rect) holds(o Rect) bool {
	return r.X0-near < o.X0 && r.Y0-near < o.Y0 && r.X1+near > o.X1 && r.Y1+near > o.Y1
}

// placed is where an A4 page lies by a matrix.
func placed(m Matrix) Rect {
	x0, y0 := m.Apply(0, 0)
	x1, y1 := m.Apply(595.276, 841.890)
	return Rect{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

// TestBacksRegister: every point of a finished sheet's back lies behind its front, however the press turns the sheet;
// pages are turned and moved, never mirrored or scaled, and lie where trims and clips say.
func TestBacksRegister(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPress(t)
		w, h := p.Size()
		// Turned about an upright edge, left and right change places.
		upright := p.HeightMM >= p.WidthMM
		if p.Flip == FlipShortEdge {
			upright = !upright
		}
		behind := func(x, y float64) (float64, float64) {
			if upright {
				return w - x, y
			}
			return x, h - y
		}
		all := Rect{0, 0, w, h}
		for c := range p.Up() {
			front, back := p.Front(c), p.Back(c)
			for _, m := range []Matrix{front, back} {
				if det := m[0]*m[3] - m[1]*m[2]; det != 1 || math.Abs(m[0])+math.Abs(m[1]) != 1 {
					t.Fatalf("cell %d: matrix %v mirrors or scales", c, m)
				}
			}
			u, v := rapid.Float64Range(0, 595.276).Draw(t, "u"), rapid.Float64Range(0, 841.890).Draw(t, "v")
			x, y := behind(front.Apply(u, v))
			bx, by := back.Apply(595.276-u, v)
			if math.Abs(x-bx) > near || math.Abs(y-by) > near {
				t.Fatalf("cell %d: %g, %g of the front lies before %g, %g, and its back at %g, %g", c, u, v, x, y, bx, by)
			}
			for _, isBack := range []bool{false, true} {
				m := front
				if isBack {
					m = back
				}
				trim, clip := p.Trim(c, isBack), p.Clip(c, isBack)
				if !trim.equal(placed(m)) {
					t.Fatalf("cell %d: the page lies at %v, the trim is %v", c, placed(m), trim)
				}
				if !clip.holds(trim) || !all.holds(clip) {
					t.Fatalf("cell %d: trim %v, clip %v, press sheet %v", c, trim, clip, all)
				}
				own := p.PageClip(c, isBack)
				x0, y0 := m.Apply(own.X0, own.Y0)
				x1, y1 := m.Apply(own.X1, own.Y1)
				if !clip.equal(Rect{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}) {
					t.Fatalf("cell %d: clip %v, of the page %v", c, clip, own)
				}
				bleed := p.BleedMM*72/25.4 + near
				if !(Rect{trim.X0 - bleed, trim.Y0 - bleed, trim.X1 + bleed, trim.Y1 + bleed}).holds(clip) {
					t.Fatalf("cell %d: trim %v, clip %v, bleed %g mm", c, trim, clip, p.BleedMM)
				}
				for d := range c {
					if other := p.Clip(d, isBack); clip.overlaps(other) {
						t.Fatalf("the clips of cells %d and %d overlap: %v and %v", d, c, other, clip)
					}
				}
			}
		}
	})
}

// TestCropMarks: marks lie on the press sheet and in no clip, each once, and every cut has a mark at both of its ends.
func TestCropMarks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPress(t)
		w, h := p.Size()
		for _, back := range []bool{false, true} {
			lines := p.CropMarks(back)
			if p.Crop.LengthMM == 0 {
				if lines != nil {
					t.Fatalf("crop marks %v", lines)
				}
				continue
			}
			seen := map[Line]bool{}
			for _, l := range lines {
				r := Rect(l)
				if seen[l] || l.X0 > l.X1 || l.Y0 > l.Y1 || (l.X0 == l.X1) == (l.Y0 == l.Y1) || !(Rect{0, 0, w, h}).holds(r) {
					t.Fatalf("crop mark %v on a press sheet of %g × %g pt (seen %v)", l, w, h, seen[l])
				}
				seen[l] = true
				for c := range p.Up() {
					clip := p.Clip(c, back)
					if l.X0 < clip.X1-near && l.X1 > clip.X0+near && l.Y0 < clip.Y1-near && l.Y1 > clip.Y0+near {
						t.Fatalf("crop mark %v lies in cell %d (%v)", l, c, clip)
					}
				}
			}
			var block Rect
			for c := range p.Up() {
				trim := p.Trim(c, back)
				if c == 0 {
					block = trim
				}
				block = Rect{min(block.X0, trim.X0), min(block.Y0, trim.Y0), max(block.X1, trim.X1), max(block.Y1, trim.Y1)}
			}
			has := func(ok func(Line) bool) bool { return slices.ContainsFunc(lines, ok) }
			for c := range p.Up() {
				trim := p.Trim(c, back)
				for _, x := range []float64{trim.X0, trim.X1} {
					on := func(l Line) bool { return math.Abs(l.X0-x) < near && math.Abs(l.X1-x) < near }
					if !has(func(l Line) bool { return on(l) && l.Y0 > block.Y1-near }) || !has(func(l Line) bool { return on(l) && l.Y1 < block.Y0+near }) {
						t.Fatalf("the cut at x %g has no marks at both ends: %v", x, lines)
					}
				}
				for _, y := range []float64{trim.Y0, trim.Y1} {
					on := func(l Line) bool { return math.Abs(l.Y0-y) < near && math.Abs(l.Y1-y) < near }
					if !has(func(l Line) bool { return on(l) && l.X0 > block.X1-near }) || !has(func(l Line) bool { return on(l) && l.X1 < block.X0+near }) {
						t.Fatalf("the cut at y %g has no marks at both ends: %v", y, lines)
					}
				}
			}
		}
	})
}

// cut simulates the cutter and the worker behind it: the press sheets of a block lie on each other as they were printed, are
// cut through, and the stacks are laid on each other, that of cell 0 on top. On a line that cuts each sheet as it comes, the
// pieces are laid on each other sheet by sheet. Each piece is a finished sheet, or -1.
func cut(p Press, block []int) []int {
	a := p.Arrange(len(block))
	sheets := make([][]int, a.Sheets())
	for s := range sheets {
		for c := range p.Up() {
			piece := -1
			if i := a.At(s, c); i >= 0 {
				piece = block[i]
			}
			sheets[s] = append(sheets[s], piece)
		}
	}
	var pile []int
	if p.Order == Sequential {
		for _, s := range sheets {
			pile = append(pile, s...)
		}
		return pile
	}
	for c := range p.Up() {
		for _, s := range sheets {
			pile = append(pile, s[c])
		}
	}
	return pile
}

// TestCuttingRestoresTheSequence: letters laid, arranged and cut give every page once and in order, none beside another
// letter's, with the fewest press sheets, and nothing empty but at the very end of a block.
func TestCuttingRestoresTheSequence(t *testing.T) {
	t.Parallel()
	type finished struct {
		letter int
		sheet  Sheet
	}
	rapid.Check(t, func(t *rapid.T) {
		p := drawPress(t)
		var all []finished
		var blocks [][]int
		var block []int
		letters := make([]Letter, rapid.IntRange(1, 12).Draw(t, "letters"))
		for l := range letters {
			letters[l] = drawLetter(t)
			im, err := Lay(letters[l], drawOptions(t))
			if err != nil {
				t.Fatal(err)
			}
			if len(block) > 0 && len(block)+len(im.Sheets) > p.Block() {
				blocks, block = append(blocks, block), nil
			}
			for _, s := range im.Sheets {
				block = append(block, len(all))
				all = append(all, finished{l, s})
			}
		}
		blocks = append(blocks, block)
		next := 0
		type page struct{ letter, document, page int }
		var got, want []page
		for l, letter := range letters {
			for d, doc := range letter.Documents {
				for n := range doc.Pages {
					want = append(want, page{l, d + 1, n + 1})
				}
			}
		}
		for _, block := range blocks {
			a := p.Arrange(len(block))
			if (a.Sheets()-1)*p.Up() >= len(block) || a.Sheets()*p.Up() < len(block) {
				t.Fatalf("%d press sheets for %d finished sheets, %d up", a.Sheets(), len(block), p.Up())
			}
			for i := range block {
				if s, c := a.Place(i); a.At(s, c) != i {
					t.Fatalf("finished sheet %d lies at %d.%d, where %d is", i, s, c, a.At(s, c))
				}
			}
			for i, piece := range cut(p, block) {
				if i >= len(block) {
					if piece != -1 {
						t.Fatalf("finished sheet %d behind the end of its block", piece)
					}
					continue
				}
				if piece != next {
					t.Fatalf("piece %d is finished sheet %d, want %d", i, piece, next)
				}
				next++
				f := all[piece]
				for _, side := range []Side{f.sheet.Front, f.sheet.Back} {
					if side.Kind == Page {
						got = append(got, page{f.letter, side.Document, side.Page})
					}
				}
			}
		}
		if next != len(all) || !slices.Equal(got, want) {
			t.Fatalf("%d finished sheets of %d, pages %v, want %v", next, len(all), got, want)
		}
	})
}

func TestArrangeOutside(t *testing.T) {
	t.Parallel()
	a := sra3().Arrange(3)
	for _, at := range [][2]int{{-1, 0}, {0, -1}, {2, 0}, {0, 2}, {1, 1}} {
		if i := a.At(at[0], at[1]); i != -1 {
			t.Errorf("cell %v holds %d", at, i)
		}
	}
	if n := sra3().Arrange(0).Sheets(); n != 0 {
		t.Errorf("nothing needs %d press sheets", n)
	}
}

// TestPressPlans shows the plans of a few jobs; they stand in testdata/press.txt.
func TestPressPlans(t *testing.T) {
	t.Parallel()
	marks := Marks{DataMatrix: DataMatrix{XMM: 188, YMM: 270, ModuleMM: 0.6}, OMR: PitneyBowesD1600()}
	three := sra3()
	three.WidthMM, three.Columns = 700, 3
	three.Crop = CropMarks{}
	sequential := three
	sequential.Order = Sequential
	var b strings.Builder
	for _, c := range []struct {
		name  string
		press Press
		marks Marks
	}{
		{"one up, no marks", DefaultPress(), Marks{}},
		{"two up on SRA3, cut and stack", sra3(), marks},
		{"three up on a roll, cut and stack", three, marks},
		{"three up on a roll, in sequence", sequential, Marks{DataMatrix: marks.DataMatrix}},
	} {
		control := ControlSheet{Kind: Header, Job: "DEMA000008", File: 1, FirstLetter: 1}
		block := []Finished{{Control: Header, Sheet: control.Sheet()}}
		run := 0
		for n, letter := range []Letter{
			{Documents: docs(3), Duplex: true}, {Documents: docs(1)}, {Documents: []Document{{Pages: 2, Giro: []int{2}}}},
		} {
			im, err := Lay(letter, DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range im.Sheets {
				run++
				plan, err := c.marks.Plan(SheetMark{Job: "DEMA000008", Letter: n + 1, Sheet: s.N, Of: s.Of, Run: run})
				if err != nil {
					t.Fatal(err)
				}
				block = append(block, Finished{Letter: n + 1, Sheet: s, Marks: plan})
			}
		}
		control.Kind = Trailer
		block = append(block, Finished{Control: Trailer, Sheet: control.Sheet()})
		fmt.Fprintf(&b, "# %s\n%s\n", c.name, c.press.Text(block, &c.marks))
	}
	compareGolden(t, "press.txt", b.String())
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("plans differ from %s (-want +got; UPDATE_GOLDEN=1 rewrites it):\n%s", file, d)
	}
}

func BenchmarkArrange(b *testing.B) {
	p := sra3()
	a := p.Arrange(p.Block())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if a.At(i%a.Sheets(), i&1) < 0 {
			b.Fatal("an empty cell")
		}
	}
}
