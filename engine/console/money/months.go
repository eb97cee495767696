package money

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/finance"
	"postgang/engine/store"
	"postgang/engine/words"
)

// monthsPage is the months with what is open in them.
type monthsPage struct {
	Rows []monthRow
	// Of the workbook of any period.
	From, To string
	All      bool // the person sees months, and not workbooks alone
}

type monthRow struct {
	Name, Path string
	Workbook   string
	Letters    int
	Net        money.Ore
	Closed     time.Time
	Reason     string
	By         string
	Open       []page.Link // what a person should look at before it is closed
}

func (v *request) monthRow(m finance.MonthStatus) monthRow {
	row := monthRow{Name: page.Sentence(page.MonthName(m.Month.Month())), Path: "/okonomi/maneder/" + m.Month.Month(), Workbook: workbookPath(m.Month.Month()), Letters: m.Letters, Net: m.Net}
	if m.Closed != nil {
		row.Closed, row.Reason, row.By = m.Closed.ClosedAt, m.Closed.Reason, v.ByWhom(m.Closed.By)
	} else {
		row.Open = v.openInMonth(m)
	}
	return row
}

func workbookPath(month string) string {
	return "/okonomi/arbeidsbok?" + url.Values{"maned": {month}}.Encode()
}

func months(v *request) error {
	found, err := v.Engine.Months(v.Ctx)
	if err != nil {
		return err
	}
	p := monthsPage{}
	for _, m := range found {
		p.Rows = append(p.Rows, v.monthRow(m))
	}
	slices.Reverse(p.Rows)
	return v.Show(http.StatusOK, "maneder", "Måneder", p)
}

// monthsCSV is the list as a file.
func monthsCSV(v *request) error {
	found, err := v.Engine.Months(v.Ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"maned", "tilstand", "brev", "netto_kr", "uten_kvittering", "stansede_filer", "i_konflikt", "avvik", "ikke_bokforte_fakturaer", "ikke_fakturert_kr", "lukket", "begrunnelse", "av"}}
	for _, m := range found {
		state, closed, reason, by := "åpen", "", "", ""
		if c := m.Closed; c != nil {
			state, closed, reason, by = "lukket", page.Clock(c.ClosedAt), visit.Cell(c.Reason), v.ByWhom(c.By)
		}
		var accrued money.Ore
		for _, a := range m.NotInvoiced {
			accrued += a.Net
		}
		rows = append(rows, []string{
			m.Month.Month(), state, fmt.Sprint(m.Letters), m.Net.Plain(","), fmt.Sprint(m.Unreceipted), fmt.Sprint(m.StoppedFiles), fmt.Sprint(m.Conflicts), fmt.Sprint(m.Deviations),
			fmt.Sprint(len(m.Unbooked)), accrued.Plain(","), closed, reason, by,
		})
	}
	return v.CSV("maneder.csv").WriteAll(rows)
}

// openInMonth words what is open in a month, and leads to it.
func (v *request) openInMonth(m finance.MonthStatus) []page.Link {
	var out []page.Link
	add := func(n int, one, many, path string) {
		if n > 0 {
			out = append(out, page.Link{Text: page.Counted(n, one, many), Path: path})
		}
	}
	add(m.Unreceipted, "brev uten kvittering", "brev uten kvittering", visit.Letters("status", "SENDT_PRINT"))
	add(m.StoppedFiles, "kvitteringsfil som ikke kan leses", "kvitteringsfiler som ikke kan leses", "/okonomi/kvitteringer")
	add(m.HalfFiles, "kvitteringsfil som er delvis bokført", "kvitteringsfiler som er delvis bokført", "/okonomi/kvitteringer")
	add(m.Conflicts, "kvittering i konflikt", "kvitteringer i konflikt", "/okonomi/kvitteringer")
	add(m.Deviations, "åpent avvik", "åpne avvik", "/okonomi/avvik")
	for _, i := range m.Unbooked {
		out = append(out, page.Link{Text: "faktura " + i.Invoice.Number + " er ikke bokført", Path: invoicePath(i.ID)})
	}
	for _, a := range m.NotInvoiced {
		out = append(out, page.Link{Text: "kr\u00a0" + a.Net.String() + " kvittert og ikke fakturert av " + v.VendorName(a.Vendor), Path: "/okonomi/fakturaer"})
	}
	return out
}

// monthPage is one month.
type monthPage struct {
	monthRow
	Asked string // who has asked that it is closed; empty: nobody
	Close string // path of the page that asks about closing it; empty: it cannot be closed now, or not by this person
	Why   string // why it cannot be closed; empty: it can
}

// monthOf reads a month such as 2026-11: its first day.
func monthOf(text string) (civil.Date, bool) {
	day := civil.Date(text + "-01")
	return day, len(text) == len("2026-11") && day.Validate() == nil
}

// month finds the month of a request; store.ErrNotFound.
func (v *request) month() (m finance.MonthStatus, err error) {
	day, ok := monthOf(v.R.PathValue("maned"))
	if !ok {
		return m, store.ErrNotFound
	}
	return v.Engine.MonthStatus(v.Ctx, day)
}

// asked is who has asked that a month is closed, and may be joined; nil: nobody.
func (v *request) asked(m finance.MonthStatus) (a *access.Asked, err error) {
	err = v.View(func(r *scoped.Reader) error {
		a, err = r.AskedFor(v.Ctx, finance.MonthSubject(m.Month), v.Now())
		return err
	})
	return a, err
}

// mine reports whether it was this person who asked.
func (v *request) mine(a *access.Asked) bool { return a != nil && a.By.SamePerson(access.By(v.Ctx)) }

// askedWords tell who has asked that a month is closed, and who must do so now.
func (v *request) askedWords(a *access.Asked) string {
	if a == nil {
		return ""
	}
	until := page.Clock(a.At.Add(access.AskedTime))
	if v.mine(a) {
		return "Du ba om å lukke måneden " + page.Clock(a.At) + ": " + a.Reason + ". Ønsket er notert. Den blir lukket når en annen person med rollen økonomi for alle kontoer gjør det samme, innen " + until + "."
	}
	return page.Sentence(v.ByWhom(a.By.String())) + " ba om å lukke måneden " + page.Clock(a.At) + ": " + a.Reason + ". Den blir lukket når en annen person gjør det samme, innen " + until + "."
}

func month(v *request) error {
	m, err := v.month()
	if err != nil {
		return err
	}
	p := monthPage{monthRow: v.monthRow(m)}
	if m.Closed == nil {
		a, err := v.asked(m)
		if err != nil {
			return err
		}
		p.Asked = v.askedWords(a)
		err = v.Engine.MayClose(v.Ctx, m.Month)
		why, refused := words.RefusedOf(err, words.Norwegian)
		switch {
		case refused:
			p.Why = page.Sentence(why) + "."
		case err != nil:
			return err
		case v.MayAll(access.HandleMoney) && !v.mine(a):
			p.Close = p.Path + "/lukk"
		}
	}
	return v.Show(http.StatusOK, "maned", p.Name, p)
}

// closePage asks whether a month is to be closed.
func (v *request) closePage(m finance.MonthStatus) (f form, err error) {
	row := v.monthRow(m)
	f = form{
		Title: "Lukk " + page.MonthName(m.Month.Month()), Action: row.Path + "/lukk", Button: "Lukk måneden", Danger: true, Back: row.Path, Fields: []field{reasonField()},
		Text:  "Tallene i måneden endres ikke etter dette, og den kan ikke åpnes igjen. Det som kommer senere, føres i en åpen måned. Måneder før den uten brev og kostnader lukkes sammen med den.",
		Facts: []page.Fact{{Name: "Brev", Value: page.Number(m.Letters)}, {Name: "Netto", Value: "kr\u00a0" + m.Net.String()}},
	}
	a, err := v.asked(m)
	if err != nil {
		return f, err
	}
	err = v.Engine.MayClose(v.Ctx, m.Month)
	why, refused := words.RefusedOf(err, words.Norwegian)
	switch {
	case refused:
		f.Cannot = page.Sentence(why) + "."
		if c := m.Closed; c != nil && v.ByWhom(c.By) != "" {
			f.Cannot += " Den ble lukket av " + v.ByWhom(c.By) + ": " + c.Reason + "."
		}
	case err != nil:
		return f, err
	case v.mine(a):
		f.Cannot = v.askedWords(a)
	case a != nil:
		f.Text = v.askedWords(a) + " Gjør du det nå, blir den lukket. " + f.Text
	case v.Engine.ClosesByTwo():
		f.Text = "Det trengs to personer. Du er den første: ønsket ditt blir notert, og måneden lukkes når en annen person gjør det samme innen sju dager. " + f.Text
		f.Button = "Be om å lukke måneden"
	}
	if m.Open() {
		f.LookTitle = "Dette gjenstår"
		for _, l := range row.Open {
			f.Look = append(f.Look, page.Sentence(l.Text))
		}
		f.Fields = append(f.Fields, field{Kind: "kryss", Name: "likevel", Label: "Lukk måneden selv om dette gjenstår"})
	}
	return f, nil
}

func askClose(v *request) error {
	m, err := v.month()
	if err != nil {
		return err
	}
	f, err := v.closePage(m)
	if err != nil {
		return err
	}
	return v.ask(f)
}

func closeMonth(v *request) error {
	m, err := v.month()
	if err != nil {
		return err
	}
	f, err := v.closePage(m)
	if err != nil {
		return err
	}
	if f.Cannot != "" {
		return v.ask(f)
	}
	reason, wrong := v.Reason()
	f.set("begrunnelse", reason, wrong)
	anyway := v.R.PostFormValue("likevel")
	if f.set("likevel", anyway, ""); len(f.Look) > 0 && anyway == "" {
		f.set("likevel", "", "Kryss av hvis måneden skal lukkes selv om noe gjenstår.")
	}
	if f.IsWrong() {
		return v.ask(f)
	}
	_, err = v.Engine.CloseMonth(v.Ctx, m.Month, reason)
	switch {
	case err == nil, errors.Is(err, access.ErrSecondPerson): // noted: the page says so
		return v.Redirect(f.Back)
	case v.refused(&f, err):
		return v.ask(f)
	}
	return err
}

// Books are the workbooks that finance takes home, and brings.
type Books interface {
	// Workbook writes the workbook of a period: whole, or nothing when it cannot be made.
	Workbook(ctx context.Context, q finance.ReportQuery, w io.Writer) error
	// ReadRegister reads the rows of a register of konteringskoder. The error says in English what is wrong with the file.
	ReadRegister(data []byte) ([][]string, error)
}

// onFirst does something before the first bytes are written.
type onFirst struct {
	io.Writer
	before func()
	begun  bool
}

func (w *onFirst) Write(b []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.before()
	}
	return w.Writer.Write(b)
}

// workbook is the workbook of a period, of the accounts of the person.
func workbook(v *request) error {
	if v.Books == nil {
		return store.ErrNotFound
	}
	q, get := finance.ReportQuery{}, v.R.URL.Query()
	if text := get.Get("maned"); text != "" {
		month, ok := monthOf(text)
		if !ok {
			return fmt.Errorf("måneden må skrives som 2026-11: %w", visit.ErrBad)
		}
		q.From, q.To = month, civil.NextMonth(month)
	} else {
		first, err1 := civil.Parse(get.Get("fra"))
		last, err2 := civil.Parse(get.Get("til"))
		if err1 != nil || err2 != nil || last < first {
			return fmt.Errorf("velg første og siste dag i perioden; siste dag kan ikke være før første: %w", visit.ErrBad)
		}
		q.From, q.To = first, last.AddDays(1)
	}
	if !v.Scoped.Whole(v.Scope) {
		for _, a := range v.Accounts {
			if v.Scope.Has(a.Key) {
				q.Accounts = append(q.Accounts, a.Key)
			}
		}
	}
	select { // one at a time: each takes memory and a processor for a while
	case v.making <- struct{}{}:
		defer func() { <-v.making }()
	case <-v.Ctx.Done():
		return v.Ctx.Err()
	}
	w := &onFirst{Writer: v.W, before: func() {
		v.Attach("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "kostnytte-"+string(q.From)+"-"+string(q.To.AddDays(-1))+".xlsx")
	}}
	err := v.Books.Workbook(v.Ctx, q, w)
	if err != nil && w.begun { // who asked is gone, or the answer cannot be mended
		return errors.Join(visit.ErrAnswered, err)
	}
	return err
}
