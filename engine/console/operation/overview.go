package operation

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/nights"
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
	Ahead aheadBox
	// Missing are the accounts whose usual work has not come.
	Missing []missingRow
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
	English bool   // Summary is a text of an earlier version, or of a program that failed
	By      string // who has begun it by hand; empty: Postgang by itself
	Next    time.Time
	Late    string // how much the last run was late, or is under way; empty: neither
}

// ended are the statuses in which nothing more happens, as the overview lists them.
var ended = []shipment.Status{
	shipment.StatusPrintet, shipment.StatusLest, shipment.StatusLevertSDP, shipment.StatusSendtDigitalt, shipment.StatusManueltHandtert,
	shipment.StatusIkkeLevert, shipment.StatusAvvist, shipment.StatusSlettet,
}

// underWay are the states of jobs that are not at their end.
var underWay = []store.JobState{
	store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobUncertain, store.JobOffering, store.JobOffered, store.JobAccepted, store.JobRejected,
}

func overview(v *request) error {
	now := v.Now()
	p := overviewPage{At: now, Scope: v.scopeWords()}
	ahead, err := v.ahead.get(v.Ctx, v.countAhead)
	if err != nil {
		return err
	}
	p.Ahead = v.aheadOf(ahead)
	missing, err := v.missing.get(v.Ctx, v.Engine.MissingWork)
	if err != nil {
		return err
	}
	p.Missing = v.missingWork(missing)
	err = v.View(func(r *scoped.Reader) error {
		counts, err := v.counts.get(v.Ctx, v.countAll)
		if err != nil {
			return err
		}
		due, err := r.Due(v.Ctx, now)
		if err != nil {
			return err
		}
		jobs, err := r.Jobs(v.Ctx, store.JobFilter{States: underWay})
		if err != nil {
			return err
		}
		late := map[string]int{} // letters that should be posted by now, by job
		for _, j := range jobs {
			if j.Reprint || !v.late(j.PrintJob, now) {
				continue
			}
			n, err := r.Awaited(v.Ctx, j)
			if err != nil {
				return err
			}
			late[j.ID] = n
		}
		p.Rows, p.Done = v.matrix(counts, due, jobs, late)
		if p.Plans, err = v.plans(r, now); err != nil {
			return err
		}
		if s := v.May(access.Operate); v.Scoped.Whole(s) {
			p.SeesAlarms = true
			open, err := r.Alarms(v.Ctx, true)
			if err != nil {
				return err
			}
			p.Alarms = v.alarmRows(slices.DeleteFunc(open, alarm.Alarm.Acknowledged))
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
	return v.Show(http.StatusOK, "oversikt", "Oversikt", p)
}

// shownAlarms is how many alarms the overview shows.
const shownAlarms = 5

// countAll counts the letters of everybody, for the cache: each takes out what is not theirs.
func (v *request) countAll(ctx context.Context) (out []store.StatusCount, err error) {
	err = v.Scoped.View(ctx, access.Scope{All: true}, func(r *scoped.Reader) error {
		out, err = r.Counts(ctx)
		return err
	})
	return out, err
}

// scopeWords names the accounts that a person sees; empty: all.
func (v *request) scopeWords() string {
	if v.Scope.All {
		return ""
	}
	names := make([]string, len(v.Scope.Accounts))
	for i, a := range v.Scope.Accounts {
		names[i] = v.AccountName(a)
	}
	return strings.Join(names, ", ")
}

// matrix counts letters along their way.
func (v *request) matrix(counts []store.StatusCount, due []store.OverdueCount, jobs []scoped.Job, late map[string]int) ([]matrixRow, []countRow) {
	received := matrixRow{Name: "Mottas", What: "Kontrolleres og klargjøres"}
	digital := matrixRow{Name: "Hos mottakeren", What: "Venter på å bli lest, eller på at fristen går ut"}
	ready := matrixRow{Name: "Klar for utskrift", What: "Blir med i neste kjøring"}
	packed := matrixRow{Name: "I utskriftsjobb", What: "Settes sammen og leveres til trykkeriet"}
	atVendor := matrixRow{Name: "Hos trykkeriet", What: "Trykkes og postlegges"}
	ends := map[shipment.Status]int{}
	for _, c := range counts {
		if !v.Scope.Has(c.Account) {
			continue
		}
		switch {
		case c.Status == shipment.StatusMottatt && c.Hold != "":
			received.Waits.N += c.Count
		case c.Status == shipment.StatusMottatt:
			received.Going.N += c.Count
		case c.Status == shipment.StatusFeiletUnderMotta:
			received.Wrong.N += c.Count
		case slices.Contains(visit.Waiting(), c.Status) && c.Hold == shipment.HoldRejected:
			ready.Wrong.N += c.Count
		case slices.Contains(visit.Waiting(), c.Status) && c.Hold != "":
			ready.Waits.N += c.Count
		case slices.Contains(visit.Waiting(), c.Status):
			digital.Going.N += c.Count
		case c.Status == shipment.StatusSendtPrint:
			atVendor.Going.N += c.Count
		default:
			ends[c.Status] += c.Count
		}
	}
	for _, d := range due {
		if v.Scope.Has(d.Account) {
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
		case slices.Contains([]store.JobState{store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted}, j.State):
			digital.Going.N -= j.Own
			if v.Engine.WaitsForPerson(j.PrintJob) {
				packed.Waits.N += j.Own
			} else {
				packed.Going.N += j.Own
			}
		case j.State == store.JobOffering: // each letter of it is counted where it stands: marked as sent, or not yet
		default:
			atVendor.Wrong.N += late[j.ID]
			atVendor.Going.N -= late[j.ID]
		}
	}
	// Jobs may hold letters that were read or stopped since: a number below nothing is none.
	digital.Going.N, atVendor.Going.N = max(digital.Going.N, 0), max(atVendor.Going.N, 0)
	received.Going.Path, received.Waits.Path = visit.Letters("status", string(shipment.StatusMottatt)), visit.Letters("status", string(shipment.StatusMottatt), "satt_til_side", "alle")
	received.Wrong.Path = visit.Letters("status", string(shipment.StatusFeiletUnderMotta))
	digital.Going.Path = visit.Letters("status", visit.StatusUnderWay)
	ready.Going.Path = visit.Letters("status", visit.StatusReady)
	ready.Waits.Path = visit.Letters("satt_til_side", "alle")
	ready.Wrong.Path = visit.Letters("satt_til_side", shipment.HoldRejected)
	atVendor.Going.Path = visit.Letters("status", string(shipment.StatusSendtPrint))
	if !v.May(access.Operate).Empty() {
		packed.Going.Path, packed.Wrong.Path = "/jobber?vis=underveis", "/jobber?vis=feil"
		packed.Waits.Path, atVendor.Wrong.Path = "/jobber?vis=underveis", "/jobber?vis=feil"
	}
	var done []countRow
	for _, s := range ended {
		if n := ends[s]; n > 0 {
			done = append(done, countRow{page.StatusOf(s).Tag, cell{n, visit.Letters("status", string(s))}})
		}
	}
	return []matrixRow{received, digital, ready, packed, atVendor}, done
}

// late reports whether a job should have been answered, or receipted, by now.
func (v *request) late(j store.PrintJob, now time.Time) bool {
	vendor, ok := v.Vendor(j.Vendor)
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
var scheduleNames = map[string]string{"night": "Nattkjøring", "receipts": "Hente kvitteringer", "report": "Månedsrapport", nights.ScheduleRetention: "Sletting", nights.ScheduleBackup: "Sikkerhetskopi", nights.ScheduleMorning: "Morgenrapport", nights.ScheduleNightByHand: "Nattkjøring startet for hånd", nights.ScheduleReceiptsByHand: "Hente kvitteringer, startet for hånd"}

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
func (v *request) plans(r *scoped.Reader, now time.Time) ([]planRow, error) {
	var out []planRow
	for _, s := range v.Schedules {
		slots, err := r.Slots(v.Ctx, s.Name, 1)
		if err != nil {
			return nil, err
		}
		p := planRow{Name: scheduleName(s.Name), Next: s.Next(now), State: page.Tag{Text: "Ikke kjørt ennå", Color: "neutral"}}
		if len(slots) > 0 {
			v.fill(&p, slots[0])
		}
		out = append(out, p)
	}
	return out, nil
}

// fill sets what is known of a run.
func (v *request) fill(p *planRow, s store.Slot) {
	now := v.Now()
	p.Planned, p.Began, p.Ended, p.State = s.At, s.Started, s.Finished, slotWords[s.State]
	p.Summary, p.By = page.Sentence(words.Why(s.Summary, words.Norwegian)), v.ByWhom(s.By)
	_, noted := shipment.ReadNote(s.Summary)
	p.English = s.Summary != "" && !noted
	switch {
	case s.State == store.SlotRunning:
		p.Late = "har pågått i " + page.Span(now.Sub(s.Started))
	case !s.Started.IsZero() && s.Started.Sub(s.At) > 5*time.Minute:
		p.Late = page.Span(s.Started.Sub(s.At)) + " etter planen"
	}
}
