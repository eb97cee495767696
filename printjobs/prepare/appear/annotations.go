// Package appear tells what the annotations and form fields of a page print, and draws them where the file leaves that to the viewer.
package appear

import (
	"math"
	"strings"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
	"postgang/printjobs/typeset"
)

// Annotation flags (ISO 32000-1 table 165).
const (
	flagHidden   = 1 << 1
	flagPrint    = 1 << 2
	flagNoRotate = 1 << 4
)

// Annotator tells what the annotations of a document print.
type Annotator struct {
	*read.Document
	faces map[*typeset.Face]syntax.IndirectRef // those of ours that are embedded
}

// Found is what is wrong with the annotations of a page.
type Found struct {
	// undrawable: one has no appearance, and none can be made. Left out, the
	// letter would lose something that its sender saw.
	Undrawable bool
	// missing: one of lesser kind has none, and is left out with a warning.
	Missing bool
	// absent: the page names one that the file does not have.
	Absent bool
	// lost: one names an appearance that the file does not have.
	Lost bool
}

// Appearances returns what the annotations of a page print, in order. Popups
// and links never print. Where the file leaves the appearance to the viewer it
// is made.
func (s *Annotator) Appearances(p read.Page) (drawn []content.Appearance, found Found) {
	if s.IsAbsent(p.Dict["Annots"]) {
		found.Absent = true
	}
	for _, o := range s.Array(p.Dict["Annots"]) {
		d := s.Dict(o)
		if d == nil {
			found.Absent = found.Absent || s.IsAbsent(o)
			continue
		}
		subtype := s.Name(d["Subtype"])
		flags, _ := s.Integer(d["F"])
		if subtype == "Popup" || subtype == "Link" || flags&flagPrint == 0 || flags&flagHidden != 0 || s.Layers.Hides(d["OC"]) {
			continue
		}
		form, ok := s.normalAppearance(d)
		m := sheet.Identity
		switch {
		case !ok && subtype != "Widget" && s.namesAppearance(d):
			found.Lost = true
			continue
		case !ok || subtype == "Widget" && form != nil && s.stale(d, form):
			if form, ok = s.makeAppearance(subtype, d); !ok {
				switch {
				case mayLack[subtype]:
					found.Missing = true
				case drawnByViewers[subtype]:
					found.Undrawable = true
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
			r, _ := s.Rect(d["Rect"])
			m = m.Mul(sheet.Matrix{1, 0, 0, 1, -r.X0, -r.Y1}).Mul(sheet.Turn(-p.Rotate)).Mul(sheet.Matrix{1, 0, 0, 1, r.X0, r.Y1})
		}
		a := content.Appearance{Form: form, Matrix: m, Fallback: p.Resources}
		if subtype == "Widget" {
			if dr := s.formResources(); dr != nil {
				a.Fallback = dr
			}
		}
		drawn = append(drawn, a)
	}
	return drawn, found
}

// namesAppearance reports an annotation that names an appearance which the
// file does not have.
func (s *Annotator) namesAppearance(d syntax.Dict) bool {
	n := s.Dict(d["AP"])["N"]
	if s.IsAbsent(d["AP"]) || s.IsAbsent(n) {
		return true
	}
	states, _ := s.Resolve(n).(syntax.Dict)
	return s.IsAbsent(states[s.Name(d["AS"])])
}

// normalAppearance returns the form XObject of the annotation's normal
// appearance in its present state; nil when that state draws nothing. ok is
// false when the annotation has no appearance at all.
func (s *Annotator) normalAppearance(d syntax.Dict) (form syntax.Object, ok bool) {
	n := s.Dict(d["AP"])["N"]
	switch v := s.Resolve(n).(type) {
	case syntax.StreamDict:
		return n, true
	case syntax.Dict:
		if len(v) == 0 {
			return nil, false
		}
		state := s.Name(d["AS"])
		if state == "" {
			// Required by the format. Without it a check box shows its
			// value, which it may inherit, or is off.
			if state = s.Name(s.fieldValue(d)); v[state] == nil {
				state = "Off"
			}
		}
		if s.IsAbsent(v[state]) {
			return nil, false
		}
		if _, isStream := s.Stream(v[state]); isStream {
			return v[state], true
		}
		return nil, true
	}
	return nil, false
}

// fieldValue returns the value of a form field, inherited if need be.
func (s *Annotator) fieldValue(d syntax.Dict) syntax.Object {
	for range syntax.MaxTreeDepth {
		if d == nil {
			return nil
		}
		if v := s.Resolve(d["V"]); v != nil {
			return v
		}
		d = s.Dict(d["Parent"])
	}
	return nil
}

// stale reports a field with a value that its appearance does not show, in a
// document that leaves it to the viewer to make appearances: a program filled
// it in and did not draw it, or drew what was there before. Of text in fonts
// of more than a byte a character, and of what is drawn otherwise, it is not
// told.
func (s *Annotator) stale(d syntax.Dict, form syntax.Object) bool {
	need, _ := s.Resolve(s.formDict()["NeedAppearances"]).(syntax.Boolean)
	if !bool(need) {
		return false
	}
	var value string
	switch v := s.fieldValue(d).(type) {
	case syntax.StringLiteral, syntax.HexLiteral:
		value = s.text(v)
	}
	if value == "" {
		return false
	}
	sd, ok := s.Stream(form)
	if !ok {
		return true
	}
	data, ok := s.Decode(sd, s.Limits.MaxContentBytes)
	if !ok {
		return true
	}
	var shown []byte
	none := true
	t := &syntax.Tokens{Data: data}
	for op := t.Next(); op != nil; op = t.Next() {
		switch string(op) {
		case "Do":
			return false
		case "Tj", "TJ", "'", "\"":
			none = false
			for _, a := range t.Args {
				shown = append(shown, t.Strings(a)...)
			}
		}
	}
	flags, _ := s.Integer(s.inheritedEntry(d, "Ff"))
	if none || s.Name(s.inheritedEntry(d, "FT")) != "Tx" || flags&fieldPassword != 0 {
		return none
	}
	fonts := s.Dict(s.Dict(sd.Dict["Resources"])["Font"])
	for _, f := range fonts {
		if s.Name(s.Dict(f)["Subtype"]) == "Type0" {
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

func (s *Annotator) formDict() syntax.Dict {
	return s.Dict(s.Catalog()["AcroForm"])
}

func (s *Annotator) formResources() syntax.Dict { return s.Dict(s.formDict()["DR"]) }

// appearanceMatrix maps the appearance's form space, after the form's own
// matrix, to the annotation's rectangle (ISO 32000-1 12.5.5, algorithm 8.1).
func (s *Annotator) appearanceMatrix(d syntax.Dict, form syntax.Object) (sheet.Matrix, bool) {
	to, ok := s.Rect(d["Rect"])
	if !ok || to.Width() <= 0 || to.Height() <= 0 {
		return sheet.Identity, false
	}
	fd := s.Dict(form)
	box, ok := s.Rect(fd["BBox"])
	if !ok {
		return sheet.Identity, false
	}
	m, _ := s.Matrix(fd["Matrix"])
	from := m.Bounds(box)
	if from.Width() <= 0 || from.Height() <= 0 {
		return sheet.Identity, false
	}
	sx, sy := to.Width()/from.Width(), to.Height()/from.Height()
	a := sheet.Matrix{sx, 0, 0, sy, to.X0 - from.X0*sx, to.Y0 - from.Y0*sy}
	return a, a.Finite() && math.Abs(sx) > 0 && math.Abs(sy) > 0
}
