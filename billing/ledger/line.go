// Package ledger makes cost lines of receipts, and writes them for others: the export of a period, and the voucher (bilag) of the
// accounting system. Net, VAT and gross are kept apart, and gross = net + VAT always.
package ledger

import (
	"fmt"
	"slices"

	"postgang/billing/money"
	"postgang/billing/receipt"
)

// Kinds of cost line. Receipts have the first two; the others come with invoices, which may have kinds of their own. A report sums
// kinds it does not know as other costs.
const (
	KindProduction   = "PRODUKSJON"
	KindPostage      = "PORTO"
	KindMinimum      = "MINSTEPRIS"  // minimum per day
	KindControlSheet = "KONTROLLARK" // control sheets
	KindTransport    = "TRANSPORT"   // fees for digital messages
	KindOther        = "ANNET"       // what the invoice does not tell apart
	KindRounding     = "AVRUNDING"   // øre that rounding leaves
)

// KindOrder sorts kinds: production, postage, and then others.
func KindOrder(kind string) int {
	return slices.Index([]string{KindProduction, KindPostage}, kind) & 3 // other kinds (−1) come last
}

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

// Line is one amount on one konteringskode. A line that stands in the ledger is never changed:
// corrections are new lines.
type Line struct {
	Kind           string    // KindProduction or KindPostage
	Konteringskode string    // the code that carries the cost; may be empty
	Net            money.Ore // øre without VAT
	VAT            money.Ore // øre of VAT
	Gross          money.Ore // Net + VAT
}

// Lines gives the two lines of a receipt, production first, also when an amount is zero, so that
// every receipt is seen in the ledger. Net is exactly what the receipt says, and so is the code: a caller
// who books on the sender's own code puts that in the row first.
//
// Rounding rule: VAT is computed line by line and rounded to the nearest øre, halves away from zero.
// An invoice that rounds its VAT once for the whole can therefore differ by some øre; that difference
// is a line of its own, spread by money.Allocate, never a change of these lines.
func Lines(r receipt.Row, v VAT) []Line {
	line := func(kind string, net money.Ore, percent int) Line {
		vat := net.Percent(percent)
		return Line{Kind: kind, Konteringskode: r.Konteringskode, Net: net, VAT: vat, Gross: net + vat}
	}
	return []Line{
		line(KindProduction, r.Production, v.ProductionPercent),
		line(KindPostage, r.Postage, v.PostagePercent),
	}
}
