package main

import (
	"strings"
	"testing"
)

func TestParseNumbers(t *testing.T) {
	t.Parallel()
	n, err := parseNumbers("17, 20-22,21 - 23")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if want := i == 17 || i >= 20 && i <= 23; n.has(i) != want {
			t.Errorf("has(%d) is %v", i, n.has(i))
		}
	}
	if n.last() != 23 {
		t.Errorf("last is %d", n.last())
	}
	for in, text := range map[string]string{
		"": "no number", "a": "no number", "1,": "no number", "1-2-3": "no number", "0": "begin at 1", "-4": "no number",
		"5-0": "begin at 1", "7-3": "ends before", "99999999999999999999": "no number",
	} {
		if _, err := parseNumbers(in); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: error %v, want %q", in, err, text)
		}
	}
}

func FuzzParseNumbers(f *testing.F) {
	for _, s := range []string{"1", "17,20-25", "5-0", " 1 - 2 ", "-", "9223372036854775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseNumbers(s)
		if err == nil && (len(n) == 0 || !n.has(n.last()) || n.has(0) || n.has(-1)) {
			t.Errorf("%q gave %v", s, n)
		}
	})
}
