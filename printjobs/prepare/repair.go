package prepare

import (
	"bytes"
	"encoding/hex"
	"math"
	"regexp"
	"strconv"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// maxObjectNumber bounds the object numbers that are believed (ISO 32000-1
// annex C).
const maxObjectNumber = 8 << 20

// maxSalvaged bounds the objects found in one file, so that a file made of
// nothing else costs bounded memory.
const maxSalvaged = 2 << 20

// salvage reads a document without its cross-reference table, as viewers do
// when that is broken: it looks for the objects, in the file and then in
// object streams; of an object defined more than once the last counts. Syntax
// is read leniently: what is missing at the end of a dictionary, array or
// stream is added, what is no object is passed over. It decrypts what opens
// without a password.
type salvage struct {
	file     []byte
	limits   Limits
	found    []foundObject // in the order of the file
	trailers []types.Dict  // in the order of the file
	table    map[int]*model.XRefTableEntry
	unpacked map[int]bool // numbers of objects from object streams
	next     int          // a number that is free
	endless  bool         // no stream from here on says where it ends
	// damaged holds the numbers of streams whose data are cut off.
	damaged map[int]bool
	// behind is how many objects were found before the last trailer.
	behind int
	// partial is the number of the object in which the file ends; 0: none.
	partial int
}

func newSalvage(file []byte, limits Limits) *salvage {
	return &salvage{file: file, limits: limits, table: map[int]*model.XRefTableEntry{}, unpacked: map[int]bool{}, damaged: map[int]bool{}}
}

type foundObject struct {
	number, generation int
	value              types.Object
	data               int  // where the data of a stream begin; 0: no stream
	end                int  // where they end, if its Length is wrong
	cut                bool // the file ends within them, or something in the object was never written
}

// salvagedFile is what was found in a file.
type salvagedFile struct {
	ctx       *model.Context
	encrypted bool
	damaged   map[int]bool // numbers of objects that are not whole
}

// salvaged returns the document as it can be read by looking for its objects.
// code is why that gives none: CodeUnreadable, CodeTruncated, CodeEncrypted (it
// needs a password) or CodePrintingForbidden.
func salvaged(file []byte, limits Limits) (found salvagedFile, code string) {
	v := newSalvage(file, limits)
	if found.encrypted, code = v.read(); code != "" {
		return found, code
	}
	if v.unfinished() {
		return found, CodeTruncated
	}
	root, ok := v.root()
	if !ok {
		return found, CodeUnreadable
	}
	found.ctx = &model.Context{XRefTable: &model.XRefTable{Table: v.table, Root: &root}}
	found.damaged = v.damaged
	return found, ""
}

// unfinished reports a file that ends in the middle of an update: behind its
// last trailer it defines objects anew, or has more than the trailer knows of,
// and no trailer of theirs. What else the update would have changed cannot be
// known.
func (v *salvage) unfinished() bool {
	if len(v.trailers) == 0 || !cutShort(v.file) {
		return false
	}
	size, _ := v.resolve(v.trailers[len(v.trailers)-1]["Size"]).(types.Integer)
	before := map[int]bool{}
	for _, f := range v.found[:v.behind] {
		before[f.number] = true
	}
	anew := func(number int) bool { return before[number] || size > 0 && number >= int(size) }
	for _, f := range v.found[v.behind:] {
		if anew(f.number) {
			return true
		}
	}
	return v.partial > 0 && anew(v.partial)
}

// findHidden adds the objects of a hybrid file that its table calls free and
// only its cross-reference stream knows (ISO 32000-1 7.5.8.4): pdfcpu leaves
// them out.
func (s *source) findHidden(file []byte) {
	v := newSalvage(file, s.limits)
	if _, code := v.read(); code != "" {
		return
	}
	for number := range v.unpacked {
		if entry := s.ctx.Table[number]; entry == nil || entry.Free {
			s.ctx.Table[number] = v.table[number]
		}
	}
}

// read finds and decrypts all objects of the file.
func (v *salvage) read() (encrypted bool, code string) {
	v.scan()
	if len(v.found) == 0 {
		return false, CodeUnreadable
	}
	for _, f := range v.found {
		v.set(f.number, f.value)
	}
	for _, f := range v.found {
		// Lengths may stand in objects of their own, which are known by now.
		v.set(f.number, v.stream(f))
		delete(v.damaged, f.number)
		if f.cut {
			v.damaged[f.number] = true
		}
	}
	d, encrypted := v.encryption()
	switch {
	case encrypted && !d.opens:
		return true, CodeEncrypted
	case encrypted && !d.printing:
		return true, CodePrintingForbidden
	case encrypted:
		v.decrypt(d)
	}
	v.unpack()
	return encrypted, ""
}

func (v *salvage) set(number int, o types.Object) {
	generation := 0
	v.table[number] = &model.XRefTableEntry{Object: o, Generation: &generation}
	v.next = max(v.next, number+1)
}

// add gives an object that the file holds within another a number of its own.
func (v *salvage) add(o types.Object) types.IndirectRef {
	number := max(v.next, 1)
	v.set(number, o)
	return *types.NewIndirectRef(number, 0)
}

func (v *salvage) resolve(o types.Object) types.Object {
	for range 32 {
		ref, ok := o.(types.IndirectRef)
		if !ok {
			return o
		}
		entry := v.table[ref.ObjectNumber.Value()]
		if entry == nil {
			return nil
		}
		o = entry.Object
	}
	return nil
}

func (v *salvage) dict(o types.Object) types.Dict {
	switch d := v.resolve(o).(type) {
	case types.Dict:
		return d
	case types.StreamDict:
		return d.Dict
	}
	return nil
}

func (v *salvage) name(o types.Object) string {
	n, _ := v.resolve(o).(types.Name)
	return string(n)
}

var (
	wordObj     = []byte("obj")
	wordTrailer = []byte("trailer")
	wordEnd     = []byte("endstream")
	wordEndObj  = []byte("endobj")
)

// scan finds the objects and trailers of the file.
func (v *salvage) scan() {
	at, trailer := 0, bytes.Index(v.file, wordTrailer)
	for len(v.found) < maxSalvaged {
		i := bytes.Index(v.file[at:], wordObj)
		if trailer >= 0 && (i < 0 || trailer < at+i) {
			if trailer >= at && !v.inComment(at, trailer) {
				p := &lenient{data: v.file, pos: trailer + len(wordTrailer)}
				if d, ok := p.value().(types.Dict); ok {
					v.trailers, v.behind = append(v.trailers, d), len(v.found)
				}
				at = max(p.pos, trailer+len(wordTrailer))
			} else {
				at = max(at, trailer+len(wordTrailer))
			}
			if trailer = bytes.Index(v.file[at:], wordTrailer); trailer >= 0 {
				trailer += at
			}
			continue
		}
		if i < 0 {
			return
		}
		i += at
		from := at
		at = i + len(wordObj)
		number, generation, ok := headBefore(v.file, i)
		if !ok || v.inComment(from, i) {
			continue
		}
		p := &lenient{data: v.file, pos: at}
		value, ok := p.object(0)
		at = max(at, p.pos)
		if p.skip(); p.pos >= len(v.file) {
			v.partial = number
			continue // cut off: nothing tells that this is all of it
		}
		if !ok {
			continue // what was there before counts
		}
		f := foundObject{number: number, generation: generation, value: value}
		f.cut = bytes.Contains(v.file[i:p.pos], hole) // what stood there is lost
		if d, ok := f.value.(types.Dict); ok && p.keyword("stream") {
			var cut bool
			f.data, f.end, cut = v.streamData(p.pos, d)
			f.cut, at = f.cut || cut, f.end
			if v.isXRef(d) {
				v.trailers, v.behind = append(v.trailers, d), len(v.found)+1
			}
		}
		v.found = append(v.found, f)
	}
}

// inComment reports whether a word of the file stands in a comment; what lies
// before from is no text.
func (v *salvage) inComment(from, at int) bool {
	line := v.file[from:at]
	if i := bytes.LastIndexAny(line, "\r\n"); i >= 0 {
		line = line[i+1:]
	}
	return bytes.IndexByte(line, '%') >= 0 && !bytes.HasPrefix(line, []byte("%PDF-"))
}

func (v *salvage) isXRef(d types.Dict) bool { n, _ := d["Type"].(types.Name); return n == "XRef" }

// headBefore reads the object and generation number that end before the
// keyword obj at i.
func headBefore(file []byte, i int) (number, generation int, ok bool) {
	back := func(end int) (value, start int, ok bool) {
		for end > 0 && isSpace(file[end-1]) {
			end--
		}
		start = end
		for start > 0 && end-start < 10 && file[start-1] >= '0' && file[start-1] <= '9' {
			start--
		}
		value, err := strconv.Atoi(string(file[start:end]))
		return value, start, err == nil
	}
	generation, at, ok := back(i)
	if !ok || at == 0 || !isSpace(file[at-1]) {
		return 0, 0, false
	}
	number, _, ok = back(at)
	return number, generation, ok && number > 0 && number <= maxObjectNumber
}

// streamData returns where the data of a stream begin and end, at being behind
// the keyword: by its Length if that is a number and right, else by the next
// endstream. cut reports that the file ends within them.
func (v *salvage) streamData(at int, d types.Dict) (start, end int, cut bool) {
	if at < len(v.file) && v.file[at] == '\r' {
		at++
	}
	if at < len(v.file) && v.file[at] == '\n' {
		at++
	}
	if n, ok := d["Length"].(types.Integer); ok {
		if end, ok := v.endsAt(at, int(n)); ok {
			return at, end, false
		}
	}
	rest := v.file[at:]
	end = -1
	if !v.endless {
		end = bytes.Index(rest, wordEnd)
	}
	if end < 0 {
		v.endless = true // no need to look again
		if end = bytes.Index(rest, wordEndObj); end < 0 {
			if n, ok := d["Length"].(types.Integer); ok && n >= 0 && int(n) <= len(rest) {
				return at, at + int(n), false // only the words behind them are missing
			}
			return at, len(v.file), true
		}
	}
	return at, at + len(bytes.TrimSuffix(bytes.TrimSuffix(rest[:end], []byte("\n")), []byte("\r"))), false
}

// endsAt tells whether a stream that begins at start is n bytes long.
func (v *salvage) endsAt(start, n int) (end int, ok bool) {
	if n < 0 || n > len(v.file)-start {
		return 0, false
	}
	end = start + n
	after := v.file[end:min(end+16, len(v.file))]
	return end, bytes.HasPrefix(bytes.TrimLeft(after, "\x00\t\n\f\r "), wordEnd)
}

// stream returns the value of a found object, with its data if it is a stream.
func (v *salvage) stream(f foundObject) types.Object {
	d, ok := f.value.(types.Dict)
	if !ok || f.data == 0 {
		return f.value
	}
	end := f.end
	if ref, ok := d["Length"].(types.IndirectRef); ok {
		if n, ok := v.resolve(ref).(types.Integer); ok {
			if e, ok := v.endsAt(f.data, int(n)); ok {
				end = e
			}
		}
	}
	sd := types.StreamDict{Dict: d, Raw: v.file[f.data:end]}
	sd.FilterPipeline = v.filters(d)
	return sd
}

func (v *salvage) filters(d types.Dict) (pipeline []types.PDFFilter) {
	names, ok := v.resolve(d["Filter"]).(types.Array)
	if !ok {
		names = types.Array{d["Filter"]}
	}
	params, ok := v.resolve(d["DecodeParms"]).(types.Array)
	if !ok {
		params = types.Array{d["DecodeParms"]}
	}
	for i, n := range names {
		f := types.PDFFilter{Name: v.name(n)}
		if long, ok := filterNames[f.Name]; ok {
			f.Name = long
		}
		if f.Name == "" {
			continue
		}
		if i < len(params) {
			f.DecodeParms = v.dict(params[i])
		}
		pipeline = append(pipeline, f)
	}
	return pipeline
}

// filterNames are the short names of filters, which belong into inline images
// only but are understood everywhere.
var filterNames = map[string]string{
	"A85": "ASCII85Decode", "AHx": "ASCIIHexDecode", "CCF": "CCITTFaxDecode", "DCT": "DCTDecode",
	"Fl": "FlateDecode", "LZW": "LZWDecode", "RL": "RunLengthDecode",
}

// unpack adds what lies in object streams. An object that an update after the
// object stream defined anew stays as that says.
func (v *salvage) unpack() {
	later := map[int]bool{}
	for i := len(v.found) - 1; i >= 0; i-- {
		f := v.found[i]
		entry := v.table[f.number]
		sd, ok := entry.Object.(types.StreamDict)
		if !ok || v.name(sd.Dict["Type"]) != "ObjStm" || later[f.number] {
			later[f.number] = true
			continue
		}
		later[f.number] = true
		data, state, ok := decodeStream(sd, v.limits.MaxContentBytes)
		if !ok || state >= cutOff || state == altered && sumsAreRight(v.table, v.limits.MaxContentBytes) {
			continue // what of it can be decoded may be wrong as well
		}
		first, _ := v.resolve(sd.Dict["First"]).(types.Integer)
		count, _ := v.resolve(sd.Dict["N"]).(types.Integer)
		index := &lenient{data: data}
		for range min(int(count), maxObjectNumber) {
			number, ok1 := index.value().(types.Integer)
			offset, ok2 := index.value().(types.Integer)
			if !ok1 || !ok2 || len(v.table) > maxSalvaged {
				break
			}
			at := int(first) + int(offset)
			if number < 1 || number > maxObjectNumber || later[int(number)] || at < 0 || at >= len(data) {
				continue
			}
			later[int(number)] = true
			p := &lenient{data: data, pos: at}
			v.set(int(number), p.value())
			v.unpacked[int(number)] = true
		}
	}
}

// root finds the catalog: what the last trailer says, else the last object
// that says to be one.
func (v *salvage) root() (types.IndirectRef, bool) {
	for i := len(v.trailers) - 1; i >= 0; i-- {
		root := v.trailers[i]["Root"]
		d := v.dict(root)
		if d["Pages"] == nil {
			continue
		}
		if ref, ok := root.(types.IndirectRef); ok {
			return v.placed(ref, d), true
		}
		return v.add(d), true
	}
	last := 0
	for number, entry := range v.table {
		if d, ok := entry.Object.(types.Dict); ok && d["Pages"] != nil && v.name(d["Type"]) == "Catalog" && number > last {
			last = number
		}
	}
	for i := len(v.found) - 1; i >= 0; i-- {
		ref := *types.NewIndirectRef(v.found[i].number, 0)
		if d := v.dict(ref); d["Pages"] != nil && v.name(d["Type"]) == "Catalog" {
			return v.placed(ref, d), true
		}
	}
	return *types.NewIndirectRef(last, 0), last > 0
}

// placed gives a reference to a catalog that pdfcpu takes: to the dictionary
// itself, not to a reference or a stream, which damaged files have there.
func (v *salvage) placed(ref types.IndirectRef, d types.Dict) types.IndirectRef {
	if entry := v.table[ref.ObjectNumber.Value()]; entry != nil {
		if _, ok := entry.Object.(types.Dict); ok {
			return ref
		}
	}
	return v.add(d)
}

// lenient reads objects and never fails.
type lenient struct {
	data []byte
	pos  int
}

// value reads the next object; nil stands for null and for what is none.
func (p *lenient) value() types.Object {
	o, _ := p.object(0)
	return o
}

// skip passes white space and comments.
func (p *lenient) skip() {
	t := tokens{data: p.data, pos: p.pos}
	t.skipSpace()
	p.pos = t.pos
}

// word returns the run of regular characters at the present place.
func (p *lenient) word() []byte {
	end := p.pos
	for end < len(p.data) && isRegular(p.data[end]) {
		end++
	}
	return p.data[p.pos:end]
}

// keyword passes a word if it comes next.
func (p *lenient) keyword(word string) bool {
	p.skip()
	if !bytes.HasPrefix(p.data[p.pos:], []byte(word)) {
		return false
	}
	p.pos += len(word)
	return true
}

// ends tells whether an object ends here at the latest: what follows belongs
// to the file, not to the object.
func (p *lenient) ends() bool {
	if p.pos >= len(p.data) {
		return true
	}
	switch string(p.word()) {
	case "endobj", "stream", "endstream", "obj", "xref", "trailer", "startxref":
		return true
	}
	return false
}

// object reads an object. ok is false when there was none, and something that
// is no object was passed unless the object around it ends here.
func (p *lenient) object(depth int) (o types.Object, ok bool) {
	p.skip()
	if p.ends() || depth > maxTreeDepth {
		return nil, false
	}
	c := p.data[p.pos]
	switch {
	case c == '/':
		return p.readName(), true
	case c == '(':
		t := tokens{data: p.data[:min(len(p.data), p.pos+maxString)], pos: p.pos}
		t.skipString()
		text := p.data[p.pos+1 : t.pos]
		if t.pos == len(t.data) {
			// Not closed: it ends with its object at the latest.
			if i := bytes.Index(text, wordEndObj); i >= 0 {
				t.pos, text = p.pos+1+i, text[:i]
			}
		}
		p.pos = t.pos
		text = bytes.TrimSuffix(text, []byte(")"))
		return types.HexLiteral(hex.EncodeToString(unescape(string(text)))), true
	case c == '<' && p.pos+1 < len(p.data) && p.data[p.pos+1] == '<':
		return p.readDict(depth), true
	case c == '<':
		end := p.pos + 1
		for end < len(p.data) && (isSpace(p.data[end]) || isHex(p.data[end])) {
			end++
		}
		text := p.data[p.pos+1 : end]
		if end < len(p.data) && p.data[end] == '>' {
			end++
		}
		p.pos = end
		return types.HexLiteral(hex.EncodeToString(unhex(string(text)))), true
	case c == '[':
		return p.readArray(depth), true
	case startsNumber(c):
		return p.readNumber(), true
	case isRegular(c):
		word := string(p.word())
		p.pos += len(word)
		switch word {
		case "true":
			return types.Boolean(true), true
		case "false":
			return types.Boolean(false), true
		case "null":
			return nil, true
		}
		return nil, false
	}
	p.pos++ // a stray delimiter
	return nil, false
}

// maxString bounds how far the end of a string is looked for, in bytes.
const maxString = 1 << 20

func isHex(c byte) bool { _, ok := hexDigit(c); return ok }

func (p *lenient) readName() types.Name {
	t := tokens{data: p.data}
	end := p.pos + 1
	for end < len(p.data) && isRegular(p.data[end]) {
		end++
	}
	name := t.nameOf(operand{start: p.pos, end: end})
	p.pos = end
	return types.Name(name)
}

// readNumber reads a number, or a reference if two more words make it one.
func (p *lenient) readNumber() types.Object {
	t := tokens{data: p.data, pos: p.pos}
	word := p.word()
	value := t.readNumber()
	whole := bytes.IndexByte(p.data[p.pos:t.pos], '.') < 0
	if t.pos == p.pos {
		t.pos++
	}
	p.pos = t.pos
	if !whole || math.Abs(value) > math.MaxInt32 {
		return types.Float(value)
	}
	if ref := reference.FindSubmatch(p.data[p.pos:min(p.pos+40, len(p.data))]); ref != nil && len(word) > 0 && word[0] >= '0' && word[0] <= '9' && value <= maxObjectNumber {
		p.pos += len(ref[1])
		return *types.NewIndirectRef(int(value), 0)
	}
	return types.Integer(int(value))
}

// reference is what follows the number of an object that is referred to.
var reference = regexp.MustCompile(`^([\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+R)(?:[^0-9A-Za-z]|$)`)

func (p *lenient) readArray(depth int) types.Array {
	p.pos++
	a := types.Array{}
	for {
		p.skip()
		if p.ends() {
			return a
		}
		switch p.data[p.pos] {
		case ']':
			p.pos++
			return a
		case '>':
			if bytes.HasPrefix(p.data[p.pos:], []byte(">>")) {
				return a // the end of the dictionary around it
			}
		}
		if depth >= maxTreeDepth {
			p.pos++
			continue
		}
		if o, ok := p.object(depth + 1); ok {
			a = append(a, o)
		}
	}
}

func (p *lenient) readDict(depth int) types.Dict {
	p.pos += 2
	d := types.Dict{}
	for {
		p.skip()
		if p.ends() {
			return d
		}
		switch {
		case bytes.HasPrefix(p.data[p.pos:], []byte(">>")):
			p.pos += 2
			return d
		case p.data[p.pos] != '/' || depth >= maxTreeDepth:
			if depth >= maxTreeDepth {
				p.pos++
			} else {
				p.object(depth + 1) // nothing that a dictionary can hold without a key
			}
			continue
		}
		key := p.readName()
		p.skip()
		if p.ends() || bytes.HasPrefix(p.data[p.pos:], []byte(">>")) {
			continue
		}
		if o, ok := p.object(depth + 1); ok && o != nil {
			d[string(key)] = o
		}
	}
}
