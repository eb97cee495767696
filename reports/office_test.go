package reports

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"postgang/billing/money"
	"postgang/fixtures/judges"
)

// officeSettings make LibreOffice calculate every formula anew on loading, so that a cached value that
// is wrong is found, with a Norwegian reader's settings.
const officeSettings = `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>nb-NO</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
`

// office converts workbooks with LibreOffice, under a profile of its own, and gives the folder.
func office(t testing.TB, to string, books map[string][]byte) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts LibreOffice")
	}
	judges.Need(t, "soffice")
	dir := t.TempDir()
	profile := filepath.Join(dir, "profile")
	if err := os.MkdirAll(filepath.Join(profile, "user"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "user", "registrymodifications.xcu"), []byte(officeSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-env:UserInstallation=file://" + filepath.ToSlash(profile), "--headless", "--convert-to", to, "--outdir", dir}
	for name, data := range books {
		path := filepath.Join(dir, name+".xlsx")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.CommandContext(t.Context(), "soffice", args...).CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, out)
	}
	return dir
}

// recalculated is a workbook's cells as LibreOffice computes them.
type recalculated map[string][][]string

// recalculate gives every sheet of every workbook after LibreOffice has calculated all formulas anew.
func recalculate(t testing.TB, books map[string][]byte) map[string]recalculated {
	t.Helper()
	// All sheets, separated by semicolons, UTF-8, values as they are and not as shown.
	dir := office(t, "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,false,false,false,false,-1", books)
	out := map[string]recalculated{}
	for name := range books {
		files, err := filepath.Glob(filepath.Join(dir, name+"-*.csv"))
		if err != nil || len(files) == 0 {
			t.Fatalf("LibreOffice wrote no sheets of %s: %v", name, err)
		}
		out[name] = recalculated{}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := csv.NewReader(bytes.NewReader(data))
			r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, false
			rows, err := r.ReadAll()
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			// encoding/csv leaves out empty lines; LibreOffice writes their separators, so none are empty.
			sheet := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), name+"-"), ".csv")
			out[name][sheet] = rows
		}
	}
	return out
}

func (r recalculated) at(sheet string, col, row int) string {
	if rows := r[sheet]; row <= len(rows) && col <= len(rows[row-1]) {
		return rows[row-1][col-1]
	}
	return ""
}

// ore reads a cell as kroner and gives whole øre; it fails when the cell is not a whole number of øre.
func (r recalculated) ore(t testing.TB, sheet string, col, row int) money.Ore {
	t.Helper()
	text := r.at(sheet, col, row)
	v, err := number(text)
	if err != nil {
		t.Fatalf("%s %s is %q, not an amount", sheet, cellName(col, row), text)
	}
	ore := v * 100
	whole := money.Ore(roundHalf(ore))
	if d := ore - float64(whole); d > 1e-4 || d < -1e-4 {
		t.Errorf("%s %s = %v is no whole number of øre", sheet, cellName(col, row), v)
	}
	return whole
}

func roundHalf(f float64) int64 {
	if f < 0 {
		return int64(f - 0.5)
	}
	return int64(f + 0.5)
}

// checkAgainstCache compares every formula's cached value with what LibreOffice makes of the formula,
// and gives the number of formulas.
func checkAgainstCache(t *testing.T, data []byte, calc recalculated) int {
	t.Helper()
	f := openBook(t, data)
	formulas := 0
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			for j := range rows[i] {
				ref := cellName(j+1, i+1)
				formula, err := f.GetCellFormula(sheet, ref)
				if err != nil {
					t.Fatal(err)
				}
				got := calc.at(sheet, j+1, i+1)
				if strings.HasPrefix(got, "#") || strings.HasPrefix(got, "Err:") {
					t.Errorf("%s %s is the error %s", sheet, ref, got)
				}
				if formula == "" {
					continue
				}
				formulas++
				if cached := rows[i][j]; !sameValue(cached, got) {
					t.Errorf("%s %s: cached %q, LibreOffice computes %q from %s", sheet, ref, cached, got, formula)
				}
			}
		}
	}
	return formulas
}

func sameValue(a, b string) bool {
	x, err1 := number(a)
	y, err2 := number(b)
	if err1 != nil || err2 != nil {
		return a == b
	}
	return x-y < 1e-9*max(1, x, -x) && y-x < 1e-9*max(1, x, -x)
}

// number reads a value as LibreOffice writes it for a Norwegian reader.
func number(s string) (float64, error) {
	plain, percent := strings.CutSuffix(strings.Replace(s, ",", ".", 1), "%")
	v, err := strconv.ParseFloat(plain, 64)
	if percent {
		v /= 100
	}
	return v, err
}

func openBook(t testing.TB, data []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// edit changes cells as a person would, leaving every cached value as it was.
func edit(t testing.TB, data []byte, change func(set func(sheet, ref string, v any))) []byte {
	t.Helper()
	f := openBook(t, data)
	change(func(sheet, ref string, v any) {
		if err := f.SetCellValue(sheet, ref, v); err != nil {
			t.Fatal(err)
		}
	})
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
