// Package accept takes hand-ins and digital events, makes and renews the print-ready file of a letter, and says what a letter weighs
// and costs.
package accept

import (
	"postgang/engine/step"
	"postgang/engine/together"
)

// Acceptor takes hand-ins and events.
type Acceptor struct {
	*step.Step
	making  chan struct{} // a place for each letter whose file is made
	scratch *step.Shared

	handIns   *together.Lookup[handIn, lookedUp]
	undecided *together.Lookup[string, *undecided]

	told counted
}

// New makes the room of those that it stands on.
func New(s *step.Step) *Acceptor {
	e := &Acceptor{Step: s, making: make(chan struct{}, s.PrepareAtOnce), scratch: s.NewShared("prepare"), told: counted{left: map[string]int{}}}
	e.handIns, e.undecided = together.NewLookup(e.lookUp), together.NewLookup(e.look)
	return e
}
