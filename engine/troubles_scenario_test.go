package engine_test

import (
	"testing"

	"postgang/engine/alarm"
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
	set := func(of alarm.TroubleSource, keys ...string) {
		t.Helper()
		var list []alarm.Trouble
		for _, k := range keys {
			list = append(list, alarm.Trouble{Key: k, Args: says("text of " + k)})
		}
		must(t, s.engine.SetTroubles(s.ctx, of, list))
	}
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error { return tx.RaiseAlarm(s.ctx, "uncertain:X", says("another's")) }))
	handIn, place := alarm.TroubleHandIn+konto+"/a", alarm.TroublePlace+"folder"
	file, folder := alarm.TroubleEvents+"a.jsonl", alarm.TroubleMisplaced+alarm.EventsPlace
	for range 2 {
		set(alarm.TroublesOfHandIns, handIn, place)
		set(alarm.TroublesOfEvents, file, folder)
		if got := open(); len(got) != 5 || got[handIn] != 1 || got[file] != 1 {
			t.Errorf("open: %v", got)
		}
	}
	set(alarm.TroublesOfHandIns, place)
	set(alarm.TroublesOfEvents)
	if got := open(); len(got) != 2 || got[place] != 1 || got["uncertain:X"] != 1 {
		t.Errorf("open: %v", got)
	}
	// An account that has the name of the folder of events is none of it.
	set(alarm.TroublesOfHandIns, place, alarm.TroubleHandIn+alarm.EventsPlace)
	set(alarm.TroublesOfEvents)
	if got := open(); got[alarm.TroubleHandIn+alarm.EventsPlace] != 1 {
		t.Errorf("open: %v", got)
	}
	// What is masked in the archive is the same text all the same.
	for range 2 {
		must(t, s.engine.SetTroubles(s.ctx, alarm.TroublesOfEvents, []alarm.Trouble{{Key: file, Args: says("02013299997 stands here")}}))
	}
	if got := open(); got[file] != 1 {
		t.Errorf("open: %v", got)
	}
	set(alarm.TroublesOfEvents)
	set(alarm.TroublesOfHandIns, place)
	must(t, s.engine.SetTroubles(s.ctx, alarm.TroublesOfHandIns, []alarm.Trouble{{Key: place, Args: says("another text")}}))
	if got := open(); got[place] != 2 {
		t.Errorf("open: %v", got)
	}
}
