package reports

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// A row of ours is byte for byte what excelize writes for the same cells.
func TestRowsAreThoseOfExcelize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.Just(any(nil)), rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Map(rapid.Int64(), func(i int64) any { return i }),
			rapid.Map(rapid.Int64Range(-1e15, 1e15), func(i int64) any { return float64(i) / 100 }),
			rapid.Map(rapid.Int64Range(0, 4e9), func(s int64) any { return time.Unix(s, 0).UTC() }),
			rapid.Map(rapid.SampledFrom(append([]string{"", " ", "a ", "_x0041_", "_x005F_x0041_", "__x00e6__x005f_", "_x12_", "_x12345_", "&lt;", "\"Å'", "]]>"}, hostileTexts...)), func(s string) any { return safeText(s) }),
			rapid.Map(rapid.String(), func(s string) any { return safeText(s) }),
			rapid.Map(rapid.StringMatching(`(_x00[0-4][0-9a-fA-F]_[a-z])*`), func(s string) any { return s }),
		)
		values := rapid.SliceOfN(value, 1, 30).Draw(t, "values")
		styles := rapid.SliceOfN(rapid.IntRange(1, 40), len(values), len(values)).Draw(t, "styles")
		height := rapid.SampledFrom([]float64{0, 15, 27.5}).Draw(t, "height")

		f := excelize.NewFile()
		var got bytes.Buffer
		f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return newSortedZip(&got, "") })
		sw, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		cells := make([]any, len(values))
		for i, v := range values {
			cells[i] = excelize.Cell{StyleID: styles[i], Value: v}
		}
		if err := errors.Join(sw.SetRow("A6", cells, excelize.RowOpts{Height: height}), sw.Flush(), f.Write(io.Discard)); err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(got.Bytes()), int64(got.Len()))
		if err != nil {
			t.Fatal(err)
		}
		part, err := z.Open(sheetPart(1))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		var ours strings.Builder
		w := newRowWriter(&ours, len(values), 5)
		if w.put(height, styles, values); w.err != nil {
			t.Fatal(w.err)
		}
		_, rows, _ := strings.Cut(string(theirs), "<sheetData>")
		if rows, _, _ = strings.Cut(rows, rowsMark); rows != ours.String() {
			t.Fatalf("we write\n%s\nexcelize\n%s", ours.String(), rows)
		}
	})
}

// Every text is read back as it was, also where escapes overlap, which excelize gets wrong.
func TestEscapes(t *testing.T) {
	t.Parallel()
	escape := regexp.MustCompile(`_x[0-9a-fA-F]{4}_`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`(_x00[0-4][0-9a-fA-F]|_x005[Ff]|_|x|y)*`).Draw(t, "text")
		back := escape.ReplaceAllStringFunc(cellText(s), func(e string) string {
			n, err := strconv.ParseUint(e[2:6], 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			return string(rune(n))
		})
		if back != s {
			t.Fatalf("%q is written %q, read %q", s, cellText(s), back)
		}
	})
}

// Rows that nothing in the workbook asks for are not lost in silence.
func TestLateRowsWithoutTheirSheet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for name, content := range map[string]string{sheetPart(1): "<a/>", "other": rowsMark} {
		z := newSortedZip(&out, t.TempDir())
		z.late = map[string]func(io.Writer) error{sheetPart(1): func(io.Writer) error { return nil }}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err == nil || !strings.Contains(err.Error(), "sheet1.xml") {
			t.Errorf("%s: %v", name, err)
		}
	}
	z := newSortedZip(&out, t.TempDir())
	z.late = map[string]func(io.Writer) error{sheetPart(1): func(io.Writer) error { return os.ErrClosed }}
	w, err := z.Create(sheetPart(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, rowsMark); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("rows that cannot be read: %v", err)
	}
}
