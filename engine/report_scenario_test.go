package engine_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/finance"
	"postgang/engine/shipment"
	"postgang/printjobs/exchange"
)

// report gathers the figures of a month, "2026-01".
func (s *stage) report(t *testing.T, month string) figures.Report {
	t.Helper()
	at, err := time.ParseInLocation("2006-01", month, calendar.Oslo)
	must(t, err)
	from, to := calendar.LastMonth(at.AddDate(0, 1, 0))
	r, err := s.engine.Report(s.ctx, finance.ReportQuery{From: from, To: to, Inputs: figures.SeedInputs()})
	must(t, err)
	return r
}

// rows are all rows of a report's table, which are few here.
func rows[T any](of interface{ List() ([]T, error) }) []T {
	out, err := of.List()
	if err != nil {
		panic(err)
	}
	return out
}

// missing are the letters that a report says no receipt has come for.
func missing(r figures.Report) []string {
	var out []string
	for _, d := range rows(r.Deviations) {
		if d.Kind == receipt.DeviationMissing {
			out = append(out, d.Shipment)
		}
	}
	slices.Sort(out)
	return out
}

// TestReportAtMonthBoundaries: volume belongs to the day received, cost to the day posted, both by Norway's calendar.
func TestReportAtMonthBoundaries(t *testing.T) {
	t.Parallel()
	s := setup(t)
	// The last second of January in Norway is 22:59:59 UTC.
	january := time.Date(2026, 1, 31, 22, 59, 59, 999e6, time.UTC)
	february := january.Add(time.Millisecond)
	s.clock.set(january)
	a := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t).ID
	late := s.accepted(t, "late", newLetter("Sen"))
	s.clock.set(february)
	b := s.accepted(t, "b", newLetter("To"))
	s.night(t)
	jobs := s.jobs(t)
	second := jobs[len(jobs)-1].ID
	// The vendor says that one was posted just before midnight to February, and the other after it.
	s.receipts(t, "k1.csv", receiptRow(job, a, january.Truncate(time.Second)), receiptRow(second, b, february))
	s.fetch(t)
	jan, feb := s.report(t, "2026-01"), s.report(t, "2026-02")
	if jan.Counters.Received != 2 || feb.Counters.Received != 1 {
		t.Errorf("received: January %d, February %d", jan.Counters.Received, feb.Counters.Received)
	}
	if jan.Money.Net != 1750 || feb.Money.Net != 1750 || jan.Money.Letters != 1 || feb.Money.Letters != 1 {
		t.Errorf("money: January %+v, February %+v", jan.Money, feb.Money)
	}
	if j, f := rows(jan.Costs), rows(feb.Costs); len(j) != 2 || j[0].Posted != "2026-01-31" || f[0].Posted != "2026-02-01" {
		t.Errorf("costs: January %v, February %v", j, f)
	}
	// Received in January, sent in February, and no receipt: it is missing in February, when it was sent.
	if got := missing(jan); len(got) != 0 {
		t.Errorf("missing in January: %v", got)
	}
	if got := missing(feb); len(got) != 1 || got[0] != late {
		t.Errorf("missing in February: %v, want %s", got, late)
	}
	s.clock.add(24 * time.Hour)
	s.receipts(t, "k2.csv", receiptRow(second, late, s.clock.now()))
	s.fetch(t)
	if got := missing(s.report(t, "2026-02")); len(got) != 0 {
		t.Errorf("missing after the receipt: %v", got)
	}
	s.tick(t)
	s.wantAtVendor(t, a, b, late)
}

// TestReportOfDeviationsKeepsTheCode of letters that the month knows by nothing else.
func TestReportOfDeviationsKeepsTheCode(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.clock.set(time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC))
	id := s.accepted(t, "a", newLetter("En").with("konteringskode", "4711"))
	s.night(t)
	job := s.onlyJob(t).ID
	row := receiptRow(job, id, s.clock.now())
	row.Konteringskode = "4711"
	s.receipts(t, "k1.csv", row)
	s.fetch(t)
	s.clock.set(time.Date(2026, 3, 15, 9, 0, 0, 0, time.UTC))
	row.Postage++
	s.receipts(t, "k2.csv", row) // two months later the vendor says something else
	s.fetch(t)
	r := s.report(t, "2026-03")
	if d := rows(r.Deviations); len(d) != 1 || d[0].Kind != receipt.DeviationConflict || d[0].Konteringskode != "4711" {
		t.Errorf("deviations: %+v", d)
	}
	s.tick(t)
	s.wantAtVendor(t, id)
}

// TestReportOfPrintedThoughRead: what was printed counts as paper, also when it was read meanwhile.
func TestReportOfPrintedThoughRead(t *testing.T) {
	t.Parallel()
	s, job, id := committed(t)
	s.read(t, id)
	s.reconcile(t)
	s.receipts(t, "k1.csv", receiptRow(job, id, s.clock.now()))
	s.fetch(t)
	r := s.report(t, "2026-11")
	if s := rows(r.Shipments); len(s) != 1 || s[0].Channel != "PRINT" || s[0].Outcome != figures.OutcomePrinted || r.Money.Net != 1750 {
		t.Errorf("report: %+v", s)
	}
	s.tick(t)
	s.wantAtVendor(t, id)
}

// TestReportRefuses a period that is none, and an account that is none.
func TestReportRefuses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	day := civil.Of(tuesday, calendar.Oslo)
	for _, q := range []finance.ReportQuery{{From: day, To: day}, {From: day, To: civil.Of(tuesday.AddDate(0, 0, -1), calendar.Oslo)}} {
		if _, err := s.engine.Report(s.ctx, q); err == nil {
			t.Errorf("period %s to %s was accepted", q.From, q.To)
		}
	}
	q := finance.ReportQuery{From: day, To: civil.Of(tuesday.AddDate(0, 0, 1), calendar.Oslo), Accounts: []string{"ukjent"}}
	if _, err := s.engine.Report(s.ctx, q); err == nil || !strings.Contains(err.Error(), "ukjent") {
		t.Errorf("unknown account: %v", err)
	}
}

// TestLettersOfManyShapes go through a night, and the vendor's own count of each print file is ours.
func TestLettersOfManyShapes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var ids []string
	for i, l := range []letter{
		newLetter("En"),
		newLetter("To").with("utskriftskonfigurasjon", map[string]any{"tosidig": true, "utskriftMedFarger": true}),
		newLetter("Tre").to("landkode", "SE").to("postnummer", "11122").to("poststed", "STOCKHOLM"),
		newLetter("Fire").with("konteringskode", ""),
		newLetter("Fem").with("dokumenter", []any{map[string]any{"filnavn": "brev.pdf", "mimeType": "application/pdf", "giroarkSider": []int{1}}}),
	} {
		ids = append(ids, s.accepted(t, fmt.Sprint("k", i), l, file("brev.pdf", pdf(i, 3))))
	}
	s.night(t)
	for _, d := range s.tick(t) {
		if !d.Accepted {
			t.Errorf("job %s was refused: %v", d.Job, d.Reasons)
		}
	}
	s.writeReceipts(t)
	s.fetch(t)
	for _, id := range ids {
		s.wantStatus(t, id, shipment.StatusPrintet)
	}
	s.wantAtVendor(t, ids...)
	if d := s.deviations(t); d != "" {
		t.Errorf("deviations: %s", d)
	}
	left, err := filepath.Glob(filepath.Join(s.vendor().root, exchange.DefaultInbox, "*"))
	must(t, err)
	for _, f := range left {
		if _, err := os.Stat(f); err == nil {
			t.Errorf("%s was left in the inbox", filepath.Base(f))
		}
	}
}

// TestAccruals: what receipts say, and no invoice is for, is to be accrued, kind by kind; and a report of some accounts has no
// deviations of others.
func TestAccruals(t *testing.T) {
	t.Parallel()
	s, _, _, from, to := posted(t, 3)
	accrued := func(accounts ...string) map[string]money.Ore {
		r, err := s.engine.Report(s.ctx, finance.ReportQuery{From: from, To: to, Accounts: accounts, Inputs: figures.SeedInputs()})
		must(t, err)
		defer r.Close()
		out := map[string]money.Ore{}
		for _, a := range r.Accruals {
			out[a.Kind] += a.Net
			if a.Letters != 3 || a.From < from || a.To > to || a.VAT == 0 {
				t.Errorf("accrued %+v", a)
			}
		}
		for _, d := range rows(r.Deviations) {
			if len(accounts) > 0 && d.Account == "" {
				t.Errorf("a deviation of no account in the report of one: %+v", d)
			}
		}
		return out
	}
	all := accrued()
	if s.report(t, from.Month()).Money.Net != all[ledger.KindProduction]+all[ledger.KindPostage] || all[ledger.KindPostage] == 0 {
		t.Errorf("without an invoice %v is accrued", all)
	}
	if mine := accrued(konto); !maps.Equal(mine, all) {
		t.Errorf("of the only account %v, of all %v", mine, all)
	}
	// An invoice for the postage alone, some øre off: the production is still to come.
	inv, err := invoice.New("F-1", to, from, to, []invoice.Line{{Kind: ledger.KindPostage, Net: all[ledger.KindPostage] + 5, VATPercent: money.DecimalFromInt(25)}})
	must(t, err)
	_, err = s.engine.AddInvoice(s.ctx, "trykk", inv)
	must(t, err)
	delete(all, ledger.KindPostage)
	if got := accrued(); !maps.Equal(got, all) {
		t.Errorf("with the postage invoiced %v is accrued, want %v", got, all)
	}
	accrued(konto)
}

// TestExportLedger: what has no code stands on the default, what stands on a code that was replaced on the new one with its dimensions,
// and each line names its sending account.
func TestExportLedger(t *testing.T) {
	t.Parallel()
	s := setup(t)
	_, err := s.engine.ImportCodes(s.ctx, []codes.Entry{
		{Code: "0150", Name: "Eiendom", Ansvar: "121", ValidTo: "2026-11-15", ReplacedBy: "0200"}, {Code: "0200", Name: "Eiendom og gebyr", Ansvar: "122", Art: "11300"},
		{Code: "9999", Name: "Uplassert", Ansvar: "900"},
	}, "")
	must(t, err)
	s.accepted(t, "gammel", newLetter("En").with("konteringskode", "0150"))
	s.accepted(t, "ny", newLetter("To").with("konteringskode", "0200"))
	s.accepted(t, "uten", newLetter("Tre").with("konteringskode", ""))
	s.posted(t)
	month := civil.Date(s.clock.now().Format("2006-01") + "-01")
	sum := func(q finance.ExportQuery) map[string]money.Ore {
		q.From, q.To = month, civil.NextMonth(month)
		list, err := s.engine.ExportLedger(s.ctx, q)
		must(t, err)
		out := map[string]money.Ore{}
		for _, r := range list {
			out[r.Code+" "+r.Ansvar] += r.Net
			if r.Account != konto || r.Sender == "" || r.VendorKey != "trykk" {
				t.Errorf("row %+v", r)
			}
		}
		return out
	}
	if got := sum(finance.ExportQuery{DefaultCode: "9999"}); len(got) != 2 || got["0200 122"] != 2*got["9999 900"] || got["9999 900"] == 0 {
		t.Errorf("%v", got)
	}
	if got := sum(finance.ExportQuery{}); len(got) != 2 || got["(mangler) "] == 0 {
		t.Errorf("without a default: %v", got)
	}
	if got := sum(finance.ExportQuery{Accounts: []string{"en annen"}}); len(got) != 0 {
		t.Errorf("of another account: %v", got)
	}
}
