package billing

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
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
	} {
		if _, err := NewPriceList(c.change(testPrices())); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestExpected(t *testing.T) {
	t.Parallel()
	list, err := NewPriceList(testPrices())
	if err != nil {
		t.Fatal(err)
	}
	letter := Letter{PagesBW: 3, PagesColour: 1, Sheets: 3, GiroSheets: 1, Envelope: "C5", Zone: ZoneNorway, WeightGram: 20}
	for _, c := range []struct {
		name                string
		change              func(*Letter)
		day                 Civil
		production, postage Ore
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
		production, postage, err := list.Expected(l, c.day)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: %v, want %q", c.name, err, c.fault)
			}
		} else if err != nil || production != c.production || postage != c.postage {
			t.Errorf("%s: %d and %d, %v, want %d and %d", c.name, production, postage, err, c.production, c.postage)
		}
	}
	// The order in which prices are given means nothing.
	rapid.Check(t, func(t *rapid.T) {
		shuffled, err := NewPriceList(rapid.Permutation(testPrices()).Draw(t, "prices"))
		if err != nil {
			t.Fatal(err)
		}
		l := letter
		l.WeightGram = rapid.IntRange(1, 50).Draw(t, "gram")
		p1, s1, _ := list.Expected(l, "2026-08-01")
		p2, s2, err := shuffled.Expected(l, "2026-08-01")
		if err != nil || p1 != p2 || s1 != s2 {
			t.Fatalf("%d %d and %d %d, %v", p1, s1, p2, s2, err)
		}
	})
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
