package money

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
)

// codesPage holds what is spent against the budgets of konteringskoder.
type codesPage struct {
	Year string
	Rows []codeRow
	Sum  codeRow
	May  bool   // the person may change the register
	Told string // what an import changed; empty: none was made just now
}

type codeRow struct {
	Code, Name, Note              string
	Budget, Spent, Left, Forecast money.Ore
	Over                          bool // the forecast is above the budget
}

// budgets are the rows of this year, for the accounts of the person.
func (v *request) budgets() (year string, rows []codes.BudgetRow, err error) {
	to := civil.NextMonth(civil.Of(v.Now(), calendar.Oslo))
	var accounts []string
	if !v.Scope.All {
		accounts = v.Scope.Accounts
	}
	rows, err = v.Engine.Budgets(v.Ctx, to, accounts)
	return string(to.AddDays(-1))[:4], rows, err
}

func codeBudgets(v *request) error {
	year, rows, err := v.budgets()
	if err != nil {
		return err
	}
	p := codesPage{Year: year, May: v.MayAll(access.HandleMoney), Told: importedWords(v.R.URL.Query())}
	for _, b := range rows {
		row := codeRow{b.Code, b.Name, b.Note, b.Budget, b.Spent, b.Left(), b.Forecast, b.Budget > 0 && b.Forecast > b.Budget}
		p.Sum.Budget, p.Sum.Spent, p.Sum.Left, p.Sum.Forecast = p.Sum.Budget+row.Budget, p.Sum.Spent+row.Spent, p.Sum.Left+row.Left, p.Sum.Forecast+row.Forecast
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "koder", "Konteringskoder", p)
}

// codesCSV is the list as a file.
func codesCSV(v *request) error {
	_, list, err := v.budgets()
	if err != nil {
		return err
	}
	rows := [][]string{{"kode", "navn", "budsjett_kr", "brukt_kr", "igjen_kr", "prognose_kr", "merknad"}}
	for _, b := range list {
		budget, left := "", ""
		if b.HasBudget {
			budget, left = b.Budget.Plain(","), b.Left().Plain(",")
		}
		rows = append(rows, []string{visit.Cell(b.Code), visit.Cell(b.Name), budget, b.Spent.Plain(","), left, b.Forecast.Plain(","), visit.Cell(b.Note)})
	}
	return v.CSV("konteringskoder.csv").WriteAll(rows)
}

// registerCSV is the register as a file that can be changed and read in again.
func registerCSV(v *request) error {
	var entries []codes.Entry
	err := v.View(func(r *scoped.Reader) (err error) {
		entries, err = r.CodeRegister(v.Ctx)
		return err
	})
	if err != nil {
		return err
	}
	rows := [][]string{codes.Columns()}
	for _, c := range entries {
		row := c.Record()
		// A code begins no formula, whatever it begins with: it is letters, digits and . _ - and is to come back as it is.
		for i := 1; i <= 5; i++ { // name and dimensions
			row[i] = visit.Cell(row[i])
		}
		rows = append(rows, row)
	}
	return v.CSV("register.csv").WriteAll(rows)
}

func codesImportPage() form {
	return form{
		Title:  "Les inn register over konteringskoder",
		Text:   "Registeret erstattes av det som står i filen. Last ned det gjeldende registeret, endre det du skal, og les det inn igjen. I Excel hentes filen med Data og Fra tekst/CSV, med kodene som tekst, ellers blir nuller foran borte. Feil i filen gjør at ingenting leses inn.",
		Action: "/okonomi/koder/les-inn", File: true, Button: "Les inn", Back: "/okonomi/koder",
		Fields: []field{{
			Kind: "fil", Name: "fil", Label: "Register", Accept: ".csv,.xlsx", Required: true,
			Help: "Excel (xlsx) eller CSV med semikolon. Første linje er kolonnenavn, og bare kode må være med: " + strings.Join(codes.Columns(), ", ") + ". Budsjett er kroner uten merverdiavgift for et kalenderår.",
		}, reasonField()},
	}
}

func askImportCodes(v *request) error { return v.ask(codesImportPage()) }

func importCodes(v *request) error {
	in, err := v.sent()
	if err != nil {
		return err
	}
	f := codesImportPage()
	f.set("fil", "", in.Wrong)
	reason, wrong := visit.ReasonIn(in.Get("begrunnelse"))
	if f.set("begrunnelse", reason, wrong); f.IsWrong() {
		return v.ask(f)
	}
	if v.Books == nil {
		return errors.New("registers cannot be read here")
	}
	rows, err := v.Books.ReadRegister(in.Data)
	if err != nil {
		f.Refused, f.Problems = "Ingenting er lest inn.", []problem{{Text: "Filen kan ikke leses som et register. Lagre den som .xlsx uten passord, eller som CSV UTF-8 med semikolon.", Detail: err.Error()}}
		return v.ask(f)
	}
	entries, problems := codes.ParseRegister(rows)
	if len(problems) > 0 {
		f.Refused, f.Problems = "Ingenting er lest inn.", problemsOf(problems)
		return v.ask(f)
	}
	change, err := v.Engine.CompareCodes(v.Ctx, entries)
	if err != nil {
		return err
	}
	if change.MostGone() && in.Get("likevel") == "" {
		f.Fields = append(f.Fields, field{
			Kind: "kryss", Name: "likevel", Label: "Erstatt registeret likevel",
			Wrong: fmt.Sprintf("Av %s er %s ikke med i filen: %s. Er det riktig fil, så velg den på nytt og kryss av.",
				page.Counted(change.Before, "kode", "koder"), page.Number(len(change.Gone)), someOf(change.Gone)),
		})
		return v.ask(f)
	}
	change, err = v.Engine.ImportCodes(v.Ctx, entries, reason)
	if v.refused(&f, err) {
		return v.ask(f)
	}
	if err != nil {
		return err
	}
	q := url.Values{"lest": {strconv.Itoa(change.After)}, "nye": {strconv.Itoa(len(change.New))}, "borte": {strconv.Itoa(len(change.Gone))}, "endret": {strconv.Itoa(len(change.Changed))}}
	return v.Redirect("/okonomi/koder?" + q.Encode())
}

// importedWords tell what an import has changed, as its counts stand in the address.
func importedWords(q url.Values) string {
	count := func(name string) int {
		n, _ := strconv.Atoi(q.Get(name)) // an address that somebody wrote tells nothing
		return max(n, 0)
	}
	if q.Get("lest") == "" {
		return ""
	}
	return fmt.Sprintf("Registeret er lest inn og har %s: %s, %s borte, %s endret.", page.Counted(count("lest"), "kode", "koder"), page.Counted(count("nye"), "ny", "nye"), page.Number(count("borte")), page.Number(count("endret")))
}

// someOf names the first of a list of codes.
func someOf(list []string) string {
	const most = 10
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + " og " + page.Counted(len(list)-most, "til", "til")
}
