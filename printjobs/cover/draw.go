package cover

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"github.com/boombuler/barcode/datamatrix"
)

// canvas collects the operators of a content stream. Places are in pt from the sheet's top left corner, y down, as the rest
// of the package thinks; the stream gets PDF's own axes.
type canvas struct {
	buf    []byte
	height float64 // pt, of what is drawn on
}

func sheet() *canvas { return &canvas{height: pageHeightMM * pointsPerMM} }

// num writes a number with at most two decimals, a hundredth of a point being finer than any printer.
func (c *canvas) num(v float64) {
	c.buf = strconv.AppendFloat(c.buf, math.Round(v*100)/100, 'f', -1, 64)
	c.buf = append(c.buf, ' ')
}

func (c *canvas) op(operator string, operands ...float64) {
	for _, v := range operands {
		c.num(v)
	}
	c.buf = append(c.buf, operator...)
	c.buf = append(c.buf, '\n')
}

// style is how a line of text is set.
type style struct {
	font     *face
	name     string  // the font's name in the page's resources
	size     float64 // pt
	condense float64 // percent of natural width
	gray     float64 // 0 black to 1 white
}

// lines sets lines of text from a first baseline on, left-aligned, leading pt apart.
func (c *canvas) lines(st style, x, baseline, leading float64, lines ...string) {
	if len(lines) == 0 {
		return
	}
	if st.gray != 0 {
		c.op("g", st.gray)
	}
	c.buf = append(c.buf, "BT /"...)
	c.buf = append(c.buf, st.name...)
	c.buf = append(c.buf, ' ')
	c.op("Tf", st.size)
	if st.condense != 100 {
		c.op("Tz", math.Floor(st.condense*100)/100)
	}
	if len(lines) > 1 {
		c.op("TL", leading)
	}
	c.op("Td", x, c.height-baseline)
	for i, line := range lines {
		if i > 0 {
			c.buf = append(c.buf, "T*\n"...)
		}
		c.buf = st.font.appendShown(c.buf, line)
		c.buf = append(c.buf, "Tj\n"...)
	}
	if st.condense != 100 {
		c.op("Tz", 100) // Tz outlives the text object
	}
	c.buf = append(c.buf, "ET\n"...)
	if st.gray != 0 {
		c.op("g", 0)
	}
}

// symbol is a DataMatrix as rows of dark modules.
type symbol struct {
	columns, rows int
	dark          []bool // row by row
}

// encodeMatrix makes the DataMatrix (ECC 200) of a shipment id.
func encodeMatrix(id string) (symbol, error) {
	for i := range len(id) {
		if id[i] < ' ' || id[i] > '~' {
			return symbol{}, fmt.Errorf("shipment id: character %d is not printable ASCII", i+1)
		}
	}
	if id == "" {
		return symbol{}, fmt.Errorf("shipment id is empty")
	}
	code, err := datamatrix.Encode(id)
	if err != nil {
		return symbol{}, fmt.Errorf("shipment id of %d characters: %w", len(id), err)
	}
	b := code.Bounds()
	s := symbol{columns: b.Dx(), rows: b.Dy()}
	s.dark = make([]bool, 0, s.columns*s.rows)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			s.dark = append(s.dark, code.At(x, y) == color.Black)
		}
	}
	return s, nil
}

// matrix draws a symbol with its top right corner at (right, top) as rectangles, one for each run of dark modules, in
// coordinates of modules so that every number is short.
func (c *canvas) matrix(s symbol, right, top, module float64) {
	c.buf = append(c.buf, "q\n"...)
	c.op("cm", module, 0, 0, module, right-float64(s.columns)*module, c.height-top-float64(s.rows)*module)
	for y := range s.rows {
		row := s.dark[y*s.columns : (y+1)*s.columns]
		for x := 0; x < s.columns; {
			if !row[x] {
				x++
				continue
			}
			run := x
			for run < s.columns && row[run] {
				run++
			}
			for _, v := range [4]int{x, s.rows - 1 - y, run - x, 1} {
				c.buf = strconv.AppendInt(c.buf, int64(v), 10)
				c.buf = append(c.buf, ' ')
			}
			c.buf = append(c.buf, "re\n"...)
			x = run
		}
	}
	c.buf = append(c.buf, "f\nQ\n"...)
}
