package printjobs

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"

	"postgang/fixtures/judges"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/printfile"
)

func testProfile(t testing.TB) Profile {
	t.Helper()
	p := DefaultProfile()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

// run gives what a tool prints, and fails when the tool does.
func run(t testing.TB, tool string, args ...string) []byte {
	t.Helper()
	judges.Need(t, tool)
	var stderr bytes.Buffer
	cmd := exec.Command(tool, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", tool, err, out, stderr.Bytes())
	}
	return out
}

// memory is a prepared letter in memory that knows whether it was closed.
type memory struct {
	*bytes.Reader
	open *int
}

func (m memory) Close() error { *m.open--; return nil }

// shelf holds prepared letters by shipment and counts those open.
type shelf struct {
	files map[string][]byte
	open  int
	most  int
}

func (s *shelf) opener(id string) func(context.Context) (Source, error) {
	return func(context.Context) (Source, error) {
		s.open++
		s.most = max(s.most, s.open)
		return memory{bytes.NewReader(s.files[id]), &s.open}, nil
	}
}

// marker is the text on a page of a test letter.
func marker(shipment string, document, page int) string {
	return fmt.Sprintf("MARK-%s-%d-%d", shipment, document, page)
}

// build makes a prepared letter for a candidate by hand: each page says who it
// is, and carries ballast bytes that no compressor can take away.
func build(t testing.TB, c *Candidate, ballast int) []byte {
	t.Helper()
	b := printfile.NewBuilder()
	font := b.Add(printfile.Dict{"Type": printfile.Name("Font"), "Subtype": printfile.Name("Type1"), "BaseFont": printfile.Name("Helvetica")})
	resources := b.Add(printfile.Dict{"Font": printfile.Dict{"F": font}})
	b.Share(resources)
	noise := rand.New(rand.NewPCG(uint64(len(c.Shipment)), uint64(ballast)))
	for _, f := range c.Facts.Pages {
		content := fmt.Appendf(nil, "BT /F 20 Tf 100 500 Td (%s) Tj ET\n", marker(c.Shipment, f.Document+1, f.Page))
		if ballast > 0 {
			content = append(content, '%')
			for len(content) < ballast {
				content = strconv.AppendUint(content, noise.Uint64(), 36)
			}
			content = append(content, '\n')
		}
		form := b.Add(printfile.Stream{Dict: printfile.Dict{
			"Type": printfile.Name("XObject"), "Subtype": printfile.Name("Form"), "Resources": resources,
			"BBox": printfile.Array{printfile.Int(0), printfile.Int(0), printfile.Real(sideWidth), printfile.Real(sideHeight)},
		}, Data: content})
		b.AddPage(form, sideWidth, sideHeight)
	}
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if _, err := p.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	c.Facts.Bytes = int64(buf.Len())
	return buf.Bytes()
}

func maker(t testing.TB, p Profile, name string) *cover.Maker {
	t.Helper()
	m, err := cover.New(p.Layout, cover.Sender{
		Name: name, Line1: "Rådhusgata 1", Postcode: "0151", City: "Oslo", Text: "Dette brevet er sendt på papir fordi det ikke er lest digitalt.",
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func makers(t testing.TB, p Profile) map[string]*cover.Maker {
	t.Helper()
	return map[string]*cover.Maker{"skatt": maker(t, p, "Skattekontoret"), "skole": maker(t, p, "Skolekontoret"), "barnehage": maker(t, p, "Barnehagekontoret")}
}

const testJob = "TEST000001"

var testCreated = time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)

func coverOf(shipment string) cover.Letter {
	return cover.Letter{
		ShipmentID: shipment,
		Recipient:  cover.Address{Name: "Kari Prøve", Line1: "Testveien 3", Postcode: "5003", City: "Bergen"},
		Title:      "Vedtak om prøve",
		Date:       testCreated,
	}
}

// jobOf makes a job of a planned one, with letters from a shelf.
func jobOf(t testing.TB, id string, planned Planned, s *shelf, p Profile) Job {
	t.Helper()
	var letters []Letter
	for _, l := range planned.Letters {
		letters = append(letters, Letter{PlannedLetter: l, Cover: coverOf(l.Shipment), Open: s.opener(l.Shipment)})
	}
	return Job{
		ID: id, Vendor: "trykkeriet", Created: testCreated, Class: planned.Class,
		Letters: Letters(letters...), Makers: makers(t, p),
	}
}

// planOne builds the letters of candidates and plans them into one job.
func planOne(t testing.TB, p Profile, ballast int, candidates ...Candidate) (Planned, *shelf) {
	t.Helper()
	s := &shelf{files: map[string][]byte{}}
	for i := range candidates {
		s.files[candidates[i].Shipment] = build(t, &candidates[i], ballast)
	}
	jobs, aside, err := Plan(candidates, p)
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs) != 1 || len(aside) != 0 {
		t.Fatalf("want one job of all, got\n%s", dump(jobs, aside))
	}
	return jobs[0], s
}

// wantSides is what the pages of a letter's part of a print file must show, in
// order: "cover", a page's mark, or "" for an empty side. It is worked out from
// the candidate alone, by another way than package impose's.
func wantSides(c Candidate, duplex bool) []string {
	sides := []string{"cover"}
	newSheet := func() {
		if duplex && len(sides)%2 == 1 {
			sides = append(sides, "")
		}
	}
	for _, f := range c.Facts.Pages {
		if f.Page == 1 || f.Giro {
			newSheet()
		}
		sides = append(sides, marker(c.Shipment, f.Document+1, f.Page))
		if f.Giro {
			newSheet()
		}
	}
	newSheet()
	return sides
}

// texts gives the text of each page of a PDF, as poppler reads it.
func texts(t testing.TB, path string) []string {
	t.Helper()
	out := string(run(t, "pdftotext", "-layout", path, "-"))
	pages := strings.Split(out, "\f")
	return pages[:len(pages)-1]
}

// raster draws the pages of a PDF in grey, as poppler does.
func raster(t testing.TB, path string, dpi int, more ...string) []*image.Gray {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "page")
	run(t, "pdftoppm", slices.Concat([]string{"-gray", "-r", strconv.Itoa(dpi)}, more, []string{path, prefix})...)
	names, err := filepath.Glob(prefix + "*.pgm") // sorted, and numbered with leading zeros
	if err != nil {
		t.Fatal(err)
	}
	var pages []*image.Gray
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var w, h, most int
		if _, err := fmt.Sscanf(string(b[:min(len(b), 40)]), "P5\n%d %d\n%d\n", &w, &h, &most); err != nil || most != 255 {
			t.Fatalf("not a grey PNM: %v", err)
		}
		pages = append(pages, &image.Gray{Pix: b[len(b)-w*h:], Stride: w, Rect: image.Rect(0, 0, w, h)})
	}
	return pages
}

// matrices draws the corner of each page where covers have their DataMatrix.
func matrices(t testing.TB, path string, p Profile) []*image.Gray {
	t.Helper()
	const dpi = 200
	l := p.Layout
	dots := func(mm float64) string { return strconv.Itoa(int(mm / 25.4 * dpi)) }
	side := dots(l.MatrixMaxMM + 4*l.ModuleMM)
	return raster(t, path, dpi, "-x", dots(l.MatrixRightMM-l.MatrixMaxMM-2*l.ModuleMM), "-y", dots(l.MatrixYMM-2*l.ModuleMM), "-W", side, "-H", side)
}

// readMatrix decodes the DataMatrix in a corner that has nothing else in it.
func readMatrix(t testing.TB, corner *image.Gray) string {
	t.Helper()
	var ink image.Rectangle
	for y := range corner.Rect.Dy() {
		for x := range corner.Rect.Dx() {
			if corner.GrayAt(x, y).Y < 128 {
				ink = ink.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	const quiet = 10 // dots of white around
	symbol := image.NewGray(image.Rect(0, 0, ink.Dx()+2*quiet, ink.Dy()+2*quiet))
	draw.Draw(symbol, symbol.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(symbol, ink.Sub(ink.Min).Add(image.Pt(quiet, quiet)), corner, ink.Min, draw.Src)
	bitmap, err := gozxing.NewBinaryBitmapFromImage(symbol)
	if err != nil {
		t.Fatal(err)
	}
	res, err := datamatrix.NewDataMatrixReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatalf("DataMatrix cannot be read: %v", err)
	}
	return res.GetText()
}

// manifestOf gives a composed job's manifest as a slice.
func manifestOf(out Composed) []exchange.ManifestRow { return slices.Collect(out.Manifest()) }
