package shipment

import "testing"

func TestZoneAndName(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ country, code, zone, line string }{
		{"", "", ZoneNorway, ""},
		{"Norge", "", ZoneNorway, ""},
		{"NORWAY", "", ZoneNorway, ""},
		{"noreg", "", ZoneNorway, ""},
		{"", "NO", ZoneNorway, ""},
		{"", "no", ZoneNorway, ""},
		{"Svalbard", "", ZoneNorway, ""},
		{"", "SJ", ZoneNorway, ""},
		{"Sverige", "", ZoneEurope, "SVERIGE"},
		{"Sweden", "", ZoneEurope, "SVERIGE"},
		{"", "SE", ZoneEurope, "SVERIGE"},
		{"SWE", "", ZoneEurope, "SVERIGE"},
		{" tyskland ", "", ZoneEurope, "TYSKLAND"},
		{"Germany", "", ZoneEurope, "TYSKLAND"},
		{"Deutschland", "", ZoneEurope, "TYSKLAND"},
		{"Storbritannia", "", ZoneEurope, "STORBRITANNIA"},
		{"England", "", ZoneEurope, "STORBRITANNIA"},
		{"UK", "", ZoneEurope, "STORBRITANNIA"},
		{"", "GB", ZoneEurope, "STORBRITANNIA"},
		{"Færøyene", "", ZoneEurope, "FÆRØYENE"},
		{"Island", "", ZoneEurope, "ISLAND"},
		{"Kypros", "", ZoneEurope, "KYPROS"},
		{"Russland", "", ZoneEurope, "RUSSLAND"},
		{"Østerrike", "", ZoneEurope, "ØSTERRIKE"},
		{"Austria", "", ZoneEurope, "ØSTERRIKE"},
		{"USA", "", ZoneWorld, "USA"},
		{"U.S.A.", "", ZoneWorld, "USA"},
		{"United States", "", ZoneWorld, "USA"},
		{"Thailand", "", ZoneWorld, "THAILAND"},
		{"Grønland", "", ZoneWorld, "GRØNLAND"},
		{"Polen", "", ZoneEurope, "POLEN"},
		{"", "PL", ZoneEurope, "POLEN"},
		{"Nord-Makedonia", "", ZoneEurope, "NORD-MAKEDONIA"},
		{"Makedonia", "", ZoneEurope, "NORD-MAKEDONIA"},
		{"Kanariøyene", "", ZoneEurope, "SPANIA"},
		{"Langtvekkistan", "", ZoneWorld, "LANGTVEKKISTAN"},
		{"Sverige", "US", ZoneWorld, "USA"}, // landkode decides
		{"Sverige", "NO", ZoneNorway, ""},
	} {
		a := PostalAddress{Country: tc.country, CountryCode: tc.code}
		if got := a.Zone(); got != tc.zone {
			t.Errorf("land %q landkode %q: zone %s, want %s", tc.country, tc.code, got, tc.zone)
		}
		if got := a.CountryLine(); got != tc.line {
			t.Errorf("land %q landkode %q: line %q, want %q", tc.country, tc.code, got, tc.line)
		}
	}
}

// TestEveryCountryFindsItself: the names that we print are names that we read, and no name means two countries.
func TestEveryCountryFindsItself(t *testing.T) {
	t.Parallel()
	a := countries()
	if n := len(a.title); n != 250 {
		t.Errorf("%d countries; ISO 3166-1 has 249, and Kosovo", n)
	}
	zones := map[string]int{}
	for code, title := range a.title {
		if got, ok := countryCode(title); !ok || got != code {
			t.Errorf("%s (%s) is read as %q", title, code, got)
		}
		if got, ok := countryCode(code); !ok || got != code {
			t.Errorf("code %s is read as %q", code, got)
		}
		zones[a.zone[code]]++
	}
	if zones[ZoneNorway] != 2 || zones[ZoneEurope] < 45 || zones[ZoneEurope] > 60 || zones[ZoneWorld] < 150 {
		t.Errorf("countries by zone: %v", zones)
	}
	for name, code := range countryAliases {
		if a.title[code] == "" {
			t.Errorf("alias %q names %s, which is no country", name, code)
		}
	}
}
