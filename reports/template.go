package reports

import (
	"errors"
	"fmt"
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
		rows, err := b.file.GetRows(sheet)
		if err != nil {
			return fmt.Errorf("template: sheet %s: %w", sheet, err)
		}
		for y, row := range rows {
			for x, text := range row {
				found := placeholder.FindAllStringSubmatch(text, -1)
				if len(found) == 0 {
					continue
				}
				cell := cellName(x+1, y+1)
				for _, m := range found {
					if _, ok := known[m[1]]; !ok {
						names := make([]string, 0, len(known))
						for name := range known {
							names = append(names, name)
						}
						slices.Sort(names)
						return fmt.Errorf("template: sheet %s, cell %s: no placeholder {{%s}}; there are: %s", sheet, cell, m[1], strings.Join(names, ", "))
					}
				}
				var value any
				if len(found) == 1 && found[0][0] == text {
					value = b.native(known[found[0][1]])
				} else {
					value = safeText(placeholder.ReplaceAllStringFunc(text, func(s string) string {
						v := known[placeholder.FindStringSubmatch(s)[1]]
						if words, ok := v.(string); ok {
							return words
						}
						return csvText(v, b.report.Location)
					}))
				}
				if err := b.file.SetCellValue(sheet, cell, value); err != nil {
					return fmt.Errorf("template: sheet %s, cell %s: %w", sheet, cell, err)
				}
			}
		}
	}
	return nil
}
