package printjobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/mark"
	"postgang/printjobs/printfile"
)

// imposedLetter is a letter on its sheets, or a control sheet, on its way into a print
// file.
type imposedLetter struct {
	letter Letter
	im     impose.Imposed      // its sheets, or those of them that are printed
	part   string              // which those are, or empty for all
	front  *printfile.Prepared // its cover, or nil; of a control sheet, the sheet itself
	number int                 // of the letter in the job, the first being 1; 0: a control sheet
	kind   impose.Control      // of a control sheet
	sheet  int                 // running number of its first sheet in the job, the first being 1
	left   int                 // sheets that are not drawn yet

	src     Source // while it is open
	watched *watchedReader
	body    *printfile.Prepared
}

// close lets go of the prepared letter.
func (w *imposedLetter) close() {
	if w.src != nil {
		w.src.Close() // only read
		w.src, w.body = nil, nil
	}
}

// stock words the paper of its sheets for the manifest.
func (w *imposedLetter) stock() string {
	stocks := make([]string, len(w.im.Sheets))
	for i, s := range w.im.Sheets {
		stocks[i] = string(s.Stock)
	}
	return exchange.StockRuns(stocks)
}

// keepSheets keeps some sheets of the letter, and counts anew what there is on them.
// Their numbers within the letter and its envelope stay.
func (w *imposedLetter) keepSheets(sheets []int, f *Figures, p Profile) error {
	if len(sheets) == 0 {
		return nil
	}
	var kept []impose.Sheet
	var runs [][2]int
	pages, colour, giro := 0, 0, 0
	for i, n := range sheets {
		if n < 1 || n > len(w.im.Sheets) || i > 0 && n <= sheets[i-1] {
			return fmt.Errorf("sheets %v of a letter of %d sheets: want numbers from 1 in rising order", sheets, len(w.im.Sheets))
		}
		s := w.im.Sheets[n-1]
		kept = append(kept, s)
		if len(runs) > 0 && runs[len(runs)-1][1] == n-1 {
			runs[len(runs)-1][1] = n
		} else {
			runs = append(runs, [2]int{n, n})
		}
		for _, side := range []impose.Side{s.Front, s.Back} {
			switch side.Kind {
			case impose.Page:
				pages++
				if f.Colour && w.letter.Facts.Pages[side.Index].Colour {
					colour++
				}
			case impose.Cover:
				pages++
			case impose.Blank, impose.ControlPage: // no page of the sender's
			}
		}
		if s.Stock == impose.Giro {
			giro++
		}
	}
	w.im.Sheets, w.part = kept, exchange.Runs(runs)
	f.Sheets, f.Pages, f.PagesColour, f.GiroSheets = len(kept), pages, colour, giro
	f.WeightMilligram = int64(len(kept)) * p.Impose.Paper.SheetMilligram
	return nil
}

// waiting bounds what the waiting letters will add to the print file.
type waiting struct {
	sheets  int
	bytes   int64
	objects int64
}

// Bounds on what a letter can add to a print file, for staying below a limit
// of bytes without knowing the future. Copying renumbers references: one takes
// at least 7 bytes of a prepared file with its index, and at most 14 in a print
// file, so twice the prepared size is never exceeded. An object takes at least
// 40 bytes of a prepared file, so a letter that is not open yet has at most
// size/40 objects, which adds no more than size*48/40.
const (
	growth       = 2
	unopened     = growth + 2
	pendingBytes = 512 << 10 // in buffers of the linker, not yet written
	objectBytes  = 48        // frame and cross-reference entry of an object
	sideBytes    = 512       // page object, content, its share of the page tree
	coverBytes   = 64 << 10  // content of a cover
	markBytes    = 4 << 10   // content that draws the marks of a sheet
)

// maxFileObjects keeps print files below 8,388,607 objects, which MuPDF refuses
// to go beyond, as older viewers do (ISO 32000-1 annex C), with room for page
// tree and parts.
const maxFileObjects = 8_000_000

// objects is how many objects a letter can add of its own, at most.
func (w *imposedLetter) objects() int64 {
	if w.body != nil {
		return int64(w.body.NumObjects())
	}
	return w.letter.Facts.Bytes / 40
}

// size is what a letter can add of its own.
func (w *imposedLetter) size() int64 {
	if w.src != nil {
		return growth*w.src.Size() + coverBytes
	}
	return unopened*w.letter.Facts.Bytes + coverBytes
}

// fits tells whether one more letter surely stays within the limits of the
// file that is being written.
func (c *composer) fits(w *imposedLetter) bool {
	f, p := c.file, c.profile
	sheets := len(w.im.Sheets)
	if over(f.letters+1, p.MaxLettersPerFile) || over(f.sheets+sheets, p.MaxSheetsPerFile) {
		return false
	}
	if f.objects+c.waiting.objects+w.objects()+3*int64(len(f.sides)+2*(c.waiting.sheets+sheets)) > maxFileObjects {
		return false
	}
	perSheet := int64(2*sideBytes + len(c.crop[0]) + len(c.crop[1]))
	if p.Marks.On() {
		perSheet += markBytes
	}
	bound := f.staged.written + pendingBytes + f.linker.Pending() + f.objects*objectBytes +
		int64(len(f.sides))*sideBytes + int64(c.waiting.sheets+sheets)*perSheet + c.waiting.bytes + w.size()
	if p.Control {
		bound += coverBytes + 2*sideBytes // the trailer
	}
	if !f.makers[c.maker(w.letter)] {
		bound += growth * c.kitBytes[c.maker(w.letter)]
	}
	return !over(bound, p.MaxBytesPerFile)
}

// enqueue puts a letter behind those that wait for their press sheets, and draws
// them all when they fill a block.
func (c *composer) enqueue(ctx context.Context, w *imposedLetter) error {
	if full := c.press.Block(); len(c.block) > 0 && c.waiting.sheets+len(w.im.Sheets) > full {
		if err := c.flush(ctx); err != nil {
			w.close()
			return err
		}
		if len(c.faults) > 0 {
			return c.examine(ctx, w)
		}
	}
	c.block = append(c.block, w)
	c.waiting.sheets += len(w.im.Sheets)
	c.waiting.bytes += w.size()
	c.waiting.objects += w.objects()
	if c.waiting.sheets >= c.press.Block() {
		return c.flush(ctx)
	}
	return nil
}

// flush draws the letters that wait. When one of them is at fault, all of them
// are examined.
func (c *composer) flush(ctx context.Context) error {
	block := c.block
	c.block, c.waiting = nil, waiting{}
	defer func() {
		for _, w := range block {
			w.close()
		}
	}()
	if len(block) == 0 {
		return nil
	}
	ok, err := c.draw(ctx, c.file.linker, c.press, block, c.file)
	if err != nil {
		return err
	}
	if ok {
		return c.writePlan(block)
	}
	for _, w := range block {
		w.close()
		if slices.ContainsFunc(c.faults, func(e *LetterError) bool { return e.Shipment == w.letter.Shipment }) {
			continue
		}
		if err := c.examine(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// markOf is what the marks say of a sheet of a letter.
func (c *composer) markOf(w *imposedLetter, i int) impose.SheetMark {
	s := w.im.Sheets[i]
	return impose.SheetMark{
		Job: c.job.ID, Letter: c.job.Before.Letters + w.number, Sheet: s.N, Of: s.Of, Run: c.job.Before.Sheets + w.sheet + i,
	}
}

// writePlan writes what was drawn of a block, when somebody wants to know.
func (c *composer) writePlan(block []*imposedLetter) error {
	if c.job.Plan == nil {
		return nil
	}
	var sheets []impose.Finished
	for _, w := range block {
		for i, s := range w.im.Sheets {
			f := impose.Finished{Letter: w.number, Control: w.kind, Sheet: s}
			if w.number > 0 && c.profile.Marks.On() {
				var err error
				if f.Marks, err = c.profile.Marks.Plan(c.markOf(w, i)); err != nil {
					return err
				}
			}
			sheets = append(sheets, f)
		}
	}
	_, err := io.WriteString(c.job.Plan, c.press.Text(sheets, &c.profile.Marks))
	return err
}

// examine draws a letter into nothing, to find what is wrong with it.
func (c *composer) examine(ctx context.Context, w *imposedLetter) error {
	defer w.close()
	linker := printfile.NewLinker(io.Discard, printfile.Options{TempDir: c.staging.dir})
	defer linker.Close() // only to let go of its temporary file
	_, err := c.draw(ctx, linker, impose.DefaultPress(), []*imposedLetter{w}, nil)
	return err
}

// open opens a prepared letter and compares it with what is known of it. False:
// the letter is at fault, which is noted.
func (c *composer) open(ctx context.Context, w *imposedLetter) (bool, error) {
	src, err := w.letter.Open(ctx)
	if err != nil {
		return false, fmt.Errorf("shipment %s: open prepared letter: %w", w.letter.Shipment, err)
	}
	w.src, w.watched = src, &watchedReader{r: src}
	w.body, err = printfile.OpenPrepared(w.watched, src.Size())
	switch {
	case errors.Is(err, printfile.ErrNotPrepared):
		c.fault(&LetterError{Shipment: w.letter.Shipment, Code: CodePrepared, Err: err})
	case err != nil:
		err = fmt.Errorf("shipment %s: %w", w.letter.Shipment, err)
		w.close()
		return false, err
	default:
		if err = agree(w.letter, w.body); err == nil && c.press.Up() > 1 && src.Size() != w.letter.Facts.Bytes {
			err = fmt.Errorf("prepared letter has %d bytes, its facts say %d", src.Size(), w.letter.Facts.Bytes)
		}
		if err == nil {
			return true, nil
		}
		c.fault(&LetterError{Shipment: w.letter.Shipment, Code: CodeFacts, Err: err})
	}
	w.close()
	return false, nil
}

// draw lays the sheets of a block on press sheets and adds these to a print
// file. Prepared letters are opened when the first of their sheets is drawn and
// closed after the last. f, unless nil, learns what is drawn. False: a letter is
// at fault, which is noted, and the print file is of no use.
func (c *composer) draw(ctx context.Context, linker *printfile.Linker, press impose.Press, block []*imposedLetter, f *printFile) (bool, error) {
	type place struct {
		w *imposedLetter
		i int // sheet
	}
	var sheets []place
	for _, w := range block {
		w.left = len(w.im.Sheets)
		for i := range w.im.Sheets {
			sheets = append(sheets, place{w, i})
		}
	}
	arranged := press.Arrange(len(sheets))
	width, height := press.Size()
	front := printfile.Side{Width: width, Height: height}
	back := front
	var clips []*[4]float64
	for cell := range press.Up() {
		clips = append(clips, clipOf(press, cell, false), clipOf(press, cell, true))
	}
	parts := f != nil && c.parts()
	if parts { // one sheet a press sheet, so the block is one letter
		if err := linker.BeginPart(c.partOf(block[0])); err != nil {
			return false, fmt.Errorf("write print file: %w", err)
		}
	}
	for p := range arranged.Sheets() {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		front.Placements, back.Placements = front.Placements[:0], back.Placements[:0]
		front.Content = append(front.Content[:0], c.crop[0]...)
		back.Content = append(back.Content[:0], c.crop[1]...)
		for cell := range press.Up() {
			i := arranged.At(p, cell)
			if i < 0 {
				continue
			}
			at := sheets[i]
			if at.w.src == nil && at.w.letter.Open != nil {
				if ok, err := c.open(ctx, at.w); err != nil || !ok {
					return false, err
				}
			}
			if f != nil && at.w.left == len(at.w.im.Sheets) {
				for _, p := range []*printfile.Prepared{at.w.front, at.w.body} {
					if p != nil {
						f.objects += int64(p.NumObjects())
					}
				}
			}
			sheet := at.w.im.Sheets[at.i]
			front.Placements = at.w.put(front.Placements, sheet.Front, press.Front(cell), clips[2*cell])
			back.Placements = at.w.put(back.Placements, sheet.Back, press.Back(cell), clips[2*cell+1])
			if at.w.number > 0 && c.profile.Marks.On() {
				var err error
				front.Content, err = mark.Draw(front.Content, &c.profile.Marks, c.markOf(at.w, at.i), press.Front(cell))
				if err != nil {
					return false, fmt.Errorf("shipment %s: mark sheet %d: %w", at.w.letter.Shipment, sheet.N, err)
				}
			}
			at.w.left--
		}
		for i, side := range []printfile.Side{front, back} {
			if i == 1 && !c.job.Class.Duplex {
				break
			}
			if err := linker.AddSide(side); err != nil {
				return false, c.sourceFault(ctx, block, err)
			}
			if f != nil {
				f.sides = append(f.sides, planOf(side))
			}
		}
		for cell := range press.Up() {
			if i := arranged.At(p, cell); i >= 0 && sheets[i].w.left == 0 {
				w := sheets[i].w
				if w.front != nil {
					linker.Release(w.front)
				}
				if w.body != nil {
					linker.Release(w.body)
				}
				w.close()
			}
		}
	}
	if parts {
		if err := linker.EndPart(); err != nil {
			return false, fmt.Errorf("write print file: %w", err)
		}
	}
	return true, nil
}

// parts tells whether the print files have a tree of document parts. A page
// belongs to one part, so there is none where letters lie beside each other.
func (c *composer) parts() bool { return c.profile.DocumentParts && c.press.Up() == 1 }

// partControl is the kind of the document parts of control sheets.
const partControl = "Control"

// partOf is what the tree of document parts tells of a letter or control sheet.
func (c *composer) partOf(w *imposedLetter) printfile.Dict {
	if w.number == 0 {
		return printfile.PartMetadata{Kind: partControl, Job: c.job.ID}.Dict()
	}
	return c.partOfRow(w.number).Dict()
}

func (c *composer) partOfRow(number int) printfile.PartMetadata {
	r := c.rows.at(number)
	return printfile.PartMetadata{
		Kind: printfile.KindLetter, Job: c.job.ID, ID: r.shipment, Number: number,
		Sheets: int(r.sheets), Pages: int(r.pages), Konteringskode: c.words.list[r.code],
	}
}

// control puts a control sheet behind the letters that wait.
func (c *composer) control(ctx context.Context, kind impose.Control) error {
	f, class := c.file, c.job.Class
	sheet := impose.ControlSheet{
		Kind: kind, Job: c.job.ID, Vendor: c.job.Vendor, File: len(c.files) + 1, FirstLetter: f.firstLetter,
		Account: class.Account, Envelope: class.Envelope, Zone: class.Zone, Colour: class.Colour, Duplex: class.Duplex, Giro: class.Giro,
	}
	if c.job.Reprint {
		sheet.Parent = c.job.Parent
	}
	in := c.profile.Instructions
	for _, stock := range []impose.Stock{impose.Plain, impose.CoverStock, impose.Giro} {
		t := impose.Tray{Stock: stock, Tray: in.Trays[string(stock)], Paper: in.Paper}
		if stock == impose.Giro {
			t.Paper = in.GiroPaper
		}
		if t.Tray != "" && (stock != impose.Giro || class.Giro) {
			sheet.Trays = append(sheet.Trays, t)
		}
	}
	if kind == impose.Trailer {
		sheet.Letters, sheet.LastLetter, sheet.Sheets = f.letters, f.firstLetter+f.letters-1, f.sheets
		for n := f.firstLetter; n <= c.rows.n; n++ {
			sheet.Pages += int(c.rows.at(n).pages)
		}
		f.file.Trailer = 1
	} else {
		f.file.Header = 1
	}
	page, err := mark.Control(sheet)
	if err != nil {
		return err
	}
	f.finished += c.perSheet()
	return c.enqueue(ctx, &imposedLetter{kind: kind, im: impose.Imposed{Sheets: []impose.Sheet{sheet.Sheet()}}, front: page})
}

// clipOf is the area of a page that may show in a cell: all of it when it has
// no neighbours. A prepared page is kept whole when it is slightly larger than A4.
func clipOf(p impose.Press, cell int, back bool) *[4]float64 {
	if p.Up() == 1 {
		return nil
	}
	r := p.PageClip(cell, back)
	return &[4]float64{r.X0, r.Y0, r.X1, r.Y1}
}

// put adds what one side of a sheet carries to the placements of a press sheet.
func (w *imposedLetter) put(list []printfile.Placement, s impose.Side, cell impose.Matrix, clip *[4]float64) []printfile.Placement {
	p := printfile.Placement{Source: w.body, Page: s.Index, Matrix: s.At.Then(cell), Clip: clip}
	switch s.Kind {
	case impose.Blank:
		return list
	case impose.Cover, impose.ControlPage:
		p.Source, p.Page = w.front, 0
	case impose.Page: // as above
	}
	return append(list, p)
}

// sourceFault tells a letter that is damaged, which is a fault of its own, from all
// else that can keep it from being drawn.
func (c *composer) sourceFault(ctx context.Context, block []*imposedLetter, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var se *printfile.SourceError
	if errors.As(err, &se) {
		for _, w := range block {
			switch {
			case w.body == nil || se.Source != w.body:
			case w.watched.err != nil: // not damaged, only out of reach just now
				return fmt.Errorf("shipment %s: read prepared letter: %w", w.letter.Shipment, w.watched.err)
			default:
				c.fault(&LetterError{Shipment: w.letter.Shipment, Code: CodePrepared, Err: err})
				return nil
			}
		}
	}
	return fmt.Errorf("write print file: %w", err)
}

// sidePlan is what a side of a print file must turn out to be: the number of
// pages placed on it, and whether it has content of its own.
type sidePlan uint8

const ownContent sidePlan = 1 << 7 // above the most cells of a press sheet

func planOf(s printfile.Side) sidePlan {
	p := sidePlan(len(s.Placements))
	if len(s.Content) > 0 {
		p |= ownContent
	}
	return p
}

func (p sidePlan) placements() int { return int(p &^ ownContent) }

// marked tells that the side has marks.
func (p sidePlan) marked() bool { return p&ownContent != 0 }

// blank tells that nothing is drawn on the side.
func (p sidePlan) blank() bool { return p == 0 }

// pressOf is the press for a class of jobs. Giro forms come from a tray of
// their own, so they are printed one a press sheet.
func (p Profile) pressOf(class exchange.Class) impose.Press {
	if class.Giro {
		return impose.DefaultPress()
	}
	return p.Press
}

// pressTicket words the press for the ticket; nil when each finished sheet is a
// press sheet of its own size.
func pressTicket(p impose.Press) *exchange.Press {
	if p.Up() == 1 && p.WidthMM == impose.FinishedWidthMM && p.HeightMM == impose.FinishedHeightMM {
		return nil
	}
	t := &exchange.Press{
		WidthMM: p.WidthMM, HeightMM: p.HeightMM, Columns: p.Columns, Rows: p.Rows,
		Order: string(p.Order), Turn: p.Turn, Flip: string(p.Flip),
	}
	if p.Order == impose.CutAndStack {
		t.StackSheets = p.StackSheets
	}
	return t
}

// marksTicket words the marks for the ticket.
func marksTicket(m impose.Marks) []string {
	var list []string
	if m.DataMatrix.On() {
		list = append(list, exchange.MarkDataMatrix)
	}
	if m.OMR.On() {
		list = append(list, exchange.MarkOMR)
	}
	return list
}
