package prepare

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/scan"
)

// pdfWriter writes objects one by one, so that a large PDF is never in memory.
type pdfWriter struct {
	w       *bufio.Writer
	at      int64
	offsets []int64
}

func (p *pdfWriter) printf(format string, args ...any) {
	n, _ := fmt.Fprintf(p.w, format, args...)
	p.at += int64(n)
}

// object writes the next object; data make it a stream.
func (p *pdfWriter) object(dict string, data ...[]byte) {
	p.offsets = append(p.offsets, p.at)
	p.printf("%d 0 obj\n", len(p.offsets))
	if data == nil {
		p.printf("%s\nendobj\n", dict)
		return
	}
	length := 0
	for _, d := range data {
		length += len(d)
	}
	p.printf("<<%s/Length %d>>\nstream\n", dict, length)
	for _, d := range data {
		n, _ := p.w.Write(d)
		p.at += int64(n)
	}
	p.printf("\nendstream\nendobj\n")
}

// largePDF writes a PDF of so many pages to path; page writes the objects of
// one and returns the dictionary entries of its page. It returns the size.
func largePDF(t *testing.T, path string, pages int, common func(p *pdfWriter), page func(p *pdfWriter, i int) string) int64 {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &pdfWriter{w: bufio.NewWriterSize(f, 1<<20)}
	p.printf("%%PDF-1.7\n%%\xe2\xe3\xcf\xd3\n")
	common(p)
	var kids bytes.Buffer
	for i := range pages {
		entries := page(p, i)
		p.object("<</Type/Page/MediaBox[0 0 595.276 841.89]" + entries + ">>")
		fmt.Fprintf(&kids, "%d 0 R ", len(p.offsets))
	}
	p.object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", pages, kids.Bytes()))
	p.object(fmt.Sprintf("<</Type/Catalog/Pages %d 0 R>>", len(p.offsets)))
	xref := p.at
	p.printf("xref\n0 %d\n0000000000 65535 f \n", len(p.offsets)+1)
	for _, o := range p.offsets {
		p.printf("%010d 00000 n \n", o)
	}
	p.printf("trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(p.offsets)+1, len(p.offsets), xref)
	if err := p.w.Flush(); err != nil {
		t.Fatal(err)
	}
	return p.at
}

// roomy is a folder for large files, in memory where there is room.
func roomy(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "postgang-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// prepareLarge prepares a letter within a pool's default limits and logs what
// it took.
func prepareLarge(t *testing.T, path string, checks Checks) Facts {
	t.Helper()
	p := newPool(t, PoolOptions{Workers: 1})
	start := time.Now()
	f, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: path}}, Output: filepath.Join(filepath.Dir(path), "out.pdf"), Checks: checks, Volatile: true})
	wall := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	w := <-p.slots
	w.Stop()
	p.slots <- nil
	t.Logf("%d MB to %d MB, %d pages: %.1f s, CPU %.1f s, memory %d MB", size(t, path)>>20, f.Bytes>>20, len(f.Pages), wall.Seconds(),
		(w.State().UserTime() + w.State().SystemTime()).Seconds(), peakMemory(w.State())>>20)
	if s := p.Stats(); s.Crashes+s.Timeouts != 0 || s.Started != 1 {
		t.Errorf("stats %+v", s)
	}
	return f
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestLargestLetter: a letter just below the limit of 350 MB, half of it JPEG
// and half deflated pictures that hardly shrink, is prepared within the limits
// of a pool; one just above it is refused.
func TestLargestLetter(t *testing.T) {
	if testing.Short() || raceDetector { // the detector's shadow of such a letter is beyond a worker's limit; make test runs it without
		t.Skip("writes and prepares 350 MB")
	}
	const side = 900
	rng := rand.New(rand.NewPCG(1, 2))
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	raw := make([]byte, 0, side*side*3)
	for i := range picture.Pix {
		picture.Pix[i] = byte(rng.UintN(256))
		if i%4 != 3 {
			raw = append(raw, picture.Pix[i])
		}
	}
	var photo, deflated bytes.Buffer
	if err := jpeg.Encode(&photo, picture, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	zw, _ := zlib.NewWriterLevel(&deflated, zlib.BestSpeed)
	zw.Write(raw)
	zw.Close()
	dir := roomy(t)
	path := filepath.Join(dir, "letter.pdf")
	each := photo.Len() + deflated.Len() + 2000
	pages := (read.DefaultMaxBytes - 1<<20) / each
	n := largePDF(t, path, pages, func(*pdfWriter) {}, func(p *pdfWriter, i int) string {
		// What follows a picture's end makes each another.
		own := fmt.Appendf(nil, "\n%d\n", i)
		p.object(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", side, side), photo.Bytes(), own)
		p.object(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode", side, side), deflated.Bytes(), own)
		k := len(p.offsets)
		p.object("", []byte("q 500 0 0 350 40 450 cm /A Do Q q 500 0 0 350 40 40 cm /B Do Q"))
		return fmt.Sprintf("/Contents %d 0 R/Resources<</XObject<</A %d 0 R/B %d 0 R>>>>", k+1, k-1, k)
	})
	if n < read.DefaultMaxBytes-4<<20 || n > read.DefaultMaxBytes {
		t.Fatalf("the letter has %d MB", n>>20)
	}
	f := prepareLarge(t, path, Checks{})
	if len(f.Pages) != pages || len(f.ColourPages()) != pages || f.Bytes < n-1<<20 {
		t.Errorf("%d pages, %d in colour, %d bytes", len(f.Pages), len(f.ColourPages()), f.Bytes)
	}
	// The same with more behind it than is allowed.
	if err := os.Truncate(path, read.DefaultMaxBytes+1); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, PoolOptions{Workers: 1})
	_, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: path}}, Output: filepath.Join(dir, "out.pdf")})
	if got := codes(err); len(got) != 1 || got[0] != finding.CodeTooLarge+":0:0" {
		t.Errorf("one byte too many: %v", err)
	}
}

// TestLongLetter: 2,000 pages, each with text and a picture of its own, with
// every check that measures ink.
func TestLongLetter(t *testing.T) {
	if testing.Short() {
		t.Skip("prepares 2,000 pages")
	}
	const pages = 2000
	path := filepath.Join(roomy(t), "letter.pdf")
	var text bytes.Buffer
	for line := range 50 {
		fmt.Fprintf(&text, "BT /F 10 Tf 70 %d Td (Linje %d: Vedtaket kan klages inn innen tre uker etter at det kom fram.) Tj ET\n", 780-line*14, line)
	}
	largePDF(t, path, pages, func(p *pdfWriter) { p.object(helvetica) }, func(p *pdfWriter, i int) string {
		p.object("/Type/XObject/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8", bytes.Repeat([]byte{byte(i)}, 64))
		p.object("", fmt.Appendf(nil, "BT /F 10 Tf 70 800 Td (Side %d) Tj ET q 50 0 0 50 400 30 cm /X Do Q\n", i), text.Bytes())
		k := len(p.offsets)
		return fmt.Sprintf("/Contents %d 0 R/Resources<</Font<</F 1 0 R>>/XObject<</X %d 0 R>>>>", k, k-1)
	})
	checks := Checks{ImageResolution: finding.LevelWarning, Zones: append(scan.UnprintableEdge(4, finding.LevelWarning), scan.InserterZone(finding.LevelWarning))}
	f := prepareLarge(t, path, checks)
	if len(f.Pages) != pages || len(f.ColourPages()) != 0 || len(f.BlankPages()) != 0 {
		t.Errorf("%d pages, %d in colour, %d blank", len(f.Pages), len(f.ColourPages()), len(f.BlankPages()))
	}
}
