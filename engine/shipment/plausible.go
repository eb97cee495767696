package shipment

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"postgang/engine/postcode"
)

// noAddress are beginnings of what registers write where somebody has no address that post reaches.
var noAddress = []string{
	"uten fast bopel", "uten fast bosted", "uten fast adresse", "uten adresse", "ingen fast bopel", "ingen fast adresse", "ingen adresse",
	"ukjent adresse", "adresse ukjent", "ukjent bosted", "ukjent bopel", "ukjent oppholdssted", "uoppgitt adresse", "adresse mangler", "mangler adresse",
	"utan fast bustad", "utan fast adresse", "ukjend adresse", "adresse ukjend",
	"utvandret", "utflyttet", "emigrert", "hemmelig adresse", "sperret adresse", "fortrolig adresse", "strengt fortrolig", "kode 6", "kode 7",
	"no fixed abode", "no fixed address", "unknown address", "address unknown",
}

// noCity are texts in place of a poststed.
var noCity = map[string]bool{"utland": true, "utlandet": true, "ukjent": true, "ukjend": true, "unknown": true, "uoppgitt": true, "mangler": true, "-": true, "x": true}

var (
	postLine    = regexp.MustCompile(`^(?:N-|NO-|N |NO )?(\d{4}) +(\D+)$`)
	foreignLine = regexp.MustCompile(`^(?:[A-Z]{1,2}-)?\d{5} +\p{L}`) // no Norwegian postnummer has five digits
)

// plausible warns of addresses that have the right form and that post will hardly reach, or at another price. It refuses
// nothing: street names are people's.
func (c *checker) plausible(field string, a PostalAddress) {
	foreign := false
	for i, line := range []Private{a.Line1, a.Line2, a.Line3} {
		at := field + ".adresselinje" + strconv.Itoa(i+1)
		text := strings.Join(strings.Fields(line.Reveal()), " ")
		if noAddressText(text) {
			c.warn("adresse-ukjent", at, nil)
		}
		if a.Abroad() || text == "" {
			continue
		}
		if m := postLine.FindStringSubmatch(text); m != nil {
			row, known := c.reg.Lookup(m[1])
			switch {
			case m[1] == a.Postcode && postcode.SameCity(m[2], a.City.Reveal()):
				c.warn("adresse-dobbelt", at, nil)
			case postcode.SameCity(m[2], a.City.Reveal()), m[1] == a.Postcode, known && postcode.SameCity(m[2], row.City):
				c.warn("adresse-postnummer", at, nil)
			}
		}
		if _, name, ok := cutLast(text, ","); foreignCountry(text) || ok && foreignCountry(name) || foreignLine.MatchString(text) {
			if foreign {
				continue // said already
			}
			foreign = true
			c.warn("land-i-adresse", at, nil)
		}
	}
	city := strings.ToLower(strings.TrimSpace(a.City.Reveal()))
	switch {
	case a.Abroad() || city == "" || foreign:
	case noCity[city] || noAddressText(city):
		c.warn("adresse-ukjent", field+".poststed", Args{"case": "city"})
	case foreignCountry(city):
		c.warn("land-i-adresse", field+".poststed", Args{"case": "city"})
	}
	if a.Postcode == "0000" && !a.Abroad() && !foreign && c.reg == nil {
		c.warn("adresse-ukjent", field+".postnummer", Args{"case": "postcode"})
	}
}

func noAddressText(text string) bool {
	text = strings.Trim(strings.ToLower(text), " .,:;()*-")
	for _, begin := range noAddress {
		if rest, ok := strings.CutPrefix(text, begin); ok && (rest == "" || strings.ContainsAny(rest[:1], " .,;:(-/")) {
			return true
		}
	}
	return text == "ukjent" || text == "ukjend" || text == "unknown"
}

// foreignCountry reports whether a text is the name of another country. Codes of two or three letters could be anything.
func foreignCountry(text string) bool {
	if len([]rune(text)) < 4 && !strings.EqualFold(text, "USA") {
		return false
	}
	code, ok := countryCode(text)
	return ok && countries().zone[code] != ZoneNorway
}

// cutLast cuts around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+len(sep):]), true
}

// plainDigits writes digits of double width and the like as ordinary ones: a number that is written so is the same number.
func plainDigits(s string) string { return norm.NFKC.String(s) }
