package letters

import (
	"errors"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/receipt"
	"postgang/engine/accept"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/words"
)

// act asks about a letter (GET), or has it done (POST) when the question was answered well. Who has been forestalled by another is told
// so, and what else is refused is said by do on the question.
func (v *request) act(ask func(v *request, l scoped.Letter) visit.Question, do func(l scoped.Letter, q *visit.Question) error) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	q := ask(v, l)
	if q.Cannot != "" || do == nil {
		return v.Ask(q)
	}
	if v.Fill(&q); !q.OK() {
		return v.Ask(q)
	}
	err = do(l, &q)
	switch {
	case err == nil && (!q.OK() || q.Cannot != ""):
		return v.Ask(q)
	case err == nil:
		return v.Redirect(q.Back)
	}
	if now, gone := v.letterToActOn(); gone == nil {
		if changed := ask(v, now); changed.Cannot != "" {
			return v.Ask(changed)
		}
	}
	return err
}

// What keeps a person from doing something with a letter now.
const (
	inJob     = "Brevet er i en utskriftsjobb. Trekk jobben tilbake først, eller vent på den."
	notOnPath = "Forsendelsen har status «%s» og går ikke til utskrift."
)

// onPaper says why a letter does not go to paper from its status; empty: it does.
func onPaper(l scoped.Letter) string {
	switch l.Status {
	case shipment.StatusAkseptert, shipment.StatusVarslet, shipment.StatusKlarForMottak, shipment.StatusSendtSDP:
		if l.Submission.DigitalOnly || l.Facts == nil {
			return "Forsendelsen skal bare leveres digitalt."
		}
		return ""
	default:
		return strings.ReplaceAll(notOnPath, "%s", page.StatusOf(l.Status).Text)
	}
}

// addressFields are what an address is written in. They are never filled in beforehand: what the letter has is personal data.
func addressFields() []visit.Field {
	return []visit.Field{
		{Name: "navn", Label: "Navn", Kind: visit.Text},
		{Name: "adresse1", Label: "Adresselinje 1", Kind: visit.Text},
		{Name: "adresse2", Label: "Adresselinje 2", Kind: visit.Text, Optional: true},
		{Name: "adresse3", Label: "Adresselinje 3", Kind: visit.Text, Optional: true},
		{Name: "postnummer", Label: "Postnummer", Kind: visit.Text},
		{Name: "poststed", Label: "Poststed", Kind: visit.Text},
		{Name: "landkode", Label: "Landkode", Help: "To bokstaver, for eksempel SE. La feltet stå tomt for Norge.", Kind: visit.Text, Optional: true},
	}
}

// written is the address that a person has filled in.
func written(q *visit.Question) shipment.PostalAddress {
	return shipment.PostalAddress{
		Name: shipment.Private(q.Value("navn")), Line1: shipment.Private(q.Value("adresse1")), Line2: shipment.Private(q.Value("adresse2")), Line3: shipment.Private(q.Value("adresse3")),
		Postcode: q.Value("postnummer"), City: shipment.Private(q.Value("poststed")), CountryCode: strings.ToUpper(q.Value("landkode")),
	}
}

// addressOf are the fields of a form by those of a hand-in.
var addressOf = map[string]string{
	"mottaker.navn": "navn", "mottaker.adresselinje1": "adresse1", "mottaker.adresselinje2": "adresse2", "mottaker.adresselinje3": "adresse3",
	"mottaker.postnummer": "postnummer", "mottaker.poststed": "poststed", "mottaker.landkode": "landkode",
}

// refusedAddress says on the fields what is wrong with an address.
func refusedAddress(q *visit.Question, refusals []shipment.Refusal) {
	for _, r := range refusals {
		if r.Warning {
			continue
		}
		field, ok := addressOf[r.Field]
		if !ok {
			field = "navn"
		}
		q.Fault(field, page.Sentence(words.Refusal(r, words.Norwegian))+".")
	}
}

func addressPage(_ *request, l scoped.Letter) visit.Question {
	return visit.Question{
		Title: "Rett adressen", Action: "/forsendelser/" + l.ID + "/adresse", Button: "Rett adressen", Reason: true, Back: "/forsendelser/" + l.ID, Fields: addressFields(),
		Text:   "Skriv hele adressen slik den skal stå i konvoluttvinduet. Den gamle vises ikke, og adressen kommer ikke med i historikken.",
		Cannot: onPaper(l),
	}
}

func askAddress(v *request) error { return v.act(addressPage, nil) }

func correctAddress(v *request) error {
	return v.act(addressPage, func(l scoped.Letter, q *visit.Question) error {
		err := v.Engine.CorrectAddress(v.Ctx, l.ID, written(q), q.Written)
		var bad *accept.AddressError
		switch {
		case errors.As(err, &bad):
			refusedAddress(q, bad.Refusals)
			return nil
		case errors.Is(err, accept.ErrOnItsWay):
			q.Cannot = inJob
			return nil
		}
		return err
	})
}

func againPage(_ *request, l scoped.Letter) visit.Question {
	q := visit.Question{
		Title: "Send på nytt", Action: "/forsendelser/" + l.ID + "/igjen", Button: "Send på nytt", Reason: true, Back: "/forsendelser/" + l.ID,
		Text:   "Brevet blir sendt en gang til på papir, som en ny forsendelse. Historikken til begge viser til den andre. La adressen stå tom for å bruke den samme som sist.",
		Fields: addressFields(),
	}
	for i := range q.Fields {
		q.Fields[i].Optional = true
	}
	switch l.Status {
	case shipment.StatusPrintet, shipment.StatusIkkeLevert, shipment.StatusManueltHandtert, shipment.StatusLest, shipment.StatusLevertSDP:
	default:
		q.Cannot = "Forsendelsen har status «" + page.StatusOf(l.Status).Text + "» og er ikke ferdig. Den kan ikke sendes på nytt."
	}
	return q
}

func askAgain(v *request) error { return v.act(againPage, nil) }

func sendAgain(v *request) error {
	return v.act(againPage, func(l scoped.Letter, q *visit.Question) error {
		to := written(q)
		var other *shipment.PostalAddress
		if to != (shipment.PostalAddress{}) {
			other = &to
			for name, value := range map[string]string{"navn": to.Name.Reveal(), "adresse1": to.Line1.Reveal(), "postnummer": to.Postcode, "poststed": to.City.Reveal()} {
				if value == "" {
					q.Fault(name, "Fyll ut feltet, eller la hele adressen stå tom.")
				}
			}
		}
		if !q.OK() {
			return nil
		}
		got, err := v.Engine.SendAgain(v.Ctx, l.ID, other, q.Written)
		if err == nil {
			q.Back = "/forsendelser/" + got.ID
		}
		return err
	})
}

// causes name why letters come back.
var causes = map[receipt.ReturnReason]string{
	receipt.ReturnMoved: "Flyttet", receipt.ReturnUnknown: "Ukjent på adressen", receipt.ReturnAddress: "Feil adresse", receipt.ReturnRefused: "Nektet mottatt",
	receipt.ReturnUnclaimed: "Ikke hentet", receipt.ReturnDeceased: "Mottakeren er død", receipt.ReturnOther: "Annen årsak",
}

func returnedPage(v *request, l scoped.Letter) visit.Question {
	q := visit.Question{
		Title: "Registrer retur", Action: "/forsendelser/" + l.ID + "/retur", Button: "Registrer retur", Back: "/forsendelser/" + l.ID,
		Text:   "Brevet kom tilbake med posten. Statusen endres ikke: det ble trykt og postlagt. Etterpå kan det sendes på nytt.",
		Fields: []visit.Field{{Name: "arsak", Label: "Hvorfor det kom i retur", Kind: visit.Choose}, {Name: "dag", Label: "Når det kom", Kind: visit.Date, Value: string(civil.Of(v.Now(), calendar.Oslo))}},
	}
	for _, c := range receipt.ReturnReasons() {
		q.Fields[0].Choices = append(q.Fields[0].Choices, page.Choice{Value: string(c), Text: causes[c]})
	}
	if l.SentAt.IsZero() {
		q.Cannot = "Brevet er ikke overlevert til trykkeriet, og kan ikke ha kommet i retur."
	}
	return q
}

func askReturned(v *request) error { return v.act(returnedPage, nil) }

func returned(v *request) error {
	return v.act(returnedPage, func(l scoped.Letter, q *visit.Question) error {
		on := civil.Date(q.Value("dag"))
		switch at, err := time.ParseInLocation(time.DateOnly, string(on), calendar.Oslo); {
		case err != nil:
			q.Fault("dag", "Skriv dagen som ÅÅÅÅ-MM-DD.")
		case at.After(v.Now()):
			q.Fault("dag", "Dagen er ikke kommet ennå.")
		case civil.Of(l.SentAt, calendar.Oslo) > on:
			q.Fault("dag", "Brevet ble overlevert "+page.Day(l.SentAt)+", og kan ikke ha kommet i retur før det.")
		}
		if !q.OK() {
			return nil
		}
		err := v.Engine.NoteReturned(v.Ctx, l.ID, receipt.ReturnReason(q.Value("arsak")), on)
		if errors.Is(err, receipts.ErrReturned) {
			q.Cannot = "Returen er allerede registrert. Den står i historikken."
			return nil
		}
		return err
	})
}

func preparePage(_ *request, l scoped.Letter) visit.Question {
	q := visit.Question{
		Title: "Klargjør på nytt", Action: "/forsendelser/" + l.ID + "/klargjor", Button: "Klargjør på nytt", Reason: true, Back: "/forsendelser/" + l.ID,
		Text:   "Utskriftsfilen blir laget på nytt fra dokumentene, etter dagens regler. Kan brevet ikke trykkes etter dem, blir det satt til side. Et brev som er satt til side, må frigis etterpå.",
		Cannot: onPaper(l),
	}
	if l.Status == shipment.StatusMottatt {
		q.Cannot = ""
	}
	return q
}

func askPrepare(v *request) error { return v.act(preparePage, nil) }

func prepareAnew(v *request) error {
	return v.act(preparePage, func(l scoped.Letter, q *visit.Question) error {
		err := v.Engine.PrepareAnew(v.Ctx, l.ID, q.Written)
		if errors.Is(err, accept.ErrOnItsWay) {
			q.Cannot = inJob
			return nil
		}
		return err
	})
}
