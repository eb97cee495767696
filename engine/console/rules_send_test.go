package console

import "maps"

// rulesSend are the rules of the pages that send a letter by hand. A draft is its writer's own: one that is not there leads to the form.
var rulesSend = map[string]rule{
	"GET /send":                          {roles: "avsender", path: fixed("/send")},
	"POST /send":                         {roles: "avsender", path: fixed("/send"), form: "x=y"},
	"GET /send/sendt":                    {roles: "avsender", path: fixed("/send/sendt")},
	"GET /send/utkast/{utkast}":          {roles: "avsender", path: fixed("/send/utkast/GJETTET")},
	"POST /send/utkast/{utkast}":         {roles: "avsender", path: fixed("/send/utkast/GJETTET"), form: "x=y"},
	"POST /send/utkast/{utkast}/forkast": {roles: "avsender", path: fixed("/send/utkast/GJETTET/forkast"), form: "x=y"},
}

// rulesManual are the rules of manual print.
var rulesManual = map[string]rule{
	"GET /manuell/{id}":          {roles: "utskrift", path: manualPath("")},
	"POST /manuell/{id}/hent":    {roles: "utskrift", path: manualPath("/hent"), form: "x=y"},
	"POST /manuell/{id}/bekreft": {roles: "utskrift", path: manualPath("/bekreft"), form: "x=y"},
}

func manualPath(end string) func(*world, bool) string {
	return func(w *world, own bool) string { return "/manuell/" + pick(own, w.ownManual, w.foreignManual) + end }
}

func init() {
	maps.Copy(rules, rulesSend)
	maps.Copy(rules, rulesManual)
}
