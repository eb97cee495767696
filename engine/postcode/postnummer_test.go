package postcode

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// testRegister is in the form of Bring's file; its rows are made up, but for the first.
const testRegister = "0001\tOSLO\t0301\tOSLO\tP\r\n" +
	"0099\tTESTSTED\t0301\tOSLO\tS\r\n" +
	"5003\tBERGEN\t4601\tBERGEN\tG\r\n" +
	"9990\tBÅTSFJORD\t5632\tBÅTSFJORD\tB\r\n" +
	"9991\tSTORE ØRA\t5632\tBÅTSFJORD\tF\r\n"

func TestPostcodeRegisterInBothCharacterSets(t *testing.T) {
	t.Parallel()
	ansi, err := charmap.Windows1252.NewEncoder().String(testRegister)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"UTF-8": testRegister, "UTF-8 with mark": "\ufeff" + testRegister, "Windows-1252": ansi} {
		r, err := Parse(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := Entry{Postcode: "9990", City: "BÅTSFJORD", Municipality: "5632", Category: PostcodeBoth}
		if got, ok := r.Lookup("9990"); !ok || got != want || r.Len() != 5 {
			t.Errorf("%s: %+v %v, %d rows", name, got, ok, r.Len())
		}
		if _, ok := r.Lookup("1"); ok {
			t.Errorf("%s: leading zeros count", name)
		}
	}
}

func TestPostcodeRegisterLineErrors(t *testing.T) {
	t.Parallel()
	text := "0001\tOSLO\t0301\tOSLO\tP\n" +
		"1\tOSLO\t0301\tOSLO\tP\n" +
		"0002\t\t0301\tOSLO\tP\n" +
		"0003\tOSLO\t301\tOSLO\tP\n" +
		"0004\tOSLO\t0301\tOSLO\tX\n" +
		"0005 OSLO 0301 OSLO P\n" +
		"\n" +
		"0001\tOSLO\t0301\tOSLO\tP\n"
	_, err := Parse(strings.NewReader(text))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, line := range []int{2, 3, 4, 5, 6, 8} {
		if !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", line)) {
			t.Errorf("line %d is not named in: %v", line, err)
		}
	}
	if strings.Contains(err.Error(), "line 1: ") || strings.Contains(err.Error(), "line 7: ") {
		t.Errorf("good lines are named in: %v", err)
	}
	many := strings.Repeat("x\n", 1000)
	if _, err := Parse(strings.NewReader(many)); err == nil || strings.Count(err.Error(), "line ") != maxRegisterErrors {
		t.Errorf("a thousand bad lines: %v", err)
	}
	for _, empty := range []string{"", "\n\r\n"} {
		if _, err := Parse(strings.NewReader(empty)); err == nil {
			t.Error("an empty file is no register")
		}
	}
	if _, err := Parse(strings.NewReader(strings.Repeat(" ", MaxRegisterBytes+1))); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("too large a file: %v", err)
	}
}

func FuzzParsePostcodeRegister(f *testing.F) {
	f.Add([]byte(testRegister))
	f.Add([]byte("\ufeff0001\tOSLO\t0301\tOSLO\tP"))
	f.Add([]byte("9990\tB\xc5TSFJORD\t5632\tB\xc5TSFJORD\tB\n"))
	f.Add([]byte("0001\tOSLO\n\xff\xfe"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		if r.Len() == 0 {
			t.Error("accepted without a row")
		}
		for code, row := range r.rows {
			if !Digits(code, 4) || row.City == "" || row.Postcode != code {
				t.Errorf("accepted %+v", row)
			}
		}
	})
}
