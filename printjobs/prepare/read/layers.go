package read

import "github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

// Layers knows which optional content groups of a document do not print.
//
// Layers are resolved here, once and for good, instead of being carried along:
// what is hidden is taken out of the content, and what is visible loses its
// mark. So no later step, viewer or RIP can decide otherwise. The state is
// that of the default configuration, then of the automatic states for the
// event Print (ISO 32000-1 8.11.4).
type Layers struct {
	Document *Document
	Off      map[int]bool // object numbers of groups that do not print
	// active is false for a document without optional content; then nothing
	// is ever hidden.
	Active bool
}

func newLayers(s *Document, root types.Dict) *Layers {
	l := &Layers{Document: s, Off: map[int]bool{}}
	props := s.Dict(root["OCProperties"])
	groups := s.Array(props["OCGs"])
	if props == nil || len(groups) == 0 {
		return l
	}
	l.Active = true
	config := s.Dict(props["D"])
	if s.Name(config["BaseState"]) == "OFF" {
		l.set(groups, true)
	}
	l.set(s.Array(config["ON"]), false)
	l.set(s.Array(config["OFF"]), true)
	for _, o := range s.Array(config["AS"]) {
		auto := s.Dict(o)
		if s.Name(auto["Event"]) == "Print" {
			l.automatic(auto)
		}
	}
	return l
}

func (l *Layers) set(groups types.Array, off bool) {
	for _, g := range groups {
		ref, ok := g.(types.IndirectRef)
		if !ok {
			continue
		}
		if off && !l.concernsView(l.Document.Dict(ref)) {
			continue
		}
		l.Off[ref.ObjectNumber.Value()] = off
	}
}

// concernsView tells whether a group's intent makes it show or hide anything:
// groups for design only do not.
func (l *Layers) concernsView(group types.Dict) bool {
	intent := group["Intent"]
	if intent == nil {
		return true
	}
	names := []string{l.Document.Name(intent)}
	for _, n := range l.Document.Array(intent) {
		names = append(names, l.Document.Name(n))
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
func (l *Layers) automatic(auto types.Dict) {
	for _, g := range l.Document.Array(auto["OCGs"]) {
		ref, ok := g.(types.IndirectRef)
		if !ok {
			continue
		}
		usage := l.Document.Dict(l.Document.Dict(ref)["Usage"])
		on, off := false, false
		for _, c := range l.Document.Array(auto["Category"]) {
			category := l.Document.Name(c)
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
			switch l.Document.Name(l.Document.Dict(usage[category])[key]) {
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

// Hides reports whether content that belongs to o, an optional content group
// or membership dictionary, is left off the paper.
func (l *Layers) Hides(o types.Object) bool {
	if l == nil || !l.Active || o == nil {
		return false
	}
	d := l.Document.Dict(o)
	if d == nil {
		return false
	}
	if l.Document.Name(d["Type"]) != "OCMD" {
		ref, ok := o.(types.IndirectRef)
		return ok && l.Off[ref.ObjectNumber.Value()]
	}
	if ve := l.Document.Array(d["VE"]); len(ve) > 0 {
		return !l.expression(ve, 0)
	}
	var groups types.Array
	switch v := l.Document.Resolve(d["OCGs"]).(type) {
	case types.Array:
		groups = v
	case types.Dict:
		groups = types.Array{d["OCGs"]}
	}
	on, off := 0, 0
	for _, g := range groups {
		ref, ok := g.(types.IndirectRef)
		if !ok || l.Document.Dict(ref) == nil {
			continue // deleted groups do not count
		}
		if l.Off[ref.ObjectNumber.Value()] {
			off++
		} else {
			on++
		}
	}
	if on+off == 0 {
		return false
	}
	switch l.Document.Name(d["P"]) {
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
func (l *Layers) expression(ve types.Array, depth int) bool {
	if depth > 30 || len(ve) == 0 {
		return true
	}
	visible := func(o types.Object) bool {
		if a := l.Document.Array(o); a != nil {
			return l.expression(a, depth+1)
		}
		ref, ok := o.(types.IndirectRef)
		return !ok || !l.Off[ref.ObjectNumber.Value()]
	}
	switch l.Document.Name(ve[0]) {
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
