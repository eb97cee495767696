package archive

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/store"
)

// BenchmarkLargeJob is a job of 50,000 letters on its way, in sets of 500 letters and as a whole: for how long each step keeps others from
// writing at most, and how long it takes in all.
func BenchmarkLargeJob(b *testing.B) {
	const many = 50_000
	for _, e := range engines {
		for _, set := range []int{500, many} {
			b.Run(fmt.Sprintf("%s/%d", e.name, set), func(b *testing.B) {
				for b.Loop() {
					a := openAt(b, Config{DSN: e.dsn(b)})
					largeJob(b, a, many, set)
					if err := a.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func largeJob(b *testing.B, a *Archive, many, set int) {
	ctx := b.Context()
	step := func(name string, turns int, do func(tx store.Tx, turn int) error) {
		b.Helper()
		var longest, all time.Duration
		for turn := range turns {
			begun := time.Now()
			if err := a.InTx(ctx, func(tx store.Tx) error { return do(tx, turn) }); err != nil {
				b.Fatal(err)
			}
			longest, all = max(longest, time.Since(begun)), all+time.Since(begun)
		}
		if name != "" {
			b.ReportMetric(float64(longest.Milliseconds()), name+"-longest-ms")
			b.ReportMetric(float64(all.Milliseconds()), name+"-ms")
		}
	}
	numbers := make([]int, many)
	for i := range numbers {
		numbers[i] = i + 1
	}
	step("", many/500, func(tx store.Tx, turn int) error {
		for _, n := range numbers[500*turn : 500*(turn+1)] {
			if err := tx.InsertShipment(ctx, archivetest.Shipment(n), nil); err != nil {
				return err
			}
		}
		return nil
	})
	var id string
	var letters []store.JobLetter
	step("", 1, func(tx store.Tx, _ int) (err error) {
		if id, err = tx.NextJobID(ctx); err != nil {
			return err
		}
		var j store.PrintJob
		j, letters = archivetest.Job(id, numbers...)
		return tx.InsertJob(ctx, j, letters)
	})
	for i := range letters {
		l := &letters[i]
		l.File, l.FirstSide, l.LastSide, l.Sheets, l.Pages = "a.pdf", 4*i+1, 4*i+4, 2, 3
	}
	sets := slices.Collect(slices.Chunk(letters, set))
	step("composed", len(sets), func(tx store.Tx, turn int) error { return tx.SetJobLetters(ctx, id, sets[turn]) })
	step("gate", 1, func(tx store.Tx, _ int) error { _, err := tx.Ungated(ctx, id); return err })
	next := 0
	step("sent", len(sets), func(tx store.Tx, _ int) (err error) {
		next, err = tx.SendLetters(ctx, id, archivetest.T0, next, set)
		return err
	})
	if next != 0 {
		b.Fatalf("not all letters are marked: %d", next)
	}
	step("withdrawn", 1+len(sets), func(tx store.Tx, turn int) (err error) {
		if turn > 0 {
			next, err = tx.FreeLetters(ctx, id, next, set)
			return err
		}
		j, err := tx.Job(ctx, id)
		if err != nil {
			return err
		}
		j.State, j.Holding = store.JobWithdrawn, len(sets) > 1
		return tx.UpdateJob(ctx, j)
	})
}
