package printfile

import (
	"errors"
	"fmt"
	"math"
	"regexp"
)

// Names of the levels of the tree of document parts, as NodeNameList has them:
// XML name tokens, one a level (ISO 32000-2 table 408).
var partLevels = Array{Name("PrintFile"), Name("Letter")}

const (
	// recordLevel is the level, from 0, whose nodes are letters.
	recordLevel = 1
	// partRow is how many nodes stand in a row of DParts. PDF 1.6 and 1.7
	// allow 8,191 elements an array (ISO 32000-1 annex C), which is why DParts
	// is an array of arrays.
	partRow = 4096
	// maxParts is how many nodes the root node can name without being larger
	// than what this package reads as one object.
	maxParts = maxObjectText / 32
	// maxPartText bounds the metadata of one part, in bytes of PDF.
	maxPartText = 64 << 10
	// maxName is how long a name may be (ISO 32000-1 annex C).
	maxName = 127
)

// partTree is the tree of document parts that is being written.
type partTree struct {
	root, rootNode uint32 // the DPartRoot dictionary and the root of the tree
	nodes          offsets
	// Of the part that is open:
	node        uint32 // 0: none is
	meta        []byte
	first, last uint32 // its pages
}

// BeginPart begins a document part (DPart of ISO 32000-2, 14.12): the sides
// that follow, up to EndPart, belong to it. meta is its DPM entry and may be
// nil; PartMetadata makes one. It may hold names, numbers, booleans, strings,
// arrays and dictionaries, no references, and at most 64 kB.
// Parts do not nest, and need Options.Parts. The file keeps 5 bytes a part in
// memory, or in a temporary file (Options.SpillBytes), and takes at most two
// million parts.
func (l *Linker) BeginPart(meta Dict) error {
	if err := l.usable(); err != nil {
		return fmt.Errorf("begin part: %w", err)
	}
	if err := l.beginPart(meta); err != nil {
		return l.spoil(fmt.Errorf("begin part %d: %w", l.parts.nodes.count+1, err))
	}
	return nil
}

// EndPart ends the part that BeginPart began. A part without sides is an error.
func (l *Linker) EndPart() error {
	if err := l.usable(); err != nil {
		return fmt.Errorf("end part: %w", err)
	}
	if err := l.endPart(); err != nil {
		return l.spoil(fmt.Errorf("end part %d: %w", l.parts.nodes.count, err))
	}
	return nil
}

func (l *Linker) beginPart(meta Dict) error {
	p := &l.parts
	switch {
	case !l.opt.Parts:
		return errors.New("the print file has no document parts (Options.Parts)")
	case p.node != 0:
		return errors.New("the part before it is not ended: parts do not nest")
	case p.nodes.count == maxParts:
		return fmt.Errorf("more than %d parts in one print file", maxParts)
	}
	var err error
	if p.meta, err = partText(p.meta[:0], meta); err != nil {
		return err
	}
	if p.rootNode == 0 {
		if p.root, err = l.offs.alloc(); err != nil {
			return err
		}
		if p.rootNode, err = l.offs.alloc(); err != nil {
			return err
		}
	}
	if p.node, err = l.offs.alloc(); err != nil {
		return err
	}
	n, err := p.nodes.alloc()
	if err != nil {
		return err
	}
	p.first, p.last = 0, 0
	return p.nodes.set(n, int64(p.node))
}

// partText is the text of a part's metadata, empty when there are none.
func partText(b []byte, meta Dict) ([]byte, error) {
	if len(meta) == 0 {
		return b, nil
	}
	if err := checkMetadata(meta); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	e := encoder{buf: b} // without numbers, so that references are refused
	if err := meta.encode(&e); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if len(e.buf) > maxPartText {
		return nil, fmt.Errorf("metadata of %d bytes, allowed are %d", len(e.buf), maxPartText)
	}
	return e.buf, nil
}

// checkMetadata refuses what DPM must not hold (ISO 32000-2, 14.12.4.2).
func checkMetadata(o Object) error {
	switch v := o.(type) {
	case Null:
		return errors.New("null has no place in it")
	case Name:
		if len(v) > maxName {
			return fmt.Errorf("a name of %d bytes, allowed are %d", len(v), maxName)
		}
	case Array:
		for _, e := range v {
			if err := checkMetadata(e); err != nil {
				return err
			}
		}
	case Dict:
		for k, e := range v {
			if !nameToken.MatchString(string(k)) {
				return errors.New("a key that is no XML name token of ASCII")
			}
			if err := checkMetadata(e); err != nil {
				return err
			}
		}
	}
	return nil // encode finds the rest
}

var nameToken = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)

// page notes a page of the open part.
func (p *partTree) page(num uint32) {
	if p.first == 0 {
		p.first = num
	}
	p.last = num
}

func (l *Linker) endPart() error {
	p := &l.parts
	switch {
	case p.node == 0:
		return errors.New("no part is begun")
	case p.first == 0:
		return errors.New("a part without sides")
	}
	if err := l.begin(p.node); err != nil {
		return err
	}
	l.out.text("<<")
	l.partMetadata(p.meta)
	if p.last != p.first { // table 409: not present for a single page
		l.out.text("/End ")
		l.out.int(int64(p.last))
		l.out.text(" 0 R")
	}
	l.out.text("/Parent ")
	l.out.int(int64(p.rootNode))
	l.out.text(" 0 R/Start ")
	l.out.int(int64(p.first))
	l.out.text(" 0 R/Type/DPart>>\nendobj\n")
	p.node = 0
	return l.out.err
}

func (l *Linker) partMetadata(meta []byte) {
	if len(meta) > 0 {
		l.out.text("/DPM")
		l.out.Write(meta) //nolint:errcheck // the sink keeps its error
	}
}

// writePartTree writes the DPartRoot dictionary and the root node.
func (l *Linker) writePartTree() error {
	p := &l.parts
	meta, err := partText(nil, l.opt.PartsMetadata)
	if err != nil {
		return err
	}
	if err := l.begin(p.rootNode); err != nil {
		return err
	}
	l.out.text("<<")
	l.partMetadata(meta)
	l.out.text("/DParts[[")
	i := 0
	err = p.nodes.each(func(num int64) {
		switch {
		case i == 0:
		case i%partRow == 0:
			l.out.text("] [")
		default:
			l.out.text(" ")
		}
		i++
		l.out.int(num)
		l.out.text(" 0 R")
	})
	if err != nil {
		return err
	}
	l.out.text("]]/Parent ")
	l.out.int(int64(p.root))
	l.out.text(" 0 R/Type/DPart>>\nendobj\n")
	if err := l.begin(p.root); err != nil {
		return err
	}
	e := encoder{}
	d := Dict{"DPartRootNode": fileRef(p.rootNode), "NodeNameList": partLevels, "RecordLevel": Int(recordLevel), "Type": Name("DPartRoot")}
	if err := d.encode(&e); err != nil {
		return err
	}
	l.out.Write(e.buf) //nolint:errcheck // the sink keeps its error
	l.out.text("\nendobj\n")
	return l.out.err
}

// PartMetadata is what a document part tells of its letter or control sheet. It
// has no field for a person's data, and must be given none.
//
// Names are those of ISO 21812-1 (print product metadata), as the Arlington
// model has them, where it has one that means the same; the rest stands in a
// dictionary of our own, since DPM is open to all keys (ISO 32000-2,
// 14.12.4.2):
//
//	DPM <<
//	  /CIP4_Root <<
//	    /Type /CIP4_Root
//	    /CIP4_ExternalID /<ID>
//	    /CIP4_Metadata << /Type /CIP4_Metadata /CIP4_JobID /<Job> >>
//	  >>
//	  /Postgang <<
//	    /Kind /<Kind>
//	    /Number n  /Sheets n  /Pages n
//	    /Konteringskode (<Konteringskode>)
//	  >>
//	>>
//
// CIP4_Recipient is left out on purpose: it is for names and addresses.
type PartMetadata struct {
	// Kind of part, KindLetter or a word of the caller's for control sheets.
	Kind string
	// Job is the id of the print job; ID that of the shipment. Both are
	// written as PDF names, so of at most 127 bytes. Empty ones are left out.
	Job, ID string
	// Number of the letter in its job, from 1, Sheets that go into its
	// envelope, and Pages that are printed; 0 is left out.
	Number, Sheets, Pages int
	// Konteringskode is the cost code; "" is left out.
	Konteringskode string
}

// KindLetter is the Kind of a letter.
const KindLetter = "Letter"

// Dict is the metadata as BeginPart takes them.
func (m PartMetadata) Dict() Dict {
	own := Dict{}
	if m.Kind != "" {
		own["Kind"] = Name(m.Kind)
	}
	for key, n := range map[Name]int{"Number": m.Number, "Sheets": m.Sheets, "Pages": m.Pages} {
		if n != 0 {
			own[key] = Int(n)
		}
	}
	if m.Konteringskode != "" {
		own["Konteringskode"] = textString(m.Konteringskode)
	}
	root := Dict{"Type": Name("CIP4_Root")}
	if m.ID != "" {
		root["CIP4_ExternalID"] = Name(m.ID)
	}
	if m.Job != "" {
		root["CIP4_Metadata"] = Dict{"Type": Name("CIP4_Metadata"), "CIP4_JobID": Name(m.Job)}
	}
	d := Dict{"CIP4_Root": root}
	if len(own) > 0 {
		d["Postgang"] = own
	}
	return d
}

// PartMetadataOf is the reverse of PartMetadata.Dict, for the proof of a print
// file. Metadata of any other form are an error.
func PartMetadataOf(d Dict) (PartMetadata, error) {
	var m PartMetadata
	root, _ := d["CIP4_Root"].(Dict)
	id, _ := root["CIP4_ExternalID"].(Name)
	file, _ := root["CIP4_Metadata"].(Dict)
	job, _ := file["CIP4_JobID"].(Name)
	own, _ := d["Postgang"].(Dict)
	kind, _ := own["Kind"].(Name)
	m.Job, m.ID, m.Kind = string(job), string(id), string(kind)
	for key, n := range map[Name]*int{"Number": &m.Number, "Sheets": &m.Sheets, "Pages": &m.Pages} {
		v, _ := own[key].(Int)
		if v < 0 || v > math.MaxInt32 {
			return PartMetadata{}, errForeignMetadata
		}
		*n = int(v)
	}
	m.Konteringskode = stringText(own["Konteringskode"])
	// Written again it must be the same: so nothing was overlooked.
	if !sameText(m.Dict(), d) {
		return PartMetadata{}, errForeignMetadata
	}
	return m, nil
}

var errForeignMetadata = errors.New("metadata of a form that PartMetadata does not write")

// sameText tells whether two objects are written alike.
func sameText(a, b Object) bool {
	x, y := encoder{}, encoder{}
	return a != nil && b != nil && a.encode(&x) == nil && b.encode(&y) == nil && string(x.buf) == string(y.buf)
}
