package datamatrix

import (
	"image/color"
	"strings"
	"testing"

	boombuler "github.com/boombuler/barcode/datamatrix"
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
