package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
)

// corpusDir finds the public PDFs that are not part of the repository: by
// POSTGANG_CORPUS, else beside the repository's root.
func corpusDir(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("POSTGANG_CORPUS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			dir = filepath.Join(filepath.Dir(dir), "shared", "corpus")
			if _, err := os.Stat(dir); err == nil {
				return dir
			}
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	tb.Skip("no corpus of public PDFs (POSTGANG_CORPUS)")
	return ""
}

func needTool(tb testing.TB, name string) {
	tb.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("%s is not installed", name)
		}
		tb.Skipf("%s is not installed", name)
	}
}

func corpusFiles(tb testing.TB) []string {
	files, err := filepath.Glob(filepath.Join(corpusDir(tb), "*", "*.pdf"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no PDFs in the corpus (%v)", err)
	}
	sort.Strings(files)
	return files
}

// TestCorpus prepares every public PDF, each is refused for a specific reason
// or prepared; of the prepared ones, qpdf finds the file sound, and the pages
// look like the original's as it prints (annotations flattened by qpdf,
// rendered by poppler). A sample is looked at; POSTGANG_CORPUS_FULL=1 looks at
// all and at more pages.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files := corpusFiles(t)
	for _, tool := range []string{"qpdf", "pdftoppm"} {
		needTool(t, tool)
	}
	full := os.Getenv("POSTGANG_CORPUS_FULL") != ""
	pages := 1
	if full {
		pages = 2
	}
	out := t.TempDir()
	outcomes := make([]string, len(files))
	expected := readOutcomes(t)
	var different atomic.Int64
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i, f := range files {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			prepared := filepath.Join(out, strconv.Itoa(i)+".pdf")
			facts, err := Letter(t.Context(), Request{Documents: []Document{{Path: f}}, Output: prepared})
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
			case err != nil:
				outcomes[i] = "error"
				t.Errorf("%s: %v", filepath.Base(f), err)
			default:
				outcomes[i] = "accepted"
				if !full && i%8 != 0 {
					break
				}
				if look := differs(t, f, prepared, facts, pages); look != "" {
					different.Add(1)
					if _, known := knownDifferences[filepath.Base(f)]; !known {
						t.Errorf("%s: %s", filepath.Base(f), look)
					} else {
						t.Logf("%s: %s (known)", filepath.Base(f), look)
					}
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
	t.Logf("%v, of those looked at %d look different", counts, different.Load())
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

// knownDifferences are files whose rendering differs for a reason that is not
// ours, with that reason.
//
// Each was looked at. thinLines: poppler draws the hairlines of a flattened
// form a pixel thicker or thinner, or rounds where a turned page lies.
// linkFrames: it draws the frames of links, which do not print. ourAnnotation:
// qpdf leaves out an appearance that poppler draws in the original, as we do.
var knownDifferences = map[string]string{
	"hackney_sample.pdf":                          thinLines,
	"landscape_oriented_page.pdf":                 thinLines,
	"no_resources_on_last_page.pdf":               thinLines,
	"test_pdfs_160F-2019.pdf":                     thinLines,
	"test_pdfs_annotation-text-widget.pdf":        thinLines,
	"test_pdfs_bug1770750.pdf":                    thinLines,
	"test_pdfs_bug1802888.pdf":                    thinLines,
	"test_pdfs_bug1825002.pdf":                    thinLines,
	"test_pdfs_bug1844576.pdf":                    thinLines,
	"test_pdfs_bug1934157.pdf":                    thinLines,
	"test_pdfs_issue14415.pdf":                    thinLines,
	"test_pdfs_issue16473.pdf":                    thinLines,
	"test_pdfs_issue16633.pdf":                    thinLines,
	"test_pdfs_issue19505.pdf":                    thinLines,
	"test_pdfs_issue20489.pdf":                    thinLines,
	"test_pdfs_issue21068.pdf":                    thinLines,
	"test_pdfs_issue21570.pdf":                    thinLines,
	"test_pdfs_issue8702.pdf":                     thinLines,
	"test_pdfs_resetform.pdf":                     thinLines,
	"test_pdfs_smask_luminosity_oob_transfer.pdf": thinLines,
	"test_pdfs_textfields.pdf":                    thinLines,
	"test_pdfs_tiling_patterns_variations.pdf":    thinLines,
	"test_pdfs_issue12504.pdf":                    linkFrames,
	"test_pdfs_issue17540.pdf":                    linkFrames,
	"test_pdfs_freetexts.pdf":                     ourAnnotation,
	"test_pdfs_issue16553.pdf":                    ourAnnotation,
	"test_pdfs_issue11651.pdf":                    "the original's image data are damaged and are copied as they are",
}

const (
	thinLines     = "thin lines"
	linkFrames    = "frames of links"
	ourAnnotation = "annotation that qpdf leaves out"
)

// differs says how the prepared file differs from its original, "" if it does
// not.
func differs(t *testing.T, original, prepared string, facts Facts, most int) string {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if msg, err := exec.CommandContext(ctx, "qpdf", "--check", prepared).CombinedOutput(); err != nil {
		return "qpdf --check: " + string(msg)
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
		// Both are drawn with glyphs of the same size in pixels, so that
		// they are rounded alike: the prepared page coarser or finer by the
		// factor that it was scaled by.
		got, err := render(ctx, dir, prepared, i+1, "-r", strconv.FormatFloat(dpi/p.Scaled, 'f', 6, 64))
		if err != nil {
			return "render prepared: " + err.Error()
		}
		want, err := renderOriginal(ctx, dir, reference, i+1, p, hide)
		if err != nil {
			return "" // poppler cannot draw the original: nothing to compare
		}
		if p.WidthMM > p.HeightMM {
			want = want.turnedLeft()
		}
		if n := got.unlike(want.centred(got.w, got.h)); n > mostUnlike {
			keep(t, original, i, got, want.centred(got.w, got.h))
			return fmt.Sprintf("page %d: %d mm² differ", i+1, n)
		}
	}
	return ""
}

const (
	dpi = 100
	// mostUnlike is how many squares of about 1 mm² may differ on a page:
	// fewer than a short word covers.
	mostUnlike = 8
)

// keep writes both pictures of a difference where POSTGANG_CORPUS_PICTURES
// says, for a person to look at.
func keep(t *testing.T, original string, page int, got, want picture) {
	dir := os.Getenv("POSTGANG_CORPUS_PICTURES")
	if dir == "" {
		return
	}
	for kind, p := range map[string]picture{"got": got, "want": want} {
		name := fmt.Sprintf("%s.%d.%s.ppm", filepath.Base(original), page+1, kind)
		data := append([]byte(fmt.Sprintf("P6\n%d %d\n255\n", p.w, p.h)), p.pix...)
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
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

// renderOriginal draws an original page at dpi. Poppler ignores UserUnit, which
// then shows in the size.
func renderOriginal(ctx context.Context, dir, pdf string, page int, facts PageFacts, hide string) (picture, error) {
	resolution := float64(dpi)
	for {
		p, err := render(ctx, dir, pdf, page, "-cropbox", hide, "-r", strconv.FormatFloat(resolution, 'f', 6, 64))
		want := facts.WidthMM / 25.4 * dpi
		if err != nil || math.Abs(float64(p.w)-want) <= 2 || resolution != dpi {
			return p, err
		}
		resolution *= want / float64(p.w)
	}
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
	needTool(t, "pdftotext")
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
