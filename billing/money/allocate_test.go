package money

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestAllocate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		total   Ore
		weights []int64
		want    []Ore
	}{
		{"thirds, first takes the øre", 100, []int64{1, 1, 1}, []Ore{34, 33, 33}},
		{"largest remainder, not first", 10, []int64{1, 8, 6}, []Ore{1, 5, 4}},
		{"credit mirrors", -100, []int64{1, 1, 1}, []Ore{-34, -33, -33}},
		{"no weight above zero", 5, []int64{0, -3}, []Ore{3, 2}},
		{"zero weight gets nothing", 7, []int64{0, 2, 2}, []Ore{0, 4, 3}},
		{"nothing to carry it", 7, nil, nil},
		{"weights beyond 64 bits", 4, []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}, []Ore{1, 1, 1, 1}},
		{"smallest amount", math.MinInt64, []int64{1}, []Ore{math.MinInt64}},
	} {
		got := Allocate(c.total, c.weights)
		if len(got) != len(c.want) {
			t.Fatalf("%s: %v, want %v", c.name, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}

func TestAllocateSumsExactlyAndFairly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := Ore(rapid.Int64Range(-1e12, 1e12).Draw(t, "total"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1e6), 1, 50).Draw(t, "weights")
		parts := Allocate(total, weights)
		var sum Ore
		var sumW int64
		for i, p := range parts {
			sum += p
			sumW += weights[i]
		}
		if sum != total {
			t.Fatalf("parts %v sum to %d, not %d", parts, sum, total)
		}
		for i, p := range parts {
			// Each part is less than one øre from its exact share.
			if off := int64(p)*sumW - int64(total)*weights[i]; sumW > 0 && (off >= sumW || off <= -sumW) {
				t.Fatalf("part %d of %v is an øre or more from its share", i, parts)
			}
		}
		again := Allocate(total, weights)
		for i := range parts {
			if parts[i] != again[i] {
				t.Fatal("not deterministic")
			}
		}
	})
}
