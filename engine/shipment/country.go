package shipment

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"
)

// The postage zones (docs/sources.md, Hand-ins). Price lists, plans and tickets use the same words.
const (
	ZoneNorway = "NORGE"
	ZoneEurope = "EUROPA"
	ZoneWorld  = "VERDEN"
)

// atlas is all countries with the names by which senders may call them.
type atlas struct {
	names map[string]string // folded name or alpha-2 or alpha-3 code → alpha-2
	title map[string]string // alpha-2 → Norwegian name, upper case
	zone  map[string]string // alpha-2 → zone
}

// countryAliases are names that CLDR's tables do not hold.
var countryAliases = map[string]string{
	"norge": "NO", "noreg": "NO", "norga": "NO", "norgga": "NO", "nöörje": "NO", "kongeriket norge": "NO", "kingdom of norway": "NO", "norwegen": "NO",
	"svalbard": "SJ", "jan mayen": "SJ",
	"uk": "GB", "england": "GB", "skottland": "GB", "scotland": "GB", "wales": "GB", "nord-irland": "GB", "northern ireland": "GB",
	"great britain": "GB", "united kingdom of great britain and northern ireland": "GB", "det forente kongerike": "GB",
	"usa": "US", "u.s.a": "US", "u.s": "US", "united states of america": "US", "amerikas forente stater": "US", "de forente stater": "US",
	"deutschland": "DE", "danmark": "DK", "sverige": "SE", "suomi": "FI", "españa": "ES", "italia": "IT", "polska": "PL",
	"nederland": "NL", "holland": "NL", "the netherlands": "NL", "österreich": "AT", "schweiz": "CH", "suisse": "CH", "magyarország": "HU",
	"lietuva": "LT", "latvija": "LV", "eesti": "EE", "ísland": "IS", "føroyar": "FO", "brasil": "BR", "türkiye": "TR", "tyrkia": "TR",
	"tsjekkia": "CZ", "den tsjekkiske republikk": "CZ", "czech republic": "CZ", "irland": "IE", "republic of ireland": "IE", "eire": "IE",
	"makedonia": "MK", "nord-makedonia": "MK", "north macedonia": "MK", "swaziland": "SZ", "burma": "MM", "elfenbenskysten": "CI",
	"hviterussland": "BY", "belarus": "BY", "sør-korea": "KR", "korea": "KR", "south korea": "KR", "nord-korea": "KP", "kina": "CN", "vatikanet": "VA",
	"kanariøyene": "ES", "canary islands": "ES", "isle of man": "IM", "cabo verde": "CV", "eswatini": "SZ", "timor-leste": "TL",
	"hong kong": "HK", "macau": "MO", "palestina": "PS", "russland": "RU", "den russiske føderasjon": "RU", "russian federation": "RU", "østerrike": "AT",
}

// countryTitles are Norwegian names where CLDR's in this version are outdated or too long for an address.
var countryTitles = map[string]string{
	"MK": "NORD-MAKEDONIA", "SZ": "ESWATINI", "HK": "HONGKONG", "MO": "MACAO", "MM": "MYANMAR", "PS": "PALESTINA", "IM": "ISLE OF MAN",
}

// noCountries are codes that CLDR names but ISO 3166-1 only reserves. Kosovo (XK) is not in ISO 3166-1 either, but gets
// post by that name.
var noCountries = map[string]bool{
	"AC": true, "CP": true, "DG": true, "EA": true, "IC": true, "TA": true, "EU": true, "EZ": true, "UN": true, "QO": true,
}

// europeBesides are countries that the United Nations' list (M.49) puts in Asia, but that are members of the European
// Union or have been of the Council of Europe since long. Which of them a carrier counts to Europe its price list must
// tell; Svalbard belongs to Norway's own post.
var europeBesides = map[string]bool{"CY": true, "TR": true}

var countries = sync.OnceValue(func() *atlas {
	a := &atlas{names: map[string]string{}, title: map[string]string{}, zone: map[string]string{}}
	europe := language.MustParseRegion("150")
	norwegian := display.Regions(language.Norwegian) // asked for «nb» the tables answer in Danish
	other := []display.Namer{norwegian, display.Regions(language.MustParse("nn")), display.Regions(language.English)}
	for x := 'A'; x <= 'Z'; x++ {
		for y := 'A'; y <= 'Z'; y++ {
			code := string(x) + string(y)
			region, err := language.ParseRegion(code)
			// Private-use and withdrawn codes are read as others or as no country.
			if err != nil || !region.IsCountry() || region.Canonicalize().String() != code || noCountries[code] {
				continue
			}
			name := norwegian.Name(region)
			if name == "" {
				continue
			}
			a.title[code] = strings.ToUpper(name)
			if title, ok := countryTitles[code]; ok {
				a.title[code] = title
				a.names[fold(title)] = code
			}
			switch {
			case code == "NO" || code == "SJ":
				a.zone[code] = ZoneNorway
			case europe.Contains(region) || europeBesides[code]:
				a.zone[code] = ZoneEurope
			default:
				a.zone[code] = ZoneWorld
			}
			if iso3 := region.ISO3(); len(iso3) == 3 && iso3 != "ZZZ" {
				a.names[fold(iso3)] = code
			}
			for _, names := range other {
				if n := names.Name(region); n != "" {
					a.names[fold(n)] = code
				}
			}
		}
	}
	for name, code := range countryAliases {
		a.names[fold(name)] = code
	}
	for code := range a.title {
		a.names[fold(code)] = code // a code is a code before it is an abbreviation
	}
	return a
})

// fold makes names comparable: composed, lower case, single spaces, no full stop at the end.
func fold(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(s)), " "))
	return strings.TrimSuffix(strings.ReplaceAll(s, "’", "'"), ".")
}

// countryCode finds the ISO 3166-1 alpha-2 code of a country by its code (alpha-2 or alpha-3) or its name in bokmål,
// nynorsk, English or, for the most common ones, its own language. False when it is not known.
func countryCode(nameOrCode string) (string, bool) {
	code, ok := countries().names[fold(nameOrCode)]
	return code, ok
}

// countryName is the Norwegian name of a country in upper case, as Norwegian post wants it on the last line of a letter
// abroad (21G). A name that is not known is given back as it is, in upper case; nothing gives nothing.
func countryName(nameOrCode string) string {
	if code, ok := countryCode(nameOrCode); ok {
		return countries().title[code]
	}
	return strings.ToUpper(strings.Join(strings.Fields(norm.NFC.String(nameOrCode)), " "))
}

// Zone is the postage zone of an address: landkode decides, else land, else it is Norway. A valid name of Norway gives
// NORGE, of a European country EUROPA, anything else VERDEN (V1-JSON).
func (a PostalAddress) Zone() string {
	country := a.country()
	if country == "" {
		return ZoneNorway
	}
	if code, ok := countryCode(country); ok {
		return countries().zone[code]
	}
	return ZoneWorld
}

// Abroad reports whether the letter leaves Norway.
func (a PostalAddress) Abroad() bool { return a.Zone() != ZoneNorway }

// CountryLine is the last line of an address abroad, and empty at home.
func (a PostalAddress) CountryLine() string {
	if !a.Abroad() {
		return ""
	}
	return countryName(a.country())
}

// ISOCountry is the ISO 3166-1 alpha-2 code of an address's country, NO where it says none; empty when the country is not known.
func (a PostalAddress) ISOCountry() string {
	country := a.country()
	if country == "" {
		return "NO"
	}
	code, _ := countryCode(country)
	return code
}

// country is what decides about the country: landkode before land.
func (a PostalAddress) country() string {
	if c := strings.TrimSpace(a.CountryCode); c != "" {
		return c
	}
	return strings.TrimSpace(a.Country)
}
