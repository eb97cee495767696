package billing

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestInvoiceMemory: no invoice file takes more memory than a few times its size, and a large PDF inside one may be there.
func TestInvoiceMemory(t *testing.T) {
	const size = 4 << 20
	many := func(before, s string) string { return before + strings.Repeat(s, size/len(s)) }
	header := strings.Join(InvoiceColumns(), ";") + "\n"
	for name, data := range map[string]string{
		"one line of fields":      many(header, ";"),
		"unclosed quotation mark": many(header+`"`, "a;b\n"),
		"too many lines":          many(header, "1;2\n"),
		"invoice lines":           many("<Invoice>", "<InvoiceLine/>"),
		"elements":                many("<Invoice>", "<AllowanceCharge/>"),
		"elements in elements":    many("", "<Invoice>"),
		"attributes":              many("<Invoice ", "x='' "),
		"a text":                  many("<Invoice><ID>", "x"),
	} {
		var problems []Problem
		peak := highWater(func() { _, problems = ParseInvoice([]byte(data), InvoiceFormat{}, Period{}) })
		if len(problems) == 0 || peak > 100<<20 {
			t.Errorf("%s: %d MB, %v", name, peak>>20, problems)
		}
	}
	p := &invoiceParser{}
	if p.boundXML([]byte(many("<Invoice><EmbeddedDocumentBinaryObject>", "QUJD") + "</EmbeddedDocumentBinaryObject><ID>1</ID></Invoice>")); p.count > 0 {
		t.Errorf("a document in an invoice: %v", p.problems)
	}
}

// Amounts whose sum is the least that 64 bits hold are refused as any that are too large.
func TestInvoiceAmountsBeyondBounds(t *testing.T) {
	t.Parallel()
	line := "F-1;2026-12-02;2026-11-01;2026-11-30;1;PORTO;;1;-46116860184273879,04;25\n"
	_, problems := ParseInvoice([]byte(strings.Join(InvoiceColumns(), ";")+"\n"+line+line), InvoiceFormat{}, Period{})
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "1 000 000 000") {
		t.Errorf("%+v", problems)
	}
}

// An invoice with as many codes as lines is held against the receipts in no more than a moment.
func TestInvoiceOfManyCodes(t *testing.T) {
	t.Parallel()
	inv := Invoice{Number: "F-1"}
	for i := range maxInvoiceLines {
		inv.Lines = append(inv.Lines, InvoiceLine{Kind: KindPostage, Konteringskode: fmt.Sprint(i), Net: 100})
	}
	start := time.Now()
	rows := CheckInvoice(inv, Basis{})
	if took := time.Since(start); len(rows) != maxInvoiceLines || took > 20*time.Second {
		t.Errorf("%d rows after %v", len(rows), took)
	}
}
