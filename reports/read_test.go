package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"postgang/billing"
)

// A register in a workbook, with codes as text, budgets as numbers and days as dates, is read like one in CSV.
func TestReadRows(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	for i, row := range [][]any{
		{"kode", "navn", "siste_dag", "budsjett"},
		{"0100", "Skatt", time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC), 120000.5},
		{"0200", "Eiendom", "2026-12-31", nil},
	} {
		if err := f.SetSheetRow("Sheet1", cellName(1, i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := ReadRows(&b, "forste_dag", "siste_dag")
	if err != nil {
		t.Fatal(err)
	}
	got, problems := billing.ParseRegister(rows)
	want := []billing.CodeEntry{
		{Code: "0100", Name: "Skatt", ValidTo: "2026-07-01", Budget: 12_000_050, HasBudget: true}, {Code: "0200", Name: "Eiendom", ValidTo: "2027-01-01"},
	}
	if len(problems) > 0 || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, problems)
	}
	if _, err := ReadRows(strings.NewReader("PK\x03\x04 ikke en arbeidsbok")); err == nil {
		t.Error("something else was read as a workbook")
	}
}

func FuzzReadRows(f *testing.F) {
	var b bytes.Buffer
	book := excelize.NewFile()
	if err := book.SetSheetRow("Sheet1", "A1", &[]any{"kode", "siste_dag"}); err != nil {
		f.Fatal(err)
	}
	if err := book.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ReadRows(bytes.NewReader(data), "siste_dag")
		if err == nil {
			billing.ParseRegister(rows)
		}
	})
}
