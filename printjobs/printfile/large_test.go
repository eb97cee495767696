package printfile

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"postgang/fixtures/judges"
)

// sparse is a file in which zeros take no room.
type sparse struct {
	*os.File
	size int64
}

var zeros [64 << 10]byte

func (s *sparse) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		part := b[:min(len(b), len(zeros))]
		if !bytes.Equal(part, zeros[:len(part)]) {
			if _, err := s.WriteAt(part, s.size); err != nil {
				return 0, err
			}
		}
		s.size += int64(len(part))
		b = b[len(part):]
	}
	return n, nil
}

// filler is a page of n bytes of white space.
func filler(t testing.TB, n int) *Prepared {
	t.Helper()
	b := NewBuilder()
	b.AddPage(b.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": Array{Int(0), Int(0), Int(100), Int(100)}}, Data: make([]byte, n)}), 100, 100)
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// crowd is a page that reaches n objects.
func crowd(t testing.TB, n int) *Prepared {
	t.Helper()
	b := NewBuilder()
	all := make(Array, n)
	for i := range all {
		all[i] = b.Add(Int(1))
	}
	b.AddPage(b.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": Array{Int(0), Int(0), Int(100), Int(100)}, "PGTest": b.Add(all)}}), 100, 100)
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Print files of more than 4 GB with a classic table, and of more than 10¹⁰ bytes
// and 8,388,607 objects with a stream: our reader reads all, and other programs
// find the last page. The second takes a minute, so it runs only when asked for.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("writes files of gigabytes")
	}
	t.Parallel()
	gap := filler(t, 1<<29)
	for _, c := range []struct {
		name          string
		gaps, objects int
		above         int64 // bytes
		judges        []string
	}{
		{"4 GB", 8, 1, 1 << 32, []string{"qpdf", "mutool", "pdftotext", "gs"}},
		// qpdf takes minutes, and MuPDF refuses files of more objects than
		// annex C of ISO 32000-1 asks for.
		{"annex C", 19, 8_388_607, classicMax, []string{"pdftotext", "gs"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.objects > 1 && os.Getenv("POSTGANG_LARGE") == "" {
				t.Skip("set POSTGANG_LARGE=1 to write 10 GB of zeros")
			}
			f, err := os.Create(filepath.Join(t.TempDir(), "large.pdf"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			out := &sparse{File: f}
			l := NewLinker(out, Options{TempDir: t.TempDir()})
			sides := 0
			place := func(p *Prepared) {
				t.Helper()
				if err := l.AddSide(Side{Width: 595.276, Height: 841.89, Placements: []Placement{{p, 0, Identity, nil}}}); err != nil {
					t.Fatal(err)
				}
				l.Release(p)
				sides++
			}
			for range c.gaps {
				place(gap)
			}
			for many := crowd(t, 1<<16); int(l.offs.count) <= c.objects; {
				place(many)
			}
			place(letter(t, 7, 1))
			res, err := l.Close()
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Truncate(out.size); err != nil {
				t.Fatal(err)
			}
			found := 0
			sum, err := InspectSides(f, out.size, func(SideSummary) { found++ })
			if err != nil || sum.SHA256 != res.SHA256 || found != sides || sum.Objects != res.Objects {
				t.Fatalf("%v; %d sides of %d, %d objects of %d", err, found, sides, sum.Objects, res.Objects)
			}
			if res.Bytes <= c.above || res.Objects <= c.objects {
				t.Fatalf("%d bytes and %d objects are not large", res.Bytes, res.Objects)
			}
			last := strconv.Itoa(sides)
			for _, judge := range c.judges {
				args, want := map[string][]string{
					"qpdf":      {"--show-npages", f.Name()},
					"mutool":    {"draw", "-q", "-F", "txt", "-o", "-", f.Name(), last},
					"pdftotext": {"-f", last, "-l", last, f.Name(), "-"},
					"gs":        {"-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=txtwrite", "-o", "-", "-dFirstPage=" + last, f.Name()},
				}[judge], "Letter 7 page 1"
				if judge == "qpdf" {
					want = last
				}
				said, err := exec.Command(judges.Path(t, judge), args...).CombinedOutput()
				if err != nil || !strings.Contains(string(said), want) {
					t.Errorf("%s: %v\n%.500s", judge, err, said)
				}
			}
		})
	}
}
