package money

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestParseKroner: amounts are read as people write them, and what can be read in two ways is not read.
func TestParseKroner(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Ore{
		"120000": 12_000_000, "1500,50": 150_050, "1500.5": 150_050, "1 234,50": 123_450, "1\u00a0234,50": 123_450, "1\u202f234,50": 123_450, "1.234,50": 123_450,
		"1,234.50": 123_450, "1.234.567": 123_456_700, "12 345": 1_234_500, "0,077": 8, "0.125": 13, "1,1250": 113, "-1 000": -100_000, "1000,125": 100_013, " 5,70 ": 570,
	} {
		if d, err := ParseKroner(s); err != nil || d.Ore() != want {
			t.Errorf("%q: %s, %v, want %s", s, d, err, want)
		}
	}
	for s, want := range map[string]string{
		"120.000": "as 120 and as 120\u00a0000: write 120 or 120000", "1,500": "as 1,5 and as 1\u00a0500", "-12.345": "write -12,3450 or -12345", "999,999": "can be read as",
		"": "no number", "1 23": "no number", "12 34,00": "no number", "1.23.456": "no number", "1 234.567,00": "no number", ",5": "no number", "5,": "no number", "1,2,3": "no number", "1e3": "no number",
		"+5": "no number", "kr 5": "no number", "1234 567": "no number",
	} {
		if d, err := ParseKroner(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v, want %q", s, d, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		o := Ore(rapid.Int64Range(-1e12, 1e12).Draw(t, "øre"))
		for _, s := range []string{o.String(), o.Plain(","), o.Plain(".")} {
			if d, err := ParseKroner(s); err != nil || d.Ore() != o {
				t.Fatalf("%q: %s, %v", s, d, err)
			}
		}
	})
}
