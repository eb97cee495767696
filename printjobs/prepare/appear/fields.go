package appear

import (
	"math"
	"strings"

	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
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

// inheritedEntry returns an entry of a field, of its parents or of the form.
func (s *Annotator) inheritedEntry(d syntax.Dict, key string) syntax.Object {
	for range syntax.MaxTreeDepth {
		if d == nil {
			break
		}
		if v := s.Resolve(d[key]); v != nil {
			return v
		}
		d = s.Dict(d["Parent"])
	}
	if key == "DA" || key == "Q" {
		return s.Resolve(s.formDict()[key])
	}
	return nil
}

// field draws a form field as its value says.
func (p *artist) field() bool {
	s := p.s
	flags, _ := s.Integer(s.inheritedEntry(p.d, "Ff"))
	kind := s.Name(s.inheritedEntry(p.d, "FT"))
	if kind == "Sig" {
		return true // an invisible signature, by the format
	}
	// Drawn in a space of its own, since a field may be turned.
	turned, _ := s.Integer(s.Dict(p.d["MK"])["R"])
	page := p.box
	p.box = sheet.Rect{X0: 0, Y0: 0, X1: page.Width(), Y1: page.Height()}
	if turned%180 != 0 {
		p.box = sheet.Rect{X0: 0, Y0: 0, X1: page.Height(), Y1: page.Width()}
	}
	inner := p.frame(kind == "Btn" && flags&fieldRadio != 0)
	var ok bool
	switch {
	case kind == "Btn" && flags&fieldPushButton != 0:
		ok = p.line(s.text(s.Dict(p.d["MK"])["CA"]), 1, inner)
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
	p.box, p.reach = page, sheet.Rect{}
	if !ok || len(p.out) == 0 {
		return ok
	}
	m := sheet.Turn(-turned)
	b := m.Bounds(sheet.Rect{X0: 0, Y0: 0, X1: page.Width(), Y1: page.Height()})
	if turned%180 != 0 {
		b = m.Bounds(sheet.Rect{X0: 0, Y0: 0, X1: page.Height(), Y1: page.Width()})
	}
	m = m.Mul(sheet.Matrix{1, 0, 0, 1, page.X0 - b.X0, page.Y0 - b.Y0})
	content := p.out
	p.out = nil
	p.op("q")
	p.op("cm", m[:]...)
	p.out = append(p.out, content...)
	p.op("Q")
	return true
}

// frame draws background and border of a field and returns what they leave.
func (p *artist) frame(round bool) sheet.Rect {
	mk := p.s.Dict(p.d["MK"])
	width, style, dashes := p.border()
	r := p.box
	if background := p.colour(mk["BG"]); background != nil {
		p.filling(background)
		if round {
			p.ellipse(r)
		} else {
			p.op("re", r.X0, r.Y0, r.Width(), r.Height())
		}
		p.op("f")
	}
	line := p.colour(mk["BC"])
	if line == nil || width == 0 {
		return sheet.Rect{X0: r.X0 + 1, Y0: r.Y0 + 1, X1: r.X1 - 1, Y1: r.Y1 - 1}
	}
	p.stroking(line)
	p.setBorder(width, dashes)
	half := sheet.Rect{X0: r.X0 + width/2, Y0: r.Y0 + width/2, X1: r.X1 - width/2, Y1: r.Y1 - width/2}
	switch {
	case style == "U":
		p.op("m", r.X0, r.Y0+width/2)
		p.op("l", r.X1, r.Y0+width/2)
	case round:
		p.ellipse(half)
	default:
		p.op("re", half.X0, half.Y0, half.Width(), half.Height())
	}
	p.op("S")
	if dashes != nil {
		p.out = append(p.out, "[] 0 d\n"...)
	}
	if style == "B" || style == "I" {
		width *= 2 // the bevel
	}
	return sheet.Rect{X0: r.X0 + width, Y0: r.Y0 + width, X1: r.X1 - width, Y1: r.Y1 - width}
}

func (p *artist) quadding() int {
	q, _ := p.s.Integer(p.s.inheritedEntry(p.d, "Q"))
	return q
}

func (p *artist) textField(flags int, inner sheet.Rect) bool {
	text := p.s.text(p.s.fieldValue(p.d))
	if flags&fieldPassword != 0 {
		text = strings.Repeat("*", len([]rune(text)))
	}
	if flags&fieldMultiline != 0 {
		return p.lines(text, p.quadding(), inner, p.s.style(p.s.inheritedEntry(p.d, "DA")))
	}
	text = strings.TrimRight(text, "\n")
	most, _ := p.s.Integer(p.s.inheritedEntry(p.d, "MaxLen"))
	if flags&fieldComb != 0 && most > 0 {
		return p.comb(text, most, inner)
	}
	return p.line(strings.ReplaceAll(text, "\n", " "), p.quadding(), inner)
}

// comb draws each character in a cell of its own.
func (p *artist) comb(text string, cells int, r sheet.Rect) bool {
	return p.oneLine(text, func(text string, st textStyle) {
		cell := p.box.Width() / float64(cells)
		size := st.size
		if size == 0 {
			size = math.Min(r.Height()/lineFactor, cell)
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
			p.show(one, size, p.box.X0+(float64(first+i)+0.5)*cell-p.font.Width(one, size)/2, p.baseline(r, size))
		}
		p.op("Q")
	})
}

// chosen returns what of a choice field is chosen, as it is shown, and all of
// its options.
func (p *artist) chosen() (texts, options []string) {
	s := p.s
	shown := map[string]string{}
	for _, o := range s.Array(s.inheritedEntry(p.d, "Opt")) {
		export, text := s.text(o), s.text(o)
		if pair := s.Array(o); len(pair) >= 2 {
			export, text = s.text(pair[0]), s.text(pair[1])
		}
		shown[export] = text
		options = append(options, text)
	}
	values := s.Array(s.fieldValue(p.d))
	if values == nil {
		values = syntax.Array{s.fieldValue(p.d)}
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
func (p *artist) list(r sheet.Rect) bool {
	texts, options := p.chosen()
	marked := map[string]bool{}
	for _, t := range texts {
		marked[t] = true
	}
	if len(options) == 0 {
		options = texts
	}
	if first, ok := p.s.Integer(p.s.inheritedEntry(p.d, "TI")); ok && first > 0 && first < len(options) {
		options = options[first:]
	}
	st := p.s.style(p.s.inheritedEntry(p.d, "DA"))
	size := st.size
	if size == 0 {
		size = 12
	}
	leading := size * lineFactor
	options = options[:min(len(options), int(math.Ceil(r.Height()/leading))+1)]
	if len(options) == 0 {
		return true
	}
	if !p.begin(st, strings.Join(options, "")) {
		return false
	}
	p.clip(r)
	for i, text := range options {
		top := r.Y1 - float64(i)*leading
		if marked[text] {
			p.filling([]float64{0.6, 0.757, 0.855})
			p.op("re", r.X0, top-leading, r.Width(), leading)
			p.op("f")
		}
		p.filling(st.colour)
		p.show(strings.Map(printable, text), size, r.X0+padding, p.baseline(sheet.Rect{X0: r.X0, Y0: top - leading, X1: r.X1, Y1: top}, size))
	}
	p.op("Q")
	return true
}

// check draws the mark of a check box or radio button that is on, in the style
// that its caption names by a character of ZapfDingbats (ISO 32000-1 table 189).
// ok is false when it cannot be known whether it is on: without a state of its
// own, the value of its field names one button of several, but not which.
func (p *artist) check(radio bool) (ok bool) {
	state := p.s.Name(p.d["AS"])
	own := state != ""
	if !own {
		state = p.s.Name(p.s.fieldValue(p.d))
	}
	switch {
	case state == "" || state == "Off":
		return true
	case !own && !p.s.onlyButton(p.d):
		return false
	}
	p.filling(p.s.style(p.s.inheritedEntry(p.d, "DA")).colour)
	side := math.Min(p.box.Width(), p.box.Height())
	cx, cy := (p.box.X0+p.box.X1)/2, (p.box.Y0+p.box.Y1)/2
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
	caption := p.s.text(p.s.Dict(p.d["MK"])["CA"])
	if caption == "" && radio {
		caption = "l"
	}
	switch caption {
	case "l":
		p.ellipse(sheet.Rect{X0: cx - side/4, Y0: cy - side/4, X1: cx + side/4, Y1: cy + side/4})
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
func (s *Annotator) onlyButton(d syntax.Dict) bool {
	if s.Resolve(d["T"]) != nil || s.Dict(d["Parent"]) == nil {
		return true // a field of its own
	}
	return len(s.Array(s.Dict(d["Parent"])["Kids"])) < 2
}
