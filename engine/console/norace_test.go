//go:build !race

package console

// raceEnabled says whether the race detector watches.
const raceEnabled = false
