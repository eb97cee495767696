package engine_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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

// newMonth makes a month of letters of two pages without documents, in SQLite on disk or in the empty PostgreSQL that POSTGANG_DATABASE names.
// What a receipt says is what the price list says. A folder POSTGANG_MONTH keeps the SQLite archives that are made, and has them copied the
// next time: then a process does nothing but book.
func newMonth(b *testing.B, letters int) *month {
	b.Helper()
	m := &month{dir: b.TempDir(), prices: benchPrices(b), dsn: os.Getenv("POSTGANG_DATABASE")}
	kept := os.Getenv("POSTGANG_MONTH")
	if kept != "" && m.dsn == "" {
		kept = filepath.Join(kept, strconv.Itoa(letters))
		if m.copy(b, kept, m.dir) {
			m.open(b)
			return m
		}
	}
	m.open(b)
	m.file = sentLetters(b, m.archive, letters)
	if kept != "" && m.dsn == "" {
		m.close(b)
		if err := errors.Join(os.MkdirAll(kept, 0o700), os.WriteFile(filepath.Join(m.dir, receiptsFile), m.file, 0o600)); err != nil {
			b.Fatal(err)
		}
		if !m.copy(b, m.dir, kept) {
			b.Fatal("the month was not kept")
		}
		m.open(b)
	}
	return m
}

// The files of a month that is kept.
const (
	archiveFile  = "postgang.db"
	receiptsFile = "receipts.csv"
)

// copy copies a month that nobody has open, and reads its receipt file. It reports whether there is one.
func (m *month) copy(b *testing.B, from, to string) bool {
	b.Helper()
	for _, name := range []string{archiveFile, receiptsFile} {
		in, err := os.Open(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if err != nil {
			b.Fatal(err)
		}
		out, err := os.OpenFile(filepath.Join(to, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = io.Copy(out, in)
			err = errors.Join(err, out.Close())
		}
		if err := errors.Join(err, in.Close()); err != nil {
			b.Fatal(err)
		}
	}
	var err error
	if m.file, err = os.ReadFile(filepath.Join(to, receiptsFile)); err != nil {
		b.Fatal(err)
	}
	return true
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
	if m.archive, err = archive.Open(ctx, archive.Config{DSN: cmp.Or(m.dsn, "sqlite:"+filepath.Join(dir, archiveFile)), Installation: "BNCH", Enqueue: func(context.Context, any, []store.Task) error { return nil }}); err != nil {
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
	file := m.file
	m.file = nil // else it would be held until the end, which nobody else does
	im, err := m.engine.ImportReceipts(b.Context(), "trykk", "k.csv", file)
	if err != nil || im.Applied != letters || im.Deviate != 0 {
		b.Fatalf("%+v %v", im, err)
	}
}

// others has somebody else write a row fifty times a second, until the function that it gives is called, which tells how long a row took at worst.
func (m *month) others(b *testing.B) func() time.Duration {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	worst := make(chan time.Duration)
	go func() {
		var most time.Duration
		defer func() { worst <- most }()
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			asked := time.Now()
			if err := m.archive.InTx(context.WithoutCancel(ctx), func(tx store.Tx) error { return tx.SetSetting(ctx, "bench", asked.String()) }); err != nil && ctx.Err() == nil {
				b.Error(err)
			}
			most = max(most, time.Since(asked))
		}
	}()
	return func() time.Duration {
		cancel()
		return <-worst
	}
}

// processorTime is how long the processors have worked for this process.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
		stop := m.others(b)
		before := processorTime(b)
		b.StartTimer()
		m.book(b, letters)
		b.StopTimer()
		used := processorTime(b) - before
		b.ReportMetric(float64(stop().Milliseconds()), "others-waited-ms")
		b.ReportMetric(float64(used.Microseconds())/float64(letters), "cpu-µs/row")
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
					Fingerprint: "f", Zone: "NORGE", Facts: &facts,
				}
				// Each its own, as in life: indexes by it are in no order of letters.
				prepared := sha256.Sum256([]byte(s.ID))
				s.Prepared = shipment.BlobRef{SHA256: hex.EncodeToString(prepared[:]), Bytes: 1}
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
