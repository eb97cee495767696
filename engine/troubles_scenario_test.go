package engine_test

import (
	"testing"

	"postgang/engine/alarm"
	"postgang/engine/nights"
	"postgang/engine/store"
)

// says are the arguments of an alarm that says one thing.
func says(what string) alarm.Args { return alarm.Args{"text": what} }

// TestTroublesAreAlarms: what is found is open, counted once while it says the same, and over when it is not found.
func TestTroublesAreAlarms(t *testing.T) {
	t.Parallel()
	s := setup(t)
	open := func() map[string]int {
		t.Helper()
		out := map[string]int{}
		must(t, s.archive.View(s.ctx, func(r store.Reader) error {
			alarms, err := r.Alarms(s.ctx, true)
			for _, a := range alarms {
				out[a.Key] = a.Count
			}
			return err
		}))
		return out
	}
	set := func(of nights.TroubleSource, keys ...string) {
		t.Helper()
		var list []nights.Trouble
		for _, k := range keys {
			list = append(list, nights.Trouble{Key: k, Args: says("text of " + k)})
		}
		must(t, s.engine.SetTroubles(s.ctx, of, list))
	}
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error { return tx.RaiseAlarm(s.ctx, "uncertain:X", says("another's")) }))
	handIn, place := nights.TroubleHandIn+konto+"/a", nights.TroublePlace+"folder"
	file, folder := nights.TroubleEvents+"a.jsonl", nights.TroubleMisplaced+nights.EventsPlace
	for range 2 {
		set(nights.TroublesOfHandIns, handIn, place)
		set(nights.TroublesOfEvents, file, folder)
		if got := open(); len(got) != 5 || got[handIn] != 1 || got[file] != 1 {
			t.Errorf("open: %v", got)
		}
	}
	set(nights.TroublesOfHandIns, place)
	set(nights.TroublesOfEvents)
	if got := open(); len(got) != 2 || got[place] != 1 || got["uncertain:X"] != 1 {
		t.Errorf("open: %v", got)
	}
	// An account that has the name of the folder of events is none of it.
	set(nights.TroublesOfHandIns, place, nights.TroubleHandIn+nights.EventsPlace)
	set(nights.TroublesOfEvents)
	if got := open(); got[nights.TroubleHandIn+nights.EventsPlace] != 1 {
		t.Errorf("open: %v", got)
	}
	// What is masked in the archive is the same text all the same.
	for range 2 {
		must(t, s.engine.SetTroubles(s.ctx, nights.TroublesOfEvents, []nights.Trouble{{Key: file, Args: says("02013299997 stands here")}}))
	}
	if got := open(); got[file] != 1 {
		t.Errorf("open: %v", got)
	}
	set(nights.TroublesOfEvents)
	set(nights.TroublesOfHandIns, place)
	must(t, s.engine.SetTroubles(s.ctx, nights.TroublesOfHandIns, []nights.Trouble{{Key: place, Args: says("another text")}}))
	if got := open(); got[place] != 2 {
		t.Errorf("open: %v", got)
	}
}
