package archive

import (
	"testing"

	"postgang/engine/archive/archivetest"
)

// TestBothAlike does the same, one thing after another, on both databases. The race detector would find nothing, and makes it take ten
// minutes.
func TestBothAlike(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("one thing after another; without the race detector")
	}
	clock := archivetest.NewClock()
	a := openAt(t, Config{DSN: engines[0].dsn(t), Now: clock.Now, Installation: "TEST"})
	defer a.Close()
	b := openAt(t, Config{DSN: engines[1].dsn(t), Now: clock.Now, Installation: "TEST"})
	defer b.Close()
	archivetest.Alike(t, clock, a, b)
}
