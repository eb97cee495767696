package typeset

import "testing"

func TestDecomposedLettersAreComposed(t *testing.T) {
	t.Parallel()
	if got := Clean("  A\u030ase\tLa\u0301szlo\u0301\r\n\u00a0Hansen \u200b"); got != "Åse László Hansen" {
		t.Errorf("Clean gives %q", got)
	}
}

func FuzzSubsetTrueType(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 'h', 'e', 'a', 'd', 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 0}, uint16(3))
	f.Fuzz(func(t *testing.T, ttf []byte, glyph uint16) {
		if out, err := subsetTrueType(ttf, []uint16{0, glyph}); err == nil && len(out) == 0 {
			t.Error("an empty font")
		}
	})
}
