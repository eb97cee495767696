package invoice

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"postgang/billing/bounded"
	"postgang/billing/reading"
)

// Limits of what an invoice file is made of. The readers keep whole records and elements, so what would make them keep too much is
// found first.
const (
	maxDepth    = 50      // elements in each other; UBL has some ten
	maxElements = 300_000 // of one name
	maxNames    = 2_000   // different names of elements; UBL has some 700
	maxDocument = 64 << 20
)

// withinBounds reports whether an invoice file can be read without taking much more memory than its size.
func (p *parser) withinBounds(text []byte, isXML bool) bool {
	if isXML {
		p.boundXML(text)
	} else {
		p.boundCSV(text)
	}
	return p.Count == 0
}

func (p *parser) boundCSV(text []byte) {
	r := bounded.NewCSV(text, ';')
	r.ReuseRecord = true
	for rows := 0; ; rows++ {
		_, err := r.Read()
		switch {
		case errors.Is(err, bounded.ErrTooLong):
			p.CSVError(err, "")
			return
		case errors.Is(err, io.EOF):
			return
		case rows > maxLines:
			p.Add(0, "", reading.ProblemTooLarge, "the invoice has more than %d lines", maxLines)
			return
		}
	}
}

func (p *parser) boundXML(text []byte) {
	d := bounded.NewXML(bytes.NewReader(text), bounded.Piece, maxDepth)
	names := map[string]int{}
	for {
		t, err := d.Token()
		line, _ := d.InputPos()
		switch {
		case errors.Is(err, bounded.ErrTooDeep):
			p.Add(line, "", reading.ProblemSyntax, "the XML is nested deeper than %d elements; it is no invoice", maxDepth)
			return
		case errors.Is(err, bounded.ErrTooLong):
			p.Add(line, "", reading.ProblemSyntax, "a text or element of the XML is longer than %d kB; check that this is the right file", bounded.Piece>>10)
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
			d.Long(maxDocument)
		}
		names[name]++
		lines := names["InvoiceLine"] + names["CreditNoteLine"]
		if lines > maxLines || names[name] > maxElements || len(names) > maxNames {
			p.Add(line, "", reading.ProblemTooLarge, "the invoice has more than %d lines, or far more elements than an invoice has", maxLines)
			return
		}
	}
}
