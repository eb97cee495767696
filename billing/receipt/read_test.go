package receipt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/reading"
)

// manyRows are more than is read at once, with characters of two bytes in them.
func manyRows(n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{
			Line: i + 2, Job: fmt.Sprintf("DEMA%06d", i/100), Shipment: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), PostedAt: time.Date(2026, 11, 2, 12, 0, i%60, 0, time.UTC),
			PagesBW: i % 7, EnvelopesAuto: 1, WeightGram: 17, Production: 250, Postage: 1500, Konteringskode: strings.Repeat("æ", i%20),
		}
	}
	return rows
}

// TestRead: a file of many pieces is read as it stands, however its characters lie across their ends, and where it is wrong is told.
func TestRead(t *testing.T) {
	t.Parallel()
	rows := manyRows(3000)
	data, err := Encode(rows, DefaultFormat())
	if err != nil {
		t.Fatal(err)
	}
	read := func(data []byte) (got []Row, problems []reading.Problem) {
		problems, err := Read(bytes.NewReader(data), int64(len(data)), DefaultFormat(), func(r Row) error {
			got = append(got, r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got, problems
	}
	for before := range 4 { // so that each byte of a character stands at the end of a piece some time
		text := strings.Replace(string(data), "versjon", "versjon"+strings.Repeat(" ", before), 1)
		for _, bom := range []string{"", "\xef\xbb\xbf"} {
			got, problems := read([]byte(bom + text))
			if len(problems) > 0 || !slices.EqualFunc(got, rows, func(a, b Row) bool { return a.Line == b.Line && a.SameFacts(b) }) {
				t.Fatalf("%d rows, %v", len(got), problems)
			}
		}
	}
	for name, c := range map[string]struct {
		data string
		code string
	}{
		"a zero byte at the end":       {string(data) + "\x00", reading.ProblemEncoding},
		"the same letter at the end":   {string(data) + strings.Split(string(data), "\r\n")[1], reading.ProblemDuplicateRow},
		"half a row at the end":        {string(data) + "1;DEMA000001;", reading.ProblemFieldCount},
		"a row of another version":     {strings.Replace(string(data), "1;DEMA000029", "2;DEMA000029", 1), reading.ProblemVersion},
		"half a character, by UTF-8":   {string(data) + "\xc3", reading.ProblemCode}, // it is Windows-1252 then, and each æ two letters
		"nothing but space":            {strings.Repeat(" \r\n", 50_000), reading.ProblemEmpty},
		"UTF-16 where none is wanted":  {"\xff\xfe1\x00", reading.ProblemEncoding},
		"one that is longer than read": {string(data) + strings.Repeat("x", 200_000), reading.ProblemSyntax},
	} {
		if _, problems := read([]byte(c.data)); len(problems) == 0 || problems[0].Code != c.code {
			t.Errorf("%s: %v", name, problems[:min(3, len(problems))])
		}
	}
}

// torn is a file of which the end cannot be read.
type torn struct {
	data []byte
	at   int64
}

var errTorn = errors.New("the disk fails")

func (f torn) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > f.at {
		return 0, errTorn
	}
	return copy(b, f.data[at:]), nil
}

// TestReadFails: a disk that fails is no fault of the file, in any form of it; nor is a row that cannot be taken.
func TestReadFails(t *testing.T) {
	t.Parallel()
	rows := manyRows(3000)
	fixed := DefaultFormat()
	fixed.Syntax, fixed.Positions = SyntaxFixed, map[string][]int{}
	for i, col := range fixed.columns() {
		fixed.Positions[col] = []int{1 + i*40, 40}
	}
	for _, change := range []func(f *Format){
		func(*Format) {}, func(f *Format) { f.Syntax = SyntaxJSON }, func(f *Format) { f.Syntax, f.Row = SyntaxXML, "rad" }, func(f *Format) { *f = fixed }, func(f *Format) { f.Encoding = "utf-16" },
	} {
		f := DefaultFormat()
		change(&f)
		data, err := Encode(rows, f)
		if err != nil {
			t.Fatal(err)
		}
		all := func(Row) error { return nil }
		if problems, err := Read(torn{data, int64(len(data) / 2)}, int64(len(data)), f, all); !errors.Is(err, errTorn) {
			t.Errorf("%s: %v, %v", f.Syntax, problems, err)
		}
		n := 0
		_, err = Read(bytes.NewReader(data), int64(len(data)), f, func(Row) error {
			if n++; n == 10 {
				return io.ErrShortWrite
			}
			return nil
		})
		if !errors.Is(err, io.ErrShortWrite) || n != 10 {
			t.Errorf("%s: %d rows, %v", f.Syntax, n, err)
		}
	}
}
