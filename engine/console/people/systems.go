package people

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/identity"
	"postgang/engine/store"
)

// systemsPage are the systems that hand in.
type systemsPage struct {
	Rows []systemRow
	Add  string // the page that makes one; empty: this person may not
}

type systemRow struct {
	ID, Name     string
	State        page.Tag
	Accounts     string
	More         bool // accounts elsewhere too
	Organisation string
	PasswordAt   time.Time
	Last         time.Time // used; zero: never
	Ways         []string  // in which dialects
}

// own are the accounts of an integration that lie within the scope; more: there are others.
func (v *request) own(i access.Integration) (own []string, more bool) {
	for _, a := range i.Accounts {
		if v.Scope.Has(a) {
			own = append(own, a)
		} else {
			more = true
		}
	}
	return own, more
}

func systemState(i access.Integration, now time.Time) page.Tag {
	switch {
	case !i.Ended.IsZero():
		return page.Tag{Text: "Avsluttet", Color: "neutral"}
	case i.FormerUntil.After(now):
		return page.Tag{Text: "To passord", Color: "warning"}
	}
	return page.Tag{Text: "I bruk", Color: "success"}
}

// dialectWords name the ways in which systems hand in.
var dialectWords = map[access.Dialect]string{
	access.Folder: "mappe", access.ByHand: "for hånd", access.RestV3: "REST V3", access.RestV2: "REST V2", access.RestV1: "REST V1",
	access.SoapV4: "SOAP V4/V5", access.SoapV9: "SOAP V9", access.SoapV10: "SOAP V10", access.SoapV11: "SOAP V11",
}

func dialect(d access.Dialect) string {
	if w := dialectWords[d]; w != "" {
		return w
	}
	return string(d)
}

func systems(v *request) error {
	var p systemsPage
	if !v.May(access.Configure).Empty() {
		p.Add = "/konfigurasjon/fagsystemer/nytt"
	}
	err := v.read(func(r store.Reader) error {
		all, err := r.Integrations(v.Ctx)
		if err != nil {
			return err
		}
		ways, err := r.Ways(v.Ctx)
		for _, i := range all {
			own, more := v.own(i)
			if len(own) == 0 {
				continue
			}
			row := systemRow{ID: i.ID, Name: i.Name, State: systemState(i, v.Now()), Accounts: v.accountNames(own), More: more, Organisation: i.Organisation, PasswordAt: i.PasswordAt}
			for _, w := range ways {
				if w.Integration != i.ID || !v.Scope.Has(w.Account) {
					continue
				}
				if w.Last.After(row.Last) {
					row.Last = w.Last
				}
				if name := dialect(w.Dialect); !slices.Contains(row.Ways, name) {
					row.Ways = append(row.Ways, name)
				}
			}
			p.Rows = append(p.Rows, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "fagsystemer", "Fagsystemer", p)
}

// systemPage is one system that hands in.
type systemPage struct {
	Name    string
	State   page.Tag
	Facts   []page.Fact
	Ways    []wayRow
	Actions []page.Link
	History []visit.Happened
}

type wayRow struct {
	Account, Dialect string
	HandIns          int
	First, Last      time.Time
}

// system finds the integration of the address: one that may send from an account within the scope.
func (v *request) system(r store.Reader) (access.Integration, error) {
	if !id.MatchString(v.R.PathValue("id")) {
		return access.Integration{}, store.ErrNotFound
	}
	i, err := r.Integration(v.Ctx, v.R.PathValue("id"))
	if err == nil {
		if own, _ := v.own(i); len(own) == 0 {
			err = store.ErrNotFound
		}
	}
	return i, err
}

func showSystem(v *request) error {
	var p systemPage
	err := v.read(func(r store.Reader) error {
		i, err := v.system(r)
		if err != nil {
			return err
		}
		own, more := v.own(i)
		p = systemPage{Name: i.Name, State: systemState(i, v.Now())}
		accounts := v.accountNames(own)
		note := ""
		if more {
			note = "og andre kontoer, som du ikke har tilgang til"
		}
		p.Facts = []page.Fact{
			{Name: "IntegrasjonId", Value: i.ID, Copy: true, Note: "brukernavn i REST V2 og V3"},
			{Name: "Navn", Value: i.Name, Note: "brukernavn i REST V1 og SOAP"},
			{Name: "Får sende for", Value: accounts, Note: note},
			{Name: "Passordet er fra", Value: page.Clock(i.PasswordAt)},
		}
		for _, f := range []page.Fact{
			{Name: "Maskinporten", Value: i.Organisation, Note: "organisasjonsnummeret som tokenene er utstedt til"},
			{Name: "Det gamle passordet virker til", Value: page.Clock(i.FormerUntil)},
			{Name: "Avsluttet", Value: page.Clock(i.Ended)},
		} {
			if f.Value != "" && (f.Name != "Det gamle passordet virker til" || i.FormerUntil.After(v.Now())) {
				p.Facts = append(p.Facts, f)
			}
		}
		ways, err := r.Ways(v.Ctx)
		if err != nil {
			return err
		}
		for _, w := range ways {
			if w.Integration == i.ID && v.Scope.Has(w.Account) {
				p.Ways = append(p.Ways, wayRow{v.AccountName(w.Account), dialect(w.Dialect), w.HandIns, w.First, w.Last})
			}
		}
		if i.Ended.IsZero() && v.giver().Integration(i.Accounts, v.Organisations) == nil {
			self := "/fagsystem/" + i.ID
			p.Actions = []page.Link{{Text: "Nytt passord", Path: self + "/passord"}, {Text: "Endre", Path: self + "/endre"}, {Text: "Avslutt", Path: self + "/avslutt"}}
		}
		list, err := r.Changes(v.Ctx, access.LogFilter{Subject: access.IntegrationSubject(i.ID), Limit: mostChanges})
		for _, c := range list {
			p.History = append(p.History, v.happened(c))
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range p.History {
		p.History[i].By = v.ByWhom(p.History[i].By)
	}
	return v.Show(http.StatusOK, "fagsystem", p.Name, p)
}

// passwordPage shows a password, this once.
type passwordPage struct {
	Name, ID, Password string
	FormerUntil        time.Time // until when the one before is taken; zero: there is none
}

// accountField asks for accounts, among those that the person configures.
func (v *request) accountField(chosen []string) visit.Field {
	f := visit.Field{Name: "konto", Label: "Kontoer som fagsystemet får sende for", Kind: visit.Ticks}
	for _, a := range v.Accounts {
		if v.Scope.Has(a.Key) {
			f.Choices = append(f.Choices, page.Choice{Value: a.Key, Text: v.AccountName(a.Key), Chosen: slices.Contains(chosen, a.Key)})
		}
	}
	return f
}

// ticked are the accounts that were ticked. Where a dialect names no account, the first one is meant: it stays the first.
func ticked(f visit.Question, first []string) (out []string) {
	for _, d := range f.Fields {
		for _, c := range d.Choices {
			if d.Kind == visit.Ticks && c.Chosen {
				out = append(out, c.Value)
			}
		}
	}
	if len(first) > 0 {
		if at := slices.Index(out, first[0]); at > 0 {
			out = slices.Insert(slices.Delete(out, at, at+1), 0, first[0])
		}
	}
	return out
}

func organisationField(value string) visit.Field {
	return visit.Field{
		Name: "organisasjon", Label: "Organisasjonsnummer for Maskinporten", Optional: true, Kind: visit.Text, Value: value,
		Help: "Nummeret som tilgangstokenene er utstedt til. Uten det slipper fagsystemet bare inn i REST V2 og V3 når oppsettet ikke krever token.",
	}
}

// checkOrganisation says what is wrong with the number.
func checkOrganisation(f *visit.Question) (number string) {
	number = identity.StripSpaces(f.Value("organisasjon"))
	if number != "" && !access.IsOrganisation(number) {
		f.Fault("organisasjon", "Dette er ikke et organisasjonsnummer: det har ni sifre, og det siste kontrollerer de andre.")
	}
	return number
}

func addSystem(v *request) error {
	f := visit.Question{
		Title: "Nytt fagsystem", Text: "Fagsystemet får et passord som vises én gang, på neste side.", Action: "/konfigurasjon/fagsystemer/nytt", Button: "Lag fagsystemet", Back: "/konfigurasjon/fagsystemer",
		Fields: []visit.Field{
			{Name: "navn", Label: "Navn", Help: "Fra 2 til 50 tegn: a–z, sifre, punktum, bindestrek og understrek. Det er brukernavnet i REST V1 og SOAP, og kan ikke endres.", Kind: visit.Text},
			v.accountField(nil), organisationField(""),
		},
		Reason: true,
	}
	ok := v.fill(&f)
	if v.R.Method != http.MethodPost {
		return v.Ask(f)
	}
	number := checkOrganisation(&f)
	if name := f.Value("navn"); name != "" && (!access.NameForm.MatchString(name) || len(identity.FindNationalIDs(name)) > 0) {
		f.Fault("navn", "Bruk fra 2 til 50 av a–z, sifre, punktum, bindestrek og understrek, og begynn med en bokstav eller et siffer.")
	}
	if !ok || !f.OK() {
		return v.Ask(f)
	}
	i, password, err := v.Roles.AddIntegration(v.Ctx, f.Value("navn"), number, ticked(f, nil), f.Written)
	if errors.Is(err, store.ErrExists) {
		f.Fault("navn", "Det er eller har vært et fagsystem med dette navnet. Velg et annet.")
		return v.Ask(f)
	}
	if err != nil {
		return v.refused(f, err)
	}
	return v.Show(http.StatusOK, "passord", "Passordet til "+i.Name, passwordPage{Name: i.Name, ID: i.ID, Password: password})
}

// systemForm is a form about the integration of the address, when it can be changed by this person.
func (v *request) systemForm(what string, make func(i access.Integration) visit.Question, do func(i access.Integration, f visit.Question) error) error {
	var i access.Integration
	err := v.read(func(r store.Reader) (err error) {
		i, err = v.system(r)
		return err
	})
	if err != nil {
		return err
	}
	f := make(i)
	f.Action, f.Back = "/fagsystem/"+i.ID+"/"+what, "/fagsystem/"+i.ID
	f.Reason = true
	if !i.Ended.IsZero() {
		return v.refused(f, access.ErrIntegrationEnded)
	}
	if err := v.giver().Integration(i.Accounts, v.Organisations); err != nil {
		return v.refused(f, err)
	}
	if !v.fill(&f) {
		if v.R.Method == http.MethodPost {
			checkOrganisation(&f)
		}
		return v.Ask(f)
	}
	return do(i, f)
}

// keepTimes are how long the password before may be taken.
var keepTimes = []struct {
	hours int
	text  string
}{{72, "Tre døgn"}, {24, "Ett døgn"}, {168, "Én uke"}, {0, "Ikke i det hele tatt: det er på avveie"}}

func rotateSystem(v *request) error {
	return v.systemForm("passord", func(i access.Integration) visit.Question {
		keep := visit.Field{Name: "behold", Label: "Hvor lenge skal det gamle passordet virke?", Help: "Så lenge har dere til å bytte i fagsystemet uten stans.", Kind: visit.Choose}
		for _, k := range keepTimes {
			keep.Choices = append(keep.Choices, page.Choice{Value: strconv.Itoa(k.hours), Text: k.text, Chosen: len(keep.Choices) == 0})
		}
		return visit.Question{
			Title: "Nytt passord", Text: "Fagsystemet " + i.Name + " får et nytt passord, som vises én gang, på neste side.", Button: "Lag nytt passord",
			Fields: []visit.Field{keep, {Name: "forrige", Kind: visit.Hidden, Value: strconv.FormatInt(i.PasswordAt.UnixMilli(), 10), Optional: true}},
		}
	}, func(i access.Integration, f visit.Question) error {
		if f.Value("forrige") != strconv.FormatInt(i.PasswordAt.UnixMilli(), 10) { // sent again, or a colleague was first
			f.Cannot = "Passordet er byttet allerede, " + page.Clock(i.PasswordAt) + ". Har du ikke det nye, må du bytte på nytt."
			return v.Ask(f)
		}
		hours, err := strconv.Atoi(f.Value("behold"))
		if err != nil {
			return err
		}
		i, password, err := v.Roles.RotateIntegration(v.Ctx, i.ID, time.Duration(hours)*time.Hour, f.Written)
		if err != nil {
			return v.refused(f, err)
		}
		return v.Show(http.StatusOK, "passord", "Passordet til "+i.Name, passwordPage{Name: i.Name, ID: i.ID, Password: password, FormerUntil: i.FormerUntil})
	})
}

func changeSystem(v *request) error {
	return v.systemForm("endre", func(i access.Integration) visit.Question {
		return visit.Question{
			Title: "Endre fagsystemet " + i.Name, Text: "Det som endres, gjelder fra neste innlevering.", Button: "Lagre",
			Fields: []visit.Field{v.accountField(i.Accounts), organisationField(i.Organisation)},
		}
	}, func(i access.Integration, f visit.Question) error {
		number := checkOrganisation(&f)
		if !f.OK() {
			return v.Ask(f)
		}
		if _, err := v.Roles.ChangeIntegration(v.Ctx, i.ID, ticked(f, i.Accounts), &number, f.Written); err != nil {
			return v.refused(f, err)
		}
		return v.Redirect("/fagsystem/" + i.ID)
	})
}

func endSystem(v *request) error {
	return v.systemForm("avslutt", func(i access.Integration) visit.Question {
		return visit.Question{
			Title: "Avslutt fagsystemet", Text: "Fagsystemet " + i.Name + " kan ikke levere inn noe mer. Det kan ikke angres. Det som er levert inn, blir behandlet som før.", Button: "Avslutt fagsystemet", Danger: true,
		}
	}, func(i access.Integration, f visit.Question) error {
		return v.done(f, func(ctx context.Context, reason string) error {
			_, err := v.Roles.EndIntegration(ctx, i.ID, reason)
			return err
		})
	})
}

// done does something, and goes back.
func (v *request) done(f visit.Question, do func(ctx context.Context, reason string) error) error {
	if err := do(v.Ctx, f.Written); err != nil {
		return v.refused(f, err)
	}
	return v.Redirect(f.Back)
}
