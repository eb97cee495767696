package operation

import (
	"net/url"
	"strings"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/console/page"
	"postgang/engine/words"
)

// remedy is a page on which something is done about an alarm.
type remedy struct {
	text string // what is done there, as a link says it
	// path is the address. {1} is what the alarm's key has after its kind, to the next colon, and {2} what it has after that; {parent} is
	// the argument of that name, or its first word.
	path string
	need access.Action // who may open it; empty: everybody who sees alarms
}

// What several kinds of alarms lead to.
var (
	openJob     = remedy{text: "Åpne jobben", path: "/jobber/{1}"}
	seeRuns     = remedy{text: "Se kjøringene", path: "/kjoringer"}
	beginNight  = remedy{text: "Start en nattkjøring", path: "/kjoringer/natt"}
	seeReceipts = remedy{text: "Se kvitteringene", path: "/okonomi/kvitteringer"}
	getWorkbook = remedy{text: "Hent arbeidsboken", path: "/okonomi/arbeidsbok?maned={month}"}
	seeAccounts = remedy{text: "Se kontoene", path: "/konfigurasjon"}
)

// remedies are what is done about alarms in the console, the most likely first, by kind and case as words has them; a case that is not
// here has those of its kind. What only whoever runs the server can do has none, and the alarm's words say so.
var remedies = map[string][]remedy{
	"recovered": {{text: "Se brevene", path: "/forsendelser?satt_til_side=gjenopprettet"}},
	"uncertain": {{text: "Avklar jobben", path: "/jobber/{1}"}},

	"retention/ikke-avgjort":       {{text: "Se brevene", path: "/forsendelser?status=MOTTATT"}},
	"retention/satt-til-side":      {{text: "Se brevene", path: "/forsendelser?satt_til_side=alle"}},
	"retention/ikke-sendt":         {{text: "Se brevene", path: "/forsendelser?status=underveis"}},
	"retention/mangler-kvittering": {{text: "Se brevene", path: "/forsendelser?status=SENDT_PRINT"}, seeReceipts},
	"retention/i-utskriftsjobb":    {{text: "Se utskriftsjobbene", path: "/jobber"}},
	"retention/omtvistet":          {{text: "Avgjør avvikene", path: "/okonomi/avvik"}, seeReceipts},

	"missed":           {beginNight, seeRuns},
	"failed":           {seeRuns, beginNight},
	"died":             {beginNight, seeRuns},
	"schedule/failed":  {seeRuns},
	"schedule":         {getWorkbook, seeRuns},
	"slow/running":     {{text: "Se utskriftsjobbene", path: "/jobber"}, seeRuns},
	"slow":             {seeRuns},
	"overdue":          {beginNight, seeRuns, {text: "Se brevene", path: "/forsendelser?konto={1}&status=klar"}},
	"password":         {{text: "Gi nytt passord", path: "/fagsystem/{1}/passord", need: access.Configure}, {text: "Åpne fagsystemet", path: "/fagsystem/{1}"}},
	"failing":          {{text: "Åpne jobben", path: "/jobber/{jobs}"}},
	"rejected":         {{text: "Se grunnene", path: "/jobber/{1}"}, {text: "Frigi brevene", path: "/jobber/{1}/frigi"}},
	"rejected/reprint": {{text: "Se grunnene", path: "/jobber/{1}"}, {text: "Bestill omtrykk", path: "/jobber/{parent}/omtrykk"}, {text: "Frigi omtrykket", path: "/jobber/{1}/frigi"}},
	"reprint":          {{text: "Bestill omtrykk", path: "/jobber/{parent}/omtrykk"}, {text: "Frigi omtrykket", path: "/jobber/{1}/frigi"}},
	"no-answer":        {openJob},
	"answer/odd":       {{text: "Åpne jobben", path: "/jobber/{2}"}},

	"receipts/stopped":    {{text: "Se feilene i filen", path: "/okonomi/kvitteringer/filer/{1}/{2}"}},
	"receipts":            {seeReceipts},
	"no-receipt":          {openJob, seeReceipts},
	"no-receipt/orders":   {{text: "Les inn kvitteringer", path: "/okonomi/kvitteringer/les-inn", need: access.HandleMoney}, {text: "Åpne det første oppdraget", path: "/jobber/{first}"}},
	"misplaced/strangers": {seeAccounts},
	"held":                {{text: "Se brevene", path: "/forsendelser?konto={1}&satt_til_side={2}"}},
	"prepare/new":         {{text: "Se brevene", path: "/forsendelser?status=MOTTATT"}, {text: "Åpne et av dem", path: "/forsendelser/{shipment}"}},
	"prepare":             {{text: "Åpne et av brevene", path: "/forsendelser/{shipment}"}},
	"expected":            {{text: "Se brevene", path: "/forsendelser?konto={1}"}, {text: "Se fagsystemene", path: "/konfigurasjon/fagsystemer"}},
	"unhandled":           {{text: "Se brevene", path: "/forsendelser?konto={1}&status={2}"}},
	"conflict":            {{text: "Avgjør kvitteringene", path: "/okonomi/kvitteringer"}},
	"half":                {{text: "Se kvitteringsfilene", path: "/okonomi/kvitteringer"}},
	"invoice":             {{text: "Se fakturaene", path: "/okonomi/fakturaer"}},
	"deviations":          {{text: "Avgjør avvikene", path: "/okonomi/avvik"}},
	"manual":              {{text: "Åpne manuell utskrift", path: "/manuell", need: access.PrintManually}, {text: "Åpne jobben", path: "/jobber/{jobs}"}},
	"guard":               {{text: "Godkjenn kostnaden", path: "/kostnadsvakt"}},
}

// remediesOf are where this person can do something about an alarm.
func (v *request) remediesOf(a alarm.Alarm) []page.Link {
	kind, about, _ := strings.Cut(a.Key, ":")
	first, rest, _ := strings.Cut(about, ":")
	var out []page.Link
	for _, said := range words.EachOf(a.Args) {
		if said["fault"] == "unknown-job" { // an answer to a job that is none of ours: there is no page of it
			continue
		}
		steps, ok := remedies[words.AlarmCase(kind, said)]
		if !ok {
			steps = remedies[kind]
		}
		for _, s := range steps {
			path, ok := s.address(func(name string) string {
				switch name {
				case "1":
					return first
				case "2":
					return rest
				}
				value, _, _ := strings.Cut(said[name], " ")
				return value
			})
			if ok && (s.need == "" || !v.May(s.need).Empty()) {
				out = append(out, page.Link{Text: s.text, Path: path})
			}
		}
	}
	return out
}

// address is where a remedy is; false when the alarm lacks what the address needs, as one that an earlier version raised may.
func (s remedy) address(value func(name string) string) (string, bool) {
	var b strings.Builder
	escape := url.PathEscape
	for rest := s.path; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		if strings.Contains(before, "?") {
			escape = url.QueryEscape
		}
		name, left, _ := strings.Cut(after, "}")
		v := value(name)
		if v == "" {
			return "", false
		}
		b.WriteString(escape(v))
		rest = left
	}
}
