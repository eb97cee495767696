package printfile

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"
	"sync"
)

// Prepared is a prepared letter: in memory, as a Builder made it, or in a file,
// of which only the index is read. It is immutable and safe for concurrent use
// as far as its io.ReaderAt is.
type Prepared struct {
	*store
	kits  []*Kit
	pages []page
}

type page struct {
	form int
	w, h float64
}

// NumPages is the number of pages.
func (p *Prepared) NumPages() int { return len(p.pages) }

// PageSize is the size of page i (from 0) in points. It panics when there is
// no such page.
func (p *Prepared) PageSize(i int) (widthPt, heightPt float64) {
	return p.pages[i].w, p.pages[i].h
}

// NumObjects is the number of objects of the letter, without those of kits and
// without the frame of the file.
func (p *Prepared) NumObjects() int { return len(p.objs) }

// resolve gives the store and index of local number n, and what to add to the
// numbers of that object's references.
func (p *Prepared) resolve(n int) (s *store, idx, base int) {
	if n <= maxObjects {
		return p.store, n - 1, 0
	}
	k := n/(maxObjects+1) - 1
	base = (k + 1) * (maxObjects + 1)
	return p.kits[k].st, n - base - 1, base
}

const (
	fileHeader = "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n"
	// indexMagic begins the index; the digit is its version.
	indexMagic = "postgang index 1\n"
	// formPrefix and a number, from 0, name the forms that pages place.
	formPrefix = "PG"
	// tailSize is how much of a file's end OpenPrepared reads at first: in an
	// ordinary letter it holds the whole index.
	tailSize = 16 << 10
)

// tails are the buffers of OpenPrepared.
var tails = sync.Pool{New: func() any { return new([tailSize]byte) }}

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// sinkBuffers keeps what the sinks of WriteTo have grown to, for the next.
var sinkBuffers = sync.Pool{New: func() any { return new([]byte) }}

// WriteTo writes the letter as a canonical PDF file with its index. Equal
// letters give equal bytes. Every object of a letter from a file is compared
// with the index on the way, so writing to io.Discard proves such a letter whole.
// It implements io.WriterTo.
func (p *Prepared) WriteTo(w io.Writer) (int64, error) {
	n, _, err := p.WriteSum(w)
	return n, err
}

// WriteSum is WriteTo, and returns the SHA-256 of what was written as well,
// which is found on the way.
func (p *Prepared) WriteSum(w io.Writer) (n int64, sum [32]byte, err error) {
	out := newSink(w)
	buf := sinkBuffers.Get().(*[]byte)
	out.buf = *buf
	defer func() {
		*buf = out.buf[:0]
		sinkBuffers.Put(buf)
	}()
	if err := p.writeTo(out); err != nil {
		return out.off, sum, fmt.Errorf("write prepared letter: %w", err)
	}
	return out.off, out.sum(), nil
}

func (p *Prepared) writeTo(out *sink) error {
	out.text(fileHeader)
	// The index, in the form of a store, of the file that is being written.
	index := &Prepared{store: &store{}, pages: make([]page, len(p.pages))}
	numbers := make(map[int]uint32)
	var queue []int
	number := func(n int) uint32 {
		if numbers[n] == 0 {
			numbers[n] = uint32(len(numbers) + 1)
			queue = append(queue, n)
		}
		return numbers[n]
	}
	c := newCopier(out)
	var targets []uint32
	// Page by page, in the order in which the linker will read.
	for i, pg := range p.pages {
		index.pages[i] = page{form: int(number(pg.form)), w: pg.w, h: pg.h}
		for len(queue) > 0 {
			n := queue[0]
			queue = queue[1:]
			s, idx, base := p.resolve(n)
			o := &s.objs[idx]
			num := len(index.objs) + 1
			rec := object{off: out.off + digits(num) + 7, size: o.size, hash: -1, refLo: int32(len(index.refs))}
			shift := int64(0)
			targets = targets[:0]
			for _, r := range s.refsOf(o) {
				t := number(base + r.num)
				targets = append(targets, t)
				index.refs = append(index.refs, refAt{pos: r.pos + shift, num: int(t)})
				shift += digits(int(t)) - digits(r.num)
			}
			rec.size += shift
			rec.refHi = int32(len(index.refs))
			if o.hash >= 0 {
				index.hashes = append(index.hashes, s.hashes[o.hash])
				rec.hash = int32(len(index.hashes) - 1)
			}
			if err := c.copy(s, idx, uint32(num), targets, true); err != nil {
				return fmt.Errorf("object %d: %w", idx+1, err)
			}
			rec.crc = c.crc
			index.objs = append(index.objs, rec)
		}
	}

	// The frame: catalog, page tree, the one content stream, pages, index.
	offsets := make([]int64, 0, len(index.objs)+len(p.pages)+4)
	for i, o := range index.objs {
		offsets = append(offsets, o.off-digits(i+1)-7)
	}
	begin := func() int64 {
		offsets = append(offsets, out.off)
		out.int(int64(len(offsets)))
		out.text(" 0 obj\n")
		return int64(len(offsets))
	}
	catalog := begin()
	out.text("<</Pages ")
	out.int(catalog + 1)
	out.text(" 0 R/Type/Catalog>>\nendobj\n")
	tree := begin()
	out.text("<</Count ")
	out.int(int64(len(p.pages)))
	out.text("/Kids[")
	for i := range p.pages {
		if i > 0 {
			out.text(" ")
		}
		out.int(tree + 2 + int64(i))
		out.text(" 0 R")
	}
	out.text("]/Type/Pages>>\nendobj\n")
	content := begin()
	draw := "/" + formPrefix + "0 Do\n"
	out.text("<</Length " + strconv.Itoa(len(draw)) + ">>stream\n" + draw + streamTail + "\nendobj\n")
	for _, pg := range index.pages {
		begin()
		out.text("<</Contents ")
		out.int(content)
		out.text(" 0 R")
		writeMediaBox(out, pg.w, pg.h)
		out.text("/Parent ")
		out.int(tree)
		out.text(" 0 R/Resources<</XObject<</" + formPrefix + "0 ")
		out.int(int64(pg.form))
		out.text(" 0 R>>>>/Type/Page>>\nendobj\n")
	}
	data := index.appendIndex(nil)
	indexNum := begin()
	out.text("<</Length ")
	out.int(int64(len(data)))
	out.text("/Type/PGIndex>>stream\n")
	out.Write(data) //nolint:errcheck // the sink keeps its error
	out.text(streamTail + "\nendobj\n")

	id := out.sum()
	xref := out.off
	writeXrefHead(out, int64(len(offsets)+1))
	for _, off := range offsets {
		writeXrefEntry(out, off)
	}
	out.text("trailer\n<</ID")
	writeID(out, id)
	out.text("/PGIndex ")
	out.int(indexNum)
	out.text(" 0 R/Root ")
	out.int(catalog)
	out.text(" 0 R/Size ")
	out.int(int64(len(offsets) + 1))
	out.text(">>\nstartxref\n")
	out.int(xref)
	out.text("\n%%EOF\n")
	out.flush()
	return out.err
}

func writeMediaBox(out *sink, w, h float64) {
	b := append(make([]byte, 0, 64), "/MediaBox[0 0 "...)
	b = append(appendReal(b, w), ' ')
	b = append(appendReal(b, h), ']')
	out.Write(b) //nolint:errcheck // the sink keeps its error
}

func writeID(out *sink, id digest) {
	s := hex.EncodeToString(id[:16])
	out.text("[<" + s + "><" + s + ">]")
}

func writeXrefHead(out *sink, size int64) {
	out.text("xref\n0 ")
	out.int(size)
	out.text("\n0000000000 65535 f \n")
}

func writeXrefEntry(out *sink, off int64) {
	var b [20]byte
	copy(b[:], "0000000000 00000 n \n")
	for i := 9; off > 0; i-- {
		b[i] = '0' + byte(off%10)
		off /= 10
	}
	out.Write(b[:]) //nolint:errcheck // the sink keeps its error
}

// appendIndex writes the index. Numbers are unsigned varints:
//
//	magic, number of objects, number of pages,
//	for each page: number of its form, width and height (float64, big-endian),
//	for each object, in the order of the file:
//	    distance from the end of the body before (from 0 for the first), size of the body,
//	    2 × number of references, + 1 when shared,
//	    its hash when shared, else the CRC-32C (big-endian) of its body without the numbers of its references,
//	    for each reference: distance from the end of the number before, number of its object,
//	CRC-32C of all that (big-endian).
func (p *Prepared) appendIndex(b []byte) []byte {
	start := len(b)
	b = append(b, indexMagic...)
	b = binary.AppendUvarint(b, uint64(len(p.objs)))
	b = binary.AppendUvarint(b, uint64(len(p.pages)))
	for _, pg := range p.pages {
		b = binary.AppendUvarint(b, uint64(pg.form))
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(pg.w))
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(pg.h))
	}
	end := int64(0)
	for i := range p.objs {
		o := &p.objs[i]
		b = binary.AppendUvarint(b, uint64(o.off-end))
		b = binary.AppendUvarint(b, uint64(o.size))
		end = o.off + o.size
		refs := p.refsOf(o)
		flags := uint64(len(refs)) << 1
		if o.hash >= 0 {
			flags |= 1
		}
		b = binary.AppendUvarint(b, flags)
		if o.hash >= 0 {
			b = append(b, p.hashes[o.hash][:]...)
		} else {
			b = binary.BigEndian.AppendUint32(b, o.crc)
		}
		at := int64(0)
		for _, r := range refs {
			b = binary.AppendUvarint(b, uint64(r.pos-at))
			b = binary.AppendUvarint(b, uint64(r.num))
			at = r.pos + digits(r.num)
		}
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], crcTable))
}

// ErrNotPrepared is the error, wrapped with what is wrong, of OpenPrepared for
// a file that is damaged, cut short or not written by this package. Read errors
// are not of this kind.
var ErrNotPrepared = errors.New("not a sound prepared letter")

func notPrepared(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotPrepared, fmt.Sprintf(format, args...))
}

// OpenPrepared opens the prepared letter in the first size bytes of r. It reads
// only the end of the file and checks the index completely; the objects
// themselves are read, and checked against the index, when they are linked.
// r must stay readable as long as the letter is used.
func OpenPrepared(r io.ReaderAt, size int64) (*Prepared, error) {
	p, err := openPrepared(r, size)
	if err != nil {
		return nil, fmt.Errorf("open prepared letter: %w", err)
	}
	return p, nil
}

func openPrepared(r io.ReaderAt, size int64) (*Prepared, error) {
	if size < int64(len(fileHeader)) {
		return nil, notPrepared("%d bytes are too few", size)
	}
	buf := tails.Get().(*[tailSize]byte)
	defer tails.Put(buf) // nothing of the letter keeps it
	tail := buf[:min(size, tailSize)]
	tailOff := size - int64(len(tail))
	if err := readFull(r, tail, tailOff); err != nil {
		return nil, err
	}

	// …, last cross-reference entry (the index), trailer, startxref, %%EOF
	at := bytes.LastIndex(tail, []byte("\ntrailer\n"))
	if at < 19 || !bytes.HasSuffix(tail, []byte("\n%%EOF\n")) {
		return nil, notPrepared("no trailer at the end")
	}
	entry := tail[at-19 : at+1]
	indexOff, err := strconv.ParseUint(string(entry[:10]), 10, 62)
	if err != nil || string(entry[10:]) != " 00000 n \n" {
		return nil, notPrepared("the last cross-reference entry is malformed")
	}
	trailer := tail[at:]
	at = bytes.LastIndex(trailer, []byte("\nstartxref\n"))
	if at < 0 || at+11 > len(trailer)-len("\n%%EOF\n") {
		return nil, notPrepared("no startxref")
	}
	xref, err := strconv.ParseUint(string(trailer[at+11:len(trailer)-len("\n%%EOF\n")]), 10, 62)
	if err != nil || indexOff >= xref || int64(xref) > size-int64(len(trailer)) {
		return nil, notPrepared("the cross-reference table has an impossible place")
	}
	_, num, ok := bytes.Cut(trailer, []byte("/PGIndex "))
	n := bytes.IndexByte(num, ' ')
	if !ok || n < 1 || n > 10 {
		return nil, notPrepared("the trailer names no index")
	}
	head := string(num[:n]) + " 0 obj\n<</Length "

	var obj []byte
	if int64(indexOff) >= tailOff {
		obj = tail[int64(indexOff)-tailOff : int64(xref)-tailOff]
	} else {
		obj = make([]byte, xref-indexOff)
		if err := readFull(r, obj, int64(indexOff)); err != nil {
			return nil, err
		}
	}
	obj, ok = bytes.CutPrefix(obj, []byte(head))
	if !ok {
		return nil, notPrepared("no index where the cross-reference table has it")
	}
	length, obj, ok := bytes.Cut(obj, []byte("/Type/PGIndex>>stream\n"))
	obj, ok2 := bytes.CutSuffix(obj, []byte(streamTail+"\nendobj\n"))
	if !ok || !ok2 || string(length) != strconv.Itoa(len(obj)) {
		return nil, notPrepared("the index is no stream of its length")
	}
	if len(obj) < 4 || crc32.Checksum(obj[:len(obj)-4], crcTable) != binary.BigEndian.Uint32(obj[len(obj)-4:]) {
		return nil, notPrepared("the index is damaged (checksum)")
	}
	p, err := decodeIndex(obj[:len(obj)-4], int64(indexOff))
	if err != nil {
		return nil, err
	}
	p.src, p.size = r, size
	return p, nil
}

// decodeIndex reads an index, without its checksum, of a file whose objects
// all end before limit.
func decodeIndex(b []byte, limit int64) (*Prepared, error) {
	b, ok := bytes.CutPrefix(b, []byte(indexMagic))
	if !ok {
		return nil, notPrepared("the index is of another version: prepare the letter again")
	}
	bad := false
	next := func() int64 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > math.MaxInt64 {
			bad = true
			b = nil
			return 0
		}
		b = b[n:]
		return int64(v)
	}
	nObjs, nPages := next(), next()
	// An object takes at least 7 bytes and a page 17, so counts that the
	// index cannot hold never become allocations.
	if bad || nObjs < 1 || nObjs > maxObjects || nObjs > int64(len(b))/7 {
		return nil, notPrepared("impossible number of objects")
	}
	if nPages < 1 || nPages > int64(len(b))/17 {
		return nil, notPrepared("impossible number of pages")
	}
	p := &Prepared{store: &store{objs: make([]object, nObjs)}, pages: make([]page, nPages)}
	for i := range p.pages {
		form := next()
		if bad || len(b) < 16 || form < 1 || form > nObjs {
			return nil, notPrepared("page %d: impossible form", i+1)
		}
		p.pages[i] = page{
			form: int(form),
			w:    math.Float64frombits(binary.BigEndian.Uint64(b)),
			h:    math.Float64frombits(binary.BigEndian.Uint64(b[8:])),
		}
		b = b[16:]
		if err := checkSize(p.pages[i].w, p.pages[i].h); err != nil {
			return nil, notPrepared("page %d: %v", i+1, err)
		}
	}
	end := int64(0)
	for i := range p.objs {
		gap, size, flags := next(), next(), next()
		least := digits(i+1) + 7 // "n 0 obj\n"
		if i > 0 {
			least += int64(len("\nendobj\n"))
		}
		if bad || gap < least || gap > limit-end || size < 1 || size > limit-end-gap {
			return nil, notPrepared("object %d: impossible place", i+1)
		}
		o := object{off: end + gap, size: size, hash: -1, refLo: int32(len(p.refs))}
		end = o.off + size
		if flags&1 != 0 {
			if len(b) < len(digest{}) {
				return nil, notPrepared("object %d: cut short", i+1)
			}
			p.hashes = append(p.hashes, digest(b))
			o.hash = int32(len(p.hashes) - 1)
			b = b[len(digest{}):]
		} else {
			if len(b) < 4 {
				return nil, notPrepared("object %d: cut short", i+1)
			}
			o.crc = binary.BigEndian.Uint32(b)
			b = b[4:]
		}
		nRefs := flags >> 1
		if nRefs > int64(len(b))/2 || int64(len(p.refs))+nRefs > math.MaxInt32 {
			return nil, notPrepared("object %d: impossible number of references", i+1)
		}
		at := int64(0)
		for range nRefs {
			gap, num := next(), next()
			if bad || num < 1 || num > nObjs || gap > size-at || at+gap+digits(int(num))+4 > size {
				return nil, notPrepared("object %d: impossible reference", i+1)
			}
			p.refs = append(p.refs, refAt{pos: at + gap, num: int(num)})
			at += gap + digits(int(num))
		}
		o.refHi = int32(len(p.refs))
		p.objs[i] = o
	}
	if len(b) > 0 {
		return nil, notPrepared("%d bytes after the end of the index", len(b))
	}
	if end+int64(len("\nendobj\n")) > limit {
		return nil, notPrepared("objects reach into the index")
	}
	for i := range p.objs {
		o := &p.objs[i]
		if o.hash < 0 {
			continue
		}
		for _, r := range p.refsOf(o) {
			if p.objs[r.num-1].hash < 0 {
				return nil, notPrepared("object %d is shared but reaches one that is not", i+1)
			}
		}
	}
	return p, nil
}

func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %d bytes at %d: %w", len(b), off, err)
}
