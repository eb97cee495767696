package console

import (
	"testing"
	"time"

	"postgang/engine/console/scoped"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

func everyWord(t *testing.T) {
	t.Helper()
	for _, s := range shipment.Statuses() {
		if statusWords[s].Text == "" || statusWords[s].Means == "" {
			t.Errorf("status %s has no words", s)
		}
	}
	for _, s := range store.JobStates() {
		if stateWords[s].Text == "" || stateWords[s].Means == "" {
			t.Errorf("state %s has no words", s)
		}
	}
}

// TestDeadlineIsCountedDayByDay: the days add up to what the rule asks for, and end where it does.
func TestDeadlineIsCountedDayByDay(t *testing.T) {
	t.Parallel()
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	l := scoped.Letter{Shipment: shipment.Shipment{NotifiedAt: time.Date(2026, 11, 27, 14, 0, 0, 0, oslo)}}
	var p letterPage
	p.countDeadline(l, shipment.DefaultRules())
	want := []deadlineDay{
		{"fredag 27.11.2026", "10 timer", ""}, {"lørdag 28.11.2026", "", "helg"}, {"søndag 29.11.2026", "", "helg"},
		{"mandag 30.11.2026", "24 timer", ""}, {"tirsdag 01.12.2026", "6 timer", ""},
	}
	if len(p.Deadline) != len(want) {
		t.Fatalf("days %v", p.Deadline)
	}
	for i := range want {
		if p.Deadline[i] != want[i] {
			t.Errorf("day %d: %v, want %v", i, p.Deadline[i], want[i])
		}
	}
	if clock(p.DeadlineAt) != "01.12.2026 kl. 06.00" {
		t.Errorf("deadline %s", clock(p.DeadlineAt))
	}
	rules := shipment.DefaultRules()
	rules.DeadlineWorkdays = 2
	p = letterPage{}
	p.countDeadline(l, rules)
	if p.Deadline[0].Why != "varslingsdagen" || p.Deadline[len(p.Deadline)-1].Counts != "1 virkedag" {
		t.Errorf("days %v", p.Deadline)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u00a0000", -1234567: "\u22121\u00a0234\u00a0567"} {
		if got := number(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 minutter", time.Minute: "1 minutt", 90 * time.Minute: "1 time og 30 minutter", 49 * time.Hour: "2 dager og 1 time", 24*time.Hour + time.Minute: "1 dag"} {
		if got := span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for s, want := range map[string]string{"=1+1": "'=1+1", "": "", "0412": "0412"} {
		if got := cellText(s); got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
}
