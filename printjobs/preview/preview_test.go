package preview_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/fixtures/judges"
	"postgang/fixtures/letters"
	"postgang/printjobs/prepare"
	"postgang/printjobs/preview"
)

// newRenderer gives a renderer whose module is compiled once.
func newRenderer(t *testing.T) *preview.Renderer {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles PDFium from WebAssembly")
	}
	r, err := preview.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestDrawsAsPoppler: the pages of prepared letters, the demonstration's and public ones, are drawn by PDFium as poppler
// draws them; a judge of the prepared file that shares no code with the others.
func TestDrawsAsPoppler(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	r := newRenderer(t)
	dir := t.TempDir()
	if _, err := letters.Generate(dir, letters.Options{Shipments: letters.MinShipments}); err != nil {
		t.Fatal(err)
	}
	made := pdfs(t, dir)
	if len(made) < 100 {
		t.Fatalf("only %d PDFs made", len(made))
	}
	public := pdfs(t, judges.Corpus())
	if len(public) == 0 {
		t.Log("no public PDFs (POSTGANG_CORPUS); the demonstration's letters only")
	}
	sample := 8 // of our own, one in so many
	if len(public) == 0 {
		sample = 5
	}
	looked, compared := 0, 0
	for i, file := range append(made, public...) {
		own := i < len(made)
		letter := own || filepath.Base(filepath.Dir(file)) != "pdfjs"
		// Public letters as they are sent are opened all, of the others a sample.
		full := os.Getenv("POSTGANG_CORPUS_FULL") != ""
		if !full && (own && i%sample != 0 || !letter && i%40 != 0) {
			continue
		}
		prepared := filepath.Join(t.TempDir(), "out.pdf")
		facts, err := prepare.Letter(t.Context(), prepare.Request{Documents: []prepare.Document{{Path: file}}, Output: prepared})
		var refusal *prepare.Refusal
		if errors.As(err, &refusal) {
			continue
		}
		if err != nil {
			t.Errorf("%s: prepare: %v", filepath.Base(file), err)
			continue
		}
		looked++
		// Each renderer has its own substitutes for fonts that are not in the file.
		ownFonts := !slices.ContainsFunc(facts.Warnings, func(f prepare.Finding) bool { return f.Code == prepare.CodeFontNotEmbedded })
		compare := letter && ownFonts && (full || i%sample == 0)
		o := preview.Options{DPI: preview.MinDPI, PageTime: 10 * time.Minute}
		if compare {
			o.DPI = preview.DefaultDPI
		}
		last := len(facts.Pages)
		if !full {
			last = min(last, 2)
		}
		o.Want = func(page int) bool { return page <= last }
		drawn := 0
		pages, err := renderFile(t.Context(), r, prepared, o, func(p preview.Page) error {
			drawn++
			if !compare {
				return nil
			}
			want, err := poppler(t.Context(), prepared, p.Number)
			if err != nil {
				return err
			}
			compared++
			if n := unlike(p.Image, want); n > mostUnlike {
				t.Errorf("%s, page %d: %d of about 1 mm² are unlike poppler's", filepath.Base(file), p.Number, n)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		if pages != len(facts.Pages) || drawn != last {
			t.Errorf("%s: %d pages, %d drawn; the facts say %d", filepath.Base(file), pages, drawn, len(facts.Pages))
		}
	}
	t.Logf("%d prepared letters drawn, %d pages compared with poppler", looked, compared)
	if looked < 15 || compared < 15 {
		t.Error("too few to say anything")
	}
}

// corpus is the folder of public PDFs, which are not part of the repository.
func pdfs(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && strings.HasSuffix(path, ".pdf") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func renderFile(ctx context.Context, r *preview.Renderer, path string, o preview.Options, draw func(preview.Page) error) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return r.Render(ctx, f, info.Size(), o, draw)
}

// poppler draws one page at the default resolution.
func poppler(ctx context.Context, pdf string, page int) (*image.RGBA, error) {
	n := fmt.Sprint(page)
	out, err := exec.CommandContext(ctx, "pdftoppm", "-r", fmt.Sprint(preview.DefaultDPI), "-f", n, "-l", n, pdf).Output()
	if err != nil {
		return nil, fmt.Errorf("pdftoppm: %w", err)
	}
	var w, h, most int
	if _, err := fmt.Sscanf(string(out[:min(len(out), 40)]), "P6\n%d %d\n%d", &w, &h, &most); err != nil || len(out) < 3*w*h {
		return nil, fmt.Errorf("pdftoppm: no picture: %w", err)
	}
	out = out[len(out)-3*w*h:]
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(m.Pix[4*i:4*i+3], out[3*i:])
		m.Pix[4*i+3] = 255
	}
	return m, nil
}

const (
	// square is the side in pixels of what is compared: about 1 mm. How glyphs are rounded disappears in its mean.
	square = 4
	// beside is how many pixels a square may lie from its place.
	beside = 2
	// shade is how far the means of squares that are alike may lie from one another.
	shade = 64
	// mostUnlike is how many squares of a page may be unlike: fewer than a short word covers.
	mostUnlike = 12
)

// unlike counts the squares of a page that are not found in the other, whichever way more are missing. Renderers round
// the size of a page by a pixel; the rest must be there.
func unlike(a, b *image.RGBA) int {
	if d := a.Rect.Size().Sub(b.Rect.Size()); max(d.X, -d.X, d.Y, -d.Y) > 1 {
		return a.Rect.Dx() * a.Rect.Dy()
	}
	return max(missing(a, b), missing(b, a))
}

func missing(a, b *image.RGBA) (n int) {
	for y := square; y < a.Rect.Dy()-square; y += square {
	next:
		for x := square; x < a.Rect.Dx()-square; x += square {
			want := meanOf(a, x, y)
			for dy := -beside; dy <= beside; dy++ {
				for dx := -beside; dx <= beside; dx++ {
					got, alike := meanOf(b, x+dx, y+dy), true
					for c := range want {
						d := want[c] - got[c]
						alike = alike && max(d, -d) <= shade
					}
					if alike {
						continue next
					}
				}
			}
			n++
		}
	}
	return n
}

func meanOf(m *image.RGBA, x0, y0 int) (mean [3]int) {
	n := 0
	for y := y0; y < min(y0+square, m.Rect.Dy()); y++ {
		for x := x0; x < min(x0+square, m.Rect.Dx()); x++ {
			for c := range mean {
				mean[c] += int(m.Pix[y*m.Stride+4*x+c])
			}
			n++
		}
	}
	for c := range mean {
		mean[c] /= max(n, 1)
	}
	return mean
}

// pdf writes a file of pages of the given size in points, each with the content.
func pdf(width, height float64, pages int, content string) []byte {
	var b bytes.Buffer
	var at []int
	obj := func(format string, args ...any) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(at)}, args...)...)
	}
	b.WriteString("%PDF-1.4\n")
	obj("<</Type/Catalog/Pages 2 0 R>>")
	kids := strings.Repeat("3 0 R ", pages)
	obj("<</Type/Pages/Count %d/Kids[%s]>>", pages, kids)
	obj("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]/Resources<</ExtGState<</G<</ca 0.5/BM/Multiply>>>>>>/Contents 4 0 R>>", width, height)
	obj("<</Length %d>>stream\n%s\nendstream", len(content), content)
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, off := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", off)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

// TestRender: pages one by one, in the wanted resolution, and only the wanted ones.
func TestRender(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	file := pdf(144, 72, 3, "1 0 0 rg 0 0 72 72 re f")
	var got []int
	pages, err := r.Render(t.Context(), bytes.NewReader(file), int64(len(file)), preview.Options{DPI: 50, Want: func(n int) bool { return n != 2 }}, func(p preview.Page) error {
		got = append(got, p.Number)
		if p.Of != 3 || p.Image.Rect != image.Rect(0, 0, 100, 50) {
			t.Errorf("page %d of %d is %v", p.Number, p.Of, p.Image.Rect)
		}
		if left, right := p.Image.RGBAAt(25, 25), p.Image.RGBAAt(75, 25); left.R != 255 || left.G != 0 || right.G != 255 || right.A != 255 {
			t.Errorf("left is %v, right is %v; want red and white", left, right)
		}
		return nil
	})
	if err != nil || pages != 3 || fmt.Sprint(got) != "[1 3]" {
		t.Errorf("%d pages, drawn %v, %v", pages, got, err)
	}
}

// TestTexts: what can be read on the wanted pages is told before any is drawn.
func TestTexts(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	if err := r.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := bytes.Replace(pdf(300, 72, 3, "BT /F 12 Tf 10 50 Td (Kjære mottaker) Tj 0 -20 Td (Hilsen oss) Tj ET"), []byte("/Resources<<"),
		[]byte("/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>>>"), 1)
	file = bytes.Replace(file, []byte("æ"), []byte{0xe6}, 1)
	var told map[int]string
	drawn, pages := 0, 0
	_, err := r.Render(t.Context(), bytes.NewReader(file), int64(len(file)), preview.Options{DPI: 50, Want: func(n int) bool { return n != 2 }, Texts: func(n int, m map[int]string) { pages, told = n, m }}, func(preview.Page) error {
		if drawn++; told == nil {
			t.Error("a page is drawn before the texts are told")
		}
		return nil
	})
	if want := "Kjære mottaker\nHilsen oss"; err != nil || drawn != 2 || pages != 3 || len(told) != 2 || told[1] != want || told[3] != want {
		t.Errorf("%d drawn, told %v, %v", drawn, told, err)
	}
}

// TestFit: a page that is larger than A4 gets no more pixels than A4, and its size is told.
func TestFit(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, c := range []struct{ width, height, wide, high float64 }{{595, 842, 595, 842}, {3000, 1500, 840, 420}} {
		file := pdf(c.width, c.height, 1, "")
		_, err := r.Render(t.Context(), bytes.NewReader(file), int64(len(file)), preview.Options{DPI: 72, Fit: true}, func(p preview.Page) error {
			if got := p.Image.Bounds(); math.Abs(float64(got.Dx())/c.wide-1) > 0.02 || math.Abs(float64(got.Dy())/c.high-1) > 0.02 || p.Width != c.width || p.Height != c.height {
				t.Errorf("%+v: %v, %g × %g", c, got, p.Width, p.Height)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	good, stop := pdf(144, 72, 2, "0 g 0 0 72 72 re f"), errors.New("stop")
	// Each of 100,000 blended fills of a large page takes milliseconds.
	endless := pdf(7200, 7200, 1, "/G gs\n"+strings.Repeat("0 0 7200 7200 re f\n", 100_000))
	ignore := func(preview.Page) error { return nil }
	if _, err := r.Render(t.Context(), bytes.NewReader(good), int64(len(good)), preview.Options{}, ignore); err != nil { // compiles
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	t.Cleanup(cancel)
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		ctx   context.Context
		file  []byte
		dpi   int
		limit time.Duration
		draw  func(preview.Page) error
		want  error  // or
		text  string // in the error's text
	}{
		"no PDF":          {file: []byte("no PDF"), text: "open PDF"},
		"nothing":         {file: nil, text: "open PDF"},
		"cut":             {file: good[:100], text: "open PDF"},
		"coarse":          {file: good, dpi: preview.MinDPI - 1, text: "dots an inch"},
		"fine":            {file: good, dpi: preview.MaxDPI + 1, text: "dots an inch"},
		"slow":            {file: endless, dpi: 72, limit: time.Second, want: preview.ErrSlow},
		"large":           {file: pdf(14400, 14400, 1, ""), want: preview.ErrLarge},
		"draw refuses":    {file: good, draw: func(preview.Page) error { return stop }, want: stop},
		"draw panics":     {file: good, draw: func(preview.Page) error { panic("oh") }, text: "broke: oh"},
		"ended before":    {ctx: ended, file: good, want: context.Canceled},
		"ended in a page": {ctx: soon, file: endless, dpi: 72, want: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if c.ctx != nil {
				ctx = c.ctx
			}
			draw := c.draw
			if draw == nil {
				draw = ignore
			}
			start := time.Now()
			_, err := r.Render(ctx, bytes.NewReader(c.file), int64(len(c.file)), preview.Options{DPI: c.dpi, PageTime: c.limit}, draw)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v; want %v %q", err, c.want, c.text)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestCompiledModuleIsKept: a second renderer with the same folder does not compile again, and a folder that others may
// write to is refused, since what lies in it is run.
func TestCompiledModuleIsKept(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles PDFium from WebAssembly")
	}
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	file := pdf(144, 72, 1, "")
	count := func() (n int) {
		_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error { // counted only
			if err == nil && !d.IsDir() {
				n++
			}
			return nil
		})
		return n
	}
	for range 2 {
		r, err := preview.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Render(t.Context(), bytes.NewReader(file), int64(len(file)), preview.Options{}, func(preview.Page) error { return nil }); err != nil {
			t.Error(err)
		}
		if err := r.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if n := count(); n != 1 {
			t.Errorf("%d files in the folder, want the one module", n)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := preview.New(dir); err == nil || !strings.Contains(err.Error(), "can be written by others") {
		t.Errorf("error %v", err)
	}
}
