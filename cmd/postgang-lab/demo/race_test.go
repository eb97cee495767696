//go:build race

package demo

import "postgang/fixtures/letters"

// demoShipments is how many hand-ins TestDemo runs on. Drawing, rendering and comparing letters is pure computing, which
// the race detector makes some ten times slower; "make test" runs TestDemo on the whole demo without it as well.
const demoShipments = letters.MinShipments

// What that demo must have at least, so that judging it means something.
const (
	leastLetters         = 60  // offered
	leastPages           = 300 // of those letters
	leastPersonalStrings = 400
)
