// Package morning is what whoever runs the post reads first in the morning: what came since the last time, what was sent and answered, what
// it cost, what waits for a person, and what usually comes and did not. It is told in Norwegian, without personal data.
package morning

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"postgang/billing/money"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/forecast"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/tally"
	"postgang/engine/words"
)

// Report is what is told of a time [From, To), and of how things stand at its end.
type Report struct {
	From, To time.Time
	Came     []tally.Letters // what was handed in, counted together
	Runs     []store.Slot    // planned runs and runs by hand that began in that time, by their beginnings
	Offered  []store.PrintJob
	Booked   int       // lines of receipts and invoices for letters
	Net      money.Ore // of what was booked, net
	Held     map[string]int
	Overdue  []store.OverdueCount
	Missing  []forecast.Missing
	Alarms   []alarm.Alarm // open, the gravest first
	Next     time.Time     // the next night; zero: none is planned
	Due      int           // letters that it would take, if nobody reads one until then
}

// Names are how accounts, vendors, runs and reasons for setting letters aside are called.
type Names struct {
	Account, Vendor, Run, Held func(key string) string
}

// Section is a part of the report.
type Section struct {
	Title string `json:"title"`
	Lines []Line `json:"lines"`
}

// Line is a line of it.
type Line struct {
	Text string `json:"text"`
	// Path is the console's page on which something can be done about it; empty: none.
	Path string `json:"path,omitempty"`
	// Grave: a person must look now.
	Grave bool `json:"grave,omitempty"`
}

// Sections tell the report.
func (r Report) Sections(n Names) []Section {
	out := []Section{
		{"Må ses på", r.alarms(n)},
		{"Levert inn", r.came(n)},
		{"Kjøringer", r.runs(n)},
		{"Sendt til utskrift", r.offered(n)},
		{"Bokført", r.booked()},
		{"Venter", r.waiting(n)},
	}
	if len(r.Missing) > 0 {
		out = append(out, Section{"Pleier å komme, men har ikke kommet", r.missing(n)})
	}
	return append(out, Section{"Neste nattkjøring", r.next()})
}

// Text tells it as plain text.
func (r Report) Text(n Names) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Fra %s til %s.\n", clock(r.From), clock(r.To))
	for _, s := range r.Sections(n) {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(s.Title))
		for _, l := range s.Lines {
			fmt.Fprintf(&b, "- %s\n", l.Text)
		}
	}
	return b.String()
}

// Subject is the report in a few words.
func (r Report) Subject() string {
	open := alarm.Unacknowledged(r.Alarms)
	switch open {
	case 0:
		return "Postgang: ingenting må ses på"
	case 1:
		return "Postgang: ett varsel må ses på"
	}
	return fmt.Sprintf("Postgang: %d varsler må ses på", open)
}

func clock(t time.Time) string { return t.In(calendar.Oslo).Format("02.01.2006 15:04") }

// count is a number with the word for it.
func count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

func (r Report) alarms(n Names) []Line {
	var out []Line
	known := 0
	for _, a := range r.Alarms {
		if a.Acknowledged() {
			known++
			continue
		}
		args := maps.Clone(a.Args)
		for name, call := range map[string]func(string) string{"account": n.Account, "vendor": n.Vendor} {
			if v := args[name]; v != "" {
				args[name] = call(v)
			}
		}
		text := words.Alarm(a.Key, args, words.Norwegian)
		out = append(out, Line{Text: sentence(text), Path: "/varsler", Grave: true})
	}
	if known > 0 {
		out = append(out, Line{Text: count(known, "varsel til er åpent, og noen har sagt at de vet om det.", "varsler til er åpne, og noen har sagt at de vet om dem."), Path: "/varsler"})
	}
	if len(out) == 0 {
		out = append(out, Line{Text: "Ingenting."})
	}
	return out
}

func sentence(s string) string {
	_, first := utf8.DecodeRuneInString(s)
	return strings.TrimRight(strings.ToUpper(s[:first])+s[first:], ".") + "."
}

// ofAccount is what was handed in of an account.
type ofAccount struct{ all, refused, undecided int }

func (r Report) came(n Names) []Line {
	by := map[string]ofAccount{}
	for _, l := range r.Came {
		a := by[l.Account]
		a.all += l.N
		switch l.Status {
		case shipment.StatusAvvist, shipment.StatusFeiletUnderMotta:
			a.refused += l.N
		case shipment.StatusMottatt:
			a.undecided += l.N
		default:
		}
		by[l.Account] = a
	}
	if len(by) == 0 {
		return []Line{{Text: "Ingen brev."}}
	}
	var out []Line
	for _, key := range slices.Sorted(maps.Keys(by)) {
		a := by[key]
		text := n.Account(key) + ": " + fmt.Sprintf("%d brev", a.all)
		if a.refused > 0 {
			text += fmt.Sprintf(", %d av dem avvist", a.refused)
		}
		if a.undecided > 0 {
			text += fmt.Sprintf(", %d ikke ferdig behandlet", a.undecided)
		}
		out = append(out, Line{Text: text + ".", Path: "/forsendelser?konto=" + key})
	}
	return out
}

func (r Report) runs(n Names) []Line {
	if len(r.Runs) == 0 {
		return []Line{{Text: "Ingenting er kjørt."}}
	}
	var out []Line
	for _, s := range r.Runs {
		l := Line{Path: "/kjoringer"}
		at := n.Run(s.Schedule) + " " + clock(s.At)
		switch s.State {
		case store.SlotDone:
			l.Text = at + ": " + words.Why(s.Summary, words.Norwegian) + "."
		case store.SlotFailed:
			l.Text, l.Grave = at+" feilet: "+words.Why(s.Summary, words.Norwegian)+".", true
		case store.SlotSkipped:
			l.Text = at + " ble hoppet over."
		case store.SlotRunning:
			l.Text = at + " pågår."
		}
		out = append(out, l)
	}
	return out
}

// ofVendor is what was offered to a vendor.
type ofVendor struct{ jobs, letters, accepted, rejected, waiting int }

func (r Report) offered(n Names) []Line {
	by := map[string]ofVendor{}
	for _, j := range r.Offered {
		v := by[j.Vendor]
		v.jobs++
		v.letters += j.Letters
		switch j.State {
		case store.JobAccepted, store.JobClosed:
			v.accepted++
		case store.JobRejected:
			v.rejected++
		default:
			v.waiting++
		}
		by[j.Vendor] = v
	}
	if len(by) == 0 {
		return []Line{{Text: "Ingen jobber."}}
	}
	var out []Line
	for _, key := range slices.Sorted(maps.Keys(by)) {
		v := by[key]
		said := []string{fmt.Sprintf("%d godtatt", v.accepted)}
		if v.waiting > 0 {
			said = append(said, fmt.Sprintf("%d venter på svar", v.waiting))
		}
		if v.rejected > 0 {
			said = append(said, fmt.Sprintf("%d avvist", v.rejected))
		}
		out = append(out, Line{
			Text: fmt.Sprintf("%s: %s med %d brev; %s.", n.Vendor(key), count(v.jobs, "jobb", "jobber"), v.letters, strings.Join(said, ", ")), Path: "/jobber", Grave: v.rejected > 0,
		})
	}
	return out
}

func (r Report) booked() []Line {
	if r.Booked == 0 && r.Net == 0 {
		return []Line{{Text: "Ingenting."}}
	}
	return []Line{{Text: fmt.Sprintf("%d brev, kr %s netto.", r.Booked, r.Net), Path: "/okonomi"}}
}

func (r Report) waiting(n Names) []Line {
	var out []Line
	for _, code := range slices.SortedFunc(maps.Keys(r.Held), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Held[b], r.Held[a]), cmp.Compare(a, b))
	}) {
		out = append(out, Line{Text: fmt.Sprintf("%d brev er satt til side: %s.", r.Held[code], n.Held(code)), Path: "/forsendelser?satt_til_side=" + code})
	}
	for _, o := range r.Overdue {
		out = append(out, Line{Text: fmt.Sprintf("%s: %d brev skulle ha gått på papir, det eldste siden %s.", n.Account(o.Account), o.Count, clock(o.Oldest)), Path: "/forsendelser?status=klar&konto=" + o.Account, Grave: true})
	}
	if len(out) == 0 {
		out = append(out, Line{Text: "Ingen brev venter på noen."})
	}
	return out
}

func (r Report) missing(n Names) []Line {
	var out []Line
	for _, m := range r.Missing {
		when := "innen " + clock(m.By)
		if m.Kind == forecast.Monthly {
			when = "innen " + m.Last.Start().In(calendar.Oslo).Format("02.01.2006")
		}
		text := fmt.Sprintf("%s: rundt %d brev var ventet %s", n.Account(m.Account), m.About(), when)
		if m.Came > 0 {
			text += fmt.Sprintf("; %d har kommet", m.Came)
		}
		out = append(out, Line{Text: text + ".", Path: "/forsendelser?konto=" + m.Account})
	}
	return out
}

func (r Report) next() []Line {
	if r.Next.IsZero() {
		return []Line{{Text: "Ingen er planlagt."}}
	}
	return []Line{{Text: fmt.Sprintf("%s: vil ta %d brev, om ingen blir lest før den tid.", clock(r.Next), r.Due), Path: "/"}}
}
