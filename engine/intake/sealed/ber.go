package sealed

import (
	"bufio"
	"encoding/asn1"
	"errors"
	"io"
	"math"
)

// errForm says that bytes are not BER, or end too early.
var errForm = errors.New("not BER, or cut off")

// Bounds of what is read as BER. Real messages are nested some ten deep, and all but their content is some kilobytes.
const (
	maxDepth = 32
	maxPiece = 64 << 10 // of what is read into memory, in bytes
)

// header begins an element of BER.
type header struct {
	class       int // as in package asn1
	tag         int
	constructed bool
	length      int64 // bytes of the contents; -1: indefinite
}

func (h header) is(class, tag int) bool { return h.class == class && h.tag == tag }

// reader reads BER (X.690) as it comes, definite and indefinite lengths alike, in fixed memory whatever lengths are claimed.
type reader struct {
	src *bufio.Reader
	pos int64
	// open are the constructed elements that are being read, the innermost last.
	open []frame
}

type frame struct {
	end        int64 // where it must have ended, at the latest
	indefinite bool
}

func newReader(src io.Reader) *reader { return &reader{src: bufio.NewReaderSize(src, 64<<10)} }

func (r *reader) limit() int64 {
	if len(r.open) == 0 {
		return math.MaxInt64
	}
	return r.open[len(r.open)-1].end
}

// read reads as much as there is, up to len(p), within the innermost element.
func (r *reader) read(p []byte) (int, error) {
	if int64(len(p)) > r.limit()-r.pos {
		return 0, errForm
	}
	n, err := r.src.Read(p)
	r.pos += int64(n)
	if n > 0 {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		err = errForm
	}
	return 0, err
}

func (r *reader) full(p []byte) error {
	for len(p) > 0 {
		n, err := r.read(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func (r *reader) octet() (byte, error) {
	var b [1]byte
	err := r.full(b[:])
	return b[0], err
}

// next reads the header of the next element.
func (r *reader) next() (h header, err error) {
	b, err := r.octet()
	if err != nil {
		return h, err
	}
	h = header{class: int(b >> 6), tag: int(b & 0x1f), constructed: b&0x20 != 0}
	if h.tag == 0x1f {
		return h, errForm // CMS has no tags above 30
	}
	if b, err = r.octet(); err != nil {
		return h, err
	}
	switch n := int(b & 0x7f); {
	case b < 0x80:
		h.length = int64(b)
	case b == 0x80:
		h.length = -1
		if !h.constructed {
			return h, errForm
		}
	case n > 8:
		return h, errForm
	default:
		for range n {
			if b, err = r.octet(); err != nil {
				return h, err
			}
			if h.length > math.MaxInt64>>9 {
				return h, errForm
			}
			h.length = h.length<<8 | int64(b)
		}
	}
	if h.length > r.limit()-r.pos {
		return h, errForm
	}
	return h, nil
}

// enter goes into a constructed element whose header was just read.
func (r *reader) enter(h header) error {
	if !h.constructed || len(r.open) >= maxDepth {
		return errForm
	}
	f := frame{end: r.limit(), indefinite: h.length < 0}
	if !f.indefinite {
		f.end = r.pos + h.length
	}
	r.open = append(r.open, f)
	return nil
}

// more reports whether the innermost element has anything left.
func (r *reader) more() (bool, error) {
	f := r.open[len(r.open)-1]
	if !f.indefinite {
		return r.pos < f.end, nil
	}
	if f.end-r.pos < 2 {
		return false, errForm
	}
	mark, err := r.src.Peek(2)
	if errors.Is(err, io.EOF) {
		err = errForm
	}
	return err == nil && (mark[0] != 0 || mark[1] != 0), err
}

// leave goes out of the innermost element, which has nothing left.
func (r *reader) leave() error {
	more, err := r.more()
	if err != nil || more {
		return errors.Join(err, errForm)
	}
	f := r.open[len(r.open)-1]
	if f.indefinite {
		var mark [2]byte
		err = r.full(mark[:])
	}
	r.open = r.open[:len(r.open)-1]
	return err
}

// into goes into the next element, which must be this one.
func (r *reader) into(class, tag int) error {
	h, err := r.next()
	if err != nil {
		return err
	}
	if !h.is(class, tag) {
		return errForm
	}
	return r.enter(h)
}

// skip passes over the contents of an element.
func (r *reader) skip(h header) error {
	if h.length >= 0 {
		n, err := io.CopyN(io.Discard, r.src, h.length)
		r.pos += n
		if errors.Is(err, io.EOF) {
			err = errForm
		}
		return err
	}
	if err := r.enter(h); err != nil {
		return err
	}
	for {
		more, err := r.more()
		if err != nil {
			return err
		}
		if !more {
			return r.leave()
		}
		child, err := r.next()
		if err == nil {
			err = r.skip(child)
		}
		if err != nil {
			return err
		}
	}
}

// der reads the element whose header was just read, as DER, which package asn1 takes.
func (r *reader) der(h header) ([]byte, error) {
	contents, err := r.contents(h, maxPiece)
	if err != nil {
		return nil, err
	}
	// An OCTET STRING in pieces is one of its own in DER.
	compound := h.constructed && !h.is(asn1.ClassUniversal, asn1.TagOctetString)
	return asn1.Marshal(asn1.RawValue{Class: h.class, Tag: h.tag, IsCompound: compound, Bytes: contents})
}

// contents are an element's contents as DER: of an OCTET STRING its bytes.
func (r *reader) contents(h header, most int) ([]byte, error) {
	if h.length > int64(most) {
		return nil, errForm
	}
	if !h.constructed {
		out := make([]byte, h.length)
		return out, r.full(out)
	}
	if err := r.enter(h); err != nil {
		return nil, err
	}
	var out []byte
	for {
		more, err := r.more()
		if err != nil {
			return nil, err
		}
		if !more {
			return out, r.leave()
		}
		child, err := r.next()
		if err != nil {
			return nil, err
		}
		var piece []byte
		if h.is(asn1.ClassUniversal, asn1.TagOctetString) {
			if !child.is(asn1.ClassUniversal, asn1.TagOctetString) {
				return nil, errForm
			}
			piece, err = r.contents(child, most-len(out))
		} else {
			piece, err = r.der(child)
		}
		if err != nil {
			return nil, err
		}
		if out = append(out, piece...); len(out) > most {
			return nil, errForm
		}
	}
}

// octets reads the bytes of an OCTET STRING, in however many pieces it comes.
type octets struct {
	r    *reader
	base int   // how many elements were open before it
	left int64 // bytes of the piece at hand
}

// octets begins with the element whose header was just read, whatever its tag.
func (r *reader) octets(h header) (*octets, error) {
	o := &octets{r: r, base: len(r.open)}
	if !h.constructed {
		o.left = h.length
		return o, nil
	}
	return o, r.enter(h)
}

func (o *octets) Read(p []byte) (int, error) {
	for o.left == 0 {
		if len(o.r.open) == o.base {
			return 0, io.EOF
		}
		more, err := o.r.more()
		if err != nil {
			return 0, err
		}
		if !more {
			if err := o.r.leave(); err != nil {
				return 0, err
			}
			continue
		}
		h, err := o.r.next()
		switch {
		case err != nil:
			return 0, err
		case !h.is(asn1.ClassUniversal, asn1.TagOctetString):
			return 0, errForm
		case h.constructed:
			if err := o.r.enter(h); err != nil {
				return 0, err
			}
		default:
			o.left = h.length
		}
	}
	n, err := o.r.read(p[:min(int64(len(p)), o.left)])
	o.left -= int64(n)
	return n, err
}
