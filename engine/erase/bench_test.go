package erase_test

import (
	"strconv"
	"testing"
	"time"

	"postgang/engine/retention"
	"postgang/engine/shipment"
)

// BenchmarkRun erases 2,000 letters with a document and a print-ready file each, of which none is shared, and removes their files.
func BenchmarkRun(b *testing.B) {
	const letters = 2000
	for range b.N {
		b.StopTimer()
		w := newWorld(b, b.TempDir())
		for i := range letters {
			w.insert(shipment.StatusLest, w.put("klargjort "+strconv.Itoa(i)), w.put("brev "+strconv.Itoa(i)))
		}
		w.now = w.now.Add(15 * retention.Day)
		b.StartTimer()
		begun := time.Now()
		if rep := w.run(); rep.Letters != letters || rep.Blobs != 2*letters {
			b.Fatalf("%+v", rep)
		}
		b.ReportMetric(letters/time.Since(begun).Seconds(), "letters/s")
		b.StopTimer()
		w.close()
		b.StartTimer()
	}
}
