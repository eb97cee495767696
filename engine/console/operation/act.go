package operation

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/exchange"
)

// jobToActOn finds the job of a request within the scope of the route.
func (v *request) jobToActOn() (d scoped.JobDetails, err error) {
	id := v.R.PathValue("id")
	if !visit.JobID.MatchString(id) {
		return d, store.ErrNotFound
	}
	err = v.View(func(r *scoped.Reader) error {
		d, err = r.JobDetails(v.Ctx, id)
		return err
	})
	return d, err
}

// jobPath is the address of what is done with a job.
func jobPath(id, what string) string { return "/jobber/" + id + "/" + what }

// shared says of a job that others have letters in that this person may not act on it; empty: it is the person's alone.
func shared(d scoped.JobDetails) string {
	if d.Own == d.PrintJob.Letters {
		return ""
	}
	return "Jobben har også brev fra kontoer du ikke har tilgang til. En operatør med tilgang til alle kontoene må gjøre dette."
}

// jobActions are what a person may do with a job now.
func jobActions(d scoped.JobDetails) []page.Link {
	var out []page.Link
	for _, a := range []struct {
		text, what string
		ask        func(d scoped.JobDetails) visit.Question
	}{
		{"Trykkeriet har den", "levert", deliveredPage}, {"Trykkeriet har den ikke", "ikke-levert", notDeliveredPage}, {"Trekk tilbake", "trekk", withdrawPage},
		{"Frigi brevene", "frigi", releaseJobPage}, {"Bestill omtrykk", "omtrykk", reprintPage},
	} {
		if a.ask(d).Cannot == "" {
			out = append(out, page.Link{Text: a.text, Path: jobPath(d.ID, a.what)})
		}
	}
	return out
}

// act asks about a job (GET), or has it done (POST) when the question was answered well. Who has been forestalled by another is told so.
func (v *request) act(ask func(d scoped.JobDetails) visit.Question, more func(q *visit.Question) error, do func(d scoped.JobDetails, q *visit.Question) error) error {
	d, err := v.jobToActOn()
	if err != nil {
		return err
	}
	q := ask(d)
	if q.Cannot == "" && more != nil {
		if err := more(&q); err != nil {
			return err
		}
	}
	if q.Cannot != "" || do == nil {
		return v.Ask(q)
	}
	if v.Fill(&q); !q.OK() {
		return v.Ask(q)
	}
	err = do(d, &q)
	switch {
	case err == nil && !q.OK():
		return v.Ask(q)
	case err == nil, errors.Is(err, visit.ErrAnswered):
		return v.Redirect(q.Back)
	case errors.Is(err, access.ErrSecondPerson):
		return v.Redirect(q.Action) // where it says what was noted
	}
	if now, gone := v.jobToActOn(); gone == nil {
		if changed := ask(now); changed.Cannot != "" {
			return v.Ask(changed)
		}
	}
	if q.Cannot = vendorTrouble(err); q.Cannot != "" {
		v.Log.Warn("a person's order for a job was not carried out", "job", d.ID, "error", err)
		return v.Ask(q)
	}
	return err
}

// vendorTrouble says why nothing was done, where that is for the person to know; empty: it is a fault.
func vendorTrouble(err error) string {
	var later *step.LaterError
	switch {
	case errors.As(err, &later), errors.Is(err, store.ErrLocked):
		return "Postgang arbeider mot trykkeriet akkurat nå. Ingenting er gjort. Prøv igjen om litt."
	case errors.Is(err, jobs.ErrHandedOver):
		return "Det ligger spor hos trykkeriet av at jobben er overlevert, og den kan ikke tas tilbake. Ingenting er gjort. Hent kvitteringer, eller be trykkeriet svare på jobben. Trykkeriet må ikke slette noe."
	case errors.Is(err, nights.ErrOtherJob):
		return "Trykkeriet har en annen jobb under den samme id-en. Ingenting er gjort. Den som drifter serveren, må gjenopprette arkivet mot trykkeriet, og trykkeriet må ikke slette noe."
	case errors.Is(err, nights.ErrStopped):
		return "Ingenting blir tilbudt dette trykkeriet nå, fordi arkivet er eldre enn det som er overlevert. Den som drifter serveren, må først gjenopprette arkivet mot trykkeriet."
	case errors.Is(err, exchange.ErrConnection):
		return "Trykkeriets tjener svarer ikke. Ingenting er gjort. Prøv igjen senere."
	}
	return ""
}

func deliveredPage(d scoped.JobDetails) visit.Question {
	q := visit.Question{
		Title: "Trykkeriet har jobben", Action: jobPath(d.ID, "levert"), Button: "Trykkeriet har den", Reason: true, Back: "/jobber/" + d.ID,
		Text: "Jobb " + d.ID + " med " + page.Counted(d.PrintJob.Letters, "brev", "brev") + " går videre som overlevert, og vi venter på svar og kvitteringer. Ingenting blir sendt. Spør trykkeriet først, og oppgi jobb og jobbseddel.",
	}
	if q.Cannot = shared(d); q.Cannot == "" && d.State != store.JobUncertain {
		q.Cannot = notUncertain(d)
	}
	return q
}

func notDeliveredPage(d scoped.JobDetails) visit.Question {
	q := visit.Question{
		Title: "Trykkeriet har ikke jobben", Action: jobPath(d.ID, "ikke-levert"), Button: "Trykkeriet har den ikke", Danger: true, Reason: true, Back: "/jobber/" + d.ID,
		Text: "Trykkeriet må ha bekreftet at det ikke har jobb " + d.ID + " og ikke kommer til å trykke den. Vi ser etter hos trykkeriet en gang til, tar tilbake det som ligger der av jobben, og legger brevene i en ny jobb. Har trykkeriet den likevel, blir brevene trykt to ganger.",
	}
	if d.Reprint {
		q.Text = "Trykkeriet må ha bekreftet at det ikke har omtrykket " + d.ID + " og ikke kommer til å trykke det. Omtrykket blir avsluttet. Bestill på nytt det som fortsatt trengs."
	}
	if q.Cannot = shared(d); q.Cannot == "" && d.State != store.JobUncertain {
		q.Cannot = notUncertain(d)
	}
	return q
}

// notUncertain says that there is nothing to find out about a job.
func notUncertain(d scoped.JobDetails) string {
	return "Jobben er «" + page.StateOf(d.State).Text + "», og det er ikke uvisst om trykkeriet har den."
}

func askDelivered(v *request) error { return v.act(deliveredPage, nil, nil) }

func delivered(v *request) error {
	return v.act(deliveredPage, nil, func(d scoped.JobDetails, q *visit.Question) error {
		_, err := v.Engine.ResolveJob(v.Ctx, nights.Resolution{Job: d.ID, Offered: true, Reason: q.Written})
		return err
	})
}

// notDeliveredMore says what would come of it, and that it takes two persons.
func (v *request) notDeliveredMore(q *visit.Question) error {
	id := v.R.PathValue("id")
	planned, err := v.Engine.PlanResolve(v.Ctx, nights.Resolution{Job: id, Reason: "plan"})
	if err != nil {
		if q.Cannot = vendorTrouble(err); q.Cannot != "" {
			return nil
		}
		return err
	}
	if planned.Why != "" {
		q.Notes = append(q.Notes, "Hvorfor det er uvisst: "+words.Why(planned.Why, words.Norwegian)+".")
	}
	if planned.LeftOut > 0 {
		q.Notes = append(q.Notes, page.Counted(planned.LeftOut, "brev er lest, stoppet eller satt til side", "brev er lest, stoppet eller satt til side")+" siden, og blir ikke med i den nye jobben.")
	}
	if v.Engine.TwoPersons() {
		return v.Second(q, "job/"+id)
	}
	return nil
}

func askNotDelivered(v *request) error { return v.act(notDeliveredPage, v.notDeliveredMore, nil) }

func notDelivered(v *request) error {
	return v.act(notDeliveredPage, v.notDeliveredMore, func(d scoped.JobDetails, q *visit.Question) error {
		_, err := v.Engine.ResolveJob(v.Ctx, nights.Resolution{Job: d.ID, Reason: q.Written})
		return err
	})
}

func withdrawPage(d scoped.JobDetails) visit.Question {
	q := visit.Question{
		Title: "Trekk jobben tilbake", Action: jobPath(d.ID, "trekk"), Button: "Trekk tilbake", Danger: true, Reason: true, Back: "/jobber/" + d.ID,
		Text: "Det som ligger hos trykkeriet av jobb " + d.ID + ", blir fjernet, og de " + page.Number(d.PrintJob.Letters) + " brevene blir med i neste kjøring.",
	}
	if d.Reprint {
		q.Text = "Omtrykket " + d.ID + " blir avsluttet, og ingenting av det blir trykt."
	}
	switch q.Cannot = shared(d); {
	case q.Cannot != "":
	case d.State == store.JobUncertain:
		q.Cannot = "Det er uvisst om trykkeriet har jobben. Spør trykkeriet, og avklar den i stedet."
	case d.State != store.JobPlanned && d.State != store.JobComposed && d.State != store.JobUploaded:
		q.Cannot = "Jobben er «" + page.StateOf(d.State).Text + "» og kan ikke trekkes tilbake."
	}
	return q
}

func askWithdraw(v *request) error { return v.act(withdrawPage, nil, nil) }

func withdraw(v *request) error {
	return v.act(withdrawPage, nil, func(d scoped.JobDetails, q *visit.Question) error {
		_, err := v.Engine.WithdrawJob(v.Ctx, d.ID, q.Written)
		return err
	})
}

func releaseJobPage(d scoped.JobDetails) visit.Question {
	q := visit.Question{
		Title: "Frigi brevene i jobben", Action: jobPath(d.ID, "frigi"), Button: "Frigi brevene", Reason: true, Back: "/jobber/" + d.ID,
		Text: "Trykkeriet avviste jobb " + d.ID + ". Brevene blir med i neste kjøring, i en ny jobb. Rett årsaken først, ellers blir de avvist på nytt.",
	}
	if d.Reprint {
		q.Text = "Varselet om omtrykket " + d.ID + " blir avsluttet. Bestill på nytt det som fortsatt trengs."
	}
	if q.Cannot = shared(d); q.Cannot == "" && d.State != store.JobRejected && !(d.Reprint && d.State == store.JobWithdrawn) {
		q.Cannot = "Jobben er «" + page.StateOf(d.State).Text + "». Bare brev i en jobb som trykkeriet har avvist, kan frigis her."
	}
	return q
}

func askReleaseJob(v *request) error { return v.act(releaseJobPage, nil, nil) }

func releaseJob(v *request) error {
	return v.act(releaseJobPage, nil, func(d scoped.JobDetails, q *visit.Question) error {
		_, err := v.Engine.ReleaseJob(v.Ctx, d.ID, q.Written)
		return err
	})
}

func reprintPage(d scoped.JobDetails) visit.Question {
	q := visit.Question{
		Title: "Bestill omtrykk", Action: jobPath(d.ID, "omtrykk"), Button: "Bestill omtrykk", Reason: true, Back: "/jobber/" + d.ID,
		Text: "Brevene blir trykt og postlagt en gang til, i en egen jobb med egne kostnader. Jobb " + d.ID + " har brev 1 til " + page.Number(d.PrintJob.Letters) + ".",
		Fields: []visit.Field{
			{Name: "brev", Label: "Hvilke brev", Help: "Numrene står i listen over brev i jobben, for eksempel 17, 20–25. La feltet stå tomt når hele jobben skal trykkes på nytt.", Kind: visit.Text, Optional: true},
			{Name: "alle", Label: "Hele jobben", Kind: visit.Tick, Optional: true},
			{Name: "lest", Label: "Ta også med brev som er lest digitalt siden", Kind: visit.Tick, Optional: true},
			{Name: "igjen", Label: "Ta også med brev som allerede er i et omtrykk", Kind: visit.Tick, Optional: true},
		},
	}
	switch q.Cannot = shared(d); {
	case q.Cannot != "":
	case d.Reprint:
		q.Cannot = "Dette er selv et omtrykk. Bestill brevene fra jobb " + d.Parent + ", med numrene der."
	case d.State != store.JobOffered && d.State != store.JobAccepted && d.State != store.JobClosed:
		q.Cannot = "Jobben er «" + page.StateOf(d.State).Text + "», og trykkeriet har ikke trykt den."
	}
	return q
}

func askReprint(v *request) error { return v.act(reprintPage, nil, nil) }

// manyReprints: above one letter in so many, and one letter at least, a reprint must be confirmed.
const manyReprints = 20

func reprint(v *request) error {
	return v.act(reprintPage, nil, func(d scoped.JobDetails, q *visit.Question) error {
		o := jobs.ReprintOrder{Job: d.ID, Reason: q.Written, ReadToo: q.Value("lest") != "", Again: q.Value("igjen") != ""}
		all := q.Value("alle") != ""
		switch ranges, wrong := letterNumbers(q.Value("brev"), d.PrintJob.Letters); {
		case all && q.Value("brev") != "":
			q.Fault("brev", "Oppgi numre, eller kryss av for hele jobben. Ikke begge deler.")
		case all:
			o.Letters = []shipment.Range{{From: 1, To: d.PrintJob.Letters}}
		case wrong != "":
			q.Fault("brev", wrong)
		default:
			o.Letters = ranges
		}
		if !q.OK() {
			return nil
		}
		planned, err := v.Engine.PlanReprint(v.Ctx, o)
		if err == nil && len(planned.Letters) > 1 && len(planned.Letters)*manyReprints > d.PrintJob.Letters && v.R.PostFormValue("bekreft") != strconv.Itoa(len(planned.Letters)) {
			n := len(planned.Letters)
			q.Warning = fmt.Sprintf("%s av %s brev er mer enn 5 prosent av jobben: %s.", page.Number(n), page.Number(d.PrintJob.Letters), page.Counted(planned.Sheets, "ark", "ark"))
			q.Fields = append(q.Fields, visit.Field{
				Name: "bekreft", Label: "Antall brev som skal trykkes på nytt", Help: "Skriv tallet " + strconv.Itoa(n) + " for å bekrefte.", Kind: visit.Text, Wrong: "Bekreft antallet: " + strconv.Itoa(n) + ".",
			})
			return nil
		}
		if err == nil {
			_, err = v.Engine.OrderReprint(v.Ctx, o)
		}
		var refused *jobs.ReprintError
		if errors.As(err, &refused) {
			q.Fault("brev", reprintRefused(refused))
			return nil
		}
		return err
	})
}

// letterNumbers reads numbers of letters as a person writes them: 17, 20–25. wrong says what cannot be read.
func letterNumbers(text string, last int) (out []shipment.Range, wrong string) {
	if text == "" {
		return nil, "Skriv numrene på brevene, eller kryss av for hele jobben."
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "–", "-"), ",") {
		first, end, ranged := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.Atoi(strings.TrimSpace(first))
		to := from
		if ranged && err == nil {
			to, err = strconv.Atoi(strings.TrimSpace(end))
		}
		switch {
		case err != nil:
			return nil, "Skriv numre og spenn med komma mellom, for eksempel 17, 20–25."
		case from < 1 || to < from || to > last:
			return nil, "Jobben har brev 1 til " + page.Number(last) + "."
		}
		out = append(out, shipment.Range{From: from, To: to})
	}
	return out, ""
}

// reprintWords say why a letter is not printed once more; the letter's number stands before them.
var reprintWords = map[string]string{
	jobs.ReprintDeleted: "er slettet", jobs.ReprintClosed: "er stoppet for hånd", jobs.ReprintAside: "er satt til side, og må frigis først",
	jobs.ReprintRead: "ble lest digitalt %s", jobs.ReprintOpen: "er allerede i omtrykk %s", jobs.ReprintPlan: "kan ikke legges i en jobb (%s)",
	jobs.ReprintSheets: "ville ligget på andre ark nå",
}

// shownRefusals is how many letters a page names that are not printed once more.
const shownRefusals = 10

func reprintRefused(e *jobs.ReprintError) string {
	var said []string
	for _, r := range e.Refused {
		text, ok := reprintWords[r.Code]
		if !ok || r.Letter == 0 {
			said = append(said, "brevene kan ikke trykkes på nytt slik de er valgt")
			continue
		}
		if strings.Contains(text, "%s") {
			text = fmt.Sprintf(text, r.With)
		}
		said = append(said, fmt.Sprintf("brev %d %s", r.Letter, text))
	}
	said = slices.Compact(said)
	more := len(said) - shownRefusals
	if more > 0 {
		said = append(said[:shownRefusals], "og "+page.Number(more)+" til")
	}
	return page.Sentence(strings.Join(said, "; ")) + "."
}
