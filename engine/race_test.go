//go:build race

package engine_test

// raceEnabled says whether the race detector watches, which makes weeks some ten times longer.
const raceEnabled = true
