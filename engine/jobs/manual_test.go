package jobs

import (
	"testing"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestCommittedHere: a job that passed the last gate here is known, also by what earlier versions kept of it.
func TestCommittedHere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		to     store.JobState
		reason string
		want   bool
	}{
		{store.JobCommitted, shipment.Note{Code: printedHere}.String(), true},
		{store.JobCommitted, "printed here", true},
		{store.JobUploaded, "printed here", false},
		{store.JobCommitted, "", false},
		{store.JobCommitted, shipment.Note{Code: "gate"}.String(), false},
	} {
		if got := committedHere(store.JobEvent{To: c.to, Reason: c.reason}); got != c.want {
			t.Errorf("%s %q: %v", c.to, c.reason, got)
		}
	}
}
