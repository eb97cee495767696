package money

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Decimal is a number with four decimals, kept as an integer of ten-thousandths: minutes, hours, per
// cent, and kroner that are averages and so finer than an øre.
type Decimal int64

// DecimalUnit is how many parts 1 has in a Decimal.
const DecimalUnit = 10_000

// DecimalFromInt gives the whole number n.
func DecimalFromInt(n int64) Decimal { return Decimal(n * DecimalUnit) }

// DecimalFromOre gives an amount as kroner.
func DecimalFromOre(o Ore) Decimal { return Decimal(o) * (DecimalUnit / 100) }

// Ore gives kroner as øre, rounded to the nearest, halves away from zero.
func (d Decimal) Ore() Ore {
	const each = DecimalUnit / 100
	if d < 0 {
		return -Ore((-d + each/2) / each)
	}
	return Ore((d + each/2) / each)
}

// ParseDecimal reads a number with a decimal comma or point and up to four decimals: "5,70", "1695.5",
// "600000".
func ParseDecimal(s string) (Decimal, error) {
	body, negative := strings.TrimPrefix(s, "-"), strings.HasPrefix(s, "-")
	whole, frac, found := strings.Cut(strings.Replace(body, ".", ",", 1), ",")
	if whole == "" || !AllDigits(whole) || !AllDigits(frac) || len(frac) > 4 || found && frac == "" {
		return 0, errors.New("number must be digits, with at most four decimals after a comma or point and no group separators")
	}
	if len(whole) > 14 {
		return 0, errors.New("number is too large")
	}
	var n int64
	for _, d := range whole + frac + strings.Repeat("0", 4-len(frac)) {
		n = n*10 + int64(d-'0')
	}
	if negative {
		n = -n
	}
	return Decimal(n), nil
}

// UnmarshalText reads what ParseKroner reads, so that a configuration may write "5,70".
func (d *Decimal) UnmarshalText(text []byte) error {
	v, err := ParseKroner(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String writes the number in Norwegian with the decimals it has: "5,7", "600000".
func (d Decimal) String() string {
	u, sign := uint64(d), ""
	if d < 0 {
		u, sign = -u, "-"
	}
	s := fmt.Sprintf("%s%d,%04d", sign, u/DecimalUnit, u%DecimalUnit)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ",")
}

// Float gives the number in floating point, for spreadsheet cells.
func (d Decimal) Float() float64 { return float64(d) / DecimalUnit }

// Rat is the number as a fraction.
func (d Decimal) Rat() *big.Rat { return big.NewRat(int64(d), DecimalUnit) }
