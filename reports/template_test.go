package reports

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// template writes a template with some cells on a sheet of its own.
func template(t *testing.T, sheet string, cells map[string]any) string {
	t.Helper()
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		t.Fatal(err)
	}
	for ref, v := range cells {
		if err := f.SetCellValue(sheet, ref, v); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "mal.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// withPart is a workbook with one more part.
func withPart(t *testing.T, path, part string) string {
	t.Helper()
	in, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "mal.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := zip.NewWriter(out)
	for _, f := range in.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Create(part); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Name()
}

// A template's sheets stand first, with the figures in the place of their placeholders; the report's follow.
func TestTemplate(t *testing.T) {
	t.Parallel()
	r := build(t, fixture(t, 50))
	path := template(t, "Rådmannen", map[string]any{"A1": "Til rådmannen i {{ organisasjon }}", "A2": "{{netto}}", "A3": "{{periode}}: {{brev}} brev", "A4": "uten"})
	f := openBook(t, write(t, r, Options{Organisation: "=Eksempel kommune", Template: path}))
	if names := f.GetSheetList(); names[0] != "Rådmannen" || names[1] != sheetSummary || len(names) != 1+len(sheetNames()) {
		t.Errorf("sheets: %v", names)
	}
	for ref, want := range map[string]string{"A1": "Til rådmannen i =Eksempel kommune", "A3": "01.01.2026–28.02.2026: ", "A4": "uten"} {
		if got, err := f.GetCellValue("Rådmannen", ref); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	if kind, err := f.GetCellType("Rådmannen", "A2"); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
		t.Errorf("the net is no number: %v, %v", kind, err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"unknown placeholder":  {template(t, "Ark", map[string]any{"B2": "{{nettoo}}"}), "cell B2: no placeholder {{nettoo}}"},
		"a sheet of ours":      {template(t, "rådata 2", nil), "which the report has too"},
		"no workbook":          {filepath.Join("..", "go.mod"), "is no Excel workbook"},
		"not there":            {"borte.xlsx", "borte.xlsx"},
		"cells by the million": {tooManyCells(t), "more than 100000 cells"},
		"macros":               {withPart(t, template(t, "Ark", nil), "xl/vbaProject.bin"), "has macros"},
		"links to files":       {withPart(t, template(t, "Ark", nil), "xl/externalLinks/externalLink1.xml"), "links to other files"},
	} {
		if err := Write(failingWriter{}, r, Options{Template: c.path}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// tooManyCells is a small file that is a large template.
func tooManyCells(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mal.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err == nil {
		_, err = w.Write([]byte("<worksheet><sheetData><row>" + strings.Repeat("<c/>", 100_001)))
	}
	if err := errors.Join(err, z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
