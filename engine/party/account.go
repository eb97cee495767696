// Package party holds who takes part as configured: the accounts (avsendere) that send, with what was set of them from a day on, and the
// vendors that print and post.
package party

import (
	"postgang/billing/money"
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
	// Notice is what recipients read in Altinn of its letters; nil: it does not send through Altinn.
	Notice *Notice
	// Fixed are the settings that nobody changes but in the configuration file.
	Fixed []Setting
	// Lines are where in the configuration file a setting stands, from 1; what is not there has its default.
	Lines map[Setting]int

	// Logo is the SHA-256 of a logo that a version has set, in place of Sender.Logo; empty: none has, or it has taken the logo away.
	Logo string
	// Cap is what a version has set as the cap on a day's cost, in øre net of VAT, 0: none; nil: what the configuration file says.
	Cap *money.Ore
}
