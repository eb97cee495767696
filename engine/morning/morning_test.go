package morning

import (
	"strings"
	"testing"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/forecast"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/tally"
)

var names = Names{
	Account: func(key string) string { return strings.ToUpper(key[:1]) + key[1:] }, Vendor: func(string) string { return "Trykkeriet" },
	Run: func(string) string { return "Nattkjøringen" }, Held: func(string) string { return "kostnadsvakten" },
}

func TestMorning(t *testing.T) {
	t.Parallel()
	t0 := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	r := Report{
		From: t0.Add(-24 * time.Hour), To: t0,
		Came: []tally.Letters{
			{Account: "skole", Status: shipment.StatusAkseptert, N: 3}, {Account: "skole", Status: shipment.StatusAvvist, N: 2}, {Account: "skole", Status: shipment.StatusMottatt, N: 1},
			{Account: "helse", Status: shipment.StatusSendtPrint, N: 4},
		},
		Runs: []store.Slot{
			{Schedule: "night", At: t0.Add(-10 * time.Hour), State: store.SlotDone, Summary: shipment.Note{Code: "night-at-work"}.String()},
			{Schedule: "night", At: t0.Add(-9 * time.Hour), State: store.SlotFailed, Summary: "borte"},
		},
		Offered: []store.PrintJob{{Vendor: "t", Letters: 5, State: store.JobAccepted}, {Vendor: "t", Letters: 2, State: store.JobOffered}, {Vendor: "t", Letters: 1, State: store.JobRejected}},
		Booked:  7, Net: 123456,
		Held:    map[string]int{"kostnad": 12},
		Overdue: []store.OverdueCount{{Account: "skole", Count: 2, Oldest: t0.Add(-72 * time.Hour)}},
		Missing: []forecast.Missing{{Usual: forecast.Usual{Account: "helse", Kind: forecast.Weekly, Letters: 240, By: t0}, Came: 3}},
		Alarms:  []alarm.Alarm{{Key: "disk:documents", Args: alarm.Args{"mb": "2048"}}, {Key: "held:x", AckedAt: t0}},
		Next:    t0.Add(15 * time.Hour), Due: 8,
	}
	text := r.Text(names)
	for _, want := range []string{
		"Fra 29.11.2026 07:00 til 30.11.2026 07:00.",
		"- Det er mindre enn 2048 MB ledig der dokumentene ligger.", "- 1 varsel til er åpent, og noen har sagt at de vet om det.",
		"- Helse: 4 brev.", "- Skole: 6 brev, 2 av dem avvist, 1 ikke ferdig behandlet.",
		"- Nattkjøringen 29.11.2026 21:00: en annen nattkjøring var i gang.", "- Nattkjøringen 29.11.2026 22:00 feilet: borte.",
		"- Trykkeriet: 3 jobber med 8 brev; 1 godtatt, 1 venter på svar, 1 avvist.",
		"- 7 brev, kr 1\u00a0234,56 netto.",
		"- 12 brev er satt til side: kostnadsvakten.", "- Skole: 2 brev skulle ha gått på papir, det eldste siden 27.11.2026 07:00.",
		"- Helse: rundt 240 brev var ventet innen 30.11.2026 07:00; 3 har kommet.",
		"- 30.11.2026 22:00: vil ta 8 brev, om ingen blir lest før den tid.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if s := r.Subject(); s != "Postgang: ett varsel må ses på" {
		t.Error(s)
	}

	// Nothing happened: each section says so.
	empty := Report{From: t0, To: t0}
	for _, s := range empty.Sections(names) {
		if len(s.Lines) != 1 || s.Lines[0].Grave || s.Lines[0].Text == "" {
			t.Errorf("%s of nothing: %+v", s.Title, s.Lines)
		}
	}
	if s := empty.Subject(); s != "Postgang: ingenting må ses på" {
		t.Error(s)
	}
}
