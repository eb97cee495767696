package reports

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"postgang/billing/bounded"
)

// Limits of a workbook that is read. It is read by us and not by excelize, which keeps whole sheets, as wide as their last cell.
const (
	maxUnzipped   = 64 << 20 // of one part, unpacked
	maxWorkbook   = 32 << 20 // the file itself
	maxParts      = 10_000
	maxReadRows   = 100_001 // with the headings
	maxReadColumn = 40
	maxColumns    = 16_384   // of Excel
	maxReadText   = 32 << 20 // all texts together
	maxStyles     = 70_000   // Excel has at most 65 490
	maxTold       = 20       // problems
	maxSheetDepth = 50
)

// CellKind says what the cells of a column hold.
type CellKind int

// Kinds of cells.
const (
	CellText   CellKind = iota // a code or name, as it is shown
	CellDay                    // a day, given as 2026-01-31
	CellAmount                 // kroner
)

// ReadRows reads the first sheet of an Excel workbook (xlsx). The first row has the headings; kinds says by heading, in small
// letters, what is below; columns of other headings are text. A cell that does not say one thing alone stops the file: a number that
// is shown otherwise than it is kept, a formula whose value is not in the file, an error. Rows stand at their place in the sheet.
func ReadRows(data []byte, kinds map[string]CellKind) ([][]string, error) {
	if len(data) > maxWorkbook {
		return nil, fmt.Errorf("the workbook is larger than %d MB: is it the right file?", maxWorkbook>>20)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) > maxParts {
		return nil, errors.New("is no Excel workbook (xlsx), or is damaged")
	}
	w := &workbook{zip: z, kinds: kinds}
	if err := w.read(); err != nil {
		return nil, err
	}
	if len(w.problems) > 0 {
		return nil, errors.New("nothing was read of the workbook:\n  " + strings.Join(w.problems, "\n  "))
	}
	return w.rows, nil
}

// workbook is a workbook that is being read.
type workbook struct {
	zip      *zip.Reader
	kinds    map[string]CellKind
	days1904 bool
	sheet    string         // part of the first sheet
	strings  string         // part of the shared strings, or empty
	styles   string         // part of the styles, or empty
	formats  []string       // number format of each cell style
	shared   map[int]string // the shared strings that are used
	headings []CellKind
	width    int
	rows     [][]string
	waiting  []waiting // cells with a shared string
	texts    int       // bytes of texts that are kept
	problems []string
}

type sheetCell struct {
	row, column     int // from 0
	kind, style     string
	value           string
	formula, valued bool // has a formula, a value
}

// waiting is a cell whose text stands among the shared strings.
type waiting struct{ row, column, shared int32 }

// name is how Excel calls the cell.
func (c sheetCell) name() string { return cellName(c.column+1, c.row+1) }

func (w *workbook) wrong(c sheetCell, format string, args ...any) {
	if len(w.problems) < maxTold {
		w.problems = append(w.problems, "cell "+c.name()+": "+fmt.Sprintf(format, args...))
	}
}

var errDamaged = errors.New("the workbook is damaged, or has a part that no register has")

// each goes through the elements of a part. begin is told of elements that begin, text of what stands in them, end of their end.
func (w *workbook) each(part string, begin func(xml.StartElement) error, text func([]byte) error, end func(name string) error) error {
	f, err := w.zip.Open(part)
	if err != nil {
		return errDamaged
	}
	defer f.Close()
	in := io.LimitReader(f, maxUnzipped+1)
	counted := &counter{from: in}
	x := bounded.NewXML(counted, 4*maxCellText, maxSheetDepth)
	for {
		t, err := x.Token()
		switch {
		case counted.n > maxUnzipped:
			return fmt.Errorf("the workbook has a part of more than %d MB, unpacked: is it the right file?", maxUnzipped>>20)
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, bounded.ErrTooLong), errors.Is(err, bounded.ErrTooDeep):
			return errors.New("the workbook has a text that is longer, or elements that are deeper, than Excel writes")
		case err != nil:
			return errDamaged
		}
		switch t := t.(type) {
		case xml.StartElement:
			err = begin(t)
		case xml.CharData:
			err = text(t)
		case xml.EndElement:
			err = end(t.Name.Local)
		}
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// errEnough ends the reading of a part.
var errEnough = errors.New("enough was read")

type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

func noText([]byte) error { return nil }
func noEnd(string) error  { return nil }

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (w *workbook) read() error {
	for _, step := range []func() error{w.find, w.readStyles, w.readSheet, w.readShared} {
		if err := step(); err != nil {
			return err
		}
	}
	for _, c := range w.waiting {
		w.put(int(c.row), int(c.column), w.shared[int(c.shared)])
	}
	for len(w.rows) > 0 && strings.Join(w.rows[len(w.rows)-1], "") == "" {
		w.rows = w.rows[:len(w.rows)-1]
	}
	return nil
}

// relations are the parts that a part names, by id and by kind.
func (w *workbook) relations(part string) (byID, byKind map[string]string) {
	byID, byKind = map[string]string{}, map[string]string{}
	rels := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if part == "" {
		rels = "_rels/.rels"
	}
	_ = w.each(rels, func(e xml.StartElement) error {
		target := attr(e, "Target")
		if e.Name.Local != "Relationship" || target == "" || len(byID) > maxParts {
			return nil
		}
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(target, "/")
		} else {
			target = path.Join(path.Dir(part), target)
		}
		byID[attr(e, "Id")], byKind[path.Base(attr(e, "Type"))] = target, target
		return nil
	}, noText, noEnd)
	return byID, byKind
}

// find finds the parts that are read.
func (w *workbook) find() error {
	_, kinds := w.relations("")
	book := kinds["officeDocument"]
	if book == "" {
		return errors.New("is no Excel workbook (xlsx); save it as .xlsx, or as CSV UTF-8")
	}
	if strings.HasSuffix(book, ".bin") {
		return errors.New("is an Excel workbook of the binary kind (xlsb); save it as .xlsx, or as CSV UTF-8")
	}
	byID, kinds := w.relations(book)
	w.strings, w.styles = kinds["sharedStrings"], kinds["styles"]
	err := w.each(book, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			w.days1904 = truth(attr(e, "date1904"))
		case "sheet":
			if w.sheet == "" {
				for _, a := range e.Attr {
					if a.Name.Local == "id" && a.Name.Space != "" {
						w.sheet = byID[a.Value]
					}
				}
			}
		}
		return nil
	}, noText, noEnd)
	if err == nil && w.sheet == "" {
		err = errDamaged
	}
	return err
}

func truth(s string) bool { return s == "1" || s == "true" }

// readStyles reads which number format each style has.
func (w *workbook) readStyles() error {
	if w.styles == "" {
		return nil
	}
	codes := map[string]string{}
	inCells := false
	return w.each(w.styles, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			codes[attr(e, "numFmtId")] = attr(e, "formatCode")
		case "cellXfs":
			inCells = true
		case "xf":
			if inCells {
				id := attr(e, "numFmtId")
				code, own := codes[id]
				if !own {
					code = builtIn(id)
				}
				w.formats = append(w.formats, code)
			}
		}
		if len(codes) > maxStyles || len(w.formats) > maxStyles {
			return errDamaged
		}
		return nil
	}, noText, func(name string) error {
		if name == "cellXfs" {
			return errEnough
		}
		return nil
	})
}

// builtIn are the number formats that are not written out (ECMA-376, 18.8.30).
func builtIn(id string) string {
	switch id {
	case "", "0":
		return "General"
	case "1":
		return "0"
	case "2":
		return "0.00"
	case "3":
		return "#,##0"
	case "4":
		return "#,##0.00"
	case "9":
		return "0%"
	case "10":
		return "0.00%"
	case "14", "15", "16", "17", "22":
		return "dd.mm.yyyy"
	case "49":
		return "@"
	case "5", "6", "7", "8", "37", "38", "39", "40", "41", "42", "43", "44":
		return "#,##0.00"
	}
	return "number format " + id
}

// readSheet reads the cells of the first sheet, of the columns that have a heading.
func (w *workbook) readSheet() error {
	var c sheetCell
	var value strings.Builder
	row, column := -1, -1
	in := ""
	err := w.each(w.sheet, func(e xml.StartElement) error {
		switch in = e.Name.Local; in {
		case "row":
			row++
			column = -1
			if n, err := strconv.Atoi(attr(e, "r")); err == nil {
				row = n - 1
			}
			if row < 0 || row >= 1<<20 {
				return errDamaged
			}
		case "c":
			column++
			if at := attr(e, "r"); at != "" {
				col, line, ok := placeOf(at)
				if !ok || line != row {
					return errDamaged
				}
				column = col
			}
			c = sheetCell{row: row, column: column, kind: attr(e, "t"), style: attr(e, "s")}
		case "f":
			c.formula = true
		case "v":
			c.valued = true
		}
		return nil
	}, func(text []byte) error {
		if (in == "v" || in == "t") && value.Len()+len(text) <= 4*maxCellText {
			value.Write(text)
		}
		return nil
	}, func(name string) error {
		in = ""
		switch name {
		case "c":
			c.value = value.String()
			value.Reset()
			return w.take(c)
		case "row":
			if row == 0 {
				if err := w.readShared(); err != nil {
					return err
				}
				w.head()
			}
		case "sheetData":
			return errEnough
		}
		return nil
	})
	if err == nil && len(w.headings) == 0 && len(w.problems) == 0 {
		err = errors.New("the first row of the first sheet has no headings")
	}
	return err
}

// head knows the columns by the first row.
func (w *workbook) head() {
	for _, c := range w.waiting {
		w.put(int(c.row), int(c.column), w.shared[int(c.shared)])
	}
	w.waiting = nil
	if len(w.rows) == 0 {
		return
	}
	w.width = len(w.rows[0])
	for i, name := range w.rows[0] {
		kind, known := w.kinds[strings.ToLower(strings.TrimSpace(name))]
		if !known {
			kind = CellText
		}
		w.headings = append(w.headings, kind)
		if strings.TrimSpace(name) != "" {
			w.width = i + 1
		}
	}
}

var cellPlace = regexp.MustCompile(`^([A-Z]{1,3})([1-9][0-9]{0,6})$`)

// placeOf is column and row of a cell, from 0.
func placeOf(name string) (column, row int, ok bool) {
	m := cellPlace.FindStringSubmatch(name)
	if m == nil {
		return 0, 0, false
	}
	for _, l := range m[1] {
		column = column*26 + int(l-'A') + 1
	}
	row, _ = strconv.Atoi(m[2])
	return column - 1, row - 1, true
}

// take takes a cell that was read whole.
func (w *workbook) take(c sheetCell) error {
	empty := c.value == "" && !c.formula
	switch {
	case c.column >= maxColumns:
		return errDamaged
	case empty, c.row > 0 && c.column >= w.width: // nothing has a heading there
		return nil
	case c.column >= maxReadColumn:
		return fmt.Errorf("cell %s: the sheet has more than %d columns with a heading: is it the right file?", c.name(), maxReadColumn)
	case c.row >= maxReadRows:
		return fmt.Errorf("cell %s: the sheet has more than %d rows: is it the right file?", c.name(), maxReadRows)
	case c.formula && c.value == "" && (c.kind != "str" || !c.valued):
		w.wrong(c, "a formula whose value is not in the file: open the workbook in Excel and save it, or write the value itself")
		return nil
	}
	switch c.kind {
	case "s":
		n, err := strconv.Atoi(c.value)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return errDamaged
		}
		if w.shared == nil {
			w.shared = map[int]string{}
		}
		if _, there := w.shared[n]; !there {
			w.shared[n] = ""
		}
		w.waiting = append(w.waiting, waiting{int32(c.row), int32(c.column), int32(n)}) //nolint:gosec // all are small, see above
	case "str", "inlineStr":
		return w.keep(c, c.value)
	case "e":
		w.wrong(c, "the value is an error of Excel")
	case "b":
		w.wrong(c, "a truth value (TRUE, SANN); write it as text")
	case "d":
		return w.keep(c, c.value[:min(10, len(c.value))])
	default:
		if text, ok := w.number(c); ok {
			return w.keep(c, text)
		}
	}
	return nil
}

// keep keeps the text of a cell.
func (w *workbook) keep(c sheetCell, text string) error {
	if w.texts += len(text); w.texts > maxReadText {
		return errors.New("the sheet has more text than a register of codes has: is it the right file?")
	}
	w.put(c.row, c.column, text)
	return nil
}

func (w *workbook) put(at, column int, text string) {
	for len(w.rows) <= at {
		w.rows = append(w.rows, nil)
	}
	row := w.rows[at]
	if column >= len(row) {
		row = append(row, make([]string, column+1-len(row))...)
		w.rows[at] = row
	}
	row[column] = text
}

// readShared reads the shared strings that cells use and that are not read yet.
func (w *workbook) readShared() error {
	if !slices.ContainsFunc(w.waiting, func(c waiting) bool { return w.shared[int(c.shared)] == "" }) || w.strings == "" {
		return nil
	}
	n, in, phonetic := -1, false, false
	var text strings.Builder
	err := w.each(w.strings, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "si":
			n++
			text.Reset()
		case "rPh":
			phonetic = true
		case "t":
			in = true
		}
		return nil
	}, func(b []byte) error {
		if in && !phonetic && text.Len()+len(b) <= 4*maxCellText {
			text.Write(b)
		}
		return nil
	}, func(name string) error {
		switch name {
		case "t":
			in = false
		case "rPh":
			phonetic = false
		case "si":
			if _, used := w.shared[n]; used {
				if w.texts += text.Len(); w.texts > maxReadText {
					return errors.New("the sheet has more text than a register of codes has: is it the right file?")
				}
				w.shared[n] = text.String()
			}
		}
		return nil
	})
	return err
}

// number is the text of a number, by what its column holds. What it is shown as must be what is kept.
func (w *workbook) number(c sheetCell) (string, bool) {
	f, err := strconv.ParseFloat(c.value, 64)
	if err != nil || f < -1e15 || f > 1e15 {
		w.wrong(c, "no number that can be read")
		return "", false
	}
	kind := CellText
	if c.row > 0 && c.column < len(w.headings) {
		kind = w.headings[c.column]
	}
	plain := strconv.FormatFloat(f, 'f', -1, 64)
	format := "General"
	if s, err := strconv.Atoi(cmp.Or(c.style, "0")); err == nil && s >= 0 && s < len(w.formats) {
		format = w.formats[s]
	}
	switch kind {
	case CellDay:
		if !strings.ContainsAny(clean(format), "ymd") {
			w.wrong(c, "kept and shown as the number %s: write it as a date, or as text such as 2026-01-31", plain)
			return "", false
		}
		return w.dayOf(c, f)
	case CellAmount:
		if strings.ContainsAny(clean(format), "%Eymdhs") || strings.Contains(clean(format)+";", ",;") || strings.Contains(clean(format), ".000") {
			w.wrong(c, "kept as %s, and shown by the number format %s: which of the two is meant? Write the amount with the format 0.00", plain, short(format))
			return "", false
		}
		_, decimals, _ := strings.Cut(plain, ".")
		if len(decimals) > 2 {
			w.wrong(c, "kept as %s: an amount has at most two decimals", plain)
			return "", false
		}
		return strings.Replace(plain, ".", ",", 1), true
	case CellText:
	}
	digits := len(plain)
	switch {
	case zeros.MatchString(format) && len(format) > len(plain) && !strings.ContainsAny(plain, ".-"):
		w.wrong(c, "kept as %s, and shown as %s: which of the two is meant? Format the column as text, and write it so", plain, strings.Repeat("0", len(format)-len(plain))+plain)
		return "", false
	case format == "General" && digits <= 11, format == "@" || zeros.MatchString(format):
		if strings.Contains(plain, ".") && format != "General" && format != "@" {
			w.wrong(c, "kept as %s, and shown rounded: format the column as text, and write what is meant", plain)
			return "", false
		}
		return plain, true
	}
	w.wrong(c, "kept as %s, and shown by the number format %s: which of the two is meant? Format the column as text, and write it so", plain, short(format))
	return "", false
}

// dayOf is the day of a number: Excel counts days from 1900, or from 1904.
func (w *workbook) dayOf(c sheetCell, f float64) (string, bool) {
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if w.days1904 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	day := first.AddDate(0, 0, int(f))
	if f < 0 || f > 1e6 || day.Year() < 1990 || day.Year() > 2200 {
		w.wrong(c, "a number that is no day of our time; write it as a date, or as text such as 2026-01-31")
		return "", false
	}
	return day.Format("2006-01-02"), true
}

var zeros = regexp.MustCompile(`^0+$`)

var quoted = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|_.`)

// clean is a number format without its literal texts.
func clean(format string) string { return quoted.ReplaceAllString(format, "") }

// short is a number format as far as a message shows it.
func short(format string) string {
	if utf8.RuneCountInString(format) > 40 {
		return string([]rune(format)[:40]) + "…"
	}
	return format
}
