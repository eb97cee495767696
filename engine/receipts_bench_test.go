package engine_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/billing"
	"postgang/engine"
	"postgang/engine/archive"
	"postgang/fixtures/peak"
	"postgang/printjobs"
	"postgang/printjobs/prepare"
)

// BenchmarkBookReceipts books one receipt file of 20,000 letters (or of POSTGANG_RECEIPTS), of jobs of 5,000, in SQLite on disk:
// parsing, matching, cost lines, events and states. The letters are put into the archive before, without documents.
func BenchmarkBookReceipts(b *testing.B) {
	letters := 20_000
	if s := os.Getenv("POSTGANG_RECEIPTS"); s != "" {
		var err error
		if letters, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		b.StopTimer()
		ctx, dir := b.Context(), b.TempDir()
		a, err := archive.Open(ctx, archive.Config{DSN: "sqlite:" + dir + "/postgang.db", Installation: "BNCH", Enqueue: func(context.Context, any, []engine.Task) error { return nil }})
		if err != nil {
			b.Fatal(err)
		}
		blobs, err := archive.OpenDir(dir + "/documents")
		if err != nil {
			b.Fatal(err)
		}
		e, err := engine.New(ctx, engine.Config{
			Archive: a, Blobs: blobs, WorkDir: dir + "/work",
			Vendors: []engine.Vendor{{Key: "trykk", Profile: printjobs.DefaultProfile(), Receipts: billing.DefaultFormat(),
				VAT: billing.VAT{ProductionPercent: 25}, Tolerances: billing.DefaultTolerances()}},
		})
		if err != nil {
			b.Fatal(err)
		}
		data := sentLetters(b, a, letters)
		peak.Reset()
		b.StartTimer()
		im, err := e.ImportReceipts(ctx, "trykk", "k.csv", data)
		b.StopTimer()
		if err != nil || im.Applied != letters || im.Deviate != 0 {
			b.Fatalf("%+v %v", im, err)
		}
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		if err := blobs.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(letters), "µs/row")
	b.ReportMetric(peak.MB(), "peak-MB")
}

// sentLetters puts letters that are with the vendor into the archive, and gives the receipt file of all of them.
func sentLetters(b *testing.B, a *archive.Archive, n int) []byte {
	b.Helper()
	const inJob = 5000
	at := time.Now().UTC().Truncate(time.Second)
	rows := make([]billing.ReceiptRow, 0, n)
	for done := 0; done < n; done += inJob {
		err := a.InTx(b.Context(), func(tx engine.Tx) error {
			id, err := tx.NextJobID(b.Context())
			if err != nil {
				return err
			}
			size := min(inJob, n-done)
			j := engine.PrintJob{ID: id, Vendor: "trykk", State: engine.JobAccepted, Created: at, Updated: at, OfferedAt: at, Letters: size, Ticket: "t.json", TicketSHA: strings.Repeat("0", 64)}
			var list []engine.JobLetter
			for i := range size {
				s := engine.Shipment{
					ID: uuid.NewString(), Account: konto, HandIn: fmt.Sprint("brev-", done+i), Status: engine.StatusSendtPrint, ReceivedAt: at, SentAt: at,
					Fingerprint: "f", Zone: "NORGE", Prepared: engine.BlobRef{SHA256: strings.Repeat("0", 64), Bytes: 1}, Facts: &prepare.Facts{},
				}
				if err := tx.InsertShipment(b.Context(), s, nil); err != nil {
					return err
				}
				list = append(list, engine.JobLetter{
					Job: id, Shipment: s.ID, Letter: i + 1, Konteringskode: "1234-56", Reason: engine.ReasonNoDigitalID, File: "f.pdf", FirstSide: 1, LastSide: 4,
					Sheets: 2, Pages: 2, PagesBW: 2, Envelope: billing.EnvelopeC5, WeightGram: 17,
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
	data, err := billing.FormatReceipts(rows, billing.DefaultFormat())
	if err != nil {
		b.Fatal(err)
	}
	return data
}
