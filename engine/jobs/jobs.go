// Package jobs carries a print job from planned to answered: compose, offer, last gate, hand-over, answers; and what people do to jobs:
// withdraw, reprint, print by hand, preview.
package jobs

import (
	"postgang/engine/accept"
	"postgang/engine/collect"
	"postgang/engine/restored"
	"postgang/engine/step"
)

// Jobs carries print jobs.
type Jobs struct {
	*step.Step
	restored *restored.Check
	accept   *accept.Acceptor
	collect  *collect.Collector
}

// New makes the room of those that it stands on.
func New(s *step.Step, check *restored.Check, acceptor *accept.Acceptor, collector *collect.Collector) *Jobs {
	return &Jobs{Step: s, restored: check, accept: acceptor, collect: collector}
}
