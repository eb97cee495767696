// Package accept takes hand-ins and digital events, makes and renews the print-ready file of a letter, and says what a letter weighs
// and costs.
package accept

import (
	"postgang/engine/step"
)

// Acceptor takes hand-ins and events.
type Acceptor struct {
	*step.Step
	making  chan struct{} // a place for each letter whose file is made
	scratch *step.Shared
}

// New makes the room of those that it stands on.
func New(s *step.Step) *Acceptor {
	return &Acceptor{Step: s, making: make(chan struct{}, s.PrepareAtOnce), scratch: s.NewShared("prepare")}
}
