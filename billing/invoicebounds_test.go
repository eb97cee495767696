package billing

import (
	"strings"
	"testing"
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
