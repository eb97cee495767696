package console

import "maps"

var rulesPeople = map[string]rule{
	"GET /tilganger":                       {roles: "administrator revisor", path: fixed("/tilganger")},
	"GET /tilganger/{id}":                  {roles: "administrator revisor", path: targetPath("se", "")},
	"GET /tilganger/ny":                    {roles: "administrator", path: fixed("/tilganger/ny")},
	"POST /tilganger/ny":                   {roles: "administrator", path: fixed("/tilganger/ny"), form: "navn=Ny&id=ny-medarbeider&innlogging=https%3A%2F%2Flogginn.example.no&rolle=leser&sted=konto%3Askole&begrunnelse=vikar"},
	"GET /tilganger/{id}/gi":               {roles: "administrator", path: targetPath("gi", "/gi")},
	"POST /tilganger/{id}/gi":              {roles: "administrator", path: targetPath("gi", "/gi"), form: "rolle=innsyn&sted=konto%3Askole&begrunnelse=vikar"},
	"GET /tilganger/{id}/ta":               {roles: "administrator", path: targetPath("ta", "/ta?rolle=leser&sted=konto%3Askole")},
	"POST /tilganger/{id}/ta":              {roles: "administrator", path: targetPath("ta", "/ta?rolle=leser&sted=konto%3Askole"), form: "begrunnelse=ferdig"},
	"GET /tilganger/{id}/okter":            {roles: "administrator", path: targetPath("okter", "/okter")},
	"POST /tilganger/{id}/okter":           {roles: "administrator", path: targetPath("okter", "/okter"), form: "begrunnelse=mistet+PC"},
	"GET /tilganger/{id}/avslutt":          {roles: "administrator", path: targetPath("avslutt", "/avslutt")},
	"POST /tilganger/{id}/avslutt":         {roles: "administrator", path: targetPath("avslutt", "/avslutt"), form: "begrunnelse=sluttet"},
	"GET /logg":                            {roles: "revisor", path: fixed("/logg")},
	"GET /logg/innsyn.csv":                 {roles: "revisor", path: fixed("/logg/innsyn.csv")},
	"GET /logg/endringer":                  {roles: "revisor", whole: true, path: fixed("/logg/endringer")},
	"GET /logg/endringer.csv":              {roles: "revisor", whole: true, path: fixed("/logg/endringer.csv")},
	"GET /logg/sletting":                   {roles: "revisor", whole: true, path: fixed("/logg/sletting")},
	"GET /logg/kontroll":                   {roles: "revisor", whole: true, path: fixed("/logg/kontroll")},
	"GET /konfigurasjon/fagsystemer":       {roles: "operator administrator revisor", path: fixed("/konfigurasjon/fagsystemer")},
	"GET /konfigurasjon/fagsystemer/nytt":  {roles: "administrator", path: fixed("/konfigurasjon/fagsystemer/nytt")},
	"POST /konfigurasjon/fagsystemer/nytt": {roles: "administrator", path: fixed("/konfigurasjon/fagsystemer/nytt"), form: "navn=NAVN&konto=skole&begrunnelse=nytt"},
	"GET /fagsystem/{id}":                  {roles: "operator administrator revisor", path: systemPath("")},
	"GET /fagsystem/{id}/passord":          {roles: "administrator", path: systemPath("/passord")},
	"POST /fagsystem/{id}/passord":         {roles: "administrator", path: systemPath("/passord"), form: "behold=24&forrige=1&begrunnelse=bytte"},
	"GET /fagsystem/{id}/endre":            {roles: "administrator", path: systemPath("/endre")},
	"POST /fagsystem/{id}/endre":           {roles: "administrator", path: systemPath("/endre"), form: "konto=KONTO&begrunnelse=bytte"},
	"GET /fagsystem/{id}/avslutt":          {roles: "administrator", path: systemPath("/avslutt")},
	"POST /fagsystem/{id}/avslutt":         {roles: "administrator", path: systemPath("/avslutt"), form: "begrunnelse=byttet+system"},
}

func init() { maps.Copy(rules, rulesPeople) }

// targetPath is the address of somebody who was made for one route: what one route changes does not meet another.
func targetPath(of, end string) func(*world, bool) string {
	return func(_ *world, ours bool) string {
		return "/tilganger/" + personID(of+pick(ours, " hos oss", " andre steder")) + end
	}
}

func systemPath(end string) func(*world, bool) string {
	return func(w *world, ours bool) string {
		return "/fagsystem/" + pick(ours, w.ownSystem, w.foreignSystem) + end
	}
}
