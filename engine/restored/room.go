package restored

import (
	"sync"

	"postgang/engine/step"
)

// Check looks whether the archive is an old copy.
type Check struct {
	*step.Step
	sideChecked sync.Map // vendor key → time.Time: when its side was last looked at, see CheckSideNow
}

// New makes the room of those that it stands on.
func New(s *step.Step) *Check {
	return &Check{Step: s}
}
