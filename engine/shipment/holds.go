package shipment

import "time"

// HoldCost is the reason code of letters that a cap of the Guard keeps back until a person approves them.
const HoldCost = "kostnad"

// HoldRejected is the reason code of letters whose job the vendor refused.
const HoldRejected = "trykkeri-avvist"

// HoldWindow is the reason code of letters that were due for longer than the vendor's print window.
const HoldWindow = "utskriftsvindu"

// HoldUnheard is the reason code of letters that are due, and whose channel has not said for days whether they were read.
const HoldUnheard = "kanal-svarer-ikke"

// HoldLevel4 is the reason code of letters whose sender demands a log-in of level 4 (krevNiva4Innlogging), and that people here would
// print: nobody sees their pages, so they are never in manual print.
const HoldLevel4 = "niva4-manuell"

// HoldRestored is the reason code of letters that a vendor may have, by its own word, though the archive has not handed
// them over.
const HoldRestored = "gjenopprettet"

// SetAside is the event of a shipment that is set aside, or lies so from the start; s has the code as its Hold. It keeps code and
// arguments of why; a why that has a text of its own keeps that instead.
func SetAside(s Shipment, at time.Time, why Refusal) Event {
	return Event{Shipment: s.ID, At: at, Kind: EventHeld, From: s.Status, To: s.Status, Reason: heldReason(why)}
}

// heldReason writes "code: text", or the form of a Note, with the pages.
func heldReason(why Refusal) string {
	if why.Text != "" {
		return why.Code + ": " + why.Text
	}
	return kept(why.Code, noted{why.Args, why.Pages})
}

// WhyHeld reads why a shipment was set aside from its event. ok is false for other events, and for those that have a text, or
// nothing, beside the code.
func (e Event) WhyHeld() (why Refusal, ok bool) {
	if e.Kind != EventHeld {
		return Refusal{}, false
	}
	code, rest, ok := readKept(e.Reason)
	return Refusal{Code: code, Args: rest.Args, Pages: rest.Pages}, ok
}
