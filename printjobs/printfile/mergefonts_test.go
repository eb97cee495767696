package printfile_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/printfile"
)

// lettersWithSubsets are prepared letters that each bring subsets of their own:
// generated ones, and public ones when they are here.
func lettersWithSubsets(t testing.TB, public int) []*printfile.Prepared {
	t.Helper()
	paths := corpusLetters(public)
	for i := range 6 {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("letter%d.pdf", i))
		if err := os.WriteFile(path, pdfLetter(t, i, 1+i%2), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return prepared(t, paths...)
}

// linkAll writes each page on a side of its own.
func linkAll(t testing.TB, w io.Writer, letters []*printfile.Prepared, opt printfile.Options) printfile.Result {
	t.Helper()
	l := printfile.NewLinker(w, opt)
	for _, p := range letters {
		for k := range p.NumPages() {
			if err := l.AddSide(printfile.Side{Width: 595.276, Height: 841.89, Placements: []printfile.Placement{{Source: p, Page: k, Matrix: printfile.Identity}}}); err != nil {
				t.Fatal(err)
			}
		}
		l.Release(p)
	}
	res, err := l.Close()
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestMergedFontsLookAlike: with the subsets of all letters merged, every page is
// drawn as before, to the pixel, says the same text, and there is one font
// program a face.
func TestMergedFontsLookAlike(t *testing.T) {
	t.Parallel()
	letters := lettersWithSubsets(t, 12)
	dir := t.TempDir()
	files := [2]string{filepath.Join(dir, "apart.pdf"), filepath.Join(dir, "merged.pdf")}
	var results [2]printfile.Result
	var programs [2]int
	for i, opt := range []printfile.Options{{}, {MergeFonts: true}} {
		var buf, again bytes.Buffer
		results[i] = linkAll(t, &buf, letters, opt)
		if _, err := printfile.Inspect(bytes.NewReader(buf.Bytes()), results[i].Bytes); err != nil {
			t.Fatal(err)
		}
		if linkAll(t, &again, letters, opt); !bytes.Equal(buf.Bytes(), again.Bytes()) {
			t.Fatalf("%+v: not deterministic", opt)
		}
		if err := os.WriteFile(files[i], buf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		// A descriptor names its program once; programs are streams of their own.
		seen := make(map[string]bool)
		for _, m := range regexp.MustCompile(`/FontFile2 (\d+) 0 R`).FindAllSubmatch(buf.Bytes(), -1) {
			seen[string(m[1])] = true
		}
		programs[i] = len(seen)
	}
	apart, merged := results[0], results[1]
	t.Logf("%d font programs in %d bytes; merged %d fonts to %d programs in %d bytes", programs[0], apart.Bytes, merged.FontsMerged, programs[1], merged.Bytes)
	if merged.FontsMerged < 10 || programs[1] != merged.FontFaces || merged.FontFaces > 6 || programs[0] < 2*programs[1] || merged.Bytes >= apart.Bytes {
		t.Errorf("nothing was gained: %+v before, %+v merged", apart, merged)
	}
	run := func(t *testing.T, name string, args ...string) []byte {
		t.Helper()
		judges.Need(t, name)
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return bytes.ReplaceAll(out, []byte("warning: ICC support is not available\n"), nil)
	}
	run(t, "qpdf", "--check", files[1])
	if a, b := run(t, "pdftotext", files[0], "-"), run(t, "pdftotext", files[1], "-"); !bytes.Equal(a, b) || len(a) < 1000 {
		t.Error("the text is another")
	}
	for _, c := range []struct {
		name string
		args func(file, to string) []string
	}{
		{"mutool", func(file, to string) []string {
			return []string{"draw", "-q", "-r", "100", "-o", filepath.Join(to, "%03d.ppm"), file}
		}},
		{"pdftoppm", func(file, to string) []string { return []string{"-r", "100", file, filepath.Join(to, "p")} }},
		{"gs", func(file, to string) []string {
			return []string{"-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-dPDFSTOPONWARNING", "-r100", "-sDEVICE=ppmraw", "-o", filepath.Join(to, "%03d.ppm"), file}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			to := [2]string{t.TempDir(), t.TempDir()}
			for i, file := range files {
				if out := run(t, c.name, c.args(file, to[i])...); len(out) > 0 {
					t.Errorf("says %s", out)
				}
			}
			pages, err := os.ReadDir(to[0])
			if err != nil || len(pages) != apart.Sides {
				t.Fatalf("%d pages of %d (%v)", len(pages), apart.Sides, err)
			}
			for _, page := range pages {
				a, errA := os.ReadFile(filepath.Join(to[0], page.Name()))
				b, errB := os.ReadFile(filepath.Join(to[1], page.Name()))
				if errA != nil || errB != nil || !bytes.Equal(a, b) {
					t.Errorf("%s looks different (%v, %v)", page.Name(), errA, errB)
				}
			}
		})
	}
}

// BenchmarkMergeFonts links letters as if all were different, with their subsets
// as they came and merged.
func BenchmarkMergeFonts(b *testing.B) {
	letters := lettersWithSubsets(b, 60)
	for _, merge := range []bool{false, true} {
		b.Run(fmt.Sprintf("merge=%v", merge), func(b *testing.B) {
			b.ReportAllocs()
			var res printfile.Result
			for b.Loop() {
				res = linkAll(b, io.Discard, letters, printfile.Options{MergeFonts: merge})
			}
			b.ReportMetric(float64(res.Bytes)/float64(len(letters)), "B/letter")
			b.ReportMetric(float64(len(letters)*b.N)/b.Elapsed().Seconds(), "letters/s")
		})
	}
}
