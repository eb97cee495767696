package console

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/change"
	"postgang/engine/login"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// fillPeople puts persons and systems of both accounts into the archive, one person for each route that changes one.
func (w *world) fillPeople() {
	w.t.Helper()
	for _, of := range []string{"se", "gi", "ta", "okter", "avslutt"} {
		for where, account := range map[string]string{" hos oss": own, " andre steder": foreign} {
			w.person(access.Person{ID: personID(of + where), Name: of + where, Issuer: w.issuer, Subject: of + where, Created: w.now, Grants: []access.Grant{{Role: access.RoleReader, Account: account}}})
		}
	}
	for account, name := range map[string]string{own: "acos", foreign: "websak"} {
		i, _, err := access.New(name, "", []string{account}, w.now)
		if err != nil {
			w.t.Fatal(err)
		}
		err = w.archive.InTx(w.t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.PutIntegration(w.t.Context(), i, "test"), tx.CountWay(w.t.Context(), account, access.RestV3, i.ID))
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if account == own {
			w.ownSystem = i.ID
		} else {
			w.foreignSystem = i.ID
		}
	}
}

func contains(t *testing.T, what, body string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(body, want) {
			t.Errorf("%s lacks %q", what, want)
		}
	}
}

func without(t *testing.T, what, body string, unwanted ...string) {
	t.Helper()
	for _, no := range unwanted {
		if strings.Contains(body, no) {
			t.Errorf("%s has %q", what, no)
		}
	}
}

func code(t *testing.T, what string, rec *httptest.ResponseRecorder, want int) string {
	t.Helper()
	if rec.Code != want {
		t.Errorf("%s: %d, want %d\n%s", what, rec.Code, want, rec.Body)
	}
	return rec.Body.String()
}

// TestAdministratorIsRefusedHisOwnPromotion: neither the page nor what it sends gives an administrator a role, takes one or ends him;
// a colleague does.
func TestAdministratorIsRefusedHisOwnPromotion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator})
	self := "/tilganger/" + personID("sjef")
	page := code(t, "own page", w.ask("GET", self, boss, ""), http.StatusOK)
	contains(t, "own page", page, "Administrator", "Denne økten")
	without(t, "own page", page, self+"/gi", self+"/ta", self+"/avslutt")
	before := w.contents()
	for path, form := range map[string]string{
		"/gi": "rolle=revisor&sted=alle&begrunnelse=trenger+det", "/ta?rolle=administrator&sted=alle": "begrunnelse=trenger+det", "/avslutt": "begrunnelse=trenger+det",
	} {
		contains(t, path, code(t, path, w.ask("POST", self+path, boss, form), http.StatusForbidden), "En annen administrator må gjøre det")
		code(t, "GET "+path, w.ask("GET", self+path, boss, ""), http.StatusForbidden)
	}
	// Nor by inviting himself again.
	form := "navn=Sjef&id=sjef&innlogging=" + url.QueryEscape(w.issuer) + "&rolle=revisor&sted=alle&begrunnelse=trenger+det"
	code(t, "invite himself", w.ask("POST", "/tilganger/ny", boss, form), http.StatusForbidden)
	if w.contents() != before {
		t.Fatal("what was refused changed the archive")
	}
	other := w.as("kollega", access.Grant{Role: access.RoleAdministrator})
	if rec := w.ask("POST", self+"/gi", other, "rolle=revisor&sted=alle&begrunnelse=kontrollerer+selv"); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != self {
		t.Fatalf("a colleague gives it: %d %s", rec.Code, rec.Body)
	}
	contains(t, "the page afterwards", w.ask("GET", self, other, "").Body.String(), "Revisor", "Kontrollerer selv", "av deg", "Fikk Revisor for alle")
}

// TestAdministratorWithinScope: an administrator of one account sees and gives what is within it.
func TestAdministratorWithinScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("skolesjef", access.Grant{Role: access.RoleAdministrator, Account: own})
	both := access.Person{ID: personID("begge"), Name: "Begge Steder", Issuer: w.issuer, Subject: "begge", Created: w.now, Grants: []access.Grant{
		{Role: access.RoleReader, Account: own}, {Role: access.RoleCaseWorker, Account: foreign}}}
	w.person(both)
	w.session("begge", level)
	page := w.ask("GET", "/tilganger", boss, "").Body.String()
	contains(t, "the list", page, "se hos oss", "Begge Steder", "Leser for Skolekontoret", "Roller for andre kontoer")
	without(t, "the list", page, "se andre steder", "Helsekontoret")
	path := "/tilganger/" + both.ID
	page = w.ask("GET", path, boss, "").Body.String()
	contains(t, "the person", page, "roller for andre kontoer", path+"/gi", "/okter", "rolle=leser")
	without(t, "the person", page, "Helsekontoret", "Saksbehandler", path+"/avslutt")
	page = w.ask("GET", path+"/gi", boss, "").Body.String()
	contains(t, "the form", page, "konto:skole")
	without(t, "the form", page, "konto:helse", "virksomhet:oppvekst", `value="alle"`)
	for form, want := range map[string]int{
		"rolle=leser&sted=konto%3Ahelse&begrunnelse=x":     http.StatusUnprocessableEntity, // is not in the list
		"rolle=operator&sted=alle&begrunnelse=x":           http.StatusUnprocessableEntity,
		"rolle=sjef&sted=konto%3Askole&begrunnelse=x":      http.StatusUnprocessableEntity,
		"rolle=&sted=&begrunnelse=x":                       http.StatusUnprocessableEntity,
		"rolle=innsyn&sted=konto%3Askole&begrunnelse=":     http.StatusUnprocessableEntity,
		"rolle=leser&sted=konto%3Askole&begrunnelse=igjen": http.StatusOK, // has it already
		"rolle=innsyn&sted=konto%3Askole&begrunnelse=ny":   http.StatusSeeOther,
	} {
		code(t, form, w.ask("POST", path+"/gi", boss, form), want)
	}
	code(t, "end of one who is of others too", w.ask("POST", path+"/avslutt", boss, "begrunnelse=x"), http.StatusForbidden)
	// A colleague was first.
	code(t, "take", w.ask("POST", path+"/ta?rolle=innsyn&sted=konto%3Askole", boss, "begrunnelse=ferdig"), http.StatusSeeOther)
	contains(t, "take again", code(t, "take again", w.ask("POST", path+"/ta?rolle=innsyn&sted=konto%3Askole", boss, "begrunnelse=ferdig"), http.StatusOK), "ikke denne rollen lenger")
}

// TestInviteByNumber: the number is kept as a hash alone, and the person gets in with it.
func TestInviteByNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator})
	const rest = "&rolle=innsyn&sted=konto%3Askole&begrunnelse=ny+i+jobben"
	for name, form := range map[string]string{
		"no number and no id": "navn=Kari+Nordmann" + rest, "both": "navn=Kari&nummer=" + secretNumber + "&id=x&innlogging=https%3A%2F%2Fx" + rest, "not a number": "navn=Kari&nummer=41814061034" + rest,
		"a number for an id": "navn=Kari&innlogging=https%3A%2F%2Fx&id=" + secretNumber + rest, "a number for a name": "nummer=" + secretNumber + "&navn=" + secretNumber + rest, "no name": "nummer=" + secretNumber + rest,
		"for all": "navn=Kari&nummer=" + secretNumber + "&rolle=innsyn&sted=alle&begrunnelse=x",
	} {
		body := code(t, name, w.ask("POST", "/tilganger/ny", boss, form), http.StatusUnprocessableEntity)
		contains(t, name, body, "Rett dette først", "autofocus")
		if name != "a number for a name" && name != "a number for an id" { // the field that it was written into by mistake shows it
			without(t, name, body, secretNumber)
		}
	}
	rec := w.ask("POST", "/tilganger/ny", boss, "navn=Kari+Nordmann&nummer=418140+61033"+rest)
	code(t, "invite", rec, http.StatusSeeOther)
	path := rec.Header().Get("Location")
	contains(t, "the invited", w.ask("GET", path, boss, "").Body.String(), "Kari Nordmann", "Invitert", "ved første innlogging", "Innsyn", "Ny i jobben")
	if strings.Contains(w.contents(), secretNumber+" ") || strings.Contains(path, secretNumber) {
		t.Error("the number is kept")
	}
	// Invited again to something else, the role is given to the one who is there.
	rec = w.ask("POST", "/tilganger/ny", boss, "navn=En+annen&nummer="+secretNumber+"&rolle=leser&sted=konto%3Ahelse&begrunnelse=ogs%C3%A5+der")
	if code(t, "again", rec, http.StatusSeeOther); rec.Header().Get("Location") != path {
		t.Errorf("led to %s, want %s", rec.Header().Get("Location"), path)
	}
	p, err := w.roles.LogIn(t.Context(), w.issuer, "karis-id", login.Hash(make([]byte, 32), secretNumber), "")
	if err != nil || p.Name != "Kari Nordmann" || len(p.Grants) != 2 {
		t.Errorf("the log-in: %+v, %v", p, err)
	}
}

// TestLogOutFromElsewhere: an administrator ends a person's sessions, and the person is not logged in any more; log-out at the provider
// does the same.
func TestLogOutFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator})
	reader := w.as("leser", access.Grant{Role: access.RoleReader, Account: own})
	path := "/tilganger/" + personID("leser")
	code(t, "before", w.ask("GET", "/forsendelser", reader, ""), http.StatusOK)
	contains(t, "the person", w.ask("GET", path, boss, "").Body.String(), path+"/okter")
	code(t, "without a reason", w.ask("POST", path+"/okter", boss, "begrunnelse="), http.StatusUnprocessableEntity)
	code(t, "end", w.ask("POST", path+"/okter", boss, "begrunnelse=mistet+PC-en"), http.StatusSeeOther)
	code(t, "after", w.ask("GET", "/forsendelser", reader, ""), http.StatusServiceUnavailable) // sent to the provider, which is not there
	page := w.ask("GET", path, boss, "").Body.String()
	contains(t, "the person afterwards", page, "1 økt avsluttet", "Mistet PC-en")
	without(t, "the person afterwards", page, path+"/okter")

	finance := w.as("okonom", access.Grant{Role: access.RoleFinance, Account: own})
	code(t, "before", w.ask("GET", "/okonomi/koder", finance, ""), http.StatusOK)
	code(t, "the provider's word", w.ask("GET", "/logg-inn/avslutt?iss="+url.QueryEscape(w.issuer)+"&sid=sid-okonom", nil, ""), http.StatusOK)
	code(t, "after", w.ask("GET", "/okonomi/koder", finance, ""), http.StatusServiceUnavailable)
}

// TestColleaguesByName: histories say who did it by name, the person's own name aside; the command line and systems too.
func TestColleaguesByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	worker := w.as("Signe Sak", access.Grant{Role: access.RoleCaseWorker, Account: own})
	w.person(access.Person{ID: personID("drift"), Name: "Dag Drift", Issuer: w.issuer, Subject: "drift", Login: "dag", Created: w.now})
	ctx := t.Context()
	other := w.heldLetter
	for letter, by := range map[string]access.Actor{w.ownLetter: {Kind: access.CommandLine, ID: "dag"}, other: {Kind: access.CommandLine, ID: "root", For: "dag"}} {
		if err := w.archive.InTx(ctx, func(tx store.Tx) error {
			s, err := tx.Shipment(ctx, letter)
			if err != nil {
				return err
			}
			return tx.AddEvents(access.As(ctx, by), shipment.Event{Shipment: letter, At: w.now, Kind: shipment.EventReceived, From: s.Status, To: s.Status})
		}); err != nil {
			t.Fatal(err)
		}
	}
	reader := w.as("leser", access.Grant{Role: access.RoleReader, Account: own})
	contains(t, "by the command line", w.ask("GET", "/forsendelser/"+w.ownLetter, reader, "").Body.String(), "av Dag Drift (kommandolinjen)")
	contains(t, "by who acted for somebody", w.ask("GET", "/forsendelser/"+other, reader, "").Body.String(), "av Dag Drift (kommandolinjen, root)")
	code(t, "stop", w.ask("POST", "/forsendelser/"+w.ownLetter+"/stopp", worker, "begrunnelse=Sendt+ved+en+feil"), http.StatusSeeOther)
	contains(t, "a colleague's page", w.ask("GET", "/forsendelser/"+w.ownLetter, reader, "").Body.String(), "av Signe Sak")
	contains(t, "one's own page", w.ask("GET", "/forsendelser/"+w.ownLetter, worker, "").Body.String(), "av deg")
}

var passwordForm = regexp.MustCompile(`<span class="code">([a-z2-9]{32})</span>`)

// TestServicePassword: a system gets a password that is shown once and works; it is changed, narrowed and ended, and all of it is logged.
func TestServicePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("skolesjef", access.Grant{Role: access.RoleAdministrator, Account: own})
	auditor := w.as("revisor", access.Grant{Role: access.RoleAuditor})
	system := func(name string) access.Integration {
		t.Helper()
		i, err := store.View(t.Context(), w.archive, func(r store.Reader) (access.Integration, error) { return r.Integration(t.Context(), name) })
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	for form, wrong := range map[string]string{
		"navn=nytt&begrunnelse=x": "Velg i listen", "navn=&konto=skole&begrunnelse=x": "Fyll ut feltet", "navn=a/b&konto=skole&begrunnelse=x": "bindestrek",
		"navn=nytt&konto=helse&begrunnelse=x": "Velg i listen", "navn=nytt&konto=skole&organisasjon=123456789&begrunnelse=x": "ikke et organisasjonsnummer",
		"navn=acos&konto=skole&begrunnelse=x": "Velg et annet", "navn=nytt&konto=skole&begrunnelse=": "Skriv kort hvorfor",
	} {
		contains(t, form, code(t, form, w.ask("POST", "/konfigurasjon/fagsystemer/nytt", boss, form), http.StatusUnprocessableEntity), wrong)
	}
	body := code(t, "make", w.ask("POST", "/konfigurasjon/fagsystemer/nytt", boss, "navn=nytt&konto=skole&organisasjon=974+760+673&begrunnelse=nytt+sakssystem"), http.StatusOK)
	shown := passwordForm.FindStringSubmatch(body)
	made := system("nytt")
	if shown == nil || !made.Check(shown[1], w.now) || made.Organisation != "974760673" {
		t.Fatalf("the password does not work: %v, %+v", shown, made)
	}
	path := "/fagsystem/" + made.ID
	page := w.ask("GET", path, boss, "").Body.String()
	contains(t, "the page", page, "Skolekontoret", "974760673", "Ikke brukt ennå", "Nytt sakssystem", path+"/passord")
	without(t, "the page", page, shown[1])
	hidden := regexp.MustCompile(`name="forrige" value="(\d+)"`).FindStringSubmatch(w.ask("GET", path+"/passord", boss, "").Body.String())
	if hidden == nil {
		t.Fatal("the form does not say which password it is about")
	}
	w.now = w.now.Add(time.Minute)
	rotate := "behold=24&forrige=" + hidden[1] + "&begrunnelse=%C3%A5rlig+bytte"
	body = code(t, "rotate", w.ask("POST", path+"/passord", boss, rotate), http.StatusOK)
	second := passwordForm.FindStringSubmatch(body)
	made = system("nytt")
	if second == nil || second[1] == shown[1] || !made.Check(second[1], w.now) || !made.Check(shown[1], w.now.Add(23*time.Hour)) || made.Check(shown[1], w.now.Add(25*time.Hour)) {
		t.Fatalf("the second password: %v", second)
	}
	body = code(t, "sent again", w.ask("POST", path+"/passord", boss, rotate), http.StatusOK)
	contains(t, "sent again", body, "Passordet er byttet allerede")
	if passwordForm.MatchString(body) || !system("nytt").Check(second[1], w.now) {
		t.Error("a form that is sent again changes the password again")
	}
	code(t, "change", w.ask("POST", path+"/endre", boss, "konto=skole&organisasjon=&begrunnelse=uten+Maskinporten"), http.StatusSeeOther)
	code(t, "end", w.ask("POST", path+"/avslutt", boss, "begrunnelse=byttet+system"), http.StatusSeeOther)
	contains(t, "end again", code(t, "end again", w.ask("POST", path+"/avslutt", boss, "begrunnelse=byttet+system"), http.StatusOK), "avsluttet. Lag et nytt")
	log := w.ask("GET", "/logg/endringer?gjelder="+url.QueryEscape("integrasjon/"+made.ID), auditor, "").Body.String()
	contains(t, "the log", log, "skolesjef", "byttet system", "Lagt til, får sende for Skolekontoret", "Nytt passord; det gamle virker til", "Nytt organisasjonsnummer", "Avsluttet", "årlig bytte")
	without(t, "the log", log, "sha256", shown[1], second[1])

	// A system of several accounts is seen by each, and changed by who configures all of them.
	wide, _, err := access.New("felles", "", []string{own, foreign}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.archive.InTx(t.Context(), func(tx store.Tx) error { return tx.PutIntegration(t.Context(), wide, "test") }); err != nil {
		t.Fatal(err)
	}
	page = w.ask("GET", "/konfigurasjon/fagsystemer", boss, "").Body.String()
	contains(t, "the list", page, "felles", "og andre kontoer", "acos", "REST V3")
	without(t, "the list", page, "websak", "Helsekontoret")
	code(t, "another's too", w.ask("POST", "/fagsystem/"+wide.ID+"/avslutt", boss, "begrunnelse=x"), http.StatusForbidden)
}

// TestLogs: the innsynslogg within the scope, by person, letter and days; the log of changes; both as CSV; and whether they hold.
func TestLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	kari := access.Actor{Kind: access.Human, ID: personID("se hos oss")}
	for i := range 60 {
		l := access.Lookup{Actor: kari, Shipment: w.ownLetter, Account: own, What: []access.What{access.WhatRecipient}, Purpose: "ringte inn"}
		switch {
		case i == 3:
			l.Actor, l.Purpose = access.Actor{Kind: access.CommandLine, ID: "dag"}, "=feil adresse"
		case i == 4:
			l = access.Lookup{Actor: kari, What: []access.What{access.WhatSearch}, Purpose: "leter etter brev"}
		case i%2 == 1:
			l.Shipment, l.Account = w.foreignLetter, foreign
		}
		if err := w.archive.InTx(ctx, func(tx store.Tx) error { _, err := tx.AddLookup(ctx, l); return err }); err != nil {
			t.Fatal(err)
		}
	}
	auditor := w.as("revisor", access.Grant{Role: access.RoleAuditor})
	narrow := w.as("skolerevisor", access.Grant{Role: access.RoleAuditor, Account: own})
	rows := func(path string, who *http.Cookie) (string, int) {
		t.Helper()
		body := code(t, path, w.ask("GET", path, who, ""), http.StatusOK)
		return body, strings.Count(body, `<th scope="row" class="num">`)
	}
	page, n := rows("/logg", auditor)
	if n != 50 {
		t.Errorf("%d rows on a page", n)
	}
	contains(t, "the log", page, "se hos oss", "/logg/endringer", "etter=11", "/forsendelser/"+w.ownLetter)
	if _, n = rows("/logg?etter=11", auditor); n != 10 {
		t.Errorf("%d rows on the second page", n)
	}
	page, n = rows("/logg", narrow)
	if n != 30 { // 29 of kari, one of the command line
		t.Errorf("%d rows within a scope", n)
	}
	without(t, "the log within a scope", page, w.foreignLetter, "Helsekontoret", "leter etter brev", "/logg/endringer")
	for query, want := range map[string]int{
		"?forsendelse=" + w.foreignLetter: 29, "?kommando=dag": 1, "?hvem=" + url.QueryEscape(kari.String()) + "&forsendelse=" + w.ownLetter: 29, "?til=2020-01-01": 0, "?fra=2020-01-01&til=2099-01-01&kommando=dag": 1,
	} {
		if _, n := rows("/logg"+query, auditor); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	for _, query := range []string{"?fra=i+dag", "?forsendelse=abc", "?hvem=Kari", "?etter=x"} {
		code(t, query, w.ask("GET", "/logg"+query, auditor, ""), http.StatusUnprocessableEntity)
		code(t, "CSV "+query, w.ask("GET", "/logg/innsyn.csv"+query, auditor, ""), http.StatusUnprocessableEntity)
	}
	csv := w.ask("GET", "/logg/innsyn.csv", auditor, "").Body.String()
	if n := strings.Count(csv, "\n"); n != 61 {
		t.Errorf("%d lines", n)
	}
	contains(t, "the file", csv, "'=feil adresse", "se hos oss", "søk")
	if n := strings.Count(w.ask("GET", "/logg/innsyn.csv", narrow, "").Body.String(), "\n"); n != 31 {
		t.Errorf("%d lines within a scope", n)
	}
	page, _ = rows("/logg/endringer", auditor)
	contains(t, "changes", page, "se hos oss", "Fagsystemet acos", "Lagt til, fikk Leser for Skolekontoret")
	csv = w.ask("GET", "/logg/endringer.csv?gjelder="+url.QueryEscape(kari.String()), auditor, "").Body.String()
	if n := strings.Count(csv, "\n"); n != 2 {
		t.Errorf("%d lines of one person", n)
	}
	contains(t, "the check", code(t, "check", w.ask("GET", "/logg/kontroll", auditor, ""), http.StatusOK), "Loggen holder til og med rad 60")
	if _, err := w.archive.SQLite().ExecContext(ctx, `DROP TRIGGER lookup_no_update; UPDATE lookup SET purpose = 'noe annet' WHERE seq = 7`); err != nil {
		t.Fatal(err)
	}
	contains(t, "the check of a changed log", w.ask("GET", "/logg/kontroll", auditor, "").Body.String(), "Rad 7 er ikke slik den ble skrevet", "<dd>6</dd>")
}

// TestLogOfMoneyAndRuns: the log of changes tells in Norwegian what people did about money, alarms, runs and accounts, and leads there.
func TestLogOfMoneyAndRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	auditor := w.as("revisor", access.Grant{Role: access.RoleAuditor})
	operator := w.as("operator", access.Grant{Role: access.RoleOperator})
	code(t, "acknowledge", w.ask("POST", "/varsler/kjent", operator, "varsel=uncertain%3A"+w.ownJob+"&begrunnelse=Ringt+trykkeriet"), http.StatusSeeOther)
	var invoice, conflict string
	if err := w.archive.View(ctx, func(r store.Reader) error {
		list, err := r.Invoices(ctx, time.Time{}, time.Time{})
		open, err2 := r.Receipts(ctx, store.ReceiptFilter{Open: true})
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		invoice, conflict = list[0].ID, open[0].ID
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	name := "Ny skole"
	by := access.As(ctx, access.Actor{Kind: access.Human, ID: personID("operator")})
	if err := w.archive.InTx(ctx, func(tx store.Tx) error {
		_, err := tx.AddVersion(by, party.Version{Account: own, From: "2026-12-01", Reason: "bytter navn", Change: party.Change{Text: &name, Vendor: &name}}, party.Change{})
		facts := func(more ...string) change.Facts {
			f := change.Facts{"vendor": "trykkeri", "number": "F-1", "net": "100", "job": "AAAA000001"}
			for i := 0; i < len(more); i += 2 {
				f[more[i]] = more[i+1]
			}
			return f
		}
		return errors.Join(err,
			tx.AddChange(by, change.Of(change.Invoice, invoice, nil, facts("state", "taken"), change.Typed)),
			tx.AddChange(by, change.Of(change.Invoice, w.ownLetter, facts("state", "taken"), facts("state", "removed"), "dobbel")),
			tx.AddChange(by, change.Of(change.Receipt, conflict, facts("in_force", "a"), facts("in_force", "b", "net", "300"), "riktig")),
			tx.AddChange(by, change.Of(change.ReceiptFile, "ab", nil, facts("rows", "2", "applied", "2", "conflicts", "0", "unknown", "0", "problems", "0"), change.Read)),
			tx.AddChange(by, change.Of(change.Deviations, "trykkeri", change.Facts{"a": "OPEN"}, change.Facts{"a": "SETTLED"}, "betalt")),
			tx.AddChange(by, change.Of(change.Month, "2026-10", change.Facts{"state": "open"}, change.Facts{"state": "closed"}, "avstemt")),
			tx.AddChange(by, change.Of(change.Run, "night-by-hand", nil, change.Facts{"begun": "2026-11-30T20:00:00Z"}, change.ByHand)),
		)
	}); err != nil {
		t.Fatal(err)
	}
	page := code(t, "the log", w.ask("GET", "/logg/endringer", auditor, ""), http.StatusOK)
	contains(t, "the log", page, "Varselet uncertain:"+w.ownJob, "Merket som kjent", "Ringt trykkeriet", "Kontoen Skolekontoret", "Satt: forsidetekst, trykkeri", "bytter navn",
		"Faktura F-1 fra trykkeri", "Tatt imot, kr 1,00 netto", "skrevet inn", "Fjernet, kr 1,00 netto", "Den nye gjelder: kr 1,00 ble kr 3,00", "Lest inn: 2 av 2 kvitteringer bokført",
		"Avvik hos trykkeri", "1 avgjort: oppgjort", "Oktober 2026", "Lukket", "Nattkjøring", "Startet", "startet for hånd")
	without(t, "the log", page, "ingenting vi har ord for", "kan ikke leses")
	for _, path := range []string{"/okonomi/fakturaer/" + invoice, "/okonomi/kvitteringer/konflikt/" + conflict, "/okonomi/kvitteringer", "/okonomi/avvik", "/okonomi/maneder/2026-10", "/konfigurasjon/konto/" + own} {
		contains(t, "the log", page, `<a href="`+path+`">`)
		code(t, path, w.ask("GET", path, auditor, ""), http.StatusOK)
	}
	for kind, want := range map[string]int{"faktura%2F": 2, "varsel%2F": 1, "varsel%2Funcertain%3A" + w.ownJob: 1, "kvittering%2F": 1, "konto%2F" + own: 1, "kjoring%2F": 1, "koderegister%2F": 0} {
		page := code(t, kind, w.ask("GET", "/logg/endringer?gjelder="+kind, auditor, ""), http.StatusOK)
		if n := strings.Count(page, `<th scope="row" class="num">`); n != want {
			t.Errorf("%s: %d rows, want %d", kind, n, want)
		}
	}
	code(t, "no subject", w.ask("GET", "/logg/endringer?gjelder=faktura", auditor, ""), http.StatusUnprocessableEntity)
	contains(t, "the check", code(t, "check", w.ask("GET", "/logg/kontroll", auditor, ""), http.StatusOK), "Loggen holder til og med rad")
}
