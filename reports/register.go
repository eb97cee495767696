package reports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"postgang/billing/bounded"
)

// Limits of a register in CSV.
const (
	maxRegisterColumns = 40
	maxRegisterRows    = 100_001
)

// ReadRegister reads the rows of a register of konteringskoder: a CSV file with semicolons, in UTF-8 or Windows-1252, or the first
// sheet of a workbook. Rows have the numbers of their lines, so empty ones are kept. The error says in words for whoever has the
// file what is wrong with it.
func ReadRegister(data []byte) ([][]string, error) {
	switch {
	case len(data) == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return ReadRows(data, map[string]CellKind{"forste_dag": CellDay, "siste_dag": CellDay, "budsjett": CellAmount})
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return nil, errors.New("is a workbook of Excel 97–2003 (xls), or one with a password: save it as .xlsx without a password, or as CSV UTF-8")
	case bytes.HasPrefix(bytes.TrimLeft(data, "\xef\xbb\xbf \t\r\n"), []byte("<")):
		return nil, errors.New("is HTML or XML, which some programs name .xls: open it in Excel and save it as .xlsx, or as CSV UTF-8")
	case bytes.HasPrefix(data, []byte("%PDF")):
		return nil, errors.New("is a PDF: export the register as .xlsx or CSV")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, errors.New("is text in UTF-16 (Excel's \"Unicode text\"): save it as CSV UTF-8")
	case bytes.IndexByte(data, 0) >= 0:
		return nil, errors.New("is neither a workbook (xlsx) nor text")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		var err error
		if data, err = charmap.Windows1252.NewDecoder().Bytes(data); err != nil {
			return nil, errors.New("the file is neither UTF-8 nor Windows-1252")
		}
	}
	r := bounded.NewCSV(data, ';')
	r.ReuseRecord = true
	var rows [][]string
	for {
		fields, err := r.Read()
		var pe *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case errors.Is(err, bounded.ErrTooLong) && errors.As(err, &pe):
			return nil, fmt.Errorf("line %d: is longer than %d kB, or has a quotation mark that is never closed: is it the right file?", pe.StartLine, bounded.Piece>>10)
		case errors.As(err, &pe):
			return nil, fmt.Errorf("line %d: misplaced quotation mark", pe.StartLine)
		case err != nil:
			return nil, err
		}
		line, _ := r.FieldPos(0)
		switch {
		case len(rows) == 0 && len(fields) == 1 && strings.ContainsAny(fields[0], ",\t"):
			return nil, errors.New("the columns of the first line are not separated by semicolons: save it as CSV with semicolons")
		case len(fields) > maxRegisterColumns:
			return nil, fmt.Errorf("line %d: more than %d columns: is it the right file?", line, maxRegisterColumns)
		case line > maxRegisterRows:
			return nil, fmt.Errorf("line %d: more than %d lines: is it the right file?", line, maxRegisterRows)
		}
		for len(rows) < line-1 { // lines that are empty or within a field, so that problems name the file's lines
			rows = append(rows, nil)
		}
		row := make([]string, len(fields))
		for i, f := range fields {
			row[i] = strings.Clone(f)
		}
		rows = append(rows, row)
	}
}
