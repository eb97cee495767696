//go:build race

package demo

// raceEnabled says whether the race detector watches: drawing, rendering and comparing letters is pure computing, which it makes some
// ten times slower.
const raceEnabled = true
