package printjobs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare"
)

// facts of a letter whose documents have these numbers of pages; marks names
// pages of the letter, the first being 1, that are giro ("g") or colour ("c").
func factsOf(marks map[int]string, pages ...int) prepare.Facts {
	f := prepare.Facts{Recipe: prepare.Recipe, DocumentPages: pages}
	n := 0
	for d, count := range pages {
		for p := 1; p <= count; p++ {
			n++
			f.Pages = append(f.Pages, prepare.PageFacts{
				Document: d, Page: p, Scaled: 1, WidthMM: 210, HeightMM: 297,
				Giro: strings.Contains(marks[n], "g"), Colour: strings.Contains(marks[n], "c"),
			})
		}
	}
	return f
}

func candidate(id string, change func(*Candidate)) Candidate {
	c := Candidate{Shipment: id, Account: "skatt", Konteringskode: "4100", Postcode: "5003", Zone: exchange.ZoneNorway, Facts: factsOf(nil, 2)}
	if change != nil {
		change(&c)
	}
	return c
}

// dump writes a plan as text.
func dump(jobs []Planned, aside []SetAside) string {
	var b strings.Builder
	for _, j := range jobs {
		b.WriteString(j.String())
	}
	for _, a := range aside {
		fmt.Fprintf(&b, "aside %s: %s: %v\n", a.Shipment, a.Code, map[string]string(a.Args))
	}
	return b.String()
}

func TestPlanGolden(t *testing.T) {
	t.Parallel()
	candidates := []Candidate{
		candidate("a1", nil),
		candidate("a2", func(c *Candidate) { c.Postcode = "0150" }),
		candidate("a3", func(c *Candidate) { c.Facts = factsOf(nil, 1) }),
		candidate("a4", func(c *Candidate) { c.Duplex = true }),
		candidate("a5 one page", func(c *Candidate) { c.Duplex = true; c.Facts = factsOf(nil, 1) }),
		candidate("b1", func(c *Candidate) { c.Account = "barnehage" }),
		candidate("c1 colour asked and there", func(c *Candidate) { c.Colour = true; c.Facts = factsOf(map[int]string{2: "c"}, 2) }),
		candidate("c2 colour asked, none there", func(c *Candidate) { c.Colour = true }),
		candidate("c3 colour there, not asked", func(c *Candidate) { c.Facts = factsOf(map[int]string{1: "c", 2: "c"}, 2) }),
		candidate("g1", func(c *Candidate) { c.Duplex = true; c.Facts = factsOf(map[int]string{2: "g"}, 3) }),
		candidate("u1", func(c *Candidate) { c.Zone = exchange.ZoneEurope; c.Postcode = "SE-111 20" }),
		candidate("w1", func(c *Candidate) { c.Facts = factsOf(nil, 6) }),
		candidate("x1", func(c *Candidate) { c.Zone = "MARS" }),
		candidate("x2", func(c *Candidate) { c.Facts = factsOf(nil, 40) }),
		candidate("x3", func(c *Candidate) { c.Facts = factsOf(nil) }),
		candidate("x4", func(c *Candidate) { c.Facts.DocumentPages = []int{3} }),
		candidate("x5", func(c *Candidate) { c.Facts.Bytes = 2_000_000 }),
	}
	var b strings.Builder
	for _, pooled := range []bool{false, true} {
		p := testProfile(t)
		p.PoolAccounts, p.MaxLettersPerJob, p.MaxSheetsPerFile, p.MaxBytesPerFile = pooled, 3, 40, 1_000_000
		jobs, aside, err := Plan(candidates, p)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "# accounts pooled: %v, at most 3 letters a job, 40 sheets and 1 MB a file\n%s\n", pooled, dump(jobs, aside))
	}
	file := filepath.Join("testdata", "plan.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("plan differs from %s (-want +got; UPDATE_GOLDEN=1 rewrites it):\n%s", file, d)
	}
}

func TestPlanRefusesWrongCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		candidates []Candidate
		change     func(*Profile)
		want       string
	}{
		{"no id", []Candidate{candidate("", nil)}, nil, "candidate 1 has no shipment id"},
		{"no account", []Candidate{candidate("s1", func(c *Candidate) { c.Account = "" })}, nil, "shipment s1 has no account"},
		{"twice", []Candidate{candidate("s1", nil), candidate("s2", nil), candidate("s1", nil)}, nil, "shipment s1 is there twice"},
		{"profile", nil, func(p *Profile) { p.MaxLettersPerJob = -1 }, "letters a job"},
		{"group", nil, func(p *Profile) { p.Group = []SortKey{KeyPostcode} }, `cannot group by "postcode": use some of account, giro,`},
		{"group twice", nil, func(p *Profile) { p.Group = []SortKey{KeyGiro, KeyGiro} }, `"giro" stands twice`},
		{"sort", nil, func(p *Profile) { p.Sort = []SortKey{"-name"} }, `cannot sort by "-name"`},
		{"sort twice", nil, func(p *Profile) { p.Sort = []SortKey{KeySheets, "-sheets"} }, `"sheets" stands twice`},
	} {
		p := testProfile(t)
		if c.change != nil {
			c.change(&p)
		}
		jobs, aside, err := Plan(c.candidates, p)
		if err == nil || !strings.Contains(err.Error(), c.want) || jobs != nil || aside != nil {
			t.Errorf("%s: got %d jobs, %d set aside, error %v; want nothing and an error with %q", c.name, len(jobs), len(aside), err, c.want)
		}
	}
}

func drawCandidates(t *rapid.T) []Candidate {
	var list []Candidate
	for i := range rapid.IntRange(0, 40).Draw(t, "candidates") {
		pages := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 3).Draw(t, "pages")
		marks := rapid.MapOfN(rapid.IntRange(1, 12), rapid.SampledFrom([]string{"g", "c", "gc"}), 0, 3).Draw(t, "marks")
		c := Candidate{
			Shipment:       fmt.Sprintf("s%02d", i),
			Account:        rapid.SampledFrom([]string{"skatt", "skole"}).Draw(t, "account"),
			Postcode:       rapid.SampledFrom([]string{"", "0150", "5003", "SE-111 20"}).Draw(t, "postcode"),
			Konteringskode: rapid.SampledFrom([]string{"", "4100", "20210-skyss"}).Draw(t, "code"),
			Zone:           rapid.SampledFrom([]string{exchange.ZoneNorway, exchange.ZoneEurope, exchange.ZoneWorld, "", "norge"}).Draw(t, "zone"),
			Facts:          factsOf(marks, pages...),
			Duplex:         rapid.Bool().Draw(t, "duplex"),
			Colour:         rapid.Bool().Draw(t, "colour"),
		}
		c.Facts.Bytes = rapid.Int64Range(1, 2000).Draw(t, "bytes")
		list = append(list, c)
	}
	return list
}

// TestPlanProperties: each candidate in exactly one place, every job of one
// class and within the limits, sorted, and the same for any order of input.
func TestPlanProperties(t *testing.T) {
	t.Parallel()
	base := testProfile(t)
	rapid.Check(t, func(t *rapid.T) {
		candidates := drawCandidates(t)
		p := base
		p.PoolAccounts = rapid.Bool().Draw(t, "pool")
		p.MaxLettersPerJob = rapid.IntRange(0, 5).Draw(t, "letters a job")
		p.MaxSheetsPerFile = rapid.IntRange(0, 20).Draw(t, "sheets a file")
		p.MaxBytesPerFile = rapid.SampledFrom([]int64{0, 1000}).Draw(t, "bytes a file")
		p.MaxSheetsPerJob = rapid.IntRange(0, 25).Draw(t, "sheets a job")
		p.MaxBytesPerJob = rapid.SampledFrom([]int64{0, 3000}).Draw(t, "bytes a job")
		p.Group = rapid.SliceOfNDistinct(rapid.SampledFrom([]SortKey{KeyKonteringskode, KeySheets, KeyRegion, KeyWeightStep}), 0, 2, rapid.ID).Draw(t, "group")
		for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom([]SortKey{KeyAccount, KeyPostcode, KeyPages, KeyWeight, KeyGiro}), 0, 3, rapid.ID).Draw(t, "sort") {
			p.Sort = append(p.Sort, rapid.SampledFrom([]SortKey{"", "-"}).Draw(t, "sign")+k)
		}
		ordered := inOrder(p.Sort)
		p.Impose.GiroPolicy = rapid.SampledFrom([]impose.GiroPolicy{impose.GiroPad, impose.GiroReject}).Draw(t, "giro")
		jobs, aside, err := Plan(candidates, p)
		if err != nil {
			t.Fatal(err)
		}

		planned(t, candidates, p, jobs, aside)
		byID := map[string]Candidate{}
		for _, c := range candidates {
			byID[c.Shipment] = c
		}
		placed := map[string]bool{}
		once := func(id string) {
			if _, known := byID[id]; !known || placed[id] {
				t.Fatalf("shipment %q is unknown or placed twice", id)
			}
			placed[id] = true
		}
		full := map[exchange.Class]int{}
		for i, j := range jobs {
			if len(j.Letters) == 0 {
				t.Fatalf("job %d is empty", i)
			}
			if p.MaxLettersPerJob > 0 && len(j.Letters) > p.MaxLettersPerJob {
				t.Fatalf("job %d has %d letters", i, len(j.Letters))
			}
			sheets, size := 0, int64(0)
			for _, l := range j.Letters {
				sheets, size = sheets+l.Sheets, size+l.Facts.Bytes
			}
			if p.MaxSheetsPerJob > 0 && sheets > p.MaxSheetsPerJob || p.MaxBytesPerJob > 0 && size > p.MaxBytesPerJob {
				t.Fatalf("job %d has %d sheets, %d bytes", i, sheets, size)
			}
			if i > 0 && j.Class == jobs[i-1].Class {
				before := jobs[i-1].Letters
				first := j.Letters[0]
				sheets, size = first.Sheets, first.Facts.Bytes
				for _, l := range before {
					sheets, size = sheets+l.Sheets, size+l.Facts.Bytes
				}
				full := p.MaxLettersPerJob > 0 && len(before) == p.MaxLettersPerJob ||
					p.MaxSheetsPerJob > 0 && sheets > p.MaxSheetsPerJob || p.MaxBytesPerJob > 0 && size > p.MaxBytesPerJob
				if !full {
					t.Fatalf("the first letter of job %d fits in job %d", i, i-1)
				}
				if !ordered(before[len(before)-1], first) {
					t.Fatalf("jobs %d and %d are out of order", i-1, i)
				}
			} else if full[j.Class]++; full[j.Class] > 1 {
				t.Fatalf("class %+v is scattered", j.Class)
			}
			for n, l := range j.Letters {
				if n > 0 && !ordered(j.Letters[n-1], l) {
					t.Fatalf("job %d is not sorted by %q:\n%s", i, p.Sort, dump(jobs, nil))
				}
				once(l.Shipment)
				if d := cmp.Diff(byID[l.Shipment], l.Candidate); d != "" {
					t.Fatalf("candidate changed:\n%s", d)
				}
				colour := slices.ContainsFunc(l.Facts.Pages, func(f prepare.PageFacts) bool { return f.Colour })
				giro := slices.ContainsFunc(l.Facts.Pages, func(f prepare.PageFacts) bool { return f.Giro })
				account := l.Account
				if p.PoolAccounts {
					account = ""
				}
				var groups []string
				for _, k := range p.Group {
					groups = append(groups, string(k)+"="+wordOf(k, l))
				}
				want := exchange.Class{
					Group:   strings.Join(groups, ","),
					Account: account, Zone: l.Zone, Giro: giro,
					Colour: l.Candidate.Colour && colour, Duplex: l.Candidate.Duplex && len(l.Facts.Pages) > 1,
					Envelope: string(impose.C5),
				}
				switch {
				case l.Sheets > p.Impose.C4MaxSheets:
					want.Envelope = string(impose.Parcel)
				case l.Sheets > p.Impose.C5MaxSheets:
					want.Envelope = string(impose.C4)
				}
				if j.Class != want {
					t.Fatalf("%s is in class %+v, want %+v", l.Shipment, j.Class, want)
				}
				if p.MaxSheetsPerJob > 0 && l.Sheets > p.MaxSheetsPerJob || p.MaxSheetsPerFile > 0 && l.Sheets > p.MaxSheetsPerFile || p.MaxBytesPerFile > 0 && l.Facts.Bytes > p.MaxBytesPerFile {
					t.Fatalf("%s with %d sheets, %d bytes fits no file", l.Shipment, l.Sheets, l.Facts.Bytes)
				}
			}
		}
		for _, a := range aside {
			once(a.Shipment)
			if a.Code == "" {
				t.Fatalf("%s is set aside without a reason", a.Shipment)
			}
			if fits(byID[a.Shipment], p) {
				t.Fatalf("%s is set aside for no reason: %s", a.Shipment, a.Code)
			}
		}
		if len(placed) != len(candidates) {
			t.Fatalf("%d of %d candidates placed", len(placed), len(candidates))
		}

		shuffled := slices.Clone(candidates)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		jobs2, aside2, err := Plan(shuffled, p)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(dump(jobs, aside), dump(jobs2, aside2)); d != "" {
			t.Fatalf("the order of candidates changes the plan:\n%s", d)
		}
	})
}

// inOrder tells whether one letter comes before another under sort keys, judged
// without the code under test.
func inOrder(sort []SortKey) func(a, b PlannedLetter) bool {
	if len(sort) == 0 {
		sort = []SortKey{KeySheets, KeyPostcode}
	}
	return func(a, b PlannedLetter) bool {
		for _, k := range sort {
			name, down := strings.CutPrefix(string(k), "-")
			var x, y string
			number := func(n int) string { return fmt.Sprintf("%012d", n) }
			switch SortKey(name) {
			case KeyAccount:
				x, y = a.Account, b.Account
			case KeyPostcode:
				x, y = a.Postcode, b.Postcode
			case KeySheets:
				x, y = number(a.Sheets), number(b.Sheets)
			case KeyPages:
				x, y = number(a.Pages), number(b.Pages)
			case KeyGiro:
				x, y = number(a.GiroSheets), number(b.GiroSheets)
			case KeyWeight:
				x, y = number(int(a.WeightMilligram)), number(int(b.WeightMilligram))
			default: // not among those above
			}
			if x != y {
				return (x < y) != down
			}
		}
		return a.Shipment < b.Shipment
	}
}

// wordOf is what a class says of a letter under a group key.
func wordOf(k SortKey, l PlannedLetter) string {
	switch k {
	case KeyKonteringskode:
		return l.Konteringskode
	case KeySheets:
		return fmt.Sprint(l.Sheets)
	case KeyRegion:
		if len(l.Postcode) == 4 {
			return l.Postcode[:2]
		}
		return ""
	default: // KeyWeightStep
		for _, step := range []int64{20, 50, 100, 350, 1000, 2000} {
			if l.WeightMilligram <= step*1000 {
				return fmt.Sprintf("%dg", step)
			}
		}
		return "over"
	}
}

// fits says whether a candidate has nothing about it that sets it aside,
// judged without the code under test.
func fits(c Candidate, p Profile) bool {
	if c.Zone != "NORGE" && c.Zone != "EUROPA" && c.Zone != "VERDEN" {
		return false
	}
	if len(c.Facts.DocumentPages) == 0 || slices.Contains(c.Facts.DocumentPages, 0) {
		return false
	}
	if p.MaxBytesPerFile > 0 && c.Facts.Bytes > p.MaxBytesPerFile || p.MaxBytesPerJob > 0 && c.Facts.Bytes > p.MaxBytesPerJob {
		return false
	}
	l := impose.Letter{Duplex: c.Duplex}
	at := 0
	for _, n := range c.Facts.DocumentPages {
		d := impose.Document{Pages: n}
		for i := range n {
			if c.Facts.Pages[at+i].Giro {
				d.Giro = append(d.Giro, i+1)
			}
		}
		at += n
		l.Documents = append(l.Documents, d)
	}
	im, err := impose.Lay(l, p.Impose)
	return err == nil && (p.MaxSheetsPerFile == 0 || len(im.Sheets) <= p.MaxSheetsPerFile) &&
		(p.MaxSheetsPerJob == 0 || len(im.Sheets) <= p.MaxSheetsPerJob)
}
