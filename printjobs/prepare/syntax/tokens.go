// Package syntax reads the words of PDF: the operators of content streams, and objects as leniently as viewers do. It never fails.
package syntax

import (
	"bytes"
	"math"
)

// kind of an operand of a content stream.
type kind uint8

// The kinds of operands.
const (
	KindNumber kind = iota
	KindName
	kindString // literal
	kindHex
	KindArray
	kindDict
	kindOther // true, false, null
)

// operand is one operand; raw[start:end] of the stream is its text, delimiters
// included.
type operand struct {
	Kind       kind
	Number     float64
	Start, End int
}

// maxOperands bounds the operands kept of one operator. No operator takes more
// than 33 (scn with 32 components and a pattern name).
const maxOperands = 40

// Tokens reads a content stream operator by operator. It never fails: what is
// no token is skipped, as viewers do.
type Tokens struct {
	Data []byte
	Pos  int
	// args are the operands of the operator last read.
	Args []operand
	// start and end delimit the operator last read with its operands.
	Start, End int
	// image, after BI, is the inline image's dictionary as key and value
	// operands in turn, ImageData its data, and ImageAt where they begin.
	Image     []operand
	ImageData []byte
	ImageAt   int
	// open is set when the stream ends within a string, an array, a
	// dictionary or an inline image, or has a hole.
	Open bool
}

// IsSpace reports a byte of white space.
func IsSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func isRegular(c byte) bool { return !IsSpace(c) && !isDelimiter(c) }

// Hole is what stands where data were never written: nobody pads content so.
var Hole = make([]byte, 24)

// SkipSpace passes white space and comments.
func (t *Tokens) SkipSpace() {
	for t.Pos < len(t.Data) {
		c := t.Data[t.Pos]
		if c == '%' {
			for t.Pos < len(t.Data) && t.Data[t.Pos] != '\n' && t.Data[t.Pos] != '\r' {
				t.Pos++
			}
		} else if IsSpace(c) {
			if c == 0 && bytes.HasPrefix(t.Data[t.Pos:], Hole) {
				t.Open = true
			}
			t.Pos++
		} else {
			return
		}
	}
}

// Next reads up to and with the next operator and returns its name; nil at the
// end of the stream. For an inline image the name is BI and the whole image is
// passed.
func (t *Tokens) Next() []byte {
	t.Args = t.Args[:0]
	t.Start = -1
	for {
		t.SkipSpace()
		if t.Pos >= len(t.Data) {
			return nil
		}
		if t.Start < 0 {
			t.Start = t.Pos
		}
		if isRegular(t.Data[t.Pos]) && !startsNumber(t.Data[t.Pos]) {
			at := t.Pos
			for t.Pos < len(t.Data) && isRegular(t.Data[t.Pos]) {
				t.Pos++
			}
			word := t.Data[at:t.Pos]
			switch string(word) {
			case "true", "false", "null":
				t.push(operand{Kind: kindOther, Start: at, End: t.Pos})
				continue
			case "BI":
				t.inlineImage()
			}
			t.End = t.Pos
			return word
		}
		if o, ok := t.operand(0); ok {
			t.push(o)
		}
	}
}

func (t *Tokens) push(o operand) {
	if len(t.Args) == maxOperands {
		copy(t.Args, t.Args[1:])
		t.Args = t.Args[:maxOperands-1]
	}
	t.Args = append(t.Args, o)
}

func startsNumber(c byte) bool { return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' }

// operand reads one operand that is no word. ok is false when a stray byte was
// skipped instead. It always advances.
func (t *Tokens) operand(depth int) (o operand, ok bool) {
	o.Start = t.Pos
	c := t.Data[t.Pos]
	switch {
	case startsNumber(c):
		o.Kind, o.Number = KindNumber, t.readNumber()
	case c == '/':
		o.Kind = KindName
		t.Pos++
		for t.Pos < len(t.Data) && isRegular(t.Data[t.Pos]) {
			t.Pos++
		}
	case c == '(':
		o.Kind = kindString
		t.skipString()
	case c == '<' && t.Pos+1 < len(t.Data) && t.Data[t.Pos+1] == '<':
		o.Kind = kindDict
		t.Pos += 2
		t.skipUntil('>', depth)
	case c == '<':
		o.Kind = kindHex
		if i := bytes.IndexByte(t.Data[t.Pos:], '>'); i >= 0 {
			t.Pos += i + 1
		} else {
			t.Pos, t.Open = len(t.Data), true
		}
	case c == '[':
		o.Kind = KindArray
		t.Pos++
		t.skipUntil(']', depth)
	default:
		t.Pos++
		return o, false
	}
	o.End = t.Pos
	return o, true
}

// skipUntil passes the content of an array (']') or dictionary ('>>').
func (t *Tokens) skipUntil(end byte, depth int) {
	for {
		t.SkipSpace()
		if t.Pos >= len(t.Data) {
			t.Open = true
			return
		}
		c := t.Data[t.Pos]
		if c == end {
			t.Pos++
			if end == '>' && t.Pos < len(t.Data) && t.Data[t.Pos] == '>' {
				t.Pos++
			}
			return
		}
		if isRegular(c) && !startsNumber(c) {
			for t.Pos < len(t.Data) && isRegular(t.Data[t.Pos]) {
				t.Pos++
			}
			continue
		}
		if depth >= MaxTreeDepth {
			t.Pos++ // no longer nested: only pass bytes
			continue
		}
		t.operand(depth + 1)
	}
}

func (t *Tokens) skipString() {
	level := 0
	for ; t.Pos < len(t.Data); t.Pos++ {
		switch t.Data[t.Pos] {
		case '\\':
			t.Pos++
		case '(':
			level++
		case ')':
			if level--; level == 0 {
				t.Pos++
				return
			}
		}
	}
	t.Pos, t.Open = len(t.Data), true
}

// readNumber reads a number as leniently as viewers do: "--5" is -5 and
// "1.2-3" ends before the second sign.
func (t *Tokens) readNumber() float64 {
	sign, value, frac := 1.0, 0.0, 0.0
	for t.Pos < len(t.Data) && (t.Data[t.Pos] == '-' || t.Data[t.Pos] == '+') {
		if t.Data[t.Pos] == '-' {
			sign = -1
		}
		t.Pos++
	}
	for ; t.Pos < len(t.Data); t.Pos++ {
		c := t.Data[t.Pos]
		if c >= '0' && c <= '9' {
			if frac == 0 {
				value = value*10 + float64(c-'0')
			} else {
				value += float64(c-'0') * frac
				frac /= 10
			}
		} else if c == '.' && frac == 0 {
			frac = 0.1
		} else {
			break
		}
	}
	// The rest of a malformed number, as "1e5" or "1.2.3", belongs to it.
	for t.Pos < len(t.Data) && isRegular(t.Data[t.Pos]) && startsNumber(t.Data[t.Pos]) {
		t.Pos++
	}
	if math.IsInf(value, 0) {
		value = math.MaxFloat64
	}
	return sign * value
}

// NameOf returns the decoded name of a name operand, without the slash.
func (t *Tokens) NameOf(o operand) string {
	raw := t.Data[o.Start+1 : o.End]
	if bytes.IndexByte(raw, '#') < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			hi, ok1 := HexDigit(raw[i+1])
			lo, ok2 := HexDigit(raw[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, raw[i])
	}
	return string(out)
}

// Text returns the bytes of a string operand.
func (t *Tokens) Text(o operand) []byte {
	inner := t.Data[min(o.Start+1, o.End):max(o.Start+1, o.End-1)]
	switch o.Kind {
	case kindString:
		return Unescape(string(inner))
	case kindHex:
		return Unhex(string(inner))
	default:
		return nil
	}
}

// Inside are the tokens in an array.
func (t *Tokens) Inside(a operand) Tokens {
	return Tokens{Data: t.Data[a.Start+1 : max(a.Start+1, a.End-1)]}
}

// Element reads the next operand in an array; ok is false at its end.
func (t *Tokens) Element() (o operand, ok bool) {
	for t.SkipSpace(); t.Pos < len(t.Data); t.SkipSpace() {
		if o, ok = t.operand(0); ok {
			return o, true
		}
	}
	return o, false
}

// Strings returns the bytes of a string operand, or of all strings in an array.
func (t *Tokens) Strings(a operand) (text []byte) {
	if a.Kind != KindArray {
		return t.Text(a)
	}
	in := t.Inside(a)
	for o, ok := in.Element(); ok; o, ok = in.Element() {
		text = append(text, in.Text(o)...)
	}
	return text
}

// OnlySpaces reports that the strings of a text-showing operator hold nothing
// but spaces in the usual one-byte encodings, so that no glyph is drawn.
func (t *Tokens) OnlySpaces() bool {
	for _, a := range t.Args {
		if a.Kind != KindArray {
			if t.shows(a) {
				return false
			}
			continue
		}
		in := t.Inside(a)
		for o, ok := in.Element(); ok; o, ok = in.Element() {
			if o.Kind != KindNumber && o.Kind != kindString && o.Kind != kindHex || in.shows(o) {
				return false
			}
		}
	}
	return true
}

// shows reports that a string operand holds more than spaces. What is no string shows nothing.
func (t *Tokens) shows(o operand) bool {
	text := t.Data[o.Start:o.End]
	switch o.Kind {
	case kindString:
		text = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("(")), []byte(")"))
	case kindHex:
		text = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("<")), []byte(">"))
	default:
		return false
	}
	return len(bytes.Trim(text, " ")) > 0
}

// HexDigit is the value of a hexadecimal digit; ok is false for other bytes.
func HexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// InlineImage passes an inline image after BI, up to and with EI.
func (t *Tokens) inlineImage() {
	t.Image = t.Image[:0]
	t.ImageData = nil
	for {
		t.SkipSpace()
		if t.Pos >= len(t.Data) {
			t.Open = true
			return
		}
		if isRegular(t.Data[t.Pos]) && !startsNumber(t.Data[t.Pos]) {
			at := t.Pos
			for t.Pos < len(t.Data) && isRegular(t.Data[t.Pos]) {
				t.Pos++
			}
			if string(t.Data[at:t.Pos]) == "ID" {
				break
			}
			t.Image = append(t.Image, operand{Kind: kindOther, Start: at, End: t.Pos})
		} else if o, ok := t.operand(0); ok {
			t.Image = append(t.Image, o)
		}
		if len(t.Image) > 2*maxOperands {
			return
		}
	}
	if t.Pos < len(t.Data) {
		t.Pos++ // the one white space after ID
	}
	at := t.Pos
	t.ImageAt = at
	for from := at; ; {
		i := bytes.Index(t.Data[from:], []byte("EI"))
		if i < 0 {
			t.ImageData = t.Data[at:]
			t.Pos, t.Open = len(t.Data), t.Open || !bytes.Contains(t.ImageData, []byte("EI"))
			return
		}
		e := from + i
		if endsImage(t.Data, at, e) {
			t.ImageData = t.Data[at:e]
			t.Pos = e + 2
			return
		}
		from = e + 1
	}
}

// endsImage tells whether the EI at e ends an inline image that began at at:
// white space around it, and what follows looks like content, not like image
// data.
func endsImage(data []byte, at, e int) bool {
	if e > at && !IsSpace(data[e-1]) {
		return false
	}
	rest := data[e+2:]
	if len(rest) == 0 {
		return true
	}
	if !IsSpace(rest[0]) {
		return false
	}
	for _, c := range rest[:min(len(rest), 16)] {
		if c >= 0x7f || c < ' ' && !IsSpace(c) {
			return false
		}
	}
	return true
}

// LastName is the last operand of the operator at hand, if that is a name.
func (t *Tokens) LastName() (string, bool) {
	if n := len(t.Args); n > 0 && t.Args[n-1].Kind == KindName {
		return t.NameOf(t.Args[n-1]), true
	}
	return "", false
}

// NumbersOf puts the last n numeric operands into v; ok is false when there
// are fewer.
func (t *Tokens) NumbersOf(v []float64) bool {
	i := len(v)
	for j := len(t.Args) - 1; j >= 0 && i > 0; j-- {
		if t.Args[j].Kind == KindNumber {
			i--
			v[i] = t.Args[j].Number
		}
	}
	return i == 0
}

// NumberOf sets a number to the last numeric operand, if there is one, times
// scale.
func (t *Tokens) NumberOf(to *float64, scale float64) {
	var v [1]float64
	if t.NumbersOf(v[:]) {
		*to = v[0] * scale
	}
}
