// Package preview draws pages of a PDF as pictures, for a person to look at. It
// runs PDFium, the renderer of Chromium, compiled to WebAssembly: in this
// process, without cgo, and without access to files, network or clock of the
// machine, so that a PDF that breaks the renderer reaches nothing.
//
// Nothing of it runs before the first [Renderer.Render]; until then it costs
// the bytes of the module in the binary and no memory.
package preview

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Bounds of one [Renderer.Render].
const (
	// MinDPI is the lowest resolution that can be asked for, in pixels an inch.
	MinDPI = 20
	// MaxDPI is the highest.
	MaxDPI = 600
	// DefaultDPI is enough to read a letter on a screen.
	DefaultDPI = 100

	// longerSide is that of A4 in pt, as writers round it.
	longerSide = 843
	// memoryPages is what PDFium may use, in pages of 64 KiB: 1 GiB. A page of
	// A4 at MaxDPI is 139 MB of it.
	memoryPages = 16384
	// maxPixels is the largest picture.
	maxPixels = 100_000_000
	// DefaultPageTime is how long opening the file, or drawing one page, may take.
	DefaultPageTime = 30 * time.Second
)

// Errors that a caller tells apart.
var (
	// ErrSlow: opening the file or drawing a page took longer than it may.
	ErrSlow = errors.New("the page takes too long to draw")
	// ErrLarge: a page is too large for a picture at that resolution.
	ErrLarge = errors.New("the page is too large for a picture; ask for fewer dots an inch")
)

// Options say what to draw.
type Options struct {
	DPI  int                 // pixels an inch, MinDPI to MaxDPI; 0 is DefaultDPI
	Want func(page int) bool // which pages, from 1; nil is all
	// PageTime is how long opening the file, or drawing one page, may take; 0 is
	// DefaultPageTime.
	PageTime time.Duration
	// Fit draws a page that is larger than A4 at fewer dots an inch, so that its
	// longer side has no more pixels than that of A4.
	Fit bool
	// Texts, unless nil, is given how many pages the file has and what can be
	// read on the wanted ones, by their numbers, before the first is drawn: for
	// whoever does not see the pictures. A text is line by line, in the order of
	// the file; one that is empty says that there is none, or that what is drawn
	// does not say which letters it stands for.
	Texts func(pages int, read map[int]string)
}

// Page is one drawn page.
type Page struct {
	Number int // from 1
	Of     int // pages of the file
	// Width and Height are in pt, as the page stands upright.
	Width, Height float64
	// Image is opaque, on white. It is valid only until the function that it was
	// given to returns.
	Image *image.RGBA
}

// Renderer draws PDFs. It is safe for use side by side; each Render has an
// instance of PDFium of its own.
type Renderer struct {
	cache wazero.CompilationCache
}

// New makes a renderer. dir is a folder that keeps the compiled module from one
// process to the next, which saves some seconds and 300 MB of memory at the
// first page; it is made when it is not there. What lies in it is run: it must
// be writable by its owner only. With an empty dir the module is compiled once
// in the life of the Renderer.
func New(dir string) (*Renderer, error) {
	if dir == "" {
		return &Renderer{wazero.NewCompilationCache()}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the compiled renderer: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("folder of the compiled renderer: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("folder of the compiled renderer: %s can be written by others (%v); what lies in it is run: chmod go-w it", dir, info.Mode().Perm())
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("folder of the compiled renderer: %w", err)
	}
	return &Renderer{cache}, nil
}

// Warm compiles the module, so that the first page does not wait for it.
func (r *Renderer) Warm(ctx context.Context) error {
	const empty = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\ntrailer<</Root 1 0 R>>"
	_, err := r.Render(ctx, strings.NewReader(empty), int64(len(empty)), Options{DPI: MinDPI}, func(Page) error { return nil })
	return err
}

// Close lets go of the compiled module.
func (r *Renderer) Close(ctx context.Context) error { return r.cache.Close(ctx) }

// Render draws the wanted pages of a PDF one by one and gives each to draw,
// whose error ends it. It returns the number of pages of the file. Memory holds
// one page and at most 1 GiB of PDFium's own; a page that takes longer than it
// may ends it with [ErrSlow], ctx with its error.
//
// Fonts that the PDF does not carry are PDFium's own, the same on every machine.
func (r *Renderer) Render(ctx context.Context, pdf io.ReaderAt, size int64, o Options, draw func(Page) error) (pages int, err error) {
	if o.DPI == 0 {
		o.DPI = DefaultDPI
	}
	if o.PageTime == 0 {
		o.PageTime = DefaultPageTime
	}
	if o.DPI < MinDPI || o.DPI > MaxDPI {
		return 0, fmt.Errorf("%d dots an inch: it must be %d to %d", o.DPI, MinDPI, MaxDPI)
	}
	// Ending this context is what stops PDFium in the middle of a page.
	work, end := context.WithCancelCause(ctx)
	defer end(nil)
	// Whatever broke first, the reason is that it was ended, if it was.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the renderer broke: %v", p)
		}
		if err != nil && work.Err() != nil {
			err = context.Cause(work)
		}
	}()

	pool, err := webassembly.Init(webassembly.Config{
		Context: work, MaxIdle: 1, MaxTotal: 1,
		FSConfig: wazero.NewFSConfig(), // no files of the machine
		Stdout:   io.Discard, Stderr: io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().
			// PDFium's build needs exceptions of WebAssembly.
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithCompilationCache(r.cache).WithCloseOnContextDone(true).WithMemoryLimitPages(memoryPages),
	})
	if err != nil {
		return 0, fmt.Errorf("start the renderer: %w", err)
	}
	defer pool.Close() // frees memory; the pages are drawn
	slow := time.AfterFunc(o.PageTime, func() { end(ErrSlow) })
	defer slow.Stop()
	worker, err := pool.GetInstanceWithContext(work)
	if err != nil {
		return 0, fmt.Errorf("start the renderer: %w", err)
	}
	defer worker.Close()
	file, err := worker.OpenDocument(&requests.OpenDocument{FileReader: io.NewSectionReader(pdf, 0, size), FileReaderSize: size})
	if err != nil {
		return 0, fmt.Errorf("open PDF: %w", err)
	}
	count, err := worker.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: file.Document})
	if err != nil {
		return 0, fmt.Errorf("count pages: %w", err)
	}
	want := func(n int) bool { return o.Want == nil || o.Want(n) }
	if o.Texts != nil {
		texts := map[int]string{}
		for n := 1; n <= count.PageCount && work.Err() == nil; n++ {
			if want(n) {
				slow.Reset(o.PageTime)
				texts[n] = readPage(worker, file.Document, n)
			}
		}
		if work.Err() != nil {
			return count.PageCount, work.Err()
		}
		o.Texts(count.PageCount, texts)
	}
	for n := 1; n <= count.PageCount; n++ {
		if !want(n) {
			continue
		}
		slow.Reset(o.PageTime)
		if err := drawPage(worker, file.Document, Page{Number: n, Of: count.PageCount}, o, draw); err != nil {
			return count.PageCount, fmt.Errorf("page %d: %w", n, err)
		}
		if work.Err() != nil {
			return count.PageCount, work.Err()
		}
	}
	return count.PageCount, nil
}

// readPage is what can be read on a page. What cannot be read is empty: the
// picture may show it.
func readPage(worker pdfium.Pdfium, file references.FPDF_DOCUMENT, n int) string {
	text, err := worker.GetPageText(&requests.GetPageText{Page: requests.Page{ByIndex: &requests.PageByIndex{Document: file, Index: n - 1}}})
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text.Text, ""), "\r\n", "\n"))
}

func drawPage(worker pdfium.Pdfium, file references.FPDF_DOCUMENT, p Page, o Options, draw func(Page) error) error {
	size, err := worker.FPDF_GetPageSizeByIndex(&requests.FPDF_GetPageSizeByIndex{Document: file, Index: p.Number - 1})
	if err != nil {
		return err
	}
	p.Width, p.Height = size.Width, size.Height
	dpi := o.DPI
	if longer := max(size.Width, size.Height); o.Fit && longer > longerSide {
		dpi = max(1, int(float64(dpi)*longerSide/longer))
	}
	perPoint := float64(dpi) / 72
	if size.Width*perPoint*size.Height*perPoint > maxPixels {
		return ErrLarge
	}
	drawn, err := worker.RenderPageInDPI(&requests.RenderPageInDPI{
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: file, Index: p.Number - 1}},
		DPI:  dpi,
		// As it prints: annotations that print, layers as they print.
		RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT | enums.FPDF_RENDER_FLAG_PRINTING,
	})
	if err != nil {
		return err
	}
	defer drawn.Cleanup()
	picture, ok := drawn.Result.RenderedImage.(*image.RGBA)
	if !ok {
		return fmt.Errorf("the renderer gave a %T", drawn.Result.RenderedImage)
	}
	p.Image = picture
	return draw(p)
}
