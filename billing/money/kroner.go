package money

import (
	"errors"
	"fmt"
	"strings"
)

// ParseKroner reads an amount or number as people type it: "120000", "1500,50", "1 234,50", "1.234,50". What can be read in two ways,
// as "120.000", is refused with both: one of them is a thousand times the other. Files of programs have one sign by their format
// and do not come here.
func ParseKroner(s string) (Decimal, error) {
	text := Spaces.Replace(strings.TrimSpace(s))
	body, negative := strings.TrimPrefix(text, "-"), strings.HasPrefix(text, "-")
	points, commas := strings.Count(body, "."), strings.Count(body, ",")
	group, decimal := "", "" // the signs
	switch {
	case points > 0 && commas > 0 && strings.LastIndex(body, ".") > strings.LastIndex(body, ","):
		group, decimal = ",", "."
	case points > 0 && commas > 0:
		group, decimal = ".", ","
	case points > 1:
		group = "."
	case commas > 1:
		group = ","
	case points == 1:
		decimal = "."
	case commas == 1:
		decimal = ","
	}
	whole, frac := body, ""
	if decimal != "" {
		whole, frac, _ = strings.Cut(body, decimal)
		if frac == "" || strings.Contains(frac, decimal) {
			return 0, errAmount
		}
	}
	spaced := strings.Contains(whole, " ")
	if spaced && group != "" {
		return 0, errAmount
	}
	if spaced {
		group = " "
	}
	if group != "" {
		groups := strings.Split(whole, group)
		for i, g := range groups {
			if i > 0 && len(g) != 3 || i == 0 && (len(g) < 1 || len(g) > 3) {
				return 0, errAmount
			}
		}
		whole = strings.Join(groups, "")
	}
	plain := whole
	if frac != "" {
		plain += "," + frac
	}
	if negative {
		plain = "-" + plain
	}
	d, err := ParseDecimal(plain)
	if err != nil {
		return 0, errAmount
	}
	if decimal != "" && group == "" && len(frac) == 3 && len(whole) <= 3 && whole[0] != '0' {
		large, err := ParseDecimal(strings.Replace(plain, ",", "", 1))
		if err != nil {
			return 0, errAmount
		}
		small := d.String()
		if _, f, _ := strings.Cut(small, ","); len(f) == 3 {
			small += "0"
		}
		return 0, fmt.Errorf("can be read as %s and as %s: write %s or %s", d, strings.TrimSuffix(large.Ore().String(), ",00"), small, large)
	}
	return d, nil
}

var errAmount = errors.New("is no number such as 120000, 1500,50 or 1 234,50")

// Spaces makes all spaces that stand between groups of digits alike: no-break, narrow no-break, thin and figure space.
var Spaces = strings.NewReplacer(nbsp, " ", "\u202f", " ", "\u2009", " ", "\u2007", " ")
