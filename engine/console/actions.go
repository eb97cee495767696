package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Actions are what people have the engine do; *engine.Engine does it, in the name of whom the context says.
type Actions interface {
	Stop(ctx context.Context, shipment, reason string) (shipment.Shipment, error)
	Release(ctx context.Context, shipment string) error
}

// askPage asks before something is done. What is done stands on a page of its own, so that it works without a script.
type askPage struct {
	Title, Text string
	Warning     string // what to know before; empty: nothing
	Cannot      string // why it cannot be done; empty: it can
	Action      string // where the form goes
	Button      string
	Danger      bool // it cannot be undone
	Key         string
	Reason      bool   // a reason is asked for
	Written     string // what was written for it
	Wrong       string // what is wrong with that
	Back        string
}

// badReason is what is told when a reason will not do.
const badReason = "Skriv kort hvorfor, på én linje og uten personopplysninger. Begrunnelsen blir stående i historikken."

// asked reads the reason of a form; wrong is empty when it will do.
func (v *visit) asked() (reason, wrong string) {
	reason = strings.TrimSpace(v.r.PostFormValue("begrunnelse"))
	if identity.BadReason(reason) != "" {
		wrong = badReason
	}
	return reason, wrong
}

// letterToActOn finds the letter of a request within the scope of the route.
func (v *visit) letterToActOn() (l scoped.Letter, err error) {
	id := v.r.PathValue("id")
	if !shipmentForm.MatchString(id) {
		return l, store.ErrNotFound
	}
	err = v.view(func(r *scoped.Reader) error {
		l, err = r.Letter(v.ctx, id)
		return err
	})
	return l, err
}

// ask shows a page that asks.
func (v *visit) ask(p askPage) error {
	status := http.StatusOK
	if p.Wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	return v.show(status, "handling", p.Title, p)
}

func stopPage(l scoped.Letter) askPage {
	p := askPage{
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

func askStop(v *visit) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	return v.ask(stopPage(l))
}

func stop(v *visit) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	p := stopPage(l)
	if p.Cannot != "" {
		return v.ask(p)
	}
	if p.Written, p.Wrong = v.asked(); p.Wrong != "" {
		return v.ask(p)
	}
	if _, err := v.Engine.Stop(v.ctx, l.ID, p.Written); err != nil {
		return err
	}
	return v.redirect(p.Back)
}

func releasePage(l scoped.Letter) askPage {
	p := askPage{
		Title: "Frigi forsendelsen", Text: "Forsendelsen blir med i neste kjøring. Rett først det den ble satt til side for, ellers blir den satt til side på nytt.",
		Action: "/forsendelser/" + l.ID + "/frigi", Button: "Frigi forsendelsen", Back: "/forsendelser/" + l.ID,
	}
	switch l.Hold {
	case "":
		p.Cannot = "Forsendelsen er ikke satt til side."
	case shipment.HoldCost:
		p.Cannot = "Kostnadsvakten holder den igjen. Kostnaden må godkjennes, og det er ikke det samme som å frigi."
	case shipment.HoldRestored:
		p.Cannot = "Trykkeriet kan ha den allerede. Spør trykkeriet, og frigi den med gjenopprettingen."
	}
	return p
}

func askRelease(v *visit) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	return v.ask(releasePage(l))
}

func release(v *visit) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	p := releasePage(l)
	if p.Cannot != "" {
		return v.ask(p)
	}
	if err := v.Engine.Release(v.ctx, l.ID); err != nil {
		return err
	}
	return v.redirect(p.Back)
}

// letterActions are what a person may do with a letter now.
func (v *visit) letterActions(l scoped.Letter) []page.Link {
	if !v.may(access.Stop).Has(l.Account) {
		return nil
	}
	var out []page.Link
	if releasePage(l).Cannot == "" {
		out = append(out, page.Link{Text: "Frigi", Path: "/forsendelser/" + l.ID + "/frigi"})
	}
	if stopPage(l).Cannot == "" {
		out = append(out, page.Link{Text: "Stopp", Path: "/forsendelser/" + l.ID + "/stopp"})
	}
	return out
}

func ackPath(key string) string { return "/varsler/kjent?" + url.Values{"varsel": {key}}.Encode() }

// alarmPage asks about an alarm by its key; store.ErrNotFound when none is open.
func (v *visit) alarmPage(key string) (p askPage, err error) {
	p = askPage{Title: "Varselet er kjent", Action: "/varsler/kjent", Button: "Merk som kjent", Key: key, Reason: true, Back: "/varsler"}
	err = v.view(func(r *scoped.Reader) error {
		open, err := r.Alarms(v.ctx, true)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(open, func(a alarm.Alarm) bool { return a.Key == key })
		if at < 0 {
			return fmt.Errorf("alarm: %w", store.ErrNotFound)
		}
		row := alarmRows(open[at : at+1])[0]
		p.Text = row.Text
		p.Warning = "Varselet blir stående til årsaken er borte, men sendes ikke ut flere ganger."
		return nil
	})
	return p, err
}

func askAck(v *visit) error {
	p, err := v.alarmPage(v.r.URL.Query().Get("varsel"))
	if err != nil {
		return err
	}
	return v.ask(p)
}

func ack(v *visit) error {
	p, err := v.alarmPage(v.r.PostFormValue("varsel"))
	if err != nil {
		return err
	}
	if p.Written, p.Wrong = v.asked(); p.Wrong != "" {
		return v.ask(p)
	}
	if err := v.Archive.InTx(v.ctx, func(tx store.Tx) error { return tx.AckAlarm(v.ctx, p.Key, p.Written) }); err != nil {
		return err
	}
	return v.redirect(p.Back)
}
