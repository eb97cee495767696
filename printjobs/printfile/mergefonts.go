package printfile

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"

	"postgang/printjobs/truetype"
)

// With Options.MergeFonts the font subsets of letters that are cuts of the same
// face become one font program a print file: a union, which holds each glyph
// once and is written at the end. A letter's font keeps its codes, widths and
// way to Unicode, and gets a table from its codes to the glyphs of the union
// (CIDToGIDMap), so that no content has to be changed:
//
//	simple TrueType font          Type0 font ─▶ CIDFont ─▶ descriptor ─▶ FontFile2
//	  code ─cmap─▶ glyph    ⇒       code = CID ─CIDToGIDMap─▶ glyph of the union
//	Type0 font, Identity-H
//	  CID ──map──▶ glyph    ⇒       the same, with another map
//
// What is merged: TrueType programs whose fonts are symbolic, simple and without
// encoding (LibreOffice), or composite with Identity-H (most others). Two belong
// to the same face when their names without tag, descriptors, units, hinting
// programs and missing glyph are the same to the byte; a glyph is the same when
// its program and metrics are. All else is written as it came.
const (
	// unionGlyphs and unionBytes bound one union.
	unionGlyphs = 1<<16 - 1
	unionBytes  = 4 << 20
	// allUnionBytes bounds what all unions together hold in memory, and
	// maxUnions how many are open. The oldest is written when there are more,
	// and its face begins another.
	allUnionBytes = 16 << 20
	maxUnions     = 64
	// maxFontText bounds the dictionaries of a font, maxFontFile its program.
	maxFontText = 256 << 10
	maxFontFile = 32 << 20
)

// merger holds the unions of a print file.
type merger struct {
	unions  map[digest]*union
	order   []*union // that are open, oldest first
	begun   int      // unions so far, for their tags
	bytes   int
	limit   int    // of bytes
	oneByte uint32 // the CMap of fonts with codes of one byte, or 0
	merged  int    // fonts
	out     *bytes.Buffer
	copy    *copier
	// Kept for reuse:
	zlib    *zlib.Writer
	packed  bytes.Buffer
	unzip   io.ReadCloser
	program bytes.Buffer // the font program at hand
}

// union is a font program that grows.
type union struct {
	*truetype.Union
	key        digest
	num        uint32 // of its descriptor, written at the end
	name       Name   // with tag
	descriptor Dict   // without name and program
}

// errNotMerged says that a font is left as it is.
var errNotMerged = errors.New("font is not merged")

var subsetName = regexp.MustCompile(`^[A-Z]{6}\+`)

// mergeFont writes the object of j in the form for a union, if it is a font that
// can be merged. What cannot is told by false, with nothing of it written.
func (l *Linker) mergeFont(j job) (bool, error) {
	st, idx, base := j.src.resolve(j.n)
	o := &st.objs[idx]
	// Keys are sorted, so a font begins like this. Kits' fonts are there once
	// already.
	const begins = "<</BaseFont/"
	if base != 0 || o.size < int64(len(begins)) || o.size > maxFontText {
		return false, nil
	}
	if b, err := l.copy.view(st, o, 0, int64(len(begins))); err != nil || string(b) != begins {
		return false, nil // copying finds the error again
	}
	if l.merge.copy == nil {
		l.merge.out = new(bytes.Buffer)
		out := newSink(l.merge.out)
		out.sha = nil
		l.merge.copy = newCopier(out)
	}
	m := &fontMerge{l: l, st: st, src: j.src}
	err := m.font(idx, j.num)
	if errors.Is(err, errNotMerged) {
		return false, nil
	}
	return true, err
}

// fontMerge is the work on one font.
type fontMerge struct {
	l   *Linker
	st  *store
	src *Prepared
}

// object reads an object of the letter, proven against the index. The data of a
// stream stand only until the next one is read.
func (m *fontMerge) object(ref Ref) (Object, []byte, error) {
	idx := int(ref) - 1
	if idx < 0 || idx >= len(m.st.objs) || m.st.objs[idx].size > maxFontFile {
		return nil, nil, errNotMerged
	}
	o := &m.st.objs[idx]
	var targets []uint32
	for _, r := range m.st.refsOf(o) {
		targets = append(targets, uint32(r.num))
	}
	c, buf := m.l.merge.copy, m.l.merge.out
	buf.Reset()
	if err := c.copy(m.st, idx, uint32(ref), targets, !m.l.opt.TrustHashes); err != nil {
		return nil, nil, &SourceError{Source: m.src, Err: fmt.Errorf("object %d of the source: %w", idx+1, err)}
	}
	c.out.flush()
	if c.out.err != nil {
		return nil, nil, c.out.err
	}
	b := buf.Bytes()
	r := newReader(bytes.NewReader(b), int64(len(b)), smallWindow)
	obj, data, size, err := r.indirect(int64(ref), func(Ref) error { return nil })
	if err != nil {
		return nil, nil, errNotMerged
	}
	return obj, b[data : data+size], nil
}

// resolve follows a reference, if o is one.
func (m *fontMerge) resolve(o Object) (Object, error) {
	ref, ok := o.(Ref)
	if !ok {
		return o, nil
	}
	o, _, err := m.object(ref)
	return o, err
}

func (m *fontMerge) dict(o Object) (Dict, error) {
	o, err := m.resolve(o)
	if err != nil {
		return nil, err
	}
	d, ok := o.(Dict)
	if !ok {
		return nil, errNotMerged
	}
	return d, nil
}

// stream reads and decodes a stream of at most limit bytes into a buffer.
func (m *fontMerge) stream(o Object, limit int64, into *bytes.Buffer) ([]byte, error) {
	ref, ok := o.(Ref)
	if !ok {
		return nil, errNotMerged
	}
	obj, data, err := m.object(ref)
	if err != nil {
		return nil, err
	}
	s, ok := obj.(Stream)
	if !ok || s.Dict["DecodeParms"] != nil || s.Dict["F"] != nil {
		return nil, errNotMerged
	}
	filter := s.Dict["Filter"]
	if a, ok := filter.(Array); ok && len(a) == 1 {
		filter = a[0]
	}
	into.Reset()
	in := io.Reader(bytes.NewReader(data))
	switch filter {
	case nil:
	case Name("FlateDecode"):
		z := m.l.merge.unzip
		if z == nil {
			z, err = zlib.NewReader(in)
			m.l.merge.unzip = z
		} else {
			err = z.(zlib.Resetter).Reset(in, nil)
		}
		if err != nil {
			return nil, errNotMerged
		}
		in = z
	default:
		return nil, errNotMerged
	}
	if n, err := io.Copy(into, io.LimitReader(in, limit+1)); err != nil || n > limit {
		return nil, errNotMerged
	}
	return into.Bytes(), nil
}

func (m *fontMerge) font(idx int, num uint32) error {
	f, err := m.dict(Ref(idx + 1))
	if err != nil {
		return err
	}
	if f["Type"] != Name("Font") {
		return errNotMerged
	}
	switch f["Subtype"] {
	case Name("TrueType"):
		return m.simple(f, num)
	case Name("Type0"):
		return m.composite(f, num)
	}
	return errNotMerged
}

// program reads a font's descriptor and the program that it names.
func (m *fontMerge) program(descriptor Object) (*truetype.Source, Dict, error) {
	d, err := m.dict(descriptor)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := d["FontName"].(Name); !ok || d["FontFile2"] == nil {
		return nil, nil, errNotMerged
	}
	b, err := m.stream(d["FontFile2"], maxFontFile, &m.l.merge.program)
	if err != nil {
		return nil, nil, err
	}
	f, err := truetype.Open(b)
	if err != nil {
		return nil, nil, errNotMerged
	}
	s, err := f.Source()
	if err != nil {
		return nil, nil, errNotMerged
	}
	return s, d, nil
}

// union puts the glyphs of a program into the union of its face, and gives that
// and the map to them.
func (m *fontMerge) union(s *truetype.Source, d Dict, glyphs []int) (*union, []byte, error) {
	rest := Dict{}
	for k, v := range d {
		switch k {
		case "FontName", "FontFile2", "CIDSet", "CharSet":
		default:
			rest[k] = v
		}
	}
	name := d["FontName"].(Name)
	if subsetName.MatchString(string(name)) {
		name = name[len("ABCDEF+"):] // not all writers put a tag before it
	}
	u, err := m.l.union(s, name, rest)
	if err != nil {
		return nil, nil, err
	}
	before := u.Bytes()
	numbers, err := u.Add(s, glyphs)
	m.l.merge.bytes += u.Bytes() - before
	if err != nil {
		return nil, nil, errNotMerged
	}
	return u, glyphMap(numbers), nil
}

// glyphMap is the data of a CIDToGIDMap: two bytes for each number. What it does
// not have is glyph 0.
func glyphMap(numbers []int) []byte {
	const least = 2
	b := make([]byte, 0, max(2*len(numbers), least))
	last := least
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		if n != 0 {
			last = len(b)
		}
	}
	return b[:last]
}

// simple turns a simple TrueType font into a composite one.
func (m *fontMerge) simple(f Dict, num uint32) error {
	if f["Encoding"] != nil {
		return errNotMerged
	}
	first, ok1 := f["FirstChar"].(Int)
	if !ok1 || first < 0 || first > 255 {
		return errNotMerged
	}
	o, err := m.resolve(f["Widths"])
	if err != nil {
		return err
	}
	widths, ok := o.(Array)
	if !ok || len(widths) > 256 {
		return errNotMerged
	}
	for _, w := range widths {
		if !isNumber(w) {
			return errNotMerged
		}
	}
	program, descriptor, err := m.program(f["FontDescriptor"])
	if err != nil {
		return err
	}
	if flags, _ := descriptor["Flags"].(Int); flags&4 == 0 { // not symbolic
		return errNotMerged
	}
	codes, ok := program.ByteCodes()
	if !ok {
		return errNotMerged
	}
	cid := Dict{"Type": Name("Font"), "Subtype": Name("CIDFontType2"), "W": Array{first, widths},
		"CIDSystemInfo": Dict{"Registry": String("Adobe"), "Ordering": String("Identity"), "Supplement": Int(0)}}
	cid["DW"] = Int(0)
	if w := descriptor["MissingWidth"]; w != nil {
		if !isNumber(w) {
			return errNotMerged
		}
		cid["DW"] = w
	}
	u, table, err := m.union(program, descriptor, codes[:])
	if err != nil {
		return err
	}
	if m.l.merge.oneByte == 0 {
		if err := m.l.writeOneByteCMap(); err != nil {
			return err
		}
	}
	return m.write(f, cid, u, table, fileRef(m.l.merge.oneByte), num)
}

func isNumber(o Object) bool {
	switch o.(type) {
	case Int, Real:
		return true
	}
	return false
}

// composite gives a composite font another map to glyphs.
func (m *fontMerge) composite(f Dict, num uint32) error {
	if f["Encoding"] != Name("Identity-H") {
		return errNotMerged
	}
	below, err := m.resolve(f["DescendantFonts"])
	if err != nil {
		return err
	}
	kids, _ := below.(Array)
	if len(kids) != 1 {
		return errNotMerged
	}
	cid, err := m.dict(kids[0])
	if err != nil {
		return err
	}
	if cid["Subtype"] != Name("CIDFontType2") {
		return errNotMerged
	}
	program, descriptor, err := m.program(cid["FontDescriptor"])
	if err != nil {
		return err
	}
	var glyphs []int // by CID
	switch c := cid["CIDToGIDMap"]; c {
	case nil, Name("Identity"):
		glyphs = make([]int, program.Glyphs())
		for i := range glyphs {
			glyphs[i] = i
		}
	default:
		b, err := m.stream(c, 1<<17, new(bytes.Buffer))
		if err != nil {
			return err
		}
		glyphs = make([]int, len(b)/2)
		for i := range glyphs {
			if glyphs[i] = int(binary.BigEndian.Uint16(b[2*i:])); glyphs[i] >= program.Glyphs() {
				return errNotMerged
			}
		}
	}
	u, table, err := m.union(program, descriptor, glyphs)
	if err != nil {
		return err
	}
	return m.write(f, cid, u, table, Name("Identity-H"), num)
}

// write writes the Type0 font as object num, its CIDFont and the map to glyphs.
func (m *fontMerge) write(f, cid Dict, u *union, table []byte, encoding Object, num uint32) error {
	// Nothing may fail once there are numbers, so all is tried before.
	try := encoder{number: func(r Ref) (int, error) {
		if r < 1 || int(r) > len(m.st.objs) {
			return 0, errNotMerged
		}
		return int(r), nil
	}}
	if err := (Dict{"CIDFont": cid}).encode(&try); err != nil {
		return errNotMerged
	}
	if to := f["ToUnicode"]; to != nil && to.encode(&try) != nil {
		return errNotMerged
	}
	l := m.l
	mapNum, err := l.offs.alloc()
	if err != nil {
		return err
	}
	cidNum, err := l.offs.alloc()
	if err != nil {
		return err
	}
	own := Dict{}
	for k, v := range cid {
		own[k] = v
	}
	own["BaseFont"] = u.name
	own["CIDToGIDMap"] = fileRef(mapNum)
	own["FontDescriptor"] = fileRef(u.num)
	top := Dict{"Type": Name("Font"), "Subtype": Name("Type0"), "BaseFont": u.name, "Encoding": encoding, "DescendantFonts": Array{fileRef(cidNum)}}
	if to := f["ToUnicode"]; to != nil {
		top["ToUnicode"] = to
	}
	// Both are made before either is written, since either may still need
	// numbers for what they refer to.
	var texts [2][]byte
	for i, d := range []Dict{top, own} {
		e := encoder{number: func(r Ref) (int, error) {
			n, err := l.number(m.src, nil, int(r))
			return int(n), err
		}}
		if err := d.encode(&e); err != nil {
			return err
		}
		texts[i] = e.buf
	}
	for i, n := range []uint32{num, cidNum} {
		if err := l.begin(n); err != nil {
			return err
		}
		l.out.Write(texts[i]) //nolint:errcheck // the sink keeps its error
		l.out.text("\nendobj\n")
	}
	l.merge.merged++
	return l.writeStream(mapNum, Dict{}, table)
}

// writeStream writes a stream, compressed unless it is short.
func (l *Linker) writeStream(num uint32, d Dict, data []byte) error {
	if len(data) > 256 {
		z := &l.merge.packed
		z.Reset()
		if l.merge.zlib == nil {
			l.merge.zlib = zlib.NewWriter(z)
		} else {
			l.merge.zlib.Reset(z)
		}
		if _, err := l.merge.zlib.Write(data); err != nil {
			return err
		}
		if err := l.merge.zlib.Close(); err != nil {
			return err
		}
		if z.Len() < len(data) {
			d["Filter"] = Name("FlateDecode")
			data = z.Bytes()
		}
	}
	if err := l.begin(num); err != nil {
		return err
	}
	e := encoder{}
	if err := (Stream{Dict: d, Data: data}).encode(&e); err != nil {
		return err
	}
	l.out.Write(e.buf) //nolint:errcheck // the sink keeps its error
	l.out.Write(data)  //nolint:errcheck // the sink keeps its error
	l.out.text(streamTail + "\nendobj\n")
	return l.out.err
}

// writeOneByteCMap writes the CMap with which codes of one byte are CIDs (Adobe
// technical note 5014).
func (l *Linker) writeOneByteCMap() error {
	num, err := l.offs.alloc()
	if err != nil {
		return err
	}
	l.merge.oneByte = num
	info := Dict{"Registry": String("Adobe"), "Ordering": String("Identity"), "Supplement": Int(0)}
	return l.writeStream(num, Dict{"Type": Name("CMap"), "CMapName": Name("PGOneByte"), "CIDSystemInfo": info, "WMode": Int(0)}, []byte(`/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo 3 dict dup begin
/Registry (Adobe) def
/Ordering (Identity) def
/Supplement 0 def
end def
/CMapName /PGOneByte def
/CMapType 1 def
/WMode 0 def
1 begincodespacerange
<00> <FF>
endcodespacerange
1 begincidrange
<00> <FF> 0
endcidrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end
`))
}

// union finds the union of a face, and begins one when there is none with
// room for the program.
func (l *Linker) union(s *truetype.Source, name Name, descriptor Dict) (*union, error) {
	e := encoder{} // without numbers: a descriptor with references is not merged
	if err := (Array{name, descriptor}).encode(&e); err != nil {
		return nil, errNotMerged
	}
	face, ok := s.Face()
	if !ok {
		return nil, errNotMerged
	}
	key := digest(sha256.Sum256(append(face[:], e.buf...)))

	// More than this it cannot grow.
	size := s.UnionBytes()
	u := l.merge.unions[key]
	if u != nil && (u.Glyphs()+s.Glyphs() > unionGlyphs || u.Bytes()+size > unionBytes) {
		if err := l.closeUnion(u); err != nil {
			return nil, err
		}
		u = nil
	}
	if s.Glyphs() > unionGlyphs || size > unionBytes {
		return nil, errNotMerged
	}
	for len(l.merge.order) > 0 && (l.merge.bytes+size > l.merge.limit || u == nil && len(l.merge.order) >= maxUnions) {
		oldest := l.merge.order[0]
		if oldest == u {
			u = nil
		}
		if err := l.closeUnion(oldest); err != nil {
			return nil, err
		}
	}
	if u != nil {
		return u, nil
	}
	num, err := l.offs.alloc()
	if err != nil {
		return nil, err
	}
	tag := [7]byte{'P', 'G', 0, 0, 0, 0, '+'}
	for i, n := 5, l.merge.begun; i > 1; i-- {
		tag[i] = 'A' + byte(n%26)
		n /= 26
	}
	l.merge.begun++
	u = &union{Union: truetype.NewUnion(s), key: key, num: num, name: Name(tag[:]) + name, descriptor: descriptor}
	l.merge.bytes += u.Bytes()
	if l.merge.unions == nil {
		l.merge.unions = make(map[digest]*union)
	}
	l.merge.unions[key] = u
	l.merge.order = append(l.merge.order, u)
	return u, nil
}

// closeUnion writes a union's program and descriptor.
func (l *Linker) closeUnion(u *union) error {
	m := &l.merge
	delete(m.unions, u.key)
	for i, o := range m.order {
		if o == u {
			m.order = append(m.order[:i], m.order[i+1:]...)
			break
		}
	}
	m.bytes -= u.Bytes()
	program := u.Program()

	num, err := l.offs.alloc()
	if err != nil {
		return err
	}
	if err := l.writeStream(num, Dict{"Length1": Int(len(program))}, program); err != nil {
		return err
	}
	u.descriptor["FontName"] = u.name
	u.descriptor["FontFile2"] = fileRef(num)
	e := encoder{}
	if err := u.descriptor.encode(&e); err != nil {
		return err
	}
	if err := l.begin(u.num); err != nil {
		return err
	}
	l.out.Write(e.buf) //nolint:errcheck // the sink keeps its error
	l.out.text("\nendobj\n")
	return l.out.err
}

// Pending is at most how many bytes Close will write for merged fonts, which are
// not in the file before. It is for callers that keep a file below a limit.
func (l *Linker) Pending() int64 {
	const frame = 4 << 10 // descriptor, small tables, objects
	return int64(l.merge.bytes + frame*len(l.merge.order))
}

// closeUnions writes all unions, at the end of the file.
func (l *Linker) closeUnions() error {
	for len(l.merge.order) > 0 {
		if err := l.closeUnion(l.merge.order[0]); err != nil {
			return fmt.Errorf("merged font: %w", err)
		}
	}
	return nil
}
