package words

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
)

const (
	// caseArg tells the cases of a kind of alarm apart, where a kind has several.
	caseArg = "case"
	// textArg is the only argument of an alarm that an earlier version stored as a sentence: it is shown as it stands.
	textArg = "text"
)

// Alarm words an alarm, by its key and its arguments: what is wrong and what to do about it. Counts are decimal digits, times RFC
// 3339 with the offset of Norwegian time, durations as time.Duration writes them, amounts øre, months and days ISO 8601. "case"
// tells the cases of a kind apart. The arguments of the second thing that an alarm says have names that begin with "2.", and so on.
// The argument "text" alone is a sentence that an earlier version stored. An alarm that has no words here, or lacks an argument, is
// shown as its key and its arguments.
func Alarm(key string, args map[string]string, lang Language) string {
	if text, ok := args[textArg]; ok && len(args) == 1 {
		return text
	}
	kind, _, _ := strings.Cut(key, ":")
	var said []string
	for _, own := range EachOf(args) {
		text, err := alarmWords().word(kind, own, lang)
		if err != nil {
			return plain(key, args)
		}
		said = append(said, text)
	}
	also := ". Also: "
	if lang == Norwegian {
		also = ". Dessuten: "
	}
	return strings.Join(said, also)
}

// EachOf are the arguments of each thing that an alarm says, in order: one, for most.
func EachOf(args map[string]string) []map[string]string {
	if !hasMore(args) {
		return []map[string]string{args}
	}
	out := []map[string]string{nth(args, 1)}
	for n := 2; ; n++ {
		own := nth(args, n)
		if len(own) == 0 {
			return out
		}
		out = append(out, own)
	}
}

// AlarmCase is what tells the cases of a kind of alarm apart: the kind, and after a stroke the case where the arguments name one.
func AlarmCase(kind string, args map[string]string) string {
	if c := args[caseArg]; c != "" {
		return kind + "/" + c
	}
	return kind
}

// AlarmCases are all that have words, sorted.
func AlarmCases() []string { return slices.Sorted(maps.Keys(alarmTemplates)) }

// AlarmsOf says what several alarms of a kind are, after their number: "letters cannot be prepared".
func AlarmsOf(kind string, lang Language) string {
	if m, ok := manyAlarms[kind]; ok {
		return m[lang]
	}
	if lang == Norwegian {
		return "alarmer av typen " + kind
	}
	return "alarms of the kind " + kind
}

// hasMore reports whether an alarm says several things.
func hasMore(args map[string]string) bool {
	for name := range args {
		if strings.HasPrefix(name, "2.") {
			return true
		}
	}
	return false
}

// nth are the arguments of the nth thing that an alarm says.
func nth(args map[string]string, n int) map[string]string {
	own := map[string]string{}
	for name, value := range args {
		before, after, numbered := strings.Cut(name, ".")
		switch {
		case n == 1 && !numbered:
			own[name] = value
		case n > 1 && numbered && before == strconv.Itoa(n):
			own[after] = value
		}
	}
	return own
}

// plain shows what there are no words for.
func plain(key string, args map[string]string) string {
	if len(args) == 0 {
		return key
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(args)) {
		parts = append(parts, name+": "+args[name])
	}
	return key + " (" + strings.Join(parts, ", ") + ")"
}

// worded is a template in each language.
type worded [len(Languages)]string

// parsedAlarms are the templates of all alarms, notes and changes, by language and name.
type parsedAlarms [len(Languages)]map[string]*template.Template

var alarmWords = sync.OnceValue(parseAlarms)

// parseAlarms reads the templates once; they are part of the program, and a test reads them all.
func parseAlarms() *parsedAlarms {
	p := &parsedAlarms{}
	for _, lang := range Languages {
		p[lang] = map[string]*template.Template{}
		for _, table := range []map[string]worded{alarmTemplates, alarmPhrases, notePhrases, changePhrases} {
			for name, w := range table {
				p[lang][name] = p.parse(name, w, lang)
			}
		}
		for prefix, table := range map[string]map[string]worded{notePrefix: notes, changePrefix: changes, subjectPrefix: changeSubjects} {
			for code, w := range table {
				p[lang][prefix+code] = p.parse(prefix+code, w, lang)
			}
		}
	}
	return p
}

func (p *parsedAlarms) parse(name string, w worded, lang Language) *template.Template {
	return template.Must(template.New(name).Option("missingkey=error").Funcs(p.funcs(lang)).Parse(w[lang]))
}

func (p *parsedAlarms) word(kind string, args map[string]string, lang Language) (string, error) {
	name := AlarmCase(kind, args)
	t, ok := p[lang][name]
	if _, alarm := alarmTemplates[name]; !ok || !alarm {
		return "", fmt.Errorf("no words for %s", name)
	}
	return execute(t, args)
}

func execute(t *template.Template, args map[string]string) (string, error) {
	var b strings.Builder
	err := t.Execute(&b, args)
	return b.String(), err
}

// isPhrase reports whether a code of an argument has words.
func isPhrase(full string) bool {
	for _, table := range []map[string]worded{alarmPhrases, notePhrases, changePhrases} {
		if _, ok := table[full]; ok {
			return true
		}
	}
	return false
}

// funcs are what templates may call.
func (p *parsedAlarms) funcs(lang Language) template.FuncMap {
	return template.FuncMap{
		// has tells whether there is such an argument.
		"has": func(args map[string]string, name string) bool { _, ok := args[name]; return ok },
		// say words an argument that is a code; one that is none stands as it is.
		"say": func(args map[string]string, name string) (string, error) {
			code, ok := args[name]
			if !ok {
				return "", fmt.Errorf("no argument %s", name)
			}
			full := name + "/" + code
			if !isPhrase(full) {
				return code, nil
			}
			return execute(p[lang][full], args)
		},
		"n":         func(count, one, many string) string { return counted(count, one, many) },
		"first":     func(list string) string { first, _, _ := strings.Cut(list, " "); return first },
		"quote":     strconv.Quote,
		"clock":     func(at string) string { return clock(at, lang) },
		"duration":  func(d string) string { return duration(d, lang) },
		"day":       func(d string) string { return day(d, lang) },
		"month":     func(m string) string { return month(m, lang) },
		"period":    func(first, last string) string { return period(first, last, lang) },
		"kr":        kroner,
		"strays":    func(args map[string]string) string { return strays(args, lang) },
		"strangers": func(args map[string]string) string { return strangers(args, lang) },
	}
}
