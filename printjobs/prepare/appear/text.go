package appear

import (
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
	"postgang/printjobs/typeset"
)

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
func (s *Annotator) style(da syntax.Object) textStyle {
	st := textStyle{colour: []float64{0}}
	t := &syntax.Tokens{Data: syntax.StringBytes(s.Resolve(da))}
	for op := t.Next(); op != nil; op = t.Next() {
		n := len(t.Args)
		want := map[string]int{"g": 1, "rg": 3, "k": 4}[string(op)]
		switch {
		case string(op) == "Tf" && n >= 2 && t.Args[n-2].Kind == syntax.KindName:
			st.font, st.size = t.NameOf(t.Args[n-2]), math.Abs(t.Args[n-1].Number)
		case want > 0 && n >= want:
			st.colour = nil
			for _, a := range t.Args[n-want:] {
				st.colour = append(st.colour, a.Number)
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
func (s *Annotator) face(name string) (*typeset.Face, error) {
	if font := s.Dict(s.Dict(s.formResources()["Font"])[name]); font != nil {
		if base := s.Name(font["BaseFont"]); base != "" {
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
func (s *Annotator) text(o syntax.Object) string {
	switch v := s.Resolve(o).(type) {
	case syntax.StringLiteral, syntax.HexLiteral:
		return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(textString(syntax.StringBytes(v)))
	case syntax.StreamDict:
		data, _ := s.Decode(v, 1<<20)
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

// padding keeps text away from the border, as viewers do.
const padding = 2

// lineFactor is the height of a line of text over its size.
const lineFactor = 1.35

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
func (p *artist) clip(r sheet.Rect) {
	p.op("q")
	p.op("re", r.X0, r.Y0, math.Max(r.Width(), 0), math.Max(r.Height(), 0))
	p.op("W n")
}

// baseline is where a line of text stands that is centred in height.
func (p *artist) baseline(r sheet.Rect, size float64) float64 {
	return (r.Y0+r.Y1)/2 - p.font.Ascent(size) + p.font.Height(size)/2
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
func (p *artist) line(text string, quadding int, r sheet.Rect) bool {
	return p.oneLine(text, func(text string, st textStyle) {
		size := st.size
		if size == 0 {
			size = r.Height() / lineFactor
			if w := p.font.Width(text, 1); w*size > r.Width()-2*padding {
				size = math.Max((r.Width()-2*padding)/w, 1)
			}
		}
		p.clip(r)
		p.filling(st.colour)
		p.show(text, size, p.left(text, size, quadding, r), p.baseline(r, size))
		p.op("Q")
	})
}

// left is where a line of text begins.
func (p *artist) left(text string, size float64, quadding int, r sheet.Rect) float64 {
	switch w := p.font.Width(text, size); quadding {
	case 1:
		return (r.X0 + r.X1 - w) / 2
	case 2:
		return r.X1 - padding - w
	}
	return r.X0 + padding
}

// printable drops what has no place on paper.
func printable(r rune) rune {
	if r < ' ' || r == 0x7F || r == 0xAD || r == 0xFEFF || r >= 0x200B && r <= 0x200F {
		return -1
	}
	return r
}

// lines draws text over several lines, broken between words.
func (p *artist) lines(text string, quadding int, r sheet.Rect, st textStyle) bool {
	if strings.TrimSpace(strings.Map(printable, text)) == "" {
		return true
	}
	if !p.begin(st, text) {
		return false
	}
	measure := r.Width() - 2*padding
	size := st.size
	var broken []string
	if size == 0 {
		for size = 12; ; size *= 0.9 {
			broken = p.broken(text, size, measure)
			if float64(len(broken))*size*lineFactor <= r.Height()-padding || size < 4 {
				break
			}
		}
	} else {
		broken = p.broken(text, size, measure)
	}
	p.clip(r)
	p.filling(st.colour)
	leading := p.font.Height(size)
	y := r.Y1 - padding - p.font.Ascent(size)
	for _, line := range broken {
		if y < r.Y0-leading {
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
