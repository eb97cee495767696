package printfile

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// refuses checks that an error says what is wrong.
func refuses(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

func TestBuilderErrors(t *testing.T) {
	t.Parallel()
	form := func(b *Builder, res Object) Ref {
		return b.Add(Stream{Dict: Dict{"Subtype": Name("Form"), "Resources": res}, Data: []byte("q Q")})
	}
	deep := Object(Int(1))
	for range maxDepth {
		deep = Array{deep}
	}
	for _, c := range []struct {
		name, want string
		build      func(b *Builder)
	}{
		{"no pages", "no pages", func(b *Builder) { form(b, Dict{}) }},
		{"zero width", "page size", func(b *Builder) { b.AddPage(form(b, Dict{}), 0, 1) }},
		{"NaN height", "page size", func(b *Builder) { b.AddPage(form(b, Dict{}), 1, math.NaN()) }},
		{"huge", "page size", func(b *Builder) { b.AddPage(form(b, Dict{}), math.Inf(1), 1) }},
		{"unknown form", "unknown form object 9", func(b *Builder) { b.AddPage(9, 1, 1) }},
		{"no form", "not a Form XObject", func(b *Builder) { b.AddPage(b.Add(Dict{}), 1, 1) }},
		{"never set", "object 1 was reserved but never set", func(b *Builder) { r := b.Reserve(); b.AddPage(form(b, Dict{"A": r}), 1, 1) }},
		{"unknown", "unknown object 77", func(b *Builder) { b.AddPage(form(b, Dict{"A": Ref(77)}), 1, 1) }},
		{"zero reference", "unknown object 0", func(b *Builder) { b.AddPage(form(b, Array{Ref(0)}), 1, 1) }},
		{"nil", "nil", func(b *Builder) { b.AddPage(form(b, Array{nil}), 1, 1) }},
		{"NaN", "not finite", func(b *Builder) { b.AddPage(form(b, Real(math.NaN())), 1, 1) }},
		{"NUL in name", "NUL", func(b *Builder) { b.AddPage(form(b, Name("a\x00b")), 1, 1) }},
		{"nested stream", "stream inside", func(b *Builder) { b.AddPage(form(b, Stream{}), 1, 1) }},
		{"deep", "nested deeper", func(b *Builder) { b.AddPage(form(b, deep), 1, 1) }},
		{"page inside", "no place in a letter", func(b *Builder) { b.AddPage(form(b, b.Add(Dict{"Type": Name("Page")})), 1, 1) }},
		{"too many elements", "larger than", func(b *Builder) { b.AddPage(form(b, slices.Repeat(Array{Null{}}, 4<<20)), 1, 1) }},
		{"long string", "object of", func(b *Builder) { b.AddPage(form(b, b.Add(make(String, maxObjectText/4))), 1, 1) }},
		{"set twice", "object 1 is set twice", func(b *Builder) { r := form(b, Dict{}); b.Set(r, Null{}); b.AddPage(r, 1, 1) }},
		{"set unreserved", "not reserved", func(b *Builder) { b.Set(4, Null{}); b.AddPage(form(b, Dict{}), 1, 1) }},
		{"set nil", "set to nil", func(b *Builder) { b.Add(nil); b.AddPage(form(b, Dict{}), 1, 1) }},
		{"share unknown", "unknown object 5 is shared", func(b *Builder) { b.Share(5); b.AddPage(form(b, Dict{}), 1, 1) }},
	} {
		b := NewBuilder()
		c.build(b)
		if _, err := b.Prepared(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}

	b := NewBuilder()
	a := b.Reserve()
	b.Set(a, Array{a})
	b.Share(a)
	_, err := b.Kit()
	refuses(t, err, "cycle")
	b = NewBuilder()
	b.AddPage(form(b, Dict{}), 1, 1)
	_, err = b.Kit()
	refuses(t, err, "no pages")
	kit, _ := fontKit(t)
	_, err = NewBuilder().Import(kit, 3) // neither shared nor reached
	refuses(t, err, "object 3 is not in the kit")
	_, err = NewBuilder().Import(kit, 99)
	refuses(t, err, "not in the kit")
}

// After a mistake nothing more can be done with the print file.
func TestLinkerMistakes(t *testing.T) {
	t.Parallel()
	p := letter(t, 1, 1)
	kit, font := fontKit(t)
	place := func(page int, m [6]float64) []Placement { return []Placement{{p, page, m, nil}} }
	for _, c := range []struct {
		name, want string
		side       Side
	}{
		{"no source", "no source", Side{Width: 1, Height: 1, Placements: make([]Placement, 1)}},
		{"page -1", "page -1", Side{Width: 1, Height: 1, Placements: place(-1, Identity)}},
		{"page 1", "page 1 of a letter of 1", Side{Width: 1, Height: 1, Placements: place(1, Identity)}},
		{"zero matrix", "no area", Side{Width: 1, Height: 1, Placements: place(0, [6]float64{})}},
		{"flat matrix", "no area", Side{Width: 1, Height: 1, Placements: place(0, [6]float64{1, 1, 1, 1, 0, 0})}},
		{"vanishing matrix", "no area", Side{Width: 1, Height: 1, Placements: place(0, [6]float64{1e-11, 0, 0, 1, 0, 0})}},
		{"too much content", "own content of", Side{Width: 1, Height: 1, Content: make([]byte, maxOwnContent+1)}},
		{"infinite matrix", "not finite", Side{Width: 1, Height: 1, Placements: place(0, [6]float64{1, 0, 0, math.Inf(1), 0, 0})}},
		{"empty clip", "clip has no area", Side{Width: 1, Height: 1, Placements: []Placement{{p, 0, Identity, &[4]float64{0, 0, 0, 9}}}}},
		{"inside out", "clip has no area", Side{Width: 1, Height: 1, Placements: []Placement{{p, 0, Identity, &[4]float64{5, 0, 1, 9}}}}},
		{"infinite clip", "clip is not finite", Side{Width: 1, Height: 1, Placements: []Placement{{p, 0, Identity, &[4]float64{0, 0, math.Inf(1), 9}}}}},
		{"too large a clip", "clip has no area", Side{Width: 1, Height: 1, Placements: []Placement{{p, 0, Identity, &[4]float64{-math.MaxFloat64, 0, math.MaxFloat64, 9}}}}},
		{"no size", "page size", Side{}},
		{"NaN size", "page size", Side{Width: math.NaN(), Height: 1}},
		{"resources alone", "resources without content", Side{Width: 1, Height: 1, Resources: Dict{"A": Int(1)}}},
		{"no kit", "without a kit", Side{Width: 1, Height: 1, Content: []byte("q Q"), Resources: Dict{"Font": Dict{"F": font}}}},
		{"not of the kit", "not in the kit", Side{Width: 1, Height: 1, Content: []byte("q Q"), Resources: Dict{"Font": Ref(3)}, Kit: kit}},
		{"our names", "must not begin with PG", Side{Width: 1, Height: 1, Content: []byte("q Q"), Resources: Dict{"XObject": Dict{"PG0": font}}, Kit: kit}},
		{"indirect XObject", "not a direct dictionary", Side{Width: 1, Height: 1, Content: []byte("q Q"), Resources: Dict{"XObject": font}, Kit: kit}},
	} {
		l := NewLinker(io.Discard, Options{})
		err := l.AddSide(c.side)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if err := l.AddSide(Side{Width: 1, Height: 1}); !errors.Is(err, ErrPoisoned) {
			t.Errorf("%s: next side: %v", c.name, err)
		}
		if _, err := l.Close(); !errors.Is(err, ErrPoisoned) {
			t.Errorf("%s: Close: %v", c.name, err)
		}
		if _, err := l.Close(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: second Close: %v", c.name, err)
		}
	}

	_, err := NewLinker(io.Discard, Options{}).Close()
	refuses(t, err, "no sides")
	refuses(t, NewLinker(io.Discard, Options{Version: "3.0"}).AddSide(Side{Width: 1, Height: 1}), "unknown PDF version")
	refuses(t, NewLinker(io.Discard, Options{Version: "1.4", XRefStream: true}).AddSide(Side{Width: 1, Height: 1}), "needs PDF 1.5")
	l := NewLinker(io.Discard, Options{})
	if err := l.AddSide(Side{Width: 1, Height: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.AddSide(Side{Width: 1, Height: 1}); !errors.Is(err, ErrClosed) {
		t.Errorf("side after Close: %v", err)
	}
	if _, err := l.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("Close after Close: %v", err)
	}
}

// brokenWriter takes n bytes; then it fails, or takes less without saying so.
type brokenWriter struct {
	n      int
	silent bool
}

var errBroken = errors.New("disk full")

func (w *brokenWriter) Write(b []byte) (int, error) {
	if len(b) <= w.n {
		w.n -= len(b)
		return len(b), nil
	}
	n := w.n
	w.n = 0
	if w.silent {
		return n, nil
	}
	return n, errBroken
}

// A print file that could not be written whole never ends in success.
func TestLinkerWriteErrors(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	// Larger than the buffer, so that errors come up in AddSide too.
	form := b.Add(Stream{Dict: Dict{"Subtype": Name("Form")}, Data: make([]byte, 3*bufferSize/2)})
	b.AddPage(form, 100, 100)
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	run := func(w io.Writer) (inSide, atEnd error) {
		l := NewLinker(w, Options{})
		for range 3 {
			if err := l.AddSide(Side{Width: 100, Height: 100, Placements: []Placement{{p, 0, Identity, nil}}}); err != nil {
				_, atEnd = l.Close()
				return err, atEnd
			}
			l.Release(p)
		}
		_, atEnd = l.Close()
		return nil, atEnd
	}
	var whole bytes.Buffer
	if a, e := run(&whole); a != nil || e != nil {
		t.Fatal(a, e)
	}
	inSide := 0
	for _, silent := range []bool{false, true} {
		want := errBroken
		if silent {
			want = io.ErrShortWrite
		}
		size := whole.Len()
		cuts := []int{0, 1, size - 1, size - 2, size - 500}
		for n := 100; n < size; n += size / 37 {
			cuts = append(cuts, n)
		}
		for _, n := range cuts {
			a, e := run(&brokenWriter{n: n, silent: silent})
			if a != nil {
				inSide++
				if !errors.Is(a, want) || !errors.Is(e, ErrPoisoned) {
					t.Errorf("cut at %d: AddSide: %v, Close: %v", n, a, e)
				}
			} else if !errors.Is(e, want) {
				t.Errorf("cut at %d: Close: %v", n, e)
			}
		}
		for n := range 60 {
			if _, err := p.WriteTo(&brokenWriter{n: n * 10_000, silent: silent}); n*10_000 < 3*bufferSize/2 && !errors.Is(err, want) {
				t.Errorf("WriteTo cut at %d: %v", n*10_000, err)
			}
		}
	}
	if inSide == 0 {
		t.Error("no error came up in AddSide")
	}
}

// linkOne links all pages of one letter.
func linkOne(p *Prepared, w io.Writer) error {
	l := NewLinker(w, Options{})
	for i := range p.NumPages() {
		if err := l.AddSide(Side{Width: 100, Height: 100, Placements: []Placement{{p, i, Identity, nil}}}); err != nil {
			return err
		}
	}
	_, err := l.Close()
	return err
}

// Any change of any byte of a prepared file is found when it is opened or
// linked, or it changes nothing that is linked.
func TestDamagedPrepared(t *testing.T) {
	t.Parallel()
	whole, p := file(t, letter(t, 3, 2))
	var want bytes.Buffer
	if err := linkOne(p, &want); err != nil {
		t.Fatal(err)
	}
	opened, found := 0, 0
	for i := range whole {
		bad := slices.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		q, err := OpenPrepared(bytes.NewReader(bad), int64(len(bad)))
		if err != nil {
			if !errors.Is(err, ErrNotPrepared) {
				t.Fatalf("byte %d: %v", i, err)
			}
			continue
		}
		opened++
		if err := q.Check(); !errors.Is(err, ErrNotPrepared) {
			t.Fatalf("byte %d changed: Check: %v", i, err)
		}
		var got bytes.Buffer
		if err := linkOne(q, &got); err != nil {
			var se *SourceError
			if !errors.As(err, &se) || se.Source != q {
				t.Fatalf("byte %d: the error does not name the source: %v", i, err)
			}
			found++
		} else if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("byte %d: linked differently without an error", i)
		}
	}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	if opened == 0 || found == 0 {
		t.Fatalf("%d opened, %d found by linking", opened, found)
	}
	for n := range whole {
		if _, err := OpenPrepared(bytes.NewReader(whole[:n]), int64(n)); !errors.Is(err, ErrNotPrepared) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	// The size is a lie: a read error, not a fault of the letter.
	if _, err := OpenPrepared(bytes.NewReader(whole), int64(len(whole))+100_000); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrNotPrepared) {
		t.Fatalf("size too large: %v", err)
	}
}

// The file shrinks after it was opened.
func TestSourceCutWhileLinking(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	form := b.Add(Stream{Dict: Dict{"Subtype": Name("Form")}, Data: make([]byte, 5*windowSize)})
	b.AddPage(form, 100, 100)
	mem, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(t.TempDir(), "letter")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := mem.WriteTo(f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := OpenPrepared(f, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(2 * windowSize); err != nil {
		t.Fatal(err)
	}
	err = linkOne(p, io.Discard)
	var se *SourceError
	if !errors.As(err, &se) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("linking a file that was cut: %v", err)
	}
}

// Every change of a byte of a print file changes its hash; and those that touch
// its structure are found by Inspect. Nothing panics.
func TestDamagedPrintFile(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{{}, {XRefStream: true}} {
		_, p := file(t, letter(t, 3, 2))
		whole, res := link(t, opt, p)
		for n := range whole {
			if _, err := Inspect(bytes.NewReader(whole[:n]), int64(n)); !errors.Is(err, ErrNotPrintFile) {
				t.Fatalf("cut to %d bytes: %v", n, err)
			}
			bad := slices.Clone(whole)
			bad[n] ^= 1 << (n % 8)
			sum, err := Inspect(bytes.NewReader(bad), int64(len(bad)))
			if err == nil && sum.SHA256 == res.SHA256 {
				t.Fatalf("byte %d: same hash", n)
			}
			if err != nil && !errors.Is(err, ErrNotPrintFile) {
				t.Fatalf("byte %d: %v", n, err)
			}
		}
		twice := append(slices.Clone(whole), whole...)
		if _, err := Inspect(bytes.NewReader(twice), int64(len(twice))); !errors.Is(err, ErrNotPrintFile) {
			t.Fatalf("a file twice: %v", err)
		}
		if _, err := Inspect(bytes.NewReader(whole), int64(len(whole))+1); errors.Is(err, ErrNotPrintFile) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("size too large: %v", err)
		}
	}
}

// Check finds what an index that was made to deceive would bring into a print
// file: each of these opens, and its sums are right.
func TestCheckDeceivingIndex(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		object string // number 2, which the form reaches
		want   string
	}{
		"two objects":  {"<<>>\nendobj\n9 0 obj\n<<>>", "end"},
		"a page":       {"<</Type/Page>>", "no place in a letter"},
		"hidden ref":   {"[1 0 R]", "reference at byte 1 that the index does not have"},
		"no object":    {"hello", "no object where one must be"},
		"open":         {"<</A 1", ""},
		"wrong length": {"<</Length 3>>stream\nabcdef\nendstream", "endstream"},
		"comment":      {"<<%\n>>", "no key"},
	} {
		b := NewBuilder()
		b.AddPage(b.Add(Stream{Dict: Dict{"Subtype": Name("Form"), "X": b.Add(Int(1))}}), 9, 9)
		p, err := b.Prepared()
		if err != nil {
			t.Fatal(err)
		}
		// The builder would refuse such an object, so it is put into the store.
		o := &p.objs[1]
		p.arena = append(p.arena[:o.off:o.off], c.object...)
		o.size, o.head = int64(len(c.object)), int64(len(c.object))
		_, q := file(t, p)
		if err := q.Check(); !errors.Is(err, ErrNotPrepared) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// Nor can anything be put into the frame, which the index does not cover.
func TestCheckFrame(t *testing.T) {
	t.Parallel()
	raw, _ := file(t, letter(t, 1, 1))
	bad := bytes.Replace(raw, []byte("/Type/Catalog>>"), []byte("/OpenActi 1 0 R"), 1)
	if bytes.Equal(bad, raw) {
		t.Fatal("nothing changed")
	}
	q, err := OpenPrepared(bytes.NewReader(bad), int64(len(bad)))
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, q.Check(), errDiffers.Error())
}
