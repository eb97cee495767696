package exchange

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func TestJobsNamed(t *testing.T) {
	t.Parallel()
	utf16le := func(s string) []byte {
		var b bytes.Buffer
		_ = binary.Write(&b, binary.LittleEndian, utf16.Encode([]rune(s)))
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		text []byte
		want []string
	}{
		"nothing":                 {[]byte("jobb;forsendelse\n"), nil},
		"rows":                    {[]byte("1;TEST000002;x\n1;TEST000001;y\n1;TEST000002;z\n"), []string{"TEST000001", "TEST000002"}},
		"whole file":              {[]byte("TEST000007"), []string{"TEST000007"}},
		"one behind another":      {[]byte("TEST000001;TEST000002"), []string{"TEST000001", "TEST000002"}},
		"another installation":    {[]byte(";DEMA000001;ATEST000001;"), nil},
		"a longer number":         {[]byte(";TEST0000012;"), nil},
		"with a print id":         {[]byte(";TEST000003-00001;"), []string{"TEST000003"}},
		"JSON":                    {[]byte(`[{"job":"TEST000009"}]`), []string{"TEST000009"}},
		"UTF-16":                  {utf16le("a;TEST000004;b"), []string{"TEST000004"}},
		"an id that is too short": {[]byte(";TEST00001;"), nil},
	} {
		if got := JobsNamed(c.text, "TEST"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestJobsNamedInPieces: however a file is cut into pieces, the same ids are found.
func TestJobsNamedInPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 30).Draw(t, "words") {
			b.WriteString(rapid.SampledFrom([]string{";", "x", "TEST", "TEST000001", "\n", "7", fmt.Sprintf("TEST%06d", b.Len())}).Draw(t, "word"))
		}
		text := []byte(b.String())
		whole := JobsNamed(text, "TEST")
		seek := newJobSeeker("TEST")
		for len(text) > 0 {
			n := rapid.IntRange(1, len(text)).Draw(t, "piece")
			seek.take(text[:n])
			text = text[n:]
		}
		if got := seek.found(); !slices.Equal(got, whole) {
			t.Fatalf("in pieces %v, whole %v of %q", got, whole, b.String())
		}
	})
}
