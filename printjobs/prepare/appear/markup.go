package appear

import (
	"math"
	"strings"

	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
	"postgang/printjobs/typeset"
)

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
	if rd := p.s.Numbers(p.d["RD"], 4); rd != nil {
		r = sheet.Rect{X0: r.X0 + rd[0], Y0: r.Y0 + rd[1], X1: r.X1 - rd[2], Y1: r.Y1 - rd[3]}
	}
	if stroke {
		r = sheet.Rect{X0: r.X0 + width/2, Y0: r.Y0 + width/2, X1: r.X1 - width/2, Y1: r.Y1 - width/2}
	}
	if r.Width() <= 0 || r.Height() <= 0 {
		p.out = nil
		return
	}
	if circle {
		p.ellipse(r)
	} else {
		p.op("re", r.X0, r.Y0, r.Width(), r.Height())
	}
	p.paint(fill, stroke)
}

// lineAnnotation draws a line with its leaders and ends.
func (p *artist) lineAnnotation() bool {
	l := p.s.Numbers(p.d["L"], 4)
	if l == nil {
		return false
	}
	if caption, _ := p.s.Resolve(p.d["Cap"]).(syntax.Boolean); bool(caption) && p.s.text(p.d["Contents"]) != "" {
		return false
	}
	width, _, stroke, _ := p.begun()
	if !stroke {
		p.out = nil
		return true
	}
	x0, y0, x1, y1 := l[0], l[1], l[2], l[3]
	length := math.Hypot(x1-x0, y1-y0)
	if leader, ok := p.s.Number(p.d["LL"]); ok && leader != 0 && length > 0 {
		extension, _ := p.s.Number(p.d["LLE"])
		gap, _ := p.s.Number(p.d["LLO"])
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

// ends draws the ends of a line (ISO 32000-1 table 176).
func (p *artist) ends(styles syntax.Object, width float64, points [][2]float64) {
	names := p.s.Array(styles)
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
		switch p.s.Name(names[i]) {
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
			p.ellipse(sheet.Rect{X0: at[0] - size, Y0: at[1] - size, X1: at[0] + size, Y1: at[1] + size})
			p.to(at[0], at[1], size+width)
			p.paint(inside, true)
		}
	}
}

// maxMade bounds the content in bytes of one appearance that is made.
const maxMade = 16 << 20

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

func (p *artist) ink() bool {
	list := p.s.Array(p.d["InkList"])
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
		quads = [][2]float64{{r.X0, r.Y1}, {r.X1, r.Y1}, {r.X0, r.Y0}, {r.X1, r.Y0}}
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
	name := p.s.Name(p.d["Name"])
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
	size := math.Min(p.box.Height()*0.6, p.box.Width()*0.85/math.Max(f.Width(text, 1), 0.001))
	p.stroking(line)
	p.filling(line)
	width := math.Max(size/12, 0.5)
	p.op("w", width)
	p.op("re", p.box.X0+width, p.box.Y0+width, p.box.Width()-2*width, p.box.Height()-2*width)
	p.op("S")
	p.font = f
	p.show(text, size, (p.box.X0+p.box.X1-f.Width(text, size))/2, p.baseline(p.box, size))
	return true
}

// freeText draws text written on the page, with its frame and callout.
func (p *artist) freeText() bool {
	st := p.s.style(p.s.inheritedEntry(p.d, "DA"))
	width, _, dashes := p.border()
	r := p.box
	if rd := p.s.Numbers(p.d["RD"], 4); rd != nil {
		r = sheet.Rect{X0: r.X0 + rd[0], Y0: r.Y0 + rd[1], X1: r.X1 - rd[2], Y1: r.Y1 - rd[3]}
	}
	if r.Width() <= 0 || r.Height() <= 0 {
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
		p.op("re", r.X0+width/2, r.Y0+width/2, math.Max(r.Width()-width, 0), math.Max(r.Height()-width, 0))
		p.paint(background != nil, width > 0)
	}
	if callout := p.points(p.d["CL"]); len(callout) >= 2 && width > 0 {
		p.path(callout, width)
		p.op("S")
		p.ends(syntax.Array{p.d["LE"]}, width, callout)
	}
	p.op("Q")
	inner := sheet.Rect{X0: r.X0 + width, Y0: r.Y0 + width, X1: r.X1 - width, Y1: r.Y1 - width}
	quadding, _ := p.s.Integer(p.d["Q"])
	if st.size == 0 {
		st.size = 12
	}
	return p.lines(p.s.text(p.d["Contents"]), quadding, inner, st)
}
