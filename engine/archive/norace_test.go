//go:build !race

package archive

// raceEnabled says whether the race detector watches.
const raceEnabled = false
