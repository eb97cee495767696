//go:build race

package filter

// raceDetector: the detector's own memory dies in its own words.
const raceDetector = true
