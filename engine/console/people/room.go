// Package people is the console's pages of who may do what and who did: persons and their roles, the systems that hand in, and the logs
// of what was changed and seen.
package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/store"
)

// Roles changes who may do what, in the name of whom the context says; *roles.Directory does it.
type Roles interface {
	// Grants are the roles that a person has now, also by the configuration.
	Grants(p access.Person) []access.Grant
	Invite(ctx context.Context, p access.Person, reason string) (access.Person, error)
	Give(ctx context.Context, person string, g access.Grant, reason string) (access.Person, error)
	Take(ctx context.Context, person string, g access.Grant, reason string) (access.Person, error)
	End(ctx context.Context, person, reason string) (access.Person, error)
	EndSessions(ctx context.Context, person, reason string) (int, error)
	AddIntegration(ctx context.Context, name, organisation string, accounts []string, reason string) (access.Integration, string, error)
	RotateIntegration(ctx context.Context, idOrName string, keep time.Duration, reason string) (access.Integration, string, error)
	ChangeIntegration(ctx context.Context, idOrName string, accounts []string, organisation *string, reason string) (access.Integration, error)
	EndIntegration(ctx context.Context, idOrName, reason string) (access.Integration, error)
}

// Config is what the pages are made of.
type Config struct {
	Archive store.Archive
	Roles   Roles
	Issuer  string                     // the log-in provider that people are invited by, unless another is said
	Hash    func(number string) string // how a fødselsnummer is kept
}

// pages answer the addresses of this room.
type pages struct{ Config }

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*pages
}

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{
		"tilganger": listPage{}, "person": personPage{}, "innsynslogg": lookupsPage{}, "endringslogg": changesPage{}, "kontroll": verifiedPage{}, "slettelogg": erasedPage{},
		"fagsystemer": systemsPage{}, "fagsystem": systemPage{}, "passord": passwordPage{},
	}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{c}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	out := []visit.Route{
		visit.Get("/tilganger", access.SeeRoles, do(list)),
		visit.Get("/tilganger/{id}", access.SeeRoles, do(showPerson)),
		visit.Get("/logg", access.SeeLogs, do(lookups)),
		visit.Get("/logg/innsyn.csv", access.SeeLogs, do(lookupsCSV)),
		visit.Get("/logg/endringer", access.SeeLogs, do(changes)).Whole(),
		visit.Get("/logg/endringer.csv", access.SeeLogs, do(changesCSV)).Whole(),
		visit.Get("/logg/sletting", access.SeeLogs, do(erased)).Whole(),
		visit.Get("/logg/kontroll", access.SeeLogs, do(verify)).Whole(),
		visit.Get("/konfigurasjon/fagsystemer", access.SeeSettings, do(systems)),
		visit.Get("/fagsystem/{id}", access.SeeSettings, do(showSystem)),
	}
	for _, f := range []struct {
		pattern string
		need    access.Action
		do      func(v *request) error
	}{
		{"/tilganger/ny", access.GiveRoles, invite},
		{"/tilganger/{id}/gi", access.GiveRoles, give},
		{"/tilganger/{id}/ta", access.GiveRoles, take},
		{"/tilganger/{id}/okter", access.GiveRoles, endSessions},
		{"/tilganger/{id}/avslutt", access.GiveRoles, end},
		{"/konfigurasjon/fagsystemer/nytt", access.Configure, addSystem},
		{"/fagsystem/{id}/passord", access.Configure, rotateSystem},
		{"/fagsystem/{id}/endre", access.Configure, changeSystem},
		{"/fagsystem/{id}/avslutt", access.Configure, endSystem},
	} {
		out = append(out, visit.Get(f.pattern, f.need, do(f.do)), visit.Post(f.pattern, f.need, do(f.do)))
	}
	return out
}

// read reads the archive. What lies outside of the scope is left out by each page: people and systems are of several accounts.
func (v *request) read(fn func(r store.Reader) error) error { return v.Archive.View(v.Ctx, fn) }

// touches reports whether a role is for something within the scope.
func (v *request) touches(g access.Grant) bool {
	switch {
	case v.Scope.All || g.Account == "" && g.Organisation == "":
		return true
	case g.Account != "":
		return v.Scope.Has(g.Account)
	}
	return slices.ContainsFunc(v.Organisations[g.Organisation], v.Scope.Has)
}

// place names what a role is for.
func (v *request) place(g access.Grant) string {
	switch {
	case g.Account != "":
		return v.AccountName(g.Account)
	case g.Organisation != "":
		return "virksomheten " + g.Organisation
	}
	return "alle"
}

// role names a role and what it is for.
func (v *request) role(g access.Grant) string {
	name := page.RoleWords[g.Role][0]
	if name == "" {
		name = string(g.Role)
	}
	return name + " for " + v.place(g)
}

// names are account names, sorted.
func (v *request) accountNames(keys []string) string {
	var out []string
	for _, k := range keys {
		out = append(out, v.AccountName(k))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
