package reports

import (
	"archive/zip"
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"postgang/billing/codes"
)

var registerKinds = map[string]CellKind{"forste_dag": CellDay, "siste_dag": CellDay, "budsjett": CellAmount}

// written is a workbook of excelize's with rows on its first sheet.
func written(t testing.TB, rows [][]any, more ...func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", cellName(1, i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range more {
		m(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sheetOf is a workbook with only what a reader needs, with a sheet as it is given, and shared strings.
func sheetOf(t testing.TB, sheet string, shared ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns:r="urn:r"><sheets><sheet name="A" r:id="s"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="s" Type="x/worksheet" Target="sheet.xml"/><Relationship Id="t" Type="x/sharedStrings" Target="shared.xml"/></Relationships>`,
		"xl/shared.xml":              "<sst>" + strings.Join(shared, "") + "</sst>",
		"xl/sheet.xml":               sheet,
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A register in a workbook, with codes as text, budgets as numbers and days as dates, is read like one in CSV.
func TestReadRows(t *testing.T) {
	t.Parallel()
	rows, err := ReadRows(written(t, [][]any{
		{"kode", "navn", "siste_dag", "budsjett"},
		{"0100", "Skatt", time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC), 120000.5},
		{"0200", "Eiendom", "2026-12-31", nil},
		{4100, "", "31.12.2026", 1234.5599999999999},
	}), registerKinds)
	if err != nil {
		t.Fatal(err)
	}
	got, problems := codes.ParseRegister(rows)
	want := []codes.Entry{
		{Code: "0100", Name: "Skatt", ValidTo: "2026-07-01", Budget: 12_000_050, HasBudget: true}, {Code: "0200", Name: "Eiendom", ValidTo: "2027-01-01"},
		{Code: "4100", ValidTo: "2027-01-01", Budget: 123_456, HasBudget: true},
	}
	if len(problems) > 0 || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, problems)
	}
	if _, err := ReadRows([]byte("PK\x03\x04 ikke en arbeidsbok"), nil); err == nil {
		t.Error("something else was read as a workbook")
	}
}

// TestReadRowsTwoReadings: a cell that is shown otherwise than it is kept, or whose value is not there, is told with both.
func TestReadRowsTwoReadings(t *testing.T) {
	t.Parallel()
	format := func(cell, code string) func(f *excelize.File) {
		return func(f *excelize.File) {
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
			if err == nil {
				err = f.SetCellStyle("Sheet1", cell, cell, style)
			}
			if err != nil {
				panic(err)
			}
		}
	}
	formula := func(f *excelize.File) {
		if err := f.SetCellFormula("Sheet1", "C2", "1000+234.5"); err != nil {
			panic(err)
		}
	}
	for name, c := range map[string]struct {
		row  []any
		more []func(*excelize.File)
		want string // in the error; empty: the row is read as below
		read []string
	}{
		"zeros that are shown":         {[]any{150, "A", 1}, []func(*excelize.File){format("A2", "0000")}, "cell A2: kept as 150, and shown as 0150", nil},
		"zeros that change none":       {[]any{4150, "A", 1}, []func(*excelize.File){format("A2", "0000")}, "", []string{"4150", "A", "1"}},
		"groups in a code":             {[]any{4150, "A", 1}, []func(*excelize.File){format("A2", "# ##0")}, "cell A2: kept as 4150", nil},
		"a code as a date":             {[]any{4150, "A", 1}, []func(*excelize.File){format("A2", "dd.mm.yyyy")}, "cell A2: kept as 4150", nil},
		"a code in thousands":          {[]any{4150000, "A", 1}, []func(*excelize.File){format("A2", "0,")}, "cell A2", nil},
		"a long code":                  {[]any{123456789012, "A", 1}, nil, "cell A2", nil},
		"a code as text":               {[]any{"0150", "A", 1}, []func(*excelize.File){format("A2", "0000")}, "", []string{"0150", "A", "1"}},
		"a formula without value":      {[]any{"0150", "A", nil}, []func(*excelize.File){formula}, "cell C2: a formula whose value is not in the file", nil},
		"truth as a code":              {[]any{true, "A", 1}, nil, "cell A2: a truth value", nil},
		"a budget in thousands":        {[]any{"0150", "A", 120000}, []func(*excelize.File){format("C2", "#,##0,")}, "cell C2: kept as 120000", nil},
		"a budget in per cent":         {[]any{"0150", "A", 0.5}, []func(*excelize.File){format("C2", "0%")}, "cell C2: kept as 0.5", nil},
		"a budget that looks larger":   {[]any{"0150", "A", 120}, []func(*excelize.File){format("C2", "0.000")}, "cell C2: kept as 120, and shown", nil},
		"a budget as a date":           {[]any{"0150", "A", 120}, []func(*excelize.File){format("C2", "d. mmm")}, "cell C2: kept as 120", nil},
		"a budget in kroner":           {[]any{"0150", "A", 1234.5}, []func(*excelize.File){format("C2", `"kr" #,##0.00`)}, "", []string{"0150", "A", "1234,5"}},
		"a budget with an øre's parts": {[]any{"0150", "A", 1.2345}, nil, "cell C2: kept as 1.2345", nil},
	} {
		rows, err := ReadRows(written(t, [][]any{{"kode", "navn", "budsjett"}, c.row}, c.more...), registerKinds)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %q, %v, want %q", name, rows, err, c.want)
		case c.want == "" && (err != nil || len(rows) != 2 || !slices.Equal(rows[1], c.read)):
			t.Errorf("%s: %q, %v, want %q", name, rows, err, c.read)
		}
	}
	head := `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>siste_dag</t></is></c></row>`
	for name, c := range map[string]struct{ sheet, want string }{
		"cached formula":    {head + `<row r="2"><c r="A2" t="str"><f>B9</f><v>0150</v></c></row>`, ""},
		"shared text":       {head + `<row r="2"><c r="A2" t="s"><v>1</v></c></row>`, ""},
		"error":             {head + `<row r="2"><c r="A2" t="e"><v>#N/A</v></c></row>`, "cell A2: the value is an error"},
		"a day as a number": {head + `<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>46000</v></c></row>`, "cell B2: kept and shown as the number 46000"},
		"no day":            {head + `<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>20261231</v></c></row>`, "cell B2: kept and shown as the number 20261231"},
		"no headings":       {`<row r="2"><c r="A2" t="s"><v>1</v></c></row>`, "no headings"},
		"another place":     {head + `<row r="2"><c r="A7" t="s"><v>1</v></c></row>`, "damaged"},
	} {
		rows, err := ReadRows(sheetOf(t, "<worksheet><sheetData>"+c.sheet+"</sheetData></worksheet>", "<si><t>kode</t></si>", "<si><r><t>01</t></r><r><t>50</t></r><rPh><t>x</t></rPh></si>"), registerKinds)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %q, %v, want %q", name, rows, err, c.want)
		case c.want == "" && (err != nil || len(rows) != 2 || rows[1][0] != "0150"):
			t.Errorf("%s: %q, %v", name, rows, err)
		}
	}
}

// TestReadRowsMemory: a small file that is large unpacked, wide or long takes no more memory than a register may.
func TestReadRowsMemory(t *testing.T) {
	many := func(n int, of func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(of(i))
		}
		return b.String()
	}
	const head = `<row r="1"><c r="A1" t="inlineStr"><is><t>kode</t></is></c></row>`
	sheet := func(rows string) []byte { return sheetOf(t, "<worksheet><sheetData>"+rows+"</sheetData></worksheet>") }
	for name, c := range map[string]struct {
		data func() []byte
		want string // in the error, or "read"
	}{
		"cells far to the right": {func() []byte {
			return sheet(head + many(20_000, func(i int) string { return fmt.Sprintf(`<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i+2, i+2) }))
		}, "read"},
		"headings far to the right": {func() []byte { return sheet(`<row r="1"><c r="XFD1"><v>1</v></c></row>`) }, "more than 40 columns"},
		"a row far down":            {func() []byte { return sheet(head + `<row r="1048576"><c r="A1048576"><v>1</v></c></row>`) }, "more than 100001 rows"},
		"a column beyond the last":  {func() []byte { return sheet(head + `<row r="2"><c r="ZZZ2"><v>1</v></c></row>`) }, "damaged"},
		"cells without a place":     {func() []byte { return sheet(head + "<row>" + strings.Repeat("<c><v>1</v></c>", 20_000) + "</row>") }, "damaged"},
		"a long text":               {func() []byte { return sheet(head + "<row><c><v>" + strings.Repeat("1", 20<<20)) }, "longer"},
		"elements in elements":      {func() []byte { return sheet(strings.Repeat("<x>", 1<<20)) }, "deeper"},
		"attributes":                {func() []byte { return sheet("<row " + strings.Repeat("a='' ", 1<<20)) }, "longer"},
		"a part without an end": {func() []byte {
			return sheet(head + strings.Repeat("<row><c/></row>", 1<<19) + strings.Repeat("<xxxxxxxxxxxxxx/>", 4<<20))
		}, "more than 64 MB"},
		"shared texts": {func() []byte {
			return sheetOf(t, "<worksheet><sheetData>"+head+`<row r="2"><c r="A2" t="s"><v>7</v></c></row></sheetData></worksheet>`, strings.Repeat("<si/>", 4<<20))
		}, "read"},
	} {
		data := c.data()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := ReadRows(data, registerKinds)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if c.want == "read" && err != nil || c.want != "read" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 { // Go gives nothing of it back meanwhile
			t.Errorf("%s: the heap grew by %d MB", name, grown>>20)
		}
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add(written(f, [][]any{{"kode", "siste_dag"}, {"0100", 46000}}))
	f.Add(sheetOf(f, `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>`, "<si><t>kode</t></si>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ReadRows(data, registerKinds)
		if err == nil {
			codes.ParseRegister(rows)
		}
	})
}
