package engine_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/calendar"
	"postgang/engine/collect"
	"postgang/engine/invoices"
	"postgang/engine/receipts"
	"postgang/engine/store"
	"postgang/engine/words"
)

// posted is a stage with receipts for n letters, a month later, and the first day of the month in which they were posted.
func posted(t *testing.T, n int) (s *stage, job string, ids []string, from, to civil.Date) {
	t.Helper()
	s, job, ids = offeredLetters(t, n)
	at := s.clock.now()
	from = civil.Of(at, calendar.Oslo)[:8] + "01"
	to = civil.Of(from.UTC().AddDate(0, 1, 0), time.UTC)
	var rows []receipt.Row
	for _, id := range ids {
		rows = append(rows, receiptRow(job, id, at))
	}
	s.receipts(t, "k1.csv", rows...)
	s.fetch(t)
	s.clock.add(to.In(calendar.Oslo).Add(24 * time.Hour).Sub(at))
	return s, job, ids, from, to
}

// invoice is an invoice for what is booked of the two kinds, and as much more.
func (s *stage) invoice(t *testing.T, number string, from, to civil.Date, more ...invoice.Line) invoice.Invoice {
	t.Helper()
	sums := map[string]money.Ore{}
	for _, l := range s.ledger(t) {
		if l.Source != store.LedgerAllocation {
			sums[l.Line.Kind] += l.Line.Net
		}
	}
	lines := []invoice.Line{
		{Kind: ledger.KindProduction, Net: sums[ledger.KindProduction], VATPercent: money.DecimalFromInt(25)},
		{Kind: ledger.KindPostage, Net: sums[ledger.KindPostage], VATPercent: money.DecimalFromInt(25)},
	}
	inv, err := invoice.New(number, to, from, to, append(lines, more...))
	must(t, err)
	return inv
}

// wantLedger wants the whole ledger to be an amount.
func (s *stage) wantLedger(t *testing.T, net, vat money.Ore) {
	t.Helper()
	var gotNet, gotVAT money.Ore
	for _, l := range s.ledger(t) {
		gotNet, gotVAT = gotNet+l.Line.Net, gotVAT+l.Line.VAT
	}
	if gotNet != net || gotVAT != vat {
		t.Errorf("the ledger has kr %v and VAT %v, want %v and %v", gotNet, gotVAT, net, vat)
	}
}

func (s *stage) state(t *testing.T, kind receipt.DeviationKind) []store.DeviationState {
	t.Helper()
	var out []store.DeviationState
	for _, d := range view(t, s, func(r store.Reader) ([]store.Deviation, error) {
		return r.Deviations(s.ctx, store.DeviationFilter{})
	}) {
		if d.Finding.Kind == kind {
			out = append(out, d.State)
		}
	}
	return out
}

// TestInvoiceBeyondLetters: control sheets and minimums of a day are held against the price list, to the øre.
func TestInvoiceBeyondLetters(t *testing.T) {
	t.Parallel()
	prices := append(letterPrices(t).Prices(),
		price.Price{Element: price.ElementControlSheet, Price: 45, ValidFrom: "2026-01-01"},
		price.Price{Element: price.ElementMinimum, MinLetters: 10, Price: 200, ValidFrom: "2026-01-01"})
	for name, c := range map[string]struct {
		off  money.Ore
		want string // of the deviation; empty: none
	}{
		"as the price list": {0, ""},
		"one øre more":      {1, "kr 14,00 etter prislisten, MINSTEPRIS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := price.NewList(prices)
			must(t, err)
			s := setup(t, func(c *engine.Config) { c.Vendors[0].Prices, c.Vendors[0].Profile.Control = &list, true })
			for i := range 3 {
				s.accepted(t, fmt.Sprint("brev-", i), newLetter("A"))
			}
			plan, err := s.engine.PlanNight(s.ctx)
			must(t, err)
			if len(plan.Minimums) != 1 || plan.Minimums[0] != (collect.PlanMinimum{Account: konto, Net: 1400}) { // 7 letters lack to 10
				t.Errorf("the night's minimum: %+v", plan.Minimums)
			}
			s.posted(t)
			job := s.onlyJob(t)
			files := view(t, s, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(s.ctx, job.ID) })
			sheets, net, priced := s.engine.ControlSheetCost(job, files)
			if sheets == 0 || net != money.Ore(45*sheets) || !priced {
				t.Fatalf("%d control sheets cost %d, %v", sheets, net, priced)
			}
			at := s.clock.now()
			from := civil.Of(at, calendar.Oslo)[:8] + "01"
			to := civil.Of(from.UTC().AddDate(0, 1, 0), time.UTC)
			s.clock.add(to.In(calendar.Oslo).Add(24 * time.Hour).Sub(at))
			vat := money.DecimalFromInt(25)
			rec, err := s.engine.AddInvoice(s.ctx, "trykk", s.invoice(t, "F-1", from, to,
				invoice.Line{Kind: ledger.KindControlSheet, Net: net, VATPercent: vat},
				invoice.Line{Kind: ledger.KindMinimum, Net: 1400 + c.off, VATPercent: vat},
				invoice.Line{Kind: "GEBYR", Net: 5000, VATPercent: vat})) // of which the price list knows nothing
			must(t, err)
			var found []receipt.Deviation
			for _, d := range view(t, s, func(r store.Reader) ([]store.Deviation, error) {
				return r.Deviations(s.ctx, store.DeviationFilter{})
			}) {
				if d.Finding.Kind == receipt.DeviationInvoice {
					found = append(found, d.Finding)
				}
			}
			if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || found[0].Expected != c.want || found[0].Amount != c.off) {
				t.Errorf("deviations: %+v", found)
			}
			p, err := s.engine.InvoicePeriodOf(s.ctx, rec)
			must(t, err)
			for _, r := range p.Rows {
				switch known := r.Expected != nil; {
				case known != (r.Kind == ledger.KindControlSheet || r.Kind == ledger.KindMinimum):
					t.Errorf("%s: expected %v", r.Kind, r.Expected)
				case known && *r.Expected != map[string]money.Ore{ledger.KindControlSheet: net, ledger.KindMinimum: 1400}[r.Kind]:
					t.Errorf("%s: expected %d", r.Kind, *r.Expected)
				}
			}
			if inv := s.report(t, from.Month()).Invoices; len(inv) != 5 {
				t.Errorf("the report's invoices: %+v", inv)
			}
		})
	}
}

// TestBeyondLettersByCause: the minimum of a day and the control sheets are charged to the account and konteringskode whose letters
// caused them, of whatever account the other letters are.
func TestBeyondLettersByCause(t *testing.T) {
	t.Parallel()
	list, err := price.NewList(append(letterPrices(t).Prices(),
		price.Price{Element: price.ElementControlSheet, Price: 45, ValidFrom: "2026-01-01"},
		price.Price{Element: price.ElementMinimum, MinLetters: 4, Price: 200, ValidFrom: "2026-01-01"}))
	must(t, err)
	s := setup(t, func(c *engine.Config) {
		c.Vendors[0].Prices, c.Vendors[0].Profile.Control = &list, true
		other := c.Accounts[0]
		other.Key, other.Name = "nabo", "Nabokommunen"
		c.Accounts = append(c.Accounts, other)
	})
	hand := func(account, code string, n int) {
		for i := range n {
			key := fmt.Sprint(account, "-", code, "-", i)
			s.handIn(t, account, key, newLetter(key).with("konteringskode", code))
		}
	}
	hand(konto, "0100", 1) // 3 letters lack
	hand("nabo", "0100", 4)
	hand("nabo", "0200", 2)
	s.reconcile(t)
	s.posted(t)
	sheets := map[string]money.Ore{}
	var control money.Ore
	for _, j := range s.jobs(t) {
		_, net, _ := s.engine.ControlSheetCost(j, view(t, s, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(s.ctx, j.ID) }))
		owners := view(t, s, func(r store.Reader) ([]store.LetterOwner, error) { return r.JobOwners(s.ctx, j.ID) })
		sheets[owners[0].Account] += net // jobs are of one account
		control += net
	}
	if len(sheets) != 2 || sheets["nabo"] == 0 {
		t.Fatalf("control sheets: %v", sheets)
	}
	at := s.clock.now()
	from := civil.Of(at, calendar.Oslo)[:8] + "01"
	to := civil.Of(from.UTC().AddDate(0, 1, 0), time.UTC)
	s.clock.add(to.In(calendar.Oslo).Add(24 * time.Hour).Sub(at))
	vat := money.DecimalFromInt(25)
	inv := s.invoice(t, "F-1", from, to,
		invoice.Line{Kind: ledger.KindControlSheet, Net: control, VATPercent: vat},
		invoice.Line{Kind: ledger.KindMinimum, Net: 600, VATPercent: vat})
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
	must(t, err)
	got := map[string]money.Ore{}
	for _, l := range s.ledger(t) {
		if l.Source == store.LedgerAllocation && l.Line.Net != 0 {
			got[l.Line.Kind+" "+l.Account] += l.Line.Net
		}
	}
	want := map[string]money.Ore{"KONTROLLARK skatt": sheets[konto], "KONTROLLARK nabo": sheets["nabo"], "MINSTEPRIS skatt": 600}
	if !maps.Equal(got, want) {
		t.Errorf("booked %v, want %v", got, want)
	}
	s.wantLedger(t, inv.Net, inv.VAT)
}

// TestLateReceiptAfterInvoice: what comes for a period whose invoice is booked raises an alarm by itself.
func TestLateReceiptAfterInvoice(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 2)
	at := s.clock.now()
	from := civil.Of(at, calendar.Oslo)[:8] + "01"
	to := civil.Of(from.UTC().AddDate(0, 1, 0), time.UTC)
	s.receipts(t, "k1.csv", receiptRow(job, ids[0], at))
	s.fetch(t)
	s.clock.add(to.In(calendar.Oslo).Add(24 * time.Hour).Sub(at))
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", s.invoice(t, "F-1", from, to, invoice.Line{Kind: ledger.KindMinimum, Net: 1000, VATPercent: money.DecimalFromInt(25)}))
	must(t, err)
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
	must(t, err)
	alarm := "invoice:trykk:" + string(from)
	if got := s.alarms(t); slices.Contains(got, alarm) {
		t.Errorf("the invoice is booked, and the alarms are %q", got)
	}
	s.receipts(t, "k2.csv", receiptRow(job, ids[1], at.Add(time.Minute)))
	s.fetch(t)
	if got := s.alarms(t); !slices.Contains(got, alarm) {
		t.Errorf("a receipt came for what is invoiced already, and the alarms are %q", got)
	}
	// It is in no invoice: the receipts are held against the invoice anew.
	if got := s.state(t, receipt.DeviationInvoice); len(got) == 0 {
		t.Error("no deviation tells that the receipts have more than the invoice")
	}
	credit, err := invoice.New("F-2", to, from, to, []invoice.Line{{Kind: ledger.KindProduction, Net: 250, VATPercent: money.DecimalFromInt(25)}, {Kind: ledger.KindPostage, Net: 1500, VATPercent: money.DecimalFromInt(25)}})
	must(t, err)
	second, err := s.engine.AddInvoice(s.ctx, "trykk", credit)
	must(t, err)
	if got := s.alarms(t); slices.Contains(got, alarm) {
		t.Errorf("an invoice is waiting to be booked, and the alarms are %q", got)
	}
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: second.ID, Reason: "etterfakturert"})
	must(t, err)
	if got := s.alarms(t); slices.Contains(got, alarm) {
		t.Errorf("all is invoiced and booked, and the alarms are %q", got)
	}
}

// TestLateReceiptCarried: a receipt that comes when its period's invoice is booked is held against a later invoice, and nobody else is
// credited for it.
func TestLateReceiptCarried(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 3)
	at := s.clock.now()
	month := func(c civil.Date) (from, to civil.Date) {
		from = c[:8] + "01"
		return from, civil.Of(from.UTC().AddDate(0, 1, 0), time.UTC)
	}
	from, to := month(civil.Of(at, calendar.Oslo))
	s.receipts(t, "k1.csv", receiptRow(job, ids[0], at), receiptRow(job, ids[1], at))
	s.fetch(t)
	s.clock.add(to.In(calendar.Oslo).Add(24 * time.Hour).Sub(at))
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", s.invoice(t, "F-1", from, to))
	must(t, err)
	carry := func(into civil.Date) error {
		_, _, err := s.engine.CarryReceipts(s.ctx, rec.ID, into, "faktureres i neste måned")
		return err
	}
	if err := carry(to); err == nil || !strings.Contains(err.Error(), "is not booked") {
		t.Errorf("carried from an invoice that is not booked: %v", err)
	}
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
	must(t, err)
	if err := carry(to); err == nil || !strings.Contains(err.Error(), "no receipts have come") {
		t.Errorf("carried though nothing came: %v", err)
	}
	s.clock.add(time.Hour)
	late := receiptRow(job, ids[2], at)
	s.receipts(t, "k2.csv", late)
	s.fetch(t)
	alarm := "invoice:trykk:" + string(from)
	if got := s.alarms(t); !slices.Contains(got, alarm) {
		t.Fatalf("a receipt came late, and the alarms are %q", got)
	}
	before := s.ledger(t)
	if err := carry(from.AddDays(3)); err == nil || !strings.Contains(err.Error(), "a month after") {
		t.Errorf("carried into its own month: %v", err)
	}
	net, p, err := s.engine.CarryReceipts(s.ctx, rec.ID, to, "faktureres i neste måned")
	must(t, err)
	if net != late.Net() || p.LeftNet != 0 || p.LeftVAT != 0 {
		t.Errorf("carried %v, left %v and %v", net, p.LeftNet, p.LeftVAT)
	}
	if got := s.alarms(t); slices.Contains(got, alarm) {
		t.Errorf("it is carried, and the alarms are %q", got)
	}
	if len(s.ledger(t)) != len(before) {
		t.Error("carrying it changed the ledger")
	}
	// The next invoice has it, and nothing is left to be shared out.
	_, next := month(to)
	s.clock.add(next.In(calendar.Oslo).Add(24 * time.Hour).Sub(s.clock.now()))
	vat := money.DecimalFromInt(25)
	inv, err := invoice.New("F-2", next, to, next, []invoice.Line{
		{Kind: ledger.KindProduction, Net: late.Production, VATPercent: vat}, {Kind: ledger.KindPostage, Net: late.Postage, VATPercent: vat}})
	must(t, err)
	second, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	p, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: second.ID, Reason: "avstemt"})
	must(t, err)
	if len(p.Doubts) > 0 || p.LeftNet != 0 {
		t.Errorf("the next invoice: %+v", p)
	}
	for _, l := range s.ledger(t)[len(before):] {
		if l.Line.Net != 0 {
			t.Errorf("shared out: %+v", l)
		}
	}
	if got := s.state(t, receipt.DeviationInvoice); slices.Contains(got, store.DeviationOpen) {
		t.Errorf("deviations: %v", got)
	}
}

// TestInvoiceTwice: the same invoice under another number is told and not booked, and taken back its number is free.
func TestInvoiceTwice(t *testing.T) {
	t.Parallel()
	s, _, _, from, to := posted(t, 2)
	inv := s.invoice(t, "F-1", from, to)
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
	must(t, err)
	again := inv
	again.Number = "F-2 / ny æ"
	twin, err := s.engine.AddInvoice(s.ctx, "trykk", again)
	must(t, err)
	p, err := s.engine.InvoicePeriodOf(s.ctx, twin)
	must(t, err)
	if len(p.Doubts) == 0 || p.Doubts[0].Number != again.Number || !strings.Contains(p.Doubts[0].In(words.English), "as invoice F-1") {
		t.Errorf("doubts: %+v", p.Doubts)
	}
	if _, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: twin.ID, Reason: "avstemt"}); err == nil || !strings.Contains(err.Error(), "is doubtful: it has the same amounts") {
		t.Errorf("booked twice: %v", err)
	}
	s.wantLedger(t, inv.Net, inv.VAT)
	if got := s.state(t, receipt.DeviationInvoice); !slices.Contains(got, store.DeviationOpen) {
		t.Errorf("deviations: %v", got)
	}
	for id, reason := range map[string]string{twin.ID: " ", rec.ID: "angrer", "00000000-0000-4000-8000-000000000000": "borte"} {
		if err := s.engine.RemoveInvoice(s.ctx, id, reason); err == nil {
			t.Errorf("%s was taken back with the reason %q", id, reason)
		}
	}
	must(t, s.engine.RemoveInvoice(s.ctx, twin.ID, "kom to ganger"))
	if got := s.state(t, receipt.DeviationInvoice); slices.Contains(got, store.DeviationOpen) {
		t.Errorf("taken back, and the deviations are %v", got)
	}
	removed, err := s.engine.RemovedInvoices(s.ctx)
	must(t, err)
	if len(removed) != 1 || removed[0].Reason != "kom to ganger" || removed[0].Invoice.Number != again.Number {
		t.Errorf("taken back: %+v", removed)
	}
	// The only one of a period, typed wrong and right.
	wrong, err := invoice.New("F-3", to, from.AddDays(-40), from.AddDays(-30), []invoice.Line{{Kind: ledger.KindProduction, Net: 4_023_00, VATPercent: money.DecimalFromInt(25)}})
	must(t, err)
	first, err := s.engine.AddInvoice(s.ctx, "trykk", wrong)
	must(t, err)
	right, err := invoice.New("F-3", to, from.AddDays(-40), from.AddDays(-30), []invoice.Line{{Kind: ledger.KindProduction, Net: 402_30, VATPercent: money.DecimalFromInt(25)}})
	must(t, err)
	if _, err := s.engine.AddInvoice(s.ctx, "trykk", right); !errors.Is(err, store.ErrExists) || !strings.Contains(err.Error(), "postgang invoice remove") {
		t.Errorf("another of the same number: %v", err)
	}
	must(t, s.engine.RemoveInvoice(s.ctx, first.ID, "feil beløp"))
	if got := s.state(t, receipt.DeviationInvoice); slices.Contains(got, store.DeviationOpen) {
		t.Errorf("the only one taken back, and the deviations are %v", got)
	}
	second, err := s.engine.AddInvoice(s.ctx, "trykk", right)
	must(t, err)
	if _, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: second.ID, Reason: "uten kvitteringer"}); err == nil || !strings.Contains(err.Error(), "PRODUKSJON becomes") {
		t.Errorf("far above the receipts: %v", err)
	}
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: second.ID, Reason: "kvitteringene mangler", Anyway: true})
	must(t, err)
	// Days that hardly can be, of a kind that nothing is known of.
	for _, c := range []struct {
		issued, from, to civil.Date
		want             string
	}{
		{to.AddDays(9999), from, to, "which is far ahead"},
		{to, "2001-11-01", "2001-12-01", "it is for 2001-11, before the first month with letters or costs"},
	} {
		inv, err := invoice.New("G"+string(c.from), c.issued, c.from, c.to, []invoice.Line{{Kind: "GEBYR", Net: 100_00, VATPercent: money.DecimalFromInt(25)}})
		must(t, err)
		rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
		must(t, err)
		if _, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "x"}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("issued %s for %s: %v, want %q", c.issued, c.from, err, c.want)
		}
	}
	s.wantLedger(t, inv.Net+right.Net, inv.VAT+right.VAT)
}

// TestInvoice: an invoice with an amount of no letter, and a production cost that is one øre off, is found, explained and booked
// to the øre; a receipt that comes late has it booked anew, and a credit note takes its own back.
func TestInvoice(t *testing.T) {
	t.Parallel()
	s, job, ids, from, to := posted(t, 3)
	vat25 := money.DecimalFromInt(25)
	inv := s.invoice(t, "F-1", from, to, invoice.Line{Kind: ledger.KindMinimum, Net: 1000, VATPercent: vat25})
	inv.Lines[0].Net++
	inv, err := invoice.New(inv.Number, inv.Issued, from, to, inv.Lines)
	must(t, err)
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	again, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	if again.ID != rec.ID {
		t.Error("the same invoice again is another")
	}
	if got := s.state(t, receipt.DeviationInvoice); !slices.Equal(got, []store.DeviationState{store.DeviationOpen}) {
		t.Errorf("deviations of the invoice: %v", got)
	}
	changed := inv
	changed.Issued = from
	if _, err := s.engine.AddInvoice(s.ctx, "trykk", changed); !errors.Is(err, store.ErrExists) {
		t.Errorf("another invoice of the same number: %v", err)
	}
	overlap := inv
	overlap.Number, overlap.From = "F-2", from.AddDays(1)
	if _, err := s.engine.AddInvoice(s.ctx, "trykk", overlap); err == nil || !strings.Contains(err.Error(), "overlaps") {
		t.Errorf("an invoice for a part of the period: %v", err)
	}
	if d := rows(s.report(t, from.Month()).Deviations); len(d) != 1 || d[0].Kind != receipt.DeviationInvoice || d[0].Amount != 1 {
		t.Errorf("deviations of the month that the invoice is for: %+v", d)
	}
	before, _ := s.money(t)
	p, err := s.engine.InvoicePeriodOf(s.ctx, rec)
	must(t, err)
	if p.LeftNet != 1001 || p.Rows[0].Difference() != 1 || p.Rows[1].Difference() != 0 || p.Rows[2].Left() != 1000 {
		t.Errorf("the period: %+v", p)
	}
	if _, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: ""}); err == nil {
		t.Error("booked without a reason")
	}
	p, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
	must(t, err)
	if p.LeftNet != 0 || p.LeftVAT != 0 || p.Invoices[0].BookedAt.IsZero() {
		t.Errorf("after booking: %+v", p)
	}
	s.wantMoney(t, before+1001)
	s.wantLedger(t, inv.Net, inv.VAT)
	if _, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "en gang til"}); err == nil || !strings.Contains(err.Error(), "adds up") {
		t.Errorf("booked twice: %v", err)
	}
	if r := s.report(t, from.Month()); r.Money.Net != inv.Net || r.Money.Other != 1000 || r.Money.Letters != 3 {
		t.Errorf("the month's report: %+v", r.Money)
	}

	// A credit note for what was a mistake.
	credit, err := invoice.New("K-1", to, from, to, []invoice.Line{{Kind: ledger.KindMinimum, Net: -400, VATPercent: vat25}})
	must(t, err)
	note, err := s.engine.AddInvoice(s.ctx, "trykk", credit)
	must(t, err)
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: note.ID, Reason: "kreditert"})
	must(t, err)
	s.wantLedger(t, inv.Net+credit.Net, inv.VAT+credit.VAT)

	// A correction after that: the sum stays what is invoiced, when it is booked anew.
	s.closeMonth(t, from.UTC())
	dearer := receiptRow(job, ids[0], s.ledger(t)[0].PostedAt)
	dearer.Production += 77
	s.receipts(t, "k2.csv", dearer)
	s.fetch(t)
	open := view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
		return r.Receipts(s.ctx, store.ReceiptFilter{Open: true})
	})
	_, err = s.engine.ResolveReceipt(s.ctx, receipts.ReceiptResolution{Receipt: open[0].ID, Take: true, Reason: "riktig"})
	must(t, err)
	p, err = s.engine.InvoicePeriodOf(s.ctx, rec)
	must(t, err)
	if p.LeftNet != -77 {
		t.Errorf("after the correction %v is left", p.LeftNet)
	}
	alarm := "invoice:trykk:" + string(from)
	if got := s.alarms(t); !slices.Contains(got, alarm) {
		t.Errorf("the ledger is not what was invoiced any more, and the alarms are %q", got)
	}
	p, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "rettet kvittering"})
	must(t, err)
	if p.LeftNet != 0 || p.LeftVAT != 0 {
		t.Errorf("booked anew, left: %v and %v", p.LeftNet, p.LeftVAT)
	}
	if got := s.alarms(t); slices.Contains(got, alarm) {
		t.Errorf("booked anew, and the alarms are %q", got)
	}
	s.wantLedger(t, inv.Net+credit.Net, inv.VAT+credit.VAT)
	if r := s.report(t, from.Month()); r.Money.Net != inv.Net+credit.Net {
		t.Errorf("the closed month's report is %v now", r.Money.Net)
	}
	if got := s.state(t, receipt.DeviationInvoice); !slices.Equal(got, []store.DeviationState{store.DeviationOpen, store.DeviationSettled}) { // the same moment here: by key
		t.Errorf("deviations of the invoice in the end: %v", got)
	}
}

// TestCreditNoteFirst: a credit note alone would take back all that was received; it is booked after the invoice.
func TestCreditNoteFirst(t *testing.T) {
	t.Parallel()
	s, _, _, from, to := posted(t, 2)
	credit, err := invoice.New("K-1", to, from, to, []invoice.Line{{Kind: ledger.KindProduction, Net: -4, VATPercent: money.DecimalFromInt(25)}})
	must(t, err)
	note, err := s.engine.AddInvoice(s.ctx, "trykk", credit)
	must(t, err)
	if _, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: note.ID, Reason: "for tidlig"}); err == nil || !strings.Contains(err.Error(), "credits first") {
		t.Errorf("a credit note before its invoice: %v", err)
	}
	inv := s.invoice(t, "F-1", from, to)
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	for _, id := range []string{rec.ID, note.ID} {
		_, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: id, Reason: "avstemt"})
		must(t, err)
	}
	s.wantLedger(t, inv.Net+credit.Net, inv.VAT+credit.VAT)
}

// TestInvoiceCutShort: wherever the process dies, an invoice is there once and booked once.
func TestInvoiceCutShort(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"invoice: stored", "invoice: taken", "invoice: booked"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s, _, _, from, to := posted(t, 2)
			inv := s.invoice(t, "F-1", from, to, invoice.Line{Kind: ledger.KindMinimum, Net: 333, VATPercent: money.DecimalFromInt(25)})
			var b strings.Builder
			fmt.Fprintln(&b, strings.Join(invoice.Columns(), ";"))
			for _, l := range inv.Lines {
				fmt.Fprintf(&b, "%s;%s;%s;%s;1;%s;;1;%s;25\n", inv.Number, inv.Issued, from, to.AddDays(-1), l.Kind, l.Net.Plain(","))
			}
			run := func() {
				rec, err := s.engine.TakeInvoice(s.ctx, "trykk", []byte(b.String()), civil.Period{})
				must(t, err)
				if _, err := s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"}); err != nil && !strings.Contains(err.Error(), "adds up") {
					t.Fatal(err)
				}
			}
			s.dieAt(step, 1)
			if !s.survive(t, run) {
				t.Fatal("the process did not die")
			}
			s.restart(t)
			run()
			s.wantLedger(t, inv.Net, inv.VAT)
		})
	}
}

// TestRemoveCutShort: taken back is taken back once, wherever the process dies.
func TestRemoveCutShort(t *testing.T) {
	t.Parallel()
	s, _, _, from, to := posted(t, 1)
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", s.invoice(t, "F-1", from, to))
	must(t, err)
	remove := func() {
		if err := s.engine.RemoveInvoice(s.ctx, rec.ID, "feil"); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
	s.dieAt("invoice: removed", 1)
	if !s.survive(t, remove) {
		t.Fatal("the process did not die")
	}
	s.restart(t)
	remove()
	removed, err := s.engine.RemovedInvoices(s.ctx)
	must(t, err)
	if len(removed) != 1 {
		t.Errorf("taken back: %+v", removed)
	}
}

// TestDecideDeviations: what people decide stands beside the deviation, the last word counts, and the report shows it.
func TestDecideDeviations(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 1)
	row := receiptRow(job, ids[0], s.clock.now())
	row.Konteringskode = "9999"
	s.receipts(t, "k1.csv", row)
	s.fetch(t)
	all := view(t, s, func(r store.Reader) ([]store.Deviation, error) {
		return r.Deviations(s.ctx, store.DeviationFilter{})
	})
	if len(all) != 1 || all[0].State != store.DeviationOpen {
		t.Fatalf("deviations: %+v", all)
	}
	key := []string{all[0].Key}
	for name, try := range map[string]func() (int, error){
		"no reason": func() (int, error) { return s.engine.DecideDeviations(s.ctx, key, store.DeviationAccepted, " ") },
		"no state":  func() (int, error) { return s.engine.DecideDeviations(s.ctx, key, "KANSKJE", "x") },
		"no such one": func() (int, error) {
			return s.engine.DecideDeviations(s.ctx, append(key, "borte"), store.DeviationAccepted, "x")
		},
	} {
		if _, err := try(); err == nil {
			t.Errorf("decided with %s", name)
		}
	}
	for i, state := range []store.DeviationState{store.DeviationDisputed, store.DeviationDisputed, store.DeviationSettled} {
		n, err := s.engine.DecideDeviations(s.ctx, key, state, "meldt til trykkeriet")
		must(t, err)
		if want := []int{1, 0, 1}[i]; n != want {
			t.Errorf("%s changed %d, want %d", state, n, want)
		}
	}
	if got := s.state(t, receipt.DeviationKonteringskode); got[0] != store.DeviationSettled {
		t.Errorf("the state is %s", got)
	}
	if d := rows(s.report(t, s.clock.now().Format("2006-01")).Deviations); d[0].State != "oppgjort" {
		t.Errorf("the report says %q", d[0].State)
	}
}

// TestInvoiceDeviationComesBack: a difference that was gone and is there again is open again, unless a person has settled it.
func TestInvoiceDeviationComesBack(t *testing.T) {
	t.Parallel()
	s, job, ids, from, to := posted(t, 1)
	inv := s.invoice(t, "F-1", from, to)
	inv.Lines[0].Net++
	inv, err := invoice.New(inv.Number, inv.Issued, from, to, inv.Lines)
	must(t, err)
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	is := func(want ...store.DeviationState) {
		t.Helper()
		if got := s.state(t, receipt.DeviationInvoice); !slices.Equal(got, want) {
			t.Errorf("the deviation is %v, want %v", got, want)
		}
	}
	is(store.DeviationOpen)
	// The receipt is an øre dearer, then what it was, in turn.
	was := receiptRow(job, ids[0], s.ledger(t)[0].PostedAt)
	for i, more := range []money.Ore{1, 0} {
		row := was
		row.Production, row.WeightGram = row.Production+more, row.WeightGram+i+1 // another receipt each time
		s.receipts(t, fmt.Sprintf("k%d.csv", i+2), row)
		s.fetch(t)
		open := view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
			return r.Receipts(s.ctx, store.ReceiptFilter{Open: true})
		})
		_, err := s.engine.ResolveReceipt(s.ctx, receipts.ReceiptResolution{Receipt: open[0].ID, Take: true, Reason: "riktig"})
		must(t, err)
		_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
		must(t, err)
		is([]store.DeviationState{store.DeviationSettled, store.DeviationOpen}[i])
	}
}

// TestMoneyHoldsNoNationalID: neither an invoice nor a register brings a fødselsnummer into reports as a konteringskode.
func TestMoneyHoldsNoNationalID(t *testing.T) {
	t.Parallel()
	s, _, _, from, to := posted(t, 1)
	inv := s.invoice(t, "F-1", from, to)
	inv.Lines[0].Konteringskode = person()
	if _, err := s.engine.AddInvoice(s.ctx, "trykk", inv); err == nil || strings.Contains(err.Error(), person()) {
		t.Errorf("an invoice: %v", err)
	}
	for name, c := range map[string]codes.Entry{"code": {Code: person()}, "name": {Code: "1", Name: "Kari " + person()}} {
		if _, err := s.engine.ImportCodes(s.ctx, []codes.Entry{c}, ""); err == nil || strings.Contains(err.Error(), person()) {
			t.Errorf("a register with it as %s: %v", name, err)
		}
	}
	_, err := s.engine.ImportCodes(s.ctx, []codes.Entry{{Code: "1", Name: "Skatt"}}, "")
	must(t, err)
}
