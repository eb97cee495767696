package people

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/identity"
	"postgang/engine/login"
	"postgang/engine/store"
)

// id is what ids of persons and integrations look like.
var id = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// listPage is who may do what.
type listPage struct {
	Rows   []personRow
	Ended  bool   // those who are ended are shown
	Invite string // the page that invites; empty: this person may not
}

type personRow struct {
	ID, Name string
	State    page.Tag
	Roles    []string
	More     bool // roles elsewhere too
	Login    time.Time
	Sessions int // that last
}

// held are a person's roles of now, or when ended those of then, which touch the scope; more: there are others.
func (v *request) held(p access.Person) (held []access.Grant, more bool) {
	all := v.Roles.Grants(p)
	if !p.Ended.IsZero() {
		all = p.Grants
	}
	for _, g := range all {
		if v.touches(g) {
			held = append(held, g)
		} else {
			more = true
		}
	}
	return held, more
}

// visible reports whether a person is shown: one with a role within the scope, or with none at all, whom nobody would see else.
func (v *request) visible(p access.Person) bool {
	held, more := v.held(p)
	return len(held) > 0 || !more
}

func personState(p access.Person) page.Tag {
	switch {
	case !p.Ended.IsZero():
		return page.Tag{Text: "Avsluttet", Color: "neutral"}
	case p.Subject == "":
		return page.Tag{Text: "Invitert", Color: "info"}
	}
	return page.Tag{Text: "Aktiv", Color: "success"}
}

// lasting are the sessions of a person that last.
func (v *request) lasting(p access.Person, all []login.Session) (out []login.Session) {
	for _, s := range all {
		if p.Subject != "" && s.Issuer == p.Issuer && s.Subject == p.Subject && s.Lasts(v.Now()) {
			out = append(out, s)
		}
	}
	return out
}

func list(v *request) error {
	p := listPage{Ended: v.R.URL.Query().Get("avsluttet") == "ja"}
	if !v.May(access.GiveRoles).Empty() {
		p.Invite = "/tilganger/ny"
	}
	err := v.read(func(r store.Reader) error {
		people, err := r.People(v.Ctx)
		if err != nil {
			return err
		}
		open, err := r.SessionsOfPeople(v.Ctx)
		for _, one := range people {
			if one.Ended.IsZero() == p.Ended || !v.visible(one) {
				continue
			}
			row := personRow{ID: one.ID, Name: one.Name, State: personState(one), Login: one.LastLogin, Sessions: len(v.lasting(one, open))}
			var held []access.Grant
			held, row.More = v.held(one)
			for _, g := range held {
				row.Roles = append(row.Roles, v.role(g))
			}
			p.Rows = append(p.Rows, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "tilganger", "Tilganger", p)
}

// personPage is one person.
type personPage struct {
	Name     string
	State    page.Tag
	Facts    []page.Fact
	Roles    []roleRow
	More     bool
	Sessions []sessionRow
	Actions  []page.Link
	History  []visit.Happened
}

type roleRow struct {
	Name, Means, Place string
	Take               string // the page that takes it; empty: this person may not
	Fixed              bool   // the configuration gives it
}

type sessionRow struct {
	Began, Last time.Time
	This        bool // the one that asks
}

// find finds the person of the address, within the scope.
func (v *request) find(r store.Reader) (access.Person, error) {
	if !id.MatchString(v.R.PathValue("id")) {
		return access.Person{}, store.ErrNotFound
	}
	p, err := r.Person(v.Ctx, v.R.PathValue("id"))
	if err == nil && !v.visible(p) {
		err = store.ErrNotFound
	}
	return p, err
}

// giver is who asks, with the rules of who gives what.
func (v *request) giver() access.Giver {
	return access.Giver{Person: v.Person.ID, Grants: v.Person.Grants}
}

func showPerson(v *request) error {
	var p personPage
	err := v.read(func(r store.Reader) error {
		one, err := v.find(r)
		if err != nil {
			return err
		}
		open, err := r.SessionsOfPeople(v.Ctx)
		if err != nil {
			return err
		}
		list, err := r.Changes(v.Ctx, access.LogFilter{Subject: access.SubjectOf(one.ID), Limit: mostChanges})
		if err != nil {
			return err
		}
		p = v.personPage(one, open)
		for _, c := range list {
			p.History = append(p.History, v.happened(c))
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Who did it is named outside of the transaction that was read in.
	for i := range p.History {
		p.History[i].By = v.ByWhom(p.History[i].By)
	}
	return v.Show(http.StatusOK, "person", p.Name, p)
}

// mostChanges is how much of a history a page shows.
const mostChanges = 100

func (v *request) personPage(one access.Person, open []login.Session) personPage {
	p := personPage{Name: one.Name, State: personState(one)}
	add := func(name, value, note string) {
		if value != "" {
			p.Facts = append(p.Facts, page.Fact{Name: name, Value: value, Note: note})
		}
	}
	add("Innlogging", one.Issuer, "")
	add("Id der", one.Subject, "")
	if one.Subject == "" {
		add("Kjent med", "fødselsnummer, ved første innlogging", "nummeret er ikke lagret")
	}
	add("Kommandolinjen", one.Login, "innloggingsnavnet på maskinen")
	add("Lagt til", page.Clock(one.Created), "")
	add("Siste innlogging", page.Clock(one.LastLogin), "")
	add("Avsluttet", page.Clock(one.Ended), "")
	held, more := v.held(one)
	p.More = more
	self := "/tilganger/" + one.ID
	may := !v.May(access.GiveRoles).Empty()
	for _, g := range held {
		row := roleRow{Name: page.RoleWords[g.Role][0], Means: page.RoleWords[g.Role][1], Place: v.place(g), Fixed: !slices.Contains(one.Grants, g)}
		if _, err := v.giver().Take(one, g, v.Organisations); may && err == nil {
			row.Take = self + "/ta?" + url.Values{"rolle": {string(g.Role)}, "sted": {placeKey(g)}}.Encode()
		}
		p.Roles = append(p.Roles, row)
	}
	for _, s := range v.lasting(one, open) {
		p.Sessions = append(p.Sessions, sessionRow{Began: s.Began, Last: s.Last, This: s.Token == v.Session.Token})
	}
	if !may || !one.Ended.IsZero() {
		return p
	}
	if one.ID != v.Person.ID {
		p.Actions = append(p.Actions, page.Link{Text: "Gi en rolle", Path: self + "/gi"})
	}
	if len(p.Sessions) > 0 && v.giver().EndSessions(one, v.Roles.Grants(one), v.Organisations) == nil {
		p.Actions = append(p.Actions, page.Link{Text: "Avslutt økter", Path: self + "/okter"})
	}
	if _, err := v.giver().End(one, v.Now(), v.Organisations); err == nil {
		p.Actions = append(p.Actions, page.Link{Text: "Avslutt tilgangen", Path: self + "/avslutt"})
	}
	return p
}

// placeKey is how forms and addresses say what a role is for.
func placeKey(g access.Grant) string {
	switch {
	case g.Account != "":
		return "konto:" + g.Account
	case g.Organisation != "":
		return "virksomhet:" + g.Organisation
	}
	return "alle"
}

// grant reads a role and what it is for.
func grant(role, place string) access.Grant {
	g := access.Grant{Role: access.Role(role)}
	kind, key, _ := strings.Cut(place, ":")
	switch kind {
	case "konto":
		g.Account = key
	case "virksomhet":
		g.Organisation = key
	}
	return g
}

// rolesToGive are the fields of a role and what it is for, within what the person administers.
func (v *request) rolesToGive() []visit.Field {
	role := visit.Field{Name: "rolle", Label: "Rolle", Kind: visit.Choose}
	for _, r := range access.Roles() {
		role.Choices = append(role.Choices, page.Choice{Value: string(r), Text: page.RoleWords[r][0] + ": " + page.RoleWords[r][1]})
	}
	place := visit.Field{Name: "sted", Label: "Gjelder for", Kind: visit.Choose, Help: "En virksomhet gjelder også for kontoene den får senere. Bare operatør, administrator og revisor kan gjelde for alle."}
	var keys []access.Grant
	for _, a := range v.Accounts {
		keys = append(keys, access.Grant{Account: a.Key})
	}
	slices.SortFunc(keys, func(a, b access.Grant) int { return strings.Compare(v.place(a), v.place(b)) })
	var organisations []access.Grant
	for o := range v.Organisations {
		organisations = append(organisations, access.Grant{Organisation: o})
	}
	slices.SortFunc(organisations, func(a, b access.Grant) int { return strings.Compare(a.Organisation, b.Organisation) })
	for _, g := range slices.Concat(keys, organisations, []access.Grant{{}}) {
		// Whether the person may give there does not depend on the role.
		g.Role = access.RoleAdministrator
		if _, err := v.giver().Give(access.Person{}, g, v.Organisations); err == nil {
			text := v.place(g)
			place.Choices = append(place.Choices, page.Choice{Value: placeKey(g), Text: page.Sentence(text)})
		}
	}
	return []visit.Field{role, place}
}

// chosen is the role that a form gives. A role for all that cannot be is told at its field.
func (v *request) chosen(f *visit.Question) (access.Grant, bool) {
	g := grant(f.Value("rolle"), f.Value("sted"))
	if g.Account == "" && g.Organisation == "" && !g.Role.ForAll() {
		f.Fault("sted", "Denne rollen gis for en konto eller en virksomhet, ikke for alle.")
		return g, false
	}
	return g, true
}

func invite(v *request) error {
	f := visit.Question{
		Title: "Gi tilgang til en ny person", Text: "Personen kan logge inn når du har lagret. Du kan gi flere roller etterpå.", Action: "/tilganger/ny", Button: "Gi tilgang", Back: "/tilganger",
		Fields: slices.Concat([]visit.Field{
			{Name: "navn", Label: "Navn", Help: "Slik kolleger kjenner personen. Navnet står i historikker og logger.", Kind: visit.Text},
			{Name: "nummer", Label: "Fødselsnummer", Help: "Lagres ikke: bare et avtrykk, til personen har logget inn første gang. La feltet stå tomt hvis du fyller ut id-en under.", Kind: visit.Text, Optional: true},
			{Name: "id", Label: "Id hos innloggingen", Help: "Den som logger inn uten å ha tilgang, får se id-en sin på skjermen.", Kind: visit.Text, Optional: true},
			{Name: "innlogging", Label: "Innlogging", Help: "Adressen til innloggingen som id-en gjelder for.", Kind: visit.Text, Optional: true, Value: v.Issuer},
		}, v.rolesToGive()),
		Reason: true,
	}
	ok := v.fill(&f)
	number, subject, issuer := identity.StripSpaces(f.Value("nummer")), f.Value("id"), f.Value("innlogging")
	for i := range f.Fields { // is not written back
		if f.Fields[i].Name == "nummer" {
			f.Fields[i].Value = ""
		}
	}
	if v.R.Method != http.MethodPost {
		return v.Ask(f)
	}
	hash := ""
	switch {
	case (number == "") == (subject == ""):
		f.Fault("nummer", "Fyll ut enten fødselsnummeret eller id-en.")
	case number != "":
		kind, err := identity.ParseDigitalID(number, identity.NationalIDBoth, true)
		if err != nil || kind.Kind == identity.IDOrganisation {
			f.Fault("nummer", "Dette er ikke et gyldig fødselsnummer. Skriv det inn på nytt.")
		}
		hash, issuer = v.Hash(number), ""
	case issuer == "":
		f.Fault("innlogging", "Fyll ut feltet.")
	case len(identity.FindNationalIDs(subject)) > 0:
		f.Fault("id", "Id-en inneholder et fødselsnummer. Bruk feltet for fødselsnummer i stedet.")
	}
	g, possible := v.chosen(&f)
	if !ok || !possible || !f.OK() {
		if hash != "" && !f.OK() {
			f.Fault("nummer", "Skriv fødselsnummeret inn på nytt.")
		}
		return v.Ask(f)
	}
	p, err := access.NewPerson(f.Value("navn"), issuer, subject, hash, v.Now())
	if err != nil {
		f.Fault("navn", "Navnet må ha fra 1 til 100 tegn på én linje, og ikke noe fødselsnummer. Id og innlogging må være på én linje.")
		return v.Ask(f)
	}
	p.Grants = []access.Grant{g}
	invited, err := v.Roles.Invite(v.Ctx, p, f.Written)
	if errors.Is(err, store.ErrExists) {
		// Somebody else has invited the person, to other accounts perhaps: the role is given to the one who is there.
		if invited, err = v.known(p); err == nil {
			invited, err = v.Roles.Give(v.Ctx, invited.ID, g, f.Written)
		}
		if errors.Is(err, access.ErrHeld) {
			f.Cannot = "Personen er her allerede, og har denne rollen."
			return v.Ask(f)
		}
	}
	if err != nil {
		return v.refused(f, err)
	}
	return v.Redirect("/tilganger/" + invited.ID)
}

// known finds the person who has the issuer and subject, or the number, already.
func (v *request) known(p access.Person) (found access.Person, err error) {
	err = v.read(func(r store.Reader) error {
		all, err := r.People(v.Ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(o access.Person) bool {
			return o.Ended.IsZero() && (p.Subject != "" && o.Issuer == p.Issuer && o.Subject == p.Subject || p.Number != "" && o.Number == p.Number)
		})
		if at < 0 {
			return store.ErrNotFound
		}
		found = all[at]
		return nil
	})
	return found, err
}

// person finds the person whom a form is about.
func (v *request) person() (p access.Person, err error) {
	err = v.read(func(r store.Reader) (err error) {
		p, err = v.find(r)
		return err
	})
	return p, err
}

// change asks about a person, and does it once a reason is given.
func (v *request) change(p access.Person, f visit.Question, do func(ctx context.Context, reason string) error) error {
	if !p.Ended.IsZero() {
		return v.refused(f, access.ErrEnded)
	}
	if f.Cannot != "" || !v.fill(&f) {
		return v.Ask(f)
	}
	return v.done(f, do)
}

func give(v *request) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	f := visit.Question{
		Title: "Gi en rolle", Text: "Rollen gis til " + p.Name + ". Roller legges sammen.", Action: "/tilganger/" + p.ID + "/gi", Button: "Gi rollen", Back: "/tilganger/" + p.ID,
		Fields: v.rolesToGive(), Reason: true,
	}
	switch {
	case !p.Ended.IsZero():
		return v.refused(f, access.ErrEnded)
	case p.ID == v.Person.ID:
		return v.refused(f, access.ErrOwn)
	case !v.fill(&f):
		return v.Ask(f)
	}
	g, possible := v.chosen(&f)
	if !possible {
		return v.Ask(f)
	}
	if _, err := v.Roles.Give(v.Ctx, p.ID, g, f.Written); err != nil {
		return v.refused(f, err)
	}
	return v.Redirect(f.Back)
}

func take(v *request) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	q := v.R.URL.Query()
	g := grant(q.Get("rolle"), q.Get("sted"))
	if !g.Role.Valid() {
		return store.ErrNotFound
	}
	f := visit.Question{
		Title: "Ta fra en rolle", Text: p.Name + " er ikke lenger " + strings.ToLower(page.RoleWords[g.Role][0]) + " for " + v.place(g) + " når du bekrefter. Det gjelder straks, også i åpne økter.",
		Action: "/tilganger/" + p.ID + "/ta?" + url.Values{"rolle": {string(g.Role)}, "sted": {placeKey(g)}}.Encode(), Button: "Ta fra rollen", Back: "/tilganger/" + p.ID, Reason: true,
	}
	held := slices.Contains(p.Grants, g)
	switch {
	case p.ID == v.Person.ID:
		return v.refused(f, access.ErrOwn)
	case !held && slices.Contains(v.Roles.Grants(p), g):
		f.Cannot = "Rollen står i oppsettet på maskinen, og kan bare tas bort der."
	case !held:
		return v.refused(f, access.ErrNotHeld)
	}
	return v.change(p, f, func(ctx context.Context, reason string) error {
		_, err := v.Roles.Take(ctx, p.ID, g, reason)
		return err
	})
}

func endSessions(v *request) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	f := visit.Question{
		Title: "Avslutt økter", Text: "Alle åpne økter for " + p.Name + " blir avsluttet. Personen kan logge inn igjen: skal tilgangen bort, må du ta rollene eller avslutte tilgangen.",
		Action: "/tilganger/" + p.ID + "/okter", Button: "Avslutt øktene", Back: "/tilganger/" + p.ID, Reason: true,
	}
	if p.ID == v.Person.ID {
		f.Warning = "Dette er dine egne økter. Du blir logget ut her også."
	}
	return v.change(p, f, func(ctx context.Context, reason string) error {
		_, err := v.Roles.EndSessions(ctx, p.ID, reason)
		return err
	})
}

func end(v *request) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	f := visit.Question{
		Title: "Avslutt tilgangen", Text: p.Name + " kan ikke logge inn lenger, og åpne økter blir avsluttet. Det kan ikke angres: kommer personen tilbake, må du invitere på nytt. Navnet blir stående i historikker og logger.",
		Action: "/tilganger/" + p.ID + "/avslutt", Button: "Avslutt tilgangen", Danger: true, Back: "/tilganger/" + p.ID, Reason: true,
	}
	if p.ID == v.Person.ID {
		return v.refused(f, access.ErrOwn)
	}
	return v.change(p, f, func(ctx context.Context, reason string) error {
		_, err := v.Roles.End(ctx, p.ID, reason)
		return err
	})
}
