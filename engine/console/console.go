// Package console is the forvaltningsweb: pages on which those who run the post, case workers and finance see where letters are, and
// why. Who comes is known by engine/login, what they may by engine/access, and all addresses with what each takes stand in one table
// (routes.go). A page reads the archive within the person's scope alone (engine/console/scoped), and has no personal data in it.
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postgang/billing/figures"
	"postgang/engine/access"
	"postgang/engine/console/asset"
	"postgang/engine/console/letters"
	"postgang/engine/console/manual"
	"postgang/engine/console/money"
	"postgang/engine/console/operation"
	"postgang/engine/console/page"
	"postgang/engine/console/people"
	"postgang/engine/console/reveal"
	"postgang/engine/console/scoped"
	"postgang/engine/console/send"
	"postgang/engine/console/settings"
	"postgang/engine/console/statistics"
	"postgang/engine/console/visit"
	"postgang/engine/intake/door"
	"postgang/engine/jobs"
	"postgang/engine/login"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/store"
)

// Engine is what pages ask beyond the archive's rows; *engine.Engine is one.
type Engine interface {
	scoped.Queue
	letters.Engine
	reveal.Engine
	manual.Engine
	send.Engine
	operation.Engine
	money.Engine
	statistics.Engine
	settings.Engine
}

var _ scoped.Queue = (*jobs.Jobs)(nil)

// Runs begin what people ask for.
type Runs = operation.Runs

// People knows who may use the console.
type People interface {
	// Who finds the person of a session; store.ErrNotFound: nobody whom we know.
	Who(ctx context.Context, s login.Session) (access.Person, error)
}

// Config is what the console is made of.
type Config struct {
	Archive store.Archive
	Engine  Engine
	Runs    Runs // nil: no run is begun from the console
	// Door is where letters that people send by hand go in; one of the console's own, see send.Config.
	Door   *door.Door
	Login  *login.Client
	People People
	Roles  people.Roles // changes who may do what
	// Issuer is the log-in provider; Level the acr that it must give, empty: any.
	Issuer, Level string
	Accounts      []party.Account
	Vendors       []party.Vendor
	Schedules     []nights.Schedule
	Inputs        figures.CostBenefitInputs
	Books         money.Books         // nil: no workbooks are made
	Organisations map[string][]string // accounts of each organisation
	Pictures      reveal.Pictures     // draws pages
	Doctor        settings.Doctor     // looks at what the program needs; nil: not from the console
	Organisation  string              // whose console it is, as the head of pages says; empty: nothing
	Contact       string              // whom somebody without roles, or with a complaint about accessibility, turns to; a text
	Version       string              // of this program
	Now           func() time.Time    // nil: the clock
	Log           *slog.Logger        // nil: nothing is logged
}

// handler answers.
type handler struct {
	Config
	desk   *visit.Desk
	routes []visit.Route
	frames string // who may show the page of front-channel log-out in a frame
}

// Handler answers all addresses of the console.
func Handler(c Config) http.Handler {
	h := newHandler(c)
	mux := http.NewServeMux()
	for _, rt := range h.routes {
		mux.HandleFunc(rt.Method+" "+rt.Pattern, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, rt) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.serve(w, r, visit.Route{To: visit.Known, Do: func(*visit.Visit) error { return store.ErrNotFound }})
	})
	return headers(http.NewCrossOriginProtection().Handler(mux))
}

func newHandler(c Config) *handler {
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
	h := &handler{Config: c, frames: "'none'"}
	h.desk = &visit.Desk{
		Scoped: scoped.New(c.Archive, c.Engine, keys), Accounts: c.Accounts, Vendors: c.Vendors, Organisations: c.Organisations, Now: c.Now, Log: c.Log, Frame: h.frame,
	}
	if u, err := url.Parse(c.Issuer); err == nil && u.Host != "" {
		h.frames = u.Scheme + "://" + u.Host
	}
	h.routes = h.all()
	return h
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

// serve judges a request by its route, has it handled, and shows what went wrong.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, rt visit.Route) {
	v := &visit.Visit{Desk: h.desk, W: w, R: r, Ctx: r.Context()}
	err := h.admit(v, rt)
	if err == nil {
		err = rt.Do(v)
	}
	switch {
	case err == nil, errors.Is(err, visit.ErrAnswered):
	case errors.Is(err, store.ErrNotFound):
		v.Fail(http.StatusNotFound, "Siden finnes ikke", "Enten finnes det ikke noe her, eller så er det noe du ikke har tilgang til. Er adressen skrevet av, se etter skrivefeil. Du kan også søke øverst på siden.")
	case errors.Is(err, visit.ErrForbidden):
		v.Fail(http.StatusForbidden, "Du har ikke tilgang til denne siden", "Rollene dine gir ikke tilgang. De står under Hjelp. "+h.contact())
	case errors.Is(err, visit.ErrBad):
		v.Fail(http.StatusUnprocessableEntity, "Det gikk ikke", page.Sentence(strings.TrimSuffix(err.Error(), ": "+visit.ErrBad.Error())))
	case r.Context().Err() != nil: // who asked is gone
	default:
		number := v.LogFault(err)
		v.Fail(http.StatusInternalServerError, "Noe gikk galt hos oss", "Prøv igjen om litt. Skjer det igjen, meld fra og oppgi feilnummeret "+number+".")
	}
}

func (h *handler) contact() string {
	if h.Contact != "" {
		return "Ta kontakt med " + h.Contact + " hvis du mener at du skal ha tilgang."
	}
	return "Ta kontakt med en administrator i virksomheten din hvis du mener at du skal ha tilgang."
}

// admit finds out who somebody is and whether the route is for them.
func (h *handler) admit(v *visit.Visit, rt visit.Route) error {
	if rt.To == visit.Everybody {
		return nil
	}
	session, err := h.who(v)
	switch {
	case err == nil:
		v.Session = session
	case !errors.Is(err, login.ErrNone):
		return err
	case rt.To == visit.Known && rt.Pattern == "":
		return nil // a page that is not there tells nobody more
	case v.R.Method != http.MethodGet || v.R.Header.Get(freshHeader) != "":
		return errors.Join(visit.ErrAnswered, v.Show(http.StatusUnauthorized, "melding", "Du er ikke logget inn", visit.Notice{Text: "Økten er over, og det du gjorde, ble ikke lagret. Logg inn på nytt.", LogIn: "/"}))
	default:
		return h.begin(v, v.R.URL.RequestURI())
	}
	v.Person, err = h.People.Who(v.Ctx, session)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	unknown := err != nil || !v.Person.Ended.IsZero()
	if unknown {
		v.Person = access.Person{}
	}
	v.Ctx = access.As(v.Ctx, access.Actor{Kind: access.Human, ID: v.Person.ID})
	switch {
	case rt.To == visit.Known:
		return nil
	case unknown || len(v.Person.Grants) == 0:
		return h.stranger(v)
	case rt.To == visit.Members:
		return nil
	}
	v.Scope = v.May(rt.Need)
	if v.Scope.Empty() || rt.All && !v.Scoped.Whole(v.Scope) {
		return visit.ErrForbidden
	}
	return nil
}

// freshHeader marks what a page fetches by itself to stay fresh: it is no use of the session.
const freshHeader = "Postgang-Fersk"

// who is the session of the request: of our provider, and as sure of the person as is asked for.
func (h *handler) who(v *visit.Visit) (login.Session, error) {
	look := h.Login.Session
	if v.R.Header.Get(freshHeader) != "" {
		look = h.Login.Look
	}
	s, err := look(v.R)
	if err == nil && (s.Issuer != h.Issuer || h.Level != "" && s.Level != h.Level) {
		return login.Session{}, login.ErrNone
	}
	return s, err
}

// begin sends somebody to the provider, to come back to a path.
func (h *handler) begin(v *visit.Visit, to string) error {
	if err := h.Login.Begin(v.W, v.R, to, h.Level); err != nil {
		v.Log.Error("begin a log-in", "error", err)
		v.Fail(http.StatusServiceUnavailable, "Innloggingen svarer ikke", "Prøv igjen om litt.")
	}
	return visit.ErrAnswered
}

// stranger tells somebody whom nobody has given a role what to do.
func (h *handler) stranger(v *visit.Visit) error {
	return errors.Join(visit.ErrAnswered, v.Show(http.StatusForbidden, "fremmed", "Du har ikke fått tilgang ennå", strangerPage{
		Contact: h.contact(), Issuer: v.Session.Issuer, Subject: v.Session.Subject,
	}))
}

type strangerPage struct{ Contact, Issuer, Subject string }

// frame is what stands around a page.
func (h *handler) frame(v *visit.Visit, title string, model any) page.Frame {
	f := page.Frame{Title: title, Organisation: h.Organisation, Person: v.Person.Name, Version: h.Version, Page: model}
	if v.Session.Token == "" {
		return f
	}
	f.LoggedIn = true
	now := v.Now()
	last := v.Session.Began.Add(login.MostTime)
	until := now.Add(login.IdleTime)
	if v.R.Header.Get(freshHeader) != "" {
		until = v.Session.Last.Add(login.IdleTime)
	}
	if until.After(last) {
		until = last
	}
	f.Now, f.Until, f.Last, f.UntilText = now.Unix(), until.Unix(), last.Unix(), page.Clock(until)
	f.Nav = h.menu(v)
	f.Find = !v.May(access.See).Empty()
	return f
}

// menu is the way to the pages that a person may see.
func (h *handler) menu(v *visit.Visit) []page.MenuGroup {
	var out []page.MenuGroup
	for _, g := range menuGroups {
		group := page.MenuGroup{Name: g.Name}
		for _, it := range g.Items {
			rt := h.routes[slices.IndexFunc(h.routes, func(rt visit.Route) bool { return rt.Method == http.MethodGet && rt.Pattern == it.pattern })]
			s := v.May(rt.Need)
			if len(v.Person.Grants) == 0 || rt.To == visit.ForAction && (s.Empty() || rt.All && !v.Scoped.Whole(s)) {
				continue
			}
			path := strings.TrimSuffix(it.pattern, "{$}")
			group.Items = append(group.Items, page.MenuItem{Name: it.Name, Path: path})
		}
		if len(group.Items) > 0 {
			out = append(out, group)
		}
	}
	markHere(out, v.R.URL.Path)
	return out
}

// markHere marks the item that a page belongs to: of those whose path the page's begins with, the longest.
func markHere(menu []page.MenuGroup, path string) {
	var here *page.MenuItem
	for _, g := range menu {
		for i := range g.Items {
			it := &g.Items[i]
			fits := path == it.Path || it.Path != "/" && strings.HasPrefix(path, it.Path+"/")
			if fits && (here == nil || len(it.Path) > len(here.Path)) {
				here = it
			}
		}
	}
	if here != nil {
		here.Here = true
	}
}

// answer takes what a person brings back from the provider.
func (h *handler) answer(v *visit.Visit) error {
	to, err := h.Login.Answer(v.W, v.R)
	if err == nil {
		return v.Redirect(to)
	}
	v.Log.Info("a log-in did not succeed", "why", err)
	n := visit.Notice{Text: "Innloggingen ble ikke fullført.", LogIn: to}
	switch {
	case errors.Is(err, login.ErrLevel):
		n.Text = "Du må logge inn på et høyere sikkerhetsnivå."
	case errors.Is(err, login.ErrState):
		n.Text, n.LogIn = "Innloggingen tok for lang tid, eller ble begynt i et annet vindu.", "/"
	case errors.Is(err, login.ErrProvider):
		n.Text = "Innloggingen svarer ikke slik den skal. Prøv igjen om litt."
	}
	return v.Show(http.StatusForbidden, "melding", "Du er ikke logget inn", n)
}

// logOut ends the session.
func (h *handler) logOut(v *visit.Visit) error {
	if err := h.Login.End(v.W, v.R); err != nil {
		return err
	}
	v.Session, v.Person = login.Session{}, access.Person{}
	return v.Show(http.StatusOK, "melding", "Du er logget ut", visit.Notice{Text: "Lukk nettleseren hvis andre bruker maskinen.", LogIn: "/"})
}

// providerLogOut is the provider's word that its session is over; it comes in a frame, without our cookie.
func (h *handler) providerLogOut(v *visit.Visit) error {
	v.W.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+h.frames)
	if err := h.Login.EndAt(v.R); err != nil && !errors.Is(err, login.ErrState) {
		v.Log.Error("end the sessions of a provider", "error", err)
		v.W.WriteHeader(http.StatusInternalServerError)
		return nil
	}
	v.W.WriteHeader(http.StatusOK)
	return nil
}

// stay keeps the session, and answers with when it ends, in seconds of Unix time.
func (h *handler) stay(v *visit.Visit) error {
	_, err := fmt.Fprint(v.W, h.frame(v, "", nil).Until)
	return err
}

// serveFile answers with a style, script or font.
func serveFile(v *visit.Visit) error {
	asset.Serve(v.W, v.R, v.R.PathValue("name"))
	return nil
}
