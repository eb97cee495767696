package printfile

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// readFileObjects reads all objects of a file that this package wrote, with the
// data of streams, by looking only at the file.
func readFileObjects(t interface{ Fatalf(string, ...any) }, b []byte) map[Ref]Object {
	in := &inspector{src: bytes.NewReader(b), size: int64(len(b))}
	if err := in.xref(); err != nil {
		t.Fatalf("cross-references: %v", err)
	}
	r := newReader(in.src, in.size, readerWindow)
	objs := make(map[Ref]Object)
	for n, off := range in.offs {
		if n == 0 {
			continue
		}
		r.seek(off)
		o, data, length, err := r.indirect(int64(n), func(Ref) error { return nil })
		if err != nil {
			t.Fatalf("object %d: %v", n, err)
		}
		if s, ok := o.(Stream); ok {
			s.Data = b[data : data+length]
			o = s
		}
		objs[Ref(n)] = o
	}
	objs[0] = in.trailer
	return objs
}

// pagesOf lists the page dictionaries of a file in the order of its tree.
func pagesOf(objs map[Ref]Object) []Dict {
	var pages []Dict
	var walk func(r Ref)
	walk = func(r Ref) {
		d := objs[r].(Dict)
		if d["Type"] == Name("Page") {
			pages = append(pages, d)
			return
		}
		for _, k := range d["Kids"].(Array) {
			walk(k.(Ref))
		}
	}
	walk(objs[objs[0].(Dict)["Root"].(Ref)].(Dict)["Pages"].(Ref))
	return pages
}

// alike compares what two objects look like from outside, following references
// on both sides; pairs that are being compared count as alike. It returns where
// they differ, or "".
func alike(a Object, as map[Ref]Object, b Object, bs map[Ref]Object, seen map[[2]Ref]bool, path string) string {
	switch x := a.(type) {
	case Ref:
		y, ok := b.(Ref)
		if !ok {
			return path + ": reference on one side only"
		}
		if seen[[2]Ref{x, y}] {
			return ""
		}
		seen[[2]Ref{x, y}] = true
		ao, ok1 := as[x]
		bo, ok2 := bs[y]
		if !ok1 || !ok2 {
			return path + ": reference to nothing"
		}
		return alike(ao, as, bo, bs, seen, path+"→")
	case Array:
		y, ok := b.(Array)
		if !ok || len(x) != len(y) {
			return path + ": arrays differ"
		}
		for i := range x {
			if d := alike(x[i], as, y[i], bs, seen, fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	case Dict:
		y, ok := b.(Dict)
		if !ok || len(x) != len(y) {
			return path + ": dictionaries differ"
		}
		for k := range x {
			if y[k] == nil {
				return path + ": key missing"
			}
			if d := alike(x[k], as, y[k], bs, seen, path+"/"+string(k)); d != "" {
				return d
			}
		}
	case Stream:
		y, ok := b.(Stream)
		if !ok || !bytes.Equal(x.Data, y.Data) {
			return path + ": stream data differ"
		}
		ad, bd := maps.Clone(x.Dict), maps.Clone(y.Dict)
		delete(ad, "Length")
		delete(bd, "Length")
		return alike(ad, as, bd, bs, seen, path)
	case String:
		if y, ok := b.(String); !ok || !bytes.Equal(x, y) {
			return path + ": strings differ"
		}
	case HexString:
		if y, ok := b.(HexString); !ok || !bytes.Equal(x, y) {
			return path + ": hexadecimal strings differ"
		}
	case Real:
		if number(b) != float64(x) {
			return path + ": numbers differ"
		}
	default:
		if a != b {
			return path + ": differ"
		}
	}
	return ""
}

// graph is a random letter as a test sees it: the objects of a builder, and what
// is expected of them.
type graph struct {
	objs   map[Ref]Object
	forms  []Ref
	roots  []Ref
	source *Prepared
}

var reals = rapid.Map(rapid.IntRange(-1<<40, 1<<40), func(n int) Object { return Real(float64(n) / 1024) }) // exact in ten decimals

func leaf() *rapid.Generator[Object] {
	data := rapid.SliceOfN(rapid.Byte(), 0, 12)
	return rapid.OneOf(
		rapid.Map(rapid.Int64(), func(n int64) Object { return Int(n) }),
		reals,
		rapid.Map(rapid.Bool(), func(b bool) Object { return Bool(b) }),
		rapid.Just[Object](Null{}),
		rapid.Map(data, func(b []byte) Object { return String(b) }),
		rapid.Map(data, func(b []byte) Object { return HexString(b) }),
		rapid.Map(names, func(n Name) Object { return n }),
	)
}

// names holds any byte but NUL; Length, which streams set themselves, never comes
// of it.
var names = rapid.Map(rapid.SliceOfN(rapid.ByteRange(1, 255), 1, 6), func(b []byte) Name { return Name("k" + string(b)) })

// drawObject draws an object whose references are drawn from ref.
func drawObject(t *rapid.T, depth int, ref func() (Ref, bool)) Object {
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	switch {
	case kind < 3 && depth < 3:
		a := Array{}
		for range rapid.IntRange(0, 4).Draw(t, "len") {
			a = append(a, drawObject(t, depth+1, ref))
		}
		return a
	case kind < 6 && depth < 3:
		d := Dict{}
		for range rapid.IntRange(0, 4).Draw(t, "len") {
			d[names.Draw(t, "key")] = drawObject(t, depth+1, ref)
		}
		return d
	case kind < 8 && depth > 0:
		if r, ok := ref(); ok {
			return r
		}
	}
	return leaf().Draw(t, "leaf")
}

func drawTop(t *rapid.T, ref func() (Ref, bool)) Object {
	if rapid.Bool().Draw(t, "stream") {
		d := Dict{"PGTest": drawObject(t, 1, ref)}
		// Data that look like the syntax around them must do no harm.
		data := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 300),
			rapid.SampledFrom([][]byte{[]byte("1 0 R"), []byte("\nendstream\nendobj\n2 0 obj\n"), []byte("trailer\n")})).Draw(t, "data")
		return Stream{Dict: d, Data: data}
	}
	return drawObject(t, 0, ref)
}

// drawGraph draws a letter. common are objects without cycles, which several
// letters begin with: references among them go back only.
func drawGraph(t *rapid.T, common []Object) *graph {
	g := &graph{objs: make(map[Ref]Object)}
	b := NewBuilder()
	for _, o := range common {
		g.objs[b.Add(o)] = o
	}
	own := rapid.IntRange(1, 12).Draw(t, "own")
	total := len(common) + own
	for range own {
		b.Reserve()
	}
	ref := func() (Ref, bool) { return Ref(rapid.IntRange(1, total).Draw(t, "ref")), true }
	for r := Ref(len(common) + 1); int(r) <= total; r++ {
		o := drawTop(t, ref)
		g.objs[r] = o
		b.Set(r, o)
	}
	for range rapid.IntRange(1, 4).Draw(t, "pages") {
		o := Stream{Dict: Dict{"Subtype": Name("Form"), "PGTest": Array{drawObject(t, 1, ref), drawObject(t, 1, ref)}},
			Data: rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "form")}
		r := b.Add(o)
		g.objs[r] = o
		g.forms = append(g.forms, r)
		b.AddPage(r, 100, 200)
	}
	for range rapid.IntRange(0, 5).Draw(t, "shares") {
		r := Ref(rapid.IntRange(1, total).Draw(t, "share"))
		b.Share(r)
		g.roots = append(g.roots, r)
	}
	p, err := b.Prepared()
	if err != nil {
		t.Fatalf("Prepared: %v", err)
	}
	g.source = p
	if rapid.Bool().Draw(t, "through a file") {
		var buf bytes.Buffer
		if _, err := p.WriteTo(&buf); err != nil {
			t.Fatalf("WriteTo: %v", err)
		}
		if g.source, err = OpenPrepared(bytes.NewReader(buf.Bytes()), int64(buf.Len())); err != nil {
			t.Fatalf("OpenPrepared: %v", err)
		}
	}
	return g
}

func refsIn(o Object, f func(Ref)) {
	switch v := o.(type) {
	case Ref:
		f(v)
	case Array:
		for _, e := range v {
			refsIn(e, f)
		}
	case Dict:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			refsIn(v[k], f)
		}
	case Stream:
		refsIn(v.Dict, f)
	}
}

func (g *graph) reach(from []Ref) map[Ref]bool {
	seen := make(map[Ref]bool)
	var walk func(Ref)
	walk = func(r Ref) {
		if !seen[r] {
			seen[r] = true
			refsIn(g.objs[r], walk)
		}
	}
	for _, r := range from {
		walk(r)
	}
	return seen
}

// expand writes an object of a graph without cycles as text, with everything it
// reaches in place: two shared objects are the same when their texts are.
func (g *graph) expand(o Object) string {
	switch v := o.(type) {
	case Ref:
		return "R(" + g.expand(g.objs[v]) + ")"
	case Array:
		var b strings.Builder
		for _, e := range v {
			fmt.Fprintf(&b, "%s,", g.expand(e))
		}
		return "A[" + b.String() + "]"
	case Dict:
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(&b, "%q:%s,", k, g.expand(v[k]))
		}
		return "D[" + b.String() + "]"
	case Stream:
		return fmt.Sprintf("S%s%q", g.expand(v.Dict), v.Data)
	case Real:
		return string(appendReal(nil, float64(v))) // 1.0 and 1 are written alike
	case Int:
		return fmt.Sprint(int64(v))
	case Name:
		return fmt.Sprintf("/%q", string(v))
	}
	return fmt.Sprintf("%T%q", o, fmt.Sprint(o))
}

// expected counts the objects that the letters must leave in a print file.
func expected(letters []*graph) int {
	shared := make(map[string]bool)
	n := 0
	for _, g := range letters {
		reached := g.reach(g.forms)
		var inFile []Ref
		for _, r := range g.roots {
			if reached[r] {
				inFile = append(inFile, r)
			}
		}
		closure := g.reach(inFile)
		for r := range reached {
			if !closure[r] {
				n++
				continue
			}
			cyclic := false
			for s := range g.reach([]Ref{r}) {
				var next []Ref
				refsIn(g.objs[s], func(c Ref) { next = append(next, c) })
				cyclic = cyclic || g.reach(next)[s]
			}
			if cyclic {
				n++
			} else {
				shared[g.expand(g.objs[r])] = true
			}
		}
	}
	return n + len(shared)
}

func TestLinkRandomGraphs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var common []Object
		for i := range rapid.IntRange(0, 6).Draw(t, "common") {
			common = append(common, drawTop(t, func() (Ref, bool) {
				if i == 0 {
					return 0, false
				}
				return Ref(rapid.IntRange(1, i).Draw(t, "back")), true
			}))
		}
		var letters []*graph
		for range rapid.IntRange(1, 4).Draw(t, "letters") {
			letters = append(letters, drawGraph(t, common))
		}
		opt := Options{XRefStream: rapid.Bool().Draw(t, "xref stream"), Title: "t"}

		type drawn struct {
			g    *graph
			page int
		}
		run := func() ([]byte, Result, [][]drawn) {
			var buf bytes.Buffer
			l := NewLinker(&buf, opt)
			var want [][]drawn
			for _, g := range letters {
				// Two pages a side, then an empty one.
				for i := 0; i < len(g.forms); i += 2 {
					side := Side{Width: 200, Height: 200}
					var d []drawn
					for j := i; j < min(i+2, len(g.forms)); j++ {
						side.Placements = append(side.Placements, Placement{g.source, j, [6]float64{1, 0, 0, 1, float64(j) * 100, 0}, nil})
						d = append(d, drawn{g, j})
					}
					if err := l.AddSide(side); err != nil {
						t.Fatalf("AddSide: %v", err)
					}
					want = append(want, d)
				}
				if err := l.AddSide(Side{Width: 200, Height: 200}); err != nil {
					t.Fatalf("AddSide: %v", err)
				}
				want = append(want, nil)
				l.Release(g.source)
			}
			res, err := l.Close()
			if err != nil {
				t.Fatalf("Close: %v", err)
			}
			return buf.Bytes(), res, want
		}
		out, res, want := run()
		again, _, _ := run()
		if !bytes.Equal(out, again) {
			t.Fatalf("linking twice gives other bytes")
		}

		sum, err := Inspect(bytes.NewReader(out), int64(len(out)))
		if err != nil {
			t.Fatalf("Inspect: %v", err)
		}
		if sum.SHA256 != res.SHA256 || len(sum.Sides) != len(want) || res.Sides != len(want) {
			t.Fatalf("Inspect: %+v, Result: %+v, want %d sides", sum, res, len(want))
		}
		objs := readFileObjects(t, out)
		pages := pagesOf(objs)
		frame := 0
		contents := make(map[Ref]bool)
		for i, pg := range pages {
			if sum.Sides[i].Placements != len(want[i]) || sum.Sides[i].Blank != (len(want[i]) == 0) {
				t.Fatalf("side %d: Inspect says %+v, want %d placements", i, sum.Sides[i], len(want[i]))
			}
			if c, ok := pg["Contents"].(Ref); ok {
				contents[c] = true
			}
			for j, d := range want[i] {
				form := pg["Resources"].(Dict)["XObject"].(Dict)[Name(fmt.Sprintf("PG%d", j))]
				if diff := alike(d.g.forms[d.page], d.g.objs, form, objs, make(map[[2]Ref]bool), ""); diff != "" {
					t.Fatalf("side %d, placement %d: %s", i, j, diff)
				}
			}
		}
		for r, o := range objs {
			d, ok := o.(Dict)
			if r != 0 && ok && (d["Type"] == Name("Page") || d["Type"] == Name("Pages") || d["Type"] == Name("Catalog")) {
				frame++
			}
		}
		frame += len(contents) + 1 // the title
		if opt.XRefStream {
			frame++
		}
		if got, want := len(objs)-1-frame, expected(letters); got != want {
			t.Fatalf("%d objects of letters in the print file, want %d", got, want)
		}
	})
}

// A prepared letter is written, read back as a plain PDF, and holds the same.
func TestPreparedRandomGraphs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, nil)
		var buf bytes.Buffer
		if _, err := g.source.WriteTo(&buf); err != nil {
			t.Fatalf("WriteTo: %v", err)
		}
		objs := readFileObjects(t, buf.Bytes())
		pages := pagesOf(objs)
		if len(pages) != len(g.forms) {
			t.Fatalf("%d pages, want %d", len(pages), len(g.forms))
		}
		for i, pg := range pages {
			form := pg["Resources"].(Dict)["XObject"].(Dict)["PG0"]
			if diff := alike(g.forms[i], g.objs, form, objs, make(map[[2]Ref]bool), ""); diff != "" {
				t.Fatalf("page %d: %s", i+1, diff)
			}
		}
		p, err := OpenPrepared(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
		if err != nil {
			t.Fatalf("OpenPrepared: %v", err)
		}
		if _, err := p.WriteTo(io.Discard); err != nil {
			t.Fatalf("WriteTo of the opened letter: %v", err)
		}
	})
}
