package bounded

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

// taken is how much memory a function asks for in all, in bytes.
func taken(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestBound: a piece without an end ends with an error, and takes no more memory than its bound lets it, though the text is large.
func TestBound(t *testing.T) {
	const size = 20 << 20
	csvOf := func(text string) func() error {
		data := []byte(text)
		return func() error {
			r := NewCSV(data, ';')
			r.ReuseRecord = true
			for {
				if _, err := r.Read(); err != nil {
					return err
				}
			}
		}
	}
	xmlOf := func(text string) func() error {
		return func() error {
			x := NewXML(strings.NewReader(text), Piece, 16)
			for {
				if _, err := x.Token(); err != nil {
					return err
				}
			}
		}
	}
	jsonOf := func(text string) func() error {
		return func() error {
			j := NewJSON(strings.NewReader(text), Piece)
			for {
				if _, err := j.Token(); err != nil {
					return err
				}
			}
		}
	}
	many := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, c := range map[string]struct {
		read func() error
		want error
	}{
		"fields":            {csvOf("a;b\n" + many(";")), ErrTooLong},
		"quoted lines":      {csvOf("a;b\n\"" + many("x\n")), ErrTooLong},
		"quoted fields":     {csvOf("a;b\n" + many("\"\n\";")), ErrTooLong},
		"text of XML":       {xmlOf("<a>" + many("x")), ErrTooLong},
		"attributes":        {xmlOf("<a " + many("b='' ")), ErrTooLong},
		"comment":           {xmlOf("<a><!--" + many("<x")), ErrTooLong},
		"instruction":       {xmlOf("<?a " + many("x")), ErrTooLong},
		"cdata":             {xmlOf("<a><![CDATA[" + many("<")), ErrTooLong},
		"name":              {xmlOf("<" + many("a")), ErrTooLong},
		"depth":             {xmlOf(many("<a>")), ErrTooDeep},
		"text of JSON":      {jsonOf(`["` + many("x")), ErrTooLong},
		"digits":            {jsonOf(`[` + many("1")), ErrTooLong},
		"space":             {jsonOf(`[` + many(" ")), ErrTooLong},
		"lines, which pass": {csvOf("a;b\n" + many("1;2\n")), io.EOF},
	} {
		var err error
		used := taken(func() { err = c.read() })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if most := uint64(16 << 20); used > most && !errors.Is(c.want, io.EOF) {
			t.Errorf("%s took %d MB", name, used>>20)
		}
	}
}

// TestPlace: the error says in which line the record begins that is too long, and nothing is read after it.
func TestPlace(t *testing.T) {
	t.Parallel()
	r := NewCSV([]byte("a;b\n\"1\n\n\";2\n\n3;"+strings.Repeat("x", 2*Piece)+"\n4;5\n"), ';')
	for range 2 {
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		_, err := r.Read()
		var pe *csv.ParseError
		if !errors.As(err, &pe) || pe.StartLine < 5 || pe.StartLine > 6 || !errors.Is(err, ErrTooLong) {
			t.Fatalf("%v", err)
		}
	}
}

// TestNothingIsLost: short pieces come through as without a bound, in any number.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a;\"b\nc\";d\n", 100_000)
	r, plain := NewCSV([]byte(text), ';'), csv.NewReader(strings.NewReader(text))
	plain.Comma = ';'
	for {
		got, err := r.Read()
		want, wantErr := plain.Read()
		if (err == nil) != (wantErr == nil) || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Fatalf("%q %v, want %q %v", got, err, want, wantErr)
		}
		if err != nil {
			break
		}
	}
	doc := "<a>" + strings.Repeat("<b c='d'>e</b>", 50_000) + "</a>"
	x, n := NewXML(strings.NewReader(doc), Piece, 4), 0
	for {
		_, err := x.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 150_002 || x.Depth() != 0 {
		t.Errorf("%d tokens", n)
	}
	j, n := NewJSON(bytes.NewReader([]byte("["+strings.Repeat(`{"a":1},`, 50_000)+"{}]")), Piece), 0
	for {
		_, err := j.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 200_004 {
		t.Errorf("%d tokens of JSON", n)
	}
}
