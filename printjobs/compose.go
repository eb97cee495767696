package printjobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/mark"
	"postgang/printjobs/printfile"
	"postgang/printjobs/printoppdrag"
)

// A4 upright in pt, the size of every side.
const (
	sideWidth  = 595.276
	sideHeight = 841.890
	// sizeTolerance is how far a prepared page may be from that, in pt.
	sizeTolerance = 0.1
)

// Source is an open prepared PDF.
type Source interface {
	io.ReaderAt
	io.Closer
	Size() int64 // bytes
}

// Letter is a letter of a job with all that composing it needs. Its Figures are
// not trusted but worked out anew.
type Letter struct {
	PlannedLetter
	Cover cover.Letter // what the cover shows; personal data
	// Open opens the prepared PDF. It is called once. With one finished sheet a
	// press sheet the source is closed before the next letter is opened; else at
	// most one more than twice the finished sheets of a press sheet are open.
	Open func(ctx context.Context) (Source, error)
	// Only, unless empty, prints these sheets of the letter alone, the first
	// being 1 and in rising order: a part of a damaged letter, to be put together
	// by hand.
	Only []int
	// Country is the recipient's by ISO 3166-1 alpha-2, for print orders; empty: not known by a code.
	Country string
	// Maker makes its cover; nil: that of its account in [Job].
	Maker *cover.Maker
}

// Letters gives the letters of a slice to a [Job]. A caller with many letters
// gives a sequence that loads them one by one instead.
func Letters(letters ...Letter) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		for _, l := range letters {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// Job is a planned job that is to be composed.
type Job struct {
	ID      string // four letters or digits and six digits
	Vendor  string
	Parent  string    // the job that this one replaces or reprints, or empty
	Reprint bool      // letters of Parent are printed once more, by a person's order
	Created time.Time // stands in the ticket
	PostBy  time.Time // to be posted before this time, or zero
	Class   exchange.Class
	// Before counts what stands before Letters when they are looked at apart from
	// the rest of their job: marks then say what they say in the whole. Zero for a
	// job that is handed over.
	Before struct{ Letters, Sheets int }
	// Plan, unless nil, is told in text what is drawn, block by block as in
	// [impose.Press.Text].
	Plan io.Writer
	// Letters in the order of the plan. An error in the sequence ends composing.
	Letters iter.Seq2[Letter, error]
	// Makers make the covers of letters without a maker of their own, by account. Not used when the profile has no covers.
	Makers map[string]*cover.Maker
}

// ComposedFile is a file of a composed job.
type ComposedFile struct {
	exchange.File
	Path string
}

// LetterWarning tells what the cover of a letter gave up so that it could be
// made. It holds no personal data.
type LetterWarning struct {
	Shipment string
	cover.Warning
}

// Composed is a job ready to be offered.
type Composed struct {
	Ticket   exchange.Ticket
	Files    []ComposedFile // print files in order, the manifest, the print order where there is one, the ticket
	Warnings []LetterWarning

	manifest iter.Seq[exchange.ManifestRow]
}

// Manifest gives the rows of the manifest, in order and as often as wanted.
// They are made one by one: all of them at once are most of the memory that
// composing a large job would need.
func (c Composed) Manifest() iter.Seq[exchange.ManifestRow] { return c.manifest }

// Compose writes a job's print files, manifest and ticket into dir, a folder of
// that job's own, which it makes when it is not there. It reads each letter
// once, in order; its memory holds one letter (or, with several finished sheets
// a press sheet, what is told of the letters of one pile), the manifest, and the
// tables of one print file. progress, unless nil, is told after each letter how many are
// done.
//
// A print file of a duplex job has two PDF pages a press sheet, empty backs
// among them; one of a simplex job has one page a press sheet, the front. A
// press sheet is a finished sheet, unless the profile's Press lays several
// beside each other. A letter is never divided between print files.
//
// The same job gives the same bytes and thereby the same names, so composing
// again after a crash is harmless. Files appear under their names when all of
// them are written, flushed to disk, and proven: read back and compared with
// the plan in hash, number of sides, and which sides are empty ([ErrNotAsPlanned]).
//
// When letters are at fault the error is a [*LetterErrors] with all of them
// (but for those that would alone break the limit of bytes, of which it may
// name the first only).
// [ErrStalePlan] means that the job must be planned again. All other errors
// (disk, a source that cannot be read, ctx) say nothing about the letters: try
// again. On any error no new file is left in dir, except that a failure while
// renaming may leave whole files under their final names.
func Compose(ctx context.Context, dir string, job Job, p Profile, progress func(done int)) (Composed, error) {
	out, err := compose(ctx, dir, job, p, progress)
	if err != nil {
		return Composed{}, fmt.Errorf("compose job %s: %w", job.ID, err)
	}
	return out, nil
}

func compose(ctx context.Context, dir string, job Job, p Profile, progress func(int)) (_ Composed, err error) {
	if err := p.Validate(); err != nil {
		return Composed{}, err
	}
	if !exchange.ValidJob(job.ID) {
		return Composed{}, errors.New("the job id is not four letters or digits and six digits")
	}
	if job.Letters == nil {
		return Composed{}, errNoLetters
	}
	c := &composer{job: job, profile: p, press: p.pressOf(job.Class), staging: &stagingFolder{dir: dir, job: job.ID}, kitBytes: make(map[*cover.Maker]int64)}
	for i, back := range []bool{false, true} {
		c.crop[i] = mark.Crop(nil, c.press.CropMarks(back), c.press.Crop.WidthMM)
	}
	defer func() {
		if err != nil {
			c.abandon()
		}
	}()
	if err := c.staging.begin(); err != nil {
		return Composed{}, err
	}
	done := 0
	for l, err := range job.Letters {
		if err != nil {
			return Composed{}, fmt.Errorf("letter %d: %w", done+1, err)
		}
		if err := ctx.Err(); err != nil {
			return Composed{}, err
		}
		if err := c.letter(ctx, l); err != nil {
			return Composed{}, err
		}
		done++
		if progress != nil {
			progress(done)
		}
	}
	return c.finish(ctx)
}

var errNoLetters = errors.New("the job has no letters")

// composer is one run of Compose.
type composer struct {
	job     Job
	profile Profile
	press   impose.Press // the profile's, or one sheet a press sheet where a class cannot have more
	staging *stagingFolder

	file     *printFile // the one being written, or nil
	files    []*printFile
	crop     [2][]byte              // content that draws the crop marks of fronts and backs
	block    []*imposedLetter       // letters that wait for their press sheets
	waiting  waiting                // what they come to
	kitBytes map[*cover.Maker]int64 // size of one cover with fonts and logo
	rows     rowList
	sheets   int // finished sheets of the letters so far
	words    words
	warnings []LetterWarning
	faults   []*LetterError // once there is one, letters are only examined
}

// row is what the manifest will say of a letter and is not the same for the
// whole class or print file: half of the bytes of a row of the manifest,
// since all letters of a job wait in memory until the last one is composed.
type row struct {
	shipment            string
	code, stock, part   int32 // places in the composer's words
	firstSheet          int32
	firstSide, lastSide int32
	sheets, pages       int32
	pagesColour         int32
	giroSheets          int32
	weightGram          int32
}

// rowList grows without copying what it has: the rows of a large job are most of
// what composing it holds.
type rowList struct {
	chunks [][]row
	n      int
}

const rowChunk = 1024

func (l *rowList) add(r row) {
	if l.n%rowChunk == 0 {
		l.chunks = append(l.chunks, make([]row, 0, rowChunk))
	}
	last := &l.chunks[len(l.chunks)-1]
	*last = append(*last, r)
	l.n++
}

// at gives the row of a letter, the first being 1.
func (l *rowList) at(letter int) *row { return &l.chunks[(letter-1)/rowChunk][(letter-1)%rowChunk] }

// words holds texts that many letters share, each once.
type words struct {
	list []string
	at   map[string]int32
}

// put gives the place of a text.
func (w *words) put(s string) int32 {
	n, known := w.at[s]
	if !known {
		if w.at == nil {
			w.at = make(map[string]int32)
		}
		n = int32(len(w.list))
		w.list, w.at[s] = append(w.list, s), n
	}
	return n
}

// printFile is a print file being written, and what it must turn out to be.
type printFile struct {
	staged      *stagedFile
	linker      *printfile.Linker
	firstLetter int // 1-based within the job
	letters     int
	sheets      int                   // finished sheets of its letters
	finished    int                   // sides of all its finished sheets, control sheets among them
	objects     int64                 // at most so many, in letters' own counts
	sides       []sidePlan            // pages of the PDF
	makers      map[*cover.Maker]bool // whose covers' fonts and logos are in the file
	file        exchange.File
	order       *printoppdrag.Order // of its letter, where letters are handed over by themselves
	orderFile   exchange.File
}

// letter adds one letter, or notes what is wrong with it.
func (c *composer) letter(ctx context.Context, l Letter) error {
	class, figures, im, why := place(l.Candidate, c.profile)
	if why != nil {
		c.fault(why)
		return nil
	}
	if class != c.job.Class {
		return fmt.Errorf("shipment %s: %w: it belongs in another class of jobs", l.Shipment, ErrStalePlan)
	}
	w := &imposedLetter{letter: l, im: im}
	if c.profile.Orders != nil && len(l.Only) > 0 {
		return fmt.Errorf("shipment %s: single sheets are not handed over as a print order, which is posted as a letter", l.Shipment)
	}
	if err := w.keepSheets(l.Only, &figures, c.profile); err != nil {
		return fmt.Errorf("shipment %s: %w", l.Shipment, err)
	}
	coverColour, ok, err := c.cover(w)
	if err != nil || !ok {
		return err
	}
	if l.Open == nil {
		return fmt.Errorf("shipment %s: nothing to open its prepared letter with", l.Shipment)
	}
	if len(c.faults) > 0 {
		return c.examine(ctx, w)
	}
	if c.press.Up() == 1 {
		// Drawn at once, so opened at once; it then is measured, not believed.
		if ok, err := c.open(ctx, w); err != nil || !ok {
			return err
		}
	}
	if c.file != nil && !c.fits(w) {
		err := c.closeFile(ctx)
		if err == nil && len(c.faults) > 0 {
			err = c.examine(ctx, w)
		}
		if err != nil || len(c.faults) > 0 {
			w.close()
			return err
		}
	}
	if c.file == nil {
		if err := c.openFile(ctx); err != nil {
			w.close()
			return err
		}
	}
	f := c.file
	perSheet := c.perSheet()
	r := row{
		shipment:    l.Shipment,
		code:        c.words.put(l.Konteringskode),
		stock:       c.words.put(w.stock()),
		part:        c.words.put(w.part),
		firstSheet:  int32(c.sheets + 1),
		firstSide:   int32(f.finished + 1),
		lastSide:    int32(f.finished + perSheet*len(w.im.Sheets)),
		sheets:      int32(figures.Sheets),
		pages:       int32(figures.Pages),
		pagesColour: int32(figures.PagesColour),
		giroSheets:  int32(figures.GiroSheets),
		weightGram:  int32(gram(figures.WeightMilligram)),
	}
	if figures.Colour && coverColour && w.front != nil && w.im.Sheets[0].Front.Kind == impose.Cover {
		r.pagesColour++
	}
	c.rows.add(r)
	w.number, w.sheet = c.rows.n, c.sheets+1
	c.sheets += len(w.im.Sheets)
	f.makers[c.maker(l)] = true
	if c.profile.Orders != nil {
		f.order = c.orderOf(l)
	}
	f.letters++
	f.sheets += len(w.im.Sheets)
	f.finished += perSheet * len(w.im.Sheets)
	return c.enqueue(ctx, w)
}

// perSheet is how many sides of a finished sheet are in a print file.
func (c *composer) perSheet() int {
	if c.job.Class.Duplex {
		return 2
	}
	return 1
}

// cover makes the cover of a letter. False: it cannot be made, which is noted.
func (c *composer) cover(w *imposedLetter) (colour, ok bool, err error) {
	if c.profile.Impose.Cover != impose.CoverSheet {
		return false, true, nil
	}
	l := w.letter
	maker := c.maker(l)
	if maker == nil {
		return false, false, fmt.Errorf("shipment %s: no cover maker for account %q", l.Shipment, l.Account)
	}
	if l.Cover.ShipmentID != l.Shipment {
		return false, false, fmt.Errorf("shipment %s: its cover is made out for another shipment", l.Shipment)
	}
	front, warnings, err := maker.Cover(l.Cover)
	if err != nil {
		f := CoverFault(err)
		c.fault(&LetterError{l.Shipment, f.Code, f.Args, err})
		return false, false, nil
	}
	for _, w := range warnings {
		c.warnings = append(c.warnings, LetterWarning{l.Shipment, w})
	}
	if _, known := c.kitBytes[maker]; !known {
		if c.kitBytes[maker], err = front.WriteTo(io.Discard); err != nil {
			return false, false, fmt.Errorf("shipment %s: measure cover: %w", l.Shipment, err)
		}
	}
	w.front = front
	return maker.Colour(), true, nil
}

// maker is who makes the cover of a letter; nil: nobody.
func (c *composer) maker(l Letter) *cover.Maker {
	if l.Maker != nil {
		return l.Maker
	}
	return c.job.Makers[l.Account]
}

// manifest gives all rows, when the print files have their names.
func (c *composer) manifest() iter.Seq[exchange.ManifestRow] {
	class, words, all := c.job.Class, c.words.list, &c.rows
	files := make([]exchange.File, len(c.files))
	for i, f := range c.files {
		files[i] = f.file
	}
	return func(yield func(exchange.ManifestRow) bool) {
		for _, f := range files {
			for letter := f.FirstLetter; letter <= f.LastLetter; letter++ {
				r := all.at(letter)
				row := exchange.ManifestRow{
					Letter:         letter,
					Shipment:       r.shipment,
					Konteringskode: words[r.code],
					File:           f.Name,
					FirstSheet:     int(r.firstSheet),
					FirstSide:      int(r.firstSide),
					LastSide:       int(r.lastSide),
					Sheets:         int(r.sheets),
					Pages:          int(r.pages),
					PagesBW:        int(r.pages - r.pagesColour),
					PagesColour:    int(r.pagesColour),
					GiroSheets:     int(r.giroSheets),
					Stock:          words[r.stock],
					Part:           words[r.part],
					// What is the same for the class is so for its letters.
					Envelope:   class.Envelope,
					Zone:       class.Zone,
					WeightGram: int(r.weightGram),
					Duplex:     class.Duplex,
				}
				if !yield(row) {
					return
				}
			}
		}
	}
}

// gram rounds milligrams up to whole grams, so that a letter just above a limit
// of postage (20 g, 50 g) does not look as if it were within it.
func gram(milligram int64) int {
	return int((milligram + 999) / 1000)
}

// fault notes a letter that cannot be composed. The print file begun is of no
// use any more; the letters that follow are only examined.
func (c *composer) fault(e *LetterError) { c.faults = append(c.faults, e) }

// agree compares a prepared letter with its facts.
func agree(l Letter, body *printfile.Prepared) error {
	if n := body.NumPages(); n != len(l.Facts.Pages) {
		return fmt.Errorf("prepared letter has %d pages, its facts say %d", n, len(l.Facts.Pages))
	}
	for i := range body.NumPages() {
		w, h := body.PageSize(i)
		if math.Abs(w-sideWidth) > sizeTolerance || math.Abs(h-sideHeight) > sizeTolerance {
			return fmt.Errorf("page %d of the prepared letter is %.1f × %.1f pt, not A4", i+1, w, h)
		}
	}
	return nil
}

// openFile begins the next print file.
func (c *composer) openFile(ctx context.Context) error {
	st, err := c.staging.create()
	if err != nil {
		return err
	}
	seq := len(c.files) + 1
	c.file = &printFile{
		staged:      st,
		firstLetter: c.rows.n + 1,
		makers:      make(map[*cover.Maker]bool),
		linker: printfile.NewLinker(st, printfile.Options{
			Version: c.profile.PDFVersion,
			Title:   fmt.Sprintf("%s %03d", c.job.ID, seq),
			TempDir: c.staging.dir,
			Parts:   c.parts(),

			MergeFonts: c.profile.MergeFonts,
		}),
	}
	if !c.profile.Control {
		return nil
	}
	return c.control(ctx, impose.Header)
}

// closeFile draws what waits, finishes the print file, proves it, and names it.
func (c *composer) closeFile(ctx context.Context) error {
	if c.profile.Control && len(c.faults) == 0 {
		if err := c.control(ctx, impose.Trailer); err != nil {
			return err
		}
	}
	if err := c.flush(ctx); err != nil || len(c.faults) > 0 {
		return err
	}
	f := c.file
	res, err := f.linker.Close()
	if err != nil {
		return fmt.Errorf("finish print file: %w", err)
	}
	c.file = nil
	if limit := c.profile.MaxBytesPerFile; limit > 0 && res.Bytes > limit {
		if f.letters > 1 {
			return fmt.Errorf("%w: a print file of %d letters has %d bytes, the limit is %d", ErrNotAsPlanned, f.letters, res.Bytes, limit)
		}
		c.fault(&LetterError{
			Shipment: c.rows.at(f.firstLetter).shipment, Code: CodeTooLarge,
			Args: Args{"case": "alone", "n": strconv.FormatInt(res.Bytes, 10), "max": strconv.FormatInt(limit, 10)},
			Err:  fmt.Errorf("print file of this letter alone has %d bytes, the limit is %d", res.Bytes, limit),
		})
		return nil
	}
	if err := f.staged.flush(); err != nil {
		return err
	}
	if err := c.verify(f, res); err != nil {
		return err
	}
	if f.order != nil {
		if f.orderFile, err = c.writeOrder(f, res); err != nil {
			return err
		}
	}
	if err := f.staged.close(); err != nil {
		return err
	}
	name, err := exchange.FileName(c.job.ID, len(c.files)+1, exchange.KindPrint, res.SHA256)
	if err != nil {
		return err
	}
	f.staged.name = name
	f.file = exchange.File{
		Header: f.file.Header, Trailer: f.file.Trailer,
		Name: name, Kind: exchange.KindPrint, SHA256: res.SHA256, Bytes: res.Bytes,
		Sides: len(f.sides), Letters: f.letters, FirstLetter: f.firstLetter, LastLetter: f.firstLetter + f.letters - 1,
	}
	f.linker, f.sides, f.makers = nil, nil, nil
	c.files = append(c.files, f)
	return nil
}

// finish closes the last file, writes manifest and ticket, compares them, and
// puts everything in place.
func (c *composer) finish(ctx context.Context) (Composed, error) {
	if len(c.faults) > 0 {
		for _, w := range c.block { // waiting for their press sheets, so not looked at yet
			if err := c.examine(ctx, w); err != nil {
				return Composed{}, err
			}
		}
	}
	if c.file != nil && len(c.faults) == 0 {
		if err := c.closeFile(ctx); err != nil {
			return Composed{}, err
		}
	}
	if len(c.faults) > 0 {
		return Composed{}, &LetterErrors{c.faults}
	}
	if c.rows.n == 0 {
		return Composed{}, errNoLetters
	}
	ticket := exchange.Ticket{
		Format:  exchange.TicketFormat,
		Job:     c.job.ID,
		Vendor:  c.job.Vendor,
		Parent:  c.job.Parent,
		Reprint: c.job.Reprint,
		Created: c.job.Created.UTC().Truncate(time.Second),
		Class:   c.job.Class,
		Press:   pressTicket(c.press),
		Marks:   marksTicket(c.profile.Marks),

		DocumentParts: c.parts(),
		Instructions:  c.profile.Instructions,
	}
	ticket.Instructions.PostBy = c.job.PostBy.UTC().Truncate(time.Second)
	for _, f := range c.files {
		ticket.Files = append(ticket.Files, f.file)
	}
	manifest := c.manifest()
	ticket.Totals = exchange.TotalsOf(manifest, ticket.Files)

	manifestFile, err := c.staging.document(exchange.KindManifest, func(w io.Writer) error {
		return exchange.WriteManifest(w, manifest)
	})
	if err != nil {
		return Composed{}, err
	}
	ticket.Files = append(ticket.Files, manifestFile)
	if problems := exchange.CheckJob(ticket, manifest); len(problems) > 0 {
		return Composed{}, fmt.Errorf("%w: %v", ErrNotAsPlanned, problems[0])
	}
	ticketFile, err := c.staging.document(exchange.KindTicket, func(w io.Writer) error {
		b, err := ticket.Marshal()
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
	if err != nil {
		return Composed{}, err
	}
	if err := ctx.Err(); err != nil {
		return Composed{}, err
	}
	if err := c.staging.publish(); err != nil {
		return Composed{}, err
	}
	out := Composed{Ticket: ticket, Warnings: c.warnings, manifest: manifest}
	files := slices.Clone(ticket.Files)
	for _, f := range c.files {
		if f.order != nil {
			files = append(files, f.orderFile)
		}
	}
	for _, f := range append(files, ticketFile) {
		out.Files = append(out.Files, ComposedFile{f, filepath.Join(c.staging.dir, f.Name)})
	}
	return out, nil
}

// abandon drops everything that is not in place yet.
func (c *composer) abandon() {
	for _, w := range c.block {
		w.close()
	}
	if c.file != nil {
		c.file.linker.Close() // only to let go of its temporary file
	}
	c.staging.abandon()
}

// watchedReader remembers that reading failed, which is no fault of the letter
// that was to be read.
type watchedReader struct {
	r   io.ReaderAt
	err error
}

func (w *watchedReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := w.r.ReadAt(b, off)
	if err != nil && err != io.EOF && w.err == nil {
		w.err = err
	}
	return n, err
}
