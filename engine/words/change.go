package words

import (
	"encoding/json"
	"strconv"
	"strings"
)

// changes are the words of rows of the log of changes: what was done, by the kind of the subject and a case. The arguments are the facts
// after it, those before it with "was_" in front, and what changed counts.
var changes = map[string]worded{
	"koderegister": {
		English:   `read in: {{.new}} new, {{.gone}} gone, {{.changed}} changed`,
		Norwegian: `lest inn: {{n .new "ny" "nye"}}, {{.gone}} borte, {{.changed}} endret`,
	},
	"kvitteringsfil": {
		English:   `read in: {{.applied}} of {{.rows}} receipts booked, kr {{kr .net}}{{if ne .conflicts "0"}}; {{.conflicts}} in conflict{{end}}{{if ne .unknown "0"}}; {{.unknown}} of unknown letters{{end}}`,
		Norwegian: `lest inn: {{.applied}} av {{n .rows "kvittering" "kvitteringer"}} bokført, kr {{kr .net}}{{if ne .conflicts "0"}}; {{.conflicts}} i konflikt{{end}}{{if ne .unknown "0"}}; {{.unknown}} om ukjente brev{{end}}`,
	},
	"kvitteringsfil/stopped": {
		English:   `read in and stopped, with {{.problems}} problems; nothing is booked`,
		Norwegian: `lest inn og stoppet, med {{.problems}} feil; ingenting er bokført`,
	},
	"kvittering/stays": {
		English:   `the booked one stays, kr {{kr .net}}`,
		Norwegian: `den bokførte står, kr {{kr .net}}`,
	},
	"kvittering/taken": {
		English:   `the new one counts: kr {{kr .was_net}} became kr {{kr .net}}`,
		Norwegian: `den nye gjelder: kr {{kr .was_net}} ble kr {{kr .net}}`,
	},
	"faktura/taken":   {English: `taken, kr {{kr .net}} net`, Norwegian: `tatt imot, kr {{kr .net}} netto`},
	"faktura/removed": {English: `taken back, kr {{kr .net}} net`, Norwegian: `fjernet, kr {{kr .net}} netto`},
	"faktura/booked": {
		English:   `booked, kr {{kr .net}} net; kr {{kr .shared}} shared out`,
		Norwegian: `bokført, kr {{kr .net}} netto; kr {{kr .shared}} fordelt`,
	},
	"faktura/again": {
		English:   `booked anew: kr {{kr .was_shared}} shared out became kr {{kr .shared}}`,
		Norwegian: `bokført på nytt: kr {{kr .was_shared}} fordelt ble kr {{kr .shared}}`,
	},
	"faktura/carried": {
		English:   `kr {{kr .carried}} of receipts carried to {{month .carried_into}}`,
		Norwegian: `kr {{kr .carried}} av kvitteringer overført til {{month .carried_into}}`,
	},
	"avvik":   {English: `{{.decided}} decided: {{say . "decision"}}`, Norwegian: `{{.decided}} avgjort: {{say . "decision"}}`},
	"maned":   {English: `closed`, Norwegian: `lukket`},
	"varsel":  {English: `acknowledged`, Norwegian: `merket som kjent`},
	"kjoring": {English: `begun`, Norwegian: `startet`},
}

// changeSubjects are what such changes are of, by the kind of the subject. "id" is what the subject has after it.
var changeSubjects = map[string]worded{
	"koderegister":   {English: `register of konteringskoder`, Norwegian: `registeret over konteringskoder`},
	"kvitteringsfil": {English: `receipt file of {{.vendor}}`, Norwegian: `kvitteringsfil fra {{.vendor}}`},
	"kvittering":     {English: `receipt of a letter of job {{.job}}`, Norwegian: `kvittering for et brev i jobb {{.job}}`},
	"faktura":        {English: `invoice {{.number}} of {{.vendor}}`, Norwegian: `faktura {{.number}} fra {{.vendor}}`},
	"avvik":          {English: `deviations of {{.id}}`, Norwegian: `avvik hos {{.id}}`},
	"maned":          {English: `{{month .id}}`, Norwegian: `{{month .id}}`},
	"varsel":         {English: `alarm {{.id}}`, Norwegian: `varselet {{.id}}`},
	"kjoring":        {English: `run {{say . "run"}}`, Norwegian: `{{say . "run"}}`},
}

// changePhrases are the words of arguments of changes that are codes.
var changePhrases = map[string]worded{
	"run/night-by-hand":    {English: `night`, Norwegian: `nattkjøring`},
	"run/receipts-by-hand": {English: `fetching of receipts`, Norwegian: `henting av kvitteringer`},
	"decision/OPEN":        {English: `open`, Norwegian: `åpen`},
	"decision/ACCEPTED":    {English: `accepted`, Norwegian: `godtatt`},
	"decision/DISPUTED":    {English: `disputed`, Norwegian: `omtvistet`},
	"decision/SETTLED":     {English: `settled`, Norwegian: `oppgjort`},
}

// changeReasons are the reasons of changes where nobody was asked for one, which the archive keeps in English.
var changeReasons = map[string]string{
	"first log-in": "første innlogging", "administrator by the configuration": "administrator i oppsettet",
	"read in from a file": "lest inn fra fil", "typed in": "skrevet inn", "begun by hand": "startet for hånd",
}

// ChangeReason words why something was changed.
func ChangeReason(kept string, lang Language) string {
	if said, ok := changeReasons[kept]; ok && lang == Norwegian {
		return said
	}
	return kept
}

// Change words a row of the log of changes that is about money, an alarm or a run: of what, and what was done. false: it is about something
// else. A state that cannot be read is told as such: the row's hash tells whether it was changed.
func Change(subject, before, after string, lang Language) (of, done string, ok bool) {
	kind, id, _ := strings.Cut(subject, "/")
	if _, ok := changeSubjects[kind]; !ok {
		return "", "", false
	}
	unreadable := [...]string{English: "unreadable", Norwegian: "kan ikke leses"}[lang]
	was, is := map[string]string{}, map[string]string{}
	for _, state := range []struct {
		text string
		into map[string]string
	}{{before, was}, {after, is}} {
		if state.text != "" && json.Unmarshal([]byte(state.text), &state.into) != nil {
			return subject, unreadable, true
		}
	}
	name, args := changed(kind, id, was, is)
	of, err := execute(alarmWords()[lang][subjectPrefix+kind], args)
	if err != nil {
		of = subject
	}
	t, ok := alarmWords()[lang][changePrefix+name]
	if ok {
		done, err = execute(t, args)
	}
	if !ok || err != nil {
		done = unreadable
	}
	return of, done, true
}

// The prefixes tell the templates of changes from those of alarms.
const (
	changePrefix  = "change/"
	subjectPrefix = "subject/"
)

// changed is the case of a change, and what its words may use.
func changed(kind, id string, was, is map[string]string) (name string, args map[string]string) {
	args = map[string]string{"id": id, "run": id}
	for k, v := range is {
		args[k] = v
	}
	for k, v := range was {
		args["was_"+k] = v
	}
	switch name = kind; kind {
	case "koderegister":
		gone, fresh := without(was, is), without(is, was)
		args["gone"], args["new"], args["changed"] = strconv.Itoa(gone), strconv.Itoa(fresh), strconv.Itoa(len(is)-fresh)
	case "kvitteringsfil":
		if is["problems"] != "0" {
			name += "/stopped"
		}
	case "kvittering":
		name += "/stays"
		if was["in_force"] != is["in_force"] {
			name = kind + "/taken"
		}
	case "faktura":
		switch name += "/" + is["state"]; {
		case is["carried"] != "":
			name = kind + "/carried"
		case is["state"] == "booked" && was["state"] == "booked":
			name = kind + "/again"
		}
	case "avvik":
		args["decided"] = strconv.Itoa(len(is))
		for _, state := range is { // all have the same
			args["decision"] = state
		}
	}
	return name, args
}

// without counts what one has by name and another has not.
func without(list, others map[string]string) (n int) {
	for name := range list {
		if _, ok := others[name]; !ok {
			n++
		}
	}
	return n
}
