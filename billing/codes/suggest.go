package codes

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// Suggest gives at most three codes that a mistyped one may stand for, the likeliest first: alike but for case and what
// spreadsheets do to codes (leading zeros lost, spaces and signs), then by how few characters differ.
func (r Register) Suggest(code string) []string {
	if _, known := r.Find(code); known || code == "" || r.Len() == 0 {
		return nil
	}
	index := r.alike()
	cost := map[int]int{} // by place in the register
	index.within(strings.ToLower(code), func(i, changes int) {
		if before, seen := cost[i]; changes <= changesLet(r.entries[i].Code) && (!seen || changes < before) {
			cost[i] = changes
		}
	})
	if plain := bare(code); plain != "" {
		for _, i := range index.bare[plain] {
			cost[i] = 0
		}
	}
	type candidate struct {
		code string
		cost int
	}
	found := make([]candidate, 0, len(cost))
	for i, n := range cost {
		found = append(found, candidate{r.entries[i].Code, n})
	}
	slices.SortFunc(found, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.code, b.code)) })
	var out []string
	for _, c := range found[:min(3, len(found))] {
		out = append(out, c.code)
	}
	return out
}

// mostChanges is the most that changesLet gives.
const mostChanges = 2

// changesLet is by how many characters a mistyped code may differ: one in short codes, two in long ones. More is another code.
func changesLet(code string) int {
	return min(mostChanges, max(1, utf8.RuneCountInString(code)/4))
}

// bare is a code without what typing and spreadsheets change.
func bare(code string) string {
	return strings.TrimLeft(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ._-", r) {
			return -1
		}
		return r
	}, strings.ToLower(code)), "0")
}

// alikeIndex finds codes that are nearly like another without looking at all of them: a report asks for each code that is not in the
// register, and both may be many thousands.
type alikeIndex struct {
	// sorted are the codes by text, so that those with one beginning stand together, and backwards the same of texts turned round.
	sorted, backwards []lowerCode
	bare              map[string][]int // places in the register, by bare
}

type lowerCode struct {
	text string // in small letters
	at   int    // its place in the register
}

func indexAlike(entries []Entry) alikeIndex {
	x := alikeIndex{sorted: make([]lowerCode, len(entries)), backwards: make([]lowerCode, len(entries)), bare: make(map[string][]int, len(entries))}
	for i, c := range entries {
		text := strings.ToLower(c.Code)
		x.sorted[i], x.backwards[i] = lowerCode{text, i}, lowerCode{turned(text), i}
		plain := bare(c.Code)
		x.bare[plain] = append(x.bare[plain], i)
	}
	for _, codes := range [][]lowerCode{x.sorted, x.backwards} {
		slices.SortFunc(codes, func(a, b lowerCode) int { return cmp.Compare(a.text, b.text) })
	}
	return x
}

// turned is a text with its last character first.
func turned(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// within calls found with each code that becomes text by at most mostChanges characters put in, taken out or replaced (Levenshtein),
// once or twice; the lesser number of changes is the right one. Of two changes at most one is in one of the halves of text: codes are
// looked for from the front with at most one change up to the middle, and from the back likewise, which leaves few to look at.
func (x alikeIndex) within(text string, found func(at, changes int)) {
	want := []rune(text)
	middle := len(want) / 2
	newAlikeWalk(want, middle, found).walk(x.sorted, 0, 0)
	slices.Reverse(want)
	newAlikeWalk(want, len(want)-middle, found).walk(x.backwards, 0, 0)
}

// alikeWalk looks for codes like want.
type alikeWalk struct {
	want   []rune
	middle int // want[:middle] is to be reached with one change at most
	found  func(at, changes int)
	// rows tell, for the beginning of a code that is looked at, by its number of characters: how many changes make it into the first
	// 0, 1, 2 … characters of want.
	rows [][]int
}

func newAlikeWalk(want []rune, middle int, found func(at, changes int)) *alikeWalk {
	w := &alikeWalk{want: want, middle: middle, found: found}
	first := w.row(0)
	for i := range first {
		if first[i] = i; i >= middle && middle > 1 {
			first[i] = mostChanges + 1
		}
	}
	return w
}

// row gives the row of a depth.
func (w *alikeWalk) row(depth int) []int {
	if depth == len(w.rows) {
		w.rows = append(w.rows, make([]int, len(w.want)+1))
	}
	return w.rows[depth]
}

// walk looks at codes that have their first characters in common: depth of them, n bytes. A beginning from which no way leads on is
// left with all codes that have it.
func (w *alikeWalk) walk(codes []lowerCode, depth, n int) {
	row, next := w.row(depth), w.row(depth+1)
	for len(codes) > 0 && len(codes[0].text) == n {
		if changes := row[len(w.want)]; changes <= mostChanges {
			w.found(codes[0].at, changes)
		}
		codes = codes[1:]
	}
	for len(codes) > 0 {
		r, size := utf8.DecodeRuneInString(codes[0].text[n:])
		beginning := codes[0].text[:n+size]
		same := sort.Search(len(codes), func(i int) bool { return !strings.HasPrefix(codes[i].text, beginning) })
		next[0] = row[0] + 1
		least := next[0]
		for i, wanted := range w.want {
			reached := min(row[i], next[i]+1) // by this character as it is, or with one of want's left out
			if wanted != r {
				reached = min(row[i], next[i]) + 1
			}
			if i+1 == w.middle && reached > 1 {
				reached = mostChanges + 1
			}
			next[i+1] = min(reached, row[i+1]+1, mostChanges+1)
			least = min(least, next[i+1])
		}
		if least <= mostChanges {
			w.walk(codes[:same], depth+1, n+size)
		}
		codes = codes[same:]
	}
}
