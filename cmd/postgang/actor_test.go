package main

import "testing"

// TestShownActor: persons and systems are shown by their names, the command line by who it was for.
func TestShownActor(t *testing.T) {
	names := map[string]string{"person/1": "Kari Nordmann", "integrasjon/2": "acos", "kommando/per": "Per"}
	for kept, want := range map[string]string{
		"": "", "person/1": "Kari Nordmann", "integrasjon/2": "acos", "person/3": "3", "kommando/ola": "ola", "kommando/per": "Per (per)", "kommando/root/kari": "kari (root)", "robot": "robot",
	} {
		if got := shownActor(kept, names); got != want {
			t.Errorf("%q is shown as %q, want %q", kept, got, want)
		}
	}
}
