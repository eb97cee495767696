// Package page is how pages of the console look: their templates, the frame around them, and the Norwegian words for what the engine
// names by codes. It knows no request and no archive.
package page

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/console/asset"
)

//go:embed pages
var pages embed.FS

// Frame is what stands around every page, and the page.
type Frame struct {
	Title        string
	Organisation string
	Person       string // who is logged in
	LoggedIn     bool
	Find         bool // the box that finds things is there
	Nav          []MenuGroup
	// In seconds of Unix time: now, when the session ends unless something is done, and when it ends whatever is done.
	Now, Until, Last int64
	UntilText        string // Until on the clock
	Version          string
	Page             any
}

// MenuGroup is some of the ways to pages.
type MenuGroup struct {
	Name  string
	Items []MenuItem
}

// MenuItem is the way to a page.
type MenuItem struct {
	Name, Path string
	Here       bool
}

// Choice is one of a list to choose from.
type Choice struct {
	Value, Text string
	Chosen      bool
}

// Field is a field of one line in a form. Wrong is what is wrong with what was written; empty: nothing.
type Field struct {
	ID, Name, Value, Help, Wrong string
	Most                         int // characters
}

// Tag is a word with a colour of Designsystemet; the colour says nothing that the word does not.
type Tag struct{ Text, Color string }

// Link is a text that leads somewhere; without Path it does not.
type Link struct{ Text, Path string }

// templates are the pages by name, each with the frame around it.
var templates = sync.OnceValue(func() map[string]*template.Template {
	entries, err := fs.ReadDir(pages, "pages")
	if err != nil {
		panic(err) // they are part of the program
	}
	out := map[string]*template.Template{}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if name == "ramme" {
			continue
		}
		out[name] = template.Must(template.New("ramme.html").Option("missingkey=error").Funcs(functions).ParseFS(pages, "pages/ramme.html", "pages/"+e.Name()))
	}
	return out
})

// Names are the names of all pages, in order.
func Names() []string { return slices.Sorted(maps.Keys(templates())) }

// Render writes a page with the frame around it. The page is known by the name of its template.
func Render(w io.Writer, name string, f Frame) error {
	t, ok := templates()[name]
	if !ok {
		return fmt.Errorf("there is no page %s", name)
	}
	return t.Execute(w, f)
}

// functions are what templates may call.
var functions = template.FuncMap{
	"fil":       asset.Path,
	"tid":       Clock,
	"dag":       Day,
	"klokke":    func(t time.Time) string { return t.In(calendar.Oslo).Format("kl.\u00a015.04") },
	"iso":       func(t time.Time) string { return t.In(calendar.Oslo).Format(time.RFC3339) },
	"tall":      Number,
	"storrelse": Size,
	"belop":     func(o money.Ore) string { return o.String() },
	"kr":        func(o money.Ore) string { return "kr\u00a0" + o.String() },
	"felt": func(id, name, value, help, wrong string, most int) Field {
		return Field{id, name, value, help, wrong, most}
	},
	"flere": func(n int, one, many string) string { return Counted(n, one, many) },
}

// Clock is a time as people read it; empty: never.
func Clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Oslo).Format("02.01.2006 kl. 15.04")
}

// Day is the day of a time.
func Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Oslo).Format("02.01.2006")
}

// Number is a number with narrow spaces between thousands.
func Number(n int) string {
	digits := fmt.Sprint(max(n, -n))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u00a0" + digits[i:]
	}
	if n < 0 {
		digits = "\u2212" + digits
	}
	return digits
}

// Counted is a number with what it counts.
func Counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Span is a duration as people say it: to the minute, and to the hour when it is of days.
func Span(d time.Duration) string {
	d = d.Round(time.Minute)
	days := int(d / (24 * time.Hour))
	if days == 0 {
		return Hours(d)
	}
	text := Counted(days, "dag", "dager")
	if h := int(d/time.Hour) % 24; h > 0 {
		text += " og " + Counted(h, "time", "timer")
	}
	return text
}

// Hours is a duration in hours and minutes.
func Hours(d time.Duration) string {
	d = d.Round(time.Minute)
	var parts []string
	if h := int(d / time.Hour); h > 0 {
		parts = append(parts, Counted(h, "time", "timer"))
	}
	if m := int(d/time.Minute) % 60; m > 0 || len(parts) == 0 {
		parts = append(parts, Counted(m, "minutt", "minutter"))
	}
	return strings.Join(parts, " og ")
}

// Size is a number of bytes for people.
func Size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprint(n) + " byte"
	case n < 1<<20:
		return Number(int(n>>10)) + " kB"
	}
	return strings.Replace(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".", ",", 1) + " MB"
}

// Fact is a name and what is so.
type Fact struct {
	Name, Value string
	Note        string
	Path        string // the value leads there
	Copy        bool   // it is copied often
}

// jobForm is what the number of a print job looks like.
var jobForm = regexp.MustCompile(`^[A-Z0-9]{4}[0-9]{6}$`)

// Sentence begins a text with a capital letter; a job's number alone says what it is.
func Sentence(s string) string {
	if jobForm.MatchString(s) {
		return "Jobb " + s
	}
	first, width := utf8.DecodeRuneInString(s)
	if width == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[width:]
}

// Weight is a weight for people.
func Weight(gram int64) string {
	if gram < 10_000 {
		return Number(int(gram)) + " g"
	}
	return Number(int((gram+500)/1000)) + " kg"
}

var monthNames = [...]string{"januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"}

// MonthName names a month, given as 2026-11.
func MonthName(m string) string {
	t, err := time.Parse("2006-01", m)
	if err != nil {
		return m
	}
	return monthNames[t.Month()-1] + " " + strconv.Itoa(t.Year())
}
