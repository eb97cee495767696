package printjobs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// SortKey names a property of a letter that jobs may be grouped or letters sorted by.
type SortKey string

// The keys. Those that can group have a word in the ticket's class, so none of
// them says more of a person than the manifest does.
const (
	KeyAccount        SortKey = "account"
	KeyKonteringskode SortKey = "konteringskode"
	KeySheets         SortKey = "sheets"      // sheets of the letter, cover included
	KeyPages          SortKey = "pages"       // printed sides
	KeyWeight         SortKey = "weight"      // mg, paper and envelope; sorts only
	KeyWeightStep     SortKey = "weight-step" // step of postage: 20, 50, 100, 350, 1000 or 2000 g, or more (portotakster.no)
	KeyPostcode       SortKey = "postcode"    // postnummer; sorts only, being part of an address
	KeyRegion         SortKey = "region"      // first two digits of a Norwegian postnummer
	KeyManual         SortKey = "manual"      // too many sheets for the enveloping machine
	KeyGiro           SortKey = "giro"        // number of giro sheets
	KeyShipment       SortKey = "shipment"    // sorts only; always the last key, so that every order is total
)

// keys gives each key its order and, when it can group, its word.
var keys = map[SortKey]struct {
	compare func(a, b *PlannedLetter) int
	word    func(l *PlannedLetter) string // nil: cannot group
}{
	KeyAccount: {
		func(a, b *PlannedLetter) int { return cmp.Compare(a.Account, b.Account) },
		func(l *PlannedLetter) string { return l.Account },
	},
	KeyKonteringskode: {
		func(a, b *PlannedLetter) int { return cmp.Compare(a.Konteringskode, b.Konteringskode) },
		func(l *PlannedLetter) string { return l.Konteringskode },
	},
	KeySheets: {
		func(a, b *PlannedLetter) int { return cmp.Compare(a.Sheets, b.Sheets) },
		func(l *PlannedLetter) string { return strconv.Itoa(l.Sheets) },
	},
	KeyPages: {
		func(a, b *PlannedLetter) int { return cmp.Compare(a.Pages, b.Pages) },
		func(l *PlannedLetter) string { return strconv.Itoa(l.Pages) },
	},
	KeyWeight: {func(a, b *PlannedLetter) int { return cmp.Compare(a.WeightMilligram, b.WeightMilligram) }, nil},
	KeyWeightStep: {
		func(a, b *PlannedLetter) int { return cmp.Compare(weightStep(a), weightStep(b)) },
		func(l *PlannedLetter) string {
			if i := weightStep(l); i < len(weightSteps) {
				return strconv.FormatInt(weightSteps[i], 10) + "g"
			}
			return "over"
		},
	},
	KeyPostcode: {func(a, b *PlannedLetter) int { return cmp.Compare(a.Postcode, b.Postcode) }, nil},
	KeyRegion: {
		func(a, b *PlannedLetter) int { return cmp.Compare(region(a), region(b)) },
		region,
	},
	KeyManual: {
		func(a, b *PlannedLetter) int { return compareBools(a.Manual, b.Manual) },
		func(l *PlannedLetter) string { return strconv.FormatBool(l.Manual) },
	},
	KeyGiro: {
		func(a, b *PlannedLetter) int { return cmp.Compare(a.GiroSheets, b.GiroSheets) },
		func(l *PlannedLetter) string { return strconv.Itoa(l.GiroSheets) },
	},
	KeyShipment: {func(a, b *PlannedLetter) int { return cmp.Compare(a.Shipment, b.Shipment) }, nil},
}

// weightSteps are the steps of Norwegian postage, in grams (portotakster.no).
var weightSteps = []int64{20, 50, 100, 350, 1000, 2000}

// weightStep is the place of the step that a letter is paid by; past the last
// one for a letter that is too heavy for a letter post.
func weightStep(l *PlannedLetter) int {
	i, _ := slices.BinarySearch(weightSteps, int64(gram(l.WeightMilligram)))
	return i
}

// region is a coarse place in Norway; empty abroad.
func region(l *PlannedLetter) string {
	p := l.Postcode
	if len(p) != 4 || strings.Trim(p, "0123456789") != "" {
		return ""
	}
	return p[:2]
}

// DefaultSort is the order of letters within a job when the profile names none:
// as the vendor inserts them, then as the post sorts them.
var DefaultSort = []SortKey{KeySheets, KeyPostcode}

// descending tells a key with a minus sign before it from the plain one.
func (k SortKey) descending() (SortKey, bool) {
	plain, minus := strings.CutPrefix(string(k), "-")
	return SortKey(plain), minus
}

// checkKeys says what is wrong with the keys of a profile.
func checkKeys(group, sort []SortKey) []error {
	var errs []error
	for i, k := range group {
		switch kind, known := keys[k]; {
		case !known || kind.word == nil:
			errs = append(errs, fmt.Errorf("cannot group by %q: use some of %s", k, keyNames(true)))
		case slices.Contains(group[:i], k):
			errs = append(errs, fmt.Errorf("group key %q stands twice", k))
		}
	}
	seen := map[SortKey]bool{}
	for _, k := range sort {
		plain, _ := k.descending()
		switch _, known := keys[plain]; {
		case !known:
			errs = append(errs, fmt.Errorf("cannot sort by %q: use some of %s, with - before a key for descending order", k, keyNames(false)))
		case seen[plain]:
			errs = append(errs, fmt.Errorf("sort key %q stands twice", plain))
		}
		seen[plain] = true
	}
	return errs
}

// keyNames lists the keys there are, in alphabetical order.
func keyNames(grouping bool) string {
	var names []string
	for k, kind := range keys {
		if !grouping || kind.word != nil {
			names = append(names, string(k))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// groupOf words what a letter is grouped by beyond its class, such as
// "konteringskode=4100,weight-step=50g"; empty when there are no group keys.
func groupOf(l *PlannedLetter, group []SortKey) string {
	var b strings.Builder
	for i, k := range group {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(k) + "=" + keys[k].word(l))
	}
	return b.String()
}

// comparer orders the letters of a job by the profile's keys, and at last by
// shipment id.
func comparer(sort []SortKey) func(a, b PlannedLetter) int {
	if len(sort) == 0 {
		sort = DefaultSort
	}
	type step struct {
		compare func(a, b *PlannedLetter) int
		sign    int
	}
	var steps []step
	for _, k := range append(slices.Clone(sort), KeyShipment) {
		plain, down := k.descending()
		sign := 1
		if down {
			sign = -1
		}
		steps = append(steps, step{keys[plain].compare, sign})
	}
	return func(a, b PlannedLetter) int {
		for _, s := range steps {
			if c := s.compare(&a, &b); c != 0 {
				return s.sign * c
			}
		}
		return 0
	}
}
