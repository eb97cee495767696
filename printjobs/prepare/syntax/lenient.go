package syntax

import (
	"bytes"
	"encoding/hex"
	"math"
	"regexp"
)

// MaxObjectNumber bounds the object numbers that are believed (ISO 32000-1
// annex C).
const MaxObjectNumber = 8 << 20

// MaxTreeDepth bounds the page tree and every other nesting that we follow.
const MaxTreeDepth = 100

// Words that the structure of a file is found by.
var (
	WordObj     = []byte("obj")
	WordTrailer = []byte("trailer")
	WordEnd     = []byte("endstream")
	WordEndObj  = []byte("endobj")
)

// ObjectReader reads objects and never fails.
type ObjectReader struct {
	Data []byte
	Pos  int
}

// Value reads the next object; nil stands for null and for what is none.
func (p *ObjectReader) Value() Object {
	o, _ := p.Object(0)
	return o
}

// Skip passes white space and comments.
func (p *ObjectReader) Skip() {
	t := Tokens{Data: p.Data, Pos: p.Pos}
	t.SkipSpace()
	p.Pos = t.Pos
}

// word returns the run of regular characters at the present place.
func (p *ObjectReader) word() []byte {
	end := p.Pos
	for end < len(p.Data) && isRegular(p.Data[end]) {
		end++
	}
	return p.Data[p.Pos:end]
}

// Keyword passes a word if it comes next.
func (p *ObjectReader) Keyword(word string) bool {
	p.Skip()
	if !bytes.HasPrefix(p.Data[p.Pos:], []byte(word)) {
		return false
	}
	p.Pos += len(word)
	return true
}

// ends tells whether an object ends here at the latest: what follows belongs
// to the file, not to the object.
func (p *ObjectReader) ends() bool {
	if p.Pos >= len(p.Data) {
		return true
	}
	switch string(p.word()) {
	case "endobj", "stream", "endstream", "obj", "xref", "trailer", "startxref":
		return true
	}
	return false
}

// Object reads an object. ok is false when there was none, and something that
// is no object was passed unless the object around it ends here.
func (p *ObjectReader) Object(depth int) (o Object, ok bool) {
	p.Skip()
	if p.ends() || depth > MaxTreeDepth {
		return nil, false
	}
	c := p.Data[p.Pos]
	switch {
	case c == '/':
		return p.readName(), true
	case c == '(':
		t := Tokens{Data: p.Data[:min(len(p.Data), p.Pos+maxString)], Pos: p.Pos}
		t.skipString()
		text := p.Data[p.Pos+1 : t.Pos]
		if t.Pos == len(t.Data) {
			// Not closed: it ends with its object at the latest.
			if i := bytes.Index(text, WordEndObj); i >= 0 {
				t.Pos, text = p.Pos+1+i, text[:i]
			}
		}
		p.Pos = t.Pos
		text = bytes.TrimSuffix(text, []byte(")"))
		return HexLiteral(hex.EncodeToString(Unescape(string(text)))), true
	case c == '<' && p.Pos+1 < len(p.Data) && p.Data[p.Pos+1] == '<':
		return p.readDict(depth), true
	case c == '<':
		end := p.Pos + 1
		for end < len(p.Data) && (IsSpace(p.Data[end]) || isHex(p.Data[end])) {
			end++
		}
		text := p.Data[p.Pos+1 : end]
		if end < len(p.Data) && p.Data[end] == '>' {
			end++
		}
		p.Pos = end
		return HexLiteral(hex.EncodeToString(Unhex(string(text)))), true
	case c == '[':
		return p.readArray(depth), true
	case startsNumber(c):
		return p.readNumber(), true
	case isRegular(c):
		word := string(p.word())
		p.Pos += len(word)
		switch word {
		case "true":
			return Boolean(true), true
		case "false":
			return Boolean(false), true
		case "null":
			return nil, true
		}
		return nil, false
	}
	p.Pos++ // a stray delimiter
	return nil, false
}

// maxString bounds how far the end of a string is looked for, in bytes.
const maxString = 1 << 20

func isHex(c byte) bool { _, ok := HexDigit(c); return ok }

func (p *ObjectReader) readName() Name {
	t := Tokens{Data: p.Data}
	end := p.Pos + 1
	for end < len(p.Data) && isRegular(p.Data[end]) {
		end++
	}
	name := t.NameOf(operand{Start: p.Pos, End: end})
	p.Pos = end
	return Name(name)
}

// readNumber reads a number, or a reference if two more words make it one.
func (p *ObjectReader) readNumber() Object {
	t := Tokens{Data: p.Data, Pos: p.Pos}
	word := p.word()
	value := t.readNumber()
	whole := bytes.IndexByte(p.Data[p.Pos:t.Pos], '.') < 0
	if t.Pos == p.Pos {
		t.Pos++
	}
	p.Pos = t.Pos
	if !whole || math.Abs(value) > math.MaxInt32 {
		return Float(value)
	}
	if ref := reference.FindSubmatch(p.Data[p.Pos:min(p.Pos+40, len(p.Data))]); ref != nil && len(word) > 0 && word[0] >= '0' && word[0] <= '9' && value <= MaxObjectNumber {
		p.Pos += len(ref[1])
		return Reference(int(value))
	}
	return Integer(int(value))
}

// reference is what follows the number of an object that is referred to.
var reference = regexp.MustCompile(`^([\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+R)(?:[^0-9A-Za-z]|$)`)

func (p *ObjectReader) readArray(depth int) Array {
	p.Pos++
	a := Array{}
	for {
		p.Skip()
		if p.ends() {
			return a
		}
		switch p.Data[p.Pos] {
		case ']':
			p.Pos++
			return a
		case '>':
			if bytes.HasPrefix(p.Data[p.Pos:], []byte(">>")) {
				return a // the end of the dictionary around it
			}
		}
		if depth >= MaxTreeDepth {
			p.Pos++
			continue
		}
		if o, ok := p.Object(depth + 1); ok {
			a = append(a, o)
		}
	}
}

func (p *ObjectReader) readDict(depth int) Dict {
	p.Pos += 2
	d := Dict{}
	for {
		p.Skip()
		if p.ends() {
			return d
		}
		switch {
		case bytes.HasPrefix(p.Data[p.Pos:], []byte(">>")):
			p.Pos += 2
			return d
		case p.Data[p.Pos] != '/' || depth >= MaxTreeDepth:
			if depth >= MaxTreeDepth {
				p.Pos++
			} else {
				p.Object(depth + 1) // nothing that a dictionary can hold without a key
			}
			continue
		}
		key := p.readName()
		p.Skip()
		if p.ends() || bytes.HasPrefix(p.Data[p.Pos:], []byte(">>")) {
			continue
		}
		if o, ok := p.Object(depth + 1); ok && o != nil {
			d[string(key)] = o
		}
	}
}
