package reports

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// placeholder is what stands in a template's cell for a figure: {{netto}}.
var placeholder = regexp.MustCompile(`\{\{\s*([a-zæøå_]+)\s*\}\}`)

// placeholders are the figures that a template may show, as the cell's value.
func (b *book) placeholders() map[string]any {
	r := b.report
	digital := any("")
	if n := r.Counters.Digital() + r.Counters.Paper(); n > 0 {
		digital = float64(r.Counters.Digital()) / float64(n)
	}
	out := map[string]any{
		"organisasjon": b.opt.Organisation, "periode": periodText(r.From, r.To), "forste_dag": r.From.Norwegian(), "siste_dag": r.To.AddDays(-1).Norwegian(),
		"rapport": r.ReportID, "laget": r.Generated.In(r.Location).Format("02.01.2006 15:04"), "netto": r.Money.Net, "mva": r.Money.VAT, "brutto": r.Money.Gross,
		"produksjon": r.Money.Production, "porto": r.Money.Postage, "andre": r.Money.Other, "brev": r.Money.Letters, "mottatt": r.Counters.Received,
		"andel_digitalt": digital, "avvik": r.Deviations.Len(), "besparelse": "", "besparelse_modell": "",
	}
	if r.Benefit != nil {
		out["besparelse"] = r.Benefit.Saving()
	}
	if r.CostBenefit != nil {
		out["besparelse_modell"] = r.CostBenefit.Year.Saving
	}
	return out
}

// openTemplate opens a workbook that the report's sheets are added to. One with macros or links to other files is refused, and
// one with a sheet of a name that the report has.
func openTemplate(path string, opt excelize.Options) (*excelize.File, error) {
	if err := boundTemplate(path); err != nil {
		return nil, err
	}
	f, err := excelize.OpenFile(path, opt)
	if errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("template %s is no Excel workbook (xlsx), or is too large", path)
	}
	refused := ""
	f.Pkg.Range(func(name, _ any) bool {
		switch part := strings.ToLower(fmt.Sprint(name)); {
		case strings.Contains(part, "vbaproject"):
			refused = "has macros"
		case strings.Contains(part, "externallink"):
			refused = "has links to other files"
		}
		return refused == ""
	})
	for _, name := range f.GetSheetList() {
		for _, own := range sheetNames() {
			if strings.EqualFold(name, own) || strings.HasPrefix(strings.ToLower(name), strings.ToLower(own)+" ") {
				refused = fmt.Sprintf("has a sheet %q, which the report has too", name)
			}
		}
	}
	if refused != "" {
		return nil, errors.Join(fmt.Errorf("template %s %s", path, refused), f.Close())
	}
	return f, nil
}

// Limits of a template. excelize keeps all of its parts, and some twenty times what it reads of XML.
const (
	maxTemplatePart  = 8 << 20 // bytes of XML, unpacked
	maxTemplateCells = 100_000
)

// boundTemplate refuses a template that would take much memory.
func boundTemplate(path string) error {
	z, err := zip.OpenReader(path)
	if errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err != nil {
		return fmt.Errorf("template %s is no Excel workbook (xlsx)", path)
	}
	defer z.Close()
	w := &workbook{zip: &z.Reader}
	cells := 0
	for _, part := range z.File {
		name := strings.ToLower(part.Name)
		if !strings.HasSuffix(name, ".xml") && !strings.HasSuffix(name, ".rels") {
			continue
		}
		if part.UncompressedSize64 > maxTemplatePart {
			return fmt.Errorf("template %s has a part of more than %d MB, unpacked", path, maxTemplatePart>>20)
		}
		if !strings.HasPrefix(name, "xl/worksheets/") || !strings.HasSuffix(name, ".xml") {
			continue
		}
		err := w.each(part.Name, func(e xml.StartElement) error {
			if e.Name.Local == "c" {
				cells++
			}
			if cells > maxTemplateCells {
				return fmt.Errorf("has more than %d cells", maxTemplateCells)
			}
			return nil
		}, noText, noEnd)
		if err != nil {
			return fmt.Errorf("template %s: %w", path, err)
		}
	}
	return nil
}

// sheetNames are the report's own sheets.
func sheetNames() []string {
	return []string{
		sheetSummary, sheetCodes, sheetCodeMonths, sheetMonths, sheetSenders, sheetBudgets, sheetBenefit, sheetBenefits, sheetWaste, sheetInvoices, sheetAccruals, sheetDeviations, sheetAdvice,
		sheetPrices, sheetDefinitions, sheetCosts, sheetRaw,
	}
}

// fillTemplate puts the report's figures in the place of the placeholders of a template's sheets. A cell that is one placeholder
// gets its value, so that its number format holds; in longer text the figure is written as text.
func (b *book) fillTemplate(sheets []string) error {
	known := b.placeholders()
	for _, sheet := range sheets {
		cells, err := b.placeholderCells(sheet)
		if err != nil {
			return fmt.Errorf("template: sheet %s: %w", sheet, err)
		}
		for _, c := range cells {
			value, err := b.filled(c.value, known)
			if err == nil {
				err = b.file.SetCellValue(sheet, c.name(), value)
			}
			if err != nil {
				return fmt.Errorf("template: sheet %s, cell %s: %w", sheet, c.name(), err)
			}
		}
	}
	return nil
}

// placeholderCells are the cells of a sheet with placeholders. They are read a row at a time, since a row is as long as its last cell
// is far to the right.
func (b *book) placeholderCells(sheet string) (cells []sheetCell, err error) {
	rows, err := b.file.Rows(sheet)
	if err != nil {
		return nil, err
	}
	for y := 0; rows.Next(); y++ {
		row, err := rows.Columns()
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		for x, text := range row {
			if placeholder.MatchString(text) {
				cells = append(cells, sheetCell{row: y, column: x, value: text})
			}
		}
	}
	return cells, errors.Join(rows.Error(), rows.Close())
}

// filled is a template's text with figures in the place of its placeholders; the figure itself when there is nothing else.
func (b *book) filled(text string, known map[string]any) (any, error) {
	found := placeholder.FindAllStringSubmatch(text, -1)
	for _, m := range found {
		if _, ok := known[m[1]]; !ok {
			return nil, fmt.Errorf("no placeholder {{%s}}; there are: %s", m[1], strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	if len(found) == 1 && found[0][0] == text {
		return b.native(known[found[0][1]]), nil
	}
	return safeText(placeholder.ReplaceAllStringFunc(text, func(s string) string {
		v := known[placeholder.FindStringSubmatch(s)[1]]
		if words, ok := v.(string); ok {
			return words
		}
		return csvText(v, b.report.Location)
	})), nil
}
