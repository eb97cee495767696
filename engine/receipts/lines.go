package receipts

import (
	"fmt"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/ledger"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/invoices"
	"postgang/engine/store"
)

// receiptLines are the lines of what a receipt says, under our konteringskode.
func receiptLines(closed []store.ClosedMonth, now time.Time, r store.Receipt, booked receipt.Row, account string, reprint bool, vat ledger.VAT) []store.LedgerLine {
	posted := booked.PostedAt.UTC().Truncate(time.Millisecond)
	at, note := invoices.BookAt(closed, posted, now, "postlagt")
	if said := r.Row.PostedAt.UTC().Truncate(time.Millisecond); !said.Equal(posted) {
		note = strings.TrimSuffix(fmt.Sprintf("ifølge kvitteringen postlagt %s, noe som ikke kan stemme; %s", civil.Of(said, calendar.Oslo).Norwegian(), note), "; ")
	}
	var lines []store.LedgerLine
	for i, l := range ledger.Lines(booked, vat) {
		line := store.LedgerLine{
			Entry: r.ID, Place: i, BookedAt: at, PostedAt: posted, Vendor: r.Vendor, Account: account, Shipment: booked.Shipment, Job: booked.Job,
			Line: l, Source: store.LedgerReceipt, Document: r.File, Note: note,
		}
		if i == 0 && !reprint {
			line.Letters = 1
		}
		lines = append(lines, line)
	}
	return lines
}
