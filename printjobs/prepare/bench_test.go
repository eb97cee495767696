package prepare

import (
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/scan"
)

func letters(b *testing.B) []string {
	files, err := filepath.Glob(filepath.Join(judges.NeedCorpus(b), "letters", "*.pdf"))
	if err != nil || len(files) == 0 {
		b.Skip("no letters in the corpus")
	}
	return files
}

// BenchmarkLetter prepares one letter in this process.
func BenchmarkLetter(b *testing.B) {
	files, out := letters(b), filepath.Join(b.TempDir(), "out.pdf")
	b.ResetTimer()
	for i := range b.N {
		if _, err := Letter(b.Context(), Request{Documents: []Document{{Path: files[i%len(files)]}}, Output: out, Volatile: true}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}

// BenchmarkPool prepares letters in guarded workers, as many as cores.
func BenchmarkPool(b *testing.B) {
	files, dir := letters(b), b.TempDir()
	p, err := NewPool(PoolOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	next := make(chan int)
	var wg sync.WaitGroup
	for w := range runtime.NumCPU() {
		wg.Add(1)
		go func() {
			defer wg.Done()
			out := filepath.Join(dir, string(rune('a'+w))+".pdf")
			for i := range next {
				if _, err := p.Letter(b.Context(), Request{Documents: []Document{{Path: files[i%len(files)]}}, Output: out, Volatile: true}); err != nil {
					b.Error(err)
				}
			}
		}()
	}
	b.ResetTimer()
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}

// BenchmarkPdfcpuOptimise is what preparing is measured against: pdfcpu's
// optimise of the same letters.
func BenchmarkPdfcpuOptimise(b *testing.B) {
	files, out := letters(b), filepath.Join(b.TempDir(), "out.pdf")
	b.ResetTimer()
	for i := range b.N {
		conf := model.NewDefaultConfiguration()
		if err := api.OptimizeFile(files[i%len(files)], out, conf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}

// BenchmarkLetterZones is BenchmarkLetter with reserved zones and image
// resolution looked at.
func BenchmarkLetterZones(b *testing.B) {
	files, out := letters(b), filepath.Join(b.TempDir(), "out.pdf")
	checks := Checks{ImageResolution: finding.LevelWarning, Zones: append(scan.UnprintableEdge(4, finding.LevelWarning), scan.InserterZone(finding.LevelWarning))}
	b.ResetTimer()
	for i := range b.N {
		if _, err := Letter(b.Context(), Request{Documents: []Document{{Path: files[i%len(files)]}}, Output: out, Checks: checks}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}
