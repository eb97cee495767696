package statistics

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/finance"
)

// statisticsPage is what came, how it went and what it cost.
type statisticsPage struct {
	Accounts []page.Choice
	Account  string
	Froms    []page.Choice // months to begin with
	Tos      []page.Choice // and to end with, which is counted in
	Months   []monthFigures
	Sum      monthFigures
	Senders  []monthFigures
	Codes    []monthFigures
	Reasons  []reasonFigures
	Saved    money.Ore
	HasSaved bool
	Chart    chart
	CSV      string
}

// monthFigures are the figures of a month, of an account or of a konteringskode.
type monthFigures struct {
	Name                      string
	Received, Digital, Paper  int // shipments that were received, by how they went
	Waiting, Refused, Stopped int
	Letters                   int // posted
	Production, Postage, Net  money.Ore
}

// Share is the digital share of what was delivered, in whole per cent; -1: nothing was.
func (m monthFigures) Share() int {
	if m.Digital+m.Paper == 0 {
		return -1
	}
	return (200*m.Digital/(m.Digital+m.Paper) + 1) / 2
}

// Per is what a posted letter cost, net; 0: none was posted.
func (m monthFigures) Per() money.Ore {
	if m.Letters < 1 {
		return 0
	}
	return (m.Net + money.Ore(m.Letters)/2) / money.Ore(m.Letters)
}

func (m *monthFigures) add(c figures.Counters, o figures.Money) {
	m.Received += c.Received
	m.Digital += c.Digital()
	m.Paper += c.Paper()
	m.Waiting += c.Waiting
	m.Refused += c.Refused
	m.Stopped += c.Closed + c.DigitalOnly + c.Other
	m.Letters += o.Letters
	m.Production, m.Postage, m.Net = m.Production+o.Production, m.Postage+o.Postage, m.Net+o.Net
}

type reasonFigures struct {
	Name string
	N    int
}

// chart is a picture of the months: bars of what went digitally and on paper. Lengths are in units of its own.
type chart struct {
	Bars  []chartBar
	Lines []chartLine
}

type chartBar struct {
	X, Digital, Paper         int // heights
	DigitalTop, PaperTop, Mid int
	Label, Title              string
}

type chartLine struct {
	Y    int
	Text string
}

// Of the chart: where its axes lie, and how wide a bar is.
const (
	chartTop, chartBottom, chartLeft = 12, 212, 56
	chartStep, chartBarWidth         = 88, 44
)

func (c chart) Width() int { return chartLeft + max(1, len(c.Bars))*chartStep }

// shownMonths is how many months are shown when nobody asks for others; mostMonths how many at most.
const shownMonths, mostMonths = 6, 24

// statisticsPeriod reads the months that are asked for, half-open.
func (v *request) statisticsPeriod() (from, to civil.Date, err error) {
	q := v.R.URL.Query()
	this := civil.Of(v.Now(), calendar.Oslo).UTC()
	this = time.Date(this.Year(), this.Month(), 1, 0, 0, 0, 0, time.UTC)
	first, last := this.AddDate(0, 1-shownMonths, 0), this
	for _, p := range []struct {
		key string
		to  *time.Time
	}{{"fra", &first}, {"til", &last}} {
		if text := q.Get(p.key); text != "" {
			if *p.to, err = time.Parse("2006-01", text); err != nil {
				return "", "", fmt.Errorf("en måned skrives som 2026-11: %w", visit.ErrBad)
			}
		}
	}
	if last.Before(first) || last.After(first.AddDate(0, mostMonths-1, 0)) {
		return "", "", fmt.Errorf("velg én til %d måneder, den første først: %w", mostMonths, visit.ErrBad)
	}
	return civil.Of(first, time.UTC), civil.Of(last.AddDate(0, 1, 0), time.UTC), nil
}

// kept keeps statistics for a while: they are counted from every letter.
type kept struct {
	mu   sync.Mutex
	have map[string]keptPage
}

type keptPage struct {
	at   time.Time
	page statisticsPage
}

const (
	keptFor  = 2 * time.Minute
	keptMost = 50
)

func (k *kept) get(key string, count func() (statisticsPage, error)) (statisticsPage, error) {
	k.mu.Lock() // one count at a time
	defer k.mu.Unlock()
	if p, ok := k.have[key]; ok && time.Since(p.at) < keptFor {
		return p.page, nil
	}
	page, err := count()
	if err != nil {
		return page, err
	}
	if k.have == nil || len(k.have) >= keptMost {
		k.have = map[string]keptPage{}
	}
	k.have[key] = keptPage{time.Now(), page}
	return page, nil
}

// statisticsOf counts what a request asks for.
func (v *request) statisticsOf() (statisticsPage, error) {
	from, to, err := v.statisticsPeriod()
	if err != nil {
		return statisticsPage{}, err
	}
	account := v.R.URL.Query().Get("konto")
	var accounts []string
	switch {
	case account != "" && !v.Scope.Has(account), account != "" && v.Account(account).Key == "":
		return statisticsPage{}, fmt.Errorf("det finnes ingen slik konto: %w", visit.ErrBad)
	case account != "":
		accounts = []string{account}
	case !v.Scope.All:
		for _, a := range v.Scope.Accounts {
			if v.Account(a).Key != "" {
				accounts = append(accounts, a)
			}
		}
		if len(accounts) == 0 {
			return statisticsPage{}, visit.ErrForbidden
		}
	}
	key := fmt.Sprint(from, to, accounts)
	p, err := v.kept.get(key, func() (statisticsPage, error) { return v.count(from, to, accounts) })
	if err != nil {
		return p, err
	}
	p.Account, p.Accounts = account, v.Choices(account)
	first, last := string(from)[:7], string(to.AddDays(-1))[:7]
	p.Froms, p.Tos = v.monthChoices(first), v.monthChoices(last)
	p.CSV = "/statistikk/tall.csv?fra=" + first + "&til=" + last
	if account != "" {
		p.CSV += "&konto=" + account
	}
	return p, nil
}

// monthChoices are the months of the last two years to choose from, and the chosen one.
func (v *request) monthChoices(chosen string) []page.Choice {
	at := civil.Of(v.Now(), calendar.Oslo).UTC()
	var out []page.Choice
	seen := false
	for i := range mostMonths {
		m := time.Date(at.Year(), at.Month()-time.Month(i), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
		seen = seen || m == chosen
		out = append(out, page.Choice{Value: m, Text: page.MonthName(m), Chosen: m == chosen})
	}
	if !seen {
		out = append(out, page.Choice{Value: chosen, Text: page.MonthName(chosen), Chosen: true})
	}
	return out
}

func (v *request) count(from, to civil.Date, accounts []string) (p statisticsPage, err error) {
	r, err := v.Engine.Statistics(v.Ctx, finance.ReportQuery{From: from, To: to, Accounts: accounts, Inputs: v.Inputs})
	if err != nil {
		return p, err
	}
	row := func(name string, f finance.Figures) monthFigures {
		m := monthFigures{Name: name}
		m.add(f.Counters, f.Money)
		return m
	}
	p.Sum = row("Sum", r.Sum)
	for _, m := range r.Months {
		p.Months = append(p.Months, row(page.MonthName(m.Name), m))
	}
	for _, a := range r.Accounts {
		p.Senders = append(p.Senders, row(cmp.Or(a.Name, "Uten konto"), a))
	}
	slices.SortFunc(p.Senders, func(a, b monthFigures) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range r.Codes {
		p.Codes = append(p.Codes, row(c.Name, c))
	}
	if r.Benefit != nil {
		p.Saved, p.HasSaved = r.Benefit.Saving(), true
	}
	reasons := map[string]int{}
	for why, n := range r.Reasons {
		if name := page.ReasonOf(why); name != string(why) { // known
			reasons[name] += n
		}
	}
	for name, n := range reasons {
		p.Reasons = append(p.Reasons, reasonFigures{name, n})
	}
	slices.SortFunc(p.Reasons, func(a, b reasonFigures) int { return cmp.Or(b.N-a.N, strings.Compare(a.Name, b.Name)) })
	p.Chart = chartOf(p.Months)
	return p, nil
}

func chartOf(months []monthFigures) chart {
	top := 1
	for _, m := range months {
		top = max(top, m.Digital+m.Paper)
	}
	step := 1
	for step*4 < top {
		switch {
		case step*4*2 >= top:
			step *= 2
		case step*4*5 >= top:
			step *= 5
		default:
			step *= 10
		}
	}
	height := func(n int) int { return n * (chartBottom - chartTop) / (step * 4) }
	c := chart{}
	for i := range 5 {
		c.Lines = append(c.Lines, chartLine{chartBottom - height(i*step), page.Number(i * step)})
	}
	for i, m := range months {
		b := chartBar{X: chartLeft + i*chartStep + (chartStep-chartBarWidth)/2, Digital: height(m.Digital), Paper: height(m.Paper), Label: m.Name}
		b.Mid = b.X + chartBarWidth/2
		b.DigitalTop = chartBottom - b.Digital
		b.PaperTop = b.DigitalTop - b.Paper
		b.Title = fmt.Sprintf("%s: %s digitalt, %s på papir", m.Name, page.Number(m.Digital), page.Number(m.Paper))
		if month, year, ok := strings.Cut(m.Name, " "); ok {
			b.Label = month[:3] + " " + year[2:] // no month has another letter than of ASCII among its first three
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

func statistics(v *request) error {
	p, err := v.statisticsOf()
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "statistikk", "Statistikk", p)
}

func statisticsCSV(v *request) error {
	p, err := v.statisticsOf()
	if err != nil {
		return err
	}
	w := v.CSV("statistikk.csv")
	rows := [][]string{{"gruppe", "navn", "mottatt", "digitalt", "papir", "underveis", "avvist", "avsluttet", "postlagt", "produksjon", "porto", "netto"}}
	for _, g := range []struct {
		name string
		rows []monthFigures
	}{{"måned", p.Months}, {"konto", p.Senders}, {"konteringskode", p.Codes}} {
		for _, m := range g.rows {
			rows = append(rows, []string{
				g.name, visit.Cell(m.Name), strconv.Itoa(m.Received), strconv.Itoa(m.Digital), strconv.Itoa(m.Paper), strconv.Itoa(m.Waiting), strconv.Itoa(m.Refused), strconv.Itoa(m.Stopped),
				strconv.Itoa(m.Letters), m.Production.Plain(","), m.Postage.Plain(","), m.Net.Plain(","),
			})
		}
	}
	_ = w.WriteAll(rows) // who asked may be gone
	return nil
}
