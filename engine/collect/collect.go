// Package collect finds the letters that are due, keeps back what is over the caps of the cost guard, and plans the rest into print
// jobs.
package collect

import (
	"context"

	"postgang/engine/accept"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
)

// Collector plans what is due into jobs.
type Collector struct {
	*step.Step
	restored *restored.Check
	accept   *accept.Acceptor
	channels Channels
	guard    Guard
}

// Channels are the digital channels, as far as collecting asks them.
type Channels interface {
	// Unheard names, of letters, those that are due and may have been read without our knowing, with the channel that
	// has not answered since they were due.
	Unheard(ctx context.Context, letters []shipment.Shipment) (map[string]string, error)
}

// New makes the room of those that it stands on.
func New(s *step.Step, check *restored.Check, acceptor *accept.Acceptor, channels Channels, guard Guard) *Collector {
	return &Collector{Step: s, restored: check, accept: acceptor, channels: channels, guard: guard}
}
