package operation

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postgang/engine/alarm"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// alarmsPage is what needs a person.
type alarmsPage struct {
	Open  []alarmRow
	Known []alarmRow // open, and somebody has said that they know
	Over  []alarmRow // of the last week
}

// recentAlarms is how long an alarm that is over is shown.
const recentAlarms = 7 * 24 * time.Hour

func alarms(v *request) error {
	var all []alarm.Alarm
	err := v.View(func(r *scoped.Reader) (err error) {
		all, err = r.Alarms(v.Ctx, false)
		return err
	})
	if err != nil {
		return err
	}
	p := alarmsPage{}
	for _, row := range v.alarmRows(all) {
		switch {
		case row.Over.IsZero() && row.Acked.IsZero():
			p.Open = append(p.Open, row)
		case row.Over.IsZero():
			p.Known = append(p.Known, row)
		case v.Now().Sub(row.Over) <= recentAlarms:
			p.Over = append(p.Over, row)
		}
	}
	return v.Show(http.StatusOK, "varsler", "Varsler", p)
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
	Steps        []page.Link // where something can be done about it
	Critical     bool
	Ack          string // address where one says to know of it; empty: it is over, or known
}

var severityWords = map[alarm.Severity]page.Tag{
	alarm.SeverityCritical: {Text: "Kritisk", Color: "danger"}, alarm.SeverityMajor: {Text: "Alvorlig", Color: "warning"}, alarm.SeverityMinor: {Text: "Se på dette", Color: "neutral"},
}

func (v *request) alarmRows(found []alarm.Alarm) []alarmRow {
	alarm.Sort(found)
	out := make([]alarmRow, len(found))
	for i, a := range found {
		grave := alarm.SeverityOf(a.Key)
		out[i] = alarmRow{
			Key: a.Key, Text: strings.TrimRight(page.Sentence(words.Alarm(a.Key, v.shown(a.Args), words.Norwegian)), ".") + ".", Severity: severityWords[grave], Raised: a.Raised, Last: a.Last, Count: a.Count,
			Over: a.Resolved, Acked: a.AckedAt, AckReason: a.AckReason, Critical: grave == alarm.SeverityCritical,
		}
		if a.Resolved.IsZero() {
			out[i].Steps = v.remediesOf(a)
			if !a.Acknowledged() {
				out[i].Ack = ackPath(a.Key)
			}
		}
	}
	return out
}

// shown are the arguments of an alarm with accounts, vendors and codes as pages name them.
func (v *request) shown(args alarm.Args) alarm.Args {
	out := maps.Clone(args)
	for name, value := range args {
		switch name[strings.LastIndex(name, ".")+1:] { // those of the second thing that is said have "2." in front
		case "account":
			out[name] = v.AccountName(value)
		case "vendor":
			out[name] = v.VendorName(value)
		case "status":
			out[name] = "«" + page.StatusOf(shipment.Status(value)).Text + "»"
		case "state":
			out[name] = "«" + page.StateOf(store.JobState(value)).Text + "»"
		case "code":
			first, width := utf8.DecodeRuneInString(page.HoldOf(value))
			out[name] = string(unicode.ToLower(first)) + page.HoldOf(value)[width:]
		}
	}
	return out
}

func ackPath(key string) string { return "/varsler/kjent?" + url.Values{"varsel": {key}}.Encode() }

// alarmPage asks about an alarm by its key; store.ErrNotFound when none is open.
func (v *request) alarmPage(key string) (p visit.Question, err error) {
	p = visit.Question{Title: "Varselet er kjent", Action: "/varsler/kjent", Button: "Merk som kjent", Key: key, Reason: true, Back: "/varsler"}
	err = v.View(func(r *scoped.Reader) error {
		open, err := r.Alarms(v.Ctx, true)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(open, func(a alarm.Alarm) bool { return a.Key == key })
		if at < 0 {
			return fmt.Errorf("alarm: %w", store.ErrNotFound)
		}
		row := v.alarmRows(open[at : at+1])[0]
		p.Text = row.Text
		p.Warning = "Varselet blir stående til årsaken er borte, men sendes ikke ut flere ganger."
		return nil
	})
	return p, err
}

func askAck(v *request) error {
	p, err := v.alarmPage(v.R.URL.Query().Get("varsel"))
	if err != nil {
		return err
	}
	return v.Ask(p)
}

func ack(v *request) error {
	p, err := v.alarmPage(v.R.PostFormValue("varsel"))
	if err != nil {
		return err
	}
	if p.Written, p.Wrong = v.Reason(); p.Wrong != "" {
		return v.Ask(p)
	}
	if err := v.Archive.InTx(v.Ctx, func(tx store.Tx) error { return tx.AckAlarm(v.Ctx, p.Key, p.Written) }); err != nil {
		return err
	}
	return v.Redirect(p.Back)
}
