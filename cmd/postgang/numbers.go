package main

import (
	"slices"

	"postgang/engine/jobs"
	"postgang/engine/shipment"
)

// numbers are ranges of numbers from 1, as a person writes them: 17,20-25.
type numbers []shipment.Range

// parseNumbers reads numbers and ranges with commas between. Overlapping ones are allowed.
func parseNumbers(s string) (numbers, error) {
	return jobs.ParseLetters(s)
}

// has tells whether a number is among them.
func (n numbers) has(i int) bool {
	return slices.ContainsFunc(n, func(r shipment.Range) bool { return r.Has(i) })
}

// last is the highest of them.
func (n numbers) last() (last int) {
	for _, r := range n {
		last = max(last, r.To)
	}
	return last
}
