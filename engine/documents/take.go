package documents

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// InMemory is how large what comes from another machine, or goes there, may be to be held in memory; what is larger goes through a file.
const InMemory = 16 << 20

// Spool takes bytes that are read afterwards: in memory to InMemory, else in a file that has no name.
type Spool struct {
	scratch string
	memory  bytes.Buffer
	file    *os.File
	size    int64
}

// NewSpool takes bytes; what does not fit in memory goes into a file of the folder scratch, empty: that of the system.
func NewSpool(scratch string) *Spool { return &Spool{scratch: scratch} }

// Write takes bytes.
func (s *Spool) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) > InMemory {
		f, err := os.CreateTemp(s.scratch, "document-*")
		if err != nil {
			return 0, err
		}
		s.file = f
		if err := os.Remove(f.Name()); err != nil {
			return 0, err
		}
		if _, err := f.Write(s.memory.Bytes()); err != nil {
			return 0, err
		}
		s.memory = bytes.Buffer{}
	}
	var n int
	var err error
	if s.file != nil {
		n, err = s.file.Write(p)
	} else {
		n, err = s.memory.Write(p)
	}
	s.size += int64(n)
	return n, err
}

// Reset forgets what was taken.
func (s *Spool) Reset() error {
	s.memory.Reset()
	s.size = 0
	err := s.Close()
	s.file = nil
	return err
}

// Size is how many bytes were taken.
func (s *Spool) Size() int64 { return s.size }

// ReadAt reads what was taken.
func (s *Spool) ReadAt(p []byte, at int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, at)
	}
	return bytes.NewReader(s.memory.Bytes()).ReadAt(p, at)
}

// Close gives room back.
func (s *Spool) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// blob is what was taken, as an open document.
func (s *Spool) blob() store.Blob {
	if s.file != nil {
		return &fileBlob{s.file, s.size}
	}
	return s
}

// Take takes a whole document, and proves on the way that it is the one of the reference; store.ErrNotFound when it is another. read gives
// fn its bytes, and may do so again from the beginning.
func Take(ref shipment.BlobRef, scratch string, read func(fn func(r io.Reader) error) error) (store.Blob, error) {
	if ref.Bytes < 0 {
		return nil, fmt.Errorf("document %s has %d bytes: %w", ref.SHA256, ref.Bytes, store.ErrNotFound)
	}
	s := NewSpool(scratch)
	if ref.Bytes <= InMemory {
		s.memory.Grow(int(ref.Bytes))
	}
	err := read(func(r io.Reader) error {
		if err := s.Reset(); err != nil {
			return err
		}
		hash := sha256.New()
		n, err := io.Copy(io.MultiWriter(s, hash), io.LimitReader(r, ref.Bytes+1))
		switch {
		case err != nil:
			return err
		case n != ref.Bytes:
			return fmt.Errorf("it has not the %d bytes that the archive says: %w", ref.Bytes, ErrDamaged)
		case hex.EncodeToString(hash.Sum(nil)) != ref.SHA256:
			return fmt.Errorf("it has another SHA-256: %w", ErrDamaged)
		}
		return nil
	})
	if errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", err, store.ErrNotFound)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("document %s: %w", ref.SHA256, err), s.Close())
	}
	return s.blob(), nil
}

// fileBlob is an open document that is a file.
type fileBlob struct {
	*os.File
	size int64
}

// Plain is the file itself, which Close closes.
func (b *fileBlob) Plain() *os.File { return b.File }

// Size in bytes.
func (b *fileBlob) Size() int64 { return b.size }
