package nights

import (
	"context"
	"fmt"
	"strings"

	"postgang/engine/alarm"
	"postgang/engine/store"
)

// Trouble is something about what comes in that a person must look at: nothing is left lying without a word. It becomes an
// alarm, which is over when the trouble is.
type Trouble struct {
	Key  string     // of its alarm
	Args alarm.Args // of it
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

// troubleSource tells which source an alarm's key is of; empty: it is no trouble's. An account may have the name of the folder of
// events.
func troubleSource(key string) TroubleSource {
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

// SetTroubles makes the open alarms of a source what it found now: all of it. It may be called at any time and by several
// processes.
func (e *Nights) SetTroubles(ctx context.Context, of TroubleSource, found []Trouble) error {
	open := map[string]alarm.Args{}
	err := e.Archive.View(ctx, func(r store.Reader) error {
		alarms, err := r.Alarms(ctx, true)
		for _, a := range alarms {
			if troubleSource(a.Key) == of {
				open[a.Key] = a.Args
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look for alarms of what comes in: %w", err)
	}
	var raise []Trouble
	for _, t := range found {
		if !open[t.Key].Says(t.Args) {
			raise = append(raise, t)
		}
		delete(open, t.Key)
	}
	if len(raise)+len(open) == 0 {
		return nil
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		for _, t := range raise {
			if err := tx.RaiseAlarm(ctx, t.Key, t.Args); err != nil {
				return err
			}
		}
		for key := range open {
			if err := tx.ResolveAlarm(ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record alarms of what comes in: %w", err)
	}
	for _, t := range raise {
		e.Log.Error("something that comes in needs a person", "alarm", t.Key, "problem", t.Args)
	}
	for key := range open {
		e.Log.Info("over", "alarm", key)
	}
	return nil
}
