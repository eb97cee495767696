package prepare

import (
	"bytes"
	"compress/zlib"
	"math"
	"strconv"
	"strings"

	"postgang/printjobs/prepare/appear"
	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/filter"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/loss"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/scan"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
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
	s     *read.Document
	notes *appear.Annotator
	l     *letter
	b     *printfile.Builder
	ink   *scan.InkScanner
	zones *scan.ZoneScanner // nil when nothing needs to be measured
	known map[objectKey]printfile.Ref
	// copied holds the numbers of the objects in known.
	copied map[int]bool
	queue  []queued
	// damaged is set when the page now copied reaches something that the
	// file does not really hold.
	damaged bool
	needs   *loss.Finder
	work    *scan.Work
	empty   printfile.Ref // a form that draws nothing; 0 until needed
}

// fallback stands in for the resources of a form, pattern or Type 3 font that
// has none: those of what draws it, as in PDF 1.1.
type fallback struct {
	id        int // object number of the drawing form, or minus the page number
	resources syntax.Object
}

type objectKey struct {
	number   int
	fallback int // 0 when it has resources of its own
	as       role
}

type queued struct {
	ref      printfile.Ref
	object   syntax.Object // resolved
	number   int           // in the source
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

func newCopier(s *read.Document, l *letter) *copier {
	c := &copier{s: s, notes: &appear.Annotator{Document: s}, l: l, b: l.builder, ink: scan.NewInkScanner(s), needs: loss.New(s), known: map[objectKey]printfile.Ref{}, copied: map[int]bool{}}
	c.work = scan.NewWork(s, c.ink)
	if zones, least := l.checks.activeZones(), l.checks.minDPI(); len(zones) > 0 || least > 0 {
		c.zones = scan.NewZoneScanner(s, zones, least)
	}
	c.needs.Copied = func(number int) bool { return c.copied[number] }
	return c
}

// checkInk measures where the page's ink lies and how fine its images are.
func (c *copier) checkInk(p read.Page, at sheet.Placement, data []byte, drawn []content.Appearance) {
	z := c.zones
	z.Page(p, at, data, drawn)
	for i := range z.Zones {
		if hit := z.Hits[i]; hit.Any {
			c.l.find(z.Zones[i].Level, finding.ZoneFinding(z.Zones[i].Name, c.s.Index, p.Number, hit.Rect))
		}
	}
	if z.Coarse.DPI < z.MinDPI {
		c.l.find(c.l.checks.ImageResolution, finding.ResolutionFinding(c.s.Index, p.Number, z.Coarse.DPI, z.MinDPI, z.Coarse.At))
	}
}

// page copies one page and returns its facts. What is wrong with it goes to
// the letter's refusals and warnings.
func (c *copier) page(p read.Page) PageFacts {
	s := c.s
	facts := PageFacts{Document: s.Index, Page: p.Number}
	refuse := func(code string) PageFacts {
		c.l.refuse(finding.New(code, s.Index, p.Number))
		return facts
	}
	at, ok := c.l.checks.place(p)
	facts.WidthMM, facts.HeightMM, facts.Scaled = at.WidthMM, at.HeightMM, at.Scale
	if !ok {
		return refuse(finding.CodePageSize)
	}
	lost := finding.Losses(0)
	if p.Lost {
		lost |= finding.LostPart
	}
	s.Lost = false
	drawn, found := c.notes.Appearances(p)
	if s.Lost || found.Lost {
		lost |= finding.LostNote
	}
	if found.Undrawable && lost == 0 {
		c.l.refuse(finding.UndrawableRefusal(s.Index, p.Number))
		return facts
	}
	data, stored, whole := c.content(p)
	if !whole {
		lost |= finding.LostContent
	}
	lost |= c.needs.Page(p, data, drawn)
	if lost != 0 {
		c.l.refuse(finding.LossFindings(lost, s.Index, p.Number)...)
		return facts
	}
	if n := c.work.Page(p, data, drawn); n > scan.MaxPageWork {
		return refuse(finding.CodeTooComplex)
	} else if c.l.work += n; c.l.work > scan.MaxLetterWork {
		c.l.refuse(finding.New(finding.CodeTooComplex, s.Index, 0))
		return facts
	}
	ink := c.ink.Scan(data, p.Resources, scan.FreshGraphics, 0)
	for _, a := range drawn {
		ink = ink.Or(c.ink.Object(a.Form, a.Fallback, scan.FreshGraphics, 0))
	}
	facts.Colour, facts.Blank = ink.Chroma > 0, !ink.Marks
	facts.NearGrey = facts.Colour && ink.Chroma <= content.NearGrey
	c.sawInk(p, at, data, drawn, ink)
	if c.zones != nil {
		c.checkInk(p, at, data, drawn)
	}

	c.damaged = false
	fb := fallback{id: -p.Number, resources: p.ResourcesObject}
	form := printfile.Stream{Dict: stored.Dict, Data: stored.Data}
	form.Dict["Type"] = printfile.Name("XObject")
	form.Dict["Subtype"] = printfile.Name("Form")
	form.Dict["BBox"] = reals(p.Box.X0, p.Box.Y0, p.Box.X1, p.Box.Y1)
	form.Dict["Matrix"] = reals(at.Matrix[:]...)
	form.Dict["Resources"] = c.resources(p.ResourcesObject, fb)
	if group := s.Dict(p.Dict["Group"]); s.Name(group["S"]) == "Transparency" {
		g := c.dict(group, fb, "S", "CS", "K")
		g["I"] = printfile.Bool(true) // a page group always is isolated
		form.Dict["Group"] = g
	}
	ref := c.b.Add(form)
	if len(drawn) > 0 {
		ref = c.flatten(form, drawn, fb)
	}
	c.drain()
	if c.damaged || s.Lost {
		c.l.refuse(finding.LossFindings(finding.LostPart, s.Index, p.Number)...)
		return facts
	}
	c.b.AddPage(ref, sheet.A4Width, sheet.A4Height)

	switch level := c.l.checks.pageLevel(); {
	case !at.A4 && c.l.checks.PageAction != CropPage && level != finding.LevelError && !c.l.checks.fits(at.Scale):
		c.l.refuse(finding.ScaleRefusal(s.Index, p.Number, at.WidthMM, at.HeightMM, at.Scale))
	case !at.A4 && c.l.checks.PageAction == CropPage:
		c.l.refuse(finding.OtherSizeRefusal(s.Index, p.Number, at.WidthMM, at.HeightMM, c.l.checks.cropMM()))
	case level == finding.LevelError && !at.A4:
		c.l.refuse(finding.OtherSizeRefusal(s.Index, p.Number, at.WidthMM, at.HeightMM, c.l.checks.tolerance()))
	case level != finding.LevelError && math.Max(at.LostRight, at.LostBelow) >= 0.05:
		c.l.find(level, finding.CroppedWarning(s.Index, p.Number, at))
	case level != finding.LevelError && at.Scale != 1:
		c.l.find(level, finding.ScaledWarning(s.Index, p.Number, at.WidthMM, at.HeightMM, at.Scale))
	}
	if ink.Unembedded {
		c.l.find(c.l.checks.FontNotEmbedded.Or(finding.LevelWarning), finding.New(finding.CodeFontNotEmbedded, s.Index, p.Number))
	}
	if found.Missing {
		c.l.warn(finding.New(finding.CodeNoAppearance, s.Index, p.Number))
	}
	if found.Absent {
		c.l.warn(finding.MissingNoteWarning(s.Index, p.Number))
	}
	return facts
}

// flatten draws appearances over a page: a form that draws the page as a form
// of its own, so that whatever graphics state it leaves behind does not reach
// them, and then each appearance.
func (c *copier) flatten(page printfile.Stream, drawn []content.Appearance, fb fallback) printfile.Ref {
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
	drawing := []byte("/Page Do\n")
	for i, a := range drawn {
		// Appearances without resources of their own take the form's
		// defaults; their id must differ from the page's.
		own := fallback{id: fb.id - 1<<40, resources: a.Fallback}
		source, ok := a.Form.(syntax.IndirectRef)
		if !ok {
			continue
		}
		form := c.reference(source, own, asForm)
		if _, ok := form.(printfile.Ref); !ok {
			continue
		}
		name := "A" + strconv.Itoa(i)
		objects[printfile.Name(name)] = form
		drawing = append(drawing, "q "...)
		for _, v := range a.Matrix {
			drawing = strconv.AppendFloat(drawing, v, 'f', 8, 64)
			drawing = append(drawing, ' ')
		}
		drawing = append(drawing, "cm /"+name+" Do Q\n"...)
	}
	outer["Resources"] = printfile.Dict{"XObject": objects}
	return c.b.Add(printfile.Stream{Dict: outer, Data: drawing})
}

// content returns a page's content, decoded for reading and as it will be
// stored. A single sound stream is stored as it came. whole is false when some
// of it is lost.
func (c *copier) content(p read.Page) (decoded []byte, stored printfile.Stream, whole bool) {
	clean := true
	for i, sd := range p.Contents {
		data, state, ok := c.s.DecodeContent(sd)
		if !ok || c.s.Lossy(state) {
			return nil, stored, false
		}
		clean = clean && state == filter.Sound
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
	resolved, changed := content.ResolveLayers(c.s, decoded, p.Resources)
	if len(p.Contents) == 1 && clean && !changed {
		return decoded, c.rawStream(p.Contents[0], fallback{}), true
	}
	return resolved, deflated(resolved), true
}

// rawStream is a stream with its data as stored and only its filters.
func (c *copier) rawStream(sd syntax.StreamDict, fb fallback) printfile.Stream {
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
func (c *copier) resources(o syntax.Object, fb fallback) printfile.Object {
	if ref, ok := o.(syntax.IndirectRef); ok {
		return c.reference(ref, fb, asResources)
	}
	return c.resourceDict(c.s.Dict(o), fb)
}

func (c *copier) resourceDict(d syntax.Dict, fb fallback) printfile.Dict {
	out := printfile.Dict{}
	for _, category := range []string{"ExtGState", "ColorSpace", "Pattern", "Shading", "XObject", "Font"} {
		if c.s.IsDamaged(d[category]) {
			c.damaged = true
		}
		entries := c.s.Dict(d[category])
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
	for k, v := range c.s.Dict(d["Properties"]) {
		kept := printfile.Dict{}
		entry := c.s.Dict(v)
		for _, key := range []string{"ActualText", "E", "Lang"} {
			switch text := c.s.Resolve(entry[key]).(type) {
			case syntax.StringLiteral, syntax.HexLiteral:
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
func (c *copier) dict(d syntax.Dict, fb fallback, keys ...string) printfile.Dict {
	out := make(printfile.Dict, len(keys))
	for _, k := range keys {
		if v, ok := d[k]; ok {
			c.put(out, k, c.value(v, fb))
		}
	}
	return out
}

// value copies an object: directly, or as a reference to a copy.
func (c *copier) value(o syntax.Object, fb fallback) printfile.Object {
	switch v := o.(type) {
	case syntax.Boolean:
		return printfile.Bool(v)
	case syntax.Integer:
		return printfile.Int(v)
	case syntax.Float:
		return printfile.Real(v)
	case syntax.Name:
		if strings.IndexByte(string(v), 0) >= 0 {
			return printfile.Null{}
		}
		return printfile.Name(v)
	case syntax.StringLiteral:
		return printfile.String(syntax.Unescape(string(v)))
	case syntax.HexLiteral:
		return printfile.HexString(syntax.Unhex(string(v)))
	case syntax.IndirectRef:
		return c.reference(v, fb, asIs)
	case syntax.Array:
		out := make(printfile.Array, len(v))
		for i, e := range v {
			out[i] = c.value(e, fb)
		}
		return out
	case syntax.Dict:
		return c.anyDict(v, fb)
	}
	return printfile.Null{}
}

// font copies what is a font by where it stands, whatever type it says to be.
func (c *copier) font(o syntax.Object, fb fallback) printfile.Object {
	switch v := o.(type) {
	case syntax.IndirectRef:
		return c.reference(v, fb, asFont)
	case syntax.Dict:
		return c.fontDict(v, fb)
	}
	return printfile.Null{}
}

func (c *copier) fontDict(d syntax.Dict, fb fallback) printfile.Dict {
	out := c.entries(d, fb)
	out["Type"] = printfile.Name("Font")
	return out
}

// freeNames are the entries that are dictionaries with keys of the document's
// own: glyphs, colorants, classes of glyphs.
var freeNames = map[string]bool{"CharProcs": true, "Colorants": true, "Solidities": true, "DotGain": true, "FD": true}

// names copies a dictionary with such keys.
func (c *copier) names(o syntax.Object, fb fallback) printfile.Object {
	switch v := o.(type) {
	case syntax.IndirectRef:
		return c.reference(v, fb, asNames)
	case syntax.Dict:
		return c.nameDict(v, fb)
	}
	return printfile.Null{}
}

func (c *copier) nameDict(d syntax.Dict, fb fallback) printfile.Dict {
	out := make(printfile.Dict, len(d))
	for k, v := range d {
		c.put(out, k, c.value(v, fb))
	}
	return out
}

// anyDict copies a dictionary that is part of a resource.
func (c *copier) anyDict(d syntax.Dict, fb fallback) printfile.Object {
	switch c.s.Name(d["Type"]) {
	case "Page", "Pages", "Catalog", "Annot", "OCG", "OCMD", "StructElem", "StructTreeRoot", "Action", "Filespec":
		return printfile.Null{} // a way back into the document
	}
	if kind, _ := c.s.Integer(d["HalftoneType"]); kind == 5 {
		return c.nameDict(d, fb) // its other keys are colorants
	}
	return c.entries(d, fb)
}

// entries copies the entries of a dictionary that a page may need.
func (c *copier) entries(d syntax.Dict, fb fallback) printfile.Dict {
	type3 := c.s.Name(d["Subtype"]) == "Type3"
	out := make(printfile.Dict, len(d))
	for k, v := range d {
		switch {
		case read.Dropped[k]:
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
func (c *copier) reference(r syntax.IndirectRef, fb fallback, as role) printfile.Object {
	if c.s.IsDamaged(r) {
		c.damaged = true
		return printfile.Null{}
	}
	o := c.s.Resolve(r)
	key := objectKey{number: r.ObjectNumber.Value(), as: as}
	switch v := o.(type) {
	case syntax.StreamDict:
		if c.s.Layers.Hides(v.Dict["OC"]) {
			return c.nothing()
		}
		if c.needsFallback(v.Dict) || as == asForm && c.s.Dict(v.Dict["Resources"]) == nil {
			key.fallback = fb.id
		}
	case syntax.Dict:
		if c.needsFallback(v) {
			key.fallback = fb.id
		}
	case syntax.Array:
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
func (c *copier) needsFallback(d syntax.Dict) bool {
	if c.s.Dict(d["Resources"]) != nil {
		return false
	}
	switch c.s.Name(d["Subtype"]) {
	case "Form", "Type3":
		return true
	}
	kind, _ := c.s.Integer(d["PatternType"])
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
		case syntax.StreamDict:
			st := c.stream(v, q)
			copied, shared = st, len(st.Data) >= shareFrom
		case syntax.Dict:
			switch q.as {
			case asResources:
				copied = c.resourceDict(v, fallback{id: q.number, resources: syntax.IndirectRef{ObjectNumber: syntax.Integer(q.number)}})
			case asNames:
				copied = c.nameDict(v, q.fallback)
			case asFont:
				copied, shared = c.fontDict(v, q.fallback), true
			default:
				copied = c.anyDict(v, q.fallback)
				shared = c.s.Name(v["Type"]) == "Font"
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
func (c *copier) stream(sd syntax.StreamDict, q queued) printfile.Stream {
	d := sd.Dict
	for _, f := range sd.FilterPipeline {
		if f.Name == "Crypt" {
			c.damaged = true
		}
	}
	switch c.s.Resolve(d["F"]).(type) {
	case syntax.Dict, syntax.StringLiteral, syntax.HexLiteral:
		c.damaged = true // its data lie in another file
	}
	pattern, _ := c.s.Integer(d["PatternType"])
	switch subtype := c.s.Name(d["Subtype"]); {
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
		case read.Dropped[k] || k == "Length" || k == "F" || k == "FFilter" || k == "FDecodeParms" || k == "DL":
		default:
			c.put(out, k, c.value(v, q.fallback))
		}
	}
	return printfile.Stream{Dict: out, Data: sd.Raw}
}

// drawing copies a stream of drawing operators.
func (c *copier) drawing(sd syntax.StreamDict, q queued, keys ...string) printfile.Stream {
	fb := q.fallback
	resources := fb.resources
	if c.s.Dict(sd.Dict["Resources"]) != nil {
		resources = sd.Dict["Resources"]
		fb = fallback{id: q.number, resources: resources}
	}
	st := c.rawStream(sd, fb)
	if c.s.Layers.Active {
		if data, _, ok := c.s.DecodeContent(sd); ok {
			if resolved, changed := content.ResolveLayers(c.s, data, c.s.Dict(resources)); changed {
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
