package content

import (
	"bytes"

	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/syntax"
)

// sectionKind is a marked section of a content stream.
type sectionKind uint8

const (
	sectionPlain sectionKind = iota
	sectionLayer             // optional content that prints
	sectionHidden
)

// mark follows BMC, BDC and EMC, and returns the kind of section that the
// operator opens or closes.
func (r *Reading) mark(op []byte) sectionKind {
	if string(op) == "EMC" {
		n := len(r.sections)
		if n == 0 {
			return sectionPlain
		}
		kind := r.sections[n-1]
		r.sections = r.sections[:n-1]
		if kind == sectionHidden {
			r.Hidden--
		}
		return kind
	}
	kind, layers := sectionPlain, r.s.Layers
	if n := len(r.Args); string(op) == "BDC" && n >= 2 && layers != nil && layers.Active &&
		r.Args[n-2].Kind == syntax.KindName && r.NameOf(r.Args[n-2]) == "OC" {
		kind = sectionLayer
		if r.Args[n-1].Kind == syntax.KindName && layers.Hides(r.Entry("Properties", r.NameOf(r.Args[n-1]))) {
			kind = sectionHidden
			r.Hidden++
		}
	}
	r.sections = append(r.sections, kind)
	return kind
}

// ResolveLayers returns content without its optional content: hidden sections
// paint nothing any more but still change the graphics state, as the standard
// asks (ISO 32000-1 8.11.3.2), and the marks of visible ones are gone. changed
// is false when there was nothing to do.
func ResolveLayers(s *read.Document, data []byte, resources syntax.Dict) (out []byte, changed bool) {
	if s.Layers == nil || !s.Layers.Active || !bytes.Contains(data, []byte("BDC")) {
		return data, false
	}
	t := &Reading{Tokens: syntax.Tokens{Data: data}, s: s, Resources: resources}
	var renders []int // text rendering modes saved by q
	render := 0
	kept := 0 // data up to here is in out or dropped
	replace := func(by string) {
		out = append(out, data[kept:t.Start]...)
		out = append(out, ' ') // what stands before may end without a delimiter
		out = append(out, by...)
		kept = t.End
		changed = true
	}
	for op := t.Next(); op != nil; op = t.Next() {
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
			if n := len(t.Args); n > 0 {
				render = int(t.Args[n-1].Number)
			}
		}
		if t.Hidden == 0 {
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
			replace(invisible + string(data[t.Start:t.End]) + " " + string(rune('0'+min(max(render, 0), 7))) + " Tr")
		}
	}
	if !changed {
		return data, false
	}
	return append(out, data[kept:]...), true
}
