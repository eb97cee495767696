package console

import (
	"postgang/engine/access"
	"postgang/engine/console/asset"
	"postgang/engine/login"
)

// audience is whom a route is for.
type audience int

const (
	nobody    audience = iota // the zero value: a route without a rule
	everybody                 // also those who are not logged in
	known                     // who is logged in, with or without roles
	members                   // who has any role
	forAction                 // who may do what the route needs, somewhere or everywhere
)

// route is one address of the console, and what it takes.
type route struct {
	method, pattern string
	to              audience
	need            access.Action // of forAction
	whole           bool          // it must be permitted for all accounts: what is shown belongs to none of them
	do              func(v *visit) error
}

// routes are all addresses. There is no other way in: Handler makes the mux of them, and the menu and the tests go over them.
func routes() []route {
	return []route{
		{"GET", asset.Prefix + "{name}", everybody, "", false, serveFile},
		{"GET", login.Path + "/svar", everybody, "", false, answer},
		{"GET", login.Path + "/avslutt", everybody, "", false, providerLogOut},
		{"POST", login.Path + "/ut", everybody, "", false, logOut},
		{"GET", "/tilgjengelighet", everybody, "", false, accessibility},
		{"POST", "/okt", known, "", false, stay},

		{"GET", "/{$}", members, "", false, front},
		{"POST", "/finn", forAction, access.See, false, findAny},
		{"GET", "/forsendelser", forAction, access.See, false, letters},
		{"GET", "/forsendelser/liste.csv", forAction, access.See, false, lettersCSV},
		{"GET", "/forsendelser/{id}", forAction, access.See, false, letter},
		{"GET", "/forsendelser/{id}/stopp", forAction, access.Stop, false, askStop},
		{"POST", "/forsendelser/{id}/stopp", forAction, access.Stop, false, stop},
		{"GET", "/forsendelser/{id}/frigi", forAction, access.Stop, false, askRelease},
		{"POST", "/forsendelser/{id}/frigi", forAction, access.Stop, false, release},
		{"GET", "/statistikk", forAction, access.See, false, statistics},
		{"GET", "/statistikk/tall.csv", forAction, access.See, false, statisticsCSV},
		{"GET", "/manuell", forAction, access.PrintManually, false, manual},
		{"GET", "/jobber", forAction, access.Operate, false, jobList},
		{"GET", "/jobber/{id}", forAction, access.Operate, false, job},
		{"GET", "/kjoringer", forAction, access.Operate, true, runs},
		{"GET", "/varsler", forAction, access.Operate, true, alarms},
		{"GET", "/varsler/kjent", forAction, access.Operate, true, askAck},
		{"POST", "/varsler/kjent", forAction, access.Operate, true, ack},
		{"GET", "/okonomi/koder", forAction, access.SeeMoney, false, codeBudgets},
		{"GET", "/okonomi/avvik", forAction, access.SeeMoney, false, deviations},
		{"GET", "/okonomi/kvitteringer", forAction, access.SeeMoney, true, receipts},
		{"GET", "/okonomi/fakturaer", forAction, access.SeeMoney, true, invoiceList},
		{"GET", "/okonomi/maneder", forAction, access.SeeMoney, true, months},
		{"GET", "/hjelp", members, "", false, help},
	}
}

// menuGroups are the ways to pages, as every page shows them.
var menuGroups = []struct {
	Name  string
	Items []struct{ Name, pattern string }
}{
	{"Brev", []struct{ Name, pattern string }{{"Oversikt", "/{$}"}, {"Forsendelser", "/forsendelser"}, {"Manuell utskrift", "/manuell"}, {"Statistikk", "/statistikk"}}},
	{"Drift", []struct{ Name, pattern string }{{"Utskriftsjobber", "/jobber"}, {"Kjøringer", "/kjoringer"}, {"Varsler", "/varsler"}}},
	{"Økonomi", []struct{ Name, pattern string }{
		{"Konteringskoder", "/okonomi/koder"}, {"Avvik", "/okonomi/avvik"}, {"Kvitteringer", "/okonomi/kvitteringer"}, {"Fakturaer", "/okonomi/fakturaer"}, {"Måneder", "/okonomi/maneder"},
	}},
	{"Hjelp", []struct{ Name, pattern string }{{"Hjelp", "/hjelp"}}},
}
