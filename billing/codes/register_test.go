package codes

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/billing/reading"
)

func registerRows() [][]string {
	return [][]string{
		{"kode", "Navn", "ansvar", "forste_dag", "siste_dag", "budsjett", "erstattes_av"},
		{"0100", "Skatt", "120", "", "", "120 000", ""},
		{"0150", "Eiendom", "121", "", "2026-06-30", "1500,50", "0200"},
		{"0200", "Eiendom og gebyr", "121", "2026-07-01", "", "60000", ""},
		{"HJEMME.æ1", "Hjemmetjenesten"},
		{"", ""},
	}
}

func testRegister(t *testing.T) Register {
	t.Helper()
	entries, problems := ParseRegister(registerRows())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return NewRegister(entries)
}

func TestParseRegister(t *testing.T) {
	t.Parallel()
	r := testRegister(t)
	want := []Entry{
		{Code: "0100", Name: "Skatt", Ansvar: "120", Budget: 12_000_000, HasBudget: true},
		{Code: "0150", Name: "Eiendom", Ansvar: "121", ValidTo: "2026-07-01", Budget: 150_050, HasBudget: true, ReplacedBy: "0200"},
		{Code: "0200", Name: "Eiendom og gebyr", Ansvar: "121", ValidFrom: "2026-07-01", Budget: 6_000_000, HasBudget: true},
		{Code: "HJEMME.æ1", Name: "Hjemmetjenesten"},
	}
	if got := r.Entries(); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	for day, want := range map[civil.Date]string{"2026-06-30": "0150", "2026-07-01": "0200"} {
		if got := r.Now("0150", day); got != want {
			t.Errorf("0150 is %s on %s, want %s", got, day, want)
		}
	}
	for _, c := range []struct {
		name   string
		change func([][]string) [][]string
		line   int
		want   string
	}{
		{"empty", func([][]string) [][]string { return nil }, 0, "empty"},
		{"no codes", func(r [][]string) [][]string { return r[:1] }, 0, "no codes"},
		{"unknown column", func(r [][]string) [][]string { r[0][1] = "konto"; return r }, 1, "unknown"},
		{"no code column", func(r [][]string) [][]string { r[0][0] = ""; return r }, 1, "missing"},
		{"twice", func(r [][]string) [][]string { r[2][0] = "0100"; return r }, 3, "line 2"},
		{"no code", func(r [][]string) [][]string { r[2][0] = "a b"; return r }, 3, "no konteringskode"},
		{"no day", func(r [][]string) [][]string { r[2][4] = "30.06.26"; return r }, 3, "no day"},
		{"days the wrong way", func(r [][]string) [][]string { r[3][4] = "2026-06-30"; return r }, 4, "before"},
		{"no amount", func(r [][]string) [][]string { r[1][5] = "mye"; return r }, 2, "no number"},
		{"two readings with a point", func(r [][]string) [][]string { r[1][5] = "120.000"; return r }, 2, "as 120 and as 120\u00a0000: write 120 or 120000"},
		{"two readings of a small one", func(r [][]string) [][]string { r[1][5] = "1.500"; return r }, 2, "write 1,5 or 1500"},
		{"two readings with a comma", func(r [][]string) [][]string { r[1][5] = "120,000"; return r }, 2, "can be read as"},
		{"below nothing", func(r [][]string) [][]string { r[1][5] = "-1"; return r }, 2, "below 0"},
		{"a row of sums", func(r [][]string) [][]string { r[4][0] = "Totalt"; return r }, 5, "row of sums"},
		{"a sum without a code", func(r [][]string) [][]string { r[3][0] = ""; return r }, 4, "row of sums"},
		{"replaced by nothing", func(r [][]string) [][]string { r[2][6] = "0300"; return r }, 3, "not in the register"},
		{"replaced by itself", func(r [][]string) [][]string { r[2][6] = "0150"; return r }, 3, "itself"},
		{"in a circle", func(r [][]string) [][]string { r[3][6] = "0150"; return r }, 4, "comes back"},
	} {
		_, problems := ParseRegister(c.change(registerRows()))
		if !slices.ContainsFunc(problems, func(p reading.Problem) bool { return p.Line == c.line && strings.Contains(p.Text, c.want) }) {
			t.Errorf("%s: %v, want line %d %q", c.name, problems, c.line, c.want)
		}
	}
}

// TestCompareRegisters: what a new register changes is told, code by code.
func TestCompareRegisters(t *testing.T) {
	t.Parallel()
	before := testRegister(t)
	rows := registerRows()
	rows[1][5], rows[4][1], rows[2][0], rows[2][6] = "120,00", "Hjemme", "0300", ""
	entries, problems := ParseRegister(rows)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := Compare(before, NewRegister(entries))
	want := Change{
		Before: 4, After: 4, Gone: []string{"0150"}, New: []string{"0300"}, Changed: []string{"0100", "HJEMME.æ1"}, Budgets: []string{"0100"},
		BudgetBefore: 18_150_050, BudgetAfter: 6_162_050,
	}
	if !cmp.Equal(got, want) || got.MostGone() {
		t.Error(cmp.Diff(want, got))
	}
	if c := Compare(before, NewRegister(entries[:1])); !c.MostGone() || len(c.Gone) != 3 {
		t.Errorf("%+v", c)
	}
	if c := Compare(NewRegister(nil), before); c.MostGone() || len(c.New) != 4 {
		t.Errorf("the first register: %+v", c)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	r := testRegister(t)
	for code, want := range map[string][]string{
		"100": {"0100"}, "0100": nil, "hjemme-Æ1": {"HJEMME.æ1"}, "HJEME.æ1": {"HJEMME.æ1"}, "0101": {"0100"}, "9999": nil, "": nil, "0160": {"0100", "0150"},
	} {
		if got := r.Suggest(code); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", code, got, want)
		}
	}
}

// What is spent is in the rows to the øre, whatever codes it stands on.
func TestBudgetsAddUp(t *testing.T) {
	t.Parallel()
	r := testRegister(t)
	rows := Budgets(r, map[string]money.Ore{"0100": 3_000_000, "0150": 100, "0200": 200, "": 7, "100": 5}, "2026-01-01", "2026-10-01")
	want := []BudgetRow{
		{Entry{Code: "0100", Name: "Skatt", Ansvar: "120", Budget: 12_000_000, HasBudget: true}, true, 3_000_000, 4_010_989, ""},
		{Entry{Code: "0150", Name: "Eiendom", Ansvar: "121", ValidTo: "2026-07-01", Budget: 150_050, HasBudget: true, ReplacedBy: "0200"}, true, 0, 0, "ikke aktiv 30.09.2026"},
		{Entry{Code: "0200", Name: "Eiendom og gebyr", Ansvar: "121", ValidFrom: "2026-07-01", Budget: 6_000_000, HasBudget: true}, true, 300, 401, "kr 1,00 står på 0150"},
		{Entry{Code: "100"}, false, 5, 7, "ikke i registeret, mener du 0100?"},
		{Entry{Code: Missing}, false, 7, 9, "brev uten konteringskode"},
	}
	if !cmp.Equal(rows, want) {
		t.Error(cmp.Diff(want, rows))
	}
	if Budgets(Register{}, map[string]money.Ore{"x": 1}, "", "2026-10-01") != nil {
		t.Error("without a register there are budgets")
	}
	// Figures since November: two months' pace in December, not a year's.
	if rows := Budgets(r, map[string]money.Ore{"0100": 3_000}, "2026-11-01", "2026-12-01"); rows[0].Forecast != 3_000+3_100 {
		t.Errorf("30 days at 100 øre, and 31 to come: %v", rows[0].Forecast)
	}
	if rows := Budgets(r, map[string]money.Ore{"0100": -50}, "2026-12-31", "2027-01-01"); rows[0].Forecast != -50 {
		t.Errorf("nothing of the year is left: %v", rows[0].Forecast)
	}
	rapid.Check(t, func(t *rapid.T) {
		spent := rapid.MapOf(rapid.SampledFrom([]string{"", "0100", "0150", "0200", "x"}), rapid.Map(rapid.Int64Range(-1000, 1_000_000), func(n int64) money.Ore { return money.Ore(n) })).Draw(t, "spent")
		to := civil.Date("2026-01-02").AddDays(rapid.IntRange(0, 700).Draw(t, "days"))
		var in, out money.Ore
		for _, o := range spent {
			in += o
		}
		for _, b := range Budgets(r, spent, "", to) {
			out += b.Spent
		}
		if in != out {
			t.Fatalf("%v is spent and %v in the rows", in, out)
		}
	})
}

func FuzzParseRegister(f *testing.F) {
	var lines []string
	for _, row := range registerRows() {
		lines = append(lines, strings.Join(row, ";"))
	}
	f.Add(strings.Join(lines, "\n"))
	f.Fuzz(func(t *testing.T, text string) {
		var rows [][]string
		for _, line := range strings.Split(text, "\n") {
			rows = append(rows, strings.Split(line, ";"))
		}
		entries, problems := ParseRegister(rows)
		if len(problems) > 0 && len(entries) > 0 {
			t.Fatal("a register and problems")
		}
		r := NewRegister(entries)
		for _, c := range entries {
			r.Now(c.Code, "2026-01-01")
		}
	})
}
