package prepare

import (
	"bytes"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// needs finds out whether all that a page draws is in the file, and whole: it
// follows the operators of the content to the fonts, images, forms, patterns,
// colour spaces and states that they name, and these to what they are made of.
// What no operator uses is not looked at, nor what is in a hidden layer.
type needs struct {
	s       *source
	forms   map[formNeed]losses
	objects map[int]losses
	fonts   map[int]losses
	images  map[int]losses
	// copied tells of the number of an object whether it is copied already, so
	// that nothing can be added to it.
	copied func(number int) bool
	left   allowance
}

// formNeed is a form, pattern or glyph with what it takes its resources from:
// an object number, or what page it is on.
type formNeed struct {
	object, resources int
}

func newNeeds(s *source) *needs {
	return &needs{s: s, forms: map[formNeed]losses{}, objects: map[int]losses{}, fonts: map[int]losses{}, images: map[int]losses{}, left: allowance{maxContentRead, maxTreeDepth}}
}

// named are resources with what tells them from others, and those of what
// draws the form that they belong to.
type named struct {
	dict   types.Dict
	id     int
	object int // that the dictionary is part of; 0: none
	around *named
}

// find returns the entry of a name. One that the resources lack is taken from
// those around them, as some viewers do, and put into them, so that all do.
// Text in a font that has none is set in Helvetica, as most viewers do.
func (n *needs) find(category, name string, in named) (o types.Object, ok bool) {
	entries := n.s.dict(in.dict[category])
	if o, ok = entries[name]; ok {
		return o, true
	}
	for outer := in.around; outer != nil && !ok; outer = outer.around {
		o, ok = n.s.dict(outer.dict[category])[name]
	}
	if !ok && category == "Font" && in.dict != nil {
		o, ok = types.Dict{"Type": types.Name("Font"), "Subtype": types.Name("Type1"), "BaseFont": types.Name("Helvetica"),
			"Encoding": types.Name("WinAnsiEncoding")}, true
	}
	if !ok || in.dict == nil || n.copied(in.object) {
		return nil, false
	}
	if entries == nil {
		in.dict[category] = types.Dict{name: o}
	} else {
		entries[name] = o
	}
	return o, true
}

// page tells what of a page is lost: of its content, and of the appearances
// that are drawn over it.
func (n *needs) page(p rawPage, content []byte, drawn []appearance) (lost losses) {
	lost = n.content(content, named{dict: p.resources, id: -p.number, object: numberOf(p.resourcesObject)}, 0)
	for i, a := range drawn {
		if n.form(a.form, named{dict: a.fallback, id: -p.number - (i+1)<<32}, 0) != 0 {
			lost |= lostNote
		}
	}
	return lost
}

// textState is what of the graphics state text depends on.
type textState struct {
	object types.Object // the font
	known  bool         // it has been looked at
	// unnamed: the resources do not have it.
	unnamed bool
	render  int
}

// content tells what is lost of what drawing operators draw.
func (n *needs) content(data []byte, resources named, depth int) losses {
	r, ok := n.left.read(n.s, data, resources.dict, depth)
	if !ok {
		return 0
	}
	d := &needsDevice{needs: n, resources: resources}
	interpret(r, textState{}, d)
	if r.open {
		d.lost |= lostContent
	}
	return d.lost
}

// needsDevice finds out what is lost of what one content stream draws.
type needsDevice struct {
	deaf[textState]
	*needs
	resources named
	lost      losses
}

// need looks for something among the resources, and notes that it is lost when
// it is not there.
func (d *needsDevice) need(category, name string) (o types.Object, ok bool) {
	if o, ok = d.find(category, name, d.resources); !ok {
		d.lost |= lostPart
	}
	return o, ok
}

func (d *needsDevice) colour(r *reading, _ *textState, op []byte) {
	name, ok := r.lastName()
	if !ok {
		return
	}
	switch string(op) {
	case "cs", "CS":
		if o, ok := d.find("ColorSpace", name, d.resources); ok {
			d.lost |= d.object(o, r.depth)
		}
	case "scn", "SCN":
		if o, ok := d.need("Pattern", name); ok {
			d.lost |= d.pattern(o, d.resources, r.depth)
		}
	}
}

func (d *needsDevice) extend(r *reading, text *textState, name string) {
	if o, ok := d.find("ExtGState", name, d.resources); ok {
		d.lost |= d.state(o, d.resources, text, r.depth)
	}
}

func (d *needsDevice) font(_ *reading, text *textState, name string, _ float64) {
	o, ok := d.find("Font", name, d.resources)
	text.object, text.known, text.unnamed = o, false, !ok
}

func (d *needsDevice) render(text *textState, mode int) { text.render = mode }

func (d *needsDevice) show(r *reading, text *textState, _ []byte) {
	if text.known || text.render == 3 || r.hidden > 0 || r.onlySpaces() {
		return
	}
	text.known = true
	if text.unnamed {
		d.lost |= lostFont
	}
	d.lost |= d.needs.font(text.object, d.resources, r.depth)
}

func (d *needsDevice) shade(r *reading, _ *textState, name string) {
	if o, ok := d.need("Shading", name); ok {
		d.lost |= d.object(o, r.depth)
	}
}

func (d *needsDevice) draw(r *reading, _ *textState, name string) {
	if o, ok := d.need("XObject", name); ok {
		d.lost |= d.xobject(o, d.resources, r.depth)
	}
}

func (d *needsDevice) inline(r *reading, _ *textState) {
	if r.hidden == 0 && !r.open && !d.wholeInline(r) {
		d.lost |= lostImage
	}
}

// numberOf is the number of the object that is referred to; 0: none.
func numberOf(o types.Object) int {
	if ref, ok := o.(types.IndirectRef); ok {
		return ref.ObjectNumber.Value()
	}
	return 0
}

// gone reports what is named but is not in the file.
func (n *needs) gone(o types.Object) bool { return n.s.isDamaged(o) || n.s.isAbsent(o) }

// xobject tells what is lost of an image or form.
func (n *needs) xobject(o types.Object, resources named, depth int) losses {
	sd, ok := n.s.stream(o)
	switch {
	case !ok && n.gone(o):
		return lostPart
	case !ok || n.s.layers.hides(sd.Dict["OC"]):
		return 0
	case n.s.name(sd.Dict["Subtype"]) == "Image":
		return n.image(o, resources)
	case n.s.name(sd.Dict["Subtype"]) == "PS":
		return 0
	}
	return n.form(o, resources, depth)
}

// form tells what is lost of a form, tiling pattern or glyph.
func (n *needs) form(o types.Object, around named, depth int) (lost losses) {
	sd, ok := n.s.stream(o)
	if !ok {
		return lostPart
	}
	own := around
	number := numberOf(o)
	if d := n.s.dict(sd.Dict["Resources"]); d != nil {
		own = named{dict: d, id: number, object: number, around: &around}
	} else if n.gone(sd.Dict["Resources"]) {
		lost |= lostPart
	}
	key := formNeed{number, own.id}
	if number != 0 {
		if known, ok := n.forms[key]; ok {
			return known
		}
		n.forms[key] = 0 // a form that draws itself needs nothing more
	}
	data, state, ok := n.s.decodeContent(sd)
	if !ok || n.s.lossy(state) {
		lost |= lostPart
	}
	if n.content(data, own, depth+1) != 0 {
		lost |= lostPart
	}
	n.forms[key] = lost
	return lost
}

func (n *needs) pattern(o types.Object, resources named, depth int) losses {
	d := n.s.dict(o)
	if d == nil {
		if n.gone(o) {
			return lostPart
		}
		return 0
	}
	if kind, _ := n.s.integer(d["PatternType"]); kind == 2 {
		return n.object(d["Shading"], depth) | n.state(d["ExtGState"], resources, &textState{}, depth)
	}
	return n.form(o, resources, depth)
}

// state tells what is lost of a graphics state dictionary.
func (n *needs) state(o types.Object, resources named, text *textState, depth int) (lost losses) {
	d := n.s.dict(o)
	if d == nil {
		if n.gone(o) {
			return lostPart
		}
		return 0
	}
	if f := n.s.array(d["Font"]); len(f) > 0 {
		text.object, text.known, text.unnamed = f[0], false, false
	}
	if mask := n.s.dict(d["SMask"]); mask != nil {
		lost |= n.form(mask["G"], resources, depth) | n.object(mask["TR"], depth)
	} else if n.gone(d["SMask"]) {
		lost |= lostPart
	}
	for _, key := range []string{"TR", "TR2", "BG", "BG2", "UCR", "UCR2", "HT"} {
		lost |= n.object(d[key], depth)
	}
	return lost
}

// object tells what is lost of a colour space, function, shading or the like:
// any object, and all that it refers to.
func (n *needs) object(o types.Object, depth int) (lost losses) {
	if depth > maxTreeDepth {
		return 0
	}
	if ref, ok := o.(types.IndirectRef); ok {
		number := ref.ObjectNumber.Value()
		if known, ok := n.objects[number]; ok {
			return known
		}
		n.objects[number] = 0
		if n.gone(o) {
			lost = lostPart
		} else {
			lost = n.object(n.s.resolve(o), depth+1)
		}
		n.objects[number] = lost
		return lost
	}
	switch v := o.(type) {
	case types.Array:
		for _, e := range v {
			lost |= n.object(e, depth+1)
		}
	case types.StreamDict:
		if _, state := n.size(v, n.s.limits.MaxContentBytes); state >= cutOff {
			lost |= lostPart
		}
		lost |= n.object(v.Dict, depth+1)
	case types.Dict:
		for key, e := range v {
			if !dropped[key] && key != "Length" {
				lost |= n.object(e, depth+1)
			}
		}
	}
	return lost
}

// font tells what is lost of a font.
func (n *needs) font(o types.Object, resources named, depth int) (lost losses) {
	number := 0
	if ref, ok := o.(types.IndirectRef); ok {
		number = ref.ObjectNumber.Value()
		if known, ok := n.fonts[number]; ok {
			return known
		}
		n.fonts[number] = 0
		defer func() { n.fonts[number] = lost }()
	}
	d := n.s.dict(o)
	if d == nil {
		if n.gone(o) {
			return lostFont
		}
		return 0
	}
	if n.s.name(d["Subtype"]) == "Type3" {
		return n.glyphs(d, resources, number, depth)
	}
	for _, key := range []string{"Encoding", "Widths", "FontDescriptor", "DescendantFonts", "W", "W2", "CIDToGIDMap"} {
		if n.gone(d[key]) {
			return lostFont
		}
	}
	for _, key := range []string{"Encoding", "CIDToGIDMap"} {
		if sd, ok := n.s.stream(d[key]); ok {
			if _, state := n.size(sd, n.s.limits.MaxContentBytes); state >= cutOff {
				return lostFont
			}
		}
	}
	descriptor := n.s.dict(d["FontDescriptor"])
	for _, key := range []string{"FontFile", "FontFile2", "FontFile3"} {
		program, ok := n.s.stream(descriptor[key])
		if !ok && n.gone(descriptor[key]) || ok && !n.program(key, program) {
			return lostFont
		}
	}
	for _, descendant := range n.s.array(d["DescendantFonts"]) {
		lost |= n.font(descendant, resources, depth)
	}
	return lost
}

// glyphs tells what is lost of a Type 3 font.
func (n *needs) glyphs(d types.Dict, resources named, number, depth int) losses {
	if own := n.s.dict(d["Resources"]); own != nil {
		around := resources
		resources = named{dict: own, id: number, object: number, around: &around}
	} else if n.gone(d["Resources"]) {
		return lostFont
	}
	procs := n.s.dict(d["CharProcs"])
	if procs == nil && n.gone(d["CharProcs"]) || n.gone(d["Encoding"]) {
		return lostFont
	}
	for _, glyph := range procs {
		if _, ok := n.s.stream(glyph); !ok {
			if n.gone(glyph) {
				return lostFont
			}
			continue
		}
		if n.form(glyph, resources, depth) != 0 {
			return lostFont
		}
	}
	return 0
}

// program reports whether a font program is whole: its data come to their
// end, or are as long as they say.
func (n *needs) program(key string, sd types.StreamDict) bool {
	size, state := n.size(sd, n.s.limits.MaxContentBytes)
	if len(sd.FilterPipeline) > 0 && state < cutOff {
		return !n.s.lossy(state)
	}
	parts := []string{"Length1", "Length2", "Length3"}
	if key != "FontFile" {
		parts = parts[:1]
	}
	said := int64(0)
	for _, part := range parts {
		if v, ok := n.s.integer(sd.Dict[part]); ok && v > 0 {
			said += int64(v)
		}
	}
	if said == 0 {
		return state < cutOff
	}
	return size >= said
}

// size is how long the decoded data of a stream are, as far as the first
// filter for images or the limit, and how whole they are.
func (n *needs) size(sd types.StreamDict, limit int64) (int64, integrity) {
	if len(sd.FilterPipeline) == 1 && sd.FilterPipeline[0].Name == "FlateDecode" {
		if len(bytes.TrimLeft(sd.Raw, "\x00\t\n\f\r ")) == 0 {
			return 0, untidy
		}
		return inflatedSize(sd.Raw, limit)
	}
	data, state, _, ok := decodeBytes(sd, limit)
	if !ok {
		return 0, cutOff
	}
	return int64(len(data)), state
}
