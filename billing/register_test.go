package billing

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
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
	want := []CodeEntry{
		{Code: "0100", Name: "Skatt", Ansvar: "120", Budget: 12_000_000, HasBudget: true},
		{Code: "0150", Name: "Eiendom", Ansvar: "121", ValidTo: "2026-07-01", Budget: 150_050, HasBudget: true, ReplacedBy: "0200"},
		{Code: "0200", Name: "Eiendom og gebyr", Ansvar: "121", ValidFrom: "2026-07-01", Budget: 6_000_000, HasBudget: true},
		{Code: "HJEMME.æ1", Name: "Hjemmetjenesten"},
	}
	if got := r.Entries(); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	for day, want := range map[Civil]string{"2026-06-30": "0150", "2026-07-01": "0200"} {
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
		{"no day", func(r [][]string) [][]string { r[2][4] = "30.06.2026"; return r }, 3, "no day"},
		{"days the wrong way", func(r [][]string) [][]string { r[3][4] = "2026-06-30"; return r }, 4, "before"},
		{"no amount", func(r [][]string) [][]string { r[1][5] = "mye"; return r }, 2, "no amount"},
		{"replaced by nothing", func(r [][]string) [][]string { r[2][6] = "0300"; return r }, 3, "not in the register"},
		{"replaced by itself", func(r [][]string) [][]string { r[2][6] = "0150"; return r }, 3, "itself"},
		{"in a circle", func(r [][]string) [][]string { r[3][6] = "0150"; return r }, 4, "comes back"},
	} {
		_, problems := ParseRegister(c.change(registerRows()))
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Line == c.line && strings.Contains(p.Text, c.want) }) {
			t.Errorf("%s: %v, want line %d %q", c.name, problems, c.line, c.want)
		}
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
	rows := Budgets(r, map[string]Ore{"0100": 3_000_000, "0150": 100, "0200": 200, "": 7, "100": 5}, "2026-10-01")
	want := []BudgetRow{
		{CodeEntry{Code: "0100", Name: "Skatt", Ansvar: "120", Budget: 12_000_000, HasBudget: true}, true, 3_000_000, 4_010_989, ""},
		{CodeEntry{Code: "0150", Name: "Eiendom", Ansvar: "121", ValidTo: "2026-07-01", Budget: 150_050, HasBudget: true, ReplacedBy: "0200"}, true, 0, 0, "ikke aktiv 30.09.2026"},
		{CodeEntry{Code: "0200", Name: "Eiendom og gebyr", Ansvar: "121", ValidFrom: "2026-07-01", Budget: 6_000_000, HasBudget: true}, true, 300, 401, "kr 1,00 står på 0150"},
		{CodeEntry{Code: "100"}, false, 5, 7, "ikke i registeret, mener du 0100?"},
		{CodeEntry{Code: MissingCode}, false, 7, 9, "brev uten konteringskode"},
	}
	if !cmp.Equal(rows, want) {
		t.Error(cmp.Diff(want, rows))
	}
	if Budgets(Register{}, map[string]Ore{"x": 1}, "2026-10-01") != nil {
		t.Error("without a register there are budgets")
	}
	rapid.Check(t, func(t *rapid.T) {
		spent := rapid.MapOf(rapid.SampledFrom([]string{"", "0100", "0150", "0200", "x"}), rapid.Map(rapid.Int64Range(-1000, 1_000_000), func(n int64) Ore { return Ore(n) })).Draw(t, "spent")
		to := Civil("2026-01-02").AddDays(rapid.IntRange(0, 700).Draw(t, "days"))
		var in, out Ore
		for _, o := range spent {
			in += o
		}
		for _, b := range Budgets(r, spent, to) {
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
