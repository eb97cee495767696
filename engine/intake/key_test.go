package intake_test

import (
	"strings"
	"testing"

	"postgang/engine/intake"
)

func TestValidKey(t *testing.T) {
	for key, want := range map[string]bool{
		"brev-1": true, "Sak_2026.1": true, "ærlig": true, strings.Repeat("a", 100): true, strings.Repeat("ø", 100): true,
		"": false, ".skjult": false, "a/b": false, "a b": false, strings.Repeat("a", 101): false, strings.Repeat("語", 67): false, "01010012356": false,
	} {
		if intake.ValidKey(key) != want {
			t.Errorf("%q: %v, want %v", key, !want, want)
		}
	}
}
