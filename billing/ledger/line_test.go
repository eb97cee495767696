package ledger

import (
	"testing"

	"pgregory.net/rapid"

	"postgang/billing/money"
	"postgang/billing/receipt"
)

func TestVATValidate(t *testing.T) {
	t.Parallel()
	if (VAT{ProductionPercent: 25, PostagePercent: 101}).Validate() == nil || (VAT{ProductionPercent: 25, PostagePercent: 15}).Validate() != nil {
		t.Error("rates of VAT lie between 0 and 100 per cent")
	}
}

// receiptRow draws what a cost line is made of.
func receiptRow() *rapid.Generator[receipt.Row] {
	return rapid.Custom(func(t *rapid.T) receipt.Row {
		o := rapid.Map(rapid.Int64Range(0, int64(receipt.MaxAmount)), func(v int64) money.Ore { return money.Ore(v) })
		return receipt.Row{Production: o.Draw(t, "production"), Postage: o.Draw(t, "postage"), Konteringskode: rapid.StringMatching(`[a-zA-Z0-9_\-.øæåØÆÅ]{0,20}`).Draw(t, "code")}
	})
}

func TestLinesSumToReceipts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := VAT{ProductionPercent: rapid.IntRange(0, 100).Draw(t, "vat production"), PostagePercent: rapid.IntRange(0, 100).Draw(t, "vat postage")}
		var receipts, net, gross, vat money.Ore
		for _, r := range rapid.SliceOfN(receiptRow(), 0, 20).Draw(t, "rows") {
			receipts += r.Production + r.Postage
			lines := Lines(r, v)
			if len(lines) != 2 || lines[0].Kind != KindProduction || lines[1].Kind != KindPostage || lines[0].Net != r.Production || lines[1].Net != r.Postage {
				t.Fatalf("%+v of %+v", lines, r)
			}
			for _, l := range lines {
				net, vat, gross = net+l.Net, vat+l.VAT, gross+l.Gross
				if l.Konteringskode != r.Konteringskode {
					t.Fatal("the code changed")
				}
			}
		}
		if net != receipts || net+vat != gross {
			t.Fatalf("receipts %d, net %d, vat %d, gross %d", receipts, net, vat, gross)
		}
	})
}
