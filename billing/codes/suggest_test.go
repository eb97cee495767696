package codes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agnivade/levenshtein"
	"pgregory.net/rapid"

	"postgang/billing/money"
)

// TestSuggestLooksAtAll: the index gives what comparing with every code gives.
func TestSuggestLooksAtAll(t *testing.T) {
	t.Parallel()
	code := rapid.StringMatching(`[01aAæÆ._-]{1,12}`)
	letter := rapid.SampledFrom([]rune("01aÆ."))
	rapid.Check(t, func(t *rapid.T) {
		var entries []Entry
		for _, c := range rapid.SliceOfNDistinct(code, 1, 40, rapid.ID[string]).Draw(t, "codes") {
			entries = append(entries, Entry{Code: c})
		}
		wrong := []rune(entries[0].Code)
		for range rapid.IntRange(0, 3).Draw(t, "mistakes") {
			at := rapid.IntRange(0, len(wrong)).Draw(t, "at")
			switch what := rapid.IntRange(0, 2).Draw(t, "what"); {
			case what == 0 || at == len(wrong):
				wrong = slices.Insert(wrong, at, letter.Draw(t, "letter"))
			case what == 1:
				wrong = slices.Delete(wrong, at, at+1)
			default:
				wrong[at] = letter.Draw(t, "letter")
			}
		}
		if got, want := NewRegister(entries).Suggest(string(wrong)), compareWithAll(entries, string(wrong)); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", string(wrong), got, want)
		}
	})
}

// compareWithAll is what Suggest promises, one code after the other.
func compareWithAll(entries []Entry, code string) []string {
	cost := map[string]int{}
	var found []string
	if code == "" {
		return nil
	}
	for _, c := range entries {
		if c.Code == code {
			return nil
		}
		d := levenshtein.ComputeDistance(strings.ToLower(code), strings.ToLower(c.Code))
		if bare(c.Code) == bare(code) && bare(code) != "" {
			d = 0
		}
		if d <= min(2, max(1, len([]rune(c.Code))/4)) {
			found, cost[c.Code] = append(found, c.Code), d
		}
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(cost[a], cost[b]), cmp.Compare(a, b)) })
	return found[:min(3, len(found))]
}

// TestReplacements: codes that are replaced in chains, trees and circles are judged as by following each to its end, and followed
// for a day as one by one.
func TestReplacements(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "codes")
		next := rapid.SliceOfN(rapid.IntRange(-1, n-1), n, n).Draw(t, "replaced by")
		rows := [][]string{{"kode", "siste_dag", "erstattes_av"}}
		circles := map[int]bool{}
		for i, to := range next {
			row := []string{fmt.Sprintf("k%d", i), rapid.SampledFrom([]string{"", "2026-01-31"}).Draw(t, "last"), ""}
			if to >= 0 {
				row[2] = fmt.Sprintf("k%d", to)
			}
			rows = append(rows, row)
			at := i
			for range n {
				if at >= 0 {
					at = next[at]
				}
			}
			circles[i+2] = at >= 0
		}
		entries, problems := ParseRegister(rows)
		told := map[int]bool{}
		for _, p := range problems {
			told[p.Line] = told[p.Line] || strings.Contains(p.Text, "comes back")
		}
		for line, is := range circles {
			if is != told[line] {
				t.Fatalf("line %d of %v: told %v, is %v", line, rows, told[line], is)
			}
		}
		r := NewRegister(entries)
		on := r.On("2026-02-01")
		for _, c := range append(entries, Entry{Code: "unknown"}) {
			if got, want := on(c.Code), r.Now(c.Code, "2026-02-01"); got != want {
				t.Fatalf("%s is %s, want %s", c.Code, got, want)
			}
		}
	})
}

// BenchmarkRegister does each job with 10,000 and with 100,000 codes, and reports how many times longer the latter takes: ten to
// twenty for reading and comparing, where the time grows with the codes and memory answers more slowly, and up to thirty for budgets,
// where there are also ten times the mistyped codes, each with more codes near it. A hundred would be the square.
func BenchmarkRegister(b *testing.B) {
	const small, large = 10_000, 100_000
	rows := func(n int) [][]string { // each code is replaced by the next: one chain through the register
		out := [][]string{{"kode", "navn", "siste_dag", "budsjett", "erstattes_av"}}
		for i := range n {
			row := []string{fmt.Sprintf("%07d-avd", i*7), "Avdeling", "2025-12-31", "1000", fmt.Sprintf("%07d-avd", (i+1)*7)}
			if i == n-1 {
				row[2], row[4] = "", ""
			}
			out = append(out, row)
		}
		return out
	}
	type size struct {
		rows     [][]string
		register Register
		spent    map[string]money.Ore
	}
	sizes := map[int]size{}
	for _, n := range []int{small, large} {
		s := size{rows: rows(n), spent: map[string]money.Ore{}}
		entries, problems := ParseRegister(s.rows)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		s.register = NewRegister(entries)
		for i := range n {
			s.spent[fmt.Sprintf("%07d-avd", i*7)] = 100
			if i%100 == 0 {
				s.spent[fmt.Sprintf("%07d-avb", i*7)] = 100 // mistyped
			}
		}
		sizes[n] = s
	}
	for _, job := range []struct {
		name string
		do   func(size)
	}{
		{"parse", func(s size) { ParseRegister(s.rows) }},
		{"compare", func(s size) { Compare(s.register, NewRegister(s.register.entries)) }},
		{"budgets", func(s size) { Budgets(s.register, s.spent, "2026-01-01", "2026-10-01") }},
	} {
		b.Run(job.name, func(b *testing.B) {
			took := map[int]time.Duration{}
			for range b.N {
				for n, s := range sizes {
					start := time.Now()
					job.do(s)
					took[n] += time.Since(start)
				}
			}
			b.ReportMetric(took[large].Seconds()/took[small].Seconds(), "times-for-10x")
			b.ReportMetric(float64(took[large].Nanoseconds())/float64(b.N*large), "ns/code")
		})
	}
}
