package printjobs

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/fixtures/peakmemory"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// planned has candidates planned one by one, and some dropped: it is what Plan makes of the list.
func planned(t *rapid.T, candidates []Candidate, p Profile, jobs []Planned, aside []SetAside) {
	pl, err := NewPlanner[int](p)
	if err != nil {
		t.Fatal(err)
	}
	var refused []SetAside
	for i, c := range candidates {
		why, err := pl.Add(c, i)
		if err != nil {
			t.Fatal(err)
		}
		if why != nil {
			refused = append(refused, *why)
		}
	}
	slices.SortFunc(refused, func(a, b SetAside) int { return cmp.Compare(a.Shipment, b.Shipment) })
	if d := gocmp.Diff(aside, refused); d != "" {
		t.Fatalf("set aside otherwise:\n%s", d)
	}
	same := func(want []Planned) {
		for n, j := range slices.Clone(want) {
			want[n].Letters = slices.Clone(j.Letters)
			for i := range j.Letters {
				want[n].Letters[i].Facts = prepare.Facts{Bytes: j.Letters[i].Facts.Bytes}
			}
		}
		var got []Planned
		for j, tags := range pl.Jobs() {
			got = append(got, j)
			for i, tag := range tags {
				if candidates[tag].Shipment != j.Letters[i].Shipment {
					t.Fatalf("%s has the tag of %s", j.Letters[i].Shipment, candidates[tag].Shipment)
				}
			}
		}
		if d := gocmp.Diff(want, got); d != "" {
			t.Fatalf("planned otherwise:\n%s", d)
		}
	}
	same(slices.Clone(jobs))

	drop := rapid.IntRange(0, 3).Draw(t, "dropped")
	last := -1
	pl.Keep(func(a, b int) int { return cmp.Compare(a, b) }, func(l PlannedLetter, i int) bool {
		if i <= last || candidates[i].Shipment != l.Shipment {
			t.Fatalf("%s, number %d, comes after %d", l.Shipment, i, last)
		}
		last = i
		return i%4 != drop
	})
	var left []Candidate
	for i, c := range candidates {
		if i%4 != drop {
			left = append(left, c)
		}
	}
	fewer, _, err := Plan(left, p)
	if err != nil {
		t.Fatal(err)
	}
	same(fewer)
}

func TestPlannerRefuses(t *testing.T) {
	if _, err := NewPlanner[int](Profile{}); err == nil {
		t.Error("a profile that says nothing is taken")
	}
	pl, err := NewPlanner[int](DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pl.Add(candidate("", nil), 0); err == nil {
		t.Error("a letter without an id is taken")
	}
	if _, err := pl.Add(candidate("a", func(c *Candidate) { c.Account = "" }), 0); err == nil {
		t.Error("a letter of nobody is taken")
	}
}

// TestPlannerIDs: ids come back as they were given, UUIDs or not, and sort letters that are alike as Plan sorts them.
func TestPlannerIDs(t *testing.T) {
	ids := []string{
		"ffffffff-0000-4000-8000-000000000000", "0f0e0d0c-0b0a-4908-8706-050403020100", "0f0e0d0c-0b0a-4908-8706-0504030201ff", "a", "B",
		"0F0E0D0C-0B0A-4908-8706-050403020100", "0f0e0d0c-0b0a-4908-8706-05040302010", "0f0e0d0c00b0a-4908-8706-050403020100", "0f0e0d0c-0b0a-4908-8706-05040302010g",
		"00000000-0000-0000-0000-000000000000", "g", "0f0e0d0c-0b0a-4908-8706-0504030201000",
	}
	for _, sort := range [][]SortKey{nil, {KeyPostcode}, {KeyShipment, KeyPostcode}, {"-" + KeyShipment}} {
		p := DefaultProfile()
		p.Sort = sort
		if err := p.Validate(); err != nil {
			t.Logf("no profile sorts by %v: %v", sort, err)
			continue
		}
		pl, err := NewPlanner[int](p)
		if err != nil {
			t.Fatal(err)
		}
		var all []Candidate
		for i, id := range ids {
			c := candidate(id, func(c *Candidate) { c.Postcode = fmt.Sprintf("%04d", i%2) })
			all = append(all, c)
			if why, err := pl.Add(c, i); why != nil || err != nil {
				t.Fatal(why, err)
			}
		}
		jobs, _, err := Plan(all, p)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, j := range jobs {
			for _, l := range j.Letters {
				want = append(want, l.Shipment)
			}
		}
		for j, tags := range pl.Jobs() {
			for i, l := range j.Letters {
				if got = append(got, l.Shipment); ids[tags[i]] != l.Shipment {
					t.Errorf("%s has the tag of %s", l.Shipment, ids[tags[i]])
				}
			}
		}
		if len(got) != len(ids) || !slices.Equal(got, want) {
			t.Errorf("sorted by %v:\n%q\nwant\n%q", sort, got, want)
		}
	}
}

// BenchmarkPlanner plans a night of a million letters of three pages.
func BenchmarkPlanner(b *testing.B) {
	const letters = 1_000_000
	for b.Loop() {
		peakmemory.Reset()
		pl, err := NewPlanner[int64](DefaultProfile())
		if err != nil {
			b.Fatal(err)
		}
		for i := range letters {
			c := Candidate{
				Shipment: fmt.Sprintf("%08x-0000-4000-8000-%012x", i*7919, i), Account: fmt.Sprint("konto-", i%40), Konteringskode: fmt.Sprint(i % 400),
				Postcode: fmt.Sprintf("%04d", i%5000), Zone: exchange.ZoneNorway, Duplex: true,
				Facts: prepare.Facts{
					Recipe: "1", SHA256: fmt.Sprintf("%064x", i), Bytes: 40_000, DocumentPages: []int{3},
					Pages: []prepare.PageFacts{{Document: 0, Page: 1}, {Document: 0, Page: 2}, {Document: 0, Page: 3}},
				},
			}
			if why, err := pl.Add(c, int64(i)); why != nil || err != nil {
				b.Fatal(why, err)
			}
		}
		n := 0
		for j := range pl.Jobs() {
			n += len(j.Letters)
		}
		if n != letters {
			b.Fatalf("%d letters are planned", n)
		}
		b.ReportMetric(peakmemory.MiB(), "peak-MiB")
	}
}
