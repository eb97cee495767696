package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/calendar"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// states gives "KIND STATE, KIND STATE …" of all deviations, sorted.
func (s *stage) deviationStates(t *testing.T) string {
	t.Helper()
	var out []string
	for _, d := range view(t, s, func(r store.Reader) ([]store.Deviation, error) {
		return r.Deviations(s.ctx, store.DeviationFilter{})
	}) {
		out = append(out, fmt.Sprintf("%s %s", d.Finding.Kind, d.State))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestPostingDay: a letter is posted from the day on which its job was given over to the day on which its receipt came, or the vendor's
// clock's next. What lies outside is booked when the receipt came, in the month that is open, and is told.
func TestPostingDay(t *testing.T) {
	t.Parallel()
	oslo := func(day, clock string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04:05", day+" "+clock, calendar.Oslo)
		must(t, err)
		return at.UTC()
	}
	for name, c := range map[string]struct {
		posted time.Time
		odd    bool
	}{
		"years before":             {oslo("2001-01-01", "10:00:00"), true},
		"the evening before":       {oslo("2026-11-23", "23:59:59"), true},
		"the day it was given":     {oslo("2026-11-24", "00:00:00"), false},
		"in between":               {oslo("2026-11-25", "12:00:00"), false},
		"the day the receipt came": {oslo("2026-11-30", "23:59:59"), false},
		"the vendor's clock":       {oslo("2026-12-01", "23:59:59"), false},
		"two days ahead":           {oslo("2026-12-02", "00:00:00"), true},
		"decades ahead":            {oslo("2062-11-29", "12:30:00"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.clock.set(oslo("2026-11-24", "21:00:00"))
			id := s.accepted(t, "a", newLetter("En"))
			s.night(t)
			job := s.onlyJob(t).ID
			arrived := oslo("2026-11-30", "15:00:00")
			s.clock.set(arrived)
			row := receiptRow(job, id, c.posted)
			s.receipts(t, "k1.csv", row)
			s.fetch(t)
			want, deviations := c.posted, ""
			if c.odd {
				want, deviations = arrived, "POSTDATO OPEN"
			}
			if got := s.shipment(t, id).PostedAt; !got.Equal(want) {
				t.Errorf("the letter is posted at %v, want %v", got, want)
			}
			if got := s.deviationStates(t); got != deviations {
				t.Errorf("deviations %q, want %q", got, deviations)
			}
			for _, l := range s.ledger(t) {
				if !l.BookedAt.Equal(want) || !l.PostedAt.Equal(want) || strings.Contains(l.Note, "ikke kan stemme") != c.odd {
					t.Errorf("booked at %v for %v: %s", l.BookedAt, l.PostedAt, l.Note)
				}
			}
			if c.odd {
				if r := s.report(t, "2026-11"); r.Money.Net != row.Net() || r.Deviations.Len() != 1 {
					t.Errorf("the report of the month in which it came: %+v, %d deviations", r.Money, r.Deviations.Len())
				}
			}
			// The same receipt in another file is the same receipt, whenever it comes.
			s.clock.add(48 * time.Hour)
			row.Line = 7
			s.receipts(t, "k2.csv", row, receiptRow(job, "borte-fra-oss", arrived))
			if im := s.fetch(t).Receipts[0]; im.Doubles != 1 || im.Applied+im.Conflict != 0 {
				t.Errorf("once more: %+v", im)
			}
		})
	}
}

// TestPostingDayCorrected: the vendor corrects a day that could not be; the letter and its cost go there, and nothing is left to
// dispute.
func TestPostingDayCorrected(t *testing.T) {
	t.Parallel()
	s := setup(t, kinds)
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job, given := s.onlyJob(t).ID, s.clock.now()
	s.clock.add(72 * time.Hour)
	row := receiptRow(job, id, given.AddDate(36, 0, 0))
	s.receiptsOfKinds(t, "k1.csv", row)
	if got := s.deviationStates(t); got != "POSTDATO OPEN" {
		t.Errorf("deviations %q", got)
	}
	right := given.Add(time.Hour).Truncate(time.Second)
	row.Kind, row.PostedAt = receipt.RowCorrection, right
	s.clock.add(24 * time.Hour)
	s.receiptsOfKinds(t, "k2.csv", row)
	if got := s.deviationStates(t); got != "POSTDATO SETTLED" {
		t.Errorf("deviations %q", got)
	}
	if got := s.shipment(t, id).PostedAt; !got.Equal(right) {
		t.Errorf("posted at %v, want %v", got, right)
	}
	s.wantMoney(t, 1750)
}

// TestCorrectionSettles: what a receipt had wrong is settled when another takes its place, and what that has wrong is open; what a
// person has accepted stays so.
func TestCorrectionSettles(t *testing.T) {
	t.Parallel()
	s := setup(t, kinds)
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
	s.night(t)
	job := s.onlyJob(t).ID
	wrong := receiptRow(job, ids[0], s.clock.now())
	wrong.WeightGram, wrong.PagesBW, wrong.Konteringskode = 500, 3, "9"
	other := receiptRow(job, ids[1], s.clock.now())
	other.WeightGram = 500
	s.receiptsOfKinds(t, "k1.csv", wrong, other)
	if got := s.deviationStates(t); got != "KONTERINGSKODE OPEN, SIDER OPEN, VEKT OPEN, VEKT OPEN" {
		t.Fatalf("deviations %q", got)
	}
	for _, d := range view(t, s, func(r store.Reader) ([]store.Deviation, error) {
		return r.Deviations(s.ctx, store.DeviationFilter{})
	}) {
		switch d.Finding.Kind {
		case receipt.DeviationPages:
			_, err := s.engine.DecideDeviations(s.ctx, []string{d.Key}, store.DeviationDisputed, "sendt")
			must(t, err)
		case receipt.DeviationKonteringskode:
			_, err := s.engine.DecideDeviations(s.ctx, []string{d.Key}, store.DeviationAccepted, "greit")
			must(t, err)
		default: // nobody decides about the others
		}
	}
	right := wrong
	right.Kind, right.WeightGram, right.PagesBW = receipt.RowCorrection, 17, 4
	s.receiptsOfKinds(t, "k2.csv", right)
	// Pages are wrong still, otherwise; the code is wrong still, as accepted; the other letter's weight is not concerned.
	if got := s.deviationStates(t); got != "KONTERINGSKODE ACCEPTED, KONTERINGSKODE OPEN, SIDER OPEN, SIDER SETTLED, VEKT OPEN, VEKT SETTLED" {
		t.Errorf("after the correction: %q", got)
	}
	back := right
	back.Kind = receipt.RowReversal
	s.receiptsOfKinds(t, "k3.csv", back)
	if got := s.deviationStates(t); got != "KONTERINGSKODE ACCEPTED, KONTERINGSKODE SETTLED, SIDER SETTLED, SIDER SETTLED, VEKT OPEN, VEKT SETTLED" {
		t.Errorf("after the reversal: %q", got)
	}
	// A receipt after that says another thing than the one in force, which is nothing.
	again := wrong
	again.WeightGram, again.PagesBW, again.Konteringskode = 17, 2, "1234-56"
	if im := s.receiptsOfKinds(t, "k4.csv", again); im.Conflict != 1 {
		t.Fatalf("after the reversal: %+v", im)
	}
	all := view(t, s, func(r store.Reader) ([]store.Deviation, error) {
		return r.Deviations(s.ctx, store.DeviationFilter{})
	})
	last := all[slices.IndexFunc(all, func(d store.Deviation) bool { return d.Finding.Kind == receipt.DeviationConflict })]
	if last.Finding.Expected != "trukket tilbake av trykkeriet, kr 0,00" || last.Finding.Amount != again.Net() || !strings.HasPrefix(last.Finding.Got, "2 sider") {
		t.Errorf("the conflict: %+v", last.Finding)
	}
	open := view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
		return r.Receipts(s.ctx, store.ReceiptFilter{Open: true})
	})
	_, err := s.engine.ResolveReceipt(s.ctx, receipts.ReceiptResolution{Receipt: open[0].ID, Take: true, Reason: "riktig"})
	must(t, err)
	if got := s.deviationStates(t); !strings.Contains(got, "KONFLIKT SETTLED") {
		t.Errorf("after it was resolved: %q", got)
	}
}

// TestAmountWithoutPrice: where no price list says what a letter should cost, an absurd amount is told.
func TestAmountWithoutPrice(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 2)
	most, fair := receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())
	most.Postage = receipt.MaxAmount
	fair.Postage, fair.Production = receipt.DefaultLetterOre, 0
	s.receipts(t, "k1.csv", most, fair)
	s.fetch(t)
	if got := s.deviationStates(t); got != "BELOP OPEN" {
		t.Errorf("deviations %q", got)
	}
}

// TestReturnDay: a return of a day that cannot be is noted when it came, and told.
func TestReturnDay(t *testing.T) {
	t.Parallel()
	f := kindsFormat()
	f.Kinds["RETUR"] = receipt.RowReturn
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Receipts = f })
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t).ID
	s.clock.add(24 * time.Hour)
	row := receiptRow(job, id, s.clock.now().AddDate(30, 0, 0))
	row.Kind, row.Reason, row.Production, row.Postage = receipt.RowReturn, receipt.ReturnMoved, 0, 0
	for i, doubles := range []int{0, 1} {
		data, err := receipt.Encode([]receipt.Row{row}, f)
		must(t, err)
		im, err := s.engine.ImportReceipts(s.ctx, "trykk", fmt.Sprint(i, ".csv"), append(data, strings.Repeat("\r\n", i)...))
		must(t, err)
		if im.Doubles != doubles || im.Returned != 1-doubles {
			t.Errorf("time %d: %+v", i, im)
		}
	}
	if got := s.deviationStates(t); got != "POSTDATO OPEN" {
		t.Errorf("deviations %q", got)
	}
	for _, ev := range view(t, s, func(r store.Reader) ([]shipment.Event, error) { return r.History(s.ctx, id) }) {
		if ev.At.After(s.clock.now()) {
			t.Errorf("the history has %s at %v", ev.Kind, ev.At)
		}
	}
}
