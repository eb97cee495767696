package printfile

import (
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"strconv"
)

// reader reads a file forward from some place, through a window.
type reader struct {
	src  io.ReaderAt
	size int64
	win  []byte
	off  int64 // of win in the file
	at   int   // in win
	err  error
	// sum, when set, is given every byte that passes into the window.
	sum hash.Hash
	// string and name bytes of the object that is being parsed
	used int
}

const (
	readerWindow = 64 << 10 // to read on and on
	smallWindow  = 2 << 10  // to read single objects
	// lookahead is what peek can see.
	lookahead = 64
)

func newReader(src io.ReaderAt, size int64, window int) *reader {
	return &reader{src: src, size: size, win: make([]byte, 0, window)}
}

func (r *reader) pos() int64 { return r.off + int64(r.at) }

// seek goes to another place.
func (r *reader) seek(off int64) {
	if off >= r.off && off <= r.off+int64(len(r.win)) {
		r.at = int(off - r.off)
		return
	}
	r.off, r.at, r.win = off, 0, r.win[:0]
}

// fill makes at least lookahead bytes, or all that are left, stand at r.at.
func (r *reader) fill() {
	if r.err != nil {
		return
	}
	n := copy(r.win[:cap(r.win)], r.win[r.at:])
	r.off += int64(r.at)
	r.at = 0
	want := min(int64(cap(r.win)-n), r.size-r.off-int64(n))
	if want <= 0 {
		r.win = r.win[:n]
		return
	}
	b := r.win[n : n+int(want)]
	r.win = r.win[:n]
	if err := readFull(r.src, b, r.off+int64(n)); err != nil {
		r.err = err
		return
	}
	r.win = r.win[:n+int(want)]
	if r.sum != nil {
		r.sum.Write(b)
	}
}

// peek gives the next n ≤ lookahead bytes, or fewer at the end.
func (r *reader) peek(n int) []byte {
	if len(r.win)-r.at < n {
		r.fill()
	}
	return r.win[r.at:min(r.at+n, len(r.win))]
}

// byte gives the next byte without taking it; 0 at the end.
func (r *reader) byte() byte {
	if r.at < len(r.win) {
		return r.win[r.at]
	}
	if b := r.peek(1); len(b) > 0 {
		return b[0]
	}
	return 0
}

// skip passes over n bytes, without reading them unless they are summed.
func (r *reader) skip(n int64) error {
	if n > r.size-r.pos() {
		return r.unexpected("the end of the file is too near")
	}
	if r.sum == nil {
		r.seek(r.pos() + n)
		return nil
	}
	for n > 0 {
		if len(r.peek(1)) == 0 {
			return r.unexpected("the end of the file")
		}
		have := min(int64(len(r.win)-r.at), n)
		r.at += int(have)
		n -= have
	}
	return nil
}

// expect takes exactly this text.
func (r *reader) expect(text string) error {
	if string(r.peek(len(text))) != text {
		return r.unexpected(fmt.Sprintf("something other than %q", text))
	}
	r.at += len(text)
	return nil
}

// try takes the text if it comes next.
func (r *reader) try(text string) bool {
	if string(r.peek(len(text))) != text {
		return false
	}
	r.at += len(text)
	return true
}

func (r *reader) unexpected(what string) error {
	if r.err != nil {
		return r.err
	}
	return fmt.Errorf("at byte %d: %s", r.pos(), what)
}

// uint takes an unsigned number of at most 18 digits.
func (r *reader) uint() (int64, error) {
	v, n := int64(0), 0
	for c := r.byte(); c >= '0' && c <= '9' && n < 18; c = r.byte() {
		v = v*10 + int64(c-'0')
		r.at++
		n++
	}
	if n == 0 {
		return 0, r.unexpected("no number where one must be")
	}
	return v, nil
}

func (r *reader) space() {
	for isSpace(r.byte()) && len(r.peek(1)) > 0 {
		r.at++
	}
}

// take notes that the object grew by n bytes.
func (r *reader) take(n int) error {
	if r.used += n; r.used > maxObjectText {
		return r.unexpected(fmt.Sprintf("object larger than %d bytes", maxObjectText))
	}
	return nil
}

// object reads one object. visit is called with each reference.
func (r *reader) object(depth int, visit func(Ref) error) (Object, error) {
	// The linker puts a side's resources, of maxDepth, into its page.
	if depth > maxDepth+2 {
		return nil, r.unexpected(fmt.Sprintf("objects nested deeper than %d", maxDepth+2))
	}
	// An element costs memory, whatever its length.
	if err := r.take(elementWeight); err != nil {
		return nil, err
	}
	r.space()
	c := r.byte()
	switch {
	case c == '/':
		n, err := r.name()
		return n, err
	case c == '(':
		return r.literal()
	case c == '<' && string(r.peek(2)) == "<<":
		return r.dict(depth, visit)
	case c == '<':
		return r.hex()
	case c == '[':
		r.at++
		a := Array{}
		for {
			r.space()
			if r.try("]") {
				return a, nil
			}
			o, err := r.object(depth+1, visit)
			if err != nil {
				return nil, err
			}
			a = append(a, o)
		}
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		return r.number(visit)
	case r.try("true"):
		return Bool(true), nil
	case r.try("false"):
		return Bool(false), nil
	case r.try("null"):
		return Null{}, nil
	}
	return nil, r.unexpected("no object where one must be")
}

func (r *reader) number(visit func(Ref) error) (Object, error) {
	var b []byte
	fraction := false
	for {
		c := r.byte()
		if c == '.' {
			fraction = true
		} else if (c < '0' || c > '9') && !(len(b) == 0 && (c == '-' || c == '+')) {
			break
		}
		// A real may have as many digits as the largest one.
		if len(b) == 64 {
			return nil, r.unexpected("number too long")
		}
		b = append(b, c)
		r.at++
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	// A large real is written without a point, as Real says.
	if fraction || errors.Is(err, strconv.ErrRange) {
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			return nil, r.unexpected("malformed number before this place")
		}
		return Real(f), nil
	}
	if err != nil {
		return nil, r.unexpected("malformed number before this place")
	}
	if n > 0 && n <= math.MaxInt32 && b[0] != '+' && r.try(" 0 R") {
		if err := visit(Ref(n)); err != nil {
			return nil, err
		}
		return Ref(n), nil
	}
	return Int(n), nil
}

func (r *reader) name() (Name, error) {
	r.at++
	var few [32]byte
	b := few[:0]
	for {
		c := r.byte()
		if len(r.peek(1)) == 0 || isSpace(c) || isDelimiter(c) {
			break
		}
		r.at++
		if c == '#' {
			h, ok1 := unhex(r.byte())
			r.at += min(1, len(r.peek(1)))
			l, ok2 := unhex(r.byte())
			r.at += min(1, len(r.peek(1)))
			if !ok1 || !ok2 {
				return "", r.unexpected("malformed name before this place")
			}
			c = h<<4 | l
		}
		b = append(b, c)
		if err := r.take(1); err != nil {
			return "", err
		}
	}
	return Name(b), nil
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

var errStringEnd = errors.New("string without end")

// literal reads a literal string.
func (r *reader) literal() (Object, error) {
	r.at++
	s := String{}
	depth := 1
	for {
		if len(r.peek(1)) == 0 {
			return nil, r.unexpected(errStringEnd.Error())
		}
		c := r.byte()
		r.at++
		if err := r.take(1); err != nil {
			return nil, err
		}
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s, nil
			}
		case '\\':
			e := r.byte()
			switch {
			case e == 'n':
				c = '\n'
			case e == 'r':
				c = '\r'
			case e == '(' || e == ')' || e == '\\':
				c = e
			case e >= '0' && e <= '3':
				d := r.peek(3)
				if len(d) < 3 || d[1] < '0' || d[1] > '7' || d[2] < '0' || d[2] > '7' {
					return nil, r.unexpected("malformed escape")
				}
				c = (d[0]-'0')<<6 | (d[1]-'0')<<3 | (d[2] - '0')
				r.at += 2
			default:
				return nil, r.unexpected("escape that this package does not write")
			}
			r.at++
		}
		s = append(s, c)
	}
}

// hex reads a hexadecimal string.
func (r *reader) hex() (Object, error) {
	r.at++
	s := HexString{}
	for !r.try(">") {
		d := r.peek(2)
		if len(d) < 2 {
			return nil, r.unexpected(errStringEnd.Error())
		}
		h, ok1 := unhex(d[0])
		l, ok2 := unhex(d[1])
		if !ok1 || !ok2 {
			return nil, r.unexpected("malformed hexadecimal string")
		}
		r.at += 2
		s = append(s, h<<4|l)
		if err := r.take(1); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (r *reader) dict(depth int, visit func(Ref) error) (Object, error) {
	r.at += 2
	d := Dict{}
	for {
		r.space()
		if r.try(">>") {
			return d, nil
		}
		if r.byte() != '/' {
			return nil, r.unexpected("no key in a dictionary")
		}
		k, err := r.name()
		if err != nil {
			return nil, err
		}
		if _, twice := d[k]; twice {
			return nil, r.unexpected("key twice in a dictionary")
		}
		if d[k], err = r.object(depth+1, visit); err != nil {
			return nil, err
		}
	}
}

// indirect reads a whole indirect object with the number num; the data of a
// stream are passed over, and where they begin is told.
func (r *reader) indirect(num int64, visit func(Ref) error) (o Object, data, length int64, err error) {
	if err := r.expect(strconv.FormatInt(num, 10) + " 0 obj\n"); err != nil {
		return nil, 0, 0, err
	}
	r.used = 0
	if o, err = r.object(0, visit); err != nil {
		return nil, 0, 0, err
	}
	if r.try("stream\n") {
		d, ok := o.(Dict)
		n, ok2 := d["Length"].(Int)
		data = r.pos()
		if !ok || !ok2 || n < 0 || int64(n) > r.size-data {
			return nil, 0, 0, r.unexpected("stream without a possible length")
		}
		length = int64(n)
		if err := r.skip(length); err != nil {
			return nil, 0, 0, err
		}
		if err := r.expect(streamTail); err != nil {
			return nil, 0, 0, err
		}
		o = Stream{Dict: d}
	}
	return o, data, length, r.expect("\nendobj\n")
}
