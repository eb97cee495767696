package billing

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"postgang/billing/bounded"
)

// Limits of what an invoice file is made of. The readers keep whole records and elements, so what would make them keep too much is
// found first.
const (
	maxInvoiceDepth    = 50      // elements in each other; UBL has some ten
	maxInvoiceElements = 300_000 // of one name
	maxInvoiceNames    = 2_000   // different names of elements; UBL has some 700
	maxInvoiceDocument = 64 << 20
)

// withinBounds reports whether an invoice file can be read without taking much more memory than its size.
func (p *invoiceParser) withinBounds(text []byte, isXML bool) bool {
	if isXML {
		p.boundXML(text)
	} else {
		p.boundCSV(text)
	}
	return p.count == 0
}

func (p *invoiceParser) boundCSV(text []byte) {
	r := bounded.NewCSV(text, ';')
	r.ReuseRecord = true
	for rows := 0; ; rows++ {
		_, err := r.Read()
		switch {
		case errors.Is(err, bounded.ErrTooLong):
			p.csvError(err, "")
			return
		case errors.Is(err, io.EOF):
			return
		case rows > maxInvoiceLines:
			p.add(0, "", ProblemTooLarge, "the invoice has more than %d lines", maxInvoiceLines)
			return
		}
	}
}

func (p *invoiceParser) boundXML(text []byte) {
	d := bounded.NewXML(bytes.NewReader(text), bounded.Piece, maxInvoiceDepth)
	names := map[string]int{}
	for {
		t, err := d.Token()
		line, _ := d.InputPos()
		switch {
		case errors.Is(err, bounded.ErrTooDeep):
			p.add(line, "", ProblemSyntax, "the XML is nested deeper than %d elements; it is no invoice", maxInvoiceDepth)
			return
		case errors.Is(err, bounded.ErrTooLong):
			p.add(line, "", ProblemSyntax, "a text or element of the XML is longer than %d kB; check that this is the right file", bounded.Piece>>10)
			return
		case err != nil: // its end, or what the reader will tell
			return
		}
		start, is := t.(xml.StartElement)
		if !is {
			continue
		}
		name := start.Name.Local
		if name == "EmbeddedDocumentBinaryObject" { // a PDF of the invoice, which is skipped
			d.Long(maxInvoiceDocument)
		}
		names[name]++
		lines := names["InvoiceLine"] + names["CreditNoteLine"]
		if lines > maxInvoiceLines || names[name] > maxInvoiceElements || len(names) > maxInvoiceNames {
			p.add(line, "", ProblemTooLarge, "the invoice has more than %d lines, or far more elements than an invoice has", maxInvoiceLines)
			return
		}
	}
}
