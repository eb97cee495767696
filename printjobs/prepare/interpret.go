package prepare

import "github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

// reading is one content stream while it is read: its operators with their
// operands, what their names stand for, and which marked sections are open.
type reading struct {
	tokens
	s         *source
	resources types.Dict
	depth     int // of forms, tiles and glyphs in each other

	sections []sectionKind // those that are open
	hidden   int           // how many of them do not print
	clips    bool          // the path at hand becomes part of the clip when it ends
}

// allowance bounds what one device reads of a document. Forms that draw each
// other many times over would else take for ever.
type allowance struct {
	bytes  int64 // of content that may still be read
	levels int   // of forms, tiles and glyphs in each other
}

// maxContentRead bounds the content in bytes that one device reads of a
// document.
const maxContentRead = 2 << 30

// read begins the reading of a content stream. ok is false when no more is
// allowed.
func (a *allowance) read(s *source, data []byte, resources types.Dict, depth int) (r *reading, ok bool) {
	a.bytes -= int64(len(data)) + 64
	if depth > a.levels || a.bytes < 0 {
		return nil, false
	}
	return &reading{tokens: tokens{data: data}, s: s, resources: resources, depth: depth}, true
}

// entry is what a name stands for among the resources of a category.
func (r *reading) entry(category, name string) types.Object {
	return r.s.dict(r.resources[category])[name]
}

// lastName is the last operand of the operator at hand, if that is a name.
func (t *tokens) lastName() (string, bool) {
	if n := len(t.args); n > 0 && t.args[n-1].kind == kindName {
		return t.nameOf(t.args[n-1]), true
	}
	return "", false
}

// numbersOf puts the last n numeric operands into v; ok is false when there
// are fewer.
func (t *tokens) numbersOf(v []float64) bool {
	i := len(v)
	for j := len(t.args) - 1; j >= 0 && i > 0; j-- {
		if t.args[j].kind == kindNumber {
			i--
			v[i] = t.args[j].number
		}
	}
	return i == 0
}

// device is what content is read for. It is told what the operators of one
// stream do; forms, tiles and glyphs that they draw it reads itself, as far as
// it wants to know them, with a device for each.
//
// G is what it keeps of the graphics state: it is saved and restored for it.
// Operands are in the reading. Where a name is passed the operand is one;
// others may be missing or of another kind.
type device[G any] interface {
	// more reports, before each operator, whether there is more to learn.
	more() bool
	// set takes an operator of the graphics state that is a number or some:
	// cm w M J, BT Td TD Tm T* Tc Tw Tz TL Ts.
	set(r *reading, g *G, op []byte)
	// segment takes an operator that extends the path: m l c v y h re.
	segment(r *reading, op []byte)
	// paint ends the path.
	paint(r *reading, g *G, p painting)
	// colour takes an operator that sets a colour or its space: of lines when
	// it is in capitals, else of areas.
	colour(r *reading, g *G, op []byte)
	// extend takes a state among the resources: gs.
	extend(r *reading, g *G, name string)
	// font takes a font among the resources and its size: Tf.
	font(r *reading, g *G, name string, size float64)
	// render takes the way in which glyphs are drawn: Tr.
	render(g *G, mode int)
	// show takes an operator that shows text, hidden or not: Tj TJ ' ".
	show(r *reading, g *G, op []byte)
	// shade fills what is not clipped with a shading that is not hidden: sh.
	shade(r *reading, g *G, name string)
	// draw draws an XObject that is not hidden: Do.
	draw(r *reading, g *G, name string)
	// inline draws an inline image, hidden or not: BI.
	inline(r *reading, g *G)
}

// painting is what becomes of a path at its end.
type painting struct{ fill, evenOdd, stroke bool }

// deaf hears nothing; a device embeds it for what it does not want to know.
type deaf[G any] struct{}

func (deaf[G]) more() bool                         { return true }
func (deaf[G]) set(*reading, *G, []byte)           {}
func (deaf[G]) segment(*reading, []byte)           {}
func (deaf[G]) paint(*reading, *G, painting)       {}
func (deaf[G]) colour(*reading, *G, []byte)        {}
func (deaf[G]) font(*reading, *G, string, float64) {}
func (deaf[G]) render(*G, int)                     {}

// maxSavedStates bounds the graphics states that a stream saves.
const maxSavedStates = 1 << 16

var closePath = []byte("h")

// interpret reads the operators of a content stream for a device, which is in
// the state g when they begin.
func interpret[G any](r *reading, g G, d device[G]) {
	var saved []G
	paint := func(p painting) {
		d.paint(r, &g, p)
		r.clips = false
	}
	for op := r.next(); op != nil && d.more(); op = r.next() {
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
			d.segment(r, op)
		case "W", "W*":
			r.clips = true
		case "n":
			paint(painting{})
		case "f", "F", "f*":
			paint(painting{fill: true, evenOdd: len(op) == 2})
		case "s":
			d.segment(r, closePath)
			paint(painting{stroke: true})
		case "S":
			paint(painting{stroke: true})
		case "b", "b*":
			d.segment(r, closePath)
			paint(painting{fill: true, evenOdd: len(op) == 2, stroke: true})
		case "B", "B*":
			paint(painting{fill: true, evenOdd: len(op) == 2, stroke: true})
		case "g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN":
			d.colour(r, &g, op)
		case "cm", "w", "M", "J", "BT", "Td", "TD", "Tm", "T*", "Tc", "Tw", "Tz", "TL", "Ts":
			d.set(r, &g, op)
		case "Tf":
			if n := len(r.args); n > 1 && r.args[n-2].kind == kindName {
				d.font(r, &g, r.nameOf(r.args[n-2]), r.args[n-1].number)
			}
		case "Tr":
			if n := len(r.args); n > 0 {
				d.render(&g, int(r.args[n-1].number))
			}
		case "Tj", "TJ", "'", "\"":
			d.show(r, &g, op)
		case "gs":
			if name, ok := r.lastName(); ok {
				d.extend(r, &g, name)
			}
		case "sh":
			if name, ok := r.lastName(); ok && r.hidden == 0 {
				d.shade(r, &g, name)
			}
		case "Do":
			if name, ok := r.lastName(); ok && r.hidden == 0 {
				d.draw(r, &g, name)
			}
		case "BI":
			d.inline(r, &g)
		case "BDC", "BMC", "EMC":
			r.mark(op)
		}
	}
}

// inlineKeys are the short names of an inline image's entries.
var inlineKeys = map[string]string{
	"BPC": "BitsPerComponent", "CS": "ColorSpace", "D": "Decode", "DP": "DecodeParms", "F": "Filter", "H": "Height", "IM": "ImageMask", "W": "Width",
}

// inlineImage is the inline image at hand, with the long names of its entries.
func (r *reading) inlineImage() types.StreamDict {
	d := types.Dict{}
	for i := 0; i+1 < len(r.image); i += 2 {
		if r.image[i].kind != kindName {
			continue
		}
		key, value := r.nameOf(r.image[i]), r.image[i+1]
		if long, ok := inlineKeys[key]; ok {
			key = long
		}
		d[key] = (&lenient{data: r.data[value.start:value.end]}).value()
	}
	return types.StreamDict{Dict: d, Raw: r.imageData, FilterPipeline: new(salvage).filters(d)}
}

// glyphProcs are the glyphs of a Type 3 font by character code.
func (s *source) glyphProcs(font types.Dict) *[256]types.Object {
	table := &[256]types.Object{}
	procs := s.dict(font["CharProcs"])
	code := 0
	for _, o := range s.array(s.dict(font["Encoding"])["Differences"]) {
		if n, ok := s.integer(o); ok {
			code = n
			continue
		}
		if p, ok := procs[s.name(o)]; ok && code >= 0 && code < 256 {
			table[code] = p
		}
		code++
	}
	return table
}

// fillsText and strokesText tell of a way in which glyphs are drawn.
func fillsText(mode int) bool   { return mode == 0 || mode == 2 || mode == 4 || mode == 6 }
func strokesText(mode int) bool { return mode == 1 || mode == 2 || mode == 5 || mode == 6 }
