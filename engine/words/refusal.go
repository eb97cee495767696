package words

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/shipment"
)

// sentence is what one code says, by [Language]. Arguments stand in braces: {n} as it is, {date:date} as people write a date (the
// argument is 2026-01-31), {kg:decimal} with the language's decimal sign (the argument
// has a point), {net:kroner} an amount (the argument is in øre), {at:clock} a time (as alarm.TimeArg writes it).
type sentence [len(Languages)]string

// Refusal words a refusal or warning, in one or more sentences. Pages that it is about stand in front. What was stored with a sentence
// of its own keeps it, in whatever language it was written; a code that has none is told with the code.
func Refusal(r shipment.Refusal, lang Language) string {
	if r.Text != "" {
		return r.Text
	}
	if text := r.Args["text"]; text != "" { // of a finding that was kept with a sentence
		return pagesBefore(r, lang) + text
	}
	said, ok := refusals[key(r)]
	if !ok {
		said, ok = holds[key(r)]
	}
	if !ok {
		return pagesBefore(r, lang) + otherReason(r.Code, lang)
	}
	return pagesBefore(r, lang) + said.with(r.Args, lang)
}

// RefusalCodes are all codes of refusals and warnings that have sentences, sorted.
func RefusalCodes() []string {
	codes := map[string]bool{}
	for k := range refusals {
		code, _, _ := strings.Cut(k, " ")
		codes[code] = true
	}
	return slices.Sorted(maps.Keys(codes))
}

// Reason is a refusal or warning in words, as senders and programs read it.
type Reason struct {
	Code    string `json:"kode"`
	Field   string `json:"felt,omitempty"` // path in forsendelse.json
	Text    string `json:"tekst"`
	Pages   []int  `json:"sider,omitempty"` // where several have the same; also in Text
	Warning bool   `json:"varsel,omitempty"`
}

// ReasonOf words a refusal or warning.
func ReasonOf(r shipment.Refusal, lang Language) Reason {
	return Reason{Code: r.Code, Field: r.Field, Text: Refusal(r, lang), Pages: r.Pages, Warning: r.Warning}
}

// ReasonsOf words several, in their order; nil of none.
func ReasonsOf(rs []shipment.Refusal, lang Language) []Reason {
	var out []Reason
	for _, r := range rs {
		out = append(out, ReasonOf(r, lang))
	}
	return out
}

// key is where the sentence of a refusal stands in the table.
func key(r shipment.Refusal) string {
	if c := r.Args["case"]; c != "" {
		return r.Code + " " + c
	}
	return r.Code
}

// codeForm is what codes look like: what is none is not shown.
var codeForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func otherReason(code string, lang Language) string {
	if !codeForm.MatchString(code) || len(code) > 50 {
		code = "?"
	}
	return sentence{"Another reason ({code}).", "Annen årsak ({code})."}.with(shipment.Args{"code": code}, lang)
}

var placeholder = regexp.MustCompile(`\{(\w+)(?::(\w+))?\}`)

// with puts arguments into a sentence. One that is not there is shown as a question mark.
func (s sentence) with(args shipment.Args, lang Language) string {
	if int(lang) < 0 || int(lang) >= len(s) {
		lang = English
	}
	return placeholder.ReplaceAllStringFunc(s[lang], func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		value, ok := args[m[1]]
		switch {
		case !ok:
			return "?"
		case m[2] == "kroner":
			return kroner(value)
		case m[2] == "clock":
			return clock(value, lang)
		case lang != Norwegian:
		case m[2] == "decimal":
			return strings.ReplaceAll(value, ".", ",")
		case m[2] == "date":
			if day, err := time.Parse(time.DateOnly, value); err == nil {
				return day.Format("02.01.2006")
			}
		}
		return value
	})
}

// pagesBefore begins a sentence with the pages that it is about.
func pagesBefore(r shipment.Refusal, lang Language) string {
	pages := r.Pages
	if len(pages) < 2 {
		page, err := strconv.Atoi(r.Args["page"])
		if err != nil {
			return ""
		}
		pages = []int{page}
	}
	return Pages(pages, lang) + ": "
}

// shownRuns bounds the runs of pages that Pages names.
const shownRuns = 12

// Pages names pages (1-based, in ascending order) as a sentence begins: «Side 3», «Sidene 1–200», «Sidene 1, 3 og 5–7»; "Page 3" in
// English. Empty of none.
func Pages(pages []int, lang Language) string {
	one, several, and, more := "Page ", "Pages ", " and ", "%d more"
	if lang == Norwegian {
		one, several, and, more = "Side ", "Sidene ", " og ", "%d til"
	}
	switch len(pages) {
	case 0:
		return ""
	case 1:
		return one + strconv.Itoa(pages[0])
	}
	var runs []string
	left := 0
	for i := 0; i < len(pages); {
		j := i
		for j+1 < len(pages) && pages[j+1] == pages[j]+1 {
			j++
		}
		run := strconv.Itoa(pages[i])
		if j > i {
			run += "–" + strconv.Itoa(pages[j])
		}
		if len(runs) == shownRuns {
			left += j - i + 1
		} else {
			runs = append(runs, run)
		}
		i = j + 1
	}
	last := runs[len(runs)-1]
	switch {
	case left > 0:
		return several + strings.Join(runs, ", ") + and + fmt.Sprintf(more, left)
	case len(runs) == 1:
		return several + last
	}
	return several + strings.Join(runs[:len(runs)-1], ", ") + and + last
}
