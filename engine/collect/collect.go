// Package collect finds the letters that are due, keeps back what is over the caps of the cost guard, and plans the rest into print
// jobs.
package collect

import (
	"postgang/engine/accept"
	"postgang/engine/restored"
	"postgang/engine/step"
)

// Collector plans what is due into jobs.
type Collector struct {
	*step.Step
	restored *restored.Check
	accept   *accept.Acceptor
	guard    Guard
}

// New makes the room of those that it stands on.
func New(s *step.Step, check *restored.Check, acceptor *accept.Acceptor, guard Guard) *Collector {
	return &Collector{Step: s, restored: check, accept: acceptor, guard: guard}
}
