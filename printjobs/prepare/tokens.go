package prepare

import (
	"bytes"
	"math"
)

// kind of an operand of a content stream.
type kind uint8

const (
	kindNumber kind = iota
	kindName
	kindString // literal
	kindHex
	kindArray
	kindDict
	kindOther // true, false, null
)

// operand is one operand; raw[start:end] of the stream is its text, delimiters
// included.
type operand struct {
	kind       kind
	number     float64
	start, end int
}

// maxOperands bounds the operands kept of one operator. No operator takes more
// than 33 (scn with 32 components and a pattern name).
const maxOperands = 40

// tokens reads a content stream operator by operator. It never fails: what is
// no token is skipped, as viewers do.
type tokens struct {
	data []byte
	pos  int
	// args are the operands of the operator last read.
	args []operand
	// start and end delimit the operator last read with its operands.
	start, end int
	// image, after BI, is the inline image's dictionary as key and value
	// operands in turn, imageData its data, and imageAt where they begin.
	image     []operand
	imageData []byte
	imageAt   int
	// open is set when the stream ends within a string, an array, a
	// dictionary or an inline image, or has a hole.
	open bool
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func isRegular(c byte) bool { return !isSpace(c) && !isDelimiter(c) }

// hole is what stands where data were never written: nobody pads content so.
var hole = make([]byte, 24)

func (t *tokens) skipSpace() {
	for t.pos < len(t.data) {
		c := t.data[t.pos]
		if c == '%' {
			for t.pos < len(t.data) && t.data[t.pos] != '\n' && t.data[t.pos] != '\r' {
				t.pos++
			}
		} else if isSpace(c) {
			if c == 0 && bytes.HasPrefix(t.data[t.pos:], hole) {
				t.open = true
			}
			t.pos++
		} else {
			return
		}
	}
}

// next reads up to and with the next operator and returns its name; nil at the
// end of the stream. For an inline image the name is BI and the whole image is
// passed.
func (t *tokens) next() []byte {
	t.args = t.args[:0]
	t.start = -1
	for {
		t.skipSpace()
		if t.pos >= len(t.data) {
			return nil
		}
		if t.start < 0 {
			t.start = t.pos
		}
		if isRegular(t.data[t.pos]) && !startsNumber(t.data[t.pos]) {
			at := t.pos
			for t.pos < len(t.data) && isRegular(t.data[t.pos]) {
				t.pos++
			}
			word := t.data[at:t.pos]
			switch string(word) {
			case "true", "false", "null":
				t.push(operand{kind: kindOther, start: at, end: t.pos})
				continue
			case "BI":
				t.inlineImage()
			}
			t.end = t.pos
			return word
		}
		if o, ok := t.operand(0); ok {
			t.push(o)
		}
	}
}

func (t *tokens) push(o operand) {
	if len(t.args) == maxOperands {
		copy(t.args, t.args[1:])
		t.args = t.args[:maxOperands-1]
	}
	t.args = append(t.args, o)
}

func startsNumber(c byte) bool { return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' }

// operand reads one operand that is no word. ok is false when a stray byte was
// skipped instead. It always advances.
func (t *tokens) operand(depth int) (o operand, ok bool) {
	o.start = t.pos
	c := t.data[t.pos]
	switch {
	case startsNumber(c):
		o.kind, o.number = kindNumber, t.readNumber()
	case c == '/':
		o.kind = kindName
		t.pos++
		for t.pos < len(t.data) && isRegular(t.data[t.pos]) {
			t.pos++
		}
	case c == '(':
		o.kind = kindString
		t.skipString()
	case c == '<' && t.pos+1 < len(t.data) && t.data[t.pos+1] == '<':
		o.kind = kindDict
		t.pos += 2
		t.skipUntil('>', depth)
	case c == '<':
		o.kind = kindHex
		if i := bytes.IndexByte(t.data[t.pos:], '>'); i >= 0 {
			t.pos += i + 1
		} else {
			t.pos, t.open = len(t.data), true
		}
	case c == '[':
		o.kind = kindArray
		t.pos++
		t.skipUntil(']', depth)
	default:
		t.pos++
		return o, false
	}
	o.end = t.pos
	return o, true
}

// skipUntil passes the content of an array (']') or dictionary ('>>').
func (t *tokens) skipUntil(end byte, depth int) {
	for {
		t.skipSpace()
		if t.pos >= len(t.data) {
			t.open = true
			return
		}
		c := t.data[t.pos]
		if c == end {
			t.pos++
			if end == '>' && t.pos < len(t.data) && t.data[t.pos] == '>' {
				t.pos++
			}
			return
		}
		if isRegular(c) && !startsNumber(c) {
			for t.pos < len(t.data) && isRegular(t.data[t.pos]) {
				t.pos++
			}
			continue
		}
		if depth >= maxTreeDepth {
			t.pos++ // no longer nested: only pass bytes
			continue
		}
		t.operand(depth + 1)
	}
}

func (t *tokens) skipString() {
	level := 0
	for ; t.pos < len(t.data); t.pos++ {
		switch t.data[t.pos] {
		case '\\':
			t.pos++
		case '(':
			level++
		case ')':
			if level--; level == 0 {
				t.pos++
				return
			}
		}
	}
	t.pos, t.open = len(t.data), true
}

// readNumber reads a number as leniently as viewers do: "--5" is -5 and
// "1.2-3" ends before the second sign.
func (t *tokens) readNumber() float64 {
	sign, value, frac := 1.0, 0.0, 0.0
	for t.pos < len(t.data) && (t.data[t.pos] == '-' || t.data[t.pos] == '+') {
		if t.data[t.pos] == '-' {
			sign = -1
		}
		t.pos++
	}
	for ; t.pos < len(t.data); t.pos++ {
		c := t.data[t.pos]
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
	for t.pos < len(t.data) && isRegular(t.data[t.pos]) && startsNumber(t.data[t.pos]) {
		t.pos++
	}
	if math.IsInf(value, 0) {
		value = math.MaxFloat64
	}
	return sign * value
}

// nameOf returns the decoded name of a name operand, without the slash.
func (t *tokens) nameOf(o operand) string {
	raw := t.data[o.start+1 : o.end]
	if bytes.IndexByte(raw, '#') < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			hi, ok1 := hexDigit(raw[i+1])
			lo, ok2 := hexDigit(raw[i+2])
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

// text returns the bytes of a string operand.
func (t *tokens) text(o operand) []byte {
	inner := t.data[min(o.start+1, o.end):max(o.start+1, o.end-1)]
	switch o.kind {
	case kindString:
		return unescape(string(inner))
	case kindHex:
		return unhex(string(inner))
	default:
		return nil
	}
}

// inside are the tokens in an array.
func (t *tokens) inside(a operand) tokens {
	return tokens{data: t.data[a.start+1 : max(a.start+1, a.end-1)]}
}

// element reads the next operand in an array; ok is false at its end.
func (t *tokens) element() (o operand, ok bool) {
	for t.skipSpace(); t.pos < len(t.data); t.skipSpace() {
		if o, ok = t.operand(0); ok {
			return o, true
		}
	}
	return o, false
}

// strings returns the bytes of a string operand, or of all strings in an array.
func (t *tokens) strings(a operand) (text []byte) {
	if a.kind != kindArray {
		return t.text(a)
	}
	in := t.inside(a)
	for o, ok := in.element(); ok; o, ok = in.element() {
		text = append(text, in.text(o)...)
	}
	return text
}

// onlySpaces reports that the strings of a text-showing operator hold nothing
// but spaces in the usual one-byte encodings, so that no glyph is drawn.
func (t *tokens) onlySpaces() bool {
	for _, a := range t.args {
		switch a.kind {
		case kindString:
			if len(bytes.Trim(t.data[a.start:a.end], "() ")) > 0 {
				return false
			}
		case kindHex:
			if len(bytes.Trim(t.data[a.start:a.end], "<> ")) > 0 {
				return false
			}
		case kindArray:
			in := t.inside(a)
			for o, ok := in.element(); ok; o, ok = in.element() {
				if o.kind != kindNumber && (o.kind != kindString && o.kind != kindHex || len(bytes.Trim(in.data[o.start:o.end], "()<> ")) > 0) {
					return false
				}
			}
		}
	}
	return true
}

func hexDigit(c byte) (byte, bool) {
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

// inlineImage passes an inline image after BI, up to and with EI.
func (t *tokens) inlineImage() {
	t.image = t.image[:0]
	t.imageData = nil
	for {
		t.skipSpace()
		if t.pos >= len(t.data) {
			t.open = true
			return
		}
		if isRegular(t.data[t.pos]) && !startsNumber(t.data[t.pos]) {
			at := t.pos
			for t.pos < len(t.data) && isRegular(t.data[t.pos]) {
				t.pos++
			}
			if string(t.data[at:t.pos]) == "ID" {
				break
			}
			t.image = append(t.image, operand{kind: kindOther, start: at, end: t.pos})
		} else if o, ok := t.operand(0); ok {
			t.image = append(t.image, o)
		}
		if len(t.image) > 2*maxOperands {
			return
		}
	}
	if t.pos < len(t.data) {
		t.pos++ // the one white space after ID
	}
	at := t.pos
	t.imageAt = at
	for from := at; ; {
		i := bytes.Index(t.data[from:], []byte("EI"))
		if i < 0 {
			t.imageData = t.data[at:]
			t.pos, t.open = len(t.data), t.open || !bytes.Contains(t.imageData, []byte("EI"))
			return
		}
		e := from + i
		if endsImage(t.data, at, e) {
			t.imageData = t.data[at:e]
			t.pos = e + 2
			return
		}
		from = e + 1
	}
}

// endsImage tells whether the EI at e ends an inline image that began at at:
// white space around it, and what follows looks like content, not like image
// data.
func endsImage(data []byte, at, e int) bool {
	if e > at && !isSpace(data[e-1]) {
		return false
	}
	rest := data[e+2:]
	if len(rest) == 0 {
		return true
	}
	if !isSpace(rest[0]) {
		return false
	}
	for _, c := range rest[:min(len(rest), 16)] {
		if c >= 0x7f || c < ' ' && !isSpace(c) {
			return false
		}
	}
	return true
}
