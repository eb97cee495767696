package billing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Element names what a price is for.
type Element string

// Elements of a price list. More may come (control sheets, minimum per day, digital messages,
// transport); which of the key fields of Price an element uses is stated at each.
const (
	ElementStart      Element = "START"     // a letter with its first sheet, by Envelope and Handling
	ElementExtraSheet Element = "EKSTRAARK" // each sheet beyond the first, by Handling
	ElementPage       Element = "SIDE"      // each printed page, by Colour
	ElementGiroSheet  Element = "GIROARK"   // surcharge for each pre-printed giro sheet
	ElementPostage    Element = "PORTO"     // postage, by Zone and MaxGram
)

// Handling says how a letter is put in its envelope.
const (
	HandlingAuto   = "AUTO"    // by machine
	HandlingManual = "MANUELL" // by hand
)

// Envelope classes that the default paper weights know; a price list may name others.
const (
	EnvelopeC5 = "C5"
	EnvelopeC4 = "C4"
)

// Colours of a page price.
const (
	ColourBW   = "SH"
	ColourFull = "FARGE"
)

// Postage zones (Bring's price zones as SvarUt derives them from the country).
const (
	ZoneNorway = "NORGE"
	ZoneEurope = "EUROPA"
	ZoneWorld  = "VERDEN"
)

// Price is one dated price. Fields that its element does not use must be empty.
type Price struct {
	Element  Element `toml:"element"`
	Envelope string  `toml:"envelope"`  // START: envelope class
	Handling string  `toml:"handling"`  // START, EKSTRAARK: HandlingAuto or HandlingManual
	Colour   string  `toml:"colour"`    // SIDE: ColourBW or ColourFull
	Zone     string  `toml:"zone"`      // PORTO: zone
	MaxGram  int     `toml:"max_gram"`  // PORTO: highest weight of the step, gram
	Price    Ore     `toml:"price_ore"` // øre net of VAT, for one unit
	// ValidFrom is the first day, ValidTo the first day after; an empty ValidTo means until further notice.
	ValidFrom Civil `toml:"valid_from"`
	ValidTo   Civil `toml:"valid_to"`
	// Source says where the figure is from; figures without a source are marked illustrative by reports.
	Source string `toml:"source"`
}

type priceKey struct {
	element                          Element
	envelope, handling, colour, zone string
	maxGram                          int
}

func (p Price) key() priceKey {
	return priceKey{p.Element, p.Envelope, p.Handling, p.Colour, p.Zone, p.MaxGram}
}

func (k priceKey) String() string {
	s := string(k.element)
	for _, part := range []string{k.envelope, k.handling, k.colour, k.zone} {
		if part != "" {
			s += " " + part
		}
	}
	if k.maxGram > 0 {
		s += fmt.Sprintf(" ≤ %d g", k.maxGram)
	}
	return s
}

// covers reports whether the price holds on the day.
func (p Price) covers(day Civil) bool {
	return p.ValidFrom <= day && (p.ValidTo == "" || day < p.ValidTo)
}

// PriceList is a checked set of dated prices. The zero value has no prices.
type PriceList struct {
	prices []Price // sorted by key and ValidFrom
}

// NewPriceList checks the prices and gives every fault at once: wrong or superfluous key fields, days
// that do not exist, negative prices, periods of the same price that overlap, and gaps between them.
func NewPriceList(prices []Price) (PriceList, error) {
	sorted := slices.Clone(prices)
	slices.SortStableFunc(sorted, comparePrices)
	var faults []error
	for _, p := range sorted {
		if err := p.validate(); err != nil {
			faults = append(faults, fmt.Errorf("price %v from %s: %w", p.key(), p.ValidFrom, err))
		}
	}
	if len(faults) > 0 {
		return PriceList{}, errors.Join(faults...)
	}
	for i := 1; i < len(sorted); i++ {
		a, b := sorted[i-1], sorted[i]
		switch {
		case a.key() != b.key():
		case a.ValidTo == "" || b.ValidFrom < a.ValidTo:
			faults = append(faults, fmt.Errorf("price %v: the period from %s overlaps the one from %s; end the earlier with valid_to = %s", a.key(), b.ValidFrom, a.ValidFrom, b.ValidFrom))
		case b.ValidFrom > a.ValidTo:
			faults = append(faults, fmt.Errorf("price %v: no price from %s to %s", a.key(), a.ValidTo, b.ValidFrom))
		}
	}
	if len(faults) > 0 {
		return PriceList{}, errors.Join(faults...)
	}
	return PriceList{prices: sorted}, nil
}

func comparePrices(a, b Price) int {
	return cmp.Or(cmp.Compare(a.Element, b.Element), cmp.Compare(a.Envelope, b.Envelope), cmp.Compare(a.Handling, b.Handling),
		cmp.Compare(a.Colour, b.Colour), cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.MaxGram, b.MaxGram),
		cmp.Compare(a.ValidFrom, b.ValidFrom), cmp.Compare(a.Price, b.Price))
}

func (p Price) validate() error {
	if err := p.ValidFrom.Validate(); err != nil {
		return fmt.Errorf("valid_from: %w", err)
	}
	if p.ValidTo != "" {
		if err := p.ValidTo.Validate(); err != nil {
			return fmt.Errorf("valid_to: %w", err)
		}
		if p.ValidTo <= p.ValidFrom {
			return errors.New("valid_to is not after valid_from; it is the first day without the price")
		}
	}
	if p.Price < 0 || p.Price > MaxReceiptAmount {
		return fmt.Errorf("price_ore must lie between 0 and %d", int64(MaxReceiptAmount))
	}
	var envelope, handling, colour, zone bool // which key fields the element uses
	switch p.Element {
	case ElementStart:
		envelope, handling = true, true
	case ElementExtraSheet:
		handling = true
	case ElementPage:
		colour = true
	case ElementGiroSheet:
	case ElementPostage:
		zone = true
	default:
		return errors.New("unknown element")
	}
	for _, f := range []struct {
		name, value string
		used        bool
	}{{"envelope", p.Envelope, envelope}, {"handling", p.Handling, handling}, {"colour", p.Colour, colour}, {"zone", p.Zone, zone}} {
		if f.used != (f.value != "") {
			if f.used {
				return fmt.Errorf("%s is missing", f.name)
			}
			return fmt.Errorf("%s is not used by this element; leave it out", f.name)
		}
	}
	switch {
	case handling && p.Handling != HandlingAuto && p.Handling != HandlingManual:
		return fmt.Errorf("handling must be %s or %s", HandlingAuto, HandlingManual)
	case colour && p.Colour != ColourBW && p.Colour != ColourFull:
		return fmt.Errorf("colour must be %s or %s", ColourBW, ColourFull)
	case zone != (p.MaxGram != 0) || p.MaxGram < 0:
		return errors.New("max_gram must be above 0 for PORTO and left out elsewhere")
	}
	return nil
}

// Prices gives the prices in a stable order, for showing them.
func (l PriceList) Prices() []Price { return slices.Clone(l.prices) }

// Letter is what the price of a letter depends on.
type Letter struct {
	PagesBW, PagesColour int    // printed pages
	Sheets               int    // physical sheets, cover included
	GiroSheets           int    // sheets among them on pre-printed giro paper
	Envelope             string // envelope class
	Manual               bool   // filled by hand
	Zone                 string // postage zone
	WeightGram           int    // gram, with envelope
}

// Expected gives what a letter posted on the day should cost by the price list, in øre net of VAT:
// production (start, extra sheets, pages, giro sheets) and postage (the lowest step that holds the
// weight). A price that is missing for the day is an error that names it; prices of elements that the
// letter does not use need not exist.
func (l PriceList) Expected(letter Letter, day Civil) (production, postage Ore, err error) {
	if err := day.Validate(); err != nil {
		return 0, 0, fmt.Errorf("expected cost: %w", err)
	}
	if letter.Sheets < 1 || letter.Sheets > MaxReceiptCount || letter.WeightGram < 1 || letter.PagesBW < 0 || letter.PagesColour < 0 ||
		letter.PagesBW > MaxReceiptCount || letter.PagesColour > MaxReceiptCount || letter.GiroSheets < 0 || letter.GiroSheets > letter.Sheets {
		return 0, 0, errors.New("expected cost: the letter's pages, sheets or weight are not possible")
	}
	handling := HandlingAuto
	if letter.Manual {
		handling = HandlingManual
	}
	for _, part := range []struct {
		n   int
		key priceKey
	}{
		{1, priceKey{element: ElementStart, envelope: letter.Envelope, handling: handling}},
		{letter.Sheets - 1, priceKey{element: ElementExtraSheet, handling: handling}},
		{letter.PagesBW, priceKey{element: ElementPage, colour: ColourBW}},
		{letter.PagesColour, priceKey{element: ElementPage, colour: ColourFull}},
		{letter.GiroSheets, priceKey{element: ElementGiroSheet}},
	} {
		if part.n == 0 {
			continue
		}
		price, found := l.find(part.key, day)
		if !found {
			return 0, 0, fmt.Errorf("expected cost: the price list has no price for %v on %s", part.key, day)
		}
		production += Ore(part.n) * price // at most 10⁶ × 10⁸: fits
	}
	step := 0
	for _, p := range l.prices {
		if p.Element == ElementPostage && p.Zone == letter.Zone && p.covers(day) && p.MaxGram >= letter.WeightGram && (step == 0 || p.MaxGram < step) {
			step, postage = p.MaxGram, p.Price
		}
	}
	if step == 0 {
		return 0, 0, fmt.Errorf("expected cost: the price list has no postage for zone %q and %d g on %s", letter.Zone, letter.WeightGram, day)
	}
	return production, postage, nil
}

func (l PriceList) find(key priceKey, day Civil) (Ore, bool) {
	for _, p := range l.prices {
		if p.key() == key && p.covers(day) {
			return p.Price, true
		}
	}
	return 0, false
}

// Paper holds the weights of paper and envelopes in milligram.
type Paper struct {
	SheetMg    int64            `toml:"sheet_mg"`    // one A4 sheet
	EnvelopeMg map[string]int64 `toml:"envelope_mg"` // one envelope, by class
}

// DefaultPaper is 80 g/m² paper, and estimates for C5 (7 g) and C4 (18 g) that a vendor profile should
// replace by its real ones.
func DefaultPaper() Paper {
	return Paper{SheetMg: SheetMg(80), EnvelopeMg: map[string]int64{EnvelopeC5: 7_000, EnvelopeC4: 18_000}}
}

// SheetMg gives the weight in milligram of an A4 sheet (0,06237 m²) of paper of the given grammage in
// g/m², to the nearest 10 mg: 80 g/m² gives 4990.
func SheetMg(grammage int) int64 { return (int64(grammage)*62_370 + 5_000) / 10_000 * 10 }

// WeightGram gives the weight of a letter in whole gram, rounded up as postage steps are limits: 20,1 g
// is above the step of 20 g. An envelope class without a weight is an error.
func WeightGram(sheets int, envelope string, p Paper) (int, error) {
	env, known := p.EnvelopeMg[envelope]
	switch {
	case !known:
		return 0, fmt.Errorf("weight: no weight is set for envelope %q", envelope)
	case sheets < 1 || sheets > MaxReceiptCount:
		return 0, fmt.Errorf("weight: a letter of %d sheets is not possible", sheets)
	case p.SheetMg < 1 || p.SheetMg > 1_000_000 || env < 0 || env > 100_000_000:
		return 0, errors.New("weight: the weight of a sheet or envelope is not plausible")
	}
	return int((int64(sheets)*p.SheetMg + env + 999) / 1000), nil
}
