package money

import (
	"cmp"
	"math/bits"
	"slices"
)

// Allocate splits total øre in proportion to weights by largest remainder: each part gets its share
// rounded towards zero, and the øre left over go one each to the parts with the largest remainders,
// the earlier part first when remainders are equal. The parts always sum to total.
//
// A negative total is split as its mirror image. Negative weights count as zero; when no weight is
// above zero the total is split equally. Without weights there is nothing to carry the amount and the
// result is nil.
func Allocate(total Ore, weights []int64) []Ore {
	if len(weights) == 0 {
		return nil
	}
	w := make([]uint64, len(weights))
	weighted := false
	for i, v := range weights {
		if v > 0 {
			w[i], weighted = uint64(v), true
		}
	}
	if !weighted {
		for i := range w {
			w[i] = 1
		}
	}
	sum := sumWeights(w)
	amount, negative := uint64(total), total < 0
	if negative {
		amount = -amount
	}
	type share struct {
		part      int
		remainder uint64
	}
	parts, rest := make([]Ore, len(w)), amount
	shares := make([]share, len(w))
	for i, v := range w {
		hi, lo := bits.Mul64(amount, v)
		q, r := bits.Div64(hi, lo, sum) // hi < sum since v ≤ sum and amount < 2⁶⁴
		parts[i] = Ore(q)
		rest -= q
		shares[i] = share{i, r}
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.remainder, a.remainder) })
	for i := range rest { // rest < len(w)
		parts[shares[i].part]++
	}
	if negative {
		for i := range parts {
			parts[i] = -parts[i]
		}
	}
	return parts
}

// sumWeights sums the weights, first halving them all until the sum fits: beyond 2⁶⁴ the lost bit is
// far below an øre.
func sumWeights(w []uint64) uint64 {
	for {
		var sum, over, carry uint64
		for _, v := range w {
			sum, carry = bits.Add64(sum, v, 0)
			over += carry
		}
		if over == 0 {
			return sum
		}
		for i := range w {
			w[i] >>= 1
		}
	}
}
