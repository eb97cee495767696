package read

import (
	"bytes"
	"strconv"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/prepare/filter"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/syntax"
)

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
	Ctx       *model.Context
	Encrypted bool
	damaged   map[int]bool // numbers of objects that are not whole
}

// Salvage returns the document as it can be read by looking for its objects.
// code is why that gives none: CodeUnreadable, CodeTruncated, CodeEncrypted (it
// needs a password) or CodePrintingForbidden.
func Salvage(file []byte, limits Limits) (found salvagedFile, code string) {
	v := newSalvage(file, limits)
	if found.Encrypted, code = v.read(); code != "" {
		return found, code
	}
	if v.unfinished() {
		return found, finding.CodeTruncated
	}
	root, ok := v.root()
	if !ok {
		return found, finding.CodeUnreadable
	}
	found.Ctx = &model.Context{XRefTable: &model.XRefTable{Table: v.table, Root: &root}}
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
func (s *Document) findHidden(file []byte) {
	v := newSalvage(file, s.Limits)
	if _, code := v.read(); code != "" {
		return
	}
	for number := range v.unpacked {
		if entry := s.Ctx.Table[number]; entry == nil || entry.Free {
			s.Ctx.Table[number] = v.table[number]
		}
	}
}

// read finds and decrypts all objects of the file.
func (v *salvage) read() (encrypted bool, code string) {
	v.scan()
	if len(v.found) == 0 {
		return false, finding.CodeUnreadable
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
		return true, finding.CodeEncrypted
	case encrypted && !d.printing:
		return true, finding.CodePrintingForbidden
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

// scan finds the objects and trailers of the file.
func (v *salvage) scan() {
	at, trailer := 0, bytes.Index(v.file, syntax.WordTrailer)
	for len(v.found) < maxSalvaged {
		i := bytes.Index(v.file[at:], syntax.WordObj)
		if trailer >= 0 && (i < 0 || trailer < at+i) {
			if trailer >= at && !v.inComment(at, trailer) {
				p := &syntax.ObjectReader{Data: v.file, Pos: trailer + len(syntax.WordTrailer)}
				if d, ok := p.Value().(types.Dict); ok {
					v.trailers, v.behind = append(v.trailers, d), len(v.found)
				}
				at = max(p.Pos, trailer+len(syntax.WordTrailer))
			} else {
				at = max(at, trailer+len(syntax.WordTrailer))
			}
			if trailer = bytes.Index(v.file[at:], syntax.WordTrailer); trailer >= 0 {
				trailer += at
			}
			continue
		}
		if i < 0 {
			return
		}
		i += at
		from := at
		at = i + len(syntax.WordObj)
		number, generation, ok := headBefore(v.file, i)
		if !ok || v.inComment(from, i) {
			continue
		}
		p := &syntax.ObjectReader{Data: v.file, Pos: at}
		value, ok := p.Object(0)
		at = max(at, p.Pos)
		if p.Skip(); p.Pos >= len(v.file) {
			v.partial = number
			continue // cut off: nothing tells that this is all of it
		}
		if !ok {
			continue // what was there before counts
		}
		f := foundObject{number: number, generation: generation, value: value}
		f.cut = bytes.Contains(v.file[i:p.Pos], syntax.Hole) // what stood there is lost
		if d, ok := f.value.(types.Dict); ok && p.Keyword("stream") {
			var cut bool
			f.data, f.end, cut = v.streamData(p.Pos, d)
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
		for end > 0 && syntax.IsSpace(file[end-1]) {
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
	if !ok || at == 0 || !syntax.IsSpace(file[at-1]) {
		return 0, 0, false
	}
	number, _, ok = back(at)
	return number, generation, ok && number > 0 && number <= syntax.MaxObjectNumber
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
		end = bytes.Index(rest, syntax.WordEnd)
	}
	if end < 0 {
		v.endless = true // no need to look again
		if end = bytes.Index(rest, syntax.WordEndObj); end < 0 {
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
	return end, bytes.HasPrefix(bytes.TrimLeft(after, "\x00\t\n\f\r "), syntax.WordEnd)
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

// InlineFilters are those of a stream whose dictionary refers to nothing.
func InlineFilters(d types.Dict) []types.PDFFilter { return new(salvage).filters(d) }

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
		data, state, ok := filter.DecodeStream(sd, v.limits.MaxContentBytes)
		if !ok || state >= filter.CutOff || state == filter.Altered && sumsAreRight(v.table, v.limits.MaxContentBytes) {
			continue // what of it can be decoded may be wrong as well
		}
		first, _ := v.resolve(sd.Dict["First"]).(types.Integer)
		count, _ := v.resolve(sd.Dict["N"]).(types.Integer)
		index := &syntax.ObjectReader{Data: data}
		for range min(int(count), syntax.MaxObjectNumber) {
			number, ok1 := index.Value().(types.Integer)
			offset, ok2 := index.Value().(types.Integer)
			if !ok1 || !ok2 || len(v.table) > maxSalvaged {
				break
			}
			at := int(first) + int(offset)
			if number < 1 || number > syntax.MaxObjectNumber || later[int(number)] || at < 0 || at >= len(data) {
				continue
			}
			later[int(number)] = true
			p := &syntax.ObjectReader{Data: data, Pos: at}
			v.set(int(number), p.Value())
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
