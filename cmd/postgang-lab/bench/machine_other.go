//go:build !linux

package bench

// Where the system does not tell in a way that we know, there is no figure.

func cpuSeconds() float64 { return 0 }
func treeCPU(int) float64 { return 0 }
func parentOf(int) int    { return 0 }
func peakRSS() float64    { return 0 }
func settle()             {}
