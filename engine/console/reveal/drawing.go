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
)

// drawing is what a page shows of a letter's sides, while it is drawn: first all texts, which the page waits for, then picture by
// picture.
type drawing struct {
	first, last int
	read        chan struct{} // closed when the texts are there
	text        map[int]string
	drawn       []chan struct{} // closed, side by side, when its picture is there, or will not be
	png         [][]byte
	failed      chan struct{} // closed when it went wrong
	err         error
}

// shownWith are the first and the last side that are shown together with one.
func (w *view) shownWith(n int) (first, last int) {
	first = n - (n-1)%sidesAtATime
	return first, min(first+sidesAtATime-1, w.sides)
}

// drawing is that of the sides that are shown together with one, begun if it is not. A view keeps one.
func (v *request) drawing(w *view, n int) *drawing {
	w.mu.Lock()
	defer w.mu.Unlock()
	first, last := w.shownWith(n)
	if d := w.drawing; d != nil && d.first == first {
		select {
		case <-d.failed: // once more
		default:
			return d
		}
	}
	d := &drawing{first: first, last: last, read: make(chan struct{}), png: make([][]byte, last-first+1), failed: make(chan struct{})}
	for range d.png {
		d.drawn = append(d.drawn, make(chan struct{}))
	}
	w.drawing = d
	// Who asked may be gone before the picture is asked for, which is another request.
	ctx, end := context.WithTimeout(context.WithoutCancel(v.Ctx), mostTime)
	go func() {
		defer end()
		next := 0
		err := v.render(ctx, w, preview.Options{
			DPI: pictureDPI, Want: func(n int) bool { return n >= first && n <= last },
			Texts: func(of map[int]string) {
				d.text = of
				close(d.read)
			},
		}, func(s preview.Page) error {
			var b bytes.Buffer
			if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, plain(s.Image)); err != nil {
				return err
			}
			d.png[next] = b.Bytes()
			close(d.drawn[next])
			next++
			return nil
		})
		if err == nil && next < len(d.drawn) {
			err = errors.New("the letter has fewer sides than it should")
		}
		if err != nil {
			d.err = fmt.Errorf("pages of shipment %s: %w", w.letter, err)
			close(d.failed)
		}
	}()
	return d
}

// render waits for its turn.
func (p *Pages) render(ctx context.Context, w *view, o preview.Options, each func(preview.Page) error) error {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := p.Pictures.Render(ctx, bytes.NewReader(w.pdf), int64(len(w.pdf)), o, each)
	return err
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

// picture is a side as PNG.
func (d *drawing) picture(ctx context.Context, n int) ([]byte, error) {
	select {
	case <-d.drawn[n-d.first]:
		return d.png[n-d.first], nil
	default:
	}
	select {
	case <-d.drawn[n-d.first]:
		return d.png[n-d.first], nil
	case <-d.failed:
		return nil, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
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
