package datamatrix

import (
	"fmt"
	"image/color"
	"strings"
	"testing"

	boombuler "github.com/boombuler/barcode/datamatrix"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix/decoder"
	"pgregory.net/rapid"
)

// TestSameSymbolAsAnotherEncoder holds every module of generated texts, of all
// sizes, against an encoder that others wrote.
func TestSameSymbolAsAnotherEncoder(t *testing.T) {
	t.Parallel()
	check := func(t interface {
		Fatalf(string, ...any)
		Helper()
	}, text string) int {
		t.Helper()
		s, err := Encode(text, 0)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want, err := boombuler.Encode(text)
		if err != nil {
			t.Fatalf("%q: the other encoder: %v", text, err)
		}
		if b := want.Bounds(); b.Dx() != s.Modules() || b.Dy() != s.Modules() {
			t.Fatalf("%q: %d modules, want %d × %d", text, s.Modules(), b.Dx(), b.Dy())
		}
		for y := range s.Modules() {
			for x := range s.Modules() {
				if s.Dark(x, y) != (want.At(x, y) == color.Black) {
					t.Fatalf("%q: module %d, %d differs", text, x, y)
				}
			}
		}
		return s.Modules()
	}
	seen := map[int]bool{}
	for n := 1; n <= maxData; n++ {
		seen[check(t, strings.Repeat("Brev.", 40)[:n])] = true
	}
	if len(seen) != len(shapes) {
		t.Errorf("saw %d sizes of %d", len(seen), len(shapes))
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.StringOfN(rapid.RuneFrom([]rune("0123456789012345678901234567890Az ~\x00\x7f")), 1, 150, -1).Draw(t, "text"))
	})
}

// TestReaderReads has each symbol read by a reader that others wrote.
func TestReaderReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789012345678901234567890Az ~.")), 1, 170, -1).Draw(t, "text")
		least := rapid.IntRange(0, MaxModules).Draw(t, "least modules")
		s, err := Encode([]byte(text), least)
		if err != nil {
			t.Fatal(err)
		}
		if s.Modules() < least {
			t.Fatalf("%d modules, want at least %d", s.Modules(), least)
		}
		bits, err := gozxing.NewSquareBitMatrix(s.Modules())
		if err != nil {
			t.Fatal(err)
		}
		for y := range s.Modules() {
			for x := range s.Modules() {
				if s.Dark(x, y) {
					bits.Set(x, y)
				}
			}
		}
		got, err := decoder.NewDecoder().Decode(bits)
		if err != nil || got.GetText() != text {
			t.Fatalf("%q is read as %v, error %v", text, got, err)
		}
	})
}

// TestAppendPaintsTheDarkModules: the rectangles cover each dark module once and no light one.
func TestAppendPaintsTheDarkModules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, err := Encode(rapid.StringMatching(`[0-9A-Z]{1,100}`).Draw(t, "text"), 0)
		if err != nil {
			t.Fatal(err)
		}
		var painted [MaxModules][MaxModules]int
		for line := range strings.Lines(string(s.Append(nil))) {
			var x, y, w, h int
			if n, err := fmt.Sscanf(line, "%d %d %d %d re\n", &x, &y, &w, &h); n != 4 || err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			for dy := range h {
				for dx := range w {
					painted[y+dy][x+dx]++
				}
			}
		}
		for y := range MaxModules {
			for x := range MaxModules {
				dark := x < s.Modules() && y < s.Modules() && s.Dark(x, y)
				if painted[y][x] > 1 || (painted[y][x] == 1) != dark {
					t.Fatalf("module %d, %d is painted %d times, dark %v", x, y, painted[y][x], dark)
				}
			}
		}
	})
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		least int
		want  string
	}{
		{"", 0, "no text"}, {"blåbær", 0, "character 3 is not ASCII"}, {strings.Repeat("x", maxData+1), 0, "too long"},
		{strings.Repeat("1", 2*maxData+1), 0, "too long"}, {"x", MaxModules + 1, "has 49 modules"},
	} {
		if _, err := Encode(c.text, c.least); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d characters: got %v, want %q", len(c.text), err, c.want)
		}
	}
	if s, err := Encode(strings.Repeat("1", 2*maxData), 0); err != nil || s.Modules() != MaxModules {
		t.Errorf("the most digits: %d modules, error %v", s.Modules(), err)
	}
}

func BenchmarkEncode(b *testing.B) {
	text := []byte("ADEMA000008000017000020000500000061.")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(text, 0); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodeAndDraw is what a sheet costs.
func BenchmarkEncodeAndDraw(b *testing.B) {
	text := []byte("ADEMA000008000017000020000500000061.")
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		s, err := Encode(text, 0)
		if err != nil {
			b.Fatal(err)
		}
		buf = s.Append(buf[:0])
	}
}

// BenchmarkAnotherEncoder is the encoder that covers were made with before, for comparison.
func BenchmarkAnotherEncoder(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := boombuler.Encode("ADEMA000008000017000020000500000061."); err != nil {
			b.Fatal(err)
		}
	}
}
