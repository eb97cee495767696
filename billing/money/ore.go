// Package money is amounts and numbers that add up: øre as integers, decimals of four places, how they are read and written, and how a
// sum is spread so that nothing is lost.
package money

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Ore is an amount of money in øre (1/100 krone). It may be negative (corrections, credit).
type Ore int64

// ErrOverflow reports that a sum does not fit in 64 bits of øre.
var ErrOverflow = errors.New("amount does not fit in 64 bits of øre")

// MaxAmount is above what one invoice line or budget can be, in øre: a thousand million kroner. Sums of many such fit in an Ore.
const MaxAmount = 1_000_000_000_00

// nbsp is U+00A0, the thousands separator of Norwegian amounts.
const nbsp = "\u00a0"

// String writes the amount as kroner in Norwegian: groups of three separated by U+00A0, a decimal
// comma and two decimals, and a hyphen-minus when negative, such as "-1 234,50".
func (o Ore) String() string {
	whole, cents, negative := o.split()
	digits := fmt.Sprint(whole)
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(nbsp)
		}
		b.WriteRune(d)
	}
	fmt.Fprintf(&b, ",%02d", cents)
	return b.String()
}

// Plain writes the amount as kroner with two decimals and the given decimal sign and no group
// separators, which is the form that ParseOre and receipt files use: "1234,50".
func (o Ore) Plain(decimalSign string) string {
	whole, cents, negative := o.split()
	sign := ""
	if negative {
		sign = "-"
	}
	return fmt.Sprintf("%s%d%s%02d", sign, whole, decimalSign, cents)
}

// Kroner gives the amount as kroner in floating point, for display only (spreadsheet cells).
// It is exact to the øre for amounts below 70 000 milliard kroner.
func (o Ore) Kroner() float64 { return float64(o) / 100 }

func (o Ore) split() (whole, cents uint64, negative bool) {
	u := uint64(o)
	if o < 0 {
		negative, u = true, -u // two's complement: right for the smallest value too
	}
	return u / 100, u % 100, negative
}

// Add gives o+p, or ErrOverflow.
func (o Ore) Add(p Ore) (Ore, error) {
	sum := o + p
	if (p > 0 && sum < o) || (p < 0 && sum > o) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Percent gives percent per cent of o, rounded to the nearest øre with halves away from zero, so
// that a credit note mirrors its invoice exactly. The product must fit in 64 bits.
func (o Ore) Percent(percent int) Ore {
	// Splitting before multiplying keeps the intermediate values no larger than the result.
	whole, rest := o/100*Ore(percent), o%100*Ore(percent)
	if rest >= 0 {
		return whole + (rest+50)/100
	}
	return whole + (rest-50)/100
}

// ParseOre reads an amount in kroner with a decimal comma and exactly two decimals: "5,70", "0,00",
// "-12,05". It is strict: no group separators, no plus sign, no superfluous leading zeros, no decimal
// point, no surrounding space. Errors do not repeat the text.
func ParseOre(s string) (Ore, error) { return ParseAmount(s, ",") }

// ParseAmount reads an amount as ParseOre does, with another decimal sign.
func ParseAmount(s, decimalSign string) (Ore, error) {
	body, negative := s, false
	if strings.HasPrefix(body, "-") {
		body, negative = body[1:], true
	}
	whole, cents, found := strings.Cut(body, decimalSign)
	switch {
	case s == "":
		return 0, errors.New("amount is empty")
	case !found || len(cents) != 2 || whole == "" || !AllDigits(whole) || !AllDigits(cents):
		return 0, fmt.Errorf("amount must be kroner with %q as decimal sign and two decimals, without group separators", decimalSign)
	case len(whole) > 1 && whole[0] == '0':
		return 0, errors.New("amount has superfluous leading zeros")
	case negative && strings.Trim(whole+cents, "0") == "":
		return 0, errors.New("amount is a negative zero")
	}
	// Accumulated below zero: the negative range is the larger one.
	var n int64
	for _, d := range whole + cents {
		v := int64(d - '0')
		if n < (math.MinInt64+v)/10 {
			return 0, ErrOverflow
		}
		n = n*10 - v
	}
	if negative {
		return Ore(n), nil
	}
	if n == math.MinInt64 {
		return 0, ErrOverflow
	}
	return Ore(-n), nil
}

// AllDigits reports whether there is nothing but 0–9 in a text; it may be empty.
func AllDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// VATOf is the VAT of an amount by a rate in per cent, rounded to the nearest øre, halves away from zero.
func VATOf(net Ore, percent Decimal) Ore {
	sign := Ore(1)
	if net < 0 {
		sign, net = -1, -net
	}
	const whole = 100 * DecimalUnit // in two steps, which cannot overflow within MaxAmount
	return sign * (net/whole*Ore(percent) + (net%whole*Ore(percent)+whole/2)/whole)
}
