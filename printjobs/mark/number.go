package mark

import (
	"math"
	"strconv"
)

// appendNumber writes a number with at most four decimals: a module of a
// DataMatrix, the smallest thing drawn, is then off by less than a thousandth of
// a point over the whole symbol.
func appendNumber(buf []byte, v float64) []byte {
	const unit = 10_000
	n := int64(math.Round(v * unit))
	if n < 0 {
		buf = append(buf, '-')
		n = -n
	}
	buf = strconv.AppendInt(buf, n/unit, 10)
	if n %= unit; n == 0 {
		return buf
	}
	digits := [5]byte{'.', byte('0' + n/1000), byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)}
	last := len(digits)
	for digits[last-1] == '0' {
		last--
	}
	return append(buf, digits[:last]...)
}
