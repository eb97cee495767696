package app

import "testing"

func TestRoomPercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 1600},
		{16 << 20, 400},
		{64 << 20, 100},
		{400 << 20, 100}, // what takes much is collected as ever
	} {
		if got := roomPercent(c.live); got != c.want {
			t.Errorf("%d bytes in use: %d %%, want %d", c.live, got, c.want)
		}
	}
}
