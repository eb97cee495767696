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
