package typeset

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestDecomposedLettersAreComposed(t *testing.T) {
	t.Parallel()
	if got := Clean("  A\u030ase\tLa\u0301szlo\u0301\r\n\u00a0Hansen \u200b"); got != "Åse László Hansen" {
		t.Errorf("Clean gives %q", got)
	}
}

// TestAppendNumber: what is written is the shortest text of the rounded number.
func TestAppendNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-1e6, 1e6).Draw(t, "v")
		decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
		unit := math.Pow10(decimals)
		want := strconv.FormatFloat(math.Round(v*unit)/unit+0, 'f', -1, 64)
		if got := string(AppendNumber([]byte("x"), v, decimals)); got != "x"+want {
			t.Fatalf("%v with %d decimals is %q, want %q", v, decimals, got[1:], want)
		}
	})
}

// TestGlyphsAgree: the quick table and the map know the same letters.
func TestGlyphsAgree(t *testing.T) {
	t.Parallel()
	faces, err := Faces()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faces {
		for r := rune(0); r < 0x3000; r++ {
			if f.glyph(r) != f.glyphs[r] {
				t.Errorf("%s: U+%04X is glyph %d and %d", f.name, r, f.glyph(r), f.glyphs[r])
			}
		}
		if !f.Has('Å') || f.Has('漢') || f.Has(0) {
			t.Errorf("%s: Å %v, 漢 %v, NUL %v", f.name, f.Has('Å'), f.Has('漢'), f.Has(0))
		}
	}
}
