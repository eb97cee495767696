//go:build !race

package demo

// demoShipments is how many hand-ins TestDemo runs on: the demo's own number.
const demoShipments = 0

// What the demo must have at least, so that judging it means something.
const (
	leastLetters         = 250  // offered
	leastPages           = 1000 // of those letters
	leastPersonalStrings = 500
)
