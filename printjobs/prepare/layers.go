package prepare

import (
	"bytes"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// layers knows which optional content groups of a document do not print.
//
// Layers are resolved here, once and for good, instead of being carried along:
// what is hidden is taken out of the content, and what is visible loses its
// mark. So no later step, viewer or RIP can decide otherwise. The state is
// that of the default configuration, then of the automatic states for the
// event Print (ISO 32000-1 8.11.4).
type layers struct {
	s   *source
	off map[int]bool // object numbers of groups that do not print
	// active is false for a document without optional content; then nothing
	// is ever hidden.
	active bool
}

func newLayers(s *source, root types.Dict) *layers {
	l := &layers{s: s, off: map[int]bool{}}
	props := s.dict(root["OCProperties"])
	groups := s.array(props["OCGs"])
	if props == nil || len(groups) == 0 {
		return l
	}
	l.active = true
	config := s.dict(props["D"])
	if s.name(config["BaseState"]) == "OFF" {
		l.set(groups, true)
	}
	l.set(s.array(config["ON"]), false)
	l.set(s.array(config["OFF"]), true)
	for _, o := range s.array(config["AS"]) {
		auto := s.dict(o)
		if s.name(auto["Event"]) == "Print" {
			l.automatic(auto)
		}
	}
	return l
}

func (l *layers) set(groups types.Array, off bool) {
	for _, g := range groups {
		ref, ok := g.(types.IndirectRef)
		if !ok {
			continue
		}
		if off && !l.concernsView(l.s.dict(ref)) {
			continue
		}
		l.off[ref.ObjectNumber.Value()] = off
	}
}

// concernsView tells whether a group's intent makes it show or hide anything:
// groups for design only do not.
func (l *layers) concernsView(group types.Dict) bool {
	intent := group["Intent"]
	if intent == nil {
		return true
	}
	names := []string{l.s.name(intent)}
	for _, n := range l.s.array(intent) {
		names = append(names, l.s.name(n))
	}
	for _, n := range names {
		if n == "View" || n == "All" {
			return true
		}
	}
	return false
}

// automatic applies one usage application dictionary of the event Print. A
// group prints when all its categories recommend it.
func (l *layers) automatic(auto types.Dict) {
	for _, g := range l.s.array(auto["OCGs"]) {
		ref, ok := g.(types.IndirectRef)
		if !ok {
			continue
		}
		usage := l.s.dict(l.s.dict(ref)["Usage"])
		on, off := false, false
		for _, c := range l.s.array(auto["Category"]) {
			category := l.s.name(c)
			var key string
			switch category {
			case "Print":
				key = "PrintState"
			case "View":
				key = "ViewState"
			case "Export":
				key = "ExportState"
			default:
				continue
			}
			switch l.s.name(l.s.dict(usage[category])[key]) {
			case "ON":
				on = true
			case "OFF":
				off = true
			}
		}
		if on || off {
			l.set(types.Array{ref}, off)
		}
	}
}

// hides reports whether content that belongs to o, an optional content group
// or membership dictionary, is left off the paper.
func (l *layers) hides(o types.Object) bool {
	if l == nil || !l.active || o == nil {
		return false
	}
	d := l.s.dict(o)
	if d == nil {
		return false
	}
	if l.s.name(d["Type"]) != "OCMD" {
		ref, ok := o.(types.IndirectRef)
		return ok && l.off[ref.ObjectNumber.Value()]
	}
	if ve := l.s.array(d["VE"]); len(ve) > 0 {
		return !l.expression(ve, 0)
	}
	var groups types.Array
	switch v := l.s.resolve(d["OCGs"]).(type) {
	case types.Array:
		groups = v
	case types.Dict:
		groups = types.Array{d["OCGs"]}
	}
	on, off := 0, 0
	for _, g := range groups {
		ref, ok := g.(types.IndirectRef)
		if !ok || l.s.dict(ref) == nil {
			continue // deleted groups do not count
		}
		if l.off[ref.ObjectNumber.Value()] {
			off++
		} else {
			on++
		}
	}
	if on+off == 0 {
		return false
	}
	switch l.s.name(d["P"]) {
	case "AllOn":
		return off > 0
	case "AnyOff":
		return off == 0
	case "AllOff":
		return on > 0
	}
	return on == 0 // AnyOn
}

// expression evaluates a visibility expression.
func (l *layers) expression(ve types.Array, depth int) bool {
	if depth > 30 || len(ve) == 0 {
		return true
	}
	visible := func(o types.Object) bool {
		if a := l.s.array(o); a != nil {
			return l.expression(a, depth+1)
		}
		ref, ok := o.(types.IndirectRef)
		return !ok || !l.off[ref.ObjectNumber.Value()]
	}
	switch l.s.name(ve[0]) {
	case "Not":
		return len(ve) < 2 || !visible(ve[1])
	case "Or":
		for _, o := range ve[1:] {
			if visible(o) {
				return true
			}
		}
		return len(ve) == 1
	}
	for _, o := range ve[1:] { // And
		if !visible(o) {
			return false
		}
	}
	return true
}

// sectionKind is a marked section of a content stream.
type sectionKind uint8

const (
	sectionPlain sectionKind = iota
	sectionLayer             // optional content that prints
	sectionHidden
)

// mark follows BMC, BDC and EMC, and returns the kind of section that the
// operator opens or closes.
func (r *reading) mark(op []byte) sectionKind {
	if string(op) == "EMC" {
		n := len(r.sections)
		if n == 0 {
			return sectionPlain
		}
		kind := r.sections[n-1]
		r.sections = r.sections[:n-1]
		if kind == sectionHidden {
			r.hidden--
		}
		return kind
	}
	kind, layers := sectionPlain, r.s.layers
	if n := len(r.args); string(op) == "BDC" && n >= 2 && layers != nil && layers.active &&
		r.args[n-2].kind == kindName && r.nameOf(r.args[n-2]) == "OC" {
		kind = sectionLayer
		if r.args[n-1].kind == kindName && layers.hides(r.entry("Properties", r.nameOf(r.args[n-1]))) {
			kind = sectionHidden
			r.hidden++
		}
	}
	r.sections = append(r.sections, kind)
	return kind
}

// resolveContent returns content without its optional content: hidden sections
// paint nothing any more but still change the graphics state, as the standard
// asks (ISO 32000-1 8.11.3.2), and the marks of visible ones are gone. changed
// is false when there was nothing to do.
func (l *layers) resolveContent(data []byte, resources types.Dict) (out []byte, changed bool) {
	if l == nil || !l.active || !bytes.Contains(data, []byte("BDC")) {
		return data, false
	}
	t := &reading{tokens: tokens{data: data}, s: l.s, resources: resources}
	var renders []int // text rendering modes saved by q
	render := 0
	kept := 0 // data up to here is in out or dropped
	replace := func(by string) {
		out = append(out, data[kept:t.start]...)
		out = append(out, ' ') // what stands before may end without a delimiter
		out = append(out, by...)
		kept = t.end
		changed = true
	}
	for op := t.next(); op != nil; op = t.next() {
		switch string(op) {
		case "BMC", "BDC", "EMC":
			if t.mark(op) != sectionPlain {
				replace("")
			}
			continue
		case "q":
			if len(renders) < maxSavedStates {
				renders = append(renders, render)
			}
		case "Q":
			if n := len(renders); n > 0 {
				render, renders = renders[n-1], renders[:n-1]
			}
		case "Tr":
			if n := len(t.args); n > 0 {
				render = int(t.args[n-1].number)
			}
		}
		if t.hidden == 0 {
			continue
		}
		switch string(op) {
		case "S", "s", "f", "F", "f*", "B", "B*", "b", "b*":
			replace("n") // a clipping path still takes effect
		case "sh", "Do", "BI":
			replace("")
		case "Tj", "TJ", "'", "\"":
			invisible := "3 Tr "
			if render >= 4 && render <= 7 {
				invisible = "7 Tr " // still adds to the clipping path
			}
			replace(invisible + string(data[t.start:t.end]) + " " + string(rune('0'+min(max(render, 0), 7))) + " Tr")
		}
	}
	if !changed {
		return data, false
	}
	return append(out, data[kept:]...), true
}
