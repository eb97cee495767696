package money

import (
	"testing"

	"pgregory.net/rapid"
)

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"5,70", "5.7", "600000", "-1,5", "", ",", "0,00001", "99999999999999,9999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDecimal(s)
		if err != nil {
			return
		}
		if back, err := ParseDecimal(d.String()); err != nil || back != d {
			t.Fatalf("%q was read as %s, which reads as %s, %v", s, d, back, err)
		}
	})
}

func TestDecimalOre(t *testing.T) {
	t.Parallel()
	for d, want := range map[Decimal]Ore{0: 0, 49: 0, 50: 1, 149: 1, 150: 2, -49: 0, -50: -1, -150: -2, 57_000: 570} {
		if got := d.Ore(); got != want {
			t.Errorf("%d: %d, want %d", d, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"5,70": "5,7", "5.7": "5,7", "600000": "600000", "0,0001": "0,0001", "-1,5": "-1,5", "0": "0"} {
		d, err := ParseDecimal(s)
		if err != nil || d.String() != want {
			t.Errorf("%q = %s, %v, want %s", s, d, err, want)
		}
	}
	for _, s := range []string{"", "-", ",5", "5,", "1 000", "1,2,3", "1.000,00", "0,00001", "1e3", "999999999999999"} {
		if d, err := ParseDecimal(s); err == nil {
			t.Errorf("ParseDecimal(%q) = %s, want an error", s, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := Decimal(rapid.Int64Range(-1e17, 1e17).Draw(t, "d"))
		if back, err := ParseDecimal(d.String()); err != nil || back != d {
			t.Fatalf("%d → %s → %d, %v", int64(d), d, int64(back), err)
		}
	})
}
