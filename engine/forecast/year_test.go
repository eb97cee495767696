package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"postgang/engine/calendar"
)

// sender is an account as there are many: what it hands in on a day.
type sender struct {
	name string
	day  func(r *rand.Rand, d calendar.Day) []Arrival
	// most is how many times a year it may be missed at most though nothing is wrong, on average of many years.
	most float64
}

// around draws a number about as large as another, sometimes much larger or smaller.
func around(r *rand.Rand, letters, spread float64) int {
	return int(letters * math.Exp(spread*r.NormFloat64()))
}

// away is how many of the usual are at work.
func away(d calendar.Day) float64 {
	switch {
	case d.Month == time.July:
		return 0.3
	case !Ordinary(d):
		return 0.3
	}
	return 1
}

var senders = []sender{
	{"an office of some people", func(r *rand.Rand, d calendar.Day) (out []Arrival) {
		for h := 8; h < 16; h++ {
			if n := around(r, 6*away(d), 0.8); n > 0 {
				out = append(out, arrival("a", d, h, n))
			}
		}
		return out
	}, 0.1},
	{"a large office", func(r *rand.Rand, d calendar.Day) (out []Arrival) {
		for h := 8; h < 16; h++ {
			if n := around(r, 40*away(d), 0.6); n > 0 {
				out = append(out, arrival("a", d, h, n))
			}
		}
		return out
	}, 0.1},
	{"three people", func(r *rand.Rand, d calendar.Day) (out []Arrival) {
		for range 3 {
			if r.Float64() < 0.8*away(d) {
				out = append(out, arrival("a", d, 8+r.IntN(7), around(r, 12, 0.6)))
			}
		}
		return out
	}, 0.5},
	{"a system each night", func(r *rand.Rand, d calendar.Day) []Arrival {
		return []Arrival{arrival("a", d, 5+r.IntN(2), around(r, 400, 0.4))}
	}, 0.1},
	{"a system that people start on Tuesdays", func(r *rand.Rand, d calendar.Day) []Arrival {
		if d.Weekday() != time.Tuesday {
			return nil
		}
		return []Arrival{arrival("a", d, 8+r.IntN(7), around(r, 800, 0.8))}
	}, 1.5},
	{"a batch a month, on the virkedag at or before the 20th", func(_ *rand.Rand, d calendar.Day) []Arrival {
		for next := d; ; next = next.Add(1) {
			if next.Day == 20 {
				return []Arrival{arrival("a", d, 10, 2500)}
			}
			if (calendar.Calendar{}).IsVirkedag(next.Add(1)) {
				return nil
			}
		}
	}, 0.1},
}

// TestYears: over many years in which nothing is wrong, nearly nothing is missed; and when a sender stops on a day, it is missed.
func TestYears(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("lives through many days")
	}
	const years = 8
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(3, 1))
			first := calendar.Day{Year: 2010, Month: time.January, Day: 1}
			last := calendar.Day{Year: 2010 + years, Month: time.January, Day: 1}
			of := map[calendar.Day][]Arrival{}
			for d := first; d.Before(last); d = d.Add(1) {
				if (calendar.Calendar{}).IsVirkedag(d) {
					of[d] = s.day(r, d)
				}
			}
			wrong, expected := 0, 0
			for d := first.Add(HistoryDays); d.Before(last); d = d.Add(1) {
				var before []Arrival
				for i := 1; i <= HistoryDays; i++ {
					before = append(before, of[d.Add(-i)]...)
				}
				usual := On(d, before)
				if len(usual) == 0 {
					continue
				}
				expected++
				if len(Of(usual, nil, at(d, 23))) == 0 {
					t.Fatalf("%v: nothing came, and nothing is missed of %+v", d, usual)
				}
				for h := range 24 {
					now := at(d, h)
					var today []Arrival
					for _, a := range of[d] {
						if a.Hour.Before(now) {
							today = append(today, a)
						}
					}
					if got := Of(usual, today, now); len(got) > 0 {
						wrong++
						t.Logf("%v at %d: %+v", d, h, got)
						break
					}
				}
			}
			rate := float64(wrong) / (years - 1.2)
			t.Logf("%s: missed %d times in %d years; expected on %d days", s.name, wrong, years, expected)
			if rate > s.most {
				t.Errorf("missed %.1f times a year though nothing was wrong", rate)
			}
		})
	}
}
