package civil

import (
	"testing"
	"time"
)

func TestDate(t *testing.T) {
	t.Parallel()
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", "2026-1-5", "2026-02-29", "26-01-05", "2026-01-05T", "20260105", "2026-13-01", "0026-01-05"} {
		if c, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) = %q, want an error", s, c)
		}
	}
	// Half past midnight in Oslo is still the day before in UTC.
	at := time.Date(2026, 6, 30, 22, 30, 0, 0, time.UTC)
	if got := Of(at, oslo); got != "2026-07-01" {
		t.Errorf("day in Oslo = %s", got)
	}
	c := Date("2026-03-28")
	if c.AddDays(2) != "2026-03-30" || c.Month() != "2026-03" || c.Norwegian() != "28.03.2026" {
		t.Errorf("%s: %s %s %s", c, c.AddDays(2), c.Month(), c.Norwegian())
	}
	if !c.Within("2026-03-28", "2026-03-29") || c.Within("2026-03-27", "2026-03-28") {
		t.Error("a period holds its first day and not its last boundary")
	}
	if got := Date("2026-03-30").In(oslo); !got.Equal(time.Date(2026, 3, 29, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("start of the first day of summer time = %v", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-01-05", "2024-02-29", "", "2026-1-05", "0000-01-01", "2026-01-05T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := Parse(s); err == nil && (string(c) != s || c.AddDays(0) != c || Of(c.UTC(), time.UTC) != c) {
			t.Fatalf("%q was read as %s", s, c)
		}
	})
}
