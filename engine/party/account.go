// Package party holds who takes part as configured: the accounts (avsendere) that send, and the vendors that print and post.
package party

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
	// AskRegister: organisations are looked up when a letter to them is handed in, see step.Register.
	AskRegister bool
	// Channels are the digital channels and registers that its letters are asked about, by name; none: digital events come from the
	// drop folder alone.
	Channels []string
}
