//go:build race

package main

// raceEnabled says whether the race detector watches, which makes processes start slowly.
const raceEnabled = true
