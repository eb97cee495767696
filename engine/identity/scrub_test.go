package identity

import (
	"strings"
	"testing"
)

// TestScrub: what may be a fødselsnummer goes out of a vendor's text, whatever stands beside it.
func TestScrub(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"brev 7 til Kari Testperson 01017012345 mangler side": "brev 7 til Kari Testperson «11 sifre» mangler side",
		"010170 12345":                        "«11 sifre»",
		"01017012345,01017012346 01017012347": "«11 sifre»,«11 sifre» «11 sifre»",
		"f_01017012345.csv":                   "f_«11 sifre».csv",
		"fnr01017012345x":                     "fnr«11 sifre»x",
		"jobb DEMA000001, 123456789012 byte":  "jobb DEMA000001, 123456789012 byte",
		"1234567890":                          "1234567890",
		"":                                    "",
	} {
		if got := Scrub(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	long := KeptWords([]string{strings.Repeat("å", 1000), "to"})
	if !strings.HasSuffix(long, "…; to") || len([]rune(long)) != keptReason+len("…; to")-2 {
		t.Errorf("kept %d characters", len([]rune(long)))
	}
	many := make([]string, 100)
	if got := strings.Count(KeptWords(many), ";"); got != keptReasons {
		t.Errorf("%d reasons kept", got)
	}
}
