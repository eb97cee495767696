package engine_test

import (
	"testing"

	"postgang/billing"
	"postgang/engine"
	"postgang/engine/shipment"
	"postgang/printjobs/exchange"
)

// TestReceiptsInEverySyntax: whatever a vendor writes by its profile, the letters are booked and the job closed.
func TestReceiptsInEverySyntax(t *testing.T) {
	t.Parallel()
	fixed := map[string][]int{}
	for i, col := range billing.ReceiptColumns() {
		fixed[col] = []int{1 + 40*i, 40}
	}
	for name, change := range map[string]func(f *billing.Format){
		"csv":        func(*billing.Format) {},
		"csv utf-16": func(f *billing.Format) { f.Encoding = "utf-16" },
		"json":       func(f *billing.Format) { f.Syntax, f.Row, f.Amount = billing.SyntaxJSON, "rader", billing.UnitOre },
		"xml":        func(f *billing.Format) { f.Syntax, f.Row, f.Weight = billing.SyntaxXML, "brev", billing.UnitKilogram },
		"fixed":      func(f *billing.Format) { f.Syntax, f.Positions, f.SkipLines = billing.SyntaxFixed, fixed, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := billing.DefaultFormat()
			change(&f)
			must(t, f.Validate())
			s := setup(t, func(c *engine.Config) { c.Vendors[0].Receipts = f })
			ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
			s.night(t)
			job := s.onlyJob(t).ID
			rows := []billing.ReceiptRow{receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())}
			data, err := billing.FormatReceipts(rows, f)
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
