package receipt

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"

	"postgang/billing/reading"
)

// Damage that leaves no valid file: every one is refused whole, and told with line or remedy.
func TestDamagedReceiptsAreRefusedWhole(t *testing.T) {
	t.Parallel()
	three := header1 + row1 + strings.ReplaceAll(row1, "S1", "S2") + strings.ReplaceAll(row1, "S1", "S3")
	wide := func(bigEndian bool) string {
		var b strings.Builder
		for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(three))...) {
			if bigEndian {
				b.Write([]byte{byte(u >> 8), byte(u)})
			} else {
				b.Write([]byte{byte(u), byte(u >> 8)})
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct{ data, code string }{
		"rows doubled":            {three + strings.TrimPrefix(three, header1), reading.ProblemDuplicateRow},
		"file doubled":            {three + three, reading.ProblemVersion},
		"decimal signs swapped":   {header1 + strings.ReplaceAll(row1, ",", "."), reading.ProblemAmount},
		"one decimal sign":        {strings.Replace(three, "5,70", "5.70", 1), reading.ProblemAmount},
		"UTF-16, little end":      {wide(false), reading.ProblemEncoding},
		"UTF-16, big end":         {wide(true), reading.ProblemEncoding},
		"UTF-16 without mark":     {wide(false)[2:], reading.ProblemEncoding},
		"byte order mark twice":   {"\ufeff\ufeff" + three, reading.ProblemUnknownColumn},
		"byte order mark inside":  {header1 + "\ufeff" + row1, reading.ProblemVersion},
		"CR alone":                {strings.ReplaceAll(three, "\n", "\r"), reading.ProblemUnknownColumn},
		"zero bytes at the end":   {three + strings.Repeat("\x00", 4096), reading.ProblemEncoding},
		"zero byte in a field":    {strings.Replace(three, "S2", "S\x002", 1), reading.ProblemEncoding},
		"huge id":                 {strings.Replace(three, "S2", strings.Repeat("S", 1<<15), 1), reading.ProblemID},
		"huge number":             {strings.Replace(three, ";17;", ";"+strings.Repeat("9", 1<<15)+";", 1), reading.ProblemTooLarge},
		"huge konteringskode":     {strings.Replace(three, "0100-Ås", strings.Repeat("0", 1<<15), 1), reading.ProblemCode},
		"endless id":              {strings.Replace(three, "S2", strings.Repeat("S", 1<<20), 1), reading.ProblemSyntax},
		"quotation mark unclosed": {strings.Replace(three, ";S2;", `;"S2;`, 1), reading.ProblemSyntax},
		"column gone":             {strings.Replace(three, ";porto", "", 1), reading.ProblemMissingColumn},
		"column twice":            {strings.Replace(three, "porto", "vekt_gram", 1), reading.ProblemDuplicateColumn},
		"column more":             {strings.Replace(three, "porto", "porto;mva", 1), reading.ProblemUnknownColumn},
	} {
		rows, problems := Parse([]byte(c.data), DefaultFormat())
		if rows != nil || len(problems) == 0 {
			t.Errorf("%s: %d rows, problems %v", name, len(rows), problems)
			continue
		}
		found := false
		for _, p := range problems {
			found = found || p.Code == c.code
			if len(p.String()) > 500 {
				t.Errorf("%s: a problem of %d characters repeats the field", name, len(p.String()))
			}
		}
		if !found {
			t.Errorf("%s: no problem %s in %v", name, c.code, problems)
		}
	}
}

// A file cut at any byte gives no row that was not in it, but for the last field of the row it was cut in:
// where a file ends between two rows, or in its optional last field, its bytes alone do not tell.
func TestReceiptsCutAnywhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := DefaultFormat()
		rows := genRows(1, 4).Draw(t, "rows")
		data, err := Encode(rows, f)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range len(data) {
			got, problems := Parse(data[:cut], f)
			if len(problems) > 0 {
				if got != nil {
					t.Fatalf("cut at %d: %d rows of a file with problems", cut, len(got))
				}
				continue
			}
			whole := bytes.Count(data[:cut], []byte("\n")) - 1
			if len(got) != whole && len(got) != whole+1 || len(got) > len(rows) {
				t.Fatalf("cut at %d, after %d rows: %d rows", cut, whole, len(got))
			}
			for i, r := range got {
				want := rows[i]
				if i == whole {
					if !strings.HasPrefix(want.Konteringskode, r.Konteringskode) {
						t.Fatalf("cut at %d: row %d has a code that was not in it", cut, i)
					}
					want.Konteringskode = r.Konteringskode
				}
				if !r.SameFacts(want) {
					t.Fatalf("cut at %d: row %d was %+v, is %+v", cut, i, want, r)
				}
			}
		}
	})
}

// One byte changed anywhere: the whole file or nothing.
func TestReceiptsWithAByteChanged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := genRows(1, 6).Draw(t, "rows")
		data, err := Encode(rows, DefaultFormat())
		if err != nil {
			t.Fatal(err)
		}
		data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		got, problems := Parse(data, DefaultFormat())
		switch {
		case len(problems) > 0 && got != nil:
			t.Fatalf("%d rows of a file with problems", len(got))
		case len(problems) == 0 && len(got) != len(rows):
			t.Fatalf("%d of %d rows, and no problem", len(got), len(rows))
		}
	})
}

// BenchmarkParse reads one receipt file of 1,000,000 rows.
func BenchmarkParse(b *testing.B) {
	const n = 1_000_000
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{Job: fmt.Sprintf("DEMA%06d", i/1000), Shipment: fmt.Sprintf("S%09d", i), PrintID: fmt.Sprintf("P%09d", i),
			PostedAt: time.Date(2026, 1, 5, 13, 30, 0, 0, time.UTC), PagesBW: 3, EnvelopesAuto: 1, ExtraSheetsAuto: 1,
			WeightGram: 17, Production: 570, Postage: 750, Konteringskode: "0100"}
	}
	data, err := Encode(rows, DefaultFormat())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if got, problems := Parse(data, DefaultFormat()); len(got) != n || len(problems) > 0 {
			b.Fatalf("%d rows, %d problems", len(got), len(problems))
		}
	}
}
