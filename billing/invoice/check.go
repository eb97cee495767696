package invoice

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"postgang/billing/ledger"
	"postgang/billing/money"
)

// Booked is what the ledger holds of receipts for letters posted in the period of an invoice, of one kind, account and
// konteringskode.
type Booked struct {
	Account        string
	Konteringskode string
	Kind           string
	Net, VAT       money.Ore
	Letters        int
}

// Cause is a part of what the price list expects of a kind of cost that belongs to no letter, and whose letters caused it.
type Cause struct {
	Account        string
	Konteringskode string
	Net            money.Ore
}

// Basis is what invoices are held against.
type Basis struct {
	Booked []Booked
	// Caused holds by kind of cost what the price list expects of it beside the letters. A kind that is not in it has no price.
	Caused map[string][]Cause
}

// CheckRow holds an invoice against its basis: one kind of cost, or one konteringskode of it where lines name one.
type CheckRow struct {
	Kind           string
	Konteringskode string     // empty with ByCode: the letters without one
	ByCode         bool       // the row is of one konteringskode
	Others         bool       // other rows are of single codes of the kind; this one is of what names none
	NotInvoiced    bool       // no line of the invoice is of the kind, which another invoice may have
	Invoiced       money.Ore  // net
	Booked         money.Ore  // net
	Expected       *money.Ore // net by the price list, of what belongs to no letter; nil where it does not tell
	VATPercent     money.Decimal
}

// Difference is what the invoice has more than the ledger.
func (r CheckRow) Difference() money.Ore { return r.Invoiced - r.Booked }

// Check holds an invoice against what is booked for its period, and against the price list.
//
// A line that names its konteringskode is that code's own. Lines that name none are for the others, or, as where postage is
// averaged, for all: then what a line names is beside what the code has by receipts, such as a credit or a fee. Which of the two
// it is shows in the sums: where a kind has both sorts of lines, those that name none are held against the receipts of all codes
// or of those that have no line of their own, whichever is nearer. A kind that is booked and that the invoice has no line of is a
// row too.
func Check(inv Invoice, basis Basis) []CheckRow {
	var out []CheckRow
	for _, p := range match(inv, basis) {
		out = append(out, p.row)
	}
	return out
}

// owner is who carries a cost.
type owner struct{ account, code string }

func (o owner) compare(p owner) int {
	return cmp.Or(cmp.Compare(o.account, p.account), cmp.Compare(o.code, p.code))
}

// matched is a row with what Allocate needs of it.
type matched struct {
	row     CheckRow
	vat     money.Ore // of its lines, less what is booked
	among   []owner
	weights []int64
}

// matcher holds the lines of one kind of cost against their basis.
type matcher struct {
	kind    string
	lines   map[string][]Line   // by konteringskode
	owners  []owner             // who has letters or causes of any kind, in order
	of      map[string][]owner  // the same by konteringskode
	letters map[owner]int64     // of any kind
	net     map[owner]money.Ore // booked of the kind
	vat     map[owner]money.Ore // likewise
	owed    map[owner]money.Ore // what it is held against: the price list's where that tells, else net
	priced  bool
}

func match(inv Invoice, basis Basis) []matched {
	letters, known := map[owner]int64{}, map[owner]bool{}
	kinds := map[string]*matcher{}
	kind := func(name string) *matcher {
		if kinds[name] == nil {
			kinds[name] = &matcher{kind: name, lines: map[string][]Line{}, letters: letters, net: map[owner]money.Ore{}, vat: map[owner]money.Ore{}, owed: map[owner]money.Ore{}}
		}
		return kinds[name]
	}
	for _, l := range inv.Lines {
		m := kind(l.Kind)
		m.lines[l.Konteringskode] = append(m.lines[l.Konteringskode], l)
	}
	for _, b := range basis.Booked {
		o, m := owner{b.Account, b.Konteringskode}, kind(b.Kind)
		known[o] = true
		letters[o] += int64(b.Letters)
		m.net[o] += b.Net
		m.vat[o] += b.VAT
		m.owed[o] += b.Net
	}
	for name, causes := range basis.Caused {
		m := kinds[name]
		if m == nil { // nobody invoices it
			continue
		}
		m.priced, m.owed = true, map[owner]money.Ore{}
		for _, c := range causes {
			o := owner{c.Account, c.Konteringskode}
			known[o] = true
			m.owed[o] += c.Net
		}
	}
	owners, of := slices.SortedFunc(maps.Keys(known), owner.compare), map[string][]owner{}
	for _, o := range owners {
		of[o.code] = append(of[o.code], o)
	}
	names := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(ledger.KindOrder(a), ledger.KindOrder(b)), cmp.Compare(a, b))
	})
	var out []matched
	for _, name := range names {
		kinds[name].owners, kinds[name].of = owners, of
		out = append(out, kinds[name].match()...)
	}
	return out
}

// match makes the rows of a kind: those of codes, in order, after that of what names none.
func (m *matcher) match() []matched {
	named, unnamed, all := map[string]money.Ore{}, money.Ore(0), len(m.lines) > 0
	for code, lines := range m.lines {
		for _, l := range lines {
			if code == "" {
				all, unnamed = false, unnamed+l.Net
			} else {
				named[code] += l.Net
			}
		}
	}
	own := map[string]bool{} // codes that are held against their own receipts
	switch {
	case all:
		for c := range named {
			own[c] = true
		}
		for _, o := range m.owners {
			if m.has(o) {
				own[o.code] = true
			}
		}
	case len(named) > 0:
		own = m.own(named, unnamed)
	}
	var out []matched
	if !all {
		out = append(out, m.rest(own, len(named) > 0))
	}
	codes := maps.Clone(own)
	for c := range named {
		codes[c] = true
	}
	for _, c := range slices.Sorted(maps.Keys(codes)) {
		out = append(out, m.code(c, own[c]))
	}
	return out
}

// has reports whether an owner has anything of the kind.
func (m *matcher) has(o owner) bool {
	_, booked := m.net[o]
	_, owed := m.owed[o]
	return booked || owed
}

// own tells which of the codes that lines name have all of the kind on these lines, so that the lines without code are for the
// others.
func (m *matcher) own(named map[string]money.Ore, unnamed money.Ore) map[string]bool {
	byCode, sum := map[string]money.Ore{}, money.Ore(0)
	for o, net := range m.owed {
		byCode[o.code] += net
		sum += net
	}
	own, others := map[string]bool{}, sum
	for c, net := range named {
		if owed := byCode[c]; owed > 0 && net >= owed-net { // at least half of it: it is no addition
			own[c] = true
			others -= owed
		}
	}
	if away(unnamed, sum) <= away(unnamed, others) {
		return map[string]bool{}
	}
	return own
}

func away(a, b money.Ore) money.Ore { return max(a-b, b-a) }

// rest is the row of what names no code: of all codes but those that have their own.
func (m *matcher) rest(own map[string]bool, others bool) matched {
	r := matched{row: CheckRow{Kind: m.kind, Others: others, NotInvoiced: len(m.lines) == 0}}
	r.take(m.lines[""])
	r.held(m, slices.DeleteFunc(slices.Clone(m.owners), func(o owner) bool { return own[o.code] }))
	some := false
	for _, w := range r.weights {
		some = some || w > 0
	}
	if !some { // nobody has anything of it: as the letters are
		r.among, r.weights = m.owners, nil
		for _, o := range m.owners {
			r.weights = append(r.weights, m.letters[o])
		}
	}
	if len(r.among) == 0 {
		r.among, r.weights = []owner{{}}, []int64{1}
	}
	return r
}

// code is the row of a code: held against what it has, or beside that.
func (m *matcher) code(code string, own bool) matched {
	r := matched{row: CheckRow{Kind: m.kind, Konteringskode: code, ByCode: true}}
	r.take(m.lines[code])
	if own {
		r.held(m, m.of[code])
	} else if m.priced {
		r.row.Expected = new(money.Ore)
	}
	r.among, r.weights = nil, nil
	some := false
	for _, o := range m.of[code] {
		r.among, r.weights = append(r.among, o), append(r.weights, int64(m.owed[o]))
		some = some || m.owed[o] > 0
	}
	if !some {
		for i, o := range r.among {
			r.weights[i] = m.letters[o]
		}
	}
	if len(r.among) == 0 {
		r.among, r.weights = []owner{{"", code}}, []int64{1}
	}
	return r
}

// take counts lines.
func (r *matched) take(lines []Line) {
	for _, l := range lines {
		r.row.Invoiced += l.Net
		r.row.VATPercent = max(r.row.VATPercent, l.VATPercent)
		r.vat += money.VATOf(l.Net, l.VATPercent)
	}
}

// held counts what is booked and expected of some owners.
func (r *matched) held(m *matcher, of []owner) {
	var expected money.Ore
	for _, o := range of {
		r.row.Booked += m.net[o]
		r.vat -= m.vat[o]
		expected += m.owed[o]
		r.among, r.weights = append(r.among, o), append(r.weights, int64(m.owed[o]))
	}
	if m.priced {
		r.row.Expected = &expected
	}
}

// alike reports whether two invoices have the same amounts: of each kind, konteringskode and rate, and of VAT.
func (inv Invoice) alike(other Invoice) bool {
	type place struct {
		kind, code string
		rate       money.Decimal
	}
	sums := map[place]money.Ore{}
	for _, l := range inv.Lines {
		sums[place{l.Kind, l.Konteringskode, l.VATPercent}] += l.Net
	}
	for _, l := range other.Lines {
		sums[place{l.Kind, l.Konteringskode, l.VATPercent}] -= l.Net
	}
	for _, o := range sums {
		if o != 0 {
			return false
		}
	}
	return inv.VAT == other.VAT && inv.From == other.From && inv.To == other.To
}

// Args are the arguments of a code: amounts in øre, days as 2026-11-30.
type Args map[string]string

// Doubtful is a reason to look at an invoice before it is booked, as a code and arguments that others put into words.
type Doubtful struct {
	Code string
	Args Args
}

// An invoice is far above what was to be expected of a kind of cost when it is by a quarter, and by more than farAbove.
const farAbove money.Ore = 10_00

// Doubt says why a person should look before an invoice is booked beside others for the same period: it has the amounts of
// one of them, or brings a kind of cost far above the receipts and the price list.
func Doubt(inv Invoice, others []Invoice, basis Basis) []Doubtful {
	var out []Doubtful
	for _, o := range others {
		if inv.alike(o) {
			out = append(out, Doubtful{Code: "invoice-twin", Args: Args{"number": o.Number}})
		}
	}
	brought := map[string]money.Ore{}
	for _, l := range inv.Lines {
		brought[l.Kind] += l.Net
	}
	invoiced, owed, told := map[string]money.Ore{}, map[string]money.Ore{}, map[string]bool{}
	var kinds []string
	for _, r := range Check(Together(append([]Invoice{inv}, others...)), basis) {
		if !slices.Contains(kinds, r.Kind) {
			kinds = append(kinds, r.Kind)
		}
		invoiced[r.Kind] += r.Invoiced
		owed[r.Kind] += r.Booked
		if r.Expected != nil {
			owed[r.Kind] += *r.Expected - r.Booked
		}
		told[r.Kind] = told[r.Kind] || r.Expected != nil || r.Kind == ledger.KindProduction || r.Kind == ledger.KindPostage
	}
	for _, kind := range kinds {
		above := invoiced[kind] - owed[kind]
		if !told[kind] || brought[kind] <= 0 || above <= farAbove || above <= owed[kind]/4 {
			continue
		}
		d := Doubtful{Code: "invoice-above", Args: Args{"kind": kind, "invoiced": fmt.Sprint(int64(invoiced[kind])), "owed": fmt.Sprint(int64(owed[kind]))}}
		if len(others) > 0 {
			d = Doubtful{Code: "invoice-above-together", Args: Args{"kind": kind, "invoiced": fmt.Sprint(int64(invoiced[kind])), "owed": fmt.Sprint(int64(owed[kind]))}}
		}
		out = append(out, d)
	}
	return out
}

// Share is a part of an invoice that is allocated to an account and konteringskode.
type Share struct {
	Account string
	Line    ledger.Line
}

// Allocate shares out what an invoice has more, or less, than what is booked of the kinds that it has, so that both are
// equal to the øre, net and VAT: each difference of Check by largest remainder over the accounts and codes that it is of, in
// proportion to what they have of the kind: by receipts, or by what they caused of what belongs to no letter; to their letters
// where nobody has anything of it. What VAT then remains, since rounding differs, is a share of KindRounding. A code that the
// invoice names and that has no letters carries its own difference; without any letters at all, what belongs to no code stands on
// the missing one.
//
// standing is what stands in the ledger of the same invoice, of others for the period that it is taken together with, already;
// what comes out is what is lacking to it.
func Allocate(inv Invoice, basis Basis, standing []Share) []Share {
	type place struct {
		kind string
		owner
	}
	sums := map[place]ledger.Line{}
	add := func(kind string, o owner, net, vat money.Ore) {
		l := sums[place{kind, o}]
		l.Net, l.VAT = l.Net+net, l.VAT+vat
		sums[place{kind, o}] = l
	}
	spread := func(kind string, net, vat money.Ore, among []owner, weights []int64) {
		nets, vats := money.Allocate(net, weights), money.Allocate(vat, weights)
		for i, o := range among {
			add(kind, o, nets[i], vats[i])
		}
	}
	letters := map[owner]int64{}
	var bookedVAT, vat money.Ore
	invoiced := map[string]bool{}
	for _, l := range inv.Lines {
		invoiced[l.Kind] = true
	}
	bound := money.Ore(len(inv.Lines)) // how far VAT of lines that are rounded one by one may be off
	for _, b := range basis.Booked {
		letters[owner{b.Account, b.Konteringskode}] += int64(b.Letters)
		bound += money.Ore(b.Letters)
		if invoiced[b.Kind] {
			bookedVAT += b.VAT
		}
	}
	for _, m := range match(inv, basis) {
		if m.row.NotInvoiced {
			continue
		}
		share := money.VATOf(m.row.Difference(), m.row.VATPercent)
		if away(share, m.vat) > bound { // another rate than the receipts': it is of this kind and these codes
			share = m.vat
		}
		spread(m.row.Kind, m.row.Difference(), share, m.among, m.weights)
		vat += share
	}
	// The VAT of receipts is rounded line by line, an invoice's once.
	if rest := inv.VAT - bookedVAT - vat; rest != 0 {
		owners := slices.SortedFunc(maps.Keys(letters), owner.compare)
		weights := make([]int64, len(owners))
		for i, o := range owners {
			weights[i] = letters[o]
		}
		if len(owners) == 0 {
			owners, weights = []owner{{}}, []int64{1}
		}
		spread(ledger.KindRounding, 0, rest, owners, weights)
	}
	for _, s := range standing {
		add(s.Line.Kind, owner{s.Account, s.Line.Konteringskode}, -s.Line.Net, -s.Line.VAT)
	}
	places := slices.SortedFunc(maps.Keys(sums), func(a, b place) int {
		return cmp.Or(cmp.Compare(ledger.KindOrder(a.kind), ledger.KindOrder(b.kind)), cmp.Compare(a.kind, b.kind), a.compare(b.owner))
	})
	var out []Share
	for _, p := range places {
		if l := sums[p]; l.Net != 0 || l.VAT != 0 {
			out = append(out, Share{p.account, ledger.Line{Kind: p.kind, Konteringskode: p.code, Net: l.Net, VAT: l.VAT, Gross: l.Net + l.VAT}})
		}
	}
	return out
}
