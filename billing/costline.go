package billing

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Kinds of cost line. More kinds may come (minimum charges, digital transactions); a report sums kinds
// it does not know as other costs.
const (
	KindProduction = "PRODUKSJON"
	KindPostage    = "PORTO"
)

// VAT holds the rates of value added tax in whole per cent. They are set per vendor, since the receipt
// does not state them.
type VAT struct {
	ProductionPercent int `toml:"production_percent"`
	PostagePercent    int `toml:"postage_percent"`
	// How the accounting system names these rates; used in the file for it.
	ProductionCode string `toml:"production_code"`
	PostageCode    string `toml:"postage_code"`
}

// CodeOf is the accounting system's code for the VAT of a kind of cost. What is neither production nor postage has that of
// production.
func (v VAT) CodeOf(kind string) string {
	if kind == KindPostage {
		return v.PostageCode
	}
	return v.ProductionCode
}

// Validate reports an error unless both rates lie in 0–100 %.
func (v VAT) Validate() error {
	if v.ProductionPercent < 0 || v.ProductionPercent > 100 || v.PostagePercent < 0 || v.PostagePercent > 100 {
		return fmt.Errorf("vat: percentages must lie between 0 and 100")
	}
	return nil
}

// CostLine is one amount on one konteringskode. A line that stands in the ledger is never changed:
// corrections are new lines.
type CostLine struct {
	Kind           string // KindProduction or KindPostage
	Konteringskode string // the code that carries the cost; may be empty
	Net            Ore    // øre without VAT
	VAT            Ore    // øre of VAT
	Gross          Ore    // Net + VAT
}

// CostLines gives the two lines of a receipt, production first, also when an amount is zero, so that
// every receipt is seen in the ledger. Net is exactly what the receipt says, and so is the code: a caller
// who books on the sender's own code puts that in the row first.
//
// Rounding rule: VAT is computed line by line and rounded to the nearest øre, halves away from zero.
// An invoice that rounds its VAT once for the whole can therefore differ by some øre; that difference
// is a line of its own, spread by Allocate, never a change of these lines.
func CostLines(r ReceiptRow, v VAT) []CostLine {
	line := func(kind string, net Ore, percent int) CostLine {
		vat := net.Percent(percent)
		return CostLine{Kind: kind, Konteringskode: r.Konteringskode, Net: net, VAT: vat, Gross: net + vat}
	}
	return []CostLine{
		line(KindProduction, r.Production, v.ProductionPercent),
		line(KindPostage, r.Postage, v.PostagePercent),
	}
}

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
