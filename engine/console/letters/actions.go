package letters

import (
	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// letterToActOn finds the letter of a request within the scope of the route.
func (v *request) letterToActOn() (l scoped.Letter, err error) {
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

func stopPage(l scoped.Letter) visit.Question {
	p := visit.Question{
		Title: "Stopp forsendelsen", Text: "Forsendelsen avsluttes for godt og blir ikke skrevet ut. Det kan ikke angres.", Action: "/forsendelser/" + l.ID + "/stopp",
		Button: "Stopp forsendelsen", Danger: true, Reason: true, Back: "/forsendelser/" + l.ID,
	}
	switch {
	case !l.Status.MayBecome(shipment.StatusManueltHandtert):
		p.Cannot = "Forsendelsen har status «" + page.StatusOf(l.Status).Text + "» og kan ikke stoppes."
	case l.Status == shipment.StatusSendtPrint:
		p.Warning = "Trykkeriet har brevet allerede. Det blir merket som avsluttet her, men papiret kan bare stoppes ved å ringe trykkeriet."
	}
	return p
}

func askStop(v *request) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	return v.Ask(stopPage(l))
}

func stop(v *request) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	p := stopPage(l)
	if p.Cannot != "" {
		return v.Ask(p)
	}
	if p.Written, p.Wrong = v.Reason(); p.Wrong != "" {
		return v.Ask(p)
	}
	if _, err := v.Engine.Stop(v.Ctx, l.ID, p.Written); err != nil {
		return err
	}
	return v.Redirect(p.Back)
}

func releasePage(l scoped.Letter) visit.Question {
	p := visit.Question{
		Title: "Frigi forsendelsen", Text: "Forsendelsen blir med i neste kjøring. Rett først det den ble satt til side for, ellers blir den satt til side på nytt.",
		Action: "/forsendelser/" + l.ID + "/frigi", Button: "Frigi forsendelsen", Reason: true, Back: "/forsendelser/" + l.ID,
	}
	switch l.Hold {
	case "":
		p.Cannot = "Forsendelsen er ikke satt til side."
	case shipment.HoldCost:
		p.Cannot = "Kostnadsvakten holder den igjen. Kostnaden må godkjennes, og det er ikke det samme som å frigi. Velg «Godkjenn kostnaden» på siden til forsendelsen."
	case shipment.HoldRestored:
		p.Cannot = "Trykkeriet kan ha den allerede. Spør trykkeriet, og frigi den med gjenopprettingen."
	}
	return p
}

func askRelease(v *request) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	return v.Ask(releasePage(l))
}

func release(v *request) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	p := releasePage(l)
	if p.Cannot != "" {
		return v.Ask(p)
	}
	if p.Written, p.Wrong = v.Reason(); p.Wrong != "" {
		return v.Ask(p)
	}
	if err := v.Engine.Release(v.Ctx, l.ID, p.Written); err != nil {
		return err
	}
	return v.Redirect(p.Back)
}

// letterActions are what a person may do with a letter now.
func (v *request) letterActions(l scoped.Letter) []page.Link {
	if !v.May(access.Stop).Has(l.Account) {
		return nil
	}
	var out []page.Link
	if releasePage(l).Cannot == "" {
		out = append(out, page.Link{Text: "Frigi", Path: "/forsendelser/" + l.ID + "/frigi"})
	}
	for _, a := range []struct {
		text, what string
		ask        func(v *request, l scoped.Letter) visit.Question
	}{{"Rett adressen", "adresse", addressPage}, {"Klargjør på nytt", "klargjor", preparePage}, {"Registrer retur", "retur", returnedPage}, {"Send på nytt", "igjen", againPage}} {
		if a.ask(v, l).Cannot == "" {
			out = append(out, page.Link{Text: a.text, Path: "/forsendelser/" + l.ID + "/" + a.what})
		}
	}
	if keptBack(l) {
		out = append(out, page.Link{Text: "Godkjenn kostnaden", Path: "/forsendelser/" + l.ID + "/godkjenn"})
	}
	if stopPage(l).Cannot == "" {
		out = append(out, page.Link{Text: "Stopp", Path: "/forsendelser/" + l.ID + "/stopp"})
	}
	return out
}
