package printjobs

import (
	"errors"
	"fmt"

	"postgang/printjobs/printfile"
)

// verify reads a finished print file back and compares it with the plan.
func (c *composer) verify(f *printFile, res printfile.Result) error {
	info, err := f.staged.f.Stat()
	if err != nil {
		return fmt.Errorf("read print file back: %w", err)
	}
	sides := sideCheck{plan: f}
	sides.width, sides.height = c.press.Size()
	parts := partCheck{composer: c, file: f}
	sum, err := printfile.InspectParts(f.staged.f, info.Size(), sides.add, parts.add)
	if errors.Is(err, printfile.ErrNotPrintFile) {
		return fmt.Errorf("%w: %w", ErrNotAsPlanned, err)
	}
	if err != nil {
		return fmt.Errorf("read print file back: %w", err)
	}
	if sum.SHA256 != res.SHA256 || sum.Bytes != res.Bytes {
		return fmt.Errorf("%w: %d bytes with hash %.12s were written, %d with %.12s are there",
			ErrNotAsPlanned, res.Bytes, res.SHA256, sum.Bytes, sum.SHA256)
	}
	if err := sides.verdict(); err != nil {
		return err
	}
	return parts.verdict()
}

// partCheck compares the document parts that are there with the letters and
// control sheets of the file, one after the other.
type partCheck struct {
	composer *composer
	file     *printFile
	n        int
	wrong    error // the first difference
}

func (p *partCheck) add(s printfile.PartSummary) {
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
		p.wrong = fmt.Errorf("%w: document part %d: %w", ErrNotAsPlanned, p.n, err)
	case have != want:
		p.wrong = fmt.Errorf("%w: document part %d is of another letter than is planned", ErrNotAsPlanned, p.n)
	case s.FirstSide != first || s.LastSide != last:
		p.wrong = fmt.Errorf("%w: document part %d has sides %d to %d, planned are %d to %d", ErrNotAsPlanned, p.n, s.FirstSide, s.LastSide, first, last)
	}
}

// verdict is what is wrong, when all parts are added.
func (p *partCheck) verdict() error {
	want := 0
	if p.composer.parts() {
		want = p.file.file.Header + p.file.letters + p.file.file.Trailer
	}
	if p.n != want {
		return fmt.Errorf("%w: %d document parts were planned, %d are there", ErrNotAsPlanned, want, p.n)
	}
	return p.wrong
}

// sideCheck compares the sides that are there with those that were planned, one
// after the other.
type sideCheck struct {
	plan          *printFile
	width, height float64
	n             int
	wrong         error // the first difference
}

func (p *sideCheck) add(s printfile.SideSummary) {
	p.n++
	if p.wrong != nil || p.n > len(p.plan.sides) {
		return
	}
	want := p.plan.sides[p.n-1]
	switch {
	case s.Placements != want.placements() || s.HasOwn() != want.marked() || s.Blank != want.blank():
		p.wrong = fmt.Errorf("%w: side %d has %d pages placed (marks: %v, blank: %v), planned are %d (marks: %v)",
			ErrNotAsPlanned, p.n, s.Placements, s.HasOwn(), s.Blank, want.placements(), want.marked())
	case s.Width != p.width || s.Height != p.height:
		p.wrong = fmt.Errorf("%w: side %d is %g × %g pt", ErrNotAsPlanned, p.n, s.Width, s.Height)
	}
}

// verdict is what is wrong, when all sides are added.
func (p *sideCheck) verdict() error {
	if p.n != len(p.plan.sides) {
		return fmt.Errorf("%w: %d sides were planned, %d are there", ErrNotAsPlanned, len(p.plan.sides), p.n)
	}
	return p.wrong
}
