// Package restored finds out that the archive is an old copy, put back from a backup, and stops all offers then: by the fence, and by
// what the vendor's side shows under job ids of ours. engine/recovery is the way out.
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
