package printfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// benchLetters writes letters to files, as prepare does: each with a font
// subset of its own and the logo that all share.
func benchLetters(b *testing.B, n int) (paths []string, total int64) {
	b.Helper()
	dir := b.TempDir()
	for i := range n {
		bu := NewBuilder()
		image := logo(bu)
		subset := make([]byte, 12_000)
		for j := range subset {
			subset[j] = byte(j * j * (i + 3) >> 3)
		}
		fontFile := bu.Add(Stream{Dict: Dict{"Length1": Int(len(subset))}, Data: subset})
		desc := bu.Add(Dict{"Type": Name("FontDescriptor"), "FontName": Name("ABCDEF+Liberation"), "FontFile2": fontFile,
			"Flags": Int(4), "ItalicAngle": Int(0), "Ascent": Int(900), "Descent": Int(-200), "CapHeight": Int(700), "StemV": Int(80)})
		widths := Array{}
		for range 90 {
			widths = append(widths, Int(500))
		}
		font := bu.Add(Dict{"Type": Name("Font"), "Subtype": Name("TrueType"), "BaseFont": Name("ABCDEF+Liberation"),
			"FontDescriptor": desc, "FirstChar": Int(32), "LastChar": Int(121), "Widths": widths})
		bu.Share(font)
		for range 3 {
			content := make([]byte, 2_000)
			for j := range content {
				content[j] = byte(j * (i + 7))
			}
			form := bu.Add(Stream{Dict: Dict{"Type": Name("XObject"), "Subtype": Name("Form"),
				"BBox":      Array{Int(0), Int(0), Int(595), Int(842)},
				"Resources": Dict{"Font": Dict{"F1": font}, "XObject": Dict{"Im0": image}}}, Data: content})
			bu.AddPage(form, 595, 842)
		}
		p, err := bu.Prepared()
		if err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.pdf", i))
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		size, err := p.WriteTo(f)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
		paths, total = append(paths, path), total+size
	}
	return paths, total
}

func linkFiles(paths []string, w io.Writer, opt Options) (Result, error) {
	l := NewLinker(w, opt)
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return Result{}, err
		}
		info, err := f.Stat()
		if err != nil {
			return Result{}, err
		}
		p, err := OpenPrepared(f, info.Size())
		if err != nil {
			return Result{}, err
		}
		for i := range p.NumPages() {
			if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, i, Identity, nil}}}); err != nil {
				return Result{}, err
			}
		}
		l.Release(p)
		f.Close()
	}
	return l.Close()
}

// BenchmarkLink opens and links 2,000 letters of 3 pages from files.
func BenchmarkLink(b *testing.B) {
	paths, total := benchLetters(b, 2000)
	for _, opt := range []struct {
		name string
		Options
	}{{"verify", Options{}}, {"trust", Options{TrustHashes: true}}} {
		b.Run(opt.name, func(b *testing.B) {
			b.SetBytes(total)
			b.ReportAllocs()
			var res Result
			for b.Loop() {
				var err error
				if res, err = linkFiles(paths, io.Discard, opt.Options); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(res.Sides)*float64(b.N)/b.Elapsed().Seconds(), "pages/s")
		})
	}
}

// BenchmarkCopy copies the same bytes with io.Copy: the physical limit.
func BenchmarkCopy(b *testing.B) {
	paths, total := benchLetters(b, 2000)
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		for _, path := range paths {
			f, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			// Hide the file's own fast path, which would not move the bytes.
			if _, err := io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}); err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	}
}

// BenchmarkInspect reads a print file of 6,000 pages back.
func BenchmarkInspect(b *testing.B) {
	paths, _ := benchLetters(b, 2000)
	var buf bytes.Buffer
	if _, err := linkFiles(paths, &buf, Options{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Inspect(bytes.NewReader(buf.Bytes()), int64(buf.Len())); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMarks links sides that each draw 3 kB of their own, as marks do, beside
// a page, and reads them back.
func BenchmarkMarks(b *testing.B) {
	p := letter(b, 1, 1)
	content := bytes.Repeat([]byte("10.25 20.5 1.5 1.5 re\n"), 140)
	write := func(w io.Writer, n int) Result {
		l := NewLinker(w, Options{})
		for i := range n {
			copy(content, fmt.Sprintf("%6d", i))
			if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, 0, [6]float64{1, 0, 0, 1, 0.5, 0}, nil}}, Content: content}); err != nil {
				b.Fatal(err)
			}
		}
		res, err := l.Close()
		if err != nil {
			b.Fatal(err)
		}
		return res
	}
	const sides = 20_000
	b.Run("link", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			write(io.Discard, sides)
		}
		b.ReportMetric(sides*float64(b.N)/b.Elapsed().Seconds(), "sides/s")
	})
	b.Run("inspect", func(b *testing.B) {
		var buf bytes.Buffer
		write(&buf, sides)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := InspectSides(bytes.NewReader(buf.Bytes()), int64(buf.Len()), func(SideSummary) {}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(sides*float64(b.N)/b.Elapsed().Seconds(), "sides/s")
	})
}

// BenchmarkCover makes small letters with a kit, as covers are made.
func BenchmarkCover(b *testing.B) {
	kit, font := fontKit(b)
	l := NewLinker(io.Discard, Options{})
	b.ReportAllocs()
	for b.Loop() {
		p := cover(b, kit, font, "cover")
		if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, 0, Identity, nil}}}); err != nil {
			b.Fatal(err)
		}
		l.Release(p)
	}
}

// BenchmarkMemory links many letters and tells the heap that stays in use, per
// side: what the linker itself remembers.
func BenchmarkMemory(b *testing.B) {
	p := letter(b, 1, 4)
	var before, after runtime.MemStats
	for b.Loop() {
		l := NewLinker(io.Discard, Options{})
		runtime.GC()
		runtime.ReadMemStats(&before)
		const letters = 50_000
		for range letters {
			for i := range 4 {
				if err := l.AddSide(Side{Width: 595, Height: 842, Placements: []Placement{{p, i, Identity, nil}}}); err != nil {
					b.Fatal(err)
				}
			}
			l.Release(p)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(4*letters), "B/side")
		if _, err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
