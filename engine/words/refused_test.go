package words

import (
	"errors"
	"fmt"
	"testing"

	"postgang/engine/shipment"
)

// TestRefused: what was refused says why in both languages, and is still what it is besides.
func TestRefused(t *testing.T) {
	t.Parallel()
	there := errors.New("already exists")
	err := fmt.Errorf("book invoice: %w", &Refused{Note: shipment.Note{Code: "invoice-adds-up", Args: shipment.Args{"number": "F-1"}}, Err: there})
	if got, want := err.Error(), "book invoice: invoice F-1 is booked, and adds up: already exists"; got != want || !errors.Is(err, there) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, ok := RefusedOf(err, Norwegian); !ok || got != "faktura F-1 er bokført, og stemmer" {
		t.Errorf("%q, %v", got, ok)
	}
	if got, ok := RefusedOf(there, Norwegian); ok || got != "" {
		t.Errorf("another error says %q", got)
	}
}
