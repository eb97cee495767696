//go:build !race

package main

// killStride is how many steps a killed night gets at most: the fewer, the more kills.
const killStride = 25

// raceEnabled says whether the race detector watches, which makes processes start slowly.
const raceEnabled = false
