package reveal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"time"

	"postgang/printjobs/preview"
)

const (
	// pictureDPI is enough to read small print on a wide screen: 910 pixels across.
	pictureDPI = 110
	// mostTime is how long it may take to draw what a page shows.
	mostTime = 2 * time.Minute
	// handedPageTime is how long a page of a document that was handed in may take: the answer waits for it.
	handedPageTime = 8 * time.Second
)

// drawing is what a page shows of a letter's sides, while it is drawn: first all texts, which the page waits for, then picture by
// picture.
type drawing struct {
	document    int // of the documents that were handed in; of a letter as it is printed 0
	first, last int
	read        chan struct{} // closed when the texts are there
	pages       int           // of the PDF
	text        map[int]string
	drawn       []chan struct{} // closed, side by side, when its picture is there, or will not be
	shots       []shot
	failed      chan struct{} // closed when it went wrong
	err         error
}

// shot is the picture of a side; without bytes it cannot be drawn.
type shot struct {
	png           []byte
	width, height float64 // of the page, in pt
}

// shownWith are the first and the last side that are shown together with one. Of a document that was handed in there may be fewer.
func (w *view) shownWith(n int) (first, last int) {
	first = n - (n-1)%sidesAtATime
	last = first + sidesAtATime - 1
	if w.handed == nil {
		last = min(last, w.sides)
	}
	return first, last
}

// drawing is that of the sides that are shown together with one, begun if it is not. A view keeps one.
func (v *request) drawing(w *view, document, n int) *drawing {
	w.mu.Lock()
	defer w.mu.Unlock()
	first, last := w.shownWith(n)
	if d := w.drawing; d != nil && d.document == document && d.first == first {
		select {
		case <-d.failed: // once more
		default:
			return d
		}
	}
	d := &drawing{document: document, first: first, last: last, read: make(chan struct{}), shots: make([]shot, last-first+1), failed: make(chan struct{})}
	for range d.shots {
		d.drawn = append(d.drawn, make(chan struct{}))
	}
	w.drawing = d
	// Who asked may be gone before the picture is asked for, which is another request.
	ctx, end := context.WithTimeout(context.WithoutCancel(v.Ctx), mostTime)
	go func() {
		defer end()
		if err := v.draw(ctx, w, d); err != nil {
			d.err = fmt.Errorf("pages of shipment %s: %w", w.letter, err)
			close(d.failed)
		}
	}()
	return d
}

// draw draws what a drawing is of. A page of a document that was handed in may be one that nobody can draw: then the others are.
func (p *Pages) draw(ctx context.Context, w *view, d *drawing) error {
	pdf, o := w.pdf, preview.Options{DPI: pictureDPI}
	if w.handed != nil {
		pdf, o.Fit, o.PageTime = w.handed.Documents[d.document].Bytes, true, handedPageTime
	}
	next := d.first
	o.Want = func(n int) bool { return n >= next && n <= d.last }
	o.Texts = func(pages int, read map[int]string) {
		d.pages, d.text = pages, read
		close(d.read)
	}
	for {
		_, err := p.render(ctx, pdf, o, func(s preview.Page) error {
			var b bytes.Buffer
			if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, plain(s.Image)); err != nil {
				return err
			}
			d.shots[next-d.first] = shot{b.Bytes(), s.Width, s.Height}
			close(d.drawn[next-d.first])
			next++
			return nil
		})
		o.Texts = nil
		switch {
		case err == nil && w.handed == nil && next <= d.last:
			return errors.New("the letter has fewer sides than it should")
		case err == nil:
			for ; next <= d.last; next++ { // the document has no such page
				close(d.drawn[next-d.first])
			}
			return nil
		case w.handed == nil || d.pages == 0 || ctx.Err() != nil:
			return err
		case next < d.last:
			close(d.drawn[next-d.first])
			next++
		default:
			if next == d.last {
				close(d.drawn[next-d.first])
			}
			return nil
		}
	}
}

// render waits for its turn.
func (p *Pages) render(ctx context.Context, pdf []byte, o preview.Options, each func(preview.Page) error) (int, error) {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return p.Pictures.Render(ctx, bytes.NewReader(pdf), int64(len(pdf)), o, each)
}

// texts are what can be read on the sides, by their numbers. What PDFium cannot read has none.
func (d *drawing) texts(ctx context.Context) (map[int]string, error) {
	select {
	case <-d.read:
		return d.text, nil
	case <-d.failed:
		return nil, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// picture is a side as it is drawn.
func (d *drawing) picture(ctx context.Context, n int) (shot, error) {
	select {
	case <-d.drawn[n-d.first]:
		return d.shots[n-d.first], nil
	default:
	}
	select {
	case <-d.drawn[n-d.first]:
		return d.shots[n-d.first], nil
	case <-d.failed:
		return shot{}, d.err
	case <-ctx.Done():
		return shot{}, ctx.Err()
	}
}

// plain is a picture without colour where it has none: a third of the work, and of the bytes.
func plain(m *image.RGBA) image.Image {
	g := image.NewGray(m.Rect)
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride : y*m.Stride+4*m.Rect.Dx()]
		for x := range m.Rect.Dx() {
			if row[4*x] != row[4*x+1] || row[4*x] != row[4*x+2] {
				return m
			}
			g.Pix[y*g.Stride+x] = row[4*x]
		}
	}
	return g
}
