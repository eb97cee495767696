package engine_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/invoices"
	"postgang/engine/store"
)

// TestMonthsAddUp lives through months at random: letters with and without konteringskode, receipts that come at once, late,
// twice, corrected, taken back, of unknown letters, of days that cannot be and not at all, months that are closed in between, and invoices that differ
// from the receipts. What is in force, the ledger, the invoices and every month's report always agree, to the øre; a closed
// month never changes. POSTGANG_MONTHS_SEED repeats one.
func TestMonthsAddUp(t *testing.T) {
	t.Parallel()
	seeds := []uint64{}
	if s := os.Getenv("POSTGANG_MONTHS_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		must(t, err)
		seeds = append(seeds, n)
	} else {
		for range 6 {
			seeds = append(seeds, rand.Uint64())
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			liveMonths(t, rand.New(rand.NewPCG(seed, 1)))
		})
	}
}

// monthLetter is a letter, and what the vendor has said of it last.
type monthLetter struct {
	job, id, code string
	posted        time.Time
	row           receipt.Row // in force; Kind RowReversal: taken back
	received      bool
}

func liveMonths(t *testing.T, rnd *rand.Rand) {
	s := setup(t, kinds)
	var letters []*monthLetter
	var closed []civil.Date                    // first days
	reported := map[civil.Date]figures.Money{} // of closed months
	files := 0
	receipts := func(rows ...receipt.Row) {
		files++
		s.receiptsOfKinds(t, fmt.Sprintf("k%03d.csv", files), rows...)
	}
	amounts := func(r *receipt.Row) {
		r.Production, r.Postage = money.Ore(rnd.IntN(2000)), money.Ore(rnd.IntN(4000))
		if rnd.IntN(10) == 0 {
			r.Production = 0
		}
	}
	days := func(r *receipt.Row, posted time.Time) {
		if r.PostedAt = posted; rnd.IntN(6) == 0 {
			r.PostedAt = posted.AddDate(1+rnd.IntN(30), 0, 0)
		}
		if rnd.IntN(12) == 0 {
			r.PostedAt = posted.AddDate(-1-rnd.IntN(20), 0, 0)
		}
	}
	month := civil.Of(s.clock.now(), calendar.Oslo)[:8] + "01"
	taken := map[civil.Date][]invoice.Invoice{}
	for range 3 {
		next := civil.Of(month.UTC().AddDate(0, 1, 0), time.UTC)
		// A night with a few letters.
		var fresh []*monthLetter
		for i := range 2 + rnd.IntN(3) {
			code := []string{"0100", "", "4711"}[rnd.IntN(3)]
			id := s.accepted(t, fmt.Sprintf("%s-%d", month, i), newLetter(fmt.Sprintf("%s %d", month, i)).with("konteringskode", code))
			fresh = append(fresh, &monthLetter{id: id, code: code})
		}
		s.night(t)
		for _, l := range fresh {
			for _, j := range s.jobs(t) {
				if slices.ContainsFunc(s.letters(t, j.ID), func(row store.JobLetter) bool { return row.Shipment == l.id }) {
					l.job = j.ID
				}
			}
			l.posted = s.clock.now().UTC().Truncate(time.Millisecond)
			l.row = receiptRow(l.job, l.id, l.posted)
			l.row.Konteringskode = l.code
			amounts(&l.row)
		}
		letters = append(letters, fresh...)
		// The days of the month, and of the next when this one may be closed already.
		for range 3 + rnd.IntN(4) {
			l := letters[rnd.IntN(len(letters))]
			switch row := l.row; {
			case !l.received:
				days(&row, l.posted)
				receipts(row)
				l.row, l.received = row, true
			case rnd.IntN(4) == 0: // once more: nothing changes
				receipts(row)
			case rnd.IntN(3) == 0 && row.Kind != receipt.RowReversal:
				row.Kind = receipt.RowReversal
				receipts(row)
				l.row = row
			default:
				row.Kind = receipt.RowCorrection
				amounts(&row)
				days(&row, l.posted)
				receipts(row)
				l.row = row
			}
			if rnd.IntN(5) == 0 { // of a letter that we never sent
				unknown := receiptRow(l.job, "00000000-0000-4000-8000-"+fmt.Sprintf("%012d", files), s.clock.now())
				unknown.Production = 99_999
				receipts(unknown)
			}
			s.clock.add(time.Duration(rnd.IntN(4*24)) * time.Hour)
		}
		for s.clock.now().Before(next.In(calendar.Oslo)) {
			s.clock.add(24 * time.Hour)
		}
		// The invoice: what was received, or not quite, and something that belongs to no letter.
		if rnd.IntN(4) > 0 {
			inv := s.invoiceOf(t, fmt.Sprintf("F-%s", month.Month()), month, next, rnd)
			rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
			must(t, err)
			taken[month] = append(taken[month], inv)
			_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
			must(t, err)
		}
		if rnd.IntN(3) > 0 && len(closed) == monthsBetween(letters[0].posted, month) {
			s.closeMonth(t, month.UTC())
			closed = append(closed, month)
			reported[month] = s.report(t, month.Month()).Money
		}
		month = civil.Of(s.clock.now(), calendar.Oslo)[:8] + "01"
	}

	// What is in force is what the ledger has from receipts, by code.
	force, booked := map[string]money.Ore{}, map[string]money.Ore{}
	counted := 0
	for _, l := range letters {
		if l.received && l.row.Kind != receipt.RowReversal {
			force[l.code] += l.row.Net()
			counted++
		}
	}
	var ledger money.Ore
	count := 0
	for _, l := range s.ledger(t) {
		ledger += l.Line.Net
		count += l.Letters
		if l.Source != store.LedgerAllocation && !isInvoice(taken, l) {
			booked[l.Line.Konteringskode] += l.Line.Net
		}
	}
	for _, code := range []string{"0100", "", "4711"} {
		if force[code] != booked[code] {
			t.Errorf("code %q has kr %v in force and kr %v in the ledger", code, force[code], booked[code])
		}
	}
	for _, l := range letters { // and no letter is posted when it cannot have been
		if at := s.shipment(t, l.id).PostedAt; l.received && (at.Before(l.posted) || at.After(s.clock.now())) || !l.received && !at.IsZero() {
			t.Errorf("a letter of %v is posted at %v", l.posted, at)
		}
	}
	if counted != count {
		t.Errorf("%d letters are in force, and %d in the ledger", counted, count)
	}
	// Booked anew, the ledger is the invoices for their months.
	periods, err := s.engine.InvoicePeriods(s.ctx, "", "")
	must(t, err)
	for _, p := range periods {
		if p.LeftNet != 0 || p.LeftVAT != 0 {
			_, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: p.Invoices[0].ID, Reason: "kvitteringer er kommet siden"})
			must(t, err)
		}
		after, err := s.engine.InvoicePeriodOf(s.ctx, p.Invoices[0].InvoiceRecord)
		must(t, err)
		if after.LeftNet != 0 || after.LeftVAT != 0 {
			t.Errorf("invoice %s leaves kr %v and VAT %v", p.Invoices[0].Invoice.Number, after.LeftNet, after.LeftVAT)
		}
		for _, r := range after.Rows {
			if r.Left() != 0 {
				t.Errorf("invoice %s leaves kr %v of %s", p.Invoices[0].Invoice.Number, r.Left(), r.Kind)
			}
		}
	}
	// The months' reports are the ledger, and closed ones are what they were. BuildReport holds every table against the sums.
	ledger = 0
	for _, l := range s.ledger(t) {
		ledger += l.Line.Net
	}
	var months money.Ore
	first := civil.Of(letters[0].posted, calendar.Oslo)[:8] + "01"
	for m := first; m <= month; m = civil.Of(m.UTC().AddDate(0, 1, 0), time.UTC) {
		r := s.report(t, m.Month())
		months += r.Money.Net
		if was, ok := reported[m]; ok && was != r.Money {
			t.Errorf("%s was closed with %+v and is %+v", m.Month(), was, r.Money)
		}
	}
	end := civil.NextMonth(month)
	for _, accounts := range [][]string{nil, {s.shipment(t, letters[0].id).Account}} {
		s.sameStatistics(t, first, end, accounts...)
		s.sameStatistics(t, month, end, accounts...)
	}
	if months != ledger {
		t.Errorf("the months' reports have kr %v, the ledger kr %v", months, ledger)
	}
}

// isInvoice reports whether a line takes back a share of an invoice.
func isInvoice(invoices map[civil.Date][]invoice.Invoice, l store.LedgerLine) bool {
	return l.Source == store.LedgerReversal && l.PostedAt.IsZero() && len(invoices) > 0
}

// monthsBetween counts the months from a time to a month.
func monthsBetween(from time.Time, to civil.Date) int {
	f := from.In(calendar.Oslo)
	t := to.UTC()
	return (t.Year()-f.Year())*12 + int(t.Month()) - int(f.Month())
}

// invoiceOf is an invoice for a month that is what was received, or differs by some øre, with a minimum and amounts of single codes.
func (s *stage) invoiceOf(t *testing.T, number string, from, to civil.Date, rnd *rand.Rand) invoice.Invoice {
	t.Helper()
	sums := map[string]money.Ore{ledger.KindProduction: 0, ledger.KindPostage: 0}
	for _, b := range view(t, s, func(r store.Reader) ([]invoice.Booked, error) {
		return r.BookedFor(s.ctx, "trykk", from.In(calendar.Oslo), to.In(calendar.Oslo))
	}) {
		sums[b.Kind] += b.Net
	}
	rate := money.DecimalFromInt(25)
	var lines []invoice.Line
	for _, kind := range []string{ledger.KindProduction, ledger.KindPostage} {
		lines = append(lines, invoice.Line{Kind: kind, Net: sums[kind] + money.Ore(rnd.IntN(5)-2), VATPercent: rate})
	}
	if rnd.IntN(2) == 0 {
		lines = append(lines, invoice.Line{Kind: ledger.KindMinimum, Net: money.Ore(rnd.IntN(1000) - 100), VATPercent: rate})
	}
	for range rnd.IntN(3) { // credits, fees and more of single codes
		kind := []string{ledger.KindProduction, ledger.KindPostage, "GEBYR"}[rnd.IntN(3)]
		lines = append(lines, invoice.Line{Kind: kind, Konteringskode: []string{"0100", "4711", "NY"}[rnd.IntN(3)], Net: money.Ore(rnd.IntN(800) - 300), VATPercent: rate})
	}
	inv, err := invoice.New(number, to, from, to, lines)
	must(t, err)
	return inv
}
