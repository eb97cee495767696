// Package change is what people do about money, alarms and runs, as the log of changes keeps it: of what, and how it was before and after.
// engine/words says it.
package change

import (
	"encoding/json"

	"postgang/engine/access"
	"postgang/engine/identity"
)

// Kind is the first part of a change's subject, with the stroke; what follows tells which one.
type Kind string

// The kinds. They stand in the archive: never rename one.
const (
	Codes       Kind = "koderegister/"   // there is one
	ReceiptFile Kind = "kvitteringsfil/" // SHA-256
	Receipt     Kind = "kvittering/"     // id of the one in conflict
	Invoice     Kind = "faktura/"        // id
	Deviations  Kind = "avvik/"          // vendor
	Month       Kind = "maned/"          // 2026-10
	Alarm       Kind = "varsel/"         // key
	Run         Kind = "kjoring/"        // schedule
)

// Reasons where nobody is asked for one. They stand in the archive, as reasons that people write do.
const (
	Read   = "read in from a file"
	Typed  = "typed in"
	ByHand = "begun by hand"
)

// Facts are what is known of a subject, by name. Amounts are øre.
type Facts map[string]string

// state is the facts as JSON, the same facts always in the same bytes, without fødselsnummer; empty of nil.
func (f Facts) state() string {
	if f == nil {
		return ""
	}
	masked := make(map[string]string, len(f))
	for name, value := range f {
		masked[identity.MaskNationalIDs(name)] = identity.MaskNationalIDs(value)
	}
	b, _ := json.Marshal(masked) // texts can be written
	return string(b)
}

// Of is a row for the log: the archive adds who and when. before is nil of what was not there.
func Of(k Kind, which string, before, after Facts, reason string) access.Change {
	return access.Change{Subject: string(k) + which, Before: before.state(), After: after.state(), Reason: reason}
}
