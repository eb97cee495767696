//go:build !race

package prepare

const raceDetector = false
