package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/finance"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// ledger is the whole ledger.
func (s *stage) ledger(t *testing.T) []store.LedgerLine {
	t.Helper()
	return view(t, s, func(r store.Reader) ([]store.LedgerLine, error) { return r.Ledger(s.ctx, store.LedgerFilter{}) })
}

// closeMonth closes the month of a time.
func (s *stage) closeMonth(t *testing.T, at time.Time) {
	t.Helper()
	_, err := s.engine.CloseMonth(s.ctx, civil.Of(at, calendar.Oslo)[:8]+"01", "avstemt")
	must(t, err)
}

// TestLateReceipts: what comes after its month is closed is booked in the month in which it comes, and says so; the closed
// month's report stays what it was.
func TestLateReceipts(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 2)
	posted := s.clock.now()
	s.receipts(t, "k1.csv", receiptRow(job, ids[0], posted))
	s.fetch(t)
	month := posted.Format("2006-01")
	for s.clock.now().Before(posted.AddDate(0, 1, 0)) {
		s.clock.add(24 * time.Hour)
	}
	before := s.report(t, month)
	s.closeMonth(t, posted)
	s.receipts(t, "k2.csv", receiptRow(job, ids[1], posted))
	s.fetch(t)
	after := s.report(t, month)
	if after.Money != before.Money || after.Money.Letters != 1 || after.Volume != before.Volume {
		t.Errorf("the closed month was %+v and is %+v", before.Money, after.Money)
	}
	next := s.report(t, s.clock.now().Format("2006-01"))
	if next.Money.Net != before.Money.Net || next.Money.Letters != 1 || next.Volume != before.Volume {
		t.Errorf("the month in which it came has %+v, %+v", next.Money, next.Volume)
	}
	if src := rows(next.Costs)[0].Source; !strings.Contains(src, "lukket måned") {
		t.Errorf("the line does not say that it is late: %s", src)
	}
	if s.shipment(t, ids[1]).Status != shipment.StatusPrintet {
		t.Error("a late receipt does not mark its letter as posted")
	}
}

// TestClosingMonths: in order, over, and for good.
func TestClosingMonths(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 1)
	posted := s.clock.now()
	s.receipts(t, "k1.csv", receiptRow(job, ids[0], posted))
	s.fetch(t)
	first := civil.Of(posted, calendar.Oslo)[:8] + "01"
	refused := func(month civil.Date, reason, words string) {
		t.Helper()
		if _, err := s.engine.CloseMonth(s.ctx, month, reason); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("closing %s: %v, want %q", month, err, words)
		}
	}
	refused(first, "x", "not over yet")
	s.clock.add(100 * 24 * time.Hour)
	second := civil.Of(first.UTC().AddDate(0, 1, 0), time.UTC)
	refused(first.AddDays(1), "x", "first day")
	refused(first, " ", "reason is missing")
	refused(second, "x", "the first with letters or costs that is open is "+first.Month())
	refused("2005-11-01", "x", "before the first month with letters or costs, which is "+first.Month())
	s.closeMonth(t, posted)
	refused(first, "x", "closed already")
	refused("2005-11-01", "x", "the next is "+second.Month())
	// Nothing is in the second month: it is closed with the third.
	s.closeMonth(t, second.UTC().AddDate(0, 1, 9))
	if n := len(view(t, s, func(r store.Reader) ([]store.ClosedMonth, error) { return r.ClosedMonths(s.ctx) })); n != 3 {
		t.Errorf("%d months are closed, want 3", n)
	}
	empty := setup(t)
	empty.clock.add(100 * 24 * time.Hour)
	if _, err := empty.engine.CloseMonth(s.ctx, first, "x"); err == nil || !strings.Contains(err.Error(), "nothing to close") {
		t.Errorf("closing a month of an empty archive: %v", err)
	}
}

// TestMonthStatus: before a month is closed, what is open is told: letters without receipts, files and receipts that a person must
// look at, deviations, and invoices that are missing or not booked.
func TestMonthStatus(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 3)
	posted := s.clock.now()
	month := civil.Of(posted, calendar.Oslo)[:8] + "01"
	status := func() finance.MonthStatus {
		t.Helper()
		m, err := s.engine.MonthStatus(s.ctx, month)
		must(t, err)
		return m
	}
	first := receiptRow(job, ids[0], posted)
	first.WeightGram = 500
	s.receipts(t, "k1.csv", first, receiptRow(job, ids[1], posted))
	s.fetch(t)
	dearer := receiptRow(job, ids[1], posted)
	dearer.Postage++
	s.receipts(t, "k2.csv", dearer)
	s.fetch(t)
	_, err := s.engine.ImportReceipts(s.ctx, "trykk", "k3.csv", []byte("feil"))
	must(t, err)
	m := status()
	if m.Closed != nil || m.Net != 3500 || m.Letters != 2 || m.Unreceipted != 1 || m.StoppedFiles != 1 || m.Conflicts != 1 || m.Deviations != 2 ||
		len(m.NotInvoiced) != 1 || m.NotInvoiced[0] != (finance.Accrual{Vendor: "trykk", Net: 3500}) || m.Points() != 5 {
		t.Errorf("%+v", m)
	}
	_, to := store.ClosedMonth{Month: month}.Span()
	s.clock.set(to.Add(time.Hour))
	inv := s.invoice(t, "F-1", month, civil.Of(to, calendar.Oslo))
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	if m := status(); len(m.NotInvoiced) != 0 || len(m.Unbooked) != 1 || m.Unbooked[0].ID != rec.ID {
		t.Errorf("with an invoice: %+v", m)
	}
	all, err := s.engine.Months(s.ctx)
	must(t, err)
	if len(all) != 1 || all[0].Month != month || !all[0].Open() {
		t.Errorf("months: %+v", all)
	}
	s.closeMonth(t, posted)
	if m := status(); m.Closed == nil || m.Unreceipted != 1 {
		t.Errorf("closed: %+v", m)
	}
}

// TestCorrectionsAreReversed: whatever is corrected, and wherever months are closed in between, the ledger only grows, every
// month that was closed keeps its sum, and all of it adds up to what is in force.
func TestCorrectionsAreReversed(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprintf("closed %v", closed), func(t *testing.T) {
			t.Parallel()
			s, job, ids := offeredLetters(t, 1, kinds)
			posted := s.clock.now()
			row := receiptRow(job, ids[0], posted)
			s.receiptsOfKinds(t, "k1.csv", row)
			was := s.ledger(t)
			s.clock.add(40 * 24 * time.Hour)
			if closed {
				s.closeMonth(t, posted)
			}
			dearer := row
			dearer.Kind, dearer.Production = receipt.RowCorrection, row.Production+500
			s.receiptsOfKinds(t, "k2.csv", dearer)
			s.wantMoney(t, dearer.Net())
			back := dearer
			back.Kind = receipt.RowReversal
			s.receiptsOfKinds(t, "k3.csv", back)
			s.wantMoney(t, 0)
			is := s.ledger(t)
			if len(is) != 4*len(was) {
				t.Errorf("%d lines, want each of %d with its reversal, twice", len(is), len(was))
			}
			for _, l := range was {
				if !slices.ContainsFunc(is, func(o store.LedgerLine) bool { return o == l }) {
					t.Errorf("a line is gone or changed: %+v", l)
				}
			}
			sum, letters := money.Ore(0), 0
			for _, l := range is {
				if l.BookedAt.Equal(posted.UTC().Truncate(time.Millisecond)) {
					sum, letters = sum+l.Line.Net, letters+l.Letters
				}
			}
			want, wantLetters := money.Ore(0), 0
			if closed {
				want, wantLetters = row.Net(), 1
			}
			if sum != want || letters != wantLetters {
				t.Errorf("the month of posting has %v of %d letters, want %v of %d", sum, letters, want, wantLetters)
			}
		})
	}
}
