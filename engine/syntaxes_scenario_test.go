package engine_test

import (
	"testing"

	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/shipment"
	"postgang/printjobs/exchange"
)

// TestReceiptsInEverySyntax: whatever a vendor writes by its profile, the letters are booked and the job closed.
func TestReceiptsInEverySyntax(t *testing.T) {
	t.Parallel()
	fixed := map[string][]int{}
	for i, col := range receipt.Columns() {
		fixed[col] = []int{1 + 40*i, 40}
	}
	for name, change := range map[string]func(f *receipt.Format){
		"csv":        func(*receipt.Format) {},
		"csv utf-16": func(f *receipt.Format) { f.Encoding = "utf-16" },
		"json":       func(f *receipt.Format) { f.Syntax, f.Row, f.Amount = receipt.SyntaxJSON, "rader", receipt.UnitOre },
		"xml":        func(f *receipt.Format) { f.Syntax, f.Row, f.Weight = receipt.SyntaxXML, "brev", receipt.UnitKilogram },
		"fixed":      func(f *receipt.Format) { f.Syntax, f.Positions, f.SkipLines = receipt.SyntaxFixed, fixed, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := receipt.DefaultFormat()
			change(&f)
			must(t, f.Validate())
			s := setup(t, func(c *engine.Config) { c.Vendors[0].Receipts = f })
			ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
			s.night(t)
			job := s.onlyJob(t).ID
			rows := []receipt.Row{receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())}
			data, err := receipt.Encode(rows, f)
			must(t, err)
			s.put(t, exchange.DefaultReceipts, "kvittering.dat", data)
			if x := s.fetch(t); x.Receipts[0].Applied != 2 || len(x.Receipts[0].Problems) > 0 {
				t.Fatalf("receipts: %+v", x.Receipts)
			}
			s.wantMoney(t, 3500)
			s.wantJobs(t, "CLOSED")
			s.wantStatus(t, ids[1], shipment.StatusPrintet)
		})
	}
}
