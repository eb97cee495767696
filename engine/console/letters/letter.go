package letters

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/channel"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
)

// letterPage is all about a letter but who it is to and what it says.
type letterPage struct {
	ID      string
	Status  page.StatusWord
	Hold    string // why it is set aside; empty: it is not
	HoldWhy string
	Facts   []page.Fact
	Actions []page.Link // what the person may do with it
	Level4  bool
	Reveal  bool   // the person may see who it is to and what it says, for a purpose
	Purpose string // that they gave last
	// Deadline is how the deadline was counted, day by day; none: there is none.
	Deadline     []deadlineDay
	DeadlineAt   time.Time
	DeadlineText string
	Problems     []problem
	OnPages      bool // what is wrong can be seen on its pages, by this person
	Jobs         []letterJob
	Costs        []costRow
	CostNote     string
	History      []visit.Happened
	Channels     []channelRow
}

// problem is a refusal or a warning.
type problem struct {
	Code, Field, Text string
	Warning           bool
}

type letterJob struct {
	page.Link
	State          page.Tag
	Kind           string // original or omtrykk
	Letter, Sheets int
	Gram           int
	Envelope       string
	Offered        time.Time
}

type costRow struct {
	Name                  string
	Path                  string // of the receipt that says so; empty: none does, or it is not for this person
	Production, Postage   money.Ore
	Net                   money.Ore
	Known                 bool
	Pages, Sheets, Weight int
}

type channelRow struct {
	Name, State string
	Asked, Next time.Time
	Tries       int
}

// deadlineDay is a day of a deadline: what of it counts.
type deadlineDay struct {
	Day    string
	Counts string
	Why    string // why it does not count; empty: it does
}

func letter(v *request) error {
	var d scoped.LetterDetails
	id := v.R.PathValue("id")
	if !visit.ShipmentID.MatchString(id) {
		return store.ErrNotFound
	}
	err := v.View(func(r *scoped.Reader) (err error) {
		d, err = r.LetterDetails(v.Ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	account, err := v.Engine.LetterAccount(v.Ctx, d.Shipment)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "forsendelse", "Forsendelse "+id[:8], v.letterPage(d, account.Rules))
}

func (v *request) letterPage(d scoped.LetterDetails, rules shipment.Rules) letterPage {
	l := d.Letter
	p := letterPage{ID: l.ID, Status: page.StatusOf(l.Status), Level4: l.Submission.RequireLevel4, Reveal: v.May(access.Reveal).Has(l.Account) && l.Status != shipment.StatusSlettet}
	if l.Hold != "" {
		p.Hold = page.HoldOf(l.Hold)
	}
	if p.Reveal {
		p.Purpose = v.Purpose(v.Visit)
	}
	p.Facts = v.letterFacts(l)
	p.Actions = v.letterActions(l)
	p.countDeadline(l, rules)
	for _, r := range l.Refusals {
		p.Problems = append(p.Problems, problem{r.Code, r.Field, words.Refusal(r, words.Norwegian), r.Warning})
	}
	p.OnPages = l.Status == shipment.StatusAvvist && p.Reveal && !p.Level4 && l.Documents > 0
	mayJobs := !v.May(access.Operate).Empty()
	for _, j := range d.Jobs {
		row := letterJob{Link: page.Link{Text: j.ID}, State: page.StateOf(j.State).Tag, Kind: "Utskrift", Letter: j.Letter.Letter, Sheets: j.Letter.Sheets, Gram: j.Letter.WeightGram, Envelope: page.EnvelopeOf(j.Letter.Envelope), Offered: j.OfferedAt}
		if mayJobs {
			row.Path = "/jobber/" + j.ID
		}
		if j.Reprint {
			row.Kind = "Omtrykk av " + j.Parent
		}
		p.Jobs = append(p.Jobs, row)
		if c := j.Letter.Expected; c != nil && j.State.Live() {
			p.Costs = append(p.Costs, costRow{Name: "Ventet i jobb " + j.ID, Production: c.Production, Postage: c.Postage, Net: c.Net(), Known: true, Pages: j.Letter.Pages, Sheets: j.Letter.Sheets, Weight: j.Letter.WeightGram})
		}
		if rec := j.Receipt; rec != nil {
			path := ""
			if v.MayAll(access.SeeMoney) {
				path = visit.ReceiptOf(rec.Vendor, rec.File, j.ID, l.ID)
			}
			p.Costs = append(p.Costs, costRow{
				Name: "Kvittert i jobb " + j.ID, Path: path, Production: rec.Row.Production, Postage: rec.Row.Postage, Net: rec.Row.Production + rec.Row.Postage, Known: true,
				Pages: rec.Row.Pages(), Sheets: rec.Row.Sheets(), Weight: rec.Row.WeightGram,
			})
		}
	}
	p.quote(v, l)
	for _, e := range d.History {
		p.History = append(p.History, v.happened(e))
		if e.Kind == shipment.EventHeld && l.Hold != "" {
			_, p.HoldWhy, _ = strings.Cut(words.EventReason(e, words.Norwegian), ": ")
		}
	}
	for _, c := range d.Channels {
		p.Channels = append(p.Channels, channelRowOf(c))
	}
	return p
}

// quote adds what the letter would cost today, while it is not on paper.
func (p *letterPage) quote(v *request, l scoped.Letter) {
	if l.Facts == nil || len(p.Costs) > 0 || l.Submission.DigitalOnly {
		return
	}
	switch q, err := v.Engine.Quote(v.Ctx, l.Shipment); {
	case err == nil:
		p.Costs = append(p.Costs, costRow{
			Name: "Ville kostet på papir i dag", Production: q.Quote.Production, Postage: q.Quote.Postage, Net: q.Quote.Net(), Known: true,
			Pages: q.Pages, Sheets: q.Sheets, Weight: q.WeightGram,
		})
	case errors.Is(err, step.ErrNoPrice) && q.Sheets > 0:
		p.Costs = append(p.Costs, costRow{Name: "Ville vært på papir", Pages: q.Pages, Sheets: q.Sheets, Weight: q.WeightGram})
		p.CostNote = "Prisen er ikke kjent: prislisten mangler en pris."
	}
}

func (v *request) letterFacts(l scoped.Letter) []page.Fact {
	var out []page.Fact
	add := func(f page.Fact) {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	add(page.Fact{Name: "Id", Value: l.ID, Copy: true})
	add(page.Fact{Name: "Avsender", Value: v.AccountName(l.Account), Path: visit.Letters("konto", l.Account)})
	to := map[scoped.To]string{scoped.ToPerson: "Person", scoped.ToOrganisation: "Virksomhet", scoped.ToNobodyKnown: "Uten digital id"}[l.To]
	if l.Country != "" {
		to += ", til utlandet (" + l.Country + ")"
	}
	add(page.Fact{Name: "Mottaker", Value: to})
	add(page.Fact{Name: "Innleveringsnøkkel", Value: l.HandIn, Copy: true})
	add(page.Fact{Name: "Ekstern referanse", Value: l.Submission.ExternalReference, Copy: true})
	add(page.Fact{Name: "Avgivende system", Value: l.Submission.SendingSystem})
	if l.Submission.Konteringskode != "" {
		add(page.Fact{Name: "Konteringskode", Value: l.Submission.Konteringskode, Path: visit.Letters("konteringskode", l.Submission.Konteringskode)})
	}
	add(page.Fact{Name: "Mottatt", Value: page.Clock(l.ReceivedAt)})
	add(page.Fact{Name: "Varslet", Value: page.Clock(l.NotifiedAt)})
	add(page.Fact{Name: "Lest", Value: page.Clock(l.ReadAt)})
	if !l.DueAt.IsZero() {
		name := "Går til utskrift"
		if !l.SentAt.IsZero() || !l.DueAt.After(v.Now()) {
			name = "Klar for utskrift"
		}
		add(page.Fact{Name: name, Value: page.Clock(l.DueAt), Note: page.ReasonOf(l.DueReason)})
	}
	add(page.Fact{Name: "Overlevert trykkeriet", Value: page.Clock(l.SentAt)})
	add(page.Fact{Name: "Postlagt", Value: page.Clock(l.PostedAt)})
	add(page.Fact{Name: "Avsluttet", Value: page.Clock(l.ClosedAt)})
	add(page.Fact{Name: "Kostnad godkjent", Value: page.Clock(l.CostApprovedAt)})
	if l.Documents > 0 {
		pages := ""
		if l.Facts != nil {
			colour := 0
			for _, p := range l.Facts.Pages {
				if p.Colour {
					colour++
				}
			}
			pages = page.Counted(len(l.Facts.Pages), "side", "sider")
			if colour > 0 {
				pages += ", " + page.Number(colour) + " med farger"
			}
		}
		add(page.Fact{Name: "Dokumenter", Value: page.Number(l.Documents), Note: pages})
	}
	var how []string
	if l.Submission.DigitalOnly {
		how = append(how, "bare digitalt")
	}
	if l.Submission.PrintOnly {
		how = append(how, "bare på papir")
	}
	if l.Submission.Encrypted {
		how = append(how, "innsendt kryptert")
	}
	if l.Submission.Print.Duplex {
		how = append(how, "tosidig")
	}
	if l.Submission.Print.Colour {
		how = append(how, "utskrift med farger")
	}
	add(page.Fact{Name: "Bestilt", Value: strings.Join(how, ", ")})
	return out
}

var weekdays = [...]string{"søndag", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag"}

// countDeadline shows how the deadline of a notified letter was counted.
func (p *letterPage) countDeadline(l scoped.Letter, rules shipment.Rules) {
	if l.NotifiedAt.IsZero() || rules == (shipment.Rules{}) {
		return
	}
	end := shipment.Deadline(l.NotifiedAt, rules)
	p.DeadlineAt = end
	p.DeadlineText = page.Counted(rules.DeadlineHours, "time", "timer") + " på virkedager etter varslingen"
	if rules.DeadlineWorkdays > 0 {
		p.DeadlineText = page.Counted(rules.DeadlineWorkdays, "hel virkedag", "hele virkedager") + " etter varslingsdagen"
	}
	days := rules.Calendar()
	const most = 40 // days that a table of them is read with
	for d := calendar.DayOf(l.NotifiedAt); d.Start().Before(end) && len(p.Deadline) < most; d = d.Add(1) {
		row := deadlineDay{Day: weekdays[d.Weekday()] + " " + page.Day(d.Start())}
		from, to := d.Start(), d.Add(1).Start()
		if from.Before(l.NotifiedAt) {
			from = l.NotifiedAt
		}
		if to.After(end) {
			to = end
		}
		switch {
		case !days.IsVirkedag(d) && (d.Weekday() == time.Saturday || d.Weekday() == time.Sunday):
			row.Why = "helg"
		case !days.IsVirkedag(d):
			row.Why = "helligdag"
		case rules.DeadlineWorkdays > 0 && d == calendar.DayOf(l.NotifiedAt):
			row.Why = "varslingsdagen"
		case rules.DeadlineWorkdays > 0:
			row.Counts = "1 virkedag"
		default:
			row.Counts = page.Hours(to.Sub(from))
		}
		p.Deadline = append(p.Deadline, row)
	}
}

// eventColors mark what went well and what did not.
var eventColors = map[string]string{
	shipment.EventPosted: "success", shipment.EventHeld: "danger", shipment.EventReturned: "danger", shipment.EventWithdrawn: "danger",
}

func (v *request) happened(e shipment.Event) visit.Happened {
	h := visit.Happened{At: e.At, What: words.Event(e, words.Norwegian), Why: words.EventReason(e, words.Norwegian), Color: eventColors[e.Kind]}
	if e.Kind == shipment.EventStatus && e.From != e.To {
		switch c := page.StatusOf(e.To).Color; c {
		case "success", "danger":
			h.Color = c
		}
	}
	switch e.Kind {
	case shipment.EventCollected:
		if reason, job, ok := strings.Cut(h.Why, " "); ok {
			h.Why = page.ReasonOf(shipment.Reason(reason)) + ", jobb " + job
		}
	case shipment.EventStatus:
		h.Why = ""
		if w := words.EventReason(e, words.Norwegian); e.From != e.To && w != "" {
			h.Why = reasonText(w)
		}
	default:
	}
	if d := e.Recorded.Sub(e.At); d > 5*time.Minute && e.Kind != shipment.EventReceived {
		h.Recorded = e.Recorded
	}
	if h.Color == "" {
		h.Color = "accent"
	}
	h.Why = page.Sentence(h.Why)
	h.By = v.ByWhom(e.By)
	return h
}

// reasonText words why a status changed, where it is a code of ours; what people wrote stands as it is.
func reasonText(kept string) string {
	code, rest, said := strings.Cut(kept, ": ")
	if w := page.ReasonOf(shipment.Reason(code)); w != code {
		code = w
	} else if shipment.DigitalKind(code).Valid() {
		code = words.Event(shipment.Event{Kind: code}, words.Norwegian)
	}
	if said {
		return code + ": " + rest
	}
	return code
}

var channelStates = map[string]string{channel.Waits: "Venter på svar", channel.Sending: "Sendes", channel.Nothing: "Ikke aktuell"}

func channelRowOf(c channel.Case) channelRow {
	row := channelRow{Name: c.Channel, State: c.State, Asked: c.AskedAt, Next: c.NextAt, Tries: c.Tries}
	if w, ok := channelStates[c.State]; ok {
		row.State = w
	}
	return row
}
