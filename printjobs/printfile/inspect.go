package printfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Summary is what Inspect found in a print file.
type Summary struct {
	SHA256  string // of the file, in lower-case hexadecimal
	Bytes   int64
	Objects int
	Sides   []SideSummary // in the order of the pages
	Parts   []PartSummary // document parts, in the order of their sides
}

// SideSummary is one side of a print file.
type SideSummary struct {
	Width, Height float64 // points
	// Placements is the number of pages of letters that the side draws.
	Placements int
	// Blank says that the side has no content at all: no placements and
	// nothing of its own.
	Blank bool
	// Own is the SHA-256 of what the side draws beside its placements,
	// Side.Content; nothing but zeros when that is nothing. So a side with
	// Placements 0 and Blank false is blank but for its own marks.
	Own [sha256.Size]byte
}

// HasOwn tells whether the side draws anything beside its placements.
func (s SideSummary) HasOwn() bool { return s.Own != [sha256.Size]byte{} }

// PartSummary is one document part of a print file.
type PartSummary struct {
	FirstSide, LastSide int // from 1
	// Metadata is the part's DPM entry, or nil; PartMetadataOf reads it.
	Metadata Dict
}

// ErrNotPrintFile is the error, wrapped with what is wrong and where, of
// Inspect for a file that is not exactly what a Linker writes. Read errors are
// not of this kind.
var ErrNotPrintFile = errors.New("not a sound print file")

type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// markedReader tells read errors from findings.
type markedReader struct{ io.ReaderAt }

func (m markedReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := m.ReaderAt.ReadAt(b, off)
	if n == len(b) {
		return n, nil
	}
	// Inspect reads only within the size it was told.
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, readError{err}
}

// Inspect reads the whole print file in the first size bytes of r and proves
// what can be proved without drawing it: that header, objects, cross-references
// and trailer fill the file without a gap; that the cross-references name every
// object at its place; that every object is well formed and every reference
// leads to an object; that the page tree is sound, in order, and names every
// page object once; that each side draws just the forms it names; and that the
// tree of document parts, if there is one, has every page once and in order,
// with right pages at both ends of each part and a way back from each page.
// It knows nothing of the Linker's memory and accepts nothing that a Linker
// does not write. It needs about 8 bytes of memory an object and 80 a side.
func Inspect(r io.ReaderAt, size int64) (Summary, error) {
	var sides []SideSummary
	var parts []PartSummary
	sum, err := InspectParts(r, size, func(s SideSummary) { sides = append(sides, s) },
		func(p PartSummary) { parts = append(parts, p) })
	if err != nil {
		return Summary{}, err
	}
	sum.Sides, sum.Parts = sides, parts
	return sum, nil
}

// InspectSides is Inspect for files of many sides: it tells side of each, in
// the order of the pages, instead of gathering them, and needs 8 bytes of
// memory a side. What side was told holds only when there is no error in the
// end. Sides and Parts of the Summary are empty.
func InspectSides(r io.ReaderAt, size int64, side func(SideSummary)) (Summary, error) {
	return InspectParts(r, size, side, func(PartSummary) {})
}

// InspectParts is InspectSides that also tells part of each document part,
// after its last side. It needs 4 bytes of memory a part, and some 40 more
// while it reads the root of the tree. A file without parts has none to tell; in
// one with parts every side belongs to one.
func InspectParts(r io.ReaderAt, size int64, side func(SideSummary), part func(PartSummary)) (Summary, error) {
	in := &inspector{src: markedReader{r}, size: size, tell: side, tellPart: part}
	if err := in.run(); err != nil {
		var re readError
		if errors.As(err, &re) {
			return Summary{}, fmt.Errorf("inspect print file: %w", err)
		}
		return Summary{}, fmt.Errorf("inspect print file: %w: %w", ErrNotPrintFile, err)
	}
	return in.sum, nil
}

type inspector struct {
	r       *reader // for single objects
	src     io.ReaderAt
	size    int64
	offs    []int64 // by number; 0 is free
	end     int64   // where the objects end
	trailer Dict
	sum     Summary
	tell    func(SideSummary)

	forms    []uint64 // set of the Form XObjects met so far, by number
	pages    []pageAt // the page objects, in the order of the file
	walked   int      // pages met in the page tree
	contents map[Ref]painted

	tellPart func(PartSummary)
	nodes    []uint32 // nodes of document parts, in the order of the file
	tree     Ref      // what all of them name as their parent
	open     Ref      // what the pages since the last node name as their part
	first    int      // the first of those pages, from 1
}

// painted is what a content stream draws.
type painted struct {
	placements int
	own        [sha256.Size]byte
}

type pageAt struct{ num, parent uint32 }

func (in *inspector) run() error {
	if err := in.xref(); err != nil {
		return err
	}
	in.forms = make([]uint64, len(in.offs)/64+1)
	in.contents = make(map[Ref]painted)
	in.r = newReader(in.src, in.size, smallWindow)
	if err := in.sweep(); err != nil {
		return err
	}
	root, ok := in.trailer["Root"].(Ref)
	if !ok {
		return errors.New("the trailer names no catalog")
	}
	catalog, err := in.dict(root, "Catalog")
	if err != nil {
		return err
	}
	tree, ok := catalog["Pages"].(Ref)
	if !ok {
		return errors.New("the catalog names no page tree")
	}
	if _, err := in.node(tree, 0, 0); err != nil {
		return err
	}
	if in.walked != len(in.pages) {
		return fmt.Errorf("the page tree names %d pages, the file has %d", in.walked, len(in.pages))
	}
	if err := in.parts(catalog["DPartRoot"]); err != nil {
		return fmt.Errorf("document parts: %w", err)
	}
	in.sum.Bytes = in.size
	in.sum.Objects = len(in.offs) - 1
	return nil
}

// xref reads the end of the file and the cross-references.
func (in *inspector) xref() error {
	tail := make([]byte, min(in.size, 64))
	if err := readFull(in.src, tail, in.size-int64(len(tail))); err != nil {
		return err
	}
	at := bytes.LastIndex(tail, []byte("\nstartxref\n"))
	rest, ok := bytes.CutSuffix(tail, []byte("\n%%EOF\n"))
	if at < 0 || !ok || at+11 > len(rest) {
		return errors.New("no startxref at the end")
	}
	end := in.size - int64(len(tail)-at) + 1 // where "startxref" stands
	start, err := strconv.ParseUint(string(rest[at+11:]), 10, 62)
	if err != nil || int64(start) >= end || string(rest[at+11:]) != strconv.FormatUint(start, 10) {
		return errors.New("startxref has an impossible place")
	}
	in.end = int64(start)
	in.r = newReader(in.src, in.size, readerWindow)
	in.r.seek(in.end)
	none := func(Ref) error { return nil }

	if !in.r.try("xref\n0 ") {
		// A cross-reference stream, which is an object itself.
		num, err := in.r.uint()
		if err != nil {
			return fmt.Errorf("cross-reference stream: %w", err)
		}
		in.r.seek(in.end)
		o, data, length, err := in.r.indirect(num, none)
		if err != nil {
			return fmt.Errorf("cross-reference stream: %w", err)
		}
		s, ok := o.(Stream)
		if !ok || s.Dict["Type"] != Name("XRef") {
			return errors.New("startxref leads to no cross-references")
		}
		w, _ := s.Dict["W"].(Array)
		count, _ := s.Dict["Size"].(Int)
		if len(w) != 3 || w[0] != Int(1) || w[1] != Int(5) || w[2] != Int(0) || s.Dict["Filter"] != nil || s.Dict["Index"] != nil {
			return errors.New("cross-reference stream of a form that the linker does not write")
		}
		if count < 2 || length%6 != 0 || int64(count) != length/6 || int64(count) != num+1 {
			return errors.New("cross-reference stream of an impossible size")
		}
		if in.r.pos() != end {
			return errors.New("bytes between the cross-references and startxref")
		}
		in.trailer = s.Dict
		in.offs = make([]int64, count)
		in.r.seek(data)
		for i := range in.offs {
			b := in.r.peek(6)
			if len(b) < 6 {
				return in.r.unexpected("cross-references cut short")
			}
			off := int64(b[1])<<32 | int64(binary.BigEndian.Uint32(b[2:]))
			if i == 0 && (b[0] != 0 || off != 0) || i > 0 && (b[0] != 1 || off == 0 || off > in.end) {
				return fmt.Errorf("malformed cross-reference of object %d", i)
			}
			in.offs[i] = off
			in.r.at += 6
		}
		if in.offs[num] != in.end {
			return errors.New("the cross-reference stream does not name itself")
		}
		in.end = end // the stream belongs to the objects
		return nil
	}

	count, err := in.r.uint()
	if err != nil {
		return fmt.Errorf("cross-references: %w", err)
	}
	if count < 2 || count > (in.size-in.end)/20 {
		return errors.New("cross-references of an impossible size")
	}
	if err := in.r.expect("\n0000000000 65535 f \n"); err != nil {
		return fmt.Errorf("cross-references: %w", err)
	}
	in.offs = make([]int64, count)
	for i := 1; i < len(in.offs); i++ {
		b := in.r.peek(20)
		if len(b) < 20 || string(b[10:]) != " 00000 n \n" {
			return in.r.unexpected(fmt.Sprintf("malformed cross-reference of object %d", i))
		}
		for _, c := range b[:10] {
			if c < '0' || c > '9' {
				return fmt.Errorf("malformed cross-reference of object %d", i)
			}
			in.offs[i] = in.offs[i]*10 + int64(c-'0')
		}
		if in.offs[i] == 0 || in.offs[i] >= in.end {
			return fmt.Errorf("impossible place of object %d", i)
		}
		in.r.at += 20
	}
	if err := in.r.expect("trailer\n"); err != nil {
		return err
	}
	in.r.used = 0
	o, err := in.r.object(0, none)
	if err != nil {
		return fmt.Errorf("trailer: %w", err)
	}
	if in.trailer, _ = o.(Dict); in.trailer["Size"] != Int(count) {
		return errors.New("the trailer does not tell the size of the cross-references")
	}
	if err := in.r.expect("\n"); err != nil {
		return err
	}
	if in.r.pos() != end {
		return errors.New("bytes between the trailer and startxref")
	}
	return nil
}

// sweep reads the file from begin to end: it must be the header and then one
// object after the other, each where the cross-references have it.
func (in *inspector) sweep() error {
	r := newReader(in.src, in.size, readerWindow)
	r.sum = sha256.New()
	if err := r.expect("%PDF-"); err != nil {
		return err
	}
	switch v := string(r.peek(3)); v {
	case "1.4", "1.5", "1.6", "1.7", "2.0":
		r.at += 3
	default:
		return r.unexpected("unknown version of PDF")
	}
	if err := r.expect("\n%\xE2\xE3\xCF\xD3\n"); err != nil {
		return err
	}
	visit := func(ref Ref) error {
		if int(ref) >= len(in.offs) {
			return r.unexpected(fmt.Sprintf("reference to object %d of %d", int(ref), len(in.offs)-1))
		}
		return nil
	}
	objects := 0
	for r.pos() < in.end {
		start := r.pos()
		r.peek(lookahead) // so that seeking back stays in the window
		num, err := r.uint()
		if err != nil {
			return err
		}
		if num >= int64(len(in.offs)) || in.offs[num] != start {
			return fmt.Errorf("the cross-references do not name the object at byte %d", start)
		}
		r.seek(start)
		o, _, _, err := r.indirect(num, visit)
		if err != nil {
			return fmt.Errorf("object %d: %w", num, err)
		}
		switch v := o.(type) {
		case Stream:
			if v.Dict["Subtype"] == Name("Form") {
				in.forms[num/64] |= 1 << (num % 64)
			}
		case Dict:
			switch v["Type"] {
			case Name("Page"):
				parent, _ := v["Parent"].(Ref)
				in.pages = append(in.pages, pageAt{uint32(num), uint32(parent)})
				if err := in.side(v); err != nil {
					return fmt.Errorf("side %d: %w", len(in.pages), err)
				}
			case Name("DPart"):
				if v["Start"] == nil {
					break // the root of the tree
				}
				if err := in.part(Ref(num), v); err != nil {
					return fmt.Errorf("document part %d: %w", len(in.nodes)+1, err)
				}
			}
		}
		objects++
	}
	if r.pos() != in.end {
		return errors.New("an object reaches into the cross-references")
	}
	// Each object was at its own place, so all places are taken just once.
	if objects != len(in.offs)-1 {
		return fmt.Errorf("the cross-references name %d objects, the file has %d", len(in.offs)-1, objects)
	}
	if in.open != 0 {
		return fmt.Errorf("document part %d, of side %d, has no node", len(in.nodes)+1, len(in.pages))
	}
	if err := r.skip(in.size - r.pos()); err != nil {
		return err
	}
	in.sum.SHA256 = hex.EncodeToString(r.sum.Sum(nil))
	return nil
}

// load reads one object again.
func (in *inspector) load(ref Ref) (o Object, data, length int64, err error) {
	in.r.seek(in.offs[ref])
	return in.r.indirect(int64(ref), func(r Ref) error {
		if int(r) >= len(in.offs) {
			return errors.New("reference to no object")
		}
		return nil
	})
}

// dict reads a dictionary of a type.
func (in *inspector) dict(ref Ref, typ Name) (Dict, error) {
	if int(ref) >= len(in.offs) {
		return nil, fmt.Errorf("reference to no object %d", int(ref))
	}
	o, _, _, err := in.load(ref)
	if err != nil {
		return nil, fmt.Errorf("object %d: %w", int(ref), err)
	}
	d, ok := o.(Dict)
	if !ok || d["Type"] != typ {
		return nil, fmt.Errorf("object %d is no %s", int(ref), typ)
	}
	return d, nil
}

// node walks the page tree and returns the pages under a node. The linker
// writes pages in their order, so the walk must meet them as the file has them.
func (in *inspector) node(ref, parent Ref, depth int) (int, error) {
	if in.walked < len(in.pages) && in.pages[in.walked].num == uint32(ref) {
		if in.pages[in.walked].parent != uint32(parent) {
			return 0, fmt.Errorf("side %d: wrong parent in the page tree", in.walked+1)
		}
		in.walked++
		return 1, nil
	}
	// A tree of 32 children a node and 2³¹ pages is 7 deep.
	if depth > 16 {
		return 0, errors.New("page tree too deep")
	}
	d, err := in.dict(ref, "Pages")
	if err != nil {
		return 0, fmt.Errorf("page tree, after side %d: %w", in.walked, err)
	}
	if p, ok := d["Parent"].(Ref); ok && p != parent || !ok && parent != 0 {
		return 0, fmt.Errorf("object %d: wrong parent in the page tree", int(ref))
	}
	// A node is never walked twice for nothing: each walk takes pages of its
	// own, or is an error.
	kids, _ := d["Kids"].(Array)
	total := 0
	for _, k := range kids {
		kid, ok := k.(Ref)
		if !ok {
			return 0, fmt.Errorf("object %d: child that is no reference", int(ref))
		}
		n, err := in.node(kid, ref, depth+1)
		if err != nil {
			return 0, err
		}
		total += n
	}
	if total == 0 || d["Count"] != Int(total) {
		return 0, fmt.Errorf("object %d: wrong count of pages", int(ref))
	}
	return total, nil
}

// side checks a page object and what it draws.
func (in *inspector) side(d Dict) error {
	box, _ := d["MediaBox"].(Array)
	if len(box) != 4 || box[0] != Int(0) || box[1] != Int(0) {
		return errors.New("no page size with its origin at 0")
	}
	s := SideSummary{Width: number(box[2]), Height: number(box[3])}
	if err := checkSize(s.Width, s.Height); err != nil {
		return err
	}
	res, ok := d["Resources"].(Dict)
	if !ok {
		return errors.New("no resources")
	}
	xobjects, ok := res["XObject"].(Dict)
	if !ok && res["XObject"] != nil {
		return errors.New("malformed resources")
	}
	forms := 0
	for name, o := range xobjects {
		if len(name) < len(formPrefix) || name[:len(formPrefix)] != formPrefix {
			continue
		}
		if i, err := strconv.Atoi(string(name[len(formPrefix):])); err != nil || i < 0 || i >= len(xobjects) || string(name) != formPrefix+strconv.Itoa(i) {
			return errors.New("form of an unknown name")
		}
		if err := in.form(o); err != nil {
			return err
		}
		forms++
	}
	switch c := d["Contents"].(type) {
	case nil:
		if len(res) > 0 {
			return errors.New("resources without content")
		}
		s.Blank = true
	case Ref:
		what, err := in.content(c)
		if err != nil {
			return fmt.Errorf("content: %w", err)
		}
		s.Placements, s.Own = what.placements, what.own
	default:
		return errors.New("malformed content")
	}
	// The names are PG0…, each once, and content counts from 0 without gaps.
	if s.Placements != forms {
		return fmt.Errorf("%d forms in the resources, %d drawn", forms, s.Placements)
	}
	in.tell(s)
	return in.pageOfPart(d["DPart"])
}

// pageOfPart checks which part the page just met names as its own. The linker
// writes the node of a part after its last page, so all pages since the last
// node name the same one.
func (in *inspector) pageOfPart(o Object) error {
	if o == nil && in.open == 0 && len(in.nodes) == 0 {
		return nil // a file without parts, so far
	}
	node, ok := o.(Ref)
	switch {
	case !ok || len(in.nodes) == 0 && in.open == 0 && len(in.pages) > 1:
		return errors.New("some sides belong to document parts and some do not")
	case in.open == 0:
		in.open, in.first = node, len(in.pages)
	case in.open != node:
		return errors.New("another document part before the one begun has its node")
	}
	return nil
}

// part checks the node of the part whose pages were met last.
func (in *inspector) part(num Ref, d Dict) error {
	if in.open != num {
		return fmt.Errorf("object %d is not the node that the pages before it name", int(num))
	}
	first, last := in.pages[in.first-1].num, in.pages[len(in.pages)-1].num
	end, ok := d["End"].(Ref)
	if d["Start"] != Ref(first) || first == last && d["End"] != nil || first != last && (!ok || end != Ref(last)) {
		return errors.New("its first and last page are not those that name it")
	}
	parent, ok := d["Parent"].(Ref)
	if !ok || in.tree != 0 && parent != in.tree {
		return errors.New("no parent, or another than its neighbours have")
	}
	meta, ok := d["DPM"].(Dict)
	if !ok && d["DPM"] != nil {
		return errors.New("metadata that are no dictionary")
	}
	in.tree = parent
	in.nodes = append(in.nodes, uint32(num))
	in.tellPart(PartSummary{FirstSide: in.first, LastSide: len(in.pages), Metadata: meta})
	in.open = 0
	return nil
}

// parts checks the root of the tree of parts, which must name the nodes that
// were met, in their order.
func (in *inspector) parts(root Object) error {
	if root == nil && len(in.nodes) == 0 {
		return nil
	}
	ref, ok := root.(Ref)
	if !ok {
		return errors.New("the catalog does not name their root")
	}
	d, err := in.dict(ref, "DPartRoot")
	if err != nil {
		return err
	}
	if d["DPartRootNode"] != in.tree {
		return errors.New("the root is not above the nodes")
	}
	if d["RecordLevel"] != Int(recordLevel) || !sameText(d["NodeNameList"], partLevels) {
		return errors.New("levels that the linker does not write")
	}
	if d, err = in.dict(in.tree, "DPart"); err != nil {
		return err
	}
	if d["Parent"] != ref {
		return errors.New("the root node has another parent than the root")
	}
	rows, _ := d["DParts"].(Array)
	n := 0
	for _, r := range rows {
		row, _ := r.(Array)
		for _, kid := range row {
			if n == len(in.nodes) || kid != Ref(in.nodes[n]) {
				return fmt.Errorf("the root node has another part %d than the file", n+1)
			}
			n++
		}
	}
	if n != len(in.nodes) {
		return fmt.Errorf("the root node names %d parts, the file has %d", n, len(in.nodes))
	}
	return nil
}

// form checks that o leads to a Form XObject, which stands before its page.
func (in *inspector) form(o Object) error {
	ref, ok := o.(Ref)
	if !ok || in.forms[ref/64]&(1<<(ref%64)) == 0 {
		return errors.New("what is placed is no form written before")
	}
	return nil
}

func number(o Object) float64 {
	switch v := o.(type) {
	case Int:
		return float64(v)
	case Real:
		return float64(v)
	}
	return math.NaN()
}

// maxSideContent bounds what a side draws: its own and a million placements.
const maxSideContent = maxOwnContent + 256<<20

// content says what a content stream draws, which must be lines as
// Linker.content writes them.
func (in *inspector) content(ref Ref) (painted, error) {
	if d, ok := in.contents[ref]; ok {
		return d, nil
	}
	o, data, length, err := in.load(ref)
	if err != nil {
		return painted{}, err
	}
	s, ok := o.(Stream)
	if !ok || len(s.Dict) != 1 {
		return painted{}, errors.New("no plain stream")
	}
	if length < 1 || length > maxSideContent {
		return painted{}, errors.New("empty or too large")
	}
	b := make([]byte, length)
	if err := readFull(in.src, b, data); err != nil {
		return painted{}, err
	}
	var d painted
	for len(b) > 0 && !bytes.HasPrefix(b, []byte("q\n")) {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok || !placementLine(line, d.placements) {
			return painted{}, fmt.Errorf("line %d places no form", d.placements+1)
		}
		b = rest
		d.placements++
	}
	if len(b) > 0 {
		own, ok := bytes.CutSuffix(b[2:], []byte("\nQ\n"))
		if !ok || len(own) == 0 {
			return painted{}, errors.New("own content is empty or not closed")
		}
		d.own = sha256.Sum256(own)
	}
	if len(in.contents) >= cachedContents {
		clear(in.contents)
	}
	in.contents[ref] = d
	return d, nil
}

// placementLine tells whether a line draws form number n, with or without a
// matrix and a clip.
func placementLine(line []byte, n int) bool {
	draw := "/" + formPrefix + strconv.Itoa(n) + " Do"
	if string(line) == draw {
		return true
	}
	line, ok1 := bytes.CutPrefix(line, []byte("q "))
	line, ok2 := bytes.CutSuffix(line, []byte(" "+draw+" Q"))
	if !ok1 || !ok2 {
		return false
	}
	words := bytes.Split(line, []byte(" "))
	matrix := numbers(&words, 6, "cm")
	clip := numbers(&words, 4, "re", "W", "n")
	return (matrix || clip) && len(words) == 0
}

// numbers takes n numbers and then these operators from the words, if they come
// next.
func numbers(words *[][]byte, n int, then ...string) bool {
	w := *words
	if len(w) < n+len(then) {
		return false
	}
	for _, v := range w[:n] {
		if _, err := strconv.ParseFloat(string(v), 64); err != nil || len(v) > 64 {
			return false
		}
	}
	for i, op := range then {
		if string(w[n+i]) != op {
			return false
		}
	}
	*words = w[n+len(then):]
	return true
}
