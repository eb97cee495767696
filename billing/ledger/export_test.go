package ledger

import (
	"strings"
	"testing"

	"postgang/billing/codes"
)

func TestWriteExport(t *testing.T) {
	t.Parallel()
	rows := []ExportRow{
		{Entry: codes.Entry{Code: "0100", Name: "Skatt", Ansvar: "120"}, Vendor: "Trykkeri", Kind: KindProduction, VATCode: "1", Net: 10_000, VAT: 2500, Gross: 12_500, Letters: 7},
		{Entry: codes.Entry{Code: "-100"}, Vendor: "=Trykkeri", Kind: KindPostage, Net: -50, VAT: -13, Gross: -63},
	}
	columns := []ExportColumn{{Header: "Konto", Text: "6800"}, {Header: "Kode", Field: "konteringskode"}, {Header: "Leverandør", Field: "leverandor"}, {Header: "Mvakode", Field: "mva_kode"},
		{Header: "Beløp", Field: "netto"}, {Header: "Dato", Field: "siste_dag"}, {Header: "Antall", Field: "brev"}}
	var b strings.Builder
	if err := WriteExport(&b, rows, "2026-11-01", "2026-12-01", columns, ""); err != nil {
		t.Fatal(err)
	}
	want := "Konto;Kode;Leverandør;Mvakode;Beløp;Dato;Antall\r\n6800;0100;Trykkeri;1;100,00;2026-11-30;7\r\n6800;-100;=Trykkeri;;-0,50;2026-11-30;0\r\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	for _, c := range []struct {
		column ExportColumn
		want   string
	}{{ExportColumn{Field: "netto"}, "no header"}, {ExportColumn{Header: "a", Field: "netto", Text: "b"}, "both"}, {ExportColumn{Header: "a", Field: "saldo"}, "unknown field"}} {
		if err := ValidateExport([]ExportColumn{c.column}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.column, err)
		}
	}
	if err := ValidateExport(DefaultExport()); err != nil {
		t.Error(err)
	}
}

// A character is written whole wherever the writer before cuts the text.
func TestEncodedCutAnywhere(t *testing.T) {
	t.Parallel()
	const text = "ØÆÅ – 1\u202f234 €"
	for encoding, want := range map[string]string{EncodingWindows: "\xd8\xc6\xc5 \x96 1 234 \x80", EncodingLatin1: "\xd8\xc6\xc5 - 1 234 ?"} {
		for cut := range len(text) {
			var b strings.Builder
			w, err := encoded(&b, encoding)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{text[:cut], text[cut:]} {
				if n, err := w.Write([]byte(part)); err != nil || n != len(part) {
					t.Fatalf("%d of %d written, %v", n, len(part), err)
				}
			}
			if b.String() != want {
				t.Errorf("%s cut at %d: %q, want %q", encoding, cut, b.String(), want)
			}
		}
	}
}
