package console

import (
	"maps"
	"net/url"
	"strings"

	"postgang/engine/archive/archivetest"
	"postgang/engine/store"
)

const (
	handlers = "okonomi"                  // who acts
	lookers  = "okonomi operator revisor" // who looks
)

// What the world holds of money, by what it is known by.
var (
	ownDeviation      = store.Deviation{Key: "avvik-skole"}.ID()
	foreignDeviation  = store.Deviation{Key: "avvik-helse"}.ID()
	nobodysDeviation  = store.Deviation{Key: "avvik-ingens"}.ID()
	stoppedFile       = archivetest.Sha(501)
	conflictID        = archivetest.ID(9001)
	bookedInvoice     = archivetest.ID(9100)
	ownCodes          = "kode;navn;budsjett\r\n0412;Skole;1000,00\r\n"
	earlierInvoiceCSV = strings.Join([]string{
		"fakturanr;fakturadato;forste_dag;siste_dag;linje;art;konteringskode;antall;netto;mva_prosent", "F-9;2026-10-31;2026-10-01;2026-10-31;1;PORTO;;1;100,00;25", "",
	}, "\r\n")
)

// rulesMoney are who sees and handles money. What belongs to no account takes the role for all.
var rulesMoney = map[string]rule{
	"GET /okonomi/koder/liste.csv":     {roles: lookers, path: fixed("/okonomi/koder/liste.csv")},
	"GET /okonomi/koder/register.csv":  {roles: lookers, whole: true, path: fixed("/okonomi/koder/register.csv")},
	"GET /okonomi/koder/les-inn":       {roles: handlers, whole: true, path: fixed("/okonomi/koder/les-inn")},
	"POST /okonomi/koder/les-inn":      {roles: handlers, whole: true, path: fixed("/okonomi/koder/les-inn"), form: upload(url.Values{"begrunnelse": {"nytt år"}}, "register.csv", ownCodes)},
	"GET /okonomi/avvik/liste.csv":     {roles: lookers, path: fixed("/okonomi/avvik/liste.csv")},
	"GET /okonomi/avvik/omtvistet.csv": {roles: lookers, path: fixed("/okonomi/avvik/omtvistet.csv?trykkeri=trykkeri")},
	"GET /okonomi/avvik/avgjor": {roles: handlers, path: func(_ *world, own bool) string {
		return "/okonomi/avvik/avgjor?avvik=" + pick(own, ownDeviation, foreignDeviation)
	}},
	"POST /okonomi/avvik/avgjor":                                 {roles: handlers, path: fixed("/okonomi/avvik/avgjor"), form: "avvik=" + ownDeviation + "&tilstand=godtatt&begrunnelse=Avtalt"},
	"GET /okonomi/kvitteringer/liste.csv":                        {roles: lookers, whole: true, path: fixed("/okonomi/kvitteringer/liste.csv")},
	"GET /okonomi/kvitteringer/les-inn":                          {roles: handlers, whole: true, path: fixed("/okonomi/kvitteringer/les-inn")},
	"POST /okonomi/kvitteringer/les-inn":                         {roles: handlers, whole: true, path: fixed("/okonomi/kvitteringer/les-inn"), form: upload(url.Values{"trykkeri": {"trykkeri"}}, "natt.csv", "dette er ingen kvitteringer")},
	"GET /okonomi/kvitteringer/filer/{trykkeri}/{sha}/rader.csv": {roles: lookers, whole: true, path: fixed("/okonomi/kvitteringer/filer/trykkeri/" + stoppedFile + "/rader.csv")},
	"GET /okonomi/kvitteringer/filer/{trykkeri}/{sha}":           {roles: lookers, whole: true, path: fixed("/okonomi/kvitteringer/filer/trykkeri/" + stoppedFile)},
	"GET /okonomi/kvitteringer/filer/{trykkeri}/{sha}/kjent":     {roles: handlers, whole: true, path: fixed("/okonomi/kvitteringer/filer/trykkeri/" + stoppedFile + "/kjent")},
	"POST /okonomi/kvitteringer/filer/{trykkeri}/{sha}/kjent":    {roles: handlers, whole: true, path: fixed("/okonomi/kvitteringer/filer/trykkeri/" + stoppedFile + "/kjent"), form: "begrunnelse=Meldt+til+trykkeriet"},
	"GET /okonomi/kvitteringer/konflikt/{id}":                    {roles: lookers, whole: true, path: fixed("/okonomi/kvitteringer/konflikt/" + conflictID)},
	"POST /okonomi/kvitteringer/konflikt/{id}":                   {roles: handlers, whole: true, path: fixed("/okonomi/kvitteringer/konflikt/" + conflictID), form: "valg=behold&begrunnelse=Trykkeriet+tok+feil"},
	"GET /okonomi/fakturaer/liste.csv":                           {roles: lookers, whole: true, path: fixed("/okonomi/fakturaer/liste.csv")},
	"GET /okonomi/fakturaer/les-inn":                             {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/les-inn")},
	"POST /okonomi/fakturaer/les-inn":                            {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/les-inn"), form: upload(url.Values{"trykkeri": {"trykkeri"}}, "faktura.csv", earlierInvoiceCSV)},
	"GET /okonomi/fakturaer/skriv-inn":                           {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/skriv-inn")},
	"POST /okonomi/fakturaer/skriv-inn":                          {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/skriv-inn"), form: "trykkeri=trykkeri&nummer=F-8&dato=2026-09-30&fra=2026-09-01&til=2026-09-30&art=PORTO&netto=10,00&mva=25&konteringskode="},
	"GET /okonomi/fakturaer/{id}":                                {roles: lookers, whole: true, path: fixed("/okonomi/fakturaer/" + bookedInvoice)},
	"GET /okonomi/fakturaer/{id}/bokfor":                         {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/" + bookedInvoice + "/bokfor")},
	"POST /okonomi/fakturaer/{id}/bokfor":                        {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/" + bookedInvoice + "/bokfor"), form: "begrunnelse=Avstemt"},
	"GET /okonomi/fakturaer/{id}/fjern":                          {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/" + bookedInvoice + "/fjern")},
	"POST /okonomi/fakturaer/{id}/fjern":                         {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/" + bookedInvoice + "/fjern"), form: "begrunnelse=Feil"},
	"GET /okonomi/fakturaer/{id}/overfor":                        {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/" + bookedInvoice + "/overfor")},
	"POST /okonomi/fakturaer/{id}/overfor":                       {roles: handlers, whole: true, path: fixed("/okonomi/fakturaer/" + bookedInvoice + "/overfor"), form: "maned=2026-12&begrunnelse=Kommer+senere"},
	"GET /okonomi/maneder/liste.csv":                             {roles: lookers, whole: true, path: fixed("/okonomi/maneder/liste.csv")},
	"GET /okonomi/maneder/{maned}":                               {roles: lookers, whole: true, path: fixed("/okonomi/maneder/2026-11")},
	"GET /okonomi/maneder/{maned}/lukk":                          {roles: handlers, whole: true, path: fixed("/okonomi/maneder/2026-11/lukk")},
	"POST /okonomi/maneder/{maned}/lukk":                         {roles: handlers, whole: true, path: fixed("/okonomi/maneder/2026-11/lukk"), form: "begrunnelse=Avstemt"},
	"GET /okonomi/arbeidsbok":                                    {roles: lookers, path: fixed("/okonomi/arbeidsbok?maned=2026-11")},
}

func init() { maps.Copy(rules, rulesMoney) }

// upload is a form with a file, as a browser sends it.
func upload(values url.Values, name, content string) string {
	var b strings.Builder
	for key, list := range values {
		for _, value := range list {
			b.WriteString(uploadBoundary + "\r\nContent-Disposition: form-data; name=\"" + key + "\"\r\n\r\n" + value + "\r\n")
		}
	}
	b.WriteString(uploadBoundary + "\r\nContent-Disposition: form-data; name=\"fil\"; filename=\"" + name + "\"\r\nContent-Type: text/csv\r\n\r\n" + content + "\r\n" + uploadBoundary + "--\r\n")
	return b.String()
}

// uploadBoundary stands between the parts of a form with a file.
const uploadBoundary = "--grense"
