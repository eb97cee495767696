package money

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestOreString(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ore  Ore
		want string
	}{
		{0, "0,00"}, {5, "0,05"}, {-5, "-0,05"}, {570, "5,70"}, {123450, "1\u00a0234,50"}, {-123450, "-1\u00a0234,50"},
		{100_000_00, "100\u00a0000,00"}, {3_264_706_00, "3\u00a0264\u00a0706,00"},
		{math.MinInt64, "-92\u00a0233\u00a0720\u00a0368\u00a0547\u00a0758,08"},
	} {
		if got := c.ore.String(); got != c.want {
			t.Errorf("Ore(%d) = %q, want %q", int64(c.ore), got, c.want)
		}
	}
}

func TestParseOre(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Ore{
		"5,70": 570, "0,00": 0, "0,05": 5, "-0,05": -5, "1234,50": 123450,
		"92233720368547758,07": math.MaxInt64, "-92233720368547758,08": math.MinInt64,
	} {
		if got, err := ParseOre(s); err != nil || got != want {
			t.Errorf("ParseOre(%q) = %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "-", ",", "5", "5,7", "5,700", "5.70", ",70", "5,", "+5,70", " 5,70", "5,70 ", "1 234,50", "1\u00a0234,50",
		"1.234,50", "05,70", "00,00", "-0,00", "--5,70", "5,-7", "5,7O", "٥,70", "1e3,00", "92233720368547758,08", "-92233720368547758,09",
		"99999999999999999999,00"} {
		if got, err := ParseOre(s); err == nil {
			t.Errorf("ParseOre(%q) = %d, want an error", s, got)
		}
	}
	if _, err := ParseOre("92233720368547758,08"); !errors.Is(err, ErrOverflow) {
		t.Errorf("one øre above the largest amount: %v, want ErrOverflow", err)
	}
}

func TestOreRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := Ore(rapid.Int64().Draw(t, "øre"))
		if back, err := ParseOre(o.Plain(",")); err != nil || back != o {
			t.Fatalf("%d → %q → %d, %v", int64(o), o.Plain(","), int64(back), err)
		}
		if plain := strings.ReplaceAll(o.String(), "\u00a0", ""); plain != o.Plain(",") {
			t.Fatalf("String %q and Plain %q differ in more than groups", o, o.Plain(","))
		}
	})
}

func TestPercentRounding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		net     Ore
		percent int
		want    Ore
	}{{100, 25, 25}, {2, 25, 1}, {1, 25, 0}, {-2, 25, -1}, {10, 25, 3}, {-10, 25, -3}, {570, 25, 143}, {750, 0, 0}, {333, 100, 333}} {
		if got := c.net.Percent(c.percent); got != c.want {
			t.Errorf("%d %% of %d øre = %d, want %d", c.percent, c.net, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		net := Ore(rapid.Int64Range(-1e15, 1e15).Draw(t, "net"))
		p := rapid.IntRange(0, 100).Draw(t, "percent")
		vat := net.Percent(p)
		if off := int64(net)*int64(p) - int64(vat)*100; off > 50 || off < -50 {
			t.Fatalf("%d %% of %d = %d is %d hundredths of an øre off", p, net, vat, off)
		}
		if (-net).Percent(p) != -vat {
			t.Fatalf("a credit of %d does not mirror its charge", net)
		}
	})
}

func FuzzParseOre(f *testing.F) {
	for _, s := range []string{"5,70", "-0,05", "", "1 234,50", "92233720368547758,07", "٥,70", "0,0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if o, err := ParseOre(s); err == nil && o.Plain(",") != s {
			t.Fatalf("%q was read as %s", s, o)
		}
	})
}
