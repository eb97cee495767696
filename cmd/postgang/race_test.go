//go:build race

package main

import "postgang/fixtures/letters"

// demoShipments is how many hand-ins TestDemo runs on. Drawing, rendering and comparing letters is pure computing, which
// the race detector makes some ten times slower; "make test" runs TestDemo on the whole demo without it as well.
const demoShipments = letters.MinShipments

// killStride is how many steps a killed night gets at most. Every process starts slowly with the race detector.
const killStride = 60

// raceEnabled says whether the race detector watches.
const raceEnabled = true

// What that demo must have at least, so that judging it means something.
const (
	leastLetters         = 60  // offered
	leastPages           = 300 // of those letters
	leastPersonalStrings = 400
)
