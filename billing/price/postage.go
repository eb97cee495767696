package price

import (
	"cmp"
	"fmt"
	"slices"

	"postgang/billing/civil"
	"postgang/billing/money"
)

// Postage schemes for many letters handed in together (docs/sources.md, Postage). A PORTO price without a scheme is for a letter
// by itself.
const (
	SchemeIdentical = "LIKT"    // items of identical format: one envelope class, about the same weight
	SchemeMixed     = "BLANDET" // items of varying sizes: all at the price of their average weight
)

// PostageLetters are letters of a hand-in that have the same envelope class and weight.
type PostageLetters struct {
	Envelope   string
	WeightGram int
	Letters    int
}

// PostagePlan is what the postage of a hand-in would be in different ways, net.
type PostagePlan struct {
	Letters int
	Single  money.Ore // letter by letter
	// Identical is with items of identical format wherever that costs less than letter by letter; Bulk is how many letters those
	// are, 0: nowhere.
	Identical money.Ore
	Bulk      int
	// Mixed is with all as items of varying sizes; HasMixed: the price list has that.
	Mixed    money.Ore
	HasMixed bool
}

// PlanPostage prices the letters of one hand-in to one zone: those of a sender and a day. A letter that has no price by itself is
// an error.
func (l List) PlanPostage(account, zone string, day civil.Date, letters []PostageLetters) (PostagePlan, error) {
	var p PostagePlan
	classes := map[string][]PostageLetters{}
	grams := int64(0)
	for _, g := range letters {
		if g.Letters <= 0 || g.WeightGram <= 0 {
			continue
		}
		if _, err := l.single(account, zone, day, g); err != nil {
			return PostagePlan{}, err
		}
		classes[g.Envelope] = append(classes[g.Envelope], g)
		p.Letters += g.Letters
		grams += int64(g.Letters) * int64(g.WeightGram)
	}
	if p.Letters == 0 {
		return p, nil
	}
	for _, class := range classes {
		single, identical, bulk, err := l.identical(account, zone, day, class)
		if err != nil {
			return PostagePlan{}, err
		}
		p.Single, p.Identical, p.Bulk = p.Single+single, p.Identical+identical, p.Bulk+bulk
	}
	average := (grams + int64(p.Letters) - 1) / int64(p.Letters)
	mixed, found := l.find(priceKey{element: ElementPostage, zone: zone, scheme: SchemeMixed}, account, day, func(x Price) bool { return int64(x.MaxGram) >= average })
	if found {
		p.Mixed, p.HasMixed = mixed.of(max(p.Letters, mixed.MinLetters)), true
	}
	return p, nil
}

// single is what letters cost by themselves.
func (l List) single(account, zone string, day civil.Date, g PostageLetters) (money.Ore, error) {
	price, found := l.postage(account, zone, g.Envelope, g.WeightGram, day)
	if !found {
		return 0, fmt.Errorf("expected cost: the price list has no postage for zone %q and %d g on %s", zone, g.WeightGram, day)
	}
	return price.of(g.Letters), nil
}

// identical finds the cheapest way to hand in letters of one envelope class: groups within the weight that may vary, each at the
// price of its heaviest and for no fewer letters than the price says, and the rest by themselves.
func (l List) identical(account, zone string, day civil.Date, class []PostageLetters) (single, best money.Ore, bulk int, err error) {
	slices.SortFunc(class, func(a, b PostageLetters) int { return cmp.Compare(a.WeightGram, b.WeightGram) })
	type way struct {
		cost money.Ore
		bulk int
	}
	ways := make([]way, 1, len(class)+1) // of the lightest so many weights
	for j, heavy := range class {
		own, err := l.single(account, zone, day, heavy)
		if err != nil {
			return 0, 0, 0, err
		}
		single += own
		least := way{ways[j].cost + own, ways[j].bulk}
		price, found := l.find(priceKey{element: ElementPostage, zone: zone, scheme: SchemeIdentical, envelope: heavy.Envelope}, account, day,
			func(x Price) bool { return x.MaxGram >= heavy.WeightGram })
		n := 0
		for i := j; found && i >= 0 && (price.WindowGram == 0 || heavy.WeightGram-class[i].WeightGram <= price.WindowGram); i-- {
			n += class[i].Letters
			if w := (way{ways[i].cost + price.of(max(n, price.MinLetters)), ways[i].bulk + n}); w.cost < least.cost {
				least = w
			}
		}
		ways = append(ways, least)
	}
	last := ways[len(class)]
	return single, last.cost, last.bulk, nil
}

// postage is the price of a letter by itself: of its account before that of all, and of its envelope class before that of any.
func (l List) postage(account, zone, envelope string, gram int, day civil.Date) (Price, bool) {
	for _, account := range []string{account, ""} {
		for _, envelope := range []string{envelope, ""} {
			for _, p := range l.steps[priceKey{element: ElementPostage, account: account, zone: zone, envelope: envelope}] {
				if p.covers(day) && p.MaxGram >= gram {
					return p, true
				}
			}
		}
	}
	return Price{}, false
}
