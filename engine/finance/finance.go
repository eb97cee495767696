// Package finance gives the figures of a period: report, advice, accruals, budgets, export of the ledger, and the closing of months.
package finance

import (
	"postgang/engine/accept"
	"postgang/engine/invoices"
	"postgang/engine/step"
)

// Finance reports and closes.
type Finance struct {
	*step.Step
	accept   *accept.Acceptor
	invoices *invoices.Invoices
}

// New makes the room of those that it stands on.
func New(s *step.Step, acceptor *accept.Acceptor, i *invoices.Invoices) *Finance {
	return &Finance{Step: s, accept: acceptor, invoices: i}
}
