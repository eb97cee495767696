// Package codes is the register of konteringskoder: which there are on a day, what takes the place of one that is gone, which one a
// mistyped code may mean, and what is left of their budgets. Codes are text: "0100" is not "100".
package codes

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/billing/reading"
)

// Missing stands in reports where a cost or shipment has no konteringskode.
const Missing = "(mangler)"

// Entry is a konteringskode of the register (kontoplan).
type Entry struct {
	Code                            string
	Name                            string
	Ansvar, Funksjon, Art, Prosjekt string     // dimensions of the accounting, as text
	ValidFrom                       civil.Date // first day; empty: always
	ValidTo                         civil.Date // first day after; empty: until further notice
	Budget                          money.Ore  // net, for a calendar year
	HasBudget                       bool
	ReplacedBy                      string // the code that took its place, or empty
}

// Active reports whether the code may be used on a day.
func (c Entry) Active(day civil.Date) bool {
	return c.ValidFrom <= day && (c.ValidTo == "" || day < c.ValidTo)
}

// Columns are the columns of a register file. siste_dag is the last day, included; all but kode may be empty.
func Columns() []string {
	return []string{"kode", "navn", "ansvar", "funksjon", "art", "prosjekt", "forste_dag", "siste_dag", "budsjett", "erstattes_av"}
}

// Record is the code as a row of such a file.
func (c Entry) Record() []string {
	last, budget := "", ""
	if c.ValidTo != "" {
		last = string(c.ValidTo.AddDays(-1))
	}
	if c.HasBudget {
		budget = c.Budget.Plain(",")
	}
	return []string{c.Code, c.Name, c.Ansvar, c.Funksjon, c.Art, c.Prosjekt, string(c.ValidFrom), last, budget, c.ReplacedBy}
}

// maxRegister is how many codes a register may have.
const maxRegister = 100_000

// ParseRegister reads the rows of a register, the first of which is the header. Codes are unique; a code that another takes the
// place of must be there, and following them must come to an end. Either there is a register, by code, or problems by line.
func ParseRegister(rows [][]string) ([]Entry, []reading.Problem) {
	var problems []reading.Problem
	add := func(line int, column, code, format string, args ...any) {
		if len(problems) < reading.MaxProblems {
			problems = append(problems, reading.Problem{Line: line, Column: column, Code: code, Text: fmt.Sprintf(format, args...)})
		}
	}
	if len(rows) == 0 {
		add(0, "", reading.ProblemEmpty, "the file is empty")
		return nil, problems
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		if _, twice := at[name]; twice || !slices.Contains(Columns(), name) {
			add(1, "", reading.ProblemUnknownColumn, "column number %d is unknown, or stands twice; there are: %s", i+1, strings.Join(Columns(), ", "))
		}
		at[name] = i
	}
	if _, there := at["kode"]; !there {
		add(1, "kode", reading.ProblemMissingColumn, "the column is missing from the first line")
	}
	if len(rows) > maxRegister+1 {
		add(0, "", reading.ProblemTooLarge, "the register has more than %d codes", maxRegister)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	line := map[string]int{}
	var out []Entry
	for i, row := range rows[1:] {
		n := i + 2
		get := func(col string) string {
			if c, there := at[col]; there && c < len(row) {
				return strings.TrimSpace(row[c])
			}
			return ""
		}
		day := func(col string) civil.Date {
			s := get(col)
			if s == "" {
				return ""
			}
			d, err := civil.ParseDay(s)
			if err != nil {
				add(n, col, reading.ProblemTime, "is no day such as 2026-01-31 or 31.01.2026")
			}
			return d
		}
		if strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		c := Entry{
			Code: get("kode"), Name: get("navn"), Ansvar: get("ansvar"), Funksjon: get("funksjon"), Art: get("art"), Prosjekt: get("prosjekt"),
			ValidFrom: day("forste_dag"), ReplacedBy: get("erstattes_av"),
		}
		if last := day("siste_dag"); last != "" {
			c.ValidTo = last.AddDays(1)
		}
		if s := get("budsjett"); s != "" {
			d, err := money.ParseKroner(s)
			switch {
			case err != nil:
				add(n, "budsjett", reading.ProblemAmount, "%v", err)
			case d < 0 || d > money.DecimalFromOre(money.MaxAmount):
				add(n, "budsjett", reading.ProblemAmount, "is below 0 or above kr %s", money.Ore(money.MaxAmount))
			}
			c.Budget, c.HasBudget = d.Ore(), true
		}
		first, twice := line[c.Code]
		switch {
		case c.Code == "" && (c.HasBudget || isSum(c.Name)) || isSum(c.Code):
			add(n, "kode", reading.ProblemCode, "is a row of sums, as it seems, and no konteringskode: take the row out")
		case c.Code == "" || !Valid(c.Code):
			add(n, "kode", reading.ProblemCode, "is no konteringskode: 1 to 20 letters, digits and . _ -")
		case twice:
			add(n, "kode", reading.ProblemDuplicateRow, "stands in line %d too", first)
		case c.ValidTo != "" && c.ValidTo <= c.ValidFrom:
			add(n, "siste_dag", reading.ProblemTime, "lies before forste_dag")
		case c.ReplacedBy == c.Code:
			add(n, "erstattes_av", reading.ProblemCode, "is the code itself")
		}
		line[c.Code] = n
		out = append(out, c)
	}
	if len(out) == 0 && len(problems) == 0 {
		add(0, "", reading.ProblemEmpty, "the file has no codes, only the first line")
	}
	checkReplacements(out, line, add)
	if len(problems) > 0 {
		return nil, problems
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Code, b.Code) })
	return out, nil
}

// checkReplacements looks for codes that are replaced by one that is not there, or in the end by themselves. line tells where each code
// stands.
func checkReplacements(codes []Entry, line map[string]int, add func(line int, column, code, format string, args ...any)) {
	next := map[string]string{}
	for _, c := range codes {
		if c.ReplacedBy == "" {
			continue
		}
		if _, there := line[c.ReplacedBy]; !there {
			add(line[c.Code], "erstattes_av", reading.ProblemCode, "is not in the register")
		}
		next[c.Code] = c.ReplacedBy
	}
	// Each code is followed once: where the way meets one that was followed before, it ends as that one did.
	type fate int
	const (
		unseen fate = iota
		underway
		ends
		circles
	)
	fates := make(map[string]fate, len(next))
	for _, c := range codes {
		var way []string
		code := c.Code
		for next[code] != "" && fates[code] == unseen {
			fates[code] = underway
			way = append(way, code)
			code = next[code]
		}
		end := fates[code]
		switch {
		case next[code] == "":
			end = ends
		case end == underway: // met on this very way
			end = circles
		}
		for _, w := range way {
			fates[w] = end
		}
		if end == circles {
			add(line[c.Code], "erstattes_av", reading.ProblemCode, "comes back to the code itself")
		}
	}
}

// isSum reports whether a text is what stands before a sum in a table.
func isSum(s string) bool {
	s = strings.ToLower(strings.Trim(s, " :"))
	return slices.Contains([]string{"sum", "total", "totalt", "sum totalt", "i alt", "totalsum", "sluttsum", "grand total"}, s)
}

// Change is what a register that takes the place of another changes.
type Change struct {
	Before, After int
	Gone          []string // codes that are not there any more
	New           []string
	Changed       []string // codes of which something changed
	Budgets       []string // of these, whose budget changed
	// BudgetBefore and BudgetAfter are the sums of all budgets.
	BudgetBefore, BudgetAfter money.Ore
}

// MostGone reports whether more than half of the codes before are gone: another file, most likely.
func (c Change) MostGone() bool { return 2*len(c.Gone) > c.Before }

// Compare tells what changes when one register takes the place of another.
func Compare(before, after Register) Change {
	c := Change{Before: before.Len(), After: after.Len(), Gone: []string{}, New: []string{}, Changed: []string{}, Budgets: []string{}}
	for _, old := range before.entries {
		c.BudgetBefore += old.Budget
		now, there := after.Find(old.Code)
		switch {
		case !there:
			c.Gone = append(c.Gone, old.Code)
		case now != old:
			c.Changed = append(c.Changed, old.Code)
		}
		if there && (now.Budget != old.Budget || now.HasBudget != old.HasBudget) {
			c.Budgets = append(c.Budgets, old.Code)
		}
	}
	for _, now := range after.entries {
		c.BudgetAfter += now.Budget
		if _, there := before.Find(now.Code); !there {
			c.New = append(c.New, now.Code)
		}
	}
	return c
}

// Register looks konteringskoder up.
type Register struct {
	entries []Entry
	by      map[string]int
	alike   func() alikeIndex // made when a suggestion is first wanted
}

// NewRegister makes a register of entries that ParseRegister gave.
func NewRegister(entries []Entry) Register {
	r := Register{entries: entries, by: make(map[string]int, len(entries)), alike: sync.OnceValue(func() alikeIndex { return indexAlike(entries) })}
	for i, c := range entries {
		r.by[c.Code] = i
	}
	return r
}

// Len is the number of codes; of an empty register nothing can be said about any code.
func (r Register) Len() int { return len(r.entries) }

// Entries gives all codes, by code.
func (r Register) Entries() []Entry { return slices.Clone(r.entries) }

// Find gives the entry of a code.
func (r Register) Find(code string) (Entry, bool) {
	i, ok := r.by[code]
	if !ok {
		return Entry{}, false
	}
	return r.entries[i], true
}

// Now follows a code to the one that took its place on a day: the code itself while it is active, or unknown.
func (r Register) Now(code string, day civil.Date) string {
	for range r.entries {
		c, ok := r.Find(code)
		if !ok || c.ReplacedBy == "" || c.Active(day) {
			return code
		}
		code = c.ReplacedBy
	}
	return code
}

// On gives Now of one day for many codes: no code is followed twice, so that all of them take no longer than the register is. The
// function is for one goroutine.
func (r Register) On(day civil.Date) func(code string) string {
	known := map[string]string{}
	return func(code string) string {
		var way []string
		for len(way) <= len(r.entries) {
			if end, seen := known[code]; seen {
				code = end
				break
			}
			c, ok := r.Find(code)
			if !ok || c.ReplacedBy == "" || c.Active(day) {
				break
			}
			way = append(way, code)
			code = c.ReplacedBy
		}
		for _, w := range way {
			known[w] = code
		}
		return code
	}
}

// BudgetRow holds a konteringskode against its budget for the calendar year of the period's last day.
type BudgetRow struct {
	Entry              // with only Code for one that is not in the register
	Known    bool      // in the register
	Spent    money.Ore // net, booked from the beginning of the year to the end of the period, old codes included
	Forecast money.Ore // Spent, and the rest of the year at the pace since there are figures
	Note     string    // Norwegian
}

// Left is what of the budget is not spent.
func (b BudgetRow) Left() money.Ore { return b.Budget - b.Spent }

// Budgets holds what was spent from the beginning of a year to before a day against the register. spent is by konteringskode as
// booked; what stands on a code that another took the place of counts for that one. A code with neither budget nor cost has no
// row. Without a register there are no rows. since is the first day of the year that there are figures from, or earlier: the
// forecast is the pace since then.
func Budgets(r Register, spent map[string]money.Ore, since, to civil.Date) []BudgetRow {
	if r.Len() == 0 {
		return nil
	}
	last := to.AddDays(-1)
	first := last[:4] + "-01-01"
	between := func(a, b time.Time) int64 { return int64(b.Sub(a).Hours() / 24) }
	days := max(1, between(max(first, since).UTC(), to.UTC()))
	rest := between(to.UTC(), first.UTC().AddDate(1, 0, 0))
	rows := map[string]*BudgetRow{}
	inherited := map[string][]string{} // what stands on codes that another took the place of, by that one
	row := func(code string) *BudgetRow {
		b := rows[code]
		if b == nil {
			b = &BudgetRow{Entry: Entry{Code: code}}
			if c, ok := r.Find(code); ok {
				b.Entry, b.Known = c, true
			}
			rows[code] = b
		}
		return b
	}
	for _, c := range r.entries {
		if c.HasBudget {
			row(c.Code)
		}
	}
	nowOf := r.On(last)
	var old []string
	for code := range spent {
		old = append(old, code)
	}
	slices.Sort(old)
	for _, code := range old {
		net := spent[code]
		now := nowOf(code)
		b := row(now)
		b.Spent += net
		if now != code {
			inherited[now] = append(inherited[now], fmt.Sprintf("kr %s står på %s", net, code))
		}
	}
	out := make([]BudgetRow, 0, len(rows))
	for code, b := range rows {
		b.Forecast = b.Spent + money.Ore(divRound(int64(b.Spent)*rest, days))
		note := ""
		switch {
		case code == "":
			b.Code, note = Missing, "brev uten konteringskode"
		case !b.Known:
			note = "ikke i registeret"
			if s := r.Suggest(code); len(s) > 0 {
				note += ", mener du " + strings.Join(s, " eller ") + "?"
			}
		case !b.Active(last):
			note = "ikke aktiv " + last.Norwegian()
		}
		b.Note = strings.Trim(note+"; "+strings.Join(inherited[code], "; "), "; ")
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b BudgetRow) int {
		return cmp.Or(cmp.Compare(b2i(a.Code == Missing), b2i(b.Code == Missing)), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// divRound divides and rounds to the nearest, halves away from zero. d is above 0.
func divRound(n, d int64) int64 {
	if n < 0 {
		return -((-n*2 + d) / (2 * d))
	}
	return (n*2 + d) / (2 * d)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The widest of the patterns that SvarUt has had (REST V2 and V3).
var codePattern = regexp.MustCompile(`^[a-zA-Z0-9_\-.øæåØÆÅ]{0,20}$`)

// Valid reports whether a konteringskode has the form SvarUt accepts: at most 20 of
// letters, digits, æøåÆØÅ and . _ - (REST V3). The empty code is valid: it means none was given.
func Valid(code string) bool { return codePattern.MatchString(code) }
