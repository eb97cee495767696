// Package store holds the ports of the engine and the rows that go through them: the archive, the documents, the fence, and the types
// of jobs, receipts, ledger, slots and alarms. engine/archive implements them; the rooms of the engine use them.
package store

import (
	"postgang/engine/shipment"
	"postgang/printjobs/cover"
)

// Account (konto, avsender) is a sending unit with its cover, rules and vendor.
type Account struct {
	Key    string // lower case, digits and hyphens; names its drop folder
	Name   string // as shown in reports
	Sender cover.Sender
	Rules  shipment.Rules
	Vendor string // vendor key
}
