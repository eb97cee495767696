package reports

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/xuri/excelize/v2"
)

// Largest codes that Sammendrag shows.
const largestCodes = 10

// Rows and columns that a chart takes on Sammendrag.
const (
	chartRows   = 13
	chartWidth  = 1010 // pixels
	chartHeight = 230
)

// charts writes the largest konteringskoder, and pictures of them and of the months, on a printed page of their own.
func (b *book) charts(s *sheet) error {
	st, rows := b.style, b.report.PerKonteringskode
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(rows[y].Money.Net, rows[x].Money.Net) })
	order = slices.DeleteFunc(order[:min(largestCodes, len(order))], func(i int) bool { return rows[i].Money.Net <= 0 })

	s.blank()
	s.breakBefore(s.row + 1)
	at := s.row + 3
	s.block(at, "Største konteringskoder", "Konteringskode", "Netto", "Brev", "Netto per brev")
	for _, i := range order {
		row, ref := rows[i], func(col int) string { return quoteSheet(sheetCodes) + "!" + absName(col, firstRow+i) }
		s.put(16, cell{st.text, row.Code, ""}, cell{st.money, row.Money.Net, ref(codeNet)}, cell{st.integer, row.Money.Letters, ref(codeLetters)},
			cell{st.money, row.Money.Per(), ref(codeAverage)})
	}
	if len(order) == 0 {
		s.put(16, cell{st.note, "Ingen kostnader i perioden.", ""})
	}
	top := s.row + 2
	months := b.few[sheetMonths]
	head := func(col int) string { return quoteSheet(sheetMonths) + "!" + absName(col, headerRow) }
	charts := []excelize.Chart{{
		Type: excelize.ColStacked,
		Series: []excelize.ChartSeries{
			b.series(head(11), months.ref(0, 1), months.ref(0, 11), colourHead),
			b.series(head(12), months.ref(0, 1), months.ref(0, 12), "C98A1B"),
			b.series(head(13), months.ref(0, 1), months.ref(0, 13), colourMuted),
		},
		Title:  chartText("Netto kostnad per måned, kr"),
		Legend: excelize.ChartLegend{Position: "right", Font: chartFont()},
	}}
	if n := len(order); n > 0 {
		charts = append(charts, excelize.Chart{
			Type: excelize.Bar,
			Series: []excelize.ChartSeries{b.series(fmt.Sprintf("%s!%s", sheetSummary, absName(2, at)), fmt.Sprintf("%s!%s:%s", sheetSummary, absName(1, at+1), absName(1, at+n)),
				fmt.Sprintf("%s!%s:%s", sheetSummary, absName(2, at+1), absName(2, at+n)), colourHead)},
			Title:  chartText("Største konteringskoder, netto kr"),
			Legend: excelize.ChartLegend{Position: "none"},
			YAxis:  excelize.ChartAxis{NumFmt: excelize.ChartNumFmt{CustomNumFmt: fmtInt}, Font: *chartFont()},
			XAxis:  excelize.ChartAxis{ReverseOrder: true, Font: *chartFont()},
		})
	}
	for i := range charts {
		c := &charts[i]
		c.Dimension = excelize.ChartDimension{Width: chartWidth, Height: chartHeight}
		c.Format = excelize.GraphicOptions{AltText: chartAlt(c), ScaleX: 1, ScaleY: 1}
		if c.Type == excelize.ColStacked {
			c.YAxis = excelize.ChartAxis{NumFmt: excelize.ChartNumFmt{CustomNumFmt: fmtInt}, MajorGridLines: true, Font: *chartFont()}
			c.XAxis = excelize.ChartAxis{Font: *chartFont()}
		}
		if err := b.file.AddChart(sheetSummary, cellName(1, top+i*chartRows), c); err != nil {
			return fmt.Errorf("draw chart: %w", err)
		}
	}
	return nil
}

func (b *book) series(name, categories, values, colour string) excelize.ChartSeries {
	return excelize.ChartSeries{Name: name, Categories: categories, Values: values, Fill: solid(colour)}
}

func chartText(text string) excelize.ChartTitle {
	return excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: text, Font: &excelize.Font{Bold: true, Size: 12, Color: colourHead}}}}
}

func chartFont() *excelize.Font { return &excelize.Font{Family: fontName, Size: 9, Color: colourInk} }

// chartAlt is read to those who do not see the picture.
func chartAlt(c *excelize.Chart) string {
	return c.Title.Paragraph[0].Text + ". Tallene står i tabellene på samme ark og på arket Per måned."
}
