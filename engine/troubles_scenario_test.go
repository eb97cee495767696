package engine_test

import (
	"testing"

	"postgang/engine"
)

// says are the arguments of an alarm that says one thing.
func says(what string) engine.AlarmArgs { return engine.AlarmArgs{"text": what} }

// TestTroublesAreAlarms: what is found is open, counted once while it says the same, and over when it is not found.
func TestTroublesAreAlarms(t *testing.T) {
	t.Parallel()
	s := setup(t)
	open := func() map[string]int {
		t.Helper()
		out := map[string]int{}
		must(t, s.archive.View(s.ctx, func(r engine.Reader) error {
			alarms, err := r.Alarms(s.ctx, true)
			for _, a := range alarms {
				out[a.Key] = a.Count
			}
			return err
		}))
		return out
	}
	set := func(of engine.TroubleSource, keys ...string) {
		t.Helper()
		var list []engine.Trouble
		for _, k := range keys {
			list = append(list, engine.Trouble{Key: k, Args: says("text of " + k)})
		}
		must(t, s.engine.SetTroubles(s.ctx, of, list))
	}
	must(t, s.archive.InTx(s.ctx, func(tx engine.Tx) error { return tx.RaiseAlarm(s.ctx, "uncertain:X", says("another's")) }))
	handIn, place := engine.TroubleHandIn+konto+"/a", engine.TroublePlace+"folder"
	file, folder := engine.TroubleEvents+"a.jsonl", engine.TroubleMisplaced+engine.EventsPlace
	for range 2 {
		set(engine.TroublesOfHandIns, handIn, place)
		set(engine.TroublesOfEvents, file, folder)
		if got := open(); len(got) != 5 || got[handIn] != 1 || got[file] != 1 {
			t.Errorf("open: %v", got)
		}
	}
	set(engine.TroublesOfHandIns, place)
	set(engine.TroublesOfEvents)
	if got := open(); len(got) != 2 || got[place] != 1 || got["uncertain:X"] != 1 {
		t.Errorf("open: %v", got)
	}
	// An account that has the name of the folder of events is none of it.
	set(engine.TroublesOfHandIns, place, engine.TroubleHandIn+engine.EventsPlace)
	set(engine.TroublesOfEvents)
	if got := open(); got[engine.TroubleHandIn+engine.EventsPlace] != 1 {
		t.Errorf("open: %v", got)
	}
	// What is masked in the archive is the same text all the same.
	for range 2 {
		must(t, s.engine.SetTroubles(s.ctx, engine.TroublesOfEvents, []engine.Trouble{{Key: file, Args: says("02013299997 stands here")}}))
	}
	if got := open(); got[file] != 1 {
		t.Errorf("open: %v", got)
	}
	set(engine.TroublesOfEvents)
	set(engine.TroublesOfHandIns, place)
	must(t, s.engine.SetTroubles(s.ctx, engine.TroublesOfHandIns, []engine.Trouble{{Key: place, Args: says("another text")}}))
	if got := open(); got[place] != 2 {
		t.Errorf("open: %v", got)
	}
}
