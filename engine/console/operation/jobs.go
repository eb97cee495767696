package operation

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"postgang/billing/money"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/exchange"
)

// jobsPage lists print jobs.
type jobsPage struct {
	Show []page.Choice
	Rows []jobRow
	// Addresses of the next page, and of the first; empty: there is none, and this is it.
	Next, First string
}

type jobRow struct {
	ID      string
	State   page.Tag
	Vendor  string
	Class   string
	Kind    string
	Letters int
	Own     int // of them within the person's scope
	Sheets  int
	Created time.Time
	Offered time.Time
	Due     string // what is awaited, and until when
	Late    bool
	Failed  bool
}

// jobView is what the list of jobs can be asked for.
type jobView struct {
	key, text string
	states    []store.JobState
	long      bool // there are more of them each night: shown page by page
}

// jobsAtATime is how many of a long list are shown.
const jobsAtATime = 100

var jobViews = []jobView{
	{"underveis", "Underveis", []store.JobState{store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering, store.JobOffered, store.JobAccepted, store.JobUncertain}, false},
	{"feil", "Trenger en person", []store.JobState{store.JobUncertain, store.JobRejected, store.JobOffering, store.JobOffered, store.JobAccepted, store.JobPlanned, store.JobComposed, store.JobUploaded}, false},
	{"ferdig", "Ferdige", []store.JobState{store.JobClosed}, true},
	{"alle", "Alle", nil, true},
}

func jobList(v *request) error {
	show := v.R.URL.Query().Get("vis")
	at := slices.IndexFunc(jobViews, func(w jobView) bool { return w.key == show })
	at = max(at, 0)
	p := jobsPage{}
	for i, w := range jobViews {
		p.Show = append(p.Show, page.Choice{Value: "/jobber?vis=" + w.key, Text: w.text, Chosen: i == at})
	}
	f := store.JobFilter{States: jobViews[at].states, Newest: true}
	if jobViews[at].long {
		f.Limit = jobsAtATime + 1
		if f.Before = v.R.URL.Query().Get("etter"); f.Before != "" {
			p.First = "/jobber?vis=" + jobViews[at].key
		}
	}
	var found []scoped.Job
	err := v.View(func(r *scoped.Reader) (err error) {
		found, err = r.Jobs(v.Ctx, f)
		return err
	})
	if err != nil {
		return err
	}
	if f.Limit > 0 && len(found) == f.Limit {
		found = found[:jobsAtATime]
		p.Next = "/jobber?" + url.Values{"vis": {jobViews[at].key}, "etter": {found[len(found)-1].ID}}.Encode()
	}
	for _, j := range found {
		row := v.jobRow(j)
		if jobViews[at].key == "feil" && !row.Failed && !row.Late {
			continue
		}
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "jobber", "Utskriftsjobber", p)
}

func (v *request) jobRow(j scoped.Job) jobRow {
	row := jobRow{
		ID: j.ID, State: page.StateOf(j.State).Tag, Vendor: v.VendorName(j.Vendor), Class: page.ClassOf(j.PrintJob), Kind: "Utskrift", Letters: j.Letters, Own: j.Own,
		Sheets: j.Totals.Sheets, Created: j.Created, Offered: j.OfferedAt,
	}
	if j.Reprint {
		row.Kind = "Omtrykk av " + j.Parent
	}
	row.Due = v.awaited(j.PrintJob)
	row.Late = v.late(j.PrintJob, v.Now())
	row.Failed = j.State == store.JobUncertain || j.State == store.JobRejected || j.Failures > 0
	return row
}

// awaited says what a job waits for, and until when.
func (v *request) awaited(j store.PrintJob) string {
	vendor, ok := v.Vendor(j.Vendor)
	switch {
	case !ok:
		return ""
	case vendor.Manual && j.State == store.JobComposed:
		return "Venter på å bli skrevet ut her"
	case vendor.Manual && (j.State == store.JobOffered || j.State == store.JobAccepted):
		return "Venter på bekreftelse"
	case vendor.Manual:
		return ""
	case j.State == store.JobOffered:
		return "Svar innen " + page.Clock(vendor.AnswerDue(j.OfferedAt))
	case j.State == store.JobAccepted:
		return "Kvitteringer innen " + page.Day(vendor.ReceiptDue(j.Updated).Add(-time.Second))
	}
	return ""
}

// jobPage is all about a print job.
type jobPage struct {
	jobRow
	Word        page.StatusWord
	Facts       []page.Fact
	Points      []checkpoint
	Files       []store.JobFile
	LetterRows  []jobLetterRow
	Actions     []page.Link // what the person may do with it
	Hidden      bool        // letters are not listed, since there are others' among them
	Others      []jobRow
	History     []visit.Happened
	Unreceipted int
	Expected    money.Ore
	Unpriced    int
	Failures    int
	LastError   string
	Totals      exchange.Totals
}

// checkpoint is a step of a job: when it should be, and when it was.
type checkpoint struct {
	Name          string
	Planned, Real time.Time
	State         page.Tag
}

type jobLetterRow struct {
	store.JobLetter
	Short  string
	Reason string
	Cost   money.Ore
	Priced bool
}

func job(v *request) error {
	id := v.R.PathValue("id")
	if !visit.JobID.MatchString(id) {
		return store.ErrNotFound
	}
	var d scoped.JobDetails
	err := v.View(func(r *scoped.Reader) (err error) {
		d, err = r.JobDetails(v.Ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "jobb", "Jobb "+id, v.jobPage(d))
}

func (v *request) jobPage(d scoped.JobDetails) jobPage {
	p := jobPage{
		jobRow: v.jobRow(d.Job), Word: page.StateOf(d.State), Files: d.Files, Unreceipted: d.Unreceipted, Failures: d.Failures, LastError: d.LastError,
		Totals: d.Totals, Hidden: d.Letters == nil,
	}
	add := func(name, value, note string) {
		if value != "" {
			p.Facts = append(p.Facts, page.Fact{Name: name, Value: value, Note: note, Copy: name == "Jobbseddel"})
		}
	}
	add("Mottaker", p.Vendor, "")
	add("Slag", p.Class, "")
	if d.Reprint {
		p.Facts = append(p.Facts, page.Fact{Name: "Omtrykk av", Value: d.Parent, Path: "/jobber/" + d.Parent})
	} else if d.Parent != "" {
		p.Facts = append(p.Facts, page.Fact{Name: "Erstatter", Value: d.Parent, Path: "/jobber/" + d.Parent})
	}
	add("Brev", page.Number(d.PrintJob.Letters), "")
	if t := d.Totals; t.Sheets > 0 {
		add("Ark", page.Number(t.Sheets), page.Counted(t.Pages, "side", "sider")+", "+page.Number(t.PagesColour)+" med farger")
		add("Vekt", page.Weight(t.WeightGram), "med konvolutter")
	}
	add("Jobbseddel", d.Ticket, "")
	p.Points = v.checkpoints(d)
	p.Actions = jobActions(d)
	for _, l := range d.Letters {
		row := jobLetterRow{JobLetter: l, Short: l.Shipment[:min(8, len(l.Shipment))], Reason: page.ReasonOf(l.Reason)}
		if l.Expected != nil {
			row.Cost, row.Priced = l.Expected.Net(), true
			p.Expected += row.Cost
		} else {
			p.Unpriced++
		}
		p.LetterRows = append(p.LetterRows, row)
	}
	for _, o := range d.Others {
		p.Others = append(p.Others, v.jobRow(o))
	}
	for _, e := range d.History {
		w := page.StateOf(e.To)
		h := visit.Happened{At: e.At, What: w.Text, Why: page.Sentence(words.Why(e.Reason, words.Norwegian)), Color: "accent", By: v.ByWhom(e.By)}
		if w.Color == "danger" || w.Color == "success" {
			h.Color = w.Color
		}
		if e.From == e.To {
			h.What = "Merknad"
			h.Color = "neutral"
		}
		p.History = append(p.History, h)
	}
	return p
}

// checkpoints are the steps of a job on its way, with when each should be.
func (v *request) checkpoints(d scoped.JobDetails) []checkpoint {
	reached := map[store.JobState]time.Time{}
	for _, e := range d.History {
		if _, ok := reached[e.To]; !ok {
			reached[e.To] = e.At
		}
	}
	if reached[store.JobPlanned].IsZero() && d.State != store.JobPlanning {
		reached[store.JobPlanned] = d.Created
	}
	vendor, _ := v.Vendor(d.Vendor)
	planned := map[store.JobState]time.Time{}
	if !vendor.Manual && !d.OfferedAt.IsZero() {
		planned[store.JobAccepted] = vendor.AnswerDue(d.OfferedAt)
		if at := reached[store.JobAccepted]; !at.IsZero() {
			planned[store.JobClosed] = vendor.ReceiptDue(at)
		}
	}
	now := v.Now()
	var out []checkpoint
	ended := !d.State.Live()
	for _, s := range []store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffered, store.JobAccepted, store.JobClosed} {
		c := checkpoint{Name: page.StateOf(s).Text, Planned: planned[s], Real: reached[s]}
		switch {
		case !c.Real.IsZero() && !c.Planned.IsZero() && c.Real.After(c.Planned):
			c.State = page.Tag{Text: "For sent", Color: "warning"}
		case !c.Real.IsZero():
			c.State = page.Tag{Text: "Gjort", Color: "success"}
		case ended:
			continue
		case !c.Planned.IsZero() && now.After(c.Planned):
			c.State = page.Tag{Text: "Forsinket", Color: "danger"}
		case vendor.Manual && s == store.JobUploaded:
			continue
		default:
			c.State = page.Tag{Text: "Gjenstår", Color: "neutral"}
		}
		out = append(out, c)
	}
	if ended || d.State == store.JobUncertain {
		w := page.StateOf(d.State)
		out = append(out, checkpoint{Name: w.Text, Real: reached[d.State], State: page.Tag{Text: "Stanset", Color: w.Color}})
	}
	return out
}
