// Package content interprets what pages draw: it reads the operators of content streams for devices, judges colours, and takes out the
// layers that do not print.
package content

import (
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

// Reading is one content stream while it is read: its operators with their
// operands, what their names stand for, and which marked sections are open.
type Reading struct {
	syntax.Tokens
	s         *read.Document
	Resources syntax.Dict
	Depth     int // of forms, tiles and glyphs in each other

	sections []sectionKind // those that are open
	Hidden   int           // how many of them do not print
	Clips    bool          // the path at hand becomes part of the clip when it ends
}

// Allowance bounds what one device reads of a document. Forms that draw each
// other many times over would else take for ever.
type Allowance struct {
	Bytes  int64 // of content that may still be read
	levels int   // of forms, tiles and glyphs in each other
}

// NewAllowance allows so many bytes of content, and so many levels of forms,
// tiles and glyphs in each other.
func NewAllowance(bytes int64, levels int) Allowance { return Allowance{bytes, levels} }

// MaxContentRead bounds the content in bytes that one device reads of a
// document.
const MaxContentRead = 2 << 30

// Begin begins the reading of a content stream. ok is false when no more is
// allowed.
func (a *Allowance) Begin(s *read.Document, data []byte, resources syntax.Dict, depth int) (r *Reading, ok bool) {
	a.Bytes -= int64(len(data)) + 64
	if depth > a.levels || a.Bytes < 0 {
		return nil, false
	}
	return &Reading{Tokens: syntax.Tokens{Data: data}, s: s, Resources: resources, Depth: depth}, true
}

// Entry is what a name stands for among the resources of a category.
func (r *Reading) Entry(category, name string) syntax.Object {
	return r.s.Dict(r.Resources[category])[name]
}

// Device is what content is read for. It is told what the operators of one
// stream do; forms, tiles and glyphs that they draw it reads itself, as far as
// it wants to know them, with a device for each.
//
// G is what it keeps of the graphics state: it is saved and restored for it.
// Operands are in the reading. Where a name is passed the operand is one;
// others may be missing or of another kind.
type Device[G any] interface {
	// More reports, before each operator, whether there is more to learn.
	More() bool
	// Set takes an operator of the graphics state that is a number or some:
	// cm w M J, BT Td TD Tm T* Tc Tw Tz TL Ts.
	Set(r *Reading, g *G, op []byte)
	// Segment takes an operator that extends the path: m l c v y h re.
	Segment(r *Reading, op []byte)
	// Paint ends the path.
	Paint(r *Reading, g *G, p Painting)
	// Colour takes an operator that sets a colour or its space: of lines when
	// it is in capitals, else of areas.
	Colour(r *Reading, g *G, op []byte)
	// Extend takes a state among the resources: gs.
	Extend(r *Reading, g *G, name string)
	// Font takes a font among the resources and its size: Tf.
	Font(r *Reading, g *G, name string, size float64)
	// Render takes the way in which glyphs are drawn: Tr.
	Render(g *G, mode int)
	// Show takes an operator that shows text, hidden or not: Tj TJ ' ".
	Show(r *Reading, g *G, op []byte)
	// Shade fills what is not clipped with a shading that is not hidden: sh.
	Shade(r *Reading, g *G, name string)
	// Draw draws an XObject that is not hidden: Do.
	Draw(r *Reading, g *G, name string)
	// Inline draws an inline image, hidden or not: BI.
	Inline(r *Reading, g *G)
}

// Painting is what becomes of a path at its end.
type Painting struct{ Fill, EvenOdd, Stroke bool }

// Deaf hears nothing; a device embeds it for what it does not want to know.
type Deaf[G any] struct{}

// More goes on.
func (Deaf[G]) More() bool { return true }

// Set passes over an operator that sets the state.
func (Deaf[G]) Set(*Reading, *G, []byte) {}

// Segment passes over a part of a path.
func (Deaf[G]) Segment(*Reading, []byte) {}

// Paint passes over the end of a path.
func (Deaf[G]) Paint(*Reading, *G, Painting) {}

// Colour passes over a change of colour.
func (Deaf[G]) Colour(*Reading, *G, []byte) {}

// Font passes over a change of font.
func (Deaf[G]) Font(*Reading, *G, string, float64) {}

// Render passes over a change of how text is drawn.
func (Deaf[G]) Render(*G, int) {}

// maxSavedStates bounds the graphics states that a stream saves.
const maxSavedStates = 1 << 16

var closePath = []byte("h")

// Interpret reads the operators of a content stream for a device, which is in
// the state g when they begin.
func Interpret[G any](r *Reading, g G, d Device[G]) {
	var saved []G
	paint := func(p Painting) {
		d.Paint(r, &g, p)
		r.Clips = false
	}
	for op := r.Next(); op != nil && d.More(); op = r.Next() {
		switch string(op) {
		case "q":
			if len(saved) < maxSavedStates {
				saved = append(saved, g)
			}
		case "Q":
			if n := len(saved); n > 0 {
				g, saved = saved[n-1], saved[:n-1]
			}
		case "m", "l", "c", "v", "y", "re", "h":
			d.Segment(r, op)
		case "W", "W*":
			r.Clips = true
		case "n":
			paint(Painting{})
		case "f", "F", "f*":
			paint(Painting{Fill: true, EvenOdd: len(op) == 2})
		case "s":
			d.Segment(r, closePath)
			paint(Painting{Stroke: true})
		case "S":
			paint(Painting{Stroke: true})
		case "b", "b*":
			d.Segment(r, closePath)
			paint(Painting{Fill: true, EvenOdd: len(op) == 2, Stroke: true})
		case "B", "B*":
			paint(Painting{Fill: true, EvenOdd: len(op) == 2, Stroke: true})
		case "g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN":
			d.Colour(r, &g, op)
		case "cm", "w", "M", "J", "BT", "Td", "TD", "Tm", "T*", "Tc", "Tw", "Tz", "TL", "Ts":
			d.Set(r, &g, op)
		case "Tf":
			if n := len(r.Args); n > 1 && r.Args[n-2].Kind == syntax.KindName {
				d.Font(r, &g, r.NameOf(r.Args[n-2]), r.Args[n-1].Number)
			}
		case "Tr":
			if n := len(r.Args); n > 0 {
				d.Render(&g, int(r.Args[n-1].Number))
			}
		case "Tj", "TJ", "'", "\"":
			d.Show(r, &g, op)
		case "gs":
			if name, ok := r.LastName(); ok {
				d.Extend(r, &g, name)
			}
		case "sh":
			if name, ok := r.LastName(); ok && r.Hidden == 0 {
				d.Shade(r, &g, name)
			}
		case "Do":
			if name, ok := r.LastName(); ok && r.Hidden == 0 {
				d.Draw(r, &g, name)
			}
		case "BI":
			d.Inline(r, &g)
		case "BDC", "BMC", "EMC":
			r.mark(op)
		}
	}
}

// inlineKeys are the short names of an inline image's entries.
var inlineKeys = map[string]string{
	"BPC": "BitsPerComponent", "CS": "ColorSpace", "D": "Decode", "DP": "DecodeParms", "F": "Filter", "H": "Height", "IM": "ImageMask", "W": "Width",
}

// InlineImage is the inline image at hand, with the long names of its entries.
func (r *Reading) InlineImage() syntax.StreamDict {
	d := syntax.Dict{}
	for i := 0; i+1 < len(r.Image); i += 2 {
		if r.Image[i].Kind != syntax.KindName {
			continue
		}
		key, value := r.NameOf(r.Image[i]), r.Image[i+1]
		if long, ok := inlineKeys[key]; ok {
			key = long
		}
		d[key] = (&syntax.ObjectReader{Data: r.Data[value.Start:value.End]}).Value()
	}
	return syntax.StreamDict{Dict: d, Raw: r.ImageData, FilterPipeline: read.InlineFilters(d)}
}

// GlyphProcs are the glyphs of a Type 3 font by character code.
func GlyphProcs(s *read.Document, font syntax.Dict) *[256]syntax.Object {
	table := &[256]syntax.Object{}
	procs := s.Dict(font["CharProcs"])
	code := 0
	for _, o := range s.Array(s.Dict(font["Encoding"])["Differences"]) {
		if n, ok := s.Integer(o); ok {
			code = n
			continue
		}
		if p, ok := procs[s.Name(o)]; ok && code >= 0 && code < 256 {
			table[code] = p
		}
		code++
	}
	return table
}

// Appearance is what an annotation puts on the page.
type Appearance struct {
	Form     syntax.Object
	Matrix   sheet.Matrix // from the appearance's form space to the page
	Fallback syntax.Dict  // resources for an appearance that has none
}
