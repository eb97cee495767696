package door

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/store"
)

// Caller is an integration that has proved who it is.
type Caller struct {
	access.Integration
}

// as has what is done with a context be done by the caller. The zero Caller is a person who hands in by hand: the context knows who.
func (c Caller) as(ctx context.Context) context.Context {
	if c.ID == "" {
		return ctx
	}
	return access.As(ctx, access.Actor{Kind: access.Integrated, ID: c.ID})
}

// uuidForm is the form of ids that callers name.
var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// shownID is an id as it may be repeated: what is none can be anything, a password too.
func shownID(id string) string {
	if id = strings.ToLower(strings.TrimSpace(id)); uuidForm.MatchString(id) {
		return id
	}
	return "(ugyldig)"
}

// Bearer proves who calls by an access token of Maskinporten, IntegrasjonId and IntegrasjonPassord, in the order that SvarUt's
// documentation gives: the token, the integration, and whether the one belongs to the other.
func (d *Door) Bearer(r *http.Request) (Caller, *Problem) {
	consumer := ""
	if d.Tokens != nil {
		kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(kind, "Bearer") || token == "" {
			return Caller{}, errToken
		}
		var err error
		if consumer, err = d.Tokens.Consumer(r.Context(), strings.TrimSpace(token)); err != nil {
			d.Log.Warn("an access token was not taken", "from", d.remote(r), "why", err)
			if errors.Is(err, ErrUnreachable) {
				return Caller{}, errTokenPaused
			}
			return Caller{}, errToken
		}
	}
	id := strings.ToLower(strings.TrimSpace(r.Header.Get("IntegrasjonId")))
	i, p := d.prove(r, id, r.Header.Get("IntegrasjonPassord"), uuidForm.MatchString(id))
	if p != nil {
		return Caller{}, p
	}
	if d.Tokens != nil && (i.Organisation == "" || i.Organisation != consumer) {
		d.Log.Warn("an access token belongs to another organisation than the integration", "integration", i.ID, "from", d.remote(r))
		return Caller{}, noAccess("Tokenet er ikke utstedt til organisasjonen som integrasjonen tilhører.")
	}
	return Caller{i}, nil
}

// Basic proves who calls by the name, or the id, of an integration and its password.
func (d *Door) Basic(r *http.Request) (Caller, *Problem) {
	name, password, ok := r.BasicAuth()
	if !ok {
		return Caller{}, NewProblem(http.StatusUnauthorized, "innlogging-mangler", "Brukernavn og passord mangler.")
	}
	i, p := d.prove(r, name, password, access.NameForm.MatchString(name) || uuidForm.MatchString(name))
	if p != nil && p.Status == http.StatusUnauthorized {
		p = NewProblem(http.StatusUnauthorized, "innlogging-feil", "Feil brukernavn eller passord.")
	}
	return Caller{i}, p
}

// prove finds an integration and checks its password.
func (d *Door) prove(r *http.Request, name, password string, plausible bool) (access.Integration, *Problem) {
	if !plausible {
		return access.Integration{}, wrongIntegration(name)
	}
	who := name + " " + d.remote(r)
	if d.slowed(who) {
		return access.Integration{}, errSlowed
	}
	ctx := r.Context()
	known, err := d.integrations.Get(ctx, name)
	if err != nil {
		d.Log.Error("look up integration", "error", err)
		return access.Integration{}, ErrInternal
	}
	var i access.Integration
	if known != nil {
		i = *known
	}
	if known == nil || !i.Check(password, d.Now()) {
		d.wrongPassword(ctx, who, i, d.remote(r))
		return access.Integration{}, wrongIntegration(name)
	}
	d.rightPassword(who)
	if !d.mayCall(i.ID) {
		return access.Integration{}, errTooMany
	}
	return i, nil
}

// readIntegrations reads those that call, by name or id: nil is one that there is not.
func (d *Door) readIntegrations(ctx context.Context, names []string) ([]*access.Integration, error) {
	out := make([]*access.Integration, len(names))
	known := map[string]*access.Integration{}
	err := d.Archive.View(ctx, func(r store.Reader) error {
		for at, name := range names {
			if i, asked := known[name]; asked {
				out[at] = i
				continue
			}
			switch i, err := r.Integration(ctx, name); {
			case err == nil:
				out[at] = &i
			case !errors.Is(err, store.ErrNotFound):
				return err
			}
			known[name] = out[at]
		}
		return nil
	})
	return out, err
}

// remote is the address that a request comes from: what a proxy of ours says, where one is in front.
func (d *Door) remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	at, err := netip.ParseAddr(host)
	if err != nil || !slices.ContainsFunc(d.Proxies, func(p netip.Prefix) bool { return p.Contains(at.Unmap()) }) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if said, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])); err == nil { // the last is the proxy's own word
		return said.Unmap().String()
	}
	return host
}

// Wrong passwords: so many in such a time, and the same caller from the same address waits, right password or not.
const (
	wrongMost   = 10
	wrongWithin = time.Minute
	// wrongKept bounds what is remembered of callers, who may be anybody.
	wrongKept = 10_000
)

type wrongPasswords struct {
	n     int
	since time.Time
}

func (d *Door) slowed(who string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, ok := d.wrong[who]
	return ok && w.n >= wrongMost && d.Now().Sub(w.since) < wrongWithin
}

func (d *Door) rightPassword(who string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.wrong, who)
}

// wrongPassword counts one, and raises an alarm at the last one that is taken.
func (d *Door) wrongPassword(ctx context.Context, who string, i access.Integration, from string) {
	d.mu.Lock()
	now := d.Now()
	if len(d.wrong) >= wrongKept {
		for k, w := range d.wrong {
			if now.Sub(w.since) >= wrongWithin {
				delete(d.wrong, k)
			}
		}
		if len(d.wrong) >= wrongKept {
			clear(d.wrong) // an attack from everywhere is an alarm already
		}
	}
	w, ok := d.wrong[who]
	if !ok || now.Sub(w.since) >= wrongWithin {
		w = &wrongPasswords{since: now}
		d.wrong[who] = w
	}
	w.n++
	n := w.n
	d.mu.Unlock()

	d.Log.Warn("a wrong password", "integration", i.ID, "from", from, "in_a_row", n) // an unknown integration has no id
	if n != wrongMost || i.ID == "" {
		return
	}
	err := d.Archive.InTx(ctx, func(tx store.Tx) error {
		return tx.RaiseAlarm(ctx, "password:"+i.ID, alarm.Args{"integration": i.Name, "from": from, "n": strconv.Itoa(n)})
	})
	if err != nil {
		d.Log.Error("raise an alarm of wrong passwords", "integration", i.ID, "error", err)
	}
}

// minute counts an integration's calls of a minute.
type minute struct {
	began time.Time
	calls int
}

func (d *Door) mayCall(integration string) bool {
	if d.PerMinute <= 0 {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now()
	m, ok := d.spent[integration]
	if !ok || now.Sub(m.began) >= time.Minute {
		m = &minute{began: now}
		d.spent[integration] = m
	}
	m.calls++
	return m.calls <= d.PerMinute
}

// Account finds an account that the caller may send from, by its key or kontoId; empty: the caller's first.
func (d *Door) Account(c Caller, konto string) (*Account, *Problem) {
	if konto == "" && len(c.Accounts) > 0 {
		konto = c.Accounts[0]
	}
	a, ok := d.byKey[strings.ToLower(konto)]
	if !ok || !c.MaySend(a.Key) {
		return nil, noAccess("Integrasjonen har ikke tilgang til kontoen, eller kontoen finnes ikke.")
	}
	return a, nil
}
