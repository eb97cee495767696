package filter

import (
	"bytes"
	"compress/zlib"
	"runtime"
	"testing"
)

// TestBombTakesNoMemory: what decodes to more than the limit is found out
// without room for it, and what is large takes its own size and no more.
// Not parallel: it counts what the process allocates.
func TestBombTakesNoMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	packed := func(n int) []byte {
		var b bytes.Buffer
		zw := zlib.NewWriter(&b)
		for range n >> 20 {
			if _, err := zw.Write(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
		}
		if err := zw.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const mb = 1 << 20
	bomb, large := packed(100*mb), packed(60*mb)
	if took := allocated(func() {
		if _, _, ok := Inflate(bomb, 64*mb); ok {
			t.Error("a bomb is decoded")
		}
	}); took > 40*mb {
		t.Errorf("a bomb takes %d MB", took/mb)
	}
	if took := allocated(func() {
		if data, state, ok := Inflate(large, 64*mb); !ok || state != Sound || len(data) != 60*mb {
			t.Errorf("%d bytes, %v, %v", len(data), state, ok)
		}
	}); took > 100*mb {
		t.Errorf("60 MB take %d MB", took/mb)
	}
	if data, state, ok := Inflate(large[:len(large)/2], 64*mb); !ok || state != CutOff || len(data) < 20*mb || len(data) > 31*mb {
		t.Errorf("half of it: %d bytes, %v, %v", len(data), state, ok)
	}
}
