package price

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/money"
)

func testPrices() []Price {
	return []Price{
		{Element: ElementStart, Envelope: "C5", Handling: HandlingAuto, Price: 200, ValidFrom: "2026-01-01", ValidTo: "2026-07-01"},
		{Element: ElementStart, Envelope: "C5", Handling: HandlingAuto, Price: 220, ValidFrom: "2026-07-01"},
		{Element: ElementStart, Envelope: "C4", Handling: HandlingManual, Price: 3090, ValidFrom: "2026-01-01"},
		{Element: ElementExtraSheet, Handling: HandlingAuto, Price: 30, ValidFrom: "2026-01-01"},
		{Element: ElementPage, Colour: ColourBW, Price: 20, ValidFrom: "2026-01-01"},
		{Element: ElementPage, Colour: ColourFull, Price: 90, ValidFrom: "2026-01-01"},
		{Element: ElementGiroSheet, Price: 55, ValidFrom: "2026-01-01"},
		{Element: ElementPostage, Zone: ZoneNorway, MaxGram: 20, Price: 750, ValidFrom: "2026-01-01"},
		{Element: ElementPostage, Zone: ZoneNorway, MaxGram: 50, Price: 1100, ValidFrom: "2026-01-01"},
	}
}

func TestPriceListFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func([]Price) []Price
		want   string
	}{
		{"overlap", func(p []Price) []Price { p[1].ValidFrom = "2026-06-30"; return p }, "overlaps"},
		{"open period, then another", func(p []Price) []Price { p[0].ValidTo = ""; return p }, "overlaps"},
		{"same period twice", func(p []Price) []Price { return append(p, p[7]) }, "overlaps"},
		{"gap", func(p []Price) []Price { p[1].ValidFrom = "2026-07-02"; return p }, "no price from 2026-07-01 to 2026-07-02"},
		{"no such day", func(p []Price) []Price { p[0].ValidFrom = "2026-02-30"; return p }, "valid_from"},
		{"ends before it begins", func(p []Price) []Price { p[0].ValidTo = "2026-01-01"; return p }, "valid_to"},
		{"negative", func(p []Price) []Price { p[0].Price = -1; return p }, "price_ore"},
		{"unknown element", func(p []Price) []Price { p[0].Element = "RABATT"; return p }, "unknown element"},
		{"envelope missing", func(p []Price) []Price { p[0].Envelope = ""; return p }, "envelope is missing"},
		{"superfluous zone", func(p []Price) []Price { p[4].Zone = ZoneNorway; return p }, "zone is not used"},
		{"handling misspelt", func(p []Price) []Price { p[3].Handling = "MASKIN"; return p }, "handling must be"},
		{"colour misspelt", func(p []Price) []Price { p[4].Colour = "SORT"; return p }, "colour must be"},
		{"postage without step", func(p []Price) []Price { p[7].MaxGram = 0; return p }, "max_gram"},
		{"step on a page", func(p []Price) []Price { p[4].MaxGram = 20; return p }, "max_gram"},
		{"size on a page", func(p []Price) []Price { p[4].MaxKB = 100; return p }, "max_kb"},
		{"digital message without a size", func(p []Price) []Price {
			return append(p, Price{Element: ElementDigital, Price: 8, ValidFrom: "2026-01-01"})
		}, "max_kb"},
		{"fewest letters of a page", func(p []Price) []Price { p[4].MinLetters = 10; return p }, "min_letters"},
		{"øre and kroner", func(p []Price) []Price { p[4].Kroner = 1; return p }, "price_ore and price_kr"},
		{"negative kroner", func(p []Price) []Price { p[4].Price, p[4].Kroner = 0, -1; return p }, "price_kr"},
	} {
		if _, err := NewList(c.change(testPrices())); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	list, err := NewList(testPrices())
	if err != nil {
		t.Fatal(err)
	}
	letter := Letter{PagesBW: 3, PagesColour: 1, Sheets: 3, GiroSheets: 1, Envelope: "C5", Zone: ZoneNorway, WeightGram: 20}
	for _, c := range []struct {
		name                string
		change              func(*Letter)
		day                 civil.Date
		production, postage money.Ore
		fault               string
	}{
		{"first half", func(*Letter) {}, "2026-06-30", 200 + 2*30 + 3*20 + 90 + 55, 750, ""},
		{"second half", func(*Letter) {}, "2026-07-01", 220 + 2*30 + 3*20 + 90 + 55, 750, ""},
		{"a gram above the step", func(l *Letter) { l.WeightGram = 21 }, "2026-07-01", 485, 1100, ""},
		{"above every step", func(l *Letter) { l.WeightGram = 51 }, "2026-07-01", 0, 0, "no postage"},
		{"abroad", func(l *Letter) { l.Zone = ZoneWorld }, "2026-07-01", 0, 0, "no postage"},
		{"before the list", func(*Letter) {}, "2025-12-31", 0, 0, "START C5 AUTO"},
		{"extra sheets by hand", func(l *Letter) { l.Manual, l.Envelope = true, "C4" }, "2026-07-01", 0, 0, "EKSTRAARK MANUELL"},
		{"one sheet by hand needs no extra sheet", func(l *Letter) {
			*l = Letter{PagesBW: 1, Sheets: 1, Manual: true, Envelope: "C4", Zone: ZoneNorway, WeightGram: 23}
		},
			"2026-07-01", 3110, 1100, ""},
		{"no sheet", func(l *Letter) { l.Sheets = 0 }, "2026-07-01", 0, 0, "not possible"},
		{"no day", func(*Letter) {}, "", 0, 0, "day"},
	} {
		l := letter
		c.change(&l)
		q, err := list.Quote(l, c.day)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: %v, want %q", c.name, err, c.fault)
			}
		} else if err != nil || q.Production != c.production || q.Postage != c.postage {
			t.Errorf("%s: %d and %d, %v, want %d and %d", c.name, q.Production, q.Postage, err, c.production, c.postage)
		}
	}
	// The order in which prices are given means nothing.
	rapid.Check(t, func(t *rapid.T) {
		shuffled, err := NewList(rapid.Permutation(testPrices()).Draw(t, "prices"))
		if err != nil {
			t.Fatal(err)
		}
		l := letter
		l.WeightGram = rapid.IntRange(1, 50).Draw(t, "gram")
		want, _ := list.Quote(l, "2026-08-01")
		got, err := shuffled.Quote(l, "2026-08-01")
		if err != nil || !cmp.Equal(got, want) {
			t.Fatalf("%s, %v", cmp.Diff(want, got), err)
		}
		var sum money.Ore
		for _, c := range got.Charges {
			sum += c.Amount
		}
		if sum != got.Net() {
			t.Fatalf("the charges add up to %v of %v", sum, got.Net())
		}
	})
}

// An account's own price goes before the price for all, on the days that it holds; what it does not name stays.
func TestPriceOfAccount(t *testing.T) {
	t.Parallel()
	list, err := NewList(append(testPrices(),
		Price{Element: ElementPage, Account: "skatt", Colour: ColourBW, Kroner: 770, ValidFrom: "2026-03-01", ValidTo: "2026-04-01"}, // 7.7 øre
		Price{Element: ElementPostage, Account: "skatt", Zone: ZoneNorway, MaxGram: 50, Price: 900, ValidFrom: "2026-03-01"},
		Price{Element: ElementRegistered, Zone: ZoneNorway, Price: 15000, ValidFrom: "2026-01-01"},
	))
	if err != nil {
		t.Fatal(err)
	}
	letter := Letter{Account: "skatt", PagesBW: 3, Sheets: 1, Envelope: EnvelopeC5, Zone: ZoneNorway, WeightGram: 12}
	for _, c := range []struct {
		account             string
		day                 civil.Date
		production, postage money.Ore
	}{
		{"skatt", "2026-02-28", 200 + 60, 750},
		{"skatt", "2026-03-01", 200 + 23, 900}, // 23.1 øre; its only step holds 12 g too
		{"skatt", "2026-04-01", 200 + 60, 900},
		{"helse", "2026-03-01", 200 + 60, 750},
	} {
		l := letter
		l.Account = c.account
		q, err := list.Quote(l, c.day)
		if err != nil || q.Production != c.production || q.Postage != c.postage {
			t.Errorf("%s on %s: %+v, %v, want %d and %d", c.account, c.day, q, err, c.production, c.postage)
		}
	}
	letter.Registered = true
	if q, err := list.Quote(letter, "2026-03-01"); err != nil || q.Postage != 15900 {
		t.Errorf("registered: %+v, %v", q, err)
	}
	letter.Zone = ZoneNorway + "X"
	if _, err := list.Quote(letter, "2026-03-01"); err == nil {
		t.Error("a zone without prices was priced")
	}
}

// Prices that belong to no single letter on paper.
func TestPricesOfTheDay(t *testing.T) {
	t.Parallel()
	const day = "2026-05-05"
	list, err := NewList([]Price{
		{Element: ElementControlSheet, Price: 32, ValidFrom: "2026-01-01"},
		{Element: ElementMinimum, Price: 50_000, ValidFrom: "2026-01-01"},
		{Element: ElementMinimum, Account: "kultur", Envelope: EnvelopeC4, MinLetters: 10, Price: 1950, ValidFrom: "2026-01-01"},
		{Element: ElementDigital, MaxKB: 100, Kroner: 770, ValidFrom: "2026-01-01"},
		{Element: ElementDigital, MaxKB: 1000, Kroner: 22_000, ValidFrom: "2026-01-01"},
		{Element: ElementTransport, Kroner: 10_000, ValidFrom: "2026-02-01"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := list.ControlSheets("skatt", 3, day); got != 96 {
		t.Errorf("three control sheets: %v", got)
	}
	if got := list.ControlSheets("skatt", 3, "2025-05-05"); got != 0 {
		t.Errorf("control sheets before the list: %v", got)
	}
	for _, c := range []struct {
		name    string
		account string
		letters []DayLetters
		want    money.Ore
	}{
		{"no letters", "skatt", nil, 0},
		{"few", "skatt", []DayLetters{{EnvelopeC5, 2, 700}}, 49_300},
		{"enough", "skatt", []DayLetters{{EnvelopeC5, 200, 30_000}, {EnvelopeC4, 20, 20_000}}, 0},
		{"few in C4, of its own price", "kultur", []DayLetters{{EnvelopeC4, 4, 7800}, {EnvelopeC5, 300, 60_000}}, 6 * 1950},
		{"both", "kultur", []DayLetters{{EnvelopeC4, 4, 7800}}, 6*1950 + 50_000 - 7800 - 6*1950},
	} {
		if got := list.Minimum(c.account, day, c.letters); got != c.want {
			t.Errorf("minimum, %s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		bytes int64
		day   civil.Date
		want  money.Decimal
	}{{1, day, 10_770}, {100_000, day, 10_770}, {100_001, day, 32_000}, {100_001, "2026-01-31", 22_000}} {
		if got, priced, err := list.Digital("skatt", c.bytes, c.day); err != nil || !priced || got != c.want {
			t.Errorf("a message of %d bytes on %s: %v, %v, %v", c.bytes, c.day, got, priced, err)
		}
	}
	if _, _, err := list.Digital("skatt", 1_000_001, day); err == nil {
		t.Error("a message above every step was priced")
	}
	if _, priced, err := list.Digital("skatt", 1, "2025-01-01"); priced || err != nil {
		t.Errorf("before the list: %v, %v", priced, err)
	}
}

// The table of sheet weights for 80 g/m² A4.
func TestWeightGram(t *testing.T) {
	t.Parallel()
	if got := SheetMg(80); got != 4990 {
		t.Errorf("80 g/m² A4 weighs %d mg", got)
	}
	bare := Paper{SheetMg: 4990, EnvelopeMg: map[string]int64{"": 0}}
	for sheets, want := range map[int]int{1: 5, 2: 10, 3: 15, 6: 30, 7: 35, 10: 50, 20: 100, 50: 250, 66: 330, 99: 495} {
		if got, err := WeightGram(sheets, "", bare); err != nil || got != want {
			t.Errorf("%d sheets: %d g, %v, want %d", sheets, got, err, want)
		}
	}
	// C5 with two sheets is the most that goes within 20 g; C4 with 16 sheets within 100 g.
	for _, c := range []struct {
		sheets   int
		envelope string
		limit    int
	}{{2, EnvelopeC5, 20}, {16, EnvelopeC4, 100}, {66, EnvelopeC4, 350}} {
		at, err1 := WeightGram(c.sheets, c.envelope, DefaultPaper())
		above, err2 := WeightGram(c.sheets+1, c.envelope, DefaultPaper())
		if err1 != nil || err2 != nil || at > c.limit || above <= c.limit {
			t.Errorf("%d sheets in %s: %d g, one more %d g, limit %d (%v, %v)", c.sheets, c.envelope, at, above, c.limit, err1, err2)
		}
	}
	if _, err := WeightGram(1, "B4", DefaultPaper()); err == nil {
		t.Error("an envelope without a weight was weighed")
	}
	if _, err := WeightGram(0, EnvelopeC5, DefaultPaper()); err == nil {
		t.Error("a letter without sheets was weighed")
	}
}
