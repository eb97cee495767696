//go:build race

package main

// killStride is how many steps a killed night gets at most. Every process starts slowly with the race detector.
const killStride = 60

// raceEnabled says whether the race detector watches.
const raceEnabled = true
