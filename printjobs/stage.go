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
	"postgang/printjobs/printfile"
)

// stage is the folder that a job is composed in. Files are written under
// temporary names and get their own all together, when everything is proven.
type stage struct {
	dir   string
	job   string
	files []*staged
}

// staged is a file under its temporary name.
type staged struct {
	f       *os.File
	temp    string // path
	name    string // to be
	written int64
	closed  bool
}

// tempPattern names temporary files of a job, for creating and for finding
// what a killed run has left.
func (s *stage) tempPattern() string { return ".compose-" + s.job + "-*.tmp" }

// begin makes the folder and drops what a killed run has left in it.
func (s *stage) begin() error {
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
func (s *stage) create() (*staged, error) {
	f, err := os.CreateTemp(s.dir, s.tempPattern())
	if err != nil {
		return nil, fmt.Errorf("create file: %w", err)
	}
	st := &staged{f: f, temp: f.Name()}
	s.files = append(s.files, st)
	return st, nil
}

// Write implements io.Writer.
func (st *staged) Write(b []byte) (int, error) {
	n, err := st.f.Write(b)
	st.written += int64(n)
	return n, err
}

// flush makes what was written durable.
func (st *staged) flush() error {
	if err := st.f.Sync(); err != nil {
		return fmt.Errorf("flush file: %w", err)
	}
	return nil
}

// close lets go of the file, once.
func (st *staged) close() error {
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
func (s *stage) document(kind string, write func(io.Writer) error) (exchange.File, error) {
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
		return exchange.File{}, fmt.Errorf("%w: %s is not what was written", ErrProof, kind)
	}
	if file.Name, err = exchange.FileName(s.job, 0, kind, file.SHA256); err != nil {
		return exchange.File{}, err
	}
	st.name = file.Name
	return file, st.close()
}

// publish gives all files their names, the ticket last: where it is, the job is
// whole.
func (s *stage) publish() error {
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
func (s *stage) abandon() {
	for _, st := range s.files {
		st.close()         // it is thrown away
		os.Remove(st.temp) // gone already is as good
	}
	s.files = nil
}

// prove reads a finished print file back and compares it with the plan.
func (c *composer) prove(f *printFile, res printfile.Result) error {
	info, err := f.staged.f.Stat()
	if err != nil {
		return fmt.Errorf("read print file back: %w", err)
	}
	sides := sideProof{plan: f}
	sides.width, sides.height = c.press.Size()
	parts := partProof{composer: c, file: f}
	sum, err := printfile.InspectParts(f.staged.f, info.Size(), sides.add, parts.add)
	if errors.Is(err, printfile.ErrNotPrintFile) {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err != nil {
		return fmt.Errorf("read print file back: %w", err)
	}
	if sum.SHA256 != res.SHA256 || sum.Bytes != res.Bytes {
		return fmt.Errorf("%w: %d bytes with hash %.12s were written, %d with %.12s are there",
			ErrProof, res.Bytes, res.SHA256, sum.Bytes, sum.SHA256)
	}
	if err := sides.verdict(); err != nil {
		return err
	}
	return parts.verdict()
}

// partProof compares the document parts that are there with the letters and
// control sheets of the file, one after the other.
type partProof struct {
	composer *composer
	file     *printFile
	n        int
	wrong    error // the first difference
}

func (p *partProof) add(s printfile.PartSummary) {
	p.n++
	if p.wrong != nil {
		return
	}
	f := p.file
	have, err := printfile.PartMetadataOf(s.Metadata)
	want := printfile.PartMetadata{Kind: partControl, Job: p.composer.job.ID}
	per := p.composer.perSheet()
	first, last := 1, per // of the header
	switch i := p.n - f.file.Header; {
	case i >= 1 && i <= f.letters:
		r := p.composer.rows.at(f.firstLetter + i - 1)
		want, first, last = p.composer.partOfRow(f.firstLetter+i-1), int(r.firstSide), int(r.lastSide)
	case i > f.letters:
		first, last = f.finished-per+1, f.finished
	}
	switch {
	case err != nil:
		p.wrong = fmt.Errorf("%w: document part %d: %w", ErrProof, p.n, err)
	case have != want:
		p.wrong = fmt.Errorf("%w: document part %d is of another letter than is planned", ErrProof, p.n)
	case s.FirstSide != first || s.LastSide != last:
		p.wrong = fmt.Errorf("%w: document part %d has sides %d to %d, planned are %d to %d", ErrProof, p.n, s.FirstSide, s.LastSide, first, last)
	}
}

// verdict is what is wrong, when all parts are added.
func (p *partProof) verdict() error {
	want := 0
	if p.composer.parts() {
		want = p.file.file.Header + p.file.letters + p.file.file.Trailer
	}
	if p.n != want {
		return fmt.Errorf("%w: %d document parts were planned, %d are there", ErrProof, want, p.n)
	}
	return p.wrong
}

// sideProof compares the sides that are there with those that were planned, one
// after the other.
type sideProof struct {
	plan          *printFile
	width, height float64
	n             int
	wrong         error // the first difference
}

func (p *sideProof) add(s printfile.SideSummary) {
	p.n++
	if p.wrong != nil || p.n > len(p.plan.sides) {
		return
	}
	want := p.plan.sides[p.n-1]
	switch {
	case s.Placements != want.placements() || s.HasOwn() != want.marked() || s.Blank != want.blank():
		p.wrong = fmt.Errorf("%w: side %d has %d pages placed (marks: %v, blank: %v), planned are %d (marks: %v)",
			ErrProof, p.n, s.Placements, s.HasOwn(), s.Blank, want.placements(), want.marked())
	case s.Width != p.width || s.Height != p.height:
		p.wrong = fmt.Errorf("%w: side %d is %g × %g pt", ErrProof, p.n, s.Width, s.Height)
	}
}

// verdict is what is wrong, when all sides are added.
func (p *sideProof) verdict() error {
	if p.n != len(p.plan.sides) {
		return fmt.Errorf("%w: %d sides were planned, %d are there", ErrProof, len(p.plan.sides), p.n)
	}
	return p.wrong
}
