package figures

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"

	"postgang/billing/money"
)

// Source marks where an input of the kost/nytte model is from.
type Source string

// Sources of an input.
const (
	SourceGiven        Source = "oppgitt"     // stated by the municipality or a cited source
	SourceIllustrative Source = "illustrativ" // an example, to be replaced
	SourceActual       Source = "faktisk"     // measured in the period
)

// Input is one input of the model. An input that is not Set has no value: there are no silent
// defaults.
type Input struct {
	Value  money.Decimal `toml:"value"`
	Set    bool          `toml:"-"`
	Source Source        `toml:"source"`
	Note   string        `toml:"note"` // where the figure is from, for the reader; may be empty
	Year   int           `toml:"year"` // whose prices it is in; 0: not said
}

// NewInput reads a value, such as "5,70", as a set input.
func NewInput(value string, source Source, note string) (Input, error) {
	d, err := money.ParseKroner(value)
	if err != nil {
		return Input{}, err
	}
	in := Input{Value: d, Set: true, Source: source, Note: note}
	return in, in.validate()
}

func (in Input) validate() error {
	if !in.Set {
		return nil
	}
	switch in.Source {
	case SourceGiven, SourceIllustrative, SourceActual:
	default:
		return fmt.Errorf("source must be %s, %s or %s", SourceGiven, SourceIllustrative, SourceActual)
	}
	if in.Value < 0 {
		return errors.New("must not be negative")
	}
	if in.Year != 0 && (in.Year < 1990 || in.Year > 2100) {
		return fmt.Errorf("the price year %d is not within 1990 to 2100", in.Year)
	}
	return nil
}

// CostBenefitInputs are the inputs of the model of the SvarUt spreadsheet (KS SvarUt course 2014,
// slide 14), without SvarUt (letters made by hand) and with it, and the price of a digital letter that
// later came in addition. Amounts are kroner, share in per cent, time in minutes.
type CostBenefitInputs struct {
	YearCost        Input // K: cost of a work-year with social costs, kroner
	YearHours       Input // H: hours in a work-year
	LettersPerYear  Input // N: shipments a year
	DigitalPercent  Input // d: per cent of shipments that are digital with SvarUt
	MinutesWithout  Input // t₀: printing, enveloping and franking by hand, minutes a letter
	MinutesWith     Input // t₁: the same with SvarUt
	PaperWithout    Input // p₀: paper, envelope and the like, kroner a letter
	PaperWith       Input // p₁: the vendor's production, kroner a letter
	PostageWithout  Input // s₀: postage, kroner a letter
	PostageWith     Input // s₁: postage at bulk rates, kroner a letter
	DigitalUnitCost Input // c_dig: transaction price of a digital letter, kroner
	// PostageToday is PostageWithout at the prices of the period that is reported, kroner a letter. The model does without it; what
	// a period measured is held against it, and where it is not set against the postage that the period's letters cost.
	PostageToday Input
}

// CostBenefitInput is one input with its symbol and Norwegian label, for showing and checking.
type CostBenefitInput struct {
	Symbol string // K, H, N, d, t0, t1, p0, p1, s0, s1, cdig
	Label  string // Norwegian
	Unit   string // Norwegian unit
	Input  Input
}

// All gives the inputs in the order in which they are shown.
func (c CostBenefitInputs) All() []CostBenefitInput {
	return []CostBenefitInput{
		{"K", "Kostnad per årsverk inkl. sosiale omkostninger", "kr", c.YearCost},
		{"H", "Antall timer per årsverk", "timer", c.YearHours},
		{"N", "Antall forsendelser per år", "stk.", c.LettersPerYear},
		{"d", "Andel digitale forsendelser", "%", c.DigitalPercent},
		{"t0", "Tid per brev til utskrift, konvoluttering og frankering, uten SvarUt", "min", c.MinutesWithout},
		{"t1", "Tid per brev til utskrift, konvoluttering og frankering, med SvarUt", "min", c.MinutesWith},
		{"p0", "Papir, konvolutt m.m. per brev, uten SvarUt", "kr", c.PaperWithout},
		{"p1", "Produksjonskostnad per brev, med SvarUt", "kr", c.PaperWith},
		{"s0", "Gjennomsnittlig porto per brev, uten SvarUt", "kr", c.PostageWithout},
		{"s1", "Gjennomsnittlig porto per brev, med SvarUt", "kr", c.PostageWith},
		{"cdig", "Transaksjonspris per digital forsendelse", "kr", c.DigitalUnitCost},
	}
}

// Today is PostageToday for showing.
func (c CostBenefitInputs) Today() CostBenefitInput {
	return CostBenefitInput{"s0_idag", "Gjennomsnittlig porto per brev, uten SvarUt, med prisene i perioden", "kr", c.PostageToday}
}

// SeedInputs gives the figures of the SvarUt spreadsheet of 2014 that survive (25 % digital, kr 5,70,
// kr 13,00 and kr 7,50, KS SvarUt course 2014, slide 14), marked as given, and illustrative figures for
// those that are lost. A digital letter costs nothing, as in that model.
func SeedInputs() CostBenefitInputs {
	const seed = "SvarUt-regnearket 2014 (kursmateriell, lysbilde 14)"
	const example = "eksempeltall; erstatt med egne"
	given := func(d money.Decimal) Input {
		return Input{Value: d, Set: true, Source: SourceGiven, Note: seed, Year: 2014}
	}
	illustrative := func(d money.Decimal) Input {
		return Input{Value: d, Set: true, Source: SourceIllustrative, Note: example}
	}
	return CostBenefitInputs{
		YearCost:        illustrative(money.DecimalFromInt(600_000)),
		YearHours:       illustrative(money.DecimalFromInt(1_700)),
		LettersPerYear:  illustrative(money.DecimalFromInt(100_000)),
		DigitalPercent:  given(money.DecimalFromInt(25)),
		MinutesWithout:  illustrative(money.DecimalFromInt(3)),
		MinutesWith:     illustrative(0),
		PaperWithout:    illustrative(money.DecimalFromOre(2_00)),
		PaperWith:       given(money.DecimalFromOre(5_70)),
		PostageWithout:  given(money.DecimalFromOre(13_00)),
		PostageWith:     given(money.DecimalFromOre(7_50)),
		DigitalUnitCost: illustrative(0),
	}
}

// Missing gives the symbols of the inputs that are not set, in the order of All.
func (c CostBenefitInputs) Missing() []string {
	var out []string
	for _, in := range c.All() {
		if !in.Input.Set {
			out = append(out, in.Symbol)
		}
	}
	return out
}

// Validate reports inputs that are set to impossible values; inputs that are not set are no error here.
func (c CostBenefitInputs) Validate() error {
	var faults []error
	for _, in := range append(c.All(), c.Today()) {
		if err := in.Input.validate(); err != nil {
			faults = append(faults, fmt.Errorf("kost/nytte input %s: %w", in.Symbol, err))
		}
	}
	if c.YearHours.Set && c.YearHours.Value == 0 {
		faults = append(faults, errors.New("kost/nytte input H: hours in a work-year must be above 0"))
	}
	if c.DigitalPercent.Set && c.DigitalPercent.Value > money.DecimalFromInt(100) {
		faults = append(faults, errors.New("kost/nytte input d: share cannot be above 100 per cent"))
	}
	return errors.Join(faults...)
}

// CostBenefitRow is one row of Table A or B in øre, rounded to the nearest øre for showing.
type CostBenefitRow struct {
	Without money.Ore // uten SvarUt
	With    money.Ore // med SvarUt
	Saving  money.Ore // Without − With
}

// CostBenefit is the model computed: Table A a letter sent as paper post, Table B a year.
type CostBenefit struct {
	Wage, Production, Postage, Total CostBenefitRow // Table A, øre a letter
	Year                             CostBenefitRow // Table B, øre a year
	YearPaper, YearDigital           money.Ore      // the two parts of Year.With: N(1−d)T₁ and N·d·c_dig
}

// ErrInputsMissing is wrapped by the error of Compute when inputs are not set.
var ErrInputsMissing = errors.New("inputs are not set")

// Compute gives the model:
//
//	L = K/H × t/60, T = L + p + s, each without (0) and with (1)
//	Uten = N × T₀
//	Med  = N × (1−d) × T₁ + N × d × c_dig
//	Besparelse = Uten − Med
//
// It calculates in exact fractions. Rounding rule: each shown figure is rounded to the nearest øre by
// itself, halves away from zero; the yearly figures come from the unrounded cost of a letter, and
// savings are differences of the rounded figures, so that they can be checked by subtraction.
func (c CostBenefitInputs) Compute() (CostBenefit, error) { return c.vary(Variation{}) }

// BenefitRow is the model for what really went out in a period: of a konteringskode or of an account.
type BenefitRow struct {
	Group   string // "Konteringskode" or "Avsender"
	Name    string
	Paper   int       // letters booked
	Digital int       // read or delivered digitally
	Net     money.Ore // what the letters cost, all kinds together
	Without money.Ore // (Paper + Digital) × T₀: what it would have cost without SvarUt
	With    money.Ore // Paper × L₁ + Net + Digital × c_dig
	Year    money.Ore // Saving for a whole year, at the pace of the period
}

// Saving is what is saved in the period.
func (b BenefitRow) Saving() money.Ore { return b.Without - b.With }

// UnitCosts are what a shipment costs by the model, each rounded to the øre as Table A shows it. Sums over rows are multiples of
// them, so that the rows of every table sum to the total to the øre.
type UnitCosts struct {
	Without money.Ore // T₀
	Wage    money.Ore // L₁
	Digital money.Ore // c_dig
}

// Units computes the unit costs; false when inputs are missing or do not fit.
func (c CostBenefitInputs) Units() (UnitCosts, bool) {
	cb, err := c.Compute()
	return UnitCosts{cb.Total.Without, cb.Wage.With, c.DigitalUnitCost.Value.Ore()}, err == nil
}

// Of computes Without, With and Year of a row for a period of so many days; false when it does not fit.
func (u UnitCosts) Of(b BenefitRow, days int) (BenefitRow, bool) {
	fits := true
	ore := func(o *big.Int) money.Ore {
		fits = fits && o.IsInt64() && o.Int64() > -math.MaxInt64/4 && o.Int64() < math.MaxInt64/4
		return money.Ore(o.Int64())
	}
	times := func(n int, o money.Ore) *big.Int { return new(big.Int).Mul(big.NewInt(int64(n)), big.NewInt(int64(o))) }
	b.Without = ore(times(b.Paper+b.Digital, u.Without))
	with := times(b.Paper, u.Wage)
	b.With = ore(with.Add(with, times(b.Digital, u.Digital)).Add(with, big.NewInt(int64(b.Net))))
	if !fits || days < 1 {
		return b, false
	}
	b.Year, fits = roundOre(new(big.Rat).Mul(big.NewRat(int64(b.Saving()), 100), big.NewRat(365, int64(days))))
	return b, fits
}

// Variation changes inputs of the model, to see how much hangs on them.
type Variation struct {
	Label         string // Norwegian
	DigitalPoints int    // added to the digital share, percentage points; the share stays within 0 and 100 %
	VolumePercent int    // added to the number of shipments a year
	PostPercent   int    // added to the postage, without and with
}

// Variations are those that a report shows.
func Variations() []Variation {
	return []Variation{
		{"Andel digitale 10 prosentpoeng lavere", -10, 0, 0}, {"Andel digitale 10 prosentpoeng høyere", 10, 0, 0}, {"Andel digitale 25 prosentpoeng høyere", 25, 0, 0},
		{"20 % færre forsendelser", 0, -20, 0}, {"20 % flere forsendelser", 0, 20, 0},
		{"20 % lavere porto", 0, 0, -20}, {"20 % høyere porto", 0, 0, 20},
	}
}

// Sensitivity gives the saving of a year under each of Variations, in their order.
func (c CostBenefitInputs) Sensitivity() ([]money.Ore, error) {
	var out []money.Ore
	for _, v := range Variations() {
		cb, err := c.vary(v)
		if err != nil {
			return nil, err
		}
		out = append(out, cb.Year.Saving)
	}
	return out, nil
}

func (c CostBenefitInputs) vary(v Variation) (CostBenefit, error) {
	if missing := c.Missing(); len(missing) > 0 {
		return CostBenefit{}, fmt.Errorf("kost/nytte: %w: %s", ErrInputsMissing, strings.Join(missing, ", "))
	}
	if err := c.Validate(); err != nil {
		return CostBenefit{}, err
	}
	mul := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }
	sum := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Add(a, b) }
	minute := new(big.Rat).Quo(c.YearCost.Value.Rat(), mul(c.YearHours.Value.Rat(), big.NewRat(60, 1)))
	wage0, wage1 := mul(minute, c.MinutesWithout.Value.Rat()), mul(minute, c.MinutesWith.Value.Rat())
	more := func(percent int) *big.Rat { return big.NewRat(int64(100+percent), 100) }
	postage0, postage1 := mul(c.PostageWithout.Value.Rat(), more(v.PostPercent)), mul(c.PostageWith.Value.Rat(), more(v.PostPercent))
	total0 := sum(wage0, sum(c.PaperWithout.Value.Rat(), postage0))
	total1 := sum(wage1, sum(c.PaperWith.Value.Rat(), postage1))
	n := mul(c.LettersPerYear.Value.Rat(), more(v.VolumePercent))
	d := sum(mul(c.DigitalPercent.Value.Rat(), big.NewRat(1, 100)), big.NewRat(int64(v.DigitalPoints), 100))
	if d.Sign() < 0 {
		d = new(big.Rat)
	}
	if d.Cmp(big.NewRat(1, 1)) > 0 {
		d = big.NewRat(1, 1)
	}
	paper := mul(mul(n, new(big.Rat).Sub(big.NewRat(1, 1), d)), total1)
	digital := mul(mul(n, d), c.DigitalUnitCost.Value.Rat())

	fits := true
	ore := func(kroner *big.Rat) money.Ore {
		o, ok := roundOre(kroner)
		fits = fits && ok
		return o
	}
	row := func(without, with *big.Rat) CostBenefitRow {
		r := CostBenefitRow{Without: ore(without), With: ore(with)}
		r.Saving = r.Without - r.With
		return r
	}
	cb := CostBenefit{
		Wage:       row(wage0, wage1),
		Production: row(c.PaperWithout.Value.Rat(), c.PaperWith.Value.Rat()),
		Postage:    row(postage0, postage1),
		Total:      row(total0, total1),
		YearPaper:  ore(paper), YearDigital: ore(digital),
	}
	cb.Year.Without = ore(mul(n, total0))
	cb.Year.With = cb.YearPaper + cb.YearDigital
	cb.Year.Saving = cb.Year.Without - cb.Year.With
	if !fits || cb.Year.With < 0 {
		return CostBenefit{}, fmt.Errorf("kost/nytte: %w", money.ErrOverflow)
	}
	return cb, nil
}

// roundOre rounds kroner to the nearest øre, halves away from zero; false when it does not fit.
func roundOre(kroner *big.Rat) (money.Ore, bool) {
	scaled := new(big.Rat).Mul(kroner, big.NewRat(100, 1))
	num, den := new(big.Int).Abs(scaled.Num()), scaled.Denom()
	num.Add(num.Lsh(num, 1), den) // (2·num + den) / (2·den) rounds halves up
	q := num.Quo(num, new(big.Int).Lsh(den, 1))
	if !q.IsInt64() || q.Int64() > math.MaxInt64/4 {
		return 0, false
	}
	if scaled.Sign() < 0 {
		return money.Ore(-q.Int64()), true
	}
	return money.Ore(q.Int64()), true
}
