package console

import "maps"

// rulesOperation are who may act on jobs and runs.
var rulesOperation = map[string]rule{
	"GET /jobber/{id}/levert":       {roles: "operator", path: jobPath("/levert")},
	"POST /jobber/{id}/levert":      {roles: "operator", path: jobPath("/levert"), form: "begrunnelse=Ringt"},
	"GET /jobber/{id}/ikke-levert":  {roles: "operator", path: jobPath("/ikke-levert")},
	"POST /jobber/{id}/ikke-levert": {roles: "operator", path: jobPath("/ikke-levert"), form: "begrunnelse=Ringt"},
	"GET /jobber/{id}/trekk":        {roles: "operator", path: jobPath("/trekk")},
	"POST /jobber/{id}/trekk":       {roles: "operator", path: jobPath("/trekk"), form: "begrunnelse=Feil+logo"},
	"GET /jobber/{id}/frigi":        {roles: "operator", path: jobPath("/frigi")},
	"POST /jobber/{id}/frigi":       {roles: "operator", path: jobPath("/frigi"), form: "begrunnelse=Rettet"},
	"GET /jobber/{id}/omtrykk":      {roles: "operator", path: jobPath("/omtrykk")},
	"POST /jobber/{id}/omtrykk":     {roles: "operator", path: jobPath("/omtrykk"), form: "begrunnelse=Revet&alle=ja"},
	"GET /morgenrapport":            {roles: "operator", whole: true, path: fixed("/morgenrapport")},
	"GET /kjoringer/prove":          {roles: "operator", whole: true, path: fixed("/kjoringer/prove")},
	"GET /kjoringer/natt":           {roles: "operator", whole: true, path: fixed("/kjoringer/natt")},
	"POST /kjoringer/natt":          {roles: "operator", whole: true, path: fixed("/kjoringer/natt"), form: "x=y"},
	"GET /kjoringer/kvitteringer":   {roles: "operator", whole: true, path: fixed("/kjoringer/kvitteringer")},
	"POST /kjoringer/kvitteringer":  {roles: "operator", whole: true, path: fixed("/kjoringer/kvitteringer"), form: "x=y"},
}

func init() { maps.Copy(rules, rulesOperation) }

func jobPath(end string) func(*world, bool) string {
	return func(w *world, own bool) string { return "/jobber/" + pick(own, w.ownJob, w.foreignJob) + end }
}
