package page

import (
	"testing"
	"time"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestEveryWordIsThere: each status and state has words of its own.
func TestEveryWordIsThere(t *testing.T) {
	t.Parallel()
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

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u00a0000", -1234567: "\u22121\u00a0234\u00a0567"} {
		if got := Number(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 minutter", time.Minute: "1 minutt", 90 * time.Minute: "1 time og 30 minutter", 49 * time.Hour: "2 dager og 1 time", 24*time.Hour + time.Minute: "1 dag"} {
		if got := Span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
