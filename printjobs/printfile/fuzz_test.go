package printfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strconv"
	"testing"
)

// reseal makes a prepared file of arbitrary objects and an arbitrary index with
// a right checksum, so that fuzzing gets past it.
func reseal(objects, index []byte) []byte {
	index = binary.BigEndian.AppendUint32(index[:len(index):len(index)], crc32.Checksum(index, crcTable))
	var b bytes.Buffer
	b.Write(objects)
	off := b.Len()
	b.WriteString("7 0 obj\n<</Length " + strconv.Itoa(len(index)) + "/Type/PGIndex>>stream\n")
	b.Write(index)
	b.WriteString(streamTail + "\nendobj\n")
	xref := b.Len()
	out := newSink(&b)
	writeXrefHead(out, 8)
	writeXrefEntry(out, int64(off))
	out.flush()
	b.WriteString("trailer\n<</PGIndex 7 0 R>>\nstartxref\n" + strconv.Itoa(xref) + "\n%%EOF\n")
	return b.Bytes()
}

// parts gives the objects and the index of a file, for reseal.
func parts(t testing.TB, raw []byte) (objects, index []byte) {
	t.Helper()
	objects, rest, ok := bytes.Cut(raw, []byte(indexMagic))
	index, _, ok2 := bytes.Cut(rest, []byte(streamTail+"\nendobj\nxref"))
	if !ok || !ok2 {
		t.Fatal("no index in the file")
	}
	return objects, append([]byte(indexMagic), index[:len(index)-4]...)
}

func TestResealedFileOpens(t *testing.T) {
	t.Parallel()
	raw, p := file(t, letter(t, 5, 2))
	b := reseal(parts(t, raw))
	q, err := OpenPrepared(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var want, got bytes.Buffer
	if err := linkOne(p, &want); err != nil {
		t.Fatal(err)
	}
	if err := linkOne(q, &got); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Fatalf("resealed letter links differently (%v)", err)
	}
}

// useAll does with a file what a night does. What opens and links must be whole:
// it can be written again, opened, and linked to the same bytes.
func useAll(t *testing.T, raw []byte) {
	p, err := OpenPrepared(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		if !errors.Is(err, ErrNotPrepared) {
			t.Fatalf("not ErrNotPrepared: %v", err)
		}
		return
	}
	checked := p.Check()
	if checked != nil && !errors.Is(checked, ErrNotPrepared) {
		t.Fatalf("Check: not ErrNotPrepared: %v", checked)
	}
	var linked bytes.Buffer
	if err := linkOne(p, &linked); err != nil {
		if checked == nil {
			t.Fatalf("checked but not linked: %v", err)
		}
		var se *SourceError
		if !errors.As(err, &se) {
			t.Fatalf("the error does not name the source: %v", err)
		}
		return
	}
	if _, err := Inspect(bytes.NewReader(linked.Bytes()), int64(linked.Len())); err != nil && (checked == nil || !errors.Is(err, ErrNotPrintFile)) {
		t.Fatalf("Inspect: %v (Check: %v)", err, checked)
	}
	var merged bytes.Buffer
	l := NewLinker(&merged, Options{MergeFonts: true})
	for i := range p.NumPages() {
		w, h := p.PageSize(i)
		if err := l.AddSide(Side{Width: w, Height: h, Placements: []Placement{{p, i, Identity, nil}}}); err != nil {
			t.Fatalf("linked, but not with merged fonts: %v", err)
		}
	}
	if _, err := l.Close(); err != nil {
		t.Fatalf("not closed with merged fonts: %v", err)
	}
	if _, err := Inspect(bytes.NewReader(merged.Bytes()), int64(merged.Len())); err != nil && checked == nil {
		t.Fatalf("Inspect of merged fonts: %v", err)
	}
	var again bytes.Buffer
	if _, err := p.WriteTo(&again); err != nil {
		t.Fatalf("linked but not written: %v", err)
	}
	q, err := OpenPrepared(bytes.NewReader(again.Bytes()), int64(again.Len()))
	if err != nil {
		t.Fatalf("written but not opened: %v", err)
	}
	var relinked bytes.Buffer
	if err := linkOne(q, &relinked); err != nil || !bytes.Equal(relinked.Bytes(), linked.Bytes()) {
		t.Fatalf("written again, it links differently (%v)", err)
	}
}

// The seeds are small; `-fuzzminimizetime 20x` keeps the engine from spending its
// time on making them smaller.
func FuzzOpenPrepared(f *testing.F) {
	for i := range 3 {
		raw, _ := file(f, letter(f, i, i+1))
		f.Add(raw, []byte(nil))
		objects, index := parts(f, raw)
		f.Add(objects, index)
	}
	raw, _ := file(f, subsetLetter(f, cut(f, 36, 105)))
	f.Add(raw, []byte(nil))
	f.Add([]byte(fileHeader+"1 0 obj\n<</A 1 0 R>>\nendobj\n"), append([]byte(indexMagic), 1, 1, 1,
		0x40, 0x59, 0, 0, 0, 0, 0, 0, 0x40, 0x59, 0, 0, 0, 0, 0, 0, 23, 12, 2, 1, 2, 3, 4, 5, 1))
	f.Fuzz(func(t *testing.T, objects, index []byte) {
		if len(index) == 0 {
			useAll(t, objects) // as it is
			return
		}
		useAll(t, reseal(objects, index))
	})
}

func FuzzInspect(f *testing.F) {
	for i := range 3 {
		p := letter(f, i, i+1)
		for _, opt := range []Options{{}, {XRefStream: true, Title: "æ"}} {
			b, _ := link(f, opt, p)
			f.Add(b)
		}
	}
	b, _ := imposed(f, Options{})
	f.Add(b)
	b, _ = linkParts(f, Options{Version: "2.0"}, 1, 2)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		sum, err := Inspect(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, ErrNotPrintFile) {
				t.Fatalf("not ErrNotPrintFile: %v", err)
			}
			return
		}
		if len(sum.Sides) == 0 || sum.Bytes != int64(len(b)) {
			t.Fatalf("accepted: %+v", sum)
		}
		for i, s := range sum.Sides {
			if s.Blank && s.Placements > 0 || checkSize(s.Width, s.Height) != nil {
				t.Fatalf("side %d accepted: %+v", i+1, s)
			}
		}
		next := 1
		for i, p := range sum.Parts {
			if p.FirstSide != next || p.LastSide < next {
				t.Fatalf("part %d accepted: sides %d to %d", i+1, p.FirstSide, p.LastSide)
			}
			next = p.LastSide + 1
			if m, err := PartMetadataOf(p.Metadata); err == nil && !sameText(m.Dict(), p.Metadata) {
				t.Fatalf("part %d: metadata accepted that differ", i+1)
			}
		}
		if len(sum.Parts) > 0 && next != len(sum.Sides)+1 {
			t.Fatalf("parts end at side %d of %d", next-1, len(sum.Sides))
		}
		// What is accepted is parsed the same way by the tests' own reader.
		pages := pagesOf(readFileObjects(t, b))
		if len(pages) != len(sum.Sides) {
			t.Fatalf("%d pages, %d sides", len(pages), len(sum.Sides))
		}
	})
}

// The objects of the object model survive being written and read.
func FuzzObject(f *testing.F) {
	for _, s := range []string{"<</A[1 2.5 -3 true null/N#20x(a\\051b)<00FF>]/B 3 0 R>>", "[]", "(())", "/", "<<>>", "1 0 R"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		anyRef := func(Ref) error { return nil }
		r := newReader(bytes.NewReader(b), int64(len(b)), smallWindow)
		o, err := r.object(0, anyRef)
		if err != nil {
			return
		}
		write := func(o Object) []byte {
			e := encoder{number: func(r Ref) (int, error) { return int(r), nil }}
			if err := o.encode(&e); err != nil {
				return nil // a name with NUL, for instance
			}
			return e.buf
		}
		first := write(o)
		if first == nil {
			return
		}
		r = newReader(bytes.NewReader(first), int64(len(first)), smallWindow)
		back, err := r.object(0, anyRef)
		if err != nil || r.pos() != int64(len(first)) {
			t.Fatalf("written object is not read back: %q: %v", first, err)
		}
		if second := write(back); !bytes.Equal(first, second) {
			t.Fatalf("%q became %q", first, second)
		}
	})
}

var _ io.WriterTo = (*Prepared)(nil)
