package archive

import (
	"testing"

	"postgang/engine/archive/archivetest"
)

func TestBothAlike(t *testing.T) {
	t.Parallel()
	clock := archivetest.NewClock()
	a := openAt(t, Config{DSN: engines[0].dsn(t), Now: clock.Now, Installation: "TEST"})
	defer a.Close()
	b := openAt(t, Config{DSN: engines[1].dsn(t), Now: clock.Now, Installation: "TEST"})
	defer b.Close()
	archivetest.Alike(t, clock, a, b)
}
