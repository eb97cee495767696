package printfile

import (
	"fmt"
	"io"
	"os"
)

const (
	// offsetWidth is the bytes of one offset: 40 bits, a terabyte. 0 means
	// that the object is not written (no object lies at 0).
	offsetWidth = 5
	maxOffset   = 1<<(8*offsetWidth) - 1
	// chunkObjects is how many offsets are kept or spilled together (320 kB).
	chunkObjects = 1 << 16
)

// offsets is the table of object offsets of a print file. Beyond keep chunks,
// the oldest go to a temporary file.
type offsets struct {
	keep   int
	dir    string
	count  uint32 // numbers given, 1…count
	chunks [][]byte
	first  int // chunks before this one are in the file
	file   *os.File
}

// alloc gives the next object number.
func (t *offsets) alloc() (uint32, error) {
	if t.count == 1<<31-1 {
		return 0, fmt.Errorf("more than %d objects in one print file", t.count)
	}
	if int(t.count)/chunkObjects == len(t.chunks) {
		if len(t.chunks)-t.first >= t.keep {
			if err := t.spill(); err != nil {
				return 0, err
			}
		}
		t.chunks = append(t.chunks, make([]byte, chunkObjects*offsetWidth))
	}
	t.count++
	return t.count, nil
}

func (t *offsets) spill() error {
	if t.file == nil {
		f, err := os.CreateTemp(t.dir, "printfile-offsets-*")
		if err != nil {
			return fmt.Errorf("spill offset table: %w", err)
		}
		t.file = f
		// The name is not needed; where the system allows it, the file is
		// gone whatever happens to us.
		os.Remove(f.Name()) // close tries again
	}
	if _, err := t.file.WriteAt(t.chunks[t.first], int64(t.first)*chunkObjects*offsetWidth); err != nil {
		return fmt.Errorf("spill offset table: %w", err)
	}
	t.chunks[t.first] = nil
	t.first++
	return nil
}

// set notes where object n begins.
func (t *offsets) set(n uint32, off int64) error {
	if off > maxOffset {
		return fmt.Errorf("print file larger than %d bytes", int64(maxOffset))
	}
	b := [offsetWidth]byte{byte(off >> 32), byte(off >> 24), byte(off >> 16), byte(off >> 8), byte(off)}
	chunk, at := int(n-1)/chunkObjects, int(n-1)%chunkObjects*offsetWidth
	if chunk >= t.first {
		copy(t.chunks[chunk][at:], b[:])
		return nil
	}
	if _, err := t.file.WriteAt(b[:], int64(chunk)*chunkObjects*offsetWidth+int64(at)); err != nil {
		return fmt.Errorf("patch spilled offset table: %w", err)
	}
	return nil
}

// each calls f with every offset in order of the object numbers. An object
// without an offset is an error.
func (t *offsets) each(f func(off int64)) error {
	buf := make([]byte, chunkObjects*offsetWidth)
	n := uint32(0)
	for i, c := range t.chunks {
		if i < t.first {
			if _, err := t.file.ReadAt(buf, int64(i)*chunkObjects*offsetWidth); err != nil && err != io.EOF {
				return fmt.Errorf("read spilled offset table: %w", err)
			}
			c = buf
		}
		for ; len(c) > 0 && n < t.count; c = c[offsetWidth:] {
			n++
			off := int64(c[0])<<32 | int64(c[1])<<24 | int64(c[2])<<16 | int64(c[3])<<8 | int64(c[4])
			if off == 0 {
				return fmt.Errorf("object %d was numbered but never written", n)
			}
			f(off)
		}
	}
	return nil
}

func (t *offsets) close() {
	if t.file != nil {
		t.file.Close()           // temporary
		os.Remove(t.file.Name()) // may be gone already
		t.file = nil
	}
	t.chunks = nil
}

// sharedTable says under which number a shared object stands in the print file.
// It holds at most about limit objects: when half of them are new, those that
// were not used since the last such moment are forgotten. An object that is
// forgotten and needed again is written again, which costs bytes and nothing
// else; which are forgotten depends on the sides alone, so output stays
// deterministic.
type sharedTable struct {
	limit      int
	young, old map[digest]uint32
}

func (t *sharedTable) get(h digest) uint32 {
	if n, ok := t.young[h]; ok {
		return n
	}
	n, ok := t.old[h]
	if ok {
		t.put(h, n)
	}
	return n
}

func (t *sharedTable) put(h digest, n uint32) {
	if t.young == nil || len(t.young) >= max(1, t.limit/2) {
		t.old, t.young = t.young, make(map[digest]uint32)
	}
	t.young[h] = n
}
