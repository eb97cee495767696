package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// overviewPage is where everything stands.
type overviewPage struct {
	At    time.Time
	Rows  []matrixRow
	Done  []countRow
	Plans []planRow
	// Alarms are the gravest of those that are open; of those who run the post alone.
	Alarms     []alarmRow
	MoreAlarms int
	SeesAlarms bool
	Scope      string // of what accounts the numbers are
}

// matrixRow is a part of a letter's way: how many go on by themselves, wait for a person, or have met a fault.
type matrixRow struct {
	Name, What          string
	Going, Waits, Wrong cell
}

// cell is a number that may lead to what it counts.
type cell struct {
	N    int
	Path string
}

type countRow struct {
	page.Tag
	cell
}

// planRow is a schedule: its last run and its next.
type planRow struct {
	Name    string
	Planned time.Time // of the last run; zero: none
	Began   time.Time
	Ended   time.Time
	State   page.Tag
	Summary string
	Next    time.Time
	Late    string // how much the last run was late, or is under way; empty: neither
}

// front is the front page: the overview, or for those who may not see it the first page that they may.
func front(v *visit) error {
	if v.scope = v.may(access.See); !v.scope.Empty() {
		return overview(v)
	}
	for _, g := range v.menu() {
		for _, it := range g.Items {
			if it.Path != "/" {
				return v.redirect(it.Path)
			}
		}
	}
	return errForbidden
}

// waiting are the statuses of letters that are on their way, and not on paper.
var waiting = []shipment.Status{shipment.StatusAkseptert, shipment.StatusKlarForMottak, shipment.StatusVarslet, shipment.StatusSendtSDP}

// ended are the statuses in which nothing more happens, as the overview lists them.
var ended = []shipment.Status{
	shipment.StatusPrintet, shipment.StatusLest, shipment.StatusLevertSDP, shipment.StatusSendtDigitalt, shipment.StatusManueltHandtert,
	shipment.StatusIkkeLevert, shipment.StatusAvvist, shipment.StatusSlettet,
}

// underWay are the states of jobs that are not at their end.
var underWay = []store.JobState{
	store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobUncertain, store.JobOffered, store.JobAccepted, store.JobRejected,
}

func overview(v *visit) error {
	now := v.Now()
	p := overviewPage{At: now, Scope: v.scopeWords()}
	err := v.view(func(r *scoped.Reader) error {
		counts, err := v.counts.get(v.ctx, v.countAll)
		if err != nil {
			return err
		}
		due, err := r.Due(v.ctx, now)
		if err != nil {
			return err
		}
		jobs, err := r.Jobs(v.ctx, store.JobFilter{States: underWay})
		if err != nil {
			return err
		}
		late := map[string]int{} // letters that should be posted by now, by job
		for _, j := range jobs {
			if j.Reprint || !v.late(j.PrintJob, now) {
				continue
			}
			n, err := r.Awaited(v.ctx, j)
			if err != nil {
				return err
			}
			late[j.ID] = n
		}
		p.Rows, p.Done = v.matrix(counts, due, jobs, late)
		if p.Plans, err = v.plans(r, now); err != nil {
			return err
		}
		if s := v.may(access.Operate); v.scoped.Whole(s) {
			p.SeesAlarms = true
			open, err := r.Alarms(v.ctx, true)
			if err != nil {
				return err
			}
			p.Alarms = alarmRows(slices.DeleteFunc(open, alarm.Alarm.Acknowledged))
			if len(p.Alarms) > shownAlarms {
				p.MoreAlarms = len(p.Alarms) - shownAlarms
				p.Alarms = p.Alarms[:shownAlarms]
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "oversikt", "Oversikt", p)
}

// shownAlarms is how many alarms the overview shows.
const shownAlarms = 5

// countAll counts the letters of everybody, for the cache: each takes out what is not theirs.
func (h *handler) countAll(ctx context.Context) (out []store.StatusCount, err error) {
	err = h.scoped.View(ctx, access.Scope{All: true}, func(r *scoped.Reader) error {
		out, err = r.Counts(ctx)
		return err
	})
	return out, err
}

// scopeWords names the accounts that a person sees; empty: all.
func (v *visit) scopeWords() string {
	if v.scope.All {
		return ""
	}
	names := make([]string, len(v.scope.Accounts))
	for i, a := range v.scope.Accounts {
		names[i] = v.accountName(a)
	}
	return strings.Join(names, ", ")
}

// list is the address of a list of letters.
func list(keysAndValues ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		q.Add(keysAndValues[i], keysAndValues[i+1])
	}
	return "/forsendelser?" + q.Encode()
}

// matrix counts letters along their way.
func (v *visit) matrix(counts []store.StatusCount, due []store.OverdueCount, jobs []scoped.Job, late map[string]int) ([]matrixRow, []countRow) {
	received := matrixRow{Name: "Mottas", What: "Kontrolleres og klargjøres"}
	digital := matrixRow{Name: "Hos mottakeren", What: "Venter på å bli lest, eller på at fristen går ut"}
	ready := matrixRow{Name: "Klar for utskrift", What: "Blir med i neste kjøring"}
	packed := matrixRow{Name: "I utskriftsjobb", What: "Settes sammen og leveres til trykkeriet"}
	atVendor := matrixRow{Name: "Hos trykkeriet", What: "Trykkes og postlegges"}
	ends := map[shipment.Status]int{}
	for _, c := range counts {
		if !v.scope.Has(c.Account) {
			continue
		}
		switch {
		case c.Status == shipment.StatusMottatt && c.Hold != "":
			received.Waits.N += c.Count
		case c.Status == shipment.StatusMottatt:
			received.Going.N += c.Count
		case c.Status == shipment.StatusFeiletUnderMotta:
			received.Wrong.N += c.Count
		case slices.Contains(waiting, c.Status) && c.Hold == shipment.HoldRejected:
			ready.Wrong.N += c.Count
		case slices.Contains(waiting, c.Status) && c.Hold != "":
			ready.Waits.N += c.Count
		case slices.Contains(waiting, c.Status):
			digital.Going.N += c.Count
		case c.Status == shipment.StatusSendtPrint:
			atVendor.Going.N += c.Count
		default:
			ends[c.Status] += c.Count
		}
	}
	for _, d := range due {
		if v.scope.Has(d.Account) {
			ready.Going.N += d.Count
			digital.Going.N -= d.Count
		}
	}
	for _, j := range jobs {
		switch {
		case j.Reprint: // its letters are counted where they are
		case j.State == store.JobUncertain:
			packed.Wrong.N += j.Own
			digital.Going.N -= j.Own
		case slices.Contains([]store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted}, j.State):
			digital.Going.N -= j.Own
			if v.Engine.WaitsForPerson(j.PrintJob) {
				packed.Waits.N += j.Own
			} else {
				packed.Going.N += j.Own
			}
		default:
			atVendor.Wrong.N += late[j.ID]
			atVendor.Going.N -= late[j.ID]
		}
	}
	// Jobs may hold letters that were read or stopped since: a number below nothing is none.
	digital.Going.N, atVendor.Going.N = max(digital.Going.N, 0), max(atVendor.Going.N, 0)
	received.Going.Path, received.Waits.Path = list("status", string(shipment.StatusMottatt)), list("status", string(shipment.StatusMottatt), "satt_til_side", "alle")
	received.Wrong.Path = list("status", string(shipment.StatusFeiletUnderMotta))
	digital.Going.Path = list("status", statusUnderWay)
	ready.Going.Path = list("status", statusReady)
	ready.Waits.Path = list("satt_til_side", "alle")
	ready.Wrong.Path = list("satt_til_side", shipment.HoldRejected)
	atVendor.Going.Path = list("status", string(shipment.StatusSendtPrint))
	if !v.may(access.Operate).Empty() {
		packed.Going.Path, packed.Wrong.Path = "/jobber?vis=underveis", "/jobber?vis=feil"
		packed.Waits.Path, atVendor.Wrong.Path = "/jobber?vis=underveis", "/jobber?vis=feil"
	}
	var done []countRow
	for _, s := range ended {
		if n := ends[s]; n > 0 {
			done = append(done, countRow{page.StatusOf(s).Tag, cell{n, list("status", string(s))}})
		}
	}
	return []matrixRow{received, digital, ready, packed, atVendor}, done
}

// late reports whether a job should have been answered, or receipted, by now.
func (h *handler) late(j store.PrintJob, now time.Time) bool {
	vendor, ok := h.vendors[j.Vendor]
	if !ok || vendor.Manual {
		return false
	}
	switch j.State {
	case store.JobOffered:
		return now.After(vendor.AnswerDue(j.OfferedAt))
	case store.JobAccepted:
		return now.After(vendor.ReceiptDue(j.Updated))
	default:
		return false
	}
}

// scheduleNames are how pages name schedules.
var scheduleNames = map[string]string{"night": "Nattkjøring", "receipts": "Hente kvitteringer", "report": "Månedsrapport", "night-by-hand": "Nattkjøring startet for hånd"}

func scheduleName(key string) string {
	if n, ok := scheduleNames[key]; ok {
		return n
	}
	return key
}

var slotWords = map[store.SlotState]page.Tag{
	store.SlotRunning: {Text: "Pågår", Color: "info"}, store.SlotDone: {Text: "Ferdig", Color: "success"}, store.SlotFailed: {Text: "Feilet", Color: "danger"}, store.SlotSkipped: {Text: "Hoppet over", Color: "neutral"},
}

// plans are the schedules with their last runs.
func (v *visit) plans(r *scoped.Reader, now time.Time) ([]planRow, error) {
	var out []planRow
	for _, s := range v.Schedules {
		slots, err := r.Slots(v.ctx, s.Name, 1)
		if err != nil {
			return nil, err
		}
		p := planRow{Name: scheduleName(s.Name), Next: s.Next(now), State: page.Tag{Text: "Ikke kjørt ennå", Color: "neutral"}}
		if len(slots) > 0 {
			p.fill(slots[0], now)
		}
		out = append(out, p)
	}
	return out, nil
}

// fill sets what is known of a run.
func (p *planRow) fill(s store.Slot, now time.Time) {
	p.Planned, p.Began, p.Ended, p.State, p.Summary = s.At, s.Started, s.Finished, slotWords[s.State], s.Summary
	switch {
	case s.State == store.SlotRunning:
		p.Late = "har pågått i " + page.Span(now.Sub(s.Started))
	case !s.Started.IsZero() && s.Started.Sub(s.At) > 5*time.Minute:
		p.Late = page.Span(s.Started.Sub(s.At)) + " etter planen"
	}
}

// alarmRow is an alarm as pages show it.
type alarmRow struct {
	Key, Text    string
	Severity     page.Tag
	Raised, Last time.Time
	Count        int
	Over         time.Time
	Acked        time.Time
	AckReason    string
	Subject      page.Link // what it is about
	Critical     bool
	Ack          string // address where one says to know of it; empty: it is over, or known
}

var severityWords = map[alarm.Severity]page.Tag{
	alarm.SeverityCritical: {Text: "Kritisk", Color: "danger"}, alarm.SeverityMajor: {Text: "Alvorlig", Color: "warning"}, alarm.SeverityMinor: {Text: "Se på dette", Color: "neutral"},
}

func alarmRows(found []alarm.Alarm) []alarmRow {
	alarm.Sort(found)
	out := make([]alarmRow, len(found))
	for i, a := range found {
		grave := alarm.SeverityOf(a.Key)
		out[i] = alarmRow{
			Key: a.Key, Text: page.Sentence(words.Alarm(a.Key, a.Args, words.Norwegian)), Severity: severityWords[grave], Raised: a.Raised, Last: a.Last, Count: a.Count,
			Over: a.Resolved, Acked: a.AckedAt, AckReason: a.AckReason, Critical: grave == alarm.SeverityCritical,
		}
		if a.Resolved.IsZero() && !a.Acknowledged() {
			out[i].Ack = ackPath(a.Key)
		}
		_, about, _ := strings.Cut(a.Key, ":")
		switch {
		case shipmentForm.MatchString(about):
			out[i].Subject = page.Link{Text: "Åpne brevet", Path: "/forsendelser/" + about}
		case jobForm.MatchString(about):
			out[i].Subject = page.Link{Text: "Åpne jobb " + about, Path: "/jobber/" + about}
		case alarm.KindOf(a.Key) == "overdue":
			out[i].Subject = page.Link{Text: "Se forsendelsene", Path: list("konto", about, "status", statusReady)}
		case alarm.KindOf(a.Key) == "unhandled":
			account, status, _ := strings.Cut(about, ":")
			out[i].Subject = page.Link{Text: "Se forsendelsene", Path: list("konto", account, "status", status)}
		}
	}
	return out
}
