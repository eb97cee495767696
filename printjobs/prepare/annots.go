package prepare

import (
	"math"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Annotation flags (ISO 32000-1 table 165).
const (
	flagHidden   = 1 << 1
	flagPrint    = 1 << 2
	flagNoRotate = 1 << 4
)

// appearance is what an annotation puts on the page.
type appearance struct {
	form     types.Object
	matrix   matrix     // from the appearance's form space to the page
	fallback types.Dict // resources for an appearance that has none
}

// notesFound is what is wrong with the annotations of a page.
type notesFound struct {
	// undrawable: one has no appearance, and none can be made. Left out, the
	// letter would lose something that its sender saw.
	undrawable bool
	// missing: one of lesser kind has none, and is left out with a warning.
	missing bool
	// absent: the page names one that the file does not have.
	absent bool
	// lost: one names an appearance that the file does not have.
	lost bool
}

// appearances returns what the annotations of a page print, in order. Popups
// and links never print. Where the file leaves the appearance to the viewer it
// is made.
func (s *source) appearances(p rawPage) (drawn []appearance, found notesFound) {
	if s.isAbsent(p.dict["Annots"]) {
		found.absent = true
	}
	for _, o := range s.array(p.dict["Annots"]) {
		d := s.dict(o)
		if d == nil {
			found.absent = found.absent || s.isAbsent(o)
			continue
		}
		subtype := s.name(d["Subtype"])
		flags, _ := s.integer(d["F"])
		if subtype == "Popup" || subtype == "Link" || flags&flagPrint == 0 || flags&flagHidden != 0 || s.layers.hides(d["OC"]) {
			continue
		}
		form, ok := s.normalAppearance(d)
		m := identity
		switch {
		case !ok && subtype != "Widget" && s.namesAppearance(d):
			found.lost = true
			continue
		case !ok || subtype == "Widget" && form != nil && s.stale(d, form):
			if form, ok = s.makeAppearance(subtype, d); !ok {
				switch {
				case mayLack[subtype]:
					found.missing = true
				case drawnByViewers[subtype]:
					found.undrawable = true
				}
				continue
			}
			if form == nil {
				continue
			}
		case form == nil:
			continue // a state that draws nothing
		default:
			if m, ok = s.appearanceMatrix(d, form); !ok {
				continue // no area: nothing to see
			}
		}
		if flags&flagNoRotate != 0 {
			// It stands upright on the turned page, its upper left corner
			// where the rectangle's is.
			r, _ := s.rect(d["Rect"])
			m = m.mul(matrix{1, 0, 0, 1, -r.x0, -r.y1}).mul(turn(-p.rotate)).mul(matrix{1, 0, 0, 1, r.x0, r.y1})
		}
		a := appearance{form: form, matrix: m, fallback: p.resources}
		if subtype == "Widget" {
			if dr := s.formResources(); dr != nil {
				a.fallback = dr
			}
		}
		drawn = append(drawn, a)
	}
	return drawn, found
}

// namesAppearance reports an annotation that names an appearance which the
// file does not have.
func (s *source) namesAppearance(d types.Dict) bool {
	n := s.dict(d["AP"])["N"]
	if s.isAbsent(d["AP"]) || s.isAbsent(n) {
		return true
	}
	states, _ := s.resolve(n).(types.Dict)
	return s.isAbsent(states[s.name(d["AS"])])
}

// normalAppearance returns the form XObject of the annotation's normal
// appearance in its present state; nil when that state draws nothing. ok is
// false when the annotation has no appearance at all.
func (s *source) normalAppearance(d types.Dict) (form types.Object, ok bool) {
	n := s.dict(d["AP"])["N"]
	switch v := s.resolve(n).(type) {
	case types.StreamDict:
		return n, true
	case types.Dict:
		if len(v) == 0 {
			return nil, false
		}
		state := s.name(d["AS"])
		if state == "" {
			// Required by the format. Without it a check box shows its
			// value, which it may inherit, or is off.
			if state = s.name(s.fieldValue(d)); v[state] == nil {
				state = "Off"
			}
		}
		if s.isAbsent(v[state]) {
			return nil, false
		}
		if _, isStream := s.stream(v[state]); isStream {
			return v[state], true
		}
		return nil, true
	}
	return nil, false
}

// fieldValue returns the value of a form field, inherited if need be.
func (s *source) fieldValue(d types.Dict) types.Object {
	for range maxTreeDepth {
		if d == nil {
			return nil
		}
		if v := s.resolve(d["V"]); v != nil {
			return v
		}
		d = s.dict(d["Parent"])
	}
	return nil
}

// stale reports a field with a value that its appearance does not show, in a
// document that leaves it to the viewer to make appearances: a program filled
// it in and did not draw it, or drew what was there before. Of text in fonts
// of more than a byte a character, and of what is drawn otherwise, it is not
// told.
func (s *source) stale(d types.Dict, form types.Object) bool {
	need, _ := s.resolve(s.formDict()["NeedAppearances"]).(types.Boolean)
	if !bool(need) {
		return false
	}
	var value string
	switch v := s.fieldValue(d).(type) {
	case types.StringLiteral, types.HexLiteral:
		value = s.text(v)
	}
	if value == "" {
		return false
	}
	sd, ok := s.stream(form)
	if !ok {
		return true
	}
	data, ok := s.decode(sd, s.limits.MaxContentBytes)
	if !ok {
		return true
	}
	var shown []byte
	none := true
	t := &tokens{data: data}
	for op := t.next(); op != nil; op = t.next() {
		switch string(op) {
		case "Do":
			return false
		case "Tj", "TJ", "'", "\"":
			none = false
			for _, a := range t.args {
				shown = append(shown, t.strings(a)...)
			}
		}
	}
	flags, _ := s.integer(s.inheritedEntry(d, "Ff"))
	if none || s.name(s.inheritedEntry(d, "FT")) != "Tx" || flags&fieldPassword != 0 {
		return none
	}
	fonts := s.dict(s.dict(sd.Dict["Resources"])["Font"])
	for _, f := range fonts {
		if s.name(s.dict(f)["Subtype"]) == "Type0" {
			return false
		}
	}
	return plainLetters(string(shown)) != plainLetters(value)
}

// plainLetters keeps the letters and digits that all encodings have in common.
func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
}

// mayLack are the annotations that are left out with a warning when they have
// no appearance: an icon of the viewer's stands for what does not fit on paper.
var mayLack = map[string]bool{
	"": true, "Text": true, "FileAttachment": true, "Sound": true, "Movie": true, "Screen": true, "3D": true, "RichMedia": true,
	"Caret": true, "PrinterMark": true, "TrapNet": true, "Watermark": true, "Redact": true, "Projection": true,
}

// drawnByViewers are the annotations that viewers draw from their entries when
// they have no appearance. Of kinds that are nobody's but one program's, other
// programs draw nothing.
var drawnByViewers = map[string]bool{
	"Widget": true, "Square": true, "Circle": true, "Line": true, "Polygon": true, "PolyLine": true, "Ink": true,
	"Highlight": true, "Underline": true, "StrikeOut": true, "Squiggly": true, "FreeText": true, "Stamp": true,
}

func (s *source) formDict() types.Dict {
	root, err := s.ctx.Catalog()
	if err != nil {
		return nil
	}
	return s.dict(root["AcroForm"])
}

func (s *source) formResources() types.Dict { return s.dict(s.formDict()["DR"]) }

// appearanceMatrix maps the appearance's form space, after the form's own
// matrix, to the annotation's rectangle (ISO 32000-1 12.5.5, algorithm 8.1).
func (s *source) appearanceMatrix(d types.Dict, form types.Object) (matrix, bool) {
	to, ok := s.rect(d["Rect"])
	if !ok || to.width() <= 0 || to.height() <= 0 {
		return identity, false
	}
	fd := s.dict(form)
	box, ok := s.rect(fd["BBox"])
	if !ok {
		return identity, false
	}
	m, _ := s.matrix(fd["Matrix"])
	from := m.bounds(box)
	if from.width() <= 0 || from.height() <= 0 {
		return identity, false
	}
	sx, sy := to.width()/from.width(), to.height()/from.height()
	a := matrix{sx, 0, 0, sy, to.x0 - from.x0*sx, to.y0 - from.y0*sy}
	return a, a.finite() && math.Abs(sx) > 0 && math.Abs(sy) > 0
}
