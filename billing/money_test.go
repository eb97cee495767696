package billing

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

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

func TestAllocate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		total   Ore
		weights []int64
		want    []Ore
	}{
		{"thirds, first takes the øre", 100, []int64{1, 1, 1}, []Ore{34, 33, 33}},
		{"largest remainder, not first", 10, []int64{1, 8, 6}, []Ore{1, 5, 4}},
		{"credit mirrors", -100, []int64{1, 1, 1}, []Ore{-34, -33, -33}},
		{"no weight above zero", 5, []int64{0, -3}, []Ore{3, 2}},
		{"zero weight gets nothing", 7, []int64{0, 2, 2}, []Ore{0, 4, 3}},
		{"nothing to carry it", 7, nil, nil},
		{"weights beyond 64 bits", 4, []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}, []Ore{1, 1, 1, 1}},
		{"smallest amount", math.MinInt64, []int64{1}, []Ore{math.MinInt64}},
	} {
		got := Allocate(c.total, c.weights)
		if len(got) != len(c.want) {
			t.Fatalf("%s: %v, want %v", c.name, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}

func TestAllocateSumsExactlyAndFairly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := Ore(rapid.Int64Range(-1e12, 1e12).Draw(t, "total"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1e6), 1, 50).Draw(t, "weights")
		parts := Allocate(total, weights)
		var sum Ore
		var sumW int64
		for i, p := range parts {
			sum += p
			sumW += weights[i]
		}
		if sum != total {
			t.Fatalf("parts %v sum to %d, not %d", parts, sum, total)
		}
		for i, p := range parts {
			// Each part is less than one øre from its exact share.
			if off := int64(p)*sumW - int64(total)*weights[i]; sumW > 0 && (off >= sumW || off <= -sumW) {
				t.Fatalf("part %d of %v is an øre or more from its share", i, parts)
			}
		}
		again := Allocate(total, weights)
		for i := range parts {
			if parts[i] != again[i] {
				t.Fatal("not deterministic")
			}
		}
	})
}

func TestCivil(t *testing.T) {
	t.Parallel()
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", "2026-1-5", "2026-02-29", "26-01-05", "2026-01-05T", "20260105", "2026-13-01", "0026-01-05"} {
		if c, err := ParseCivil(s); err == nil {
			t.Errorf("ParseCivil(%q) = %q, want an error", s, c)
		}
	}
	// Half past midnight in Oslo is still the day before in UTC.
	at := time.Date(2026, 6, 30, 22, 30, 0, 0, time.UTC)
	if got := CivilOf(at, oslo); got != "2026-07-01" {
		t.Errorf("day in Oslo = %s", got)
	}
	c := Civil("2026-03-28")
	if c.AddDays(2) != "2026-03-30" || c.Month() != "2026-03" || c.Norwegian() != "28.03.2026" {
		t.Errorf("%s: %s %s %s", c, c.AddDays(2), c.Month(), c.Norwegian())
	}
	if !c.Within("2026-03-28", "2026-03-29") || c.Within("2026-03-27", "2026-03-28") {
		t.Error("a period holds its first day and not its last boundary")
	}
	if got := Civil("2026-03-30").In(oslo); !got.Equal(time.Date(2026, 3, 29, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("start of the first day of summer time = %v", got)
	}
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

func FuzzParseCivil(f *testing.F) {
	for _, s := range []string{"2026-01-05", "2024-02-29", "", "2026-1-05", "0000-01-01", "2026-01-05T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseCivil(s); err == nil && (string(c) != s || c.AddDays(0) != c || CivilOf(c.UTC(), time.UTC) != c) {
			t.Fatalf("%q was read as %s", s, c)
		}
	})
}

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

// What really went out is worked out by the model's own figures: the seed's inputs, letters on paper and one digital.
func TestBenefitOf(t *testing.T) {
	t.Parallel()
	in := SeedInputs()
	units, ok := in.Units()
	cb, err := in.Compute()
	if err != nil || !ok || units != (UnitCosts{3265, 0, 0}) {
		t.Fatal(err, ok, units)
	}
	// Without: 4 letters at T₀ = kr 32,65; with: the vendor's bill alone, since t₁ and c_dig are nothing in the seed.
	got, ok := units.Of(BenefitRow{Paper: 3, Digital: 1, Net: 3960}, 73)
	if !ok || got.Without != 13060 || got.With != 3960 || got.Saving() != 9100 || got.Year != 9100*5 {
		t.Errorf("%+v, T₀ is %v", got, cb.Total.Without)
	}
	if _, ok := units.Of(BenefitRow{Paper: math.MaxInt, Net: 1}, 30); ok {
		t.Error("computed what does not fit")
	}
	in.YearCost = Input{}
	if _, ok := in.Units(); ok {
		t.Error("computed without an input")
	}
	var base []Ore
	if s, err := SeedInputs().Sensitivity(); err != nil || len(s) != len(Variations()) {
		t.Fatal(s, err)
	} else {
		base = s
	}
	// A tenth more digital saves a tenth of the paper's cost with SvarUt: N × 0.1 × T₁.
	if d := base[1] - cb.Year.Saving; d != (cb.Year.Saving-base[0]) || d != 132_000_00 {
		t.Errorf("ten points more digital are worth kr %v", d)
	}
}

// The average cost of a letter is what a spreadsheet's ROUND(net/letters,2) gives, also when more letters are taken back than came.
func TestAverageRoundsAsSpreadsheetsDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		net     Ore
		letters int
		want    Ore
	}{{-12102, -1, 12102}, {12102, -1, -12102}, {-12101, 2, -6051}, {12101, 2, 6051}, {12101, -2, -6051}, {-12101, -2, 6051}, {1, 3, 0}, {5, 3, 2}, {-5, -3, 2}, {7, 0, 0}} {
		if got := (Money{Net: c.net, Letters: c.letters}).Per(); got != c.want {
			t.Errorf("%d øre over %d letters: %d, want %d", c.net, c.letters, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := Money{Net: Ore(rapid.Int64Range(-1e12, 1e12).Draw(t, "net")), Letters: rapid.IntRange(-1000, 1000).Filter(func(n int) bool { return n != 0 }).Draw(t, "letters")}
		want, _ := roundOre(big.NewRat(int64(m.Net), 100*int64(m.Letters)))
		if got := m.Per(); got != want {
			t.Fatalf("%+v: %d, want %d", m, got, want)
		}
	})
}
