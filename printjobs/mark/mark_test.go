package mark

import (
	"testing"

	"postgang/printjobs/impose"
)

func BenchmarkDraw(b *testing.B) {
	m := impose.Marks{DataMatrix: impose.DataMatrix{XMM: 190, YMM: 250, ModuleMM: 0.6}, OMR: impose.PitneyBowesD1600()}
	s := impose.SheetMark{Job: "DEMA000008", Letter: 17, Sheet: 2, Of: 5, Run: 61}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		s.Run++
		var err error
		if buf, err = Draw(buf[:0], &m, s, impose.Identity); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}
