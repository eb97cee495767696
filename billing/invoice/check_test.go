package invoice

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/ledger"
	"postgang/billing/money"
)

// madeInvoice is an invoice of lines, with 25 % VAT where they say nothing else.
func madeInvoice(t rapid.TB, lines ...Line) Invoice {
	t.Helper()
	for i := range lines {
		if lines[i].VATPercent == 0 {
			lines[i].VATPercent = money.DecimalFromInt(25)
		}
	}
	inv, err := New("F-1", "2026-12-02", "2026-11-01", "2026-12-01", lines)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// netOf is what the ledger has of a kind by account and code: what is booked, and the shares.
func netOf(kind string, booked []Booked, shares []Share) map[string]money.Ore {
	out := map[string]money.Ore{}
	for _, b := range booked {
		if b.Kind == kind {
			out[b.Account+"/"+b.Konteringskode] += b.Net
		}
	}
	for _, s := range shares {
		if s.Line.Kind == kind {
			out[s.Account+"/"+s.Line.Konteringskode] += s.Line.Net
		}
	}
	for k, v := range out {
		if v == 0 {
			delete(out, k)
		}
	}
	return out
}

// A line with a konteringskode is that code's own; only the others are shared out.
func TestNamedLines(t *testing.T) {
	t.Parallel()
	booked := []Booked{
		{"a", "skyss", ledger.KindPostage, 500, 125, 0}, {"a", "skole", ledger.KindPostage, 1200, 300, 0}, {"b", "helse", ledger.KindPostage, 1000, 250, 0},
		{"a", "skyss", ledger.KindProduction, 100, 25, 5}, {"a", "skole", ledger.KindProduction, 300, 75, 12}, {"b", "helse", ledger.KindProduction, 200, 50, 10},
	}
	porto := func(code string, net money.Ore) Line {
		return Line{Kind: ledger.KindPostage, Konteringskode: code, Net: net}
	}
	fee := func(code string, net money.Ore) Line {
		return Line{Kind: "GEBYR", Konteringskode: code, Net: net}
	}
	for name, c := range map[string]struct {
		kind  string
		lines []Line
		want  map[string]money.Ore
	}{
		"a credit of one code":    {ledger.KindPostage, []Line{porto("", 2700), porto("skyss", -43)}, map[string]money.Ore{"a/skyss": 457, "a/skole": 1200, "b/helse": 1000}},
		"postage more of one":     {ledger.KindPostage, []Line{porto("", 2700), porto("skyss", 43)}, map[string]money.Ore{"a/skyss": 543, "a/skole": 1200, "b/helse": 1000}},
		"one by itself":           {ledger.KindPostage, []Line{porto("", 2200), porto("skyss", 500)}, map[string]money.Ore{"a/skyss": 500, "a/skole": 1200, "b/helse": 1000}},
		"one by itself, and more": {ledger.KindPostage, []Line{porto("", 2200), porto("skyss", 510)}, map[string]money.Ore{"a/skyss": 510, "a/skole": 1200, "b/helse": 1000}},
		"the others dearer":       {ledger.KindPostage, []Line{porto("", 2222), porto("skyss", 500)}, map[string]money.Ore{"a/skyss": 500, "a/skole": 1212, "b/helse": 1010}},
		"one by itself, credited": {ledger.KindPostage, []Line{porto("", 2200), porto("skyss", 500), porto("skyss", -43), porto("helse", 7)}, map[string]money.Ore{"a/skyss": 457, "a/skole": 1200, "b/helse": 1007}},
		"all by code":             {ledger.KindPostage, []Line{porto("skole", 1200), porto("helse", 900), porto("skyss", 500)}, map[string]money.Ore{"a/skyss": 500, "a/skole": 1200, "b/helse": 900}},
		"a code without letters":  {ledger.KindPostage, []Line{porto("", 2700), porto("ny", 90)}, map[string]money.Ore{"/ny": 90, "a/skyss": 500, "a/skole": 1200, "b/helse": 1000}},
		"fees":                    {"GEBYR", []Line{fee("skyss", 10_000), fee("", 2700)}, map[string]money.Ore{"a/skyss": 10_500, "a/skole": 1200, "b/helse": 1000}},
		"fees of codes":           {"GEBYR", []Line{fee("skyss", 10_000), fee("helse", -30)}, map[string]money.Ore{"a/skyss": 10_000, "b/helse": -30}},
	} {
		inv := madeInvoice(t, c.lines...)
		if got := netOf(c.kind, booked, Allocate(inv, Basis{Booked: booked}, nil)); !cmp.Equal(got, c.want) {
			t.Errorf("%s: %s", name, cmp.Diff(c.want, got))
		}
		var invoiced, held money.Ore
		for _, r := range Check(inv, Basis{Booked: booked}) {
			if r.Kind == c.kind {
				invoiced, held = invoiced+r.Invoiced, held+r.Booked
			}
		}
		if invoiced != inv.Net || c.kind == ledger.KindPostage && held != 2700 {
			t.Errorf("%s: the rows have kr %s invoiced and kr %s received", name, invoiced, held)
		}
	}
}

// Whatever lines name a code beside lines that are the receipts: each code has its receipts and its own lines, to the øre.
func TestNamedLinesAreTheirOwn(t *testing.T) {
	t.Parallel()
	codes := []string{"", "0100", "4711", "skole"}
	rapid.Check(t, func(t *rapid.T) {
		var booked []Booked
		var sum money.Ore
		want := map[string]money.Ore{}
		for _, code := range codes {
			net := money.Ore(rapid.Int64Range(1, 900_000).Draw(t, "booked"))
			booked = append(booked, Booked{"a", code, ledger.KindPostage, net, net.Percent(25), rapid.IntRange(0, 99).Draw(t, "letters")})
			sum += net
			want["a/"+code] += net
		}
		lines := []Line{{Kind: ledger.KindPostage, Net: sum}}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			code := rapid.SampledFrom(codes[1:]).Draw(t, "code")
			net := money.Ore(rapid.Int64Range(-900_000, 900_000).Draw(t, "net"))
			lines = append(lines, Line{Kind: ledger.KindPostage, Konteringskode: code, Net: net})
			want["a/"+code] += net
		}
		for k, v := range want {
			if v == 0 {
				delete(want, k)
			}
		}
		inv := madeInvoice(t, lines...)
		if d := cmp.Diff(want, netOf(ledger.KindPostage, booked, Allocate(inv, Basis{Booked: booked}, nil))); d != "" {
			t.Fatal(d)
		}
	})
}

// What belongs to no letter is on those who caused it: invoiced as the price list says, to the øre; else in that proportion.
func TestCausedCosts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var booked []Booked
		var causes []Cause
		var sum money.Ore
		want := map[string]money.Ore{}
		for _, account := range []string{"a", "b", "c"} {
			for _, code := range []string{"", "0100"} { // codes that several have
				booked = append(booked, Booked{account, code, ledger.KindProduction, 100, 25, rapid.IntRange(1, 999).Draw(t, "letters")})
				net := money.Ore(rapid.SampledFrom([]int64{0, 1, 327_23, 784_98}).Draw(t, "net"))
				causes = append(causes, Cause{account, code, net})
				sum += net
				if net != 0 {
					want[account+"/"+code] = net
				}
			}
		}
		basis := Basis{Booked: booked, Caused: map[string][]Cause{ledger.KindMinimum: causes, ledger.KindControlSheet: nil}}
		inv := madeInvoice(t, Line{Kind: ledger.KindMinimum, Net: sum}, Line{Kind: "GEBYR", Net: 5000})
		shares := Allocate(inv, basis, nil)
		if d := cmp.Diff(want, netOf(ledger.KindMinimum, nil, shares)); d != "" {
			t.Fatal(d)
		}
		for _, r := range Check(inv, basis) {
			if told := r.Expected != nil; told != (r.Kind == ledger.KindMinimum) || told && *r.Expected != sum {
				t.Fatalf("%+v", r)
			}
		}
		if sum == 0 {
			return
		}
		dearer := madeInvoice(t, Line{Kind: ledger.KindMinimum, Net: 2 * sum})
		for k := range want {
			want[k] *= 2
		}
		if d := cmp.Diff(want, netOf(ledger.KindMinimum, nil, Allocate(dearer, basis, nil))); d != "" {
			t.Fatal(d)
		}
	})
}

// A code that has a line of its own for what belongs to no letter is held against what it caused.
func TestCausedByCode(t *testing.T) {
	t.Parallel()
	basis := Basis{
		Booked: []Booked{{"a", "0100", ledger.KindProduction, 100, 25, 1}, {"b", "0200", ledger.KindProduction, 100, 25, 9}},
		Caused: map[string][]Cause{ledger.KindMinimum: {{"a", "0100", 900}, {"b", "0200", 100}}},
	}
	inv := madeInvoice(t, Line{Kind: ledger.KindMinimum, Konteringskode: "0100", Net: 900}, Line{Kind: ledger.KindMinimum, Net: 100})
	if got, want := netOf(ledger.KindMinimum, nil, Allocate(inv, basis, nil)), (map[string]money.Ore{"a/0100": 900, "b/0200": 100}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	for _, r := range Check(inv, basis) {
		if r.Kind == ledger.KindMinimum && *r.Expected != r.Invoiced {
			t.Errorf("%+v expects %s", r, *r.Expected)
		}
	}
}

// Booked one after another, invoices are the same as booked together: what stands is not shared out once more.
func TestAllocateInTurn(t *testing.T) {
	t.Parallel()
	kinds := []string{ledger.KindProduction, ledger.KindPostage, ledger.KindMinimum, "GEBYR"}
	rapid.Check(t, func(t *rapid.T) {
		amount := func(name string) money.Ore { return money.Ore(rapid.Int64Range(-9000, 90_000).Draw(t, name)) }
		var booked []Booked
		for i := range rapid.IntRange(0, 6).Draw(t, "booked") {
			net := amount("net")
			booked = append(booked, Booked{[]string{"a", "b"}[i%2], rapid.SampledFrom([]string{"", "0100", "4711"}).Draw(t, "code"), kinds[i%2], net, net.Percent(25), i})
		}
		basis := Basis{Booked: booked}
		var all []Invoice
		var standing []Share
		for range 3 {
			var lines []Line
			for range rapid.IntRange(1, 3).Draw(t, "lines") {
				lines = append(lines, Line{
					Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Konteringskode: rapid.SampledFrom([]string{"", "0100", "99"}).Draw(t, "code"), Net: amount("net"),
					VATPercent: rapid.SampledFrom([]money.Decimal{money.DecimalFromInt(25), money.DecimalFromInt(15)}).Draw(t, "rate"),
				})
			}
			all = append(all, madeInvoice(t, lines...))
			standing = append(standing, Allocate(Together(all), basis, standing)...)
		}
		sum := func(shares []Share) map[string]money.Ore {
			out := map[string]money.Ore{}
			for _, s := range shares {
				k := fmt.Sprint(s.Account, "/", s.Line.Konteringskode, "/", s.Line.Kind)
				out[k] += s.Line.Net
				out[k+" VAT"] += s.Line.VAT
			}
			for k, v := range out {
				if v == 0 {
					delete(out, k)
				}
			}
			return out
		}
		if d := cmp.Diff(sum(Allocate(Together(all), basis, nil)), sum(standing)); d != "" {
			t.Fatal(d)
		}
	})
}

// VAT at another rate than the receipts' is of its kind and codes, not a rounding of everybody's.
func TestVATOfItsKind(t *testing.T) {
	t.Parallel()
	booked := []Booked{{"a", "0100", ledger.KindProduction, 10_000, 0, 3}, {"b", "0200", ledger.KindPostage, 50_000, 0, 0}}
	inv := madeInvoice(t, Line{Kind: ledger.KindProduction, Net: 10_000}, Line{Kind: ledger.KindPostage, Net: 50_000})
	want := []Share{
		{"a", ledger.Line{Kind: ledger.KindProduction, Konteringskode: "0100", Net: 0, VAT: 2500, Gross: 2500}}, {"b", ledger.Line{Kind: ledger.KindPostage, Konteringskode: "0200", Net: 0, VAT: 12_500, Gross: 12_500}},
	}
	if got := Allocate(inv, Basis{Booked: booked}, nil); !slices.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

// What is invoiced twice, or far more than was to be expected, is told; what differs by little, or is a credit, is not.
func TestDoubt(t *testing.T) {
	t.Parallel()
	basis := Basis{
		Booked: []Booked{{"a", "0100", ledger.KindPostage, 165_800, 41_450, 10}, {"a", "0100", ledger.KindProduction, 48_939, 12_235, 0}},
		Caused: map[string][]Cause{ledger.KindMinimum: {{"a", "0100", 10_000}}},
	}
	line := func(kind string, net money.Ore) Line { return Line{Kind: kind, Net: net} }
	first := madeInvoice(t, line(ledger.KindPostage, 165_800), line(ledger.KindProduction, 48_939))
	for name, c := range map[string]struct {
		inv    Invoice
		others []Invoice
		want   string // in the codes and arguments, together; empty: no doubt
	}{
		"as received":        {first, nil, ""},
		"once more":          {madeInvoice(t, line(ledger.KindProduction, 48_939), line(ledger.KindPostage, 165_800)), []Invoice{first}, "invoice-twin map[number:F-1]} {invoice-above-together map[invoiced:97878 kind:PRODUKSJON"},
		"in parts":           {madeInvoice(t, line(ledger.KindPostage, 100_000)), []Invoice{madeInvoice(t, line(ledger.KindPostage, 65_800))}, ""},
		"a bit dearer":       {madeInvoice(t, line(ledger.KindPostage, 200_000)), nil, ""},
		"far dearer":         {madeInvoice(t, line(ledger.KindPostage, 210_000)), nil, "invoice-above map[invoiced:210000 kind:PORTO owed:165800]"},
		"a credit":           {madeInvoice(t, line(ledger.KindPostage, -4300)), []Invoice{first}, ""},
		"the same credit":    {madeInvoice(t, line(ledger.KindPostage, -4300)), []Invoice{first, madeInvoice(t, line(ledger.KindPostage, -4300))}, "invoice-twin"},
		"a fee of its own":   {madeInvoice(t, line("GEBYR", 900_000)), []Invoice{first}, ""},
		"minimum":            {madeInvoice(t, line(ledger.KindMinimum, 10_000)), nil, ""},
		"minimum twice":      {madeInvoice(t, line(ledger.KindMinimum, 20_000)), nil, "invoice-above map[invoiced:20000 kind:MINSTEPRIS"},
		"one that is booked": {madeInvoice(t, line("GEBYR", 100)), []Invoice{madeInvoice(t, line(ledger.KindPostage, 900_000))}, ""},
	} {
		doubts := Doubt(c.inv, c.others, basis)
		got := fmt.Sprint(doubts)
		if c.want == "" && len(doubts) > 0 || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
