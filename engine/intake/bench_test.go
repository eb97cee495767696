package intake

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkScan hands in 1,000 letters of two documents, marked, from a scan of the folder to the last one put away.
func BenchmarkScan(b *testing.B) {
	for range b.N {
		b.StopTimer()
		s := newStage(b)
		for i := range 1000 {
			s.handIn("skatt", fmt.Sprintf("brev-%05d", i), with(good(), "klar", ""))
		}
		b.StartTimer()
		rep, err := s.dir.Scan(context.Background())
		if err != nil || rep.Taken != 1000 {
			b.Fatal(rep, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/hand-in")
}
