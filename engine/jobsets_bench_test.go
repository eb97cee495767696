package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/engine"
	"postgang/engine/archive"
	"postgang/engine/documents"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// answering is a vendor's side of which only the answers are asked.
type answering struct {
	step.VendorSide
	answers []exchange.Answer
}

func (a answering) Answers(context.Context, func(string, bool) bool) ([]exchange.Answer, []exchange.Problem, error) {
	return a.answers, nil, nil
}

func (a answering) Close() error { return nil }

// BenchmarkLargeJobEnds has a job of 50,000 letters (POSTGANG_LETTERS) planned anew without one that was read, and the new job refused by its vendor, in sets and by one
// transaction, in SQLite or the empty PostgreSQL that POSTGANG_DATABASE names. It tells the longest transaction.
func BenchmarkLargeJobEnds(b *testing.B) {
	letters := letterCount(b, 50_000)
	for _, set := range []int{500, letters} {
		b.Run(fmt.Sprint(set), func(b *testing.B) {
			for b.Loop() {
				largeJobEnds(b, letters, set)
			}
		})
	}
}

func largeJobEnds(b *testing.B, letters, set int) {
	ctx, dir := b.Context(), b.TempDir()
	var longest atomic.Int64
	a, err := archive.Open(ctx, archive.Config{
		DSN: cmp.Or(os.Getenv("POSTGANG_DATABASE"), "sqlite:"+filepath.Join(dir, archiveFile)), Enqueue: func(context.Context, any, []store.Task) error { return nil },
		Observe: func(_ string, _, took time.Duration, _ error) { longest.Store(max(longest.Load(), int64(took))) },
	})
	must(b, err)
	defer a.Close()
	blobs, err := documents.OpenDir(filepath.Join(dir, "documents"))
	must(b, err)
	side := &answering{}
	e, err := engine.New(ctx, engine.Config{Config: step.Config{
		Archive: a, Blobs: blobs, WorkDir: filepath.Join(dir, "work"), SetSize: set,
		Accounts: []party.Account{{Key: konto, Name: "Skatt", Vendor: "trykk", Sender: cover.Sender{Name: "Skatteoppkreveren", Line1: "Postboks 1", Postcode: "0150", City: "OSLO"}}},
		Vendors:  []party.Vendor{{Key: "trykk", Profile: profileOf(letters)}},
		Dial:     func(context.Context, party.Vendor) (step.VendorSide, error) { return side, nil },
	}})
	must(b, err)
	job, first := plannedJob(b, a, letters)
	measure := func(name string, do func() error) {
		b.Helper()
		longest.Store(0)
		begun := time.Now()
		must(b, do())
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), name+"-ms")
		b.ReportMetric(float64(time.Duration(longest.Load()).Milliseconds()), name+"-longest-ms")
	}
	measure("anew", func() error {
		err := a.InTx(ctx, func(tx store.Tx) error {
			return e.Replan(ctx, tx, job, map[string]bool{first: true}, shipment.Note{Code: "gate", Args: shipment.Args{"letters": "1"}})
		})
		if err != nil {
			return err
		}
		return e.FinishEnding(ctx, job)
	})
	jobs, err := store.View(ctx, a, func(r store.Reader) ([]store.PrintJob, error) { return r.Jobs(ctx, store.JobFilter{Parent: job}) })
	must(b, err)
	if len(jobs) != 1 || jobs[0].Letters != letters-1 || jobs[0].State != store.JobPlanned {
		b.Fatalf("planned anew: %+v", jobs)
	}
	anew := jobs[0]
	for _, state := range []store.JobState{store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffered} {
		must(b, a.InTx(ctx, func(tx store.Tx) error {
			j, err := tx.Job(ctx, anew.ID)
			j.Ticket, j.TicketSHA = "t.json", strings.Repeat("0", 64)
			if err == nil {
				err = e.Jobs.MoveJob(ctx, tx, j, state, shipment.Note{})
			}
			return err
		}))
	}
	for after := 0; ; {
		next := 0
		must(b, a.InTx(ctx, func(tx store.Tx) (err error) {
			next, err = tx.SendLetters(ctx, anew.ID, tx.Now(), after, 500)
			return err
		}))
		if after = next; next == 0 {
			break
		}
	}
	side.answers = []exchange.Answer{{Job: anew.ID, TicketSHA256: strings.Repeat("0", 64), Reasons: []string{"feil papir"}}}
	measure("refused", func() error {
		x, err := e.FetchAnswers(ctx, "trykk")
		if err == nil && x.Rejected != 1 {
			err = fmt.Errorf("%+v", x)
		}
		return err
	})
}

// profileOf is a vendor's that takes so many letters in a job.
func profileOf(letters int) printjobs.Profile {
	p := printjobs.DefaultProfile()
	p.MaxLettersPerJob = max(p.MaxLettersPerJob, letters)
	return p
}

// plannedJob puts a planned job of due letters of two pages into the archive, the first of which was read since.
func plannedJob(b *testing.B, a *archive.Archive, n int) (job, read string) {
	b.Helper()
	at := time.Now().UTC().Truncate(time.Second)
	page := prepare.PageFacts{Page: 1, WidthMM: 210, HeightMM: 297, Scaled: 1}
	second := page
	second.Page = 2
	facts := prepare.Facts{Recipe: prepare.Recipe, SHA256: strings.Repeat("0", 64), Bytes: 1, Pages: []prepare.PageFacts{page, second}, DocumentPages: []int{2}}
	var list []store.JobLetter
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	for some := range slices.Chunk(numbers, 500) {
		must(b, a.InTx(b.Context(), func(tx store.Tx) error {
			for _, i := range some {
				s := shipment.Shipment{
					ID: uuid.NewString(), Account: konto, HandIn: fmt.Sprint("brev-", i), Status: shipment.StatusAkseptert, ReceivedAt: at, DueAt: at, DueReason: shipment.ReasonNoDigitalID,
					Fingerprint: "f", Zone: "NORGE", Facts: &facts, Prepared: shipment.BlobRef{SHA256: strings.Repeat("0", 64), Bytes: 1},
				}
				if i == 0 {
					s.Status, s.ReadAt = shipment.StatusLest, at
				}
				if err := tx.InsertShipment(b.Context(), s, nil); err != nil {
					return err
				}
				list = append(list, store.JobLetter{Shipment: s.ID, Letter: i + 1, Konteringskode: "1234-56", Reason: shipment.ReasonNoDigitalID})
			}
			return nil
		}))
	}
	must(b, a.InTx(b.Context(), func(tx store.Tx) (err error) {
		if job, err = tx.NextJobID(b.Context()); err != nil {
			return err
		}
		for i := range list {
			list[i].Job = job
		}
		return tx.InsertJob(b.Context(), store.PrintJob{ID: job, Vendor: "trykk", State: store.JobPlanned, Created: at, Updated: at, Letters: n}, list)
	}))
	return job, list[0].Shipment
}
