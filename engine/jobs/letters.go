package jobs

import (
	"fmt"
	"strconv"
	"strings"

	"postgang/engine/shipment"
)

// ParseLetters reads numbers of letters and ranges of them with commas between, as a person writes them: 17,20-25. Overlapping ones are allowed.
func ParseLetters(s string) ([]shipment.Range, error) {
	var out []shipment.Range
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
