package prepare

import (
	"bytes"
	"compress/zlib"
	"math"
	"strconv"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/printfile"
)

// shareFrom is the stored size in bytes from which a stream is marked as
// shareable between letters. Below it, hashing and the index cost more than a
// copy.
const shareFrom = 512

// copier copies the pages of one document into the letter's builder. Objects
// that the source refers to are copied once and put in a queue, so that no
// chain of references, however long, becomes recursion.
type copier struct {
	s     *source
	l     *letter
	b     *printfile.Builder
	ink   *inkScanner
	zones *zoneScanner // nil when nothing needs to be measured
	known map[objectKey]printfile.Ref
	// copied holds the numbers of the objects in known.
	copied map[int]bool
	queue  []queued
	// damaged is set when the page now copied reaches something that the
	// file does not really hold.
	damaged bool
	needs   *needs
	work    *work
	empty   printfile.Ref // a form that draws nothing; 0 until needed
}

// fallback stands in for the resources of a form, pattern or Type 3 font that
// has none: those of what draws it, as in PDF 1.1.
type fallback struct {
	id        int // object number of the drawing form, or minus the page number
	resources types.Object
}

type objectKey struct {
	number   int
	fallback int // 0 when it has resources of its own
	as       role
}

type queued struct {
	ref      printfile.Ref
	object   types.Object // resolved
	number   int          // in the source
	fallback fallback
	as       role
}

// role tells what an object is copied as where it does not say so itself.
type role uint8

const (
	asIs role = iota
	asResources
	// asForm: the appearance of an annotation, which viewers draw whether or
	// not it says that it is a form.
	asForm
	// asNames: a dictionary whose keys are names of the document's own, as of
	// glyphs or colorants, and none of the format's.
	asNames
	// asFont: what stands among the fonts of resources.
	asFont
)

func newCopier(s *source, l *letter) *copier {
	c := &copier{s: s, l: l, b: l.builder, ink: newInkScanner(s), needs: newNeeds(s), known: map[objectKey]printfile.Ref{}, copied: map[int]bool{}}
	c.work = newWork(s, c.ink)
	if zones, least := l.checks.activeZones(), l.checks.minDPI(); len(zones) > 0 || least > 0 {
		c.zones = newZoneScanner(s, zones, least)
	}
	c.needs.copied = func(number int) bool { return c.copied[number] }
	return c
}

// checkInk measures where the page's ink lies and how fine its images are.
func (c *copier) checkInk(p rawPage, at placement, content []byte, drawn []appearance) {
	z := c.zones
	z.page(p, at, content, drawn)
	for i := range z.zones {
		if hit := z.hits[i]; hit.any {
			c.l.find(z.zones[i].Level, zoneFinding(z.zones[i], c.s.index, p.number, hit.rect))
		}
	}
	if z.coarse.dpi < z.minDPI {
		c.l.find(c.l.checks.ImageResolution, resolutionFinding(c.s.index, p.number, z.coarse.dpi, z.minDPI, z.coarse.at))
	}
}

// page copies one page and returns its facts. What is wrong with it goes to
// the letter's refusals and warnings.
func (c *copier) page(p rawPage) PageFacts {
	s := c.s
	facts := PageFacts{Document: s.index, Page: p.number}
	refuse := func(code string) PageFacts {
		c.l.refuse(newFinding(code, s.index, p.number))
		return facts
	}
	at, ok := c.l.checks.place(p)
	facts.WidthMM, facts.HeightMM, facts.Scaled = at.widthMM, at.heightMM, at.scale
	if !ok {
		return refuse(CodePageSize)
	}
	lost := losses(0)
	if p.lost {
		lost |= lostPart
	}
	s.lost = false
	drawn, found := s.appearances(p)
	if s.lost || found.lost {
		lost |= lostNote
	}
	if found.undrawable && lost == 0 {
		c.l.refuse(undrawableRefusal(s.index, p.number))
		return facts
	}
	content, stored, whole := c.content(p)
	if !whole {
		lost |= lostContent
	}
	lost |= c.needs.page(p, content, drawn)
	if lost != 0 {
		c.l.refuse(lossFindings(lost, s.index, p.number)...)
		return facts
	}
	if n := c.work.page(p, content, drawn); n > maxPageWork {
		return refuse(CodeTooComplex)
	} else if c.l.work += n; c.l.work > maxLetterWork {
		c.l.refuse(newFinding(CodeTooComplex, s.index, 0))
		return facts
	}
	ink := c.ink.scan(content, p.resources, freshGraphics, 0)
	for _, a := range drawn {
		ink = ink.or(c.ink.object(a.form, a.fallback, freshGraphics, 0))
	}
	facts.Colour, facts.Blank = ink.chroma > 0, !ink.marks
	facts.NearGrey = facts.Colour && ink.chroma <= nearGrey
	c.sawInk(p, at, content, drawn, ink)
	if c.zones != nil {
		c.checkInk(p, at, content, drawn)
	}

	c.damaged = false
	fb := fallback{id: -p.number, resources: p.resourcesObject}
	form := printfile.Stream{Dict: stored.Dict, Data: stored.Data}
	form.Dict["Type"] = printfile.Name("XObject")
	form.Dict["Subtype"] = printfile.Name("Form")
	form.Dict["BBox"] = reals(p.box.x0, p.box.y0, p.box.x1, p.box.y1)
	form.Dict["Matrix"] = reals(at.matrix[:]...)
	form.Dict["Resources"] = c.resources(p.resourcesObject, fb)
	if group := s.dict(p.dict["Group"]); s.name(group["S"]) == "Transparency" {
		g := c.dict(group, fb, "S", "CS", "K")
		g["I"] = printfile.Bool(true) // a page group always is isolated
		form.Dict["Group"] = g
	}
	ref := c.b.Add(form)
	if len(drawn) > 0 {
		ref = c.flatten(form, drawn, fb)
	}
	c.drain()
	if c.damaged || s.lost {
		c.l.refuse(lossFindings(lostPart, s.index, p.number)...)
		return facts
	}
	c.b.AddPage(ref, a4Width, a4Height)

	switch level := c.l.checks.pageLevel(); {
	case !at.a4 && c.l.checks.PageAction != CropPage && level != LevelError && !c.l.checks.fits(at.scale):
		c.l.refuse(scaleRefusal(s.index, p.number, at.widthMM, at.heightMM, at.scale))
	case !at.a4 && c.l.checks.PageAction == CropPage:
		c.l.refuse(otherSizeRefusal(s.index, p.number, at.widthMM, at.heightMM, c.l.checks.cropMM()))
	case level == LevelError && !at.a4:
		c.l.refuse(otherSizeRefusal(s.index, p.number, at.widthMM, at.heightMM, c.l.checks.tolerance()))
	case level != LevelError && math.Max(at.lostRight, at.lostBelow) >= 0.05:
		c.l.find(level, croppedWarning(s.index, p.number, at))
	case level != LevelError && at.scale != 1:
		c.l.find(level, scaledWarning(s.index, p.number, at.widthMM, at.heightMM, at.scale))
	}
	if ink.unembedded {
		c.l.find(c.l.checks.FontNotEmbedded.or(LevelWarning), newFinding(CodeFontNotEmbedded, s.index, p.number))
	}
	if found.missing {
		c.l.warn(newFinding(CodeNoAppearance, s.index, p.number))
	}
	if found.absent {
		c.l.warn(missingNoteWarning(s.index, p.number))
	}
	return facts
}

// flatten draws appearances over a page: a form that draws the page as a form
// of its own, so that whatever graphics state it leaves behind does not reach
// them, and then each appearance.
func (c *copier) flatten(page printfile.Stream, drawn []appearance, fb fallback) printfile.Ref {
	outer := printfile.Dict{"Type": printfile.Name("XObject"), "Subtype": printfile.Name("Form"),
		"BBox": page.Dict["BBox"], "Matrix": page.Dict["Matrix"]}
	if g, ok := page.Dict["Group"]; ok {
		outer["Group"] = g
	}
	inner := printfile.Dict{}
	for k, v := range page.Dict {
		if k != "Matrix" {
			inner[k] = v
		}
	}
	objects := printfile.Dict{"Page": c.b.Add(printfile.Stream{Dict: inner, Data: page.Data})}
	content := []byte("/Page Do\n")
	for i, a := range drawn {
		// Appearances without resources of their own take the form's
		// defaults; their id must differ from the page's.
		own := fallback{id: fb.id - 1<<40, resources: a.fallback}
		source, ok := a.form.(types.IndirectRef)
		if !ok {
			continue
		}
		form := c.reference(source, own, asForm)
		if _, ok := form.(printfile.Ref); !ok {
			continue
		}
		name := "A" + strconv.Itoa(i)
		objects[printfile.Name(name)] = form
		content = append(content, "q "...)
		for _, v := range a.matrix {
			content = strconv.AppendFloat(content, v, 'f', 8, 64)
			content = append(content, ' ')
		}
		content = append(content, "cm /"+name+" Do Q\n"...)
	}
	outer["Resources"] = printfile.Dict{"XObject": objects}
	return c.b.Add(printfile.Stream{Dict: outer, Data: content})
}

// content returns a page's content, decoded for reading and as it will be
// stored. A single sound stream is stored as it came. whole is false when some
// of it is lost.
func (c *copier) content(p rawPage) (decoded []byte, stored printfile.Stream, whole bool) {
	clean := true
	for i, sd := range p.contents {
		data, state, ok := c.s.decodeContent(sd)
		if !ok || c.s.lossy(state) {
			return nil, stored, false
		}
		clean = clean && state == sound
		if i == 0 {
			decoded = data
			continue
		}
		// Streams may be cut anywhere between two tokens.
		decoded = append(append(decoded[:len(decoded):len(decoded)], '\n'), data...)
	}
	if int64(len(decoded)) > c.l.limits.MaxContentBytes {
		return nil, stored, false
	}
	resolved, changed := c.s.layers.resolveContent(decoded, p.resources)
	if len(p.contents) == 1 && clean && !changed {
		return decoded, c.rawStream(p.contents[0], fallback{}), true
	}
	return resolved, deflated(resolved), true
}

// rawStream is a stream with its data as stored and only its filters.
func (c *copier) rawStream(sd types.StreamDict, fb fallback) printfile.Stream {
	return printfile.Stream{Dict: c.dict(sd.Dict, fb, "Filter", "DecodeParms"), Data: sd.Raw}
}

func deflated(data []byte) printfile.Stream {
	var buf bytes.Buffer
	zw := zlib.NewWriter(&buf)
	zw.Write(data) //nolint:errcheck // a buffer never fails
	zw.Close()
	return printfile.Stream{Dict: printfile.Dict{"Filter": printfile.Name("FlateDecode")}, Data: buf.Bytes()}
}

func reals(v ...float64) printfile.Array {
	a := make(printfile.Array, len(v))
	for i := range v {
		a[i] = printfile.Real(v[i])
	}
	return a
}

// resources copies a resource dictionary. A reference stays one, so that
// pages which share their resources go on sharing them.
func (c *copier) resources(o types.Object, fb fallback) printfile.Object {
	if ref, ok := o.(types.IndirectRef); ok {
		return c.reference(ref, fb, asResources)
	}
	return c.resourceDict(c.s.dict(o), fb)
}

func (c *copier) resourceDict(d types.Dict, fb fallback) printfile.Dict {
	out := printfile.Dict{}
	for _, category := range []string{"ExtGState", "ColorSpace", "Pattern", "Shading", "XObject", "Font"} {
		if c.s.isDamaged(d[category]) {
			c.damaged = true
		}
		entries := c.s.dict(d[category])
		if len(entries) == 0 {
			continue
		}
		copied := make(printfile.Dict, len(entries))
		for k, v := range entries {
			if category == "Font" {
				c.put(copied, k, c.font(v, fb))
			} else {
				c.put(copied, k, c.value(v, fb))
			}
		}
		out[printfile.Name(category)] = copied
	}
	// Marked content keeps what replaces or names its text, for those who
	// extract it; layers are resolved already.
	properties := printfile.Dict{}
	for k, v := range c.s.dict(d["Properties"]) {
		kept := printfile.Dict{}
		entry := c.s.dict(v)
		for _, key := range []string{"ActualText", "E", "Lang"} {
			switch text := c.s.resolve(entry[key]).(type) {
			case types.StringLiteral, types.HexLiteral:
				kept[printfile.Name(key)] = c.value(text, fb)
			}
		}
		c.put(properties, k, kept)
	}
	if len(properties) > 0 {
		out["Properties"] = properties
	}
	return out
}

// put sets an entry unless it is null. A name that no PDF can hold names
// nothing that content could use.
func (c *copier) put(d printfile.Dict, key string, v printfile.Object) {
	if _, null := v.(printfile.Null); null || strings.IndexByte(key, 0) >= 0 {
		return
	}
	d[printfile.Name(key)] = v
}

// dict copies the entries of d that are named, and only them.
func (c *copier) dict(d types.Dict, fb fallback, keys ...string) printfile.Dict {
	out := make(printfile.Dict, len(keys))
	for _, k := range keys {
		if v, ok := d[k]; ok {
			c.put(out, k, c.value(v, fb))
		}
	}
	return out
}

// dropped are entries that no page needs, wherever they stand.
var dropped = map[string]bool{
	"Metadata": true, "PieceInfo": true, "StructParent": true, "StructParents": true, "Parent": true,
	"LastModified": true, "AF": true, "OC": true, "OPI": true, "AA": true, "JS": true,
}

// value copies an object: directly, or as a reference to a copy.
func (c *copier) value(o types.Object, fb fallback) printfile.Object {
	switch v := o.(type) {
	case types.Boolean:
		return printfile.Bool(v)
	case types.Integer:
		return printfile.Int(v)
	case types.Float:
		return printfile.Real(v)
	case types.Name:
		if strings.IndexByte(string(v), 0) >= 0 {
			return printfile.Null{}
		}
		return printfile.Name(v)
	case types.StringLiteral:
		return printfile.String(unescape(string(v)))
	case types.HexLiteral:
		return printfile.HexString(unhex(string(v)))
	case types.IndirectRef:
		return c.reference(v, fb, asIs)
	case types.Array:
		out := make(printfile.Array, len(v))
		for i, e := range v {
			out[i] = c.value(e, fb)
		}
		return out
	case types.Dict:
		return c.anyDict(v, fb)
	}
	return printfile.Null{}
}

// font copies what is a font by where it stands, whatever type it says to be.
func (c *copier) font(o types.Object, fb fallback) printfile.Object {
	switch v := o.(type) {
	case types.IndirectRef:
		return c.reference(v, fb, asFont)
	case types.Dict:
		return c.fontDict(v, fb)
	}
	return printfile.Null{}
}

func (c *copier) fontDict(d types.Dict, fb fallback) printfile.Dict {
	out := c.entries(d, fb)
	out["Type"] = printfile.Name("Font")
	return out
}

// freeNames are the entries that are dictionaries with keys of the document's
// own: glyphs, colorants, classes of glyphs.
var freeNames = map[string]bool{"CharProcs": true, "Colorants": true, "Solidities": true, "DotGain": true, "FD": true}

// names copies a dictionary with such keys.
func (c *copier) names(o types.Object, fb fallback) printfile.Object {
	switch v := o.(type) {
	case types.IndirectRef:
		return c.reference(v, fb, asNames)
	case types.Dict:
		return c.nameDict(v, fb)
	}
	return printfile.Null{}
}

func (c *copier) nameDict(d types.Dict, fb fallback) printfile.Dict {
	out := make(printfile.Dict, len(d))
	for k, v := range d {
		c.put(out, k, c.value(v, fb))
	}
	return out
}

// anyDict copies a dictionary that is part of a resource.
func (c *copier) anyDict(d types.Dict, fb fallback) printfile.Object {
	switch c.s.name(d["Type"]) {
	case "Page", "Pages", "Catalog", "Annot", "OCG", "OCMD", "StructElem", "StructTreeRoot", "Action", "Filespec":
		return printfile.Null{} // a way back into the document
	}
	if kind, _ := c.s.integer(d["HalftoneType"]); kind == 5 {
		return c.nameDict(d, fb) // its other keys are colorants
	}
	return c.entries(d, fb)
}

// entries copies the entries of a dictionary that a page may need.
func (c *copier) entries(d types.Dict, fb fallback) printfile.Dict {
	type3 := c.s.name(d["Subtype"]) == "Type3"
	out := make(printfile.Dict, len(d))
	for k, v := range d {
		switch {
		case dropped[k]:
		case k == "Resources" && type3:
			out["Resources"] = c.resources(v, fb)
		case freeNames[k]:
			c.put(out, k, c.names(v, fb))
		default:
			c.put(out, k, c.value(v, fb))
		}
	}
	if type3 && out["Resources"] == nil && fb.resources != nil {
		out["Resources"] = c.resources(fb.resources, fb)
	}
	return out
}

// reference returns the reference to the copy of an object, and queues it the
// first time. Numbers, names and the like are copied in place.
func (c *copier) reference(r types.IndirectRef, fb fallback, as role) printfile.Object {
	if c.s.isDamaged(r) {
		c.damaged = true
		return printfile.Null{}
	}
	o := c.s.resolve(r)
	key := objectKey{number: r.ObjectNumber.Value(), as: as}
	switch v := o.(type) {
	case types.StreamDict:
		if c.s.layers.hides(v.Dict["OC"]) {
			return c.nothing()
		}
		if c.needsFallback(v.Dict) || as == asForm && c.s.dict(v.Dict["Resources"]) == nil {
			key.fallback = fb.id
		}
	case types.Dict:
		if c.needsFallback(v) {
			key.fallback = fb.id
		}
	case types.Array:
	default:
		return c.value(o, fb)
	}
	if ref, ok := c.known[key]; ok {
		return ref
	}
	ref := c.b.Reserve()
	c.known[key], c.copied[key.number] = ref, true
	c.queue = append(c.queue, queued{ref: ref, object: o, number: key.number, fallback: fb, as: as})
	return ref
}

// needsFallback tells whether an object draws with names but has no resources.
func (c *copier) needsFallback(d types.Dict) bool {
	if c.s.dict(d["Resources"]) != nil {
		return false
	}
	switch c.s.name(d["Subtype"]) {
	case "Form", "Type3":
		return true
	}
	kind, _ := c.s.integer(d["PatternType"])
	return kind == 1
}

// nothing is a form without marks, in place of what does not print.
func (c *copier) nothing() printfile.Ref {
	if c.empty == 0 {
		c.empty = c.b.Add(printfile.Stream{Dict: printfile.Dict{
			"Type": printfile.Name("XObject"), "Subtype": printfile.Name("Form"), "BBox": reals(0, 0, 1, 1),
			"Resources": printfile.Dict{},
		}})
	}
	return c.empty
}

// drain copies what is queued, and what that refers to.
func (c *copier) drain() {
	for len(c.queue) > 0 {
		q := c.queue[len(c.queue)-1]
		c.queue = c.queue[:len(c.queue)-1]
		var copied printfile.Object
		shared := false
		switch v := q.object.(type) {
		case types.StreamDict:
			st := c.stream(v, q)
			copied, shared = st, len(st.Data) >= shareFrom
		case types.Dict:
			switch q.as {
			case asResources:
				copied = c.resourceDict(v, fallback{id: q.number, resources: types.IndirectRef{ObjectNumber: types.Integer(q.number)}})
			case asNames:
				copied = c.nameDict(v, q.fallback)
			case asFont:
				copied, shared = c.fontDict(v, q.fallback), true
			default:
				copied = c.anyDict(v, q.fallback)
				shared = c.s.name(v["Type"]) == "Font"
			}
		default:
			copied = c.value(v, q.fallback)
		}
		c.b.Set(q.ref, copied)
		if shared {
			c.b.Share(q.ref)
		}
	}
}

// stream copies a stream with the entries that its kind may have.
func (c *copier) stream(sd types.StreamDict, q queued) printfile.Stream {
	d := sd.Dict
	for _, f := range sd.FilterPipeline {
		if f.Name == "Crypt" {
			c.damaged = true
		}
	}
	switch c.s.resolve(d["F"]).(type) {
	case types.Dict, types.StringLiteral, types.HexLiteral:
		c.damaged = true // its data lie in another file
	}
	pattern, _ := c.s.integer(d["PatternType"])
	switch subtype := c.s.name(d["Subtype"]); {
	case subtype == "Form" || q.as == asForm:
		st := c.drawing(sd, q, "Type", "Subtype", "FormType", "BBox", "Matrix", "Group")
		st.Dict["Type"], st.Dict["Subtype"] = printfile.Name("XObject"), printfile.Name("Form")
		return st
	case subtype == "PS":
		return printfile.Stream{Dict: printfile.Dict{"Type": printfile.Name("XObject"), "Subtype": printfile.Name("Form"), "BBox": reals(0, 0, 1, 1)}}
	case subtype == "Image":
		return printfile.Stream{Data: sd.Raw, Dict: c.dict(d, q.fallback,
			"Type", "Subtype", "Width", "Height", "ColorSpace", "BitsPerComponent", "Intent", "ImageMask", "Mask",
			"Decode", "Interpolate", "SMask", "SMaskInData", "Matte", "Filter", "DecodeParms")}
	case pattern == 1:
		return c.drawing(sd, q, "Type", "PatternType", "PaintType", "TilingType", "BBox", "XStep", "YStep", "Matrix")
	}
	out := make(printfile.Dict, len(d))
	for k, v := range d {
		switch {
		case dropped[k] || k == "Length" || k == "F" || k == "FFilter" || k == "FDecodeParms" || k == "DL":
		default:
			c.put(out, k, c.value(v, q.fallback))
		}
	}
	return printfile.Stream{Dict: out, Data: sd.Raw}
}

// drawing copies a stream of drawing operators.
func (c *copier) drawing(sd types.StreamDict, q queued, keys ...string) printfile.Stream {
	fb := q.fallback
	resources := fb.resources
	if c.s.dict(sd.Dict["Resources"]) != nil {
		resources = sd.Dict["Resources"]
		fb = fallback{id: q.number, resources: resources}
	}
	st := c.rawStream(sd, fb)
	if c.s.layers.active {
		if data, _, ok := c.s.decodeContent(sd); ok {
			if resolved, changed := c.s.layers.resolveContent(data, c.s.dict(resources)); changed {
				st = deflated(resolved)
			}
		} else {
			c.damaged = true // it cannot be told what of it is hidden
		}
	}
	for k, v := range c.dict(sd.Dict, fb, keys...) {
		st.Dict[k] = v
	}
	st.Dict["Resources"] = c.resources(resources, fb)
	return st
}
