//go:build race

package prepare

// raceDetector: the detector's own memory dies in its own words.
const raceDetector = true
