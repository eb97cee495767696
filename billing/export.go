package billing

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ExportRow is the sum of a period's ledger on one konteringskode, of one vendor and kind of cost: a line of a voucher for the
// municipality's accounting system.
type ExportRow struct {
	CodeEntry        // with only Code where there is no register, or the code is not in it
	Vendor    string // as shown
	Kind      string // KindProduction, KindPostage or another kind
	VATCode   string // the accounting system's code for the VAT of the kind, or empty
	Net       Ore
	VAT       Ore
	Gross     Ore
	Letters   int
}

// ExportColumn is a column of the import file of an accounting system: a heading, and a field or a fixed text.
type ExportColumn struct {
	Header string `toml:"header"`
	Field  string `toml:"field"` // one of ExportFields, or …
	Text   string `toml:"text"`  // … the same in every line
}

// ExportFields are the fields that a column may hold. Amounts are kroner with a decimal comma, days YYYY-MM-DD.
func ExportFields() []string {
	return []string{"periode", "forste_dag", "siste_dag", "konteringskode", "navn", "ansvar", "funksjon", "art", "prosjekt", "leverandor", "type", "mva_kode", "netto", "mva", "brutto", "brev"}
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

// WriteExport writes an import file for an accounting system: semicolons, UTF-8, CR LF, a heading and a line for each row. A text
// that a spreadsheet would take for a formula has an apostrophe in front.
func WriteExport(w io.Writer, rows []ExportRow, from, to Civil, columns []ExportColumn) error {
	if err := ValidateExport(columns); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	line := make([]string, len(columns))
	for i, col := range columns {
		line[i] = safeField(col.Header)
	}
	if err := c.Write(line); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	for _, r := range rows {
		values := map[string]string{
			"periode": from.Month(), "forste_dag": string(from), "siste_dag": string(to.AddDays(-1)), "konteringskode": r.Code, "navn": r.Name,
			"ansvar": r.Ansvar, "funksjon": r.Funksjon, "art": r.Art, "prosjekt": r.Prosjekt, "leverandor": r.Vendor, "type": r.Kind,
			"mva_kode": r.VATCode,
		}
		amounts := map[string]string{"netto": r.Net.Plain(","), "mva": r.VAT.Plain(","), "brutto": r.Gross.Plain(","), "brev": fmt.Sprint(r.Letters)}
		for i, col := range columns {
			if amount, ok := amounts[col.Field]; ok {
				line[i] = amount // a negative one is no formula
				continue
			}
			line[i] = safeField(values[col.Field] + col.Text)
		}
		if err := c.Write(line); err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
	}
	c.Flush()
	return c.Error()
}

func safeField(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
