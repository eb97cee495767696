package read

import (
	"bytes"
	"math"
	"sort"
	"strconv"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Classic reads what most programs that print to PDF write: one classic
// cross-reference table that lists every object at its exact place, nothing
// between objects, nothing doubtful within them. It gives what pdfcpu's strict
// reading gives of such a file, at a fraction of the cost, and streams are parts of
// file instead of copies. That saves a quarter of the processor time of a letter
// (0.4 of 1.7 ms; go test ./printjobs/prepare -bench 'Read|Letter$' shows both
// ways of reading, and what a letter takes). Of all other files it knows nothing and ok is false,
// and pdfcpu reads them: whatever could be understood in more than one way
// counts as other. TestClassicIsPdfcpu and FuzzClassic hold the two against each
// other.
func Classic(file []byte) (ctx *model.Context, ok bool) {
	p := &classicReader{text: file}
	trailer, offsets := p.frame()
	if p.odd {
		return nil, false
	}
	table := make(map[int]*model.XRefTableEntry, len(offsets)+1)
	entries := make([]model.XRefTableEntry, len(offsets)+1)
	freeGeneration, generation, none := types.FreeHeadGeneration, 0, int64(0)
	entries[0] = model.XRefTableEntry{Free: true, Offset: &none, Generation: &freeGeneration}
	table[0] = &entries[0]
	// The objects lie side by side from the header to the table, so that
	// nothing is in the file that was not read.
	order := make([]int, len(offsets))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool { return offsets[order[a]] < offsets[order[b]] })
	for i, n := range order {
		at, end := offsets[n], p.table
		if i+1 < len(order) {
			end = offsets[order[i+1]]
		}
		if i == 0 && !onlyComment(file[:at]) {
			return nil, false
		}
		e := &entries[n+1]
		*e = model.XRefTableEntry{Offset: &offsets[n], Generation: &generation}
		if e.Object = p.object(n+1, at, end, offsets); p.odd {
			return nil, false
		}
		table[n+1] = e
	}
	root := trailer["Root"].(types.IndirectRef)
	entry, ok := table[root.ObjectNumber.Value()]
	if !ok || root.GenerationNumber != 0 {
		return nil, false
	}
	catalog, ok := entry.Object.(types.Dict)
	if !ok {
		return nil, false
	}
	if version, found := catalog["Version"]; found {
		if _, ok := version.(types.Name); !ok {
			return nil, false
		}
	}
	return &model.Context{XRefTable: &model.XRefTable{Table: table, Root: &root, ValidationMode: model.ValidationStrict}}, true
}

const (
	classicDepth = 50 // of arrays and dictionaries in each other
	// classicObjects is far from where pdfcpu refuses a file for its objects.
	classicObjects = 1 << 20
	// classicText bounds what is not a stream of one object, in bytes: pdfcpu
	// refuses objects from 64 MB on.
	classicText = 16 << 20
)

// classicReader reads a file from at on. odd is set by the first thing that is
// left to pdfcpu; what is read afterwards means nothing.
type classicReader struct {
	text  []byte
	at    int64
	odd   bool
	table int64 // where the cross-reference table begins
}

func (p *classicReader) peek() byte {
	if p.at >= int64(len(p.text)) {
		p.odd = true
		return 0
	}
	return p.text[p.at]
}

// take skips a word that must stand here.
func (p *classicReader) take(word string) {
	if !bytes.HasPrefix(p.text[min(p.at, int64(len(p.text))):], []byte(word)) {
		p.odd = true
		return
	}
	p.at += int64(len(word))
}

// endLine skips one end of a line that must stand here.
func (p *classicReader) endLine() {
	switch p.peek() {
	case '\n':
		p.at++
	case '\r':
		if p.at++; p.at < int64(len(p.text)) && p.text[p.at] == '\n' {
			p.at++
		}
	default:
		p.odd = true
	}
}

func classicSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func (p *classicReader) space() {
	for p.at < int64(len(p.text)) && classicSpace(p.text[p.at]) {
		p.at++
	}
}

func (p *classicReader) digits(most int) int64 {
	n, from := int64(0), p.at
	for p.at < int64(len(p.text)) && p.text[p.at] >= '0' && p.text[p.at] <= '9' && p.at-from < int64(most) {
		n = 10*n + int64(p.text[p.at]-'0')
		p.at++
	}
	if p.at == from {
		p.odd = true
	}
	return n
}

// frame reads the header, the end, the table and the trailer. offsets holds
// those of the objects from 1 on.
func (p *classicReader) frame() (trailer types.Dict, offsets []int64) {
	file := p.text
	if len(file) < 100 || !bytes.HasPrefix(file, []byte("%PDF-1.")) || file[7] < '0' || file[7] > '7' || file[8] != '\n' && file[8] != '\r' {
		p.odd = true
		return nil, nil
	}
	tail := max(0, len(file)-512)
	start := bytes.LastIndex(file[tail:], []byte("startxref"))
	if start < 0 {
		p.odd = true
		return nil, nil
	}
	start += tail
	p.at = int64(start + len("startxref"))
	p.endLine()
	p.table = p.digits(12)
	p.endLine()
	p.take("%%EOF")
	p.space()
	if p.odd || p.at != int64(len(file)) || p.table < 9 || p.table >= int64(start) {
		p.odd = true
		return nil, nil
	}

	p.at = p.table
	p.take("xref")
	p.endLine()
	p.take("0 ")
	count := p.digits(8)
	p.endLine()
	// One line has 20 bytes.
	if p.odd || count < 2 || count > classicObjects || p.at+20*count > int64(start) {
		p.odd = true
		return nil, nil
	}
	offsets = make([]int64, count-1)
	for i := range count {
		line := p.text[p.at : p.at+20]
		end := string(line[18:])
		if line[10] != ' ' || line[16] != ' ' || end != " \n" && end != "\r\n" && end != " \r" {
			p.odd = true
			return nil, nil
		}
		if i == 0 {
			p.take("0000000000 65535 f")
		} else {
			offsets[i-1] = p.digits(10)
			p.take(" 00000 n")
			if offsets[i-1] < 9 || offsets[i-1] >= p.table {
				p.odd = true
			}
		}
		if p.odd {
			return nil, nil
		}
		p.at += 2
	}
	p.take("trailer")
	if !classicSpace(p.peek()) {
		p.odd = true
	}
	p.space()
	from := p.at
	trailer, ok := p.value(0).(types.Dict)
	if p.odd || !ok || !p.clean(from, p.at) {
		p.odd = true
		return nil, nil
	}
	p.space()
	if p.at != int64(start) {
		p.odd = true
	}
	for key := range trailer {
		switch key {
		case "Prev", "XRefStm", "Encrypt", "AdditionalStreams":
			p.odd = true
		}
	}
	if size, ok := trailer["Size"].(types.Integer); !ok || int64(size) != count {
		p.odd = true
	}
	if _, ok := trailer["Root"].(types.IndirectRef); !ok {
		p.odd = true
	}
	if id, found := trailer["ID"]; found {
		if a, ok := id.(types.Array); !ok || len(a) != 2 {
			p.odd = true
		}
	}
	if info, found := trailer["Info"]; found {
		if _, ok := info.(types.IndirectRef); !ok {
			p.odd = true
		}
	}
	return trailer, offsets
}

// onlyComment reports whether the beginning of a file is its header and at
// most one comment line, as they mark a file as binary.
func onlyComment(head []byte) bool {
	lines := bytes.FieldsFunc(head, func(r rune) bool { return r == '\n' || r == '\r' })
	return len(lines) == 1 || len(lines) == 2 && lines[1][0] == '%'
}

// clean reports whether a part of the file has none of the words by which
// pdfcpu finds the end of an object, and no comment.
func (p *classicReader) clean(from, to int64) bool {
	part := p.text[from:to]
	return to-from < classicText && bytes.IndexByte(part, '%') < 0 && !bytes.Contains(part, []byte("stream")) &&
		!bytes.Contains(part, []byte("endobj")) && !bytes.Contains(part, []byte("obj"))
}

// object reads the object of a number that fills the file from at to end.
func (p *classicReader) object(number int, at, end int64, offsets []int64) types.Object {
	p.at = at
	if p.digits(8) != int64(number) || p.text[at] == '0' {
		p.odd = true
		return nil
	}
	p.take(" 0 obj")
	from := p.at
	if c := p.peek(); !classicSpace(c) && c != '<' && c != '[' && c != '/' && c != '(' {
		p.odd = true
	}
	p.space()
	if p.odd {
		return nil
	}
	o := p.value(0)
	if p.odd || p.at > end || !p.clean(from, p.at) {
		p.odd = true
		return nil
	}
	p.space()
	d, isDict := o.(types.Dict)
	if isDict {
		if _, found := d["Linearized"]; found {
			p.odd = true
		}
	}
	if p.peek() == 's' {
		if !isDict {
			p.odd = true
			return nil
		}
		o = p.stream(d, offsets)
	}
	p.take("endobj")
	p.space()
	if p.at != end {
		p.odd = true
	}
	return o
}

// stream reads a stream's data, at its keyword.
func (p *classicReader) stream(d types.Dict, offsets []int64) types.Object {
	p.take("stream")
	if p.peek() == '\r' {
		p.at++
	}
	p.take("\n")
	if p.odd {
		return nil
	}
	start := p.at
	var length int64
	var reference *int
	switch v := d["Length"].(type) {
	case types.Integer:
		length = int64(v)
	case types.IndirectRef:
		number := v.ObjectNumber.Value()
		if number < 1 || number > len(offsets) || v.GenerationNumber != 0 {
			p.odd = true
			return nil
		}
		reference = &number
		// It is read for good in its turn.
		p.at = offsets[number-1]
		if p.digits(8) != int64(number) {
			p.odd = true
		}
		p.take(" 0 obj")
		p.space()
		n, ok := p.value(0).(types.Integer)
		p.space()
		p.take("endobj")
		if length = int64(n); !ok {
			p.odd = true
		}
		p.at = start
	default:
		p.odd = true
	}
	// An empty stream is one that pdfcpu looks for the end of.
	if p.odd || length < 1 || length > int64(len(p.text))-start {
		p.odd = true
		return nil
	}
	filters, ok := classicFilters(d)
	if kind, _ := d["Type"].(types.Name); !ok || kind == "ObjStm" || kind == "XRef" {
		p.odd = true
		return nil
	}
	p.at = start + length
	raw := p.text[start:p.at:p.at]
	p.space()
	p.take("endstream")
	p.space()
	sd := types.NewStreamDict(d, start, &length, reference, filters)
	sd.Raw = raw
	return sd
}

// classicFilters is what a stream has been encoded with. ok is false for what is
// not written in the simplest way.
func classicFilters(d types.Dict) (filters []types.PDFFilter, ok bool) {
	parms, hasParms := d["DecodeParms"]
	switch f := d["Filter"].(type) {
	case nil:
		_, found := d["Filter"]
		return nil, !found
	case types.Name:
		if !hasParms {
			return []types.PDFFilter{{Name: string(f)}}, true
		}
		dict, ok := parms.(types.Dict)
		if len(dict) == 0 {
			dict = nil
		}
		return []types.PDFFilter{{Name: string(f), DecodeParms: dict}}, ok
	case types.Array:
		for _, e := range f {
			name, ok := e.(types.Name)
			if !ok {
				return nil, false
			}
			filters = append(filters, types.PDFFilter{Name: string(name)})
		}
		return filters, !hasParms
	}
	return nil, false
}

// value reads one object that begins here.
func (p *classicReader) value(depth int) types.Object {
	if depth > classicDepth {
		p.odd = true
	}
	if p.odd {
		return nil
	}
	switch c := p.peek(); c {
	case '<':
		if p.at+1 < int64(len(p.text)) && p.text[p.at+1] == '<' {
			return p.dict(depth)
		}
		return p.hex()
	case '[':
		p.at++
		a := types.Array{}
		for p.space(); p.peek() != ']'; p.space() {
			if a = append(a, p.value(depth+1)); p.odd {
				return nil
			}
		}
		p.at++
		return a
	case '/':
		return p.name()
	case '(':
		return p.literal()
	case 't':
		p.word("true")
		return types.Boolean(true)
	case 'f':
		p.word("false")
		return types.Boolean(false)
	case 'n':
		p.word("null")
		return nil
	default:
		return p.number()
	}
}

func (p *classicReader) dict(depth int) types.Object {
	p.at += 2
	d := types.NewDict()
	for p.space(); p.peek() == '/'; p.space() {
		key := string(p.name())
		p.space()
		v := p.value(depth + 1)
		if _, twice := d[key]; twice || p.odd {
			p.odd = true
			return nil
		}
		if v != nil {
			d[key] = v
		}
	}
	p.take(">>")
	return d
}

// delimited wants the end of a word here.
func (p *classicReader) delimited() {
	switch c := p.peek(); {
	case classicSpace(c), c == '/', c == '<', c == '>', c == '[', c == ']', c == '(':
	default:
		p.odd = true
	}
}

func (p *classicReader) word(w string) {
	p.take(w)
	p.delimited()
}

func (p *classicReader) name() types.Name {
	p.at++
	from := p.at
	coded := false
	for ; p.at < int64(len(p.text)); p.at++ {
		c := p.text[p.at]
		if classicSpace(c) || c == '/' || c == '<' || c == '>' || c == '[' || c == ']' || c == '(' || c == ')' {
			break
		}
		if c <= ' ' || c > '~' || c == '%' || c == '{' || c == '}' {
			p.odd = true
			return ""
		}
		coded = coded || c == '#'
	}
	p.delimited()
	name := string(p.text[from:p.at])
	if name == "" {
		p.odd = true
	}
	if coded {
		decoded, err := types.DecodeName(name)
		if err != nil {
			p.odd = true
		}
		name = decoded
	}
	return types.Name(name)
}

func (p *classicReader) hex() types.Object {
	p.at++
	from := p.at
	for p.peek() != '>' {
		c := p.text[min(p.at, int64(len(p.text)-1))]
		if p.odd || !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			p.odd = true
			return nil
		}
		p.at++
	}
	digits := string(bytes.ToUpper(p.text[from:p.at]))
	if len(digits)%2 == 1 {
		digits += "0"
	}
	p.at++
	return types.HexLiteral(digits)
}

func (p *classicReader) literal() types.Object {
	from := p.at + 1
	open, escaped := 0, false
	for ; !p.odd; p.at++ {
		switch c := p.peek(); {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '(':
			open++
		case c == ')':
			if open--; open == 0 {
				p.at++
				return types.StringLiteral(p.text[from : p.at-1])
			}
		}
	}
	return nil
}

// number reads a number or a reference.
func (p *classicReader) number() types.Object {
	token, whole := p.digitsToken()
	if p.odd {
		return nil
	}
	if !whole {
		f, err := strconv.ParseFloat(token, 64)
		if err != nil || math.IsInf(f, 0) {
			p.odd = true
		}
		return types.Float(f)
	}
	n, err := strconv.Atoi(token)
	if err != nil {
		p.odd = true
		return nil
	}
	after := p.at
	if !classicSpace(p.peek()) {
		return types.Integer(n)
	}
	p.space()
	if c := p.peek(); c < '0' || c > '9' {
		// Signs and points make no generation, and letters no number.
		p.at = after
		return types.Integer(n)
	}
	token, whole = p.digitsToken()
	if p.odd {
		return nil
	}
	generation, err := strconv.Atoi(token)
	if whole && err == nil && classicSpace(p.peek()) {
		p.space()
		if p.peek() == 'R' {
			p.at++
			p.delimited()
			if n < 0 {
				p.odd = true
			}
			return *types.NewIndirectRef(n, generation)
		}
	}
	p.at = after
	return types.Integer(n)
}

// digitsToken reads a token of digits, at most one sign and at most one point.
func (p *classicReader) digitsToken() (token string, whole bool) {
	from := p.at
	digits, points := 0, 0
	for ; p.at < int64(len(p.text)); p.at++ {
		switch c := p.text[p.at]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		case (c == '-' || c == '+') && p.at == from:
		default:
			goto end
		}
	}
end:
	p.delimited()
	// More digits than an Int of 32 bits has are left to pdfcpu.
	if digits == 0 || points > 1 || points == 0 && digits > 9 {
		p.odd = true
	}
	return string(p.text[from:p.at]), points == 0
}
