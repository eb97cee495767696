package words

import (
	"testing"

	"postgang/engine/shipment"
)

// TestEveryStatusHasWords: a sender reads no code where a status was reached, and a kind that came later is shown as it is.
func TestEveryStatusHasWords(t *testing.T) {
	for _, s := range shipment.Statuses() {
		e := shipment.Event{Kind: shipment.EventStatus, To: s}
		for _, lang := range []Language{English, Norwegian} {
			if got := Event(e, lang); got == "" || got == "STATUS "+string(s) {
				t.Errorf("%s in %v: %q", s, lang, got)
			}
		}
	}
	if got := Event(shipment.Event{Kind: "NYTT"}, Norwegian); got != "NYTT" {
		t.Errorf("unknown kind: %q", got)
	}
}
