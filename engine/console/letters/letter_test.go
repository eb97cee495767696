package letters

import (
	"testing"
	"time"

	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/shipment"
)

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
	if page.Clock(p.DeadlineAt) != "01.12.2026 kl. 06.00" {
		t.Errorf("deadline %s", page.Clock(p.DeadlineAt))
	}
	rules := shipment.DefaultRules()
	rules.DeadlineWorkdays = 2
	p = letterPage{}
	p.countDeadline(l, rules)
	if p.Deadline[0].Why != "varslingsdagen" || p.Deadline[len(p.Deadline)-1].Counts != "1 virkedag" {
		t.Errorf("days %v", p.Deadline)
	}
}
