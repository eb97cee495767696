package price

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/money"
)

const postDay = civil.Date("2026-03-02")

func postagePrices(t testing.TB, extra ...Price) List {
	t.Helper()
	prices := []Price{
		{Element: ElementPostage, Zone: ZoneNorway, MaxGram: 20, Price: 1000},
		{Element: ElementPostage, Zone: ZoneNorway, MaxGram: 50, Price: 1500},
		{Element: ElementPostage, Zone: ZoneNorway, MaxGram: 350, Price: 3000},
		{Element: ElementPostage, Zone: ZoneNorway, Envelope: EnvelopeC4, MaxGram: 50, Price: 2000},
		{Element: ElementPostage, Zone: ZoneNorway, Scheme: SchemeIdentical, Envelope: EnvelopeC5, MaxGram: 20, MinLetters: 200, WindowGram: 30, Price: 800},
		{Element: ElementPostage, Zone: ZoneNorway, Scheme: SchemeIdentical, Envelope: EnvelopeC5, MaxGram: 50, MinLetters: 200, WindowGram: 30, Price: 900},
		{Element: ElementPostage, Zone: ZoneNorway, Scheme: SchemeMixed, MaxGram: 20, MinLetters: 200, Price: 850},
		{Element: ElementPostage, Zone: ZoneNorway, Scheme: SchemeMixed, MaxGram: 50, MinLetters: 200, Price: 1100},
	}
	prices = append(prices, extra...)
	for i := range prices {
		prices[i].ValidFrom = "2026-01-01"
	}
	l, err := NewList(prices)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPlanPostage(t *testing.T) {
	t.Parallel()
	l := postagePrices(t, Price{Element: ElementPostage, Account: "egen", Zone: ZoneNorway, MaxGram: 20, Price: 500})
	for name, c := range map[string]struct {
		letters []PostageLetters
		want    PostagePlan
	}{
		"none": {nil, PostagePlan{}},
		// 100 pay for 200 in bulk: 1600,00 against 1000,00.
		"too few": {[]PostageLetters{{EnvelopeC5, 17, 100}}, PostagePlan{Letters: 100, Single: 100_000, Identical: 100_000, Mixed: 170_000, HasMixed: true}},
		// 170 of 200: 1600,00 against 1700,00.
		"nearly enough": {[]PostageLetters{{EnvelopeC5, 17, 170}}, PostagePlan{Letters: 170, Single: 170_000, Identical: 160_000, Bulk: 170, Mixed: 170_000, HasMixed: true}},
		// Together within 30 g, at the price of the heavier, for one floor.
		"a window": {[]PostageLetters{{EnvelopeC5, 17, 150}, {EnvelopeC5, 42, 150}},
			PostagePlan{Letters: 300, Single: 150*1000 + 150*1500, Identical: 300 * 900, Bulk: 300, Mixed: 300 * 1100, HasMixed: true}},
		// 17 and 49 g are too far apart for one hand-in: the light ones in bulk, the others are too few for it.
		"beyond the window": {[]PostageLetters{{EnvelopeC5, 17, 300}, {EnvelopeC5, 49, 50}},
			PostagePlan{Letters: 350, Single: 300*1000 + 50*1500, Identical: 300*800 + 50*1500, Bulk: 300, Mixed: 350 * 1100, HasMixed: true}},
		// C4 has its own price by itself, and none in bulk; on the average of 20 g, ceil, all are cheap together.
		"mixed": {[]PostageLetters{{EnvelopeC5, 17, 900}, {EnvelopeC4, 47, 100}},
			PostagePlan{Letters: 1000, Single: 900*1000 + 100*2000, Identical: 900*800 + 100*2000, Bulk: 900, Mixed: 1000 * 850, HasMixed: true}},
		"heavy": {[]PostageLetters{{EnvelopeC4, 300, 500}}, PostagePlan{Letters: 500, Single: 1_500_000, Identical: 1_500_000}},
	} {
		got, err := l.PlanPostage("", ZoneNorway, postDay, c.letters)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v %v, want %+v", name, got, err, c.want)
		}
	}
	for name, letters := range map[string][]PostageLetters{"too heavy": {{EnvelopeC5, 351, 1}}, "one of them": {{EnvelopeC5, 17, 1}, {EnvelopeC5, 400, 1}}} {
		if _, err := l.PlanPostage("", ZoneNorway, postDay, letters); err == nil {
			t.Errorf("%s has a price", name)
		}
	}
	if _, err := l.PlanPostage("", ZoneWorld, postDay, []PostageLetters{{EnvelopeC5, 17, 1}}); err == nil {
		t.Error("a zone without prices has a price")
	}
	// A letter by itself: its envelope class before any, and never a price for many.
	for _, c := range []struct {
		account, envelope string
		gram              int
		want              money.Ore
	}{{"", EnvelopeC5, 17, 1000}, {"", EnvelopeC4, 17, 2000}, {"", EnvelopeC4, 51, 3000}, {"egen", EnvelopeC4, 17, 500}, {"egen", EnvelopeC4, 21, 2000}} {
		if p, ok := l.postage(c.account, ZoneNorway, c.envelope, c.gram, postDay); !ok || p.Price != c.want {
			t.Errorf("%+v costs %v", c, p.Price)
		}
	}
}

// No way of grouping the letters of a class costs less than the plan, and the plan never costs more than letter by letter.
func TestPlanPostageIsCheapest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		step := func(gram int, name string) Price {
			return Price{Element: ElementPostage, Zone: ZoneNorway, MaxGram: gram, Price: money.Ore(rapid.IntRange(500, 1500).Draw(t, name)), ValidFrom: "2026-01-01"}
		}
		prices := []Price{step(20, "20"), step(50, "50")}
		window, floor := rapid.SampledFrom([]int{0, 5, 20}).Draw(t, "window"), rapid.IntRange(0, 60).Draw(t, "floor")
		light := 0
		for _, gram := range []int{20, 50} {
			p := step(gram, "bulk")
			p.Price = max(p.Price, money.Ore(light)) // a heavier step never costs less
			light = int(p.Price)
			p.Scheme, p.Envelope, p.WindowGram, p.MinLetters = SchemeIdentical, EnvelopeC5, window, floor
			prices = append(prices, p)
		}
		l, err := NewList(prices)
		if err != nil {
			t.Fatal(err)
		}
		var class []PostageLetters
		for _, gram := range rapid.SliceOfNDistinct(rapid.IntRange(5, 50), 1, 5, rapid.ID[int]).Draw(t, "weights") {
			class = append(class, PostageLetters{EnvelopeC5, gram, rapid.IntRange(1, 80).Draw(t, "letters")})
		}
		got, err := l.PlanPostage("", ZoneNorway, postDay, class)
		if err != nil {
			t.Fatal(err)
		}
		// Every way to put the weights into hand-ins, 0 being letter by letter.
		best := got.Single
		hand := make([]int, len(class))
		var try func(i, used int)
		try = func(i, used int) {
			if i < len(class) {
				for h := range used + 2 {
					hand[i] = h
					try(i+1, max(used, h))
				}
				return
			}
			cost := money.Ore(0)
			for h := range used + 1 {
				n, lo, hi := 0, 1<<30, 0
				for i, g := range class {
					if hand[i] == h {
						n, lo, hi = n+g.Letters, min(lo, g.WeightGram), max(hi, g.WeightGram)
						if h == 0 {
							p, _ := l.postage("", ZoneNorway, EnvelopeC5, g.WeightGram, postDay)
							cost += p.of(g.Letters)
						}
					}
				}
				if h == 0 || n == 0 {
					continue
				}
				if window > 0 && hi-lo > window {
					return
				}
				p, _ := l.find(priceKey{element: ElementPostage, zone: ZoneNorway, scheme: SchemeIdentical, envelope: EnvelopeC5}, "", postDay, func(p Price) bool { return p.MaxGram >= hi })
				cost += p.of(max(n, floor))
			}
			best = min(best, cost)
		}
		try(0, 0)
		// The plan looks at hand-ins of neighbouring weights only, which loses nothing unless one in between is better by itself.
		if got.Identical > got.Single || got.Identical < best {
			t.Fatalf("plan %d, the least is %d, letter by letter %d", got.Identical, best, got.Single)
		}
		if len(class) <= 2 && got.Identical != best {
			t.Fatalf("plan %d, the least is %d", got.Identical, best)
		}
	})
}

func TestSchemesAreChecked(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Price{
		"envelope is missing": {Element: ElementPostage, Zone: ZoneNorway, MaxGram: 20, Scheme: SchemeIdentical},
		"envelope is not":     {Element: ElementPostage, Zone: ZoneNorway, MaxGram: 20, Scheme: SchemeMixed, Envelope: EnvelopeC5},
		"scheme must be":      {Element: ElementPostage, Zone: ZoneNorway, MaxGram: 20, Scheme: "BILLIG"},
		"is for PORTO only":   {Element: ElementTransport, Scheme: SchemeMixed},
		"window_gram":         {Element: ElementPostage, Zone: ZoneNorway, MaxGram: 20, Scheme: SchemeMixed, WindowGram: 30},
		"min_letters":         {Element: ElementPostage, Zone: ZoneNorway, MaxGram: 20, MinLetters: 200},
	} {
		p.ValidFrom = "2026-01-01"
		if _, err := NewList([]Price{p}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	p := Price{Element: ElementPostage, Zone: ZoneNorway, Scheme: SchemeIdentical, Envelope: EnvelopeC5, MaxGram: 20, MinLetters: 200}
	if got := p.Name(); got != "Porto C5 likt format Norge inntil 20 g, minst 200 brev" {
		t.Error(got)
	}
	p.Scheme, p.Envelope = SchemeMixed, ""
	if got := p.Name(); got != "Porto ulike formater Norge inntil 20 g i snitt, minst 200 brev" {
		t.Error(got)
	}
}
