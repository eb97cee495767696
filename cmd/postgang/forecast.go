package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/calendar"
	"postgang/engine/forecast"
	"postgang/engine/nights"
)

// aheadView is what the next night would take.
type aheadView struct {
	Night   cli.Moment `json:"night"`
	Planned bool       `json:"planned"` // false: no night is planned, and the time is midnight
	// Estimated: sheets and postage are counted of some letters alone.
	Estimated bool             `json:"estimated"`
	Accounts  []aheadOfAccount `json:"accounts"`
}

type aheadOfAccount struct {
	Account  string         `json:"account"`
	Vendor   string         `json:"vendor"`
	Letters  int            `json:"letters"`
	Known    bool           `json:"sheets_known"`
	Sheets   int            `json:"sheets"`
	Postage  money.Ore      `json:"postage_ore"`
	Unpriced int            `json:"unpriced"`           // letters whose postage is not known, and is not in it
	Behind   map[string]int `json:"stay_behind"`        // set aside, by reason code
	Aside    map[string]int `json:"would_be_set_aside"` // by the night, likewise
}

func aheadOf(ctx context.Context, a *app.App) (aheadView, error) {
	night, planned := nights.NextNight(a.Config.Schedules, a.Now())
	all, err := a.Engine.Ahead(ctx, night)
	v := aheadView{Night: cli.When(night), Planned: planned, Estimated: all.Estimated, Accounts: []aheadOfAccount{}}
	for _, o := range all.Accounts {
		v.Accounts = append(v.Accounts, aheadOfAccount{o.Account, o.Vendor, o.Letters, o.Figured > 0, o.Sheets, o.Postage, o.Unpriced, o.Behind, o.Aside})
	}
	return v, err
}

func (v aheadView) show(w io.Writer) {
	if len(v.Accounts) == 0 {
		return
	}
	what := "The next night"
	if !v.Planned {
		what = "No night is planned; one"
	}
	fmt.Fprintf(w, "\n%s at %s would take, if nobody reads a letter until then:\n", what, v.Night)
	about := ""
	if v.Estimated {
		about = "~"
	}
	cli.Table(w, "ACCOUNT VENDOR LETTERS SHEETS POSTAGE STAY_BEHIND WOULD_BE_SET_ASIDE", func(row func(...any)) {
		for _, o := range v.Accounts {
			sheets, postage := "", ""
			if o.Known {
				sheets = about + fmt.Sprint(o.Sheets)
			}
			if o.Known && o.Unpriced < o.Letters {
				postage = about + o.Postage.String()
			}
			row(o.Account, o.Vendor, o.Letters, sheets, postage, byCode(o.Behind), byCode(o.Aside))
		}
	})
}

// byCode lists numbers by reason code.
func byCode(counts map[string]int) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[code], code))
	}
	return strings.Join(parts, ", ")
}

// missingView is an account whose usual work has not come.
type missingView struct {
	Account string        `json:"account"`
	Kind    forecast.Kind `json:"habit"` // uke: on this day of the week; maned: about this day of the month
	Letters int           `json:"usual_letters"`
	By      cli.Moment    `json:"by"` // when it has come at the latest
	Came    int           `json:"came_today"`
	weekday string
	last    calendar.Day // of a monthly one
}

func missingOf(ctx context.Context, a *app.App) ([]missingView, error) {
	all, err := a.Engine.MissingWork(ctx)
	out := []missingView{}
	for _, m := range all {
		out = append(out, missingView{m.Account, m.Kind, m.About(), cli.When(m.By), m.Came, calendar.DayOf(a.Now()).Weekday().String(), m.Last})
	}
	return out, err
}

// until is when it has come at the latest, as people read it.
func (m missingView) until() string {
	if m.Kind == forecast.Monthly {
		return m.last.String()
	}
	return m.By.String()
}

func (m missingView) usually() string {
	if m.Kind == forecast.Monthly {
		return fmt.Sprintf("about %d letters a month", m.Letters)
	}
	return fmt.Sprintf("about %d letters on %ss", m.Letters, m.weekday)
}
