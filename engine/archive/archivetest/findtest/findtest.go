// Package findtest is the part of the archive's conformance suite that is about finding shipments.
package findtest

import (
	"testing"

	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Exercise tries all of it. open gives a new, empty archive each time.
func Exercise(t *testing.T, open func(t testing.TB) store.Archive) {
	for name, run := range map[string]func(*archivetest.Suite){
		"lists": lists, "identifiers": identified, "persons": persons, "counts": counted, "arrivals": arrived, "behind": behind,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			t.Cleanup(func() {
				if err := a.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			run(&archivetest.Suite{TB: t, Ctx: t.Context(), Archive: a})
		})
	}
}

func ids(ss []shipment.Shipment) (out []string) {
	for _, s := range ss {
		out = append(out, s.ID)
	}
	return out
}
