package ledger

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/money"
)

// ExportRow is the sum of a period's ledger on one konteringskode, of one sending account, vendor and kind of cost: what a voucher
// for the municipality's accounting system is made of.
type ExportRow struct {
	codes.Entry        // with only Code where there is no register, or the code is not in it
	Account     string // id of the sending account, or empty
	Sender      string // its name
	VendorKey   string
	Vendor      string // as shown
	Kind        string // KindProduction, KindPostage or another kind
	VATCode     string // the accounting system's code for the VAT of the kind, or empty
	Net         money.Ore
	VAT         money.Ore
	Gross       money.Ore
	Letters     int
}

// ExportColumn is a column of the import file of an accounting system: a heading, and a field or a fixed text.
type ExportColumn struct {
	Header string `toml:"header"`
	Field  string `toml:"field"` // one of ExportFields, or …
	Text   string `toml:"text"`  // … the same in every line
}

// ExportFields are the fields that a column may hold. Amounts are kroner with a decimal comma, days YYYY-MM-DD.
func ExportFields() []string {
	return []string{"periode", "forste_dag", "siste_dag", "avsender", "avsender_nokkel", "konteringskode", "navn", "ansvar", "funksjon", "art", "prosjekt", "leverandor", "type", "mva_kode", "netto", "mva", "brutto", "brev"}
}

// DefaultExport has a column for each field.
func DefaultExport() []ExportColumn {
	var out []ExportColumn
	for _, f := range ExportFields() {
		out = append(out, ExportColumn{Header: f, Field: f})
	}
	return out
}

// ValidateExport reports columns that cannot be written.
func ValidateExport(columns []ExportColumn) error {
	for i, c := range columns {
		switch {
		case c.Header == "":
			return fmt.Errorf("column %d has no header", i+1)
		case c.Field != "" && c.Text != "":
			return fmt.Errorf("column %s has both field and text", c.Header)
		case c.Field != "" && !slices.Contains(ExportFields(), c.Field):
			return fmt.Errorf("column %s: unknown field; there are: %s", c.Header, strings.Join(ExportFields(), ", "))
		}
	}
	return nil
}

// WriteExport writes an import file for an accounting system: semicolons, CR LF, a heading and a line for each row. Senders that no
// column tells apart are added up. It is for programs: texts stand as they are.
func WriteExport(w io.Writer, rows []ExportRow, from, to civil.Date, columns []ExportColumn, encoding string) error {
	if err := ValidateExport(columns); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	bySender := slices.ContainsFunc(columns, func(c ExportColumn) bool { return strings.HasPrefix(c.Field, "avsender") })
	out, err := encoded(w, encoding)
	if err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	c := csv.NewWriter(out)
	c.Comma, c.UseCRLF = ';', true
	line := make([]string, len(columns))
	for i, col := range columns {
		line[i] = col.Header
	}
	if err := c.Write(line); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	for _, r := range exportLines(rows, bySender) {
		values := map[string]string{
			"periode": from.Month(), "forste_dag": string(from), "siste_dag": string(to.AddDays(-1)), "konteringskode": r.Code, "navn": r.Name,
			"ansvar": r.Ansvar, "funksjon": r.Funksjon, "art": r.Art, "prosjekt": r.Prosjekt, "leverandor": r.Vendor, "type": r.Kind,
			"mva_kode": r.VATCode, "avsender": r.Sender, "avsender_nokkel": r.Account,
			"netto": r.Net.Plain(","), "mva": r.VAT.Plain(","), "brutto": r.Gross.Plain(","), "brev": fmt.Sprint(r.Letters),
		}
		for i, col := range columns {
			line[i] = values[col.Field] + col.Text
		}
		if err := c.Write(line); err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
	}
	c.Flush()
	return c.Error()
}

// exportLines are the rows of an import file: the øre of rounded VAT of a sender and vendor are one line without a konteringskode,
// since they are a difference of sums and no code's cost.
func exportLines(rows []ExportRow, bySender bool) []ExportRow {
	type key struct{ account, vendor, code, kind string }
	at := map[key]int{}
	var out []ExportRow
	for _, r := range rows {
		if r.Kind == KindRounding {
			r.Entry, r.VATCode = codes.Entry{}, ""
		}
		if !bySender {
			r.Account, r.Sender = "", ""
		}
		k := key{r.Account, r.Vendor, r.Code, r.Kind}
		if i, seen := at[k]; seen {
			o := &out[i]
			o.Net, o.VAT, o.Gross, o.Letters = o.Net+r.Net, o.VAT+r.VAT, o.Gross+r.Gross, o.Letters+r.Letters
			continue
		}
		at[k] = len(out)
		out = append(out, r)
	}
	return slices.DeleteFunc(out, func(r ExportRow) bool { return r.Net == 0 && r.VAT == 0 && r.Letters == 0 })
}

// Encodings of files for accounting systems.
const (
	EncodingUTF8    = "utf-8"
	EncodingUTF8BOM = "utf-8-bom" // with the mark that Excel needs
	EncodingWindows = "windows-1252"
	EncodingLatin1  = "iso-8859-1"
)

// Encodings are all encodings.
func Encodings() []string {
	return []string{EncodingUTF8, EncodingUTF8BOM, EncodingWindows, EncodingLatin1}
}

// encoded writes text in an encoding. A character that it has not becomes one that reads the same, or a question mark.
func encoded(w io.Writer, encoding string) (io.Writer, error) {
	switch encoding {
	case "", EncodingUTF8:
		return w, nil
	case EncodingUTF8BOM:
		_, err := io.WriteString(w, "\ufeff")
		return w, err
	case EncodingWindows:
		return &charWriter{w: w, set: charmap.Windows1252}, nil
	case EncodingLatin1:
		return &charWriter{w: w, set: charmap.ISO8859_1}, nil
	}
	return nil, fmt.Errorf("encoding %q is none of %s", encoding, strings.Join(Encodings(), ", "))
}

// charWriter writes UTF-8 text in a character set of one byte. Buffered writers hand it pieces that end anywhere, in a character too.
type charWriter struct {
	w    io.Writer
	set  *charmap.Charmap
	rest []byte // the beginning of a character
}

// Write implements io.Writer.
func (c *charWriter) Write(p []byte) (int, error) {
	text := append(c.rest, p...)
	out := make([]byte, 0, len(text))
	for len(text) > 0 && utf8.FullRune(text) {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		b, ok := c.set.EncodeRune(r)
		if !ok {
			if b, ok = c.set.EncodeRune(plainer(r)); !ok {
				b = '?'
			}
		}
		out = append(out, b)
	}
	c.rest = slices.Clone(text)
	if _, err := c.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plainer is a character that reads the same in character sets of one byte.
func plainer(r rune) rune {
	switch r {
	case '–', '—', '‑', '−':
		return '-'
	case '’', '‘':
		return '\''
	case '“', '”', '„':
		return '"'
	case '\u202f', '\u2009':
		return ' '
	}
	return '?'
}
