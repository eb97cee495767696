package alarm

import "strings"

// Trouble is something about what comes in that a person must look at: nothing is left lying without a word. It becomes an
// alarm, which is over when the trouble is.
type Trouble struct {
	Key  string // of its alarm
	Args Args   // of it
}

// The beginnings of the keys of troubles; no other alarm's key has them.
const (
	TroubleHandIn    = "hand-in:"   // account and key of one that cannot be taken or put away; the account alone: many of it
	TroublePlace     = "intake:"    // a folder that cannot be read or written
	TroubleMisplaced = "misplaced:" // a folder that holds what nobody takes there
	TroubleForgotten = "forgotten:" // a folder that holds what was begun under a hidden name, and left
	TroubleEvents    = "events:"    // an events file that cannot be applied, or lines of which were refused
)

// TroubleSource is what found troubles; each knows all of its own.
type TroubleSource string

// The sources of troubles.
const (
	TroublesOfHandIns TroubleSource = "hand-ins"
	TroublesOfEvents  TroubleSource = "events"
)

// EventsPlace is the folder of digital events as it stands in keys of troubles.
const EventsPlace = "hendelser"

// TroubleSourceOf tells which source an alarm's key is of; empty: it is no trouble's. An account may have the name of the folder of
// events.
func TroubleSourceOf(key string) TroubleSource {
	for _, prefix := range []string{TroubleHandIn, TroublePlace, TroubleMisplaced, TroubleForgotten, TroubleEvents} {
		place, ok := strings.CutPrefix(key, prefix)
		switch {
		case !ok:
		case prefix == TroubleEvents, prefix != TroubleHandIn && place == EventsPlace:
			return TroublesOfEvents
		default:
			return TroublesOfHandIns
		}
	}
	return ""
}
