package shipment

import (
	"encoding/json"
	"regexp"
	"time"
)

// HoldCost is the reason code of letters that a cap of the Guard keeps back until a person approves them.
const HoldCost = "kostnad"

// HoldRejected is the reason code of letters whose job the vendor refused.
const HoldRejected = "trykkeri-avvist"

// HoldWindow is the reason code of letters that were due for longer than the vendor's print window.
const HoldWindow = "utskriftsvindu"

// HoldUnheard is the reason code of letters that are due as unread, and whose channel has not said for days whether they were read.
const HoldUnheard = "kanal-svarer-ikke"

// HoldRestored is the reason code of letters that a vendor may have, by its own word, though the archive has not handed
// them over.
const HoldRestored = "gjenopprettet"

// SetAside is the event of a shipment that is set aside, or lies so from the start; s has the code as its Hold. It keeps code and
// arguments of why; a why that has a text of its own keeps that instead.
func SetAside(s Shipment, at time.Time, why Refusal) Event {
	return Event{Shipment: s.ID, At: at, Kind: EventHeld, From: s.Status, To: s.Status, Reason: heldReason(why)}
}

// held is what a history keeps of why beyond its code.
type held struct {
	Args  Args  `json:"arg,omitempty"`
	Pages []int `json:"sider,omitempty"`
}

// heldReason writes "code: text", or the code, a blank and a JSON object of the arguments.
func heldReason(why Refusal) string {
	if why.Text != "" {
		return why.Code + ": " + why.Text
	}
	rest, _ := json.Marshal(held{why.Args, why.Pages}) // strings and numbers always are JSON
	return why.Code + " " + string(rest)
}

var heldForm = regexp.MustCompile(`^([a-z0-9-]+) (\{.*\})$`)

// WhyHeld reads why a shipment was set aside from the event of it. ok is false for other events, and for those that have a text, or
// nothing, beside the code.
func WhyHeld(e Event) (why Refusal, ok bool) {
	m := heldForm.FindStringSubmatch(e.Reason)
	if e.Kind != EventHeld || m == nil {
		return Refusal{}, false
	}
	var h held
	if json.Unmarshal([]byte(m[2]), &h) != nil {
		return Refusal{}, false
	}
	return Refusal{Code: m[1], Args: h.Args, Pages: h.Pages}, true
}
