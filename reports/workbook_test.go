package reports

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/fixtures/judges"
	"postgang/fixtures/peakmemory"
)

func TestEqualReportsAreEqualFiles(t *testing.T) {
	t.Parallel()
	in := fixture(t, 100)
	first := write(t, build(t, in), Options{Organisation: "Eksempel kommune"})
	for range 8 {
		slices.Reverse(in.Shipments)
		slices.Reverse(in.Costs)
		if again := write(t, build(t, in), Options{Organisation: "Eksempel kommune"}); !bytes.Equal(first, again) {
			t.Fatal("the same report gave two different files")
		}
	}
	in.Costs[0].Net++
	in.Costs[0].Gross++
	if other := write(t, build(t, in), Options{Organisation: "Eksempel kommune"}); bytes.Equal(first, other) {
		t.Fatal("another report gave the same file")
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, part := range z.File {
		names = append(names, part.Name)
		if !part.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s is dated %v", part.Name, part.Modified)
		}
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil { // checks the sum
			t.Errorf("%s: %v", part.Name, err)
		}
		for _, forbidden := range []string{"vba", "externalLink", "activeX"} {
			if strings.Contains(part.Name, forbidden) {
				t.Errorf("the workbook has the part %s", part.Name)
			}
		}
	}
	if names[0] != contentTypes || !slices.IsSorted(names[1:]) {
		t.Errorf("parts in the order %v", names)
	}
}

// Texts from outside are text cells with exactly that text, whatever they begin with.
func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	r := build(t, hostileFixture(t))
	f := openBook(t, write(t, r, Options{Organisation: "=1+1"}))
	check := func(sheet string, col, row int, want string) {
		t.Helper()
		ref := cellName(col, row)
		formula, err1 := f.GetCellFormula(sheet, ref)
		kind, err2 := f.GetCellType(sheet, ref)
		got, err3 := f.GetCellValue(sheet, ref, excelize.Options{RawCellValue: true})
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		// A text that looks like an escape of the file format must not be decoded by readers either; excelize
		// itself decodes it, so only its being text is checked.
		if formula != "" || kind != excelize.CellTypeInlineString || got != safeText(want) && !strings.Contains(want, "_x0041_") {
			t.Errorf("%s %s: formula %q, type %v, value %q, want the text %q", sheet, ref, formula, kind, got, want)
		}
	}
	for i, s := range list(t, r.Shipments) {
		check(sheetRaw, rawSystem, firstRow+i, s.AvgivendeSystem)
		check(sheetRaw, rawCode, firstRow+i, s.Konteringskode)
		check(sheetRaw, rawReason, firstRow+i, s.Reason)
		check(sheetRaw, rawJob, firstRow+i, s.Job)
	}
	for i, c := range list(t, r.Costs) {
		check(sheetCosts, costCode, firstRow+i, c.Konteringskode)
		check(sheetCosts, costSource, firstRow+i, c.Source)
	}
	for i, d := range list(t, r.Deviations) {
		check(sheetDeviations, 8, firstRow+i, d.Expected)
	}
	for i, code := range r.PerKonteringskode {
		check(sheetCodes, codeCode, firstRow+i, code.Code)
	}
}

func TestWorkbookIsReadyForUse(t *testing.T) {
	t.Parallel()
	r := build(t, fixture(t, 50))
	f := openBook(t, write(t, r, Options{Organisation: "Eksempel kommune"}))
	if got := strings.Join(f.GetSheetList(), ","); got != "Sammendrag,Per konteringskode,Kode per måned,Per måned,Per avsender og kanal,Budsjett,Kost-nytte,Kost-nytte per kode,Spart og tapt,Kvittering mot faktura,Periodisering,Avvik,Råd,Prisliste,Definisjoner,Kostnader,Rådata" {
		t.Errorf("sheets %s", got)
	}
	names := map[string]string{}
	for _, n := range f.GetDefinedName() {
		names[n.Name+" "+n.Scope] = n.RefersTo
	}
	for _, in := range r.Inputs.All() {
		if _, ok := names[inputNames[in.Symbol]+" Workbook"]; !ok {
			t.Errorf("input %s has no named cell", in.Symbol)
		}
	}
	for _, sheet := range []string{sheetCodes, sheetCodeMonths, sheetMonths, sheetSenders, sheetBudgets, sheetBenefits, sheetInvoices, sheetAccruals, sheetWaste, sheetAdvice, sheetDeviations, sheetPrices, sheetDefinitions, sheetCosts, sheetRaw} {
		panes, err := f.GetPanes(sheet)
		if err != nil || !panes.Freeze || panes.YSplit != headerRow {
			t.Errorf("%s: header is not frozen: %+v, %v", sheet, panes, err)
		}
		if titles := names["_xlnm.Print_Titles "+sheet]; !strings.Contains(titles, "$5:$5") {
			t.Errorf("%s: header is not repeated when printed: %q", sheet, titles)
		}
		layout, err := f.GetPageLayout(sheet)
		if err != nil || *layout.Orientation != "landscape" || *layout.Size != paperA4 {
			t.Errorf("%s: page layout %+v, %v", sheet, layout, err)
		}
	}
	props, err := f.GetDocProps()
	if err != nil || props.Language != "nb-NO" || props.Created != "2026-03-02T05:30:00Z" || !strings.Contains(props.Title, "01.01.2026–28.02.2026") {
		t.Errorf("document properties %+v, %v", props, err)
	}
	if v, err := f.GetCellValue(sheetRaw, cellName(rawReceived, firstRow)); err != nil || v != "01.01.2026 07:00" {
		t.Errorf("the first shipment, received at seven in Oslo, shows %q, %v", v, err)
	}
}

// Printed at full width, no column is too narrow for its values and no text is cut off.
func TestPrintedColumnsShowTheirValues(t *testing.T) {
	if testing.Short() {
		t.Skip("starts LibreOffice")
	}
	t.Parallel()
	judges.Need(t, "soffice", "pdftotext")
	r := build(t, largeFixture(t))
	long := fixture(t, 25)
	long.From, long.To = "2025-03-01", "2026-03-01"
	dir := office(t, "pdf", map[string][]byte{"large": write(t, r, Options{Organisation: "Eksempel kommune & omegn"}), "year": write(t, build(t, long), Options{})})
	year, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", filepath.Join(dir, "year.pdf"), "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	whole := false
	for _, page := range strings.Split(string(year), "\f") {
		first, last := strings.Contains(page, "Brutto: kostnadslinjer"), strings.Contains(page, "Mottatte forsendelser: sum per konteringskode")
		whole = whole || first && last && strings.Contains(page, "Regnskapslinjer")
		if first != last {
			t.Error("the controls of a year's report are cut by the end of a page")
		}
	}
	if !whole {
		t.Error("the controls are on no page")
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", filepath.Join(dir, "large.pdf"), "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(out), "\u00a0", " "), "\u202f", " ")
	if strings.Contains(text, "##") {
		t.Error("a column is too narrow for its amounts")
	}
	plain := func(o money.Ore) string { return strings.ReplaceAll(o.String(), "\u00a0", " ") }
	wants := []string{"Eksempel kommune & omegn", "Periode 01.01.2026–28.02.2026", "Side 1 av", plain(r.Money.Net), plain(r.Money.Gross), "971032146-REF1234567",
		"Konteringskode", "Kvittering for ukjent forsendelse", "Besparelse", "3 264 705,88", "illustrativ", "01.01.2026 07:00"}
	for _, c := range list(t, r.Costs) {
		wants = append(wants, plain(c.Gross), c.Source)
	}
	for _, s := range list(t, r.Shipments) {
		wants = append(wants, s.ID, s.Status)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on paper", want)
		}
	}
}

// A report of some accounts says which, and why invoices are not in it; what is no letter's has no konteringskode that could be missing.
func TestReportOfSomeAccounts(t *testing.T) {
	t.Parallel()
	in := fixture(t, 20)
	in.Only, in.Invoices, in.Accruals = []string{"skatt", "helse"}, nil, nil
	in.Deviations = []figures.DeviationRecord{
		{Day: "2026-02-20", Deviation: receipt.Deviation{Kind: receipt.DeviationInvoice, Expected: "1", Got: "2", Amount: 100}},
		{Day: "2026-02-21", Account: "skatt", Deviation: receipt.Deviation{Kind: receipt.DeviationWeight, Shipment: "x"}},
	}
	f := openBook(t, write(t, build(t, in), Options{}))
	for _, c := range []struct{ sheet, cell, want string }{
		{sheetSummary, "A2", "Gjelder bare: Helse og mestring, Skatt og innkreving."},
		{sheetInvoices, "A6", "står bare i rapporten for alle"},
		{sheetDeviations, "A2", "står bare i rapporten for alle"},
		{sheetAccruals, "A6", "lagt inn faktura for alle"},
		{sheetDeviations, "G7", codes.Missing},
	} {
		if got, err := f.GetCellValue(c.sheet, c.cell); err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %q, %v", c.sheet, c.cell, got, err)
		}
	}
	if got, err := f.GetCellValue(sheetDeviations, "G6"); err != nil || got != "" {
		t.Errorf("an invoice's deviation stands on %q, %v", got, err)
	}
}

func TestWidth(t *testing.T) {
	t.Parallel()
	for _, o := range []money.Ore{0, 5, -5, 99_99, 999_99, 1_000_00, -1_000_00, 123_456_789_01, -1_234_567_89} {
		// A negative amount below a krone shows its sign too, which a width may leave to the padding.
		if got, want := width(kindMoney, o), len([]rune(o.String())); got != want && !(o == -5 && got == want-1) {
			t.Errorf("%s takes %d characters, computed %d", o, want, got)
		}
	}
}

func TestWrappedLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width float64
		want  int
	}{{"", 10, 1}, {"kort", 10, 1}, {"Bergvik kommune, Skole og barnehage", 30, 2}, {"Bergvik kommune", 40, 1}, {strings.Repeat("x", 61), 32, 2},
		{"en to tre fire fem seks", 8, 5}, {"abc", 1, 1}} {
		if got := wrappedLines(c.text, c.width, 1); got != c.want {
			t.Errorf("%q takes %d lines of %v, want %d", c.text, got, c.width, c.want)
		}
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteFails(t *testing.T) {
	t.Parallel()
	if err := Write(failingWriter{}, build(t, fixture(t, 3)), Options{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a full disk: %v", err)
	}
	if err := Write(io.Discard, figures.Report{}, Options{}); err == nil {
		t.Error("a report that was never built was written")
	}
	if err := WriteCSV(failingWriter{}, build(t, fixture(t, 3)), TableCosts); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a full disk: %v", err)
	}
	if err := WriteCSV(io.Discard, build(t, fixture(t, 3)), "annet"); err == nil {
		t.Error("an unknown table was written")
	}
}

func TestWriteCSV(t *testing.T) {
	t.Parallel()
	in := fixture(t, 200)
	in.Shipments[0].AvgivendeSystem = "=cmd;\"x\""
	r := build(t, in)
	for _, table := range Tables() {
		var b bytes.Buffer
		if err := WriteCSV(&b, r, table); err != nil {
			t.Fatal(err)
		}
		data, marked := strings.CutPrefix(b.String(), "\ufeff")
		rd := csv.NewReader(strings.NewReader(data))
		rd.Comma = ';'
		rows, err := rd.ReadAll()
		if err != nil || !marked {
			t.Fatalf("%s: %v, byte order mark %v", table, err, marked)
		}
		want := map[Table]int{
			TableCodes: len(r.PerKonteringskode), TableCodeMonths: len(r.PerKonteringskode), TableCosts: r.Costs.Len(), TableDeviations: r.Deviations.Len(), TableShipments: r.Shipments.Len(),
			TableMonths: len(r.PerMonth), TableSenders: len(r.PerSender), TableBudgets: len(r.Budgets), TableWaste: len(r.Waste),
			TableInvoices: len(r.Invoices), TableAccruals: len(r.Accruals), TableAdvice: len(r.Advice), TablePrices: len(r.Prices), TableBenefits: len(r.Benefits),
		}[table]
		if len(rows) != want+1 {
			t.Errorf("%s has %d rows, want %d and a header", table, len(rows), want)
		}
		if i := slices.Index(rows[0], "Netto kr"); i >= 0 && table != TableWaste && table != TableBenefits && table != TableAccruals {
			var sum money.Ore
			for _, row := range rows[1:] {
				if row[i] == "" {
					continue
				}
				net, err := money.ParseOre(row[i])
				if err != nil {
					t.Fatalf("%s: %v", table, err)
				}
				sum += net
			}
			want := r.Money.Net
			if table == TableShipments {
				want -= 30901 // the minimum charge belongs to no shipment
			}
			if sum != want {
				t.Errorf("%s sums to %s, want %s", table, sum, want)
			}
		}
		for _, row := range rows {
			for _, field := range row {
				if _, err := money.ParseOre(field); err != nil && field != "" && !signedNumber.MatchString(field) && strings.ContainsRune("=+-@", rune(field[0])) {
					t.Errorf("%s: the field %q can be taken for a formula", table, field)
				}
			}
		}
		if table == TableShipments && rows[1][2] != `'=cmd;"x"` {
			t.Errorf("the system is written %q", rows[1][2])
		}
	}
}

// BenchmarkWorkbook builds and writes the report of a period in which 100,000 letters, and 1,000,000, were posted, besides as many
// shipments of other outcomes as fixtureRows gives; row by row.
// peak-MB is the most memory that the process took meanwhile; what it spills to disk is not in it.
func BenchmarkWorkbook(b *testing.B) {
	for _, letters := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("letters=%d", letters), func(b *testing.B) {
			n := letters * 187 / 100 // of which so many are posted in the period
			dir := b.TempDir()
			for b.Loop() {
				peakmemory.Reset()
				in := fixtureHead(b, n)
				in.Rows = figures.NewReportRows(dir)
				lines := 0
				must := func(err error) {
					if err != nil {
						b.Fatal(err)
					}
				}
				fixtureRows(b, n, func(s figures.ShipmentRecord) { must(in.Rows.Shipment(s)) },
					func(c figures.CostRecord) { lines++; must(in.Rows.Cost(c)) }, func(d figures.DeviationRecord) { must(in.Rows.Deviation(d)) })
				r := build(b, in)
				built := b.Elapsed()
				var size countingWriter
				must(Write(&size, r, Options{TempDir: dir}))
				must(r.Close())
				b.ReportMetric(built.Seconds(), "s-to-build")
				b.ReportMetric(float64(size)/1e6, "MB")
				b.ReportMetric(float64(r.Money.Letters), "letters")
				b.ReportMetric(float64(n+lines), "rows")
				b.ReportMetric(peakmemory.MiB(), "peak-MB")
			}
		})
	}
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}
