//go:build !race

package main

// demoShipments is how many hand-ins TestDemo runs on: the demo's own number.
const demoShipments = 0

// killStride is how many steps a killed night gets at most: the fewer, the more kills.
const killStride = 25

// raceEnabled says whether the race detector watches, which makes processes start slowly.
const raceEnabled = false

// What the demo must have at least, so that judging it means something.
const (
	leastLetters         = 250  // offered
	leastPages           = 1000 // of those letters
	leastPersonalStrings = 500
)
