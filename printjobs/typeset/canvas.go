package typeset

import (
	"math"
	"strconv"

	"postgang/printjobs/printfile"
)

// Canvas collects the operators of a content stream. Places are in pt from the top left corner of what is drawn on, y down;
// the stream gets PDF's own axes.
type Canvas struct {
	Buf    []byte
	Height float64 // pt, of what is drawn on
}

// AppendNumber writes a number rounded to so many decimals, 0 to 4, with none that are not needed.
func AppendNumber(buf []byte, v float64, decimals int) []byte {
	unit := [...]int64{1, 10, 100, 1000, 10_000}[decimals]
	n := int64(math.Round(v * float64(unit)))
	if n < 0 {
		buf = append(buf, '-')
		n = -n
	}
	buf = strconv.AppendInt(buf, n/unit, 10)
	rest := n % unit
	if rest == 0 {
		return buf
	}
	buf = append(buf, '.')
	for rest > 0 {
		unit /= 10
		buf = append(buf, byte('0'+rest/unit))
		rest %= unit
	}
	return buf
}

// decimals of operands: a hundredth of a point is finer than any printer.
const decimals = 2

// Op writes an operator after its operands.
func (c *Canvas) Op(operator string, operands ...float64) {
	for _, v := range operands {
		c.Buf = append(AppendNumber(c.Buf, v, decimals), ' ')
	}
	c.Buf = append(c.Buf, operator...)
	c.Buf = append(c.Buf, '\n')
}

// Style is how a line of text is set.
type Style struct {
	Face     *Face
	Name     string  // the font's name in the page's resources
	Size     float64 // pt
	Condense float64 // percent of natural width
	Gray     float64 // 0 black to 1 white
}

// Lines sets lines of text from a first baseline on, left-aligned, leading pt apart.
func (c *Canvas) Lines(st Style, x, baseline, leading float64, lines ...string) {
	if len(lines) == 0 {
		return
	}
	if st.Gray != 0 {
		c.Op("g", st.Gray)
	}
	c.Buf = append(c.Buf, "BT /"...)
	c.Buf = append(c.Buf, st.Name...)
	c.Buf = append(c.Buf, ' ')
	c.Op("Tf", st.Size)
	if st.Condense != 100 {
		c.Op("Tz", math.Floor(st.Condense*100)/100)
	}
	if len(lines) > 1 {
		c.Op("TL", leading)
	}
	c.Op("Td", x, c.Height-baseline)
	for i, line := range lines {
		if i > 0 {
			c.Buf = append(c.Buf, "T*\n"...)
		}
		c.Buf = st.Face.AppendShown(c.Buf, line)
		c.Buf = append(c.Buf, "Tj\n"...)
	}
	if st.Condense != 100 {
		c.Op("Tz", 100) // Tz outlives the text object
	}
	c.Buf = append(c.Buf, "ET\n"...)
	if st.Gray != 0 {
		c.Op("g", 0)
	}
}

// Form is a Form XObject with its box at the origin.
func Form(content []byte, width, height float64, resources printfile.Ref) printfile.Stream {
	return printfile.Stream{
		Dict: printfile.Dict{
			"Type": printfile.Name("XObject"), "Subtype": printfile.Name("Form"),
			"BBox":      printfile.Array{printfile.Int(0), printfile.Int(0), printfile.Real(width), printfile.Real(height)},
			"Resources": resources,
		},
		Data: content,
	}
}
