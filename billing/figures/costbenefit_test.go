package figures

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/money"
)

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
	var base []money.Ore
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

// The seed's figures (25 %, kr 5,70, kr 13,00, kr 7,50) with illustrative K, H, t₀, p₀ and N.
func TestCostBenefitWorkedCheck(t *testing.T) {
	t.Parallel()
	cb, err := SeedInputs().Compute()
	if err != nil {
		t.Fatal(err)
	}
	want := CostBenefit{
		Wage:       CostBenefitRow{17_65, 0, 17_65},
		Production: CostBenefitRow{2_00, 5_70, -3_70},
		Postage:    CostBenefitRow{13_00, 7_50, 5_50},
		Total:      CostBenefitRow{32_65, 13_20, 19_45},
		Year:       CostBenefitRow{3_264_705_88, 990_000_00, 2_274_705_88},
		YearPaper:  990_000_00,
	}
	if diff := cmp.Diff(want, cb); diff != "" {
		t.Error(diff)
	}
	if got := []money.Ore{(cb.Year.Without + 50) / 100, cb.Year.With / 100, (cb.Year.Saving + 50) / 100}; got[0] != 3_264_706 || got[1] != 990_000 || got[2] != 2_274_706 {
		t.Errorf("in whole kroner %v", got)
	}
	in := SeedInputs()
	in.DigitalUnitCost.Value = 7_700 // kr 0,77
	if cb, err = in.Compute(); err != nil || cb.YearDigital != 25_000*77 || cb.Year.With != 990_000_00+25_000*77 {
		t.Errorf("with a digital price: %+v, %v", cb, err)
	}
}

// The model against its formulas in floating point, for any inputs.
func TestCostBenefitModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, least, most int64) Input {
			return Input{Value: money.Decimal(rapid.Int64Range(least, most).Draw(t, name)), Set: true, Source: SourceGiven}
		}
		in := CostBenefitInputs{
			YearCost: draw("K", 0, 2e10), YearHours: draw("H", 1e6, 3e7), LettersPerYear: draw("N", 0, 1e10), DigitalPercent: draw("d", 0, 1e6),
			MinutesWithout: draw("t0", 0, 1e5), MinutesWith: draw("t1", 0, 1e5), PaperWithout: draw("p0", 0, 1e6), PaperWith: draw("p1", 0, 1e6),
			PostageWithout: draw("s0", 0, 1e6), PostageWith: draw("s1", 0, 1e6), DigitalUnitCost: draw("c", 0, 1e5),
		}
		cb, err := in.Compute()
		if err != nil {
			t.Fatal(err)
		}
		f := func(i Input) float64 { return i.Value.Float() }
		letter := func(minutes, paper, postage Input) float64 {
			return f(in.YearCost)/f(in.YearHours)*f(minutes)/60 + f(paper) + f(postage)
		}
		t0, t1 := letter(in.MinutesWithout, in.PaperWithout, in.PostageWithout), letter(in.MinutesWith, in.PaperWith, in.PostageWith)
		n, d := f(in.LettersPerYear), f(in.DigitalPercent)/100
		for what, pair := range map[string][2]float64{
			"T0": {t0, cb.Total.Without.Kroner()}, "T1": {t1, cb.Total.With.Kroner()}, "Uten": {n * t0, cb.Year.Without.Kroner()},
			"Med": {n*(1-d)*t1 + n*d*f(in.DigitalUnitCost), cb.Year.With.Kroner()},
		} {
			if off := math.Abs(pair[0] - pair[1]); off > 0.0101+1e-9*math.Abs(pair[0]) {
				t.Fatalf("%s: %f by the formula, %f computed", what, pair[0], pair[1])
			}
		}
		if cb.Year.Saving != cb.Year.Without-cb.Year.With || cb.Total.Saving != cb.Total.Without-cb.Total.With {
			t.Fatal("a saving is not the difference of the figures beside it")
		}
	})
}

func TestCostBenefitInputFaults(t *testing.T) {
	t.Parallel()
	var none CostBenefitInputs
	if _, err := none.Compute(); !errors.Is(err, ErrInputsMissing) || !strings.Contains(err.Error(), "K, H, N, d, t0, t1, p0, p1, s0, s1, cdig") {
		t.Errorf("no inputs: %v", err)
	}
	for name, change := range map[string]func(*CostBenefitInputs){
		"input H":    func(c *CostBenefitInputs) { c.YearHours.Value = 0 },
		"input d":    func(c *CostBenefitInputs) { c.DigitalPercent.Value = money.DecimalFromInt(100) + 1 },
		"input p0":   func(c *CostBenefitInputs) { c.PaperWithout.Value = -1 },
		"input K":    func(c *CostBenefitInputs) { c.YearCost.Source = "" },
		"not fit in": func(c *CostBenefitInputs) { c.LettersPerYear.Value = math.MaxInt64; c.YearCost.Value = math.MaxInt64 },
	} {
		in := SeedInputs()
		change(&in)
		if _, err := in.Compute(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
