package money

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/invoices"
	"postgang/engine/store"
	"postgang/engine/words"
)

// deviationsPage is what the vendor reported otherwise than it was sent.
type deviationsPage struct {
	Show     []page.Choice
	Rows     []deviationRow
	More     bool        // there are more than are shown
	Decide   bool        // some of them can be decided about
	Disputes []page.Link // the file of what is disputed, for each vendor
	CSV      string
}

type deviationRow struct {
	ID              string // empty: it is not for this person to decide
	At              time.Time
	What            string
	State           page.Tag
	Account, Vendor string
	Shipment, Job   page.Link
	File            string // path of the receipt that says so; empty: none does, or it is not for this person
	Expected, Got   string
	Amount          money.Ore
	Reason, By      string
	Decided         time.Time
}

// shownDeviations is how many are shown, the newest first.
const shownDeviations = 200

var deviationColors = map[store.DeviationState]string{store.DeviationOpen: "warning", store.DeviationDisputed: "danger", store.DeviationAccepted: "neutral", store.DeviationSettled: "success"}

// undecided reports whether a deviation waits for somebody: for us, or for the vendor.
func undecided(d store.Deviation) bool {
	return d.State == store.DeviationOpen || d.State == store.DeviationDisputed
}

// deviationsWithin lists deviations within the scope of the route, the newest first.
func (v *request) deviationsWithin() (found []store.Deviation, err error) {
	err = v.View(func(r *scoped.Reader) error {
		found, err = r.Deviations(v.Ctx)
		return err
	})
	slices.Reverse(found)
	return found, err
}

// mayDecide reports whether the person may decide about a deviation: one of no account takes the role for all.
func (v *request) mayDecide(d store.Deviation) bool {
	where := v.May(access.HandleMoney)
	if d.Account == "" {
		return v.Scoped.Whole(where)
	}
	return where.Has(d.Account)
}

func deviations(v *request) error {
	all := v.R.URL.Query().Get("vis") == "alle"
	p := deviationsPage{
		Show: []page.Choice{{Value: "/okonomi/avvik", Text: "Åpne og omtvistede", Chosen: !all}, {Value: "/okonomi/avvik?vis=alle", Text: "Alle", Chosen: all}}, CSV: "/okonomi/avvik/liste.csv",
	}
	if all {
		p.CSV += "?vis=alle"
	}
	found, err := v.deviationsWithin()
	if err != nil {
		return err
	}
	disputed := map[string]bool{}
	for _, d := range found {
		disputed[d.Vendor] = disputed[d.Vendor] || d.State == store.DeviationDisputed
		if !all && !undecided(d) {
			continue
		}
		if len(p.Rows) == shownDeviations {
			p.More = true
			break
		}
		row := v.deviationRow(d)
		p.Decide = p.Decide || row.ID != ""
		p.Rows = append(p.Rows, row)
	}
	for _, vendor := range v.Vendors {
		if disputed[vendor.Key] {
			p.Disputes = append(p.Disputes, page.Link{Text: v.VendorName(vendor.Key), Path: "/okonomi/avvik/omtvistet.csv?" + url.Values{"trykkeri": {vendor.Key}}.Encode()})
		}
	}
	return v.Show(http.StatusOK, "avvik", "Avvik", p)
}

func (v *request) deviationRow(d store.Deviation) deviationRow {
	row := deviationRow{
		At: d.At, What: d.Finding.Kind.Norwegian(), State: stateTag(d.State), Vendor: v.VendorName(d.Vendor), Expected: d.Finding.Expected, Got: d.Finding.Got, Amount: d.Finding.Amount,
		Reason: page.Sentence(words.Why(d.Reason, words.Norwegian)), Decided: d.DecidedAt, By: v.ByWhom(d.By),
	}
	if v.mayDecide(d) {
		row.ID = d.ID()
	}
	if d.Account != "" {
		row.Account = v.AccountName(d.Account)
	}
	if visit.ShipmentID.MatchString(d.Finding.Shipment) {
		row.Shipment = page.Link{Text: d.Finding.Shipment[:8], Path: "/forsendelser/" + d.Finding.Shipment}
	}
	if d.File != "" && v.MayAll(access.SeeMoney) {
		row.File = visit.ReceiptFile(d.Vendor, d.File)
		if row.Shipment.Path != "" && visit.JobID.MatchString(d.Finding.Job) && d.Finding.Kind != receipt.DeviationUnknown {
			row.File = visit.ReceiptOf(d.Vendor, d.File, d.Finding.Job, d.Finding.Shipment)
		}
	}
	if d.Finding.Job != "" {
		row.Job = page.Link{Text: d.Finding.Job}
		if !v.May(access.Operate).Empty() {
			row.Job.Path = "/jobber/" + d.Finding.Job
		}
	}
	return row
}

func stateTag(s store.DeviationState) page.Tag {
	return page.Tag{Text: page.Sentence(s.Norwegian()), Color: deviationColors[s]}
}

// deviationsCSV is the list as a file.
func deviationsCSV(v *request) error {
	all := v.R.URL.Query().Get("vis") == "alle"
	found, err := v.deviationsWithin()
	if err != nil {
		return err
	}
	w := v.CSV("avvik.csv")
	rows := [][]string{{"avvik", "funnet", "beskrivelse", "tilstand", "konto", "trykkeri", "jobb", "forsendelse", "forventet", "mottatt", "belop_kr", "avgjort", "begrunnelse", "av"}}
	for _, d := range found {
		if !all && !undecided(d) {
			continue
		}
		f := d.Finding
		rows = append(rows, []string{
			d.ID(), page.Clock(d.At), f.Kind.Norwegian(), d.State.Norwegian(), v.AccountName(d.Account), v.VendorName(d.Vendor), f.Job, f.Shipment, visit.Cell(f.Expected), visit.Cell(f.Got),
			f.Amount.Plain(","), page.Clock(d.DecidedAt), visit.Cell(words.Why(d.Reason, words.Norwegian)), v.ByWhom(d.By),
		})
	}
	return w.WriteAll(rows)
}

// disputeCSV is what is disputed with a vendor, as the file that it gets.
func disputeCSV(v *request) error {
	vendor, ok := v.Vendor(v.R.URL.Query().Get("trykkeri"))
	if !ok {
		return store.ErrNotFound
	}
	found, err := v.deviationsWithin()
	if err != nil {
		return err
	}
	slices.Reverse(found)
	found = slices.DeleteFunc(found, func(d store.Deviation) bool { return d.Vendor != vendor.Key || d.State != store.DeviationDisputed })
	var b bytes.Buffer
	if err := invoices.WriteDispute(&b, found); err != nil {
		return err
	}
	v.Attach("text/csv; charset=utf-8", "omtvistet.csv")
	_, _ = v.W.Write(b.Bytes()) // who asked may be gone
	return nil
}

// decisions are what may become of a deviation.
var decisions = []struct {
	state      store.DeviationState
	word, text string
}{
	{store.DeviationAccepted, "godtatt", "Godtatt: det blir som det er"},
	{store.DeviationDisputed, "omtvistet", "Omtvistet: trykkeriet skal svare. Filen til dem ligger på siden Avvik"},
	{store.DeviationSettled, "oppgjort", "Oppgjort: det er rettet, eller betalt tilbake"},
	{store.DeviationOpen, "apen", "Åpen: ikke avgjort likevel"},
}

// mostDecided is how many deviations one decision is about.
const mostDecided = shownDeviations

// chosenDeviations are those that a form names, as ID or as ID:STATE with the state that was seen. One that is not there, or not for
// the person to decide, is store.ErrNotFound.
func (v *request) chosenDeviations(named []string) (list []store.Deviation, seen map[string]store.DeviationState, err error) {
	if len(named) == 0 {
		return nil, nil, fmt.Errorf("velg minst ett avvik: %w", visit.ErrBad)
	}
	found, err := v.deviationsWithin()
	if err != nil {
		return nil, nil, err
	}
	byID := map[string]store.Deviation{}
	for _, d := range found {
		byID[d.ID()] = d
	}
	seen = map[string]store.DeviationState{}
	for _, name := range named[:min(len(named), mostDecided)] {
		id, state, told := strings.Cut(name, ":")
		d, ok := byID[id]
		if !ok || !v.mayDecide(d) {
			return nil, nil, store.ErrNotFound
		}
		if told {
			seen[d.Key] = store.DeviationState(state)
		}
		list = append(list, d)
	}
	return list, seen, nil
}

// decidePage asks what becomes of deviations.
func (v *request) decidePage(list []store.Deviation) form {
	f := form{
		Title: "Avgjør avvik", Text: "Det du avgjør nå, gjelder " + page.Counted(len(list), "avvik", "avvik") + ". Det som er avgjort før, blir stående i historikken.",
		Action: "/okonomi/avvik/avgjor", Button: "Avgjør", Back: "/okonomi/avvik",
	}
	var sum money.Ore
	for _, d := range list {
		sum += d.Finding.Amount
		fact := page.Fact{Name: page.Sentence(d.Finding.Kind.Norwegian()), Value: "ventet " + d.Finding.Expected + ", oppgitt " + d.Finding.Got, Note: d.State.Norwegian()}
		if d.Finding.Amount != 0 {
			fact.Value += ", kr\u00a0" + d.Finding.Amount.String()
		}
		if d.Reason != "" {
			fact.Note += ": " + words.Why(d.Reason, words.Norwegian)
			if by := v.ByWhom(d.By); by != "" {
				fact.Note += ", av " + by
			}
		}
		f.Facts = append(f.Facts, fact)
		f.Fields = append(f.Fields, field{Kind: "skjult", Name: "avvik", Value: d.ID() + ":" + string(d.State)})
	}
	if len(list) > 1 {
		f.Facts = append(f.Facts, page.Fact{Name: "Sum", Value: "kr\u00a0" + sum.String()})
	}
	choose := field{Kind: "knapper", Name: "tilstand", Label: "Hva blir det til?", Required: true}
	for _, d := range decisions {
		choose.Choices = append(choose.Choices, page.Choice{Value: d.word, Text: d.text})
	}
	f.Fields = append(f.Fields, choose, reasonField())
	return f
}

func askDecide(v *request) error {
	list, _, err := v.chosenDeviations(v.R.URL.Query()["avvik"])
	if err != nil {
		return err
	}
	return v.ask(v.decidePage(list))
}

func decide(v *request) error {
	if err := v.R.ParseForm(); err != nil {
		return fmt.Errorf("skjemaet kom ikke fram slik det skal: %w", visit.ErrBad)
	}
	list, seen, err := v.chosenDeviations(v.R.PostForm["avvik"])
	if err != nil {
		return err
	}
	f := v.decidePage(list)
	word := v.R.PostFormValue("tilstand")
	at := slices.IndexFunc(decisions, func(d struct {
		state      store.DeviationState
		word, text string
	}) bool {
		return d.word == word
	})
	if at < 0 {
		f.set("tilstand", "", "Velg hva avviket blir til.")
	} else {
		f.set("tilstand", word, "")
	}
	reason, wrong := v.Reason()
	f.set("begrunnelse", reason, wrong)
	if f.IsWrong() {
		return v.ask(f)
	}
	keys := make([]string, len(list))
	for i, d := range list {
		keys[i] = d.Key
	}
	_, err = v.Engine.DecideDeviationsSeen(v.Ctx, keys, seen, decisions[at].state, reason)
	if errors.Is(err, invoices.ErrDecided) {
		list, _, err = v.chosenDeviations(v.R.PostForm["avvik"])
		if err != nil {
			return err
		}
		f = v.decidePage(list)
		f.set("tilstand", word, "")
		f.set("begrunnelse", reason, "")
		f.Refused = "Noen andre avgjorde minst ett av avvikene mens du holdt på. Under står det som gjelder nå. Ingenting av det du valgte, er gjort."
		return v.ask(f)
	}
	if err != nil {
		return err
	}
	return v.Redirect("/okonomi/avvik")
}
