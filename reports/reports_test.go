package reports

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/billing/receipt"
)

func location(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// fixture makes a period of n shipments with everything a report can show. It is the same for the same
// n, and all its figures are invented.
func fixture(t testing.TB, n int) figures.ReportInput {
	t.Helper()
	in := fixtureHead(t, n)
	fixtureRows(t, n, func(s figures.ShipmentRecord) { in.Shipments = append(in.Shipments, s) },
		func(c figures.CostRecord) { in.Costs = append(in.Costs, c) }, func(d figures.DeviationRecord) { in.Deviations = append(in.Deviations, d) })
	return in
}

var (
	fixtureCodes    = []string{"0100", "100", "-5", "1E2", "Ås.skole", "ås.skole", "", "971032146-REF1234567", "4711", "0007"}
	fixtureAccounts = []string{"skatt", "helse", "byggesak"}
)

// fixtureRows gives the rows of the period one by one.
func fixtureRows(t testing.TB, n int, shipment func(figures.ShipmentRecord), cost func(figures.CostRecord), deviation func(figures.DeviationRecord)) {
	t.Helper()
	loc, rnd := location(t), rand.New(rand.NewPCG(1, uint64(n)))
	start := time.Date(2026, 1, 1, 7, 0, 0, 0, loc)
	for i := range n {
		received := start.Add(time.Duration(float64(i) / float64(n) * 58 * 24 * float64(time.Hour))).UTC()
		s := figures.ShipmentRecord{ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i*2654435761), i), Account: fixtureAccounts[rnd.IntN(3)], AvgivendeSystem: "Sak og arkiv 4",
			Konteringskode: fixtureCodes[rnd.IntN(len(fixtureCodes))], Received: received, Zone: price.ZoneNorway}
		switch k := rnd.IntN(20); {
		case k < 1:
			s.Status, s.Reason = "AVVIST", "PDF_UEGNET"
		case k < 6:
			s.Status, s.Channel, s.Notified, s.Read = "LEST", "ALTINN", received.Add(time.Minute), received.Add(5*time.Hour)
		case k < 7:
			s.Status, s.Channel = "VARSLET", "ALTINN"
		case k < 8:
			s.Status, s.Channel, s.Reason, s.Job = "SENDT_PRINT", "PRINT", "IKKE_LEST", "J0099"
		case k < 9:
			s.Status = []string{"MANUELT_HANDTERT", "IKKE_LEVERT", "LEVERT_SDP"}[rnd.IntN(3)]
		default:
			s.Status, s.Channel, s.Reason, s.Job = "PRINTET", "PRINT", []string{"IKKE_LEST", "RESERVERT", "UTEN_ID"}[rnd.IntN(3)], fmt.Sprintf("J%04d", i/50)
			s.Posted = received.Add(52 * time.Hour)
			s.Sheets = 1 + rnd.IntN(9)
			s.PagesBW, s.PagesColour = s.Sheets, rnd.IntN(s.Sheets)
			s.Envelope = price.EnvelopeC5
			s.WeightGram, _ = price.WeightGram(s.Sheets, s.Envelope, price.DefaultPaper())
			row := receipt.Row{Konteringskode: s.Konteringskode, Production: money.Ore(150 + rnd.IntN(900)), Postage: money.Ore(750 + rnd.IntN(2000))}
			for k, l := range ledger.Lines(row, ledger.VAT{ProductionPercent: 25, PostagePercent: 25}) {
				cost(figures.CostRecord{Shipment: s.ID, Job: s.Job, Account: s.Account, Konteringskode: l.Konteringskode, Posted: civil.Of(s.Posted, loc), Letters: 1 - k,
					Kind: l.Kind, Net: l.Net, VAT: l.VAT, Gross: l.Gross, Source: fmt.Sprintf("kvittering-%04d.csv:%d", i/50, i%50+2)})
			}
			if rnd.IntN(12) == 0 {
				deviation(figures.DeviationRecord{Account: s.Account, Konteringskode: s.Konteringskode, Day: civil.Of(s.Posted, loc),
					Deviation: receipt.Deviation{Kind: receipt.DeviationWeight, Shipment: s.ID, Job: s.Job, Expected: fmt.Sprintf("%d g", s.WeightGram), Got: fmt.Sprintf("%d g", s.WeightGram+30)}})
			}
		}
		shipment(s)
		if i == 0 {
			cost(figures.CostRecord{Posted: "2026-02-28", Kind: "MINSTEPRIS", Konteringskode: "", Net: 30901, VAT: 7725, Gross: 38626, Source: "avtale, minstepris per dag"})
			deviation(figures.DeviationRecord{Day: "2026-02-20", Konteringskode: "0100", Deviation: receipt.Deviation{Kind: receipt.DeviationKonteringskode, Shipment: s.ID, Job: "J0001", Expected: "0100", Got: "100", Amount: 1320}})
			deviation(figures.DeviationRecord{Day: "2026-02-21", State: "omtvistet", Deviation: receipt.Unknown(receipt.Row{Shipment: "ukjent-17", Job: "J0002", PagesBW: 4, EnvelopesAuto: 1, ExtraSheetsAuto: 1, WeightGram: 17, Production: 570, Postage: 1250, Konteringskode: "4711"})})
		}
	}
}

// fixtureHead is the fixture without its rows.
func fixtureHead(t testing.TB, n int) figures.ReportInput {
	t.Helper()
	list, accounts := fixtureCodes, fixtureAccounts
	in := figures.ReportInput{From: "2026-01-01", To: "2026-03-01", Generated: time.Date(2026, 3, 2, 5, 30, 0, 0, time.UTC), ReportID: "2026-01_2026-02",
		Location: location(t), Accounts: map[string]string{"skatt": "Skatt og innkreving", "helse": "Helse og mestring", "byggesak": "Byggesak"},
		Inputs: figures.SeedInputs(), Notes: []string{"Priser i dette eksempelet er illustrative."}}
	in.Prices = []figures.VendorPrice{
		{Vendor: "Trykkeri Én", Price: price.Price{Element: price.ElementStart, Envelope: "C5", Handling: price.HandlingAuto, Price: 285, ValidFrom: "2026-01-01", Source: "avtale 2026/17, vedlegg 2"}},
		{Vendor: "Trykkeri Én", Account: "helse", Price: price.Price{Element: price.ElementPage, Account: "helse", Colour: price.ColourBW, Kroner: 770, ValidFrom: "2026-01-01", ValidTo: "2026-02-01", Source: "særavtale"}},
		{Vendor: "Trykkeri Én", Price: price.Price{Element: price.ElementPage, Colour: price.ColourBW, Price: 32, ValidFrom: "2025-01-01", ValidTo: "2026-01-01", Source: "utløpt"}},
	}
	if n > 0 {
		in.Budgets = []codes.BudgetRow{
			{Entry: codes.Entry{Code: "0100", Name: "Skatt", Ansvar: "120", Funksjon: "0120", Art: "11300", Budget: 12_000_000, HasBudget: true}, Known: true, Spent: 3_000_000, Forecast: 18_559_322},
			{Entry: codes.Entry{Code: "100"}, Spent: 500, Forecast: 3093, Note: "ikke i registeret, mener du 0100?"},
		}
	}
	in.Digital, in.DigitalPriced = money.Decimal(n)*9_300, n
	in.Withdrawn, in.Returned, in.ReadAfter = n/20, n/30, n/40
	for i, kind := range []figures.AdviceKind{figures.AdviceDuplex, figures.AdviceSheet, figures.AdviceBlank, figures.AdviceColour} {
		if n > 0 {
			in.Advice = append(in.Advice, figures.AdviceRow{Kind: kind, Account: accounts[i%3], Konteringskode: list[i], Letters: 10 - i, Sheets: 4 - i, Net: money.Ore(9000 - 1000*i)})
		}
	}
	if n > 0 {
		in.Invoices = []figures.InvoiceRow{
			{Vendor: "Trykkeri Én", Numbers: "F-1 + K-1", From: "2026-01-01", To: "2026-02-01", Kind: ledger.KindProduction, Konteringskode: "0100", ByCode: true, Invoiced: 123_456, Receipts: 123_455, Allocated: 1, Booked: true},
			{Vendor: "Trykkeri Én", Numbers: "F-1 + K-1", From: "2026-01-01", To: "2026-02-01", Kind: ledger.KindProduction, ByCode: true, Receipts: 77, Allocated: -77, Booked: true},
			{Vendor: "Trykkeri Én", Numbers: "F-1 + K-1", From: "2026-01-01", To: "2026-02-01", Kind: "RETUR", NotInvoiced: true, Receipts: 5, Booked: true},
			{Vendor: "Trykkeri Én", Numbers: "F-2", From: "2026-02-01", To: "2026-03-01", Kind: ledger.KindPostage, Invoiced: 999_999, Receipts: 999_000},
		}
	}
	if n > 0 {
		in.Accruals = []figures.AccrualRow{
			{Vendor: "Trykkeri Én", From: "2026-02-01", To: "2026-03-01", Kind: ledger.KindPostage, Letters: 7, Net: 12_345, VAT: 3_086},
			{Vendor: "Trykkeri Én", From: "2026-02-01", To: "2026-03-01", Kind: ledger.KindProduction, Letters: 7, Net: 5_000, VAT: 1_250},
		}
	}
	return in
}

// list reads all rows.
func list[T any](t testing.TB, rows interface{ List() ([]T, error) }) []T {
	t.Helper()
	out, err := rows.List()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func build(t testing.TB, in figures.ReportInput) figures.Report {
	t.Helper()
	r, err := figures.BuildReport(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t testing.TB, r figures.Report, opt Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r, opt); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
