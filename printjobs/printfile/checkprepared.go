package printfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Check proves a letter that was opened from a file whole, for a caller that
// does not trust who wrote the file: every object is one well-formed PDF object
// with just the references that the index has, every page draws a form, no
// object passes for a page or a catalog, every sum is right, and nothing else is
// in the file: its bytes are exactly those that WriteTo writes. What Check
// accepts links to a print file that Inspect accepts. It reads the file twice.
// Findings wrap ErrNotPrepared. A letter from a Builder needs no check.
func (p *Prepared) Check() error {
	_, err := p.CheckSum()
	return err
}

// CheckSum is Check, and returns the SHA-256 of the file as well; zero for a
// letter from a Builder.
func (p *Prepared) CheckSum() (sum [32]byte, err error) {
	if p.src == nil {
		return sum, nil
	}
	if sum, err = p.check(); err != nil {
		return sum, fmt.Errorf("check prepared letter: %w", err)
	}
	return sum, nil
}

func (p *Prepared) check() (sum [32]byte, err error) {
	src := markedReader{p.src}
	r := newReader(src, p.size, readerWindow)
	forms := make([]bool, len(p.objs))
	for i := range p.objs {
		form, err := p.checkObject(r, i)
		var re readError
		switch {
		case errors.As(err, &re):
			return sum, err
		case err != nil:
			return sum, notPrepared("object %d: %v", i+1, err)
		}
		forms[i] = form
	}
	for i, pg := range p.pages {
		if !forms[pg.form-1] {
			return sum, notPrepared("page %d: object %d is not a Form XObject", i+1, pg.form)
		}
	}
	same := &sameBytes{src: src, size: p.size}
	_, sum, err = p.WriteSum(same)
	if err == nil && same.off != p.size {
		err = errDiffers
	}
	var re readError
	if err != nil && !errors.As(err, &re) {
		return sum, notPrepared("%v", err)
	}
	return sum, err
}

// checkObject parses one object and compares it with the index. It tells
// whether it is a Form XObject.
func (p *Prepared) checkObject(r *reader, idx int) (form bool, err error) {
	o := &p.objs[idx]
	refs := p.refsOf(o)
	r.seek(o.off - digits(idx+1) - 7)
	parsed, _, _, err := r.indirect(int64(idx+1), func(ref Ref) error {
		n := int(ref)
		at := r.pos() - 4 - digits(n) - o.off // before " 0 R" and the number
		if len(refs) == 0 || refs[0] != (refAt{pos: at, num: n}) {
			return fmt.Errorf("reference at byte %d that the index does not have", at)
		}
		refs = refs[1:]
		return nil
	})
	if err != nil {
		return false, err
	}
	if len(refs) > 0 {
		return false, fmt.Errorf("no reference at byte %d, where the index has one", refs[0].pos)
	}
	if r.pos() != o.off+o.size+int64(len("\nendobj\n")) {
		return false, errors.New("does not end where the index has its end")
	}
	switch v := parsed.(type) {
	case Dict:
		return false, checkKind(v)
	case Stream:
		return v.Dict["Subtype"] == Name("Form"), nil
	}
	return false, nil
}

// checkKind refuses objects that would look like pages or document parts of the
// print file.
func checkKind(d Dict) error {
	switch d["Type"] {
	case Name("Page"), Name("Pages"), Name("Catalog"), Name("DPart"), Name("DPartRoot"):
		return errors.New("pages, catalogs and document parts have no place in a letter")
	}
	return nil
}

var errDiffers = errors.New("the file is not what would be written for this letter")

// sameBytes is a writer that takes only the bytes of src.
type sameBytes struct {
	src  io.ReaderAt
	size int64
	off  int64
	buf  []byte
}

func (s *sameBytes) Write(b []byte) (int, error) {
	if int64(len(b)) > s.size-s.off {
		return 0, errDiffers
	}
	if cap(s.buf) < len(b) {
		s.buf = make([]byte, min(len(b), bufferSize))
	}
	for done := 0; done < len(b); {
		part := b[done:min(done+cap(s.buf), len(b))]
		buf := s.buf[:len(part)]
		if err := readFull(s.src, buf, s.off); err != nil {
			return done, err
		}
		if !bytes.Equal(buf, part) {
			return done, errDiffers
		}
		s.off += int64(len(part))
		done += len(part)
	}
	return len(b), nil
}
