package money

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/invoices"
	"postgang/engine/store"
	"postgang/engine/words"
)

// invoicesPage holds the vendor's invoices against the receipts, a period at a time.
type invoicesPage struct {
	Periods []invoicePeriod
	Removed []removedRow
	May     bool // the person may take, book and take back
}

type invoicePeriod struct {
	Name, Vendor string
	Invoices     []invoiceRow
	Kinds        []invoiceKind
	Left         money.Ore
	Doubts       []string
}

type invoiceRow struct {
	Number, Path    string
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

// removedRow is an invoice that was taken back.
type removedRow struct {
	Number, Path string
	Vendor       string
	Gross        money.Ore
	Removed      time.Time
	Reason       string
}

// kindWords name kinds of cost.
var kindWords = map[string]string{ledger.KindProduction: "Produksjon", ledger.KindPostage: "Porto"}

func kindName(kind string) string {
	return cmp.Or(kindWords[kind], page.Sentence(strings.ToLower(kind)))
}

func invoicePath(id string) string { return "/okonomi/fakturaer/" + id }

// periodName names a period: a month by its name.
func periodName(from, to civil.Date) string {
	if from.UTC().Day() == 1 && civil.NextMonth(from) == to {
		return page.Sentence(page.MonthName(from.Month()))
	}
	return civil.PeriodText(from, to)
}

func (v *request) invoicePeriod(period invoices.InvoicePeriod) invoicePeriod {
	row := invoicePeriod{Name: periodName(period.From, period.To), Vendor: v.VendorName(period.Vendor), Left: period.LeftNet}
	for _, i := range period.Invoices {
		row.Invoices = append(row.Invoices, invoiceRow{i.Invoice.Number, invoicePath(i.ID), i.Invoice.Issued.Norwegian(), i.Invoice.Net, i.Invoice.VAT, i.Invoice.Gross, i.BookedAt})
	}
	for _, r := range period.Rows {
		name := kindName(r.Kind)
		switch {
		case r.ByCode:
			name += ", " + cmp.Or(r.Konteringskode, "uten konteringskode")
		case r.Others:
			name += ", resten"
		}
		off, told := r.Off()
		row.Kinds = append(row.Kinds, invoiceKind{name, r.Invoiced, r.Booked, r.Difference(), off, r.Allocated, told})
	}
	for _, d := range period.Doubts {
		row.Doubts = append(row.Doubts, "Faktura "+d.Number+": "+d.In(words.Norwegian)+".")
	}
	return row
}

func invoiceList(v *request) error {
	periods, err := v.Engine.InvoicePeriods(v.Ctx, "", "")
	if err != nil {
		return err
	}
	p := invoicesPage{May: v.MayAll(access.HandleMoney)}
	for _, period := range periods {
		p.Periods = append(p.Periods, v.invoicePeriod(period))
	}
	slices.Reverse(p.Periods)
	removed, err := v.Engine.RemovedInvoices(v.Ctx)
	if err != nil {
		return err
	}
	for _, r := range removed {
		p.Removed = append(p.Removed, removedRow{r.Invoice.Number, invoicePath(r.ID), v.VendorName(r.Vendor), r.Invoice.Gross, r.RemovedAt, r.Reason})
	}
	slices.Reverse(p.Removed)
	return v.Show(http.StatusOK, "fakturaer", "Fakturaer", p)
}

// invoicesCSV is the list as a file.
func invoicesCSV(v *request) error {
	periods, err := v.Engine.InvoicePeriods(v.Ctx, "", "")
	if err != nil {
		return err
	}
	rows := [][]string{{"faktura", "trykkeri", "dato", "forste_dag", "siste_dag", "netto_kr", "mva_kr", "a_betale_kr", "bokfort", "ikke_bokfort_i_perioden_kr"}}
	for _, p := range periods {
		for _, i := range p.Invoices {
			rows = append(rows, []string{
				visit.Cell(i.Invoice.Number), v.VendorName(p.Vendor), string(i.Invoice.Issued), string(p.From), string(p.To.AddDays(-1)), i.Invoice.Net.Plain(","), i.Invoice.VAT.Plain(","),
				i.Invoice.Gross.Plain(","), page.Clock(i.BookedAt), p.LeftNet.Plain(","),
			})
		}
	}
	return v.CSV("fakturaer.csv").WriteAll(rows)
}

// invoicePage is one invoice with the others of its period, against the receipts.
type invoicePage struct {
	Number  string
	Facts   []page.Fact
	Gone    []page.Fact // who took it back, when and why; then it is in no period
	Period  invoicePeriod
	Notes   []string // what its file says that does not agree, in English
	Actions []page.Link
}

// invoice finds the invoice of a request, with its period; store.ErrNotFound.
func (v *request) invoice() (rec store.InvoiceRecord, p invoices.InvoicePeriod, err error) {
	err = v.View(func(r *scoped.Reader) error {
		rec, err = r.Invoice(v.Ctx, v.R.PathValue("id"))
		return err
	})
	if err != nil {
		return rec, p, err
	}
	p, err = v.Engine.InvoicePeriodOf(v.Ctx, rec)
	return rec, p, err
}

// bookedAt is when an invoice of a period was booked; zero: it is not.
func bookedAt(p invoices.InvoicePeriod, id string) time.Time {
	for _, i := range p.Invoices {
		if i.ID == id {
			return i.BookedAt
		}
	}
	return time.Time{}
}

// adds reports whether the ledger is the invoices of a period.
func adds(p invoices.InvoicePeriod) bool { return p.LeftNet == 0 && p.LeftVAT == 0 }

// invoiceFacts are what an invoice is.
func (v *request) invoiceFacts(rec store.InvoiceRecord) []page.Fact {
	inv := rec.Invoice
	return []page.Fact{
		{Name: "Trykkeri", Value: v.VendorName(rec.Vendor)}, {Name: "Dato", Value: inv.Issued.Norwegian()}, {Name: "Gjelder", Value: civil.PeriodText(inv.From, inv.To)},
		{Name: "Netto", Value: "kr\u00a0" + inv.Net.String()}, {Name: "Merverdiavgift", Value: "kr\u00a0" + inv.VAT.String()}, {Name: "Å betale", Value: "kr\u00a0" + inv.Gross.String()},
		{Name: "Linjer", Value: page.Number(len(inv.Lines))}, {Name: "Lest inn", Value: page.Clock(rec.TakenAt)},
	}
}

// removedDetails shows an invoice that was taken back, which the log of changes leads to; store.ErrNotFound.
func removedDetails(v *request) error {
	removed, err := v.Engine.RemovedInvoices(v.Ctx)
	if err != nil {
		return err
	}
	slices.Reverse(removed) // the last time, when it was taken back more than once
	i := slices.IndexFunc(removed, func(r store.RemovedInvoice) bool { return r.ID == v.R.PathValue("id") })
	if i < 0 {
		return store.ErrNotFound
	}
	r := removed[i]
	when := page.Clock(r.RemovedAt)
	if who := v.ByWhom(r.RemovedBy); who != "" { // of before names were kept there is none
		when += " av " + who
	}
	return v.Show(http.StatusOK, "faktura", "Faktura "+r.Invoice.Number, invoicePage{
		Number: r.Invoice.Number, Facts: v.invoiceFacts(r.InvoiceRecord), Notes: r.Invoice.Notes, Gone: []page.Fact{{Name: "Når", Value: when}, {Name: "Begrunnelse", Value: r.Reason}},
	})
}

func invoiceDetails(v *request) error {
	rec, period, err := v.invoice()
	if errors.Is(err, store.ErrNotFound) {
		return removedDetails(v)
	}
	if err != nil {
		return err
	}
	inv := rec.Invoice
	booked := bookedAt(period, rec.ID)
	p := invoicePage{Number: inv.Number, Period: v.invoicePeriod(period), Notes: inv.Notes}
	p.Facts = append(v.invoiceFacts(rec), page.Fact{Name: "Bokført", Value: cmp.Or(page.Clock(booked), "Nei")})
	if v.MayAll(access.HandleMoney) {
		switch {
		case booked.IsZero():
			p.Actions = []page.Link{{Text: "Bokfør", Path: invoicePath(rec.ID) + "/bokfor"}, {Text: "Fjern", Path: invoicePath(rec.ID) + "/fjern"}}
		case !adds(period):
			p.Actions = []page.Link{{Text: "Bokfør på nytt", Path: invoicePath(rec.ID) + "/bokfor"}, {Text: "Overfør til en senere faktura", Path: invoicePath(rec.ID) + "/overfor"}}
		}
	}
	return v.Show(http.StatusOK, "faktura", "Faktura "+inv.Number, p)
}

func (v *request) takePage(vendor string) form {
	return form{
		Title: "Les inn faktura", Text: "Fakturaen holdes mot kvitteringene for brev som er postlagt i perioden, og det som er forskjellig, blir avvik. Ingenting blir bokført nå. Den samme filen én gang til endrer ingenting.",
		Action: "/okonomi/fakturaer/les-inn", File: true, Button: "Les inn", Back: "/okonomi/fakturaer",
		Fields: []field{
			v.vendorField(vendor),
			{Kind: "fil", Name: "fil", Label: "Faktura", Help: "EHF Billing 3 (faktura eller kreditnota), eller CSV med semikolon og kolonnene " + strings.Join(invoice.Columns(), ", ") + ". Høyst 64 MB.", Accept: ".xml,.csv", Required: true},
			{Kind: "dato", Name: "fra", Label: "Første dag i perioden", Help: "Bare når fakturaen ikke sier hvilken periode den gjelder, eller sier feil."},
			{Kind: "dato", Name: "til", Label: "Siste dag i perioden"},
		},
	}
}

func askTake(v *request) error { return v.ask(v.takePage("")) }

// readPeriod reads two days of a form, both counted in; none when they are no period: the fields say why.
func (f *form) readPeriod(from, to string) civil.Period {
	f.set("fra", from, "")
	f.set("til", to, "")
	first, err1 := civil.Parse(from)
	last, err2 := civil.Parse(to)
	switch {
	case err1 != nil:
		f.set("fra", from, "Skriv første dag i perioden.")
	case err2 != nil:
		f.set("til", to, "Skriv siste dag i perioden.")
	case last < first:
		f.set("til", to, "Perioden slutter før den begynner.")
	default:
		return civil.Period{From: first, To: last.AddDays(1)}
	}
	return civil.Period{}
}

func take(v *request) error {
	in, err := v.sent()
	if err != nil {
		return err
	}
	vendor, err := v.vendorOf(in.Get("trykkeri"))
	if err != nil {
		return err
	}
	f := v.takePage(vendor)
	f.set("fil", "", in.Wrong)
	var given civil.Period
	if in.Get("fra") != "" || in.Get("til") != "" {
		given = f.readPeriod(in.Get("fra"), in.Get("til"))
	}
	if f.IsWrong() {
		return v.ask(f)
	}
	rec, err := v.Engine.TakeInvoice(v.Ctx, vendor, in.Data, given)
	if v.refused(&f, err) {
		return v.ask(f)
	}
	if err != nil {
		return err
	}
	return v.Redirect(invoicePath(rec.ID))
}

// refused puts into a form why the engine did not do it; false: it did, or it is a fault.
func (v *request) refused(f *form, err error) bool {
	var unreadable *invoices.InvoiceError
	var doubtful *invoices.DoubtfulError
	if errors.As(err, &unreadable) {
		f.Refused, f.Problems = "Fakturaen kan ikke leses.", problemsOf(unreadable.Problems)
		return true
	}
	if errors.As(err, &doubtful) {
		f.doubt(doubtful.Doubts)
		f.Refused = "Fakturaen bør ses på før den bokføres."
		return true
	}
	why, ok := words.RefusedOf(err, words.Norwegian)
	if ok {
		f.Refused = page.Sentence(why) + "."
	}
	return ok
}

// typedLines is how many lines an invoice that is typed in may have on the page.
const typedLines = 12

// typePage asks for an invoice that came on paper.
func (v *request) typePage(vendor string) typedInvoice {
	return typedInvoice{form: form{
		Title: "Skriv inn faktura", Text: "For en faktura som er kommet på papir eller som PDF. Den holdes mot kvitteringene, og ingenting blir bokført nå. Kreditnotaer har beløp under null.",
		Action: "/okonomi/fakturaer/skriv-inn", Button: "Legg inn", Back: "/okonomi/fakturaer",
		Fields: []field{
			v.vendorField(vendor), {Kind: "tekst", Name: "nummer", Label: "Fakturanummer", Required: true}, {Kind: "dato", Name: "dato", Label: "Fakturadato", Required: true},
			{Kind: "dato", Name: "fra", Label: "Første dag i perioden", Required: true}, {Kind: "dato", Name: "til", Label: "Siste dag i perioden", Required: true},
		},
	}, Lines: make([]typedLine, typedLines)}
}

// typedInvoice is an invoice that somebody types in.
type typedInvoice struct {
	form
	Lines []typedLine
}

// typedLine is a line of it as it is written.
type typedLine struct {
	N                           int // as people count
	Kind, Net, VAT, Code, Wrong string
}

// IsWrong reports whether something is to be mended.
func (t typedInvoice) IsWrong() bool {
	return t.form.IsWrong() || slices.ContainsFunc(t.Lines, func(l typedLine) bool { return l.Wrong != "" })
}

func (v *request) askTyped(t typedInvoice) error {
	status := http.StatusOK
	if t.IsWrong() {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "faktura-skriv", t.Title, t)
}

func askTypedInvoice(v *request) error {
	t := v.typePage("")
	for i := range t.Lines {
		t.Lines[i].N = i + 1
	}
	t.Lines[0], t.Lines[1] = typedLine{N: 1, Kind: ledger.KindProduction, VAT: "25"}, typedLine{N: 2, Kind: ledger.KindPostage, VAT: "25"}
	return v.askTyped(t)
}

// readLines reads the lines of a form that something was written in.
func (t *typedInvoice) readLines(q url.Values) []invoice.Line {
	var out []invoice.Line
	at := func(name string, i int) string {
		if list := q[name]; i < len(list) {
			return strings.TrimSpace(list[i])
		}
		return ""
	}
	for i := range t.Lines {
		l := &t.Lines[i]
		*l = typedLine{N: i + 1, Kind: strings.ToUpper(at("art", i)), Net: at("netto", i), VAT: at("mva", i), Code: at("konteringskode", i)}
		if l.Net == "" && (l.Kind == "" || l.Code == "") {
			continue // nothing was written, or what stood there from the beginning
		}
		net, err := money.ParseOre(l.Net)
		vat, err2 := money.ParseDecimal(cmp.Or(strings.ReplaceAll(l.VAT, ",", "."), "x"))
		switch {
		case l.Kind == "":
			l.Wrong = "Linje " + strconv.Itoa(l.N) + ": skriv hva den gjelder, med store bokstaver, som PORTO."
		case err != nil:
			l.Wrong = "Linje " + strconv.Itoa(l.N) + ": skriv beløpet uten merverdiavgift, som 2700,00."
		case err2 != nil:
			l.Wrong = "Linje " + strconv.Itoa(l.N) + ": skriv merverdiavgiften i prosent, som 25."
		default:
			out = append(out, invoice.Line{ID: strconv.Itoa(len(out) + 1), Kind: l.Kind, Konteringskode: l.Code, Quantity: money.DecimalFromInt(1), Net: net, VATPercent: vat})
		}
	}
	return out
}

func typeInvoice(v *request) error {
	if err := v.R.ParseForm(); err != nil {
		return fmt.Errorf("skjemaet kom ikke fram slik det skal: %w", visit.ErrBad)
	}
	q := v.R.PostForm
	vendor, err := v.vendorOf(q.Get("trykkeri"))
	if err != nil {
		return err
	}
	t := v.typePage(vendor)
	number := strings.TrimSpace(q.Get("nummer"))
	t.set("nummer", number, "")
	if number == "" {
		t.set("nummer", "", "Skriv fakturanummeret.")
	}
	issued, err := civil.Parse(q.Get("dato"))
	if t.set("dato", q.Get("dato"), ""); err != nil {
		t.set("dato", q.Get("dato"), "Skriv fakturadatoen.")
	}
	period := t.readPeriod(q.Get("fra"), q.Get("til"))
	lines := t.readLines(q)
	if len(lines) == 0 && !t.IsWrong() {
		t.Lines[0].Wrong = "Skriv minst én linje med beløp."
	}
	if t.IsWrong() {
		return v.askTyped(t)
	}
	inv, err := invoice.New(number, issued, period.From, period.To, lines)
	if err != nil {
		t.Refused, t.Problems = "Fakturaen henger ikke sammen.", []problem{{Text: "Se over nummer, dager, arter, beløp og konteringskoder.", Detail: err.Error()}}
		return v.askTyped(t)
	}
	if vendor, _ := v.Vendor(vendor); vendor.Invoices.CheckKinds(lines) != nil {
		t.Refused, t.Problems = "Fakturaen har en art som ikke er kjent.", []problem{{Text: "Bruk arter som er satt opp for trykkeriet, som PRODUKSJON og PORTO.", Detail: vendor.Invoices.CheckKinds(lines).Error()}}
		return v.askTyped(t)
	}
	rec, err := v.Engine.AddInvoice(v.Ctx, vendor, inv)
	if v.refused(&t.form, err) {
		return v.askTyped(t)
	}
	if err != nil {
		return err
	}
	return v.Redirect(invoicePath(rec.ID))
}

// doubt has a form ask whether an invoice is right though it is doubtful.
func (f *form) doubt(list []invoices.InvoiceDoubt) {
	f.LookTitle, f.Look = "Se på dette først", nil
	for _, d := range list {
		f.Look = append(f.Look, "Faktura "+d.Number+": "+d.In(words.Norwegian)+".")
	}
	if len(list) > 0 && !slices.ContainsFunc(f.Fields, func(fl field) bool { return fl.Name == "likevel" }) {
		f.Fields = append(f.Fields, field{Kind: "kryss", Name: "likevel", Label: "Jeg har sett på det, og fakturaen er riktig"})
	}
}

// bookPage asks whether an invoice is to be booked.
func (v *request) bookPage(rec store.InvoiceRecord, p invoices.InvoicePeriod) form {
	inv := rec.Invoice
	f := form{
		Title: "Bokfør faktura " + inv.Number, Action: invoicePath(rec.ID) + "/bokfor", Button: "Bokfør", Back: invoicePath(rec.ID), Fields: []field{reasonField()},
		Text:  "Det fakturaen har mer eller mindre enn kvitteringene, fordeles på kontoer og konteringskoder, slik at regnskapet blir lik fakturaen på øret. Er måneden lukket, føres det i denne måneden.",
		Facts: []page.Fact{{Name: "Trykkeri", Value: v.VendorName(rec.Vendor)}, {Name: "Gjelder", Value: civil.PeriodText(inv.From, inv.To)}, {Name: "Netto", Value: "kr\u00a0" + inv.Net.String()}, {Name: "Ikke bokført i perioden", Value: "kr\u00a0" + p.LeftNet.String()}},
	}
	booked := bookedAt(p, rec.ID)
	switch {
	case !booked.IsZero() && adds(p):
		f.Cannot = "Fakturaen er bokført " + page.Clock(booked) + ", og stemmer."
	case v.Now().Before(inv.To.In(calendar.Oslo)):
		f.Cannot = "Perioden fakturaen gjelder, er ikke over."
	}
	if booked.IsZero() {
		f.doubt(slices.DeleteFunc(slices.Clone(p.Doubts), func(d invoices.InvoiceDoubt) bool { return d.Number != inv.Number }))
	}
	return f
}

func askBook(v *request) error {
	rec, p, err := v.invoice()
	if err != nil {
		return err
	}
	return v.ask(v.bookPage(rec, p))
}

func book(v *request) error {
	rec, p, err := v.invoice()
	if err != nil {
		return err
	}
	f := v.bookPage(rec, p)
	if f.Cannot != "" {
		return v.ask(f)
	}
	reason, wrong := v.Reason()
	f.set("begrunnelse", reason, wrong)
	anyway := v.R.PostFormValue("likevel") != ""
	if f.set("likevel", v.R.PostFormValue("likevel"), ""); len(f.Look) > 0 && !anyway {
		f.set("likevel", "", "Kryss av når du har sett på det, og fakturaen er riktig.")
	}
	if f.IsWrong() {
		return v.ask(f)
	}
	_, err = v.Engine.BookInvoice(v.Ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: reason, Anyway: anyway})
	if v.refused(&f, err) {
		return v.ask(f)
	}
	if err != nil {
		return err
	}
	return v.Redirect(invoicePath(rec.ID))
}

func (v *request) removePage(rec store.InvoiceRecord, p invoices.InvoicePeriod) form {
	f := form{
		Title: "Fjern faktura " + rec.Invoice.Number, Text: "For en faktura som er skrevet inn feil, eller er kommet to ganger. Nummeret kan brukes igjen. Den blir stående i listen over fjernede, med begrunnelsen.",
		Action: invoicePath(rec.ID) + "/fjern", Button: "Fjern fakturaen", Danger: true, Back: invoicePath(rec.ID), Fields: []field{reasonField()},
	}
	if booked := bookedAt(p, rec.ID); !booked.IsZero() {
		f.Cannot = "Fakturaen er bokført " + page.Clock(booked) + ". Det som er feil, må rettes med en kreditnota."
	}
	return f
}

func askRemove(v *request) error {
	rec, p, err := v.invoice()
	if err != nil {
		return err
	}
	return v.ask(v.removePage(rec, p))
}

func remove(v *request) error {
	rec, p, err := v.invoice()
	if err != nil {
		return err
	}
	f := v.removePage(rec, p)
	if f.Cannot != "" {
		return v.ask(f)
	}
	reason, wrong := v.Reason()
	if f.set("begrunnelse", reason, wrong); f.IsWrong() {
		return v.ask(f)
	}
	if err = v.Engine.RemoveInvoice(v.Ctx, rec.ID, reason); v.refused(&f, err) {
		return v.ask(f)
	}
	if err != nil {
		return err
	}
	return v.Redirect("/okonomi/fakturaer")
}

func (v *request) carryPage(rec store.InvoiceRecord, p invoices.InvoicePeriod) form {
	next := civil.NextMonth(p.To.AddDays(-1)).Month()
	f := form{
		Title: "Overfør til en senere faktura", Action: invoicePath(rec.ID) + "/overfor", Button: "Overfør", Back: invoicePath(rec.ID),
		Text:  "Kvitteringer som er kommet etter at fakturaen ble bokført, står ikke på den: trykkeriet fakturerer disse brevene senere. Kostnaden er bokført likevel. Ved overføring holdes de mot fakturaen for måneden du velger.",
		Facts: []page.Fact{{Name: "Faktura", Value: rec.Invoice.Number}, {Name: "Kommet siden, netto", Value: "kr\u00a0" + (-p.LeftNet).String()}},
		Fields: []field{
			{Kind: "maned", Name: "maned", Label: "Måneden de ventes fakturert", Help: "Skriv året og måneden, som 2026-12.", Value: next, Required: true}, reasonField(),
		},
	}
	switch {
	case slices.ContainsFunc(p.Invoices, func(i invoices.Invoiced) bool { return i.BookedAt.IsZero() }):
		f.Cannot = "Ikke alle fakturaene for perioden er bokført."
	case adds(p):
		f.Cannot = "Det er ikke kommet kvitteringer siden fakturaen ble bokført."
	}
	return f
}

func askCarry(v *request) error {
	rec, p, err := v.invoice()
	if err != nil {
		return err
	}
	return v.ask(v.carryPage(rec, p))
}

func carry(v *request) error {
	rec, p, err := v.invoice()
	if err != nil {
		return err
	}
	f := v.carryPage(rec, p)
	if f.Cannot != "" {
		return v.ask(f)
	}
	into, ok := monthOf(v.R.PostFormValue("maned"))
	if f.set("maned", v.R.PostFormValue("maned"), ""); !ok {
		f.set("maned", v.R.PostFormValue("maned"), "Skriv året og måneden, som 2026-12.")
	}
	reason, wrong := v.Reason()
	if f.set("begrunnelse", reason, wrong); f.IsWrong() {
		return v.ask(f)
	}
	_, _, err = v.Engine.CarryReceipts(v.Ctx, rec.ID, civil.NextMonth(into).AddDays(-1), reason)
	if v.refused(&f, err) {
		return v.ask(f)
	}
	if err != nil {
		return fmt.Errorf("carry: %w", err)
	}
	return v.Redirect(invoicePath(rec.ID))
}
