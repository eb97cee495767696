package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// excelize keeps the rows of every sheet in memory, some ten megabytes a sheet, until the workbook is written. The rows of the
// long tables, which may be a million, are written here instead, in the same form, straight into the zip file.

// rowsMark is what the rows of a sheet stand before, in the part that excelize writes.
const rowsMark = "</sheetData>"

// sheetPart is the name of a sheet's part in the workbook, for sheets that are added to it.
func sheetPart(id int) string { return fmt.Sprintf("xl/worksheets/sheet%d.xml", id) }

// rowWriter writes rows of cells without formulas.
type rowWriter struct {
	out     io.Writer
	columns []string // their letters
	buf     []byte
	row     int // last row written
	err     error
}

func newRowWriter(out io.Writer, columns, after int) *rowWriter {
	w := &rowWriter{out: out, row: after}
	for i := range columns {
		w.columns = append(w.columns, strings.TrimRight(cellName(i+1, 1), "1"))
	}
	return w
}

// put writes a row of the given height in points, 0 for the default. Values are those that native gives.
func (w *rowWriter) put(height float64, styles []int, values []any) {
	w.row++
	if w.err != nil {
		return
	}
	row := strconv.Itoa(w.row)
	b := append(w.buf[:0], `<row r="`...)
	b = append(append(b, row...), '"')
	if height > 0 {
		b = append(b, ` ht="`...)
		b = strconv.AppendFloat(b, height, 'f', -1, 64)
		b = append(b, `" customHeight="1"`...)
	}
	b = append(b, '>')
	for i, v := range values {
		b = append(append(append(append(b, `<c r="`...), w.columns[i]...), row...), '"')
		if styles[i] != 0 {
			b = append(strconv.AppendInt(append(b, ` s="`...), int64(styles[i]), 10), '"')
		}
		b = appendValue(b, v)
	}
	b = append(b, `</row>`...)
	w.buf = b
	_, w.err = w.out.Write(b)
}

// appendValue writes the rest of a cell.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, `></c>`...)
	case string:
		b = append(b, ` t="inlineStr"><is><t`...)
		if v != strings.Trim(v, " ") {
			b = append(b, ` xml:space="preserve"`...)
		}
		b = append(b, '>')
		b = append(b, cellText(v)...)
		return append(b, `</t></is></c>`...)
	}
	b = append(b, `><v>`...)
	switch v := v.(type) {
	case int:
		b = strconv.AppendInt(b, int64(v), 10)
	case int64:
		b = strconv.AppendInt(b, v, 10)
	case float64:
		b = strconv.AppendFloat(b, v, 'f', -1, 64)
	case time.Time:
		b = strconv.AppendFloat(b, serial(v), 'f', -1, 64)
	default:
		panic(fmt.Sprintf("reports: no cell for a %T", v))
	}
	return append(b, `</v></c>`...)
}

// cellText writes a text for XML. What looks like the file format's own escape, _x0041_, is escaped itself (ECMA-376 part 1,
// 22.9.2.19).
func cellText(s string) string {
	if strings.ContainsAny(s, "&<>\"'") {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
		s = b.String()
	}
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if isEscape(s[i:]) {
			b.WriteString("_x005F")
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isEscape(s string) bool {
	if len(s) < 7 || s[0] != '_' || s[1] != 'x' || s[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(s[2:6], 16, 16)
	return err == nil
}

// spreadsheetEpoch is day 0 of a spreadsheet's days, as all days since March 1900 are counted.
var spreadsheetEpoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// serial is a time as a spreadsheet counts it: days, the time of day as a fraction.
func serial(t time.Time) float64 {
	const day = 24 * time.Hour
	since := t.Sub(spreadsheetEpoch)
	return float64(since/day) + float64(since%day)/float64(day)
}
