package invoices

import (
	"testing"

	"postgang/engine/shipment"
)

// TestIsGone: what was settled here is known, also by what earlier versions kept, and no person's decision is taken for it.
func TestIsGone(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]bool{
		shipment.Note{Code: gone}.String():                          true,
		"faktura og kvitteringer har ikke lenger denne forskjellen": true,
		"avklart med trykkeriet":                                    false,
		shipment.Note{Code: "difference-back"}.String():             false,
		"": false,
	} {
		if isGone(reason) != want {
			t.Errorf("%q: %v", reason, !want)
		}
	}
}
