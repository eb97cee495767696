// Package receipts fetches and applies receipt files, books what they say, and finds where they differ from what was sent.
package receipts

import (
	"postgang/engine/accept"
	"postgang/engine/invoices"
	"postgang/engine/jobs"
	"postgang/engine/restored"
	"postgang/engine/step"
)

// Receipts books what vendors report.
type Receipts struct {
	*step.Step
	restored *restored.Check
	accept   *accept.Acceptor
	jobs     *jobs.Jobs
	invoices *invoices.Invoices
}

// New makes the room of those that it stands on.
func New(s *step.Step, check *restored.Check, acceptor *accept.Acceptor, j *jobs.Jobs, i *invoices.Invoices) *Receipts {
	return &Receipts{Step: s, restored: check, accept: acceptor, jobs: j, invoices: i}
}
