// Package price is a vendor's price list: what a letter costs on a day, the minimum of a day, control sheets, and the cheapest postage
// for many letters at once.
package price

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"postgang/billing/civil"
	"postgang/billing/money"
)

// Element names what a price is for.
type Element string

// Elements of a price list; which of the key fields of Price an element uses is stated at each. Any of them may be for one
// Account.
const (
	ElementStart        Element = "START"        // a letter with its first sheet, by Envelope and Handling
	ElementExtraSheet   Element = "EKSTRAARK"    // each sheet beyond the first, by Handling
	ElementPage         Element = "SIDE"         // each printed page, by Colour
	ElementGiroSheet    Element = "GIROARK"      // surcharge for each pre-printed giro sheet
	ElementControlSheet Element = "KONTROLLARK"  // each control sheet of a print file
	ElementPostage      Element = "PORTO"        // postage, by Zone and MaxGram, may be by Envelope; for many at once by Scheme
	ElementRegistered   Element = "REKOMMANDERT" // surcharge for a registered letter, by Zone
	ElementDigital      Element = "DIGITAL"      // a digital message, by MaxKB
	ElementTransport    Element = "TRANSPORT"    // fee for carrying a digital message
	// ElementMinimum is the least that an account pays for a day on which it has letters, of one Envelope or of all. Without
	// MinLetters it is the least production cost of the day; with it, what each letter that lacks to MinLetters costs
	// (Digipost bills at least 10 letters in C4 a day).
	ElementMinimum Element = "DAGSMINIMUM"
)

// Handling says how a letter is put in its envelope.
const (
	HandlingAuto   = "AUTO"    // by machine
	HandlingManual = "MANUELL" // by hand
)

// Envelope classes that print jobs have.
const (
	EnvelopeC5     = "C5"
	EnvelopeC4     = "C4"
	EnvelopeParcel = "PARCEL"
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

// Limits of a letter and of a price: no higher than a receipt may report (receipt.MaxAmount, receipt.MaxCount).
const (
	maxAmount money.Ore = 1_000_000_00
	maxCount  int       = 1_000_000
)

// Price is one dated price. Fields that its element does not use must be empty.
type Price struct {
	Element  Element `toml:"element"`
	Account  string  `toml:"account"`  // only for this account, before a price for all; empty: for all
	Envelope string  `toml:"envelope"` // START, may be DAGSMINIMUM and PORTO: envelope class
	Handling string  `toml:"handling"` // START, EKSTRAARK: HandlingAuto or HandlingManual
	Colour   string  `toml:"colour"`   // SIDE: ColourBW or ColourFull
	Zone     string  `toml:"zone"`     // PORTO, REKOMMANDERT: zone
	MaxGram  int     `toml:"max_gram"` // PORTO: highest weight of the step, gram
	MaxKB    int     `toml:"max_kb"`   // DIGITAL: largest message of the step, 1000 bytes
	// Scheme says that PORTO is for many letters handed in together: SchemeIdentical, by Envelope, or SchemeMixed, where MaxGram
	// is of the average. Only advice uses them.
	Scheme     string    `toml:"scheme"`
	WindowGram int       `toml:"window_gram"` // PORTO, SchemeIdentical: how much the weights of a hand-in may differ; 0: any
	MinLetters int       `toml:"min_letters"` // DAGSMINIMUM, PORTO with Scheme: fewest letters billed
	Price      money.Ore `toml:"price_ore"`   // øre net of VAT, for one unit
	// Kroner is the price of one unit where that is no whole øre, instead of Price: "0,077". An amount is rounded to the nearest
	// øre after it has been multiplied.
	Kroner money.Decimal `toml:"price_kr"`
	// ValidFrom is the first day, ValidTo the first day after; an empty ValidTo means until further notice.
	ValidFrom civil.Date `toml:"valid_from"`
	ValidTo   civil.Date `toml:"valid_to"`
	// Source says where the figure is from; figures without a source are marked illustrative by reports.
	Source string `toml:"source"`
}

type priceKey struct {
	element                                           Element
	account, envelope, handling, colour, zone, scheme string
	maxGram, maxKB                                    int
}

func (p Price) key() priceKey {
	return priceKey{p.Element, p.Account, p.Envelope, p.Handling, p.Colour, p.Zone, p.Scheme, p.MaxGram, p.MaxKB}
}

// steps is the key without its step: what all steps of a price have in common.
func (k priceKey) steps() priceKey {
	k.maxGram, k.maxKB = 0, 0
	return k
}

func (k priceKey) String() string {
	s := string(k.element)
	for _, part := range []string{k.envelope, k.handling, k.colour, k.zone, k.scheme} {
		if part != "" {
			s += " " + part
		}
	}
	if k.maxGram > 0 {
		s += fmt.Sprintf(" ≤ %d g", k.maxGram)
	}
	if k.maxKB > 0 {
		s += fmt.Sprintf(" ≤ %d kB", k.maxKB)
	}
	if k.account != "" {
		s += " of account " + k.account
	}
	return s
}

// Name words what the price is for in Norwegian: "Startpris C5, maskinelt".
func (p Price) Name() string {
	name := map[Element]string{
		ElementStart: "Startpris", ElementExtraSheet: "Ekstra ark", ElementPage: "Side", ElementGiroSheet: "Giroark",
		ElementControlSheet: "Kontrollark", ElementPostage: "Porto", ElementRegistered: "Rekommandert", ElementDigital: "Digital melding",
		ElementTransport: "Formidling av digital melding", ElementMinimum: "Minstepris per dag",
	}[p.Element]
	if p.Envelope == EnvelopeParcel {
		name += " pakke"
	} else if p.Envelope != "" {
		name += " " + p.Envelope
	}
	name += map[string]string{SchemeIdentical: " likt format", SchemeMixed: " ulike formater"}[p.Scheme]
	name += map[string]string{ZoneNorway: " Norge", ZoneEurope: " Europa", ZoneWorld: " Verden"}[p.Zone]
	switch {
	case p.Scheme == SchemeMixed:
		name += fmt.Sprintf(" inntil %d g i snitt", p.MaxGram)
	case p.MaxGram > 0:
		name += fmt.Sprintf(" inntil %d g", p.MaxGram)
	case p.MaxKB > 0:
		name += fmt.Sprintf(" inntil %d kB", p.MaxKB)
	case p.MinLetters > 0:
		name += fmt.Sprintf(", for hvert brev som mangler på %d", p.MinLetters)
	}
	name += map[string]string{HandlingAuto: ", maskinelt", HandlingManual: ", manuelt"}[p.Handling]
	if p.Scheme != "" && p.MinLetters > 0 {
		name += fmt.Sprintf(", minst %d brev", p.MinLetters)
	}
	return name + map[string]string{ColourBW: " sort/hvitt", ColourFull: " farge"}[p.Colour]
}

// Unit is the price of one unit, kroner.
func (p Price) Unit() money.Decimal {
	if p.Kroner != 0 {
		return p.Kroner
	}
	return money.DecimalFromOre(p.Price)
}

// of gives the price of n units, rounded to the nearest øre.
func (p Price) of(n int) money.Ore { return (money.Decimal(n) * p.Unit()).Ore() }

// covers reports whether the price holds on the day.
func (p Price) covers(day civil.Date) bool {
	return p.ValidFrom <= day && (p.ValidTo == "" || day < p.ValidTo)
}

// List is a checked set of dated prices. The zero value has no prices.
type List struct {
	prices []Price              // sorted by key and ValidFrom
	steps  map[priceKey][]Price // by key without step, the lower step first
}

// NewList checks the prices and gives every fault at once: wrong or superfluous key fields, days
// that do not exist, negative prices, periods of the same price that overlap, and gaps between them.
func NewList(prices []Price) (List, error) {
	sorted := slices.Clone(prices)
	slices.SortStableFunc(sorted, comparePrices)
	var faults []error
	for _, p := range sorted {
		if err := p.validate(); err != nil {
			faults = append(faults, fmt.Errorf("price %v from %s: %w", p.key(), p.ValidFrom, err))
		}
	}
	if len(faults) > 0 {
		return List{}, errors.Join(faults...)
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
		return List{}, errors.Join(faults...)
	}
	l := List{prices: sorted, steps: map[priceKey][]Price{}}
	for _, p := range sorted {
		k := p.key().steps()
		l.steps[k] = append(l.steps[k], p)
	}
	return l, nil
}

func comparePrices(a, b Price) int {
	return cmp.Or(cmp.Compare(a.Element, b.Element), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Envelope, b.Envelope), cmp.Compare(a.Handling, b.Handling),
		cmp.Compare(a.Colour, b.Colour), cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Scheme, b.Scheme), cmp.Compare(a.MaxGram, b.MaxGram), cmp.Compare(a.MaxKB, b.MaxKB),
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
	if p.Price < 0 || p.Price > maxAmount {
		return fmt.Errorf("price_ore must lie between 0 and %d", int64(maxAmount))
	}
	if p.Kroner < 0 || p.Kroner > money.DecimalFromOre(maxAmount) {
		return fmt.Errorf("price_kr must lie between 0 and %s", money.DecimalFromOre(maxAmount))
	}
	if p.Price != 0 && p.Kroner != 0 {
		return errors.New("price_ore and price_kr are both there; leave one out")
	}
	var envelope, handling, colour, zone bool // which key fields the element uses
	switch p.Element {
	case ElementStart:
		envelope, handling = true, true
	case ElementExtraSheet:
		handling = true
	case ElementPage:
		colour = true
	case ElementGiroSheet, ElementControlSheet, ElementDigital, ElementTransport:
	case ElementMinimum:
		envelope = p.Envelope != ""
	case ElementPostage:
		zone, envelope = true, p.Scheme == SchemeIdentical || p.Envelope != "" && p.Scheme == ""
	case ElementRegistered:
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
	case (p.Element == ElementPostage) != (p.MaxGram != 0) || p.MaxGram < 0:
		return errors.New("max_gram must be above 0 for PORTO and left out elsewhere")
	case (p.Element == ElementDigital) != (p.MaxKB != 0) || p.MaxKB < 0:
		return errors.New("max_kb must be above 0 for DIGITAL and left out elsewhere")
	case p.Scheme != "" && (p.Element != ElementPostage || p.Scheme != SchemeIdentical && p.Scheme != SchemeMixed):
		return fmt.Errorf("scheme must be %s or %s, and is for PORTO only", SchemeIdentical, SchemeMixed)
	case p.MinLetters != 0 && p.Element != ElementMinimum && p.Scheme == "" || p.MinLetters < 0 || p.MinLetters > maxCount:
		return errors.New("min_letters must be above 0 for DAGSMINIMUM and PORTO with a scheme, and left out elsewhere")
	case p.WindowGram != 0 && p.Scheme != SchemeIdentical || p.WindowGram < 0:
		return fmt.Errorf("window_gram must be above 0 for PORTO with scheme %s, and left out elsewhere", SchemeIdentical)
	}
	return nil
}

// Prices gives the prices in a stable order, for showing them.
func (l List) Prices() []Price { return slices.Clone(l.prices) }

// Has reports whether the list has a price for the element, of any day and account.
func (l List) Has(element Element) bool {
	return slices.ContainsFunc(l.prices, func(p Price) bool { return p.Element == element })
}

// Letter is what the price of a letter depends on.
type Letter struct {
	Account              string // whose it is
	PagesBW, PagesColour int    // printed pages
	Sheets               int    // physical sheets, cover included
	GiroSheets           int    // sheets among them on pre-printed giro paper
	Envelope             string // envelope class
	Manual               bool   // filled by hand
	Zone                 string // postage zone
	WeightGram           int    // gram, with envelope
	Registered           bool   // sent as registered mail
}

// Charge is a part of what a letter costs.
type Charge struct {
	Price  Price
	Count  int
	Amount money.Ore // Count units at Price, rounded to the nearest øre
}

// Quote is what a letter should cost by a price list, net of VAT.
type Quote struct {
	Production money.Ore // start, extra sheets, pages, giro sheets
	Postage    money.Ore // postage and registration
	Charges    []Charge  // their parts
}

// Net is the whole, net of VAT.
func (q Quote) Net() money.Ore { return q.Production + q.Postage }

// Quote gives what a letter posted on the day should cost by the price list: production (start, extra sheets, pages, giro
// sheets) and postage (the lowest step that holds the weight, and registration). A price of the letter's account goes before
// one for all. A price that is missing for the day is an error that names it; prices of elements that the letter does not use
// need not exist.
func (l List) Quote(letter Letter, day civil.Date) (Quote, error) {
	var q Quote
	if err := day.Validate(); err != nil {
		return q, fmt.Errorf("expected cost: %w", err)
	}
	if letter.Sheets < 1 || letter.Sheets > maxCount || letter.WeightGram < 1 || letter.PagesBW < 0 || letter.PagesColour < 0 ||
		letter.PagesBW > maxCount || letter.PagesColour > maxCount || letter.GiroSheets < 0 || letter.GiroSheets > letter.Sheets {
		return q, errors.New("expected cost: the letter's pages, sheets or weight are not possible")
	}
	handling := HandlingAuto
	if letter.Manual {
		handling = HandlingManual
	}
	registered := 0
	if letter.Registered {
		registered = 1
	}
	for _, part := range []struct {
		n   int
		to  *money.Ore
		key priceKey
	}{
		{1, &q.Production, priceKey{element: ElementStart, envelope: letter.Envelope, handling: handling}},
		{letter.Sheets - 1, &q.Production, priceKey{element: ElementExtraSheet, handling: handling}},
		{letter.PagesBW, &q.Production, priceKey{element: ElementPage, colour: ColourBW}},
		{letter.PagesColour, &q.Production, priceKey{element: ElementPage, colour: ColourFull}},
		{letter.GiroSheets, &q.Production, priceKey{element: ElementGiroSheet}},
		{1, &q.Postage, priceKey{element: ElementPostage, zone: letter.Zone}},
		{registered, &q.Postage, priceKey{element: ElementRegistered, zone: letter.Zone}},
	} {
		if part.n == 0 {
			continue
		}
		var price Price
		var found bool
		if part.key.element == ElementPostage {
			price, found = l.postage(letter.Account, letter.Zone, letter.Envelope, letter.WeightGram, day)
		} else {
			price, found = l.find(part.key, letter.Account, day, nil)
		}
		switch {
		case !found && part.key.element == ElementPostage:
			return Quote{}, fmt.Errorf("expected cost: the price list has no postage for zone %q and %d g on %s", letter.Zone, letter.WeightGram, day)
		case !found:
			return Quote{}, fmt.Errorf("expected cost: the price list has no price for %v on %s", part.key, day)
		}
		c := Charge{price, part.n, price.of(part.n)} // at most 10⁶ × 10¹⁰: fits
		q.Charges = append(q.Charges, c)
		*part.to += c.Amount
	}
	return q, nil
}

// find gives the first price of the key on the day that is fit: the lowest step, of the account before that of all.
func (l List) find(key priceKey, account string, day civil.Date, fit func(Price) bool) (Price, bool) {
	for _, key.account = range []string{account, ""} {
		for _, p := range l.steps[key] {
			if p.covers(day) && (fit == nil || fit(p)) {
				return p, true
			}
		}
	}
	return Price{}, false
}

// ControlSheets gives what n control sheets cost; nothing when the list has no price for them.
func (l List) ControlSheets(account string, n int, day civil.Date) money.Ore {
	p, found := l.find(priceKey{element: ElementControlSheet}, account, day, nil)
	if !found {
		return 0
	}
	return p.of(n)
}

// Digital gives what a digital message of so many bytes costs with its transport, kroner with fractions of an øre: sum first,
// then round. priced is false when the list has no prices for digital messages on the day. A message above every step is an
// error.
func (l List) Digital(account string, bytes int64, day civil.Date) (kroner money.Decimal, priced bool, err error) {
	kb := (max(bytes, 1) + 999) / 1000
	p, found := l.find(priceKey{element: ElementDigital}, account, day, func(p Price) bool { return int64(p.MaxKB) >= kb })
	transport, carried := l.find(priceKey{element: ElementTransport}, account, day, nil)
	if !found {
		if _, any := l.find(priceKey{element: ElementDigital}, account, day, nil); any {
			return 0, true, fmt.Errorf("expected cost: the price list has no price for a digital message of %d kB on %s", kb, day)
		}
	}
	return p.Unit() + transport.Unit(), found || carried, nil
}

// DayLetters are the letters of one account and envelope class on one day.
type DayLetters struct {
	Envelope   string
	Letters    int
	Production money.Ore // net
}

// AddDayLetters adds letters to those of their envelope class.
func AddDayLetters(list []DayLetters, envelope string, letters int, production money.Ore) []DayLetters {
	i := slices.IndexFunc(list, func(d DayLetters) bool { return d.Envelope == envelope })
	if i < 0 {
		i, list = len(list), append(list, DayLetters{Envelope: envelope})
	}
	list[i].Letters += letters
	list[i].Production += production
	return list
}

// Minimum gives what an account pays for a day beyond its letters, because they are few. Each envelope class of the day is held
// against its own minimum, and the day against the one for all classes; a day without letters has none.
func (l List) Minimum(account string, day civil.Date, letters []DayLetters) money.Ore {
	var extra money.Ore
	all := DayLetters{}
	for _, d := range letters {
		if d.Letters == 0 {
			continue
		}
		more := l.minimum(account, d, day)
		extra += more
		all.Letters += d.Letters
		all.Production += d.Production + more
	}
	if all.Letters == 0 {
		return 0
	}
	return extra + l.minimum(account, all, day)
}

func (l List) minimum(account string, d DayLetters, day civil.Date) money.Ore {
	p, found := l.find(priceKey{element: ElementMinimum, envelope: d.Envelope}, account, day, nil)
	switch {
	case !found:
		return 0
	case p.MinLetters > 0:
		return p.of(max(0, p.MinLetters-d.Letters))
	}
	return max(0, p.of(1)-d.Production)
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
	case sheets < 1 || sheets > maxCount:
		return 0, fmt.Errorf("weight: a letter of %d sheets is not possible", sheets)
	case p.SheetMg < 1 || p.SheetMg > 1_000_000 || env < 0 || env > 100_000_000:
		return 0, errors.New("weight: the weight of a sheet or envelope is not plausible")
	}
	return int((int64(sheets)*p.SheetMg + env + 999) / 1000), nil
}
