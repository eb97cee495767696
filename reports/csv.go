package reports

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/billing/money"
)

// Table names a table that WriteCSV writes.
type Table string

// The tables of a report.
const (
	TableCodes      Table = "konteringskoder" // one row a konteringskode
	TableCosts      Table = "kostnader"       // one row a cost line
	TableDeviations Table = "avvik"           // one row a deviation
	TableShipments  Table = "radata"          // one row a shipment, without personal data
	TableCodeMonths Table = "koder-per-maned"
	TableMonths     Table = "maneder"
	TableSenders    Table = "avsendere"
	TableBudgets    Table = "budsjett"
	TableWaste      Table = "spart-og-tapt"
	TableInvoices   Table = "fakturaer"
	TableAccruals   Table = "periodisering"
	TableAdvice     Table = "rad"
	TablePrices     Table = "prisliste"
	TableBenefits   Table = "kost-nytte"
)

// Tables gives all tables in the order of the workbook's sheets.
func Tables() []Table {
	return []Table{TableCodes, TableCodeMonths, TableMonths, TableSenders, TableBudgets, TableBenefits, TableWaste, TableInvoices, TableAccruals, TableDeviations, TableAdvice, TablePrices, TableCosts, TableShipments}
}

// WriteCSV writes one table with the same columns and figures as the workbook's sheet: UTF-8 with byte
// order mark (which Excel needs to see æøå), semicolons, decimal comma, CR LF, days as YYYY-MM-DD and
// times as YYYY-MM-DD HH:MM in the report's location. There is no sum row.
//
// It is for people: a text that a spreadsheet would take for a formula (beginning with = + - @, and no plain number such as the
// konteringskode -100) is written with an apostrophe in front. Programs read WriteJSON, or ledger.WriteExport and WriteVoucher.
func WriteCSV(w io.Writer, r figures.Report, table Table) error {
	if err := writeCSV(w, r, table); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// columnsOf gives the columns and rows of a table.
func columnsOf(r figures.Report, table Table) (cols []column, rows tableRows, err error) {
	if r.Location == nil {
		return nil, rows, errors.New("the report was not made by figures.BuildReport")
	}
	b := &book{report: r}
	b.costs, b.raw = newTableRange(sheetCosts, 0, 1), newTableRange(sheetRaw, 0, 1) // the formulas are not used
	switch table {
	case TableCodes:
		cols, rows = codeColumns, few(r.PerKonteringskode, func(i int, c figures.CodeRow) []cell { return b.codeCells(c, firstRow+i) })
	default:
		of, known := map[Table]func() long{
			TableCosts:      func() long { return b.costTable(r.Costs) },
			TableDeviations: func() long { return b.deviationTable(r.Deviations) },
			TableShipments:  func() long { return b.rawTable(r.Shipments) },
			TableCodeMonths: b.codeMonthTable, TableMonths: b.monthTable, TableSenders: b.senderTable, TableBudgets: b.budgetTable, TableWaste: b.wasteTable,
			TableInvoices: b.invoiceTable, TableAccruals: b.accrualTable, TableAdvice: b.adviceTable, TablePrices: b.priceTable, TableBenefits: b.benefitRowTable,
		}[table]
		if !known {
			return nil, rows, fmt.Errorf("unknown table %q", table)
		}
		t := of()
		cols, rows = t.cols, t.rows
	}
	return cols, rows, nil
}

func writeCSV(w io.Writer, r figures.Report, table Table) error {
	cols, rows, err := columnsOf(r, table)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if _, err := out.WriteString("\ufeff"); err != nil {
		return err
	}
	enc := csv.NewWriter(out)
	enc.Comma, enc.UseCRLF = ';', true
	fields := make([]string, len(cols))
	for i, c := range cols {
		fields[i] = c.title
	}
	if err := enc.Write(fields); err != nil {
		return err
	}
	for cells, err := range rows.all {
		if err != nil {
			return err
		}
		for col, c := range cells {
			fields[col] = csvText(c.value, r.Location)
		}
		if err := enc.Write(fields); err != nil {
			return err
		}
	}
	enc.Flush()
	if err := enc.Error(); err != nil {
		return err
	}
	return out.Flush()
}

// signedNumber is what is a number and nothing else, in a spreadsheet too.
var signedNumber = regexp.MustCompile(`^[+-][0-9]+$`)

func csvText(v any, loc *time.Location) string {
	switch v := v.(type) {
	case nil:
		return ""
	case money.Ore:
		return v.Plain(",")
	case civil.Date:
		return string(v)
	case money.Decimal:
		return v.String()
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.In(loc).Format("2006-01-02 15:04")
	case float64:
		return strings.Replace(strconv.FormatFloat(v, 'f', 6, 64), ".", ",", 1)
	case string:
		v = safeText(v)
		if v != "" && strings.ContainsRune("=+-@", rune(v[0])) && !signedNumber.MatchString(v) {
			return "'" + v
		}
		return v
	}
	return fmt.Sprint(v)
}
