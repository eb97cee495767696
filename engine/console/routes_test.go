package console

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"postgang/engine/access"
	"postgang/engine/console/visit"
)

var allRoles = []access.Role{
	access.RoleReader, access.RoleInsight, access.RoleCaseWorker, access.RoleSender, access.RolePrinter, access.RoleFinance, access.RoleOperator, access.RoleAdministrator,
	access.RoleAuditor,
}

const seers = "leser innsyn saksbehandler okonomi operator administrator revisor"

// rule is who may use a route, written here once more and by hand: a role that gets in by a mistake in the table fails.
type rule struct {
	roles string // those who may; "*": everybody who has any; "alle": also those who are not logged in
	whole bool   // for all accounts alone
	// path is the route's address, with letter and job of the account that is asked about.
	path func(w *world, own bool) string
	form string
}

func fixed(path string) func(*world, bool) string { return func(*world, bool) string { return path } }

var rules = map[string]rule{
	"GET /fil/{name}":               {roles: "alle", path: fixed("/fil/finnes-ikke.css")},
	"GET /logg-inn/svar":            {roles: "alle", path: fixed("/logg-inn/svar")},
	"GET /logg-inn/avslutt":         {roles: "alle", path: fixed("/logg-inn/avslutt?iss=x&sid=y")},
	"POST /logg-inn/ut":             {roles: "alle", path: fixed("/logg-inn/ut")},
	"GET /tilgjengelighet":          {roles: "alle", path: fixed("/tilgjengelighet")},
	"POST /okt":                     {roles: "*", path: fixed("/okt")},
	"GET /{$}":                      {roles: "*", path: fixed("/")},
	"GET /hjelp":                    {roles: "*", path: fixed("/hjelp")},
	"POST /finn":                    {roles: seers, path: fixed("/finn"), form: "q=finnes-ikke"},
	"GET /forsendelser":             {roles: seers, path: fixed("/forsendelser")},
	"GET /forsendelser/liste.csv":   {roles: seers, path: fixed("/forsendelser/liste.csv")},
	"GET /forsendelser/{id}":        {roles: seers, path: func(w *world, own bool) string { return "/forsendelser/" + pick(own, w.ownLetter, w.foreignLetter) }},
	"GET /statistikk":               {roles: seers, path: fixed("/statistikk")},
	"GET /statistikk/tall.csv":      {roles: seers, path: fixed("/statistikk/tall.csv")},
	"GET /manuell":                  {roles: "utskrift", path: fixed("/manuell")},
	"GET /jobber":                   {roles: "operator", path: fixed("/jobber")},
	"GET /jobber/{id}":              {roles: "operator", path: func(w *world, own bool) string { return "/jobber/" + pick(own, w.ownJob, w.foreignJob) }},
	"GET /forsendelser/{id}/stopp":  {roles: "saksbehandler operator", path: letterPath("/stopp")},
	"POST /forsendelser/{id}/stopp": {roles: "saksbehandler operator", path: letterPath("/stopp"), form: "begrunnelse=Sendt+ved+en+feil"},
	"GET /forsendelser/{id}/frigi":  {roles: "saksbehandler operator", path: letterPath("/frigi")},
	"POST /forsendelser/{id}/frigi": {roles: "saksbehandler operator", path: letterPath("/frigi"), form: "begrunnelse=Rettet"},
	"GET /varsler/kjent":            {roles: "operator", whole: true, path: func(w *world, _ bool) string { return "/varsler/kjent?varsel=uncertain%3A" + w.ownJob }},
	"POST /varsler/kjent":           {roles: "operator", whole: true, path: func(w *world, _ bool) string { return "/varsler/kjent?varsel=uncertain%3A" + w.ownJob }, form: "varsel=ALARM&begrunnelse=Ringt+trykkeriet"},
	"GET /okonomi/koder":            {roles: "okonomi operator revisor", path: fixed("/okonomi/koder")},
	"GET /okonomi/avvik":            {roles: "okonomi operator revisor", path: fixed("/okonomi/avvik")},
	"GET /okonomi/kvitteringer":     {roles: "okonomi operator revisor", whole: true, path: fixed("/okonomi/kvitteringer")},
	"GET /okonomi/fakturaer":        {roles: "okonomi operator revisor", whole: true, path: fixed("/okonomi/fakturaer")},
	"GET /okonomi/maneder":          {roles: "okonomi operator revisor", whole: true, path: fixed("/okonomi/maneder")},
	"GET /kjoringer":                {roles: "operator", whole: true, path: fixed("/kjoringer")},
	"GET /varsler":                  {roles: "operator", whole: true, path: fixed("/varsler")},
}

func letterPath(end string) func(*world, bool) string {
	return func(w *world, own bool) string {
		return "/forsendelser/" + pick(own, w.ownLetter, w.foreignLetter) + end
	}
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// TestEveryRouteEveryRole: each address of the router's own list gives each role what the rules say, for its own account, for another's,
// and for all. An address without a rule fails.
func TestEveryRouteEveryRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[string]bool{}
	for _, rt := range w.routes {
		name := rt.Method + " " + rt.Pattern
		seen[name] = true
		r, ok := rules[name]
		if !ok || rt.To == visit.Nobody {
			t.Errorf("%s has no rule", name)
			continue
		}
		if r.roles == "alle" {
			continue // TestWithoutSession
		}
		for _, role := range allRoles {
			permitted := r.roles == "*" || slices.Contains(strings.Fields(r.roles), string(role))
			for _, where := range []struct {
				name  string
				grant access.Grant
			}{{"account", access.Grant{Role: role, Account: own}}, {"organisation", access.Grant{Role: role, Organisation: "oppvekst"}}, {"all", access.Grant{Role: role}}} {
				who := w.as(string(role)+"-"+where.name, where.grant)
				for _, ours := range []bool{true, false} {
					path := r.path(w, ours)
					rec := w.ask(rt.Method, path, who, strings.NewReplacer("ALARM", "uncertain:"+w.ownJob, "NAVN", "system-"+string(role)+"-"+where.name+pick(ours, "-1", "-2"), "KONTO", pick(ours, own, foreign)).Replace(r.form))
					want := []int{http.StatusOK, http.StatusSeeOther}
					switch {
					case !permitted, r.whole && where.name != "all":
						want = []int{http.StatusForbidden}
					case !ours && where.name != "all" && path != r.path(w, true):
						want = []int{http.StatusNotFound}
					}
					if !slices.Contains(want, rec.Code) {
						t.Errorf("%s as %s for %s (own %v): %d, want %v", name, role, where.name, ours, rec.Code, want)
					}
					wellFormed(t, name, rec.Result(), rec.Body.String())
				}
			}
		}
	}
	for name := range rules {
		if !seen[name] {
			t.Errorf("%s: a rule for an address that there is not", name)
		}
	}
}

// wellFormed checks what every answer must have, and must not.
func wellFormed(t *testing.T, name string, r *http.Response, body string) {
	t.Helper()
	if csp := r.Header.Get("Content-Security-Policy"); csp != policy && !strings.HasPrefix(csp, "default-src 'none'; frame-ancestors ") {
		t.Errorf("%s: policy %q", name, csp)
	}
	if r.Header.Get("Referrer-Policy") != "no-referrer" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: headers %v", name, r.Header)
	}
	for _, bad := range []string{" style=", " onclick", " onload", "<style", "<script>", "javascript:"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s: %q in the page", name, bad)
		}
	}
	for _, secret := range []string{secretName, secretStreet, secretTitle, secretNumber, secretFile, "(private)"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s: %q in the page", name, secret)
		}
	}
}

// TestWithoutSession: who is not logged in is sent to the provider, or told so, and gets in nowhere. So is who has a session of too low
// a level, and of another provider.
func TestWithoutSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.known["lav"] = access.Person{ID: "lav", Grants: []access.Grant{{Role: access.RoleOperator}}}
	for name, cookie := range map[string]*http.Cookie{"nobody": nil, "too low": w.session("lav", "idporten-loa-substantial"), "made up": {Name: "postgang-okt", Value: "gjettet"}} {
		for _, rt := range w.routes {
			r := rules[rt.Method+" "+rt.Pattern]
			rec := w.ask(rt.Method, r.path(w, true), cookie, r.form)
			switch {
			case r.roles == "alle":
				if rec.Code == http.StatusSeeOther || rec.Code >= 500 {
					t.Errorf("%s: %s %s: %d", name, rt.Method, rt.Pattern, rec.Code)
				}
			case rt.Method == http.MethodGet:
				if rec.Code != http.StatusServiceUnavailable { // the provider of the test cannot be reached
					t.Errorf("%s: %s: %d", name, rt.Pattern, rec.Code)
				}
			case rec.Code != http.StatusUnauthorized:
				t.Errorf("%s: POST %s: %d", name, rt.Pattern, rec.Code)
			}
			wellFormed(t, rt.Pattern, rec.Result(), rec.Body.String())
		}
	}
}

// TestStranger: who is logged in and has no role is told whom to turn to, on every page; so is who was ended.
func TestStranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ended := w.as("sluttet", access.Grant{Role: access.RoleOperator})
	p := w.known["sluttet"]
	p.Ended = w.now
	w.known["sluttet"] = p
	for name, cookie := range map[string]*http.Cookie{"unknown": w.session("ukjent", level), "without roles": w.as("ny"), "ended": ended} {
		rec := w.ask("GET", "/forsendelser", cookie, "")
		if rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "ikke fått tilgang") || !strings.Contains(rec.Body.String(), "administrator") {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}

// TestFromElsewhere: what another site sends is refused, whoever is logged in.
func TestFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("operator", access.Grant{Role: access.RoleOperator}, access.Grant{Role: access.RoleAdministrator})
	for _, rt := range w.routes {
		if rt.Method == http.MethodGet {
			continue
		}
		r := rules[rt.Method+" "+rt.Pattern]
		rec := w.crossSite(rt.Method, r.path(w, true), who, r.form)
		if rec.Code != http.StatusForbidden {
			t.Errorf("%s %s from another site: %d", rt.Method, rt.Pattern, rec.Code)
		}
	}
}

// TestLookingChangesNothing: no GET of anybody leaves a trace in the archive, sessions aside.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var grants []access.Grant
	for _, r := range allRoles {
		grants = append(grants, access.Grant{Role: r})
	}
	who := w.as("alle", grants...)
	before := w.contents()
	if len(before) < 1000 {
		t.Fatalf("the archive is empty: %q", before)
	}
	for _, rt := range w.routes {
		if rt.Method != http.MethodGet {
			continue
		}
		for _, ours := range []bool{true, false} {
			path := rules[rt.Method+" "+rt.Pattern].path(w, ours)
			if rec := w.ask("GET", path, who, ""); rec.Code >= 500 {
				t.Errorf("%s: %d", path, rec.Code)
			}
			if after := w.contents(); after != before {
				t.Fatalf("GET %s changed the archive", path)
			}
		}
	}
}

// TestLists: a list holds what is within the scope, and nothing else.
func TestLists(t *testing.T) { onBoth(t, testLists) }

func testLists(t *testing.T, w *world) {
	reader := w.as("leser", access.Grant{Role: access.RoleReader, Account: own})
	for _, path := range []string{"/forsendelser", "/forsendelser/liste.csv", "/forsendelser?konto=" + foreign, "/forsendelser?satt_til_side=alle", "/", "/statistikk"} {
		body := w.ask("GET", path, reader, "").Body.String()
		for _, no := range []string{w.foreignLetter, "Helsekontoret", ">helse<"} {
			if strings.Contains(body, no) {
				t.Errorf("%s shows %s to who may not see it", path, no)
			}
		}
	}
	all := w.ask("GET", "/forsendelser/liste.csv", w.as("operator", access.Grant{Role: access.RoleOperator}), "").Body.String()
	mine := w.ask("GET", "/forsendelser/liste.csv", reader, "").Body.String()
	if a, m := strings.Count(all, "\n"), strings.Count(mine, "\n"); a < 30 || m < 15 || m > a/2+2 {
		t.Errorf("lines of all %d, of one's own %d", a, m)
	}
	if body := w.ask("GET", "/forsendelser?satt_til_side=kostnad", reader, "").Body.String(); !strings.Contains(body, w.heldLetter) || strings.Contains(body, w.ownLetter) {
		t.Error("the filter of what is set aside")
	}
	if body := w.ask("GET", "/forsendelser?satt_til_side=for-mange-ark", reader, "").Body.String(); !strings.Contains(body, `<option value="for-mange-ark" selected>Kunne ikke klargjøres (for-mange-ark)`) {
		t.Error("a reason that an alarm leads to is not chosen in the filter")
	}
	// The filters of the address narrow the list, and those that cannot be read are told.
	for query, want := range map[string]int{"?system=ePhorte": 200, "?konteringskode=0412&arsak=ULEST": 200, "?fra=2020-01-01&til=2030-01-01": 200, "?fra=i+dag": 422, "?status=KANSKJE": 422, "?status=klar": 200, "?jobb=" + w.ownJob: 200} {
		rec := w.ask("GET", "/forsendelser"+query, reader, "")
		if rec.Code != want || want == 200 && !strings.Contains(rec.Body.String(), "<tbody>") {
			t.Errorf("/forsendelser%s: %d, want %d with rows", query, rec.Code, want)
		}
	}
	for _, query := range []string{"?system=Annet", "?konteringskode=9", "?arsak=RESERVERT", "?til=2020-01-01", "?jobb=" + w.foreignJob} {
		if body := w.ask("GET", "/forsendelser"+query, reader, "").Body.String(); !strings.Contains(body, "Ingen forsendelser passer") {
			t.Errorf("/forsendelser%s finds something", query)
		}
	}
	// Another's account is told as one that is not there.
	if a, b := w.ask("GET", "/forsendelser/"+w.foreignLetter, reader, ""), w.ask("GET", "/forsendelser/"+"00000000-0000-4000-8000-00000000ffff", reader, ""); a.Code != 404 || b.Code != 404 || a.Body.String() != b.Body.String() {
		t.Error("a letter of others is told from one that is not there")
	}
}

// TestStopAndRelease: what a person does is done in the person's name, with a reason, and shown; a bad reason does nothing.
func TestStopAndRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	worker := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	path := "/forsendelser/" + w.ownLetter
	before := w.contents()
	for _, form := range []string{"begrunnelse=", "begrunnelse=fnr+" + secretNumber} {
		if rec := w.ask("POST", path+"/stopp", worker, form); rec.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", form, rec.Code)
		}
	}
	if rec := w.ask("POST", "/forsendelser/"+w.heldLetter+"/frigi", worker, "x=y"); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "Kostnadsvakten") {
		t.Errorf("release of what the cost guard keeps back: %d", rec.Code)
	}
	if w.contents() != before {
		t.Fatal("what was refused changed the archive")
	}
	if rec := w.ask("POST", path+"/stopp", worker, "begrunnelse=Sendt+ved+en+feil"); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != path {
		t.Fatalf("stop: %d %s", rec.Code, rec.Body)
	}
	body := w.ask("GET", path, worker, "").Body.String()
	for _, want := range []string{"Avsluttet for hånd", "Sendt ved en feil", "av deg"} {
		if !strings.Contains(body, want) {
			t.Errorf("the stopped letter's page lacks %q", want)
		}
	}
	if other := w.ask("GET", path, w.as("leser", access.Grant{Role: access.RoleReader, Account: own}), "").Body.String(); !strings.Contains(other, "av saksbehandler") || strings.Contains(other, "/stopp") {
		t.Error("who may not stop it is offered to, or is not told that a colleague did")
	}
	operator := w.as("operator", access.Grant{Role: access.RoleOperator})
	if rec := w.ask("POST", "/varsler/kjent", operator, "varsel=uncertain:"+w.ownJob+"&begrunnelse=Ringt+trykkeriet"); rec.Code != http.StatusSeeOther {
		t.Errorf("acknowledge: %d", rec.Code)
	}
	if body := w.ask("GET", "/varsler", operator, "").Body.String(); !strings.Contains(body, "Ringt trykkeriet") {
		t.Error("the reason of an acknowledged alarm is not shown")
	}
}

// TestFind: any id leads to its page, within the scope; what may be a name or a number is not written back.
func TestFind(t *testing.T) { onBoth(t, testFind) }

func testFind(t *testing.T, w *world) {
	reader := w.as("leser", access.Grant{Role: access.RoleReader, Account: own})
	operator := w.as("operator", access.Grant{Role: access.RoleOperator})
	for _, tc := range []struct {
		who   *http.Cookie
		asked string
		to    string // empty: nothing is found
	}{
		{reader, w.ownLetter, "/forsendelser/" + w.ownLetter}, {reader, " " + strings.ToUpper(w.ownLetter) + " ", "/forsendelser/" + w.ownLetter}, {reader, w.foreignLetter, ""},
		{reader, "skole/in-3", "/forsendelser/" + w.ownLetter}, {reader, "in-3", "/forsendelser/" + w.ownLetter}, {reader, "in-", ""}, {reader, "helse/in-4", ""},
		{reader, w.ownJob, ""}, {operator, strings.ToLower(w.ownJob), "/jobber/" + w.ownJob}, {reader, secretName, ""}, {reader, secretNumber, ""}, {reader, "", "/forsendelser"},
	} {
		rec := w.ask("POST", "/finn", tc.who, "q="+strings.ReplaceAll(tc.asked, " ", "+"))
		if to := rec.Header().Get("Location"); to != tc.to {
			t.Errorf("%q leads to %q, want %q", tc.asked, to, tc.to)
		}
		wellFormed(t, "/finn", rec.Result(), rec.Body.String())
	}
}

// TestOutageLogsNobodyOut: who cannot be looked up for the database's sake is not sent to log in.
func TestOutageLogsNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("leser", access.Grant{Role: access.RoleReader})
	if rec := w.ask("GET", "/forsendelser", who, ""); rec.Code != http.StatusOK {
		t.Fatalf("before: %d", rec.Code)
	}
	if err := w.archive.Close(); err != nil {
		t.Fatal(err)
	}
	if rec := w.ask("GET", "/forsendelser", who, ""); rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "Noe gikk galt") {
		t.Errorf("while the database is away: %d %s", rec.Code, rec.Body)
	}
}
