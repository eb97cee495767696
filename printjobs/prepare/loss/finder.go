// Package loss finds out whether all that a page draws is in the file, and whole.
package loss

import (
	"bytes"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/filter"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/syntax"
)

// Finder finds out whether all that a page draws is in the file, and whole: it
// follows the operators of the content to the fonts, images, forms, patterns,
// colour spaces and states that they name, and these to what they are made of.
// What no operator uses is not looked at, nor what is in a hidden layer.
type Finder struct {
	s       *read.Document
	forms   map[formNeed]finding.Losses
	objects map[int]finding.Losses
	fonts   map[int]finding.Losses
	images  map[int]finding.Losses
	// copied tells of the number of an object whether it is copied already, so
	// that nothing can be added to it.
	Copied func(number int) bool
	left   content.Allowance
}

// formNeed is a form, pattern or glyph with what it takes its resources from:
// an object number, or what page it is on.
type formNeed struct {
	object, resources int
}

// New returns a finder for one document. Copied must be set before it is used.
func New(s *read.Document) *Finder {
	return &Finder{s: s, forms: map[formNeed]finding.Losses{}, objects: map[int]finding.Losses{}, fonts: map[int]finding.Losses{}, images: map[int]finding.Losses{}, left: content.NewAllowance(content.MaxContentRead, syntax.MaxTreeDepth)}
}

// named are resources with what tells them from others, and those of what
// draws the form that they belong to.
type named struct {
	dict   syntax.Dict
	id     int
	object int // that the dictionary is part of; 0: none
	around *named
}

// find returns the entry of a name. One that the resources lack is taken from
// those around them, as some viewers do, and put into them, so that all do.
// Text in a font that has none is set in Helvetica, as most viewers do.
func (n *Finder) find(category, name string, in named) (o syntax.Object, ok bool) {
	entries := n.s.Dict(in.dict[category])
	if o, ok = entries[name]; ok {
		return o, true
	}
	for outer := in.around; outer != nil && !ok; outer = outer.around {
		o, ok = n.s.Dict(outer.dict[category])[name]
	}
	if !ok && category == "Font" && in.dict != nil {
		o, ok = syntax.Dict{"Type": syntax.Name("Font"), "Subtype": syntax.Name("Type1"), "BaseFont": syntax.Name("Helvetica"),
			"Encoding": syntax.Name("WinAnsiEncoding")}, true
	}
	if !ok || in.dict == nil || n.Copied(in.object) {
		return nil, false
	}
	if entries == nil {
		in.dict[category] = syntax.Dict{name: o}
	} else {
		entries[name] = o
	}
	return o, true
}

// Page tells what of a page is lost: of its content, and of the appearances
// that are drawn over it.
func (n *Finder) Page(p read.Page, data []byte, drawn []content.Appearance) (lost finding.Losses) {
	lost = n.content(data, named{dict: p.Resources, id: -p.Number, object: numberOf(p.ResourcesObject)}, 0)
	for i, a := range drawn {
		if n.form(a.Form, named{dict: a.Fallback, id: -p.Number - (i+1)<<32}, 0) != 0 {
			lost |= finding.LostNote
		}
	}
	return lost
}

// textState is what of the graphics state text depends on.
type textState struct {
	object syntax.Object // the font
	known  bool          // it has been looked at
	// unnamed: the resources do not have it.
	unnamed bool
	render  int
}

// content tells what is lost of what drawing operators draw.
func (n *Finder) content(data []byte, resources named, depth int) finding.Losses {
	r, ok := n.left.Begin(n.s, data, resources.dict, depth)
	if !ok {
		return 0
	}
	d := &needsDevice{Finder: n, resources: resources}
	content.Interpret(r, textState{}, d)
	if r.Open {
		d.lost |= finding.LostContent
	}
	return d.lost
}

// needsDevice finds out what is lost of what one content stream draws.
type needsDevice struct {
	content.Deaf[textState]
	*Finder
	resources named
	lost      finding.Losses
}

// need looks for something among the resources, and notes that it is lost when
// it is not there.
func (d *needsDevice) need(category, name string) (o syntax.Object, ok bool) {
	if o, ok = d.find(category, name, d.resources); !ok {
		d.lost |= finding.LostPart
	}
	return o, ok
}

func (d *needsDevice) Colour(r *content.Reading, _ *textState, op []byte) {
	name, ok := r.LastName()
	if !ok {
		return
	}
	switch string(op) {
	case "cs", "CS":
		if o, ok := d.find("ColorSpace", name, d.resources); ok {
			d.lost |= d.object(o, r.Depth)
		}
	case "scn", "SCN":
		if o, ok := d.need("Pattern", name); ok {
			d.lost |= d.pattern(o, d.resources, r.Depth)
		}
	}
}

func (d *needsDevice) Extend(r *content.Reading, text *textState, name string) {
	if o, ok := d.find("ExtGState", name, d.resources); ok {
		d.lost |= d.state(o, d.resources, text, r.Depth)
	}
}

func (d *needsDevice) Font(_ *content.Reading, text *textState, name string, _ float64) {
	o, ok := d.find("Font", name, d.resources)
	text.object, text.known, text.unnamed = o, false, !ok
}

func (d *needsDevice) Render(text *textState, mode int) { text.render = mode }

func (d *needsDevice) Show(r *content.Reading, text *textState, _ []byte) {
	if text.known || text.render == 3 || r.Hidden > 0 || r.OnlySpaces() {
		return
	}
	text.known = true
	if text.unnamed {
		d.lost |= finding.LostFont
	}
	d.lost |= d.font(text.object, d.resources, r.Depth)
}

func (d *needsDevice) Shade(r *content.Reading, _ *textState, name string) {
	if o, ok := d.need("Shading", name); ok {
		d.lost |= d.object(o, r.Depth)
	}
}

func (d *needsDevice) Draw(r *content.Reading, _ *textState, name string) {
	if o, ok := d.need("XObject", name); ok {
		d.lost |= d.xobject(o, d.resources, r.Depth)
	}
}

func (d *needsDevice) Inline(r *content.Reading, _ *textState) {
	if r.Hidden == 0 && !r.Open && !d.wholeInline(r) {
		d.lost |= finding.LostImage
	}
}

// NumberOf is the number of the object that is referred to; 0: none.
func numberOf(o syntax.Object) int {
	if ref, ok := o.(syntax.IndirectRef); ok {
		return ref.ObjectNumber.Value()
	}
	return 0
}

// gone reports what is named but is not in the file.
func (n *Finder) gone(o syntax.Object) bool { return n.s.IsDamaged(o) || n.s.IsAbsent(o) }

// xobject tells what is lost of an image or form.
func (n *Finder) xobject(o syntax.Object, resources named, depth int) finding.Losses {
	sd, ok := n.s.Stream(o)
	switch {
	case !ok && n.gone(o):
		return finding.LostPart
	case !ok || n.s.Layers.Hides(sd.Dict["OC"]):
		return 0
	case n.s.Name(sd.Dict["Subtype"]) == "Image":
		return n.image(o, resources)
	case n.s.Name(sd.Dict["Subtype"]) == "PS":
		return 0
	}
	return n.form(o, resources, depth)
}

// form tells what is lost of a form, tiling pattern or glyph.
func (n *Finder) form(o syntax.Object, around named, depth int) (lost finding.Losses) {
	sd, ok := n.s.Stream(o)
	if !ok {
		return finding.LostPart
	}
	own := around
	number := numberOf(o)
	if d := n.s.Dict(sd.Dict["Resources"]); d != nil {
		own = named{dict: d, id: number, object: number, around: &around}
	} else if n.gone(sd.Dict["Resources"]) {
		lost |= finding.LostPart
	}
	key := formNeed{number, own.id}
	if number != 0 {
		if known, ok := n.forms[key]; ok {
			return known
		}
		n.forms[key] = 0 // a form that draws itself needs nothing more
	}
	data, state, ok := n.s.DecodeContent(sd)
	if !ok || n.s.Lossy(state) {
		lost |= finding.LostPart
	}
	if n.content(data, own, depth+1) != 0 {
		lost |= finding.LostPart
	}
	n.forms[key] = lost
	return lost
}

func (n *Finder) pattern(o syntax.Object, resources named, depth int) finding.Losses {
	d := n.s.Dict(o)
	if d == nil {
		if n.gone(o) {
			return finding.LostPart
		}
		return 0
	}
	if kind, _ := n.s.Integer(d["PatternType"]); kind == 2 {
		return n.object(d["Shading"], depth) | n.state(d["ExtGState"], resources, &textState{}, depth)
	}
	return n.form(o, resources, depth)
}

// state tells what is lost of a graphics state dictionary.
func (n *Finder) state(o syntax.Object, resources named, text *textState, depth int) (lost finding.Losses) {
	d := n.s.Dict(o)
	if d == nil {
		if n.gone(o) {
			return finding.LostPart
		}
		return 0
	}
	if f := n.s.Array(d["Font"]); len(f) > 0 {
		text.object, text.known, text.unnamed = f[0], false, false
	}
	if mask := n.s.Dict(d["SMask"]); mask != nil {
		lost |= n.form(mask["G"], resources, depth) | n.object(mask["TR"], depth)
	} else if n.gone(d["SMask"]) {
		lost |= finding.LostPart
	}
	for _, key := range []string{"TR", "TR2", "BG", "BG2", "UCR", "UCR2", "HT"} {
		lost |= n.object(d[key], depth)
	}
	return lost
}

// object tells what is lost of a colour space, function, shading or the like:
// any object, and all that it refers to.
func (n *Finder) object(o syntax.Object, depth int) (lost finding.Losses) {
	if depth > syntax.MaxTreeDepth {
		return 0
	}
	if ref, ok := o.(syntax.IndirectRef); ok {
		number := ref.ObjectNumber.Value()
		if known, ok := n.objects[number]; ok {
			return known
		}
		n.objects[number] = 0
		if n.gone(o) {
			lost = finding.LostPart
		} else {
			lost = n.object(n.s.Resolve(o), depth+1)
		}
		n.objects[number] = lost
		return lost
	}
	switch v := o.(type) {
	case syntax.Array:
		for _, e := range v {
			lost |= n.object(e, depth+1)
		}
	case syntax.StreamDict:
		if _, state := n.size(v, n.s.Limits.MaxContentBytes); state >= filter.CutOff {
			lost |= finding.LostPart
		}
		lost |= n.object(v.Dict, depth+1)
	case syntax.Dict:
		for key, e := range v {
			if !read.Dropped[key] && key != "Length" {
				lost |= n.object(e, depth+1)
			}
		}
	}
	return lost
}

// font tells what is lost of a font.
func (n *Finder) font(o syntax.Object, resources named, depth int) (lost finding.Losses) {
	number := 0
	if ref, ok := o.(syntax.IndirectRef); ok {
		number = ref.ObjectNumber.Value()
		if known, ok := n.fonts[number]; ok {
			return known
		}
		n.fonts[number] = 0
		defer func() { n.fonts[number] = lost }()
	}
	d := n.s.Dict(o)
	if d == nil {
		if n.gone(o) {
			return finding.LostFont
		}
		return 0
	}
	if n.s.Name(d["Subtype"]) == "Type3" {
		return n.glyphs(d, resources, number, depth)
	}
	for _, key := range []string{"Encoding", "Widths", "FontDescriptor", "DescendantFonts", "W", "W2", "CIDToGIDMap"} {
		if n.gone(d[key]) {
			return finding.LostFont
		}
	}
	for _, key := range []string{"Encoding", "CIDToGIDMap"} {
		if sd, ok := n.s.Stream(d[key]); ok {
			if _, state := n.size(sd, n.s.Limits.MaxContentBytes); state >= filter.CutOff {
				return finding.LostFont
			}
		}
	}
	descriptor := n.s.Dict(d["FontDescriptor"])
	for _, key := range []string{"FontFile", "FontFile2", "FontFile3"} {
		program, ok := n.s.Stream(descriptor[key])
		if !ok && n.gone(descriptor[key]) || ok && !n.program(key, program) {
			return finding.LostFont
		}
	}
	for _, descendant := range n.s.Array(d["DescendantFonts"]) {
		lost |= n.font(descendant, resources, depth)
	}
	return lost
}

// glyphs tells what is lost of a Type 3 font.
func (n *Finder) glyphs(d syntax.Dict, resources named, number, depth int) finding.Losses {
	if own := n.s.Dict(d["Resources"]); own != nil {
		around := resources
		resources = named{dict: own, id: number, object: number, around: &around}
	} else if n.gone(d["Resources"]) {
		return finding.LostFont
	}
	procs := n.s.Dict(d["CharProcs"])
	if procs == nil && n.gone(d["CharProcs"]) || n.gone(d["Encoding"]) {
		return finding.LostFont
	}
	for _, glyph := range procs {
		if _, ok := n.s.Stream(glyph); !ok {
			if n.gone(glyph) {
				return finding.LostFont
			}
			continue
		}
		if n.form(glyph, resources, depth) != 0 {
			return finding.LostFont
		}
	}
	return 0
}

// program reports whether a font program is whole: its data come to their
// end, or are as long as they say.
func (n *Finder) program(key string, sd syntax.StreamDict) bool {
	size, state := n.size(sd, n.s.Limits.MaxContentBytes)
	if len(sd.FilterPipeline) > 0 && state < filter.CutOff {
		return !n.s.Lossy(state)
	}
	parts := []string{"Length1", "Length2", "Length3"}
	if key != "FontFile" {
		parts = parts[:1]
	}
	said := int64(0)
	for _, part := range parts {
		if v, ok := n.s.Integer(sd.Dict[part]); ok && v > 0 {
			said += int64(v)
		}
	}
	if said == 0 {
		return state < filter.CutOff
	}
	return size >= said
}

// size is how long the decoded data of a stream are, as far as the first
// filter for images or the limit, and how whole they are.
func (n *Finder) size(sd syntax.StreamDict, limit int64) (int64, filter.Integrity) {
	if len(sd.FilterPipeline) == 1 && sd.FilterPipeline[0].Name == "FlateDecode" {
		if len(bytes.TrimLeft(sd.Raw, "\x00\t\n\f\r ")) == 0 {
			return 0, filter.Untidy
		}
		return filter.InflatedSize(sd.Raw, limit)
	}
	data, state, _, ok := filter.DecodeBytes(sd, limit)
	if !ok {
		return 0, filter.CutOff
	}
	return int64(len(data)), state
}
