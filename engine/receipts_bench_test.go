package engine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/billing/figures"
	"postgang/billing/ledger"
	"postgang/billing/price"
	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/archive"
	"postgang/engine/calendar"
	"postgang/engine/documents"
	"postgang/engine/finance"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/fixtures/peakmemory"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/prepare"
)

// letterCount is how many letters a benchmark has: some, or POSTGANG_LETTERS.
func letterCount(b *testing.B, some int) int {
	b.Helper()
	if s := os.Getenv("POSTGANG_LETTERS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return some
}

// month is an archive with letters that are with the vendor, and the receipt file of all of them.
type month struct {
	archive *archive.Archive
	blobs   *documents.Plain
	engine  *engine.Engine
	dir     string
	dsn     string // of the archive; empty: SQLite in dir
	prices  price.List
	file    []byte
}

// newMonth makes a month of letters of two pages in SQLite on disk, without documents. What a receipt says is what the price
// list says.
func newMonth(b *testing.B, letters int) *month {
	b.Helper()
	m := &month{dir: b.TempDir(), prices: benchPrices(b)}
	m.open(b)
	m.file = sentLetters(b, m.archive, letters)
	return m
}

// benchPrices is a price list.
func benchPrices(b *testing.B) price.List {
	b.Helper()
	prices, err := price.NewList([]price.Price{
		{Element: price.ElementStart, Envelope: price.EnvelopeC5, Handling: price.HandlingAuto, Price: 150, ValidFrom: "2020-01-01"},
		{Element: price.ElementExtraSheet, Handling: price.HandlingAuto, Price: 60, ValidFrom: "2020-01-01"},
		{Element: price.ElementPage, Colour: price.ColourBW, Price: 20, ValidFrom: "2020-01-01"},
		{Element: price.ElementPostage, Zone: price.ZoneNorway, MaxGram: 20, Price: 1500, ValidFrom: "2020-01-01"},
		{Element: price.ElementPostage, Zone: price.ZoneNorway, MaxGram: 100, Price: 1600, ValidFrom: "2020-01-01"},
	})
	if err != nil {
		b.Fatal(err)
	}
	return prices
}

// open opens the archive, as a process does that has just begun.
func (m *month) open(b *testing.B) {
	b.Helper()
	var err error
	ctx, dir := b.Context(), m.dir
	if m.archive, err = archive.Open(ctx, archive.Config{DSN: cmp.Or(m.dsn, "sqlite:"+dir+"/postgang.db"), Installation: "BNCH", Enqueue: func(context.Context, any, []store.Task) error { return nil }}); err != nil {
		b.Fatal(err)
	}
	if m.blobs, err = documents.OpenDir(dir + "/documents"); err != nil {
		b.Fatal(err)
	}
	if m.engine, err = engine.New(ctx, engine.Config{Config: step.Config{
		Archive: m.archive, Blobs: m.blobs, WorkDir: dir + "/work", Accounts: []party.Account{{Key: konto, Name: "Skatt", Vendor: "trykk", Sender: cover.Sender{Name: "Skatteoppkreveren", Line1: "Postboks 1", Postcode: "0150", City: "OSLO"}}},
		Vendors: []party.Vendor{{Key: "trykk", Profile: printjobs.DefaultProfile(), Receipts: receipt.DefaultFormat(),
			VAT: ledger.VAT{ProductionPercent: 25}, Tolerances: receipt.DefaultTolerances(), Prices: &m.prices}},
	}}); err != nil {
		b.Fatal(err)
	}
}

func (m *month) book(b *testing.B, letters int) {
	b.Helper()
	im, err := m.engine.ImportReceipts(b.Context(), "trykk", "k.csv", m.file)
	if err != nil || im.Applied != letters || im.Deviate != 0 {
		b.Fatalf("%+v %v", im, err)
	}
}

func (m *month) close(b *testing.B) {
	b.Helper()
	if err := errors.Join(m.archive.Close(), m.blobs.Close()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBookReceipts books one receipt file of 20,000 letters, of jobs of 5,000: parsing, matching, holding it against the
// letter and the price list, ledger, events and states.
func BenchmarkBookReceipts(b *testing.B) {
	letters := letterCount(b, 20_000)
	for b.Loop() {
		b.StopTimer()
		m := newMonth(b, letters)
		peakmemory.Reset()
		b.StartTimer()
		m.book(b, letters)
		b.StopTimer()
		b.ReportMetric(peakmemory.MiB(), "peak-MB")
		m.close(b)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(letters), "µs/row")
}

// BenchmarkReport gathers the report of a month of 20,000 letters that have receipts, with advice for each; without the workbook,
// for which see BenchmarkWorkbook in reports.
func BenchmarkReport(b *testing.B) {
	letters := letterCount(b, 20_000)
	m := newMonth(b, letters)
	m.book(b, letters)
	m.file = nil
	m.close(b)
	m.open(b)
	now := time.Now()
	from, to := calendar.LastMonth(now.In(calendar.Oslo).AddDate(0, 1, 0))
	b.ResetTimer()
	for b.Loop() {
		peakmemory.Reset()
		r, err := m.engine.Report(b.Context(), finance.ReportQuery{From: from, To: to, Inputs: figures.SeedInputs()})
		if err != nil || r.Money.Letters != letters || r.Deviations.Len() > 0 || len(r.Advice) == 0 {
			b.Fatalf("%d letters, %d deviations, advice %v, %v", r.Money.Letters, r.Deviations.Len(), r.Advice, err)
		}
		b.ReportMetric(peakmemory.MiB(), "peak-MB")
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(letters), "µs/letter")
	m.close(b)
}

// sentLetters puts letters that are with the vendor into the archive, and gives the receipt file of all of them.
func sentLetters(b *testing.B, a *archive.Archive, n int) []byte {
	b.Helper()
	const inJob = 5000
	at := time.Now().UTC().Truncate(time.Second)
	page := prepare.PageFacts{Page: 1, WidthMM: 210, HeightMM: 297, Scaled: 1}
	second := page
	second.Page = 2
	facts := prepare.Facts{Recipe: prepare.Recipe, SHA256: strings.Repeat("0", 64), Bytes: 1, Pages: []prepare.PageFacts{page, second}, DocumentPages: []int{2}}
	rows := make([]receipt.Row, 0, n)
	for done := 0; done < n; done += inJob {
		err := a.InTx(b.Context(), func(tx store.Tx) error {
			id, err := tx.NextJobID(b.Context())
			if err != nil {
				return err
			}
			size := min(inJob, n-done)
			j := store.PrintJob{ID: id, Vendor: "trykk", State: store.JobAccepted, Created: at, Updated: at, OfferedAt: at, Letters: size, Ticket: "t.json", TicketSHA: strings.Repeat("0", 64)}
			var list []store.JobLetter
			for i := range size {
				s := shipment.Shipment{
					ID: uuid.NewString(), Account: konto, HandIn: fmt.Sprint("brev-", done+i), Status: shipment.StatusSendtPrint, ReceivedAt: at, SentAt: at,
					Fingerprint: "f", Zone: "NORGE", Prepared: shipment.BlobRef{SHA256: strings.Repeat("0", 64), Bytes: 1}, Facts: &facts,
				}
				if err := tx.InsertShipment(b.Context(), s, nil); err != nil {
					return err
				}
				list = append(list, store.JobLetter{
					Job: id, Shipment: s.ID, Letter: i + 1, Konteringskode: "1234-56", Reason: shipment.ReasonNoDigitalID, File: "f.pdf", FirstSide: 1, LastSide: 4,
					Sheets: 2, Pages: 2, PagesBW: 2, Envelope: price.EnvelopeC5, WeightGram: 17,
				})
				rows = append(rows, receiptRow(id, s.ID, at))
			}
			if err := tx.InsertJob(b.Context(), j, list); err != nil {
				return err
			}
			return tx.SetJobFiles(b.Context(), id, nil, list)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	data, err := receipt.Encode(rows, receipt.DefaultFormat())
	if err != nil {
		b.Fatal(err)
	}
	return data
}
