package cover

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"postgang/printjobs/typeset"
)

// countries finds the Norwegian name of a country by its ISO 3166 code and by its name in Norwegian, nynorsk, English, Swedish,
// Danish and German, all in upper case. A letter abroad must bear its country in Norwegian, since it is Norwegian post that
// sorts it (21G).
var countries = sync.OnceValue(func() map[string]string {
	norwegian := display.Regions(language.Norwegian)
	tables := []display.Namer{norwegian}
	for _, t := range []language.Tag{language.English, language.Swedish, language.Danish, language.German, language.MustParse("nn")} {
		tables = append(tables, display.Regions(t))
	}
	names := map[string]string{
		"NORGGA": "NORGE", "NOREG": "NORGE", "NORWAY": "NORGE",
		"SJ": "NORGE", "SVALBARD OG JAN MAYEN": "NORGE", "SVALBARD": "NORGE", "JAN MAYEN": "NORGE", // Norwegian post goes there
		"UNITED STATES OF AMERICA": "USA", "U.S.A.": "USA", "UK": "STORBRITANNIA", "GREAT BRITAIN": "STORBRITANNIA", "ENGLAND": "STORBRITANNIA",
		"THE NETHERLANDS": "NEDERLAND", "HOLLAND": "NEDERLAND", "CZECH REPUBLIC": "TSJEKKIA",
	}
	for _, table := range tables {
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				code := string(a) + string(b)
				region, err := language.ParseRegion(code)
				if err != nil || !region.IsCountry() || region.String() != code {
					continue
				}
				name := strings.ToUpper(norwegian.Name(region))
				for _, key := range []string{code, strings.ToUpper(table.Name(region))} {
					if _, taken := names[key]; !taken && key != "" {
						names[key] = name
					}
				}
			}
		}
	}
	return names
})

// countryLine is the last line of an address abroad: the country in Norwegian, in upper case. It is "" for Norway, and the
// text as given, in upper case, for what is no country that we know; known tells which.
func countryLine(country string) (line string, known bool) {
	upper := strings.ToUpper(typeset.Clean(country))
	if upper == "" {
		return "", true
	}
	name, known := countries()[upper]
	switch {
	case !known:
		return upper, false
	case name == "NORGE":
		return "", true
	}
	return name, true
}
