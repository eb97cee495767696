package console

import "maps"

// rulesSettings are the rules of the pages of configuration.
var rulesSettings = map[string]rule{
	"GET /konfigurasjon":                           {roles: settingsRoles, path: fixed("/konfigurasjon")},
	"GET /konfigurasjon/kontroll":                  {roles: settingsRoles, whole: true, path: fixed("/konfigurasjon/kontroll")},
	"POST /konfigurasjon/kontroll":                 {roles: settingsRoles, whole: true, path: fixed("/konfigurasjon/kontroll"), form: "x=y"},
	"GET /konfigurasjon/leverandor/{leverandor}":   {roles: settingsRoles, path: func(_ *world, ours bool) string { return "/konfigurasjon/leverandor/" + pick(ours, "trykkeri", "her") }},
	"GET /konfigurasjon/konto/{konto}":             {roles: settingsRoles, path: settingsPath("")},
	"GET /konfigurasjon/konto/{konto}/forside.pdf": {roles: settingsRoles, path: settingsPath("/forside.pdf")},
	"GET /konfigurasjon/konto/{konto}/endre/{del}": {roles: "administrator", path: settingsPath("/endre/forside")},
	"POST /konfigurasjon/konto/{konto}/endre/{del}": {roles: "administrator", path: settingsPath("/endre/forside"),
		form: "navn=Nytt+navn&postnummer=0155&poststed=OSLO&tekst=&sprak=nb&fra=2099-01-01&begrunnelse=Ny+avdeling"},
}

const settingsRoles = "administrator operator revisor"

func settingsPath(end string) func(*world, bool) string {
	return func(_ *world, ours bool) string { return "/konfigurasjon/konto/" + pick(ours, own, foreign) + end }
}

func init() { maps.Copy(rules, rulesSettings) }
