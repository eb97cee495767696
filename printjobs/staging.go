package printjobs

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"postgang/printjobs/exchange"
)

// stagingFolder is the folder that a job is composed in. Files are written under
// temporary names and get their own all together, when everything is proven.
type stagingFolder struct {
	dir   string
	job   string
	files []*stagedFile
}

// stagedFile is a file under its temporary name.
type stagedFile struct {
	f       *os.File
	temp    string // path
	name    string // to be
	written int64
	closed  bool
}

// tempPattern names temporary files of a job, for creating and for finding
// what a killed run has left.
func (s *stagingFolder) tempPattern() string { return ".compose-" + s.job + "-*.tmp" }

// begin makes the folder and drops what a killed run has left in it.
func (s *stagingFolder) begin() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make job folder: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(s.dir, s.tempPattern()))
	if err != nil {
		return fmt.Errorf("look for leftovers: %w", err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove leftover: %w", err)
		}
	}
	return nil
}

// create begins a file. Only its owner can read it: it holds letters.
func (s *stagingFolder) create() (*stagedFile, error) {
	f, err := os.CreateTemp(s.dir, s.tempPattern())
	if err != nil {
		return nil, fmt.Errorf("create file: %w", err)
	}
	st := &stagedFile{f: f, temp: f.Name()}
	s.files = append(s.files, st)
	return st, nil
}

// Write implements io.Writer.
func (st *stagedFile) Write(b []byte) (int, error) {
	n, err := st.f.Write(b)
	st.written += int64(n)
	return n, err
}

// flush makes what was written durable.
func (st *stagedFile) flush() error {
	if err := st.f.Sync(); err != nil {
		return fmt.Errorf("flush file: %w", err)
	}
	return nil
}

// close lets go of the file, once.
func (st *stagedFile) close() error {
	if st.closed {
		return nil
	}
	st.closed = true
	if err := st.f.Close(); err != nil {
		return fmt.Errorf("close file: %w", err)
	}
	return nil
}

// document writes the manifest or the ticket, reads it back, and names it by
// its content.
func (s *stagingFolder) document(kind string, write func(io.Writer) error) (exchange.File, error) {
	st, err := s.create()
	if err != nil {
		return exchange.File{}, err
	}
	sum := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(st, sum))
	if err := write(w); err != nil {
		return exchange.File{}, fmt.Errorf("write %s: %w", kind, err)
	}
	if err := w.Flush(); err != nil {
		return exchange.File{}, fmt.Errorf("write %s: %w", kind, err)
	}
	if err := st.flush(); err != nil {
		return exchange.File{}, err
	}
	file := exchange.File{Kind: kind, SHA256: hex.EncodeToString(sum.Sum(nil)), Bytes: st.written}
	sum.Reset()
	if n, err := io.Copy(sum, io.NewSectionReader(st.f, 0, file.Bytes+1)); err != nil {
		return exchange.File{}, fmt.Errorf("read %s back: %w", kind, err)
	} else if n != file.Bytes || hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
		return exchange.File{}, fmt.Errorf("%w: %s is not what was written", ErrNotAsPlanned, kind)
	}
	if file.Name, err = exchange.FileName(s.job, 0, kind, file.SHA256); err != nil {
		return exchange.File{}, err
	}
	st.name = file.Name
	return file, st.close()
}

// publish gives all files their names, the ticket last: where it is, the job is
// whole.
func (s *stagingFolder) publish() error {
	for _, st := range s.files {
		if err := os.Rename(st.temp, filepath.Join(s.dir, st.name)); err != nil {
			return fmt.Errorf("put %s in place: %w", st.name, err)
		}
	}
	d, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("flush job folder: %w", err)
	}
	defer d.Close() // only read
	_ = d.Sync()    // not every file system can; where it cannot there is no more to do
	s.files = nil   // nothing left to abandon
	return nil
}

// abandon removes the files that are not in place.
func (s *stagingFolder) abandon() {
	for _, st := range s.files {
		st.close()         // it is thrown away
		os.Remove(st.temp) // gone already is as good
	}
	s.files = nil
}
