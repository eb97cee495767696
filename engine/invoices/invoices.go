// Package invoices holds the vendor's invoices against what is booked, books their shares to konteringskoder, and says what the vendor
// bills beyond letters.
package invoices

import (
	"postgang/engine/step"
)

// Invoices takes and books invoices.
type Invoices struct {
	*step.Step
}

// New makes the room of those that it stands on.
func New(s *step.Step) *Invoices {
	return &Invoices{Step: s}
}
