package identity

import (
	"unicode"
	"unicode/utf8"
)

// Legible reports whether a text has only characters that can be shown: no controls, nothing that turns the
// direction of writing, no private-use or broken characters.
func Legible(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return true
}
