package console

import "maps"

// rulesReveal are the rules of the pages of innsyn. What was revealed is kept for a session: an address that nobody was given leads to
// the page that asks.
var rulesReveal = map[string]rule{
	"GET /forsendelser/{id}/innsyn":                {roles: insightRoles, path: letterPath("/innsyn")},
	"POST /forsendelser/{id}/innsyn":               {roles: insightRoles, path: letterPath("/innsyn"), form: "formaal=Mottakeren+ringte&hva=mottaker&hva=tittel&hva=dokumenter"},
	"GET /forsendelser/{id}/innsyn/{visning}":      {roles: insightRoles, path: letterPath("/innsyn/GJETTET")},
	"GET /forsendelser/{id}/sider":                 {roles: insightRoles, path: letterPath("/sider")},
	"POST /forsendelser/{id}/sider":                {roles: insightRoles, path: letterPath("/sider"), form: "formaal=Mottakeren+ringte"},
	"GET /forsendelser/{id}/sider/{visning}":       {roles: insightRoles, path: letterPath("/sider/GJETTET")},
	"GET /forsendelser/{id}/sider/{visning}/{fil}": {roles: insightRoles, path: letterPath("/sider/GJETTET/1.png")},
	"GET /mottaker":                                {roles: insightRoles, path: fixed("/mottaker")},
	"POST /mottaker":                               {roles: insightRoles, path: fixed("/mottaker"), form: "navn=%C3%98deg%C3%A5rd&formaal=Mottakeren+ringte"},
	"GET /mottaker/{sok}":                          {roles: insightRoles, path: fixed("/mottaker/GJETTET")},
	"POST /mottaker/{sok}":                         {roles: insightRoles, path: fixed("/mottaker/GJETTET"), form: "x=y"},
}

const insightRoles = "innsyn saksbehandler"

func init() { maps.Copy(rules, rulesReveal) }
