package invoice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"postgang/billing/bounded/boundedtest"
	"postgang/billing/civil"
	"postgang/billing/ledger"
	"postgang/billing/reading"
)

// TestInvoiceMemory: no invoice file takes more memory than a few times its size, and a large PDF inside one may be there.
func TestInvoiceMemory(t *testing.T) {
	const size = 4 << 20
	many := func(before, s string) string { return before + strings.Repeat(s, size/len(s)) }
	header := strings.Join(Columns(), ";") + "\n"
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
		var problems []reading.Problem
		peak := boundedtest.HighWater(func() { _, problems = Parse([]byte(data), Format{}, civil.Period{}) })
		if len(problems) == 0 || peak > 100<<20 {
			t.Errorf("%s: %d MB, %v", name, peak>>20, problems)
		}
	}
	p := &parser{}
	if p.boundXML([]byte(many("<Invoice><EmbeddedDocumentBinaryObject>", "QUJD") + "</EmbeddedDocumentBinaryObject><ID>1</ID></Invoice>")); p.Count > 0 {
		t.Errorf("a document in an invoice: %v", p.List)
	}
}

// Amounts whose sum is the least that 64 bits hold are refused as any that are too large.
func TestInvoiceAmountsBeyondBounds(t *testing.T) {
	t.Parallel()
	line := "F-1;2026-12-02;2026-11-01;2026-11-30;1;PORTO;;1;-46116860184273879,04;25\n"
	_, problems := Parse([]byte(strings.Join(Columns(), ";")+"\n"+line+line), Format{}, civil.Period{})
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "1 000 000 000") {
		t.Errorf("%+v", problems)
	}
}

// An invoice with as many codes as lines is held against the receipts in no more than a moment.
func TestInvoiceOfManyCodes(t *testing.T) {
	t.Parallel()
	inv := Invoice{Number: "F-1"}
	for i := range maxLines {
		inv.Lines = append(inv.Lines, Line{Kind: ledger.KindPostage, Konteringskode: fmt.Sprint(i), Net: 100})
	}
	start := time.Now()
	rows := Check(inv, Basis{})
	if took := time.Since(start); len(rows) != maxLines || took > 20*time.Second {
		t.Errorf("%d rows after %v", len(rows), took)
	}
}
