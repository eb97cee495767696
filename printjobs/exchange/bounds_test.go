package exchange

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// TestDocumentMemory: documents of the vendor's side take no more memory than some times their size, whatever is in them.
func TestDocumentMemory(t *testing.T) {
	many := func(before, s string) []byte { return []byte(before + strings.Repeat(s, documentLimit/len(s))) }
	manifest := func(b []byte) error { _, err := ParseManifest(b); return err }
	ticket := func(b []byte) error { return strictJSON("ticket", b, &Ticket{}) }
	for name, c := range map[string]struct {
		read func([]byte) error
		data []byte
	}{
		"lists in lists":       {ticket, many("", "[")},
		"objects in objects":   {ticket, many("", `{"a":`)},
		"files of nothing":     {ticket, many(`{"files":[`, "{},")},
		"a text":               {ticket, many(`{"job":"`, "x")},
		"a line of fields":     {manifest, many(ManifestHeader()+"\n", ";")},
		"lines of fields":      {manifest, many(ManifestHeader()+"\n", ";\n")},
		"an open mark":         {manifest, many(ManifestHeader()+"\n\"", "a\n")},
		"lines that are wrong": {manifest, many(ManifestHeader()+"\n", strings.Repeat(";", len(manifestHeader)-1)+"\n")},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		err := c.read(c.data)
		runtime.ReadMemStats(&after)
		var pe *ParseError
		if !errors.As(err, &pe) || len(pe.Problems) > maxProblems+1 {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 160<<20 { // in all, not at once
			t.Errorf("%s: %d MB in all", name, used>>20)
		}
	}
}
