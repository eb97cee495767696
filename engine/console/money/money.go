package money

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/finance"
	"postgang/engine/invoices"
	"postgang/engine/store"
	"postgang/engine/words"
)

// Engine is what the pages of finance ask of the engine; *engine.Engine is one.
type Engine interface {
	Budgets(ctx context.Context, to civil.Date, accounts []string) ([]codes.BudgetRow, error)
	// InvoicePeriods and Months are of all accounts: their pages are for those who may see all.
	InvoicePeriods(ctx context.Context, from, to civil.Date) ([]invoices.InvoicePeriod, error)
	Months(ctx context.Context) ([]finance.MonthStatus, error)
}

// codesPage holds what is spent against the budgets of konteringskoder.
type codesPage struct {
	Year string
	Rows []codeRow
	Sum  codeRow
}

type codeRow struct {
	Code, Name, Note              string
	Budget, Spent, Left, Forecast money.Ore
	Over                          bool // the forecast is above the budget
}

func codeBudgets(v *request) error {
	to := civil.NextMonth(civil.Of(v.Now(), calendar.Oslo))
	var accounts []string
	if !v.Scope.All {
		accounts = v.Scope.Accounts
	}
	rows, err := v.Engine.Budgets(v.Ctx, to, accounts)
	if err != nil {
		return err
	}
	p := codesPage{Year: string(to.AddDays(-1))[:4]}
	for _, b := range rows {
		row := codeRow{b.Code, b.Name, b.Note, b.Budget, b.Spent, b.Left(), b.Forecast, b.Budget > 0 && b.Forecast > b.Budget}
		p.Sum.Budget, p.Sum.Spent, p.Sum.Left, p.Sum.Forecast = p.Sum.Budget+row.Budget, p.Sum.Spent+row.Spent, p.Sum.Left+row.Left, p.Sum.Forecast+row.Forecast
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "koder", "Konteringskoder", p)
}

// deviationsPage is what the vendor reported otherwise than it was sent.
type deviationsPage struct {
	Show []page.Choice
	Rows []deviationRow
	More bool // there are more than are shown
}

type deviationRow struct {
	At               time.Time
	What             string
	State            page.Tag
	Account, Vendor  string
	Shipment, Job    page.Link
	Expected, Got    string
	Amount           money.Ore
	Reason, By, Code string
	Decided          time.Time
}

// shownDeviations is how many are shown, the newest first.
const shownDeviations = 200

var deviationColors = map[store.DeviationState]string{store.DeviationOpen: "warning", store.DeviationDisputed: "danger", store.DeviationAccepted: "neutral", store.DeviationSettled: "success"}

func deviations(v *request) error {
	show := v.R.URL.Query().Get("vis")
	all := show == "alle"
	p := deviationsPage{Show: []page.Choice{{Value: "/okonomi/avvik", Text: "Åpne og omtvistede", Chosen: !all}, {Value: "/okonomi/avvik?vis=alle", Text: "Alle", Chosen: all}}}
	var found []store.Deviation
	err := v.View(func(r *scoped.Reader) (err error) {
		found, err = r.Deviations(v.Ctx)
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(found)
	for _, d := range found {
		if !all && d.State != store.DeviationOpen && d.State != store.DeviationDisputed {
			continue
		}
		if len(p.Rows) == shownDeviations {
			p.More = true
			break
		}
		row := deviationRow{
			At: d.At, What: d.Finding.Kind.Norwegian(), State: page.Tag{Text: page.Sentence(d.State.Norwegian()), Color: deviationColors[d.State]}, Vendor: v.VendorName(d.Vendor),
			Expected: d.Finding.Expected, Got: d.Finding.Got, Amount: d.Finding.Amount, Reason: page.Sentence(words.Why(d.Reason, words.Norwegian)), Decided: d.DecidedAt, By: v.ByWhom(d.By),
		}
		if d.Account != "" {
			row.Account = v.AccountName(d.Account)
		}
		if visit.ShipmentID.MatchString(d.Finding.Shipment) {
			row.Shipment = page.Link{Text: d.Finding.Shipment[:8], Path: "/forsendelser/" + d.Finding.Shipment}
		}
		if d.Finding.Job != "" {
			row.Job = page.Link{Text: d.Finding.Job}
			if !v.May("operate").Empty() {
				row.Job.Path = "/jobber/" + d.Finding.Job
			}
		}
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "avvik", "Avvik", p)
}

// receiptsPage is the vendor's files of receipts, and what of them waits for a decision.
type receiptsPage struct {
	Files     []receiptFileRow
	Conflicts []conflictRow
}

type receiptFileRow struct {
	Name, Vendor string
	Fetched      time.Time
	Rows         int
	Problems     []string
}

type conflictRow struct {
	Shipment, Job page.Link
	Vendor        string
	File          string
	Fetched       time.Time
	Net           money.Ore
	Pages, Sheets int
}

// shownFiles is how many files of receipts are shown, the newest first.
const shownFiles = 100

func receipts(v *request) error {
	p := receiptsPage{}
	err := v.View(func(r *scoped.Reader) error {
		for _, vendor := range v.Vendors {
			files, err := r.ReceiptFiles(v.Ctx, vendor.Key)
			if err != nil {
				return err
			}
			for _, f := range files {
				row := receiptFileRow{Name: f.Name, Vendor: v.VendorName(f.Vendor), Fetched: f.Fetched, Rows: f.Rows}
				for _, problem := range f.Problems {
					row.Problems = append(row.Problems, problem.Text)
				}
				p.Files = append(p.Files, row)
			}
		}
		open, err := r.OpenConflicts(v.Ctx)
		for _, c := range open {
			row := conflictRow{
				Job: page.Link{Text: c.Row.Job}, Vendor: v.VendorName(c.Vendor), File: c.FileName, Fetched: c.Fetched, Net: c.Row.Production + c.Row.Postage,
				Pages: c.Row.Pages(), Sheets: c.Row.Sheets(),
			}
			if visit.ShipmentID.MatchString(c.Row.Shipment) {
				row.Shipment = page.Link{Text: c.Row.Shipment[:8], Path: "/forsendelser/" + c.Row.Shipment}
			}
			p.Conflicts = append(p.Conflicts, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(p.Files, func(a, b receiptFileRow) int { return b.Fetched.Compare(a.Fetched) })
	p.Files = p.Files[:min(len(p.Files), shownFiles)]
	return v.Show(http.StatusOK, "kvitteringer", "Kvitteringer", p)
}

// invoicesPage holds the vendor's invoices against the receipts, a period at a time.
type invoicesPage struct{ Periods []invoicePeriod }

type invoicePeriod struct {
	Name, Vendor string
	Invoices     []invoiceRow
	Kinds        []invoiceKind
	Left         money.Ore
	Doubts       []string
}

type invoiceRow struct {
	Number          string
	Issued          string
	Net, VAT, Gross money.Ore
	Booked          time.Time
}

type invoiceKind struct {
	Name                              string
	Invoiced, Booked, Difference, Off money.Ore
	Allocated                         money.Ore
	Told                              bool
}

// kindWords name kinds of cost.
var kindWords = map[string]string{ledger.KindProduction: "Produksjon", ledger.KindPostage: "Porto"}

func invoiceList(v *request) error {
	periods, err := v.Engine.InvoicePeriods(v.Ctx, "", "")
	if err != nil {
		return err
	}
	p := invoicesPage{}
	for _, period := range periods {
		row := invoicePeriod{Name: civil.PeriodText(period.From, period.To), Vendor: v.VendorName(period.Vendor), Left: period.LeftNet}
		for _, i := range period.Invoices {
			row.Invoices = append(row.Invoices, invoiceRow{i.Invoice.Number, i.Invoice.Issued.Norwegian(), i.Invoice.Net, i.Invoice.VAT, i.Invoice.Gross, i.BookedAt})
		}
		for _, r := range period.Rows {
			name := cmp.Or(kindWords[r.Kind], page.Sentence(strings.ToLower(r.Kind)))
			if r.ByCode {
				name += ", " + cmp.Or(r.Konteringskode, "uten konteringskode")
			}
			off, told := r.Off()
			row.Kinds = append(row.Kinds, invoiceKind{name, r.Invoiced, r.Booked, r.Difference(), off, r.Allocated, told})
		}
		for _, d := range period.Doubts {
			row.Doubts = append(row.Doubts, d.Number+": "+d.In(words.Norwegian))
		}
		p.Periods = append(p.Periods, row)
	}
	slices.Reverse(p.Periods)
	return v.Show(http.StatusOK, "fakturaer", "Fakturaer", p)
}

// monthsPage is the months with what is open in them.
type monthsPage struct{ Rows []monthRow }

type monthRow struct {
	Name    string
	Letters int
	Net     money.Ore
	Closed  time.Time
	Reason  string
	By      string
	Open    []string // what a person should look at before it is closed
}

func months(v *request) error {
	found, err := v.Engine.Months(v.Ctx)
	if err != nil {
		return err
	}
	p := monthsPage{}
	for _, m := range found {
		row := monthRow{Name: page.MonthName(string(m.Month)[:7]), Letters: m.Letters, Net: m.Net}
		if m.Closed != nil {
			row.Closed, row.Reason, row.By = m.Closed.ClosedAt, m.Closed.Reason, v.ByWhom(m.Closed.By)
		} else {
			row.Open = openInMonth(m)
		}
		p.Rows = append(p.Rows, row)
	}
	slices.Reverse(p.Rows)
	return v.Show(http.StatusOK, "maneder", "Måneder", p)
}

// openInMonth words what is open in a month.
func openInMonth(m finance.MonthStatus) []string {
	var out []string
	add := func(n int, one, many string) {
		if n > 0 {
			out = append(out, page.Counted(n, one, many))
		}
	}
	add(m.Unreceipted, "brev uten kvittering", "brev uten kvittering")
	add(m.StoppedFiles, "kvitteringsfil som ikke kan leses", "kvitteringsfiler som ikke kan leses")
	add(m.Conflicts, "kvittering i konflikt", "kvitteringer i konflikt")
	add(m.Deviations, "åpent avvik", "åpne avvik")
	add(len(m.Unbooked), "faktura som ikke er bokført", "fakturaer som ikke er bokført")
	for _, a := range m.NotInvoiced {
		out = append(out, "kr\u00a0"+a.Net.String()+" kvittert og ikke fakturert")
	}
	return out
}
