package printjobs

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationserifregular"

	"postgang/fixtures/judges"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// made is a letter from its sender's PDFs to its prepared file.
type made struct {
	candidate Candidate
	originals []string // PDFs, one a document
	prepared  string
}

// source is an open prepared file.
type source struct {
	*os.File
	size int64
}

func (s source) Size() int64 { return s.size }

func open(path string) func(context.Context) (Source, error) {
	return func(context.Context) (Source, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		return source{f, info.Size()}, nil
	}
}

// write makes a PDF with text, lines, fills and an embedded font; each page
// looks different.
func write(t testing.TB, path, name string, pages int, colour bool) {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.AddUTF8FontFromBytes("serif", "", liberationserifregular.TTF)
	for p := 1; p <= pages; p++ {
		pdf.AddPage()
		pdf.SetFont("serif", "", 24)
		pdf.Text(25, 40, fmt.Sprintf("%s side %d av %d", name, p, pages))
		pdf.SetFont("serif", "", 11)
		for line := range 10 + 3*p {
			pdf.Text(25, 55+float64(line)*6, fmt.Sprintf("Linje %d: blåbærsyltetøy på brødskive, %d kr.", line, line*p*37))
		}
		if colour && p%2 == 1 {
			pdf.SetFillColor(200, 30, 40)
		} else {
			pdf.SetFillColor(90, 90, 90)
		}
		pdf.Circle(60+float64(p)*15, 230, 12+float64(p), "F")
		pdf.Line(25, 260, 25+float64(p)*20, 275)
	}
	if err := pdf.OutputFileAndClose(path); err != nil {
		t.Fatal(err)
	}
}

// prepareLetter runs a letter through package prepare.
func prepareLetter(t testing.TB, dir string, c Candidate, giro map[int][]int, originals ...string) made {
	t.Helper()
	req := prepare.Request{Output: filepath.Join(dir, c.Shipment+".prepared.pdf")}
	for i, path := range originals {
		req.Documents = append(req.Documents, prepare.Document{Path: path, GiroPages: giro[i]})
	}
	facts, err := prepare.Letter(t.Context(), req)
	if err != nil {
		t.Fatalf("%s: %v", c.Shipment, err)
	}
	c.Facts = facts
	return made{c, originals, req.Output}
}

// TestNight takes letters from their senders' PDFs all the way to print files
// and compares every side with what the sender sent, as poppler draws both.
func TestNight(t *testing.T) {
	if testing.Short() {
		t.Skip("renders every page of a night")
	}
	t.Parallel()
	for _, tool := range []string{"qpdf", "pdftoppm"} {
		judges.Need(t, tool)
	}
	dir := t.TempDir()
	letters := map[string]made{}
	add := func(id string, change func(*Candidate), giro map[int][]int, colour bool, pages ...int) {
		c := candidate(id, change)
		var originals []string
		for i, n := range pages {
			path := filepath.Join(dir, fmt.Sprintf("%s-%d.pdf", id, i+1))
			write(t, path, fmt.Sprintf("Brev %s dokument %d", id, i+1), n, colour)
			originals = append(originals, path)
		}
		letters[id] = prepareLetter(t, dir, c, giro, originals...)
	}
	two := func(c *Candidate) { c.Duplex = true }
	add("n-one-page", two, nil, false, 1)
	add("n-simplex", nil, nil, false, 3, 1)
	add("n-duplex", two, nil, false, 3, 2)
	add("n-giro", two, map[int][]int{0: {2}, 1: {1}}, false, 3, 2)
	add("n-colour", func(c *Candidate) { c.Duplex, c.Colour = true, true }, nil, true, 4)
	add("n-colour-not-asked", two, nil, true, 2)
	add("n-thick", func(c *Candidate) { c.Account = "skole" }, nil, false, 9)
	add("n-abroad", func(c *Candidate) { c.Zone = exchange.ZoneEurope; c.Konteringskode = "" }, nil, false, 2)
	if real := judges.Corpus(); real == "" {
		t.Log("the corpus of real letters is not there; only made ones are tested")
	} else {
		paths, err := filepath.Glob(filepath.Join(real, "letters", "*.pdf"))
		if err != nil {
			t.Fatal(err)
		}
		for i, path := range paths[:min(12, len(paths))] {
			id := fmt.Sprintf("r-%02d", i)
			letters[id] = prepareLetter(t, dir, candidate(id, func(c *Candidate) { c.Duplex = i%3 > 0; c.Colour = i%2 > 0 }), nil, path)
		}
	}

	p := testProfile(t)
	p.MaxSheetsPerFile = 20
	var candidates []Candidate
	for _, l := range letters {
		candidates = append(candidates, l.candidate)
	}
	jobs, aside, err := Plan(candidates, p)
	if err != nil || len(aside) > 0 {
		t.Fatalf("plan: %v\n%s", err, dump(nil, aside))
	}
	printed := 0
	for i, planned := range jobs {
		id := fmt.Sprintf("NATT%06d", i+1)
		p.MergeFonts = i%2 == 1 // which nobody must see
		job := Job{ID: id, Vendor: "trykkeriet", Created: testCreated, Class: planned.Class, Makers: makers(t, p)}
		var list []Letter
		for _, l := range planned.Letters {
			list = append(list, Letter{l, coverOf(l.Shipment), open(letters[l.Shipment].prepared), nil, "", nil})
		}
		job.Letters = Letters(list...)
		jobDir := filepath.Join(dir, id)
		out, err := Compose(t.Context(), jobDir, job, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkComposed(t, jobDir, planned, out, p)
		printed += compareSides(t, planned, out, letters, p)
	}
	if printed != len(letters) {
		t.Errorf("%d letters in print files, want %d", printed, len(letters))
	}
}

// compareSides draws the print files of a job and compares each side with the
// sender's page, each cover's DataMatrix with the shipment. It gives the number
// of letters found.
func compareSides(t *testing.T, planned Planned, out Composed, letters map[string]made, p Profile) int {
	t.Helper()
	const dpi = 50
	at := 0
	for _, f := range out.Ticket.PrintFiles() {
		path := out.Files[slices.IndexFunc(out.Files, func(c ComposedFile) bool { return c.Name == f.Name })].Path
		run(t, "qpdf", "--check", path)
		drawn := raster(t, path, dpi)
		corners := matrices(t, path, p)
		side := 0
		for range f.Letters {
			l := planned.Letters[at]
			at++
			var originals []*image.Gray
			for _, doc := range letters[l.Shipment].originals {
				originals = append(originals, raster(t, doc, dpi)...)
			}
			prepared := raster(t, letters[l.Shipment].prepared, dpi)
			next := 0
			for _, want := range wantSides(l.Candidate, planned.Class.Duplex) {
				if side >= len(drawn) {
					t.Fatalf("%s: has only %d sides", f.Name, len(drawn))
				}
				switch want {
				case "cover":
					if id := readMatrix(t, corners[side]); id != l.Shipment {
						t.Errorf("%s side %d: DataMatrix says %q, want %q", f.Name, side+1, id, l.Shipment)
					}
				case "":
					if n := darkest(drawn[side]); n != 255 {
						t.Errorf("%s side %d is to be empty and is as dark as %d", f.Name, side+1, n)
					}
				default:
					if !same(drawn[side], prepared[next]) {
						t.Errorf("%s side %d is not drawn as %s page %d of the prepared letter", f.Name, side+1, l.Shipment, next+1)
					}
					if n := unlike(drawn[side], originals[next]); n > 0 {
						t.Errorf("%s side %d differs from %s page %d of the letter in %d squares", f.Name, side+1, l.Shipment, next+1, n)
					}
					next++
				}
				side++
			}
			if next != len(originals) {
				t.Errorf("%s: %d of %d pages found", l.Shipment, next, len(originals))
			}
		}
		if side != len(drawn) {
			t.Errorf("%s has %d sides, want %d", f.Name, len(drawn), side)
		}
	}
	return at
}

func darkest(g *image.Gray) uint8 { return slices.Min(g.Pix) }

// same tells whether two pages are drawn the same to the last dot.
func same(a, b *image.Gray) bool { return a.Rect == b.Rect && slices.Equal(a.Pix, b.Pix) }

// unlike counts the squares of about 3 mm whose mean grey is not the same on
// both pages. Preparing may shift a page by some thousandths of a point, and
// poppler then sets small letters up to a quarter of a dot apart; in the mean
// of a square that disappears, and a word that is missing or another does not.
func unlike(a, b *image.Gray) int {
	if a.Rect != b.Rect {
		return max(len(a.Pix), len(b.Pix))
	}
	const box, rounding = 6, 20
	n := 0
	for y := 0; y+box <= a.Rect.Dy(); y += box {
		for x := 0; x+box <= a.Rect.Dx(); x += box {
			sum := 0
			for v := y; v < y+box; v++ {
				for u := x; u < x+box; u++ {
					sum += int(a.Pix[v*a.Stride+u]) - int(b.Pix[v*b.Stride+u])
				}
			}
			if mean := sum / (box * box); mean > rounding || mean < -rounding {
				n++
			}
		}
	}
	return n
}

// TestJudgeSeesASwap keeps the judge honest: two pages of one letter, and two
// letters that differ in a word, are not the same to it.
func TestJudgeSeesASwap(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	draw := func(name string) []*image.Gray {
		path := filepath.Join(t.TempDir(), "a.pdf")
		write(t, path, name, 2, false)
		return raster(t, path, 50)
	}
	one, other := draw("Brev til en"), draw("Brev til to")
	for what, pair := range map[string][2]*image.Gray{"two pages": {one[0], one[1]}, "two letters": {one[0], other[0]}} {
		if n := unlike(pair[0], pair[1]); n == 0 || same(pair[0], pair[1]) {
			t.Errorf("%s are alike", what)
		}
	}
	if unlike(one[0], one[0]) != 0 || !same(one[0], one[0]) {
		t.Error("a page is not like itself")
	}
}

// diskFull, in the environment, makes this test binary the child of
// TestComposeDiskFull.
const diskFull = "POSTGANG_TEST_DISK_FULL"

// TestComposeDiskFull: a write that the system refuses is no letter's fault,
// and leaves nothing behind. A limit on file sizes stands for the full disk; it
// needs a process of its own.
func TestComposeDiskFull(t *testing.T) {
	if os.Getenv(diskFull) != "" {
		composeOnFullDisk(t)
		return
	}
	t.Parallel()
	judges.Need(t, "sh")
	// 1,024 blocks of 512 bytes; the letters have far more.
	cmd := exec.Command("sh", "-c", `ulimit -f 1024 && exec "$0" "$@"`, os.Args[0], "-test.run=^TestComposeDiskFull$", "-test.v")
	cmd.Env = append(os.Environ(), diskFull+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestComposeDiskFull") {
		t.Fatalf("child: %v\n%s", err, out)
	}
}

func composeOnFullDisk(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	p := testProfile(t)
	var candidates []Candidate
	for i := range 12 {
		candidates = append(candidates, candidate(fmt.Sprintf("d%02d", i), nil))
	}
	planned, s := planOne(t, p, 100_000, candidates...)
	dir := t.TempDir()
	_, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
	var faults *LetterErrors
	if !errors.Is(err, syscall.EFBIG) || errors.As(err, &faults) {
		t.Fatalf("got %v, want the error of the system alone", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if s.open != 0 {
		t.Errorf("%d sources still open", s.open)
	}
}

// TestComposeFolderGone: the folder vanishes while composing.
func TestComposeFolderGone(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	planned, s := planOne(t, p, 0, candidate("v1", nil), candidate("v2", nil))
	dir := filepath.Join(t.TempDir(), "job")
	_, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, func(done int) {
		if done == 2 {
			os.RemoveAll(dir) // the error that follows shows it
		}
	})
	var faults *LetterErrors
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, &faults) {
		t.Errorf("got %v, want that the folder is not there", err)
	}
}
