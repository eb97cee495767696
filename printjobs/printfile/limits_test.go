package printfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// A table that spills to a file tells the same as one in memory, whatever the
// order in which the offsets come.
func TestOffsetsSpill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const n = 5*chunkObjects + 17
	tables := []*offsets{{keep: 100}, {keep: 1, dir: dir}, {keep: 2, dir: dir}}
	sums := make([]string, len(tables))
	for i, tab := range tables {
		for range n {
			if _, err := tab.alloc(); err != nil {
				t.Fatal(err)
			}
		}
		for k := range uint32(n) {
			num := (k*7919)%n + 1 // 7919 is prime to n: every number once
			if err := tab.set(num, int64(num)*1_000_003%maxOffset+1); err != nil {
				t.Fatal(err)
			}
		}
		h := sha256.New()
		count := 0
		err := tab.each(func(off int64) {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], uint64(off))
			h.Write(b[:])
			count++
		})
		if err != nil || count != n {
			t.Fatalf("%d offsets, %v", count, err)
		}
		sums[i] = hex.EncodeToString(h.Sum(nil))
		if spilled := tab.first > 0; spilled != (i > 0) {
			t.Fatalf("table %d: spilled %v", i, spilled)
		}
		tab.close()
	}
	if sums[0] != sums[1] || sums[0] != sums[2] {
		t.Fatal("spilled tables differ")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Fatalf("temporary files left: %v %v", left, err)
	}

	tab := &offsets{keep: 1}
	if _, err := tab.alloc(); err != nil {
		t.Fatal(err)
	}
	refuses(t, tab.each(func(int64) {}), "object 1 was numbered but never written")
	refuses(t, tab.set(1, maxOffset+1), "larger than")
	tab = &offsets{keep: 1, dir: dir + "/missing"}
	var err error
	for range chunkObjects + 1 {
		if _, err = tab.alloc(); err != nil {
			break
		}
	}
	refuses(t, err, "spill offset table")
}

// A print file does not depend on whether the offset table went to disk.
func TestLinkWithSpill(t *testing.T) {
	t.Parallel()
	p := letter(t, 1, 4)
	run := func(opt Options) Result {
		h := sha256.New()
		l := NewLinker(h, opt)
		for range 9_000 { // about 100,000 objects
			for i := range 4 {
				if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, i, Identity, nil}}}); err != nil {
					t.Fatal(err)
				}
			}
			l.Release(p)
		}
		res, err := l.Close()
		if err != nil {
			t.Fatal(err)
		}
		if l.offs.file != nil || res.SHA256 != hex.EncodeToString(h.Sum(nil)) {
			t.Fatal("file not closed, or wrong hash")
		}
		return res
	}
	dir := t.TempDir()
	a, b := run(Options{}), run(Options{SpillBytes: 1, TempDir: dir})
	if a != b {
		t.Fatalf("%+v without and %+v with spilling", a, b)
	}
	if a.Objects < 2*chunkObjects/2 {
		t.Fatalf("only %d objects: nothing spilled", a.Objects)
	}
}

// Above ten digits the file has a cross-reference stream, and is sound.
func TestXRefStreamWhenTooLarge(t *testing.T) {
	t.Parallel()
	p := letter(t, 1, 2)
	run := func(limit int64, version string) ([]byte, error) {
		var buf bytes.Buffer
		l := NewLinker(&buf, Options{Version: version})
		l.classic = limit
		for i := range 2 {
			if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, i, Identity, nil}}}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := l.Close()
		return buf.Bytes(), err
	}
	small, err := run(classicMax, "")
	if err != nil || bytes.Contains(small, []byte("/Type/XRef")) || !bytes.Contains(small, []byte("\nxref\n0 ")) {
		t.Fatalf("small file without classic table (%v)", err)
	}
	large, err := run(1000, "")
	if err != nil || !bytes.Contains(large, []byte("/Type/XRef")) || bytes.Contains(large, []byte("\nxref\n")) {
		t.Fatalf("large file without cross-reference stream (%v)", err)
	}
	if _, err := Inspect(bytes.NewReader(large), int64(len(large))); err != nil {
		t.Fatal(err)
	}
	qpdfCheck(t, large)
	_, err = run(1000, "1.4")
	refuses(t, err, "too large for PDF 1.4")
}

// The linker keeps a few bytes a side, however many letters go through it. Not
// parallel, since it looks at the whole heap.
func TestMemoryPerSide(t *testing.T) {
	raw, _ := file(t, letter(t, 1, 2))
	l := NewLinker(io.Discard, Options{})
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	run := func(letters int) {
		for range letters {
			// As a night does: each letter is opened, used and forgotten.
			p, err := OpenPrepared(bytes.NewReader(raw), int64(len(raw)))
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.NumPages() {
				if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, i, Identity, nil}}}); err != nil {
					t.Fatal(err)
				}
			}
			l.Release(p)
		}
	}
	run(1000)
	before := heap()
	const letters = 40_000
	run(letters)
	perSide := float64(heap()-before) / (2 * letters)
	// Two objects and a half a side, 5 bytes each, in chunks.
	if perSide > 20 {
		t.Fatalf("%.1f bytes of memory a side", perSide)
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// The shared table keeps what is used and stays within its limit; what it says
// is always right.
func TestSharedTable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		tab := sharedTable{limit: limit}
		truth := make(map[digest]uint32)
		hot := digest{0xff}
		tab.put(hot, 1)
		for i := range 200 {
			var h digest
			binary.BigEndian.PutUint16(h[1:], uint16(rapid.IntRange(0, 40).Draw(t, "object")))
			switch n := tab.get(h); {
			case n == 0:
				tab.put(h, uint32(i+2))
				truth[h] = uint32(i + 2)
			case n != truth[h]:
				t.Fatalf("number %d, want %d", n, truth[h])
			}
			if len(tab.young)+len(tab.old) > max(2, limit) {
				t.Fatalf("%d objects remembered, limit %d", len(tab.young)+len(tab.old), limit)
			}
			if limit >= 4 && tab.get(hot) != 1 {
				t.Fatal("an object in use was forgotten")
			}
		}
	})
}

// With a tiny limit objects are written again, and the file is sound and the
// same each time.
func TestMaxShared(t *testing.T) {
	t.Parallel()
	var letters []*Prepared
	for i := range 20 {
		b := NewBuilder()
		var shared Array
		for k := range 5 {
			r := b.Add(Dict{"Shared": Int((i + k) % 10)})
			b.Share(r)
			shared = append(shared, r)
		}
		b.AddPage(b.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"),
			"BBox": Array{Int(0), Int(0), Int(9), Int(9)}, "PGTest": shared}}), 9, 9)
		p, err := b.Prepared()
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, p)
	}
	a, _ := link(t, Options{MaxShared: 4}, letters...)
	b, _ := link(t, Options{MaxShared: 4}, letters...)
	whole, _ := link(t, Options{}, letters...)
	if !bytes.Equal(a, b) {
		t.Fatal("not deterministic")
	}
	if n := bytes.Count(whole, []byte("/Shared ")); n != 10 {
		t.Fatalf("%d shared objects, want 10", n)
	}
	if n := bytes.Count(a, []byte("/Shared ")); n <= 10 || n > 100 {
		t.Fatalf("%d shared objects with a small table, want more than 10", n)
	}
	qpdfCheck(t, a)
}

// A letter whose shared object lies about its hash is stopped when that object
// would be written, so that no other letter gets it.
func TestWrongHash(t *testing.T) {
	t.Parallel()
	raw, p := file(t, letter(t, 1, 1))
	objects, index := parts(t, raw)
	h := p.hashes[0]
	bad := bytes.Replace(index, h[:], bytes.Repeat([]byte{1}, len(h)), 1)
	b := reseal(objects, bad)
	q, err := OpenPrepared(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	err = linkOne(q, io.Discard)
	refuses(t, err, errHash.Error())
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 1: "1", -1: "-1", 0.5: "0.5", -0.25: "-0.25", 595.276: "595.276", 1e-11: "0", -1e-11: "0",
		1.0 / 3: "0.3333333333", 1e20: "100000000000000000000", 123456.000001: "123456.000001", 0.1 + 0.2: "0.3",
	} {
		if got := string(appendReal(nil, v)); got != want {
			t.Errorf("%g is written %q, want %q", v, got, want)
		}
	}
	if got, err := strconv.ParseFloat(string(appendReal(nil, 1e300)), 64); err != nil || got > maxReal*1.001 {
		t.Errorf("1e300 is written as %g (%v)", got, err)
	}
}
