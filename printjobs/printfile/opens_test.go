package printfile_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare"
	"postgang/printjobs/printfile"
)

// pdfLetter is a PDF of n pages with embedded fonts and a picture.
func pdfLetter(t testing.TB, id, n int) []byte {
	t.Helper()
	f := fpdf.New("P", "mm", "A4", "")
	f.AddUTF8FontFromBytes("sans", "", liberationsansregular.TTF)
	f.AddUTF8FontFromBytes("sans", "B", liberationsansbold.TTF)
	pic := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range 1600 {
		pic.Set(i%40, i/40, color.RGBA{uint8(i), uint8(i / 7), 90, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, pic); err != nil {
		t.Fatal(err)
	}
	f.RegisterImageOptionsReader("arms", fpdf.ImageOptions{ImageType: "PNG"}, &b)
	for p := range n {
		f.AddPage()
		f.ImageOptions("arms", 25, 20, 15, 15, false, fpdf.ImageOptions{}, 0, "")
		f.SetFont("sans", "B", 16)
		f.Text(25, 50, fmt.Sprintf("Vedtak nr. %d, side %d", id, p+1))
		f.SetFont("sans", "", 11)
		f.SetXY(25, 60)
		// Every letter has characters of its own, so a subset of its own.
		f.MultiCell(150, 6, strings.Repeat(fmt.Sprintf("Søknaden er innvilget. %c%c ", 'A'+id%26, 'Æ'+id%30), 20), "", "", false)
		f.SetFillColor(id*40%256, 80, 120)
		f.Rect(100, 200, 20+float64(p), 10, "F")
	}
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// prepared prepares PDFs and opens what comes out.
func prepared(t testing.TB, pdfs ...string) []*printfile.Prepared {
	t.Helper()
	var out []*printfile.Prepared
	for i, path := range pdfs {
		to := filepath.Join(t.TempDir(), fmt.Sprintf("%d.pdf", i))
		if _, err := prepare.Letter(context.Background(), prepare.Request{Documents: []prepare.Document{{Path: path}}, Output: to, Volatile: true}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		p, err := printfile.OpenPrepared(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// corpusLetters lists at most n public letters, or none when they are not here.
func corpusLetters(n int) []string {
	names, _ := filepath.Glob(filepath.Join(judges.Corpus(), "letters", "*.pdf"))
	return names[:min(n, len(names))]
}

// varied makes a print file with all that a linker can write: letters with
// fonts and pictures, two pages on a side, turned and clipped, blank sides,
// marks, a font of a kit, a title.
func varied(t testing.TB, letters []*printfile.Prepared, opt printfile.Options) (file []byte, sides int) {
	t.Helper()
	b := printfile.NewBuilder()
	font := b.Add(printfile.Dict{"Type": printfile.Name("Font"), "Subtype": printfile.Name("Type1"), "BaseFont": printfile.Name("Helvetica")})
	b.Share(font)
	kit, err := b.Kit()
	if err != nil {
		t.Fatal(err)
	}
	const w, h = 595.276, 841.89
	var buf bytes.Buffer
	l := printfile.NewLinker(&buf, opt)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	side := func(s printfile.Side) {
		t.Helper()
		must(l.AddSide(s))
		sides++
	}
	part := func(m printfile.PartMetadata, draw func()) {
		t.Helper()
		if opt.Parts {
			must(l.BeginPart(m.Dict()))
		}
		draw()
		if opt.Parts {
			must(l.EndPart())
		}
	}
	part(printfile.PartMetadata{Kind: "Header", Job: "ABCD000001"}, func() {
		side(printfile.Side{Width: w, Height: h, Kit: kit, Content: []byte("BT /F1 30 Tf 100 400 Td (ABCD000001) Tj ET"),
			Resources: printfile.Dict{"Font": printfile.Dict{"F1": font}}})
	})
	for i, p := range letters {
		part(printfile.PartMetadata{Kind: printfile.KindLetter, Job: "ABCD000001", ID: fmt.Sprint("letter-", i), Number: i + 1, Pages: p.NumPages(), Konteringskode: "å1"}, func() {
			for k := range p.NumPages() {
				side(printfile.Side{Width: w, Height: h, Placements: []printfile.Placement{{Source: p, Page: k, Matrix: printfile.Identity}},
					Content: fmt.Appendf(nil, "0 g 20 %d 8 1 re f 20 %d 8 1 re f", 300+5*k, 300+7*i)})
			}
			if p.NumPages()%2 == 1 {
				side(printfile.Side{Width: w, Height: h})
			}
			clip := &[4]float64{-8.5, -8.5, w + 8.5, h + 8.5}
			side(printfile.Side{Width: 2 * w, Height: h, Placements: []printfile.Placement{
				{Source: p, Page: 0, Matrix: printfile.Identity, Clip: clip},
				{Source: p, Page: p.NumPages() - 1, Matrix: [6]float64{0, 1, -1, 0, w + h, 0}, Clip: clip},
			}})
		})
	}
	res, err := l.Close()
	must(err)
	sum, err := printfile.Inspect(bytes.NewReader(buf.Bytes()), res.Bytes)
	must(err)
	if len(sum.Sides) != sides || opt.Parts != (len(sum.Parts) == len(letters)+1) {
		t.Fatalf("%d sides and %d parts", len(sum.Sides), len(sum.Parts))
	}
	return buf.Bytes(), sides
}

// pdfjs finds the folder in which "make judges" has put pdf.js. It is no package
// of Debian's, so where there is no Node that is new enough, or npm could not
// fetch it, it is no judge, in CI neither.
var pdfjs = sync.OnceValues(func() (folder, missing string) {
	out, err := exec.Command("node", "--version").Output()
	var major int
	if _, scan := fmt.Sscanf(string(out), "v%d.", &major); err != nil || scan != nil || major < 20 {
		return "", "node 20 or newer is not installed"
	}
	folder = os.Getenv("POSTGANG_PDFJS")
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", "no folder for caches"
		}
		folder = filepath.Join(cache, "postgang", "pdfjs-4.10.38")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "pdfjs-dist")); err != nil {
		return "", "pdf.js is not installed: make judges does that"
	}
	return folder, ""
})

// TestOpensWithoutAWarning: whatever the version, the cross-references and the
// parts, the programs that print shops and we use say nothing of a print file.
func TestOpensWithoutAWarning(t *testing.T) {
	t.Parallel()
	var pdfs []string
	for i := range 3 {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("letter%d.pdf", i))
		if err := os.WriteFile(path, pdfLetter(t, i, 1+i), 0o600); err != nil {
			t.Fatal(err)
		}
		pdfs = append(pdfs, path)
	}
	letters := prepared(t, append(pdfs, corpusLetters(2)...)...)
	dir := t.TempDir()
	var files []string
	var sides []int
	for _, version := range []string{"1.4", "1.5", "1.6", "1.7", "2.0"} {
		for _, stream := range []bool{false, true} {
			for _, parts := range []bool{false, true} {
				if stream && version < "1.5" || parts && version < "1.6" {
					continue
				}
				opt := printfile.Options{Version: version, XRefStream: stream, Parts: parts, MergeFonts: stream, Title: "ABCD000001 – prøve"}
				b, n := varied(t, letters, opt)
				path := filepath.Join(dir, fmt.Sprintf("%s stream=%v parts=%v.pdf", version, stream, parts))
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				files, sides = append(files, path), append(sides, n)
			}
		}
	}
	// What each says of a good file is nothing, but for qpdf.
	for _, judge := range []struct {
		name string
		args func(file string) []string
	}{
		{"qpdf", func(file string) []string { return []string{"--check", file} }},
		{"mutool", func(file string) []string {
			return []string{"draw", "-q", "-r", "20", "-F", "pgm", "-o", os.DevNull, file}
		}},
		{"pdftoppm", func(file string) []string {
			return []string{"-r", "20", "-gray", file, filepath.Join(t.TempDir(), "p")}
		}},
		{"gs", func(file string) []string {
			return []string{"-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-dPDFSTOPONERROR", "-dPDFSTOPONWARNING", "-sDEVICE=nullpage", file}
		}},
	} {
		t.Run(judge.name, func(t *testing.T) {
			t.Parallel()
			judges.Need(t, judge.name)
			for _, file := range files {
				out, err := exec.Command(judge.name, judge.args(file)...).CombinedOutput()
				if judge.name == "qpdf" {
					before, _, ok := strings.Cut(string(out), "No syntax or stream encoding errors found")
					if err != nil || !ok || strings.Contains(before, "WARNING") {
						t.Errorf("%s: %v\n%s", filepath.Base(file), err, out)
					}
					continue
				}
				// Debian's mutool says so of itself, whatever the file.
				out = bytes.ReplaceAll(out, []byte("warning: ICC support is not available\n"), nil)
				if err != nil || len(out) > 0 {
					t.Errorf("%s: %v\n%s", filepath.Base(file), err, out)
				}
			}
		})
	}
	t.Run("pdf.js", func(t *testing.T) {
		t.Parallel()
		folder, missing := pdfjs()
		if missing != "" {
			judges.Lacks(t, judges.PDFJS, missing)
		}
		// It takes its time, so it reads one file of each kind.
		files, sides := slices.Clone(files), slices.Clone(sides)
		for i := len(files) - 1; i >= 0; i-- {
			if name := filepath.Base(files[i]); name[:3] != "1.7" && strings.Contains(name, "false") && name[:3] != "1.4" {
				files, sides = slices.Delete(files, i, i+1), slices.Delete(sides, i, i+1)
			}
		}
		out, err := exec.Command("node", append([]string{filepath.Join("testdata", "pdfjs.mjs"), folder}, files...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		for i, file := range files {
			var pages, operators int
			if len(lines) != len(files) {
				t.Fatalf("pdf.js says:\n%s", out)
			}
			if _, err := fmt.Sscanf(lines[i], "pages %d operators %d", &pages, &operators); err != nil || pages != sides[i] || operators < 10*pages {
				t.Errorf("%s: pdf.js says %q, there are %d sides", filepath.Base(file), lines[i], sides[i])
			}
		}
	})
}
