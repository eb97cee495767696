package printfile

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Object is a PDF object of this package: Name, Int, Real, Bool, Null, String,
// HexString, Array, Dict, Ref or Stream. The set is closed.
type Object interface {
	encode(e *encoder) error
}

// Name is a PDF name without its leading slash and without escapes; it may
// hold any byte but NUL.
type Name string

// Int is a PDF integer.
type Int int64

// Real is a PDF real number. It is written without exponent, rounded to ten
// decimals; magnitudes above 3.403e38 are written as that limit (ISO 32000-1
// annex C). NaN and infinities are errors.
type Real float64

// Bool is a PDF boolean.
type Bool bool

// Null is the PDF null object.
type Null struct{}

// String holds the bytes of a PDF string, written in literal form.
type String []byte

// HexString holds the bytes of a PDF string, written in hexadecimal form.
type HexString []byte

// Array is a PDF array.
type Array []Object

// Dict is a PDF dictionary. It is written with its keys sorted by bytes.
type Dict map[Name]Object

// Ref is an indirect reference to an object of the same Builder, by its local
// number (from 1). The generation is always 0.
type Ref int

// Stream is a PDF stream. Data are the bytes as stored, that is already
// encoded by the filters that Dict names; they are not copied, so they must not
// change afterwards. A Length in Dict is replaced by the length of Data. A
// stream can only be an object of its own, never a part of another.
type Stream struct {
	Dict Dict
	Data []byte
}

// fileRef is a reference that carries the final number already.
type fileRef uint32

const (
	// maxDepth bounds the nesting of arrays and dictionaries, when written
	// and when read back, so that recursion is bounded whatever a sender's
	// document holds.
	maxDepth = 200
	// maxObjectText bounds the text of one object without stream data, with
	// elementWeight more for each element, when written and when read back:
	// reading needs memory in that proportion.
	maxObjectText = 64 << 20
	elementWeight = 16
	// maxReal is the largest magnitude of a real (ISO 32000-1 annex C).
	maxReal = 3.403e38
	// realDecimals is the number of decimals that a real keeps.
	realDecimals = 10

	streamTail = "\nendstream"
)

// refAt is one reference inside an object's body: the digits of num start at
// pos and are followed by " 0 R".
type refAt struct {
	pos int64
	num int
}

// encoder writes one object after the other into buf and notes the positions
// of the references, relative to start.
type encoder struct {
	buf   []byte
	refs  []refAt
	start int
	depth int
	parts int // elements of the object so far
	// number gives the number to write for a reference.
	number func(Ref) (int, error)
}

func (e *encoder) enter() error {
	e.depth++
	if e.depth > maxDepth {
		return fmt.Errorf("arrays and dictionaries nested deeper than %d", maxDepth)
	}
	return nil
}

func (n Name) encode(e *encoder) error {
	e.buf = append(e.buf, '/')
	for i := range len(n) {
		c := n[i]
		switch {
		case c == 0:
			return errors.New("name holds a NUL byte")
		case c > '!'-1 && c < '~'+1 && c != '#' && !isDelimiter(c):
			e.buf = append(e.buf, c)
		default:
			e.buf = append(e.buf, '#', upperHex[c>>4], upperHex[c&15])
		}
	}
	return nil
}

const upperHex = "0123456789ABCDEF"

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func isSpace(c byte) bool {
	switch c {
	case 0, '\t', '\n', '\f', '\r', ' ':
		return true
	}
	return false
}

func (v Int) encode(e *encoder) error {
	e.buf = strconv.AppendInt(e.buf, int64(v), 10)
	return nil
}

func (v Real) encode(e *encoder) error {
	if !finite(float64(v)) {
		return errors.New("real number is not finite")
	}
	e.buf = appendReal(e.buf, float64(v))
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// appendReal writes v without exponent and without trailing zeros.
func appendReal(b []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.AppendInt(b, int64(v), 10) // also turns -0 into 0
	}
	v = max(-maxReal, min(maxReal, v))
	at := len(b)
	b = strconv.AppendFloat(b, v, 'f', realDecimals, 64)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	if string(b[at:]) == "-0" {
		b = append(b[:at], '0')
	}
	return b
}

func (v Bool) encode(e *encoder) error {
	e.buf = strconv.AppendBool(e.buf, bool(v))
	return nil
}

func (Null) encode(e *encoder) error {
	e.buf = append(e.buf, "null"...)
	return nil
}

func (s String) encode(e *encoder) error {
	e.buf = append(e.buf, '(')
	for _, c := range s {
		switch {
		case c == '(' || c == ')' || c == '\\':
			e.buf = append(e.buf, '\\', c)
		case c == '\n':
			e.buf = append(e.buf, '\\', 'n')
		case c == '\r':
			e.buf = append(e.buf, '\\', 'r')
		case c < ' ' || c == 0x7f:
			e.buf = append(e.buf, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			e.buf = append(e.buf, c)
		}
	}
	e.buf = append(e.buf, ')')
	return nil
}

func (s HexString) encode(e *encoder) error {
	e.buf = append(e.buf, '<')
	for _, c := range s {
		e.buf = append(e.buf, upperHex[c>>4], upperHex[c&15])
	}
	e.buf = append(e.buf, '>')
	return nil
}

func (a Array) encode(e *encoder) error {
	if err := e.enter(); err != nil {
		return err
	}
	e.buf = append(e.buf, '[')
	for i, o := range a {
		if i > 0 {
			e.buf = append(e.buf, ' ')
		}
		if err := e.part(o); err != nil {
			return fmt.Errorf("array element %d: %w", i, err)
		}
	}
	e.buf = append(e.buf, ']')
	e.depth--
	return nil
}

func (d Dict) encode(e *encoder) error {
	if err := e.enter(); err != nil {
		return err
	}
	var few [16]Name
	keys := few[:0]
	for k := range d {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	e.buf = append(e.buf, "<<"...)
	for _, k := range keys {
		if err := k.encode(e); err != nil {
			return fmt.Errorf("dictionary key: %w", err)
		}
		v := d[k]
		switch v.(type) {
		case Name, String, HexString, Array, Dict: // begin with a delimiter
		default:
			e.buf = append(e.buf, ' ')
		}
		if err := e.part(v); err != nil {
			return fmt.Errorf("dictionary value: %w", err)
		}
	}
	e.buf = append(e.buf, ">>"...)
	e.depth--
	return nil
}

// part writes an object inside another one.
func (e *encoder) part(o Object) error {
	e.parts++
	if len(e.buf)-e.start+e.parts*elementWeight > maxObjectText {
		return fmt.Errorf("object larger than %d bytes", maxObjectText)
	}
	switch o.(type) {
	case nil:
		return errors.New("missing object (nil)")
	case Stream:
		return errors.New("stream inside another object: it must be an object of its own")
	}
	return o.encode(e)
}

func (r Ref) encode(e *encoder) error {
	if e.number == nil {
		return fmt.Errorf("reference to object %d where none is possible", int(r))
	}
	n, err := e.number(r)
	if err != nil {
		return err
	}
	e.refs = append(e.refs, refAt{pos: int64(len(e.buf) - e.start), num: n})
	e.buf = strconv.AppendInt(e.buf, int64(n), 10)
	e.buf = append(e.buf, " 0 R"...)
	return nil
}

func (r fileRef) encode(e *encoder) error {
	e.buf = strconv.AppendUint(e.buf, uint64(r), 10)
	e.buf = append(e.buf, " 0 R"...)
	return nil
}

// encode writes the stream up to and with the keyword and its line end; the
// caller puts Data and streamTail after it.
func (s Stream) encode(e *encoder) error {
	d := make(Dict, len(s.Dict)+1)
	for k, v := range s.Dict {
		d[k] = v
	}
	d["Length"] = Int(len(s.Data))
	if err := d.encode(e); err != nil {
		return err
	}
	e.buf = append(e.buf, "stream\n"...)
	return nil
}

// digits is the number of decimal digits of n > 0.
func digits(n int) int64 {
	d := int64(1)
	for n >= 10 {
		n /= 10
		d++
	}
	return d
}
