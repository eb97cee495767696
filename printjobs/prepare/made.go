package prepare

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/printfile"
	"postgang/printjobs/typeset"
)

// Flags of form fields (ISO 32000-1 tables 226, 228 and 230).
const (
	fieldMultiline  = 1 << 12
	fieldPassword   = 1 << 13
	fieldRadio      = 1 << 15
	fieldPushButton = 1 << 16
	fieldCombo      = 1 << 17
	fieldComb       = 1 << 24
)

// makeAppearance makes the appearance of an annotation whose file leaves that to the
// viewer: markup from its geometry and colours, fields from their value. The
// form XObject is in the page's space. nil with ok stands for nothing to draw;
// ok is false when it cannot be drawn.
func (s *source) makeAppearance(subtype string, d types.Dict) (form types.Object, ok bool) {
	r, found := s.rect(d["Rect"])
	if !found || r.width() <= 0 || r.height() <= 0 {
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

// addObject gives an object of ours a number in the document.
func (s *source) addObject(o types.Object) types.IndirectRef {
	if s.nextObject == 0 {
		for n := range s.ctx.Table {
			s.nextObject = max(s.nextObject, n)
		}
	}
	s.nextObject++
	generation := 0
	s.ctx.Table[s.nextObject] = &model.XRefTableEntry{Object: o, Generation: &generation}
	return *types.NewIndirectRef(s.nextObject, 0)
}

// fontObject embeds one of our faces in the document, once.
func (s *source) fontObject(f *typeset.Face) types.IndirectRef {
	ref, ok := s.madeFonts[f]
	if !ok {
		ref = *types.NewIndirectRef(int(f.Embed(adder{s})), 0)
		if s.madeFonts == nil {
			s.madeFonts = map[*typeset.Face]types.IndirectRef{}
		}
		s.madeFonts[f] = ref
	}
	return ref
}

// adder adds objects of a print file to the document.
type adder struct{ s *source }

// Add gives the object a number in the document.
func (a adder) Add(o printfile.Object) printfile.Ref {
	return printfile.Ref(a.s.addObject(ofPrintFile(o)).ObjectNumber)
}

// ofPrintFile is an object of a print file as one of the document.
func ofPrintFile(o printfile.Object) types.Object {
	switch v := o.(type) {
	case printfile.Name:
		return types.Name(v)
	case printfile.Int:
		return types.Integer(v)
	case printfile.Real:
		return types.Float(v)
	case printfile.String:
		return types.HexLiteral(hex.EncodeToString(v))
	case printfile.Ref:
		return *types.NewIndirectRef(int(v), 0)
	case printfile.Array:
		a := make(types.Array, len(v))
		for i, e := range v {
			a[i] = ofPrintFile(e)
		}
		return a
	case printfile.Dict:
		d := make(types.Dict, len(v))
		for k, e := range v {
			d[string(k)] = ofPrintFile(e)
		}
		return d
	case printfile.Stream:
		sd := types.StreamDict{Dict: ofPrintFile(v.Dict).(types.Dict), Raw: v.Data}
		if filter, ok := v.Dict["Filter"].(printfile.Name); ok {
			sd.FilterPipeline = []types.PDFFilter{{Name: string(filter)}}
		}
		return sd
	}
	return nil
}

// artist draws one appearance.
type artist struct {
	s    *source
	d    types.Dict
	box  rect // the annotation's rectangle; what is drawn may reach beyond
	out  []byte
	font *typeset.Face // used by what is drawn
	// reach is the bounds of what is drawn beyond box.
	reach rect
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
	q := rect{x - margin, y - margin, x + margin, y + margin}
	if p.reach == (rect{}) {
		p.reach = p.box
	}
	p.reach = rect{math.Min(p.reach.x0, q.x0), math.Min(p.reach.y0, q.y0), math.Max(p.reach.x1, q.x1), math.Max(p.reach.y1, q.y1)}
}

// form makes the form XObject of what was drawn.
func (p *artist) form(subtype string) types.Object {
	box := p.box
	if p.reach != (rect{}) {
		box = p.reach
	}
	resources := types.Dict{}
	if p.font != nil {
		resources["Font"] = types.Dict{"F": p.s.fontObject(p.font)}
	}
	state := types.Dict{}
	if opacity, ok := p.s.number(p.d["CA"]); ok && opacity >= 0 && opacity < 1 && subtype != "Widget" {
		state["CA"], state["ca"] = types.Float(opacity), types.Float(opacity)
	}
	if subtype == "Highlight" {
		state["BM"] = types.Name("Multiply") // the text shows through
	}
	content := p.out
	if len(state) > 0 {
		resources["ExtGState"] = types.Dict{"G": state}
		content = append([]byte("/G gs\n"), content...)
	}
	return p.s.addObject(types.StreamDict{Raw: content, Dict: types.Dict{
		"Type": types.Name("XObject"), "Subtype": types.Name("Form"), "Resources": resources,
		"BBox": types.Array{types.Float(box.x0), types.Float(box.y0), types.Float(box.x1), types.Float(box.y1)},
	}})
}

// colour returns the operands of a colour array; nil for none or transparent.
func (p *artist) colour(o types.Object) []float64 {
	switch n := len(p.s.array(o)); n {
	case 1, 3, 4:
		return p.s.numbers(o, n)
	}
	return nil
}

func (p *artist) stroking(c []float64) { p.op(map[int]string{1: "G", 3: "RG", 4: "K"}[len(c)], c...) }
func (p *artist) filling(c []float64)  { p.op(map[int]string{1: "g", 3: "rg", 4: "k"}[len(c)], c...) }

// border returns the width of the annotation's border and its dashes, from BS
// or else Border.
func (p *artist) border() (width float64, style string, dashes []float64) {
	width, style = 1, "S"
	if bs := p.s.dict(p.d["BS"]); bs != nil {
		if w, ok := p.s.number(bs["W"]); ok {
			width = w
		}
		if n := p.s.name(bs["S"]); n != "" {
			style = n
		}
		if style == "D" {
			if dashes = p.s.numbers(bs["D"], len(p.s.array(bs["D"]))); len(dashes) == 0 {
				dashes = []float64{3}
			}
		}
	} else if b := p.s.array(p.d["Border"]); len(b) >= 3 {
		if w, ok := p.s.number(b[2]); ok {
			width = w
		}
		if len(b) >= 4 {
			dashes = p.s.numbers(b[3], len(p.s.array(b[3])))
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

// begun sets colours and line for a shape; draws is false when it shows
// nothing.
func (p *artist) begun() (width float64, fill, stroke, draws bool) {
	width, _, dashes := p.border()
	inside, line := p.colour(p.d["IC"]), p.colour(p.d["C"])
	fill, stroke = inside != nil, line != nil && width > 0
	if !fill && !stroke {
		return width, false, false, false
	}
	if stroke {
		p.stroking(line)
		p.setBorder(width, dashes)
	}
	if fill {
		p.filling(inside)
	}
	return width, fill, stroke, true
}

// shape draws a square or circle annotation.
func (p *artist) shape(circle bool) {
	width, fill, stroke, draws := p.begun()
	if !draws {
		return
	}
	r := p.box
	if rd := p.s.numbers(p.d["RD"], 4); rd != nil {
		r = rect{r.x0 + rd[0], r.y0 + rd[1], r.x1 - rd[2], r.y1 - rd[3]}
	}
	if stroke {
		r = rect{r.x0 + width/2, r.y0 + width/2, r.x1 - width/2, r.y1 - width/2}
	}
	if r.width() <= 0 || r.height() <= 0 {
		p.out = nil
		return
	}
	if circle {
		p.ellipse(r)
	} else {
		p.op("re", r.x0, r.y0, r.width(), r.height())
	}
	p.paint(fill, stroke)
}

// ellipse makes a path of four curves.
func (p *artist) ellipse(r rect) {
	const k = 0.5522847498
	cx, cy, a, b := (r.x0+r.x1)/2, (r.y0+r.y1)/2, r.width()/2, r.height()/2
	p.op("m", r.x1, cy)
	p.op("c", r.x1, cy+k*b, cx+k*a, r.y1, cx, r.y1)
	p.op("c", cx-k*a, r.y1, r.x0, cy+k*b, r.x0, cy)
	p.op("c", r.x0, cy-k*b, cx-k*a, r.y0, cx, r.y0)
	p.op("c", cx+k*a, r.y0, r.x1, cy-k*b, r.x1, cy)
	p.op("h")
}

// lineAnnotation draws a line with its leaders and ends.
func (p *artist) lineAnnotation() bool {
	l := p.s.numbers(p.d["L"], 4)
	if l == nil {
		return false
	}
	if caption, _ := p.s.resolve(p.d["Cap"]).(types.Boolean); bool(caption) && p.s.text(p.d["Contents"]) != "" {
		return false
	}
	width, _, stroke, _ := p.begun()
	if !stroke {
		p.out = nil
		return true
	}
	x0, y0, x1, y1 := l[0], l[1], l[2], l[3]
	length := math.Hypot(x1-x0, y1-y0)
	if leader, ok := p.s.number(p.d["LL"]); ok && leader != 0 && length > 0 {
		extension, _ := p.s.number(p.d["LLE"])
		gap, _ := p.s.number(p.d["LLO"])
		// Positive leaders lie clockwise of the line's direction.
		nx, ny := (y1-y0)/length, -(x1-x0)/length
		if leader < 0 {
			nx, ny, leader = -nx, -ny, -leader
		}
		for _, q := range [][2]float64{{x0, y0}, {x1, y1}} {
			p.stroke(q[0]+nx*gap, q[1]+ny*gap, q[0]+nx*(gap+leader+extension), q[1]+ny*(gap+leader+extension), width)
		}
		x0, y0, x1, y1 = x0+nx*(gap+leader), y0+ny*(gap+leader), x1+nx*(gap+leader), y1+ny*(gap+leader)
	}
	p.stroke(x0, y0, x1, y1, width)
	p.ends(p.d["LE"], width, [][2]float64{{x0, y0}, {x1, y1}})
	return true
}

func (p *artist) stroke(x0, y0, x1, y1, width float64) {
	p.op("m", x0, y0)
	p.op("l", x1, y1)
	p.op("S")
	p.to(x0, y0, width)
	p.to(x1, y1, width)
}

// ends draws the ends of a line (ISO 32000-1 table 176).
func (p *artist) ends(styles types.Object, width float64, points [][2]float64) {
	names := p.s.array(styles)
	if len(points) < 2 {
		return
	}
	n := len(points)
	inside := p.colour(p.d["IC"]) != nil
	for i, end := range [][2][2]float64{{points[1], points[0]}, {points[n-2], points[n-1]}} {
		if i >= len(names) {
			return
		}
		from, at := end[0], end[1]
		length := math.Hypot(at[0]-from[0], at[1]-from[1])
		if length == 0 {
			continue
		}
		ux, uy := (at[0]-from[0])/length, (at[1]-from[1])/length
		size := math.Max(3*width, 3)
		// point is so far along the line and to its left.
		point := func(along, left float64) (x, y float64) {
			return at[0] + ux*along - uy*left, at[1] + uy*along + ux*left
		}
		path := func(closed bool, corners ...float64) {
			for j := 0; j < len(corners); j += 2 {
				x, y := point(corners[j], corners[j+1])
				op := "l"
				if j == 0 {
					op = "m"
				}
				p.op(op, x, y)
				p.to(x, y, 2*width)
			}
			if closed {
				p.op("h")
			}
			p.paint(closed && inside, true)
		}
		switch p.s.name(names[i]) {
		case "OpenArrow":
			path(false, -2*size, size, 0, 0, -2*size, -size)
		case "ClosedArrow":
			path(true, -2*size, size, 0, 0, -2*size, -size)
		case "ROpenArrow":
			path(false, 2*size, size, 0, 0, 2*size, -size)
		case "RClosedArrow":
			path(true, 2*size, size, 0, 0, 2*size, -size)
		case "Butt":
			path(false, 0, size, 0, -size)
		case "Slash":
			path(false, size/2, size*0.87, -size/2, -size*0.87)
		case "Square":
			path(true, -size, size, size, size, size, -size, -size, -size)
		case "Diamond":
			path(true, -size, 0, 0, size, size, 0, 0, -size)
		case "Circle":
			p.ellipse(rect{at[0] - size, at[1] - size, at[0] + size, at[1] + size})
			p.to(at[0], at[1], size+width)
			p.paint(inside, true)
		}
	}
}

// maxPoints bounds the points of one annotation.
const maxPoints = 100000

// maxMade bounds the content in bytes of one appearance that is made.
const maxMade = 16 << 20

// points reads pairs of coordinates.
func (p *artist) points(o types.Object) (points [][2]float64) {
	a := p.s.array(o)
	if len(a) > 2*maxPoints {
		return nil
	}
	v := p.s.numbers(o, len(a)/2*2)
	for i := 0; i+1 < len(v); i += 2 {
		points = append(points, [2]float64{v[i], v[i+1]})
	}
	return points
}

func (p *artist) poly(closed bool) bool {
	points := p.points(p.d["Vertices"])
	if len(points) < 2 {
		return false
	}
	width, fill, stroke, draws := p.begun()
	if !draws {
		return true
	}
	p.path(points, width)
	if closed {
		p.op("h")
		p.paint(fill, stroke)
		return true
	}
	p.paint(false, stroke)
	if stroke {
		p.ends(p.d["LE"], width, points)
	}
	return true
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

func (p *artist) ink() bool {
	list := p.s.array(p.d["InkList"])
	if len(list) == 0 {
		return false
	}
	line := p.colour(p.d["C"])
	if line == nil {
		line = []float64{0}
	}
	width, _, dashes := p.border()
	if width == 0 {
		return true
	}
	p.stroking(line)
	p.setBorder(width, dashes)
	p.op("J", 1)
	p.op("j", 1)
	n := 0
	for _, o := range list {
		points := p.points(o)
		if n += len(points); n > maxPoints {
			return false
		}
		if len(points) == 0 {
			continue
		}
		if len(points) == 1 {
			points = append(points, points[0]) // a dot
		}
		p.path(points, width)
		p.op("S")
	}
	return true
}

// textMarkup draws a highlight or a line at each quadrilateral of text. Their
// corners come as writers give them: upper left and right, lower left and
// right.
func (p *artist) textMarkup(subtype string) bool {
	line := p.colour(p.d["C"])
	if line == nil {
		return true // transparent
	}
	quads := p.points(p.d["QuadPoints"])
	if len(quads) < 4 {
		r := p.box
		quads = [][2]float64{{r.x0, r.y1}, {r.x1, r.y1}, {r.x0, r.y0}, {r.x1, r.y0}}
	}
	if subtype == "Highlight" {
		p.filling(line)
	} else {
		p.stroking(line)
	}
	for ; len(quads) >= 4; quads = quads[4:] {
		if len(p.out) > maxMade {
			return false
		}
		ul, ur, ll, lr := quads[0], quads[1], quads[2], quads[3]
		height := math.Hypot(ul[0]-ll[0], ul[1]-ll[1])
		// along is a point between the left (0) and right (1), the bottom
		// (0) and top (1) of the text.
		along := func(x, y float64) (float64, float64) {
			bx, by := ll[0]+(lr[0]-ll[0])*x, ll[1]+(lr[1]-ll[1])*x
			tx, ty := ul[0]+(ur[0]-ul[0])*x, ul[1]+(ur[1]-ul[1])*x
			return bx + (tx-bx)*y, by + (ty-by)*y
		}
		width := math.Max(0.5, height/16)
		across := func(y float64) {
			x0, y0 := along(0, y)
			x1, y1 := along(1, y)
			p.stroke(x0, y0, x1, y1, width)
		}
		switch subtype {
		case "Highlight":
			p.path([][2]float64{ul, ur, lr, ll}, 0)
			p.op("h")
			p.op("f")
		case "Underline":
			p.op("w", width)
			across(0.1)
		case "StrikeOut":
			p.op("w", width)
			across(0.5)
		case "Squiggly":
			length := math.Hypot(lr[0]-ll[0], lr[1]-ll[1])
			if height <= 0 || length <= 0 {
				continue
			}
			p.op("w", width)
			steps := int(math.Min(2000, math.Max(2, math.Ceil(length/(height/6)))))
			for i := 0; i <= steps; i++ {
				x, y := along(float64(i)/float64(steps), 0.04+0.1*float64(i%2))
				op := "l"
				if i == 0 {
					op = "m"
				}
				p.op(op, x, y)
				p.to(x, y, width)
			}
			p.op("S")
		}
	}
	return true
}

// stamp draws a stamp of the viewer's: its name in a frame.
func (p *artist) stamp() bool {
	name := p.s.name(p.d["Name"])
	if name == "" {
		name = "Draft" // ISO 32000-1 table 181
	}
	f, err := sans(typeset.Bold)
	if err != nil {
		return false
	}
	var words strings.Builder
	for i, r := range name { // NotApproved is written NOT APPROVED
		if i > 0 && r >= 'A' && r <= 'Z' {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
	}
	text := strings.ToUpper(words.String())
	if _, bad := f.Missing(text); bad {
		return false
	}
	line := p.colour(p.d["C"])
	if line == nil {
		line = []float64{0.8, 0, 0}
	}
	size := math.Min(p.box.height()*0.6, p.box.width()*0.85/math.Max(f.Width(text, 1), 0.001))
	p.stroking(line)
	p.filling(line)
	width := math.Max(size/12, 0.5)
	p.op("w", width)
	p.op("re", p.box.x0+width, p.box.y0+width, p.box.width()-2*width, p.box.height()-2*width)
	p.op("S")
	p.font = f
	p.show(text, size, (p.box.x0+p.box.x1-f.Width(text, size))/2, p.baseline(p.box, size))
	return true
}

// show sets one line of text at its baseline.
func (p *artist) show(text string, size, x, y float64) {
	p.out = append(p.out, "BT /F "...)
	p.op("Tf", size)
	p.op("Td", x, y)
	p.out = append(p.font.AppendShown(p.out, text), "Tj ET\n"...)
}

// textStyle is what a default appearance string says.
type textStyle struct {
	font   string
	size   float64 // pt; 0: as large as fits
	colour []float64
}

// style reads a default appearance string (ISO 32000-1 12.7.3.3).
func (s *source) style(da types.Object) textStyle {
	st := textStyle{colour: []float64{0}}
	t := &tokens{data: stringBytes(s.resolve(da))}
	for op := t.next(); op != nil; op = t.next() {
		n := len(t.args)
		want := map[string]int{"g": 1, "rg": 3, "k": 4}[string(op)]
		switch {
		case string(op) == "Tf" && n >= 2 && t.args[n-2].kind == kindName:
			st.font, st.size = t.nameOf(t.args[n-2]), math.Abs(t.args[n-1].number)
		case want > 0 && n >= want:
			st.colour = nil
			for _, a := range t.args[n-want:] {
				st.colour = append(st.colour, a.number)
			}
		}
	}
	if st.size > 1000 {
		st.size = 0
	}
	return st
}

// face chooses the face that stands for a font of the document: viewers too
// take one of their own where the document has none.
func (s *source) face(name string) (*typeset.Face, error) {
	if font := s.dict(s.dict(s.formResources()["Font"])[name]); font != nil {
		if base := s.name(font["BaseFont"]); base != "" {
			name = base
		}
	}
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "cour") || strings.Contains(name, "mono"):
		return typeset.Mono()
	case strings.Contains(name, "times") || strings.Contains(name, "tiro") || strings.Contains(name, "serif") && !strings.Contains(name, "sans"):
		return typeset.Serif()
	case strings.Contains(name, "bold") || name == "hebo":
		return sans(typeset.Bold)
	}
	return sans(typeset.Regular)
}

func sans(w typeset.Weight) (*typeset.Face, error) {
	faces, err := typeset.Faces()
	return faces[w], err
}

// text returns the text of a text string, with lines ended by \n.
func (s *source) text(o types.Object) string {
	switch v := s.resolve(o).(type) {
	case types.StringLiteral, types.HexLiteral:
		return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(textString(stringBytes(v)))
	case types.StreamDict:
		data, _ := s.decode(v, 1<<20)
		return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(textString(data))
	}
	return ""
}

// textString decodes a text string: UTF-16 or UTF-8 with a byte order mark,
// else PDFDocEncoding (ISO 32000-2 7.9.2.2).
func textString(b []byte) string {
	switch {
	case len(b) >= 2 && (b[0] == 0xFE && b[1] == 0xFF || b[0] == 0xFF && b[1] == 0xFE):
		big := b[0] == 0xFE
		var units []uint16
		for b = b[2:]; len(b) >= 2; b = b[2:] {
			if big {
				units = append(units, uint16(b[0])<<8|uint16(b[1]))
			} else {
				units = append(units, uint16(b[1])<<8|uint16(b[0]))
			}
		}
		return withoutLanguage(string(utf16.Decode(units)))
	case len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF:
		return withoutLanguage(strings.ToValidUTF8(string(b[3:]), "\uFFFD"))
	}
	var out strings.Builder
	for _, c := range b {
		switch {
		case c >= 0x18 && c < 0x20:
			out.WriteRune([]rune("˘ˇˆ˙˝˛˚˜")[c-0x18])
		case c >= 0x80 && c <= 0xA0:
			out.WriteRune([]rune("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\uFFFD€")[c-0x80])
		default:
			out.WriteRune(rune(c))
		}
	}
	return out.String()
}

// withoutLanguage drops the marks of language, between escape characters.
func withoutLanguage(s string) string {
	for {
		i := strings.IndexByte(s, 0x1B)
		if i < 0 {
			return s
		}
		j := strings.IndexByte(s[i+1:], 0x1B)
		if j < 0 {
			return s
		}
		s = s[:i] + s[i+1+j+1:]
	}
}

// inheritedEntry returns an entry of a field, of its parents or of the form.
func (s *source) inheritedEntry(d types.Dict, key string) types.Object {
	for range maxTreeDepth {
		if d == nil {
			break
		}
		if v := s.resolve(d[key]); v != nil {
			return v
		}
		d = s.dict(d["Parent"])
	}
	if key == "DA" || key == "Q" {
		return s.resolve(s.formDict()[key])
	}
	return nil
}

// field draws a form field as its value says.
func (p *artist) field() bool {
	s := p.s
	flags, _ := s.integer(s.inheritedEntry(p.d, "Ff"))
	kind := s.name(s.inheritedEntry(p.d, "FT"))
	if kind == "Sig" {
		return true // an invisible signature, by the format
	}
	// Drawn in a space of its own, since a field may be turned.
	turned, _ := s.integer(s.dict(p.d["MK"])["R"])
	page := p.box
	p.box = rect{0, 0, page.width(), page.height()}
	if turned%180 != 0 {
		p.box = rect{0, 0, page.height(), page.width()}
	}
	inner := p.frame(kind == "Btn" && flags&fieldRadio != 0)
	var ok bool
	switch {
	case kind == "Btn" && flags&fieldPushButton != 0:
		ok = p.line(s.text(s.dict(p.d["MK"])["CA"]), 1, inner)
	case kind == "Btn":
		ok = p.check(flags&fieldRadio != 0)
	case kind == "Ch" && flags&fieldCombo == 0:
		ok = p.list(inner)
	case kind == "Ch":
		texts, _ := p.chosen()
		ok = p.line(strings.Join(texts, ", "), p.quadding(), inner)
	default:
		ok = p.textField(flags, inner)
	}
	p.box, p.reach = page, rect{}
	if !ok || len(p.out) == 0 {
		return ok
	}
	m := turn(-turned)
	b := m.bounds(rect{0, 0, page.width(), page.height()})
	if turned%180 != 0 {
		b = m.bounds(rect{0, 0, page.height(), page.width()})
	}
	m = m.mul(matrix{1, 0, 0, 1, page.x0 - b.x0, page.y0 - b.y0})
	content := p.out
	p.out = nil
	p.op("q")
	p.op("cm", m[:]...)
	p.out = append(p.out, content...)
	p.op("Q")
	return true
}

// frame draws background and border of a field and returns what they leave.
func (p *artist) frame(round bool) rect {
	mk := p.s.dict(p.d["MK"])
	width, style, dashes := p.border()
	r := p.box
	if background := p.colour(mk["BG"]); background != nil {
		p.filling(background)
		if round {
			p.ellipse(r)
		} else {
			p.op("re", r.x0, r.y0, r.width(), r.height())
		}
		p.op("f")
	}
	line := p.colour(mk["BC"])
	if line == nil || width == 0 {
		return rect{r.x0 + 1, r.y0 + 1, r.x1 - 1, r.y1 - 1}
	}
	p.stroking(line)
	p.setBorder(width, dashes)
	half := rect{r.x0 + width/2, r.y0 + width/2, r.x1 - width/2, r.y1 - width/2}
	switch {
	case style == "U":
		p.op("m", r.x0, r.y0+width/2)
		p.op("l", r.x1, r.y0+width/2)
	case round:
		p.ellipse(half)
	default:
		p.op("re", half.x0, half.y0, half.width(), half.height())
	}
	p.op("S")
	if dashes != nil {
		p.out = append(p.out, "[] 0 d\n"...)
	}
	if style == "B" || style == "I" {
		width *= 2 // the bevel
	}
	return rect{r.x0 + width, r.y0 + width, r.x1 - width, r.y1 - width}
}

func (p *artist) quadding() int {
	q, _ := p.s.integer(p.s.inheritedEntry(p.d, "Q"))
	return q
}

// padding keeps text away from the border, as viewers do.
const padding = 2

// lineFactor is the height of a line of text over its size.
const lineFactor = 1.35

func (p *artist) textField(flags int, inner rect) bool {
	text := p.s.text(p.s.fieldValue(p.d))
	if flags&fieldPassword != 0 {
		text = strings.Repeat("*", len([]rune(text)))
	}
	if flags&fieldMultiline != 0 {
		return p.lines(text, p.quadding(), inner, p.s.style(p.s.inheritedEntry(p.d, "DA")))
	}
	text = strings.TrimRight(text, "\n")
	most, _ := p.s.integer(p.s.inheritedEntry(p.d, "MaxLen"))
	if flags&fieldComb != 0 && most > 0 {
		return p.comb(text, most, inner)
	}
	return p.line(strings.ReplaceAll(text, "\n", " "), p.quadding(), inner)
}

// begin chooses face and size for text. ok is false when it cannot be set.
func (p *artist) begin(st textStyle, text string) (ok bool) {
	f, err := p.s.face(st.font)
	if err != nil {
		return false
	}
	for _, r := range text {
		if _, bad := f.Missing(string(r)); bad && r >= ' ' {
			return false
		}
	}
	p.font = f
	return true
}

// clip keeps what follows within a rectangle, until Q.
func (p *artist) clip(r rect) {
	p.op("q")
	p.op("re", r.x0, r.y0, math.Max(r.width(), 0), math.Max(r.height(), 0))
	p.op("W n")
}

// baseline is where a line of text stands that is centred in height.
func (p *artist) baseline(r rect, size float64) float64 {
	return (r.y0+r.y1)/2 - p.font.Ascent(size) + p.font.Height(size)/2
}

// oneLine has text drawn that stands on one line, in the field's style.
func (p *artist) oneLine(text string, draw func(text string, st textStyle)) bool {
	text = strings.Map(printable, text)
	if text == "" {
		return true
	}
	st := p.s.style(p.s.inheritedEntry(p.d, "DA"))
	if !p.begin(st, text) {
		return false
	}
	draw(text, st)
	return true
}

// line draws one line of text: to the left (0), centred (1) or to the right.
func (p *artist) line(text string, quadding int, r rect) bool {
	return p.oneLine(text, func(text string, st textStyle) {
		size := st.size
		if size == 0 {
			size = r.height() / lineFactor
			if w := p.font.Width(text, 1); w*size > r.width()-2*padding {
				size = math.Max((r.width()-2*padding)/w, 1)
			}
		}
		p.clip(r)
		p.filling(st.colour)
		p.show(text, size, p.left(text, size, quadding, r), p.baseline(r, size))
		p.op("Q")
	})
}

// left is where a line of text begins.
func (p *artist) left(text string, size float64, quadding int, r rect) float64 {
	switch w := p.font.Width(text, size); quadding {
	case 1:
		return (r.x0 + r.x1 - w) / 2
	case 2:
		return r.x1 - padding - w
	}
	return r.x0 + padding
}

// printable drops what has no place on paper.
func printable(r rune) rune {
	if r < ' ' || r == 0x7F || r == 0xAD || r == 0xFEFF || r >= 0x200B && r <= 0x200F {
		return -1
	}
	return r
}

// comb draws each character in a cell of its own.
func (p *artist) comb(text string, cells int, r rect) bool {
	return p.oneLine(text, func(text string, st textStyle) {
		cell := p.box.width() / float64(cells)
		size := st.size
		if size == 0 {
			size = math.Min(r.height()/lineFactor, cell)
		}
		p.clip(p.box)
		p.filling(st.colour)
		runes := []rune(text)
		first := 0
		switch n := cells - len(runes); {
		case n > 0 && p.quadding() == 1:
			first = n / 2
		case n > 0 && p.quadding() == 2:
			first = n
		}
		for i, c := range runes[:min(len(runes), cells)] {
			one := string(c)
			p.show(one, size, p.box.x0+(float64(first+i)+0.5)*cell-p.font.Width(one, size)/2, p.baseline(r, size))
		}
		p.op("Q")
	})
}

// lines draws text over several lines, broken between words.
func (p *artist) lines(text string, quadding int, r rect, st textStyle) bool {
	if strings.TrimSpace(strings.Map(printable, text)) == "" {
		return true
	}
	if !p.begin(st, text) {
		return false
	}
	measure := r.width() - 2*padding
	size := st.size
	var broken []string
	if size == 0 {
		for size = 12; ; size *= 0.9 {
			broken = p.broken(text, size, measure)
			if float64(len(broken))*size*lineFactor <= r.height()-padding || size < 4 {
				break
			}
		}
	} else {
		broken = p.broken(text, size, measure)
	}
	p.clip(r)
	p.filling(st.colour)
	leading := p.font.Height(size)
	y := r.y1 - padding - p.font.Ascent(size)
	for _, line := range broken {
		if y < r.y0-leading {
			break // below what shows
		}
		if line != "" {
			p.show(line, size, p.left(line, size, quadding, r), y)
		}
		y -= leading
	}
	p.op("Q")
	return true
}

// broken breaks text into lines that are no wider than measure, between words
// where it can.
func (p *artist) broken(text string, size, measure float64) (lines []string) {
	space := p.font.Width(" ", size)
	for paragraph := range strings.SplitSeq(text, "\n") {
		paragraph = strings.Map(printable, strings.ReplaceAll(paragraph, "\t", "    "))
		var line []byte
		width := 0.0
		end := func() {
			lines = append(lines, string(line))
			line, width = line[:0], 0
		}
		first := true
		for word := range strings.SplitSeq(paragraph, " ") {
			w := p.font.Width(word, size)
			if !first && width+space+w > measure && len(line) > 0 {
				end()
			} else if !first {
				line, width = append(line, ' '), width+space
			}
			first = false
			if width+w <= measure {
				line, width = append(line, word...), width+w
				continue
			}
			for _, r := range word { // a word longer than a line
				one := p.font.Width(string(r), size)
				if width+one > measure && len(line) > 0 {
					end()
				}
				line, width = utf8.AppendRune(line, r), width+one
			}
		}
		end()
	}
	return lines
}

// chosen returns what of a choice field is chosen, as it is shown, and all of
// its options.
func (p *artist) chosen() (texts, options []string) {
	s := p.s
	shown := map[string]string{}
	for _, o := range s.array(s.inheritedEntry(p.d, "Opt")) {
		export, text := s.text(o), s.text(o)
		if pair := s.array(o); len(pair) >= 2 {
			export, text = s.text(pair[0]), s.text(pair[1])
		}
		shown[export] = text
		options = append(options, text)
	}
	values := s.array(s.fieldValue(p.d))
	if values == nil {
		values = types.Array{s.fieldValue(p.d)}
	}
	for _, v := range values {
		text := s.text(v)
		if t, ok := shown[text]; ok {
			text = t
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts, options
}

// list draws a list box: its options from the first that shows, the chosen
// ones marked.
func (p *artist) list(r rect) bool {
	texts, options := p.chosen()
	marked := map[string]bool{}
	for _, t := range texts {
		marked[t] = true
	}
	if len(options) == 0 {
		options = texts
	}
	if first, ok := p.s.integer(p.s.inheritedEntry(p.d, "TI")); ok && first > 0 && first < len(options) {
		options = options[first:]
	}
	st := p.s.style(p.s.inheritedEntry(p.d, "DA"))
	size := st.size
	if size == 0 {
		size = 12
	}
	leading := size * lineFactor
	options = options[:min(len(options), int(math.Ceil(r.height()/leading))+1)]
	if len(options) == 0 {
		return true
	}
	if !p.begin(st, strings.Join(options, "")) {
		return false
	}
	p.clip(r)
	for i, text := range options {
		top := r.y1 - float64(i)*leading
		if marked[text] {
			p.filling([]float64{0.6, 0.757, 0.855})
			p.op("re", r.x0, top-leading, r.width(), leading)
			p.op("f")
		}
		p.filling(st.colour)
		p.show(strings.Map(printable, text), size, r.x0+padding, p.baseline(rect{r.x0, top - leading, r.x1, top}, size))
	}
	p.op("Q")
	return true
}

// check draws the mark of a check box or radio button that is on, in the style
// that its caption names by a character of ZapfDingbats (ISO 32000-1 table 189).
// ok is false when it cannot be known whether it is on: without a state of its
// own, the value of its field names one button of several, but not which.
func (p *artist) check(radio bool) (ok bool) {
	state := p.s.name(p.d["AS"])
	own := state != ""
	if !own {
		state = p.s.name(p.s.fieldValue(p.d))
	}
	switch {
	case state == "" || state == "Off":
		return true
	case !own && !p.s.onlyButton(p.d):
		return false
	}
	p.filling(p.s.style(p.s.inheritedEntry(p.d, "DA")).colour)
	side := math.Min(p.box.width(), p.box.height())
	cx, cy := (p.box.x0+p.box.x1)/2, (p.box.y0+p.box.y1)/2
	polygon := func(v ...float64) { // in parts of the side, from the centre
		for i := 0; i < len(v); i += 2 {
			op := "l"
			if i == 0 {
				op = "m"
			}
			p.op(op, cx+v[i]*side, cy+v[i+1]*side)
		}
		p.op("h")
		p.op("f")
	}
	caption := p.s.text(p.s.dict(p.d["MK"])["CA"])
	if caption == "" && radio {
		caption = "l"
	}
	switch caption {
	case "l":
		p.ellipse(rect{cx - side/4, cy - side/4, cx + side/4, cy + side/4})
		p.op("f")
	case "8":
		polygon(-.32, .25, -.25, .32, 0, .07, .25, .32, .32, .25, .07, 0, .32, -.25, .25, -.32, 0, -.07, -.25, -.32, -.32, -.25, -.07, 0)
	case "u":
		polygon(0, .35, .35, 0, 0, -.35, -.35, 0)
	case "n":
		polygon(-.3, .3, .3, .3, .3, -.3, -.3, -.3)
	case "H":
		var star []float64
		for i := range 10 {
			radius := .38
			if i%2 == 1 {
				radius = .145
			}
			angle := math.Pi/2 + float64(i)*math.Pi/5
			star = append(star, radius*math.Cos(angle), radius*math.Sin(angle))
		}
		polygon(star...)
	default:
		polygon(-.32, .02, -.24, .1, -.08, -.08, .26, .32, .34, .26, -.08, -.26)
	}
	return true
}

// onlyButton reports whether a button is the only one of its field.
func (s *source) onlyButton(d types.Dict) bool {
	if s.resolve(d["T"]) != nil || s.dict(d["Parent"]) == nil {
		return true // a field of its own
	}
	return len(s.array(s.dict(d["Parent"])["Kids"])) < 2
}

// freeText draws text written on the page, with its frame and callout.
func (p *artist) freeText() bool {
	st := p.s.style(p.s.inheritedEntry(p.d, "DA"))
	width, _, dashes := p.border()
	r := p.box
	if rd := p.s.numbers(p.d["RD"], 4); rd != nil {
		r = rect{r.x0 + rd[0], r.y0 + rd[1], r.x1 - rd[2], r.y1 - rd[3]}
	}
	if r.width() <= 0 || r.height() <= 0 {
		return false
	}
	p.op("q")
	p.stroking(st.colour)
	p.setBorder(width, dashes)
	background := p.colour(p.d["C"])
	if background != nil {
		p.filling(background)
	}
	if width > 0 || background != nil {
		p.op("re", r.x0+width/2, r.y0+width/2, math.Max(r.width()-width, 0), math.Max(r.height()-width, 0))
		p.paint(background != nil, width > 0)
	}
	if callout := p.points(p.d["CL"]); len(callout) >= 2 && width > 0 {
		p.path(callout, width)
		p.op("S")
		p.ends(types.Array{p.d["LE"]}, width, callout)
	}
	p.op("Q")
	inner := rect{r.x0 + width, r.y0 + width, r.x1 - width, r.y1 - width}
	quadding, _ := p.s.integer(p.d["Q"])
	if st.size == 0 {
		st.size = 12
	}
	return p.lines(p.s.text(p.d["Contents"]), quadding, inner, st)
}
