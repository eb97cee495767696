package appear

import (
	"encoding/hex"
	"math"
	"strconv"

	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
	"postgang/printjobs/printfile"
	"postgang/printjobs/typeset"
)

// makeAppearance makes the appearance of an annotation whose file leaves that to the
// viewer: markup from its geometry and colours, fields from their value. The
// form XObject is in the page's space. nil with ok stands for nothing to draw;
// ok is false when it cannot be drawn.
func (s *Annotator) makeAppearance(subtype string, d syntax.Dict) (form syntax.Object, ok bool) {
	r, found := s.Rect(d["Rect"])
	if !found || r.Width() <= 0 || r.Height() <= 0 {
		return nil, true
	}
	p := &artist{s: s, d: d, box: r}
	switch subtype {
	case "Widget":
		ok = p.field()
	case "Square", "Circle":
		p.shape(subtype == "Circle")
		ok = true
	case "Line":
		ok = p.lineAnnotation()
	case "Polygon", "PolyLine":
		ok = p.poly(subtype == "Polygon")
	case "Ink":
		ok = p.ink()
	case "Highlight", "Underline", "StrikeOut", "Squiggly":
		ok = p.textMarkup(subtype)
	case "FreeText":
		ok = p.freeText()
	case "Stamp":
		ok = p.stamp()
	default:
		return nil, false
	}
	if !ok || len(p.out) == 0 {
		return nil, ok
	}
	return p.form(subtype), true
}

// fontObject embeds one of our faces in the document, once.
func (s *Annotator) fontObject(f *typeset.Face) syntax.IndirectRef {
	ref, ok := s.faces[f]
	if !ok {
		ref = syntax.Reference(int(f.Embed(adder{s.Document})))
		if s.faces == nil {
			s.faces = map[*typeset.Face]syntax.IndirectRef{}
		}
		s.faces[f] = ref
	}
	return ref
}

// adder adds objects of a print file to the document.
type adder struct{ s *read.Document }

// Add gives the object a number in the document.
func (a adder) Add(o printfile.Object) printfile.Ref {
	return printfile.Ref(a.s.AddObject(ofPrintFile(o)).ObjectNumber)
}

// ofPrintFile is an object of a print file as one of the document.
func ofPrintFile(o printfile.Object) syntax.Object {
	switch v := o.(type) {
	case printfile.Name:
		return syntax.Name(v)
	case printfile.Int:
		return syntax.Integer(v)
	case printfile.Real:
		return syntax.Float(v)
	case printfile.String:
		return syntax.HexLiteral(hex.EncodeToString(v))
	case printfile.Ref:
		return syntax.Reference(int(v))
	case printfile.Array:
		a := make(syntax.Array, len(v))
		for i, e := range v {
			a[i] = ofPrintFile(e)
		}
		return a
	case printfile.Dict:
		d := make(syntax.Dict, len(v))
		for k, e := range v {
			d[string(k)] = ofPrintFile(e)
		}
		return d
	case printfile.Stream:
		sd := syntax.StreamDict{Dict: ofPrintFile(v.Dict).(syntax.Dict), Raw: v.Data}
		if filter, ok := v.Dict["Filter"].(printfile.Name); ok {
			sd.FilterPipeline = []syntax.PDFFilter{{Name: string(filter)}}
		}
		return sd
	}
	return nil
}

// artist draws one appearance.
type artist struct {
	s    *Annotator
	d    syntax.Dict
	box  sheet.Rect // the annotation's rectangle; what is drawn may reach beyond
	out  []byte
	font *typeset.Face // used by what is drawn
	// reach is the bounds of what is drawn beyond box.
	reach sheet.Rect
}

// op writes an operator with its operands.
func (p *artist) op(operator string, operands ...float64) {
	for _, v := range operands {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			v = 0
		}
		p.out = strconv.AppendFloat(p.out, math.Round(v*1e4)/1e4, 'f', -1, 64)
		p.out = append(p.out, ' ')
	}
	p.out = append(append(p.out, operator...), '\n')
}

// to notes that something is drawn at a point, with a margin.
func (p *artist) to(x, y, margin float64) {
	q := sheet.Rect{X0: x - margin, Y0: y - margin, X1: x + margin, Y1: y + margin}
	if p.reach == (sheet.Rect{}) {
		p.reach = p.box
	}
	p.reach = sheet.Rect{X0: math.Min(p.reach.X0, q.X0), Y0: math.Min(p.reach.Y0, q.Y0), X1: math.Max(p.reach.X1, q.X1), Y1: math.Max(p.reach.Y1, q.Y1)}
}

// form makes the form XObject of what was drawn.
func (p *artist) form(subtype string) syntax.Object {
	box := p.box
	if p.reach != (sheet.Rect{}) {
		box = p.reach
	}
	resources := syntax.Dict{}
	if p.font != nil {
		resources["Font"] = syntax.Dict{"F": p.s.fontObject(p.font)}
	}
	state := syntax.Dict{}
	if opacity, ok := p.s.Number(p.d["CA"]); ok && opacity >= 0 && opacity < 1 && subtype != "Widget" {
		state["CA"], state["ca"] = syntax.Float(opacity), syntax.Float(opacity)
	}
	if subtype == "Highlight" {
		state["BM"] = syntax.Name("Multiply") // the text shows through
	}
	content := p.out
	if len(state) > 0 {
		resources["ExtGState"] = syntax.Dict{"G": state}
		content = append([]byte("/G gs\n"), content...)
	}
	return p.s.AddObject(syntax.StreamDict{Raw: content, Dict: syntax.Dict{
		"Type": syntax.Name("XObject"), "Subtype": syntax.Name("Form"), "Resources": resources,
		"BBox": syntax.Array{syntax.Float(box.X0), syntax.Float(box.Y0), syntax.Float(box.X1), syntax.Float(box.Y1)},
	}})
}

// colour returns the operands of a colour array; nil for none or transparent.
func (p *artist) colour(o syntax.Object) []float64 {
	switch n := len(p.s.Array(o)); n {
	case 1, 3, 4:
		return p.s.Numbers(o, n)
	}
	return nil
}

func (p *artist) stroking(c []float64) { p.op(map[int]string{1: "G", 3: "RG", 4: "K"}[len(c)], c...) }

func (p *artist) filling(c []float64) { p.op(map[int]string{1: "g", 3: "rg", 4: "k"}[len(c)], c...) }

// border returns the width of the annotation's border and its dashes, from BS
// or else Border.
func (p *artist) border() (width float64, style string, dashes []float64) {
	width, style = 1, "S"
	if bs := p.s.Dict(p.d["BS"]); bs != nil {
		if w, ok := p.s.Number(bs["W"]); ok {
			width = w
		}
		if n := p.s.Name(bs["S"]); n != "" {
			style = n
		}
		if style == "D" {
			if dashes = p.s.Numbers(bs["D"], len(p.s.Array(bs["D"]))); len(dashes) == 0 {
				dashes = []float64{3}
			}
		}
	} else if b := p.s.Array(p.d["Border"]); len(b) >= 3 {
		if w, ok := p.s.Number(b[2]); ok {
			width = w
		}
		if len(b) >= 4 {
			dashes = p.s.Numbers(b[3], len(p.s.Array(b[3])))
		}
	}
	sum := 0.0
	for _, v := range dashes {
		if v < 0 {
			return max(width, 0), style, nil
		}
		sum += v
	}
	if sum == 0 || len(dashes) > 16 {
		dashes = nil
	}
	return max(width, 0), style, dashes
}

func (p *artist) setBorder(width float64, dashes []float64) {
	p.op("w", width)
	if dashes != nil {
		p.out = append(p.out, '[')
		for _, v := range dashes {
			p.out = strconv.AppendFloat(p.out, v, 'f', 3, 64)
			p.out = append(p.out, ' ')
		}
		p.out = append(p.out, "] 0 d\n"...)
	}
}

// paint ends a path: filled, stroked, both or neither.
func (p *artist) paint(fill, stroke bool) {
	switch {
	case fill && stroke:
		p.op("B")
	case fill:
		p.op("f")
	case stroke:
		p.op("S")
	default:
		p.op("n")
	}
}

// ellipse makes a path of four curves.
func (p *artist) ellipse(r sheet.Rect) {
	const k = 0.5522847498
	cx, cy, a, b := (r.X0+r.X1)/2, (r.Y0+r.Y1)/2, r.Width()/2, r.Height()/2
	p.op("m", r.X1, cy)
	p.op("c", r.X1, cy+k*b, cx+k*a, r.Y1, cx, r.Y1)
	p.op("c", cx-k*a, r.Y1, r.X0, cy+k*b, r.X0, cy)
	p.op("c", r.X0, cy-k*b, cx-k*a, r.Y0, cx, r.Y0)
	p.op("c", cx+k*a, r.Y0, r.X1, cy-k*b, r.X1, cy)
	p.op("h")
}

func (p *artist) stroke(x0, y0, x1, y1, width float64) {
	p.op("m", x0, y0)
	p.op("l", x1, y1)
	p.op("S")
	p.to(x0, y0, width)
	p.to(x1, y1, width)
}

// maxPoints bounds the points of one annotation.
const maxPoints = 100000

// points reads pairs of coordinates.
func (p *artist) points(o syntax.Object) (points [][2]float64) {
	a := p.s.Array(o)
	if len(a) > 2*maxPoints {
		return nil
	}
	v := p.s.Numbers(o, len(a)/2*2)
	for i := 0; i+1 < len(v); i += 2 {
		points = append(points, [2]float64{v[i], v[i+1]})
	}
	return points
}

func (p *artist) path(points [][2]float64, width float64) {
	for i, q := range points {
		if i == 0 {
			p.op("m", q[0], q[1])
		} else {
			p.op("l", q[0], q[1])
		}
		p.to(q[0], q[1], width)
	}
}
