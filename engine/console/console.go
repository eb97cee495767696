// Package console is the forvaltningsweb: pages on which those who run the post, case workers and finance see where letters are, and
// why. Who comes is known by engine/login, what they may by engine/access, and all addresses with what each takes stand in one table
// (routes.go). A page reads the archive within the person's scope alone (engine/console/scoped), and has no personal data in it.
package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/billing/figures"
	"postgang/billing/money"
	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/console/asset"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/finance"
	"postgang/engine/jobs"
	"postgang/engine/login"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Engine is what pages ask beyond the archive's rows; *engine.Engine is one.
type Engine interface {
	scoped.Queue
	Money
	Actions
	Quote(s shipment.Shipment) (accept.Quoted, error)
	ControlSheetCost(j store.PrintJob, files []store.JobFile) (sheets int, net money.Ore, priced bool)
	WaitsForPerson(j store.PrintJob) bool
	Report(ctx context.Context, q finance.ReportQuery) (figures.Report, error)
}

var _ scoped.Queue = (*jobs.Jobs)(nil)

// People knows who may use the console.
type People interface {
	// Who finds the person of a session; store.ErrNotFound: nobody whom we know.
	Who(ctx context.Context, s login.Session) (access.Person, error)
}

// Config is what the console is made of.
type Config struct {
	Archive store.Archive
	Engine  Engine
	Login   *login.Client
	People  People
	// Issuer is the log-in provider; Level the acr that it must give, empty: any.
	Issuer, Level string
	Accounts      []party.Account
	Vendors       []party.Vendor
	Schedules     []nights.Schedule
	Inputs        figures.CostBenefitInputs
	Organisations map[string][]string // accounts of each organisation
	Organisation  string              // whose console it is, as the head of pages says; empty: nothing
	Contact       string              // whom somebody without roles, or with a complaint about accessibility, turns to; a text
	Version       string              // of this program
	Now           func() time.Time    // nil: the clock
	Log           *slog.Logger        // nil: nothing is logged
}

// handler answers.
type handler struct {
	Config
	scoped   scoped.Archive
	accounts map[string]party.Account
	vendors  map[string]party.Vendor
	frames   string // who may show the page of front-channel log-out in a frame
	counts   cache[[]store.StatusCount]
	kept     kept
}

// Handler answers all addresses of the console.
func Handler(c Config) http.Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var keys []string
	for _, a := range c.Accounts {
		keys = append(keys, a.Key)
	}
	h := &handler{Config: c, scoped: scoped.New(c.Archive, c.Engine, keys), accounts: map[string]party.Account{}, vendors: map[string]party.Vendor{}, frames: "'none'"}
	for _, a := range c.Accounts {
		h.accounts[a.Key] = a
	}
	for _, v := range c.Vendors {
		h.vendors[v.Key] = v
	}
	if u, err := url.Parse(c.Issuer); err == nil && u.Host != "" {
		h.frames = u.Scheme + "://" + u.Host
	}
	mux := http.NewServeMux()
	for _, rt := range routes() {
		mux.HandleFunc(rt.method+" "+rt.pattern, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, rt) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.serve(w, r, route{to: known, do: func(*visit) error { return store.ErrNotFound }})
	})
	return headers(http.NewCrossOriginProtection().Handler(mux))
}

// policy is the Content-Security-Policy of every page. The page of front-channel log-out has its own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// visit is one request of somebody.
type visit struct {
	*handler
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context // of the request, done by the person
	session login.Session   // zero: nobody is logged in
	person  access.Person
	// scope is where the person may do what the route is for.
	scope access.Scope
}

// may is where the person may do something.
func (v *visit) may(a access.Action) access.Scope {
	return access.Where(v.person.Grants, a, v.Organisations)
}

// view reads the archive within the scope of the route.
func (v *visit) view(fn func(r *scoped.Reader) error) error { return v.scoped.View(v.ctx, v.scope, fn) }

// What a handler says when it has no page to show.
var (
	errForbidden = errors.New("not permitted")
	// errBad is wrapped by what is wrong with a request, in words for whoever made it.
	errBad = errors.New("the request cannot be understood")
)

// serve judges a request by its route, has it handled, and shows what went wrong.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, rt route) {
	v := &visit{handler: h, w: w, r: r, ctx: r.Context()}
	err := v.admit(rt)
	if err == nil {
		err = rt.do(v)
	}
	switch {
	case err == nil, errors.Is(err, errAnswered):
	case errors.Is(err, store.ErrNotFound):
		v.fail(http.StatusNotFound, "Siden finnes ikke", "Enten finnes det ikke noe her, eller så er det noe du ikke har tilgang til. Er adressen skrevet av, se etter skrivefeil. Du kan også søke øverst på siden.")
	case errors.Is(err, errForbidden):
		v.fail(http.StatusForbidden, "Du har ikke tilgang til denne siden", "Rollene dine gir ikke tilgang. De står under Hjelp. "+v.contact())
	case errors.Is(err, errBad):
		v.fail(http.StatusUnprocessableEntity, "Det gikk ikke", strings.TrimSuffix(err.Error(), ": "+errBad.Error()))
	case r.Context().Err() != nil: // who asked is gone
	default:
		number := rand.Text()[:8]
		h.Log.Error("a page of the console", "route", rt.method+" "+rt.pattern, "case", number, "error", err)
		v.fail(http.StatusInternalServerError, "Noe gikk galt hos oss", "Prøv igjen om litt. Skjer det igjen, meld fra og oppgi feilnummeret "+number+".")
	}
}

// errAnswered says that the answer is given.
var errAnswered = errors.New("answered")

func (h *handler) contact() string {
	if h.Contact != "" {
		return "Ta kontakt med " + h.Contact + " hvis du mener at du skal ha tilgang."
	}
	return "Ta kontakt med en administrator i virksomheten din hvis du mener at du skal ha tilgang."
}

// admit finds out who somebody is and whether the route is for them.
func (v *visit) admit(rt route) error {
	if rt.to == everybody {
		return nil
	}
	session, err := v.who()
	switch {
	case err == nil:
		v.session = session
	case !errors.Is(err, login.ErrNone):
		return err
	case rt.to == known && rt.pattern == "":
		return nil // a page that is not there tells nobody more
	case v.r.Method != http.MethodGet || v.r.Header.Get(freshHeader) != "":
		return errors.Join(errAnswered, v.show(http.StatusUnauthorized, "melding", "Du er ikke logget inn", notice{Text: "Økten er over, og det du gjorde, ble ikke lagret. Logg inn på nytt.", LogIn: "/"}))
	default:
		return v.begin(v.r.URL.RequestURI())
	}
	v.person, err = v.People.Who(v.ctx, session)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	unknown := err != nil || !v.person.Ended.IsZero()
	if unknown {
		v.person = access.Person{}
	}
	v.ctx = access.As(v.ctx, access.Actor{Kind: access.Human, ID: v.person.ID})
	switch {
	case rt.to == known:
		return nil
	case unknown || len(v.person.Grants) == 0:
		return v.stranger()
	case rt.to == members:
		return nil
	}
	v.scope = v.may(rt.need)
	if v.scope.Empty() || rt.whole && !v.scoped.Whole(v.scope) {
		return errForbidden
	}
	return nil
}

// freshHeader marks what a page fetches by itself to stay fresh: it is no use of the session.
const freshHeader = "Postgang-Fersk"

// who is the session of the request: of our provider, and as sure of the person as is asked for.
func (v *visit) who() (login.Session, error) {
	look := v.Login.Session
	if v.r.Header.Get(freshHeader) != "" {
		look = v.Login.Look
	}
	s, err := look(v.r)
	if err == nil && (s.Issuer != v.Issuer || v.Level != "" && s.Level != v.Level) {
		return login.Session{}, login.ErrNone
	}
	return s, err
}

// begin sends somebody to the provider, to come back to a path.
func (v *visit) begin(to string) error {
	if err := v.Login.Begin(v.w, v.r, to, v.Level); err != nil {
		v.Log.Error("begin a log-in", "error", err)
		v.fail(http.StatusServiceUnavailable, "Innloggingen svarer ikke", "Prøv igjen om litt.")
	}
	return errAnswered
}

// stranger tells somebody whom nobody has given a role what to do.
func (v *visit) stranger() error {
	return errors.Join(errAnswered, v.show(http.StatusForbidden, "fremmed", "Du har ikke fått tilgang ennå", strangerPage{
		Contact: v.contact(), Issuer: v.session.Issuer, Subject: v.session.Subject,
	}))
}

type strangerPage struct{ Contact, Issuer, Subject string }

// notice is a page of a few words.
type notice struct {
	Title string // of the page; show sets it
	Text  string
	LogIn string // path to go to after log-in; empty: none is offered
}

func (v *visit) fail(status int, title, text string) {
	if err := v.show(status, "melding", title, notice{Text: text}); err != nil {
		v.Log.Error("show a page", "error", err)
	}
}

// redirect sends a person on.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// show renders a page.
func (v *visit) show(status int, template, title string, model any) error {
	if n, ok := model.(notice); ok {
		n.Title = title
		model = n
	}
	var b bytes.Buffer
	if err := page.Render(&b, template, v.frame(title, model)); err != nil {
		return fmt.Errorf("page %s: %w", template, err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		// Nothing on a page is a secret that somebody else could have guessed at by its size: pages have no tokens.
		var squeezed bytes.Buffer
		w := gzip.NewWriter(&squeezed)
		_, err := w.Write(b.Bytes())
		if err == nil && w.Close() == nil {
			h.Set("Content-Encoding", "gzip")
			h.Set("Vary", "Accept-Encoding")
			b = squeezed
		}
	}
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(b.Bytes()) // who asked may be gone
	}
	return nil
}

// frame is what stands around a page.
func (v *visit) frame(title string, model any) page.Frame {
	f := page.Frame{Title: title, Organisation: v.Organisation, Person: v.person.Name, Version: v.Version, Page: model}
	if v.session.Token == "" {
		return f
	}
	f.LoggedIn = true
	now := v.Now()
	last := v.session.Began.Add(login.MostTime)
	until := now.Add(login.IdleTime)
	if v.r.Header.Get(freshHeader) != "" {
		until = v.session.Last.Add(login.IdleTime)
	}
	if until.After(last) {
		until = last
	}
	f.Now, f.Until, f.Last, f.UntilText = now.Unix(), until.Unix(), last.Unix(), page.Clock(until)
	f.Nav = v.menu()
	f.Find = !v.may(access.See).Empty()
	return f
}

// menu is the way to the pages that a person may see.
func (v *visit) menu() []page.MenuGroup {
	var out []page.MenuGroup
	all := routes()
	for _, g := range menuGroups {
		group := page.MenuGroup{Name: g.Name}
		for _, it := range g.Items {
			rt := all[slices.IndexFunc(all, func(rt route) bool { return rt.method == http.MethodGet && rt.pattern == it.pattern })]
			s := v.may(rt.need)
			if len(v.person.Grants) == 0 || rt.to == forAction && (s.Empty() || rt.whole && !v.scoped.Whole(s)) {
				continue
			}
			path := strings.TrimSuffix(it.pattern, "{$}")
			here := v.r.URL.Path == path || path != "/" && strings.HasPrefix(v.r.URL.Path, path+"/")
			group.Items = append(group.Items, page.MenuItem{Name: it.Name, Path: path, Here: here})
		}
		if len(group.Items) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// accountName is an account as pages name it.
func (h *handler) accountName(key string) string {
	if a, ok := h.accounts[key]; ok && a.Name != "" {
		return a.Name
	}
	return key
}

// vendorName is a vendor as pages name it.
func (h *handler) vendorName(key string) string {
	if a, ok := h.vendors[key]; ok && a.Name != "" {
		return a.Name
	}
	return key
}

// choices are the accounts that a person may choose among, by name.
func (v *visit) choices(chosen string) []page.Choice {
	var out []page.Choice
	for _, a := range v.Accounts {
		if v.scope.Has(a.Key) {
			out = append(out, page.Choice{Value: a.Key, Text: v.accountName(a.Key), Chosen: a.Key == chosen})
		}
	}
	slices.SortFunc(out, func(a, b page.Choice) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// answer takes what a person brings back from the provider.
func answer(v *visit) error {
	to, err := v.Login.Answer(v.w, v.r)
	if err == nil {
		return v.redirect(to)
	}
	v.Log.Info("a log-in did not succeed", "why", err)
	n := notice{Text: "Innloggingen ble ikke fullført.", LogIn: to}
	switch {
	case errors.Is(err, login.ErrLevel):
		n.Text = "Du må logge inn på et høyere sikkerhetsnivå."
	case errors.Is(err, login.ErrState):
		n.Text, n.LogIn = "Innloggingen tok for lang tid, eller ble begynt i et annet vindu.", "/"
	case errors.Is(err, login.ErrProvider):
		n.Text = "Innloggingen svarer ikke slik den skal. Prøv igjen om litt."
	}
	return v.show(http.StatusForbidden, "melding", "Du er ikke logget inn", n)
}

// logOut ends the session.
func logOut(v *visit) error {
	if err := v.Login.End(v.w, v.r); err != nil {
		return err
	}
	v.session, v.person = login.Session{}, access.Person{}
	return v.show(http.StatusOK, "melding", "Du er logget ut", notice{Text: "Lukk nettleseren hvis andre bruker maskinen.", LogIn: "/"})
}

// providerLogOut is the provider's word that its session is over; it comes in a frame, without our cookie.
func providerLogOut(v *visit) error {
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+v.frames)
	if err := v.Login.EndAt(v.r); err != nil && !errors.Is(err, login.ErrState) {
		v.Log.Error("end the sessions of a provider", "error", err)
		v.w.WriteHeader(http.StatusInternalServerError)
		return nil
	}
	v.w.WriteHeader(http.StatusOK)
	return nil
}

// stay keeps the session, and answers with when it ends, in seconds of Unix time.
func stay(v *visit) error {
	_, err := fmt.Fprint(v.w, v.frame("", nil).Until)
	return err
}

// serveFile answers with a style, script or font.
func serveFile(v *visit) error {
	asset.Serve(v.w, v.r, v.r.PathValue("name"))
	return nil
}
