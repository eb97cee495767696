// Package recovery brings an archive that is an old copy to what the vendor has: it looks at every job under an id of ours, records
// what is found there, and sets aside what nobody can be sure of.
package recovery

import (
	"postgang/engine/accept"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/receipts"
	"postgang/engine/restored"
	"postgang/engine/step"
)

// Recovery is the way out for an archive that was restored.
type Recovery struct {
	*step.Step
	restored *restored.Check
	accept   *accept.Acceptor
	jobs     *jobs.Jobs
	receipts *receipts.Receipts
	nights   *nights.Nights
}

// New makes the room of those that it stands on.
func New(s *step.Step, check *restored.Check, acceptor *accept.Acceptor, j *jobs.Jobs, r *receipts.Receipts, n *nights.Nights) *Recovery {
	return &Recovery{Step: s, restored: check, accept: acceptor, jobs: j, receipts: r, nights: n}
}
