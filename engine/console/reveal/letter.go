package reveal

import (
	"net/http"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// askPage asks what is to be shown of a letter, and why.
type askPage struct {
	ID      string
	Sides   bool // its pages are asked for, else who it is to and what it is called
	Refused bool // they are shown as they were handed in
	Level4  bool
	Over    bool // what was shown is over
	What    []page.Choice
	Purpose string
	Errors  []page.Link // what is wrong, with where it is
	Wrong   string      // what is wrong with the purpose
	Cannot  string      // why nothing can be shown; empty: it can
}

// shownPage is what was revealed of a letter.
type shownPage struct {
	ID        string
	Purpose   string
	Lookup    int64 // number in the innsynslogg
	Until     time.Time
	Recipient bool
	Name      string
	Address   []string
	Number    string
	Title     string
	Documents []documentRow
	HasTitle  bool
	HasFiles  bool
}

type documentRow struct {
	Name, Kind string
	Bytes      int64
	Printed    bool
}

// badPurpose is what is told when a purpose will not do.
const badPurpose = "Skriv kort hvorfor du trenger innsyn, på én linje og uten personopplysninger. Formålet blir stående i innsynsloggen."

// purpose reads the purpose of a form; wrong is empty when it will do.
func (v *request) purpose() (purpose, wrong string) {
	purpose = strings.TrimSpace(v.R.PostFormValue("formaal"))
	if access.BadPurpose(purpose) != "" {
		wrong = badPurpose
	}
	return purpose, wrong
}

// letter finds the letter of a request within the scope of the route.
func (v *request) letter() (l scoped.Letter, err error) {
	id := v.R.PathValue("id")
	if !visit.ShipmentID.MatchString(id) {
		return l, store.ErrNotFound
	}
	err = v.View(func(r *scoped.Reader) error {
		l, err = r.Letter(v.Ctx, id)
		return err
	})
	return l, err
}

// kinds are what of a letter can be shown as text.
var kinds = []struct {
	what access.What
	text string
}{{access.WhatRecipient, "Mottakeren"}, {access.WhatTitle, "Tittelen"}, {access.WhatDocuments, "Navnene på dokumentene"}}

// What of a letter is asked for unless something else is said.
var usual = []string{string(access.WhatRecipient), string(access.WhatTitle)}

// askPage is the page that asks about a letter.
func (v *request) askPage(l scoped.Letter, asked []string) askPage {
	p := askPage{ID: l.ID, Level4: l.Submission.RequireLevel4, Over: v.R.URL.Query().Has("utlopt"), Purpose: v.views.purpose(v.Visit)}
	for _, k := range kinds {
		if p.Level4 && k.what == access.WhatDocuments {
			continue
		}
		c := page.Choice{Value: string(k.what), Text: k.text}
		for _, a := range asked {
			c.Chosen = c.Chosen || a == c.Value
		}
		p.What = append(p.What, c)
	}
	if l.Status == shipment.StatusSlettet {
		p.Cannot = "Innholdet og personopplysningene er slettet."
	}
	return p
}

// wrongWith adds what is wrong with the purpose.
func (p *askPage) wrongWith(wrong string) {
	if p.Wrong = wrong; wrong != "" {
		p.Errors = append(p.Errors, page.Link{Text: wrong, Path: "#formaal"})
	}
}

func (v *request) ask(p askPage) error {
	title, status := "Innsyn", http.StatusOK
	if p.Sides {
		title = "Sidene"
	}
	if len(p.Errors) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "innsyn", title+" i forsendelse "+p.ID[:8], p)
}

func askReveal(v *request) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	return v.ask(v.askPage(l, usual))
}

func reveal(v *request) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	_ = v.R.ParseForm() // what cannot be read is missing
	p := v.askPage(l, v.R.PostForm["hva"])
	if p.Cannot != "" {
		return v.ask(p)
	}
	purpose, wrong := v.purpose()
	p.Purpose = purpose
	p.wrongWith(wrong)
	var what []access.What
	for _, c := range p.What {
		if c.Chosen {
			what = append(what, access.What(c.Value))
		}
	}
	if len(what) == 0 {
		p.Errors = append(p.Errors, page.Link{Text: "Velg hva du vil se.", Path: "#hva-" + p.What[0].Value})
	}
	if len(p.Errors) > 0 {
		return v.ask(p)
	}
	out, err := v.Door.Reveal(v.Ctx, access.By(v.Ctx), v.Scope, l.ID, what, purpose)
	if err != nil {
		return err
	}
	token := v.views.keep(v.Visit, &view{letter: l.ID, purpose: purpose, revealed: out})
	return v.Redirect("/forsendelser/" + l.ID + "/innsyn/" + token)
}

// over sends somebody to ask anew whose view is over.
func (v *request) over(to string) error { return v.Redirect(to + "?utlopt=1") }

func showRevealed(v *request) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	w := v.views.find(v.Visit, v.R.PathValue("visning"), l.ID)
	if w == nil || w.pages() {
		return v.over("/forsendelser/" + l.ID + "/innsyn")
	}
	r := w.revealed
	p := shownPage{ID: l.ID, Purpose: w.purpose, Lookup: r.Lookup.Seq, Until: w.until}
	for _, what := range r.Lookup.What {
		switch what {
		case access.WhatRecipient:
			p.Recipient, p.Name, p.Number, p.Address = true, r.Recipient.Name.Reveal(), r.Recipient.DigitalID.Reveal(), addressLines(r.Recipient)
		case access.WhatTitle:
			p.HasTitle, p.Title = true, r.Title.Reveal()
		case access.WhatDocuments:
			p.HasFiles = true
			for _, d := range r.Documents {
				p.Documents = append(p.Documents, documentRow{d.FileName.Reveal(), d.MimeType, d.Blob.Bytes, !d.Excluded})
			}
		case access.WhatPages, access.WhatSearch:
		}
	}
	return v.Show(http.StatusOK, "innsyn-vist", "Innsyn i forsendelse "+l.ID[:8], p)
}

// addressLines is an address as it is read, line by line.
func addressLines(to shipment.PostalAddress) (lines []string) {
	for _, line := range []string{to.Line1.Reveal(), to.Line2.Reveal(), to.Line3.Reveal(), strings.TrimSpace(to.Postcode + " " + to.City.Reveal()), to.Country} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
