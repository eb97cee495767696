package console

import (
	"slices"

	"postgang/engine/access"
	"postgang/engine/console/asset"
	"postgang/engine/console/letters"
	"postgang/engine/console/manual"
	"postgang/engine/console/money"
	"postgang/engine/console/operation"
	"postgang/engine/console/people"
	"postgang/engine/console/reveal"
	"postgang/engine/console/send"
	"postgang/engine/console/settings"
	"postgang/engine/console/statistics"
	"postgang/engine/console/visit"
	"postgang/engine/insight"
	"postgang/engine/login"
)

// all are all addresses. There is no other way in: Handler makes the mux of them, and the menu and the tests go over them.
func (h *handler) all() []visit.Route {
	revealed := reveal.New(reveal.Config{Door: insight.New(h.Archive), Engine: h.Engine, Pictures: h.Pictures})
	out := slices.Concat(
		[]visit.Route{
			{Method: "GET", Pattern: asset.Prefix + "{name}", To: visit.Everybody, Do: serveFile},
			{Method: "GET", Pattern: login.Path + "/svar", To: visit.Everybody, Do: h.answer},
			{Method: "GET", Pattern: login.Path + "/avslutt", To: visit.Everybody, Do: h.providerLogOut},
			{Method: "POST", Pattern: login.Path + "/ut", To: visit.Everybody, Do: h.logOut},
			{Method: "GET", Pattern: "/tilgjengelighet", To: visit.Everybody, Do: h.accessibility},
			{Method: "POST", Pattern: "/okt", To: visit.Known, Do: h.stay},
			{Method: "GET", Pattern: "/hjelp", To: visit.Members, Do: h.help},
		},
		letters.Routes(letters.Config{Purpose: revealed.Purpose, Engine: h.Engine}),
		revealed.Routes(),
		statistics.Routes(statistics.Config{Engine: h.Engine, Inputs: h.Inputs}),
		manual.Routes(manual.Config{Engine: h.Engine}),
		send.Routes(send.Config{Engine: h.Engine, Door: h.Door}),
		operation.Routes(operation.Config{Archive: h.Archive, Engine: h.Engine, Runs: h.Runs, Schedules: h.Schedules}),
		money.Routes(money.Config{Archive: h.Archive, Engine: h.Engine, Books: h.Books}),
		people.Routes(people.Config{Archive: h.Archive, Roles: h.Roles, Issuer: h.Issuer, Hash: h.Login.Hash}),
		settings.Routes(settings.Config{Engine: h.Engine, Pictures: h.Pictures, Doctor: h.Doctor}),
	)
	front := &out[slices.IndexFunc(out, func(rt visit.Route) bool { return rt.Pattern == operation.Front })]
	front.To, front.Do = visit.Members, h.front(front.Do)
	return out
}

// front is the front page: the overview, or for those who may not see it the first page that they may.
func (h *handler) front(overview func(v *visit.Visit) error) func(v *visit.Visit) error {
	return func(v *visit.Visit) error {
		if v.Scope = v.May(access.See); !v.Scope.Empty() {
			return overview(v)
		}
		for _, g := range h.menu(v) {
			for _, it := range g.Items {
				if it.Path != "/" {
					return v.Redirect(it.Path)
				}
			}
		}
		return visit.ErrForbidden
	}
}

// menuGroups are the ways to pages, as every page shows them.
var menuGroups = []struct {
	Name  string
	Items []struct{ Name, pattern string }
}{
	{"Brev", []struct{ Name, pattern string }{{"Oversikt", "/{$}"}, {"Forsendelser", "/forsendelser"}, {"Søk på mottaker", reveal.SearchPath}, {"Send forsendelse", "/send"}, {"Kostnadsvakt", "/kostnadsvakt"}, {"Manuell utskrift", "/manuell"}, {"Statistikk", "/statistikk"}}},
	{"Drift", []struct{ Name, pattern string }{{"Morgenrapport", "/morgenrapport"}, {"Utskriftsjobber", "/jobber"}, {"Kjøringer", "/kjoringer"}, {"Varsler", "/varsler"}}},
	{"Økonomi", []struct{ Name, pattern string }{
		{"Konteringskoder", "/okonomi/koder"}, {"Avvik", "/okonomi/avvik"}, {"Kvitteringer", "/okonomi/kvitteringer"}, {"Fakturaer", "/okonomi/fakturaer"}, {"Måneder", "/okonomi/maneder"},
	}},
	{"Administrasjon", []struct{ Name, pattern string }{{"Konfigurasjon", settings.Path}, {"Fagsystemer", "/konfigurasjon/fagsystemer"}, {"Tilganger", "/tilganger"}, {"Logger", "/logg"}}},
	{"Hjelp", []struct{ Name, pattern string }{{"Hjelp", "/hjelp"}}},
}
