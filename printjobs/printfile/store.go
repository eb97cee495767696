package printfile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strconv"
)

// digest is the content hash of a shared object: SHA-256 over its bytes with the
// numbers of its references left out and the hashes of the objects that they
// name put before (a Merkle hash of everything that it reaches). Equal hashes
// mean equal content, whatever file it lies in.
type digest [sha256.Size]byte

// object is one object of a store. Its body is everything between
// "n 0 obj\n" and "\nendobj\n".
type object struct {
	off  int64 // of the body, in the file or in the arena
	size int64 // of the body
	// data, in memory, is the stream data, which stand in no arena; the
	// body is then arena[off:off+head] + data + streamTail.
	data         []byte
	head         int64
	stream       bool
	refLo, refHi int32 // its references in store.refs
	hash         int32 // its hash in store.hashes, or -1
	// crc, in a file, is the CRC-32C of an unshared object's body without
	// the numbers of its references.
	crc uint32
}

// store holds numbered objects 1…len(objs), in memory or in a file.
// It does not change once made.
type store struct {
	src    io.ReaderAt // nil: in memory
	size   int64       // of src
	arena  []byte
	objs   []object
	refs   []refAt
	hashes []digest
}

func (s *store) refsOf(o *object) []refAt { return s.refs[o.refLo:o.refHi] }

// hashHead begins the content hash of o: layout and children's hashes. The
// literal bytes follow. The layout makes the whole unambiguous.
func (s *store) hashHead(h hash.Hash, o *object, scratch []byte) []byte {
	refs := s.refsOf(o)
	b := append(scratch[:0], "printfile shared object 1\n"...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(refs)))
	at := int64(0)
	for _, r := range refs {
		b = binary.BigEndian.AppendUint64(b, uint64(r.pos-at))
		b = append(b, s.hashes[s.objs[r.num-1].hash][:]...)
		at = r.pos + digits(r.num)
	}
	h.Write(b)
	return b
}

// hashInMemory is the whole content hash of an object that lies in memory and
// whose references are all hashed.
func (s *store) hashInMemory(h hash.Hash, o *object) digest {
	h.Reset()
	s.hashHead(h, o, nil)
	head := s.arena[o.off : o.off+o.head]
	at := int64(0)
	for _, r := range s.refsOf(o) {
		h.Write(head[at:r.pos])
		at = r.pos + digits(r.num)
	}
	h.Write(head[at:])
	if o.stream {
		h.Write(o.data)
		io.WriteString(h, streamTail)
	}
	var sum digest
	h.Sum(sum[:0])
	return sum
}

// errHash says that a prepared file does not hold what its index promises.
var errHash = errors.New("content does not match its sum in the index")

const (
	windowSize = 64 << 10
	bufferSize = 256 << 10
)

// sink is a buffered writer that hashes what it writes and keeps its first
// error.
type sink struct {
	w   io.Writer
	buf []byte
	off int64     // bytes taken so far, written or buffered
	sha hash.Hash // nil for bytes that are not summed
	err error
}

func newSink(w io.Writer) *sink {
	return &sink{w: w, sha: sha256.New()} // buf grows as needed, to bufferSize
}

func (s *sink) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.off += int64(len(b))
	if len(s.buf)+len(b) > bufferSize {
		s.flush()
		if len(b) >= bufferSize {
			s.emit(b)
			return len(b), s.err
		}
	}
	s.buf = append(s.buf, b...)
	return len(b), s.err
}

func (s *sink) text(t string) {
	if s.err == nil && len(s.buf)+len(t) <= bufferSize {
		s.off += int64(len(t))
		s.buf = append(s.buf, t...)
		return
	}
	s.Write([]byte(t)) //nolint:errcheck // the sink keeps its error
}

func (s *sink) int(n int64) {
	if s.err != nil {
		return
	}
	if len(s.buf)+20 > bufferSize {
		s.flush()
	}
	at := len(s.buf)
	s.buf = strconv.AppendInt(s.buf, n, 10)
	s.off += int64(len(s.buf) - at)
}

func (s *sink) flush() {
	s.emit(s.buf)
	s.buf = s.buf[:0]
}

func (s *sink) emit(b []byte) {
	if s.err != nil || len(b) == 0 {
		return
	}
	if s.sha != nil {
		s.sha.Write(b)
	}
	n, err := s.w.Write(b)
	switch {
	case err != nil:
		s.err = fmt.Errorf("write at byte %d: %w", s.off, err)
	case n != len(b):
		s.err = fmt.Errorf("write at byte %d: %w", s.off, io.ErrShortWrite)
	}
}

// sum is the SHA-256 of everything taken so far.
func (s *sink) sum() (h digest) {
	s.flush()
	s.sha.Sum(h[:0])
	return h
}

// copier copies object bodies from stores to a sink with new numbers.
type copier struct {
	out     *sink
	win     []byte // bytes of winOf from winOff on
	winOf   *store
	winOff  int64
	scratch []byte
	sha     hash.Hash
	// What the object that is being copied is summed with.
	verify bool
	crc    uint32
}

func newCopier(out *sink) *copier {
	return &copier{out: out, sha: sha256.New()}
}

// view gives bytes of the body of o from rel on, at least one and at most n;
// at least min(n, 64) when they lie in a file.
func (c *copier) view(s *store, o *object, rel, n int64) ([]byte, error) {
	if s.src == nil {
		var b []byte
		switch {
		case rel < o.head:
			b = s.arena[o.off+rel : o.off+o.head]
		case rel < o.head+int64(len(o.data)):
			b = o.data[rel-o.head:]
		default:
			b = []byte(streamTail)[rel-o.head-int64(len(o.data)):]
		}
		return b[:min(n, int64(len(b)))], nil
	}
	return c.file(s, o.off+rel, n)
}

// file gives bytes of a file store from off on, as view does.
func (c *copier) file(s *store, off, n int64) ([]byte, error) {
	have := int64(0)
	if c.winOf == s && off >= c.winOff {
		have = c.winOff + int64(len(c.win)) - off
	}
	if have < min(n, 64) {
		want := min(windowSize, s.size-off)
		if want < min(n, 64) {
			return nil, io.ErrUnexpectedEOF
		}
		c.winOf = nil
		if int64(cap(c.win)) < want {
			c.win = make([]byte, want)
		}
		b := c.win[:want]
		if m, err := s.src.ReadAt(b, off); int64(m) < want {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("read %d bytes at %d: %w", want, off, err)
		}
		c.win, c.winOf, c.winOff, have = b, s, off, want
	}
	at := off - c.winOff
	return c.win[at : at+min(n, have)], nil
}

// copy writes object idx of s, whole, as object number num. The references get
// the numbers of targets, one each. What comes from a file is compared with
// the index: the boundaries of the object, its references, and its checksum or,
// with verify, its hash. c.crc is the checksum afterwards.
func (c *copier) copy(s *store, idx int, num uint32, targets []uint32, verify bool) error {
	o := &s.objs[idx]
	c.out.int(int64(num))
	c.out.text(" 0 obj\n")
	if s.src != nil {
		if err := c.frame(s, o.off-digits(idx+1)-7, strconv.Itoa(idx+1)+" 0 obj\n"); err != nil {
			return err
		}
	}
	c.crc = 0
	c.verify = verify && s.src != nil && o.hash >= 0
	if c.verify {
		c.sha.Reset()
		c.scratch = s.hashHead(c.sha, o, c.scratch)
	}
	at := int64(0)
	for i, r := range s.refsOf(o) {
		if err := c.pass(s, o, at, r.pos); err != nil {
			return err
		}
		d := digits(r.num)
		b, err := c.view(s, o, r.pos, d+4)
		if err != nil {
			return err
		}
		var want [24]byte
		if w := append(strconv.AppendInt(want[:0], int64(r.num), 10), " 0 R"...); string(b) != string(w) {
			return fmt.Errorf("no reference to object %d at byte %d, where the index has one", r.num, r.pos)
		}
		c.out.int(int64(targets[i]))
		at = r.pos + d
	}
	if err := c.pass(s, o, at, o.size); err != nil {
		return err
	}
	if c.verify {
		var sum digest
		c.sha.Sum(sum[:0])
		if sum != s.hashes[o.hash] {
			return errHash
		}
	}
	if s.src != nil {
		if o.hash < 0 && c.crc != o.crc {
			return errHash
		}
		if err := c.frame(s, o.off+o.size, "\nendobj\n"); err != nil {
			return err
		}
	}
	c.out.text("\nendobj\n")
	return c.out.err
}

// frame checks that the file has text at off.
func (c *copier) frame(s *store, off int64, text string) error {
	b, err := c.file(s, off, int64(len(text)))
	if err != nil {
		return err
	}
	if string(b) != text {
		return fmt.Errorf("no object boundary at byte %d, where the index has one", off)
	}
	return nil
}

// pass copies the body of o from byte at to byte to.
func (c *copier) pass(s *store, o *object, at, to int64) error {
	for at < to {
		b, err := c.view(s, o, at, to-at)
		if err != nil {
			return err
		}
		if c.verify {
			c.sha.Write(b)
		} else {
			c.crc = crc32.Update(c.crc, crcTable, b)
		}
		if _, err := c.out.Write(b); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return nil
}
