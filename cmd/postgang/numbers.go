package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postgang/engine/shipment"
)

// numbers are ranges of numbers from 1, as a person writes them: 17,20-25.
type numbers []shipment.Range

// parseNumbers reads numbers and ranges with commas between. Overlapping ones are allowed.
func parseNumbers(s string) (numbers, error) {
	var out numbers
	for part := range strings.SplitSeq(s, ",") {
		first, last, ranged := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.Atoi(strings.TrimSpace(first))
		to := from
		if ranged && err == nil {
			to, err = strconv.Atoi(strings.TrimSpace(last))
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is no number and no range; write for example 17,20-25", part)
		case from < 1 || to < 1:
			return nil, fmt.Errorf("%q: numbers begin at 1", part)
		case to < from:
			return nil, fmt.Errorf("%q ends before it begins", part)
		}
		out = append(out, shipment.Range{From: from, To: to})
	}
	return out, nil
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
