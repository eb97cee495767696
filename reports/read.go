package reports

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// maxUnzipped is the largest workbook that is read, unpacked: a register of codes is far smaller.
const maxUnzipped = 64 << 20

// ReadRows reads the first sheet of a workbook as text. Columns whose heading in the first row is one of days hold dates, which
// are given as 2026-01-31.
func ReadRows(r io.Reader, days ...string) ([][]string, error) {
	f, err := excelize.OpenReader(r, excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped, RawCellValue: true})
	if err != nil {
		return nil, errors.New("is no Excel workbook (xlsx), or is too large")
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil {
		return nil, errors.New("the first sheet cannot be read")
	}
	if len(rows) == 0 {
		return nil, nil
	}
	for i, name := range rows[0] {
		if !slices.Contains(days, strings.ToLower(strings.TrimSpace(name))) {
			continue
		}
		for _, row := range rows[1:] {
			if i >= len(row) {
				continue
			}
			if serial, err := strconv.ParseFloat(row[i], 64); err == nil {
				if t, err := excelize.ExcelDateToTime(serial, false); err == nil {
					row[i] = t.Format("2006-01-02")
				}
			}
		}
	}
	return rows, nil
}
