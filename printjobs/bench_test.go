package printjobs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare"
)

// BenchmarkCompose composes jobs of real letters (the corpus, else made ones)
// repeated to a number of letters: plan read, covers, linking, proof, disk.
func BenchmarkCompose(b *testing.B) {
	dir := b.TempDir()
	var paths []string
	if real := judges.Corpus(); real != "" {
		paths, _ = filepath.Glob(filepath.Join(real, "letters", "*.pdf"))
	}
	if len(paths) == 0 {
		for i := range 20 {
			path := filepath.Join(dir, fmt.Sprintf("%02d.pdf", i))
			write(b, path, fmt.Sprintf("Brev %d", i), 1+i%5, false)
			paths = append(paths, path)
		}
	}
	type one struct {
		facts prepare.Facts
		bytes []byte
	}
	var stock []one
	for i, path := range paths {
		out := filepath.Join(dir, "prepared.pdf")
		facts, err := prepare.Letter(b.Context(), prepare.Request{Documents: []prepare.Document{{Path: path}}, Output: out})
		if err != nil {
			b.Fatalf("letter %d: %v", i, err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			b.Fatal(err)
		}
		stock = append(stock, one{facts, data})
	}
	p := testProfile(b)
	p.Impose.C5MaxSheets = p.Impose.C4MaxSheets // one class of all
	p.Marks = testMarks()
	for _, letters := range []int{500, 5000} {
		b.Run(fmt.Sprintf("letters=%d", letters), func(b *testing.B) {
			open := 0
			job := Job{ID: testJob, Vendor: "trykkeriet", Created: testCreated, Makers: makers(b, p)}
			job.Letters = func(yield func(Letter, error) bool) {
				for i := range letters {
					s := stock[i%len(stock)]
					if len(s.facts.Pages) == 1 {
						continue // simplex: another class of jobs
					}
					c := candidate(fmt.Sprintf("brev-%06d", i), func(c *Candidate) { c.Duplex, c.Facts = true, s.facts })
					l := Letter{PlannedLetter: PlannedLetter{Candidate: c}, Cover: coverOf(c.Shipment), Open: func(context.Context) (Source, error) {
						open++
						return memory{bytes.NewReader(s.bytes), &open}, nil
					}}
					if !yield(l, nil) {
						return
					}
				}
			}
			jobs, _, err := Plan([]Candidate{candidate("x", func(c *Candidate) { c.Duplex = true; c.Facts = factsOf(nil, 2) })}, p)
			if err != nil {
				b.Fatal(err)
			}
			job.Class = jobs[0].Class
			done, sides, output := 0, 0, int64(0)
			for b.Loop() {
				out, err := Compose(b.Context(), filepath.Join(dir, "job"), job, p, nil)
				if err != nil {
					b.Fatal(err)
				}
				done += out.Ticket.Totals.Pages
				sides, output = out.Ticket.Totals.Sides, out.Ticket.Totals.Bytes
			}
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "pages/s")
			b.ReportMetric(float64(sides), "sides")
			b.ReportMetric(float64(output)/(1<<20), "MB-out")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/(1<<20), "MB-sys")
		})
	}
}
