package send

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/intake/door"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// draftPage shows who gets what, before it is sent.
type draftPage struct {
	Path         string // of the draft
	ID           string
	Account, Key string
	Address      []string
	Facts        []page.Fact
	Files        []draftFile
	Warnings     []string
	Faults       []string
	Again        bool
}

type draftFile struct {
	Name  string
	Bytes int64
}

// noDraft leads on from a draft that is not there: expired, of somebody else, or of before a restart.
func (v *request) noDraft() error { return v.Redirect("/send?borte=1") }

// draft finds the draft of a request, of the person and within the scope; nil: there is none.
func (v *request) draft() *draft {
	d := v.drafts.get(v.R.PathValue("utkast"), v.Person.ID, v.Now())
	if d == nil || !v.Scope.Has(d.account) {
		return nil
	}
	return d
}

func show(v *request) error {
	d := v.draft()
	if d == nil {
		return v.noDraft()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sent != "" {
		return v.toLetter(d.account, d.sent)
	}
	p, err := v.page(d)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "sendutkast", "Kontroller brevet", p)
}

// page is the page of a draft. The caller holds its mu.
func (v *request) page(d *draft) (draftPage, error) {
	id := v.R.PathValue("utkast")
	p := draftPage{Path: "/send/utkast/" + id, ID: id, Account: d.account, Key: d.written.Key, Again: d.again}
	to := d.tried.Recipient
	for _, line := range []string{to.Name.Reveal(), to.Line1.Reveal(), to.Line2.Reveal(), to.Line3.Reveal(), strings.TrimSpace(to.Postcode + " " + to.City.Reveal()), to.Country} {
		if line != "" {
			p.Address = append(p.Address, line)
		}
	}
	delivery := "Digitalt først, på papir hvis det ikke blir lest"
	if d.written.Paper {
		delivery = "Bare på papir"
	}
	p.Facts = []page.Fact{{Name: "Konto", Value: v.AccountName(d.account)}, {Name: "Tittel", Value: d.written.Title}, {Name: "Levering", Value: delivery}}
	add := func(name, value string) {
		if value != "" {
			p.Facts = append(p.Facts, page.Fact{Name: name, Value: value})
		}
	}
	add("Fødsels- eller organisasjonsnummer", to.DigitalID.Reveal())
	if d.written.Level4 {
		add("Innlogging", "Krever nivå 4 når det leses digitalt")
	}
	add("Konteringskode", d.written.Konteringskode)
	add("Referanse", d.written.Reference)
	if paper := d.tried.Paper; paper.Sheets > 0 {
		var how []string
		for _, c := range []struct {
			on      bool
			yes, no string
		}{{d.written.Colour, "farger", "svart-hvitt"}, {d.written.Duplex, "tosidig", "ensidig"}} {
			if c.on {
				how = append(how, c.yes)
			} else {
				how = append(how, c.no)
			}
		}
		add("På papir", page.Counted(paper.Pages, "side", "sider")+" på "+page.Counted(paper.Sheets, "ark", "ark")+" med forside, "+strings.Join(how, ", ")+", "+page.EnvelopeOf(paper.Envelope))
		if d.tried.Priced {
			add("Ventet kostnad på papir", "kr\u00a0"+paper.Quote.Net().String())
		}
	}
	if d.upload != nil {
		for i, f := range d.upload.Files() {
			p.Files = append(p.Files, draftFile{d.names[i], f.Bytes})
		}
	}
	for _, r := range d.tried.Refusals {
		if r.Warning {
			p.Warnings = append(p.Warnings, textOf(r, d.names))
		}
	}
	register, err := v.register()
	if note := codeNote(register, d.written.Konteringskode, v.today()); note != "" {
		p.Warnings = append(p.Warnings, note)
	}
	return p, err
}

// sendTime is how long storing a letter may take; it is not cut off when the browser that asked for it is gone.
const sendTime = 5 * time.Minute

// send hands a draft in, once.
func send(v *request) error {
	d := v.draft()
	if d == nil {
		return v.sentBefore()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.sent != "":
		return v.toLetter(d.account, d.sent)
	case d.upload == nil:
		return v.noDraft()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.Ctx), sendTime)
	defer cancel()
	id, problem := d.upload.Take(ctx, door.Caller{}, access.ByHand, d.key, d.json, nil)
	if problem != nil {
		p, err := v.page(d)
		if err != nil {
			return err
		}
		for _, r := range problem.Reasons {
			if !r.Warning {
				p.Faults = append(p.Faults, textOf(shipment.Refusal{Field: r.Field, Text: r.Text}, d.names))
			}
		}
		if len(p.Faults) == 0 {
			p.Faults = []string{problem.Text}
		}
		return v.Show(http.StatusUnprocessableEntity, "sendutkast", "Kontroller brevet", p)
	}
	d.sent = id
	d.drop()
	return v.toLetter(d.account, id)
}

// sentBefore answers who sends a draft that is not there: it was sent, if its hand-in is stored.
func (v *request) sentBefore() error {
	account, key := v.R.PostFormValue("konto"), v.R.PostFormValue("nokkel")
	if account == "" || key == "" {
		return v.noDraft()
	}
	var l scoped.Letter
	err := v.View(func(r *scoped.Reader) (err error) {
		l, err = r.LetterByHandIn(v.Ctx, account, door.Identity{Key: key}.InArchive())
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return v.noDraft()
	case err != nil:
		return err
	}
	return v.toLetter(account, l.ID)
}

// toLetter leads to a letter's page, or, for who may only send, to what the person has sent.
func (v *request) toLetter(account, id string) error {
	if v.May(access.See).Has(account) {
		return v.Redirect("/forsendelser/" + id)
	}
	return v.Redirect("/send/sendt?id=" + id)
}

// discard throws a draft away.
func discard(v *request) error {
	v.drafts.remove(v.R.PathValue("utkast"), v.Person.ID)
	return v.Redirect("/send")
}

// sentPage is what somebody has sent today: who may only send sees nothing else of letters.
type sentPage struct {
	New  string // the letter that was just sent; empty: none
	Rows []sentRow
}

type sentRow struct {
	ID, Path  string // without a path there is no page for the person
	Short     string
	Account   string
	At        time.Time
	Status    page.Tag
	Reference string
}

// mostSent is how many letters of a day are looked through.
const mostSent = 500

func sent(v *request) error {
	p := sentPage{}
	by := access.Actor{Kind: access.Human, ID: v.Person.ID}.String()
	see := v.May(access.See)
	err := v.View(func(r *scoped.Reader) error {
		list, err := r.SentByHand(v.Ctx, by, System, calendar.DayOf(v.Now()).Start(), mostSent)
		for _, l := range list {
			row := sentRow{ID: l.ID, Short: l.ID[:8], Account: v.AccountName(l.Account), At: l.ReceivedAt, Status: page.StatusOf(l.Status).Tag, Reference: l.Submission.ExternalReference}
			if see.Has(l.Account) {
				row.Path = "/forsendelser/" + l.ID
			}
			if id := v.R.URL.Query().Get("id"); visit.ShipmentID.MatchString(id) && id == l.ID {
				p.New = id
			}
			p.Rows = append(p.Rows, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "sendt", "Sendt av deg i dag", p)
}
