package reports

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"postgang/billing/civil"
	"postgang/billing/figures"
)

// Sheet names. A sheet name cannot hold a slash, so Kost/nytte stands as Kost-nytte with its right
// name as heading.
const (
	sheetSummary     = "Sammendrag"
	sheetCodes       = "Per konteringskode"
	sheetBenefit     = "Kost-nytte"
	sheetDeviations  = "Avvik"
	sheetCodeMonths  = "Kode per måned"
	sheetMonths      = "Per måned"
	sheetSenders     = "Per avsender og kanal"
	sheetInvoices    = "Kvittering mot faktura"
	sheetAccruals    = "Periodisering"
	sheetAdvice      = "Råd"
	sheetWaste       = "Spart og tapt"
	sheetBudgets     = "Budsjett"
	sheetBenefits    = "Kost-nytte per kode"
	sheetPrices      = "Prisliste"
	sheetDefinitions = "Definisjoner"
	sheetCosts       = "Kostnader"
	sheetRaw         = "Rådata"
)

// DefaultMaxRows is how many rows of data one sheet of Avvik, Kostnader or Rådata holds before the next sheet
// begins. Excel's own limit is 1,048,576 with headings.
const DefaultMaxRows = 1_000_000

// Options are what a workbook says of its maker, besides the figures.
type Options struct {
	Organisation string // shown in the title, printed headers and document properties
	Author       string // document property; "Postgang" when empty
	// MaxRows splits Avvik, Kostnader and Rådata into sheets of at most so many rows; DefaultMaxRows when 0.
	MaxRows int
	// Template is a workbook (xlsx) whose sheets stand before those of the report, with a logo and whatever else is in it, and
	// with figures in the place of placeholders such as {{netto}}; empty: none.
	Template string
	// TempDir is where the parts of the file wait until all are written; the system's folder when empty. They
	// hold no personal data.
	TempDir string
}

// book is a workbook being written.
type book struct {
	file   *excelize.File
	report figures.Report
	opt    Options
	style  *styles
	costs  tableRange
	few    map[string]tableRange // the tables of few rows that formulas refer to
	raw    tableRange
	seen   seen
	late   map[string]func(io.Writer) error // the rows of long tables, by the part that they belong in
}

// Write writes the report as an Excel workbook (xlsx). Equal reports and options give equal bytes.
func Write(w io.Writer, r figures.Report, opt Options) (err error) {
	if r.Location == nil || r.Generated.IsZero() {
		return fmt.Errorf("write workbook: the report was not made by figures.BuildReport")
	}
	if opt.MaxRows <= 0 || opt.MaxRows > DefaultMaxRows {
		opt.MaxRows = DefaultMaxRows
	}
	if opt.Author == "" {
		opt.Author = "Postgang"
	}
	options := excelize.Options{TmpDir: opt.TempDir, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped}
	f := excelize.NewFile(options)
	if opt.Template != "" {
		if f, err = openTemplate(opt.Template, options); err != nil {
			return fmt.Errorf("write workbook: %w", err)
		}
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("write workbook: %w", e)
		}
	}()
	z := newSortedZip(w, opt.TempDir)
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return z }) // the writer that is offered keeps the file in memory
	b := &book{file: f, report: r, opt: opt, late: map[string]func(io.Writer) error{}}
	if err := b.write(); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	z.late = b.late
	if err := f.Write(io.Discard); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

func (b *book) write() error {
	f := b.file
	var err error
	if b.opt.Template != "" {
		if err = b.fillTemplate(f.GetSheetList()); err == nil {
			_, err = f.NewSheet(sheetSummary)
		}
	} else if err = f.SetDefaultFont(fontName); err == nil {
		err = f.SetSheetName("Sheet1", sheetSummary)
	}
	if err != nil {
		return err
	}
	if b.style, err = newStyles(f); err != nil {
		return err
	}
	b.costs = newTableRange(sheetCosts, b.report.Costs.Len(), b.opt.MaxRows)
	b.few = map[string]tableRange{}
	for name, rows := range map[string]int{sheetMonths: len(b.report.PerMonth), sheetSenders: len(b.report.PerSender), sheetInvoices: len(b.report.Invoices), sheetBenefits: len(b.report.Benefits), sheetCodeMonths: len(b.report.PerKonteringskode)} {
		b.few[name] = newTableRange(name, rows, b.opt.MaxRows)
	}
	b.raw = newTableRange(sheetRaw, b.report.Shipments.Len(), b.opt.MaxRows)
	table := func(name string, of func() long) func() error { return func() error { return b.table(name, of()) } }
	for _, step := range []func() error{
		b.look, b.summary, b.codes, table(sheetCodeMonths, b.codeMonthTable), table(sheetMonths, b.monthTable), table(sheetSenders, b.senderTable), table(sheetBudgets, b.budgetTable),
		b.benefit, table(sheetBenefits, b.benefitRowTable), table(sheetWaste, b.wasteTable), b.invoices, table(sheetAccruals, b.accrualTable), b.deviations,
		table(sheetAdvice, b.adviceTable), table(sheetPrices, b.priceTable), table(sheetDefinitions, b.definitionTable), b.costLines, b.rawData, b.properties,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	f.SetActiveSheet(0)
	return nil
}

func (b *book) properties() error {
	r, made := b.report, b.report.Generated.UTC().Format(time.RFC3339)
	if err := b.file.SetDocProps(&excelize.DocProperties{
		Title:          "Kostnader for utskrift og porto, " + periodText(r.From, r.To),
		Subject:        "Kostnader per konteringskode og kost/nytte",
		Creator:        b.opt.Author,
		LastModifiedBy: b.opt.Author,
		Created:        made,
		Modified:       made,
		Description:    "Rapport " + r.ReportID,
		Identifier:     r.ReportID,
		Keywords:       "utskrift, porto, konteringskode, kost/nytte",
		Language:       "nb-NO",
	}); err != nil {
		return err
	}
	if err := b.file.SetAppProps(&excelize.AppProperties{Application: "Postgang", Company: b.opt.Organisation}); err != nil {
		return err
	}
	return b.file.SetDefinedName(&excelize.DefinedName{Name: "Rapport_id", RefersTo: `"` + strings.ReplaceAll(safeText(r.ReportID), `"`, `""`) + `"`})
}

// periodText writes a half-open period with its last day, as people say it.
func periodText(from, to civil.Date) string {
	return from.Norwegian() + "–" + to.AddDays(-1).Norwegian()
}
