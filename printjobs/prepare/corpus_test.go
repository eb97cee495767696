package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
)

func corpusFiles(tb testing.TB) []string {
	if testing.Short() {
		tb.Skip("prepares thousands of public PDFs")
	}
	files, err := filepath.Glob(filepath.Join(judges.NeedCorpus(tb), "*", "*.pdf"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no PDFs in the corpus (%v)", err)
	}
	sort.Strings(files)
	return files
}

// TestCorpus prepares every public PDF: each is refused for a specific reason
// that qpdf bears out, or prepared; of the prepared ones qpdf finds the file
// sound, and every page looks like the original's as it prints. Poppler judges
// first, with annotations flattened by qpdf; where it sees a difference MuPDF
// judges too, which prints annotations, fields and layers of the original by
// itself. A sample of first pages is looked at; POSTGANG_CORPUS_FULL=1 looks at
// up to 20 pages of all.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files := corpusFiles(t)
	for _, tool := range []string{"qpdf", "pdftoppm", "mutool"} {
		judges.Need(t, tool)
	}
	full := os.Getenv("POSTGANG_CORPUS_FULL") != ""
	pages := 1
	if full {
		pages = 20
	}
	out := t.TempDir()
	outcomes := make([]string, len(files))
	expected := readOutcomes(t)
	var looked, second, different atomic.Int64
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i, f := range files {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			prepared := filepath.Join(out, strconv.Itoa(i)+".pdf")
			// Pages of a few mm, made to test readers, are to be compared too.
			anySize := Checks{MinScalePercent: 1, MaxScalePercent: mostScalePercent}
			facts, err := Letter(t.Context(), Request{Documents: []Document{{Path: f}}, Output: prepared, Checks: anySize})
			var refusal *Refusal
			name := filepath.Base(filepath.Dir(f)) + "/" + filepath.Base(f)
			defer func() {
				if table := os.Getenv(outcomesEnv); table == "" && outcomes[i] != expected[name] {
					t.Errorf("%s: %s, but the table says %q", name, outcomes[i], expected[name])
				}
			}()
			switch {
			case errors.As(err, &refusal):
				outcomes[i] = "refused " + refusal.Findings[0].Code
				if why := unjustified(f, name, refusal.Findings[0].Code); why != "" {
					t.Errorf("%s: refused as %s, but %s", name, refusal.Findings[0].Code, why)
				}
			case err != nil:
				outcomes[i] = "error"
				t.Errorf("%s: %v", filepath.Base(f), err)
			default:
				outcomes[i] = "accepted"
				if forbidsPrinting(f) {
					t.Errorf("%s: accepted, but qpdf says that it may not be printed", name)
				}
				if !full && i%8 != 0 {
					break
				}
				n, asked, look := differs(t, f, prepared, facts, pages)
				looked.Add(int64(n))
				second.Add(int64(asked))
				why, known := knownDifferences[name]
				switch {
				case look != "" && known:
					different.Add(1)
					t.Logf("%s: %s (known: %s)", name, look, why)
				case look != "":
					different.Add(1)
					t.Errorf("%s: %s", name, look)
				case known && full:
					t.Errorf("%s: looks alike; take it off the list of known differences", name)
				}
			}
			os.Remove(prepared)
		}()
	}
	wg.Wait()
	counts := map[string]int{}
	for _, o := range outcomes {
		counts[o]++
	}
	t.Logf("%v; %d pages looked at, %d of them by the second judge too, %d files look different", counts, looked.Load(), second.Load(), different.Load())
	if table := os.Getenv(outcomesEnv); table != "" {
		var b strings.Builder
		for i, f := range files {
			fmt.Fprintf(&b, "%s/%s\t%s\n", filepath.Base(filepath.Dir(f)), filepath.Base(f), outcomes[i])
		}
		if err := os.WriteFile(table, []byte(b.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// outcomesEnv names the file to write the table of outcomes to, when a change
// is meant: testdata/outcomes.tsv.
const outcomesEnv = "POSTGANG_CORPUS_OUTCOMES"

// readOutcomes reads the checked table of what becomes of each public PDF.
func readOutcomes(t *testing.T) map[string]string {
	data, err := os.ReadFile(filepath.Join("testdata", "outcomes.tsv"))
	if err != nil && os.Getenv(outcomesEnv) == "" {
		t.Fatal(err)
	}
	outcomes := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, outcome, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		outcomes[name] = outcome
	}
	return outcomes
}

// justified are the refusals of files that qpdf opens without a password, with
// the reason. Those that forbid printing need none: qpdf is asked.
var justified = map[string]string{
	"notify/pdf_with_no_metadata.pdf":          "a page of 3.5 mm with nothing on it",
	"pdfjs/test_pdfs_issue11651.pdf":           "the data of its font are damaged",
	"pdfjs/test_pdfs_poppler-395-0-fuzzed.pdf": "poppler, MuPDF and qpdf find no page in it",
	"pdfjs/test_pdfs_poppler-937-0-fuzzed.pdf": "its only page has lost its content; poppler and MuPDF find no page",
}

// unjustified says why a file should not have been refused; "" if it should.
func unjustified(file, name, code string) string {
	if _, ok := justified[name]; ok || !opens(file) || code == finding.CodePrintingForbidden && forbidsPrinting(file) {
		return ""
	}
	return "qpdf opens it without a password"
}

// opens reports whether qpdf opens a file without a password, if need be with
// repairs.
func opens(file string) bool {
	err := exec.Command("qpdf", file, os.DevNull).Run()
	var exit *exec.ExitError
	return err == nil || errors.As(err, &exit) && exit.ExitCode() == 3
}

// forbidsPrinting reports whether a file's permissions, for someone who opens
// it without a password, do not allow printing.
func forbidsPrinting(file string) bool {
	said, _ := exec.Command("qpdf", "--show-encryption", file).Output()
	return bytes.Contains(said, []byte("print low resolution: not allowed")) && !bytes.Contains(said, []byte("Supplied password is owner password"))
}

// knownDifferences are files that both judges see another in than in what was
// prepared, with the reason why that is right.
var knownDifferences = map[string]string{
	"pdfjs/test_pdfs_boundingBox_invalid.pdf": "on page 3 CropBox and MediaBox do not meet; poppler and MuPDF show an empty page of some size, we the MediaBox with its text",
	"pdfjs/test_pdfs_bug1883609.pdf":          "poppler draws frames around fields that their appearances lack, MuPDF leaves out the values of choices; we draw the appearances, and the values",
	"pdfjs/test_pdfs_issue13447.pdf":          "lines without an appearance: poppler, MuPDF and we give arrows heads of different size",
}

// differs says how the prepared file differs from its original, "" if it does
// not, after how many pages were looked at and asked was the second judge.
func differs(t *testing.T, original, prepared string, facts Facts, most int) (looked, asked int, look string) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if msg, err := exec.CommandContext(ctx, "qpdf", "--check", prepared).CombinedOutput(); err != nil {
		return 0, 0, "qpdf --check: " + string(msg)
	}
	dir := t.TempDir()
	reference := filepath.Join(dir, "reference.pdf")
	msg, err := exec.CommandContext(ctx, "qpdf", "--flatten-annotations=print", original, reference).CombinedOutput()
	hide := "-hide-annotations"
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) {
		reference = original // qpdf cannot repair what poppler can
	}
	if bytes.Contains(msg, []byte("will not be flattened")) {
		hide = "-q" // fields left to the viewer: poppler draws them
	}
	for i, p := range facts.Pages[:min(most, len(facts.Pages))] {
		looked++
		poppler := func(pdf string, resolution float64, args ...string) (picture, error) {
			return render(ctx, dir, pdf, i+1, append(args, "-r", strconv.FormatFloat(resolution, 'f', 6, 64))...)
		}
		first, err := unlike(p, func(resolution float64) (picture, error) { return poppler(prepared, resolution) },
			func(resolution float64) (picture, error) { return poppler(reference, resolution, "-cropbox", hide) })
		if err != nil {
			return looked, asked, fmt.Sprintf("page %d: render prepared: %v", i+1, err)
		}
		if first.n <= mostUnlike && first.compared {
			continue
		}
		asked++
		again, err := unlike(p, func(resolution float64) (picture, error) { return printed(ctx, dir, prepared, i+1, resolution) },
			func(resolution float64) (picture, error) { return printed(ctx, dir, original, i+1, resolution) })
		if err != nil {
			return looked, asked, fmt.Sprintf("page %d: MuPDF cannot draw what was prepared: %v", i+1, err)
		}
		if !first.compared && !again.compared {
			continue // no judge can draw the original: nothing to compare
		}
		if again.n > mostUnlike || !again.compared {
			keep(t, original, i, "poppler", first)
			keep(t, original, i, "mupdf", again)
			return looked, asked, fmt.Sprintf("page %d: %d mm² differ for poppler, %d for MuPDF", i+1, first.n, again.n)
		}
	}
	return looked, asked, ""
}

// verdict is how two drawings of a page compare.
type verdict struct {
	n         int  // squares of about 1 mm² that differ
	compared  bool // false: the original cannot be drawn
	got, want picture
}

// unlike compares the drawing of a prepared page with that of its original.
// Both are drawn with glyphs of the same size in pixels, so that they are
// rounded alike: the prepared page coarser or finer by the factor that it was
// scaled by.
func unlike(p PageFacts, prepared, original func(resolution float64) (picture, error)) (v verdict, err error) {
	if v.got, err = prepared(dpi / p.Scaled); err != nil {
		return v, err
	}
	want := p.WidthMM / 25.4 * dpi
	if v.want, err = original(dpi); err != nil {
		return v, nil
	}
	if math.Abs(float64(v.want.w)-want) > 2 { // a renderer that ignores UserUnit
		if v.want, err = original(dpi * want / float64(v.want.w)); err != nil {
			return v, nil
		}
	}
	v.compared = true
	if p.WidthMM > p.HeightMM {
		v.want = v.want.turnedLeft()
	}
	v.want = v.want.centred(v.got.w, v.got.h)
	v.n = v.got.unlike(v.want)
	return v, nil
}

// printScript has MuPDF draw a page as it prints. Before MuPDF 1.22 the fourth
// parameter of toPixmap said to skip annotations, since then to show them.
const printScript = `
var newer = typeof ColorSpace != "undefined";
var doc = Document.openDocument ? Document.openDocument(scriptArgs[0]) : new Document(scriptArgs[0]);
var page = doc.loadPage(parseInt(scriptArgs[1]) - 1);
var s = parseFloat(scriptArgs[2]) / 72;
page.toPixmap([s, 0, 0, s, 0, 0], newer ? ColorSpace.DeviceRGB : DeviceRGB, false, newer, "Print").saveAsPNG(scriptArgs[3]);
`

// printed draws a page with MuPDF as it prints: with the annotations, fields
// and layers that do.
func printed(ctx context.Context, dir, pdf string, page int, resolution float64) (p picture, err error) {
	script, out := filepath.Join(dir, "print.js"), filepath.Join(dir, "page.png")
	if err := os.WriteFile(script, []byte(printScript), 0o600); err != nil {
		return p, err
	}
	os.Remove(out)
	if msg, err := exec.CommandContext(ctx, "mutool", "run", script, pdf, strconv.Itoa(page), strconv.FormatFloat(resolution, 'f', 6, 64), out).CombinedOutput(); err != nil {
		return p, fmt.Errorf("%w: %s", err, msg)
	}
	f, err := os.Open(out)
	if err != nil {
		return p, err
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return p, err
	}
	b := img.Bounds()
	p = picture{w: b.Dx(), h: b.Dy(), pix: make([]byte, 0, 3*b.Dx()*b.Dy())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			p.pix = append(p.pix, byte(r>>8), byte(g>>8), byte(bl>>8))
		}
	}
	return p, nil
}

const (
	dpi = 100
	// mostUnlike is how many squares of about 1 mm² may differ on a page:
	// fewer than a short word covers.
	mostUnlike = 8
)

// keep writes both pictures of a difference where POSTGANG_CORPUS_PICTURES
// says, for a person to look at.
func keep(t *testing.T, original string, page int, judge string, v verdict) {
	dir := os.Getenv("POSTGANG_CORPUS_PICTURES")
	if dir == "" {
		return
	}
	for kind, p := range map[string]picture{"got": v.got, "want": v.want} {
		if p.w == 0 {
			continue
		}
		img := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
		for i := range p.w * p.h {
			copy(img.Pix[4*i:], append(bytes.Clone(p.pix[3*i:3*i+3]), 255))
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s.%d.%s.%s.png", filepath.Base(original), page+1, judge, kind)))
		if err == nil {
			err = errors.Join(png.Encode(f, img), f.Close())
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// picture is a page in 8-bit RGB.
type picture struct {
	w, h int
	pix  []byte
}

func render(ctx context.Context, dir, pdf string, page int, args ...string) (picture, error) {
	n := strconv.Itoa(page)
	root := filepath.Join(dir, "page")
	args = append(args, "-f", n, "-l", n, "-singlefile", pdf, root)
	if err := exec.CommandContext(ctx, "pdftoppm", args...).Run(); err != nil {
		return picture{}, err
	}
	data, err := os.ReadFile(root + ".ppm")
	if err != nil {
		return picture{}, err
	}
	os.Remove(root + ".ppm")
	var p picture
	var depth int
	if _, err := fmt.Sscanf(string(data[:min(len(data), 40)]), "P6\n%d %d\n%d", &p.w, &p.h, &depth); err != nil {
		return p, err
	}
	if p.w < 1 || p.h < 1 || len(data) < 3*p.w*p.h {
		return p, errors.New("truncated picture")
	}
	p.pix = bytes.Clone(data[len(data)-3*p.w*p.h:])
	return p, nil
}

// turnedLeft is the picture turned 90° counter-clockwise.
func (p picture) turnedLeft() picture {
	q := picture{w: p.h, h: p.w, pix: make([]byte, len(p.pix))}
	for y := range p.h {
		for x := range p.w {
			copy(q.pix[3*((p.w-1-x)*q.w+y):][:3], p.pix[3*(y*p.w+x):][:3])
		}
	}
	return q
}

// centred is the picture in the middle of a white one of the given size.
func (p picture) centred(w, h int) picture {
	q := picture{w: w, h: h, pix: bytes.Repeat([]byte{255}, 3*w*h)}
	dx, dy := int(math.Round(float64(w-p.w)/2)), int(math.Round(float64(h-p.h)/2))
	for y := range p.h {
		for x := range p.w {
			if tx, ty := x+dx, y+dy; tx >= 0 && tx < w && ty >= 0 && ty < h {
				copy(q.pix[3*(ty*w+tx):][:3], p.pix[3*(y*p.w+x):][:3])
			}
		}
	}
	return q
}

// box is the side in pixels of the squares whose mean colours are compared:
// about 1 mm. Another rounding of glyphs disappears in the mean; a missing
// word, line or image does not.
const box = 4

// shifts are how many pixels a square may lie beside its place: half a
// millimetre, for the rounding of where pages and rotated glyphs lie.
var shifts = [...]int{0, 1, -1, 2, -2}

// unlike counts the squares of one picture whose mean colour is not found in
// the other, whichever way more are missing.
func (p picture) unlike(q picture) int {
	if p.w != q.w || p.h != q.h {
		return p.w * p.h
	}
	return max(p.missingIn(q), q.missingIn(p))
}

func (p picture) missingIn(q picture) (missing int) {
	for y := box; y < p.h-box; y += box {
		for x := box; x < p.w-box; x += box {
			want := p.mean(x, y)
			found := false
			for i := 0; i < 25 && !found; i++ {
				found = alike(want, q.mean(x+shifts[i%5], y+shifts[i/5]))
			}
			if !found {
				missing++
			}
		}
	}
	return missing
}

func alike(a, b [3]int) bool {
	const most = 50
	for c := range a {
		if d := a[c] - b[c]; d > most || d < -most {
			return false
		}
	}
	return true
}

func (p picture) mean(x0, y0 int) (m [3]int) {
	n := 0
	for y := y0; y < min(y0+box, p.h); y++ {
		row := p.pix[3*(y*p.w+x0):]
		for x := range min(box, p.w-x0) {
			m[0] += int(row[3*x])
			m[1] += int(row[3*x+1])
			m[2] += int(row[3*x+2])
			n++
		}
	}
	for c := range m {
		m[c] /= n
	}
	return m
}

// TestCorpusText: what pdftotext reads from a page it also reads from the
// prepared page. Order and spacing may change where a page was turned or
// annotations were drawn in, so words are compared, sorted.
func TestCorpusText(t *testing.T) {
	t.Parallel()
	files := corpusFiles(t)
	judges.Need(t, "pdftotext")
	compared := 0
	for i, f := range files {
		if dir := filepath.Base(filepath.Dir(f)); dir == "pdfjs" || dir == "letters" && i%6 != 0 {
			continue // letters as they are sent, not crafted defects
		}
		prepared := filepath.Join(t.TempDir(), "out.pdf")
		if _, err := Letter(t.Context(), Request{Documents: []Document{{Path: f}}, Output: prepared}); err != nil {
			continue // TestCorpus judges that
		}
		want, err := exec.Command("pdftotext", f, "-").Output()
		if err != nil {
			continue
		}
		got, err := exec.Command("pdftotext", prepared, "-").Output()
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
			continue
		}
		if sortedWords(want) != sortedWords(got) {
			t.Errorf("%s: the text is another", filepath.Base(f))
		}
		compared++
	}
	if compared < 20 {
		t.Errorf("only %d files compared", compared)
	}
}

func sortedWords(text []byte) string {
	words := strings.Fields(string(text))
	sort.Strings(words)
	return strings.Join(words, " ")
}
