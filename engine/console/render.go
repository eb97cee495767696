package console

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/console/asset"
)

//go:embed pages
var pages embed.FS

// frame is what stands around every page, and the page.
type frame struct {
	Title        string
	Organisation string
	Person       string // who is logged in
	LoggedIn     bool
	Find         bool // the box that finds things is there
	Nav          []menuGroup
	// In seconds of Unix time: now, when the session ends unless something is done, and when it ends whatever is done.
	Now, Until, Last int64
	UntilText        string // Until on the clock
	Version          string
	Page             any
}

type menuGroup struct {
	Name  string
	Items []menuItem
}

type menuItem struct {
	Name, Path string
	Here       bool
}

// choice is one of a list to choose from.
type choice struct {
	Value, Text string
	Chosen      bool
}

// tag is a word with a colour of Designsystemet; the colour says nothing that the word does not.
type tag struct{ Text, Color string }

// link is a text that leads somewhere; without Path it does not.
type link struct{ Text, Path string }

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

func render(w io.Writer, name string, f frame) error {
	t, ok := templates()[name]
	if !ok {
		return fmt.Errorf("there is no page %s", name)
	}
	return t.Execute(w, f)
}

// functions are what templates may call.
var functions = template.FuncMap{
	"fil":       asset.Path,
	"tid":       clock,
	"dag":       day,
	"iso":       func(t time.Time) string { return t.In(calendar.Oslo).Format(time.RFC3339) },
	"tall":      number,
	"storrelse": size,
	"kr":        func(o money.Ore) string { return "kr\u00a0" + o.String() },
	"flere":     func(n int, one, many string) string { return counted(n, one, many) },
}

// clock is a time as people read it; empty: never.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Oslo).Format("02.01.2006 kl. 15.04")
}

// day is the day of a time.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Oslo).Format("02.01.2006")
}

// number is a number with narrow spaces between thousands.
func number(n int) string {
	digits := fmt.Sprint(max(n, -n))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u00a0" + digits[i:]
	}
	if n < 0 {
		digits = "\u2212" + digits
	}
	return digits
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// span is a duration as people say it: to the minute, and to the hour when it is of days.
func span(d time.Duration) string {
	d = d.Round(time.Minute)
	days := int(d / (24 * time.Hour))
	if days == 0 {
		return hours(d)
	}
	text := counted(days, "dag", "dager")
	if h := int(d/time.Hour) % 24; h > 0 {
		text += " og " + counted(h, "time", "timer")
	}
	return text
}

// hours is a duration in hours and minutes.
func hours(d time.Duration) string {
	d = d.Round(time.Minute)
	var parts []string
	if h := int(d / time.Hour); h > 0 {
		parts = append(parts, counted(h, "time", "timer"))
	}
	if m := int(d/time.Minute) % 60; m > 0 || len(parts) == 0 {
		parts = append(parts, counted(m, "minutt", "minutter"))
	}
	return strings.Join(parts, " og ")
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprint(n) + " byte"
	case n < 1<<20:
		return number(int(n>>10)) + " kB"
	}
	return strings.Replace(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".", ",", 1) + " MB"
}
