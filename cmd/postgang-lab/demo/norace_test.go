//go:build !race

package demo

// raceEnabled says whether the race detector watches.
const raceEnabled = false
